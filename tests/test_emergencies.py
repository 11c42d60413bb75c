"""Kinds of emergency as a table: one more row is simulated, shown and listed."""

from dataclasses import fields
from datetime import datetime

import pytest
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.errors import RuleError
from gridplan.maps.surge_map import list_reels
from gridplan.people.staffing.staff_plan import staff
from gridplan.plots.result_plots import compose_surge
from gridplan.rules.surge import SurgeRules
from gridplan.simulation.surge import Event, surge
from gridplan.simulation.surge import events as places
from gridplan.synthetic.people_plan import make_people_plan
from gridplan.tables import emergencies, schema
from gridplan.tables.emergencies import EmergencyKind

LEAK = EmergencyKind(
    kind="gas_leak",
    zh="燃气泄漏",
    en="gas leak",
    demand="3",
    minutes="12",
    closed="20",
    struck="flood_struck",
)
EFFECTS = ("demand", "slow", "minutes", "reach", "closed", "struck")
MORNING = datetime(2026, 3, 2, 10)


@pytest.fixture(autouse=True)
def leak(monkeypatch):
    """Add a row to the table of emergencies for the length of a test."""
    rows = (*emergencies.read_emergencies(), LEAK)
    monkeypatch.setattr(emergencies, "read_emergencies", lambda: rows)


@pytest.fixture(scope="module")
def plan():
    return staff(make_people_plan())


def test_an_event_of_a_kind_that_is_one_row_does_what_its_row_says():
    event = Event("leak", "gas_leak")
    rules = SurgeRules(flood_struck=0.25)
    effects = [event.find_effect(name, rules) for name in EFFECTS]
    assert effects == [3.0, 1.0, 12.0, 0.0, 20.0, 0.25]
    assert Event("leak", "gas_leak", demand=9.0).find_effect("demand", rules) == 9.0


def test_it_is_simulated_and_its_kind_is_in_the_tables(plan):
    event = Event("gas_leak", "gas_leak", subgrids=("0301-001",), start=MORNING, hours=4)
    done = surge(plan, event, replications=2, worth=False)
    facts = done.manifest["events"]["gas_leak"]
    assert [facts[name] for name in ("kind", "demand", "minutes")] == ["gas_leak", 3.0, 12.0]
    assert set(done.helped["kind"]) == {"gas_leak"}
    # Maps and plots name an event that is called after its kind by the words of the kind.
    codes = ["0301-001"]
    assert {reel.group for reel in list_reels(done, codes)} == {"gas leak"}
    assert {reel.group for reel in list_reels(done, codes, "zh")} == {"燃气泄漏"}
    assert compose_surge(done, "zh").words["names"] == "燃气泄漏"


def test_the_command_names_it(tmp_path, plan):
    gp.write_plan(plan, tmp_path / "p")
    (tmp_path / "e.toml").write_text('[event.lane]\nkind = "gas_leak"\nhours = 2\n')
    args = ["surge", str(tmp_path / "p"), str(tmp_path / "e.toml")]
    run = CliRunner().invoke(app, [*args, "--replications", "1", "--no-worth"])
    assert run.exit_code == 0, run.output
    assert "event      lane: gas leak" in run.output


def test_the_template_the_schema_and_a_refusal_list_it():
    assert "# Kinds: flood, power_cut, snow, heat, other, gas_leak." in places.write_template()
    with pytest.raises(RuleError, match=r"kind must be flood, .*, gas_leak, not 'moon'"):
        Event("x", "moon")
    schema.read_schema.cache_clear()
    try:
        (column,) = [c for c in schema.find_columns("surged") if c.name == "kind"]
        assert column.values[-1] == "gas_leak"
    finally:
        schema.read_schema.cache_clear()


def test_it_is_proposed_where_a_function_finds_a_place(monkeypatch, plan):
    assert places.propose_event(plan).kind == "power_cut"  # no water there
    monkeypatch.setattr(places, "PLACES", {"gas_leak": lambda plan: {"subgrids": ("0301-002",)}})
    proposed = places.propose_event(plan)
    assert (proposed.name, proposed.subgrids) == ("gas_leak", ("0301-002",))


@pytest.mark.parametrize("row", emergencies.read_emergencies(), ids=lambda row: row.kind)
def test_every_effect_is_a_number_or_a_rule_and_every_kind_has_words(row):
    rules = {entry.name for entry in fields(SurgeRules)}
    cells = {name: getattr(row, name) for name in EFFECTS}
    wrong = {
        name: cell
        for name, cell in cells.items()
        if cell not in rules and not cell.removeprefix("-").replace(".", "", 1).isdigit()
    }
    assert not wrong
    assert row.zh
    assert row.en


def test_every_place_belongs_to_a_kind():
    assert set(places.PLACES) <= set(emergencies.name_emergencies())
