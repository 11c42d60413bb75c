"""Drawn starts: the households that each future begins from, where they were not all counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.land.household_errors import describe_buildings, find_shares
from gridplan.plan import Plan
from gridplan.rules.simulation import SimulationRules
from gridplan.simulation.requests.household_draws import find_totals, sample_buildings
from gridplan.simulation.requests.random_streams import make_key, name_keys, sample_units
from gridplan.simulation.years.starting_state import Start

ESTIMATES = "estimates"  # one future: it starts from the estimates as they are
DRAWS = "draws"  # several: each starts from households of its own
COUNTS = "counts"  # nothing is estimated


def name_start(plan: Plan, replications: int) -> str:
    """Name what futures start from: counts, estimates or draws.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> name_start(make_board_plan(), 20)
    'counts'
    """
    if not (describe_buildings(plan.site.buildings)[2] >= 0).any():
        return COUNTS
    return DRAWS if replications > 1 else ESTIMATES


def sample_doors(plan: Plan, draws: int, seed: int, rules: SimulationRules) -> Ints:
    """Sample the whole households of each stairwell: int64[draws, n], in order of code.

    They are the draws of :func:`sample_households`, with the same chance:
    counted buildings stay as they are, and known totals are met. A building
    taken for no home that is one in a draw lives at the stairwells of its
    sub-grid.

    Examples
    --------
    The board's households were counted:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> sample_doors(plan, 2, 0, plan.rules.simulation)[:, :3].tolist()
    [[10, 10, 10], [10, 10, 10]]
    """
    doors = plan.stairwells.sort_index()
    buildings = plan.site.buildings.sort_index()
    planned = doors["households"].to_numpy(np.int64)
    building = buildings.index.get_indexer(pd.Index(doors["building"]))
    # a building that is not in the table stays as it is
    unsure = np.append(describe_buildings(buildings)[2] >= 0, False)
    known = np.append(buildings["households"].to_numpy(float), 1.0)
    is_open = unsure[building]
    share = planned / np.maximum(known[building], 1e-9)
    groups = np.append(find_totals(plan, buildings), -1)[building]
    order = np.lexsort((np.arange(len(doors)), groups))
    order = order[is_open[order]]
    guests = _find_guests(plan, doors, buildings, is_open)
    out = np.empty((draws, len(doors)), np.int64)
    for n, drawn in enumerate(sample_buildings(plan, buildings, draws, seed, rules)):
        size = share * np.append(drawn, 0.0)[building]
        rows, places, parts = guests
        size += np.bincount(places, parts * drawn[rows], minlength=len(doors))
        unit = sample_units(name_keys(["doors"]) ^ make_key(seed, n), 0)[0]
        out[n] = planned
        size = _keep_totals(size[order], planned[order], groups[order])
        out[n, order] = round_in_turn(size, float(unit))
    return out


def _keep_totals(size: Floats, planned: Ints, groups: Any) -> Floats:
    """Scale the stairwells of each known total to what they have in the plan, to the household.

    A draw can put a household on land that belongs to no sub-grid of homes.
    """
    is_known = groups >= 0
    if not is_known.any():
        return size
    count = int(groups.max()) + 1
    wanted = np.bincount(groups[is_known], planned[is_known], minlength=count)
    sums = np.bincount(groups[is_known], size[is_known], minlength=count)
    factor = wanted / np.where(sums > 0, sums, 1.0)
    # where nobody was drawn in a group, it has what is planned
    scaled = np.where(sums[groups] > 0, size * factor[groups], planned)
    return np.asarray(np.where(is_known, scaled, size))


def _find_guests(
    plan: Plan, doors: pd.DataFrame, buildings: Any, is_open: Any
) -> tuple[Ints, Ints, Floats]:
    """Find at which stairwells those live whose building was taken for no home.

    Returns rows of buildings, rows of doors, and shares.
    """
    codes = plan.subgrids.index[(plan.subgrids["kind"] == "residential").to_numpy()].sort_values()
    row, column, _ = find_shares(doors, buildings, plan.subgrids)
    idle = buildings["households"].to_numpy(float)[row] == 0
    weight = np.where(is_open, doors["households"].to_numpy(float), 0.0)
    hosts = pd.DataFrame(
        {"column": codes.get_indexer(pd.Index(doors["subgrid"])), "weight": weight}
    )
    hosts["door"] = np.arange(len(doors))
    # counted stairwells keep their number, so a sub-grid without others takes nobody in
    hosts = hosts[(hosts["column"] >= 0) & (hosts["weight"] > 0)]
    hosts["weight"] /= hosts.groupby("column")["weight"].transform("sum")
    guests = pd.DataFrame({"row": row[idle], "column": column[idle]}).merge(hosts, on="column")
    return (
        guests["row"].to_numpy(np.int64),
        guests["door"].to_numpy(np.int64),
        guests["weight"].to_numpy(float),
    )


def round_in_turn(sizes: Floats, unit: float) -> Ints:
    """Round numbers so that the sum of any first ones is less than one off.

    A whole sum is kept exactly; ``unit`` (0 to 1) says where rounding begins,
    so that over many each is right on average.

    Examples
    --------
    >>> round_in_turn(np.array([0.5, 0.5, 0.5, 1.5]), 0.6).tolist()
    [1, 0, 1, 1]
    """
    # sums of many fractions miss a whole number by a hair
    sums = np.round(np.cumsum(sizes), 6)
    return np.asarray(np.diff(np.floor(sums + unit).astype(np.int64), prepend=0))


def start_from(start: Start, households: Ints) -> Start:
    """Return a start with other households at its stairwells."""
    problem = replace(start.problem, weights=households, pull=households.astype(float))
    return replace(start, problem=problem)
