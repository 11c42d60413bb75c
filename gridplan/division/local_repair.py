"""Local repair: an earlier division is searched again round what broke, the rest stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridplan.arrays import Bools, Ints
from gridplan.division.column_pool import ColumnPool, Columns
from gridplan.division.divide import divide_atoms, mix_seed
from gridplan.division.enumeration import list_parts
from gridplan.division.move_budgets import (
    BudgetedDivision,
    choose_division,
    count_broken,
    label_division,
    list_options,
)
from gridplan.division.move_penalties import EarlierParts, gather_parts, join_once
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import EFFORTS, open_state

WIDENINGS = 3  # times that the reach is doubled where a part stays out of its band
LISTED = 3_000  # where no more parts than this are possible, all of them are options
RUNS = 3  # a search here for so many of a division from scratch
PRICES = (0.0, 0.2, 1.0, 5.0)  # shares of the price of a move at which a trace searches
# shares of the moves of the best choice at which others are sought
LADDER = (0.0, 0.125, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class IslandDivisions:
    """A connected set of atoms that was searched, and the choices for it, the best one first."""

    atoms: Ints
    choices: tuple[BudgetedDivision, ...]


@dataclass(frozen=True)
class RepairSettings:
    """How to repair a division.

    Parameters
    ----------
    move
        Household-metres for each household that moves.
    reach
        Steps from what broke within which parts may change at first.
    effort
        quick, default or thorough.
    seed
        Any whole number.
    laddered
        Whether to look for choices with fewer moves too.
    """

    move: float
    reach: int
    effort: str
    seed: int
    laddered: bool = False


def repair_division(
    problem: DivisionProblem,
    earlier: EarlierParts,
    touched: Bools,
    closed: Bools,
    how: RepairSettings,
) -> list[IslandDivisions]:
    """Repair the earlier division of a connected problem round touched labels and unlabelled atoms.

    Parameters
    ----------
    problem, earlier
        The atoms of an island, and their parts in the earlier division.
    touched, closed
        bool[count], labels whose part is to be searched, and labels whose
        part may not change.
    how
        Price of a move, reach, effort and seed.

    Returns
    -------
    The places searched, each with its choices; atoms in none of them keep
    their parts.
    """
    step = link_labels(problem, earlier)
    reach = how.reach
    # Search as little as possible, and more widely only if that does not suffice.
    for _ in range(WIDENINGS):
        scope = _widen(problem, earlier, touched, step, reach) & ~closed
        places = [
            _search(problem, earlier, atoms, how)
            for atoms in _find_places(problem, earlier, scope, touched)
        ]
        whole = scope | closed
        # Done where every part is within its band, or nothing wider is left.
        if whole.all() or not any(
            _leaves_band(problem.take(place.atoms), place.choices[0].part) for place in places
        ):
            break
        reach = 2 * reach + 1
    return places


def link_labels(problem: DivisionProblem, earlier: EarlierParts) -> Bools:
    """Find which earlier parts can be walked between; bool[count, count]."""
    step = np.zeros((earlier.count, earlier.count), bool)
    if problem.pairs is not None and len(problem.pairs):
        ends = earlier.label[problem.pairs]
        ends = ends[(ends >= 0).all(axis=1)]
        step[ends[:, 0], ends[:, 1]] = step[ends[:, 1], ends[:, 0]] = True
    return step


def _widen(
    problem: DivisionProblem, earlier: EarlierParts, touched: Bools, step: Bools, reach: int
) -> Bools:
    """Find the labels within reach of those that are touched, or beside atoms without a label."""
    scope = touched.copy()
    if problem.pairs is not None and len(problem.pairs):
        ends = earlier.label[problem.pairs]
        # New atoms may join any part that they touch.
        beside = ends[(ends < 0).any(axis=1)]
        scope[beside[beside >= 0]] = True
    for _ in range(reach):
        scope = scope | step[scope].any(axis=0)
    return np.asarray(scope)


def _find_places(
    problem: DivisionProblem, earlier: EarlierParts, scope: Bools, touched: Bools
) -> list[Ints]:
    """Find the connected sets of atoms within the scope that hold something to repair."""
    # Atoms without a label always need a part.
    known = earlier.label >= 0
    inside = np.where(known, scope[earlier.label], True) if earlier.count else ~known
    atoms = np.flatnonzero(inside)
    if not len(atoms):
        return []
    wanted = np.where(known, touched[earlier.label], True) if earlier.count else ~known
    places = [atoms[island] for island in problem.take(atoms).find_islands()]
    return [place for place in places if wanted[place].any()]


def _search(
    problem: DivisionProblem, earlier: EarlierParts, atoms: Ints, how: RepairSettings
) -> IslandDivisions:
    """Search one place for the best division at the price of a move, and some with fewer moves."""
    local = problem.take(atoms)
    local_earlier = earlier.take(atoms)
    effort = EFFORTS[how.effort]
    seed = mix_seed(how.seed, local.ids[0], len(local))
    columns, divisions = gather_parts(
        local, local_earlier, effort, seed, (how.move,) * max(1, effort.runs // RUNS)
    )
    listed = list_parts(local.to_data(), LISTED)
    # Few possible parts: list them all, and the integer problem is exact.
    columns = columns if listed is None else join_once([columns, listed])
    best = choose_division(
        local, local_earlier, list_options(local, local_earlier, columns), divisions, how.move
    )[0]
    # The neighbourhood of the old division may hold nothing within the band.
    if best is not None and listed is None and _leaves_band(local, best.part):
        new_columns, from_scratch = _divide_from_scratch(local, how)
        columns = join_once([columns, new_columns])
        divisions = [*divisions, from_scratch]
        best = choose_division(
            local, local_earlier, list_options(local, local_earlier, columns), divisions, how.move
        )[0]
    # Never empty: every division gathered keeps a limit that is not there.
    choices = [] if best is None else [best]
    # Dearer moves gather parts of divisions in which fewer households move.
    if how.laddered and best is not None and best.moved:
        further, others = gather_parts(
            local, local_earlier, effort, seed, (10.0 * how.move, 100.0 * how.move)
        )
        options = list_options(local, local_earlier, join_once([columns, further]))
        divisions = divisions + others
        limits = [share * best.moved for share in LADDER]
        fewer_moves = choose_division(local, local_earlier, options, divisions, how.move, limits)
        choices += [choice for choice in fewer_moves if choice is not None]
    return IslandDivisions(atoms, tuple(choices))


def _divide_from_scratch(problem: DivisionProblem, how: RepairSettings) -> tuple[Columns, Ints]:
    """Divide from scratch; returns the parts and the part of each atom."""
    part = divide_atoms(problem, how.effort, how.seed).part
    k = int(part.max()) + 1
    pool = ColumnPool(len(problem), k)
    data = problem.to_data()
    pool.add(data, open_state(data, part.astype(np.int32), k))
    return pool.list_columns(k), part


def _leaves_band(problem: DivisionProblem, part: Ints) -> bool:
    """Whether a part is out of its band."""
    mass = np.bincount(part, problem.weights)
    return bool(((mass < problem.band.low) | (mass > problem.band.high)).any())


def trace_move_budgets(
    problem: DivisionProblem,
    earlier: EarlierParts,
    how: RepairSettings,
    shares: tuple[float, ...],
    closed: Bools,
) -> IslandDivisions:
    """Trace what a connected problem gains when more of its households may move.

    There is a choice for each share of them. The last one is the division made
    from scratch, named by the earlier one. Closed labels keep their parts in all others.
    """
    effort = EFFORTS[how.effort]
    seed = mix_seed(how.seed, problem.ids[0], len(problem))
    # Atoms of closed labels are fixed; the last entry is for atoms without one.
    is_closed = np.append(closed, False)[earlier.label]
    earlier = replace(earlier, fixed=earlier.fixed | is_closed)
    columns, divisions = gather_parts(
        problem, earlier, effort, seed, tuple(f * how.move for f in PRICES)
    )
    # Parts from scratch show what freedom to move would gain.
    fresh, from_scratch = _divide_from_scratch(problem, how)
    options = list_options(problem, earlier, join_once([columns, fresh]))
    known = int(problem.weights[earlier.label >= 0].sum())
    labelled = label_division(problem, earlier, from_scratch)
    labelled_all = [label_division(problem, earlier, part) for part in divisions]
    # The start of the curve: locks kept first, then the fewest moves.
    choices = [min(labelled_all, key=lambda c: (count_broken(earlier, c), c.moved, c.price))]
    # A choice is shown where no other with as many moves is as cheap.
    for choice in choose_division(
        problem, earlier, options, divisions, 0.0, [share * known for share in shares]
    ):
        if choice is not None and all(
            choice.moved != c.moved or choice.price < c.price for c in choices
        ):
            choices.append(choice)
    # From scratch nothing is kept, so it is no choice where atoms are locked.
    if not earlier.fixed.any():
        choices.append(labelled)
    return IslandDivisions(np.arange(len(problem)), (*choices, labelled))


def divide_near(
    problem: DivisionProblem, earlier: EarlierParts, moves: Sequence[float], effort: str, seed: int
) -> list[Ints]:
    """Divide a problem near an earlier division, once for each price of a household that moves.

    Prices are in household-metres. Returns int64[n] for each, the part of each
    atom.
    """
    parts = np.zeros((len(moves), len(problem)), np.int64)
    for atoms in problem.find_islands():
        local = problem.take(atoms)
        local_earlier = earlier.take(atoms)
        columns, divisions = gather_parts(
            local, local_earlier, EFFORTS[effort], mix_seed(seed, local.ids[0], len(local)), moves
        )
        options = list_options(local, local_earlier, columns)
        for n, move in enumerate(moves):
            choice = choose_division(local, local_earlier, options, divisions, move)[0]
            if choice is not None:  # always, as there is no limit to keep
                parts[n, atoms] = choice.part + parts[n].max() + 1
    return [np.unique(part, return_inverse=True)[1].astype(np.int64) for part in parts]
