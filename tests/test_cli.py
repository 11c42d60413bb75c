"""The command line as a user types it."""

import contextlib
import errno
import io
import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import geopandas as gpd
import pytest
import typer
from shapely.geometry import box

import gridplan as gp
from gridplan.cli import app, main
from gridplan.cli.app import PANELS
from gridplan.cli.console import StageClock
from gridplan.cli.options import FROM, HOW
from gridplan.cli.plan_to_plan import choose_rules
from gridplan.synthetic.board_plan import make_board_plan, make_table

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example" / "town.gpkg"


def run(*words, status=0):
    """Run a command in this process, which saves an import; --debug shows what fails."""
    out = io.StringIO()
    err = io.StringIO()
    arguments = mock.patch.object(sys, "argv", ["gridplan", *map(str, words)])
    with (
        arguments,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert (ended.value.code or 0) == status, out.getvalue() + err.getvalue()
    return SimpleNamespace(stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    run("synth", folder / "town.gpkg", "--communities", 1, "--urban-share", 0, "--seed", 2)
    run("plan", folder / "town.gpkg", "-o", folder / "plan", "--seed", 1)
    return folder


def test_a_plan_is_written_with_all_that_belongs_to_it(town):
    assert {p.name for p in (town / "plan").iterdir()} >= {
        "plan.gpkg",
        "plan.toml",
        "subgrids.csv",
        "README.txt",
    }
    plan = gp.read_plan(town / "plan")
    assert plan.manifest["seed"] == 1
    assert list(plan.manifest["inputs"]) == ["town.gpkg"]


def test_a_plan_is_never_overwritten_unless_asked(town):
    done = run("plan", town / "town.gpkg", "-o", town / "plan", status=2)
    assert "--overwrite" in done.stderr


def test_the_audit_passes_and_writes_its_table(town):
    done = run("audit", town / "plan", "--strict", "--csv", town / "audit.csv")
    assert "passed" in done.stdout
    assert (town / "audit.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_strict_audit_of_a_broken_plan_exits_with_1(town):
    plan = gp.read_plan(town / "plan")
    doors = plan.stairwells.copy()
    doors.iloc[0, doors.columns.get_loc("subgrid")] = "nowhere-001"
    gp.write_plan(plan.replace(stairwells=doors), town / "broken")
    assert "FAILED" in run("audit", town / "broken", "--strict", status=1).stdout
    run("audit", town / "broken")


def test_the_map_is_one_page_without_addresses(town):
    done = run("map", town / "plan", "--lang", "zh", "-o", town / "m.html")
    assert "m.html" in done.stdout
    page = (town / "m.html").read_text(encoding="utf-8")
    assert "子网格" in page
    assert 'src="http' not in page


def test_the_rules_file_of_a_plan_draws_the_same_plan_again(town):
    run(
        "plan",
        town / "town.gpkg",
        "-o",
        town / "again",
        "--seed",
        1,
        "--rules",
        town / "plan" / "plan.toml",
    )
    assert (town / "again" / "plan.gpkg").read_bytes() == (town / "plan" / "plan.gpkg").read_bytes()


def test_rules_that_depend_on_one_another_are_set_in_any_order():
    """From a band of 20 to 40 to one of 50 to 70: each limit alone would contradict another."""
    base = gp.Rules().replace(rural={"high": 200})
    words = ["urban.low=50", "urban.target=60", "urban.high=70"]
    for order in itertools.permutations(words):
        rules = choose_rules(base, None, list(order))
        assert (rules.urban.low, rules.urban.target, rules.urban.high) == (50, 60, 70)
        assert rules.rural.high == 200
    with pytest.raises(gp.errors.RuleError, match="urban"):
        choose_rules(base, None, words[:1])


def test_one_rule_can_be_set_on_the_line(town):
    run(
        "plan",
        town / "town.gpkg",
        *(
            "-o",
            town / "big",
            "--set",
            "rural.high=120",
            "--set",
            "rural.target=100",
            "--effort",
            "quick",
        ),
    )
    plan = gp.read_plan(town / "big")
    assert plan.manifest["rules"]["rural"]["target"] == 100
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    assert homes["households"].mean() > 80


def test_an_unknown_rule_is_refused_by_name(town):
    done = run("plan", town / "town.gpkg", "-o", town / "x", "--set", "rural.hihg=120", status=2)
    assert "rural.hihg" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "nothing.gpkg", "-o", "x"), "nothing.gpkg"),
        (("audit", "nowhere"), "nowhere"),
        (("map", "nowhere"), "nowhere"),
        (("check", "nothing.osm.pbf"), "nothing.osm.pbf"),
    ],
)
def test_what_is_not_there_is_named(words, says, tmp_path):
    with contextlib.chdir(tmp_path):
        assert says in run(*words, status=1).stderr


