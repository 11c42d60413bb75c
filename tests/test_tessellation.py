"""Land outlines on villages small enough to check by eye, on random villages, and on real towns."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box
from shapely.ops import unary_union

from gridplan.errors import InputError
from gridplan.geometry.linework import find_ridges, straighten_chains
from gridplan.geometry.tiling import match_borders, settle_labels
from gridplan.land.community_land import CommunityLand
from gridplan.planning.outlines import tessellation
from gridplan.planning.outlines.tessellation import tessellate, tessellate_community
from gridplan.rules.outlines import OutlineRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_board_plan, make_table
from gridplan.tables.conform import conform_table, make_empty

DATA = Path(__file__).parents[2] / "shared" / "data"
real_data = pytest.mark.skipif(not DATA.exists(), reason="the real data is not here")


def at(*shape):
    """A box, or a line of points, in metres from the village's south-western corner."""
    if len(shape) == 4 and not isinstance(shape[0], tuple):
        x0, y0, x1, y1 = shape
        return box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)
    return LineString([(X0 + x, Y0 + y) for x, y in shape])


def draw(
    homes,
    land=None,
    *,
    others=(),
    streets=(),
    barriers=(),
    doors=None,
    rules=None,
    workers=1,
    shuffle=None,
):
    """Outlines of a village: ``homes`` has (footprint, sub-grid), ``land`` the communities."""
    land = land or {"c": at(0, 0, 100, 40)}
    houses = [
        {"building": b, "geometry": g, "community": s.split("-")[0]} for b, (g, s) in homes.items()
    ]
    houses += [
        {"building": f"o{i}", "geometry": g, "community": next(iter(land))}
        for i, g in enumerate(others)
    ]
    if doors is None:
        doors = [(b, s, 0.0, 1.0) for b, (_, s) in homes.items()]
    where = {b: g for b, (g, _) in homes.items()}
    stairs = [
        {
            "stairwell": f"{b}-{i}",
            "building": b,
            "community": s.split("-")[0],
            "subgrid": s,
            "slice_from": f,
            "slice_to": t,
            "geometry": where[b].centroid,
        }
        for i, (b, s, f, t) in enumerate(doors)
    ]
    tables = [
        make_table("communities", [{"community": c, "geometry": g} for c, g in land.items()]),
        make_table("buildings", houses),
        make_table("stairwells", stairs),
        make_table("streets", [{"street": f"s{i}", "geometry": g} for i, g in enumerate(streets)])
        if streets
        else make_empty("streets", CRS),
        make_table(
            "barriers", [{"barrier": f"b{i}", "geometry": g} for i, g in enumerate(barriers)]
        )
        if barriers
        else make_empty("barriers", CRS),
    ]
    if shuffle is not None:
        tables = [t.sample(frac=1.0, random_state=shuffle) for t in tables]
    return tessellate(*tables, rules, workers=workers)


def notes(outlines):
    return {(e.table, e.reason): (e.count, list(e.ids)) for e in outlines.entries if e.count}


def same(shape, expected):
    """Whether two shapes are the same but for the rounding of outlines."""
    return shapely.area(shapely.symmetric_difference(shape, expected)) < 0.01


def check_tiling(outlines, land):
    shapes = outlines.subgrids.to_numpy()
    assert outlines.subgrids.is_valid.all()
    assert shapely.coverage_is_valid(shapes)
    assert abs(shapely.area(shapes).sum() - land.area) < 1e-6 * land.area
    assert abs(unary_union(list(shapes)).area - land.area) < 1e-6 * land.area


TWO = {"a": (at(10, 15, 20, 25), "c-001"), "b": (at(60, 15, 70, 25), "c-002")}


def test_two_houses_share_the_land_midway_between_their_walls():
    outlines = draw(TWO)
    assert same(outlines.subgrids["c-001"], at(0, 0, 40, 40))
    assert same(outlines.subgrids["c-002"], at(40, 0, 100, 40))
    assert notes(outlines) == {}


def test_the_outline_follows_a_street_between_the_houses():
    outlines = draw(TWO, streets=[at((25, -5), (25, 45))])
    assert same(outlines.subgrids["c-001"], at(0, 0, 25, 40))


