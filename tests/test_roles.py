"""Roles of posts as a table: one more row is staffed, counted, released and simulated."""

from dataclasses import replace

import pandas as pd
import pytest

from gridplan.auditing.audit_plan import audit
from gridplan.people.staffing.staff_plan import staff
from gridplan.publishing.brief_plan import write_brief
from gridplan.publishing.published_figures import count_figures, list_figures
from gridplan.publishing.release_plan import release
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests.service_system import make_system
from gridplan.simulation.requests.simulate_plan import simulate
from gridplan.synthetic.people_plan import CITY_COUNTS, make_people_plan
from gridplan.tables import roles, schema
from gridplan.tables.roles import Role

PATROL = Role(
    role="night_patrol",
    zh="夜间巡逻员",
    en="night patrol",
    letters="NP",
    filled_by="subgrids",
    source="resident",
    workload="20",
    per="subgrid",
    turn="stairwell_captain",
    serves="own",
)


@pytest.fixture
def add_role(monkeypatch):
    """Return a function that adds a row to the table of roles for the length of a test."""

    def add(role):
        rows = (*roles.read_roles(), role)
        monkeypatch.setattr(roles, "read_roles", lambda: rows)

    return add


def find_errors(plan):
    findings = audit(plan, Rules()).findings
    return findings[(findings["rule"] == "staffing") & (findings["severity"] == "error")]


def list_without_number(table, measure=None):
    """List the rows of a numbered table but for a measure; as text, so that NaN equals itself."""
    rows = table if measure is None else table[table["measure"] != measure]
    return rows.astype(str).values.tolist()


def take_patrols(plan):
    return plan.posts[plan.posts["role"] == "night_patrol"]


def test_each_subgrid_has_one_post_of_a_role_that_is_one_row(add_role):
    before = staff(make_people_plan())
    add_role(PATROL)
    plan = staff(make_people_plan())
    patrols = take_patrols(plan)
    assert patrols.index.tolist() == ["0301-001-NP1", "0301-002-NP1"]
    assert patrols[["subgrid", "source", "filled", "served", "households"]].values.tolist() == [
        ["0301-001", "resident", True, 1, 60],
        ["0301-002", "resident", True, 1, 60],
    ]
    assert patrols["workload"].tolist() == [20.0, 20.0]
    assert plan.duties["post"].isin(patrols.index).sum() == 2
    # All other posts, duties and figures are as before.
    others = plan.posts[plan.posts["role"] != "night_patrol"]
    pd.testing.assert_frame_equal(others, before.posts)
    assert list_without_number(plan.indicators, "night_patrols") == list_without_number(
        before.indicators
    )
    kept = plan.duties[~plan.duties["post"].isin(patrols.index)]
    assert (
        kept[["post", "subgrid"]].values.tolist()
        == before.duties[["post", "subgrid"]].values.tolist()
    )


def test_workload_may_be_visits_by_a_rule(add_role):
    add_role(replace(PATROL, workload="visits_part", per="household"))
    patrols = take_patrols(staff(make_people_plan()))
    assert patrols["workload"].tolist() == [15.0, 15.0]  # 60 households, a quarter of an hour each


def test_posts_are_filled_as_far_as_their_supply_was_counted(add_role):
    add_role(replace(PATROL, supply="building_captains"))
    counts = {**CITY_COUNTS, "building_captains": 1}
    patrols = take_patrols(staff(make_people_plan(counts=counts)))
    assert patrols["filled"].tolist() == [True, False]
    assert patrols["workload"].tolist() == [20.0, 0.0]


def read_patrols(plan, level):
    """Read the rows of the patrols among the figures of one level."""
    rows = plan.indicators.query("measure == 'night_patrols' and level == @level")
    return rows[["of", "value", "need", "met", "origin"]].values.tolist()


def test_a_new_role_is_counted_at_each_level_beside_its_posts(add_role):
    add_role(PATROL)
    plan = staff(make_people_plan())
    for level, code in (("community", "0301"), ("city", "site")):
        assert read_patrols(plan, level) == [[code, 2.0, 2.0, True, "computed"]]
    assert plan.gaps.query("rule == 'night_patrols'").empty


