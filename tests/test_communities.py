from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from gridplan.errors import InputError
from gridplan.land.communities import (
    assign_communities,
    judge_kinds,
    measure_density,
)
from gridplan.land.enclosures import make_enclosures
from gridplan.rules.site import SiteRules
from gridplan.synthetic.board_plan import X0, Y0, make_checkerboard, make_site, make_table


def place(x, y, width, depth):
    return box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def draw(*points):
    return LineString([(X0 + x, Y0 + y) for x, y in points])


def make_two(*houses):
    """Two communities side by side, 100 m wide and deep: w | e; houses are boxes a, b, c ..."""
    outlines = [
        {"community": c, "geometry": place(x, 0, 100, 100)} for c, x in (("w", 0), ("e", 100))
    ]
    rows = [{"building": "abcdef"[n], "geometry": place(*house)} for n, house in enumerate(houses)]
    return make_site(
        communities=make_table("communities", outlines).sort_index(),
        buildings=make_table("buildings", rows),
    )


def make_field(columns=4, rows=1, households=100, step=100.0, **tables):
    """One house in the middle of each 100 m cell, and no community; h1 is in the south-west."""
    site = make_checkerboard(columns, rows, households, step)
    empty = site.buildings.assign(community="")
    return make_site(buildings=empty, **tables)


def make_lines(table, *lines, **columns):
    key = {"barriers": "barrier", "streets": "street"}[table]
    return make_table(
        table, [{key: f"{key}{n}", "geometry": line} | columns for n, line in enumerate(lines)]
    )


def list_groups(site):
    return sorted(
        site.buildings.groupby("community").groups[c].tolist() for c in site.communities.index
    )


FIELD = place(0, 0, 400, 100)


def test_a_building_belongs_to_the_community_that_holds_most_of_it():
    site = assign_communities(
        make_two((10, 10, 20, 20), (150, 10, 20, 20), (85, 10, 20, 20), (95, 10, 20, 20)),
        SiteRules(),
    )
    assert site.buildings["community"].tolist() == ["w", "e", "w", "e"]
    assert site.ledger.empty


def test_a_building_in_equal_halves_goes_to_the_lower_code():
    assert assign_communities(make_two((90, 10, 20, 20)), SiteRules()).buildings[
        "community"
    ].tolist() == ["e"]


def test_buildings_outside_are_attached_when_near_and_dropped_when_far_and_both_are_counted():
    site = assign_communities(
        make_two((-60, 10, 20, 20), (240, 10, 20, 20), (900, 10, 20, 20)), SiteRules()
    )
    assert site.buildings["community"].to_dict() == {"a": "w", "b": "e"}
    assert site.ledger[["action", "count", "ids"]].to_numpy().tolist() == [
        ["attached", 2, "a, b"],
        ["dropped", 1, "c"],
    ]


def test_buildings_outside_are_left_out_when_the_user_says_so():
    site = assign_communities(
        make_two((10, 10, 20, 20), (-60, 10, 20, 20)), SiteRules(outside="drop")
    )
    assert list(site.buildings.index) == ["a"]
    assert site.ledger[["action", "ids"]].to_numpy().tolist() == [["dropped", "b"]]


def test_a_site_without_communities_is_refused_with_a_remedy():
    with pytest.raises(InputError, match="enclosures"):
        assign_communities(make_field(), SiteRules())


def test_the_argument_is_not_written_to():
    site = make_two((10, 10, 20, 20), (-60, 10, 20, 20))
    before = site.buildings.copy()
    assign_communities(site, SiteRules())
    pd.testing.assert_frame_equal(pd.DataFrame(site.buildings), pd.DataFrame(before))


def test_a_railway_cuts_the_land_into_enclosures():
    #  h1 h2 | h3 h4
    rail = make_lines("barriers", draw((200, -50), (200, 150)), kind="railway")
    site = make_enclosures(make_field(barriers=rail), SiteRules(enclosure_households=150), FIELD)
    assert list_groups(site) == [["h01", "h02"], ["h03", "h04"]]
    assert site.communities["origin"].tolist() == ["enclosure", "enclosure"]
    assert list(site.communities.index) == ["e001", "e002"]
    assert site.communities.geometry.area.tolist() == [20_000.0, 20_000.0]
    assert (
        "2 enclosures of barriers and main roads stand in for them" in site.ledger["reason"].iloc[0]
    )


