"""Rules on the figures of pairing: links column by column, and every indicator of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    list_figures,
    recall_rules,
    report_columns,
    say_ends,
    sum_levels,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings
from gridplan.auditing.pairing import CADRES
from gridplan.auditing.tallies import count_again
from gridplan.rules.pairing import PairingRules

AGAIN = "pair the plan again"
KEY = ("level", "of", "measure")
BODIES = (
    "residents_committee",
    "owners_committee",
    "property_firm",
    "building_captains",
    "service_station",
)
OF_COMPOUNDS = {"seat_owners": "owners_committee", "seat_firm": "property_firm"}


@dataclass(frozen=True, eq=False)
class Towns:
    """The communities that are paired, and the centres and households of all, villages too."""

    table: pd.DataFrame
    six: pd.DataFrame
    centres: pd.DataFrame
    homes: pd.Series[Any]


def measure_towns(evidence: Evidence) -> Towns:
    """Measure the communities in scope of pairing again."""
    e = evidence
    rules = recall_rules(e, "pair", "pairing").pairing
    codes = e.communities.index
    weight = e.weight.astype(float)
    frame = pd.DataFrame({"x": e.xy[:, 0] * weight, "y": e.xy[:, 1] * weight, "homes": weight})
    sums = frame.groupby(e.stairwells["community"].to_numpy(object)).sum().reindex(codes).fillna(0)
    inner = shapely.point_on_surface(e.communities.geometry.to_numpy())
    homes = sums["homes"]
    table = pd.DataFrame(
        {
            "x": (sums["x"] / homes.where(homes > 0)).fillna(
                pd.Series(shapely.get_x(inner), codes)
            ),
            "y": (sums["y"] / homes.where(homes > 0)).fillna(
                pd.Series(shapely.get_y(inner), codes)
            ),
            "households": homes,
            "elders": count_again(e, "elders", homes).values.reindex(codes),
            "short": _find_short(e).reindex(codes),
            "subdistrict": e.communities["subdistrict"].fillna(""),
        }
    )
    base = _relate(homes, pd.Series(1.0, codes))
    need = base + rules.need_elders * _relate(table["elders"], base)
    table["need"] = need + rules.need_short * _relate(table["short"], base)
    centres = _find_centres(e, table, rules)
    if rules.scope != "all":
        table = table[e.communities["kind"] == "urban"]
    return Towns(table, _find_bodies(e, table), centres, homes)


def _find_short(e: Evidence) -> pd.Series[Any]:
    rows = e.plan.indicators
    rows = rows[(rows["level"] == "community") & (rows["measure"] == "full_workers")]
    rows = rows.drop_duplicates("of").set_index("of")
    return (rows["need"] - rows["value"]).clip(lower=0)


def _relate(values: pd.Series[Any], base: pd.Series[Any]) -> pd.Series[Any]:
    """Relate values to their mean; the base where nobody knows them, or all are zero."""
    mean = values.mean()
    return (values / mean).fillna(base) if mean > 0 else base.copy()


def _find_bodies(e: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """Find which of the six bodies each community has: 1, 0, or NaN where nobody says."""
    orgs = e.plan.party_orgs
    led = table.index.isin(orgs.loc[orgs["level"] != "group", "community"]).astype(float)
    six = pd.DataFrame({"party_org": led if len(orgs) else np.nan}, index=table.index)
    for body in BODIES:
        values = count_again(e, body, table["households"]).values.reindex(table.index)
        six[body] = (values > 0).astype(float).where(values.notna())
    return six


def _find_centres(e: Evidence, table: pd.DataFrame, rules: PairingRules) -> pd.DataFrame:
    """Find the service centres on the land of each community, their area and the ways to them."""
    places = e.plan.site.places
    places = places[places["kind"] == "service_centre"]
    points = shapely.centroid(places.geometry.to_numpy())
    area = places["floor_area"].to_numpy(float)
    free = np.ones(len(places), bool)
    rows = {}
    for code in table.index:
        land = e.communities.geometry[code]
        # On a common limit a centre counts for the first community by code.
        inside = free & shapely.intersects(points, land)
        free &= ~inside
        homes = float(table.at[code, "households"])
        ends = e.communities.loc[code, ["households_low", "households_high"]].astype(float)
        need, *needs = (_need_area(number, rules) for number in (homes, *ends))
        way, within = _measure_ways(e, code, points[inside], rules.centre_reach)
        count = float(inside.sum())
        built = area[inside].sum() if count else np.nan
        rows[code] = (count, built, need, way, within, *needs)
    names = ["centres", "area", "need", "way", "within", "need_low", "need_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names, dtype=float)


def _need_area(homes: float, rules: PairingRules) -> float:
    need = round(homes * rules.centre_area / 100.0, 6)
    return max(need, rules.centre_least) if homes >= rules.centre_small else need


def _measure_ways(e: Evidence, code: Any, points: Any, reach: float) -> tuple[float, float]:
    """Measure the mean straight way to the nearest centre, and the households within reach."""
    doors = np.flatnonzero(e.stairwells["community"].to_numpy(object) == code)
    weight = e.weight[doors].astype(float)
    if not len(points):
        return np.nan, 0.0
    if not weight.sum() > 0:
        return np.nan, np.nan
    at = shapely.get_coordinates(points)
    way = np.hypot(*(e.xy[doors][:, None] - at[None]).transpose(2, 0, 1)).min(axis=1)
    return float(way @ weight / weight.sum()), float((way <= reach) @ weight / weight.sum())


def check_links(evidence: Evidence) -> pd.DataFrame:
    """Check where links go, their distances, hours and prices.

    Source: gridplan's schema; hours of a check-in and the price of a kept pair
    are rules.
    """
    e = evidence
    links = e.plan.links
    if links.empty:
        return join_findings([])
    rules = recall_rules(e, "pair", "pairing").pairing
    kind = links["kind"].to_numpy(object)
    amount = links["amount"].to_numpy(float)
    is_checkin = kind == "member_checkin"
    is_seat = np.array([str(k).startswith("seat") for k in kind], bool)
    subdistrict = e.communities["subdistrict"].reindex(links["community"]).fillna("")
    target = links["target"].to_numpy(object)
    community = links["community"].to_numpy(object)
    of_body = is_seat & (target == subdistrict.to_numpy(object)) & (target != "")
    distance = _measure_links(e, links)
    stated = links["distance"].to_numpy(float)
    way = np.rint(np.where(np.isnan(distance), stated, distance))
    kept = links["kept"].to_numpy(bool) & (kind == "pairing")
    price = np.where(is_checkin, way * amount, way - kept * round(rules.kept_price))
    right = {
        "target": np.where(of_body, target, community),
        "amount": np.where(is_checkin, amount, 1.0),
        "hours": np.where(is_checkin, amount * rules.checkin_hours, np.nan),
        "distance": np.where(np.isnan(distance), stated, distance),
        "kept": kept,
    }
    right["price"] = np.where(is_seat, 0.0, price)
    return report_columns("pairing", "links", links, right, AGAIN, noun="link")


def _measure_links(e: Evidence, links: pd.DataFrame) -> Floats:
    """Measure the straight distance of each link; NaN where its source has no place."""
    towns = e.take(measure_towns).table
    site = e.plan.site
    kind = links["kind"]
    source = links["source"]
    # Posts of cadres are coded after their institution.
    body = source.where(~kind.isin(CADRES), source.str.replace(r"-C\d+$", "", regex=True))
    of_body = shapely.centroid(site.institutions.geometry.reindex(body).to_numpy())
    of_compound = shapely.centroid(site.compounds.geometry.reindex(source).to_numpy())
    point = np.where(kind.isin(list(OF_COMPOUNDS)), of_compound, of_body)
    at = towns[["x", "y"]].reindex(links["community"]).to_numpy(float)
    apart = np.hypot(shapely.get_x(point) - at[:, 0], shapely.get_y(point) - at[:, 1])
    return np.asarray(apart)


def check_pairing_figures(evidence: Evidence) -> pd.DataFrame:
    """Check each indicator of pairing: value, need, whether it is met, and its origin.

    Source: gridplan's schema; the needs are those of the rules of pairing.
    """
    e = evidence
    stated = e.plan.indicators[e.plan.indicators["room"] == "pairing"]
    if "pair" not in e.plan.manifest.get("people", {}):
        return join_findings([])
    rules = recall_rules(e, "pair", "pairing").pairing
    towns = e.take(measure_towns)
    frames = [
        *_list_links(e, towns.table, rules),
        *_list_seats(e, towns.table, rules),
        *_list_six(towns.six),
        *_list_owners(e, towns.table, rules),
        *_list_centres(towns, rules),
    ]
    area, needs = towns.centres["area"], towns.centres[["need_high", "need_low"]]
    low, high = (area / needs[name].where(needs[name] != 0) for name in needs)
    right = say_ends(join_columns(frames), "centre_area_share", low, high)
    return compare_rows("pairing", "indicators", stated, right, KEY, AGAIN, "indicator")


def _list_links(e: Evidence, table: pd.DataFrame, rules: PairingRules) -> list[dict[str, Any]]:
    links = e.plan.links
    share = table["need"] / table["need"].sum() if len(table) else table["need"]
    frames = []
    for name, kinds in (
        ("paired", ["pairing"]),
        ("cadres", list(CADRES)),
        ("checkin_members", ["member_checkin"]),
    ):
        rows = links[links["kind"].isin(kinds)]
        value = rows.groupby("community")["amount"].sum().reindex(table.index, fill_value=0)
        need: Any = {"paired": float(rules.institutions_least), "cadres": 1.0}.get(
            name, np.floor(share * rows["amount"].sum())
        )
        frames += _list_places(table.index, name, value, need)
        frames.append(
            list_figures("city", [CITY], "", name, [value.sum()], np.nan, False, "computed")
        )
    checkin = links[links["kind"] == "member_checkin"]
    hours = checkin.groupby("community")["hours"].sum().reindex(table.index, fill_value=0)
    institutions = e.plan.site.institutions
    answered = links[links["kind"] == "pairing"].groupby("source").size()
    answered = answered.reindex(institutions.index, fill_value=0)
    capacity = count_capacity(e, rules)
    return [
        *frames,
        *_list_places(table.index, "checkin_hours", hours, np.nan),
        list_figures(
            "institution",
            institutions.index,
            "",
            "communities",
            answered,
            capacity,
            True,
            "computed",
        ),
    ]


def count_capacity(e: Evidence, rules: PairingRules) -> pd.Series[Any]:
    """Count the communities that each institution can bear, by its members."""
    members = e.plan.site.institutions["party_members"]
    shares = np.clip(np.rint(members / rules.members_per_community), 1, rules.capacity_most)
    return shares.where(members > 0, 0.0).where(members.notna(), 1.0)


def _list_places(
    codes: Any, name: str, value: Any, need: Any, most: bool = False, origin: str = "computed"
) -> list[dict[str, Any]]:
    """List a figure of every community, as its own."""
    return [list_figures("community", codes, codes, name, value, need, most, origin)]


def find_candidates(e: Evidence, table: pd.DataFrame) -> pd.Series[Any]:
    """Find the community of each candidate for a seat: institutions inside, owners and firms."""
    site = e.plan.site
    points = shapely.centroid(site.institutions.geometry.to_numpy())
    free = np.ones(len(points), bool)
    found: list[str] = []
    for code in table.index:
        inside = free & shapely.intersects(points, e.communities.geometry[code])
        free &= ~inside
        found += [code] * int(inside.sum())
    counts = site.counts
    for measure in OF_COMPOUNDS.values():
        rows = counts[(counts["level"] == "compound") & (counts["measure"] == measure)]
        of = rows.loc[rows["value"] > 0, "of"].drop_duplicates()
        community = site.compounds["community"].reindex(of)
        found += community[community.isin(table.index)].tolist()
    return pd.Series(found, dtype=object)


def _list_seats(e: Evidence, table: pd.DataFrame, rules: PairingRules) -> list[dict[str, Any]]:
    links = e.plan.links
    seats = links[links["kind"].str.startswith("seat")]
    candidates = find_candidates(e, table)
    above = candidates.map(table["subdistrict"])
    frames = []
    for level, bodies, of in (
        ("community", table.index, candidates),
        ("subdistrict", pd.Index(sorted(set(table["subdistrict"]) - {""})), above),
    ):
        there = of.value_counts().reindex(bodies, fill_value=0)
        # Every candidate is seated while there are seats.
        taken = np.minimum(there, rules.seats_most)
        taken = taken.where(
            seats.groupby("target").size().reindex(bodies, fill_value=0) == taken, -1
        )
        community: Any = bodies if level == "community" else ""
        frames += [
            list_figures(
                level,
                bodies,
                community,
                "outside_seats",
                taken,
                float(rules.seats),
                False,
                "computed",
            ),
            list_figures(
                level, bodies, community, "seat_candidates", there, np.nan, False, "computed"
            ),
        ]
    return frames


def _list_six(six: pd.DataFrame) -> list[dict[str, Any]]:
    frames = []
    for name in six:
        frames += _list_places(six.index, f"six_{name}", six[name], 1.0, origin="counted")
    number = six.fillna(0).sum(axis=1)
    whole = [float((number == 6).sum())]
    return [
        *frames,
        *_list_places(six.index, "six_in_one", number, 6.0, origin="counted"),
        *_list_places(six.index, "six_unknown", six.isna().sum(axis=1), 0.0, most=True),
        list_figures("city", [CITY], "", "six_complete", whole, float(len(six)), False, "computed"),
    ]


def _list_owners(e: Evidence, table: pd.DataFrame, rules: PairingRules) -> list[dict[str, Any]]:
    measures = ("owners_committee", "owners_committee_party", "property_firm", "property_party")
    counts = pd.DataFrame(
        {m: count_again(e, m, table["households"]).values.reindex(table.index) for m in measures},
        index=table.index,
    )
    counts["blank"] = counts.isna().any(axis=1).astype(float)
    frames = []
    for level, sums in sum_levels(counts, e).items():
        there = sums["owners_committee"].where(sums["owners_committee"] != 0)
        firms = sums["property_firm"].where(sums["property_firm"] != 0)
        led = sums["owners_committee_party"]
        lacking = np.maximum(0, np.ceil(rules.owners_share * there - 1e-9) - led)
        origin = np.where(sums["blank"] > 0, "partial", "counted")
        over: Any = sums.index if level == "community" else ""
        for name, value, need in (
            ("owners_committees", sums["owners_committee"], np.nan),
            ("owners_party_share", led / there, rules.owners_share),
            ("owners_party_lacking", lacking, np.nan),
            ("property_party_share", sums["property_party"] / firms, 1.0),
        ):
            frames.append(list_figures(level, sums.index, over, name, value, need, False, origin))
    return frames


def find_second(centres: pd.DataFrame, rules: PairingRules) -> Any:
    """Find the communities whose centres have too few households within reach."""
    return (centres["centres"] > 0) & (centres["within"] < rules.centre_within - 1e-9)


def _list_centres(towns: Towns, rules: PairingRules) -> list[dict[str, Any]]:
    centres = towns.centres
    homes = towns.homes
    codes = centres.index
    second = find_second(centres, rules).astype(float)
    near = (centres["within"] * homes).sum() / homes.sum() if homes.sum() else np.nan
    number = [centres["centres"].sum()]
    within = rules.centre_within
    share = centres["area"] / centres["need"].where(centres["need"] != 0)
    return [
        *_list_places(codes, "service_centres", centres["centres"], 1.0, origin="counted"),
        *_list_places(codes, "centre_area", centres["area"], centres["need"], origin="counted"),
        *_list_places(codes, "centre_area_share", share, 1.0),
        *_list_places(codes, "centre_way", centres["way"], np.nan),
        *_list_places(codes, "centre_within", centres["within"], within),
        *_list_places(codes, "centre_second_site", second, 0.0, most=True),
        list_figures(
            "city", [CITY], "", "service_centres", number, float(len(codes)), False, "counted"
        ),
        list_figures("city", [CITY], "", "centre_within", [near], within, False, "computed"),
        list_figures(
            "city", [CITY], "", "centre_second_site", [second.sum()], 0.0, True, "computed"
        ),
    ]
