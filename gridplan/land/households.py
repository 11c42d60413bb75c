"""Households: which buildings are homes, and how many households live in each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.land.counted_homes import (
    learn_chances,
    learn_second_households,
    order_by_code,
    pick_teachers,
)
from gridplan.land.home_chances import HomeChances, judge_chances, note_buildings
from gridplan.land.home_classes import classify_homes, expect_second_households, read_coefficients
from gridplan.land.household_ranges import HIGH, LOW, find_quantiles
from gridplan.land.known_totals import Homes, find_total_spread, round_counts, share_households
from gridplan.land.total_groups import TotalGroups, group_by_totals, note_compared
from gridplan.rules.households import HouseholdRules
from gridplan.site import Site
from gridplan.tables.ledger import Entry

DIGITS = 4


def find_teachers(site: Site, rules: HouseholdRules) -> pd.DataFrame:
    """Find the counted buildings of a site that the others learn from, as in a part of a city."""
    chances = judge_chances(site, rules)
    kinds = _classify_all(site, rules)
    expected = expect_second_households(site.buildings, kinds, rules)
    return pick_teachers(site, chances, kinds, expected)


def _classify_all(site: Site, rules: HouseholdRules) -> pd.Series[Any]:
    """Find the class that each building has if it is a home."""
    everywhere = pd.Series(True, index=site.buildings.index)
    return classify_homes(site.buildings, everywhere, rules)


def estimate_households(
    site: Site, rules: HouseholdRules, teachers: pd.DataFrame | None = None
) -> Site:
    """Judge which buildings are homes and estimate the households of each, with a range.

    Households are those observed; else residents / persons of a household;
    else a model: a building is a home with a chance, by use, size and place;
    a home has one household and a number beyond it, by class, footprint and
    floors (``coefficients.csv``, by country). What was counted teaches the
    rest. Known totals of zones and communities, else of the site, are met
    exactly (:func:`gridplan.land.total_groups.group_by_totals`).

    ``teachers`` are the counted buildings to learn from, those of the site
    itself if not given; a part of a city gets those of the whole.

    Returns
    -------
    The site with ``residential``, ``households``, ``households_low`` and
    ``households_high`` (5 % and 95 % quantiles), ``households_origin``,
    ``home_chance``, ``households_mean`` and ``households_spread`` filled; the
    observed numbers stay as they are beside them.

    Examples
    --------
    >>> import geopandas as gpd, shapely
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
    chances = judge_chances(site, rules)
    table = _expect(site, rules, chances, teachers)
    table, entries = _share_groups(site, rules, table)
    table = _find_ranges(table)
    filled = site.buildings.assign(
        residential=table["residential"].astype("boolean"),
        households=table["households"],
        households_low=table["low"],
        households_high=table["high"],
        households_origin=table["origin"],
        home_chance=table["chance"],
        households_mean=table["mean"],
        households_spread=table["spread"],
    )
    notes = [*chances.entries, *_note_homes(chances, table), *_note_origins(table), *entries]
    return site.replace(buildings=filled).note(notes)


def _expect(
    site: Site, rules: HouseholdRules, chances: HomeChances, teachers: pd.DataFrame | None
) -> pd.DataFrame:
    """Find what is expected of each building, before whole numbers and totals.

    Returns ``community``, ``chance``, ``size`` (households if it is a home),
    ``spread``, ``place_spread``, ``origin`` (as if it were a home), ``number``
    (what is known: households or residents / persons) and ``firm``.
    """
    buildings = site.buildings
    kinds = _classify_all(site, rules)
    expected = expect_second_households(buildings, kinds, rules)
    if teachers is None:
        teachers = pick_teachers(site, chances, kinds, expected)
    chance = learn_chances(chances, teachers)
    expected = learn_second_households(site, kinds, expected, teachers)
    observed = buildings["households_observed"]
    residents = buildings["population"] / rules.persons
    origin = pd.Series("estimated", index=buildings.index, dtype="str")
    origin = origin.mask(residents.notna(), "population").mask(observed.notna(), "observed")
    number = observed.fillna(residents)
    return pd.DataFrame(
        {
            "community": buildings["community"],
            "chance": chance,
            "size": (1.0 + expected["second"]).mask(number.notna(), number),
            "spread": expected["spread"],
            "place_spread": expected["place_spread"],
            "origin": origin,
            "number": number,
            "stated": (chances.prior_basis == "stated") & (chances.prior > 0),
            "population": buildings["population"],
        }
    )


