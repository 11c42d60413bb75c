"""Workload of posts in hours a month, and how evenly it is spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

MEASURES = ("workload_gini", "workload_cv", "workload_theil", "workload_max_mean")


def measure_evenness(hours: Any, group: Any, groups: int) -> pd.DataFrame:
    """Measure how evenly hours are spread within each group of posts.

    Returns
    -------
    One row for each group: the Gini coefficient, the coefficient of variation,
    Theil's index T, and the greatest over the mean; NaN where a group has no
    post or no hours.

    Examples
    --------
    Four posts with the same hours, and four of which one has all:

    >>> hours, group = [5, 5, 5, 5, 0, 0, 0, 8], [0, 0, 0, 0, 1, 1, 1, 1]
    >>> measure_evenness(hours, group, 2).round(3).values.tolist()
    [[0.0, 0.0, 0.0, 1.0], [0.75, 1.732, 1.386, 4.0]]
    """
    x = np.asarray(hours, float)
    g = np.asarray(group, np.int64)
    n = np.bincount(g, minlength=groups)
    order = np.lexsort((x, g))
    # Rank of each post by its hours within its group, from 1.
    rank = np.empty(len(x))
    rank[order] = np.arange(len(x)) - np.concatenate([[0], np.cumsum(n)])[g[order]] + 1
    top = np.zeros(groups)
    np.maximum.at(top, g, x)
    # Groups without posts or hours divide by 0 and become NaN, as they should.
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.where(n > 0, np.bincount(g, x, minlength=groups), np.nan)
        mean = np.where(total > 0, total / n, np.nan)
        # Gini from ranks: one sort instead of all pairs.
        gini = np.bincount(g, (2 * rank - n[g] - 1) * x, minlength=groups) / (n * total)
        share = x / mean[g]
        spread = np.bincount(g, np.nan_to_num((share - 1.0) ** 2), minlength=groups) / n
        # A share of 0 counts 0, the limit of x log x.
        bits = np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), 0.0)
        theil = np.bincount(g, bits, minlength=groups) / n
    # What has no mean has no measure at all, also where a formula gave 0.
    known = np.isfinite(mean)
    data = {
        "workload_gini": gini,
        "workload_cv": np.sqrt(spread),
        "workload_theil": theil,
        "workload_max_mean": top / mean,
    }
    return pd.DataFrame({name: np.where(known, values, np.nan) for name, values in data.items()})
