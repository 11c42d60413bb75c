"""Enclosures: the land cut by barriers and main roads, where no communities are given."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.errors import InputError, Problem
from gridplan.geometry.faces import GRID, dissolve, find_borders, join_small, polygonise, sum_inside
from gridplan.land.communities import assign_communities, find_holders, find_nearest
from gridplan.rules.site import SiteRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "main_road")
# Barriers of these kinds do not bound an enclosure unless the data calls them
# hard; main roads bound it, but softly.
SOFT_BARRIERS = (
    "stream",
    "ditch",
    "drain",
    "canal",
    "wall",
    "fence",
    "hedge",
    "trunk",
    "primary",
    "secondary",
    "main_road",
)
REACH = 1e6  # m, longer than any enclosure
MARGIN = 100.0  # m of land around the outermost buildings
# people and m2 of a household; only to weigh enclosures before the estimate
PLAIN_PERSONS = 2.55
PLAIN_DWELLING = 100.0


def make_enclosures(
    site: Site, rules: SiteRules, outline: Any = None, weights: pd.Series[Any] | None = None
) -> Site:
    """Cut the land into enclosures by hard barriers and main roads, used as communities.

    An enclosure with fewer than ``rules.enclosure_households`` households is
    joined to the neighbour with the longest common border, over a hard barrier
    only where there is no other; one with more than ``rules.enclosure_most``
    is cut further along the other streets, or straight across where there are
    none. Enclosures tile the outline exactly, go around buildings (to within a
    centimetre), and are numbered from west to east. Buildings are assigned to
    them.

    Parameters
    ----------
    site
        A site with buildings; its communities are replaced.
    rules
        Least and greatest households of an enclosure.
    outline
        Polygon to be cut; the hull of the buildings with a margin of 100 m
        where it is not given.
    weights
        Households by building; a rough guess from counts, residents and floor
        area where they are not given.

    Raises
    ------
    InputError
        If there is no building.
    """
    if site.buildings.empty:
        raise InputError(
            [
                Problem(
                    "buildings", "not empty", "there is no building", "give a file with buildings"
                )
            ]
        )
    buildings = site.buildings.sort_index()
    weight = (_weigh(buildings) if weights is None else weights.reindex(buildings.index)).to_numpy(
        dtype=float
    )
    land = shapely.set_precision(_draw_hull(buildings) if outline is None else outline, GRID)
    main, other, hard = _find_lines(site)
    inner = shapely.point_on_surface(buildings.geometry.to_numpy())
    pieces = _cut_land(land, main, hard, inner, weight, rules.enclosure_households)
    pieces, across = _cut_heavy(pieces, other, hard, inner, weight, rules)
    pieces = _spare_buildings(land, pieces, buildings.geometry.to_numpy())
    # Rounded to decimetres, so that codes do not depend on the last bits of a
    # centroid.
    x, y = shapely.get_coordinates(shapely.centroid(pieces)).round(1).T
    pieces = pieces[np.lexsort((-y, x))]
    width = max(3, len(str(len(pieces))))
    codes = [f"e{n:0{width}d}" for n in range(1, len(pieces) + 1)]
    frame = gpd.GeoDataFrame(
        {"community": codes, "origin": "enclosure"}, geometry=pieces, crs=buildings.crs
    )
    reason = (
        f"no communities given: {len(pieces)} enclosures of barriers and main roads "
        "stand in for them"
    )
    rough = (
        "cuts run straight between the buildings, "
        "for no street or barrier lies inside a crowded enclosure"
    )
    entries = [
        Entry("communities", "communities", "inferred", len(pieces), reason, codes),
        Entry("communities", "communities", "noted", across, rough),
    ]
    return assign_communities(
        site.replace(communities=conform_table("communities", frame)).note(entries), rules
    )


def _weigh(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Guess households from counts, else residents, else floor area.

    Only floor area of what is not known to be no home counts.
    """
    plain = buildings.geometry.area * buildings["floors"].fillna(1.0) / PLAIN_DWELLING
    plain = plain.where(buildings["residential"].fillna(True).astype(bool), 0.0)
    return (
        buildings["households_observed"]
        .fillna(buildings["population"] / PLAIN_PERSONS)
        .fillna(plain)
    )


def _draw_hull(buildings: gpd.GeoDataFrame) -> Any:
    corners = np.unique(
        shapely.get_coordinates(shapely.envelope(buildings.geometry.to_numpy())), axis=0
    )
    # Corners of the boxes, so that the hull holds whole buildings and not only
    # their middles.
    hull = shapely.concave_hull(shapely.multipoints(corners), ratio=0.2)
    return shapely.simplify(shapely.buffer(hull, MARGIN, quad_segs=2), 5.0)


def _find_lines(site: Site) -> tuple[Any, Any, Any]:
    """Find the lines that bound enclosures, the other streets, and the hard barriers."""
    barriers = site.barriers.sort_index()
    kind = barriers["kind"].str.lower()
    hard = barriers["hard"].fillna(~kind.isin(SOFT_BARRIERS)).astype(bool).to_numpy()
    shapes = barriers.geometry.to_numpy()
    shapes = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes)
    linear = shapely.get_dimensions(shapes) == 1
    streets = site.streets.sort_index()
    streets = streets[~streets["tunnel"].fillna(False).astype(bool)]
    main = streets["kind"].isin(MAIN_ROADS).to_numpy()
    # Data without kinds of street: any street may be the main one.
    if bool((streets["kind"] == "").all()):
        main = np.ones(len(streets), dtype=bool)
    roads = streets.geometry.to_numpy()
    bounds = shapes[linear & (hard | kind.isin(MAIN_ROADS).to_numpy())]
    return np.concatenate([bounds, roads[main]]), roads[~main], shapes[linear & hard]


