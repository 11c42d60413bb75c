"""What edits may not do: take codes, cross community limits, or break locks."""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Ints, Objects
from gridplan.errors import Problem
from gridplan.redrawing.editing.code_lookup import RefusedError, refuse
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard


def refuse_taken(board: EditBoard, state: BoardState, code: str) -> None:
    """Refuse a new code that something bears."""
    if code in state.lies_in or code in board.lone or code in board.plan.grids.index:
        raise refuse("codes are unique", f"{code} is there already", "choose a code that is free")


def find_community(board: EditBoard, rows: Ints) -> str:
    """Find the one community of some stairwells; refuse those of several."""
    over = sorted(set(board.community[rows]))
    if len(over) > 1:
        remedy = "make a new sub-grid in each community"
        raise refuse(
            "sub-grids lie in one community",
            f"these homes lie in several communities, {', '.join(over)}",
            remedy,
        )
    return str(over[0])


def refuse_across(board: EditBoard, state: BoardState, rows: Ints, codes: Objects) -> None:
    """Refuse to put homes into a sub-grid of another community."""
    over = np.array([state.lies_in[c] for c in codes], object)
    wrong = np.flatnonzero(board.community[rows] != over)
    if len(wrong):
        # One home is enough to show what is wrong; all others are of the same
        # command.
        n = wrong[0]
        home = f"{board.stairwells[rows[n]]} lies in {board.community[rows[n]]}"
        remedy = f"choose a sub-grid of {board.community[rows[n]]}"
        raise refuse(
            "sub-grids lie in one community", f"{home}, and {codes[n]} in {over[n]}", remedy
        )


def refuse_locked(board: EditBoard, state: BoardState, moved: Ints, to: Objects) -> None:
    """Refuse to move homes out of or into what is locked, naming every lock in the way."""
    problems: list[Problem] = []
    # Homes leave the one sub-grid and enter the other, and either may be
    # closed.
    for code in sorted({*state.member[moved], *to}):
        for name in name_closing(state, code):
            verb = "enter" if code in set(to) else "leave"
            problems.append(
                Problem(
                    "script",
                    "locks hold",
                    f"nothing may {verb} {code} by the lock {name}",
                    f"unlock {name}",
                )
            )
    problems += [
        Problem(
            "script",
            "locks hold",
            f"{name.partition(':')[2]} stays by the lock {name}",
            f"unlock {name}",
        )
        for name in name_buildings(board, state, moved)
    ]
    if problems:
        raise RefusedError(problems)


def name_closing(state: BoardState, code: str) -> list[str]:
    """Name the locks that close a sub-grid."""
    # A locked community closes each of its sub-grids.
    names = (f"subgrid:{code}", f"community:{state.lies_in.get(code, '')}")
    return [name for name in names if name in state.locks.index]


def name_buildings(board: EditBoard, state: BoardState, rows: Ints) -> list[str]:
    """Name the locks of the buildings of some stairwells."""
    locked = list_locked(state, "building")
    return [f"building:{b}" for b in sorted(set(board.building[rows]) & locked)]


def list_locked(state: BoardState, level: str) -> set[str]:
    """List the codes that are locked at a level."""
    return set(state.locks.loc[state.locks["level"] == level, "of"])
