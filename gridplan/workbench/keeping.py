"""Answers on what is kept: versions, looking back at one, saving."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gridplan.storage.kept_versions import list_versions, name_version
from gridplan.storage.plan_folder import read_plan
from gridplan.storage.version_names import VersionNote, make_note, read_note
from gridplan.workbench.desk import Seat
from gridplan.workbench.segments import OtherPlanError, tell_time, tell_time_of
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _list_versions(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    folder = session.folder
    rows = [_describe_version(place.name, place) for place in reversed(list_versions(folder))]
    # The plan as it was saved last is the newest version, though it is not kept aside yet.
    return {"kind": "versions", "rows": rows, "now": _describe_version("", folder)}


def _describe_version(version: str, place: Path) -> Message:
    note = read_note(place) or VersionNote("")
    time = note.time or tell_time_of(place)
    return {"version": version, "time": time, "name": note.name, "by": note.by}


def _name_version(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    if seat.role != "chief":
        return refuse_question("seats have rights", "only the chief names versions", "ask")
    with session.saving:
        note = _make_note(seat, str(message["name"]))
        name_version(session.folder, str(message["version"]), note)
    return _list_versions(session, seat, message)


def _make_note(seat: Seat, name: str) -> VersionNote:
    return make_note(name, tell_time(), seat.office or seat.code)


def _look_back(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Say who would move if an earlier version were taken again."""
    known = {place.name: place for place in list_versions(session.folder)}
    name = str(message["version"])
    if name not in known:
        return refuse_question("versions are known", f"there is no version {name}", "see the list")
    member = read_plan(known[name]).stairwells["subgrid"]
    if set(member.index) != set(session.desk.board.stairwells):
        return refuse_question(
            "versions are of one land",
            f"version {name} has other homes",
            "compare it with gridplan compare",
        )
    now = session.desk.state.member
    then = member.reindex(session.desk.board.stairwells).to_numpy(object)
    homes = {
        str(session.desk.board.stairwells[row]): str(then[row])
        for row in np.flatnonzero(now != then)
    }
    return {"kind": "proposals", "job": 0, "rows": [session.propose(f"v{name}", homes)]}


def _save(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    if seat.role != "chief":
        return refuse_question("seats have rights", "only the chief saves", "ask the chief")
    name = str(message.get("name", ""))
    note = _make_note(seat, name) if name.strip() else None
    with session.saving:
        try:
            return session.write_down(note)
        except OtherPlanError as error:
            # The page then offers to keep the changes as a branch.
            return {**refuse_question("the plan is the one opened", str(error), ""), "other": True}


ANSWERS: Mapping[str, Answer] = {
    "versions": _list_versions,
    "name_version": _name_version,
    "look_back": _look_back,
    "save": _save,
}
