"""Rules on links: codes exist, no pair twice, every community served, limits and distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, pick_rows, write_findings

METRE = 1.0  # metres by which distances may differ
MEMBER = 1e-6  # members by which sums may differ: they are whole, kept as floats
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
    # Links to nowhere are reported once, and left out of everything that counts.
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
    site = e.plan.site
    kind = links["kind"]
    # What a source is depends on the kind; cadres have no table to look in.
    is_body = kind.isin(["pairing", "member_checkin", "seat"])
    is_strange = is_body & ~links["source"].isin(site.institutions.index)
    is_compound = kind.isin(["seat_owners", "seat_firm"])
    is_strange |= is_compound & ~links["source"].isin(site.compounds.index)
    lost = ~links["community"].isin(e.communities.index)
    is_double = links.duplicated(["kind", "source", "community", "target"])
    return [
        _report(
            "error",
            pick_rows(links, lost).assign(community=""),
            "to a community that does not exist",
        ),
        _report("error", pick_rows(links, is_strange), "from a source that does not exist"),
        _report("error", pick_rows(links, is_double), "that stands twice"),
    ]


def _list_in_scope(e: Evidence) -> Any:
    """List the communities that the rules want paired: all of them, or the towns."""
    communities = e.communities
    if e.rules.pairing.scope == "all":
        return communities
    return communities[communities["kind"] == "urban"]


def _check_communities(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that each community has the links that it must have, or is listed as a gap."""
    rules = e.rules.pairing
    wanted = _list_in_scope(e)
    gaps = e.plan.gaps[(e.plan.gaps["room"] == "pairing") & (e.plan.gaps["level"] == "community")]
    findings = []
    # Cadres are paired by a run of its own: without any, no community lacks one.
    has_cadres = links["kind"].isin(CADRES).any()
    for rule, kinds, least in (
        ("pairing", ["pairing"], rules.institutions_least),
        ("cadre", list(CADRES), int(has_cadres)),
    ):
        sources = links[links["kind"].isin(kinds)].groupby("community")["source"].nunique()
        number = sources.reindex(wanted.index, fill_value=0)
        short = wanted[(number < least).to_numpy()]
        short = short.assign(community=short.index)
        is_listed = short.index.isin(gaps.loc[gaps["rule"] == rule, "of"])
        what = f"with fewer than {least} links of the kind {rule}"
        findings += [
            _report(
                "error",
                pick_rows(short, ~is_listed),
                f"{what}, and no gap says so",
                noun="community",
            ),
            _report(
                "warning",
                pick_rows(short, is_listed),
                f"{what}; see gaps",
                "see the remedy in gaps",
                "community",
            ),
        ]
    return findings


