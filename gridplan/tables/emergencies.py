"""The kinds of emergency: their words and what each does, read from ``emergencies.csv``.

A kind is one row of that file. Where gridplan proposes an event of a kind for
a plan is a function in ``gridplan/simulation/surge/events.py``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal


@dataclass(frozen=True)
class EmergencyKind:
    """One kind of emergency, as its row in ``emergencies.csv`` says.

    Each effect is a number, or the name of a rule of the section surge that
    users may then set.

    Parameters
    ----------
    kind, zh, en
        Its code, and its name in two languages.
    demand, slow
        So many times the usual requests, and the usual time for a way.
    minutes
        Minutes at each household that is seen to.
    reach
        Metres: homes no farther from where it happens are affected.
    closed
        Metres: ways no farther from there are closed; below 0, none are.
    struck
        Share of the posts living in what is affected who can come, of those
        who would.
    """

    kind: str
    zh: str
    en: str
    demand: str = "1"
    slow: str = "1"
    minutes: str = "check_minutes"
    reach: str = "0"
    closed: str = "-1"
    struck: str = "1"

    def find_effect(self, name: str, rules: Any) -> float:
        """Find an effect, such as demand: the rule that the row names, or the number itself."""
        effect = getattr(self, name)
        return float(getattr(rules, effect, effect))


@cache
def read_emergencies() -> tuple[EmergencyKind, ...]:
    """Read ``emergencies.csv``: the kinds in their order.

    Examples
    --------
    >>> read_emergencies()[1].kind, read_emergencies()[1].en
    ('power_cut', 'power cut')
    """
    text = files("gridplan.tables").joinpath("emergencies.csv").read_text(encoding="utf-8")
    return tuple(EmergencyKind(**row) for row in csv.DictReader(text.splitlines()))


def name_emergencies() -> tuple[str, ...]:
    """Name the kinds, in the order of the table."""
    return tuple(row.kind for row in read_emergencies())


def find_emergency(kind: str) -> EmergencyKind:
    """Find the row of a kind.

    Examples
    --------
    >>> find_emergency("flood").zh
    '洪水'
    """
    (row,) = (row for row in read_emergencies() if row.kind == kind)
    return row


def name_event(name: str, kind: str, lang: Literal["zh", "en"] = "en") -> str:
    """Name an event in a language: in the words of its kind if it is called after it.

    Examples
    --------
    >>> name_event("power_cut", "power_cut", "zh"), name_event("dam", "flood")
    ('停电', 'dam')
    """
    if name != kind:
        return name
    row = find_emergency(kind)
    return row.zh if lang == "zh" else row.en
