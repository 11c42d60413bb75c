"""Streets by minutes: the walking network in pieces, each in the band of its minutes to the nearest post that serves there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridplan.arrays import Floats, Ints, Objects, Shapes
from gridplan.rules.coverage import Service
from gridplan.walking.network import WalkingNetwork

LONGEST = (
    40.0  # metres; longer edges are cut into equal pieces, so that bands end where they should
)
FINE = 0.5  # metres; bends of streets smaller than this are not shown
EPSILON = 1e-9  # metres; SciPy takes a way of no length for none


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of the edges that ways lead over: the edge of each, and how far along its ends are, as shares of the edge."""

    network: WalkingNetwork
    edge: Ints
    first: Floats
    last: Floats

    def place(self, share: Floats) -> Floats:
        """Return the place at a share of each piece's edge: float64[n, 2]."""
        u, v = (
            np.column_stack([self.network.x[n], self.network.y[n]])
            for n in (self.network.u, self.network.v)
        )
        return np.asarray(u[self.edge] + share[:, None] * (v - u)[self.edge])

    @property
    def middle(self) -> Floats:
        """How far along its edge the middle of each piece is, as a share."""
        return (self.first + self.last) / 2.0


def cut_edges(network: WalkingNetwork) -> Pieces:
    """Cut the edges of a walking network into pieces no longer than ``LONGEST``."""
    kept = network.kept_edges
    count = np.maximum(1, np.ceil(network.metres[kept] / LONGEST)).astype(np.int64)
    edge = np.repeat(kept, count)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    share = 1.0 / np.repeat(count, count)
    return Pieces(network, edge, step * share, (step + 1) * share)


def measure_pieces(
    pieces: Pieces,
    posts: gpd.GeoDataFrame,
    access: pd.DataFrame,
    service: Service,
    land: Any,
    limit: float,
) -> Floats:
    """Measure the way from the middle of each piece to the nearest post: float64[n], metres, infinite beyond the limit.

    Where posts serve their own community only, a piece counts for the
    community that it lies in.

    Parameters
    ----------
    pieces
        Pieces of streets.
    posts, access
        Posts of one kind, and how they reach the network.
    service
        The kind of post: who may go to it.
    land
        The communities.
    limit
        How far ways are looked for, in metres.
    """
    metres = np.full(len(pieces.edge), np.inf)
    own = access["snapped"].to_numpy(bool)
    posts = posts[own]
    access = access[own]
    if service.scope == "city":
        return _measure_group(pieces, access, limit)
    home = _find_land(pieces, land)
    codes = posts["community"].to_numpy(object)
    for code in np.unique(codes.astype(str)):
        rows = np.flatnonzero(home == code)
        if len(rows):
            some = Pieces(pieces.network, pieces.edge[rows], pieces.first[rows], pieces.last[rows])
            metres[rows] = _measure_group(some, access[codes == code], limit)
    return metres


def _measure_group(pieces: Pieces, access: pd.DataFrame, limit: float) -> Floats:
    """Measure pieces to the nearest of some posts: over an end of their edge, or along it to a post on the same edge."""
    if access.empty or not len(pieces.edge):
        return np.full(len(pieces.edge), np.inf)
    network = pieces.network
    edge = access["edge"].to_numpy(np.int64)
    leg = access["leg"].to_numpy(float)
    along = access["metres_u"].to_numpy(float)
    back = access["metres_v"].to_numpy(float)
    n = len(network.x)
    ends = np.concatenate([network.u[edge], network.v[edge]])
    starts = np.maximum(np.concatenate([leg + along, leg + back]), EPSILON)
    nearest = (
        pd.Series(starts).groupby(ends).min()
    )  # several posts may begin at one node; what is given twice would be summed
    tail = np.concatenate([network.u, network.v, np.full(len(nearest), n)])
    head = np.concatenate([network.v, network.u, nearest.index.to_numpy(np.int64)])
    length = np.concatenate([network.metres, network.metres, nearest.to_numpy()])
    graph = csr_array((np.maximum(length, EPSILON), (tail, head)), shape=(n + 1, n + 1))
    to = dijkstra(graph, indices=n, limit=limit)
    at = network.metres[pieces.edge] * pieces.middle
    over = np.minimum(
        to[network.u[pieces.edge]] + at,
        to[network.v[pieces.edge]] + network.metres[pieces.edge] - at,
    )
    same = pd.DataFrame({"edge": pieces.edge, "at": at, "piece": np.arange(len(at))}).merge(
        pd.DataFrame({"edge": edge, "along": along, "leg": leg}), on="edge"
    )
    straight = (same["leg"] + (same["at"] - same["along"]).abs()).groupby(same["piece"]).min()
    over[straight.index.to_numpy(np.int64)] = np.minimum(
        over[straight.index.to_numpy(np.int64)], straight.to_numpy()
    )
    return np.asarray(over)


def _find_land(pieces: Pieces, land: Any) -> Objects:
    """Find the community that the middle of each piece lies in; of several the first by code, empty where there is none."""
    land = land.sort_index()
    middles = shapely.points(pieces.place(pieces.middle))
    point, over = shapely.STRtree(land.geometry.to_numpy()).query(middles, predicate="intersects")
    first = pd.Series(over, dtype=np.int64).groupby(point).min()
    found = np.full(len(middles), "", dtype=object)
    found[first.index.to_numpy(np.int64)] = land.index.to_numpy(object)[first.to_numpy()]
    return found


def join_bands(pieces: Pieces, bands: Sequence[Ints], beyond: int) -> tuple[Shapes, list[str]]:
    """Join pieces that are in the same band in every view; what is beyond all bands in all of them is left out.

    Parameters
    ----------
    pieces
        Pieces of streets.
    bands
        For each view the band of each piece, from 0.
    beyond
        The band of what is too far.

    Returns
    -------
    Lines in metres, and for each line its band in every view, a digit each.
    """
    if not bands:
        return np.array([], dtype=object), []
    digits = np.asarray(bands).T
    rows = np.flatnonzero((digits < beyond).any(axis=1))
    patterns, group = np.unique(digits[rows], axis=0, return_inverse=True)
    ends = np.stack([pieces.place(pieces.first)[rows], pieces.place(pieces.last)[rows]], axis=1)
    order = np.argsort(group.ravel(), kind="stable")
    sheaves = (
        np.split(shapely.linestrings(ends[order]), np.cumsum(np.bincount(group.ravel()))[:-1])
        if len(rows)
        else []
    )
    lines = [
        shapely.get_parts(shapely.line_merge(shapely.multilinestrings(sheaf))) for sheaf in sheaves
    ]
    texts = [
        "".join(map(str, pattern))
        for pattern, own in zip(patterns.tolist(), lines, strict=True)
        for _ in own
    ]
    shapes = np.concatenate(lines) if lines else np.array([], dtype=object)
    return np.asarray(shapely.simplify(shapes, FINE), dtype=object), texts
