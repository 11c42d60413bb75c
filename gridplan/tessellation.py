"""Land outlines: each community's land tiled by its sub-grids, along streets and barriers or midway between buildings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import QhullError, cKDTree

from gridplan.conform import Entry
from gridplan.engine import Progress, keep_silent, map_tasks
from gridplan.errors import InputError, Problem
from gridplan.linework import (
    FINEST,
    chain_ridges,
    extend_chains,
    find_edges,
    find_ridges,
    keep_polygons,
    make_faces,
    sample_lines,
    sample_walls,
    slice_footprints,
    straighten_chains,
)
from gridplan.rules import OutlineRules
from gridplan.tiling import dissolve_faces, find_holder, find_nearest, join_pieces, match_borders, settle_labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]

PER_GAP = 4.0  # points on a wall for each gap's width, so that lines between two walls run straight
CLASH = 0.1  # m within which points of different sub-grids cancel out: the wall between them is the line
STRIP = 0.25  # empty land less compact than this (1: a disc) is shared out along its middle line
ROUNDS = 5  # of joining pieces and handing on what that leaves over
SPOT = 1.0  # m, radius of the spot that stands for a home without land of its own
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
    """The outlines of one community's sub-grids by number, the method that drew them, and how many sub-grids got a mere spot."""

    shapes: Shapes
    method: str
    spots: int = 0


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

    def add(self, other: Points) -> Points:
        """Return these points and others after them."""
        return Points(
            np.concatenate([self.xy, other.xy]), np.concatenate([self.owner, other.owner]),
            np.concatenate([self.block, other.block]), np.concatenate([self.part, other.part]),
        )  # fmt: skip


class _DefeatedError(Exception):
    """A drawing does not hold; the next method is tried."""


_DEFEATS = (_DefeatedError, shapely.errors.GEOSException, QhullError, ArithmeticError, ValueError, IndexError)


# -- one community -----------------------------------------------------------------------------------------------------


def tessellate_community(land: Land, rules: OutlineRules) -> Drawing:
    """Tile the land of one community by its sub-grids; a method that fails hands over to a plainer one."""
    if len(land.codes) == 1:
        return Drawing(np.array([land.outline], dtype=object), "whole")
    shapes = _bring_inside(land)
    tries: list[tuple[str, Shapes]] = [("streets", land.lines)] if rules.along_streets and len(land.lines) else []
    for method, lines in [*tries, ("walls", land.lines[:0])]:
        try:
            return _draw_checked(land, shapes, lines, rules, method)
        except _DEFEATS:
            continue
    return Drawing(_draw_cells(land, shapes, rules.grid), "cells")


def _bring_inside(land: Land) -> Shapes:
    """Cut shapes at the community's limit; a home wholly outside is stood for by a spot on the nearest part of the limit."""
    shapely.prepare(land.outline)
    cut = np.flatnonzero(~shapely.contains_properly(land.outline, land.shapes))
    shapes = land.shapes.copy()
    shapes[cut] = keep_polygons(shapely.intersection(shapes[cut], land.outline))
    out = cut[(shapely.area(shapes[cut]) <= 0) & (land.parts[cut] >= 0)]
    ends = shapely.get_point(shapely.shortest_line(land.outline, land.shapes[out]), 0)
    shapes[out] = shapely.intersection(shapely.buffer(ends, SPOT), land.outline)
    return shapes


def _draw_checked(land: Land, shapes: Shapes, lines: Shapes, rules: OutlineRules, method: str) -> Drawing:
    """Draw the outlines, save sub-grids that others on the same spot left no land, and check that all is well."""
    drawn = draw_outlines(land.outline, shapes, land.parts, lines, rules)
    lost = np.flatnonzero(shapely.area(drawn) <= 0)
    if len(lost):
        first = np.array([np.flatnonzero(land.parts == part)[0] for part in lost])
        # Spots of falling radius: the smallest shape on a spot wins, so each keeps at least a ring.
        spots = shapely.buffer(shapely.point_on_surface(shapes[first]), SPOT / (1.0 + np.arange(len(lost))))
        spots = shapely.intersection(spots, land.outline)
        drawn = draw_outlines(land.outline, np.append(shapes, spots), np.append(land.parts, lost), lines, rules)
    whole = shapely.area(land.outline)
    if (shapely.area(drawn) <= 0).any() or not shapely.is_valid(drawn).all():
        raise _DefeatedError("a sub-grid is empty or invalid")
    if abs(shapely.area(drawn).sum() - whole) > AREA_ERROR * whole or not shapely.coverage_is_valid(drawn):
        raise _DefeatedError("the sub-grids do not tile the community")
    return Drawing(drawn, method, len(lost))


