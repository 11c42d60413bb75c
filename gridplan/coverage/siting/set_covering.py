"""Set covering: the fewest sites that leave at most so much weight uncovered.

Where nothing may be left, the classical reductions come first (a place covered
whenever another one is, a place with one site alone, a dominated
site), and connected components are solved one by one. Elsewhere the least k
is sought whose best choice is good enough; one dual bounds every k at once.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints
from gridplan.coverage.siting.best_sites import ENTRIES, choose_sites, improve_sites
from gridplan.coverage.siting.dual_bound import bound_costs
from gridplan.coverage.siting.greedy import add_greedily
from gridplan.coverage.siting.site_costs import (
    LARGEST,
    SitingCosts,
    price_sites,
    reduce_costs,
    take_rows,
)
from gridplan.engine.highs import open_cover, open_programme

NODES = 2_000


def cover_share(
    costs: SitingCosts, target: float, most: int | None = None
) -> tuple[Ints | None, float]:
    """Find the fewest sites, up to ``most``, whose price is at most ``target``.

    Returns the sites (numbers in the problem), None where there is no such
    choice at all or none within ``most`` was found, and the number that every
    choice needs at least (infinite where there is none).
    """
    slack = 1e-9 * max(1.0, abs(costs.base) + float((costs.weights * costs.beyond).sum()))
    order, prices = add_greedily(costs, len(costs.sites), target + slack)
    if prices[-1] > target + slack:
        return None, np.inf
    best = costs.sites[order]
    low = 0
    if len(order):
        # One dual bounds every number of sites at once.
        first = bound_costs(costs, min(len(order), len(costs.sites)), order)
        low = max(1, first.count_sites(costs, target + slack))
        best, low = _narrow(costs, order, low, target + slack)
    # One site fewer each time, until none is found or none can be.
    while low < len(best):
        k = len(best) - 1
        choice = choose_sites(costs, k, best=target + 2 * slack, any_below=True)
        if choice.price <= target + slack:
            best = choice.sites
            continue
        if choice.bound > target + slack:
            low = len(best)
        elif choice.dual is not None:
            low = max(low, choice.dual.count_sites(costs, target + slack))
        break
    return (best if most is None or len(best) <= most else None), float(low)


def _narrow(costs: SitingCosts, order: Ints, low: int, target: float) -> tuple[Ints, int]:
    """Narrow the number by bisection: swaps try to bring k sites down to the target price."""
    best = costs.sites[order]
    high = len(order)
    floor = low
    while floor < high:
        k = (floor + high) // 2
        chosen = improve_sites(costs, order[:k])
        if price_sites(costs, chosen) <= target:
            best = costs.sites[chosen]
            high = k
        else:
            floor = k + 1
    return best, low


def cover_whole(costs: SitingCosts, most: int | None = None) -> tuple[Ints | None, float]:
    """Find the fewest sites that cover every place; as :func:`cover_share` with nothing left."""
    if costs.base > 0:
        return None, np.inf
    opened, core = _reduce_cover(costs)
    parts = list(_split_components(core))
    sites = [opened]
    need = float(len(opened))
    needs = [_bound_cover(part) for part in parts]
    greedy = [part.sites[add_greedily(part, len(part.sites))[0]] for part in parts]
    # Bounds or greedy choices may already answer the question about ``most``.
    if most is not None and need + sum(needs) > most:
        return None, need + sum(needs)
    if most is not None and need + sum(len(chosen) for chosen in greedy) <= most:
        return np.sort(np.concatenate([opened, *greedy])), need + sum(needs)
    for part, least, known in zip(parts, needs, greedy, strict=True):
        best, low = (known, least) if len(known) <= least else _solve_part(part, known, least)
        sites.append(best)
        need += low
    cover_sites = np.sort(np.concatenate(sites))
    return (cover_sites if most is None or len(cover_sites) <= most else None), need


def _reduce_cover(costs: SitingCosts) -> tuple[Ints, SitingCosts]:
    """Drop implied places and open sites that a place has alone, until nothing changes."""
    opened = np.zeros(0, np.int64)
    while len(costs.weights):
        before = (len(costs.weights), len(costs.sites))
        # Covering the kept place covers the dropped one too.
        costs = take_rows(costs, _find_needed(costs))
        starts, near, _ = costs.by_place
        alone = np.unique(near[starts[:-1][np.diff(starts) == 1]])
        opened = np.append(opened, costs.sites[alone])
        costs = reduce_costs(costs, alone, np.setdiff1d(np.arange(len(costs.sites)), alone))
        if (len(costs.weights), len(costs.sites)) == before:
            break
    return opened, costs


def _find_needed(costs: SitingCosts) -> Ints:
    """Find the places whose sites are not all the sites of another place and more."""
    n = len(costs.weights)
    m = len(costs.sites)
    counts = np.diff(costs.indptr)
    # A site of c places makes c x c pairs; beyond the limit nothing is dropped.
    if float(counts @ counts) > LARGEST:
        return np.arange(n)
    starts, near, _ = costs.by_place
    holds = csr_array((np.ones(len(near), np.int32), near, starts), shape=(n, m))
    common = (holds @ holds.T).tocoo()
    i, j = common.coords
    size = np.diff(starts)
    return np.setdiff1d(np.arange(n), i[(common.data == size[j]) & (size[j] < size[i])])


def _split_components(costs: SitingCosts) -> Any:
    """Split the costs into connected components."""
    n = len(costs.weights)
    m = len(costs.sites)
    if not n:
        return
    graph = csr_array(
        (np.ones(len(costs.rows)), (costs.rows, n + costs.columns)), shape=(n + m, n + m)
    )
    count, label = connected_components(graph, directed=False)
    for part in range(count):
        yield take_rows(costs, np.flatnonzero(label[:n] == part))


def _make_cover_matrix(costs: SitingCosts) -> Any:
    # A row for each place, a column for each site: 1 where it covers the place.
    starts, near, _ = costs.by_place
    return csr_array(
        (np.ones(len(near)), near, starts), shape=(len(costs.weights), len(costs.sites))
    ).tocsc()


def _bound_cover(costs: SitingCosts) -> float:
    """Bound the number of sites by the linear relaxation."""
    n = len(costs.weights)
    m = len(costs.sites)
    low = np.ones(n)
    high = np.full(n, highspy.kHighsInf)
    model = open_programme(
        np.ones(m),
        np.full(m, highspy.kHighsInf),
        np.zeros(m, bool),
        _make_cover_matrix(costs),
        low,
        high,
    )
    # Interior point is quicker on large ones, where the basis is not needed.
    if len(costs.rows) > ENTRIES:
        model.setOptionValue("solver", "ipm")
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return 1.0
    # A number of sites is whole, less what the solver may be off.
    return float(np.ceil(float(model.getInfo().objective_function_value) - 1e-6))


def _solve_part(costs: SitingCosts, known: Ints, least: float) -> tuple[Ints, float]:
    """Find the fewest sites of one component: exactly where small, else the least k with swaps."""
    if len(costs.rows) > ENTRIES:
        best, low = cover_share(costs, costs.base)
        return (known if best is None or len(known) < len(best) else best), max(least, low)
    n = len(costs.weights)
    m = len(costs.sites)
    once = np.ones(n)
    many = np.full(n, highspy.kHighsInf)
    model = open_cover(np.ones(m), _make_cover_matrix(costs), once, many, NODES, 0.0)
    # Numbers of sites are whole, so a gap below 1 proves the optimum.
    model.setOptionValue("mip_abs_gap", 0.99)
    model.run()
    info = model.getInfo()
    bound = max(least, float(np.ceil(float(info.mip_dual_bound) - 1e-6)))
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        sites = costs.sites[np.flatnonzero(np.array(model.getSolution().col_value) > 0.5)]
        known = sites if len(sites) < len(known) else known
    return known, bound
