"""Rules on ratings: scores found again from the indicators, and the ranks and bands they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.auditing.evidence import Evidence, join_findings, write_findings

POINT = 0.001  # scores may differ by this


def check_rating(evidence: Evidence) -> pd.DataFrame:
    """Check the ratings of a plan against its indicators and rules; silent where there are none.

    Source: at least a fifth in band A (China City News, 25 September 2023, p.
    19); the criteria are the planner's.
    """
    ratings = evidence.plan.ratings
    if ratings.empty:
        return join_findings([])
    found = []
    for level, own in ratings.groupby("level", sort=True):
        found += _check_level(evidence, str(level), own)
    return join_findings(found)


def _report(
    severity: str, rows: Any, what: str, remedy: str = "rate the plan again"
) -> pd.DataFrame:
    return write_findings(
        "rating",
        severity,
        "ratings",
        rows["of"].to_numpy(object),
        rows["community"].to_numpy(object),
        what=what,
        remedy=remedy,
        noun="rating",
    )


def _check_level(e: Evidence, level: str, own: pd.DataFrame) -> list[pd.DataFrame]:
    rules = e.rules.rating
    score = own["score"].to_numpy()
    outside = own[~((score >= 0) & (score <= 100))]
    again = _score_again(e, level, own["of"])
    off = own[~(np.abs(again - score) <= POINT)]
    better = np.array([(score > s).sum() for s in np.unique(score)]) + 1
    rank = better[np.searchsorted(np.unique(score), score)]
    order = own["band"].map({"A": 0, "B": 1, "C": 2}).fillna(3).to_numpy()
    worst = pd.Series(order).groupby(score).transform("max").to_numpy()
    lowest = {band: score[order == n].min(initial=np.inf) for n, band in enumerate("ABC")}
    torn = own[
        (order == 3)
        | (worst != order)
        | ((order == 1) & (score > lowest["A"]))
        | ((order == 2) & (score > min(lowest["A"], lowest["B"])))
    ]
    found = [
        _report("error", outside, "with a score outside 0 to 100"),
        _report("error", off, "whose score does not follow from the indicators"),
        _report(
            "error",
            own[rank != own["rank"].to_numpy()],
            "whose rank does not follow from the scores",
        ),
        _report("error", torn, "in a band that does not follow from the scores"),
    ]
    if rules.bands == "share" and (order == 0).sum() < rules.share_a * len(own) - 1e-9:
        found.append(
            _report("error", own[order == 0], f"in band A, fewer than {rules.share_a:.0%} of all")
        )
    return found


def _score_again(e: Evidence, level: str, of: pd.Series[Any]) -> Floats:
    """Score again from the indicators: each known criterion's share from floor to cap."""
    rating = e.rules.rating
    criteria = rating.criteria if level == "community" else rating.branch_criteria
    earned = np.zeros(len(of))
    weights = np.zeros(len(of))
    for criterion in criteria:
        value = _read_values(e, level, criterion.measure, of)
        weight = criterion.weight
        way = criterion.cap - criterion.floor
        mark = np.minimum(1.0, np.maximum(0.0, (value - criterion.floor) / way))
        known = ~np.isnan(value)
        earned += np.where(known, weight * np.nan_to_num(mark), 0.0)
        weights += np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100.0 * earned / weights


def _read_values(e: Evidence, level: str, measure: str, of: pd.Series[Any]) -> Floats:
    if level == "branch":
        orgs = e.plan.party_orgs
        return (
            np.asarray(orgs[measure].reindex(of), float)
            if measure in orgs
            else np.full(len(of), np.nan)
        )
    own = e.plan.indicators
    own = (
        own[(own["level"] == "community") & (own["measure"] == measure)]
        .drop_duplicates("of")
        .set_index("of")["value"]
    )
    return np.asarray(own.reindex(of), float)