REST = "the rest of the site"


def _share_groups(
    site: Site, rules: HouseholdRules, table: pd.DataFrame
) -> tuple[pd.DataFrame, list[Entry]]:
    """Share households out to known totals where there are any, else by community."""
    rank = order_by_code(table.index)
    # filled in by group
    whole = np.zeros(len(table), np.int64)
    mean = np.zeros(len(table))
    left = np.ones(len(table))
    lived = np.zeros(len(table), bool)
    met = np.zeros(len(table), bool)
    notes = _Totals()
    known = group_by_totals(site)
    # taken once, as groups are many
    codes = table.index.to_numpy(object)
    plain = table.drop(columns="community").assign(origin=table["origin"].astype(object))
    for name, of, rows, total in _list_groups(known, table["community"], rules.total):
        if name == REST:
            total = rules.total - int(whole.sum())
        rows = rows[np.argsort(codes[rows], kind="stable")]
        shared = _share_group(plain.iloc[rows], rank[rows], total)
        whole[rows], lived[rows], mean[rows], left[rows] = shared
        met[rows] = total is not None
        if total is not None:
            notes.add(of, name, int(whole[rows].sum()), total, len(rows))
    out = table.assign(households=whole, residential=lived, mean=mean, left=left, met=met)
    out["origin"] = out["origin"].where(out["residential"], "none")
    return out, [*notes.list_entries(), *note_compared(known, out)]


def _list_groups(
    known: TotalGroups, community: pd.Series[str], total: int
) -> list[tuple[str, str, Any, int | None]]:
    """List the groups that households are shared out in: name, table, rows and known total."""
    rows_of = pd.Series(known.number).groupby(known.number).indices
    none: Any = np.array([], np.int64)
    groups: list[tuple[str, str, Any, int | None]] = [
        (name, table, rows_of.get(n, none), value)
        for n, (name, table, value) in enumerate(
            zip(known.codes, known.table, known.totals, strict=True)
        )
    ]
    rest = rows_of.get(-1, none)
    if total > 0:
        # a total of the whole site holds for what all other totals leave
        return [*groups, (REST, "communities", rest, None)]
    by_community = pd.Series(rest).groupby(community.to_numpy(object)[rest])
    free = [(str(code), "communities", rows.to_numpy(), None) for code, rows in by_community]
    return [*groups, *free]


class _Totals:
    """Collects which known totals were met, and which could not be."""

    def __init__(self) -> None:
        self.met: dict[str, list[str]] = {"zones": [], "communities": []}
        self.missed: list[Entry] = []

    def add(self, table: str, name: str, households: int, total: int, rows: int) -> None:
        if households == total:
            self.met[table] += [name] if rows else []
            return
        reason = (
            f"{name}: {households} households stand against a known total of {total}; "
            "there is no room to scale"
        )
        self.missed.append(Entry("households", table, "noted", 1, reason, [name]))

    def list_entries(self) -> list[Entry]:
        reason = "estimates scaled so that the known total is met exactly"
        met = [
            Entry("households", table, "inferred", len(names), reason, names)
            for table, names in self.met.items()
        ]
        return [*met, *self.missed]


def _share_group(group: pd.DataFrame, rank: Any, total: int | None) -> Any:
    """Share households out in one group.

    Returns households, whether it is a home, the mean and the share of the
    variance that is left, each an array of the rows.
    """
    origin = group["origin"].to_numpy(object)
    is_home = (group["chance"] > 0).to_numpy()
    number = group["number"].to_numpy(float)
    whole = np.zeros(len(group), np.int64)
    mean = np.zeros(len(group))
    left = np.ones(len(group))
    lived = is_home & (origin != "estimated")
    fixed = (origin == "observed") | ((origin == "population") & (number == 0))
    counted = np.flatnonzero(lived & fixed)
    # Counts are shared out, as rounding each row by itself would lose or invent
    # households where a count was split into fractions.
    whole[counted] = round_counts(number[counted].sum(), number[counted], 0 * counted)
    mean[counted] = whole[counted]
    least = (group["population"].fillna(1.0) >= 1).to_numpy(np.int64)
    open_ = is_home & ~fixed
    by_people = open_ & (origin == "population")
    parts = [open_] if total is not None else [by_people, open_ & ~by_people]
    for part in parts:
        rows = np.flatnonzero(part)
        homes = Homes(
            chance=group["chance"].to_numpy()[rows],
            size=group["size"].to_numpy()[rows],
            place_spread=group["place_spread"].fillna(0.0).to_numpy()[rows],
            least=least[rows],
            firm=by_people[rows],
            rank=rank[rows],
        )
        room = None if total is None else max(0, total - int(whole[counted].sum()))
        whole[rows], chosen, mean[rows] = share_households(homes, room)
        lived[rows] = chosen | group["stated"].to_numpy()[rows]
        if total is not None:
            left[rows] = find_total_spread(homes, group["spread"].fillna(0.0).to_numpy()[rows])
    return whole, lived, mean, left


