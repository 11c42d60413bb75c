"""Totals of zones shared out to footprints by tobler, in an environment that has it.

Run by benchmarks/households.py: reads shapes and totals, prints the share of each footprint.
"""

import json
import sys

import geopandas as gpd
import shapely
from tobler.area_weighted import area_interpolate


def main() -> None:
    given = json.load(sys.stdin)
    zones = gpd.GeoDataFrame(
        {"households": given["totals"]},
        geometry=shapely.from_wkb([bytes.fromhex(shape) for shape in given["zones"]]),
        crs="EPSG:3857",  # any one in metres
    )
    footprints = gpd.GeoDataFrame(
        geometry=shapely.from_wkb([bytes.fromhex(shape) for shape in given["footprints"]]),
        crs="EPSG:3857",
    )
    shared = area_interpolate(zones, footprints, extensive_variables=["households"])
    json.dump([float(value) for value in shared["households"]], sys.stdout)


if __name__ == "__main__":
    main()
