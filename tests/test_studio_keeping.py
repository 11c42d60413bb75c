"""What the studio keeps: names of versions, branches, comparisons, scripts, and new land."""

import random
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gridplan.cli.app import app
from gridplan.errors import GridplanError, PlanError
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.redraw_plan import redraw
from gridplan.storage import kept_versions, read_plan, write_plan
from gridplan.storage.kept_versions import (
    list_versions,
    name_version,
    recall_version,
    replace_plan,
)
from gridplan.storage.version_names import make_note, read_note
from gridplan.synthetic import make_board_plan
from gridplan.workbench.answers import answer
from gridplan.workbench.branches import find_session, keep_stranded, list_branches
from gridplan.workbench.desk import Seat
from gridplan.workbench.new_land import open_new_land
from gridplan.workbench.session import Session

BOARD = (1, 1, 2, 2, 3, 3) * 2
CHIEF = Seat("chief", "planning office")
STREET = Seat("street", "street office")


@pytest.fixture
def folder(tmp_path):
    return write_plan(make_board_plan(BOARD), tmp_path / "plan")


@pytest.fixture
def start():
    """Open sessions, and close all of them at the end."""
    sessions = []

    def open_session(folder, *more):
        sessions.append(Session(folder, *more))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


def ask(session, kind, seat=CHIEF, **more):
    return answer(session, seat, {"kind": kind, **more})


def move(session, house, code, id, seat=CHIEF):
    desk = find_session(session, seat).desk
    seen = {f"{house}-1": str(desk.state.member[desk.board.stairwells.get_loc(f"{house}-1")])}
    return ask(session, "do", seat, id=id, lines=[f"move building {house} to {code}"], seen=seen)


# Names of versions


def test_a_name_goes_where_its_version_goes(folder):
    plan = read_plan(folder)
    name_version(folder, "", make_note("as drawn", "2026-11-29T10:00:00", "planning office"))
    changed = edit(plan, "move building h03 to 0301-001").plan
    version = replace_plan(changed, folder, overwrite=True, note=make_note("after the meeting"))
    assert (read_note(version).name, read_note(folder).name) == ("as drawn", "after the meeting")
    name_version(folder, "0001", make_note("first"))
    assert (read_note(version).name, read_note(folder).name) == ("first", "after the meeting")
    shown = CliRunner().invoke(app, ["history", str(folder)]).output
    assert "first" in shown
    assert "after the meeting" in shown
    recall_version(folder)
    assert read_note(folder).name == "first"
    # A plan that is written without a name has none.
    replace_plan(changed, folder, overwrite=True)
    assert read_note(folder) is None


def test_versions_with_a_name_are_not_removed_with_old_ones(folder, monkeypatch):
    monkeypatch.setattr(kept_versions, "KEPT", 2)
    plan = read_plan(folder)
    name_version(folder, "", make_note("as drawn"))
    for _ in range(4):
        replace_plan(plan, folder, overwrite=True)
    kept = list_versions(folder)
    assert [place.name for place in kept] == ["0001", "0003", "0004"]
    assert read_note(kept[0]).name == "as drawn"


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x07b"])
def test_names_can_be_read(folder, name):
    with pytest.raises(GridplanError, match="name of a version"):
        make_note(name)


def test_a_save_can_be_named_and_named_later(folder, start):
    session = start(folder)
    move(session, "h03", "0301-001", "a")
    saved = ask(session, "save", name="after the meeting")
    assert (saved["version"], saved["name"]) == ("0001", "after the meeting")
    named = ask(session, "name_version", version="0001", name="as drawn")
    assert [(row["version"], row["name"], row["by"]) for row in [*named["rows"], named["now"]]] == [
        ("0001", "as drawn", "planning office"),
        ("", "after the meeting", "planning office"),
    ]
    assert ask(session, "name_version", version="../..", name="x")["kind"] == "refused"
    # What comes after a save goes on being counted, also in the next studio.
    assert start(folder).desk.number == 1


# Branches


def whose(session, seat=CHIEF):
    """The sub-grid of every home on the branch where a seat is."""
    return find_session(session, seat).desk.state.member.tolist()


