"""Whether every community can be served, and if not, the proof and the smallest remedy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from scipy.spatial import cKDTree

from gridplan.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Shortage:
    """Why not all can be served.

    ``lacking`` places are missing; the ``communities`` (rows) ask for
    ``wanted`` places together, and the institutions that may serve any of them
    have only ``offered``. ``reach`` is the shortest limit of distance that
    would cure it, infinite if none would.
    """

    lacking: int
    communities: Ints
    wanted: int
    offered: int
    reach: float


def find_shortage(
    sources: Floats, targets: Floats, most: Ints, each: Ints, least: int, farthest: float
) -> Shortage | None:
    """Find out, with proof, whether every community can have its least institutions.

    Feasible: a maximum flow serves all. Infeasible: its least cut is a set of
    communities that asks for more than all who may serve it can give, as
    Hall's theorem says there must be.

    Examples
    --------
    Three communities, two institutions of one place each:

    >>> places = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> one = np.array([1, 1])
    >>> shortage = find_shortage(places[:2], places, one, one, 1, np.inf)
    >>> shortage.lacking, shortage.communities.tolist(), shortage.wanted, shortage.offered
    (1, [0, 1, 2], 3, 2)
    """
    if least <= 0 or not len(targets):
        return None
    served, side = _find_cut(sources, targets, most, each, least, farthest)
    lacking = least * len(targets) - served
    if lacking <= 0:
        return None
    # By the cut, what these communities lack is all that anybody lacks.
    offered = least * len(side) - lacking
    reach = np.inf
    # A longer limit cures it only if all can be served without any.
    if np.isfinite(farthest) and _find_cut(sources, targets, most, each, least, np.inf)[
        0
    ] == least * len(targets):
        reach = _find_reach(sources, targets, most, each, least, farthest)
    return Shortage(lacking, side, least * len(side), offered, reach)


def _find_cut(
    sources: Floats, targets: Floats, most: Ints, each: Ints, least: int, farthest: float
) -> tuple[int, Ints]:
    """Find the most places that can be filled, and the communities short at the least cut."""
    n = len(sources)
    m = len(targets)
    if not np.isfinite(farthest):
        # Any may serve any: by Gale and Ryser k communities get sum(min(most,
        # k x each)); the tightest k is all or few.
        ks = np.arange(1, m + 1)
        lacking = least * ks - _sum_least(most, each, ks)
        k = int(np.argmax(lacking))
        return least * m - max(0, int(lacking[k])), np.arange(k + 1)
    near = cKDTree(targets).query_ball_point(sources, farthest)
    i = np.repeat(np.arange(n), [len(targets_near) for targets_near in near])
    j = (
        np.concatenate([np.asarray(sorted(targets_near), np.int64) for targets_near in near])
        if len(i)
        else np.zeros(0, np.int64)
    )
    # Source -> institutions -> communities in reach -> sink; the last two nodes
    # are the ends.
    rows = np.concatenate([np.full(n, n + m), i, n + np.arange(m)])
    columns = np.concatenate([np.arange(n), n + j, np.full(m, n + m + 1)])
    # scipy's maximum flow takes 32-bit whole numbers only.
    values = np.concatenate([most, each[i], np.full(m, least)]).astype(np.int32)
    graph = coo_matrix((values, (rows, columns)), shape=(n + m + 2, n + m + 2)).tocsr()
    flow = maximum_flow(graph, n + m, n + m + 1)
    # Where flow could still be added: arcs with room, and arcs back.
    residual = (graph - flow.flow).tocsr()
    residual.data = np.where(residual.data > 0, 1, 0)
    residual.eliminate_zeros()
    # What can still be reached backwards from the sink is short: all who may serve it are spent.
    reached = breadth_first_order(csr_matrix(residual.T), n + m + 1, return_predecessors=False)
    side = np.sort(reached[(reached >= n) & (reached < n + m)] - n)
    return int(flow.flow_value), side


def _sum_least(most: Ints, each: Ints, ks: Ints) -> Ints:
    """Sum min(most, k x each) over all sources for every k at once."""
    # From this k on a source is spent.
    full = np.sort(np.ceil(most / np.maximum(each, 1)).astype(np.int64))
    order = np.argsort(np.ceil(most / np.maximum(each, 1)), kind="stable")
    # Spent sources give all they have, the others k x each: prefix sums of both
    # answer every k in one search.
    spent = np.concatenate([[0], np.cumsum(most[order])])
    rate = np.concatenate([[0], np.cumsum(each[order])])
    spent_count = np.searchsorted(full, ks, side="right")
    return np.asarray(spent[spent_count] + ks * (rate[-1] - rate[spent_count]))


def _find_reach(
    sources: Floats, targets: Floats, most: Ints, each: Ints, least: int, farthest: float
) -> float:
    """Find the shortest whole number of metres that would serve all, by halving."""
    both = np.vstack([sources, targets])
    # At ``low`` it fails, and at ``high``, wider than everything, it works;
    # each turn is one flow, some twenty in all.
    low = int(farthest)
    high = int(np.ceil(np.hypot(*np.ptp(both, axis=0)))) + 1
    while high - low > 1:
        middle = (low + high) // 2
        enough = _find_cut(sources, targets, most, each, least, float(middle))[0] == least * len(
            targets
        )
        low, high = (low, middle) if enough else (middle, high)
    return float(high)
