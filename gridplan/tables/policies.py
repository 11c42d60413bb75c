"""The policies of redrawing through the years: their names, when each acts and their words, read from ``policies.csv``.

What a policy does is a function in ``gridplan/simulation/years/policies.py``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PolicyWords:
    """One policy: its name, the rule of the section years that says how often it acts (empty: never), and its words."""

    policy: str
    every: str
    zh: str
    en: str


@cache
def read_policies() -> tuple[PolicyWords, ...]:
    """Read ``policies.csv``: the policies in their order.

    Examples
    --------
    >>> [row.policy for row in read_policies()]
    ['never', 'repair', 'redraw', 'from_scratch']
    """
    text = files("gridplan.tables").joinpath("policies.csv").read_text(encoding="utf-8")
    return tuple(PolicyWords(**row) for row in csv.DictReader(text.splitlines()))


def name_policies() -> tuple[str, ...]:
    """Name the policies, in the order of the table."""
    return tuple(row.policy for row in read_policies())
