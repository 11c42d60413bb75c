"""Settled land: the blocks and parts of blocks where homes stand, edged by streets where it can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.geometry.cell_joining import measure_borders
from gridplan.geometry.faces import GRID
from gridplan.geometry.linework import make_faces
from gridplan.geometry.repair import keep_areas
from gridplan.geometry.tiling import find_holder
from gridplan.rules.settlements import SettlementRules

ROUND = 2  # segments of a quarter circle; edges are straightened anyway
CORNERED: dict[str, Any] = {"join_style": "mitre", "mitre_limit": 2.0}
FRINGE = 15.0  # m around a home's wall that no smoothing takes away
THIN = 1.0  # m; a narrower face is no land
SCATTERED = 5  # homes; fewer by themselves are no settlement
LOT = 15.0  # m of land around them
BEYOND = 150.0  # m beyond homes' land within which lines may be its edge


@dataclass(frozen=True)
class SettledLand:
    """Faces of streets, barriers and edges, and which of them are settled.

    ``faces`` come from one noded linework, so that neighbours share their
    corners; ``settled`` says which are homes' land.
    """

    faces: Shapes
    settled: Bools


def find_settled_land(
    homes: Shapes,
    lines: Shapes,
    hard: Shapes,
    wet: Shapes,
    rules: SettlementRules,
    *,
    outline: Any = None,
    grid: float = 0.01,
) -> SettledLand:
    """Find the land where homes stand.

    Land within ``rules.reach`` of homes, with its gaps closed, is fitted to the
    blocks that streets and barriers make: a block that is mostly settled is
    taken whole, one without homes at the edge is left out, and of the others
    the settled part is taken, up to the street where only a strip would be
    left.

    Parameters
    ----------
    homes
        Footprints of homes.
    lines
        Streets and barriers that may be an edge, as lines.
    hard
        Lines that nobody can walk across.
    wet
        Polygons of water and of railway land, which is never settled.
    rules
        Widths and shares.
    outline
        Polygon that all land lies in; a box around the homes if not given.
    grid
        Precision that lines are noded on, in metres.

    Examples
    --------
    >>> homes = shapely.box([0, 20, 40], 0, [10, 30, 50], 10)
    >>> none = np.array([], dtype=object)
    >>> land = find_settled_land(homes, none, none, none, SettlementRules())
    >>> len(land.faces), int(land.settled.sum())
    (2, 1)
    """
    mask = _draw_lots(draw_mask(homes, rules), homes)
    if outline is None:
        outline = shapely.set_precision(
            shapely.box(*shapely.buffer(mask, BEYOND, quad_segs=1).bounds), grid
        )
    blocks = make_faces(np.concatenate([lines, shapely.boundary(wet)]), outline, grid)
    wet_block = (
        find_holder(wet, find_inner(blocks)) >= 0 if len(wet) else np.zeros(len(blocks), bool)
    )
    inner = find_inner(homes)
    held = find_holder(blocks, inner)
    edges = _draw_edges(blocks, wet_block, held, homes, mask, rules)
    bounds = shapely.boundary(edges[~shapely.is_empty(edges)])
    cut = homes[np.unique(shapely.STRtree(homes).query(bounds, predicate="crosses")[1])]
    edge = [shapely.boundary(mask)]
    drawn = [lines, shapely.boundary(wet), bounds, shapely.boundary(cut), edge]
    faces = make_faces(np.concatenate(drawn), outline, grid)
    xy = find_inner(faces)
    of = find_holder(blocks, xy)
    inside = of >= 0
    settled = np.zeros(len(faces), bool)
    shapely.prepare(edges)
    settled[inside] = shapely.contains_xy(edges[of[inside]], *xy[inside].T)
    wet_face = np.zeros(len(faces), bool)
    wet_face[inside] = wet_block[of[inside]]
    settled = _fill_holes(faces, settled, wet_face, xy, rules.hole)
    settled = _settle_thin(faces, settled)
    lived = _find_lived(len(faces), find_holder(faces, inner))
    # A home that the edge would cut stands on settled land with all its walls.
    if len(cut):
        settled |= find_holder(cut, xy) >= 0
    shapely.prepare(mask)
    between = ~settled & ~wet_face & shapely.contains_xy(mask, *xy.T)
    settled = _join_parts(faces, settled, between, lived, hard)
    return SettledLand(faces, settled)


def draw_mask(homes: Shapes, rules: SettlementRules) -> Any:
    """Draw the land around homes, with gaps closed and small holes filled.

    Examples
    --------
    >>> bool(shapely.area(draw_mask(shapely.box([0], 0, 10, 10), SettlementRules())) > 3000)
    True
    """
    grown = shapely.buffer(homes, rules.reach + rules.gap, quad_segs=ROUND)
    closed = shapely.buffer(shapely.union_all(grown), -rules.gap, quad_segs=ROUND)
    return shapely.simplify(_close_holes(closed, rules.hole), rules.straighten)


def _draw_lots(mask: Any, homes: Shapes) -> Any:
    """Draw the land of a few homes by themselves as a lot with straight edges."""
    parts = shapely.get_parts(mask)
    tree = shapely.STRtree(shapely.point_on_surface(homes))
    part, home = tree.query(parts, predicate="intersects")
    few = np.bincount(part, minlength=len(parts))[part] < SCATTERED
    for n, rows in pd.Series(home[few]).groupby(part[few]):
        hull = shapely.convex_hull(shapely.union_all(homes[rows.to_numpy()]))
        lot = shapely.buffer(hull, LOT, **CORNERED)
        # Homes in a bow leave more land between them than around them.
        if shapely.area(lot) < shapely.area(parts[n]):
            parts[n] = lot
    return shapely.union_all(parts)


def _find_lived(count: int, held: Ints) -> Bools:
    """Find which of some faces hold a home; ``held`` is the face of each home, -1 for none."""
    lived = np.zeros(count, bool)
    lived[held[held >= 0]] = True
    return lived


def find_inner(shapes: Shapes) -> Floats:
    """Find a point inside each shape; float64[n, 2]."""
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(shapes)))


def _close_holes(shape: Any, most: float) -> Any:
    """Fill the holes of a shape that are smaller than some area."""
    holes = _find_holes(shape)
    return shapely.union_all(np.append(holes[shapely.area(holes) < most], shape))


def _find_holes(shape: Any) -> Shapes:
    rings, part = shapely.get_rings(shapely.get_parts(shape), return_index=True)
    # The first ring of a polygon is its outer one.
    inner = np.append(False, part[1:] == part[:-1])[: len(rings)]
    return np.asarray(shapely.polygons(rings[inner]), dtype=object)


def _draw_edges(
    blocks: Shapes, wet: Bools, held: Ints, homes: Shapes, mask: Any, rules: SettlementRules
) -> Shapes:
    """Draw the settled part of every block: all of it, none, or what the mask covers."""
    parts = shapely.get_parts(mask)
    shapely.prepare(parts)
    part, block = shapely.STRtree(blocks).query(parts, predicate="intersects")
    whole = shapely.contains_properly(parts[part], blocks[block])
    cut = np.empty(len(part), dtype=object)
    cut[whole] = blocks[block[whole]]
    cut[~whole] = shapely.intersection(blocks[block[~whole]], parts[part[~whole]])
    settled = np.bincount(block, shapely.area(cut), minlength=len(blocks))
    area = shapely.area(blocks)
    share = settled / np.maximum(area, 1e-9)
    full = ((share >= rules.block_share) & (area < rules.block_area)) | (
        (share >= rules.dense_share) & (area < rules.dense_area)
    )
    full = (full | (share > 0.999)) & ~wet
    lived = _find_lived(len(blocks), held)
    out = np.full(len(blocks), shapely.Polygon(), dtype=object)
    out[full] = blocks[full]
    order = np.argsort(held, kind="stable")
    first = np.searchsorted(held[order], np.arange(len(blocks)))
    last = np.searchsorted(held[order], np.arange(len(blocks)), side="right")
    pieces = {int(b): cut[block == b] for b in np.flatnonzero(lived & ~full)}
    for b, shapes in pieces.items():
        own = homes[order[first[b] : last[b]]]
        out[b] = _fit_part(blocks[b], shapely.union_all(shapes), own, rules)
    return out


def _fit_part(block: Any, settled: Any, homes: Shapes, rules: SettlementRules) -> Any:
    """Fit settled land to its block: strips along the edge are added, spurs cut off."""
    rest = shapely.difference(block, settled)
    wide = _open(rest, rules.snap / 2)
    # A strip runs along the settled land, not beyond it.
    beside = shapely.buffer(settled, rules.snap, **CORNERED)
    taken = shapely.intersection(shapely.difference(block, wide), beside)
    near = shapely.intersection(shapely.buffer(shapely.union_all(homes), FRINGE, **CORNERED), taken)
    return keep_areas(shapely.union(_open(taken, rules.smooth), near))


def _open(shape: Any, width: float) -> Any:
    """Take away what is narrower than twice the width, and leave all other edges as they are."""
    core = shapely.buffer(shape, -width, **CORNERED)
    grown = shapely.buffer(core, width * 1.01, **CORNERED)
    try:
        return keep_areas(shapely.intersection(grown, shape))
    except shapely.errors.GEOSException:
        # A mitred edge may cross itself by a rounding.
        both = shapely.make_valid(np.array([grown, shape], dtype=object))
        return keep_areas(shapely.intersection(*both, grid_size=GRID))


def _settle_thin(faces: Shapes, settled: Bools) -> Bools:
    """Give faces too thin to be land to the side that they share most of their border with.

    They lie where an edge and a street all but coincide.
    """
    thin = 2 * shapely.area(faces) < THIN * shapely.length(faces)
    if not thin.any():
        return settled
    borders = measure_borders(faces, [])
    both = pd.DataFrame(
        {
            "face": np.append(borders["one"], borders["two"]).astype(np.int64),
            "other": np.append(borders["two"], borders["one"]).astype(np.int64),
            "metres": np.tile(borders["metres"].to_numpy(), 2),
        }
    )
    both = both[thin[both["face"]] & ~thin[both["other"]]]
    both["settled"] = settled[both["other"]]
    sides = both.groupby(["face", "settled"])["metres"].sum().round(3).unstack(fill_value=0.0)
    out = settled.copy()
    rows = sides.index.to_numpy(np.int64)
    with_homes = sides.get(True, pd.Series(0.0, sides.index)).to_numpy()
    without = sides.get(False, pd.Series(0.0, sides.index)).to_numpy()
    out[rows] = with_homes > without
    return out


def _fill_holes(faces: Shapes, settled: Bools, wet: Bools, xy: Floats, most: float) -> Bools:
    """Take in the faces of holes in settled land that are smaller than some area."""
    land = shapely.coverage_union_all(faces[settled])
    holes = _find_holes(land)
    small = holes[shapely.area(holes) < most]
    out = settled.copy()
    if len(small):
        out |= (find_holder(small, xy) >= 0) & ~wet
    return out


def _join_parts(faces: Shapes, settled: Bools, between: Bools, lived: Bools, hard: Shapes) -> Bools:
    """Join parts of settled land by faces between them, the smallest first; drop those unlived.

    No part is joined over a hard barrier.
    """
    borders = measure_borders(faces, [(hard, 0.0)])
    borders = borders[borders["counted"] > 0]
    one = borders["one"].to_numpy(np.int64)
    two = borders["two"].to_numpy(np.int64)
    part = _find_parts(len(faces), one, two, settled)
    beside: dict[int, list[int]] = {int(n): [] for n in np.flatnonzero(between)}
    for a, b in ((one, two), (two, one)):
        for face, other in zip(a[between[a]].tolist(), b[between[a]].tolist(), strict=True):
            beside[face].append(other)
    root = np.arange(part.max(initial=0) + 1)

    def find(n: int) -> int:
        while root[n] != n:
            root[n] = root[root[n]]
            n = root[n]
        return int(n)

    out = settled.copy()
    # Rounded, so that equals go by number on every machine.
    area = np.round(shapely.area(faces), 3)
    for face in sorted(beside, key=lambda n: (area[n], n)):
        met = {find(int(part[n])) for n in beside[face] if out[n]}
        if len(met) > 1:
            out[face] = True
            part[face] = min(met)
            for n in met:
                root[n] = min(met)
    part = _find_parts(len(faces), one, two, out)
    held = np.bincount(part, lived, minlength=part.max(initial=0) + 1) > 0
    return out & held[part]


def _find_parts(count: int, one: Ints, two: Ints, settled: Bools) -> Ints:
    """Find the connected parts of settled faces; every other face is a part by itself."""
    both = settled[one] & settled[two]
    graph = coo_array((np.ones(both.sum()), (one[both], two[both])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
