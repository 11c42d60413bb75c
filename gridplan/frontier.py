"""The frontier: what one community gains and pays when a wish is priced higher or lower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.division.divide import Division, divide_atoms
from gridplan.division.problem import Problem
from gridplan.division.search import total_price
from gridplan.engine import Progress, keep_silent, map_tasks
from gridplan.neighbours import find_neighbours
from gridplan.plan import Plan
from gridplan.planning import find_ways, make_problems, prepare_site
from gridplan.proving import check_communities
from gridplan.rules import Rules
from gridplan.site import Site
from gridplan.stairwells import find_stairwells

Array = np.ndarray[Any, Any]
FACTORS = (0.0, 0.25, 1.0, 4.0, 16.0)
WISHES = {"off_target": "cv", "building": "buildings_split", "compound": "compounds_crossed"}  # a price, and what it buys
MINIMISED = ["out_of_band", "cv", "mean_walk", "buildings_split", "compounds_crossed"]
_LEVELS = {"building": 0, "compound": 1}  # the levels of groups in a problem


def trace_frontier(
    land: Site | Plan, community: str, rules: Rules | None = None, *, factors: Sequence[float] = FACTORS,
    effort: str = "default", seed: int = 0, workers: int | None = None, progress: Progress = keep_silent,
) -> pd.DataFrame:  # fmt: skip
    """Trace the trade-off of one community: divide it at several prices of balance, whole buildings and whole compounds.

    Each of the three prices is multiplied by each factor, while the others stay as they are. A division found at one price
    may be the cheapest at another too, so all are weighed at every price.

    Parameters
    ----------
    land
        A site, or a plan, whose own rules are taken if none are given.
    community
        Its code.
    rules
        The prices to start from.
    factors
        What the prices are multiplied by; 1 is always among them.
    effort, seed, workers, progress
        As :func:`gridplan.divide` takes them.

    Returns
    -------
    pandas.DataFrame
        By wish and factor: price (household-metres), subgrids, out_of_band (sub-grids), cv (of households, share),
        mean_walk (metres), buildings_split, compounds_crossed (compounds beyond the first of each sub-grid),
        household_metres, and ``undominated``: whether no other row is at least as good in every figure and better in one.

    Raises
    ------
    InputError
        If nobody lives in such a community.

    Examples
    --------
    >>> from gridplan.sources.synthetic import make_town
    >>> from gridplan.survey import make_site
    >>> site = make_site(make_town(1, urban_share=0.0, seed=3))
    >>> table = trace_frontier(site, site.communities.index[0], factors=(0, 1), effort="quick")
    >>> table.index.tolist()
    [('off_target', 0.0), ('off_target', 1.0), ('building', 0.0), ('building', 1.0), ('compound', 0.0), ('compound', 1.0)]
    """
    problem = _find_problem(land, community, rules)
    wanted = sorted({float(f) for f in factors} | {1.0})
    cases = [(wish, factor) for wish in WISHES for factor in wanted]
    priced = {case: _price(problem, *case) for case in cases if case[1] != 1.0} | {("", 1.0): problem}
    found = map_tasks(
        lambda p: divide_atoms(p, effort, seed), list(priced.values()), workers=workers, stage="frontier", progress=progress
    )
    rows = []
    for wish, factor in cases:
        cheapest = _choose_cheapest(priced.get((wish, factor), problem), found)
        rows.append({"price": _read_price(problem, wish) * factor, **_measure(problem, cheapest)})
    table = pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(cases, names=["wish", "factor"]))
    return table.assign(undominated=_find_undominated(table[MINIMISED].to_numpy(float)))


def _find_problem(land: Site | Plan, community: str, rules: Rules | None) -> Problem:
    """Find the division problem of one community."""
    if isinstance(land, Plan):
        rules = rules or Rules.from_dict(land.manifest["rules"])
        site, stairwells, neighbours = land.site, land.stairwells, land.neighbours
    else:
        rules = rules or Rules()
        site = prepare_site(land, rules)
        stairwells, _ = find_stairwells(site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells)
        check_communities([community], sorted(set(stairwells["community"])))
        stairwells = stairwells[stairwells["community"] == community]
        neighbours, _ = find_neighbours(stairwells, site.barriers, site.openings, rules.neighbours)
    check_communities([community], sorted(set(stairwells["community"])))
    stairwells = stairwells[stairwells["community"] == community]
    neighbours = neighbours[neighbours["focal"].isin(stairwells.index)]
    ways, _ = find_ways(site, stairwells, rules)
    return make_problems(stairwells, neighbours, rules, ways)[community]


def _price(problem: Problem, wish: str, factor: float) -> Problem:
    """Return the problem with the price of one wish multiplied."""
    if wish == "off_target":
        return replace(problem, off=problem.off * factor)
    prices = problem.prices.copy()
    prices[_LEVELS[wish]] *= factor
    return replace(problem, prices=prices)


def _choose_cheapest(problem: Problem, divisions: Sequence[Division]) -> Division:
    """Choose the division that is cheapest at the prices of a problem."""
    data = problem.to_data()
    return min(divisions, key=lambda d: total_price(data, d.part.astype(np.int32), len(d.centres)))


def _read_price(problem: Problem, wish: str) -> float:
    return problem.off if wish == "off_target" else float(problem.prices[_LEVELS[wish]])


def _measure(problem: Problem, division: Division) -> dict[str, Any]:
    """Measure what a planner weighs: balance, walk, buildings split, compounds crossed."""
    part, k = division.part, len(division.centres)
    mass = np.bincount(part, problem.weights, minlength=k)
    buildings = np.unique(np.column_stack([problem.groups[:, 0], part]), axis=0)
    compounds = np.unique(np.column_stack([problem.groups[:, 1], part]), axis=0)
    return {
        "subgrids": k,
        "out_of_band": int(((mass < problem.band.low) | (mass > problem.band.high)).sum()),
        "cv": round(float(mass.std() / mass.mean()), 4),
        "mean_walk": round(float(division.walk.sum()) / problem.households, 2),
        "buildings_split": int((np.bincount(buildings[:, 0]) > 1).sum()),
        "compounds_crossed": len(compounds) - k,
        "household_metres": round(float(division.walk.sum()), 1),
    }


def _find_undominated(figures: Array) -> Array:
    """Find the rows that no other row beats; of each figure less is better.

    Examples
    --------
    >>> _find_undominated(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 3.0]])).tolist()
    [True, True, False]
    """
    no_worse = (figures[:, None] <= figures[None]).all(axis=2)
    better = (figures[:, None] < figures[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
