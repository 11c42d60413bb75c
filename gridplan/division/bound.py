"""The proof: a Lagrangian lower bound on the price of every division of a community into k parts.

The rule that each atom is in exactly one part is relaxed and priced by multipliers; contiguity is dropped. What remains
is, for every atom as centre, the cheapest part round it: a knapsack over households whose capacity is the band's
upper limit, with a charge for each building, compound or side of a barrier that it opens. The k cheapest centres and
the multipliers together are a lower bound whatever the multipliers are (Geoffrion 1974); subgradient steps raise it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from gridplan.division.kernels import Data, price_mass, walk_between
from gridplan.division.listing import list_parts
from gridplan.division.problem import Problem
from gridplan.division.relaxing import relax

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Bound:
    """A proven lower bound on the price of any division of a problem into k parts within the band.

    Parameters
    ----------
    value
        Household-metres.
    multipliers
        float64[n], the price put on each atom.
    """

    value: float
    multipliers: Array


def find_bound(problem: Problem, part: Array, price: float, steps: int = 200, listed: int = 60_000) -> Bound:
    """Find a lower bound on the price of every division into as many parts as ``part`` has, all within the band.

    Where no more than ``listed`` contiguous parts are possible at all, the relaxed cover by all of them is a bound that
    knows of contiguity too, and is returned instead.

    Parameters
    ----------
    problem
        The atoms.
    part
        int[n], a division, from whose walks the multipliers start.
    price
        The price of that division, in household-metres; the target of the steps.
    steps
        Subgradient steps; the bound never falls with more.
    listed
        The most parts to list.

    Notes
    -----
    Held, M., Wolfe, P., Crowder, H. P. (1974). Validation of subgradient optimization. Mathematical Programming 6.
    """
    k = int(part.max()) + 1
    parts = list_parts(problem.to_data(), listed)
    relaxed = None if parts is None else relax(parts, len(problem), (k, k))
    if relaxed is not None:
        return Bound(relaxed.value, relaxed.worth)
    data = _nest(problem.to_data())
    near, reach = _list_near(problem, data)
    u = _start_multipliers(problem, part, price)
    best, best_u, step, stale = -np.inf, u, 1.0, 0
    order = np.lexsort(data.groups.T[::-1]) if data.groups.shape[1] else np.arange(len(problem))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    near = np.take_along_axis(near, np.argsort(rank[near], axis=1, kind="stable"), axis=1)
    for _ in range(steps):
        short = reach <= (u / data.pull.clip(1e-9)).max()
        if short.any() and near.shape[1] < len(problem):
            near, reach = _list_near(problem, data, 2 * near.shape[1])
            near = np.take_along_axis(near, np.argsort(rank[near], axis=1, kind="stable"), axis=1)
            continue
        value, count = evaluate(data, u, near, reach, k)
        if value > best:
            best, best_u, stale = value, u, 0
        else:
            stale += 1
            if stale >= 8:
                step, stale, u = step / 2, 0, best_u
                if step < 1e-3:
                    break
                continue
        slope = 1.0 - count
        norm = float(slope @ slope)
        if norm == 0.0:
            break
        u = u + step * max(price - value, 1e-6 * price) / norm * slope
    return Bound(best, best_u)


def _start_multipliers(problem: Problem, part: Array, price: float) -> Array:
    """Start from what each atom costs in a division: its walk, and its households' share of all other prices."""
    from gridplan.division.search import open_state

    k = int(part.max()) + 1
    state = open_state(problem.to_data(), part.astype(np.int32), k)
    first = np.full(k, np.inf)
    np.minimum.at(first, part, state.sums)
    centre = np.full(k, -1)
    hit = np.flatnonzero(state.sums <= first[part] + 1e-9)[::-1]
    centre[part[hit]] = hit
    data = problem.to_data()
    own = np.array([walk_between(data, i, centre[p]) for i, p in enumerate(part)])
    walk = problem.pull * own
    rest = (price - walk.sum()) / problem.households
    # An atom is worth more than its own walk: the part's mean share of the detour that leaving it out would save.
    return np.asarray(walk + (rest + walk.sum() / problem.households) * problem.weights)


