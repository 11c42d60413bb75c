"""Column pool: the good parts met on the way, each kept once, for set partitioning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import DivisionArrays, price_part


@dataclass
class ColumnPool:
    """Parts met in several divisions of the same atoms into k parts, each kept once.

    Parameters
    ----------
    n, k
        Atoms, and parts of a division.
    """

    n: int
    k: int
    hashes: list[Ints] = field(default_factory=list)
    prices: list[Floats] = field(default_factory=list)
    parts: list[Ints] = field(default_factory=list)

    def add(self, data: DivisionArrays, state: Any) -> None:
        """Keep the parts of a state as it stands."""
        self.parts.append(state.part.copy())
        self.hashes.append(hash_parts(state.part, self.k))
        self.prices.append(np.array([price_part(data, state, p) for p in range(self.k)]))

    def list_columns(self, most: int) -> tuple[Floats, Ints, Ints]:
        """List the different parts, the last division's always among them, at most ``most``.

        Returns their prices (float64[c]) and their atoms in compressed form:
        atoms of column j are ``atoms[starts[j]:starts[j + 1]]``.
        """
        hashes = np.concatenate(self.hashes)
        prices = np.concatenate(self.prices)
        first = np.unique(hashes, return_index=True)[1]
        if len(first) > most:
            # Too many: parts of the cheapest divisions first, the earliest of equals.
            whole = np.concatenate([np.full(self.k, p.sum()) for p in self.prices])
            first = first[np.lexsort((first, whole[first]))][:most]
        first = np.sort(first)
        run = first // self.k
        part = first % self.k
        atoms = []
        counts = []
        for r in np.unique(run):
            order = np.argsort(self.parts[r], kind="stable")
            ends = np.cumsum(np.bincount(self.parts[r], minlength=self.k))
            for p in part[run == r]:
                members = order[ends[p - 1] if p else 0 : ends[p]]
                atoms.append(members)
                counts.append(len(members))
        return prices[first], np.concatenate([[0], np.cumsum(counts)]), np.concatenate(atoms)


def hash_parts(part: Ints, k: int) -> Ints:
    """Hash the set of atoms of each part; neither their order nor the part's number matters."""
    return np.asarray(hash_sets(part, np.arange(len(part)), k))


@njit(cache=True, nogil=True)
def hash_sets(number: Ints, atoms: Ints, k: int) -> Any:
    """Hash k sets, of which atom ``atoms[s]`` is in set ``number[s]``."""
    out = np.zeros(k, np.uint64)
    for s in range(atoms.shape[0]):
        # A mixed number for each atom; sums do not depend on the order.
        z = np.uint64(atoms[s] + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[number[s]] += z ^ (z >> np.uint64(31))
    return out


Columns = tuple[Floats, Ints, Ints]  # prices, starts and atoms of parts


def join_columns(one: Columns, other: Columns) -> Columns:
    """Join two lists of columns."""
    starts = np.concatenate([one[1], other[1][1:] + one[1][-1]])
    return np.concatenate([one[0], other[0]]), starts, np.concatenate([one[2], other[2]])


def take_columns(columns: Columns, chosen: Ints) -> Columns:
    """Take some of the columns."""
    prices, starts, atoms = columns
    sizes = np.diff(starts)[chosen]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    # Positions of all atoms of the chosen columns, in one gather.
    place = np.repeat(starts[chosen] - ends[:-1], sizes) + np.arange(ends[-1])
    return prices[chosen], ends, atoms[place]


def hash_columns(starts: Ints, atoms: Ints) -> Ints:
    """Hash the set of atoms of each column, as :func:`hash_parts` does."""
    number = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    return np.asarray(hash_sets(number, atoms.astype(np.int64), len(starts) - 1))
