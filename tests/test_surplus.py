"""Surplus land of exclusive grids goes back to the homes beside it."""

import geopandas as gpd
import pandas as pd
import shapely
import shapely.affinity

from gridplan.planning.outlines.exclusive_surplus import return_surplus


def test_neighbouring_exclusive_grids_are_cut_at_the_same_corners():
    def turn(shape):
        return shapely.affinity.rotate(
            shape, 6.567, origin=(0, 0)
        )  # so that no border lies along the grid

    names = ["c-001", "c-E001", "c-E002", "c-E003"]
    tiles = [
        shapely.box(0, -9, 90, 0),
        *(shapely.box(30 * n, 0, 30 * n + 30, 29) for n in range(3)),
    ]
    lands = [shapely.box(30 * n + 3 * n, 4, 30 * n + 30 - n, 26) for n in range(3)]
    outlines = shapely.set_precision(
        gpd.GeoSeries([turn(t) for t in tiles], index=names).to_numpy(), 1e-5
    )
    own = gpd.GeoSeries([turn(t) for t in lands], index=names[1:])
    drawn = return_surplus(
        gpd.GeoSeries(outlines, index=names), own, pd.Series("c", index=names), 1e-5
    )
    assert shapely.coverage_is_valid(drawn.to_numpy())
    assert drawn.area.round(1).to_dict() == {
        "c-001": 90 * 9 + 90 * 29 - 22 * (30 + 26 + 22),
        "c-E001": 660.0,
        "c-E002": 572.0,
        "c-E003": 484.0,
    }
