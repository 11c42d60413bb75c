"""A second network is a network: villages without a road between, and who walks where."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.affinity import translate
from shapely.geometry import LineString, Point, box

from gridplan.auditing.audit_plan import audit
from gridplan.coverage.proposals import propose_posts
from gridplan.coverage.reach_plan import reach
from gridplan.maps.isochrones import cut_edges, measure_pieces
from gridplan.planning.site_to_plan import divide
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import Service
from gridplan.rules.walking import WalkingRules
from gridplan.simulation.requests.travel_times import measure_links
from gridplan.simulation.surge.surge_travel import SurgeTravel
from gridplan.synthetic.board_plan import X0, Y0, make_checkerboard, make_site, make_table
from gridplan.walking.door_access import CUT_OFF, LEADS_NOWHERE, NO_STREET, reach_doors
from gridplan.walking.door_distances import clip_around, measure_among
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import find_nearest, measure_paths

CANTEEN = {"services": [Service("canteen", 15, 0, 0, "city")], "farthest": 5000.0}
ROW = 60.0  # metres between houses


def draw(homes, streets, **tables):
    """Homes of 10 households by code and place, and streets by code and corners."""
    rows = [
        {
            "building": code,
            "residential": True,
            "households": 10,
            "geometry": Point(place).buffer(5, cap_style="square"),
        }
        for code, place in homes.items()
    ]
    lines = [
        {"street": code, "kind": "residential", "geometry": LineString(corners)}
        for code, corners in streets.items()
    ]
    made = {name: make_table(name, rows) for name, rows in tables.items()}
    return make_site(
        buildings=make_table("buildings", rows), streets=make_table("streets", lines), **made
    )


def find_doors(site):
    """A door in the middle of each home."""
    homes = site.buildings
    rows = [
        {
            "stairwell": f"{code}-1",
            "building": code,
            "community": "c",
            "community_kind": "rural",
            "door": 1,
            "floor_from": 1,
            "floor_to": 1,
            "climb": 0.0,
            "slice_from": 0.0,
            "slice_to": 1.0,
            "households": 10,
            "geometry": shape.centroid,
        }
        for code, shape in homes.geometry.items()
    ]
    return make_table("stairwells", rows)


def walk_among(site, **rules):
    """The ways among all homes along the streets, infinite where there are none."""
    rules = WalkingRules(**rules)
    network, _ = build_network(site, rules)
    doors, _ = reach_doors(network, find_doors(site), site, rules)
    ways = measure_paths(network, doors, doors).tocoo()
    metres = np.full((len(doors), len(doors)), np.inf)
    metres[ways.row, ways.col] = ways.data
    np.fill_diagonal(metres, 0.0)
    return metres


VALLEYS = {
    "homes": {"a": (0, 10), "b": (100, 10), "c": (2000, 10), "d": (2060, 10)},
    "streets": {"long": [(0, 0), (900, 0)], "short": [(1990, 0), (2200, 0)]},
}


def test_homes_walk_along_their_own_streets_and_nowhere_else():
    metres = walk_among(draw(**VALLEYS))
    none = np.inf
    assert metres.tolist() == [
        [0, 120, none, none],
        [120, 0, none, none],
        [none, none, 0, 80],
        [none, none, 80, 0],
    ]


def test_pieces_that_serve_no_homes_are_left_out_and_counted():
    """The longest piece of all is a track in the woods; the shortest is a farm's own drive."""
    site = draw(
        VALLEYS["homes"] | {"farm": (500, 3000)},
        VALLEYS["streets"]
        | {"track": [(0, 9000), (5000, 9000)], "drive": [(500, 3005), (500, 3025)]}
        | {"path": [(20, 20), (60, 20)]},
    )
    network, entries = build_network(site)
    pieces = dict(zip(network.street, network.component[network.u], strict=True))
    assert network.kept == pieces["long"]
    assert network.others.tolist() == [pieces["short"], pieces["drive"]]
    assert set(network.street[network.kept_edges]) == {"long", "short", "drive"}
    told = {tuple(e.ids): e.reason for e in entries if e.count}
    assert told[("path", "track")].startswith("streets in 2 pieces of 5,040 m that no home needs")
    assert told[("drive", "short")].startswith("streets in 2 pieces of 230 m that serve homes")


