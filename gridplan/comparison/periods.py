"""Periods of a report: a week, a month, two months, a quarter, half a year or a year."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from gridplan.errors import InputError, Problem
from gridplan.tables.schema import Language
from gridplan.tables.words import say

FORMS = {
    "week": "2026-W48",
    "month": "2026-11",
    "two_months": "2026-11/12",
    "quarter": "2026-Q4",
    "half_year": "2026-H2",
    "year": "2026",
}
FIRST, LAST = 1949, 2199  # years; others are slips of the hand
_PATTERN = re.compile(
    r"(?P<year>\d{4})(-(W(?P<week>\d{2})|(?P<month>\d{2})(/(?P<to>\d{2}))?"
    r"|Q(?P<quarter>[1-4])|H(?P<half>[12])))?"
)
_MONTHS = {"month": 1, "two_months": 2, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Period:
    """A period: its kind, first day, and the number that it has within its year."""

    kind: str
    start: datetime.date
    number: int

    @property
    def year(self) -> int:
        """The year that the period is counted in; that of a week is the ISO year."""
        return self.start.isocalendar()[0] if self.kind == "week" else self.start.year

    @property
    def end(self) -> datetime.date:
        """The last day of the period."""
        return self.shift(1).start - datetime.timedelta(days=1)

    @property
    def label(self) -> str:
        """The period as it is written on the command line."""
        year = f"{self.year:04d}"
        month = self.start.month
        return {
            "week": f"{year}-W{self.number:02d}",
            "month": f"{year}-{month:02d}",
            "two_months": f"{year}-{month:02d}/{month + 1:02d}",
            "quarter": f"{year}-Q{self.number}",
            "half_year": f"{year}-H{self.number}",
            "year": year,
        }[self.kind]

    def shift(self, count: int) -> Period:
        """Return the period so many periods later, or earlier where the number is below zero.

        Examples
        --------
        >>> read_period("2026-01/02").shift(-1).label, read_period("2026-W01").shift(-1).label
        ('2025-11/12', '2025-W52')
        """
        if self.kind == "week":
            start = self.start + datetime.timedelta(weeks=count)
            return Period(self.kind, start, start.isocalendar()[1])
        months = _MONTHS[self.kind]
        total = 12 * self.start.year + self.start.month - 1 + count * months
        start = datetime.date(total // 12, total % 12 + 1, 1)
        return Period(self.kind, start, total % 12 // months + 1)

    def name(self, lang: Language = "en") -> str:
        """Name the period in a language.

        Examples
        --------
        >>> read_period("2026-11").name("zh"), read_period("2026-H2").name()
        ('2026年11月', 'second half of 2026')
        """
        half = say(f"period.half_{self.number}", lang) if self.kind == "half_year" else ""
        return say(
            f"period.{self.kind}",
            lang,
            year=self.year,
            number=self.number,
            month=self.start.month,
            end=self.end.month,
            half=half,
        )


def read_period(text: str) -> Period:
    """Read a period as it is written on the command line.

    Raises
    ------
    InputError
        If the text names no period.

    Examples
    --------
    >>> period = read_period("2026-11/12")
    >>> period.kind, period.start.isoformat(), period.end.isoformat()
    ('two_months', '2026-11-01', '2026-12-31')
    """
    match = _PATTERN.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        return _make_period(match)
    except ValueError:
        forms = ", ".join(FORMS.values())
        what = f"{text!r} names no period"
        problem = Problem("period", "it is a period", what, f"write one as {forms}")
        raise InputError([problem]) from None


def _make_period(match: re.Match[str]) -> Period:
    """Make a period; a week, month or pair of months that no year has is a ``ValueError``."""
    numbers = {name: int(text) for name, text in match.groupdict().items() if text}
    year = numbers["year"]
    if not FIRST <= year <= LAST:
        raise ValueError
    if "week" in numbers:
        start = datetime.date.fromisocalendar(year, numbers["week"], 1)
        return Period("week", start, numbers["week"])
    month = numbers.get("month", 1)
    if "to" in numbers:
        # Pairs begin in odd months, so that six of them make up a year.
        if month % 2 == 0 or numbers["to"] != month + 1:
            raise ValueError
        return Period("two_months", datetime.date(year, month, 1), month // 2 + 1)
    if "month" in numbers:
        return Period("month", datetime.date(year, month, 1), month)
    if "quarter" in numbers:
        number = numbers["quarter"]
        return Period("quarter", datetime.date(year, 3 * number - 2, 1), number)
    if "half" in numbers:
        number = numbers["half"]
        return Period("half_year", datetime.date(year, 6 * number - 5, 1), number)
    return Period("year", datetime.date(year, 1, 1), 1)
