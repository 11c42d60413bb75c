"""Annealing: atoms go to a neighbouring part or change places with one of its atoms, ever more seldom for the worse."""

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
    """Draw an exchange: atom a of part p goes to the neighbouring part q; b of q comes back, or -1 for none."""
    n = state.part.shape[0]
    a = sample_below(seed, n)
    degree = data.indptr[a + 1] - data.indptr[a]
    if degree == 0:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    p = state.part[a]
    q = state.part[data.indices[data.indptr[a] + sample_below(seed, degree)]]
    if p == q:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    b = np.int64(-1)
    if sample_unit(seed) < swap_share:
        b = np.int64(state.members[q, sample_below(seed, state.size[q])])
    elif state.size[p] == 1:
        return np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    return np.int64(a), np.int64(b), np.int64(p), np.int64(q)


@njit(cache=True, nogil=True)
def find_seat(state: Any, p: Any) -> Any:
    """Find the atom of part p that is its best centre."""
    at = state.members[p, 0]
    for s in range(1, state.size[p]):
        if state.sums[state.members[p, s]] < state.sums[at]:
            at = state.members[p, s]
    return at


@njit(cache=True, nogil=True)
def list_savings(data: Any) -> Any:
    """List what a part saves at the most, at each level of groups, when an atom leaves it; float64[n, g].

    An atom that is its whole group saves nothing: what the part that it leaves
    saves, the part that takes it pays.
    """
    n, levels = data.groups.shape
    saving = np.zeros((n, levels))
    for level in range(levels):
        count = np.bincount(data.groups[:, level])
        for i in range(n):
            saving[i, level] = data.prices[level] if count[data.groups[i, level]] > 1 else 0.0
    return saving


@njit(cache=True, nogil=True, inline="always")
def bound_price_rise(
    data: Any, mass: Any, walk: Any, seat: Any, saving: Any, out: Any, into: Any
) -> Any:
    """Price an exchange of a part at a glance: its centre stays, every group that can be left is, and none is new.

    Without its centre the part may save its whole ``walk``.
    """
    after = mass
    rise = 0.0
    if out >= 0:
        after -= data.weights[out]
        rise -= walk if out == seat else data.pull[out] * walk_between(data, out, seat)
        for level in range(data.prices.shape[0]):
            if out == seat or data.groups[out, level] != data.groups[seat, level]:
                rise -= saving[out, level]
    if into >= 0:
        after += data.weights[into]
        if out != seat:
            rise += data.pull[into] * walk_between(data, into, seat)
    return rise + price_mass(data, after) - price_mass(data, mass)


@njit(cache=True, nogil=True, inline="always")
def count_movers(stay: Any, a: Any, p: Any, q: Any) -> Any:
    """Count the households that move, more than before, when atom a (-1 for none) goes from part p to part q."""
    if a < 0 or stay.home.shape[0] == 0 or stay.home[a] < 0:
        return 0.0
    if stay.label[q] == stay.home[a]:
        return -stay.weight[a]
    return stay.weight[a] if stay.label[p] == stay.home[a] else 0.0


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
    stay: Any,
) -> Any:
    """Anneal an assignment in place over ``rounds`` exchanges, cooling from ``hot`` to ``cold`` (household-metres).

    With both 0 it takes no exchange for the worse. Most exchanges are refused
    at a glance: only those that may rise the price by no more than the heat
    allows and the ``margin``, which a better centre may win back, are priced
    in full. Households that leave the part which carries on their earlier one
    are priced and counted by ``stay``, and never more of them move than it
    allows. Returns the number of exchanges taken.
    """
    room = state.members.shape[1]
    k = state.size.shape[0]
    price = np.zeros(k)
    seat = np.zeros(k, np.int64)
    saving = list_savings(data)
    for p in range(k):
        price[p] = price_part(data, state, p)
        seat[p] = find_seat(state, p)
    taken = 0
    factor = math.exp(math.log(cold / hot) * 64 / max(1, rounds)) if hot > 0.0 else 1.0
    heat = hot
    for r in range(rounds):
        if r % 64 == 63:
            heat *= factor
        a, b, p, q = choose_exchange(data, state, seed, swap_share)
        if a < 0 or (b < 0 and state.size[q] >= room):
            continue
        movers = count_movers(stay, a, p, q) + count_movers(stay, b, q, p)
        if movers > 0.0 and stay.terms[2] + movers > stay.terms[1]:
            continue
        fee = stay.terms[0] * movers
        rise = fee + bound_price_rise(data, state.mass[p], state.walk[p], seat[p], saving, a, b)
        rise += bound_price_rise(data, state.mass[q], state.walk[q], seat[q], saving, b, a)
        allowed = -heat * math.log(
            1.0 - sample_unit(seed)
        )  # one draw decides what rise is still taken
        if rise > allowed + margin:
            continue
        limit = price[p] + price[q] + allowed - fee
        new_p = price_exchange(data, state, p, a, b)
        if new_p - 1e-9 > limit:
            continue
        new_q = price_exchange(data, state, q, b, a)
        if new_p + new_q > limit - 1e-9 * (heat == 0.0):
            continue
        if data.contiguous and not (
            stays_connected(data, state, p, a, b) and stays_connected(data, state, q, b, a)
        ):
            continue
        exchange(data, state, p, a, np.int64(-1))
        exchange(data, state, q, b, a)
        if b >= 0:
            exchange(data, state, p, np.int64(-1), b)
        price[p], price[q] = price_part(data, state, p), price_part(data, state, q)
        seat[p], seat[q] = find_seat(state, p), find_seat(state, q)
        stay.terms[2] += movers
        taken += 1
    return taken
