"""Rules on central households: one in each sub-grid that can have one, near its households."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.auditing.centres import SLACK
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

ROLE = "central_household"


def check_central(evidence: Evidence) -> pd.DataFrame:
    """Check the central households: place, available member, number, households and listed gaps.

    Source: the founding article's chain ends at the unit-door central
    household; 76,224 for 75,081 sub-grids.
    """
    e = evidence
    table = evidence.plan.members
    if table.empty:
        return join_findings([])
    posts = e.plan.posts[e.plan.posts["role"] == ROLE]
    host = find_rows(e.stairwells, posts["stairwell"])
    available = np.append(
        table["available"].reindex(e.stairwells.index).fillna(0).to_numpy(np.int64), 0
    )
    part = np.append(e.part, -1)[host]
    own = find_rows(e.subgrids, posts["subgrid"])
    foreign = (own < 0) | (part != own)
    absent = (available[host] < 1) & ~foreign
    twice = posts["stairwell"].duplicated().to_numpy() & ~foreign
    k = len(e.subgrids)
    hosts = np.bincount(e.part[(e.part >= 0) & (available[:-1] > 0)], minlength=k)
    count = np.bincount(own[~foreign], minlength=k)
    need = np.where(
        e.residential & (e.held > 0),
        np.maximum(1, -(-e.held // e.rules.organisation.central_load)),
        0,
    )
    short = count < np.minimum(need, hosts)
    gaps = e.plan.gaps[(e.plan.gaps["rule"] == ROLE) & (e.plan.gaps["room"] == "organisation")]
    silent = (count < need) & ~short & ~e.subgrids.index.isin(gaps["of"])
    served = np.bincount(own[~foreign], posts["households"].to_numpy()[~foreign], minlength=k)
    off = (count > 0) & (served != e.held)

    def report_posts(mask: Bools, what: str) -> pd.DataFrame:
        rows = posts[mask]
        return write_findings(
            "central",
            "error",
            "posts",
            rows.index,
            rows["community"].to_numpy(),
            rows["subgrid"].to_numpy(),
            noun="central household",
            what=what,
            remedy="organise again",
        )

    def report(mask: Bools, what: str) -> pd.DataFrame:
        rows = e.subgrids[mask]
        return write_findings(
            "central",
            "error",
            "subgrids",
            rows.index,
            rows["community"].to_numpy(),
            rows.index,
            what=what,
            remedy="organise again",
        )

    return join_findings(
        [
            report_posts(foreign, "not in the sub-grid that it serves"),
            report_posts(absent, "in a stairwell without an available member"),
            report_posts(twice, "in a stairwell that hosts one already"),
            report(
                short, "fewer central households than its households need and its members allow"
            ),
            report(silent, "short of a central household, and not listed as a gap"),
            report(off, "its central households do not serve its households once each"),
            _check_place(e, host, own, foreign | absent, available[:-1], count),
        ]
    )


def _check_place(
    e: Evidence, host: Ints, own: Ints, wrong: Bools, available: Ints, count: Ints
) -> pd.DataFrame:
    """Check that no other stairwell with an available member would spare walking."""
    from gridplan.auditing.centres import sum_walks

    cost = sum_walks(e, e.part, len(e.subgrids), straight=True)
    best = np.full(len(e.subgrids), np.inf)
    able = (available > 0) & (e.part >= 0)
    np.minimum.at(best, e.part[able], cost[able])
    alone = ~wrong & (np.append(count, 0)[own] == 1)
    rows = host[alone]
    at = own[alone]
    off = cost[rows] - best[at] > SLACK * np.maximum(e.held[at], 1)
    found = e.subgrids.iloc[at[off]]
    return write_findings(
        "central",
        "warning",
        "posts",
        found.index,
        found["community"].to_numpy(),
        found.index,
        what="another stairwell with an available member is nearer to its households",
        remedy="organise again",
    )
