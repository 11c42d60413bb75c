"""How unsure the households of buildings are, and what of it is alike in many of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints

WIDE = 3.29  # standard deviations from the 5 % to the 95 % quantile of a normal
PLACE_ODDS = 0.7  # spread between places of the log odds that a building is a home


def describe_buildings(buildings: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Find the chance of a home, the mean and the spread of each building's households.

    The spread is -1 where the number is known. Tables that have none of it,
    such as those made by hand, are judged by their range.
    """
    known, low, high = (
        buildings[name].to_numpy(float)
        for name in ("households", "households_low", "households_high")
    )
    mean = buildings["households_mean"].to_numpy(float)
    chance = buildings["home_chance"].to_numpy(float)
    spread = buildings["households_spread"].to_numpy(float)
    bare = np.isnan(mean)
    beyond = np.maximum(known - 1.0, 1e-9)
    variance = (np.maximum(high - low, 0.0) / WIDE) ** 2
    by_range = np.sqrt(np.maximum(variance - beyond, 0.0)) / beyond
    sure = (bare & (high <= low)) | (~bare & (spread == 0) & ((chance == 0) | (chance == 1)))
    mean = np.where(bare | sure, known, mean)
    chance = np.where(bare, np.minimum(1.0, known), chance)
    spread = np.where(bare, np.minimum(by_range, 3.0), spread)
    # without a spread it is the number itself
    return chance, mean, np.where(sure, -1.0, spread)


def measure_variance(buildings: pd.DataFrame) -> tuple[Floats, Floats]:
    """Measure the variance of each building's households, and the share that can be alike.

    How large flats are, and how many buildings are homes at all, is alike in
    a place; whether one house among many holds a second household is not.

    Returns
    -------
    Variance float64[n] in households squared, 0 where the number is known, and
    the share float64[n] in which buildings can be alike.
    """
    chance, mean, spread = describe_buildings(buildings)
    known = spread < 0
    size = mean / np.where(chance > 0, chance, 1.0)
    second = np.maximum(size - 1.0, 0.0)
    unsure = chance * (1.0 - chance)
    alike = chance * (second * spread) ** 2 + (PLACE_ODDS * unsure * size) ** 2
    whole = chance * (second + (second * spread) ** 2) + unsure * size**2
    bare = buildings["households_mean"].isna().to_numpy()
    share = np.where(bare, 1.0, alike / np.where(whole > 0, whole, 1.0))
    return np.where(known, 0.0, whole), np.asarray(np.clip(share, 0.0, 1.0))


def find_shares(
    stairwells: pd.DataFrame, buildings: pd.DataFrame, subgrids: Any
) -> tuple[Ints, Ints, Floats]:
    """Find which share of each building's households each sub-grid holds.

    A building with stairwells is shared out as its households are. One that
    was taken for no home, but may be one, is where it stands: in the sub-grid
    of its community whose land it is on, or that looks after that land.

    Returns
    -------
    Rows of ``buildings``, rows of the residential sub-grids in order of code,
    and shares, each an array of the pairs, sorted.
    """
    codes = subgrids.index[(subgrids["kind"] == "residential").to_numpy()].sort_values()
    column = codes.get_indexer(pd.Index(stairwells["subgrid"]))
    row = buildings.index.get_indexer(pd.Index(stairwells["building"]))
    kept = (column >= 0) & (row >= 0)
    known = buildings["households"].to_numpy(float)
    doors = pd.DataFrame(
        {
            "row": row[kept],
            "column": column[kept],
            "share": stairwells["households"].to_numpy(float)[kept]
            / np.maximum(known[row[kept]], 1e-9),
        }
    )
    doors = doors.groupby(["row", "column"], as_index=False)["share"].sum()
    mean = buildings["households_mean"].fillna(0.0).to_numpy(float)
    idle = (mean > 0) & (known == 0)
    idle[row[row >= 0]] = False
    rows, columns = _place_buildings(buildings, np.flatnonzero(idle), subgrids, codes)
    return (
        np.concatenate([doors["row"].to_numpy(np.int64), rows]),
        np.concatenate([doors["column"].to_numpy(np.int64), columns]),
        np.concatenate([doors["share"].to_numpy(float), np.ones(len(rows))]),
    )


def _place_buildings(
    buildings: Any, rows: Ints, subgrids: Any, codes: pd.Index[Any]
) -> tuple[Ints, Ints]:
    """Find the sub-grid of homes that some buildings stand in or are looked after by."""
    carer = subgrids["responsible"].where(subgrids["kind"] == "open", "")
    carer = carer.where(subgrids["kind"] != "residential", subgrids.index.to_series())
    column = codes.get_indexer(pd.Index(carer))
    shapes = subgrids.geometry.to_numpy()
    inner = shapely.centroid(buildings.geometry.to_numpy()[rows])
    which, place = shapely.STRtree(shapes).query(inner, predicate="intersects")
    own = buildings["community"].to_numpy(object)[rows][which]
    # within its community, as communities are drawn apart from one another
    fits = (subgrids["community"].to_numpy(object)[place] == own) & (column[place] >= 0)
    pairs = pd.DataFrame({"row": rows[which[fits]], "column": column[place[fits]]})
    # on a border: the first by code
    first = pairs.groupby("row")["column"].min()
    return first.index.to_numpy(np.int64), first.to_numpy(np.int64)
