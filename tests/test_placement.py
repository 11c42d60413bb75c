"""Plans put in place: whole whatever step they are killed at, and by one run at a time."""

import builtins
import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import gridplan as gp
from benchmarks.crash_points import judge, photograph
from gridplan.city.city_plan import plan_city
from gridplan.city.read_part import find_tables
from gridplan.cli import app
from gridplan.cli.csv_output import write_csv, write_folder
from gridplan.engine import placement
from gridplan.engine.placement import PLACING, locate
from gridplan.engine.reservation import LOCK_FILE, reserve_folder
from gridplan.engine.whole_files import DRAFTS, draft_file
from gridplan.errors import OutputExistsError, PlanBusyError, PlanError, UnwritableError
from gridplan.publishing.release_plan import release
from gridplan.storage import plan_folder as room
from gridplan.storage import read_plan, reserve_plan, write_plan
from gridplan.storage.formats import TABLES, Writer
from gridplan.storage.kept_versions import list_versions, recall_version, replace_plan
from gridplan.synthetic.board_plan import make_board_plan
from gridplan.synthetic.city import write_city
from gridplan.synthetic.town import lay_out_town

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "gridplan")
FORMATS = ["gpkg", "parquet"]
THIN = ("manifest.json", "subgrids.parquet", "neighbours.parquet")
CHANGES = [(old, new) for old in FORMATS for new in FORMATS]
STEPS = (
    "rename",
    "replace",
    "link",
    "unlink",
    "remove",
    "rmdir",
    "mkdir",
    "fsync",
    "open",
    "chmod",
)


class Killed(BaseException):
    """What a process does not survive: from here on it touches nothing."""


class MortalDisk:
    """A disk that counts the steps on files, and kills the run at one of them."""

    def __init__(self, fatal):
        self.fatal = fatal
        self.count = 0
        self.paused = False

    def step(self, take, is_counted=lambda *_, **__: True):
        def stand_in(*args, **kwargs):
            if not self.paused and is_counted(*args, **kwargs):
                if self.count >= self.fatal:
                    raise Killed
                self.count += 1
            return take(*args, **kwargs)

        return stand_in

    @contextmanager
    def watch(self, patch):
        def writes(file, mode="r", *_, **__):
            return any(letter in mode for letter in "wax+")

        with patch.context() as within:
            for name in STEPS:
                within.setattr(os, name, self.step(getattr(os, name)))
            # counted, but not waited for: the test would take minutes
            within.setattr(os, "fsync", self.step(lambda handle: None))
            opening = self.step(io.open, writes)
            within.setattr(io, "open", opening)
            within.setattr(builtins, "open", opening)
            yield


@pytest.fixture(scope="module")
def plans():
    first = make_board_plan()
    return first, first.replace(manifest={**first.manifest, "seed": 7})


@pytest.fixture(scope="module")
def ready(plans, tmp_path_factory):
    """Both plans in both formats, written once and thinned out: a kill is about where files go."""
    home = tmp_path_factory.mktemp("ready")
    written = {
        (number, format): write_plan(plan, home / f"{number}{format}", format=format)
        for number, plan in enumerate(plans)
        for format in FORMATS
    }
    for number in range(len(plans)):  # each file is a step more at each of the steps
        for file in (written[number, "parquet"] / TABLES).iterdir():
            if file.name not in THIN:
                file.unlink()
    return written


def read_whole(folder, find=locate):
    """The bytes of the plan as it counts, wherever they are."""
    whole = {}
    for name in room.OWN_FILES:
        place = find(folder, name)
        if place.is_dir():
            whole |= {f"{name}/{file.name}": file.read_bytes() for file in sorted(place.iterdir())}
        elif place.exists():
            whole[name] = place.read_bytes()
    return whole


def find_plainly(folder, name):
    return Path(folder) / name


def copy_data(source, target):
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def kill_everywhere(monkeypatch, tmp_path, prepare, act):
    """Run an act until its n-th step for every n; yields each folder that is left behind."""
    fatal = 0
    while True:
        folder = tmp_path / f"{fatal}"
        prepare(folder)
        disk = MortalDisk(fatal)
        try:
            with disk.watch(monkeypatch):
                act(folder, disk)
        except Killed:
            yield folder
        else:
            yield folder
            return
        shutil.rmtree(folder, ignore_errors=True)
        fatal += 1


