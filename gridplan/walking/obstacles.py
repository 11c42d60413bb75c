"""Obstacles: what a straight way off the streets must not cross, and the gates that lead through walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridplan.site import Site
from gridplan.walking_rules import WalkingRules

Array = np.ndarray[Any, Any]
WALLS = frozenset({"wall", "fence", "hedge", "city_wall", "围墙", "围栏", "院墙", "栅栏"})
GATES = frozenset({"gate", "entrance", "大门", "门", "出入口", "小区门"})
SERVES = 25.0  # metres within which a gate belongs to a wall
CHAINED = 1.0  # metres within which two walls are one
SHY = 0.01  # metres at both ends of a way that are not looked at: a door may stand in a wall, a street run along one


@dataclass(frozen=True, eq=False)
class Obstacles:
    """What ways off the streets must not cross.

    Parameters
    ----------
    shapes
        Hard barriers, and the walls whose gates are known.
    wall
        bool, whether each is a wall, that is passed at its gates.
    gates
        Points, sorted by code.
    codes
        Code of each gate.
    reach
        Metres from a gate within which a way that crosses a wall goes through that gate.
    """

    shapes: Array
    wall: Array
    gates: Array
    codes: Array
    reach: float

    def find_blocked(self, start: Array, stop: Array, gate: Array | None = None) -> Array:
        """Tell which straight ways are blocked: bool[n].

        ``start`` and ``stop`` are float64[n, 2]; ``gate`` is the number of the gate that a way begins or ends at, if it does.
        """
        step = stop - start
        length = np.hypot(*step.T)
        shy = np.minimum(SHY / np.maximum(length, SHY), 0.25)[:, None]
        ways = shapely.linestrings(np.stack([start + shy * step, stop - shy * step], axis=1))
        shape, way = shapely.STRtree(ways).query(self.shapes, predicate="intersects")
        if gate is not None:
            through = np.flatnonzero(self.wall[shape])
            met = shapely.intersection(ways[way[through]], self.shapes[shape[through]])
            parts, row = shapely.get_parts(met, return_index=True)
            off = shapely.hausdorff_distance(parts, self.gates[gate[way[through]][row]])
            farthest = pd.Series(off).groupby(row).max().reindex(range(len(through))).to_numpy()
            passed = through[farthest <= self.reach]
            shape, way = np.delete(shape, passed), np.delete(way, passed)
        blocked = np.zeros(len(ways), bool)
        blocked[way] = True
        return blocked


def find_obstacles(site: Site, rules: WalkingRules | None = None) -> Obstacles:
    """Find what a way off the streets must not cross.

    These are the hard barriers; the walls with a gate, and the walls that these touch; and the outlines of given compounds
    that have a gate on them. A wall without any known gate stops nobody, since its openings are not known.
    """
    rules = rules or WalkingRules()
    gates = site.openings[site.openings["kind"].isin(GATES)].sort_index()
    places = shapely.centroid(gates.geometry.to_numpy())
    barriers = site.barriers.sort_index()
    hard, kinds = barriers["hard"].fillna(True).to_numpy(bool), barriers["kind"].isin(WALLS).to_numpy()
    given = site.compounds[site.compounds["origin"] == "given"].sort_index()
    walls = np.concatenate([barriers.geometry.to_numpy()[kinds], shapely.boundary(given.geometry.to_numpy())])
    gated = _find_gated(walls, places)
    firm = hard & ~kinds
    wall_hard = np.concatenate([hard[kinds], np.zeros(len(given), bool)])
    kept = gated | wall_hard
    shapes = np.concatenate([barriers.geometry.to_numpy()[firm], walls[kept]])
    shapely.prepare(shapes)
    is_wall = np.repeat([False, True], [firm.sum(), kept.sum()])
    return Obstacles(shapes, is_wall, places, gates.index.to_numpy(dtype=object), rules.gate_reach)


def _find_gated(walls: Array, gates: Array) -> Array:
    """Tell which walls have a gate, or touch one that has: bool."""
    n, g = len(walls), len(gates)
    tree = shapely.STRtree(walls)
    gate, own = tree.query(gates, predicate="dwithin", distance=SERVES)
    a, b = tree.query(walls, predicate="dwithin", distance=CHAINED)
    rows, columns = np.concatenate([own, a]), np.concatenate([n + gate, b])
    graph = csr_array((np.ones(len(rows)), (rows, columns)), shape=(n + g, n + g))
    label = connected_components(graph, directed=False)[1]
    return np.isin(label[:n], label[n:])
