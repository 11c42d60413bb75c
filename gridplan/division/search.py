"""The search: multi-start simulated annealing, then set partitioning over the parts met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Ints
from gridplan.division.annealing import anneal
from gridplan.division.column_growth import grow_columns
from gridplan.division.column_pool import ColumnPool, Columns, join_columns
from gridplan.division.exchange_kernels import (
    NO_MOVE_PENALTIES,
    DivisionArrays,
    MovePenalties,
    PartsState,
    make_state,
    price_part,
    refresh_part,
)
from gridplan.division.initial_division import cut_tree
from gridplan.division.lp_relaxation import solve_relaxation
from gridplan.division.problem import DivisionProblem
from gridplan.division.set_partitioning import Partitioning, solve_set_partitioning
from gridplan.engine.deadline import ENDLESS, Deadline


@dataclass(frozen=True)
class SearchEffort:
    """How long to search.

    Parameters
    ----------
    runs
        Annealing runs from starts of their own.
    rounds
        Exchanges tried in a run, for each atom.
    trees
        Spanning trees grown for each cut of a start.
    looks
        Times in the colder half of a run at which its parts are kept for set
        partitioning.
    listed
        Where no more parts than this are possible at all, they are all listed
        for set partitioning.
    growth
        Rounds in which the parts kept grow new ones.
    work, nodes
        Entries of the set-partitioning problem, and its branch-and-bound
        nodes.
    steps
        Steps of the lower bound, whose parts join the columns where not all
        parts could be listed.
    """

    runs: int
    rounds: int
    trees: int
    looks: int
    listed: int
    growth: int
    work: int
    nodes: int
    steps: int


EFFORTS = {
    "quick": SearchEffort(2, 100, 2, 4, 10_000, 1, 10_000, 20, 0),
    "default": SearchEffort(6, 100, 2, 6, 30_000, 6, 25_000, 60, 0),
    "thorough": SearchEffort(24, 600, 4, 12, 2_000_000, 30, 100_000, 500, 20),
}
SWAP_SHARE = 0.1
# heat at first and at last, in shares of the mean price of a part
HOT = 0.12
COLD = 0.0015
MARGIN = 2.0  # heats that a better centre is expected to win back at most
LENIENCE = 0.02  # share of the price of a household outside the band that a run begins with
SHORT_RUN = 3_000  # exchanges tried in a run at the least
MOST_COLUMNS = 20_000
# atoms of a part up to which parts grow; larger ones differ by too many atoms
# from better ones
COARSE = 8
ROOMY = 20  # atoms of a part that count for the length of a run
LEAST_ROUNDS = 40_000  # in all runs together: few atoms get more runs, since each is over soon
MOST_RUNS = 12
LISTED_RUNS = 2  # runs where all parts are listed, to begin the LP relaxation with


def search(
    problem: DivisionProblem,
    k: int,
    effort: SearchEffort,
    seed: int,
    listed: Columns | None = None,
    deadline: Deadline = ENDLESS,
    known: Ints | None = None,
) -> tuple[Ints, float]:
    """Search for the cheapest division of a connected problem into k parts.

    Several runs, each annealed from a start of its own; then set partitioning
    by the parts that they met, and by all parts that there are where these
    could be ``listed``. Once the deadline is over, the best after the run that goes
    on is kept. A division that is ``known`` already is never made worse.

    Returns int32[n], the part of each atom, and the price of the division in
    household-metres.
    """
    # One random state for all runs, so that the seed alone decides.
    data = problem.to_data()
    chance = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
    if k == 1:
        part: Ints = np.zeros(len(problem), np.int32)
        return part, total_price(data, part, 1)
    best: Ints = np.zeros(0, np.int32)
    best_price = np.inf
    pool = ColumnPool(len(problem), k)
    # The known division's parts join the pool: the result is never dearer.
    if known is not None and int(known.max()) + 1 == k:
        best = known.astype(np.int32)
        best_price = total_price(data, known, k)
        pool.add(data, open_state(data, best, k))
    # Small problems are over soon and profit from further starts.
    run_count = max(
        effort.runs, min(MOST_RUNS, LEAST_ROUNDS // max(SHORT_RUN, effort.rounds * len(problem)))
    )
    # With all parts listed the runs only warm up the linear problem.
    for number in range(run_count if listed is None else LISTED_RUNS):
        if number and deadline.is_over():
            break
        part = run(data, k, effort, chance, pool)
        price = total_price(data, part, k)
        if price < best_price - 1e-6:
            best = part
            best_price = price
    if deadline.is_over():
        return best, best_price
    cover = _combine_parts(data, k, effort, pool, listed, best, best_price)
    if cover.part is not None:
        best = cover.part
        best_price = total_price(data, cover.part, k)
    return best, best_price


def _combine_parts(
    data: DivisionArrays,
    k: int,
    effort: SearchEffort,
    pool: ColumnPool,
    listed: Columns | None,
    best: Ints,
    best_price: float,
) -> Partitioning:
    """Combine parts that the runs met, or that are listed, into a division below the best price."""
    n = len(data.weights)
    # Good parts of different runs fit together to better divisions than any.
    columns = pool.list_columns(MOST_COLUMNS)
    if listed is not None:
        columns = join_columns(columns, listed)
        # The parts of the runs come first: the linear problem begins with them.
        relaxed = solve_relaxation(columns, n, (k, k), len(columns[0]) - len(listed[0]))
    else:
        # Column generation by changes of one atom, where parts are small.
        rounds = effort.growth if n <= COARSE * k else 0
        columns, relaxed = grow_columns(data, columns, k, rounds)
    # The integer problem only has to find something cheaper than the best run.
    return solve_set_partitioning(
        columns,
        n,
        k,
        best_price,
        known=best,
        relaxed=relaxed,
        work=effort.work,
        nodes=effort.nodes,
    )


def run(data: DivisionArrays, k: int, effort: SearchEffort, chance: Ints, pool: ColumnPool) -> Ints:
    """Run one start and one annealing, pooling its cold parts; returns the part of each atom."""
    state = open_state(data, cut_tree(data, k, chance, effort.trees), k)
    anneal_and_collect(data, state, effort, chance, pool)
    return np.asarray(state.part)


def anneal_and_collect(
    data: DivisionArrays,
    state: PartsState,
    effort: SearchEffort,
    chance: Ints,
    pool: ColumnPool,
    hot: float = HOT,
    penalties: MovePenalties = NO_MOVE_PENALTIES,
) -> None:
    """Anneal a state in place, pooling the parts met when it is cold.

    ``hot`` is the first heat, a share of the mean price of a part.
    """
    k = len(state.size)
    price = sum(price_part(data, state, p) for p in range(k))
    # Heat in proportion to the walking, floored where everybody lives in one place.
    scale = max(float(state.walk.sum()), 1e-3 * price, 1.0) / k
    rounds = max(SHORT_RUN, effort.rounds * min(len(state.part), ROOMY * k))
    steps = 2 * effort.looks
    # A geometric schedule, cut into steps so that parts can be kept between them.
    heats = hot * (COLD / hot) ** (np.arange(steps + 1) / steps) * scale
    # At first a household outside the band costs little, so that parts can
    # trade through overfull neighbours.
    lenient = data._replace(wishes=data.wishes.copy())
    for step in range(steps):
        lenient.wishes[0] = data.wishes[0] * LENIENCE ** max(0.0, 1.0 - step / effort.looks)
        anneal(
            lenient,
            state,
            chance,
            rounds // steps,
            heats[step],
            heats[step + 1],
            SWAP_SHARE,
            MARGIN * heats[step],
            penalties,
        )
        # Hot divisions are too poor to hold parts of the best one.
        if step >= effort.looks:
            pool.add(data, state)
    # At last a descent at zero heat, with the band at its full price.
    anneal(data, state, chance, rounds // 8, 0.0, 0.0, SWAP_SHARE, MARGIN * heats[-1], penalties)
    pool.add(data, state)


def open_state(data: DivisionArrays, part: Ints, k: int) -> PartsState:
    """Open the state of an assignment, with room for the largest part that the band allows."""
    # Twice the largest mass, since annealing overfills parts while it is hot.
    room = int(max(np.bincount(part, minlength=k).max(), data.band[2])) * 2 + 8
    state: PartsState = make_state(data, part.astype(np.int32), k, min(room, len(part) + 1))
    return state


def total_price(data: DivisionArrays, part: Ints, k: int) -> float:
    """Price a whole division in household-metres, computed from scratch."""
    state = open_state(data, part, k)
    for p in range(k):
        refresh_part(data, state, p)
    return float(sum(price_part(data, state, p) for p in range(k)))
