"""Whether communities are urban or rural, judged by their homes and the settlement they are in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.land.home_classes import classify_homes, read_coefficients
from gridplan.land.slab_estates import FLOORS, find_slab_shapes
from gridplan.rules.households import HouseholdRules
from gridplan.rules.site import SiteRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry

NEIGHBOURHOOD = 40.0  # m around a home that count as built-up land


def judge_kinds(site: Site, rules: SiteRules, households: HouseholdRules | None = None) -> Site:
    """Fill the class of communities that have none.

    It is ``rules.default_kind`` if that is set, else judged. A community is
    urban where

    - there are at least ``rules.urban_density`` households per hectare within
      40 m of its homes,
    - its households live in buildings of ``rules.urban_floors`` floors or more
      on average, as far as floors are known,
    - it is part of a city, a dense settlement of ``rules.city_people``
      inhabitants, or
    - it is part of a town of ``rules.town_people`` with the share
      ``rules.town_blocks`` of its households in blocks of flats.

    Communities with ``rules.town_density`` inhabitants per km2 of built-up
    land, no more than ``rules.town_gap`` apart, are one dense settlement. Where
    nothing is known of a large long building but its footprint, it counts as a
    block of four floors.

    Examples
    --------
    >>> from gridplan.tables.conform import conform_table, make_empty
    >>> from gridplan.site import SITE_TABLES
    >>> land = [shapely.box(0, 0, 500, 500)]
    >>> village = gpd.GeoDataFrame({"community": ["v"]}, geometry=land, crs="EPSG:32650")
    >>> site = Site(**{t: make_empty(t, "EPSG:32650") for t in SITE_TABLES})
    >>> site = site.replace(communities=conform_table("communities", village))
    >>> judge_kinds(site, SiteRules()).communities["kind"].tolist()
    ['rural']
    """
    if (site.communities["kind"] != "").all():
        return site
    return fill_kinds(site, sum_homes(site, households or HouseholdRules()), rules)


def fill_kinds(site: Site, sums: gpd.GeoDataFrame, rules: SiteRules) -> Site:
    """Fill the class of communities that have none, by the sums of their homes.

    As :func:`judge_kinds` does; ``sums`` are those of :func:`sum_homes`, one
    row for each community of the site.
    """
    communities = site.communities
    empty = communities.index[communities["kind"] == ""]
    if empty.empty:
        return site
    kinds = pd.Series(rules.default_kind, index=empty, dtype="str")
    how = f"class not given: {rules.default_kind} by default"
    entries = []
    if not rules.default_kind:
        measured = _rate_sums(sums.loc[communities.index], rules).loc[empty]
        urban = (
            (measured["density"] >= rules.urban_density)
            | (measured["floors"] >= rules.urban_floors)
            | (measured["people"] >= rules.city_people)
            | (
                (measured["people"] >= rules.town_people)
                & (measured["blocks"] >= rules.town_blocks)
            )
        )
        kinds = pd.Series(np.where(urban, "urban", "rural"), index=empty, dtype="str")
        how = (
            f"class not given: {int(urban.sum())} urban, {int((~urban).sum())} rural, "
            "by density, floors and size of the settlement"
        )
        guessed = int(measured["guessed"].sum())
        seen = "floors and use not known: long and large, counted as blocks of flats for the class"
        entries.append(Entry("communities", "buildings", "noted", guessed, seen))
    filled = communities["kind"].copy()
    filled[empty] = kinds
    entries = [
        Entry("communities", "communities", "inferred", len(empty), how, sorted(empty)),
        *entries,
    ]
    return site.replace(communities=communities.assign(kind=filled)).note(entries)


def measure_density(
    site: Site, rules: SiteRules | None = None, households: HouseholdRules | None = None
) -> pd.DataFrame:
    """Measure how densely communities are settled, and how large the settlements are.

    Returns
    -------
    By community: ``density``, households per hectare of built-up land, which is
    what lies within 40 m of a home's bounding box; ``floors``, their mean where
    they are known, weighted by households; ``people``, inhabitants of the dense
    settlement that it is part of, 0 where it is too sparse for one; ``blocks``,
    the share of that settlement's households in blocks of flats; and
    ``guessed``, the number of the community's blocks that only their footprint
    shows.
    """
    sums = sum_homes(site, households or HouseholdRules())
    return _rate_sums(sums, rules or SiteRules())


def sum_homes(site: Site, households: HouseholdRules) -> gpd.GeoDataFrame:
    """Sum up the homes of each community, and draw its built-up land.

    Returns
    -------
    By community: ``households``; ``number``, the same with blocks of flats that
    only their footprint shows; ``blocks``, those of them in blocks of flats;
    ``guessed``, the number of such blocks; ``floored``, households in buildings
    of known floors; ``floors``, their floors added up; ``people``; and
    ``geometry``, the built-up land, none where nobody lives.
    """
    codes = site.communities.index
    homes = site.buildings[site.buildings["households"] > 0]
    built = _draw_built_land(homes, site.communities)
    # Of all buildings, for what stands beside a home is part of how it is seen.
    everywhere = pd.Series(True, index=site.buildings.index)
    kind = classify_homes(site.buildings, everywhere, households).loc[homes.index]
    slab = find_slab_shapes(homes) & (homes["households_origin"] == "estimated")
    row = read_coefficients().loc["slab"]
    flats = FLOORS * row["efficiency"] / row["dwelling_m2"] * homes.geometry.area
    number = homes["households"].where(~slab, np.maximum(homes["households"], flats))
    in_blocks = number.where(slab | kind.isin(["estate", "slab", "high_rise"]), 0.0)
    known = homes["floors"].where(homes["floors"].notna())
    table = pd.DataFrame(
        {
            "households": homes["households"],
            "number": number,
            "blocks": in_blocks,
            "guessed": slab.astype("int64"),
            "floored": homes["households"].where(known.notna(), 0),
            "floors": (homes["households"] * known).fillna(0.0),
        }
    )
    total = table.groupby(homes["community"]).sum().reindex(codes, fill_value=0)
    total = total.assign(people=total["number"] * households.persons)
    return gpd.GeoDataFrame(total, geometry=built, crs=site.crs)


def _rate_sums(total: gpd.GeoDataFrame, rules: SiteRules) -> pd.DataFrame:
    """Rate how densely communities are settled, by the sums of their homes."""
    built = total.geometry.to_numpy()
    hectares = shapely.area(built) / 10_000
    people = total["people"].to_numpy(float)
    # A km2 has a hundred hectares.
    dense = (people > 0) & (people * 100 >= rules.town_density * np.nan_to_num(hectares))
    settlement = _number_settlements(built, dense, rules.town_gap)
    joined, number_joined, blocks_joined = (
        np.bincount(settlement, weights * dense)[settlement]
        for weights in (people, total["number"].to_numpy(float), total["blocks"].to_numpy(float))
    )
    return pd.DataFrame(
        {
            "density": total["households"] / hectares,
            "floors": total["floors"] / total["floored"].where(total["floored"] > 0),
            "people": np.where(dense, joined, 0.0),
            "blocks": np.where(dense, blocks_joined / np.maximum(number_joined, 1.0), 0.0),
            "guessed": total["guessed"],
        },
        index=total.index,
    )


def _draw_built_land(homes: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Shapes:
    """Draw the built-up land of each community; none where nobody lives."""
    # Boxes, since their union is quick and 40 m round a house is no exact
    # measure.
    boxes = shapely.bounds(homes.geometry.to_numpy()) + np.array([-1, -1, 1, 1]) * NEIGHBOURHOOD
    land = (
        pd.Series(shapely.box(*boxes.T), index=homes.index)
        .groupby(homes["community"])
        .agg(shapely.union_all)
    )
    built = np.array(land.reindex(communities.index), dtype=object)
    built[pd.isna(built)] = None
    return np.asarray(shapely.intersection(built, communities.geometry.to_numpy()), dtype=object)


def _number_settlements(built: Shapes, dense: Bools, gap: float) -> Ints:
    """Give dense communities near one another a number together.

    Every other community has one by itself.
    """
    one, two = shapely.STRtree(built).query(built, predicate="dwithin", distance=gap)
    both = dense[one] & dense[two]
    graph = coo_array((np.ones(both.sum()), (one[both], two[both])), shape=(len(built), len(built)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
