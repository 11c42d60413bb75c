"""Tilings: faces given to parts, stray pieces reassigned, outlines with shared corners."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridplan.arrays import Bools, Floats, Ints, Shapes

ROUNDS = 4  # matching one edge may show that the one beyond it is not matched
LENGTH_GRID = 1e-3  # m; common borders that differ by less count as equally long


def find_holder(shapes: Shapes, xy: Floats) -> Ints:
    """Find the shape that holds each point: the smallest of several, -1 for none.

    Examples
    --------
    >>> yard, shed = shapely.box(0, 0, 9, 9), shapely.box(1, 1, 2, 2)
    >>> places = np.array([[1.5, 1.5], [5.0, 5.0], [20.0, 0.0]])
    >>> find_holder(np.array([yard, shed]), places).tolist()
    [1, 0, -1]
    """
    holder = np.full(len(xy), -1, dtype=np.int64)
    shape, point = shapely.STRtree(shapely.points(xy)).query(shapes, predicate="intersects")
    order = np.lexsort((shape, -shapely.area(shapes)[shape]))
    # The last one written stays: large ones first, so that the smallest wins.
    holder[point[order]] = shape[order]
    return holder


def find_nearest(xy: Floats, level: Ints, of_xy: Floats, of_level: Ints) -> tuple[Ints, Floats]:
    """Find the nearest of some others on each point's own level, else on any; and metres.

    The distance is infinite where no other point is on the same level.

    Examples
    --------
    >>> others = np.array([[1.0, 0.0], [5.0, 0.0]])
    >>> here, level = np.array([[0.0, 0.0]]), np.array([1])
    >>> nearest, gap = find_nearest(here, level, others, np.array([0, 1]))
    >>> nearest.tolist(), gap.tolist()
    ([1], [5.0])
    """
    # near the origin, where squares of distances lose no digits
    origin = of_xy.min(axis=0)
    # levels lie farther apart than any two places, so one tree answers for all
    apart = 4.0 * (1.0 + float(np.ptp(np.vstack([xy, of_xy]), axis=0).max(initial=0.0)))
    tree = cKDTree(np.column_stack([of_xy - origin, of_level * apart]))
    gap, nearest = tree.query(np.column_stack([xy - origin, level * apart]))
    alone = gap > apart / 2
    if alone.any():
        nearest[alone] = cKDTree(of_xy - origin).query(xy[alone] - origin)[1]
    return nearest.astype(np.int64), np.where(alone, np.inf, gap)


def settle_labels(
    labels: Ints, homes: Ints, home_labels: Ints, edges: tuple[Ints, Ints, Floats]
) -> Ints:
    """Give each piece without homes of its part, and each face of no part, to a neighbour.

    A piece goes to the part it has the longest common border with, round by
    round outwards from the pieces that hold homes; the lower number wins a
    tie. A part without any home keeps its largest piece by number of faces.

    Parameters
    ----------
    labels
        The part of each face, -1 for none.
    homes, home_labels
        The face that each home stands on, and the part it belongs to.
    edges
        Pairs of faces that share an edge, and its length in metres.

    Returns
    -------
    The new labels; -1 where a face is not joined to any part.

    Examples
    --------
    Faces in a row, 0 - 1 - 2 - 3; the homes stand on the outer two:

    >>> row = (np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([5.0, 5.0, 9.0]))
    >>> settle_labels(np.array([0, 1, -1, 1]), np.array([0, 3]), np.array([0, 1]), row).tolist()
    [0, 0, 1, 1]
    """
    one, two, length = edges
    piece = _find_pieces(labels, one, two)
    label = np.full(int(piece.max()) + 1, -1, dtype=np.int64)
    label[piece] = labels
    settled = _find_held(label, piece, homes, home_labels)
    across = piece[one] != piece[two]
    # both ways round, as either piece may take the other
    p = np.concatenate([piece[one], piece[two]])[np.tile(across, 2)]
    q = np.concatenate([piece[two], piece[one]])[np.tile(across, 2)]
    common = np.tile(length[across], 2)
    label = np.where(settled, label, -1)
    while True:
        reach = (label[p] < 0) & (label[q] >= 0)
        if not reach.any():
            return label[piece]
        width = int(label.max()) + 1
        # a key for each pair of a waiting piece and a settled neighbour
        keys, of_key = np.unique(
            p[reach].astype(np.int64) * width + label[q[reach]], return_inverse=True
        )
        total = np.round(np.bincount(of_key, common[reach]) / LENGTH_GRID)
        order = np.lexsort((-keys, total))
        # The last one written stays: the longest border, and of equals the lowest number.
        label[keys[order] // width] = keys[order] % width


def _find_held(label: Ints, piece: Any, homes: Ints, home_labels: Ints) -> Bools:
    """Find the pieces that hold a home of their own part, else the part's largest piece."""
    held = np.zeros(len(label), dtype=bool)
    held[piece[homes[label[piece[homes]] == home_labels]]] = True
    missing = np.setdiff1d(label[label >= 0], label[held])
    sizes = np.bincount(piece, minlength=len(label))
    for part in missing:
        pieces = np.flatnonzero(label == part)
        held[pieces[np.argmax(sizes[pieces])]] = True
    return held


