"""Rules on single posts: place, holder, households served, walk and hours, derived again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.auditing.derived import compare_rows, recall_rules, report_columns
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings
from gridplan.auditing.staffing import SERVING
from gridplan.auditing.staffing_figures import SEATED
from gridplan.rules.all_rules import Rules
from gridplan.tables.roles import find_letters, find_roles, name_roles

AGAIN = "staff the plan again"
ORGANISE_AGAIN = "organise again"


def check_posts(evidence: Evidence) -> pd.DataFrame:
    """Check each post: its code, role, place, organisation, what it serves and its hours.

    Source: gridplan's schema and table of roles.
    """
    e = evidence
    posts = e.plan.posts
    if posts.empty:
        return join_findings([])
    serving = posts[posts["role"].isin(name_roles(filled_by=SERVING))]
    captains = posts[posts["role"].isin(name_roles(filled_by=("buildings", "stairwells")))]
    centrals = posts[posts["role"].isin(name_roles(filled_by="members"))]
    committees = posts[posts["role"].isin(name_roles(filled_by="committees"))]
    staffed = len(serving) + len(captains) > 0
    return join_findings(
        [
            _check_all(e, posts),
            _check_serving(e, serving),
            _check_slots(e, captains, staffed),
            _check_committees(e, committees, staffed),
            _check_centrals(e, centrals),
        ]
    )


def _check_all(e: Evidence, posts: pd.DataFrame) -> pd.DataFrame:
    """Check that the code, the source and whether a post is filled say the same."""
    letters = posts["role"].map(find_letters()).fillna("")
    tail = posts.index.to_series().str.rsplit("-", n=1).str[-1].str.replace(r"\d+$", "", regex=True)
    of_code = {letter: role for role, letter in find_letters().items()}
    role = np.where(tail == letters, posts["role"], tail.map(of_code).fillna(""))
    party = {"secretary": True, "committee": True, "cadre": None, "member": True, "resident": False}
    bound = posts["source"].map(party)
    sources = {
        "leaders": ("secretary", "committee", "cadre"),
        "zones": ("cadre", "community_worker", "none"),
        "helpers": ("member", "resident", "volunteer", "none"),
        "members": ("member",),
        "committees": ("secretary", "committee", "none"),
        "layers": ("secretary", "committee", "cadre", "none"),
    }
    pattern = {r.role: r.filled_by for r in find_roles()}
    allowed = {
        role: sources.get(
            pattern.get(str(role), ""),
            (*(r.source for r in find_roles(role=str(role)) if r.source), "none"),
        )
        for role in posts["role"].unique()
    }
    pairs = zip(posts["source"], posts["role"], strict=True)
    fits = np.array([source in allowed[role] for source, role in pairs], bool)
    source = np.where(fits, posts["source"], "another")
    return report_columns(
        "staffing",
        "posts",
        posts,
        {
            "role": role,
            "filled": (posts["source"] != "none").to_numpy(),
            "source": source,
            "party": np.where(bound.isna(), posts["party"], bound).astype(bool),
        },
        AGAIN,
        noun="post",
    )


def measure_rounds(e: Evidence, rules: Rules) -> tuple[Floats, Floats]:
    """Measure household-metres, and the hours of one round of visits, of each sub-grid."""
    rows = e.stairwells
    floors = (rows["floor_to"].to_numpy(float) - 1) / 2
    floors = np.where(rows["floor_to"] >= rules.staffing.lift_floors, 0.0, np.maximum(floors, 0))
    minutes = e.weight * (rules.staffing.visit + floors * rules.staffing.climbing)
    known = e.part >= 0
    visits = np.bincount(e.part[known], minutes[known], minlength=len(e.subgrids))
    metres = e.subgrids["household_metres"].fillna(0).to_numpy(float)
    return metres, (visits + 2 * metres / rules.staffing.walking) / 60.0


def _check_serving(e: Evidence, posts: pd.DataFrame) -> pd.DataFrame:
    """Check posts with duties: one sub-grid or several, mean walk and hours a month."""
    rules = recall_rules(e, "staff", "staffing")
    duties = e.plan.duties
    row = find_rows(e.subgrids, duties["subgrid"])
    known = (row >= 0) & duties["post"].isin(posts.index).to_numpy()
    metres, hours = measure_rounds(e, rules)
    each = pd.DataFrame(
        {
            "post": duties["post"].to_numpy(object)[known],
            "subgrid": duties["subgrid"].to_numpy(object)[known],
            "metres": metres[row[known]],
            "hours": hours[row[known]],
            "homes": e.held[row[known]],
        }
    ).drop_duplicates(["post", "subgrid"])
    by = each.groupby("post")
    sums = by[["metres", "hours", "homes"]].sum().reindex(posts.index).fillna(0)
    served = by.size().reindex(posts.index).fillna(0)
    first = by["subgrid"].first().reindex(posts.index).fillna("").to_numpy(object)
    per = {
        "subgrid": served.to_numpy(),
        "round": sums["hours"].to_numpy(),
        "household": sums["homes"].to_numpy() * rules.staffing.visit / 60.0,
    }
    workload = np.zeros(len(posts))
    for role in find_roles(role=tuple(posts["role"].unique())):
        mask = (posts["role"] == role.role).to_numpy()
        amount = per.get(role.per, np.zeros(len(posts)))
        workload[mask] = amount[mask] * role.find_amount(rules.staffing)
    # A post with a code of a sub-grid is that one's, filled or not.
    head = posts.index.to_series().str.rsplit("-", n=1).str[0]
    of_code = np.where(head.isin(e.subgrids.index), head, "")
    subgrid = np.where(served == 1, first, of_code)
    homes = sums["homes"].to_numpy()
    right = {
        "subgrid": subgrid,
        "building": np.full(len(posts), "", object),
        "stairwell": np.full(len(posts), "", object),
        "community": _find_head(e, head),
        "mean_walk": np.where(homes > 0, sums["metres"] / np.maximum(homes, 1), np.nan),
        "workload": workload,
        "org": _choose_orgs(e, posts),
    }
    return report_columns("staffing", "posts", posts, right, AGAIN, noun="post", slack=1e-3)


def _find_head(e: Evidence, head: pd.Series[Any]) -> Any:
    """Find the community that begins the code of a post: itself, or that of its sub-grid."""
    of_subgrid = np.append(e.subgrids["community"].to_numpy(object), "")[
        find_rows(e.subgrids, head)
    ]
    return np.where(head.isin(e.communities.index), head, of_subgrid)


def _choose_orgs(e: Evidence, posts: pd.DataFrame) -> Any:
    """Choose the organisation as stated where it could be: one with seats in the community."""
    orgs = e.plan.party_orgs
    of = orgs[["community", "level"]].reindex(posts["org"]).fillna("")
    seated = posts["source"].isin(["secretary", "committee"]).to_numpy()
    fits = (of["community"].to_numpy(object) == posts["community"].to_numpy(object)) & np.isin(
        of["level"].to_numpy(object), SEATED
    )
    return np.where(seated, np.where(fits, posts["org"], "one of its community"), "")


def _check_slots(e: Evidence, posts: pd.DataFrame, staffed: bool) -> pd.DataFrame:
    """Check the heads of buildings and stairwells: one for each place, and what it has."""
    if not staffed:
        return join_findings([])
    rules = recall_rules(e, "staff", "staffing")
    rows = e.stairwells.reset_index(names="first")
    by_home = _gather_places(rows, ["building"])
    by_home = by_home[by_home["households"] >= rules.staffing.building_households]
    by_door = _gather_places(rows, ["building", "door"])
    several = by_home.loc[by_home["doors"] > 1, "building"]
    by_door = by_door[
        (by_door["households"] >= rules.staffing.stairwell_households)
        & by_door["building"].isin(several)
    ]
    frames = []
    for pattern, places, column in (
        ("buildings", by_home, "building"),
        ("stairwells", by_door, "first"),
    ):
        for role in find_roles(filled_by=pattern):
            hours = places["households"] * rules.staffing.visit / 60.0
            frames.append(
                pd.DataFrame(
                    {
                        "post": places[column] + f"-{role.letters}",
                        "role": role.role,
                        "community": places["community"],
                        "building": places["building"],
                        "stairwell": places["first"] if pattern == "stairwells" else "",
                        "subgrid": places["subgrid"].where(places["served"] == 1, ""),
                        "served": places["served"],
                        "households": places["households"],
                        "mean_walk": np.nan,
                        "org": "",
                        "workload": hours * role.find_amount(rules.staffing),
                    }
                )
            )
    right = pd.concat(frames, ignore_index=True)
    stated = posts.rename_axis("code").assign(post=posts.index)
    return compare_rows("staffing", "posts", stated, right, ["post"], AGAIN, "post")


def _gather_places(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Gather stairwells by building or door: households, sub-grids, doors and the first code."""
    number = rows.groupby(by).ngroup().to_numpy()
    _, at = np.unique(number, return_index=True)
    places = rows.iloc[at][[*by, "community", "subgrid", "first"]].reset_index(drop=True)
    homes = np.bincount(number, rows["households"]).round().astype(np.int64)
    places = places.assign(households=homes, served=_count_different(number, rows["subgrid"]))
    return places if "door" in by else places.assign(doors=_count_different(number, rows["door"]))