def test_a_small_enclosure_is_joined_over_a_road_rather_than_over_the_railway():
    #  h1 | h2 ; h3 h4      | railway, ; main road
    rail = make_lines("barriers", draw((100, -50), (100, 150)), kind="railway")
    road = make_lines("streets", draw((200, -50), (200, 150)), kind="primary")
    site = make_field(barriers=rail, streets=road)
    assert list_groups(make_enclosures(site, SiteRules(enclosure_households=100), FIELD)) == [
        ["h01"],
        ["h02"],
        ["h03", "h04"],
    ]
    light = site.replace(buildings=site.buildings.assign(households_observed=[200, 100, 100, 100]))
    assert list_groups(make_enclosures(light, SiteRules(enclosure_households=150), FIELD)) == [
        ["h01"],
        ["h02", "h03", "h04"],
    ]


def test_a_lake_is_joined_to_a_neighbour_and_nothing_of_the_outline_is_lost():
    lake = make_lines("barriers", place(110, 60, 80, 30), kind="lake")
    site = make_enclosures(make_field(barriers=lake), SiteRules(enclosure_households=100), FIELD)
    assert len(site.communities) == 1
    assert site.communities.geometry.iloc[0].equals(FIELD)


def test_side_streets_cut_only_where_an_enclosure_is_too_heavy():
    streets = make_lines("streets", draw((200, -50), (200, 150)), kind="residential")
    main = make_table(
        "streets", [{"street": "m", "kind": "primary", "geometry": draw((-50, 50), (-50, 60))}]
    )
    site = make_field(streets=pd.concat([streets, main]).sort_index())
    assert (
        len(
            make_enclosures(
                site, SiteRules(enclosure_households=100, enclosure_most=400), FIELD
            ).communities
        )
        == 1
    )
    cut = make_enclosures(site, SiteRules(enclosure_households=100, enclosure_most=399), FIELD)
    assert list_groups(cut) == [["h01", "h02"], ["h03", "h04"]]


def test_a_heavy_enclosure_without_streets_is_cut_across_between_buildings():
    site = make_enclosures(
        make_field(), SiteRules(enclosure_households=100, enclosure_most=250), FIELD
    )
    assert list_groups(site) == [["h01", "h02"], ["h03", "h04"]]
    assert site.ledger[["action", "count"]].to_numpy().tolist() == [["inferred", 2], ["noted", 1]]


def test_borders_go_around_the_buildings_that_a_road_runs_through():
    road = make_lines(
        "streets", draw((152, -50), (152, 150))
    )  # the house h2 reaches from 145 to 155
    site = make_enclosures(make_field(streets=road), SiteRules(enclosure_households=100), FIELD)
    west = site.communities.geometry["e001"]
    assert west.contains(place(146, 46, 8, 8))
    assert west.area == pytest.approx(15_200 + 3 * 10)
    assert site.communities.geometry["e002"].area == pytest.approx(24_800 - 3 * 10)


def test_the_hull_of_the_buildings_is_cut_where_no_outline_is_given():
    site = make_enclosures(make_field(), SiteRules())
    assert site.communities.geometry.iloc[0].contains(
        shapely.union_all(site.buildings.geometry.to_numpy())
    )


def test_a_site_without_buildings_is_refused():
    with pytest.raises(InputError, match="no building"):
        make_enclosures(make_site(), SiteRules())


