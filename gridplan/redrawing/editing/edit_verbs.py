"""The verbs of edits: each turns a state and a command into the next state, or refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gridplan.arrays import Ints, Objects
from gridplan.division.divide import split_atoms
from gridplan.redrawing.editing.approvals import approve_named
from gridplan.redrawing.editing.code_lookup import (
    find_code,
    find_doors,
    find_subgrid,
    refuse,
)
from gridplan.redrawing.editing.drawn_lines import find_enclosed, find_side
from gridplan.redrawing.editing.edit_commands import EditCommand
from gridplan.redrawing.editing.edit_refusals import (
    find_community,
    list_locked,
    name_buildings,
    name_closing,
    refuse_across,
    refuse_locked,
    refuse_taken,
)
from gridplan.redrawing.editing.lock_verbs import lock_named, unlock_named
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard, MadeCommand
from gridplan.redrawing.revision.new_codes import number_next


def carry_out(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    """Carry out a command, noting what it did.

    Raises
    ------
    RefusedError
        If it names what is not there, leads into another community, or a lock
        forbids it.
    """
    return _VERBS[command.verb](board, state, command)


def _move(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    level, things, rows = find_doors(board, command.level, command.things)
    if command.new:
        community = find_community(board, rows)
        code = command.others[0] if command.others else number_next(community, state.used)[0]
        refuse_taken(board, state, code)
        # Known before the homes come, since moves are checked by the community
        # of their target.
        state = replace(state, lies_in={**state.lies_in, code: community})
    else:
        code = find_subgrid(board, state, command.others[0])
    resolved = replace(command, level=level, things=things, others=(code,))
    return _reassign(board, state, resolved, rows, np.full(len(rows), code, object))


def _swap(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    level, things, rows = find_doors(board, command.level, command.things)
    other_level, others, back = find_doors(board, command.level, command.others)
    homes = [np.unique(state.member[r].astype(str)) for r in (rows, back)]
    if any(len(h) != 1 for h in homes):
        raise refuse(
            "swaps are clear",
            "each side of a swap must lie in one sub-grid",
            "name stairwells of one sub-grid each",
        )
    # A command has one kind, so that both sides are named by stairwell.
    if level != other_level:
        level = "stairwell"
        things = _name_stairwells(board, rows)
        others = _name_stairwells(board, back)
    codes = np.concatenate(
        [np.full(len(rows), homes[1][0], object), np.full(len(back), homes[0][0], object)]
    )
    resolved = replace(command, level=level, things=things, others=others)
    return _reassign(board, state, resolved, np.concatenate([rows, back]), codes)


def _split(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    code = find_subgrid(board, state, command.things[0])
    problem, rows = board.take_subgrid(state, code)
    if command.points:
        return _split_along(board, state, replace(command, things=(code,)), problem, rows)
    k = command.count
    islands = problem.find_islands()
    if len(rows) < k:
        raise refuse(
            "splits can be made",
            f"{code} has {len(rows)} stairwells, too few for {k} sub-grids",
            "split it into fewer",
        )
    # A part has to be contiguous: one island is divided, several are parts as they are.
    if len(islands) == 1:
        part = split_atoms(problem, k, int(board.plan.manifest.get("seed", 0)))
    elif len(islands) == k:
        part = np.zeros(len(rows), np.int64)
        for n, island in enumerate(islands):
            part[island] = n
    else:
        remedy = f"split {code} into {len(islands)}, then split its pieces"
        raise refuse(
            "splits can be made",
            f"{code} is in {len(islands)} pieces with no way between them",
            remedy,
        )
    keeper = _choose_keeper(board, state, code, problem, rows, part)
    fresh = number_next(state.lies_in[code], state.used, k - 1)
    # By the number of the part: the keeper under the old code, the others
    # under new ones.
    names = np.array([*fresh[:keeper], code, *fresh[keeper:]], object)
    lies = {**state.lies_in} | dict.fromkeys(fresh, state.lies_in[code])
    resolved = replace(command, things=(code,))
    return _reassign(board, replace(state, lies_in=lies), resolved, rows, names[part], parts={code})


def _split_along(
    board: EditBoard, state: BoardState, command: EditCommand, problem: Any, rows: Ints
) -> BoardState:
    """Split a sub-grid along a line that was drawn, or move the homes named with the line."""
    (code,) = command.things
    part = find_side(board, command, rows)
    keeper = 0 if command.homes else _choose_keeper(board, state, code, problem, rows, part)
    moving = rows[part != keeper]
    fresh = command.others[0] if command.others else number_next(state.lies_in[code], state.used)[0]
    refuse_taken(board, state, fresh)
    state = replace(state, lies_in={**state.lies_in, fresh: state.lies_in[code]})
    resolved = replace(command, others=(fresh,), homes=_name_stairwells(board, moving))
    names = np.full(len(moving), fresh, object)
    return _reassign(board, state, resolved, moving, names, parts={code})


def _enclose(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    into = "" if command.new else find_subgrid(board, state, command.others[0])
    rows, elsewhere = find_enclosed(board, state, command, into)
    if command.new:
        community = find_community(board, rows)
        into = command.others[0] if command.others else number_next(community, state.used)[0]
        refuse_taken(board, state, into)
        state = replace(state, lies_in={**state.lies_in, into: community})
    if elsewhere:
        told = f"{elsewhere} stairwells in the outline lie in other communities, and stay there"
        state = replace(state, warnings=(*state.warnings, told))
    resolved = replace(command, others=(into,), homes=_name_stairwells(board, rows))
    return _reassign(board, state, resolved, rows, np.full(len(rows), into, object))


def _choose_keeper(
    board: EditBoard, state: BoardState, code: str, problem: Any, rows: Ints, part: Ints
) -> int:
    """Choose the part that keeps the code.

    That with most households in locked buildings, else with most; the first of
    equals.
    """
    locked = np.isin(board.building[rows], list(list_locked(state, "building")))
    held = np.bincount(part, problem.weights * locked, minlength=int(part.max()) + 1)
    mass = np.bincount(part, problem.weights)
    return int(np.lexsort((np.arange(len(mass)), -mass, -held))[0])


def _merge(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    into = find_subgrid(board, state, command.others[0])
    codes = tuple(find_subgrid(board, state, thing) for thing in command.things)
    # The target may be named among those merged into it; it is there already.
    codes = tuple(code for code in dict.fromkeys(codes) if code != into)
    if not codes:
        raise refuse(
            "merges are of two", f"{into} cannot be merged into itself", "name two sub-grids"
        )
    rows = np.flatnonzero(np.isin(state.member, codes))
    resolved = replace(command, things=codes, others=(into,))
    return _reassign(board, state, resolved, rows, np.full(len(rows), into, object))


def _recode(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    old = find_subgrid(board, state, command.things[0])
    new = command.others[0]
    refuse_taken(board, state, new)
    rows = np.flatnonzero(state.member == old)
    names = [*name_closing(state, old), *(n for n in [f"code:{old}"] if n in state.locks.index)]
    names += name_buildings(board, state, rows)
    if names:
        raise refuse(
            "locks hold", f"{old} keeps its code by the lock {names[0]}", f"unlock {names[0]}"
        )
    community = state.lies_in[old]
    member = state.member.copy()
    member[rows] = new
    lies = {c: of for c, of in state.lies_in.items() if c != old} | {new: community}
    centres = {new if c == old else c: s for c, s in state.centres.items()}
    # A sub-grid recoded twice is still the one that the plan knew by its first
    # code.
    first = next((c for c, now in state.renamed.items() if now == old), old)
    warnings = (
        []
        if new.startswith(f"{community}-")
        else [f"the code {new} does not begin with that of its community, {community}"]
    )
    made = MadeCommand(replace(command, things=(old,), others=(new,)), 0, f"{old} is now {new}")
    return replace(
        state,
        member=member,
        lies_in=lies,
        centres=centres,
        used=state.used | {new},
        renamed={**state.renamed, first: new},
        made=(*state.made, made),
        warnings=(*state.warnings, *warnings),
    )


def _centre(board: EditBoard, state: BoardState, command: EditCommand) -> BoardState:
    code = find_subgrid(board, state, command.things[0])
    others = tuple(find_code(thing, board.stairwell_codes, "stairwell") for thing in command.others)
    for stairwell in others:
        current = state.member[board.stairwells.get_loc(stairwell)]
        if current != code:
            raise refuse(
                "centres are of their sub-grids",
                f"{stairwell} is in {current}, not in {code}",
                f"choose a stairwell of {code}",
            )
    names = name_closing(state, code)
    if names:
        raise refuse(
            "locks hold", f"{code} stays as it is by the lock {names[0]}", f"unlock {names[0]}"
        )
    before = board.measure(state, [code])
    # Without a stairwell the one with the least walking is the centre again.
    chosen = {c: s for c, s in state.centres.items() if c != code}
    chosen |= {code: others[0]} if others else {}
    after_state = replace(state, centres=chosen)
    more = float((board.measure(after_state, [code])["mean_walk"] - before["mean_walk"]).iloc[0])
    made = MadeCommand(
        replace(command, things=(code,), others=others), 0, f"{code}: mean walk {more:+.0f} m"
    )
    # Less would be written as 0 m.
    warnings = (
        [f"the centre of {code} is {more:.0f} m farther from its households in the mean"]
        if more >= 0.5
        else []
    )
    return replace(after_state, made=(*state.made, made), warnings=(*state.warnings, *warnings))


def _reassign(
    board: EditBoard,
    state: BoardState,
    command: EditCommand,
    rows: Ints,
    codes: Objects,
    parts: set[str] | None = None,
) -> BoardState:
    """Put stairwells into other sub-grids, if community limits and locks allow it.

    What comes of it is noted.
    """
    refuse_across(board, state, rows, codes)
    # Homes that are there already do not move, and break no lock.
    off = state.member[rows] != codes
    moved = rows[off]
    codes_after = codes[off]
    refuse_locked(board, state, moved, codes_after)
    member = state.member.copy()
    member[rows] = codes
    # A split whose parts all stay put still touches its own sub-grid.
    touched = {*state.member[moved], *codes_after, *(parts or set())}
    # A sub-grid without homes ends, unless a lock keeps its code.
    ended = sorted(c for c in touched & set(state.lies_in) if not (member == c).any())
    kept = [c for c in ended if f"code:{c}" in state.locks.index]
    if kept:
        raise refuse(
            "locks hold",
            f"{kept[0]} would end, and the lock code:{kept[0]} keeps it",
            f"unlock code:{kept[0]}",
        )
    lies = {c: of for c, of in state.lies_in.items() if c not in ended}
    # A centre that left its sub-grid is none any more; the cheapest one takes
    # its place.
    lost = {
        c
        for c, s in state.centres.items()
        if c in touched and (c in ended or member[board.stairwells.get_loc(s)] != c)
    }
    centres = {c: s for c, s in state.centres.items() if c not in lost}
    after = replace(
        state, member=member, lies_in=lies, centres=centres, used=state.used | set(lies)
    )
    warnings = [f"{c} ends: nobody is left in it" for c in ended]
    warnings += [
        f"the centre of {c} that was chosen by hand left it" for c in sorted(lost - set(ended))
    ]
    figures_before = board.measure(state, touched)
    figures_after = board.measure(after, touched)
    warnings += _warn(board, figures_before, figures_after)
    made = MadeCommand(
        command,
        int(board.households[moved].sum()),
        _describe_effect(figures_before, figures_after, ended),
    )
    return replace(after, made=(*state.made, made), warnings=(*state.warnings, *warnings))


def _name_stairwells(board: EditBoard, rows: Ints) -> tuple[str, ...]:
    return tuple(str(s) for s in board.stairwells[rows])


def _warn(board: EditBoard, figures_before: Any, figures_after: Any) -> list[str]:
    """Say which sub-grids an edit put out of their band, or left in several pieces."""
    warnings = []
    for code, row in figures_after.iterrows():
        before = figures_before.loc[code] if code in figures_before.index else None
        # Reported if the edit did it: a sub-grid that was out of its band and
        # kept its size is not.
        if not row["in_band"] and (
            before is None or before["in_band"] or before["households"] != row["households"]
        ):
            warnings.append(f"{code} is out of its band with {row['households']} households")
        if row["pieces"] > 1 and (before is None or before["pieces"] < row["pieces"]):
            warnings.append(
                f"{code} falls apart: its homes are in {row['pieces']} pieces "
                "that do not hang together on foot"
            )
    return warnings


def _describe_effect(figures_before: Any, figures_after: Any, ended: list[str]) -> str:
    """Say what an edit did to sizes, walks and contiguity of the sub-grids that it touched."""
    said = []
    for code, row in figures_after.iterrows():
        apart = f", in {row['pieces']} pieces" if row["pieces"] > 1 else ""
        band = "" if row["in_band"] else ", out of band"
        if code in figures_before.index:
            was = figures_before.loc[code]
            size = f"{was['households']} to {row['households']} households"
            walk = f"walk {was['mean_walk']:.0f} to {row['mean_walk']:.0f} m"
        else:
            size = f"new with {row['households']} households"
            walk = f"walk {row['mean_walk']:.0f} m"
        said.append(f"{code}: {size}, {walk}{band}{apart}")
    return "; ".join([*said, *(f"{code} ends" for code in ended)])


_VERBS: Mapping[str, Callable[[EditBoard, BoardState, EditCommand], BoardState]] = {
    "move": _move,
    "swap": _swap,
    "split": _split,
    "merge": _merge,
    "enclose": _enclose,
    "recode": _recode,
    "centre": _centre,
    "lock": lock_named,
    "unlock": unlock_named,
    "approve": approve_named,
}
