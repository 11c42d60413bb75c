"""The kernel of the plain capacitated problem: atoms wander between nearby parts, one, two or three at a time.

It works on the same data and state as the other kernels. Most exchanges are
refused at a glance: as long as nobody moves the centres, an exchange is priced
by four distances. Only those that come near to being taken are priced in full.
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
GLANCE = 2.0  # heats by which moving the centres is expected to mend an exchange at the most


@njit(cache=True, nogil=True)
def find_centre(data: Any, state: Any, p: Any, mean: bool, seat: Any) -> Any:
    """Find the centre of part p and write it to ``seat``: the atom with the least sum, or x and y of the mean.

    Returns the sum of the distances to it, weighted by the pull of the atoms.
    """
    m = state.size[p]
    if not mean:
        best = -1
        walk = np.inf
        for s in range(m):
            i = state.members[p, s]
            if state.sums[i] < walk:
                best = i
                walk = state.sums[i]
        seat[p, 0] = best
        return walk
    cx = 0.0
    cy = 0.0
    for s in range(m):
        cx += data.x[state.members[p, s]]
        cy += data.y[state.members[p, s]]
    seat[p, 0], seat[p, 1] = cx / max(m, 1), cy / max(m, 1)
    walk = 0.0
    for s in range(m):
        i = state.members[p, s]
        walk += data.pull[i] * math.hypot(data.x[i] - seat[p, 0], data.y[i] - seat[p, 1])
    return walk


@njit(cache=True, nogil=True, inline="always")
def walk_to(data: Any, i: Any, p: Any, mean: bool, seat: Any) -> Any:
    """Measure the weighted way of atom i to the centre of part p as it stands; none without an atom."""
    if i < 0:
        return 0.0
    if mean:
        dx = data.x[i] - seat[p, 0]
        dy = data.y[i] - seat[p, 1]
        return data.pull[i] * math.sqrt(dx * dx + dy * dy)
    return data.pull[i] * walk_between(data, i, np.int64(seat[p, 0]))


@njit(cache=True, nogil=True)
def walk_after(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool) -> Any:
    """Measure what part p would have to walk to its centre without atom ``out`` and with ``into`` (-1 for none)."""
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
    own = 0.0
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
            own += data.pull[j] * d
        best = min(best, total)
    return min(best, own) if into >= 0 else best


@njit(cache=True, nogil=True, inline="always")
def glance(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool, seat: Any) -> Any:
    """Price part p after an exchange less its price before, were its centre to stay; -inf where the centre itself goes."""
    if out >= 0 and not mean and np.int64(seat[p, 0]) == out:
        return -np.inf
    mass = state.mass[p]
    after = mass
    if out >= 0:
        after -= data.weights[out]
    if into >= 0:
        after += data.weights[into]
    rise = walk_to(data, into, p, mean, seat) - walk_to(data, out, p, mean, seat)
    return rise + price_mass(data, after) - price_mass(data, mass)


@njit(cache=True, nogil=True, inline="always")
def weigh(data: Any, state: Any, p: Any, out: Any, into: Any, mean: bool) -> Any:
    """Price part p after an exchange less its price before, exactly."""
    after = state.mass[p]
    if out >= 0:
        after -= data.weights[out]
    if into >= 0:
        after += data.weights[into]
    rise = walk_after(data, state, p, out, into, mean) - state.walk[p]
    return rise + price_mass(data, after) - price_mass(data, state.mass[p])


@njit(cache=True, nogil=True)
def place_centres(data: Any, state: Any, mean: bool, seat: Any) -> Any:
    """Seat the centre of every part; returns the sum of all distances to them."""
    total = 0.0
    for p in range(state.size.shape[0]):
        state.walk[p] = find_centre(data, state, p, mean, seat)
        total += state.walk[p]
    return total


@njit(cache=True, nogil=True)
def draw_exchange(data: Any, state: Any, seed: Any, swaps: float, chains: float) -> Any:
    """Draw an exchange: atom a of part p goes to part q nearby; b of q comes back to p, or c of q goes on to part t.

    Returns a, b, c, p, q, t, with -1 for what there is not; a is -1 where the
    draw came to nothing.
    """
    room = state.members.shape[1]
    nothing = (NONE, NONE, NONE, NONE, NONE, NONE)
    a = sample_below(seed, state.part.shape[0])
    degree = data.indptr[a + 1] - data.indptr[a]
    if degree == 0:
        return nothing
    p = np.int64(state.part[a])
    q = np.int64(state.part[data.indices[data.indptr[a] + sample_below(seed, degree)]])
    if p == q:
        return nothing
    luck = sample_unit(seed)
    if luck < swaps:
        return a, np.int64(state.members[q, sample_below(seed, state.size[q])]), NONE, p, q, NONE
    if state.size[p] == 1:
        return nothing
    if luck >= swaps + chains:
        return nothing if state.size[q] >= room else (a, NONE, NONE, p, q, NONE)
    c = np.int64(state.members[q, sample_below(seed, state.size[q])])
    spread = data.indptr[c + 1] - data.indptr[c]
    if spread == 0:
        return nothing
    t = np.int64(state.part[data.indices[data.indptr[c] + sample_below(seed, spread)]])
    if t in (p, q) or state.size[t] >= room:
        return nothing
    return a, NONE, c, p, q, t


@njit(cache=True, nogil=True)
def anneal_exchanges(
    data: Any,
    state: Any,
    seat: Any,
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
    factor = math.exp(math.log(cold / hot) * 64 / max(1, rounds)) if hot > 0.0 else 1.0
    heat = hot
    taken = 0
    for r in range(rounds):
        if r % 64 == 63:
            heat *= factor
        a, b, c, p, q, t = draw_exchange(data, state, seed, swaps, chains)
        if a < 0:
            continue
        limit = -heat * math.log(1.0 - sample_unit(seed))
        leave = b if c < 0 else c
        rise = glance(data, state, p, a, b, mean, seat) + glance(
            data, state, q, leave, a, mean, seat
        )
        if t >= 0:
            rise += glance(data, state, t, NONE, c, mean, seat)
        if rise > limit + GLANCE * heat:
            continue
        rise = weigh(data, state, p, a, b, mean)
        if t >= 0:
            rise += weigh(data, state, t, NONE, c, mean)
        rise += weigh(data, state, q, leave, a, mean)
        if rise > limit - 1e-9:
            continue
        if data.contiguous and not (
            stays_connected(data, state, p, a, b)
            and stays_connected(data, state, q, leave, a)
            and (t < 0 or stays_connected(data, state, t, NONE, c))
        ):
            continue
        exchange(data, state, p, a, NONE)
        exchange(data, state, q, leave, a)
        if b >= 0:
            exchange(data, state, p, NONE, b)
        if t >= 0:
            exchange(data, state, t, NONE, c)
            state.walk[t] = find_centre(data, state, t, mean, seat)
        state.walk[p] = find_centre(data, state, p, mean, seat)
        state.walk[q] = find_centre(data, state, q, mean, seat)
        taken += 1
    return taken
