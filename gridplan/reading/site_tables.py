"""The survey: tables as they were read, checked all at once and put in order as a site.

Every problem is reported before anything is changed. What can be put right without
a decision (broken rings, doubles, shapes without extent, coordinates in
degrees, missing codes) is put right, and counted in the site's ledger.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.geometry.repair import (
    SMALLEST,
    find_metric_crs,
    project_shapes,
    repair_shapes,
    snap_outlines,
)
from gridplan.reading.checks import (
    FATAL,
    INPUT_TABLES,
    check_overlaps,
    check_table,
    find_crs,
    measure_overlaps,
)
from gridplan.rules.site import SiteRules
from gridplan.site import SITE_TABLES, Reading, Site
from gridplan.tables.codes import describe_rows, fill_codes
from gridplan.tables.conform import conform_table, is_spatial, make_empty
from gridplan.tables.ledger import Entry
from gridplan.tables.schema import find_columns, find_key

# Barriers of these kinds, and all kinds of railway, cannot be walked over unless the data says so.
HARD_KINDS = (
    *("barrier", "river", "riverbank", "lake", "water", "reservoir", "motorway", "trunk"),
    *(
        "河",
        "河流",
        "江",
        "湖",
        "湖泊",
        "水系",
        "水体",
        "水库",
        "铁路",
        "高铁",
        "高速",
        "高速公路",
        "快速路",
    ),
)
DOUBLE_STEP = 1e-3  # m, shapes that are the same to this are doubles
_DIMENSIONS = {"line": 1, "polygon": 2}

Mark = tuple[str, str, "pd.Index[Any]"]  # what was done, why, to which rows


def make_site(
    reading: Reading, rules: SiteRules | None = None, crs: Any = None, *, target: CRS | None = None
) -> Site:
    """Make a site of tables that were read: everything checked, then put in order.

    Shapes are made valid and two-dimensional, and projected to one CRS in
    metres: the buildings' own where it is fit to measure in, else a CGCS2000
    or UTM zone. Doubles and shapes without extent are left out, community
    outlines are snapped together, missing codes are made from the place. The
    ledger counts all of it, and no result depends on the order of rows.

    Parameters
    ----------
    reading
        Tables as a source gives them.
    rules
        What counts as an overlap, how high a floor is, and how large a house
        that is given as a point.
    crs
        CRS of tables that come without one.
    target
        CRS in metres that the site is to have, where it is one part of a
        larger one; else it is found as said above.

    Raises
    ------
    InputError
        With everything that is wrong in all tables.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> house = gpd.GeoDataFrame({"height": [9.2]}, geometry=[shapely.box(118.18, 39.63, 118.1802, 39.6301)], crs=4326)
    >>> site = make_site(Reading({"buildings": house}))
    >>> site
    Site(1 buildings, 3 ledger; CGCS2000 / 3-degree Gauss-Kruger CM 117E)
    >>> site.buildings["floors"].to_dict()
    {'b000001': 3.0}
    """
    rules = rules or SiteRules()
    crs = find_crs(crs)
    tables = {
        name: _tidy(name, frame, crs)
        for name, frame in reading.tables.items()
        if name in INPUT_TABLES
    }
    problems = [p for name in reading.tables for p in check_table(name, reading, tables.get(name))]
    problems += _check_buildings(tables.get("buildings"), reading.files.get("buildings", ""))
    if any(p.rule in FATAL for p in problems):
        raise _make_error(problems)
    site = _order_site(
        tables,
        target or find_metric_crs(tables["buildings"].geometry),
        rules,
        reading.entries,
        problems,
    )
    if site.buildings.empty:
        raise _make_error(
            _check_buildings(
                site.buildings, reading.files.get("buildings", ""), "no row has a usable shape"
            )
        )
    return site


def make_frame(
    reading: Reading, target: CRS, rules: SiteRules | None = None, crs: Any = None
) -> Site:
    """Make a site of all tables but the buildings, for land whose buildings are read part by part.

    Parameters and errors are those of :func:`make_site`; the table of
    buildings is empty.
    """
    rules = rules or SiteRules()
    crs = find_crs(crs)
    names = [name for name in reading.tables if name != "buildings"]
    tables = {
        name: _tidy(name, reading.tables[name], crs) for name in names if name in INPUT_TABLES
    }
    problems = [p for name in names for p in check_table(name, reading, tables.get(name))]
    if any(p.rule in FATAL for p in problems):
        raise _make_error(problems)
    return _order_site(tables, target, rules, reading.entries, problems)


def check_part(table: str, frame: Any, file: str = "", crs: Any = None) -> list[Problem]:
    """List what is wrong with some rows of a table that is read part by part; doubled codes between parts are not seen."""
    rows = _tidy(table, frame, find_crs(crs))
    return list(dict.fromkeys(check_table(table, Reading({table: frame}, {table: file}), rows)))


def place_buildings(frame: gpd.GeoDataFrame, target: CRS, rules: SiteRules) -> tuple[Any, Any]:
    """Place the shapes of buildings in the CRS ``target`` as :func:`make_site` does, row by row.

    Returns the shapes that would be kept, and the rows (int64) that they are
    of.
    """
    work = gpd.GeoDataFrame(
        {"row": np.arange(len(frame))}, geometry=frame.geometry.array, crs=frame.crs
    )
    kept, _ = _order_shapes("buildings", work, target, rules, doubles=True)
    return kept.geometry.to_numpy(), kept["row"].to_numpy(np.int64)


def _order_site(
    tables: dict[str, Any],
    target: CRS,
    rules: SiteRules,
    read: tuple[Entry, ...],
    problems: list[Problem],
) -> Site:
    """Put all tables in order, if nothing is wrong with them."""
    if "communities" in tables:
        problems = [*problems, *check_overlaps(tables["communities"], target, rules)]
    if problems:
        raise _make_error(problems)
    entries = list(read)
    site = {name: make_empty(name, target if is_spatial(name) else None) for name in SITE_TABLES}
    for name in INPUT_TABLES:
        if name in tables and len(tables[name]):
            site[name], table_entries = _order_table(name, tables[name], target, rules)
            entries += table_entries
    return Site(**site).note(entries)


def _make_error(problems: list[Problem]) -> InputError:
    personal = any(p.rule == "no personal data" for p in problems)
    return (PersonalDataError if personal else InputError)(list(dict.fromkeys(problems)))


def _check_buildings(buildings: Any, file: str, message: str = "it has no rows") -> list[Problem]:
    """Check that there is something to draw a plan of."""
    if buildings is not None and len(buildings):
        if (
            not isinstance(buildings, gpd.GeoDataFrame)
            or not (buildings.geometry.isna() | buildings.geometry.is_empty).all()
        ):
            return []
        message = "none of its rows has a shape"
    return [
        Problem(
            "buildings",
            "not empty",
            message,
            "give a file with outlines or points of buildings",
            file=file,
        )
    ]


def _tidy(table: str, frame: Any, crs: Any) -> Any:
    """Return the schema's input columns of a table with numbered rows, text without blanks around it, and a CRS."""
    key = find_key(table)
    flat = frame.reset_index(drop=frame.index.name != key or key in frame.columns)
    names = [
        c.name
        for c in find_columns(table)
        if c.need != "derived" and not c.is_geometry and c.name in flat.columns
    ]
    out = pd.DataFrame(flat[names])
    for name in names:
        if pd.api.types.is_string_dtype(out[name].dtype) or out[name].dtype == object:
            text = out[name].map(lambda v: v.strip() if isinstance(v, str) else v)
            out[name] = text.where(text != "", None)
    if key in names:
        codes = out[key]
        if pd.api.types.is_float_dtype(codes.dtype) and bool((codes.dropna() % 1 == 0).all()):
            codes = codes.astype("Int64")  # a column of whole numbers with gaps comes as 1.0, 2.0
        out[key] = codes.astype("str").where(codes.notna(), "").astype("str")
    if (
        is_spatial(table)
        and isinstance(flat, gpd.GeoDataFrame)
        and flat._geometry_column_name in flat.columns
    ):
        out = gpd.GeoDataFrame(out, geometry=flat.geometry.array, crs=flat.crs)
        out = out.set_crs(crs) if out.crs is None and crs is not None else out
    return out


