"""Choosing sites that have room for so many households only.

Without limits of room every choice is at least as cheap; so that choice comes
first, and where all can be shared out as it wishes it is the best. Otherwise:
swaps by the prices of the flow, the dual, what it fixes, and branch and bound
where little is left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from gridplan.coverage.siting.best_sites import SiteChoice, choose_sites, fix_sites, round_up
from gridplan.coverage.siting.capacitated_assignment import (
    ENTRIES,
    NODES,
    TINY,
    CapacitatedCosts,
    assign_within_capacity,
    bound_shared,
    fill_greedily,
    swap_shared,
)
from gridplan.coverage.siting.site_costs import SitingCosts, reduce_costs
from gridplan.engine.highs import open_programme

Array = np.ndarray[Any, Any]


def make_rooms(costs: SitingCosts, fixed: Array, capacities: Array) -> CapacitatedCosts:
    """Make rooms of costs without fixed sites, and of the capacity of every site in the problem."""
    return CapacitatedCosts(costs, capacities[costs.sites], np.isin(costs.sites, fixed))


def choose_shared(
    rooms: CapacitatedCosts,
    k: int,
    *,
    dear: float = np.inf,
    best: float = np.inf,
    any_below: bool = False,
) -> SiteChoice:
    """Choose at most k more sites at the least price; as :func:`choose_sites`, for posts with so much room."""
    costs = rooms.costs
    fixed = np.flatnonzero(rooms.always)
    free = np.flatnonzero(~rooms.always)
    k = min(k, len(free))
    folded = reduce_costs(replace(costs, sites=np.arange(len(costs.sites))), fixed, free)
    easy = choose_sites(folded, k, dear=dear, best=best)
    chosen, flow = (
        swap_shared(rooms, easy.sites)
        if k
        else (easy.sites, assign_within_capacity(rooms, easy.sites))
    )
    if k and flow.price > easy.bound + TINY * max(1.0, abs(easy.bound)):
        other, found = swap_shared(rooms, fill_greedily(rooms, k))
        chosen, flow = (other, found) if found.price < flow.price else (chosen, flow)
    price = flow.price
    if k in (0, len(free)):  # more sites never cost more
        every = assign_within_capacity(rooms, free[:k])
        return SiteChoice(costs.sites[free[:k]], every.price, every.price)
    limit = min(price, best)
    dual = bound_shared(rooms, k, price, flow.pay, limit)
    bound = min(limit, max(easy.bound, round_up(costs, dual.value)))
    choice = SiteChoice(costs.sites[chosen], price, bound, dual)
    if limit - bound <= TINY * max(1.0, abs(limit)) or (any_below and price < best):
        return choice
    core = _shrink(
        rooms, replace(dual, worth=np.where(rooms.always, -np.inf, dual.worth)), k, limit
    )
    if len(core.costs.rows) > ENTRIES:
        return choice
    own, proven = solve_shared(core, k - int(core.always.sum() - rooms.always.sum()), limit, dear)
    if own is not None:
        sites = np.union1d(own, core.costs.sites[core.always])
        sites = np.setdiff1d(np.flatnonzero(np.isin(costs.sites, sites)), fixed)
        found = assign_within_capacity(rooms, sites)
        if found.price < price:
            choice = SiteChoice(costs.sites[sites], found.price, bound, dual)
    return replace(choice, bound=max(bound, min(proven, choice.price)))


def _shrink(rooms: CapacitatedCosts, dual: Any, k: int, limit: float) -> CapacitatedCosts:
    """Shrink to what the dual leaves open: some sites are open in any case now, others are gone."""
    opened, kept = fix_sites(dual, k, limit)
    always = rooms.always.copy()
    always[opened] = True
    stay = np.flatnonzero(always | np.isin(np.arange(len(always)), kept))
    core = reduce_costs(rooms.costs, np.zeros(0, np.int64), stay, is_roomy=False)
    place = np.searchsorted(rooms.costs.sites, core.sites)
    return CapacitatedCosts(core, rooms.rooms[place], always[place])


def solve_shared(
    rooms: CapacitatedCosts, k: int, best: float, dear: float
) -> tuple[Array | None, float]:
    """Choose at most k more sites at the least price by branch and bound; sites as numbers in the problem, and the bound."""
    costs = rooms.costs
    always = rooms.always
    n = len(costs.weights)
    m = len(costs.sites)
    entries = len(costs.rows)
    columns = costs.columns
    rows = costs.rows
    must = costs.beyond >= dear
    room = np.minimum(rooms.rooms, costs.weights.sum() + 1.0)
    free = np.flatnonzero(~always)
    slot = np.full(m, -1)
    slot[free] = np.arange(len(free))
    number = np.arange(entries)
    strong = np.flatnonzero(~always[columns])  # the entries of sites that may be closed
    s = len(strong)
    f = len(free)
    last = n + m + s
    matrix = csc_array(
        (
            np.concatenate(
                [
                    np.ones(2 * entries + s),
                    -room[free],
                    -np.minimum(costs.weights[rows[strong]], room[columns[strong]]),
                    np.ones(f),
                ]
            ),
            (
                np.concatenate(
                    [
                        rows,
                        n + columns,
                        n + m + np.arange(s),
                        n + free,
                        n + m + np.arange(s),
                        np.full(f, last),
                    ]
                ),
                np.concatenate(
                    [
                        number,
                        number,
                        strong,
                        entries + np.arange(f),
                        entries + slot[columns[strong]],
                        entries + np.arange(f),
                    ]
                ),
            ),
        ),
        shape=(last + 1, entries + f),
    )
    saved = costs.ways - np.where(must, 0.0, costs.beyond)[rows]
    infinite = highspy.kHighsInf
    low = np.concatenate(
        [np.where(must, costs.weights, -infinite), np.full(m + s, -infinite), [0.0]]
    )
    high = np.concatenate([costs.weights, np.where(always, room, 0.0), np.zeros(s), [float(k)]])
    whole = np.append(np.zeros(entries, bool), np.ones(f, bool))
    upper = np.append(np.full(entries, infinite), np.ones(f))
    model = open_programme(np.append(saved, np.zeros(f)), upper, whole, matrix, low, high)
    paid = costs.base + float((costs.weights * np.where(must, 0.0, costs.beyond)).sum())
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


def cover_shared(
    rooms: CapacitatedCosts, target: float, most: int | None = None
) -> tuple[Array | None, float]:
    """Find the fewest sites with which the price is at most ``target``; as :func:`cover_share`, for posts with so much room."""
    costs = rooms.costs
    slack = TINY * max(1.0, rooms.top)
    free = np.flatnonzero(~rooms.always)
    if assign_within_capacity(rooms, free).price > target + slack:
        return None, np.inf
    order = fill_greedily(rooms, len(free), target + slack)
    if assign_within_capacity(rooms, order).price > target + slack:
        order = free
    best = costs.sites[order]
    low = 0.0
    if most is not None and len(best) > most:
        best = np.append(
            best[:most], best[:1]
        )  # one more than asked, so that the first question is about ``most``
    while low < len(best):
        choice = choose_shared(rooms, len(best) - 1, best=target + 2 * slack, any_below=True)
        if choice.price <= target + slack:
            best = choice.sites
            continue
        if choice.bound > target + slack:
            low = float(len(best))
        elif choice.dual is not None:
            low = float(choice.dual.count_sites(costs, target + slack))
        break
    return (best if most is None or len(best) <= most else None), low
