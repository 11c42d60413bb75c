"""Demonstration points and belts: how they are spread, and how far each community has to one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats
from gridplan.coverage.reach_plan import reach
from gridplan.coverage.service_points import find_communities
from gridplan.errors import InputError, PlanError, Problem
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import DEMONSTRATION, Service
from gridplan.tables.conform import conform_table
from gridplan.tables.indicators import CITY, make_figures, write_indicators

ROOM = "demonstration"


def demonstrate(plan: Plan, points: gpd.GeoDataFrame, rules: Rules | None = None) -> Plan:
    """Enter demonstration points and belts into a plan, and measure how they are spread.

    Fills demonstrations and belts, and the indicators of the room
    demonstration: the distance to the nearest other point beside what chance
    would give, and how far the households of each community walk to the
    nearest point. The points become places of the kind demonstration_point,
    which reach is measured to, so that gaps, the map and proposals know them.
    Run again, it replaces the points that were there.

    Parameters
    ----------
    plan
        A working plan.
    points
        Rows of the schema's table demonstrations in any CRS: code, name, belt
        and order, position.
    rules
        The rules of reach; those of the plan if not given. A kind
        demonstration_point within 15 minutes is added where they have none.

    Raises
    ------
    PlanError
        If the plan is a release.
    InputError
        If there are no points, some have no position, or a code is that of
        another place.

    Examples
    --------
    >>> from shapely.geometry import Point
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
    >>> rows = [
    ...     {"demonstration": c, "belt": "b", "geometry": Point(X0 + x, Y0 + 15)}
    ...     for c, x in (("d1", 15), ("d2", 55), ("d3", 75))
    ... ]
    >>> plan = demonstrate(make_board_plan(), make_table("demonstrations", rows))
    >>> plan.demonstrations["nearest"].tolist(), plan.belts[["points", "metres"]].values.tolist()
    ([40.0, 20.0, 20.0], [[3.0, 60.0]])
    """
    rules = rules or plan.rules
    if plan.is_release:
        raise PlanError("a release holds no stairwells -> give the working plan")
    table = _complete_points(plan, points)
    services = rules.coverage.services
    if DEMONSTRATION not in {service.kind for service in services}:
        services = (*services, Service(DEMONSTRATION, 15.0, 0.0, 0.0, "city"))
    rules = replace(rules, coverage=replace(rules.coverage, services=services))
    measured = reach(plan.replace(places=_join_places(plan, table)), rules)
    belts = draw_belts(table)
    figures = pd.concat(
        [_list_spread(measured, table, belts), _list_communities(measured, table)],
        ignore_index=True,
    )
    indicators = write_indicators(measured.indicators, ROOM, figures)
    people = dict(measured.manifest.get("people", {}))
    city = figures[figures["level"] == "city"].set_index("measure")["value"]
    people[ROOM] = {"figures": {name: round(float(v), 6) for name, v in city.dropna().items()}}
    return measured.replace(
        demonstrations=table,
        belts=belts,
        indicators=indicators,
        manifest={**measured.manifest, "people": people},
    )


def _complete_points(plan: Plan, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bring points to the plan's CRS, and add where they lie and how far the next is."""
    table = conform_table("demonstrations", points)
    if table.empty:
        raise InputError(
            [Problem("demonstrations", "points", "there is no point", "give a row for each")]
        )
    shapes = table.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        codes = tuple(map(str, table.index[empty]))
        raise InputError(
            [Problem("demonstrations", "positions", "points without a position",
                     "give longitude and latitude, or leave the rows out", codes)]
        )  # fmt: skip
    # an order that is not given is that of the rows, kept before they are sorted by code
    order = table["belt_order"].fillna(pd.Series(np.arange(1.0, len(table) + 1), table.index))
    table = table.assign(belt_order=order).to_crs(plan.crs)
    table["belt"] = table["belt"].str.strip()
    table["geometry"] = shapely.centroid(table.geometry.to_numpy())
    blank = (table.index == "").all()
    if blank:
        table.index = pd.Index(
            [f"D{n:04d}" for n in range(1, len(table) + 1)], name=table.index.name
        )
    _refuse_codes(plan, table)
    table = table.sort_index()
    community = find_communities(plan, table)
    subdistrict = plan.site.communities["subdistrict"].reindex(community)
    return conform_table(
        "demonstrations",
        table.assign(
            community=community,
            subdistrict=subdistrict.fillna("").to_numpy(object),
            nearest=measure_nearest(shapely.get_coordinates(table.geometry.to_numpy())),
        ),
    )


def _refuse_codes(plan: Plan, table: gpd.GeoDataFrame) -> None:
    """Refuse codes that stand twice, or that another place of the plan has."""
    others = plan.site.places.index[plan.site.places["kind"] != DEMONSTRATION]
    wrong = []
    for mask, text in (
        (table.index.duplicated(), "codes that stand twice"),
        (table.index.isin(others), "codes that other places of the plan have"),
    ):
        if mask.any():
            codes = tuple(map(str, table.index[mask].unique()))
            remedy = "give each point a code of its own"
            wrong.append(Problem("demonstrations", "codes are unique", text, remedy, codes))
    if wrong:
        raise InputError(wrong)


