"""Flow: sources shared among communities at the least price, proven over all links.

Each source gives between its least and its most, at most so much to any one
community. Each community takes its flow in steps of rising price, so that the
first (a duty) is worth much and the last (a crowd) costs. That is a
minimum-cost flow with convex prices: its linear programme has whole numbers at
its corners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

from gridplan.arrays import Bools, Floats, Ints

# Enough that few rounds are needed, few enough that the first programme is small.
NEAREST = 8  # communities that each source is first offered, and sources that each community is
BLOCK = 4_000_000  # distances held at once
# further communities that each source is offered in a round at the most, the
# most worth first
OFFERED = 16
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class FlowProblem:
    """Sources and communities to be joined.

    Parameters
    ----------
    sources, targets
        float64[n, 2] and float64[m, 2], positions in metres. A link costs its
        length, rounded to a metre.
    least, most, each
        int64[n], what a source gives at least and at most in all, and to any
        one community.
    steps
        int64[k, 3], community, size and price (whole metres for each unit) of
        each step, prices rising within a community.
    bonus
        float64[b, 3], source, community and whole metres taken off the length
        of that link: pairs that exist already.
    farthest
        Longest link allowed in metres; infinite for any.
    """

    sources: Floats
    targets: Floats
    least: Ints
    most: Ints
    each: Ints
    steps: Ints
    bonus: Floats
    farthest: float = np.inf


@dataclass(frozen=True, eq=False)
class Flow:
    """What was found.

    ``links`` is int64[l, 3] (source, community, amount), ``metres`` their
    lengths together; ``price`` is what the programme counts and ``bound`` what
    it counts at least; ``columns`` are the links that were looked at in
    ``rounds``.
    """

    links: Ints
    metres: float
    price: float
    bound: float
    columns: int
    rounds: int

    @property
    def gap(self) -> float:
        """How far the price can be from the least, as a share of the metres; 0 if proven.

        All prices are whole metres, so a bound less than a metre below the
        price is a proof.
        """
        apart = self.price - self.bound
        return 0.0 if apart < 1.0 - TINY else apart / max(1.0, self.metres)


def solve_flow(problem: FlowProblem) -> Flow:
    """Find the cheapest flow.

    The programme begins with the nearest links only. Its dual prices then
    judge every link that there is: of those that would lower the price the
    best are added, until there are none. The last prices are a certificate:
    the bound is computed from them over all links, apart from the solver.
    Links are finite and only ever added, so the rounds end.

    Examples
    --------
    Two sources of one each, two communities that each want one; the far one is
    not left alone:

    >>> places = np.array([[0.0, 0.0], [10.0, 0.0]])
    >>> wishes = np.array([[0, 1, -1000], [0, 9, 0], [1, 1, -1000], [1, 9, 0]])
    >>> one = np.ones(2, np.int64)
    >>> near = places + [0.0, 3.0]
    >>> flow = solve_flow(FlowProblem(places, near, one, one, one, wishes, np.zeros((0, 3))))
    >>> flow.links.tolist(), flow.price, flow.gap
    ([[0, 0, 1], [1, 1, 1]], -1994.0, 0.0)
    """
    i, j = _start_columns(problem)
    rounds = 0
    while True:
        rounds += 1
        cost = _price_links(problem, i, j)
        flow, steps, price, duals = _solve_columns(problem, i, j, cost)
        new, bound = _judge_links(problem, i, j, duals)
        if not len(new[0]):
            break
        # Links are only added: there are finitely many, so the rounds end.
        i = np.concatenate([i, new[0]])
        j = np.concatenate([j, new[1]])
    # Corners of the programme are whole; only the solver's rounding is taken off.
    whole = np.rint(flow).astype(np.int64)
    used = np.flatnonzero(whole > 0)
    # By source and community, so that the table does not depend on the rounds.
    order = used[np.lexsort((j[used], i[used]))]
    links = np.column_stack([i[order], j[order], whole[order]])
    # Counted again from whole numbers, so that the proof compares exact metres.
    price = float(cost @ whole + problem.steps[:, 2] @ np.rint(steps))
    apart = problem.sources[links[:, 0]] - problem.targets[links[:, 1]]
    metres = float(np.rint(np.hypot(apart[:, 0], apart[:, 1])) @ links[:, 2])
    return Flow(links, metres, price, bound, len(i), rounds)


def _price_links(problem: FlowProblem, i: Ints, j: Ints) -> Floats:
    """Price links: whole metres, less the bonus."""
    step = problem.sources[i] - problem.targets[j]
    cost = np.rint(np.hypot(step[:, 0], step[:, 1]))
    if len(problem.bonus):
        m = len(problem.targets)
        # A link as one number, looked up by bisection.
        keys = problem.bonus[:, 0].astype(np.int64) * m + problem.bonus[:, 1].astype(np.int64)
        order = np.argsort(keys)
        # Past the last key is clipped onto it, and fails the comparison below.
        position = np.searchsorted(keys[order], i * m + j).clip(max=len(keys) - 1)
        hit = keys[order][position] == i * m + j
        cost = cost - np.where(hit, problem.bonus[order, 2][position], 0.0)
    return np.asarray(cost)


def _is_in_reach(problem: FlowProblem, i: Ints, j: Ints) -> Bools:
    step = problem.sources[i] - problem.targets[j]
    return np.asarray(np.hypot(step[:, 0], step[:, 1]) <= problem.farthest)


def _start_columns(problem: FlowProblem) -> tuple[Ints, Ints]:
    """Start with the nearest of each source and community, and the existing pairs."""
    n = len(problem.sources)
    m = len(problem.targets)
    # Both ways, so that no community begins without a link either.
    near = np.atleast_2d(
        cKDTree(problem.targets).query(problem.sources, k=min(NEAREST, m))[1]
    ).reshape(n, -1)
    back = np.atleast_2d(
        cKDTree(problem.sources).query(problem.targets, k=min(NEAREST, n))[1]
    ).reshape(m, -1)
    i = np.concatenate(
        [np.repeat(np.arange(n), near.shape[1]), back.ravel(), problem.bonus[:, 0].astype(np.int64)]
    )
    j = np.concatenate(
        [near.ravel(), np.repeat(np.arange(m), back.shape[1]), problem.bonus[:, 1].astype(np.int64)]
    )
    # The same link from both sides counts once.
    key = np.unique(i * m + j)
    i = key // m
    j = key % m
    # What is too far, or has nothing to give, would only be a zero column.
    fits = _is_in_reach(problem, i, j) & (problem.most[i] > 0) & (problem.each[i] > 0)
    return i[fits], j[fits]


def _solve_columns(
    problem: FlowProblem, i: Ints, j: Ints, cost: Floats
) -> tuple[Floats, Floats, float, Floats]:
    """Solve the programme on some links: what sources give and communities take balances."""
    n = len(problem.sources)
    m = len(problem.targets)
    c = len(i)
    k = len(problem.steps)
    # A row for each source (links = given) and each community (links = taken).
    rows = np.concatenate([i, np.arange(n), n + j, n + problem.steps[:, 0]])
    columns = np.concatenate([np.arange(c), c + np.arange(n), np.arange(c), c + n + np.arange(k)])
    values = np.concatenate([np.ones(c), -np.ones(n), np.ones(c), -np.ones(k)])
    matrix = coo_matrix((values, (rows, columns)), shape=(n + m, c + 2 * n + k)).tocsr()
    # What a source must send but has no link for goes here, at a price above
    # all, so that every round can be solved.
    lift = coo_matrix(
        (np.ones(n), (np.arange(n), c + n + k + np.arange(n))), shape=(n + m, c + 2 * n + k)
    )
    upper = np.concatenate(
        [problem.each[i], problem.most, problem.steps[:, 1], np.full(n, np.inf)]
    ).astype(float)
    # Only what sources give has a lower limit.
    lower = np.concatenate([np.zeros(c), problem.least, np.zeros(k + n)]).astype(float)
    price = np.concatenate([cost, np.zeros(n), problem.steps[:, 2], np.full(n, _outweigh(problem))])
    solution = linprog(
        price,
        A_eq=matrix + lift,
        b_eq=np.zeros(n + m),
        bounds=np.column_stack([lower, upper]),
        # The dual simplex ends at a corner, which is whole; an interior point need not.
        method="highs-ds",
        options={"presolve": True},
    )
    if solution.x is None:
        raise ArithmeticError(f"the flow could not be solved: {solution.message}")
    return (
        solution.x[:c],
        solution.x[c + n : c + n + k],
        float(solution.fun),
        solution.eqlin.marginals,
    )


def _outweigh(problem: FlowProblem) -> float:
    """Find a price above any way and step, so that no source keeps what it must send."""
    both = np.vstack([problem.sources, problem.targets])
    return float(
        4 * np.hypot(*np.ptp(both, axis=0)) + 4 * np.abs(problem.steps[:, 2]).max(initial=0.0) + 1.0
    )


def _judge_links(
    problem: FlowProblem, i: Ints, j: Ints, duals: Floats
) -> tuple[tuple[Ints, Ints], float]:
    """Judge every link by the dual prices: the links to add, and the bound.

    For any prices u of sources and v of communities the least price is at
    least the sum of what each link, source and step would gain alone at these
    prices.
    """
    n = len(problem.sources)
    m = len(problem.targets)
    u = duals[:n]
    v = duals[n:]
    # A source would give its least or its most, whichever is cheaper at these prices.
    bound = float(np.where(u > 0, u * problem.least, u * problem.most).sum())
    # A step is taken in full where it pays, else not at all.
    slack = problem.steps[:, 2] + v[problem.steps[:, 0]]
    bound += float((np.minimum(0.0, slack) * problem.steps[:, 1]).sum())
    order = np.argsort(i, kind="stable")
    new_i = []
    new_j = []
    for rows, reduced in _reduce_costs(problem, u, v):
        # Every link counts, also those never looked at: that makes it a bound on all.
        bound += float((np.minimum(0.0, reduced) * problem.each[rows][:, None]).sum())
        known = order[slice(*np.searchsorted(i[order], [rows[0], rows[-1] + 1]))]
        # These are in the programme already.
        reduced[i[known] - rows[0], j[known]] = np.inf
        # Only the best of each source: a programme of all links that pay would be huge.
        if m > OFFERED:
            reduced[
                reduced > np.partition(reduced, OFFERED - 1, axis=1)[:, OFFERED - 1 : OFFERED]
            ] = np.inf
        # Not below 0 but below a rounding, else a round could add links for nothing.
        a, b = np.nonzero(reduced < -TINY)
        new_i.append(rows[a])
        new_j.append(b)
    none = np.zeros(0, np.int64)
    return (np.concatenate([none, *new_i]), np.concatenate([none, *new_j])), bound


def _reduce_costs(problem: FlowProblem, u: Floats, v: Floats) -> Iterator[tuple[Ints, Floats]]:
    """Yield the reduced costs of all links by blocks of sources; infinite if not allowed."""
    n = len(problem.sources)
    m = len(problem.targets)
    # n x m distances are not held at once: the blocks bound the memory.
    size = max(1, BLOCK // max(1, m))
    for start in range(0, n, size):
        rows = np.arange(start, min(start + size, n))
        apart = np.hypot(
            problem.sources[rows, None, 0] - problem.targets[None, :, 0],
            problem.sources[rows, None, 1] - problem.targets[None, :, 1],
        )
        reduced = np.rint(apart) - u[rows][:, None] - v[None, :]
        bonus = problem.bonus[
            (problem.bonus[:, 0] >= start) & (problem.bonus[:, 0] < start + len(rows))
        ]
        # Existing pairs are checked for repetition, so plain indexing is safe.
        reduced[bonus[:, 0].astype(np.int64) - start, bonus[:, 1].astype(np.int64)] -= bonus[:, 2]
        reduced[apart > problem.farthest] = np.inf
        reduced[(problem.most[rows] <= 0) | (problem.each[rows] <= 0)] = np.inf
        yield rows, reduced
