"""What a robust division prices: the households outside the band that estimates lead to expect."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.stats import gamma

from gridplan.arrays import Floats
from gridplan.land.household_errors import describe_buildings, measure_variance
from gridplan.land.total_groups import find_grouped
from gridplan.rules.all_rules import Rules
from gridplan.rules.band import Band
from gridplan.site import Site

DIGITS = 4
WIDTH = 3  # the table reaches so many times the upper limit; beyond, all more are outside


def expect_outside(site: Site, stairwells: gpd.GeoDataFrame, rules: Rules) -> dict[str, Floats]:
    """Expect the households outside the band of a part, by the number that is estimated.

    In each community a part is taken to be as unsure as its homes are on
    average: a variance in proportion to its households, and one in proportion
    to their square for the errors that neighbours share. Communities whose
    households are all counted have no table.

    Returns
    -------
    By community float64[m]: at number w what is expected of a part of w
    households.
    """
    # those that may be homes are somebody's too, so all buildings of a community count
    buildings = site.buildings
    average = describe_buildings(buildings)[1]
    variance, alike = measure_variance(buildings)
    shared = rules.simulation.error_shared
    near = min(rules.simulation.error_near, 1.0 - shared)
    settled = find_grouped(site, rules.households.total)
    parts = pd.DataFrame(
        {
            "households": buildings["households"].to_numpy(float),
            "mean": average,
            "alone": variance * (1.0 - alike * (shared + near)),
            # what all of a total share is settled by it
            "alike": np.sqrt(variance * alike) * ~settled,
        },
        index=buildings["community"].to_numpy(object),
    )
    sums = parts.groupby(level=0).sum().reindex(sorted(set(stairwells["community"])))
    kinds = stairwells.groupby("community")["community_kind"].first()
    tables = {}
    for row in sums[sums["alone"] > 0].itertuples():
        households = max(float(row.households), 1.0)
        own, common = float(row.alone) / households, float(row.alike) / households
        band = rules.find_band(str(kinds[row.Index]))
        ratio = float(row.mean) / households
        tables[str(row.Index)] = _tabulate(band, ratio, own, (shared + near) * common**2)
    return tables


def _tabulate(band: Band, ratio: float, own: float, common: float) -> Floats:
    """Tabulate the expected households outside a band, for a gamma distribution of each number.

    Examples
    --------
    Without any doubt it is the distance from the band:

    >>> table = _tabulate(Band(20, 30, 40), 1.0, 0.0, 0.0)
    >>> table[[10, 20, 40, 45]].tolist()
    [10.0, 0.0, 0.0, 5.0]

    With a standard deviation of a fifth, 30 households are 0.2 outside on
    average, and 38 are 2:

    >>> table = _tabulate(Band(20, 30, 40), 1.0, 0.0, 0.04)
    >>> table[[30, 38]].round(1).tolist()
    [0.2, 2.0]
    """
    number = np.arange(WIDTH * band.high + 1, dtype=float)
    mean = np.maximum(number * ratio, 1e-9)
    variance = np.maximum(own * number + common * number**2, 1e-9)
    shape, scale = mean**2 / variance, variance / mean
    # E max(0, S - h) and E max(0, l - S), by the gamma distribution of one shape more
    low, high = band.low - 0.5, band.high + 0.5
    over = mean * gamma.sf(high, shape + 1.0, scale=scale) - high * gamma.sf(
        high, shape, scale=scale
    )
    under = low * gamma.cdf(low, shape, scale=scale) - mean * gamma.cdf(
        low, shape + 1.0, scale=scale
    )
    outside = np.maximum(over, 0.0) + np.maximum(under, 0.0)
    certain = variance <= 1e-6 * np.maximum(number, 1.0)
    exact = np.maximum.reduce([np.zeros(len(number)), band.low - mean, mean - band.high])
    return np.asarray(np.round(np.where(certain, exact, outside), DIGITS))
