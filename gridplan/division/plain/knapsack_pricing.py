"""Seeking: for every seat the part round it that is worth most at the prices of the atoms, found by a knapsack.

In the relaxed cover an atom has a price. The part round a seat that falls
shortest of the prices of its atoms lowers the cover most; to find it is a
knapsack problem, whose capacity is the upper limit. Where the seats are all
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
def list_items(data: Any, duals: Any, seat: Any, x: Any, y: Any, items: Any, profit: Any) -> Any:
    """List the atoms whose price is more than their way to a seat, best for their weight first; returns how many.

    The seat is an atom, which is not listed itself, or -1 for the position (x,
    y).
    """
    count = 0
    for i in range(data.weights.shape[0]):
        if i == seat:
            continue
        way = walk_between(data, i, seat) if seat >= 0 else math.hypot(data.x[i] - x, data.y[i] - y)
        worth = duals[i] - data.pull[i] * way
        if worth > 0.0:
            items[count] = i
            profit[count] = worth
            count += 1
    rate = np.empty(count)
    for s in range(count):
        rate[s] = -profit[s] / max(data.weights[items[s]], 1e-9)
    order = np.argsort(rate, kind="mergesort")
    items[:count] = items[:count][order]
    profit[:count] = profit[:count][order]
    return count


@njit(cache=True, nogil=True)
def fill_broken(data: Any, items: Any, profit: Any, count: int, room: Any) -> Any:
    """Fill a knapsack of which the last item may be broken: no whole filling is worth more (Dantzig 1957)."""
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
    """Fill a knapsack with whole items; ``taken[s, w]`` tells whether item s is the last in the best filling of weight w.

    Returns what the best filling is worth.
    """
    worth[: room + 1] = 0.0
    for s in range(count):
        w = data.weights[items[s]]
        gain = profit[s]
        taken[s, : room + 1] = False
        for c in range(room, w - 1, -1):
            if worth[c - w] + gain > worth[c]:
                worth[c] = worth[c - w] + gain
                taken[s, c] = True
    return worth[room]


@njit(cache=True, nogil=True)
def price_seats(
    data: Any, duals: Any, place: float, seats: Any, x: Any, y: Any, margin: float
) -> Any:
    """Find round every seat the part that costs least beyond the prices of its atoms and of a place among the k.

    Parameters
    ----------
    data, duals, place
        The problem, float64[n] the prices of the atoms, and the price of a
        place.
    seats, x, y
        int64[m], atoms that are in the part; -1 for a position, float64[m]
        each, that nothing stands on.
    margin
        Only parts that cost at least so much less than nothing are returned.

    Returns
    -------
    starts, atoms, reduced: the atoms of the part round seat s are
    ``atoms[starts[s]:starts[s + 1]]``; float64[m], what no part round the seat
    costs less than.
    """
    n = data.weights.shape[0]
    m = seats.shape[0]
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
        if seats[s] >= 0:
            base = base - duals[seats[s]]
            room = high - data.weights[seats[s]]
        count = list_items(data, duals, seats[s], x[s], y[s], items, profit)
        reduced[s] = base - fill_broken(data, items, profit, count, room)
        if reduced[s] < -margin:
            some = min(count, ITEMS)
            value = base - fill_whole(data, items, profit, some, room, worth, taken)
            if some == count:
                reduced[s] = value
            if value < -margin:
                if used + count + 1 > atoms.shape[0]:
                    atoms = np.concatenate((atoms, np.empty(atoms.shape[0] + n, np.int64)))
                if seats[s] >= 0:
                    atoms[used] = seats[s]
                    used += 1
                for t in range(some - 1, -1, -1):
                    if taken[t, room]:
                        atoms[used] = items[t]
                        room -= data.weights[items[t]]
                        used += 1
        starts[s + 1] = used
    return starts, atoms[:used], reduced


@njit(cache=True, nogil=True)
def measure_parts(data: Any, starts: Any, atoms: Any, mean: bool) -> Any:
    """Measure the ways of parts to their best atoms or to their means; returns float64[m] and x and y of the means."""
    m = starts.shape[0] - 1
    walk = np.zeros(m)
    x = np.zeros(m)
    y = np.zeros(m)
    for s in range(m):
        own = atoms[starts[s] : starts[s + 1]]
        if own.shape[0] == 0:
            continue
        x[s], y[s] = data.x[own].mean(), data.y[own].mean()
        if mean:
            for i in own:
                walk[s] += data.pull[i] * math.hypot(data.x[i] - x[s], data.y[i] - y[s])
            continue
        walk[s] = np.inf
        for v in own:
            total = 0.0
            for i in own:
                total += data.pull[i] * walk_between(data, i, v)
            walk[s] = min(walk[s], total)
    return walk, x, y
