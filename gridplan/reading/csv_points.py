"""Places in tables without shapes: columns of coordinates, and the datum their names speak of.

Exports of Amap are in GCJ-02 and those of Baidu in BD-09; where a name of a
column or file says so, the shapes are taken back to WGS 84 and the ledger says
it. Bare degrees in the area that web maps shift are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from gridplan.reading.datum import SHIFTED_AREA, convert_datum
from gridplan.tables.column_names import drop_unit, plain_name
from gridplan.tables.ledger import Entry

POINT_COLUMNS = (
    ("lon", "lat"),
    ("lng", "lat"),
    ("longitude", "latitude"),
    ("location_lng", "location_lat"),
    ("经度", "纬度"),
    ("x", "y"),
    ("point_x", "point_y"),
    ("easting", "northing"),
    ("east", "north"),
    ("ost", "nord"),
    ("rechtswert", "hochwert"),
    ("longitud", "latitud"),
    ("longitudine", "latitudine"),
    ("долгота", "широта"),
    ("経度", "緯度"),
    ("경도", "위도"),
)
# In this order, so that true places are read where a table has them beside shifted ones.
_DATUM_WORDS = {
    "wgs84": re.compile(r"_?(wgs_?84|wgs|84)_?"),
    "gcj02": re.compile(r"_?(gcj_?02|gcj|amap|gaode|高德|火星)_?"),
    "bd09": re.compile(r"_?(bd_?09|bd|baidu|百度)_?"),
}
# Columns that, together, only one maker's exports have.
_MAKERS = {
    "wgs84": ({"full_plus_code"},),
    "gcj02": ({"adcode", "typecode"}, {"pname", "adname"}),
    "bd09": ({"uid", "street_id"}, {"uid", "detail_info"}),
}


def find_point_columns(names: Sequence[str]) -> tuple[str, str, str] | None:
    """Find the columns of longitude and latitude, and the datum that they name, if any.

    Examples
    --------
    >>> find_point_columns(["name", "经度", "纬度"])
    ('经度', '纬度', '')
    >>> find_point_columns(["lng_gcj02", "lat_gcj02", "wgs84_lng", "wgs84_lat"])
    ('wgs84_lng', 'wgs84_lat', 'wgs84')
    """
    plain = {drop_unit(plain_name(name)): name for name in names}
    for datum, word in {**_DATUM_WORDS, "": None}.items():
        bare = {
            (word.sub("", key) if word else key): name
            for key, name in plain.items()
            if word is None or word.search(key)
        }
        for lon, lat in POINT_COLUMNS:
            if lon in bare and lat in bare:
                return bare[lon], bare[lat], datum
    return None


def find_datum(names: Sequence[str], file: str) -> str:
    """Find the datum that the columns of a maker or the name of a file speak of; "" if none.

    Examples
    --------
    >>> find_datum(["lng", "lat", "adcode", "typecode"], "poi.csv"), find_datum(["lng"], "百度.csv")
    ('gcj02', 'bd09')
    """
    columns = {plain_name(name) for name in names}
    for datum, makers in _MAKERS.items():
        if any(maker <= columns for maker in makers):
            return datum
    words = {"gcj02": "gcj02|gcj|amap|gaode|高德|火星", "bd09": "bd09|baidu|百度", "wgs84": "wgs84"}
    return next((d for d, word in words.items() if re.search(word, file.lower())), "")


def place_degrees(frame: Any, datum: str, table: str, file: str) -> tuple[Any, list[Entry]]:
    """Place shapes of degrees that state no CRS, where their datum is known or there is only one.

    Examples
    --------
    >>> inn = gpd.GeoDataFrame(geometry=gpd.points_from_xy([9.5], [47.1]))
    >>> placed, entries = place_degrees(inn, "", "buildings", "inns.csv")
    >>> placed.crs.to_epsg(), entries[0].reason
    (4326, 'no CRS in inns.csv: taken for degrees of WGS 84')
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is not None or not len(frame):
        return frame, []
    bounds = frame.total_bounds
    if not np.isfinite(bounds).all() or (np.abs(bounds) > (180, 90, 180, 90)).any():
        return frame, []
    west, south, east, north = SHIFTED_AREA
    outside = bounds[0] > east or bounds[2] < west or bounds[1] > north or bounds[3] < south
    # a town of some metres round 0, 0 is a sketch in metres, and no degrees
    if outside and not datum and (np.abs(bounds) < 1).all():
        return frame, []
    datum = datum or ("wgs84" if outside else "")
    if not datum:
        return frame, []
    placed = frame.set_crs(4326)
    if datum == "wgs84":
        reason = f"no CRS in {file}: taken for degrees of WGS 84"
        return placed, [Entry("read", table, "inferred", len(frame), reason)]
    reason = (
        f"from datum {datum}, which {file} names, to WGS 84; if that is wrong, "
        f"say so: --datum {table}=wgs84"
    )
    shapes = convert_datum(placed.geometry, "gcj02" if datum == "gcj02" else "bd09")
    return placed.set_geometry(shapes), [Entry("files", table, "converted", len(frame), reason)]
