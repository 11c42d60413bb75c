"""Vector files of any kind, read as the tables of a site: GeoPackage, GeoParquet, shapefile, GeoJSON, FlatGeobuf, CSV.

Reading changes no row. Columns get the schema's names, those that gridplan has
no use for are left out by name, and columns on named persons are refused.
Whether shapes and values are right is judged later, for all tables at once, by
:func:`gridplan.reading.site_tables.make_site`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.reading.checks import INPUT_TABLES, find_crs
from gridplan.reading.encoding import decode_text, find_shapefile_encoding, read_sidecars
from gridplan.site import Reading
from gridplan.tables.conform import is_spatial
from gridplan.tables.ledger import Entry
from gridplan.tables.schema import find_columns, find_personal_columns, match_columns

GDAL_SUFFIXES = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".gdb")
VECTOR_SUFFIXES = (*GDAL_SUFFIXES, ".zip", ".parquet", ".geoparquet", ".csv", ".tsv")
REPEATED_TABLES = (
    "barriers",
)  # these may come as several files, so a mapped column need not be in each

_WKT_COLUMNS = ("wkt", "geometry", "geom", "the_geom")
_POINT_COLUMNS = (
    ("lon", "lat"),
    ("lng", "lat"),
    ("longitude", "latitude"),
    ("经度", "纬度"),
    ("x", "y"),
)


@dataclass(frozen=True)
class Layer:
    """One table as its file has it, and what the reader of the file complained about."""

    table: str
    frame: Any
    notes: tuple[str, ...] = ()


def read_tables(
    path: str | Path,
    table: str | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    crs: Any = None,
    encoding: str | None = None,
) -> Reading:
    """Read a vector file as one table of a site, or a file of several layers as all the tables that its layers are named after.

    Parameters
    ----------
    path
        A file of one of the kinds in ``VECTOR_SUFFIXES``; a ``.zip`` holds
        shapefiles or others that GDAL reads.
    table
        Which table to read it as. Without it, layers named after site tables
        are those tables; a single layer is the table that the file is named
        after, else ``buildings``.
    mapping
        The user's words for columns: ``{"buildings.floors":
        "number_of_floors"}``, or bare ``floors`` for buildings.
    crs
        CRS of shapes that come without one.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8.

    Raises
    ------
    InputError
        If the file is missing, of an unknown kind, unreadable, or does not say
        its encoding or CRS; all problems at once.
    PersonalDataError
        If columns look like data on named persons.
    """
    path = Path(path)
    layers = open_layers(path, table, encoding)
    reading = gather_readings(
        [
            partial(take_table, y.frame, y.table, mapping=mapping, crs=crs, file=path.name)
            for y in layers
        ],
    )
    notes = [
        Entry("read", y.table, "noted", len(y.notes), f"{path.name}: {'; '.join(y.notes)}")
        for y in layers
        if y.notes
    ]
    return replace(
        reading, files=dict.fromkeys(reading.tables, str(path)), entries=(*reading.entries, *notes)
    )


def take_table(
    frame: Any,
    table: str,
    *,
    mapping: Mapping[str, str] | None = None,
    crs: Any = None,
    file: str = "",
) -> Reading:
    """Take a (Geo)DataFrame with any columns as one table of a site; the parameters are those of :func:`read_tables`.

    Raises
    ------
    InputError
        If it has no shapes where the table needs them, no CRS, or lacks a
        mapped column.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> houses = gpd.GeoDataFrame({"楼号": ["7"], "colour": ["red"]}, geometry=gpd.points_from_xy([118.18], [39.63]), crs=4326)
    >>> reading = take_table(houses, "buildings")
    >>> list(reading.tables["buildings"].columns), reading.entries[0].reason, reading.entries[0].ids
    (['building', 'geometry'], 'columns without use', ('colour',))
    """
    crs = find_crs(crs)
    words, problems = _find_words(mapping or {}, table)
    flat = _flatten(frame)
    geometry = (
        flat.geometry.name
        if isinstance(flat, gpd.GeoDataFrame) and flat._geometry_column_name in flat.columns
        else None
    )
    columns = {str(c).lower(): str(c) for c in flat.columns if c != geometry}
    for own, theirs in words.items():
        if theirs.lower() not in columns and table not in REPEATED_TABLES:
            message = f"it has no column {theirs}, which is mapped to {own}"
            remedy = f"name one of its columns: {', '.join(columns.values())}"
            problems.append(Problem(table, "mapped columns exist", message, remedy, file=file))
    personal = _check_personal(
        flat.drop(columns=[geometry] if geometry else []), table, words, columns, file
    )
    if is_spatial(table):
        problems += _check_shapes(flat if geometry else None, table, crs, file)
    if personal or problems:
        raise (PersonalDataError if personal else InputError)([*personal, *problems])
    matched = match_columns(table, columns.values(), words)
    out = pd.DataFrame({own: flat[theirs] for theirs, own in matched.items()}, index=flat.index)
    if geometry and is_spatial(table):
        out = gpd.GeoDataFrame(
            out, geometry=flat.geometry.array, crs=flat.crs if flat.crs is not None else crs
        )
    unused = tuple(c for c in columns.values() if c not in matched)
    entries = (
        (
            Entry(
                "read", table, "noted", len(unused), _add_file("columns without use", file), unused
            ),
        )
        if unused
        else ()
    )
    return Reading({table: out}, {table: file} if file else {}, entries)


def gather_readings(readers: Iterable[Callable[[], Reading]]) -> Reading:
    """Call readers one by one and join what they read; all problems of all of them are raised as one error.

    A table that comes from several readers is put end to end, in the CRS of
    the first.
    """
    readings: list[Reading] = []
    problems: dict[Problem, None] = {}
    personal = False
    for read in readers:
        try:
            readings.append(read())
        except InputError as error:
            personal |= isinstance(error, PersonalDataError)
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise (PersonalDataError if personal else InputError)(list(problems))
    tables: dict[str, Any] = {}
    files: dict[str, str] = {}
    for reading in readings:
        for table, frame in reading.tables.items():
            tables[table] = _append(tables[table], frame) if table in tables else frame
        files |= {
            t: f"{files[t]}, {name}" if t in files else name for t, name in reading.files.items()
        }
    return Reading(tables, files, tuple(entry for reading in readings for entry in reading.entries))


def _append(first: Any, second: Any) -> Any:
    if isinstance(first, gpd.GeoDataFrame) and first.crs is not None and second.crs != first.crs:
        second = second.to_crs(first.crs)
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first


def _add_file(text: str, file: str) -> str:
    return f"{text} in {file}" if file else text


def _flatten(frame: Any) -> Any:
    """Turn named index levels into columns, and number the rows."""
    names = [n for n in frame.index.names if n is not None and n not in frame.columns]
    out = frame.reset_index(level=names) if names else frame
    return out.reset_index(drop=True)


def _find_words(mapping: Mapping[str, str], table: str) -> tuple[dict[str, str], list[Problem]]:
    """Find the user's words for the columns of a table; words for columns that no table has are problems."""
    words = {}
    problems = []
    for name, theirs in mapping.items():
        of, _, own = name.rpartition(".")
        of = of or "buildings"
        columns = (
            [c.name for c in find_columns(of) if not c.is_geometry and c.need != "derived"]
            if of in INPUT_TABLES
            else []
        )
        if own not in columns:
            remedy = (
                f"map one of {', '.join(columns)}"
                if columns
                else f"map a column of {', '.join(INPUT_TABLES)}"
            )
            problems.append(
                Problem("mapping", "columns are known", f"there is no column {name} to map", remedy)
            )
        elif of == table:
            words[own] = theirs
    return words, problems


