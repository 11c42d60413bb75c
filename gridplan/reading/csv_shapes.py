"""Shapes of tables of text: WKT and WKB as PostGIS writes them, or columns of coordinates."""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.reading.csv_points import find_point_columns
from gridplan.tables.column_names import drop_unit, plain_name
from gridplan.tables.numbers import read_numbers

_COLUMNS = ("wkt", "wkb", "ewkt", "ewkb", "geometry", "geom", "the_geom", "wkb_geometry", "shape")
_SRID = re.compile(r"^\s*SRID=(\d+);", re.IGNORECASE)
_HEX = re.compile(r"^\s*(?:\\\\x)?([0-9a-fA-F]{18,})\s*$")
_DECIMAL_COMMA = r"\s*-?\d{1,3},\d+\s*"


def add_shapes(frame: pd.DataFrame) -> pd.DataFrame:
    """Make shapes of the columns that hold WKT, WKB or coordinates.

    What cannot be read is no shape. A number of a CRS before the WKT, or in the
    WKB, is that of all rows if they agree.

    Examples
    --------
    >>> rows = pd.DataFrame({"n": ["1"], "the_geom": ["SRID=32650;POINT (600000 4390000)"]})
    >>> add_shapes(rows).crs.to_epsg()
    32650
    """
    by_name = {drop_unit(plain_name(c)): c for c in frame.columns}
    column = next((by_name[word] for word in _COLUMNS if word in by_name), None)
    if column is not None:
        shapes = _read_texts(frame[column])
        numbers = set(shapely.get_srid(shapes[shapely.is_geometry(shapes)]).tolist()) - {0}
        crs = numbers.pop() if len(numbers) == 1 else None
        return gpd.GeoDataFrame(frame.drop(columns=column), geometry=shapes, crs=crs)
    named = find_point_columns(list(frame.columns))
    if named is None:
        return frame
    columns = list(named[:2])
    # text with digits of any width, as in every other column
    places = frame[columns].apply(_read_coordinates).to_numpy(float)
    # a row without both numbers has no shape, and is reported later
    known = np.isfinite(places).all(axis=1)
    # shapely makes a point even of missing numbers: those rows get zeros, then none
    shapes = np.where(known, shapely.points(np.where(known[:, None], places, 0.0)), None)
    return gpd.GeoDataFrame(frame.drop(columns=columns), geometry=shapes)


def _read_texts(texts: pd.Series[Any]) -> Any:
    """Read WKT or WKB in hexadecimal digits, with or without the number of a CRS."""
    # shapely takes None for a missing text, but not pandas' own missing value
    plain = texts.astype(object).where(texts.notna(), None)
    if len(known := plain.dropna()) and all(_HEX.match(str(text)) for text in known):
        digits = plain.map(lambda text: text and _HEX.sub(r"\1", str(text)), na_action="ignore")
        return shapely.from_wkb(digits.to_numpy(), on_invalid="ignore")
    srid = plain.map(_read_srid)
    bare = plain.map(lambda text: _SRID.sub("", text) if isinstance(text, str) else None)
    shapes = shapely.from_wkt(bare.to_numpy(), on_invalid="ignore")
    return shapely.set_srid(shapes, srid.to_numpy(np.int32))


def _read_srid(text: Any) -> int:
    match = _SRID.match(text) if isinstance(text, str) else None
    return int(match[1]) if match else 0


def _read_coordinates(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Read a column of coordinates, which some write with a comma for the point."""
    known = texts.dropna().astype("str")
    if len(known) and known.str.fullmatch(_DECIMAL_COMMA).all():
        texts = texts.str.replace(",", ".", regex=False)
    return read_numbers(texts)
