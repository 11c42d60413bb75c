"""Faces: linework cut into faces that tile the plane, their borders, larger faces."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.geometry.cell_joining import measure_borders

GRID = 0.01  # m, the grid that linework is noded on


def polygonise(lines: Any) -> Any:
    """Cut the plane along lines into faces, ordered from west to east; dead ends fall away.

    Examples
    --------
    >>> cross = [shapely.box(0, 0, 4, 2).boundary, shapely.linestrings([[1, -1], [1, 3]])]
    >>> shapely.area(polygonise(cross)).tolist()
    [2.0, 6.0]
    """
    faces = shapely.normalize(
        shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=GRID)]))
    )
    # GEOS promises no order of faces; sorted by place, their numbers do not
    # depend on its version
    x, y = shapely.get_coordinates(shapely.point_on_surface(faces)).T
    return faces[np.lexsort((y, x))]


def sum_inside(faces: Any, points: Any, weight: Floats) -> Floats:
    """Add up the weights of the points in each face; on a border the first face counts.

    Examples
    --------
    >>> points = shapely.points([[1, 0.5], [1.5, 0.5]])
    >>> sum_inside(shapely.box([0, 1], 0, [1, 2], 1), points, np.array([3.0, 4.0])).tolist()
    [3.0, 4.0]
    """
    face, point = shapely.STRtree(points).query(faces, predicate="intersects")
    # a point on a border is in the pairs once for each face: the stable order makes
    # the first of them the one that np.unique keeps
    order = np.argsort(face, kind="stable")
    point, first = np.unique(point[order], return_index=True)
    return np.bincount(face[order][first], weights=weight[point], minlength=len(faces)).astype(
        np.float64
    )


def find_borders(faces: Any) -> pd.DataFrame:
    """Measure the common border of each pair of faces, in metres.

    The faces must come from one noded linework, so that neighbours share their
    vertices. Columns: left, right, length.

    Examples
    --------
    >>> find_borders(shapely.box([0, 1], 0, [1, 2], 5)).to_numpy().tolist()
    [[0.0, 1.0, 5.0]]
    >>> two = shapely.multipolygons([shapely.box(1, 0, 2, 5), shapely.box(9, 0, 10, 5)])
    >>> find_borders(np.array([shapely.box(0, 0, 1, 5), two])).to_numpy().tolist()
    [[0.0, 1.0, 5.0]]
    """
    borders = measure_borders(faces, []).drop(columns="counted")
    return borders.set_axis(["left", "right", "length"], axis="columns")


def join_small(weight: Floats, borders: pd.DataFrame, least: float) -> Ints:
    """Join faces, the lightest first, to the longest border until all weigh enough.

    Returns the label of each face: the number of the face that it was joined
    to, or its own.

    Examples
    --------
    >>> row = pd.DataFrame({"left": [0, 1], "right": [1, 2], "length": [5.0, 9.0]})
    >>> join_small(np.array([6.0, 1.0, 7.0]), row, 5).tolist()
    [0, 2, 2]
    """
    near: list[dict[int, float]] = [{} for _ in weight]
    for one, two, length in borders.itertuples(index=False):
        near[one][two] = near[two][one] = length
    mass = weight.tolist()
    label = np.arange(len(weight))
    queue = [(w, n) for n, w in enumerate(mass) if w < least]
    heapq.heapify(queue)
    while queue:
        w, face = heapq.heappop(queue)
        if w != mass[face] or not near[face]:
            continue  # it has grown or gone since, or stands alone
        # rounded, so that equal borders go by number on every machine
        host = max(near[face], key=lambda other: (round(near[face][other], 3), -other))
        for other, length in near[face].items():
            del near[other][face]
            if other != host:
                # the host takes over the borders of the face that it swallows
                near[host][other] = near[other][host] = near[host].get(other, 0.0) + length
        near[face] = {}
        mass[face] = -1.0
        mass[host] += w
        label[face] = host
        if mass[host] < least:
            heapq.heappush(queue, (mass[host], host))
    # a host may have been joined itself: follow until nothing changes
    while (label[label] != label).any():
        label = label[label]
    return label


def dissolve(faces: Any, labels: Ints) -> Any:
    """Merge faces with equal labels from one noded linework; sorted by label.

    Examples
    --------
    >>> faces = shapely.box([0, 1, 2], 0, [1, 2, 3], 5)
    >>> shapely.area(dissolve(faces, np.array([7, 7, 4]))).tolist()
    [5.0, 10.0]
    """
    order = np.argsort(labels, kind="stable")
    groups = np.split(faces[order], np.flatnonzero(np.diff(labels[order])) + 1)
    # a coverage union only cancels shared edges, so it is exact and needs no tolerance
    return shapely.normalize(
        np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)
    )
