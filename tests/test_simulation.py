"""Simulation of plans: posts that can be counted, shared chances, and how sure a figure is."""

import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom
from typer.testing import CliRunner

import gridplan as gp
from gridplan.errors import InputError, PlanError, RuleError
from gridplan.people.staffing.staff_plan import staff
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import Shift, SimulationRules, Turn
from gridplan.simulation.requests import (
    Scenario,
    make_system,
    measure_chances,
    rank_plans,
    read_scenarios,
    simulate,
)
from gridplan.simulation.requests.calendar import list_ticks, sum_profile
from gridplan.simulation.requests.calibration import calibrate, read_request_counts
from gridplan.simulation.requests.confidence_intervals import compare, estimate_ratio
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.simulation.requests.kernel_inputs import cut_blocks, open_tiers, sample_world
from gridplan.simulation.requests.kernel_state import (
    CAME,
    COMMUNITY,
    NEIGHBOUR,
    OWN,
    STREET,
    VOLUNTEER,
)
from gridplan.simulation.requests.random_streams import make_key
from gridplan.simulation.requests.request_tables import rank_scenarios
from gridplan.simulation.requests.scenarios import TEMPLATE, list_scenarios
from gridplan.synthetic import make_board_plan
from gridplan.synthetic.people_plan import CITY_COUNTS, make_people_plan
from gridplan.tables.roles import name_answering

BUSY = Rules().replace(coverage={"requests_urban": 200.0}, simulation={"wishes_urban": 20.0})
TABLES = ("requests", "posts", "curve", "unserved", "differences")


@pytest.fixture(scope="module")
def board():
    """Two sub-grids of sixty, each with a leader, a full- and a part-time worker; 8 volunteers."""
    return staff(make_people_plan(counts={**CITY_COUNTS, "volunteers": 8}))


def write_bytes(done):
    return [getattr(done, name).to_csv() for name in TABLES]


def test_who_may_be_asked_for_a_sub_grid(board):
    system = make_system(board)
    roles = system.posts["role"].to_numpy(object)
    asked = pd.DataFrame({"cell": system.cell, "role": roles[system.post], "tier": system.tier})
    own = asked[asked["cell"] == 0].groupby(["tier", "role"]).size().to_dict()
    full = (roles == "grid_worker_full").sum()
    mine = own[OWN, "grid_worker_full"]
    assert own == {
        (OWN, "grid_leader"): 1,
        (OWN, "grid_worker_full"): mine,
        (OWN, "grid_worker_part"): 1,
        (NEIGHBOUR, "grid_leader"): 1,
        (NEIGHBOUR, "grid_worker_part"): 1,
        (VOLUNTEER, "volunteer"): 8,
        (COMMUNITY, "grid_worker_full"): full - mine,
        (STREET, "street_staff"): 1,
    }


def test_ways_are_straight_lines_times_the_detour_where_no_streets_are_known(board):
    rules = Rules().replace(
        walking={"speed": 10.0, "slow_speed": 10.0, "detour": 2.0},
        simulation={"street_minutes": 33.0},
    )
    system = make_system(board, rules)
    centres = board.stairwells.geometry[system.cells["centre"]]
    apart = centres.iloc[0].distance(centres.iloc[1])
    beside = (system.tier == NEIGHBOUR) & (
        system.posts["role"].to_numpy(object)[system.post] == "grid_worker_part"
    )
    assert system.way[beside] == pytest.approx(
        np.maximum(apart * 2.0, system.cells["mean_walk"].max()) / 10.0
    )
    assert set(system.way[system.tier == STREET]) == {33.0}


def test_a_plan_without_posts_is_sent_to_staff():
    with pytest.raises(PlanError, match="gridplan staff PLAN"):
        make_system(make_board_plan())


def test_more_volunteers_leave_those_before_where_they_are(board):
    few = make_system(board)
    more = make_system(board, volunteers=1.5)
    assert (more.posts["role"] == "volunteer").sum() == 12
    of = [
        pd.DataFrame(
            {"post": s.posts.index[s.post], "cell": s.cells.index[s.cell], "way": s.way}
        ).set_index(["post", "cell"])
        for s in (few, more)
    ]
    assert of[1].reindex(of[0].index).equals(of[0])