def _order_table(table: str, frame: Any, target: CRS, rules: SiteRules) -> tuple[Any, list[Entry]]:
    """Put one table in order, and say what was done to it."""
    key = find_key(table)
    work = conform_table(table, frame).reset_index()
    codes_read = work[key]
    marks: list[Mark] = []
    if is_spatial(table):
        work, marks = _order_shapes(table, work, target, rules)
    work, filled = _fill_values(table, work, rules)
    codes = fill_codes(table, work.drop(columns=key), work[key])
    made: Mark = ("inferred", "no code given: made from where it lies", work.index[work[key] == ""])
    names = codes_read.where(~codes_read.index.isin(codes.index), codes.reindex(codes_read.index))
    entries = [_make_entry(table, mark, names) for mark in (*marks, *filled, made) if len(mark[2])]
    out = conform_table(table, work.assign(**{key: codes})).sort_index()
    if table == "communities":
        out, snapped = _snap_communities(out)
        entries += snapped
    return out, entries


def _make_entry(table: str, mark: Mark, names: pd.Series[Any]) -> Entry:
    action, reason, rows = mark
    ids = (
        sorted(name for name in names[rows] if name) if len(rows) < len(names) else ()
    )  # all of them need no list
    return Entry("survey", table, action, len(rows), reason, ids)


