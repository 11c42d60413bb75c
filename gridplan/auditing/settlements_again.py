"""Settlements derived again: which homes are linked to one another by short steps."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

from gridplan.arrays import Floats, Ints
from gridplan.rules.settlements import SettlementRules

QUARTER = 2  # segments of a quarter circle: land round a home is an octagon
ROUNDING = 1e-6  # share by which lengths are taken shorter or longer, to be sure


def number_settlements(xy: Floats, rules: SettlementRules) -> Ints:
    """Find the settlement of each home, as a number: int64[n], -1 where it lies in none.

    Homes are grown by reach and gap and shrunk by the gap again; those of one
    piece are one settlement. The shapes are drawn only where distances alone
    do not say what becomes one piece.

    Examples
    --------
    >>> number = number_settlements(
    ...     np.array([[0.0, 0.0], [100.0, 0.0], [900.0, 0.0]]), SettlementRules()
    ... )
    >>> (number[0] == number[1], number[1] == number[2])
    (np.True_, np.False_)
    """
    number = np.full(len(xy), -1)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known):
        return number
    places, of_home = np.unique(xy[known], axis=0, return_inverse=True)
    of_place = _number_places(places, rules)
    number[known] = of_place[of_home.ravel()]
    return number


def _number_places(places: Floats, rules: SettlementRules) -> Ints:
    """Find the settlement of each place, of which no two are the same."""
    grown = rules.reach + rules.gap
    # An octagon holds a circle of this radius, which must be left when it is shrunk.
    inner = grown * np.cos(np.pi / (4 * QUARTER))
    if inner <= rules.gap * (1 + ROUNDING):
        return _draw_settlements(places, rules)
    # Two circles whose overlap is twice the gap high are still joined when they are shrunk.
    near = 2 * np.sqrt(inner**2 - rules.gap**2) * (1 - ROUNDING)
    edges, length = _join_nearest(places)
    cluster = _number_linked(len(places), edges[length <= near])
    # Octagons that do not meet are never of one piece.
    group = _number_linked(len(places), edges[length <= 2 * grown * (1 + ROUNDING)])
    clusters = np.bincount(group[np.unique(cluster, return_index=True)[1]])
    number = cluster
    for start, several in enumerate(np.flatnonzero(clusters > 1), 1):
        here = np.flatnonzero(group == several)
        drawn = _draw_settlements(places[here], rules)
        number[here] = np.where(drawn < 0, -1, start * len(places) + drawn)
    return number


def _join_nearest(places: Floats) -> tuple[Ints, Floats]:
    """Join places by the edges of a triangulation: int64[m, 2], and their metres.

    Two places that can be reached from one another by steps no longer than
    some length can be so along such edges.
    """
    middle = places.mean(axis=0)
    far = 10 * (1 + np.abs(places - middle).max())
    # Corners far out keep places on one line, or fewer than three, from being no triangle.
    corners = np.array([[-far, -far], [far, -far], [far, far], [-far, far]])
    mesh = Delaunay(np.concatenate([places - middle, corners]))
    ends = np.concatenate([mesh.simplices[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    # Places too near to others to be corners of triangles are joined to the nearest.
    ends = np.concatenate([ends, mesh.coplanar[:, [0, 2]]]).astype(np.int64)
    ends = ends[(ends < len(places)).all(axis=1)]
    return ends, np.hypot(*(places[ends[:, 0]] - places[ends[:, 1]]).T)


def _number_linked(count: int, ends: Ints) -> Ints:
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _draw_settlements(places: Floats, rules: SettlementRules) -> Ints:
    """Draw the land of homes, and find the piece that each lies in; -1 for none."""
    turn = np.arange(4 * QUARTER) * np.pi / (2 * QUARTER)
    corners = (rules.reach + rules.gap) * np.column_stack([np.cos(turn), np.sin(turn)])
    grown = shapely.union_all(shapely.polygons(places[:, None] + corners))
    pieces = shapely.get_parts(shapely.buffer(grown, -rules.gap, quad_segs=QUARTER))
    number = np.full(len(places), -1)
    piece, place = shapely.STRtree(shapely.points(places)).query(pieces, predicate="intersects")
    number[place] = piece
    return number