def _find_ranges(table: pd.DataFrame) -> pd.DataFrame:
    """Find chance, mean and spread as they are kept, and the range that follows from them."""
    rows = read_coefficients()
    people = (table["origin"] == "population").to_numpy()
    fixed = table["number"].notna().to_numpy() & ~people
    own = np.where(people, rows.loc["population", "spread"], table["spread"].fillna(0.0))
    # a place's error is no longer open once its total is known
    place = np.where(people | table["met"], 0.0, table["place_spread"].fillna(0.0))
    spread = np.sqrt((1.0 + own**2) * (1.0 + place**2) - 1.0) * np.sqrt(table["left"])
    mean = np.round(table["mean"].to_numpy(float), DIGITS)
    # what is less than a household on average is a household with a chance
    chance = np.minimum(table["chance"].to_numpy(float), mean)
    whole = table["households"].to_numpy()
    # the only open building of a total has what is left of it; one of many that
    # merely outweighs the others has not
    only = table["met"].to_numpy() & (table["left"].to_numpy() < 1e-9)
    fixed |= only & (np.abs(mean - whole) < 10.0**-DIGITS)
    chance = np.where(fixed, (whole > 0).astype(float), np.round(chance, DIGITS))
    mean = np.where(fixed, whole, mean)
    # never 0 where something is open, as 0 says that the number is known
    spread = np.where(fixed | (chance <= 0), 0.0, np.maximum(np.round(spread, 3), 0.001))
    low, high = (find_quantiles(level, chance, mean, spread) for level in (LOW, HIGH))
    low, high = (np.where(fixed, whole, end) for end in (low, high))
    return table.assign(
        chance=chance,
        mean=mean,
        spread=spread,
        low=np.minimum(low, whole).astype("int64"),
        high=np.maximum(high, whole).astype("int64"),
    )


def _note_homes(chances: HomeChances, table: pd.DataFrame) -> list[Entry]:
    """List the homes by what they were judged by."""
    home, basis = table["residential"], chances.basis
    size = basis.isin(["size", "beside"])
    return [
        note_buildings((basis == "use") & (chances.prior <= 0), "not homes by their use"),
        note_buildings((basis == "use") & home, "homes by their use"),
        note_buildings(
            basis == "place",
            "not homes: inside the outline of a school, hospital, works or institution",
        ),
        note_buildings(size & home, "homes by their size"),
        note_buildings((basis == "size") & ~home, "not homes: unknown use, unlikely by their size"),
        note_buildings((basis == "beside") & ~home, "not homes: small, beside a larger home"),
        note_buildings(
            (basis == "use") & (chances.prior > 0) & ~home,
            "homes by their use for which a known total or the counts have no room",
        ),
    ]


def _note_origins(table: pd.DataFrame) -> list[Entry]:
    origin, whole, number = table["origin"], table["households"], table["number"]
    entries = []
    for word, how in (
        ("population", "from the number of residents"),
        ("estimated", "from footprint, floors and class"),
    ):
        mask = origin == word
        entries.append(note_buildings(mask, f"{int(whole[mask].sum())} households {how}"))
    empty = origin.isin(["observed", "population"]) & (whole == 0)
    entries.append(
        note_buildings(empty & (number == 0), "homes where the data counts nobody", "noted")
    )
    entries.append(
        note_buildings(
            empty & (number > 0),
            "homes counted as a fraction of a household: the community's sum stands, "
            "its whole households are in other homes",
            "noted",
        )
    )
    return entries
