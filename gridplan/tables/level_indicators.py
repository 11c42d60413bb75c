"""The indicators that all four levels share, read from ``level_indicators.csv``.

A row says what is counted, over what, and which way is better; the table of a
plan, its audit and the ranking all read it. A ratio is never averaged: what is
counted and what it is counted over are each added up, level by level.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from gridplan.tables.indicators import CITY
from gridplan.tables.schema import Language

FOUR_LEVELS = ("city", "district", "subdistrict", "community")
# A statistical code has 12 digits: 6 of the district, 3 of the subdistrict, 3 of the community.
_STATISTICAL = re.compile(r"(\d{6})\d{6}")


@dataclass(frozen=True)
class Quantity:
    """What is added up by community: rows of a table that pass a filter, and how they count.

    ``how`` is count, ``sum:EXPRESSION`` or ``nunique:COLUMN``. Of the table
    ``counts`` the filter is a measure, and its count is taken.
    """

    table: str
    filter: str
    how: str


@dataclass(frozen=True)
class LevelIndicator:
    """An indicator of all four levels.

    ``kind`` is count (a sum), ratio, or share (of things of which each is in
    or out, so that it has an interval); ``better`` is more, less, or empty
    where neither is; ``per`` is what a ratio is multiplied by; ``small`` says
    which rule of ranking holds for few: things, or communities.
    """

    indicator: str
    zh: str
    en: str
    unit: str
    unit_zh: str
    kind: str
    better: str
    per: float
    small: str
    numerator: Quantity
    denominator: Quantity | None
    source: str

    def name(self, lang: Language = "en") -> str:
        """Name the indicator in a language."""
        return self.zh if lang == "zh" else self.en


@cache
def list_level_indicators() -> Mapping[str, LevelIndicator]:
    """List the indicators of all levels by their codes, in the order of the file.

    Examples
    --------
    >>> in_band = list_level_indicators()["in_band"]
    >>> in_band.kind, in_band.numerator.how, in_band.denominator.how
    ('share', 'sum:in_band', 'count')
    """
    text = files("gridplan.tables").joinpath("level_indicators.csv").read_text(encoding="utf-8")
    indicators = {}
    for row in csv.DictReader(text.splitlines()):
        values: dict[str, Any] = {
            **row,
            "per": float(row["per"]),
            "numerator": _read_quantity(row["numerator"]),
            "denominator": _read_quantity(row["denominator"]) if row["denominator"] else None,
        }
        indicators[row["indicator"]] = LevelIndicator(**values)
    return indicators


def _read_quantity(text: str) -> Quantity:
    table, condition, how = text.split("|")
    return Quantity(table, condition, how)


def place_bodies(communities: pd.DataFrame) -> pd.DataFrame:
    """Place communities in the bodies above them: columns subdistrict, district and city.

    A body that nobody names is an empty text. Where no district is given, the
    first six digits of a statistical code of twelve name it. A subdistrict
    whose name another district has too goes by both names.

    Examples
    --------
    >>> towns = pd.DataFrame(
    ...     {"subdistrict": ["s", "s", ""], "district": ["east", "west", ""]},
    ...     index=["a", "b", "130203001002"],
    ... )
    >>> place_bodies(towns).values.tolist()
    [['east s', 'east', 'site'], ['west s', 'west', 'site'], ['', '130203', 'site']]
    """
    ward = communities["subdistrict"].fillna("").astype(object)
    by_code = pd.Series(
        [_read_district(str(code)) for code in communities.index], communities.index, dtype=object
    )
    district = communities["district"].fillna("").astype(object)
    district = district.where(district != "", by_code)
    over = pd.DataFrame({"subdistrict": ward, "district": district})
    several = over[ward != ""].groupby("subdistrict")["district"].nunique()
    shared = ward.isin(several.index[several > 1]) & (district != "")
    return over.assign(subdistrict=ward.where(~shared, district + " " + ward), city=CITY)


def name_above(bodies: pd.DataFrame, level: str) -> pd.Series[Any]:
    """Name for each community the next body above its body of a level that anybody names.

    Examples
    --------
    >>> towns = pd.DataFrame({"subdistrict": ["s", ""], "district": "", "city": "site"}, list("ab"))
    >>> name_above(towns, "community").tolist(), name_above(towns, "city").tolist()
    (['s', 'site'], ['', ''])
    """
    above = pd.Series("", bodies.index, dtype=object)
    for upper in FOUR_LEVELS[: FOUR_LEVELS.index(level)][::-1]:
        above = above.where(above != "", bodies[upper])
    return above


def _read_district(code: str) -> str:
    """Read the district of a statistical code; empty where the code is of another kind."""
    match = _STATISTICAL.fullmatch(code)
    return match[1] if match else ""
