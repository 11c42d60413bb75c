"""Move penalties: divisions near an earlier one, where each household that moves has a price.

Each part may carry on one earlier part, whose label it takes; households of
another label, or in a new part, have moved. Searches from the earlier
division, repaired where it no longer holds, give a pool of good parts, from
which :mod:`gridplan.division.move_budgets` chooses the best division for any
price or number of households moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gridplan.arrays import Bools, Ints
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

# heat that a run begins with, in shares of the mean price of a part: the
# earlier division is mostly right
WARM = 0.06
FREE = 1e18  # households that may move where there is no limit
MOST_SETS = 6_000


@dataclass(frozen=True)
class EarlierParts:
    """The parts of a problem's atoms in an earlier division.

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

    label: Ints
    count: int
    fixed: Bools
    kept: Bools

    def take(self, atoms: Ints) -> EarlierParts:
        """Return the labels of some of the atoms only; they keep their numbers."""
        return EarlierParts(self.label[atoms], self.count, self.fixed[atoms], self.kept)


def count_moved(problem: DivisionProblem, earlier: EarlierParts, part: Ints, carries: Ints) -> int:
    """Count the households whose part does not carry on their earlier one.

    ``carries`` is the label of each part, or -1.
    """
    away = (earlier.label >= 0) & (carries[part] != earlier.label)
    return int(problem.weights[away].sum())


def name_parts(problem: DivisionProblem, earlier: EarlierParts, part: Ints) -> Ints:
    """Name parts by earlier ones so that the fewest households move; int64[k], -1 for a new one.

    A label that may not be given up, or that fixed atoms belong to, comes
    first.
    """
    k = int(part.max()) + 1
    known = earlier.label >= 0
    overlap = np.zeros((k, earlier.count))
    # A little for the atom itself, so that one without households counts too.
    np.add.at(overlap, (part[known], earlier.label[known]), problem.weights[known] + 1e-3)
    must = overlap.copy()
    # Weights in tiers: one fixed atom outweighs all kept labels, these all else.
    must[:, earlier.kept] *= 1.0 + problem.households
    is_fixed = known & earlier.fixed
    np.add.at(must, (part[is_fixed], earlier.label[is_fixed]), (problem.households + 1.0) ** 2)
    carries = np.full(k, -1, np.int64)
    rows, columns = linear_sum_assignment(-must)
    # The assignment is complete; pairs without common households mean nothing.
    good = overlap[rows, columns] > 0
    carries[rows[good]] = columns[good]
    return carries


def make_move_penalties(
    problem: DivisionProblem, earlier: EarlierParts, part: Ints, carries: Ints, move: float
) -> MovePenalties:
    """Make what the kernels take: earlier labels, the price of a move, households moved so far."""
    weight = problem.weights.astype(np.float64)
    # Fixed atoms that are away already, as they can be where locks contradict
    # each other, may come back.
    weight[earlier.fixed & (carries[part] == earlier.label)] = np.inf
    moved = float(count_moved(problem, earlier, part, carries))
    return MovePenalties(
        earlier.label.astype(np.int64),
        weight,
        carries.astype(np.int64),
        np.array([move, FREE, moved]),
    )


