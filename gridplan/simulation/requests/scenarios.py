"""Scenarios: what differs from what the rules say, by name, as a TOML file gives them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gridplan.errors import RuleError
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import DAY, SimulationRules

SECTIONS = ("simulation", "coverage", "walking")
TEMPLATE = """\
# Scenarios for `gridplan simulate PLAN scenario.toml`. The first one is what the
# others are compared with.
# Keys: days, start (a date), volunteers, demand, presence (times the usual),
# uncertain, and every rule of the section simulation (`gridplan rules` lists them
# with unit and meaning); [scenario.NAME.coverage] or .walking for others.

[scenario.base]
days = 30
start = 2026-03-02

[scenario.more_volunteers]
volunteers = 1.5

[scenario.level_by_level]
policy = "escalate"

[scenario.volunteers_twice_a_week]
volunteer = {kinds = ["request", "wish"], low = 0.1, high = 0.4, shifts = [
  {days = ["Wed"], begin = "18:30", end = "20:30"},
  {days = ["Sat"], begin = "09:00", end = "11:30"},
]}

[scenario.busy_winter]
start = 2026-12-01
demand = 1.5
"""


@dataclass(frozen=True)
class Scenario:
    """One course of things.

    Parameters
    ----------
    name
        What it is called.
    days, start
        How many days are counted, and the first of them.
    volunteers, demand, presence
        So many times the volunteers counted, the usual demand, the share of
        days that posts are there.
    uncertain
        Whether households, demand and presence are sampled from their ranges;
        else they are as estimated, usual, in the middle.
    changes
        Rules that differ, by section.

    Examples
    --------
    >>> Scenario("more", volunteers=1.5).replace_rules(Rules()).simulation.policy
    'own_first'
    """

    name: str
    days: int = 30
    start: date = date(2026, 3, 2)
    volunteers: float = 1.0
    demand: float = 1.0
    presence: float = 1.0
    uncertain: bool = True
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what makes no sense, all at once."""
        values: Any = self  # a TOML file may give anything
        wrong = []
        # Python takes true for 1, but a scenario of "true" days is a mistake
        if isinstance(values.days, bool) or not isinstance(values.days, int) or values.days < 1:
            wrong.append(f"days must be a whole number from 1, not {values.days!r}")
        if not isinstance(values.start, date):
            wrong.append(f"start must be a date such as 2026-03-02, not {values.start!r}")
        for name in ("volunteers", "demand", "presence"):
            value = getattr(values, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not 0 <= value < float("inf")
            ):
                wrong.append(f"{name} must be a number from 0, not {value!r}")
        if not isinstance(values.uncertain, bool):
            wrong.append(f"uncertain must be true or false, not {values.uncertain!r}")
        if wrong:
            raise RuleError(f"scenario {self.name}: {'; '.join(wrong)}")

    def replace_rules(self, rules: Rules) -> Rules:
        """Return the rules with those that differ here."""
        try:
            return rules.replace(**self.changes)
        except RuleError as error:
            raise RuleError(f"scenario {self.name}: {error}") from error


def read_scenarios(path: str | Path) -> list[Scenario]:
    """Read scenarios from a TOML file, in its order.

    Raises
    ------
    RuleError
        If the file cannot be read, holds no scenario, or names a key that is
        not known.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(
            f"{path}: cannot be read as TOML ({error}); `gridplan simulate --template` prints one"
        ) from error
    try:
        return list_scenarios(data)
    except RuleError as error:
        raise RuleError(f"{path}: {error}") from error


def list_scenarios(data: Mapping[str, Any]) -> list[Scenario]:
    """List the scenarios of nested mappings, as TOML gives them.

    Examples
    --------
    >>> [s.name for s in list_scenarios(tomllib.loads(TEMPLATE))][:2]
    ['base', 'more_volunteers']
    >>> list_scenarios({"scenario": {"base": {"volunters": 2}}})
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: scenario base: unknown key volunters; a scenario has days, \
start, volunteers, demand, presence, uncertain, the rules of simulation, and the sections \
coverage and walking
    """
    tables = data.get("scenario")
    # a misspelt table would otherwise be passed over in silence
    others = [key for key in data if key != "scenario"]
    if others or not isinstance(tables, Mapping) or not tables:
        names = f", not [{others[0]}]" if others else ""
        raise RuleError(f"scenarios stand in tables such as [scenario.base]{names}")
    return [_read_scenario(name, values) for name, values in tables.items()]


def _read_scenario(name: str, values: Any) -> Scenario:
    if not isinstance(values, Mapping):
        raise RuleError(f"scenario.{name} is not a table such as [scenario.{name}]")
    known_keys = [f.name for f in fields(Scenario) if f.name not in {"name", "changes"}]
    simulated = {f.name for f in fields(SimulationRules)}
    changes: dict[str, dict[str, Any]] = {}
    given_values: dict[str, Any] = {}
    unknown = []
    for key, value in values.items():
        if key in known_keys:
            given_values[key] = value
        # rules of the section simulation may be named without their section
        elif key in simulated:
            changes.setdefault("simulation", {})[key] = value
        elif key in SECTIONS and isinstance(value, Mapping):
            changes.setdefault(key, {}).update(value)
        else:
            unknown.append(key)
    if unknown:
        sections = "the rules of simulation, and the sections coverage and walking"
        known = f"{', '.join(known_keys)}, {sections}"
        raise RuleError(
            f"scenario {name}: unknown key {', '.join(unknown)}; a scenario has {known}"
        )
    scenario = Scenario(name, **given_values, changes=changes)
    scenario.replace_rules(Rules())  # a rule that is not known is refused here
    return scenario


def choose_scenarios(scenarios: Any, replications: int) -> list[Scenario]:
    """Take scenarios as they are given, or read them; refuse what makes no sense."""
    if replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    if scenarios is None:
        return [Scenario("base")]
    if isinstance(scenarios, str | Path):
        return read_scenarios(scenarios)
    chosen = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
    names = [s.name for s in chosen]
    if not names or len(set(names)) < len(names):
        raise RuleError(f"scenarios need names of their own, not {', '.join(names) or 'none'}")
    return chosen


def list_volunteer_days(scenario: Scenario, rules: SimulationRules) -> list[dict[str, str]]:
    """List the days of a scenario on which volunteers are on duty, with the theme of the month.

    Examples
    --------
    >>> days = list_volunteer_days(Scenario("s", start=date(2026, 7, 1), days=7), SimulationRules())
    >>> days
    [{'date': '2026-07-04', 'theme': "the Party's day: members at the door"}]
    """
    weekdays = {begin // DAY for begin, _ in rules.volunteer.spans}
    dates = [scenario.start + timedelta(days=n) for n in range(scenario.days)]
    return [
        {"date": day.isoformat(), "theme": rules.volunteer_themes[day.month - 1]}
        for day in dates
        if day.weekday() in weekdays
    ]


def describe_scenario(scenario: Scenario, rules: Rules) -> dict[str, Any]:
    """Describe a scenario for the manifest: what it changes, and the rules that it ends up with."""
    described = {
        "days": scenario.days,
        "start": scenario.start.isoformat(),
        "uncertain": scenario.uncertain,
    }
    described |= {name: getattr(scenario, name) for name in ("volunteers", "demand", "presence")}
    described["volunteer_days"] = list_volunteer_days(scenario, rules.simulation)
    return described | {
        "rules": {name: rules.to_dict()[name] for name in ("simulation", "coverage", "walking")}
    }
