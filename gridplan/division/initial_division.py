"""Initial division: spanning trees cut where both sides come nearest to whole numbers of parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import sample_unit, walk_between


@njit(cache=True, nogil=True)
def cut_tree(data: Any, k: int, seed: Any, tries: int) -> Any:
    """Divide a connected graph into k connected parts of like weight by cutting spanning trees.

    Each piece that is to hold several parts gets some random spanning trees of
    short edges; the edge is cut that leaves both sides nearest to a whole
    number of parts. So no part is carved at the expense of a last one.

    Returns int32[n], the part of each atom.
    """
    n = data.weights.shape[0]
    part = np.zeros(n, np.int32)
    wanted = np.zeros(k, np.int64)
    wanted[0] = k
    used = 1
    order = np.zeros(n, np.int32)
    parent = np.zeros(n, np.int32)
    below = np.zeros(n, np.int64)
    atoms = np.zeros(n, np.int64)
    best_side = np.zeros(n, np.bool_)
    p = np.int64(0)
    while p < used:
        if wanted[p] == 1:
            p += 1
            continue
        best_error = np.inf
        best_count = 1
        total = np.int64(0)
        for i in range(n):
            if part[i] == p:
                total += data.weights[i]
        # Random trees differ in their cuts; the most even one counts.
        for _ in range(tries):
            size = grow_tree(data, part, p, seed, order, parent)
            error, count, edge = find_cut(data, order, parent, below, atoms, size, wanted[p], total)
            if error < best_error:
                best_error = error
                best_count = count
                mark_side(order, parent, size, edge, best_side)
        for i in range(n):
            if part[i] == p and best_side[i]:
                part[i] = used
        # Both sides are looked at again, until each is to hold one part.
        wanted[used] = best_count
        wanted[p] -= best_count
        used += 1
    return part


@njit(cache=True, nogil=True)
def grow_tree(data: Any, part: Any, p: Any, seed: Any, order: Any, parent: Any) -> Any:
    """Grow a spanning tree of part p by Prim's rule over walking distances times a random factor.

    ``order`` receives the atoms as they join, ``parent`` the atom each joined
    to. Returns the number of atoms.
    """
    n = part.shape[0]
    joined = np.zeros(n, np.bool_)
    heap_key = np.empty(4 * n + data.indices.shape[0])
    heap_item = np.empty((4 * n + data.indices.shape[0], 2), np.int32)
    members = 0
    for i in range(n):
        if part[i] == p:
            members += 1
    # A random root, so that trees differ.
    pick = np.int64(sample_unit(seed) * members)
    root = -1
    for i in range(n):
        if part[i] == p:
            if pick == 0:
                root = i
                break
            pick -= 1
    size = 0
    filled = 0
    joined[root] = True
    order[0] = root
    parent[root] = -1
    size = 1
    current = root
    while size < members:
        for e in range(data.indptr[current], data.indptr[current + 1]):
            j = data.indices[e]
            if part[j] == p and not joined[j]:
                # A random factor between a half and one and a half varies the tree.
                key = price_edge(data, current, j) * (0.5 + sample_unit(seed))
                filled = push(heap_key, heap_item, filled, key, current, j)
        has_joined = False
        # Edges to atoms that joined meanwhile are dropped.
        while filled > 0 and not has_joined:
            a = heap_item[0, 0]
            b = heap_item[0, 1]
            filled = pop(heap_key, heap_item, filled)
            if not joined[b]:
                joined[b] = True
                order[size] = b
                parent[b] = a
                size += 1
                current = b
                has_joined = True
        if not has_joined:
            break
    return size


@njit(cache=True, nogil=True, inline="always")
def price_edge(data: Any, i: Any, j: Any) -> Any:
    """Length of a tree edge in metres, longer where it leaves a building or compound."""
    length = walk_between(data, i, j) + 1.0
    for level in range(data.prices.shape[0]):
        if data.groups[i, level] != data.groups[j, level] and data.prices[level] > 0.0:
            length *= 1.5
    return length


@njit(cache=True, nogil=True, inline="always")
def push(key: Any, item: Any, filled: Any, new_key: Any, a: Any, b: Any) -> Any:
    """Push an edge onto a binary heap; returns the new length."""
    c = filled
    while c > 0:
        up = (c - 1) >> 1
        if key[up] <= new_key:
            break
        key[c] = key[up]
        item[c, 0] = item[up, 0]
        item[c, 1] = item[up, 1]
        c = up
    key[c] = new_key
    item[c, 0] = a
    item[c, 1] = b
    return filled + 1


@njit(cache=True, nogil=True, inline="always")
def pop(key: Any, item: Any, filled: Any) -> Any:
    """Drop the least edge of a binary heap; returns the new length."""
    filled -= 1
    last = key[filled]
    la = item[filled, 0]
    lb = item[filled, 1]
    c = 0
    while True:
        down = 2 * c + 1
        if down >= filled:
            break
        if down + 1 < filled and key[down + 1] < key[down]:
            down += 1
        if key[down] >= last:
            break
        key[c] = key[down]
        item[c, 0] = item[down, 0]
        item[c, 1] = item[down, 1]
        c = down
    key[c] = last
    item[c, 0] = la
    item[c, 1] = lb
    return filled


@njit(cache=True, nogil=True)
def find_cut(
    data: Any, order: Any, parent: Any, below: Any, atoms: Any, size: Any, wanted: Any, total: Any
) -> Any:
    """Find the tree edge whose cut leaves both sides nearest to whole numbers of parts.

    The error is the sum over both sides of what cannot be within the band,
    then of the distance from equal parts, less a little for cuts near the
    middle. Returns (error, parts below the edge, lower atom of the edge).
    """
    for s in range(size):
        below[order[s]] = data.weights[order[s]]
        atoms[order[s]] = 1
    best = np.inf
    best_count = 1
    best_edge = order[size - 1]
    low = data.band[0]
    high = data.band[2]
    even = total / wanted
    # From the leaves up, so that weights below are complete when reached.
    for s in range(size - 1, 0, -1):
        i = order[s]
        weight = below[i]
        below[parent[i]] += weight
        atoms[parent[i]] += atoms[i]
        # The number below that fits best, and its neighbours.
        near = round(weight / even)
        for count in (near - 1, near, near + 1):
            # Neither side may get more parts than it has atoms.
            count = max(1, wanted - (size - atoms[i]), min(count, atoms[i], wanted - 1))
            rest = wanted - count
            miss = max(0, weight - count * high) + max(0, count * low - weight)
            miss += max(0, total - weight - rest * high) + max(0, rest * low - (total - weight))
            spread = abs(weight / count - even) + abs((total - weight) / rest - even)
            # Staying within the band first, then even sizes, then cuts near the middle.
            error = 1000.0 * miss + spread + 0.5 * even * abs(2.0 * count / wanted - 1.0)
            if error < best:
                best = error
                best_count = count
                best_edge = i
    return best, best_count, best_edge


@njit(cache=True, nogil=True)
def mark_side(order: Any, parent: Any, size: Any, edge: Any, side: Any) -> Any:
    """Mark the atoms below the edge's lower atom."""
    for s in range(size):
        i = order[s]
        # In the order of joining, a parent comes before its children.
        side[i] = i == edge or (parent[i] >= 0 and side[parent[i]])