def _check_institutions(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    """Check what institutions take on: no more communities and members than they can bear."""
    rules = e.rules.pairing
    pairs = links[links["kind"] == "pairing"]
    # Which links are too many is a matter of order: the first ones can be borne.
    turn = pairs.groupby("source").cumcount()
    # Sources that are not known are reported elsewhere, and bear anything here.
    capacity = _count_capacity(e).reindex(pairs["source"]).fillna(np.inf).to_numpy()
    amount = links["amount"]
    far = pairs.iloc[:0]
    if rules.farthest > 0:  # 0 is no limit
        far = pairs[pairs["distance"] > rules.farthest + METRE]
    return [
        _report("error", pairs[turn >= capacity], "beyond what its institution can bear"),
        _report(
            "error",
            _find_missent(e, links),
            "of an institution that sends more or fewer members than it has",
        ),
        _report(
            "error",
            links[(amount < 0) | (amount % 1 != 0)],
            "whose amount is not a whole number of members",
        ),
        _report("error", far, "longer than pairing.farthest"),
    ]


def _count_capacity(e: Evidence) -> pd.Series[Any]:
    """Count how many communities each institution can bear, by its members."""
    rules = e.rules.pairing
    members = e.plan.site.institutions["party_members"]
    shares = np.clip(np.rint(members / rules.members_per_community), 1, rules.capacity_most)
    # Without members it bears none; where they are not known, one.
    return shares.where(members > 0, 0).where(members.notna(), 1)


def _find_missent(e: Evidence, links: pd.DataFrame) -> pd.DataFrame:
    """Find the check-in links of institutions whose members do not add up to their share."""
    members = e.plan.site.institutions["party_members"]
    checkin = links[links["kind"] == "member_checkin"]
    sent = checkin.groupby("source")["amount"].sum()
    share = np.rint(members.fillna(0) * e.rules.pairing.checkin_share).reindex(sent.index)
    # NaN, an institution that does not exist, compares as false: it is reported elsewhere.
    wrong = sent.index[(sent - share).abs() > MEMBER]
    return checkin[checkin["source"].isin(wrong)]


def _check_cadres(e: Evidence, links: pd.DataFrame) -> list[pd.DataFrame]:
    """Check the rule of degrees: communities of a cadre, or cadres of a community."""
    rules = e.rules.pairing
    of_cadres = links[links["kind"].isin(CADRES)]
    if of_cadres.empty:
        return []
    count = len(_list_in_scope(e))
    load = of_cadres.groupby("source")["community"].nunique()
    if rules.cadre_rule == "lead_and_others":
        return _check_leads(e, of_cadres, load, count)
    # A cadre cannot have more communities than there are.
    each = min(rules.cadre_others, count) if rules.cadre_rule == "cadre_and_targets" else 1
    return [
        _report(
            "error",
            of_cadres[of_cadres["source"].isin(load.index[load != each])],
            f"of a cadre who has not {each} communities",
        )
    ]


def _check_leads(
    e: Evidence, of_cadres: pd.DataFrame, load: pd.Series[Any], count: int
) -> list[pd.DataFrame]:
    """Check that each community has a lead cadre and others, and cadres an even load."""
    others = e.rules.pairing.cadre_others
    cadres = len(load)
    wanted = min(1 + others, cadres)
    by_community = of_cadres.groupby("community").agg(
        all=("source", "nunique"), leads=("kind", lambda kinds: (kinds == "cadre_lead").sum())
    )
    is_wrong = (by_community["all"] != wanted) | (by_community["leads"] != 1)
    wrong = of_cadres["community"].isin(by_community.index[is_wrong])
    # -(-a // b) rounds up: with an even load nobody is above the mean rounded up.
    even_load = -(-wanted * count // cadres)
    uneven = of_cadres["source"].isin(load.index[load > even_load])
    return [
        _report(
            "error",
            of_cadres[wrong],
            f"of a community that has not one lead cadre and {others} others",
        ),
        _report("error", of_cadres[uneven], "of a cadre with more than an even load"),
    ]


def _check_distances(e: Evidence, links: pd.DataFrame) -> pd.DataFrame:
    """Check the straight distances from institutions to the mean of a community's households."""
    institutions = e.plan.site.institutions
    kind = links["kind"]
    measured = links[
        links["source"].isin(institutions.index) & kind.isin(["pairing", "member_checkin"])
    ]
    weight = e.weight.astype(float)
    sums = pd.DataFrame({"x": e.xy[:, 0] * weight, "y": e.xy[:, 1] * weight, "w": weight})
    # A community is where its households are, not where its land is.
    middles = sums.groupby(e.stairwells["community"].to_numpy(object)).sum()
    middle = middles.reindex(measured["community"])
    points = shapely.centroid(institutions.geometry.reindex(measured["source"]).to_numpy())
    weights = middle["w"].to_numpy()
    apart = np.hypot(
        shapely.get_x(points) - middle["x"].to_numpy() / weights,
        shapely.get_y(points) - middle["y"].to_numpy() / weights,
    )
    is_wrong: Bools = np.abs(apart - measured["distance"].to_numpy()) > METRE
    return _report(
        "error",
        measured[is_wrong],
        "whose distance is not that between institution and households",
    )
