"""Service centres: whether their floor area suits their community, and how far they are."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules
from gridplan.tables.indicators import CITY, add_ends, make_figures


def need_area(households: Any, rules: PairingRules) -> Floats:
    """Find the floor area that a community's service centre needs, in m2.

    Source: 30 m2 for 100 households, and at least 500 m2 unless the community
    is small (Dezhou Daily; China City News, 25 September 2023, p. 19).

    Examples
    --------
    >>> need_area([600, 1500, 2596], PairingRules()).tolist()
    [180.0, 500.0, 778.8]
    """
    homes = np.asarray(households, float)
    needed_area = (homes * rules.centre_area / 100.0).round(6)
    # The least area is not asked of a small community.
    return np.where(
        homes >= rules.centre_small, np.maximum(needed_area, rules.centre_least), needed_area
    )


def measure_centres(plan: Plan, towns: pd.DataFrame, rules: PairingRules) -> pd.DataFrame:
    """Measure the service centres of each community.

    Columns: centres, area (NaN where one has none written), area_need (of the
    households, and of the ends of their range),
    area_least (whether the largest has the least area), mean_way (metres,
    straight, of a household to the nearest centre of its own community),
    within (share of households within reach). Without a centre, ways are
    unknown and nobody is within reach.
    """
    places = plan.site.places[plan.site.places["kind"] == "service_centre"]
    points = gpd.GeoDataFrame(
        {"area": places["floor_area"]},
        # A place may be a point or an outline.
        geometry=shapely.centroid(places.geometry.to_numpy()),
        crs=plan.crs,
    )
    land = (
        plan.site.communities.loc[towns.index, ["geometry"]].rename_axis("community").reset_index()
    )
    # On a common limit a centre counts for the first community by code.
    inside = gpd.sjoin(points, land, predicate="intersects").sort_values("community")
    inside = inside[~inside.index.duplicated()]
    number = towns.index.get_indexer(pd.Index(inside["community"]))
    n = len(towns)
    # One centre without a written area makes the sum of its community unknown.
    area = np.bincount(number, inside["area"].fillna(0), minlength=n)
    blank = np.bincount(number, inside["area"].isna(), minlength=n) > 0
    count = np.bincount(number, minlength=n).astype(float)
    # In place, as several centres may share a community.
    top = np.zeros(n)
    np.maximum.at(top, number, inside["area"].fillna(0).to_numpy(float))
    way = _measure_ways(plan, towns, inside, number, rules.centre_reach)
    return pd.DataFrame(
        {
            "centres": count,
            "area": np.where(blank | (count == 0), np.nan, area),
            "largest": np.where(blank, np.nan, top),
            "area_need": need_area(towns["households"], rules),
            **{
                f"need_of_{name}": need_area(plan.site.communities.loc[towns.index, name], rules)
                for name in ("households_low", "households_high")
            },
            "mean_way": way[0],
            "within": np.where(count > 0, way[1], 0.0),
            "households": towns["households"].to_numpy(float),
        },
        index=towns.index,
    )


def _measure_ways(
    plan: Plan, towns: pd.DataFrame, centres: Any, number: Ints, reach: float
) -> tuple[Floats, Floats]:
    """Measure households' mean way to their nearest own centre, and the share in reach.

    Communities are set far apart in a third dimension, so that one tree
    answers for all of them.
    """
    from scipy.spatial import cKDTree

    n = len(towns)
    # Metres; more than any way within a city, so that no foreign centre is nearest.
    apart = 1e8
    stairwells = plan.stairwells
    place = towns.index.get_indexer(pd.Index(stairwells["community"]))
    has = np.bincount(number, minlength=n) > 0
    # Doors of communities out of scope have place -1, which picks the last entry: left out.
    kept = np.append(has, False)[place]
    if not kept.any():
        return np.full(n, np.nan), np.zeros(n)
    doors = stairwells.geometry.to_numpy()[kept]
    tree = cKDTree(np.column_stack([centres.geometry.x, centres.geometry.y, number * apart]))
    way = tree.query(
        np.column_stack([shapely.get_x(doors), shapely.get_y(doors), place[kept] * apart])
    )[0]
    weight = stairwells["households"].to_numpy(float)[kept]
    mass = np.bincount(place[kept], weight, minlength=n)
    # Without households there is no mean: 0 / 0 is meant to be NaN.
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place[kept], weight * way, minlength=n) / mass
        near = np.bincount(place[kept], weight * (way <= reach), minlength=n) / mass
    return mean, near


def write_centres(table: pd.DataFrame, rules: PairingRules) -> pd.DataFrame:
    """Write the figures of service centres: number, area, need, ways, second sites."""
    code = table.index
    second = find_second(table, rules).astype(float)
    frames = [
        make_figures(
            "community", code, code, "service_centres", table["centres"], 1.0, origin="counted"
        ),
        make_figures(
            "community",
            code,
            code,
            "centre_area",
            table["area"],
            table["area_need"],
            origin="counted",
        ),
        make_figures(
            "community",
            code,
            code,
            "centre_area_share",
            # A community that needs no area has no share of it.
            table["area"] / table["area_need"].replace(0, np.nan),
            1.0,
        ),
        make_figures("community", code, code, "centre_way", table["mean_way"]),
        make_figures(
            "community", code, code, "centre_within", table["within"], rules.centre_within
        ),
        make_figures("community", code, code, "centre_second_site", second, 0.0, most=True),
    ]
    homes = table["households"].sum()
    # The city's share goes by households, not by communities.
    near = float((table["within"] * table["households"]).sum() / homes) if homes else np.nan
    frames += [
        make_figures(
            "city",
            [CITY],
            "",
            "service_centres",
            [table["centres"].sum()],
            float(len(table)),
            origin="counted",
        ),
        make_figures("city", [CITY], "", "centre_within", [near], rules.centre_within),
        make_figures("city", [CITY], "", "centre_second_site", [second.sum()], 0.0, most=True),
    ]
    # more households need more, so that the share has its ends the other way round
    low, high = (
        table["area"] / table[f"need_of_{name}"].replace(0, np.nan)
        for name in ("households_high", "households_low")
    )
    figures = pd.concat(frames, ignore_index=True)
    return add_ends(figures, "centre_area_share", low, high)


def find_second(table: pd.DataFrame, rules: PairingRules) -> Bools:
    """Find communities whose centre has too few households in reach to be enough."""
    # Shares are floats: 0.8 less a rounding is 0.8.
    return np.asarray((table["centres"] > 0) & (table["within"] < rules.centre_within - 1e-9))
