"""The frontier: what one community gains and pays when a wish is priced higher or lower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridplan.division.divide import Division, divide_atoms
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import total_price
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.plan import Plan
from gridplan.planning.measures import MINIMISED, find_problems, find_undominated, measure_division
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
from gridplan.tables.html import show_html

FACTORS = (0.0, 0.25, 1.0, 4.0, 16.0)  # what prices are multiplied by, in even steps of four
# A price, and the figure that it buys.
WISHES = {
    "off_target": "cv",
    "building": "buildings_split",
    "compound": "compounds_crossed",
}
COLUMNS = ["price", "subgrids", *MINIMISED, "household_metres"]
_LEVELS = {"building": 0, "compound": 1}  # the levels of groups in a problem


@dataclass(frozen=True, eq=False)
class Frontier:
    """The trade-offs of one community.

    ``table`` has a row for each wish and factor, as :func:`trace_frontier`
    says.
    """

    community: str
    table: pd.DataFrame

    def __repr__(self) -> str:
        """Write on one line what was traded."""
        best = int(self.table["undominated"].sum())
        return f"Frontier({self.community}: {len(self.table)} divisions, {best} undominated)"

    def _repr_html_(self) -> str:
        """Write the table for a notebook."""
        return show_html(repr(self), self.table)


def trace_frontier(
    land: Site | Plan,
    community: str,
    rules: Rules | None = None,
    *,
    factors: Sequence[float] = FACTORS,
    effort: str = "default",
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Frontier:
    """Trace the trade-off of one community, dividing it at several prices.

    The prices are those of balance, whole buildings and whole compounds.

    Each of the three prices is multiplied by each factor, while the others
    stay as they are. A division found at one price may be the cheapest at
    another too, so all are weighed at every price.

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
    Frontier
        Its ``table`` holds, by wish and factor: price (household-metres),
        subgrids, out_of_band (sub-grids), cv (of households, share), mean_walk
        (metres), buildings_split, compounds_crossed (compounds beyond the first
        of each sub-grid), household_metres, and ``undominated``: whether no
        other row is at least as good in every figure and better in one.

    Raises
    ------
    InputError
        If nobody lives in such a community.

    Examples
    --------
    >>> from gridplan.synthetic import load_example
    >>> village = trace_frontier(load_example(), "130203100200", factors=(0, 1), effort="quick")
    >>> village.table.index.tolist()[:3]
    [('off_target', 0.0), ('off_target', 1.0), ('building', 0.0)]
    """
    problem = find_problems(land, [community], rules)[community]
    wanted = sorted({float(f) for f in factors} | {1.0})
    cases = [(wish, factor) for wish in WISHES for factor in wanted]
    priced = {case: _price(problem, *case) for case in cases if case[1] != 1.0}
    # At a factor of 1 all wishes have one problem, which is divided once.
    priced["", 1.0] = problem
    divisions = map_tasks(
        lambda p: divide_atoms(p, effort, seed),
        list(priced.values()),
        workers=workers,
        stage="frontier",
        progress=progress,
    )
    rows = []
    for wish, factor in cases:
        # The search at another price may have found a division that is cheaper here too.
        cheapest = _choose_cheapest(priced.get((wish, factor), problem), divisions)
        # Measured at the prices of the rules, so that rows can be set side by side.
        figures = measure_division(problem, cheapest.part)
        rows.append(figures | {"price": _read_price(problem, wish) * factor})
    index = pd.MultiIndex.from_tuples(cases, names=["wish", "factor"])
    table = pd.DataFrame(rows, index=index)[COLUMNS]
    undominated = find_undominated(table[MINIMISED].to_numpy(float))
    return Frontier(community, table.assign(undominated=undominated))


def _price(problem: DivisionProblem, wish: str, factor: float) -> DivisionProblem:
    """Return the problem with the price of one wish multiplied."""
    if wish == "off_target":
        return replace(problem, off=problem.off * factor)
    # A copy, since the array is shared with the problem at the rules' own prices.
    prices = problem.prices.copy()
    prices[_LEVELS[wish]] *= factor
    return replace(problem, prices=prices)


def _choose_cheapest(problem: DivisionProblem, divisions: Sequence[Division]) -> Division:
    """Choose the division that is cheapest at the prices of a problem."""
    data = problem.to_data()
    # Of equals min takes the first, in the order of wishes and factors.
    return min(divisions, key=lambda d: total_price(data, d.part.astype(np.int32), len(d.centres)))


def _read_price(problem: DivisionProblem, wish: str) -> float:
    return problem.off if wish == "off_target" else float(problem.prices[_LEVELS[wish]])
