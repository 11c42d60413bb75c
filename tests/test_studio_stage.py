"""The studio's picture in a real browser: views, search, panning, zooming, and repainting."""

import pytest

import gridplan as gp
from benchmarks.studio_page import serve
from gridplan.storage import write_plan
from tests.browser import Window, start_browser

# How many pixels of the canvas differ from what is drawn from nothing.
OFF = """(() => {
  const { stage } = studio;
  const read = () => stage.front.pen.getImageData(0, 0, stage.land.width, stage.land.height).data;
  const before = read();
  stage.drawBox(stage.front, stage.front.box);
  const after = read();
  let off = 0;
  for (let n = 0; n < before.length; n += 4) {
    const far = [0, 1, 2].map((k) => Math.abs(before[n + k] - after[n + k]));
    if (Math.max(...far) > 48) off += 1;
  }
  return off;
})()"""
STILL = "!studio.stage.job && !studio.loads?.size && studio.stage.land.style.transform === ''"
# A home with a neighbour in another sub-grid of its community.
MOVE = """(() => {
  const c = [...studio.stage.open.values()][0];
  for (let home = 0; home < c.homes.length; home += 1) {
    const [code] = c.beside([home]);
    if (code && c.members[c.member[home]].size > 1) return [c.code, home, code];
  }
})()"""


class Studio(Window):
    """The studio of one plan, in one window for all tests of this file."""

    def load(self, link, lang="en"):
        self.driver.get("about:blank")
        self.driver.get(link)
        self.wait("window.studio && studio.words && studio.places.length")
        if self.run("studio.lang") != lang:
            self.find("#lang").click()
            self.wait(f"studio.lang === '{lang}'")
        self.wait("studio.stage.open.size === studio.places.length")
        self.wait(STILL)

    def choose_view(self, name):
        self.run(
            "(() => { const list = document.getElementById('view'); list.value = arguments[0];"
            " list.dispatchEvent(new Event('change')); return true; })()",
            name,
        )


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    site = gp.read_site(gp.synthetic.make_town(2, urban_share=1.0, households=240, seed=3))
    plan = gp.divide(site, gp.Rules().replace(division={"effort": "quick"}), seed=1)
    folder = write_plan(plan, tmp_path_factory.mktemp("stage") / "plan")
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    try:
        with serve(folder) as link:
            studio = Studio(driver)
            studio.link = link
            studio.load(link)
            yield studio
            console, _ = studio.read_logs()
            assert [line for line in console if "127.0.0.1" in line] == []
    finally:
        driver.quit()


def test_all_communities_are_seen_first_and_loaded_quietly(studio):
    places = studio.run("studio.places.map((p) => [p.households, p.out, p.subgrids])")
    assert len(places) == 2
    assert all(households > 0 and subgrids > 0 for households, _, subgrids in places)
    seen = studio.run(
        "studio.places.every((p) => { const o = studio.stage.overview.find("
        "(one) => one.code === p.code); const s = studio.stage.seen;"
        " return o.box[0] >= s[0] && o.box[2] <= s[2] && o.box[1] >= s[1] && o.box[3] <= s[3]; })"
    )
    assert seen


def test_an_edit_repaints_its_box_and_nothing_is_missing_from_the_picture(studio):
    community, home, code = studio.run(MOVE)
    studio.run("studio.stage.fit(studio.stage.open.get(arguments[0]).box) || true", community)
    studio.wait(STILL)
    assert studio.run(OFF) < 20
    act = (
        "(() => { const c = studio.stage.open.get(arguments[0]);"
        " studio.putHomes(c, [[arguments[1], arguments[2]]]); return true; })()"
    )
    before = studio.run("studio.stage.open.get(arguments[0]).codeOf(arguments[1])", community, home)
    studio.run(act, community, home, code)
    assert studio.run(OFF) < 20
    studio.run(act, community, home, before)
    assert studio.run(OFF) < 20


def test_a_moved_picture_is_the_one_that_is_drawn_from_nothing(studio):
    for act in ("pan(37, -23)", "pan(-400, 260)", "zoom(1.7, 200, 150)", "zoom(0.4)"):
        point = studio.run("studio.stage.toWorld(400, 300)")
        shown = studio.run(f"studio.stage.{act} || studio.stage.toScreen(...arguments[0])", point)
        assert shown != [400, 300]
        studio.wait(STILL)
        # Moved by whole pixels of the screen, so that nothing is blurred.
        assert studio.run("studio.stage.shows(studio.stage.front)")
        assert studio.run(OFF) < 60
    studio.run("studio.fitOpen() || true")


@pytest.mark.parametrize(("width", "height", "density"), [(1093, 614, 1.25), (1366, 768, 2)])
def test_a_window_of_another_size_or_density_keeps_the_middle_sharp(studio, width, height, density):
    middle = "studio.stage.toWorld(studio.stage.width / 2, studio.stage.height / 2)"
    before = studio.run(middle)
    studio.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": density, "mobile": False},
    )
    try:
        studio.wait(f"studio.stage.ratio === {density}")
        studio.wait(STILL)
        assert studio.run(middle) == pytest.approx(
            before, abs=60 / studio.run("studio.stage.scale")
        )
        assert studio.run("studio.stage.over.width") == round(
            density * studio.run("studio.stage.width")
        )
        assert studio.run(OFF) < 200
    finally:
        studio.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        studio.wait("studio.stage.ratio === 1")


