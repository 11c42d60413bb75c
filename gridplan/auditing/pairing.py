"""Rules on links: codes exist, no pair twice, every community served, limits and distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools
from gridplan.auditing.evidence import Evidence, join_findings, write_findings

METRE = 1.0  # distances may differ by this
CADRES = ("cadre", "cadre_lead")


def check_pairing(evidence: Evidence) -> pd.DataFrame:
    """Check the links of a paired plan against communities, institutions and rules.

    Source: every community has an institution that answers for it and a
    leading cadre (China City News, 25 September 2023, p. 19).
    """
    links = evidence.plan.links
    if links.empty:
        return join_findings([])
    codes = _check_codes(evidence, links)
    sound = links[links["community"].isin(evidence.communities.index)]
    return join_findings(
        [
            *codes,
            *_check_communities(evidence, sound),
            *_check_institutions(evidence, sound),
            *_check_cadres(evidence, sound),
            _check_distances(evidence, sound),
        ]
    )


def _report(
    severity: str, rows: Any, what: str, remedy: str = "pair the plan again", noun: str = "link"
) -> pd.DataFrame:
    return write_findings(
        "pairing",
        severity,
        "links",
        rows.index,
        rows["community"].to_numpy(object),
        what=what,
        remedy=remedy,
        noun=noun,
    )


def _check_codes(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    bodies = links["kind"].isin(["pairing", "member_checkin"])
    site = e.plan.site
    known = site.institutions.index
    strange = bodies & ~links["source"].isin(known)
    strange |= (links["kind"] == "seat") & ~links["source"].isin(known)
    strange |= links["kind"].isin(["seat_owners", "seat_firm"]) & ~links["source"].isin(
        site.compounds.index
    )
    lost = ~links["community"].isin(e.communities.index)
    twice = links.duplicated(["kind", "source", "community", "target"])
    return [
        _report("error", links[lost].assign(community=""), "to a community that does not exist"),
        _report("error", links[strange], "from a source that does not exist"),
        _report("error", links[twice], "that stands twice"),
    ]


def _scope(e: Evidence) -> Any:
    own = e.communities
    return own if e.rules.pairing.scope == "all" else own[own["kind"] == "urban"]


def _check_communities(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    rules = e.rules.pairing
    towns = _scope(e)
    gaps = e.plan.gaps[(e.plan.gaps["room"] == "pairing") & (e.plan.gaps["level"] == "community")]
    found = []
    has_cadres = links["kind"].isin(CADRES).any()
    for rule, kinds, least in (
        ("pairing", ["pairing"], rules.institutions_least),
        ("cadre", list(CADRES), int(has_cadres)),
    ):
        number = (
            links[links["kind"].isin(kinds)]
            .groupby("community")["source"]
            .nunique()
            .reindex(towns.index, fill_value=0)
        )
        short = towns[(number < least).to_numpy()]
        short = short.assign(community=short.index)
        listed = short.index.isin(gaps.loc[gaps["rule"] == rule, "of"])
        what = f"with fewer than {least} links of the kind {rule}"
        found.append(
            _report("error", short[~listed], f"{what}, and no gap says so", noun="community")
        )
        found.append(
            _report(
                "warning", short[listed], f"{what}; see gaps", "see the remedy in gaps", "community"
            )
        )
    return found


def _check_institutions(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    rules = e.rules.pairing
    own = e.plan.site.institutions
    pairs = links[links["kind"] == "pairing"]
    checkin = links[links["kind"] == "member_checkin"]
    members = own["party_members"]
    bear = (
        np.clip(np.rint(members / rules.members_per_community), 1, rules.capacity_most)
        .where(members > 0, 0)
        .fillna(0)
    )
    bear = bear.where(members.notna(), 1)
    turn = pairs.groupby("source").cumcount()
    beyond = pairs[turn >= bear.reindex(pairs["source"]).fillna(np.inf).to_numpy()]
    sent = checkin.groupby("source")["amount"].sum()
    there = np.rint(members.fillna(0) * rules.checkin_share).reindex(sent.index).fillna(np.inf)
    off = checkin[checkin["source"].isin(sent.index[(sent - there).abs() > 1e-6])]
    half = links[(links["amount"] < 0) | (links["amount"] % 1 != 0)]
    far = (
        pairs[pairs["distance"] > rules.farthest + METRE] if rules.farthest > 0 else pairs.iloc[:0]
    )
    return [
        _report("error", beyond, "beyond what its institution can bear"),
        _report(
            "error",
            off[~np.isinf(there.reindex(off["source"]).to_numpy(float))],
            "of an institution that sends more or fewer members than it has",
        ),
        _report("error", half, "whose amount is not a whole number of members"),
        _report("error", far, "longer than pairing.farthest"),
    ]


def _check_cadres(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    """Check the rule of degrees: communities of a cadre, or cadres of a community."""
    rules = e.rules.pairing
    own = links[links["kind"].isin(CADRES)]
    if own.empty:
        return []
    towns = _scope(e)
    load = own.groupby("source")["community"].nunique()
    cadres = len(load)
    if rules.cadre_rule == "lead_and_others":
        wanted = min(1 + rules.cadre_others, cadres)
        by = own.groupby("community").agg(
            all=("source", "nunique"), leads=("kind", lambda k: (k == "cadre_lead").sum())
        )
        bad = by.index[(by["all"] != wanted) | (by["leads"] != 1)]
        text = f"of a community that has not one lead cadre and {rules.cadre_others} others"
        uneven = own[own["source"].isin(load.index[load > -(-wanted * len(towns) // cadres)])]
        return [
            _report("error", own[own["community"].isin(bad)], text),
            _report("error", uneven, "of a cadre with more than an even load"),
        ]
    each = min(rules.cadre_others, len(towns)) if rules.cadre_rule == "cadre_and_targets" else 1
    return [
        _report(
            "error",
            own[own["source"].isin(load.index[load != each])],
            f"of a cadre who has not {each} communities",
        )
    ]


def _check_distances(e: Evidence, links: pd.DataFrame) -> pd.DataFrame:
    """Check the straight distances from institutions to the mean of a community's households."""
    own = links[
        links["source"].isin(e.plan.site.institutions.index)
        & links["kind"].isin(["pairing", "member_checkin"])
    ]
    weight = e.weight.astype(float)
    community = e.stairwells["community"].to_numpy(object)
    frame = (
        pd.DataFrame({"x": e.xy[:, 0] * weight, "y": e.xy[:, 1] * weight, "w": weight})
        .groupby(community)
        .sum()
    )
    at = frame.reindex(own["community"])
    points = shapely.centroid(e.plan.site.institutions.geometry.reindex(own["source"]).to_numpy())
    apart = np.hypot(
        shapely.get_x(points) - at["x"].to_numpy() / at["w"].to_numpy(),
        shapely.get_y(points) - at["y"].to_numpy() / at["w"].to_numpy(),
    )
    wrong: Bools = np.abs(apart - own["distance"].to_numpy()) > METRE
    return _report(
        "error", own[wrong], "whose distance is not that between institution and households"
    )
