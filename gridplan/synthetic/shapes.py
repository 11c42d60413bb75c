"""Footprints of the synthetic town: buildings stamped in rows, and sheets to gather tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Array, Bools, Floats, Ints, Shapes

CENTIMETRE = 2  # decimals that all coordinates of the town are rounded to
SHARP = 3.0  # mitre limit of insets: keeps the corners of blocks

# Outlines on the square from -0.5 to 0.5, open to the south (-y).
RECTANGLE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
# Main house and one wing.
WING = np.array([(-0.5, -0.5), (-0.2, -0.5), (-0.2, 0.04), (0.5, 0.04), (0.5, 0.5), (-0.5, 0.5)])
# Main house and two wings round a yard.
COURT = np.array(
    [
        (-0.5, -0.5),
        (-0.28, -0.5),
        (-0.28, 0.1),
        (0.28, 0.1),
        (0.28, -0.5),
        (0.5, -0.5),
        (0.5, 0.5),
        (-0.5, 0.5),
    ]
)
# A tower with a flat at each corner.
CROSS = np.array(
    [
        *[(-0.22, -0.5), (0.22, -0.5), (0.22, -0.3), (0.5, -0.3), (0.5, 0.3), (0.22, 0.3)],
        *[(0.22, 0.5), (-0.22, 0.5), (-0.22, 0.3), (-0.5, 0.3), (-0.5, -0.3), (-0.22, -0.3)],
    ]
)


@dataclass
class Sheets:
    """The rows of each table as they are drawn, community by community."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, shapes: Any, **columns: Any) -> None:
        """Add rows with these shapes; a single value of a column holds for all of them."""
        shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
        if len(shapes):
            # broadcast, not copied: most columns are one value for a thousand houses
            filled = {
                name: np.broadcast_to(np.asarray(value), len(shapes))
                for name, value in columns.items()
            }
            self.rows.setdefault(table, []).append({"geometry": shapes, **filled})

    def collect(self, table: str) -> pd.DataFrame:
        """Collect the rows of a table; where a batch lacks a column, NaN or an empty word."""
        batches = self.rows.get(table, [])
        names = dict.fromkeys(name for batch in batches for name in batch) or {"geometry": None}
        return pd.DataFrame({name: _join_column(batches, name) for name in names})


def _join_column(batches: list[dict[str, Any]], name: str) -> Array:
    words = any(batch[name].dtype.kind in "OU" for batch in batches if name in batch)
    default = "" if words else np.nan
    parts = [
        batch[name] if name in batch else np.full(len(batch["geometry"]), default)
        for batch in batches
    ]
    return (
        np.concatenate([part.astype(object) for part in parts] if words else parts)
        if parts
        else np.array([], dtype=object)
    )


def turn(points: Floats, angle: float) -> Floats:
    """Turn points (float64[..., 2]) about the origin by an angle in radians, counter-clockwise.

    Examples
    --------
    >>> turn(np.array([1.0, 0.0]), np.pi / 2).round(6).tolist()
    [0.0, 1.0]
    """
    c = np.cos(angle)
    s = np.sin(angle)
    return np.stack(
        [points[..., 0] * c - points[..., 1] * s, points[..., 0] * s + points[..., 1] * c], axis=-1
    )


def turn_shape(shape: Any, angle: float) -> Any:
    """Turn a shape about the origin by an angle in radians."""
    return shapely.transform(shape, lambda xy: turn(xy, angle))


def stamp(template: Floats, centres: Floats, sizes: Floats, angles: Floats | float) -> Shapes:
    """Stamp an outline at many places.

    Parameters
    ----------
    template
        Corners on the square from -0.5 to 0.5, float64[k, 2].
    centres, sizes
        Metres, float64[n, 2]; a negative width mirrors the outline.
    angles
        Radians, one for all or float64[n].

    Examples
    --------
    >>> stamp(RECTANGLE, np.array([[50.0, 20.0]]), np.array([[60.0, 12.0]]), 0.0)[0].wkt
    'POLYGON ((20 14, 80 14, 80 26, 20 26, 20 14))'
    """
    local = template[None] * sizes[:, None, :]
    angle = np.broadcast_to(np.asarray(angles, dtype=np.float64), len(centres))[:, None]
    c = np.cos(angle)
    s = np.sin(angle)
    turned = np.stack(
        [local[..., 0] * c - local[..., 1] * s, local[..., 0] * s + local[..., 1] * c], axis=-1
    )
    rings = (turned + centres[:, None, :]).round(CENTIMETRE)
    return np.asarray(shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1)), dtype=object)


