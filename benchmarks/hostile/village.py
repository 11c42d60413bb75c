"""The small sound village that every hostile input is a spoilt copy of."""

import shutil
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:4548"
WEST, SOUTH = 601_200.0, 4_388_000.0  # in Tangshan
HOUSES = 24
HOUSEHOLDS = 10
# Verbs that look at a file of buildings.
CHECK = ("check", "{}", "--ledger")


def place(x, y):
    return (WEST + x, SOUTH + y)


def box(x, y, width=12.0, depth=10.0):
    return shapely.box(*place(x, y), *place(x + width, y + depth))


@cache
def _make_buildings():
    rows = range(HOUSES)
    shapes = [box(20 + 40 * (n % 6), 20 + 40 * (n // 6)) for n in rows]
    table = {
        "building": [f"B{n:02}" for n in rows],
        "building_name": [f"{n} 号楼" for n in rows],
        "floors": 6.0,
        "height": 18.0,
        "stairwell_count": 1.0,
        "households_observed": float(HOUSEHOLDS),
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)


def make_buildings():
    """Make 24 houses of 10 households each."""
    return _make_buildings().copy()


def make_communities():
    """Make two communities, the west and the east half of the houses."""
    shapes = [box(120 * n, 0, 120, 160) for n in range(2)]
    rows = {"community": ["0301", "0302"], "name": ["西社区", "东社区"], "kind": "urban"}
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS)


def make_csv():
    """Make the houses as a table of texts with longitude and latitude."""
    table = make_buildings()
    points = table.geometry.centroid.to_crs(4326)
    rows = pd.DataFrame(table.drop(columns="geometry"))
    return rows.assign(lon=points.x, lat=points.y).astype(str)


def make_plan(folder):
    """Draw the plan of the village and write it twice: as GeoPackage and as GeoParquet."""
    import gridplan as gp

    crs = {"crs": CRS}
    points = [shapely.Point(*place(60, 60)), shapely.Point(*place(180, 60))]
    bodies = {"institution": ["I1", "I2"], "kind": "organ", "party_members": [9.0, 12.0]}
    counted = [
        {"level": "community", "of": of, "measure": measure, "value": value}
        for of in ("0301", "0302")
        for measure, value in (("party_members_full", 30.0), ("volunteers", 12.0))
    ]
    site = gp.read_site(
        make_buildings(),
        communities=make_communities(),
        institutions=gpd.GeoDataFrame(bodies, geometry=points, **crs),
        counts=pd.DataFrame(counted),
    )
    plan = gp.staff(gp.organise(gp.divide(site, seed=1)))
    plan = gp.pair(plan)
    make_buildings().to_parquet(folder / "buildings.parquet")
    make_communities().to_parquet(folder / "communities.parquet")
    gp.write_plan(plan, folder / "plan-gpkg", format="gpkg")
    gp.write_plan(plan, folder / "plan-parquet", format="parquet")


class Kept:
    """Where the sound plans are, once they are drawn."""

    folder = Path()


def copy_plan(folder, form="gpkg"):
    """Copy the village's plan into a folder, under the name ``plan``."""
    shutil.copytree(Kept.folder / f"plan-{form}", folder / "plan")
    return folder / "plan"


def rng_of(seed):
    return np.random.default_rng(seed)