def _check_personal(
    frame: Any, table: str, words: Mapping[str, str], columns: Mapping[str, str], file: str
) -> list[Problem]:
    """List the columns that look personal; not those that the user has declared to be something else."""
    mapped = [columns[w.lower()] for w in words.values() if w.lower() in columns]
    problems = []
    for column, reason in find_personal_columns(table, frame, mapped).items():
        remedy = "take the column out of the file; gridplan works on counts, never on persons"
        if table == "buildings" and column.lower() == "name":
            remedy = f"if it names houses, not people, say so: --column buildings.building_name={column}; else take it out of the file"
        problems.append(
            Problem(
                table,
                "no personal data",
                f"column {column} is refused: {reason}",
                remedy,
                file=file,
            )
        )
    return problems


def _check_shapes(frame: Any, table: str, crs: Any, file: str) -> list[Problem]:
    """Check that a table has shapes and that it is known where they lie."""
    if frame is None:
        remedy = "give a file with shapes, or a CSV with columns lon and lat, x and y, or wkt"
        return [Problem(table, "shapes", "it has no shapes", remedy, file=file)]
    if frame.crs is not None or crs is not None or not len(frame):
        return []
    bounds = frame.total_bounds
    if np.all(np.abs(bounds) <= (180, 90, 180, 90)):
        remedy = 'declare the datum of its degrees: datum="wgs84" (--datum wgs84), "gcj02" or "bd09"; or crs="EPSG:4326"'
    else:
        remedy = 'say which it is, such as crs="EPSG:4547" (--crs EPSG:4547)'
    return [
        Problem(
            table,
            "CRS is known",
            "it does not say its coordinate reference system",
            remedy,
            file=file,
        )
    ]


def open_layers(path: Path, table: str | None, encoding: str | None) -> list[Layer]:
    """Read the layers of a file, and turn whatever its reader raises into a problem."""
    if not path.exists():
        problem = Problem(
            table or "file",
            "the file exists",
            "there is no such file",
            "check the path",
            file=str(path),
        )
        raise InputError([problem])
    suffix = path.suffix.lower()
    if suffix not in VECTOR_SUFFIXES:
        message = f"its kind {suffix or '(none)'} is not known"
        remedy = f"save it as GeoPackage, or as one of {', '.join(VECTOR_SUFFIXES)}"
        raise InputError(
            [Problem(table or "file", "kinds of file", message, remedy, file=path.name)]
        )
    try:
        if suffix in {".csv", ".tsv"}:
            return [_read_csv(path, _name_table(path.stem, table), encoding)]
        if suffix in {".parquet", ".geoparquet"}:
            return [Layer(name := _name_table(path.stem, table), _read_parquet(path, name))]
        return (
            _read_archive(path, table, encoding)
            if suffix == ".zip"
            else _read_gdal(path, "", table, encoding)
        )
    except (InputError, MemoryError):
        raise
    except (
        Exception
    ) as error:  # GDAL, Arrow and GEOS each have errors of their own, and here all mean the same
        text = " ".join(str(error).replace(str(path), path.name).split()) or type(error).__name__
        remedy = "check that it opens in QGIS, and save it again as GeoPackage"
        raise InputError(
            [
                Problem(
                    table or "file", "readable", f"cannot be read ({text})", remedy, file=path.name
                )
            ]
        ) from error


