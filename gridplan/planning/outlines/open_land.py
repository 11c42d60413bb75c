"""Open land: fields, woods, water and tracks of a community, drawn apart from the homes' land."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Ints, Objects, Shapes
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.geometry.cell_joining import join_cells, lie_on, measure_borders
from gridplan.geometry.linework import find_edges
from gridplan.geometry.overlay import clip_to_box
from gridplan.geometry.tiling import dissolve_faces, find_holder
from gridplan.land.settled_land import find_inner, find_settled_land
from gridplan.land.site_lines import find_site_lines
from gridplan.planning.outlines.crumbs import CRUMB
from gridplan.planning.outlines.exclusive_surplus import find_hosts
from gridplan.rules.all_rules import Rules
from gridplan.rules.settlements import SettlementRules
from gridplan.site import Site
from gridplan.tables.codes import number_places
from gridplan.tables.ledger import Entry

OPEN, WATER, RAILWAY = "open", "water", "railway"
HOMES = -1  # the group of faces that are homes' land
ROUNDS = 4  # of giving slivers away, each of which may free others
THIN = 1.0  # m; narrower land is none
HARD = 0.01  # what a metre of border along a hard barrier counts when pieces are joined


@dataclass(frozen=True)
class OpenLand:
    """The land of homes by community, and the pieces of open land beside it.

    ``homes`` are the outlines that sub-grids of homes tile, by community;
    ``pieces`` has the columns subgrid, community, land and geometry.
    """

    homes: gpd.GeoSeries
    pieces: gpd.GeoDataFrame
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class _Land:
    """What the open land of one community is drawn from."""

    outline: Any
    homes: Shapes
    lots: Shapes
    lines: Shapes
    hard: Shapes
    wet: Shapes
    tracks: Shapes


def draw_open_land(
    site: Site,
    lots: gpd.GeoSeries | None,
    rules: Rules,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> OpenLand:
    """Draw the open land of communities whose outlines were given.

    Settlements that stand in for communities hold no open land, so that they
    are left as they are.

    Parameters
    ----------
    site
        A site whose buildings have their communities and households.
    lots
        Land of exclusive grids, by code, if there are any; it is never open land.
    rules
        ``rules.settlements`` and the precision of outlines.
    workers
        Threads to use; one for each core if not given.
    progress
        Called with the stage, the communities done and all communities.
    """
    communities = site.communities.sort_index()
    given = communities[communities["origin"] != "settlement"]
    homes = communities.geometry.copy()
    if not rules.settlements.open_land or given.empty:
        return OpenLand(homes, _list_pieces(site.crs, []), ())
    lands = _take_lands(given, site, lots, rules.outlines.grid)
    drawn = map_tasks(
        partial(_draw_community, rules=rules.settlements, grid=rules.outlines.grid),
        lands,
        workers=workers,
        stage="open land",
        progress=progress,
    )
    rows: list[dict[str, Any]] = []
    for community, land, (settled, pieces, kinds) in zip(given.index, lands, drawn, strict=True):
        if len(pieces):
            homes[community] = settled
            rows += _code_pieces(str(community), land.outline, pieces, kinds)
    table = _list_pieces(site.crs, rows)
    reason = (
        "open land where nobody lives, drawn apart from the land of homes; "
        "each piece is looked after by the sub-grid with the longest border"
    )
    codes = table["subgrid"].tolist()
    return OpenLand(
        homes, table, (Entry("outlines", "subgrids", "noted", len(codes), reason, codes),)
    )


def _take_lands(
    given: gpd.GeoDataFrame, site: Site, lots: gpd.GeoSeries | None, grid: float
) -> list[_Land]:
    """Take what lies in or near each community."""
    lines = find_site_lines(site)
    outlines = shapely.set_precision(given.geometry.to_numpy(), grid)
    lived = site.buildings[site.buildings["households"] > 0].sort_index()
    groups = {str(code): rows.geometry.to_numpy() for code, rows in lived.groupby("community")}
    none = np.array([], dtype=object)
    near = {
        name: _find_near(getattr(lines, name), outlines)
        for name in ("edges", "hard", "water", "tracks")
    }
    of_lots = _find_near(none if lots is None else lots.to_numpy(), outlines)
    return [
        _Land(
            outlines[i],
            groups.get(str(code), none),
            of_lots[i],
            near["edges"][i],
            near["hard"][i],
            near["water"][i],
            near["tracks"][i],
        )
        for i, code in enumerate(given.index)
    ]


def _find_near(shapes: Shapes, outlines: Shapes) -> list[Shapes]:
    """Take the shapes that meet each outline, clipped a metre beyond its box."""
    where, shape = shapely.STRtree(shapes).query(outlines, predicate="intersects")
    out = []
    for i, outline in enumerate(outlines):
        some = shapes[np.sort(shape[where == i])]
        clipped = clip_to_box(some, shapely.buffer(outline, 1.0).bounds)
        out.append(clipped[~shapely.is_empty(clipped)])
    return out


def _draw_community(
    land: _Land, rules: SettlementRules, grid: float
) -> tuple[Any, Shapes, Objects]:
    """Draw the homes' land of one community, and its pieces of open land with their kinds."""
    none = np.array([], dtype=object)
    wet = np.concatenate([land.wet, land.tracks])
    lines = np.concatenate([land.lines, shapely.boundary(land.lots)])
    lived = shapely.intersection(land.homes, land.outline)
    lived = lived[shapely.area(lived) > 0]
    # Around institutions land is settled only where homes are, or where there are no homes at all.
    lived = lived if len(lived) else land.lots
    # Where nobody lives there is nothing to draw apart.
    if not len(lived):
        return land.outline, none, none
    found = find_settled_land(
        lived,
        lines,
        land.hard,
        wet,
        rules,
        outline=land.outline,
        grid=grid,
    )
    xy = find_inner(found.faces)
    settled = found.settled | (find_holder(land.lots, xy) >= 0)
    kinds = np.full(len(settled), OPEN, dtype=object)
    kinds[find_holder(land.wet, xy) >= 0] = WATER
    kinds[find_holder(land.tracks, xy) >= 0] = RAILWAY
    settled = _take_scraps(found.faces, settled, kinds, land.hard, rules)
    if settled.all():
        return land.outline, none, none
    rest = np.flatnonzero(~settled)
    group = np.full(len(settled), HOMES)
    group[rest] = rest[_join_pieces(found.faces[rest], kinds[rest], land.hard, rules)]
    group = _give_slivers(found.faces, group)
    number, label = np.unique(group, return_inverse=True)
    shapes = dissolve_faces(found.faces, label, len(number))
    is_piece = number != HOMES
    return shapes[~is_piece][0], shapes[is_piece], kinds[number[is_piece]]


