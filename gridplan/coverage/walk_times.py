"""Ways on foot from stairwells to the service points that they may go to, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.coverage.coverage_inputs import CoverageInputs
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import Service
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.detour import measure_straight, note_detour
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import measure_paths
from gridplan.walking.obstacles import Obstacles, find_obstacles
from gridplan.walking.street_network import WalkingNetwork

BATCH = 64  # service points measured together
DIGITS = 3  # ways are rounded to the millimetre


@dataclass(frozen=True, eq=False)
class WalkingInputs:
    """What ways are measured on: streets where known, and where stairwells reach them."""

    site: Site
    ground: CoverageInputs
    rules: Rules
    network: WalkingNetwork | None
    access: pd.DataFrame | None
    obstacles: Obstacles
    entries: Sequence[Entry]

    @property
    def snapped(self) -> Bools:
        """Which stairwells reach a street; all where none are known: bool[n]."""
        return (
            np.ones(len(self.ground), bool)
            if self.access is None
            else self.access["snapped"].to_numpy(bool)
        )

    @property
    def access_reasons(self) -> Objects:
        """Why stairwells reach no street; empty where they do, or none are known: object[n]."""
        return (
            np.full(len(self.ground), "", object)
            if self.access is None
            else self.access["reason"].to_numpy(object)
        )


@dataclass(frozen=True, eq=False)
class WalkTimes:
    """Ways as three arrays sorted by stairwell, then service point: rows of both, and metres."""

    door: Ints
    post: Ints
    metres: Floats

    def take(self, mask: Bools) -> WalkTimes:
        """Take some ways alone."""
        return WalkTimes(self.door[mask], self.post[mask], self.metres[mask])


def prepare_walking_inputs(site: Site, ground: CoverageInputs, rules: Rules) -> WalkingInputs:
    """Build the walking network and find where stairwells reach it, if streets are known."""
    network, entries = build_network(site, rules.walking)
    obstacles = find_obstacles(site, rules.walking)
    # no streets: straight lines times the detour take their place everywhere
    if len(network.kept_edges) == 0:
        return WalkingInputs(
            site, ground, rules, None, None, obstacles, [note_detour(rules.walking, len(ground))]
        )
    access, access_entries = reach_doors(network, ground.doors, site, rules.walking)
    metres = float(network.metres[network.kept_edges].sum())
    along = Entry(
        "walking", "stairwells", "noted", len(ground), f"ways go along {metres:,.0f} m of streets"
    )
    return WalkingInputs(
        site, ground, rules, network, access, obstacles, [*entries, *access_entries, along]
    )


def measure_walk_times(
    footing: WalkingInputs, posts: gpd.GeoDataFrame, services: Sequence[Service], limit: float
) -> tuple[WalkTimes, pd.DataFrame, list[Entry]]:
    """Measure the way from each stairwell to each service point that it may go to.

    Up to a limit in metres, along the streets; between doors of one compound,
    or no farther apart than ``walking.straight_reach``, straight times the
    detour factor if that is shorter and nothing lies between. Service points
    near one another are measured together.

    Returns
    -------
    The ways, for each post how it reaches the streets (columns leg, reason),
    and entries for the ledger.
    """
    # kinds are unique by the rules, so each service point has one scope
    scopes = pd.Series({s.kind: s.scope for s in services}).reindex(posts["kind"]).to_numpy(object)
    xy = shapely.get_coordinates(posts.geometry.to_numpy())
    entries: list[Entry] = []
    table = pd.DataFrame({"leg": np.nan, "reason": ""}, index=posts.index)
    access = None
    if footing.network is not None and len(posts):
        access, entries = reach_doors(footing.network, posts, footing.site, footing.rules.walking)
        # the nearer of two streets is the one at its door
        table = access[["reason"]].assign(leg=access[["leg", "other_leg"]].min(axis=1))
    parts = [_measure_near(footing, posts, scopes, xy)]
    for rows in _batch_service_points(posts, scopes):
        scope = str(scopes[rows[0]])
        doors = _find_doors(footing.ground, posts.iloc[rows], scope, xy[rows], limit)
        door, post, metres = _measure_batch(footing, access, posts, rows, doors, limit)
        allowed = find_groups(footing.ground, posts, scope)
        # a batch is measured to all doors nearby; groups are separated afterwards
        permitted = (footing.ground.group(scope)[door] == allowed[post]) & (allowed[post] >= 0)
        parts.append((door[permitted], post[permitted], metres[permitted]))
    door, post, metres = (np.concatenate(part) for part in zip(*parts, strict=True))
    return (
        _keep_shortest(door.astype(np.int64), post.astype(np.int64), metres, limit),
        table,
        entries,
    )


def find_groups(ground: CoverageInputs, posts: gpd.GeoDataFrame, scope: str) -> Ints:
    """Find the number of the group of stairwells that may go to each service point (-1: none).

    Numbers are those of :meth:`CoverageInputs.group`.
    """
    if scope == "city":
        return np.zeros(len(posts), np.int64)
    if scope == "subdistrict":
        town = ground.communities.get_indexer(pd.Index(posts["community"]))
        return np.asarray(np.append(ground.street, -1)[town], np.int64)
    index = ground.communities if scope == "community" else ground.subgrids
    return np.asarray(index.get_indexer(pd.Index(posts[scope])), np.int64)


def _batch_service_points(posts: gpd.GeoDataFrame, scopes: Objects) -> Iterator[Ints]:
    """Batch service points that are of one scope and near one another, by their communities."""
    for scope in np.unique(scopes.astype(str)):
        members = np.flatnonzero(scopes == scope)
        community = posts["community"].to_numpy(object)[members]
        # neighbours share most of the network around them
        order = members[np.argsort(community.astype(str), kind="stable")]
        if scope == "city":
            yield from (order[first : first + BATCH] for first in range(0, len(order), BATCH))
            continue
        starts = np.flatnonzero(
            np.append(
                True, np.sort(community.astype(str))[1:] != np.sort(community.astype(str))[:-1]
            )
        )
        yield from np.split(order, starts[1:])


def _find_doors(
    ground: CoverageInputs, posts: gpd.GeoDataFrame, scope: str, xy: Floats, limit: float
) -> Ints:
    """Find the stairwells that may be near enough to some service points, and may go to them."""
    # a box first: no way is shorter than the straight line, so nobody outside is missed
    near = ((ground.xy >= xy.min(axis=0) - limit) & (ground.xy <= xy.max(axis=0) + limit)).all(
        axis=1
    )
    if scope in ("community", "subgrid"):
        near &= np.isin(
            ground.community, ground.communities.get_indexer(pd.Index(posts["community"].unique()))
        )
    return np.flatnonzero(near)


def _measure_batch(
    footing: WalkingInputs,
    access: pd.DataFrame | None,
    posts: gpd.GeoDataFrame,
    rows: Ints,
    doors: Ints,
    limit: float,
) -> tuple[Ints, Ints, Floats]:
    if len(doors) == 0:
        return doors, doors, np.zeros(0)
    if access is None or footing.network is None or footing.access is None:
        straight = measure_straight(
            posts.iloc[rows],
            footing.ground.doors.iloc[doors],
            footing.site,
            footing.rules.walking,
            limit,
        )
    else:
        straight = measure_paths(
            footing.network, access.iloc[rows], footing.access.iloc[doors], limit
        )
    pairs = straight.tocoo()
    return doors[pairs.col], rows[pairs.row], pairs.data


def _measure_near(
    footing: WalkingInputs, posts: gpd.GeoDataFrame, scopes: Objects, xy: Floats
) -> tuple[Ints, Ints, Floats]:
    """Measure straight ways between doors of one compound or near one another.

    Only where nothing lies between.
    """
    ground = footing.ground
    rules = footing.rules.walking
    if footing.network is None or len(posts) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    # streets lead round where people just cross a yard
    tree = shapely.STRtree(ground.doors.geometry.to_numpy())
    post, door = tree.query(
        posts.geometry.to_numpy(), predicate="dwithin", distance=rules.straight_reach
    )
    homes = ground.doors["compound"].to_numpy(object)
    hosts = find_compounds(footing.site, posts)
    numbers = pd.Series(np.arange(len(ground))).groupby(homes).agg(list)
    # doors of one compound, however far apart: its yard is open to them
    more = (
        pd.Series(hosts[hosts != ""], index=np.flatnonzero(hosts != ""))
        .map(numbers)
        .dropna()
        .explode()
    )
    post = np.concatenate([post, more.index.to_numpy(np.int64)])
    door = np.concatenate([door, more.to_numpy(np.int64)])
    allowed = np.zeros(len(post), bool)
    for scope in np.unique(scopes.astype(str)):
        groups = find_groups(ground, posts, scope)[post]
        allowed |= (scopes[post] == scope) & (ground.group(scope)[door] == groups) & (groups >= 0)
    # a pair may be both near and of one compound; counted once
    pairs = np.unique(np.column_stack([post[allowed], door[allowed]]), axis=0)
    post = pairs[:, 0]
    door = pairs[:, 1]
    straight = np.hypot(*(xy[post] - ground.xy[door]).T)
    # a service point in the same doorway is not blocked by the wall around it
    free = (straight == 0) | ~footing.obstacles.find_blocked(xy[post], ground.xy[door])
    return door[free], post[free], straight[free] * rules.detour


def find_compounds(site: Site, posts: gpd.GeoDataFrame) -> Objects:
    """Find the compound that each service point lies in, empty for none; of several the first."""
    land = site.compounds.sort_index()
    post, over = shapely.STRtree(land.geometry.to_numpy()).query(
        posts.geometry.to_numpy(), predicate="intersects"
    )
    out = np.full(len(posts), "", object)
    first = pd.Series(over).groupby(post).min()
    out[first.index.to_numpy(np.int64)] = land.index.to_numpy(object)[first.to_numpy(np.int64)]
    return out


def _keep_shortest(door: Ints, post: Ints, metres: Floats, limit: float) -> WalkTimes:
    """Keep the shorter of two ways between the same doors, and none beyond the limit."""
    # adding zero turns -0.0 into 0.0, which would be written otherwise
    metres = np.round(metres, DIGITS) + 0.0
    kept = metres <= limit
    door = door[kept]
    post = post[kept]
    metres = metres[kept]
    order = np.lexsort((metres, post, door))
    door = door[order]
    post = post[order]
    metres = metres[order]
    # sorted by metres last, so the first of each pair is the shortest
    once = (
        np.append(True, (door[1:] != door[:-1]) | (post[1:] != post[:-1]))
        if len(door)
        else np.zeros(0, bool)
    )
    return WalkTimes(door[once], post[once], metres[once])
