"""The policies of redrawing through the years, read from ``policies.csv``.

A row has a policy's name, when it acts, and its words.

What a policy does is a function in ``gridplan/simulation/years/policies.py``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PolicyWords:
    """One policy: its name, the rule of the section years for how often it acts, and its words.

    A policy without such a rule never acts.
    """

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
