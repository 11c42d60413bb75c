"""Trust region: the Lagrangian bound raised by linear problems in a box round the best prices.

Every connected part that a price of the atoms finds too cheap is a cut: the
prices must not make it so again. The linear problem over all cuts gives the
prices that promise most, inside a box round the best ones so far; where they
keep their promise the box moves there and grows, else it shrinks (Marsten,
Hogan & Blankenship 1975). Its parts make good divisions, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from gridplan.arrays import Floats
from gridplan.division.column_pool import Columns, hash_columns, join_columns, take_columns
from gridplan.division.enumeration import price_parts
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.division.pricing import make_pricing_workspace, price_centres
from gridplan.engine.highs import open_model

BOX = 0.15  # half the side of the first box, in shares of the middle price of a household
NEAR = 3e-4  # share of the price to which bound and promise may differ at the end
NODES = 100  # knapsacks for a centre at first
WIDE = 0.02  # prices of a part above its worth up to which centres are looked into


@dataclass(frozen=True)
class RaisedBound:
    """The bound raised, with the prices and parts that give it.

    Parameters
    ----------
    value
        The bound in household-metres.
    worth
        float64[n], the prices of the atoms that give it.
    columns
        The parts that the bound knows, among them those it began with.
    """

    value: float
    worth: Floats
    columns: Columns


def raise_bound(
    data: DivisionArrays,
    nested: DivisionArrays,
    columns: Columns,
    k: int,
    worth: Floats,
    steps: int,
    most: int,
) -> RaisedBound:
    """Raise the lower bound on the price of k parts, from the prices ``worth`` of the atoms.

    Parameters
    ----------
    data
        The atoms.
    nested
        The same with only such levels of groups as nest, by which parts are
        looked for.
    columns
        Parts to begin with.
    k
        Parts of a division.
    worth
        float64[n], household-metres.
    steps
        Linear problems solved at most.
    most
        Knapsacks for a centre at most.
    """
    n = len(worth)
    workspace = make_pricing_workspace(nested)
    master = _BoxedMaster(columns, n, k)
    known = hash_columns(columns[1], columns[2])
    best = -np.inf
    centre = worth
    last_u = worth
    # The box is as wide for a household everywhere, whatever an atom's size.
    size = data.weights.clip(1)
    half = BOX * float(np.median(worth / size))
    nodes = NODES
    floor = np.full(n, -np.inf)  # what no part round the centre falls below
    for _ in range(steps):
        # What the cuts known promise; the truth can only be lower.
        promise, u, place = master.solve(centre, half * size)
        # Floors stay valid when lowered by the most that any part can fall.
        floor = floor - find_fall(data, u - last_u)
        last_u = u
        # Centres well above the worth of a part would not give a useful cut.
        cutoff = place + max(WIDE * abs(place), 1.0)
        starts, atoms = price_centres(nested, workspace, u, place - 1e-6, cutoff, floor, nodes)
        # The k cheapest centres bound every division from below.
        value = float(u.sum() + np.sort(floor)[:k].sum())
        priced = (price_parts(data, starts, atoms), starts, atoms)
        # Only parts not yet known are cuts; one part may come from many centres.
        hashes = hash_columns(starts, atoms)
        first = np.unique(hashes, return_index=True)[1]
        fresh = np.sort(first[~np.isin(hashes[first], known)])
        known = np.concatenate([known, hashes[fresh]])
        columns = join_columns(columns, take_columns(priced, fresh))
        master.enter(take_columns(priced, fresh))
        # A solution on the side of the box may still improve beyond it.
        is_inside = bool((np.abs(u - centre) < half * size * (1 - 1e-9)).all())
        is_kept = promise - value < NEAR * abs(promise)
        if value > best:
            # The model was right about a good share of its promise: trust it further.
            if is_kept or value - best > 0.3 * (promise - best):
                half *= 2.0
            best = value
            centre = u
        # Nearly no new cuts, so the pricing was too shallow to find any.
        elif len(fresh) <= 3 and nodes < most:
            nodes *= 4
        else:
            half /= 1.5
        if is_kept and is_inside:
            break
    return RaisedBound(best, centre, columns)


def find_fall(data: DivisionArrays, rise: Floats) -> float:
    """Find how far the cheapest part can fall, at most, when the prices of the atoms rise.

    That is the upper limit times the greatest rise of a household's price;
    without a limit where atoms have no households.
    """
    if data.weights.min() == 0:
        return np.inf
    return float(data.band[2]) * max(0.0, float((rise / data.weights).max()))


class _BoxedMaster:
    """The linear problem over the parts known, with prices of atoms inside a box."""

    def __init__(self, columns: Columns, n: int, k: int) -> None:
        self.n = n
        self.model = open_model()
        for _ in range(n):
            self.model.addRow(1.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        self.model.addRow(float(k), float(k), 0, np.zeros(0, np.int32), np.zeros(0))
        rows = np.arange(n, dtype=np.int32)
        ones = np.ones(n)
        # Paying for an atom held too little or too much keeps its dual in the box.
        for sign in (1.0, -1.0):  # an atom held too little, or too much
            self.model.addCols(
                n, 0 * ones, 0 * ones, highspy.kHighsInf * ones, n, rows, rows, sign * ones
            )
        self.enter(columns)

    def enter(self, columns: Columns) -> None:
        """Let parts join."""
        prices, starts, atoms = columns
        m = len(prices)
        # Every part ends with its entry in the row of parts.
        index = np.insert(atoms.astype(np.int32), starts[1:], self.n)
        begins = (starts[:-1] + np.arange(m)).astype(np.int32)
        self.model.addCols(
            m,
            prices,
            np.zeros(m),
            np.full(m, highspy.kHighsInf),
            len(index),
            begins,
            index,
            np.ones(len(index)),
        )

    def solve(self, centre: Floats, half: Floats) -> tuple[float, Floats, float]:
        """Solve with prices within ``half`` of ``centre``; value, atoms' prices, a part's price."""
        costs = np.concatenate([centre + half, half - centre])
        self.model.changeColsCost(2 * self.n, np.arange(2 * self.n, dtype=np.int32), costs)
        self.model.run()
        # After many columns the old basis may be of no use.
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.model.clearSolver()
            self.model.run()
        duals = np.array(self.model.getSolution().row_dual)
        return (
            float(self.model.getInfo().objective_function_value),
            duals[: self.n],
            float(duals[self.n]),
        )
