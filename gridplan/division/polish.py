"""The polish: every good part met on the way is a column, and the best cover of all atoms by columns is picked.

This is the set-partitioning problem: each atom in exactly one chosen part, k parts, least price. HiGHS solves
it; its work is limited by nodes, never by the clock, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, vstack

from gridplan.division.kernels import Data, price_part

Array = np.ndarray[Any, Any]
NODES = 60  # branch-and-bound nodes of a polish; never seconds, so that the answer is the same everywhere
SETTLED = 0.999  # a column that the relaxation takes by this much is taken
WORK = 400_000  # atoms times columns of an integer problem over everything
GAP = 5e-4  # share of the price at which the integer problem is good enough


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


Columns = tuple[Array, Array, Array]  # prices, starts and atoms of parts


def join_columns(one: Columns, other: Columns) -> Columns:
    """Join two lists of columns."""
    starts = np.concatenate([one[1], other[1][1:] + one[1][-1]])
    return np.concatenate([one[0], other[0]]), starts, np.concatenate([one[2], other[2]])


@dataclass(frozen=True)
class Cover:
    """The best cover found of all atoms by columns.

    Parameters
    ----------
    part
        int32[n], the part of each atom; None where no cover cheaper than what was known was found.
    price
        Its price in household-metres.
    bound
        No cover by these columns is cheaper than this; infinite where they cannot cover the atoms at all.
    """

    part: Array | None
    price: float
    bound: float


def choose_cover(columns: Columns, n: int, k: int | tuple[int, int], best: float = np.inf, most: int = 3_000) -> Cover:
    """Choose the cheapest cover of all n atoms by k of the columns, if it is cheaper than ``best``.

    The linear relaxation comes first; only columns whose reduced cost fits between its value and ``best`` can be in a
    better cover, and at most ``most`` of these, the cheapest first, are handed to the integer problem.

    Parameters
    ----------
    columns
        Prices, starts and atoms of the parts.
    n
        Atoms.
    k
        Parts to choose, or the least and the greatest number of them.
    best
        Price of a division that is known already, in household-metres.
    most
        Columns handed to the integer problem.
    """
    prices, starts, atoms = columns
    ones = np.ones(len(atoms))
    covers = vstack([csc_matrix((ones, atoms, starts), shape=(n, len(prices))), np.ones((1, len(prices)))], format="csc")
    least, greatest = (k, k) if isinstance(k, int) else k
    low, high = np.append(np.ones(n), float(least)), np.append(np.ones(n), float(greatest))
    relaxed = linprog(
        prices,
        A_eq=covers[:n],
        b_eq=np.ones(n),
        A_ub=vstack([covers[n:], -covers[n:]]),
        b_ub=[high[-1], -low[-1]],
        method="highs",
    )
    if relaxed.x is None:
        return Cover(None, np.inf, np.inf)
    if relaxed.fun > best - 1e-6:
        return Cover(None, best, relaxed.fun)
    if np.abs(relaxed.x - np.round(relaxed.x)).max() < 1e-6:
        return Cover(_read_parts(np.flatnonzero(relaxed.x > 0.5), starts, atoms, n), relaxed.fun, relaxed.fun)
    count = relaxed.ineqlin.marginals
    reduced = prices - covers[:n].T @ relaxed.eqlin.marginals - covers[n:].T @ (count[:1] - count[1:])
    cover = Cover(None, best, relaxed.fun)
    # What the relaxation has decided is left so at first: the integer problem is then about the rest only.
    settled = np.flatnonzero(relaxed.x > SETTLED)
    free = np.asarray(covers[:n, settled].sum(axis=1)).ravel() < 0.5
    clear = np.asarray(covers[:n].T @ ~free).ravel() < 0.5
    for rows, fixed in ((free, settled), (np.ones(n, bool), settled[:0])):
        if cover.price - relaxed.fun <= GAP * abs(relaxed.fun):
            break
        fits = (reduced <= cover.price - relaxed.fun) | (relaxed.x > 1e-9)
        kept = np.flatnonzero(fits & clear if len(fixed) else fits)
        if len(kept) > most or (not len(fixed) and len(kept) * n > WORK):
            kept = np.sort(kept[np.lexsort((kept, reduced[kept].round(6)))][: min(most, WORK // n)])
        own = covers[:n][rows][:, kept]
        found = milp(
            prices[kept],
            integrality=np.ones(len(kept)),
            bounds=Bounds(0.0, 1.0),
            constraints=LinearConstraint(
                vstack([own, covers[n:][:, kept]], format="csc"),
                np.append(np.ones(rows.sum()), least - len(fixed)),
                np.append(np.ones(rows.sum()), greatest - len(fixed)),
            ),
            options={"node_limit": NODES, "mip_rel_gap": GAP},
        )
        price = np.inf if found.x is None else found.fun + prices[fixed].sum()
        if price < cover.price - 1e-6:
            chosen = np.concatenate([fixed, kept[found.x > 0.5]])
            cover = Cover(_read_parts(chosen, starts, atoms, n), float(price), relaxed.fun)
    return cover


def _read_parts(chosen: Array, starts: Array, atoms: Array, n: int) -> Array:
    """Read the part of each atom off the chosen columns."""
    part = np.full(n, -1, np.int32)
    for number, j in enumerate(chosen):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return part
