"""Access: how doors and posts reach the walking network.

Off the streets, and by no way that a barrier or wall blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.obstacles import Obstacles, find_obstacles
from gridplan.walking.street_network import WalkingNetwork

# Shares of the limit within which streets are looked for in turn, where the
# nearest is cut off: most points find one close by, and few look far.
LADDER = (0.125, 0.25, 0.5, 1.0)
AT_ONCE = 500_000  # ways looked at together, to bound the memory
NO_STREET = "no street within reach"
CUT_OFF = "cut off from every street within reach"
LEADS_NOWHERE = "only streets that serve no homes within reach"


@dataclass(frozen=True)
class StreetAccess:
    """Where points meet the network.

    The edge (-1: nowhere), metres along it from its first node, and metres of
    the way there.
    """

    edge: Ints
    along: Floats
    leg: Floats

    def take(self, rows: Ints) -> StreetAccess:
        """Return the feet of some rows."""
        return StreetAccess(self.edge[rows], self.along[rows], self.leg[rows])

    def put(self, rows: Ints, other: StreetAccess) -> None:
        """Put the feet of some rows in place."""
        self.edge[rows] = other.edge
        self.along[rows] = other.along
        self.leg[rows] = other.leg


def reach_doors(
    network: WalkingNetwork, points: Any, site: Site, rules: WalkingRules | None = None
) -> tuple[pd.DataFrame, list[Entry]]:
    """Find where doors or posts reach the walking network.

    Each goes straight to the nearest point of an edge that no hard barrier and
    no gated wall lies between; or to a gate and on from there, if that is
    shorter. Where several pieces of the network count, it joins the first of
    them so, and the nearest edge of the others besides: ways may begin on
    either. What finds no edge within ``walking.access_limit`` is listed, never
    left out.

    Parameters
    ----------
    network
        As :func:`build_network` gives it; only pieces that count are reached.
    points
        A table of shapes indexed by key (stairwells, places); of what is not a
        point, the centre is taken if it lies inside.
    site
        The land, for its barriers, openings and compounds.
    rules
        Limits in metres.

    Returns
    -------
    A table with the points' index: ``edge`` (-1: none), ``metres_u`` and
    ``metres_v`` along the edge to its two nodes, ``leg`` (metres off the
    street), ``gate`` (code of the gate gone through, or empty), ``snapped``,
    ``reason`` (why not); ``other_edge``, ``other_u``, ``other_v`` and
    ``other_leg``, the same on another piece (-1 and NaN: none). And an entry
    for the ledger for each reason.
    """
    rules = rules or WalkingRules()
    shapes = points.geometry.to_numpy()
    places = shapely.get_coordinates(
        np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    )
    obstacles = find_obstacles(site, rules)
    # doors of one place are looked up once
    distinct, row = np.unique(np.round(places, 3), axis=0, return_inverse=True)
    first = AccessSearch(network, obstacles, rules.access_limit, network.main_edges)
    foot, gate = first.find_feet(distinct)
    near = first.has_near(distinct)
    other = _make_none(len(distinct))
    if len(network.others):
        second = AccessSearch(network, obstacles, rules.access_limit, network.other_edges)
        other, other_gate = second.find_feet(distinct)
        near |= second.has_near(distinct)
        # what the first piece does not reach joins the others alone
        alone = np.flatnonzero(foot.edge < 0)
        foot.put(alone, other.take(alone))
        gate[alone] = other_gate[alone]
        other.put(alone, _make_none(len(alone)))
    reason = np.full(len(distinct), "", object)
    lost = foot.edge < 0
    unused = np.flatnonzero(~network.is_kept)
    reason[lost] = np.where(near[lost], CUT_OFF, NO_STREET)
    if len(unused) and lost.any():
        beside = AccessSearch(network, obstacles, rules.access_limit, unused)
        reason[lost & ~near & beside.has_near(distinct)] = LEADS_NOWHERE
    # a NaN at the end is what the edge -1 reads: no street, no metres
    metres = np.append(network.metres, np.nan)
    table = (
        pd.DataFrame(
            {
                "edge": foot.edge,
                "metres_u": foot.along,
                "metres_v": metres[foot.edge] - foot.along,
                "leg": foot.leg,
                "gate": np.append(obstacles.codes, "")[gate],
                "snapped": ~lost,
                "reason": reason,
                "other_edge": other.edge,
                "other_u": other.along,
                "other_v": metres[other.edge] - other.along,
                "other_leg": other.leg,
            }
        )
        .iloc[row.ravel()]
        .set_axis(points.index)
    )
    on_others = table["snapped"] & np.isin(table["edge"], network.other_edges)
    return table, _report_access(table, on_others, rules.access_limit)


def _report_access(table: pd.DataFrame, on_others: pd.Series[Any], limit: float) -> list[Entry]:
    """Report the points that reach no street, and those that join streets apart."""
    name = str(table.index.name or "point") + "s"
    cases = [
        (table["reason"] == reason, f"{reason} ({limit:g} m); no way is known")
        for reason in (NO_STREET, CUT_OFF, LEADS_NOWHERE)
    ]
    apart = "on streets that no street joins to the longest; ways end where those do"
    cases.append((on_others, apart))
    return [
        Entry(
            "walking",
            name,
            "noted",
            int(rows.sum()),
            reason,
            [str(code) for code in table.index[rows][:20]],
        )
        for n, (rows, reason) in enumerate(cases)
        # the first two are always said; the others are rare
        if n < 2 or rows.any()
    ]


class AccessSearch:
    """Finds the feet of points on the network.

    Parameters
    ----------
    network, obstacles
        The streets, and what ways off them must not cross.
    limit
        Longest way to a street, metres.
    edges
        The edges that are looked for: int64.
    """

    def __init__(
        self, network: WalkingNetwork, obstacles: Obstacles, limit: float, edges: Ints
    ) -> None:
        self.network = network
        self.obstacles = obstacles
        self.limit = limit
        self.edges = edges
        self.tree = shapely.STRtree(network.draw_edges(edges))

    def has_near(self, xy: Floats) -> Bools:
        """Find which points have an edge within the limit, whatever lies between."""
        near = np.zeros(len(xy), bool)
        near[
            self.tree.query_nearest(shapely.points(xy), max_distance=self.limit, all_matches=False)[
                0
            ]
        ] = True
        return near

    def find_feet(self, xy: Floats) -> tuple[StreetAccess, Ints]:
        """Find the nearest foot of each point, straight or through a gate.

        Returns the feet, and the gate (-1: none).
        """
        foot = self.find_straight(xy)
        gate = np.full(len(xy), -1)
        nearest = self._find_nearest(xy)
        # No way is shorter than that to the nearest edge of all; a point that
        # may not go there straight may find a shorter way through a gate.
        away = np.flatnonzero((nearest.edge >= 0) & ~(foot.leg <= nearest.leg + 1e-9))
        if len(away) and self.obstacles.gate.any():
            via, through = self._find_by_gates(xy[away])
            better = via.leg < np.where(np.isnan(foot.leg[away]), np.inf, foot.leg[away])
            foot.put(
                away[better], StreetAccess(via.edge[better], via.along[better], via.leg[better])
            )
            gate[away[better]] = through[better]
        return foot, gate

    def find_straight(self, xy: Floats, *gate: Ints) -> StreetAccess:
        """Find the nearest foot that a straight way leads to; ``gate`` if the points are gates."""
        foot = self._find_nearest(xy)
        known = np.flatnonzero(foot.edge >= 0)
        blocked = self._find_blocked(
            xy[known], foot.edge[known], foot.along[known], *_take(gate, known)
        )
        unsettled = known[blocked]
        foot.put(unsettled, _make_none(len(unsettled)))
        for share in LADDER:
            if len(unsettled) == 0:
                break
            nearest = self._look_within(xy[unsettled], share * self.limit, *_take(gate, unsettled))
            foot.put(unsettled, nearest)
            unsettled = unsettled[nearest.edge < 0]
        return foot

    def _find_nearest(self, xy: Floats) -> StreetAccess:
        """Find the nearest foot of each point, whatever lies between."""
        foot = _make_none(len(xy))
        point, near = self.tree.query_nearest(shapely.points(xy), max_distance=self.limit)
        along, leg = self._project(xy[point], self.edges[near])
        first = _take_best(point, leg, near)
        foot.put(point[first], StreetAccess(self.edges[near[first]], along[first], leg[first]))
        return foot

    def _look_within(self, xy: Floats, reach: float, *gate: Ints) -> StreetAccess:
        """Find the nearest foot within reach of each point that nothing blocks the way to."""
        foot = _make_none(len(xy))
        counts = np.bincount(
            self.tree.query(shapely.points(xy), predicate="dwithin", distance=reach)[0],
            minlength=len(xy),
        )
        # points are grouped by how many edges are near, as those make the memory
        groups = np.cumsum(counts) // AT_ONCE
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            point, near = self.tree.query(
                shapely.points(xy[rows]), predicate="dwithin", distance=reach
            )
            point = rows[point]
            edge = self.edges[near]
            along, leg = self._project(xy[point], edge)
            free = ~self._find_blocked(xy[point], edge, along, *_take(gate, point))
            point = point[free]
            edge = edge[free]
            along = along[free]
            leg = leg[free]
            first = _take_best(point, leg, edge)
            foot.put(point[first], StreetAccess(edge[first], along[first], leg[first]))
        return foot

    def _find_by_gates(self, xy: Floats) -> tuple[StreetAccess, Ints]:
        """Find the shortest way to a foot through one gate; returns the feet and the gates."""
        foot = _make_none(len(xy))
        through = np.full(len(xy), -1)
        gate_rows = np.flatnonzero(self.obstacles.gate)
        gates = self.obstacles.places[gate_rows]
        # from a gate the way goes on straight; a second gate is not tried
        beyond = self.find_straight(gates, gate_rows)
        tree = shapely.STRtree(shapely.points(gates))
        point, gate = tree.query(shapely.points(xy), predicate="dwithin", distance=self.limit)
        leg = np.hypot(*(xy[point] - gates[gate]).T) + beyond.leg[gate]
        # a gate beyond which there is no street has a leg of NaN, and drops out here
        near = leg <= self.limit
        point = point[near]
        gate = gate[near]
        leg = leg[near]
        free = ~self.obstacles.find_blocked(xy[point], gates[gate], gate_rows[gate])
        point = point[free]
        gate = gate[free]
        leg = leg[free]
        first = _take_best(point, leg, gate)
        point = point[first]
        gate = gate[first]
        foot.put(point, StreetAccess(beyond.edge[gate], beyond.along[gate], leg[first]))
        through[point] = gate_rows[gate]
        return foot, through

    def _project(self, xy: Floats, edge: Ints) -> tuple[Floats, Floats]:
        """Project points on edges; returns the metres along the edge and to it."""
        n = self.network
        a = np.column_stack([n.x[n.u[edge]], n.y[n.u[edge]]])
        d = np.column_stack([n.x[n.v[edge]], n.y[n.v[edge]]]) - a
        # edges have a length, since noding drops pieces that shrink to a point
        share = np.clip(((xy - a) * d).sum(axis=1) / (d**2).sum(axis=1), 0.0, 1.0)
        return share * n.metres[edge], np.hypot(*(xy - a - share[:, None] * d).T)

    def _find_blocked(self, xy: Floats, edge: Ints, along: Floats, *gate: Ints) -> Bools:
        n = self.network
        share = (along / n.metres[edge])[:, None]
        a, b = (np.column_stack([n.x[node], n.y[node]]) for node in (n.u[edge], n.v[edge]))
        return self.obstacles.find_blocked(xy, a + share * (b - a), *gate)


def _take(gate: tuple[Ints, ...], rows: Ints) -> list[Ints]:
    return [numbers[rows] for numbers in gate]


def _make_none(n: int) -> StreetAccess:
    return StreetAccess(np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan))


def _take_best(point: Ints, leg: Floats, edge: Ints) -> Ints:
    """Take for each point the row with the shortest leg, of several the lowest edge."""
    # rounded, so that legs that differ by rounding errors alone count as equal
    order = np.lexsort((edge, np.round(leg, 6), point))
    if len(order) == 0:
        return order
    return np.asarray(order[np.append(True, point[order][1:] != point[order][:-1])])
