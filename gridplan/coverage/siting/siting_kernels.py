"""Siting kernels: loops over ways that numpy would go through many times for nothing.

``starts, near, far`` hold the sites of each place from the nearest on;
``indptr, rows, ways`` the places of each site.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weigh_sites(indptr: Any, rows: Any, ways: Any, weights: Any, pay: Any, worth: Any) -> None:
    """Weigh what each site brings (into ``worth``): what its places pay beyond their ways."""
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
def fill_capacity(
    a: int, b: int, rows: Any, ways: Any, weights: Any, pay: Any, capacity: float, served: Any
) -> float:
    """Fill the capacity of one site, entries a to b, with whoever pays most beyond the way.

    Adds to ``served``, returns the gain.
    """
    over = pay[rows[a:b]] - ways[a:b]
    total = 0.0
    # Stable, so that equal gains keep the order of places.
    for e in np.argsort(-over, kind="mergesort"):
        if over[e] <= 0 or capacity <= 0:
            break
        i = rows[a + e]
        part = min(capacity, weights[i])
        capacity -= part
        total += part * over[e]
        served[i] += part
    return total


@njit(cache=True, nogil=True)
def weigh_within_capacity(
    indptr: Any, rows: Any, ways: Any, weights: Any, pay: Any, capacities: Any, worth: Any
) -> None:
    """Weigh what each site brings (into ``worth``) within its capacity."""
    # The kernel below also counts who is served, which nobody asks for here.
    waste = np.zeros(len(weights))
    for j in range(len(worth)):
        worth[j] = fill_capacity(
            indptr[j], indptr[j + 1], rows, ways, weights, pay, capacities[j], waste
        )


@njit(cache=True, nogil=True)
def count_within_capacity(
    indptr: Any,
    rows: Any,
    ways: Any,
    weights: Any,
    pay: Any,
    capacities: Any,
    taken: Any,
    served: Any,
) -> None:
    """Count (into ``served``) how often the sites taken serve each place, within capacity."""
    served[:] = 0.0
    for j in taken:
        fill_capacity(indptr[j], indptr[j + 1], rows, ways, weights, pay, capacities[j], served)
    for i in range(len(served)):
        served[i] /= weights[i]


@njit(cache=True, nogil=True)
def _find_nearest_open(
    i: int,
    starts: Any,
    near: Any,
    far: Any,
    beyond: Any,
    is_open: Any,
    first: Any,
    second: Any,
    nearest: Any,
) -> None:
    """Find a place's nearest and second nearest open site."""
    first[i] = beyond[i]
    second[i] = beyond[i]
    nearest[i] = -1
    # Sites come from the nearest on, so the second open one ends the search.
    for e in range(starts[i], starts[i + 1]):
        if is_open[near[e]]:
            if nearest[i] < 0:
                nearest[i] = near[e]
                first[i] = far[e]
            else:
                second[i] = far[e]
                return


@njit(cache=True, nogil=True)
def open_sites(
    starts: Any, near: Any, far: Any, weights: Any, beyond: Any, chosen: Any, m: int
) -> Any:
    """Open the chosen sites: which are open, ways to the nearest two, the nearest, and losses.

    The loss of a site is what closing it would cost.
    """
    n = len(beyond)
    is_open = np.zeros(m, np.bool_)
    is_open[chosen] = True
    first = np.empty(n)
    second = np.empty(n)
    nearest = np.empty(n, np.int64)
    loss = np.zeros(m)
    for i in range(n):
        _find_nearest_open(i, starts, near, far, beyond, is_open, first, second, nearest)
        if nearest[i] >= 0:
            loss[nearest[i]] += weights[i] * (second[i] - first[i])
    return is_open, first, second, nearest, loss


