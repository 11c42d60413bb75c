"""Doubles: buildings that stand more than once in a file, and what becomes of their counts.

Layers are often put together from several, or hold a row for each flat at the
place of its building. A row without counts that repeats the outline of another
is left out. A row that counts households or people is never dropped: its
counts are added to the building that stays.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints
from gridplan.tables.codes import describe_rows
from gridplan.tables.ledger import COUNTED, name_households

SAME_STEP = 1e-3  # m, shapes that are the same to this are doubles
# Share of two outlines' union that both cover, from which on they are one building:
# outlines of two sources are some decimetres aside, neighbours share next to nothing.
NEARLY = 0.7

MANY = 10  # buildings under one outline from which on it is the outline of no building
NEAR = "nearly the same outline as another building"
TWICE = "nearly the same outline as another building, and both count: perhaps counted twice"
COVERS = "an outline over many buildings, and so of none"
# What is said on the screen, since it changes how many households there are.
SAID = (NEAR, TWICE, COVERS)

Mark = tuple[str, str, "pd.Index[Any]"]  # what was done, why, to which rows


def join_doubles(buildings: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Mark]]:
    """Leave one building of each outline, with the counts of all rows that share it.

    Of several rows the one that says most stays, of equals the lowest in the
    order of their texts, so that the order of rows does not matter.

    Returns
    -------
    The buildings that stay, and what was done to the rows that do not.
    """
    first = _find_first(buildings)
    again = first.index[first != first.index]
    sums = pd.DataFrame(buildings[list(COUNTED)]).groupby(first).sum(min_count=1)
    counts = buildings.loc[again, list(COUNTED)].notna().any(axis=1)
    stay = buildings.drop(index=again)
    stay = stay.assign(**{column: sums[column].reindex(stay.index) for column in COUNTED})
    added = again[counts.to_numpy()]
    marks: list[Mark] = [
        ("dropped", "same shape as another building", again[~counts.to_numpy()]),
        (
            "joined",
            f"same shape as another building: their counts are added to it"
            f"{name_households(buildings.loc[added])}",
            added,
        ),
    ]
    near, counted = _find_near(stay)
    marks.append(("dropped", NEAR, near))
    said = name_households(buildings.loc[counted])
    marks.append(("noted", f"{TWICE}{said}", counted))
    over = _find_covers(stay.drop(index=near))
    marks.append(("dropped", COVERS, over))
    return stay.drop(index=near).drop(index=over), marks


def _find_covers(buildings: gpd.GeoDataFrame) -> pd.Index[Any]:
    """Find outlines without counts that lie over many buildings: of a quarter, and no house."""
    shapes = buildings.geometry.to_numpy()
    middles = shapely.point_on_surface(shapes)
    # only what is larger than many houses together can lie over them
    area = shapely.area(shapes)
    large = np.flatnonzero(area > MANY * np.median(area)) if len(area) else np.zeros(0, np.int64)
    outer, inner = shapely.STRtree(middles).query(shapes[large], predicate="contains")
    others = large[outer] != inner
    held = np.bincount(outer[others], minlength=len(large))
    plain = buildings.iloc[large][list(COUNTED)].isna().all(axis=1).to_numpy()
    over = (held >= MANY) & ((held >= 3 * MANY) | (2 * held > len(shapes))) & plain
    return buildings.index[large[over]]


def _find_first(buildings: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Find for each row the row of the same shape that stays, which may be itself."""
    # rounded and normalised: the same outline, from whatever corner it is drawn
    rounded = shapely.transform(
        buildings.geometry.to_numpy(), lambda c: np.round(c / SAME_STEP) * SAME_STEP
    )
    shape = pd.Series(
        shapely.to_wkb(shapely.normalize(rounded), hex=True), index=buildings.index, dtype="str"
    )
    twins = shape[shape.duplicated(keep=False)]
    order = _order_rows(buildings, twins.index).assign(shape=twins)
    order = order.sort_values(["shape", "silent", "text"])
    first = pd.Series(buildings.index, index=buildings.index)
    stays = pd.Series(order.index, index=order.index).groupby(order["shape"]).transform("first")
    first.loc[stays.index] = stays
    return first


def _order_rows(buildings: gpd.GeoDataFrame, rows: Any) -> pd.DataFrame:
    """Say of some rows how many cells are empty, and all that they say as one text."""
    words = pd.DataFrame(buildings.drop(columns="geometry")).loc[rows]
    silent = (words.isna() | (words == "").fillna(False)).sum(axis=1)
    return pd.DataFrame({"silent": silent, "text": describe_rows(words)})


def _find_near(buildings: gpd.GeoDataFrame) -> tuple[pd.Index[Any], pd.Index[Any]]:
    """Find rows whose outline nearly covers that of a row that says more.

    Returns those without counts, and those that count too and may be counted twice.
    """
    shapes = buildings.geometry.to_numpy()
    first, second = _list_overlaps(shapes)
    if not len(first):
        return buildings.index[:0], buildings.index[:0]
    rows = np.unique(np.r_[first, second])
    order = _order_rows(buildings, buildings.index[rows])
    counted = buildings.iloc[rows][list(COUNTED)].notna().any(axis=1)
    # Rows that count come first and are never dropped; then those that say most.
    order = order.assign(plain=~counted.to_numpy(), row=rows)
    order = order.sort_values(["plain", "silent", "text"])
    rank = pd.Series(np.arange(len(order)), index=order["row"])
    later = np.where(rank[first].to_numpy() > rank[second].to_numpy(), first, second)
    is_plain = order.set_index("row")["plain"]
    plain = is_plain[later].to_numpy(bool)
    return buildings.index[np.unique(later[plain])], buildings.index[np.unique(later[~plain])]


def _list_overlaps(shapes: Any) -> tuple[Ints, Ints]:
    """List the pairs of outlines that share at least ``NEARLY`` of their union."""
    first, second = shapely.STRtree(shapes).query(shapes)
    once = first < second
    first = first[once]
    second = second[once]
    area = shapely.area(shapes)
    # Boxes are compared before outlines are cut, as nearly all pairs only touch.
    alike = np.minimum(area[first], area[second]) >= NEARLY * np.maximum(area[first], area[second])
    first = first[alike]
    second = second[alike]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    near = shared >= NEARLY * (area[first] + area[second] - shared)
    return first[near], second[near]