def join_pieces(labels: Ints, homes: Ints, edges: tuple[Ints, Ints, Floats]) -> Ints:
    """Give a face without homes to a part in several pieces that it joins.

    Only where its own part does not fall apart by that.

    ``homes`` are the faces that homes stand on; the other arguments are those
    of :func:`settle_labels`.

    Examples
    --------
    The square in the middle belongs to part 1 on its right; it joins the two
    pieces of part 0 on its left and above:

    >>> around = (np.array([0, 0, 0]), np.array([1, 2, 3]), np.array([5.0, 5.0, 5.0]))
    >>> join_pieces(np.array([1, 0, 0, 1]), np.array([1, 2, 3]), around).tolist()
    [0, 0, 0, 1]
    """
    one, two, _ = edges
    out = labels.copy()
    n = len(labels)
    p = np.append(one, two)
    q = np.append(two, one)
    piece = _find_pieces(labels, one, two)
    graph = coo_array((np.ones(len(p)), (p, q)), shape=(n, n)).tocsr()
    lived = np.zeros(n, dtype=bool)
    lived[homes] = True
    # only parts in several pieces have anything to gain
    torn = np.flatnonzero(np.bincount(labels[np.unique(piece, return_index=True)[1]]) > 1)
    near = ~lived[p] & (labels[p] != labels[q]) & np.isin(labels[q], torn)
    touching = np.unique(np.stack([p[near], labels[q][near], piece[q][near]], axis=1), axis=0)
    pairs, begin, count = np.unique(touching[:, :2], axis=0, return_index=True, return_counts=True)
    root = np.arange(int(piece.max()) + 1)
    # the faces that join most pieces first
    for k in np.lexsort((pairs[:, 0], pairs[:, 1], -count)):
        face, part = pairs[k]
        # pieces that an earlier face has joined count as one
        roots = np.unique(root[touching[begin[k] : begin[k] + count[k], 2]])
        if len(roots) < 2 or out[face] == part or out[face] != labels[face]:
            continue
        members = np.flatnonzero(out == out[face])
        if _count_lived(graph, members, lived) == _count_lived(
            graph, members[members != face], lived
        ):
            out[face] = part
            root[np.isin(root, roots)] = roots[0]
    return out


def _find_pieces(labels: Ints, one: Ints, two: Ints) -> Ints:
    """Find the connected pieces of all parts, and number them."""
    same = (labels[one] == labels[two]) & (labels[one] >= 0)
    graph = coo_array(
        (np.ones(int(same.sum())), (one[same], two[same])), shape=(len(labels), len(labels))
    )
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _count_lived(graph: Any, faces: Ints, lived: Bools) -> int:
    """Count the pieces of some faces that hold homes."""
    piece = connected_components(graph[faces][:, faces], directed=False)[1]
    return len(np.unique(piece[lived[faces]]))


def dissolve_faces(faces: Shapes, labels: Ints, count: int) -> Shapes:
    """Join the faces of each part to one outline; empty where a part has none.

    Examples
    --------
    >>> row = np.array([shapely.box(x, 0, x + 1, 1) for x in range(3)])
    >>> shapely.area(dissolve_faces(row, np.array([0, 0, 1]), 3)).tolist()
    [2.0, 1.0, 0.0]
    """
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(count + 1))
    out = np.empty(count, dtype=object)
    out[:] = [shapely.coverage_union_all(faces[order[a:b]]) for a, b in pairwise(ends)]
    parts, shape = shapely.get_parts(out, return_index=True)
    return gather_parts(parts, shape, count)


