"""Straight cuts through settled land that no street divides."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Shapes
from gridplan.geometry.linework import make_faces

REACH = 1e6  # m, longer than any settlement


def cut_heavy(
    pieces: Shapes, points: Shapes, weight: Floats, most: float, grid: float
) -> tuple[Shapes, int]:
    """Cut pieces that hold too much straight across, and count the cuts.

    Each cut runs through the widest gap between homes near the middle.

    Examples
    --------
    >>> homes = shapely.points([[5, 5], [15, 5], [85, 5], [95, 5]])
    >>> land = shapely.box([0], 0, 100, 10)
    >>> pieces, cuts = cut_heavy(land, homes, np.full(4, 10.0), 20.0, 0.01)
    >>> shapely.area(pieces).tolist(), cuts
    ([500.0, 500.0], 1)
    """
    tree = shapely.STRtree(points)
    light: list[Any] = []
    todo = list(pieces[::-1])
    cuts = 0
    while todo:
        piece = todo.pop()
        inside = tree.query(piece, predicate="intersects")
        inside = np.sort(inside[weight[inside] > 0])
        if weight[inside].sum() <= most or len(inside) < 2:
            light.append(piece)
            continue
        line = draw_across(points[inside], weight[inside])
        parts = make_faces([line], piece, grid)
        if len(parts) < 2:
            light.append(piece)
            continue
        cuts += 1
        todo += list(parts)
    return np.array(light, dtype=object), cuts


def draw_across(points: Any, weight: Floats) -> Any:
    """Draw a line across the long axis of weighted points.

    It lies in the widest gap between two of them near the middle.
    """
    xy = shapely.get_coordinates(points)
    middle = np.average(xy, axis=0, weights=weight)
    # The first principal axis is the direction in which homes are spread farthest.
    axis = np.linalg.svd(np.cov(xy.T, aweights=weight))[0][:, 0]
    order = np.argsort((xy - middle) @ axis, kind="stable")
    along = ((xy - middle) @ axis)[order]
    share = np.cumsum(weight[order]) / weight.sum()
    # Near the middle, so that both sides hold enough to stand alone.
    gap = np.where((share[:-1] > 0.4) & (share[:-1] < 0.6), np.diff(along), -1.0)
    n = (
        int(np.argmax(gap))
        if gap.max() > 0
        else min(int(np.searchsorted(share, 0.5)), len(along) - 2)
    )
    across = np.array([-axis[1], axis[0]]) * REACH
    foot = middle + axis * (along[n] + along[n + 1]) / 2
    return shapely.linestrings([foot - across, foot + across])
