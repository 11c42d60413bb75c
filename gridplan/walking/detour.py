"""Detour: ways where no streets are known, as straight lines times a factor.

Where a barrier lies between, they go over its openings.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridplan.arrays import Bools, Floats, Ints
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.network_distances import measure_paths
from gridplan.walking.obstacles import Obstacles, find_obstacles
from gridplan.walking.street_network import WalkingNetwork

ANYWHERE = 1e7  # metres, farther than any two places of a site
CELLS = 4_000_000  # ways looked at together, to bound the memory


@dataclass(frozen=True)
class Detour:
    """How much longer ways along the streets are than straight lines.

    ``factor`` is all metres walked by all metres of straight line, over
    ``pairs`` pairs of doors; ``middle`` is the median of the pairs, ``low``
    and ``high`` the 10th and 90th of a hundred.
    """

    factor: float
    pairs: int
    low: float
    middle: float
    high: float


def fit_detour(
    network: WalkingNetwork,
    doors: pd.DataFrame,
    points: gpd.GeoDataFrame,
    site: Site,
    rules: WalkingRules | None = None,
    *,
    seed: int = 0,
    sample: int = 300,
    nearest: float = 100.0,
    farthest: float = 1_000.0,
) -> Detour:
    """Fit the detour factor of a place whose streets are known.

    Pairs with a hard barrier between them are left out, since
    :func:`measure_straight` goes by its openings.

    Parameters
    ----------
    network
        The walking network.
    doors, points
        Where doors reach it, as :func:`reach_doors` gives it, and the doors
        themselves, with one index.
    site, rules
        The land, for its barriers and openings, and tolerances in metres.
    seed
        Any whole number; the same seed gives the same sample.
    sample
        Doors from which ways to all others are measured.
    nearest, farthest
        Straight metres between the doors of a pair.

    Raises
    ------
    ValueError
        If no two doors are so far apart, joined by streets, with nothing
        between.

    Source: the ratio of network to straight distance, known as circuity; taken
    as a ratio of sums, so that ways count by their length.
    """
    # sorted, so that the order of a table cannot change which doors are taken
    doors = doors[doors["snapped"]].sort_index()
    chosen = np.sort(np.random.default_rng(seed).permutation(len(doors))[:sample])
    xy = shapely.get_coordinates(points.geometry.reindex(doors.index).to_numpy())
    # far beyond the straight limit, so that a long way round is not taken for none
    ways = measure_paths(network, doors.iloc[chosen], doors, farthest * 10).tocoo()
    straight = np.hypot(*(xy[chosen][ways.row] - xy[ways.col]).T)
    # short pairs say more about the corner of a block than about the town
    kept = (straight >= nearest) & (straight <= farthest)
    kept[kept] = ~find_obstacles(site, rules, gated=False).find_blocked(
        xy[chosen][ways.row[kept]], xy[ways.col[kept]]
    )
    if not kept.any():
        raise ValueError(
            f"no two doors {nearest:g} to {farthest:g} m apart are joined by streets, "
            "with no barrier between"
        )
    metres = ways.data[kept]
    straight = straight[kept]
    spread = np.quantile(metres / straight, [0.1, 0.5, 0.9])
    return Detour(float(metres.sum() / straight.sum()), int(kept.sum()), *map(float, spread))


def measure_straight(
    sources: gpd.GeoDataFrame,
    targets: gpd.GeoDataFrame,
    site: Site,
    rules: WalkingRules | None = None,
    limit: float = np.inf,
) -> csr_array:
    """Measure ways where no streets are known: straight lines times the detour factor.

    Where a hard barrier lies between, the way goes by openings, straight from
    one to the next. Ways round what is soft, such as the walls of compounds,
    are what the factor is for.

    Parameters
    ----------
    sources, targets
        Tables of points.
    site
        The land, for its barriers and openings.
    rules
        The factor, ``walking.detour``, and tolerances in metres.
    limit
        Longest way of interest, metres.

    Returns
    -------
    As :func:`measure_paths`: float64[sources, targets], metres; what is not
    held is farther, or cannot be reached.
    """
    rules = rules or WalkingRules()
    obstacles = find_obstacles(site, rules, gated=False)
    a, b = (
        shapely.get_coordinates(shapely.point_on_surface(t.geometry.to_numpy()))
        for t in (sources, targets)
    )
    # finite even without a limit: farther than any two places
    reach = min(limit / rules.detour, ANYWHERE)
    # ways are held in blocks of sources, as all at once would not fit into memory
    batch = max(1, CELLS // max(1, len(b)))
    parts = [
        _measure_some(a[first : first + batch], b, obstacles, reach)
        for first in range(0, len(a), batch)
    ]
    row = np.concatenate(
        [np.zeros(0, np.int64), *(part[0] + n * batch for n, part in enumerate(parts))]
    )
    column, metres = (np.concatenate([np.zeros(0), *(part[c] for part in parts)]) for c in (1, 2))
    return csr_array(
        (metres * rules.detour, (row, column.astype(np.int64))), shape=(len(a), len(b))
    )


def _measure_some(
    a: Floats, b: Floats, obstacles: Obstacles, reach: float
) -> tuple[Ints, Ints, Floats]:
    """Measure the ways from some places to all others: rows, columns and straight metres."""
    row, column = shapely.STRtree(shapely.points(b)).query(
        shapely.points(a), predicate="dwithin", distance=reach
    )
    metres = np.hypot(*(a[row] - b[column]).T)
    blocked = obstacles.find_blocked(a[row], b[column])
    if blocked.any():
        # only places with a blocked way take part in the search over openings
        near = np.unique(row[blocked])
        far = np.unique(column[blocked])
        over = _go_by_openings(a[near], b[far], obstacles, reach)
        metres[blocked] = over[
            np.searchsorted(near, row[blocked]), np.searchsorted(far, column[blocked])
        ]
    kept = metres <= reach
    # the order that the tree returns is not defined; the result needs one
    order = np.lexsort((column[kept], row[kept]))
    return row[kept][order], column[kept][order], metres[kept][order]


def _go_by_openings(a: Floats, b: Floats, obstacles: Obstacles, reach: float) -> Floats:
    """Measure the straight metres between places by one opening or several.

    Infinite where there is no way.
    """
    k = len(obstacles.places)
    n = len(a)
    m = len(b)
    # nodes are numbered: openings from 0, then the places of a, then those of b
    tree = shapely.STRtree(shapely.points(obstacles.places))
    place, first = tree.query(shapely.points(a), predicate="dwithin", distance=reach)
    other, last = tree.query(shapely.points(b), predicate="dwithin", distance=reach)
    one, two = tree.query(shapely.points(obstacles.places), predicate="dwithin", distance=reach)
    apart = one != two
    one = one[apart]
    two = two[apart]
    out = _keep_free(a[place], obstacles.places[first], obstacles, first)
    into = _keep_free(obstacles.places[last], b[other], obstacles, last)
    # over a bridge one may always go from one end to the other
    between = _keep_free(obstacles.places[one], obstacles.places[two], obstacles, one, two) | (
        obstacles.twin[one] == two
    )
    start = np.concatenate([k + place[out], one[between], last[into]])
    stop = np.concatenate([first[out], two[between], k + n + other[into]])
    xy = np.concatenate([obstacles.places, a, b])
    # A length of nothing would be no edge: doors that stand in the
    # opening are a hair away.
    metres = np.maximum(np.hypot(*(xy[start] - xy[stop]).T), 1e-9)
    graph = csr_array((metres, (start, stop)), shape=(k + n + m, k + n + m))
    return np.asarray(dijkstra(graph, indices=k + np.arange(n), limit=reach)[:, k + n :])


def _keep_free(start: Floats, stop: Floats, obstacles: Obstacles, *openings: Ints) -> Bools:
    return ~obstacles.find_blocked(start, stop, *openings)


def note_detour(rules: WalkingRules, count: int, fitted: Detour | None = None) -> Entry:
    """Note in the ledger that ways are straight lines times a factor, and the factor's source."""
    origin = (
        "assumed"
        if fitted is None
        else f"fitted on {fitted.pairs} pairs, 8 of 10 from {fitted.low:.2f} to {fitted.high:.2f}"
    )
    return Entry(
        "walking",
        "stairwells",
        "inferred",
        count,
        f"no streets are known: ways are straight lines times {rules.detour:g} ({origin})",
    )
