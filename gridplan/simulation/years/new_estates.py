"""Building: where the doors of a new estate stand, and who can be walked to from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.division.problem import DivisionProblem

# nearest doors of the estate and of those that stand that each new door is linked with
WITHIN = 6
BEYOND = 2
LEAST = (
    1e-3  # metres that a step is long at the least, since the graphs take a step of zero for none
)


def find_places(land: Any, spacing: float, gap: float, doors: Floats) -> Floats:
    """Find the places of a square grid on some land that are far from all doors.

    From south to north: float64[m, 2].

    Examples
    --------
    >>> find_places(shapely.box(0, 0, 60, 30), 30.0, 10.0, np.array([[0.0, 0.0]])).tolist()
    [[15.0, 15.0], [45.0, 15.0]]
    """
    if land.is_empty:
        return np.zeros((0, 2))
    west, south, east, north = land.bounds
    x, y = (np.arange(a + spacing / 2, b, spacing) for a, b in ((west, east), (south, north)))
    places = np.column_stack([np.tile(x, len(y)), np.repeat(y, len(x))])
    places = places[shapely.contains_xy(land, places[:, 0], places[:, 1])]
    if len(doors) and len(places):
        places = places[cKDTree(doors).query(places, distance_upper_bound=gap)[0] >= gap]
    return np.asarray(places)


def choose_places(
    places: Floats,
    count: int,
    chance: float,
    at: tuple[float, float] | None,
    spacing: float,
    barriers: Shapes,
) -> Floats:
    """Choose the places nearest to one of them.

    It is the nearest to ``at``, or the one that chance (0 to 1) points to.

    All are on one ground, between whose places no hard barrier and no house
    lies; only grounds with places enough are looked at, or the largest where
    none has.

    Examples
    --------
    >>> row = np.column_stack([10.0 * np.arange(5), np.zeros(5)])
    >>> none = np.zeros(0, object)
    >>> choose_places(row, 3, 0.99, None, 10.0, none)[:, 0].tolist()
    [40.0, 30.0, 20.0]
    >>> wall = np.array([shapely.LineString([(15, -5), (15, 5)])])
    >>> choose_places(row, 2, 0.0, (11.0, 0.0), 10.0, wall)[:, 0].tolist()
    [10.0, 0.0]
    """
    ground = _find_grounds(places, spacing, barriers)
    size = np.bincount(ground)[ground]
    # grounds large enough for the whole estate, or the largest of all
    roomy = np.flatnonzero(size >= min(count, size.max()))
    if at is None:
        first = roomy[min(int(chance * len(roomy)), len(roomy) - 1)]
    else:
        # rounded, so that equal distances do not depend on the last bits
        first = roomy[int(np.argmin(np.hypot(*(places[roomy] - np.array(at)).T).round(6)))]
    on_ground = places[ground == ground[first]]
    order = np.argsort(np.hypot(*(on_ground - places[first]).T).round(6), kind="stable")
    return np.asarray(on_ground[order[:count]])


def _find_grounds(places: Floats, spacing: float, barriers: Shapes) -> Ints:
    """Find the grounds of places that adjoin: int64[m], a number each."""
    pairs = cKDTree(places).query_pairs(1.01 * spacing, output_type="ndarray")
    pairs = _drop_crossing(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], places, barriers)
    graph = csr_matrix(
        (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places))
    )
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def link_doors(new: Floats, old: Floats, reach: float, barriers: Shapes) -> Ints:
    """Link new doors with the nearest ones, new and old, within reach.

    No link crosses a hard barrier.

    Where none of the old ones is within reach, the one shortest step that no
    barrier forbids joins them, if there is any.

    Returns
    -------
    int64[m, 2], numbers of doors: the old ones first, then the new.

    Examples
    --------
    >>> old = np.array([[0.0, 0.0], [0.0, 50.0]])
    >>> link_doors(np.array([[30.0, 0.0], [60.0, 0.0]]), old, 40.0, np.zeros(0, object)).tolist()
    [[0, 2], [2, 3]]
    """
    n = len(old)
    pairs = []
    for among, shift, most in ((new, n, WITHIN + 1), (old, 0, BEYOND)):
        if not len(among):
            continue
        # among new doors the nearest is the door itself, hence one more
        k = min(most, len(among))
        metres, near = (part.reshape(len(new), k) for part in cKDTree(among).query(new, k=k))
        new_row = np.repeat(np.arange(len(new)), k).reshape(len(new), k) + n
        good = (metres <= reach) & (near + shift != new_row)
        pairs.append(np.column_stack([near[good] + shift, new_row[good]]))
    both = np.concatenate([old, new])
    kept = _drop_crossing(np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0), both, barriers)
    # nobody of the old ones is linked: join the estate by its shortest free step
    if n and not (kept[:, 0] < n).any():
        metres, near = cKDTree(old).query(new)
        order = np.lexsort((near, metres.round(6)))
        far = _drop_crossing(np.column_stack([near[order], order + n]), both, barriers)
        kept = np.concatenate([far[:1], kept])
    return kept.astype(np.int64)


def _drop_crossing(pairs: Ints, xy: Floats, barriers: Shapes) -> Ints:
    if not len(barriers) or not len(pairs):
        return pairs
    crossing = shapely.STRtree(barriers).query(
        shapely.linestrings(xy[pairs]), predicate="intersects"
    )[0]
    return np.delete(pairs, np.unique(crossing), axis=0)


def find_nearest(problem: DivisionProblem, sources: Ints) -> Ints:
    """Find for each atom the nearest of some atoms, from neighbour to neighbour: int64[n].

    -1 where there is no way.

    Examples
    --------
    >>> from gridplan.planning.measures import find_problems
    >>> from gridplan.synthetic import make_board_plan
    >>> find_nearest(find_problems(make_board_plan())["0301"], np.array([0, 5])).tolist()
    [0, 0, 0, 5, 5, 5, 0, 0, 0, 5, 5, 5]
    """
    n = len(problem)
    if not len(sources):
        return np.full(n, -1)
    pairs = np.zeros((0, 2), np.int64) if problem.pairs is None else problem.pairs
    # a sparse graph takes a length of zero for no edge
    step = np.maximum(np.hypot(*(problem.xy[pairs[:, 0]] - problem.xy[pairs[:, 1]]).T), LEAST)
    graph = csr_matrix((step, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, _, nearest = dijkstra(
        graph, directed=False, indices=sources, return_predecessors=True, min_only=True
    )
    return np.where(nearest < 0, -1, nearest).astype(np.int64)


def pass_over(problem: DivisionProblem, stands: Bools) -> Ints:
    """Link the atoms that stand past those that are gone.

    Each of these gives its links to the nearest that stands.

    So whoever could be walked between before still can, and no barrier is
    crossed. Returns int64[m, 2].

    Examples
    --------
    The middle one of a row of three is gone:

    >>> from gridplan.planning.measures import find_problems
    >>> from gridplan.synthetic import make_board_plan
    >>> row = find_problems(make_board_plan((1, 1, 2), columns=3, rows=1))["0301"]
    >>> pass_over(row, np.array([True, False, True])).tolist()
    [[0, 2]]
    """
    pairs = np.zeros((0, 2), np.int64) if problem.pairs is None else problem.pairs
    if stands.all():
        return pairs
    owner = find_nearest(problem, np.flatnonzero(stands))[pairs]
    # links between two atoms of one owner, or of none, join nothing
    owner = np.sort(owner[(owner[:, 0] != owner[:, 1]) & (owner >= 0).all(axis=1)], axis=1)
    return np.unique(owner, axis=0).astype(np.int64)
