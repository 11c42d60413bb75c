"""Measuring: what a planner weighs about a division, and which of several no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints
from gridplan.division.centres import choose_centres
from gridplan.division.exchange_kernels import price_part, refresh_part
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state
from gridplan.errors import InputError
from gridplan.errors import Problem as Wrong
from gridplan.plan import Plan
from gridplan.planning.prepare import open_land, prepare_land
from gridplan.rules.all_rules import Rules
from gridplan.site import Site

# Of these figures less is better.
MINIMISED = ["out_of_band", "cv", "mean_walk", "buildings_split", "compounds_crossed"]


def find_problems(
    land: Site | Plan, communities: Sequence[str] | None = None, rules: Rules | None = None
) -> dict[str, DivisionProblem]:
    """Find the division problems of some communities of a site or a plan.

    Of all of them if none are named.

    Parameters
    ----------
    land
        A site, or a plan, whose own rules are taken if none are given.
    communities
        Their codes.
    rules
        Bands and prices.

    Raises
    ------
    InputError
        If nobody lives in one of them.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> {code: len(problem) for code, problem in find_problems(make_board_plan(), ["0301"]).items()}
    {'0301': 12}
    """
    prepared = (
        open_land(land, rules) if isinstance(land, Plan) else prepare_land(land, rules or Rules())
    )
    chosen = _pick_communities(prepared.stairwells, communities)
    return prepared.take(chosen.sort_index()).problems


def _pick_communities(stairwells: Any, communities: Sequence[str] | None) -> Any:
    if communities is None:
        return stairwells
    check_communities(communities, sorted(set(stairwells["community"])))
    return stairwells[stairwells["community"].isin(list(communities))]


def check_communities(asked: Sequence[str], known: Sequence[str]) -> None:
    """Refuse communities where nobody lives or that are not there.

    Raises
    ------
    InputError
        With their codes.
    """
    missing = tuple(code for code in asked if code not in set(known))
    if missing:
        remedy = f"give one of {', '.join(known[:8])}{' ...' if len(known) > 8 else ''}"
        raise InputError(
            [Wrong("communities", "known", "no homes in these communities", remedy, missing)]
        )


def measure_parts(problem: DivisionProblem, part: Ints) -> pd.DataFrame:
    """Measure the households, household-metres, price and pieces of each part of a division.

    Household-metres are walked to the centre of a part. Pieces are 1 where all of
    it can be walked to; 0 where the problem has no pairs of neighbours to judge by.

    Parameters
    ----------
    problem
        The community.
    part
        The part of each atom, numbered from 0 without gaps.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> board = find_problems(make_board_plan())["0301"]
    >>> measure_parts(board, np.array([0, 0, 0, 1, 1, 1] * 2)).round(1).values.tolist()
    [[60.0, 1748.5, 1748.5, 1.0], [60.0, 1748.5, 1748.5, 1.0]]
    """
    k = int(part.max()) + 1
    # Priced by the kernels of the search, so that both mean the same by a
    # price.
    data = problem.to_data()
    state = open_state(data, part.astype(np.int32), k)
    for p in range(k):
        refresh_part(data, state, p)
    prices = [float(price_part(data, state, p)) for p in range(k)]
    columns = {
        "households": np.bincount(part, problem.weights, minlength=k).astype(np.int64),
        "household_metres": state.sums[choose_centres(data, state)],
    }
    return pd.DataFrame(columns | {"price": prices, "pieces": _count_pieces(problem, part, k)})


def _count_pieces(problem: DivisionProblem, part: Ints, k: int) -> Ints:
    """Count the pieces of each part."""
    pairs = problem.pairs
    if pairs is None or (len(pairs) == 0 and len(problem) > 1):
        return np.zeros(k, np.int64)
    within = pairs[part[pairs[:, 0]] == part[pairs[:, 1]]]
    n = len(problem)
    graph = csr_matrix((np.ones(len(within), np.int8), (within[:, 0], within[:, 1])), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    # One atom of each piece is enough to count the pieces of its part.
    first = np.unique(label, return_index=True)[1]
    return np.bincount(part[first], minlength=k)


def measure_division(problem: DivisionProblem, part: Ints) -> dict[str, Any]:
    """Measure balance, walk, and what is split or crossed, for a division of one community.

    Returns subgrids, households, out_of_band (sub-grids), cv (of households,
    share), mean_walk (metres), buildings_split, compounds_crossed (compounds
    beyond the first of each sub-grid), non_contiguous (sub-grids),
    household_metres and price (household-metres and all other wishes, at the
    problem's prices).

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> board = find_problems(make_board_plan())["0301"]
    >>> figures = measure_division(board, np.array([0, 0, 0, 0, 1, 1] * 2))
    >>> figures["subgrids"], figures["out_of_band"], figures["cv"], figures["buildings_split"]
    (2, 2, 0.3333, 0)
    """
    parts = measure_parts(problem, part)
    mass = parts["households"].to_numpy()
    # Each building and part once, so that more than one row is a split building.
    buildings = np.unique(np.column_stack([problem.groups[:, 0], part]), axis=0)
    compounds = np.unique(np.column_stack([problem.groups[:, 1], part]), axis=0)
    metres = float(parts["household_metres"].sum())
    return {
        "subgrids": len(parts),
        "households": problem.households,
        "out_of_band": int(((mass < problem.band.low) | (mass > problem.band.high)).sum()),
        "cv": round(float(mass.std() / mass.mean()), 4),
        "mean_walk": round(metres / problem.households, 2),
        "buildings_split": int((np.bincount(buildings[:, 0]) > 1).sum()),
        "compounds_crossed": len(compounds) - len(parts),
        "non_contiguous": int((parts["pieces"] > 1).sum()),
        "household_metres": round(metres, 1),
        "price": round(float(parts["price"].sum()), 1),
    }


def find_undominated(figures: Floats) -> Bools:
    """Find the rows that no other row beats: as good in every figure, and better in one.

    Of each figure less is better.

    Examples
    --------
    >>> find_undominated(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 3.0]])).tolist()
    [True, True, False]
    """
    # Every row against every other: tables of alternatives are short.
    no_worse = (figures[:, None] <= figures[None]).all(axis=2)
    better = (figures[:, None] < figures[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
