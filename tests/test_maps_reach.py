"""Reach on a map: streets and sub-grids by minutes, who a post serves, gaps, before and after."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
from shapely.geometry import LineString, Point, box
from typer.testing import CliRunner

from gridplan.cli.app import app
from gridplan.coverage.coverage_gaps import REASONS as CAUSES
from gridplan.coverage.proposals import propose_posts
from gridplan.coverage.reach_plan import reach
from gridplan.errors import PlanError
from gridplan.maps.draw import draw_map
from gridplan.maps.isochrones import cut_edges, join_bands, measure_pieces
from gridplan.maps.offline import write_map
from gridplan.maps.reach_map import list_gaps, pack_reach
from gridplan.plots.figure import save_plot
from gridplan.plots.plot_results import plot
from gridplan.publishing.release_plan import release
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import CoverageRules, Service
from gridplan.storage import write_plan
from gridplan.synthetic import make_people_plan
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_site, make_table
from gridplan.tables.palette import choose_bands
from gridplan.tables.words import list_words, say
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from tests.browser import Window, start_browser


def make_reached(propose=False):
    """Twelve houses in two sub-grids, a canteen for fifty households in the west, and a lane."""
    places = [
        {"place": "p", "kind": "canteen", "name": "食堂", "geometry": Point(X0 + 15, Y0 + 15)}
    ]
    lane = [
        {
            "street": "s",
            "kind": "path",
            "geometry": LineString([(X0, Y0 + 20), (X0 + 200, Y0 + 20)]),
        }
    ]
    plan = make_board_plan().replace(
        places=make_table("places", places), streets=make_table("streets", lane)
    )
    rules = Rules().replace(
        coverage={"services": [Service("canteen", 2, 50, 0, "city")], "thresholds": [1, 2, 3]}
    )
    return propose_posts(plan, "canteen", add=1, rules=rules) if propose else reach(plan, rules)


def unpack(text):
    stream = gzip.decompress(base64.b64decode(text))
    return json.loads(stream[4 : 4 + int.from_bytes(stream[:4], "little")])


# ---- streets in bands
# -----------------------------------------------------------------------------


def measure(posts, scope="city", limit=1000.0):
    """The pieces of a lane of twice 200 m, and their metres to posts at places along it."""
    lane = [
        {
            "street": "s",
            "kind": "path",
            "geometry": LineString([(X0, Y0), (X0 + 200, Y0), (X0 + 400, Y0)]),
        }
    ]
    halves = [
        {
            "community": code,
            "kind": "urban",
            "origin": "given",
            "geometry": box(x, Y0 - 50, x + 200, Y0 + 50),
        }
        for code, x in (("a", X0), ("b", X0 + 200))
    ]
    site = make_site(
        streets=make_table("streets", lane), communities=make_table("communities", halves)
    )
    network, _ = build_network(site)
    rows = [
        {"service_post": f"p{n}", "kind": "canteen", "community": c, "geometry": Point(X0 + x, Y0)}
        for n, (x, c) in enumerate(posts)
    ]
    table = make_table("service_posts", rows)
    access, _ = reach_doors(network, table, site)
    pieces = cut_edges(network)
    service = Service("canteen", 5, 0, 0, scope)
    return pieces, measure_pieces(pieces, table, access, service, site.communities, limit)


def test_a_lane_is_as_long_as_the_way_along_it():
    pieces, metres = measure([(0, "a")])
    at = pieces.place(pieces.middle)[:, 0] - X0
    assert len(at) == 10  # of 40 m each
    assert metres == pytest.approx(at)


def test_a_post_in_the_middle_of_a_long_lane_is_near_what_is_beside_it():
    pieces, metres = measure([(100, "a"), (330, "b")])
    at = pieces.place(pieces.middle)[:, 0] - X0
    assert metres == pytest.approx(np.minimum(np.abs(at - 100), np.abs(at - 330)))


def test_what_is_beyond_the_limit_has_no_minutes():
    pieces, metres = measure([(0, "a")], limit=199.0)
    assert np.isinf(metres[pieces.place(pieces.middle)[:, 0] > X0 + 200]).all()
    assert np.isfinite(metres).sum() == 5


def test_where_posts_serve_their_own_community_the_neighbours_lane_has_none():
    pieces, metres = measure([(0, "a")], scope="community")
    at = pieces.place(pieces.middle)[:, 0] - X0
    assert metres[at < 200] == pytest.approx(at[at < 200])
    assert np.isinf(metres[at > 200]).all()


def test_lines_of_one_band_are_joined_and_what_is_too_far_is_left_out():
    pieces, metres = measure([(0, "a")])
    bands = np.searchsorted([90.0, 210.0], metres)
    lines, texts = join_bands(pieces, [bands], 2)
    assert [(text, round(line.length)) for text, line in zip(texts, lines, strict=True)] == [
        ("0", 80),
        ("1", 120),
    ]
    assert join_bands(pieces, [], 2)[1] == []


# ---- what the page receives
# -----------------------------------------------------------------------------


def test_the_pack_holds_the_figures_of_the_tables():
    plan = make_reached()
    head = unpack(pack_reach(plan, "en"))
    view = head["views"][0]
    city = plan.coverage.query("level == 'city' and own").iloc[0]
    assert view["figures"] == {
        n: int(city[n]) for n in ("posts", "demand", "reachable", "served", "backed_up")
    }
    assert sum(view["reachable"]) == city["reachable"]
    assert sum(view["served"]) == city["served"]
    post = head["posts"][0]
    rows, households, tenths = post["grids"]
    assert sum(households) == post["reachable"] == plan.service_posts["reachable"].iloc[0]
    assert rows == [0, 1]
    assert max(tenths) <= 20  # two minutes


def test_gaps_show_how_many_households_no_post_serves_how_far_they_are_and_why():
    plan = make_reached()
    gaps = list_gaps(plan, "canteen")
    assert [gap["households"] for gap in gaps] == sorted(
        (gap["households"] for gap in gaps), reverse=True
    )
    assert sum(gap["households"] for gap in gaps) == 120 - 50
    doors = plan.reach[plan.reach["subgrid"] == plan.subgrids.index[gaps[0]["row"]]]
    left = doors["households"] - doors["served"]
    assert gaps[0]["metres"] == round(np.average(doors["metres"], weights=left))
    assert gaps[0]["reason"] in set(doors["reason"])


def test_every_kind_and_every_cause_of_the_house_has_its_words():
    assert set(list_words("cause")) == set(CAUSES)
    kinds = {s.kind for s in CoverageRules().services}
    assert kinds | {"street_centre", "demonstration_point"} == set(list_words("post_kind"))


def test_there_are_as_many_colours_as_bands():
    for count in range(1, 6):
        streets, fills = choose_bands(count)
        assert (len(set(streets)), len(set(fills))) == (count, count + 1)


def test_the_same_plan_gives_the_same_page(tmp_path):
    pages = [
        write_map(draw_map(make_reached(), reach="canteen"), tmp_path / f"{n}.html").read_bytes()
        for n in range(2)
    ]
    assert pages[0] == pages[1]


def test_a_plan_without_reach_has_no_such_view_and_says_so_if_asked():
    assert 'makeView("reach")' in draw_map(make_reached()).get_root().render()
    assert 'makeView("reach")' not in draw_map(make_board_plan()).get_root().render()
    with pytest.raises(PlanError, match="gridplan reach PLAN"):
        draw_map(make_board_plan(), reach="canteen")
    with pytest.raises(PlanError, match="'sauna' was not measured; there are canteen"):
        draw_map(make_reached(), reach="sauna")


def test_the_map_of_a_release_shows_no_central_household(tmp_path):
    plan = make_people_plan()
    home = {
        "role": "central_household",
        "community": "0301",
        "subgrid": plan.subgrids.index[0],
        "stairwell": plan.stairwells.index[0],
    }
    plan = reach(plan.replace(posts=make_table("posts", [{"post": "p1", **home}])))
    central = plan.service_posts[plan.service_posts["kind"] == "central_household"]
    assert len(central)
    points = [f"[{round(p.x, 6)},{round(p.y, 6)}]" for p in central.to_crs("EPSG:4326").geometry]
    packed = pack_reach(plan, "en")
    assert any(
        json.dumps([p["at"]], separators=(",", ":"))[1:-1] in points
        for p in unpack(packed)["posts"]
    )
    shown = draw_map(release(plan)).get_root().render()
    assert not any(point in shown for point in points)
    assert "gridplan-reach-" not in shown
    with pytest.raises(PlanError, match="a release holds no posts"):
        draw_map(release(plan), reach="canteen")


def test_the_verb_map_opens_with_a_kind_of_post(tmp_path):
    write_plan(make_reached(), tmp_path / "plan")
    done = CliRunner().invoke(
        app, ["map", str(tmp_path / "plan"), "--reach", "canteen", "-o", str(tmp_path / "map.html")]
    )
    assert done.exit_code == 0, done.output
    assert 'loadReach("gridplan-reach-' in (tmp_path / "map.html").read_text(encoding="utf-8")


# ---- the page in a browser
# -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of the board with a proposed canteen, each written once."""
    folder = tmp_path_factory.mktemp("pages")
    plan = make_reached(propose=True)

    def write(layers="classes", lang="en", reach="canteen"):
        page = folder / f"{layers}-{lang}-{reach}.html"
        return (
            page
            if page.exists()
            else write_map(draw_map(plan, layers=layers, lang=lang, reach=reach), page)
        )

    return write


