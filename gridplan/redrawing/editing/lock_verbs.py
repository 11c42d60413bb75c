"""The verbs of locks, which move nobody: each turns a state and a command into the next state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gridplan.redrawing.editing.code_lookup import NOUNS, find_code, refuse
from gridplan.redrawing.editing.edit_commands import EditCommand
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard, MadeCommand
from gridplan.redrawing.revision.locks import add_locks


def lock_named(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    """Lock what a command names, or every community."""
    if command.level == "all":
        codes = [str(c) for c in board.plan.site.communities.index]
        rows = [("community", code, command.note) for code in codes]
        resolved = command
        effect = f"locked all {len(codes)} communities"
    else:
        pairs = [_find_lockable(board, state, command.level, thing) for thing in command.things]
        rows = [(level, of, command.note) for level, of in pairs]
        resolved = _name_things(command, pairs)
        effect = "locked " + ", ".join(f"{level}:{of}" for level, of in pairs)
    return replace(
        state,
        locks=add_locks(state.locks, rows),
        made=(*state.made, MadeCommand(resolved, 0, effect)),
    )


def unlock_named(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    """Take away the locks that a command names, or all."""
    if command.level == "all":
        return replace(
            state,
            locks=state.locks.iloc[:0],
            made=(*state.made, MadeCommand(command, 0, "unlocked all")),
        )
    names = []
    for thing in command.things:
        asked = f"{command.level}:{thing}" if command.level else thing
        # By its whole name or by what is locked, in any case.
        there = [
            n
            for n in state.locks.index
            if asked.casefold() in (n.casefold(), n.partition(":")[2].casefold())
        ]
        if not there:
            locks = ", ".join(state.locks.index[:5])
            remedy = (
                f"the locks are {locks}{' ...' if len(state.locks) > 5 else ''}"
                if locks
                else "nothing is locked"
            )
            raise refuse("the lock is there", f"{asked} is not locked", remedy)
        names += there
    pairs = [
        (str(state.locks["level"][n]), str(state.locks["of"][n])) for n in dict.fromkeys(names)
    ]
    made = MadeCommand(
        _name_things(command, pairs), 0, "unlocked " + ", ".join(dict.fromkeys(names))
    )
    return replace(
        state, locks=state.locks.drop(index=list(dict.fromkeys(names))), made=(*state.made, made)
    )


def _name_things(command: EditCommand, pairs: Sequence[tuple[str, str]]) -> EditCommand:
    """Name things of one level by their codes, others by level and code."""
    levels = {level for level, _ in pairs}
    if len(levels) == 1:
        return replace(command, level=levels.pop(), things=tuple(of for _, of in pairs))
    return replace(command, level="", things=tuple(f"{level}:{of}" for level, of in pairs))


def _find_lockable(board: EditBoard, state: BoardState, level: str, thing: str) -> tuple[str, str]:
    """Find what is to be locked.

    Where the script does not say, a sub-grid, a community or a building.
    """
    known: Mapping[str, Any] = {
        "subgrid": state.lies_in,
        "community": set(board.plan.site.communities.index),
        "building": board.rows,
        "code": state.lies_in,
    }
    prefix, _, rest = thing.partition(":")
    if not level and prefix in known and rest:
        level = prefix
        thing = rest
    if level:
        return level, find_code(thing, known[level], NOUNS[level])
    # An exact code of any kind goes before one in another case.
    for kind in ("subgrid", "community", "building"):
        if thing in known[kind]:
            return kind, thing
    for kind in ("subgrid", "community", "building"):
        if any(code.casefold() == thing.casefold() for code in known[kind]):
            return kind, find_code(thing, known[kind], NOUNS[kind])
    return "subgrid", find_code(thing, known["subgrid"], "sub-grid, community or building")
