"""What the page may ask, and the answer to it; what is refused is answered too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.errors import GridplanError
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.workbench import (
    approving,
    branching,
    changing,
    comparing,
    going_through,
    helping,
    keeping,
    looking,
    scripts,
    splits,
    take_away,
    together,
    updating,
)
from gridplan.workbench.branches import find_session
from gridplan.workbench.desk import OvertakenError, Seat
from gridplan.workbench.refusals import describe_reasons
from gridplan.workbench.rights import require_role
from gridplan.workbench.session import Answer, Message, Session, refuse_question

_ANSWERS: Mapping[str, Answer] = {
    **changing.ANSWERS,
    **splits.ANSWERS,
    **helping.ANSWERS,
    **keeping.ANSWERS,
    **looking.ANSWERS,
    **branching.ANSWERS,
    **comparing.ANSWERS,
    **scripts.ANSWERS,
    **take_away.ANSWERS,
    **updating.ANSWERS,
    **going_through.ANSWERS,
    **together.ANSWERS,
    **approving.ANSWERS,
}
# These take long and guard the session themselves, or read one state of the desk that nobody
# writes to, so that others go on meanwhile.
_LONG = {
    *("save", "look", "search", "name_version", "compare", "compare_place", "script"),
    *branching.ANSWERS,
    *take_away.LONG,
    *updating.LONG,
}


def answer(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Answer what a seat asks of the branch that it is on.

    Everything that is refused is answered too, with reasons and remedies.
    """
    session = find_session(session, seat)
    kind = str(message.get("kind", ""))
    # A page that shows another branch must not change this one.
    if kind != "hello" and message.get("on", session.branch) != session.branch:
        return refuse_question(
            "pages are of one branch", "this seat is on another branch now", "reload the page"
        )
    if kind not in _ANSWERS:
        return refuse_question(
            "the question is known", "the page and the studio differ", "reload the page"
        )
    try:
        require_role(seat.role, kind)
        if kind in _LONG:
            return _ANSWERS[kind](session, seat, message)
        with session.guard:
            return _ANSWERS[kind](session, seat, message)
    except RefusedError as error:
        return {"kind": "refused", "reasons": describe_reasons(error, message)}
    except OvertakenError as error:
        by = [event.to_data() for event in error.by]
        return {"kind": "overtaken", "homes": list(error.homes), "by": by}
    except GridplanError as error:
        return refuse_question("the plan can be changed", str(error), "")
    # A page of another version, or none of ours, may send anything.
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        return refuse_question("the question is whole", f"not understood: {error}", "reload")