def open_page(window, page):
    window.open(page)
    window.wait("document.documentElement.dataset.gridplanReach === 'ready'")


def click(window, point):
    """Click a longitude and latitude as a user would."""
    from selenium.webdriver.common.action_chains import ActionChains

    window.hover(point)
    ActionChains(window.driver, duration=0).click().perform()


FILLS = "[...new Set(stage.records.code.map((c, row) => stage.fill(row)))]"


@pytest.mark.browser
@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_a_click_on_a_post_lights_its_sub_grids_up_and_another_beside_it_shows_all_again(
    layers, window, pages
):
    open_page(window, pages(layers))
    assert window.read_logs() == ([], [])
    assert window.run("stage.reach.lines.getLayers().length") >= 2  # bands of the lane
    assert window.read(".gp-reach").startswith("Reach on foot")
    before = window.run("stage.records.code.map((c, row) => stage.fill(row))")
    point = window.run("stage.reach.listPosts()[0].at")
    window.look_from(point, 18)
    click(window, point)
    households = window.run("stage.reach.lit.post.reachable")
    assert f"reaches {households} households" in window.read(".gp-post-reach")
    assert "食堂" in window.read(".gp-reach")
    assert window.run("[...stage.reach.lit.grids.keys()].sort()") == [0, 1]
    lit = window.run("stage.records.code.map((c, row) => stage.fill(row))")
    assert lit != before
    if layers == "classes":
        drawn = window.run(
            "[...document.querySelectorAll('.leaflet-gp-fills-pane path')]"
            ".map((p) => p.getAttribute('fill'))"
        )
        assert sorted(drawn) == sorted(lit)
    window.find(".gp-close").click()
    assert window.run("stage.records.code.map((c, row) => stage.fill(row))") == before
    assert window.read_logs() == ([], [])


