"""What a proposal does for the communities worst off, and the note of what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.tables.conform import conform_table

TINY = 1e-6  # of a share, which counts as equal


def compare_communities(plan: Plan, kind: str, able: pd.Index[Any]) -> Plan:
    """Write into the answer's row of siting how the communities fare with the proposed posts.

    ``able`` are the communities that some site could serve. The fairest
    answer's gap is that between the least share of these and its bound.
    """
    share = share_communities(plan, kind)
    table = plan.siting.copy()
    for at in table.index[(table["kind"] == kind) & table["chosen"]]:
        served = share[share > 0]
        table.at[at, "worst_share"] = round(float(served.min()), 6) if len(served) else np.nan
        table.at[at, "unserved"] = float((share == 0).sum())
        if table.at[at, "question"] == "fairest":
            bound = float(table.at[at, "worst_bound"])
            # posts serve as many as they can, which need not be those who are worst off
            least = float(share.reindex(able).fillna(0).min()) if len(able) else bound
            is_proven = bound - least <= TINY
            table.at[at, "ended"] = "optimal" if is_proven else "bounded"
            table.at[at, "gap"] = 0.0 if is_proven else round(1.0 - least / bound, 6)
            table.at[at, "worst_bound"] = round(max(bound, least), 6)
    return plan.replace(siting=conform_table("siting", table))


def share_communities(plan: Plan, kind: str) -> pd.Series[Any]:
    """Find the share of the demand of each community that posts serve, with the proposed ones."""
    rows = plan.reach[(plan.reach["kind"] == kind) & (plan.reach["community"] != "")]
    last = "proposed" if (rows["state"] == "proposed").any() else "now"
    sums = rows[rows["state"] == last].groupby("community")[["demand", "served"]].sum()
    sums = sums[sums["demand"] > 0]
    return sums["served"] / sums["demand"]


def note_proposal(plan: Plan, kind: str, limited: bool) -> Plan:
    """Note in the manifest what was asked of a proposal and how the search ended."""
    rows = plan.siting[(plan.siting["kind"] == kind) & plan.siting["chosen"]]
    if rows.empty:
        return plan
    row = rows.iloc[0]
    numbers = {name: float(row[name]) for name in ("share", "worst_share", "worst_bound", "gap")}
    note = {
        "aim": str(row["question"]),
        "added": int(row["added"]),
        "limited": limited,
        "ended": str(row["ended"]),
        "unserved_communities": int(row["unserved"]),
        **{name: value for name, value in numbers.items() if not np.isnan(value)},
    }
    people = dict(plan.manifest.get("people", {}))
    people["reach"] = dict(people["reach"]) | {
        "proposals": dict(people["reach"].get("proposals", {})) | {kind: note}
    }
    return plan.replace(manifest={**plan.manifest, "people": people})
