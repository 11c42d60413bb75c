"""The verb that approves exceptions: a post answers for sub-grids that are out of their band."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridplan.auditing.exceptions import BAND_RULES, list_approvers
from gridplan.auditing.upper_grids import GRID_RULE
from gridplan.plan import Plan
from gridplan.planning.site_to_plan import number_exceptions
from gridplan.redrawing.editing.code_lookup import find_code, refuse
from gridplan.redrawing.editing.edit_commands import EditCommand
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard, MadeCommand

APPROVABLE = BAND_RULES | {GRID_RULE}


def approve_named(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    """Approve the exceptions of the sub-grids and upper grids that a command names, or of all.

    What was moved by the same script has no exception yet that could be
    approved: that takes an edit of its own.
    """
    post, day = command.others
    _refuse_stranger(board.plan, post)
    _refuse_no_day(day)
    listed = _list_open(board.plan)
    if command.level == "all":
        codes = listed
    else:
        codes = [find_code(thing, set(listed), "exception for") for thing in command.things]
    if not codes:
        raise refuse(
            "exceptions are there",
            "every sub-grid of this plan is within its band",
            "nothing needs an approval",
        )
    changed = set(state.member[state.member != board.plan.stairwells["subgrid"].to_numpy(object)])
    if changed & set(codes):
        code = min(changed & set(codes))
        raise refuse(
            "approvals are of what is there",
            f"{code} was changed by the same script",
            "approve it by an edit of its own, afterwards",
        )
    rows = tuple((code, post, day) for code in codes)
    made = MadeCommand(
        replace(command, things=() if command.level == "all" else tuple(codes)),
        0,
        f"{post} approved {', '.join(codes)}",
    )
    return replace(state, approvals=(*state.approvals, *rows), made=(*state.made, made))


def write_approvals(plan: Plan, approvals: Sequence[tuple[str, str, str]]) -> Plan:
    """Write who approved which exceptions, and the households that each was approved with."""
    if not approvals:
        return plan
    held = plan.stairwells.groupby("subgrid")["households"].sum()
    above = plan.subgrids["grid"].reindex(plan.stairwells["subgrid"]).to_numpy(object)
    of_grid = plan.stairwells["households"].groupby(above).sum()
    rows = plan.exceptions.to_dict("records")
    for code, post, day in approvals:
        households = of_grid.get(code, 0) if code in plan.grids.index else held.get(code, 0)
        approval = {
            "approved_by": post,
            "approved_on": day,
            "approved_households": float(households),
        }
        matching = [r for r in rows if r["subgrid"] == code and r["rule"] in APPROVABLE]
        # What only its community excuses, or nothing yet, gets a row of its own.
        if not matching:
            matching = [_explain(plan, code)]
            rows += matching
        for row in matching:
            row.update(approval)
    return plan.replace(exceptions=number_exceptions(rows))


def _explain(plan: Plan, code: str) -> dict[str, Any]:
    """Explain by an exception that a sub-grid or upper grid is out of its band."""
    is_grid = code in plan.grids.index
    row = (plan.grids if is_grid else plan.subgrids).loc[code]
    return {
        "community": str(row["community"]),
        "subgrid": code,
        "rule": GRID_RULE if is_grid else "households",
        "proven": False,
        "explanation": (
            f"{row['households']} households, allowed are {row['low']} to {row['high']}"
        ),
        "remedy": "move homes to or from a neighbour, or divide again",
    }


def _list_open(plan: Plan) -> list[str]:
    """List the codes of what is out of its band or has an exception of it, in order."""
    rows = plan.exceptions[plan.exceptions["rule"].isin(APPROVABLE)]
    homes = plan.subgrids[(plan.subgrids["kind"] != "exclusive") & ~plan.subgrids["in_band"]]
    grids = plan.grids[~plan.grids["in_band"]]
    return sorted({*rows["subgrid"], *homes.index, *grids.index} - {""})


def _refuse_stranger(plan: Plan, post: str) -> None:
    known = list_approvers(plan)
    if post in known:
        return
    near: Any = difflib.get_close_matches(post, sorted(known), 1)
    raise refuse(
        "approvals are by posts",
        f"{post!r} is no role, and no post or office of this plan",
        f"did you mean {near[0]}?"
        if near
        else "write a role (grid_leader), or the code of a post, Party organisation, community or "
        "subdistrict, never a person",
    )


def _refuse_no_day(day: str) -> None:
    try:
        good = datetime.date.fromisoformat(day).isoformat() == day
    except ValueError:
        good = False
    if not good:
        raise refuse(
            "approvals have a day", f"{day!r} is no date", "write year, month and day: 2026-11-24"
        )
