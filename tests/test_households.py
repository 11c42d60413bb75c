from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from gridplan.auditing.building_ranges import fit_ranges
from gridplan.land.home_classes import classify_homes, read_coefficients
from gridplan.land.households import estimate_households
from gridplan.rules.households import PROFILES, HouseholdRules
from gridplan.synthetic.board_plan import X0, Y0, make_site, make_table
from gridplan.tables.whole_shares import share_above

RULES = HouseholdRules()


def place(x, y, width, depth):
    return box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def make_street(*houses, community="0301", **tables):
    """Houses a, b, c ... in a row, 100 m apart, each a dictionary; ``size`` is width and depth."""
    rows = []
    for n, house in enumerate(houses):
        width, depth = house.pop("size", (10, 10))
        rows.append(
            {
                "building": "abcdefghij"[n % 10],
                "community": community,
                "geometry": place(100 * n, 0, width, depth),
            }
            | house
        )
    return make_site(buildings=make_table("buildings", rows), **tables)


def make_communities(**households):
    rows = [
        {"community": code, "households": total, "geometry": place(n * 5000, -100, 5000, 300)}
        for n, (code, total) in enumerate(households.items())
    ]
    return make_table("communities", rows)


def estimate(site, **rules):
    return estimate_households(site, HouseholdRules(**rules)).buildings


def reasons(site):
    return dict(zip(site.ledger["reason"], site.ledger["count"], strict=True))


def test_the_observed_number_wins_and_stays_beside_the_estimate():
    block = {"size": (50, 12), "floors": 6, "use": "apartments"}
    houses = estimate(
        make_street(
            block | {"households_observed": 24, "population": 100},
            block | {"population": 102},
            block,
        )
    )
    # counted; 102 / 2.55; 600 m2 x 6 x 0.85 / 92.17 are 33, from which the counted 24 lead away
    assert houses["households"].tolist()[:2] == [24, 40]
    assert 25 <= houses["households"].tolist()[2] <= 31
    assert houses["households_origin"].tolist() == ["observed", "population", "estimated"]
    # those not counted have the 5 % and 95 % quantiles, wide where there is no list
    assert houses["households_low"].tolist()[0] == houses["households_high"].tolist()[0] == 24
    assert 28 <= houses["households_low"].tolist()[1] <= 32
    assert 8 <= houses["households_low"].tolist()[2] <= 26
    assert 42 <= houses["households_high"].tolist()[2] <= 56
    assert houses["households_observed"].tolist()[0] == 24
    assert houses["households_observed"].isna().tolist() == [False, True, True]


