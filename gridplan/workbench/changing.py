"""Answers on the plan as it stands and on changes of it: open, try, do, undo, suggest, log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gridplan.workbench.branching import describe_place
from gridplan.workbench.colouring import list_tones
from gridplan.workbench.desk import Seat
from gridplan.workbench.opening import describe_community, describe_plan
from gridplan.workbench.refusals import put_into_words
from gridplan.workbench.session import Answer, Message, Session, list_figures, refuse_question
from gridplan.workbench.suggestions import find_suggestion, list_far


def _welcome(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {
        "kind": "welcome",
        "name": session.host.folder.name,
        **describe_place(session),
        "seat": {
            "code": seat.code,
            "office": seat.office,
            "role": seat.role,
            "communities": sorted(seat.communities),
        },
        "seats": session.host.register.describe(),
        "lost": session.lost,
        "origin": [session.origin.x, session.origin.y],
        **describe_plan(session.desk, session.origin, session.figures),
        **session.describe_state(seat),
    }


def _open(session: Session, seat: Seat, question: Mapping[str, Any]) -> Message:
    community = str(question["community"])
    if community not in session.base.site.communities.index:
        return refuse_question(
            "communities are known", f"there is no community {community}", "reload"
        )
    described = describe_community(
        session.desk, community, session.draughtsman.latest, session.origin
    )
    mine = session.figures[session.figures.index.isin(described["codes"])]
    tones = list_tones(session.desk, described["codes"])
    return {"kind": "community", "figures": list_figures(mine), "tones": tones, **described}


def _do(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    seen = {str(k): str(v) for k, v in dict(message["seen"]).items()}
    lines = [str(line) for line in message["lines"]]
    return session.answer_event(seat, session.desk.do(seat, str(message["id"]), lines, seen))


def _undo(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return session.answer_event(seat, session.desk.undo(seat, str(message["id"])))


def _redo(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return session.answer_event(seat, session.desk.redo(seat, str(message["id"])))


def _revert(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    event = session.desk.revert(seat, str(message["id"]), int(message["number"]))
    return session.answer_event(seat, event)


def _take(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    proposal = session.proposals[str(message["proposal"])]
    event = session.desk.take(seat, str(message["id"]), proposal.effect, proposal.lines)
    return session.answer_event(seat, event)


def _try(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    trial = session.desk.try_lines([str(line) for line in message["lines"]])
    return {
        "kind": "tried",
        "lines": list(trial.lines),
        "warnings": put_into_words(trial.warnings, message),
    } | (session.compare(trial.effect, trial.state))


def _suggest(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    desk = session.desk
    code = str(message["subgrid"])
    suggestion = find_suggestion(desk, code)
    cure = suggestion.cure
    community = desk.state.lies_in.get(code, "")
    band = desk.board.get_problem(community)[0].band if community else None
    return {
        "kind": "suggested",
        "subgrid": code,
        "lines": list(suggestion.lines),
        "how": cure.how if cure else "",
        "homes": list(cure.homes) if cure else [],
        "into": cure.into if cure else "",
        "parts": cure.parts if cure else 0,
        "tried": dict(suggestion.tried),
        "beside": [list(pair) for pair in suggestion.beside],
        "band": [band.low, band.target, band.high] if band else [],
    }


def _list_locks(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    locks = session.desk.state.locks
    rows = [
        {"name": str(name), "level": str(level), "of": str(of), "note": str(note)}
        for name, level, of, note in zip(
            locks.index, locks["level"], locks["of"], locks["note"], strict=True
        )
    ]
    return {"kind": "locks", "rows": rows}


def _list_far(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "far", "rows": [asdict(f) for f in list_far(session.desk, session.figures)]}


def _list_log(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "log", "events": [event.to_data() for event in session.desk.events]}


ANSWERS: Mapping[str, Answer] = {
    "hello": _welcome,
    "open": _open,
    "do": _do,
    "undo": _undo,
    "redo": _redo,
    "revert": _revert,
    "take": _take,
    "try": _try,
    "suggest": _suggest,
    "far": _list_far,
    "log": _list_log,
    "locks": _list_locks,
}
