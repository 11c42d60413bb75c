"""Whole numbers shared out in proportion to weights: the largest remainders get one more.

A count is never rounded row by row, which turns 0.4 households on each of
100 rows into none at all, but shared out so that the sum of a group stays.
"""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Floats, Ints

# Multiples of the golden ratio, taken between 0 and 1, fall evenly over a row of any length.
GOLDEN = (5**0.5 - 1) / 2
# Shares that are whole but for the rounding of floats stay whole.
TINY = 1e-9


def share_groups(totals: Ints, weights: Floats, group: Ints, *, evenly: bool = False) -> Ints:
    """Share the whole total of each group out to its rows, in proportion to their weights.

    Each row gets its share rounded down, and the largest remainders one more.
    Where all weights of a group are zero, its rows count alike.

    Parameters
    ----------
    totals
        int64[g], the total of each group.
    weights
        float64[n], at least 0.
    group
        int64[n], the group of each row, from 0 to g - 1.
    evenly
        Whether rows of equal remainder are taken evenly over their order, so
        that the few members of a village do not end up in its first houses
        only; else the earlier row comes first.

    Returns
    -------
    int64[n]. A group's shares sum to its total; a group without rows has none.

    Examples
    --------
    >>> share_groups(np.array([7]), np.array([30.0, 30.0, 10.0]), np.array([0, 0, 0])).tolist()
    [3, 3, 1]
    >>> share_groups(np.array([2]), np.ones(8), np.zeros(8, int), evenly=True).tolist()
    [0, 0, 1, 0, 0, 0, 0, 1]
    """
    if not len(group):
        return np.zeros(0, np.int64)
    size = len(totals)
    sums = np.bincount(group, weights, minlength=size)
    weights = np.where(sums[group] > 0, weights, 1.0)
    exact = totals[group] * weights / np.bincount(group, weights, minlength=size)[group]
    shares = np.floor(exact + TINY).astype(np.int64)
    missing = totals - np.bincount(group, shares, minlength=size).astype(np.int64)
    # Rounded, so that equal remainders stay equal on every machine.
    remainder = np.round(exact - shares, 9)
    place = _rank_in_groups(np.argsort(group, kind="stable"), group)
    ties = -np.mod((place + 1) * GOLDEN, 1.0) if evenly else place
    rank = _rank_in_groups(np.lexsort((ties, -remainder, group)), group)
    return np.asarray(shares + (rank < missing[group]))


def _rank_in_groups(order: Ints, group: Ints) -> Ints:
    """Rank the rows within their group, in an order that has groups one after the other."""
    size = np.bincount(group)
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - (np.cumsum(size) - size)[group[order]]
    return rank


def share_total(total: int, weights: Floats) -> Ints:
    """Share one whole total out in proportion to weights.

    Of equal remainders the earlier row comes first; without any weight all
    rows weigh the same.

    Examples
    --------
    >>> share_total(10, np.array([1.0, 1.0, 2.0])).tolist()
    [3, 2, 5]
    """
    weights = np.asarray(weights, float)
    return share_groups(np.array([total], np.int64), weights, np.zeros(len(weights), np.int64))


def share_above(total: int, weights: Floats, least: Ints) -> Ints:
    """Share one whole total out in proportion to weights, no share below its least.

    Of equal remainders the first comes first. Where all weights are zero,
    shares are equal.

    Raises
    ------
    ValueError
        If the least numbers add up to more than the total.

    Examples
    --------
    >>> share_above(7, np.array([5.0, 3.0, 0.1]), np.array([1, 1, 1])).tolist()
    [4, 2, 1]
    """
    if int(least.sum()) > total:
        raise ValueError(f"{int(least.sum())} is the least, more than {total}")
    out = least.astype("int64")
    free = np.ones(len(weights), dtype=bool)
    while free.any():
        room = total - int(out[~free].sum())
        plain = weights[free] if weights[free].sum() > 0 else np.ones(int(free.sum()))
        # Rows whose share of what is free falls short of their least keep the least;
        # the others share again, as less is free for them.
        short = plain / plain.sum() * room < least[free]
        if not short.any():
            out[free] = share_total(room, plain)
            break
        free[np.flatnonzero(free)[short]] = False
    return out
