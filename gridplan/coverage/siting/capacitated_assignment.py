"""Capacitated assignment: who goes where if service points have capacities, as a linear programme.

A place may be shared among service points: who goes where is a flow, whose
prices say what one more household would cost at each place. At these prices a
new service point brings at most what it could fill its capacity with: that
guides swaps, and gives the bound for all choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array

from gridplan.arrays import Bools, Floats, Ints
from gridplan.coverage.siting.dual_bound import FIRST, LAST, PATIENCE, SHRINK, SMOOTH, DualSolution
from gridplan.coverage.siting.site_costs import SitingCosts
from gridplan.engine.highs import open_programme

ROUNDS = 400
ENTRIES = 4_000  # entries of a problem that is handed to branch and bound
NODES = 2_000
WORK = 1_000_000  # entries of all the flows solved while swapping
TRIES = 200  # and flows at most
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class CapacitatedCosts:
    """Costs with the capacity of each site, and which are open in any case.

    Parameters
    ----------
    costs
        Places and sites; no site has been opened or left out yet.
    capacities
        float64[m], households.
    always
        bool[m], the sites with a service point already.
    """

    costs: SitingCosts
    capacities: Floats
    always: Bools

    @property
    def top(self) -> float:
        """What is paid where nobody is served."""
        return self.costs.base + float((self.costs.weights * self.costs.beyond).sum())


@dataclass(frozen=True, eq=False)
class CapacitatedAssignment:
    """Who goes where: ``flow`` (csr_array[n, m], households), its price, and prices of places.

    ``pay`` is what one more household would cost at each place.
    """

    flow: csr_array
    price: float
    pay: Floats


def assign_within_capacity(capacitated: CapacitatedCosts, opened: Ints) -> CapacitatedAssignment:
    """Share the households out among the open sites at the least price."""
    costs = capacitated.costs
    n = len(costs.weights)
    m = len(costs.sites)
    is_open = capacitated.always.copy()
    is_open[opened] = True
    columns = costs.columns
    entries = np.flatnonzero(is_open[columns])
    rows = costs.rows[entries]
    column = columns[entries]
    # What a household saves by going there, so below 0; unserved it saves nothing.
    saved = costs.ways[entries] - costs.beyond[rows]
    number = np.arange(len(entries))
    matrix = csc_array(
        (np.ones(2 * len(entries)), (np.append(rows, n + column), np.append(number, number))),
        shape=(n + m, len(entries)),
    )
    # More than all households is no limit, so infinite capacities are cut there.
    high = np.append(costs.weights, np.minimum(capacitated.capacities, costs.weights.sum() + 1.0))
    upper = np.full(len(entries), highspy.kHighsInf)
    model = open_programme(
        saved, upper, np.zeros(len(entries), bool), matrix, np.full(n + m, -highspy.kHighsInf), high
    )
    model.run()
    if model.getModelStatus() not in (
        highspy.HighsModelStatus.kOptimal,
        highspy.HighsModelStatus.kModelEmpty,
    ):
        raise ArithmeticError(f"the flow could not be solved: {model.getModelStatus()}")
    solution = model.getSolution()
    amount = np.maximum(0.0, np.array(solution.col_value))
    # Flows are whole where the amounts are; the rest is the solver's tolerance.
    amount = np.where(np.abs(amount - np.rint(amount)) < 1e-7, np.rint(amount), amount)
    used = amount > 0
    flow = csr_array((amount[used], (rows[used], column[used])), shape=(n, m))
    # Duals of the rows of places: what one more household would cost.
    pay = costs.beyond + np.minimum(0.0, np.array(solution.row_dual)[:n])
    return CapacitatedAssignment(
        flow, capacitated.top + float((saved * amount).sum()), np.clip(pay, 0.0, costs.beyond)
    )


def add_within_capacity(capacitated: CapacitatedCosts, k: int, until: float = -np.inf) -> Ints:
    """Add up to k sites, always the one that saves most, until the price is at most ``until``."""
    costs = capacitated.costs
    flow = assign_within_capacity(capacitated, np.zeros(0, np.int64))
    unserved = _find_unserved(costs, flow)
    price = flow.price
    chosen: Ints = np.zeros(0, np.int64)
    while len(costs.sites) and len(chosen) < k and price > until:
        worth = _weigh_new_sites(capacitated, chosen, unserved, costs.beyond)
        best = int(np.argmax(worth))
        if worth[best] <= TINY * max(1.0, abs(price)):
            # Nothing direct: by the prices of the flow, or not at all.
            displacing = _add_by_displacing(capacitated, chosen, price)
            if displacing is None:
                break
            chosen, flow = displacing
            price = flow.price
            unserved = _find_unserved(costs, flow)
            continue
        # An estimate without displacing anybody, corrected where affordable.
        gain, served = _fill_site(capacitated, best, unserved)
        price -= gain
        unserved = np.maximum(0.0, unserved - served)
        chosen = np.append(chosen, best)
        # Assign all again where that is cheap.
        if price > until and len(chosen) < k and len(costs.rows) < WORK // 50:
            flow = assign_within_capacity(capacitated, chosen)
            price = flow.price
            unserved = _find_unserved(costs, flow)
    return chosen


def _find_unserved(costs: SitingCosts, flow: CapacitatedAssignment) -> Floats:
    """Find the households of each place that a flow leaves unserved."""
    # A solver's flow may exceed the households by its tolerance.
    return np.asarray(np.maximum(0.0, costs.weights - flow.flow.sum(axis=1)))


def _weigh_new_sites(
    capacitated: CapacitatedCosts, chosen: Ints, weights: Floats, pay: Floats
) -> Floats:
    """Weigh what each site would bring, 0 for those that are open already."""
    from gridplan.coverage.siting.siting_kernels import weigh_within_capacity

    costs = capacitated.costs
    worth = np.empty(len(costs.sites))
    weigh_within_capacity(
        costs.indptr, costs.rows, costs.ways, weights, pay, capacitated.capacities, worth
    )
    worth[capacitated.always] = 0.0
    worth[chosen] = 0.0
    return worth


def _add_by_displacing(
    capacitated: CapacitatedCosts, chosen: Ints, price: float
) -> tuple[Ints, CapacitatedAssignment] | None:
    """Add the site that saves most if households change places; None where none saves."""
    flow = assign_within_capacity(capacitated, chosen)
    worth = _weigh_new_sites(capacitated, chosen, capacitated.costs.weights, flow.pay)
    best = int(np.argmax(worth))
    least = TINY * max(1.0, abs(price))
    if worth[best] <= least:
        return None
    # A displaced household may still go elsewhere, so price the flow itself.
    more = np.append(chosen, best)
    filled = assign_within_capacity(capacitated, more)
    # The price was an estimate, so the flow without the site is the other measure.
    if filled.price >= price - least and filled.price >= flow.price:
        return None
    return more, filled


def _fill_site(capacitated: CapacitatedCosts, site: int, unserved: Floats) -> tuple[float, Floats]:
    """Fill a site with those not served yet; returns the gain, and the households served."""
    from gridplan.coverage.siting.siting_kernels import fill_capacity

    costs = capacitated.costs
    served = np.zeros(len(unserved))
    gain = fill_capacity(
        costs.indptr[site],
        costs.indptr[site + 1],
        costs.rows,
        costs.ways,
        unserved,
        costs.beyond,
        capacitated.capacities[site],
        served,
    )
    return gain, served


def swap_shared(capacitated: CapacitatedCosts, chosen: Ints) -> tuple[Ints, CapacitatedAssignment]:
    """Swap sites as the prices of the flow advise, as long as that saves and the work allows."""
    costs = capacitated.costs
    flow = assign_within_capacity(capacitated, chosen)
    tries = int(min(TRIES, WORK / max(1, len(costs.rows)) + 10))
    while tries > 0 and len(chosen):
        worth = _weigh_new_sites(capacitated, chosen, costs.weights, flow.pay)
        kept = _value_sites(capacitated, flow)[chosen]
        better = None
        # The prices only estimate, so a few promising pairs are priced in full.
        for new in np.argsort(-worth, kind="stable")[:3]:
            for old in np.argsort(kept, kind="stable")[:3]:
                if worth[new] <= kept[old] + TINY or tries <= 0:
                    continue
                tries -= 1
                other = np.sort(np.append(np.delete(chosen, old), new))
                swapped = assign_within_capacity(capacitated, other)
                if swapped.price < flow.price - TINY * max(1.0, abs(flow.price)):
                    better = (other, swapped)
                    break
            if better:
                break
        if better is None:
            break
        chosen, flow = better
    return np.sort(chosen), flow


def _value_sites(capacitated: CapacitatedCosts, flow: CapacitatedAssignment) -> Floats:
    """Value what each site brings at the prices of the flow."""
    costs = capacitated.costs
    columns = costs.columns
    amount = np.asarray(flow.flow[costs.rows, columns]).ravel()
    value = amount * np.maximum(0.0, flow.pay[costs.rows] - costs.ways)
    return np.bincount(columns, weights=value, minlength=len(costs.sites)).astype(float)


def bound_shared(
    capacitated: CapacitatedCosts, k: int, price: float, pay: Floats, enough: float = np.inf
) -> DualSolution:
    """Bound the price of k sites from below, from the prices of a flow on, up to ``enough``."""
    from gridplan.coverage.siting.siting_kernels import count_within_capacity, weigh_within_capacity

    costs = capacitated.costs
    weights = costs.weights
    always = np.flatnonzero(capacitated.always)
    m = len(costs.sites)
    served = np.zeros(len(weights))
    direction = np.zeros(len(weights))
    step = FIRST
    stale = 0
    best = -np.inf
    best_pay = pay
    best_worth = np.zeros(m)
    base = 0.0
    for _ in range(ROUNDS):
        worth = np.empty(m)
        weigh_within_capacity(
            costs.indptr, costs.rows, costs.ways, weights, pay, capacitated.capacities, worth
        )
        open_worth = float(worth[always].sum())
        worth[always] = 0.0
        # At these prices the best k sites are the most worthy ones.
        taken = np.argsort(-worth, kind="stable")[:k]
        total = costs.base + float((weights * pay).sum() - worth[taken].sum()) - open_worth
        stale = 0 if total > best + 1e-6 * abs(best) or not np.isfinite(best) else stale + 1
        if total > best:
            best = total
            best_pay = pay
            best_worth = worth
            base = open_worth
        if stale >= PATIENCE:
            step = step * SHRINK
            stale = 0
        if step < LAST or best >= enough or price - best <= TINY * max(abs(price), 1e-300):
            break
        both = np.union1d(taken, always)
        count_within_capacity(
            costs.indptr, costs.rows, costs.ways, weights, pay, capacitated.capacities, both, served
        )
        want = 1.0 - served
        # Prices at their limits do not go further.
        want[((pay <= 0) & (want < 0)) | ((pay >= costs.beyond) & (want > 0))] = 0.0
        direction = SMOOTH * direction + (1 - SMOOTH) * want
        size = float((weights * direction**2).sum())
        if size <= 0:
            break
        # Polyak's step length, with the known price as the value to reach.
        pay = np.clip(pay + step * max(price - total, 0.0) / size * direction, 0.0, costs.beyond)
    return DualSolution(best, best_pay, best_worth, np.zeros(0, np.int64), price, base)
