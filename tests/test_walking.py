"""Walking: which streets join, how doors reach them, and how far it is."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from gridplan.auditing.audit_plan import audit
from gridplan.errors import RuleError
from gridplan.planning.site_to_plan import divide
from gridplan.rules.all_rules import Rules
from gridplan.rules.walking import WalkingRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_checkerboard, make_site, make_table
from gridplan.walking.detour import fit_detour, measure_straight
from gridplan.walking.door_access import reach_doors
from gridplan.walking.door_distances import clip_around, measure_among
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import find_nearest, measure_paths

NOWHERE = make_site()


def draw(streets, barriers=(), openings=(), compounds=()):
    """A site of streets, ``{code: (points, {column: value})}`` or ``{code: points}``."""
    rows = []
    for code, line in streets.items():
        points, more = line if isinstance(line, tuple) else (line, {})
        rows.append({"street": code, "kind": "residential", "geometry": LineString(points), **more})
    tables = {"streets": make_table("streets", rows)} if rows else {}
    for name, own in (("barriers", barriers), ("openings", openings), ("compounds", compounds)):
        if own:
            tables[name] = make_table(name, list(own))
    return NOWHERE.replace(**tables)


def put(**points):
    return gpd.GeoDataFrame(
        geometry=[Point(p) for p in points.values()], index=pd.Index(points, name="door"), crs=CRS
    )


def walk(site, a, b, **rules):
    """The metres from a to b, infinite where there is no way."""
    rules = WalkingRules(**rules)
    network, _ = build_network(site, rules)
    doors, _ = reach_doors(network, put(a=a, b=b), site, rules)
    ways = measure_paths(network, doors.loc[["a"]], doors.loc[["b"]])
    return float(ways.data[0]) if ways.nnz else np.inf


def count_pieces(site):
    network, _ = build_network(site)
    return int(network.component.max()) + 1


CROSS = {"s": [(0, 0), (100, 0)], "n": [(50, -50), (50, 50)]}
RIVER = {"barrier": "r", "kind": "river", "hard": True, "geometry": box(-500, 20, 500, 30)}
RAIL = {
    "barrier": "t",
    "kind": "railway",
    "hard": True,
    "geometry": LineString([(-500, 20), (500, 20)]),
}
BRIDGE = {"bridge": True}
TUNNEL = {"tunnel": True}


def test_two_streets_that_cross_are_one_node_and_four_edges():
    """
    ::

          |
        --+--
          |
    """
    network, entries = build_network(draw(CROSS))
    assert (len(network.x), len(network.u)) == (5, 4)
    assert network.metres.tolist() == [50.0] * 4
    assert not any(e.count for e in entries)


@pytest.mark.parametrize("over", [BRIDGE, TUNNEL])
def test_a_bridge_or_tunnel_does_not_join_what_it_passes(over):
    site = draw({**CROSS, "n": ([(50, -50), (50, 50)], over)})
    assert count_pieces(site) == 2


@pytest.mark.parametrize("over", [BRIDGE, TUNNEL])
def test_not_even_where_both_have_a_vertex_at_the_very_place(over):
    site = draw({"s": [(0, 0), (50, 0), (100, 0)], "n": ([(50, -50), (50, 0), (50, 50)], over)})
    assert count_pieces(site) == 2


def test_a_bridge_joins_at_its_ends_and_stairs_join_it_where_they_end():
    """The bridge b runs from the end of west to the middle of e; stairs x start at 30 m of it."""
    site = draw(
        {
            "w": [(-50, 0), (0, 0)],
            "b": ([(0, 0), (30, 0), (50, 0), (100, 0)], BRIDGE),
            "e": [(100, -30), (100, 30)],
            "under": [(50, -80), (50, 0), (50, 80)],
            "x": [(30, 0), (30, -40)],
        }
    )
    network, _ = build_network(site)
    on = {code: int(network.component[network.u[network.street == code]][0]) for code in "wbex"}
    assert set(on.values()) == {network.kept}
    assert (network.component[network.u[network.street == "under"]] != network.kept).all()


def test_a_street_that_ends_on_another_joins_it_and_so_does_one_that_ends_just_short():
    for y in (0.0, 0.3):
        assert count_pieces(draw({"s": [(0, 0), (100, 0)], "n": [(50, y), (50, 50)]})) == 1
    assert count_pieces(draw({"s": [(0, 0), (100, 0)], "n": [(50, 0.8), (50, 50)]})) == 2


def test_streets_drawn_twice_over_one_another_count_once():
    network, _ = build_network(draw({"a": [(0, 0), (100, 0)], "b": [(50, 0), (150, 0)]}))
    assert network.metres.tolist() == [50.0, 50.0, 50.0]


def test_nobody_walks_along_a_motorway():
    site = draw({"s": [(0, 0), (100, 0)], "m": ([(50, -500), (50, 500)], {"kind": "motorway"})})
    network, entries = build_network(site)
    assert network.street.tolist() == ["s"]
    assert [(e.action, e.ids) for e in entries if e.count] == [("dropped", ["m"])]


@pytest.mark.parametrize("barrier", [RIVER, RAIL])
def test_a_hard_barrier_cuts_the_street_that_crosses_it(barrier):
    site = draw({"s": [(0, 0), (0, 100)]}, [barrier])
    network, entries = build_network(site)
    assert network.component.max() == 1
    assert "cut" in next(e for e in entries if e.count).reason
    assert walk(site, (0, 0), (0, 100)) == np.inf


@pytest.mark.parametrize("barrier", [RIVER, RAIL])
@pytest.mark.parametrize("kind", ["level_crossing", "underpass", "bridge"])
def test_an_opening_lets_the_street_through_and_only_there(barrier, kind):
    """The opening is at the street p; the street q, 100 m on, stays cut: one walks round by p."""
    opening = {"opening": "o", "kind": kind, "geometry": Point(0, 25)}
    streets = {
        "p": [(0, 0), (0, 50)],
        "q": [(100, 0), (100, 50)],
        "south": [(0, 0), (100, 0)],
        "north": [(0, 50), (100, 50)],
    }
    site = draw(streets, [barrier], [opening])
    assert walk(site, (0, 0), (0, 50)) == pytest.approx(50.0)
    assert walk(site, (100, 0), (100, 50)) == pytest.approx(250.0)


@pytest.mark.parametrize("over", [BRIDGE, TUNNEL])
def test_a_street_over_a_bridge_or_through_a_tunnel_passes_without_any_opening(over):
    site = draw(
        {"a": [(0, 0), (0, 18)], "b": ([(0, 18), (0, 32)], over), "c": [(0, 32), (0, 60)]}, [RIVER]
    )
    assert walk(site, (0, 0), (0, 60)) == pytest.approx(60.0)


def test_a_soft_barrier_cuts_nothing():
    assert walk(
        draw({"s": [(0, 0), (0, 100)]}, [RAIL | {"hard": False}]), (0, 0), (0, 100)
    ) == pytest.approx(100.0)


def test_a_disconnected_footpath_never_becomes_the_towns_catchment():
    """
    The door stands 5 m from a footpath that leads nowhere, and 30 m from the
    street: it walks by the street. The posts at the far end of the footpath
    are 300 m from any street: they are listed, and nobody reaches them::

        ------------------------- street
           door
        -----------  footpath        (post)
    """
    site = draw(
        {"street": [(0, 30), (1000, 30)], "path": ([(0, -5), (600, -400)], {"kind": "footway"})}
    )
    network, entries = build_network(site)
    doors, _ = reach_doors(network, put(door=(10, 0)), site)
    posts, notes = reach_doors(network, put(far=(600, -399), near=(900, 20)), site)
    assert network.street[doors["edge"]].tolist() == ["street"]
    assert doors["leg"].tolist() == [30.0]
    assert posts["snapped"].to_dict() == {"far": False, "near": True}
    assert measure_paths(network, doors, posts).toarray().tolist() == [[0.0, 30.0 + 890.0 + 10.0]]
    assert find_nearest(network, posts, doors)["metres"].isna().tolist() == [True, False]
    apart = next(e for e in entries if e.count)
    assert (apart.count, apart.ids) == (1, ["path"])
    assert [(e.count, list(e.ids)) for e in notes if e.count] == [(1, ["far"])]


def test_the_way_to_the_street_counts_at_both_ends_and_on_one_edge_nobody_walks_to_its_ends():
    """Doors 20 m north and 10 m south of one street, 30 m apart along it: 20 + 30 + 10."""
    assert walk(draw({"s": [(0, 0), (100, 0)]}), (40, 20), (70, -10)) == 60.0


def test_two_doors_at_one_place_of_a_street_are_no_metre_apart_and_that_is_a_way():
    site = draw({"s": [(0, 0), (100, 0)]})
    network, _ = build_network(site)
    doors, _ = reach_doors(network, put(a=(40, 0), b=(40, 0)), site)
    ways = measure_paths(network, doors, doors)
    assert ways.nnz == 4
    assert ways.data.tolist() == [0.0] * 4


def test_a_way_longer_than_the_limit_is_left_out_and_one_just_as_long_is_not():
    site = draw({"s": [(0, 0), (100, 0)]})
    network, _ = build_network(site)
    doors, _ = reach_doors(network, put(a=(0, 0), b=(60, 0), c=(61, 0)), site)
    ways = measure_paths(network, doors.loc[["a"]], doors.loc[["b", "c"]], 60.0)
    assert ways.toarray().tolist() == [[60.0, 0.0]]
    assert find_nearest(network, doors.loc[["c", "b"]], doors.loc[["a"]], 60.0)[
        "target"
    ].to_dict() == {"c": "", "b": "a"}


def test_a_door_does_not_cross_the_railway_to_the_nearest_street():
    """The street south of the rails is 15 m away, the one on the door's own side 60 m."""
    site = draw(
        {"n": [(0, 90), (100, 90)], "s": [(0, 15), (100, 15)], "x": [(100, 15), (100, 90)]},
        [RAIL],
        [{"opening": "o", "kind": "level_crossing", "geometry": Point(100, 20)}],
    )
    network, _ = build_network(site)
    doors, _ = reach_doors(network, put(d=(20, 30)), site)
    assert network.street[doors["edge"]].tolist() == ["n"]
    assert walk(site, (20, 30), (20, 15)) == pytest.approx(60 + 80 + 75 + 80)


