"""Settlements: the communities of land for which none are given, named after what lies there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints, Shapes
from gridplan.errors import InputError, Problem
from gridplan.geometry.cell_joining import join_cells, measure_borders
from gridplan.geometry.faces import GRID, dissolve, polygonise, sum_inside
from gridplan.geometry.tiling import find_holder
from gridplan.land.settled_land import find_inner, find_settled_land
from gridplan.land.site_lines import SiteLines, find_site_lines
from gridplan.land.spared_buildings import spare_buildings
from gridplan.land.straight_cuts import cut_heavy
from gridplan.rules.settlements import SettlementRules
from gridplan.site import Site
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

HARD = 0.01  # what a metre of border along a hard barrier counts when cells are joined
MAIN = 0.35  # the same along a main road
# Kinds of places that give a settlement its name, the best first.
PLACES = ("city", "town", "suburb", "village", "quarter", "neighbourhood", "hamlet", "locality")
ROUGH = "cuts run straight between homes, for no street or barrier divides the land there"


PLAIN_PERSONS = 2.55  # people of a household, only to weigh buildings before the estimate
PLAIN_DWELLING = 100.0  # m2 of a dwelling, for the same
NAMED = 300.0  # m around a settlement within which a place may give it its name


def make_settlements(
    site: Site, rules: SettlementRules, weights: pd.Series[Any] | None = None
) -> Site:
    """Draw settlements, used as communities where none are given.

    A settlement is the land where homes stand, edged by streets where these
    lie near. Large ones are cut along hard barriers, main roads and streets
    into communities of ``rules.community_least`` households or more; what is
    too small to stand alone is joined to a settlement nearby. They are numbered
    from west to east and named after places or streets.

    Parameters
    ----------
    site
        A site with buildings; its communities are replaced.
    rules
        Widths and sizes.
    weights
        Households by building; a rough guess from counts, residents and floor
        area where they are not given.

    Raises
    ------
    InputError
        If there is no building.
    """
    buildings = site.buildings.sort_index()
    weight = weigh_roughly(buildings) if weights is None else weights.reindex(buildings.index)
    # Where no building may be a home, all are taken: what is wrong is said later.
    homes = buildings[weight > 0] if (weight > 0).any() else buildings
    if homes.empty:
        remedy = "give a file with buildings"
        raise InputError([Problem("buildings", "not empty", "there is no building", remedy)])
    lines = find_site_lines(site)
    shapes, cuts = draw_settlements(homes, weight[homes.index].to_numpy(float), lines, rules)
    lived = buildings.index.isin(homes.index)
    shapes = spare_buildings(shapes, buildings.geometry.to_numpy(), lived)
    codes = code_settlements(len(shapes))
    frame = gpd.GeoDataFrame(
        {"community": codes, "origin": "settlement", "name": name_settlements(shapes, site)},
        geometry=shapes,
        crs=buildings.crs,
    )
    reason = (
        f"no communities given: {len(shapes)} settlements, or parts of them between barriers "
        "and streets, stand in for them"
    )
    entries = [
        Entry("communities", "communities", "inferred", len(shapes), reason, codes),
        Entry("communities", "communities", "noted", cuts, ROUGH),
    ]
    return site.replace(communities=conform_table("communities", frame)).note(entries)


def code_settlements(count: int, taken: Collection[str] = ()) -> list[str]:
    """Give settlements numbers as they are sorted, with codes that nothing else has.

    Examples
    --------
    >>> code_settlements(2), code_settlements(1, {"s001"})
    (['s001', 's002'], ['s002'])
    """
    width = max(3, len(str(count + len(taken))))
    codes = [f"s{n:0{width}d}" for n in range(1, count + len(taken) + 1)]
    return [code for code in codes if code not in taken][:count]


def weigh_roughly(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
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


def draw_settlements(
    homes: gpd.GeoDataFrame, weight: Floats, lines: SiteLines, rules: SettlementRules
) -> tuple[Shapes, int]:
    """Draw the settlements of some homes, sorted from west to east, and count straight cuts.

    Parameters
    ----------
    homes
        Buildings where people live, or may live.
    weight
        Households of each, roughly.
    lines
        Streets and barriers.
    rules
        Widths and sizes.
    """
    land = find_settled_land(homes.geometry.to_numpy(), lines.edges, lines.hard, lines.wet, rules)
    inner = shapely.point_on_surface(homes.geometry.to_numpy())
    cells, cuts = cut_heavy(land.faces[land.settled], inner, weight, rules.community_most, GRID)
    if cuts:
        # Noded together again, so that a cut ends in a corner of both sides.
        cells = polygonise(shapely.boundary(cells))
        cells = cells[find_holder(land.faces[land.settled], find_inner(cells)) >= 0]
    mass = sum_inside(cells, inner, weight)
    borders = measure_borders(cells, [(lines.main, MAIN), (lines.hard, HARD)])
    label = join_cells(
        cells, mass, borders, rules.community_least, rules.community_most, rules.least
    )
    label = _join_loose(cells, mass, label, lines, rules)
    shapes = dissolve(cells, label)
    # Rounded to decimetres, so that codes do not depend on the last bits of a
    # centroid.
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).round(1).T
    return np.asarray(shapes[np.lexsort((-y, x))], dtype=object), cuts


def _join_loose(
    cells: Shapes, mass: Floats, label: Ints, lines: SiteLines, rules: SettlementRules
) -> Ints:
    """Join settlements that are too small to the nearest one that no hard barrier parts from them.

    The smallest first, each to whatever stands nearest then.
    """
    groups = np.unique(label)
    shapes = dissolve(cells, label)
    load = np.bincount(np.searchsorted(groups, label), mass, minlength=len(groups))
    order = np.lexsort((groups, load))
    host = np.arange(len(groups))
    tree = shapely.STRtree(shapes)
    hard = shapely.STRtree(lines.hard)
    for n in order:
        if load[n] >= rules.least:
            continue
        around = tree.query(shapes[n], predicate="dwithin", distance=rules.join)
        around = around[host[around] != n]
        if not len(around):
            continue
        ways = shapely.shortest_line(shapes[n], shapes[around])
        free = np.ones(len(around), bool)
        free[hard.query(ways, predicate="crosses")[0]] = False
        gap = np.where(free, shapely.length(ways), np.inf).round(2)
        if not np.isfinite(gap).any():
            continue
        to = host[around[np.lexsort((around, gap))[0]]]
        host[host == n] = to
        load[to] += load[n]
        load[n] = 0
    return groups[host[np.searchsorted(groups, label)]]


def name_settlements(shapes: Shapes, site: Site) -> list[str]:
    """Name settlements after a place in or near them, else after their longest street.

    Several of one name get a number each.
    """
    names = pd.Series("", index=range(len(shapes)), dtype="str")
    places = site.places[site.places["kind"].isin(PLACES) & (site.places["name"] != "")]
    places = places.sort_index()
    if len(places):
        points = shapely.point_on_surface(places.geometry.to_numpy())
        place, shape = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=NAMED)
        rank = places["kind"].map({kind: n for n, kind in enumerate(PLACES)}).to_numpy()
        gap = shapely.distance(points[place], shapes[shape]).round(1)
        order = np.lexsort((place, gap, rank[place], shape))
        first = (
            order[np.append(True, shape[order][1:] != shape[order][:-1])] if len(order) else order
        )
        names[shape[first]] = places["name"].to_numpy()[place[first]]
    named = site.streets[site.streets["name"] != ""].sort_index()
    empty = np.flatnonzero(names == "")
    if len(named) and len(empty):
        line, shape = shapely.STRtree(shapes[empty]).query(
            named.geometry.to_numpy(), predicate="intersects"
        )
        metres = shapely.length(
            shapely.intersection(named.geometry.to_numpy()[line], shapes[empty][shape])
        )
        table = pd.DataFrame(
            {"shape": empty[shape], "name": named["name"].to_numpy()[line], "metres": metres}
        )
        table = table.groupby(["shape", "name"], as_index=False)["metres"].sum()
        table["metres"] = table["metres"].round(1)
        best = table.sort_values(["shape", "metres", "name"], ascending=[True, False, True])
        best = best.drop_duplicates("shape")
        names[best["shape"].to_numpy()] = best["name"].to_numpy()
    count = names.groupby(names).transform("size")
    number = (names.groupby(names).cumcount() + 1).astype("str")
    return list(names.where((count < 2) | (names == ""), names + " " + number))
