"""The catalogue of facts: what each is called, and the published measures it is made from."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gridplan.tables.schema import Language


@dataclass(frozen=True)
class Fact:
    """A fact of all levels: what it is called, and which published measures it is made from.

    ``kind`` is count, share, ratio, short or filled; a share or ratio is ``per``
    times ``part`` over ``whole``, what is short is what ``part`` lacks to
    ``whole``, and filled the share of ``whole`` that is not short. ``figure`` is
    the figure of the paragraph that says it for the city where no measure does,
    ``adds`` whether those of communities add up to the bodies above. ``better``
    is more, less, or empty where neither is; ``section`` is the part of a
    briefing that it belongs to, ``needs`` what fills it where it is unknown.
    """

    fact: str
    zh: str
    en: str
    unit_zh: str
    unit: str
    kind: str
    per: float
    better: str
    part: str
    whole: str
    figure: str
    adds: bool
    section: str
    needs: str
    needs_zh: str
    meaning_zh: str
    meaning_en: str

    def name(self, lang: Language) -> str:
        """Name the fact in a language."""
        return self.zh if lang == "zh" else self.en

    def count_in(self, lang: Language) -> str:
        """Say the unit that it is counted in, in a language."""
        return self.unit_zh if lang == "zh" else self.unit

    def need(self, lang: Language) -> str:
        """Say what is to be given where it is unknown; empty where nothing helps."""
        return self.needs_zh if lang == "zh" else self.needs

    def mean(self, lang: Language) -> str:
        """Say what it means, in a language."""
        return self.meaning_zh if lang == "zh" else self.meaning_en


@cache
def list_facts() -> Mapping[str, Fact]:
    """List the facts in the order of ``facts.csv``.

    Examples
    --------
    >>> list_facts()["in_band"].part, list_facts()["in_band"].whole
    ('in_band', 'subgrids')
    """
    text = files("gridplan.briefing").joinpath("facts.csv").read_text(encoding="utf-8")
    facts = {}
    for row in csv.DictReader(text.splitlines()):
        values: dict[str, Any] = {**row, "per": float(row["per"]), "adds": row["adds"] == "yes"}
        facts[row["fact"]] = Fact(**values)
    return facts