def match_borders(shapes: Shapes, tolerance: float) -> Shapes:
    """Give polygons the corners that neighbours have on their edges: a valid coverage.

    Parameters
    ----------
    shapes
        Polygons and multipolygons that touch along their borders.
    tolerance
        How near in metres a corner must be to an edge to count as lying on it.

    Examples
    --------
    >>> left = shapely.box(0, 0, 1, 2)
    >>> right = shapely.union(shapely.box(1, 0, 2, 1), shapely.box(1, 1, 3, 2))
    >>> matched = match_borders(np.array([left, right]), 1e-6)
    >>> [bool(shapely.coverage_is_valid(two)) for two in ([left, right], matched)]
    [False, True]
    """
    for _ in range(ROUNDS):
        wrong = shapely.coverage_invalid_edges(shapes)
        if shapely.is_empty(wrong).all():
            break
        shapes = _insert_corners(shapes, wrong, tolerance)
    return shapes


def _insert_corners(shapes: Shapes, wrong: Shapes, tolerance: float) -> Shapes:
    """Insert corners of unmatched edges into other unmatched edges that they lie on."""
    faulty = np.flatnonzero(~shapely.is_empty(wrong))
    corners = np.unique(shapely.get_coordinates(wrong[faulty]), axis=0)
    parts, shape = shapely.get_parts(shapes[faulty], return_index=True)
    _, xy, (ring_ends, part_ends) = shapely.to_ragged_array(parts)
    known = np.isin(xy[:, 0] + 1j * xy[:, 1], corners[:, 0] + 1j * corners[:, 1])
    # edges with both ends unmatched, leaving out the jumps between rings
    start = np.setdiff1d(np.flatnonzero(known[:-1] & known[1:]), ring_ends[1:] - 1)
    tree = shapely.STRtree(shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1)))
    corner, line = tree.query(shapely.points(corners), predicate="dwithin", distance=tolerance)
    step = xy[start[line] + 1] - xy[start[line]]
    length = np.hypot(step[:, 0], step[:, 1])
    along = ((corners[corner] - xy[start[line]]) * step).sum(axis=1) / np.maximum(length, 1e-12)
    # a corner at an end of the edge is there already
    lies = (along > tolerance / 100) & (along < length - tolerance / 100)
    # A corner that the polygon has already, where it comes a rounding near
    # itself, would make it touch itself.
    part = np.searchsorted(ring_ends, np.arange(len(xy)), side="right") - 1
    polygon = np.searchsorted(part_ends, part, side="right") - 1
    has = np.unique(np.stack([polygon.astype(float), xy[:, 0], xy[:, 1]], axis=1), axis=0)
    asked = np.stack(
        [polygon[start[line]].astype(float), corners[corner, 0], corners[corner, 1]], axis=1
    )
    lies &= ~_find_rows(has, asked)
    line = line[lies]
    point = corners[corner[lies]]
    along = along[lies]
    order = np.lexsort((along, line))
    # in order along each edge, so that inserting keeps the ring
    place = start[line[order]] + 1
    ring_ends = ring_ends + np.searchsorted(place, ring_ends, side="left")
    repaired = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON,
        np.insert(xy, place, point[order], axis=0),
        (ring_ends, part_ends),
    )
    out = shapes.copy()
    new = gather_parts(repaired, shape, len(faulty))
    # an outline that repair would spoil stays as it was
    out[faulty] = np.where(shapely.is_valid(new), new, shapes[faulty])
    return out


def _find_rows(rows: Floats, asked: Floats) -> Bools:
    """Find which of the rows asked for are among the rows, all of which differ."""
    _, number, count = np.unique(
        np.concatenate([rows, asked]), axis=0, return_inverse=True, return_counts=True
    )
    among = np.zeros(len(count), dtype=bool)
    among[number[: len(rows)]] = True
    return np.asarray(among[number[len(rows) :]])


def gather_parts(parts: Shapes, shape: Ints, count: int) -> Shapes:
    """Gather polygons to shapes: one polygon as it is, several as a multipolygon.

    Examples
    --------
    >>> parts = np.array([shapely.box(0, 0, 1, 1)] * 3)
    >>> [s.geom_type for s in gather_parts(parts, np.array([0, 1, 1]), 2)]
    ['Polygon', 'MultiPolygon']
    """
    order = np.argsort(shape, kind="stable")
    sizes = np.bincount(shape, minlength=count)
    groups = np.split(parts[order], np.cumsum(sizes)[:-1])
    out = np.empty(count, dtype=object)
    out[:] = [
        group[0] if len(group) == 1 else shapely.MultiPolygon(list(group)) for group in groups
    ]
    return out
