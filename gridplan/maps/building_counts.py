"""How many buildings stand on the land of each sub-grid, as a tooltip says it."""

from __future__ import annotations

import numpy as np
import shapely

from gridplan.plan import Plan


def count_buildings(plan: Plan) -> list[int]:
    """Count the buildings of each sub-grid: those of its homes, and on other land all there are.

    The table counts homes alone, so that the land of a school has none there.
    """
    table = plan.subgrids
    counts = table["building_count"].to_numpy(np.int64, copy=True)
    others = np.flatnonzero((table["kind"] != "residential").to_numpy())
    if not len(others):
        return list(counts.tolist())
    points = shapely.point_on_surface(plan.site.buildings.geometry.to_numpy())
    tree = shapely.STRtree(points)
    land, _ = tree.query(table.geometry.to_numpy()[others], predicate="intersects")
    counts[others] = np.bincount(land, minlength=len(others))
    return list(counts.tolist())
