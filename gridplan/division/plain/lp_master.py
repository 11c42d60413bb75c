"""LP master: of very many parts found so far, the cheapest that together hold every atom.

The linear relaxation is solved over few parts and priced over all others,
which join it while they would lower it; the integer problem is about those
whose reduced cost fits between the relaxation and the best that is known.
Where parts need not be connected and have no lower limit, an atom may be held
twice: it then stays where that is cheaper. HiGHS solves both; its work is
limited by nodes, never by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Bools, Floats, Ints
from gridplan.division.column_pool import hash_columns, hash_parts
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.engine.highs import open_cover, open_model

FIRST = 15_000  # parts that the linear relaxation begins with


class ColumnStore:
    """Different parts met on the way, each kept once, with its price.

    Parameters
    ----------
    n
        Number of atoms.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.hashes = np.zeros(0, np.uint64)
        self.prices = np.zeros(0)
        self.rows: list[csr_matrix] = []
        self._waiting: list[tuple[Ints, Floats, Bools]] = []

    def add(self, part: Ints, prices: Floats, sound: Bools) -> None:
        """Keep those parts of an assignment that are ``sound`` (bool[k])."""
        self._waiting.append((part.copy(), prices.copy(), sound.copy()))

    def add_columns(self, starts: Ints, atoms: Ints, prices: Floats) -> int:
        """Keep those parts of a list that are new; returns how many."""
        self.gather()
        hashes = hash_columns(starts, atoms)
        first = np.zeros(len(hashes), bool)
        first[np.unique(hashes, return_index=True)[1]] = True
        # New ones only, and of equal ones in the list the first.
        fresh = np.flatnonzero(first & (np.diff(starts) > 0) & ~np.isin(hashes, self.hashes))
        rows = csr_matrix((np.ones(len(atoms)), atoms, starts), shape=(len(starts) - 1, self.n))[
            fresh
        ]
        rows.sort_indices()
        self.rows.append(rows)
        self.hashes = np.concatenate([self.hashes, hashes[fresh]])
        self.prices = np.concatenate([self.prices, prices[fresh]])
        return len(fresh)

    def gather(self) -> csr_matrix:
        """Gather all parts as a matrix: a row each, ones where they hold an atom."""
        for part, prices, sound in self._waiting:
            k = len(prices)
            hashes = hash_parts(part, k)
            fresh = np.flatnonzero(
                sound & ~np.isin(hashes, self.hashes) & (np.bincount(part, minlength=k) > 0)
            )
            whole = csr_matrix((np.ones(self.n), (part, np.arange(self.n))), shape=(k, self.n))
            self.rows.append(whole[fresh])
            self.hashes = np.concatenate([self.hashes, hashes[fresh]])
            self.prices = np.concatenate([self.prices, prices[fresh]])
        self._waiting = []
        if len(self.rows) > 1:
            self.rows = [vstack(self.rows, format="csr")]
        return self.rows[0]


@dataclass(frozen=True)
class CoverRelaxation:
    """The linear relaxation over all parts of a store.

    Parameters
    ----------
    value
        No cover by these parts is cheaper.
    reduced
        float64[c], what each part costs beyond the prices of its atoms and of
        a place among the k.
    taken
        float64[c], the share in which each part is taken.
    duals
        float64[n + 1], the prices of the atoms and of a place.
    """

    value: float
    reduced: Floats
    taken: Floats
    duals: Floats


