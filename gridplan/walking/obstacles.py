"""Obstacles: what a straight way off the streets must not cross, and the gates in walls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site

WALLS = frozenset({"wall", "fence", "hedge", "city_wall", "围墙", "围栏", "院墙", "栅栏"})
GATES = frozenset({"gate", "entrance", "大门", "门", "出入口", "小区门"})
SERVES = 25.0  # metres within which a gate belongs to a wall
CHAINED = 1.0  # metres within which two walls are one
# metres at both ends of a way that are not looked at: a door may stand in a
# wall, a street run along one
CLEARANCE = 0.01


@dataclass(frozen=True, eq=False)
class Obstacles:
    """What ways off the streets must not cross, and the openings in it.

    Parameters
    ----------
    shapes
        Hard barriers, and the walls whose gates are known.
    wall
        bool, whether each is a wall, that is passed at gates; the others are
        passed at all other openings.
    places
        float64[k, 2], metres, where ways pass: gates and crossings once,
        bridges and other lines at both ends.
    gate
        bool[k], whether each is a gate.
    codes
        object[k], codes of the openings.
    twin
        int64[k], the other end of the same opening, or itself.
    gate_reach, opening_reach
        Metres from a gate, or another opening, within which a way that ends
        there may cross.
    """

    shapes: Shapes
    wall: Bools
    places: Floats
    gate: Bools
    codes: Objects
    twin: Ints
    gate_reach: float
    opening_reach: float

    def find_blocked(self, start: Floats, stop: Floats, *openings: Ints) -> Bools:
        """Find which straight ways are blocked: bool[n].

        ``start`` and ``stop`` are float64[n, 2]; ``openings`` are numbers of
        those that each way begins or ends at.
        """
        step = stop - start
        # both ends are drawn in a little, by at most a quarter of the way
        shy = np.minimum(CLEARANCE / np.maximum(np.hypot(*step.T), CLEARANCE), 0.25)[:, None]
        ways = shapely.linestrings(np.stack([start + shy * step, stop - shy * step], axis=1))
        shape, way = shapely.STRtree(ways).query(self.shapes, predicate="intersects")
        passed = np.zeros(len(way), bool)
        for opening in openings:
            rows = np.flatnonzero(
                ~passed & np.isin(opening[way] * len(self.shapes) + shape, self.served)
            )
            passed[rows] = self._passes(ways[way[rows]], shape[rows], opening[way[rows]])
        blocked = np.zeros(len(ways), bool)
        blocked[way[~passed]] = True
        return blocked

    @cached_property
    def served(self) -> Ints:
        """The shapes passed at each opening: its number times the number of shapes, plus theirs."""
        reach = np.where(self.gate, self.gate_reach, self.opening_reach)
        place, shape = shapely.STRtree(self.shapes).query(
            shapely.points(self.places), predicate="dwithin", distance=reach
        )
        # gates open walls, all other openings the other barriers
        kept = self.gate[place] == self.wall[shape]
        return np.asarray(place[kept] * len(self.shapes) + shape[kept])

    def _passes(self, ways: Shapes, shape: Ints, opening: Ints) -> Bools:
        """Find which ways cross a shape only beside the opening.

        One in the middle of water opens all of the way to it.
        """
        parts, row = shapely.get_parts(
            shapely.intersection(ways, self.shapes[shape]), return_index=True
        )
        spots = shapely.points(self.places[opening[row]])
        gate = self.gate[opening[row]]
        end = self.twin[opening[row]] != opening[row]
        # Along a wall is not through its gate, and from one end of a bridge
        # one does not swim: the whole crossing has to be near.
        off = np.where(
            gate | end, shapely.hausdorff_distance(parts, spots), shapely.distance(parts, spots)
        )
        beyond = off > np.where(gate, self.gate_reach, self.opening_reach)
        return np.asarray(np.bincount(row, beyond, minlength=len(ways)) == 0)


def find_obstacles(
    site: Site, rules: WalkingRules | None = None, *, gated: bool = True
) -> Obstacles:
    """Find what a way off the streets must not cross.

    These are the hard barriers; the walls with a gate, and the walls that
    these touch; and the outlines of given compounds that have a gate on them.
    A wall without any known gate stops nobody, since its openings are not
    known. Where ``gated`` is false, only hard barriers count.
    """
    rules = rules or WalkingRules()
    openings = site.openings.sort_index()
    opening, places, twin = _find_ends(openings.geometry.to_numpy())
    gate = openings["kind"].isin(GATES).to_numpy()[opening]
    barriers = site.barriers.sort_index()
    hard = barriers["hard"].fillna(True).to_numpy(bool)
    kinds = barriers["kind"].isin(WALLS).to_numpy()
    stated = site.compounds[site.compounds["origin"] == "given"].sort_index()
    walls = np.concatenate(
        [barriers.geometry.to_numpy()[kinds], shapely.boundary(stated.geometry.to_numpy())]
    )
    kept = np.concatenate([hard[kinds], np.zeros(len(stated), bool)])
    # a wall without a known gate would shut people in whose way out nobody drew
    kept |= gated & _find_gated(walls, shapely.points(places[gate]))
    firm = barriers.geometry.to_numpy()[hard & ~kinds]
    shapes = np.concatenate([firm, walls[kept]])
    shapely.prepare(shapes)
    is_wall = np.repeat([False, True], [len(firm), kept.sum()])
    codes = openings.index.to_numpy(dtype=object)[opening]
    return Obstacles(
        shapes, is_wall, places, gate, codes, twin, rules.gate_reach, rules.opening_reach
    )


def _find_ends(shapes: Shapes) -> tuple[Ints, Floats, Ints]:
    """Find where openings are passed: lines at both ends, all else in the middle.

    Returns the row of the opening of each place, the place, and the number of
    the other end.
    """
    n = len(shapes)
    lines = np.flatnonzero(shapely.get_type_id(shapes) == 1)
    first = shapely.centroid(shapes)
    last = shapely.get_point(shapes[lines], -1)
    first[lines] = shapely.get_point(shapes[lines], 0)
    twin = np.arange(n + len(lines))
    twin[lines] = np.arange(n, n + len(lines))
    twin[n:] = lines
    places = shapely.get_coordinates(np.concatenate([first, last])).reshape(-1, 2)
    return np.concatenate([np.arange(n), lines]), places, twin


def _find_gated(walls: Shapes, gates: Shapes) -> Bools:
    """Find which walls have a gate, or touch one that has: bool."""
    n = len(walls)
    g = len(gates)
    tree = shapely.STRtree(walls)
    gate, wall = tree.query(gates, predicate="dwithin", distance=SERVES)
    # walls drawn in parts are one wall, with the gates of all parts
    a, b = tree.query(walls, predicate="dwithin", distance=CHAINED)
    rows = np.concatenate([wall, a])
    columns = np.concatenate([n + gate, b])
    graph = csr_array((np.ones(len(rows)), (rows, columns)), shape=(n + g, n + g))
    label = connected_components(graph, directed=False)[1]
    return np.isin(label[:n], label[n:])
