"""New outlines fitted to those that stay: corners in common with all that they adjoin."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints, Shapes
from gridplan.geometry.tiling import match_borders

ADJOINS = 0.001  # m between sub-grids that adjoin


def match_around(shapes: Shapes, around: Shapes, grid: float) -> tuple[Shapes, Shapes]:
    """Give new outlines and those around them each other's corners.

    Examples
    --------
    A line between two new squares ends on the border of a staying one, which
    gets that corner:

    >>> new = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> above = np.array([shapely.box(0, 1, 2, 2)])
    >>> shapely.get_num_coordinates(match_around(new, above, 1e-5)[1]).tolist()
    [6]
    """
    if not len(shapes):
        return shapes, around
    matched = match_borders(np.concatenate([shapes, around]), 2 * grid)
    return matched[: len(shapes)], matched[len(shapes) :]


def group_adjoining(shapes: Shapes, new: Ints, near: Ints) -> list[tuple[Ints, Ints]]:
    """Group new outlines that adjoin, or that share one of the staying outlines.

    ``new`` and ``near`` are pairs of a new outline and a staying one that
    adjoin. Returns for each group the rows of its new outlines and of the
    staying ones; what is done to one group touches no other.

    Examples
    --------
    >>> row = np.array([shapely.box(x, 0, x + 1, 1) for x in (0, 2, 9)])
    >>> pairs = np.array([0, 1]), np.array([5, 5])
    >>> [(a.tolist(), b.tolist()) for a, b in group_adjoining(row, *pairs)]
    [([0, 1], [5]), ([2], [])]
    """
    n = len(shapes)
    stays, place = np.unique(near, return_inverse=True)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=ADJOINS)
    group = label_groups(n + len(stays), np.append(one, new), np.append(other, n + place))
    members: dict[int, list[int]] = {}
    for row in range(n):
        members.setdefault(int(group[row]), []).append(row)
    around: dict[int, list[int]] = {key: [] for key in members}
    for row, key in zip(stays, group[n:], strict=True):
        around[int(key)].append(int(row))
    pairs = [(members[key], around[key]) for key in members]
    return [(np.array(a, np.int64), np.array(b, np.int64)) for a, b in pairs]


def label_groups(count: int, one: Ints, other: Ints) -> Ints:
    """Label things that pairs of them connect, by the group that each is in.

    Examples
    --------
    >>> label_groups(4, np.array([0, 2]), np.array([1, 1])).tolist()
    [0, 0, 0, 1]
    """
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
