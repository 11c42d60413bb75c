"""The polish: every good part met on the way is a column, and the best cover of all atoms by columns is picked.

This is the set-partitioning problem: each atom in exactly one chosen part, k parts, least price. HiGHS solves
it; its work is limited by nodes, never by the clock, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_matrix, vstack

from gridplan.division.kernels import Data, price_part

Array = np.ndarray[Any, Any]


@dataclass
class Pool:
    """Parts met in several divisions of the same atoms into k parts, each kept once.

    Parameters
    ----------
    n, k
        Atoms, and parts of a division.
    """

    n: int
    k: int
    hashes: list[Array] = field(default_factory=list)
    prices: list[Array] = field(default_factory=list)
    parts: list[Array] = field(default_factory=list)

    def add(self, data: Data, state: Any) -> None:
        """Keep the parts of a state as it stands."""
        self.parts.append(state.part.copy())
        self.hashes.append(hash_parts(state.part, self.k))
        self.prices.append(np.array([price_part(data, state, p) for p in range(self.k)]))

    def list_columns(self, most: int) -> tuple[Array, Array, Array]:
        """List the different parts, the last division's always among them, at most ``most``.

        Returns their prices (float64[c]) and their atoms in compressed form: atoms of column j are
        ``atoms[starts[j]:starts[j + 1]]``.
        """
        hashes, prices = np.concatenate(self.hashes), np.concatenate(self.prices)
        first = np.unique(hashes, return_index=True)[1]
        if len(first) > most:
            whole = np.concatenate([np.full(self.k, p.sum()) for p in self.prices])
            first = first[np.lexsort((first, whole[first]))][:most]
        first = np.sort(first)
        run, part = first // self.k, first % self.k
        atoms, counts = [], []
        for r in np.unique(run):
            order = np.argsort(self.parts[r], kind="stable")
            ends = np.cumsum(np.bincount(self.parts[r], minlength=self.k))
            for p in part[run == r]:
                own = order[ends[p - 1] if p else 0 : ends[p]]
                atoms.append(own)
                counts.append(len(own))
        return prices[first], np.concatenate([[0], np.cumsum(counts)]), np.concatenate(atoms)


@njit(cache=True, nogil=True)
def hash_parts(part: Array, k: int) -> Any:
    """Hash the set of atoms of each part; the order of atoms and the part's number do not matter."""
    out = np.zeros(k, np.uint64)
    for i in range(part.shape[0]):
        z = np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[part[i]] += z ^ (z >> np.uint64(31))
    return out


def choose_cover(pool: Pool, best: float, most: int = 20_000, nodes: int = 200) -> tuple[Array, float] | None:
    """Choose the cheapest cover of all atoms by k parts of the pool, if it is cheaper than ``best``.

    Returns int32[n], the part of each atom, and its price; None where nothing cheaper was found within the nodes.
    """
    prices, starts, atoms = pool.list_columns(most)
    ones = np.ones(len(atoms))
    covers = vstack([csc_matrix((ones, atoms, starts), shape=(pool.n, len(prices))), np.ones((1, len(prices)))], format="csc")
    wanted = np.append(np.ones(pool.n), float(pool.k))  # each atom once; k parts
    found = milp(
        prices,
        integrality=np.ones(len(prices)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(covers, wanted, wanted),
        options={"node_limit": nodes, "mip_rel_gap": 1e-6},
    )
    if found.x is None or found.fun > best - 1e-6:
        return None
    chosen = np.flatnonzero(found.x > 0.5)
    part = np.full(pool.n, -1, np.int32)
    for number, j in enumerate(chosen):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return part, float(found.fun)