def test_a_new_role_has_a_gap_where_it_is_short_or_nobody_counted(add_role):
    add_role(replace(PATROL, supply="night_walkers"))
    short = staff(make_people_plan(counts={**CITY_COUNTS, "night_walkers": 1}))
    assert read_patrols(short, "community") == [["0301", 1.0, 2.0, False, "counted"]]
    gap = short.gaps.query("rule == 'night_patrols'")
    columns = ["level", "of", "value", "need", "reason", "remedy"]
    assert gap[columns].values.tolist() == [
        [
            "community",
            "0301",
            1.0,
            2.0,
            "1 night patrols short of the need",
            "find 1 more night patrols",
        ]
    ]
    unknown = staff(make_people_plan()).gaps.query("rule == 'night_patrols'")
    assert unknown["reason"].tolist() == ["nobody counted night patrols: unknown, not none"]
    assert unknown["remedy"].tolist() == ["add counts of the measure night_walkers"]


def test_the_gaps_of_other_roles_stay_as_they_are(add_role):
    before = staff(make_people_plan()).gaps
    add_role(replace(PATROL, supply="night_walkers"))
    after = staff(make_people_plan()).gaps
    kept = after[after["rule"] != "night_patrols"]
    assert list_without_number(kept) == list_without_number(before)


def test_a_release_publishes_a_new_role_and_the_brief_lists_it(add_role):
    names = list(list_figures())
    assert "night_patrols" not in names
    add_role(PATROL)
    assert [name for name in list_figures() if name != "night_patrols"] == names
    leaving = release(staff(make_people_plan()))
    row = leaving.published.set_index("measure").loc["figure:night_patrols"]
    # Two posts are two persons, so few that their number stays behind.
    assert (row["level"], str(row["value"]), row["shown"]) == ("city", "nan", False)
    figures = write_brief(leaving).figures
    shown = figures.loc["night_patrols", ["zh", "en", "status"]].tolist()
    assert shown == ["夜间巡逻员", "night patrols", "suppressed"]


def test_before_staffing_the_figure_of_a_new_role_is_that_of_other_roles(add_role):
    add_role(PATROL)
    figures = count_figures(make_people_plan())
    assert str(figures["night_patrols"]) == str(figures["building_captains"])


def test_the_audit_passes_a_new_role_and_finds_a_second_duty(add_role):
    add_role(replace(PATROL, single=True))
    plan = staff(make_people_plan())
    assert find_errors(plan).empty
    patrol = plan.duties[plan.duties["post"] == "0301-001-NP1"].assign(subgrid="0301-002")
    patrol.index = pd.Index(["99"], name=plan.duties.index.name)
    spoilt = plan.replace(duties=pd.concat([plan.duties, patrol]))
    assert find_errors(spoilt)["message"].str.contains("one role for the same sub-grid").any()


def test_a_new_role_answers_requests_in_its_hours(add_role):
    add_role(PATROL)
    plan = staff(make_people_plan())
    system = make_system(plan)
    assert (system.posts["role"] == "night_patrol").sum() == 2
    posts = simulate(plan, replications=2).posts
    hours = posts[posts["role"] == "night_patrol"]
    assert len(hours) == 2
    assert (hours["duty"] > 0).all()


def test_a_role_without_hours_does_not_answer(add_role):
    add_role(replace(PATROL, turn="", serves=""))
    system = make_system(staff(make_people_plan()))
    assert "night_patrol" not in set(system.posts["role"])


def test_the_schema_lists_the_roles_of_posts(add_role):
    add_role(PATROL)
    schema.read_schema.cache_clear()
    try:
        (column,) = [c for c in schema.find_columns("posts") if c.name == "role"]
        assert "night_patrol" in column.values
        assert "volunteer" not in column.values
    finally:
        schema.read_schema.cache_clear()


def test_a_word_that_nothing_reads_is_refused():
    with pytest.raises(ValueError, match=r"filled_by must be one of leaders, .* not 'moon'"):
        replace(PATROL, filled_by="moon")
