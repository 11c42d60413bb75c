"""The distribution of a building's households: none, or one and a count beyond it."""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom

from gridplan.arrays import Floats

LOW, HIGH = 0.05, 0.95
NARROW = 1e-3  # spread below which a count is as good as Poisson's


def find_quantiles(level: float, chance: Floats, mean: Floats, spread: Floats) -> Floats:
    """Find a quantile of the households of buildings, in whole households.

    With ``chance`` it is a home; a home has one household and a number beyond
    it that is negative binomial, whose gamma part has the standard deviation
    ``spread`` (share of its mean). ``mean`` is over homes and no homes.

    Examples
    --------
    >>> block, house, shed = (1.0, 34.0, 0.3), (1.0, 1.1, 0.5), (0.2, 0.2, 0.5)
    >>> chance, mean, spread = np.array([block, house, shed]).T
    >>> find_quantiles(0.05, chance, mean, spread).tolist()
    [17.0, 1.0, 0.0]
    >>> find_quantiles(0.95, chance, mean, spread).tolist()
    [55.0, 2.0, 1.0]
    """
    rows = np.column_stack([chance, mean, spread])
    kinds, place = np.unique(rows, axis=0, return_inverse=True)
    chance, mean, spread = kinds.T
    safe = np.where(chance > 0, chance, 1.0)
    second = np.maximum(mean / safe - 1.0, 0.0)
    shape = 1.0 / np.maximum(spread, NARROW) ** 2
    inner = np.clip((level - (1.0 - chance)) / safe, 1e-12, 1.0 - 1e-12)
    beyond = np.where(second > 0, nbinom.ppf(inner, shape, shape / (shape + second)), 0.0)
    found = np.where((chance > 0) & (level > 1.0 - chance), 1.0 + np.nan_to_num(beyond), 0.0)
    return np.asarray(found[place.ravel()])
