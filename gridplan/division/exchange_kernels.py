"""The compiled kernels of the division: walking sums, and exchanges of atoms between parts.

A part is priced as the household-metres to the atom where they are least, plus
what its households outside the band, its distance from the target and the groups
(buildings, compounds, sides of barriers) that it reaches into cost. Every
kernel releases the GIL, samples from a splitmix64 state of its own,
and adds in a fixed order, so the same seed gives the same division on every
machine and in every thread.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gridplan.arrays import Floats, Ints


class DivisionArrays(NamedTuple):
    """A division problem as typed arrays, as the kernels take it; n atoms, g levels of groups."""

    weights: Ints  # int64[n]: households that count for the band
    pull: Floats  # float64[n]: households that walk
    x: Floats  # float64[n], metres
    y: Floats  # float64[n], metres
    climb: Floats  # float64[n]: walking metres from the door to the atom
    stack: Ints  # int64[n]: atoms of one number share a door
    # float64[n, n] walking metres, or float64[0, 0] where x, y, climb and
    # stack give them
    matrix: Floats
    indptr: Ints  # int32[n + 1]: neighbours of atom i are indices[indptr[i]:indptr[i + 1]]
    indices: Ints  # int32[]
    groups: Ints  # int32[n, g]
    prices: Floats  # float64[g]: household-metres for each further group of a level in a part
    band: Ints  # int64[3]: low, target, high
    wishes: (
        Floats  # float64[2]: household-metres for a household outside the band, and off the target
    )
    # float64[m]: households outside the band that are expected of a part of so many, in
    # place of those of the number itself; empty where the number is taken as it is
    expected: Floats
    contiguous: bool  # whether every part must be connected


class PartsState(NamedTuple):
    """An assignment of atoms to k parts and the sums that make exchanges cheap to price."""

    part: Ints  # int32[n]
    members: Ints  # int32[k, room]
    size: Ints  # int32[k]
    slot: Ints  # int32[n]: the place of an atom in its part's members
    sums: Floats  # float64[n]: household-metres of the atom's part if the atom were its centre
    mass: Ints  # int64[k]
    walk: Floats  # float64[k]: least of the sums of the part
    extra: Ints  # int64[k, g]: groups of each level that the part reaches into
    mark: Ints  # int64[n + 1]: scratch of the contiguity check; the last is the running mark
    queue: Ints  # int32[n]: scratch


class MovePenalties(NamedTuple):
    """Where the atoms were in an earlier division, and what leaving it costs; may be empty."""

    # int64[n]: label of the earlier part, -1 for none; int64[0] where there
    # was no earlier division
    home: Ints
    weight: Floats  # float64[n]: households that move if the atom leaves; infinite where it may not
    label: Ints  # int64[k]: the label that each part carries on, -1 for a new part
    # float64[3]: household-metres for each household that moves, most that
    # may, and how many do
    terms: Floats


NO_MOVE_PENALTIES = MovePenalties(
    np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), np.array([0.0, 1e18, 0.0])
)


@njit(cache=True, nogil=True, inline="always")
def next_random(seed: Any) -> Any:
    """Sample 64 random bits from a splitmix64 state (Steele, Lea & Flood 2014)."""
    # The state steps by the golden ratio; two rounds of mixing spread its bits.
    seed[0] += np.uint64(0x9E3779B97F4A7C15)
    z = seed[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def sample_below(seed: Any, n: Any) -> Any:
    """Sample a whole number below n."""
    # The upper bits, since the modulus takes the lower ones of what is left.
    return np.int64((next_random(seed) >> np.uint64(33)) % np.uint64(n))


@njit(cache=True, nogil=True, inline="always")
def sample_unit(seed: Any) -> Any:
    """Sample a number from 0 up to 1."""
    # 53 bits, as many as a double holds, so that 1 is never reached.
    return (next_random(seed) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True, inline="always")
def walk_between(data: Any, i: Any, j: Any) -> Any:
    """Measure the walk between two atoms in metres: along the stairwell, or from door to door."""
    if data.matrix.shape[0] > 0:
        return data.matrix[i, j]
    # Neighbours on one stairwell need not go down to the door.
    if data.stack[i] == data.stack[j]:
        return abs(data.climb[i] - data.climb[j])
    dx = data.x[i] - data.x[j]
    dy = data.y[i] - data.y[j]
    return math.sqrt(dx * dx + dy * dy) + data.climb[i] + data.climb[j]


@njit(cache=True, nogil=True, inline="always")
def price_mass(data: Any, mass: Any) -> Any:
    """Price a part's number of households: outside the band, and off the target."""
    low = data.band[0]
    target = data.band[1]
    high = data.band[2]
    outside = np.float64(max(0, low - mass, mass - high))
    last = data.expected.shape[0] - 1
    if last >= 0:
        outside = data.expected[max(0, min(mass, last))] + max(0, mass - last)
    return data.wishes[0] * outside + data.wishes[1] * abs(mass - target)


