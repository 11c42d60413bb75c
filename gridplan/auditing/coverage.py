"""Rules on reach: posts exist, reach and room are respected, and sums agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, pick_rows, write_findings

AGAIN = "measure reach again: gridplan reach"
METRE = 0.01  # metres by which ways may be shorter than a straight line
MINUTE = 1e-4  # minutes by which they may be quicker: tables round their times
HALF = 0.5  # households by which sums may differ: they are whole, kept as floats
AMOUNTS = ("households", "demand", "reachable", "served", "backed_up")


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


def find_place_codes(posts: pd.DataFrame) -> pd.Index[Any]:
    """Find the code of the place that each post may be: its own, or that before its kind.

    Examples
    --------
    >>> posts = pd.DataFrame({"kind": ["clinic", "clinic"]}, index=["p1", "p7:clinic"])
    >>> find_place_codes(posts).tolist()
    ['p1', 'p7']
    """
    pairs = zip(posts.index, posts["kind"], strict=True)
    return pd.Index([str(code).removesuffix(f":{kind}") for code, kind in pairs], dtype=object)


def _report(
    table: str, rows: pd.DataFrame, what: Any, severity: str = "error", noun: str = "row"
) -> pd.DataFrame:
    # Findings about a kind of post or the whole city belong to no community.
    community = rows["community"].to_numpy(object) if "community" in rows else ""
    return write_findings(
        "reach", severity, table, rows.index, community, what=what, remedy=AGAIN, noun=noun
    )


def _check_rows(e: Evidence, reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check each row by itself, and that every stairwell has one row for each kind."""
    door = find_rows(e.stairwells, reach["stairwell"])
    # Row -1, a stairwell that does not exist, reads the appended -1.
    homes = np.append(e.weight, -1)[door]
    lost = (reach["post"] != "") & ~reach["post"].isin(e.plan.service_posts.index)
    over = (reach["served"] > reach["demand"]) | (reach["served"] < 0)
    beyond = (reach["served"] > 0) & (reach["reachable"] == 0)
    rows = reach.groupby(["state", "kind"])["stairwell"].agg(["size", "nunique"])
    # Both, since a stairwell that is listed twice could make up for one that is missing.
    uneven = rows[(rows != len(e.stairwells)).any(axis=1)]
    names = pd.DataFrame(index=[" ".join(key) for key in uneven.index])
    return [
        _report("reach", pick_rows(reach, door < 0), "of a stairwell that does not exist"),
        _report(
            "reach",
            pick_rows(reach, (door >= 0) & (homes != reach["households"].to_numpy())),
            "with other households than its door",
        ),
        _report("reach", pick_rows(reach, lost), "whose post does not exist"),
        _report("reach", pick_rows(reach, over), "with more served than there are"),
        _report("reach", pick_rows(reach, beyond), "with households served out of reach"),
        _report("reach", names, "that not every stairwell has once", noun="kind"),
    ]


