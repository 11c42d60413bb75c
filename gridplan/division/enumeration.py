"""Enumeration: every contiguous part within the band, where atoms are large and parts few.

Stairwells of ten or twenty households make parts of two to four atoms; all of
them can be written down, and set partitioning then gives the best division
there is, or proves that there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import DivisionArrays, price_mass, walk_between

SMALL = 12  # atoms of a part of target size up to which listing is tried
TRIES = 40  # steps of the listing for each part that there is room for


def list_parts(data: DivisionArrays, most: int) -> tuple[Floats, Ints, Ints] | None:
    """List every connected set of atoms within the band; None where there are over ``most``.

    Returns their prices (float64[c]) and atoms in compressed form: those of
    part j are ``atoms[starts[j]:starts[j + 1]]``.
    """
    if not data.contiguous:
        return None
    deepest = _count_most(data)
    # Parts of many atoms are too many to list.
    if data.weights.mean() * SMALL < data.band[1] or most == 0:
        return None
    count, prices, starts, atoms = enumerate_parts(data, most, deepest)
    if count < 0:
        return None
    return prices[:count].copy(), starts[: count + 1].copy(), atoms[: starts[count]].copy()


def list_near_parts(
    data: DivisionArrays, spare: int, most: int
) -> tuple[Floats, Ints, Ints] | None:
    """List as :func:`list_parts` does, with the parts up to ``spare`` households outside the band.

    Their prices are those of the band as it is.
    """
    low, target, high = data.band.tolist()
    wide = np.array([max(1, low - spare), target, high + spare], np.int64)
    listed = list_parts(data._replace(band=wide), most)
    if listed is None:
        return None
    _, starts, atoms = listed
    return price_parts(data, starts, atoms), starts, atoms


def _count_most(data: DivisionArrays) -> int:
    """Count the atoms of the largest part: as many of the lightest as the upper limit allows."""
    return int(np.searchsorted(np.cumsum(np.sort(data.weights)), data.band[2], side="right")) + 1


@njit(cache=True, nogil=True, inline="always")
def meet_neighbours(data: Any, i: Any, root: Any, met: Any, border: Any, size: Any) -> Any:
    """Add the unmet neighbours of atom i after the root to the border; returns its new size."""
    for e in range(data.indptr[i], data.indptr[i + 1]):
        j = data.indices[e]
        if j > root and not met[j]:
            met[j] = True
            border[size] = j
            size += 1
    return size


@njit(cache=True, nogil=True, inline="always")
def forget_neighbours(depth: Any, border: Any, end: Any, met: Any) -> None:
    """Make the neighbours unmet that only the atom at this depth brought to the border."""
    since = end[depth - 1] if depth > 0 else 0
    for s in range(since, end[depth]):
        met[border[s]] = False


@njit(cache=True, nogil=True, inline="always")
def push_atom(data: Any, chosen: Any, depth: Any, sums: Any, extra: Any) -> Any:
    """Add the last chosen atom to the set's sums and charges; returns its least walk."""
    # Not by centres.choose_centre: only the walks of the last atom are new.
    i = chosen[depth]
    last_sum = 0.0
    best = np.inf
    for t in range(depth):
        d = walk_between(data, chosen[t], i)
        sums[depth, t] = sums[depth - 1, t] + data.pull[i] * d
        last_sum += data.pull[chosen[t]] * d
        best = min(best, sums[depth, t])
    sums[depth, depth] = last_sum
    extra[depth] = 0.0 if depth == 0 else extra[depth - 1]
    for level in range(data.prices.shape[0]):
        is_new = depth > 0
        for t in range(depth):
            if data.groups[chosen[t], level] == data.groups[i, level]:
                is_new = False
                break
        if is_new:
            extra[depth] += data.prices[level]
    return min(best, last_sum)


