"""Frames on a map: what is packed; in a browser the slider, choosers, counts and a story."""

import base64
import gzip
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.errors import PlanError
from gridplan.maps.offline import write_map
from gridplan.maps.time_slider import Reel, draw_reels, grade, pack_reels
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan, make_people_plan
from gridplan.tables.palette import AGAINST, INK, SEVERITY, choose_severity
from tests.browser import Window, start_browser

CALM, WORSE, BAD = choose_severity(3)
CLASSES = (("calm", CALM), ("busy", WORSE), ("overrun", BAD))
# Four sub-grids of thirty households, side by side; a row for each step.
MORNING = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 2, -1], [2, 2, 2, -1]]
HELPED = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, -1], [1, 1, 1, -1]]
STEPS = ("Mon 08:00", "Mon 09:00", "Mon 10:00", "Mon 11:00")
CODES = ["0301-001", "0301-002", "0301-003", "0301-004"]


def make_plan():
    return make_board_plan((1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4), columns=12, rows=1)


def make_reel(name="base", frames=MORNING, steps=STEPS, **more):
    return Reel(name, steps, CLASSES, np.array(frames, np.int8), **more)


def make_reels():
    """Requests of two scenarios through a morning, and minutes of both over all of it."""
    waiting = {"group": "Requests waiting", "note": "Simulated figures."}
    return [
        make_reel("base", **waiting),
        make_reel("more volunteers", HELPED, **waiting),
        make_reel("base", [[2, 1, 1, 0]], ("all days",), group="Minutes"),
    ]


# ---- what is packed
# -----------------------------------------------------------------------------


def test_frames_that_fit_neither_steps_nor_classes_are_refused():
    with pytest.raises(
        ValueError, match=r"'base' must be int8\[4 steps, sub-grids\], not int8\[3, 4\]"
    ):
        make_reel(frames=MORNING[:3])
    with pytest.raises(ValueError, match="not int64"):
        Reel("base", STEPS, CLASSES, np.array(MORNING))
    with pytest.raises(ValueError, match="classes from 0 to 2, or -1"):
        make_reel(frames=[[3, 0, 0, 0], *MORNING[1:]])


def unpack(plan, codes, reels):
    """The frames of each reel as the page has them: [sub-grids of the plan, steps]."""
    stream = gzip.decompress(base64.b64decode(pack_reels(plan, codes, reels)))
    length = int.from_bytes(stream[:4], "little")
    head = json.loads(stream[4 : 4 + length])
    body = stream[4 + length :]
    rows = len(plan.subgrids)
    return [
        np.frombuffer(body, np.int8, rows * len(r["steps"]), r["at"]).reshape(rows, -1)
        for r in head["reels"]
    ]


def test_frames_follow_the_codes_and_of_others_nothing_is_known():
    frames = np.array(MORNING, np.int8)[:, [2, 0]]  # of the third and the first sub-grid
    first, second = unpack(
        make_plan(), [CODES[2], CODES[0]], [make_reel(frames=frames), make_reel(frames=frames + 0)]
    )
    assert first.tolist() == second.tolist() == [[0, 0, 0, 2], [-1] * 4, [0, 0, 2, 2], [-1] * 4]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.lists(st.integers(-1, 2), min_size=4, max_size=4), min_size=1, max_size=6))
def test_whatever_goes_into_the_pack_comes_out(frames):
    reel = make_reel(frames=frames, steps=tuple(str(n) for n in range(len(frames))))
    assert unpack(make_plan(), CODES, [reel])[0].T.tolist() == frames


def test_what_is_not_of_the_plan_is_named():
    with pytest.raises(PlanError, match=r"lacks 1 sub-grids \(0301-009\) -> draw over the plan"):
        draw_reels(make_plan(), [*CODES[:3], "0301-009"], make_reels())
    with pytest.raises(ValueError, match="must be of 3 sub-grids; not so: base, more volunteers"):
        draw_reels(make_plan(), CODES[:3], make_reels()[:2])
    with pytest.raises(ValueError, match="at least one reel"):
        draw_reels(make_plan(), CODES, [])


def test_a_release_shows_nothing_that_is_simulated():
    plan = release(make_people_plan())
    reel = make_reel(frames=np.zeros((4, len(plan.subgrids)), np.int8))
    with pytest.raises(PlanError, match="working plan"):
        draw_reels(plan, plan.subgrids.index, [reel])


def test_figures_on_an_edge_are_graded_with_those_above():
    assert grade([[0.0, 0.99], [1.0, np.nan]], (1.0,)).tolist() == [[0, 0], [1, -1]]


