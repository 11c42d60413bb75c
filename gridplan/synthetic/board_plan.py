"""A board of houses small enough to check by eye: one community, and a plan drawn by hand.

Examples and tests build on it, since nothing in it takes time and every figure
can be found with a pencil.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point, box
from shapely.ops import unary_union

from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import conform_table, make_empty

CRS = "EPSG:32650"
# a field near Tangshan, in metres, so that the board has the coordinates of a real site
X0 = 500_000.0
Y0 = 4_390_000.0
COMMUNITY = "0301"
BEHIND_A_DOOR = 10  # households of a house on the board of a plan
BAND = {"low": 50, "target": 60, "high": 70}


def make_table(table: str, rows: Iterable[Mapping[str, Any]], crs: Any = CRS) -> Any:
    """Make a table of the schema from a list of dictionaries."""
    frame = pd.DataFrame(rows)
    if "geometry" in frame.columns:
        frame = gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)
    return conform_table(table, frame)


def make_site(**tables: Any) -> Site:
    """Make a site with the tables given and the others empty."""
    return Site(**({t: make_empty(t, CRS) for t in SITE_TABLES} | tables))


def make_checkerboard(
    columns: int = 6, rows: int = 2, households: int = 10, step: float = 30.0, kind: str = "urban"
) -> Site:
    """Make one community of square houses on a board, ``households`` behind each door.

    Houses are 10 m squares, ``step`` apart, named h01, h02 ... row by row from
    the south-west::

        h07 h08 h09 h10 h11 h12
        h01 h02 h03 h04 h05 h06

    Examples
    --------
    >>> make_checkerboard().buildings["households"].sum()
    np.int64(120)
    """
    houses = []
    for number in range(columns * rows):
        middle = _place_house(number, columns, step)
        houses.append(
            {
                "building": _name_house(number),
                "geometry": box(middle.x - 5, middle.y - 5, middle.x + 5, middle.y + 5),
                "residential": True,
                "floors": 1,
                "households_observed": households,
                "households": households,
                "households_low": households,
                "households_high": households,
                "households_origin": "observed",
                "community": COMMUNITY,
            }
        )
    community = {
        "community": COMMUNITY,
        "name": "东湖社区",
        "kind": kind,
        "origin": "given",
        "geometry": box(X0, Y0, X0 + step * columns, Y0 + step * rows),
    }
    return make_site(
        buildings=make_table("buildings", houses),
        communities=make_table("communities", [community]),
    )


def make_board_plan(
    part_of: Sequence[int] = (1, 1, 1, 2, 2, 2) * 2,
    columns: int = 6,
    rows: int = 2,
    step: float = 30.0,
) -> Plan:
    """Make the board's plan by hand: ``part_of`` says which sub-grid each house is in.

    By default two sub-grids of sixty households on the left and the right,
    each of six houses::

        1 1 1 2 2 2
        1 1 1 2 2 2

    Examples
    --------
    >>> make_board_plan().subgrids["households"].to_dict()
    {'0301-001': 60, '0301-002': 60}
    """
    site = make_checkerboard(columns, rows, BEHIND_A_DOOR, step)
    code_of = {
        house: f"{COMMUNITY}-{part:03d}"
        for house, part in zip(site.buildings.index, part_of, strict=True)
    }
    # all were counted
    everyone = float(BEHIND_A_DOOR * len(code_of))
    ends = {"households_low": everyone, "households_high": everyone}
    site = site.replace(communities=site.communities.assign(**ends))
    middles = {house: _place_house(n, columns, step) for n, house in enumerate(code_of)}
    return Plan(
        site=site,
        stairwells=make_table("stairwells", _list_stairwells(site, code_of)),
        neighbours=make_table("neighbours", _list_neighbours(list(code_of), columns, step)),
        subgrids=make_table(
            "subgrids",
            [
                _list_subgrid(code, [h for h in code_of if code_of[h] == code], middles, step)
                for code in sorted(set(code_of.values()))
            ],
        ),
        exceptions=make_empty("exceptions"),
        manifest={
            "gridplan": "0.1.0",
            "seed": 0,
            "rules": Rules().replace(urban=BAND).to_dict(),
            "inputs": {},
            "figures": {},
        },
    )


def _name_house(number: int) -> str:
    return f"h{number + 1:02d}"


def _place_house(number: int, columns: int, step: float) -> Point:
    """Find the middle of a house's square."""
    row, column = divmod(number, columns)
    return Point(X0 + step * column + step / 2, Y0 + step * row + step / 2)


def _list_stairwells(site: Site, code_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """List one stairwell behind the door of each house."""
    return [
        {
            "stairwell": f"{house}-1",
            "building": house,
            "community": COMMUNITY,
            "community_kind": "urban",
            "door": 1,
            "floor_from": 1,
            "floor_to": 1,
            "climb": 0.0,
            "slice_from": 0.0,
            "slice_to": 1.0,
            "households": BEHIND_A_DOOR,
            "subgrid": code,
            "geometry": site.buildings.geometry[house].centroid,
        }
        for house, code in code_of.items()
    ]


def _list_neighbours(houses: Sequence[str], columns: int, step: float) -> list[dict[str, Any]]:
    """List the pairs of houses beside each other in a row or a column."""
    pairs: list[dict[str, Any]] = []
    # each pair is met once, from its south-western house
    for n in range(len(houses)):
        # The house to the right, but not over the end of a row; and the one above.
        for m, is_beside in ((n + 1, (n + 1) % columns != 0), (n + columns, True)):
            if is_beside and m < len(houses):
                pairs.append(
                    {
                        "pair": f"{len(pairs) + 1}",
                        "focal": f"{houses[n]}-1",
                        "neighbour": f"{houses[m]}-1",
                        "distance": step,
                        "link": "near",
                    }
                )
    return pairs


def _list_subgrid(
    code: str, houses: Sequence[str], middles: Mapping[str, Point], step: float
) -> dict[str, Any]:
    """List the figures of a sub-grid as a straight walk over the board gives them."""
    # squares of a whole step meet, so the land of a sub-grid is one piece without gaps
    half = step / 2
    land = unary_union(
        [
            box(middle.x - half, middle.y - half, middle.x + half, middle.y + half)
            for middle in (middles[house] for house in houses)
        ]
    )
    metres = {
        c: sum(BEHIND_A_DOOR * middles[house].distance(middles[c]) for house in houses)
        for c in houses
    }
    # rounded, since sums in another order differ in the last digit; the code decides a tie
    centre = min(houses, key=lambda c: (round(metres[c], 6), c))
    households = BEHIND_A_DOOR * len(houses)
    return {
        "subgrid": code,
        "community": COMMUNITY,
        "kind": "residential",
        "land": "homes",
        "community_kind": "urban",
        "households": households,
        **BAND,
        "in_band": BAND["low"] <= households <= BAND["high"],
        # all were counted
        "households_low": households,
        "households_high": households,
        "chance_in_band": float(BAND["low"] <= households <= BAND["high"]),
        "chance_above": float(households > BAND["high"]),
        "error_shared": 0.0,
        "building_count": len(houses),
        "stairwell_count": len(houses),
        "centre": f"{centre}-1",
        "household_metres": metres[centre],
        "mean_walk": metres[centre] / households,
        "max_walk": max(middles[house].distance(middles[centre]) for house in houses),
        "area": land.area,
        "pieces": 1,
        "geometry": land,
    }
