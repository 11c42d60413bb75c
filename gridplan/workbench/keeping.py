"""Answers on what is kept: versions with their names, and saving."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridplan.storage.kept_versions import list_versions, name_version
from gridplan.storage.version_names import VersionNote, make_note, read_note
from gridplan.workbench.desk import Seat
from gridplan.workbench.new_land import save_new_land
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
    with session.saving:
        note = _make_note(seat, str(message["name"]))
        name_version(session.folder, str(message["version"]), note)
    return _list_versions(session, seat, message)


def _make_note(seat: Seat, name: str) -> VersionNote:
    return make_note(name, tell_time(), seat.office or seat.code)


def _save(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    name = str(message.get("name", ""))
    note = _make_note(seat, name) if name.strip() else None
    with session.saving if session.new_land is None else session.host.saving:
        try:
            if session.new_land is not None:
                return save_new_land(session, seat, note)
            return session.write_down(note)
        except OtherPlanError as error:
            # The page then offers to keep the changes as a branch.
            return {**refuse_question("the plan is the one opened", str(error), ""), "other": True}


ANSWERS: Mapping[str, Answer] = {
    "versions": _list_versions,
    "name_version": _name_version,
    "save": _save,
}
