"""The walking network: streets and paths as nodes and straight edges.

Only the connected pieces that serve homes count.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Objects
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.barrier_crossings import meet_barriers
from gridplan.walking.noding import (
    Cuts,
    StreetPieces,
    find_crossings,
    order_pieces,
    project_places,
    split_pieces,
)
from gridplan.walking.served_pieces import keep_served
from gridplan.walking.street_network import WalkingNetwork

LISTED = 20  # codes named in an entry of the ledger


def build_network(
    site: Site, rules: WalkingRules | None = None
) -> tuple[WalkingNetwork, list[Entry]]:
    """Build the walking network of a site from its streets.

    Streets join where they share a vertex, and where they cross or touch on
    the ground; a bridge or tunnel joins only at its ends, or where another
    street ends on one of its vertices. A hard barrier cuts the streets on the
    ground that cross it, except at an opening. Connected pieces that serve
    homes count, as many as there are; no way leads over the others, which are
    counted in the ledger.

    Parameters
    ----------
    site
        The land; its streets, barriers and openings are looked at, and where
        its homes are.
    rules
        Kinds of streets that nobody walks along, and tolerances in metres.

    Returns
    -------
    The network, and entries for the ledger.

    Examples
    --------
    Two lanes that cross are four edges of one piece:

    >>> from gridplan.synthetic.town import make_town
    >>> from gridplan.reading.site_tables import make_site
    >>> network, entries = build_network(make_site(make_town(1, urban_share=0.0, seed=3)))
    >>> bool((network.component == network.kept).any())
    True
    """
    rules = rules or WalkingRules()
    # sorted by code, so that the order of rows in a file changes no number
    streets = site.streets.sort_index()
    walked = ~streets["kind"].isin(rules.not_walked).to_numpy()
    entries = [
        _note(streets.index[~walked], "dropped", "streets of a kind that nobody walks along")
    ]
    streets = streets[walked]
    pieces, ends = _take_apart(streets)
    # before barriers cut: an end drawn a little short of the next street is
    # joined to it
    pieces = _join_ends(pieces, rules.join_reach)
    shapes = site.barriers.geometry.to_numpy()[site.barriers["hard"].fillna(True).to_numpy(bool)]
    over = streets["bridge"].fillna(False).to_numpy(bool) | streets["tunnel"].fillna(
        False
    ).to_numpy(bool)
    ways = np.concatenate([site.openings.geometry.to_numpy(), streets.geometry.to_numpy()[over]])
    piece, start, stop, closed = meet_barriers(pieces, shapes, ways, rules.opening_reach)
    codes = streets.index.to_numpy(dtype=object)
    reason = "streets cut where they meet a hard barrier without opening, bridge or tunnel"
    entries.append(_note(codes[np.unique(pieces.street[piece[closed]])], "noted", reason))
    cut, share, crossing = find_crossings(pieces)
    # where a street goes through a barrier it is split at both banks, and
    # nothing is taken out
    open_piece = np.tile(piece[~closed], 2)
    sides = np.concatenate([start[~closed], stop[~closed]])
    step = pieces.last[open_piece] - pieces.first[open_piece]
    banks = pieces.first[open_piece] + sides[:, None] * step
    cuts = Cuts(
        np.concatenate([cut, open_piece]),
        np.concatenate([share, sides]),
        np.concatenate([crossing, banks]),
        piece[closed],
        start[closed],
        stop[closed],
    )
    network = keep_served(_number_nodes(split_pieces(pieces, cuts), ends, codes), site, rules)
    return network, [*entries, *_report_apart(network)]


def _take_apart(streets: gpd.GeoDataFrame) -> tuple[StreetPieces, Floats]:
    """Take streets apart into straight pieces.

    Returns the pieces, and the ends of all streets: float64[e, 3], their place
    and whether the street is on the ground.
    """
    bridge, tunnel = (streets[c].fillna(False).to_numpy(bool) for c in ("bridge", "tunnel"))
    level = np.where(bridge, 1, np.where(tunnel, 2, 0))
    lines, street = shapely.get_parts(
        shapely.force_2d(streets.geometry.to_numpy()), return_index=True
    )
    xy, line = shapely.get_coordinates(lines, return_index=True)
    # adding zero turns -0.0 into 0.0, so that one place has one form
    xy = np.round(xy, 3) + 0.0
    inner = line[1:] == line[:-1]
    piece_street = street[line[:-1][inner]]
    pieces = order_pieces(xy[:-1][inner], xy[1:][inner], level[piece_street], piece_street)
    # a line's first and last vertex are its ends
    tips = (
        np.append(True, line[1:] != line[:-1]) | np.append(line[1:] != line[:-1], True)
        if len(line)
        else np.zeros(0, bool)
    )
    ends = np.column_stack([xy[tips], level[street[line[tips]]] == 0])
    return pieces, np.unique(ends, axis=0)


def _join_ends(pieces: StreetPieces, reach: float) -> StreetPieces:
    """Join the loose ends of streets to the nearest piece on the ground, by a piece between."""
    places = np.concatenate([pieces.first, pieces.last])
    _, first, count = np.unique(places, axis=0, return_index=True, return_counts=True)
    # a place that one piece alone has is an end that nothing joins
    loose = np.sort(first[count == 1])
    ground = np.flatnonzero(pieces.level == 0)
    tree = shapely.STRtree(pieces.take(ground).draw())
    end, near = tree.query(shapely.points(places[loose]), predicate="dwithin", distance=reach)
    end = loose[end]
    near = ground[near]
    # an end is nearest to its own piece, which joins nothing
    other = near != end % max(1, len(pieces))
    end = end[other]
    near = near[other]
    share, off = project_places(pieces, near, places[end])
    # of several pieces the nearest, then the first in order, is joined
    order = np.lexsort((near, off, end))
    order = order[np.append(True, end[order][1:] != end[order][:-1])] if len(order) else order
    end = end[order]
    near = near[order]
    share = share[order]
    step = pieces.last[near] - pieces.first[near]
    foot = np.round(pieces.first[near] + share[:, None] * step, 3) + 0.0
    none = np.zeros(0)
    split = split_pieces(pieces, Cuts(near, share, foot, none.astype(np.int64), none, none))
    own_piece = end % max(1, len(pieces))
    return order_pieces(
        np.concatenate([split.first, places[end]]),
        np.concatenate([split.last, foot]),
        np.concatenate([split.level, np.zeros(len(end), np.int8)]),
        np.concatenate([split.street, pieces.street[own_piece]]),
    )


def _number_nodes(pieces: StreetPieces, ends: Floats, codes: Objects) -> WalkingNetwork:
    """Give the nodes and edges their numbers.

    A vertex of a bridge or tunnel where no street ends is a node of its own
    level, so that nobody steps off a bridge in mid-air.
    """
    places = np.concatenate([pieces.first, pieces.last])
    level = np.tile(pieces.level, 2).astype(float)
    level[find_same(places, ends[:, :2])] = 0.0
    nodes, number = np.unique(np.column_stack([places, level]), axis=0, return_inverse=True)
    number = number.reshape(2, -1)
    u = number.min(axis=0)
    v = number.max(axis=0)
    metres = np.hypot(*(pieces.last - pieces.first).T)
    # two streets between the same nodes are one edge: the shorter one is kept
    order = np.lexsort((pieces.street, metres, v, u))
    u = u[order]
    v = v[order]
    once = np.append(True, (u[1:] != u[:-1]) | (v[1:] != v[:-1])) if len(u) else np.zeros(0, bool)
    order = order[once]
    u = u[once].astype(np.int64)
    v = v[once].astype(np.int64)
    n = len(nodes)
    component = np.asarray(
        connected_components(csr_array((np.ones(len(u)), (u, v)), shape=(n, n)), directed=False)[1],
        np.int64,
    )
    return WalkingNetwork(
        x=nodes[:, 0],
        y=nodes[:, 1],
        u=u,
        v=v,
        metres=metres[order],
        street=codes[pieces.street[order]],
        component=component,
        kept=-1,
    )


def find_same(places: Floats, others: Floats) -> Bools:
    """Find which places are among others, to the last digit."""
    return np.asarray(pd.MultiIndex.from_arrays(places.T).isin(pd.MultiIndex.from_arrays(others.T)))


def _report_apart(network: WalkingNetwork) -> list[Entry]:
    """Report the streets of a network of their own, and those over which no way leads."""
    piece = network.component[network.u]
    apart = np.isin(piece, network.others)
    unused = ~network.is_kept
    kinds = [
        (unused, "that no home needs, and that nothing joins to others; no way leads over them"),
    ]
    if apart.any():
        reason = "that serve homes, but that no street joins to the longest; ways end where they do"
        kinds.append((apart, reason))
    entries = []
    for rows, reason in kinds:
        count = len(np.unique(piece[rows]))
        pieces = "1 piece" if count == 1 else f"{count:,} pieces"
        text = f"streets in {pieces} of {network.metres[rows].sum():,.0f} m {reason}"
        codes = np.unique(network.street[rows].astype(object)).tolist()
        entries.append(_note(codes, "noted", text))
    return entries


def _note(codes: Any, action: str, reason: str) -> Entry:
    return Entry(
        "walking", "streets", action, len(codes), reason, [str(code) for code in codes[:LISTED]]
    )
