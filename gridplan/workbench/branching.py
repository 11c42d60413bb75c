"""Answers on branches: list, make, go to, delete, and keep changes that cannot be saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.workbench.branches import (
    HOME,
    LAND,
    delete_branch,
    enter_branch,
    find_session,
    leave_as_branch,
    list_branches,
    make_branch,
)
from gridplan.workbench.desk import Seat
from gridplan.workbench.journal import read_journal
from gridplan.workbench.segments import FOLDER, list_segments
from gridplan.workbench.session import Answer, Message, Session


def describe_place(session: Session) -> Message:
    """Say on which branch a session is."""
    names = {branch.code: branch.name for branch in list_branches(session.host.folder)}
    return {
        "branch": session.branch,
        "branch_name": names.get(session.branch, ""),
        "new_land": session.new_land is not None,
    }


def _list(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    host = session.host
    used = {host.first, *host.places.values()}
    rows: list[Message] = [{"code": "", "name": "", "made": "", "by": "", "here": False}]
    rows += [
        {"code": b.code, "name": b.name, "made": b.made, "by": b.by, "here": False}
        for b in list_branches(host.folder)
    ]
    for row in rows:
        row["here"] = row["code"] == session.branch
        row["used"] = row["code"] in used or row["here"]
        place = host.folder / FOLDER / HOME / row["code"]
        row["land"] = bool(row["code"]) and (place / LAND).is_file()
        row["unsaved"] = _count_unsaved(host, row["code"])
    return {"kind": "branches", "rows": rows}


def _count_unsaved(host: Session, code: str) -> int:
    """Count the changes of a branch since it was last saved, whether it is open or not."""
    session = host.branches.get(code, host if not code else None)
    if session is not None:
        return session.desk.number - session.saved_number
    segments = list_segments(host.folder / FOLDER / HOME / code)
    return len(read_journal(segments[-1]).entries) if segments else 0


def _make(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    with session.host.saving:
        branch = make_branch(session, str(message["name"]), seat.office or seat.code)
        enter_branch(session.host, seat, branch.code)
    return _say_moved(session, seat)


def _enter(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    with session.host.saving:
        enter_branch(session.host, seat, str(message["code"]))
    return _say_moved(session, seat)


def _delete(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    with session.host.saving:
        delete_branch(session.host, str(message["code"]))
    return _list(session, seat, message)


def _leave(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    with session.host.saving:
        leave_as_branch(session, seat, str(message["name"]))
    # All others now look at the plan that is on disk.
    session.host.publish({"kind": "anew"})
    return _say_moved(session, seat)


def _say_moved(session: Session, seat: Seat) -> Message:
    """Say where a seat is now, to its other pages too."""
    here = find_session(session.host, seat)
    message = {"kind": "moved", "seat": seat.code, **describe_place(here)}
    session.host.publish(message)
    return message


ANSWERS: Mapping[str, Answer] = {
    "branches": _list,
    "make_branch": _make,
    "enter_branch": _enter,
    "delete_branch": _delete,
    "leave_as_branch": _leave,
}
