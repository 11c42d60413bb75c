"""The range of each sub-grid's households, and how likely it is in band, in closed form.

The same distribution that :func:`gridplan.measure_chances` draws from: its mean
and variance are added up, and a gamma distribution above the homes that are
sure has both. Of the building that says most about the sub-grid by being a home
or none, both cases are looked at. No draws, so a plan is drawn again in the same
bytes.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.land.household_errors import describe_buildings, find_shares, measure_variance
from gridplan.land.total_groups import group_by_totals
from gridplan.plan import Plan
from gridplan.planning.settled_variance import REST, settle_totals
from gridplan.planning.two_cases import HAIR, cumulate, find_quantile, part_cases
from gridplan.rules.all_rules import Rules

LOW, HIGH = 0.05, 0.95
DIGITS = 4
SIZE_RULES = ("band", "households")  # of exceptions that speak of households
SAID = r" \(by estimate: [^)]*\)$"  # what an exception says of its estimate
WHOLE = ("households_low", "households_high")
RANGES = ("households_low", "households_high", "chance_in_band", "chance_above", "error_shared")


def fill_ranges(
    subgrids: gpd.GeoDataFrame, plan: Plan, rules: Rules, communities: Any = None
) -> gpd.GeoDataFrame:
    """Fill the columns of ranges of a table of sub-grids: ends, chances, the error shared.

    Only of some ``communities`` where they are named; others keep theirs.
    """
    here = np.ones(len(subgrids), bool)
    if communities is not None:
        here = subgrids["community"].isin(list(communities)).to_numpy()
    if not here.any():
        return subgrids
    table = measure_ranges(plan, subgrids[here], rules).reindex(subgrids.index[here])
    filled = subgrids.copy()
    for name in RANGES:
        # where nobody lives nothing is unsure
        values = table[name].fillna(1.0 if name == "chance_in_band" else 0.0)
        column = filled[name].to_numpy(float).copy()
        column[here] = values.to_numpy(float)
        filled[name] = column.astype("int64") if name in WHOLE else column
    return filled


def measure_ranges(plan: Plan, subgrids: gpd.GeoDataFrame, rules: Rules) -> pd.DataFrame:
    """Measure the ranges and chances of residential sub-grids, in order of code.

    Parameters
    ----------
    plan
        Its buildings, stairwells and known totals are looked at.
    subgrids
        All sub-grids of some communities, open land and exclusive grids too.
    rules
        Those of the correlation of errors, and the site's known total.

    Returns
    -------
    By sub-grid ``households_low`` and ``households_high`` (5 and 95 %
    quantiles, widened to hold the estimate), ``chance_in_band`` and
    ``chance_above`` its band, and ``error_shared``, the share of the variance
    that is alike in the whole site.
    """
    homes = subgrids[(subgrids["kind"] == "residential").to_numpy()].sort_index()
    moments = _add_up(plan, subgrids, homes, rules)
    cases = part_cases(moments)
    whole = homes["households"].to_numpy(float)
    below = cumulate(homes["low"].to_numpy(float) - 1.0, cases)
    up_to = cumulate(homes["high"].to_numpy(float), cases)
    chance, above = np.clip(up_to - below, 0.0, 1.0), np.clip(1.0 - up_to, 0.0, 1.0)
    low, high = (find_quantile(level, cases) for level in (LOW, HIGH))
    return pd.DataFrame(
        {
            "households_low": np.minimum(low, whole).astype("int64"),
            "households_high": np.maximum(high, whole).astype("int64"),
            "chance_in_band": np.round(chance, DIGITS),
            "chance_above": np.round(above, DIGITS),
            "error_shared": np.round(moments["shared"].to_numpy(), DIGITS),
        },
        index=homes.index,
    )


def measure_community_sums(plan: Plan, subgrids: gpd.GeoDataFrame, rules: Rules) -> pd.DataFrame:
    """Measure between which numbers the households of whole communities lie, by their buildings.

    Not by adding up the ranges of sub-grids, whose ends are whole numbers, and
    whose errors a total of the site makes unlike each other.

    Parameters
    ----------
    plan
        Its buildings, stairwells and known totals are looked at.
    subgrids
        All sub-grids of some communities.
    rules
        Those of the correlation of errors, and the site's known total.

    Returns
    -------
    By community ``households_low`` and ``households_high``, 5 and 95 %
    quantiles, widened to hold the estimate.
    """
    homes = subgrids[(subgrids["kind"] == "residential").to_numpy()].sort_index()
    cases = part_cases(_add_up(plan, subgrids, homes, rules, whole_communities=True))
    whole = homes.groupby("community")["households"].sum().sort_index()
    low, high = (find_quantile(level, cases) for level in (LOW, HIGH))
    ends = {
        "households_low": np.minimum(low, whole.to_numpy(float)),
        "households_high": np.maximum(high, whole.to_numpy(float)),
    }
    return pd.DataFrame(ends, index=whole.index)


def _add_up(
    plan: Plan,
    subgrids: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    rules: Rules,
    whole_communities: bool = False,
) -> pd.DataFrame:
    """Add up mean, variance, sure households and shared share of each sub-grid, or community.

    Of two buildings the errors are correlated by what of them can be alike,
    as in the draws: a share everywhere, and a share that fades with distance.
    """
    over = homes["community"].unique()
    buildings = plan.site.buildings.sort_index()
    doors = plan.stairwells.sort_index()
    # a building of another community may hold a stairwell of this one
    named = buildings.index.isin(doors.loc[doors["community"].isin(over), "building"])
    buildings = buildings[named | buildings["community"].isin(over).to_numpy()]
    row, column, share = find_shares(doors, buildings, subgrids)
    strays = _count_strays(plan, homes)
    if whole_communities:
        homes, (row, column, share), strays = _gather(homes, row, column, share, strays)
    chance, average, spread = describe_buildings(buildings)
    variance, alike = measure_variance(buildings)
    count = len(homes)
    # of a known number all, of a sure home the first household
    certain = np.where(spread < 0, average, np.where(chance >= 1.0, 1.0, 0.0))
    total = group_by_totals(plan.site, buildings).number[row]
    shared = rules.simulation.error_shared
    near = min(rules.simulation.error_near, 1.0 - shared)
    alone = (variance * (1.0 - alike * (shared + near)))[row]
    xy = shapely.get_coordinates(shapely.centroid(buildings.geometry.to_numpy()))[row]
    parts = pd.DataFrame(
        {
            "column": column,
            # the total that the building is a part of; the rest of a known site is one too
            "total": np.where((total < 0) & (rules.households.total > 0), REST, total),
            "mean": share * average[row],
            "sure": share * np.minimum(certain, average)[row],
            "free": np.where(spread[row] < 0, 0.0, share * average[row]),
            "loading": share * np.sqrt(variance * alike)[row],
            "own": share**2 * alone,
            "alone": share * alone,
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )
    sums = parts.groupby("column")[["mean", "sure"]].sum().reindex(range(count), fill_value=0.0)
    varied = settle_totals(parts, count, rules.simulation, many=whole_communities)
    table = pd.DataFrame(
        {
            "mean": sums["mean"].to_numpy() + strays,
            "sure": sums["sure"].to_numpy() + strays,
            "variance": varied["variance"].to_numpy(),
            **_find_doubts(row, column, share, buildings, count),
        },
        index=homes.index,
    )
    common = shared * varied["loading"].to_numpy() ** 2
    wide = table["variance"].to_numpy()
    common = np.where(wide > HAIR, np.clip(common / np.maximum(wide, HAIR), 0.0, 1.0), 0.0)
    return table.assign(shared=common)


def _gather(
    homes: gpd.GeoDataFrame, row: Ints, column: Ints, share: Floats, strays: Floats
) -> tuple[Any, tuple[Ints, Ints, Floats], Floats]:
    """Gather the shares of buildings by community: a table of these, pairs, and strays."""
    codes, number = np.unique(homes["community"].to_numpy(object).astype(str), return_inverse=True)
    pairs = pd.DataFrame({"row": row, "column": number[column], "share": share})
    pairs = pairs.groupby(["column", "row"], as_index=False)["share"].sum()
    held = np.bincount(number, strays, minlength=len(codes)).astype(float)
    return (
        pd.DataFrame({"community": codes}, index=codes),
        (pairs["row"].to_numpy(), pairs["column"].to_numpy(), pairs["share"].to_numpy()),
        held,
    )


def _find_doubts(
    row: Ints, column: Ints, share: Floats, buildings: pd.DataFrame, count: int
) -> dict[str, Floats]:
    """Find the building of each sub-grid that says most by being a home or none.

    Returns its ``chance`` (1 where there is none in doubt), and of the sub-grid's
    share of it the households if it is a home (``size``), the variance (``own``)
    and the first household (``share``).
    """
    chance, average, spread = describe_buildings(buildings)
    variance = measure_variance(buildings)[0]
    size = average / np.where(chance > 0, chance, 1.0)
    doubt = np.where(spread < 0, 0.0, chance * (1.0 - chance) * size**2)[row] * share**2
    order = np.lexsort((row, -np.round(doubt, 9), column))
    first = order[np.unique(column[order], return_index=True)[1]]
    first = first[doubt[first] > HAIR]
    out = {"chance": np.ones(count), **{n: np.zeros(count) for n in ("size", "own", "share")}}
    place, building = column[first], row[first]
    out["chance"][place] = chance[building]
    out["size"][place] = share[first] * size[building]
    out["own"][place] = share[first] ** 2 * variance[building]
    out["share"][place] = share[first]
    return out


def _count_strays(plan: Plan, homes: Any) -> Floats:
    """Count the households of stairwells whose building is not in the table."""
    doors = plan.stairwells[~plan.stairwells["building"].isin(plan.site.buildings.index)]
    amount = doors["households"].groupby(doors["subgrid"]).sum().reindex(homes.index)
    return np.asarray(amount.fillna(0.0), float)


def say_chances(exceptions: pd.DataFrame, subgrids: pd.DataFrame) -> pd.DataFrame:
    """Say in exceptions on households what the estimates leave open of the sub-grid.

    Examples
    --------
    >>> row = {"subgrid": "a", "rule": "band", "explanation": "41 households"}
    >>> ranges = {"households_low": 30, "households_high": 55, "chance_in_band": 0.42}
    >>> subgrids = pd.DataFrame(ranges, index=["a"])
    >>> say_chances(pd.DataFrame([row]), subgrids)["explanation"].tolist()
    ['41 households (by estimate: 30 to 55, in band with a chance of 42 %)']
    """
    table = subgrids.reindex(exceptions["subgrid"])
    low, high, chance = (
        table[name].to_numpy(float)
        for name in ("households_low", "households_high", "chance_in_band")
    )
    of_size = exceptions["rule"].isin(SIZE_RULES).to_numpy() & (high > low)
    if not len(exceptions):
        return exceptions
    plain = exceptions["explanation"].str.replace(SAID, "", regex=True)
    texts = [
        f"{text} (by estimate: {a:.0f} to {b:.0f}, in band with a chance of {c:.0%})".replace(
            "%)", " %)"
        )
        if said
        else text
        for text, said, a, b, c in zip(plain, of_size, low, high, chance, strict=True)
    ]
    return exceptions.assign(explanation=pd.Series(texts, exceptions.index, dtype="str"))
