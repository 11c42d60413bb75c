"""Saving: the changes of a desk as one edit script, and the plan that the script makes.

The script goes through :func:`gridplan.redrawing.editing.edit_plan.edit`, as
any other, and what comes of it must be the state that the seats saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.editing.edit_commands import EditCommand, write_command
from gridplan.redrawing.editing.edit_plan import edit
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.editing.edit_verbs import carry_out
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard, follow_centres
from gridplan.workbench.batches import MOST, group_events, write_batches, write_heading
from gridplan.workbench.effects import find_effect
from gridplan.workbench.events import DeskEvent


def make_saved_plan(
    plan: Plan, script: Sequence[str], wanted: BoardState, progress: Progress = keep_silent
) -> Plan:
    """Make the plan of a script, and require that it is the state wanted.

    Raises
    ------
    PlanError
        If the script makes another plan than the seats saw; nothing is lost,
        as the journal holds every change.
    """
    if not script:
        return plan
    saved = edit(plan, script, progress=progress).plan
    board = EditBoard(saved)
    if find_effect(board, board.open(), wanted):
        raise PlanError(
            "the script of the changes makes another plan than the one on the screen -> nothing "
            "was saved and nothing is lost: the journal holds every change; save once more, and "
            "report it if it happens again"
        )
    return saved


def write_script(
    board: EditBoard, first: BoardState, events: Sequence[DeskEvent], wanted: BoardState
) -> list[str]:
    r"""Write changes as a script that leads from one state to another.

    The commands as they were asked, where these lead there when what was taken
    back is left out; else the difference of the states, home by home.

    Examples
    --------
    >>> from gridplan.workbench.desk import Desk, Seat
    >>> from gridplan.synthetic import make_board_plan
    >>> desk, seat = Desk(make_board_plan(), tell_time=lambda: "2026-11-29T10:00:00"), Seat("s1")
    >>> first = desk.state
    >>> _ = desk.do(seat, "a1", ["move building h04 to 0301-001"])
    >>> _ = desk.do(seat, "a2", ["lock building h01"]), desk.undo(seat, "a3")
    >>> print(*write_script(desk.board, first, desk.events, desk.state), sep="\n")
    # 2026-11-29: moved 10 households
    move building h04 to 0301-001
    """
    if not find_effect(board, first, wanted):
        return []
    standing = list_standing(events)
    for groups in _list_groupings(standing):
        lines = write_batches(groups)
        if _lead_to(board, first, lines, wanted):
            break
    else:
        office = events[-1].office if events else ""
        day = events[-1].time[:10] if events else ""
        lines = [write_heading(day, office, 0), *write_difference(board, first, wanted)]
    return [*lines, *_free_centres(board, lines, wanted)]


def _free_centres(board: EditBoard, lines: Sequence[str], wanted: BoardState) -> list[str]:
    """Write that centres are automatic again whose home has left the sub-grid meanwhile.

    It may have come back: the log would then say that it was chosen by hand.
    """
    chosen = follow_centres([*board.plan.edits["command"], *lines])
    free = sorted(c for c in chosen if c in wanted.lies_in and not wanted.centres.get(c))
    return [write_command(EditCommand("centre", "subgrid", (code,))) for code in free]


def list_standing(events: Iterable[DeskEvent]) -> list[DeskEvent]:
    """List the changes that stand: not taken back, or put on again since.

    Examples
    --------
    >>> change = DeskEvent(1, "edit", "a", "s", "", "", ("lock all",))
    >>> list_standing([change, DeskEvent(2, "undo", "b", "s", "", "", ("lock all",), about=1)])
    []
    """
    standing: dict[int, DeskEvent] = {}
    origin: dict[int, int] = {}
    by_number: dict[int, DeskEvent] = {}
    for event in events:
        by_number[event.number] = event
        root = origin.get(event.about, event.about)
        origin[event.number] = root if event.about else event.number
        if not event.about:
            standing[event.number] = event
        elif root in standing:
            del standing[root]
        elif root in by_number:
            standing[root] = by_number[root]
    return [standing[number] for number in sorted(standing)]


def _lead_to(board: EditBoard, first: BoardState, lines: Sequence[str], wanted: BoardState) -> bool:
    """Whether commands lead from one state to another."""
    batches, problems = parse_script(list(lines))
    if problems:
        return False
    state = replace(first, made=(), warnings=(), renamed={}, approvals=())
    try:
        for batch in batches:
            for command in batch.commands:
                state = carry_out(board, state, command)
    except RefusedError:
        return False
    return not find_effect(board, state, wanted)


def _list_groupings(events: Sequence[DeskEvent]) -> list[list[list[DeskEvent]]]:
    """List the ways to write changes in batches, the best first: by office, else in their order."""
    groups = group_events(events)
    in_order = [list(group) for _, group in groupby(events, lambda e: (e.time[:10], e.office))]
    together = [list(group) for _, group in groupby(events, lambda e: e.time[:10])]
    ways = [groups, in_order, together]
    return [way for way in ways if 0 < len(way) <= MOST] or [together]


def write_difference(board: EditBoard, first: BoardState, wanted: BoardState) -> list[str]:
    """Write the difference of two states as commands: locks off, moves, centres, locks on."""
    effect = find_effect(board, first, wanted)
    lines = []
    state = first

    def run(command: EditCommand) -> None:
        nonlocal state
        state = carry_out(board, state, command)
        lines.append(write_command(command))

    # Moves would break locks that were set before or after them.
    for name in first.locks.index:
        run(EditCommand("unlock", "", (name,)))
    for code, homes in effect.group_homes():
        run(EditCommand("move", "stairwell", homes, (code,), new=code not in state.lies_in))
    for code, (_, centre) in sorted(effect.centres.items()):
        if state.centres.get(code, "") != centre:
            run(EditCommand("centre", "subgrid", (code,), (centre,) if centre else ()))
    for name, note in zip(wanted.locks.index, wanted.locks["note"], strict=True):
        level, _, of = str(name).partition(":")
        run(EditCommand("lock", level, (of,), note=str(note)))
    left = find_effect(board, state, wanted)
    if left:
        raise PlanError(
            f"the changes cannot be written as a script: {len(left.homes)} homes, "
            f"{len(left.grids)} sub-grids, {len(left.locks)} locks and {len(left.centres)} "
            "centres would differ -> nothing was saved and nothing is lost: the journal holds "
            "every change"
        )
    return lines