class CoverMaster:
    """The covering problem over a growing store of parts, which keeps its basis between calls.

    Parameters
    ----------
    n, k
        Atoms and parts.
    exact
        Whether every atom is held exactly once and all k parts are used, or at
        least once and by at most k parts.
    """

    def __init__(self, n: int, k: int, exact: bool) -> None:
        self.n = n
        self.k = k
        self.exact = exact
        self.inside = np.zeros(0, np.int64)
        self.model = open_model()
        top = 1.0 if exact else highspy.kHighsInf
        for _ in range(n):
            self.model.addRow(1.0, top, 0, np.zeros(0, np.int32), np.zeros(0))
        self.model.addRow(
            float(k) if exact else 0.0, float(k), 0, np.zeros(0, np.int32), np.zeros(0)
        )

    def _enter(self, store: ColumnStore, columns: Ints) -> None:
        rows = store.gather()[columns]
        rows.sort_indices()
        m = len(columns)
        starts = rows.indptr[:-1] + np.arange(m)
        # Every column ends with its entry in the row of parts.
        index = np.insert(rows.indices, rows.indptr[1:], self.n).astype(np.int32)
        self.model.addCols(
            m,
            store.prices[columns],
            np.zeros(m),
            np.full(m, highspy.kHighsInf),
            len(index),
            starts.astype(np.int32),
            index,
            np.ones(len(index)),
        )
        self.inside = np.concatenate([self.inside, columns])

    def relax(self, store: ColumnStore, first: Ints, batch: int = 2_000) -> CoverRelaxation:
        """Solve the relaxation over the store, from ``first`` columns (with a whole cover) on."""
        matrix = store.gather()
        # Many at once are quicker than from a single cover on; the last met are best.
        if not len(self.inside):
            first = np.union1d(first, np.arange(max(0, matrix.shape[0] - FIRST), matrix.shape[0]))
        fresh = first[~np.isin(first, self.inside)]
        if len(fresh):
            self._enter(store, fresh)
        while True:
            self.model.run()
            duals = np.array(self.model.getSolution().row_dual)
            # Price every part of the store at once: a sparse product.
            reduced = store.prices - matrix @ duals[: self.n] - duals[self.n]
            outside = np.ones(len(reduced), bool)
            outside[self.inside] = False
            entering = np.flatnonzero(outside & (reduced < -1e-7 * store.prices.mean()))
            if not len(entering):
                break
            self._enter(
                store, np.sort(entering[np.argsort(reduced[entering], kind="stable")][:batch])
            )
        taken = np.zeros(len(reduced))
        taken[self.inside] = np.array(self.model.getSolution().col_value)
        return CoverRelaxation(
            float(self.model.getInfo().objective_function_value), reduced, taken, duals
        )


def choose_parts(
    store: ColumnStore, columns: Ints, atoms: Ints, k: int, exact: bool, best: float, nodes: int
) -> Ints | None:
    """Choose the cheapest k of the ``columns`` that hold all ``atoms``, if cheaper than ``best``.

    Parameters
    ----------
    store
        All parts.
    columns, atoms
        The parts to choose from, which hold no other atoms, and the atoms to
        be held.
    k, exact
        How many, and whether each atom is held exactly once by exactly k, or
        at least once by at most k.
    best
        The price of a cover that is known.
    nodes
        Branch-and-bound nodes.
    """
    n = len(atoms)
    m = len(columns)
    holds = vstack([store.gather()[columns].T.tocsr()[atoms], csr_matrix(np.ones((1, m)))]).tocsc()
    low = np.append(np.ones(n), float(k) if exact else 0.0)
    high = np.append(np.full(n, 1.0 if exact else highspy.kHighsInf), float(k))
    model = open_cover(store.prices[columns], holds, low, high, nodes, 1e-6)
    model.setOptionValue("objective_bound", float(best))
    model.run()
    info = model.getInfo()
    # Equal prices are no progress, and would make the runs go in circles.
    if info.primal_solution_status != 2 or info.objective_function_value > best * (1 - 1e-9):
        return None
    return np.asarray(columns[np.array(model.getSolution().col_value) > 0.5])


def round_cover(
    store: ColumnStore,
    relaxed: CoverRelaxation,
    k: int,
    data: DivisionArrays,
    rng: np.random.Generator,
    noise: float = 0.3,
) -> Ints:
    """Round a relaxation to a division, perhaps outside the limits, from which a run can begin.

    The parts taken most, give or take some ``noise``, come first, whole; then
    what is left of others; the atoms of none go where their neighbours are.
    Returns int32[n], the part of each atom.
    """
    matrix = store.gather()
    columns = np.flatnonzero(relaxed.taken > 1e-6)
    rank = relaxed.taken[columns] * rng.uniform(1 - noise, 1 + noise, len(columns))
    columns = columns[np.argsort(-rank, kind="stable")]
    part = np.full(store.n, -1, np.int32)
    used = 0
    # Whole parts first, then halves, then whatever is free.
    for share in (1.0, 0.5, 0.0):
        for j in columns:
            members = matrix.indices[matrix.indptr[j] : matrix.indptr[j + 1]]
            free = members[part[members] < 0]
            if used < k and len(free) and len(free) >= share * len(members):
                part[free] = used
                used += 1
    # Where the neighbours are; where none of them has a part, in the last one used.
    while (part < 0).any():
        before = part.copy()
        for i in np.flatnonzero(part < 0):
            near = before[data.indices[data.indptr[i] : data.indptr[i + 1]]]
            part[i] = near[near >= 0][0] if (near >= 0).any() else -1
        if (part == before).all():
            part[part < 0] = max(used - 1, 0)
    # Parts left over each get an atom of the largest one.
    for q in range(used, k):
        part[np.flatnonzero(part == np.argmax(np.bincount(part, minlength=k)))[-1]] = q
    return part
