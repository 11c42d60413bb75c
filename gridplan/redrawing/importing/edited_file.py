"""Files of other programs: plans edited in QGIS and layers of old grids, whatever their names.

QGIS adds ``fid``, changes the order and the types of columns, renames layers
on export and leaves some out; other programs cut names short. Layers are
therefore known by name, else by what their columns say.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from gridplan.errors import InputError, Problem
from gridplan.plan import ALL_TABLES
from gridplan.reading.datum import convert_datum
from gridplan.reading.file_layers import open_layers
from gridplan.redrawing.importing.qgis_edits import TABLES

PLAN_FILE = "plan.gpkg"
OWN_LAYERS = ("layer_styles", "manifest", "centres")
_MANY = (".gpkg", ".gdb")


def read_edited(
    path: str | Path,
    layer: str | None = None,
    *,
    column: str | None = None,
    encoding: str | None = None,
) -> dict[str, Any]:
    """Read the stairwells, buildings and outlines of sub-grids that a file has of an edited plan.

    Parameters
    ----------
    path
        A GeoPackage, the folder of a plan that holds one, or a file of one
        layer (shapefile, GeoJSON, CSV ...).
    layer
        The only layer to look at; all of them if not given.
    column
        The column of codes, where it is not ``subgrid``.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8.

    Raises
    ------
    InputError
        If there is no such file or layer, it cannot be read, holds nothing of
        the kind, or several layers that may be meant.
    """
    path = Path(path)
    # A file geodatabase is a folder to the system, but one file to its reader.
    path = path / PLAN_FILE if path.is_dir() and path.suffix.lower() != ".gdb" else path
    layers_of: dict[str, list[str]] = {}
    frames: dict[str, Any] = {}
    for name, columns, has_shapes, frame in _list_layers(path, layer, encoding):
        table = judge_layer(name, columns, has_shapes, column)
        if table:
            layers_of.setdefault(table, []).append(name)
            frames[name] = frame
    problems = []
    tables = {}
    for table, names in layers_of.items():
        # A layer under the table's own name is the one; of others none is
        # preferred.
        if len(names) > 1 and table not in names:
            message = f"{len(names)} layers may be meant: {', '.join(names)}"
            problems.append(
                Problem(table, "layers", message, "say which: --layer NAME", file=path.name)
            )
            continue
        chosen = table if table in names else names[0]
        tables[table] = frames[chosen] if frames[chosen] is not None else _read_layer(path, chosen)
    if not layers_of:
        remedy = (
            "give a layer with the columns stairwell and subgrid, building and subgrid, "
            "or outlines with a column of codes"
        )
        problems.append(
            Problem(
                "file",
                "layers",
                "it holds nothing that could be edited of a plan",
                remedy,
                file=path.name,
            )
        )
    if problems:
        raise InputError(problems)
    return tables


def judge_layer(
    name: str, columns: Collection[str], has_shapes: bool, column: str | None = None
) -> str:
    """Judge which table of a plan a layer is, by its name or its columns; empty where it is none.

    Examples
    --------
    >>> judge_layer("plan — subgrids", ["fid", "subgrid"], True)
    'subgrids'
    >>> judge_layer("x", ["FID", "SUBGRID", "STAIRWELL"], True)
    'stairwells'
    >>> judge_layer("streets", ["street", "kind"], True)
    ''
    """
    if name in TABLES:
        return name
    # Layers of the plan that nobody edits; those of mixed shapes end in the
    # kind of shape, as in barriers_lines.
    if name in OWN_LAYERS or name in ALL_TABLES or name.rpartition("_")[0] in ALL_TABLES:
        return ""
    words = {str(c).strip().lower() for c in columns}
    coded = bool(words & {"subgrid", (column or "subgrid").strip().lower()})
    if coded and ("stairwell" in words or "building" in words):
        return "stairwells" if "stairwell" in words else "buildings"
    return "subgrids" if has_shapes and (coded or "subgrid" in name.lower()) else ""


def read_grids(
    path: str | Path,
    layer: str | None = None,
    *,
    crs: Any = None,
    datum: str | None = None,
    encoding: str | None = None,
) -> Any:
    """Read a layer of old grids, or a table of codes by building or stairwell, as the file has it.

    Parameters
    ----------
    path
        A vector file or a CSV.
    layer
        Name of the layer, where the file has several and none is called
        ``subgrids``.
    crs
        CRS of shapes that come without one.
    datum
        ``gcj02`` or ``bd09`` where the coordinates are shifted so.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8.

    Raises
    ------
    InputError
        If there is no such file or layer, or it cannot be read.
    """
    path = Path(path)
    many = layer is not None and path.suffix.lower() in _MANY
    frame = (
        _read_named(path, str(layer)) if many else open_layers(path, "subgrids", encoding)[0].frame
    )
    if not isinstance(frame, gpd.GeoDataFrame) or frame._geometry_column_name not in frame.columns:
        return frame
    if datum is not None and datum != "wgs84":
        return frame.set_geometry(convert_datum(frame.geometry, datum))
    # Degrees are assumed only where the datum says that they are degrees.
    declared = crs if crs is not None else "EPSG:4326" if datum == "wgs84" else None
    return frame if frame.crs is not None or declared is None else frame.set_crs(declared)


def _list_layers(
    path: Path, layer: str | None, encoding: str | None
) -> Iterator[tuple[str, list[str], bool, Any]]:
    """List the layers of a file, or the one named.

    Name, columns, whether it has shapes, and its rows if read.
    """
    if path.suffix.lower() not in _MANY or not path.exists():
        frame = open_layers(path, "subgrids", encoding)[0].frame
        yield path.stem, list(frame.columns), isinstance(frame, gpd.GeoDataFrame), frame
    elif layer is not None:
        frame = _read_named(path, layer)
        yield layer, list(frame.columns), isinstance(frame, gpd.GeoDataFrame), frame
    else:
        for name in _name_layers(path):
            # What nobody edits is not even described: a view of a layer that another
            # program has written again no longer holds.
            if name in OWN_LAYERS:
                continue
            # Only what describes the layer is read: a plan has many that
            # nobody edits.
            info = pyogrio.read_info(path, layer=name)
            yield name, list(info["fields"]), bool(info["geometry_type"]), None


def _name_layers(path: Path) -> list[str]:
    try:
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except pyogrio.errors.DataSourceError as error:
        remedy = "check that it opens in QGIS, and save it again as GeoPackage"
        raise InputError(
            [Problem("file", "readable", f"cannot be read ({error})", remedy, file=path.name)]
        ) from error


def _read_named(path: Path, layer: str) -> Any:
    """Read the layer of a name that the user gave."""
    names = _name_layers(path) if path.exists() else []
    if layer not in names:
        message = f"it has no layer {layer}" if names else "there is no such file"
        raise InputError(
            [Problem("file", "layers", message, f"name one of {', '.join(names)}", file=path.name)]
        )
    return _read_layer(path, layer)


def _read_layer(path: Path, layer: str) -> Any:
    # A shape that cannot be built is read as none, and counted when it is used.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyogrio.read_dataframe(path, layer=layer, on_invalid="ignore")