def measure_lightness(colour):
    """L* of a colour (CIE 1976), 0 black to 100 white."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    light = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * light ** (1 / 3) - 16 if light > 0.008856 else 903.3 * light


def test_classes_differ_in_lightness_so_that_a_grey_print_shows_them_apart():
    light = [measure_lightness(colour) for colour in (INK["blank"], *SEVERITY)]
    assert all(a - b >= 5 for a, b in pairwise(light)), light
    apart = [measure_lightness(colour) for colour in AGAINST]
    assert apart[0] < apart[1] < apart[2] > apart[3] > apart[4]
    assert min(b - a for a, b in pairwise(sorted(apart))) >= 8, apart


def test_the_same_reels_give_the_same_page(tmp_path):
    pages = [
        write_map(draw_reels(make_plan(), CODES, make_reels()), tmp_path / f"{n}.html").read_bytes()
        for n in range(2)
    ]
    assert pages[0] == pages[1]


def test_a_reel_of_a_week_costs_little(tmp_path):
    week = np.tile(np.array(MORNING, np.int8), (42, 1))
    sizes = []
    for steps in (4, 168):
        reel = make_reel(frames=week[:steps], steps=tuple(str(n) for n in range(steps)))
        sizes.append(
            write_map(draw_reels(make_plan(), CODES, [reel]), tmp_path / f"{steps}.html")
            .stat()
            .st_size
        )
    assert sizes[1] - sizes[0] < 2000  # bytes: no outline is there twice


# ---- the page in a browser
# -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def write(layers="classes", lang="en"):
        page = folder / f"{layers}-{lang}.html"
        return (
            page
            if page.exists()
            else write_map(
                draw_reels(make_plan(), CODES, make_reels(), lang=lang, layers=layers), page
            )
        )

    return write


def open_page(window, page):
    window.open(page)
    window.wait("document.documentElement.dataset.gridplanReels === 'ready'")


def choose(window, name, text):
    """Choose from one of the page's choosers as a user would."""
    from selenium.webdriver.support.ui import Select

    Select(window.find(f".gp-reel-choosers select[aria-label='{name}']")).select_by_visible_text(
        text
    )


def read_fills(window):
    return window.run("stage.records.code.map((c, row) => stage.fill(row))")


def read_counts(window):
    """The legend's counts by class."""
    rows = window.run(
        "[...document.querySelectorAll('.gp-keys li')]"
        ".filter((li) => li.querySelector('.gp-count'))"
        ".map((li) => [li.children[1].innerText, Number(li.querySelector('.gp-count').innerText)])"
    )
    return dict(rows)


def move(window, key, times=1):
    """Press a key on the slider."""
    from selenium.webdriver.common.keys import Keys

    for _ in range(times):
        window.find(".gp-reels input[type=range]").send_keys(getattr(Keys, key))


@pytest.mark.browser
@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_the_slider_moves_colours_and_counts(layers, window, pages):
    open_page(window, pages(layers))
    assert window.read(".gp-reel-label") == "Mon 08:00"
    assert read_fills(window) == [CALM] * 4
    assert read_counts(window) == {"calm": 4, "busy": 0, "overrun": 0, "nothing known": 0}
    before = window.take_picture()
    move(window, "ARROW_RIGHT", 2)
    assert window.read(".gp-reel-label") == "Mon 10:00"
    assert read_fills(window) == [CALM, WORSE, BAD, INK["blank"]]
    assert read_counts(window) == {"calm": 1, "busy": 1, "overrun": 1, "nothing known": 1}
    if layers == "classes":
        drawn = window.run(
            "[...document.querySelectorAll('.leaflet-gp-fills-pane path')]"
            ".map((p) => p.getAttribute('fill'))"
        )
        assert sorted(drawn) == sorted([CALM, WORSE, BAD, INK["blank"]])
    else:
        assert read_pixel(window, 2) == BAD
    assert window.take_picture() != before
    move(window, "END")
    assert read_counts(window) == {"calm": 0, "busy": 0, "overrun": 3, "nothing known": 1}
    move(window, "ARROW_RIGHT")
    assert window.read(".gp-reel-label") == "Mon 11:00"  # there is no further step
    assert (
        window.run(
            "document.querySelector('.gp-reels input[type=range]').getAttribute('aria-valuetext')"
        )
        == "Mon 11:00"
    )
    assert window.read_logs() == ([], [])


def read_pixel(window, row):
    """The colour of the fill's tiles in the middle of a sub-grid, as if it were opaque."""
    found = window.run(
        "(() => { const [x, y] = stage.records.point[arguments[0]];"
        " const at = map.latLngToContainerPoint([y, x]);"
        " const box = map.getContainer().getBoundingClientRect();"
        " for (const tile of document.querySelectorAll('.leaflet-gp-fills-pane canvas')) {"
        "  const r = tile.getBoundingClientRect(), u = at.x + box.x - r.x, v = at.y + box.y - r.y;"
        "  if (u < 0 || v < 0 || u >= r.width || v >= r.height) continue;"
        "  const scale = tile.width / r.width;"
        "  return [...tile.getContext('2d').getImageData(u * scale, v * scale, 1, 1).data]; } })()",
        row,
    )
    return "#" + "".join(f"{part:02x}" for part in found[:3])


