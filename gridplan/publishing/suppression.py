"""Which counts are suppressed: small ones, and the fewest others that would give those away.

The choice is an integer program that grows by proofs (Fischetti and Salazar,
Management Science 47, 2001): whenever the attacker narrows a small count too
far, the multipliers of the sums that he used prove which further cells would
have stopped him.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack, vstack
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints
from gridplan.publishing.attack import EXACT, Ranges, find_ranges
from gridplan.publishing.place_sums import CellSystem
from gridplan.rules.disclosure import DisclosureRules

ROUNDS = 30  # of proofs; what is then still exposed is opened cell by cell
# What it costs to suppress a cell: its bits, more where many look at it.
LEVEL_PRICES = {
    "city": 8.0,
    "district": 6.0,
    "subdistrict": 4.0,
    "community": 2.0,
    "branch": 1.0,
}
TOTAL_COUNTS = ("members", "volunteers", "elders", "grid_workers")
TOTAL_PRICE = 3.0  # times as much as a part: members rather than full and probationary


@dataclass(frozen=True)
class Suppression:
    """Which cells are suppressed (bool[n]), which of them are small, and how good the choice is.

    ``gap`` is the share by which a cheaper choice might exist; ``exposed``
    lists cells that could not be protected, since what was published before gives
    them away.
    """

    hidden: Bools
    primary: Bools
    cost: float
    gap: float
    rounds: int
    exposed: Ints


def is_small(values: Floats, rules: DisclosureRules) -> Bools:
    """Whether counts are too small to be published; zero only where the rules say so.

    Examples
    --------
    >>> is_small(np.array([0, 1, 5, 6, 138]), DisclosureRules()).tolist()
    [False, True, True, False, False]
    """
    return (values < rules.smallest) & ((values > 0) | (not rules.zeros_safe))


def price_cells(cells: pd.DataFrame) -> Floats:
    """Price each cell: the bits lost with it, weighted by level, and more for totals than parts."""
    # A level without a price is that of old counts and pieces: they cost least.
    level = cells["level"].map(LEVEL_PRICES).fillna(1.0).to_numpy()
    total = np.where(cells["measure"].isin(TOTAL_COUNTS), TOTAL_PRICE, 1.0)
    # Bits of a count, plus 2 so that 0 and 1 have a price too.
    return np.asarray(level * total * np.log2(2.0 + cells["value"].to_numpy(float)))


def choose_suppressed(
    system: CellSystem,
    rules: DisclosureRules,
    always: Bools | None = None,
    never: Bools | None = None,
    small: Bools | None = None,
) -> Suppression:
    """Choose the cells to suppress so that no small count can be narrowed below the interval.

    Parameters
    ----------
    system
        Cells with their true values, and their sums.
    rules
        What is small, and how wide the attacker's range must stay.
    always, never
        Cells that are suppressed whatever happens, and cells that were
        published before.
    small
        Which cells are protected; those that are small by the rules if not
        given.
    """
    value = system.cells["value"].to_numpy(float)
    n = len(value)
    never = np.zeros(n, bool) if never is None else never
    small = is_small(value, rules) if small is None else small
    must = (small | (np.zeros(n, bool) if always is None else always)) & ~never
    # Zeros that are always published cannot be hidden to protect others.
    free = ~must & ~never & ~(rules.zeros_safe & (value == 0))
    choice = _Choice(price_cells(system.cells), free, rules.nodes)
    # Begun with the plain rule, which saves the first rounds of proofs.
    choice.add(_seed_cuts(system.matrix, must & small))
    exposed: list[int] = []
    hidden = must.copy()
    for rounds in range(1, ROUNDS + 1):  # noqa: B007  the last is reported
        hidden = must | choice.solve()
        ranges = _find_hidden_ranges(system, hidden, exposed, rules)
        open_to = find_exposed(ranges, rules)
        if not open_to.any():
            break
        # Each range that is too narrow comes with a proof of which cells would widen it.
        cuts = _write_cuts(system, ranges, np.flatnonzero(open_to), rules.interval)
        # A proof without a free cell cannot be met: the earlier release gives the count away.
        helpless = np.asarray(cuts[:, free].getnnz(axis=1) == 0)
        exposed += ranges.cells[np.flatnonzero(open_to)[helpless]].tolist()
        choice.add(_subtract_fixed(cuts[~helpless], must, free, rules.interval))
    # What the rounds left exposed is opened directly, at a price that is no longer the least.
    hidden, lost = _open_remaining(system, hidden, free, exposed, choice.prices, rules)
    exposed += lost
    cost = float(choice.prices[hidden & free].sum())
    gap = (cost - choice.bound) / cost if cost > EXACT else 0.0
    return Suppression(
        hidden,
        small,
        cost,
        max(0.0, gap),
        rounds,
        np.array(sorted(exposed), dtype=np.int64),
    )


def _find_hidden_ranges(
    system: CellSystem, hidden: Bools, exposed: list[int], rules: DisclosureRules
) -> Ranges:
    """Find how far an attacker narrows the hidden cells that may be small.

    Cells that are exposed whatever is hidden are left out.
    """
    value = system.cells["value"].to_numpy(float)
    # A suppressed cell that may be small for all the attacker knows must stay
    # as open as one that is.
    asked = np.setdiff1d(
        np.flatnonzero(hidden & (value < rules.smallest - 1 + rules.interval)), exposed
    )
    return find_ranges(
        system.matrix, np.where(hidden, np.nan, value), system.lower, asked, rules.interval
    )


def _open_remaining(
    system: CellSystem,
    hidden: Bools,
    free: Bools,
    exposed: list[int],
    prices: Floats,
    rules: DisclosureRules,
) -> tuple[Bools, list[int]]:
    """Open the cells that are still exposed one by one, each along the cheapest cells.

    Returns what is hidden, and the cells that nothing can protect. The proofs
    close in on the best choice slowly where many choices cost the same; this
    one ends, since every turn hides more.
    """
    hidden = hidden.copy()
    lost: list[int] = []
    while True:
        ranges = _find_hidden_ranges(system, hidden, [*exposed, *lost], rules)
        open_to = ranges.cells[find_exposed(ranges, rules)]
        if not len(open_to):
            return hidden, lost
        known = len(lost)
        count = int(hidden.sum())
        for cell in open_to:
            along = _find_cheapest_cover(system, int(cell), hidden, free, prices, rules.interval)
            if along is None:
                lost.append(int(cell))
            else:
                hidden |= along
        # The cells found are no wider for the attacker, by a rounding: give up here.
        if len(lost) == known and hidden.sum() == count:
            lost += open_to.tolist()


def _find_cheapest_cover(
    system: CellSystem, cell: int, hidden: Bools, free: Bools, prices: Floats, need: int
) -> Bools | None:
    """Find the cheapest cells to hide so that one cell can be larger by ``need``, all sums kept.

    None where nothing protects the cell.
    """
    from scipy.optimize import linprog

    usable = np.flatnonzero(hidden | free)
    slack = (system.cells["value"].to_numpy(float) - system.lower)[usable]
    # What is hidden already costs next to nothing, not nothing: fewer moves are better.
    price = np.where(hidden, 0.0, prices)[usable] + EXACT
    matrix = system.matrix[:, usable]
    # Each cell moves up or down; the one asked for must go up by the whole need.
    up = np.where(usable == cell, float(need), 0.0)
    most = np.concatenate([np.where(up > 0, need, np.inf), np.maximum(slack, 0)])
    result = linprog(
        np.concatenate([price, price]),
        A_eq=hstack([matrix, -matrix], format="csr"),
        b_eq=np.zeros(matrix.shape[0]),
        bounds=np.column_stack([np.append(up, np.zeros(len(usable))), most]),
        method="highs-ds",
    )
    if result.x is None:
        return None
    # The cells that move in the solution are those the attacker could no longer pin down.
    moved = result.x.reshape(2, -1).max(axis=0) > EXACT
    out = np.zeros(len(hidden), bool)
    out[usable[moved]] = True
    return out


def find_exposed(ranges: Ranges, rules: DisclosureRules) -> Bools:
    """Find the cells that may be small for all that is known, yet are narrowed too far."""
    may_be_small = ranges.low < rules.smallest
    if rules.zeros_safe:
        may_be_small &= ranges.high > 0
    return np.asarray(may_be_small & (ranges.high - ranges.low < rules.interval))


def _seed_cuts(matrix: csr_matrix, small: Bools) -> csr_matrix:
    """Write the plain rule: a sum that holds one small cell must hold another hidden one."""
    # Where another small cell is in the sum the rule is met, as in most sums of many places:
    # they are left out before they are copied, since the longest of them hold every cell.
    held = np.asarray(matrix[:, np.flatnonzero(small)].getnnz(axis=1)).ravel()
    cuts = abs(matrix[np.flatnonzero(held == 1)]).multiply((~small).astype(float)[None, :]).tocsr()
    cuts.eliminate_zeros()
    return cuts


def _write_cuts(system: CellSystem, ranges: Ranges, rows: Ints, need: int) -> csr_matrix:
    """Write the attacker's proofs as rows: which cells would widen the range, and how far."""
    slack = system.cells["value"].to_numpy(float) - system.lower
    unit = csr_matrix(
        (np.ones(len(rows)), (np.arange(len(rows)), ranges.cells[rows])),
        shape=(len(rows), len(slack)),
    )
    total = csr_matrix(unit.shape)
    for sign, proof in ((1.0, ranges.low_proof), (-1.0, ranges.high_proof)):
        push = -(sign * unit - proof[rows] @ system.matrix)
        push.data[np.abs(push.data) < EXACT] = 0
        up = push.maximum(0)
        up.data[:] = np.where(up.data > 0, need, 0)  # upwards a cell has no limit
        down = (-push).maximum(0).tocsr()
        total = total + up + down.multiply(slack[None, :]).tocsr()
    total = total.tocsr()
    total.eliminate_zeros()
    # A cell that widens by more than the need meets the proof no better.
    total.data = np.minimum(total.data, need)
    return total / need


