"""The ground of an event: the homes it affects, ways it closes, bridges that are left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.rules.surge import SurgeRules
from gridplan.rules.walking import WalkingRules
from gridplan.simulation.surge.events import Event
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.walking.obstacles import GATES, find_obstacles

BANK = 10.0  # metres of the banks that a spared bridge joins
CLOSED = "~event"  # the code of the barrier that stands for closed land


@dataclass(frozen=True)
class Bridge:
    """A way over a hard barrier: code, kind (bridge, underpass or another) and place."""

    code: str
    kind: str
    place: Any


def find_struck(plan: Plan, event: Event, rules: SurgeRules) -> pd.Series[Any]:
    """Find the stairwells whose homes an event affects: bool by code."""
    doors = plan.stairwells.sort_index()
    within = np.zeros(len(doors), bool)
    if event.along:
        within |= shapely.dwithin(
            doors.geometry.to_numpy(), _join_lines(plan, event), event.find_effect("reach", rules)
        )
    if event.area is not None:
        within |= shapely.intersects(event.area, doors.geometry.to_numpy())
    within |= (
        doors["community"].isin(event.communities).to_numpy()
        | doors["subgrid"].isin(event.subgrids).to_numpy()
    )
    # an event that names no place happens everywhere
    if not (event.along or event.area is not None or event.communities or event.subgrids):
        within[:] = True
    return pd.Series(within, index=doors.index)


def count_affected(plan: Plan, struck: pd.Series[Any]) -> pd.Series[Any]:
    """Count the households affected by residential sub-grid: float64; only those above 0."""
    doors = plan.stairwells.sort_index()
    homes = (
        doors["households"]
        .astype(float)
        .where(struck, 0.0)
        .groupby(doors["subgrid"].astype(object))
        .sum()
    )
    # exclusive grids look after themselves: only residential ones ask for help
    kind = plan.subgrids["kind"].reindex(homes.index)
    return homes[(homes > 0) & (kind == "residential")].sort_index()


def draw_closed(plan: Plan, event: Event, rules: SurgeRules) -> Any:
    """Draw the land on which all ways are closed; None if none are."""
    metres = event.find_effect("closed", rules)
    shapes = [_join_lines(plan, event)] if event.along else []
    shapes += [event.area] if event.area is not None else []
    if metres < 0 or not shapes:
        return None
    # a line closes nothing until it has some width
    closed = shapely.buffer(shapely.union_all(shapes), max(metres, 0.01))
    shapely.prepare(closed)
    return closed


def _join_lines(plan: Plan, event: Event) -> Any:
    """Join the shapes of the barriers and special grids along which an event happens."""
    # a code may be of a barrier, of a special grid, or of both
    parts = [
        table.geometry[table.index.isin(event.along)].to_numpy()
        for table in (plan.site.barriers, plan.special_grids)
    ]
    shape = shapely.union_all(np.concatenate(parts))
    shapely.prepare(shape)
    return shape


def find_shut(
    site: Site, closed: Any, openings: tuple[str, ...], rules: WalkingRules
) -> list[Bridge]:
    """Find the ways over hard barriers that an event shuts: named, or on closed land."""
    return [
        b
        for b in list_bridges(site, rules)
        if b.code in openings or (closed is not None and shapely.intersects(closed, b.place))
    ]


def spare_bridge(site: Site, closed: Any, bridge: Bridge, rules: WalkingRules) -> Any:
    """Leave the land about a bridge out of what is closed, so far that both banks are joined."""
    if closed is None:
        return None
    raised = site.streets.geometry[find_raised(site.streets)].to_numpy()
    bridge_land = shapely.union_all(
        [bridge.place, *raised[shapely.dwithin(raised, bridge.place, rules.opening_reach)]]
    )
    # as wide as the closed land is there, and a little of both banks
    return shapely.difference(
        closed,
        shapely.buffer(
            bridge_land, shapely.distance(bridge.place, shapely.boundary(closed)) + BANK
        ),
    )


def close_ground(site: Site, closed: Any, openings: tuple[str, ...], rules: WalkingRules) -> Site:
    """Close land: it becomes a hard barrier, and openings and bridges on it are shut.

    Parameters
    ----------
    site
        The land.
    closed
        An outline, or None.
    openings
        Codes of openings that are shut besides, and with them the bridges and
        tunnels beside them.
    rules
        How far a street may be from the opening that it passes a barrier at.
    """
    for code in sorted(set(openings) & set(site.openings.index)):
        site = shut_bridge(
            site, Bridge(code, "", shapely.centroid(site.openings.geometry[code])), rules
        )
    if closed is None:
        return site
    # what is open must lie clear of the closed land
    gone = site.openings[~shapely.intersects(closed, site.openings.geometry.to_numpy())]
    over = find_raised(site.streets) & shapely.intersects(closed, site.streets.geometry.to_numpy())
    # a hard barrier closes land to every way of measuring: along streets and straight
    row = gpd.GeoDataFrame(
        {"barrier": [CLOSED], "kind": ["closed"], "hard": [True]}, geometry=[closed], crs=site.crs
    )
    barriers = pd.concat([site.barriers, conform_table("barriers", row)])
    return site.replace(openings=gone, streets=site.streets[~over], barriers=barriers)


def shut_bridge(site: Site, bridge: Bridge, rules: WalkingRules) -> Site:
    """Shut one bridge: the opening, and the bridges and tunnels of streets beside it."""
    kept = site.openings.index != bridge.code
    near = shapely.dwithin(site.streets.geometry.to_numpy(), bridge.place, rules.opening_reach)
    # a bridge of a street may be the opening itself, or stand beside it under
    # another code
    shut = (find_raised(site.streets) & near) | (site.streets.index == bridge.code)
    return site.replace(openings=site.openings[kept], streets=site.streets[~shut])


def find_raised(streets: Any) -> Bools:
    """Find which streets run over a bridge or through a tunnel."""
    return np.asarray(
        streets["bridge"].fillna(False).to_numpy(bool)
        | streets["tunnel"].fillna(False).to_numpy(bool)
    )


def crop_site(site: Site, near: Any, reach: float) -> Site:
    """Crop streets, barriers and openings to those near; what is farther is no way."""
    box = shapely.box(*shapely.buffer(near, reach).bounds)
    tables = {
        name: getattr(site, name) for name in ("streets", "barriers", "openings", "compounds")
    }
    return site.replace(
        **{name: t[shapely.intersects(t.geometry.to_numpy(), box)] for name, t in tables.items()}
    )


def list_bridges(site: Site, rules: WalkingRules) -> list[Bridge]:
    """List the ways over hard barriers: openings but gates, and lone bridges and tunnels."""
    shapes = find_obstacles(site, rules, gated=False).shapes
    openings = site.openings[~site.openings["kind"].isin(GATES)].sort_index()
    streets = site.streets[find_raised(site.streets)].sort_index()
    # bridges over nothing that is hard change no way
    crossing = np.unique(
        shapely.STRtree(streets.geometry.to_numpy()).query(shapes, predicate="intersects")[1]
    )
    streets = streets.iloc[crossing]
    lone = np.ones(len(streets), bool)
    lines = streets.geometry.to_numpy()
    # a bridge beside an opening is that opening; it is listed once
    lone[
        shapely.STRtree(lines).query(
            openings.geometry.to_numpy(), predicate="dwithin", distance=rules.opening_reach
        )[1]
    ] = False
    bridges = [
        Bridge(str(c), str(k), shapely.centroid(g))
        for c, k, g in zip(openings.index, openings["kind"], openings.geometry, strict=True)
    ]
    kinds = np.where(streets["bridge"].fillna(False).to_numpy(bool), "bridge", "underpass")
    bridges += [
        Bridge(str(c), str(k), shapely.centroid(g))
        for c, k, g in zip(streets.index[lone], kinds[lone], lines[lone], strict=True)
    ]
    return bridges
