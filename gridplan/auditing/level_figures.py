"""Rules on the indicators of four levels: counted again by community, and added up again."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.derived import CITY, compare_rows, recall_rules
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings
from gridplan.auditing.tallies import count_again
from gridplan.tables.level_indicators import list_level_indicators

AGAIN = "run gridplan levels on it again"
KEY = ("level", "body", "indicator")
WORKERS = ("grid_worker_full", "grid_worker_part")
SIX = ("party_org", "residents_committee", "owners_committee", "property_firm",
       "building_captains", "service_station")  # fmt: skip
DIGITS = 6  # of the code of a district in a statistical code
CODE = 12

Pair = tuple[Any, Any]  # numerator and denominator by community, NaN where unknown


def check_levels(evidence: Evidence) -> pd.DataFrame:
    """Check each indicator of each body: both sums, the ratio, the interval and who is above.

    Source: gridplan's schema; ratios are those of sums, never means of ratios.
    """
    e = evidence
    stated = e.plan.level_indicators
    if stated.empty:
        return join_findings([])
    confidence = recall_rules(e, "levels", "ranking").ranking.confidence
    pairs = {
        **_pair_subgrids(e),
        **_pair_posts(e),
        **_pair_indicators(e),
        **_pair_counts(e),
        **_pair_reach(e),
        **_pair_ratings(e),
        **_pair_inventory(e),
    }
    chains = chain_communities(e)
    rows = []
    for depth, level in enumerate(("city", "district", "subdistrict", "community")):
        members: dict[str, list[int]] = {}
        above: dict[str, str] = {}
        for n, chain in enumerate(chains):
            if not chain[depth]:
                continue
            members.setdefault(chain[depth], []).append(n)
            over = next((name for name in chain[:depth][::-1] if name), "")
            above[chain[depth]] = min(above.get(chain[depth], over), over)
        for body in sorted(members):
            rows += [
                _sum_row(level, body, above[body], code, pairs[code], members[body], confidence)
                for code in list_level_indicators()
                if code in pairs
            ]
    return compare_rows(
        "levels", "level_indicators", stated, pd.DataFrame(rows), KEY, AGAIN, "indicator"
    )


def chain_communities(e: Evidence) -> list[tuple[str, str, str, str]]:
    """Chain each community to its bodies: city, district, subdistrict and itself."""
    towns = [
        (str(code), str(row.subdistrict or ""), str(row.district or ""))
        for code, row in zip(
            e.communities.index, e.communities.itertuples(index=False), strict=True
        )
    ]
    named = [
        (code, ward, over or (code[:DIGITS] if len(code) == CODE and code.isdecimal() else ""))
        for code, ward, over in towns
    ]
    homes: dict[str, set[str]] = {}
    for _, ward, over in named:
        homes.setdefault(ward, set()).add(over)
    return [
        (CITY, over, f"{over} {ward}" if ward and over and len(homes[ward]) > 1 else ward, code)
        for code, ward, over in named
    ]


def _sum_row(
    level: str, body: str, above: str, code: str, pair: Pair, rows: list[int], confidence: float
) -> dict[str, Any]:
    """Sum an indicator up over the communities of one body."""
    entry = list_level_indicators()[code]
    part = np.asarray(pair[0], float)[rows]
    whole = np.ones(len(rows)) if pair[1] is None else np.asarray(pair[1], float)[rows]
    both = np.isfinite(part) & np.isfinite(whole)
    up = float(part[both].sum()) if both.any() else np.nan
    down = float(whole[both].sum()) if both.any() and pair[1] is not None else np.nan
    value = up if pair[1] is None else (entry.per * up / down if down > 0 else np.nan)
    ends = _solve_interval(up, down, confidence) if entry.kind == "share" else (np.nan, np.nan)
    return {
        "level": level,
        "body": body,
        "indicator": code,
        "above": above,
        "value": value,
        "low": ends[0],
        "high": ends[1],
        "numerator": up,
        "denominator": down,
        "communities": len(rows),
        "known": int(both.sum()),
    }


def _solve_interval(part: float, whole: float, confidence: float) -> tuple[float, float]:
    """Solve for the shares that lie just as far from what was seen as chance may bring it.

    They are the roots of (p - x)^2 = z^2 x (1 - x) / n.
    """
    if not whole > 0:
        return np.nan, np.nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = min(1.0, max(0.0, part / whole))
    extra = z * z / whole
    roots = np.roots([1 + extra, -(2 * share + extra), share * share]).real
    return max(0.0, float(roots.min())), min(1.0, float(roots.max()))


def _sum_by(e: Evidence, community: Any, values: Any, blank: float = 0.0) -> Any:
    """Add values up by community; ``blank`` where there is none, NaN if there is none at all."""
    values = np.asarray(values, float)
    if not len(values):
        return np.full(len(e.communities), np.nan)
    sums = pd.Series(values).groupby(np.asarray(community, object)).sum()
    return sums.reindex(e.communities.index).fillna(blank).to_numpy(float)


def _pair_subgrids(e: Evidence) -> dict[str, Pair]:
    """Pair what the sub-grids give: households, sub-grids of homes, and those in band."""
    community = e.subgrids["community"].to_numpy(object)
    is_home = (e.subgrids["kind"] == "residential").to_numpy()
    homes = _sum_by(e, community, e.held)
    count = _sum_by(e, community[is_home], np.ones(int(is_home.sum())))
    return {
        "households": (homes, None),
        "subgrids": (count, None),
        "mean_households": (_sum_by(e, community[is_home], e.held[is_home]), count),
        "in_band": (_sum_by(e, community[is_home], e.in_band[is_home]), count),
    }


def _pair_posts(e: Evidence) -> dict[str, Pair]:
    """Pair what posts and duties give: leaders, workers, the Party's part, central households."""
    posts = e.plan.posts
    community = e.subgrids["community"].to_numpy(object)
    every = _sum_by(e, community, np.ones(len(community)))
    is_home = (e.subgrids["kind"] == "residential").to_numpy()
    homes = _sum_by(e, community[is_home], np.ones(int(is_home.sum())))
    leader = posts[posts["role"] == "grid_leader"]
    held = leader[leader["filled"]]
    led = e.plan.duties["post"].map(posts["role"] + posts["filled"].astype(str))
    duties = e.plan.duties[(led == "grid_leaderTrue").to_numpy()]
    of_duty = posts["community"].reindex(duties["post"]).to_numpy(object)
    serves = _sum_by(e, of_duty, np.ones(len(duties)))
    # Leaders without any duty lead nothing; without leaders nobody has staffed the plan.
    serves = np.nan_to_num(serves) if len(leader) else serves
    workers = posts[posts["role"].isin(WORKERS) & posts["filled"]]
    number = _sum_by(e, workers["community"], np.ones(len(workers)))
    central = posts[posts["role"] == "central_household"].drop_duplicates("subgrid")
    central = central[central["subgrid"] != ""]
    return {
        "central_households": (_sum_by(e, central["community"], np.ones(len(central))), homes),
        "led": (serves, every),
        "leader_span": (
            np.nan_to_num(serves) if len(held) else serves * np.nan,
            _sum_by(e, held["community"], np.ones(len(held))),
        ),
        "workers_per_subgrid": (number, every),
        "party_share": (_sum_by(e, workers["community"], workers["party"]), number),
    }


