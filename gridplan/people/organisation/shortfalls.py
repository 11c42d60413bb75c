"""Shortfalls of the chain and the central households: why, and the smallest remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gridplan.arrays import Floats
from gridplan.people.organisation.central_households import Centres
from gridplan.people.organisation.chain_inputs import ChainInputs
from gridplan.people.organisation.party_chain import Chain
from gridplan.plan import Plan
from gridplan.rules.organisation import OrganisationRules
from gridplan.tables.conform import conform_table, make_empty

ROOM = "organisation"


def list_unserved(
    inputs: ChainInputs, chain: Chain, members: pd.DataFrame, rules: OrganisationRules
) -> list[dict[str, Any]]:
    """List what no branch can serve: the community, or places that nothing joins to a branch."""
    if not len(chain.cut):
        return [_report_unserved_community(inputs, members, rules)]
    households = members["households"].to_numpy()
    gaps = []
    # A place where nobody is a member lacks no branch.
    lost = (chain.branch < 0) & (inputs.size > 0)
    for p in np.unique(inputs.place[lost]):
        place_rows = np.flatnonzero(inputs.place == p)
        compound, building = (
            str(members[c].to_numpy(object)[place_rows[0]]) for c in ("compound", "building")
        )
        level, of = ("compound", compound) if compound else ("building", building)
        full = int(inputs.full[place_rows].sum())
        reason = (
            f"{full} full members, fewer than {rules.branch_full}, and nothing joins it to a branch"
        )
        metres = chain.apart[place_rows].min()
        remedy = (
            f"an opening towards the nearest branch, {metres:,.0f} m away, or "
            f"{rules.branch_full - full} more full members"
        )
        gaps.append(
            _report_gap(
                "branch_full",
                level,
                of,
                inputs.code,
                full,
                rules.branch_full,
                int(households[place_rows].sum()),
                reason,
                remedy,
            )
        )
    return gaps


def _report_unserved_community(
    inputs: ChainInputs, members: pd.DataFrame, rules: OrganisationRules
) -> dict[str, Any]:
    """Report a community with too few full members for a single branch."""
    full = int(inputs.full.sum())
    more = rules.branch_full - full
    reason = (
        f"{full} full members in all, fewer than {rules.branch_full}"
        if inputs.size.sum()
        else "no member is counted here"
    )
    remedy = (
        f"{more} more full member{'s' if more > 1 else ''}, "
        "or a joint branch with a neighbouring community"
    )
    return _report_gap(
        "branch_full",
        "community",
        inputs.code,
        inputs.code,
        full,
        rules.branch_full,
        int(members["households"].sum()),
        reason,
        remedy,
    )


def list_uncentred(plan: Plan, members: pd.DataFrame, centres: Centres) -> list[dict[str, Any]]:
    """List the sub-grids short of central households, with the nearest available member."""
    short = centres.wanted.index[(centres.placed < centres.wanted).to_numpy()]
    if short.empty:
        return []
    points = plan.stairwells.sort_index().geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    rows = plan.subgrids.loc[short]
    # Sub-grids without any row of members have none.
    near = _find_spare(xy, members, centres, short)
    by = members.groupby("subgrid")[["full", "available"]].sum().reindex(short, fill_value=0)
    gaps = []
    for code, full, available, (other, metres) in zip(
        short, by["full"], by["available"], near, strict=True
    ):
        wanted = int(centres.wanted[code])
        placed = int(centres.placed[code])
        # The reasons from the furthest: no member, none available, too few.
        if not full:
            reason = "no full member lives here"
        elif not available:
            reason = f"{full} full members live here, but none is judged available"
        else:
            reason = (
                f"{placed} stairwells have an available member, "
                f"{wanted} are needed for its households"
            )
        remedy = (
            f"let one of {other}, {metres:,.0f} m away, serve it too"
            if other
            else "a volunteer's or captain's household"
        )
        gap = _report_gap(
            "central_household",
            "subgrid",
            code,
            str(rows.at[code, "community"]),
            placed,
            wanted,
            int(rows.at[code, "households"]),
            reason,
            remedy,
        )
        gaps.append(gap)
    return gaps


def rank_gaps(gaps: list[dict[str, Any]]) -> pd.DataFrame:
    """Write the table of gaps: ranked within each rule, most households first."""
    if not gaps:
        return make_empty("gaps")
    # Most households first; the code decides between equals.
    frame = pd.DataFrame(gaps).sort_values(
        ["rule", "households", "of"], ascending=[True, False, True], ignore_index=True
    )
    frame["rank"] = frame.groupby("rule").cumcount() + 1
    # Codes sort as texts, so their numbers have leading zeros.
    frame["gap"] = [
        f"{ROOM}-{n:0{max(4, len(str(len(frame))))}d}" for n in range(1, len(frame) + 1)
    ]
    return conform_table("gaps", frame).sort_index()


def _find_spare(
    xy: Floats, members: pd.DataFrame, centres: Centres, short: pd.Index[Any]
) -> list[tuple[str, float]]:
    """Find the nearest sub-grid of the same community with an available member to lend."""
    code = members["subgrid"].to_numpy(object)
    community = members["community"].to_numpy(object)
    # Available members less those who host a central household already.
    unused = members["available"].to_numpy(np.int64).copy()
    np.subtract.at(unused, centres.posts["row"].to_numpy(int), 1)
    wanting = members["subgrid"].isin(short).to_numpy()
    # A sub-grid that is short itself lends nobody.
    spare = (unused > 0) & ~wanting
    middle = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "c": community, "s": code})[wanting]
    by = middle.groupby("s").agg(x=("x", "mean"), y=("y", "mean"), c=("c", "first")).reindex(short)
    nearest: dict[str, tuple[str, float]] = {}
    # Members help within their own community only.
    for town, middles in by.groupby("c", sort=True):
        rows = np.flatnonzero(spare & (community == town))
        if len(rows):
            metres, near = cKDTree(xy[rows]).query(middles[["x", "y"]].to_numpy())
            nearest |= {
                str(s): (str(code[rows[i]]), float(m))
                for s, m, i in zip(middles.index, metres, near, strict=True)
            }
    # No one to lend: no code, and no distance.
    return [nearest.get(str(s), ("", np.nan)) for s in short]


def _report_gap(
    rule: str,
    level: str,
    of: str,
    community: str,
    value: int,
    need: int,
    households: int,
    reason: str,
    remedy: str,
) -> dict[str, Any]:
    return {
        "room": ROOM,
        "rule": rule,
        "level": level,
        "of": of,
        "community": community,
        "value": value,
        "need": need,
        "households": households,
        "reason": reason,
        "remedy": remedy,
    }