@njit(cache=True, nogil=True, inline="always")
def record_part(
    chosen: Any, size: Any, price: Any, count: Any, prices: Any, starts: Any, atoms: Any
) -> Any:
    """Record the first ``size`` chosen atoms as a part; returns the new number, -1 if full."""
    begin = starts[count]
    if count + 1 == prices.shape[0] or begin + size > atoms.shape[0]:
        return -1
    prices[count] = price
    # Not by a slice, whose error for other lengths takes seconds to compile.
    for s in range(size):
        atoms[begin + s] = chosen[s]
    starts[count + 1] = begin + size
    return count + 1


@njit(cache=True, nogil=True)
def enumerate_parts(data: Any, most: int, deepest: int) -> Any:
    """Enumerate connected sets of atoms, each once, by exclusive neighbourhoods (Wernicke 2006).

    A set grows from its least atom; an atom that first neighbours the set at
    some depth can be taken there or later, so no set is met twice. Sets above
    the band are not grown further. Walks and charges are kept for every depth,
    so that a set costs no more to price than its last atom.

    Returns their number (-1 for too many), prices, starts and atoms.
    """
    n = data.weights.shape[0]
    low = data.band[0]
    high = data.band[2]
    prices = np.empty(most)
    starts = np.zeros(most + 1, np.int64)
    atoms = np.empty(most * min(deepest, 24), np.int32)
    chosen = np.empty(deepest + 1, np.int32)
    sums = np.empty((deepest + 1, deepest + 1))
    extra = np.empty(deepest + 1)
    # atoms that neighbour the set, in the order in which they came up
    border = np.empty(n + 1, np.int32)
    begin = np.zeros(deepest + 2, np.int64)  # the next border atom to try at each depth
    end = np.zeros(deepest + 2, np.int64)  # how much of the border is known at each depth
    met = np.zeros(n, np.bool_)
    count = 0
    steps = 0
    for root in range(n):
        mass = data.weights[root]
        if mass > high:
            continue
        depth = 0
        chosen[0] = root
        met[root] = True
        begin[0] = 0
        end[0] = meet_neighbours(data, root, root, met, border, 0)
        is_grown = True
        while depth >= 0:
            steps += 1
            if is_grown:
                walk = push_atom(data, chosen, depth, sums, extra)
                # Every set within the band is written down as it is first reached.
                if mass >= low:
                    price = walk + extra[depth] + price_mass(data, mass)
                    count = record_part(chosen, depth + 1, price, count, prices, starts, atoms)
                    if count < 0:
                        return -1, prices, starts, atoms
            is_grown = False
            # Few sets but endless steps: give up early.
            if steps > TRIES * most:
                return -1, prices, starts, atoms
            # Take the next atom of the border; those before it stay out below here.
            if begin[depth] < end[depth]:
                i = border[begin[depth]]
                begin[depth] += 1
                if mass + data.weights[i] <= high and depth + 1 < deepest:
                    size = meet_neighbours(data, i, root, met, border, end[depth])
                    depth += 1
                    chosen[depth] = i
                    mass += data.weights[i]
                    begin[depth] = begin[depth - 1]
                    end[depth] = size
                    is_grown = True
            else:
                forget_neighbours(depth, border, end, met)
                mass -= data.weights[chosen[depth]]
                depth -= 1
        met[root] = False
    return count, prices, starts, atoms


@njit(cache=True, nogil=True)
def price_parts(data: Any, starts: Any, atoms: Any) -> Any:
    """Price each part of a list in household-metres."""
    count = starts.shape[0] - 1
    prices = np.empty(count)
    for p in range(count):
        # The least sum, as the search prices a part, and not centres.choose_centre.
        best = np.inf
        mass = 0
        extra = 0.0
        for s in range(starts[p], starts[p + 1]):
            total = 0.0
            for t in range(starts[p], starts[p + 1]):
                total += data.pull[atoms[t]] * walk_between(data, atoms[s], atoms[t])
            best = min(best, total)
            mass += data.weights[atoms[s]]
            for level in range(data.prices.shape[0]):
                is_new = s > starts[p]
                for t in range(starts[p], s):
                    if data.groups[atoms[t], level] == data.groups[atoms[s], level]:
                        is_new = False
                        break
                if is_new:
                    extra += data.prices[level]
        prices[p] = best + price_mass(data, mass) + extra
    return prices
