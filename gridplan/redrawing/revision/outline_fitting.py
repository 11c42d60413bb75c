"""New outlines fitted to those that stay: corners in common, and the faults that are left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.geometry.tiling import match_borders

ADJOINS = 0.001  # m between sub-grids that adjoin


def match_around(
    outlines: pd.Series[Any], staying: Any, grid: float
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Give new outlines and those of the staying sub-grids that they adjoin each other's corners.

    Returns the new outlines, and the outlines around of which some may have
    got corners.

    Examples
    --------
    A line between two new squares ends on the border of a staying one, which
    gets that corner:

    >>> import geopandas as gpd
    >>> new = pd.Series({"a": shapely.box(0, 0, 1, 1), "b": shapely.box(1, 0, 2, 1)})
    >>> above = [shapely.box(0, 1, 2, 2)]
    >>> stays = gpd.GeoDataFrame({"community": ["c"]}, geometry=above, index=["c"])
    >>> shapely.get_num_coordinates(match_around(new, stays, 1e-5)[1].to_numpy()).tolist()
    [6]
    """
    rest = staying[~staying.index.isin(outlines.index)]
    if not len(outlines):
        return outlines, pd.Series(dtype=object)
    shapes = outlines.to_numpy()
    around = rest.geometry.to_numpy()
    # Only these are matched: untouched land far away keeps its bytes.
    near = np.unique(
        shapely.STRtree(around).query(shapes, predicate="dwithin", distance=ADJOINS)[1]
    )
    matched = match_borders(np.concatenate([shapes, around[near]]), 2 * grid)
    return (
        pd.Series(matched[: len(shapes)], index=outlines.index, dtype=object),
        pd.Series(matched[len(shapes) :], index=rest.index[near], dtype=object),
    )


def find_faults(drawn: pd.Series[Any], staying: Any, grid: float) -> list[str]:
    """Find the new outlines that are broken or do not fit with one another and those around."""
    matched, around = match_around(drawn, staying, grid)
    shapes = matched.to_numpy()
    # Edges that do not fit show where outlines overlap or leave a gap.
    wrong = shapely.coverage_invalid_edges(np.concatenate([shapes, around.to_numpy()]))[
        : len(shapes)
    ]
    bad = (shapely.area(shapes) <= 0) | ~shapely.is_valid(shapes) | ~shapely.is_empty(wrong)
    return list(matched.index[bad])