def _draw_cells(land: Land, shapes: Shapes, grid: float) -> Shapes:
    """Give every spot of land to the sub-grid of the nearest home's middle: the plainest method, which always works."""
    homes = np.flatnonzero((land.parts >= 0) & (shapely.area(shapes) > 0))
    xy, first = np.unique(shapely.get_coordinates(shapely.point_on_surface(shapes[homes])).round(3), axis=0, return_index=True)
    parts = land.parts[homes[first]]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(xy), extend_to=land.outline, ordered=True))
    joined = dissolve_faces(cells, parts, len(land.codes))
    return np.asarray(shapely.intersection(joined, land.outline, grid_size=grid))


def draw_outlines(outline: Any, shapes: Shapes, parts: Ints, lines: Shapes, rules: OutlineRules) -> Shapes:
    """Draw the outlines of all sub-grids of a community.

    Blocks between streets whose homes are of one sub-grid are its own; others are cut midway between walls. All lines
    are noded together, so that the faces between them share their corners and tile the land exactly.

    Parameters
    ----------
    outline
        The community, on the precision grid.
    shapes, parts
        Footprints inside it and the number of the sub-grid of each; -1 for what is no home.
    lines
        Streets and barriers.

    Returns
    -------
    One outline for each number of a sub-grid; empty where others cover all its homes.

    Examples
    --------
    >>> west, east = shapely.box(1, 1, 3, 3), shapely.box(7, 1, 9, 3)
    >>> none = np.array([], dtype=object)
    >>> drawn = draw_outlines(shapely.box(0, 0, 10, 4), np.array([west, east]), np.array([0, 1]), none, OutlineRules())
    >>> [shape.bounds for shape in drawn]
    [(0.0, 0.0, 5.0, 4.0), (5.0, 0.0, 10.0, 4.0)]
    """
    count = int(parts.max()) + 1
    solid = shapely.area(shapes) > 0
    shapes, parts = shapes[solid], parts[solid]
    homes = np.flatnonzero(parts >= 0)
    blocks = make_faces(lines, outline, rules.grid)
    tree = shapely.STRtree(shapes)
    crossed = _find_touched(tree, np.append(lines, shapely.boundary(outline)))
    place = partial(_place_points, shapes=shapes, blocks=blocks, crossed=crossed)
    parts, points = _label_others(place(spacing=np.full(len(shapes), rules.spacing)), parts)
    points, clashing = _refine_points(points, place, parts, rules.spacing)
    chains = _cut_blocks(points, blocks, shapes, rules)
    walled = crossed | clashing | _find_touched(tree, chains)
    drawn = np.concatenate([lines, chains, shapely.boundary(shapes[walled])])
    faces = make_faces(drawn, outline, rules.grid)
    labels = _label_faces(faces, blocks, points, shapes[walled], parts[walled])
    edges = find_edges(faces)
    strips, borders = _find_strips(faces, labels, edges, len(blocks), rules.spacing)
    if len(strips):
        blocks, points = np.append(blocks, strips), points.add(borders)
        chains = _cut_blocks(borders, blocks, shapes, rules)
        faces = make_faces(np.concatenate([drawn, chains]), outline, rules.grid)
        labels = _label_faces(faces, blocks, points, shapes[walled], parts[walled])
        edges = find_edges(faces)
    stands = find_holder(faces, shapely.get_coordinates(shapely.point_on_surface(shapes[homes])))
    labels = _hand_on(faces, labels, edges, stands[stands >= 0], parts[homes][stands >= 0])
    return dissolve_faces(faces, labels, count)


def _hand_on(faces: Shapes, labels: Ints, edges: tuple[Floats, Floats, Ints, Ints], homes: Ints, parts: Ints) -> Ints:
    """Hand faces without homes on so that sub-grids are of as few pieces as may be."""
    start, end, one, two = edges
    borders = (one, two, np.hypot(*(end - start).T))
    labels = _label_rest(faces, settle_labels(labels, homes, parts, borders))
    for _ in range(ROUNDS):
        joined = join_pieces(labels, homes, borders)
        if (joined == labels).all():
            break
        labels = _label_rest(faces, settle_labels(joined, homes, parts, borders))
    return labels