def test_seats_are_on_branches_of_their_own_and_disturb_nobody(folder, start):
    heard = []
    session = start(folder, heard.append)
    move(session, "h03", "0301-001", "a")
    made = ask(session, "make_branch", name="with a school")
    assert (made["branch"], made["branch_name"]) == ("0001", "with a school")
    move(session, "h04", "0301-003", "b")
    main = whose(session, STREET)
    assert main.count("0301-003") == 4
    assert whose(session).count("0301-003") == 5
    assert heard[-1].get("branch") in ("0001", None)
    # A page that still shows the plan itself must not change the branch.
    refused = ask(session, "do", id="c", lines=["lock all"], seen={}, on="")
    assert "another branch" in refused["reasons"][0]["message"]
    assert "called with a school" in str(ask(session, "make_branch", name="with  a school"))
    assert "works on this branch" in str(ask(session, "delete_branch", STREET, code="0001"))
    ask(session, "enter_branch", code="")
    rows = ask(session, "branches")["rows"]
    assert [(r["code"], r["unsaved"], r["here"]) for r in rows] == [
        ("", 1, True),
        ("0001", 2, False),
    ]
    compared = ask(session, "compare", against="branch", of="0001")
    assert [(r["building"], r["before"], r["after"]) for r in compared["rows"]] == [
        ("h04", "0301-002", "0301-003")
    ]
    taken = ask(session, "take_over", id="t", name=compared["name"])
    assert taken["event"]["kind"] == "proposal"
    assert whose(session) == whose(session, Seat("x")) != main
    left = ask(session, "delete_branch", code="0001")["rows"]
    assert [row["code"] for row in left] == [""]
    assert not list((folder / "studio" / "branches").iterdir())


def test_what_cannot_be_saved_is_kept_as_a_branch(folder, start):
    session = start(folder)
    move(session, "h03", "0301-001", "a")
    other = edit(read_plan(folder), "move building h04 to 0301-003").plan
    replace_plan(other, folder, overwrite=True)
    assert ask(session, "save")["other"]
    kept = ask(session, "leave_as_branch", name="mine")
    assert kept["branch_name"] == "mine"
    assert whose(session)[2] == "0301-001"
    assert whose(session, STREET) == other.stairwells["subgrid"].tolist()
    # The branch is a plan of its own, which is saved and read as any other.
    assert ask(session, "save")["kind"] == "saved"
    branch = read_plan(folder / "studio" / "branches" / "0001")
    assert branch.stairwells["subgrid"].tolist() == whose(session)
    assert read_plan(folder).stairwells["subgrid"].tolist() == whose(session, STREET)


def test_changes_of_an_earlier_version_are_kept_when_the_studio_opens(folder, start):
    session = start(folder)
    move(session, "h03", "0301-001", "a")
    wanted = whose(session)
    replace_plan(edit(read_plan(folder), "lock building h01").plan, folder, overwrite=True)
    branch = keep_stranded(folder)
    again = start(folder)
    assert (again.desk.number, list_branches(folder)) == (1, [branch])
    ask(again, "enter_branch", code=branch.code)
    assert whose(again) == wanted
    assert keep_stranded(folder) is None


def play(session, draw, steps):
    """Work at random on branches; returns what every branch should hold."""
    wanted = {"": whose(session)}
    here = ""
    for step in range(steps):
        kind = draw.choice(["do", "do", "do", "undo", "make", "enter", "save", "delete"])
        if kind == "do":
            codes = sorted(set(wanted[here]))
            move(session, f"h{draw.randint(1, 12):02d}", draw.choice(codes), f"do{step}")
        elif kind == "undo":
            ask(session, "undo", id=f"undo{step}")
        elif kind == "make" and len(wanted) < 4:
            wanted[made := ask(session, "make_branch", name=f"n{step}")["branch"]] = []
            here = made
        elif kind == "enter":
            here = draw.choice(sorted(wanted))
            ask(session, "enter_branch", code=here)
        elif kind == "save" and step % 3 == 0:
            assert ask(session, "save")["kind"] == "saved"
        elif kind == "delete":
            gone = draw.choice(sorted(wanted))
            if gone not in ("", here):
                assert ask(session, "delete_branch", code=gone)["kind"] == "branches"
                del wanted[gone]
        wanted[here] = whose(session)
    return wanted


