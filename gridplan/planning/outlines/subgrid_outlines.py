"""Outlines of one community's sub-grids, along streets and barriers or midway between walls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.geometry.linework import (
    FINEST,
    chain_ridges,
    extend_chains,
    find_edges,
    find_ridges,
    make_faces,
    sample_lines,
    sample_walls,
    straighten_chains,
)
from gridplan.geometry.tiling import (
    dissolve_faces,
    find_holder,
    find_nearest,
    join_pieces,
    settle_labels,
)
from gridplan.rules.outlines import OutlineRules

PER_GAP = 4.0  # points on a wall for each gap's width, so that lines between two walls run straight
# m within which points of different sub-grids cancel out: the wall between
# them is the line
CLASH = 0.1
MUCH = 0.4  # share of a building's wall from which a block counts as one of its own
STRIP = 0.25  # empty land less compact than this (1: a disc) is shared out along its middle line
ROUNDS = 5  # of joining pieces and reassigning what that leaves over


@dataclass(frozen=True)
class WallPoints:
    """Points on walls: position, shape, block, and number of the sub-grid."""

    xy: Floats
    owner: Ints
    block: Ints
    part: Ints

    def take(self, rows: Any) -> WallPoints:
        """Return some of the points."""
        return WallPoints(self.xy[rows], self.owner[rows], self.block[rows], self.part[rows])

    def add(self, other: WallPoints) -> WallPoints:
        """Return these points and others after them."""
        return WallPoints(
            np.concatenate([self.xy, other.xy]),
            np.concatenate([self.owner, other.owner]),
            np.concatenate([self.block, other.block]),
            np.concatenate([self.part, other.part]),
        )


def draw_outlines(
    outline: Any, shapes: Shapes, parts: Ints, lines: Shapes, rules: OutlineRules
) -> Shapes:
    """Draw the outlines of the sub-grids of one community.

    Blocks between streets whose homes are of one sub-grid are its own; others
    are cut midway between walls. All lines are noded together, so that the
    faces between them share their corners and tile the land exactly.

    Parameters
    ----------
    outline
        The community, on the precision grid.
    shapes, parts
        Footprints inside it and the number of the sub-grid of each; -1 for
        what is no home.
    lines
        Streets and barriers.
    rules
        Precision, distance of points on walls, how far lines may be
        straightened.

    Returns
    -------
    One outline for each number of a sub-grid; empty where others cover all its
    homes.

    Examples
    --------
    >>> west, east = shapely.box(1, 1, 3, 3), shapely.box(7, 1, 9, 3)
    >>> none = np.array([], dtype=object)
    >>> land = shapely.box(0, 0, 10, 4)
    >>> homes = np.array([west, east])
    >>> drawn = draw_outlines(land, homes, np.array([0, 1]), none, OutlineRules())
    >>> [shape.bounds for shape in drawn]
    [(0.0, 0.0, 5.0, 4.0), (5.0, 0.0, 10.0, 4.0)]
    """
    count = int(parts.max()) + 1
    solid = shapely.area(shapes) > 0
    shapes = shapes[solid]
    parts = parts[solid]
    homes = np.flatnonzero(parts >= 0)
    # Blocks: streets, barriers and the limit are lines that outlines follow first.
    blocks = make_faces(lines, outline, rules.grid)
    tree = shapely.STRtree(shapes)
    crossed = _find_touched(tree, np.append(lines, shapely.boundary(outline)))
    overlaid, bearing = _find_overlaid(tree, parts)
    place = partial(_place_points, shapes=shapes, blocks=blocks, crossed=crossed, overlaid=overlaid)
    parts, points = _label_others(place(spacing=np.full(len(shapes), rules.spacing)), parts)
    # Where two sub-grids face each other closely, coarse points would cut into walls.
    points, clashing = _refine_points(points, place, parts, rules.spacing)
    chains = _cut_blocks(points, blocks, shapes, rules)
    # Walls are lines themselves where lines midway cannot go round the building.
    walled = crossed | overlaid | bearing | clashing | _find_touched(tree, chains)
    drawn = np.concatenate([lines, chains, shapely.boundary(shapes[walled])])
    faces = make_faces(drawn, outline, rules.grid)
    labels = _label_faces(faces, blocks, points, shapes, parts, walled)
    edges = find_edges(faces)
    # Rivers and medians belong to nobody yet: they are cut midway between their banks.
    strips, borders = _find_strips(faces, labels, edges, len(blocks), rules.spacing)
    if len(strips):
        blocks = np.append(blocks, strips)
        points = points.add(borders)
        chains = _cut_blocks(borders, blocks, shapes, rules)
        faces = make_faces(np.concatenate([drawn, chains]), outline, rules.grid)
        labels = _label_faces(faces, blocks, points, shapes, parts, walled)
        edges = find_edges(faces)
    stands = find_holder(faces, shapely.get_coordinates(shapely.point_on_surface(shapes[homes])))
    # Last the labels are smoothed: faces without homes may change over, homes never.
    labels = _smooth_labels(faces, labels, edges, stands[stands >= 0], parts[homes][stands >= 0])
    return dissolve_faces(faces, labels, count)


def _smooth_labels(
    faces: Shapes, labels: Ints, edges: tuple[Floats, Floats, Ints, Ints], homes: Ints, parts: Ints
) -> Ints:
    """Move faces without homes between sub-grids, so that these are of few pieces."""
    start, end, one, two = edges
    borders = (one, two, np.hypot(*(end - start).T))
    labels = _label_rest(faces, settle_labels(labels, homes, parts, borders))
    for _ in range(ROUNDS):
        # Joining may leave faces without a label, and labels may part others
        # again.
        joined = join_pieces(labels, homes, borders)
        if (joined == labels).all():
            break
        labels = _label_rest(faces, settle_labels(joined, homes, parts, borders))
    return labels


def _find_touched(tree: Any, lines: Shapes) -> Bools:
    touched = np.zeros(len(tree.geometries), dtype=bool)
    touched[tree.query(lines, predicate="intersects")[1]] = True
    return touched


def _find_overlaid(tree: Any, parts: Ints) -> tuple[Bools, Bools]:
    """Find shapes on top of a larger one, which have no land around them, and those under them.

    A home stands on other homes only: in a hall it keeps its land. Of two
    alike the one with the lower number bears.
    """
    shapes = tree.geometries
    upper, lower = tree.query(shapely.point_on_surface(shapes), predicate="intersects")
    area = np.round(shapely.area(shapes), 3)
    larger = (area[lower] > area[upper]) | ((area[lower] == area[upper]) & (lower < upper))
    stands = (lower != upper) & np.where(
        (parts[lower] >= 0) == (parts[upper] >= 0), larger, parts[upper] < 0
    )
    overlaid = np.zeros(len(shapes), dtype=bool)
    bearing = np.zeros(len(shapes), dtype=bool)
    overlaid[upper[stands]] = True
    bearing[lower[stands]] = True
    return overlaid, bearing


def _place_points(
    *, shapes: Shapes, blocks: Shapes, crossed: Bools, overlaid: Bools, spacing: Floats
) -> WallPoints:
    """Place points on all walls, each in its block; those outside every block are left out.

    A shape that a street cuts counts in the blocks that hold much of its wall,
    so that a mere corner claims no land.
    """
    xy, owner = sample_walls(shapes, spacing)
    first = np.searchsorted(owner, np.arange(len(shapes)))
    block = find_holder(blocks, xy[first])[owner]
    # Only walls that a street cuts lie in several blocks; the others ask one
    # point.
    block[crossed[owner]] = find_holder(blocks, xy[crossed[owner]])
    _, pair, size = np.unique(
        owner * np.int64(len(blocks) + 1) + block, return_inverse=True, return_counts=True
    )
    most = np.zeros(len(shapes), dtype=np.int64)
    np.maximum.at(most, owner, size[pair])
    much = size[pair] > np.minimum(
        most[owner] - 1, MUCH * np.bincount(owner, minlength=len(shapes))[owner]
    )
    return WallPoints(xy, owner, block, np.full(len(xy), -1, dtype=np.int64)).take(
        (block >= 0) & much & ~overlaid[owner]
    )


def _label_others(points: WallPoints, parts: Ints) -> tuple[Ints, WallPoints]:
    """Give shapes that are no homes the sub-grid of the nearest home, preferably of their block."""
    other = parts[points.owner] < 0
    homes = points.take(~other)
    others = points.take(other)
    out = parts.copy()
    if len(others.xy):
        nearest, gap = find_nearest(others.xy, others.block, homes.xy, homes.block)
        # Farthest first, so that the nearest home is written last; of equals
        # the higher number.
        order = np.lexsort((homes.owner[nearest], -gap))
        out[others.owner[order]] = parts[homes.owner[nearest[order]]]
    return out, WallPoints(points.xy, points.owner, points.block, out[points.owner])


def _refine_points(
    points: WallPoints, place: Callable[..., WallPoints], parts: Ints, spacing: float
) -> tuple[WallPoints, Bools]:
    """Place more points on walls that face other sub-grids, the denser the nearer.

    Only in blocks with several sub-grids.

    Also returns the shapes whose walls touch those of another sub-grid.
    """
    # Blocks of one sub-grid are its own, so nothing is refined there.
    mixed = _find_mixed(points)
    gap = np.full(len(parts), np.inf)
    # Coarse points are enough to see which walls face another sub-grid, and
    # how near.
    near = points.take(mixed[points.block])
    for rows in _split_blocks(near.block):
        _, between = find_ridges(near.xy[rows], near.part[rows])
        p = rows[between[:, 0]]
        q = rows[between[:, 1]]
        apart = np.hypot(*(near.xy[p] - near.xy[q]).T)
        np.minimum.at(gap, near.owner[p], apart)
        np.minimum.at(gap, near.owner[q], apart)
    dense = place(spacing=np.clip(gap / PER_GAP, FINEST, spacing))
    dense = WallPoints(dense.xy, dense.owner, dense.block, parts[dense.owner])
    rows = np.flatnonzero(mixed[dense.block])
    pairs = (
        rows[cKDTree(dense.xy[rows]).query_pairs(CLASH, output_type="ndarray")]
        if len(rows)
        else np.zeros((0, 2), np.int64)
    )
    pairs = pairs[dense.part[pairs[:, 0]] != dense.part[pairs[:, 1]]]
    clashing = np.zeros(len(parts), dtype=bool)
    clashing[dense.owner[pairs]] = True
    # Points of two sub-grids on one spot have no middle: the wall itself divides them.
    keep = np.ones(len(dense.xy), dtype=bool)
    keep[pairs] = False
    return dense.take(keep), clashing


def _find_mixed(points: WallPoints) -> Bools:
    """Find the blocks with points of several sub-grids."""
    blocks = int(points.block.max(initial=-1)) + 1
    least = np.full(blocks, np.iinfo(np.int64).max)
    most = np.full(blocks, -1)
    np.minimum.at(least, points.block, points.part)
    np.maximum.at(most, points.block, points.part)
    return np.asarray(least < most)


def _split_blocks(block: Ints) -> list[Ints]:
    """Split the rows of points by their blocks, in the order of the blocks."""
    order = np.argsort(block, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(block[order])) + 1) if len(order) else []


def _cut_blocks(points: WallPoints, blocks: Shapes, shapes: Shapes, rules: OutlineRules) -> Shapes:
    """Draw the lines that cut every block with several sub-grids midway between their points."""
    points = points.take(_find_mixed(points)[points.block])
    chains = [np.array([], dtype=object)]
    for rows in _split_blocks(points.block):
        ridges, _ = find_ridges(points.xy[rows], points.part[rows])
        chains.append(chain_ridges(ridges, blocks[points.block[rows[0]]], rules.grid))
    return extend_chains(straighten_chains(np.concatenate(chains), shapes, rules.straighten))


def _label_faces(
    faces: Shapes, blocks: Shapes, points: WallPoints, shapes: Shapes, parts: Ints, walled: Bools
) -> Ints:
    """Label faces by the building in them, else by the nearest wall in the same block.

    A face of an empty block gets -1. Asking for the nearest wall is a guess
    from one place, which straightened lines may have left on the wrong side of
    the middle; where a building stands whole in a face, it is known.
    """
    xy = shapely.get_coordinates(shapely.point_on_surface(faces))
    nearest, gap = find_nearest(xy, find_holder(blocks, xy), points.xy, points.block)
    labels = np.where(np.isfinite(gap), points.part[nearest], -1)
    # Backwards, so that of several in one face the first is written last and counts.
    free = np.flatnonzero(~walled & (parts >= 0))[::-1]
    pieces, shape = shapely.get_parts(shapes[free], return_index=True)
    # A whole building in a face is sure; it overrules the guess from one point.
    around = find_holder(
        faces, shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(pieces), 0))
    )
    labels[around[around >= 0]] = parts[free][shape[around >= 0]]
    building = find_holder(shapes[walled], xy)
    return np.where(building >= 0, np.append(parts[walled], -1)[building], labels)


def _find_strips(
    faces: Shapes,
    labels: Ints,
    edges: tuple[Floats, Floats, Ints, Ints],
    blocks: int,
    spacing: float,
) -> tuple[Shapes, WallPoints]:
    """Find long empty faces, such as rivers and medians of roads, and points on their banks.

    Each is a block of its own, numbered on from ``blocks``; its points bear
    the label of the land on the other side.
    """
    area = shapely.area(faces)
    length = shapely.length(faces)
    # Long for its area: the isoperimetric quotient of a circle is 1.
    thin = (labels < 0) & (4 * np.pi * area < STRIP * length**2)
    number = np.cumsum(thin) - 1 + blocks
    start, end, one, two = edges
    strip = np.concatenate([one, two])
    bank = np.concatenate([two, one])
    rows = np.flatnonzero(thin[strip] & (labels[bank] >= 0))
    segment = rows % len(one)
    step = np.clip(2 * area / length / PER_GAP, FINEST, spacing)[strip[rows]]
    xy, edge = sample_lines(start[segment], end[segment], step)
    owner = np.full(len(xy), -1, dtype=np.int64)
    return faces[thin], WallPoints(xy, owner, number[strip[rows]][edge], labels[bank[rows]][edge])


def _label_rest(faces: Shapes, labels: Ints) -> Ints:
    """Label faces on land apart from all homes by the nearest face that has a label."""
    rest = labels < 0
    labelled = labels >= 0
    if not rest.any():
        return labels
    near = shapely.STRtree(faces[labelled]).query_nearest(faces[rest], all_matches=False)[1]
    out = labels.copy()
    out[rest] = labels[labelled][near]
    return out