def write_ready(monkeypatch, disk, source):
    """Let the writer of plans copy one that is ready: its own steps are GDAL's and Arrow's."""

    def write(plan, path):
        disk.paused = True
        copy_data(source / path.name, path)
        disk.paused = False

    for name, writer in room.WRITERS.items():
        monkeypatch.setitem(room.WRITERS, name, Writer(writer.file, write))


def put_in_order(folder):
    """What the next run that writes does first."""
    with reserve_plan(folder, overwrite=True):
        pass
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_first_plan_or_release_killed_at_any_step_is_whole_or_not_there(
    tmp_path, monkeypatch, plans, ready, format
):
    new = read_whole(ready[1, format])

    def act(folder, disk):
        write_ready(monkeypatch, disk, ready[1, format])
        write_plan(plans[1], folder, format=format)

    seen = []
    for folder in kill_everywhere(monkeypatch, tmp_path, lambda folder: None, act):
        whole = read_whole(folder)
        assert whole in ({}, new)
        seen.append(bool(whole))
        if not whole:
            with pytest.raises(PlanError, match="there is no plan"):
                read_plan(folder)
        if folder.exists():
            put_in_order(folder)
        assert read_whole(folder, find_plainly) == whole
    assert seen == sorted(seen)
    assert len(seen) > 20


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_plan_written_over_is_the_old_or_the_new_at_any_step(
    tmp_path, monkeypatch, plans, ready, old, new
):
    before, after = read_whole(ready[0, old]), read_whole(ready[1, new])

    def act(folder, disk):
        write_ready(monkeypatch, disk, ready[1, new])
        write_plan(plans[1], folder, format=new, overwrite=True)

    seen = []
    for folder in kill_everywhere(
        monkeypatch, tmp_path, lambda folder: shutil.copytree(ready[0, old], folder), act
    ):
        whole = read_whole(folder)
        assert whole in (before, after)
        seen.append(whole == after)
        put_in_order(folder)
        assert read_whole(folder, find_plainly) == whole
    assert seen == sorted(seen)
    assert {True, False} == set(seen[:-1])


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_an_edit_killed_at_any_step_keeps_its_version_if_and_only_if_it_was_carried_out(
    tmp_path, monkeypatch, plans, ready, old, new
):
    before, after = read_whole(ready[0, old]), read_whole(ready[1, new])
    monkeypatch.setattr(room, "LARGE", 0 if new == "parquet" else 1e9)

    def act(folder, disk):
        write_ready(monkeypatch, disk, ready[1, new])
        replace_plan(plans[1], folder, overwrite=True)

    seen = []
    for folder in kill_everywhere(
        monkeypatch, tmp_path, lambda folder: shutil.copytree(ready[0, old], folder), act
    ):
        whole = read_whole(folder)
        assert whole in (before, after)
        seen.append(whole == after)
        put_in_order(folder)
        assert read_whole(folder, find_plainly) == whole
        kept = [read_whole(version, find_plainly) for version in list_versions(folder)]
        assert kept == ([before] if whole == after else [])
    assert seen == sorted(seen)
    assert {True, False} == set(seen[:-1])


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_an_undo_killed_at_any_step_is_done_or_not_begun(tmp_path, monkeypatch, ready, old, new):
    before, after = read_whole(ready[0, old]), read_whole(ready[1, new])

    def prepare(folder):
        shutil.copytree(ready[1, new], folder)
        shutil.copytree(ready[0, old], folder / "versions" / "0001")

    seen = []
    for folder in kill_everywhere(
        monkeypatch, tmp_path, prepare, lambda folder, _: recall_version(folder)
    ):
        whole = read_whole(folder)
        assert whole in (before, after)
        seen.append(whole == before)
        put_in_order(folder)
        assert read_whole(folder, find_plainly) == whole
        assert len(list_versions(folder)) == (whole == after)
        undone = read_whole(folder / "versions" / "undone", find_plainly)
        assert undone == ({} if whole == after else after)
    assert seen == sorted(seen)
    assert {True, False} == set(seen[:-1])


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_plan_on_its_way_to_its_place_is_read_from_there(tmp_path, monkeypatch, plans, old, new):
    def die(*_):
        raise Killed

    folder = write_plan(plans[0], tmp_path / "plan", format=old)
    with monkeypatch.context() as patch:
        patch.setattr(placement, "_carry_out", die)
        with pytest.raises(Killed):
            write_plan(plans[1], folder, format=new, overwrite=True)
    assert (folder / PLACING).exists()
    assert read_plan(folder).manifest["seed"] == 7
    assert read_plan(folder / {"gpkg": "plan.gpkg", "parquet": TABLES}[new]).manifest["seed"] == 7
    assert (find_tables(folder) is not None) == (new == "parquet")
    with pytest.raises(OutputExistsError):
        write_plan(plans[1], folder)
    write_plan(plans[0], folder, format=old, overwrite=True)
    assert read_plan(folder).manifest["seed"] != 7
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_what_killed_runs_left_behind_is_cleared_by_the_next_that_writes(tmp_path, plans):
    folder = write_plan(plans[0], tmp_path / "plan")
    (folder / ".writing-abc" / "tables").mkdir(parents=True)
    (folder / ".writing-abc" / "tables" / "half.parquet").write_bytes(b"PAR1")
    write_plan(plans[1], folder, overwrite=True)
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_a_release_goes_into_the_folder_that_a_killed_run_left(tmp_path, plans):
    (tmp_path / "leaving" / ".writing-abc" / "tables").mkdir(parents=True)
    (tmp_path / "leaving" / f"{DRAFTS}abc").mkdir()
    write_plan(release(plans[0]), tmp_path / "leaving")
    assert [p.name for p in (tmp_path / "leaving").iterdir() if p.name.startswith(".")] == []


