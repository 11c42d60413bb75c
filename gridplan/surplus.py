"""Surplus: land that fell to an exclusive grid when outlines were drawn, given to the sub-grids of homes beside it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridplan.faces import find_borders
from gridplan.tiling import match_borders

Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

LEAST = 1.0  # m2 of surplus that is worth a cut
THIN = 0.01  # m; what is narrower is a rounding, no land


def return_surplus(outlines: gpd.GeoSeries, lands: gpd.GeoSeries, community: pd.Series[Any], grid: float) -> gpd.GeoSeries:
    """Cut exclusive grids back to their own land; the rest goes to the neighbour of homes with the longest common border.

    What touches no sub-grid of homes stays, as in a community of works where nobody lives.

    Parameters
    ----------
    outlines
        Outlines that tile the land, by code.
    lands
        The own land of the exclusive grids among them, by code.
    community
        The community of each outline, by code; land stays in its community.
    grid
        Precision of outlines, in metres.

    Examples
    --------
    >>> tiles = gpd.GeoSeries({"c-001": shapely.box(0, 0, 4, 4), "c-E001": shapely.box(4, 0, 10, 4)})
    >>> lands = gpd.GeoSeries({"c-E001": shapely.box(7, 0, 10, 4)})
    >>> back = return_surplus(tiles, lands, pd.Series("c", index=tiles.index), 1e-5)
    >>> back.area.to_dict()
    {'c-001': 28.0, 'c-E001': 12.0}
    """
    own = outlines.reindex(lands.index)
    over = shapely.area(own.to_numpy()) - shapely.area(shapely.intersection(own.to_numpy(), lands.to_numpy())) > LEAST
    cut = [_cut(own[code], lands[code], grid) for code in lands.index[over]]
    loose = np.repeat(lands.index[over].to_numpy(object), [len(outer) for _, outer in cut])
    if not len(loose):
        return outlines
    kept = outlines.copy()
    for code, (inner, _) in zip(lands.index[over], cut, strict=True):
        kept[code] = shapely.coverage_union_all(inner) if len(inner) else shapely.Polygon()
    matched = match_borders(np.concatenate([kept.to_numpy(), *(outer for _, outer in cut)]), 2 * grid)
    shapes, faces = matched[: len(kept)], matched[len(kept) :]
    homes = np.flatnonzero(~outlines.index.isin(lands.index))
    of = pd.factorize(community.reindex(outlines.index))[0]
    host = _find_hosts(faces, of[outlines.index.get_indexer(loose)], shapes[homes], of[homes])
    receiver = np.where(host >= 0, np.append(homes, -1)[host], outlines.index.get_indexer(loose))
    for row, own_faces in pd.Series(list(faces), dtype=object).groupby(receiver):
        shapes[row] = shapely.normalize(shapely.coverage_union_all([shapes[row], *own_faces]))
    return gpd.GeoSeries(shapes, index=outlines.index, crs=outlines.crs)


def _cut(outline: Any, land: Any, grid: float) -> tuple[Shapes, Shapes]:
    """Cut an outline along the edge of its own land: the faces that are kept, and the surplus."""
    lines = shapely.union_all([shapely.boundary(outline), shapely.boundary(land)], grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize([lines]))
    inner = shapely.point_on_surface(faces)
    faces, inner = faces[shapely.intersects(outline, inner)], inner[shapely.intersects(outline, inner)]
    thin = 2 * shapely.area(faces) < THIN * shapely.length(faces)
    own = shapely.intersects(land, inner) | thin
    return faces[own], faces[~own]


def _find_hosts(faces: Shapes, of_face: Ints, homes: Shapes, of_home: Ints) -> Ints:
    """Find the outline of its community that each face goes to, outwards from those that touch one; -1 where there is none."""
    near = np.unique(shapely.STRtree(homes).query(faces, predicate="intersects")[1])
    borders = find_borders(np.concatenate([faces, homes[near]]), np.array([], dtype=object))
    of = np.concatenate([of_face, of_home[near]])
    borders = borders[of[borders["left"].to_numpy(int)] == of[borders["right"].to_numpy(int)]]
    both = pd.concat([borders, borders.rename(columns={"left": "right", "right": "left"})], ignore_index=True)
    host = np.concatenate([np.full(len(faces), -1), near]).astype(np.int64)
    while True:
        left, right = host[both["left"].to_numpy(int)], host[both["right"].to_numpy(int)]
        rows = both[(left < 0) & (right >= 0)]
        if rows.empty:
            return host[: len(faces)]
        rows = rows.assign(host=host[rows["right"].to_numpy(int)])
        total = rows.groupby(["left", "host"], as_index=False)["length"].sum()
        total["length"] = total["length"].round(3)
        best = total.sort_values(["left", "length", "host"], ascending=[True, False, True]).drop_duplicates("left")
        host[best["left"].to_numpy(int)] = best["host"].to_numpy()
