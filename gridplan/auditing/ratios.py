"""The rule on ratios: the capacity in reach for each household."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.auditing.derived import differ
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings

AGAIN = "measure reach again: gridplan reach"
RATIO = 2e-6  # ratios are rounded to six digits


def check_ratios(evidence: Evidence) -> pd.DataFrame:
    """Check the capacity in reach for each household: what the posts in reach have, shared.

    Source: the two-step floating catchment area (Luo and Wang, 2003).
    """
    e = evidence
    reach = e.plan.reach[find_rows(e.stairwells, e.plan.reach["stairwell"]) >= 0]
    posts = e.plan.service_posts
    if reach.empty:
        return join_findings([])
    asked = posts["reachable"].to_numpy(float)
    capacity = posts["capacity"].to_numpy(float)
    # Nobody shares what nobody reaches.
    each = np.where(np.isnan(capacity), np.nan, 0.0)
    np.divide(capacity, asked, out=each, where=asked > 0)
    nearest = np.append(each, np.nan)[find_rows(posts, reach["post"])]
    count = reach["reachable"].to_numpy()
    stated = reach["ratio"].to_numpy(float)
    single = np.where(count == 0, 0.0, nearest)
    # Of several in reach only the nearest is known: the sum is no less, and of all no more.
    several = count > 1
    unlimited = np.isnan(nearest)
    low = several & ~unlimited & (stated < nearest - RATIO)
    blank = several & unlimited & ~np.isnan(stated)
    off = ~several & differ(stated, single, RATIO)
    return join_findings(
        [
            write_findings(
                "reach",
                "error",
                "reach",
                reach.index[off | low | blank],
                reach["community"].to_numpy(object)[off | low | blank],
                noun="row",
                what="whose ratio is not what the posts in reach have for each household",
                remedy=AGAIN,
            ),
            _check_shares(reach, posts, each),
        ]
    )


def _check_shares(reach: pd.DataFrame, posts: Any, each: Floats) -> pd.DataFrame:
    """Check that what all households have comes to what the posts that they reach have."""
    off = []
    for (state, kind), rows in reach.groupby(["state", "kind"], sort=True):
        there = (posts["kind"] == kind).to_numpy()
        if state != "proposed":
            there = there & (posts["status"] == "existing").to_numpy()
        held = (each * posts["reachable"].to_numpy(float))[there]
        stated = (rows["ratio"] * rows["demand"]).to_numpy(float)
        # Where a post has no limit, ratios are unknown, and do not add up.
        if np.isnan(held).any() or np.isnan(stated).any():
            continue
        slack = RATIO * max(1.0, float(rows["demand"].sum()))
        if abs(held.sum() - stated.sum()) > slack:
            off.append(f"{state} {kind}")
    return write_findings(
        "reach",
        "error",
        "reach",
        off,
        "",
        noun="kind",
        what="whose ratios do not come to what its posts have",
        remedy=AGAIN,
    )
