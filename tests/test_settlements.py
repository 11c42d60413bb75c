"""Settlements, open land, blocks of streets, and given limits completed: villages to look at."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

import gridplan as gp
from gridplan.auditing.audit_plan import audit
from gridplan.errors import InputError
from gridplan.land.given_limits import complete_limits, lead_limits
from gridplan.land.settlements import make_settlements
from gridplan.land.spared_buildings import spare_buildings
from gridplan.land.street_blocks import add_blocks
from gridplan.planning.outlines.open_land import find_carers
from gridplan.planning.prepare import prepare_land
from gridplan.planning.site_to_plan import divide
from gridplan.rules.all_rules import Rules
from gridplan.rules.settlements import SettlementRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_checkerboard, make_site, make_table


def place(x, y, width, depth):
    return box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def draw(*points):
    return LineString([(X0 + x, Y0 + y) for x, y in points])


def make_field(columns=4, rows=1, households=100, step=100.0, **tables):
    """One house in the middle of each cell, and no community; h01 is in the south-west."""
    site = make_checkerboard(columns, rows, households, step)
    return make_site(buildings=site.buildings.assign(community=""), **tables)


def make_lines(table, *lines, **columns):
    key = {"barriers": "barrier", "streets": "street"}[table]
    return make_table(
        table, [{key: f"{key}{n}", "geometry": line} | columns for n, line in enumerate(lines)]
    )


def list_groups(site):
    """The houses in each community, by where they stand."""
    inner = shapely.point_on_surface(site.buildings.geometry.to_numpy())
    tree = shapely.STRtree(inner)
    return [
        sorted(site.buildings.index[tree.query(shape, predicate="intersects")])
        for shape in site.communities.sort_index().geometry
    ]


def test_a_railway_cuts_a_settlement_in_two():
    #  h01 h02 | h03 h04
    rail = make_lines("barriers", draw((200, -500), (200, 500)), kind="railway", hard=True)
    site = make_settlements(make_field(barriers=rail), SettlementRules(community_least=150))
    assert list_groups(site) == [["h01", "h02"], ["h03", "h04"]]
    assert site.communities["origin"].tolist() == ["settlement", "settlement"]
    assert list(site.communities.index) == ["s001", "s002"]
    assert "2 settlements" in site.ledger["reason"].iloc[0]


def test_parts_are_joined_over_a_road_rather_than_over_a_railway():
    #  h01 | h02 ; h03 h04      | railway, ; main road
    rail = make_lines("barriers", draw((100, -500), (100, 500)), kind="railway", hard=True)
    road = make_lines("streets", draw((200, -500), (200, 500)), kind="primary")
    site = make_field(barriers=rail, streets=road)
    rules = SettlementRules(community_least=250)
    assert list_groups(make_settlements(site, rules)) == [["h01"], ["h02", "h03", "h04"]]


def test_a_hamlet_joins_a_settlement_nearby_but_not_over_a_river_and_not_from_afar():
    #  a village of 100 households; 5 households 300 m east, and 5 more 5 km west
    rows = [
        {"building": "v", "geometry": place(0, 0, 40, 40), "households_observed": 100},
        {"building": "near", "geometry": place(340, 0, 10, 10), "households_observed": 5},
        {"building": "far", "geometry": place(-5000, 0, 10, 10), "households_observed": 5},
    ]
    dry = make_site(buildings=make_table("buildings", rows))
    assert list_groups(make_settlements(dry, SettlementRules())) == [["far"], ["near", "v"]]
    river = make_lines("barriers", draw((190, -5000), (190, 5000)), kind="river", hard=True)
    wet = dry.replace(barriers=river)
    assert list_groups(make_settlements(wet, SettlementRules())) == [["far"], ["v"], ["near"]]


@pytest.mark.parametrize("y", [25, 55])
def test_homes_land_ends_at_the_street_beyond_which_nobody_lives(y):
    """A street 20 m north of the houses cuts their 40 m of land; one 50 m off draws it on."""
    houses = [
        {"building": f"b{n}", "geometry": place(40 * n, -10, 20, 15), "households_observed": 30}
        for n in range(10)
    ]
    street = make_lines("streets", draw((-1000, y), (1400, y)), kind="residential")
    site = make_settlements(
        make_site(buildings=make_table("buildings", houses), streets=street), SettlementRules()
    )
    assert site.communities.geometry.iloc[0].bounds[3] == pytest.approx(Y0 + y, abs=0.02)


def test_a_heavy_settlement_without_streets_is_cut_across_between_houses():
    rules = SettlementRules(community_least=100, community_most=250)
    site = make_settlements(make_field(), rules)
    assert list_groups(site) == [["h01", "h02"], ["h03", "h04"]]
    assert site.ledger[["action", "count"]].to_numpy().tolist() == [["inferred", 2], ["noted", 1]]


def test_borders_go_around_the_houses_that_a_road_runs_through():
    road = make_lines("streets", draw((152, -500), (152, 500)), kind="primary")
    #  the house h02 reaches from 145 to 155
    site = make_settlements(make_field(streets=road), SettlementRules(community_least=100))
    inner = place(146, 46, 8, 8)
    assert site.communities.geometry.contains(inner).sum() == 1
    assert site.communities.geometry.intersects(inner).sum() == 1


def test_settlements_are_named_after_a_place_else_after_their_street():
    houses = [
        {"building": "a", "geometry": place(0, 0, 20, 20), "households_observed": 50},
        {"building": "b", "geometry": place(3000, 0, 20, 20), "households_observed": 50},
    ]
    streets = make_lines("streets", draw((2900, 30), (3100, 30)), kind="residential", name="槐树巷")
    places = make_table(
        "places",
        [{"place": "p", "kind": "village", "name": "东李庄", "geometry": place(50, 0, 1, 1)}],
    )
    site = make_site(buildings=make_table("buildings", houses), streets=streets, places=places)
    assert make_settlements(site, SettlementRules()).communities["name"].tolist() == [
        "东李庄",
        "槐树巷",
    ]


def test_a_site_without_buildings_is_refused():
    with pytest.raises(InputError, match="no building"):
        make_settlements(make_site(), SettlementRules())


@settings(deadline=None, max_examples=8)
@given(
    cuts=st.lists(st.tuples(st.integers(-20, 420), st.integers(-20, 420)), min_size=0, max_size=6),
    least=st.sampled_from([1, 150, 500]),
    seed=st.integers(0, 99),
)
def test_every_house_is_in_one_settlement_whatever_the_roads_and_the_order(cuts, least, seed):
    roads = [
        {"street": f"s{n}", "geometry": draw((a, -150), (b, 550)), "kind": "residential"}
        for n, (a, b) in enumerate(cuts)
        if a != b
    ]
    tables = {"streets": make_table("streets", roads)} if roads else {}
    site = make_field(4, 4, 100, **tables)
    rules = SettlementRules(community_least=least)
    out = make_settlements(site, rules)
    shapes = out.communities.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert sorted(h for group in list_groups(out) for h in group) == sorted(site.buildings.index)
    whole = shapely.union_all(shapes)
    assert shapely.covers(shapely.buffer(whole, 0.02), site.buildings.geometry.to_numpy()).all()
    mixed = site.replace(
        buildings=site.buildings.sample(frac=1, random_state=seed),
        streets=site.streets.sample(frac=1, random_state=seed),
    )
    again = make_settlements(mixed, rules)
    assert (
        again.communities.geometry.to_wkb().tolist() == out.communities.geometry.to_wkb().tolist()
    )


def make_parish():
    """A community of 1 km2 with sixty houses of one household in its south-west, and a pond."""
    houses = [
        {
            "building": f"b{n:02d}",
            "geometry": place(60 + 25 * (n % 10), 60 + 25 * (n // 10), 10, 10),
            "households_observed": 1,
            "residential": True,
        }
        for n in range(60)
    ]
    limit = {"community": "c", "kind": "rural", "geometry": place(0, 0, 1000, 1000)}
    pond = make_table(
        "barriers",
        [{"barrier": "w", "kind": "lake", "hard": True, "geometry": place(600, 600, 300, 300)}],
    )
    return make_site(
        buildings=make_table("buildings", houses),
        communities=make_table("communities", [limit]),
        barriers=pond,
    )


def test_fields_and_water_are_open_land_that_a_sub_grid_looks_after():
    plan = divide(make_parish(), seed=1)
    table = plan.subgrids
    homes = table[table["kind"] == "residential"]
    open_land = table[table["kind"] == "open"]
    # Sixty houses and 40 m around them, with round corners, are some 7 ha of the hundred.
    assert 6e4 < homes["area"].sum() < 8e4
    assert sorted(open_land["land"]) == ["open", "water"]
    assert open_land.loc[open_land["land"] == "water", "area"].sum() == pytest.approx(9e4)
    assert table["area"].sum() == pytest.approx(1e6)
    assert set(open_land["responsible"]) <= set(homes.index)
    assert open_land["households"].sum() == 0
    assert open_land["in_band"].all()
    assert audit(plan).passed


def test_open_land_can_be_left_to_the_homes():
    plan = divide(make_parish(), Rules().replace(settlements={"open_land": False}), seed=1)
    assert set(plan.subgrids["kind"]) == {"residential"}
    assert plan.subgrids["area"].sum() == pytest.approx(1e6)


def test_a_house_moved_to_the_fields_gets_land_of_its_sub_grid():
    plan = divide(make_parish(), seed=1)
    site = make_parish()
    moved = site.buildings.copy()
    moved.loc["b59", "geometry"] = place(450, 200, 10, 10)
    after = gp.redraw(plan, site.replace(buildings=moved))
    home = after.stairwells.loc[after.stairwells["building"] == "b59"].iloc[0]
    assert after.subgrids.geometry[home["subgrid"]].covers(moved.geometry["b59"])
    assert audit(after).passed


def test_doors_on_two_sides_of_a_main_road_are_in_two_quarters_and_a_dead_end_parts_nobody():
    road = make_lines("streets", draw((200, -500), (200, 500)), kind="primary")
    lane = make_table(
        "streets",
        [{"street": "lane", "kind": "residential", "geometry": draw((100, 20), (100, 80))}],
    )
    site = make_checkerboard(4, 1, 30, 100.0).replace(streets=pd.concat([road, lane]).sort_index())
    land = prepare_land(site, Rules())
    doors = add_blocks(land.stairwells, land.site, SettlementRules())
    sides = doors.groupby("quarter")["building"].unique().map(sorted).tolist()
    assert sides == [["h01", "h02"], ["h03", "h04"]]
    assert doors["block"].nunique() == 2


def test_a_main_road_is_not_crossed_where_both_sides_make_sub_grids():
    """Six by two houses of ten: three sub-grids in any way, two blocks of sixty on each side."""
    road = make_lines("streets", draw((90, -500), (90, 500)), kind="primary")
    site = make_checkerboard(6, 2, 10, 30.0).replace(streets=road)
    plan = divide(site, seed=1)
    doors = plan.stairwells
    assert (doors.groupby("subgrid")["quarter"].nunique() == 1).all()


def make_two_halves(limit):
    """Eight houses of 30 households in two groups 1 km apart, and one community."""
    rows = [
        {
            "building": f"b{n}",
            "geometry": place(1000 * (n // 4) + 30 * (n % 4), 0, 10, 10),
            "households_observed": 30,
        }
        for n in range(8)
    ]
    return make_site(
        buildings=make_table("buildings", rows),
        communities=make_table("communities", [{"community": "c", "geometry": limit}]),
    )


def test_limits_that_hold_half_of_the_homes_are_used_where_they_hold():
    site = make_two_halves(place(-100, -100, 400, 300))
    full = complete_limits(site, SettlementRules(), site.buildings["households_observed"])
    assert full.communities["origin"].tolist() == ["given", "settlement"]
    assert "for 120 households outside the limits given" in full.ledger["reason"].iloc[0]
    assert list_groups(full) == [["b0", "b1", "b2", "b3"], ["b4", "b5", "b6", "b7"]]


def test_limits_that_hold_all_homes_are_left_alone():
    site = make_two_halves(place(-100, -100, 2000, 300))
    full = complete_limits(site, SettlementRules(), site.buildings["households_observed"])
    assert full is site


def test_a_limit_is_led_around_the_home_that_it_cuts_and_one_that_stands_outside():
    rows = [
        {"building": "cut", "geometry": place(95, 40, 8, 10), "community": "w"},
        {"building": "out", "geometry": place(-30, 40, 10, 10), "community": "w"},
    ]
    site = make_site(
        buildings=make_table("buildings", [r | {"households": 1} for r in rows]),
        communities=make_table(
            "communities",
            [
                {"community": "w", "geometry": place(0, 0, 100, 100)},
                {"community": "e", "geometry": place(100, 0, 100, 100)},
            ],
        ),
    )
    led = lead_limits(site)
    west, east = (led.communities.geometry[c] for c in ("w", "e"))
    assert west.covers(site.buildings.geometry["cut"])
    assert west.covers(site.buildings.geometry["out"])
    assert east.area == pytest.approx(10_000 - 3 * 10)
    assert shapely.coverage_is_valid(led.communities.geometry.to_numpy())
    assert led.ledger["count"].tolist() == [2]


def test_open_land_is_looked_after_by_the_sub_grid_beside_it_whatever_its_code():
    homes = gpd.GeoSeries(
        [box(0, 0, 100, 100), box(100, 0, 200, 100)], index=["0299-001", "0301-002"], crs=CRS
    )
    pieces = gpd.GeoDataFrame(
        {"subgrid": ["0301-O001"], "community": ["0301"]},
        geometry=[box(0, 100, 90, 200)],
        crs=CRS,
    )
    community = pd.Series("0301", index=homes.index)
    assert find_carers(pieces, homes, community).to_dict() == {"0301-O001": "0299-001"}


@pytest.mark.parametrize("is_home", [True, False])
def test_a_hall_mostly_outside_is_left_out_but_a_home_is_taken_in(is_home):
    """The limit runs through a long building on the east, and through its homes on the west."""
    land = shapely.box([0], 0, 100, 40)
    buildings = shapely.box([40, 80], 10, [50, 180], 20)
    spared = spare_buildings(land, buildings, np.array([True, is_home]))
    assert shapely.area(spared).tolist() == [4000.0 + 800.0 if is_home else 4000.0 - 200.0]
