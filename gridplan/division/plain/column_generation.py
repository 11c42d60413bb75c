"""Column generation: new parts join the LP relaxation while they lower it, and prove a bound."""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.division.plain.knapsack_pricing import LARGEST, measure_clusters, price_clusters
from gridplan.division.plain.lp_master import ColumnStore, CoverMaster, CoverRelaxation

# share of the prices that proved the best bound in those that parts are sought at
SMOOTH = 0.8
PATIENCE = 4  # changes of prices without a better bound after which they change half as much
# atoms times atoms in a part up to which the linear problem with generated
# parts takes seconds
EASY = 15_000
EXACT = 1e-6  # share of the mean price of a part that counts as nothing


def can_generate(data: DivisionArrays, k: int, mean: bool) -> bool:
    """Whether generating is worthwhile: no contiguity, atoms as centres, an easy linear problem."""
    n = len(data.weights)
    return not data.contiguous and not mean and data.band[2] <= LARGEST and n * n <= EASY * k


class ColumnGeneration:
    """Generates the parts that an LP relaxation lacks.

    Parameters
    ----------
    data, k
        The problem and the number of parts.
    store, relaxation
        Where the parts go, and the relaxation over them.

    Attributes
    ----------
    bound
        No division is cheaper.
    complete
        Whether no part that could lower the LP relaxation is missing.
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
        self._prices: Floats | None = None

    def relax(self, first: Ints, turns: int) -> CoverRelaxation:
        """Solve the relaxation from ``first`` columns on; up to ``turns`` times, add new parts."""
        relaxed = self.relaxation.relax(self.store, first)
        smooth = SMOOTH
        for _ in range(turns):
            if self.complete:
                break
            # Smoothed prices (Wentges 1997) jump less than the duals, so that bounds come
            # sooner.
            prices = (
                relaxed.duals
                if self._prices is None
                else smooth * self._prices + (1 - smooth) * relaxed.duals
            )
            if self._generate(prices):
                relaxed = self.relaxation.relax(self.store, first)
            # Nothing is missing even at the true duals.
            elif smooth == 0.0 or self._prices is None or self.bound >= relaxed.value * (1 - 1e-9):
                self.complete = True
            else:
                # Smoothing found nothing: try the duals themselves.
                smooth = 0.0
        return relaxed

    def descend(self, part: Ints, price: float, steps: int) -> None:
        """Find good prices by subgradients: atoms held too often cost less, those never held more.

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
        by_part = np.argsort(part, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=self.k))])
        walk = measure_clusters(data, ends, by_part, False)[0]
        # About what an atom must be worth for its part to pay.
        prices = 2.0 * (walk / np.diff(ends))[part]
        pace = 1.0
        worse = 0
        best = -np.inf
        best_prices = prices
        for _ in range(steps):
            starts, atoms, reduced = price_clusters(
                data, prices, 0.0, everyone, data.x, data.y, 0.0
            )
            chosen = np.argsort(reduced, kind="stable")[: self.k]
            # The k cheapest parts, whatever they hold, bound every division.
            bound = float(prices.sum() + reduced[chosen].sum())
            held = np.zeros(n)
            number = np.repeat(everyone, np.diff(starts))
            np.add.at(held, atoms[np.isin(number, chosen)], 1.0)
            if bound > best:
                best = bound
                best_prices = prices
                worse = 0
                self._prices = np.append(prices, reduced[chosen[-1]])
            else:
                worse += 1
                if worse == PATIENCE:
                    pace = pace / 2
                    worse = 0
                    prices = best_prices
                    continue
            missing = 1.0 - held
            # Polyak's step length, with the known price as the value to reach.
            stride = pace * (price - bound) / max(float(missing @ missing), 1.0)
            prices = np.maximum(prices + stride * missing, 0.0)
            ends = np.concatenate(
                [[0], np.cumsum(np.where(np.isin(everyone, chosen), np.diff(starts), 0))]
            )
            add_parts(data, self.store, ends, atoms[np.isin(number, chosen)])
        self.bound = best

    def _generate(self, prices: Floats) -> int:
        """Generate the best part round every atom, and the bound; returns how many are new."""
        data = self.data
        n = len(self.data.weights)
        margin = EXACT * float(self.store.prices.mean())
        starts, atoms, reduced = price_clusters(
            data, prices[:n], prices[n], np.arange(n), data.x, data.y, margin
        )
        # Of k parts each is at best as cheap as the k cheapest found.
        worst = np.sort(np.minimum(reduced, 0.0))[: self.k]
        bound = float(prices.sum() + (self.k - 1) * prices[n] + worst.sum())
        if bound > self.bound:
            self.bound = bound
            self._prices = prices
        return add_parts(data, self.store, starts, atoms)


def add_parts(data: DivisionArrays, store: ColumnStore, starts: Ints, atoms: Ints) -> int:
    """Add parts within the limits to a store at their true prices; returns how many are new."""
    number = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    mass = np.bincount(number, data.weights[atoms], minlength=len(starts) - 1)
    # Pricing looked at the upper limit alone: parts may be too light.
    sound = (mass >= data.band[0]) & (mass <= data.band[2])
    keep = sound[number]
    starts = np.concatenate([[0], np.cumsum(np.where(sound, np.diff(starts), 0))])
    atoms = atoms[keep]
    walk, _, _ = measure_clusters(data, starts, atoms, False)
    return store.add_columns(starts, atoms, walk)