@pytest.mark.browser
def test_gaps_are_listed_and_lead_to_what_is_wrong_there(window, pages):
    open_page(window, pages())
    assert window.count(".gp-gap-mark") == window.count(".gp-gaps button") == 2
    window.find(".gp-gaps button").click()
    popup = window.read(".leaflet-popup-content")
    assert popup.startswith("Gap 1")
    assert re.search(r"not served\s+\d+ households", popup)
    assert re.search(r"mean way\s+\d+ m, [\d.]+ min", popup)
    assert "Cause: " in popup


@pytest.mark.browser
def test_before_and_after_differ_by_the_proposed_post(window, pages):
    open_page(window, pages())
    first = window.read(".gp-reach table")
    assert window.run("stage.reach.listPosts().length") == 1
    window.run("document.querySelectorAll('.gp-states button')[1].click()")
    assert window.run("stage.reach.listPosts().map((p) => p.proposed).sort()") == [0, 1]
    assert window.read(".gp-reach table") != first
    assert window.count(".gp-gaps button") == 0  # gaps are those of now
    assert (
        window.run("document.querySelectorAll('.gp-states button')[1].getAttribute('aria-pressed')")
        == "true"
    )


@pytest.mark.browser
def test_the_view_is_off_at_first_and_shows_its_panel_when_chosen(window, pages):
    open_page(window, pages(reach=None))
    assert window.run("getComputedStyle(document.querySelector('.gp-reach')).display") == "none"
    assert window.run("map.hasLayer(stage.reach.marks)") is False
    window.choose_layer(say("view_reach"))
    assert window.run("getComputedStyle(document.querySelector('.gp-reach')).display") == "block"
    assert set(window.run(FILLS)) <= set(choose_bands(3)[1])
    tooltip = window.hover(window.run("stage.records.point[1]"))
    assert re.search(r"to the nearest post\s+[\d.]+ min", tooltip)
    assert "up to 1 min" in window.read(".gp-keys")
    window.choose_layer(say("view_colours"))
    assert window.run("map.hasLayer(stage.reach.marks)") is False


@pytest.mark.browser
def test_a_chinese_page_shows_reach_in_chinese(window, pages):
    open_page(window, pages(lang="zh"))
    shown = (
        window.read(".gp-reach")
        + window.read(".gp-legend")
        + window.read(".leaflet-control-layers")
    )
    assert "社区食堂" in shown
    assert "可达" in shown
    assert set(re.findall("[A-Za-z]{2,}", shown)) == {"gridplan"}


# ---- the plot
# -----------------------------------------------------------------------------


def draw_curves(plan, path):
    return save_plot(plot(plan, show="reach", title="Town"), path).read_bytes()


def test_the_curves_are_a_picture_that_is_the_same_every_time(tmp_path):
    plan = make_reached(propose=True)
    first, second = (draw_curves(plan, tmp_path / f"{n}.png") for n in range(2))
    assert first == second
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    assert first != draw_curves(make_reached(), tmp_path / "now.png")
    with pytest.raises(PlanError, match="gridplan reach PLAN"):
        plot(make_board_plan(), show="reach")