@njit(cache=True, nogil=True)
def _price_swap(
    j: int, indptr: Any, rows: Any, ways: Any, weights: Any, state: Any, chosen: Any, spared: Any
) -> Any:
    """Price the best swap of a site that is not open: a slot of ``chosen``, and the change."""
    _, first, second, nearest, loss = state
    gain = 0.0
    for e in range(indptr[j], indptr[j + 1]):
        i = rows[e]
        if ways[e] < second[i] or ways[e] < first[i]:
            # Nearer than all open ones: this place gains whatever closes.
            if ways[e] < first[i]:
                gain += weights[i] * (first[i] - ways[e])
            # If its nearest site closed, it would come here rather than to the second.
            if nearest[i] >= 0:
                spared[nearest[i]] += weights[i] * (second[i] - max(ways[e], first[i]))
    best = np.inf
    slot = -1
    for s in range(len(chosen)):
        remaining_loss = loss[chosen[s]] - spared[chosen[s]]
        # Cleared by its users, so that the scratch is ready for the next site.
        spared[chosen[s]] = 0.0
        if remaining_loss < best:
            best = remaining_loss
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
    is_open, first, second, nearest, loss = state
    closed = chosen[slot]
    is_open[closed] = False
    is_open[j] = True
    chosen[slot] = j
    # Only places of the two sites can have another nearest pair.
    for site in (closed, j):
        for e in range(indptr[site], indptr[site + 1]):
            i = rows[e]
            old_nearest = nearest[i]
            old_loss = second[i] - first[i]
            old_first = first[i]
            old_second = second[i]
            _find_nearest_open(i, starts, near, far, beyond, is_open, first, second, nearest)
            if nearest[i] == old_nearest and first[i] == old_first and second[i] == old_second:
                continue
            if old_nearest >= 0:
                loss[old_nearest] -= weights[i] * old_loss
            if nearest[i] >= 0:
                loss[nearest[i]] += weights[i] * (second[i] - first[i])
            # Whoever serves such a place may now have a better swap.
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
    """Swap while a site marked ``dirty`` saves more than ``least``; returns what is saved."""
    m = len(indptr) - 1
    spared = np.zeros(m)
    saved = 0.0
    is_changed = True
    while is_changed:
        is_changed = False
        for j in range(m):
            # Sites whose places did not change have no new swap to offer.
            if not dirty[j]:
                continue
            dirty[j] = False
            if state[0][j]:
                continue
            slot, change = _price_swap(j, indptr, rows, ways, weights, state, chosen, spared)
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
                is_changed = True
    return saved


@njit(cache=True, nogil=True)
def _swap_at_random(
    lots: Any,
    sides: Any,
    places: Any,
    weights: Any,
    beyond: Any,
    state: Any,
    chosen: Any,
    dirty: Any,
    spared: Any,
) -> float:
    """Make the best swap of each site on a walk from a random one; returns the change in price."""
    indptr, rows, ways = sides
    starts, near, _ = places
    m = len(indptr) - 1
    j = int(lots[0] * m)
    change = 0.0
    # A short walk over common places keeps the disturbance local.
    for q in range(1, len(lots), 2):
        if not state[0][j] and indptr[j + 1] > indptr[j]:
            slot, swap_change = _price_swap(j, indptr, rows, ways, weights, state, chosen, spared)
            _swap(j, slot, (indptr, rows), places, weights, beyond, state, chosen, dirty)
            change += swap_change
        # On to a site that serves one of the same places.
        if indptr[j + 1] > indptr[j]:
            i = rows[indptr[j] + int(lots[q] * (indptr[j + 1] - indptr[j]))]
            j = near[starts[i] + int(lots[q + 1] * (starts[i + 1] - starts[i]))]
    return change


@njit(cache=True, nogil=True)
def _copy_state(source: Any, target: Any) -> None:
    """Copy the arrays of one state into those of another."""
    # One by one, since numba cannot loop over arrays of several types.
    target[0][:] = source[0]
    target[1][:] = source[1]
    target[2][:] = source[2]
    target[3][:] = source[3]
    target[4][:] = source[4]


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
    """Perturb a choice in one neighbourhood and descend again, keeping the better.

    Once for each row of ``lots`` (numbers from 0 to 1). ``chosen`` is written
    to. Returns what is saved.
    """
    m = len(indptr) - 1
    state = open_sites(starts, near, far, weights, beyond, chosen, m)
    dirty = np.ones(m, np.bool_)
    spared = np.zeros(m)
    total = swap_to_local_optimum(
        indptr, rows, ways, starts, near, far, weights, beyond, state, chosen, dirty, least
    )
    # Copied by hand, since numba has no deep copy of a tuple.
    kept = (state[0].copy(), state[1].copy(), state[2].copy(), state[3].copy(), state[4].copy())
    best = chosen.copy()
    for t in range(lots.shape[0]):
        change = _swap_at_random(
            lots[t],
            (indptr, rows, ways),
            (starts, near, far),
            weights,
            beyond,
            state,
            chosen,
            dirty,
            spared,
        )
        change -= swap_to_local_optimum(
            indptr, rows, ways, starts, near, far, weights, beyond, state, chosen, dirty, least
        )
        # Equal choices are kept too, so that the search can drift over plateaus.
        if change <= 0.0:
            total -= change
            best[:] = chosen
            _copy_state(state, kept)
        else:
            chosen[:] = best
            _copy_state(kept, state)
    return total