def _subtract_fixed(cuts: csr_matrix, must: Bools, free: Bools, need: int) -> csr_matrix:
    """Take off what is suppressed anyway: the rest must make up for what is missing."""
    missing = 1.0 - np.asarray(cuts[:, must].sum(axis=1)).ravel()
    block_cuts = cuts.multiply(free[None, :].astype(float)).tocsr()
    block_cuts.eliminate_zeros()
    # Kept above 0: a proof met by rounding alone would divide by it.
    missing = np.maximum(missing, 1.0 / (need * 1e3))
    scaled = block_cuts.multiply(1.0 / missing[:, None]).tocsr()
    scaled.data = np.minimum(scaled.data, 1.0)
    return scaled


class _Choice:
    """The integer program: the cheapest free cells that meet every proof, solved block by block."""

    def __init__(self, prices: Floats, free: Bools, nodes: int) -> None:
        self.prices = prices
        self.free = free
        self.nodes = nodes
        self.cuts = csr_matrix((0, len(prices)))
        self.known: dict[bytes, tuple[Ints, float]] = {}
        self.bound = 0.0

    def add(self, cuts: csr_matrix) -> None:
        """Add proofs; those without a free cell say nothing."""
        block_cuts = cuts.multiply(self.free[None, :].astype(float)).tocsr()
        block_cuts.eliminate_zeros()
        block_cuts = block_cuts[np.asarray(block_cuts.getnnz(axis=1) > 0)]
        self.cuts = vstack([self.cuts, block_cuts], format="csr")

    def solve(self) -> Bools:
        """Choose the cells, and sum up the lower bound."""
        chosen = np.zeros(len(self.prices), bool)
        self.bound = 0.0
        if not self.cuts.shape[0]:
            return chosen
        n = self.cuts.shape[0]
        coo = self.cuts.tocoo()
        # Proofs that share no cell can be met independently of one another.
        graph = csr_matrix(
            (np.ones(coo.nnz), (coo.row, coo.col + n)), shape=(n + len(self.prices),) * 2
        )
        label = connected_components(graph, directed=False)[1][:n]
        order = np.argsort(label, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
            block_cuts = self.cuts[rows]
            # Proofs are only ever added at the end, so their rows name a block for good.
            key = rows.tobytes()
            if key not in self.known:
                self.known[key] = self._solve_block(block_cuts)
            cells, bound = self.known[key]
            chosen[cells] = True
            self.bound += bound
        return chosen

    def _solve_block(self, block_cuts: csr_matrix) -> tuple[Ints, float]:
        from scipy.optimize import Bounds, LinearConstraint, milp

        cells = np.unique(block_cuts.indices)
        # One proof that any of its cells meets alone needs no solver.
        if block_cuts.shape[0] == 1 and block_cuts.data.min() >= 1 - EXACT:
            best = cells[np.argmin(self.prices[cells])]
            return np.array([best]), float(self.prices[best])
        compact = block_cuts[:, cells]
        # A block that all its cells cannot meet is met as far as they can.
        feasible = np.minimum(np.asarray(compact.sum(axis=1)).ravel(), 1.0)
        result = milp(
            self.prices[cells],
            integrality=np.ones(len(cells)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(compact, feasible - EXACT, np.inf),
            options={"node_limit": self.nodes, "mip_rel_gap": 1e-6},
        )
        # Within the nodes nothing was found: hiding every cell meets what can be met.
        if result.x is None:
            return cells, 0.0
        return cells[result.x > 0.5], float(result.mip_dual_bound)
