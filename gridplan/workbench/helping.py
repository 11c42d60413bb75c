"""Answers on help: repair and redraw in a process of their own, and their proposals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.workbench.desk import Seat
from gridplan.workbench.jobs import HelpJob, Standing
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _help(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    session.jobs += 1
    kind = "repair"
    if message.get("community"):
        kind = "budget" if message.get("most_moved") is None else "redraw"
    job = HelpJob(
        session.jobs,
        kind,
        tuple(str(code) for code in message.get("subgrids", ())),
        str(message.get("community", "")),
        float(message.get("most_moved") or 0.0),
    )
    # The newest state with its locks, whether its outlines are drawn already or not.
    state = session.desk.state
    standing = Standing(session.base, state.member, state.centres, state.locks)
    if not session.worker.start(job, standing):
        return refuse_question("few jobs wait", "too much help is asked for at once", "wait")
    return {"kind": "job", "job": job.number, "stage": "starting", "done": 0, "of": 1}


def _cancel(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "cancelled", "was": session.worker.cancel(int(message.get("job", 0)))}


ANSWERS: Mapping[str, Answer] = {
    "help": _help,
    "cancel": _cancel,
}