def test_a_rule_switches_the_streets_off():
    outlines = draw(TWO, streets=[at((25, -5), (25, 45))], rules=OutlineRules(along_streets=False))
    assert same(outlines.subgrids["c-001"], at(0, 0, 40, 40))


def test_a_street_between_houses_of_one_subgrid_leaves_no_trace():
    outlines = draw(
        TWO | {"d": (at(90, 15, 95, 25), "c-002")},
        streets=[at((25, -5), (25, 45)), at((80, -5), (80, 45))],
    )
    assert same(outlines.subgrids["c-002"], at(25, 0, 100, 40))


def test_a_board_of_houses_gives_the_hand_drawn_board():
    plan = make_board_plan((1, 1, 2, 2, 2, 3, 1, 1, 1, 2, 3, 3))
    site = plan.site
    outlines = tessellate(
        site.communities, site.buildings, plan.stairwells, site.streets, site.barriers
    )
    for code, land in plan.subgrids.geometry.items():
        assert same(outlines.subgrids[code], land)


def test_a_community_of_one_subgrid_is_that_subgrid_unchanged():
    ring = shapely.Polygon([(X0 + x, Y0 + y) for x, y in [(0, 0), (97, 3), (88, 41), (12, 37)]])
    outlines = draw({"a": TWO["a"]}, {"c": ring}, streets=[at((25, -5), (25, 45))])
    assert outlines.subgrids["c-001"].normalize() == ring.normalize()


def test_a_community_without_homes_is_left_out_and_noted():
    outlines = draw(TWO, {"c": at(0, 0, 100, 40), "empty": at(100, 0, 150, 40)})
    assert list(outlines.subgrids.index) == ["c-001", "c-002"]
    assert notes(outlines) == {("communities", "no homes, so no sub-grids"): (1, ["empty"])}


def test_terraced_houses_are_parted_at_their_common_wall():
    row = {f"h{i}": (at(10 + 11 * i, 15, 21 + 11 * i, 25), f"c-00{1 + i // 3}") for i in range(6)}
    outlines = draw(row)
    assert same(outlines.subgrids["c-001"], at(0, 0, 43, 40))


def test_an_outline_goes_round_a_house_that_stands_on_the_street():
    homes = TWO | {"d": (at(20, 30, 34, 38), "c-001")}
    outlines = draw(homes, streets=[at((30, -5), (30, 45))])
    assert outlines.subgrids["c-001"].buffer(1e-4).covers(homes["d"][0])
    assert outlines.subgrids["c-002"].covers(at(31, 0, 100, 29))


def test_a_shed_goes_with_the_house_beside_it_and_is_not_cut():
    shed = at(38, 15, 44, 25)  # astride the line midway between the two homes, nearer to b
    outlines = draw(TWO, others=[shed])
    assert outlines.subgrids["c-002"].buffer(1e-4).covers(shed)


def test_a_slab_of_several_subgrids_is_cut_across_its_long_axis():
    slab = at(20, 15, 80, 25)
    doors = [
        ("t", "c-001", 0.0, 0.25),
        ("t", "c-001", 0.25, 0.5),
        ("t", "c-002", 0.5, 0.75),
        ("t", "c-003", 0.75, 1.0),
    ]
    outlines = draw({"t": (slab, "c-001")}, doors=doors)
    for code, piece in {
        "c-001": at(20, 15, 50, 25),
        "c-002": at(50, 15, 65, 25),
        "c-003": at(65, 15, 80, 25),
    }.items():
        assert same(outlines.subgrids[code].intersection(slab), piece)
        assert outlines.subgrids[code].geom_type == "Polygon"
    check_tiling(outlines, at(0, 0, 100, 40))


