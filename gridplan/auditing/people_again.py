"""Rules on members and Party organisations, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints, Objects
from gridplan.auditing.derived import (
    recall_rules,
    report_columns,
)
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.auditing.organisation import find_places

ORGANISE_AGAIN = "organise again"
FINEST = ("building", "compound", "community", "site")


def check_members(evidence: Evidence) -> pd.DataFrame:
    """Check the level of each row of members, and how many members of a community are available.

    Source: gridplan's schema; the share of available members is a rule.
    """
    e = evidence
    table = e.plan.members
    if table.empty:
        return join_findings([])
    share = recall_rules(e, "organise", "organisation").organisation.available_share
    sums = table.groupby("community")[["full", "available"]].sum()
    off = sums.index[np.floor(share * sums["full"] + 0.5) != sums["available"]]
    counts = e.plan.site.counts
    level = np.full(len(table), "none", object)
    for word in FINEST[::-1]:
        counted = counts[(counts["level"] == word) & (counts["measure"] == "party_members_full")]
        inside = len(counted) > 0 if word == "site" else table[word].isin(counted["of"]).to_numpy()
        level = np.where(inside, word, level)
    # A plan by hand, without any level, has none that could be wrong.
    stated = table["level"].to_numpy(object)
    known = table[(stated != "") & (len(counts) > 0)]
    group = e.plan.party_orgs["parent"].reindex(table["group"]).to_numpy(object)
    grouped = set(e.plan.party_orgs.loc[e.plan.party_orgs["level"] == "group", "parent"])
    has_members = (table["full"] + table["probationary"] > 0).to_numpy()
    lone = table["branch"].isin(grouped).to_numpy() & has_members & pd.isna(group)
    return join_findings(
        [
            write_findings(
                "members",
                "error",
                "members",
                off,
                off.to_numpy(object),
                noun="community",
                what="whose available members are not the share that the rules give",
                remedy=ORGANISE_AGAIN,
            ),
            report_columns(
                "members",
                "members",
                known,
                {"level": level[table.index.isin(known.index)]},
                ORGANISE_AGAIN,
                noun="stairwell",
            ),
            write_findings(
                "chain",
                "error",
                "members",
                table.index[lone],
                table["community"].to_numpy(object)[lone],
                noun="stairwell",
                what="with members in no group, though their branch has groups",
                remedy=ORGANISE_AGAIN,
            ),
        ]
    )


def check_orgs(evidence: Evidence) -> pd.DataFrame:
    """Check each organisation: places, sub-grids, households, form, meeting building and walk.

    Source: gridplan's schema; all of it follows from who belongs to it.
    """
    e = evidence
    orgs = e.plan.party_orgs
    # A chain by hand need not say how it came about.
    if orgs.empty or "organise" not in e.plan.manifest.get("people", {}):
        return join_findings([])
    belonging = e.take(_list_belonging)
    right = pd.DataFrame(
        [_measure_org(e, belonging, org) for org in orgs.reset_index().itertuples(index=False)]
    )
    columns = {column: right[column].to_numpy() for column in right}
    return report_columns(
        "sizes", "party_orgs", orgs, columns, ORGANISE_AGAIN, noun="organisation", slack=1e-3
    )


@dataclass(frozen=True, eq=False)
class Belonging:
    """Who belongs to which organisation, for the members whose stairwell exists, as arrays.

    ``rows`` are their stairwells, ``of`` their rows here by organisation,
    ``by_home`` and ``by_place`` the groups and branches of each building and place.
    """

    rows: Ints
    size: Floats
    place: Ints
    building: Objects
    subgrid: Objects
    compound: Objects
    of: Mapping[str, Ints]
    by_home: Mapping[str, set[str]]
    by_place: Mapping[int, set[str]]
    branchless: frozenset[str]
    compounds: Mapping[str, str]


def _list_belonging(e: Evidence) -> Belonging:
    """List who belongs to which organisation."""
    rows = find_rows(e.stairwells, e.plan.members.index)
    table = e.plan.members[rows >= 0]
    rows = rows[rows >= 0]
    branch = table["branch"].to_numpy(object)
    group = table["group"].to_numpy(object)
    building = table["building"].to_numpy(object)
    above = e.plan.party_orgs["parent"].reindex(branch).fillna("").to_numpy(object)
    of: dict[str, Ints] = {}
    for codes in (above, branch, group):
        of |= {str(c): np.asarray(at) for c, at in pd.Series(codes).groupby(codes).indices.items()}
    place = e.take(find_places)
    # A stairwell without a row of members is in no branch.
    branch_of = e.plan.members["branch"].reindex(e.stairwells.index).fillna("").to_numpy(object)
    lone = e.stairwells["community"].to_numpy(object)[branch_of == ""]
    return Belonging(
        rows,
        (table["full"] + table["probationary"]).to_numpy(float),
        place[rows],
        building,
        table["subgrid"].to_numpy(object),
        table["compound"].to_numpy(object),
        of,
        _gather(building, group),
        _gather(place, branch_of),
        frozenset(lone),
        dict(zip(e.plan.party_orgs.index, e.plan.party_orgs["compound"], strict=True)),
    )


def _gather(keys: Any, values: Any) -> dict[Any, set[str]]:
    """Gather the different values of each key."""
    gathered: dict[Any, set[str]] = {}
    for key, value in zip(np.asarray(keys).tolist(), np.asarray(values).tolist(), strict=True):
        gathered.setdefault(key, set()).add(value)
    return gathered


def _measure_org(e: Evidence, b: Belonging, org: Any) -> dict[str, Any]:
    """Measure one organisation again from the stairwells that belong to it."""
    mine = b.of.get(org.org, np.zeros(0, np.int64))
    row, size = b.rows[mine], b.size[mine]
    held = mine[size > 0]
    places = np.unique(b.place[held])
    homes = set(b.building[held])
    if org.level == "group":
        compound = str(b.compounds.get(org.parent, ""))
    else:
        is_one = org.level == "branch" and len(places) == 1
        compound = str(b.compound[held[0]]) if is_one else ""
    building, walk = _find_meeting(e, row, b.building[mine], size, org.building)
    return {
        "places": len(homes) if org.level == "group" else len(places),
        "subgrid_count": len(set(b.subgrid[held]) - {""}),
        "households": int(e.weight[row].sum()),
        "building": building,
        "mean_walk": walk,
        "compound": compound,
        "form": _choose_form(e, b, org, places.tolist(), homes, compound),
    }


def _find_meeting(
    e: Evidence, row: Any, building: Any, size: Any, stated: str
) -> tuple[str, float]:
    """Find the building that members walk least to, as stated among equals, and their mean walk."""
    homes, inverse = np.unique(building.astype(str), return_inverse=True)
    if not len(homes):
        return "", 0.0
    weight = np.bincount(inverse, size, minlength=len(homes))
    pull = np.where(weight[inverse] > 0, size, 1.0)
    total = np.bincount(inverse, pull)
    middle = np.column_stack(
        [np.bincount(inverse, pull * e.xy[row, d]) / np.where(total > 0, total, 1) for d in (0, 1)]
    )
    apart = np.hypot(*(middle[:, None] - middle[None]).transpose(2, 0, 1))
    # They meet where some of them live, if anybody does.
    cost = np.where((weight > 0) | ~(weight > 0).any(), apart @ weight, np.inf)
    best = int(cost.argmin())
    at_stated = np.flatnonzero(homes == stated)
    if len(at_stated) and cost[at_stated[0]] <= cost[best] + 0.01:
        best = int(at_stated[0])
    return str(homes[best]), float(cost[best] / max(1.0, size.sum()))


def _choose_form(
    e: Evidence, b: Belonging, org: Any, places: list[int], homes: set[str], compound: str
) -> str:
    """Choose the form of an organisation again."""
    if org.level == "group":
        if len(homes) > 1:
            return "joint"
        return (
            "part"
            if any(b.by_home.get(home, set()) != {org.org} for home in homes)
            else ("building" if homes else "part")
        )
    is_rural = e.communities["kind"].get(org.community, "") == "rural"
    whole = "village" if is_rural else "community"
    if org.level != "branch":
        return whole
    shared: set[str] = set()
    for place in places:
        shared |= b.by_place.get(place, set())
    if shared - {"", org.org}:
        return "part"
    if len(places) > 1:
        return "joint"
    if org.parent == "" and org.community not in b.branchless:
        return whole
    return "compound" if compound else "building"