def _join_places(plan: Plan, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the points to the places, in place of those that were entered before."""
    others = plan.site.places[plan.site.places["kind"] != DEMONSTRATION]
    rows = gpd.GeoDataFrame(
        {
            "place": table.index.to_numpy(object),
            "kind": DEMONSTRATION,
            "name": table["name"].to_numpy(object),
        },
        geometry=table.geometry.to_numpy(),
        crs=plan.crs,
    )
    new = conform_table("places", rows)
    # an empty table in a concat would have a say in the types of columns
    return conform_table("places", pd.concat([others, new]) if len(others) else new)


def measure_nearest(xy: Floats) -> Floats:
    """Measure the straight line from each point to the nearest other one; NaN for a single one.

    Examples
    --------
    >>> measure_nearest(np.array([[0.0, 0.0], [0.0, 30.0], [0.0, 50.0]])).tolist()
    [30.0, 20.0, 20.0]
    """
    from scipy.spatial import cKDTree

    if len(xy) < 2:
        return np.full(len(xy), np.nan)
    return np.asarray(np.round(cKDTree(xy).query(xy, k=2)[0][:, 1], 6))


def draw_belts(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw each belt from point to point in their order (of equals by code), and measure it."""
    rows = []
    held = table[table["belt"] != ""].sort_index().sort_values("belt_order", kind="stable")
    for belt, points in held.groupby("belt", sort=True):
        xy = shapely.get_coordinates(points.geometry.to_numpy())
        metres = float(np.hypot(*np.diff(xy, axis=0).T).sum()) if len(xy) > 1 else 0.0
        rows.append(
            {
                "belt": belt,
                "points": len(points),
                "communities": points["community"].nunique(),
                "metres": round(metres, 6),
                "spacing": round(metres / (len(xy) - 1), 6) if len(xy) > 1 else np.nan,
                "geometry": shapely.linestrings(xy) if len(xy) > 1 else shapely.points(xy[0]),
            }
        )
    columns = ["belt", "points", "communities", "metres", "spacing", "geometry"]
    frame = pd.DataFrame(rows, columns=columns)
    return conform_table("belts", gpd.GeoDataFrame(frame, geometry="geometry", crs=table.crs))


def expect_nearest(count: int, area: float, edge: float) -> tuple[float, float]:
    """Expect the mean distance to the nearest of so many points thrown at random on land.

    Source: Clark and Evans (1954), with the correction for the edge of the
    land by Donnelly (1978).

    Returns
    -------
    The mean, and its standard error, in metres.

    Examples
    --------
    >>> [round(value, 1) for value in expect_nearest(100, 1e6, 4e3)]
    [52.2, 2.9]
    """
    mean = 0.5 * np.sqrt(area / count) + (0.0514 + 0.041 / np.sqrt(count)) * edge / count
    spread = np.sqrt(0.070 * area / count**2 + 0.037 * edge * np.sqrt(area / count**5))
    return float(mean), float(spread)


def _list_spread(plan: Plan, table: gpd.GeoDataFrame, belts: gpd.GeoDataFrame) -> pd.DataFrame:
    """List how the points are spread over the city, beside what chance would give."""
    land = shapely.union_all(plan.site.communities.sort_index().geometry.to_numpy())
    towns = float(len(plan.site.communities))
    count = len(table)
    nearest = float(table["nearest"].mean()) if count > 1 else np.nan
    mean, spread = expect_nearest(count, float(shapely.area(land)), float(shapely.length(land)))
    values: dict[str, tuple[float, float, str]] = {
        "demonstration_points": (float(count), np.nan, "counted"),
        "demonstration_belts": (float(len(belts)), np.nan, "counted"),
        "demonstration_communities": (float(table["community"].nunique()), towns, "counted"),
        "demonstration_nearest": (nearest, np.nan, "computed"),
        "demonstration_expected": (mean, np.nan, "computed"),
        "demonstration_ratio": (nearest / mean, np.nan, "computed"),
        "demonstration_error": (spread, np.nan, "computed"),
    }
    return pd.concat(
        [
            make_figures("city", [CITY], "", measure, [value], need, origin=origin)
            for measure, (value, need, origin) in values.items()
        ],
        ignore_index=True,
    )


def _list_communities(plan: Plan, table: gpd.GeoDataFrame) -> pd.DataFrame:
    """List the points of each community, and the mean way of its households to the nearest."""
    codes = plan.site.communities.index.sort_values()
    of = codes.to_numpy(object)
    count = table["community"].value_counts().reindex(codes).fillna(0).to_numpy(float)
    ways = plan.reach[(plan.reach["kind"] == DEMONSTRATION) & (plan.reach["state"] == "now")]
    ways = ways[ways["metres"].notna()]
    long: Any = (ways["metres"] * ways["households"]).groupby(ways["community"]).sum()
    metres = (long / ways.groupby("community")["households"].sum()).reindex(codes)
    return pd.concat(
        [
            make_figures("community", of, of, "demonstration_points", count, origin="counted"),
            make_figures("community", of, of, "demonstration_metres", metres.round(6)),
        ],
        ignore_index=True,
    )
