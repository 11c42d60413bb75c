"""Lagrangian lower bound on the price of every division of a community into k parts.

Where all contiguous parts can be listed, set partitioning by them is the bound,
in the end with nothing between it and the best division. Elsewhere the rule
that each atom is in exactly one part is relaxed and priced by multipliers.
What remains is, for every atom as centre, the cheapest connected part round it
(:mod:`gridplan.division.pricing`). The k cheapest centres and the multipliers
together are a lower bound whatever the multipliers are (Geoffrion 1974);
subgradient steps, then a trust region, raise it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.column_pool import Columns
from gridplan.division.enumeration import list_parts, price_parts
from gridplan.division.exchange_kernels import DivisionArrays, walk_between
from gridplan.division.pricing import evaluate, make_pricing_workspace
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state
from gridplan.division.set_partitioning import solve_set_partitioning
from gridplan.division.trust_region import raise_bound

FIRST_STEPS = 40  # subgradient steps before the trust region
WORK = 100_000  # entries of the integer problem of the proof
DEFLECTION = 0.7  # share of the last direction that a subgradient step keeps


@dataclass(frozen=True)
class LowerBound:
    """A proven lower bound on the price of any division of a problem into k parts within the band.

    Parameters
    ----------
    value
        Household-metres.
    columns
        Parts met on the way, from which a better division may be chosen.
    """

    value: float
    columns: Columns


def find_bound(
    problem: DivisionProblem,
    part: Ints,
    price: float,
    steps: int = 100,
    listed: int = 2_000_000,
    nodes: int = 200,
    most: int = 2_000,
) -> LowerBound:
    """Find a lower bound on the price of every division into as many parts as ``part`` has.

    All parts are within the band.

    Parameters
    ----------
    problem
        The atoms, connected.
    part
        int[n], a division, from whose walks the multipliers start.
    price
        The price of that division, in household-metres; the target of the
        steps.
    steps
        Steps of the trust region; the bound never falls with more.
    listed
        The most parts to list; where there are no more, the best cover by all
        of them gives the bound.
    nodes
        Branch-and-bound nodes of that cover.
    most
        Knapsacks for the cheapest part round a centre, where parts are not
        listed.

    Notes
    -----
    Camerini, P. M., Fratta, L., Maffioli, F. (1975). On improving relaxation
    methods by modified gradient techniques. Mathematical Programming Study 3.
    """
    k = int(part.max()) + 1
    data = problem.to_data()
    # With every part listed the linear and integer problems settle it.
    parts = list_parts(data, listed)
    if parts is not None:
        cover = solve_set_partitioning(
            parts, len(problem), k, price * (1 + 1e-9) + 1e-6, nodes=nodes, work=WORK
        )
        if cover.bound < np.inf:
            return LowerBound(min(cover.bound, price), parts)
    # The knapsack's table needs groups that nest.
    nested = _nest(data)
    if k == 1:
        return LowerBound(
            price,
            (np.array([price]), np.array([0, len(part)]), np.arange(len(part), dtype=np.int32)),
        )
    # Cheap steps far from the optimum, costly ones close to it.
    worth = _ascend(nested, _start_multipliers(problem, part, price), price, k)
    order = np.argsort(part, kind="stable").astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=k))])
    raised = raise_bound(
        data, nested, (price_parts(data, starts, order), starts, order), k, worth, steps, most
    )
    return LowerBound(raised.value, raised.columns)


def _ascend(data: DivisionArrays, u: Floats, price: float, k: int) -> Floats:
    """Raise the bound by deflected subgradient steps without contiguity; returns multipliers."""
    workspace = make_pricing_workspace(data)
    best = -np.inf
    best_u = u
    step = 1.0
    failures = 0
    direction = np.zeros(len(u))
    for _ in range(FIRST_STEPS):
        value, count = evaluate(data, workspace, u, k, 1)
        if value > best:
            best = value
            best_u = u
            failures = 0
        else:
            failures += 1
            # Back to the best multipliers with half the step, as the bound stalls.
            if failures >= 8:
                step = step / 2
                failures = 0
                u = best_u
                direction = 0 * direction
                continue
        # Atoms held too seldom become dearer; part of the old direction damps zigzag.
        direction = 1.0 - count + DEFLECTION * direction
        norm = float(direction @ direction)
        if norm == 0.0:
            break
        # Polyak's step length, with the known price as the value to reach.
        u = u + step * max(price - value, 1e-6 * price) / norm * direction
    return best_u


def _start_multipliers(problem: DivisionProblem, part: Ints, price: float) -> Floats:
    """Start from what each atom costs in a division: its walk, and a share of all other prices."""
    k = int(part.max()) + 1
    state = open_state(problem.to_data(), part.astype(np.int32), k)
    # The atom of the least sum, to which the price walks; see centres.py.
    first = np.full(k, np.inf)
    np.minimum.at(first, part, state.sums)
    centre = np.full(k, -1)
    # The first of equally good centres, so that the start is always the same.
    hit = np.flatnonzero(state.sums <= first[part] + 1e-9)[::-1]
    centre[part[hit]] = hit
    data = problem.to_data()
    centre_walk = np.array([walk_between(data, i, centre[p]) for i, p in enumerate(part)])
    walk = problem.pull * centre_walk
    rest = (price - walk.sum()) / problem.households
    # An atom is worth more than its own walk: the part's mean share of the
    # detour that leaving it out would save.
    return np.asarray(walk + (rest + walk.sum() / problem.households) * problem.weights)


def _nest(data: DivisionArrays) -> DivisionArrays:
    """Keep the levels of groups that nest, widest first; without the others it stays a bound."""
    # From fine to coarse by the number of groups.
    order = np.argsort(
        [len(np.unique(data.groups[:, g])) for g in range(data.groups.shape[1])], kind="stable"
    )
    kept: list[int] = []
    for g in order[::-1]:
        inner = data.groups[:, kept[-1]] if kept else None
        # A level nests if each group of the finer one lies within one of it.
        pairs = (
            None
            if inner is None
            else np.unique(np.column_stack([inner, data.groups[:, g]]), axis=0)
        )
        if pairs is None or len(pairs) == len(np.unique(pairs[:, 0])):
            kept.append(int(g))
    kept = kept[::-1]
    return data._replace(
        groups=np.ascontiguousarray(data.groups[:, kept]),
        prices=np.ascontiguousarray(data.prices[kept]),
    )
