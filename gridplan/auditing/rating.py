"""Rules on ratings: scores found again from the indicators, and the ranks and bands they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints
from gridplan.auditing.derived import read_indicator
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, pick_rows, write_findings

POINT = 0.001  # points of 100 by which scores may differ


def check_rating(evidence: Evidence) -> pd.DataFrame:
    """Check the ratings of a plan against its indicators and rules; silent where there are none.

    Source: at least a fifth in band A (China City News, 25 September 2023, p.
    19); the criteria are the planner's.
    """
    ratings = evidence.plan.ratings
    if ratings.empty:
        return join_findings([])
    findings = []
    # Communities are ranked among communities, branches among branches.
    for level, rows in ratings.groupby("level", sort=True):
        findings += _check_level(evidence, str(level), rows)
    return join_findings(findings)


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


def _check_level(e: Evidence, level: str, rows: pd.DataFrame) -> list[pd.DataFrame]:
    rules = e.rules.rating
    score = rows["score"].to_numpy()
    # Written as not within, so that a score of NaN is found too.
    is_outside = ~((score >= 0) & (score <= 100))
    is_off = ~(np.abs(_score_again(e, level, rows["of"]) - score) <= POINT)
    # Equal scores share the rank of the first of them.
    scores = np.unique(score)
    better = np.array([(score > s).sum() for s in scores])
    rank = better[np.searchsorted(scores, score)] + 1
    # An unknown band counts as a fourth, and is found as torn.
    order = rows["band"].map({"A": 0, "B": 1, "C": 2}).fillna(3).to_numpy()
    findings = [
        _report("error", pick_rows(rows, is_outside), "with a score outside 0 to 100"),
        _report(
            "error", pick_rows(rows, is_off), "whose score does not follow from the indicators"
        ),
        _report(
            "error",
            pick_rows(rows, rank != rows["rank"].to_numpy()),
            "whose rank does not follow from the scores",
        ),
        _report(
            "error",
            pick_rows(rows, _find_torn(score, order)),
            "in a band that does not follow from the scores",
        ),
    ]
    in_a = order == 0
    # The slack is for shares such as 0.2, which floats do not hold exactly.
    if rules.bands == "share" and in_a.sum() < rules.share_a * len(rows) - 1e-9:
        what = f"in band A, fewer than {rules.share_a:.0%} of all"
        findings.append(_report("error", rows[in_a], what))
    return findings


def _find_torn(score: Floats, order: Ints) -> Bools:
    """Find the rows in no band, below an equal score, or above a score in a higher band."""
    worst_of_equals = pd.Series(order).groupby(score).transform("max").to_numpy()
    lowest_a = score[order == 0].min(initial=np.inf)
    lowest_b = score[order == 1].min(initial=np.inf)
    return np.asarray(
        (order == 3)
        | (worst_of_equals != order)
        | ((order == 1) & (score > lowest_a))
        | ((order == 2) & (score > min(lowest_a, lowest_b)))
    )


def _score_again(e: Evidence, level: str, of: pd.Series[Any]) -> Floats:
    """Score again from the indicators: each known criterion's share from floor to cap."""
    rating = e.rules.rating
    criteria = rating.criteria if level == "community" else rating.branch_criteria
    earned = np.zeros(len(of))
    weights = np.zeros(len(of))
    for criterion in criteria:
        value = _read_values(e, level, criterion.measure, of)
        weight = criterion.weight
        # Where less is better the cap is below the floor, and both differences are negative.
        mark = (value - criterion.floor) / (criterion.cap - criterion.floor)
        mark = np.minimum(1.0, np.maximum(0.0, mark))
        # What is not known takes its weight along, so that nobody is marked down for it.
        known = ~np.isnan(value)
        earned += np.where(known, weight * np.nan_to_num(mark), 0.0)
        weights += np.where(known, weight, 0.0)
    # 0 / 0, with nothing known, is no score.
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100.0 * earned / weights


def _read_values(e: Evidence, level: str, measure: str, of: pd.Series[Any]) -> Floats:
    """Read what each rated place has of a measure; NaN where it is not known."""
    if level == "branch":
        orgs = e.plan.party_orgs
        if measure not in orgs:
            return np.full(len(of), np.nan)
        return np.asarray(orgs[measure].reindex(of), float)
    return np.asarray(read_indicator(e, measure).reindex(of), float)
