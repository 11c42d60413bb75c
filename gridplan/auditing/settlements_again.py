"""Settlements derived again: which homes are linked to one another by short steps."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from gridplan.arrays import Floats, Ints, Shapes
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
        return _hold(_draw_land(places, rules), places)
    # Two circles whose overlap is twice the gap high are still joined when they are shrunk.
    near = 2 * np.sqrt(inner**2 - rules.gap**2) * (1 - ROUNDING)
    edges, length = _join_nearest(places, grown)
    cluster = _number_linked(len(places), edges[length <= near])
    # Octagons that do not meet are never of one piece.
    meet = (length <= 2 * grown * (1 + ROUNDING)) & (cluster[edges[:, 0]] != cluster[edges[:, 1]])
    if not meet.any():
        return cluster
    across = edges[meet]
    # Where land leads from one cluster to another, it crosses the line half-way between the
    # ends of one of these edges: whether it does is decided by the homes about them.
    ends = cKDTree(places[np.unique(across)])
    about = np.flatnonzero(ends.query(places)[0] <= (2 * grown + rules.gap) * (1 + ROUNDING))
    pieces = _draw_land(places[about], rules)
    held = _hold(pieces, places[about])
    count = int(cluster.max()) + 1
    on_land = np.column_stack([cluster[about], count + held])[held >= 0]
    least = _number_linked(count + len(pieces), on_land)[:count]
    crossed = _find_crossed(places[across], grown * (1 + ROUNDING), pieces)
    most = _number_linked(count, cluster[across[crossed]])
    # What is drawn of some homes joins no more than what is drawn of all, and no land joins
    # clusters without a crossing.
    if len(np.unique(least)) == most.max() + 1:
        return np.asarray(least[cluster])
    return _hold(_draw_land(places, rules), places)


def _find_crossed(ends: Floats, reach: float, pieces: Shapes) -> Ints:
    """Find the pairs of places between which land crosses the line half-way, in reach of both."""
    middle = ends.mean(axis=1)
    step = ends[:, 1] - ends[:, 0]
    length = np.hypot(*step.T)
    half = np.sqrt(np.maximum(reach**2 - length**2 / 4, 0.0)) / length
    aside = half[:, None] * np.column_stack([-step[:, 1], step[:, 0]])
    lines = shapely.linestrings(np.stack([middle - aside, middle + aside], axis=1))
    return np.unique(shapely.STRtree(lines).query(pieces, predicate="intersects")[1])


def _join_nearest(places: Floats, reach: float) -> tuple[Ints, Floats]:
    """Join places by the edges of a triangulation: int64[m, 2], and their metres.

    Two places that can be reached from one another by steps no longer than
    some length can be so along such edges; so can two that are the nearest to
    one point, no farther than ``reach`` from it.
    """
    middle = places.mean(axis=0)
    far = 10 * (reach + np.abs(places - middle).max())
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


def _draw_land(places: Floats, rules: SettlementRules) -> Shapes:
    """Draw the land of homes: grown, united, and shrunk by the gap."""
    points = shapely.points(places)
    land = shapely.buffer(points, rules.reach + rules.gap, quad_segs=QUARTER)
    closed = shapely.buffer(shapely.union_all(land), -rules.gap, quad_segs=QUARTER)
    return np.asarray(shapely.get_parts(closed))


def _hold(pieces: Shapes, places: Floats) -> Ints:
    """Find the piece that holds each place, -1 for none."""
    number = np.full(len(places), -1)
    piece, place = shapely.STRtree(shapely.points(places)).query(pieces, predicate="intersects")
    number[place] = piece
    return number
