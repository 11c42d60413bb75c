"""Answers on newer land: what broke, the proposals, and accepting or dropping each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.workbench.desk import Seat
from gridplan.workbench.effects import count_moved
from gridplan.workbench.new_land import NewLand, find_statuses
from gridplan.workbench.proposals import make_proposal
from gridplan.workbench.session import Answer, Message, Session, refuse_question


def _list(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    land: NewLand = session.new_land
    statuses = find_statuses(session, land)
    rows = [
        {"number": number, "status": status, **_describe(session, land, number)}
        for number, status in enumerate(statuses, 1)
    ]
    return {"kind": "land_list", "rows": rows, "broken": land.broken}


def _describe(session: Session, land: NewLand, number: int) -> Message:
    homes = land.places[number - 1]
    proposal, state = make_proposal(session.desk, homes)
    first = next(iter(homes))
    board = session.desk.board
    moved = count_moved(board, proposal.effect)
    return {
        **session.compare(proposal.effect, state),
        "homes": homes,
        "moved": moved,
        "community": str(board.community[board.stairwells.get_loc(first)]),
        "subgrids": sorted(proposal.effect.subgrids),
    }


def _accept(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Accept a proposal, or all that are open, as one change."""
    land: NewLand = session.new_land
    numbers = _choose(session, message)
    homes = {home: code for n in numbers for home, code in land.places[n - 1].items()}
    proposal, _ = make_proposal(session.desk, homes)
    if not proposal.effect:
        return refuse_question("there is something to accept", "these homes are there already", "")
    event = session.desk.take(seat, str(message["id"]), proposal.effect, proposal.lines)
    for number in numbers:
        land.drop(number, False)
    return session.answer_event(seat, event)


def _drop(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Drop a proposal, or all that are open, or take a dropped one up again."""
    for number in _choose(session, message):
        session.new_land.drop(number, bool(message.get("drops", True)))
    session.publish({"kind": "land_changed"})
    return _list(session, seat, message)


def _choose(session: Session, message: Mapping[str, Any]) -> list[int]:
    """Choose the proposal that is named, or all that are open."""
    statuses = find_statuses(session, session.new_land)
    if message.get("number") is None:
        return [number for number, status in enumerate(statuses, 1) if status == "open"]
    number = int(message["number"])
    if not 1 <= number <= len(statuses):
        raise ValueError(f"there is no proposal {number}")
    return [number]


def _on_new_land(answer: Answer) -> Answer:
    """Refuse where there is no newer land."""

    def ask(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
        if session.new_land is None:
            return refuse_question(
                "there is newer land",
                "this plan is on its own land",
                "open it with gridplan studio PLAN --site NEWER",
            )
        return answer(session, seat, message)

    return ask


ANSWERS: Mapping[str, Answer] = {
    "land_list": _on_new_land(_list),
    "land_accept": _on_new_land(_accept),
    "land_drop": _on_new_land(_drop),
}
