"""Layers of vector files, read through GDAL, Arrow or as text, before anything is matched."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import shapely

from gridplan.errors import InputError, MissingPackageError, Problem
from gridplan.reading.checks import INPUT_TABLES
from gridplan.reading.csv_points import find_datum, find_point_columns
from gridplan.reading.csv_shapes import add_shapes
from gridplan.reading.encoding import decode_text, find_shapefile_encoding, read_sidecars
from gridplan.reading.file_kinds import check_kind
from gridplan.reading.layer_names import LayerRole, choose_roles
from gridplan.reading.markup_files import MARKUP_SUFFIXES, read_markup
from gridplan.reading.workbooks import make_frame, open_pages
from gridplan.tables.conform import is_spatial, needs_shapes
from gridplan.tables.workbook_cells import WORKBOOKS

_JSON = (".geojson", ".json", ".geojsonl", ".geojsons", ".geojsonseq", ".ndjson")
GDAL_SUFFIXES = (".gpkg", ".shp", *_JSON, ".fgb", ".kml", ".kmz", ".gml", ".tab", ".mif", ".gdb")
VECTOR_SUFFIXES = (
    *(*GDAL_SUFFIXES, ".zip", ".parquet", ".geoparquet", ".csv", ".tsv"),
    *sorted(WORKBOOKS),
)


@dataclass(frozen=True)
class Layer:
    """One table as its file has it, and what the reader of the file complained about."""

    table: str
    frame: Any
    notes: tuple[str, ...] = ()
    role: LayerRole | None = None  # where the name of the layer says what its kinds are
    name: str = ""
    datum: str = ""  # that the names of columns or the file's name speak of
    others: tuple[str, ...] = ()  # layers of the file that are no table


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
    # A pipe or a device might never end.
    if not path.is_file() and not (suffix == ".gdb" and path.is_dir()):
        what = "a folder" if path.is_dir() else "no plain file"
        problem = Problem(
            table or "file", "kinds of file", f"it is {what}", "give a file", file=path.name
        )
        raise InputError([problem])
    if suffix not in VECTOR_SUFFIXES:
        message = f"its kind {suffix or '(none)'} is not known"
        remedy = f"save it as GeoPackage, or as one of {', '.join(VECTOR_SUFFIXES)}"
        raise InputError(
            [Problem(table or "file", "kinds of file", message, remedy, file=path.name)]
        )
    try:
        if suffix in {".csv", ".tsv"}:
            return [_read_csv(path, _name_table(path.stem, table), encoding, path.name)]
        if suffix in WORKBOOKS:
            return _read_workbook(path, table)
        if suffix in {".parquet", ".geoparquet"}:
            return [Layer(name := _name_table(path.stem, table), _read_parquet(path, name))]
        return (
            _read_archive(path, table, encoding)
            if suffix == ".zip"
            else _read_gdal(path, "", table, encoding)
        )
    except (InputError, MissingPackageError, MemoryError):
        raise
    except Exception as error:
        # GDAL, Arrow and GEOS each have errors of their own, and here all mean the
        # same; paths are taken out, since a message goes into reports
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
    # a table that may do without shapes says in its header whether it has any
    shaped = is_spatial(table)
    if shaped and not needs_shapes(table):
        shaped = b"geo" in (pq.read_schema(path).metadata or {})
    return gpd.read_parquet(path) if shaped else pd.read_parquet(path)


def _read_gdal(path: Path, member: str, table: str | None, encoding: str | None) -> list[Layer]:
    """Read a file, or the member of a zip archive, through GDAL."""
    import pyogrio

    name = Path(member or path).name
    check_kind(path, member)
    source: Any = read_markup(path, member) if name.lower().endswith(MARKUP_SUFFIXES) else None
    if source is None:
        source = f"/vsizip/{path.as_posix()}/{member}" if member else path.as_posix()
    says = None
    if name.lower().endswith(".shp"):
        _check_companion(path, member)
        says = find_shapefile_encoding(read_sidecars(path, member), name, encoding)
    # layer_styles is a table that QGIS adds to a GeoPackage
    kinds = {str(y): str(k) for y, k in pyogrio.list_layers(source) if y != "layer_styles"}
    layers = list(kinds)
    areas = [layer for layer, kind in kinds.items() if "Polygon" in kind]
    read = []
    chosen = _choose_tables(layers, table, Path(name).stem, path.name, areas)
    for layer, role in chosen.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # A shape that GEOS cannot build is read as none, and counted when
            # the site is put in order.
            frame = pyogrio.read_dataframe(source, layer=layer, encoding=says, on_invalid="ignore")
        notes = list(dict.fromkeys(str(w.message) for w in caught))
        if name.lower().endswith(_JSON):
            frame = _doubt_degrees(frame)
        read.append(Layer(role.table, frame, tuple(notes), role, layer))
    others = tuple(layer for layer in layers if layer not in chosen)
    return [replace(read[0], others=others), *read[1:]]


def _doubt_degrees(frame: Any) -> Any:
    """Take the CRS from a GeoJSON file that states none and whose numbers are no degrees.

    GDAL calls all such files WGS 84, as the format asks for.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs != "EPSG:4326" or not len(frame):
        return frame
    bounds = shapely.bounds(frame.geometry.to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    degrees = (np.abs(bounds) <= (180, 90, 180, 90)).all(axis=1)
    return frame.set_crs(None, allow_override=True) if len(bounds) and not degrees.any() else frame


def _read_archive(path: Path, table: str | None, encoding: str | None) -> list[Layer]:
    """Read the one vector file of a zip archive, or those that are named after tables."""
    names = _list_members(path)
    if len(names) == 1:
        return _read_gdal(path, names[0], table, encoding)
    chosen = _choose_tables([Path(n).stem for n in names], table, path.stem, path.name)
    others = tuple(Path(n).name for n in names if Path(n).stem not in chosen)
    read = [
        replace(y, role=chosen[Path(n).stem], name=Path(n).stem)
        for n in names
        if Path(n).stem in chosen
        for y in _read_gdal(path, n, chosen[Path(n).stem].table, encoding)
    ]
    return [replace(read[0], others=(*read[0].others, *others)), *read[1:]]


def _list_members(path: Path) -> list[str]:
    """List the vector files and geodatabases in a zip archive.

    Copies that macOS adds are none, nor are stray JSON files beside another file.
    """
    with ZipFile(path) as archive:
        members = archive.namelist()
    seen = [m for m in members if "__MACOSX" not in m and not Path(m).name.startswith("._")]
    bases = {m[: m.lower().index(".gdb/") + 4] for m in seen if ".gdb/" in m.lower()}
    names = [m for m in seen if m.lower().endswith(GDAL_SUFFIXES[:-1]) and ".gdb/" not in m.lower()]
    plain = [m for m in names if not m.lower().endswith(".json")]
    return sorted(bases | set(plain or names))


def _check_companion(path: Path, member: str) -> None:
    """Check that a shapefile has its table: without it all columns would be lost in silence."""
    name = Path(member or path).with_suffix("").name
    if member:
        with ZipFile(path) as archive:
            beside = {Path(m).name.lower() for m in archive.namelist()}
    else:
        beside = {f.name.lower() for f in path.parent.iterdir()}
    missing = [f"{name}{end}" for end in (".dbf", ".shx") if f"{name}{end}".lower() not in beside]
    if missing:
        message = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        remedy = (
            "copy all files of the shapefile (.shp, .shx, .dbf, .prj, .cpg), "
            "or save it as GeoPackage"
        )
        raise InputError([Problem("file", "the file is whole", message, remedy, file=path.name)])


def _choose_tables(
    layers: list[str], table: str | None, stem: str, file: str, areas: Sequence[str] = ()
) -> dict[str, LayerRole]:
    """Choose which layers to read, and as which tables.

    A single one whatever its name, else those named after tables, or after
    what tables hold (roads, rivers). Where none is named after buildings, the
    only one of the ``areas`` whose name says nothing is taken for them.
    """
    wanted = INPUT_TABLES if table is None else (table,)
    if len(layers) == 1 and layers[0] not in wanted:
        return {layers[0]: LayerRole(_name_table(stem, table))}
    named = {layer: LayerRole(layer) for layer in layers if layer in wanted}
    if table is None:
        named = choose_roles(layers)
        unnamed = [layer for layer in areas if layer not in named]
        if len(unnamed) == 1 and all(role.table != "buildings" for role in named.values()):
            named = {unnamed[0]: LayerRole("buildings"), **named}
    if named:
        return named
    message = (
        f"none of its {len(layers)} layers is named {table or 'after a table'}: {', '.join(layers)}"
    )
    remedy = (
        f"rename the layers after the tables they are ({', '.join(wanted)}), "
        "or save the one you mean to a file of its own"
    )
    raise InputError([Problem(table or "file", "layers", message, remedy, file=file)])


def _read_csv(path: Path, table: str, encoding: str | None, name: str) -> Layer:
    """Read a CSV file: all of it as text, so that the code 0301 stays one.

    Shapes come from coordinates or WKT.
    """
    text = decode_text(path.read_bytes(), path.name, encoding)
    head = text[: text.find("\n")]
    # the separator that the first line has most of
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
    return _place_rows(table, frame, notes, name)


def _read_workbook(path: Path, table: str | None) -> list[Layer]:
    """Read the sheets of a workbook that are tables; what it names no table is listed."""
    pages, others = open_pages(path, table)
    layers = []
    for page in pages:
        frame, notes = make_frame(page)
        layer = _place_rows(page.table, frame, tuple(notes), path.name)
        layers.append(replace(layer, role=page.role, name=page.sheet))
    return [replace(layers[0], others=tuple(others)), *layers[1:]]


def _place_rows(table: str, frame: pd.DataFrame, notes: tuple[str, ...], name: str) -> Layer:
    """Give a table of texts the shapes that its columns of coordinates or WKT speak of."""
    if not is_spatial(table):
        return Layer(table, frame, notes)
    names = list(frame.columns)
    pair = find_point_columns(names)
    datum = (pair[2] if pair else "") or find_datum(names, name)
    return Layer(table, add_shapes(frame), notes, datum=datum)
