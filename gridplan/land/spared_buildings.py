"""Borders led around the buildings that they would cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints, Shapes
from gridplan.geometry.faces import dissolve, find_borders, join_small, polygonise
from gridplan.geometry.tiling import find_holder
from gridplan.land.communities import find_holders


def spare_buildings(pieces: Shapes, footprints: Shapes) -> Shapes:
    """Lead the borders of pieces around the buildings that they cut.

    Each building goes wholly to the piece that holds most of it, also where it
    stands half on no piece.

    All borders are noded once more, together, so that pieces share their
    vertices.

    Examples
    --------
    >>> halves = shapely.box([0, 50], 0, [50, 100], 40)
    >>> house = shapely.box([45], 10, [53], 20)
    >>> shapely.area(spare_buildings(halves, house)).tolist()
    [2030.0, 1970.0]
    """
    edges = shapely.boundary(pieces)
    cut = footprints[np.unique(shapely.STRtree(footprints).query(edges, predicate="crosses")[1])]
    faces = polygonise(np.concatenate([edges, shapely.boundary(cut)]))
    xy = shapely.get_coordinates(shapely.point_on_surface(faces))
    label = find_holder(pieces, xy)
    owner = find_holders(cut, pieces)
    face, building = shapely.STRtree(cut).query(shapely.points(xy), predicate="intersects")
    held = owner[building] >= 0
    # Backwards, so that of overlapping buildings the first stays.
    label[face[held][::-1]] = owner[building[held]][::-1]
    faces = faces[label >= 0]
    return np.asarray(dissolve(faces, _gather_slivers(faces, label[label >= 0])))


def _gather_slivers(faces: Any, label: Ints) -> Ints:
    """Give what a building cuts off its piece to the neighbour with the longest border.

    So pieces stay whole.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    borders = find_borders(faces)
    inside = borders[label[borders["left"]] == label[borders["right"]]]
    graph = coo_array(
        (np.ones(len(inside)), (inside["left"], inside["right"])), shape=(len(faces),) * 2
    )
    group = connected_components(graph, directed=False)[1]
    area = pd.Series(shapely.area(faces)).groupby(group).sum()
    owner = pd.Series(label).groupby(group).first()
    # Only the largest group of a piece has weight, so that all others are
    # joined to a neighbour.
    main = area.groupby(owner).transform("max") == area
    ends = np.sort(group[borders[["left", "right"]].to_numpy()], axis=1)
    between = pd.DataFrame({"left": ends[:, 0], "right": ends[:, 1], "length": borders["length"]})
    between = (
        between[ends[:, 0] != ends[:, 1]].groupby(["left", "right"], as_index=False)["length"].sum()
    )
    host = join_small(main.to_numpy(dtype=float), between, 1.0)
    gathered: Ints = owner.to_numpy()[host][group]
    return gathered
