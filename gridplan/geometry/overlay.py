"""Overlays: how much land the shapes of one layer have in common with those of another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes

COLUMNS = ("first", "second", "common", "share", "alike")
STEP = 1e-6  # m2; a smaller common area is a rounding along a border


def measure_common(first: Shapes, second: Shapes) -> pd.DataFrame:
    """Measure the land that each polygon of one layer has in common with each of another.

    Parameters
    ----------
    first, second
        Valid polygons of both layers in one CRS in metres; missing and empty
        ones meet nothing.

    Returns
    -------
    One row for each pair that has an area in common, sorted by first and
    second: their row numbers, ``common`` in m2, its ``share`` of the smaller
    of the two, and how much they are ``alike``, its share of both together (1:
    the same).

    Examples
    --------
    >>> house, half = shapely.box(0, 0, 10, 10), shapely.box(0, 0, 5, 10)
    >>> other = shapely.box(50, 0, 60, 10)
    >>> measure_common(np.array([house, other]), np.array([half, house])).values.tolist()
    [[0.0, 0.0, 50.0, 1.0, 0.5], [0.0, 1.0, 100.0, 1.0, 1.0]]
    """
    tree = shapely.STRtree(first)
    second_row, first_row = tree.query(second, predicate="intersects")
    one = first[first_row]
    two = second[second_row]
    size_one = shapely.area(one)
    size_two = shapely.area(two)
    # most outlines of two states of a city are the very same, and intersecting is
    # what takes the time
    same = shapely.equals_exact(one, two)
    common = np.where(same, size_one, 0.0)
    common[~same] = shapely.area(shapely.intersection(one[~same], two[~same]))
    # empty shapes divide zero by zero; they have nothing in common and drop out below
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.minimum(common / np.minimum(size_one, size_two), 1.0)
        alike = np.minimum(common / (size_one + size_two - common), 1.0)
    table = pd.DataFrame(
        dict(zip(COLUMNS, (first_row, second_row, common, share, alike), strict=True))
    )
    return table[common > STEP].sort_values(["first", "second"], ignore_index=True)


def choose_greatest(pairs: pd.DataFrame, of: str, by: list[str]) -> pd.DataFrame:
    """Choose for each number in the column ``of`` the pair that is greatest by some columns.

    Of equals the first in order is chosen.

    Examples
    --------
    >>> pairs = pd.DataFrame({"first": [0, 1, 1], "second": [7, 7, 8], "common": [2.0, 3.0, 1.0]})
    >>> choose_greatest(pairs, "second", ["common"])["first"].to_dict()
    {7: 1, 8: 1}
    """
    # Rounded, so that what a library computes in the last digit decides nothing.
    keys = [pairs[column].to_numpy(float).round(6) for column in by]
    order = np.lexsort(
        (np.arange(len(pairs)), *(-key for key in reversed(keys)), pairs[of].to_numpy())
    )
    chosen = pairs.iloc[order]
    return chosen[~chosen[of].duplicated()].set_index(of)


def clip_to_box(shapes: Shapes, box: tuple[float, float, float, float]) -> Shapes:
    """Clip shapes at a box: west, south, east, north.

    The quick way fails on a few shapes; these are cut as any other land.

    Examples
    --------
    >>> clip_to_box(np.array([shapely.box(0, 0, 4, 4)]), (1, 1, 9, 9))[0].bounds
    (1.0, 1.0, 4.0, 4.0)
    """
    try:
        return np.asarray(shapely.clip_by_rect(shapes, *box), dtype=object)
    except shapely.GEOSException:
        cut = shapely.intersection(shapely.make_valid(shapes), shapely.box(*box))
        return np.asarray(cut, dtype=object)
