"""Households: which buildings are homes, and how many households live in each."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.rules.households import HouseholdRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.tables.whole_shares import share_above

TEXT_COLUMNS = ("class", "uses", "source", "meaning")


@cache
def _read_rows() -> tuple[dict[str, str], ...]:
    text = files("gridplan.land").joinpath("coefficients.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def read_coefficients() -> pd.DataFrame:
    """Read ``coefficients.csv``, by class of home, each number with its source.

    Floors, efficiency, and m2 of a dwelling.

    Efficiency is the share of footprint x floors that is floor area of
    dwellings in which somebody lives; floor area of dwellings is counted as
    the census does (建筑面积, walls and the share of stairs included).

    Examples
    --------
    >>> float(read_coefficients().loc["slab", "dwelling_m2"])
    92.17
    """
    table = pd.DataFrame(_read_rows()).set_index("class")
    numbers = [column for column in table.columns if column not in TEXT_COLUMNS]
    return table.assign(**{column: pd.to_numeric(table[column]) for column in numbers})


@cache
def _read_uses() -> dict[str, str]:
    return {word: row["class"] for row in _read_rows() for word in row["uses"].split("|") if word}


def classify_uses(use: pd.Series[Any]) -> pd.Series[Any]:
    """Find the class of home that words of use stand for; "not_home", or empty if unknown.

    Examples
    --------
    >>> classify_uses(pd.Series(["House", "学校", "yes", "apartments;retail"])).tolist()
    ['detached', 'not_home', '', 'slab']
    """
    # Of several uses the first: shops under flats are written after them.
    words = use.str.lower().str.split(";").str[0].str.strip()
    return words.map(_read_uses()).fillna("").astype("str").rename("class")


def estimate_households(site: Site, rules: HouseholdRules) -> Site:
    """Judge which buildings are homes and estimate the households of each, with a range.

    Households are those observed; else residents / persons of a household;
    else footprint x floors x efficiency / m2 of a dwelling by class
    (``coefficients.csv``). A home has at least one household unless the data
    says none. What was not observed is scaled so that known totals of
    communities, else of the site, are met exactly.

    Returns
    -------
    The site with ``residential``, ``households``, ``households_low``,
    ``households_high`` and ``households_origin`` filled; the observed numbers
    stay as they are beside them.

    Examples
    --------
    >>> from gridplan.tables.conform import conform_table, make_empty
    >>> from gridplan.site import SITE_TABLES
    >>> rows = {"building": ["a", "b", "c"], "floors": [6, 1, 3]}
    >>> rows["use"] = ["apartments", "house", "school"]
    >>> block, house = shapely.box(0, 0, 50, 12), shapely.box(90, 0, 100, 10)
    >>> frame = gpd.GeoDataFrame(rows, geometry=[block, house, block], crs="EPSG:32650")
    >>> site = Site(**{t: make_empty(t, "EPSG:32650") for t in SITE_TABLES})
    >>> site = site.replace(buildings=conform_table("buildings", frame))
    >>> estimate_households(site, HouseholdRules()).buildings["households"].tolist()
    [33, 1, 0]
    """
    buildings = site.buildings
    residential, judged = judge_homes(site, rules)
    kinds = classify_homes(buildings, residential, rules)
    raw = _estimate_raw(buildings, kinds, rules)
    observed = buildings["households_observed"]
    population = buildings["population"]
    origin = pd.Series("estimated", index=buildings.index, dtype="str")
    origin = (
        origin.mask(population.notna(), "population")
        .mask(observed.notna(), "observed")
        .where(residential, "none")
    )
    # homes whose number may be scaled
    free = residential & observed.isna() & (population != 0)
    number = observed.fillna(raw).where(residential, 0.0)
    # A home has at least one household, unless the data counts nobody there, or
    # only the fraction of a person that a model's cell came to.
    least = (free & ~(population < 1)).astype("int64")
    whole = _make_whole(buildings["community"], number, least, origin)
    whole, noted = _scale_to_totals(site, rules, number, whole, free, least)
    filled = buildings.assign(
        residential=residential.astype("boolean"),
        households=whole,
        **_find_range(whole, kinds, origin),
        households_origin=origin,
    )
    return site.replace(buildings=filled).note(
        [*judged, *_count_origins(origin, number, whole), *noted]
    )


def _count_origins(
    origin: pd.Series[Any], number: pd.Series[Any], whole: pd.Series[Any]
) -> list[Entry]:
    entries = []
    for word, how in (
        ("population", "from the number of residents"),
        ("estimated", "from footprint, floors and class"),
    ):
        ids = origin.index[origin == word]
        reason = f"{int(whole[ids].sum())} households {how}"
        entries.append(Entry("households", "buildings", "inferred", len(ids), reason, sorted(ids)))
    empty = origin.isin(["observed", "population"]) & (whole == 0)
    for mask, reason in (
        (empty & (number == 0), "homes where the data counts nobody"),
        (
            empty & (number > 0),
            "homes counted as a fraction of a household: the community's sum stands, "
            "its whole households are in other homes",
        ),
    ):
        ids = origin.index[mask]
        entries.append(Entry("households", "buildings", "noted", len(ids), reason, sorted(ids)))
    return entries


def _make_whole(
    community: pd.Series[Any],
    number: pd.Series[Any],
    least: pd.Series[Any],
    origin: pd.Series[Any],
) -> pd.Series[Any]:
    """Turn the numbers of homes into whole households.

    Counts are shared out by community, as rounding each row by itself would
    lose or invent households where a count was split into fractions. Estimates
    are rounded one by one.
    """
    whole = np.maximum(np.floor(number + 0.5), least).astype("int64")
    for word in ("observed", "population"):
        rows = whole.index[origin == word].sort_values()
        for codes in rows.groupby(community[rows]).values():
            weights = number[codes].to_numpy(float)
            keep = least[codes].to_numpy(np.int64)
            total = max(int(np.floor(weights.sum() + 0.5)), int(keep.sum()))
            whole[codes] = share_above(total, weights, keep)
    return whole


def judge_homes(site: Site, rules: HouseholdRules) -> tuple[pd.Series[Any], list[Entry]]:
    """Judge which buildings are homes where the data does not say, with reasons to report.

    In this order: people or households counted there; the data's own word; its
    use; the outline of a school, hospital, works or institution around it; its
    size; and a larger home beside a small outbuilding.
    """
    buildings = site.buildings
    home, open_, entries = _judge_stated(buildings)
    kind = classify_uses(buildings["use"])

    def settle(mask: pd.Series[Any], value: bool, reason: str) -> None:
        nonlocal open_
        # what an earlier reason has settled stays settled
        ids = buildings.index[mask & open_]
        home[ids] = value
        open_ = open_ & ~mask
        entries.append(Entry("households", "buildings", "inferred", len(ids), reason, sorted(ids)))

    area = buildings.geometry.area
    low = (
        buildings["floors"].fillna(buildings["height"] / rules.floor_height).fillna(1.0).round()
        <= 2
    )
    # In order of certainty, since what is settled first stays.
    settle(kind == "not_home", False, "not homes by their use")
    settle(kind != "", True, "homes by their use")
    settle(
        _find_in_places(site),
        False,
        "not homes: inside the outline of a school, hospital, works or institution",
    )
    settle(area < rules.smallest, False, f"not homes: unknown use and below {rules.smallest:g} m2")
    settle(
        (area > rules.largest_plain) & low,
        False,
        f"not homes: unknown use, low and above {rules.largest_plain:g} m2",
    )
    settle(
        _find_outbuildings(buildings, home | open_, open_, rules),
        False,
        "not homes: small, beside a larger home",
    )
    settle(open_, True, "homes by their size")
    return home.rename("residential"), entries


def _judge_stated(
    buildings: gpd.GeoDataFrame,
) -> tuple[pd.Series[Any], pd.Series[Any], list[Entry]]:
    """Judge homes by the data's own word, and by counts of people, which outweigh it.

    Returns which buildings are homes, which are still open, and entries for
    the ledger.
    """
    stated = buildings["residential"]
    counted = buildings["households_observed"].fillna(buildings["population"])
    # a count of people outweighs the data's own word
    home = stated.fillna(False).astype(bool) | (counted > 0)
    entries = []
    for mask, reason in (
        (stated.isna() & (counted > 0), "homes by the people or households counted there"),
        (stated.isna() & (counted == 0), "not homes: the data counts nobody there"),
        (
            ~stated.fillna(True).astype(bool) & home,
            "given as no homes, yet people or households are counted there: homes",
        ),
    ):
        entries.append(
            Entry(
                "households",
                "buildings",
                "inferred",
                int(mask.sum()),
                reason,
                sorted(buildings.index[mask]),
            )
        )
    return home, stated.isna() & counted.isna(), entries


def _find_in_places(site: Site) -> pd.Series[Any]:
    places = site.places[classify_uses(site.places["kind"]) == "not_home"]
    shapes = np.concatenate([places.geometry.to_numpy(), site.institutions.geometry.to_numpy()])
    shapes = shapes[shapely.get_dimensions(shapes) == 2]
    inside = pd.Series(False, index=site.buildings.index)
    # a point inside, so that a building that touches a school's fence is not in it
    inner = shapely.point_on_surface(site.buildings.geometry.to_numpy())
    inside.iloc[shapely.STRtree(inner).query(shapes, predicate="intersects")[1]] = True
    return inside


def _find_outbuildings(
    buildings: gpd.GeoDataFrame, homes: pd.Series[Any], open_: pd.Series[Any], rules: HouseholdRules
) -> pd.Series[Any]:
    """Find small buildings of unknown use with a home at least twice as large beside them."""
    area = buildings.geometry.area.to_numpy()
    small = np.flatnonzero(open_.to_numpy() & (area < rules.outbuilding))
    others = np.flatnonzero(homes.to_numpy())
    shapes = buildings.geometry.to_numpy()
    a, b = shapely.STRtree(shapes[others]).query(
        shapes[small], predicate="dwithin", distance=rules.outbuilding_reach
    )
    community = buildings["community"].to_numpy(dtype=object)
    # Only within a community, for communities are independent of one another.
    serves = (area[others[b]] >= 2 * area[small[a]]) & (community[others[b]] == community[small[a]])
    beside = pd.Series(False, index=buildings.index)
    beside.iloc[small[a[serves]]] = True
    return beside


def classify_homes(
    buildings: gpd.GeoDataFrame, residential: pd.Series[Any], rules: HouseholdRules
) -> pd.Series[Any]:
    """Find the class of each home, a row of ``coefficients.csv``; "not_home" for others."""
    kind = classify_uses(buildings["use"]).replace({"": "plain", "not_home": "plain"})
    floors = _derive_floors(buildings, rules)
    # A home of unknown use with the footprint of a block is a block if it is
    # known to have floors for it.
    block = (kind == "slab") | (
        (kind == "plain") & (buildings.geometry.area > rules.largest_house) & (floors >= 2)
    )
    kind = kind.mask(block & (floors < 4), "low_rise")
    flats = ~kind.isin(["dormitory"])
    # known floors outweigh the words of use: a "house" of ten floors is a tower
    kind = kind.mask(flats & (floors >= 4), "slab").mask(flats & (floors >= 10), "high_rise")
    return kind.where(residential, "not_home").rename("class")


def _derive_floors(buildings: gpd.GeoDataFrame, rules: HouseholdRules) -> pd.Series[Any]:
    by_height = np.maximum((buildings["height"] / rules.floor_height).round(), 1.0)
    return buildings["floors"].where(buildings["floors"] > 0).fillna(by_height)


def _estimate_raw(
    buildings: gpd.GeoDataFrame, kinds: pd.Series[Any], rules: HouseholdRules
) -> pd.Series[Any]:
    # The row of what is no home holds no numbers, so that its estimate is empty.
    rows = read_coefficients().reindex(kinds).set_axis(buildings.index)
    floors = _derive_floors(buildings, rules).fillna(rows["floors_default"])
    by_area = buildings.geometry.area * floors * rows["efficiency"] / rows["dwelling_m2"]
    return (buildings["population"] / rules.persons).fillna(by_area)


def _find_range(
    whole: pd.Series[Any], kinds: pd.Series[Any], origin: pd.Series[Any]
) -> dict[str, pd.Series[Any]]:
    """Find the low and high estimate of each building; the number itself if observed."""
    rows = (
        read_coefficients()
        .reindex(kinds.mask(origin == "population", "population"))
        .set_axis(whole.index)
    )
    open_ = origin.isin(["population", "estimated"])
    # a home that has households keeps one in the low estimate
    low = np.maximum(np.floor(whole * rows["low_factor"].where(open_, 1.0)), np.minimum(whole, 1))
    high = np.ceil(whole * rows["high_factor"].where(open_, 1.0))
    return {"households_low": low.astype("int64"), "households_high": high.astype("int64")}


def _scale_to_totals(
    site: Site,
    rules: HouseholdRules,
    number: pd.Series[Any],
    whole: pd.Series[Any],
    free: pd.Series[Any],
    least: pd.Series[Any],
) -> tuple[pd.Series[Any], list[Entry]]:
    """Scale the free homes to the known totals, and list what was done and what could not be."""
    number = number.to_numpy(dtype=float)
    out = whole.to_numpy(dtype=np.int64).copy()
    free = free.to_numpy(dtype=bool)
    codes = whole.index.to_numpy(dtype=object)
    entries = []
    scaled = []
    known = site.communities["households"].dropna().sort_index()
    rows = site.buildings.groupby("community").indices
    none = np.array([], dtype=np.int64)
    groups = [(str(code), rows.get(code, none), round(total)) for code, total in known.items()]
    if rules.total > 0:
        # a total of the whole site holds for what communities' own totals leave
        rest = np.flatnonzero(~site.buildings["community"].isin(known.index).to_numpy())
        groups.append(("the rest of the site", rest, -1))
    for name, members, total in groups:
        # the rest comes last: what the communities with known totals leave of the whole
        if total < 0:
            total = rules.total - int(out.sum() - out[members].sum())
        homes = members[free[members]]
        homes = homes[np.argsort(codes[homes], kind="stable")]  # equal shares go by code
        room = total - int(out[members].sum() - out[homes].sum())
        if len(homes):
            # every home keeps its least, even where the total is too small
            keep = least.to_numpy(np.int64)[homes]
            out[homes] = share_above(room, number[homes], keep) if room >= keep.sum() else keep
        if int(out[members].sum()) == total:
            scaled += [name] if len(homes) else []
            continue
        reason = (
            f"{name}: {int(out[members].sum())} households stand against a known total of {total}; "
            "there is no room to scale"
        )
        entries.append(Entry("households", "communities", "noted", 1, reason, [name]))
    reason = "estimates scaled so that the known total is met exactly"
    met = pd.Series(out, index=whole.index, dtype="int64")
    return met, [
        Entry("households", "communities", "inferred", len(scaled), reason, scaled),
        *entries,
    ]
