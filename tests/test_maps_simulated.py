"""A simulation on a map: who waits through the week, how soon help comes, and the command."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli.app import app
from gridplan.errors import PlanError
from gridplan.maps.offline import write_map
from gridplan.maps.simulation_map import draw_simulation, list_reels
from gridplan.people.staffing.staff_plan import staff
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests import Scenario, simulate
from gridplan.synthetic.people_plan import CITY_COUNTS, make_people_plan
from gridplan.tables.conform import conform_table
from gridplan.tables.palette import AGAINST, choose_severity
from tests.browser import Window, start_browser

BUSY = Rules().replace(coverage={"requests_urban": 200.0}, simulation={"wishes_urban": 20.0})
SUNDAY = datetime.date(2026, 3, 1)


@pytest.fixture(scope="module")
def board():
    return staff(make_people_plan(counts={**CITY_COUNTS, "volunteers": 8}))


@pytest.fixture(scope="module")
def done(board):
    """A Sunday and a Monday in two scenarios, of which the second one has nine times the demand."""
    scenarios = [
        Scenario("as_now", start=SUNDAY, days=2),
        Scenario("rush", start=SUNDAY, days=2, demand=9.0),
    ]
    return simulate(board, scenarios, BUSY, replications=6, hourly=True)


def write_waiting(done, rows):
    """The same simulation in which only these wait: (scenario, sub-grid, kind, hour, per 100)."""
    table = pd.DataFrame(rows, columns=["scenario", "subgrid", "kind", "hour", "mean"])
    return replace(
        done,
        waiting=conform_table(
            "simulated_waiting", table.assign(row=[str(n) for n in range(len(rows))])
        ),
    )


def find(reels, group, name):
    (reel,) = [r for r in reels if (r.group, r.name) == (group, name)]
    return reel


# Who waits in the two sub-grids, on a Monday morning (0-23) and a Sunday
# (144-167); no other hour was simulated.
ROWS = [
    ("as_now", "0301-001", "request", 8, 1.0), ("as_now", "0301-002", "request", 8, 2.0),
    ("as_now", "0301-001", "request", 9, 4.0), ("rush", "0301-001", "request", 8, 0.014),
]  # fmt: skip


def test_who_waits_is_graded_through_the_week_with_the_same_classes_for_all_scenarios(board, done):
    reels = list_reels(board, write_waiting(done, ROWS))
    now, rush = (
        find(reels, "Requests waiting per 100 households", name) for name in ("as now", "rush")
    )
    assert now.classes == rush.classes
    assert [name for name, _ in now.classes] == [
        *("nobody waits", "under 0.1", "0.1 to 0.5", "0.5 to 2", "2 or more")
    ]
    assert now.steps[8] == "Mon 08:00"
    assert now.frames[7].tolist() == [0, 0]
    assert now.frames[8].tolist() == [3, 4]
    assert now.frames[9].tolist() == [4, 0]
    assert rush.frames[8].tolist() == [1, 0]
    assert (now.frames[24:144] == -1).all()  # Tuesday to Saturday were not simulated
    assert (now.frames[144:] == 0).all()
    of_both = find(reels, "Requests waiting per 100 households, by community", "rush")
    # Both are of one community. Seven who wait in a town of 50,000 households are pale.
    assert of_both.frames[8].tolist() == [1, 1]


def test_a_measure_is_dark_where_it_is_bad(board, done):
    requests = done.requests.copy()
    own = (
        (requests["level"] == "subgrid")
        & (requests["scenario"] == "as_now")
        & (requests["kind"] == "request")
    )
    for measure, values in (("response_minutes", (20.0, 300.0)), ("green_share", (0.97, np.nan))):
        requests.loc[own & (requests["measure"] == measure), "mean"] = values
    reels = list_reels(board, replace(done, requests=requests))
    minutes = find(reels, "Requests: time until somebody comes", "as now")
    assert [name for name, _ in minutes.classes] == [
        "under 15 min",
        "15 min to 30 min",
        "30 min to 1 h",
        "1 h to 4 h",
        "4 h or more",
    ]
    assert minutes.frames.tolist() == [[1, 4]]
    green = find(reels, "Requests: share resolved in time (green)", "as now")
    assert [name for name, _ in green.classes] == [
        "99 % or more",
        "95 % to 99 %",
        "90 % to 95 %",
        "80 % to 90 %",
        "under 80 %",
    ]
    assert green.frames.tolist() == [[1, -1]]
    assert [colour for _, colour in green.classes] == list(choose_severity(5))


@pytest.mark.parametrize(
    ("measure", "mean", "clear", "judged"),
    [
        ("response_minutes", -5.0, True, 0),
        ("response_minutes", 5.0, True, 2),
        ("response_minutes", -5.0, False, 1),
        ("green_share", 0.1, True, 0),
        ("green_share", -0.1, True, 2),
        ("green_share", np.nan, False, -1),
    ],
)
def test_only_what_is_clear_is_better_or_worse(board, done, measure, mean, clear, judged):
    table = done.differences.copy()
    own = (
        (table["level"] == "community")
        & (table["measure"] == measure)
        & (table["kind"] == "request")
    )
    table.loc[own, ["mean", "clear"]] = [mean, clear]
    words = {
        "response_minutes": "time until somebody comes",
        "green_share": "share resolved in time (green)",
    }[measure]
    reels = list_reels(board, replace(done, differences=table))
    reel = find(reels, f"Requests: {words}, against as now", "rush")
    assert [name for name, _ in reel.classes] == [
        "clearly better",
        "no clear difference",
        "clearly worse",
    ]
    assert reel.frames.tolist() == [[judged, judged]]


def test_without_hours_there_is_no_week_and_with_one_scenario_no_difference(board):
    reels = list_reels(board, simulate(board, Scenario("base", days=2), BUSY, replications=2))
    assert {len(reel.steps) for reel in reels} == {1}
    assert not any("against" in reel.group for reel in reels)


def test_another_plan_than_the_one_simulated_is_refused(board, done):
    other = board.replace(subgrids=board.subgrids.iloc[:1])
    with pytest.raises(PlanError, match="1 sub-grids that were simulated are not in the plan"):
        draw_simulation(other, done)


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_the_week(lang, window, board, done, tmp_path):
    window.open(
        write_map(
            draw_simulation(board, write_waiting(done, ROWS), lang=lang), tmp_path / "map.html"
        )
    )
    window.wait("document.documentElement.dataset.gridplanReels === 'ready'")
    group = {"en": "Requests waiting per 100 households", "zh": "每百户等待的诉求（按子网格）"}[
        lang
    ]
    window.run(
        "stage.reels.choose(stage.reels.reels.findIndex((r) => r.group === arguments[0]))", group
    )
    window.run("stage.reels.go(8)")
    assert window.read(".gp-reel-label") == {"en": "Mon 08:00", "zh": "周一 08:00"}[lang]
    assert window.run("stage.records.code.map((c, row) => stage.fill(row))") == list(
        choose_severity(5)[3:]
    )
    counts = window.run(
        "[...document.querySelectorAll('.gp-count')].map((b) => Number(b.innerText))"
    )
    # Nobody, four classes, and what was not simulated.
    assert counts == [0, 0, 0, 1, 1, 0]
    against = {
        "en": "Wishes: time until somebody comes, against as now",
        "zh": "微心愿响应时间，与 as now 相比",
    }[lang]
    window.run(
        "stage.reels.choose(stage.reels.reels.findIndex((r) => r.group === arguments[0]))", against
    )
    assert set(window.run("stage.records.code.map((c, row) => stage.fill(row))")) <= {
        *AGAINST[::2],
        "#ffffff",
    }
    assert {"en": "what would happen", "zh": "服务仿真图"}[lang] in window.read(".gp-title")
    assert window.read_logs() == ([], [])


def test_the_command_writes_the_map_and_the_hours(board, tmp_path):
    gp.write_plan(board, tmp_path / "plan")
    words = [
        "simulate",
        tmp_path / "plan",
        "--days",
        7,
        "--replications",
        2,
        "--set",
        "coverage.requests_urban=300",
        "--map",
        tmp_path / "week.html",
        "--csv",
        tmp_path / "out",
        "--lang",
        "zh",
    ]
    result = CliRunner().invoke(app, [str(w) for w in words])
    assert result.exit_code == 0, result.output
    assert "week.html" in result.output.replace("\n", "")
    page = (tmp_path / "week.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "loadReels(" in page
    table = pd.read_csv(tmp_path / "out" / "waiting.csv", dtype={"subgrid": str})
    assert set(table["subgrid"]) <= {"0301-001", "0301-002"}
    assert (table["mean"] > 0).all()
    assert table["hour"].between(0, 167).all()
