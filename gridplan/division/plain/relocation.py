"""Relocation: a part gives its atoms to those round it and is founded anew inside another, where a centre is worth more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import exchange, price_mass, sample_unit, walk_between
from gridplan.division.plain.walk_kernels import NONE, find_centre, walk_to


@njit(cache=True, nogil=True)
def plan_closing(
    data: Any, state: Any, p: Any, mean: bool, seat: Any, added: Any, target: Any
) -> Any:
    """Price closing part p: each of its atoms goes where that costs least at once; ``target`` receives where.

    ``added`` is scratch of zeros, one for each part, and is left so. Returns
    infinity where an atom has nowhere to go.
    """
    m = state.size[p]
    loss = -state.walk[p] - price_mass(data, state.mass[p])
    for s in range(m):
        i = state.members[p, s]
        best = np.inf
        at = -1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            q = state.part[data.indices[e]]
            if q in (p, at):
                continue
            mass = state.mass[q] + added[q]
            rise = (
                walk_to(data, i, q, mean, seat)
                + price_mass(data, mass + data.weights[i])
                - price_mass(data, mass)
            )
            if rise < best:
                best = rise
                at = q
        target[s] = at
        if at < 0:
            loss = np.inf
            break
        added[at] += data.weights[i]
        loss += best
    for s in range(m):
        if target[s] < 0:
            break
        added[target[s]] = 0
    return loss


@njit(cache=True, nogil=True)
def plan_founding(data: Any, state: Any, q: Any, mean: bool, seat: Any) -> Any:
    """Find the atom of part q that is worth most as a second centre, and what that saves."""
    m = state.size[q]
    best = -np.inf
    at = -1
    for s in range(m):
        v = state.members[q, s]
        gain = 0.0
        mass = 0
        count = 0
        for t in range(m):
            i = state.members[q, t]
            here = walk_to(data, i, q, mean, seat)
            there = data.pull[i] * walk_between(data, i, v)
            if there < here:
                gain += here - there
                mass += data.weights[i]
                count += 1
        if count == 0 or count == m:
            continue
        gain += (
            price_mass(data, state.mass[q])
            - price_mass(data, mass)
            - price_mass(data, state.mass[q] - mass)
        )
        if gain > best:
            best = gain
            at = v
    return best, at


@njit(cache=True, nogil=True)
def relocate(
    data: Any, state: Any, seat: Any, seed: Any, heat: float, most: int, mean: bool
) -> Any:
    """Relocate up to ``most`` parts, the most worthwhile first, at a heat; returns how many."""
    k, room = state.members.shape
    loss = np.empty(k)
    gain = np.empty(k)
    site = np.empty(k, np.int64)
    added = np.zeros(k, np.int64)
    target = np.empty(room, np.int64)
    for p in range(k):
        loss[p] = plan_closing(data, state, p, mean, seat, added, target)
        gain[p], site[p] = plan_founding(data, state, p, mean, seat)
        if heat > 0.0:
            loss[p] += heat * math.log(1.0 - sample_unit(seed))
    closing = np.argsort(loss, kind="mergesort")
    founding = np.argsort(-gain, kind="mergesort")
    touched = np.zeros(k, np.bool_)
    done = 0
    next_founding = 0
    for p in closing:
        if done == most:
            break
        if touched[p]:
            continue
        while next_founding < k and touched[founding[next_founding]]:
            next_founding += 1
        if next_founding == k:
            break
        q = founding[next_founding]
        if q == p or loss[p] - gain[q] > -1e-9:
            if q == p:
                continue
            break
        plan_closing(data, state, p, mean, seat, added, target)
        m = state.size[p]
        fine = True
        for s in range(m):
            t = target[s]
            fine = fine and t != q and not touched[t] and state.size[t] + m < room
        if not fine:
            continue
        move_parts(data, state, seat, p, q, site[q], target, mean)
        touched[p] = touched[q] = True
        for s in range(m):
            touched[target[s]] = True
        done += 1
    return done


@njit(cache=True, nogil=True)
def move_parts(
    data: Any, state: Any, seat: Any, p: Any, q: Any, v: Any, target: Any, mean: bool
) -> Any:
    """Give the atoms of part p to their targets, then found it anew on those of part q that are nearer to atom v."""
    old = state.members[p, : state.size[p]].copy()
    for s in range(old.shape[0]):
        exchange(data, state, p, old[s], NONE)
        exchange(data, state, target[s], NONE, old[s])
    for s in range(old.shape[0]):
        state.walk[target[s]] = find_centre(data, state, target[s], mean, seat)
    own = state.members[q, : state.size[q]].copy()
    for i in own:
        if data.pull[i] * walk_between(data, i, v) < walk_to(data, i, q, mean, seat):
            exchange(data, state, q, i, NONE)
            exchange(data, state, p, NONE, i)
    state.walk[p] = find_centre(data, state, p, mean, seat)
    state.walk[q] = find_centre(data, state, q, mean, seat)
