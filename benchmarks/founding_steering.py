"""Rows 40 to 43 of the founding document: ratings, drills, demonstration points, rankings."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import gridplan as gp
from benchmarks.founding_row import Row
from gridplan.comparison.rank_bodies import rank_bodies
from gridplan.coverage.demonstration import demonstrate
from gridplan.coverage.drills.drill_plan import plan_drills
from gridplan.people.levels.level_table import roll_levels
from gridplan.tables.conform import conform_table

POINTS = 12
BELTS = 3


def list_steering(plan: gp.Plan, seed: int = 0) -> list[Row]:
    """List the rows 40 to 43 of a plan that is rated."""
    shown = demonstrate(plan, draw_points(plan, seed))
    return [
        *list_ratings(plan),
        *list_drills(shown),
        *list_demonstration(shown),
        *list_rankings(plan),
    ]


def draw_points(plan: gp.Plan, seed: int) -> gpd.GeoDataFrame:
    """Draw demonstration points at the doors of homes, in a few belts."""
    rng = np.random.default_rng(seed)
    doors = plan.stairwells.geometry.sort_index()
    at = np.sort(rng.choice(len(doors), min(POINTS, len(doors)), replace=False))
    frame = gpd.GeoDataFrame(
        {
            "demonstration": [f"D{n:03d}" for n in range(len(at))],
            "belt": [f"belt {n % BELTS}" for n in range(len(at))],
            "belt_order": np.arange(len(at), dtype=float),
        },
        geometry=doors.to_numpy()[at],
        crs=plan.crs,
    )
    return conform_table("demonstrations", frame)


def list_ratings(plan: gp.Plan) -> list[Row]:
    """List scores and bands of communities, again from their indicators."""
    rules = plan.rules.rating
    rated = plan.ratings[plan.ratings["level"] == "community"].set_index("of")
    towns = plan.indicators[plan.indicators["level"] == "community"]
    values = towns.pivot_table(index="of", columns="measure", values="value")
    score = pd.Series(0.0, rated.index)
    for field, rows in rated.groupby("field"):
        asked = [c for c in rules.criteria if c.field in ("", field)]
        whole = sum(c.weight for c in asked)
        for c in asked:
            column = values[c.measure] if c.measure in values else pd.Series(dtype=float)
            marks = ((column.reindex(rows.index) - c.floor) / (c.cap - c.floor)).clip(0, 1)
            score[rows.index] += marks.fillna(0) * c.weight * 100 / whole
    rows = [
        Row(40, "gridplan rate PLAN", "ratings", "mean score of communities",
            float(rated["score"].mean()), float(score.round(4).mean())),
    ]  # fmt: skip
    for field, of_field in rated.groupby("field"):
        best = score[of_field.index].round(4)
        known = of_field["known_share"] >= rules.known_least
        first = int(np.ceil(len(best) * rules.share_a - 1e-9))
        cut = best[known].nlargest(first).min() if known.any() else np.inf
        what = f"communities in band A, field {field}"
        stated = float((of_field["band"] == "A").sum())
        again = float(((best >= cut) & known).sum())
        rows.append(Row(40, "gridplan rate PLAN", "ratings", what, stated, again))
    return rows


def list_drills(plan: gp.Plan) -> list[Row]:
    """List a season of two days: who is visited, and whether the times add up."""
    drilled = plan_drills(plan, 2)
    stops, days = drilled.drills, drilled.drill_days
    sites = drilled.drill_sites
    spent = (stops["drive"] + stops["waits"] + stops["site"].map(sites["minutes"])).sum()
    legs = 0.0
    for _, of_day in stops.sort_values("order").groupby("day"):
        xy = shapely.get_coordinates(sites.geometry.reindex(of_day["site"]).to_numpy())
        legs += float((np.hypot(*np.diff(xy, axis=0).T) > of_day["metres"].iloc[1:] + 0.01).sum())
    over = stops["site"].map(sites["subdistrict"]).nunique()
    command = "gridplan drills PLAN --days 2"
    return [
        Row(41, command, "drill_days", "minutes of both days", float(days["minutes"].sum()),
            float(spent)),
        Row(41, command, "drill_days", "sites visited, each once",
            float(days["sites"].sum()), float(stops["site"].nunique())),
        Row(41, command, "drills", "subdistricts visited, of those with sites",
            float(over), float(sites["subdistrict"].nunique())),
        Row(41, command, "drills", "ways shorter than the straight line", legs, 0.0),
    ]  # fmt: skip


def list_demonstration(plan: gp.Plan) -> list[Row]:
    """List the spread of demonstration points, again from their positions."""
    city = plan.indicators[plan.indicators["level"] == "city"].set_index("measure")["value"]
    points = plan.demonstrations
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    land = shapely.union_all(plan.site.communities.geometry.to_numpy())
    n = len(xy)
    # Clark and Evans, with Donnelly's correction for the edge
    chance = 0.5 * np.sqrt(land.area / n) + (0.0514 + 0.041 / np.sqrt(n)) * land.length / n
    metres = 0.0
    for _, rows in points.sort_values("belt_order").groupby("belt"):
        line = shapely.get_coordinates(rows.geometry.to_numpy())
        metres += float(np.hypot(*np.diff(line, axis=0).T).sum())
    ways = plan.reach[
        (plan.reach["kind"] == "demonstration_point") & (plan.reach["state"] == "now")
    ]
    ways = ways[ways["metres"].notna()]
    mass = (ways["metres"] * ways["households"]).groupby(ways["community"]).sum()
    each = mass / ways.groupby("community")["households"].sum()
    towns = plan.indicators[plan.indicators["measure"] == "demonstration_metres"]
    command = "gridplan demonstrate PLAN POINTS"
    return [
        Row(42, command, "indicators", "mean distance to the nearest other point, m",
            float(city["demonstration_nearest"]), float(apart.min(axis=1).mean())),
        Row(42, command, "indicators", "that, of what chance would give",
            float(city["demonstration_ratio"]), float(apart.min(axis=1).mean() / chance)),
        Row(42, command, "belts", "length of all belts, m",
            float(plan.belts["metres"].sum()), metres),
        Row(42, command, "indicators", "longest mean way of a community to a point, m",
            float(towns["value"].max()), float(each.max())),
    ]  # fmt: skip


def list_rankings(plan: gp.Plan) -> list[Row]:
    """List a ranking table and the four levels, again from sub-grids and posts."""
    levels = roll_levels(plan).level_indicators
    at = levels[levels["indicator"] == "in_band"].set_index("level")
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    table = rank_bodies(plan, level="community", indicators=["party_share"])
    ranked = table.set_index("body")["rank"].dropna()
    posts = plan.posts[
        plan.posts["role"].isin(["grid_worker_full", "grid_worker_part"]) & plan.posts["filled"]
    ]
    by = posts.groupby("community")["party"]
    share = by.mean()[by.size() >= plan.rules.ranking.least].round(plan.rules.ranking.digits)
    again: Any = share.rank(method="min", ascending=False)
    agree = (again.reindex(ranked.index) == ranked).sum()
    command = "gridplan rank PLAN --level community"
    return [
        Row(43, "gridplan levels PLAN", "level_indicators", "sub-grids in band, all subdistricts",
            float(at.loc[["subdistrict"], "numerator"].sum()), float(homes["in_band"].sum())),
        Row(43, "gridplan levels PLAN", "level_indicators", "share of sub-grids in band, city",
            float(at.loc[["city"], "value"].iloc[0]), float(homes["in_band"].mean())),
        Row(43, command, "ranking", "communities ranked by Party share of workers",
            float(len(ranked)), float(len(again))),
        Row(43, command, "ranking", "of these, ranks that are the same again",
            float(len(ranked)), float(agree)),
    ]  # fmt: skip
