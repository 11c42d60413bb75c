"""Siting curve: households served against service points added, with a bound at every number."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.coverage.siting.capacitated_assignment import (
    add_within_capacity,
    assign_within_capacity,
    bound_shared,
)
from gridplan.coverage.siting.capacitated_siting import make_capacitated_costs
from gridplan.coverage.siting.dual_bound import DualSolution, bound_costs
from gridplan.coverage.siting.greedy import add_greedily
from gridplan.coverage.siting.location_problems import cover_most, level_ways
from gridplan.coverage.siting.site_costs import SitingCosts, build_costs
from gridplan.coverage.siting.siting_problem import EXACT, SitingProblem


def trace_siting(problem: SitingProblem, k_max: int, *, nested: bool = True) -> pd.DataFrame:
    """Trace households served against service points added, from none to ``k_max``.

    Nested: each row adds one service point to those of the row before
    (greedily), so the rows are an order of building. Otherwise each row is the
    best choice found for its number, and a service point of one row need not
    be in the next.

    Returns
    -------
    pandas.DataFrame
        By service points ``added``: ``site`` (the service point that a nested
        row adds, -1 where none), ``sites`` (all that are chosen), ``served``
        and ``bound`` (households; no choice of so many serves more), both as
        ``share`` and ``share_bound`` of all, ``nested`` and ``ended``
        (``optimal`` where served is the bound).

    Examples
    --------
    A street of five houses, 100 m apart, posts reach 100 m; the first post
    serves three, the second the other two:

    >>> from gridplan.coverage.siting.siting_problem import make_siting_problem
    >>> position = np.arange(5) * 100.0
    >>> far = abs(position[:, None] - position)
    >>> street = make_siting_problem(np.where(far <= 100, far, np.inf), np.ones(5))
    >>> trace_siting(street, 2)[["site", "served", "bound"]].to_numpy().tolist()
    [[-1.0, 0.0, 0.0], [1.0, 3.0, 3.0], [3.0, 5.0, 5.0]]
    """
    if nested:
        order, served, bound = (
            _trace_shared(problem, k_max)
            if problem.capacities is not None
            else _trace_costs(problem, k_max)
        )
        sites = [tuple(sorted(order[:k].tolist())) for k in range(k_max + 1)]
        # The first row adds none, nor do those after the last site that saves.
        added = np.append([-1], np.append(order, np.full(k_max - len(order), -1)))
    else:
        answers = [cover_most(problem, k) for k in range(k_max + 1)]
        sites = [tuple(answer.chosen.tolist()) for answer in answers]
        # More service points never serve fewer, even where the search missed it.
        served = np.maximum.accumulate([answer.objective for answer in answers])
        bound = np.array([answer.bound for answer in answers])
        added = np.full(k_max + 1, -1)
    # A bound may be off by rounding; it is never below what is reached.
    bound = np.maximum(served, np.minimum(bound, problem.total))
    whole = max(problem.total, 1e-300)
    proven = bound - served <= EXACT * whole
    return pd.DataFrame(
        {
            "site": added,
            "sites": sites,
            "served": served,
            "share": served / whole,
            "bound": np.where(proven, served, bound),
            "share_bound": np.where(proven, served, bound) / whole,
            "nested": nested,
            "ended": np.where(proven, "optimal", "bounded"),
        },
        index=pd.RangeIndex(k_max + 1, name="added"),
    )


def _choose_counts(count: int) -> list[int]:
    """Pick the numbers of service points at which a dual is sought, growing by half each time."""
    # 1.5**39 is above 7 million, beyond any number of service points.
    return sorted({min(count, round(1.5**step)) for step in range(40)}) if count else []


def _extend_values(values: Floats, k_max: int) -> Floats:
    """Go on with the last value where no more service points help."""
    return np.append(values, np.full(max(0, k_max + 1 - len(values)), values[-1]))[: k_max + 1]


def _bound_all(costs: SitingCosts, dual: DualSolution, k_max: int) -> Floats:
    """Bound the price for every number of service points by one dual."""
    paid = costs.base + float((costs.weights * dual.prices).sum()) - dual.open_worth
    # At given prices the k most worthy sites bound every choice of k.
    worth = np.sort(dual.worth)[::-1]
    return paid - _extend_values(np.concatenate([[0.0], np.cumsum(worth)]), k_max)


def _trace_costs(problem: SitingProblem, k_max: int) -> tuple[Ints, Floats, Floats]:
    costs = build_costs(
        level_ways(problem.ways), problem.weights, np.ones(len(problem.weights)), problem.fixed
    )
    order, prices = add_greedily(costs, k_max)
    bound = np.full(k_max + 1, costs.base)
    # Without any site there is only one choice, and its price is known.
    bound[0] = prices[0]
    # Each dual bounds all numbers, best near its own.
    for k in _choose_counts(len(order)):
        if k < len(costs.sites):
            bound = np.maximum(bound, _bound_all(costs, bound_costs(costs, k, order[:k]), k_max))
    return costs.sites[order], problem.total - _extend_values(prices, k_max), problem.total - bound


def _trace_shared(problem: SitingProblem, k_max: int) -> tuple[Ints, Floats, Floats]:
    assert problem.capacities is not None
    nobody = np.zeros(0, np.int64)
    costs = build_costs(
        level_ways(problem.ways),
        problem.weights,
        np.ones(len(problem.weights)),
        nobody,
        is_roomy=False,
    )
    capacitated = make_capacitated_costs(costs, problem.fixed, problem.capacities)
    order = add_within_capacity(capacitated, k_max)
    flows = [assign_within_capacity(capacitated, order[:k]) for k in range(len(order) + 1)]
    bound = np.full(
        k_max + 1, assign_within_capacity(capacitated, np.flatnonzero(~capacitated.always)).price
    )
    # Without any site there is only one choice, and its price is known.
    bound[0] = flows[0].price
    for k in _choose_counts(len(order)):
        bound = np.maximum(
            bound,
            _bound_all(costs, bound_shared(capacitated, k, flows[k].price, flows[k].pay), k_max),
        )
    return (
        costs.sites[order],
        problem.total - _extend_values(np.array([f.price for f in flows]), k_max),
        problem.total - bound,
    )