@settings(deadline=None, max_examples=6)
@given(
    cuts=st.lists(st.tuples(st.integers(-20, 420), st.integers(-20, 420)), min_size=0, max_size=6),
    least=st.sampled_from([1, 150, 500]),
    most=st.sampled_from([6000, 700]),
    seed=st.integers(0, 99),
)
def test_enclosures_tile_the_outline_whatever_the_roads_and_the_order_of_rows(
    cuts, least, most, seed
):
    roads = [
        {"street": f"s{n}", "geometry": draw((a, -50), (b, 450))}
        for n, (a, b) in enumerate(cuts)
        if a != b
    ]
    tables = {"streets": make_table("streets", roads)} if roads else {}
    site = make_field(4, 4, 100, **tables)
    outline = place(0, 0, 400, 400)
    rules = SiteRules(enclosure_households=least, enclosure_most=most)
    out = make_enclosures(site, rules, outline)
    shapes = out.communities.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(160_000, abs=1e-3)
    assert out.buildings.groupby("community")["households_observed"].sum().min() >= least
    mixed = site.replace(
        buildings=site.buildings.sample(frac=1, random_state=seed),
        streets=site.streets.sample(frac=1, random_state=seed),
    )
    again = make_enclosures(mixed, rules, outline)
    assert (
        again.communities.geometry.to_wkb().tolist() == out.communities.geometry.to_wkb().tolist()
    )


def test_a_given_class_stays_and_an_empty_one_is_judged_by_density():
    #  sixty households on six houses 30 m apart are a town, six are a village
    town = make_checkerboard(households=10, kind="")
    village = make_checkerboard(households=1, kind="")
    assert judge_kinds(town, SiteRules()).communities["kind"].tolist() == ["urban"]
    assert judge_kinds(village, SiteRules()).communities["kind"].tolist() == ["rural"]
    assert judge_kinds(make_checkerboard(households=1, kind="urban"), SiteRules()).communities[
        "kind"
    ].tolist() == ["urban"]
    assert judge_kinds(village, SiteRules()).ledger["reason"].tolist() == [
        "class not given: 0 urban, 1 rural, judged by density and floors"
    ]


def test_density_counts_only_built_up_land_inside_the_community():
    site = make_checkerboard(
        columns=6, rows=2, households=10
    )  # 180 m x 60 m, all of it near a home
    assert measure_density(site)["density"].tolist() == pytest.approx([120 / 1.08])
    wide = site.replace(
        communities=site.communities.assign(geometry=[place(-5000, -5000, 10_000, 10_000)])
    )
    #  from 30 m before the first house to 30 m behind the last: 240 m x 120 m less nothing
    assert measure_density(wide)["density"].tolist() == pytest.approx([120 / (2.40 * 1.20)])


def test_high_houses_make_a_town_of_a_sparse_community():
    site = make_checkerboard(households=1, kind="")
    tall = site.replace(buildings=site.buildings.assign(floors=6.0))
    assert judge_kinds(tall, SiteRules()).communities["kind"].tolist() == ["urban"]


def test_the_default_class_needs_no_judging():
    site = judge_kinds(make_checkerboard(households=99, kind=""), SiteRules(default_kind="rural"))
    assert site.communities["kind"].tolist() == ["rural"]


def test_a_real_city_without_communities_gets_enclosures_of_a_sensible_size():
    folder = Path("../shared/data/vologda")
    if not folder.exists():
        pytest.skip("the buildings of Vologda are not here")
    buildings = gpd.read_parquet(folder / "buildings.parquet").rename(
        columns={"is_living": "residential"}
    )
    buildings["building"] = [f"b{n:05d}" for n in range(len(buildings))]
    roads = gpd.read_parquet(folder / "roads.parquet").to_crs(buildings.crs)
    rails = gpd.read_parquet(folder / "railways.parquet").to_crs(buildings.crs)
    site = make_site(
        buildings=make_table("buildings", buildings, buildings.crs),
        streets=make_table(
            "streets", roads.assign(street=[f"s{n:04d}" for n in range(len(roads))]), buildings.crs
        ),
        barriers=make_table(
            "barriers",
            rails.assign(barrier=[f"r{n:03d}" for n in range(len(rails))]),
            buildings.crs,
        ),
    )
    site = make_enclosures(site, SiteRules())
    held = (site.buildings["population"] / 2.55).groupby(site.buildings["community"]).sum()
    assert len(site.buildings) == 25_324
    assert held.min() >= 600
    assert held.max() <= 6_000
    assert held.sum() == pytest.approx(356_810 / 2.55)
    assert shapely.coverage_is_valid(site.communities.geometry.to_numpy())
    assert np.unique(site.communities.geom_type).tolist() == ["Polygon"]
