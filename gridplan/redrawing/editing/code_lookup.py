"""Finding what a command names: exact codes, codes but for case, and near ones to suggest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np

from gridplan.arrays import Ints
from gridplan.errors import Problem
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard

NOUNS = {
    "building": "building",
    "stairwell": "stairwell",
    "subgrid": "sub-grid",
    "community": "community",
    "code": "code",
}
# Codes among which near ones are looked for one by one; of more only those
# that share an end, since letters are compared pair by pair.
MANY = 5_000


class RefusedError(Exception):
    """A command that cannot be carried out; ``problems`` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def refuse(rule: str, message: str, remedy: str) -> RefusedError:
    """Make the refusal of a command."""
    return RefusedError([Problem("script", rule, message, remedy)])


def find_code(text: str, codes: Iterable[str], noun: str) -> str:
    """Find a code, be it written in another case.

    Raises
    ------
    RefusedError
        If there is none, or there are several; it suggests near ones.

    Examples
    --------
    >>> find_code("b12-1", ["B12-1", "B12-2"], "stairwell")
    'B12-1'
    """
    # A set is not copied: this is asked for every thing of every command.
    known = codes if isinstance(codes, set | frozenset | dict) else set(codes)
    if text in known:
        return text
    folded = text.casefold()
    same = sorted(code for code in known if code.casefold() == folded)
    if len(same) == 1:
        return same[0]
    # Two codes that differ only in case: the planner has to say which.
    if same:
        raise refuse(
            "codes are known",
            f"{noun} {text} may be {' or '.join(same)}",
            "write it as it is in the plan",
        )
    pool = sorted(known)
    if len(pool) > MANY:
        pool = [
            code
            for code in pool
            if code.casefold()[-3:] == folded[-3:] or code.casefold()[:-2] == folded[:-2]
        ][:MANY]
    near = difflib.get_close_matches(folded, [code.casefold() for code in pool], 3)
    names = [code for code in pool if code.casefold() in near]
    remedy = (
        f"did you mean {' or '.join(names[:3])}?" if names else "see the codes in the plan's tables"
    )
    raise refuse("codes are known", f"there is no {noun} {text}", remedy)


def find_subgrid(board: EditBoard, state: BoardState, text: str) -> str:
    """Find a sub-grid of homes."""
    if text in board.lone:
        remedy = "name a sub-grid of homes"
        raise refuse(
            "exclusive grids hold no homes",
            f"{text} is an exclusive grid, which holds no homes",
            remedy,
        )
    return find_code(text, state.lies_in, "sub-grid")


def find_doors(
    board: EditBoard, level: str, things: Iterable[str]
) -> tuple[str, tuple[str, ...], Ints]:
    """Find buildings or stairwells: what they are, their codes, and the rows of their stairwells.

    Where the script does not say, a thing is a building if there is one of
    that code, else a stairwell.
    """
    problems: list[Problem] = []
    named: list[tuple[str, str]] = []
    names: dict[str, Any] = {"building": board.rows, "stairwell": board.stairwell_codes}
    for thing in things:
        # A colon may be part of a building's own code, which goes before a
        # prefix.
        prefix, _, rest = thing.partition(":")
        kind, text = (
            (prefix, rest)
            if not level and prefix in names and rest and thing not in board.rows
            else (level, thing)
        )
        kind = kind or (
            "building" if thing in board.rows or thing not in names["stairwell"] else "stairwell"
        )
        try:
            named.append((kind, find_code(text, names[kind], NOUNS[kind])))
        except RefusedError as error:
            # A code in another case may still be that of a stairwell.
            if level or kind == "stairwell" or not _is_stairwell(text, names["stairwell"]):
                problems += error.problems
            else:
                named.append(("stairwell", find_code(text, names["stairwell"], "stairwell")))
    if problems:
        raise RefusedError(problems)
    kinds = {kind for kind, _ in named}
    rows_of_each = [
        board.rows[code] if kind == "building" else board.stairwells.get_indexer([code])
        for kind, code in named
    ]
    # A building and one of its own stairwells may both be named; each row
    # counts once.
    rows = np.unique(np.concatenate(rows_of_each)).astype(np.int64)
    if len(kinds) == 1:
        return kinds.pop(), tuple(code for _, code in named), rows
    # A command is about one kind, so a mixture is written out by stairwell.
    return "stairwell", tuple(str(s) for s in board.stairwells[rows]), rows


def _is_stairwell(text: str, stairwells: frozenset[str]) -> bool:
    return any(code.casefold() == text.casefold() for code in stairwells)
