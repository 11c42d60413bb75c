"""Events: where and when something happens, and what it does to demand and ways.

They are read from a TOML file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from gridplan.errors import RuleError, quote_ids
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.surge import SurgeRules
from gridplan.tables.emergencies import find_emergency, name_emergencies

CODES = ("along", "communities", "subgrids", "openings")
_TEMPLATE = """\
# Events for `gridplan surge PLAN events.toml`. Codes are those of the embedded
# example; put in your own.
# Where: along (codes of barriers or special grids), area (a file of outlines),
# communities or subgrids (codes); none of these: everywhere.
# Kinds: {kinds}.
# Each kind has its own demand, slow (times), minutes (a household), reach and
# closed (metres); those given here replace them.
# Every rule of the section surge may be set here too (`gridplan rules` lists
# them); [event.NAME.simulation] takes others.

[event.flood]
kind = "flood"
along = ["130203-B001"]        # the river; bridges no farther from it than `closed` are shut
start = 2026-07-20T22:00:00
hours = 24
# openings = ["O12"]           # a bridge or gate that is shut as well

[event.power_cut]
kind = "power_cut"
communities = ["130203001001"]
start = 2026-01-12T19:00:00
hours = 12

[event.snow]
kind = "snow"
start = 2026-01-10T06:00:00
hours = 24
"""


def write_template() -> str:
    """Write a file of events to start from, with the kinds that there are."""
    return _TEMPLATE.format(kinds=", ".join(name_emergencies()))


@dataclass(frozen=True)
class Event:
    """Something that happens somewhere, from a full hour on.

    Parameters
    ----------
    name
        What it is called.
    kind
        A row of ``emergencies.csv``, such as flood: what it does by default.
    along
        Codes of barriers or special grids along which it happens, within
        ``reach``.
    area
        An outline in the plan's CRS, all of which is affected.
    communities, subgrids
        Codes of what is affected as a whole. Where none of these four is
        given, everything is.
    openings
        Codes of openings that are shut, besides those on closed land.
    start, hours
        When it begins, on a full hour, and how many hours are looked at.
    demand, slow
        So many times the usual requests, and the usual time for a way.
    minutes
        Minutes at each household that is seen to.
    reach, closed
        Metres: homes so near to ``along`` are affected, ways so near to it or
        to ``area`` are closed (below 0: none).
    changes
        Rules that differ, by section.

    Examples
    --------
    >>> Event("wet", along=("B1",)).find_effect("demand", Rules().surge)
    6.0
    """

    name: str
    kind: str = "flood"
    along: tuple[str, ...] = ()
    area: Any = None
    communities: tuple[str, ...] = ()
    subgrids: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    start: datetime = datetime(2026, 7, 20, 22)
    hours: int = 24
    demand: float | None = None
    slow: float | None = None
    minutes: float | None = None
    reach: float | None = None
    closed: float | None = None
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what makes no sense, all at once."""
        values: Any = self  # a TOML file may give anything
        kinds = name_emergencies()
        wrong = (
            []
            if values.kind in kinds
            else [f"kind must be {', '.join(kinds)}, not {values.kind!r}"]
        )
        # Python takes true for 1, but "hours = true" is a mistake
        if isinstance(values.hours, bool) or not isinstance(values.hours, int) or values.hours < 1:
            wrong.append(f"hours must be a whole number from 1, not {values.hours!r}")
        if (
            not isinstance(values.start, datetime)
            or values.start.tzinfo
            # the profile of demand begins a new value at each full hour
            or (values.start.minute, values.start.second) != (0, 0)
        ):
            wrong.append(
                f"start must be a full hour such as 2026-07-20T22:00:00, not {values.start!r}"
            )
        for name, least in (
            ("demand", 0),
            ("slow", 1),
            ("minutes", 0),
            ("reach", 0),
            ("closed", -1),
        ):
            value = getattr(values, name)
            if value is not None and (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not least <= value < 1e9
            ):
                wrong.append(f"{name} must be a number from {least}, not {value!r}")
        loose = [
            name
            for name in CODES
            if not all(isinstance(code, str) for code in getattr(values, name))
        ]
        wrong += [f"{name} must be a list of codes in quotes" for name in loose]
        if wrong:
            raise RuleError(f"event {self.name}: {'; '.join(wrong)}")

    def replace_rules(self, rules: Rules) -> Rules:
        """Return the rules with those that differ here."""
        try:
            return rules.replace(**self.changes)
        except RuleError as error:
            raise RuleError(f"event {self.name}: {error}") from error

    def find_effect(self, name: str, rules: SurgeRules) -> float:
        """Find demand, slow, minutes, reach, closed or struck: as given, else by its kind."""
        # nobody gives struck for one event, so that it is no field of an event
        given_effect = getattr(self, name, None)
        if given_effect is not None:
            return float(given_effect)
        return find_emergency(self.kind).find_effect(name, rules)


def _find_longest_water(plan: Plan) -> Mapping[str, Any] | None:
    """Find the longest river or lake, for an event along it; none if no water is looked after."""
    water = plan.special_grids[plan.special_grids["kind"].isin(["river", "lake"])]
    if water.empty:
        return None
    # sorted first, so that of equal lengths the lowest code is taken
    longest = water.groupby("barrier")["length"].sum().sort_index()
    return {"along": (str(longest.idxmax()),)}