def test_every_crash_point_of_verbs_that_write_leaves_the_old_or_the_new(tmp_path):
    """A sample of ``python -m benchmarks crash_points``: what needs no plan."""
    tables = [pd.DataFrame({"a": [n]}) for n in (1, 2)]
    folder = tmp_path / "run"
    acts = {
        "town": lambda n: write_city(
            lay_out_town(1, 0.0, 60 + n, seed=1), folder / "town", workers=1
        ),
        "tables": lambda n: write_folder({"one": tables[n], "two": tables[n]}, folder / "tables"),
        "page.csv": lambda n: write_csv(tables[n], folder / "page.csv"),
    }
    folder.mkdir()
    for act in acts.values():
        act(0)
    for name, act in acts.items():
        copies = photograph(folder, partial(act, 1), tmp_path / "album" / name)
        tried, wrong = judge(copies, [[name]])
        assert wrong == []
        assert tried > 5


# ---- two at once

HOLD = """
import sys, time
from gridplan.storage import reserve_plan
with reserve_plan(sys.argv[1], overwrite=True):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path, plans):
    """A plan folder that another process holds."""
    folder = write_plan(plans[0], tmp_path / "plan")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout.readline() == b"held\n"
    yield folder, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_run_hears_who_holds_the_plan_and_changes_nothing(holder, tmp_path):
    folder, process = holder
    before = read_whole(folder)
    for words in (
        ["edit", folder, "lock all", "--overwrite"],
        ["repair", folder, "--overwrite"],
        ["staff", folder, "--overwrite"],
        ["plan", "nowhere.gpkg", "-o", folder, "--overwrite"],
    ):
        with pytest.raises(PlanBusyError) as caught:
            CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)
        said = str(caught.value)
        assert f"process {process.pid} on " in said
        assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", said)
        assert "\n" not in said
    assert read_whole(folder) == before
    assert read_plan(folder)  # readers are not kept out
    words = [*COMMAND, "edit", folder, "lock all", "--overwrite"]
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.strip("working. ")]
    assert len(said) == 1


def test_a_second_city_run_on_the_folder_is_refused(holder):
    with pytest.raises(PlanBusyError, match="is being written by process"):
        plan_city("town", holder[0], overwrite=True)
    with pytest.raises(PlanBusyError, match="is being written by process"):
        write_city(lay_out_town(1, 0.0, 60, seed=1), holder[0], workers=1)


def test_drafts_of_killed_runs_are_cleared_and_those_being_written_stay(tmp_path):
    (tmp_path / f"{DRAFTS}killed").mkdir()
    with draft_file(tmp_path / "one.txt") as one:
        one.write_text("1")
        with draft_file(tmp_path / "two.txt") as two:
            two.write_text("2")
        assert one.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.txt", "two.txt"]


def test_a_run_that_is_killed_holds_nothing(holder, plans):
    folder, process = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / LOCK_FILE).exists()
    write_plan(plans[1], folder, overwrite=True)
    assert not (folder / LOCK_FILE).exists()


def test_of_many_edits_at_once_each_is_carried_out_or_refused(tmp_path, plans):
    folder = write_plan(plans[0], tmp_path / "plan")
    edits = [
        subprocess.Popen(
            [*COMMAND, "edit", folder, f"lock building h0{n}", "--overwrite"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in (1, 2, 3)
    ]
    said = [edit.communicate()[1] for edit in edits]
    carried_out = [n for n, edit in enumerate(edits, 1) if edit.returncode == 0]
    assert len(read_plan(folder).locks) == len(carried_out) >= 1
    for edit, words in zip(edits, said, strict=True):
        assert edit.returncode == 0 or (edit.returncode == 2 and "is being written by" in words)


def test_a_thread_may_hold_a_folder_twice_and_another_may_not(tmp_path):
    refusals = []

    def reserve():
        try:
            with reserve_folder(tmp_path):
                pass
        except PlanBusyError as error:
            refusals.append(str(error))

    with reserve_folder(tmp_path), reserve_folder(tmp_path):
        other = threading.Thread(target=reserve)
        other.start()
        other.join()
    assert len(refusals) == 1
    assert "this one" in refusals[0]
    with reserve_folder(tmp_path):
        pass


def test_a_plan_that_another_program_changed_meanwhile_is_not_written_over(tmp_path, plans):
    folder = write_plan(plans[0], tmp_path / "plan")
    with reserve_plan(folder, overwrite=True):
        plan = read_plan(folder)
        with closing(sqlite3.connect(folder / "plan.gpkg")) as database, database:
            database.execute("UPDATE manifest SET value = '9' WHERE key = 'seed'")
        with pytest.raises(PlanBusyError, match="has changed since it was read"):
            write_plan(plan, folder, overwrite=True)
    assert read_plan(folder).manifest["seed"] == 9
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_a_plan_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch, plans):
    folder = write_plan(plans[0], tmp_path / "plan", format="parquet")
    read = room.READERS[TABLES]
    readings = []

    def read_slowly(place):
        found = read(place)
        readings.append(place)
        if len(readings) == 1:
            write_plan(plans[1], folder, format="parquet", overwrite=True)
        return found

    monkeypatch.setitem(room.READERS, TABLES, read_slowly)
    assert read_plan(folder).manifest["seed"] == 7
    assert len(readings) == 2


def test_four_threads_write_the_same_bytes(tmp_path, plans):
    threads = [
        threading.Thread(target=write_plan, args=(plans[0], tmp_path / f"{n}")) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(tmp_path / f"{n}" / "plan.gpkg").read_bytes() for n in range(4)}) == 1


# ---- places that cannot be written


@pytest.mark.parametrize("place", ["/proc/nope/plan", "/dev/null/plan"])
def test_a_place_that_cannot_be_made_is_refused_before_the_work(place):
    with pytest.raises(UnwritableError, match=f"{place} cannot be written: .* -> "):
        CliRunner().invoke(app, ["plan", "nowhere.gpkg", "-o", place], catch_exceptions=False)


def test_a_read_only_disk_is_refused_before_the_work(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnwritableError, match="Read-only file system"), reserve_plan(tmp_path):
        raise AssertionError("the work began")


def test_a_refusal_leaves_no_folders_behind(tmp_path):
    with pytest.raises(gp.errors.InputError):
        CliRunner().invoke(
            app, ["plan", "nowhere.gpkg", "-o", str(tmp_path / "a" / "b")], catch_exceptions=False
        )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "plan.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError), reserve_plan(tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["plan.toml"]
