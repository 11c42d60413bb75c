"""The sea, which OpenStreetMap has as a line with the land on its left: its water near homes."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Shapes
from gridplan.geometry.linework import make_faces
from gridplan.reading.osm_tags import CRS, Features, note
from gridplan.tables.conform import make_empty
from gridplan.tables.ledger import Entry

MARGINS = (0.01, 0.001)  # degrees, 1 km and 100 m, around the buildings that the sea is drawn in
EDGE = 0.003  # degrees, 300 m, that a coastline may end before the last buildings
SIDE = 1e-6  # degrees, 0.1 m, beside a coastline where it is asked which face lies there
GRID = 1e-9  # degrees that lines are noded on
HELD = 0.02  # share of the buildings from which a face is no sea: its line is drawn the wrong way


def make_sea(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make barriers of the sea beside the buildings of an OpenStreetMap file.

    Where a coastline ends amid the buildings, nobody knows where the water ends
    and nothing is drawn; where it ends at their edge, as in an extract that was
    cut off, it is led straight on.

    Examples
    --------
    >>> from gridplan.reading.osm_tags import make_layer
    >>> coast = shapely.linestrings([[[9.0, 47.1], [9.0, 46.9]]])  # southwards: land in the east
    >>> rows = gpd.GeoDataFrame({"natural": "coastline"}, [0], geometry=coast)
    >>> land = [shapely.box(9.001, 47, 9.002, 47.001)]
    >>> home = gpd.GeoDataFrame({"building": "yes"}, [0], geometry=land)
    >>> line, house = make_layer(rows, ["w1"]), make_layer(home, ["w2"])
    >>> sea, _ = make_sea(Features(line[:0], line, house))
    >>> sea.bounds.round(3).to_numpy().tolist()
    [[8.991, 46.99, 9.0, 47.011]]
    """
    is_coast = features.lines["natural"].eq("coastline").fillna(False).to_numpy(bool)
    is_island = features.areas["natural"].eq("coastline").fillna(False).to_numpy(bool)
    islands = shapely.get_parts(features.areas.geometry.to_numpy()[is_island])
    # A ring against the clock has its inside, which is the land, on its left.
    rings = shapely.get_exterior_ring(shapely.orient_polygons(islands))
    coast = np.concatenate([features.lines.geometry.to_numpy()[is_coast], rings])
    homes = features.areas.geometry[features.areas["building"].notna()].to_numpy()
    shapes = _draw_sea(coast, homes) if len(coast) and len(homes) else np.array([], dtype=object)
    count = len(coast)
    codes = [f"sea{n + 1}" for n in range(len(shapes))]
    if not count:
        return _index(make_empty("barriers", CRS).reset_index()), []
    entries = [
        note("barriers", "inferred", codes, "sea beside the buildings, from coastlines"),
        Entry(
            "read",
            "barriers",
            "noted",
            count if not len(shapes) else 0,
            "coastlines that end inside the map, or far from all buildings: no sea is drawn",
        ),
    ]
    frame = gpd.GeoDataFrame(
        {"barrier": codes, "kind": "sea", "hard": True, "name": ""}, geometry=shapes, crs=CRS
    )
    return _index(frame), entries


def _index(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_index("barrier")


def _draw_sea(coast: Shapes, homes: Shapes) -> Shapes:
    """Draw the faces on the right of coastlines, in a box around the homes, west to east."""
    inner = shapely.point_on_surface(homes)
    for margin in MARGINS:
        west, south, east, north = shapely.total_bounds(homes)
        box = shapely.box(west - margin, south - margin, east + margin, north + margin)
        faces = make_faces(np.append(coast, _lead_out(coast, box, margin + EDGE)), box, GRID)
        wet = _find_wet(faces, coast)
        held = np.bincount(
            shapely.STRtree(faces).query(inner, predicate="intersects")[1], minlength=len(faces)
        )
        wet &= held <= HELD * len(homes)
        if wet.any():
            parts = shapely.get_parts(shapely.union_all(faces[wet]))
            order = np.lexsort(shapely.bounds(parts).T[::-1])
            return np.asarray(parts[order], dtype=object)
    return np.array([], dtype=object)


def _lead_out(coast: Shapes, box: Any, most: float) -> Shapes:
    """Lead coastlines that end just inside a box to its edge, as where an extract was cut off.

    Of the edges near enough it is the one that the coast heads for.
    """
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(coast)))
    lines = lines[~shapely.is_closed(lines)]
    lines = np.concatenate([lines, shapely.reverse(lines)])
    ends = shapely.get_point(lines, -1)
    back = np.minimum(EDGE, shapely.length(lines) / 2)
    heading = shapely.get_coordinates(ends) - shapely.get_coordinates(
        shapely.line_interpolate_point(lines, -back)
    )
    west, south, east, north = box.bounds
    ways = []
    for (x, y), (dx, dy), inside in zip(
        shapely.get_coordinates(ends), heading, shapely.contains_properly(box, ends), strict=True
    ):
        edges = [
            (x - west, -dx, (west, y)),
            (east - x, dx, (east, y)),
            (y - south, -dy, (x, south)),
            (north - y, dy, (x, north)),
        ]
        ahead = [(toward, place) for gap, toward, place in edges if gap <= most]
        if inside and ahead:
            ways.append(shapely.LineString([(x, y), max(ahead)[1]]))
    return np.asarray(ways, dtype=object)


def _find_wet(faces: Shapes, coast: Shapes) -> Bools:
    """Find the faces that lie along coastlines on their right more than on their left."""
    ends = [shapely.get_coordinates(line) for line in shapely.get_parts(coast)]
    one = np.concatenate([xy[:-1] for xy in ends])
    two = np.concatenate([xy[1:] for xy in ends])
    way = two - one
    metres = np.hypot(*way.T)
    keep = metres > 0
    one, two, way, metres = one[keep], two[keep], way[keep], metres[keep]
    right = np.column_stack([way[:, 1], -way[:, 0]]) / metres[:, None] * SIDE
    middle = (one + two) / 2
    sides = [_sum_at(faces, middle + sign * right, metres) for sign in (1, -1)]
    # A line that ends inside a face has that face on both sides.
    return np.asarray(sides[0] > 1.5 * sides[1])


def _sum_at(faces: Shapes, xy: Floats, metres: Floats) -> Floats:
    point, face = shapely.STRtree(faces).query(shapely.points(xy), predicate="intersects")
    return np.bincount(face, metres[point], minlength=len(faces)).astype(float)
