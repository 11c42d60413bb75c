"""Listing: every contiguous part within the band, where atoms are so large that there are few of them.

Stairwells of ten or twenty households make parts of two to four atoms; all of them can be written down, and the best cover is
then the best division there is, or the proof that there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.division.kernels import Data, price_mass, walk_between

Array = np.ndarray[Any, Any]


def list_parts(data: Data, most: int) -> tuple[Array, Array, Array] | None:
    """List every connected set of atoms within the band, or None where there are more than ``most``.

    Returns their prices (float64[c]) and atoms in compressed form: those of part j are
    ``atoms[starts[j]:starts[j + 1]]``.
    """
    if not data.contiguous:
        return None
    deepest = _count_most(data)
    count, starts, atoms = enumerate_parts(data, most, deepest)
    if count < 0:
        return None
    starts, atoms = starts[: count + 1], atoms[: starts[count]]
    return price_parts(data, starts, atoms), starts, atoms


def _count_most(data: Data) -> int:
    """Count the atoms of the largest part: as many of the lightest as the upper limit allows."""
    return int(np.searchsorted(np.cumsum(np.sort(data.weights)), data.band[2], side="right")) + 1


@njit(cache=True, nogil=True, inline="always")
def meet_neighbours(data: Any, i: Any, root: Any, met: Any, border: Any, size: Any) -> Any:
    """Add the neighbours of atom i after the root that were not met before to the border; returns its new size."""
    for e in range(data.indptr[i], data.indptr[i + 1]):
        j = data.indices[e]
        if j > root and not met[j]:
            met[j] = True
            border[size] = j
            size += 1
    return size


@njit(cache=True, nogil=True)
def write_part(chosen: Any, size: Any, count: Any, starts: Any, atoms: Any) -> Any:
    """Write a set of atoms at the end of the list; returns the new number of sets, or -1 where there is no room."""
    used = starts[count]
    if count + 1 >= starts.shape[0] or used + size > atoms.shape[0]:
        return -1
    atoms[used : used + size] = chosen[:size]
    starts[count + 1] = used + size
    return count + 1


@njit(cache=True, nogil=True)
def enumerate_parts(data: Any, most: int, deepest: int) -> Any:
    """Enumerate connected sets of atoms, each once, by exclusive neighbourhoods (Wernicke 2006).

    A set grows from its least atom; an atom that first neighbours the set at some depth can be taken there or later,
    so no set is met twice. Sets above the band are not grown further.
    """
    n = data.weights.shape[0]
    low, high = data.band[0], data.band[2]
    room = most * deepest
    starts = np.zeros(most + 1, np.int64)
    atoms = np.empty(min(room, 64 * most), np.int32)
    chosen = np.empty(deepest + 1, np.int32)
    border = np.empty(n + 1, np.int32)  # atoms that neighbour the set, in the order in which they came up
    begin = np.zeros(deepest + 2, np.int64)  # the next border atom to try at each depth
    end = np.zeros(deepest + 2, np.int64)  # how much of the border is known at each depth
    met = np.zeros(n, np.bool_)
    count, steps = 0, 0
    for root in range(n):
        if data.weights[root] > high:
            continue
        depth, mass = 0, data.weights[root]
        chosen[0] = root
        met[root] = True
        begin[0], end[0] = 0, meet_neighbours(data, root, root, met, border, 0)
        fresh = True
        while depth >= 0:
            steps += 1
            if fresh and mass >= low:
                count = write_part(chosen, depth + 1, count, starts, atoms)
            fresh = False
            if count < 0 or steps > 100 * most:
                return -1, starts, atoms
            if begin[depth] < end[depth]:
                i = border[begin[depth]]
                begin[depth] += 1
                if mass + data.weights[i] <= high and depth + 1 < deepest:
                    size = meet_neighbours(data, i, root, met, border, end[depth])
                    depth += 1
                    chosen[depth] = i
                    mass += data.weights[i]
                    begin[depth], end[depth] = begin[depth - 1], size
                    fresh = True
            else:
                since = end[depth - 1] if depth > 0 else 0
                for s in range(since, end[depth]):
                    met[border[s]] = False
                mass -= data.weights[chosen[depth]]
                depth -= 1
        met[root] = False
    return count, starts, atoms


@njit(cache=True, nogil=True)
def price_parts(data: Any, starts: Any, atoms: Any) -> Any:
    """Price each part of a list in household-metres."""
    count = starts.shape[0] - 1
    prices = np.empty(count)
    for p in range(count):
        best, mass = np.inf, 0
        extra = 0.0
        for s in range(starts[p], starts[p + 1]):
            total = 0.0
            for t in range(starts[p], starts[p + 1]):
                total += data.pull[atoms[t]] * walk_between(data, atoms[s], atoms[t])
            best = min(best, total)
            mass += data.weights[atoms[s]]
            for level in range(data.prices.shape[0]):
                new = s > starts[p]
                for t in range(starts[p], s):
                    if data.groups[atoms[t], level] == data.groups[atoms[s], level]:
                        new = False
                        break
                if new:
                    extra += data.prices[level]
        prices[p] = best + price_mass(data, mass) + extra
    return prices
