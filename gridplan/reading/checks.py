"""The inspection of tables as they were read: all that is wrong, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridplan.arrays import Bools
from gridplan.errors import InputError, Problem
from gridplan.geometry.repair import GRID, SMALLEST, project_shapes, repair_shapes
from gridplan.reading.positions import check_position, name_rows
from gridplan.reading.tangled_shapes import (
    LONGEST_BUILDING,
    MOST_CORNERS,
    MOST_CORNERS_OF_BUILDING,
    find_longest,
    find_tangled,
)
from gridplan.rules.site import SiteRules
from gridplan.site import SITE_TABLES, Reading
from gridplan.tables.codes import find_inexact
from gridplan.tables.conform import check_values, needs_shapes
from gridplan.tables.personal import find_personal_columns
from gridplan.tables.schema import GEOMETRY_TYPES, find_columns, find_key

CODE_COLUMNS = ("of", "community", "subdistrict", "zone")  # codes beside the key of a table
INPUT_TABLES = SITE_TABLES[:-1]  # all but the ledger
# Rules without which no table can be placed on the ground, so that nothing more
# can be checked.
FATAL = frozenset({"shapes", "CRS is known", "position", "not empty", "tables"})


def check_table(table: str, reading: Reading, frame: Any) -> Iterator[Problem]:
    """Find all that is wrong in one table without changing it."""
    file = reading.files.get(table, "")
    if table not in INPUT_TABLES:
        yield Problem(
            table,
            "tables",
            "there is no such table",
            f"use one of {', '.join(INPUT_TABLES)}",
            file=file,
        )
        return
    raw = reading.tables[table]
    # the schema's own columns are counts and codes; only the rest can be personal
    foreign = raw[[c for c in raw.columns if c not in {s.name for s in find_columns(table)}]]
    for column, reason in find_personal_columns(table, pd.DataFrame(foreign)).items():
        remedy = "take the column out of the file; gridplan works on counts, never on persons"
        yield Problem(
            table, "no personal data", f"column {column} is refused: {reason}", remedy, file=file
        )
    if not len(frame):
        return
    names = [n for n in dict.fromkeys((find_key(table), *CODE_COLUMNS)) if n in raw.columns]
    yield from check_codes(table, pd.DataFrame(raw[names]), file)
    yield from check_values(table, frame, file)
    if needs_shapes(table) or isinstance(frame, gpd.GeoDataFrame):
        yield from _check_shapes(table, frame, file)


def check_codes(table: str, codes: pd.DataFrame, file: str = "") -> Iterator[Problem]:
    """Find columns of codes whose last digits are lost, since they were read as numbers.

    Examples
    --------
    >>> houses = pd.DataFrame({"building": [1.3e19]})
    >>> [problem.message for problem in check_codes("buildings", houses)]
    ['building has lost its last digits in 1 row, such as 1.3e+19']
    """
    for name in codes.columns:
        lost = find_inexact(codes[name]).to_numpy(bool)
        if lost.any():
            rows = f"{int(lost.sum())} row{'s' if lost.sum() > 1 else ''}"
            example = codes[name][lost].iloc[0]
            message = f"{name} has lost its last digits in {rows}, such as {example}"
            remedy = (
                "keep codes as text: format the column as text before you save the file, "
                f'or read it as text, such as pd.read_csv(file, dtype={{"{name}": str}})'
            )
            yield Problem(table, "codes are exact", message, remedy, file=file)


def find_crs(crs: Any) -> CRS | None:
    """Find the CRS that a user's word means; None for None.

    Raises
    ------
    InputError
        If there is no such CRS.

    Examples
    --------
    >>> find_crs("EPSG:4548").name
    'CGCS2000 / 3-degree Gauss-Kruger CM 117E'
    """
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        remedy = "give a code such as EPSG:4547, or WKT"
        raise InputError(
            [Problem("crs", "the CRS is known", f"there is no CRS {crs!r}", remedy)]
        ) from None


def _check_shapes(table: str, frame: Any, file: str) -> Iterator[Problem]:
    """Find shapes of the wrong kind, and coordinates that cannot be where they say."""
    if not isinstance(frame, gpd.GeoDataFrame):
        yield Problem(table, "shapes", "it has no shapes", "give a file with shapes", file=file)
        return
    dtype = find_columns(table)[-1].dtype
    # collections are unpacked later; a building may come as a point, and gets a square
    allowed = (
        GEOMETRY_TYPES[dtype]
        | {"GeometryCollection"}
        | ({"Point"} if table == "buildings" else set())
    )
    kinds = frame.geom_type
    wrong = kinds.notna() & ~kinds.isin(allowed)
    if wrong.any():
        wrong_kinds = ", ".join(sorted(kinds[wrong].unique()))
        message = f"{wrong.sum()} of its {len(frame)} shapes are {wrong_kinds}"
        remedy = f"give {'shapes' if dtype == 'any' else dtype + 's'}, each on a row of its own"
        yield Problem(table, "shapes", message, remedy, name_rows(table, frame, wrong), file)
    for rows, fault, remedy in _find_endless(table, frame):
        if rows.any():
            message = f"the outline of {int(rows.sum())} of its rows {fault}"
            yield Problem(table, "shapes", message, remedy, name_rows(table, frame, rows), file)
    if frame.crs is None:
        remedy = (
            'say which it is, such as crs="EPSG:4547" (--crs EPSG:4547), '
            "or declare the datum of degrees (--datum wgs84)"
        )
        yield Problem(
            table,
            "CRS is known",
            "it does not say its coordinate reference system",
            remedy,
            file=file,
        )
        return
    yield from check_position(table, frame, file)


def _find_endless(table: str, frame: gpd.GeoDataFrame) -> Iterator[tuple[Bools, str, str]]:
    """Find the shapes on which work would not end: rows, what is wrong with them, and a remedy."""
    most = MOST_CORNERS_OF_BUILDING if table == "buildings" else MOST_CORNERS
    long, tangled = find_tangled(frame.geometry.to_numpy(), most)
    simplify = "simplify them, in QGIS by Vector > Geometry Tools > Simplify, or take the rows out"
    yield long, f"has more than {most:,} corners", simplify
    redraw = "draw them again, or take the rows out; no repair would end"
    yield tangled, "crosses itself all over", redraw
    if table == "buildings":
        correct = "correct their corners, or take the rows out"
        yield find_longest(frame), f"is longer than {LONGEST_BUILDING:,.0f} m", correct


def check_overlaps(
    table: str, outlines: gpd.GeoDataFrame, target: CRS, rules: SiteRules
) -> list[Problem]:
    """Find communities or zones that overlap by more than slivers, measured in ``target``."""
    shapes, _ = repair_shapes(project_shapes(outlines.geometry, target, 2, bend=True))
    pairs = measure_overlaps(shapes)
    wrong = pairs[(pairs["area"] > rules.overlap_area) & (pairs["share"] > rules.overlap_share)]
    if wrong.empty:
        return []
    worst = wrong["area"].max()
    noun = f"pair of {table} overlaps" if len(wrong) == 1 else f"pairs of {table} overlap"
    rows = sorted({*wrong["first"], *wrong["second"]})
    message = f"{len(wrong)} {noun}, by up to {worst:,.0f} m2"
    remedy = f"correct the outlines so that each place lies in one {find_key(table)}"
    named = name_rows(table, outlines, np.isin(np.arange(len(outlines)), rows))
    return [Problem(table, f"{table} do not overlap", message, remedy, named)]


def measure_overlaps(shapes: Any) -> pd.DataFrame:
    """Measure the area (m2) that pairs of shapes share, and its share of the smaller one.

    What is thinner than the grid is left out.
    """
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    # each pair once, and no shape with itself
    once = first < second
    first = first[once]
    second = second[once]
    common = shapely.intersection(shapes[first], shapes[second])
    area = shapely.area(common)
    smaller = np.minimum(shapely.area(shapes[first]), shapely.area(shapes[second]))
    pairs = pd.DataFrame(
        {
            "first": first,
            "second": second,
            "area": area,
            "share": area / np.maximum(smaller, SMALLEST),
        }
    )
    # 2 A / P is the width of a sliver; snapping to the grid makes thinner ones
    return pairs[(area > SMALLEST) & (2 * area > GRID * shapely.length(common))]
