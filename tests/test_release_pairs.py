"""Releases of one place, one after another: an integer program that shares no code attacks all."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from gridplan.errors import PlanError
from gridplan.plan import ALL_TABLES
from gridplan.publishing.door_atoms import link_doors
from gridplan.publishing.release_check import check_release
from gridplan.publishing.release_plan import release
from gridplan.rules.disclosure import DisclosureRules
from gridplan.synthetic.board_plan import make_board_plan, make_table
from tests.test_disclosure import list_shown_households, make_homes, make_posts, read_shown

MOST = 10_000  # households


def move_doors(plan, **places):
    """Put doors, named with _ for -, into other sub-grids, and count the households anew."""
    doors = plan.stairwells.copy()
    for door, subgrid in places.items():
        where = [subgrid.rpartition("-")[0], subgrid]
        doors.loc[door.replace("_", "-"), ["community", "subgrid"]] = where
    return count_again(plan, doors)


def count_again(plan, doors):
    sizes = doors["households"].groupby(doors["subgrid"]).sum()
    sizes = sizes.reindex(plan.subgrids.index).fillna(0).astype(np.int64)
    return plan.replace(stairwells=doors, subgrids=plan.subgrids.assign(households=sizes))


def read_sums(plan, leaving):
    """Read what a release says: which doors, and the least and most that they come to."""
    doors = plan.stairwells
    shown = leaving.published[leaving.published["shown"]].set_index(["measure", "of"])["value"]
    for subgrid, band in leaving.subgrids["household_band"].items():
        low, _, high = band.rstrip("+").partition("-")
        yield doors.index[doors["subgrid"] == subgrid], float(low or 0), float(high or MOST)
    for (measure, of), value in shown.items():
        if measure == "households" and of in plan.site.communities.index:
            yield doors.index[doors["community"] == of], value, value
        elif measure == "households" and of in set(plan.site.communities["subdistrict"]):
            inside = plan.site.communities.index[plan.site.communities["subdistrict"] == of]
            yield doors.index[doors["community"].isin(inside)], value, value
        elif measure in ("households", "figure:households"):
            yield doors.index, value, value
        elif measure == "figure:households_urban":
            total = round(value * len(plan.subgrids))
            yield doors.index, total, total


def narrow(plans, releases):
    """Find the least and the most that each sub-grid, and what moved, can hold for all told.

    Doors whose number is the same in two plans are one unknown in both.
    """
    keys = [(door, n) for plan in plans for door, n in plan.stairwells["households"].items()]
    place = {key: n for n, key in enumerate(dict.fromkeys(keys))}

    def sum_up(plan, doors):
        row = np.zeros(len(place))
        for door in doors:
            row[place[(door, plan.stairwells.loc[door, "households"])]] += 1
        return row

    told = [
        (sum_up(plan, doors), low, high)
        for plan, leaving in zip(plans, releases, strict=True)
        for doors, low, high in read_sums(plan, leaving)
    ]
    rows, low, high = (np.array(column) for column in zip(*told, strict=True))
    asked = {}
    for n, plan in enumerate(plans):
        for subgrid in plan.subgrids.index:
            doors = plan.stairwells.index[plan.stairwells["subgrid"] == subgrid]
            asked[f"{subgrid} in {n}"] = sum_up(plan, doors)
    for old, new in itertools.pairwise(plans):
        both = old.stairwells.index.intersection(new.stairwells.index)
        was, now = (p.stairwells.loc[both, "subgrid"] for p in (old, new))
        for pair, doors in (was + ">" + now)[was != now].groupby(was + ">" + now):
            asked[pair] = sum_up(new, doors.index)
        for door in new.stairwells.index.difference(old.stairwells.index):
            asked[f"new {door}"] = sum_up(new, [door])
    ranges = {}
    for name, row in asked.items():
        ends = [
            sign
            * milp(
                sign * row,
                integrality=np.ones(len(row)),
                bounds=Bounds(0, MOST),
                constraints=LinearConstraint(rows, low, high),
            ).fun
            for sign in (1, -1)
        ]
        if row.any():
            ranges[name] = (round(ends[0]), round(ends[1]))
    return ranges


OLD = make_homes(
    [33],
    [35, 31, 29],
    [30, 36, 38, 34],
    [39, 31, 35, 30],
    doors={"c3-1": [18, 12]},
)


@pytest.fixture(scope="module")
def first():
    return release(OLD)


def list_withheld(leaving):
    return [code for code, n in list_shown_households(leaving).items() if np.isnan(n)]


def tell(leaving, code, households):
    """Put the total of a community back into a release."""
    told = leaving.published.copy()
    row = (told["measure"] == "households") & (told["of"] == code)
    told.loc[row, ["value", "shown"]] = [float(households), True]
    towns = leaving.site.communities.copy()
    towns.loc[code, "households"] = float(households)
    return leaving.replace(published=told, communities=towns)


def test_the_total_of_the_city_before_counts_beside_the_totals_of_today():
    # The first release withholds c1 and c4, of which its total of the city leaves 77 together.
    homes = ([20], [28, 25, 37], [34, 30], [29, 28], [26, 20, 29])
    old = make_homes(*homes, doors={"c2-2": [16, 9]})
    first = release(old)
    assert list_withheld(first) == ["c1", "c4"]
    new = move_doors(old, c2_2_1="c5-3")
    careful = release(new, before=old, published=first)
    assert list_withheld(careful) == ["c1", "c2", "c4", "c5"]
    ranges = narrow([old, new], [first, careful])
    assert ranges["c1-1 in 1"] == (0, 77)
    assert ranges["c2-2>c5-3"] == (1, 20)
    # With c4, which the first release withheld, c1 is the rest.
    leaky = tell(careful, "c4", 57)
    assert narrow([old, new], [first, leaky])["c1-1 in 1"] == (20, 20)
    problems = check_release(leaky, working=new, before=old, published=first).problems
    assert any("c1-1" in p.ids for p in problems if p.rule == "households")


def test_a_sub_grid_that_is_the_whole_of_an_earlier_total_is_refused():
    old = make_homes([14, 9], [35, 31, 29])
    first = release(old)
    assert list_shown_households(first)["c1"] == 23
    new = move_doors(old, c1_2_0="c1-1")
    new = new.replace(subgrids=new.subgrids.drop(index="c1-2"))
    with pytest.raises(PlanError, match=r"earlier releases give .* away.*c1-1.*as they went out"):
        release(new, before=old, published=first)
    # The remedy: with the limits of before it passes.
    assert release(old, before=old, published=first).manifest["release"]["compared"]


def test_a_house_that_was_built_is_not_the_difference_of_two_totals(first):
    doors = OLD.stairwells.copy()
    doors.loc["c3-1-9"] = doors.loc["c3-1-0"]
    doors.loc["c3-1-9", "households"] = 11
    new = count_again(OLD, doors)
    alone = release(new)
    assert narrow([OLD, new], [first, alone])["new c3-1-9"] == (11, 11)
    problems = check_release(alone, working=new, before=OLD, published=first).problems
    assert any(">c3" in p.ids for p in problems)
    careful = release(new, before=OLD, published=first)
    low, high = narrow([OLD, new], [first, careful])["new c3-1-9"]
    assert high - low >= 9
    assert "c3" in list_withheld(careful)


def test_doors_that_were_read_again_under_other_codes_are_the_same_doors():
    spots = [
        pd.DataFrame({"spot": list("abcc"), "households": 9}, index=list(codes))
        for codes in ("wxyz", "wXYZ")
    ]
    # Two doors of one staircase hall cannot be told apart.
    assert [list(place.index) for place in link_doors(spots)] == [list("wxyz"), list("wxYZ")]


def test_a_release_of_another_plan_is_no_earlier_release(first):
    other = OLD.replace(subgrids=OLD.subgrids.assign(households=OLD.subgrids["households"] + 20))
    with pytest.raises(PlanError, match="not one of the earlier plan"):
        release(OLD, before=other, published=first)


def test_narrow_bands_that_went_out_are_said_and_may_be_kept():
    plan = make_homes([33, 36, 38], [31, 32, 39], limits=(30, 35, 40))
    fine = DisclosureRules(household_width=5)
    first = release(plan, rules=fine)
    assert first.subgrids.loc["c1-1", "household_band"] == "30-34"
    with pytest.raises(PlanError, match="household_width that the earlier release had"):
        release(plan, before=plan, published=first)
    again = release(plan, before=plan, published=first, rules=fine)
    assert again.subgrids.loc["c1-1", "household_band"] == "30-34"


def test_three_releases_in_a_row_tell_no_more_than_two(first):
    second = move_doors(OLD, c3_1_1="c4-1")
    third = move_doors(second, c3_1_1="c2-1", c4_2_0="c4-3")
    two = release(second, before=OLD, published=first)
    three = release(third, before=[OLD, second], published=[first, two])
    ranges = narrow([OLD, second, third], [first, two, three])
    assert {name: ends for name, ends in ranges.items() if ends[1] - ends[0] < 9} == {}
    with pytest.raises(PlanError, match="2 earlier plans are given and 1 releases"):
        release(third, before=[OLD, second], published=first)


@pytest.mark.parametrize(
    ("posts", "withheld"),
    [
        # One worker more, of the Party.
        ({"workers": 41, "party": 21, "full": 22}, {"grid_workers", "party_share"}),
        # Of ten new workers three are not of the Party.
        ({"workers": 50, "party": 27, "full": 22}, {"party_share"}),
        # Ten and ten: nobody stands out.
        ({"workers": 60, "party": 30, "full": 22}, set()),
    ],
)
def test_posts_that_changed_by_a_few_are_no_difference_of_two_figures(posts, withheld):
    old, new = make_posts(workers=40, party=20, full=22), make_posts(**posts)
    first, alone = release(old), release(new)
    all_three = {"grid_workers", "grid_workers_full", "party_share"}
    assert read_shown(first) & read_shown(alone) >= all_three
    verdict = check_release(alone, working=new, before=old, published=first)
    assert verdict.passed != bool(withheld)
    careful = release(new, before=old, published=first)
    assert all_three - read_shown(careful) == withheld


def test_codes_that_users_wrote_stay_behind_with_the_names():
    plan = make_board_plan()
    codes = [f"12-13812345600-{n}" for n in range(len(plan.site.buildings))]
    houses = plan.site.buildings.set_axis(pd.Index(codes, name="building"))
    spot = {"geometry": houses.geometry.iloc[0].centroid}
    plan = plan.replace(
        buildings=houses.assign(compound="Zhang"),
        compounds=make_table("compounds", [{"compound": "Zhang"} | spot]),
        institutions=make_table("institutions", [{"institution": "Zhang"} | spot]),
        subgrids=plan.subgrids.assign(institution="Zhang"),
    )
    leaving = release(plan)
    for name in ALL_TABLES:
        table = pd.DataFrame(leaving.get_table(name).drop(columns="geometry", errors="ignore"))
        assert not re.search("1381234|Zhang", table.to_csv()), name
    assert set(leaving.site.buildings["compound"]) == set(leaving.site.compounds.index) == {"x1"}
    assert set(leaving.subgrids["institution"]) == {"i1"}
    # The order of rows says nothing either.
    turned = release(plan.replace(buildings=plan.site.buildings.iloc[::-1]))
    pd.testing.assert_frame_equal(
        pd.DataFrame(turned.site.buildings), pd.DataFrame(leaving.site.buildings)
    )
    assert set(release(plan, names=True).site.buildings.index) == set(codes)
    towns = plan.site.communities.assign(name="Li 138-1234-5600")
    with pytest.raises(PlanError, match="communities: name holds a telephone"):
        release(plan.replace(communities=towns))


@settings(max_examples=2, deadline=None)
@given(
    st.lists(st.lists(st.integers(6, 24), min_size=2, max_size=6), min_size=2, max_size=4),
    st.integers(0, 23),
    st.integers(0, 23),
    st.sampled_from([None, (15, 25, 34)]),
)
def test_no_pair_of_releases_narrows_a_home_or_a_door_that_moved(sizes, door, place, limits):
    assert find_narrow(sizes, door, place, limits) == {}


def test_a_sub_grid_whose_last_door_moved_away_does_not_hide_the_other_one():
    # c3 showed 42 for its two sub-grids. Its total of today would be that of c3-1 alone.
    assert find_narrow([[6, 6], [6, 6, 6, 6, 6], [6, 16, 20]], 19, 0, None) == {}


def test_an_empty_sub_grid_does_not_hide_the_only_one_that_holds_homes():
    plan = make_homes([33, 0], [35, 31], [36, 34])
    leaving = release(plan)
    assert "c1" in list_withheld(leaving)
    assert check_release(leaving, working=plan).passed
    problems = check_release(tell(leaving, "c1", 33), working=plan).problems
    assert any("c1-1" in p.ids for p in problems if p.rule == "households")


def find_narrow(sizes, door, place, limits):
    """Find the figures that a pair of releases narrows to less than ten values."""
    doors = [[town[n : n + 2] for n in range(0, len(town), 2)] for town in sizes]
    codes = {f"c{a + 1}-{b + 1}": grid for a, t in enumerate(doors) for b, grid in enumerate(t)}
    old = make_homes(*([sum(grid) for grid in town] for town in doors), doors=codes)
    wards = [f"s{n % 2}" for n in range(len(sizes))]
    old = old.replace(communities=old.site.communities.assign(subdistrict=wards))
    moving = old.stairwells.index[door % len(old.stairwells)]
    there = old.subgrids.index[place % len(old.subgrids)]
    new = move_doors(old, **{moving.replace("-", "_"): there})
    if limits:
        low, target, high = limits
        new = new.replace(subgrids=new.subgrids.assign(low=low, target=target, high=high))
    first = release(old)
    try:
        second = release(new, before=old, published=first)
    except PlanError as refused:
        assert "earlier releases give" in str(refused)  # noqa: PT017  nothing leaves
        return {}
    ranges = narrow([old, new], [first, second])
    return {name: ends for name, ends in ranges.items() if ends[1] - ends[0] < 9}
