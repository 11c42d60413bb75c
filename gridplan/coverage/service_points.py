"""The service points in one list: places, central households, and those proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import CENTRAL, STREET_SERVICE, Fill, Service
from gridplan.tables.conform import conform_table, make_empty


def add_street_centres(plan: Plan, rules: Rules) -> Rules:
    """Add the service centres of subdistricts to the kinds of rules, where a plan has any.

    Rules that name this kind stay as they are.
    """
    coverage = rules.coverage
    kind = STREET_SERVICE.kind
    names = {kind, *(fill.place for fill in coverage.fills if fill.kind == kind)}
    named = kind in {service.kind for service in coverage.services}
    if named or not plan.site.places["kind"].isin(names).any():
        return rules
    services = (*coverage.services, STREET_SERVICE)
    return replace(rules, coverage=replace(coverage, services=services))


def list_service_points(
    plan: Plan, services: Sequence[Service], fills: Sequence[Fill] = ()
) -> gpd.GeoDataFrame:
    """List the service points of the kinds asked for, with what each can serve, and proposed ones.

    A place of another kind that fills one of them is listed under its code and
    that kind (``p7:clinic``). A place serves so many for its floor area where
    that is known and counts for its kind, else as many as its kind does. A
    place that is not a point is reached at a point within it.

    Returns
    -------
    The table ``service_posts``, sorted by code; the households they reach are
    still open.

    Examples
    --------
    >>> from shapely.geometry import Point
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
    >>> shape = Point(X0 + 1, Y0 + 1)
    >>> place = {"place": "p", "kind": "service_centre", "floor_area": 60.0, "geometry": shape}
    >>> plan = make_board_plan().replace(places=make_table("places", [place]))
    >>> service = Service("service_centre", 15, 1667, 30, "community")
    >>> list_service_points(plan, [service])[["community", "capacity"]].values.tolist()
    [['0301', 200.0]]
    """
    kinds = {s.kind: s for s in services}
    proposed = plan.service_posts[
        (plan.service_posts["status"] == "proposed") & plan.service_posts["kind"].isin(kinds)
    ]
    # an empty part of a concat would have a say in the types of columns
    parts: list[Any] = [
        part
        for part in (
            _take_places(plan, kinds, fills),
            _take_centrals(plan, kinds),
            proposed.reset_index(),
        )
        if len(part)
    ]
    if not parts:
        return make_empty("service_posts", plan.crs)
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=plan.crs)
    # only proposed ones have these columns yet; places and homes start at 0
    numbers = ("rank", "reachable", "served")
    table = table.assign(
        **{name: table[name].fillna(0) if name in table else 0 for name in numbers}
    )
    return conform_table("service_posts", complete_service_points(plan, table, kinds)).sort_index()


def complete_service_points(
    plan: Plan, table: gpd.GeoDataFrame, kinds: dict[str, Service]
) -> gpd.GeoDataFrame:
    """Complete service points by their community, capacity and minutes."""
    columns = pd.DataFrame(
        [(s.minutes, s.capacity, s.area, s.group) for s in kinds.values()],
        index=list(kinds),
        columns=["m", "c", "a", "g"],
    )
    columns = columns.reindex(table["kind"]).reset_index(drop=True)
    # floor area where both the rule and the place give it, else the number of the kind
    by_area = (columns["a"] > 0) & table["floor_area"].notna()
    capacity = np.where(
        by_area,
        np.floor(table["floor_area"] / columns["a"].where(columns["a"] > 0) * 100.0),
        columns["c"].where(columns["c"] > 0),
    )
    # a home is of the community of its stairwell, even where outlines overlap
    home = plan.stairwells["community"].reindex(table["stairwell"]).to_numpy(object)
    lies_in = find_communities(plan, table)
    community = np.where(pd.isna(home), lies_in, home)
    return table.assign(
        community=community,
        capacity=capacity,
        minutes=columns["m"].to_numpy(),
        group=columns["g"].to_numpy(object),
    )


def find_communities(plan: Plan, points: gpd.GeoDataFrame) -> Any:
    """Find the community that each point lies in, or the nearest; on a limit the first."""
    land = plan.site.communities[["geometry"]].sort_index()
    if land.empty or points.empty:
        return np.full(len(points), "", object)
    tree = shapely.STRtree(land.geometry.to_numpy())
    point, over = tree.query_nearest(points.geometry.to_numpy())
    # on a shared limit several are nearest: the first by code
    first = pd.Series(over).groupby(point).min().reindex(range(len(points)))
    return land.index.to_numpy(object)[first.to_numpy(np.int64)]


def _take_places(plan: Plan, kinds: dict[str, Service], fills: Sequence[Fill]) -> pd.DataFrame:
    every = plan.site.places.sort_index()
    # a place may be listed several times: as what it is, and as each kind that it fills
    same = every[every["kind"].isin(kinds)]
    codes = same.index.to_numpy(object).tolist()
    served = same["kind"].tolist()
    parts = [same]
    for fill in sorted(fills, key=lambda fill: (fill.place, fill.kind)):
        if fill.kind in kinds:
            filling = every[every["kind"] == fill.place]
            codes += [f"{code}:{fill.kind}" for code in filling.index]
            served += [fill.kind] * len(filling)
            parts.append(filling)
    places = pd.concat(parts)
    shapes = places.geometry.to_numpy()
    # type 0 is a point; a point on the surface lies within the shape, as a centroid may not
    points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    return pd.DataFrame(
        {
            "service_post": codes,
            "kind": served,
            "status": "existing",
            "subgrid": "",
            "stairwell": "",
            "name": places["name"].to_numpy(object),
            "floor_area": places["floor_area"].to_numpy(float),
            "geometry": points,
        }
    )


def _take_centrals(plan: Plan, kinds: dict[str, Service]) -> pd.DataFrame:
    centrals = plan.posts[
        (plan.posts["role"] == CENTRAL) & plan.posts["stairwell"].isin(plan.stairwells.index)
    ].sort_index()
    # an empty slice keeps the columns
    centrals = centrals if CENTRAL in kinds else centrals.iloc[:0]
    return pd.DataFrame(
        {
            "service_post": centrals.index.to_numpy(object),
            "kind": CENTRAL,
            "status": "existing",
            "subgrid": centrals["subgrid"].to_numpy(object),
            "stairwell": centrals["stairwell"].to_numpy(object),
            "floor_area": np.nan,
            "geometry": plan.stairwells.geometry.reindex(centrals["stairwell"]).to_numpy(),
        }
    )
