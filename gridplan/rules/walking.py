"""The rules of walking: how fast, how far to the street, and what replaces unknown streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, check_fields, check_shares, rule
from gridplan.rules.old_text import split_words

CIRCLE = "15-minute living circle, about 1 km (upi-planning.org.cn, 2022)"
OLDER = "768 older adults at risk of losing mobility walked 0.76 m/s (University of Bath)"
DETOUR_SEEN = (
    "measured: median of pairs of doors 100 to 1,000 m apart, "
    "1.43 in Liechtenstein (OpenStreetMap, 2015)"
)
# OpenStreetMap's classes, and the words of Chinese tables of roads
NOT_WALKED = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "raceway",
    "bus_guideway",
    "escape",
    "elevator",
    "construction",
    "proposed",
    "高速",
    "高速公路",
    "快速路",
)


def find_minutes(metres: Any, speed: Any) -> Any:
    """Find the minutes that a way takes at a speed in metres a minute; both are numbers or arrays.

    Examples
    --------
    >>> find_minutes(670.0, 67.0)
    10.0
    """
    return metres / speed


@dataclass(frozen=True)
class WalkingRules:
    """How people walk: along which streets, how fast, and from the door to the street."""

    # 1 km in 15 minutes
    speed: float = rule(67.0, "m/min", "walking speed", CIRCLE, 1)
    # 0.76 m/s
    slow_speed: float = rule(46.0, "m/min", "walking speed of slower walkers", OLDER, 1)
    slow_share: float = rule(0.2, "share", "share of people who walk slowly", ASSUMED, 0)
    floor_minutes: float = rule(0.3, "min", "time for the stairs of one floor", ASSUMED, 0)
    slow_floor_minutes: float = rule(
        0.5, "min", "time for the stairs of one floor of slower walkers", ASSUMED, 0
    )
    not_walked: tuple[str, ...] = rule(
        NOT_WALKED, "", "kinds of streets that nobody walks along", old=split_words
    )
    access_limit: float = rule(250.0, "m", "longest way from a door to the nearest street", least=0)
    opening_reach: float = rule(
        25.0, "m", "a street passes a hard barrier at an opening no farther than this", least=0
    )
    gate_reach: float = rule(
        5.0,
        "m",
        "a way that crosses a wall no farther than this from a gate goes through the gate",
        least=0,
    )
    join_reach: float = rule(
        0.5, "m", "the loose end of a street joins another no farther than this", least=0
    )
    straight_reach: float = rule(
        50.0,
        "m",
        "doors no farther apart walk straight to each other, times the detour, "
        "where nothing lies between",
        least=0,
    )
    detour: float = rule(
        1.4,
        "m/m",
        "way on foot for each metre of straight line where no streets are known",
        DETOUR_SEEN,
        1,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range, and slow walkers who are faster."""
        check_fields(self)
        check_shares(self, "slow_share")
        if self.slow_speed > self.speed:
            raise RuleError(f"walking.slow_speed = {self.slow_speed} is above speed = {self.speed}")

    def to_minutes(self, metres: Any, *, slow: bool = False) -> Any:
        """Turn metres along a way into minutes on foot, without stairs.

        Examples
        --------
        >>> WalkingRules().to_minutes(670.0), WalkingRules().to_minutes(460.0, slow=True)
        (10.0, 10.0)
        """
        return find_minutes(metres, self.slow_speed if slow else self.speed)

    def to_metres(self, minutes: Any) -> Any:
        """Return how far somebody walks in some minutes, in metres.

        Examples
        --------
        >>> WalkingRules().to_metres(15)
        1005.0
        """
        return minutes * self.speed
