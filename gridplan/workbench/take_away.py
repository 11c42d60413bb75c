"""Taking away: files of what is on the screen, made apart and fetched once by the seat that asked.

No name or path of a file comes from the page: it names a kind that is known here,
and later the ticket that it was given. What is not saved is stamped as a draft.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

from gridplan.workbench.desk import Seat
from gridplan.workbench.files_to_take import KINDS, make_file
from gridplan.workbench.files_waiting import COUNTER, KEPT, TakenFile
from gridplan.workbench.orders import Order
from gridplan.workbench.segments import tell_time
from gridplan.workbench.session import Answer, Message, Session, refuse_question, say_both

_PAPERS = ("A4", "A3")


def _look(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Say what can be taken away, and what a kind needs that is not installed."""
    kinds = [
        {"name": name, "lacks": [package for package in kind.needs if find_spec(package) is None]}
        for name, kind in KINDS.items()
    ]
    return {
        "kind": "kinds",
        "kinds": kinds,
        "running": session.taking.is_running,
        "install": "pip install 'gridplan[report]'",
    }


def _take(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Begin to make a file of the newest state; it is laid out under a ticket."""
    what = str(message["what"])
    if what not in KINDS:
        return refuse_question("kinds are known", "this cannot be taken away", "see the list")
    if session.taking.is_running:
        return refuse_question("one file at a time", "another file is being made", "wait")
    with session.guard:
        state, number, saved = session.desk.state, session.desk.number, session.saved_number
        base = session.base
    # Drawn behind the changes already, or now; people and reach are of the saved plan alone.
    is_draft = number != saved
    plan = base
    if is_draft:
        drawn = session.draughtsman.draw(state, number)
        # Another change may have been drawn meanwhile, and is on the screen too.
        plan, number = drawn.plan.replace(locks=state.locks), max(number, drawn.number)
    order = Order(
        what,
        session.folder.name,
        "zh" if message.get("lang") == "zh" else "en",
        number if is_draft else 0,
        tell_time(),
        seat.office,
        _read_view(session, message.get("view")),
    )
    ticket = secrets.token_urlsafe(16)
    hear = partial(_hear, session, seat, ticket)
    if not session.taking.start(make_file, (plan, order), hear):
        return refuse_question("one file at a time", "another file is being made", "wait")
    return {"kind": "taking", "ticket": ticket, "what": what, "draft": order.draft}


def _read_view(session: Session, asked: Any) -> dict[str, Any]:
    """Read what is on the screen: the box in metres, the colours, the community and the paper."""
    view = dict(asked or {})
    box = [float(v) for v in view.get("box", ())]
    if len(box) != 4 or not (box[0] < box[2] and box[1] < box[3]):
        return {}
    west, south = session.origin.place(box[0], box[1])
    east, north = session.origin.place(box[2], box[3])
    paper = str(view.get("paper", "A4"))
    return {
        "box": (west, south, east, north),
        "colours": str(view.get("colours", "plain")),
        "kind": str(view.get("kind", "")),
        "paper": paper if paper in _PAPERS else "A4",
        "title": str(view.get("title", ""))[:120],
    }


def _hear(session: Session, seat: Seat, ticket: str, message: Mapping[str, Any]) -> None:
    """Pass on how far it is; lay the file out when it has come."""
    told = {"kind": "taken", "ticket": ticket, "seat": seat.code}
    if "error" in message:
        message = {"error": say_both(message["error"])}
    if "result" not in message:
        session.publish({**told, **message})
        return
    made = message["result"]
    until = time.monotonic() + KEPT
    COUNTER.lay(ticket, TakenFile(seat.code, made["name"], made["media"], made["content"], until))
    size = len(made["content"])
    session.publish({**told, "name": made["name"], "bytes": size, "notes": made["notes"]})


def _cancel(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    return {"kind": "cancelled", "was": session.taking.cancel()}


ANSWERS: Mapping[str, Answer] = {
    "take_look": _look,
    "take_away": _take,
    "take_cancel": _cancel,
}
# Drawing the newest state may take long, and guards itself.
LONG = frozenset({"take_away"})
