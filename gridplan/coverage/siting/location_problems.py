"""Location problems: maximal covering, p-median, set covering and p-centre, with bounds."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from gridplan.arrays import Floats, Ints
from gridplan.coverage.siting.best_sites import SiteChoice, choose_sites
from gridplan.coverage.siting.capacitated_assignment import CapacitatedCosts, assign_within_capacity
from gridplan.coverage.siting.capacitated_siting import (
    choose_shared,
    cover_shared,
    make_capacitated_costs,
)
from gridplan.coverage.siting.set_covering import cover_share, cover_whole
from gridplan.coverage.siting.site_costs import build_costs, list_costs
from gridplan.coverage.siting.siting_problem import EXACT, Siting, SitingProblem, assign_nearest

# households; where places are shared in fractions, less than this may be left out
FRACTION = 0.01


def cover_most(problem: SitingProblem, k: int) -> Siting:
    """Find the k more service points that serve the most households (maximal covering location).

    The objective is households served, by fixed service points and new ones;
    fewer than k are chosen where more would serve no one else.

    Examples
    --------
    A street of five houses, 100 m apart; whoever has a post within 100 m is
    served. Two posts serve all, one serves three:

    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> position = np.arange(5) * 100.0
    >>> far = abs(position[:, None] - position)
    >>> street = make_siting_problem(np.where(far <= 100, far, np.inf), np.ones(5))
    >>> [cover_most(street, k).objective for k in (1, 2, 0)]
    [3.0, 5.0, 0.0]
    """
    choice = _choose(problem, level_ways(problem.ways), np.ones(len(problem.weights)), k)
    served = problem.total - np.array([choice.price, choice.bound])
    return _make_answer(problem, choice.sites, served[0], served[1])


def p_median(problem: SitingProblem, k: int, beyond: float = np.inf) -> Siting:
    """Find the k more service points to which all households together walk least (p-median).

    Parameters
    ----------
    problem
        Places and sites.
    k
        Service points to add at most.
    beyond
        Metres (or minutes) that count for a household that no service point
        serves; infinite where all have to be served, which may be impossible.

    Examples
    --------
    Of three houses in a row the middle one is the median, 100 m from each of
    the others:

    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> far = abs(np.arange(3)[:, None] - np.arange(3)) * 100.0
    >>> answer = p_median(make_siting_problem(far, np.ones(3)), 1)
    >>> answer.chosen.tolist(), answer.objective, answer.ended
    ([1], 200.0, 'optimal')
    """
    if np.isfinite(beyond):
        choice = _choose(problem, problem.ways, np.full(len(problem.weights), beyond), k)
        return _make_answer(problem, choice.sites, choice.price, choice.bound, beyond)
    # All households at the longest way: no choice that serves everybody costs more.
    longest = problem.total * float(problem.ways.data.max(initial=0.0))
    # To leave anyone out costs more than all together can walk.
    dear = (longest + 1.0) / _find_unit(problem)
    choice = _choose(problem, problem.ways, np.full(len(problem.weights), dear), k, dear)
    price, bound = (
        np.inf if value > longest + 0.5 else value for value in (choice.price, choice.bound)
    )
    return _make_answer(problem, choice.sites, price, bound)


def cover_all(problem: SitingProblem, share: float = 1.0) -> Siting:
    """Find the fewest more service points that serve a share of all households (set covering).

    The objective is the number of service points added.

    Examples
    --------
    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> position = np.arange(5) * 100.0
    >>> far = abs(position[:, None] - position)
    >>> street = make_siting_problem(np.where(far <= 100, far, np.inf), np.ones(5))
    >>> cover_all(street).objective, cover_all(street, 0.6).objective
    (2.0, 1.0)
    """
    sites, need = _cover(problem, share, None)
    return _make_answer(problem, sites, np.inf if sites is None else float(len(sites)), need)


def p_centre(problem: SitingProblem, k: int) -> Siting:
    """Find the k more service points for which the longest way is shortest (p-centre).

    The objective is the longest way of any household, in metres or minutes;
    infinite where k service points cannot reach everybody.

    Examples
    --------
    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> far = abs(np.arange(5)[:, None] - np.arange(5)) * 100.0
    >>> street = make_siting_problem(far, np.ones(5))
    >>> p_centre(street, 1).objective, p_centre(street, 2).objective
    (200.0, 100.0)
    """
    rows = np.repeat(np.arange(len(problem.weights)), np.diff(problem.ways.indptr))
    radii = np.unique(problem.ways.data[problem.weights[rows] > 0])
    if not len(radii):
        value = 0.0 if problem.total == 0 else np.inf
        return _make_answer(problem, np.zeros(0, np.int64), value, value)
    # no radius below number ``low`` will do
    best = None
    low = 0
    high = len(radii)
    # First for an answer, then, of what was left undecided, for the proof.
    for is_sure in (False, True):
        bottom = low
        top = high
        # Bisection over the ways: does some radius let k service points reach everybody?
        while bottom < top:
            middle = (bottom + top) // 2
            sites, need = _cover(_keep_within(problem, float(radii[middle])), 1.0, k)
            if sites is not None:
                best = sites
                high = middle
                top = middle
            # Proven too short, whatever service points are chosen.
            elif need > k:
                low = bottom = middle + 1
            # Undecided: a longer radius would not settle this one.
            elif is_sure:
                top = middle
            else:
                bottom = middle + 1
        if low >= high:
            break
    objective = float(radii[high]) if best is not None else np.inf
    return _make_answer(problem, best, objective, float(radii[low]) if low < len(radii) else np.inf)


def _find_unit(problem: SitingProblem) -> float:
    """Find the fewest households that can be left out, if any are."""
    if problem.capacities is None:
        return (
            float(problem.weights[problem.weights > 0].min(initial=np.inf))
            if problem.total
            else 1.0
        )
    amounts = np.append(problem.weights, problem.capacities[np.isfinite(problem.capacities)])
    return 1.0 if (amounts == np.rint(amounts)).all() else FRACTION


def _keep_within(problem: SitingProblem, radius: float) -> SitingProblem:
    """Take the ways no longer than a radius alone."""
    ways = problem.ways
    keep = ways.data <= radius
    rows = np.repeat(np.arange(ways.shape[0]), np.diff(ways.indptr))[keep]
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=ways.shape[0]))])
    near = csr_array((ways.data[keep], ways.indices[keep], starts), shape=ways.shape)
    return SitingProblem(near, problem.weights, problem.fixed, problem.capacities)


def level_ways(ways: csr_array) -> csr_array:
    """Level all ways: in reach or not."""
    return csr_array((np.zeros(ways.nnz), ways.indices, ways.indptr), shape=ways.shape)


def _choose(
    problem: SitingProblem, ways: csr_array, beyond: Floats, k: int, dear: float = np.inf
) -> SiteChoice:
    """Choose sites with or without capacities."""
    if problem.capacities is None:
        return choose_sites(build_costs(ways, problem.weights, beyond, problem.fixed), k, dear=dear)
    costs = build_costs(ways, problem.weights, beyond, np.zeros(0, np.int64), is_roomy=False)
    return choose_shared(
        make_capacitated_costs(costs, problem.fixed, problem.capacities), k, dear=dear
    )


def _cover(problem: SitingProblem, share: float, most: int | None) -> tuple[Ints | None, float]:
    """Find the fewest sites for a share of the households, and how many are needed at least."""
    uncovered = (1.0 - share) * problem.total
    # Rounding in the share must not let a household be left out.
    uncovered = 0.0 if uncovered <= EXACT * problem.total else uncovered
    ways = level_ways(problem.ways)
    beyond = np.ones(len(problem.weights))
    if problem.capacities is not None:
        costs = build_costs(ways, problem.weights, beyond, np.zeros(0, np.int64), is_roomy=False)
        return cover_shared(
            make_capacitated_costs(costs, problem.fixed, problem.capacities), uncovered, most
        )
    costs = build_costs(ways, problem.weights, beyond, problem.fixed)
    return cover_share(costs, uncovered, most) if uncovered else cover_whole(costs, most)


def _make_answer(
    problem: SitingProblem,
    sites: Ints | None,
    objective: float,
    bound: float,
    beyond: float = np.inf,
) -> Siting:
    """Put an answer together: who goes where, and whether it is proven."""
    chosen = np.zeros(0, np.int64) if sites is None else sites
    if problem.capacities is None:
        assignment = assign_nearest(problem, chosen, beyond)
    else:  # as many as there is room for, by the shortest ways
        longest = float(problem.ways.data.max(initial=0.0))
        # Dearer than any chain of longer ways, so the number served comes before minutes.
        far = min(beyond, (len(problem.fixed) + len(chosen) + 1) * longest + 1.0)
        costs = list_costs(problem.ways, problem.weights, np.full(len(problem.weights), far))
        always = np.isin(costs.sites, problem.fixed)
        assignment = assign_within_capacity(
            CapacitatedCosts(costs, problem.capacities, always), chosen
        ).flow
    if not np.isfinite(objective):
        return Siting(
            chosen, assignment, objective, bound, "bounded" if np.isfinite(bound) else "impossible"
        )
    # The solver works in floating point: within its tolerance, equal is proven.
    is_proven = abs(objective - bound) <= EXACT * max(1.0, abs(objective))
    return Siting(
        chosen,
        assignment,
        float(objective),
        float(objective if is_proven else bound),
        "optimal" if is_proven else "bounded",
    )
