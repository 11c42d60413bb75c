"""LP relaxation of set partitioning: columns may be taken in part; its duals price the atoms.

Of many columns few matter. The linear problem begins with some, and those that
would lower its price join it, the best for every atom first, until none is
left; it keeps its basis from one time to the next. HiGHS solves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numba import njit

from gridplan.arrays import Floats, Ints
from gridplan.division.column_pool import Columns
from gridplan.engine.highs import open_model

FIRST = 3_000  # columns that the linear problem begins with at most
BATCH = 8  # columns that join it at a time for each atom
DEAR = 50.0  # price of leaving an atom out, in prices of the dearest column


@dataclass(frozen=True)
class LpRelaxation:
    """The LP relaxation of set partitioning, solved.

    Parameters
    ----------
    value
        Its price; no cover by the columns is cheaper.
    share
        float64[c], how much of each column is taken.
    reduced
        float64[c], what taking a whole column more would cost.
    worth, place
        float64[n], what each atom is worth, and what a part is worth.
    """

    value: float
    share: Floats
    reduced: Floats
    worth: Floats
    place: float


def solve_relaxation(
    columns: Columns, n: int, k: tuple[int, int], first: int = FIRST
) -> LpRelaxation | None:
    """Solve the LP relaxation; None where the columns cannot cover all atoms.

    Parameters
    ----------
    columns
        Prices, starts and atoms of the parts.
    n
        Atoms.
    k
        The least and the greatest number of parts.
    first
        So many of the first columns begin.
    """
    if len(columns[0]) == 0:
        return None
    dear = DEAR * max(1.0, float(np.abs(columns[0]).max()))
    model = _RestrictedMaster(columns, n, k, dear, min(first, FIRST))
    relaxed = model.solve(columns[0])
    if relaxed is None:
        # Something is left out: because that is too cheap, or because it cannot be
        # otherwise? Without prices of columns only the latter remains.
        nothing = np.zeros(len(columns[0]))
        model.price(nothing, 1.0)
        if model.solve(nothing) is None:
            return None
        # Leaving out is needless, so it is forbidden and the true prices return.
        model.close()
        model.price(columns[0], dear)
        relaxed = model.solve(columns[0])
    return relaxed


class _RestrictedMaster:
    """The linear problem over the columns that have joined it.

    In each row a slack column represents leaving an atom or a part out.
    """

    def __init__(
        self, columns: Columns, n: int, k: tuple[int, int], dear: float, first: int
    ) -> None:
        self.columns = columns
        self.n = n
        self.model = open_model()
        # Each atom exactly once; the last row counts the parts.
        for _ in range(n):
            self.model.addRow(1.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        self.model.addRow(float(k[0]), float(k[1]), 0, np.zeros(0, np.int32), np.zeros(0))
        rows = np.arange(n + 1, dtype=np.int32)
        ones = np.ones(n + 1)
        self.model.addCols(
            n + 1, dear * ones, 0 * ones, highspy.kHighsInf * ones, n + 1, rows, rows, ones
        )
        self.inside = np.zeros(0, np.int64)
        self.enter(np.arange(min(first, len(columns[0]))), columns[0])

    def enter(self, chosen: Ints, prices: Floats) -> None:
        """Let columns join."""
        starts = self.columns[1]
        atoms = self.columns[2]
        sizes = np.diff(starts)[chosen]
        ends = np.concatenate([[0], np.cumsum(sizes)])
        # Positions of all atoms of the chosen columns, in one gather.
        place = np.repeat(starts[chosen] - ends[:-1], sizes) + np.arange(ends[-1])
        # Every column ends with its entry in the row of parts.
        index = np.insert(atoms[place].astype(np.int32), ends[1:], self.n)
        m = len(chosen)
        begins = (ends[:-1] + np.arange(m)).astype(np.int32)
        ones = np.ones(len(index))
        self.model.addCols(
            m,
            prices[chosen],
            np.zeros(m),
            np.full(m, highspy.kHighsInf),
            len(index),
            begins,
            index,
            ones,
        )
        self.inside = np.concatenate([self.inside, chosen])

    def price(self, prices: Floats, dear: float) -> None:
        """Change the prices of all columns inside, and of leaving out."""
        costs = np.concatenate([np.full(self.n + 1, dear), prices[self.inside]])
        self.model.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    def close(self) -> None:
        """Forbid leaving anything out."""
        rows = np.arange(self.n + 1, dtype=np.int32)
        zeros = np.zeros(self.n + 1)
        self.model.changeColsBounds(self.n + 1, rows, zeros, zeros)

    def solve(self, prices: Floats) -> LpRelaxation | None:
        """Solve until no column would lower the price; None where something is still left out."""
        least = -1e-9 * max(1.0, float(np.abs(prices).max()))
        while True:
            # Warm from the last basis, since columns only ever join.
            self.model.run()
            solution = self.model.getSolution()
            duals = np.array(solution.row_dual)
            reduced = reduce_prices(prices, self.columns[1], self.columns[2], duals)
            # Columns that each help some atom; by price alone all would be alike.
            entering = choose_entering(
                reduced, self.columns[1], self.columns[2], self.n, least, BATCH
            )
            entering = np.setdiff1d(entering[entering >= 0], self.inside)
            if not len(entering):
                break
            self.enter(entering, prices)
        taken = np.array(solution.col_value)
        # Slack in use means that the columns cannot cover everything.
        if taken[: self.n + 1].sum() > 1e-6:
            return None
        share = np.zeros(len(prices))
        share[self.inside] = taken[self.n + 1 :]
        value = float(self.model.getInfo().objective_function_value)
        return LpRelaxation(value, share, reduced, duals[: self.n], float(duals[self.n]))


@njit(cache=True, nogil=True)
def reduce_prices(prices: Any, starts: Any, atoms: Any, duals: Any) -> Any:
    """Reduce the prices of columns by what their atoms and their place are worth."""
    reduced = np.empty(prices.shape[0])
    for j in range(prices.shape[0]):
        remainder = prices[j] - duals[-1]
        for s in range(starts[j], starts[j + 1]):
            remainder -= duals[atoms[s]]
        reduced[j] = remainder
    return reduced


@njit(cache=True, nogil=True)
def choose_entering(reduced: Any, starts: Any, atoms: Any, n: int, least: float, batch: int) -> Any:
    """Choose for every atom the ``batch`` columns that hold it and lower the price most.

    Returns int64[n, batch], -1 for none.
    """
    best = np.full((n, batch), least)
    chosen = np.full((n, batch), -1, np.int64)
    for j in range(reduced.shape[0]):
        if reduced[j] >= least:
            continue
        for s in range(starts[j], starts[j + 1]):
            i = atoms[s]
            # A short insertion sort: only a few columns are kept for an atom.
            if reduced[j] >= best[i, batch - 1]:
                continue
            t = batch - 1
            while t > 0 and reduced[j] < best[i, t - 1]:
                best[i, t] = best[i, t - 1]
                chosen[i, t] = chosen[i, t - 1]
                t -= 1
            best[i, t] = reduced[j]
            chosen[i, t] = j
    return chosen
