"""Rules on the table of members: every stairwell once, and sums as they were counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

COUNTED = {
    "full": "party_members_full",
    "probationary": "party_members_probationary",
    "volunteers": "volunteers",
    "elders": "elders",
}
LEVELS = ("building", "compound", "community", "site")  # from the finest


def check_counts(evidence: Evidence) -> pd.DataFrame:
    """Check that members list each stairwell once, where it is, and add up to the counts."""
    e = evidence
    table = e.plan.members
    if table.empty:
        return join_findings([])
    rows = find_rows(e.stairwells, table.index)
    astray = rows < 0
    known = table[~astray]
    own = e.stairwells.iloc[rows[~astray]]
    wrong = np.zeros(len(known), bool)
    for column in ("building", "compound", "community", "subgrid"):
        wrong |= known[column].to_numpy(object) != own[column].to_numpy(object)
    missing = ~e.stairwells.index.isin(table.index)
    over = (table["available"] > table["full"]).to_numpy()
    remedy = "organise again"
    return join_findings(
        [
            write_findings(
                "members",
                "error",
                "members",
                table.index[astray],
                "",
                noun="row",
                what="of no stairwell of the plan",
                remedy=remedy,
            ),
            write_findings(
                "members",
                "error",
                "members",
                known.index[wrong],
                known["community"][wrong].to_numpy(),
                noun="row",
                what="placed elsewhere than their stairwells",
                remedy=remedy,
            ),
            write_findings(
                "members",
                "error",
                "members",
                e.stairwells.index[missing],
                e.stairwells["community"][missing].to_numpy(),
                noun="stairwell",
                what="without a row",
                remedy=remedy,
            ),
            write_findings(
                "members",
                "error",
                "members",
                table.index[over],
                table["community"][over].to_numpy(),
                noun="stairwell",
                what="with more available than full members",
                remedy=remedy,
            ),
            _check_sums(e, table),
        ]
    )


def _check_sums(e: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """Check that members add up to each count, or to no more where a finer one is known."""
    found = []
    for column, measure in COUNTED.items():
        counts = e.plan.site.counts[e.plan.site.counts["measure"] == measure]
        finer = np.zeros(len(table), bool)
        for level in LEVELS:
            given = counts[counts["level"] == level]
            codes = pd.Index(["site"] if level == "site" else given["of"])[: len(given)]
            at = np.zeros(len(table), int) if level == "site" else codes.get_indexer(table[level])
            if not len(codes) or codes.has_duplicates:
                continue
            inside = at >= 0
            sums = np.bincount(at[inside], table[column].to_numpy()[inside], minlength=len(codes))
            free = np.bincount(at[inside & ~finer], minlength=len(codes)) > 0
            value = np.floor(given["value"].to_numpy(float) + 0.5)
            off = np.where(free, sums != value, sums > value)
            what = [
                f"{column}: {s:,.0f} where {v:,.0f} were counted"
                for s, v in zip(sums[off], value[off], strict=True)
            ]
            found.append(
                write_findings(
                    "members",
                    "error",
                    "members",
                    codes[off].to_numpy(object),
                    _find_community(e, level, codes[off]),
                    what=what,
                    remedy="organise again, or correct the counts",
                )
            )
            finer |= inside
    return join_findings(found)


def _find_community(e: Evidence, level: str, codes: Any) -> Any:
    """Find the community of buildings or compounds."""
    if level == "site":
        return ""
    if level == "community":
        return codes.to_numpy(object)
    table = e.buildings if level == "building" else e.plan.site.compounds
    return table["community"].reindex(codes).fillna("").to_numpy(object)
