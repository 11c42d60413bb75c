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

Shapes = npt.NDArray[np.object_]

LEAST = 1.0  # m2 of surplus that is worth a cut
THIN = 0.01  # m; what is narrower is a rounding, no land


def return_surplus(outlines: gpd.GeoSeries, lands: gpd.GeoSeries, grid: float) -> gpd.GeoSeries:
    """Cut exclusive grids back to their own land; the rest goes to the neighbour of homes with the longest common border.

    What touches no sub-grid of homes stays, as in a community of works where nobody lives.

    Parameters
    ----------
    outlines
        Outlines that tile the land, by code.
    lands
        The own land of the exclusive grids among them, by code.
    grid
        Precision of outlines, in metres.

    Examples
    --------
    >>> tiles = gpd.GeoSeries({"c-001": shapely.box(0, 0, 4, 4), "c-E001": shapely.box(4, 0, 10, 4)})
    >>> back = return_surplus(tiles, gpd.GeoSeries({"c-E001": shapely.box(7, 0, 10, 4)}), 1e-5)
    >>> back.area.to_dict()
    {'c-001': 28.0, 'c-E001': 12.0}
    """
    own = outlines.reindex(lands.index)
    over = shapely.area(own.to_numpy()) - shapely.area(shapely.intersection(own.to_numpy(), lands.to_numpy())) > LEAST
    kept: dict[str, Any] = {}
    loose: list[Any] = []
    for code in lands.index[over]:
        inner, outer = _cut(own[code], lands[code], grid)
        if len(inner):
            kept[code], loose = shapely.coverage_union_all(inner), [*loose, *((code, face) for face in outer)]
    if not loose:
        return outlines
    faces = np.array([face for _, face in loose], dtype=object)
    homes = outlines[~outlines.index.isin(lands.index)]
    hosts = _find_hosts(faces, homes.to_numpy())
    given = pd.Series(list(faces), dtype=object).groupby(np.where(hosts >= 0, hosts, -1 - np.arange(len(hosts))))
    out = outlines.copy()
    for code, shape in kept.items():
        stays = [face for (c, face), host in zip(loose, hosts, strict=True) if c == code and host < 0]
        out[code] = shapely.normalize(shapely.coverage_union_all([shape, *stays]))
    for host, rows in given:
        if host >= 0:
            out[homes.index[host]] = shapely.normalize(shapely.coverage_union_all([homes.iloc[host], *rows]))
    return gpd.GeoSeries(match_borders(out.to_numpy(), 2 * grid), index=out.index, crs=out.crs)


def _cut(outline: Any, land: Any, grid: float) -> tuple[Shapes, Shapes]:
    """Cut an outline along the edge of its own land: the faces that are kept, and the surplus."""
    lines = shapely.union_all([shapely.boundary(outline), shapely.boundary(land)], grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize([lines]))
    inner = shapely.point_on_surface(faces)
    faces, inner = faces[shapely.intersects(outline, inner)], inner[shapely.intersects(outline, inner)]
    thin = 2 * shapely.area(faces) < THIN * shapely.length(faces)
    own = shapely.intersects(land, inner) | thin
    return faces[own], faces[~own]


def _find_hosts(faces: Shapes, homes: Shapes) -> npt.NDArray[np.int64]:
    """Find the outline that each face goes to, outwards from those that touch one; -1 where none can be reached."""
    near = np.unique(shapely.STRtree(homes).query(faces, predicate="intersects")[1])
    borders = find_borders(np.concatenate([faces, homes[near]]), np.array([], dtype=object))
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
