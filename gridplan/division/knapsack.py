"""Knapsack with set-up costs: the cheapest atoms of a part, where each opened group has a price."""

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
def list_items(data: Any, workspace: Any, status: Any, mass: Any, whole: bool) -> Any:
    """List the free atoms worth a place, by their groups, given the households of the forced ones.

    Those that lower the price are listed, and of the others the cheapest by
    household that could fill the part up to its lower limit; all of them where
    the ``whole`` is asked for. Returns their number and the least price by
    household of all atoms left out.
    """
    n = status.shape[0]
    room = data.band[2] - mass
    # Price by household of the atoms that do not pay for themselves.
    rest = np.empty(n)
    for i in range(n):
        fits = (
            status[i] == FREE
            and workspace.seen[i]
            and workspace.cost[i] >= 0.0
            and data.weights[i] <= room
        )
        rest[i] = workspace.cost[i] / max(data.weights[i], 1) if fits else np.inf
    filled = mass
    limit = np.inf
    # The cheapest of them, until they could fill any part twice over.
    for i in np.argsort(rest, kind="mergesort"):
        if rest[i] == np.inf:
            break
        if not whole and filled >= data.band[0] + data.band[2]:
            limit = rest[i]
            break
        filled += data.weights[i]
    count = 0
    # By groups, so that each group is opened and closed once in the table.
    for i in workspace.order:
        if status[i] != FREE or not workspace.seen[i] or data.weights[i] > room:
            continue
        if workspace.cost[i] < 0.0 or workspace.cost[i] < limit * data.weights[i]:
            workspace.items[count] = i
            count += 1
    return count, limit


@njit(cache=True, nogil=True)
def force_atoms(data: Any, workspace: Any, status: Any) -> Any:
    """Add up the forced atoms: households, and the price with the groups that they open."""
    mass = 0
    price = 0.0
    workspace.opened[:, :] = False
    for i in range(status.shape[0]):
        if status[i] == IN:
            mass += data.weights[i]
            price += workspace.cost[i]
            for level in range(data.prices.shape[0]):
                if not workspace.opened[level, data.groups[i, level]]:
                    workspace.opened[level, data.groups[i, level]] = True
                    price += data.prices[level]
    for level in range(data.prices.shape[0]):
        # The first group of each level is free; its price was counted above.
        price -= data.prices[level]
    return mass, price


@njit(cache=True, nogil=True)
def fill_knapsack(data: Any, workspace: Any, mass: Any, price: Any, count: Any) -> Any:
    """Fill the table of least prices by households, opening and closing groups as the atoms come.

    Returns the number of events written: atoms (kind 1), closings of groups
    (2) with the event before the opening.
    """
    levels = data.prices.shape[0]
    table = workspace.table
    cap = workspace.table.shape[1]
    # Row g holds least prices where g levels of groups are open.
    table[0, :] = np.inf
    table[0, mass] = price
    open_group = np.full(levels, -1, np.int32)
    before = np.zeros(levels, np.int32)
    event = 0
    for t in range(count + 1):
        # Levels that this atom shares with the one before stay open.
        keep = 0
        if t < count:
            while (
                keep < levels
                and open_group[keep] == data.groups[workspace.items[t], keep]
                and open_group[keep] >= 0
            ):
                keep += 1
        # Close from the inside: the group pays, or the row without it is kept.
        for level in range(levels - 1, keep - 1, -1):
            if open_group[level] >= 0:
                for w in range(cap):
                    workspace.taken[event, w] = table[level + 1, w] < table[level, w]
                    if workspace.taken[event, w]:
                        table[level, w] = table[level + 1, w]
                workspace.kind[event] = 2
                workspace.what[event] = level
                workspace.back[event] = before[level]
                event += 1
                open_group[level] = -1
        if t == count:
            break
        i = workspace.items[t]
        # Open from the outside; groups of forced atoms are paid already.
        for level in range(keep, levels):
            charge = 0.0 if workspace.opened[level, data.groups[i, level]] else data.prices[level]
            for w in range(cap):
                table[level + 1, w] = table[level, w] + charge
            open_group[level] = data.groups[i, level]
            before[level] = event
        weight = data.weights[i]
        cost = workspace.cost[i]
        workspace.taken[event, :weight] = False
        # Downwards, so that each atom is taken at most once.
        for w in range(cap - 1, weight - 1, -1):
            with_it = table[levels, w - weight] + cost
            workspace.taken[event, w] = with_it < table[levels, w]
            if workspace.taken[event, w]:
                table[levels, w] = with_it
        workspace.kind[event] = 1
        workspace.what[event] = i
        event += 1
    return event


@njit(cache=True, nogil=True)
def close_knapsack(data: Any, table: Any, ratio: Any) -> Any:
    """Choose the number of households with the least price.

    Atoms left out of the table cost at least ``ratio`` a household, so a part
    of w households may be filled up at that rate: to the lower limit, or on to
    the target, since the price of the number bends nowhere else; or to any number
    where the households outside the band are expected ones.
    """
    low = data.band[0]
    target = data.band[1]
    high = data.band[2]
    best = np.inf
    best_w = low
    if data.expected.shape[0] > 0:
        # Prices of expected households bend anywhere: the best filling from each number on.
        filled = np.inf
        for w in range(high, -1, -1):
            if ratio < np.inf and w >= low:
                filled = min(filled, price_mass(data, w) + w * ratio)
            if table[0, w] == np.inf:
                continue
            price = table[0, w] + (price_mass(data, w) if w >= low else np.inf)
            if ratio < np.inf:
                price = min(price, table[0, w] + filled - w * ratio)
            if price < best:
                best = price
                best_w = w
        return best, best_w
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
                best_w = w
    return best, best_w
