"""Relocation: a part is closed and founded again inside another, where a centre is worth more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import exchange, price_mass, sample_unit, walk_between
from gridplan.division.plain.walk_kernels import NONE, place_centre, walk_to


@njit(cache=True, nogil=True)
def plan_closing(
    data: Any, state: Any, p: Any, mean: bool, centres: Any, added: Any, target: Any
) -> Any:
    """Price closing part p, each atom going where that costs least; ``target`` receives where.

    ``added`` is scratch of zeros, one for each part, and is left so. Returns
    infinity where an atom has nowhere to go.
    """
    m = state.size[p]
    loss = -state.walk[p] - price_mass(data, state.mass[p])
    for s in range(m):
        i = state.members[p, s]
        best = np.inf
        goal = -1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            q = state.part[data.indices[e]]
            if q in (p, goal):
                continue
            # With the atoms planned to go there already.
            mass = state.mass[q] + added[q]
            rise = (
                walk_to(data, i, q, mean, centres)
                + price_mass(data, mass + data.weights[i])
                - price_mass(data, mass)
            )
            if rise < best:
                best = rise
                goal = q
        target[s] = goal
        if goal < 0:
            loss = np.inf
            break
        added[goal] += data.weights[i]
        loss += best
    for s in range(m):
        if target[s] < 0:
            break
        # Clear the scratch by its users, not over all parts.
        added[target[s]] = 0
    return loss


@njit(cache=True, nogil=True)
def plan_founding(data: Any, state: Any, q: Any, mean: bool, centres: Any) -> Any:
    """Find the atom of part q that is worth most as a second centre, and what that saves."""
    m = state.size[q]
    best = -np.inf
    site = -1
    for s in range(m):
        v = state.members[q, s]
        gain = 0.0
        mass = 0
        count = 0
        for t in range(m):
            i = state.members[q, t]
            here = walk_to(data, i, q, mean, centres)
            there = data.pull[i] * walk_between(data, i, v)
            if there < here:
                gain += here - there
                mass += data.weights[i]
                count += 1
        # One side would be empty: no second centre.
        if count == 0 or count == m:
            continue
        gain += (
            price_mass(data, state.mass[q])
            - price_mass(data, mass)
            - price_mass(data, state.mass[q] - mass)
        )
        if gain > best:
            best = gain
            site = v
    return best, site


@njit(cache=True, nogil=True)
def relocate(
    data: Any, state: Any, centres: Any, seed: Any, heat: float, most: int, mean: bool
) -> Any:
    """Relocate up to ``most`` parts, the most worthwhile first, at a heat; returns how many."""
    k, capacity = state.members.shape
    loss = np.empty(k)
    gain = np.empty(k)
    site = np.empty(k, np.int64)
    added = np.zeros(k, np.int64)
    target = np.empty(capacity, np.int64)
    for p in range(k):
        loss[p] = plan_closing(data, state, p, mean, centres, added, target)
        gain[p], site[p] = plan_founding(data, state, p, mean, centres)
        # The heat lets parts close that are worth a little more than they should.
        if heat > 0.0:
            loss[p] += heat * math.log(1.0 - sample_unit(seed))
    # Cheapest to close against best to found, in pairs.
    closing = np.argsort(loss, kind="mergesort")
    founding = np.argsort(-gain, kind="mergesort")
    touched = np.zeros(k, np.bool_)
    relocated = 0
    next_founding = 0
    for p in closing:
        if relocated == most:
            break
        if touched[p]:
            continue
        while next_founding < k and touched[founding[next_founding]]:
            next_founding += 1
        if next_founding == k:
            break
        q = founding[next_founding]
        # Later pairs gain less still.
        if q == p or loss[p] - gain[q] > -1e-9:
            if q == p:
                continue
            break
        # Planned again, as earlier relocations filled the scratch of targets.
        plan_closing(data, state, p, mean, centres, added, target)
        m = state.size[p]
        is_apart = True
        for s in range(m):
            # Parts changed in this round have no valid prices any more.
            t = target[s]
            is_apart = is_apart and t != q and not touched[t] and state.size[t] + m < capacity
        if not is_apart:
            continue
        move_parts(data, state, centres, p, q, site[q], target, mean)
        touched[p] = True
        touched[q] = True
        for s in range(m):
            touched[target[s]] = True
        relocated += 1
    return relocated


@njit(cache=True, nogil=True)
def move_parts(
    data: Any, state: Any, centres: Any, p: Any, q: Any, v: Any, target: Any, mean: bool
) -> Any:
    """Give part p's atoms to their targets, then found it again on those of q nearer to atom v."""
    former = state.members[p, : state.size[p]].copy()
    for s in range(former.shape[0]):
        exchange(data, state, p, former[s], NONE)
        exchange(data, state, target[s], NONE, former[s])
    for s in range(former.shape[0]):
        state.walk[target[s]] = place_centre(data, state, target[s], mean, centres)
    members = state.members[q, : state.size[q]].copy()
    for i in members:
        if data.pull[i] * walk_between(data, i, v) < walk_to(data, i, q, mean, centres):
            exchange(data, state, q, i, NONE)
            exchange(data, state, p, NONE, i)
    state.walk[p] = place_centre(data, state, p, mean, centres)
    state.walk[q] = place_centre(data, state, q, mean, centres)