def test_a_process_of_its_own_ends_with_the_status_and_no_traceback(tmp_path):
    words = [sys.executable, "-m", "gridplan", "audit", "nowhere"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_misuse_ends_with_status_2(tmp_path):
    run("plan", EXAMPLE, status=2)
    run("plan", "-o", tmp_path / "x", status=2)
    run("plan", EXAMPLE, "-o", tmp_path / "x", "--column", "floors", status=2)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["audti", "p"], "no verb 'audti'; did you mean audit?"),
        (["xyz"], "no verb 'xyz'; gridplan --help lists them"),
    ],
)
def test_a_word_that_is_no_verb_or_option_gets_a_suggestion(words, hint):
    assert hint in run(*words, status=2).stderr


def test_words_of_earlier_scripts_go_on_working_and_are_noted():
    words = ["check", EXAMPLE, "--map", "floors=floors"]
    done = run(*words, status=0)
    assert "--map COLUMN=YOURS is --column COLUMN=YOURS now" in done.stderr
    assert done.stdout == run(*words[:2], "--column", "floors=floors").stdout
    done = run("change", "no-plan", status=1)
    assert "gridplan change is gridplan budget now" in done.stderr
    assert "there is no plan in no-plan" in done.stderr


def test_help_is_shown_by_its_short_option_too_and_in_panels():
    page = run("-h").stdout
    assert page == run("--help").stdout
    places = [page.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    assert run("audit", "-h").stdout == run("audit", "--help").stdout


def test_every_verb_has_one_panel():
    shown = [name for names in PANELS.values() for name in names]
    assert sorted(shown) == sorted(command.name for command in app.registered_commands)


def fail(error, *options):
    """The lines of standard error when reading a plan fails in a way that nobody foresaw."""
    with mock.patch("gridplan.storage.read_plan", side_effect=error):
        return run(*options, "map", "outputs/town", status=3).stderr.strip().splitlines()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("a surprise\nin two lines"), "unexpected ValueError: a surprise in two lines"),
        (RecursionError("too deep"), "nested too deeply -> "),
        (KeyError("b1"), f"(gridplan {gp.__version__}) -> please report this; gridplan --debug"),
        (MemoryError(), "out of memory -> "),
        (OSError(errno.ENOSPC, "No space left on device", "plan.gpkg"), "plan.gpkg: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "p"), "p: Permission denied -> check"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_unexpected_error_is_one_line(error, words):
    lines = fail(error)
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert words in lines[0]


def test_the_trace_of_an_unexpected_error_is_shown_if_asked_for():
    lines = fail(ValueError("a surprise"), "--debug")
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith("error: unexpected ValueError: a surprise")


def test_the_clock_passes_every_step_to_its_display_and_keeps_the_seconds():
    steps = []
    clock = StageClock(lambda stage, done, total: steps.append((stage, done, total)))
    for step in (("reading", 0, 1), ("planning", 0, 2), ("planning", 1, 2)):
        clock(*step)
    clock.close()
    assert steps == [("reading", 0, 1), ("planning", 0, 2), ("planning", 1, 2)]
    assert list(clock.seconds) == ["reading", "planning"]


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp437", "latin-1", "utf-8"])
@pytest.mark.parametrize("words", [["locks", "p"], ["schema", "communities"]])
def test_a_console_shows_what_it_lacks_by_a_question_mark(tmp_path, encoding, words):
    plan = make_board_plan()
    rows = [{"lock": "building:h01", "level": "building", "of": "h01", "note": "因为 𠮷村 → 㙍村"}]
    lock = make_table("locks", rows)
    gp.write_plan(plan.replace(locks=lock), tmp_path / "p")
    narrow = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "gridplan", *words],
        capture_output=True,
        env={**narrow, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
    )
    assert done.returncode == 0
    # A slow machine says that it works.
    assert done.stderr.replace(b"working ...", b"").split() == []
    shown = done.stdout.decode(encoding)
    if words[0] == "locks":
        sent = "因为 𠮷村 → 㙍村".encode(encoding, "replace").decode(encoding)
        assert sent in shown
        assert ("?" in sent) == (encoding != "utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_output_to_a_full_disk_is_one_line_and_a_status():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gridplan", "schema", "communities"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "No space left" in done.stderr


def test_personal_columns_are_refused(tmp_path):
    frame = gpd.GeoDataFrame(
        {"户主姓名": ["某"], "floors": [1]},
        geometry=[box(5e5, 4e6, 5e5 + 10, 4e6 + 10)],
        crs="EPSG:32650",
    )
    frame.to_file(tmp_path / "b.gpkg")
    done = run("check", tmp_path / "b.gpkg", status=1)
    assert "户主姓名" in done.stderr


def test_check_shows_the_site_and_what_was_done_to_it():
    done = run("check", EXAMPLE)
    assert "households" in done.stdout
    assert "What was done to the data" in done.stdout


def test_the_schema_is_explained_in_both_languages():
    done = run("schema", "subgrids")
    assert "户数" in done.stdout
    assert "Land outline" in done.stdout
    assert "no table houses" in run("schema", "houses", status=2).stderr


def test_the_rules_are_printed_as_toml_that_can_be_read_back(tmp_path):
    (tmp_path / "r.toml").write_text(run("rules").stdout, encoding="utf-8")
    assert gp.Rules.from_file(tmp_path / "r.toml") == gp.Rules()


def test_the_version_is_printed():
    assert run("--version").stdout.strip() == f"gridplan {gp.__version__}"


def test_columns_can_be_named_on_the_line_or_in_the_rules_file(tmp_path):
    """Forty houses of ten households on a board; CS holds the floors and HS the households."""
    shapes = [
        box(
            5e5 + 30 * (i % 8),
            4e6 + 30 * (i // 8),
            5e5 + 30 * (i % 8) + 10,
            4e6 + 30 * (i // 8) + 10,
        )
        for i in range(40)
    ]
    frame = gpd.GeoDataFrame({"CS": [2] * 40, "HS": [10] * 40}, geometry=shapes, crs="EPSG:32650")
    frame.to_file(tmp_path / "b.gpkg")
    words = [
        "--column",
        "floors=CS",
        "--column",
        "buildings.households_observed=HS",
        "--set",
        "site.default_kind=urban",
    ]
    run("plan", tmp_path / "b.gpkg", "-o", tmp_path / "line", *words)
    plan = gp.read_plan(tmp_path / "line")
    assert plan.subgrids["households"].sum() == 400
    assert plan.site.buildings["floors"].tolist() == [2.0] * 40
    run(
        "plan",
        tmp_path / "b.gpkg",
        "-o",
        tmp_path / "file",
        "--rules",
        tmp_path / "line" / "plan.toml",
    )
    assert (tmp_path / "file" / "plan.gpkg").read_bytes() == (
        tmp_path / "line" / "plan.gpkg"
    ).read_bytes()


# Options


def list_options(name):
    """The options of a verb, by their long names, with help and kind."""
    command = typer.main.get_command(app).commands[name]
    return {
        item.opts[0]: (item.help, item.metavar, getattr(item, "multiple", None))
        for item in command.params
        if item.opts[0].startswith("--")
    }


def test_every_verb_that_reads_land_has_the_options_of_plan():
    """How land is read is one set of options, alike to the word wherever land may be named."""
    commands = typer.main.get_command(app).commands
    panels = (FROM, HOW)
    reading = {
        item.opts[0]
        for item in commands["plan"].params
        if getattr(item, "rich_help_panel", None) in panels
    } | {"--rules", "--set"}
    assert {"--communities", "--barriers", "--place", "--column", "--datum"} < reading
    as_plan = {
        name
        for name, command in commands.items()
        for item in command.params
        if "as `gridplan plan` reads it" in (getattr(item, "help", "") or "")
        or "OSM extract" in (getattr(item, "help", "") or "")
    }
    of_land = {"plan", "check", "households", "make"}
    of_plan = list_options("plan")
    assert as_plan == {*of_land, "redraw", "budget", "import", "frontier", "studio"}
    # The studio's newer land is one file, read by the words that the plan was read by.
    as_plan.discard("studio")
    for name in sorted(as_plan):
        options = list_options(name)
        assert reading - options.keys() == set(), name
        differ = [o for o in sorted(reading) if options[o] != of_plan[o]]
        assert differ == [], name


def test_frontier_reads_land_with_the_columns_of_the_rules(town, tmp_path):
    houses = gp.read_site(town / "town.gpkg").buildings.rename(columns={"floors": "CS"})
    houses[["CS", "geometry"]].to_file(tmp_path / "houses.gpkg")
    (tmp_path / "plan.toml").write_text('[columns]\nfloors = "CS"\n')
    limits = gp.read_site(town / "town.gpkg").communities
    limits.reset_index()[["community", "geometry"]].to_file(tmp_path / "limits.gpkg")
    words = ("--communities", tmp_path / "limits.gpkg", "--rules", tmp_path / "plan.toml")
    effort = ("--effort", "quick", "--community", limits.index[0])
    result = run("frontier", tmp_path / "houses.gpkg", *words, *effort)
    assert f"Trade-offs of {limits.index[0]}" in result.stdout
    wrong = run("frontier", tmp_path / "houses.gpkg", "--column", "floors=XX", *effort, status=1)
    assert "it has no column XX" in wrong.stderr


def test_every_verb_that_takes_limits_takes_all_files_of_a_site():
    from gridplan.cli.plan import FILES

    # the paths of a verb are named by their order, so one left out would name all wrong
    taken = {
        command.name: [param.name for param in command.params if param.name in FILES]
        for command in typer.main.get_command(app).commands.values()
    }
    taken = {name: files for name, files in taken.items() if "compounds" in files}
    assert {"plan", "make", "check", "import"} <= taken.keys()
    assert {name: files for name, files in taken.items() if files != list(FILES)} == {}
