"""OpenStreetMap files, ``.osm.pbf`` or ``.osm``, packed or not, read without network.

GDAL's OSM driver does the reading; ``.gz`` and ``.bz2`` are unpacked first. A
small configuration states which tags become columns, so tags that nobody asks
for, above all contacts, never leave the file.
"""

from __future__ import annotations

import bz2
import gzip
import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from gridplan.errors import InputError, Problem
from gridplan.reading.osm_edits import drop_deleted
from gridplan.reading.osm_tables import make_tables
from gridplan.reading.osm_tags import CRS, KEYS, Features, drop_where, make_layer
from gridplan.site import Reading
from gridplan.tables.ledger import Entry

# Closed ways with one of these tags are areas; all other closed ways are lines
# that return to their start.
AREAS = (
    *(
        "aeroway",
        "amenity",
        "boundary",
        "building",
        "craft",
        "geological",
        "healthcare",
        "historic",
        "landuse",
        "leisure",
    ),
    *(
        "man_made=works",
        "man_made=reservoir_covered",
        "military",
        "natural",
        "office",
        "place",
        "shop",
        "sport",
        "tourism",
    ),
    *("highway=platform", "public_transport=platform", "waterway=riverbank", "waterway=dock"),
)
PACKED: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}
MOST_MEMORY = 100  # MB, GDAL's own default
LAYERS = {"points": "points", "lines": "lines", "multipolygons": "areas"}
CODE_LETTERS = {"points": "n", "lines": "w"}  # nodes and ways


def read_osm_file(path: str | Path, *, admin_level: int | None = None) -> Reading:
    """Read the tables of a site from an OpenStreetMap file.

    Parameters
    ----------
    path
        A file in OSM's PBF or XML format, an extract of any size.
    admin_level
        Level of the administrative areas that are the communities; without it
        the finest from 11 to 8 that holds most buildings.

    Returns
    -------
    Eight tables in degrees (WGS 84), keys like ``w123`` and ``r45``, and what
    was dropped or inferred.

    Raises
    ------
    InputError
        If the file cannot be read as OSM, has no buildings, or no area of the
        level asked for.
    """
    features, entries = read_features(path)
    tables, notes = make_tables(features, admin_level, file=str(path))
    return Reading(tables, dict.fromkeys(tables, str(path)), (*entries, *notes))


def read_features(path: str | Path) -> tuple[Features, list[Entry]]:
    """Read the tagged points, lines and areas of an OpenStreetMap file.

    What could not be put together is counted in the ledger's lines.

    Raises
    ------
    InputError
        If the file is not there or is not OSM.
    """
    path = Path(path)
    if not path.is_file():
        raise _refuse(path, "is not there", "check the path")
    layers = {}
    entries = []
    with TemporaryDirectory() as folder:
        config = Path(folder) / "osm.ini"
        config.write_text(write_config(), encoding="utf-8")
        plain = _unpack(path, Path(folder))
        if not path.name.lower().endswith(".pbf"):
            plain, deleted = _drop_deleted(path, plain, Path(folder))
            entries += [Entry("read", "osm", "dropped", deleted, "marked as deleted by an editor")]
        for layer, name in LAYERS.items():
            frame = _read_layer(path, plain, layer, config)
            # codes before anything is dropped, so that the ledger can name what was
            codes = _write_codes(layer, frame)
            empty = (frame.geometry.isna() | frame.geometry.is_empty).to_numpy(bool)
            whole, dropped = drop_where(
                f"osm {name}", frame.set_index(codes), empty, "shapes that cannot be put together"
            )
            layers[name] = make_layer(whole, whole.index)
            entries += [e for e in dropped if e.count]
    return Features(**layers), entries


def write_config() -> str:
    """Write the configuration of GDAL's OSM driver: the tags to read as columns, and no other.

    Examples
    --------
    >>> "phone" in write_config(), "building:levels" in write_config()
    (False, True)
    """
    head = f"closed_ways_are_polygons={','.join(AREAS)}\nattribute_name_laundering=no\n"
    section = f"osm_id=yes\nattributes={','.join(KEYS)}\nother_tags=no\n"
    return head + "".join(f"\n[{layer}]\n{section}" for layer in LAYERS)


def _unpack(path: Path, folder: Path) -> Path:
    """Unpack ``.gz`` and ``.bz2`` files into a folder; others stay where they are."""
    kind = path.suffix.lower()
    if kind not in PACKED:
        return path
    plain = folder / "plain.osm"
    try:
        with PACKED[kind](path, "rb") as packed, plain.open("wb") as out:
            shutil.copyfileobj(packed, out)
    except (OSError, EOFError) as error:
        raise _refuse(
            path, f"cannot be unpacked ({error})", "see that the file is whole"
        ) from error
    return plain


def _drop_deleted(path: Path, plain: Path, folder: Path) -> tuple[Path, int]:
    """Leave out what an editor deleted; a file that is no XML is refused by its reader."""
    try:
        return drop_deleted(plain, folder)
    except ParseError as error:
        raise _refuse(path, f"breaks off ({error})", "fetch it again, whole") from error


def _read_layer(path: Path, plain: Path, layer: str, config: Path) -> gpd.GeoDataFrame:
    """Read one layer with all its rows; a layer that is not there is empty."""
    with warnings.catch_warnings():
        # Broken shapes come out as missing and are counted; GDAL's word about
        # each of them would only bury that.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            # Not through Arrow: that way a file that breaks off would be read
            # as far as it goes, without a word.
            options = {"CONFIG_FILE": str(config), "MAX_TMPFILE_SIZE": str(_choose_memory(plain))}
            frame = pyogrio.read_dataframe(
                plain, layer=layer, on_invalid="ignore", use_arrow=False, **options
            )
        except pyogrio.errors.DataSourceError as error:
            raise _refuse(
                path, "is not OpenStreetMap data", "give an OpenStreetMap file: .osm.pbf or .osm"
            ) from error
        except pyogrio.errors.FeatureError as error:
            order = "increasing" in str(error)
            remedy = (
                "put it in order: osmium sort FILE -o SORTED.osm.pbf"
                if order
                else "fetch it again, whole"
            )
            raise _refuse(
                path,
                "is not in the order of its numbers" if order else f"breaks off ({error})",
                remedy,
            ) from error
        except pyogrio.errors.DataLayerError:
            frame = gpd.GeoDataFrame({"osm_id": []}, geometry=[], crs=CRS)
    return frame


def _choose_memory(plain: Path) -> int:
    """Choose how many MB GDAL may take before it works on disk.

    Small files need little, and taking it costs time.
    """
    size = plain.stat().st_size / 2**20 if plain.exists() else 0.0
    return int(min(MOST_MEMORY, 10 + 10 * size))


def _refuse(path: Path, message: str, remedy: str) -> InputError:
    return InputError([Problem("file", "is OSM", message, remedy, file=str(path))])


def _write_codes(layer: str, frame: gpd.GeoDataFrame) -> Any:
    """Write OSM codes: n for nodes, w for ways, r for relations."""
    number = frame["osm_id"].astype("str")
    if layer != "multipolygons":
        return pd.Index(CODE_LETTERS[layer] + number, name="code")
    # GDAL numbers areas from relations in osm_id and those from closed ways in
    # osm_way_id
    way = frame["osm_way_id"].astype("str") if "osm_way_id" in frame.columns else number
    return pd.Index(
        np.where(number.notna(), "r" + number.fillna(""), "w" + way.fillna("")), name="code"
    )
