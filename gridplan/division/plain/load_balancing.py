"""Levelling: parts round centres made equally heavy by a toll on each centre, then mended until each is connected.

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
    """Level the weights of the parts round the centres, which then move to the best atoms of their parts, some turns.

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
                toll[s] += unit * (mass[s] / even - 1.0) / (1.0 + step / 8.0)
        for s in range(k):  # a centre stays in its part, so that no two parts come to share one
            part[centres[s]] = s
        if turn < turns - 1:
            move_centres(data, part, centres)
    return part


@njit(cache=True, nogil=True)
def move_centres(data: Any, part: Any, centres: Any) -> Any:
    """Move each centre to the atom of its part with the least sum of ways, in place."""
    n = part.shape[0]
    for s in range(centres.shape[0]):
        own = np.flatnonzero(part == s)
        best = np.inf
        for i in own:
            total = 0.0
            for j in own:
                total += data.pull[j] * walk_between(data, j, i)
                if total >= best:
                    break
            if total < best:
                best = total
                centres[s] = i
    return n


@njit(cache=True, nogil=True)
def connect_parts(data: Any, part: Any, centres: Any) -> Any:
    """Connect every part: what its centre does not reach within it goes to the parts it touches, the nearest centre's first."""
    n = part.shape[0]
    out = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int64)
    head = 0
    tail = 0
    for s in range(centres.shape[0]):
        out[centres[s]] = s
        queue[tail] = centres[s]
        tail += 1
    while head < tail:
        i = queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if out[j] < 0 and part[j] == out[i]:
                out[j] = out[i]
                queue[tail] = j
                tail += 1
    left = n - tail
    while left > 0:
        best = np.inf
        at = -1
        to = -1
        for i in range(n):
            if out[i] >= 0:
                continue
            for e in range(data.indptr[i], data.indptr[i + 1]):
                s = out[data.indices[e]]
                if s >= 0:
                    way = walk_between(data, i, centres[s])
                    if way < best:
                        best = way
                        at = i
                        to = s
        if at < 0:
            break
        out[at] = to
        left -= 1
    return out
