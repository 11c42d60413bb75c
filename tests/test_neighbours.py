"""Neighbours: who can be walked to."""

import pandas as pd
from shapely.geometry import LineString, Point, box

from gridplan.land.neighbours import drop_idle_openings, find_neighbours
from gridplan.rules.neighbours import NeighbourRules
from gridplan.synthetic.board_plan import CRS, make_checkerboard, make_table
from gridplan.tables.conform import make_empty


def make_doors(points, kind="urban", community="c1"):
    rows = [
        {
            "stairwell": f"{name}-1",
            "building": name,
            "door": 1,
            "floor_from": 1,
            "floor_to": 1,
            "climb": 0.0,
            "households": 5,
            "community": community,
            "community_kind": kind,
            "geometry": Point(x, y),
        }
        for name, (x, y) in points.items()
    ]
    return make_table("stairwells", rows)


def find(doors, barriers=(), openings=(), **rules):
    walls = make_table("barriers", list(barriers)) if barriers else make_empty("barriers", CRS)
    gates = make_table("openings", list(openings)) if openings else make_empty("openings", CRS)
    table, entries = find_neighbours(doors, walls, gates, NeighbourRules(**rules))
    pairs = {
        (f[0], n[0]): link
        for f, n, link in zip(table["focal"], table["neighbour"], table["link"], strict=True)
    }
    return table, pairs, [e for e in entries if e.count]


SQUARE = {"a": (0, 0), "b": (40, 0), "c": (0, 40), "d": (41, 41)}
RIVER = {"barrier": "r", "kind": "river", "hard": True, "geometry": box(-50, 18, 90, 22)}


def test_four_houses_in_a_square_touch_round_the_square():
    """
    ::

        c - d
        |   |
        a - b
    """
    table, pairs, entries = find(make_doors(SQUARE))
    assert {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")} <= set(pairs)
    assert set(pairs.values()) == {"near"}
    assert table["distance"].iloc[0] == 40.0
    assert not entries


def test_a_river_parts_the_banks_and_the_islands_are_reported():
    _, pairs, entries = find(make_doors(SQUARE), [RIVER])
    assert pairs == {("a", "b"): "near", ("c", "d"): "near"}
    assert entries[0].count == 2
    assert "1 islands" in entries[0].reason


def test_a_bridge_joins_the_banks_at_the_length_of_the_way_over_it():
    """The bridge stands at x = 0, so a - c goes straight over it: forty metres."""
    bridge = {"opening": "o", "kind": "bridge", "geometry": LineString([(0, 15), (0, 25)])}
    table, pairs, entries = find(make_doors(SQUARE), [RIVER], [bridge])
    assert pairs["a", "c"] == "opening"
    assert table.set_index(["focal", "neighbour"])["distance"]["a-1", "c-1"] == 40.0
    assert not entries


def test_a_bridge_over_a_side_stream_does_not_open_the_river_beside_it():
    stream = {
        "barrier": "s",
        "kind": "stream",
        "hard": False,
        "geometry": LineString([(20, -50), (20, 10)]),
    }
    bridge = {"opening": "o", "kind": "bridge", "geometry": LineString([(15, 5), (25, 5)])}
    _, pairs, _ = find(make_doors(SQUARE), [RIVER, stream], [bridge])
    assert pairs == {("a", "b"): "soft", ("c", "d"): "near"}


def test_a_gate_near_a_barrier_that_touches_none_opens_it():
    gate = {"opening": "o", "kind": "gate", "geometry": Point(0, 10)}
    _, pairs, _ = find(make_doors(SQUARE), [RIVER], [gate])
    assert pairs["a", "c"] == "opening"


def test_a_bridge_too_far_away_joins_only_what_would_else_be_cut_off():
    bridge = {"opening": "o", "kind": "bridge", "geometry": Point(-45, 20)}
    _, pairs, _ = find(make_doors(SQUARE), [RIVER], [bridge], opening_reach=50.0, urban_reach=60.0)
    assert list(pairs.values()).count("opening") == 1


def test_a_soft_barrier_is_crossed_at_a_price():
    stream = RIVER | {"kind": "stream", "hard": False}
    _, pairs, _ = find(make_doors(SQUARE), [stream])
    assert pairs["a", "b"] == "near"
    assert pairs["a", "c"] == "soft"


def test_a_hamlet_beyond_the_reach_is_joined_by_its_shortest_step():
    """Two pairs of houses a kilometre apart."""
    doors = make_doors({"a": (0, 0), "b": (0, 30), "c": (1000, 0), "d": (1001, 30)}, kind="rural")
    _, pairs, entries = find(doors)
    assert pairs == {("a", "b"): "near", ("c", "d"): "near", ("a", "c"): "far"}
    assert "farther apart" in entries[0].reason


def test_houses_of_two_communities_never_touch():
    doors = pd.concat(
        [
            make_doors({"a": (0, 0), "b": (20, 0)}),
            make_doors({"c": (0, 20), "d": (20, 20)}, community="c2"),
        ]
    )
    _, pairs, _ = find(doors)
    assert set(pairs) == {("a", "b"), ("c", "d")}


def test_houses_in_one_line_are_chained():
    _, pairs, _ = find(make_doors({"a": (0, 0), "c": (60, 0), "b": (30, 0)}))
    assert set(pairs) == {("a", "b"), ("b", "c")}


def test_floor_bands_are_stacked_and_only_the_lowest_meets_the_street():
    rows = [
        {
            "stairwell": f"t-1.0{band}",
            "building": "t",
            "door": 1,
            "floor_from": band,
            "floor_to": band,
            "climb": 3.0 * band - 3,
            "households": 9,
            "community": "c1",
            "community_kind": "urban",
            "geometry": Point(0, 0),
        }
        for band in (1, 2, 3)
    ]
    doors = pd.concat([make_table("stairwells", rows), make_doors({"a": (30, 0)})])
    table, _, _ = find(doors)
    assert table[["focal", "neighbour", "distance", "link"]].to_numpy().tolist() == [
        ["a-1", "t-1.01", 30.0, "near"],
        ["t-1.01", "t-1.02", 3.0, "floor"],
        ["t-1.02", "t-1.03", 3.0, "floor"],
    ]


def test_the_order_of_rows_does_not_matter():
    doors = make_doors({chr(97 + i): (37 * i % 101, 53 * i % 89) for i in range(20)})
    one, _, _ = find(doors)
    other, _, _ = find(doors.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one, other)


def test_a_lone_house_has_no_neighbour():
    table, _, entries = find(make_doors({"a": (0, 0)}))
    assert table.empty
    assert not entries


def test_openings_on_no_barrier_are_left_out_and_counted():
    site = make_checkerboard()
    x, y = site.communities.geometry.iloc[0].centroid.coords[0]
    wall = make_table(
        "barriers", [{"barrier": "b", "geometry": LineString([(x, y - 50), (x, y + 50)])}]
    )
    rows = [
        {"opening": code, "geometry": Point(x + step, y)}
        for code, step in (("on", 0), ("near", 24), ("far", 26))
    ]
    site = drop_idle_openings(
        site.replace(barriers=wall, openings=make_table("openings", rows).sort_index())
    )
    assert site.openings.index.tolist() == ["near", "on"]
    assert site.ledger[["action", "count", "ids"]].to_numpy().tolist() == [["dropped", 1, "far"]]
    bare = drop_idle_openings(make_checkerboard())
    assert bare.ledger.empty
