"""Kernels: the loops over ways that numpy would go through many times for nothing.

``starts, near, far`` hold the sites of each place from the nearest on;
``indptr, rows, ways`` the places of each site.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weigh_sites(indptr: Any, rows: Any, ways: Any, weights: Any, pay: Any, worth: Any) -> None:
    """Weigh what each site brings (into ``worth``): for every household what its place pays beyond the way, if anything."""
    for j in range(len(worth)):
        total = 0.0
        for e in range(indptr[j], indptr[j + 1]):
            over = pay[rows[e]] - ways[e]
            if over > 0:
                total += weights[rows[e]] * over
        worth[j] = total


@njit(cache=True, nogil=True)
def count_served(indptr: Any, rows: Any, ways: Any, pay: Any, taken: Any, served: Any) -> None:
    """Count (into ``served``) by how many of the sites taken each place is served at its price."""
    served[:] = 0.0
    for j in taken:
        for e in range(indptr[j], indptr[j + 1]):
            if pay[rows[e]] > ways[e]:
                served[rows[e]] += 1.0


@njit(cache=True, nogil=True)
def fill_room(
    a: int, b: int, rows: Any, ways: Any, weights: Any, pay: Any, room: float, served: Any
) -> float:
    """Fill the room of one site, entries a to b, with whoever pays most beyond the way; adds to ``served``, returns the gain."""
    over = pay[rows[a:b]] - ways[a:b]
    total = 0.0
    for e in np.argsort(-over, kind="mergesort"):
        if over[e] <= 0 or room <= 0:
            break
        i = rows[a + e]
        part = min(room, weights[i])
        room -= part
        total += part * over[e]
        served[i] += part
    return total


@njit(cache=True, nogil=True)
def weigh_rooms(
    indptr: Any, rows: Any, ways: Any, weights: Any, pay: Any, rooms: Any, worth: Any
) -> None:
    """Weigh what each site brings (into ``worth``) with the room it has."""
    waste = np.zeros(len(weights))
    for j in range(len(worth)):
        worth[j] = fill_room(indptr[j], indptr[j + 1], rows, ways, weights, pay, rooms[j], waste)


@njit(cache=True, nogil=True)
def count_roomed(
    indptr: Any, rows: Any, ways: Any, weights: Any, pay: Any, rooms: Any, taken: Any, served: Any
) -> None:
    """Count (into ``served``) how many times the sites taken serve each place, as far as they have room."""
    served[:] = 0.0
    for j in taken:
        fill_room(indptr[j], indptr[j + 1], rows, ways, weights, pay, rooms[j], served)
    for i in range(len(served)):
        served[i] /= weights[i]


@njit(cache=True, nogil=True)
def _look(
    i: int,
    starts: Any,
    near: Any,
    far: Any,
    beyond: Any,
    is_open: Any,
    first: Any,
    second: Any,
    at: Any,
) -> None:
    """Look up a place's nearest and second nearest open site."""
    first[i] = second[i] = beyond[i]
    at[i] = -1
    for e in range(starts[i], starts[i + 1]):
        if is_open[near[e]]:
            if at[i] < 0:
                at[i], first[i] = near[e], far[e]
            else:
                second[i] = far[e]
                return


@njit(cache=True, nogil=True)
def open_sites(
    starts: Any, near: Any, far: Any, weights: Any, beyond: Any, chosen: Any, m: int
) -> Any:
    """Open the chosen sites: which are open, ways to the nearest two, the nearest site, and what each would be missed by."""
    n = len(beyond)
    is_open = np.zeros(m, np.bool_)
    is_open[chosen] = True
    first = np.empty(n)
    second = np.empty(n)
    at = np.empty(n, np.int64)
    loss = np.zeros(m)
    for i in range(n):
        _look(i, starts, near, far, beyond, is_open, first, second, at)
        if at[i] >= 0:
            loss[at[i]] += weights[i] * (second[i] - first[i])
    return is_open, first, second, at, loss


@njit(cache=True, nogil=True)
def _judge(
    j: int, indptr: Any, rows: Any, ways: Any, weights: Any, state: Any, chosen: Any, spared: Any
) -> Any:
    """Judge a site that is not open: its best partner among the open ones (a place in ``chosen``), and what the swap changes."""
    _, first, second, at, loss = state
    gain = 0.0
    for e in range(indptr[j], indptr[j + 1]):
        i = rows[e]
        if ways[e] < second[i] or ways[e] < first[i]:
            if ways[e] < first[i]:
                gain += weights[i] * (first[i] - ways[e])
            if at[i] >= 0:
                spared[at[i]] += weights[i] * (second[i] - max(ways[e], first[i]))
    best = np.inf
    slot = -1
    for s in range(len(chosen)):
        left = loss[chosen[s]] - spared[chosen[s]]
        spared[chosen[s]] = 0.0
        if left < best:
            best = left
            slot = s
    return slot, best - gain