def test_what_is_cut_off_and_what_is_far_are_distinguished():
    site = draw({"s": [(0, 0), (100, 0)]}, [RAIL])
    network, _ = build_network(site)
    doors, entries = reach_doors(network, put(near=(50, 10), behind=(50, 40), far=(50, -300)), site)
    assert doors["snapped"].to_dict() == {"near": True, "behind": False, "far": False}
    assert {tuple(e.ids): e.reason.split(" within")[0] for e in entries} == {
        ("far",): "no street",
        ("behind",): "cut off from every street",
    }
    assert doors.loc["behind", ["edge", "leg", "gate"]].isna().tolist() == [False, True, False]
    assert doors.loc["behind", "edge"] == -1


YARD = LineString([(0, 10), (100, 10), (100, 60), (0, 60), (0, 10)])
WALL = {"barrier": "w", "kind": "wall", "hard": False, "geometry": YARD}
GATE = {"opening": "g", "kind": "gate", "geometry": Point(100, 40)}
ROADS = {"s": [(0, 0), (150, 0)], "e": [(150, 0), (150, 60)]}


def test_a_gated_compound_is_left_by_its_gate():
    """
    The door at (60, 30) is 30 m north of the street s, with the wall between;
    the gate is in the east wall, at (100, 40)::

        +--------+    |
        |  door  g    | e
        +--------+    |
        ------- s ----+
    """
    site = draw(ROADS, [WALL], [GATE])
    network, _ = build_network(site)
    doors, _ = reach_doors(network, put(d=(60, 30)), site)
    assert doors["gate"].tolist() == ["g"]
    assert network.street[doors["edge"]].tolist() == ["e"]
    assert doors["leg"].tolist() == pytest.approx([np.hypot(40, 10) + 50])