def test_without_known_homes_the_longest_piece_alone_counts():
    site = draw(**VALLEYS)
    network, _ = build_network(site.replace(buildings=site.buildings.iloc[:0]))
    assert set(network.street[network.kept_edges]) == {"long"}


def test_the_order_of_rows_changes_nothing():
    site = draw(**VALLEYS)
    turned = site.replace(streets=site.streets.iloc[::-1], buildings=site.buildings.iloc[::-1])
    one, other = (build_network(s)[0] for s in (site, turned))
    assert one.kept == other.kept
    assert one.others.tolist() == other.others.tolist()


def test_a_door_that_can_walk_to_two_networks_walks_along_both():
    """
    The village's street is 10 m from its doors, the town's 200 m across a
    field; only the village's last door is too far from the town's::

        town  ----------------------            m t
              200 m of field
        village   v   w          x
              ----------------------
    """
    homes = {"t": (0, 210), "v": (0, 10), "w": (60, 10), "x": (900, 10)}
    streets = {"town": [(0, 200), (0, 4000)], "village": [(0, 0), (900, 0)]}
    metres = walk_among(draw(homes, streets))
    codes = sorted(homes)
    table = pd.DataFrame(metres, codes, codes)
    # v and t are apart by the field alone
    assert table.loc["t", "v"] == pytest.approx(200)
    # among themselves they do not go by the town: 10 + 60 + 10
    assert table.loc["v", "w"] == pytest.approx(80)
    assert table.loc["v", "x"] == pytest.approx(920)
    # x is too far from the town's street, so t comes over the field to the village's
    assert table.loc["t", "x"] == pytest.approx(210 + 900 + 10)
    site = draw(homes, streets)
    network, _ = build_network(site)
    doors, _ = reach_doors(network, find_doors(site), site)
    nearest = find_nearest(network, doors.loc[["v-1"]], doors.loc[["t-1", "x-1"]])
    assert nearest.loc["v-1"].tolist() == ["t-1", pytest.approx(200)]
    nearest = find_nearest(network, doors.loc[["x-1"]], doors.loc[["t-1", "w-1"]])
    assert nearest.loc["x-1"].tolist() == ["w-1", pytest.approx(860)]


def test_both_banks_of_a_river_without_a_bridge_have_their_streets():
    """The far bank's doors are 60 m from the near bank's street, over the water."""
    homes = {"n": (0, 70), "m": (300, 70), "s": (0, 10), "r": (300, 10)}
    streets = {"south": [(-100, 0), (400, 0)], "north": [(0, 80), (300, 80)]}
    river = {"barrier": "r", "kind": "river", "hard": True}
    site = draw(
        homes, streets, barriers=[river | {"geometry": LineString([(-500, 40), (900, 40)])}]
    )
    table = pd.DataFrame(walk_among(site), sorted(homes), sorted(homes))
    assert (table.loc["m", "n"], table.loc["r", "s"]) == (320, 320)
    assert np.isinf(table.loc[["m", "n"], ["r", "s"]].to_numpy()).all()


def test_ends_that_meet_but_for_an_error_of_drawing_are_one_network():
    homes = {"a": (0, 10), "b": (200, 10)}
    streets = {"w": [(0, 0), (100, 0)], "e": [(100.4, 0), (200, 0)]}
    assert walk_among(draw(homes, streets))[0, 1] == pytest.approx(220)
    apart = streets | {"e": [(101, 0), (200, 0)]}
    # farther apart than walking.join_reach: a is 110 m from the eastern street
    assert walk_among(draw(homes, apart), access_limit=50.0)[0, 1] == np.inf