def test_what_nobody_counted_is_noted(board):
    notes = simulate(board, Scenario("s", days=1), replications=2).manifest["notes"]
    assert [note.partition(": ")[2] for note in notes] == [
        "no streets are known: ways are straight lines times 1.4 (assumed)",
        "no subdistrict is named: one staff answers for all of them",
    ]
    none = staff(make_people_plan())
    assert any("no volunteers were counted" in entry.reason for entry in make_system(none).entries)


def test_demand_follows_hours_weekdays_and_months():
    rules = SimulationRules(
        request_by_hour=(0.0,) * 12 + (2.0,) * 12,
        by_weekday=(1, 1, 1, 1, 1, 0, 2),
        by_month=(2,) + (1,) * 11,
    )
    running = sum_profile(rules, datetime.date(2026, 1, 31), 3)[
        0, 0
    ]  # Saturday in January, Sunday and Monday in February
    assert np.diff(running[[0, 24, 36, 48, 72]]).tolist() == pytest.approx(
        [0, 0, 2 * 1440 * 12 / 13, 1440 * 12 / 13]
    )


def test_turns_of_duty_begin_and_end_by_the_calendar():
    shifts = (Shift(("Fri",), "22:00", "02:00"), Shift(("Sat",), "09:00", "11:30"))
    turn = Turn(("request",), 1.0, 1.0, shifts)
    friday = datetime.date(2026, 3, 6)
    ticks = list_ticks([turn], friday, 2)
    assert ticks[["at", "day"]].tolist() == [
        (22 * 60.0, friday.toordinal()),
        (26 * 60.0, -1),
        (33 * 60.0, friday.toordinal() + 1),
        (35.5 * 60.0, -1),
    ]
    late = list_ticks([turn], friday + datetime.timedelta(days=1), 1)  # begun on Friday night
    assert late[["at", "day"]].tolist()[:2] == [(0.0, friday.toordinal()), (120.0, -1)]


def test_as_many_come_as_the_rules_say(board):
    rules = BUSY.replace(simulation={"demand_low": 1.0, "demand_high": 1.0})
    city = simulate(board, Scenario("s", days=61, uncertain=False), rules, replications=20).requests
    own = city[
        (city["level"] == "city") & (city["measure"] == "requests") & (city["kind"] == "request")
    ].iloc[0]
    # 200 a month for 100 households, 120 of them; 61 days of spring, a little
    # fewer at weekends, are near enough to the mean.
    weights = sum_profile(rules.simulation, datetime.date(2026, 3, 2), 61)[0, 0, -1] / 1440.0
    assert own["low"] < 200 * 1.2 * weights / (365.25 / 12) < own["high"]
    assert own["high"] - own["low"] < 0.1 * own["mean"]


def test_littles_law_can_be_read_from_the_tables(board):
    """L = lambda W: who is there at once, who comes in a minute, and how long they stay."""
    scenario = Scenario("s", days=30, uncertain=False)
    found = simulate(board, scenario, BUSY, replications=6).requests
    city = found.query("level == 'city'").set_index(["kind", "measure"])["mean"]
    for kind in ("request", "wish"):
        rate = city[kind, "requests"] / (30 * 1440)
        assert city[kind, "inside"] == pytest.approx(rate * city[kind, "stay_minutes"], rel=0.15)
        assert city[kind, "waiting"] == pytest.approx(rate * city[kind, "wait_minutes"], rel=0.15)
        up = city[kind, "up_requests"] / (30 * 1440) * city[kind, "up_wait_minutes"]
        assert city[kind, "up_waiting"] == pytest.approx(up, rel=0.3, abs=0.02)
    # nobody sets out before the request is taken down
    assert city["request", "response_minutes"] > Rules().simulation.request_intake
    assert 0.3 < city["request", "satisfied_share"] < 0.95