def gather_parts(
    problem: DivisionProblem,
    earlier: EarlierParts,
    effort: SearchEffort,
    seed: int,
    moves: Sequence[float],
) -> tuple[Columns, list[Ints]]:
    """Gather good parts near the earlier division, and the divisions that they come from.

    Parameters
    ----------
    problem
        The atoms, connected.
    earlier
        Their parts in the earlier division.
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
    lists = []
    divisions = []
    # Each start at each price of a move, as cheap moves find other parts.
    for start in make_starts(problem, earlier, data, chance):
        k = int(start.max()) + 1
        carries = name_parts(problem, earlier, start)
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
                make_move_penalties(problem, earlier, start, carries, move),
            )
            divisions.append(np.asarray(state.part))
        divisions.append(start)
        lists.append(pool.list_columns(MOST_SETS))
    return join_once(lists), divisions


def join_once(lists: list[Columns]) -> Columns:
    """Join lists of parts, each part once."""
    columns = lists[0]
    for further in lists[1:]:
        columns = join_columns(columns, further)
    first = np.unique(hash_columns(columns[1], columns[2]), return_index=True)[1]
    return take_columns(columns, np.sort(first))


def make_starts(
    problem: DivisionProblem, earlier: EarlierParts, data: DivisionArrays, chance: Ints
) -> list[Ints]:
    """Make first divisions: the earlier one repaired, then with parts split, merged, or both.

    Returns int32[n] for each, no two alike.
    """
    repaired = _join_loose(problem, _cut_torn(problem, _tie_fixed(problem, earlier), chance), data)
    split = _split_heavy(problem, repaired, chance)
    starts = [
        repaired,
        split,
        _merge_light(problem, earlier, repaired, data),
        _merge_light(problem, earlier, split, data),
    ]
    starts = [np.unique(start, return_inverse=True)[1].astype(np.int32) for start in starts]
    return [
        s for n, s in enumerate(starts) if not any(np.array_equal(s, other) for other in starts[:n])
    ]


def _tie_fixed(problem: DivisionProblem, earlier: EarlierParts) -> EarlierParts:
    """Tie fixed atoms of one label that lie apart: the fewest households between take it too."""
    label = earlier.label.copy()
    is_fixed = earlier.fixed & (earlier.label >= 0)
    for tied in np.unique(label[is_fixed]):
        # One path at a time, until all fixed atoms of the label are connected.
        while True:
            piece = _find_pieces(problem, np.where(label == tied, tied, -2))
            fixed = np.flatnonzero(is_fixed & (label == tied))
            apart = fixed[piece[fixed] != piece[fixed[0]]]
            between = (
                _find_between(problem, fixed[0], apart, label == tied, is_fixed & (label != tied))
                if len(apart)
                else apart
            )
            if not len(between):
                break
            label[between] = tied
            is_fixed[between] = True
    return replace(earlier, label=label, fixed=is_fixed)


def _find_between(
    problem: DivisionProblem, start: int, goals: Ints, free: Bools, shut: Bools
) -> Ints:
    """Find the atoms of fewest households between a start and the nearest goal, if any."""
    if problem.pairs is None or not len(problem.pairs):
        return np.zeros(0, np.int64)
    ends = np.concatenate([problem.pairs, problem.pairs[:, ::-1]])
    ends = ends[~shut[ends].any(axis=1)]
    # Atoms of the label are nearly free, so that paths run through them.
    cost = np.where(free, 1e-6, problem.weights + 1e-3)[ends[:, 1]]
    graph = csr_array((cost, (ends[:, 0], ends[:, 1])), shape=(len(problem), len(problem)))
    far, before = dijkstra(graph, indices=start, return_predecessors=True)
    atom = int(goals[np.argmin(far[goals])])
    path = []
    while np.isfinite(far[atom]) and atom != start:
        path.append(atom)
        atom = int(before[atom])
    between = np.array(path, np.int64)
    return np.sort(between[~free[between]])


def _cut_torn(problem: DivisionProblem, earlier: EarlierParts, chance: Ints) -> Ints:
    """Keep the heaviest piece of each earlier part; others are parts if large enough, else -1."""
    part = np.full(len(problem), -1, np.int64)
    used = earlier.count
    piece = _find_pieces(problem, earlier.label)
    mass = np.bincount(piece, problem.weights)
    fixed = np.bincount(piece, earlier.fixed)
    for label in np.unique(earlier.label):
        pieces = np.unique(piece[earlier.label == label])
        # Fixed atoms first, then weight: this piece keeps the label.
        order = pieces[np.lexsort((pieces, -mass[pieces], -fixed[pieces]))]
        if label >= 0:
            part[piece == order[0]] = label
            order = order[1:]
        for p in order[mass[order] >= problem.band.low]:
            atoms = np.flatnonzero(piece == p)
            part[atoms] = _cut(problem, atoms, chance) + used
            used = int(part.max()) + 1
    return part


def _find_pieces(problem: DivisionProblem, label: Ints) -> Ints:
    """Find the connected pieces of atoms with one label; int64[n]."""
    pairs = np.zeros((0, 2), int) if problem.pairs is None else problem.pairs
    same = label[pairs[:, 0]] == label[pairs[:, 1]]
    graph = problem.link(pairs[same])
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _cut(problem: DivisionProblem, atoms: Ints, chance: Ints) -> Ints:
    """Cut connected atoms into as many parts as their households ask for."""
    k = min(problem.band.choose_count(int(problem.weights[atoms].sum())), len(atoms))
    if k < 2:
        return np.zeros(len(atoms), np.int64)
    return np.asarray(cut_tree(problem.take(atoms).to_data(), k, chance, 4), np.int64)


def _join_loose(problem: DivisionProblem, part: Ints, data: DivisionArrays) -> Ints:
    """Join every loose atom to its nearest neighbour's part; those out of reach become a part."""
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
        # Rounded, so that equal distances break ties by number on every machine.
        near = np.hypot(step[:, 0], step[:, 1]).round(6)
        order = ends[np.lexsort((ends[:, 1], ends[:, 0], near))]
        atoms, first = np.unique(order[:, 0], return_index=True)
        part[atoms] = part[order[first, 1]]
    return part


def _split_heavy(problem: DivisionProblem, part: Ints, chance: Ints) -> Ints:
    """Split parts that are over the band; the first piece keeps the number of its part."""
    part = part.copy()
    mass = np.bincount(part, problem.weights)
    for p in np.flatnonzero(mass > problem.band.high):
        atoms = np.flatnonzero(part == p)
        piece = _cut(problem, atoms, chance)
        part[atoms[piece > 0]] = piece[piece > 0] + int(part.max())
    return part


def _merge_light(
    problem: DivisionProblem, earlier: EarlierParts, part: Ints, data: DivisionArrays
) -> Ints:
    """Merge each part under the band into the lightest neighbour with room, unless it is kept."""
    part = part.copy()
    pairs = problem.pairs if problem.pairs is not None else np.zeros((0, 2), int)
    is_fixed = np.zeros(int(part.max()) + 1, bool)
    kept = np.append(earlier.kept, False)[earlier.label]
    is_fixed[np.unique(part[(earlier.label >= 0) & (earlier.fixed | kept)])] = True
    # One merge changes the masses, so the lightest is sought again.
    for _ in range(len(is_fixed)):
        mass = np.bincount(part, problem.weights, minlength=len(is_fixed))
        light = [
            p
            for p in np.lexsort((np.arange(len(mass)), mass))
            if 0 < mass[p] < problem.band.low and not is_fixed[p]
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
