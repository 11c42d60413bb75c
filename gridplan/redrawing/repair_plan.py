"""Repair what edits put out of rule, and keep what the planner moved where it was put."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, Problem
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.former_homes import prepare_redraw
from gridplan.redrawing.redraw_plan import RedrawRequest, draw_next
from gridplan.redrawing.triggers import list_triggers
from gridplan.rules.all_rules import Rules

if TYPE_CHECKING:
    from gridplan.plan import Plan


def repair(
    plan: Plan,
    around: Collection[str] | None = None,
    rules: Rules | None = None,
    *,
    seed: int | None = None,
    date: str = "",
    by: str = "",
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Repair what is out of rule in a plan, only round it, on its own land.

    Homes that its edits moved stay in the sub-grid where they were put, as do
    those that are locked.

    Parameters
    ----------
    plan
        Any working plan, such as one just edited or imported.
    around
        Codes of the sub-grids to be repaired; all that are out of rule if not
        given.
    rules, seed, date, by, workers, progress
        As :func:`gridplan.redraw` takes them.

    Returns
    -------
    The plan itself where nothing there is out of rule that could be repaired.

    Raises
    ------
    InputError
        If a sub-grid is not in the plan.

    Examples
    --------
    House h04 was moved by hand, so 0301-001 has too many; another house goes
    over, and h04 stays:

    >>> from gridplan.redrawing.editing.edit_plan import edit
    >>> from gridplan.synthetic import make_board_plan
    >>> rules = Rules().replace(urban={"low": 50, "target": 60, "high": 60})
    >>> edited = edit(make_board_plan(), "move building h04 to 0301-001").plan
    >>> repaired = repair(edited, rules=rules)
    >>> repaired.subgrids["households"].tolist(), repaired.stairwells.loc["h04-1", "subgrid"]
    ([60, 60], '0301-001')
    """
    rules = rules or plan.rules
    _check_codes(plan, around)
    inputs = prepare_redraw(plan, None, rules, progress)
    triggers = list_triggers(inputs, rules)
    if around is not None:
        # What is out of rule elsewhere is still listed, but not repaired.
        triggers = triggers.assign(
            urgent=triggers["urgent"] & triggers["subgrid"].isin(list(around))
        )
    order = RedrawRequest(
        "repair", plan.manifest.get("seed", 0) if seed is None else seed, date, by
    )
    return draw_next(
        inputs, rules, triggers, order, held=find_held(plan), workers=workers, progress=progress
    )


def find_held(plan: Plan) -> frozenset[str]:
    """Find the stairwells that the edits of a plan moved by name.

    Examples
    --------
    >>> from gridplan.redrawing.editing.edit_plan import edit
    >>> from gridplan.synthetic import make_board_plan
    >>> sorted(find_held(edit(make_board_plan(), "swap building h03 with building h04").plan))
    ['h03-1', 'h04-1']
    """
    # The log holds only lines that were carried out, so none of it is unclear.
    batches, _ = parse_script(list(plan.edits["command"]))
    # Only these verbs put named homes somewhere; splits and merges leave the
    # choice to the search.
    moves = [
        command
        for batch in batches
        for command in batch.commands
        if command.verb in ("move", "swap")
    ]
    named = {thing for command in moves for thing in (*command.things, *command.others)}
    # What a drawn line or outline moved is named behind it.
    named |= {home for batch in batches for command in batch.commands for home in command.homes}
    doors = plan.stairwells
    return frozenset(doors.index[doors.index.isin(named) | doors["building"].isin(named)])


def _check_codes(plan: Plan, codes: Collection[str] | None) -> None:
    """Refuse sub-grids that are not there."""
    missing = tuple(sorted(set(codes or ()) - set(plan.subgrids.index)))
    if missing:
        remedy = "give codes of the table subgrids"
        raise InputError(
            [Problem("subgrids", "known", "no such sub-grids in the plan", remedy, missing)]
        )
