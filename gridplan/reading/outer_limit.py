"""The outer limit of a plan: buildings outside of it are left out, and counted."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import shapely

from gridplan.errors import InputError, Problem
from gridplan.site import Reading
from gridplan.tables.ledger import Entry, name_households


def keep_inside(reading: Reading) -> Reading:
    """Leave out buildings whose middle lies outside of the boundary.

    Those without a shape stay, to be counted later.
    """
    tables = dict(reading.tables)
    boundary = tables.pop("boundary", None)
    buildings = tables.get("buildings")
    if boundary is None or not isinstance(buildings, gpd.GeoDataFrame) or buildings.crs is None:
        return replace(reading, tables=tables)
    # repaired first: a boundary that crosses itself would make the union fail
    outline = shapely.union_all(
        shapely.make_valid(boundary.geometry.to_crs(buildings.crs).to_numpy())
    )
    middle = shapely.centroid(buildings.geometry.to_numpy())
    # one outline is tested against all buildings: preparing makes each test cheap
    shapely.prepare(outline)
    inside = shapely.contains_xy(
        outline, shapely.get_x(middle), shapely.get_y(middle)
    ) | shapely.is_missing(middle)
    if len(inside) and not inside.any():
        message = f"all {len(inside)} buildings lie outside of it"
        remedy = (
            "one of the two has a wrong CRS: give the true one, such as --crs boundary=EPSG:CODE"
        )
        raise InputError([Problem("boundary", "position", message, remedy)])
    reason = f"outside of the boundary{name_households(buildings[~inside])}"
    entry = Entry("read", "buildings", "dropped", int((~inside).sum()), reason)
    return replace(
        reading,
        tables={**tables, "buildings": buildings[inside]},
        entries=(*reading.entries, entry),
    )