def test_levels_add_up_and_every_share_is_one_of_what_came(board):
    done = simulate(board, Scenario("s", days=10), BUSY, replications=5)
    came = done.requests[done.requests["measure"] == "requests"].set_index(["kind", "level"])[
        "mean"
    ]
    by = came.groupby(level=[0, 1]).sum()
    for kind in ("request", "wish"):
        assert (
            by[kind, "city"]
            == pytest.approx(by[kind, "community"])
            == pytest.approx(by[kind, "subgrid"])
        )
    city = done.requests[done.requests["level"] == "city"].set_index(["kind", "measure"])["mean"]
    for kind in ("request", "wish"):
        assert city[kind, "green_share"] + city[kind, "yellow_share"] + city[
            kind, "red_share"
        ] == pytest.approx(1)
        unserved = done.unserved[
            (done.unserved["level"] == "city") & (done.unserved["kind"] == kind)
        ]["mean"].sum()
        assert unserved == pytest.approx(
            city[kind, "requests"] * (1 - city[kind, "resolved_share"])
        )
    curve = done.curve[(done.curve["level"] == "city") & (done.curve["kind"] == "request")]["mean"]
    assert curve.is_monotonic_increasing
    assert curve.iloc[-1] == pytest.approx(city["request", "answered_share"], abs=0.01)
    jobs = done.posts["jobs"].sum()
    assert (
        jobs
        >= 0.9
        * (city["request", "requests"] + city["wish", "requests"])
        * city["request", "answered_share"]
    )


def test_seed_decides_and_workers_and_the_order_of_rows_do_not(board):
    scenarios = [Scenario("a", days=5), Scenario("b", days=5, volunteers=2.0)]
    first = write_bytes(simulate(board, scenarios, BUSY, replications=4, seed=3, workers=1))
    assert write_bytes(simulate(board, scenarios, BUSY, replications=4, seed=3, workers=4)) == first
    assert write_bytes(simulate(board, scenarios, BUSY, replications=4, seed=4)) != first
    names = ("posts", "duties", "subgrids", "stairwells", "neighbours", "buildings", "counts")
    turned = board.replace(**{name: board.get_table(name).iloc[::-1] for name in names})
    assert write_bytes(simulate(turned, scenarios, BUSY, replications=4, seed=3)) == first


def test_scenarios_meet_the_same_requests(board):
    worlds = []
    for volunteers, policy in ((1.0, "own_first"), (3.0, "nearest")):
        rules = BUSY.replace(simulation={"policy": policy})
        block = cut_blocks(
            make_system(board, rules, volunteers=volunteers), rules, datetime.date(2026, 3, 2), 5
        )[0]
        world = sample_world(block, make_key(1, 0), block.households, 1.0, block.high)
        worlds.append(run_days(world, 1000)[1][:, :3])
    assert np.array_equal(worlds[0], worlds[1], equal_nan=True)
    assert np.isfinite(worlds[0][:, 0]).sum() > 50


def test_the_same_scenario_twice_differs_by_nothing_and_more_demand_clearly(board):
    scenarios = [Scenario("a", days=10), Scenario("b", days=10), Scenario("c", days=10, demand=2.0)]
    differences = simulate(board, scenarios, BUSY, replications=6).differences
    same = differences[differences["scenario"] == "b"]
    assert np.nanmax(np.abs(same[["mean", "low", "high"]].to_numpy())) == 0
    assert not same["clear"].any()
    more = differences[(differences["scenario"] == "c") & (differences["measure"] == "requests")]
    assert (more["clear"] & (more["low"] > 0)).all()


def test_scenarios_are_ranked_by_what_is_better():
    minutes = "response_minutes"
    green = "green_share"
    rows = [
        ("b", minutes, -5.0),
        ("c", minutes, 3.0),
        ("b", green, -0.1),
        ("c", green, 0.0),
        ("b", "requests", 1.0),
    ]
    table = pd.DataFrame(rows, columns=["scenario", "measure", "mean"]).assign(
        level="city", of="site", kind="request"
    )
    ranks = rank_scenarios(table, ["a", "b", "c"])["rank"].tolist()
    # By minutes b, a, c; by share a before c, which is no better, and both
    # before b; more requests are neither.
    assert ranks == [1, 3, 3, 2, 0]