def _find_largest_community(plan: Plan) -> Mapping[str, Any]:
    """Find the community of most households, for an event on a winter evening."""
    homes = plan.subgrids.groupby("community")["households"].sum().sort_index()
    return {"communities": (str(homes.idxmax()),), "start": datetime(2026, 1, 12, 19)}


# Where and when an event of a kind is proposed for a plan, in the words of an
# Event; None where the plan has no such place. A kind without an entry is
# never proposed.
PLACES: dict[str, Callable[[Plan], Mapping[str, Any] | None]] = {
    "flood": _find_longest_water,
    "power_cut": _find_largest_community,
}


def propose_event(plan: Plan) -> Event:
    """Propose an event for a plan, of the first kind in the table that has a place there.

    A flood along its longest water, else a power cut in its largest community.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> event = propose_event(make_board_plan())
    >>> event.name, event.communities
    ('power_cut', ('0301',))
    """
    # the power cut always has a place, so that some event is found
    proposals = ((kind, PLACES[kind](plan)) for kind in name_emergencies() if kind in PLACES)
    return next(Event(kind, kind, **place) for kind, place in proposals if place is not None)


def read_events(path: str | Path, crs: Any = None) -> list[Event]:
    """Read events from a TOML file, in its order.

    Files of outlines are beside it, and are brought into a CRS.

    Raises
    ------
    RuleError
        If a file cannot be read, holds no event, or names a key that is not
        known.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(
            f"{path}: cannot be read as TOML ({error}); `gridplan surge --template` prints one"
        ) from error
    tables = data.get("event")
    # a misspelt table would otherwise be passed over in silence
    others = [key for key in data if key != "event"]
    if others or not isinstance(tables, Mapping) or not tables:
        named = f", not {others[0]}" if others else ""
        raise RuleError(f"{path}: events stand in tables such as [event.flood]{named}")
    try:
        return [
            _read_event(name, values, Path(path).parent, crs) for name, values in tables.items()
        ]
    except RuleError as error:
        raise RuleError(f"{path}: {error}") from error


def _read_event(name: str, values: Any, folder: Path, crs: Any) -> Event:
    if not isinstance(values, Mapping):
        raise RuleError(f"event.{name} is not a table such as [event.{name}]")
    known_keys = [f.name for f in fields(Event) if f.name not in {"name", "changes"}]
    ruled = {f.name for f in fields(SurgeRules)}
    given_values: dict[str, Any] = {}
    changes: dict[str, dict[str, Any]] = {}
    unknown = []
    for key, value in values.items():
        if key in known_keys:
            is_codes = key in CODES and isinstance(value, list)
            given_values[key] = tuple(value) if is_codes else value
        # rules of the section surge may be named without their section
        elif key in ruled:
            changes.setdefault("surge", {})[key] = value
        elif key in ("surge", "simulation", "walking", "coverage") and isinstance(value, Mapping):
            changes.setdefault(key, {}).update(value)
        else:
            unknown.append(key)
    if unknown:
        sections = "the rules of surge, and the sections simulation, walking and coverage"
        known = f"{', '.join(known_keys)}, {sections}"
        raise RuleError(f"event {name}: unknown key {', '.join(unknown)}; an event has {known}")
    # a text would pass for a list of its letters
    lone = [key for key in CODES if isinstance(given_values.get(key), str)]
    if lone:
        raise RuleError(f"event {name}: {', '.join(lone)} must be a list of codes in quotes")
    if "area" in given_values:
        given_values["area"] = _read_area(name, folder / str(given_values["area"]), crs)
    event = Event(name, **given_values, changes=changes)
    event.replace_rules(Rules())  # a rule that is not known is refused here
    return event


def _read_area(name: str, path: Path, crs: Any) -> Any:
    """Read the outlines of a file as one, in a CRS."""
    try:
        shapes = gpd.read_file(path)
    except Exception as error:  # drivers raise their own kinds of errors
        raise RuleError(
            f"event {name}: {path} cannot be read as a file of outlines ({error})"
        ) from error
    if crs is not None and shapes.crs is None:
        raise RuleError(
            f"event {name}: {path} names no CRS, so nobody knows where it lies -> write it with one"
        )
    # outlines drawn by hand cross themselves; repaired, they can be joined
    area = shapely.union_all(
        shapely.make_valid((shapes.to_crs(crs) if crs is not None else shapes).geometry.to_numpy())
    )
    if shapely.is_empty(area) or shapely.area(area) == 0:
        raise RuleError(f"event {name}: {path} holds no outline of an area")
    return area


def refuse_unknown_codes(event: Event, plan: Plan) -> None:
    """Refuse codes that the plan does not know, all at once.

    Raises
    ------
    RuleError
        If there are any.
    """
    known = {
        "along": plan.site.barriers.index.union(plan.special_grids.index),
        "communities": plan.site.communities.index,
        "subgrids": plan.subgrids.index,
        "openings": plan.site.openings.index,
    }
    wrong = []
    for name, codes in known.items():
        strange = sorted(set(getattr(event, name)) - set(codes))
        if strange:
            wrong.append(f"{name}: {len(strange)} not in the plan{quote_ids(strange)}")
    if wrong:
        raise RuleError(
            f"event {event.name}: {'; '.join(wrong)} "
            "-> see the plan's tables barriers, special_grids, openings"
        )
