"""Borders led around the buildings that they would cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.geometry.faces import dissolve, find_borders, join_small, polygonise
from gridplan.geometry.holders import find_holders
from gridplan.geometry.tiling import find_holder, gather_parts

HALF = 0.5  # share of a building that pieces must hold, where nobody lives in it, to take it in


def spare_buildings(pieces: Shapes, footprints: Shapes, lived: Bools | None = None) -> Shapes:
    """Lead the borders of pieces around the buildings that they cut.

    Each building goes wholly to the piece that holds most of it, a home also
    where it stands for the most part on no piece. Another building of which
    pieces hold less than half is left out of them.

    All borders are noded once more, together, so that pieces share their
    vertices.

    Parameters
    ----------
    pieces, footprints
        Polygons in one projected CRS in metres.
    lived
        Which of the buildings are homes; all of them if not given.

    Examples
    --------
    >>> halves = shapely.box([0, 50], 0, [50, 100], 40)
    >>> house = shapely.box([45], 10, [53], 20)
    >>> shapely.area(spare_buildings(halves, house)).tolist()
    [2030.0, 1970.0]
    """
    edges = shapely.boundary(pieces)
    rows = np.unique(shapely.STRtree(footprints).query(edges, predicate="crosses")[1])
    cut = footprints[rows]
    faces = polygonise(np.concatenate([edges, shapely.boundary(cut)]))
    xy = shapely.get_coordinates(shapely.point_on_surface(faces))
    label = find_holder(pieces, xy)
    owner = find_holders(cut, pieces)
    if lived is not None:
        left_out = ~lived[rows] & (_measure_held(cut, pieces) < HALF)
        label[np.isin(find_holder(cut, xy), np.flatnonzero(left_out))] = -1
        owner[left_out] = -1
    face, building = shapely.STRtree(cut).query(shapely.points(xy), predicate="intersects")
    held = owner[building] >= 0
    # Backwards, so that of overlapping buildings the first stays.
    label[face[held][::-1]] = owner[building[held]][::-1]
    faces = faces[label >= 0]
    spared = np.asarray(dissolve(faces, _gather_slivers(faces, label[label >= 0])))
    return spared if lived is None else _keep_lived(spared, footprints[lived])


def _keep_lived(pieces: Shapes, homes: Shapes) -> Shapes:
    """Leave out the parts of pieces without a home, which a building left out cut off."""
    parts, of = shapely.get_parts(pieces, return_index=True)
    tree = shapely.STRtree(shapely.point_on_surface(homes))
    held = np.unique(tree.query(parts, predicate="intersects")[0])
    return gather_parts(parts[held], of[held], len(pieces))


def _measure_held(shapes: Shapes, pieces: Shapes) -> Floats:
    """Measure the share of each shape that pieces hold."""
    shape, piece = shapely.STRtree(pieces).query(shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(shapes[shape], pieces[piece]))
    held = np.bincount(shape, common, minlength=len(shapes))
    return np.asarray(held / np.maximum(shapely.area(shapes), 1e-9))


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