def test_pairing_makes_intervals_of_differences_narrow():
    rng = np.random.default_rng(1)
    chances = rng.normal(100, 20, 30)
    first = estimate_ratio(chances, 1.0)
    other = estimate_ratio(chances + 2 + rng.normal(0, 0.1, 30), 1.0)
    found = compare(first, other)
    assert found.mean == pytest.approx(2, abs=0.1)
    assert found.half < 0.01 * first.half * 2
    assert found.low < found.mean < found.high


def test_a_ratio_is_that_of_the_sums_with_replications_in_which_nothing_came():
    found = estimate_ratio(np.array([0.0, 3.0, 1.0]), np.array([0.0, 4.0, 4.0]))
    assert found.mean == 0.5
    assert found.half > 0
    assert np.isnan(estimate_ratio(np.array([1.0]), 1.0).half)


def test_level_by_level_asks_later():
    first, later = (
        open_tiers(SimulationRules(policy=p, wish_policy="dispatch"))[0, 0]
        for p in ("own_first", "escalate")
    )
    assert (later >= first).all()
    assert later[NEIGHBOUR] > first[NEIGHBOUR] == SimulationRules().request_intake


def test_the_template_is_read_and_unknown_keys_are_refused_by_name(tmp_path):
    file = tmp_path / "scenario.toml"
    file.write_text(TEMPLATE, encoding="utf-8")
    scenarios = read_scenarios(file)
    assert [s.name for s in scenarios][:3] == ["base", "more_volunteers", "level_by_level"]
    assert scenarios[2].replace_rules(Rules()).simulation.policy == "escalate"
    assert scenarios[4].start == datetime.date(2026, 12, 1)
    with pytest.raises(RuleError, match="unknown key polcy"):
        list_scenarios({"scenario": {"x": {"polcy": "nearest"}}})
    with pytest.raises(RuleError, match=r"unknown rule coverage\.requests"):
        list_scenarios({"scenario": {"x": {"coverage": {"requests": 3}}}})
    with pytest.raises(RuleError, match=r"days must be .*; volunteers must be "):
        list_scenarios({"scenario": {"x": {"days": 0, "volunteers": -1}}})
    with pytest.raises(RuleError, match="policy must be"):
        list_scenarios({"scenario": {"x": {"policy": "random"}}})
    with pytest.raises(RuleError, match=r"\[scenario\.base\], not \[base\]"):
        list_scenarios({"base": {}})
    file.write_text("days = ", encoding="utf-8")
    with pytest.raises(RuleError, match="--template"):
        read_scenarios(file)


def turn(kind, days, *hours):
    """A turn of duty as plan.toml gives it."""
    shifts = [{"days": list(days), "begin": begin, "end": end} for begin, end in hours]
    return {"kinds": [kind], "low": 1, "high": 1, "shifts": shifts}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"request_by_hour": [1, 2]}, "24 numbers"),
        ({"volunteer": turn("sing", ("Sat",), ("09:00", "10:00"))}, "'sing' is neither"),
        (
            {"volunteer": turn("wish", ("Sat",), ("09:00", "11:00"), ("10:00", "12:00"))},
            "overlap",
        ),
        ({"volunteer": turn("wish", (), ("09:00", "11:00"))}, "there is no day"),
        ({"volunteer": turn("wish", ("Sat",), ("9", "11:00"))}, "not such as 09:00"),
        ({"volunteer": "wish 1 Sat 09:00-10:00"}, r"volunteer = \{kinds = \[\"wish\"\], low = 1.0"),
        ({"demand_low": 1.2}, "1 between"),
        ({"request_street": 0.5}, "request_street is above request_up"),
        ({"green_hours": 99.0}, "green_hours is above yellow_hours"),
    ],
)
def test_rules_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(RuleError, match=said):
        SimulationRules(**changes)


def make_doubtful(low, high):
    """The board with an interval of households in every house; bands from 50 to 70."""
    plan = make_board_plan()
    buildings = plan.site.buildings.assign(households_low=low, households_high=high)
    return plan.replace(buildings=buildings, subgrids=plan.subgrids.assign(low=50, high=70))


