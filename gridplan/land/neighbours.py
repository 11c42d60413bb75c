"""Neighbours: which stairwells can be walked between without crossing what cannot be crossed.

The candidates are the edges of a Delaunay triangulation of the doors of each
community. Long steps and steps over hard barriers are struck out; an opening
(a bridge, an underpass) lets a step through, with the way over it as its
length. What then stands apart is joined again by the shortest step that no
hard barrier forbids.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.rules.neighbours import SERVES, NeighbourRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry


def find_neighbours(
    stairwells: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    openings: gpd.GeoDataFrame,
    rules: NeighbourRules | None = None,
) -> tuple[pd.DataFrame, list[Entry]]:
    """Find the pairs of stairwells that can be walked between.

    Parameters
    ----------
    stairwells
        The stairwells table, sorted by key.
    barriers, openings
        What cannot (hard) or should not (soft) be crossed, and where it can
        be.
    rules
        Longest steps, in metres.

    Returns
    -------
    The neighbours table, and entries about islands: stairwells that nothing
    joins to the rest of their community. ``link`` says how one gets across:
    ``floor`` and ``building`` within a building, ``near``, ``far`` where
    nothing nearer joins, ``soft`` over a soft barrier, ``opening`` over an
    opening in a hard one.
    """
    rules = rules or NeighbourRules()
    stairwells = stairwells.sort_index()
    place, xy, community, reach = _find_places(stairwells, rules)
    pairs = _triangulate(xy, community)
    length = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    blocked, over, soft = _find_barriers_met(xy, pairs, barriers, openings, rules)
    home = _find_same_building(stairwells, place, pairs)
    link = np.where(
        home, "building", np.where(over < np.inf, "opening", np.where(soft, "soft", "near"))
    ).astype(object)
    # within a building no barrier lies between, whatever the map says
    blocked &= ~home
    length = np.where(link == "opening", np.minimum(over, 1e12), length)
    # a way over a bridge may be longer than a step on plain ground
    limit = np.where(
        link == "opening", np.maximum(rules.opening_reach, reach[pairs[:, 0]]), reach[pairs[:, 0]]
    )
    near = ~blocked & ((length <= limit) | home)
    # what reach alone leaves apart is joined if no barrier forbids it
    kept = _rejoin(len(xy), pairs, length, near, ~blocked)
    link[kept & ~near & (link == "near")] = "far"
    between = pd.DataFrame(
        {"a": pairs[kept, 0], "b": pairs[kept, 1], "distance": length[kept], "link": link[kept]}
    )
    table = _write_pairs(stairwells, place, between)
    return table, _report_islands(stairwells, table)


def drop_idle_openings(site: Site) -> Site:
    """Leave out the openings that lie on no barrier, nor near one; the ledger counts them.

    They open nothing, and on a map they would seem to.
    """
    openings = site.openings
    near = shapely.STRtree(openings.geometry.to_numpy()).query(
        site.barriers.geometry.to_numpy(), predicate="dwithin", distance=SERVES
    )[1]
    idle = np.ones(len(openings), bool)
    idle[near] = False
    reason = f"no barrier within {SERVES:g} m: nothing that they would open"
    codes = sorted(openings.index[idle])
    return site.replace(openings=openings[~idle]).note(
        [Entry("neighbours", "openings", "dropped", len(codes), reason, codes)]
    )


def _find_places(
    stairwells: gpd.GeoDataFrame, rules: NeighbourRules
) -> tuple[Ints, Floats, Ints, Floats]:
    """Find the doors: floor bands of one stairwell share one.

    Returns for each stairwell the number of its door, and for each door its
    position, community number and reach.
    """
    door = stairwells["building"] + "-" + stairwells["door"].astype("str")
    _, first, place = np.unique(door.to_numpy(dtype=object), return_index=True, return_inverse=True)
    points = shapely.get_coordinates(stairwells.geometry.to_numpy())[first]
    community = np.unique(stairwells["community"].to_numpy(dtype=object), return_inverse=True)[1][
        first
    ]
    urban = (stairwells["community_kind"] == "urban").to_numpy()[first]
    return place, points, community, np.where(urban, rules.urban_reach, rules.rural_reach)


def _triangulate(xy: Floats, community: Ints) -> Ints:
    """Triangulate the doors of each community; returns int64[m, 2], sorted, each pair once."""
    order = np.argsort(community, kind="stable")
    communities = np.split(order, np.flatnonzero(np.diff(community[order])) + 1)
    pairs = np.concatenate([members[_triangulate_points(xy[members])] for members in communities])
    pairs.sort(axis=1)
    return np.unique(pairs, axis=0)


def _triangulate_points(xy: Floats) -> Ints:
    """Triangulate some points; those in one line are chained, doubles join their nearest."""
    n = len(xy)
    # near the origin, where the triangulation loses no digits
    xy = xy - xy.mean(axis=0)
    line = np.lexsort((xy[:, 1], xy[:, 0]))
    chain = np.column_stack([line[:-1], line[1:]])
    if n < 3:
        return chain
    try:
        corners = Delaunay(xy).simplices
    # All in one line, which no triangle can be drawn on.
    except QhullError:
        return chain
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    alone = np.setdiff1d(np.arange(n), edges)  # doors at the very place of another
    if len(alone):
        near = cKDTree(xy).query(xy[alone], k=2)[1]
        partner = np.where(near[:, 0] == alone, near[:, 1], near[:, 0])
        edges = np.concatenate([edges, np.column_stack([alone, partner])])
    return np.asarray(edges, np.int64)


def _find_barriers_met(
    xy: Floats,
    pairs: Ints,
    barriers: gpd.GeoDataFrame,
    openings: gpd.GeoDataFrame,
    rules: NeighbourRules,
) -> tuple[Bools, Floats, Bools]:
    """Find which steps meet barriers.

    Returns for each pair whether a hard barrier without opening forbids it,
    the length of the way over openings (metres; infinite where none is used)
    and whether it crosses a soft barrier.
    """
    m = len(pairs)
    blocked = np.zeros(m, bool)
    over = np.full(m, np.inf)
    soft = np.zeros(m, bool)
    if barriers.empty:
        return blocked, over, soft
    steps = shapely.linestrings(xy[pairs])
    hard = barriers["hard"].fillna(True).to_numpy(bool)
    if rules.streams_hard:
        hard |= barriers["kind"].isin(["stream", "canal", "ditch", "drain"]).to_numpy()
    shapes = barriers.geometry.to_numpy()
    step, barrier = shapely.STRtree(shapes).query(steps, predicate="intersects")
    soft[step[~hard[barrier]]] = True
    # from here on only hard barriers
    step = step[hard[barrier]]
    barrier = barrier[hard[barrier]]
    way = _measure_openings(xy, pairs, step, barrier, shapes, openings)
    # a step over several barriers needs an opening in each of them
    blocked[step[np.isinf(way)]] = True
    longest = np.zeros(m)
    # the longest of its ways over single barriers
    np.maximum.at(longest, step, way)
    through = np.zeros(m, bool)
    through[step] = True
    over[through & ~blocked] = longest[through & ~blocked]
    return blocked, over, soft


def _measure_openings(
    xy: Floats, pairs: Ints, step: Ints, barrier: Ints, shapes: Shapes, openings: gpd.GeoDataFrame
) -> Floats:
    """Measure the shortest way of each step over an opening of the barrier that it meets.

    Infinite where there is none.
    """
    way = np.full(len(step), np.inf)
    if openings.empty or len(step) == 0:
        return way
    places = openings.geometry.to_numpy()
    met = np.unique(barrier)
    b, o = shapely.STRtree(places).query(shapes[met], predicate="dwithin", distance=SERVES)
    # A bridge over a side stream must not open the river beside it: what
    # touches some barrier serves only that.
    touches = shapely.intersects(shapes[met][b], places[o])
    bound = np.zeros(len(places), bool)
    bound[shapely.STRtree(places).query(shapes, predicate="intersects")[1]] = True
    b = b[touches | ~bound[o]]
    o = o[touches | ~bound[o]]
    ends = np.array([_find_ends(places[i]) for i in range(len(places))])
    serves = pd.Series(o).groupby(met[b]).apply(np.asarray).to_dict()
    for barrier_id in met:
        rows = np.flatnonzero(barrier == barrier_id)
        if barrier_id not in serves:
            continue
        # All openings of a barrier at once; a bridge may be crossed either
        # way.
        e = ends[serves[barrier_id]]
        a = xy[pairs[step[rows], 0]]
        c = xy[pairs[step[rows], 1]]
        bridge = np.hypot(*(e[:, 0] - e[:, 1]).T)
        there = _measure_distances(a, e[:, 0]) + bridge + _measure_distances(c, e[:, 1])
        back = _measure_distances(a, e[:, 1]) + bridge + _measure_distances(c, e[:, 0])
        way[rows] = np.minimum(there, back).min(axis=1)
    return way


def _find_ends(shape: Any) -> Floats:
    """Find the two ends of a line; the middle twice of any other shape."""
    if shape.geom_type == "LineString":
        return np.array([shape.coords[0][:2], shape.coords[-1][:2]])
    middle = shape.centroid
    return np.array([(middle.x, middle.y)] * 2)


def _measure_distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1]))


def _find_same_building(stairwells: gpd.GeoDataFrame, place: Ints, pairs: Ints) -> Bools:
    building = np.zeros(place.max() + 1 if len(place) else 0, np.int64)
    building[place] = np.unique(stairwells["building"].to_numpy(dtype=object), return_inverse=True)[
        1
    ]
    return np.asarray(building[pairs[:, 0]] == building[pairs[:, 1]])


def _rejoin(n: int, pairs: Ints, length: Floats, near: Bools, allowed: Bools) -> Bools:
    """Add to the near pairs the shortest allowed ones that join what stands apart.

    Kruskal's rule.
    """
    graph = csr_matrix((np.ones(near.sum()), pairs[near].T), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    kept = near.copy()
    candidates = np.flatnonzero(allowed & ~near & (label[pairs[:, 0]] != label[pairs[:, 1]]))
    # of equal lengths the first pair, so that the result is one
    candidates = candidates[np.lexsort((candidates, length[candidates]))]
    root = np.arange(label.max() + 1 if n else 0)

    def find(c: int) -> int:
        while root[c] != c:
            # shorten the path on the way up
            root[c] = root[root[c]]
            c = root[c]
        return c

    for e in candidates:
        a = find(label[pairs[e, 0]])
        b = find(label[pairs[e, 1]])
        if a != b:
            root[max(a, b)] = min(a, b)
            kept[e] = True
    return kept


def _write_pairs(stairwells: gpd.GeoDataFrame, place: Ints, between: pd.DataFrame) -> pd.DataFrame:
    """Write the pairs of stairwells: lowest bands of two doors meet, bands are stacked."""
    codes = stairwells.index.to_numpy(dtype=object)
    order = np.lexsort((codes, stairwells["floor_from"].to_numpy(), place))
    lowest = np.full(place.max() + 1 if len(place) else 0, -1)
    # written backwards, so that the lowest band of each door stays
    lowest[place[order][::-1]] = order[::-1]
    stacked = place[order][1:] == place[order][:-1]
    lower = order[:-1][stacked]
    upper = order[1:][stacked]
    climb = stairwells["climb"].to_numpy()
    a = lowest[between["a"].to_numpy()]
    b = lowest[between["b"].to_numpy()]
    # climbs down one stairwell and up the other are part of the way
    distance = between["distance"].to_numpy() + climb[a] + climb[b]
    table = pd.DataFrame(
        {
            "focal": codes[np.concatenate([a, lower])],
            "neighbour": codes[np.concatenate([b, upper])],
            "distance": np.concatenate([distance, climb[upper] - climb[lower]]),
            "link": np.concatenate(
                [between["link"].to_numpy(dtype=object), np.full(len(lower), "floor", object)]
            ),
        }
    )
    table = table.sort_values(["focal", "neighbour"], ignore_index=True)
    table["pair"] = (table.index + 1).astype("str").str.zfill(len(str(len(table))))
    return conform_table("neighbours", table)


def _report_islands(stairwells: gpd.GeoDataFrame, table: pd.DataFrame) -> list[Entry]:
    """Report the stairwells outside the largest connected piece of their community."""
    n = len(stairwells)
    a = stairwells.index.get_indexer(table["focal"])
    b = stairwells.index.get_indexer(table["neighbour"])
    label = connected_components(
        csr_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False
    )[1]
    pieces = pd.DataFrame(
        {
            "community": stairwells["community"].to_numpy(),
            "label": label,
            "households": stairwells["households"].to_numpy(),
        }
    )
    held = pieces.groupby(["community", "label"])["households"].sum().reset_index()
    held = held.sort_values(["community", "households", "label"], ascending=[True, False, True])
    islands = held[held.duplicated("community")]
    apart = pieces["label"].isin(islands["label"]).to_numpy()
    reason = (
        f"in {len(islands)} islands that a hard barrier without opening cuts off "
        "from the rest of their community"
    )
    far = table[table["link"] == "far"]
    joined = (
        "pairs farther apart than the reach, "
        "kept since nothing nearer joins their houses to the rest"
    )
    return [
        Entry(
            "neighbours",
            "stairwells",
            "noted",
            int(apart.sum()),
            reason,
            list(stairwells.index[apart][:20]),
        ),
        Entry("neighbours", "neighbours", "noted", len(far), joined, list(far["focal"][:20])),
    ]
