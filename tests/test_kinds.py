"""Three kinds of grid in one plan and the layer above, on boards small enough to check by eye."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

import gridplan as gp
from gridplan.geometry.stretches import cut_area, cut_lines
from gridplan.planning.outlines.exclusive_grids import find_exclusives
from gridplan.planning.outlines.special_grids import find_specials, note_outside
from gridplan.planning.site_to_plan import divide
from gridplan.rules.exclusive import ExclusiveRules
from gridplan.rules.special import SpecialRules
from gridplan.synthetic.board_plan import (
    X0,
    Y0,
    make_board_plan,
    make_checkerboard,
    make_site,
    make_table,
)
from gridplan.tables.conform import make_empty

BAND = {"low": 50, "target": 60, "high": 70}
RULES = gp.Rules().replace(urban=BAND, division={"effort": "quick"})


def at(west, south, east, north):
    """A rectangle in metres from the corner of the board."""
    return box(X0 + west, Y0 + south, X0 + east, Y0 + north)


def put(site, **tables):
    """Add rows to the tables of a site."""
    more = {name: make_table(name, rows) for name, rows in tables.items()}
    return site.replace(
        **{name: pd.concat([getattr(site, name), rows]).sort_index() for name, rows in more.items()}
    )


def make_school_site(**columns):
    """A school east of twelve homes: two halls in a yard, and a place that marks it.

    h07 h08 h09 h10 h11 h12 |  A
    h01 h02 h03 h04 h05 h06 |  B
    """
    site = make_checkerboard()
    east = site.communities.assign(geometry=[at(0, 0, 330, 60)])
    halls = [("A", at(220, 34, 260, 50)), ("B", at(220, 8, 260, 24))]
    buildings = [
        {"building": b, "use": "school", "community": "0301", "geometry": g} for b, g in halls
    ]
    school = {
        "place": "p1",
        "kind": "school",
        "name": "东湖小学",
        "geometry": Point(X0 + 240, Y0 + 40),
    } | columns
    return put(site.replace(communities=east), buildings=buildings, places=[school])


def judge(plan):
    return [
        (f.severity, f.rule, f.ids, f.message)
        for f in gp.audit(plan).findings.itertuples()
        if f.severity == "error"
    ]


# Exclusive grids


def test_a_school_gets_the_land_around_its_halls_and_a_code_of_its_own():
    found = find_exclusives(make_school_site(), ExclusiveRules())
    row = found.grids.loc["0301-E001"]
    assert (row["owner"], row["kind"], row["community"]) == ("p1", "school", "0301")
    # ten metres around both halls and the yard between; the strip to the limit
    # is narrower than twelve metres, so its own
    assert row.geometry.bounds == pytest.approx((X0 + 210, Y0, X0 + 270, Y0 + 60))


def test_the_plan_of_homes_is_cut_by_the_school_and_tiles_the_rest():
    site = make_school_site()
    plan = divide(site, RULES, seed=1)
    bare = divide(site, RULES.replace(exclusive={"drawn": False}), seed=1)
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    assert homes.index.tolist() == bare.subgrids.index.tolist() == ["0301-001", "0301-002"]
    assert plan.stairwells["subgrid"].to_dict() == bare.stairwells["subgrid"].to_dict()
    school = plan.subgrids.loc["0301-E001"]
    assert school[["kind", "institution", "households", "low", "high"]].tolist() == [
        "exclusive",
        "p1",
        0,
        0,
        0,
    ]
    # its own 3,600 m2, and as much to the east of it that touches no sub-grid of homes
    assert school["area"] == pytest.approx(7200, abs=1)
    assert plan.subgrids.area.sum() == pytest.approx(330 * 60, rel=1e-9)
    assert plan.manifest["figures"]["subgrids"] == 2
    assert plan.manifest["figures"]["exclusive"] == 1
    assert "exclusive" not in bare.manifest["figures"]
    assert judge(plan) == []
    assert gp.audit(plan).summary["subgrids"] == 2


def test_a_place_and_an_institution_of_one_name_are_one_and_the_institution_owns_it():
    twin = {
        "institution": "i1",
        "kind": "enterprise",
        "name": "东湖小学",
        "geometry": Point(X0 + 235, Y0 + 40),
    }
    found = find_exclusives(put(make_school_site(), institutions=[twin]), ExclusiveRules())
    assert found.grids[["owner", "kind"]].values.tolist() == [["i1", "school"]]
    assert [(e.count, list(e.ids)) for e in found.entries if e.count] == [(1, ["p1"])]


@pytest.mark.parametrize(("way", "count"), [("residential", 1), ("service", 0)])
def test_commercial_land_is_exclusive_only_where_a_street_parts_it_from_homes(way, count):
    #  the homes end at x = 175, the land begins 15 m beyond
    site = make_school_site(kind="commercial", geometry=at(190, 0, 330, 60))
    site = site.replace(buildings=site.buildings.assign(use=""))
    line = LineString([(X0 + 185, Y0 - 90), (X0 + 185, Y0 + 90)])
    street = {"street": "s1", "kind": way, "geometry": line}
    found = find_exclusives(put(site, streets=[street]), ExclusiveRules())
    assert len(found.grids) == count
    reasons = [e.reason for e in found.entries if e.count]
    assert any("street blocks where people live" in reason for reason in reasons) == (count == 0)
    school = put(make_school_site(geometry=at(190, 0, 330, 60)), streets=[street])
    assert len(find_exclusives(school, ExclusiveRules()).grids) == 1


def test_a_street_between_two_halls_parts_them_and_the_second_hall_stands_for_itself():
    street = {
        "street": "s1",
        "kind": "residential",
        "geometry": LineString([(X0 + 150, Y0 + 29), (X0 + 330, Y0 + 29)]),
    }
    found = find_exclusives(put(make_school_site(), streets=[street]), ExclusiveRules())
    assert found.grids["owner"].tolist() == ["p1", "B"]
    assert found.grids.geometry.iloc[0].bounds[1] == pytest.approx(Y0 + 29)
    assert found.grids.geometry.iloc[1].bounds[3] == pytest.approx(Y0 + 29)


def test_an_outline_over_a_limit_is_cut_and_kept_by_the_community_with_most_of_it():
    works = {"kind": "industrial", "name": "机械厂", "geometry": at(250, 0, 400, 60)}
    site = make_school_site(**works)
    far = {
        "community": "0302",
        "name": "",
        "kind": "urban",
        "origin": "given",
        "geometry": at(330, 0, 500, 60),
    }
    found = find_exclusives(put(site, communities=[far]), ExclusiveRules(kinds=("enterprise",)))
    assert found.grids["community"].tolist() == ["0301"]
    assert found.grids.area.tolist() == [80 * 60]
    assert any("several communities" in e.reason and list(e.ids) == ["p1"] for e in found.entries)


def test_homes_on_the_land_of_an_institution_keep_their_own_or_keep_it_from_having_any():
    """Two homes of ten households are inside the outline; 25 m2 around each wall stay off it."""
    site = make_school_site(geometry=at(120, 0, 330, 60))
    few = find_exclusives(site, ExclusiveRules(most_households=40)).grids
    homes = site.buildings[site.buildings["households"] > 0]
    assert len(few) == 1
    assert not few.geometry.iloc[0].intersects(shapely.union_all(homes.geometry.to_numpy()))
    many = find_exclusives(site, ExclusiveRules(most_households=39))
    assert many.grids.empty
    assert any("39 households" in e.reason for e in many.entries)


def test_an_institution_with_little_land_or_none_is_reported_and_left_to_the_sub_grids():
    site = put(
        make_school_site(),
        places=[{"place": "p2", "kind": "market", "name": "", "geometry": Point(X0 + 15, Y0 + 15)}],
    )
    found = find_exclusives(site, ExclusiveRules(smallest=5000))
    assert found.grids.empty
    reasons = {e.reason.split(":")[0]: list(e.ids) for e in found.entries if e.count}
    assert reasons == {
        "without a building or outline of their own": ["p2"],
        "with less than 5000 m2 of land": ["p1"],
    }


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 250), st.integers(0, 40), st.integers(20, 120), st.integers(15, 60)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_exclusive_grids_never_overlap_nor_hold_a_home_and_the_plan_always_tiles(yards):
    rows = [
        {"place": f"q{n}", "kind": "exclusive", "name": f"{n}", "geometry": at(x, y, x + w, y + h)}
        for n, (x, y, w, h) in enumerate(yards)
    ]
    rules = RULES.replace(exclusive={"smallest": 100, "most_households": 1000})
    plan = divide(put(make_school_site(), places=rows), rules, seed=1)
    assert judge(plan) == []
    lone = plan.subgrids[plan.subgrids["kind"] == "exclusive"].geometry.to_numpy()
    homes = plan.site.buildings[plan.site.buildings["households"] > 0].geometry.to_numpy()
    assert (
        shapely.area(shapely.intersection(shapely.union_all(lone), shapely.union_all(homes))) < 0.01
    )


def test_the_order_of_rows_does_not_matter():
    site = make_school_site()
    turned = site.replace(buildings=site.buildings.iloc[::-1], places=site.places.iloc[::-1])
    one, two = (find_exclusives(s, ExclusiveRules()).grids for s in (site, turned))
    assert one.to_wkb().equals(two.to_wkb())


# Special grids


def make_river_land():
    """Two communities of 1500 m side by side, and a railway with two tracks through both."""
    limits = [
        {
            "community": c,
            "name": "",
            "kind": "urban",
            "origin": "given",
            "geometry": at(x, 0, x + 1500, 400),
        }
        for c, x in (("0301", 0), ("0302", 1500))
    ]
    tracks = [
        {
            "barrier": f"b{n}",
            "kind": "railway",
            "name": "津山线" if n == 1 else "",
            "hard": True,
            "geometry": LineString([(X0 - 300, Y0 + y), (X0 + 3000, Y0 + y)]),
        }
        for n, y in ((1, 200), (2, 205))
    ]
    return make_site(
        communities=make_table("communities", limits), barriers=make_table("barriers", tracks)
    )


def test_two_tracks_are_one_railway_cut_at_the_limit_and_into_equal_stretches():
    site = make_river_land()
    found = find_specials(
        site.barriers, site.communities, make_empty("subgrids", site.crs), SpecialRules(length=700)
    )
    assert found.grids["length"].round().tolist() == [750, 750, 750, 750]
    assert found.grids.index.tolist() == ["0301-S001", "0301-S002", "0302-S001", "0302-S002"]
    assert set(found.grids["name"]) == {"津山线"}
    assert set(found.grids["barrier"]) == {"b1"}
    assert note_outside(site.barriers, site.communities, SpecialRules()).count == 2


def test_a_line_along_a_limit_belongs_to_the_lower_code():
    site = make_river_land()
    along = [
        {
            "barrier": "b1",
            "kind": "river",
            "name": "",
            "geometry": LineString([(X0 + 1500, Y0), (X0 + 1500, Y0 + 400)]),
        }
    ]
    found = find_specials(
        make_table("barriers", along),
        site.communities,
        make_empty("subgrids", site.crs),
        SpecialRules(),
    )
    assert found.grids[["community", "length"]].round(1).values.tolist() == [["0301", 400.0]]


def test_a_track_that_leaves_a_community_and_comes_back_is_numbered_on():
    """Both stretches are of one nameless barrier, 400 m apart: no number comes twice."""
    site = make_river_land()
    bow = LineString(
        [(X0 + x, Y0 + y) for x, y in ((100, 200), (100, -200), (500, -200), (500, 200))]
    )
    track = make_table(
        "barriers", [{"barrier": "b1", "kind": "railway", "name": "", "geometry": bow}]
    )
    none = make_empty("subgrids", site.crs)
    found = find_specials(track, site.communities, none, SpecialRules())
    assert found.grids[["barrier", "stretch"]].values.tolist() == [["b1", 1], ["b1", 2]]


def test_a_lake_is_one_in_each_community_and_a_wide_river_is_cut_across():
    site = make_river_land()
    waters = [
        {"barrier": "b1", "kind": "lake", "name": "东湖", "geometry": at(1400, 300, 1700, 400)},
        {"barrier": "b2", "kind": "river", "name": "", "geometry": at(0, 0, 1500, 60)},
    ]
    found = find_specials(
        make_table("barriers", waters),
        site.communities,
        make_empty("subgrids", site.crs),
        SpecialRules(length=500),
    )
    kinds = found.grids.groupby(["community", "kind"]).size().to_dict()
    assert kinds == {("0301", "lake"): 1, ("0301", "river"): 3, ("0302", "lake"): 1}
    assert found.grids.loc["0302-S001", "area"] == 200 * 100
    assert found.grids[found.grids["kind"] == "river"].area.round().tolist() == [30_000] * 3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=7, unique=True
    ),
    st.integers(5, 40),
)
def test_stretches_of_a_line_are_equal_and_lose_nothing(corners, length):
    line = LineString(corners)
    pieces, _ = cut_lines(np.array([line], dtype=object), ["a"], length)
    lengths = shapely.length(np.array(pieces))
    assert lengths.sum() == pytest.approx(line.length)
    assert np.ptp(lengths) < 1e-6
    assert len(pieces) == max(1, round(line.length / length))


def test_a_bent_river_is_cut_into_pieces_that_tile_it():
    bent = shapely.union_all([box(0, 0, 2000, 50), box(1950, 0, 2000, 2000)])
    pieces = cut_area(bent, 1000)
    assert len(pieces) == 4
    assert sum(p.area for p in pieces) == pytest.approx(bent.area)
    assert max(p.area for p in pieces) < 1.05 * min(p.area for p in pieces)


# The upper layer


def test_grids_are_whole_sub_grids_and_an_exclusive_one_goes_to_the_grid_beside_it():
    rules = RULES.replace(grids={"drawn": True, "low": 100, "target": 120, "high": 140})
    plan = divide(make_school_site(), rules, seed=1)
    assert plan.subgrids["grid"].tolist() == ["0301-G001"] * 3
    row = plan.grids.loc["0301-G001"]
    assert (row["households"], row["subgrid_count"], row["in_band"]) == (120, 2, True)
    assert row.geometry.area == pytest.approx(330 * 60)
    assert judge(plan) == []


def test_a_community_too_small_for_a_grid_is_one_and_reported_as_such():
    plan = gp.add_upper_grids(make_board_plan(), gp.Rules().replace(urban=BAND))
    assert plan.grids["households"].tolist() == [120]
    assert plan.exceptions[["subgrid", "rule", "proven"]].values.tolist() == [
        ["0301-G001", "grids", True]
    ]
    assert "120 households" in plan.exceptions["explanation"].iloc[0]
    again = gp.add_upper_grids(plan)
    assert len(again.exceptions) == len(plan.exceptions) == 1


# The auditor


@pytest.fixture(scope="module")
def full():
    """The school, the homes, a railway between them, and one grid over all."""
    rail = {
        "barrier": "b1",
        "kind": "railway",
        "name": "",
        "hard": True,
        "geometry": LineString([(X0 + 195, Y0), (X0 + 195, Y0 + 60)]),
    }
    rules = RULES.replace(grids={"drawn": True, "low": 100, "target": 120, "high": 140})
    return divide(put(make_school_site(), barriers=[rail]), rules, seed=1)


def change(plan, table, code, **values):
    frame = plan.get_table(table).copy()
    for column, value in values.items():
        if column == "geometry":
            frame = frame.set_geometry(
                gpd.GeoSeries(
                    [value if c == code else g for c, g in frame.geometry.items()],
                    index=frame.index,
                    crs=frame.crs,
                )
            )
        else:
            frame.loc[code, column] = value
    return plan.replace(**{table: frame})


def test_the_whole_plan_passes(full):
    assert judge(full) == []
    assert len(full.special_grids) == 1
    assert full.touches["subgrid"].tolist() == ["0301-002"]


FAULTS = [
    ("subgrids", "0301-E001", {"institution": "nobody"}, "exclusive", "not known"),
    ("subgrids", "0301-E001", {"high": 40}, "exclusive", "counted in the balance"),
    ("subgrids", "0301-001", {"institution": "p1"}, "exclusive", "as if it were exclusive"),
    ("subgrids", "0301-E001", {"geometry": at(140, 0, 270, 60)}, "exclusive", "more homes"),
    ("subgrids", "0301-E001", {"geometry": at(140, 0, 270, 60)}, "tiling", "overlapping"),
    ("stairwells", "h01-1", {"subgrid": "0301-E001"}, "exclusive", "stairwells of its own"),
    ("special_grids", "0301-S001", {"community": "0399"}, "special", "outside its community"),
    ("special_grids", "0301-S001", {"barrier": "b9"}, "special", "of no barrier"),
    ("special_grids", "0301-S001", {"length": 99.0}, "special", "length"),
    ("special_grids", "0301-S001", {"subgrid_count": 7}, "special", "number of sub-grids"),
    (
        "special_grids",
        "0301-S001",
        {"geometry": LineString([(X0 + 150, Y0), (X0 + 150, Y0 + 60)])},
        "special",
        "away from every",
    ),
    ("touches", "1", {"subgrid": "0301-001"}, "special", "apart"),
    ("touches", "1", {"subgrid": "0301-001"}, "special", "not listed"),
    ("subgrids", "0301-001", {"grid": ""}, "grids", "in no grid"),
    ("subgrids", "0301-E001", {"grid": "0301-G009"}, "grids", "does not exist"),
    ("grids", "0301-G001", {"households": 5}, "grids", "figures"),
    ("grids", "0301-G001", {"geometry": at(0, 0, 100, 60)}, "grids", "outline"),
    ("grids", "0301-G001", {"community": "0399"}, "grids", "another community"),
]


@pytest.mark.parametrize(
    ("table", "code", "values", "rule", "words"),
    FAULTS,
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_planted_fault_is_found(full, table, code, values, rule, words):
    found = judge(change(full, table, code, **values))
    assert any(r == rule and words in message for _, r, _, message in found), found


def test_a_barrier_without_its_special_grid_is_found(full):
    long = full.site.barriers.assign(geometry=[LineString([(X0 + 1, Y0 + 1), (X0 + 329, Y0 + 1)])])
    assert any(
        rule == "special" and "no special grid here" in m
        for _, rule, _, m in judge(full.replace(barriers=long))
    )


@pytest.mark.parametrize(("width", "is_fault"), [(0.01, False), (5.0, True)])
def test_a_lake_whose_bank_is_the_limit_needs_no_special_grid(full, width, is_fault):
    """The limit along the bank is rounded, so that a strip of the lake lies within it."""
    rows = full.site.barriers
    lake = (
        rows.iloc[[0]]
        .rename(index=lambda _: "b9")
        .assign(kind="lake", geometry=at(10, -99, 250, width))
    )
    findings = judge(full.replace(barriers=pd.concat([rows, lake])))
    assert any("no special grid here" in m for _, _, _, m in findings) == is_fault


def test_grids_that_do_not_hang_together_or_are_out_of_band_are_found(full):
    apart = full.replace(neighbours=full.neighbours[full.neighbours["link"] == "none"])
    # the houses on both sides of the limit between the two sub-grids
    west = {"h03", "h09"}
    east = {"h04", "h10"}
    ends = [{a[:3], b[:3]} for a, b in full.neighbours[["focal", "neighbour"]].values]
    cut = full.neighbours[[not (own & west and own & east) for own in ends]]
    assert judge(apart) == []  # without pairs nothing can be said
    assert any("not joined" in m for _, _, _, m in judge(full.replace(neighbours=cut)))
    narrow = {**full.manifest, "rules": RULES.replace(grids={"low": 300}).to_dict()}
    assert any(
        rule == "grids" and "no exception" in m
        for _, rule, _, m in judge(full.replace(manifest=narrow))
    )


# Maps and papers


def test_a_map_names_the_institution_and_the_railway(full):
    for layers in ("classes", "tiles"):
        page = gp.draw_map(full, lang="zh", layers=layers).get_root().render()
        assert "专项网格" in page
        assert "专属网格" in page
    from gridplan.maps.map_shapes import compose_sheet

    records = compose_sheet(full).records
    assert records["owner"] == ["", "", "东湖小学"]
    assert records["special"] == ["", "0301-S001", ""]
    assert records["grid"] == ["0301-G001"] * 3
