"""Land that fell to an exclusive grid in drawing goes to the sub-grids of homes beside it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints, Shapes
from gridplan.geometry.faces import find_borders
from gridplan.geometry.tiling import match_borders

LEAST = 1.0  # m2 of surplus that is worth a cut
THIN = 0.01  # m; what is narrower is a rounding, no land


def return_surplus(
    outlines: gpd.GeoSeries, lands: gpd.GeoSeries, community: pd.Series[Any], grid: float
) -> gpd.GeoSeries:
    """Cut exclusive grids back to their own land.

    The rest goes to the neighbour of homes with the longest common border.

    What touches no sub-grid of homes stays, as in a community of works where
    nobody lives.

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
    >>> shapes = {"c-001": shapely.box(0, 0, 4, 4), "c-E001": shapely.box(4, 0, 10, 4)}
    >>> tiles = gpd.GeoSeries(shapes)
    >>> lands = gpd.GeoSeries({"c-E001": shapely.box(7, 0, 10, 4)})
    >>> back = return_surplus(tiles, lands, pd.Series("c", index=tiles.index), 1e-5)
    >>> back.area.to_dict()
    {'c-001': 28.0, 'c-E001': 12.0}
    """
    drawn = outlines.reindex(lands.index).to_numpy()
    over = shapely.area(drawn) - shapely.area(shapely.intersection(drawn, lands.to_numpy())) > LEAST
    codes = lands.index[over]
    faces, of_grid, inner = _cut_at_lands(drawn[over], lands.to_numpy()[over], grid)
    if inner.all():
        return outlines
    # First every grid is cut back to its own land, then the faces cut off find a host.
    kept = outlines.copy()
    kept[codes] = [_join_shapes(faces[inner & (of_grid == n)], grid) for n in range(len(codes))]
    # All together, since a cut ends on borders of sub-grids of homes as well.
    matched = match_borders(np.concatenate([kept.to_numpy(), faces[~inner]]), 2 * grid)
    shapes = matched[: len(kept)]
    faces = matched[len(kept) :]
    loose = codes.to_numpy(object)[of_grid[~inner]]
    homes = np.flatnonzero(~outlines.index.isin(lands.index))
    of = pd.factorize(community.reindex(outlines.index))[0]
    host = find_hosts(faces, of[outlines.index.get_indexer(loose)], shapes[homes], of[homes])
    # A face without a host goes back to the grid that it was cut from.
    receiver = np.where(host >= 0, np.append(homes, -1)[host], outlines.index.get_indexer(loose))
    for row, own_faces in pd.Series(list(faces), dtype=object).groupby(receiver):
        shapes[row] = shapely.normalize(_join_shapes(np.array([shapes[row], *own_faces]), grid))
    return gpd.GeoSeries(shapes, index=outlines.index, crs=outlines.crs)


def _cut_at_lands(outlines: Shapes, lands: Shapes, grid: float) -> tuple[Shapes, Ints, Bools]:
    """Cut outlines along the edges of their own lands.

    All are cut at once, so that neighbours are cut at the same corners.

    Returns the faces, the outline that each lies in, and whether it is kept,
    not surplus.
    """
    lines = shapely.union_all(shapely.boundary(np.concatenate([outlines, lands])), grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize([lines]))
    inner = shapely.point_on_surface(faces)
    of, face = shapely.STRtree(inner).query(outlines, predicate="intersects").reshape(2, -1)
    # A face on the edge of two outlines goes to the first.
    order = np.lexsort((of, face))
    face, first = np.unique(face[order], return_index=True)
    faces = faces[face]
    of = of[order][first]
    inner = inner[face]
    # Slivers stay where they are: as pieces of their own they would be faults.
    thin = 2 * shapely.area(faces) < THIN * shapely.length(faces)
    return faces, of, shapely.intersects(lands[of], inner) | thin


def _join_shapes(shapes: Shapes, grid: float) -> Any:
    """Join shapes that share their corners.

    Where roundings keep them from it, corners move by at most one rounding.
    """
    try:
        return shapely.coverage_union_all(shapes)
    except shapely.GEOSException:
        return shapely.union_all(shapes, grid_size=grid)


def find_hosts(faces: Shapes, of_face: Ints, homes: Shapes, of_home: Ints) -> Ints:
    """Find the outline of its community that each face goes to, -1 where there is none.

    It goes outwards from the faces that touch an outline.
    """
    near = np.unique(shapely.STRtree(homes).query(faces, predicate="intersects")[1])
    borders = find_borders(np.concatenate([faces, homes[near]]))
    of = np.concatenate([of_face, of_home[near]])
    # Land stays in its community.
    borders = borders[of[borders["left"].to_numpy(int)] == of[borders["right"].to_numpy(int)]]
    both = pd.concat(
        [borders, borders.rename(columns={"left": "right", "right": "left"})], ignore_index=True
    )
    # Outwards: faces beside a sub-grid of homes first, then those beside these.
    host = np.concatenate([np.full(len(faces), -1), near]).astype(np.int64)
    while True:
        host_here = host[both["left"].to_numpy(int)]
        host_beside = host[both["right"].to_numpy(int)]
        rows = both[(host_here < 0) & (host_beside >= 0)]
        if rows.empty:
            return host[: len(faces)]
        rows = rows.assign(host=host[rows["right"].to_numpy(int)])
        total = rows.groupby(["left", "host"], as_index=False)["length"].sum()
        # Equal borders must tie, whatever the last bits of their lengths.
        total["length"] = total["length"].round(3)
        best = total.sort_values(
            ["left", "length", "host"], ascending=[True, False, True]
        ).drop_duplicates("left")
        host[best["left"].to_numpy(int)] = best["host"].to_numpy()
