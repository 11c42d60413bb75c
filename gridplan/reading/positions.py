"""Where tables lie: coordinates that cannot be, and rows far from all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj.exceptions import ProjError

from gridplan.arrays import Bools, Floats
from gridplan.errors import Problem
from gridplan.geometry.repair import find_middle, unwrap_longitudes
from gridplan.site import Site
from gridplan.tables.schema import find_key

STRAY = 5.0  # degrees that data may lie outside of the area that its CRS is made for
# Nobody lives further north or south, and UTM ends there.
NORTH = 84.0
SOUTH = -80.0
EARTH = 6371.0  # km
# A row is a stray that lies further from the middle of all than this, and than so
# many times the distance that half of the rows keep to.
FAR = 100.0  # km
TIMES = 10.0
CLUSTERED = ("buildings", "communities", "compounds", "places", "institutions")


def check_position(table: str, frame: gpd.GeoDataFrame, file: str) -> Iterator[Problem]:
    """Find what cannot lie where the CRS says, the whole table or some of its rows."""
    bounds = shapely.bounds(frame.geometry.to_numpy())
    known = np.isfinite(bounds).all(axis=1)
    if not known.any():
        return
    small = (np.abs(bounds) <= (180, 90, 180, 90)).all(axis=1)
    if frame.crs.is_geographic and not small[known].all():
        yield _refuse_degrees(table, frame, bounds, known & ~small, file)
        return
    if frame.crs.is_projected and small[known].all() and np.ptp(bounds[known]) > 0:
        yield from _check_label(table, frame, bounds[known], file)
        return
    problems = [*_check_area(table, frame, file)]
    yield from problems
    if not problems and table in CLUSTERED:
        yield from _check_strays(table, frame, file)


def name_rows(table: str, frame: Any, rows: Any) -> tuple[str, ...]:
    """Name rows by their codes; those without a code by their number in the file, from 1.

    Examples
    --------
    >>> import pandas as pd
    >>> name_rows("counts", pd.DataFrame({"value": [3, 4]}), [False, True])
    ('row 2',)
    """
    numbers = np.flatnonzero(np.asarray(rows, bool))
    key = find_key(table)
    codes = frame[key].iloc[numbers] if key in frame.columns else [None] * len(numbers)
    pairs = list(zip(numbers, codes, strict=True))
    is_coded = [code is not None and code == code and code != "" for _, code in pairs]
    # Codes in their order, so that the order of rows does not show.
    named = sorted(str(code) for (_, code), there in zip(pairs, is_coded, strict=True) if there)
    plain = [f"row {n + 1}" for (n, _), there in zip(pairs, is_coded, strict=True) if not there]
    return (*named, *plain)


def _refuse_degrees(
    table: str, frame: gpd.GeoDataFrame, bounds: Floats, wrong: Bools, file: str
) -> Problem:
    """Refuse coordinates beyond 180 or 90 degrees: some rows that slipped, or a wrong CRS."""
    most = np.nanmax(np.abs(bounds[wrong]))
    name = frame.crs.name
    if wrong.sum() * 2 < len(frame):
        count = int(wrong.sum())
        message = (
            f"{count} of its {len(frame)} rows lie beyond the degrees of {name} (up to {most:.0f})"
        )
        remedy = "correct their coordinates, or take the rows out"
        return Problem(table, "position", message, remedy, name_rows(table, frame, wrong), file)
    message = f"its coordinates are no degrees (up to {most:.0f}), as its CRS {name} says"
    remedy = f"give its true CRS: --crs {table}=EPSG:CODE; longitude comes before latitude"
    return Problem(table, "position", message, remedy, file=file)


def _check_label(
    table: str, frame: gpd.GeoDataFrame, bounds: Floats, file: str
) -> Iterator[Problem]:
    """Find degrees that are labelled as metres, which would be a town of some millimetres."""
    x, y = np.median(bounds[:, :2], axis=0)
    message = (
        f"its coordinates ({x:.4f}, {y:.4f}) are degrees, "
        f"while its CRS {frame.crs.name} is in metres"
    )
    remedy = f"give its true CRS, such as --crs {table}=EPSG:4326"
    yield Problem(table, "position", message, remedy, file=file)


def _check_area(table: str, frame: gpd.GeoDataFrame, file: str) -> Iterator[Problem]:
    """Find data far from where its CRS is used: a wrong CRS, or x and y exchanged."""
    try:
        lon, lat = find_middle(frame.geometry)
    except ProjError:
        lon = np.nan
        lat = np.nan
    area = frame.crs.area_of_use
    west, south, east, north = (
        area.bounds if area is not None and area.west <= area.east else (-180, -90, 180, 90)
    )
    # Longitudes go round: 180.1 E lies beside the zone that ends at 180.
    in_width = (lon - west + STRAY) % 360 <= min(east - west + 2 * STRAY, 360)
    inside = in_width and max(south - STRAY, SOUTH) <= lat <= min(north + STRAY, NORTH)
    if inside:
        return
    where = (
        f"near {lon:.1f}, {lat:.1f} degrees" if np.isfinite(lon + lat) else "nowhere on the earth"
    )
    if frame.crs.is_geographic:
        message = f"it lies {where} (east, north), where nobody lives"
        remedy = "longitude comes before latitude: exchange the two"
    else:
        message = f"it lies {where}, where its CRS {frame.crs.name} is not used"
        remedy = f"give its true CRS: --crs {table}=EPSG:CODE; x is east and y is north"
    yield Problem(table, "position", message, remedy, file=file)


def check_apart(site: Site) -> list[Problem]:
    """Find buildings and communities that lie in different places altogether, as in two zones."""
    if site.buildings.empty or site.communities.empty:
        return []
    homes = site.buildings.total_bounds
    land = site.communities.total_bounds
    gap = np.maximum(0, np.maximum(homes[:2] - land[2:], land[:2] - homes[2:]))
    if not gap.any():
        return []
    apart = float(np.hypot(*gap))
    message = f"all of them lie outside of the communities, {apart / 1000:,.1f} km away"
    remedy = "one of the two has a wrong CRS: give the true one, such as --crs buildings=EPSG:CODE"
    return [Problem("buildings", "position", message, remedy)]


def _check_strays(table: str, frame: gpd.GeoDataFrame, file: str) -> Iterator[Problem]:
    """Find rows that lie far from all others, as a place that was not found lies at 0, 0."""
    away = _measure_distances(frame.geometry)
    known = np.isfinite(away)
    if known.sum() < 3:
        return
    placed = np.isfinite(shapely.bounds(frame.geometry.to_numpy())).all(axis=1)
    # What is placed and has no distance lies beyond the earth.
    away = np.where(placed & ~known, np.pi * EARTH, away)
    stray = placed & (away > max(FAR, TIMES * float(np.median(away[known]))))
    if stray.any():
        count = int(stray.sum())
        rows = f"{count} row{' lies' if count == 1 else 's lie'}"
        message = f"{rows} {away[stray].max():,.0f} km from the middle of all others"
        remedy = "correct their places, or take the rows out"
        yield Problem(table, "position", message, remedy, name_rows(table, frame, stray), file)


def _measure_distances(series: gpd.GeoSeries) -> Floats:
    """Measure how far each shape is from the middle of all, in km; NaN without a place."""
    boxes = unwrap_longitudes(series).bounds.to_numpy()
    points = gpd.GeoSeries.from_xy(
        (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, crs=series.crs
    )
    places = points.to_crs(4326)
    lon, lat = find_middle(series)
    middle = np.radians([lon, lat])
    there = np.radians([places.x.to_numpy(), places.y.to_numpy()])
    half = (
        np.sin((there[1] - middle[1]) / 2) ** 2
        + np.cos(there[1]) * np.cos(middle[1]) * np.sin((there[0] - middle[0]) / 2) ** 2
    )
    return np.asarray(2 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
