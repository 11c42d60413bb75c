"""Households of a part in two cases: the building most in doubt is a home, or none.

In either case they are gamma distributed above the households that are sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import gamma

from gridplan.arrays import Floats

HAIR = 1e-9  # variance below which a number is known


@dataclass(frozen=True)
class Case:
    """One of two cases of every sub-grid: how likely it is, and what it holds in it."""

    weight: Floats
    mean: Floats
    variance: Floats
    sure: Floats


def part_cases(moments: pd.DataFrame) -> tuple[Case, Case]:
    """Part the cases that the building of most doubt is a home, or none."""
    mean, variance, sure, chance, size, own = (
        moments[name].to_numpy(float)
        for name in ("mean", "variance", "sure", "chance", "size", "own")
    )
    doubt = chance * (1.0 - chance) * size**2
    share = moments["share"].to_numpy(float)
    home = Case(
        chance,
        mean + (1.0 - chance) * size,
        np.maximum(variance - doubt, 0.0),
        sure + np.where(doubt > 0, np.minimum(share, size), 0.0),
    )
    none = Case(
        1.0 - chance,
        np.maximum(mean - chance * size, sure),
        np.maximum(variance - own, 0.0),
        sure,
    )
    return home, none


def cumulate(number: Floats, cases: Sequence[Case]) -> Floats:
    """Find the chance of at most so many households, rounded to whole ones."""
    total = np.zeros(len(number))
    for case in cases:
        beyond = case.mean - case.sure
        known = (case.variance <= HAIR) | (beyond <= HAIR)
        safe = np.where(known, 1.0, beyond)
        spread = np.where(known, 1.0, case.variance)
        chance = gamma.cdf(number + 0.5 - case.sure, safe**2 / spread, scale=spread / safe)
        total += case.weight * np.where(known, case.mean < number + 0.5, chance)
    return total


def find_quantile(level: float, cases: Sequence[Case]) -> Floats:
    """Find a quantile: the first whole number whose cumulated chance reaches the level."""
    widest = max(
        float((case.mean + 20.0 * np.sqrt(case.variance)).max(initial=0)) for case in cases
    )
    low = np.full(len(cases[0].mean), -1.0)
    high = low + 2.0 ** np.ceil(np.log2(widest + 3.0))
    # halved until one number is left
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        reached = cumulate(middle, cases) >= level - HAIR
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return np.asarray(high)
