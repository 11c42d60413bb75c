"""Answers on approvals: a chief says which post answers for a sub-grid, and why."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from gridplan.auditing.exceptions import list_approvers
from gridplan.redrawing.editing.code_lookup import find_code, refuse
from gridplan.redrawing.editing.script_words import quote_codes
from gridplan.tables.roles import read_roles
from gridplan.workbench.approvals import Approval
from gridplan.workbench.desk import Seat
from gridplan.workbench.effects import Effect
from gridplan.workbench.segments import tell_time
from gridplan.workbench.session import Answer, Message, Session


def _approve(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """Approve a sub-grid that is out of its band."""
    desk = session.desk
    code = find_code(str(message["subgrid"]), set(desk.state.lies_in), "sub-grid")
    post = str(message["post"]).strip()
    reason = " ".join(str(message.get("reason", "")).split())
    if post not in list_approvers(session.base):
        raise refuse(
            "approvals are by posts",
            f"{post or 'nobody'} is no post that this plan knows",
            "choose a role, a post, a Party organisation, a community or a subdistrict",
        )
    if not reason:
        raise refuse("approvals have a reason", "no reason is given", "say why it stays so")
    if bool(session.figures.loc[code, "in_band"]):
        raise refuse(
            "exceptions are there", f"{code} is within its band", "nothing needs an approval"
        )
    approval = Approval(post, datetime.date.fromisoformat(tell_time()[:10]).isoformat(), reason)
    line = f"approve {quote_codes([code])} by {quote_codes([post])} on {approval.day}"
    effect = Effect(approvals={code: (desk.approvals.get(code, ""), approval.write())})
    return session.answer_event(seat, desk.approve(seat, str(message["id"]), effect, line))


def _list_posts(session: Session, seat: Seat, message: Mapping[str, Any]) -> Message:
    """List the posts that a chief may choose from, the roles first."""
    roles = [{"post": r.role, "en": r.en, "zh": r.zh} for r in read_roles()]
    offices = sorted({str(c) for c in session.base.site.communities["subdistrict"]} - {""})
    return {"kind": "posts", "roles": roles, "offices": offices}


ANSWERS: Mapping[str, Answer] = {"approve": _approve, "posts": _list_posts}
