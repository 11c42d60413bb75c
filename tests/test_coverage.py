"""Coverage: streets with a post or two, where everybody can count who reaches what."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from gridplan.auditing.audit_plan import audit, open_evidence
from gridplan.auditing.volunteer_figures import check_volunteer_figures
from gridplan.coverage.allocation import measure_ratios, serve_households
from gridplan.coverage.proposals import propose_posts
from gridplan.coverage.reach_plan import reach
from gridplan.errors import PlanError, RuleError
from gridplan.land.stairwells import find_stairwells
from gridplan.plan import Plan
from gridplan.planning.prepare import prepare_site
from gridplan.publishing.release_plan import release
from gridplan.reading.read import read_site
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import CoverageRules, Service
from gridplan.synthetic.board_plan import CRS, make_board_plan, make_site, make_table
from gridplan.tables.conform import make_empty

WALK = {"speed": 100.0, "slow_speed": 50.0}  # metres a minute, so that ways are counted in the head


def draw_street(
    homes=(0, 100, 200, 300, 400),
    canteens=(),
    households=10,
    streets=None,
    kind="urban",
    floors=1,
    **tables,
):
    """Houses along a street (metres from the west), and canteens (metres, or metres and area)::

    h1---h2---h3---h4---h5
    """
    lots = [
        {
            "building": f"h{n}",
            "community": "c1",
            "residential": True,
            "floors": floors,
            "households": households,
            "geometry": box(x - 4, -4, x + 4, 4),
        }
        for n, x in enumerate(homes, 1)
    ]
    doors = [
        {
            "stairwell": f"h{n}-1",
            "building": f"h{n}",
            "community": "c1",
            "community_kind": kind,
            "door": 1,
            "floor_from": 1,
            "floor_to": floors,
            "climb": 0.0,
            "slice_from": 0.0,
            "slice_to": 1.0,
            "households": households,
            "subgrid": "c1-001",
            "geometry": Point(x, 0),
        }
        for n, x in enumerate(homes, 1)
    ]
    land = box(-600, -600, 1600, 600)
    whole = households * len(homes)
    grid = {
        "subgrid": "c1-001",
        "community": "c1",
        "kind": "residential",
        "community_kind": kind,
        "households": whole,
        "centre": "h1-1",
        "geometry": land,
    }
    places = [
        {"place": f"p{n}", "kind": "canteen", "geometry": Point(x, 0)}
        for n, x in enumerate(canteens, 1)
    ]
    lines = {"s": [(-500, 0), (1500, 0)]} if streets is None else streets
    rows = [
        {"street": c, "kind": "residential", "geometry": LineString(line)}
        for c, line in lines.items()
    ]
    given = {
        "communities": make_table(
            "communities", [{"community": "c1", "kind": kind, "origin": "given", "geometry": land}]
        ),
        "buildings": make_table("buildings", lots),
    }
    for name, own in (("streets", rows), ("places", places)):
        if own:
            given[name] = make_table(name, own)
    site = make_site(**(given | {name: make_table(name, rows) for name, rows in tables.items()}))
    manifest = {
        "gridplan": "0.1.0",
        "seed": 0,
        "rules": Rules().to_dict(),
        "inputs": {},
        "figures": {},
    }
    return Plan(
        site=site,
        stairwells=make_table("stairwells", doors),
        neighbours=make_empty("neighbours"),
        subgrids=make_table("subgrids", [grid]),
        exceptions=make_empty("exceptions"),
        manifest=manifest,
    )


CANTEENS = (Service("canteen", 2, 0, 0, "city"),)


def by(services=CANTEENS, **coverage):
    return Rules().replace(
        coverage={"services": services, "thresholds": [1, 2], "curve": [4], **coverage},
        walking=WALK,
    )


def city(plan, kind="canteen", state="now", minutes=None):
    own = plan.coverage[
        (plan.coverage["level"] == "city")
        & (plan.coverage["kind"] == kind)
        & (plan.coverage["state"] == state)
    ]
    own = own[own["own"]] if minutes is None else own[own["minutes"] == minutes]
    return own.iloc[0]


def count(row):
    return [int(row[name]) for name in ("reachable", "served", "backed_up")]


RIVER = {"barrier": "r", "kind": "river", "hard": True, "geometry": box(140, -600, 160, 600)}


def test_a_street_with_a_post_at_its_end_reaches_the_three_nearest_houses():
    """100 m a minute for two minutes: houses at 0, 100 and 200 m, the last of them just in time."""
    plan = reach(draw_street(canteens=[0]), by())
    own = plan.reach.set_index("stairwell")
    assert own["metres"].tolist() == [0.0, 100.0, 200.0, 300.0, 400.0]
    assert own["minutes"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert own["slow_minutes"].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert own["reason"].tolist() == ["", "", "", "far", "far"]
    assert count(city(plan)) == [30, 30, 0]
    assert city(plan)["slow"] == 20
    assert city(plan)["mean_minutes"] == 2.0
    assert city(plan)["worst_minutes"] == 4.0
    assert [int(city(plan, minutes=t)["reachable"]) for t in (1, 2, 4)] == [20, 30, 50]


def test_a_post_with_room_for_fifteen_serves_fifteen_and_those_nearest_first():
    plan = reach(draw_street(canteens=[0]), by([Service("canteen", 2, 15, 0, "city")]))
    own = plan.reach.set_index("stairwell")
    assert own["served"].tolist() == [10, 5, 0, 0, 0]
    assert own["reason"].tolist() == ["", "capacity", "capacity", "far", "far"]
    assert count(city(plan)) == [30, 15, 0]
    assert own["ratio"].tolist() == [0.5, 0.5, 0.5, 0.0, 0.0]  # 15 for the 30 that share it
    assert plan.service_posts.loc["p1", ["reachable", "served", "load"]].tolist() == [30, 15, 1.0]


def test_whoever_can_go_elsewhere_makes_room_so_that_most_are_served():
    """The middle house is nearest to the first post but leaves it to a house that has no other."""
    door = np.array([0, 1, 1])
    post = np.array([0, 0, 1])
    minutes = np.array([2.0, 1.0, 2.0])
    served, held = serve_households(door, post, minutes, np.array([10, 10]), np.array([10.0, 10.0]))
    assert served.tolist() == [10, 10]
    assert held.tolist() == [10, 10]


def test_two_posts_back_each_other_up_where_both_are_near():
    plan = reach(draw_street(canteens=[0, 200]), by())
    assert count(city(plan)) == [50, 50, 30]
    assert plan.reach["reachable"].tolist() == [2, 2, 2, 1, 1]


def test_without_posts_nothing_is_covered_and_the_community_is_one_gap():
    plan = reach(draw_street(), by([Service("canteen", 2, 0, 0, "community")]))
    assert count(city(plan)) == [0, 0, 0]
    assert set(plan.reach["reason"]) == {"none"}
    gap = plan.gaps[plan.gaps["room"] == "reach"]
    assert gap[["rule", "level", "of", "households"]].values.tolist() == [
        ["canteen", "community", "c1", 50]
    ]


ELDERS = (Service("canteen", 2, 15, 0, "city", "elders"),)


def list_elders(**numbers):
    return [
        {"count": of, "level": "building" if of[0] == "h" else "community", "of": of,
         "measure": "elders", "value": value}
        for of, value in numbers.items()
    ]  # fmt: skip


def test_a_canteen_serves_elders_where_they_were_counted():
    """Of 30 elders 12 live in the first house; the other four share 18, and room is for 15."""
    plan = reach(draw_street(canteens=[0], counts=list_elders(h1=12, c1=30)), by(ELDERS))
    own = plan.reach.set_index("stairwell")
    assert own["demand"].tolist() == [12, 5, 5, 4, 4]
    assert own["households"].tolist() == [10] * 5
    assert own["served"].tolist() == [12, 3, 0, 0, 0]
    assert city(plan)["served_share"] == 0.5
    asked = plan.indicators.query("measure == 'elders_demand'")
    assert asked[["level", "value", "origin"]].values.tolist() == [
        ["city", 30.0, "counted"],
        ["community", 30.0, "counted"],
    ]
    # of 5 elders 2 are not served, so 4 of their 10 households are concerned
    assert plan.gaps.query("rule == 'canteen'")["households"].tolist() == [4 + 10 + 10 + 10]
    assert find_rules(plan, by(ELDERS)).empty


def test_elders_that_nobody_counted_are_estimates_and_said_to_be():
    """Half an elder for a household: 25 in five houses of ten, evenly."""
    rules = by(ELDERS, elders=0.5)
    plan = reach(draw_street(canteens=[0], counts=list_elders(h1=12)), rules)
    assert plan.reach["demand"].tolist() == [12, 5, 5, 5, 5]
    assert plan.indicators.query("measure == 'elders_demand'")["origin"].tolist() == ["partial"] * 2
    noted = plan.site.ledger.query("action == 'inferred'")
    assert noted["reason"].str.contains("20 of them are estimates").any()
    assert find_rules(plan, rules).empty
    moved = plan.reach.assign(demand=[12.0, 7, 3, 5, 5])
    assert find_rules(plan.replace(reach=moved), rules)["message"].str.contains("its share").any()


def test_a_hospital_is_a_clinic_too_and_a_nursery_is_not():
    places = [
        {"place": "p1", "kind": "hospital", "geometry": Point(0, 0)},
        {"place": "p2", "kind": "nursery", "geometry": Point(400, 0)},
    ]
    rules = by([Service("clinic", 2, 0, 0, "city")])
    plan = reach(draw_street(places=places), rules)
    assert plan.service_posts[["kind", "reachable"]].to_dict("index") == {
        "p1:clinic": {"kind": "clinic", "reachable": 30}
    }
    assert set(plan.reach["post"]) == {"p1:clinic"}
    assert find_rules(plan, rules).empty
    alone = by([Service("clinic", 2, 0, 0, "city")], fills=[])
    assert reach(draw_street(places=places), alone).service_posts.empty


def test_a_barrier_with_one_bridge_lets_people_over_the_bridge_alone():
    """The river at 150 m cuts the street; by the northern bridge the far side walks 600 m more."""
    north = {
        "s": [(-500, 0), (1500, 0)],
        "w": [(100, 0), (100, 300)],
        "e": [(200, 0), (200, 300)],
        "n": [(100, 300), (200, 300)],
    }
    over = {"opening": "o", "kind": "bridge", "geometry": Point(150, 300)}
    plan = reach(
        draw_street(canteens=[100], streets=north, barriers=[RIVER], openings=[over]), by()
    )
    assert plan.reach["metres"].tolist() == [100.0, 0.0, 700.0, 800.0, 900.0]
    assert plan.reach["reason"].tolist() == ["", "", "barrier", "far", "far"]
    assert count(city(plan)) == [20, 20, 0]


def test_without_streets_ways_are_straight_lines_times_the_detour_and_the_ledger_says_so():
    plan = reach(draw_street(canteens=[0], streets={}), by())
    assert plan.reach["metres"].tolist() == pytest.approx([0.0, 140.0, 280.0, 420.0, 560.0])
    assert (
        plan.site.ledger.query("step == 'reach'")["reason"]
        .str.contains("no streets are known")
        .all()
    )


def test_a_disconnected_footpath_never_becomes_the_catchment():
    """A house on a footpath that joins no street: it is said that no way leads to the post."""
    apart = {"s": [(-500, 0), (150, 0)], "f": [(420, 0), (480, 0)]}
    plan = reach(draw_street(homes=(0, 100, 450), canteens=[0], streets=apart), by(farthest=3000))
    own = plan.reach.set_index("stairwell")
    assert own.loc["h3-1", ["post", "reason"]].tolist() == ["", "apart"]
    assert np.isnan(own.loc["h3-1", "metres"])
    assert count(city(plan)) == [20, 20, 0]
    assert plan.site.ledger.query("step == 'reach'")["ids"].str.contains("h3-1").any()


def test_stairs_to_the_middle_floor_count_and_a_lift_takes_them_off():
    """Five floors: two to the middle, four to the top, 0.3 min each; seven floors have a lift."""
    walk = draw_street(homes=(100,), canteens=[0], floors=5)
    assert reach(walk, by()).reach["minutes"].item() == 1.6
    assert reach(walk, by(stairs="upper")).reach["minutes"].item() == 2.2
    assert reach(walk, by(stairs="upper")).reach["reason"].item() == "stairs"
    assert (
        reach(draw_street(homes=(100,), canteens=[0], floors=7), by()).reach["minutes"].item()
        == 1.0
    )


def test_ratios_of_two_posts_add_up():
    ratio = measure_ratios(
        np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([10, 30]), np.array([20.0, 5.0])
    )
    assert ratio.tolist() == [1.0, 0.5]


def test_a_new_post_goes_where_most_are_short_and_the_curve_shows_what_each_adds():
    """Nine houses 100 m apart, one minute: the market at 700 m reaches three, the west end two."""
    plan = draw_street(
        homes=range(0, 900, 100),
        places=[{"place": "m", "kind": "market", "geometry": Point(700, 0)}],
    )
    rules = by([Service("canteen", 1, 0, 0, "city")])
    one = propose_posts(plan, "canteen", add=1, rules=rules)
    assert one.service_posts.geometry.x.tolist() == [700.0]
    assert one.siting[["added", "served", "ended"]].values.tolist() == [
        [0, 0.0, "optimal"],
        [1, 30.0, "optimal"],
    ]
    both = propose_posts(plan, "canteen", share=0.5, rules=rules)
    assert both.service_posts["rank"].tolist() == [1, 2]
    assert both.siting.query("chosen")[["question", "added", "served"]].values.tolist() == [
        ["fewest", 2, 50.0]
    ]
    assert count(city(both)) == [0, 0, 0]
    assert count(city(both, state="proposed")) == [50, 50, 0]


def test_the_same_question_asked_again_replaces_its_own_proposals():
    plan = draw_street(
        homes=range(0, 900, 100),
        places=[{"place": "m", "kind": "market", "geometry": Point(700, 0)}],
    )
    rules = by([Service("canteen", 1, 0, 0, "city")])
    once = propose_posts(plan, "canteen", add=1, rules=rules)
    again = propose_posts(
        propose_posts(plan, "canteen", add=2, rules=rules), "canteen", add=1, rules=rules
    )
    for name in ("service_posts", "siting", "reach", "coverage", "gaps", "ledger"):
        pd.testing.assert_frame_equal(
            pd.DataFrame(once.get_table(name)), pd.DataFrame(again.get_table(name))
        )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"add": 1, "share": 0.5}, "either"),
        ({}, "either"),
        ({"add": -1}, "cannot"),
        ({"add": 1, "question": "fewest"}, "question"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, words):
    with pytest.raises(RuleError, match=words):
        propose_posts(draw_street(), "canteen", rules=by(), **asked)


def test_rules_that_cannot_be_read_are_reported_all_at_once():
    def serve(kind, minutes=5, scope="city"):
        return {"kind": kind, "minutes": minutes, "capacity": 0, "area": 0, "scope": scope}

    with pytest.raises(RuleError, match=r"mars.*services\[1\].*above 0.*thresholds\[0\] must be"):
        CoverageRules(services=[serve("a", scope="mars"), serve("b", 0)], thresholds=["five"])
    with pytest.raises(RuleError, match=r"b stands twice"):
        CoverageRules(services=[serve("b"), serve("b")])
    with pytest.raises(RuleError, match=r"services\[0\] has unknown mins and no minutes, capacity"):
        CoverageRules(services=[{"kind": "b", "mins": 5}])
    with pytest.raises(RuleError, match="not understood; write such as\nthresholds = "):
        CoverageRules(thresholds="five")


COUNTS = [{"count": "1", "level": "community", "of": "c1", "measure": "volunteers", "value": 3}]


def test_volunteers_reach_a_share_of_requests_and_their_team_stands_beside_its_need():
    """Two requests a month for 100 households, an hour each plus the way: 3 of 5 are in reach."""
    post = {"place": "v", "kind": "volunteer_post", "geometry": Point(0, 0)}
    rules = by(
        [Service("volunteer_post", 2, 0, 0, "community")],
        requests_urban=200.0,
        volunteer_hours=10.0,
    )
    street = draw_street(places=[post], counts=COUNTS)
    unsure = street.site.communities.assign(households_low=40.0, households_high=60.0)
    plan = reach(street.replace(site=street.site.replace(communities=unsure)), rules)
    own = plan.indicators[
        (plan.indicators["room"] == "reach") & (plan.indicators["level"] == "community")
    ].set_index("measure")
    assert own.loc["volunteer_within_1", "value"] == 0.4
    assert own.loc["volunteer_requests_2", "value"] == pytest.approx(0.6)
    asked = own.loc["volunteer_requests_month", ["low", "value", "high"]]
    assert asked.tolist() == [80.0, 100.0, 120.0]
    assert own.loc["volunteers", ["low", "high"]].isna().all()
    assert check_volunteer_figures(open_evidence(plan)).empty
    wrong = plan.indicators.assign(high=plan.indicators["high"] + 1.0)
    assert len(check_volunteer_figures(open_evidence(plan.replace(indicators=wrong))))
    # 60 requests of an hour, and 20 x (0 + 2 + 4) minutes of ways: 62 hours,
    # ten each, so seven volunteers.
    assert own.loc["volunteers", ["value", "need"]].tolist() == [3.0, 7.0]
    assert plan.gaps.query("rule == 'volunteers'")["value"].item() == 3.0
    # Three of fifty households; thirty hours of theirs are sixty visits of half an hour, and
    # of the sixty requests as many as thirty of the sixty-two hours serve.
    assert own.loc["volunteers_per_100", "value"] == pytest.approx(6.0)
    assert own.loc["volunteer_visits_month", "value"] == pytest.approx(60.0)
    assert own.loc["services_per_volunteer", "value"] == pytest.approx(60 * 30 / 62 / 3)
    visits = plan.indicators.query("level == 'subgrid' and measure == 'volunteer_visits_month'")
    assert visits["value"].sum() == pytest.approx(60.0)


spots = st.lists(st.integers(-500, 1500), max_size=4)


@settings(max_examples=8, deadline=None)
@given(
    homes=st.lists(st.integers(0, 1000), min_size=1, max_size=6, unique=True),
    canteens=spots,
    more=st.integers(-500, 1500),
    room=st.integers(0, 40),
)
def test_adding_a_post_never_lowers_coverage_and_the_numbers_reconcile(homes, canteens, more, room):
    rules = by([Service("canteen", 2, room, 0, "city")])
    before = reach(draw_street(homes=homes, canteens=canteens), rules)
    after = reach(draw_street(homes=homes, canteens=[*canteens, more]), rules)
    for minutes in (1, 2):
        a = count(city(before, minutes=minutes))
        b = count(city(after, minutes=minutes))
        assert all(x <= y for x, y in zip(a, b, strict=True))
    table = after.coverage
    assert (table["served"].fillna(0) <= table["reachable"]).all()
    assert (table["backed_up"] <= table["reachable"]).all()
    own = (
        table[table["minutes"] == 2]
        .groupby("level")[["households", "reachable", "served", "backed_up"]]
        .sum()
    )
    assert (own == own.loc["city"]).all().all()
    assert (
        after.reach["served"].sum()
        == after.service_posts["served"].sum()
        == own.loc["city", "served"]
    )


def test_the_same_plan_in_another_order_comes_to_the_same():
    plan = draw_street(canteens=[0, 300])
    turned = plan.replace(stairwells=plan.stairwells.iloc[::-1], places=plan.site.places.iloc[::-1])
    rules = by([Service("canteen", 2, 15, 0, "city")])
    for name in ("reach", "coverage", "service_posts", "gaps"):
        one, other = (pd.DataFrame(reach(own, rules).get_table(name)) for own in (plan, turned))
        pd.testing.assert_frame_equal(one, other)


def test_the_plan_that_goes_in_is_left_as_it_was_and_running_twice_changes_nothing():
    plan = draw_street(canteens=[0])
    before = {
        name: plan.get_table(name).copy() for name in ("stairwells", "gaps", "ledger", "places")
    }
    once = reach(plan, by())
    for name, table in before.items():
        assert plan.get_table(name).equals(table)
    twice = reach(once, by())
    for name in ("reach", "coverage", "service_posts", "gaps", "indicators", "ledger"):
        pd.testing.assert_frame_equal(
            pd.DataFrame(once.get_table(name)), pd.DataFrame(twice.get_table(name))
        )


def test_a_release_carries_no_post_and_no_way_but_shares_of_communities():
    plan = reach(draw_street(canteens=[0]), by())
    leaving = release(plan)
    for name in ("service_posts", "reach", "coverage", "siting"):
        assert leaving.get_table(name).empty
    published = leaving.published[leaving.published["measure"].str.startswith("reach:")].set_index(
        ["level", "measure"]
    )["value"]
    assert published[("community", "reach:canteen:2")] == 0.6
    with pytest.raises(PlanError, match="release"):
        reach(leaving)


def find_rules(plan, rules=None):
    found = audit(plan, rules or by([Service("canteen", 2, 15, 0, "city")])).findings
    return found[found["rule"].isin(["reach", "gaps"] if rules else ["reach"])]


def change(table, rows, **values):
    """The table with some values of some rows changed."""
    return table.assign(**{name: table[name].mask(rows, value) for name, value in values.items()})


def test_the_auditor_finds_nothing_wrong_with_what_reach_wrote():
    assert find_rules(
        reach(draw_street(canteens=[0, 300]), by([Service("canteen", 2, 15, 0, "city")]))
    ).empty


@pytest.mark.parametrize(
    ("name", "where", "values", "words"),
    [
        ("reach", "stairwell == 'h1-1'", {"served": 11}, "more served than there are"),
        ("reach", "stairwell == 'h5-1'", {"served": 3}, "served out of reach"),
        ("reach", "stairwell == 'h2-1'", {"post": "elsewhere"}, "does not exist"),
        ("reach", "stairwell == 'h2-1'", {"minutes": 0.1}, "faster than"),
        ("reach", "stairwell == 'h2-1'", {"metres": 1.0}, "shorter than a straight line"),
        ("coverage", "level == 'city' and minutes == 2", {"reachable": 7}, "do not come to"),
        ("coverage", "level == 'community' and minutes == 2", {"backed_up": 50}, "do not come to"),
        ("coverage", "level == 'city' and minutes == 1", {"reachable": 50}, "fewer in reach"),
        ("service_posts", "kind == 'canteen'", {"served": 99}, "more households than reach"),
    ],
)
def test_the_auditor_finds_planted_faults(name, where, values, words):
    plan = reach(draw_street(canteens=[0]), by([Service("canteen", 2, 15, 0, "city")]))
    table = plan.get_table(name)
    wrong = plan.replace(
        **{name: change(table, table.index.isin(table.query(where).index), **values)}
    )
    assert find_rules(wrong)["message"].str.contains(words).any()


def test_crs_is_that_of_the_land():
    assert reach(draw_street(canteens=[0]), by()).service_posts.crs == CRS


def test_the_verbs_write_a_plan_and_say_what_comes_next(tmp_path):
    from typer.testing import CliRunner

    from gridplan.cli import app
    from gridplan.storage import read_plan, write_plan

    plan = draw_street(
        homes=range(0, 900, 100),
        places=[{"place": "m", "kind": "market", "geometry": Point(700, 0)}],
    )
    write_plan(
        plan.replace(
            manifest=plan.manifest | {"rules": by([Service("canteen", 1, 0, 0, "city")]).to_dict()}
        ),
        tmp_path / "p",
    )
    done = CliRunner().invoke(app, ["reach", str(tmp_path / "p"), "--overwrite"])
    assert done.exit_code == 0, done.output
    assert "--kind canteen --add 3" in done.output
    done = CliRunner().invoke(
        app, ["propose", str(tmp_path / "p"), "--kind", "canteen", "--add", "1", "--overwrite"]
    )
    assert done.exit_code == 0, done.output
    again = read_plan(tmp_path / "p")
    assert again.siting["served"].tolist() == [0.0, 30.0]
    assert again.service_posts["status"].tolist() == ["proposed"]
    assert len(again.reach) == 2 * 9


REAL = (
    Path(__file__).parents[2]
    / "shared"
    / "data"
    / "liechtenstein"
    / "liechtenstein-2013-08-03.osm.pbf"
)


@pytest.mark.skipif(
    not REAL.exists(),
    reason="the extract of Liechtenstein stands outside the project, in ../shared/data",
)
def test_liechtenstein_the_doors_that_reach_no_street_are_listed_and_sums_reconcile():
    rules = by(
        [Service("school", 15, 0, 0, "city"), Service("townhall", 15, 500, 0, "community")],
        farthest=3000.0,
    )
    site = prepare_site(read_site(REAL), rules)
    doors, _ = find_stairwells(
        site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells
    )
    empty = {
        name: make_empty(name, site.crs if name == "subgrids" else None)
        for name in ("neighbours", "subgrids", "exceptions")
    }
    plan = reach(Plan(site=site, stairwells=doors, manifest={"rules": rules.to_dict()}, **empty))
    school = plan.reach[plan.reach["kind"] == "school"]
    assert len(school) == len(doors)
    lost = school[school["reason"] == "unsnapped"]
    assert lost["metres"].isna().all()
    for kind in ("school", "townhall"):
        row = city(plan, kind)
        assert row["households"] == doors["households"].sum()
        assert row["backed_up"] <= row["reachable"]
        assert row["served"] <= row["reachable"]
    assert 0.3 < city(plan, "school")["reachable_share"] < 1.0


def test_posts_are_proposed_by_the_rules_that_reach_was_measured_by():
    plan = reach(
        make_board_plan(),
        Rules().replace(coverage={"services": [Service("kiosk", 2, 0, 0, "city")]}),
    )
    assert propose_posts(plan, "kiosk", add=1).siting["served"].tolist() == [0.0, 100.0]


@pytest.mark.parametrize("aim", ["most", "fairest", "each"])
def test_what_a_proposal_aimed_at_is_kept_and_the_audit_agrees(aim):
    rules = by([Service("canteen", 1, 0, 0, "city")])
    market = {"place": "m", "kind": "market", "geometry": Point(300, 0)}
    plan = propose_posts(draw_street(places=[market]), "canteen", add=1, question=aim, rules=rules)
    row = plan.siting[plan.siting["chosen"]].iloc[0]
    # the market reaches the three houses from 200 m on, of the only community
    assert row[["question", "share", "worst_share", "unserved"]].tolist() == [aim, 0.6, 0.6, 0]
    noted = plan.manifest["people"]["reach"]["proposals"]["canteen"]
    assert (noted["aim"], noted["ended"], noted["worst_share"]) == (aim, "optimal", 0.6)
    assert find_rules(plan, rules).empty
    wrong = plan.siting.assign(worst_share=plan.siting["worst_share"] + 0.1)
    assert len(find_rules(plan.replace(siting=wrong), rules))
