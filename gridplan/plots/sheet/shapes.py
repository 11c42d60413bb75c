"""Shapes onto axes: polygons with their holes and lines, each class as one path."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Shapes


def draw_areas(axes: Any, shapes: Shapes, **look: Any) -> None:
    """Draw polygons as one patch; what else is among the shapes is left out."""
    from matplotlib.patches import PathPatch

    rings = _list_rings(shapes)
    # As an artist: adding a patch would measure every corner for limits that are set already.
    if rings:
        axes.add_artist(PathPatch(_join_path(rings, closed=True), **look))


def draw_lines(axes: Any, shapes: Shapes, **look: Any) -> None:
    """Draw lines, and the edges of polygons, as one path."""
    from matplotlib.patches import PathPatch

    lines = shapely.get_parts(_drop_empty(shapes))
    kinds = shapely.get_type_id(lines)
    paths = [shapely.get_coordinates(line) for line in lines[np.isin(kinds, (1, 2))]]
    rings = _list_rings(lines[kinds == 3])
    style = {"fill": False, "capstyle": "round", "joinstyle": "round"} | look
    if paths:
        axes.add_artist(PathPatch(_join_path(paths, closed=False), **style))
    if rings:
        axes.add_artist(PathPatch(_join_path(rings, closed=True), **style))


def _drop_empty(shapes: Shapes) -> Shapes:
    shapes = np.asarray(shapes, dtype=object)
    kept = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return np.asarray(shapes[kept], dtype=object)


def _list_rings(shapes: Shapes) -> list[Floats]:
    """List the rings of all polygons, holes turned against the outer ones so that they stay empty.

    Overlapping polygons then add up; a hole is cut out of its own polygon only
    where no other covers it.
    """
    parts = shapely.get_parts(_drop_empty(shapes))
    parts = parts[shapely.get_type_id(parts) == 3]
    if not len(parts):
        return []
    parts = shapely.orient_polygons(parts)
    rings = []
    for part in parts:
        rings.append(shapely.get_coordinates(part.exterior))
        rings += [shapely.get_coordinates(hole) for hole in part.interiors]
    return rings


def _join_path(lines: list[Floats], closed: bool) -> Any:
    """Join lines or rings into one path."""
    from matplotlib.path import Path

    points = np.concatenate(lines)
    codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
    ends = np.cumsum([len(line) for line in lines])
    codes[np.r_[0, ends[:-1]]] = Path.MOVETO
    if closed:
        codes[ends - 1] = Path.CLOSEPOLY
    return Path(points, codes)
