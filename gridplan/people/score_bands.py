"""Bands of scores: A for the best who are known well enough, C for the last, B between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.arrays import Bools, Floats, Objects
from gridplan.rules.rating import RatingRules

DIGITS = 4  # scores are rounded to as many, so that ties are ties


def band_scores(
    score: Floats,
    rules: RatingRules,
    able: Bools | None = None,
    share_a: float | None = None,
) -> tuple[Objects, Floats]:
    """Band scores, and say how many points are missing to the band above (NaN in A).

    By share: A goes to the best of those who are ``able`` (known well enough;
    all if not given), as few as make up the share of all, and to all who tie
    with the last of them, but to nobody who would be in C; C to the worst, as
    many as its share allows, less those who tie with the last of B. By cuts:
    at fixed scores. Points to the next band are those to the score of its
    last: 0 for who has the score of A and is not known well enough, NaN where
    nobody can be in A.

    Examples
    --------
    Five scores with a tie at the cut: a fifth is one, and the second ties with
    it.

    >>> scores = np.array([90.0, 90.0, 70.0, 60.0, 50.0])
    >>> band, missing = band_scores(scores, RatingRules())
    >>> band.tolist(), missing.tolist()
    (['A', 'A', 'B', 'B', 'C'], [nan, nan, 20.0, 30.0, 10.0])

    The best two are not known well enough for A:

    >>> band, missing = band_scores(scores, RatingRules(), scores < 80)
    >>> band.tolist(), missing.tolist()
    (['B', 'B', 'A', 'B', 'C'], [0.0, 0.0, nan, 10.0, 10.0])
    """
    able = np.ones(len(score), bool) if able is None else able
    share = rules.share_a if share_a is None else share_a
    cut_a, cut_b = (
        (rules.cut_a, rules.cut_b) if rules.bands == "cuts" else _cut(score, able, share, rules)
    )
    band = np.where(able & (score >= cut_a), "A", np.where(score >= cut_b, "B", "C"))
    above = np.where(band == "C", cut_b, cut_a)
    missing = np.where((band == "A") | np.isinf(above), np.nan, np.maximum(above - score, 0.0))
    return band.astype(object), missing.round(DIGITS)


def _cut(score: Floats, able: Bools, share_a: float, rules: RatingRules) -> tuple[float, float]:
    """Cut scores by the shares of A and C: the score of the last in A, and of the last in B."""
    n = len(score)
    best: Any = np.sort(score)[::-1]
    # A fifth of 5 is 1 and not 1.0000000001, so A is not one larger by a rounding.
    first = int(np.ceil(n * share_a - 1e-9))
    last = int(np.floor(n * rules.share_c + 1e-9))
    # Cuts are scores and not places: who ties with the last one is in as well.
    cut_b = float(best[max(0, n - last - 1)])
    chosen = np.sort(score[able])[::-1][:first]
    return (max(float(chosen[-1]), cut_b) if len(chosen) else np.inf), cut_b
