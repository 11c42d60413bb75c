"""The attacker: how far the published counts narrow each suppressed one, by linear programming.

The sums of one hierarchy with parts form a network, so its limits are whole
numbers at once; where several releases overlap, fractions are followed up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints
from gridplan.engine.highs import open_model
from gridplan.errors import PlanError

# Whole people: what is off by a millionth is a rounding of the solver, whose
# own tolerance is a tenth of that.
EXACT = 1e-6
UNLIMITED = 1e7  # people; a cell that can be so large is not limited at all
NODES = 2_000  # of a search for whole numbers; few need any


@dataclass(frozen=True)
class Ranges:
    """The range of each cell asked for, and its proofs: multipliers of the sums, a row each."""

    cells: Ints
    low: Floats
    high: Floats
    low_proof: csr_matrix
    high_proof: csr_matrix


@dataclass(frozen=True)
class HiddenBlock:
    """Suppressed cells that share sums, those sums, and the cells among them that are asked for."""

    cells: Ints
    sums: Ints
    asked: Ints


def find_ranges(
    matrix: csr_matrix,
    values: Floats,
    lower: Floats,
    asked: Ints,
    enough: float = np.inf,
    *,
    upper: Floats | None = None,
) -> Ranges:
    """Find the range that each asked cell can be narrowed to.

    Parameters
    ----------
    matrix
        Sums that hold: matrix @ values = 0.
    values
        The cells' values, NaN where a cell is suppressed.
    lower
        What each suppressed cell is known to be at the least.
    asked
        Rows of suppressed cells.
    enough
        A range known to be as wide as this need not be found exactly: two
        solutions that differ so much in the cell will do, and one solution
        serves many cells.
    upper
        What each suppressed cell is known to be at the most, if anything is.

    Examples
    --------
    Two parts of a published sum of 20, both suppressed and at least 1:

    >>> sums = csr_matrix([[1.0, 1.0, -1.0]])
    >>> r = find_ranges(sums, np.array([np.nan, np.nan, 20.0]), np.ones(3), np.array([0]))
    >>> r.low[0], r.high[0]
    (np.float64(1.0), np.float64(19.0))
    """
    # The upper limit is no knowledge of the attacker's unless it is given: it keeps
    # every question bounded, so that each has an optimum and a proof.
    most = np.full(len(values), UNLIMITED) if upper is None else np.minimum(upper, UNLIMITED)
    # All sums are 0, so the suppressed cells must balance what the published
    # ones add up to.
    sides = matrix @ np.nan_to_num(values)
    low = np.full(len(asked), np.nan)
    high = np.full(len(asked), np.nan)
    # Blocks answer in their own order; the caller wants that of the cells asked for.
    place = {int(cell): n for n, cell in enumerate(asked)}
    proofs: tuple[list[Any], list[Any]] = ([], [])
    # Blocks share no sum, so each is a small problem of its own.
    for block in split_blocks(matrix, np.isnan(values), asked):
        for n, bounds, duals in _solve_block(matrix, block, sides, lower, most, enough):
            row = place[n]
            low[row], high[row] = bounds
            for side in (0, 1):
                if duals[side] is not None:
                    proofs[side].append((row, block.sums, duals[side]))
    shape = (len(asked), matrix.shape[0])
    return Ranges(asked, low, high, *(_gather(proof, shape) for proof in proofs))


def _gather(proofs: list[Any], shape: tuple[int, int]) -> csr_matrix:
    if not proofs:
        return csr_matrix(shape)
    rows = np.concatenate([np.full(len(sums), row) for row, sums, _ in proofs])
    columns = np.concatenate([sums for _, sums, _ in proofs])
    return csr_matrix(
        (np.concatenate([duals for *_, duals in proofs]), (rows, columns)), shape=shape
    )


def split_blocks(matrix: csr_matrix, hidden: Bools, asked: Ints) -> Iterator[HiddenBlock]:
    """Split the suppressed cells into blocks that share no sum, and keep those asked about."""
    cells = np.flatnonzero(hidden)
    hidden_matrix = matrix[:, cells]
    # A sum without a suppressed cell gives the attacker nothing.
    sums = np.flatnonzero(np.diff(hidden_matrix.indptr))
    hidden_matrix = hidden_matrix[sums].tocsr()
    # Cells and sums are the two sides of a graph; its components are the blocks.
    graph = csr_matrix(
        (
            np.ones(hidden_matrix.nnz),
            (hidden_matrix.tocoo().row, hidden_matrix.tocoo().col + len(sums)),
        ),
        shape=(len(sums) + len(cells),) * 2,
    )
    label = connected_components(graph, directed=False)[1]
    of_cell = label[len(sums) :]
    of_sum = label[: len(sums)]
    wanted = np.isin(cells, asked)
    # Sorted once, a block is a slice: n log n for all instead of n for each.
    cell_order = np.argsort(of_cell, kind="stable")
    sum_order = np.argsort(of_sum, kind="stable")
    for block in np.unique(of_cell[wanted]):
        a, b = np.searchsorted(of_cell[cell_order], [block, block + 1])
        c, d = np.searchsorted(of_sum[sum_order], [block, block + 1])
        inside = np.sort(cell_order[a:b])
        yield HiddenBlock(
            cells[inside], sums[np.sort(sum_order[c:d])], cells[inside[wanted[inside]]]
        )


def _solve_block(
    matrix: csr_matrix,
    block: HiddenBlock,
    sides: Floats,
    lower: Floats,
    upper: Floats,
    enough: float,
) -> Iterator[tuple[int, tuple[float, float], list[Any]]]:
    """Find the least and greatest value of each asked cell of a block; unlimited is inf."""
    model = _Questions(
        matrix[block.sums][:, block.cells].tocsc(),
        -sides[block.sums],
        lower[block.cells],
        upper[block.cells],
    )
    columns = np.searchsorted(block.cells, block.asked)
    if np.isfinite(enough):
        model.widen_many(columns, enough)
    for cell, column in zip(block.asked, columns, strict=True):
        bounds: list[float] = [model.low[column], model.high[column]]
        duals: list[Floats | None] = [None, None]
        # The upper end first: it is the wider one as a rule, and often enough by itself.
        for side, sign in ((1, -1.0), (0, 1.0)):
            # Earlier answers may have opened the cell far enough already.
            if bounds[1] - bounds[0] >= enough:
                break
            cost = np.zeros(len(block.cells))
            # HiGHS minimises, so the upper end is asked for with the sign turned round.
            cost[column] = sign
            values, duals[side] = model.ask(cost)
            bounds = [model.low[column], model.high[column]]
            bounds[side] = values[column]
        # People are whole numbers, so the limits are rounded inwards.
        low = np.ceil(bounds[0] - EXACT)
        high = np.floor(bounds[1] + EXACT)
        yield int(cell), (low, np.inf if high >= UNLIMITED else high), duals


def _are_whole(values: Floats) -> bool:
    return bool((np.abs(values - np.round(values)) < EXACT).all())


class _Questions:
    """A linear program over the suppressed cells of a block that remembers every answer."""

    def __init__(self, matrix: Any, sides: Floats, lower: Floats, upper: Floats) -> None:
        lp = highspy.HighsLp()
        lp.num_row_ = matrix.shape[0]
        lp.num_col_ = matrix.shape[1]
        lp.col_cost_ = np.zeros(matrix.shape[1])
        lp.col_lower_ = lower
        lp.col_upper_ = upper
        lp.row_lower_ = lp.row_upper_ = sides
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self.model = open_model()
        # Without presolve the basis is kept, so each question after the first is short.
        self.model.setOptionValue("presolve", "off")
        self.model.passModel(lp)
        self.columns = np.arange(matrix.shape[1], dtype=np.int32)
        self.low = np.full(matrix.shape[1], np.inf)
        self.high = np.full(matrix.shape[1], -np.inf)

    def ask(self, cost: Floats, *, whole: bool = True) -> tuple[Floats, Floats]:
        """Find the values where ``cost`` @ values is least, and the multipliers that prove it.

        People and households are whole: where the least is at fractions, it is
        found again among ``whole`` numbers, if they are wanted.
        """
        self.model.changeColsCost(len(cost), self.columns, cost)
        self.model.run()
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise PlanError(
                "the published counts contradict one another "
                f"({self.model.getModelStatus()}) -> release again"
            )
        solution = self.model.getSolution()
        values = np.array(solution.col_value)
        duals = np.array(solution.row_dual)
        if not _are_whole(values):
            if not whole:
                return values, duals
            values = self._ask_whole()
        # Every solution is a table that the attacker cannot rule out, so it
        # widens the range of all cells at once.
        np.minimum(self.low, values, out=self.low)
        np.maximum(self.high, values, out=self.high)
        return values, duals

    def _ask_whole(self) -> Floats:
        """Answer the same question in whole numbers, as far as some branches go.

        A shorter answer than the best only makes the cell look narrower.
        """
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        n = len(self.columns)
        self.model.changeColsIntegrality(n, self.columns, [kinds[1]] * n)
        # The true numbers are an answer, so without a limit there is one.
        for nodes in (NODES, highspy.kHighsIInf):
            self.model.setOptionValue("mip_max_nodes", nodes)
            self.model.run()
            solution = self.model.getSolution()
            if solution.value_valid:
                break
        whole = np.round(np.array(solution.col_value))
        self.model.changeColsIntegrality(n, self.columns, [kinds[0]] * n)
        return np.asarray(whole)

    def widen_many(self, columns: Ints, enough: float) -> None:
        """Ask about many cells at once in random directions, as long as that opens enough."""
        # A fixed seed: the same plan must give the same release, byte for byte.
        rng = np.random.default_rng(0)
        narrow_cells = columns
        # With so few cells, a question for each costs no more than a direction.
        while len(narrow_cells) > 4:
            cost = np.zeros(len(self.columns))
            cost[narrow_cells] = rng.choice([-1.0, 1.0], len(narrow_cells))
            # Both ends of one direction: half of the cells high and half low, then the reverse.
            for sign in (1.0, -1.0):
                self.ask(sign * cost, whole=False)
            still_narrow = narrow_cells[self.high[narrow_cells] - self.low[narrow_cells] < enough]
            # Once a direction opens few cells, asking one by one is cheaper.
            if len(still_narrow) > 0.8 * len(narrow_cells):
                return
            narrow_cells = still_narrow
