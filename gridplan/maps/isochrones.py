"""Streets by minutes: the walking network in pieces, each in the band of its nearest post."""

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
from gridplan.walking.network_distances import list_feet
from gridplan.walking.street_network import WalkingNetwork

# Longer edges, in metres, are cut into equal pieces, so that bands end where
# they should.
LONGEST = 40.0
FINE = 0.5  # metres; bends of streets smaller than this are not shown
EPSILON = 1e-9  # metres; in a sparse graph of SciPy an edge of length zero is no edge


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of the edges that ways lead over.

    ``edge`` is the edge of each piece, ``first`` and ``last`` are how far along
    it the piece's ends are, as shares of the edge.
    """

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
    # An edge of no length would otherwise have no piece.
    count = np.maximum(1, np.ceil(network.metres[kept] / LONGEST)).astype(np.int64)
    edge = np.repeat(kept, count)
    # The number of each piece within its own edge, from 0.
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
    """Measure the way from the middle of each piece to the nearest post.

    Returns float64[n] in metres, infinite beyond the limit. Where posts serve
    their own community or subdistrict only, a piece counts for the community that it lies in.

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
    # A post whose door reaches no street cannot be walked to.
    is_snapped = access["snapped"].to_numpy(bool)
    posts = posts[is_snapped]
    access = access[is_snapped]
    if service.scope == "city":
        return _measure_group(pieces, access, limit)
    home = _find_land(pieces, land)
    codes = posts["community"].to_numpy(object)
    if service.scope == "subdistrict":
        # a community of which nobody says the subdistrict stands alone
        street = land["subdistrict"].mask(land["subdistrict"] == "", land.index.to_series())
        home, codes = (street.reindex(some).fillna("").to_numpy(object) for some in (home, codes))
    for code in np.unique(codes.astype(str)):
        rows = np.flatnonzero(home == code)
        if len(rows):
            some = Pieces(pieces.network, pieces.edge[rows], pieces.first[rows], pieces.last[rows])
            metres[rows] = _measure_group(some, access[codes == code], limit)
    return metres


def _measure_group(pieces: Pieces, access: pd.DataFrame, limit: float) -> Floats:
    """Measure pieces to the nearest of some posts: over an end of their edge, or along it.

    One search from all posts at once: an extra node, the source, is joined to
    both ends of each post's edge, so that Dijkstra runs once, in
    O(m log n), however many posts there are.
    """
    if access.empty or not len(pieces.edge):
        return np.full(len(pieces.edge), np.inf)
    network = pieces.network
    access, _ = list_feet(access)
    edge = access["edge"].to_numpy(np.int64)
    leg = access["leg"].to_numpy(float)
    along = access["metres_u"].to_numpy(float)
    back = access["metres_v"].to_numpy(float)
    source = len(network.x)
    ends = np.concatenate([network.u[edge], network.v[edge]])
    starts = np.maximum(np.concatenate([leg + along, leg + back]), EPSILON)
    # Several posts may begin at one node: the matrix would add their lengths up.
    nearest = pd.Series(starts).groupby(ends).min()
    tail = np.concatenate([network.u, network.v, np.full(len(nearest), source)])
    head = np.concatenate([network.v, network.u, nearest.index.to_numpy(np.int64)])
    length = np.concatenate([network.metres, network.metres, nearest.to_numpy()])
    graph = csr_array((np.maximum(length, EPSILON), (tail, head)), shape=(source + 1, source + 1))
    to_node = dijkstra(graph, indices=source, limit=limit)
    middle = network.metres[pieces.edge] * pieces.middle
    metres = np.minimum(
        to_node[network.u[pieces.edge]] + middle,
        to_node[network.v[pieces.edge]] + network.metres[pieces.edge] - middle,
    )
    # A post on the piece's own edge may be nearer along it than over either end.
    same = pd.DataFrame({"edge": pieces.edge, "middle": middle, "piece": np.arange(len(middle))})
    same = same.merge(pd.DataFrame({"edge": edge, "along": along, "leg": leg}), on="edge")
    straight = (same["leg"] + (same["middle"] - same["along"]).abs()).groupby(same["piece"]).min()
    rows = straight.index.to_numpy(np.int64)
    metres[rows] = np.minimum(metres[rows], straight.to_numpy())
    return np.asarray(metres)


def _find_land(pieces: Pieces, land: Any) -> Objects:
    """Find the community that the middle of each piece lies in; empty where there is none."""
    # A street may run along a common border: the first by code takes it.
    land = land.sort_index()
    middles = shapely.points(pieces.place(pieces.middle))
    point, over = shapely.STRtree(land.geometry.to_numpy()).query(middles, predicate="intersects")
    first = pd.Series(over, dtype=np.int64).groupby(point).min()
    codes = np.full(len(middles), "", dtype=object)
    codes[first.index.to_numpy(np.int64)] = land.index.to_numpy(object)[first.to_numpy()]
    return codes


def join_bands(pieces: Pieces, bands: Sequence[Ints], beyond: int) -> tuple[Shapes, list[str]]:
    """Join pieces that are in the same band in every view.

    What is beyond all bands in every view is left out.

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
    # One line serves all views: it carries its band in each of them as a digit.
    digits = np.asarray(bands).T
    rows = np.flatnonzero((digits < beyond).any(axis=1))
    patterns, group = np.unique(digits[rows], axis=0, return_inverse=True)
    ends = np.stack([pieces.place(pieces.first)[rows], pieces.place(pieces.last)[rows]], axis=1)
    # Stable, so that merged lines come out in the same order every time.
    order = np.argsort(group.ravel(), kind="stable")
    bundles = (
        np.split(shapely.linestrings(ends[order]), np.cumsum(np.bincount(group.ravel()))[:-1])
        if len(rows)
        else []
    )
    lines = [
        shapely.get_parts(shapely.line_merge(shapely.multilinestrings(bundle)))
        for bundle in bundles
    ]
    texts = [
        "".join(map(str, pattern))
        for pattern, merged in zip(patterns.tolist(), lines, strict=True)
        for _ in merged
    ]
    shapes = np.concatenate(lines) if lines else np.array([], dtype=object)
    return np.asarray(shapely.simplify(shapes, FINE), dtype=object), texts
