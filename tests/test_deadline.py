"""Ending early: by a clock that the test moves, and by Ctrl-C, always with a whole plan or none."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.city import city_plan
from gridplan.city.planning_job import WORK
from gridplan.cli import app
from gridplan.division import search as searching
from gridplan.division.divide import divide_atoms, explain_parts
from gridplan.engine.deadline import Deadline, split_time
from gridplan.planning import site_to_plan
from gridplan.planning.plan_manifest import CUT_SHORT, count_cut_short
from gridplan.storage import plan_folder
from gridplan.synthetic.board_plan import make_checkerboard
from gridplan.synthetic.city import write_city
from gridplan.synthetic.town import lay_out_town
from gridplan.tables.conform import make_empty
from tests.test_division import is_contiguous, make_board, make_random

EXAMPLE = Path(__file__).parents[1] / "data" / "example" / "town.gpkg"
QUICK = gp.Rules().replace(division={"effort": "quick"})


class Steps:
    """A clock that goes on by one second each time it is read."""

    def __init__(self):
        self.now = -1.0

    def __call__(self):
        self.now += 1.0
        return self.now


def count_runs(monkeypatch):
    runs = []
    run = searching.run
    monkeypatch.setattr(searching, "run", lambda *given: runs.append(1) or run(*given))
    return runs


def test_a_deadline_is_over_when_its_seconds_are_gone_or_somebody_asks():
    assert not Deadline().is_over()
    assert not Deadline().is_limited
    assert Deadline(0, clock=lambda: 5.0).is_over()
    asked = Deadline(100, clock=lambda: 0.0)
    part = asked.share(0.5)
    assert part.count_left() == 50.0
    asked.ask()
    assert part.is_over()


def test_a_deadline_with_a_signal_is_asked_through_its_file(tmp_path):
    here = Deadline(signal=tmp_path / "end")
    there = Deadline(signal=tmp_path / "end")
    assert not there.is_over()
    here.ask()
    assert there.is_over()


def test_time_is_shared_by_size_among_what_is_left():
    """Three jobs, one worker: a half, a third of the rest, then all; two workers begin with two."""
    assert split_time([30, 10, 20], 1) == [0.5, pytest.approx(1 / 3), 1.0]
    assert split_time([30, 10, 20], 2) == [1.0, pytest.approx(2 / 3), 1.0]


def test_a_search_ends_after_the_run_in_which_its_time_is_up(monkeypatch):
    """The clock is read by the deadline (0), the search (1), and before every further run (2)."""
    problem = make_random(60, 3)
    runs = count_runs(monkeypatch)
    division = divide_atoms(problem, "default", 1, Deadline(2, clock=Steps()))
    assert len(runs) == 1
    assert division.cut_short
    assert is_contiguous(problem, division.part)
    runs.clear()
    assert not divide_atoms(problem, "default", 1).cut_short
    assert len(runs) > 1


def test_what_is_not_begun_when_time_is_up_gets_one_quick_run(monkeypatch):
    runs = count_runs(monkeypatch)
    problem = make_random(60, 3)
    division = divide_atoms(problem, "thorough", 1, Deadline(0))
    assert len(runs) == 1
    assert division.cut_short
    assert is_contiguous(problem, division.part)
    assert division.price >= divide_atoms(problem, "default", 1).price


def test_a_search_that_had_time_enough_is_the_one_without_a_limit():
    problem = make_random(60, 3)
    one = divide_atoms(problem, "quick", 1, Deadline(1e9))
    two = divide_atoms(problem, "quick", 1)
    assert not one.cut_short
    assert np.array_equal(one.part, two.part)


def test_a_part_out_of_band_after_too_short_a_search_asks_for_time():
    """Six houses of ten, five in one part of fifty: 30 and 30 would do, so nothing is proven."""
    problem = make_board(6, 1)
    part = np.array([0, 0, 0, 0, 0, 1])
    one, two = (
        next(explain_parts(problem, part, 0, False, False, is_cut)) for is_cut in (True, False)
    )
    assert one.remedy == "try more time (the search was cut short), or high = 50"
    assert two.remedy == "try --effort thorough, another seed, or high = 50"


def test_a_plan_without_any_time_is_whole_and_says_that_it_was_cut_short():
    plan = gp.divide(
        gp.read_site(gp.synthetic.make_town(2, urban_share=0.5, households=700, seed=11)),
        seed=3,
        seconds=0,
    )
    assert gp.audit(plan).passed
    assert plan.manifest["cut_short"] == {
        "communities": count_cut_short(plan.site.ledger),
        "note": CUT_SHORT,
    }
    assert count_cut_short(plan.site.ledger) >= 1


def test_a_plan_with_time_enough_is_the_plan_without_a_limit():
    one = gp.divide(make_checkerboard(), seconds=1e6)
    two = gp.divide(make_checkerboard())
    assert one.manifest == two.manifest
    assert "cut_short" not in one.manifest


def test_nothing_was_cut_short_where_the_ledger_is_empty():
    assert count_cut_short(make_empty("ledger")) == 0


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Three communities, one of them urban."""
    layout = lay_out_town(communities=3, urban_share=0.34, households=300, seed=4)
    return write_city(layout, tmp_path_factory.mktemp("city") / "town", workers=1)


