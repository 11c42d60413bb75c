"""Local search for capacitated clustering: annealing runs, and set partitioning of their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.column_pool import hash_parts
from gridplan.division.exchange_kernels import DivisionArrays, PartsState, make_state
from gridplan.division.initial_division import cut_tree
from gridplan.division.plain.column_generation import ColumnGeneration, can_generate
from gridplan.division.plain.division_measures import measure_ways, sum_ways
from gridplan.division.plain.limit_repair import repair_limits
from gridplan.division.plain.load_balancing import connect_parts, level_parts
from gridplan.division.plain.lp_master import (
    ColumnStore,
    CoverMaster,
    CoverRelaxation,
    choose_parts,
    round_cover,
)
from gridplan.division.plain.medoids import assign_to_nearest, spread_centres, swap_centres
from gridplan.division.plain.relocation import relocate
from gridplan.division.plain.search_schedule import FULL, ROOMY, SearchSchedule
from gridplan.division.plain.walk_kernels import anneal_exchanges, place_centres

HOT = (0.4, 1.0)  # heat at first of fresh runs in turn, in mean ways to the centre
COLD = 0.02  # and at last
AGAIN = (0.05, 0.1, 0.03)  # heat of runs that begin from the best cover
STEPS = 40  # times in a run at which heat and leniency are looked at again
# share of a run in which parts are relocated; one part in so many may be at a time
MOVING = 0.6
MOVED = 20
CANDIDATES = 8  # starts of connected parts of which the best is taken
LOOKING = 0.4  # share of a run after which its parts are kept
# how the price of what is outside the limits follows what is outside them
HARDER = 1.3
SOFTER = 0.9
REGION = 30  # parts that are covered again together
REGION_COLUMNS = 1_500
RESTORES = 12  # times that a run which ends outside the limits is heated again at a higher price
TIGHT = 0.95  # share of all room from which parts are nearly full
# few points get exchanges as if they were so many more, and so many times the fresh runs
LITTLE = 100
MORE = 3
CALM = 0.7  # share of a run after which no weight outside the limits is borne


class LocalSearch:
    """The search for the best division of one problem: parts met, and the best so far.

    Parameters
    ----------
    data, k
        The problem and the number of parts.
    mean
        Whether a part's centre is its mean, not one of its points.
    search
        How long to search.
    seed
        Any whole number.
    watch
        Called with price and weight outside the limits whenever a better
        division is found.
    """

    def __init__(
        self,
        data: DivisionArrays,
        k: int,
        mean: bool,
        search: SearchSchedule,
        seed: int,
        watch: Callable[[float, int], None] | None = None,
    ) -> None:
        self.data = data
        self.k = k
        self.mean = mean
        self.search = search
        self.watch = watch
        self.n = len(data.weights)
        self.rng = np.random.default_rng(seed & 0xFFFFFFFFFFFFFFFF)
        self.chance = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
        self.store = ColumnStore(self.n)
        self.tight = bool(data.weights.sum() > TIGHT * k * data.band[2]) and not data.contiguous
        self.manner = FULL if self.tight else ROOMY
        self.exact = data.contiguous or data.band[0] > 0 or mean
        self.bound = 0.0
        self.best: Ints = np.zeros(0, np.int32)
        self.best_price = np.inf
        self.best_outside = int(np.iinfo(np.int64).max)

    def find_best(self) -> Ints:
        """Find the best division; returns int32[n], the part of each atom."""
        for turn in range(self.search.fresh * (MORE if 2 * self.n < self.search.least else 1)):
            self.run(self.start(turn), HOT[turn % len(HOT)])
            if self._is_proven():
                return self.best
        relaxation = CoverMaster(self.n, self.k, self.exact)
        generation = ColumnGeneration(self.data, self.k, self.store, relaxation)
        turns = self.search.turns if can_generate(self.data, self.k, self.mean) else 0
        # Prices by subgradients spare the linear problem its first, wild duals.
        if turns and not self.best_outside:
            self.store.gather()
            generation.descend(self.best, self.best_price, self.search.steps)
        for turn in range(self.search.covers):
            self.store.gather()
            best_columns = self._find_best_columns()
            # Without a division within the limits there is no cover to begin from.
            if self.best_outside or len(best_columns) < self.k:
                self.run(self.best, AGAIN[turn % len(AGAIN)])
                continue
            relaxed = generation.relax(best_columns, turns)
            self.bound = max(generation.bound, 0.0)
            if self._is_proven():
                return self.best
            # Runs from the best division, and from rounded covers for variety.
            for number in range(self.search.again):
                heat = AGAIN[(turn * self.search.again + number) % len(AGAIN)]
                is_rounded = not self.tight and (turn + number) % 3 < 2
                if is_rounded and self.data.contiguous:
                    self.run(self.start(number), HOT[turn % len(HOT)])
                else:
                    self.run(
                        round_cover(self.store, relaxed, self.k, self.data, self.rng)
                        if is_rounded
                        else self.best,
                        heat,
                    )
            # The integer problem only where the relaxation leaves room to gain.
            if (turn + 1) % self.search.every == 0 and not self.best_outside:
                self.store.gather()
                relaxed = generation.relax(self._find_best_columns(), turns)
                if relaxed.value < self.best_price * (1 - self.search.slack):
                    self.cover(relaxed)
        return self.best

    def _is_proven(self) -> bool:
        """Whether nothing better can be found: no division within the limits is cheaper."""
        return not self.best_outside and self.best_price <= self.bound * (1 + 1e-9)

    def start(self, turn: int) -> Ints:
        """Make a first division from random centres, swapped; the best of several if connected."""
        if not self.data.contiguous:
            centres = spread_centres(self.data, self.k, self.chance)
            swap_centres(self.data, centres, self.chance, 20)
            return np.asarray(assign_to_nearest(self.data, centres))
        if turn % 4 == 3:
            return np.asarray(cut_tree(self.data, self.k, self.chance, 2))
        starts = [self._start_connected(number % 2 == 0) for number in range(CANDIDATES)]
        return min(starts, key=self._price_start)

    def _start_connected(self, swapped: bool) -> Ints:
        centres = spread_centres(self.data, self.k, self.chance)
        if swapped:
            swap_centres(self.data, centres, self.chance, 20)
        part = level_parts(self.data, centres, 12, 40)
        return np.asarray(connect_parts(self.data, part, centres))

    def _price_start(self, part: Ints) -> float:
        """Price a start: its ways, and for a unit outside the limits as much as a unit's way."""
        state, _ = self.open_state(part)
        total = float(state.walk.sum())
        return total * (1.0 + self._outside(state) / max(int(self.data.weights.sum()), 1))

    def open_state(self, part: Ints) -> tuple[PartsState, Floats]:
        """Open the state of a division, with room for parts to grow, and place its centres."""
        most = max(int(np.bincount(part, minlength=self.k).max()), 6 * self.n // self.k)
        state = make_state(self.data, part.astype(np.int32), self.k, min(2 * most + 8, self.n + 1))
        centres = np.zeros((self.k, 2))
        place_centres(self.data, state, self.mean, centres)
        return state, centres

    def run(self, part: Ints, hot: float) -> None:
        """Anneal from a division, keeping parts met when cold, and the division if it is best."""
        state, centres = self.open_state(part)
        # Where nobody walks, weight outside the limits still costs.
        total = float(state.walk.sum()) or 1.0
        unit = max(total / self.n, 1e-9)
        heavy = max(int(self.data.weights.sum()), 1)
        rounds = (
            self.search.rounds * max(self.n, min(self.search.least, 4 * self.n + LITTLE)) // STEPS
        )
        heats = unit * hot * (COLD / hot) ** (np.arange(STEPS + 1) / STEPS)
        price = self.manner.lenient * total / heavy
        # Relocations while hot, exchanges always; the price of excess follows the excess.
        for step in range(STEPS):
            self.data.wishes[0] = price
            if step < MOVING * STEPS and not self.data.contiguous:
                relocate(
                    self.data,
                    state,
                    centres,
                    self.chance,
                    heats[step],
                    1 + self.k // MOVED,
                    self.mean,
                )
            self._anneal(state, centres, rounds, heats[step], heats[step + 1])
            # Some excess may be borne at first, none at the end.
            borne = self.manner.borne * heavy * max(0.0, 1.0 - step / (CALM * STEPS))
            price *= HARDER if self._outside(state) > borne else SOFTER
            if step >= LOOKING * STEPS:
                self.keep(state)
        self._restore_limits(state, centres, rounds, unit, price)
        # The dear repair only while no division within the limits is known.
        if self._outside(state) and self.best_outside and not self.data.contiguous:
            ways = measure_ways(self.data, centres, self.mean)
            state, centres = self.open_state(repair_limits(self.data, state.part, self.k, ways))
            self.data.wishes[0] = price * 20
            self._anneal(state, centres, 2 * rounds, 0.0, 0.0)
        self.keep(state)

    def _restore_limits(
        self, state: PartsState, centres: Floats, rounds: int, unit: float, price: float
    ) -> None:
        """Descend; while weight is outside the limits, heat again and let it cost more."""
        for turn in range(RESTORES):
            self.data.wishes[0] = price * 20
            self._anneal(state, centres, 2 * rounds, 0.0, 0.0)
            if not self._outside(state):
                break
            price *= HARDER**3
            self.data.wishes[0] = price
            heat = unit * 2 * COLD * (1 + turn)
            self._anneal(state, centres, 2 * rounds, heat, heat / 4)

    def _anneal(
        self, state: PartsState, centres: Floats, rounds: int, hot: float, cold: float
    ) -> None:
        anneal_exchanges(
            self.data,
            state,
            centres,
            self.chance,
            rounds,
            hot,
            cold,
            *self.manner.shares,
            self.mean,
        )

    def _outside(self, state: PartsState) -> int:
        low = self.data.band[0]
        high = self.data.band[2]
        return int((np.maximum(low - state.mass, 0) + np.maximum(state.mass - high, 0)).sum())

    def keep(self, state: PartsState) -> None:
        """Keep the parts within the limits, and the division if it is the best so far."""
        low = self.data.band[0]
        high = self.data.band[2]
        sound = (state.mass >= low) & (state.mass <= high)
        self.store.add(state.part, state.walk, sound)
        key = self._outside(state), float(state.walk.sum())
        if key < (self.best_outside, self.best_price * (1 - 1e-12)):
            self.best = state.part.copy()
            self.best_outside, self.best_price = key
            if self.watch is not None:
                self.watch(key[1], key[0])

    def cover(self, relaxed: CoverRelaxation) -> None:
        """Solve set partitioning over all parts met, then region by region."""
        slack = self.best_price - relaxed.value
        # Only parts within the gap by their reduced cost can be in anything cheaper.
        kept = np.flatnonzero((relaxed.reduced <= slack) | (relaxed.taken > 1e-9))
        rank = np.where(relaxed.taken > 1e-9, -np.inf, relaxed.reduced)
        kept = np.sort(kept[np.argsort(rank[kept], kind="stable")][: self.search.columns])
        chosen = choose_parts(
            self.store,
            kept,
            np.arange(self.n),
            self.k,
            self.exact,
            self.best_price,
            self.search.nodes,
        )
        if chosen is not None:
            self._adopt_cover(chosen)
        if self.k > REGION:
            for p in range(0, self.k, REGION // self.search.overlap):
                self._cover_region(p, relaxed.reduced)

    def _find_best_columns(self) -> Ints:
        """Find the columns of the best division."""
        return np.flatnonzero(np.isin(self.store.hashes, hash_parts(self.best, self.k)))

    def _cover_region(self, p: int, reduced: Floats) -> None:
        """Solve set partitioning for part p and those round it, by parts without other atoms."""
        matrix = self.store.gather()
        reduced = np.append(reduced, np.zeros(matrix.shape[0] - len(reduced)))
        x = self.data.x
        y = self.data.y
        size = np.bincount(self.best, minlength=self.k)
        cx, cy = (np.bincount(self.best, v, minlength=self.k) / size for v in (x, y))
        near = np.argsort((cx - cx[p]) ** 2 + (cy - cy[p]) ** 2, kind="stable")[:REGION]
        inside = np.isin(self.best, near)
        best_columns = self._find_best_columns()
        best_columns = best_columns[np.asarray(matrix[best_columns] @ inside) > 0.5]
        # What the region's parts cost beyond the prices of their atoms is all that
        # a cover of the region can save.
        gap = float(reduced[best_columns].sum())
        if gap < 1e-9 * self.best_price:
            return
        rank = reduced.copy()
        # The known parts stay in, so that there is always an answer.
        rank[best_columns] = -np.inf
        columns = np.flatnonzero((rank <= gap) & (matrix @ ~inside < 0.5))
        columns = np.sort(columns[np.argsort(rank[columns], kind="stable")][:REGION_COLUMNS])
        known = float(self.store.prices[best_columns].sum())
        chosen = choose_parts(
            self.store,
            columns,
            np.flatnonzero(inside),
            len(near),
            self.exact,
            known,
            self.search.nodes,
        )
        if chosen is not None:
            others = np.setdiff1d(self._find_best_columns(), columns, assume_unique=True)
            self._adopt_cover(np.concatenate([others, chosen]))

    def _adopt_cover(self, chosen: Ints) -> None:
        """Adopt a cover as division: an atom held twice stays in the part where it costs least."""
        rows = self.store.gather()[chosen]
        part: Ints = np.full(self.n, -1, np.int32)
        held = np.asarray(rows.sum(axis=0)).ravel()
        for q in range(len(chosen)):
            part[rows.indices[rows.indptr[q] : rows.indptr[q + 1]]] = q
        part = self._settle(part, rows, np.flatnonzero(held > 1.5), len(chosen))
        state, _ = self.open_state(part)
        self.keep(state)

    def _settle(self, part: Ints, rows: Any, twice: Ints, used: int) -> Ints:
        """Settle atoms held twice where ways are shortest; parts left over split others."""
        columns = rows.tocsc()
        # One at a time, as each changes the best centre for the next.
        for i in twice:
            options = columns.indices[columns.indptr[i] : columns.indptr[i + 1]]
            sums = []
            for q in options:
                part[i] = q
                candidates = np.flatnonzero(np.isin(part, options))
                sums.append(sum_ways(self.data, part, candidates, options))
            part[i] = options[int(np.argmin(sums))]
        for q in set(range(self.k)) - set(part.tolist()):
            size = np.bincount(part, minlength=self.k)
            part[np.flatnonzero(part == np.argmax(size))[-1]] = q
        return part
