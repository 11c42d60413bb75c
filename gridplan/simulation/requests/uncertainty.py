"""What is not known for sure, sampled: households, demand, presence; chances of bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import SimulationRules
from gridplan.simulation.requests.calendar import list_turns
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.simulation.requests.random_streams import make_key, name_keys, sample_units
from gridplan.tables.conform import conform_table
from gridplan.tables.roles import name_answering

WORST = 0.1  # share of sub-grids whose mean chance is reported


def sample_triangular(unit: Any, low: Any, mode: Any, high: Any) -> Floats:
    """Turn even samples into triangular ones, from low to high, mostly near the mode.

    Examples
    --------
    >>> sample_triangular(np.array([0.0, 0.5, 1.0]), 10.0, 20.0, 30.0).tolist()
    [10.0, 20.0, 30.0]
    >>> sample_triangular(0.3, 7.0, 7.0, 7.0).tolist()
    7.0
    """
    u, a, c, b = np.broadcast_arrays(*(np.asarray(part, float) for part in (unit, low, mode, high)))
    width = np.where(b > a, b - a, 1.0)
    # the inverse of the triangular distribution, below and above the mode
    below = a + np.sqrt(u * width * (c - a))
    above = b - np.sqrt((1.0 - u) * width * (b - c))
    return np.where(b > a, np.where(u < (c - a) / width, below, above), c)


def sample_demand(draws: int, seed: int, rules: SimulationRules) -> Floats:
    """Sample how many times the usual demand there is: float64[draws]."""
    keys = np.array([make_key(seed, n) for n in range(draws)], np.uint64) ^ name_keys(["demand"])
    return sample_triangular(sample_units(keys, 0), rules.demand_low, 1.0, rules.demand_high)


def sample_presence(draws: int, seed: int) -> Floats:
    """Sample where in its range the presence of each role lies: float64[draws, roles]."""
    keys = np.array([make_key(seed, n) for n in range(draws)], np.uint64)
    return np.column_stack([sample_units(keys ^ key, 0) for key in name_keys(name_answering())])


def share_presence(rules: SimulationRules, level: Floats) -> Floats:
    """Turn places in the range of each role's presence into shares of days.

    ``level`` is float64[..., roles] from 0, the least, to 1, the most.
    """
    turns = list_turns(rules)
    low, high = (np.array([getattr(turn, end) for turn in turns]) for end in ("low", "high"))
    return np.asarray(low + level * (high - low))


def measure_chances(
    plan: Plan, rules: Rules | None = None, *, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Measure how likely each residential sub-grid is within its band.

    Parameters
    ----------
    plan
        Any drawn plan.
    rules
        The rules; those of the plan's manifest if not given. Section
        ``simulation`` is used.
    draws
        How often the households are sampled.
    seed
        Where chance begins; the same buildings have the same samples in every
        plan.

    Returns
    -------
    The table ``chances`` by sub-grid: chance (share of samples within low and
    high), below, above, mean and the range in which nine samples of ten lie
    (households).

    Examples
    --------
    The board's households were counted, so nothing is left to chance:

    >>> from gridplan.synthetic import make_board_plan
    >>> measure_chances(make_board_plan(), draws=10)[["chance", "above"]].values.tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    rules = rules or plan.rules
    residential = plan.subgrids[plan.subgrids["kind"] == "residential"].sort_index()
    samples = sample_households(plan, residential.index, draws, seed, rules.simulation)
    # bands are of whole households
    whole = np.floor(samples + 0.5)
    below = (whole < residential["low"].to_numpy()).mean(axis=0)
    above = (whole > residential["high"].to_numpy()).mean(axis=0)
    # a plan without homes has no quantiles
    ends = np.quantile(samples, [0.05, 0.95], axis=0) if len(residential) else np.zeros((2, 0))
    mean = (
        np.asarray(sum(samples)) / draws
    )  # row by row: numpy adds a single column in another order than one of several
    table = residential[["community", "households"]].assign(
        chance=np.clip(1.0 - below - above, 0.0, 1.0),
        below=below,
        above=above,
        mean=mean,
        p05=ends[0],
        p95=ends[1],
    )
    return conform_table("chances", pd.DataFrame(table))


def rank_plans(
    plans: Mapping[str, Plan], rules: Rules | None = None, *, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Rank plans of the same land by how robust they are, the most robust first.

    Robust against what is not known of households.

    Returns
    -------
    One row for each plan: subgrids, mean_chance (of being in band),
    worst_chance (mean of the least tenth), sure (share of sub-grids in band in
    at least nine samples of ten).
    """
    rows = {}
    for name, plan in plans.items():
        chance = np.sort(measure_chances(plan, rules, draws=draws, seed=seed)["chance"].to_numpy())
        worst = chance[: max(1, int(np.ceil(len(chance) * WORST)))]
        rows[name] = (
            (len(chance), chance.mean(), worst.mean(), (chance >= 0.9).mean())
            if len(chance)
            else (0, *[np.nan] * 3)
        )
    columns = ["subgrids", "mean_chance", "worst_chance", "sure"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.sort_values(["mean_chance", "worst_chance"], ascending=False, kind="stable")
