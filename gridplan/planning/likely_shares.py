"""How likely the sub-grids of an assignment are in band, before any of its land is drawn."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gridplan.arrays import Shapes
from gridplan.plan import Plan
from gridplan.planning.subgrid_ranges import measure_ranges
from gridplan.rules.all_rules import Rules


def measure_likely(plan: Plan, member: pd.Series[str], rules: Rules) -> float:
    """Measure the mean chance of the sub-grids of an assignment to be truly in band.

    Parameters
    ----------
    plan
        Its buildings, stairwells and known totals are looked at.
    member
        A code for each stairwell of some whole communities.
    rules
        The bands, and the correlation of errors.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> measure_likely(plan, plan.stairwells["subgrid"], plan.rules)
    1.0
    """
    doors = plan.stairwells.loc[member.index].assign(subgrid=member.astype("str"))
    of = doors.groupby("subgrid")
    first = of[["community", "community_kind"]].first()
    bands = [rules.find_band(str(kind)) for kind in first["community_kind"]]
    table = gpd.GeoDataFrame(
        first.assign(
            households=of["households"].sum(),
            kind="residential",
            responsible="",
            low=[band.low for band in bands],
            high=[band.high for band in bands],
        ),
        geometry=_place_idle(plan, doors, first.index),
        crs=plan.crs,
    )
    ranges = measure_ranges(plan.replace(stairwells=doors), table, rules)
    return round(float(ranges["chance_in_band"].mean()), 4)


def _place_idle(plan: Plan, doors: gpd.GeoDataFrame, codes: pd.Index[str]) -> Shapes:
    """Place the buildings that may be homes in the sub-grid of the next home of their community."""
    buildings = plan.site.buildings
    idle = (buildings["households_mean"] > 0) & (buildings["households"] == 0)
    idle &= ~buildings.index.isin(plan.stairwells["building"])
    idle &= buildings["community"].isin(doors["community"].unique())
    rows = buildings[idle.to_numpy(bool)]
    points = shapely.centroid(rows.geometry.to_numpy())
    code = np.full(len(rows), "", object)
    for community, here in rows.groupby("community").indices.items():
        homes = doors[(doors["community"] == community).to_numpy()].sort_index()
        tree = cKDTree(shapely.get_coordinates(shapely.centroid(homes.geometry.to_numpy())))
        nearest = tree.query(shapely.get_coordinates(points[here]))[1]
        code[here] = homes["subgrid"].to_numpy(object)[nearest]
    held = pd.Series(points, dtype=object).groupby(code).agg(list)
    return np.array([shapely.MultiPoint(held.get(name, [])) for name in codes], object)
