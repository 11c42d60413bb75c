"""A row of the founding document as a planner reads it: what a table states, and the same again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One value of one row of the founding document.

    ``command`` writes ``table``, in which ``stated`` stands; ``again`` is
    worked out apart, from the land's tables or the plan's basic ones.
    """

    number: int
    command: str
    table: str
    what: str
    stated: float
    again: float
