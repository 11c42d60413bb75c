"""Ways among the doors of one community along the streets, for the division and its audit."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats
from gridplan.rules.walking import WalkingRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.detour import measure_straight
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import clip_network, measure_paths
from gridplan.walking.obstacles import Obstacles, find_obstacles
from gridplan.walking.street_network import WalkingNetwork

# ways are looked for that are no longer than so many times the widest extent
# of the community,
ROUND = 4.0
LEAST = 2_000.0  # or than so many metres


def measure_among(
    site: Site,
    stairwells: gpd.GeoDataFrame,
    rules: WalkingRules | None = None,
    network: WalkingNetwork | None = None,
) -> tuple[dict[str, Floats], list[Entry]]:
    """Measure the ways between all stairwells of each community, along the streets.

    Doors of one building lie a straight line apart. Doors of one compound, or
    no farther apart than ``walking.straight_reach``, may walk straight, times
    the detour factor, where nothing lies between. All others walk along the
    streets; doors that no streets join walk straight lines times the factor,
    over openings where a hard barrier lies between. Climbs come on top.

    Parameters
    ----------
    site
        The land.
    stairwells
        The stairwells table.
    rules
        Tolerances in metres, and the detour factor.
    network
        The walking network; that of the site's streets if not given.

    Returns
    -------
    By community, float64[n, n]: metres between its stairwells in the order of
    the table, the same both ways, none infinite. And entries for the ledger,
    on pairs that no streets join among them.
    """
    rules = rules or WalkingRules()
    network, entries = build_network(site, rules) if network is None else (network, [])
    doors, access_entries = reach_doors(network, stairwells, site, rules)
    obstacles = find_obstacles(site, rules)
    ways = {}
    off = []
    for community, rows in stairwells.groupby("community", sort=True).indices.items():
        members = stairwells.iloc[rows]
        metres, apart = _measure_community(
            network, doors.iloc[rows], members, site, obstacles, rules
        )
        ways[str(community)] = metres
        off += members.index[apart].tolist()
    reason = (
        "not joined by streets to all of their community: "
        f"ways are straight lines times {rules.detour:g}"
    )
    entry = Entry("walking", "stairwells", "inferred", len(off), reason, off[:20])
    return ways, [*entries, *access_entries, entry]


def _measure_community(
    network: WalkingNetwork,
    doors: pd.DataFrame,
    members: gpd.GeoDataFrame,
    site: Site,
    obstacles: Obstacles,
    rules: WalkingRules,
) -> tuple[Floats, Bools]:
    """Measure the ways among the stairwells of a community.

    Returns them, and which stairwells lack a way along the streets.
    """
    # a line break keeps building 1, door 12 apart from building 11, door 2
    names = (members["building"] + "\n" + members["door"].astype("str")).to_numpy(object)
    _, first, place = np.unique(names, return_index=True, return_inverse=True)
    # floor bands behind one door share its ways; only their climbs differ
    spots = members.iloc[first]
    xy = shapely.get_coordinates(spots.geometry.to_numpy())
    straight = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    limit = _limit_ways(xy)
    paths = measure_paths(network, doors.iloc[first], doors.iloc[first], limit).tocoo()
    metres = np.full(straight.shape, np.inf)
    metres[paths.row, paths.col] = paths.data
    # both ways round are the same way, but sums in another order may
    # differ by a rounding
    metres = _walk_straight(np.minimum(metres, metres.T), straight, spots, xy, obstacles, rules)
    lost = np.isinf(metres)
    if lost.any():
        metres[lost] = _measure_without_streets(spots, straight, site, rules)[lost]
    climb = members["climb"].to_numpy(float)
    # between doors one climbs down and up; behind one door only from floor to floor
    far = metres[place[:, None], place] + climb[:, None] + climb
    return np.where(place[:, None] == place, np.abs(climb[:, None] - climb), far), _find_cut_off(
        lost
    )[place]


def clip_around(
    network: WalkingNetwork, stairwells: gpd.GeoDataFrame, rules: WalkingRules | None = None
) -> WalkingNetwork:
    """Clip a network to what ways among the stairwells of each community may lead over.

    :func:`measure_among` finds the same ways on it.

    Parameters
    ----------
    network
        The walking network of a whole city.
    stairwells
        Those of some of its communities.
    rules
        Tolerances in metres.
    """
    far = 2 * (rules or WalkingRules()).access_limit  # to a gate, and on to a street
    boxes = np.zeros((0, 4))
    for rows in stairwells.groupby("community").indices.values():
        xy = shapely.get_coordinates(stairwells.geometry.to_numpy()[rows])
        reach = far + _limit_ways(xy)
        boxes = np.concatenate([boxes, [[*(xy.min(axis=0) - reach), *(xy.max(axis=0) + reach)]]])
    return clip_network(network, boxes)


def _limit_ways(xy: Floats) -> float:
    """Limit the metres of the ways that are looked for among places."""
    return max(LEAST, ROUND * float(np.hypot(*np.ptp(xy, axis=0))))


def _walk_straight(
    metres: Floats,
    straight: Floats,
    spots: gpd.GeoDataFrame,
    xy: Floats,
    obstacles: Obstacles,
    rules: WalkingRules,
) -> Floats:
    """Let doors that may do so walk straight to each other, if that is shorter."""
    building, compound = (pd.factorize(spots[c])[0] for c in ("building", "compound"))
    # doors of one building are a straight line apart, without any detour
    home = building[:, None] == building
    same = (compound[:, None] == compound) & (spots["compound"] != "").to_numpy()
    # each pair once; the other way round is copied below
    a, b = np.nonzero(np.triu(~home & (same | (straight <= rules.straight_reach)), 1))
    free = ~obstacles.find_blocked(xy[a], xy[b])
    a = a[free]
    b = b[free]
    metres = np.where(home, straight, metres)
    metres[a, b] = np.minimum(metres[a, b], straight[a, b] * rules.detour)
    metres[b, a] = metres[a, b]
    return metres


def _measure_without_streets(
    spots: gpd.GeoDataFrame, straight: Floats, site: Site, rules: WalkingRules
) -> Floats:
    """Measure ways where no streets are known.

    What no opening leads to is as far as if nothing were between.
    """
    ways = measure_straight(spots, spots, site, rules).tocoo()
    metres = straight * rules.detour
    metres[ways.row, ways.col] = ways.data
    return np.maximum(metres, metres.T)


def _find_cut_off(lost: Bools) -> Bools:
    """Find the doors that lack ways to half of the others or more."""
    # a missing way has two ends: the few that are cut off are to blame, not the
    # many; of two halves both are
    return np.asarray(lost.any(axis=1) & (2 * lost.sum(axis=1) >= len(lost)))
