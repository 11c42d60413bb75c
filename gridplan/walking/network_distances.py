"""Distances along the walking network from doors to posts, with the ways off the street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridplan.arrays import Floats, Ints
from gridplan.walking.street_network import WalkingNetwork

CELLS = 8_000_000  # distances held at once, to bound the memory
TOGETHER = 64  # sources whose surroundings are looked at together


def measure_paths(
    network: WalkingNetwork, sources: pd.DataFrame, targets: pd.DataFrame, limit: float = np.inf
) -> csr_array:
    """Measure the shortest way from each source to each target.

    Parameters
    ----------
    network
        The walking network.
    sources, targets
        Where they reach it, as :func:`reach_doors` gives it.
    limit
        Longest way of interest, metres.

    Returns
    -------
    float64[sources, targets], metres with both ways off the street. What is
    not held is farther than the limit, or cannot be reached; a way of 0 m is
    held.
    """
    # one search for each source: search from the fewer side
    if len(sources) > len(targets):
        return csr_array(measure_paths(network, targets, sources, limit).T).sorted_indices()
    starts, known = list_feet(sources)
    ends, others = list_feet(targets)
    lengths = []
    for rows in _batch_near(network, starts, len(ends), limit):
        # a search on what lies near costs less than its limit on the whole city
        part, number = crop_network(network, starts.iloc[rows], limit)
        near = np.flatnonzero(number[ends["edge"].to_numpy()] >= 0)
        begin, end = (
            t.assign(edge=number[t["edge"].to_numpy()])
            for t in (starts.iloc[rows], ends.iloc[near])
        )
        graph = add_sources(part, begin)
        ways = dijkstra(graph, indices=np.arange(len(part.x), graph.shape[0]), limit=limit)
        metres = _finish(part, ways, begin, end)
        row, column = np.nonzero(metres <= limit)
        lengths.append((metres[row, column], known[rows[row]], others[near[column]]))
    none = (np.zeros(0), known[:0], others[:0])
    data, row, column = (np.concatenate(part) for part in zip(none, *lengths, strict=True))
    # of ways over several pieces of the network the shortest
    order = np.lexsort((data, column, row))
    row, column, data = row[order], column[order], data[order]
    once = np.ones(len(row), bool)
    once[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    return csr_array((data[once], (row[once], column[once])), shape=(len(sources), len(targets)))


def list_feet(access: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """List all places where doors meet the network: up to two of each, on pieces of their own.

    Returns a table of edge, metres_u, metres_v and leg, with the doors' keys
    as its index, and the row of each door.
    """
    names = ["edge", "metres_u", "metres_v", "leg"]
    known = np.flatnonzero(access["snapped"].to_numpy(bool))
    feet = access[names].iloc[known]
    twice = np.flatnonzero(access["other_edge"].to_numpy() >= 0)
    if len(twice) == 0:
        return feet, known
    more = (
        access[["other_edge", "other_u", "other_v", "other_leg"]]
        .iloc[twice]
        .set_axis(names, axis=1)
    )
    return pd.concat([feet, more]), np.concatenate([known, twice])


def _batch_near(
    network: WalkingNetwork, sources: pd.DataFrame, targets: int, limit: float
) -> list[Ints]:
    """Batch sources that lie near one another: their rows."""
    node = network.u[sources["edge"].to_numpy()]
    # strips of twice the limit, so that a batch stays compact
    strip = np.floor(network.x[node] / min(2 * max(limit, 1.0), 1e9))
    order = np.lexsort((network.y[node], strip))
    batch = max(1, min(TOGETHER, CELLS // max(1, len(network.x), targets)))
    return [order[first : first + batch] for first in range(0, len(order), batch)]


def crop_network(
    network: WalkingNetwork, sources: pd.DataFrame, limit: float
) -> tuple[WalkingNetwork, Ints]:
    """Crop a network to what can be reached from some sources within a limit, by straight lines.

    Returns the part, and for each edge of the network its number in the part
    (-1: not in it).
    """
    x = network.x
    y = network.y
    u = network.u
    v = network.v
    edge = sources["edge"].to_numpy()
    ends = np.concatenate([u[edge], v[edge]])
    inside = np.ones(len(x), bool)
    if len(ends) and np.isfinite(limit):
        inside = (x >= x[ends].min() - limit) & (x <= x[ends].max() + limit)
        inside &= (y >= y[ends].min() - limit) & (y <= y[ends].max() + limit)
    # a target may be on an edge of which only one end is inside
    held = np.flatnonzero((inside[u] | inside[v]) & network.is_kept)
    number = np.full(len(u), -1)
    number[held] = np.arange(len(held))
    return _take_edges(network, held), number


def clip_network(network: WalkingNetwork, boxes: Floats) -> WalkingNetwork:
    """Clip a network to its kept edges that come into one of some boxes, in their order.

    ``boxes`` is float64[k, 4]: least x and y, greatest x and y, metres.

    Examples
    --------
    >>> from gridplan.synthetic.town import make_town
    >>> from gridplan.reading.site_tables import make_site
    >>> from gridplan.walking.network import build_network
    >>> network, _ = build_network(make_site(make_town(1, urban_share=0.0, seed=3)))
    >>> x, y = network.x, network.y
    >>> whole = np.array([[x.min(), y.min(), x.max(), y.max()]])
    >>> len(clip_network(network, whole).u) == len(network.kept_edges)
    True
    >>> len(clip_network(network, whole + 1e7).u)
    0
    """
    inside = np.zeros(len(network.u), bool)
    x, y = (np.sort([part[network.u], part[network.v]], axis=0) for part in (network.x, network.y))
    for west, south, east, north in boxes:
        inside |= (x[1] >= west) & (x[0] <= east) & (y[1] >= south) & (y[0] <= north)
    return _take_edges(network, np.flatnonzero(inside & network.is_kept))


def _take_edges(network: WalkingNetwork, held: Ints) -> WalkingNetwork:
    """Take some edges of a network with their nodes, in their order."""
    nodes = np.unique(np.concatenate([network.u[held], network.v[held]]))
    place = np.zeros(len(network.x), np.int64)
    place[nodes] = np.arange(len(nodes))
    return replace(
        network,
        x=network.x[nodes],
        y=network.y[nodes],
        u=place[network.u[held]],
        v=place[network.v[held]],
        metres=network.metres[held],
        street=network.street[held],
        component=network.component[nodes],
    )


def add_sources(network: WalkingNetwork, sources: pd.DataFrame) -> csr_array:
    """Add a node for each source, from which ways lead to both ends of its edge, none back."""
    n = len(network.x)
    s = len(sources)
    edge = sources["edge"].to_numpy()
    leg = sources["leg"].to_numpy(float)
    nodes = np.concatenate([network.u[edge], network.v[edge]])
    metres = np.concatenate(
        [leg + sources["metres_u"].to_numpy(float), leg + sources["metres_v"].to_numpy(float)]
    )
    # ways lead out of a source, never into it: none goes through another one
    u, v, length = (part[network.kept_edges] for part in (network.u, network.v, network.metres))
    rows = np.concatenate([u, v, n + np.tile(np.arange(s), 2)])
    columns = np.concatenate([v, u, nodes])
    return csr_array(
        (np.concatenate([length, length, metres]), (rows, columns)), shape=(n + s, n + s)
    )


def _finish(
    network: WalkingNetwork, ways: Floats, sources: pd.DataFrame, targets: pd.DataFrame
) -> Floats:
    """Finish ways to all nodes at the targets; on one edge they need not go by its ends."""
    edge = targets["edge"].to_numpy()
    leg = targets["leg"].to_numpy(float)
    along = [targets[c].to_numpy(float) for c in ("metres_u", "metres_v")]
    metres = np.minimum(ways[:, network.u[edge]] + along[0], ways[:, network.v[edge]] + along[1])
    metres += leg
    # both on one edge: the way need not go by its ends
    row, column = find_shared(sources["edge"].to_numpy(), edge)
    apart = np.abs(sources["metres_u"].to_numpy(float)[row] - along[0][column])
    direct = apart + sources["leg"].to_numpy(float)[row] + leg[column]
    metres[row, column] = np.minimum(metres[row, column], direct)
    return np.asarray(metres)


def find_shared(edges: Ints, others: Ints) -> tuple[Ints, Ints]:
    """Find all pairs of one row each with the same edge."""
    order = np.argsort(others, kind="stable")
    low, high = (np.searchsorted(others[order], edges, side) for side in ("left", "right"))
    count = high - low
    row = np.repeat(np.arange(len(edges)), count)
    place = np.arange(count.sum()) + np.repeat(low - (np.cumsum(count) - count), count)
    return row, order[place]


def find_nearest(
    network: WalkingNetwork, sources: pd.DataFrame, targets: pd.DataFrame, limit: float = np.inf
) -> pd.DataFrame:
    """Find the target nearest to each source.

    Returns
    -------
    A table with the sources' index: ``target``, the key of the nearest (empty
    if none is within the limit), and ``metres``, the way there (NaN if there
    is none). Of targets equally near, one whose key comes first is taken where
    both share an edge.
    """
    table = pd.DataFrame({"target": "", "metres": np.nan}, index=sources.index)
    ends = list_feet(targets.sort_index())[0].sort_index(kind="stable")
    starts, known = list_feet(sources)
    if len(ends) == 0 or len(known) == 0:
        return table
    n = len(network.x)
    # one search from all targets at once gives the nearest of each node
    graph = add_sources(network, ends)
    ways, _, origin = dijkstra(
        graph,
        indices=n + np.arange(len(ends)),
        limit=limit,
        min_only=True,
        return_predecessors=True,
    )
    edge = starts["edge"].to_numpy()
    leg = starts["leg"].to_numpy(float)
    by = np.stack(
        [ways[network.u[edge]] + starts["metres_u"], ways[network.v[edge]] + starts["metres_v"]]
    )
    # of two ways equally long, that by the first node is taken
    end = np.where(by[0] <= by[1], network.u[edge], network.v[edge])
    metres = by.min(axis=0) + leg
    nearest = origin[end] - n
    row, column = find_shared(edge, ends["edge"].to_numpy())
    apart = np.abs(
        starts["metres_u"].to_numpy(float)[row] - ends["metres_u"].to_numpy(float)[column]
    )
    direct = apart + leg[row] + ends["leg"].to_numpy(float)[column]
    # backwards, so that of equal ways the first target is written last and stays
    order = np.lexsort((column, direct, row))[::-1]
    best = np.full(len(starts), np.inf)
    straight = np.full(len(starts), -1)
    best[row[order]] = direct[order]
    straight[row[order]] = column[order]
    nearest = np.where(best < metres, straight, nearest)
    metres = np.minimum(best, metres)
    within = np.flatnonzero(metres <= limit)
    # backwards, so that the shortest of the ways from one door is written last
    within = within[np.lexsort((within, metres[within]))[::-1]]
    table.iloc[known[within], 1] = metres[within]
    table.iloc[known[within], 0] = ends.index.to_numpy(dtype=object)[nearest[within]]
    return table
