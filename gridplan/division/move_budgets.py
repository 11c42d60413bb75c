"""Move budgets: the best division by known parts where moves have a price or a limit.

Every part may carry on one of the earlier parts that it shares atoms with, or
none; the households of the others have moved. Which parts to take, and which
label each carries on, is one integer problem: every atom once, every label at
most once, no more moves than allowed. HiGHS solves it, first in the relaxed
form, whose prices show which columns can matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_matrix

from gridplan.arrays import Floats, Ints
from gridplan.division.column_pool import Columns
from gridplan.division.exchange_kernels import price_part
from gridplan.division.move_penalties import FREE, EarlierParts, count_moved, name_parts
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state
from gridplan.engine.highs import open_cover, open_programme

NODES = 40  # branch-and-bound nodes
GAP = 5e-4  # share of the price at which the integer problem is good enough
WORK = 30_000  # entries of the integer problem
HEIRS = 3  # earlier parts that a part may carry on, those that it shares most households with


@dataclass(frozen=True)
class BudgetedDivision:
    """A division near an earlier one.

    Parameters
    ----------
    part
        int64[n], the part of each atom.
    carries
        int64[k], the label of the earlier part that each carries on, -1 for a
        new one.
    price
        Household-metres and all other wishes, without moves.
    moved
        Households of the earlier parts that changed theirs.
    """

    part: Ints
    carries: Ints
    price: float
    moved: int


@dataclass(frozen=True)
class LabelledColumns:
    """Parts with the label that each would carry on: columns of the integer problem.

    ``of`` is the column of the part, ``carries`` its label or -1, ``moved``
    its households that would have moved.
    """

    columns: Columns
    of: Ints
    carries: Ints
    moved: Floats


def price_division(problem: DivisionProblem, part: Ints) -> float:
    """Price a division so that different numbers of parts compare: a split building counts once."""
    data = problem.to_data()
    k = int(part.max()) + 1
    state = open_state(data, part.astype(np.int32), k)
    splits = k - len(np.unique(problem.groups[:, 0])) if problem.groups.shape[1] else 0
    return float(sum(price_part(data, state, p) for p in range(k))) + splits * price_split(problem)


def price_split(problem: DivisionProblem) -> float:
    """Price a further part's splits of buildings, in household-metres.

    The kernels count the buildings of a part beyond its first. Where each
    atom is its own building none can be split.
    """
    return (
        float(problem.prices[0])
        if len(problem.prices) and len(np.unique(problem.groups[:, 0])) < len(problem)
        else 0.0
    )


def list_options(
    problem: DivisionProblem, earlier: EarlierParts, columns: Columns
) -> LabelledColumns:
    """List for each part the labels that it may carry on: none, or those it shares most with.

    A part that holds a fixed atom may only carry on that atom's label.
    """
    _, starts, atoms = columns
    count = len(starts) - 1
    number = np.repeat(np.arange(count), np.diff(starts))
    label = earlier.label[atoms]
    at_home = label >= 0
    # Where nobody was at home before, numpy would count in whole numbers.
    held = problem.weights[atoms[at_home]]
    known = np.bincount(number[at_home], held, minlength=count).astype(float)
    # Households that each part shares with each earlier one.
    key, place = np.unique(number[at_home] * earlier.count + label[at_home], return_inverse=True)
    shared = np.bincount(place, held, minlength=len(key)).astype(float)
    is_fixed = np.bincount(place, earlier.fixed[atoms[at_home]], minlength=len(key)) > 0
    of = key // max(earlier.count, 1)
    carries = key % max(earlier.count, 1)
    order = np.lexsort((carries, -shared, of))
    # Rank of each earlier part among those of its column, most shared first.
    rank = np.empty(len(key), np.int64)
    first = np.searchsorted(of, np.arange(count))
    rank[order] = np.arange(len(key)) - first[of[order]]
    fixed_labels = np.bincount(of, is_fixed, minlength=count)
    # A part with fixed atoms of two labels could keep neither, so it is dropped.
    taken = ((rank < HEIRS) & (fixed_labels[of] == 0)) | (is_fixed & (fixed_labels[of] == 1))
    unbound = np.flatnonzero(fixed_labels == 0)
    return LabelledColumns(
        columns,
        np.concatenate([of[taken], unbound]),
        np.concatenate([carries[taken], np.full(len(unbound), -1)]),
        np.concatenate([known[of[taken]] - shared[taken], known[unbound]]),
    )


def choose_division(
    problem: DivisionProblem,
    earlier: EarlierParts,
    options: LabelledColumns,
    divisions: list[Ints],
    move: float = 0.0,
    limits: Sequence[float] = (FREE,),
    nodes: int = NODES,
    work: int = WORK,
) -> list[BudgetedDivision | None]:
    """Choose for each limit the cheapest division by known parts; None where none keeps it.

    No limit is kept by breaking a lock: where locks contradict each other even
    the best breaks some, but none breaks more.

    Parameters
    ----------
    problem, earlier
        The atoms, and their parts in the earlier division.
    options
        Parts and the labels they may carry on.
    divisions
        int[n] each, divisions that are known; what is chosen is never dearer
        than any that keeps the limit.
    move
        Household-metres for each household that moves.
    limits
        Households that may move at most.
    nodes, work
        Branch-and-bound nodes, and entries of the integer problem.
    """
    known = [label_division(problem, earlier, part) for part in divisions]
    cost = options.columns[0][options.of] + price_split(problem) + move * options.moved
    rows, low, high = _write_rows(problem, earlier, options)
    # The columns' costs leave out that the first part of each building is free.
    free = (
        len(np.unique(problem.groups[:, 0])) * price_split(problem)
        if problem.groups.shape[1]
        else 0.0
    )
    model = open_programme(cost, np.ones(len(cost)), np.zeros(len(cost), bool), rows, low, high)
    # Locks that contradict each other must break; no more than needed may.
    least = min((count_broken(earlier, choice) for choice in known), default=0)
    known = [choice for choice in known if count_broken(earlier, choice) == least]
    chosen: list[BudgetedDivision | None] = []
    for limit in limits:
        high[-1] = min(limit, FREE)
        # Only one bound changes, so each relaxation starts warm from the last.
        model.changeRowBounds(len(high) - 1, 0.0, high[-1])
        # A choice for a smaller limit also keeps a larger one.
        within = [
            choice
            for choice in [*known, *(c for c in chosen if c is not None)]
            if choice.moved <= limit
        ]
        best = min(
            within, key=lambda c: (round(c.price + move * c.moved, 6), c.moved), default=None
        )
        price = np.inf if best is None else best.price + free + move * best.moved
        # By reduced cost, only these columns can be in anything cheaper.
        kept = _keep_columns(model, cost, rows, price, work)
        solution = _solve(cost, rows, low, high, kept, price, nodes) if len(kept) else None
        choice = None if solution is None else _read_choice(problem, earlier, options, solution)
        is_valid = (
            choice is not None and choice.moved <= limit and count_broken(earlier, choice) <= least
        )
        is_better = (
            choice is not None
            and is_valid
            and choice.price + free + move * choice.moved < price - 1e-6
        )
        chosen.append(choice if is_better else best)
    return chosen


def count_broken(earlier: EarlierParts, choice: BudgetedDivision) -> int:
    """Count what a division breaks: fixed atoms that left their part, and kept labels given up."""
    has_left = earlier.fixed & (earlier.label >= 0) & (choice.carries[choice.part] != earlier.label)
    there = np.unique(earlier.label[earlier.label >= 0])
    return int(has_left.sum()) + len(np.setdiff1d(there[earlier.kept[there]], choice.carries))


def _keep_columns(model: Any, cost: Floats, rows: Any, price: float, work: int) -> Ints:
    """Keep the cheapest columns that can be in a division below ``price``; else none."""
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return np.zeros(0, np.int64)
    reduced = cost - rows.T @ np.array(model.getSolution().row_dual)
    room = max(0.0, price - float(model.getInfo().objective_function_value)) + 1e-6
    kept = np.flatnonzero(reduced <= room)
    # Rounded, since the last digits of reduced costs depend on the solver's path.
    order = kept[np.lexsort((kept, reduced[kept].round(6)))]
    return np.sort(order[np.cumsum(np.diff(rows.indptr)[order]) <= work])


def _solve(
    cost: Floats, rows: Any, low: Floats, high: Floats, kept: Ints, price: float, nodes: int
) -> Ints | None:
    """Solve the integer problem of the columns kept; None where no cheaper division came of it."""
    model = open_cover(cost[kept], rows[:, kept], low, high, nodes, GAP)
    if np.isfinite(price):
        model.setOptionValue("objective_bound", float(price) + 1e-6)
    model.run()
    if model.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return kept[np.flatnonzero(np.array(model.getSolution().col_value) > 0.5)]


def _write_rows(
    problem: DivisionProblem, earlier: EarlierParts, options: LabelledColumns
) -> tuple[Any, Floats, Floats]:
    """Write the rows: every atom once, every label at most once (kept ones once), moves."""
    _, starts, atoms = options.columns
    n = len(problem)
    sizes = np.diff(starts)[options.of]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    # Positions of all atoms of all columns, in one gather.
    place = np.repeat(starts[options.of] - ends[:-1], sizes) + np.arange(ends[-1])
    column = np.arange(len(options.of))
    named = options.carries >= 0
    row = np.concatenate(
        [atoms[place], n + options.carries[named], np.full(len(column), n + earlier.count)]
    )
    col = np.concatenate([np.repeat(column, sizes), column[named], column])
    value = np.concatenate([np.ones(ends[-1] + int(named.sum())), options.moved])
    rows = csc_matrix((value, (row, col)), shape=(n + earlier.count + 1, len(column)))
    rows.eliminate_zeros()
    rows.sort_indices()
    # A kept label that no part can carry on is not asked for: its atoms are gone.
    there = np.zeros(earlier.count, bool)
    there[options.carries[named]] = True
    low = np.concatenate([np.ones(n), (earlier.kept & there).astype(float), [0.0]])
    high = np.concatenate([np.ones(n), np.ones(earlier.count), [FREE]])
    return rows, low, high


def _read_choice(
    problem: DivisionProblem, earlier: EarlierParts, options: LabelledColumns, chosen: Ints
) -> BudgetedDivision:
    """Read the division off the chosen columns, its parts named so that few households move."""
    _, starts, atoms = options.columns
    part = np.full(len(problem), -1, np.int64)
    for number, j in enumerate(options.of[chosen]):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return label_division(problem, earlier, part)


def label_division(problem: DivisionProblem, earlier: EarlierParts, part: Ints) -> BudgetedDivision:
    """Name and price a division and count who moved; parts are numbered by their first atoms."""
    _, first, label = np.unique(part, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    part = rank[label]
    carries = name_parts(problem, earlier, part)
    return BudgetedDivision(
        part, carries, price_division(problem, part), count_moved(problem, earlier, part, carries)
    )