def test_a_turned_slab_is_cut_across_its_own_axis_from_west_to_east():
    slab = shapely.affinity.rotate(at(20, 15, 80, 25), 30)
    outlines = draw(
        {"t": (slab, "c-001")},
        {"c": at(0, -40, 100, 80)},
        doors=[("t", "c-001", 0.0, 0.5), ("t", "c-002", 0.5, 1.0)],
    )
    for code, piece in {"c-001": at(20, 15, 50, 25), "c-002": at(50, 15, 80, 25)}.items():
        turned = shapely.affinity.rotate(piece, 30, origin=at(20, 15, 80, 25).centroid)
        assert same(outlines.subgrids[code].intersection(slab), turned)


def test_land_round_a_home_is_its_own_even_where_the_nearest_wall_is_another_s():
    """Two slabs in the west, a long one in the east in slices; a line goes round the lower slab.

    The middle of the land of c-002 lies by that line, once it is straightened,
    nearer to the lower slab than to its own homes.
    """
    corners = {
        "upper": [(43.53, 128.26), (75.98, 127.54), (76.27, 140.62), (43.82, 141.34)],
        "lower": [(45.99, 88.07), (78.44, 87.35), (78.73, 100.43), (46.28, 101.15)],
        "long": [(92.05, 87.05), (173.17, 85.25), (173.46, 98.33), (92.34, 100.13)],
    }
    homes = {
        name: (shapely.Polygon([(X0 + x, Y0 + y) for x, y in ring]), "c-001")
        for name, ring in corners.items()
    }
    land = shapely.Polygon(
        [
            (X0 + x, Y0 + y)
            for x, y in [(34.43, 146.91), (179, 160.59), (182.7, 72.5), (39.92, 73.4)]
        ]
    )
    doors = [("upper", "c-002", 0.0, 1.0), ("lower", "c-001", 0.0, 1.0)]
    doors += [
        ("long", f"c-00{2 + i}", a, b)
        for i, (a, b) in enumerate([(0.0, 1 / 7), (1 / 7, 4 / 7), (4 / 7, 1.0)])
    ]
    outlines = draw(homes, {"c": land}, doors=doors)
    check_tiling(outlines, land)
    assert outlines.subgrids["c-001"].covers(homes["lower"][0])
    assert outlines.subgrids["c-002"].covers(homes["upper"][0])
    assert notes(outlines) == {}


def test_a_home_on_land_drawn_for_another_is_carved_out_of_it_and_counted(monkeypatch):
    monkeypatch.setattr(
        tessellation, "draw_outlines", lambda *_: np.array([at(0, 0, 65, 40), at(65, 0, 100, 40)])
    )
    outlines = draw(TWO)  # the half of b from 60 to 65 is on the land drawn for c-001
    assert same(outlines.subgrids["c-002"], unary_union([at(65, 0, 100, 40), TWO["b"][0]]))
    assert same(outlines.subgrids["c-001"], at(0, 0, 65, 40).difference(TWO["b"][0]))
    assert notes(outlines) == {
        ("buildings", "home on land drawn for another sub-grid: carved out along its walls"): (
            1,
            ["b"],
        )
    }
    check_tiling(outlines, at(0, 0, 100, 40))


def test_an_empty_block_goes_whole_to_the_neighbour_with_the_longest_common_border():
    # a | school | b      a street on either side of the school; a reaches
    # along its west and its north
    streets = [
        at((40, 0), (40, 30)),
        at((60, 0), (60, 30)),
        at((40, 30), (60, 30)),
        at((60, 30), (60, 40)),
    ]
    outlines = draw(TWO | {"d": (at(45, 32, 50, 38), "c-001")}, streets=streets)
    assert same(outlines.subgrids["c-001"], at(0, 0, 60, 40))


def test_a_river_is_shared_along_its_middle():
    outlines = draw(TWO, barriers=[at(31, -10, 33, 50)])
    assert same(outlines.subgrids["c-001"], at(0, 0, 32, 40))


def test_empty_land_joins_the_pieces_of_a_subgrid():
    # a1 and a2 face each other across an empty square that has its longest border with b
    homes = {
        "a1": (at(5, 5, 10, 10), "c-001"),
        "a2": (at(70, 5, 75, 10), "c-001"),
        "b": (at(20, 30, 60, 35), "c-002"),
    }
    outlines = draw(
        homes, streets=[at((20, 0), (20, 20)), at((60, 0), (60, 20)), at((0, 20), (100, 20))]
    )
    assert same(outlines.subgrids["c-001"], at(0, 0, 100, 20))
    assert notes(outlines) == {}


