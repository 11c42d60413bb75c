"""Rules on the table of members: every stairwell once, and sums as they were counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings

COUNTED = {
    "full": "party_members_full",
    "probationary": "party_members_probationary",
    "volunteers": "volunteers",
    "elders": "elders",
}
LEVELS = ("building", "compound", "community", "site")  # from the finest
AGAIN = "organise again"


def check_counts(evidence: Evidence) -> pd.DataFrame:
    """Check that members list each stairwell once, where it is, and add up to the counts."""
    e = evidence
    table = e.plan.members
    if table.empty:
        return join_findings([])
    rows = find_rows(e.stairwells, table.index)
    is_astray = rows < 0
    known = table[~is_astray]
    stairwells = e.stairwells.iloc[rows[~is_astray]]
    is_elsewhere = np.zeros(len(known), bool)
    for column in ("building", "compound", "community", "subgrid"):
        is_elsewhere |= known[column].to_numpy(object) != stairwells[column].to_numpy(object)
    is_missing = ~e.stairwells.index.isin(table.index)
    reporter = Reporter("members", "members", table, noun="stairwell", remedy=AGAIN)
    return join_findings(
        [
            # A row of no stairwell is nowhere, whatever community it names.
            write_findings(
                "members",
                "error",
                "members",
                table.index[is_astray],
                "",
                noun="row",
                what="of no stairwell of the plan",
                remedy=AGAIN,
            ),
            Reporter("members", "members", known, noun="row", remedy=AGAIN).error(
                is_elsewhere, "placed elsewhere than their stairwells"
            ),
            Reporter("members", "members", e.stairwells, noun="stairwell", remedy=AGAIN).error(
                is_missing, "without a row"
            ),
            reporter.error(
                table["available"] > table["full"], "with more available than full members"
            ),
            *_check_sums(e, table),
        ]
    )


def _check_sums(e: Evidence, table: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that members add up to each count, or to no more where a finer one is known."""
    findings = []
    for column, measure in COUNTED.items():
        counts = e.plan.site.counts[e.plan.site.counts["measure"] == measure]
        amount = table[column].to_numpy()
        # Stairwells whose members a finer count has fixed already.
        is_fixed = np.zeros(len(table), bool)
        for level in LEVELS:
            known = counts[counts["level"] == level]
            codes, place = _find_counted(table, level, known)
            # Of two counts of one place nobody knows which is meant.
            if not len(codes) or codes.has_duplicates:
                continue
            inside = place >= 0
            sums = np.bincount(place[inside], amount[inside], minlength=len(codes))
            free = np.bincount(place[inside & ~is_fixed], minlength=len(codes)) > 0
            # Half goes up, where rounding would take it to the even number.
            value = np.floor(known["value"].to_numpy(float) + 0.5)
            # Free stairwells take up what finer counts leave; without any, sums may fall short.
            off = np.where(free, sums != value, sums > value)
            findings.append(_report_sums(e, column, level, codes[off], sums[off], value[off]))
            is_fixed |= inside
    return findings


def _find_counted(table: pd.DataFrame, level: str, known: Any) -> tuple[pd.Index[Any], Ints]:
    """Find the codes that were counted at a level, and the place of each stairwell among them."""
    if level == "site":
        # The whole site is one place, whatever code its count bears.
        return pd.Index(["site"])[: len(known)], np.zeros(len(table), np.int64)
    codes = pd.Index(known["of"])
    return codes, np.asarray(codes.get_indexer(table[level]), np.int64)


def _report_sums(
    e: Evidence, column: str, level: str, codes: Any, sums: Floats, value: Floats
) -> pd.DataFrame:
    what = [
        f"{column}: {total:,.0f} where {counted:,.0f} were counted"
        for total, counted in zip(sums, value, strict=True)
    ]
    return write_findings(
        "members",
        "error",
        "members",
        codes.to_numpy(object),
        _find_community(e, level, codes),
        what=what,
        remedy="organise again, or correct the counts",
    )


def _find_community(e: Evidence, level: str, codes: Any) -> Any:
    """Find the community of buildings or compounds."""
    if level == "site":
        return ""
    if level == "community":
        return codes.to_numpy(object)
    table = e.buildings if level == "building" else e.plan.site.compounds
    return table["community"].reindex(codes).fillna("").to_numpy(object)
