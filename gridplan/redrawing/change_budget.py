"""The change-budget curve: the best plan for each number of households that may move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.division.local_repair import RepairSettings, trace_move_budgets
from gridplan.division.move_budgets import BudgetedDivision
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.planning.likely_shares import measure_likely
from gridplan.planning.measures import measure_parts
from gridplan.redrawing.budget_knapsack import choose_divisions
from gridplan.redrawing.former_homes import prepare_redraw
from gridplan.redrawing.redraw_islands import RedrawIsland, list_islands
from gridplan.redrawing.redraw_plan import count_parted
from gridplan.redrawing.triggers import list_triggers
from gridplan.rules.all_rules import Rules
from gridplan.tables.html import show_html

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.site import Site

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
# Shares looked at within an island, closer together at the low end, where most
# budgets are and where each further household buys most.
WITHIN = (
    0.0,
    0.005,
    0.01,
    0.02,
    0.035,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.5,
)
FREE = "from nothing"


@dataclass(frozen=True, eq=False)
class Budget:
    """The change-budget curve, by the share of the households that may move.

    ``table`` has a row for each, as :func:`trace_budget` says.
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        """Write on one line which budgets were looked at."""
        shares = ", ".join(f"{100 * share:g}" for share in self.table.index[:-1])
        return f"Budget({shares} % of the households may move; and {FREE})"

    def _repr_html_(self) -> str:
        """Write the table for a notebook."""
        return show_html(repr(self), self.table)


def trace_budget(
    plan: Plan,
    site: Site | None = None,
    rules: Rules | None = None,
    *,
    shares: Sequence[float] = SHARES,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Budget:
    """Trace the best quality in reach when at most some share of the households may move.

    Every community is looked at, whether anything is out of rule in it or not.
    For each island of homes the best divisions for several budgets of its own
    are found, and the city's budget is shared out among them exactly.

    Parameters
    ----------
    plan, site, rules, seed, workers, progress
        As :func:`gridplan.redraw` takes them.
    shares
        Largest shares of the households there before that may change their
        sub-grid.

    Returns
    -------
    Budget
        Its ``table`` holds, by share, and last drawn from nothing: moved (households) and
        moved_share, subgrids, in_band (share of the sub-grids), likely_in_band (mean
        chance to be truly in band, where households are estimates), out
        (households outside the bands), mean_walk (metres), cv (of households,
        share), price (household-metres, all wishes, moves not counted) and
        lost (by how much the price is above the least in the table; a share of
        it). Where even the fewest moves that the new land asks for are more
        than a share, the row says how many these are.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> rules = Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    >>> table = trace_budget(plan, rules=rules, shares=(0, 0.1, 0.2)).table
    >>> table[["moved", "in_band"]].values.tolist()
    [[0.0, 0.0], [10.0, 1.0], [20.0, 1.0], [20.0, 1.0]]
    """
    # The curve is of the whole city, also where nothing is out of rule.
    rules = (rules or plan.rules).replace(redraw={"scope": "all"})
    seed = int(plan.manifest.get("seed", 0)) if seed is None else seed
    inputs = prepare_redraw(plan, site, rules, progress)
    islands = list_islands(inputs, rules, list_triggers(inputs, rules))
    how = RepairSettings(rules.redraw.move, rules.redraw.reach, rules.division.effort, seed)
    traced = map_tasks(
        lambda i: _trace(i, how), islands, workers=workers, stage="change", progress=progress
    )
    # Households that limits or barriers parted move under any budget, so they
    # come off it.
    parted = count_parted(inputs)
    # A plan without households has no shares; one keeps them defined.
    known = max(1, inputs.households)
    whole = inputs.plan.replace(site=inputs.land.site, stairwells=inputs.land.stairwells)

    def measure_choices(points: Sequence[int]) -> dict[str, Any]:
        chosen = [(c[n], m[n]) for (c, m), n in zip(traced, points, strict=True)]
        likely = measure_likely(whole, _code_choices(islands, chosen), rules)
        return _sum_islands(chosen, parted, known, likely)

    rows = []
    for share in sorted({float(s) for s in shares}):
        # The last choice of an island is drawn from nothing; it has a row of
        # its own below.
        points = choose_divisions(
            [choices[:-1] for choices, _ in traced], 0.0, share * known - parted
        )
        rows.append(measure_choices(points))
    # What a free hand would give, for comparison.
    rows.append(measure_choices([len(choices) - 1 for choices, _ in traced]))
    table = pd.DataFrame(
        rows,
        index=pd.Index([*sorted({float(s) for s in shares}), FREE], name="share", dtype=object),
    )
    # The search is a heuristic, so the least price need not be in the last row.
    least = table["price"].min()
    return Budget(table.assign(lost=(table["price"] / least - 1.0).round(6)))


def _trace(
    island: RedrawIsland, how: RepairSettings
) -> tuple[tuple[BudgetedDivision, ...], list[pd.DataFrame]]:
    """Trace an island, whose locked sub-grids stay as they are."""
    choices = trace_move_budgets(island.problem, island.homes, how, WITHIN, island.closed).choices
    # Measured here, so that it is done for the islands in parallel as well.
    return choices, [
        measure_parts(island.problem, choice.part).assign(**_list_band(island))
        for choice in choices
    ]


def _list_band(island: RedrawIsland) -> dict[str, int]:
    band = island.problem.band
    return {"low": band.low, "high": band.high}


def _code_choices(
    islands: Sequence[RedrawIsland], chosen: list[tuple[BudgetedDivision, pd.DataFrame]]
) -> pd.Series[str]:
    """Code the parts of all islands by the number of the island and of the part."""
    codes = {
        stairwell: f"{n}-{part}"
        for n, (island, (choice, _)) in enumerate(zip(islands, chosen, strict=True))
        for stairwell, part in zip(island.problem.ids, choice.part, strict=True)
    }
    return pd.Series(codes, dtype="str")


def _sum_islands(
    chosen: list[tuple[BudgetedDivision, pd.DataFrame]], parted: int, known: int, likely: float
) -> dict[str, Any]:
    """Add up what the islands come to."""
    parts = pd.concat([measured for _, measured in chosen], ignore_index=True)
    mass = parts["households"]
    # Households above or below the band, whichever it is.
    out = np.maximum(0, np.maximum(parts["low"] - mass, mass - parts["high"]))
    moved = sum(choice.moved for choice, _ in chosen) + parted
    return {
        # Rounded, so that the last digits of sums do not differ between
        # machines.
        "moved": moved,
        "moved_share": round(moved / known, 5),
        "subgrids": len(parts),
        "in_band": round(float((out == 0).mean()), 5),
        "likely_in_band": likely,
        "out": int(out.sum()),
        "mean_walk": round(float(parts["household_metres"].sum() / max(1, mass.sum())), 2),
        "cv": round(float(mass.std(ddof=0) / mass.mean()), 4),
        "price": round(sum(choice.price for choice, _ in chosen), 1),
    }