def _cut_land(land: Any, lines: Any, hard: Any, points: Any, weight: Floats, least: float) -> Any:
    """Cut a polygon along lines into pieces that each hold the least weight.

    Together they are the polygon.
    """
    shapely.prepare(land)
    near = lines[shapely.intersects(land, lines)]
    faces = polygonise(np.append(near, shapely.boundary(land)))
    faces = faces[shapely.contains(land, shapely.point_on_surface(faces))]
    labels = join_small(sum_inside(faces, points, weight), find_borders(faces, hard), least)
    return dissolve(faces, labels)


def _cut_heavy(
    pieces: Any, streets: Any, hard: Any, points: Any, weight: Floats, rules: SiteRules
) -> tuple[Any, int]:
    """Cut pieces that hold too much, along streets or straight across, and count straight cuts."""
    least = rules.enclosure_households
    most = rules.enclosure_most
    tree = shapely.STRtree(points)
    light: list[Any] = []
    todo = [(piece, len(streets) > 0) for piece in pieces]
    across = 0
    while todo:
        piece, has_streets = todo.pop()
        inside = tree.query(piece, predicate="intersects")
        inside = np.sort(inside[weight[inside] > 0])
        if weight[inside].sum() <= most or len(inside) < 2:
            light.append(piece)
        elif has_streets:
            todo += [
                (part, False) for part in _cut_land(piece, streets, hard, points, weight, least)
            ]
        else:
            # No street inside: a straight cut is rough, so it is counted for
            # the ledger.
            line = np.array([_draw_across(points[inside], weight[inside])], dtype=object)
            parts = _cut_land(piece, line, hard, points, weight, least)
            # A cut that leaves a side too light is undone by joining; trying
            # again would never end.
            if len(parts) == 1:
                light.append(piece)
                continue
            across += 1
            todo += [(part, False) for part in parts]
    return np.array(light, dtype=object), across


def _draw_across(points: Any, weight: Floats) -> Any:
    """Draw a line across the long axis of weighted points.

    It lies in the widest gap between two of them near the middle.
    """
    xy = shapely.get_coordinates(points)
    middle = np.average(xy, axis=0, weights=weight)
    # The first principal axis is the direction in which homes are spread farthest.
    axis = np.linalg.svd(np.cov(xy.T, aweights=weight))[0][:, 0]
    order = np.argsort((xy - middle) @ axis, kind="stable")
    along = ((xy - middle) @ axis)[order]
    share = np.cumsum(weight[order]) / weight.sum()
    # Near the middle, so that both sides hold enough to stand alone.
    gap = np.where((share[:-1] > 0.4) & (share[:-1] < 0.6), np.diff(along), -1.0)
    n = (
        int(np.argmax(gap))
        if gap.max() > 0
        else min(int(np.searchsorted(share, 0.5)), len(along) - 2)
    )
    across = np.array([-axis[1], axis[0]]) * REACH
    foot = middle + axis * (along[n] + along[n + 1]) / 2
    return shapely.linestrings([foot - across, foot + across])


def _spare_buildings(land: Any, pieces: Any, footprints: Any) -> Any:
    """Lead borders around the buildings that they cut.

    Each building goes wholly to the piece that holds most of it.

    All borders are noded once more, together, so that pieces that were cut one
    by one share their vertices again.
    """
    edges = shapely.boundary(pieces)
    cut = footprints[np.unique(shapely.STRtree(footprints).query(edges, predicate="crosses")[1])]
    faces = polygonise(np.concatenate([edges, shapely.boundary(cut), [shapely.boundary(land)]]))
    inner = shapely.point_on_surface(faces)
    within = shapely.contains(land, inner)
    faces = faces[within]
    inner = inner[within]
    label = find_nearest(inner, pieces)[0]
    owner = find_holders(cut, pieces)
    face, building = shapely.STRtree(cut).query(inner, predicate="intersects")
    held = owner[building] >= 0
    # Backwards, so that of overlapping buildings the first stays.
    label[face[held][::-1]] = owner[building[held]][::-1]
    return dissolve(faces, _gather_slivers(faces, label))


def _gather_slivers(faces: Any, label: Ints) -> Ints:
    """Give what a building cuts off its piece to the neighbour with the longest border.

    So pieces stay whole.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    borders = find_borders(faces, np.array([], dtype=object))
    inside = borders[label[borders["left"]] == label[borders["right"]]]
    graph = coo_array(
        (np.ones(len(inside)), (inside["left"], inside["right"])), shape=(len(faces),) * 2
    )
    group = connected_components(graph, directed=False)[1]
    area = pd.Series(shapely.area(faces)).groupby(group).sum()
    owner = pd.Series(label).groupby(group).first()
    # Only the largest group of a piece has weight, so that all others are
    # joined to a neighbour.
    main = area.groupby(owner).transform("max") == area
    ends = np.sort(group[borders[["left", "right"]].to_numpy()], axis=1)
    between = pd.DataFrame({"left": ends[:, 0], "right": ends[:, 1], "length": borders["length"]})
    between = (
        between[ends[:, 0] != ends[:, 1]].groupby(["left", "right"], as_index=False)["length"].sum()
    )
    host = join_small(main.to_numpy(dtype=float), between, 1.0)
    gathered: Ints = owner.to_numpy()[host][group]
    return gathered
