"""Rules on posts: every sub-grid served once, enough people counted, and the Party share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.auditing.evidence import Evidence, join_findings, write_findings
from gridplan.tables.roles import find_roles, name_roles

PATTERNS = ("leaders", "zones", "helpers", "buildings", "stairwells", "subgrids")
SERVING = ("leaders", "zones", "helpers", "subgrids")  # whose posts have duties
AGAIN = "staff the plan again"


def check_staffing(evidence: Evidence) -> pd.DataFrame:
    """Check the posts of a staffed plan against its sub-grids, committees, members and counts.

    Source: one responsible post at least and none twice, leaders who are
    secretaries or committee members, 60 % of grid workers in the Party (China
    City News, 25 September 2023, p. 19).
    """
    plan = evidence.plan
    own = plan.posts[plan.posts["role"].isin(name_roles(filled_by=PATTERNS))]
    if own.empty:
        return join_findings([])
    duties = plan.duties.assign(role=own["role"].reindex(plan.duties["post"]).to_numpy(object))
    return join_findings(
        [
            *_check_codes(evidence, own, duties),
            *_check_coverage(evidence, duties),
            *_check_leaders(evidence, own),
            *_check_supply(evidence, own),
            _check_members(evidence, own),
            *_check_sums(evidence, own, duties),
            *_check_shares(evidence, own),
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
    grids = e.subgrids.index
    home = e.subgrids["community"]
    stranger = (posts["subgrid"] != "") & ~posts["subgrid"].isin(grids)
    lost = ~posts["community"].isin(e.communities.index)
    blank = ~duties["post"].isin(e.plan.posts.index) | ~duties["subgrid"].isin(grids)
    abroad = ~blank & (
        home.reindex(duties["subgrid"]).to_numpy(object) != duties["community"].to_numpy(object)
    )
    crossed = ~blank & (
        posts["community"].reindex(duties["post"]).to_numpy(object)
        != duties["community"].to_numpy(object)
    )
    mine = duties["role"].notna().to_numpy()
    return [
        _report(
            "error",
            "posts",
            posts[stranger | lost],
            "of a sub-grid or community that does not exist",
        ),
        _report(
            "error",
            "duties",
            duties[blank],
            "of a post or sub-grid that does not exist",
            noun="duty",
        ),
        _report(
            "error",
            "duties",
            duties[(abroad | crossed) & mine],
            "across a community's limit",
            noun="duty",
        ),
    ]


def _check_coverage(e: Evidence, duties: pd.DataFrame) -> list[pd.DataFrame]:
    filled = e.plan.posts["filled"].reindex(duties["post"]).fillna(False).to_numpy(bool)
    served = duties.loc[duties["role"].isin(name_roles(worker=True)) & filled, "subgrid"]
    bare = e.subgrids[~e.subgrids.index.isin(served)]
    listed = bare.index.isin(_list_gaps(e, "coverage"))
    bare = bare.assign(subgrid=bare.index)
    single = duties[duties["role"].isin(name_roles(single=True))]
    double = single[single.duplicated(["role", "subgrid"], keep=False)]
    twice = duties[duties.duplicated(["post", "subgrid"])]
    return [
        _report(
            "error",
            "subgrids",
            bare[~listed],
            "without any worker, and no gap says so",
            noun="sub-grid",
        ),
        _report(
            "warning",
            "subgrids",
            bare[listed],
            "without any worker; see gaps",
            "see the remedy in gaps",
            "sub-grid",
        ),
        _report("error", "duties", double, "of one role for the same sub-grid", noun="duty"),
        _report("error", "duties", twice, "that stands twice", noun="duty"),
    ]


def _list_gaps(e: Evidence, rule: str, level: str = "subgrid") -> pd.Series[Any]:
    gaps = e.plan.gaps
    return gaps.loc[
        (gaps["room"] == "staffing") & (gaps["rule"] == rule) & (gaps["level"] == level), "of"
    ]


def _check_leaders(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    own = posts[posts["role"].isin(name_roles(filled_by="leaders"))]
    fit = own["source"].isin(["secretary", "committee", "cadre"]) & own["party"] & own["filled"]
    seated = own[own["source"].isin(["secretary", "committee"])]
    seats = e.plan.party_orgs["committee_seats"].reindex(seated["org"]).fillna(0).to_numpy()
    rank = seated.groupby("org").cumcount().to_numpy()
    heads = seated[seated["source"] == "secretary"]
    return [
        _report(
            "error",
            "posts",
            own[~fit],
            "of a leader who is no secretary, committee member or cadre of the Party",
        ),
        _report(
            "error",
            "posts",
            seated[rank >= seats],
            "of a leader beyond the committee seats of the organisation",
        ),
        _report(
            "error", "posts", heads[heads["org"].duplicated()], "of a second secretary who leads"
        ),
    ]


def _count(e: Evidence, measure: str) -> Floats:
    """Count a measure by community, its own count before the sum of finer ones; NaN if unknown."""
    own = e.plan.site.counts[e.plan.site.counts["measure"] == measure]
    codes = e.communities.index
    direct = own[own["level"] == "community"].groupby("of")["value"].sum().reindex(codes)
    finer = []
    for level, table in (("building", e.buildings), ("compound", e.plan.site.compounds)):
        part = own[own["level"] == level]
        finer.append(
            pd.Series(
                part["value"].to_numpy(),
                index=table["community"].reindex(part["of"]).to_numpy(object),
            )
        )
    joined = (
        pd.concat([part for part in finer if len(part)])
        if any(len(part) for part in finer)
        else pd.Series([], dtype=float)
    )
    counted = direct.fillna(joined.groupby(level=0).sum().reindex(codes))
    site = (own["level"] == "site").any()
    return np.where(counted.isna() & site, np.inf, counted.to_numpy(float))


def _check_supply(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    filled = posts[posts["filled"]]
    codes = e.communities.index
    found = []
    cadres = filled["source"] == "cadre"
    for what, mask, measure in (
        ("cadres", cadres, "cadres"),
        ("community workers", filled["source"] == "community_worker", "community_workers"),
        *(
            (f"{role.en}s", filled["role"] == role.role, role.supply)
            for role in find_roles(filled_by=("buildings", "stairwells", "subgrids"))
            if role.supply
        ),
        (
            "representatives",
            (filled["source"] == "resident") & filled["role"].isin(name_roles(filled_by="helpers")),
            "resident_representatives",
        ),
        ("volunteers", filled["source"] == "volunteer", "volunteers"),
    ):
        held = filled[mask].groupby("community").size().reindex(codes, fill_value=0).to_numpy()
        over = held > np.nan_to_num(_count(e, measure), posinf=np.inf)
        rows = e.communities[over].assign(community=codes[over])
        found.append(
            _report(
                "error",
                "posts",
                rows,
                f"with more posts filled by {what} than were counted",
                noun="community",
            )
        )
    return found


def _check_members(e: Evidence, posts: pd.DataFrame) -> pd.DataFrame:
    held = posts[(posts["source"] == "member") & posts["filled"]].groupby("subgrid").size()
    able = e.plan.members.groupby("subgrid")["available"].sum().reindex(held.index).fillna(0)
    over = e.subgrids.loc[e.subgrids.index.isin(held.index[held > able])]
    return _report(
        "error",
        "posts",
        over.assign(subgrid=over.index),
        "with more members in posts than are available",
        noun="sub-grid",
    )


def _check_sums(e: Evidence, posts: pd.DataFrame, duties: pd.DataFrame) -> list[pd.DataFrame]:
    own = posts[posts["role"].isin(name_roles(filled_by=SERVING))]
    held = pd.Series(e.held, index=e.subgrids.index).reindex(duties["subgrid"]).to_numpy()
    wrong = duties[
        (duties["households"].to_numpy() != held)
        & duties["subgrid"].isin(e.subgrids.index).to_numpy()
    ]
    by = duties.assign(held=held).groupby("post")
    served = by.size().reindex(own.index, fill_value=0)
    homes = by["held"].sum().reindex(own.index, fill_value=0)
    off = (served != own["served"]) | (homes != own["households"])
    idle = own["filled"] & (served == 0)
    ghost = ~own["filled"] & (served > 0)
    return [
        _report(
            "error", "duties", wrong, "whose households are not those of the sub-grid", noun="duty"
        ),
        _report(
            "error", "posts", own[off], "whose sub-grids or households are not those of its duties"
        ),
        _report(
            "error",
            "posts",
            own[idle | ghost],
            "filled without a duty, or with a duty and not filled",
        ),
    ]


def _check_shares(e: Evidence, posts: pd.DataFrame) -> list[pd.DataFrame]:
    own = posts[posts["role"].isin(name_roles(worker=True)) & posts["filled"]]
    least = e.rules.staffing.party_share
    share = own.groupby("community")["party"].mean()
    low = share[share < least - 1e-9]
    rows = pd.DataFrame({"community": low.index}, index=low.index)
    listed = rows.index.isin(_list_gaps(e, "party_share", "community"))
    city = pd.DataFrame({"community": [""]}, index=["site"])
    under = len(own) > 0 and float(own["party"].mean()) < least - 1e-9
    known = len(_list_gaps(e, "party_share", "city")) > 0
    what = f"with a Party share among grid workers below {least:.0%}"
    return [
        _report("error", "posts", rows[~listed], f"{what}, and no gap says so", noun="community"),
        _report(
            "warning",
            "posts",
            rows[listed],
            f"{what}; see gaps",
            "see the remedy in gaps",
            "community",
        ),
        _report(
            "error",
            "posts",
            city[[under and not known]],
            f"{what}, and no gap says so",
            noun="city",
        ),
        _report(
            "warning",
            "posts",
            city[[under and known]],
            f"{what}; see gaps",
            "see the remedy in gaps",
            "city",
        ),
    ]