@pytest.mark.parametrize("seed", [1, 2])
def test_every_branch_comes_back_as_it_was_left(folder, start, seed):
    session = start(folder)
    wanted = play(session, random.Random(seed), 10)
    # Nothing is closed or saved, as when the machine stops.
    again = start(folder)
    assert {row["code"] for row in ask(again, "branches")["rows"]} == set(wanted)
    for code, member in wanted.items():
        ask(again, "enter_branch", code=code)
        assert whose(again) == member


# Comparing, and the log


def test_the_day_is_compared_and_taken_back_without_others_work(folder, start, monkeypatch):
    days = iter([28])
    session = start(folder)
    session.desk._tell_time = lambda: f"2026-11-{next(days, 29)}T10:00:00"
    for module in ("comparing", "scripts"):
        monkeypatch.setattr(f"gridplan.workbench.{module}.tell_time", lambda: "2026-11-29T12:00:00")
    move(session, "h01", "0301-002", "a")
    ask(session, "save")
    move(session, "h03", "0301-001", "b")
    move(session, "h06", "0301-002", "c", STREET)
    compared = ask(session, "compare", against="day")
    assert [(r["building"], r["office"]) for r in compared["rows"]] == [
        ("h03", "planning office"),
        ("h06", "street office"),
    ]
    assert (compared["moved"], compared["before"]["0301-001"]["households"]) == (20, 30)
    then = ask(session, "compare_place", name=compared["name"], community="0301")
    assert then["codes"][then["subgrid"][2]] == "0301-002"
    assert set(then["outlines"]) == {"0301-001", "0301-002", "0301-003"}
    back = ask(session, "day_start", id="d")
    assert (back["event"]["moved"], back["was"]) == (10, 3)
    # What was changed yesterday stays, and so does what the street office did.
    assert [whose(session)[n] for n in (0, 2, 5)] == ["0301-002", "0301-002", "0301-002"]
    after = ask(session, "compare", against="change", of="3")
    assert [row["building"] for row in after["rows"]] == ["h03"]
    assert ask(session, "undo", id="e")["kind"] == "accepted"
    assert whose(session)[2] == "0301-001"
    one = ask(session, "compare", against="version", of="0001")
    assert [row["building"] for row in one["rows"]] == ["h01", "h03", "h06"]
    taken = ask(session, "take_over", id="f", name=one["name"], homes=["h06-1"])
    assert taken["event"]["moved"] == 10
    offices = ask(session, "offices")["rows"]
    assert [(r["office"], r["day"], r["saved"], r["changes"]) for r in offices] == [
        ("planning office", "2026-11-28", True, 1),
        ("planning office", "2026-11-29", False, 2),
        ("street office", "2026-11-29", False, 1),
    ]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("compare", {"against": "version", "of": "../.."}),
        ("compare", {"against": "proposal", "of": "9.9"}),
        ("compare", {"against": "change", "of": "x"}),
        ("compare", {"against": "branch", "of": "../.."}),
        ("compare_place", {"name": "saved:", "community": "0301"}),
        ("take_over", {"name": "saved:", "id": "x"}),
        ("day_start", {"id": "x"}),
        ("script", {}),
        ("enter_branch", {"code": "../.."}),
        ("delete_branch", {"code": ""}),
    ],
)
def test_what_is_not_there_is_refused_with_a_reason(shared, kind, more):
    answered = ask(shared, kind, **more)
    assert answered["kind"] == "refused"
    assert answered["reasons"][0]["message"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    place = write_plan(make_board_plan(BOARD), tmp_path_factory.mktemp("shared") / "plan")
    session = Session(place)
    yield session
    session.close()


def test_the_script_makes_the_same_bytes_in_a_process_of_its_own(folder, start, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    session = start(folder)
    move(session, "h03", "0301-001", "a")
    ask(session, "do", STREET, id="b", lines=["lock building h01 because school"], seen={})
    seen = {f"h{n:02d}-1": "0301-003" for n in (5, 6, 11, 12)}
    ask(session, "do", id="c", lines=["recode 0301-003 as 0301-009"], seen=seen)
    ask(session, "undo", id="d")
    move(session, "h04", "new", "e")
    script = ask(session, "script")["text"]
    ask(session, "save")
    file = tmp_path / "script.txt"
    file.write_text(script, encoding="utf-8")
    run = [sys.executable, "-m", "gridplan", "edit", str(copy), "--script", str(file)]
    done = subprocess.run([*run, "--overwrite"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    for name in ("plan.gpkg", "subgrids.csv", "plan.toml", "README.txt"):
        assert (copy / name).read_bytes() == (folder / name).read_bytes(), name


# Newer land


@pytest.fixture
def town(tmp_path):
    """A plan of 80 and 40 households; 50 to 70 are allowed, and one house is gone since."""
    plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    folder = write_plan(plan, tmp_path / "town")
    buildings = plan.site.buildings.drop(index="h12")
    return folder, plan.site.replace(buildings=buildings)


def open_land(start, town, files=None):
    folder, site = town
    session = start(folder)
    open_new_land(session, lambda: site, files or {"town.gpkg": "sha256:1"})
    return session


def test_newer_land_is_gone_through_and_saved_as_a_redraw(town, start, tmp_path, monkeypatch):
    folder, site = town
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    session = open_land(start, town)
    listed = ask(session, "land_list")
    assert {row["rule"] for row in listed["broken"]} >= {"over", "under", "home_gone"}
    (row,) = listed["rows"]
    assert (row["status"], row["number"]) == ("open", 1)
    assert row["moved"] == 10 * len(row["homes"]) > 0
    assert "neither accepted nor dropped" in ask(session, "save")["reasons"][0]["message"]
    assert ask(session, "land_drop", number=1)["rows"][0]["status"] == "dropped"
    # Without the newer land nobody can go on with it.
    without = start(folder)
    assert "--site" in ask(without, "enter_branch", code="0001")["reasons"][0]["message"]
    # Killed, and opened again: nothing is worked out again, and nothing is lost.
    monkeypatch.setattr("gridplan.workbench.new_land.stage_redraw", None)
    again = open_land(start, town)
    assert ask(again, "land_list")["rows"][0]["status"] == "dropped"
    assert ask(again, "land_accept", id="a")["kind"] == "refused"
    assert ask(again, "land_accept", id="b", number=1)["event"]["kind"] == "proposal"
    third = open_land(start, town)
    assert ask(third, "land_list")["rows"][0]["status"] == "accepted"
    monkeypatch.setattr("gridplan.workbench.new_land.tell_time", lambda: "2026-11-29T12:00:00")
    assert ask(third, "save")["anew"]
    after = redraw(read_plan(copy), site, date="2026-11-29", by="planning office")
    replace_plan(after, copy, overwrite=True)
    for name in ("plan.gpkg", "subgrids.csv", "README.txt"):
        assert (copy / name).read_bytes() == (folder / name).read_bytes(), name
    # All seats are on the new plan, and the branch is gone.
    assert ask(third, "hello")["branch"] == ""
    assert [r["code"] for r in ask(third, "branches")["rows"]] == [""]
    assert ask(third, "land_list")["kind"] == "refused"


def test_what_was_done_by_hand_on_newer_land_is_an_edit_after_it(town, start):
    folder, _ = town
    session = open_land(start, town)
    ask(session, "land_drop")
    move(session, "h04", "0301-002", "a")
    ask(session, "do", id="b", lines=["lock building h01"], seen={})
    wanted = whose(session)
    assert ask(session, "save")["kind"] == "saved"
    plan = read_plan(folder)
    assert plan.stairwells["subgrid"].tolist() == wanted
    assert [step["verb"] for step in plan.manifest["history"]] == ["redraw", "edit"]
    assert plan.locks.index.tolist() == ["building:h01"]


def test_newer_land_waits_until_changes_are_saved(town, start):
    folder, site = town
    session = start(folder)
    move(session, "h04", "0301-002", "a")
    with pytest.raises(PlanError, match="1 changes that are not saved"):
        open_new_land(session, lambda: site, {})
