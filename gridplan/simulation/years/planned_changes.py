"""What is known of the years to come, from a TOML file: estates, demolitions, rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from gridplan.errors import InputError, Problem, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules

TEMPLATE = """\
# What is known of the years to come, for `gridplan years PLAN scenario.toml`.
# Year 1 is the first after the plan.
# Codes are those of the embedded example; put in your own.
# [years] takes every rule of that section (`gridplan rules` lists them with unit
# and meaning).

[years]
growth_urban = 0.005
estates_urban = 0.0      # no other estates than those below

[[estate]]
year = 2
community = "130203001001"
households = 240
# at = [501200.0, 4390300.0]   # near this place, in metres of the plan's CRS;
#                              # anywhere on free land if not given

[[demolition]]
year = 3
buildings = ["130203100201-0001", "130203100201-0002"]
# compound = "x05"             # or all of a compound
"""


@dataclass(frozen=True)
class Estate:
    """An estate that is planned.

    So many households of a community, in a year from 1, near a place in
    metres if one is given.
    """

    year: int
    community: str
    households: int
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class Demolition:
    """A demolition that is planned: buildings, and all of a compound, in a year from 1."""

    year: int
    buildings: tuple[str, ...] = ()
    compound: str = ""


@dataclass(frozen=True)
class Given:
    """What is known of the years to come: events, and rules of ``years`` that differ."""

    estates: tuple[Estate, ...] = ()
    demolitions: tuple[Demolition, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)

    def replace_rules(self, rules: Rules) -> Rules:
        """Return the rules with those that differ here."""
        return rules.replace(years=self.changes)

    @property
    def last(self) -> int:
        """The last year in which something is given; 0 if nothing is."""
        return max([0, *(e.year for e in self.estates), *(d.year for d in self.demolitions)])


def read_given(path: str | Path) -> Given:
    """Read what is known of the years to come from a TOML file.

    Raises
    ------
    RuleError
        If the file cannot be read, or holds a key that is not known.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(
            f"{path}: cannot be read as TOML ({error}); `gridplan years --template` prints one"
        ) from error
    try:
        return list_given(data)
    except RuleError as error:
        raise RuleError(f"{path}: {error}") from error


def list_given(data: Mapping[str, Any]) -> Given:
    """List what nested mappings give, as TOML does; everything wrong is reported at once.

    Examples
    --------
    >>> given = list_given(tomllib.loads(TEMPLATE))
    >>> given.estates[0].households, given.demolitions[0].buildings, given.last
    (240, ('130203100201-0001', '130203100201-0002'), 3)
    >>> list_given({"estate": [{"year": 0, "comunity": "0301"}]})
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: estate 1: unknown key comunity, an estate has year, community, \
households, at; year must be a whole number from 1; community is not given; households must be \
a whole number from 1
    """
    wrong = [
        f"unknown key {key}; there are [years], [[estate]] and [[demolition]]"
        for key in data
        if key not in _KNOWN
    ]
    changes = data.get("years", {})
    if not isinstance(changes, Mapping):
        wrong.append("years is not a table such as [years]")
        changes = {}
    Rules().replace(years=changes)  # a rule that is not known is refused here
    estates = [
        _read_estate(row, f"estate {n}", wrong)
        # rows are numbered from 1, as people count the tables of a file
        for n, row in enumerate(_list_rows(data, "estate", wrong), 1)
    ]
    gone = [
        _read_demolition(row, f"demolition {n}", wrong)
        for n, row in enumerate(_list_rows(data, "demolition", wrong), 1)
    ]
    if wrong:
        raise RuleError("; ".join(wrong))
    return Given(tuple(estates), tuple(gone), dict(changes))


_KNOWN = ("years", "estate", "demolition")


def _list_rows(data: Mapping[str, Any], name: str, wrong: list[str]) -> list[Mapping[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        wrong.append(f"{name} must be in tables such as [[{name}]]")
        return []
    return rows


def _read_estate(row: Mapping[str, Any], name: str, wrong: list[str]) -> Estate:
    wrong_here = _check_unknown(row, Estate, "an estate")
    year = row.get("year")
    households = row.get("households")
    # missing and wrong values are collected, not raised, so that all are
    # reported at once
    community = row.get("community")
    place = row.get("at")
    wrong_here += _check_whole("year", year)
    if not isinstance(community, str) or not community:
        wrong_here.append(
            "community is not given" if community is None else "community must be a code in quotes"
        )
    wrong_here += _check_whole("households", households)
    is_place = (
        isinstance(place, list)
        and len(place) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in place)
    )
    if place is not None and not is_place:
        wrong_here.append("at must be a place such as [501200.0, 4390300.0]")
    if wrong_here:
        wrong.append(f"{name}: {'; '.join(wrong_here)}")
        # never used: an error is raised once all rows are read
        return Estate(1, "", 1)
    return Estate(
        int(str(year)),
        str(community),
        int(str(households)),
        (float(place[0]), float(place[1])) if place else None,
    )


def _read_demolition(row: Mapping[str, Any], name: str, wrong: list[str]) -> Demolition:
    wrong_here = _check_unknown(row, Demolition, "a demolition")
    year = row.get("year")
    buildings = row.get("buildings", [])
    compound = row.get("compound", "")
    wrong_here += _check_whole("year", year)
    if (
        not isinstance(buildings, list)
        or not all(isinstance(b, str) for b in buildings)
        or not isinstance(compound, str)
    ):
        wrong_here.append("buildings is a list of codes in quotes, compound a code in quotes")
    elif not buildings and not compound:
        wrong_here.append("neither buildings nor a compound are named")
    if wrong_here:
        wrong.append(f"{name}: {'; '.join(wrong_here)}")
        return Demolition(1)
    return Demolition(int(str(year)), tuple(buildings), compound)


def _check_unknown(row: Mapping[str, Any], kind: Any, name: str) -> list[str]:
    known = [f.name for f in fields(kind)]
    unknown = [key for key in row if key not in known]
    return [f"unknown key {', '.join(unknown)}, {name} has {', '.join(known)}"] if unknown else []


def _check_whole(name: str, value: Any) -> list[str]:
    # Python takes true for 1, but "year = true" is a mistake
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return [] if whole else [f"{name} must be a whole number from 1"]


def check_given(plan: Plan, given: Given, years: int) -> None:
    """Refuse events in places that the plan does not have, or after the last year.

    Raises
    ------
    InputError
        With all of them.
    """
    doors = plan.stairwells
    homes = set(doors["community"])
    buildings = set(doors["building"])
    # homes without a compound have an empty code, which names none
    compounds = set(doors["compound"]) - {""}
    lost = sorted({e.community for e in given.estates} - homes)
    named = sorted({b for d in given.demolitions for b in d.buildings} - buildings)
    closed = sorted({d.compound for d in given.demolitions} - compounds - {""})
    wrong = [
        Problem(
            table, "known", f"no {what} with homes in the plan is called so", remedy, tuple(codes)
        )
        for table, what, codes, remedy in (
            ("communities", "community", lost, "give a code of the table communities"),
            ("buildings", "building", named, "give codes of the table buildings"),
            (
                "compounds",
                "compound",
                closed,
                "give a code of the table compounds, or its buildings",
            ),
        )
        if codes
    ]
    # it would be passed over in silence otherwise
    if given.last > years:
        wrong.append(
            Problem(
                "years",
                "horizon",
                f"something is given for year {given.last}, after the last of {years}",
                "look further ahead (--years), or leave it out",
            )
        )
    if wrong:
        raise InputError(wrong)
