"""What a command shows: progress where there is a bar and where there is none, JSON, the ledger."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from gridplan.cli import app, progress, screen
from gridplan.cli.progress import COMPILING, KernelWatch
from gridplan.engine.parallel_map import map_processes
from gridplan.rules.all_rules import Rules

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example" / "town.gpkg"


def run(*words, status=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == status, done.output
    return done


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screen")
    run("synth", folder / "t.gpkg", "--communities", 1, "--urban-share", 0, "--households", 150)
    done = run("plan", folder / "t.gpkg", "-o", folder / "plan", "--seed", 1)
    return SimpleNamespace(source=folder / "t.gpkg", plan=folder / "plan", said=done.stdout)


def test_the_result_comes_first_and_the_ledger_is_summed_up(town):
    lines = town.said.splitlines()
    place = {
        word: next(n for n, line in enumerate(lines) if line.startswith(word))
        for word in ("plan ", "What was done", "time ", "written")
    }
    assert list(place) == sorted(place, key=place.get)
    assert "--ledger shows all" in town.said


def test_the_whole_ledger_is_shown_on_request(town):
    whole = run("check", town.source, "--ledger").stdout
    summed = run("check", town.source).stdout
    entries = json.loads(run("check", town.source, "--json").stdout)["ledger"]
    assert len(whole.splitlines()) > len(summed.splitlines())
    joined = "".join(whole.split())
    assert all("".join(entry["reason"].split())[:20] in joined for entry in entries)


def test_figures_are_json_and_nothing_else_is_on_standard_output(town):
    done = json.loads(run("audit", town.plan, "--json").stdout)
    assert done["passed"] is True
    assert isinstance(done["summary"]["households"], int)
    site = json.loads(run("check", town.source, "--json").stdout)
    assert sum(c["households"] for c in site["communities"]) == site["figures"]["households"]


def test_figures_of_a_failed_audit_are_json_too(town, tmp_path):
    import gridplan as gp

    plan = gp.read_plan(town.plan)
    doors = plan.stairwells.copy()
    doors.iloc[0, doors.columns.get_loc("subgrid")] = "nowhere-001"
    gp.write_plan(plan.replace(stairwells=doors), tmp_path / "broken")
    done = run("audit", tmp_path / "broken", "--strict", "--json", status=1)
    assert json.loads(done.stdout)["passed"] is False


def test_every_verb_prints_its_figures_as_json_and_what_it_has_written(town, tmp_path):
    def ask(*words, status=0):
        return json.loads(run(*words, "--json", status=status).stdout)

    for name, command in typer.main.get_command(app).commands.items():
        # The studio serves until it is stopped, and has no result.
        if name == "studio":
            continue
        assert "--json" in {text for item in command.params for text in item.opts}, name
    assert ask("rules")["rules"]["urban"]["target"] == Rules().urban.target
    columns = ask("schema", "subgrids")["tables"]["subgrids"]
    assert {"name", "zh", "meaning", "values"} <= set(columns[0])
    assert ask("locks", town.plan) == {"locks": [], "contradictions": []}
    preview = ask("edit", town.plan, "lock all", "--preview")
    assert (preview["moved"], preview["subgrids"]) == (0, [])
    assert "written" not in preview
    locked = ask("edit", town.plan, "lock all", "-o", tmp_path / "locked")
    assert locked["written"] == [str(tmp_path / "locked")]
    assert ask("locks", tmp_path / "locked")["locks"][0]["level"] == "community"
    page = ask("map", town.plan, "-o", tmp_path / "map.html")
    assert page["written"] == [str(tmp_path / "map.html")]
    assert page["bytes"] == (tmp_path / "map.html").stat().st_size
    released = ask("release", town.plan, "-o", tmp_path / "release")
    assert released["check"]["passed"] is True
    brief = ask("brief", tmp_path / "release", "--lang", "en")
    assert brief["paragraphs"]["en"]
    assert len(brief["written"]) == 3
    made = ask("synth", tmp_path / "t.gpkg", "--communities", 1, "--urban-share", 0)
    assert made["rows"]["communities"] == 1


def test_quiet_leaves_errors_only(town, tmp_path):
    done = run("plan", town.source, "-o", tmp_path / "p", "--effort", "quick", "--quiet")
    assert done.output == ""
    assert (tmp_path / "p" / "plan.gpkg").exists()
    # What one command was asked for is forgotten by the next.
    assert "passed" in run("audit", tmp_path / "p").stdout


def test_every_verb_takes_quiet_and_short_help():
    for name, command in typer.main.get_command(app).commands.items():
        options = {text for item in command.params for text in item.opts}
        assert "--quiet" in options, name
        assert "Usage" in run(name, "-h").output


def test_shell_completion_knows_the_verbs():
    words = [sys.executable, "-m", "gridplan"]
    asked = {"_GRIDPLAN_COMPLETE": "complete_bash", "COMP_WORDS": "gridplan pl", "COMP_CWORD": "1"}
    code = "from gridplan.cli import main; import sys; sys.argv = ['gridplan']; main()"
    done = subprocess.run(
        [words[0], "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **asked},
        check=False,
    )
    assert "plan" in done.stdout.split()


def test_without_a_terminal_a_line_comes_after_some_silence(monkeypatch, tmp_path):
    monkeypatch.setattr(screen, "SILENT", 0.2)
    page = (tmp_path / "log").open("w")
    for place in ("gridplan.cli.progress.err", "gridplan.cli.screen.err"):
        monkeypatch.setattr(place, Console(file=page))
    with screen.use_screen():
        time.sleep(0.6)  # as long as it takes to load libraries
        with progress.show_progress() as clock:
            clock("reading", 0, 1)
            time.sleep(0.6)
        time.sleep(0.6)
    page.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0] == lines[-1] == "working ..."
    assert any("reading" in line for line in lines)


def test_compiling_is_shown_while_it_lasts_and_the_stage_afterwards():
    """Numba is made to compile a function that nobody has compiled before."""
    from numba import njit

    shown = []

    class Display:
        def __call__(self, stage, done, total):
            shown.append(stage)

        def remind(self):
            pass

    watch = KernelWatch(Display())
    watch.listen()
    try:
        watch("division", 0, 3)
        njit(lambda x: x + 1)(1)
    finally:
        watch.stop()
    assert shown[0] == "division"
    assert any(stage.startswith(COMPILING) for stage in shown)
    assert shown[-1] == "division"
    shown.clear()
    njit(lambda x: x + 2)(1)
    assert shown == []


def compile_something(number):
    """Compile what no process has compiled before; works in a process of its own."""
    from numba import njit

    # a process looks ten times a second whether numba is loaded, and hears of nothing before
    time.sleep(0.5)
    return njit(lambda x: x + number)(1)


def test_compiling_in_other_processes_is_shown_too():
    shown = []

    class Display:
        def __call__(self, stage, done, total):
            shown.append(stage)

        def remind(self):
            pass

    watch = KernelWatch(Display())
    watch.listen()
    try:
        added = map_processes(
            compile_something, [1, 2], workers=2, stage="planning", progress=watch
        )
    finally:
        watch.stop()
    assert added == [2, 3]
    assert shown[0] == "planning"
    assert any(stage.startswith(COMPILING) for stage in shown)
    assert shown[-1] == "planning"


def test_gridplan_is_found_from_the_folder_above_a_clone(tmp_path):
    """There the clone itself is a folder named gridplan, which has no code at its top.

    An installation that puts the clone's folder on the path is found all the same; one by an
    import hook is not, since Python asks hooks after the path. Setuptools chooses by package-dir.
    """
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["setuptools"]["package-dir"] == {"": "."}
    (tmp_path / "gridplan" / "docs").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", "import gridplan; print(gridplan.__version__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
