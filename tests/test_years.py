"""Change over years: what happens to small boards, by hand, and what must hold whatever happens."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridplan.cli import app
from gridplan.errors import InputError, PlanError, RuleError
from gridplan.redrawing.redraw_plan import redraw
from gridplan.redrawing.revision.locks import lock
from gridplan.rules.all_rules import Rules
from gridplan.simulation.years import (
    POLICIES,
    Demolition,
    Estate,
    Given,
    policies,
    read_given,
    simulate_years,
)
from gridplan.simulation.years.futures import BUILT, GONE, GROWN, Chance, sample_future
from gridplan.simulation.years.new_estates import choose_places, find_places, link_doors
from gridplan.simulation.years.planned_changes import TEMPLATE
from gridplan.simulation.years.policies import follow_policy, make_policy
from gridplan.simulation.years.starting_state import list_starts
from gridplan.storage import write_plan
from gridplan.synthetic import make_people_plan
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan

STILL = {
    "growth_urban": 0.0,
    "spread": 0.0,
    "spread_shared": 0.0,
    "demolition_urban": 0.0,
    "estates_urban": 0.0,
    "member_leave": 0.0,
    "member_age": 0.0,
    "member_join": 0.0,
    "volunteer_leave": 0.0,
    "volunteer_join": 0.0,
}
STORMY = {
    "growth_urban": 0.02,
    "spread": 0.1,
    "spread_shared": 0.05,
    "demolition_urban": 0.05,
    "estates_urban": 0.3,
    "estate_households": 40.0,
}
# Without estates a board has few doors, whose repair is a small problem.
SQUALLY = STORMY | {"estates_urban": 0.0}
NOTHING = Given()
EAST = (X0 + 350.0, Y0 + 10.0)


def look(plan, events=NOTHING, years=3, replications=2, **options):
    """The years of a board on which nothing happens by itself."""
    return simulate_years(
        plan,
        replace(events, changes=STILL | dict(events.changes)),
        years=years,
        replications=replications,
        **options,
    )


def read(done, policy, measure, column="mean"):
    rows = done.by_year
    return rows[(rows["policy"] == policy) & (rows["measure"] == measure)][column].tolist()


def read_bands(done, code):
    """The likeliest side of a sub-grid's band in each year, and its share of the futures."""
    rows = done.bands[done.bands["subgrid"] == code].sort_values("year")[
        ["inside", "over", "under", "gone"]
    ]
    return list(zip(rows.idxmax(axis=1), rows.max(axis=1), strict=True))


def test_an_estate_of_sixty_in_year_two_puts_the_sub_grid_beside_it_over_its_band_in_year_two():
    # 60 households in each half, 50 to 70 allowed; 60 more in the south-east make 120 on the right.
    done = look(make_board_plan(step=60.0), Given((Estate(2, "0301", 60, EAST),)))
    assert done.subgrids.loc["0301-001", ["share", "why"]].tolist() == [0.0, ""]
    assert done.subgrids.loc["0301-002", ["share", "low", "median", "high", "why"]].tolist() == [
        1.0,
        2.0,
        2.0,
        2.0,
        "over",
    ]
    assert read_bands(done, "0301-001") == [("inside", 1.0)] * 4
    assert read_bands(done, "0301-002") == [("inside", 1.0)] * 2 + [("over", 1.0)] * 2
    assert read(done, "never", "households") == [120, 120, 180, 180]
    assert read(done, "never", "in_band") == [1.0, 1.0, 0.5, 0.5]
    assert read(done, "never", "out") == [0, 0, 50, 50]
    # Repair gives the estate a sub-grid of its own, and nobody moves; the
    # policies of five years have not acted yet.
    assert read(done, "repair", "subgrids") == [2, 2, 3, 3]
    assert read(done, "repair", "in_band") == [1.0] * 4
    assert read(done, "repair", "moved_total") == [0.0] * 4
    assert read(done, "from_scratch", "in_band") == [1.0, 1.0, 0.5, 0.5]
    assert done.events[["year", "kind", "households"]].values.tolist() == [[2, "estate", 60]]


