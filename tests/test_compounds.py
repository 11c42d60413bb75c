import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from gridplan.land.compounds import infer_compounds
from gridplan.rules.site import SiteRules
from gridplan.synthetic.board_plan import X0, Y0, make_site, make_table


def place(x, y, width, depth):
    return box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def make_town(*blocks, kind="urban", **tables):
    """One community, 400 m x 100 m; blocks b1, b2 ... are (x, floors, households), 50 m x 12 m."""
    rows = [
        {
            "building": f"b{n}",
            "community": "0301",
            "residential": True,
            "floors": floors,
            "households": households,
            "geometry": place(x, 20, 50, 12),
        }
        for n, (x, floors, households) in enumerate(blocks, 1)
    ]
    land = {"community": "0301", "kind": kind, "geometry": place(0, 0, 400, 100)}
    return make_site(
        buildings=make_table("buildings", rows),
        communities=make_table("communities", [land]),
        **tables,
    )


def make_street(*xs, kind=""):
    rows = [
        {
            "street": f"s{x}",
            "kind": kind,
            "geometry": LineString([(X0 + x, Y0 - 50), (X0 + x, Y0 + 150)]),
        }
        for x in xs
    ]
    return make_table("streets", rows)


def infer(site, **rules):
    return infer_compounds(site, SiteRules(**rules))


def test_blocks_near_each_other_in_one_street_block_are_a_compound():
    #  b1 b2 | b3 b4
    site = infer(
        make_town((20, 6, 36), (90, 6, 36), (240, 6, 36), (320, 6, 36), streets=make_street(200))
    )
    assert site.buildings["compound"].tolist() == ["0301-x01", "0301-x01", "0301-x02", "0301-x02"]
    assert site.compounds["community"].tolist() == ["0301", "0301"]
    assert site.compounds["origin"].tolist() == ["inferred", "inferred"]
    assert site.ledger["reason"].tolist() == [
        "no compounds given: 2 clusters of buildings in street blocks stand in for them"
    ]


def test_a_street_parts_what_a_footway_does_not():
    blocks = ((120, 6, 60), (230, 6, 60))
    assert infer(make_town(*blocks, streets=make_street(200))).buildings["compound"].nunique() == 2
    assert (
        infer(make_town(*blocks, streets=make_street(200, kind="footway")))
        .buildings["compound"]
        .nunique()
        == 1
    )


def test_a_railway_parts_compounds_too():
    rail = make_table(
        "barriers",
        [{"barrier": "r", "kind": "railway", "geometry": make_street(200).geometry.iloc[0]}],
    )
    assert (
        infer(make_town((120, 6, 60), (230, 6, 60), barriers=rail)).buildings["compound"].nunique()
        == 2
    )


def test_blocks_far_apart_are_two_compounds_and_their_outlines_do_not_meet():
    site = infer(make_town((20, 6, 60), (131, 6, 60)))  # 61 m between them
    assert site.buildings["compound"].tolist() == ["0301-x01", "0301-x02"]
    west, east = site.compounds.geometry
    assert west.intersection(east).area == 0
    assert west.contains(site.buildings.geometry["b1"])
    assert infer(make_town((20, 6, 60), (130, 6, 60))).buildings["compound"].nunique() == 1


def test_a_full_street_block_is_the_outline_and_a_hardly_used_one_is_not():
    full = infer(make_town((10, 6, 60), streets=make_street(80)))
    assert full.compounds.geometry.iloc[0].equals(place(0, 0, 80, 100))
    sparse = infer(make_town((20, 6, 60)))
    assert sparse.compounds.geometry.iloc[0].area < 20_000


def test_village_houses_and_lonely_blocks_get_no_compound():
    site = infer(make_town((20, 1, 1), (90, 2, 8), (320, 6, 59)))
    assert site.buildings["compound"].tolist() == ["", "", ""]
    assert site.compounds.empty
    assert site.ledger.empty


def test_the_countryside_gets_no_compound():
    assert infer(make_town((20, 6, 99), kind="rural")).buildings["compound"].tolist() == [""]


def test_a_site_without_streets_or_homes_gets_no_compound():
    assert infer(make_site()).compounds.empty


def test_buildings_belong_to_the_given_compound_that_they_stand_in():
    given_ones = make_table(
        "compounds", [{"compound": "k", "name": "园丁小区", "geometry": place(0, 0, 150, 100)}]
    )
    site = infer(make_town((20, 6, 36), (90, 2, 1), (240, 6, 99), compounds=given_ones))
    assert site.buildings["compound"].tolist() == ["k", "k", ""]
    assert site.compounds[["name", "community", "origin"]].to_numpy().tolist() == [
        ["园丁小区", "0301", "given"]
    ]


def test_a_building_of_another_community_is_not_in_the_compound_and_that_is_noted():
    # the compound reaches over the border of two communities; two of its three
    # buildings are in the west
    site = make_town((0, 6, 36), (60, 6, 36), (160, 6, 36))
    lands = [
        {"community": c, "kind": "urban", "geometry": place(x, 0, 150, 100)}
        for c, x in (("0301", 0), ("0302", 150))
    ]
    site = site.replace(
        communities=make_table("communities", lands),
        buildings=site.buildings.assign(
            community=pd.Series(["0301", "0301", "0302"], index=site.buildings.index, dtype="str")
        ),
        compounds=make_table("compounds", [{"compound": "k", "geometry": place(0, 0, 300, 100)}]),
    )
    out = infer(site)
    assert out.compounds["community"].tolist() == ["0301"]
    assert out.buildings["compound"].tolist() == ["k", "k", ""]
    assert out.ledger[["action", "count", "ids"]].to_numpy().tolist() == [["noted", 1, "b3"]]


def test_inferring_twice_changes_nothing_but_the_ledger():
    once = infer(make_town((20, 6, 60), (131, 6, 60)))
    twice = infer(once)
    pd.testing.assert_frame_equal(pd.DataFrame(twice.compounds), pd.DataFrame(once.compounds))
    pd.testing.assert_frame_equal(pd.DataFrame(twice.buildings), pd.DataFrame(once.buildings))


blocks = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([1, 3, 6, 18]), st.integers(1, 90)),
    min_size=1,
    max_size=6,
    unique_by=lambda b: b[0],
)


@settings(deadline=None, max_examples=7)
@given(
    blocks=blocks,
    streets=st.sets(st.sampled_from([60, 130, 200, 330]), max_size=3),
    seed=st.integers(0, 99),
)
def test_compounds_hold_their_buildings_apart_whatever_the_order_of_rows(blocks, streets, seed):
    tables = {"streets": make_street(*sorted(streets))} if streets else {}
    site = make_town(
        *[(67 * slot, floors, households) for slot, floors, households in blocks], **tables
    )
    out = infer(site)
    shapes = out.compounds.geometry.to_numpy()
    assert shapely.area(shapes).sum() - shapely.union_all(shapes).area < 1e-6
    held = out.buildings[out.buildings["compound"] != ""]
    assert (held.groupby("compound")["households"].sum() >= 60).all()
    assert set(held["compound"]) == set(out.compounds.index)
    assert (held["floors"] >= 3).all()
    again = infer(site.replace(buildings=site.buildings.sample(frac=1, random_state=seed)))
    assert again.buildings["compound"].sort_index().equals(out.buildings["compound"])
    assert again.compounds.geometry.to_wkb().tolist() == out.compounds.geometry.to_wkb().tolist()