@njit(cache=True, nogil=True)
def price_part(data: Any, state: Any, p: Any) -> Any:
    """Price a part as it stands."""
    price = state.walk[p] + price_mass(data, state.mass[p])
    for level in range(data.prices.shape[0]):
        # The first group of a level is free: every part has one.
        price += data.prices[level] * (state.extra[p, level] - 1)
    return price


@njit(cache=True, nogil=True)
def make_state(data: Any, part: Any, k: Any, room: Any) -> Any:
    """Set up the sums for an assignment; ``room`` is the most atoms that a part may hold."""
    n = part.shape[0]
    levels = data.prices.shape[0]
    state = PartsState(
        part.copy(),
        np.full((k, room), -1, np.int32),
        np.zeros(k, np.int32),
        np.zeros(n, np.int32),
        np.zeros(n),
        np.zeros(k, np.int64),
        np.zeros(k),
        np.zeros((k, levels), np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n, np.int32),
    )
    for i in range(n):
        p = part[i]
        state.members[p, state.size[p]] = i
        state.slot[i] = state.size[p]
        state.size[p] += 1
        state.mass[p] += data.weights[i]
    for p in range(k):
        refresh_part(data, state, p)
    return state


@njit(cache=True, nogil=True)
def refresh_part(data: Any, state: Any, p: Any) -> Any:
    """Compute the sums of a part from scratch, from its members."""
    # The price walks to the least sum, as exchanges can update it; the centre of a
    # plan is chosen in centres.py, once the search is over.
    m = state.size[p]
    best = np.inf
    for a in range(m):
        i = state.members[p, a]
        # Every atom is tried as the centre: parts are small.
        total = 0.0
        for b in range(m):
            j = state.members[p, b]
            total += data.pull[j] * walk_between(data, i, j)
        state.sums[i] = total
        best = min(best, total)
    state.walk[p] = best
    for level in range(data.prices.shape[0]):
        # Distinct groups, counted pairwise without a table for each level.
        count = 0
        for a in range(m):
            is_new = True
            for b in range(a):
                if (
                    data.groups[state.members[p, a], level]
                    == data.groups[state.members[p, b], level]
                ):
                    is_new = False
                    break
            if is_new:
                count += 1
        state.extra[p, level] = count


@njit(cache=True, nogil=True)
def price_exchange(data: Any, state: Any, p: Any, out: Any, into: Any) -> Any:
    """Price part p without atom ``out`` and with atom ``into`` (-1 for none of either)."""
    m = state.size[p]
    levels = data.prices.shape[0]
    # Not by centres.choose_centre, which looks at all pairs of atoms.
    # All sums change by two walks only, so that no pair is measured again.
    best = np.inf
    newcomer_sum = 0.0  # walking sum if the newcomer were the centre
    for s in range(m):
        j = state.members[p, s]
        if j == out:
            continue
        # What the households would walk if j were the centre afterwards.
        total = state.sums[j]
        if out >= 0:
            total -= data.pull[out] * walk_between(data, out, j)
        if into >= 0:
            d = walk_between(data, into, j)
            total += data.pull[into] * d
            newcomer_sum += data.pull[j] * d
        best = min(best, total)
    # The newcomer may be the best centre itself.
    mass = state.mass[p]
    if out >= 0:
        mass -= data.weights[out]
    if into >= 0:
        mass += data.weights[into]
        best = min(best, newcomer_sum)
    price = best + price_mass(data, mass)
    for level in range(levels):
        # Levels without a price need no search.
        if data.prices[level] == 0.0:
            continue
        count = state.extra[p, level]
        # Each holds until a member of the same group is found.
        is_left = out >= 0
        is_new = into >= 0
        for s in range(m):
            j = state.members[p, s]
            if j == out:
                continue
            g = data.groups[j, level]
            if is_left and g == data.groups[out, level]:
                is_left = False
            if is_new and g == data.groups[into, level]:
                is_new = False
            if not (is_left or is_new):
                break
        price += data.prices[level] * (count - (1 if is_left else 0) + (1 if is_new else 0) - 1)
    return price


