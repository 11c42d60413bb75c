"""The ranges of buildings' households, judged by the distribution that they are quantiles of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betainc

from gridplan.arrays import Bools, Floats

LOW, HIGH = 0.05, 0.95  # the quantiles that a building's range is made of
HAIR = 1e-6  # of a cumulated chance, as two ways of adding it up differ


def fit_ranges(rows: Any, origin: Any) -> Bools:
    """Whether low and high are the 5 % and 95 % quantiles, widened to hold the estimate.

    A quantile is the first number whose cumulated chance reaches the level:
    none, or one household and a negative binomial number beyond it, whose sum
    is an incomplete beta function.
    """
    homes, low, high = (
        rows[name].to_numpy(float) for name in ("households", "households_low", "households_high")
    )
    chance, mean, spread = (
        rows[name].to_numpy(float)
        for name in ("home_chance", "households_mean", "households_spread")
    )
    fits = np.isin(origin, ["observed", "none", "estimated", "population"])
    sure = (spread == 0) & ((chance == 0) | (chance == 1))
    fixed = np.isin(origin, ["observed", ""]) | sure
    counted = (low == homes) & (high == homes)
    fits &= np.where(fixed, counted, True)
    fits &= (low <= homes) & (homes <= high)
    below = _cumulate(low - 1, chance, mean, spread)
    up_to_low = _cumulate(low, chance, mean, spread)
    below_high = _cumulate(high - 1, chance, mean, spread)
    up_to_high = _cumulate(high, chance, mean, spread)
    low_fits = (below < LOW + HAIR) & ((up_to_low >= LOW - HAIR) | (low == homes))
    high_fits = (up_to_high >= HIGH - HAIR) & ((below_high < HIGH + HAIR) | (high == homes))
    return np.asarray(fits & (fixed | (low_fits & high_fits)))


def _cumulate(number: Floats, chance: Floats, mean: Floats, spread: Floats) -> Floats:
    """Find the chance that a building has at most so many households."""
    beyond = np.maximum(mean / np.where(chance > 0, chance, 1.0) - 1.0, 0.0)
    # variance / mean is 1 + beyond x spread squared
    share = 1.0 / (1.0 + beyond * np.maximum(spread, 1e-3) ** 2)
    size = 1.0 / np.maximum(spread, 1e-3) ** 2
    up_to = betainc(size, np.maximum(number, 1.0), share)
    up_to = np.where((beyond == 0) & (number >= 1), 1.0, up_to)
    within = np.where(number >= 1, up_to, 0.0)
    return np.asarray(np.where(number < 0, 0.0, 1.0 - chance + chance * within))