def _give_slivers(faces: Shapes, group: Ints) -> Ints:
    """Give groups of faces that are no land to the group with the longest common border."""
    start, end, one, two = find_edges(faces)
    metres = np.hypot(*(end - start).T)
    for _ in range(ROUNDS):
        number, label = np.unique(group, return_inverse=True)
        a = label[np.append(one, two)]
        b = label[np.append(two, one)]
        between = a != b
        borders = pd.DataFrame({"a": a, "b": b, "m": np.tile(metres, 2)})[between]
        borders = borders.groupby(["a", "b"], as_index=False)["m"].sum()
        area = np.bincount(label, shapely.area(faces), minlength=len(number))
        around = borders.groupby("a")["m"].sum().reindex(range(len(number)), fill_value=0.0)
        small = (area < CRUMB) | (2 * area < THIN * around.to_numpy())
        small &= number != HOMES
        borders = borders[small[borders["a"]]]
        if borders.empty:
            break
        borders["m"] = borders["m"].round(3)
        # A sliver beside another waits for the next round, unless there is nothing else.
        borders["wide"] = ~small[borders["b"]]
        best = borders.sort_values(["a", "wide", "m", "b"], ascending=[True, False, False, True])
        best = best.drop_duplicates("a")
        best = best[best["wide"]]
        if best.empty:
            break
        host = np.arange(len(number))
        host[best["a"]] = best["b"]
        group = number[host[label]]
    return group