def test_a_wall_without_known_gates_stops_nobody():
    site = draw(ROADS, [WALL])
    network, _ = build_network(site)
    doors, _ = reach_doors(network, put(d=(60, 30)), site)
    assert doors[["leg", "gate"]].to_numpy().tolist() == [[30.0, ""]]


def test_a_compound_with_a_gate_on_its_outline_needs_no_wall_and_an_inferred_one_has_none():
    for origin, gate in (("given", "g"), ("inferred", "")):
        compound = {"compound": "c", "origin": origin, "geometry": box(0, 10, 100, 60)}
        site = draw(ROADS, openings=[GATE], compounds=[compound])
        doors, _ = reach_doors(build_network(site)[0], put(d=(60, 30)), site)
        assert doors["gate"].tolist() == [gate]


def test_a_door_by_the_gate_walks_straight_through_it():
    """The gate is in the south wall at (50, 10), 20 m in front of the door: straight out."""
    site = draw(ROADS, [WALL], [GATE | {"geometry": Point(50, 10)}])
    doors, _ = reach_doors(build_network(site)[0], put(d=(50, 30)), site)
    assert doors[["leg", "gate"]].to_numpy().tolist() == [[30.0, "g"]]


def test_a_street_inside_the_compound_is_reached_without_the_gate():
    site = draw({**ROADS, "in": [(20, 40), (150, 40)]}, [WALL], [GATE])
    doors, _ = reach_doors(build_network(site)[0], put(d=(60, 30)), site)
    assert doors[["leg", "gate"]].to_numpy().tolist() == [[10.0, ""]]