def _pair_indicators(e: Evidence) -> dict[str, Pair]:
    """Pair what the indicators of communities say: values with needs, or how many are met."""
    table = e.plan.indicators
    table = table[(table["level"] == "community") & table["value"].notna()]

    def take(names: Any) -> pd.DataFrame:
        return table[table["measure"].isin(names)]

    def pair(rows: pd.DataFrame, part: str, whole: str) -> Pair:
        ones = rows.assign(one=1.0)
        community = rows["community"].to_numpy(object)
        return tuple(_sum_by(e, community, ones[name], np.nan) for name in (part, whole))

    pairs: dict[str, Pair] = {}
    for name, measure in (("full_per_need", "full_workers"), ("centre_area", "centre_area")):
        rows = take([measure])
        pairs[name] = pair(rows[rows["need"].notna()], "value", "need")
    for name in ("building_captains", "stairwell_captains"):
        pairs[name] = pair(take([name]), "value", "need")
    for name in ("paired", "cadres", "outside_seats"):
        pairs[name] = pair(take([name]), "met", "one")
    pairs["six_bodies"] = pair(take([f"six_{body}" for body in SIX]), "value", "one")
    return pairs


def _pair_counts(e: Evidence) -> dict[str, Pair]:
    """Pair members and volunteers that somebody counted with the households of their community."""
    homes = _sum_by(e, e.subgrids["community"], e.held)
    members = e.plan.members
    people = _sum_by(e, members["community"], members["full"] + members["probationary"])
    none = pd.Series(0.0, e.communities.index)
    counted = {}
    for measure in ("volunteers", "volunteers_party"):
        tally = count_again(e, measure, none)
        values = tally.values.where(tally.origins == "counted")
        counted[measure] = values.reindex(e.communities.index).to_numpy(float)
    return {
        "members": (people, homes),
        "volunteers": (counted["volunteers"], homes),
        "volunteer_party_share": (counted["volunteers_party"], counted["volunteers"]),
    }


def _pair_reach(e: Evidence) -> dict[str, Pair]:
    """Pair the households within reach of a kind of post with all."""
    table = e.plan.coverage
    table = table[(table["level"] == "community") & (table["state"] == "now") & table["own"]]
    pairs: dict[str, Pair] = {}
    for name, kind in (("centre_reach", "service_centre"), ("canteen_reach", "canteen")):
        rows = table[table["kind"] == kind]
        reachable, homes = (
            _sum_by(e, rows["of"], rows[column], np.nan) for column in ("reachable", "households")
        )
        pairs[name] = (reachable, homes)
    return pairs


def _pair_inventory(e: Evidence) -> Mapping[str, Pair]:
    """Pair the requirements that communities meet with those of which it is known."""
    table = e.plan.inventory
    known = (table["community"] != "") & table["present"].notna() & table["need"].notna()
    rows = table[known]
    met = rows["present"] >= rows["need"]
    number = _sum_by(e, rows["body"], np.ones(len(rows)), np.nan)
    return {"inventory_met": (_sum_by(e, rows["body"], met, np.nan), number)}


def _pair_ratings(e: Evidence) -> Mapping[str, Pair]:
    """Pair the scores of rated communities, and those in band A, with their number."""
    rows = e.plan.ratings[e.plan.ratings["level"] == "community"]
    number = _sum_by(e, rows["of"], np.ones(len(rows)), np.nan)
    return {
        "score": (_sum_by(e, rows["of"], rows["score"], np.nan), number),
        "rated_a": (_sum_by(e, rows["of"], rows["band"] == "A", np.nan), number),
    }
