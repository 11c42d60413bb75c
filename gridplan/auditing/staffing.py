"""Rules on posts: every sub-grid served once, enough people counted, and the Party share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, pick_rows, write_findings
from gridplan.auditing.tallies import list_counts
from gridplan.tables.roles import find_roles, name_roles

PATTERNS = ("leaders", "zones", "helpers", "buildings", "stairwells", "subgrids")
SERVING = ("leaders", "zones", "helpers", "subgrids")  # whose posts have duties
AGAIN = "staff the plan again"
SEE_GAPS = "see the remedy in gaps"
SLACK = 1e-9  # by which a share may fall short: floats do not hold 0.6 exactly


def check_staffing(evidence: Evidence) -> pd.DataFrame:
    """Check the posts of a staffed plan against its sub-grids, committees, members and counts.

    Source: one responsible post at least and none twice, leaders who are
    secretaries or committee members, 60 % of grid workers in the Party (China
    City News, 25 September 2023, p. 19).
    """
    plan = evidence.plan
    # Posts of other roles, such as central households, have rules of their own.
    posts = plan.posts[plan.posts["role"].isin(name_roles(filled_by=PATTERNS))]
    if posts.empty:
        return join_findings([])
    duties = plan.duties.assign(role=posts["role"].reindex(plan.duties["post"]).to_numpy(object))
    return join_findings(
        [
            *_check_codes(evidence, posts, duties),
            *_check_coverage(evidence, duties),
            *_check_leaders(evidence, posts),
            *_check_supply(evidence, posts),
            _check_members(evidence, posts),
            *_check_sums(evidence, posts, duties),
            *_check_shares(evidence, posts),
        ]
    )


def _report(
    severity: str, table: str, rows: Any, what: str, remedy: str = AGAIN, noun: str = "post"
) -> pd.DataFrame:
    community = rows["community"].to_numpy(object) if "community" in rows else ""
    subgrid = rows["subgrid"].to_numpy(object) if "subgrid" in rows else ""
    return write_findings(
        "staffing",
        severity,
        table,
        rows.index,
        community,
        subgrid,
        what=what,
        remedy=remedy,
        noun=noun,
    )


def _check_codes(e: Evidence, posts: pd.DataFrame, duties: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that posts and duties name what exists, and stay within one community."""
    codes = e.subgrids.index
    # Posts of a whole community name no sub-grid.
    is_lost = (posts["subgrid"] != "") & ~posts["subgrid"].isin(codes)
    is_lost |= ~posts["community"].isin(e.communities.index)
    is_blank = ~duties["post"].isin(e.plan.posts.index) | ~duties["subgrid"].isin(codes)
    community = duties["community"].to_numpy(object)
    of_subgrid = e.subgrids["community"].reindex(duties["subgrid"]).to_numpy(object)
    of_post = posts["community"].reindex(duties["post"]).to_numpy(object)
    is_across = ~is_blank & ((of_subgrid != community) | (of_post != community))
    # Duties of other roles have no post in this table, and no role here.
    is_across &= duties["role"].notna().to_numpy()
    return [
        _report(
            "error",
            "posts",
            pick_rows(posts, is_lost),
            "of a sub-grid or community that does not exist",
        ),
        _report(
            "error",
            "duties",
            pick_rows(duties, is_blank),
            "of a post or sub-grid that does not exist",
            noun="duty",
        ),
        _report(
            "error",
            "duties",
            pick_rows(duties, is_across),
            "across a community's limit",
            noun="duty",
        ),
    ]


