"""The land of branches and groups: sub-grids whole, and shared ones cut between their doors."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.geometry.repair import keep_areas
from gridplan.plan import Plan
from gridplan.tables.conform import conform_table, make_empty

LEVELS = {"branches": "branch", "groups": "group"}
LEVEL_TABLES = {level: table for table, level in LEVELS.items()}


def draw_party_land(plan: Plan) -> dict[str, gpd.GeoDataFrame]:
    """Draw the land of each branch and group of an organised plan.

    A sub-grid whose doors are all of one branch is its land as a whole. One
    that lies in several is cut so that every spot goes with the nearest door;
    floor bands over one door cannot be cut apart on the ground, so that the
    land goes to the organisation of most members there, and one that has no
    land of its own otherwise has that of its doors, over the other's.

    Returns
    -------
    The tables ``branches`` and ``groups``.
    """
    if plan.members.empty or plan.party_orgs.empty:
        return {table: make_empty(table, plan.crs) for table in LEVELS}
    doors = _list_doors(plan)
    return {table: _draw_level(plan, doors, level) for table, level in LEVELS.items()}


def _list_doors(plan: Plan) -> pd.DataFrame:
    """List the stairwells with place, sub-grid, organisations and members, by code."""
    stairwells = plan.stairwells.sort_index()
    members = plan.members.reindex(stairwells.index)
    points = stairwells.geometry.to_numpy()
    return pd.DataFrame(
        {
            "subgrid": stairwells["subgrid"].to_numpy(object),
            "x": shapely.get_x(points).round(3),
            "y": shapely.get_y(points).round(3),
            "size": (members["full"] + members["probationary"]).fillna(0).to_numpy(float),
            "branch": members["branch"].fillna("").to_numpy(object),
            "group": members["group"].fillna("").to_numpy(object),
        }
    )


def _draw_level(plan: Plan, doors: pd.DataFrame, level: str) -> gpd.GeoDataFrame:
    """Draw the land of all branches or of all groups."""
    outlines = plan.subgrids.geometry
    pieces: dict[str, list[Any]] = {}
    every: dict[str, list[Any]] = {}
    shared: dict[str, int] = {}
    for subgrid, rows in doors.groupby("subgrid", sort=True):
        codes = sorted(set(rows[level]))
        if subgrid not in outlines.index or codes == [""]:
            continue
        outline = outlines.loc[subgrid]
        if len(codes) == 1:
            pieces.setdefault(codes[0], []).append(outline)
            continue
        orgs = [code for code in codes if code]
        for code in orgs:
            shared[code] = shared.get(code, 0) + (len(orgs) > 1)
        spots, cells = cut_by_doors(rows, outline)
        owner = _choose_owners(rows, spots, level)
        for cell, code in zip(cells, owner, strict=True):
            pieces.setdefault(code, []).append(cell)
        # What an organisation without land of its own is shown by.
        for code in orgs:
            mine = np.unique(spots[(rows[level] == code).to_numpy()])
            every.setdefault(code, []).extend(cells[k] for k in mine)
    orgs_of_level = plan.party_orgs[plan.party_orgs["level"] == level].sort_index()
    land = [pieces.get(code) or every.get(code, []) for code in orgs_of_level.index]
    table = gpd.GeoDataFrame(
        {
            level: orgs_of_level.index.to_numpy(object),
            "name": orgs_of_level["name"].to_numpy(object),
            "community": orgs_of_level["community"].to_numpy(object),
            "branch": orgs_of_level["parent"].to_numpy(object)
            if level == "group"
            else orgs_of_level.index.to_numpy(object),
            "members": (orgs_of_level["full"] + orgs_of_level["probationary"]).to_numpy(),
            "households": orgs_of_level["households"].to_numpy(),
            "subgrid_count": orgs_of_level["subgrid_count"].to_numpy(),
            "shared": [shared.get(code, 0) for code in orgs_of_level.index],
        },
        geometry=[keep_areas(shapely.union_all(parts, grid_size=0.001)) for parts in land],
        crs=plan.crs,
    )
    return conform_table(LEVEL_TABLES[level], table)


def cut_by_doors(rows: pd.DataFrame, outline: Any) -> tuple[Any, list[Any]]:
    """Cut an outline so that every spot goes with the nearest door.

    Returns
    -------
    The number of the spot that each row's door stands at, and the land of each
    spot.

    Examples
    --------
    >>> doors = pd.DataFrame({"x": [1.0, 1.0, 3.0], "y": [1.0, 1.0, 1.0]})
    >>> spots, cells = cut_by_doors(doors, shapely.box(0, 0, 4, 2))
    >>> spots.tolist(), [cell.area for cell in cells]
    ([0, 0, 1], [4.0, 4.0])
    """
    places, spots = np.unique(rows[["x", "y"]].to_numpy(float), axis=0, return_inverse=True)
    spots = spots.reshape(-1)
    if len(places) == 1:
        return spots, [outline]
    points = shapely.points(places)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline.envelope)
    )
    # GEOS gives the cells in an order of its own.
    cell, point = shapely.STRtree(points).query(cells, predicate="contains")[:2]
    order = np.argsort(point)
    land = shapely.intersection(cells[cell[order]], outline)
    return spots, list(land)


def _choose_owners(rows: pd.DataFrame, spots: Any, level: str) -> list[str]:
    """Choose whose the land at each spot is: of most members there, of equals the first code."""
    table = pd.DataFrame({"spot": spots, "code": rows[level].to_numpy(object)})
    # A door without members still belongs to somebody, if to nobody else.
    table["size"] = rows["size"].to_numpy(float)
    sums = table.groupby(["spot", "code"], as_index=False)["size"].sum()
    sums = sums.sort_values(["spot", "size", "code"], ascending=[True, False, True])
    return list(sums.drop_duplicates("spot")["code"])
