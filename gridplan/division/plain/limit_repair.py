"""The repair of parts outside their limits: the points of some near parts dealt out again at once.

Exchanges move one point or two between parts that lie near each other. Where
all parts are nearly full the weight that is over must go through several parts,
by whole handfuls of points; an integer program finds such a chain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.engine.highs import open_programme

REGIONS = (4, 7, 11, 16)  # parts that are dealt out again together, more where few do not help
OFFERED = 6  # nearest parts of its region that a point may go to, beside its own
NODES = 100  # of the integer program of one region
TRIES = 40  # integer programs of one repair


def repair_limits(data: DivisionArrays, part: Ints, k: int, ways: Floats) -> Ints:
    """Repair the parts outside the limits, one region after the other.

    Parameters
    ----------
    data
        The problem; its points need not touch.
    part, k
        int[n], the part of each point, and the number of parts.
    ways
        float[n, k], what each point pays in each part.

    Returns
    -------
    The parts after the repair; those that no region could help are as they were.
    """
    part = part.copy()
    low, high = float(data.band[0]), float(data.band[2])
    tries = 0
    for size in REGIONS:
        while tries < TRIES:
            mass: Floats = np.bincount(part, data.weights, k).astype(float)
            outside = np.maximum(mass - high, 0) + np.maximum(low - mass, 0)
            tried = np.flatnonzero(outside > 0)
            if not len(tried):
                return part
            improved = False
            for p in tried[np.argsort(-outside[tried], kind="stable")][: TRIES - tries]:
                tries += 1
                region = _choose_region(ways, part, mass, int(p), size, (low, high))
                dealt = _deal_out(data, part, region, ways, (low, high))
                if dealt is not None:
                    part = dealt
                    improved = True
                    break
            if not improved:
                break
    return part


def _choose_region(
    ways: Floats, part: Ints, mass: Floats, p: int, size: int, limits: tuple[float, float]
) -> Ints:
    """Choose part p and the parts nearest to it that together have room for all their weight."""
    # What its points would pay in another part says how near the two lie.
    near = np.argsort(ways[part == p].mean(axis=0), kind="stable")
    order = np.concatenate([[p], near[near != p]])
    for count in range(min(size, len(order)), len(order) + 1):
        total = mass[order[:count]].sum()
        if count * limits[0] <= total <= count * limits[1]:
            return np.sort(order[:count])
    return np.sort(order)


def _deal_out(
    data: DivisionArrays, part: Ints, region: Ints, ways: Floats, limits: tuple[float, float]
) -> Ints | None:
    """Deal out the points of a region within the limits, cheaply; None where none was found."""
    atoms = np.flatnonzero(np.isin(part, region))
    local = ways[np.ix_(atoms, region)]
    current = np.searchsorted(region, part[atoms])
    offered = np.zeros(local.shape, bool)
    nearest = np.argsort(local, axis=1, kind="stable")[:, :OFFERED]
    np.put_along_axis(offered, nearest, True, axis=1)
    offered[np.arange(len(atoms)), current] = True
    row, column = np.nonzero(offered)
    n = len(row)
    # A row for each point, which goes to one part, and one for each part's weight.
    rows = np.concatenate([row, len(atoms) + column])
    values = np.concatenate([np.ones(n), data.weights[atoms[row]].astype(float)])
    matrix = csc_matrix(
        (values, (rows, np.tile(np.arange(n), 2))), shape=(len(atoms) + len(region), n)
    )
    model: Any = open_programme(
        local[row, column],
        np.ones(n),
        np.ones(n, bool),
        matrix,
        np.concatenate([np.ones(len(atoms)), np.full(len(region), limits[0])]),
        np.concatenate([np.ones(len(atoms)), np.full(len(region), limits[1])]),
    )
    model.setOptionValue("mip_max_nodes", NODES)
    # The first answer within the limits will do: the search goes on from there.
    model.setOptionValue("mip_max_improving_sols", 1)
    model.run()
    values = np.asarray(model.getSolution().col_value)
    if len(values) != n:
        return None
    taken = np.flatnonzero(values > 0.5)
    if len(taken) != len(atoms) or len(np.unique(row[taken])) != len(atoms):
        return None
    dealt = part.copy()
    dealt[atoms[row[taken]]] = region[column[taken]]
    mass = np.bincount(dealt, data.weights, int(ways.shape[1]))[region]
    is_within = (mass >= limits[0]).all() and (mass <= limits[1]).all()
    return dealt if is_within and len(np.unique(dealt[atoms])) == len(region) else None
