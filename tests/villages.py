"""Villages small enough to check by eye."""

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point, box
from shapely.ops import unary_union

from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import conform_table, make_empty

CRS = "EPSG:32650"
# a field near Tangshan
X0 = 500_000.0
Y0 = 4_390_000.0


def make_table(table, rows, crs=CRS):
    """A table of the schema from a list of dictionaries."""
    frame = pd.DataFrame(rows)
    if "geometry" in frame.columns:
        frame = gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)
    return conform_table(table, frame)


def make_site(**tables):
    """A site with the tables given and the others empty."""
    return Site(**({t: make_empty(t, CRS) for t in SITE_TABLES} | tables))


def make_checkerboard(columns=6, rows=2, households=10, step=30.0, kind="urban"):
    """One community of square houses on a board, ``households`` behind each door.

    Houses are 10 m squares, ``step`` apart, named h01, h02 ... row by row from
    the south-west::

        h07 h08 h09 h10 h11 h12
        h01 h02 h03 h04 h05 h06
    """
    cells = [(c, r) for r in range(rows) for c in range(columns)]
    houses = []
    for n, (c, r) in enumerate(cells, 1):
        x = X0 + step * c + step / 2
        y = Y0 + step * r + step / 2
        houses.append(
            {
                "building": f"h{n:02d}",
                "geometry": box(x - 5, y - 5, x + 5, y + 5),
                "residential": True,
                "floors": 1,
                "households_observed": households,
                "households": households,
                "households_low": households,
                "households_high": households,
                "households_origin": "observed",
                "community": "0301",
            }
        )
    outline = box(X0, Y0, X0 + step * columns, Y0 + step * rows)
    communities = [
        {
            "community": "0301",
            "name": "东湖社区",
            "kind": kind,
            "origin": "given",
            "geometry": outline,
        }
    ]
    return make_site(
        buildings=make_table("buildings", houses),
        communities=make_table("communities", communities),
    )


def make_board_plan(part_of=(1, 1, 1, 2, 2, 2) * 2, columns=6, rows=2, step=30.0):
    """The checkerboard drawn by hand: ``part_of`` says which sub-grid each house is in.

    As it stands: two sub-grids of sixty households on the left and the right,
    each of six houses::

        1 1 1 2 2 2
        1 1 1 2 2 2
    """
    site = make_checkerboard(columns, rows, 10, step)
    houses = list(site.buildings.index)
    code = {h: f"0301-{p:03d}" for h, p in zip(houses, part_of, strict=True)}
    doors = [
        {
            "stairwell": f"{h}-1",
            "building": h,
            "community": "0301",
            "community_kind": "urban",
            "door": 1,
            "floor_from": 1,
            "floor_to": 1,
            "climb": 0.0,
            "slice_from": 0.0,
            "slice_to": 1.0,
            "households": 10,
            "subgrid": code[h],
            "geometry": site.buildings.geometry[h].centroid,
        }
        for h in houses
    ]
    pairs = []
    for n in range(len(houses)):
        for m, fits in ((n + 1, (n + 1) % columns != 0), (n + columns, True)):
            if fits and m < len(houses):
                pairs.append(
                    {
                        "pair": f"{len(pairs) + 1}",
                        "focal": f"{houses[n]}-1",
                        "neighbour": f"{houses[m]}-1",
                        "distance": step,
                        "link": "near",
                    }
                )
    where = {
        h: Point(X0 + step * (n % columns) + step / 2, Y0 + step * (n // columns) + step / 2)
        for n, h in enumerate(houses)
    }
    subgrids = []
    for part in sorted(set(code.values())):
        own = [h for h in houses if code[h] == part]
        land = unary_union(
            [
                box(
                    where[h].x - step / 2,
                    where[h].y - step / 2,
                    where[h].x + step / 2,
                    where[h].y + step / 2,
                )
                for h in own
            ]
        )
        metres = {c: sum(10 * where[h].distance(where[c]) for h in own) for c in own}
        centre = min(own, key=lambda c: (round(metres[c], 6), c))
        subgrids.append(
            {
                "subgrid": part,
                "community": "0301",
                "kind": "residential",
                "community_kind": "urban",
                "households": 10 * len(own),
                "low": 50,
                "target": 60,
                "high": 70,
                "in_band": 50 <= 10 * len(own) <= 70,
                "building_count": len(own),
                "stairwell_count": len(own),
                "centre": f"{centre}-1",
                "household_metres": metres[centre],
                "mean_walk": metres[centre] / (10 * len(own)),
                "max_walk": max(where[h].distance(where[centre]) for h in own),
                "area": land.area,
                "pieces": 1,
                "geometry": land,
            }
        )
    rules = Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    manifest = {
        "gridplan": "0.1.0",
        "seed": 0,
        "rules": rules.to_dict(),
        "inputs": {},
        "figures": {},
    }
    return Plan(
        site=site,
        stairwells=make_table("stairwells", doors),
        neighbours=make_table("neighbours", pairs),
        subgrids=make_table("subgrids", subgrids),
        exceptions=make_empty("exceptions"),
        manifest=manifest,
    )
