"""Rules on demonstration points: where they lie, their belts, and how they are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    list_figures,
    report_columns,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings

AGAIN = "enter the points again: gridplan demonstrate"
KIND = "demonstration_point"


def check_demonstrations(evidence: Evidence) -> pd.DataFrame:
    """Check demonstration points, belts and their indicators against positions and communities.

    Source: Clark and Evans (1954) and Donnelly (1978) for what chance gives;
    the rest is arithmetic.
    """
    e = evidence
    points = e.plan.demonstrations
    stated = e.plan.indicators[e.plan.indicators["room"] == "demonstration"]
    if points.empty and e.plan.belts.empty and stated.empty:
        return join_findings([])
    shapes = points.geometry.to_numpy()
    places = e.plan.site.places.geometry.reindex(points.index).to_numpy()
    moved = ~(shapely.distance(shapes, places) < 0.01)
    lone = e.plan.site.places.index[e.plan.site.places["kind"] == KIND].difference(points.index)
    towns = e.communities
    lies = _find_towns(e, shapes)
    right = {
        "community": lies,
        "subdistrict": towns["subdistrict"].reindex(lies).fillna("").to_numpy(object),
        "nearest": _find_nearest(shapely.get_coordinates(shapes)),
    }
    noun = "point"
    return join_findings(
        [
            report_columns("demonstration", "demonstrations", points, right, AGAIN, noun=noun),
            _check_belts(e, points),
            compare_rows(
                "demonstration", "indicators", stated, _list_indicators(e, points),
                ("level", "of", "measure"), AGAIN, "indicator",
            ),
            write_findings(
                "demonstration", "error", "demonstrations", points.index[moved], "", noun=noun,
                what="that does not stand where its place does", remedy=AGAIN,
            ),
            write_findings(
                "demonstration", "error", "places", lone, "", noun="place",
                what="that is a demonstration point and not among them", remedy=AGAIN,
            ),
        ]
    )  # fmt: skip


def _find_towns(e: Evidence, shapes: Any) -> Any:
    """Find the community that each point lies in or nearest to; of several the first by code."""
    codes = e.communities.index.to_numpy(object)
    out = np.full(len(shapes), "", object)
    if len(codes) and len(shapes):
        tree = shapely.STRtree(e.communities.geometry.to_numpy())
        point, town = tree.query_nearest(shapes)
        first = pd.Series(town).groupby(point).min()
        out[first.index] = codes[first.to_numpy()]
    return out


def _find_nearest(xy: Any) -> Any:
    """Find the distance to the nearest other point by comparing rows of a table of distances."""
    nearest = np.full(len(xy), np.nan)
    for first in range(0, len(xy) if len(xy) > 1 else 0, 500):
        rows = np.arange(first, min(first + 500, len(xy)))
        apart = np.hypot(*(xy[rows, None, :] - xy[None, :, :]).transpose(2, 0, 1))
        apart[np.arange(len(rows)), rows] = np.inf
        nearest[rows] = apart.min(axis=1)
    return nearest


def _check_belts(e: Evidence, points: Any) -> pd.DataFrame:
    """Check that each belt is the row of its points, and as long as its legs."""
    belts = e.plan.belts
    rows = []
    for belt, held in points[points["belt"] != ""].groupby("belt"):
        held = held.assign(code=held.index).sort_values(["belt_order", "code"])
        xy = shapely.get_coordinates(held.geometry.to_numpy())
        legs = np.sqrt((np.diff(xy, axis=0) ** 2).sum(axis=1))
        spacing = legs.mean() if len(legs) else np.nan
        number = held["community"].nunique()
        rows.append((belt, len(held), number, float(legs.sum()), spacing))
    columns = ["belt", "points", "communities", "metres", "spacing"]
    right = pd.DataFrame(rows, columns=columns)
    drawn = shapely.length(belts.geometry.to_numpy())
    odd = np.abs(drawn - belts["metres"].to_numpy(float)) > 0.01
    return join_findings(
        [
            compare_rows(
                "demonstration", "belts", belts.reset_index(), right, ["belt"], AGAIN, "belt"
            ),
            write_findings(
                "demonstration", "error", "belts", belts.index[odd], "", noun="belt",
                what="whose line is not as long as its legs", remedy=AGAIN,
            ),
        ]
    )  # fmt: skip


def _list_indicators(e: Evidence, points: Any) -> pd.DataFrame:
    """List the indicators as they should be: how points are spread, and ways to them."""
    codes = e.communities.index.to_numpy(object)
    n = float(len(points))
    land = shapely.union_all(e.communities.geometry.to_numpy())
    area, edge = shapely.area(land), shapely.length(land)
    nearest = _find_nearest(shapely.get_coordinates(points.geometry.to_numpy()))
    mean = nearest.mean() if n > 1 else np.nan
    expected = 0.5 * (area / n) ** 0.5 + (0.0514 + 0.041 / n**0.5) * edge / n
    error = (0.070 * area / n**2 + 0.037 * edge * (area / n**5) ** 0.5) ** 0.5
    of_city = (
        ("points", n, np.nan, "counted"),
        ("belts", points.loc[points["belt"] != "", "belt"].nunique(), np.nan, "counted"),
        ("communities", points["community"].nunique(), len(codes), "counted"),
        ("nearest", mean, np.nan, "computed"),
        ("expected", expected, np.nan, "computed"),
        ("ratio", mean / expected, np.nan, "computed"),
        ("error", error, np.nan, "computed"),
    )
    frames = [
        list_figures("city", [CITY], "", f"demonstration_{name}", [value], need, False, origin)
        for name, value, need, origin in of_city
    ]
    count = points.groupby("community").size().reindex(codes).fillna(0)
    rows = e.plan.reach[(e.plan.reach["kind"] == KIND) & (e.plan.reach["state"] == "now")]
    rows = rows[rows["metres"].notna()]
    homes = rows.groupby("community")["households"].sum()
    long = (rows["metres"] * rows["households"]).groupby(rows["community"]).sum()
    metres = (long / homes).reindex(codes)
    for name, value, origin in (("points", count, "counted"), ("metres", metres, "computed")):
        measure = f"demonstration_{name}"
        frames.append(
            list_figures("community", codes, codes, measure, value, np.nan, False, origin)
        )
    return join_columns(frames)