def test_two_houses_demolished_leave_the_left_sub_grid_with_too_few_and_one_house_comes_over():
    done = look(make_board_plan(), Given(demolitions=(Demolition(1, ("h01", "h07")),)))
    assert done.subgrids.loc["0301-001", ["share", "median", "why"]].tolist() == [1.0, 1.0, "under"]
    assert read_bands(done, "0301-001") == [("inside", 1.0)] + [("under", 1.0)] * 3
    assert read(done, "never", "households") == [120, 100, 100, 100]
    assert read(done, "repair", "moved") == [0, 10, 0, 0]  # 40 and 60 become 50 and 50
    assert read(done, "repair", "in_band") == [1.0] * 4
    assert read(done, "never", "demolished") == [0, 20, 0, 0]
    assert done.events["of"].tolist() == ["h01", "h07"]


def test_a_policy_may_wait_until_enough_sub_grids_of_a_community_are_out(monkeypatch):
    # Two houses of ten fall on the left in year 1 and two on the right in year 2: 40 and 40.
    seen = []

    def wait(island, how):
        seen.append((island.community_out, island.out.tolist()))
        return []

    monkeypatch.setitem(policies.ACTIONS, "repair", wait)
    falls = (Demolition(1, ("h01", "h07")), Demolition(2, ("h06", "h12")))
    done = look(make_board_plan(), Given(demolitions=falls), policies=["repair"], replications=1)
    # What the policy left alone in year 1 is not given up: it is still to be repaired in year 2.
    assert seen == [(1, [True, False]), (2, [True, True]), (2, [True, True])]
    assert read(done, "repair", "moved_total") == [0.0] * 4


def test_a_whole_sub_grid_demolished_is_one_no_longer():
    done = look(
        make_board_plan(),
        Given(demolitions=(Demolition(2, tuple(f"h{n:02d}" for n in (1, 2, 3, 7, 8, 9))),)),
    )
    assert read(done, "never", "subgrids") == [2, 2, 1, 1]
    assert read(done, "never", "in_band") == [1.0] * 4
    assert done.subgrids.loc["0301-001", ["median", "why"]].tolist() == [2.0, "under"]
    assert read_bands(done, "0301-001") == [("inside", 1.0)] * 2 + [("gone", 1.0)] * 2


def test_where_nothing_happens_nothing_changes_and_nobody_moves():
    done = look(make_board_plan(), years=6)
    for policy in ("never", "repair"):
        for measure in ("households", "subgrids", "in_band", "out", "mean_walk", "price"):
            assert len(set(read(done, policy, measure))) == 1
        assert set(read(done, policy, "moved")) == {0.0}
    assert done.events.empty
    assert (done.subgrids["share"] == 0).all()


def test_what_the_plan_explains_as_out_of_band_is_left_until_it_changes():
    plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)  # 80 and 40
    known = pd.DataFrame(
        {
            "exception": ["1", "2"],
            "community": "0301",
            "subgrid": ["0301-001", "0301-002"],
            "rule": "high",
            "proven": True,
            "explanation": "known",
            "remedy": "none",
        }
    ).set_index("exception")
    assert read(look(plan), "repair", "moved") == [0, 10, 0, 0]
    assert read(look(plan.replace(exceptions=known)), "repair", "moved") == [0, 0, 0, 0]
    assert look(plan).subgrids[["median", "why"]].values.tolist() == [[0.0, "over"], [0.0, "under"]]


@pytest.fixture(scope="module")
def storm():
    """Six years of a board on which much happens, by every policy."""
    return simulate_years(
        make_board_plan(step=60.0), Given(changes=STORMY), years=6, replications=3, seed=2
    )


def test_never_moves_nobody_and_repair_is_never_behind_it_in_band(storm):
    done = storm
    never, repair = (read(done, policy, "in_band") for policy in ("never", "repair"))
    assert set(read(done, "never", "moved_total")) == {0.0}
    assert all(r >= n for r, n in zip(repair, never, strict=True))
    assert sum(repair) > sum(never)
    assert read(done, "repair", "moved_total")[-1] > 0
    # The futures are the same for all.
    for measure in ("households", "built", "grown", "demolished"):
        assert (
            read(done, "never", measure)
            == read(done, "repair", measure)
            == read(done, "from_scratch", measure)
        )


def test_shares_of_the_sides_sum_to_one_and_are_those_of_the_sub_grids_in_band():
    done = simulate_years(
        make_board_plan(step=60.0),
        Given(changes=STORMY),
        years=8,
        replications=6,
        policies=["never"],
    )
    bands = done.bands
    sides = ["inside", "over", "under", "gone"]
    assert bands[sides].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert len(bands) == 2 * 9
    last = bands[bands["year"] == 8].set_index("subgrid")
    assert (1 - last["inside"]).to_dict() == pytest.approx(done.subgrids["out_at_end"].to_dict())
    assert bands["inside"].nunique() > 2  # something happened


