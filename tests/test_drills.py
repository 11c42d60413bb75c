"""Drills: sites in a row or round a square, whose best day can be told by eye or by trying all."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from gridplan.auditing.audit_plan import audit
from gridplan.coverage.drills.drill_plan import plan_drills
from gridplan.coverage.drills.visiting_order import (
    NEVER,
    VisitingDay,
    choose_day,
    count_worth,
    fill_day,
    order_sets,
)
from gridplan.errors import InputError, PlanError
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table

# 6 km/h are 100 m a minute
RULES = Rules().replace(drills={"speed": 6.0, "visit": 30, "sites": 3})


def make_towns(sites, streets=True):
    """Three communities in a row, each a subdistrict, 1 km wide, with sites along one street."""
    land = [
        {"community": f"c{n}", "kind": "urban", "subdistrict": f"s{n}", "origin": "given",
         "geometry": box(X0 + 1000 * n, Y0 - 500, X0 + 1000 * (n + 1), Y0 + 500)}
        for n in range(3)
    ]  # fmt: skip
    places = [
        {"place": code, "kind": "service_centre", "geometry": Point(X0 + x, Y0)}
        for code, x in sites.items()
    ]
    tables = {
        "communities": make_table("communities", land),
        "places": make_table("places", places),
    }
    if streets:
        line = LineString([(X0, Y0), (X0 + 3000, Y0)])
        rows = [{"street": "s", "kind": "residential", "geometry": line}]
        tables["streets"] = make_table("streets", rows)
    return make_board_plan().replace(**tables)


SITES = {"a1": 100, "a2": 300, "b1": 1100, "c1": 2100, "c2": 2900}


def find_faults(plan):
    found = audit(plan).findings
    return found[found["rule"].isin(["drills", "values"]) & found["table"].str.contains("drill")]


def test_a_day_takes_one_site_of_each_subdistrict_and_drives_as_little_as_it_can():
    """From 300 m over 1,100 m to 2,100 m: eight and ten minutes at 100 m a minute."""
    plan = plan_drills(make_towns(SITES), rules=RULES)
    assert plan.drills[["site", "arrives", "leaves"]].values.tolist() == [
        ["a2", "08:30", "09:00"],
        ["b1", "09:08", "09:38"],
        ["c1", "09:48", "10:18"],
    ]
    day = plan.drill_days.iloc[0]
    assert day[["sites", "subdistricts", "drive", "minutes", "bound"]].tolist() == [
        3,
        3,
        18,
        108,
        108,
    ]
    assert find_faults(plan).empty


def test_a_season_visits_everybody_once_and_subdistricts_in_turn():
    plan = plan_drills(make_towns(SITES), 4, rules=RULES.replace(drills={"sites": 2}))
    assert sorted(plan.drills["site"]) == sorted(SITES)
    assert plan.drill_days["sites"].tolist() == [2, 2, 1]
    # the first two days show every subdistrict before any is seen three times
    first = plan.drills.query("day <= 2")["subdistrict"].value_counts()
    assert set(first) == {1, 2}
    assert len(first) == 3
    assert find_faults(plan).empty


def test_who_was_visited_earlier_comes_later():
    earlier = pd.DataFrame({"site": ["a1", "a2", "a2", "b1"]})
    rules = RULES.replace(drills={"sites": 1})
    plan = plan_drills(make_towns(SITES), 5, earlier=earlier, rules=rules)
    # c has never been seen, b once, a three times; a1 was seen less often than a2
    assert plan.drills["subdistrict"].tolist()[:3] == ["s2", "s2", "s1"]
    assert plan.drills["site"].tolist()[-2:] == ["a1", "a2"]
    assert plan.drill_sites["earlier"].to_dict() == {"a1": 1, "a2": 2, "b1": 1, "c1": 0, "c2": 0}


def test_opening_hours_turn_a_day_round_and_are_waited_for():
    hours = pd.DataFrame({"site": ["a2", "c1"], "opens": ["10:00", ""], "closes": ["", "9:05"]})
    plan = plan_drills(make_towns({"a2": 300, "c1": 2100}), hours=hours, rules=RULES)
    assert plan.drills[["site", "arrives", "waits", "leaves"]].values.tolist() == [
        ["c1", "08:30", 0, "09:00"],
        ["a2", "09:18", 42, "10:30"],
    ]
    assert find_faults(plan).empty


def test_a_short_day_leaves_out_what_it_has_no_time_for():
    plan = plan_drills(make_towns(SITES), rules=RULES.replace(drills={"hours": 1.5}))
    assert plan.drills["site"].tolist() == ["a2", "b1"]
    with pytest.raises(PlanError, match="no site can be visited"):
        plan_drills(make_towns(SITES), rules=RULES.replace(drills={"visit": 600}))


def test_without_streets_ways_are_straight_times_the_detour():
    plan = plan_drills(make_towns({"a": 0, "b": 1000}, streets=False), rules=RULES)
    assert plan.drills["metres"].tolist() == [0.0, 1000.0 * RULES.walking.detour]
    assert plan.site.ledger.query("step == 'drills'")["reason"].str.contains("no streets").all()


def test_sheets_that_name_no_site_are_refused():
    with pytest.raises(InputError, match="codes that no site has"):
        plan_drills(make_towns(SITES), hours=pd.DataFrame({"site": ["x"]}), rules=RULES)
    with pytest.raises(InputError, match="no column holds"):
        plan_drills(make_towns(SITES), earlier=pd.DataFrame({"who": ["x"]}), rules=RULES)
    late = pd.DataFrame({"site": ["a1"], "opens": ["25:00"]})
    with pytest.raises(InputError, match="no time"):
        plan_drills(make_towns(SITES), hours=late, rules=RULES)


def draw_day(seed, n):
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * 60
    drive = np.ceil(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))).astype(int)
    opens = rng.integers(0, 120, n)
    closes = opens + rng.integers(60, 300, n)
    return VisitingDay(drive, rng.integers(10, 40, n), opens, closes, 0, 300)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_day_is_the_one_that_trying_all_of_them_finds(seed):
    day = draw_day(seed, 6)
    rng = np.random.default_rng(seed)
    earlier, group = rng.integers(0, 3, 6), rng.integers(0, 3, 6)
    of_group = np.bincount(group, earlier, minlength=3).astype(int)
    found = order_sets(day, 4)
    best = None
    for k in range(1, 5):
        ends = {}
        for order in permutations(range(6), k):
            members = sum(1 << s for s in order)
            ends[members] = min(ends.get(members, NEVER), day.follow(order))
        for members, end in ends.items():
            assert (found[members].ends if members in found else NEVER) == end
            if end < NEVER:
                sites = [s for s in range(6) if members >> s & 1]
                key = (-round(count_worth(earlier, group, of_group, sites), 9), end)
                best = key if best is None else min(best, key)
    chosen = choose_day(day, earlier, group, of_group, 4)
    worth = round(count_worth(earlier, group, of_group, chosen.order), 9)
    assert (-worth, chosen.ends) == best
    assert day.follow(chosen.order) == chosen.ends


def test_a_long_day_is_filled_with_a_bound_that_holds():
    n = 16
    drive = 3 * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    wide = np.zeros(n, int), np.full(n, 2000)
    day = VisitingDay(drive, np.full(n, 10), *wide, 0, 2000)
    none = np.zeros(n, int)
    found = fill_day(day, none, np.arange(n), none, n)
    # in a row: fifteen drives of three minutes, which is the shortest tree, too
    assert (found.ends, found.bound) == (n * 10 + 45, n * 10 + 45)
    assert found.order in (tuple(range(n)), tuple(range(n))[::-1])


def test_the_audit_times_every_stop_again():
    plan = plan_drills(make_towns(SITES), 2, rules=RULES)
    stops = plan.drills
    for change in (
        {"arrives": "09:00"},
        {"leaves": "09:01"},
        {"drive": 1},
        {"subdistrict": "s9"},
        {"metres": 3.0},
    ):
        assert len(find_faults(plan.replace(drills=stops.assign(**change))))
    days = plan.drill_days
    assert len(find_faults(plan.replace(drill_days=days.assign(bound=days["bound"] + 1))))
    assert len(find_faults(plan.replace(drill_sites=plan.drill_sites.assign(visits=0))))