def find_chords(region: Any, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Find where horizontal bands fit into a region: least and greatest x, NaN where none.

    Examples
    --------
    >>> region = shapely.box(0, 0, 100, 50)
    >>> left, right = find_chords(region, np.array([10.0, 45.0]), np.array([20.0, 55.0]))
    >>> left.tolist(), right.tolist()
    ([0.0, nan], [100.0, nan])
    """
    west, _, east, _ = region.bounds
    # Both sides of a band are enough where the region is roughly convex; a bay between them is
    # missed, which keep_inside finds later.
    ends = []
    for y in (low, high):
        lines = shapely.linestrings([[(west - 1, v), (east + 1, v)] for v in y])
        ends.append(shapely.bounds(shapely.intersection(region, lines)))
    # the bounds of an empty intersection are NaN, and maximum and minimum keep NaN
    west_ends = np.maximum(ends[0][:, 0], ends[1][:, 0])
    east_ends = np.minimum(ends[0][:, 2], ends[1][:, 2])
    return west_ends, east_ends


def pack_rows(
    region: Any,
    low: Floats,
    depth: float,
    gap: float,
    draw: Callable[[int], Floats],
    tries: int = 1,
) -> tuple[Floats, Floats]:
    """Pack buildings into horizontal rows of a region.

    Parameters
    ----------
    region
        A polygon, roughly convex.
    low, depth
        South side of each row (float64[m]) and depth of the buildings, metres.
    gap
        Least distance between buildings of one row, metres.
    draw
        Gives so many lengths of buildings, the same for each row, metres.
    tries
        How often to draw; the lengths that fill the rows best are taken.

    Returns
    -------
    Position (middle, float64[n, 2]) and length of each building that fits.

    Examples
    --------
    >>> region = shapely.box(0, 0, 100, 20)
    >>> draw = lambda n: np.full(n, 40.0)
    >>> middle, length = pack_rows(region, np.array([2.0]), 12.0, 10.0, draw)
    >>> middle.tolist(), length.tolist()
    ([[22.5, 8.0], [77.5, 8.0]], [40.0, 40.0])
    """
    west_ends, east_ends = find_chords(region, low, low + depth)
    room = np.nan_to_num(east_ends - west_ends)
    # lengths for the longest row, at five metres a building: more than any row can take
    packed = [
        _fill_rows(room, draw(max(1, int(room.max(initial=0.0) / 5))), gap) for _ in range(tries)
    ]
    # the first of equal tries, since max keeps the earlier one
    row, x, length = max(packed, key=lambda filled: filled[2].sum())
    return np.column_stack([west_ends[row] + x, low[row] + depth / 2]), length


def _fill_rows(room: Floats, lengths: Floats, gap: float) -> tuple[Ints, Floats, Floats]:
    """Fill rows with as many buildings as fit, and share the spare room between them."""
    ends = np.cumsum(lengths + gap) - gap
    fits = ends[None, :] <= room[:, None]
    # at least one, for the index below; a row without any takes no part in the result
    count = np.maximum(fits.sum(axis=1), 1)
    row, slot = np.nonzero(fits)
    slack = (room - ends[count - 1]) / count
    return row, ends[slot] - lengths[slot] / 2 + slack[row] * (slot + 0.5), lengths[slot]


def keep_inside(region: Any, shapes: Shapes) -> Bools:
    """Say which shapes are wholly inside a region."""
    # prepared once, the region is indexed for all shapes
    shapely.prepare(region)
    return np.asarray(shapely.contains_properly(region, shapes))


def inset(shape: Any, metres: float) -> Any:
    """Move the outline of a shape inwards with sharp corners; the largest piece of what remains."""
    return find_largest(shapely.buffer(shape, -metres, join_style="mitre", mitre_limit=SHARP))


def find_largest(shape: Any) -> Any:
    """Find the largest polygon of a shape; an empty one where there is none."""
    # type 3 is a polygon; insets and intersections may leave lines and points
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_type_id(parts) == 3]
    return parts[np.argmax(shapely.area(parts))] if len(parts) else shapely.Polygon()
