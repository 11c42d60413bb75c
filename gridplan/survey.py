"""The survey: tables as they were read, checked all at once and put in order as a site.

Every problem is told before anything is changed. What can be put right without a decision (broken rings, doubles,
shapes without area, coordinates in degrees, missing codes) is put right, and counted in the site's ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gridplan.conform import Entry, check_values, conform_table, is_spatial, make_empty, write_ledger
from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.rules import SiteRules
from gridplan.schema import GEOMETRY_TYPES, find_columns, find_key, find_personal_columns, read_schema
from gridplan.shapes import (
    DEGREE_STEP,
    find_metric_crs,
    find_middle,
    repair_shapes,
    snap_outlines,
    unpack_collections,
)
from gridplan.site import SITE_TABLES, Reading, Site

# Barriers of these kinds cannot be walked over unless the data says so; Chinese words as files of ours have them.
HARD_KINDS = frozenset(
    {
        *("barrier", "river", "riverbank", "lake", "water", "reservoir", "motorway", "trunk"),
        *("河", "河流", "江", "湖", "湖泊", "水系", "水体", "水库", "铁路", "高铁", "高速", "高速公路", "快速路"),
    }
)
PREFIXES = {
    **{"buildings": "b", "communities": "c", "compounds": "k", "barriers": "r", "openings": "o"},
    **{"streets": "s", "places": "p", "institutions": "i", "counts": "n"},
}
WIDTHS = {"buildings": 6, "communities": 2}  # digits of made codes at least; other tables have four
SMALLEST = 0.01  # m2 of an area, m of a line: smaller shapes have none to speak of
STRAY = 5.0  # degrees that data may lie outside the area that its CRS is made for


def make_site(reading: Reading, rules: SiteRules | None = None, crs: Any = None) -> Site:
    """Make a site of tables that were read: everything checked, then put in order.

    Shapes are made valid, two-dimensional and projected to one CRS in metres: the buildings' own where it is fit to
    measure in, else a CGCS2000 or UTM zone. Doubles and shapes without extent are left out, community outlines are
    snapped together, missing codes are made from the place. The ledger counts all of it. The order of rows does not matter.

    Parameters
    ----------
    reading
        Tables as a source gives them.
    rules
        What counts as an overlap, how high a floor is and how large a house that is a point.
    crs
        CRS of tables that come without one.

    Raises
    ------
    InputError
        With everything that is wrong in all tables.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> houses = gpd.GeoDataFrame({"height": [9.2]}, geometry=[shapely.box(118.18, 39.63, 118.1802, 39.6301)], crs=4326)
    >>> site = make_site(Reading({"buildings": houses}))
    >>> site
    Site(1 buildings, 3 ledger; CGCS2000 / 3-degree Gauss-Kruger CM 117E)
    >>> site.buildings["floors"].to_dict()
    {'b000001': 3.0}
    """
    rules = rules or SiteRules()
    tables = {name: _tidy(name, frame, crs) for name, frame in reading.tables.items() if name in SITE_TABLES[:-1]}
    problems = _check_reading(reading, tables)
    misplaced = any(problem.rule in {"shapes", "CRS is known", "place"} for problem in problems)
    if misplaced or tables.get("buildings") is None or tables["buildings"].empty:
        raise _build_error(problems)
    target = find_metric_crs(tables["buildings"].geometry)
    entries = list(reading.entries)
    for name in SITE_TABLES[:-1]:
        if name not in tables:
            tables[name] = make_empty(name, target if is_spatial(name) else None)
            continue
        if is_spatial(name):
            tables[name], done = order_shapes(name, tables[name], target, rules)
            entries += done
        if name == "communities":
            problems += list(_check_overlaps(tables[name], rules))
    if tables["buildings"].empty:
        message = "none of them has a shape that can be used"
        problems.append(Problem("buildings", "not empty", message, "give outlines or points of buildings"))
    if problems:
        raise _build_error(problems)
    for name in SITE_TABLES[:-1]:
        tables[name], done = _finish_table(name, tables[name], rules)
        entries += done
    tables["ledger"] = write_ledger(make_empty("ledger"), entries)
    return Site(**tables)