def test_pieces_that_hold_homes_stay_and_are_counted():
    homes = {
        "a": (at(5, 15, 15, 25), "c-001"),
        "b": (at(45, 15, 55, 25), "c-002"),
        "d": (at(85, 15, 95, 25), "c-001"),
    }
    outlines = draw(homes)
    assert same(outlines.subgrids["c-001"], MultiPolygon([at(0, 0, 30, 40), at(70, 0, 100, 40)]))
    assert notes(outlines) == {("subgrids", "land in several pieces"): (1, ["c-001"])}


def test_a_piece_without_homes_is_handed_on_and_ties_go_to_the_lower_number():
    edges = (np.array([0, 1, 1]), np.array([1, 2, 3]), np.array([3.0, 3.0, 2.0]))
    labels = settle_labels(np.array([1, 0, 2, 0]), np.array([0, 2, 3]), np.array([1, 2, 0]), edges)
    assert labels.tolist() == [
        1,
        0,
        2,
        0,
    ]  # face 1 is connected to face 3, where the home stands
    labels = settle_labels(
        np.array([1, 3, 2, 0]), np.array([0, 2, 3, 3]), np.array([1, 2, 0, 3]), edges
    )
    assert labels.tolist() == [
        1,
        3,
        2,
        0,
    ]  # a part whose only home stands on another's land keeps its largest piece
    labels = settle_labels(np.array([1, -1, 2, 0]), np.array([0, 2, 3]), np.array([1, 2, 0]), edges)
    assert labels.tolist() == [1, 1, 2, 0]


def test_a_home_outside_its_community_is_stood_for_by_a_spot_at_the_limit():
    outlines = draw(TWO | {"far": (at(120, 10, 130, 20), "c-003")})
    assert outlines.subgrids["c-003"].intersects(Point(X0 + 100, Y0 + 15).buffer(0.5))
    assert notes(outlines) == {
        ("buildings", "home cut by the limit of its community, or outside it"): (1, ["far"])
    }
    check_tiling(outlines, at(0, 0, 100, 40))


def test_subgrids_on_one_and_the_same_footprint_all_keep_some_land():
    twins = {f"t{i}": (at(60, 15, 70, 25), f"c-00{2 + i}") for i in range(3)}
    outlines = draw({"a": TWO["a"]} | twins)
    assert list(outlines.subgrids.index) == ["c-001", "c-002", "c-003", "c-004"]
    assert (outlines.subgrids.area > 0.05).all()
    assert [key for key in notes(outlines) if "spot" in key[1]]
    check_tiling(outlines, at(0, 0, 100, 40))


def test_communities_with_a_common_limit_make_one_valid_coverage():
    land = {"c": at(0, 0, 100, 40), "d": at(100, -10, 150, 55), "e": at(0, 40, 100, 60)}
    homes = TWO | {
        "d1": (at(110, 3, 120, 13), "d-001"),
        "d2": (at(110, 33, 120, 40), "d-002"),
        "e1": (at(10, 45, 20, 50), "e-001"),
        "e2": (at(30, 45, 37, 50), "e-002"),
    }
    check_tiling(draw(homes, land), unary_union(list(land.values())))


def test_the_parts_of_a_community_with_an_exclave_are_all_given_away():
    land = MultiPolygon([at(0, 0, 100, 40), at(200, 0, 240, 40)])
    outlines = draw(TWO, {"c": land})
    check_tiling(outlines, land)
    assert outlines.subgrids["c-002"].covers(at(201, 1, 239, 39))


def test_a_drawing_that_fails_with_streets_is_made_without_them(monkeypatch):
    plain = tessellation.draw_outlines

    def fail_on_lines(outline, shapes, parts, lines, rules):
        if len(lines):
            raise shapely.errors.GEOSException("TopologyException")
        return plain(outline, shapes, parts, lines, rules)

    monkeypatch.setattr(tessellation, "draw_outlines", fail_on_lines)
    outlines = draw(TWO, streets=[at((25, -5), (25, 45))])
    assert same(outlines.subgrids["c-001"], at(0, 0, 40, 40))
    assert notes(outlines) == {("communities", tessellation.FALLBACKS["walls"]): (1, ["c"])}