def test_homes_are_judged_by_word_then_place_then_size_then_neighbour():
    site = make_street(
        {"use": "house", "size": (5, 5)},  # small, but the data says house
        {"use": "学校", "size": (20, 20)},
        {"use": "yes", "size": (12, 12)},
        {"use": "", "size": (6, 6)},  # 36 m2: too small
        {"use": "", "size": (30, 30), "floors": 1},  # 900 m2 on one floor: a hall
        {"use": "", "size": (30, 30), "floors": 6},  # 900 m2 on six floors: a block
        {"use": "", "size": (12, 12)},  # inside the hospital
        {"use": "house", "size": (12, 12)},  # inside the hospital too, but says house
        {"use": "garage", "residential": True},  # the owner of the data knows better
        places=make_table(
            "places", [{"place": "h", "kind": "hospital", "geometry": place(590, -10, 150, 50)}]
        ),
    )
    out = estimate_households(site, RULES)
    assert out.buildings["residential"].tolist() == [
        True,
        False,
        True,
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert reasons(out)["not homes by their use"] == 1
    assert reasons(out)["homes by their use"] == 2
    assert reasons(out)["homes by their size"] == 2
    assert out.buildings["households"].tolist()[3] == 0
    assert out.buildings["households_origin"].tolist()[3] == "none"


def test_a_small_building_beside_a_larger_home_is_its_garage():
    rows = [
        {"building": "house", "geometry": place(0, 0, 12, 12)},
        {"building": "garage", "geometry": place(20, 0, 7, 7)},  # 49 m2, 8 m away
        {"building": "cottage", "geometry": place(200, 0, 7, 7)},  # alone
        {"building": "twin1", "geometry": place(300, 0, 7, 7)},  # two alike are as likely homes
        {"building": "twin2", "geometry": place(310, 0, 7, 7)},
    ]
    houses = estimate(make_site(buildings=make_table("buildings", rows)))
    chance = houses["home_chance"]
    assert chance["garage"] < 0.2 < 0.5 < chance["cottage"] < chance["house"]
    assert chance["cottage"] == chance["twin1"] == chance["twin2"]
    # as many homes as are expected: the house and two of the three
    assert houses["households"][["house", "garage"]].tolist() == [2, 0]
    assert houses["residential"].sum() == round(chance.sum())


def test_what_is_hardly_a_home_has_no_step():
    """A works is none; a shed is the same at 7.4 m and 7.6 m; a tower given as a point is one."""
    rows = [
        {"building": "works", "geometry": place(0, 0, 137, 137), "height": 11.6},
        {"building": "shed 1", "geometry": place(200, 0, 100, 50), "height": 7.4},
        {"building": "shed 2", "geometry": place(400, 0, 100, 50), "height": 7.6},
        {"building": "tower", "geometry": place(600, 0, 10, 10), "floors": 33.0, "use": "flats"},
    ]
    houses = estimate(make_site(buildings=make_table("buildings", rows)))
    assert houses["households"].tolist()[:3] == [0, 0, 0]
    assert 60 < houses["households"]["tower"] < 140
    # nobody knows its area, and the range says so
    assert houses["households_low"]["tower"] < 30 < 200 < houses["households_high"]["tower"]


def test_a_total_below_the_number_of_homes_is_met():
    site = make_fractions([np.nan] * 10)
    site = site.replace(communities=make_communities(**{"0301": 6}))
    houses = estimate(site)
    assert houses["households"].sum() == 6
    assert houses["households"].max() == 1
    assert houses["residential"].sum() == 6


def test_counted_blocks_teach_the_others():
    block = {"size": (50, 12), "floors": 6, "use": "apartments"}  # 33 by the coefficients
    counted = [block | {"building": f"c{n:02d}", "households_observed": 20} for n in range(20)]
    houses = estimate(make_street(*counted, *(block | {"building": f"o{n}"} for n in range(5))))
    others = houses[houses["households_observed"].isna()]
    assert others["households"].between(20, 23).all()
    unknown = estimate(make_street(dict(block)))
    # 33 [17, 53] when nothing is counted
    width = (unknown["households_high"] - unknown["households_low"]).max()
    assert (others["households_high"] - others["households_low"]).max() < 0.8 * width


def test_people_counted_make_a_home_and_nobody_counted_makes_none():
    site = make_street(
        {"use": "shop", "households_observed": 3},
        {"residential": False, "population": 10},
        {"residential": True, "population": 0},
        {"use": "house", "households_observed": 0},
    )
    out = estimate_households(site, RULES)
    assert out.buildings["residential"].tolist() == [True, True, True, False]
    assert out.buildings["households"].tolist() == [3, 4, 0, 0]
    assert reasons(out)["homes where the data counts nobody"] == 1


@pytest.mark.parametrize(
    ("house", "kind"),
    [
        ({"use": "apartments", "floors": 2}, "low_rise"),
        ({"use": "apartments", "floors": 9}, "slab"),
        ({"use": "apartments", "floors": 34}, "high_rise"),
        ({"use": "apartments"}, "slab"),
        ({"use": "", "height": 54.0}, "high_rise"),  # eighteen floors of 3 m
        ({"use": "residential"}, "plain"),
        ({"use": "residential", "floors": 3, "size": (50, 12)}, "low_rise"),
        ({"use": "别墅"}, "detached"),
        ({"use": "农房", "floors": 1}, "courtyard"),
        ({"use": "农房", "floors": 6}, "slab"),
        ({"use": "宿舍", "floors": 6}, "dormitory"),
        ({"use": "school"}, "not_home"),
    ],
)
def test_use_and_floors_make_the_class(house, kind):
    site = make_street(dict(house))
    assert classify_homes(site.buildings, estimate(site)["residential"], RULES).tolist() == [kind]


def draw_rows(count, others=()):
    """Slabs of 60 m x 12 m, 30 m apart, of which nothing else is known, and other buildings."""
    shapes = [place(0, 30 * n, 60, 12) for n in range(count)] + list(others)
    codes = [f"b{n:02d}" for n in range(len(shapes))]
    rows = [
        {"building": code, "community": "0301", "geometry": shape}
        for code, shape in zip(codes, shapes, strict=True)
    ]
    return make_site(buildings=make_table("buildings", rows))


def test_a_long_building_among_its_like_is_flats_and_by_itself_a_hall():
    # 720 m2 x 4 floors x 0.85 / 92.17 m2 are 27 households; the first and the last two of the
    # row have fewer than four others near, and are no part of an estate.
    flats = estimate(draw_rows(9)).loc["b02":"b06", "households"]
    assert flats.between(24, 29).sum() >= 4
    # One in four of three by themselves is a home, of the households of a large house.
    assert sorted(estimate(draw_rows(3))["households"]) == [0, 0, 5]


def test_long_buildings_among_many_houses_are_barns():
    yards = [place(70 + 14 * a, 14 * b, 10, 10) for a in range(6) for b in range(14)]
    village = estimate(draw_rows(7, yards))
    assert (village.loc["b01":"b05", "households"] == 0).all()
    # Nine of ten buildings of that size are homes.
    assert (village.loc["b07":, "households"] > 0).mean() == pytest.approx(0.9, abs=0.06)


def test_a_village_house_is_one_household_and_a_tower_is_many():
    houses = estimate(
        make_street(
            {"use": "农房", "floors": 1, "size": (15, 12)},
            {"use": "house", "size": (12, 12)},
            {"use": "apartments", "floors": 34, "size": (30, 28)},
        )
    )
    assert houses["households"].tolist() == [1, 1, 248]


def test_a_known_total_of_the_community_is_met_exactly():
    house = {"use": "residential", "size": (14, 10)}  # 1.7 households each
    site = make_street(
        house | {"households_observed": 4},
        *[dict(house) for _ in range(3)],
        communities=make_communities(**{"0301": 9}),
    )
    out = estimate_households(site, RULES)
    # five among three: equal remainders go by a rank that has nothing to do with place
    assert out.buildings["households"].tolist()[0] == 4
    assert sorted(out.buildings["households"].tolist()[1:]) == [1, 2, 2]
    assert out.buildings["households_origin"].tolist() == [
        "observed",
        "estimated",
        "estimated",
        "estimated",
    ]
    assert (out.buildings["households_low"] <= out.buildings["households"]).all()
    assert reasons(out)["estimates scaled so that the known total is met exactly"] == 1


def test_a_total_without_room_is_noted_and_the_observed_stay():
    site = make_street(
        {"households_observed": 30}, {"use": "house"}, communities=make_communities(**{"0301": 20})
    )
    out = estimate_households(site, RULES)
    # there is no room for the house, which is no home then
    assert out.buildings["households"].tolist() == [30, 0]
    assert (
        reasons(out)[
            "0301: 30 households stand against a known total of 20; there is no room to scale"
        ]
        == 1
    )


def test_the_total_of_the_site_goes_to_what_the_known_communities_leave():
    house = {"use": "house", "size": (10, 10)}
    site = make_street(
        house | {"community": "0301"},
        house | {"community": "0302"},
        house | {"community": "0302"},
        communities=make_communities(**{"0301": 7, "0302": np.nan}),
    )
    found = estimate(site, total=18)["households"].tolist()
    assert found[0] == 7
    assert sorted(found[1:]) == [5, 6]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_number_names_its_source(profile):
    table = read_coefficients(profile)
    assert (table["source"] != "").all()
    homes = table.drop(["population", "not_home"])
    assert (
        homes[["floors_default", "efficiency", "dwelling_m2", "area_default"]]
        .notna()
        .all(axis=None)
    )
    assert homes["efficiency"].between(0.5, 1.0).all()
    assert homes[["spread", "place_spread", "second"]].gt(0).all(axis=None)
    words = "|".join(table["uses"]).split("|")
    assert len([w for w in words if w]) == len({w for w in words if w})


def test_a_site_without_buildings_has_no_households():
    assert estimate_households(make_site(), RULES).buildings.empty


@given(
    weights=st.lists(st.floats(0, 100), min_size=1, max_size=30),
    extra=st.integers(0, 500),
)
def test_shares_add_up_and_none_is_below_its_least(weights, extra):
    ones = np.ones(len(weights), dtype=np.int64)
    shares = share_above(len(weights) + extra, np.array(weights), ones)
    assert shares.sum() == len(weights) + extra
    assert shares.min() >= 1


def test_a_total_below_the_least_is_refused():
    with pytest.raises(ValueError, match="more than 1"):
        share_above(1, np.array([1.0, 1.0]), np.array([1, 1]))


random_houses = st.lists(
    st.fixed_dictionaries(
        {
            "use": st.sampled_from(["", "yes", "house", "apartments", "school", "宿舍"]),
            "floors": st.sampled_from([np.nan, 1, 3, 6, 18]),
            "households_observed": st.sampled_from([np.nan, np.nan, np.nan, 0, 3, 40]),
            "population": st.sampled_from([np.nan, np.nan, 0, 1, 90]),
            "community": st.sampled_from(["0301", "0302"]),
            "size": st.sampled_from([(5, 5), (8, 7), (12, 12), (50, 12), (40, 30)]),
        }
    ),
    min_size=1,
    max_size=10,
)


@settings(deadline=None, max_examples=8)
@given(houses=random_houses, total=st.integers(0, 300), order=st.randoms(use_true_random=False))
def test_sums_are_exact_the_observed_stand_and_the_order_of_rows_is_nothing(houses, total, order):
    site = make_street(
        *[dict(h) for h in houses], communities=make_communities(**{"0301": total, "0302": np.nan})
    )
    out = estimate_households(site, RULES).buildings
    seen = out["households_observed"].notna() & out["residential"].astype(bool)
    assert (out["households"][seen] == out["households_observed"][seen]).all()
    assert (out["households_low"] <= out["households"]).all()
    assert (out["households"] <= out["households_high"]).all()
    # whoever is called a home for its looks has a household
    assert (out["households"][out["households_origin"] == "estimated"] >= 1).all()
    own = out[out["community"] == "0301"]
    counted = own["households_observed"].fillna(0).where(own["residential"].astype(bool), 0).sum()
    could = own["households_observed"].isna() & (own["home_chance"] > 0) & (own["population"] != 0)
    # a home with a resident has a household, whatever the total
    firm = (own["households_observed"].isna() & (own["population"] >= 1)).sum()
    if could.any() and counted + firm <= total:
        assert own["households"].sum() == total
    mean = out["households_mean"]
    assert mean[own.index].sum() == pytest.approx(own["households"].sum(), abs=0.51)
    names = list(site.buildings.index)
    order.shuffle(names)
    again = estimate_households(site.replace(buildings=site.buildings.loc[names]), RULES).buildings
    pd.testing.assert_frame_equal(pd.DataFrame(again.sort_index()), pd.DataFrame(out))


def test_a_shed_that_outweighs_a_resident_in_a_large_total_is_no_known_number():
    shed = {"size": (5, 5)}
    site = make_street(
        {**shed, "population": 1}, shed, communities=make_communities(**{"0301": 197})
    )
    out = estimate_households(site, RULES).buildings
    assert out["households"].sum() == 197
    assert out["households_mean"].sum() == pytest.approx(197, abs=0.01)
    assert (out["households_low"] < out["households_high"]).all()


def test_a_real_country_has_about_its_real_number_of_households():
    folder = Path("../shared/data/liechtenstein")
    if not folder.exists():
        pytest.skip("the extract of Liechtenstein is not here")
    import pyogrio
    import shapely

    shapes = pyogrio.read_dataframe(
        folder / "liechtenstein-2015-07-27.osm.pbf", layer="multipolygons", on_invalid="ignore"
    )
    shapes = shapes[shapes["building"].notna() & shapes.geometry.notna()].to_crs("EPSG:32632")
    shapes = shapes.assign(
        geometry=shapely.make_valid(shapes.geometry.to_numpy()), use=shapes["building"].str.lower()
    )
    shapes = shapes[shapes.geom_type.isin(["Polygon", "MultiPolygon"])].reset_index(drop=True)
    shapes["building"] = [f"b{n:04d}" for n in range(len(shapes))]
    houses = estimate(make_site(buildings=make_table("buildings", shapes, "EPSG:32632")))
    assert 0.85 * 16_000 < houses["households"].sum() < 1.15 * 16_000


def make_fractions(numbers, column="households_observed"):
    """Houses of 100 m2 in one community, counted as the given fractions."""
    return make_street(
        *({"building": f"h{n:03d}", column: number} for n, number in enumerate(numbers))
    )


@pytest.mark.parametrize(
    ("numbers", "total"),
    [([0.4] * 80 + [6.0] * 20, 152), ([0.5] * 100, 50), ([0.4] * 100, 40), ([2.5, 2.5], 5)],
)
def test_fractions_of_households_add_up(numbers, total):
    """A count split over rows by a model keeps its sum: 0.4 x 80 and 6 x 20 are 152."""
    buildings = estimate_households(make_fractions(numbers), RULES).buildings
    assert buildings["households"].sum() == total
    assert buildings["residential"].all()
    assert (np.abs(buildings["households"] - numbers) < 1).all()


def test_fractions_of_persons_add_up():
    """Of 0.4 persons each, 270 houses have 108 persons, 40 households of 2.7."""
    site = make_fractions([0.4] * 270, "population")
    rules = replace(RULES, persons=2.7)
    assert estimate_households(site, rules).buildings["households"].sum() == 40


def test_a_house_with_a_person_has_a_household():
    site = make_fractions([1.0] * 5, "population")
    assert estimate_households(site, RULES).buildings["households"].tolist() == [1] * 5


def test_the_audit_derives_the_ranges_again_and_finds_a_wrong_one():
    sizes = [(50, 12), (12, 12), (7, 7), (10, 10), (30, 28)]
    houses = [
        {"building": f"h{n}", "size": size, "floors": floors, "use": use}
        for n, (size, floors, use) in enumerate(
            (size, floors, use) for size in sizes for floors in (1, 6, 30) for use in ("", "flats")
        )
    ]
    table = estimate(make_street(*houses))
    origin = table["households_origin"].to_numpy(object)
    assert fit_ranges(table, origin).all()
    wide = table["households_high"] > table["households_low"] + 2
    assert wide.sum() > 10
    wrong = table.assign(households_high=table["households_high"] + wide)
    assert (~fit_ranges(wrong, origin)).tolist() == wide.tolist()


def test_counted_blocks_teach_those_of_their_own_time_more():
    block = {"size": (40, 12), "floors": 6, "use": "apartments"}
    houses = [{**block, "year_built": year} for year in (1970, 1970, 2010, 2010, 1970, 2010)]
    for n, count in enumerate((60, 62, 20, 21)):
        houses[n]["households_observed"] = count
    out = estimate(make_street(*houses))["households_mean"]
    assert out["e"] > out["f"] + 2
    without = estimate(make_street(*[{**house, "year_built": np.nan} for house in houses]))
    gap = without["households_mean"]["e"] - without["households_mean"]["f"]
    assert abs(gap) < out["e"] - out["f"]
