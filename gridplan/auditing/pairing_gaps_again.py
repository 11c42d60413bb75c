"""Gaps of pairing, listed again from links, institutions and communities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.derived import (
    CITY,
    recall_rules,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.gap_rows import list_gaps
from gridplan.auditing.pairing import CADRES
from gridplan.auditing.pairing_figures import (
    count_capacity,
    find_second,
    measure_towns,
)
from gridplan.auditing.tallies import count_again


def list_pairing(e: Evidence) -> list[dict[str, Any]]:
    """List what pairing falls short of: pairs, cadres, seats, bodies, owners and centres."""
    rules = recall_rules(e, "pair", "pairing").pairing
    towns = e.take(measure_towns)
    table, links = towns.table, e.plan.links
    homes = towns.homes

    def pick(rule: str, mask: Any, value: Any, need: Any) -> dict[str, Any]:
        hit = np.asarray(mask, bool)
        # centres are of all communities, other figures of those that are paired
        at = value.index[hit]
        asked = need[hit] if isinstance(need, pd.Series) else need
        return list_gaps(rule, "community", at, at, value[hit], asked, homes[at].to_numpy())

    paired = links[links["kind"] == "pairing"].groupby("community").size()
    paired = paired.reindex(table.index, fill_value=0)
    centres = towns.centres
    none = centres["centres"] == 0
    small = (centres["area"] < centres["need"] - 1e-9) | (~none & centres["area"].isna())
    six = towns.six.fillna(0).sum(axis=1)
    taken = set(links.loc[links["kind"].str.startswith("seat"), "target"])
    named = table[table["subdistrict"] != ""].groupby("subdistrict")["households"].sum()
    open_ = named[~named.index.isin(taken)]
    bare = ~pd.Series(table.index.isin(taken), table.index)
    zero = pd.Series(0.0, table.index)
    return [
        pick("pairing", paired < rules.institutions_least, paired, rules.institutions_least),
        *_list_shortage(e, paired),
        *_list_institutions(e),
        *_list_cadres(e),
        pick("outside_seats", bare, zero, 1.0),
        list_gaps("outside_seats", "subdistrict", open_.index, "", 0.0, 1.0, open_.to_numpy()),
        pick("six_in_one", six < 6, six, 6.0),
        *_list_owners(e),
        *_list_black(e),
        pick("centre", none, centres["centres"], 1.0),
        pick("centre_area", small, centres["area"], centres["need"]),
        pick("centre_second", find_second(centres, rules), centres["within"], rules.centre_within),
    ]


def _list_shortage(e: Evidence, paired: pd.Series[Any]) -> list[dict[str, Any]]:
    """Take the city's shortage as stated, as far as it fits the places that all could offer."""
    rules = recall_rules(e, "pair", "pairing").pairing
    gaps = e.plan.gaps
    gaps = gaps[
        (gaps["room"] == "pairing") & (gaps["rule"] == "pairing") & (gaps["level"] == "city")
    ]
    bare = paired < rules.institutions_least
    if gaps.empty or not bare.any():
        return []
    homes = e.take(measure_towns).table["households"][bare.to_numpy()].sum()
    offered = min(float(count_capacity(e, rules).sum()), float(gaps["need"].iloc[0]))
    value = min(float(gaps["value"].iloc[0]), offered)
    least = len(paired) * rules.institutions_least
    need = min(float(gaps["need"].iloc[0]), float(least))
    return [list_gaps("pairing", "city", [CITY], "", value, need, homes)]


def _list_institutions(e: Evidence) -> list[dict[str, Any]]:
    """List the institutions without members, without a count, or without a community."""
    rules = recall_rules(e, "pair", "pairing").pairing
    rows = e.plan.site.institutions
    members = rows["party_members"]
    pairs = e.plan.links[e.plan.links["kind"] == "pairing"]
    idle = (count_capacity(e, rules) > 0) & ~rows.index.isin(pairs["source"])
    hit = ((members == 0) | members.isna() | idle).to_numpy()
    return [list_gaps("institution", "institution", rows.index[hit], "", members[hit], 1.0, 0)]


def _list_cadres(e: Evidence) -> list[dict[str, Any]]:
    """List the communities with fewer cadres than the rule of degrees asks, or no count."""
    rules = recall_rules(e, "pair", "pairing").pairing
    table = e.take(measure_towns).table
    links = e.plan.links
    of_cadres = links[links["kind"].isin(CADRES)]
    counted = (e.plan.site.counts["measure"] == "leading_cadres").any() or len(of_cadres) > 0
    if not counted:
        # A number given by hand may be none at all: then each community lacks its cadres.
        gaps = e.plan.gaps[(e.plan.gaps["room"] == "pairing") & (e.plan.gaps["rule"] == "cadre")]
        if "city" in set(gaps["level"]) or gaps.empty:
            homes = table["households"].sum()
            return [list_gaps("cadre", "city", [CITY], "", np.nan, float(len(table)), homes)]
    need = 1 + rules.cadre_others if rules.cadre_rule == "lead_and_others" else 1
    led = of_cadres.groupby("community").size().reindex(table.index, fill_value=0)
    hit = (led < need).to_numpy()
    at = table.index[hit]
    return [list_gaps("cadre", "community", at, at, led[hit], need, table["households"][hit])]


def _list_black(e: Evidence) -> list[dict[str, Any]]:
    """List the compounds whose property firm is on the black list."""
    compounds = e.plan.site.compounds
    black = compounds[compounds["black_list"].eq(True).fillna(False).to_numpy(bool)]
    black = black[black["community"].isin(e.take(measure_towns).table.index)]
    held = pd.Series(e.weight).groupby(e.stairwells["compound"].to_numpy(object)).sum()
    at = black.index
    over = black["community"].to_numpy(object)
    homes = held.reindex(at).fillna(0).to_numpy()
    return [list_gaps("property_black", "compound", at, over, 1.0, 0.0, homes)] if len(at) else []


def _list_owners(e: Evidence) -> list[dict[str, Any]]:
    """List the compounds whose owners' committee has no Party organisation."""
    table = e.take(measure_towns).table
    homes = table["households"]
    there = count_again(e, "owners_committee", homes).values.reindex(table.index)
    if not there.sum() > 0:
        return []
    counts = e.plan.site.counts
    of_compounds = counts[counts["level"] == "compound"]
    owners, party = (
        of_compounds[of_compounds["measure"] == m].groupby("of")["value"].sum()
        for m in ("owners_committee", "owners_committee_party")
    )
    codes = owners.index[owners > 0]
    led = party.reindex(codes)
    codes = codes[~(led > 0).to_numpy()]
    community = e.plan.site.compounds["community"].reindex(codes)
    codes = codes[community.isin(table.index).to_numpy()]
    held = pd.Series(e.weight).groupby(e.stairwells["compound"].to_numpy(object)).sum()
    return [
        list_gaps(
            "owners_party",
            "compound",
            codes,
            community.reindex(codes).to_numpy(object),
            led.reindex(codes).where(led.reindex(codes).isna(), 0.0),
            1.0,
            held.reindex(codes).fillna(0),
        )
    ]
