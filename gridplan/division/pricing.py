"""Pricing: the cheapest connected part round a centre where every atom has a worth, by branch and bound.

Without the rule that a part is connected, its cheapest atoms are a knapsack:
households fill the capacity, and every group that is opened costs its price.
Where the atoms chosen hang together, that is the cheapest connected part.
Where they do not, the dearest atom on the cheapest way between two pieces is
either in the part or out of it, and both are looked at in turn; what a part
without it cannot reach any more is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import DivisionArrays, walk_between
from gridplan.division.knapsack import (
    FREE,
    IN,
    OUT,
    close_knapsack,
    fill_knapsack,
    force_atoms,
    list_items,
)

Array = np.ndarray[Any, Any]
DEPTH = 400  # decisions that the branch and bound keeps in mind


class PricingWorkspace(NamedTuple):
    """Room to work in, for a problem of n atoms and g nested levels of groups; made once by :func:`make_pricing_workspace`."""

    order: Array  # int32[n]: atoms by their groups, so that those of one group stand together
    cost: Array  # float64[n]: walk to the centre less worth
    seen: Array  # bool[n]
    queue: Array  # int32[n]
    way: Array  # float64[n]
    before: Array  # int32[n]
    items: Array  # int32[n]
    opened: Array  # bool[g, n]: groups that the forced atoms open
    table: Array  # float64[g + 1, high + 1]
    kind: Array  # int32[events]: 1 an atom, 2 a group is closed
    what: Array  # int32[events]
    back: Array  # int32[events]
    taken: Array  # bool[events, high + 1]
    part: Array  # int32[n]: the part chosen last
    best: Array  # int32[n]: the best connected part
    stack: Array  # int8[DEPTH, n]
    floor: Array  # float64[DEPTH]: what no part under a decision is cheaper than


def make_pricing_workspace(data: DivisionArrays) -> PricingWorkspace:
    """Make room to work in."""
    n, levels = data.groups.shape
    high = int(data.band[2])
    events = (2 * levels + 1) * n + 2
    order = np.lexsort(data.groups.T[::-1]) if levels else np.arange(n)
    opened = np.zeros((levels, int(data.groups.max(initial=0)) + 1), np.bool_)
    return PricingWorkspace(
        order.astype(np.int32),
        np.empty(n),
        np.zeros(n, np.bool_),
        np.empty(n, np.int32),
        np.empty(n),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        opened,
        np.empty((levels + 1, high + 1)),
        np.empty(events, np.int32),
        np.empty(events, np.int32),
        np.empty(events, np.int32),
        np.empty((events, high + 1), np.bool_),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty((DEPTH, n), np.int8),
        np.empty(DEPTH),
    )


@njit(cache=True, nogil=True)
def price_atoms(data: Any, desk: Any, u: Any, c: Any, status: Any) -> Any:
    """Price every atom in a part round centre c, and rule out those too far for the upper limit."""
    n = u.shape[0]
    for i in range(n):
        desk.cost[i] = data.pull[i] * walk_between(data, i, c) - u[i]
        status[i] = FREE
    if data.contiguous:
        measure_ways(data, desk, data.weights, c, status)
        for i in range(n):
            if desk.way[i] > data.band[2]:
                status[i] = OUT
    status[c] = IN


@njit(cache=True, nogil=True)
def measure_ways(data: Any, desk: Any, toll: Any, c: Any, status: Any) -> Any:
    """Measure the cheapest way from atom c to all others where each atom on it takes a toll, both ends too."""
    n = toll.shape[0]
    desk.way[:] = np.inf
    desk.before[:] = -1
    desk.way[c] = toll[c]
    heap_key = np.empty(data.indices.shape[0] + 1)
    heap_item = np.empty(data.indices.shape[0] + 1, np.int32)
    filled = 1
    heap_key[0], heap_item[0] = toll[c], c
    while filled > 0:
        key = heap_key[0]
        i = heap_item[0]
        filled -= 1
        sift_down(heap_key, heap_item, filled)
        if key > desk.way[i]:
            continue
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            reached = key + toll[j]
            if status[j] != OUT and reached < desk.way[j]:
                desk.way[j] = reached
                desk.before[j] = i
                s = filled
                filled += 1
                while s > 0 and heap_key[(s - 1) >> 1] > reached:
                    heap_key[s], heap_item[s] = heap_key[(s - 1) >> 1], heap_item[(s - 1) >> 1]
                    s = (s - 1) >> 1
                heap_key[s] = reached
                heap_item[s] = j
    return n


@njit(cache=True, nogil=True, inline="always")
def sift_down(key: Any, item: Any, filled: Any) -> Any:
    """Put the last entry of a binary heap, which stands at ``filled``, in the place of its first."""
    last = key[filled]
    atom = item[filled]
    s = 0
    while 2 * s + 1 < filled:
        t = 2 * s + 1
        if t + 1 < filled and key[t + 1] < key[t]:
            t += 1
        if key[t] >= last:
            break
        key[s], item[s] = key[t], item[t]
        s = t
    key[s] = last
    item[s] = atom


@njit(cache=True, nogil=True)
def reach_out(data: Any, desk: Any, c: Any, status: Any) -> Any:
    """Mark the atoms that can be reached from c without those that are out; false where a forced one cannot."""
    n = status.shape[0]
    if not data.contiguous:
        desk.seen[:] = True
        return True
    desk.seen[:] = False
    desk.seen[c] = True
    desk.queue[0] = c
    head = 0
    tail = 1
    while head < tail:
        i = desk.queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if not desk.seen[j] and status[j] != OUT:
                desk.seen[j] = True
                desk.queue[tail] = j
                tail += 1
    missed = 0
    for i in range(n):
        if status[i] == IN and not desk.seen[i]:
            missed += 1
    return missed == 0


@njit(cache=True, nogil=True)
def choose_part(data: Any, desk: Any, c: Any, status: Any, whole: bool) -> Any:
    """Choose the cheapest atoms, connected or not, under the decisions taken; returns price and number of atoms.

    They are written to ``desk.part``; no connected part under these decisions
    is cheaper.
    """
    if not reach_out(data, desk, c, status):
        return np.inf, 0
    mass, price = force_atoms(data, desk, status)
    if mass > data.band[2]:
        return np.inf, 0
    count, ratio = list_items(data, desk, status, mass, whole)
    e = fill_knapsack(data, desk, mass, price, count)
    value, w = close_knapsack(data, desk.table, ratio)
    size = 0
    for i in range(status.shape[0]):
        if status[i] == IN:
            desk.part[size] = i
            size += 1
    e -= 1
    while e >= 0 and value < np.inf:
        if desk.kind[e] == 1:  # an atom
            if desk.taken[e, w]:
                desk.part[size] = desk.what[e]
                size += 1
                w -= data.weights[desk.what[e]]
        elif not desk.taken[e, w]:  # a group that was not opened
            e = desk.back[e]
        e -= 1
    return value, size


@njit(cache=True, nogil=True)
def find_bridge(data: Any, desk: Any, c: Any, size: Any, status: Any) -> Any:
    """Find the atom to decide on: the dearest on the cheapest way from c to a piece apart; -1 where there is none."""
    n = status.shape[0]
    inside = np.zeros(n, np.bool_)
    for s in range(size):
        inside[desk.part[s]] = True
    desk.seen[:] = False
    desk.seen[c] = True
    desk.queue[0] = c
    head = 0
    tail = 1
    while head < tail:
        i = desk.queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if inside[j] and not desk.seen[j]:
                desk.seen[j] = True
                desk.queue[tail] = j
                tail += 1
    if tail == size:
        return np.int64(-1)
    away = -1
    least = np.inf
    for s in range(size):
        i = desk.part[s]
        value = desk.cost[i] - (1e12 if status[i] == IN else 0.0)
        if not desk.seen[i] and value < least:
            away = i
            least = value
    toll = np.empty(n)
    for i in range(n):
        toll[i] = 0.0 if inside[i] else max(desk.cost[i], 0.0) + 1e-6
    measure_ways(data, desk, toll, c, status)
    bridge = np.int64(-1)
    dearest = -1.0
    i = np.int64(away)
    while i >= 0:
        if not inside[i] and toll[i] > dearest:
            bridge = i
            dearest = toll[i]
        i = np.int64(desk.before[i])
    return bridge


@njit(cache=True, nogil=True)
def price_centre(data: Any, desk: Any, u: Any, c: Any, nodes: int, cutoff: float) -> Any:
    """Price the cheapest connected part round centre c when each atom is worth ``u``, by at most so many knapsacks.

    Returns a price that no such part is below, and the number of atoms of the
    best part found, which are written to ``desk.best``, and whether it is
    connected: the cheapest of all stands in where no connected part was found.
    What costs ``cutoff`` is not looked at.
    """
    price_atoms(data, desk, u, c, desk.stack[0])
    desk.floor[0] = -np.inf
    depth = 1
    found = cutoff
    size = 0
    tried = 0
    sound = False
    left = np.inf  # what was not looked into any further is not cheaper than this
    while depth > 0:
        depth -= 1
        if desk.floor[depth] >= found - 1e-7:
            continue
        if tried == nodes or depth + 2 > DEPTH:
            left = min(left, desk.floor[depth])
            continue
        status = desk.stack[depth]
        value, count = choose_part(data, desk, c, status, tried > 0)
        tried += 1
        if tried == 1:
            if value < found:
                value, count = choose_part(data, desk, c, status, True)
            if value >= found:
                return value, 0, False
        if value >= found - 1e-7:
            continue
        bridge = find_bridge(data, desk, c, count, status) if data.contiguous else np.int64(-1)
        if bridge < 0 or tried == 1:
            size = count
            desk.best[:size] = desk.part[:size]
        if bridge < 0:
            found = value
            sound = True
            continue
        desk.stack[depth + 1] = status
        desk.stack[depth, bridge] = IN
        desk.stack[depth + 1, bridge] = OUT
        desk.floor[depth] = desk.floor[depth + 1] = value
        depth += 2
    return min(found, left), size, sound


@njit(cache=True, nogil=True)
def evaluate(data: Any, desk: Any, u: Any, k: int, nodes: int) -> Any:
    """Evaluate the Lagrangian: the bound at multipliers u, and how often the chosen parts hold each atom.

    Every centre gets its knapsack; those among the k cheapest are then looked
    into, until all of them have been.
    """
    n = u.shape[0]
    z = np.empty(n)
    size = np.zeros(n, np.int64)
    done = np.zeros(n, np.bool_)
    part = np.empty((n, data.band[2] + 1), np.int32)
    for c in range(n):
        price_atoms(data, desk, u, c, desk.stack[0])
        z[c] = choose_part(data, desk, c, desk.stack[0], False)[0]
    while True:
        order = np.argsort(z, kind="mergesort")[:k]
        fresh = 0
        for c in order:
            if not done[c]:
                z[c], size[c], _ = price_centre(data, desk, u, c, nodes, np.inf)
                part[c, : size[c]] = desk.best[: size[c]]
                done[c] = True
                fresh += 1
        if fresh == 0:
            break
    held = np.zeros(n)
    value = u.sum()
    for c in order:
        value += z[c]
        for s in range(size[c]):
            held[part[c, s]] += 1.0
    return value, held


@njit(cache=True, nogil=True)
def price_centres(
    data: Any, desk: Any, u: Any, place: float, cutoff: float, floor: Any, nodes: int
) -> Any:
    """Price every centre whose floor is below ``cutoff``, raising the floors in place.

    Returns starts and atoms of the connected parts found that cost less than
    ``place``, at most one for a centre.
    """
    n = u.shape[0]
    starts = np.zeros(n + 1, np.int64)
    atoms = np.empty(n * (data.band[2] + 1), np.int32)
    count = 0
    for c in range(n):
        if floor[c] >= cutoff:
            continue
        floor[c], size, sound = price_centre(data, desk, u, c, nodes, cutoff)
        if sound and floor[c] < place:
            starts[count + 1] = starts[count] + size
            atoms[starts[count] : starts[count + 1]] = desk.best[:size]
            count += 1
    return starts[: count + 1], atoms[: starts[count]]
