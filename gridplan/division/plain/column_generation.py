"""Generation: parts nobody met join the relaxed cover as long as they lower it; their prices prove a bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.division.plain.knapsack_pricing import LARGEST, measure_parts, price_seats
from gridplan.division.plain.lp_master import ColumnStore, CoverMaster, CoverRelaxation

Array = np.ndarray[Any, Any]

SMOOTH = (
    0.8  # share of the prices that proved the best bound so far in those that parts are sought at
)
PATIENCE = 4  # changes of prices without a better bound after which they change half as much
# atoms times atoms in a part up to which the linear problem with generated
# parts takes seconds
EASY = 15_000
EXACT = 1e-6  # share of the mean price of a part that counts as nothing


def can_generate(data: DivisionArrays, k: int, mean: bool) -> bool:
    """Whether parts are worth generating: they need not be connected, centres are atoms, and the linear problem is easy."""
    n = len(data.weights)
    return not data.contiguous and not mean and data.band[2] <= LARGEST and n * n <= EASY * k


class ColumnGeneration:
    """Generates the parts that a relaxed cover lacks.

    Parameters
    ----------
    data, k
        The problem and the number of parts.
    store, relaxation
        Where the parts go, and the cover by them.

    Attributes
    ----------
    bound
        No division is cheaper.
    complete
        Whether no part that could lower the relaxed cover is missing.
    """

    def __init__(
        self, data: DivisionArrays, k: int, store: ColumnStore, relaxation: CoverMaster
    ) -> None:
        self.data = data
        self.k = k
        self.store = store
        self.relaxation = relaxation
        self.bound = -np.inf
        self.complete = False
        self._prices: Array | None = None

    def relax(self, first: Array, turns: int) -> CoverRelaxation:
        """Solve the relaxed cover, generating parts at most so many times; ``first`` is as ``Relaxation.relax`` takes it."""
        relaxed = self.relaxation.relax(self.store, first)
        smooth = SMOOTH
        for _ in range(turns):
            if self.complete:
                break
            prices = (
                relaxed.duals
                if self._prices is None
                else smooth * self._prices + (1 - smooth) * relaxed.duals
            )
            if self._generate(prices):
                relaxed = self.relaxation.relax(self.store, first)
            elif smooth == 0.0 or self._prices is None or self.bound >= relaxed.value * (1 - 1e-9):
                self.complete = True
            else:
                smooth = 0.0
        return relaxed

    def descend(self, part: Array, price: float, steps: int) -> None:
        """Find sensible prices without a linear problem: atoms held too often cost less, atoms held by no part more.

        Parameters
        ----------
        part, price
            A division that is known, int[n], and its price.
        steps
            Times that the prices are changed, by subgradients (Held, Wolfe &
            Crowder 1974, Mathematical Programming 6).
        """
        data = self.data
        n = len(self.data.weights)
        everyone = np.arange(n)
        own = np.argsort(part, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=self.k))])
        walk = measure_parts(data, ends, own, False)[0]
        now = 2.0 * (walk / np.diff(ends))[part]
        pace = 1.0
        worse = 0
        best = -np.inf
        kept = now
        for _ in range(steps):
            starts, atoms, reduced = price_seats(data, now, 0.0, everyone, data.x, data.y, 0.0)
            chosen = np.argsort(reduced, kind="stable")[: self.k]
            bound = float(now.sum() + reduced[chosen].sum())
            times = np.zeros(n)
            number = np.repeat(everyone, np.diff(starts))
            np.add.at(times, atoms[np.isin(number, chosen)], 1.0)
            if bound > best:
                best = bound
                kept = now
                worse = 0
                self._prices = np.append(now, reduced[chosen[-1]])
            else:
                worse += 1
                if worse == PATIENCE:
                    pace = pace / 2
                    worse = 0
                    now = kept
                    continue
            lack = 1.0 - times
            stride = pace * (price - bound) / max(float(lack @ lack), 1.0)
            now = np.maximum(now + stride * lack, 0.0)
            ends = np.concatenate(
                [[0], np.cumsum(np.where(np.isin(everyone, chosen), np.diff(starts), 0))]
            )
            add_parts(data, self.store, ends, atoms[np.isin(number, chosen)])
        self.bound = best

    def _generate(self, prices: Array) -> int:
        """Generate the best part round every atom at some prices, and see what they prove; returns how many parts are new."""
        data = self.data
        n = len(self.data.weights)
        margin = EXACT * float(self.store.prices.mean())
        starts, atoms, reduced = price_seats(
            data, prices[:n], prices[n], np.arange(n), data.x, data.y, margin
        )
        worst = np.sort(np.minimum(reduced, 0.0))[: self.k]
        bound = float(prices.sum() + (self.k - 1) * prices[n] + worst.sum())
        if bound > self.bound:
            self.bound = bound
            self._prices = prices
        return add_parts(data, self.store, starts, atoms)


def add_parts(data: DivisionArrays, store: ColumnStore, starts: Array, atoms: Array) -> int:
    """Add parts within the limits to a store at their true prices; returns how many are new."""
    number = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    mass = np.bincount(number, data.weights[atoms], minlength=len(starts) - 1)
    sound = (mass >= data.band[0]) & (mass <= data.band[2])
    keep = sound[number]
    starts = np.concatenate([[0], np.cumsum(np.where(sound, np.diff(starts), 0))])
    atoms = atoms[keep]
    walk, _, _ = measure_parts(data, starts, atoms, False)
    return store.add_columns(starts, atoms, walk)
