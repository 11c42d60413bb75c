"""The knapsack of a part: the atoms that fill it up cheapest, where every group that is opened costs its price."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.division.exchange_kernels import price_mass

# what has been decided on an atom
FREE = 0
IN = 1
OUT = 2


@njit(cache=True, nogil=True)
def list_items(data: Any, desk: Any, status: Any, mass: Any, whole: bool) -> Any:
    """List the free atoms worth a place, in the order of their groups, given the households of the forced ones.

    Those that lower the price are listed, and of the others the cheapest by
    household that could fill the part up to its lower limit; all of them where
    the ``whole`` is asked for. Returns their number and the least price by
    household of all atoms left out.
    """
    n = status.shape[0]
    room = data.band[2] - mass
    rest = np.empty(n)
    for i in range(n):
        fits = (
            status[i] == FREE and desk.seen[i] and desk.cost[i] >= 0.0 and data.weights[i] <= room
        )
        rest[i] = desk.cost[i] / max(data.weights[i], 1) if fits else np.inf
    filled = mass
    limit = np.inf
    for i in np.argsort(rest, kind="mergesort"):
        if rest[i] == np.inf:
            break
        if not whole and filled >= data.band[0] + data.band[2]:
            limit = rest[i]
            break
        filled += data.weights[i]
    count = 0
    for i in desk.order:
        if status[i] != FREE or not desk.seen[i] or data.weights[i] > room:
            continue
        if desk.cost[i] < 0.0 or desk.cost[i] < limit * data.weights[i]:
            desk.items[count] = i
            count += 1
    return count, limit


@njit(cache=True, nogil=True)
def force_atoms(data: Any, desk: Any, status: Any) -> Any:
    """Add up the atoms that are in the part anyway: households, and the price with the groups that they open."""
    mass = 0
    price = 0.0
    desk.opened[:, :] = False
    for i in range(status.shape[0]):
        if status[i] == IN:
            mass += data.weights[i]
            price += desk.cost[i]
            for level in range(data.prices.shape[0]):
                if not desk.opened[level, data.groups[i, level]]:
                    desk.opened[level, data.groups[i, level]] = True
                    price += data.prices[level]
    for level in range(data.prices.shape[0]):
        price -= data.prices[level]
    return mass, price


@njit(cache=True, nogil=True)
def fill_knapsack(data: Any, desk: Any, mass: Any, price: Any, count: Any) -> Any:
    """Fill the table of least prices by households, opening and closing groups as the atoms come.

    Returns the number of events written: atoms (kind 1), closings of groups
    (2) with the event before the opening.
    """
    levels = data.prices.shape[0]
    table = desk.table
    cap = desk.table.shape[1]
    table[0, :] = np.inf
    table[0, mass] = price
    opened = np.full(levels, -1, np.int32)
    before = np.zeros(levels, np.int32)
    e = 0
    for t in range(count + 1):
        keep = 0
        if t < count:
            while (
                keep < levels
                and opened[keep] == data.groups[desk.items[t], keep]
                and opened[keep] >= 0
            ):
                keep += 1
        for level in range(levels - 1, keep - 1, -1):
            if opened[level] >= 0:
                for w in range(cap):
                    desk.taken[e, w] = table[level + 1, w] < table[level, w]
                    if desk.taken[e, w]:
                        table[level, w] = table[level + 1, w]
                desk.kind[e], desk.what[e], desk.back[e] = 2, level, before[level]
                e += 1
                opened[level] = -1
        if t == count:
            break
        i = desk.items[t]
        for level in range(keep, levels):
            charge = 0.0 if desk.opened[level, data.groups[i, level]] else data.prices[level]
            for w in range(cap):
                table[level + 1, w] = table[level, w] + charge
            opened[level] = data.groups[i, level]
            before[level] = e
        weight = data.weights[i]
        cost = desk.cost[i]
        desk.taken[e, :weight] = False
        for w in range(cap - 1, weight - 1, -1):
            with_it = table[levels, w - weight] + cost
            desk.taken[e, w] = with_it < table[levels, w]
            if desk.taken[e, w]:
                table[levels, w] = with_it
        desk.kind[e] = 1
        desk.what[e] = i
        e += 1
    return e


@njit(cache=True, nogil=True)
def close_knapsack(data: Any, table: Any, ratio: Any) -> Any:
    """Choose the number of households with the least price.

    Atoms left out of the table cost at least ``ratio`` a household, so a part
    of w households may be filled up at that rate: to the lower limit, or on to
    the target, since the price of the number bends nowhere else.
    """
    low = data.band[0]
    target = data.band[1]
    high = data.band[2]
    best = np.inf
    at = low
    for w in range(high + 1):
        if table[0, w] == np.inf:
            continue
        for full in (max(w, low), max(w, target)):
            if full > w and ratio == np.inf:
                continue
            price = table[0, w] + price_mass(data, full)
            if full > w:
                price += (full - w) * ratio
            if price < best:
                best = price
                at = w
    return best, at
