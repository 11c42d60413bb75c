"""Greedy: always the site that saves most, looked for lazily; then swaps of one chosen site for another while one saves.

What a site saves can only shrink while others are added, so a saving computed earlier is a limit (Minoux, 1978). Swaps are
priced all at once from each place's nearest and second nearest chosen site (Whitaker, 1983).
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from gridplan.siting.costs import Costs

Array = np.ndarray[Any, Any]
SWAPS = 2_000  # at most so many, one after the other
TINY = 1e-9  # share of the price that does not count as a saving


def add_greedily(costs: Costs, k: int, until: float = -np.inf) -> tuple[Array, Array]:
    """Add up to k sites, each the one that saves most, until the price is at most ``until`` or nothing saves.

    Returns the sites in the order they were added (numbers within the costs), and the price after each, float64[len + 1].
    """
    near = costs.beyond.copy()
    price = costs.base + float(costs.weights @ near)
    least = TINY * max(price, 1e-300)
    saved = costs.weights[costs.rows] * (near[costs.rows] - costs.ways)
    first = np.bincount(costs.columns, weights=saved, minlength=len(costs.sites))
    heap = [(-saving, j, 0) for j, saving in enumerate(first.tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    prices = [price]
    while heap and len(chosen) < k and price > until:
        saving, j, age = heap[0]
        own = slice(costs.indptr[j], costs.indptr[j + 1])
        rows, ways = costs.rows[own], costs.ways[own]
        if age < len(chosen):
            now = float(costs.weights[rows] @ np.maximum(0.0, near[rows] - ways))
            heapq.heapreplace(heap, (-now, j, len(chosen)))
            continue
        if -saving <= least:
            break
        heapq.heappop(heap)
        near[rows] = np.minimum(near[rows], ways)
        price += saving
        chosen.append(j)
        prices.append(price)
    return np.array(chosen, np.int64), np.array(prices)


def swap_sites(costs: Costs, chosen: Array, limit: int = SWAPS) -> Array:
    """Swap one chosen site for another, always the pair that saves most, until none saves; returns the choice, sorted."""
    chosen = np.sort(chosen)
    k, m = len(chosen), len(costs.sites)
    if k == 0 or k == m:
        return chosen
    paid = costs.weights[costs.rows] * costs.ways
    top = costs.weights * costs.beyond
    columns = costs.columns
    for _ in range(limit):
        slot, first, second = _find_two(costs, chosen, paid, top)
        at = np.flatnonzero(paid < second[costs.rows])
        rows, cost, column = costs.rows[at], paid[at], columns[at]
        near = first[rows]
        gain = np.bincount(column, weights=np.maximum(0.0, near - cost), minlength=m)
        loss = np.bincount(slot[slot >= 0], weights=(second - first)[slot >= 0], minlength=k)
        held = slot[rows] >= 0
        spared = np.bincount(
            column[held] * k + slot[rows[held]], weights=(second[rows] - np.maximum(cost, near))[held], minlength=m * k
        ).reshape(m, k)
        change = loss[None, :] - gain[:, None] - spared
        change[chosen] = np.inf
        best = int(np.argmin(change))
        if change.flat[best] >= -TINY * max(costs.base + float(first.sum()), 1e-300):
            break
        chosen = np.sort(np.append(np.delete(chosen, best % k), best // k))
    return chosen


def _find_two(costs: Costs, chosen: Array, paid: Array, top: Array) -> tuple[Array, Array, Array]:
    """Find each place's nearest chosen site (its place among the chosen, -1 for none), what it pays there and at the second."""
    n = len(top)
    slot, first, second = np.full(n, -1), top.copy(), top.copy()
    for s, j in enumerate(chosen.tolist()):
        own = slice(costs.indptr[j], costs.indptr[j + 1])
        rows, cost = costs.rows[own], paid[own]
        nearer = cost < first[rows]
        second[rows] = np.where(nearer, first[rows], np.minimum(second[rows], cost))
        slot[rows[nearer]], first[rows[nearer]] = s, cost[nearer]
    return slot, first, second