def _find_touched(tree: Any, lines: Shapes) -> Bools:
    touched = np.zeros(len(tree.geometries), dtype=bool)
    touched[tree.query(lines, predicate="intersects")[1]] = True
    return touched


def _place_points(*, shapes: Shapes, blocks: Shapes, crossed: Bools, spacing: Floats) -> Points:
    """Place points on all walls, each in its block; those outside every block are left out."""
    xy, owner = sample_walls(shapes, spacing)
    first = np.searchsorted(owner, np.arange(len(shapes)))
    block = find_holder(blocks, xy[first])[owner]
    block[crossed[owner]] = find_holder(blocks, xy[crossed[owner]])
    return Points(xy, owner, block, np.full(len(xy), -1, dtype=np.int64)).take(block >= 0)


def _label_others(points: Points, parts: Ints) -> tuple[Ints, Points]:
    """Give every shape that is no home the sub-grid of the nearest home, in its own block if there is one."""
    other = parts[points.owner] < 0
    homes, others = points.take(~other), points.take(other)
    out = parts.copy()
    if len(others.xy):
        nearest, gap = find_nearest(others.xy, others.block, homes.xy, homes.block)
        order = np.lexsort((homes.owner[nearest], -gap))
        out[others.owner[order]] = parts[homes.owner[nearest[order]]]
    return out, Points(points.xy, points.owner, points.block, out[points.owner])


def _refine_points(points: Points, place: Callable[..., Points], parts: Ints, spacing: float) -> tuple[Points, Bools]:
    """Place more points on walls that face other sub-grids, the denser the nearer; only in blocks with several sub-grids.

    Also returns the shapes whose walls touch those of another sub-grid.
    """
    mixed = _find_mixed(points)
    gap = np.full(len(parts), np.inf)
    near = points.take(mixed[points.block])
    for rows in _split_blocks(near.block):
        _, between = find_ridges(near.xy[rows], near.part[rows])
        p, q = rows[between[:, 0]], rows[between[:, 1]]
        apart = np.hypot(*(near.xy[p] - near.xy[q]).T)
        np.minimum.at(gap, near.owner[p], apart)
        np.minimum.at(gap, near.owner[q], apart)
    dense = place(spacing=np.clip(gap / PER_GAP, FINEST, spacing))
    dense = Points(dense.xy, dense.owner, dense.block, parts[dense.owner])
    rows = np.flatnonzero(mixed[dense.block])
    pairs = rows[cKDTree(dense.xy[rows]).query_pairs(CLASH, output_type="ndarray")] if len(rows) else np.zeros((0, 2), np.int64)
    pairs = pairs[dense.part[pairs[:, 0]] != dense.part[pairs[:, 1]]]
    clashing = np.zeros(len(parts), dtype=bool)
    clashing[dense.owner[pairs]] = True
    keep = np.ones(len(dense.xy), dtype=bool)
    keep[pairs] = False
    return dense.take(keep), clashing


def _find_mixed(points: Points) -> Bools:
    """Find the blocks with points of several sub-grids."""
    blocks = int(points.block.max(initial=-1)) + 1
    least, most = np.full(blocks, np.iinfo(np.int64).max), np.full(blocks, -1)
    np.minimum.at(least, points.block, points.part)
    np.maximum.at(most, points.block, points.part)
    return np.asarray(least < most)


def _split_blocks(block: Ints) -> list[Ints]:
    """Split the rows of points by their blocks, in the order of the blocks."""
    order = np.argsort(block, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(block[order])) + 1) if len(order) else []


def _cut_blocks(points: Points, blocks: Shapes, shapes: Shapes, rules: OutlineRules) -> Shapes:
    """Draw the lines that cut every block with several sub-grids midway between their points."""
    points = points.take(_find_mixed(points)[points.block])
    chains = [np.array([], dtype=object)]
    for rows in _split_blocks(points.block):
        ridges, _ = find_ridges(points.xy[rows], points.part[rows])
        chains.append(chain_ridges(ridges, blocks[points.block[rows[0]]], rules.grid))
    return extend_chains(straighten_chains(np.concatenate(chains), shapes, rules.straighten))


def _label_faces(faces: Shapes, blocks: Shapes, points: Points, walled: Shapes, parts: Ints) -> Ints:
    """Label faces: inside a building by the building, else by the nearest wall in the same block; -1 in empty blocks."""
    xy = shapely.get_coordinates(shapely.point_on_surface(faces))
    building = find_holder(walled, xy)
    nearest, gap = find_nearest(xy, find_holder(blocks, xy), points.xy, points.block)
    labels = np.where(np.isfinite(gap), points.part[nearest], -1)
    return np.where(building >= 0, np.append(parts, -1)[building], labels)


