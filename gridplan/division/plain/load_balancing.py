"""Load balancing: parts made equally heavy by a toll on each centre, then connected.

A part that is too heavy gets a higher toll for each unit of weight, so that
the atoms between it and the next turn away. The tolls are the multipliers of
the limits; for squared ways the parts are those of a power diagram, which are
connected almost everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import walk_between


@njit(cache=True, nogil=True)
def level_parts(data: Any, centres: Any, turns: int, steps: int) -> Any:
    """Level the weights of the parts round the centres, which then move to their best atoms.

    ``centres`` is changed in place. Returns int32[n], the part of each atom.
    """
    n = data.weights.shape[0]
    k = centres.shape[0]
    ways = np.empty((n, k))
    toll = np.zeros(k)
    mass = np.zeros(k)
    part = np.zeros(n, np.int32)
    even = data.weights.sum() / k
    for turn in range(turns):
        unit = 0.0
        for i in range(n):
            for s in range(k):
                ways[i, s] = data.pull[i] * walk_between(data, i, centres[s])
            unit += ways[i].min()
        # The mean way of a unit of weight sets the scale of the tolls.
        unit /= data.weights.sum()
        for step in range(steps):
            mass[:] = 0.0
            for i in range(n):
                best = np.inf
                for s in range(k):
                    price = ways[i, s] + toll[s] * data.weights[i]
                    if price < best:
                        best = price
                        part[i] = s
                mass[part[i]] += data.weights[i]
            for s in range(k):
                # Smaller steps later on, as subgradients ask for.
                toll[s] += unit * (mass[s] / even - 1.0) / (1.0 + step / 8.0)
        # A centre stays in its part, so that no two parts come to share one.
        for s in range(k):
            part[centres[s]] = s
        if turn < turns - 1:
            move_centres(data, part, centres)
    return part


@njit(cache=True, nogil=True)
def move_centres(data: Any, part: Any, centres: Any) -> Any:
    """Move each centre to the atom of its part with the least sum of ways, in place."""
    n = part.shape[0]
    for s in range(centres.shape[0]):
        # As published problems have it, and not by centres.choose_centre.
        members = np.flatnonzero(part == s)
        best = np.inf
        for i in members:
            total = 0.0
            for j in members:
                total += data.pull[j] * walk_between(data, j, i)
                # No need to go on once it is worse than the best.
                if total >= best:
                    break
            if total < best:
                best = total
                centres[s] = i
    return n


@njit(cache=True, nogil=True)
def connect_parts(data: Any, part: Any, centres: Any) -> Any:
    """Connect every part: atoms its centre does not reach join a part they touch, nearest first."""
    n = part.shape[0]
    joined = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int64)
    head = 0
    tail = 0
    for s in range(centres.shape[0]):
        joined[centres[s]] = s
        queue[tail] = centres[s]
        tail += 1
    # Spread from all centres at once, each within its own part.
    while head < tail:
        i = queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if joined[j] < 0 and part[j] == joined[i]:
                joined[j] = joined[i]
                queue[tail] = j
                tail += 1
    unreached = n - tail
    while unreached > 0:
        # The atom nearest to a centre whose part it touches.
        best = np.inf
        atom = -1
        to = -1
        for i in range(n):
            if joined[i] >= 0:
                continue
            for e in range(data.indptr[i], data.indptr[i + 1]):
                s = joined[data.indices[e]]
                if s >= 0:
                    way = walk_between(data, i, centres[s])
                    if way < best:
                        best = way
                        atom = i
                        to = s
        if atom < 0:
            break
        joined[atom] = to
        unreached -= 1
    return joined
