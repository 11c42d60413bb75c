"""A surge: helpers that can be counted, closed ground, and what must always hold."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.errors import PlanError, RuleError
from gridplan.people.staffing.staff_plan import staff
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import DAYS, Shift, Turn
from gridplan.rules.walking import WalkingRules
from gridplan.simulation.requests import kernel_state
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_state import OWN
from gridplan.simulation.surge import Event, read_events, surge
from gridplan.simulation.surge.closed_land import (
    Bridge,
    close_ground,
    find_shut,
    list_bridges,
    shut_bridge,
    spare_bridge,
)
from gridplan.simulation.surge.criticality import Detours, _find_longer, _remeasure
from gridplan.simulation.surge.events import write_template
from gridplan.simulation.surge.run_surge import open_course
from gridplan.simulation.surge.surge_travel import SurgeTravel
from gridplan.simulation.years import read_given
from gridplan.simulation.years.planned_changes import TEMPLATE as YEARS
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_board_plan, make_table
from gridplan.synthetic.people_plan import CITY_COUNTS, make_people_plan, settle
from tests.queues import make_world
from tests.test_walking import draw, put

EXAMPLE = Path(__file__).parents[1] / "data" / "example" / "town.gpkg"
SHIFTS = (Shift(DAYS[:5], "08:30", "12:00"), Shift(DAYS[:5], "14:00", "17:30"))
OFFICE = Turn(("request", "wish"), 1.0, 1.0, SHIFTS)
NIGHTS = Turn(("request",), 1.0, 1.0, (Shift(DAYS, "22:00", "23:00"),))
EVERYBODY = {
    f"{who}_{end}": 1.0 for who in ("post", "volunteer", "member") for end in ("low", "high")
}
# No other requests, no ways to speak of, all who are called come, and whoever
# is on duty in the office is there.
SURE = Rules().replace(
    surge={
        **EVERYBODY,
        "work_cv": 0.0,
        "own_notice": 10.0,
        "community_notice": 20.0,
        "flood_struck": 1.0,
        "flood_minutes": 6.0,
        "speed": 1e9,
    },
    simulation={
        "work_shape": "fixed",
        "walks_back": False,
        "grid_worker_full": OFFICE,
        "street_staff": OFFICE,
        **dict.fromkeys(("grid_leader", "grid_worker_part", "central_household"), NIGHTS),
    },
    coverage={"requests_urban": 0.0},
    walking={"speed": 1e9},
)
MONDAY = datetime(2026, 3, 2, 10)
LEFT = Event("cut", "power_cut", subgrids=("0301-001",), start=MONDAY, hours=4)
RIVER = {
    "barrier": "r",
    "kind": "river",
    "hard": True,
    "geometry": LineString([(X0 + 180, Y0 - 500), (X0 + 180, Y0 + 500)]),
}
BRIDGE = {
    "opening": "b",
    "kind": "bridge",
    "geometry": LineString([(X0 + 170, Y0 + 60), (X0 + 190, Y0 + 60)]),
}


@pytest.fixture(scope="module")
def board():
    """Two sub-grids of sixty, each with a leader and a part-time worker; two full-time for both."""
    return staff(make_people_plan(counts=CITY_COUNTS))


@pytest.fixture(scope="module")
def town():
    """A made-up town of three communities, organised, staffed and paired."""
    plan = gp.divide(
        gp.read_site(gp.synthetic.make_town(3, households=1500, seed=5)),
        Rules().replace(division={"effort": "quick"}),
        seed=1,
    )
    return gp.pair(gp.staff(gp.organise(plan)))


def read(done, measure, posture="surge", level="city", column="mean"):
    rows = done.helped.query(
        "measure == @measure and posture == @posture and level == @level"
    ).set_index("of")[column]
    return float(rows.iloc[0]) if level == "city" else rows.to_dict()


def test_checks_that_are_known_beforehand_are_met_one_after_the_other():
    # Two checks at 0:10 in one sub-grid, one post five minutes away, ten
    # minutes each: met 15 and 30, done 25 and 40.
    world = make_world(
        [(0, 0, OWN, 5)],
        rates=((0.0, 0.0),),
        work=((10,) * 3,) * 2,
        shape=2,
        days=1,
        calls=[(0, 1, 10.0)] * 2,
    )
    tally, log = run_days(world, 2)
    assert log[:, :5].tolist() == [[1, 0, 10, 15, 25], [1, 1, 10, 30, 40]]
    assert (tally.first[0, 1], tally.last[0, 1]) == (15.0, 40.0)
    assert (tally.first[0, 0], tally.last[0, 0]) == (
        np.inf,
        -np.inf,
    )  # nobody asked for anything else


def test_the_plain_model_meets_the_same_checks():
    pytest.importorskip("simpy")
    from gridplan.simulation.requests.simpy_reference import run_plainly

    links = [
        (c, p, OWN if c == p else kernel_state.NEIGHBOUR, 3.0 + abs(c - p))
        for c in range(4)
        for p in range(4)
    ]
    calls = sorted(
        [(c, 1, 60.0) for c in range(4) for _ in range(c + 3)], key=lambda call: (call[2], call[0])
    )
    world = make_world(
        links,
        rates=((0.02, 0.0),) * 4,
        work=((25,) * 3,) * 2,
        shape=0,
        days=2,
        calls=calls,
        by_tier=False,
    )
    ours = run_days(world, 1000)[1]
    theirs = run_plainly(world)
    ours = ours[np.isfinite(ours[:, 0])]
    assert len(ours) == len(theirs) > 100
    order = [np.lexsort((log[:, 1], log[:, 0])) for log in (ours, theirs)]
    assert np.allclose(ours[order[0]], theirs[order[1]], equal_nan=True)


def test_twelve_checks_by_those_who_are_called_up_stage_by_stage(board):
    # 60 households are 12 checks of 30 minutes. Two full-time workers and one
    # of the street are on duty and set out at once, at
    # 0:10 the two of the sub-grid, at 0:15 the two of its neighbour; they go
    # on at 0:30, 0:40 and 0:45, when one is left.
    done = surge(board, LEFT, SURE, replications=1)
    assert done.manifest["events"]["cut"]["checks"] == 12
    assert (read(done, "first_minutes"), read(done, "done_minutes"), read(done, "done_share")) == (
        0.0,
        75.0,
        1.0,
    )
    shares = {
        name: read(done, f"by_{name}") for name in ("own", "neighbour", "community", "street")
    }
    assert (shares["neighbour"], shares["street"]) == (pytest.approx(3 / 12), pytest.approx(1 / 12))
    assert shares["own"] + shares["community"] == pytest.approx(8 / 12)


def test_as_usual_the_two_in_the_office_do_what_they_can_until_noon(board):
    # From ten to twelve each begins four times; at noon eight of twelve checks
    # are done. In the afternoon the event is over.
    done = surge(board, LEFT, SURE, replications=1)
    assert read(done, "first_minutes", "usual") == 0.0
    assert read(done, "done_share", "usual") == pytest.approx(8 / 12)
    assert read(done, "done_minutes", "usual") == 240.0  # never: no longer than the event


def test_at_night_nobody_comes_as_usual_and_in_a_surge_the_own_posts_come_first(board):
    done = surge(board, replace(LEFT, start=MONDAY.replace(hour=2)), SURE, replications=1)
    assert read(done, "helped_share", "usual") == 0.0
    assert read(done, "first_minutes") == 10.0
    curve = done.curve.query("level == 'city' and posture == 'surge'").set_index("minutes")["mean"]
    assert (curve[5.0], curve[10.0], curve[240.0]) == (0.0, 1.0, 1.0)


def test_after_twelve_hours_half_of_them_are_there(board):
    rules = SURE.replace(
        surge={"check_minutes": 240.0}
    )  # a check takes 20 hours, so that nobody is free before the next shift
    night = replace(LEFT, start=MONDAY.replace(hour=2), hours=48)
    course = open_course(board, night, rules, 1, 0, 1)
    from gridplan.simulation.surge.surge_inputs import make_blocks, number_shifts

    shifts = number_shifts()
    (block,) = make_blocks(course.muster, night, rules, "surge")
    ticks = block.world.ticks[np.isin(block.world.ticks["turn"], shifts)]
    hours = [(t["at"] / 60, int(t["turn"] - shifts[0]), bool(t["day"] >= 0)) for t in ticks]
    assert hours == [
        (0, 0, True),
        (0, 1, True),
        (12, 1, False),
        (24, 0, False),
        (24, 1, True),
        (36, 1, False),
        (36, 0, True),
    ]
    called = block.world.posts["turn"][course.muster.called]
    assert (
        abs(int((called == shifts[0]).sum()) - int((called == shifts[1]).sum()))
        <= len(set(course.muster.stage)) + 2
    )


def make_river(board, members=4, at=(-30.0, 30.0)):
    """Houses sixty metres apart, a river down the middle, one bridge; the institution is west."""
    plan = staff(make_people_plan(counts=CITY_COUNTS, step=60.0))
    site = plan.site.replace(
        barriers=make_table("barriers", [RIVER]), openings=make_table("openings", [BRIDGE])
    )
    links = [
        {
            "link": "1",
            "kind": "pairing",
            "source": "i1",
            "community": "0301",
            "target": "0301",
            "amount": 1.0,
        },
        {
            "link": "2",
            "kind": "member_checkin",
            "source": "i1",
            "community": "0301",
            "target": "0301",
            "amount": float(members),
        },
    ]
    return settle(plan.replace(site=site), {"i1": 50}, {"i1": at}).replace(
        links=make_table("links", links)
    )


FLOOD = Event("flood", along=("r",), start=MONDAY.replace(hour=2), hours=6, closed=5.0, reach=40.0)


def test_a_flood_affects_the_houses_by_the_river_and_shuts_its_bridge(board):
    # The houses nearest to the river stand 30 m off: two of ten households in
    # each sub-grid, four checks each.
    done = surge(make_river(board), FLOOD, SURE, replications=1)
    figures = done.manifest["events"]["flood"]
    assert (figures["subgrids"], figures["households"], figures["checks"], figures["shut"]) == (
        2,
        40.0,
        8,
        ["b"],
    )
    assert figures["called"]["institution"] == 4
    assert figures["cut_off"] == ["0301-002"]  # the office and the institution are on the left


def test_without_the_bridge_the_right_bank_has_only_its_own(board):
    slow = SURE.replace(
        surge={"flood_minutes": 30.0, "institution_notice": 10.0}
    )  # a check takes 150 minutes
    done = surge(make_river(board), FLOOD, slow, replications=2)
    # Left: two of its own, two from the office and four members: all four
    # checks begin at 0:10. Right: leader and worker at 0:10,
    # and again at 2:40; the last is done at 5:10.
    assert read(done, "seen_minutes", level="subgrid") == {"0301-001": 160.0, "0301-002": 310.0}
    worth = done.worth[done.worth["measure"] == "seen_minutes"].set_index(["kind", "of"])["mean"]
    # Held open, the bridge lets the four members over: all is seen to at 2:40
    # (and their ways are nothing here).
    assert worth["bridge", "b"] == pytest.approx((310.0 - 160.0) / 2)
    assert worth["pairing", "i1"] == worth["all_pairings", ""] >= 0.0


def test_ways_lead_round_by_the_bridge_and_end_where_it_is_shut(board):
    site = make_river(board).site
    rules = WalkingRules(detour=1.0)
    homes = put(home=(X0 + 150, Y0 + 60))
    centres = put(centre=(X0 + 210, Y0 + 60))
    assert SurgeTravel(site, rules).measure(homes, centres).tolist() == [[pytest.approx(60.0)]]
    closed = shapely.buffer(site.barriers.geometry["r"], 5.0)
    (bridge,) = find_shut(site, closed, (), rules)
    assert (bridge.code, bridge.kind) == ("b", "bridge")
    assert np.isinf(
        SurgeTravel(close_ground(site, closed, (), rules), rules).measure(homes, centres)
    ).all()
    assert np.isinf(
        SurgeTravel(close_ground(site, None, ("b",), rules), rules).measure(homes, centres)
    ).all()
    spared = spare_bridge(site, closed, bridge, rules)
    assert SurgeTravel(close_ground(site, spared, (), rules), rules).measure(
        homes, centres
    ).tolist() == [[pytest.approx(60.0)]]


def test_a_bridge_that_is_shut_alone_is_as_if_the_network_were_built_without_it(town):
    course = open_course(town, Event("snow", "snow", start=MONDAY), Rules(), 1, 0, 1)
    bridges = list_bridges(course.ways.site, course.rules.walking)
    reach = Detours(course)
    changed = 0
    assert len(bridges) > 3
    for bridge in bridges:
        ours = _remeasure(course, course.ways.shut(bridge), reach.find_towns(bridge))
        built = SurgeTravel(
            shut_bridge(course.ways.site, bridge, course.rules.walking), course.rules.walking
        )
        theirs = _remeasure(course, built, sorted(town.site.communities.index))
        for name in ("cell", "post", "way"):
            assert np.allclose(getattr(ours.system, name), getattr(theirs.system, name), atol=1e-3)
        changed += len(_find_longer(course.muster, ours)) > 0
    assert changed > 0


STREETS = {
    "left": [(X0, Y0), (X0 + 100, Y0)],
    "over": ([(X0 + 100, Y0), (X0 + 200, Y0)], {"bridge": True}),
    "right": [(X0 + 200, Y0), (X0 + 700, Y0)],
    "north": [(X0, Y0), (X0, Y0 + 400)],
}
STREAM = {
    "barrier": "s",
    "kind": "river",
    "hard": True,
    "geometry": box(X0 + 140, Y0 - 900, X0 + 160, Y0 + 900),
}


def test_a_bridge_of_a_street_without_an_opening_counts_and_can_be_shut():
    site = draw(STREETS, [STREAM])
    rules = WalkingRules()
    a = put(a=(X0 + 20, Y0 + 5))
    b = put(b=(X0 + 600, Y0 + 5))
    c = put(c=(X0 + 690, Y0 + 5))
    (bridge,) = list_bridges(site, rules)
    assert (bridge.code, bridge.kind) == ("over", "bridge")
    assert SurgeTravel(site, rules).measure(a, b)[0, 0] == pytest.approx(5 + 580 + 5)
    ways = SurgeTravel(shut_bridge(site, bridge, rules), rules)
    assert np.isinf(ways.measure(a, b)).all()
    # The other bank goes on along its own street, though it is connected to nothing else now.
    assert ways.measure(b, c)[0, 0] == pytest.approx(5 + 90 + 5)


def test_a_closed_area_takes_its_streets_and_bridges():
    site = draw(STREETS, [STREAM])
    rules = WalkingRules()
    closed = box(X0 + 90, Y0 - 50, X0 + 210, Y0 + 50)
    shut = close_ground(site, closed, (), rules)
    assert sorted(shut.streets.index) == ["left", "north", "right"]
    assert shut.barriers.index.tolist() == ["s", "~event"]
    assert close_ground(site, None, (), rules).streets.equals(site.streets)
    assert (
        Bridge("over", "bridge", shapely.centroid(LineString(STREETS["over"][0])))
        == find_shut(site, closed, (), rules)[0]
    )


def test_where_nobody_is_known_to_pair_it_is_said(board):
    figures = surge(board, LEFT, SURE, replications=1, worth=False).manifest["events"]["cut"]
    assert any("gridplan pair PLAN" in note for note in figures["notes"])
    assert any("straight lines" in note for note in figures["notes"])


def test_volunteers_of_adjoining_communities_come_if_they_are_not_affected_themselves(town):
    first = town.site.communities.index[0]
    cut = Event("cut", "power_cut", communities=(first,), start=MONDAY, hours=6)
    course = open_course(town, cut, Rules(), 2, 0, 1)
    sent = course.muster.source[course.muster.stage == "aid"]
    land = town.site.communities.geometry
    beside = {c for c in land.index if c != first and land[c].distance(land[first]) <= 50.0}
    assert set(sent) == beside
    assert not (
        open_course(
            town, replace(cut, changes={"surge": {"mutual_aid": False}}), Rules(), 2, 0, 1
        ).muster.stage
        == "aid"
    ).any()
    everywhere = open_course(town, Event("snow", "snow", start=MONDAY), Rules(), 2, 0, 1)
    assert not (everywhere.muster.stage == "aid").any()
    assert len(everywhere.muster.affected) == (town.subgrids["households"] > 0).sum()


def test_workers_and_the_order_of_rows_change_nothing(town):
    events = [
        Event("snow", "snow", start=MONDAY, hours=8),
        Event("wet", along=_water(town), hours=4),
    ]
    once = surge(town, events, replications=2, seed=4, workers=1, worth=False)
    turned = town.replace(
        posts=town.posts[::-1],
        duties=town.duties[::-1],
        links=town.links[::-1],
        stairwells=town.stairwells[::-1],
    )
    shared = {"replications": 2, "seed": 4, "worth": False}
    for other in (surge(town, events, workers=2, **shared), surge(turned, events, **shared)):
        for name in ("helped", "curve", "worth"):
            assert getattr(once, name).to_csv() == getattr(other, name).to_csv()
        assert once.manifest == other.manifest
    alone = surge(town, events[1], replications=2, seed=4, workers=1)
    assert (
        alone.worth.to_csv()
        == surge(turned, events[1], replications=2, seed=4, workers=2).worth.to_csv()
    )
    assert alone.helped["mean"].equals(
        once.helped.loc[once.helped["event"] == "wet", "mean"].set_axis(alone.helped.index)
    )
    assert (
        surge(town, events[1], replications=2, seed=5, worth=False)
        .helped["mean"]
        .ne(alone.helped["mean"])
        .any()
    )


def _water(plan):
    rivers = plan.site.barriers[plan.site.barriers["kind"] == "river"]
    return (rivers.index[0],)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_happens_the_figures_fit_together(town, data):
    kind = data.draw(st.sampled_from(["flood", "power_cut", "snow", "other"]))
    codes = data.draw(
        st.lists(st.sampled_from(list(town.site.communities.index)), max_size=2, unique=True)
    )
    where = {"along": _water(town)} if kind == "flood" else {"communities": tuple(codes)}
    hours = data.draw(st.integers(1, 30))
    event = Event(
        "x", kind, start=MONDAY.replace(hour=data.draw(st.integers(0, 23))), hours=hours, **where
    )
    done = surge(town, event, replications=3, seed=data.draw(st.integers(0, 9)), worth=False)
    for posture in ("usual", "surge"):
        get = {
            m: read(done, m, posture)
            for m in done.helped.query("level == 'city'")["measure"].unique()
        }
        assert 0 <= get["all_helped"] <= get["helped_share"] + 1e-12 <= 1 + 2e-12
        assert (
            0
            <= get["first_minutes"]
            <= get["last_minutes"] + 1e-9
            <= get["done_minutes"] + 2e-9
            <= hours * 60 + 3e-9
        )
        assert get["first_minutes"] <= get["seen_minutes"] + 1e-9 <= get["done_minutes"] + 2e-9
        by = sum(value for name, value in get.items() if name.startswith("by_"))
        assert np.isnan(by) or by == pytest.approx(1.0)
        curve = done.curve.query("posture == @posture and level == 'city'").sort_values("minutes")[
            "mean"
        ]
        assert curve.is_monotonic_increasing
        assert curve.iloc[-1] == pytest.approx(get["helped_share"])
        cells = done.helped.query(
            "posture == @posture and level == 'subgrid' and measure == 'first_minutes'"
        )["mean"]
        assert cells.mean() == pytest.approx(get["first_minutes"])
    assert (
        np.isnan(read(done, "by_institution", "usual"))
        or read(done, "by_institution", "usual") == 0.0
    )
    if "by_institution" in get and event.kind != "flood":
        assert done.manifest["events"]["x"]["closed_street_metres"] == 0.0


def test_events_from_a_file_with_its_outlines(tmp_path, board):
    shape = gpd.GeoDataFrame(geometry=[box(X0, Y0, X0 + 45, Y0 + 60)], crs=CRS).to_crs(4326)
    shape.to_file(tmp_path / "wet.geojson")
    text = (
        '[event.wet]\narea = "wet.geojson"\nhours = 5\nflood_minutes = 12.0\n'
        "[event.wet.simulation]\nwork_cv = 0.0\n"
    )
    (tmp_path / "e.toml").write_text(text)
    (event,) = read_events(tmp_path / "e.toml", board.site.crs)
    rules = event.replace_rules(Rules())
    assert (event.hours, rules.surge.flood_minutes, rules.simulation.work_cv) == (5, 12.0, 0.0)
    figures = surge(board, tmp_path / "e.toml", replications=1, worth=False).manifest["events"][
        "wet"
    ]
    assert (figures["subgrids"], figures["households"]) == (
        1,
        20.0,
    )  # the two houses whose doors are in the first 45 m


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[event.a]\nkind = 'storm'\nhours = 0\nstart = 2026-01-01T10:30:00\n",
            ["kind must be", "hours must be", "full hour"],
        ),
        ("[event.a]\nalong = 'r'\n", ["list of codes in quotes"]),
        ("[event.a]\ndepth = 2\n", ["unknown key depth", "an event has kind"]),
        ("[event.a]\nflood_minutes = -1.0\n", ["below 0"]),
        ("[event.a]\narea = 'none.geojson'\n", ["cannot be read as a file of outlines"]),
        ("[rules]\na = 1\n", ["[event.flood], not rules"]),
        ("no toml", ["cannot be read as TOML", "--template"]),
    ],
)
def test_what_is_wrong_in_a_file_of_events_is_reported(tmp_path, text, said):
    (tmp_path / "e.toml").write_text(text)
    with pytest.raises(RuleError) as error:
        read_events(tmp_path / "e.toml")
    assert all(words in str(error.value) for words in said), str(error.value)


def test_codes_that_the_plan_does_not_know_are_refused_all_at_once(board):
    with pytest.raises(
        RuleError, match=r"along: 1 not in the plan \(r9\); subgrids: 2 not in the plan \(a, b\)"
    ):
        surge(board, Event("x", along=("r9",), subgrids=("a", "b")))
    with pytest.raises(RuleError, match="affects no sub-grid"):
        surge(board, Event("x", area=box(0, 0, 1, 1)))
    with pytest.raises(PlanError, match="gridplan staff PLAN"):
        surge(make_board_plan(), LEFT)
    with pytest.raises(RuleError, match="names of their own"):
        surge(board, [LEFT, LEFT])


def test_the_command_line_from_template_to_tables(tmp_path, board):
    run = CliRunner()
    gp.write_plan(make_river(board), tmp_path / "p")
    template = run.invoke(app, ["surge", "--template"])
    assert template.stdout == write_template()
    wet = '[event.wet]\nalong = ["r"]\nhours = 2\n'
    (tmp_path / "e.toml").write_text(f'[event.cold]\nkind = "snow"\nhours = 2\n{wet}')
    args = ["surge", str(tmp_path / "p"), str(tmp_path / "e.toml"), "--replications", "2"]
    done = run.invoke(
        app, [*args, "--csv", str(tmp_path / "csv"), "--plot", str(tmp_path / "s.png")]
    )
    assert done.exit_code == 0, done.output
    for words in (
        "event      cold: snow",
        "event      wet: flood",
        "as usual",
        "in a surge",
        "calls up",
        "closes",
    ):
        assert words in done.output
    own = pd.read_csv(tmp_path / "csv" / "helped.csv", dtype={"of": str})
    assert set(own["event"]) == {"cold", "wet"}
    assert set(pd.read_csv(tmp_path / "csv" / "worth.csv")["measure"]) >= {
        "seen_minutes",
        "last_minutes",
    }
    assert json.loads((tmp_path / "csv" / "manifest.json").read_text())["replications"] == 2
    assert (tmp_path / "s.png").read_bytes()[:4] == b"\x89PNG"
    plain = run.invoke(app, ["surge", str(tmp_path / "p"), "--replications", "1", "--no-worth"])
    assert plain.exit_code == 0, plain.output
    assert "power_cut: power cut" in plain.output  # no river is looked after there
    wrong = run.invoke(app, ["surge"])
    assert wrong.exit_code == 2


def test_the_template_is_an_event_file(tmp_path):
    (tmp_path / "e.toml").write_text(write_template())
    assert [event.name for event in read_events(tmp_path / "e.toml")] == [
        "flood",
        "power_cut",
        "snow",
    ]


def test_the_templates_name_what_the_embedded_example_has(tmp_path):
    site = gp.read_site(EXAMPLE)
    (tmp_path / "e.toml").write_text(write_template())
    (tmp_path / "y.toml").write_text(YEARS)
    events = read_events(tmp_path / "e.toml")
    known = read_given(tmp_path / "y.toml")
    assert {code for event in events for code in event.along} <= set(site.barriers.index)
    towns = {code for event in events for code in event.communities} | {
        estate.community for estate in known.estates
    }
    assert towns <= set(site.communities.index)
    assert {code for gone in known.demolitions for code in gone.buildings} <= set(
        site.buildings.index
    )


def test_an_office_on_the_other_bank_is_no_help(board):
    far = make_river(board, at=(400.0, 30.0))  # the institution is on the right now
    done = surge(
        far,
        FLOOD,
        SURE.replace(surge={"flood_minutes": 30.0, "institution_notice": 10.0}),
        replications=1,
        worth=False,
    )
    assert done.manifest["events"]["flood"]["cut_off"] == []
    assert read(done, "by_institution") > 0.0


def test_a_point_in_the_water_is_spared_too():
    site = draw({}, [STREAM], [{"opening": "p", "kind": "bridge", "geometry": Point(X0 + 150, Y0)}])
    rules = WalkingRules(detour=1.0)
    closed = shapely.buffer(STREAM["geometry"], 30.0)
    a = put(a=(X0 + 100, Y0))
    b = put(b=(X0 + 200, Y0))
    (bridge,) = find_shut(site, closed, (), rules)
    assert np.isinf(SurgeTravel(close_ground(site, closed, (), rules), rules).measure(a, b)).all()
    spared = spare_bridge(site, closed, bridge, rules)
    assert SurgeTravel(close_ground(site, spared, (), rules), rules).measure(a, b)[
        0, 0
    ] == pytest.approx(100.0)
