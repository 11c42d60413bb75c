"""Column generation by local changes: new parts from old ones, priced by the LP relaxation.

The LP relaxation says what each atom is worth. Parts that differ from a good
part by one atom more, one less, or one exchanged, and that cost less than
their atoms are worth, can make the division cheaper; they join the columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.arrays import Ints
from gridplan.division.column_pool import Columns, hash_columns, join_columns, take_columns
from gridplan.division.exchange_kernels import (
    DivisionArrays,
    make_state,
    price_exchange,
    refresh_part,
    stays_connected,
)
from gridplan.division.lp_relaxation import LpRelaxation, solve_relaxation

OFFSPRING = 4  # new parts that one part may have in one round


def grow_columns(
    data: DivisionArrays, columns: Columns, k: int, rounds: int
) -> tuple[Columns, LpRelaxation | None]:
    """Let the columns grow for some rounds; returns them and the last LP relaxation, or None."""
    n = len(data.weights)
    relaxed = solve_relaxation(columns, n, (k, k))
    for _ in range(rounds):
        if relaxed is None:
            return columns, None
        # Only parts near the relaxation's solution have useful neighbours.
        base = _choose_base(relaxed, 3 * k)
        prices, starts, atoms = grow_parts(
            data, *take_columns(columns, base)[1:], relaxed.worth, relaxed.place, OFFSPRING
        )
        fresh = (prices, starts, atoms)
        # One part may grow from several others, and may be known already.
        hashes = hash_columns(starts, atoms)
        first = np.unique(hashes, return_index=True)[1]
        new_rows = np.sort(first[~np.isin(hashes[first], hash_columns(columns[1], columns[2]))])
        if len(new_rows) == 0:
            break
        columns = join_columns(columns, take_columns(fresh, new_rows))
        relaxed = solve_relaxation(columns, n, (k, k))
    return columns, relaxed


def _choose_base(relaxed: LpRelaxation, most: int) -> Ints:
    """Choose the parts to grow from: those in the LP relaxation, then those that nearly are."""
    order = np.lexsort(
        (np.arange(len(relaxed.reduced)), relaxed.reduced.round(6), relaxed.share < 1e-9)
    )
    return np.sort(order[:most])


@njit(cache=True, nogil=True)
def grow_parts(data: Any, starts: Any, atoms: Any, worth: Any, place: Any, offspring: int) -> Any:
    """Grow from each part the cheapest ones that differ by an atom and cost less than their worth.

    ``worth`` is float64[n], the price of an atom, ``place`` the price of a
    part. Returns prices, starts and atoms.
    """
    n = data.weights.shape[0]
    count = starts.shape[0] - 1
    room = 1
    for p in range(count):
        room = max(room, starts[p + 1] - starts[p])
    # Two parts: the one that changes is 0, everything else 1.
    state = make_state(data, np.ones(n, np.int32), np.int64(2), n + 1)
    prices = np.empty(count * offspring)
    ends = np.zeros(count * offspring + 1, np.int64)
    grown = np.empty(count * offspring * (room + 1), np.int32)
    best = np.empty(offspring)
    change = np.empty((offspring, 2), np.int64)
    border = np.empty(n, np.int32)
    made = 0
    for p in range(count):
        value = place + open_part(data, state, atoms[starts[p] : starts[p + 1]], worth)
        find_changes(data, state, border, worth, value, best, change)
        for slot in range(offspring):
            if change[slot, 0] >= 0 or change[slot, 1] >= 0:
                ends[made + 1] = write_changed(
                    state, change[slot, 0], change[slot, 1], grown, ends[made]
                )
                # Back from reduced cost to price: add what the atoms and the part are
                # worth.
                prices[made] = best[slot] + place
                for s in range(ends[made], ends[made + 1]):
                    prices[made] += worth[grown[s]]
                made += 1
        # Empty part 0 again for the next one.
        for s in range(state.size[0]):
            state.part[state.members[0, s]] = 1
    return prices[:made], ends[: made + 1], grown[: ends[made]]


@njit(cache=True, nogil=True)
def open_part(data: Any, state: Any, members: Any, worth: Any) -> Any:
    """Make ``members`` part 0 of the state; returns what they are worth together."""
    value = 0.0
    state.size[0] = members.shape[0]
    state.mass[0] = 0
    for s in range(members.shape[0]):
        i = members[s]
        state.part[i] = 0
        state.members[0, s] = i
        state.slot[i] = s
        state.mass[0] += data.weights[i]
        value += worth[i]
    refresh_part(data, state, np.int64(0))
    return value


@njit(cache=True, nogil=True)
def find_changes(
    data: Any, state: Any, border: Any, worth: Any, value: Any, best: Any, change: Any
) -> Any:
    """Find the changes of part 0 by one atom whose price is furthest below their atoms' worth.

    ``best`` receives by how much, ``change`` the atom taken out and the atom
    put in, -1 for none.
    """
    best[:] = -1e-6
    change[:, :] = -1
    m = state.size[0]
    edge = list_border(data, state, border)
    # The last turn of each loop means that nothing enters, or nothing leaves.
    for t in range(edge + 1):
        into = np.int64(-1) if t == edge else np.int64(border[t])
        for s in range(m + 1):
            out = np.int64(-1) if s == m else np.int64(state.members[0, s])
            if (out < 0 and into < 0) or (m == 1 and into < 0):
                continue
            mass = state.mass[0]
            gain = value
            if into >= 0:
                mass += data.weights[into]
                gain += worth[into]
            if out >= 0:
                mass -= data.weights[out]
                gain -= worth[out]
            if mass < data.band[0] or mass > data.band[2]:
                continue
            # Price before contiguity, which is the dearer test.
            reduced = price_exchange(data, state, np.int64(0), out, into) - gain
            slot = 0
            for rival in range(1, best.shape[0]):
                if best[rival] > best[slot]:
                    slot = rival
            if reduced < best[slot] and (
                not data.contiguous or stays_connected(data, state, np.int64(0), out, into)
            ):
                best[slot] = reduced
                change[slot, 0] = out
                change[slot, 1] = into


@njit(cache=True, nogil=True)
def write_changed(state: Any, out: Any, into: Any, grown: Any, end: Any) -> Any:
    """Write the atoms of part 0 without ``out`` and with ``into``; returns where they end."""
    for s in range(state.size[0]):
        if state.members[0, s] != out:
            grown[end] = state.members[0, s]
            end += 1
    if into >= 0:
        grown[end] = into
        end += 1
    return end


@njit(cache=True, nogil=True)
def list_border(data: Any, state: Any, border: Any) -> Any:
    """List the atoms that neighbour part 0; returns their number."""
    size = 0
    for s in range(state.size[0]):
        i = state.members[0, s]
        for e in range(data.indptr[i], data.indptr[i + 1]):
            j = data.indices[e]
            if state.part[j] == 1:
                state.part[j] = 2  # listed
                border[size] = j
                size += 1
    # Undo the marks, so that the state stays as it was.
    for t in range(size):
        state.part[border[t]] = 1
    return size
