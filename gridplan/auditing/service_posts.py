"""Rules on service posts and siting: what they are, where they stand, and what they bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools
from gridplan.auditing.coverage import find_place_codes
from gridplan.auditing.derived import recall_rules, report_columns
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.rules.all_rules import Rules

AGAIN = "measure reach again: gridplan reach"
LEG = 0.05  # m by which ways to a street may differ, since streets are cut on a grid
SITE_AGAIN = "propose again: gridplan propose"


def check_service_posts(evidence: Evidence) -> pd.DataFrame:
    """Check service posts and the curves of siting, column by column.

    Source: gridplan's schema; capacities and minutes are rules of coverage.
    """
    e = evidence
    if e.plan.service_posts.empty and e.plan.siting.empty:
        return join_findings([])
    reach = e.plan.reach[find_rows(e.stairwells, e.plan.reach["stairwell"]) >= 0]
    return join_findings(
        [_check_service_posts(e, reach, recall_rules(e, "reach")), *_check_siting(e)]
    )


def _check_service_posts(e: Evidence, reach: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Check what each service post is, where it stands, and its load."""
    posts = e.plan.service_posts
    services = {s.kind: s for s in rules.coverage.services}
    rule = pd.DataFrame(
        [
            (services[k].minutes, services[k].capacity, services[k].area) if k in services else None
            for k in posts["kind"]
        ],
        columns=["minutes", "capacity", "area"],
        index=posts.index,
        dtype=float,
    )
    codes = find_place_codes(posts)
    place = e.plan.site.places.reindex(codes)
    is_place = codes.isin(e.plan.site.places.index)
    filling = {(fill.place, fill.kind) for fill in rules.coverage.fills}
    pairs = list(zip(place["kind"].fillna(""), posts["kind"], strict=True))
    fills = np.array([pair in filling for pair in pairs], bool) & (codes != posts.index)
    central = e.plan.posts.reindex(posts.index)
    is_central = posts.index.isin(e.plan.posts.index)
    area = np.where(
        is_place, place["floor_area"].to_numpy(float), posts["floor_area"].to_numpy(float)
    )
    area = np.where(is_central, np.nan, area)
    by_area = (rule["area"] > 0).to_numpy() & ~np.isnan(area)
    size = np.floor(area / rule["area"].where(rule["area"] > 0) * 100.0)
    capacity = np.where(by_area, size, rule["capacity"].where(rule["capacity"] > 0))
    existing = is_place | is_central
    stairwell = np.where(is_central, central["stairwell"].fillna(""), "")
    stairwell = np.where(existing, stairwell, posts["stairwell"])
    subgrid = np.where(is_central, central["subgrid"].fillna(""), "")
    served = posts["served"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        load = np.where(capacity > 0, served / capacity, np.nan)
    right: dict[str, Any] = {
        "status": np.where(existing, "existing", "proposed"),
        "stairwell": stairwell,
        "subgrid": np.where(existing, subgrid, _find_subgrids(e, stairwell)),
        "community": _find_communities(e, posts, stairwell),
        "floor_area": area,
        "capacity": capacity,
        "minutes": rule["minutes"].to_numpy(float),
        "load": load,
        "kind": np.where(
            is_place,
            np.where(fills, posts["kind"], place["kind"].fillna("")),
            np.where(is_central, "central_household", posts["kind"]),
        ),
        "rank": np.where(existing, 0, posts["rank"]),
        "group": [services[k].group if k in services else "" for k in posts["kind"]],
    }
    return join_findings(
        [
            report_columns("reach", "service_posts", posts, right, AGAIN, noun="post"),
            *_check_places(e, posts, reach, is_place, is_central, stairwell),
        ]
    )


def _find_subgrids(e: Evidence, stairwell: Any) -> Any:
    """Find the sub-grid of each stairwell; an empty text where there is none."""
    return np.append(e.stairwells["subgrid"].to_numpy(object), "")[
        find_rows(e.stairwells, stairwell)
    ]


def _find_communities(e: Evidence, posts: Any, stairwell: Any) -> Any:
    """Find the community of each post: of its stairwell, else the one that it lies in or near."""
    row = find_rows(e.stairwells, stairwell)
    of_home = np.append(e.stairwells["community"].to_numpy(object), "")[row]
    codes = e.communities.index.to_numpy(object)
    nearest = np.full(len(posts), "", object)
    shapes = posts.geometry.to_numpy()
    lone = np.flatnonzero((row < 0) & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if len(lone) and len(codes):
        post, over = shapely.STRtree(e.communities.geometry.to_numpy()).query_nearest(shapes[lone])
        # Of several that are equally near, the first by code.
        first = pd.Series(over).groupby(post).min().sort_index()
        nearest[lone[first.index]] = codes[first.to_numpy()]
    return np.where(row >= 0, of_home, nearest)


def _check_places(
    e: Evidence, posts: Any, reach: pd.DataFrame, is_place: Bools, is_central: Bools, stairwell: Any
) -> list[pd.DataFrame]:
    """Check positions, ranks of proposals, households that reach a post, and its access leg."""
    shapes = posts.geometry.to_numpy()
    place = e.plan.site.places.geometry.reindex(find_place_codes(posts)).to_numpy()
    door = np.append(e.stairwells.geometry.to_numpy(), np.array([None], object))[
        find_rows(e.stairwells, stairwell)
    ]
    origin = np.where(is_place, place, door)
    off = (shapely.distance(origin, shapes) > 0.01) | (shapely.is_missing(origin) & is_central)
    proposed = posts[~(is_place | is_central)]
    ranks = proposed.groupby("kind")["rank"].transform("size")
    badly = (proposed["rank"] < 1) | (proposed["rank"] > ranks)
    badly |= proposed.duplicated(["kind", "rank"], keep=False)
    last = reach.groupby("kind")["state"].transform("max")  # proposed comes after now
    near = reach[(reach["state"] == last) & (reach["reachable"] > 0) & (reach["post"] != "")]
    least = near.groupby("post")["demand"].sum().reindex(posts.index).fillna(0)
    in_reach = reach[(reach["state"] == last) & (reach["reachable"] > 0)]
    most = in_reach.groupby("kind")["demand"].sum().reindex(posts["kind"]).fillna(0).to_numpy()
    amount = posts["reachable"].to_numpy()
    unlikely = (amount < least.to_numpy()) | (amount > most)
    leg = posts["leg"].to_numpy(float)
    legless = np.isnan(leg) & posts.index.isin(reach["post"]) & (posts["reason"] != "")
    too_far = np.nan_to_num(leg) > recall_rules(e, "reach").walking.access_limit + 1.0
    findings = []
    for rows, mask, what in (
        (posts, off, "that does not stand where its place or stairwell is"),
        (proposed, badly.to_numpy(), "whose rank is not one of its kind's proposals"),
        (posts, unlikely, "with fewer households in reach than have it nearest, or more than any"),
        (posts, np.asarray(legless | too_far), "whose way to the street cannot be so long"),
    ):
        findings.append(
            write_findings(
                "reach",
                "error",
                "service_posts",
                rows.index[mask],
                rows["community"].to_numpy(object)[mask],
                noun="post",
                what=what,
                remedy=AGAIN,
            )
        )
    return [*findings, *_check_leg_lengths(e, posts), _check_totals(posts, reach, last)]


def _check_leg_lengths(e: Evidence, posts: Any) -> list[pd.DataFrame]:
    """Check that the way to the street is as long as one of the streets is far."""
    lines = e.plan.site.streets.geometry.to_numpy()
    leg = posts["leg"].to_numpy(float)
    known = np.flatnonzero(~np.isnan(leg))
    short = np.zeros(len(posts), bool)
    odd = np.zeros(len(posts), bool)
    if len(known) and len(lines):
        shapes = posts.geometry.to_numpy()[known]
        tree = shapely.STRtree(lines)
        (row, street), apart = tree.query_nearest(shapes, return_distance=True, all_matches=False)
        short[known[row]] = leg[known[row]] < apart - 0.01
        # Of several streets, the nearest need not be one that leads anywhere.
        near, other = tree.query(shapes, predicate="dwithin", distance=leg[known] + LEG)
        fits = np.abs(shapely.distance(shapes[near], lines[other]) - leg[known[near]]) <= LEG
        odd[known] = True
        odd[known[near[fits]]] = False
        # Round a barrier, or through a gate, the way is longer than any straight line.
        between = shapely.shortest_line(shapes[row], lines[street])
        odd[known[row]] &= ~_meet_walls(e, between)
    found = []
    for severity, wrong, what in (
        ("error", short, "whose way to the street is shorter than a straight line"),
        (
            "warning",
            odd & ~short,
            "whose way to the street fits none of the streets",
        ),
    ):
        found.append(
            write_findings(
                "reach",
                severity,
                "service_posts",
                posts.index[wrong],
                posts["community"].to_numpy(object)[wrong],
                noun="post",
                what=what,
                remedy=AGAIN,
            )
        )
    return found


def _meet_walls(e: Evidence, lines: Any) -> Bools:
    """Whether lines meet a barrier, or the limit of a compound."""
    site = e.plan.site
    walls = np.concatenate(
        [site.barriers.geometry.to_numpy(), shapely.boundary(site.compounds.geometry.to_numpy())]
    )
    met = np.zeros(len(lines), bool)
    met[shapely.STRtree(lines).query(walls, predicate="intersects")[1]] = True
    return met


def _check_totals(posts: Any, reach: pd.DataFrame, last: pd.Series[Any]) -> pd.DataFrame:
    """Check that posts are reached as often as stairwells say that they reach posts."""
    rows = reach[reach["state"] == last]
    pairs = (rows["demand"] * rows["reachable"]).groupby(rows["kind"]).sum()
    by_posts = posts.groupby("kind")["reachable"].sum().reindex(pairs.index, fill_value=0)
    off = pairs.index[(pairs != by_posts).to_numpy()]
    return write_findings(
        "reach",
        "error",
        "service_posts",
        off,
        "",
        noun="kind",
        what="whose posts are reached by other households than the stairwells say",
        remedy=AGAIN,
    )


def _check_worst(e: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """Check how the communities fare in each answer: the least share, and those without any."""
    reach = e.plan.reach[e.plan.reach["community"] != ""]
    last = reach.groupby("kind")["state"].transform("max")  # proposed comes after now
    sums = reach[reach["state"] == last].groupby(["kind", "community"])[["demand", "served"]].sum()
    share = (sums["served"] / sums["demand"])[sums["demand"] > 0]
    chosen = table["chosen"].to_numpy(bool)
    worst = share[share > 0].groupby("kind").min().reindex(table["kind"]).to_numpy(float)
    none = (share == 0).groupby("kind").sum().reindex(table["kind"]).to_numpy(float)
    right = {
        "worst_share": np.where(chosen, worst, np.nan),
        "unserved": np.where(chosen, none, np.nan),
    }
    bound = table["worst_bound"].to_numpy(float)
    fairest = (table["question"] == "fairest").to_numpy()
    high = chosen & fairest & (none == 0) & (worst > bound + 1e-5)
    odd = high | (np.isnan(bound) == (chosen & fairest)) | (bound > 1 + 1e-6)
    return join_findings(
        [
            report_columns("reach", "siting", table, right, SITE_AGAIN),
            write_findings(
                "reach", "error", "siting", table.index[odd], "", noun="row",
                what="whose bound is not one for the community served least", remedy=SITE_AGAIN,
            ),
        ]
    )  # fmt: skip


def _check_siting(e: Evidence) -> list[pd.DataFrame]:
    """Check the curve of each question: shares of all households, bounds, and one answer."""
    table = e.plan.siting
    if table.empty:
        return []
    now = e.plan.reach[e.plan.reach["state"] == "now"]
    total = now.groupby("kind")["demand"].sum().reindex(table["kind"]).to_numpy(float)
    # Where few may go to a post of a kind, shares are of those; the stairwells say which.
    served = table["served"].to_numpy(float)
    share = table["share"].to_numpy(float)
    bound = table["bound"].to_numpy(float)
    gap = table["gap"].to_numpy(float)
    last = e.plan.coverage[(e.plan.coverage["level"] == "city") & e.plan.coverage["own"]]
    answer = last[last["state"] == "proposed"].set_index("kind")["served"]
    proposed = e.plan.service_posts[e.plan.service_posts["status"] == "proposed"]
    added = proposed.groupby("kind").size()
    chosen = table["chosen"].to_numpy(bool)
    kinds = table["kind"]
    ordered = table.sort_values(["kind", "question", "added"])
    falls = ordered.groupby(["kind", "question"])["served"].diff() < -0.5
    # A whole curve is of one total, so that every share is the same share of what it serves.
    base = np.where(share > 0, served / np.where(share > 0, share, 1.0), np.nan)
    middle = pd.Series(base, index=table.index).groupby(kinds).transform("median").to_numpy(float)
    number = chosen & ~(table["added"] == kinds.map(added).fillna(0)).to_numpy()
    most = (table["question"] == "most").to_numpy()
    # Beside the answer to another question stands the most that as many posts could serve.
    key = [table["kind"], table["added"]]
    beside = pd.Series(most).groupby([column.to_numpy() for column in key]).transform("any")
    mixed = ~most & ~beside.to_numpy(bool)
    several = table.assign(one=chosen).groupby("kind")["one"].transform("sum").to_numpy() != 1
    optimal = (table["ended"] == "optimal").to_numpy()
    wrong_gap = most & (np.abs(np.maximum(0.0, bound - share) - gap) > 1e-3) & (gap > bound)
    closed = optimal & (np.nan_to_num(gap) > 1e-5)
    closed |= most & (table["ended"] == "bounded").to_numpy() & ~(np.nan_to_num(gap) > 0)
    closed |= most & optimal & (np.abs(bound - share) > 1e-5)
    by_kind = answer.reindex(kinds).to_numpy(float)
    findings = [_check_worst(e, table)]
    for mask, what in (
        (np.abs(share - served / middle) > 1e-4, "whose share is not its households served by all"),
        (served > total, "that serves more households than there are"),
        (bound < share - 1e-5, "whose bound is below what is served"),
        (bound > 1 + 1e-6, "whose bound is more than everybody"),
        (closed | wrong_gap, "whose gap does not fit its bound and how the search ended"),
        (falls.reindex(table.index).to_numpy(), "that serves fewer than with fewer posts"),
        (number, "whose posts added are not those that are proposed"),
        (mixed, "without a row of the most that as many posts could serve"),
        (several, "of a kind without one answer, or with several"),
        (chosen & (np.abs(by_kind - served) > 0.5), "whose answer is not what coverage comes to"),
    ):
        findings.append(
            write_findings(
                "reach", "error", "siting", table.index[mask], "", noun="row", what=what,
                remedy=SITE_AGAIN,
            )
        )  # fmt: skip
    return findings
