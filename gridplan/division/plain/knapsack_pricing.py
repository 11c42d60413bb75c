"""Knapsack pricing: the part round a centre that is worth most at the prices of the atoms.

In the LP relaxation an atom has a price. The part round a centre that falls
shortest of the prices of its atoms lowers the price most; to find it is a
knapsack problem, whose capacity is the upper limit. Where the centres are all
the atoms, no part is missed, and the prices prove a bound on every division
(Lorena & Senne 2004, Computers & Operations Research 31, 863-876).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import walk_between

ITEMS = 500  # atoms that a knapsack weighs at most; those worth most for their weight come first
LARGEST = 20_000  # upper limit above which knapsacks are too long


@njit(cache=True, nogil=True)
def list_profitable(
    data: Any, duals: Any, centre: Any, x: Any, y: Any, items: Any, profit: Any
) -> Any:
    """List the atoms worth more than their way to a centre, best for their weight first.

    The centre is an atom, which is not listed itself, or -1 for the position
    (x, y). Returns how many are listed.
    """
    count = 0
    for i in range(data.weights.shape[0]):
        if i == centre:
            continue
        way = (
            walk_between(data, i, centre)
            if centre >= 0
            else math.hypot(data.x[i] - x, data.y[i] - y)
        )
        worth = duals[i] - data.pull[i] * way
        if worth > 0.0:
            items[count] = i
            profit[count] = worth
            count += 1
    rate = np.empty(count)
    for s in range(count):
        rate[s] = -profit[s] / max(data.weights[items[s]], 1e-9)
    # Stable, so that equal rates keep the order of atoms.
    order = np.argsort(rate, kind="mergesort")
    items[:count] = items[:count][order]
    profit[:count] = profit[:count][order]
    return count


@njit(cache=True, nogil=True)
def fill_fractional(data: Any, items: Any, profit: Any, count: int, room: Any) -> Any:
    """Fill a knapsack whose last item may be split, as an upper bound (Dantzig 1957)."""
    worth = 0.0
    for s in range(count):
        w = data.weights[items[s]]
        if w > room:
            return worth + profit[s] * room / w
        room -= w
        worth += profit[s]
    return worth


@njit(cache=True, nogil=True)
def fill_whole(
    data: Any, items: Any, profit: Any, count: int, room: Any, worth: Any, taken: Any
) -> Any:
    """Fill a knapsack with whole items.

    ``taken[s, w]``: whether item s is the last in the best filling of weight
    w. Returns what the best filling is worth.
    """
    worth[: room + 1] = 0.0
    for s in range(count):
        w = data.weights[items[s]]
        gain = profit[s]
        taken[s, : room + 1] = False
        # Downwards, so that each item is taken at most once.
        for c in range(room, w - 1, -1):
            if worth[c - w] + gain > worth[c]:
                worth[c] = worth[c - w] + gain
                taken[s, c] = True
    return worth[room]


@njit(cache=True, nogil=True)
def price_clusters(
    data: Any, duals: Any, place: float, centres: Any, x: Any, y: Any, margin: float
) -> Any:
    """Find round every centre the part of least reduced cost.

    Parameters
    ----------
    data, duals, place
        The problem, float64[n] the prices of the atoms, and the price of a
        place.
    centres, x, y
        int64[m], atoms that are in the part; -1 for a position, float64[m]
        each, without an atom.
    margin
        Only parts that cost at least so much less than nothing are returned.

    Returns
    -------
    starts, atoms, reduced: the atoms of the part round centre s are
    ``atoms[starts[s]:starts[s + 1]]``; float64[m], what no part round the centre
    costs less than.
    """
    n = data.weights.shape[0]
    m = centres.shape[0]
    high = data.band[2]
    starts = np.zeros(m + 1, np.int64)
    reduced = np.empty(m)
    atoms = np.empty(16 * m + n, np.int64)
    items = np.empty(n, np.int64)
    profit = np.empty(n)
    worth = np.empty(high + 1)
    taken = np.zeros((min(n, ITEMS), high + 1), np.bool_)
    used = 0
    for s in range(m):
        base = -place
        room = high
        if centres[s] >= 0:
            base = base - duals[centres[s]]
            room = high - data.weights[centres[s]]
        count = list_profitable(data, duals, centres[s], x[s], y[s], items, profit)
        # The quick bound spares the table wherever nothing can come of it.
        reduced[s] = base - fill_fractional(data, items, profit, count, room)
        if reduced[s] < -margin:
            listed = min(count, ITEMS)
            value = base - fill_whole(data, items, profit, listed, room, worth, taken)
            # With items left out the quick bound stays the proven one.
            if listed == count:
                reduced[s] = value
            if value < -margin:
                if used + count + 1 > atoms.shape[0]:
                    atoms = np.concatenate((atoms, np.empty(atoms.shape[0] + n, np.int64)))
                if centres[s] >= 0:
                    atoms[used] = centres[s]
                    used += 1
                # Read the taken items back from the table.
                for t in range(listed - 1, -1, -1):
                    if taken[t, room]:
                        atoms[used] = items[t]
                        room -= data.weights[items[t]]
                        used += 1
        starts[s + 1] = used
    return starts, atoms[:used], reduced


@njit(cache=True, nogil=True)
def measure_clusters(data: Any, starts: Any, atoms: Any, mean: bool) -> Any:
    """Measure the ways of parts to their best atoms or means; returns them and the means."""
    m = starts.shape[0] - 1
    walk = np.zeros(m)
    x = np.zeros(m)
    y = np.zeros(m)
    for s in range(m):
        members = atoms[starts[s] : starts[s + 1]]
        if members.shape[0] == 0:
            continue
        x[s] = data.x[members].mean()
        y[s] = data.y[members].mean()
        if mean:
            for i in members:
                walk[s] += data.pull[i] * math.hypot(data.x[i] - x[s], data.y[i] - y[s])
            continue
        walk[s] = np.inf
        for v in members:
            total = 0.0
            for i in members:
                total += data.pull[i] * walk_between(data, i, v)
            walk[s] = min(walk[s], total)
    return walk, x, y