def test_a_site_without_streets_has_an_empty_network_and_nobody_reaches_it():
    site = make_site()
    network, _ = build_network(site)
    doors, entries = reach_doors(network, put(a=(0, 0)), site)
    assert (len(network.x), network.kept) == (0, -1)
    assert doors["snapped"].tolist() == [False]
    assert sum(e.count for e in entries) == 1
    assert measure_paths(network, doors, doors).nnz == 0
    assert find_nearest(network, doors, doors)["target"].tolist() == [""]


lattice = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda p: (10.0 * p[0], 10.0 * p[1]))
steps = st.lists(
    st.tuples(lattice, lattice).filter(lambda s: s[0] != s[1]).map(list), min_size=1, max_size=14
)


@given(steps, st.lists(lattice, min_size=1, max_size=5), st.lists(lattice, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_distances_are_those_of_networkx(lines, doors, posts):
    """Streets are cut where they cross; sources and targets join the nodes of one graph."""
    site = draw({f"s{n:02d}": line for n, line in enumerate(lines)})
    network, _ = build_network(site)
    a, b = (
        reach_doors(network, put(**{f"{c}{n}": p for n, p in enumerate(own)}), site)[0]
        for c, own in (("a", doors), ("b", posts))
    )
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        zip(network.u.tolist(), network.v.tolist(), network.metres.tolist(), strict=True)
    )
    for table in (a, b):
        for edge, own in table.groupby("edge"):
            graph.add_nodes_from(own.index)
            for key, row in own.iterrows():
                graph.add_edge(key, network.u[edge], weight=row["metres_u"] + row["leg"])
                graph.add_edge(key, network.v[edge], weight=row["metres_v"] + row["leg"])
    ways = measure_paths(network, a, b).toarray()
    nearest = find_nearest(network, a, b)
    for i, key in enumerate(a.index):
        lengths = nx.single_source_dijkstra_path_length(graph, key)
        for j, other in enumerate(b.index):
            want = lengths[other]
            if a["edge"].iloc[i] == b["edge"].iloc[j]:
                want = min(
                    want,
                    abs(a["metres_u"].iloc[i] - b["metres_u"].iloc[j])
                    + a["leg"].iloc[i]
                    + b["leg"].iloc[j],
                )
            assert ways[i, j] == pytest.approx(want)
        assert nearest["metres"].iloc[i] == pytest.approx(ways[i].min())


@given(steps, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_the_direction_of_lines_never_matter(lines, chance):
    site = draw({f"s{n:02d}": line for n, line in enumerate(lines)}, [RAIL])
    order = list(range(len(lines)))
    chance.shuffle(order)
    turned = site.streets.iloc[order]
    turned = turned.set_geometry(turned.geometry.reverse())
    one, other = (build_network(s)[0] for s in (site, site.replace(streets=turned)))
    for name in ("x", "y", "u", "v", "metres", "street", "component"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def stray(site, a, b, **rules):
    """The metres from a to b where no streets are known, infinite where there is no way."""
    ways = measure_straight(put(a=a), put(b=b), site, WalkingRules(detour=1.5, **rules))
    return float(ways.data[0]) if ways.nnz else np.inf


def test_without_streets_a_way_is_a_straight_line_times_the_detour():
    assert stray(NOWHERE, (0, 0), (30, 40)) == 75.0
    assert stray(NOWHERE, (0, 0), (0, 0)) == 0.0
    assert (
        measure_straight(
            put(a=(0, 0)), put(b=(0, 60), c=(0, 61)), NOWHERE, WalkingRules(detour=1.5), 90.0
        ).nnz
        == 1
    )


def test_without_streets_a_river_is_crossed_by_its_bridges():
    """A bridge at x = 30, 60 m long: 50 m there (30, 40), 60 m over it, 50 m on; a ford."""
    bridge = {"opening": "o", "kind": "bridge", "geometry": LineString([(30, 20), (30, 80)])}
    river = RIVER | {"geometry": box(-500, 20, 500, 80)}
    assert stray(draw({}, [river]), (0, -20), (0, 120)) == np.inf
    assert stray(draw({}, [river], [bridge]), (0, -20), (0, 120)) == pytest.approx(1.5 * 160)
    ford = bridge | {"kind": "ford", "geometry": Point(30, 50)}
    assert stray(draw({}, [river], [ford]), (0, -20), (0, 120)) == pytest.approx(
        1.5 * 2 * np.hypot(30, 70)
    )


def test_without_streets_two_rivers_are_crossed_by_a_bridge_each():
    """Bridges of 60 m at x = 30 over the river from 20 m on, at x = -30 over that from 120 m on."""
    rivers = [
        RIVER | {"barrier": f"r{y}", "geometry": box(-500, y, 500, y + 60)} for y in (20, 120)
    ]
    bridges = [
        {"opening": f"o{y}", "kind": "bridge", "geometry": LineString([(x, y), (x, y + 60)])}
        for x, y in ((30, 20), (-30, 120))
    ]
    want = np.hypot(30, 20) + 60 + np.hypot(60, 40) + 60 + np.hypot(30, 20)
    assert stray(draw({}, rivers, bridges), (0, 0), (0, 200)) == pytest.approx(1.5 * want)


def test_without_streets_the_walls_of_compounds_are_left_to_the_detour_unless_they_are_hard():
    """Through the south gate at (50, 10): 40 m east, 20 m south, then 40 m west and 10 m south."""
    gate = GATE | {"geometry": Point(50, 10)}
    assert stray(draw({}, [WALL], [gate]), (10, 30), (90, 0)) == pytest.approx(
        1.5 * np.hypot(80, 30)
    )
    want = np.hypot(40, 20) + np.hypot(40, 10)
    assert stray(draw({}, [WALL | {"hard": True}], [gate]), (10, 30), (90, 0)) == pytest.approx(
        1.5 * want
    )


def test_the_detour_fitted_on_a_square_grid_of_streets_is_known():
    """
    Doors at the crossings of a grid of 100 m blocks walk along both sides of a
    rectangle. Of the pairs 100 to 250 m apart, the shares of straight (1),
    diagonal and knight's ways follow from counting; any seed finds them when
    all doors are asked.
    """
    side = range(5)
    streets = {f"r{n}": [(0, 100 * n), (400, 100 * n)] for n in side} | {
        f"c{n}": [(100 * n, 0), (100 * n, 400)] for n in side
    }
    site = draw(streets)
    points = put(**{f"d{x}{y}": (100 * x, 100 * y) for x in side for y in side})
    network, _ = build_network(site)
    doors, _ = reach_doors(network, points, site)
    fits = [fit_detour(network, doors, points, site, seed=seed, farthest=250.0) for seed in (1, 2)]
    ways = np.array(
        [(abs(a - c), abs(b - d)) for a in side for b in side for c in side for d in side]
    )
    straight = np.hypot(*ways.T)
    near = (straight >= 1) & (straight <= 2.5)
    assert fits[0] == fits[1]
    assert fits[0].pairs == near.sum()
    assert fits[0].factor == pytest.approx(ways[near].sum() / straight[near].sum())
    assert fit_detour(network, doors, points, site, seed=1, sample=5) == fit_detour(
        network, doors.iloc[::-1], points.iloc[::-1], site, seed=1, sample=5
    )


def home(code, x, y, **more):
    row = {
        "stairwell": f"{code}-1",
        "building": code,
        "door": 1,
        "floor_from": 1,
        "floor_to": 1,
        "climb": 0.0,
        "households": 10,
        "community": "c",
        "community_kind": "urban",
        "compound": "",
        "geometry": Point(x, y),
    }
    return row | more


def test_ways_among_the_doors_of_a_community_go_along_the_streets():
    """
    Two lanes 60 m apart, joined at the west end; a and b face each other
    across the yards, 100 m from there::

        +------- b         a - b: 40 m straight, times 1.5, which is less than
        |        a                10 + 100 + 60 + 100 + 10 along the lanes
        +------- - --- c   a - c: 60 m along the lane, and 10 m at both ends
                           a - d: farther than 50 m, so by the lanes:
                                  10 + 100 + 60 + 160 + 10
    """
    site = draw({"s": [(0, 0), (300, 0)], "w": [(0, 0), (0, 60)], "n": [(0, 60), (300, 60)]})
    doors = make_table(
        "stairwells",
        [home("a", 100, 10), home("b", 100, 50), home("c", 160, 10), home("d", 160, 50)],
    )
    ways, entries = measure_among(site, doors, WalkingRules(detour=1.5))
    assert ways["c"][0].round(6).tolist() == [0.0, 60.0, 80.0, 340.0]
    assert (ways["c"] == ways["c"].T).all()
    assert not any(e.count for e in entries)


def test_ways_are_the_same_on_the_streets_around():
    """A road of 40 km with a corner each km, and a lane joined to nothing; doors are at 20 km."""
    road = [(1000.0 * n, 10.0 * (n % 2)) for n in range(41)]
    site = draw({"road": road, "lane": [(20_000, 80), (20_300, 80)]})
    doors = make_table(
        "stairwells", [home("a", 20_010, 30), home("b", 20_290, 70), home("c", 20_700, -20)]
    )
    network, _ = build_network(site)
    around = clip_around(network, doors)
    # The doors and 3,283 m around: twice 250 m to gates and streets, and four
    # times their extent of 696 m.
    assert set(around.x) == {1000.0 * n for n in range(16, 25)}
    assert set(around.street) == {"road"}
    ways, near = (measure_among(site, doors, network=n)[0]["c"] for n in (network, around))
    assert np.array_equal(ways, near)
    assert ways[0, 2] > 690
    assert len(clip_around(network, doors.iloc[:0]).u) == 0


def test_doors_of_one_compound_walk_straight_and_floor_bands_climb():
    site = draw({"s": [(0, 0), (300, 0)], "w": [(0, 0), (0, 60)], "n": [(0, 60), (300, 60)]})
    low = home("a", 100, 10, compound="x")
    high = home("a", 100, 10, compound="x", stairwell="a-1.2", climb=30.0)
    doors = make_table("stairwells", [low, high, home("d", 160, 50, compound="x", climb=5.0)])
    ways, _ = measure_among(site, doors, WalkingRules(detour=1.5))
    straight = 1.5 * np.hypot(60, 40)
    assert ways["c"] == pytest.approx(
        np.array([[0, 30, straight + 5], [30, 0, straight + 35], [straight + 5, straight + 35, 0]])
    )


def test_a_door_that_no_street_joins_walks_straight_and_the_ledger_says_so():
    site = draw({"s": [(0, 0), (300, 0)]})
    doors = make_table("stairwells", [home("a", 0, 10), home("b", 100, 10), home("far", 0, 900)])
    ways, entries = measure_among(site, doors, WalkingRules(detour=1.5))
    assert ways["c"][0].tolist() == [0.0, 120.0, 1.5 * 890]
    assert [(e.action, list(e.ids)) for e in entries if e.count] == [
        ("noted", ["far-1"]),
        ("inferred", ["far-1"]),
    ]


def make_two_rows(metric):
    """
    Two rows of six houses of ten households, back to back 60 m apart, each
    with its lane; the lanes join 500 m to the west. In straight lines a
    sub-grid is three houses of both rows; along the lanes it is a row::

        ------------------- n
        7 8 9 10 11 12
        1 2 3  4  5  6
        ------------------- s
    """
    board = make_checkerboard(columns=6, rows=2, households=10, step=60.0)
    x = X0
    y = Y0
    lanes = {
        "s": [(x - 500, y + 5), (x + 400, y + 5)],
        "n": [(x - 500, y + 115), (x + 400, y + 115)],
        "w": [(x - 500, y + 5), (x - 500, y + 115)],
    }
    rules = Rules().replace(
        division={"metric": metric}, urban={"low": 50, "target": 60, "high": 70}
    )
    return divide(board.replace(streets=draw(lanes).streets), rules, seed=1)


def test_divide_takes_the_streets_for_its_metric_and_the_audit_finds_the_same_figures():
    straight = make_two_rows("straight")
    network = make_two_rows("network")
    sides = [
        plan.stairwells.groupby("subgrid")["building"].agg(list).tolist()
        for plan in (straight, network)
    ]
    south = [f"h{n:02d}" for n in range(1, 7)]
    north = [f"h{n:02d}" for n in range(7, 13)]
    assert sorted(sides[1]) == [south, north]
    assert sorted(sides[0]) != [south, north]
    # To the third house of a row: 60 m for each house between, and the way to
    # the lane and back from it, 25 m each.
    assert network.subgrids["household_metres"].tolist() == pytest.approx(
        [10 * (60 * (2 + 1 + 1 + 2 + 3) + 5 * 50)] * 2
    )
    for plan in (straight, network):
        assert (
            audit(plan)
            .findings.query("rule in ['centres', 'figures'] and severity != 'note'")
            .empty
        )
    mixed = network.replace(
        subgrids=network.subgrids.assign(
            household_metres=straight.subgrids["household_metres"].to_numpy()
        )
    )
    assert "figures" in set(audit(mixed).findings["rule"])


def test_the_rules_refuse_slow_walkers_who_are_faster_and_unknown_metrics():
    with pytest.raises(RuleError, match="slow_speed"):
        WalkingRules(speed=40.0)
    with pytest.raises(RuleError, match="metric"):
        Rules().replace(division={"metric": "beeline"})
