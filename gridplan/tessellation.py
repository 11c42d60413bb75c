"""Land outlines: each community's land tiled by its sub-grids, along streets and barriers or midway between buildings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import QhullError, cKDTree

from gridplan.conform import Entry
from gridplan.engine import Progress, keep_silent, map_tasks
from gridplan.linework import (
    Floats,
    Ints,
    Shapes,
    chain_ridges,
    extend_chains,
    find_edges,
    find_ridges,
    gather_parts,
    make_faces,
    match_borders,
    sample_lines,
    sample_walls,
    straighten_chains,
)
from gridplan.rules import OutlineRules

FINEST = 0.5  # m between the points on walls that face a wall of another sub-grid closely
PER_GAP = 4.0  # points on a wall for each gap's width, so that lines between two walls run straight
CLASH = 0.1  # m within which points of different sub-grids cancel out: the wall between them is the line
STRIP = 0.25  # empty land less compact than this (1: a disc) is shared out along its middle line
AREA_ERROR = 1e-6  # relative error of area up to which sub-grids count as tiling their community


@dataclass(frozen=True)
class Land:
    """The land of one community, ready to be tiled.

    ``shapes`` are footprints or slices of footprints, ``parts`` the number of the sub-grid of each (-1: no home),
    ``codes`` the sub-grids' codes by number, ``lines`` the streets and barriers.
    """

    community: str
    outline: Any
    shapes: Shapes
    parts: Ints
    codes: tuple[str, ...]
    lines: Shapes


@dataclass(frozen=True)
class Drawing:
    """The outlines of one community's sub-grids by number, how they were drawn, and what happened on the way."""

    shapes: Shapes
    method: str
    lost: int = 0


@dataclass(frozen=True)
class Outlines:
    """Land outlines by sub-grid code, and what was noted while they were drawn."""

    subgrids: gpd.GeoSeries
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Points:
    """Points on walls: position, the shape and the block that each belongs to, and its sub-grid's number."""

    xy: Floats
    owner: Ints
    block: Ints
    part: Ints

    def take(self, rows: Any) -> Points:
        """Return some of the points."""
        return Points(self.xy[rows], self.owner[rows], self.block[rows], self.part[rows])


class _DefeatedError(Exception):
    """A drawing does not hold; the next method is tried."""


_DEFEATS = (_DefeatedError, shapely.errors.GEOSException, QhullError, ArithmeticError, ValueError, IndexError)


def tessellate_community(land: Land, rules: OutlineRules) -> Drawing:
    """Tile one community's land by its sub-grids."""
    if len(land.codes) == 1:
        return Drawing(np.array([land.outline], dtype=object), "whole")
    shapes = _bring_inside(land)
    for method, lines in (("full", land.lines), ("without streets", land.lines[:0])):
        try:
            return _draw_or_save(land, shapes, lines, rules, method)
        except _DEFEATS:
            continue
    return Drawing(_draw_cells(land, shapes, rules.grid), "nearest home")


def _draw_or_save(land: Land, shapes: Shapes, lines: Shapes, rules: OutlineRules, method: str) -> Drawing:
    """Draw; sub-grids that lost all their land to others on the same spot get a small disc each, and all is drawn again."""
    k = len(land.codes)
    drawn = draw_outlines(land.outline, shapes, land.parts, lines, rules)
    lost = np.setdiff1d(np.arange(k), np.flatnonzero(shapely.area(drawn) > 0))
    if len(lost):
        first = np.array([np.flatnonzero(land.parts == p)[0] for p in lost])
        # Discs of falling radius, since the smallest shape on a spot wins: each keeps at least a ring.
        discs = shapely.buffer(shapely.point_on_surface(shapes[first]), 1.0 / (1.0 + np.arange(len(lost))))
        discs = shapely.intersection(discs, land.outline)
        drawn = draw_outlines(land.outline, np.append(shapes, discs), np.append(land.parts, lost), lines, rules)
    _check_tiling(drawn, land.outline)
    return Drawing(drawn, method, len(lost))


def _check_tiling(drawn: Shapes, outline: Any) -> None:
    whole = shapely.area(outline)
    if (shapely.area(drawn) <= 0).any() or not shapely.is_valid(drawn).all():
        raise _DefeatedError("a sub-grid is empty or invalid")
    if abs(shapely.area(drawn).sum() - whole) > AREA_ERROR * whole or not shapely.coverage_is_valid(drawn):
        raise _DefeatedError("the sub-grids do not tile the community")


def _bring_inside(land: Land) -> Shapes:
    """Cut shapes at the community's limit; a home wholly outside is stood for by a spot on the nearest part of the limit."""
    shapely.prepare(land.outline)
    cut = np.flatnonzero(~shapely.contains_properly(land.outline, land.shapes))
    shapes = land.shapes.copy()
    shapes[cut] = shapely.intersection(shapes[cut], land.outline)
    empty = cut[(shapely.area(shapes[cut]) <= 0) & (land.parts[cut] >= 0)]
    line = shapely.shortest_line(land.outline, land.shapes[empty])
    shapes[empty] = shapely.intersection(shapely.buffer(shapely.get_point(line, 0), 1.0), land.outline)
    return shapes


def draw_outlines(outline: Any, shapes: Shapes, parts: Ints, lines: Shapes, rules: OutlineRules) -> Shapes:
    """Draw the outlines of all sub-grids of a community.

    Blocks between streets with homes of one sub-grid are its own; others are cut midway between walls. All lines are
    noded together, so that the faces between them share their corners and tile the land exactly.
    """
    k = int(parts.max()) + 1
    solid = shapely.area(shapes) > 0
    shapes, parts = shapes[solid], parts[solid]
    blocks = make_faces(lines, outline, rules.grid)
    tree = shapely.STRtree(shapes)
    every = np.append(lines, shapely.boundary(outline))
    crossed = np.zeros(len(shapes), dtype=bool)
    crossed[tree.query(every, predicate="intersects")[1]] = True
    parts = _label_others(shapes, parts, blocks, crossed, rules.spacing)
    points, walled = _refine_points(_place_points(shapes, parts, blocks, crossed, np.full(len(shapes), rules.spacing)),
                                    shapes, parts, blocks, crossed, rules.spacing)
    chains = _cut_blocks(points, blocks, shapes, rules)
    walled[tree.query(chains, predicate="intersects")[1]] = True
    walled |= crossed
    drawn = np.concatenate([lines, chains, extend_chains(chains), shapely.boundary(shapes[walled])])
    faces = make_faces(drawn, outline, rules.grid)
    labels = _label_faces(faces, blocks, points, shapes[walled], parts[walled])
    strips, more = _cut_strips(faces, labels, len(blocks), rules)
    if len(strips):
        both = Points(*(np.concatenate(pair) for pair in zip(points.__dict__.values(), more.__dict__.values(), strict=True)))
        chains = _cut_blocks(more, np.append(blocks, strips), shapes, rules)
        faces = make_faces(np.concatenate([drawn, chains, extend_chains(chains)]), outline, rules.grid)
        labels = _label_faces(faces, np.append(blocks, strips), both, shapes[walled], parts[walled])
    labels = _settle_faces(faces, labels, shapes[solid_homes(parts, solid, shapes)], parts, points)
    return _dissolve(faces, labels, k)
