"""Pricing: the cheapest connected part round a centre at given prices, by branch and bound.

Without the rule that a part is connected, its cheapest atoms are a knapsack:
households fill the capacity, and every group that is opened costs its price.
Where the atoms chosen are connected, that is the cheapest connected part.
Where they do not, the dearest atom on the cheapest way between two pieces is
either in the part or out of it, and both are tried in turn; what a part
without it cannot reach any more is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gridplan.arrays import Bools, Floats, Ints
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

DEPTH = 400  # decisions that the branch and bound keeps in mind


class PricingWorkspace(NamedTuple):
    """Arrays to work in, for n atoms and g nested levels of groups, allocated once."""

    order: Ints  # int32[n]: atoms by their groups, so that those of one group are together
    cost: Floats  # float64[n]: walk to the centre less worth
    seen: Bools  # bool[n]
    queue: Ints  # int32[n]
    way: Floats  # float64[n]
    before: Ints  # int32[n]
    items: Ints  # int32[n]
    opened: Bools  # bool[g, n]: groups that the forced atoms open
    table: Floats  # float64[g + 1, high + 1]
    kind: Ints  # int32[events]: 1 an atom, 2 a group is closed
    what: Ints  # int32[events]
    back: Ints  # int32[events]
    taken: Bools  # bool[events, high + 1]
    part: Ints  # int32[n]: the part chosen last
    best: Ints  # int32[n]: the best connected part
    stack: Ints  # int8[DEPTH, n]
    floor: Floats  # float64[DEPTH]: what no part under a decision is cheaper than


def make_pricing_workspace(data: DivisionArrays) -> PricingWorkspace:
    """Allocate the arrays to work in."""
    n, levels = data.groups.shape
    high = int(data.band[2])
    # Every atom once, every group opened and closed at each level.
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
def price_atoms(data: Any, workspace: Any, u: Any, c: Any, status: Any) -> Any:
    """Price every atom in a part round centre c, and rule out those too far for the upper limit."""
    n = u.shape[0]
    for i in range(n):
        workspace.cost[i] = data.pull[i] * walk_between(data, i, c) - u[i]
        status[i] = FREE
    if data.contiguous:
        # A connected part holds a whole way to each of its atoms.
        measure_ways(data, workspace, data.weights, c, status)
        for i in range(n):
            if workspace.way[i] > data.band[2]:
                status[i] = OUT
    # A part round c holds c.
    status[c] = IN


@njit(cache=True, nogil=True)
def measure_ways(data: Any, workspace: Any, toll: Any, c: Any, status: Any) -> Any:
    """Measure the cheapest ways from c to all where each atom (both ends too) has a toll."""
    n = toll.shape[0]
    workspace.way[:] = np.inf
    workspace.before[:] = -1
    workspace.way[c] = toll[c]
    # A heap of our own: numba has no priority queue with two arrays.
    heap_key = np.empty(data.indices.shape[0] + 1)
    heap_item = np.empty(data.indices.shape[0] + 1, np.int32)
    filled = 1
    heap_key[0] = toll[c]
    heap_item[0] = c
    while filled > 0:
        key = heap_key[0]
        i = heap_item[0]
        filled -= 1
        sift_down(heap_key, heap_item, filled)
        # An entry that was overtaken by a cheaper way to the same atom.
        if key > workspace.way[i]:
            continue
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            reached = key + toll[j]
            if status[j] != OUT and reached < workspace.way[j]:
                workspace.way[j] = reached
                workspace.before[j] = i
                s = filled
                filled += 1
                while s > 0 and heap_key[(s - 1) >> 1] > reached:
                    parent = (s - 1) >> 1
                    heap_key[s] = heap_key[parent]
                    heap_item[s] = heap_item[parent]
                    s = parent
                heap_key[s] = reached
                heap_item[s] = j
    return n


@njit(cache=True, nogil=True, inline="always")
def sift_down(key: Any, item: Any, filled: Any) -> Any:
    """Put the last entry of a binary heap, at position ``filled``, in the place of its first."""
    last = key[filled]
    atom = item[filled]
    s = 0
    while 2 * s + 1 < filled:
        t = 2 * s + 1
        if t + 1 < filled and key[t + 1] < key[t]:
            t += 1
        if key[t] >= last:
            break
        key[s] = key[t]
        item[s] = item[t]
        s = t
    key[s] = last
    item[s] = atom


@njit(cache=True, nogil=True)
def reach_out(data: Any, workspace: Any, c: Any, status: Any) -> Any:
    """Mark the atoms reachable from c without those that are out; false if a forced one is not."""
    n = status.shape[0]
    if not data.contiguous:
        workspace.seen[:] = True
        return True
    workspace.seen[:] = False
    workspace.seen[c] = True
    workspace.queue[0] = c
    head = 0
    tail = 1
    while head < tail:
        i = workspace.queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if not workspace.seen[j] and status[j] != OUT:
                workspace.seen[j] = True
                workspace.queue[tail] = j
                tail += 1
    missed = 0
    for i in range(n):
        if status[i] == IN and not workspace.seen[i]:
            missed += 1
    return missed == 0


@njit(cache=True, nogil=True)
def choose_part(data: Any, workspace: Any, c: Any, status: Any, whole: bool) -> Any:
    """Choose the cheapest atoms, connected or not, under the decisions taken.

    Returns their price and number. They are written to ``workspace.part``; no
    connected part under these decisions is cheaper.
    """
    if not reach_out(data, workspace, c, status):
        return np.inf, 0
    mass, price = force_atoms(data, workspace, status)
    if mass > data.band[2]:
        return np.inf, 0
    # Items, then the table of least prices, then the best number of households.
    count, ratio = list_items(data, workspace, status, mass, whole)
    e = fill_knapsack(data, workspace, mass, price, count)
    value, w = close_knapsack(data, workspace.table, ratio)
    size = 0
    for i in range(status.shape[0]):
        if status[i] == IN:
            workspace.part[size] = i
            size += 1
    # Walk the events backwards to read off which atoms the best entry holds.
    e -= 1
    while e >= 0 and value < np.inf:
        if workspace.kind[e] == 1:  # an atom
            if workspace.taken[e, w]:
                workspace.part[size] = workspace.what[e]
                size += 1
                w -= data.weights[workspace.what[e]]
        # A group that stayed closed: jump to the event before its opening.
        elif not workspace.taken[e, w]:  # a group that was not opened
            e = workspace.back[e]
        e -= 1
    return value, size


@njit(cache=True, nogil=True)
def find_bridge(data: Any, workspace: Any, c: Any, size: Any, status: Any) -> Any:
    """Find the atom to branch on: the dearest on the way from c to a piece apart, or -1."""
    n = status.shape[0]
    # Search from the centre through the chosen atoms only.
    inside = np.zeros(n, np.bool_)
    for s in range(size):
        inside[workspace.part[s]] = True
    workspace.seen[:] = False
    workspace.seen[c] = True
    workspace.queue[0] = c
    head = 0
    tail = 1
    while head < tail:
        i = workspace.queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if inside[j] and not workspace.seen[j]:
                workspace.seen[j] = True
                workspace.queue[tail] = j
                tail += 1
    # Everything was reached: the part is connected.
    if tail == size:
        return np.int64(-1)
    # The piece that matters most: a forced atom, else the one worth most.
    away = -1
    least = np.inf
    for s in range(size):
        i = workspace.part[s]
        value = workspace.cost[i] - (1e12 if status[i] == IN else 0.0)
        if not workspace.seen[i] and value < least:
            away = i
            least = value
    # Chosen atoms are free to cross; the small toll prefers few others.
    toll = np.empty(n)
    for i in range(n):
        toll[i] = 0.0 if inside[i] else max(workspace.cost[i], 0.0) + 1e-6
    measure_ways(data, workspace, toll, c, status)
    # Back along the way; the dearest atom is the one least likely to be taken.
    bridge = np.int64(-1)
    dearest = -1.0
    i = np.int64(away)
    while i >= 0:
        if not inside[i] and toll[i] > dearest:
            bridge = i
            dearest = toll[i]
        i = np.int64(workspace.before[i])
    return bridge


@njit(cache=True, nogil=True)
def price_centre(data: Any, workspace: Any, u: Any, c: Any, nodes: int, cutoff: float) -> Any:
    """Price the cheapest connected part round centre c when each atom is worth ``u``.

    At most ``nodes`` knapsacks are solved. Returns a price that no such part
    is below, and the number of atoms of the best part found, which are written
    to ``workspace.best``, and whether it is connected: where no connected part
    was found it is the cheapest of all. What costs ``cutoff`` is not
    considered.
    """
    price_atoms(data, workspace, u, c, workspace.stack[0])
    workspace.floor[0] = -np.inf
    # Depth first, so that connected parts are found early and cut the rest.
    depth = 1
    best_price = cutoff
    size = 0
    tried = 0
    is_connected = False
    unexplored = np.inf  # what was not looked into any further is not cheaper than this
    while depth > 0:
        depth -= 1
        if workspace.floor[depth] >= best_price - 1e-7:
            continue
        # Out of work: the floor of what was not explored still bounds.
        if tried == nodes or depth + 2 > DEPTH:
            unexplored = min(unexplored, workspace.floor[depth])
            continue
        status = workspace.stack[depth]
        value, count = choose_part(data, workspace, c, status, tried > 0)
        tried += 1
        # A quick look with few items may already show the centre too dear.
        if tried == 1:
            if value < best_price:
                value, count = choose_part(data, workspace, c, status, True)
            if value >= best_price:
                return value, 0, False
        if value >= best_price - 1e-7:
            continue
        bridge = find_bridge(data, workspace, c, count, status) if data.contiguous else np.int64(-1)
        # Until a connected part is found the first choice is kept as a guide.
        if bridge < 0 or tried == 1:
            size = count
            workspace.best[:size] = workspace.part[:size]
        if bridge < 0:
            best_price = value
            is_connected = True
            continue
        # Branch: the bridge is in (tried last), or out (tried first).
        workspace.stack[depth + 1] = status
        workspace.stack[depth, bridge] = IN
        workspace.stack[depth + 1, bridge] = OUT
        workspace.floor[depth] = value
        workspace.floor[depth + 1] = value
        depth += 2
    return min(best_price, unexplored), size, is_connected


@njit(cache=True, nogil=True)
def evaluate(data: Any, workspace: Any, u: Any, k: int, nodes: int) -> Any:
    """Evaluate the Lagrangian: the bound at multipliers u, and how often each atom is held.

    Every centre gets its knapsack; those among the k cheapest are then looked
    into, until all of them have been.
    """
    n = u.shape[0]
    z = np.empty(n)
    size = np.zeros(n, np.int64)
    is_priced = np.zeros(n, np.bool_)
    part = np.empty((n, data.band[2] + 1), np.int32)
    for c in range(n):
        price_atoms(data, workspace, u, c, workspace.stack[0])
        # A cheap bound for all, since only the k cheapest centres matter.
        z[c] = choose_part(data, workspace, c, workspace.stack[0], False)[0]
    while True:
        # A priced centre may rise and leave the k cheapest, so they are chosen again.
        order = np.argsort(z, kind="mergesort")[:k]
        fresh = 0
        for c in order:
            if not is_priced[c]:
                z[c], size[c], _ = price_centre(data, workspace, u, c, nodes, np.inf)
                part[c, : size[c]] = workspace.best[: size[c]]
                is_priced[c] = True
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
    data: Any, workspace: Any, u: Any, place: float, cutoff: float, floor: Any, nodes: int
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
        floor[c], size, is_connected = price_centre(data, workspace, u, c, nodes, cutoff)
        if is_connected and floor[c] < place:
            starts[count + 1] = starts[count] + size
            atoms[starts[count] : starts[count + 1]] = workspace.best[:size]
            count += 1
    return starts[: count + 1], atoms[: starts[count]]