@njit(cache=True, nogil=True)
def _swap(
    j: int,
    slot: int,
    sides: Any,
    places: Any,
    weights: Any,
    beyond: Any,
    state: Any,
    chosen: Any,
    dirty: Any,
) -> None:
    """Open a site for another, and mark the sites whose places are touched."""
    indptr, rows = sides
    starts, near, far = places
    is_open, first, second, at, loss = state
    old = chosen[slot]
    is_open[old] = False
    is_open[j] = True
    chosen[slot] = j
    for site in (old, j):
        for e in range(indptr[site], indptr[site + 1]):
            i = rows[e]
            was = at[i]
            by = second[i] - first[i]
            a = first[i]
            b = second[i]
            _look(i, starts, near, far, beyond, is_open, first, second, at)
            if at[i] == was and first[i] == a and second[i] == b:
                continue
            if was >= 0:
                loss[was] -= weights[i] * by
            if at[i] >= 0:
                loss[at[i]] += weights[i] * (second[i] - first[i])
            for f in range(starts[i], starts[i + 1]):
                dirty[near[f]] = True


@njit(cache=True, nogil=True)
def swap_to_local_optimum(
    indptr: Any,
    rows: Any,
    ways: Any,
    starts: Any,
    near: Any,
    far: Any,
    weights: Any,
    beyond: Any,
    state: Any,
    chosen: Any,
    dirty: Any,
    least: float,
) -> float:
    """Swap while a site marked ``dirty`` has a partner with which it saves more than ``least``; returns what is saved."""
    m = len(indptr) - 1
    spared = np.zeros(m)
    saved = 0.0
    again = True
    while again:
        again = False
        for j in range(m):
            if not dirty[j]:
                continue
            dirty[j] = False
            if state[0][j]:
                continue
            slot, change = _judge(j, indptr, rows, ways, weights, state, chosen, spared)
            if change < -least:
                _swap(
                    j,
                    slot,
                    (indptr, rows),
                    (starts, near, far),
                    weights,
                    beyond,
                    state,
                    chosen,
                    dirty,
                )
                saved -= change
                again = True
    return saved


@njit(cache=True, nogil=True)
def perturb_and_swap(
    indptr: Any,
    rows: Any,
    ways: Any,
    starts: Any,
    near: Any,
    far: Any,
    weights: Any,
    beyond: Any,
    chosen: Any,
    lots: Any,
    least: float,
) -> float:
    """Disturb a choice in one neighbourhood and descend again, once for each row of ``lots`` (from 0 to 1), keeping the better.

    ``chosen`` is written to. Returns what is saved.
    """
    m = len(indptr) - 1
    n = len(beyond)
    state = open_sites(starts, near, far, weights, beyond, chosen, m)
    dirty = np.ones(m, np.bool_)
    spared = np.zeros(m)
    total = swap_to_local_optimum(
        indptr, rows, ways, starts, near, far, weights, beyond, state, chosen, dirty, least
    )
    kept = (state[0].copy(), state[1].copy(), state[2].copy(), state[3].copy(), state[4].copy())
    best = chosen.copy()
    for t in range(lots.shape[0]):
        j = int(lots[t, 0] * m)
        change = 0.0
        for q in range(1, lots.shape[1], 2):
            if not state[0][j] and indptr[j + 1] > indptr[j]:
                slot, more = _judge(j, indptr, rows, ways, weights, state, chosen, spared)
                _swap(
                    j,
                    slot,
                    (indptr, rows),
                    (starts, near, far),
                    weights,
                    beyond,
                    state,
                    chosen,
                    dirty,
                )
                change += more
            if indptr[j + 1] > indptr[j]:  # on to a site that serves one of the same places
                i = rows[indptr[j] + int(lots[t, q] * (indptr[j + 1] - indptr[j]))]
                j = near[starts[i] + int(lots[t, q + 1] * (starts[i + 1] - starts[i]))]
        change -= swap_to_local_optimum(
            indptr, rows, ways, starts, near, far, weights, beyond, state, chosen, dirty, least
        )
        if change <= 0.0:
            total -= change
            best[:] = chosen
            for a in range(m):
                kept[0][a], kept[4][a] = state[0][a], state[4][a]
            for i in range(n):
                kept[1][i], kept[2][i], kept[3][i] = state[1][i], state[2][i], state[3][i]
        else:
            chosen[:] = best
            for a in range(m):
                state[0][a], state[4][a] = kept[0][a], kept[4][a]
            for i in range(n):
                state[1][i], state[2][i], state[3][i] = kept[1][i], kept[2][i], kept[3][i]
    return total
