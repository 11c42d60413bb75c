"""Zones: the sub-grids of a community divided among its leaders or its full-time workers."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from gridplan.arrays import Floats, Ints, Numbers
from gridplan.division.divide import divide_atoms
from gridplan.division.problem import DivisionProblem
from gridplan.engine.parallel_map import map_tasks
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.rules.band import Band

FINE = 100  # parts that a sub-grid's load is reckoned in, so that the division can aim at fractions
SLACK = 0.25  # how far the load of a zone may be from the mean where loads differ


def divide_zones(
    inputs: StaffingInputs, wanted: Ints, load: Floats | None, workers: int | None = None
) -> Ints:
    """Divide the sub-grids of every community into zones, contiguous, near and balanced.

    The division is that of :func:`gridplan.division.divide.divide_atoms` with
    sub-grids as atoms, so distances count in household-metres to the zone's
    middle sub-grid. Sub-grids that nothing joins to the others are joined to
    the nearest.

    Parameters
    ----------
    inputs
        The sub-grids.
    wanted
        Zones of each community: int64[m]; never more than its sub-grids. 0 for
        a community without zones.
    load
        What is balanced: float64[n]; None: the number of sub-grids, which then
        differs by at most one wherever it can.
    workers
        Threads; one for each core if not given.

    Returns
    -------
    The zone of each sub-grid, numbered from 0 within its community, -1 where
    there is none: int64[n].
    """
    order = np.argsort(inputs.place, kind="stable")
    starts = np.searchsorted(inputs.place[order], np.arange(len(inputs.communities) + 1))
    # Pairs sorted by community once, so that each community is a slice.
    held = np.searchsorted(
        inputs.place[inputs.pairs[:, 0]][_order_pairs(inputs)],
        np.arange(len(inputs.communities) + 1),
    )
    pairs = inputs.pairs[_order_pairs(inputs)]
    zone = np.full(len(inputs), -1)
    tasks = [
        c for c in range(len(inputs.communities)) if wanted[c] > 0 and starts[c + 1] > starts[c]
    ]

    # Communities are divided apart from one another, so threads change nothing.
    def divide_one(c: int) -> Ints:
        rows = order[starts[c] : starts[c + 1]]
        # Rows are sorted, so bisection gives each its number within the community.
        local = np.searchsorted(rows, pairs[held[c] : held[c + 1]])
        return _divide_community(
            inputs, rows, local, int(wanted[c]), None if load is None else load[rows]
        )

    for c, zone_of_row in zip(tasks, map_tasks(divide_one, tasks, workers=workers), strict=True):
        zone[order[starts[c] : starts[c + 1]]] = zone_of_row
    return zone


def _order_pairs(inputs: StaffingInputs) -> Ints:
    return np.argsort(inputs.place[inputs.pairs[:, 0]], kind="stable")


def _divide_community(
    inputs: StaffingInputs, rows: Ints, pairs: Ints, k: int, load: Floats | None
) -> Ints:
    n = len(rows)
    # A sub-grid each, or all in one: nothing to divide.
    if k >= n:
        return np.arange(n)
    if k == 1:
        return np.zeros(n, np.int64)
    xy = inputs.xy[rows]
    mean = FINE * n / k
    # Without loads sub-grids count alike: between the two whole numbers next to the mean.
    if load is None or load.sum() <= 0:
        weights = np.full(n, FINE)
        band = Band(FINE * (n // k), round(mean), FINE * -(-n // k))
    else:
        # Loads as whole numbers with FINE for the mean; none is 0, as the division asks.
        weights = np.maximum(1, np.rint(load * FINE * n / load.sum())).astype(np.int64)
        mean = weights.sum() / k
        band = Band(max(1, int(mean * (1 - SLACK))), round(mean), int(np.ceil(mean * (1 + SLACK))))
    # Zones are walked on the ground: climbs, stacks and lines of the land play no role.
    problem = DivisionProblem(
        ids=tuple(inputs.table.index[rows]),
        weights=weights,
        pull=np.maximum(1.0, inputs.table["households"].to_numpy(float)[rows]),
        xy=xy,
        climb=np.zeros(n),
        stack=np.arange(n),
        pairs=join_pieces(xy, pairs),
        groups=np.zeros((n, 0), np.int32),
        prices=np.zeros(0),
        band=band,
        off=0.0,
    )
    # The division may miss the number of zones, which are posts and must be exact.
    return fit_count(divide_atoms(problem, "quick", 0).part, xy, weights, k)


def join_pieces(xy: Floats, pairs: Ints) -> Ints:
    """Add the shortest pairs that make all of one piece.

    Examples
    --------
    >>> join_pieces(np.array([[0.0, 0], [1, 0], [5, 0]]), np.array([[0, 1]])).tolist()
    [[0, 1], [1, 2]]
    """
    # A stored zero would read as "no pair"; pairs that exist are shortest, so
    # the tree keeps them before it adds others.
    apart = np.maximum(cdist(xy, xy), 1e-3)
    apart[pairs[:, 0], pairs[:, 1]] = apart[pairs[:, 1], pairs[:, 0]] = 1e-6
    tree = minimum_spanning_tree(apart).tocoo()
    both = np.vstack([pairs, np.sort(np.column_stack([tree.row, tree.col]), axis=1)])
    return np.unique(both, axis=0)


def fit_count(part: Ints, xy: Floats, weights: Numbers, k: int) -> Ints:
    """Bring a division to exactly ``k`` parts: the heaviest is halved, the lightest joined.

    Examples
    --------
    >>> xy = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])
    >>> fit_count(np.zeros(4, int), xy, np.ones(4), 2).tolist()
    [0, 0, 1, 1]
    """
    part = np.unique(part, return_inverse=True)[1]
    while (count := part.max() + 1) != k:
        mass = np.bincount(part, weights)
        if count < k:
            # A part of one sub-grid cannot be halved.
            mass[np.bincount(part) < 2] = -1
            part_rows = np.flatnonzero(part == np.argmax(mass))
            # Halved across its longer side, by number; a stable sort keeps ties in order.
            side = int(np.argmax(np.ptp(xy[part_rows], axis=0)))
            ranked = part_rows[np.argsort(xy[part_rows, side], kind="stable")]
            part[ranked[len(ranked) // 2 :]] = count
        else:
            # The lightest joins the nearest part, whatever that weighs: few
            # cases come here.
            least = int(np.argmin(mass))
            middle = np.column_stack(
                [np.bincount(part, xy[:, d]) / np.bincount(part) for d in (0, 1)]
            )
            apart = np.hypot(*(middle - middle[least]).T)
            apart[least] = np.inf
            part[part == least] = int(np.argmin(apart))
            part = np.unique(part, return_inverse=True)[1]
    return np.asarray(part, np.int64)
