"""Ways to sub-grids on the ground that an event leaves, along streets or straight."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats
from gridplan.rules.walking import WalkingRules
from gridplan.simulation.surge.closed_land import Bridge, find_raised, shut_bridge
from gridplan.site import Site
from gridplan.walking.detour import measure_straight
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import measure_paths
from gridplan.walking.obstacles import find_obstacles
from gridplan.walking.street_network import WalkingNetwork

# ways are looked for up to so many times the widest extent of the places,
ROUND = 4.0
PIECE = 300.0  # metres of connected streets, from which they count
LEAST = 5_000.0  # or than so many metres


class SurgeTravel:
    """Ways on some ground.

    Along the streets where they are known; straight, times the detour, where
    they are not, where a place is not joined to them, and between places no
    farther apart than ``walking.straight_reach``. Hard barriers are passed at
    openings.

    Parameters
    ----------
    site
        The ground, as
        :func:`gridplan.simulation.surge.closed_land.close_ground` leaves it.
    rules
        Tolerances in metres.
    """

    def __init__(self, site: Site, rules: WalkingRules) -> None:
        self.site = site
        self.rules = rules
        self.network = _keep_pieces(build_network(site, rules)[0]) if len(site.streets) else None
        self._feet: dict[str, list[pd.DataFrame]] = {}

    def shut(self, bridge: Bridge) -> SurgeTravel:
        """Return the ways without a bridge: its edges are no more, all else is as it was."""
        site = shut_bridge(self.site, bridge, self.rules)
        if self.network is None:
            return SurgeTravel(site, self.rules)
        fewer = copy(self)
        gone = _find_edges(self.network, self.site, site, bridge, self.rules)
        fewer.site = site
        # an edge of infinite length is on no way, and all numbers of edges stay as they are
        fewer.network = replace(self.network, metres=np.where(gone, np.inf, self.network.metres))
        return fewer

    def measure(self, homes: gpd.GeoDataFrame, centres: gpd.GeoDataFrame, name: str = "") -> Floats:
        """Measure the ways from homes to centres: float64[homes, centres], metres.

        Infinite where there is no way.

        Under a ``name`` the same homes and centres are looked up on the
        streets but once.
        """
        if self.network is None or not len(homes) or not len(centres):
            return _fill(measure_straight(homes, centres, self.site, self.rules))
        lookups = self._feet.get(name) or [
            reach_doors(self.network, t, self.site, self.rules)[0] for t in (homes, centres)
        ]
        if name:
            self._feet[name] = lookups
        feet, ends = lookups
        places = np.concatenate(
            [shapely.bounds(table.geometry.to_numpy()) for table in (homes, centres)]
        )
        extent = np.hypot(*(places[:, 2:].max(axis=0) - places[:, :2].min(axis=0)))
        metres = _fill(measure_paths(self.network, feet, ends, max(LEAST, ROUND * float(extent))))
        # the reach is straight; measured ways include the detour
        near = self.rules.straight_reach * self.rules.detour
        # over short steps people walk straight, whatever the streets do
        metres = np.minimum(
            metres, _fill(measure_straight(homes, centres, self.site, self.rules, near))
        )
        # a place that no street is near to is joined straight to all others
        loose, lone = (~table["snapped"].to_numpy(bool) for table in (feet, ends))
        if loose.any():
            metres[loose] = np.minimum(
                metres[loose], _fill(measure_straight(homes[loose], centres, self.site, self.rules))
            )
        if lone.any():
            straight = _fill(measure_straight(homes, centres[lone], self.site, self.rules))
            metres[:, lone] = np.minimum(metres[:, lone], straight)
        return metres


def _find_edges(
    network: WalkingNetwork, site: Site, land_left: Site, bridge: Bridge, rules: WalkingRules
) -> Bools:
    """Find the edges that go with a bridge.

    Those of streets over it, and those that pass a barrier there alone.
    """
    gone = np.isin(
        network.street, site.streets.index.difference(land_left.streets.index).to_numpy(object)
    )
    near = _find_near(network, bridge.place, rules.opening_reach) & ~gone
    lines = network.draw_edges(np.flatnonzero(near))
    shapes = find_obstacles(site, rules, gated=False).shapes
    over = np.unique(shapely.STRtree(lines).query(shapes, predicate="intersects")[1])
    crossing = np.flatnonzero(near)[over]
    crossing = crossing[
        ~np.isin(network.street[crossing], land_left.streets.index[find_raised(land_left.streets)])
    ]
    # an edge that another opening or bridge lets through stays
    others = np.concatenate(
        [
            land_left.openings.geometry.to_numpy(),
            land_left.streets.geometry[find_raised(land_left.streets)].to_numpy(),
        ]
    )
    lines = network.draw_edges(crossing)
    passed = np.unique(
        shapely.STRtree(others).query(lines, predicate="dwithin", distance=rules.opening_reach)[0]
    )
    gone[np.delete(crossing, passed)] = True
    return np.asarray(gone)


def _find_near(network: WalkingNetwork, point: Any, reach: float) -> Bools:
    """Find which edges are within reach of a point."""
    a, b = (np.column_stack([network.x[node], network.y[node]]) for node in (network.u, network.v))
    step = b - a
    share = ((np.array([point.x, point.y]) - a) * step).sum(axis=1) / np.maximum(
        (step**2).sum(axis=1), 1e-12
    )
    off = a + np.clip(share, 0.0, 1.0)[:, None] * step - [point.x, point.y]
    return np.asarray(np.hypot(off[:, 0], off[:, 1]) <= reach)


def _keep_pieces(network: WalkingNetwork) -> WalkingNetwork:
    """Let all pieces of some length count, not only the largest.

    Closed land takes streets apart that people still walk.
    """
    # an edge lies in the component of its first node
    held = np.bincount(network.component[network.u], network.metres)
    # the longest first, to the millimetre; of equals the first
    order = np.argsort(-np.round(held, 3), kind="stable")
    first, *others = order[held[order] >= PIECE].tolist() or [-1]
    return replace(network, kept=first, others=np.asarray(others, np.int64))


def _fill(lengths: Any) -> Floats:
    """Fill in infinity where no way is held; one of 0 m is held."""
    ways = lengths.tocoo()
    metres = np.full(lengths.shape, np.inf)
    metres[ways.row, ways.col] = ways.data
    return metres
