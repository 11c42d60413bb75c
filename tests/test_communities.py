from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, box

from gridplan.cli.console import print_guesses
from gridplan.errors import InputError
from gridplan.land.communities import assign_communities
from gridplan.land.community_kinds import judge_kinds, measure_density
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
    with pytest.raises(InputError, match="settlements"):
        assign_communities(make_field(), SiteRules())


def test_the_argument_is_not_written_to():
    site = make_two((10, 10, 20, 20), (-60, 10, 20, 20))
    before = site.buildings.copy()
    assign_communities(site, SiteRules())
    pd.testing.assert_frame_equal(pd.DataFrame(site.buildings), pd.DataFrame(before))


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
        "class not given: 0 urban, 1 rural, by density, floors and size of the settlement"
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


@pytest.mark.parametrize(
    ("long", "wide", "floors", "kinds"),
    [
        (60, 12, None, ["urban", "rural"]),  # slabs, of which nothing but the footprint is known
        (60, 12, 1, ["rural", "rural"]),
        (28, 26, None, ["rural", "rural"]),  # as large, and no slab
    ],
)
def test_blocks_of_flats_make_a_town_urban_and_leave_its_villages_rural(long, wide, floors, kinds):
    rows = [
        {"building": f"t{n:03d}", "community": "t", "households": 10, "floors": floors}
        | {"geometry": place(n % 12 * 90, n // 12 * 90, long, wide)}
        for n in range(96)
    ]
    rows += [
        {"building": f"v{n:03d}", "community": "v", "households": 1}
        | {"geometry": place(3000 + n * 40, 0, 10, 10)}
        for n in range(20)
    ]
    land = [
        {"community": "t", "geometry": place(-100, -100, 2000, 1000)},
        {"community": "v", "geometry": place(2900, -100, 2000, 1000)},
    ]
    homes = make_table("buildings", rows).assign(residential=True, households_origin="estimated")
    site = make_site(communities=make_table("communities", land), buildings=homes)
    assert judge_kinds(site, SiteRules()).communities["kind"].tolist() == kinds


def test_a_city_is_urban_as_far_as_it_is_dense_and_joined():
    #  three communities beside one another, the middle one too sparse, and each a city's third
    site = make_checkerboard(columns=9, rows=1, households=10, step=100, kind="")
    parts = np.repeat(["a", "b", "c"], 3)
    land = [{"community": c, "geometry": place(n * 300, 0, 300, 100)} for n, c in enumerate("abc")]
    counts = np.where(parts == "b", 1, 10)
    site = site.replace(
        communities=make_table("communities", land),
        buildings=site.buildings.assign(community=parts, households=counts),
    )
    rules = SiteRules(town_density=1000, town_gap=50)
    assert measure_density(site, rules)["people"].tolist() == pytest.approx([76.5, 0, 76.5])
    kinds = judge_kinds(site, replace(rules, city_people=70)).communities["kind"]
    assert kinds.tolist() == ["urban", "rural", "urban"]
    whole = site.replace(buildings=site.buildings.assign(households=10))
    assert measure_density(whole, rules)["people"].tolist() == pytest.approx([229.5] * 3)


def test_the_default_class_needs_no_judging():
    site = judge_kinds(make_checkerboard(households=99, kind=""), SiteRules(default_kind="rural"))
    assert site.communities["kind"].tolist() == ["rural"]


def test_what_was_guessed_is_said_at_once(capsys):
    site = judge_kinds(make_checkerboard(households=1, kind=""), SiteRules())
    rows = site.buildings.assign(households_origin=["estimated"] * 5 + ["observed"] * 7)
    site = site.replace(
        buildings=rows.assign(floors=[2.0, 3.0] + [None] * 10, use=["", "yes"] + ["house"] * 10),
        communities=site.communities.assign(origin="settlement"),
    )
    print_guesses(site)
    assert capsys.readouterr().out.strip() == (
        "guessed    that 2 buildings of unknown use are homes; "
        "the households of 5 of 12 homes, 3 of them without floors or height; "
        "the limits of 1 of 1 communities; "
        "the class (0 urban, 1 rural, by density, floors and size of the settlement)"
    )
    print_guesses(make_checkerboard(households=1))
    assert "class" not in capsys.readouterr().out
