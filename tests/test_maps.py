"""Maps: one page that needs no network, looked at in a browser whose network is off."""

import gzip
import json
import re
from base64 import b64decode

import folium
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from gridplan.errors import InputError, OutputExistsError
from gridplan.maps.colours import TONES, choose_tones, grade_loads
from gridplan.maps.draw import draw_map
from gridplan.maps.legend import count_figures
from gridplan.maps.offline import write_map
from gridplan.maps.sheet import compose_sheet, simplify_coverage
from gridplan.maps.tiled import encode_numbers, pack_sheet
from gridplan.maps.words import WORDS, say
from gridplan.plan import Plan
from tests.villages import CRS, X0, Y0, make_board_plan, make_site, make_table

EVIL = "<script>alert(1)</script>"


def make_town(across=18, cell=70.0, per_subgrid=9, seed=5):
    """A made-up town of ``across`` x ``across`` sub-grids: Voronoi cells of a shaken board, cut by a river.

    Communities are blocks of six by six cells; homes stand in every cell; one sub-grid in twelve is out of its band and
    the last one is a school's exclusive grid.
    """
    rng = np.random.default_rng(seed)
    side = across * cell
    land = box(X0, Y0, X0 + side, Y0 + side)
    columns, rows = (a.ravel() for a in np.meshgrid(np.arange(across), np.arange(across)))
    seeds = np.column_stack([columns + 0.5, rows + 0.5]) * cell + rng.uniform(-0.3, 0.3, (across**2, 2)) * cell + (X0, Y0)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(shapely.points(seeds)), extend_to=land))
    at, _ = shapely.STRtree(cells).query(shapely.points(seeds), predicate="within")[::-1], None
    outlines = shapely.intersection(cells[at[0][np.argsort(at[1])]], land)
    block = columns // 6 + (rows // 6) * -(-across // 6)
    communities = [
        {
            "community": f"C{b:03d}",
            "name": f"第{b + 1}社区",
            "kind": "urban",
            "origin": "given",
            "geometry": shapely.coverage_union_all(outlines[block == b]),
        }
        for b in np.unique(block)
    ]
    households = rng.integers(22, 40, across**2)
    households[::12] = rng.integers(8, 19, len(households[::12]))
    households[-1] = 0
    codes = np.array([f"C{b:03d}-{n:03d}" for b, n in zip(block, pd.Series(block).groupby(block).cumcount() + 1, strict=True)])
    subgrids = pd.DataFrame(
        {
            "subgrid": codes,
            "community": [f"C{b:03d}" for b in block],
            "kind": np.where(np.arange(across**2) == across**2 - 1, "exclusive", "residential"),
            "community_kind": "urban",
            "households": households,
            "low": 20,
            "target": 30,
            "high": 40,
            "in_band": (households >= 20) & (households <= 40),
            "building_count": per_subgrid,
            "stairwell_count": per_subgrid,
            "centre": [f"{code}-1" for code in codes],
            "mean_walk": rng.uniform(15, 60, across**2),
            "pieces": 1,
            "geometry": outlines,
        }
    )
    where = np.repeat(seeds, per_subgrid, axis=0) + rng.uniform(-0.34, 0.34, (across**2 * per_subgrid, 2)) * cell
    homes = make_blocks(where, rng)
    lives = rng.random(len(homes)) < 0.8
    buildings = pd.DataFrame(
        {
            "building": [f"b{n:06d}" for n in range(len(homes))],
            "building_name": ["" if n % 9 else f"{n}号楼" for n in range(len(homes))],
            "residential": lives,
            "households": lives.astype(int) * 4,
            "geometry": homes,
        }
    )
    doors = pd.DataFrame({"stairwell": [f"{code}-1" for code in codes], "subgrid": codes, "geometry": shapely.points(seeds)})
    bend = np.linspace(0, side, 60)
    course = np.column_stack([X0 + bend, Y0 + side * (0.45 + 0.12 * np.sin(bend / side * 7))])
    river, rail = LineString(course).buffer(20), LineString([(X0 - 90, Y0 + side * 0.9), (X0 + side + 90, Y0 + side * 0.8)])
    barriers = [
        {"barrier": "r1", "kind": "river", "name": "陡河", "hard": True, "geometry": river},
        {"barrier": "r2", "kind": "railway", "hard": True, "geometry": rail},
        {"barrier": "r3", "kind": "wall", "hard": False, "geometry": LineString([(X0 + 60, Y0 + 60), (X0 + 400, Y0 + 90)])},
    ]
    streets = [{"street": f"s{n}", "kind": k, "geometry": g} for n, (k, g) in enumerate(make_streets(side, cell))]
    exceptions = [
        {"exception": "1", "community": "C000", "subgrid": codes[0], "rule": "band", "explanation": f"a lone hamlet {EVIL}"},
        {"exception": "2", "community": "C001", "subgrid": "", "rule": "band", "explanation": "its total cannot be cut"},
    ]
    site = make_site(
        communities=make_table("communities", communities),
        buildings=make_table("buildings", buildings),
        barriers=make_table("barriers", barriers),
        openings=make_table("openings", [{"opening": "o1", "kind": "bridge", "geometry": Point(*course[20])}]),
        streets=make_table("streets", streets),
    )
    return Plan(
        site=site,
        stairwells=make_table("stairwells", doors).sort_index(),
        neighbours=make_board_plan().neighbours,
        subgrids=make_table("subgrids", subgrids).sort_index(),
        exceptions=make_table("exceptions", exceptions),
        manifest={"gridplan": "0.1.0", "seed": 7},
    )


def make_blocks(centres, rng):
    """Slabs of 12 m by 24 m or smaller, lying or standing."""
    half = rng.uniform([3, 4], [5, 11], centres.shape)
    half[rng.random(len(half)) < 0.4] = half[rng.random(len(half)) < 0.4][:1, ::-1]
    return shapely.box(*(centres - half).T, *(centres + half).T)


def make_streets(side, cell):
    """A board of streets: every sixth wide, every second one narrow."""
    for n in range(0, int(side / cell) + 1, 2):
        kind = "primary" if n % 6 == 0 else "residential"
        yield kind, LineString([(X0 + n * cell, Y0 - 60), (X0 + n * cell, Y0 + side + 60)])
        yield kind, LineString([(X0 - 60, Y0 + n * cell), (X0 + side + 60, Y0 + n * cell)])
