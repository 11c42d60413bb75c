"""Rules on central households: one in each sub-grid that can have one, near its households."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.auditing.centres import SLACK, sum_walks
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import Reporter, join_findings

ROLE = "central_household"
AGAIN = "organise again"


@dataclass(frozen=True)
class _CentralPosts:
    """The posts of central households: rows of their stairwells and sub-grids, -1 if unknown.

    ``is_foreign`` says that a post is not in the sub-grid that it serves,
    ``is_absent`` that nobody in its stairwell could fill it.
    """

    rows: Any
    host: Ints
    subgrid: Ints
    is_foreign: Bools
    is_absent: Bools


def check_central(evidence: Evidence) -> pd.DataFrame:
    """Check the central households: place, available member, number, households and listed gaps.

    Source: the founding article's chain ends at the unit-door central
    household; 76,224 for 75,081 sub-grids.
    """
    e = evidence
    if e.plan.members.empty:
        return join_findings([])
    # Stairwells without a row in the table of members have nobody available.
    available = e.plan.members["available"].reindex(e.stairwells.index)
    available = available.fillna(0).to_numpy(np.int64)
    posts = _list_posts(e, available)
    counted = posts.subgrid[~posts.is_foreign]
    count = np.bincount(counted, minlength=len(e.subgrids))
    return join_findings(
        [
            *_check_posts(posts),
            *_check_numbers(e, available, count),
            _check_served(e, posts, count),
            _check_place(e, posts, available, count),
        ]
    )


def _list_posts(e: Evidence, available: Ints) -> _CentralPosts:
    rows = e.plan.posts[e.plan.posts["role"] == ROLE]
    host = find_rows(e.stairwells, rows["stairwell"])
    subgrid = find_rows(e.subgrids, rows["subgrid"])
    # The appended last elements are what row -1, an unknown stairwell, reads.
    is_foreign = (subgrid < 0) | (np.append(e.part, -1)[host] != subgrid)
    is_absent = (np.append(available, 0)[host] < 1) & ~is_foreign
    return _CentralPosts(rows, host, subgrid, is_foreign, is_absent)


def _check_posts(posts: _CentralPosts) -> list[pd.DataFrame]:
    """Check each post by itself: where it is, and who could fill it."""
    doubled = posts.rows["stairwell"].duplicated().to_numpy() & ~posts.is_foreign
    reporter = Reporter(
        "central",
        "posts",
        posts.rows,
        noun="central household",
        remedy=AGAIN,
        subgrid=posts.rows["subgrid"],
    )
    return [
        reporter.error(posts.is_foreign, "not in the sub-grid that it serves"),
        reporter.error(posts.is_absent, "in a stairwell without an available member"),
        reporter.error(doubled, "in a stairwell that hosts one already"),
    ]


def _check_numbers(e: Evidence, available: Ints, count: Ints) -> list[pd.DataFrame]:
    """Check that each sub-grid has as many as it needs and can have, or is listed as a gap."""
    could_host = (e.part >= 0) & (available > 0)
    hosts = np.bincount(e.part[could_host], minlength=len(e.subgrids))
    # -(-a // b) rounds up: every load that is begun needs one more.
    loads = np.maximum(1, -(-e.held // e.rules.organisation.central_load))
    needed = np.where(e.residential & (e.held > 0), loads, 0)
    # Nobody can be asked for where no member is available: that is a gap, not an error.
    short = count < np.minimum(needed, hosts)
    gaps = e.plan.gaps[(e.plan.gaps["rule"] == ROLE) & (e.plan.gaps["room"] == "organisation")]
    silent = (count < needed) & ~short & ~e.subgrids.index.isin(gaps["of"])
    reporter = Reporter("central", "subgrids", e.subgrids, remedy=AGAIN, subgrid=e.subgrids.index)
    return [
        reporter.error(
            short, "fewer central households than its households need and its members allow"
        ),
        reporter.error(silent, "short of a central household, and not listed as a gap"),
    ]


def _check_served(e: Evidence, posts: _CentralPosts, count: Ints) -> pd.DataFrame:
    """Check that the central households of a sub-grid share its households among them."""
    counted = ~posts.is_foreign
    served = np.bincount(
        posts.subgrid[counted],
        posts.rows["households"].to_numpy()[counted],
        minlength=len(e.subgrids),
    )
    off = (count > 0) & (served != e.held)
    reporter = Reporter("central", "subgrids", e.subgrids, remedy=AGAIN, subgrid=e.subgrids.index)
    return reporter.error(off, "its central households do not serve its households once each")


def _check_place(e: Evidence, posts: _CentralPosts, available: Ints, count: Ints) -> pd.DataFrame:
    """Check that no other stairwell with an available member would spare walking."""
    # Central households go by straight lines, whatever the metric of the centres.
    cost = sum_walks(e, e.part, len(e.subgrids), straight=True)
    best = np.full(len(e.subgrids), np.inf)
    could_host = (available > 0) & (e.part >= 0)
    np.minimum.at(best, e.part[could_host], cost[could_host])
    # Where several share a sub-grid, each is near its own share, not near all.
    is_wrong = posts.is_foreign | posts.is_absent
    alone = ~is_wrong & (np.append(count, 0)[posts.subgrid] == 1)
    host = posts.host[alone]
    subgrid = posts.subgrid[alone]
    # Costs are household-metres, so the tolerance grows with the households.
    off = cost[host] - best[subgrid] > SLACK * np.maximum(e.held[subgrid], 1)
    wrong = np.zeros(len(e.subgrids), bool)
    wrong[subgrid[off]] = True
    reporter = Reporter("central", "posts", e.subgrids, remedy=AGAIN, subgrid=e.subgrids.index)
    return reporter.warning(
        wrong, "another stairwell with an available member is nearer to its households"
    )
