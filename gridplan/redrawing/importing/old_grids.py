"""Old grids: a layer of outlines put in order as far as that needs no decision, repairs counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Objects, Shapes
from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.geometry.overlay import measure_common
from gridplan.geometry.repair import CREVICE, SMALLEST, project_shapes, repair_shapes
from gridplan.reading.checks import check_codes
from gridplan.reading.vector_files import check_frame
from gridplan.tables.conform import read_texts
from gridplan.tables.ledger import Entry
from gridplan.tables.personal import find_personal_columns

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyproj import CRS

STEP = "import"
# Columns that hold the code of a grid, the likeliest first; what is written in
# one of them is never looked at otherwise.
CODE_WORDS = (
    *(
        "subgrid",
        "子网格编码",
        "微网格编码",
        "子网格",
        "微网格",
        "grid",
        "网格编码",
        "网格编号",
        "网格",
        "subgrid_id",
        "subgrid_code",
    ),
    *(
        "grid_id",
        "grid_code",
        "gridcode",
        "gridid",
        "code",
        "编码",
        "编号",
        "网格代码",
        "代码",
        "id",
    ),
)


@dataclass(frozen=True, eq=False)
class OldGrids:
    """Outlines and codes of old grids, sorted by both, and what was repaired.

    A code is empty where there is none.
    """

    codes: Objects
    shapes: Shapes
    entries: tuple[Entry, ...]


def find_code_column(
    columns: Collection[str], wanted: str | None = None, table: str = "grids"
) -> str:
    """Find the column that holds the codes of grids: the one named, else the likeliest by its name.

    Raises
    ------
    InputError
        If there is no such column.

    Examples
    --------
    >>> find_code_column(["fid", "网格编码", "area"]), find_code_column(["fid", "WG"], "wg")
    ('网格编码', 'WG')
    """
    lower = {str(column).strip().lower(): str(column) for column in columns}
    words = CODE_WORDS if wanted is None else (wanted.strip().lower(),)
    code_column = next((lower[word] for word in words if word in lower), None)
    if code_column is None:
        message = (
            "it is not clear which column holds the codes"
            if wanted is None
            else f"it has no column {wanted}"
        )
        remedy = (
            f"name one of its columns: --code {' or '.join(map(str, columns)) or '(it has none)'}"
        )
        raise InputError([Problem(table, "codes", message, remedy)])
    return code_column


def refuse_personal(table: str, frame: pd.DataFrame, mapped: Collection[str] = ()) -> None:
    """Refuse a table with columns that look like data on named persons.

    Raises
    ------
    PersonalDataError
        With every such column.
    """
    remedy = "take the column out of the file; gridplan works on counts, never on persons"
    problems = [
        Problem(table, "no personal data", f"column {column} is refused: {reason}", remedy)
        for column, reason in find_personal_columns(table, frame, mapped).items()
    ]
    if problems:
        raise PersonalDataError(problems)


def clean_grids(
    layer: gpd.GeoDataFrame, target: CRS, column: str | None = None, table: str = "grids"
) -> OldGrids:
    """Put a layer of grids in order, and count its faults.

    Codes become text, and shapes valid polygons in the CRS ``target``.

    Rows without an area are dropped. Overlaps are only counted here: what lies
    in two grids is given by the homes on it.

    Parameters
    ----------
    layer
        Polygons with a column of codes, in any CRS that is known.
    target
        The CRS in metres of the land.
    column
        The column of codes, found by its name if not given.
    table
        What the layer is called in messages.

    Raises
    ------
    InputError
        If no column of codes is found, or the CRS is not known.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> bow = shapely.from_wkt("POLYGON ((0 0, 20 20, 20 0, 0 20, 0 0))")
    >>> shapes = [bow, shapely.box(15, 0, 40, 20)]
    >>> layer = gpd.GeoDataFrame({"code": [7.0, 8.0]}, geometry=shapes, crs="EPSG:32650")
    >>> grids = clean_grids(layer, layer.crs)
    >>> grids.codes.tolist()
    ['7', '8']
    >>> [(entry.count, entry.action) for entry in grids.entries if entry.count]
    [(1, 'repaired'), (1, 'noted')]
    """
    layer = check_frame(layer, table)
    flat = pd.DataFrame(layer.drop(columns=layer.geometry.name))
    refuse_personal("subgrids", flat, [column] if column else [])
    column = find_code_column(list(flat.columns), column, table)
    if layer.crs is None and len(layer):
        remedy = (
            "say which it is, such as --crs EPSG:4547, or set it in QGIS and save the layer again"
        )
        raise InputError(
            [
                Problem(
                    table, "CRS is known", "it does not say its coordinate reference system", remedy
                )
            ]
        )
    refuse_inexact(flat[[column]], table)
    codes = clean_codes(flat[column])
    shapes = project_shapes(layer.geometry, target, 2) if len(layer) else np.array([], object)
    flat_area = shapely.get_dimensions(shapes) == 2
    # Lines and points hold no land: they are dropped with what has no area.
    shapes[~flat_area] = None
    shapes, repaired = repair_shapes(shapes)
    whole = ~shapely.is_missing(shapes) & (shapely.area(shapes) > SMALLEST)
    entries = [
        Entry(
            STEP,
            "subgrids",
            "repaired",
            int((repaired & whole).sum()),
            "outline was not valid",
            list(codes[repaired & whole]),
        ),
        Entry(
            STEP,
            "subgrids",
            "dropped",
            int((~whole).sum()),
            "grid without an area",
            list(codes[~whole]),
        ),
    ]
    codes = codes.to_numpy(object)[whole]
    shapes = shapes[whole]
    middle = shapely.centroid(shapes)
    # Sorted by what the grids are, so that the order of the rows in the file
    # decides nothing.
    order = np.lexsort(
        (shapely.area(shapes), shapely.get_y(middle), shapely.get_x(middle), codes.astype(str))
    )
    codes = codes[order]
    shapes = shapes[order]
    return OldGrids(
        codes, shapes, (*entries, *_count_codes(codes), *_count_overlaps(codes, shapes))
    )


def clean_codes(values: Any) -> pd.Series[str]:
    """Clean codes: text without spaces round it.

    Whole numbers lose the ``.0`` that a program gave them.

    Examples
    --------
    >>> clean_codes(pd.Series([" 0301-007 ", None, "x"])).tolist()
    ['0301-007', '', 'x']
    >>> clean_codes(pd.Series([7.0, None])).tolist()
    ['7', '']
    """
    return read_texts(values).str.strip()


def refuse_inexact(codes: pd.DataFrame, table: str) -> None:
    """Refuse codes that have lost their last digits, which would join grids of different codes."""
    problems = list(check_codes(table, codes))
    if problems:
        raise InputError(problems)


def _count_codes(codes: Objects) -> list[Entry]:
    """Count grids without a code, and codes of several rows."""
    several = pd.Series(codes[codes != ""]).value_counts()
    twice = sorted(several.index[several > 1])
    return [
        Entry(
            STEP,
            "subgrids",
            "inferred",
            int((codes == "").sum()),
            "grid without a code: given the next free one",
        ),
        Entry(
            STEP,
            "subgrids",
            "noted",
            len(twice),
            "code of several outlines: one grid in each community",
            twice,
        ),
    ]


def _count_overlaps(codes: Objects, shapes: Shapes) -> list[Entry]:
    """Count the pairs of grids that overlap, slivers and others."""
    pairs = measure_common(shapes, shapes)
    pairs = pairs[
        # Each pair comes twice, and each outline with itself; outlines of one
        # code are one grid.
        (pairs["first"] < pairs["second"]) & (codes[pairs["first"]] != codes[pairs["second"]])
    ]
    # A strip of the width w and the length l has the area w l; its length is
    # at most the shorter circumference.
    around = np.minimum(
        shapely.length(shapes[pairs["first"]]), shapely.length(shapes[pairs["second"]])
    )
    narrow = (pairs["common"] <= CREVICE * around).to_numpy()
    entries = []
    for mask, what in (
        (narrow, "slivers that two grids share"),
        (~narrow, "overlaps of two grids"),
    ):
        overlaps = pairs[mask]
        ids = sorted({*codes[overlaps["first"]], *codes[overlaps["second"]]} - {""})
        reason = (
            f"{what}, {overlaps['common'].sum():.1f} m2: homes on them go to the grid "
            "that holds more of them, else to the smaller"
        )
        entries.append(Entry(STEP, "subgrids", "noted", len(overlaps), reason, ids))
    return entries


def measure_gaps(shapes: Shapes, communities: gpd.GeoDataFrame) -> list[Entry]:
    """Measure the land of communities that no grid covers.

    How many pieces wider than a crevice, and how much.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 100, 50)]
    >>> land = gpd.GeoDataFrame(index=["0301"], geometry=shapes, crs="EPSG:32650")
    >>> measure_gaps(np.array([shapely.box(0, 0, 60, 50)]), land)[0].reason
    'pieces of land in no grid, 2000 m2 of 5000 m2'
    """
    outlines = communities.sort_index().geometry.to_numpy()
    bare = shapely.difference(outlines, shapely.union_all(shapes)) if len(shapes) else outlines
    pieces, owner = shapely.get_parts(bare, return_index=True)
    # Twice the area over the circumference is about the width of a strip.
    wide = 2 * shapely.area(pieces) > CREVICE * shapely.length(pieces)
    ids = list(communities.sort_index().index[np.unique(owner[wide])])
    bare_land = shapely.area(pieces[wide]).sum()
    all_land = shapely.area(outlines).sum()
    reason = f"pieces of land in no grid, {bare_land:.0f} m2 of {all_land:.0f} m2"
    return [Entry(STEP, "communities", "noted", int(wide.sum()), reason, ids)]