def test_households_are_those_before_and_built_and_grown_less_those_demolished(storm):
    flows = [
        np.array(read(storm, "from_scratch", name))
        for name in ("households", "built", "grown", "demolished")
    ]
    assert np.diff(flows[0]) == pytest.approx((flows[1] + flows[2] - flows[3])[1:])
    assert flows[1].sum() > 0
    assert flows[3].sum() > 0


def list_tables(done):
    frames = (done.by_year, done.differences, done.subgrids, done.bands, done.events)
    return [frame.to_csv() for frame in frames] + [json.dumps(done.manifest)]


@pytest.mark.parametrize(
    ("changes", "policies"),
    [(STORMY, ("never", "from_scratch")), (SQUALLY, POLICIES)],
    ids=["with estates", "all policies"],
)
def test_the_same_seed_gives_the_same_bytes_for_any_number_of_workers_and_order_of_rows(
    changes, policies
):
    plan = make_board_plan(step=60.0)

    def look_on(plan, **options):
        how = {"years": 5, "replications": 4, "policies": policies}
        return list_tables(simulate_years(plan, Given(changes=changes), **how, **options))

    one = look_on(plan, workers=1)
    shuffled = plan.replace(
        stairwells=plan.stairwells.sample(frac=1, random_state=1),
        neighbours=plan.neighbours.sample(frac=1, random_state=2),
    )
    assert look_on(plan, workers=3) == one
    assert look_on(shuffled, workers=2) == one
    assert look_on(plan, seed=1)[0] != one[0]


def test_a_policy_does_not_depend_on_which_others_are_compared_nor_a_fate_on_what_else_is_built():
    plan = make_board_plan(step=60.0)
    both = simulate_years(plan, Given(changes=SQUALLY), years=5, replications=3)
    alone = simulate_years(
        plan, Given(changes=SQUALLY), years=5, replications=3, policies=["repair"]
    )
    assert read(both, "repair", "price") == read(alone, "repair", "price")
    assert both.subgrids.equals(alone.subgrids)
    fate = [
        e[e["kind"] == "demolition"].query("of < 'h99'")[["year", "of"]].values.tolist()
        for e in (
            simulate_years(
                plan,
                Given(estates, changes=STORMY),
                years=5,
                replications=replications,
                policies=["never"],
            ).events
            for estates, replications in (((), 3), ((Estate(1, "0301", 30),), 1))
        )
    ]
    assert fate[0] == fate[1] != []


def test_repair_leaves_a_locked_sub_grid_as_it_is():
    plan = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    assert read(look(plan, policies=["repair"]), "repair", "moved_total")[-1] == 10
    assert (
        read(look(lock(plan, "subgrid", "0301-001"), policies=["repair"]), "repair", "moved_total")[
            -1
        ]
        == 0
    )


def test_low_buildings_go_before_towers():
    plan = make_board_plan()
    buildings = plan.site.buildings.assign(floors=[1.0] * 6 + [30.0] * 6)
    plan = plan.replace(site=plan.site.replace(buildings=buildings))
    rules = Rules().replace(years=STILL | {"demolition_urban": 0.2})
    (start,) = list_starts(plan, Given(), rules)
    gone = np.sum(
        [
            sample_future(start, rules.years, 3, Chance(0, n, "0301")).weights[-1] == 0
            for n in range(40)
        ],
        axis=0,
    )
    assert gone[:6].min() > gone[6:].max()


def test_a_single_household_is_lost_or_stays_so_that_on_the_mean_the_rate_holds():
    rules = Rules().replace(years=STILL | {"growth_urban": -0.05})
    (start,) = list_starts(make_board_plan(), Given(), rules)
    start = replace(start, problem=replace(start.problem, weights=np.ones(12, np.int64)))
    left = [
        sample_future(start, rules.years, 2, Chance(0, n, "0301")).weights.sum(axis=1)
        for n in range(400)
    ]
    assert np.mean(left, axis=0) == pytest.approx([12.0, 11.4, 10.83], abs=0.1)