def test_what_is_near_no_street_or_only_near_useless_ones_is_said():
    wall = {"barrier": "w", "kind": "railway", "hard": True}
    ring = Point(500, 300).buffer(100).exterior
    site = draw(
        VALLEYS["homes"],
        VALLEYS["streets"] | {"track": [(0, 9000), (5000, 9000)]},
        barriers=[wall | {"geometry": ring}],
    )
    network, _ = build_network(site)
    places = {"hut": (10, 9010), "moon": (0, 5000), "cage": (500, 230)}
    table = gpd.GeoDataFrame(
        geometry=[Point(p) for p in places.values()],
        index=pd.Index(places, name="post"),
        crs=site.crs,
    )
    doors, entries = reach_doors(network, table, site)
    assert doors["reason"].to_dict() == {"hut": LEADS_NOWHERE, "moon": NO_STREET, "cage": CUT_OFF}
    assert {tuple(e.ids) for e in entries if e.count} == {("hut",), ("moon",), ("cage",)}


def test_ways_among_doors_are_finite_and_the_ledger_says_which_are_not_along_streets():
    """Half of the community's doors are in either valley: all four are named."""
    site = draw(**VALLEYS)
    ways, entries = measure_among(site, find_doors(site), WalkingRules(detour=1.5))
    assert ways["c"][0].tolist() == [0.0, 120.0, 3000.0, 3090.0]
    assert ways["c"][2].tolist() == [3000.0, 2850.0, 0.0, 80.0]
    inferred = next(e for e in entries if e.action == "inferred")
    assert list(inferred.ids) == ["a-1", "b-1", "c-1", "d-1"]
    network, _ = build_network(site)
    around = clip_around(network, find_doors(site))
    again, _ = measure_among(site, find_doors(site), WalkingRules(detour=1.5), around)
    assert np.array_equal(ways["c"], again["c"])


def make_villages(**tables):
    """Two villages of twelve houses, each a community with its lane, 3 km apart."""
    board = make_checkerboard(columns=6, rows=2, households=10, step=ROW)
    parts = []
    for code, east in (("0301", 0.0), ("0302", 3000.0)):
        names = pd.Index([f"{code}-{house}" for house in board.buildings.index], name="building")
        homes = board.buildings.assign(
            community=code, geometry=[translate(g, east) for g in board.buildings.geometry]
        )
        parts.append(homes.set_axis(names))
    land = [
        {
            **board.communities.iloc[0].drop("geometry").dropna().to_dict(),
            "community": code,
            "geometry": box(X0 - 400 + east, Y0 - 400, X0 + 800 + east, Y0 + 600),
        }
        for code, east in (("0301", 0.0), ("0302", 3000.0))
    ]
    lanes = []
    # the western network is the longer one
    for code, east, start in (("w", 0.0, -300.0), ("e", 3000.0, -20.0)):
        west, least, most = X0 + east - 20, X0 + east + start, X0 + east + 400
        corners = {
            "s": [(least, Y0 + 5), (most, Y0 + 5)],
            "n": [(west, Y0 + 115), (most, Y0 + 115)],
            "l": [(west, Y0 + 5), (west, Y0 + 115)],
        }
        lanes += [
            {"street": f"{lane}{code}", "kind": "residential", "geometry": LineString(line)}
            for lane, line in corners.items()
        ]
    return board.replace(
        buildings=pd.concat(parts),
        communities=make_table("communities", land),
        streets=make_table("streets", lanes),
        **{name: make_table(name, rows) for name, rows in tables.items()},
    )


RULES = Rules().replace(
    division={"metric": "network"},
    urban={"low": 50, "target": 60, "high": 70},
    coverage=CANTEEN,
)


def put_canteens(*places):
    return [
        {"place": f"p{n}", "kind": "canteen", "geometry": Point(X0 + x, Y0 + 10)}
        for n, x in enumerate(places)
    ]


