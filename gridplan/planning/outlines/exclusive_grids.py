"""Exclusive grids: the land of stand-alone institutions, which sub-grids of homes leave to them.

An institution's land is its outline, or the land around its buildings up to
streets, barriers and homes. Homes are never part of it: they keep their own
land, and an institution with many homes on its land gets no grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Shapes
from gridplan.planning.outlines.exclusive_buildings import INNER_WAYS, claim_buildings
from gridplan.planning.outlines.exclusive_owners import find_owners
from gridplan.rules.exclusive import ExclusiveRules
from gridplan.site import Site
from gridplan.tables.codes import number_places
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

YARD = 15.0  # m; gaps between an institution's buildings up to twice as wide are its yard
# m; strips narrower than twice this between its land and a street or barrier
# are its own too
REST = 6.0
SHRED = 30.0  # m2; smaller pieces of land are left to the sub-grids around
INSET = 0.25  # m that the shape standing for an institution keeps from the edge of its land
# Land of these kinds says what most of a street block is used for: flats over
# shops are as usual there.
MIXED = ("commercial", "retail")
BLOCK = 30.0  # m within which homes in the same street block make such land no institution's
SEAT = 0.1  # share of an institution's buildings from which a block counts as its own


@dataclass(frozen=True)
class ExclusiveGrids:
    """Exclusive grids, and what was noted.

    ``grids`` has the columns exclusive, community, owner, kind, name and
    geometry.
    """

    grids: gpd.GeoDataFrame
    entries: tuple[Entry, ...]


def find_exclusives(
    site: Site, rules: ExclusiveRules, around: gpd.GeoDataFrame | None = None
) -> ExclusiveGrids:
    """Find the exclusive grids of a site.

    One for each stand-alone institution with land of its own.

    Parameters
    ----------
    site
        A site whose buildings have their communities and households.
    rules
        Which kinds of institution, how much land at least, the margin around
        buildings, how many households at most.
    around
        Communities that institutions of the site may lie in, if there are more
        than the site's own.

    Returns
    -------
    The grids, coded community-E001 and on from north to south and west to
    east. No two overlap, none holds a home.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_checkerboard, make_table
    >>> site = make_checkerboard()
    >>> yard = shapely.transform(shapely.box(130, 5, 175, 55), lambda xy: xy + [500_000, 4_390_000])
    >>> school = [{"place": "p1", "kind": "school", "name": "东湖小学", "geometry": yard}]
    >>> site = site.replace(places=make_table("places", school))
    >>> find_exclusives(site, ExclusiveRules(most_households=9)).grids.empty  # homes on its land
    True
    """
    communities = site.communities.sort_index()
    owners, noted = find_owners(
        site.places,
        site.institutions,
        # An institution over the limit may be that of a community outside the
        # site.
        communities if around is None else around,
        rules,
        communities.index,
    )
    owners, claims = claim_buildings(site, owners, rules)
    homes = site.buildings[(site.buildings["households"] > 0)].sort_index()
    lines = _find_lines(site)
    mixed = site.places["kind"].str.lower().reindex(owners["owner"]).isin(MIXED).to_numpy(bool)
    shared = _share_blocks(owners, mixed, homes, _find_lines(site, inner=False))
    lands, lived = _draw_lands(owners, claims, homes, lines, rules)
    # Lands grown from buildings may overlap those of others.
    lands = _keep_apart(lands, owners, communities)
    area = shapely.area(lands)
    shared &= ~lived
    lived |= shared
    missing = ~lived & (area == 0)
    small = ~lived & ~missing & (area < rules.smallest)
    kept = ~lived & ~missing & ~small
    table = owners[kept].assign(geometry=lands[kept])
    entries = (
        _note(
            "institutions",
            noted["double"],
            "the same as another place or institution: one exclusive grid for both",
        ),
        _note(
            "institutions",
            noted["over"],
            "lie in several communities: each kept by the one with most of its land, cut there",
        ),
        _note(
            "institutions",
            owners["owner"][missing],
            "without a building or outline of their own: left to the sub-grids",
        ),
        _note(
            "institutions",
            owners["owner"][small],
            f"with less than {rules.smallest:g} m2 of land: left to the sub-grids",
        ),
        _note(
            "institutions",
            owners["owner"][shared],
            "commercial land in street blocks where people live: left to the sub-grids",
        ),
        _note(
            "institutions",
            owners["owner"][lived & ~shared],
            f"more than {rules.most_households} households live on their land: "
            "left to the sub-grids",
        ),
    )
    return ExclusiveGrids(_code_grids(table, communities), entries)


def _note(table: str, ids: Any, reason: str) -> Entry:
    codes = sorted(str(i) for i in ids)
    return Entry("exclusive", table, "noted", len(codes), reason, codes)


def _find_lines(site: Site, *, inner: bool = True) -> Shapes:
    """Find the streets and barriers that an institution's land ends at, in order of their codes.

    Without ``inner`` ways, which cross a block and end none.
    """
    streets = site.streets.sort_index()
    streets = streets[~streets["tunnel"].fillna(False).astype(bool)]
    if not inner:
        streets = streets[~streets["kind"].isin(INNER_WAYS)]
    barriers = site.barriers.sort_index().geometry.to_numpy()
    barriers = np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers)
    barriers = barriers[shapely.get_dimensions(barriers) == 1]
    return np.asarray(np.concatenate([streets.geometry.to_numpy(), barriers]), dtype=object)


def _share_blocks(
    owners: gpd.GeoDataFrame, mixed: Bools, homes: gpd.GeoDataFrame, lines: Shapes
) -> Bools:
    """Say which mixed land has homes on it, or beside it with no street or barrier between."""
    shapes = owners.geometry.to_numpy()
    shared = np.zeros(len(owners), bool)
    inner = shapely.STRtree(shapely.point_on_surface(homes.geometry.to_numpy()))
    tree = shapely.STRtree(lines)
    for i in np.flatnonzero(mixed & (shapely.area(shapes) > 0)):
        window = shapely.buffer(shapes[i], BLOCK, quad_segs=2)
        near = lines[np.sort(tree.query(window, predicate="intersects"))]
        faces = shapely.get_parts(shapely.polygonize([shapely.union_all([*near, window.boundary])]))
        # A street is drawn along the edge of land or a little inside, so that a strip is no block.
        held = shapely.area(shapely.intersection(faces, shapes[i]))
        faces = faces[held >= SEAT * shapes[i].area]
        shared[i] = bool(len(inner.query(faces, predicate="contains")[1]))
    return shared


def _draw_lands(
    owners: gpd.GeoDataFrame,
    claims: pd.Series[Any],
    homes: gpd.GeoDataFrame,
    lines: Shapes,
    rules: ExclusiveRules,
) -> tuple[Shapes, Bools]:
    """Draw the land of each owner, and say on whose outline too many households live."""
    shapes = owners.geometry.to_numpy()
    seats = {int(owner): rows.to_numpy(object) for owner, rows in claims.groupby(level=0)}
    outlined = shapely.area(shapes) > 0
    home_shapes = homes.geometry.to_numpy()
    of_home = homes["community"].to_numpy(object)
    inner = shapely.point_on_surface(home_shapes)
    lived = np.zeros(len(owners), bool)
    lands = np.full(len(owners), shapely.Polygon(), dtype=object)
    line_tree = shapely.STRtree(lines)
    home_tree = shapely.STRtree(home_shapes)
    households = homes["households"].to_numpy()
    for i, community in enumerate(owners["community"]):
        seat = shapely.union_all(seats[i]) if i in seats else shapely.Polygon()
        land = shapes[i] if outlined[i] else _surround(seat, lines, line_tree, rules.margin)
        if land.is_empty:
            continue
        near = np.sort(home_tree.query(land, predicate="intersects"))
        inside = shapely.intersects(land, inner[near])
        if outlined[i]:
            lived[i] = (
                households[near[inside & (of_home[near] == community)]].sum()
                > rules.most_households
            )
        if lived[i]:
            continue
        # An institution without buildings is infinitely far, so homes keep the
        # whole margin.
        gap = np.nan_to_num(shapely.distance(home_shapes[near], seat), nan=np.inf)
        # Homes keep half of the gap, at most the margin; none at all on a
        # given outline.
        room = np.minimum(rules.margin, gap / 2)
        room = np.where(inside | (not outlined[i]), room, 0.0)
        around = shapely.buffer(home_shapes[near], room, join_style="mitre", mitre_limit=2.0)
        lands[i] = shapely.difference(land, shapely.union_all(around)) if len(near) else land
    return lands, lived


def _surround(seat: Any, lines: Shapes, tree: Any, margin: float) -> Any:
    """Draw the land around an institution's buildings: yard and margin, within their blocks."""
    if seat.is_empty:
        return seat

    def grow(shape: Any, distance: float) -> Any:
        return shapely.buffer(shape, distance, join_style="mitre", mitre_limit=2.0)

    # The streets near by are enough: no land grows out of the window.
    window = shapely.box(*shapely.buffer(seat, margin + YARD + 2 * REST).bounds)
    near = lines[np.sort(tree.query(window, predicate="intersects"))]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([*near, window.boundary])]))
    held = shapely.area(shapely.intersection(faces, seat))
    faces = faces[
        (held >= SEAT * seat.area) & shapely.intersects(window, shapely.point_on_surface(faces))
    ]
    block = shapely.intersection(shapely.union_all(faces), window)
    # Growing and shrinking closes the yards between buildings.
    land = shapely.intersection(grow(grow(seat, margin + YARD), -YARD), block)
    beyond = shapely.difference(window, block)
    # The same from outside closes narrow strips along streets.
    return shapely.intersection(grow(grow(shapely.union(land, beyond), REST), -REST), block)


