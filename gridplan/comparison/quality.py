"""How good a plan is, by community and over the whole, judged by given rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.division.problem import DivisionProblem
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.plan import Plan
from gridplan.planning.measures import find_problems, measure_division, measure_parts
from gridplan.rules.all_rules import Rules

FIGURES = (
    "subgrids",
    "households",
    "households_low",
    "households_high",
    "mean_households",
    "in_band",
    "likely_in_band",
    "spread",
    "mean_walk",
    "household_metres",
    "price",
    "price_per_household",
    "buildings_split",
    "compounds_crossed",
    "non_contiguous",
)
QUALITY_COLUMNS = ("level", "of", "figure", "old", "new", "difference", "percent")


def measure_plan(
    plan: Plan,
    rules: Rules | None = None,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> pd.DataFrame:
    """Measure how good a plan is: every community, and the city under the empty code.

    Only homes that are in a sub-grid count. Nothing that the plan says of its
    sub-grids is believed.

    Parameters
    ----------
    plan
        Any plan, whoever drew it.
    rules
        Bands and prices to judge by; the plan's own if not given.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Returns
    -------
    pandas.DataFrame
        By community, sorted: subgrids, households, households_low and
        households_high (by the estimates, as the plan says it), mean_households, in_band
        (share of the sub-grids), likely_in_band (mean chance of being truly
        in band, as the plan says it; NaN where it does not), spread (coefficient of variation of
        households over their target), mean_walk (metres, which is
        household-metres by household), household_metres, price
        (household-metres and all other wishes) and price_per_household,
        buildings_split, compounds_crossed (compounds beyond the first of each
        sub-grid), non_contiguous (sub-grids; NaN where no neighbours are
        known).

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> measure_plan(make_board_plan())[["subgrids", "in_band", "spread"]].loc[""].tolist()
    [2.0, 1.0, 0.0]
    """
    rules = rules or plan.rules
    homes = plan.stairwells[plan.stairwells["subgrid"] != ""]
    # Homes in no sub-grid are of no part, and a problem wants a part for each of its atoms.
    problems = find_problems(plan.replace(stairwells=homes), rules=rules) if len(homes) else {}
    belongs = homes["subgrid"]
    tasks = [
        (p, np.unique(belongs.reindex(list(p.ids)).to_numpy(object), return_inverse=True)[1])
        for p in problems.values()
    ]
    measured = map_tasks(
        lambda t: measure_community(*t),
        tasks,
        workers=workers,
        stage="measuring",
        progress=progress,
    )
    # Sums over the city are made of parts, not of means of communities.
    every_part = pd.concat([parts for parts, _ in measured] or [_measure_nothing()])
    table = pd.DataFrame(
        [sum_up(parts, [counts]) for parts, counts in measured],
        index=pd.Index(list(problems), dtype="str"),
    )
    city = pd.DataFrame(
        [sum_up(every_part, [counts for _, counts in measured])],
        index=pd.Index([""], dtype="str"),
    )
    figures = pd.concat([city, table]).astype(float)
    # as the plan says: what is likely does not follow from its rows of sub-grids alone
    homes_in = plan.subgrids[plan.subgrids["kind"] == "residential"]
    likely = homes_in.groupby("community")["chance_in_band"].mean().reindex(figures.index)
    likely[""] = homes_in["chance_in_band"].mean()
    figures = figures.assign(likely_in_band=likely, **_list_ranges(plan, figures.index))
    return figures[list(FIGURES)].rename_axis("community")


def _list_ranges(plan: Plan, codes: pd.Index[str]) -> dict[str, Any]:
    """List the ends of the households of communities and the city, as the plan says them."""
    communities = plan.site.communities
    city = plan.manifest.get("figures", {})
    everyone = float(plan.subgrids["households"].sum())
    names = ("households_low", "households_high")
    # where nothing is left open, the manifest says nothing of the city
    sure = everyone if (communities[names[0]] == communities[names[1]]).all() else np.nan
    ends = {}
    for name in names:
        values = communities[name].reindex(codes)
        values[""] = float(city.get(name, sure))
        ends[name] = values
    return ends


def measure_community(problem: DivisionProblem, part: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Measure the parts of a community, and what counts over all of them, for :func:`sum_up`."""
    parts = measure_parts(problem, part)
    band = problem.band
    # Load is over the target, so that towns and villages can be added up in one spread.
    within = parts["households"].between(band.low, band.high)
    return parts.assign(load=parts["households"] / band.target, inside=within), measure_division(
        problem, part
    )


def _measure_nothing() -> pd.DataFrame:
    """Return no parts at all, with the columns that sums are made of."""
    return pd.DataFrame(
        columns=["households", "household_metres", "price", "pieces", "load", "inside"], dtype=float
    )


def sum_up(parts: pd.DataFrame, counts: list[dict[str, Any]]) -> dict[str, float]:
    """Sum up the figures of some communities.

    All of ``FIGURES``, from what :func:`measure_community` found of each.
    """
    k = len(parts)
    households = float(parts["households"].sum())
    metres = float(parts["household_metres"].sum())
    price = float(parts["price"].sum())
    mean = parts["load"].mean()
    # Parts without known neighbours have no pieces: one of them makes the number unknown.
    is_known = k == 0 or (parts["pieces"] > 0).all()
    return {
        "subgrids": k,
        "households": households,
        "mean_households": households / k if k else np.nan,
        "in_band": float(parts["inside"].mean()) if k else np.nan,
        "spread": float(parts["load"].std(ddof=0) / mean) if k and mean > 0 else np.nan,
        "mean_walk": metres / households if households else np.nan,
        "household_metres": metres,
        "price": price,
        "price_per_household": price / households if households else np.nan,
        **{
            name: float(sum(c[name] for c in counts))
            for name in ("buildings_split", "compounds_crossed")
        },
        "non_contiguous": float((parts["pieces"] > 1).sum()) if is_known else np.nan,
    }


def compare_quality(
    old: Plan,
    new: Plan,
    rules: Rules,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> pd.DataFrame:
    """Set the figures of two plans side by side, judged by the same rules.

    ``QUALITY_COLUMNS``, for the city and each community.

    A community that only one plan has shows NaN for the other.
    """
    sides = [
        measure_plan(p, rules, workers=workers, progress=progress).stack(future_stack=True)
        for p in (old, new)
    ]
    both = pd.concat(sides, axis=1, keys=["old", "new"])
    both.index.names = ["of", "figure"]
    # In the order of reports, and not of the alphabet, into which joining put them.
    place = {figure: n for n, figure in enumerate(FIGURES)}
    both = both.reset_index()
    both = both.assign(place=both["figure"].map(place)).sort_values(
        ["of", "place"], ignore_index=True
    )
    both["level"] = np.where(both["of"] == "", "city", "community")
    both["difference"] = both["new"] - both["old"]
    # Of nothing there is no percentage: NaN instead of infinity.
    both["percent"] = 100.0 * both["difference"] / both["old"].where(both["old"] != 0)
    return both[list(QUALITY_COLUMNS)].astype(dict.fromkeys(("level", "of", "figure"), "str"))