@pytest.fixture(scope="module")
def plan():
    return divide(make_villages(places=put_canteens(30, 3030)), RULES, seed=1)


def test_two_villages_are_divided_reached_and_audited_alike(plan):
    """The eastern village, of the shorter network, has the figures of the western one."""
    both = plan.subgrids.groupby("community")["household_metres"].sum()
    assert both["0301"] == pytest.approx(both["0302"])
    done = reach(plan)
    west, east = (
        done.reach[done.reach["community"] == code].reset_index() for code in ("0301", "0302")
    )
    assert west["metres"].tolist() == pytest.approx(east["metres"].tolist())
    assert set(done.reach["reason"]) == {""}
    city = done.coverage.query("level == 'city' and own").iloc[0]
    assert city[["households", "reachable", "served"]].tolist() == [240.0, 240.0, 240.0]
    errors = audit(done).findings.query("severity == 'error'")
    assert errors.empty, errors["message"].tolist()


def test_a_village_without_a_canteen_is_told_that_no_way_leads_to_one(plan):
    """The remedy is followed: a canteen on this side serves everybody."""
    site = plan.site.replace(places=make_table("places", put_canteens(30)))
    done = reach(plan.replace(site=site))
    away = done.reach[done.reach["community"] == "0302"]
    assert set(away["reason"]) == {"apart"}
    assert away["metres"].isna().all()
    gap = done.gaps[done.gaps["rule"] == "canteen"].iloc[0]
    assert gap["reason"].startswith("no street leads from theirs to a canteen")
    assert "propose PLAN --kind canteen --add 1" in gap["remedy"]
    proposed = propose_posts(done, "canteen", add=1)
    after = proposed.reach[proposed.reach["state"] == "proposed"]
    assert (after["reachable"] > 0).all()
    new = proposed.service_posts[proposed.service_posts["status"] == "proposed"]
    assert new["community"].tolist() == ["0302"]


def test_the_other_remedy_is_followed_too(plan):
    """With the street between drawn, the far village is just far."""
    site = plan.site.replace(places=make_table("places", put_canteens(30)))
    row = {"street": "link", "kind": "residential"}
    link = row | {"geometry": LineString([(X0 + 400, Y0 + 5), (X0 + 2980, Y0 + 5)])}
    site = site.replace(streets=pd.concat([site.streets, make_table("streets", [link])]))
    done = reach(plan.replace(site=site))
    away = done.reach[done.reach["community"] == "0302"]
    assert away["metres"].between(2900, 3500).all()
    assert set(away["reason"]) <= {"far", "roundabout"}


def test_streets_on_the_map_are_banded_in_both_villages(plan):
    done = reach(plan)
    network, _ = build_network(done.site)
    posts = done.service_posts
    access, _ = reach_doors(network, posts, done.site)
    pieces = cut_edges(network)
    metres = measure_pieces(
        pieces, posts, access, RULES.coverage.services[0], done.site.communities, 5000.0
    )
    assert np.isfinite(metres).all()
    assert metres.max() < 1000


def test_travel_times_and_surge_walk_in_the_second_village_as_in_the_first(plan):
    cells = plan.subgrids.sort_index()
    homes, minutes = {}, {}
    for code in ("0301", "0302"):
        some = cells[(cells["community"] == code) & (cells["kind"] == "residential")]
        doors = plan.stairwells[plan.stairwells["community"] == code].sort_index()
        row, column = (part.ravel() for part in np.indices((len(doors), len(some))))
        minutes[code] = measure_links(plan, doors.index, some, row, column, RULES)
        homes[code] = doors
    assert minutes["0301"] == pytest.approx(minutes["0302"])
    travel = SurgeTravel(plan.site, RULES.walking)
    ways = {a: travel.measure(homes[a], homes[a]) for a in homes}
    assert ways["0301"] == pytest.approx(ways["0302"])
    assert np.isfinite(ways["0302"]).all()
    assert np.isinf(travel.measure(homes["0301"], homes["0302"])).all()
