"""What should be there: the requirements of the founding document, and those a town adds.

A row of ``requirements.csv`` is a requirement: what is needed, of which body,
how many, and where the plan itself may know what is there. New ones are rows,
in that file or in one of the town's own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from gridplan.errors import InputError, Problem
from gridplan.tables.level_indicators import FOUR_LEVELS
from gridplan.tables.numbers import read_number
from gridplan.tables.schema import Language

# What a need is reckoned from; ``given:KEY`` is the count that was given of another requirement.
BASES = ("body", "households", "compounds", "subgrids", "communities", "none")
SOURCES = ("counts", "places", "orgs", "reach")
_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Requirement:
    """One requirement: what a body of a level should have.

    ``base`` is what the need is reckoned from, ``amount`` how many for each
    ``per`` of it, rounded up; ``kind`` limits it to urban or rural communities;
    ``counted`` is where the plan may know what is there
    (``counts:MEASURE``, ``places:KIND|KIND``, ``orgs:LEVEL|LEVEL``,
    ``reach:KIND``: households within reach); ``release``
    whether what is missing may leave the office.
    """

    key: str
    row: str
    group: str
    level: str
    base: str
    amount: float
    per: float
    kind: str
    counted: str
    unit: str
    unit_zh: str
    en: str
    zh: str
    release: str
    source: str

    def name(self, lang: Language = "en") -> str:
        """Name the requirement in a language."""
        return self.zh if lang == "zh" else self.en

    def to_row(self) -> dict[str, Any]:
        """Return the row that it was read from, for a manifest."""
        row = asdict(self)
        blank = self.base == "none"
        return {**row, "amount": "" if blank else self.amount, "per": "" if blank else self.per}


@cache
def read_document() -> Mapping[str, Requirement]:
    """Read the requirements of the founding document by their keys, in its order.

    Examples
    --------
    >>> posts = read_document()["street_posts"]
    >>> posts.level, posts.base, posts.amount
    ('subdistrict', 'body', 50.0)
    """
    text = files("gridplan.tables").joinpath("requirements.csv").read_text(encoding="utf-8")
    return {one.key: one for one in read_requirements(text, "requirements.csv")}


def list_requirements(added: Iterable[Mapping[str, Any]] = ()) -> Mapping[str, Requirement]:
    """List all requirements: those of the document, and rows that a town added or replaced.

    Examples
    --------
    >>> row = {**read_document()["street_posts"].to_row(), "amount": 60}
    >>> list_requirements([row])["street_posts"].amount
    60.0
    """
    rows = {str(row["key"]): _make_requirement(row) for row in added}
    return {**read_document(), **rows}


def read_requirements(text: str, file: str) -> list[Requirement]:
    """Read requirements from the text of a CSV file.

    Raises
    ------
    InputError
        With everything that is wrong in any row.
    """
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    names = [field.name for field in fields(Requirement)]
    missing = [name for name in names if name not in (rows[0] if rows else {})]
    if missing:
        what = f"columns {', '.join(missing)} are missing" if rows else "it has no rows"
        remedy = f"give the columns {', '.join(names)}"
        raise InputError([Problem("requirements", "columns", what, remedy, file=file)])
    problems = []
    keys = [row["key"] for row in rows]
    for number, row in enumerate(rows, 2):
        problems += [
            Problem("requirements", f"line {number}", what, remedy, file=file)
            for what, remedy in _find_wrong(row, keys)
        ]
    if problems:
        raise InputError(problems)
    return [_make_requirement(row) for row in rows]


def _make_requirement(row: Mapping[str, Any]) -> Requirement:
    values = {field.name: str(row[field.name]).strip() for field in fields(Requirement)}
    numbers = {name: read_number(values[name] or "nan") for name in ("amount", "per")}
    return Requirement(**{**values, **numbers})  # type: ignore[arg-type]


def _find_wrong(row: Mapping[str, Any], keys: list[str]) -> Iterable[tuple[str, str]]:
    """Find what is wrong in a row, each with its remedy."""
    cells = {name: str(value or "").strip() for name, value in row.items()}
    key, base = cells["key"], cells["base"]
    if not _KEY.fullmatch(key):
        yield f"the key {key!r} is no key", "write small letters, digits and _"
    elif keys.count(row["key"]) > 1:
        yield f"the key {key} stands twice", "give each requirement a key of its own"
    if cells["level"] not in FOUR_LEVELS:
        yield f"{key} is of no level {cells['level']!r}", f"write {', '.join(FOUR_LEVELS)}"
    if base not in BASES and not base.startswith("given:"):
        yield f"{key} has no base {base!r}", f"write {', '.join(BASES)} or given:KEY"
    if cells["kind"] not in ("", "urban", "rural"):
        yield f"{key} has no kind {cells['kind']!r}", "write urban, rural or nothing"
    if cells["counted"] and cells["counted"].partition(":")[0] not in SOURCES:
        remedy = "write counts:, places:, orgs: or reach:"
        yield f"{key} cannot be counted by {cells['counted']!r}", remedy
    for name in ("amount", "per") if base != "none" else ():
        number = read_number(cells[name] or "nan")
        if not number > 0:
            yield f"{key} has no {name} above 0", "write a number, or the base none"
    for name in ("en", "zh"):
        if not cells[name]:
            yield f"{key} has no name in the column {name}", "write what is needed"
