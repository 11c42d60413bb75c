"""Staying: divisions near an earlier one, in which each household that changes its part has a price.

Each part may carry on one earlier part, whose label it takes; households of
another label, or in a new part, have moved. Searches from the earlier
division, mended where it no longer holds, give a pool of good parts, from
which :mod:`gridplan.division.move_budgets` chooses the best division for any
price or number of households moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gridplan.division.column_pool import (
    ColumnPool,
    Columns,
    hash_columns,
    join_columns,
    take_columns,
)
from gridplan.division.exchange_kernels import DivisionArrays, MovePenalties, PartsState
from gridplan.division.initial_division import cut_tree
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import SearchEffort, anneal_and_collect, open_state

Array = np.ndarray[Any, Any]
# heat that a run begins with, in shares of the mean price of a part: the
# earlier division is mostly right
WARM = 0.06
FREE = 1e18  # households that may move where there is no limit
MOST_SETS = 6_000


@dataclass(frozen=True)
class EarlierParts:
    """Where the atoms of a problem were at home in an earlier division.

    Parameters
    ----------
    label
        int64[n], number of the earlier part, -1 for atoms that were in none.
    count
        Earlier parts, numbered from 0.
    fixed
        bool[n], atoms that may not leave the part which carries on theirs.
    kept
        bool[count], labels that may not be given up.
    """

    label: Array
    count: int
    fixed: Array
    kept: Array

    def take(self, atoms: Array) -> EarlierParts:
        """Return the homes of some of the atoms only; the labels keep their numbers."""
        return EarlierParts(self.label[atoms], self.count, self.fixed[atoms], self.kept)


def count_moved(problem: DivisionProblem, homes: EarlierParts, part: Array, carries: Array) -> int:
    """Count the households whose part does not carry on their earlier one; ``carries`` is the label of each part, or -1."""
    away = (homes.label >= 0) & (carries[part] != homes.label)
    return int(problem.weights[away].sum())


def name_parts(problem: DivisionProblem, homes: EarlierParts, part: Array) -> Array:
    """Name the parts by earlier ones so that the fewest households move; int64[k], -1 for a new part.

    A label that may not be given up, or that fixed atoms are at home in, comes
    first.
    """
    k = int(part.max()) + 1
    known = homes.label >= 0
    overlap = np.zeros((k, homes.count))
    # A little for the atom itself, so that one without households has a home too.
    np.add.at(overlap, (part[known], homes.label[known]), problem.weights[known] + 1e-3)
    must = overlap.copy()
    must[:, homes.kept] *= 1.0 + problem.households
    firm = known & homes.fixed
    np.add.at(must, (part[firm], homes.label[firm]), (problem.households + 1.0) ** 2)
    carries = np.full(k, -1, np.int64)
    rows, columns = linear_sum_assignment(-must)
    good = overlap[rows, columns] > 0
    carries[rows[good]] = columns[good]
    return carries


def make_move_penalties(
    problem: DivisionProblem, homes: EarlierParts, part: Array, carries: Array, move: float
) -> MovePenalties:
    """Open what the kernels take: homes, what a move costs, and how many households have moved."""
    weight = problem.weights.astype(np.float64)
    # Fixed atoms that are away already, as they can be where locks contradict
    # each other, may come home.
    weight[homes.fixed & (carries[part] == homes.label)] = np.inf
    moved = float(count_moved(problem, homes, part, carries))
    return MovePenalties(
        homes.label.astype(np.int64),
        weight,
        carries.astype(np.int64),
        np.array([move, FREE, moved]),
    )


def gather_parts(
    problem: DivisionProblem,
    homes: EarlierParts,
    effort: SearchEffort,
    seed: int,
    moves: Sequence[float],
) -> tuple[Columns, list[Array]]:
    """Gather good parts near the earlier division, and the divisions that they come from.

    Parameters
    ----------
    problem
        The atoms, connected.
    homes
        Where they were at home.
    effort
        How long to search.
    seed
        Any whole number.
    moves
        Prices of a household that moves, in household-metres, at each of which
        every start is searched from.

    Returns
    -------
    The parts' prices (without moves), starts and atoms; and int32[n] for each
    division.
    """
    data = problem.to_data()
    chance = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    every = []
    divisions = []
    for start in make_starts(problem, homes, data, chance):
        k = int(start.max()) + 1
        carries = name_parts(problem, homes, start)
        pool = ColumnPool(len(problem), k)
        pool.add(data, open_state(data, start, k))
        for move in moves:
            state: PartsState = open_state(data, start, k)
            anneal_and_collect(
                data,
                state,
                effort,
                chance,
                pool,
                WARM,
                make_move_penalties(problem, homes, start, carries, move),
            )
            divisions.append(np.asarray(state.part))
        divisions.append(start)
        every.append(pool.list_columns(MOST_SETS))
    return join_once(every), divisions


def join_once(every: list[Columns]) -> Columns:
    """Join lists of parts, each part once."""
    columns = every[0]
    for more in every[1:]:
        columns = join_columns(columns, more)
    first = np.unique(hash_columns(columns[1], columns[2]), return_index=True)[1]
    return take_columns(columns, np.sort(first))


def make_starts(
    problem: DivisionProblem, homes: EarlierParts, data: DivisionArrays, chance: Array
) -> list[Array]:
    """Draw first divisions: the earlier one mended where it is torn, then with parts split, with parts merged, with both.

    Returns int32[n] for each, no two alike.
    """
    mended = _join_loose(problem, _cut_torn(problem, _tie_fixed(problem, homes), chance), data)
    split = _split_heavy(problem, mended, chance)
    starts = [
        mended,
        split,
        _merge_light(problem, homes, mended, data),
        _merge_light(problem, homes, split, data),
    ]
    starts = [np.unique(start, return_inverse=True)[1].astype(np.int32) for start in starts]
    return [
        s for n, s in enumerate(starts) if not any(np.array_equal(s, other) for other in starts[:n])
    ]


def _tie_fixed(problem: DivisionProblem, homes: EarlierParts) -> EarlierParts:
    """Tie fixed atoms of one label that lie apart: what stands between takes the label too, the fewest households that do."""
    label = homes.label.copy()
    firm = homes.fixed & (homes.label >= 0)
    for own in np.unique(label[firm]):
        while True:
            piece = _find_pieces(problem, np.where(label == own, own, -2))
            fixed = np.flatnonzero(firm & (label == own))
            apart = fixed[piece[fixed] != piece[fixed[0]]]
            between = (
                _find_between(problem, fixed[0], apart, label == own, firm & (label != own))
                if len(apart)
                else apart
            )
            if not len(between):
                break
            label[between] = own
            firm[between] = True
    return replace(homes, label=label, fixed=firm)


def _find_between(
    problem: DivisionProblem, start: int, goals: Array, free: Array, shut: Array
) -> Array:
    """Find the atoms between a start and the nearest of some goals, the fewest households; none where all ways are shut."""
    if problem.pairs is None or not len(problem.pairs):
        return np.zeros(0, np.int64)
    ends = np.concatenate([problem.pairs, problem.pairs[:, ::-1]])
    ends = ends[~shut[ends].any(axis=1)]
    cost = np.where(free, 1e-6, problem.weights + 1e-3)[ends[:, 1]]
    graph = csr_array((cost, (ends[:, 0], ends[:, 1])), shape=(len(problem), len(problem)))
    far, before = dijkstra(graph, indices=start, return_predecessors=True)
    at = int(goals[np.argmin(far[goals])])
    path = []
    while np.isfinite(far[at]) and at != start:
        path.append(at)
        at = int(before[at])
    found = np.array(path, np.int64)
    return np.sort(found[~free[found]])


def _cut_torn(problem: DivisionProblem, homes: EarlierParts, chance: Array) -> Array:
    """Keep the heaviest piece of each earlier part; other pieces and new homes become parts if they are large enough, else -1."""
    part = np.full(len(problem), -1, np.int64)
    used = homes.count
    piece = _find_pieces(problem, homes.label)
    mass = np.bincount(piece, problem.weights)
    fixed = np.bincount(piece, homes.fixed)
    for label in np.unique(homes.label):
        own = np.unique(piece[homes.label == label])
        order = own[np.lexsort((own, -mass[own], -fixed[own]))]
        if label >= 0:
            part[piece == order[0]] = label
            order = order[1:]
        for p in order[mass[order] >= problem.band.low]:
            atoms = np.flatnonzero(piece == p)
            part[atoms] = _cut(problem, atoms, chance) + used
            used = int(part.max()) + 1
    return part


def _find_pieces(problem: DivisionProblem, label: Array) -> Array:
    """Find the connected pieces of atoms with one label; int64[n]."""
    pairs = np.zeros((0, 2), int) if problem.pairs is None else problem.pairs
    same = label[pairs[:, 0]] == label[pairs[:, 1]]
    graph = problem.link(pairs[same])
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _cut(problem: DivisionProblem, atoms: Array, chance: Array) -> Array:
    """Cut connected atoms into as many parts as their households ask for."""
    k = min(problem.band.choose_count(int(problem.weights[atoms].sum())), len(atoms))
    if k < 2:
        return np.zeros(len(atoms), np.int64)
    return np.asarray(cut_tree(problem.take(atoms).to_data(), k, chance, 4), np.int64)


def _join_loose(problem: DivisionProblem, part: Array, data: DivisionArrays) -> Array:
    """Join every loose atom to the part of the nearest neighbour that has one; those that none can reach become a part."""
    part = part.copy()
    while (part < 0).any():
        loose = np.flatnonzero(part < 0)
        ends = (
            np.concatenate([problem.pairs, problem.pairs[:, ::-1]])
            if problem.pairs is not None
            else np.zeros((0, 2), int)
        )
        ends = ends[(part[ends[:, 0]] < 0) & (part[ends[:, 1]] >= 0)]
        if not len(ends):
            part[loose] = _find_pieces(problem, part)[loose] + int(part.max()) + 1
            break
        step = problem.xy[ends[:, 0]] - problem.xy[ends[:, 1]]
        near = np.hypot(step[:, 0], step[:, 1]).round(6)
        order = ends[np.lexsort((ends[:, 1], ends[:, 0], near))]
        atoms, first = np.unique(order[:, 0], return_index=True)
        part[atoms] = part[order[first, 1]]
    return part


def _split_heavy(problem: DivisionProblem, part: Array, chance: Array) -> Array:
    """Split parts that are over the band; the piece with most atoms of the part keeps its number."""
    part = part.copy()
    mass = np.bincount(part, problem.weights)
    for p in np.flatnonzero(mass > problem.band.high):
        atoms = np.flatnonzero(part == p)
        piece = _cut(problem, atoms, chance)
        part[atoms[piece > 0]] = piece[piece > 0] + int(part.max())
    return part


def _merge_light(
    problem: DivisionProblem, homes: EarlierParts, part: Array, data: DivisionArrays
) -> Array:
    """Merge each part under the band into the lightest neighbour that has room; codes that are to be kept are not given up."""
    part = part.copy()
    pairs = problem.pairs if problem.pairs is not None else np.zeros((0, 2), int)
    firm = np.zeros(int(part.max()) + 1, bool)
    kept = np.append(homes.kept, False)[homes.label]
    firm[np.unique(part[(homes.label >= 0) & (homes.fixed | kept)])] = True
    for _ in range(len(firm)):
        mass = np.bincount(part, problem.weights, minlength=len(firm))
        light = [
            p
            for p in np.lexsort((np.arange(len(mass)), mass))
            if 0 < mass[p] < problem.band.low and not firm[p]
        ]
        for p in light:
            beside = np.unique(part[pairs[(part[pairs] == p).any(axis=1)]])
            room = [q for q in beside if q != p and mass[q] + mass[p] <= problem.band.high]
            if room:
                part[part == p] = min(room, key=lambda q: (mass[q], q))
                break
        else:
            break
    return part