@pytest.mark.browser
def test_another_scenario_is_shown_at_the_same_step(window, pages):
    open_page(window, pages())
    move(window, "ARROW_RIGHT", 3)
    choose(window, "Case", "more volunteers")
    assert window.read(".gp-reel-label") == "Mon 11:00"
    assert read_counts(window) == {"calm": 0, "busy": 3, "overrun": 0, "nothing known": 1}
    choose(window, "What is shown", "Minutes")  # a single frame: no slider
    assert window.read(".gp-reel-label") == "all days"
    assert read_counts(window) == {"calm": 1, "busy": 2, "overrun": 1}
    assert not window.find(".gp-reel-track").is_displayed()
    choose(window, "What is shown", "Requests waiting")
    assert window.read(".gp-reel-label") == "Mon 11:00"
    assert read_counts(window) == {"calm": 0, "busy": 0, "overrun": 3, "nothing known": 1}
    assert "Simulated figures." in window.read(".gp-keys")


@pytest.mark.browser
def test_it_plays_to_the_end_and_stops(window, pages):
    open_page(window, pages())
    window.run("stage.reels.go(2)")
    button = window.find(".gp-play")
    assert button.get_attribute("aria-label") == "Play"
    button.click()
    assert button.get_attribute("aria-label") == "Pause"
    window.wait("stage.reels.timer === 0")
    assert window.read(".gp-reel-label") == "Mon 11:00"
    assert button.get_attribute("aria-label") == "Play"


@pytest.mark.browser
def test_arrow_keys_move_the_slider_while_nothing_else_has_the_focus(window, pages):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    open_page(window, pages())
    ActionChains(window.driver).send_keys(
        Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT
    ).perform()
    assert window.read(".gp-reel-label") == "Mon 09:00"


@pytest.mark.browser
@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_a_click_shows_a_sub_grids_story(layers, window, pages):
    from selenium.webdriver.common.action_chains import ActionChains

    open_page(window, pages(layers))
    move(window, "ARROW_RIGHT")
    assert "Mon 09:00 · busy" in window.hover(window.run("stage.records.point[1]"))
    ActionChains(window.driver, duration=0).click().perform()
    story = window.read(".gp-reel-story")
    assert story.startswith("0301-002")
    assert re.search(r"Households\s+30", story)
    assert "Mon 09:00 · busy" in story
    assert "Mon 08:00" in story
    assert window.run("stage.reels.listColumns(1).map(([[share]]) => Math.round(share * 3))") == [
        1,
        2,
        2,
        3,
    ]
    move(window, "END")
    assert "Mon 11:00 · overrun" in window.read(".gp-reel-story")  # it goes along
    assert window.read_logs() == ([], [])


@pytest.mark.browser
def test_other_views_hide_the_slider_and_the_way_back_keeps_the_step(window, pages):
    open_page(window, pages("tiles"))
    move(window, "END")
    window.choose_layer("Colour by households")
    assert not window.find(".gp-reels").is_displayed()
    assert BAD not in read_fills(window)
    window.choose_layer("Colour by what is simulated")
    assert window.find(".gp-reels").is_displayed()
    assert read_fills(window) == [BAD, BAD, BAD, INK["blank"]]
    assert read_pixel(window, 0) == BAD


@pytest.mark.browser
def test_a_chinese_page_says_its_own_words_in_chinese(window, pages):
    open_page(window, pages(lang="zh"))
    move(window, "END")
    assert read_counts(window)["无数据"] == 1
    assert window.find(".gp-play").get_attribute("aria-label") == "播放"
    shown = (
        window.read(".gp-legend")
        + window.read(".leaflet-control-layers")
        + window.read(".gp-title")
    )
    own = {
        "gridplan",
        "calm",
        "busy",
        "overrun",
        "Simulated",
        "figures",
    }  # the reels' words are the caller's
    assert set(re.findall("[A-Za-z]{2,}", shown)) <= own


@pytest.mark.browser
@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_a_browser_that_cannot_unpack_the_frames_shows_why(layers, window, pages):
    script = window.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream;"}
    )
    try:
        window.open(pages(layers), ready=False)
        window.wait("document.querySelector('.gp-wait')")
        assert window.read(".gp-wait").startswith("This browser cannot unpack the map")
        assert window.count(".gp-wait") == 1
    finally:
        window.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
