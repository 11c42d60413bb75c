"""Land outlines: each community tiled by its sub-grids, along streets or midway between walls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import QhullError

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.geometry.linework import make_faces
from gridplan.geometry.tiling import dissolve_faces, find_holder, match_borders
from gridplan.land.community_land import (
    SPOT,
    CommunityLand,
    bring_inside,
    check_stairwells,
    keep_polygons,
    prepare_lands,
)
from gridplan.planning.outlines.crumbs import Slices, give_crumbs
from gridplan.planning.outlines.subgrid_outlines import draw_outlines
from gridplan.rules.outlines import OutlineRules
from gridplan.tables.ledger import Entry

AREA_ERROR = 1e-6  # relative error of area up to which sub-grids count as tiling their community
STRAY = 0.001  # share of a home's footprint that rounding may leave outside its sub-grid
WALL = 0.5  # m of a home that may be on land of others, since walls are shared
APART = 0.01  # m that homes on the same point are moved apart where points alone stand for them
FALLBACKS = {
    "walls": "outlines go midway between buildings only: "
    "with the streets they do not tile the community",
    "cells": "outlines go midway between the middles of homes: "
    "drawn along walls and streets they do not tile the community",
}


@dataclass(frozen=True)
class CommunityOutlines:
    """The outlines of one community's sub-grids by number, and how they were drawn.

    ``method`` is the way that drew them, ``spots`` the sub-grids that are a
    mere spot, ``carved`` the rows of the homes that were carved out of land
    drawn for others.
    """

    shapes: Shapes
    method: str
    spots: tuple[int, ...] = ()
    carved: tuple[int, ...] = ()


@dataclass(frozen=True)
class PlanOutlines:
    """Land outlines by sub-grid code, and what was noted while they were drawn."""

    subgrids: gpd.GeoSeries
    entries: tuple[Entry, ...]


class _DefeatedError(Exception):
    """A drawing does not hold; the next method is tried."""


# What the geometry of a real town may raise in the middle of a drawing.
_DEFEATS = (
    _DefeatedError,
    shapely.errors.GEOSException,
    QhullError,
    ArithmeticError,
    ValueError,
    IndexError,
)


def tessellate_community(land: CommunityLand, rules: OutlineRules) -> CommunityOutlines:
    """Tile the land of one community by its sub-grids.

    A method that fails hands over to a plainer one.

    Examples
    --------
    >>> homes = np.array([shapely.box(1, 1, 3, 3), shapely.box(7, 1, 9, 3)])
    >>> outline = shapely.box(0, 0, 10, 4)
    >>> names = np.array(["a", "b"])
    >>> codes = ("c-001", "c-002")
    >>> land = CommunityLand("c", outline, homes, names, np.array([0, 1]), codes, homes[:0])
    >>> drawing = tessellate_community(land, OutlineRules())
    >>> drawing.method, shapely.area(drawing.shapes).tolist()
    ('full', [20.0, 20.0])
    """
    # One sub-grid has all the land, whatever stands on it.
    if len(land.codes) == 1:
        return CommunityOutlines(np.array([land.outline], dtype=object), "full")
    shapes = bring_inside(land)
    drawing = _draw_best(land, shapes, rules)
    is_slice = (land.parts >= 0) & pd.Series(land.buildings).duplicated(keep=False).to_numpy()
    building = pd.factorize(land.buildings[is_slice])[0]
    slices = Slices(shapes[is_slice], building, land.parts[is_slice])
    return _give_crumbs(drawing, land, _place_homes(land, shapes, is_slice), slices)


def _place_homes(land: CommunityLand, shapes: Shapes, is_slice: Bools) -> Shapes:
    """Place every home within its walls; a slice of a building is where its doors are.

    A slice of a winding building may be mere corners, and the point inside it on any of them.
    """
    lived = (land.parts >= 0) & ~shapely.is_empty(shapes)
    if len(land.doors):
        lived &= ~is_slice
    inner = shapely.buffer(shapes[lived], -WALL, join_style="mitre")
    inner = np.where(shapely.is_empty(inner), shapely.point_on_surface(shapes[lived]), inner)
    return np.append(inner, land.doors)


def _give_crumbs(
    drawing: CommunityOutlines, land: CommunityLand, homes: Shapes, slices: Slices
) -> CommunityOutlines:
    """Give pieces too small to draw to their neighbours, unless the tiling would not hold."""
    try:
        shapes = give_crumbs(drawing.shapes, homes, slices)
        _check_tiling(shapes, land.outline)
    except _DEFEATS:
        return drawing
    return replace(drawing, shapes=shapes)


def _draw_best(land: CommunityLand, shapes: Shapes, rules: OutlineRules) -> CommunityOutlines:
    """Draw with the best method that holds."""
    lines = land.lines if rules.along_streets else land.lines[:0]
    # From the best to the plainest: along streets and walls, then walls alone.
    for method, along in (("full", lines), ("walls", lines[:0])):
        try:
            return _draw_checked(land, shapes, along, rules, method)
        except _DEFEATS:
            continue
    # A diagram of points cannot fail, though its lines cross buildings.
    cells = draw_cells(land, shapes, rules.grid)
    try:
        return _carve_homes(CommunityOutlines(cells, "cells"), land, shapes, rules.grid)
    except _DEFEATS:
        return CommunityOutlines(cells, "cells")


def _draw_checked(
    land: CommunityLand, shapes: Shapes, lines: Shapes, rules: OutlineRules, method: str
) -> CommunityOutlines:
    """Draw the outlines, save sub-grids left without land, and check the result."""
    drawn = draw_outlines(land.outline, shapes, land.parts, lines, rules)
    lost = np.flatnonzero(shapely.area(drawn) <= 0)
    if len(lost):
        # The first home of each sub-grid that others cover stands for it.
        first = np.array([np.flatnonzero(land.parts == part)[0] for part in lost])
        # Spots of falling radius: the smallest shape on a spot wins, so each
        # keeps at least a ring.
        spots = shapely.buffer(
            shapely.point_on_surface(shapes[first]), SPOT / (1.0 + np.arange(len(lost)))
        )
        spots = shapely.intersection(spots, land.outline)
        drawn = draw_outlines(
            land.outline, np.append(shapes, spots), np.append(land.parts, lost), lines, rules
        )
    _check_tiling(drawn, land.outline)
    return _carve_homes(
        CommunityOutlines(drawn, method, tuple(lost.tolist())), land, shapes, rules.grid
    )


def _check_tiling(drawn: Shapes, outline: Any) -> None:
    """Refuse sub-grids that are empty or invalid or do not tile their community."""
    whole = shapely.area(outline)
    if (shapely.area(drawn) <= 0).any() or not shapely.is_valid(drawn).all():
        raise _DefeatedError("a sub-grid is empty or invalid")
    if abs(shapely.area(drawn).sum() - whole) > AREA_ERROR * whole or not shapely.coverage_is_valid(
        drawn
    ):
        raise _DefeatedError("the sub-grids do not tile the community")


def _carve_homes(
    drawing: CommunityOutlines, land: CommunityLand, shapes: Shapes, grid: float
) -> CommunityOutlines:
    """Carve homes out of the land of other sub-grids, along their walls."""
    strays = find_strays(drawing.shapes, shapes, land.parts)
    if not len(strays):
        return drawing
    faces = make_faces(
        shapely.boundary(np.append(drawing.shapes, shapes[strays])), land.outline, grid
    )
    xy = shapely.get_coordinates(shapely.point_on_surface(faces))
    # Each face goes to the home in it, else to the sub-grid that had it.
    stray = find_holder(shapes[strays], xy)
    holder = find_holder(drawing.shapes, xy)
    labels = np.where(stray >= 0, land.parts[strays][stray], holder)
    drawn = dissolve_faces(faces, labels, len(land.codes))
    _check_tiling(drawn, land.outline)
    if len(find_strays(drawn, shapes, land.parts)):
        raise _DefeatedError("a home lies outside its sub-grid")
    return replace(drawing, shapes=drawn, carved=tuple(strays.tolist()))


def find_strays(drawn: Shapes, shapes: Shapes, parts: Ints) -> Ints:
    """Find the homes partly outside their sub-grid, except where other buildings cover them.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 5, 9), shapely.box(5, 0, 10, 9)])
    >>> homes = np.array([shapely.box(1, 1, 4, 4), shapely.box(4, 5, 7, 8)])
    >>> find_strays(halves, homes, np.array([0, 1])).tolist()
    [1]
    """
    shapely.prepare(drawn)
    homes = np.flatnonzero((parts >= 0) & (shapely.area(shapes) > 0))
    out = homes[~shapely.covers(drawn[parts[homes]], shapes[homes])]
    over = shapely.area(shapely.difference(shapes[out], drawn[parts[out]]))
    astray = over > STRAY * shapely.area(shapes[out])
    out = out[astray]
    over = over[astray]
    home, other = shapely.STRtree(shapes).query(shapes[out], predicate="intersects")
    # Overlapping footprints cannot all keep their land; that is no fault of
    # the drawing.
    common = shapely.area(shapely.intersection(shapes[out[home]], shapes[other])) * (
        parts[other] != parts[out[home]]
    )
    return np.asarray(
        out[
            over > np.bincount(home, common, minlength=len(out)) + STRAY * shapely.area(shapes[out])
        ]
    )


def draw_cells(land: CommunityLand, shapes: Shapes, grid: float) -> Shapes:
    """Give all land to the sub-grid of the nearest home, each home a single point.

    The plainest method, which always works.
    """
    homes = np.flatnonzero((land.parts >= 0) & ~shapely.is_empty(shapes))
    inside = shapely.point_on_surface(shapes[homes])
    # Slivers have no point inside; each home needs one, or labels would shift.
    inside = np.where(
        shapely.is_empty(inside) | shapely.is_missing(inside),
        shapely.centroid(shapes[homes]),
        inside,
    )
    points = pd.DataFrame(shapely.get_coordinates(inside).round(3), columns=["x", "y"])
    # Two points on one spot have one cell between them.
    xy = points.to_numpy() + np.outer(points.groupby(["x", "y"]).cumcount(), [APART, 0.0])
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(xy), extend_to=land.outline, ordered=True)
    )
    joined = dissolve_faces(cells, land.parts[homes], len(land.codes))
    return keep_polygons(shapely.intersection(joined, land.outline, grid_size=grid))


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
) -> PlanOutlines:
    """Draw the land outlines of all sub-grids, which tile their communities exactly.

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
        If a stairwell has no sub-grid, or its building or community is not in
        the tables.

    Examples
    --------
    >>> from gridplan.tables.conform import conform_table, make_empty
    >>> def table(name, geometry, **columns):
    ...     frame = gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:32650")
    ...     return conform_table(name, frame)
    >>> community = table("communities", [shapely.box(0, 0, 100, 40)], community=["c"])
    >>> shapes = [shapely.box(10, 10, 30, 20), shapely.box(70, 10, 90, 20)]
    >>> homes = table("buildings", shapes, building=["a", "b"], community="c")
    >>> codes = {"stairwell": ["a-1", "b-1"], "building": ["a", "b"], "subgrid": ["c-001", "c-002"]}
    >>> doors = table("stairwells", homes.centroid, community="c", slice_to=1.0, **codes)
    >>> none = make_empty("streets", "EPSG:32650")
    >>> tessellate(community, homes, doors, none, none).subgrids.area.to_dict()
    {'c-001': 2000.0, 'c-002': 2000.0}
    """
    rules = rules or OutlineRules()
    check_stairwells(communities, buildings, stairwells)
    lands = prepare_lands(communities, buildings, stairwells, streets, barriers, rules)
    drawings = map_tasks(
        partial(tessellate_community, rules=rules),
        lands,
        workers=workers,
        stage="outlines",
        progress=progress or keep_silent,
    )
    codes = [code for land in lands for code in land.codes]
    shapes = (
        # Communities are drawn apart, so that their outlines lack the corners
        # of one another.
        match_borders(np.concatenate([d.shapes for d in drawings]), 2 * rules.grid)
        if drawings
        else np.array([], dtype=object)
    )
    series = gpd.GeoSeries(
        shapes, index=pd.Index(codes, name="subgrid", dtype="str"), crs=buildings.crs
    ).sort_index()
    return PlanOutlines(series, tuple(list_entries(communities.index, lands, drawings)))


def list_entries(
    communities: Iterable[str],
    lands: Sequence[CommunityLand],
    drawings: Sequence[CommunityOutlines],
) -> list[Entry]:
    """List what a reader of the plan should know about its outlines.

    ``communities`` are those that were asked for; a community may have several lands.
    """

    def note(table: str, reason: str, ids: list[str]) -> Entry:
        return Entry("outlines", table, "noted", len(ids), reason, ids)

    both = list(zip(lands, drawings, strict=True))
    drawn = {land.community for land in lands}
    torn = [
        land.codes[i]
        for land, d in both
        for i in np.flatnonzero(shapely.get_num_geometries(d.shapes) > 1)
    ]
    spots = [land.codes[i] for land, d in both for i in d.spots]
    carved = [str(land.buildings[i]) for land, d in both for i in d.carved]
    cut = [str(b) for land in lands for b in land.buildings[_find_cut(land)]]
    return [
        note(
            "communities",
            "no homes, so no sub-grids",
            [str(c) for c in sorted(communities) if c not in drawn],
        ),
        *(
            note("communities", why, sorted({land.community for land, d in both if d.method == m}))
            for m, why in FALLBACKS.items()
        ),
        note("subgrids", "land in several pieces", torn),
        note(
            "subgrids",
            "all its homes stand where those of another sub-grid stand: drawn as a mere spot",
            spots,
        ),
        note(
            "buildings",
            "home on land drawn for another sub-grid: carved out along its walls",
            sorted(set(carved)),
        ),
        note(
            "buildings", "home cut by the limit of its community, or outside it", sorted(set(cut))
        ),
    ]


def _find_cut(land: CommunityLand) -> Ints:
    """Find the homes beyond the community's limit by more than the rounding of outlines."""
    homes = np.flatnonzero(land.parts >= 0)
    out = homes[~shapely.covers(land.outline, land.shapes[homes])]
    over = shapely.area(shapely.difference(land.shapes[out], land.outline))
    return np.asarray(out[over > AREA_ERROR * shapely.area(land.shapes[out])])