@pytest.mark.parametrize("wrong", ["gap", "overlap", "error"])
def test_a_drawing_that_does_not_tile_is_made_of_plain_cells(monkeypatch, wrong):
    def fail(outline, shapes, parts, lines, rules):
        if wrong == "error":
            raise ValueError("no Voronoi diagram")
        return np.array([at(0, 0, 39 if wrong == "gap" else 41, 40), at(40, 0, 100, 40)])

    monkeypatch.setattr(tessellation, "draw_outlines", fail)
    outlines = draw(TWO)
    assert same(outlines.subgrids["c-001"], at(0, 0, 40, 40))
    assert notes(outlines) == {("communities", tessellation.FALLBACKS["cells"]): (1, ["c"])}
    check_tiling(outlines, at(0, 0, 100, 40))


def test_stacked_homes_keep_land_even_as_plain_cells(monkeypatch):
    monkeypatch.setattr(tessellation, "draw_outlines", lambda *_: np.array([], dtype=object))
    outlines = draw(
        {"a": TWO["a"], "t": (at(60, 15, 70, 25), "c-002"), "u": (at(60, 15, 70, 25), "c-003")}
    )
    assert (outlines.subgrids.area > 0).all()
    check_tiling(outlines, at(0, 0, 100, 40))


def test_every_stairwell_without_land_to_draw_is_refused_at_once():
    with pytest.raises(InputError) as caught:
        draw(TWO, doors=[("a", "", 0.0, 1.0), ("b", "c-002", 0.0, 1.0)])
    assert [p.rule for p in caught.value.problems] == ["subgrid is known", "community is known"]


def test_a_line_is_straightened_but_not_into_a_house():
    zigzag = LineString([(0, 0), (5, 0.9), (10, 0)])
    house = box(4, -2, 6, 0.4)
    free = straighten_chains(np.array([zigzag]), np.array([box(50, 50, 51, 51)]), 1.0)[0]
    held = straighten_chains(np.array([zigzag]), np.array([house]), 1.0)[0]
    assert len(free.coords) == 2
    assert held.equals(zigzag)


def test_ridges_run_between_points_of_different_parts_only():
    xy = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]])
    ridges, between = find_ridges(xy, np.array([0, 0, 1, 1]))
    assert np.allclose(ridges[..., 0], 2.0)
    assert {tuple(b) for b in between.tolist()} <= {(0, 2), (0, 3), (1, 2), (1, 3)}


def test_matching_borders_moves_no_corner():
    left = box(0, 0, 1, 3)
    right = shapely.Polygon([(1, 0), (2, 0), (2, 3), (1, 3), (1, 2), (1, 1)])
    matched = match_borders(np.array([left, right]), 1e-6)
    assert matched[1].equals_exact(right)
    assert sorted(matched[0].exterior.coords[:-1]) == [
        (0, 0),
        (0, 3),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
    ]