def _find_strips(
    faces: Shapes, labels: Ints, edges: tuple[Floats, Floats, Ints, Ints], blocks: int, spacing: float
) -> tuple[Shapes, Points]:
    """Find long empty faces, such as rivers and the land between two carriageways, and points on their banks.

    Each is a block of its own, numbered on from ``blocks``; its points bear the label of the land on the other side.
    """
    area, length = shapely.area(faces), shapely.length(faces)
    thin = (labels < 0) & (4 * np.pi * area < STRIP * length**2)
    number = np.cumsum(thin) - 1 + blocks
    start, end, one, two = edges
    strip, bank = np.concatenate([one, two]), np.concatenate([two, one])
    rows = np.flatnonzero(thin[strip] & (labels[bank] >= 0))
    segment = rows % len(one)
    step = np.clip(2 * area / length / PER_GAP, FINEST, spacing)[strip[rows]]
    xy, edge = sample_lines(start[segment], end[segment], step)
    owner = np.full(len(xy), -1, dtype=np.int64)
    return faces[thin], Points(xy, owner, number[strip[rows]][edge], labels[bank[rows]][edge])


def _label_rest(faces: Shapes, labels: Ints) -> Ints:
    """Label faces on land apart from all homes, such as an island, by the nearest face that has a label."""
    rest, done = labels < 0, labels >= 0
    if not rest.any():
        return labels
    near = shapely.STRtree(faces[done]).query_nearest(faces[rest], all_matches=False)[1]
    out = labels.copy()
    out[rest] = labels[done][near]
    return out


# -- all communities -----------------------------------------------------------------------------------------------------


