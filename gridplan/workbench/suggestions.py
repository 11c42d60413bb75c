"""What is out of rule, why, and the smallest change that cures it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.division.problem import DivisionProblem
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.editing.script_words import quote_codes
from gridplan.redrawing.editing.trial_assignment import EditBoard
from gridplan.workbench.desk import Desk

_TRIED = 40  # single buildings that are tried for one sub-grid, the nearest ones first


@dataclass(frozen=True)
class Fault:
    """One sub-grid that is out of rule.

    ``rule`` is small, large or apart; ``amount`` the households that lack or
    are too many, or the pieces it lies in; ``locked`` the lock that keeps it.
    """

    subgrid: str
    community: str
    rule: str
    households: int
    amount: int
    locked: str = ""


def list_faults(desk: Desk, figures: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """List the sub-grids out of rule, by code; ``figures`` are those of the sub-grids by code."""
    faults = []
    for code, row in sorted(figures.items()):
        community = desk.state.lies_in.get(code)
        if community is None:
            continue
        band = desk.board.get_problem(community)[0].band
        households = int(row["households"])
        names = (f"subgrid:{code}", f"community:{community}")
        lock = next((name for name in names if name in desk.state.locks.index), "")
        if households < band.low:
            faults.append(Fault(code, community, "small", households, band.low - households, lock))
        elif households > band.high:
            faults.append(Fault(code, community, "large", households, households - band.high, lock))
        if row["pieces"] > 1:
            faults.append(Fault(code, community, "apart", households, int(row["pieces"]), lock))
    return faults


def suggest(desk: Desk, code: str) -> tuple[str, ...]:
    """Suggest the commands that bring a sub-grid into its band and leave no other out of it.

    One building to or from a neighbour is tried first, then merging it with a
    neighbour, then splitting it. Nothing is returned where none of these does.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> desk = Desk(make_board_plan())
    >>> suggest(desk, "0301-001")
    ()
    """
    state, board = desk.state, desk.board
    if code not in state.lies_in:
        return ()
    problem, rows = board.get_problem(state.lies_in[code])
    member = state.member[rows].astype(str)
    mass = int(problem.weights[member == code].sum())
    beside = _find_beside(problem, member, code)
    tries: list[tuple[str, ...]] = []
    if mass < problem.band.low:
        tries += _move_building(
            board, rows, _order_homes(problem, member, code, beside, True), code
        )
    elif mass > problem.band.high:
        for other in beside:
            own = _order_homes(problem, member, code, [other], False)
            tries += _move_building(board, rows, own, other)
    tries = sorted(dict.fromkeys(tries), key=len)[: _TRIED * 2]
    if mass < problem.band.low:
        tries += [(f"merge {_quote(code)} into {_quote(other)}",) for other in beside]
    elif mass > problem.band.high:
        tries.append((f"split {_quote(code)} into 2",))
    best: tuple[float, tuple[str, ...]] | None = None
    for lines in tries:
        worth = _judge(desk, lines, code)
        if worth is not None and (best is None or worth < best[0]):
            best = worth, lines
    return best[1] if best else ()


def _judge(desk: Desk, lines: tuple[str, ...], code: str) -> float | None:
    """Return how far people walk after some commands, or None where something is out of rule."""
    try:
        trial = desk.try_lines(lines)
    except RefusedError:
        return None
    table = desk.measure(trial.effect.subgrids, trial.state)
    if not len(table) or not bool((table["in_band"] & table["contiguous"]).all()):
        return None
    # Moves go before merges and splits, which change more.
    larger = 0.0 if lines[0].startswith("move") else 1e9
    return float(table["household_metres"].sum()) + larger


def _find_beside(problem: DivisionProblem, member: Any, code: str) -> list[str]:
    """Find the sub-grids beside one, those with the most ways between them first."""
    if problem.pairs is None or not len(problem.pairs):
        return []
    a, b = member[problem.pairs[:, 0]], member[problem.pairs[:, 1]]
    across = np.concatenate([b[(a == code) & (b != code)], a[(b == code) & (a != code)]])
    codes, counts = np.unique(across, return_counts=True)
    return [str(c) for c in codes[np.lexsort((codes, -counts))]]


def _order_homes(
    problem: DivisionProblem, member: Any, code: str, others: Iterable[str], from_others: bool
) -> Any:
    """Order the atoms on the border between a sub-grid and others, of the one side."""
    pairs = np.zeros((0, 2), np.int64) if problem.pairs is None else problem.pairs
    both = np.concatenate([pairs, pairs[:, ::-1]])
    near = (member[both[:, 0]] == code) & np.isin(member[both[:, 1]], list(others))
    atoms = np.unique(both[near, 1 if from_others else 0])
    middle = problem.xy[member == code].mean(axis=0)
    metres = np.hypot(*(problem.xy[atoms] - middle).T)
    return atoms[np.argsort(metres if from_others else -metres, kind="stable")][:_TRIED]


def _move_building(board: EditBoard, rows: Any, atoms: Any, to: str) -> list[tuple[str, ...]]:
    buildings = dict.fromkeys(str(b) for b in board.building[rows[atoms]])
    return [(f"move building {_quote(b)} to {_quote(to)}",) for b in buildings]


def _quote(code: str) -> str:
    return quote_codes([code])