def _order_shapes(
    table: str, frame: gpd.GeoDataFrame, target: CRS, rules: SiteRules, *, doubles: bool = False
) -> tuple[gpd.GeoDataFrame, list[Mark]]:
    """Project and repair the shapes of a table, and leave out rows without a shape, without extent and, unless kept, doubles."""
    dimension = _DIMENSIONS.get(find_columns(table)[-1].dtype)
    marks: list[Mark] = []
    if frame.crs != target:
        marks.append(("converted", f"from {frame.crs.name} to {target.name}", frame.index))
    raised = frame.index[shapely.has_z(frame.geometry.to_numpy())]
    marks.append(("noted", "heights of its points left out", raised))
    shapes = project_shapes(frame.geometry, target, dimension, bend=table == "communities")
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    marks.append(("dropped", "no shape, or none that can be placed", frame.index[~there]))
    frame = frame[there]
    shapes = shapes[there]
    shapes, repaired = repair_shapes(shapes)
    marks.append(("repaired", "shape was not valid", frame.index[repaired]))
    if table == "buildings":
        points = shapely.get_dimensions(shapes) == 0
        shapes[points] = _draw_squares(shapes[points], rules.point_size)
        marks.append(
            (
                "inferred",
                f"given as a point: a square of {rules.point_size:g} m stands for it",
                frame.index[points],
            )
        )
    extent = np.where(
        shapely.get_dimensions(shapes) == 2, shapely.area(shapes), shapely.length(shapes)
    )
    whole = ~shapely.is_empty(shapes) & (
        (extent > SMALLEST) | (shapely.get_dimensions(shapes) == 0)
    )
    marks.append(("dropped", "shape without area or length", frame.index[~whole]))
    out = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=target))[whole]
    if table == "buildings" and not doubles:
        again = _find_doubles(out)
        marks.append(("dropped", "same shape as another building", again))
        out = out.drop(index=again)
    return out, marks


def _draw_squares(points: Any, side: float) -> Any:
    x = shapely.get_x(shapely.centroid(points))
    y = shapely.get_y(shapely.centroid(points))
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _find_doubles(frame: gpd.GeoDataFrame) -> pd.Index[Any]:
    """Find rows that repeat the shape of another; the one that says most stays, and then the lowest code."""
    rounded = shapely.transform(
        frame.geometry.to_numpy(), lambda c: np.round(c / DOUBLE_STEP) * DOUBLE_STEP
    )
    shape = pd.Series(
        shapely.to_wkb(shapely.normalize(rounded), hex=True), index=frame.index, dtype="str"
    )
    twins = shape[shape.duplicated(keep=False)]
    words = pd.DataFrame(frame.drop(columns="geometry")).loc[twins.index]
    silent = (words.isna() | (words == "").fillna(False)).sum(axis=1)
    order = pd.DataFrame(
        {"shape": twins, "silent": silent, "text": describe_rows(words)}
    ).sort_values(["shape", "silent", "text"])
    return order.index[order["shape"].duplicated()]


def _fill_values(table: str, frame: Any, rules: SiteRules) -> tuple[Any, list[Mark]]:
    """Fill what follows from the other columns of a row."""
    if table == "buildings":
        return _fill_floors(frame, rules)
    if table == "barriers":
        return _fill_barriers(frame)
    return frame, []


def _fill_floors(frame: Any, rules: SiteRules) -> tuple[Any, list[Mark]]:
    sizes = frame[["floors", "height", "stairwell_count"]]
    zero = (sizes == 0).any(axis=1)
    frame = frame.assign(**sizes.where(sizes != 0))
    judged = frame["floors"].isna() & frame["height"].notna()
    floors = np.maximum(1.0, np.round(frame["height"] / rules.floor_height))
    marks: list[Mark] = [
        ("noted", "0 floors, height or stairwells taken as not known", frame.index[zero]),
        ("inferred", f"floors from the height, {rules.floor_height:g} m each", frame.index[judged]),
    ]
    return frame.assign(floors=frame["floors"].where(~judged, floors)), marks


def _fill_barriers(frame: Any) -> tuple[Any, list[Mark]]:
    nameless = frame["kind"] == ""
    kind = frame["kind"].where(~nameless, "barrier")
    open_ = frame["hard"].isna()
    words = kind.str.lower()
    hard = (
        frame["hard"]
        .where(~open_, words.isin(HARD_KINDS) | words.str.startswith("rail"))
        .astype("boolean")
    )
    marks: list[Mark] = [
        (
            "inferred",
            "no kind given: taken for a barrier, hard unless given",
            frame.index[nameless],
        ),
        ("inferred", "hard or soft judged by the kind", frame.index[open_ & ~nameless]),
    ]
    return frame.assign(kind=kind, hard=hard), marks


def _snap_communities(communities: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Snap the outlines of communities together; a sliver that two share goes to the lower code."""
    shapes = communities.geometry.to_numpy()
    slivers = measure_overlaps(shapes)
    snapped = snap_outlines(shapes)
    whole = ~shapely.is_empty(snapped)
    held = sorted({*communities.index[slivers["first"]], *communities.index[slivers["second"]]})
    total = slivers["area"].sum()
    entries = [
        Entry(
            "survey",
            "communities",
            "repaired",
            len(slivers),
            f"slivers of overlap given to the lower code, {total:.1f} m2",
            held,
        ),
        Entry(
            "survey",
            "communities",
            "dropped",
            int((~whole).sum()),
            "all of it lies in others",
            list(communities.index[~whole]),
        ),
    ]
    return communities.set_geometry(
        gpd.GeoSeries(snapped, index=communities.index, crs=communities.crs)
    )[whole], entries
