"""Mending: an earlier division made whole again round what broke, so that the rest of it is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

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

Array = np.ndarray[Any, Any]
WIDENINGS = 3  # times that the reach is doubled where a part stays out of its band
LISTED = 3_000  # where no more parts than this are possible, all of them are looked at
RUNS = 3  # a search here for so many of a division from nothing
PRICES = (0.0, 0.2, 1.0, 5.0)  # shares of the price of a move at which a trace searches
LADDER = (
    0.0,
    0.125,
    0.25,
    0.5,
    0.75,
)  # shares of the moves of the best choice at which others are looked for


@dataclass(frozen=True)
class IslandDivisions:
    """A connected set of atoms that was searched, and the choices for it: the best at the price of a move comes first."""

    atoms: Array
    choices: tuple[BudgetedDivision, ...]


@dataclass(frozen=True)
class RepairSettings:
    """How to mend.

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


def mend(
    problem: DivisionProblem,
    homes: EarlierParts,
    touched: Array,
    closed: Array,
    how: RepairSettings,
) -> list[IslandDivisions]:
    """Mend the earlier division of a connected problem round the labels that are touched and the atoms that have none.

    Parameters
    ----------
    problem, homes
        The atoms of an island, and where they were at home.
    touched, closed
        bool[count], labels whose part is to be looked at, and labels whose
        part may not change.
    how
        Price of a move, reach, effort and seed.

    Returns
    -------
    The places searched, each with its choices; atoms in none of them stay at
    home.
    """
    step = link_labels(problem, homes)
    reach = how.reach
    for _ in range(WIDENINGS):
        scope = _widen(problem, homes, touched, step, reach) & ~closed
        places = [
            _search(problem, homes, atoms, how)
            for atoms in _find_places(problem, homes, scope, touched)
        ]
        whole = scope | closed
        if whole.all() or not any(
            _find_out(problem.take(place.atoms), place.choices[0].part) for place in places
        ):
            break
        reach = 2 * reach + 1
    return places


def link_labels(problem: DivisionProblem, homes: EarlierParts) -> Array:
    """Find which earlier parts can be walked between; bool[count, count]."""
    step = np.zeros((homes.count, homes.count), bool)
    if problem.pairs is not None and len(problem.pairs):
        ends = homes.label[problem.pairs]
        ends = ends[(ends >= 0).all(axis=1)]
        step[ends[:, 0], ends[:, 1]] = step[ends[:, 1], ends[:, 0]] = True
    return step


def _widen(
    problem: DivisionProblem, homes: EarlierParts, touched: Array, step: Array, reach: int
) -> Array:
    """Find the labels within reach of those that are touched, and of those beside atoms without a home."""
    scope = touched.copy()
    if problem.pairs is not None and len(problem.pairs):
        ends = homes.label[problem.pairs]
        beside = ends[(ends < 0).any(axis=1)]
        scope[beside[beside >= 0]] = True
    for _ in range(reach):
        scope = scope | step[scope].any(axis=0)
    return np.asarray(scope)


def _find_places(
    problem: DivisionProblem, homes: EarlierParts, scope: Array, touched: Array
) -> list[Array]:
    """Find the connected sets of atoms within the scope that hold something to be mended."""
    known = homes.label >= 0
    inside = np.where(known, scope[homes.label], True) if homes.count else ~known
    atoms = np.flatnonzero(inside)
    if not len(atoms):
        return []
    wanted = np.where(known, touched[homes.label], True) if homes.count else ~known
    places = [atoms[island] for island in problem.take(atoms).find_islands()]
    return [own for own in places if wanted[own].any()]


