"""Homes of a city outside the limits given: settlements stand in for their communities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from gridplan.geometry.holders import find_holders
from gridplan.land.given_limits import complete_limits
from gridplan.land.households import estimate_households
from gridplan.reading.declared import choose_for
from gridplan.reading.read import read_given
from gridplan.reading.site_tables import make_site, place_buildings
from gridplan.rules.all_rules import Rules
from gridplan.site import Reading, Site
from gridplan.tables.parquet import from_arrow

# Metres around a building within which others may decide whether it is a home.
BESIDE = 100.0


def lie_outside(places: Any, communities: gpd.GeoDataFrame) -> bool:
    """Whether any of the points lies outside every community."""
    held = shapely.STRtree(communities.geometry.to_numpy()).query(places, predicate="intersects")[0]
    return len(np.unique(held)) < len(places)


def complete_frame(
    frame: Site,
    batches: Iterable[tuple[pa.Table, Any]],
    how: Mapping[str, Any],
    target: CRS,
    rules: Rules,
) -> Site:
    """Draw settlements for the homes that lie well outside all communities of a city.

    As :func:`gridplan.land.given_limits.complete_limits` does; of the
    buildings only those outside, and those near the limits, are kept in memory.

    Parameters
    ----------
    frame
        All tables but the buildings.
    batches
        The buildings some rows at a time: as in the file, and as they are read.
    how
        How tables are read.
    target
        CRS of the city, in metres.
    rules
        Rules of the plan.
    """
    outlines = frame.communities.geometry.to_numpy()
    limits = np.array([shapely.boundary(shapely.union_all(outlines))])
    taken = []
    for batch, reading in batches:
        shapes, rows = place_buildings(reading.tables["buildings"], target, rules.site)
        near = shapely.STRtree(shapes).query(limits, predicate="dwithin", distance=BESIDE)[1]
        outside = np.flatnonzero(find_holders(shapes, outlines) < 0)
        taken.append(batch.take(rows[np.union1d(near, outside)]))
    some = from_arrow(pa.concat_tables(taken))
    if not len(some):
        return frame
    table = read_given(some, "buildings", how).tables["buildings"]
    crs = choose_for(how["crs"], "")
    buildings = make_site(Reading({"buildings": table}), rules.site, crs, target=target).buildings
    site = frame.replace(buildings=buildings)
    weight = estimate_households(site, rules.households).buildings["households"]
    return complete_limits(site, rules.settlements, weight).replace(buildings=frame.buildings)
