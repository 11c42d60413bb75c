"""Staffing: two sub-grids whose posts can be counted by hand, and the share by trying all."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridplan.auditing.audit_plan import audit
from gridplan.errors import InputError, PlanError, RuleError
from gridplan.people.counts import tally_counts
from gridplan.people.staffing.party_share import repair_share
from gridplan.people.staffing.staff_plan import staff
from gridplan.people.staffing.zones import fit_count
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.board_plan import make_board_plan, make_table
from gridplan.synthetic.people_plan import CITY_COUNTS, count_rows, make_people_plan
from gridplan.tables.whole_shares import share_total

ROLES = ["grid_leader", "grid_worker_full", "grid_worker_part"]
STRIP = tuple(range(1, 7)) * 2  # six sub-grids of two houses each, side by side


def read(plan, measure, level="community", of="0301"):
    rows = plan.indicators.query("level == @level and of == @of and measure == @measure")
    return rows["value"].item()


def gaps(plan, rule):
    return plan.gaps.query("room == 'staffing' and rule == @rule")


# Leaders


def test_two_seats_lead_two_subgrids_each_its_own():
    plan = staff(make_people_plan())
    leaders = plan.posts.query("role == 'grid_leader'")
    assert leaders[["subgrid", "source", "org", "served", "households"]].values.tolist() == [
        ["0301-001", "secretary", "0301-B01", 1, 60],
        ["0301-002", "committee", "0301-B01", 1, 60],
    ]
    assert read(plan, "leader_span") == 1.0


def test_two_seats_for_six_subgrids_lead_three_neighbours_each():
    plan = staff(make_people_plan(seats=2, part_of=STRIP))
    leaders = plan.posts.query("role == 'grid_leader'").index
    led = (
        plan.duties[plan.duties["post"].isin(leaders)].groupby("post")["subgrid"].agg(list).tolist()
    )
    assert sorted(led) == [
        ["0301-001", "0301-002", "0301-003"],
        ["0301-004", "0301-005", "0301-006"],
    ]
    assert (read(plan, "leader_span"), read(plan, "leader_span_max")) == (3.0, 3.0)
    assert gaps(plan, "leader_span").empty


def test_one_seat_for_six_subgrids_needs_a_cadre_beside_it():
    plan = staff(make_people_plan(seats=1, part_of=STRIP))
    leaders = plan.posts.query("role == 'grid_leader'")
    assert sorted(leaders["source"]) == ["cadre", "secretary"]
    assert leaders["served"].tolist() == [3, 3]
    # He is no longer free to work: one cadre and seven community workers stay,
    # six of which have a zone.
    assert sorted(plan.posts.query("role == 'grid_worker_full' and filled")["source"]) == [
        "cadre"
    ] + 5 * ["community_worker"]


def test_without_seats_or_counted_cadres_there_is_no_leader_and_the_gap_says_why():
    plan = staff(make_people_plan(seats=0, counts={"community_workers": 2}))
    assert plan.posts.query("role == 'grid_leader'").empty
    gap = gaps(plan, "leader").iloc[0]
    assert (
        gap["reason"] == "0 secretaries and committee members, cadres are not counted, 2 sub-grids"
    )
    assert gap["remedy"] == "1 more committee seats or cadres who may lead"


def test_a_wide_span_is_a_gap_with_the_seats_that_are_missing():
    rules = Rules().replace(staffing={"span_most": 2.0, "cadres_lead": False})
    gap = gaps(staff(make_people_plan(seats=1, part_of=STRIP), rules), "leader_span").iloc[0]
    assert (gap["value"], gap["need"], gap["remedy"]) == (
        6.0,
        2.0,
        "2 more committee seats or cadres who may lead",
    )


# Workers


def test_every_subgrid_has_one_full_time_and_one_part_time_worker():
    plan = staff(make_people_plan())
    workers = plan.duties.assign(role=plan.posts["role"].reindex(plan.duties["post"]).to_numpy())
    assert workers.groupby(["subgrid", "role"]).size().tolist() == [1] * 6
    assert read(plan, "coverage") == 1.0


def test_committee_seats_are_taken_off_the_members_before_any_works_part_time():
    # Three members, two seats: one part-time post for a member. A representative takes the other.
    plan = make_people_plan(
        full={"h01-1": 2, "h06-1": 1}, counts=CITY_COUNTS | {"resident_representatives": 1}
    )
    part = staff(plan).posts.query("role == 'grid_worker_part'")
    assert part[["subgrid", "source", "party"]].values.tolist() == [
        ["0301-001", "member", True],
        ["0301-002", "resident", False],
    ]


def test_a_subgrid_that_nobody_serves_is_reported():
    plan = staff(make_people_plan(full=0, counts={}))
    assert gaps(plan, "coverage")["of"].tolist() == ["0301-001", "0301-002"]
    assert read(plan, "coverage") == 0.0
    assert np.isnan(read(plan, "full_workers"))
    assert gaps(plan, "full_workers")["reason"].tolist() == [
        "nobody counted full workers: unknown, not none"
    ]


def test_captains_are_filled_where_most_live_and_unknown_where_nobody_counted():
    plan = staff(make_people_plan(counts=CITY_COUNTS | {"building_captains": 5}))
    captains = plan.posts.query("role == 'building_captain'")
    assert (len(captains), captains["filled"].sum(), read(plan, "building_captains")) == (
        12,
        5,
        5.0,
    )
    assert np.isnan(read(staff(make_people_plan()), "building_captains"))


def test_a_round_of_visits_takes_its_minutes_and_the_way_there_and_back():
    # Sixty households of fifteen minutes; the middle one is 30, 30, 30, 42 and
    # 42 m from the others.
    plan = staff(make_people_plan(), Rules().replace(staffing={"walking": 60.0}))
    metres = 10 * (3 * 30 + 2 * np.hypot(30, 30))
    part = plan.posts.query("role == 'grid_worker_part'")["workload"]
    assert part.tolist() == pytest.approx([(60 * 15 + 2 * metres / 60) / 60] * 2)


# The Party's share


def test_a_member_next_door_is_offered_where_the_share_is_too_low():
    plan = make_people_plan(full={"h01-1": 5}, seats=2, counts={"resident_representatives": 1})
    rules = Rules().replace(staffing={"share_team": 1})
    gap = gaps(staff(plan, rules), "party_share").query("level == 'subgrid'").iloc[0]
    assert gap["of"] == "0301-002"
    assert (
        gap["remedy"] == "give the part-time post to a member; 0301-001 has 4 to spare, 90 m away"
    )


def test_where_no_member_is_to_spare_the_gap_says_so():
    plan = make_people_plan(full=0, seats=2, counts={"resident_representatives": 2})
    plan = staff(plan, Rules().replace(staffing={"share_team": 1}))
    remedies = set(gaps(plan, "party_share").query("level == 'subgrid'")["remedy"])
    assert remedies == {"its community has no member to spare: recruit or bring in one"}
    assert read(plan, "party_missing") == 2.0


def test_the_share_is_one_of_a_team_and_not_of_one_worker_or_two():
    """Two sub-grids with a worker each, of whom none is a member: the community lacks two."""
    plan = staff(make_people_plan(full=0, seats=2, counts={"resident_representatives": 2}))
    found = gaps(plan, "party_share")
    assert found["level"].tolist() == ["community", "city"]
    assert found["value"].tolist() == [0.0, 0.0]
    shares = plan.indicators.query("level == 'subgrid' and measure == 'party_share'")
    assert shares["need"].isna().all()
    assert shares["met"].all()
    errors = audit(plan).findings.query("severity == 'error'")
    assert not {"gaps", "indicators"} & set(errors["table"])


def least_changes(party, drawn, serves, spare, share, subgrids):
    """The fewest changes by trying every set; None where none will do."""
    open_ = [p for p, held in enumerate(party) if not held]
    for size in range(len(open_) + 1):
        for chosen in itertools.combinations(open_, size):
            held = [h or p in chosen for p, h in enumerate(party)]
            if sum(drawn[p] for p in chosen) > spare or sum(held) < share * len(held) - 1e-9:
                continue
            held_by_subgrid = [[held[p] for p, g in serves if g == s] for s in range(subgrids)]
            if all(sum(o) >= share * len(o) - 1e-9 for o in held_by_subgrid):
                return size
    return None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_least_set_of_changes_is_as_small_as_trying_everything_finds(data):
    subgrids = data.draw(st.integers(1, 4))
    n = data.draw(st.integers(1, 7))
    party = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    drawn = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    pairs = data.draw(
        st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, subgrids - 1)), min_size=1)
    )
    spare = data.draw(st.integers(0, 4))
    share = data.draw(st.sampled_from([0.5, 0.6, 1.0]))
    posts = pd.DataFrame({"place": 0, "party": party, "fixed": drawn})
    serves = pd.DataFrame(sorted(pairs), columns=["post", "subgrid"])
    repair = repair_share(posts, serves, np.array([spare]), share, subgrids)
    least = least_changes(party, drawn, sorted(pairs), spare, share, subgrids)
    assert not (repair.changed & np.array(party)).any()
    assert (repair.changed & np.array(drawn)).sum() <= spare
    if least is not None:
        assert (repair.changed.sum(), repair.missing.sum()) == (least, 0)
    held = np.array(party) | repair.changed
    for s in range(subgrids):
        held_here = [held[p] for p, g in sorted(pairs) if g == s]
        assert sum(held_here) + repair.missing[s] >= share * len(held_here) - 1e-9


# Rules, input, repetition


def test_staffing_twice_changes_nothing_and_the_order_of_rows_does_not_matter():
    once = staff(make_people_plan())
    plan = make_people_plan()
    mixed = plan.replace(
        members=plan.members.iloc[::-1],
        subgrids=plan.subgrids.iloc[::-1],
        stairwells=plan.stairwells.iloc[::-1],
        neighbours=plan.neighbours.iloc[::-1],
    )
    for again in (staff(once), staff(mixed, workers=1)):
        for table in ("posts", "duties", "indicators", "gaps"):
            pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))


def test_rows_of_other_rooms_stay():
    plan = make_people_plan()
    hosts = make_table(
        "posts",
        [
            {
                "post": "h01-1-CH",
                "role": "central_household",
                "community": "0301",
                "stairwell": "h01-1",
            }
        ],
    )
    gaps = make_table(
        "gaps", [{"gap": "1", "room": "organisation", "rule": "branch", "of": "0301"}]
    )
    staffed = staff(plan.replace(posts=hosts, gaps=gaps))
    assert "h01-1-CH" in staffed.posts.index
    assert (staffed.gaps["room"] == "organisation").sum() == 1


def test_a_plan_that_was_not_organised_is_refused():
    with pytest.raises(PlanError, match="run organise on it first"):
        staff(make_board_plan())


def test_all_contradictory_counts_are_reported_at_once():
    rows = [
        ("community", "0301", "cadres", 2),
        ("building", "h01", "cadres", 3),
        ("community", "0999", "volunteers", 1),
        ("community", "0301", "community_workers", 5),
        ("site", "site", "community_workers", 4),
    ]
    plan = make_people_plan()
    with pytest.raises(InputError) as error:
        staff(plan.replace(counts=count_rows(rows)))
    assert len(error.value.problems) == 3


def test_rules_out_of_range_are_refused():
    for wrong in ({"party_share": 1.2}, {"worker_rule": "guess"}, {"walking": 0.0}):
        with pytest.raises(RuleError):
            Rules().replace(staffing=wrong)


@settings(deadline=None)
@given(st.integers(0, 500), st.lists(st.floats(0, 1e6), min_size=1, max_size=12))
def test_what_is_shared_out_adds_up_and_is_never_a_whole_unit_off(total, weights):
    shares = share_total(total, weights)
    whole = np.array(weights) if sum(weights) > 0 else np.ones(len(weights))
    assert shares.sum() == total
    assert (np.abs(shares - total * whole / whole.sum()) < 1 + 1e-6).all()


def test_a_count_of_the_site_goes_where_none_is_given():
    site = make_people_plan().site.replace(
        counts=count_rows([("site", "site", "cadres", 9), ("building", "h01", "elders", 2)])
    )
    tally = tally_counts(site, ["cadres", "elders"], pd.Series({"0301": 120.0}))
    assert tally.values.loc["0301"].tolist() == [9.0, 2.0]
    assert tally.origins.loc["0301"].tolist() == ["estimated", "counted"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=14), st.data())
def test_zones_are_brought_to_the_number_asked_for(part, data):
    k = data.draw(st.integers(1, len(part)))
    xy = np.column_stack([np.arange(len(part)) * 10.0, np.zeros(len(part))])
    assert set(fit_count(np.array(part), xy, np.ones(len(part)), k)) == set(range(k))


# The auditor


def findings(plan):
    all_findings = audit(plan).findings
    return all_findings[all_findings["rule"] == "staffing"]


def test_a_staffed_plan_passes_the_audit():
    assert findings(staff(make_people_plan())).empty


def spoil(plan, table, row, **values):
    frame = getattr(plan, table).copy()
    for column, value in values.items():
        frame.loc[row, column] = value
    return plan.replace(**{table: frame})


FAULTS = {
    "of a leader who is no secretary": lambda p: spoil(p, "posts", "0301-GL1", party=False),
    "beyond the committee seats": lambda p: p.replace(
        party_orgs=p.party_orgs.assign(committee_seats=1)
    ),
    "without any worker, and no gap": lambda p: p.replace(
        duties=p.duties[p.duties["subgrid"] != "0301-002"]
    ),
    "of one role for the same sub-grid": lambda p: p.replace(
        duties=pd.concat(
            [
                p.duties,
                p.duties[p.duties["post"] == "0301-GW1"].assign(subgrid="0301-002").set_axis(["9"]),
            ]
        )
    ),
    "sub-grid or community that does not exist": lambda p: spoil(
        p, "posts", "0301-001-GP1", subgrid="0301-999"
    ),
    "of a post or sub-grid that does not exist": lambda p: p.replace(
        posts=p.posts.drop("0301-GW1")
    ),
    "more posts filled by community workers": lambda p: p.replace(
        counts=count_rows({"cadres": 2, "community_workers": 0})
    ),
    "more members in posts than are available": lambda p: p.replace(
        members=p.members.assign(available=0)
    ),
    "not those of its duties": lambda p: spoil(p, "posts", "0301-GW1", households=61),
    "not those of the sub-grid": lambda p: p.replace(duties=p.duties.assign(households=59)),
    "Party share among grid workers below 60%": lambda p: p.replace(
        posts=p.posts.assign(party=p.posts["role"] == "grid_leader")
    ),
    "a second secretary who leads": lambda p: spoil(p, "posts", "0301-GL2", source="secretary"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_the_auditor_finds_a_planted_fault(what):
    good = staff(make_people_plan(counts=CITY_COUNTS | {"cadres": 1}))
    errors = findings(FAULTS[what](good))
    assert errors["message"].str.contains(what, regex=False).any()
    assert (errors["severity"] == "error").any()
