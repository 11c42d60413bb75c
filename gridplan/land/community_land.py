"""The land of each community: its footprints and lines, made ready to be tiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints, Shapes
from gridplan.errors import InputError, Problem
from gridplan.rules.outlines import OutlineRules

SPOT = 1.0  # m, radius of the spot that stands for a home without land of its own


@dataclass(frozen=True)
class CommunityLand:
    """The land of one community, ready to be tiled.

    ``shapes`` are footprints or slices of footprints, ``buildings`` their
    codes, ``parts`` the number of the sub-grid of each (-1: no home),
    ``codes`` the sub-grids' codes by number, ``lines`` the streets and
    barriers, ``doors`` the places of its doors.
    """

    community: str
    outline: Any
    shapes: Shapes
    buildings: Shapes
    parts: Ints
    codes: tuple[str, ...]
    lines: Shapes
    doors: Shapes = field(default_factory=lambda: np.array([], dtype=object))


def prepare_lands(
    communities: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    stairwells: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    rules: OutlineRules,
) -> list[CommunityLand]:
    """Prepare the land of every community that has homes, in the order of their codes."""
    communities = communities.sort_index()
    footprints = _slice_buildings(buildings.sort_index(), stairwells)
    outlines = shapely.set_precision(communities.geometry.to_numpy(), rules.grid)
    lines = np.concatenate([_find_lines(table) for table in (streets, barriers)])
    where, line = shapely.STRtree(lines).query(outlines, predicate="intersects")
    groups = {
        str(community): slices for community, slices in footprints.groupby("community", sort=False)
    }
    doors = {
        str(community): rows.geometry.to_numpy()
        for community, rows in stairwells.groupby("community", sort=False)
    }
    lands = []
    for i, community in enumerate(communities.index):
        slices = groups.get(str(community))
        if slices is None or not (slices["subgrid"] != "").any():
            continue
        codes = tuple(sorted(set(slices["subgrid"]) - {""}))
        # Clipped a metre beyond the limit: long lines of a region slow down
        # every overlay.
        near = shapely.clip_by_rect(
            lines[np.sort(line[where == i])], *shapely.buffer(outlines[i], 1.0).bounds
        )
        parts = (
            slices["subgrid"]
            .map({code: n for n, code in enumerate(codes)} | {"": -1})
            .to_numpy(np.int64)
        )
        shapes = slices["shape"].to_numpy()
        names = slices["building"].to_numpy(dtype=object)
        lands.append(
            CommunityLand(
                str(community),
                outlines[i],
                shapes,
                names,
                parts,
                codes,
                near[~shapely.is_empty(near)],
                doors.get(str(community), lines[:0]),
            )
        )
    return lands


def _find_lines(table: gpd.GeoDataFrame) -> Shapes:
    """Find the lines of a table, and the banks of its polygons."""
    shapes = table.sort_index().geometry.to_numpy()
    lines = shapely.force_2d(shapes[shapely.get_dimensions(shapes) >= 1])
    flat = shapely.get_dimensions(lines) == 2
    lines[flat] = shapely.boundary(lines[flat])
    return np.asarray(lines, dtype=object)


def _slice_buildings(buildings: gpd.GeoDataFrame, stairwells: gpd.GeoDataFrame) -> pd.DataFrame:
    """List all footprints with community and sub-grid.

    A building of several sub-grids comes in slices, one for each run of doors.
    """
    doors = (
        stairwells[["building", "community", "subgrid", "slice_from"]]
        .rename_axis("stairwell")
        .reset_index()
    )
    doors = doors.sort_values(["building", "slice_from", "stairwell"], ignore_index=True)
    runs = doors[
        (doors["building"] != doors["building"].shift())
        | (doors["subgrid"] != doors["subgrid"].shift())
    ].copy()
    # The outer runs reach to the ends of the building, whatever their doors'
    # shares.
    first = (runs["building"] != runs["building"].shift()).to_numpy()
    last = (runs["building"] != runs["building"].shift(-1)).to_numpy()
    begin = np.where(first, 0.0, runs["slice_from"])
    end = np.where(last, 1.0, runs["slice_from"].shift(-1))
    shape = buildings.geometry.reindex(runs["building"]).to_numpy().copy()
    cut = ~(first & last)
    shape[cut] = slice_footprints(shape[cut], begin[cut], end[cut])
    others = buildings[~buildings.index.isin(runs["building"])]
    homes = runs[["building", "community", "subgrid"]].assign(shape=shape)
    plain = pd.DataFrame(
        {"building": others.index, "community": others["community"].to_numpy(), "subgrid": ""}
    )
    return pd.concat([homes, plain.assign(shape=others.geometry.to_numpy())]).sort_values(
        "building", kind="stable", ignore_index=True
    )


def check_stairwells(
    communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, stairwells: gpd.GeoDataFrame
) -> None:
    """Refuse stairwells that no land can be drawn for."""
    checks = (
        ("subgrid", stairwells["subgrid"] != "", "have no sub-grid", "divide them first"),
        (
            "building",
            stairwells["building"].isin(buildings.index),
            "are in no building of the table",
            "give their buildings",
        ),
        (
            "community",
            stairwells["community"].isin(communities.index),
            "are in no community of the table",
            "give their communities",
        ),
    )
    problems = [
        Problem(
            "stairwells",
            f"{column} is known",
            f"{(~good).sum()} stairwells {message}",
            remedy,
            tuple(stairwells.index[~good]),
        )
        for column, good, message, remedy in checks
        if not good.all()
    ]
    if problems:
        raise InputError(problems)


def bring_inside(land: CommunityLand) -> Shapes:
    """Cut shapes at the community's limit.

    A home wholly outside becomes a spot on the nearest part of the limit.
    """
    shapely.prepare(land.outline)
    cut = np.flatnonzero(~shapely.contains_properly(land.outline, land.shapes))
    shapes = land.shapes.copy()
    shapes[cut] = keep_polygons(shapely.intersection(shapes[cut], land.outline))
    out = cut[(shapely.area(shapes[cut]) <= 0) & (land.parts[cut] >= 0)]
    ends = shapely.get_point(shapely.shortest_line(land.outline, land.shapes[out]), 0)
    shapes[out] = shapely.intersection(shapely.buffer(ends, SPOT), land.outline)
    return shapes


def slice_footprints(footprints: Shapes, begin: Floats, end: Floats) -> Shapes:
    """Cut slices out of footprints, across the long axis of each one's tightest rectangle.

    ``begin`` and ``end`` are shares of the axis, 0 at its western end (the
    southern one where it runs due north).

    Examples
    --------
    >>> slab = np.array([shapely.box(0, 0, 60, 12)] * 2)
    >>> [s.bounds for s in slice_footprints(slab, np.array([0.0, 0.25]), np.array([0.25, 1.0]))]
    [(0.0, 0.0, 15.0, 12.0), (15.0, 0.0, 60.0, 12.0)]
    """
    rectangles = shapely.oriented_envelope(footprints)
    # A footprint without width has a line for its rectangle.
    flat = shapely.get_num_coordinates(rectangles) != 5
    rectangles[flat] = shapely.envelope(shapely.buffer(footprints[flat], SPOT))
    # GEOS finds no tightest rectangle for a few shapes; their box does as well.
    lost = ~np.isfinite(shapely.bounds(rectangles)).all(axis=1)
    rectangles[lost] = shapely.envelope(footprints[lost])
    corners = shapely.get_coordinates(rectangles).reshape(-1, 5, 2)[:, :4]
    sides = corners[:, [1, 2]] - corners[:, [0, 1]]
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    long = (lengths[:, 1] > lengths[:, 0] + 1e-9).astype(int)
    rows = np.arange(len(footprints))
    axis = sides[rows, long]
    # One direction for each axis, so that doors are numbered from west to
    # east.
    flip = (axis[:, 0] < -1e-9 * lengths[rows, long]) | (
        (np.abs(axis[:, 0]) <= 1e-9 * lengths[rows, long]) & (axis[:, 1] < 0)
    )
    axis = np.where(flip[:, None], -axis, axis)
    west = corners.mean(axis=1) - axis / 2
    # As wide as the axis is long, so wide enough.
    across = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    # The outer slices reach a little further, so that rounding leaves nothing
    # of the footprint out.
    begin = np.where(begin <= 0, -0.5, begin)
    end = np.where(end >= 1, 1.5, end)
    near = west + axis * begin[:, None]
    far = west + axis * end[:, None]
    strips = shapely.polygons(
        np.stack([near - across, far - across, far + across, near + across], axis=1)
    )
    slices = np.asarray(keep_polygons(shapely.intersection(footprints, strips)))
    # A slice may fall between the parts of a building; a spot on the nearer part stands for it.
    empty = shapely.area(slices) <= 0
    ends = shapely.get_point(shapely.shortest_line(footprints[empty], strips[empty]), 0)
    slices[empty] = shapely.intersection(shapely.buffer(ends, SPOT), footprints[empty])
    return slices


def keep_polygons(shapes: Shapes) -> Shapes:
    """Leave out of mixed shapes what is no polygon."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    out = shapes.copy()
    for i in mixed:
        parts = shapely.get_parts(shapes[i])
        out[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return out