def _take_scraps(
    faces: Shapes, settled: Bools, kinds: Objects, hard: Shapes, rules: SettlementRules
) -> Bools:
    """Give open land too small to be a piece to the homes beside it, never over a hard barrier."""
    start, end, one, two = find_edges(faces)
    barred = lie_on(start, end, hard)
    alike = (settled[one] == settled[two]) & (kinds[one] == kinds[two]) & ~barred
    count = len(faces)
    graph = coo_array((np.ones(alike.sum()), (one[alike], two[alike])), shape=(count, count))
    piece = connected_components(graph, directed=False)[1]
    area = np.bincount(piece, shapely.area(faces))
    touches = np.zeros(len(area), bool)
    edge = settled[one] != settled[two]
    touches[piece[one[edge & ~barred]]] = True
    touches[piece[two[edge & ~barred]]] = True
    least = np.where(kinds == RAILWAY, 0.0, rules.open_least)
    return np.asarray(settled | (touches[piece] & (area[piece] < least)), bool)


def _join_pieces(faces: Shapes, kinds: Objects, hard: Shapes, rules: SettlementRules) -> Ints:
    """Join faces of open land to pieces of some size; water and tracks to whatever touches them.

    Returns the piece of each face.
    """
    label = np.arange(len(faces))
    for kind in (OPEN, WATER, RAILWAY):
        rows = np.flatnonzero(kinds == kind)
        if not len(rows):
            continue
        # Water and tracks are joined as far as they reach.
        least = rules.open_area if kind == OPEN else np.inf
        worth = [(hard, HARD)] if kind == OPEN else []
        borders = measure_borders(faces[rows], worth)
        label[rows] = rows[
            join_cells(faces[rows], shapely.area(faces[rows]), borders, least, alone=0.0)
        ]
    return label


def _code_pieces(
    community: str, outline: Any, pieces: Shapes, kinds: Objects
) -> list[dict[str, Any]]:
    """Code pieces by their community, from north to south and west to east."""
    x, y = shapely.get_coordinates(shapely.centroid(pieces)).T
    codes = number_places(f"{community}-O", x, y, shapely.bounds(outline))
    return [
        {"subgrid": code, "community": community, "land": kind, "geometry": piece}
        for code, kind, piece in sorted(zip(codes, kinds, pieces, strict=True), key=lambda r: r[0])
    ]


def _list_pieces(crs: Any, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    columns = ["subgrid", "community", "land", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=crs)


def find_carers(
    pieces: gpd.GeoDataFrame, homes: gpd.GeoSeries, community: pd.Series[Any]
) -> pd.Series[Any]:
    """Find the sub-grid of homes that looks after each piece of open land.

    It is the one of its community with the longest common border; for a piece
    that touches none, the one that looks after the piece beside it, else the
    nearest. Empty in a community where nobody lives.

    Parameters
    ----------
    pieces
        Columns subgrid, community, geometry.
    homes
        Outlines of the sub-grids of homes, by code.
    community
        The community of each of these, by code: codes that were kept may
        begin with one that a community had before.
    """
    homes = homes[~shapely.is_empty(homes.to_numpy())].sort_index()
    of = community.reindex(homes.index).to_numpy(object)
    communities = pd.Index(np.unique(np.append(of, pieces["community"].to_numpy(object))))
    host = find_hosts(
        pieces.geometry.to_numpy(),
        communities.get_indexer(pieces["community"]),
        homes.to_numpy(),
        communities.get_indexer(of),
    )
    # Land apart, as an exclave, is looked after by the nearest.
    for n in np.flatnonzero(host < 0):
        same = np.flatnonzero(of == pieces["community"].iloc[n])
        if len(same):
            gaps = shapely.distance(pieces.geometry.iloc[n], homes.to_numpy()[same]).round(2)
            host[n] = same[np.argmin(gaps)]
    names = np.append(homes.index.to_numpy(object), "")[host]
    return pd.Series(names, index=pieces["subgrid"].to_numpy(), dtype="str")


def find_carers_again(table: gpd.GeoDataFrame, communities: set[str]) -> gpd.GeoDataFrame:
    """Find again who looks after the open land of some communities, as its neighbours changed."""
    here = table["community"].isin(communities)
    pieces = table[here & (table["kind"] == "open")]
    if pieces.empty:
        return table
    homes = table[here & (table["kind"] == "residential")]
    carers = find_carers(pieces.reset_index(), homes.geometry, homes["community"])
    responsible = table["responsible"].copy()
    responsible[pieces.index] = carers.reindex(pieces.index)
    return table.assign(responsible=responsible)
