"""Approvals of what is out of rule: which post answers for a sub-grid, and why.

An approval is of a sub-grid as it is. A change of it ends the approval; a save
writes those that stand into the exceptions of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridplan.plan import Plan
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.editing.script_words import quote_codes
from gridplan.workbench.effects import Effect
from gridplan.workbench.events import DeskEvent


@dataclass(frozen=True)
class Approval:
    """Which post approved a sub-grid, on which day, and why."""

    post: str
    day: str
    reason: str

    def write(self) -> str:
        """Write it as one text, as effects hold it."""
        return "\t".join((self.post, self.day, self.reason))


def read_approval(text: str) -> Approval:
    r"""Read what :meth:`Approval.write` wrote.

    Examples
    --------
    >>> read_approval(Approval("grid_leader", "2026-11-29", "school term").write()).reason
    'school term'
    """
    return Approval(*text.split("\t"))


def note_approvals(approvals: dict[str, str], event: DeskEvent) -> None:
    """Note in the approvals that stand what an event approved, and end those that it changed."""
    effect = event.effect
    for code in effect.subgrids:
        approvals.pop(code, None)
    for code, (_, after) in effect.approvals.items():
        if after:
            approvals[code] = after
        else:
            approvals.pop(code, None)


def list_unapproved(approvals: Mapping[str, str], effect: Effect) -> list[str]:
    """List the sub-grids whose approval is not as an effect left it."""
    sides = effect.approvals.items()
    return [code for code, (_, after) in sides if approvals.get(code, "") != after]


def write_into(plan: Plan, approvals: Mapping[str, str]) -> Plan:
    """Write approvals into the exceptions of a saved plan, as edits of their own.

    Raises
    ------
    InputError
        If the plan does not know a post.
    """
    approved = plan
    for code, text in sorted(approvals.items()):
        approval = read_approval(text)
        line = f"approve {quote_codes([code])} by {quote_codes([approval.post])} on {approval.day}"
        approved = edit(approved, [line], date=approval.day).plan
        if approval.reason:
            approved = _add_reason(approved, code, approval)
    return approved


def _add_reason(plan: Plan, code: str, approval: Approval) -> Plan:
    """Add to the explanation of an exception why it was approved."""
    table = plan.exceptions
    mine = (table["subgrid"] == code) & (table["approved_by"] == approval.post)
    explanations = table["explanation"].mask(mine, table["explanation"] + "; " + approval.reason)
    return plan.replace(exceptions=table.assign(explanation=explanations))


def describe_approvals(approvals: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Describe the approvals that stand, by sub-grid."""
    read = {code: read_approval(text) for code, text in approvals.items()}
    return {c: {"post": a.post, "day": a.day, "reason": a.reason} for c, a in read.items()}