def _keep_apart(lands: Shapes, owners: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Shapes:
    """Cut lands at the limit of their community and at one another.

    Outlines go first, then the smaller one.
    """
    limits = communities.geometry.reindex(owners["community"]).to_numpy()
    lands = shapely.intersection(lands, limits) if len(lands) else lands
    area = np.round(shapely.area(lands), 3)
    outlined = shapely.area(owners.geometry.to_numpy()) > 0
    rank = np.empty(len(lands), np.int64)
    # Given outlines go before drawn ones, small ones before large.
    rank[np.lexsort((np.arange(len(lands)), area, ~outlined))] = np.arange(len(lands))
    a, b = shapely.STRtree(lands).query(lands, predicate="intersects")
    after = rank[a] < rank[b]
    out = lands.copy()
    first = pd.Series(a[after]).groupby(b[after])
    for row, others in first:
        out[row] = shapely.difference(
            lands[row], shapely.union_all(lands[np.sort(others.to_numpy())])
        )
    return _drop_shreds(out)


def _drop_shreds(lands: Shapes) -> Shapes:
    """Drop small pieces of land, and what is no polygon."""
    parts, row = shapely.get_parts(lands, return_index=True)
    solid = (shapely.area(parts) >= SHRED) & (shapely.get_dimensions(parts) == 2)
    groups = pd.Series(list(parts[solid]), dtype=object).groupby(row[solid])
    out = np.full(len(lands), shapely.Polygon(), dtype=object)
    for i, group in groups:
        pieces = group.to_numpy(object)
        out[i] = pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(list(pieces))
    return out


def _code_grids(table: Any, communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Code the grids of each community from north to south and west to east."""
    codes = pd.Series("", index=table.index, dtype=object)
    middle = shapely.centroid(table.geometry.to_numpy())
    x = shapely.get_x(middle)
    y = shapely.get_y(middle)
    for community, rows in table.groupby("community", sort=True).indices.items():
        box = np.array(communities.geometry[community].bounds)
        codes.iloc[rows] = number_places(f"{community}-E", x[rows], y[rows], box)
    return table.assign(exclusive=codes).set_index("exclusive").sort_index()


def add_exclusives(
    site: Site, stairwells: gpd.GeoDataFrame, grids: gpd.GeoDataFrame
) -> dict[str, gpd.GeoDataFrame]:
    """Add exclusive grids to the tables that outlines are drawn from.

    Each is a building on land bounded by a street.

    What runs across the land of an exclusive grid is left out, so that its
    land is not cut by it.

    Returns
    -------
    The tables buildings, stairwells, streets and barriers, to be passed to
    the drawing of outlines.
    """
    lands = grids.geometry.to_numpy()
    tree = shapely.STRtree(lands)
    pieces, of = shapely.get_parts(lands, return_index=True)
    # A little inside the edge, so that rounding cannot push it over the street.
    shrunk = shapely.buffer(pieces, -INSET, join_style="mitre")
    shapes, n = shapely.get_parts(
        np.where(shapely.is_empty(shrunk), pieces, shrunk), return_index=True
    )
    grid = grids.index.to_numpy(object)[of[n]]
    names = [
        f"{g}.{k}" for g, k in zip(grid, pd.Series(grid).groupby(grid).cumcount(), strict=True)
    ]
    over = grids["community"].reindex(grid).to_numpy(object)
    houses = gpd.GeoDataFrame(
        {"building": names, "community": over}, geometry=shapes, crs=grids.crs
    )
    doors = gpd.GeoDataFrame(
        {
            "stairwell": names,
            "building": names,
            "community": over,
            "subgrid": grid,
            "slice_to": 1.0,
        },
        geometry=shapely.point_on_surface(shapes),
        crs=grids.crs,
    )
    inner = shapely.point_on_surface(site.buildings.geometry.to_numpy())
    taken = np.zeros(len(inner), bool)
    taken[tree.query(inner, predicate="intersects")[0]] = True
    # Homes stay, as they are cut out of the land.
    taken &= ~site.buildings.index.isin(stairwells["building"])
    edges = gpd.GeoDataFrame(
        {"street": [f"{g}." for g in grids.index]}, geometry=shapely.boundary(lands), crs=grids.crs
    )
    return {
        "buildings": _append_rows(site.buildings[~taken], conform_table("buildings", houses)),
        "stairwells": _append_rows(stairwells, conform_table("stairwells", doors)),
        "streets": _append_rows(
            _clear_lands(site.streets, lands, tree), conform_table("streets", edges)
        ),
        "barriers": _clear_lands(site.barriers, lands, tree),
    }


def _append_rows(table: gpd.GeoDataFrame, more: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return pd.concat([table, more[table.columns]]).sort_index()


def _clear_lands(table: gpd.GeoDataFrame, lands: Shapes, tree: Any) -> gpd.GeoDataFrame:
    """Take what lies on exclusive grids out of lines and the banks of polygons."""
    shapes = table.geometry.to_numpy().copy()
    row, land = tree.query(shapes, predicate="intersects")
    for i, rows in pd.Series(land).groupby(row):
        # An area that is cut would leave a bank along the cut, so its own bank
        # is cut.
        line = shapely.boundary(shapes[i]) if shapely.get_dimensions(shapes[i]) == 2 else shapes[i]
        shapes[i] = shapely.difference(line, shapely.union_all(lands[np.sort(rows.to_numpy())]))
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