def tessellate(
    communities: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    stairwells: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    rules: OutlineRules | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Outlines:
    """Draw the land outlines of all sub-grids: they tile every community that has any, without gap or overlap.

    Parameters
    ----------
    communities, buildings, streets, barriers
        The site's tables, in one projected CRS in metres.
    stairwells
        The stairwells with their sub-grids.
    rules
        Precision, distance of points on walls, whether streets are followed.
    workers
        Threads to use; one for each core if not given.
    progress
        Called with the stage, the communities done and all communities.

    Raises
    ------
    InputError
        If a stairwell has no sub-grid, or its building or community is not in the tables.
    """
    rules = rules or OutlineRules()
    _check_stairwells(communities, buildings, stairwells)
    lands = prepare_lands(communities, buildings, stairwells, streets, barriers, rules)
    drawings = map_tasks(
        partial(tessellate_community, rules=rules), lands, workers=workers, stage="outlines", progress=progress or keep_silent
    )
    codes = [code for land in lands for code in land.codes]
    shapes = match_borders(np.concatenate([d.shapes for d in drawings]), 2 * rules.grid) if drawings else np.array([], dtype=object)
    series = gpd.GeoSeries(shapes, index=pd.Index(codes, name="subgrid", dtype="str"), crs=buildings.crs).sort_index()
    return Outlines(series, tuple(_list_entries(communities, lands, drawings)))


def prepare_lands(
    communities: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    stairwells: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    rules: OutlineRules,
) -> list[Land]:
    """Prepare the land of every community that has homes, in the order of the communities' codes."""
    communities = communities.sort_index()
    footprints = _slice_buildings(buildings.sort_index(), stairwells)
    outlines = shapely.set_precision(communities.geometry.to_numpy(), rules.grid)
    lines = np.concatenate([_find_lines(table) for table in (streets, barriers)])
    where, line = shapely.STRtree(lines).query(outlines, predicate="intersects")
    groups = {str(community): own for community, own in footprints.groupby("community", sort=False)}
    lands = []
    for i, community in enumerate(communities.index):
        own = groups.get(str(community))
        if own is None or not (own["subgrid"] != "").any():
            continue
        codes = tuple(sorted(set(own["subgrid"]) - {""}))
        near = shapely.clip_by_rect(lines[np.sort(line[where == i])], *shapely.buffer(outlines[i], 1.0).bounds)
        parts = own["subgrid"].map({code: n for n, code in enumerate(codes)} | {"": -1}).to_numpy(np.int64)
        lands.append(Land(str(community), outlines[i], own["shape"].to_numpy(), parts, codes, near[~shapely.is_empty(near)]))
    return lands


def _find_lines(table: gpd.GeoDataFrame) -> Shapes:
    """Find the lines of a table, and the banks of its polygons."""
    shapes = table.sort_index().geometry.to_numpy()
    lines = shapely.force_2d(shapes[shapely.get_dimensions(shapes) >= 1])
    flat = shapely.get_dimensions(lines) == 2
    lines[flat] = shapely.boundary(lines[flat])
    return np.asarray(lines, dtype=object)


def _slice_buildings(buildings: gpd.GeoDataFrame, stairwells: gpd.GeoDataFrame) -> pd.DataFrame:
    """List all footprints with community and sub-grid; a building of several sub-grids in slices, one for each run of doors."""
    doors = stairwells[["building", "community", "subgrid", "slice_from"]].rename_axis("stairwell").reset_index()
    doors = doors.sort_values(["building", "slice_from", "stairwell"], ignore_index=True)
    runs = doors[(doors["building"] != doors["building"].shift()) | (doors["subgrid"] != doors["subgrid"].shift())].copy()
    first = (runs["building"] != runs["building"].shift()).to_numpy()
    last = (runs["building"] != runs["building"].shift(-1)).to_numpy()
    begin = np.where(first, 0.0, runs["slice_from"])
    end = np.where(last, 1.0, runs["slice_from"].shift(-1))
    shape = buildings.geometry.reindex(runs["building"]).to_numpy()
    cut = ~(first & last)
    shape[cut] = slice_footprints(shape[cut], begin[cut], end[cut])
    others = buildings[~buildings.index.isin(runs["building"])]
    homes = runs[["building", "community", "subgrid"]].assign(shape=shape)
    plain = pd.DataFrame({"building": others.index, "community": others["community"].to_numpy(), "subgrid": ""})
    return pd.concat([homes, plain.assign(shape=others.geometry.to_numpy())]).sort_values("building", kind="stable", ignore_index=True)


def _check_stairwells(communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, stairwells: gpd.GeoDataFrame) -> None:
    """Refuse stairwells that no land can be drawn for."""
    checks = (
        ("subgrid", stairwells["subgrid"] != "", "have no sub-grid", "divide them first"),
        ("building", stairwells["building"].isin(buildings.index), "are in no building of the table", "give their buildings"),
        ("community", stairwells["community"].isin(communities.index), "are in no community of the table", "give their communities"),
    )
    problems = [
        Problem("stairwells", f"{column} is known", f"{(~good).sum()} stairwells {message}", remedy, tuple(stairwells.index[~good]))
        for column, good, message, remedy in checks
        if not good.all()
    ]
    if problems:
        raise InputError(problems)


_REASONS = {
    "walls": "outlines drawn midway between buildings only: with the streets they do not tile the community",
    "cells": "outlines drawn midway between the middles of homes: walls and streets do not give a tiling",
}


def _list_entries(communities: gpd.GeoDataFrame, lands: list[Land], drawings: list[Drawing]) -> list[Entry]:
    """List what a reader of the plan should know about its outlines."""
    drawn = {land.community for land in lands}
    empty = [str(c) for c in communities.sort_index().index if c not in drawn]
    entries = [Entry("outlines", "communities", "noted", len(empty), "no homes: no sub-grids drawn", empty)]
    for method, reason in _REASONS.items():
        ids = [land.community for land, d in zip(lands, drawings, strict=True) if d.method == method]
        entries.append(Entry("outlines", "communities", "noted", len(ids), reason, ids))
    torn = [code for land, d in zip(lands, drawings, strict=True) for code in np.array(land.codes)[_is_torn(d.shapes)]]
    entries.append(Entry("outlines", "subgrids", "noted", len(torn), "outline in several pieces, each with homes", torn))
    cut = sum((int(_find_cut(land).sum()) for land in lands), 0)
    entries.append(Entry("outlines", "buildings", "noted", cut, "the limit of the community cuts the home or leaves it outside"))
    spots = [land.community for land, d in zip(lands, drawings, strict=True) if d.spots]
    reason = "homes of several sub-grids stand on the same spot: some sub-grids are a mere spot"
    entries.append(Entry("outlines", "subgrids", "noted", sum(d.spots for d in drawings), reason, spots))
    return entries


def _is_torn(shapes: Shapes) -> Bools:
    return np.asarray(shapely.get_num_geometries(shapes) > 1)


def _find_cut(land: Land) -> Bools:
    homes = land.shapes[land.parts >= 0]
    shapely.prepare(land.outline)
    return np.asarray(~shapely.covers(land.outline, homes))