@pytest.mark.parametrize(
    ("lang", "title", "missing"),
    [("en", "Party branches", "gridplan organise"), ("zh", "按党支部", "gridplan organise")],
)
def test_every_view_has_a_legend_and_says_what_is_missing(studio, lang, title, missing):
    studio.load(studio.link, lang)
    for name in studio.run("[...document.getElementById('view').options].map((o) => o.value)"):
        studio.choose_view(name)
        studio.wait(
            "[...studio.stage.open.values()].every((c) => c.looked) || "
            "['plain', 'households', 'band', 'walk'].includes(studio.stage.view)"
        )
        rows = studio.count("#legend > *")
        assert rows >= 2 or name == "plain"
        if name == "branches":
            assert title in studio.read("#legend")
            assert missing in studio.read("#legend")
    studio.choose_view("plain")


def test_a_search_goes_to_a_home_in_a_community_that_is_not_open(studio):
    studio.load(studio.link)
    code = studio.run("studio.places[1].code")
    building = studio.run("studio.stage.open.get(arguments[0]).buildings[0].code", code)
    studio.run("studio.stage.open.delete(arguments[0])", code)
    box = studio.find("#search")
    box.send_keys(building)
    studio.wait(
        "studio.hits && studio.hits.length && studio.hits[0].code === arguments[0]".replace(
            "arguments[0]", repr(building)
        )
    )
    box.send_keys("\ue007")
    studio.wait("studio.chosen.homes.size > 0")
    assert studio.run("studio.chosen.community.code") == code
    assert studio.run("document.getElementById('found').hidden")


def test_the_card_says_the_chain_from_community_to_stairwell(studio):
    said = studio.run(
        "(() => { const c = [...studio.stage.open.values()][0];"
        " const n = c.compound.findIndex((k) => k >= 0); const home = n < 0 ? 0 : n;"
        " const [b] = [c.pieceBoxes[c.piece[home]]];"
        " studio.choose(null, []);"
        " studio.hover({ community: c, home, piece: c.piece[home], code: c.codeOf(home) }, [9, 9]);"
        " const text = document.getElementById('card').innerText; studio.hover(null);"
        " return [text, c.name, n < 0 ? '' : c.sayCompound(n), c.say(home, studio),"
        " c.homes[home], c.isEstimated(c.member[home])]; })()"
    )
    text, community, compound, home, code, estimated = said
    parts = [community, *([compound] if compound else []), home, code]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert ("≈" in text) == estimated


def test_of_a_long_list_only_the_rows_that_are_scrolled_to_are_made(studio):
    studio.run(
        "(studio.kept = studio.places, studio.places = Array.from({ length: 500 }, (_, n) =>"
        " ({ ...studio.kept[0], code: `c${n}` })), studio.panels.turn('places'), true)"
    )
    try:
        first = studio.count("#panel .row.goes")
        assert 10 < first < 130
        studio.run("(studio.panels.panel.scrollTop = 1e6, true)")
        studio.wait(f"document.querySelectorAll('#panel .row.goes').length > {first}")
        assert studio.count("#panel .row.goes") < 500
    finally:
        studio.run("(studio.places = studio.kept, studio.panels.turn('faults'), true)")


def test_the_land_of_a_home_goes_with_it_before_the_server_has_drawn_it(studio):
    community, home, code = studio.run(MOVE)
    act = (
        "(() => { const c = studio.stage.open.get(arguments[0]);"
        " studio.putHomes(c, [[arguments[1], arguments[2]]]); return c.moved.size; })()"
    )
    before = studio.run("studio.stage.open.get(arguments[0]).codeOf(arguments[1])", community, home)
    assert studio.run(act, community, home, code) == 1
    # Its cell is a part of the land of its old sub-grid, and not all of it.
    shares = studio.run(
        "import('/page/patches.js').then(({ listPatches }) => {"
        " const c = studio.stage.open.get(arguments[0]); const [patch] = listPatches(c);"
        " const area = (rings) => Math.abs(rings.reduce((sum, ring) => { let a = 0;"
        " for (let n = 0; n < ring.length; n += 2) { const m = (n + 2) % ring.length;"
        " a += ring[n] * ring[m + 1] - ring[m] * ring[n + 1]; } return sum + a / 2; }, 0));"
        " return area(patch.cell) / area(patch.rings); })",
        community,
    )
    assert 0.01 < shares < 0.99
    # What comes back to the land that is drawn waits for nothing.
    assert studio.run(act, community, home, before) == 0


def test_two_fingers_zoom_and_choose_nothing(studio):
    studio.run("(studio.choose(null, []), studio.fitOpen(), true)")
    studio.wait(STILL)
    scale = studio.run("studio.stage.scale")
    left, upper = studio.run(
        "(() => { const r = document.getElementById('over').getBoundingClientRect();"
        " return [r.left, r.top]; })()"
    )

    def touch(kind, *points):
        spots = [{"x": left + x, "y": upper + y, "id": n} for n, (x, y) in enumerate(points)]
        studio.driver.execute_cdp_cmd(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots}
        )

    touch("touchStart", (300, 300))
    touch("touchStart", (300, 300), (400, 300))
    for far in (20, 40, 60):
        touch("touchMove", (300 - far, 300), (400 + far, 300))
    touch("touchEnd")
    assert studio.run("studio.stage.scale") > 1.5 * scale
    assert studio.run("studio.chosen.homes.size") == 0
    studio.run("(studio.fitOpen(), true)")


def test_space_moves_the_map_in_every_tool(studio):
    from selenium.webdriver.common.action_chains import ActionChains

    for tool in ("select", "lasso", "brush"):
        studio.run(
            "(studio.takeTool(arguments[0]), document.getElementById('over').focus(), true)", tool
        )
        before = studio.run("studio.stage.left")
        chain = ActionChains(studio.driver, duration=0)
        chain.key_down(" ").move_to_element(studio.find("#over")).click_and_hold()
        chain.move_by_offset(60, 0).release().key_up(" ").perform()
        assert studio.run("studio.stage.left") < before
        assert studio.run("studio.chosen.homes.size") == 0
