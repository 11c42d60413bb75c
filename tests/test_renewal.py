"""Renewal: an assignment becomes a plan, and what it does not change stays byte for byte."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import box

import gridplan as gp
from gridplan.planning.outlines.special_grids import find_touches
from gridplan.planning.prepare import PreparedLand, open_land
from gridplan.planning.site_to_plan import divide
from gridplan.redrawing.revision.plan_history import digest_plan, note_version
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_checkerboard, make_table

THREE = (1, 1, 1, 2, 2, 2, 3, 3, 3) * 2  # three sub-grids of six houses side by side


def reassign(plan, **moves):
    member = plan.stairwells["subgrid"].copy()
    for house, code in moves.items():
        member[f"{house}-1"] = code
    return member


def take(plan, codes):
    return plan.subgrids.loc[list(codes)]


def test_an_assignment_that_changes_nothing_gives_the_plan_itself():
    plan = make_board_plan()
    assert renew_plan(plan, plan.stairwells["subgrid"]) is plan


def test_a_house_that_moves_changes_two_sub_grids_and_leaves_the_third_as_it_was():
    """
    h04 goes from the second sub-grid to the first; the third is not touched::

        1 1 1 2 2 2 3 3 3
        1 1 1>2 2 2 3 3 3
    """
    plan = make_board_plan(THREE, columns=9)
    new = renew_plan(plan, reassign(plan, h04="0301-001"))
    assert new.subgrids["households"].tolist() == [70, 50, 60]
    assert new.subgrids["area"].round(6).tolist() == [6300.0, 4500.0, 5400.0]
    assert_frame_equal(take(new, ["0301-003"]), take(plan, ["0301-003"]))
    assert shapely.coverage_is_valid(new.subgrids.geometry.to_numpy())
    assert gp.audit(new).passed


def test_the_figures_are_those_that_drawing_gives():
    """All sub-grids of a plan get other codes: figures and outlines come out as they were drawn."""
    plan = divide(make_checkerboard(8, 4), seed=2)
    new = renew_plan(plan, plan.stairwells["subgrid"].str.replace("0301-", "0301-9"))
    figures = [
        "households",
        "in_band",
        "centre",
        "household_metres",
        "mean_walk",
        "max_walk",
        "building_count",
        "pieces",
        "low",
    ]
    assert_frame_equal(
        pd.DataFrame(new.subgrids[figures]).reset_index(drop=True),
        pd.DataFrame(plan.subgrids[figures]).reset_index(drop=True),
    )
    assert shapely.equals(new.subgrids.geometry.to_numpy(), plan.subgrids.geometry.to_numpy()).all()
    assert new.manifest["figures"] == plan.manifest["figures"]


def test_a_plan_of_nothing_but_an_assignment_is_drawn_whole():
    plan = divide(make_checkerboard(8, 4), seed=2)
    bare = plan.replace(subgrids=plan.subgrids.iloc[:0], exceptions=plan.exceptions.iloc[:0])
    new = renew_plan(bare, plan.stairwells["subgrid"])
    assert_frame_equal(pd.DataFrame(new.subgrids), pd.DataFrame(plan.subgrids))
    assert new.manifest == plan.manifest


def test_a_sub_grid_that_loses_its_last_house_ends_and_its_land_goes_with_its_houses():
    plan = make_board_plan((1, 1, 1, 2, 2, 3) * 2)
    new = renew_plan(plan, reassign(plan, h06="0301-002", h12="0301-002"))
    assert new.subgrids.index.tolist() == ["0301-001", "0301-002"]
    assert new.subgrids["area"].round(6).tolist() == [5400.0, 5400.0]
    assert new.exceptions.empty


def test_a_sub_grid_out_of_band_is_explained_and_no_longer_when_it_is_repaired():
    plan = make_board_plan()
    off = renew_plan(plan, reassign(plan, h04="0301-001", h10="0301-001"))
    assert off.exceptions[["subgrid", "rule", "proven"]].values.tolist() == [
        ["0301-001", "households", False],
        ["0301-002", "households", False],
    ]
    # The rows explain, and nobody has approved them yet.
    assert not gp.audit(off).passed
    approved = gp.edit(off, "approve all by grid_leader on 2026-11-24").plan
    assert gp.audit(approved).passed
    back = renew_plan(off, plan.stairwells["subgrid"])
    assert back.exceptions.empty
    assert back.subgrids["area"].round(6).tolist() == plan.subgrids["area"].tolist()


def test_a_sub_grid_that_falls_apart_stands_in_the_exceptions():
    plan = make_board_plan(THREE, columns=9)
    new = renew_plan(plan, reassign(plan, h09="0301-001"))
    torn = new.exceptions[new.exceptions["rule"] == "contiguity"]
    assert torn["subgrid"].tolist() == ["0301-001"]
    assert new.subgrids.loc["0301-001", "pieces"] == 2


def test_a_centre_that_is_wanted_is_taken_with_its_walks():
    plan = make_board_plan()
    new = renew_plan(plan, plan.stairwells["subgrid"], centres={"0301-001": "h01-1"})
    assert new.subgrids["centre"].tolist() == ["h01-1", plan.subgrids["centre"].iloc[1]]
    far = 10 * (30 + 60 + 30 + np.hypot(30, 30) + np.hypot(60, 30))
    assert new.subgrids.loc["0301-001", "household_metres"] == pytest.approx(far)


def test_everything_wrong_with_an_assignment_is_reported_at_once():
    plan = make_board_plan()
    member = reassign(plan, h01="").drop("h02-1")
    with pytest.raises(gp.errors.InputError) as caught:
        renew_plan(plan, member, centres={"0301-002": "h03-1"})
    assert [p.rule for p in caught.value.problems] == [
        "every home is in a sub-grid",
        "centres are of their sub-grids",
    ]
    assert caught.value.problems[0].ids == ("h01-1", "h02-1")


def test_new_counts_change_the_figures_but_no_outline():
    plan = make_board_plan()
    doors = plan.stairwells.assign(
        households=plan.stairwells["households"].where(plan.stairwells.index != "h01-1", 15)
    )
    new = renew_plan(plan, doors["subgrid"], land=replace(open_land(plan), stairwells=doors))
    assert new.subgrids["households"].tolist() == [65, 60]
    assert (
        shapely.to_wkb(new.subgrids.geometry.to_numpy()).tolist()
        == shapely.to_wkb(plan.subgrids.geometry.to_numpy()).tolist()
    )


def renew_on(plan, buildings, doors, **tables):
    pairs = plan.neighbours[
        plan.neighbours["focal"].isin(doors.index) & plan.neighbours["neighbour"].isin(doors.index)
    ]
    site = plan.site.replace(buildings=buildings, **tables)
    land = PreparedLand(site, doors, pairs, plan.rules)
    return renew_plan(plan, doors["subgrid"], land=land)


def test_demolished_homes_leave_their_land_to_the_neighbour_where_the_whole_sub_grid_is_gone():
    """
    The houses of the third sub-grid are pulled down; the first is not
    touched::

        1 1 1 2 2 2 . . .
        1 1 1 2 2 2 . . .
    """
    plan = make_board_plan(THREE, columns=9)
    gone = set(plan.stairwells["building"][plan.stairwells["subgrid"] == "0301-003"])
    new = renew_on(
        plan,
        plan.site.buildings[~plan.site.buildings.index.isin(gone)],
        plan.stairwells[~plan.stairwells["building"].isin(gone)],
    )
    assert new.subgrids["households"].tolist() == [60, 60]
    assert new.subgrids["area"].round(6).tolist() == [5400.0, 10800.0]
    assert_frame_equal(take(new, ["0301-001"]), take(plan, ["0301-001"]))
    assert gp.audit(new).passed


def add_house(plan, name, x, y, code):
    house = (
        plan.site.buildings.iloc[[0]]
        .assign(geometry=[box(X0 + x - 4, Y0 + y - 4, X0 + x + 4, Y0 + y + 4)])
        .rename(index={"h01": name})
    )
    door = plan.stairwells.iloc[[0]].assign(
        building=name, subgrid=code, geometry=house.geometry.centroid.to_numpy()
    )
    buildings = pd.concat([plan.site.buildings, house]).sort_index()
    return buildings, pd.concat(
        [plan.stairwells, door.rename(index={"h01-1": f"{name}-1"})]
    ).sort_index()


def test_a_new_house_on_the_land_of_another_sub_grid_takes_land_from_it_alone():
    plan = make_board_plan(THREE, columns=9)
    buildings, doors = add_house(
        plan, "n1", 90.0, 30.0, "0301-001"
    )  # at the limit of the first and second
    new = renew_on(plan, buildings, doors)
    assert new.subgrids["households"].tolist() == [70, 60, 60]
    assert new.subgrids.geometry["0301-001"].covers(buildings.geometry["n1"])
    assert_frame_equal(
        take(new, ["0301-003"]).drop(columns="geometry"),
        take(plan, ["0301-003"]).drop(columns="geometry"),
    )
    assert new.subgrids["area"].sum() == pytest.approx(270 * 60)


def test_a_limit_that_moved_has_the_community_redrawn():
    plan = make_board_plan()
    wide = plan.site.communities.assign(geometry=[box(X0 - 40, Y0, X0 + 180, Y0 + 60)])
    new = renew_on(plan, plan.site.buildings, plan.stairwells, communities=wide)
    assert new.subgrids["area"].round(6).tolist() == [5400.0 + 2400.0, 5400.0]
    assert gp.audit(new).passed


@functools.cache
def draw_town():
    """A synthetic town: two communities, exclusive grids, special grids and an upper layer."""
    rules = Rules().replace(grids={"drawn": True, "low": 60, "target": 120, "high": 200})
    return divide(gp.read_site(gp.synthetic.make_town(2, households=600, seed=5)), rules, seed=3)


@pytest.fixture
def town():
    return draw_town()


def list_moves(plan):
    of = plan.stairwells["subgrid"]
    a, b = (of.reindex(plan.neighbours[end]).to_numpy() for end in ("focal", "neighbour"))
    return [
        (f, code) for f, code, off in zip(plan.neighbours["focal"], b, a != b, strict=True) if off
    ]


def move_building(plan, stairwell, code):
    member = plan.stairwells["subgrid"].copy()
    member[plan.stairwells["building"] == plan.stairwells["building"][stairwell]] = code
    return member


def find_broken(plan):
    """What an audit finds broken, but for homes and sub-grids that a move by hand tore apart."""
    found = gp.audit(plan).findings
    torn = (found["rule"] == "contiguity") | found["message"].str.contains("do not hang together")
    # Nobody has approved yet what moves put out of the band, sub-grids or upper grids.
    out = (found["rule"] == "band") | found["message"].str.contains("out of its band")
    return found[(found["severity"] == "error") & ~out & ~torn]


FROM_LAND = [
    "area",
    "pieces",
    "geometry",
    "grid",
]  # where the changed land alone cannot be tiled, that round it is drawn too


@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_moves_in_a_town_keep_the_tiling_the_layers_and_every_untouched_row(data):
    plan = draw_town()
    for _ in range(2):
        stairwell, code = data.draw(st.sampled_from(list_moves(plan)))
        new = renew_plan(plan, move_building(plan, stairwell, code))
        assert find_broken(new).empty, find_broken(new)["message"].tolist()
        assert shapely.coverage_is_valid(new.subgrids.geometry.to_numpy())
        moved = new.stairwells["subgrid"] != plan.stairwells["subgrid"]
        touched = {*new.stairwells["subgrid"][moved], *plan.stairwells["subgrid"][moved]}
        same = [c for c in plan.subgrids.index if c not in touched]
        assert_frame_equal(
            take(new, same).drop(columns=[*FROM_LAND, "responsible"]),
            take(plan, same).drop(columns=[*FROM_LAND, "responsible"]),
        )
        lone = plan.subgrids.index[plan.subgrids["kind"] == "exclusive"]
        assert_frame_equal(
            take(new, lone).drop(columns="geometry"), take(plan, lone).drop(columns="geometry")
        )
        assert_frame_equal(
            new.touches, find_touches(new.special_grids, new.subgrids, Rules().special.touch)
        )
        plan = new


@pytest.mark.parametrize(
    "every",
    [False, pytest.param(True, marks=pytest.mark.slow)],  # each move takes a second
    ids=["one move of each building", "every move"],
)
def test_an_upper_grid_whose_middle_sub_grid_ends_is_shared_out(town, every):
    """Where the last homes of a sub-grid leave, those behind it join the grid beside them."""
    last = town.stairwells.groupby("subgrid")["building"].nunique() == 1
    of = town.stairwells[["subgrid", "building"]]
    # A building moves whole: of its doors, and of its neighbours in one sub-grid, one is enough.
    moves = {
        (of["building"][stairwell], code if every else ""): (stairwell, code)
        for stairwell, code in list_moves(town)
        if last[of["subgrid"][stairwell]]
    }
    for stairwell, code in moves.values():
        new = renew_plan(town, move_building(town, stairwell, code))
        assert "not joined" not in " ".join(gp.audit(new).findings["message"]), stairwell
    assert len(moves) >= 2


def test_a_community_that_is_redrawn_keeps_the_codes_of_exclusive_grids(town):
    first = town.site.communities.index[0]
    grown = town.site.communities.geometry.copy()
    grown[first] = shapely.union(
        grown[first],
        box(
            *(shapely.bounds(grown[first])[[0, 1]] - 30),
            *(shapely.bounds(grown[first])[[0, 1]] + 30),
        ),
    )
    rest = shapely.difference(grown[first], shapely.union_all(grown.drop(first).to_numpy()))
    grown[first] = rest
    site = town.site.replace(communities=town.site.communities.assign(geometry=grown))
    land = replace(open_land(town), site=site)
    new = renew_plan(town, town.stairwells["subgrid"], land=land)
    lone = town.subgrids[town.subgrids["kind"] == "exclusive"]
    again = new.subgrids[new.subgrids["kind"] == "exclusive"]
    assert again["institution"].to_dict() == lone["institution"].to_dict()
    assert find_broken(new).empty
    other = town.subgrids.index[(town.subgrids["community"] != first)]
    assert_frame_equal(
        take(new, other).drop(columns="geometry"), take(town, other).drop(columns="geometry")
    )


def test_a_new_sub_grid_joins_the_grid_of_most_of_its_households(town):
    homes = town.stairwells[town.stairwells["community"] == town.site.communities.index[0]]
    code = homes["subgrid"].iloc[0]
    half = homes.index[homes["subgrid"] == code][::2]
    member = town.stairwells["subgrid"].copy()
    member[half] = f"{homes['community'].iloc[0]}-900"
    new = renew_plan(town, member)
    assert (
        new.subgrids.loc[f"{homes['community'].iloc[0]}-900", "grid"]
        == town.subgrids.loc[code, "grid"]
    )
    assert new.grids["households"].to_dict() == town.grids["households"].to_dict()
    assert new.grids["subgrid_count"].sum() == town.grids["subgrid_count"].sum() + 1


def test_tables_of_people_are_emptied_and_the_history_says_so():
    plan = make_board_plan()
    post = make_table(
        "posts", [{"post": "p1", "role": "leader", "community": "0301", "subgrid": "0301-001"}]
    )
    plan = plan.replace(posts=post, manifest={**plan.manifest, "people": {"staff": {}}})
    new = note_version(
        plan, renew_plan(plan, reassign(plan, h04="0301-001")), "edit", date="2026-11-24"
    )
    assert new.posts.empty
    assert "people" not in new.manifest
    entry = new.manifest["history"][-1]
    assert entry["emptied"] == ["posts"]
    assert entry["before"] == digest_plan(plan)
    assert (entry["date"], entry["households_moved"], entry["subgrids"]) == ("2026-11-24", 10, 2)


def test_the_order_of_rows_in_an_assignment_does_not_matter():
    plan = make_board_plan(THREE, columns=9)
    member = reassign(plan, h04="0301-001", h07="0301-002")
    one = renew_plan(plan, member)
    two = renew_plan(plan, member.sample(frac=1, random_state=1))
    assert_frame_equal(one.subgrids, two.subgrids)
    assert digest_plan(one) == digest_plan(two)
