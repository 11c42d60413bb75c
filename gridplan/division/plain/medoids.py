"""Medoids: first centres by eager swaps until none shortens the ways, without limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import sample_below, sample_unit, walk_between


@njit(cache=True, nogil=True)
def spread_centres(data: Any, k: int, seed: Any) -> Any:
    """Sample k centres, with chances that grow with the way to earlier ones (k-means++).

    Arthur & Vassilvitskii 2007.
    """
    n = data.weights.shape[0]
    centres = np.empty(k, np.int64)
    centres[0] = sample_below(seed, n)
    way = np.empty(n)
    for i in range(n):
        way[i] = data.pull[i] * walk_between(data, i, centres[0])
    for s in range(1, k):
        remaining = sample_unit(seed) * way.sum()
        for i in range(n):
            if way[i] > 0.0:
                centres[s] = i
                remaining -= way[i]
                if remaining <= 0.0:
                    break
        # All atoms lie on centres already: any that is none yet.
        if way.max() <= 0.0:
            centres[s] = np.argmin(np.array([(centres[:s] == i).any() for i in range(n)]))
        for i in range(n):
            way[i] = min(way[i], data.pull[i] * walk_between(data, i, centres[s]))
    return centres


@njit(cache=True, nogil=True)
def rank_centres(data: Any, centres: Any, i: Any) -> Any:
    """Find the nearest two centres of atom i (their numbers) and the weighted ways to them."""
    first = 0
    second = 0
    near = np.inf
    next_near = np.inf
    for s in range(centres.shape[0]):
        d = data.pull[i] * walk_between(data, i, centres[s])
        if d < near:
            second = first
            next_near = near
            first = s
            near = d
        elif d < next_near:
            second = s
            next_near = d
    return first, second, near, next_near


@njit(cache=True, nogil=True)
def weigh_swap(
    data: Any, v: Any, first: Any, near: Any, next_near: Any, loss: Any, change: Any, way: Any
) -> Any:
    """Find which centre atom v best replaces, and by how much the ways then rise."""
    gain = 0.0
    change[:] = loss
    for i in range(near.shape[0]):
        way[i] = data.pull[i] * walk_between(data, i, v)
        # Goes to v whatever closes, so its old centre is missed no more.
        if way[i] < near[i]:
            gain += way[i] - near[i]
            change[first[i]] += near[i] - next_near[i]
        # Would go to v only if its own centre closed.
        elif way[i] < next_near[i]:
            change[first[i]] += way[i] - next_near[i]
    s = np.argmin(change)
    return s, gain + change[s]


@njit(cache=True, nogil=True)
def swap_centres(data: Any, centres: Any, seed: Any, passes: int) -> Any:
    """Swap centres for atoms in place while that shortens the ways, in at most ``passes`` rounds.

    Every atom is weighed against all centres at once, and the best swap is
    made at once (FasterPAM: Schubert & Rousseeuw 2021). Returns the sum of all
    ways to the nearest centre.
    """
    n = data.weights.shape[0]
    k = centres.shape[0]
    first = np.empty(n, np.int64)
    second = np.empty(n, np.int64)
    near = np.empty(n)
    next_near = np.empty(n)
    is_centre = np.zeros(n, np.bool_)
    for s in range(k):
        is_centre[centres[s]] = True
    loss = np.zeros(k)  # what closing a centre costs
    for i in range(n):
        first[i], second[i], near[i], next_near[i] = rank_centres(data, centres, i)
        loss[first[i]] += next_near[i] - near[i]
    order = np.arange(n)
    least = -1e-9 * near.sum()
    change = np.empty(k)
    way = np.empty(n)
    for _ in range(passes):
        swapped = 0
        # A new random order in each pass (Fisher-Yates).
        for s in range(n - 1, 0, -1):
            t = sample_below(seed, s + 1)
            swapped_atom = order[s]
            order[s] = order[t]
            order[t] = swapped_atom
        for v in order:
            if is_centre[v]:
                continue
            s, rise = weigh_swap(data, v, first, near, next_near, loss, change, way)
            if k == 1 or rise > least:
                continue
            is_centre[centres[s]] = False
            is_centre[v] = True
            centres[s] = v
            swapped += 1
            for i in range(n):
                # Update the losses atom by atom instead of computing all again.
                loss[first[i]] -= next_near[i] - near[i]
                if first[i] == s or second[i] == s:
                    first[i], second[i], near[i], next_near[i] = rank_centres(data, centres, i)
                elif way[i] < near[i]:
                    second[i] = first[i]
                    next_near[i] = near[i]
                    first[i] = s
                    near[i] = way[i]
                elif way[i] < next_near[i]:
                    second[i] = s
                    next_near[i] = way[i]
                loss[first[i]] += next_near[i] - near[i]
        if swapped == 0:
            break
    return near.sum()


@njit(cache=True, nogil=True)
def assign_to_nearest(data: Any, centres: Any) -> Any:
    """Assign atoms to their nearest centres, each centre to itself; int32[n], the part of each."""
    n = data.weights.shape[0]
    part = np.empty(n, np.int32)
    for i in range(n):
        part[i] = rank_centres(data, centres, i)[0]
    for s in range(centres.shape[0]):
        part[centres[s]] = s
    return part