def _check_coverage(e: Evidence, duties: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that every sub-grid has a worker or is listed as a gap, and no role twice."""
    # A post that nobody fills serves nobody.
    is_filled = e.plan.posts["filled"].reindex(duties["post"]).fillna(False).to_numpy(bool)
    by_worker = duties["role"].isin(name_roles(worker=True)) & is_filled
    bare = e.subgrids[~e.subgrids.index.isin(duties.loc[by_worker, "subgrid"])]
    bare = bare.assign(subgrid=bare.index)
    is_listed = bare.index.isin(_list_gaps(e, "coverage"))
    single = duties[duties["role"].isin(name_roles(single=True))]
    double = single[single.duplicated(["role", "subgrid"], keep=False)]
    repeated = duties[duties.duplicated(["post", "subgrid"])]
    return [
        _report(
            "error",
            "subgrids",
            pick_rows(bare, ~is_listed),
            "without any worker, and no gap says so",
            noun="sub-grid",
        ),
        _report(
            "warning",
            "subgrids",
            pick_rows(bare, is_listed),
            "without any worker; see gaps",
            SEE_GAPS,
            "sub-grid",
        ),
        _report("error", "duties", double, "of one role for the same sub-grid", noun="duty"),
        _report("error", "duties", repeated, "that stands twice", noun="duty"),
    ]


def _list_gaps(e: Evidence, rule: str, level: str = "subgrid") -> pd.Series[Any]:
    """List what the plan itself lists as gaps of a rule of staffing."""
    gaps = e.plan.gaps
    of_rule = (gaps["room"] == "staffing") & (gaps["rule"] == rule)
    return gaps.loc[of_rule & (gaps["level"] == level), "of"]


def _check_leaders(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that leaders are who may lead, and no more than their committee has seats."""
    leaders = posts[posts["role"].isin(name_roles(filled_by="leaders"))]
    may_lead = leaders["source"].isin(["secretary", "committee", "cadre"])
    is_fit = may_lead & leaders["party"] & leaders["filled"]
    # Cadres are not of the committee, and take no seat.
    seated = leaders[leaders["source"].isin(["secretary", "committee"])]
    seats = e.plan.party_orgs["committee_seats"].reindex(seated["org"]).fillna(0).to_numpy()
    rank = seated.groupby("org").cumcount().to_numpy()
    heads = seated[seated["source"] == "secretary"]
    return [
        _report(
            "error",
            "posts",
            pick_rows(leaders, ~is_fit),
            "of a leader who is no secretary, committee member or cadre of the Party",
        ),
        _report(
            "error",
            "posts",
            pick_rows(seated, rank >= seats),
            "of a leader beyond the committee seats of the organisation",
        ),
        _report(
            "error", "posts", heads[heads["org"].duplicated()], "of a second secretary who leads"
        ),
    ]


def _count(e: Evidence, measure: str) -> Floats:
    """Count a measure by community, its own count before the sum of finer ones; NaN if unknown."""
    counts = e.take(list_counts)
    counted = counts.add_up(measure)
    # A count of the whole site says nothing of one community: no limit there.
    has_site = len(counts.of_site(measure)) > 0
    return np.where(np.isnan(counted) & has_site, np.inf, counted)


def _check_supply(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that no community fills more posts from a supply than was counted there."""
    filled = posts[posts["filled"]]
    codes = e.communities.index
    findings = []
    for people, is_theirs, measure in _list_supplies(filled):
        held = filled[is_theirs].groupby("community").size().reindex(codes, fill_value=0)
        # What nobody counted is a supply of zero.
        counted = np.nan_to_num(_count(e, measure), posinf=np.inf)
        over = held.to_numpy() > counted
        findings.append(
            _report(
                "error",
                "posts",
                e.communities[over].assign(community=codes[over]),
                f"with more posts filled by {people} than were counted",
                noun="community",
            )
        )
    return findings


def _list_supplies(filled: pd.DataFrame) -> list[tuple[str, Any, str]]:
    """List where people for posts come from: their name, which posts they fill, their count."""
    source = filled["source"]
    by_helpers = filled["role"].isin(name_roles(filled_by="helpers"))
    of_roles = [
        (f"{role.en}s", filled["role"] == role.role, role.supply)
        for role in find_roles(filled_by=("buildings", "stairwells", "subgrids"))
        if role.supply
    ]
    return [
        ("cadres", source == "cadre", "cadres"),
        ("community workers", source == "community_worker", "community_workers"),
        *of_roles,
        ("representatives", (source == "resident") & by_helpers, "resident_representatives"),
        ("volunteers", source == "volunteer", "volunteers"),
    ]


def _check_members(e: Evidence, posts: pd.DataFrame) -> pd.DataFrame:
    """Check that no sub-grid has more members in posts than are available in it."""
    by_members = posts[(posts["source"] == "member") & posts["filled"]]
    held = by_members.groupby("subgrid").size()
    available = e.plan.members.groupby("subgrid")["available"].sum()
    over = held.index[held > available.reindex(held.index).fillna(0)]
    rows = e.subgrids.loc[e.subgrids.index.isin(over)]
    return _report(
        "error",
        "posts",
        rows.assign(subgrid=rows.index),
        "with more members in posts than are available",
        noun="sub-grid",
    )


def _check_sums(e: Evidence, posts: pd.DataFrame, duties: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that duties and posts say as many sub-grids and households as there are."""
    serving = posts[posts["role"].isin(name_roles(filled_by=SERVING))]
    held = pd.Series(e.held, index=e.subgrids.index).reindex(duties["subgrid"]).to_numpy()
    is_known = duties["subgrid"].isin(e.subgrids.index).to_numpy()
    wrong = duties[(duties["households"].to_numpy() != held) & is_known]
    by_post = duties.assign(held=held).groupby("post")
    served = by_post.size().reindex(serving.index, fill_value=0)
    homes = by_post["held"].sum().reindex(serving.index, fill_value=0)
    off = (served != serving["served"]) | (homes != serving["households"])
    # A post is filled to serve, and serves only if it is filled.
    at_odds = serving["filled"] != (served > 0)
    return [
        _report(
            "error", "duties", wrong, "whose households are not those of the sub-grid", noun="duty"
        ),
        _report(
            "error",
            "posts",
            pick_rows(serving, off),
            "whose sub-grids or households are not those of its duties",
        ),
        _report(
            "error",
            "posts",
            pick_rows(serving, at_odds),
            "filled without a duty, or with a duty and not filled",
        ),
    ]


def _check_shares(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    """Check the share of Party members among workers, by community and in the whole city."""
    workers = posts[posts["role"].isin(name_roles(worker=True)) & posts["filled"]]
    least = e.rules.staffing.party_share - SLACK
    share = workers.groupby("community")["party"].mean()
    low = share.index[share < least]
    communities = pd.DataFrame({"community": low}, index=low)
    is_listed = low.isin(_list_gaps(e, "party_share", "community"))
    # A city of low shares in communities may still have enough, and the other way round.
    is_under = len(workers) > 0 and float(workers["party"].mean()) < least
    city = pd.DataFrame({"community": [""]}, index=["site"]) if is_under else communities.iloc[:0]
    is_city_listed = len(_list_gaps(e, "party_share", "city")) > 0
    listed = np.full(len(city), is_city_listed)
    return [
        *_report_shares(e, communities, is_listed, "community"),
        *_report_shares(e, city, listed, "city"),
    ]


def _report_shares(
    e: Evidence, rows: pd.DataFrame, is_listed: Bools, noun: str
) -> list[pd.DataFrame]:
    """Report shares that are too low: an error, or a warning where the plan lists a gap."""
    what = f"with a Party share among grid workers below {e.rules.staffing.party_share:.0%}"
    return [
        _report(
            "error", "posts", pick_rows(rows, ~is_listed), f"{what}, and no gap says so", noun=noun
        ),
        _report(
            "warning", "posts", pick_rows(rows, is_listed), f"{what}; see gaps", SEE_GAPS, noun
        ),
    ]