def test_a_stairwell_that_outgrows_the_band_is_cut_into_floor_bands_that_stay_where_they_were():
    # Six doors of 30, 40 the most; they grow by half to 45, which makes five bands of about 9.
    rules = Rules().replace(
        years=STILL | {"growth_urban": 0.5}, urban={"low": 20, "target": 30, "high": 40}
    )
    (start,) = list_starts(make_board_plan((1, 2), columns=2, rows=1), Given(), rules)
    start = replace(
        start,
        problem=replace(start.problem, weights=np.full(2, 30, np.int64)),
        floors=np.full(2, 10.0),
    )
    future = sample_future(start, rules.years, 1, Chance(0, 0, "0301"))
    assert future.cut_from.tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1]
    assert future.problem.climb.tolist() == [0, 0, 6, 12, 18, 24, 6, 12, 18, 24]
    assert abs(future.weights[1].sum() - 90) < 10  # each band is rounded by itself
    course = follow_policy(
        start, future, [future.take_year(year) for year in (0, 1)], make_policy("never", rules, 0)
    )
    assert course.labels[1].tolist() == [0, 1, 0, 0, 0, 0, 1, 1, 1, 1]


def test_new_doors_stand_away_from_others_and_are_linked_over_no_barrier():
    doors = np.array([[10.0, 10.0]])
    places = find_places(shapely.box(0, 0, 100, 40), 20.0, 25.0, doors)
    assert np.hypot(*(places - doors[0]).T).min() >= 25.0
    wall = np.array([shapely.LineString([(55, -5), (55, 45)])])
    own = choose_places(places, 4, 0.99, None, 20.0, wall)
    assert (own[:, 0] > 55).all()  # all on the ground where the first one is
    assert (
        link_doors(own, doors, 200.0, wall).min() == 1
    )  # none is linked with the door behind the wall
    assert link_doors(own, doors, 200.0, wall[:0]).min() == 0


def test_an_estate_without_free_land_is_reported_and_not_built():
    done = look(
        make_board_plan(step=30.0), Given((Estate(1, "0301", 50),), changes={"estate_gap": 100.0})
    )
    assert done.events["kind"].tolist() == ["no_land"]
    assert read(done, "never", "households") == [120] * 4


def test_when_all_members_leave_no_sub_grid_has_a_central_household_and_the_branch_is_short():
    # One available member in each of twelve houses; sub-grids of 60 need two
    # central households, of 54 households each.
    done = look(make_people_plan(), Given(changes={"member_leave": 1.0}), years=2)
    assert done.manifest["people"]
    assert read(done, "never", "members") == [12, 0, 0]
    assert read(done, "never", "uncentred") == [0, 2, 2]
    assert read(done, "never", "short_branches") == [0, 1, 1]
    aged = look(make_people_plan(), Given(changes={"member_age": 1.0}), years=2)
    assert read(aged, "never", "available") == [12, 0, 0]
    assert read(aged, "never", "short_branches") == [0, 0, 0]  # they are members still


def test_members_are_left_out_where_the_plan_was_not_organised():
    done = look(make_board_plan())
    assert not done.manifest["people"]
    assert "members" not in set(done.by_year["measure"])


