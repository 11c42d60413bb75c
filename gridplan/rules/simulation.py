"""The rules of simulation: how often help is asked for and when, who is on duty when, and who is sent."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, check_shares, check_words, rule

KINDS = ("request", "wish")  # 民呼我应, 微心愿
ROLES = (
    "grid_leader",
    "grid_worker_full",
    "grid_worker_part",
    "central_household",
    "building_captain",
    "stairwell_captain",
    "volunteer",
    "street_staff",
)
POLICIES = ("nearest", "own_first", "escalate")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# minutes
DAY = 1440
WEEK = 10080

WARNINGS = "warnings at 24 h and 3 days (weak: siping.gov.cn, 2025)"
CLOSED = "Zhejiang, 2022: grids closed 91.2 % of what they reported (xcgbb)"
SATURDAYS = f"{FOUNDING}: volunteer day every Saturday; hours and share assumed"
WISHED = f"assumption of gridplan; {FOUNDING} tells of 9,700 people served, 0.03 if within one year"
OFFICE = "Mon-Fri 08:30-12:00 14:00-17:30"
EVENINGS = "Mon-Fri 18:00-21:00; Sat-Sun 09:00-12:00 14:00-20:00"
BY_HOUR = "0.2 0.1 0.1 0.1 0.1 0.2 0.5 1.0 1.8 2.2 2.2 1.6 1.0 1.2 1.8 2.0 1.8 1.4 1.2 1.1 1.0 0.8 0.4 0.2"


@dataclass(frozen=True)
class Turn:
    """When the posts of one role are on duty, for which kinds, and how likely a post is there on a day of duty.

    ``spans`` are minutes of the week from Monday 00:00, ``low`` and ``high``
    the range of the share of days.
    """

    kinds: tuple[str, ...]
    low: float
    high: float
    spans: tuple[tuple[int, int], ...]

    @property
    def minutes(self) -> int:
        """Minutes of duty in a week."""
        return sum(end - begin for begin, end in self.spans)


@dataclass(frozen=True)
class SimulationRules:
    """What is asked for, who is on duty, who is sent, and what counts as in time.

    Requests come at ``coverage.requests_urban`` and ``requests_rural`` and
    take ``coverage.request_hours`` on average.
    """

    wishes_urban: float = rule(
        0.1, "wishes/100 households/month", "small wishes in towns", WISHED, 0
    )
    wishes_rural: float = rule(
        0.1, "wishes/100 households/month", "small wishes in the country", WISHED, 0
    )
    request_by_hour: str = rule(
        BY_HOUR, "", "weights of the hours of a day, from midnight", ASSUMED
    )
    wish_by_hour: str = rule(BY_HOUR, "", "the same for wishes", ASSUMED)
    by_weekday: str = rule(
        "1.1 1.1 1.1 1.1 1.1 0.8 0.7", "", "weights of the days, from Monday", ASSUMED
    )
    by_month: str = rule(
        "1.2 1.1 1 1 1 1 1.1 1.1 1 1 1.1 1.2",
        "",
        "weights of the months: heating and rain",
        ASSUMED,
    )
    demand_low: float = rule(
        0.7, "share", "demand at the least, of what is given above", ASSUMED, 0
    )
    demand_high: float = rule(1.4, "share", "demand at the most", ASSUMED, 0)
    error_shared: float = rule(
        0.5,
        "share",
        "share of the error of estimated households that all buildings have in common",
        ASSUMED,
        0,
    )
    wish_hours: float = rule(2.0, "hours", "time that one wish takes, without the way", ASSUMED, 0)
    community_hours: float = rule(
        1.0, "hours", "further work at the community on what comes up to it", ASSUMED, 0
    )
    street_hours: float = rule(
        2.0, "hours", "further work at the subdistrict on what comes up to it", ASSUMED, 0
    )
    work_shape: str = rule(
        "lognormal", "lognormal|exponential|fixed", "how the time of work is spread", ASSUMED
    )
    work_cv: float = rule(
        1.0, "share", "standard deviation of a lognormal time of work, of its mean", ASSUMED, 0
    )
    request_up: float = rule(
        0.088, "share", "requests that go up from the grid to the community", CLOSED, 0
    )
    request_street: float = rule(
        0.02, "share", "requests that go up to the subdistrict; among those above", ASSUMED, 0
    )
    wish_up: float = rule(0.02, "share", "wishes that go up to the community", ASSUMED, 0)
    wish_street: float = rule(0.0, "share", "wishes that go up to the subdistrict", ASSUMED, 0)
    green_hours: float = rule(24.0, "hours", "resolved within this: green", WARNINGS, 0)
    yellow_hours: float = rule(
        72.0, "hours", "resolved within this: yellow; later or never: red", WARNINGS, 0
    )
    request_patience: float = rule(
        7.0, "days", "mean wait after which a request is withdrawn; 0: never", ASSUMED, 0
    )
    wish_patience: float = rule(
        60.0, "days", "mean wait after which a wish is withdrawn; 0: never", ASSUMED, 0
    )
    policy: str = rule(
        "own_first",
        "nearest|own_first|escalate",
        "who is sent: the nearest, the sub-grid's own first, or level by level",
    )
    wish_policy: str = rule(
        "claim",
        "claim|dispatch",
        "whether wishes lie on a list for volunteers, or are sent like requests",
    )
    own_wait: float = rule(
        30.0,
        "min",
        "with escalate: time before neighbouring sub-grids and volunteers are asked",
        ASSUMED,
        0,
    )
    community_wait: float = rule(
        120.0, "min", "with escalate: time before the community is asked", ASSUMED, 0
    )
    street_wait: float = rule(1440.0, "min", "time before the subdistrict is asked", ASSUMED, 0)
    claim_days: float = rule(
        14.0,
        "days",
        "time after which a wish that no volunteer claimed is sent like a request",
        ASSUMED,
        0,
    )
    walks_back: bool = rule(True, "", "whether the way back keeps a post busy")
    grid_leader: str = rule(
        f"request 0.2-0.6 {EVENINGS}",
        "",
        "kinds, share of days there (low-high), hours of duty",
        ASSUMED,
    )
    grid_worker_full: str = rule(f"request+wish 0.7-0.95 {OFFICE}", "", "the same", ASSUMED)
    grid_worker_part: str = rule(f"request+wish 0.3-0.7 {EVENINGS}", "", "the same", ASSUMED)
    central_household: str = rule("request 0.3-0.7 Mon-Sun 07:00-21:00", "", "the same", ASSUMED)
    building_captain: str = rule(f"request 0.2-0.5 {EVENINGS}", "", "the same", ASSUMED)
    stairwell_captain: str = rule(f"request 0.2-0.5 {EVENINGS}", "", "the same", ASSUMED)
    volunteer: str = rule("request+wish 0.1-0.4 Sat 09:00-11:30", "", "the same", SATURDAYS)
    street_staff: str = rule(f"request+wish 0.8-0.95 {OFFICE}", "", "the same", ASSUMED)
    street_per_10000: float = rule(
        4.0,
        "posts/10,000 households",
        "staff of a subdistrict who answer, at least one",
        ASSUMED,
        0,
    )
    street_minutes: float = rule(
        20.0, "min", "way of the subdistrict's staff to a sub-grid", ASSUMED, 0
    )
    warm_days: int = rule(7, "days", "days that run before anything is counted", ASSUMED, 0)
    after_days: int = rule(
        7, "days", "days that run on, so that what came last has its time", ASSUMED, 0
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be read and values out of range."""
        check_fields(self)
        check_shares(self, "error_shared", "request_up", "request_street", "wish_up", "wish_street")
        check_words(self, "work_shape", "lognormal", "exponential", "fixed")
        check_words(self, "policy", *POLICIES)
        check_words(self, "wish_policy", "claim", "dispatch")
        for name, count in (
            ("request_by_hour", 24),
            ("wish_by_hour", 24),
            ("by_weekday", 7),
            ("by_month", 12),
        ):
            read_weights(name, getattr(self, name), count)
        for role in ROLES:
            read_turn(role, getattr(self, role))
        orders = [("demand_low", "demand_high"), ("green_hours", "yellow_hours")]
        orders += [("request_street", "request_up"), ("wish_street", "wish_up")]
        wrong = [
            f"{low} is above {high}"
            for low, high in orders
            if getattr(self, low) > getattr(self, high)
        ]
        if not self.demand_low <= 1.0 <= self.demand_high:
            wrong.append("demand_low and demand_high do not have 1 between them")
        if wrong:
            raise RuleError(f"simulation: {'; '.join(wrong)}")


