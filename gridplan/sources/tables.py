"""Vector files of any kind, read as the tables of a site: GeoPackage, GeoParquet, shapefile, GeoJSON, FlatGeobuf, CSV.

Reading changes no row. Columns get the schema's names, those that gridplan has no use for are left out by name, and
columns on named persons are refused before anything else is looked at. Whether shapes and values are right is judged
later, for all tables at once, by :func:`gridplan.survey.make_site`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import geopandas as gpd
import pandas as pd
import shapely

from gridplan.conform import Entry, is_spatial
from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.schema import find_columns, find_personal_columns, match_columns
from gridplan.site import SITE_TABLES, Reading
from gridplan.sources.encoding import decode_text, find_shapefile_encoding, read_sidecars

GDAL_SUFFIXES = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".gdb")
VECTOR_SUFFIXES = (*GDAL_SUFFIXES, ".zip", ".parquet", ".geoparquet", ".csv", ".tsv")
INPUT_TABLES = tuple(table for table in SITE_TABLES if table != "ledger")
REPEATED_TABLES = ("barriers",)  # may come as several files, so a mapped column need not be in each

_WKT_COLUMNS = ("wkt", "geometry", "geom", "the_geom")
_DEGREE_COLUMNS = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"), ("经度", "纬度"))
_PLANE_COLUMNS = (("x", "y"), ("easting", "northing"))


@dataclass(frozen=True)
class _Layer:
    """One table as its file has it, and what the reader of the file complained about."""

    table: str
    frame: Any
    notes: tuple[str, ...] = ()


def read_tables(
    path: str | Path, table: str | None = None, *, mapping: Mapping[str, str] | None = None, encoding: str | None = None
) -> Reading:
    """Read a vector file as one table of a site, or a file of several layers as all the tables that its layers are named after.

    Parameters
    ----------
    path
        A file of one of the kinds in ``VECTOR_SUFFIXES``; a ``.zip`` holds one of them.
    table
        Which table to read it as. Without it, layers named after site tables are those tables, and a
        single layer of another name is ``buildings``.
    mapping
        The user's words for columns: ``{"buildings.floors": "number_of_floors"}``, or bare ``floors`` for buildings.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8.

    Raises
    ------
    InputError
        If the file is missing, of an unknown kind, unreadable, or of unknown encoding; all problems of the file at once.
    PersonalDataError
        If columns look like data on named persons.
    """
    path = Path(path)
    _check_path(path)
    try:
        layers = _read_layers(path, table, encoding)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # GDAL, Arrow and GEOS each have their own errors, and all mean the same here
        text = " ".join(str(error).split()) or type(error).__name__
        remedy = "check that it opens in QGIS, and save it anew as GeoPackage"
        raise InputError([Problem(table or "file", "readable", f"cannot be read ({text})", remedy, file=path.name)]) from error
    readings = [take_table(layer.frame, layer.table, mapping=mapping, file=path.name) for layer in layers]
    noted = [Entry("read", y.table, "noted", len(y.notes), f"{path.name}: {'; '.join(y.notes)}") for y in layers if y.notes]
    reading = join_readings(readings)
    return replace(reading, files=dict.fromkeys(reading.tables, str(path)), entries=(*reading.entries, *noted))