def _list_near(problem: Problem, data: Data, most: int = 160) -> tuple[Array, Array]:
    """List the nearest atoms of each (int32[n, m]) and the walk that all others exceed (float64[n])."""
    n = len(problem)
    count = min(most, n)
    if data.matrix.shape[0]:
        near = np.argsort(data.matrix, axis=1, kind="stable")[:, :count]
        reach = np.take_along_axis(data.matrix, near[:, -1:], axis=1)[:, 0]
    else:
        distance, near = cKDTree(problem.xy).query(problem.xy, k=count)
        distance, near = distance.reshape(n, -1), near.reshape(n, -1)
        reach = distance[:, -1]  # climbs only add to the walk, but atoms of one stairwell may stand nearer
    near[:, -1] = np.where((near == np.arange(n)[:, None]).any(axis=1), near[:, -1], np.arange(n))
    return near.astype(np.int32), np.full(n, np.inf) if count == n else reach


def _nest(data: Data) -> Data:
    """Keep the levels of groups that nest, the widest first; the price of the others is dropped, which stays a bound."""
    order = np.argsort([len(np.unique(data.groups[:, g])) for g in range(data.groups.shape[1])], kind="stable")
    kept: list[int] = []
    for g in order[::-1]:
        inner = data.groups[:, kept[-1]] if kept else None
        pairs = None if inner is None else np.unique(np.column_stack([inner, data.groups[:, g]]), axis=0)
        if pairs is None or len(pairs) == len(np.unique(pairs[:, 0])):
            kept.append(int(g))
    kept = kept[::-1]
    return data._replace(groups=np.ascontiguousarray(data.groups[:, kept]), prices=np.ascontiguousarray(data.prices[kept]))


@njit(cache=True, nogil=True)
def evaluate(data: Any, u: Any, near: Any, reach: Any, k: int) -> Any:
    """Evaluate the Lagrangian: the bound at multipliers u, and how often the chosen parts hold each atom."""
    n = u.shape[0]
    m = near.shape[1]
    cap = data.band[2]
    levels = data.prices.shape[0]
    steepest = 0.0
    for i in range(n):
        steepest = max(steepest, u[i] / data.weights[i])
    z = np.empty(n)
    items = np.empty(m, np.int32)
    cost = np.empty(m)
    table = np.empty((levels + 1, cap + 1))
    events = 2 * levels * m + m + 2
    kind = np.empty(events, np.int32)
    what = np.empty(events, np.int32)
    back = np.empty(events, np.int32)
    taken = np.empty((events, cap + 1), np.bool_)
    for c in range(n):
        count, ratio = list_items(data, u, near, c, items, cost, max(0.0, reach[c] - steepest) if reach[c] < np.inf else np.inf)
        e = fill_knapsack(data, u, c, items, cost, count, table, kind, what, back, taken)
        z[c] = close_knapsack(data, table, ratio)[0]
    order = np.argsort(z, kind="mergesort")
    value = u.sum()
    held = np.zeros(n)
    for s in range(k):
        c = order[s]
        value += z[c]
        count, ratio = list_items(data, u, near, c, items, cost, max(0.0, reach[c] - steepest) if reach[c] < np.inf else np.inf)
        e = fill_knapsack(data, u, c, items, cost, count, table, kind, what, back, taken)
        w = close_knapsack(data, table, ratio)[1]
        held[c] += 1.0
        e -= 1
        while e >= 0:
            if kind[e] == 1:  # an atom
                if taken[e, w]:
                    held[what[e]] += 1.0
                    w -= data.weights[what[e]]
            elif kind[e] == 2 and not taken[e, w]:  # a group that was not opened
                e = back[e]
            e -= 1
    return value, held


