"""The shifted datums of Chinese web maps, GCJ-02 and BD-09, taken back to WGS 84.

Points of Amap, Tencent and many exports lie about 500 m from where they are on
the ground, those of Baidu further still. Nothing in a file says so and nothing
here guesses it: who gives the file declares its datum.

The shift is a published sum of sines over longitude and latitude, so going
forward is one formula; going back, the point is sought whose shifted place is
the one given, which a few fixed-point steps find far below a micrometre.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from gridplan.arrays import Bools, Floats
from gridplan.errors import InputError, Problem

Points = Floats  # (n, 2): longitude, latitude in degrees
Datum = Literal["wgs84", "gcj02", "bd09"]

DATUMS = ("wgs84", "gcj02", "bd09")
SHIFTED_AREA = (72.004, 0.8293, 137.8347, 55.8271)  # outside of this box the web maps do not shift

# The ellipsoid of the shift is Krasovsky 1940: semi-major axis in metres,
# first eccentricity squared.
_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_BAIDU_TURN = np.pi * 3000.0 / 180.0
_STEPS = 40  # fixed-point steps at most; the error shrinks about a thousandfold with each
_STILL = 1e-13  # degrees, 1e-8 m


def _find_shift(points: Points) -> Points:
    """Find how far GCJ-02 moves each point of WGS 84, in degrees."""
    # the published series counts degrees from 105 E, 35 N, in the middle of China
    x = points[:, 0] - 105.0
    y = points[:, 1] - 35.0
    shared = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + shared
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + shared
    )
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    # the series gives metres: divided by the metres of a radian on the ellipsoid
    latitude = np.radians(points[:, 1])
    root = np.sqrt(1.0 - _ECCENTRICITY * np.sin(latitude) ** 2)
    metres_east = _AXIS / root * np.cos(latitude)
    metres_north = _AXIS * (1.0 - _ECCENTRICITY) / root**3
    return cast(
        Points, np.column_stack([np.degrees(east / metres_east), np.degrees(north / metres_north)])
    )


def _find_baidu_place(points: Points) -> Points:
    """Find where BD-09 shows each point of GCJ-02."""
    x = points[:, 0]
    y = points[:, 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_TURN)
    return cast(
        Points, np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])
    )


def find_shifted(points: Points, datum: Datum) -> Points:
    """Find where a web map of a datum shows points of WGS 84, longitude and latitude in degrees.

    Points outside the area that the maps shift stay where they are.

    Examples
    --------
    >>> find_shifted(np.array([[118.18, 39.63], [39.9, 59.2]]), "gcj02").round(5).tolist()
    [[118.18628, 39.63131], [39.9, 59.2]]
    """
    # BD-09 is a second shift on top of GCJ-02, so both datums begin with the first
    places = points + _find_shift(points) if datum in {"gcj02", "bd09"} else points.copy()
    if datum == "bd09":
        places = _find_baidu_place(places)
    return cast(Points, np.where(_find_inside(points)[:, None], places, points))


def find_unshifted(points: Points, datum: Datum) -> Points:
    """Find the WGS 84 place of points that a web map shows, longitude and latitude in degrees.

    Exact to 1e-6 m; points outside the area that the maps shift stay where
    they are.

    Examples
    --------
    >>> find_unshifted(np.array([[118.18628, 39.63131]]), "gcj02").round(4).tolist()
    [[118.18, 39.63]]
    """
    # tested where the map shows the point, half a kilometre off: the edges of the
    # area lie well beyond China
    inside = _find_inside(points)
    places = points[inside]
    if datum == "bd09":
        places = _invert_shift(_find_baidu_place, places)
    if datum in {"gcj02", "bd09"}:
        places = _invert_shift(lambda p: p + _find_shift(p), places)
    out = points.copy()
    out[inside] = places
    return out


def _find_inside(points: Points) -> Bools:
    west, south, east, north = SHIFTED_AREA
    lon = points[:, 0]
    lat = points[:, 1]
    return (lon > west) & (lon < east) & (lat > south) & (lat < north)


def _invert_shift(forward: Callable[[Points], Points], shown: Points) -> Points:
    """Find the points that ``forward`` moves onto the points shown."""
    # The shift changes slowly from place to place, so adding the miss again and again converges.
    guess = shown.copy()
    moving = np.arange(len(shown))
    for _ in range(_STEPS):
        miss = shown[moving] - forward(guess[moving])
        guess[moving] += miss
        # each point by itself: what is read part by part must come out as if read at once
        moving = moving[np.abs(miss).max(axis=1, initial=0.0) >= _STILL]
        if not len(moving):
            break
    return guess


def convert_datum(geometries: gpd.GeoSeries, datum: str) -> gpd.GeoSeries:
    """Convert shapes from a declared datum to WGS 84, EPSG:4326.

    ``gcj02`` and ``bd09`` are converted, ``wgs84`` changes nothing. Shapes
    without a CRS are taken to be in degrees; projected ones are taken back to
    degrees first. The result is two-dimensional and exact to 1e-6 m.

    Raises
    ------
    InputError
        If the datum is not one of the three.

    Examples
    --------
    >>> shown = gpd.GeoSeries.from_xy([118.18628], [39.63131])
    >>> convert_datum(shown, "gcj02").map(lambda p: (round(p.x, 4), round(p.y, 4))).tolist()
    [(118.18, 39.63)]
    """
    if datum not in DATUMS:
        remedy = f"declare one of {', '.join(DATUMS)}"
        raise InputError(
            [Problem("all tables", "the datum is known", f"there is no datum {datum!r}", remedy)]
        )
    series = geometries
    if series.crs is not None and not series.crs.is_geographic:
        series = series.to_crs("EPSG:4326")
    shapes: Any = series.array
    moved = shapely.transform(
        np.asarray(shapes, dtype=object), lambda c: find_unshifted(c, cast(Datum, datum))
    )
    return gpd.GeoSeries(moved, index=series.index, crs=CRS.from_epsg(4326), name=series.name)
