"""The rules of drills: how fast visitors drive, how long they stay, and when a day ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, check_fields, rule

_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


def read_time(text: str) -> int:
    """Read a time of day as minutes after midnight.

    Raises
    ------
    RuleError
        If it is no time between 0:00 and 23:59.

    Examples
    --------
    >>> read_time("08:30"), read_time("9：05")
    (510, 545)
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise RuleError(f"{text!r} is no time of day; write it such as 08:30")
    return 60 * int(found[1]) + int(found[2])


def say_time(minutes: int) -> str:
    """Say minutes after midnight as a time of day.

    Examples
    --------
    >>> say_time(510)
    '08:30'
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(frozen=True)
class DrillRules:
    """How a day of visits runs: driving, staying, opening hours, and the length of the day."""

    speed: float = rule(
        25.0, "km/h", "speed of a bus from site to site, stops at lights included", ASSUMED, 1
    )
    visit: int = rule(30, "min", "minutes at a site, where none are given", ASSUMED, 1)
    start: str = rule("08:30", "", "when a day begins at its first site", ASSUMED)
    hours: float = rule(8.0, "h", "length of a day from its start", ASSUMED, 0.5)
    opens: str = rule("08:30", "", "when a site opens, where no hours are given", ASSUMED)
    closes: str = rule("17:30", "", "when a site closes, where no hours are given", ASSUMED)
    sites: int = rule(8, "sites", "most sites of a day", ASSUMED, 1)

    def __post_init__(self) -> None:
        """Refuse values out of range, and what is no time of day."""
        check_fields(self)
        if read_time(self.opens) >= read_time(self.closes):
            raise RuleError(f"DrillRules: sites open at {self.opens}, after they close")
        if read_time(self.start) + 60 * self.hours > 24 * 60 - 1:
            raise RuleError(f"DrillRules: hours = {self.hours} leads past midnight")

    @property
    def end(self) -> int:
        """When a day has to end, in minutes after midnight."""
        return read_time(self.start) + int(60 * self.hours)
