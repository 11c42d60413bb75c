"""Rules: lists and tables go to plan.toml and come back; text in their place is refused."""

import json
import tomllib
from dataclasses import fields

import pytest

from gridplan.errors import RuleError
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import Service

# What plan.toml held before lists and tables.
OLD = {
    "exclusive": {"kinds": "school|hospital|enterprise|mall|market"},
    "special": {"kinds": "river|lake|railway"},
    "rating": {
        "criteria": "coverage 20 up 0.8 1; party_share 20 up 0.4 0.7; leader_span 15 down 4 1; "
        "full_per_need 15 up 0.3 1; paired 10 up 0 3; six_in_one 10 up 2 6; "
        "centre_area_share 10 up 0.5 1",
        "branch_criteria": "full 40 up 3 50; mean_walk 40 down 500 0; places 20 down 5 1",
    },
    "coverage": {
        "services": "central_household 5 54 0 subgrid; service_centre 15 1667 30 community; "
        "volunteer_post 10 0 0 community; canteen 15 1500 0 city; clinic 15 0 0 city",
        "thresholds": "5 10 15",
        "curve": "2.5 7.5 12.5 20 30",
        "candidates": "service_centre|volunteer_post|community_centre|townhall|market|school",
    },
    "simulation": {
        "by_weekday": "1.1 1.1 1.1 1.1 1.1 0.8 0.7",
        "by_month": "1.2 1.1 1 1 1 1 1.1 1.1 1 1 1.1 1.2",
        "grid_leader": "request 0.2-0.6 Mon-Fri 18:00-21:00; Sat-Sun 09:00-12:00 14:00-20:00",
        "grid_worker_full": "request+wish 0.7-0.95 Mon-Fri 08:30-12:00 14:00-17:30",
        "central_household": "request 0.3-0.7 Mon-Sun 07:00-21:00",
        "volunteer": "request+wish 0.1-0.4 Sat 09:00-11:30",
    },
}


def make_other():
    turn = {"kinds": ["wish"], "low": 0, "high": 1, "shifts": []}
    turn["shifts"] = [{"days": ["Fri", "Sat"], "begin": "22:00", "end": "2:00"}]
    return Rules().replace(
        coverage={"services": [Service("kiosk", 2.5, 0, 0, "city")], "curve": []},
        simulation={"volunteer": turn, "by_weekday": [1, 1, 1, 1, 1, 0, 2]},
        exclusive={"kinds": ["school"]},
        rating={"criteria": [{"measure": "paired", "weight": 1, "floor": 3, "cap": 0}]},
        columns={"buildings.floors": "CS"},
    )


@pytest.mark.parametrize("make", [Rules, make_other])
def test_rules_come_back_from_plan_toml_and_from_a_manifest(make, tmp_path):
    rules = make()
    (tmp_path / "plan.toml").write_text(rules.to_toml(), encoding="utf-8")
    again = Rules.from_file(tmp_path / "plan.toml")
    assert again == rules
    assert Rules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
    assert repr(again) == repr(rules)  # 5 would equal 5.0


@pytest.mark.parametrize("section", OLD)
def test_text_in_place_of_a_list_is_refused_with_the_new_form_of_the_same(section):
    with pytest.raises(RuleError) as error:
        Rules.from_dict({section: OLD[section]})
    lines = str(error.value).splitlines()
    new = "\n".join(line for line in lines if line.strip(" ;") and "; write" not in line)
    values = tomllib.loads(new)
    assert set(values) == set(OLD[section])
    # what was the default is still the default, but for the kinds of posts, which are more now
    services = values.pop("services", None)
    assert Rules.from_dict({section: values}) == Rules()
    if services is not None:
        read = Rules.from_dict({section: {"services": services}}).coverage.services
        kinds = [row.split()[0] for row in OLD[section]["services"].split("; ")]
        assert [s.kind for s in read] == kinds
        assert {s.group for s in read} == {"households"}


def test_every_list_and_table_says_what_its_text_was():
    rules = Rules()
    for section in fields(Rules):
        if section.name == "columns":
            continue
        values = getattr(rules, section.name)
        for entry in fields(values):
            if (section.name, entry.name) == ("coverage", "fills"):
                continue  # younger than the tables, so that it never was a text
            scalar = isinstance(getattr(values, entry.name), bool | int | float | str)
            assert scalar == (entry.metadata["old"] is None), f"{section.name}.{entry.name}"
