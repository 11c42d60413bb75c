"""One table of a site tidied: its shapes, values and codes, and what was done to it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gridplan.geometry.repair import SMALLEST, project_shapes, repair_shapes, snap_outlines
from gridplan.reading.checks import measure_overlaps
from gridplan.reading.doubles import SAID, Mark, join_doubles
from gridplan.reading.layer_names import REMARK
from gridplan.rules.site import SiteRules
from gridplan.tables.codes import fill_codes
from gridplan.tables.conform import MEASURED, conform_table, find_doubtful, is_spatial, needs_shapes
from gridplan.tables.ledger import Entry, name_households
from gridplan.tables.schema import find_columns, find_key

# Barriers of these kinds, and all kinds of railway, cannot be walked over unless the data says so.
HARD_KINDS = (
    "barrier",
    "river",
    "riverbank",
    "lake",
    "water",
    "reservoir",
    "sea",
    "motorway",
    "trunk",
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
)
_DIMENSIONS = {"line": 1, "polygon": 2}


def order_table(table: str, frame: Any, target: CRS, rules: SiteRules) -> tuple[Any, list[Entry]]:
    """Put one table in order, and say what was done to it."""
    key = find_key(table)
    if is_spatial(table) and not isinstance(frame, gpd.GeoDataFrame):
        # zones may be known by their codes alone
        frame = gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=target)
    work = conform_table(table, frame).reset_index()
    read = work
    codes_read = work[key]
    marks: list[Mark] = []
    if needs_shapes(table) or (is_spatial(table) and frame.geometry.notna().any()):
        work, marks = order_shapes(table, work, target, rules)
    work, doubted = _drop_doubtful(table, frame, work)
    work, filled = _fill_values(table, work, rules)
    # codes are made of values and places, never of the order of rows
    codes = fill_codes(table, work.drop(columns=key), work[key])
    made: Mark = ("inferred", "no code given: made from where it lies", work.index[work[key] == ""])
    # the ledger names rows by their new codes, and dropped ones by the code they came with
    names = codes_read.where(~codes_read.index.isin(codes.index), codes.reindex(codes_read.index))
    entries = [
        _make_entry(table, mark, names, read)
        for mark in (*marks, *doubted, *filled, made)
        if len(mark[2])
    ]
    out = conform_table(table, work.assign(**{key: codes})).sort_index()
    if table == "communities":
        out, snapped = _snap_communities(out)
        entries += snapped
    return out, entries


def _make_entry(table: str, mark: Mark, names: pd.Series[Any], frame: Any) -> Entry:
    action, reason, rows = mark
    if table == "buildings" and action == "dropped":
        reason += name_households(frame.loc[rows])
    # what was done to all rows needs no list of them
    ids = sorted(name for name in names[rows] if name) if len(rows) < len(names) else ()
    step = REMARK if table == "buildings" and reason.startswith(SAID) else "survey"
    return Entry(step, table, action, len(rows), reason, ids)


def order_shapes(
    table: str, frame: gpd.GeoDataFrame, target: CRS, rules: SiteRules, *, doubles: bool = False
) -> tuple[gpd.GeoDataFrame, list[Mark]]:
    """Project and repair the shapes of a table, and leave out what has none or no extent.

    Doubles of buildings are left out too, unless kept.
    """
    dimension = _DIMENSIONS.get(find_columns(table)[-1].dtype)
    marks: list[Mark] = []
    if frame.crs != target:
        marks.append(("converted", f"from {frame.crs.name} to {target.name}", frame.index))
    raised = frame.index[shapely.has_z(frame.geometry.to_numpy())]
    marks.append(("noted", "heights of its points left out", raised))
    shapes = project_shapes(frame.geometry, target, dimension, bend=table == "communities")
    # what cannot be projected comes back empty
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    marks.append(("dropped", "no shape, or none that can be placed", frame.index[~there]))
    frame = frame[there]
    shapes = shapes[there]
    # after projecting, which may make a ring cross itself; before measuring
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
    # areas by their area, lines by their length; a point has neither and stays
    extent = np.where(
        shapely.get_dimensions(shapes) == 2, shapely.area(shapes), shapely.length(shapes)
    )
    whole = ~shapely.is_empty(shapes) & (
        (extent > SMALLEST) | (shapely.get_dimensions(shapes) == 0)
    )
    marks.append(("dropped", "shape without area or length", frame.index[~whole]))
    out = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=target))[whole]
    if table == "buildings" and not doubles:
        out, joined = join_doubles(out)
        marks += joined
    return out, marks


def _draw_squares(points: Any, side: float) -> Any:
    x = shapely.get_x(shapely.centroid(points))
    y = shapely.get_y(shapely.centroid(points))
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _drop_doubtful(table: str, frame: Any, work: Any) -> tuple[Any, list[Mark]]:
    """Empty the measures that cannot be true, such as 9999 floors, and list their rows."""
    marks: list[Mark] = []
    as_read = frame.reset_index()
    for column in find_columns(table):
        if column.name not in MEASURED or column.name not in as_read.columns:
            continue
        doubtful = find_doubtful(column, as_read[column.name]).reindex(work.index)
        if doubtful.any():
            example = as_read[column.name][doubtful[doubtful].index[0]]
            reason = f"{column.name} taken as not known, as it cannot be {example}"
            marks.append(("noted", reason, work.index[doubtful]))
            work = work.assign(**{column.name: work[column.name].mask(doubtful)})
    return work, marks


def _fill_values(table: str, frame: Any, rules: SiteRules) -> tuple[Any, list[Mark]]:
    """Fill what follows from the other columns of a row."""
    if table == "buildings":
        return _fill_floors(frame, rules)
    if table == "barriers":
        return _fill_barriers(frame)
    return frame, []


def _fill_floors(frame: Any, rules: SiteRules) -> tuple[Any, list[Mark]]:
    sizes = frame[["floors", "height", "stairwell_count"]]
    # surveys write 0 for what nobody counted
    zero = (sizes == 0).any(axis=1)
    frame = frame.assign(**sizes.where(sizes != 0))
    # only what is missing is judged; what is stated stays
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
    undecided = frame["hard"].isna()
    words = kind.str.lower()
    hard = (
        frame["hard"]
        .where(~undecided, words.isin(HARD_KINDS) | words.str.startswith("rail"))
        .astype("boolean")
    )
    marks: list[Mark] = [
        (
            "inferred",
            "no kind given: taken for a barrier, hard unless given",
            frame.index[nameless],
        ),
        ("inferred", "hard or soft judged by the kind", frame.index[undecided & ~nameless]),
    ]
    return frame.assign(kind=kind, hard=hard), marks


def _snap_communities(communities: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Snap the outlines of communities together; a sliver that two share goes to the lower code."""
    shapes = communities.geometry.to_numpy()
    # larger overlaps were refused before: what is left is narrow
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
    # an outline that lies wholly in an earlier one has no land left
    return communities.set_geometry(
        gpd.GeoSeries(snapped, index=communities.index, crs=communities.crs)
    )[whole], entries
