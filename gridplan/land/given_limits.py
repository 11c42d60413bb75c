"""Given limits completed: homes that no community holds, and walls that a limit runs through."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes
from gridplan.geometry.faces import GRID
from gridplan.geometry.holders import find_holders
from gridplan.land.communities import find_nearest
from gridplan.land.settlements import code_settlements, draw_settlements, name_settlements
from gridplan.land.site_lines import find_site_lines
from gridplan.rules.settlements import SettlementRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

NEARBY = 50.0  # m; a home so near a limit is taken to belong to its community
APRON = 3.0  # m of land around a home that a limit is led around


def complete_limits(site: Site, rules: SettlementRules, weight: pd.Series[Any]) -> Site:
    """Draw settlements for the homes that lie well outside all communities.

    Limits of a clipped extract, or of a part of the town, hold only where they
    are: the homes outside become communities of their own instead of being
    attached to communities in which they do not lie. Fewer than
    ``rules.least`` households outside change nothing.

    Parameters
    ----------
    site
        A site with buildings and communities.
    rules
        Widths and sizes of settlements.
    weight
        Households by building.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_checkerboard
    >>> site = make_checkerboard(columns=4, rows=1, step=300, households=30)
    >>> west = site.communities.geometry.iloc[0].bounds
    >>> half = shapely.box(west[0], west[1], west[0] + 450, west[3])
    >>> cut = site.replace(communities=site.communities.set_geometry([half], crs=site.crs))
    >>> full = complete_limits(cut, SettlementRules(), cut.buildings["households_observed"])
    >>> full.communities["origin"].tolist()
    ['given', 'settlement', 'settlement']
    """
    buildings = site.buildings.sort_index()
    weight = weight.reindex(buildings.index)
    homes = buildings[weight > 0]
    given = site.communities.sort_index()
    given = given.assign(origin=given["origin"].mask(given["origin"] == "", "given"))
    outlines = given.geometry.to_numpy()
    if homes.empty:
        return site
    shapes = homes.geometry.to_numpy()
    out = np.flatnonzero(find_holders(shapes, outlines) < 0)
    if not len(out):
        return site
    mass = weight[homes.index].to_numpy(float)
    far = find_nearest(shapes[out], outlines)[1] > NEARBY
    if mass[out[far]].sum() < rules.least:
        return site
    drawn = draw_settlements(homes.iloc[out], mass[out], find_site_lines(site), rules)[0]
    drawn = _keep_outside(drawn, outlines, shapes[out], far)
    codes = code_settlements(len(drawn), set(given.index))
    more = gpd.GeoDataFrame(
        {"community": codes, "origin": "settlement", "name": name_settlements(drawn, site)},
        geometry=drawn,
        crs=site.crs,
    )
    table = pd.concat([given, conform_table("communities", more)]).sort_index()
    reason = (
        f"for {mass[out].sum():,.0f} households outside the limits given, "
        "settlements stand in for communities"
    )
    entry = Entry("communities", "communities", "inferred", len(codes), reason, codes)
    return site.replace(communities=gpd.GeoDataFrame(table, crs=site.crs)).note([entry])


def drop_communities(site: Site) -> Site:
    """Leave out the communities of a site, so that settlements stand in for them."""
    codes = [str(code) for code in sorted(site.communities.index)]
    entry = Entry("communities", "communities", "dropped", len(codes), "ignored as asked", codes)
    bare = site.buildings.assign(community="")
    return site.replace(communities=site.communities.iloc[:0], buildings=bare).note([entry])


def _keep_outside(drawn: Shapes, outlines: Shapes, homes: Shapes, far: Any) -> Shapes:
    """Cut settlements at the given limits; keep those with a home far from any."""
    tree = shapely.STRtree(outlines)
    out = drawn.copy()
    shape, outline = tree.query(drawn, predicate="intersects")
    for n in np.unique(shape):
        over = shapely.union_all(outlines[np.sort(outline[shape == n])])
        rest = shapely.difference(out[n], over, grid_size=GRID)
        parts = shapely.get_parts(rest)
        parts = parts[shapely.get_dimensions(parts) == 2]
        lived = shapely.STRtree(homes).query(parts, predicate="intersects")[0]
        out[n] = shapely.union_all(parts[np.unique(lived)])
    inner = shapely.point_on_surface(homes[far])
    kept = np.unique(shapely.STRtree(inner).query(out, predicate="intersects")[0])
    return np.asarray(out[kept], dtype=object)


def lead_limits(site: Site) -> Site:
    """Lead the limits of communities around the walls of their homes.

    A home that a limit cuts goes wholly to its community, and one that stands
    a little outside is taken in with a strip of land, so that every home lies
    in an outline and none is cut.

    Parameters
    ----------
    site
        A site whose buildings have their communities and households.
    """
    communities = site.communities.sort_index()
    outlines = communities.geometry.to_numpy().copy()
    homes = site.buildings[site.buildings["households"] > 0].sort_index()
    own = communities.index.get_indexer(homes["community"])
    homes = homes[own >= 0]
    own = own[own >= 0]
    shapes = homes.geometry.to_numpy()
    whole = outlines.copy()
    shapely.prepare(whole)
    rows = np.flatnonzero(~shapely.covers(whole[own], shapes))
    # Land given to communities, in the order of the homes' codes.
    rows = rows[shapely.area(shapes[rows]) > 0]
    tree = shapely.STRtree(outlines)
    changed = 0
    for row in rows:
        lot = _draw_lot(shapes[row], outlines[own[row]])
        others = tree.query(lot, predicate="intersects")
        others = others[others != own[row]]
        if shapely.area(lot) <= shapely.area(shapely.intersection(lot, outlines[own[row]])) + GRID:
            continue
        grown = shapely.union(outlines[own[row]], lot, grid_size=GRID)
        cut = {n: shapely.difference(outlines[n], lot, grid_size=GRID) for n in others}
        if any(shape.is_empty for shape in cut.values()):
            continue
        outlines[own[row]] = grown
        for n, shape in cut.items():
            outlines[n] = shape
        changed += 1
    if not changed:
        return site
    entry = Entry(
        "communities",
        "buildings",
        "noted",
        changed,
        f"homes that a limit cuts, or up to {NEARBY:g} m outside: the limit is led around them",
        [str(code) for code in homes.index[rows]],
    )
    table = communities.set_geometry(gpd.GeoSeries(outlines, communities.index, crs=site.crs))
    return site.replace(communities=table).note([entry])


def _draw_lot(home: Any, outline: Any) -> Any:
    """Draw the land that joins a home to its community: its walls, and a strip to the limit."""
    if shapely.intersects(home, outline):
        return home
    way = shapely.shortest_line(home, outline)
    strip = shapely.buffer(way, APRON, cap_style="square", join_style="mitre")
    return shapely.union(shapely.buffer(home, APRON, join_style="mitre"), strip)
