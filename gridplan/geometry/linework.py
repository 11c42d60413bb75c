"""Linework: lines noded into faces, walls sampled into points, and the lines midway between."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.spatial import Delaunay

from gridplan.arrays import Floats, Ints, Shapes

FINEST = 0.5  # m between points on walls that face a wall of another part closely
# m that a dividing line runs on beyond its ends, so that it surely meets the
# line it ends on
OVERSHOOT = 0.01
FAR = 10.0  # widths of the land from its middle to the points that close a diagram


def make_faces(lines: Any, outline: Any, grid: float) -> Shapes:
    """Make the faces that lines cut an outline into; together they tile it exactly.

    Parameters
    ----------
    lines
        Lines or outlines of any kind, as an array; what dangles or lies
        outside is left out.
    outline
        Polygon to be cut, on the precision grid.
    grid
        Precision grid that everything is noded on, in metres.

    Examples
    --------
    >>> cut = shapely.LineString([(4, -1), (4, 11)])
    >>> faces = make_faces([cut], shapely.box(0, 0, 10, 10), 0.01)
    >>> sorted(shapely.area(faces).tolist())
    [40.0, 60.0]
    """
    every = np.append(np.asarray(lines, dtype=object), shapely.boundary(outline))
    noded = shapely.unary_union(every, grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    # the outline is among the lines, so no face crosses it: one point of each is
    # enough, and an overlay is not needed
    shapely.prepare(outline)
    x, y = shapely.get_coordinates(shapely.point_on_surface(faces)).T
    return np.asarray(faces[shapely.contains_xy(outline, x, y)])


def sample_lines(start: Floats, end: Floats, spacing: Floats) -> tuple[Floats, Ints]:
    """Place points along straight lines: at the start, then evenly within the line's spacing.

    Returns the points (float64[m, 2]) and the line that each stands on
    (int64[m]).

    Examples
    --------
    >>> xy, line = sample_lines(np.zeros((1, 2)), np.array([[9.0, 0.0]]), np.array([4.0]))
    >>> xy[:, 0].tolist(), line.tolist()
    ([0.0, 3.0, 6.0], [0, 0, 0])
    """
    step = end - start
    count = np.maximum(1, np.ceil(np.hypot(step[:, 0], step[:, 1]) / spacing)).astype(np.int64)
    line = np.repeat(np.arange(len(count)), count)
    along = (np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)) / count[line]
    return start[line] + step[line] * along[:, None], line


def list_segments(shapes: Shapes) -> tuple[Floats, Floats, Ints]:
    """List the straight segments of polygons' walls.

    Returns start and end (float64[m, 2]) and the polygon's number (int64[m]).
    """
    parts, shape = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    # coordinates of all rings are in one array: the step from ring to ring is no
    # segment
    inside = ring[1:] == ring[:-1]
    return (
        xy[:-1][inside],
        xy[1:][inside],
        np.asarray(shape[part[ring[:-1][inside]]], dtype=np.int64),
    )


def sample_walls(shapes: Shapes, spacing: Floats) -> tuple[Floats, Ints]:
    """Place points along the walls of polygons: on every corner, and within the spacing between.

    Returns the points (float64[m, 2], metres) and the polygon that each
    belongs to (int64[m]).

    Examples
    --------
    >>> xy, owner = sample_walls(np.array([shapely.box(0, 0, 10, 5)]), np.array([5.0]))
    >>> len(xy)
    6
    """
    start, end, polygon = list_segments(shapes)
    xy, segment = sample_lines(start, end, spacing[polygon])
    return xy, polygon[segment]


def find_ridges(xy: Floats, part: Ints) -> tuple[Floats, Ints]:
    """Find the lines midway between points of different parts.

    These are ridges of the points' Voronoi diagram.

    Returns the ridges (float64[m, 2, 2]) and the two points that each lies
    between (int64[m, 2]).

    Examples
    --------
    >>> ridges, between = find_ridges(np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([0, 1]))
    >>> sorted(set(ridges[..., 0].ravel().tolist())), between.tolist()
    ([2.0], [[0, 1]])
    """
    n = len(xy)
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
    reach = FAR * max(1.0, float(np.ptp(xy, axis=0).max()))
    closing = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * reach
    # near the origin, where circumcentres lose no digits; the four far points close
    # every cell, so that no ridge runs to infinity
    local = np.vstack([xy - middle, closing])
    mesh = Delaunay(local)
    whose = np.append(part, [-1, -1, -1, -1])
    # each pair of triangles once; the neighbour of a hull edge is -1 and drops out
    triangle, corner = np.nonzero(mesh.neighbors > np.arange(len(mesh.simplices))[:, None])
    p = mesh.simplices[triangle, (corner + 1) % 3]
    q = mesh.simplices[triangle, (corner + 2) % 3]
    cuts = (whose[p] != whose[q]) & (p < n) & (q < n)
    triangle = triangle[cuts]
    corner = corner[cuts]
    p = p[cuts]
    q = q[cuts]
    centre = _find_circumcentres(local, mesh.simplices) + middle
    ridges = np.stack([centre[triangle], centre[mesh.neighbors[triangle, corner]]], axis=1)
    return ridges, np.sort(np.stack([p, q], axis=1), axis=1).astype(np.int64)


def _find_circumcentres(xy: Floats, triangles: Any) -> Floats:
    a = xy[triangles[:, 0]]
    b = xy[triangles[:, 1]] - a
    c = xy[triangles[:, 2]] - a
    twice = 2.0 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    # points in a row have no circle: the middle of the triangle takes its place
    flat = np.abs(twice) < 1e-12
    bb = (b**2).sum(axis=1)
    cc = (c**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (
            np.stack([c[:, 1] * bb - b[:, 1] * cc, b[:, 0] * cc - c[:, 0] * bb], axis=1)
            / twice[:, None]
        )
    return np.asarray(np.where(flat[:, None], (b + c) / 2, centre) + a)


def chain_ridges(ridges: Floats, block: Any, grid: float) -> Shapes:
    """Join ridges to chains from junction to junction, as far as they lie in a block.

    Examples
    --------
    >>> two = np.array([[[5.0, -9.0], [5.0, 4.0]], [[5.0, 4.0], [5.0, 99.0]]])
    >>> chain_ridges(two, shapely.box(0, 0, 10, 10), 0.01)[0].wkt
    'LINESTRING (5 0, 5 4, 5 10)'
    """
    # ends that differ by a rounding must be one point, or the chain breaks there
    ridges = np.round(ridges / grid) * grid
    long = (ridges[:, 0] != ridges[:, 1]).any(axis=1)
    lines = shapely.intersection(shapely.multilinestrings(shapely.linestrings(ridges[long])), block)
    parts = shapely.get_parts(lines)
    parts = parts[shapely.get_type_id(parts) == 1]
    merged = (
        shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
        if len(parts)
        else parts
    )
    return np.asarray(merged[shapely.length(merged) > 0])


def straighten_chains(chains: Shapes, footprints: Shapes, tolerance: float) -> Shapes:
    """Straighten chains by up to a tolerance in metres.

    Where one would touch a further footprint, it is straightened by less or
    not at all.

    Examples
    --------
    >>> zigzag = shapely.LineString([(0, 0), (5, 0.4), (10, 0)])
    >>> house = shapely.Point(50, 50).buffer(1)
    >>> free, held = straighten_chains(np.array([zigzag, zigzag]), np.array([house]), 0.5)
    >>> len(free.coords)
    2
    """
    tree = shapely.STRtree(footprints)
    out = chains.copy()
    waiting = np.arange(len(chains))
    # a chain may touch footprints already, as where houses join: only new ones count
    before = _list_hits(tree, chains)
    for part in (1.0, 0.5, 0.2, 0.05):
        tried = shapely.simplify(chains[waiting], tolerance * part)
        line, hit = tree.query(tried, predicate="intersects")
        new = ~np.isin(waiting[line] * np.int64(len(footprints) + 1) + hit, before)
        bad = np.zeros(len(waiting), dtype=bool)
        bad[line[new]] = True
        out[waiting[~bad]] = tried[~bad]
        waiting = waiting[bad]
    return out


def _list_hits(tree: Any, lines: Shapes) -> Ints:
    """List which lines touch which shapes of a tree, a number for each pair."""
    line, hit = tree.query(lines, predicate="intersects")
    return np.asarray(line * np.int64(len(tree.geometries) + 1) + hit)


def extend_chains(chains: Shapes, length: float = OVERSHOOT) -> Shapes:
    """Extend chains beyond the ends that no other chain shares.

    So they surely cross the line that they end on.

    Examples
    --------
    >>> east, north = [(0, 0), (5, 0)], [(5, 0), (5, 5)]
    >>> fork = np.array([shapely.LineString(east), shapely.LineString(north)])
    >>> [line.wkt for line in extend_chains(fork, 1.0)]
    ['LINESTRING (-1 0, 5 0)', 'LINESTRING (5 0, 5 6)']
    """
    if not len(chains):
        return chains
    xy, chain = shapely.get_coordinates(chains, return_index=True)
    first = np.searchsorted(chain, np.arange(len(chains)))
    last = np.append(first[1:], len(xy)) - 1
    tip = np.concatenate([first, last])
    inner = np.concatenate([first + 1, last - 1])
    # a point as one complex number: np.unique compares both coordinates in one pass
    _, node, ends = np.unique(xy[tip] @ np.array([1, 1j]), return_inverse=True, return_counts=True)
    tip = tip[ends[node] == 1]
    inner = inner[ends[node] == 1]
    step = xy[tip] - xy[inner]
    moved = xy.copy()
    moved[tip] += length * step / np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    return np.asarray(shapely.set_coordinates(chains.copy(), moved))


def find_edges(faces: Shapes) -> tuple[Floats, Floats, Ints, Ints]:
    """Find the edges that two faces of a tiling share.

    Returns start and end (float64[m, 2]) and the two faces (int64[m]).

    Examples
    --------
    >>> pair = np.array([shapely.box(0, 0, 2, 2), shapely.box(2, 0, 5, 2)])
    >>> start, end, a, b = find_edges(pair)
    >>> start.tolist(), end.tolist(), a.tolist(), b.tolist()
    ([[2.0, 0.0]], [[2.0, 2.0]], [0], [1])
    """
    start, end, face = list_segments(faces)
    both = np.concatenate([start, end])
    _, node = np.unique(both[:, 0] + 1j * both[:, 1], return_inverse=True)
    p = node[: len(start)].astype(np.int64)
    q = node[len(start) :].astype(np.int64)
    key = np.minimum(p, q) * np.int64(len(both)) + np.maximum(p, q)
    order = np.lexsort((face, key))
    # the same two nodes, whichever way round a face names them, are one edge
    twin = np.flatnonzero(key[order][1:] == key[order][:-1])
    one = order[twin]
    two = order[twin + 1]
    return start[one], end[one], face[one], face[two]
