"""Simulated annealing: atoms move to a neighbouring part, or swap with one of its atoms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import (
    exchange,
    price_exchange,
    price_mass,
    price_part,
    sample_below,
    sample_unit,
    stays_connected,
    walk_between,
)


@njit(cache=True, nogil=True)
def choose_exchange(data: Any, state: Any, seed: Any, swap_share: float) -> Any:
    """Sample an exchange: atom a of part p goes to the neighbouring q, b (or -1) returns."""
    n = state.part.shape[0]
    a = sample_below(seed, n)
    degree = data.indptr[a + 1] - data.indptr[a]
    if degree == 0:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    # A random edge out of a, so that long borders are tried more often.
    p = state.part[a]
    q = state.part[data.indices[data.indptr[a] + sample_below(seed, degree)]]
    if p == q:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    # Swaps keep the sizes, where a shift would leave the band.
    b = np.int64(-1)
    if sample_unit(seed) < swap_share:
        b = np.int64(state.members[q, sample_below(seed, state.size[q])])
    # A part may not become empty.
    elif state.size[p] == 1:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    return np.int64(a), np.int64(b), np.int64(p), np.int64(q)


@njit(cache=True, nogil=True)
def find_least_sum(state: Any, p: Any) -> Any:
    """Find the atom of part p with the least sum, to which its price walks."""
    # Not centres.choose_centre: the bound below holds for this very atom.
    best = state.members[p, 0]
    for s in range(1, state.size[p]):
        if state.sums[state.members[p, s]] < state.sums[best]:
            best = state.members[p, s]
    return best


@njit(cache=True, nogil=True)
def list_savings(data: Any) -> Any:
    """List what a part saves at most, by level of groups, when an atom leaves it; float64[n, g].

    An atom that is its whole group saves nothing: what the part that it leaves
    saves, the part that takes it pays.
    """
    n, levels = data.groups.shape
    saving = np.zeros((n, levels))
    for level in range(levels):
        largest = 0
        for i in range(n):
            largest = max(largest, data.groups[i, level])
        count = np.zeros(largest + 1, np.int64)
        for i in range(n):
            count[data.groups[i, level]] += 1
        # Only a group of two or more atoms can be split over parts.
        for i in range(n):
            saving[i, level] = data.prices[level] if count[data.groups[i, level]] > 1 else 0.0
    return saving


@njit(cache=True, nogil=True, inline="always")
def bound_price_rise(
    data: Any, mass: Any, walk: Any, centre: Any, saving: Any, out: Any, into: Any
) -> Any:
    """Bound from below how much the price of a part rises by an exchange.

    The centre stays, every group that can be left is left, and none is new.
    Without its centre the part may save its whole ``walk``.
    """
    after = mass
    rise = 0.0
    if out >= 0:
        after -= data.weights[out]
        # The sums of the other atoms to the old centre stay as they are.
        rise -= walk if out == centre else data.pull[out] * walk_between(data, out, centre)
        for level in range(data.prices.shape[0]):
            # A group that the centre belongs to is still in the part.
            if out == centre or data.groups[out, level] != data.groups[centre, level]:
                rise -= saving[out, level]
    if into >= 0:
        after += data.weights[into]
        # Without its centre nothing is known of the newcomer's walk.
        if out != centre:
            rise += data.pull[into] * walk_between(data, into, centre)
    return rise + price_mass(data, after) - price_mass(data, mass)


@njit(cache=True, nogil=True, inline="always")
def count_movers(penalties: Any, a: Any, p: Any, q: Any) -> Any:
    """Count the further households that move when atom a (-1 for none) goes from part p to q."""
    if a < 0 or penalties.home.shape[0] == 0 or penalties.home[a] < 0:
        return 0.0
    # Going back to the earlier part undoes a move.
    if penalties.label[q] == penalties.home[a]:
        return -penalties.weight[a]
    return penalties.weight[a] if penalties.label[p] == penalties.home[a] else 0.0


@njit(cache=True, nogil=True)
def is_worthwhile(
    data: Any, state: Any, a: Any, b: Any, p: Any, q: Any, limit: Any, heat: Any
) -> Any:
    """Whether an exchange costs no more than the limit, and both parts stay connected."""
    # The prices in full, one part at a time, the rest still bounded by 0.
    new_p = price_exchange(data, state, p, a, b)
    if new_p - 1e-9 > limit:
        return False
    new_q = price_exchange(data, state, q, b, a)
    # When cold only real gains count, or equal swaps would go on for ever.
    if new_p + new_q > limit - 1e-9 * (heat == 0.0):
        return False
    # Contiguity last, since a search through the part is the dearest test.
    return not data.contiguous or (
        stays_connected(data, state, p, a, b) and stays_connected(data, state, q, b, a)
    )


@njit(cache=True, nogil=True)
def move_atoms(data: Any, state: Any, a: Any, b: Any, p: Any, q: Any) -> None:
    """Move atom a from part p to q, and b (-1 for none) back."""
    # In three steps, so that an atom counts in the sums of one part only.
    exchange(data, state, p, a, np.int64(-1))
    exchange(data, state, q, b, a)
    if b >= 0:
        exchange(data, state, p, np.int64(-1), b)


@njit(cache=True, nogil=True)
def anneal(
    data: Any,
    state: Any,
    seed: Any,
    rounds: int,
    hot: float,
    cold: float,
    swap_share: float,
    margin: float,
    penalties: Any,
) -> Any:
    """Anneal an assignment in place over ``rounds`` exchanges, cooling from ``hot`` to ``cold``.

    Heats are household-metres; with both 0 no exchange for the worse is taken.
    A cheap lower bound refuses most exchanges: only those that may raise the
    price by no more than the heat allows and the ``margin``, which a better
    centre may win back, are priced in full. Households that leave the part
    which carries on their earlier one are priced and counted by
    ``penalties``, and never more of them move than it allows. Returns the
    number of exchanges taken.
    """
    capacity = state.members.shape[1]
    k = state.size.shape[0]
    price = np.zeros(k)
    centre = np.zeros(k, np.int64)
    saving = list_savings(data)
    for p in range(k):
        price[p] = price_part(data, state, p)
        centre[p] = find_least_sum(state, p)
    taken = 0
    # Geometric cooling, in steps of 64 exchanges, to save the exponentials.
    factor = math.exp(math.log(cold / hot) * 64 / max(1, rounds)) if hot > 0.0 else 1.0
    heat = hot
    for r in range(rounds):
        if r % 64 == 63:
            heat *= factor
        a, b, p, q = choose_exchange(data, state, seed, swap_share)
        if a < 0 or (b < 0 and state.size[q] >= capacity):
            continue
        movers = count_movers(penalties, a, p, q) + count_movers(penalties, b, q, p)
        # The limit on moves is hard, however hot it is.
        if movers > 0.0 and penalties.terms[2] + movers > penalties.terms[1]:
            continue
        # Lower bound first: most exchanges end here.
        fee = penalties.terms[0] * movers
        rise = fee + bound_price_rise(data, state.mass[p], state.walk[p], centre[p], saving, a, b)
        rise += bound_price_rise(data, state.mass[q], state.walk[q], centre[q], saving, b, a)
        # One sample decides beforehand which rise is still taken, so that
        # pricing can stop as soon as it is exceeded (Metropolis rule).
        allowed = -heat * math.log(1.0 - sample_unit(seed))
        if rise > allowed + margin:
            continue
        limit = price[p] + price[q] + allowed - fee
        if not is_worthwhile(data, state, a, b, p, q, limit, heat):
            continue
        move_atoms(data, state, a, b, p, q)
        price[p] = price_part(data, state, p)
        price[q] = price_part(data, state, q)
        centre[p] = find_least_sum(state, p)
        centre[q] = find_least_sum(state, q)
        penalties.terms[2] += movers
        taken += 1
    return taken
