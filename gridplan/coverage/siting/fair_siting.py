"""Fair siting: the worst-off community served best, or a site in each community first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.coverage.allocation import serve_households
from gridplan.coverage.siting.fair_programme import ENTRIES, MergedRows, Programme, merge_rows
from gridplan.coverage.siting.location_problems import cover_most
from gridplan.coverage.siting.siting_problem import Siting, SitingProblem, assign_nearest

TRIALS = 2_000  # choices looked at where branch and bound would take too long
TINY = 1e-6  # of a share, which counts as equal


def serve_worst(problem: SitingProblem, group: Ints, k: int) -> Siting:
    """Find k more sites for which the community served least has the largest share.

    Of choices that are as good for it, the one with the largest sum of the
    shares of all communities is taken, so that a small community counts as
    much as a large one. Where k sites cannot serve every community, choices
    that leave fewer of them without anything come first. Communities that no
    site can serve are left out.

    Parameters
    ----------
    problem
        Places and sites.
    group
        int64[n], the community of each place (-1: none).
    k
        Sites to add at most.

    Returns
    -------
    The objective is the least share of any community.

    Examples
    --------
    Two places of 10 and one of 4 in another community; one site is near both
    of the first, the other near the third alone. One more site serves most at
    the first, two sites leave nobody out:

    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> far = np.inf
    >>> ways = [[1, far, 1], [1, far, 2], [far, 1, far]]
    >>> problem = make_siting_problem(ways, [10, 10, 4])
    >>> answer = serve_worst(problem, np.array([0, 0, 1]), 2)
    >>> answer.chosen.tolist(), answer.objective, answer.ended
    ([0, 1], 1.0, 'optimal')
    """
    rows = merge_rows(problem, group)
    free = np.setdiff1d(np.unique(rows.site), problem.fixed)
    totals = _add_up(problem, group)
    if not len(rows.weight):
        return _make_fair(problem, np.zeros(0, np.int64), 1.0, 1.0)
    able = np.unique(rows.group)
    most = cover_most(problem, k)
    # shares lie round their mean, so the least is no more than the most served of all
    best = min(_bound_shares(rows, totals), most.bound / float(totals[able].sum()))

    def rank(sites: Ints, exact: bool = False) -> tuple[float, float, float]:
        share = _share(problem, group, sites, totals, exact)[able]
        served = float((share > 0).sum())
        return round(float(share.min()), 9), served, round(float(share.sum()), 9)

    if k == 0 or len(rows.row) > ENTRIES:
        chosen = _add_for_worst(problem, group, free, min(k, len(free)))
        swapped = [_swap_better(start, free, rank) for start in (chosen, most.chosen)]
        chosen = max([*swapped, most.chosen], key=lambda sites: rank(sites, exact=True))
        worst = rank(chosen, exact=True)[0]
        return _make_fair(problem, chosen, worst, worst if k == 0 else best)
    programme = Programme(problem, rows, free, np.full(problem.ways.shape[1], -1), totals)
    sites, least, bound = _solve_worst(programme, k)
    if sites is None:
        return _make_fair(problem, most.chosen, rank(most.chosen, exact=True)[0], best)
    if least <= TINY:
        # somebody gets nothing whatever is chosen: then as few communities as can be found
        other = _swap_better(sites, free, rank)
        sites = other if rank(other, exact=True) > rank(sites, exact=True) else sites
    return _make_fair(problem, sites, least, min(bound, best))


def _solve_worst(programme: Programme, k: int) -> tuple[Ints | None, float, float]:
    """Solve for the least share, then for the sum of all shares that keeps it.

    Returns the sites (None where none were found), the least share and its
    bound.
    """
    f = len(programme.free)
    width = f + programme.flows + 1 + len(programme.totals)
    gain = np.zeros(width)
    gain[f + programme.flows] = 1.0
    nobody = np.zeros(0, np.int64)
    sites, least, bound = programme.solve(k, gain, 0.0, nobody, 0)
    if sites is None:
        return None, least, bound
    # second: as much as possible for all communities, each counting alike
    gain = np.zeros(width)
    gain[f : f + programme.flows] = programme.served / programme.totals[programme.flow_groups]
    second = programme.solve(k, gain, max(0.0, least - TINY), nobody, 0)[0]
    return sites if second is None else second, least, bound


def place_in_each(problem: SitingProblem, group: Ints, site_group: Ints, k: int) -> Siting:
    """Find k more sites that serve most, of those that first give each community a site.

    A community that has a site already needs none; where k is less than the
    others, each new site stands in one of these.

    Parameters
    ----------
    problem
        Places and sites.
    group, site_group
        int64[n] and int64[m], the communities of places and sites (-1: none).
    k
        Sites to add at most.

    Returns
    -------
    The objective is the demand that is served.

    Examples
    --------
    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> far = np.inf
    >>> ways = [[1, far, far], [far, 1, far], [far, far, 1]]
    >>> problem = make_siting_problem(ways, [10, 9, 4])
    >>> cover_most(problem, 2).chosen.tolist()
    [0, 1]
    >>> place_in_each(problem, np.array([0, 0, 1]), np.array([0, 0, 1]), 2).chosen.tolist()
    [0, 2]
    """
    free = np.setdiff1d(np.arange(problem.ways.shape[1]), problem.fixed)
    wanting = np.unique(group[(problem.weights > 0) & (group >= 0)])
    bare = np.setdiff1d(wanting, site_group[problem.fixed])
    bare = np.intersect1d(bare, site_group[free])
    in_each = min(k, len(bare))
    most = cover_most(problem, k)
    if in_each == 0:
        return most
    rows = merge_rows(problem, group)
    totals = _add_up(problem, group)
    if len(rows.row) <= ENTRIES:
        programme = Programme(problem, rows, free, site_group, totals)
        gain = np.zeros(len(free) + programme.flows + 1 + len(totals))
        gain[len(free) : len(free) + programme.flows] = programme.served
        sites, served, bound = programme.solve(k, gain, 0.0, bare, in_each)
        if sites is not None:
            return _make_served(problem, sites, served, min(bound, most.bound))

    def rank(sites: Ints) -> tuple[float, float]:
        reached = len(np.intersect1d(bare, site_group[sites]))
        return float(min(reached, in_each)), float(
            _serve_greedily(problem, np.union1d(problem.fixed, sites)).sum()
        )

    chosen = _swap_better(_add_in_each(problem, site_group, free, bare, k), free, rank)
    served = float(_serve_exactly(problem, np.union1d(problem.fixed, chosen)).sum())
    # fewer choices are allowed, so no more than without the condition can be served
    return _make_served(problem, chosen, served, most.bound)


def _make_fair(problem: SitingProblem, chosen: Ints, worst: float, bound: float) -> Siting:
    ended = "optimal" if bound - worst <= TINY else "bounded"
    bound = worst if ended == "optimal" else bound
    return Siting(np.sort(chosen), assign_nearest(problem, chosen), worst, bound, ended)


def _make_served(problem: SitingProblem, chosen: Ints, served: float, bound: float) -> Siting:
    answer = _make_fair(problem, chosen, served / problem.total, bound / problem.total)
    bound = served if answer.ended == "optimal" else bound
    return replace(answer, objective=served, bound=bound)


def _add_up(problem: SitingProblem, group: Ints) -> Floats:
    kept = group >= 0
    size = int(group.max(initial=-1)) + 1
    return np.bincount(group[kept], problem.weights[kept], minlength=size).astype(float)


def _bound_shares(rows: MergedRows, totals: Floats) -> float:
    """Bound the least share: no community gets more than all of its sites together could give."""
    reach = np.bincount(rows.group, rows.weight, minlength=len(totals))
    return float((reach / np.where(totals > 0, totals, 1.0))[np.unique(rows.group)].min())


def _share(
    problem: SitingProblem, group: Ints, chosen: Ints, totals: Floats, exact: bool
) -> Floats:
    serve = _serve_exactly if exact else _serve_greedily
    served = serve(problem, np.union1d(problem.fixed, chosen))
    kept = group >= 0
    sums = np.bincount(group[kept], served[kept], minlength=len(totals))
    return np.asarray(sums / np.where(totals > 0, totals, 1.0))


def _swap_better(start: Ints, free: Ints, rank: Callable[[Ints], tuple[float, ...]]) -> Ints:
    """Swap one chosen site for another while that ranks higher, for so many trials at most."""
    chosen = np.sort(start)
    best = rank(chosen)
    trials = 0
    improved = True
    while improved and trials < TRIALS:
        improved = False
        for site in chosen.tolist():
            others = np.setdiff1d(free, chosen)
            for other in others.tolist():
                trials += 1
                swapped = np.sort(np.append(chosen[chosen != site], other))
                value = rank(swapped)
                if value > best:
                    chosen, best, improved = swapped, value, True
                    break
                if trials >= TRIALS:
                    return chosen
            if improved:
                break
    return chosen


def _serve_exactly(problem: SitingProblem, sites: Ints) -> Floats:
    """Serve as many as the sites have room for, as reach does: float64[n]."""
    rows = np.repeat(np.arange(len(problem.weights)), np.diff(problem.ways.indptr))
    there = np.isin(problem.ways.indices, sites)
    room = problem.capacities
    room = np.full(problem.ways.shape[1], np.inf) if room is None else room
    post = problem.ways.indices[there].astype(np.int64)
    minutes = problem.ways.data[there]
    weight = problem.weights.astype(np.int64)
    return serve_households(rows[there], post, minutes, weight, room)[0].astype(float)


def _serve_greedily(problem: SitingProblem, sites: Ints) -> Floats:
    """Serve places site by site, the nearest first, while there is room: float64[n]."""
    served = np.zeros(len(problem.weights))
    columns = problem.ways.tocsc()
    for site in sites:
        served += _fill_site(problem, columns, int(site), problem.weights - served)
    return served


def _fill_site(problem: SitingProblem, columns: Any, site: int, waiting: Floats) -> Floats:
    """Fill one site with those waiting in its reach, the nearest first: float64[n]."""
    reach = slice(columns.indptr[site], columns.indptr[site + 1])
    near = columns.indices[reach]
    near = near[np.argsort(columns.data[reach], kind="stable")]
    room = np.inf if problem.capacities is None else float(problem.capacities[site])
    before = np.cumsum(waiting[near]) - waiting[near]
    taken = np.zeros(len(waiting))
    taken[near] = np.clip(room - before, 0.0, waiting[near])
    return taken


def _add_for_worst(problem: SitingProblem, group: Ints, free: Ints, k: int) -> Ints:
    """Add sites one by one, each the best for the community that is served least."""
    columns = problem.ways.tocsc()
    totals = _add_up(problem, group)
    served = _serve_greedily(problem, problem.fixed)
    kept = group >= 0
    chosen: list[int] = []
    for _ in range(k):
        sums = np.bincount(group[kept], served[kept], minlength=len(totals))
        shares = sums / np.where(totals > 0, totals, 1.0)
        site = -1
        for worst in np.argsort(shares, kind="stable"):
            wanting = np.where(group == worst, problem.weights - served, 0.0)
            if wanting.sum() <= 0:
                continue
            gains = _sum_near(columns, free, wanting)
            gains[np.isin(free, chosen)] = 0.0
            if gains.max(initial=0.0) > 0:
                site = int(free[int(np.argmax(gains))])
                break
        if site < 0:
            break
        chosen.append(site)
        served += _fill_site(problem, columns, site, problem.weights - served)
    return np.array(sorted(chosen), np.int64)


def _sum_near(columns: Any, sites: Ints, amount: Floats) -> Floats:
    """Sum an amount of places over those in reach of each site."""
    indptr = columns.indptr
    running = np.concatenate([[0.0], np.cumsum(amount[columns.indices])])
    return np.asarray(running[indptr[sites + 1]] - running[indptr[sites]])


def _add_in_each(problem: SitingProblem, site_group: Ints, free: Ints, bare: Ints, k: int) -> Ints:
    """Add a site in each community without one, the best first; then those that serve most."""
    columns = problem.ways.tocsc()
    served = _serve_greedily(problem, problem.fixed)
    waiting_groups = set(bare.tolist())
    room = np.full(len(free), np.inf)
    if problem.capacities is not None:
        room = problem.capacities[free]
    chosen: list[int] = []
    while len(chosen) < min(k, len(free)):
        gains = np.minimum(room, _sum_near(columns, free, problem.weights - served))
        allowed = ~np.isin(free, chosen)
        if waiting_groups:
            allowed &= np.isin(site_group[free], sorted(waiting_groups))
        gains = np.where(allowed, gains, -1.0)
        best = int(np.argmax(gains))
        if gains[best] < 0 or (gains[best] == 0 and not waiting_groups):
            break
        chosen.append(int(free[best]))
        waiting_groups.discard(int(site_group[free[best]]))
        served += _fill_site(problem, columns, chosen[-1], problem.weights - served)
    return np.array(sorted(chosen), np.int64)
