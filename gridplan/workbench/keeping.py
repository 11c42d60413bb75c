"""Answers on what is kept: versions, looking back at one, saving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridplan.storage.kept_versions import list_versions
from gridplan.storage.plan_folder import read_plan
from gridplan.workbench.desk import Seat
from gridplan.workbench.segments import tell_time_of
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _list_versions(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    rows = [
        {"version": place.name, "time": tell_time_of(place)}
        for place in reversed(list_versions(session.folder))
    ]
    return {"kind": "versions", "rows": rows}


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
    with session.saving:
        return session.write_down()


ANSWERS: Mapping[str, Answer] = {
    "versions": _list_versions,
    "look_back": _look_back,
    "save": _save,
}