@njit(cache=True, nogil=True)
def list_items(data: Any, u: Any, near: Any, c: Any, items: Any, cost: Any, beyond: Any) -> Any:
    """List the atoms worth a place in a part round c, in the order of their groups.

    Those that lower the price are listed, and of the others the cheapest by household that could fill the part up
    to its lower limit. Returns their number and the least price by household of all atoms left out.
    """
    m = near.shape[1]
    low = data.band[0]
    price = np.empty(m)
    ratio = np.empty(m)
    for s in range(m):
        i = near[c, s]
        price[s] = data.pull[i] * walk_between(data, i, c) - u[i]
        ratio[s] = price[s] / data.weights[i]
    order = np.argsort(ratio, kind="mergesort")
    filled = data.weights[c]
    limit = np.inf
    for t in range(m):
        s = order[t]
        if near[c, s] == c:
            continue
        if price[s] >= 0.0 and filled >= low + data.band[2]:
            limit = ratio[s]
            break
        if price[s] >= 0.0:
            filled += data.weights[near[c, s]]
    count = 0
    for s in range(m):
        if near[c, s] != c and ratio[s] < limit:
            items[count] = near[c, s]
            cost[count] = price[s]
            count += 1
    return count, min(limit, beyond)


@njit(cache=True, nogil=True)
def fill_knapsack(
    data: Any, u: Any, c: Any, items: Any, cost: Any, count: Any, table: Any, kind: Any, what: Any, back: Any, taken: Any
) -> Any:
    """Fill the table of least prices by households, opening and closing groups as the atoms come.

    Returns the number of events written: atoms (kind 1), closings of groups (2) with the event before the opening.
    """
    levels = data.prices.shape[0]
    cap = table.shape[1] - 1
    table[0, :] = np.inf
    if data.weights[c] <= cap:
        table[0, data.weights[c]] = -u[c]
    opened = np.full(levels, -1, np.int32)
    before = np.zeros(levels, np.int32)
    e = 0
    for t in range(count + 1):
        keep = 0
        if t < count:
            while keep < levels and opened[keep] == data.groups[items[t], keep] and opened[keep] >= 0:
                keep += 1
        for level in range(levels - 1, keep - 1, -1):
            if opened[level] >= 0:
                for w in range(cap + 1):
                    taken[e, w] = table[level + 1, w] < table[level, w]
                    if taken[e, w]:
                        table[level, w] = table[level + 1, w]
                kind[e], what[e], back[e] = 2, level, before[level]
                e += 1
                opened[level] = -1
        if t == count:
            break
        i = items[t]
        for level in range(keep, levels):
            charge = 0.0 if data.groups[i, level] == data.groups[c, level] else data.prices[level]
            for w in range(cap + 1):
                table[level + 1, w] = table[level, w] + charge
            opened[level] = data.groups[i, level]
            before[level] = e
        weight = data.weights[i]
        for w in range(cap, -1, -1):
            taken[e, w] = False
            if w >= weight and table[levels, w - weight] + cost[t] < table[levels, w]:
                table[levels, w] = table[levels, w - weight] + cost[t]
                taken[e, w] = True
        kind[e], what[e] = 1, i
        e += 1
    return e


@njit(cache=True, nogil=True)
def close_knapsack(data: Any, table: Any, ratio: Any) -> Any:
    """Choose the number of households with the least price.

    Atoms left out of the table cost at least ``ratio`` a household, so a part of w households may be filled up at that
    rate: to the lower limit, or on to the target, since the price of the number bends nowhere else.
    """
    low, target, high = data.band[0], data.band[1], data.band[2]
    best, at = np.inf, low
    for w in range(high + 1):
        if table[0, w] == np.inf:
            continue
        for full in (max(w, low), max(w, target)):
            price = table[0, w] + price_mass(data, full)
            if full > w:
                price += (full - w) * ratio
            if price < best:
                best, at = price, w
    return best, at
