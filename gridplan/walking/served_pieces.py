"""Which connected pieces of the streets count as ways: those that serve homes.

Two villages without a road between are two networks. A path that leads from a
town into the fields is none, as all homes near it reach the town's streets.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site
from gridplan.walking.door_access import AccessSearch
from gridplan.walking.obstacles import find_obstacles
from gridplan.walking.street_network import WalkingNetwork


def keep_served(network: WalkingNetwork, site: Site, rules: WalkingRules) -> WalkingNetwork:
    """Say which pieces of a network count: those that serve homes.

    From the longest piece to the shortest, a piece serves the homes that reach
    no piece before it, by a way that nothing blocks and no longer than
    ``walking.access_limit``. Where no homes are known, the longest piece alone
    counts.

    Parameters
    ----------
    network
        Streets, taken apart into connected pieces.
    site
        The land, for its homes, barriers, openings and compounds.
    rules
        Limits in metres.
    """
    order = _order_pieces(network)
    xy, radius = _find_homes(site)
    if len(order) == 0 or len(xy) == 0:
        return replace(network, kept=int(order[0]) if len(order) else -1)
    if len(order) == 1:
        return replace(network, kept=int(order[0]))
    obstacles = find_obstacles(site, rules)
    waiting = np.ones(len(xy), bool)
    served: list[int] = []
    edge_piece = network.component[network.u]
    for piece in order:
        edges = np.flatnonzero(edge_piece == piece)
        near = np.flatnonzero(waiting)[_find_near(network, edges, xy[waiting], rules.access_limit)]
        if len(near) == 0:
            continue
        search = AccessSearch(network, obstacles, rules.access_limit, edges)
        foot, _ = search.find_feet(xy[near])
        if (foot.edge >= 0).any():
            served.append(int(piece))
        # the door may be on the far side of the home: only one whose every
        # side is near enough looks no further
        waiting[near[foot.leg + radius[near] <= rules.access_limit]] = False
        if not waiting.any():
            break
    # without homes near any street the longest piece is as good as any
    first, *others = served or [int(order[0])]
    return replace(network, kept=first, others=np.asarray(others, np.int64))


def _order_pieces(network: WalkingNetwork) -> Ints:
    """Order the pieces by length, the longest first, of equals the first by number."""
    if len(network.u) == 0:
        return np.zeros(0, np.int64)
    held = np.bincount(network.component[network.u], network.metres)
    # rounded to the millimetre, so that pieces of equal length fall to the first
    order = np.argsort(-np.round(held, 3), kind="stable")
    return np.asarray(order[held[order] > 0], np.int64)


def _find_homes(site: Site) -> tuple[Floats, Floats]:
    """Find the places of buildings with households, and how far each reaches around its place."""
    buildings = site.buildings.sort_index()
    lived = (
        buildings["households"].fillna(0).to_numpy(float) > 0
        if "households" in buildings
        else np.zeros(len(buildings), bool)
    )
    # before households are counted or estimated, whatever people live in is a home
    if not lived.any() and "residential" in buildings:
        lived = buildings["residential"].fillna(False).to_numpy(bool)
    shapes = buildings.geometry.to_numpy()[lived]
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    xy = np.round(shapely.get_coordinates(shapely.point_on_surface(shapes)), 3)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    radius = np.hypot(
        np.maximum(xy[:, 0] - bounds[:, 0], bounds[:, 2] - xy[:, 0]),
        np.maximum(xy[:, 1] - bounds[:, 1], bounds[:, 3] - xy[:, 1]),
    )
    return xy, radius


def _find_near(network: WalkingNetwork, edges: Ints, xy: Floats, reach: float) -> Bools:
    """Find which places may have one of some edges within reach, by the box around these."""
    nodes = np.concatenate([network.u[edges], network.v[edges]])
    x = network.x[nodes]
    y = network.y[nodes]
    return np.asarray(
        (xy[:, 0] >= x.min() - reach)
        & (xy[:, 0] <= x.max() + reach)
        & (xy[:, 1] >= y.min() - reach)
        & (xy[:, 1] <= y.max() + reach)
    )