def test_the_chance_of_being_in_band_is_that_of_the_distribution():
    # With one error for all houses a sub-grid has six times a house's draw: one
    # household and a negative binomial number of mean 9.
    rules = Rules().replace(simulation={"error_shared": 1.0})
    chances = measure_chances(make_doubtful(5, 20), rules, draws=1500)
    # the range of 15 is 3.29 standard deviations; Poisson has 9 of the variance
    shape = 9**2 / ((15 / 3.29) ** 2 - 9)
    house = nbinom(shape, shape / (shape + 9))
    below, above = house.cdf(8 - 1), house.sf(11 - 1)  # 6 x 8 is below 50, 6 x 12 above 70
    assert chances["below"].to_numpy() == pytest.approx([below] * 2, abs=0.05)
    assert chances["above"].to_numpy() == pytest.approx([above] * 2, abs=0.05)
    assert chances["chance"].to_numpy() == pytest.approx(1 - chances["below"] - chances["above"])
    assert chances["mean"].to_numpy() == pytest.approx([60] * 2, abs=2)


def test_draws_keep_what_is_known():
    """Counted houses stay, a known total is met in every draw, and means are kept."""
    plan = make_doubtful(5, 20)
    names = plan.site.buildings.index
    counted = plan.site.buildings.assign(
        home_chance=1.0, households_mean=10.0, households_spread=0.4
    )
    counted.loc[names[:3], ["households_low", "households_high"]] = 10
    counted.loc[names[:3], "households_spread"] = 0.0
    plan = plan.replace(buildings=counted)
    rules = Rules().simulation
    drawn = sample_households(plan, plan.subgrids.index, 300, 0, rules)
    assert drawn.mean(axis=0) == pytest.approx([60, 60], rel=0.06)
    assert drawn.sum(axis=1).std() > 5
    communities = plan.site.communities.assign(households=120.0)
    met = sample_households(
        plan.replace(communities=communities), plan.subgrids.index, 40, 0, rules
    )
    assert met.sum(axis=1) == pytest.approx([120.0] * 40)
    assert met[:, 0].std() > 1
    # A block on a school's land may be homes, yet none of the total is put there.
    doubt = {"home_chance": 0.4, "households_mean": 4.0, "households_spread": 0.4}
    block = counted.iloc[:1].assign(households=0, households_low=0, households_high=9, **doubt)
    block = block.set_geometry(block.geometry.translate(9000)).set_axis(["x1"])
    both = plan.replace(communities=communities, buildings=pd.concat([counted, block]))
    met = sample_households(both, plan.subgrids.index, 40, 0, rules)
    assert met.sum(axis=1) == pytest.approx([124.0] * 40)


def test_errors_of_their_own_even_out_and_shared_ones_do_not():
    plan = make_doubtful(5, 20)
    spread = []
    for shared in (0.0, 1.0):
        rules = Rules().replace(simulation={"error_shared": shared, "error_near": 0.0}).simulation
        spread.append(sample_households(plan, plan.subgrids.index, 400, 0, rules)[:, 0].std())
    assert spread[0] == pytest.approx(spread[1] / np.sqrt(6), rel=0.15)


def test_the_plan_with_more_room_in_its_bands_ranks_first():
    narrow = make_doubtful(5, 20)
    wide = narrow.replace(subgrids=narrow.subgrids.assign(low=40, high=90))
    ranks = rank_plans({"narrow": narrow, "wide": wide, "sure": make_doubtful(10, 10)}, draws=100)
    assert ranks.index.tolist() == ["sure", "wide", "narrow"]
    assert ranks.loc["sure", ["mean_chance", "worst_chance", "sure"]].tolist() == [1.0, 1.0, 1.0]


def test_what_is_certain_has_narrower_intervals(board):
    doubtful = board.replace(
        buildings=board.site.buildings.assign(households_low=4, households_high=25)
    )
    wide = []
    for uncertain in (False, True):
        own = simulate(doubtful, Scenario("s", uncertain=uncertain), BUSY, replications=12).requests
        row = own[
            (own["level"] == "city") & (own["kind"] == "request") & (own["measure"] == "requests")
        ].iloc[0]
        wide.append(row["high"] - row["low"])
    assert wide[1] > 2 * wide[0]