@njit(cache=True, nogil=True, inline="always")
def touches(data: Any, state: Any, p: Any, out: Any, into: Any) -> Any:
    """Whether an atom outside part p has a neighbour in it other than ``out``."""
    for e in range(data.indptr[into], data.indptr[into + 1]):
        j = data.indices[e]
        if state.part[j] == p and j != out:
            return True
    return False


@njit(cache=True, nogil=True)
def stays_connected(data: Any, state: Any, p: Any, out: Any, into: Any) -> Any:
    """Whether part p stays connected without atom ``out`` and with atom ``into`` (-1 for none).

    The part was connected before, so only the neighbours of ``out`` can come
    apart: a search from one of them must meet all others. The newcomer must
    touch what remains, and may serve as a bridge.
    """
    if out >= 0 and state.size[p] == 1:
        return into >= 0
    if into >= 0 and not touches(data, state, p, out, into):
        return False
    # Whoever enters beside a member disconnects nothing.
    if out < 0:
        return True
    wanted = np.int64(0)
    first = np.int64(-1)
    # A running stamp saves clearing the marks: stamp - 1 is wanted, stamp met.
    state.mark[-1] += 2
    stamp = state.mark[-1]
    for e in range(data.indptr[out], data.indptr[out + 1]):
        j = data.indices[e]
        if (state.part[j] == p or j == into) and state.mark[j] < stamp - 1:
            state.mark[j] = stamp - 1
            wanted += 1
            first = j
    # With a single neighbour, what leaves was a leaf.
    return wanted == 1 or (wanted > 1 and meets_all(data, state, p, out, into, first, wanted))


@njit(cache=True, nogil=True)
def meets_all(data: Any, state: Any, p: Any, out: Any, into: Any, first: Any, wanted: Any) -> Any:
    """Whether a search through part p from ``first`` meets all ``wanted`` atoms that are marked."""
    stamp = state.mark[-1]
    head = 0
    tail = 1
    state.queue[0] = first
    state.mark[first] = stamp
    wanted -= 1
    while head < tail:
        i = state.queue[head]
        head += 1
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if j == out or state.mark[j] == stamp or (state.part[j] != p and j != into):
                continue
            # The search ends as soon as the last neighbour is met, mostly early.
            if state.mark[j] == stamp - 1:
                wanted -= 1
                if wanted == 0:
                    return True
            state.mark[j] = stamp
            state.queue[tail] = j
            tail += 1
    return False


@njit(cache=True, nogil=True)
def exchange(data: Any, state: Any, p: Any, out: Any, into: Any) -> Any:
    """Take ``out`` from part p and put ``into`` into it, updating its sums.

    The caller updates the other part. ``state.part`` is set for the newcomer only.
    """
    m = state.size[p]
    if out >= 0:
        s = state.slot[out]
        # The last member fills the gap, so that members stay without holes.
        last = state.members[p, m - 1]
        state.members[p, s] = last
        state.slot[last] = s
        m -= 1
        state.mass[p] -= data.weights[out]
        for t in range(m):
            j = state.members[p, t]
            state.sums[j] -= data.pull[out] * walk_between(data, out, j)
        # Counted among the remaining: the group is lost where none shares it.
        count_group(data, state, p, m, out, np.int64(-1))
    if into >= 0:
        newcomer_sum = 0.0
        for t in range(m):
            j = state.members[p, t]
            d = walk_between(data, into, j)
            state.sums[j] += data.pull[into] * d
            newcomer_sum += data.pull[j] * d
        # Counted before it enters: the group is new where none shares it.
        count_group(data, state, p, m, into, np.int64(1))
        state.members[p, m] = into
        state.slot[into] = m
        state.sums[into] = newcomer_sum
        state.part[into] = p
        m += 1
        state.mass[p] += data.weights[into]
    state.size[p] = m
    # Not by centres.choose_centre: the sums are up to date already.
    # The least sum may belong to another atom now.
    best = np.inf
    for t in range(m):
        best = min(best, state.sums[state.members[p, t]])
    state.walk[p] = best


@njit(cache=True, nogil=True)
def count_group(data: Any, state: Any, p: Any, m: Any, atom: Any, step: Any) -> Any:
    """Add ``step`` to the part's count of groups at each level where no member shares it."""
    for level in range(data.prices.shape[0]):
        is_alone = True
        for t in range(m):
            if data.groups[state.members[p, t], level] == data.groups[atom, level]:
                is_alone = False
                break
        if is_alone:
            state.extra[p, level] += step
