"""Lagrangian dual: prices of places, and so a bound that no choice of sites goes below.

That each place is served once is relaxed at a price for each place. A site
then takes whatever is worth more than its way, and the k best sites are known
at once (Cornuejols, Fisher and Nemhauser, 1977). Prices follow a smoothed
subgradient. The bound holds whatever the prices are, and also when only the
nearest sites of a place count, for prices that stay below the ways to
the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.coverage.siting.site_costs import SitingCosts, price_sites

ROUNDS = 2_000
PATIENCE = 25  # rounds without a better bound before the step becomes smaller
# the step at first, what is left of it each time, and the last
FIRST = 0.3
SHRINK = 0.7
LAST = 1e-4
SMOOTH = 0.9  # share of the last direction that is kept


@dataclass(frozen=True, eq=False)
class DualSolution:
    """The best bound found.

    Parameters
    ----------
    value
        No choice of k sites costs less.
    prices
        float64[n], what a place pays, for each household.
    worth
        float64[m], what each site brings at these prices, 0 or more.
    chosen
        The best choice of sites found on the way, and ``price``, what it costs.
    open_worth
        What sites that are open in any case bring.
    """

    value: float
    prices: Floats
    worth: Floats
    chosen: Ints
    price: float
    open_worth: float = 0.0

    def count_sites(self, costs: SitingCosts, target: float) -> int:
        """Count the sites that are needed at least for a price of at most ``target``."""
        paid = costs.base + float((costs.weights * self.prices).sum()) - self.open_worth
        remaining = paid - np.concatenate([[0.0], np.cumsum(np.sort(self.worth)[::-1])])
        enough = np.flatnonzero(remaining <= target + 1e-9 * abs(paid))
        return int(enough[0]) if len(enough) else len(self.worth) + 1


def bound_costs(
    costs: SitingCosts, k: int, chosen: Ints, rounds: int = ROUNDS, enough: float = np.inf
) -> DualSolution:
    """Bound the price of k sites from below, from a known choice on, up to ``enough``."""
    from gridplan.coverage.siting.siting_kernels import count_served, weigh_sites

    price = price_sites(costs, chosen)
    limit, entries = _limit_prices(costs, chosen)
    weights = costs.weights
    m = len(costs.sites)
    rows = costs.rows[entries]
    ways = costs.ways[entries]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(costs.columns[entries], minlength=m))])
    served = np.zeros(len(weights))
    pay = np.minimum(limit, _start_prices(costs, chosen))
    step = FIRST
    stale = 0
    direction = np.zeros(len(pay))
    best = -np.inf
    best_pay = pay
    best_worth = np.zeros(m)
    tried: set[bytes] = set()
    for _ in range(rounds):
        worth = np.empty(m)
        weigh_sites(indptr, rows, ways, weights, pay, worth)
        # At these prices the best k sites are the most worthy ones.
        taken = np.argsort(-worth, kind="stable")[:k]
        total = costs.base + float((weights * pay).sum() - worth[taken].sum())
        stale = 0 if total > best + 1e-6 * abs(best) or not np.isfinite(best) else stale + 1
        if total > best:
            best = total
            best_pay = pay
            best_worth = worth
            # Sites that good prices like are often a good choice.
            chosen, price = _try_choice(costs, taken, chosen, price, tried)
        if stale >= PATIENCE:
            step = step * SHRINK
            stale = 0
        if step < LAST or best >= enough or price - best <= 1e-9 * max(abs(price), 1e-300):
            break
        count_served(indptr, rows, ways, pay, taken, served)
        want = 1.0 - served
        # Prices at their limits do not go further.
        want[((pay <= 0) & (want < 0)) | ((pay >= limit) & (want > 0))] = 0.0
        direction = SMOOTH * direction + (1 - SMOOTH) * want
        size = float((weights * direction**2).sum())
        if size <= 0:
            break
        # Polyak's step length, with the known price as the value to reach.
        pay = np.clip(pay + step * (price - total) / size * direction, 0.0, limit)
    return DualSolution(best, best_pay, best_worth, np.sort(chosen), price)


def _limit_prices(costs: SitingCosts, chosen: Ints, spare: int = 6) -> tuple[Floats, Ints]:
    """Limit what each place may pay by its sixth nearest chosen site; and the entries below it."""
    is_chosen = np.zeros(len(costs.sites), bool)
    is_chosen[chosen] = True
    entries = np.flatnonzero(is_chosen[costs.columns])
    order = entries[np.lexsort((costs.ways[entries], costs.rows[entries]))]
    rows = costs.rows[order]
    count = np.bincount(rows, minlength=len(costs.beyond))
    begins = np.cumsum(count) - count
    limit = costs.beyond.copy()
    many = np.flatnonzero(count >= spare)
    limit[many] = np.minimum(limit[many], costs.ways[order[begins[many] + spare - 1]] + 1e-9)
    return limit, np.flatnonzero(costs.ways < limit[costs.rows])


def _start_prices(costs: SitingCosts, chosen: Ints) -> Floats:
    """Start midway between the nearest and the second nearest chosen site."""
    first = costs.beyond.copy()
    second = costs.beyond.copy()
    for j in chosen.tolist():
        reach = slice(costs.indptr[j], costs.indptr[j + 1])
        rows = costs.rows[reach]
        ways = costs.ways[reach]
        second[rows] = np.minimum(second[rows], np.maximum(first[rows], ways))
        first[rows] = np.minimum(first[rows], ways)
    return (first + second) / 2


def _try_choice(
    costs: SitingCosts, taken: Ints, chosen: Ints, price: float, tried: set[bytes]
) -> tuple[Ints, float]:
    """Try the sites that the prices like best; returns the better choice and its price."""
    key = np.sort(taken).tobytes()
    if key in tried:
        return chosen, price
    tried.add(key)
    other = price_sites(costs, taken)
    return (taken, other) if other < price else (chosen, price)
