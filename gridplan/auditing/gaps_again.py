"""Rules on gaps: every one that the tables show is listed, with its figures and rank, and no other.

Why a gap is there and what would close it are words, which nothing derives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.chiefs_again import GAPS, count_chiefs
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    recall_rules,
    report_columns,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.auditing.gap_rows import list_gaps
from gridplan.auditing.inventory_again import list_short
from gridplan.auditing.level_figures import chain_communities
from gridplan.auditing.organisation import find_places
from gridplan.auditing.pairing_gaps_again import list_pairing
from gridplan.auditing.staffing_figures import count_staffing
from gridplan.tables.roles import PLACED, find_roles, name_roles

AGAIN = "run the verb of its room again"
KEY = ("rule", "level", "of")


def check_gaps(evidence: Evidence) -> pd.DataFrame:
    """Check that the gaps are those that indicators, posts, links and ways come to, and no others.

    Source: gridplan's promise that nothing is unmet without being listed.
    """
    e = evidence
    ran = e.plan.manifest.get("people", {})
    lists = {
        "organisation": ("organise", _list_organisation),
        "staffing": ("staff", _list_staffing),
        "pairing": ("pair", list_pairing),
        "rating": ("rate", _list_rating),
        "reach": ("reach", _list_reach),
        "inventory": ("inventory", list_short),
    }
    gaps = e.plan.gaps
    findings = [_check_ranks(gaps), _check_places(e, gaps)]
    for room, (verb, make) in lists.items():
        if verb not in ran:
            continue
        rows = make(e)
        # A room without any gap still has the columns that gaps would be compared by.
        right = join_columns(rows or [list_gaps("", "", [], "", 0.0, 0.0, 0)])
        stated = gaps[gaps["room"] == room]
        findings.append(compare_rows("gaps", "gaps", stated, right, KEY, AGAIN, "gap"))
    return join_findings(findings)


def _check_ranks(gaps: pd.DataFrame) -> pd.DataFrame:
    """Check that gaps of a rule are ranked by their households, most first, then by code."""
    ordered = gaps.assign(less=-gaps["households"]).sort_values(
        ["room", "rule", "less", "of", "rank"], kind="stable"
    )
    right = ordered.groupby(["room", "rule"]).cumcount() + 1
    return report_columns("gaps", "gaps", ordered, {"rank": right.to_numpy()}, AGAIN, noun="gap")


def _check_places(e: Evidence, gaps: pd.DataFrame) -> pd.DataFrame:
    """Check that what a gap is about exists, and gives a reason and a remedy."""
    site = e.plan.site
    # A subdistrict whose name another district has too goes by both.
    chains = chain_communities(e)
    codes = {
        "community": e.communities.index,
        "subgrid": e.subgrids.index,
        "compound": site.compounds.index,
        "building": e.buildings.index,
        "institution": site.institutions.index,
        "org": e.plan.party_orgs.index,
        "subdistrict": pd.Index({*e.communities["subdistrict"], *(c[2] for c in chains)}),
        "district": pd.Index({c[1] for c in chains}),
        "city": pd.Index([CITY]),
    }
    lost = np.zeros(len(gaps), bool)
    for level, index in codes.items():
        lost |= (gaps["level"] == level).to_numpy() & ~gaps["of"].isin(index).to_numpy()
    silent = ((gaps["reason"] == "") | (gaps["remedy"] == "")).to_numpy()
    return join_findings(
        [
            write_findings("gaps", "error", "gaps", gaps.index[lost], "", noun="gap",
                           what="of what does not exist", remedy=AGAIN),
            write_findings("gaps", "error", "gaps", gaps.index[silent], "", noun="gap",
                           what="without a reason or a remedy", remedy=AGAIN),
        ]
    )  # fmt: skip


def _list_organisation(e: Evidence) -> list[dict[str, Any]]:
    """List places without a branch, and sub-grids with too few central households."""
    rules = recall_rules(e, "organise", "organisation").organisation
    table = e.plan.members.reindex(e.stairwells.index)
    size = (table["full"] + table["probationary"]).fillna(0).to_numpy()
    lone = (table["branch"].fillna("") == "").to_numpy()
    full = table["full"].fillna(0).to_numpy()
    frame = pd.DataFrame(
        {
            "place": e.take(find_places),
            "community": e.stairwells["community"].to_numpy(object),
            "compound": e.stairwells["compound"].to_numpy(object),
            "building": e.stairwells["building"].to_numpy(object),
            "full": full,
            "homes": e.weight,
            "lost": lone & (size > 0),
            "lone": lone,
        }
    )
    rows = []
    for community, town in frame.groupby("community"):
        if town["lone"].all():
            values = (town["full"].sum(), rules.branch_full, town["homes"].sum())
            rows.append(list_gaps("branch_full", "community", [community], community, *values))
            continue
        for _, place in town[town["place"].isin(town.loc[town["lost"], "place"])].groupby("place"):
            level = "compound" if place["compound"].iloc[0] else "building"
            values = (place["full"].sum(), rules.branch_full, place["homes"].sum())
            of = [place[level].iloc[0]]
            rows.append(list_gaps("branch_full", level, of, community, *values))
    homes = e.subgrids[(e.subgrids["kind"] == "residential").to_numpy()]
    held = pd.Series(e.held, e.subgrids.index).reindex(homes.index)
    wanted = np.maximum(1, -(-held // rules.central_load))
    centrals = e.plan.posts[e.plan.posts["role"].isin(name_roles(filled_by="members"))]
    placed = centrals.groupby("subgrid").size().reindex(homes.index, fill_value=0)
    short = (placed < wanted).to_numpy()
    rows.append(
        list_gaps(
            "central_household",
            "subgrid",
            homes.index[short],
            homes["community"].to_numpy(object)[short],
            placed[short],
            wanted[short],
            held[short],
        )
    )
    return rows


def _list_staffing(e: Evidence) -> list[dict[str, Any]]:
    """List sub-grids without worker, communities short of posts, and Party shares too low."""
    rules = recall_rules(e, "staff", "staffing").staffing
    t = e.take(count_staffing).table
    grids, leaders = t["subgrids"], t["leaders"]
    duties = e.plan.duties
    post = e.plan.posts.reindex(duties["post"])
    is_worker = post["role"].isin(name_roles(worker=True)).to_numpy()
    party = post["party"].fillna(False).to_numpy(bool)[is_worker]
    by = pd.Series(party).groupby(duties["subgrid"].to_numpy(object)[is_worker])
    number = by.size().reindex(e.subgrids.index).fillna(0).to_numpy()
    share = by.mean().reindex(e.subgrids.index).to_numpy(float)
    bare = number == 0
    least = rules.party_share - 1e-9
    codes = e.subgrids.index
    of = e.subgrids["community"].to_numpy(object)
    # The share is one of a team, which one worker or two are not.
    low = (share < least) & (number >= rules.share_team)
    frames = [
        list_gaps("coverage", "subgrid", codes[bare], of[bare], 0.0, 1.0, e.held[bare]),
        list_gaps(
            *("party_share", "subgrid", codes[low], of[low]),
            *(share[low], rules.party_share, e.held[low]),
        ),
    ]

    def take(rule: str, mask: Any, value: Any, need: Any) -> None:
        hit = mask.to_numpy(bool)
        at = t.index[hit]
        asked = need[hit] if isinstance(need, pd.Series) else need
        frames.append(
            list_gaps(rule, "community", at, at, value[hit], asked, t["households"][hit].to_numpy())
        )

    wanted = np.ceil(grids / rules.span_most)
    take("leader", (leaders == 0) & (grids > 0), leaders, wanted)
    wide = (leaders > 0) & (grids > rules.span_most * leaders)
    take("leader_span", wide, grids / leaders.where(leaders > 0), rules.span_most)
    for rule, need in (
        ("full_workers", "workers_needed"),
        ("part_workers", "part_slots"),
        *((r.measure, f"{r.role}_slots") for r in find_roles(filled_by=PLACED) if r.supply),
    ):
        take(rule, (t[need] > 0) & ~(t[rule] >= t[need]), t[rule], t[need])
    for layer, rule in GAPS.items():
        chiefs = count_chiefs(e, layer)
        if chiefs is not None:
            take(rule, chiefs["filled"] < chiefs["slots"], chiefs["filled"], chiefs["slots"])
    of_all = t["party_workers"] / t["workers"].where(t["workers"] > 0)
    take("party_share", of_all < least, of_all, rules.party_share)
    whole = t["party_workers"].sum() / max(1.0, t["workers"].sum())
    if t["workers"].sum() > 0 and whole < least:
        homes = t["households"].sum()
        frames.append(list_gaps("party_share", "city", [CITY], "", whole, rules.party_share, homes))
    return frames


def _list_rating(e: Evidence) -> list[dict[str, Any]]:
    """List the organisations in the lowest band, and those near the cut to the next."""
    rules = recall_rules(e, "rate", "rating").rating
    ratings = e.plan.ratings
    homes = pd.Series(e.held).groupby(e.subgrids["community"].to_numpy(object)).sum()
    near = (ratings["to_next"] > 0) & (ratings["to_next"] <= rules.near)
    frames = []
    for rule, mask in (("band_c", ratings["band"] == "C"), ("near_cut", near)):
        rows = ratings[mask]
        frame = list_gaps(
            rule,
            "org",
            rows["of"],
            rows["community"].to_numpy(object),
            rows["score"],
            rows["score"] + rows["to_next"],
            homes.reindex(rows["community"]).fillna(0).to_numpy(),
        )
        level = rows["level"].where(rows["level"] != "branch", "org").to_numpy(object)
        frames.append(frame | {"level": level})
    return frames


def _list_reach(e: Evidence) -> list[dict[str, Any]]:
    """List the sub-grids not fully served by a kind of post, and teams of volunteers too small."""
    rules = recall_rules(e, "reach")
    services = {s.kind: s for s in rules.coverage.services}
    rows = e.plan.reach[e.plan.reach["state"] == "now"]
    rows = rows.assign(short=rows["demand"] - rows["served"])
    rows = rows[(rows["short"] > 0) & rows["kind"].isin(services)]
    # Of the households behind a door as many as of its demand, and no part of one.
    hit = np.ceil((rows["households"] * rows["short"] / rows["demand"]).round(6))
    scope = rows["kind"].map({kind: s.scope for kind, s in services.items()})
    bare = (rows["reason"] == "none") & (scope != "subgrid") & (rows["community"] != "")
    there = e.plan.service_posts.loc[e.plan.service_posts["status"] == "existing", "kind"]
    towns = rows["community"].where(bare).groupby(rows["kind"]).nunique()
    lacking = set(towns.index[towns > 1]) - set(there)
    # What no community has is one gap of the city.
    nowhere = bare & rows["kind"].isin(lacking)
    rows = rows.assign(
        level=np.select([nowhere, bare], ["city", "community"], "subgrid"),
        of=np.select([nowhere, bare], [CITY, rows["community"]], rows["subgrid"]),
        community=rows["community"].mask(nowhere, ""),
        long=rows["short"] * rows["minutes"],
        known=rows["short"].where(rows["minutes"].notna(), 0),
        hit=hit,
    )
    by = ["kind", "level", "of", "community"]
    sums = rows.groupby(by)[["hit", "long", "known"]].sum().reset_index()
    value = (sums["long"] / sums["known"].where(sums["known"] > 0)).round(3)
    frame = list_gaps(
        "", "", sums["of"], sums["community"].to_numpy(object), value,
        sums["kind"].map({kind: s.minutes for kind, s in services.items()}), sums["hit"],
    )  # fmt: skip
    frame |= {"rule": sums["kind"].to_numpy(object), "level": sums["level"].to_numpy(object)}
    return [frame, *_list_teams(e)]


def _list_teams(e: Evidence) -> list[dict[str, Any]]:
    """List the communities whose volunteers are too few for the requests, or not counted."""
    rows = e.plan.indicators
    rows = rows[(rows["room"] == "reach") & (rows["level"] == "community")]
    rows = rows[rows["measure"] == "volunteers"].set_index("of")
    short = (rows["value"] < rows["need"] - 1e-9) | (rows["value"].isna() & (rows["need"] > 0))
    at = rows.index[short]
    homes = pd.Series(e.weight).groupby(e.stairwells["community"].to_numpy(object)).sum()
    held = homes.reindex(at).fillna(0).to_numpy()
    return [
        list_gaps(
            "volunteers", "community", at, at, rows["value"][short], rows["need"][short], held
        )
    ]