def _check_ways(e: Evidence, reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that ways are no shorter than a straight line, and no faster than the rules' speed."""
    door = find_rows(e.stairwells, reach["stairwell"])
    post = find_rows(e.plan.service_posts, reach["post"])
    known = np.flatnonzero((door >= 0) & (post >= 0))
    places = shapely.get_coordinates(e.plan.service_posts.geometry.to_numpy())
    # Where an end is unknown, 0 m: any way is long enough.
    straight = np.zeros(len(reach))
    straight[known] = np.hypot(*(e.xy[door[known]] - places[post[known]]).T)
    metres = reach["metres"].to_numpy(float)
    minutes = reach["minutes"].to_numpy(float)
    slow = reach["slow_minutes"].to_numpy(float)
    rules = e.rules.walking
    # NaN, out of reach, compares as false and is neither short nor fast.
    fast = minutes < rules.to_minutes(metres) - MINUTE
    fast |= slow < rules.to_minutes(metres, slow=True) - MINUTE
    return [
        _report(
            "reach",
            pick_rows(reach, metres < straight - METRE),
            "with a way shorter than a straight line",
        ),
        _report(
            "reach",
            pick_rows(reach, fast),
            "with minutes faster than the walking speed of the rules",
        ),
        _report(
            "reach",
            pick_rows(reach, (reach["post"] == "") != np.isnan(metres)),
            "with a post and no way, or a way and no post",
        ),
    ]


def _check_posts(e: Evidence) -> list[pd.DataFrame]:
    """Check that posts are there, and serve no more than reach them or they have room for."""
    posts = e.plan.service_posts
    existing = posts[posts["status"] == "existing"]
    places = e.plan.site.places.index
    known = find_place_codes(existing).isin(places) | existing.index.isin(e.plan.posts.index)
    most = posts[["reachable", "capacity"]].min(axis=1)
    rows = e.plan.reach
    # Posts serve in the last state: with the proposed ones, where there are any.
    is_last = (rows["state"] == "proposed").to_numpy(bool)
    both = rows["kind"].isin(rows["kind"][is_last].unique()).to_numpy()
    is_last = is_last | ((rows["state"] == "now").to_numpy() & ~both)
    by_stairwells = rows[is_last].groupby("kind")["served"].sum()
    by_posts = posts.groupby("kind")["served"].sum().reindex(by_stairwells.index, fill_value=0)
    off = pd.DataFrame(index=by_stairwells.index[(by_stairwells != by_posts).to_numpy()])
    return [
        _report(
            "service_posts",
            pick_rows(existing, ~known),
            "that is neither a place nor a post of the plan",
            noun="post",
        ),
        _report(
            "service_posts",
            pick_rows(posts, posts["served"] > most),
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
    wrong = (
        (coverage["reachable"] > coverage["demand"])
        | (coverage["served"] > coverage["reachable"])
        | (coverage["backed_up"] > coverage["reachable"])
    )
    key = ["state", "kind", "level", "of"]
    ordered = coverage.sort_values([*key, "minutes"], kind="stable")
    # More minutes reach no fewer households; the first of a group is NaN, and not less.
    falls = (ordered.groupby(key)[["reachable", "backed_up"]].diff() < 0).any(axis=1)
    return [
        _report(
            "coverage",
            pick_rows(coverage, wrong),
            "with more served or backed up than reachable, or more of these than there are",
        ),
        _report(
            "coverage", pick_rows(ordered, falls), "with fewer in reach than at a shorter threshold"
        ),
    ]


def _check_sums(e: Evidence) -> list[pd.DataFrame]:
    """Check that all levels add up to the city, and the city to the rows of stairwells."""
    table = e.plan.coverage
    amounts = list(AMOUNTS)
    key = ["state", "kind", "minutes"]
    # Rows that say the same of the same thing are reported by the rule on values.
    city = table[table["level"] == "city"].drop_duplicates(key)
    whole = city.set_index(key)[amounts]
    wrong: set[str] = set()
    for level in ("class", "community", "subgrid"):
        # min_count keeps a sum of unknown amounts at NaN, which is not compared.
        sums = table[table["level"] == level].groupby(key)[amounts].sum(min_count=1)
        differs = ((sums - whole.reindex(sums.index)).abs() > HALF).any(axis=1)
        wrong |= {" ".join(map(str, labels)) for labels in sums.index[differs]}
    # Rows of stairwells know one threshold of each kind: the kind's own.
    at_own = city[city["own"]].drop_duplicates(["state", "kind"])
    at_own = at_own.set_index(["state", "kind"])[amounts]
    again = _count_again(e.plan.reach).reindex(at_own.index)
    differs = ((again - at_own).abs() > HALF).any(axis=1)
    wrong |= {" ".join(labels) for labels in at_own.index[differs]}
    return [
        _report(
            "coverage",
            pd.DataFrame(index=sorted(wrong)),
            "of which the parts do not come to the whole",
            noun="kind",
        )
    ]


def _count_again(reach: pd.DataFrame) -> pd.DataFrame:
    """Count the city's figures again from the rows of stairwells."""
    # Of a household, one post in reach is enough, and a second one backs it up.
    asked = reach["demand"]
    rows = reach.assign(
        reachable=asked * (reach["reachable"] > 0), backed_up=asked * (reach["reachable"] > 1)
    )
    return rows.groupby(["state", "kind"])[list(AMOUNTS)].sum()
