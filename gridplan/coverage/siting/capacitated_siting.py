"""Capacitated siting: choosing sites that can serve so many households only.

Without capacities every choice is at least as cheap; so that choice comes
first, and where everybody fits in as it wishes it is the best. Otherwise:
swaps by the prices of the flow, the dual, what it fixes, and branch and bound
where little is left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from gridplan.arrays import Bools, Floats, Ints
from gridplan.coverage.siting.best_sites import SiteChoice, choose_sites, fix_sites, round_up
from gridplan.coverage.siting.capacitated_assignment import (
    ENTRIES,
    NODES,
    TINY,
    CapacitatedCosts,
    add_within_capacity,
    assign_within_capacity,
    bound_shared,
    swap_shared,
)
from gridplan.coverage.siting.site_costs import SitingCosts, reduce_costs
from gridplan.engine.highs import open_programme


def make_capacitated_costs(costs: SitingCosts, fixed: Ints, capacities: Floats) -> CapacitatedCosts:
    """Add capacities to costs without fixed sites."""
    return CapacitatedCosts(costs, capacities[costs.sites], np.isin(costs.sites, fixed))


def choose_shared(
    capacitated: CapacitatedCosts,
    k: int,
    *,
    dear: float = np.inf,
    best: float = np.inf,
    any_below: bool = False,
) -> SiteChoice:
    """Choose at most k more sites at the least price, as :func:`choose_sites`, with capacities."""
    costs = capacitated.costs
    fixed = np.flatnonzero(capacitated.always)
    free = np.flatnonzero(~capacitated.always)
    k = min(k, len(free))
    folded = reduce_costs(replace(costs, sites=np.arange(len(costs.sites))), fixed, free)
    # Without capacities it is easier, never dearer, and often already enough.
    easy = choose_sites(folded, k, dear=dear, best=best)
    chosen, flow = (
        swap_shared(capacitated, easy.sites)
        if k
        else (easy.sites, assign_within_capacity(capacitated, easy.sites))
    )
    if k and flow.price > easy.bound + TINY * max(1.0, abs(easy.bound)):
        other, filled = swap_shared(capacitated, add_within_capacity(capacitated, k))
        chosen, flow = (other, filled) if filled.price < flow.price else (chosen, flow)
    price = flow.price
    if k in (0, len(free)):  # more sites never cost more
        every = assign_within_capacity(capacitated, free[:k])
        return SiteChoice(costs.sites[free[:k]], every.price, every.price)
    limit = min(price, best)
    # The bound of the capacitated problem, from the prices of the best flow.
    dual = bound_shared(capacitated, k, price, flow.pay, limit)
    bound = min(limit, max(easy.bound, round_up(costs, dual.value)))
    choice = SiteChoice(costs.sites[chosen], price, bound, dual)
    if limit - bound <= TINY * max(1.0, abs(limit)) or (any_below and price < best):
        return choice
    # Sites that the bound decides are fixed; small remains are solved exactly.
    core = _shrink(
        capacitated,
        replace(dual, worth=np.where(capacitated.always, -np.inf, dual.worth)),
        k,
        limit,
    )
    if len(core.costs.rows) > ENTRIES:
        return choice
    core_sites, proven = solve_shared(
        core, k - int(core.always.sum() - capacitated.always.sum()), limit, dear
    )
    if core_sites is not None:
        sites = np.union1d(core_sites, core.costs.sites[core.always])
        sites = np.setdiff1d(np.flatnonzero(np.isin(costs.sites, sites)), fixed)
        filled = assign_within_capacity(capacitated, sites)
        if filled.price < price:
            choice = SiteChoice(costs.sites[sites], filled.price, bound, dual)
    return replace(choice, bound=max(bound, min(proven, choice.price)))


def _shrink(capacitated: CapacitatedCosts, dual: Any, k: int, limit: float) -> CapacitatedCosts:
    """Shrink to what the dual leaves open: some sites are open for good now, others are gone."""
    opened, kept = fix_sites(dual, k, limit)
    always = capacitated.always.copy()
    always[opened] = True
    remaining = np.flatnonzero(always | np.isin(np.arange(len(always)), kept))
    core = reduce_costs(capacitated.costs, np.zeros(0, np.int64), remaining, is_roomy=False)
    # Sites are numbered in rising order, so their places are found by bisection.
    place = np.searchsorted(capacitated.costs.sites, core.sites)
    return CapacitatedCosts(core, capacitated.capacities[place], always[place])


def solve_shared(
    capacitated: CapacitatedCosts, k: int, best: float, dear: float
) -> tuple[Ints | None, float]:
    """Choose at most k more sites at the least price by branch and bound; and the bound."""
    costs = capacitated.costs
    entries = len(costs.rows)
    free = np.flatnonzero(~capacitated.always)
    must = costs.beyond >= dear
    # What is paid unless a way saves it; who must be served has no such price.
    unserved_price = np.where(must, 0.0, costs.beyond)
    matrix, low, high = _build_shared_rows(capacitated, free, k, must)
    saved = np.append(costs.ways - unserved_price[costs.rows], np.zeros(len(free)))
    # Columns: households of each entry, then whether each free site is open.
    whole = np.append(np.zeros(entries, bool), np.ones(len(free), bool))
    upper = np.append(np.full(entries, highspy.kHighsInf), np.ones(len(free)))
    model = open_programme(saved, upper, whole, matrix, low, high)
    paid = costs.base + float((costs.weights * unserved_price).sum())
    # Nodes rather than seconds, so that the answer does not depend on the machine.
    model.setOptionValue("mip_max_nodes", NODES)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 1e-7 * max(1.0, abs(best)))
    model.run()
    info = model.getInfo()
    if model.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None, best
    bound = min(best, paid + float(info.mip_dual_bound))
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, bound
    return costs.sites[free[np.array(model.getSolution().col_value)[entries:] > 0.5]], bound


def _build_shared_rows(
    capacitated: CapacitatedCosts, free: Ints, k: int, must: Bools
) -> tuple[csc_array, Floats, Floats]:
    """Build the rows of the integer programme, with their lower and upper limits.

    The rows are: households of each place, capacity of each site, households
    of an entry only where its site is open, and the number of sites.
    """
    costs = capacitated.costs
    always = capacitated.always
    rows = costs.rows
    columns = costs.columns
    n = len(costs.weights)
    m = len(costs.sites)
    entries = len(rows)
    # No capacity beyond all households, or the relaxation is needlessly weak.
    room = np.minimum(capacitated.capacities, costs.weights.sum() + 1.0)
    slot = np.full(m, -1)
    slot[free] = np.arange(len(free))
    number = np.arange(entries)
    closable = np.flatnonzero(~always[columns])  # the entries of sites that may be closed
    closed = columns[closable]
    s = len(closable)
    f = len(free)
    last = n + m + s
    switch = n + m + np.arange(s)
    # Implied by the capacities, but each way by itself makes the relaxation tighter.
    most = np.minimum(costs.weights[rows[closable]], room[closed])
    values = np.concatenate([np.ones(2 * entries + s), -room[free], -most, np.ones(f)])
    row = np.concatenate([rows, n + columns, switch, n + free, switch, np.full(f, last)])
    opened = entries + np.arange(f)
    column = np.concatenate([number, number, closable, opened, entries + slot[closed], opened])
    matrix = csc_array((values, (row, column)), shape=(last + 1, entries + f))
    infinite = highspy.kHighsInf
    low = np.concatenate(
        [np.where(must, costs.weights, -infinite), np.full(m + s, -infinite), [0.0]]
    )
    high = np.concatenate([costs.weights, np.where(always, room, 0.0), np.zeros(s), [float(k)]])
    return matrix, low, high


def cover_shared(
    capacitated: CapacitatedCosts, target: float, most: int | None = None
) -> tuple[Ints | None, float]:
    """Find the fewest sites for a price of at most ``target``, as :func:`cover_share`."""
    costs = capacitated.costs
    slack = TINY * max(1.0, capacitated.top)
    free = np.flatnonzero(~capacitated.always)
    # If all sites together are too dear, fewer are too.
    if assign_within_capacity(capacitated, free).price > target + slack:
        return None, np.inf
    order = add_within_capacity(capacitated, len(free), target + slack)
    if assign_within_capacity(capacitated, order).price > target + slack:
        order = free
    best = costs.sites[order]
    low = 0.0
    if most is not None and len(best) > most:
        # One more than asked, so that the first question is about ``most``.
        best = np.append(best[:most], best[:1])
    # One site fewer each time, until none is found or none can be.
    while low < len(best):
        choice = choose_shared(capacitated, len(best) - 1, best=target + 2 * slack, any_below=True)
        if choice.price <= target + slack:
            best = choice.sites
            continue
        if choice.bound > target + slack:
            low = float(len(best))
        elif choice.dual is not None:
            low = float(choice.dual.count_sites(costs, target + slack))
        break
    return (best if most is None or len(best) <= most else None), low
