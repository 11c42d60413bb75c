"""A plan as one GeoPackage: tables as layers, the manifest, and styles that QGIS finds.

QGIS draws a layer of one kind of shape only, so tables that may hold several
(barriers, openings, places, institutions) are kept as up to three layers, such
as ``barriers_lines`` and ``barriers_areas``. The column ``fid`` is the row's
place in the table, so that a table comes back in its own order.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely

from gridplan.engine.gdal_writing import FIXED_DATE, fix_date
from gridplan.plan import ALL_TABLES, Plan
from gridplan.storage.assembly import (
    FoundFiles,
    join_texts,
    list_kept,
    refuse_damaged,
    write_manifest,
)
from gridplan.storage.companion_files import title_table
from gridplan.storage.qgis_qml import Shape
from gridplan.storage.qgis_styles import make_styles
from gridplan.tables.schema import read_schema

MANIFEST = "manifest"
CENTRES = "centres"
STYLES = "layer_styles"
_SHOWN = 120  # characters of a message of GDAL's
_GDAL_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
)
# layer metadata: rows that were multi-shapes of one part before all were made
# multi
_ONE_PART = "ONE_PART_MULTI"
_TYPES: Mapping[Shape, tuple[str, str]] = {
    "points": ("Point", "MultiPoint"),
    "lines": ("LineString", "MultiLineString"),
    "areas": ("Polygon", "MultiPolygon"),
}
# shapely's type ids, of one part and of several
_NUMBERS: Mapping[Shape, tuple[int, int]] = {"points": (0, 4), "lines": (1, 5), "areas": (3, 6)}
_SHAPES: Mapping[str, Shape] = {"point": "points", "line": "lines", "polygon": "areas"}
# the layer that keeps a mixed table without rows, where it is not that of points
_WHEN_EMPTY: Mapping[str, Shape] = {"barriers": "lines"}


def list_layers(table: str) -> dict[str, Shape | None]:
    """List the layers that a table may be kept in, with their kind of shape.

    Examples
    --------
    >>> list_layers("buildings"), list_layers("ledger")
    ({'buildings': 'areas'}, {'ledger': None})
    >>> list(list_layers("barriers"))
    ['barriers_points', 'barriers_lines', 'barriers_areas']
    """
    kinds = [column.dtype for column in read_schema()[table] if column.is_geometry]
    if not kinds:
        return {table: None}
    if kinds[0] == "any":
        return {f"{table}_{shape}": shape for shape in _TYPES}
    return {table: _SHAPES[kinds[0]]}


def write_geopackage(plan: Plan, path: Path) -> None:
    """Write all tables of a plan, its manifest and the styles of its layers into a new file.

    The file is not forced to disk on the way, which would take longer than the
    writing; the caller does that once.
    """
    written = []
    try:
        with fix_date():
            for table in list_kept(plan):
                for layer, shape, frame in _split_table(table, plan.get_table(table)):
                    _write_layer(path, layer, shape, frame, title_table(table))
                    written.append(layer)
        with closing(sqlite3.connect(path)) as database, database:
            # the caller forces the whole file to disk once, before it is put in place
            database.execute("PRAGMA synchronous = OFF")
            _add_manifest(database, plan.manifest)
            _add_centres(database)
            _add_styles(database, [*written, CENTRES])
    except (sqlite3.Error, *_GDAL_ERRORS) as error:
        # neither says that it is the disk in words that a user would know
        why = " ".join(str(error).split())[:_SHOWN]
        raise OSError(errno.EIO, f"the disk takes no more ({why})", path.name) from error


def read_geopackage(path: Path) -> FoundFiles:
    """Read the tables and the manifest that a GeoPackage holds.

    Raises
    ------
    PlanError
        If the file cannot be read as a GeoPackage.
    """
    with refuse_damaged(path, "a GeoPackage"):
        _check_pages(path)
        present = dict(pyogrio.list_layers(path))
        tables: dict[str, Any] = {}
        for table in ALL_TABLES:
            # in one layer, or divided by kind of shape
            layers = (
                [table]
                if table in present
                else [layer for layer in list_layers(table) if layer in present]
            )
            parts = [_read_layer(path, layer, present[layer]) for layer in layers]
            if parts:
                tables[table] = (
                    # fid is the row's place in the table: sorting by it joins the layers again
                    parts[0] if len(parts) == 1 else pd.concat(parts).sort_index(kind="stable")
                )
        rows = pyogrio.read_dataframe(path, layer=MANIFEST) if MANIFEST in present else None
        texts = None if rows is None else dict(zip(rows["key"], rows["value"], strict=True))
    return FoundFiles(path, tables, texts)


def _check_pages(path: Path) -> None:
    """Refuse a database with damaged pages: GDAL would read up to them, and leave out the rest."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:
        return  # such as a database that another program has open: GDAL says what is wrong
    if said != "ok":
        raise ValueError(said)


def _split_table(table: str, frame: Any) -> Iterator[tuple[str, Shape | None, Any]]:
    """Split a table into layers of one kind of shape; at least one, even if it is empty."""
    flat = frame.reset_index()
    # GeoPackage counts features from 1
    flat.insert(0, "fid", np.arange(1, len(flat) + 1))
    layers = list_layers(table)
    if len(layers) == 1:
        yield next(iter(layers)), next(iter(layers.values())), flat
        return
    usual = _WHEN_EMPTY.get(table, "points")
    numbers = shapely.get_type_id(flat.geometry.to_numpy())
    for layer, shape in layers.items():
        assert shape is not None
        # a missing shape (-1) goes to the usual layer, so that no row is lost
        here = np.isin(numbers, _NUMBERS[shape]) | ((numbers < 0) & (shape == usual))
        if here.any() or (len(flat) == 0 and shape == usual):
            yield layer, shape, flat[here]


