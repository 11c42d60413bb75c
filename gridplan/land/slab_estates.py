"""Slabs of flats of which only the footprint is known, seen by their shape and their neighbours."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.rules.households import HouseholdRules

# A long building of such a width, in m, is shaped like a slab of flats: rooms along both walls
# (assumption of gridplan, as are the other numbers here).
WIDTHS = (9.0, 20.0)
LENGTH = 2.0  # widths that a slab is long at least
LEAST = 300.0  # m2 of footprint
FLOORS = 4  # floors that a slab has at least
REACH = 100.0  # m within which the others of an estate stand
OTHERS = 4  # slabs of an estate that each of them has near at least
HOUSES = 3  # houses near for each slab near, beyond which a long building is a barn or a hall
BARE_USES = ("", "yes")


def find_slab_shapes(buildings: gpd.GeoDataFrame) -> pd.Series[bool]:
    """Find buildings shaped like slabs, of which neither floors nor height nor use is known.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 60, 12), shapely.box(0, 0, 60, 40)]
    >>> columns = {"floors": np.nan, "height": np.nan, "use": ""}
    >>> find_slab_shapes(gpd.GeoDataFrame(columns, index=["a", "b"], geometry=shapes)).tolist()
    [True, False]
    """
    area = buildings.geometry.area
    half = buildings.geometry.length / 2
    # The sides of a rectangle of such an area and edge; a bent slab is one as good as straight.
    width = (half - np.sqrt(np.maximum(half**2 - 4 * area, 0.0))) / 2
    shaped = width.between(*WIDTHS) & (half - width >= LENGTH * width) & (area > LEAST)
    return shaped & _find_bare(buildings)


def find_slab_estates(buildings: gpd.GeoDataFrame, rules: HouseholdRules) -> pd.Series[bool]:
    """Find the slabs of estates: slab-shaped buildings among others, and not among houses.

    One long building by itself, or between houses, may be a barn, a hall or a
    school; five side by side are flats. Only neighbours of the same community
    count, for communities are independent of one another.
    """
    shaped = find_slab_shapes(buildings).to_numpy(bool)
    slabs = np.flatnonzero(shaped)
    area = buildings.geometry.area.to_numpy()
    small = ~shaped & (area >= rules.smallest) & (area <= LEAST)
    houses = np.flatnonzero(small & _find_bare(buildings).to_numpy(bool))
    slab_near = _count_near(buildings, slabs, slabs) - 1
    house_near = _count_near(buildings, slabs, houses)
    estate = np.zeros(len(buildings), bool)
    estate[slabs[(slab_near >= OTHERS) & (house_near <= HOUSES * slab_near)]] = True
    return pd.Series(estate, index=buildings.index)


def _find_bare(buildings: gpd.GeoDataFrame) -> pd.Series[bool]:
    words = buildings["use"].str.lower().isin(BARE_USES)
    return words & buildings["floors"].isna() & buildings["height"].isna()


def _count_near(buildings: gpd.GeoDataFrame, of: Any, others: Any) -> Any:
    """Count the other buildings of the same community near each; int64[len(of)]."""
    shapes = buildings.geometry.to_numpy()
    one, other = shapely.STRtree(shapes[others]).query(
        shapes[of], predicate="dwithin", distance=REACH
    )
    community = buildings["community"].to_numpy(dtype=object)
    same = community[of[one]] == community[others[other]]
    return np.bincount(one[same], minlength=len(of))
