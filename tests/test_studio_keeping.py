"""What the studio keeps: names of versions, branches, comparisons, scripts, and new land."""

import pytest
from typer.testing import CliRunner

from gridplan.cli.app import app
from gridplan.errors import GridplanError
from gridplan.redrawing.editing.edit_plan import edit
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
from gridplan.workbench.desk import Seat
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
    return ask(session, "do", seat, id=id, lines=[f"move building {house} to {code}"], seen=None)


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