def test_subdistricts_do_not_meet(board):
    system = make_system(board)
    blocks = cut_blocks(system, Rules(), datetime.date(2026, 3, 2), 3)
    assert [b.code for b in blocks] == [""]
    assert blocks[0].cells == slice(0, 2)
    assert len(blocks[0].world.links) == len(system.cell)
    tally, _ = run_days(
        sample_world(blocks[0], make_key(0, 0), blocks[0].households, 1.0, blocks[0].low), 0
    )
    assert tally.counts[..., CAME].sum() >= 0
    named = board.replace(communities=board.site.communities.assign(subdistrict="凤凰路街道"))
    done = simulate(named, Scenario("s", days=2), BUSY, replications=2)
    assert set(done.requests["level"]) == {"city", "subdistrict", "community", "subgrid"}


def test_the_command_prints_scenarios_side_by_side_and_writes_what_it_printed(board, tmp_path):
    pytest.importorskip(
        "matplotlib", reason="matplotlib is not installed: pip install 'gridplan[report]'"
    )
    from gridplan.cli import app

    gp.write_plan(board, tmp_path / "plan")
    template = CliRunner().invoke(app, ["simulate", "--template"])
    assert template.output == TEMPLATE
    file = tmp_path / "s.toml"
    file.write_text(
        "[scenario.base]\ndays = 5\n[scenario.rush]\ndays = 5\ndemand = 9\n", encoding="utf-8"
    )
    words = [
        "simulate",
        tmp_path / "plan",
        file,
        "--replications",
        3,
        "--csv",
        tmp_path / "out",
        "--plot",
        tmp_path / "p.png",
    ]
    result = CliRunner().invoke(app, [str(w) for w in words])
    assert result.exit_code == 0, result.output
    assert "rush" in result.output
    assert "in band" in result.output
    assert {f.name for f in (tmp_path / "out").iterdir()} == {f"{t}.csv" for t in TABLES} | {
        "chances.csv",
        "manifest.json",
    }
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    table = pd.read_csv(tmp_path / "out" / "requests.csv", dtype={"of": str})
    assert set(table["scenario"]) == {"base", "rush"}
    assert CliRunner().invoke(app, ["simulate"]).exit_code == 2


# ---- who waits at each hour of the week
# -----------------------------------------------------------------------------

# Everybody is there on Saturdays from nine to noon only.
SATURDAYS = Rules().replace(
    coverage={"requests_urban": 300.0, "request_hours": 0.1},
    simulation={
        "wishes_urban": 0.0,
        "request_patience": 0.0,
        "request_up": 0.0,
        "request_street": 0.0,
        "by_weekday": [1] * 7,
        "request_by_hour": [1] * 24,
        "work_shape": "fixed",
    }
    | dict.fromkeys(
        name_answering(), Turn(("request",), 1.0, 1.0, (Shift(("Sat",), "09:00", "12:00"),))
    ),
)


@pytest.mark.parametrize("start", [datetime.date(2026, 3, 2), datetime.date(2026, 3, 4)])
def test_who_waits_piles_up_until_somebody_comes_on_saturday_whatever_day_it_began(board, start):
    done = simulate(
        board,
        Scenario("s", start=start, days=28, uncertain=False),
        SATURDAYS,
        replications=6,
        hourly=True,
    )
    mean = done.waiting.groupby("hour")["mean"].sum().reindex(range(168), fill_value=0.0)
    nine = 5 * 24 + 9
    assert mean.idxmax() == nine
    assert mean[nine + 4] < 0.1 * mean[nine]  # by one o'clock all but a few are served
    since = np.r_[
        mean[nine + 4 :], mean[:nine]
    ]  # from one o'clock on Saturday to eight o'clock on the next
    grown = np.diff(since)
    seam = (
        start.weekday() * 24 - (nine + 4)
    ) % 168 - 1  # there the first of the 28 days meets the day after the last
    assert (np.delete(grown, seam) >= -1e-9).all()
    # Each of the two sub-grids has sixty households, who ask 300 times per 100
    # households in a month of 30.44 days.
    a_week = 2 * 300.0 * 7 / (365.25 / 12)
    assert mean[nine] == pytest.approx(
        a_week * 165 / 168, rel=0.15
    )  # all of the week but what came while they were there
    assert set(done.waiting["kind"]) == {"request"}


