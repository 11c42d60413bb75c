"""An emergency on a map: states written out here, and the slider in a browser without network."""

from dataclasses import replace

import pytest

from gridplan.errors import PlanError
from gridplan.maps.offline import write_map
from gridplan.maps.surge_map import draw_surge, list_reels
from gridplan.people.staffing.staff_plan import staff
from gridplan.simulation.surge import Event, surge
from gridplan.synthetic import make_people_plan
from gridplan.tables.palette import choose_severity
from tests.browser import Window, start_browser

# Minutes until somebody comes and until all are seen to; the event is two
# hours long, so 120 means never.
TIMES = {
    ("surge", "0301-001"): (15.0, 60.0), ("surge", "0301-002"): (31.0, 120.0),
    ("usual", "0301-001"): (75.0, 120.0), ("usual", "0301-002"): (120.0, 120.0),
}  # fmt: skip
CODES = ["0301-001", "0301-002"]
SEEN, HELPED, WAITS = range(3)


@pytest.fixture(scope="module")
def plan():
    return staff(make_people_plan())


@pytest.fixture(scope="module")
def done(plan):
    """A power cut of a board with the times above."""
    found = surge(plan, Event("cut", "power_cut", communities=("0301",), hours=2), replications=2)
    table = found.helped.copy()
    for (posture, code), times in TIMES.items():
        for measure, minutes in zip(("first_minutes", "seen_minutes"), times, strict=True):
            own = (
                (table["posture"] == posture)
                & (table["of"] == code)
                & (table["measure"] == measure)
            )
            assert own.sum() == 1
            table.loc[own, "mean"] = minutes
    return replace(found, helped=table)


def test_states_follow_from_the_times(done):
    called, usual = list_reels(done, CODES)
    assert (called.name, usual.name, called.group) == ("in a surge", "as usual", "cut")
    at = {step: n for n, step in enumerate(called.steps)}
    assert (called.steps[0], called.steps[-1]) == ("0 min", "2 h")
    assert [
        called.frames[at[s]].tolist()
        for s in ("10 min", "15 min", "30 min", "40 min", "60 min", "2 h")
    ] == [
        [WAITS, WAITS],
        [HELPED, WAITS],
        [HELPED, WAITS],
        [HELPED, HELPED],
        [SEEN, HELPED],
        [SEEN, HELPED],
    ]
    assert usual.frames[at["60 min"]].tolist() == [WAITS, WAITS]
    assert usual.frames[at["2 h"]].tolist() == [HELPED, WAITS]  # what comes at the end never came


def test_another_plan_is_refused(plan, done):
    with pytest.raises(PlanError, match="1 sub-grids that were affected are not in the plan"):
        draw_surge(plan.replace(subgrids=plan.subgrids.iloc[:1]), done)


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_slider_goes_through_the_minutes_and_keeps_its_place(
    lang, plan, done, window, tmp_path
):
    window.open(write_map(draw_surge(plan, done, lang=lang), tmp_path / "map.html"))
    window.wait("document.documentElement.dataset.gridplanReels === 'ready'")
    colours = choose_severity(3)
    fills = "stage.records.code.map((c, row) => stage.fill(row))"
    assert window.run(fills) == [colours[WAITS]] * 2
    window.run("stage.reels.go(stage.reels.reel.steps.findIndex((s) => s.startsWith('40 ')))")
    assert window.run(fills) == [colours[HELPED]] * 2
    assert window.read(".gp-reel-label") == {"en": "40 min", "zh": "40 分钟"}[lang]
    assert window.run(
        "[...document.querySelectorAll('.gp-count')].map((b) => Number(b.innerText))"
    ) == [0, 2, 0]
    window.run("stage.reels.choose(1)")
    assert window.run(fills) == [colours[WAITS]] * 2
    assert window.read(".gp-reel-label") == {"en": "40 min", "zh": "40 分钟"}[lang]
    assert window.read_logs() == ([], [])