def _name_table(stem: str, table: str | None) -> str:
    return table or (stem if stem in INPUT_TABLES else "buildings")


def _read_parquet(path: Path, table: str) -> Any:
    return gpd.read_parquet(path) if is_spatial(table) else pd.read_parquet(path)


def _read_gdal(path: Path, member: str, table: str | None, encoding: str | None) -> list[Layer]:
    """Read a file, or the member of a zip archive, through GDAL."""
    import pyogrio

    source = f"/vsizip/{path.as_posix()}/{member}" if member else path.as_posix()
    name = Path(member or path).name
    says = None
    if name.lower().endswith(".shp"):
        says = find_shapefile_encoding(read_sidecars(path, member), name, encoding)
    layers = [str(layer) for layer, _ in pyogrio.list_layers(source) if layer != "layer_styles"]
    read = []
    for layer, own in _choose_tables(layers, table, Path(name).stem, path.name).items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # A shape that GEOS cannot build is read as none, and counted when
            # the site is put in order.
            frame = pyogrio.read_dataframe(source, layer=layer, encoding=says, on_invalid="ignore")
        read.append(Layer(own, frame, tuple(dict.fromkeys(str(w.message) for w in caught))))
    return read


def _read_archive(path: Path, table: str | None, encoding: str | None) -> list[Layer]:
    """Read the one vector file of a zip archive, or those of its files that are named after tables."""
    with ZipFile(path) as archive:
        names = [
            n
            for n in archive.namelist()
            if n.lower().endswith(GDAL_SUFFIXES[:-1]) and not n.startswith("__MACOSX")
        ]
    if len(names) == 1:
        return _read_gdal(path, names[0], table, encoding)
    chosen = _choose_tables([Path(n).stem for n in names], table, path.stem, path.name)
    return [
        y
        for n in names
        if Path(n).stem in chosen
        for y in _read_gdal(path, n, chosen[Path(n).stem], encoding)
    ]


def _choose_tables(layers: list[str], table: str | None, stem: str, file: str) -> dict[str, str]:
    """Choose which layers to read, and as which tables: a single one whatever its name, else those named after tables."""
    wanted = INPUT_TABLES if table is None else (table,)
    named = {layer: layer for layer in layers if layer in wanted}
    if named:
        return named
    if len(layers) == 1:
        return {layers[0]: _name_table(stem, table)}
    message = (
        f"none of its {len(layers)} layers is named {table or 'after a table'}: {', '.join(layers)}"
    )
    remedy = f"rename the layers after the tables they are ({', '.join(wanted)}), or save the one you mean to a file of its own"
    raise InputError([Problem(table or "file", "layers", message, remedy, file=file)])


def _read_csv(path: Path, table: str, encoding: str | None) -> Layer:
    """Read a CSV file: all of it as text, so that the code 0301 stays one, with shapes from coordinates or WKT."""
    text = decode_text(path.read_bytes(), path.name, encoding)
    head = text[: text.find("\n")]
    separator = max("\t,;", key=head.count)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # index_col=False: a separator at the end of each line must not turn
        # the first column into an index.
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, dtype="str", index_col=False, skipinitialspace=True
        )
    frame.columns = frame.columns.str.strip()
    notes = tuple(dict.fromkeys(" ".join(str(w.message).split()) for w in caught))
    return Layer(table, _add_shapes(frame) if is_spatial(table) else frame, notes)


def _add_shapes(frame: pd.DataFrame) -> pd.DataFrame:
    """Make shapes of the columns that hold WKT or coordinates; what cannot be read is no shape."""
    given = {c.lower(): c for c in frame.columns}
    for word in _WKT_COLUMNS:
        if word in given:
            texts = frame[given[word]].astype(object)
            shapes = shapely.from_wkt(
                texts.where(texts.notna(), None).to_numpy(), on_invalid="ignore"
            )
            return gpd.GeoDataFrame(frame.drop(columns=given[word]), geometry=shapes)
    for words in _POINT_COLUMNS:
        if all(word in given for word in words):
            columns = [given[word] for word in words]
            places = frame[columns].apply(pd.to_numeric, errors="coerce").to_numpy()
            known = np.isfinite(places).all(axis=1)
            shapes = np.where(known, shapely.points(np.where(known[:, None], places, 0.0)), None)
            return gpd.GeoDataFrame(frame.drop(columns=columns), geometry=shapes)
    return frame