def _count_different(number: Ints, values: Any) -> Ints:
    """Count the different values of each group."""
    codes, labels = pd.factorize(np.asarray(values, object), use_na_sentinel=False)
    pairs = np.unique(number * len(labels) + codes)
    return np.asarray(np.bincount(pairs // max(1, len(labels))), np.int64)


def _check_committees(e: Evidence, posts: pd.DataFrame, staffed: bool) -> pd.DataFrame:
    """Check the seats of committees: as many as each organisation has, filled by its members."""
    if not staffed:
        return join_findings([])
    orgs = e.plan.party_orgs.sort_index()
    orgs = orgs[orgs["level"].isin(SEATED)]
    rows = []
    for code, org in orgs.iterrows():
        for number in range(min(int(org["committee_seats"]), 99)):
            filled = number < org["full"] or org["level"] != "branch"
            held = "secretary" if number == 0 else "committee"
            rows.append(
                {
                    "post": f"{code}-SE" if number == 0 else f"{code}-CM{number}",
                    "role": "branch_secretary" if number == 0 else "branch_committee",
                    "community": org["community"],
                    "building": org["building"],
                    "org": code,
                    "source": held if filled else "none",
                    "filled": bool(filled),
                    "party": True,
                    "households": org["households"],
                    "served": org["subgrid_count"],
                    "subgrid": "",
                    "stairwell": "",
                    "workload": np.nan,
                    "mean_walk": np.nan,
                }
            )
    if not rows:
        return join_findings([])
    stated = posts.rename_axis("code").assign(post=posts.index)
    right = pd.DataFrame(rows)
    return compare_rows("staffing", "posts", stated, right, ["post"], AGAIN, "post")


def _check_centrals(e: Evidence, posts: pd.DataFrame) -> pd.DataFrame:
    """Check central households: building, organisation, households nearest to them, their walk."""
    host = find_rows(e.stairwells, posts["stairwell"])
    rows = e.stairwells.iloc[host] if len(e.stairwells) else e.stairwells
    if posts.empty or not len(rows):
        return join_findings([])
    homes, walk = _serve_again(e, posts, host)
    group = e.plan.members["group"].reindex(posts["stairwell"]).fillna("").to_numpy(object)
    branch = e.plan.members["branch"].reindex(posts["stairwell"]).fillna("").to_numpy(object)
    head = posts.index.to_series().str.rsplit("-", n=1).str[0].to_numpy(object)
    right = {
        "building": rows["building"].to_numpy(object),
        "community": rows["community"].to_numpy(object),
        "subgrid": head,
        "org": np.where(group != "", group, branch),
        "served": np.ones(len(posts), np.int64),
        "households": homes,
        "mean_walk": walk,
        "workload": np.full(len(posts), np.nan),
    }
    return report_columns("central", "posts", posts, right, ORGANISE_AGAIN, noun="post", slack=1e-3)


def _serve_again(e: Evidence, posts: pd.DataFrame, host: Any) -> tuple[Floats, Floats]:
    """Find who is nearest to each central household of a sub-grid, and their mean walk."""
    climb = e.stairwells["climb"].to_numpy(float)
    subgrid = find_rows(e.subgrids, posts["subgrid"])
    homes = np.zeros(len(posts))
    walk = np.zeros(len(posts))
    for part in np.unique(subgrid[(subgrid >= 0) & (host >= 0)]):
        mine = np.flatnonzero((subgrid == part) & (host >= 0))
        doors = np.flatnonzero(e.part == part)
        if not len(doors):
            continue
        ends = host[mine]
        apart = np.hypot(*(e.xy[doors][:, None] - e.xy[ends][None]).transpose(2, 0, 1))
        over = climb[doors][:, None] + climb[ends][None]
        same = e.place[doors][:, None] == e.place[ends][None]
        metres = np.where(same, np.abs(climb[doors][:, None] - climb[ends][None]), apart + over)
        # Of two that are equally near, the one with the first code.
        order = np.argsort(posts["stairwell"].to_numpy(object)[mine].astype(str), kind="stable")
        nearest = order[metres[:, order].argmin(axis=1)]
        for k, post in enumerate(mine):
            weight = e.weight[doors] * (nearest == k)
            homes[post] = weight.sum()
            walk[post] = metres[:, k] @ weight / max(1, weight.sum())
    return homes, walk