houses = st.lists(
    st.tuples(
        st.floats(2, 17), st.floats(2, 17), st.floats(3, 10), st.floats(3, 10), st.integers(0, 3)
    ),
    min_size=12,
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(
    houses,
    st.lists(
        st.tuples(st.floats(-5, 125), st.floats(-5, 65), st.floats(-5, 125), st.floats(-5, 65)),
        max_size=4,
    ),
)
def test_any_village_is_tiled_with_every_house_in_its_subgrid(village, streets):
    # twelve houses of any size, each on a lot of 30 by 20 metres; streets run
    # anywhere, even through houses
    lots = [(30 * (i % 4), 20 * (i // 4)) for i in range(12)]
    homes = {}
    others = []
    for i, ((x, y), (dx, dy, w, h, part)) in enumerate(zip(lots, village, strict=True)):
        home = at(x + dx, y + dy, x + dx + w, min(y + dy + h, y + 19.5))
        if part or i == 0:
            homes[f"h{i:02d}"] = (home, f"c-{part}")
        else:
            others.append(home)
    lines = [at((a, b), (c, d)) for a, b, c, d in streets if abs(a - c) + abs(b - d) > 1]
    land = at(0, 0, 120, 60)
    outlines = draw(homes, {"c": land}, others=others, streets=lines)
    check_tiling(outlines, land)
    for home, subgrid in homes.values():
        assert home.difference(outlines.subgrids[subgrid]).area < 1e-3
    for other in others:
        assert max(outlines.subgrids.intersection(other).area) > other.area - 1e-3


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_neither_the_order_of_rows_nor_the_number_of_workers_matters(order):
    homes = {
        f"h{i:02d}": (
            at(25 * (i % 4) + 7, 13 * (i // 4) + 2, 25 * (i % 4) + 17, 13 * (i // 4) + 9),
            f"c-{i % 5 // 2}",
        )
        for i in range(12)
    }
    homes |= {f"d{i}": (at(110 + 20 * i, 5, 118 + 20 * i, 13), f"d-{i}") for i in range(3)}
    land = {"c": at(0, 0, 100, 40), "d": at(100, 0, 170, 40)}
    streets = [at((0, 20), (170, 20)), at((50, 0), (50, 40)), at((140, 0), (120, 40))]
    first = draw(homes, land, others=[at(1, 1, 4, 4)], streets=streets)
    again = draw(homes, land, others=[at(1, 1, 4, 4)], streets=streets, shuffle=order, workers=2)
    assert first.subgrids.to_wkb().equals(again.subgrids.to_wkb())
    assert first.entries == again.entries


def group_homes(buildings, size=35):
    """Made-up stairwells: homes in strips from west to east, each from north to south."""
    rows = []
    for community, own in buildings.groupby("community"):
        x = own.centroid.x.to_numpy()
        y = own.centroid.y.to_numpy()
        strip = np.floor((x - x.min()) / 250.0)
        order = np.lexsort((-y, strip))
        part = np.empty(len(own), dtype=int)
        part[order] = np.arange(len(own)) // size
        codes = [f"{community}-{p:03d}" for p in part]
        rows.append(
            pd.DataFrame(
                {"building": own.index, "community": community, "slice_to": 1.0, "subgrid": codes}
            )
        )
    doors = pd.concat(rows, ignore_index=True)
    doors["stairwell"] = doors["building"] + "-1"
    points = buildings.representative_point().reindex(doors["building"]).to_numpy()
    return conform_table("stairwells", gpd.GeoDataFrame(doors, geometry=points, crs=buildings.crs))


def check_town(communities, buildings, streets, barriers, doors):
    outlines = tessellate(communities, buildings, doors, streets, barriers)
    check_tiling(outlines, communities.geometry.union_all())
    assert set(outlines.subgrids.index) == set(doors["subgrid"])
    assert not [e for e in outlines.entries if e.count and e.table == "communities"]
    own = outlines.subgrids.reindex(doors["subgrid"]).to_numpy()
    footprint = buildings.geometry.reindex(doors["building"]).to_numpy()
    inside = shapely.intersection(
        footprint, communities.geometry.reindex(doors["community"]).to_numpy()
    )
    lost = shapely.area(shapely.difference(inside, own))
    assert lost.sum() < 2e-5 * shapely.area(footprint).sum()
    return outlines


@real_data
def test_a_real_country_is_tiled():
    import pyogrio

    file = DATA / "liechtenstein" / "liechtenstein-2013-08-03.osm.pbf"
    layers = [
        pyogrio.read_dataframe(file, layer=name, on_invalid="ignore")
        for name in ("multipolygons", "lines")
    ]
    areas, lines = (layer[layer.geometry.notna()].to_crs(32632) for layer in layers)
    limits = areas[(areas["boundary"] == "administrative") & (areas["admin_level"] == "8")]
    limits = conform_table(
        "communities", limits[["osm_id", "geometry"]].rename(columns={"osm_id": "community"})
    ).sort_index()
    houses = areas[areas["building"].notna() & (areas.area > 40)]
    houses = gpd.GeoDataFrame(
        {"building": "w" + houses["osm_way_id"].astype(str)},
        geometry=houses.make_valid(),
        crs=32632,
    )
    points = houses.set_geometry(houses.representative_point())
    houses["community"] = gpd.sjoin(points, limits.reset_index(), predicate="within")["community"]
    houses = conform_table(
        "buildings", houses[houses["community"].notna()].drop_duplicates("building")
    ).sort_index()
    roads = lines[lines["highway"].notna()]
    streets = conform_table(
        "streets", roads[["osm_id", "geometry"]].rename(columns={"osm_id": "street"})
    )
    rivers = lines[lines["waterway"] == "river"]
    barriers = conform_table(
        "barriers", rivers[["osm_id", "geometry"]].rename(columns={"osm_id": "barrier"})
    )
    outlines = check_town(limits, houses, streets, barriers, group_homes(houses))
    assert len(outlines.subgrids) > 90


@real_data
def test_a_real_quarter_of_slabs_is_tiled_with_railways_and_water():
    folder = DATA / "vologda"
    frames = {
        n: gpd.read_parquet(folder / f"{n}.parquet")
        for n in ("buildings", "roads", "railways", "water")
    }
    crs = frames["buildings"].crs
    window = box(547000, 6563500, 550000, 6566500)
    limits = make_table("communities", [{"community": "v", "geometry": window}], crs)
    houses = frames["buildings"][frames["buildings"].representative_point().within(window)]
    codes = [f"b{i:05d}" for i in houses.index]
    houses = conform_table(
        "buildings",
        gpd.GeoDataFrame(
            {"building": codes, "community": "v"}, geometry=houses.make_valid().to_numpy(), crs=crs
        ),
    )
    roads, rails, water = (frames[n].to_crs(crs).geometry for n in ("roads", "railways", "water"))
    streets = make_table(
        "streets", [{"street": f"s{i}", "geometry": g} for i, g in enumerate(roads)], crs
    )
    barriers = make_table(
        "barriers",
        [{"barrier": f"x{i}", "geometry": g} for i, g in enumerate([*rails, *water])],
        crs,
    )
    homes = houses[houses.area > 60]
    outlines = check_town(limits, houses, streets, barriers, group_homes(homes, 10))
    assert len(outlines.subgrids) > 200


def test_a_sub_grid_that_nearly_touches_itself_does_not_do_so_when_borders_are_matched():
    """A reaches around C to a neck of 0.01 mm over B; B and C have corners that A lacks."""
    near = 1e-5
    a = shapely.Polygon([(0, 0), (10, 0), (10, 10), (5, near), (0, 10)])
    b = shapely.Polygon([(0, 0), (0, -5), (10, -5), (10, 0), (4, 0)])
    c = shapely.Polygon([(0, 10), (5, near), (7.5, (10 + near) / 2), (10, 10)])
    matched = match_borders(np.array([a, b, c]), 2e-5)
    assert shapely.is_valid(matched).all()
    assert (7.5, (10 + near) / 2) in matched[0].exterior.coords
    assert (4, 0) in matched[0].exterior.coords


def test_a_corner_of_a_slice_without_its_door_is_no_land_of_its_own():
    """A winding building: its first slice is a stair on the west and a mere corner on the east."""
    west, middle, east = box(0, 0, 3.5, 16), box(3.5, 0, 20, 10), box(20, 0, 24, 10)
    land = CommunityLand(
        "c",
        shapely.union_all([west, middle, east]),
        np.array([shapely.MultiPolygon([west, east]), middle], dtype=object),
        np.array(["a", "a"], dtype=object),
        np.array([0, 1]),
        ("c-001", "c-002"),
        np.array([], dtype=object),
        shapely.points([[2, 8], [12, 5]]),
    )
    drawn = tessellate_community(land, OutlineRules()).shapes
    assert shapely.get_num_geometries(drawn).tolist() == [1, 1]
    assert shapely.area(drawn).round(3).tolist() == [56.0, 205.0]
