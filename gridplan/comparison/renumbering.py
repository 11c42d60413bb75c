"""Renumbering: which new sub-grid goes on with which old one, as most households keep codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Ints


def match_best(old: Ints, new: Ints, households: Ints) -> Bools:
    """Match old to new one to one so that most households in common are in matched pairs.

    Solved apart for each set of sub-grids that share households (Kuhn, Naval
    Research Logistics Quarterly 2 (1955), 83-97), so that a city is as quick
    as the sum of its communities.

    Parameters
    ----------
    old, new
        int64[m], numbers of an old and a new sub-grid that have households in
        common; each pair once.
    households
        int64[m], how many.

    Returns
    -------
    bool[m]: whether the pair is matched.

    Examples
    --------
    Two old sub-grids of 60, of which 20 changed over:

    >>> match_best(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([40, 20, 60])).tolist()
    [True, False, True]
    """
    chosen = np.zeros(len(old), bool)
    if not len(old):
        return chosen
    n = int(old.max()) + 1
    k = int(new.max()) + 1
    graph = coo_matrix((np.ones(len(old), np.int8), (old, n + new)), shape=(n + k, n + k))
    # Sub-grids that share no household cannot be matched, so each set is solved by itself.
    label = connected_components(graph, directed=False)[1][old]
    order = np.argsort(label, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        # Most sub-grids stayed as they were: a pair of its own needs no solver.
        if len(rows) == 1:
            chosen[rows] = True
            continue
        a, i = np.unique(old[rows], return_inverse=True)
        b, j = np.unique(new[rows], return_inverse=True)
        common = np.zeros((len(a), len(b)))
        common[i, j] = households[rows]
        # Where one side has fewer, those that are over have no partner.
        partner = np.full(len(a), -1)
        matched, partners = linear_sum_assignment(common, maximize=True)
        partner[matched] = partners
        chosen[rows] = partner[i] == j
    return chosen


def measure_likeness(old: Ints, new: Ints, households: Ints) -> tuple[float, float]:
    """Measure how alike two divisions of the same households are, whatever their codes.

    Returns the adjusted Rand index over pairs of households (1 for the same
    division, about 0 for unrelated ones; Hubert and Arabie, Journal of
    Classification 2 (1985), 193-218) and the variation of information in bits
    (0 for the same; Meila, Journal of Multivariate Analysis 98 (2007),
    873-895).

    Examples
    --------
    >>> measure_likeness(np.array([0, 1]), np.array([1, 0]), np.array([30, 30]))
    (1.0, 0.0)
    >>> measure_likeness(np.array([0, 0]), np.array([0, 1]), np.array([30, 30]))
    (0.0, 1.0)
    """
    # As floats: products of numbers of pairs are beyond int64 in a city.
    weight = households.astype(float)
    total = weight.sum()
    if total <= 0:
        return 1.0, 0.0
    sizes = [np.bincount(rows, weight) for rows in (old, new)]
    pairs = [float((s * (s - 1) / 2).sum()) for s in (weight, *sizes)]
    # What chance alone would agree on.
    expected = pairs[1] * pairs[2] / max(1.0, total * (total - 1) / 2)
    best = (pairs[1] + pairs[2]) / 2
    # Where both are one part, or all apart, chance agrees as well: the two are the same.
    rand = 1.0 if best - expected < 1e-9 else float((pairs[0] - expected) / (best - expected))
    # Entropies of the overlap and of both divisions, in bits.
    joint, first, second = (
        float(-(s[s > 0] / total * np.log2(s[s > 0] / total)).sum()) for s in (weight, *sizes)
    )
    # Rounding may bring equal divisions below zero.
    return rand, max(0.0, 2.0 * joint - first - second)


def number_codes(codes: pd.Series[Any]) -> tuple[Ints, list[str]]:
    """Give codes numbers by their order: the number of each row, and the codes.

    Examples
    --------
    >>> number_codes(pd.Series(["b", "a", "b"]))
    (array([1, 0, 1]), ['a', 'b'])
    """
    names, number = np.unique(codes.to_numpy(object), return_inverse=True)
    return np.asarray(number, np.int64), [str(name) for name in names]
