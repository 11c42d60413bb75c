"""What leaves gridplan: places are tried before the work, files are whole, tables run nothing."""

import csv
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from gridplan.cli import app
from gridplan.cli.csv_output import write_csv, write_folder, write_tables
from gridplan.engine import parallel_map
from gridplan.engine.placement import write_files
from gridplan.engine.whole_files import draft_file, try_file, try_folder
from gridplan.errors import (
    EngineError,
    GridplanError,
    MissingPackageError,
    PlanError,
    UnwritableError,
)
from gridplan.plots import fonts
from gridplan.storage import read_plan, write_plan
from gridplan.synthetic.board_plan import make_board_plan
from gridplan.tables.csv_text import write_csv_text

ROOT = Path(__file__).parents[1]
RISKY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", "\n=1"]
SAFE = ["东湖", "a=b", "-2.5", "+3", "1-2", "-4%", "", "'=1"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return write_plan(make_board_plan(), tmp_path_factory.mktemp("outputs") / "plan")


def invoke(*words):
    """Run a command until it is refused; reading the plan would be its first work."""
    with mock.patch("gridplan.storage.read_plan", side_effect=AssertionError("work began")):
        return CliRunner().invoke(app, [str(w) for w in words])


# ---- tried first

WRITERS = [
    (("budget", "PLAN"), "--plot", "a.png"),
    (("budget", "PLAN"), "--csv", "a.csv"),
    (("simulate", "PLAN"), "--csv", "tables"),
    (("simulate", "PLAN"), "--map", "a.html"),
    (("surge", "PLAN"), "--plot", "a.png"),
    (("years", "PLAN"), "--map", "a.html"),
    (("compare", "PLAN", "PLAN"), "--csv", "tables"),
    (("compare", "PLAN", "PLAN"), "--plot", "a.png"),
    (("prove", "PLAN"), "--csv", "a.csv"),
    (("audit", "PLAN"), "--csv", "a.csv"),
    (("history", "PLAN"), "--csv", "a.csv"),
    (("frontier", "PLAN", "--community", "0301"), "-o", "a.png"),
    (("map", "PLAN"), "-o", "a.html"),
    (("brief", "PLAN"), "-o", "a.md"),
    (("staff", "PLAN"), "-o", "next"),
    (("release", "PLAN"), "-o", "next"),
    (("redraw", "PLAN"), "-o", "next"),
    (("alternatives", "PLAN"), "-o", "next"),
    (("bench", "PLAN"), "--curve", "a.csv"),
]


@pytest.mark.parametrize(("words", "option", "name"), WRITERS)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(plan, words, option, name):
    place = f"/proc/nope/{name}"
    words = [plan if word == "PLAN" else word for word in words]
    result = invoke(*words, option, place)
    assert isinstance(result.exception, UnwritableError), result.output
    assert "/proc/nope" in str(result.exception)
    assert "\n" not in str(result.exception)


def test_synth_tries_its_file_and_its_folder():
    for place in ("/proc/nope/town.gpkg", "/proc/nope/town"):
        assert isinstance(invoke("synth", place).exception, UnwritableError)


def test_a_missing_matplotlib_is_noticed_before_the_work(plan, tmp_path):
    with mock.patch.dict(sys.modules, {"matplotlib": None}):
        result = invoke("budget", plan, "--plot", tmp_path / "a.png")
    assert isinstance(result.exception, MissingPackageError)
    assert "pip install" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_dask_is_noticed_before_the_work(tmp_path):
    with mock.patch.dict(sys.modules, {"distributed": None}):
        result = invoke("plan", "nowhere.parquet", "-o", tmp_path / "p", "--engine", "dask")
    assert isinstance(result.exception, MissingPackageError)


@pytest.mark.parametrize("what", ["nothing", "another program"])
def test_a_scheduler_that_is_none_is_noticed_before_the_work(tmp_path, monkeypatch, what):
    monkeypatch.setattr(parallel_map.try_scheduler, "__defaults__", (0.3,))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if what == "nothing":
            server.close()
        else:

            def answer():
                with server.accept()[0] as caller:
                    caller.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

            threading.Thread(target=answer, daemon=True).start()
        place = f"tcp://127.0.0.1:{port}"
        words = ["plan", "nowhere.parquet", "-o", tmp_path / "p", "--scheduler", place]
        result = invoke(*words)
    assert isinstance(result.exception, EngineError)
    assert place in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_missing_font_is_noticed_before_the_work(plan, tmp_path, monkeypatch, order):
    monkeypatch.setattr(fonts, "FONTS", ("no such font",))
    options = [("--plot", tmp_path / "a.png"), ("--lang", "zh")][::order]
    result = invoke("budget", plan, *options[0], *options[1])
    assert isinstance(result.exception, MissingPackageError)
    assert "Chinese" in str(result.exception)


def test_a_picture_of_another_format_is_refused(plan, tmp_path):
    result = invoke("budget", plan, "--plot", tmp_path / "a.svg")
    assert result.exit_code == 2
    assert ".png" in result.output


def test_a_trial_leaves_nothing_behind(tmp_path):
    try_file(tmp_path / "a" / "b" / "c.csv")
    try_folder(tmp_path / "d" / "e")
    assert list(tmp_path.iterdir()) == []
    try_file("/dev/null")
    with pytest.raises(UnwritableError, match="is a folder"):
        try_file(tmp_path)


# ---- whole or not at all


def test_a_file_that_fails_half_way_is_not_there(tmp_path):
    (tmp_path / "old.txt").write_text("old", encoding="utf-8")

    def fail(name):
        with draft_file(tmp_path / name) as draft:
            draft.write_text("half", encoding="utf-8")
            raise OSError("full")

    for name in ("old.txt", "new/new.txt"):
        with pytest.raises(OSError, match="full"):
            fail(name)
    assert [p.name for p in tmp_path.iterdir()] == ["old.txt"]
    assert (tmp_path / "old.txt").read_text(encoding="utf-8") == "old"


def test_files_that_belong_together_are_all_written_or_none(tmp_path, monkeypatch):
    fsync = os.fsync
    calls = []

    def fail(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fail)
    tables = {name: pd.DataFrame({"a": [1]}) for name in ("one", "two", "three")}
    with pytest.raises(OSError, match="No space left"):
        write_folder(tables, tmp_path / "tables")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert [p.name for p in write_folder(tables, tmp_path / "tables")] == [
        "one.csv",
        "two.csv",
        "three.csv",
    ]


def test_a_file_is_readable_by_others_as_usual(tmp_path):
    write_files({tmp_path / "a": b"a"})
    with draft_file(tmp_path / "b") as draft:
        draft.write_bytes(b"b")
    (tmp_path / "c").write_bytes(b"c")
    assert len({(tmp_path / name).stat().st_mode for name in "abc"}) == 1


SMALL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
from gridplan.cli import main
sys.argv = ["gridplan", *sys.argv[2:]]
main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of files here")
@pytest.mark.parametrize("size", [4096, 300_000])
def test_a_disk_that_is_full_is_one_line_and_nothing_half(plan, tmp_path, size):
    shutil.copytree(plan, tmp_path / "plan")
    before = (tmp_path / "plan" / "plan.gpkg").read_bytes()
    for words in (("-o", tmp_path / "new"), ("--overwrite",)):
        words = ["edit", tmp_path / "plan", "lock all", *words]
        done = subprocess.run(
            [sys.executable, "-c", SMALL_DISK, str(size), *map(str, words)],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 3
        # A slow machine says how far it is before it.
        *progress, error = done.stderr.strip().splitlines()
        assert [line for line in progress if not re.match(r"working \.\.\.$| *\d+ s ", line)] == []
        assert "disk" in error
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]
    assert (tmp_path / "plan" / "plan.gpkg").read_bytes() == before
    assert not list((tmp_path / "plan").glob(".*"))


# ---- damaged plans


def damage(data, way, spot):
    place = int(len(data) * spot)
    ways = {
        "cut": data[:place],
        "empty": b"",
        "text": b"not a plan",
        "noise": data[:place] + bytes(range(1, 65)) + data[place + 64 :],
        "zeros": data[:place] + bytes(512) + data[place + 512 :],
    }
    return ways[way]


@pytest.mark.parametrize("format", ["gpkg", "parquet"])
def test_a_damaged_plan_is_refused_by_name_or_comes_back_whole(tmp_path, format):
    plan = make_board_plan()
    folder = write_plan(plan, tmp_path / "plan", format=format)
    files = {
        "gpkg": ["plan.gpkg"],
        "parquet": [
            f"tables/{n}" for n in ("buildings.parquet", "ledger.parquet", "manifest.json")
        ],
    }[format]
    refused = []
    for file in files:
        whole = (folder / file).read_bytes()
        for way in ("cut", "empty", "text", "noise", "zeros"):
            # A file that is empty, or another, is so wherever it would be damaged.
            for spot in (0.02, 0.3, 0.5, 0.97) if way in ("cut", "noise", "zeros") else (0.0,):
                (folder / file).write_bytes(damage(whole, way, spot))
                try:
                    back = read_plan(folder)
                except PlanError as error:
                    refused.append(str(error))
                else:  # where the damage is to bytes that hold nothing
                    pd.testing.assert_frame_equal(back.stairwells, plan.stairwells)
                    pd.testing.assert_frame_equal(back.site.buildings, plan.site.buildings)
                    assert back.manifest == plan.manifest
        (folder / file).write_bytes(whole)
    assert len(refused) >= 8 * len(files)
    assert all(" -> " in said and str(folder) in said for said in refused)


@pytest.mark.parametrize(
    ("entry", "value", "says"),
    [
        ("rules", "none", "the entry rules is not a table"),
        ("history", [1, 2], "the entry history is not a list of tables"),
        ("seed", "seven", "the entry seed is not a whole number"),
        ("figures", None, "the entry figures is not a table"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(tmp_path, entry, value, says):
    plan = make_board_plan().replace(manifest={"gridplan": "0.1.0"})
    folder = write_plan(plan, tmp_path / "plan", format="parquet")
    path = folder / "tables" / "manifest.json"
    path.write_text(path.read_text().replace("{", f'{{"{entry}": {_json(value)},', 1))
    with pytest.raises(PlanError, match=says):
        read_plan(folder)


def _json(value):
    import json

    return json.dumps(value)


@pytest.mark.parametrize("content", [b"", b'institution,community\n"a', b"\xb1\xe0\xba\xc5", None])
def test_a_file_of_pairs_that_is_missing_or_none_is_said_so(plan, tmp_path, content):
    file = tmp_path / "pairs.csv"
    if content is not None:
        file.write_bytes(content)
    words = ["pair", str(plan), "--existing", str(file), "--overwrite"]
    result = CliRunner(env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"}).invoke(app, words)
    assert result.exit_code == 2 or isinstance(result.exception, GridplanError)
    shown = "".join((result.output + str(result.exception)).split())
    assert "pairs.csv" in shown.replace("│", "")


# ---- tables for spreadsheets


def read_cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", RISKY)
def test_no_cell_code_or_heading_runs_as_a_formula(text):
    for table in (
        pd.DataFrame({"name": [text]}, index=["a"]),
        pd.DataFrame({"name": ["a"]}, index=pd.Index([text], name="code")),
        pd.DataFrame({text: ["a"]}, index=["a"]),
        pd.DataFrame({"name": pd.Categorical([text])}, index=["a"]),
        pd.DataFrame({"name": pd.array([text], dtype="string")}, index=["a"]),
    ):
        before = table.copy()
        cells = [cell for row in read_cells(write_csv_text(table)) for cell in row]
        assert f"'{text}" in cells
        assert text not in cells
        pd.testing.assert_frame_equal(table, before)


def test_numbers_stay_numbers_and_other_texts_stay_as_they_are():
    table = pd.DataFrame(
        {
            "text": SAFE,
            "whole": [-4, 3, -2, -1, 0, 1, 2, 3],
            "part": [-0.5] * 8,
            "gap": pd.array([None, *range(-7, 0)], dtype="Int64"),
            "mixed": [None, -1, "a", -2.5, True, "=1", 3, ""],
        }
    )
    rows = read_cells(write_csv_text(table, index=False))
    assert [row[0] for row in rows[1:]] == SAFE
    assert [row[1] for row in rows[1:]] == ["-4", "3", "-2", "-1", "0", "1", "2", "3"]
    assert {row[2] for row in rows[1:]} == {"-0.5"}
    assert [row[3] for row in rows[1:]] == ["", "-7", "-6", "-5", "-4", "-3", "-2", "-1"]
    assert [row[4] for row in rows[1:]] == ["", "-1", "a", "-2.5", "True", "'=1", "3", ""]


def test_every_way_to_write_a_table_is_guarded(tmp_path):
    table = pd.DataFrame({"name": ["=1+1"]}, index=pd.Index(["@a"], name="code"))
    write_csv(table, tmp_path / "a.csv")
    write_folder({"b": table}, tmp_path)
    write_tables({"c": table}, {}, tmp_path)
    for name in ("a", "b", "c"):
        data = (tmp_path / f"{name}.csv").read_bytes()
        assert data == b"\xef\xbb\xbfcode,name\n'@a,'=1+1\n"


def test_no_module_writes_csv_in_another_way():
    elsewhere = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gridplan").rglob("*.py")
        if ".to_csv(" in path.read_text(encoding="utf-8") or "csv.writer" in path.read_text("utf-8")
    }
    assert elsewhere <= {
        "gridplan/tables/csv_text.py",
        # the brief's own method, which goes the same way
        "gridplan/cli/brief.py",
        "gridplan/chain/handouts.py",
        "gridplan/publishing/release_seal.py",  # the text that a seal is made of, in no file
    }


def test_a_table_with_shapes_is_written_as_before():
    shapes = gpd.GeoDataFrame({"n": [1]}, geometry=gpd.points_from_xy([1], [2]))
    assert write_csv_text(shapes, index=False) == "n,geometry\n1,POINT (1 2)\n"
