"""Answers on who sits where: presence, the list of seats, revoking a link and giving a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.workbench.desk import Seat
from gridplan.workbench.register import read_where
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _note_here(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    session.host.register.hear(seat, read_where(message))
    return {"kind": "noted"}


def _list_seats(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "seats", "rows": session.host.register.describe()}


def _revoke(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    code = str(message["seat"])
    if code == seat.code:
        return refuse_question(
            "somebody leads",
            "a chief does not end the own link",
            "make a new one for yourself, or end the studio with Ctrl-C",
        )
    if not _is_seat(session, code):
        return _refuse_stranger(code)
    session.host.register.revoke(code)
    return _list_seats(session, seat, message)


def _make_link(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Give a seat a new link; its token goes to the chief who asked, and nowhere else."""
    code = str(message["seat"])
    if not _is_seat(session, code):
        return _refuse_stranger(code)
    token = session.host.register.issue(code)
    return {"kind": "new_link", "seat": code, "token": token}


def _is_seat(session: Session, code: str) -> bool:
    return any(row["code"] == code for row in session.host.register.describe())


def _refuse_stranger(code: str) -> Message:
    return refuse_question("seats are known", f"there is no seat {code}", "see the list of seats")


ANSWERS: Mapping[str, Answer] = {
    "here": _note_here,
    "seats": _list_seats,
    "revoke": _revoke,
    "new_link": _make_link,
}