def interrupt(monkeypatch, room, name, times):
    """Press Ctrl-C so many times when the function named is first called."""
    pressed = []
    function = getattr(room, name)

    def press(*given, **named):
        if not pressed:
            pressed.append(1)
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return function(*given, **named)

    monkeypatch.setattr(room, name, press)


def plan(*words):
    return CliRunner().invoke(app, ["plan", *map(str, words)])


def finds_nothing_but_sizes(drawn):
    """A search cut short may leave sub-grids out of their band, which nobody has approved yet."""
    findings = gp.audit(drawn).findings
    errors = findings[findings["severity"] == "error"]
    return set(errors["rule"]) <= {"band"}


def test_a_first_ctrl_c_ends_the_search_and_writes_the_plan(monkeypatch, tmp_path):
    interrupt(monkeypatch, site_to_plan, "divide_atoms", 1)
    result = plan(EXAMPLE, "-o", tmp_path / "p", "--workers", 1, "--effort", "thorough")
    assert result.exit_code == 0, result.output
    assert "cut short" in result.output
    drawn = gp.read_plan(tmp_path / "p")
    assert drawn.manifest["cut_short"]["communities"] >= 1
    assert finds_nothing_but_sizes(drawn)


def test_a_second_ctrl_c_stops_at_once_and_leaves_nothing(monkeypatch, tmp_path):
    interrupt(monkeypatch, site_to_plan, "divide_atoms", 2)
    assert plan(EXAMPLE, "-o", tmp_path / "p", "--workers", 1).exit_code == 130
    assert not (tmp_path / "p").exists()


def test_ctrl_c_before_the_search_stops_at_once(monkeypatch, tmp_path):
    interrupt(monkeypatch, site_to_plan, "prepare_site", 1)
    assert plan(EXAMPLE, "-o", tmp_path / "p", "--workers", 1).exit_code == 130
    assert not (tmp_path / "p").exists()


def test_ctrl_c_while_writing_leaves_nothing(monkeypatch, tmp_path):

    interrupt(monkeypatch, plan_folder, "summarise_plan", 1)
    assert plan(EXAMPLE, "-o", tmp_path / "p", "--seconds", 0).exit_code == 130
    assert not (tmp_path / "p").exists()


def test_the_real_command_stops_although_threads_still_search(tmp_path):
    """Every search presses Ctrl-C, so two do; a thorough search of this town would take minutes."""
    code = (
        "import os, signal, sys\nfrom gridplan.planning import site_to_plan\n"
        "from gridplan.cli import main\nfound = site_to_plan.divide_atoms\n"
        "def press(*given):\n    os.kill(os.getpid(), signal.SIGINT)\n    return found(*given)\n"
        "site_to_plan.divide_atoms = press\nmain()"
    )
    words = [
        "plan",
        str(EXAMPLE),
        "-o",
        str(tmp_path / "p"),
        "--workers",
        "2",
        "--effort",
        "thorough",
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.rstrip().endswith("stopped")
    assert not (tmp_path / "p").exists()


def test_a_first_ctrl_c_finishes_a_city_in_haste(monkeypatch, tmp_path, town):
    interrupt(monkeypatch, city_plan, "plan_chunk", 1)
    result = plan(town, "-o", tmp_path / "p", "--workers", 1, "--chunk", 50, "--effort", "thorough")
    assert result.exit_code == 0, result.output
    drawn = gp.read_plan(tmp_path / "p")
    assert drawn.manifest["cut_short"]["communities"] == count_cut_short(drawn.site.ledger) >= 1
    assert not (tmp_path / "p" / WORK).exists()
    assert finds_nothing_but_sizes(drawn)


def test_a_city_stopped_in_haste_is_taken_up_and_ends_as_if_it_had_not_been(
    monkeypatch, tmp_path, town
):
    """The first run is interrupted before joining; the second draws its shortened parts again."""
    with monkeypatch.context() as patch:
        interrupt(patch, city_plan, "plan_chunk", 1)
        patch.setattr(city_plan, "join_city", lambda *given: signal.raise_signal(signal.SIGINT))
        assert (
            plan(
                town, "-o", tmp_path / "p", "--workers", 1, "--chunk", 50, "--effort", "quick"
            ).exit_code
            == 130
        )
    assert (tmp_path / "p" / WORK).is_dir()
    for name in ("p", "whole"):
        assert (
            plan(
                town, "-o", tmp_path / name, "--workers", 1, "--chunk", 50, "--effort", "quick"
            ).exit_code
            == 0
        )
    one, two = (
        {f.name: f.read_bytes() for f in (tmp_path / name / "tables").iterdir()}
        for name in ("p", "whole")
    )
    assert one == two
