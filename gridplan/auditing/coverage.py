"""Rules on reach: posts exist, reach and room are respected, and sums agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Objects
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

AGAIN = "measure reach again: gridplan reach"
METRE = 0.01  # ways may be shorter than a straight line by this
MINUTE = 1e-4
AMOUNTS = ("households", "reachable", "served", "backed_up")


def check_reach(evidence: Evidence) -> pd.DataFrame:
    """Check the tables of reach against stairwells and one another; silent where there are none.

    Source: arithmetic; no way is shorter than a straight line, nobody walks
    faster than the rules say, and who is served is within reach of a post with
    room.
    """
    plan = evidence.plan
    if plan.reach.empty and plan.coverage.empty and plan.service_posts.empty:
        return join_findings([])
    return join_findings(
        [
            *_check_rows(evidence, plan.reach),
            *_check_ways(evidence, plan.reach),
            *_check_posts(evidence),
            *_check_shape(plan.coverage),
            *_check_sums(evidence),
        ]
    )


def _report(
    table: str, rows: pd.DataFrame, what: Any, severity: str = "error", noun: str = "row"
) -> pd.DataFrame:
    community = rows["community"].to_numpy(object) if "community" in rows else ""
    return write_findings(
        "reach", severity, table, rows.index, community, what=what, remedy=AGAIN, noun=noun
    )


def _check_rows(e: Evidence, reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check each row by itself, and that every stairwell has one row for each kind."""
    door = find_rows(e.stairwells, reach["stairwell"])
    homes = np.append(e.weight, -1)[door]
    lost = (reach["post"] != "") & ~reach["post"].isin(e.plan.service_posts.index)
    over = (reach["served"] > reach["households"]) | (reach["served"] < 0)
    beyond = (reach["served"] > 0) & (reach["reachable"] == 0)
    pairs = reach.groupby(["state", "kind"])["stairwell"].agg(["size", "nunique"])
    uneven = pairs[(pairs["size"] != len(e.stairwells)) | (pairs["nunique"] != len(e.stairwells))]
    names = pd.DataFrame(index=[" ".join(key) for key in uneven.index])
    return [
        _report("reach", reach[door < 0], "of a stairwell that does not exist"),
        _report(
            "reach",
            reach[(door >= 0) & (homes != reach["households"].to_numpy())],
            "with other households than its door",
        ),
        _report("reach", reach[lost], "whose post does not exist"),
        _report("reach", reach[over], "with more households served than there are"),
        _report("reach", reach[beyond], "with households served out of reach"),
        _report("reach", names, "that not every stairwell has once", noun="kind"),
    ]


def _check_ways(e: Evidence, reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that ways are no shorter than a straight line, and no faster than the rules' speed."""
    door = find_rows(e.stairwells, reach["stairwell"])
    post = find_rows(e.plan.service_posts, reach["post"])
    own = np.flatnonzero((door >= 0) & (post >= 0))
    at = shapely.get_coordinates(e.plan.service_posts.geometry.to_numpy())
    straight = np.zeros(len(reach))
    straight[own] = np.hypot(*(e.xy[door[own]] - at[post[own]]).T)
    metres, minutes, slow = (
        reach[c].to_numpy(float) for c in ("metres", "minutes", "slow_minutes")
    )
    rules = e.rules.walking
    fast = (minutes < rules.to_minutes(metres) - MINUTE) | (
        slow < rules.to_minutes(metres, slow=True) - MINUTE
    )
    return [
        _report(
            "reach", reach[metres < straight - METRE], "with a way shorter than a straight line"
        ),
        _report("reach", reach[fast], "with minutes faster than the walking speed of the rules"),
        _report(
            "reach",
            reach[(reach["post"] == "") != np.isnan(metres)],
            "with a post and no way, or a way and no post",
        ),
    ]


def _check_posts(e: Evidence) -> list[pd.DataFrame]:
    """Check that posts are there, and serve no more than reach them or they have room for."""
    posts = e.plan.service_posts
    there = posts[posts["status"] == "existing"]
    known = there.index.isin(e.plan.site.places.index) | there.index.isin(e.plan.posts.index)
    most = posts[["reachable", "capacity"]].min(axis=1)
    served = e.plan.reach.copy()
    last = served.groupby("kind")["state"].transform(
        lambda own: "proposed" if (own == "proposed").any() else "now"
    )
    by_kind = served[served["state"] == last].groupby("kind")["served"].sum()
    held = posts.groupby("kind")["served"].sum().reindex(by_kind.index, fill_value=0)
    off = pd.DataFrame(index=by_kind.index[(by_kind != held).to_numpy()])
    return [
        _report(
            "service_posts",
            there[~known],
            "that is neither a place nor a post of the plan",
            noun="post",
        ),
        _report(
            "service_posts",
            posts[posts["served"] > most],
            "with more households than reach or fit it",
            noun="post",
        ),
        _report(
            "service_posts",
            off,
            "whose posts serve other households than the stairwells say",
            noun="kind",
        ),
    ]


def _check_shape(coverage: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that served and backed up are within reachable, and thresholds in order."""
    own = coverage
    wrong = (
        (own["reachable"] > own["households"])
        | (own["served"] > own["reachable"])
        | (own["backed_up"] > own["reachable"])
    )
    ordered = own.sort_values(["state", "kind", "level", "of", "minutes"], kind="stable")
    key = ["state", "kind", "level", "of"]
    back = (ordered.groupby(key)["reachable"].diff() < 0) | (
        ordered.groupby(key)["backed_up"].diff() < 0
    )
    return [
        _report(
            "coverage",
            own[wrong],
            "with more served or backed up than reachable, or more of these than there are",
        ),
        _report("coverage", ordered[back], "with fewer in reach than at a shorter threshold"),
    ]


def _check_sums(e: Evidence) -> list[pd.DataFrame]:
    """Check that all levels add up to the city, and the city to the rows of stairwells."""
    table = e.plan.coverage
    key = ["state", "kind", "minutes"]
    whole = table[table["level"] == "city"].set_index(key)[list(AMOUNTS)]
    off: list[Objects] = []
    for level in ("class", "community", "subgrid"):
        sums = table[table["level"] == level].groupby(key)[list(AMOUNTS)].sum(min_count=1)
        both = whole.reindex(sums.index)
        differ = ((sums - both).abs() > 0.5).any(axis=1)
        off += [np.asarray(differ.index[differ])]
    again = _count_again(e.plan.reach)
    own = table[(table["level"] == "city") & table["own"]].set_index(["state", "kind"])[
        list(AMOUNTS)
    ]
    differ = ((again.reindex(own.index) - own).abs() > 0.5).any(axis=1)
    wrong = sorted(
        {" ".join(map(str, key)) for part in off for key in part}
        | {" ".join(k) for k in own.index[differ]}
    )
    return [
        _report(
            "coverage",
            pd.DataFrame(index=wrong),
            "of which the parts do not come to the whole",
            noun="kind",
        )
    ]


def _count_again(reach: pd.DataFrame) -> pd.DataFrame:
    """Count the city's figures again from the rows of stairwells."""
    homes = reach["households"]
    rows = reach.assign(
        reachable=homes * (reach["reachable"] > 0), backed_up=homes * (reach["reachable"] > 1)
    )
    return rows.groupby(["state", "kind"])[list(AMOUNTS)].sum()
