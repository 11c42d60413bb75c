"""Share out a budget of moves: one choice for each place, the cheapest that it allows."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np
from scipy.sparse import csr_matrix, vstack

from gridplan.division.move_budgets import BudgetedDivision
from gridplan.engine.highs import open_programme

# The search ends after so many nodes rather than seconds, so that it ends
# alike on every machine.
NODES = 2_000
GAP = 1e-6  # share of the price within which a choice counts as the best


def choose_divisions(
    lists: Sequence[Sequence[BudgetedDivision]], move: float, most: float
) -> list[int]:
    """Choose one choice for every place, the least in price and moves together.

    At most ``most`` households move; where even the choices with fewest moves
    come to more, these are taken.

    Examples
    --------
    Moving 10 saves 500 in one place and 300 in the other; there is room for
    one:

    >>> part = np.zeros(1, int)
    >>> stay, go = BudgetedDivision(part, part, 1000.0, 0), BudgetedDivision(part, part, 500.0, 10)
    >>> choose_divisions([[go, stay], [BudgetedDivision(part, part, 700.0, 10), stay]], 1.0, 10)
    [0, 1]
    """
    sizes = [len(choices) for choices in lists]
    if not lists:
        return []
    price = np.array([c.price + move * c.moved for choices in lists for c in choices])
    moved = np.array([float(c.moved) for choices in lists for c in choices])
    of = np.repeat(np.arange(len(lists)), sizes)
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    # The fewest moves of each place, whatever they cost: always a way to keep
    # within the cap.
    least = [
        int(np.lexsort((price[f : f + s], moved[f : f + s]))[0])
        for f, s in zip(firsts, sizes, strict=True)
    ]
    # Even these are too many, so no choice keeps the cap: make no further moves.
    if moved[firsts + np.array(least)].sum() > most:
        return least
    # One row for each place (exactly one choice), and a last one for the moves of all.
    rows = vstack(
        [csr_matrix((np.ones(len(of)), (of, np.arange(len(of))))), csr_matrix(moved)]
    ).tocsc()
    low = np.append(np.ones(len(lists)), 0.0)
    high = np.append(np.ones(len(lists)), max(most, 0.0))
    model = open_programme(
        # Only differences of price matter; small numbers keep the solver exact.
        price - price.min(),
        np.ones(len(of)),
        np.ones(len(of), bool),
        rows,
        low,
        high,
    )
    model.setOptionValue("mip_max_nodes", NODES)
    model.setOptionValue("mip_rel_gap", GAP)
    model.run()
    # Stopped at the node limit before any solution: the fewest moves are still one.
    if model.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return least
    # The solver keeps whole numbers only within a tolerance.
    chosen = np.flatnonzero(np.array(model.getSolution().col_value) > 0.5)
    return [int(n - firsts[of[n]]) for n in chosen]
