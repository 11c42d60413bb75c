"""Greedy addition of the site that saves most, evaluated lazily; then swaps while one saves.

What a site saves can only shrink while others are added, so a saving computed
earlier is a limit (Minoux, 1978). Swaps are priced from each place's nearest
and second nearest chosen site (Whitaker, 1983). A disturbance opens a few
sites that serve common places, so that the descent after it is short.
"""

from __future__ import annotations

import heapq

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.coverage.siting.site_costs import SitingCosts, price_sites

STEPS = 3  # swaps that a disturbance makes before the descent
TINY = 1e-9  # share of the price that does not count as a saving


def add_greedily(costs: SitingCosts, k: int, until: float = -np.inf) -> tuple[Ints, Floats]:
    """Add up to k sites, each the one that saves most, until the price is at most ``until``.

    Ends earlier where nothing saves.

    Returns the sites in the order they were added (numbers within the costs),
    and the price after each, float64[len + 1].
    """
    near = costs.beyond.copy()
    price = costs.base + float((costs.weights * near).sum())
    least = TINY * max(price, 1e-300)
    saved = costs.weights[costs.rows] * (near[costs.rows] - costs.ways)
    # Every saving is exact at first, and only a limit once another site is chosen.
    first = np.bincount(costs.columns, weights=saved, minlength=len(costs.sites)).astype(float)
    heap = [(-saving, j, 0) for j, saving in enumerate(first.tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    prices = [price]
    while heap and len(chosen) < k and price > until:
        saving, j, age = heap[0]
        reach = slice(costs.indptr[j], costs.indptr[j + 1])
        rows = costs.rows[reach]
        ways = costs.ways[reach]
        # Computed before the last addition: only a limit, so compute again.
        if age < len(chosen):
            now = float((costs.weights[rows] * np.maximum(0.0, near[rows] - ways)).sum())
            heapq.heapreplace(heap, (-now, j, len(chosen)))
            continue
        # The best saves nothing, so none does.
        if -saving <= least:
            break
        heapq.heappop(heap)
        near[rows] = np.minimum(near[rows], ways)
        price += saving
        chosen.append(j)
        prices.append(price)
    return np.array(chosen, np.int64), np.array(prices)


def swap_sites(costs: SitingCosts, chosen: Ints, rounds: int = 0, seed: int = 0) -> Ints:
    """Swap one chosen site for another while one saves; then perturb the choice ``rounds`` times.

    Returns the choice, sorted.
    """
    from gridplan.coverage.siting.siting_kernels import perturb_and_swap

    choice = np.sort(chosen)
    if not 0 < len(choice) < len(costs.sites):
        return choice
    lots = np.random.default_rng(seed).random((rounds, 2 * STEPS + 1))
    least = TINY * max(price_sites(costs, choice), 1e-300)
    starts, near, far = costs.by_place
    perturb_and_swap(
        costs.indptr,
        costs.rows,
        costs.ways,
        starts,
        near,
        far,
        costs.weights,
        costs.beyond,
        choice,
        lots,
        least,
    )
    return np.sort(choice)
