"""Rules on gaps: every one that the tables show is listed, with its figures and rank, and no other.

Why a gap is there and what would close it are words, which nothing derives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    recall_rules,
    report_columns,
    spread_columns,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.auditing.organisation import find_places
from gridplan.auditing.pairing import CADRES
from gridplan.auditing.pairing_figures import (
    count_capacity,
    find_second,
    measure_towns,
)
from gridplan.auditing.staffing_figures import count_staffing
from gridplan.auditing.tallies import count_again
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
        "pairing": ("pair", _list_pairing),
        "rating": ("rate", _list_rating),
        "reach": ("reach", _list_reach),
    }
    gaps = e.plan.gaps
    findings = [_check_ranks(gaps), _check_places(e, gaps)]
    for room, (verb, make) in lists.items():
        if verb not in ran:
            continue
        rows = make(e)
        # A room without any gap still has the columns that gaps would be compared by.
        right = join_columns(rows or [_list("", "", [], "", 0.0, 0.0, 0)])
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
    codes = {
        "community": e.communities.index,
        "subgrid": e.subgrids.index,
        "compound": site.compounds.index,
        "building": e.buildings.index,
        "institution": site.institutions.index,
        "org": e.plan.party_orgs.index,
        "subdistrict": pd.Index(e.communities["subdistrict"].unique()),
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


def _list(
    rule: str, level: str, of: Any, community: Any, value: Any, need: Any, homes: Any
) -> dict[str, Any]:
    """List gaps of one rule and level as they should be, as columns."""
    return spread_columns(
        {
            "rule": rule,
            "level": level,
            "of": of,
            "community": community,
            "value": np.asarray(value, float),
            "need": np.asarray(need, float),
            "households": np.asarray(homes, float).astype(np.int64),
        },
        len(of),
    )


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
            rows.append(_list("branch_full", "community", [community], community, *values))
            continue
        for _, place in town[town["place"].isin(town.loc[town["lost"], "place"])].groupby("place"):
            level = "compound" if place["compound"].iloc[0] else "building"
            values = (place["full"].sum(), rules.branch_full, place["homes"].sum())
            of = [place[level].iloc[0]]
            rows.append(_list("branch_full", level, of, community, *values))
    homes = e.subgrids[(e.subgrids["kind"] == "residential").to_numpy()]
    held = pd.Series(e.held, e.subgrids.index).reindex(homes.index)
    wanted = np.maximum(1, -(-held // rules.central_load))
    centrals = e.plan.posts[e.plan.posts["role"].isin(name_roles(filled_by="members"))]
    placed = centrals.groupby("subgrid").size().reindex(homes.index, fill_value=0)
    short = (placed < wanted).to_numpy()
    rows.append(
        _list(
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
    frames = [
        _list("coverage", "subgrid", codes[bare], of[bare], 0.0, 1.0, e.held[bare]),
        _list(
            "party_share",
            "subgrid",
            codes[share < least],
            of[share < least],
            share[share < least],
            rules.party_share,
            e.held[share < least],
        ),
    ]

    def take(rule: str, mask: Any, value: Any, need: Any) -> None:
        hit = mask.to_numpy(bool)
        at = t.index[hit]
        asked = need[hit] if isinstance(need, pd.Series) else need
        frames.append(
            _list(rule, "community", at, at, value[hit], asked, t["households"][hit].to_numpy())
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
    of_all = t["party_workers"] / t["workers"].where(t["workers"] > 0)
    take("party_share", of_all < least, of_all, rules.party_share)
    whole = t["party_workers"].sum() / max(1.0, t["workers"].sum())
    if t["workers"].sum() > 0 and whole < least:
        homes = t["households"].sum()
        frames.append(_list("party_share", "city", [CITY], "", whole, rules.party_share, homes))
    return frames


def _list_pairing(e: Evidence) -> list[dict[str, Any]]:
    """List what pairing falls short of: pairs, cadres, seats, bodies, owners and centres."""
    rules = recall_rules(e, "pair", "pairing").pairing
    towns = e.take(measure_towns)
    table, links = towns.table, e.plan.links
    homes = table["households"]

    def pick(rule: str, mask: Any, value: Any, need: Any) -> dict[str, Any]:
        hit = np.asarray(mask, bool)
        at = table.index[hit]
        asked = need[hit] if isinstance(need, pd.Series) else need
        return _list(rule, "community", at, at, value[hit], asked, homes[hit].to_numpy())

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
        _list("outside_seats", "subdistrict", open_.index, "", 0.0, 1.0, open_.to_numpy()),
        pick("six_in_one", six < 6, six, 6.0),
        *_list_owners(e),
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
    return [_list("pairing", "city", [CITY], "", value, need, homes)]


def _list_institutions(e: Evidence) -> list[dict[str, Any]]:
    """List the institutions without members, without a count, or without a community."""
    rules = recall_rules(e, "pair", "pairing").pairing
    rows = e.plan.site.institutions
    members = rows["party_members"]
    pairs = e.plan.links[e.plan.links["kind"] == "pairing"]
    idle = (count_capacity(e, rules) > 0) & ~rows.index.isin(pairs["source"])
    hit = ((members == 0) | members.isna() | idle).to_numpy()
    return [_list("institution", "institution", rows.index[hit], "", members[hit], 1.0, 0)]


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
            return [_list("cadre", "city", [CITY], "", np.nan, float(len(table)), homes)]
    need = 1 + rules.cadre_others if rules.cadre_rule == "lead_and_others" else 1
    led = of_cadres.groupby("community").size().reindex(table.index, fill_value=0)
    hit = (led < need).to_numpy()
    at = table.index[hit]
    return [_list("cadre", "community", at, at, led[hit], need, table["households"][hit])]


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
        _list(
            "owners_party",
            "compound",
            codes,
            community.reindex(codes).to_numpy(object),
            led.reindex(codes).where(led.reindex(codes).isna(), 0.0),
            1.0,
            held.reindex(codes).fillna(0),
        )
    ]


def _list_rating(e: Evidence) -> list[dict[str, Any]]:
    """List the organisations in the lowest band, and those near the cut to the next."""
    rules = recall_rules(e, "rate", "rating").rating
    ratings = e.plan.ratings
    homes = pd.Series(e.held).groupby(e.subgrids["community"].to_numpy(object)).sum()
    near = (ratings["to_next"] > 0) & (ratings["to_next"] <= rules.near)
    frames = []
    for rule, mask in (("band_c", ratings["band"] == "C"), ("near_cut", near)):
        rows = ratings[mask]
        frame = _list(
            rule,
            "org",
            rows["of"],
            rows["community"].to_numpy(object),
            rows["score"],
            rows["score"] + rows["to_next"],
            homes.reindex(rows["community"]).fillna(0).to_numpy(),
        )
        level = rows["level"].where(rows["level"] == "community", "org").to_numpy(object)
        frames.append(frame | {"level": level})
    return frames


def _list_reach(e: Evidence) -> list[dict[str, Any]]:
    """List the sub-grids not fully served by a kind of post, and teams of volunteers too small."""
    rules = recall_rules(e, "reach")
    services = {s.kind: s for s in rules.coverage.services}
    rows = e.plan.reach[e.plan.reach["state"] == "now"]
    rows = rows.assign(short=rows["households"] - rows["served"])
    rows = rows[(rows["short"] > 0) & rows["kind"].isin(services)]
    scope = rows["kind"].map({kind: s.scope for kind, s in services.items()})
    bare = (rows["reason"] == "none") & (scope != "subgrid") & (rows["community"] != "")
    rows = rows.assign(
        level=np.where(bare, "community", "subgrid"),
        of=rows["community"].where(bare, rows["subgrid"]),
        long=rows["short"] * rows["minutes"],
        known=rows["short"].where(rows["minutes"].notna(), 0),
    )
    by = ["kind", "level", "of", "community"]
    sums = rows.groupby(by)[["short", "long", "known"]].sum().reset_index()
    value = (sums["long"] / sums["known"].where(sums["known"] > 0)).round(3)
    frame = _list(
        "", "", sums["of"], sums["community"].to_numpy(object), value,
        sums["kind"].map({kind: s.minutes for kind, s in services.items()}), sums["short"],
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
        _list("volunteers", "community", at, at, rows["value"][short], rows["need"][short], held)
    ]