def _write_layer(path: Path, layer: str, shape: Shape | None, frame: Any, title: str) -> None:
    options: dict[str, Any] = {
        "layer": layer,
        "driver": "GPKG",
        "use_arrow": True,
        "DESCRIPTION": title,
    }
    if shape is not None:
        shapes = frame.geometry.to_numpy()
        one, many = (shapely.get_type_id(shapes) == number for number in _NUMBERS[shape])
        kind = _TYPES[shape][int(many.any())]
        options["geometry_type"] = f"2.5D {kind}" if shapely.has_z(shapes).any() else kind
        options["GEOMETRY_NAME"] = "geometry"
        # A layer has one type, so GDAL makes single shapes multi-part; the rows that
        # were so from the start are noted, and are left so on the way back.
        if one.any() and many.any():
            whole = frame["fid"].to_numpy()[many & (shapely.get_num_geometries(shapes) == 1)]
            options["promote_to_multi"] = True
            options["layer_metadata"] = {_ONE_PART: " ".join(map(str, whole)) or "none"}
    pyogrio.write_dataframe(join_texts(frame), path, **options)


def _read_layer(path: Path, layer: str, kind: str | None) -> Any:
    """Read a layer with its fid as index, and return multi-shapes to their old type."""
    frame = pyogrio.read_dataframe(path, layer=layer, use_arrow=True, fid_as_index=True)
    multi = str(kind).removeprefix("2.5D ").startswith("Multi")
    metadata = (pyogrio.read_info(path, layer=layer)["layer_metadata"] or {}) if multi else {}
    if _ONE_PART in metadata:
        whole = [int(word) for word in metadata[_ONE_PART].split() if word.isdigit()]
        shapes = frame.geometry.to_numpy()
        # multi-shapes of one part that were single before GDAL made them multi
        made = np.isin(shapely.get_type_id(shapes), (4, 5, 6)) & (
            shapely.get_num_geometries(shapes) == 1
        )
        made &= ~frame.index.isin(whole)
        frame = frame.set_geometry(
            np.where(made, shapely.get_geometry(shapes, 0), shapes), crs=frame.crs
        )
    return frame


def _register(database: sqlite3.Connection, name: str, kind: str, title: str) -> None:
    """Enter a table into the GeoPackage's list of contents."""
    columns = "table_name, data_type, identifier, description, last_change"
    database.execute(
        f"INSERT INTO gpkg_contents ({columns}) VALUES (?, ?, ?, ?, ?)",
        (name, kind, name, title, FIXED_DATE),
    )


def _add_manifest(database: sqlite3.Connection, manifest: Mapping[str, Any]) -> None:
    database.execute(
        f"CREATE TABLE {MANIFEST} (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value TEXT NOT NULL)"
    )
    # not through GDAL, which would add columns and triggers of its own
    rows = sorted(write_manifest(manifest).items())
    database.executemany(f"INSERT INTO {MANIFEST} (key, value) VALUES (?, ?)", rows)
    _register(database, MANIFEST, "attributes", title_table(MANIFEST))


def _add_centres(database: sqlite3.Connection) -> None:
    """Add a view of the doors that are centres: a layer that follows edits of both tables."""
    columns = (
        "s.stairwell, s.building, g.community, g.subgrid, g.households, g.mean_walk, g.max_walk"
    )
    # GDAL takes OGC_FID for the number of a row of a view
    select = f"SELECT s.fid AS OGC_FID, s.geometry, {columns}"
    join = "FROM subgrids g JOIN stairwells s ON s.stairwell = g.centre"
    database.execute(f"CREATE VIEW {CENTRES} AS {select} {join}")
    _register(database, CENTRES, "features", title_table(CENTRES))
    # bounds, CRS and type of shape are those of the doors
    same = "min_x, min_y, max_x, max_y, srs_id"
    bounds = f"(SELECT {same} FROM gpkg_contents WHERE table_name = 'stairwells')"
    database.execute(f"UPDATE gpkg_contents SET ({same}) = {bounds} WHERE table_name = '{CENTRES}'")
    geometry = "column_name, geometry_type_name, srs_id, z, m"
    doors = "FROM gpkg_geometry_columns WHERE table_name = 'stairwells'"
    database.execute(f"INSERT INTO gpkg_geometry_columns SELECT '{CENTRES}', {geometry} {doors}")


def _add_styles(database: sqlite3.Connection, layers: list[str]) -> None:
    """Add the table of styles; QGIS asks for the empty catalogue and schema columns."""
    place = (
        "f_table_catalog TEXT(256), f_table_schema TEXT(256), "
        "f_table_name TEXT(256), f_geometry_column TEXT(256)"
    )
    drawn = "styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN"
    about = "description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME"
    number = "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
    database.execute(f"CREATE TABLE {STYLES} ({number}, {place}, {drawn}, {about})")
    values = "NULL, '', '', ?, 'geometry', ?, ?, '', ?, 'gridplan', '', NULL, ?"
    insert = f"INSERT INTO {STYLES} VALUES ({values})"
    for layer in layers:
        for style in make_styles(layer):
            database.execute(insert, (layer, style.name, style.qml, style.default, FIXED_DATE))
    _register(database, STYLES, "attributes", title_table(STYLES))