def test_who_waits_is_noted_only_where_it_is_asked_for_and_changes_nothing_else(board):
    plain, noted = (
        simulate(board, Scenario("s", days=7), BUSY, replications=4, hourly=h, workers=1)
        for h in (False, True)
    )
    assert write_bytes(plain) == write_bytes(noted)
    assert plain.waiting.empty
    assert not noted.waiting.empty
    assert (noted.waiting["mean"] > 0).all()
    again = simulate(board, Scenario("s", days=7), BUSY, replications=4, hourly=True, workers=3)
    assert again.waiting.to_csv() == noted.waiting.to_csv()


def test_the_table_of_who_waits_is_what_the_kernel_counts(board):
    scenario = Scenario(
        "s", start=datetime.date(2026, 3, 4), days=10, uncertain=False
    )  # a Wednesday
    done = simulate(board, scenario, BUSY, replications=1, seed=3, hourly=True)
    system = make_system(board, BUSY)
    block = cut_blocks(system, BUSY, scenario.start, scenario.days)[0]
    present = 0.5 * (block.low + block.high)
    world = sample_world(block, make_key(3, 0), block.households, 1.0, present)
    waiting = run_days(world._replace(hours=168), 0)[0].waiting
    assert waiting.sum() > 0
    # Wednesday to Friday come twice in ten days.
    times = [2 if 2 * 24 <= hour < 5 * 24 else 1 for hour in range(168)]
    codes = list(system.cells.index)
    for row in done.waiting.itertuples():
        count = waiting[
            (row.hour - 2 * 24) % 168, codes.index(row.subgrid), ["request", "wish"].index(row.kind)
        ]
        assert row.mean == pytest.approx(100.0 * count / (60 * times[row.hour]))
    assert len(done.waiting) == np.count_nonzero(waiting)


# ---- calibration


def write_totals(path, rows):
    lines = ["month,hour,kind,count", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_demand_is_taken_from_monthly_totals(board, tmp_path):
    """Sixty requests a month of 120 households in the country, two thirds of them at nine."""
    rows = [
        (f"2025-{m:02d}", h, "request", n) for m in range(1, 13) for h, n in ((9, 40), (15, 20))
    ]
    rows += [("2025-01", 10, "微心愿", 24)]
    counts = read_request_counts(write_totals(tmp_path / "totals.csv", rows))
    done = calibrate(counts, board.subgrids, Rules())
    rates = done.rules.coverage
    kind = board.subgrids["community_kind"].iloc[0]
    assert getattr(rates, f"requests_{kind}") == 50.0  # of 100 households
    assert getattr(done.rules.simulation, f"wishes_{kind}") == pytest.approx(24 / 12 / 1.2)
    hours = done.rules.simulation.request_by_hour
    assert (hours[9], hours[15], sum(hours)) == (16.0, 8.0, 24.0)
    # too few wishes to say at which hours they come
    assert done.rules.simulation.wish_by_hour == Rules().simulation.wish_by_hour
    (tmp_path / "rules.toml").write_text(done.to_toml(), encoding="utf-8")
    assert Rules.from_file(tmp_path / "rules.toml") == done.rules


def test_totals_that_cannot_be_read_are_all_reported(tmp_path):
    rows = [("2025-13", 9, "request", 4), ("2025-01", 24, "call", -1)]
    with pytest.raises(InputError) as caught:
        read_request_counts(write_totals(tmp_path / "bad.csv", rows))
    assert [problem.rule for problem in caught.value.problems] == ["month", "hour", "kind", "count"]
    (tmp_path / "empty.csv").write_text("month,count\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns hour, kind missing"):
        read_request_counts(tmp_path / "empty.csv")
