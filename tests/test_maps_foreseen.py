"""The coming years on a map: chances and states written out here, and the slider in a browser."""

from dataclasses import replace

import pytest

from gridplan.errors import PlanError
from gridplan.maps.offline import write_map
from gridplan.maps.years_map import draw_years, list_reels
from gridplan.simulation.years import Given, simulate_years
from gridplan.synthetic import make_board_plan
from gridplan.tables.palette import STATES, choose_severity
from tests.browser import Window, start_browser

# In the year, in the order of the table: in band, above, below, gone.
CHANCES = {
    "0301-001": [(1, 0, 0, 0), (0.96, 0.04, 0, 0), (0.7, 0.3, 0, 0), (0.2, 0.8, 0, 0)],
    "0301-002": [(1, 0, 0, 0), (0.45, 0.1, 0.45, 0), (0.4, 0, 0.6, 0), (0, 0, 0.1, 0.9)],
}


def make_years():
    """A board's three years with the chances above."""
    done = simulate_years(make_board_plan(), Given(), years=3, replications=2, policies=["never"])
    rows = [chances for own in CHANCES.values() for chances in own]
    columns = dict(zip(("inside", "over", "under", "gone"), zip(*rows, strict=True), strict=True))
    assert done.bands["subgrid"].tolist() == [code for code, own in CHANCES.items() for _ in own]
    return replace(done, bands=done.bands.assign(**columns))


def test_chances_and_states_are_those_of_the_table():
    out, state = list_reels(make_years())
    assert out.steps == state.steps == ("the plan", "year 1", "year 2", "year 3")
    assert [name for name, _ in out.classes] == [
        "under 5 %",
        "5 % to 25 %",
        "25 % to 50 %",
        "50 % to 75 %",
        "75 % or more",
    ]
    assert out.frames.tolist() == [[0, 0], [0, 3], [2, 3], [4, 4]]
    names = [name for name, _ in state.classes]
    states = [[names[n] for n in frame] for frame in state.frames]
    assert states == [
        ["in band", "in band"],
        ["in band", "none of them in most"],
        ["in band", "below the band"],
        ["above the band", "nobody lives there"],
    ]


def test_another_plan_is_refused():
    plan = make_board_plan()
    with pytest.raises(PlanError, match="1 sub-grids that were foreseen are not in the plan"):
        draw_years(plan.replace(subgrids=plan.subgrids.iloc[:1]), make_years())


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_slider_goes_through_the_years(lang, window, tmp_path):
    window.open(
        write_map(draw_years(make_board_plan(), make_years(), lang=lang), tmp_path / "map.html")
    )
    window.wait("document.documentElement.dataset.gridplanReels === 'ready'")
    light = choose_severity(5)
    fills = "stage.records.code.map((c, row) => stage.fill(row))"
    assert window.run(fills) == [light[0], light[0]]
    window.run("stage.reels.go(2)")
    assert window.read(".gp-reel-label") == {"en": "year 2", "zh": "第 2 年"}[lang]
    assert window.run(fills) == [light[2], light[3]]
    state = {"en": "Where it is in most futures", "zh": "多数推演中的状态"}[lang]
    window.run(
        "stage.reels.choose(stage.reels.reels.findIndex((r) => r.group === arguments[0]))", state
    )
    assert window.run(fills) == [STATES["inside"], STATES["under"]]
    window.run("stage.reels.go(3)")
    assert window.run(fills) == [STATES["over"], STATES["gone"]]
    assert window.run(
        "[...document.querySelectorAll('.gp-count')].map((b) => Number(b.innerText))"
    ) == [0, 0, 0, 1, 1]
    assert window.read_logs() == ([], [])
