"""Annealing kernel of capacitated clustering: atoms move between parts, one to three at a time.

It works on the same data and state as the other kernels. Most exchanges are
refused by a cheap bound: as long as the centres stay, an exchange is priced by
four distances. Only those that come near to being taken are priced in full.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import (
    exchange,
    price_mass,
    sample_below,
    sample_unit,
    stays_connected,
    walk_between,
)

NONE = np.int64(-1)
MARGIN = 2.0  # heats by which moving the centres is expected to improve an exchange at most


@njit(cache=True, nogil=True)
def place_centre(data: Any, state: Any, p: Any, mean: bool, centres: Any) -> Any:
    """Write the centre of part p to ``centres``: its best atom, or x and y of the mean.

    Returns the sum of the distances to it, weighted by the pull of the atoms.
    """
    # Published problems fix what a centre is; that of a plan is chosen in centres.py.
    m = state.size[p]
    if not mean:
        best = -1
        walk = np.inf
        for s in range(m):
            i = state.members[p, s]
            if state.sums[i] < walk:
                best = i
                walk = state.sums[i]
        centres[p, 0] = best
        return walk
    cx = 0.0
    cy = 0.0
    for s in range(m):
        cx += data.x[state.members[p, s]]
        cy += data.y[state.members[p, s]]
    centres[p, 0] = cx / max(m, 1)
    centres[p, 1] = cy / max(m, 1)
    walk = 0.0
    for s in range(m):
        i = state.members[p, s]
        walk += data.pull[i] * math.hypot(data.x[i] - centres[p, 0], data.y[i] - centres[p, 1])
    return walk


@njit(cache=True, nogil=True, inline="always")
def walk_to(data: Any, i: Any, p: Any, mean: bool, centres: Any) -> Any:
    """Measure the weighted way of atom i to the centre of part p; 0 without an atom."""
    if i < 0:
        return 0.0
    if mean:
        dx = data.x[i] - centres[p, 0]
        dy = data.y[i] - centres[p, 1]
        return data.pull[i] * math.sqrt(dx * dx + dy * dy)
    return data.pull[i] * walk_between(data, i, np.int64(centres[p, 0]))


@njit(cache=True, nogil=True)
def walk_after(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool) -> Any:
    """Measure the walk of part p to its centre without atom ``out`` and with ``into`` (or -1)."""
    m = state.size[p]
    if mean:
        cx = 0.0
        cy = 0.0
        count = 0
        if into >= 0:
            cx = data.x[into]
            cy = data.y[into]
            count = 1
        for s in range(m):
            j = state.members[p, s]
            if j != out:
                cx = cx + data.x[j]
                cy = cy + data.y[j]
                count = count + 1
        cx = cx / max(count, 1)
        cy = cy / max(count, 1)
        walk = 0.0
        if into >= 0:
            walk = data.pull[into] * math.sqrt((data.x[into] - cx) ** 2 + (data.y[into] - cy) ** 2)
        for s in range(m):
            j = state.members[p, s]
            if j != out:
                walk += data.pull[j] * math.sqrt((data.x[j] - cx) ** 2 + (data.y[j] - cy) ** 2)
        return walk
    best = np.inf
    newcomer_sum = 0.0
    for s in range(m):
        j = state.members[p, s]
        if j == out:
            continue
        total = state.sums[j]
        if out >= 0:
            total -= data.pull[out] * walk_between(data, out, j)
        if into >= 0:
            d = walk_between(data, into, j)
            total += data.pull[into] * d
            newcomer_sum += data.pull[j] * d
        best = min(best, total)
    return min(best, newcomer_sum) if into >= 0 else best


@njit(cache=True, nogil=True, inline="always")
def bound_rise(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool, centres: Any) -> Any:
    """Price the rise of part p by an exchange if its centre stays; -inf where that goes itself."""
    if out >= 0 and not mean and np.int64(centres[p, 0]) == out:
        return -np.inf
    mass = state.mass[p]
    after = mass
    if out >= 0:
        after -= data.weights[out]
    if into >= 0:
        after += data.weights[into]
    rise = walk_to(data, into, p, mean, centres) - walk_to(data, out, p, mean, centres)
    return rise + price_mass(data, after) - price_mass(data, mass)


@njit(cache=True, nogil=True, inline="always")
def price_rise(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool) -> Any:
    """Price the rise of part p by an exchange exactly."""
    after = state.mass[p]
    if out >= 0:
        after -= data.weights[out]
    if into >= 0:
        after += data.weights[into]
    rise = walk_after(data, state, p, out, into, mean) - state.walk[p]
    return rise + price_mass(data, after) - price_mass(data, state.mass[p])


@njit(cache=True, nogil=True)
def place_centres(data: Any, state: Any, mean: bool, centres: Any) -> Any:
    """Place the centre of every part; returns the sum of all distances to them."""
    total = 0.0
    for p in range(state.size.shape[0]):
        state.walk[p] = place_centre(data, state, p, mean, centres)
        total += state.walk[p]
    return total


@njit(cache=True, nogil=True)
def sample_exchange(data: Any, state: Any, seed: Any, swaps: float, chains: float) -> Any:
    """Sample an exchange: atom a of part p goes to q; b of q comes back, or c of q goes on to t.

    Returns a, b, c, p, q, t, with -1 for what there is not; a is -1 where the
    sample came to nothing.
    """
    capacity = state.members.shape[1]
    nothing = (NONE, NONE, NONE, NONE, NONE, NONE)
    a = sample_below(seed, state.part.shape[0])
    degree = data.indptr[a + 1] - data.indptr[a]
    if degree == 0:
        return nothing
    p = np.int64(state.part[a])
    # A random edge out of a leads to a part nearby.
    q = np.int64(state.part[data.indices[data.indptr[a] + sample_below(seed, degree)]])
    if p == q:
        return nothing
    kind = sample_unit(seed)
    # Swaps keep sizes even where parts are full.
    if kind < swaps:
        return a, np.int64(state.members[q, sample_below(seed, state.size[q])]), NONE, p, q, NONE
    # A part may not become empty.
    if state.size[p] == 1:
        return nothing
    if kind >= swaps + chains:
        return nothing if state.size[q] >= capacity else (a, NONE, NONE, p, q, NONE)
    # Chains help where neither of two full parts can take an atom.
    c = np.int64(state.members[q, sample_below(seed, state.size[q])])
    spread = data.indptr[c + 1] - data.indptr[c]
    if spread == 0:
        return nothing
    t = np.int64(state.part[data.indices[data.indptr[c] + sample_below(seed, spread)]])
    if t in (p, q) or state.size[t] >= capacity:
        return nothing
    return a, NONE, c, p, q, t


@njit(cache=True, nogil=True)
def anneal_exchanges(
    data: Any,
    state: Any,
    centres: Any,
    seed: Any,
    rounds: int,
    hot: float,
    cold: float,
    swaps: float,
    chains: float,
    mean: bool,
) -> Any:
    """Anneal an assignment in place over ``rounds`` exchanges, cooling from ``hot`` to ``cold``.

    An atom moves to a part nearby; in a share of ``swaps`` an atom of that
    part comes back, in a share of ``chains`` one goes on to a third part. With
    both heats 0 nothing is taken for the worse. Returns the number of
    exchanges taken.
    """
    # Geometric cooling, in steps of 64 exchanges, to save the exponentials.
    factor = math.exp(math.log(cold / hot) * 64 / max(1, rounds)) if hot > 0.0 else 1.0
    heat = hot
    taken = 0
    for r in range(rounds):
        if r % 64 == 63:
            heat *= factor
        a, b, c, p, q, t = sample_exchange(data, state, seed, swaps, chains)
        if a < 0:
            continue
        # One sample decides beforehand which rise is taken (Metropolis rule).
        limit = -heat * math.log(1.0 - sample_unit(seed))
        leave = b if c < 0 else c
        # Four distances first; most exchanges end here.
        rise = bound_rise(data, state, p, a, b, mean, centres)
        rise += bound_rise(data, state, q, leave, a, mean, centres)
        if t >= 0:
            rise += bound_rise(data, state, t, NONE, c, mean, centres)
        if rise > limit + MARGIN * heat:
            continue
        # Now in full, with the centres free to move.
        rise = price_rise(data, state, p, a, b, mean)
        if t >= 0:
            rise += price_rise(data, state, t, NONE, c, mean)
        rise += price_rise(data, state, q, leave, a, mean)
        if rise > limit - 1e-9:
            continue
        # Contiguity last, as the dearest test.
        if data.contiguous and not (
            stays_connected(data, state, p, a, b)
            and stays_connected(data, state, q, leave, a)
            and (t < 0 or stays_connected(data, state, t, NONE, c))
        ):
            continue
        # In steps, so that an atom counts in the sums of one part only.
        exchange(data, state, p, a, NONE)
        exchange(data, state, q, leave, a)
        if b >= 0:
            exchange(data, state, p, NONE, b)
        if t >= 0:
            exchange(data, state, t, NONE, c)
            state.walk[t] = place_centre(data, state, t, mean, centres)
        state.walk[p] = place_centre(data, state, p, mean, centres)
        state.walk[q] = place_centre(data, state, q, mean, centres)
        taken += 1
    return taken
