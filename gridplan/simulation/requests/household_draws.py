"""Draws of the households of buildings: one sampler for chances, simulation, surge and years."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.special import ndtr, ndtri
from scipy.stats import nbinom

from gridplan.arrays import Bools, Floats
from gridplan.land.household_errors import describe_buildings, find_shares, measure_variance
from gridplan.land.total_groups import group_by_totals
from gridplan.plan import Plan
from gridplan.rules.simulation import SimulationRules
from gridplan.simulation.requests.random_streams import (
    blend_keys,
    make_key,
    name_keys,
    sample_units,
)

LEVELS = 128  # equally likely levels that a distribution is cut into
WAVES = 48  # waves that a field of neighbouring errors is made of
GRAIN = 0.02  # logarithm within which distributions are taken as of one form


def sample_households(
    plan: Plan,
    subgrids: pd.Index[Any],
    draws: int = 1000,
    seed: int = 0,
    rules: SimulationRules | None = None,
) -> Floats:
    """Sample the households of sub-grids: float64[draws, n], in the order of ``subgrids``.

    Each building's come from its own distribution: none, or one household and
    a number beyond it. Their mean over draws is the building's expected
    number; counted buildings stay as they are, and known totals of
    zones and communities are met in every draw. Of the error a share is that of all
    buildings (``simulation.error_shared``), a share that of neighbours
    (``simulation.error_near``, fading over ``simulation.error_reach``), and
    the rest each one's own.

    Examples
    --------
    The board's households were counted:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> sample_households(plan, plan.subgrids.index, draws=2).tolist()
    [[60.0, 60.0], [60.0, 60.0]]
    """
    rules = rules or plan.rules.simulation
    buildings = plan.site.buildings.sort_index()
    row, column, share = find_shares(plan.stairwells.sort_index(), buildings, plan.subgrids)
    codes = plan.subgrids.index[(plan.subgrids["kind"] == "residential").to_numpy()].sort_values()
    place = subgrids.get_indexer(codes)[column]
    kept = place >= 0
    fixed = _count_strays(plan, buildings, subgrids)
    out = np.zeros((draws, len(subgrids)))
    # What stands on land of no home's sub-grid, such as a school's, counts for none.
    held = buildings["households"].to_numpy(float) > 0
    held[row] = True
    row, place, share = row[kept], place[kept], share[kept]
    for n, drawn in enumerate(sample_buildings(plan, buildings, draws, seed, rules, held)):
        out[n] = fixed + np.bincount(place, share * drawn[row], minlength=len(subgrids))
    return out


def sample_buildings(
    plan: Plan,
    buildings: gpd.GeoDataFrame,
    draws: int,
    seed: int,
    rules: SimulationRules,
    held: Bools | None = None,
) -> Iterator[Floats]:
    """Sample the households of a plan's buildings, known totals met: float64[n], as often as asked.

    ``buildings`` are those of the plan in order of code; ``held`` (bool[n]) says which
    of them count towards a known total, all if not given: the others are empty there.
    """
    return draw_buildings(buildings, find_totals(plan, buildings), draws, seed, rules, held)


def _count_strays(plan: Plan, buildings: pd.DataFrame, subgrids: pd.Index[Any]) -> Floats:
    """Count the households of stairwells whose building is not in the table: they stay."""
    doors = plan.stairwells[~plan.stairwells["building"].isin(buildings.index).to_numpy()]
    column = subgrids.get_indexer(pd.Index(doors["subgrid"]))
    kept = column >= 0
    amount = doors["households"].to_numpy(float)[kept]
    return np.asarray(np.bincount(column[kept], amount, minlength=len(subgrids)), float)


def draw_buildings(
    buildings: gpd.GeoDataFrame,
    totals: Any,
    draws: int,
    seed: int,
    rules: SimulationRules,
    held: Bools | None = None,
) -> Iterator[Floats]:
    """Draw the households of each building: float64[n], as often as asked.

    ``totals`` (int64[n]) numbers the buildings by the known total that they
    add up to, -1 for those of none; of these only ``held`` ones count, if given.
    """
    held = np.ones(len(buildings), bool) if held is None else held
    table, form, mean = _tabulate(buildings)
    common = np.minimum(measure_variance(buildings)[1] * _measure_loss(table)[form], 1.0)
    middle = shapely.centroid(buildings.geometry.to_numpy())
    place = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
    keys = name_keys(buildings.index)
    for n in range(draws):
        error = _draw_errors(keys, place, common, make_key(seed, n), rules)
        level = np.minimum((ndtr(error) * LEVELS).astype(np.int64), LEVELS - 1)
        yield _meet_totals(table[form, level] * mean, mean, totals, held)


def _draw_errors(
    keys: Any, place: Floats, common: Floats, key: Any, rules: SimulationRules
) -> Floats:
    """Draw one standard normal error for each building, alike where they are neighbours.

    ``common`` is the share of each error in which buildings can be alike.
    """
    own = ndtri(sample_units(blend_keys(keys, key), 0))
    shared = float(ndtri(sample_units(name_keys(["households"]) ^ key, 0))[0])
    everywhere = rules.error_shared * common
    near = min(rules.error_near, 1.0 - rules.error_shared) * common
    # variances add up to 1, so each building keeps its own distribution
    error = np.sqrt(everywhere) * shared + np.sqrt(np.maximum(1.0 - everywhere - near, 0.0)) * own
    if rules.error_near > 0:
        error = error + np.sqrt(near) * _draw_field(place, key, rules.error_reach)
    return np.asarray(error)


def _draw_field(place: Floats, key: Any, reach: float) -> Floats:
    """Draw a smooth field: normal at each place, correlated by exp(-1/2 (distance / reach)^2).

    Made of random waves that depend on the key and on nothing else, so that a
    building has the same value whatever else is looked at.
    """
    keys = name_keys([f"wave {n}" for n in range(WAVES)]) ^ key
    unit = [np.asarray(sample_units(keys, number)) for number in range(3)]
    ways = np.column_stack([ndtri(unit[0]), ndtri(unit[1])]) / reach
    phase = 2.0 * np.pi * unit[2]
    field = np.zeros(len(place))
    for way, begin in zip(ways, phase, strict=True):
        field += np.cos(place[:, 0] * way[0] + place[:, 1] * way[1] + begin)
    return np.asarray(field * np.sqrt(2.0 / WAVES))


def _tabulate(buildings: pd.DataFrame) -> tuple[Floats, Any, Floats]:
    """Cut the distribution of each building into equally likely levels of mean 1.

    Returns the table float64[forms, LEVELS], the form of each building, and
    the mean that the levels are multiplied by.
    """
    chance, mean, spread = describe_buildings(buildings)
    beyond = np.maximum(mean / np.where(chance > 0, chance, 1.0) - 1.0, 0.0)
    # buildings that differ by a hair share a form, and keep means of their own
    grain = np.round(np.log(np.maximum(beyond, 1e-4)) / GRAIN) * GRAIN
    rows = np.column_stack([np.round(chance, 2), np.exp(grain), np.round(spread, 2)])
    rows[spread < 0] = -1.0
    forms, form = np.unique(rows, axis=0, return_inverse=True)
    at = (np.arange(LEVELS) + 0.5) / LEVELS
    table = np.ones((len(forms), LEVELS))
    for number, (share, second, wide) in enumerate(forms):
        if wide < 0:
            continue
        share = max(share, 0.01)
        shape = 1.0 / max(wide, 1e-3) ** 2
        inner = np.clip((at - (1.0 - share)) / share, 1e-9, 1.0 - 1e-9)
        levels = np.where(
            at > 1.0 - share, 1.0 + nbinom.ppf(inner, shape, shape / (shape + second)), 0.0
        )
        table[number] = levels / levels.mean() if levels.any() else 1.0
    return table, form.ravel(), mean


def _measure_loss(table: Floats) -> Floats:
    """Measure how many times more alike errors must be than the numbers drawn by them.

    Of a house that seldom holds a second household the number hardly follows a
    small error, so that much of what errors have in common would be lost.

    Examples
    --------
    >>> half, tenth = np.arange(LEVELS) >= LEVELS / 2, np.arange(LEVELS) >= LEVELS * 0.9
    >>> _measure_loss(np.array([half, tenth], float)).round(2).tolist()
    [1.58, 3.06]
    """
    error = ndtri((np.arange(LEVELS) + 0.5) / LEVELS)
    beside = (table * error).mean(axis=1) ** 2
    return np.asarray(np.where(beside > 0, table.var(axis=1) / np.maximum(beside, 1e-12), 1.0))


def find_totals(plan: Plan, buildings: pd.DataFrame) -> Any:
    """Find the known total that each building is a part of, by number; -1 where there is none."""
    groups = group_by_totals(plan.site, buildings)
    group = groups.number
    if plan.rules.households.total > 0:
        group = np.where(group < 0, len(groups.codes), group)
    return np.asarray(group)


def _meet_totals(drawn: Floats, mean: Floats, group: Any, held: Bools) -> Floats:
    """Scale what varies in each group so that the sum is that of the means, the known total."""
    inside = group >= 0
    if not inside.any():
        return drawn
    size = int(group.max()) + 1
    out = np.where(inside & ~held, 0.0, drawn)
    rows = np.flatnonzero(inside & held & (drawn != mean))
    fixed = np.flatnonzero(inside & held & (drawn == mean))
    # means are kept to four digits, while a known total is whole
    totals = np.rint(np.bincount(group[inside], mean[inside], minlength=size))
    wanted = totals - np.bincount(group[fixed], mean[fixed], minlength=size)
    # a group in which nobody was drawn has its means
    nobody = np.bincount(group[rows], drawn[rows], minlength=size) <= 0
    values = np.where(nobody[group[rows]], mean[rows], drawn[rows])
    sums = np.bincount(group[rows], values, minlength=size)
    factor = np.where(sums > 0, wanted / np.where(sums > 0, sums, 1.0), 0.0)
    out[rows] = values * factor[group[rows]]
    return np.asarray(out)