def read_weights(name: str, text: str, count: int) -> tuple[float, ...]:
    """Read weights and bring them to a mean of 1.

    Examples
    --------
    >>> read_weights("by_weekday", "1 1 1 1 1 0 2", 7)
    (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 2.0)
    """
    try:
        values = [float(word) for word in text.split()]
    except ValueError as error:
        raise RuleError(f"simulation.{name}: {text!r} is not a list of numbers") from error
    if len(values) != count or not all(0 <= v < math.inf for v in values) or not sum(values) > 0:
        raise RuleError(
            f"simulation.{name}: {count} numbers from 0 are wanted, not all 0, not {text!r}"
        )
    return tuple(v * count / sum(values) for v in values)


def read_turn(role: str, text: str) -> Turn:
    """Read a turn of duty: kinds, share of days (one number or low-high), days and hours; further days after a semicolon.

    Examples
    --------
    >>> read_turn("volunteer", "request+wish 0.1-0.4 Sat 09:00-11:30")
    Turn(kinds=('request', 'wish'), low=0.1, high=0.4, spans=((7740, 7890),))
    >>> read_turn("volunteer", "wish 2 Sat 9-11")
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: simulation.volunteer: a share of days is from 0 to 1, low first; '9-11' is not such as 09:00-11:30
    """
    words = text.replace(";", " ; ").split()
    if len(words) < 2:
        raise RuleError(
            f"simulation.{role}: {text!r} is not such as: request+wish 0.3-0.7 Mon-Fri 18:00-21:00; Sat 09:00-12:00"
        )
    kinds = tuple(words[0].split("+"))
    wrong = [f"{kind!r} is neither request nor wish" for kind in kinds if kind not in KINDS]
    low = 0.0
    high = 0.0
    try:
        low, high = (float(part) for part in (words[1].split("-") * 2)[:2])
    except ValueError:
        wrong.append(f"{words[1]!r} is not a share of days")
    if not 0 <= low <= high <= 1:
        wrong.append("a share of days is from 0 to 1, low first")
    spans, told = _read_spans(words[2:])
    wrong += told
    if not wrong and not spans:
        wrong.append("there are no hours of duty")
    if (
        any(a[1] > b[0] for a, b in zip(spans, [*spans[1:], (spans[0][0] + WEEK, 0)], strict=True))
        if spans
        else False
    ):
        wrong.append("hours of duty overlap")
    if wrong:
        raise RuleError(f"simulation.{role}: {'; '.join(wrong)}")
    return Turn(kinds, low, high, tuple(spans))


def _read_spans(words: list[str]) -> tuple[list[tuple[int, int]], list[str]]:
    """Read days and hours as minutes of the week; an end that is not after the begin is on the next day."""
    spans = []
    wrong = []
    days: list[int] = []
    for word in words:
        hours = re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)", word)
        ends = word.split("-")
        if word == ";":
            days = []
        elif hours:
            a, b, c, d = map(int, hours.groups())
            begin = 60 * a + b
            end = 60 * c + d
            spans += [(DAY * day + begin, DAY * day + end + DAY * (end <= begin)) for day in days]
            if not days:
                wrong.append(f"{word!r} has no day before it")
        elif len(ends) <= 2 and all(end in DAYS for end in ends):
            first = DAYS.index(ends[0])
            last = DAYS.index(ends[-1])
            days += [(first + n) % 7 for n in range((last - first) % 7 + 1)]
        else:
            wrong.append(
                f"{word!r} is not such as " + ("09:00-11:30" if word[:1].isdigit() else "Mon-Fri")
            )
    return sorted(spans), wrong