def _search(
    problem: DivisionProblem, homes: EarlierParts, atoms: Array, how: RepairSettings
) -> IslandDivisions:
    """Search one place for the best division at the price of a move, and for others with fewer moves where they are asked for."""
    own = problem.take(atoms)
    here = homes.take(atoms)
    effort = EFFORTS[how.effort]
    seed = mix_seed(how.seed, own.ids[0], len(own))
    columns, divisions = gather_parts(
        own, here, effort, seed, (how.move,) * max(1, effort.runs // RUNS)
    )
    listed = list_parts(own.to_data(), LISTED)
    columns = columns if listed is None else join_once([columns, listed])
    best = choose_division(own, here, list_options(own, here, columns), divisions, how.move)[0]
    if best is not None and listed is None and _find_out(own, best.part):
        drawn, anew = _divide_from_scratch(own, how)
        columns = join_once([columns, drawn])
        divisions = [*divisions, anew]
        best = choose_division(own, here, list_options(own, here, columns), divisions, how.move)[0]
    choices = (
        [] if best is None else [best]
    )  # never empty: every division gathered keeps a limit that is not there
    if how.laddered and best is not None and best.moved:
        more, others = gather_parts(own, here, effort, seed, (10.0 * how.move, 100.0 * how.move))
        options = list_options(own, here, join_once([columns, more]))
        divisions = divisions + others
        limits = [share * best.moved for share in LADDER]
        found = choose_division(own, here, options, divisions, how.move, limits)
        choices += [choice for choice in found if choice is not None]
    return IslandDivisions(atoms, tuple(choices))


def _divide_from_scratch(problem: DivisionProblem, how: RepairSettings) -> tuple[Columns, Array]:
    """Draw a division from nothing; returns its parts and itself."""
    part = divide_atoms(problem, how.effort, how.seed).part
    k = int(part.max()) + 1
    pool = ColumnPool(len(problem), k)
    data = problem.to_data()
    pool.add(data, open_state(data, part.astype(np.int32), k))
    return pool.list_columns(k), part


def _find_out(problem: DivisionProblem, part: Array) -> bool:
    """Find whether a part is out of its band."""
    mass = np.bincount(part, problem.weights)
    return bool(((mass < problem.band.low) | (mass > problem.band.high)).any())


def trace_move_budgets(
    problem: DivisionProblem,
    homes: EarlierParts,
    how: RepairSettings,
    shares: tuple[float, ...],
    closed: Array,
) -> IslandDivisions:
    """Trace what a connected problem gains when more of its households may move: a choice for each share of them.

    The last choice is the division drawn from nothing, named by the earlier
    one. Closed labels keep their parts in all others.
    """
    effort = EFFORTS[how.effort]
    seed = mix_seed(how.seed, problem.ids[0], len(problem))
    firm = np.append(closed, False)[homes.label]
    homes = replace(homes, fixed=homes.fixed | firm)
    columns, divisions = gather_parts(
        problem, homes, effort, seed, tuple(f * how.move for f in PRICES)
    )
    fresh, anew = _divide_from_scratch(problem, how)
    options = list_options(problem, homes, join_once([columns, fresh]))
    known = int(problem.weights[homes.label >= 0].sum())
    drawn = label_division(problem, homes, anew)
    every = [label_division(problem, homes, part) for part in divisions]
    choices = [min(every, key=lambda c: (count_broken(homes, c), c.moved, c.price))]
    for found in choose_division(
        problem, homes, options, divisions, 0.0, [share * known for share in shares]
    ):
        if found is not None and all(
            found.moved != c.moved or found.price < c.price for c in choices
        ):
            choices.append(found)
    if not homes.fixed.any():
        choices.append(drawn)
    return IslandDivisions(np.arange(len(problem)), (*choices, drawn))


def divide_near(
    problem: DivisionProblem, homes: EarlierParts, moves: Sequence[float], effort: str, seed: int
) -> list[Array]:
    """Draw a division of a problem near an earlier one for each price of a household that moves, in household-metres.

    Returns int64[n] for each, the part of each atom.
    """
    found = np.zeros((len(moves), len(problem)), np.int64)
    for atoms in problem.find_islands():
        own = problem.take(atoms)
        here = homes.take(atoms)
        columns, divisions = gather_parts(
            own, here, EFFORTS[effort], mix_seed(seed, own.ids[0], len(own)), moves
        )
        options = list_options(own, here, columns)
        for n, move in enumerate(moves):
            choice = choose_division(own, here, options, divisions, move)[0]
            if choice is not None:  # always, as there is no limit to keep
                found[n, atoms] = choice.part + found[n].max() + 1
    return [np.unique(part, return_inverse=True)[1].astype(np.int64) for part in found]
