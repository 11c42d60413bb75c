"""Shapes that no work would end with: too many corners, tangled all over, or far too long."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats

# A province's outline has some ten thousand corners; one with more is a fault, or an attack.
MOST_CORNERS = 200_000
# A footprint is also buffered and tessellated, which takes the square of its corners.
MOST_CORNERS_OF_BUILDING = 5_000
LONGEST_BUILDING = 5_000.0  # m; the longest there are have some three thousand
# Repairing an outline makes a face for each crossing. Real faults have a few.
MOST_CROSSINGS = 2_000
DEGREE = 111_320.0  # m of a degree on the equator
SAMPLED = 100  # sides that are looked at in an outline with more


def find_tangled(shapes: Any, most: int = MOST_CORNERS) -> tuple[Bools, Bools]:
    """Find the shapes with too many corners, and those whose outline crosses itself too often.

    Examples
    --------
    >>> bow = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> find_tangled(np.array([bow, shapely.box(0, 0, 1, 1)]))
    (array([False, False]), array([False, False]))
    """
    corners = shapely.get_num_coordinates(shapes)
    long = corners > most
    # An outline of n corners has at most n squared crossings, so that small ones cannot be tangled.
    doubtful = ~long & (corners**2 > MOST_CROSSINGS) & (shapely.get_dimensions(shapes) == 2)
    doubtful[doubtful] = ~shapely.is_valid(shapes[doubtful])
    tangled = np.zeros(len(shapes), bool)
    for row in np.flatnonzero(doubtful):
        tangled[row] = _estimate_crossings(shapes[row]) > MOST_CROSSINGS
    return long, tangled


def find_longest(frame: Any) -> Bools:
    """Find the footprints that extend over more metres than any building does.

    Examples
    --------
    >>> import geopandas as gpd
    >>> walls = [shapely.box(118, 39, 118.001, 39.001), shapely.box(118, 39, 118.5, 39.001)]
    >>> find_longest(gpd.GeoDataFrame(geometry=walls, crs=4326))
    array([False,  True])
    """
    bounds = shapely.bounds(frame.geometry.to_numpy())
    size = bounds[:, 2:] - bounds[:, :2]
    if frame.crs is None:
        return np.zeros(len(frame), bool)
    if frame.crs.is_geographic:
        # What lies across 180 E seems to go round the globe.
        size[size[:, 0] > 180.0] = 0.0
        size = size * DEGREE
        size[:, 0] *= np.cos(np.radians(bounds[:, 1]))
    else:
        size = size * frame.crs.axis_info[0].unit_conversion_factor
    return np.asarray(size.max(axis=1) > LONGEST_BUILDING)


def _estimate_crossings(shape: Any) -> float:
    """Estimate how often the sides of a shape cross one another, from some of its sides."""
    sides = np.concatenate([_list_sides(ring) for ring in _list_rings(shape)])
    lines = shapely.linestrings(sides)
    # Evenly over the outline: the same shape gives the same answer each time.
    some = np.unique(np.linspace(0, len(lines) - 1, min(SAMPLED, len(lines))).astype(int))
    crossed, _ = shapely.STRtree(lines).query(lines[some], predicate="crosses")
    return len(crossed) / len(some) * len(lines) / 2


def _list_rings(shape: Any) -> list[Any]:
    return list(shapely.get_rings(shapely.get_parts(shape)))


def _list_sides(ring: Any) -> Floats:
    """List the sides of a ring: float64[n, 2, 2], from corner to corner."""
    xy = shapely.get_coordinates(ring)
    return np.stack([xy[:-1], xy[1:]], axis=1)