RATES = st.fixed_dictionaries(
    {
        "growth_urban": st.floats(-0.3, 0.3),
        "spread": st.floats(0.0, 0.3),
        "demolition_urban": st.floats(0.0, 0.4),
        "estates_urban": st.floats(0.0, 1.5),
        "estate_households": st.floats(1.0, 90.0),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RATES, st.integers(0, 5), st.sampled_from(POLICIES))
def test_whatever_happens_every_household_is_in_a_sub_grid_and_nobody_else_is(
    rates, replication, name
):
    rules = Rules().replace(years=rates, urban={"low": 50, "target": 60, "high": 70})
    (start,) = list_starts(make_board_plan(step=60.0), Given(), rules)
    future = sample_future(start, rules.years, 5, Chance(0, replication, "0301"))
    total = future.weights.sum(axis=1)
    flows = future.flows
    assert (np.diff(total) == flows[1:, BUILT] + flows[1:, GROWN] - flows[1:, GONE]).all()
    years = [future.take_year(year) for year in range(6)]
    course = follow_policy(start, future, years, make_policy(name, rules, 0))
    assert ((course.labels >= 0) == (future.weights > 0)).all()
    for year, (atoms, problem) in enumerate(years):
        assert problem.households == total[year]
        assert (problem.weights == future.weights[year, atoms]).all()
        if not make_policy(name, rules, 0).acts(year):
            assert course.moved[year] == 0


def test_events_in_no_place_of_the_plan_or_after_the_last_year_are_reported_at_once():
    wrong = Given((Estate(9, "0999", 10),), (Demolition(1, ("h77",), "x1"),))
    with pytest.raises(InputError) as caught:
        look(make_board_plan(), wrong, years=5)
    for word in ("0999", "h77", "x1", "year 9"):
        assert word in str(caught.value)


def test_what_cannot_be_looked_at_is_refused(tmp_path):
    plan = make_board_plan()
    with pytest.raises(RuleError, match="policies are some of never, repair, redraw, from_scratch"):
        simulate_years(plan, policies=["always"])
    with pytest.raises(PlanError, match="release"):
        simulate_years(plan.replace(manifest=plan.manifest | {"release": {}}))
    with pytest.raises(RuleError, match=r"unknown rule years\.grwth"):
        Given(changes={"grwth": 1}).replace_rules(Rules())
    file = tmp_path / "wrong.toml"
    file.write_text("[[demolition]]\nyear = 1\n[[etsate]]\n", encoding="utf-8")
    with pytest.raises(RuleError, match=r"unknown key etsate.*neither buildings nor a compound"):
        read_given(file)


def test_the_verb_prints_the_policies_side_by_side_and_writes_tables_and_a_plot(tmp_path):
    pytest.importorskip("matplotlib")
    write_plan(make_board_plan(step=60.0), tmp_path / "plan")
    file = tmp_path / "known.toml"
    file.write_text('[[estate]]\nyear = 2\ncommunity = "0301"\nhouseholds = 60\n', encoding="utf-8")
    words = [
        "years",
        str(tmp_path / "plan"),
        str(file),
        "--years",
        "3",
        "--replications",
        "2",
        "--policy",
        "never",
        "--policy",
        "repair",
        "--csv",
        str(tmp_path / "csv"),
        "--plot",
        str(tmp_path / "years.png"),
        "--map",
        str(tmp_path / "years.html"),
    ]
    words += [word for name, value in STILL.items() for word in ("--set", f"years.{name}={value}")]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "140"})
    assert result.exit_code == 0, result.output
    assert "not organised" in result.output
    assert "more likely than not, if nothing is redrawn" in result.output
    assert (tmp_path / "years.png").stat().st_size > 10_000
    assert "loadReels(" in (tmp_path / "years.html").read_text(encoding="utf-8")
    bands = pd.read_csv(tmp_path / "csv" / "bands.csv", dtype={"subgrid": str})
    assert bands.groupby("year")["over"].sum().tolist() == [
        0,
        0,
        1,
        1,
    ]  # on the left or on the right
    table = pd.read_csv(tmp_path / "csv" / "by_year.csv")
    assert table.query("policy == 'never' and measure == 'households'")["mean"].tolist() == [
        120,
        120,
        180,
        180,
    ]
    assert CliRunner().invoke(app, ["years", "--template"]).output == TEMPLATE
    assert CliRunner().invoke(app, ["years"]).exit_code == 2


def test_repair_moves_the_same_households_as_redraw_on_the_same_land():
    # Five strips of twelve houses; then some are gone; the plan is redrawn on
    # the land without them.
    plan = make_board_plan(tuple(1 + n % 10 // 2 for n in range(60)), columns=10, rows=6, step=30.0)
    gone = ["h01", "h11", "h21", "h22", "h25", "h60"]
    site = plan.site.replace(buildings=plan.site.buildings.drop(index=gone))
    rules = Rules().replace(
        urban={"low": 100, "target": 120, "high": 140}, division={"effort": "quick"}
    )
    after = redraw(plan, site, rules, seed=0)
    done = simulate_years(
        plan,
        Given(demolitions=(Demolition(1, tuple(gone)),), changes=STILL),
        rules,
        years=1,
        replications=1,
    )
    homes = after.subgrids[after.subgrids["kind"] == "residential"]
    assert after.manifest["history"][-1]["households_moved"] == read(done, "repair", "moved")[1] > 0
    assert homes["in_band"].mean() == read(done, "repair", "in_band")[1] == 1.0
    assert read(done, "never", "in_band")[1] == 0.8
