"""The rules of simulation: how often help is asked for, who is on duty when, and who is sent."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, check_shares, check_words, rule
from gridplan.rules.old_text import split_numbers, split_words

KINDS = ("request", "wish")  # 民呼我应, 微心愿
POLICIES = ("nearest", "own_first", "escalate")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = 1440  # minutes
WEEK = 7 * DAY
# 24:00 is the end of a day; 00:00 its beginning
CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d|24:00").fullmatch

WARNINGS = "warnings at 24 h and 3 days (weak: siping.gov.cn, 2025)"
CLOSED = "Zhejiang, 2022: grids closed 91.2 % of what they reported (xcgbb)"
SATURDAYS = f"{FOUNDING}: volunteer day every Saturday; hours and share assumed"
WISHED = f"assumption of gridplan; {FOUNDING} reports 9,700 people served, 0.03 if within one year"
THEMES = (
    *("visits before the Spring Festival", "care for those who live alone", "clean courtyards"),
    *("trees and gardens", "help for workers", "help for the disabled"),
    *("the Party's day: members at the door", "cool places in the heat", "back to school"),
    *("care for elders", "fire safety", "heating and warm clothes"),
)
# from midnight: quiet nights, most calls in the morning, a dip at noon
BY_HOUR = (
    *(0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.8, 2.2, 2.2, 1.6),
    *(1.0, 1.2, 1.8, 2.0, 1.8, 1.4, 1.2, 1.1, 1.0, 0.8, 0.4, 0.2),
)
# from January: heating in winter, rain in summer
BY_MONTH = (1.2, 1.1, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.0, 1.0, 1.1, 1.2)


@dataclass(frozen=True)
class Shift:
    """Hours of duty on some days of the week; an end not after the begin is on the next day.

    Examples
    --------
    >>> Shift(("Sat",), "09:00", "11:30").spans
    ((7740, 7890),)
    """

    days: tuple[str, ...]
    begin: str
    end: str

    def __post_init__(self) -> None:
        """Refuse days and times of day that there are not, all at once."""
        wrong = [f"{day!r} is not such as Mon" for day in self.days if day not in DAYS]
        wrong += [
            f"{time!r} is not such as 09:00" for time in (self.begin, self.end) if not CLOCK(time)
        ]
        if not self.days:
            wrong.append("there is no day")
        if wrong:
            raise RuleError("; ".join(wrong))

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Begin and end in minutes of the week, from Monday 00:00, for each day."""
        begin, end = (60 * int(time[:-3]) + int(time[-2:]) for time in (self.begin, self.end))
        # a night shift ends on the next day
        end += DAY * (end <= begin)
        return tuple((DAY * n + begin, DAY * n + end) for n in map(DAYS.index, self.days))


@dataclass(frozen=True)
class Turn:
    """When the posts of one role are on duty, for which kinds, and how often they are there.

    ``low`` and ``high`` are the range of the share of days of duty on which a
    post is there.

    Examples
    --------
    >>> early, late = Shift(("Sat",), "9:00", "11:00"), Shift(("Sat",), "10:00", "12:00")
    >>> Turn(("wish",), 0.5, 0.2, (early, late))
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: a share of days is from 0 to 1, low first; hours of duty overlap
    """

    kinds: tuple[str, ...]
    low: float
    high: float
    shifts: tuple[Shift, ...]

    def __post_init__(self) -> None:
        """Refuse unknown kinds, shares that are none, and hours that overlap, all at once."""
        wrong = [
            f"{kind!r} is neither request nor wish" for kind in self.kinds if kind not in KINDS
        ]
        if not 0 <= self.low <= self.high <= 1:
            wrong.append("a share of days is from 0 to 1, low first")
        spans = self.spans
        if not spans:
            wrong.append("there are no hours of duty")
        # the first span of the week follows on the last, a week later
        following = [*spans[1:], *((begin + WEEK, 0) for begin, _ in spans[:1])]
        if any(end > begin for (_, end), (begin, _) in zip(spans, following, strict=True)):
            wrong.append("hours of duty overlap")
        if wrong:
            raise RuleError("; ".join(wrong))

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Minutes of the week from Monday 00:00 at which duty begins and ends, in order."""
        return tuple(sorted(span for shift in self.shifts for span in shift.spans))

    @property
    def minutes(self) -> int:
        """Minutes of duty in a week."""
        return sum(end - begin for begin, end in self.spans)


def _read_turn(text: str) -> Turn:
    """Read what was: kinds low-high days hours ...; days hours ..."""
    kinds, share, *words = text.replace(";", " ; ").split()
    # a single share, 0.5, was both ends of the range
    low, high = (float(part) for part in (share.split("-") * 2)[:2])
    shifts = []
    days: list[str] = []
    for word in words:
        begin, _, end = word.partition("-")
        if word == ";":
            days = []
        elif ":" in word:
            shifts.append(Shift(tuple(days), begin, end))
        else:
            first = DAYS.index(begin)
            last = DAYS.index(end or begin)
            # Fri-Mon goes over the end of the week
            days += [DAYS[(first + n) % 7] for n in range((last - first) % 7 + 1)]
    return Turn(tuple(kinds.split("+")), low, high, tuple(shifts))


BOTH = ("request", "wish")
WEEKDAYS = DAYS[:5]
# hours of duty that several roles share; spans of one role must not overlap
OFFICE = (Shift(WEEKDAYS, "08:30", "12:00"), Shift(WEEKDAYS, "14:00", "17:30"))
EVENINGS = (
    Shift(WEEKDAYS, "18:00", "21:00"),
    Shift(DAYS[5:], "09:00", "12:00"),
    Shift(DAYS[5:], "14:00", "20:00"),
)
DAYTIME = (Shift(DAYS, "07:00", "21:00"),)
SATURDAY = (Shift(("Sat",), "09:00", "11:30"),)


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
    request_by_hour: tuple[float, ...] = rule(
        BY_HOUR, "", "weights of the hours of a day, from midnight", old=split_numbers
    )
    wish_by_hour: tuple[float, ...] = rule(BY_HOUR, "", "the same for wishes", old=split_numbers)
    by_weekday: tuple[float, ...] = rule(
        (1.1, 1.1, 1.1, 1.1, 1.1, 0.8, 0.7),
        "",
        "weights of the days, from Monday",
        old=split_numbers,
    )
    by_month: tuple[float, ...] = rule(
        BY_MONTH, "", "weights of the months: heating and rain", old=split_numbers
    )
    demand_low: float = rule(
        0.7, "share", "demand at the least, of what is given above", ASSUMED, 0
    )
    demand_high: float = rule(1.4, "share", "demand at the most", ASSUMED, 0)
    error_shared: float = rule(
        0.3,
        "share",
        "share of the error of estimated households that all buildings have in common",
        ASSUMED,
        0,
    )
    error_near: float = rule(
        0.3, "share", "share of that error that neighbours have in common", ASSUMED, 0
    )
    error_reach: float = rule(
        100.0,
        "m",
        "distance over which the errors of neighbours become unlike",
        "public blocks of Sembawang and lots of Lower Manhattan: errors alike by 0.2 to 0.9 within "
        "60 m, by 0.1 at 120 to 200 m, and by less beyond; set your own",
        1,
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
    satisfied_green: float = rule(
        0.95, "share", "of those whose request was resolved green, the share satisfied", ASSUMED, 0
    )
    satisfied_yellow: float = rule(0.75, "share", "the same of yellow ones", ASSUMED, 0)
    satisfied_red: float = rule(
        0.3, "share", "the same of red ones: resolved later or never", ASSUMED, 0
    )
    request_intake: float = rule(
        10.0,
        "min",
        "time in which a request is taken down, passed on and somebody gets ready to go",
        ASSUMED,
        0,
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
    grid_leader: Turn = rule(
        Turn(("request",), 0.2, 0.6, EVENINGS),
        "",
        "kinds of requests, share of days there (low, high), hours of duty",
        old=_read_turn,
    )
    grid_worker_full: Turn = rule(Turn(BOTH, 0.7, 0.95, OFFICE), "", "the same", old=_read_turn)
    grid_worker_part: Turn = rule(Turn(BOTH, 0.3, 0.7, EVENINGS), "", "the same", old=_read_turn)
    central_household: Turn = rule(
        Turn(("request",), 0.3, 0.7, DAYTIME), "", "the same", old=_read_turn
    )
    building_captain: Turn = rule(
        Turn(("request",), 0.2, 0.5, EVENINGS), "", "the same", old=_read_turn
    )
    stairwell_captain: Turn = rule(
        Turn(("request",), 0.2, 0.5, EVENINGS), "", "the same", old=_read_turn
    )
    volunteer: Turn = rule(
        Turn(BOTH, 0.1, 0.4, SATURDAY), "", "the same", SATURDAYS, old=_read_turn
    )
    volunteer_themes: tuple[str, ...] = rule(
        THEMES,
        "",
        "theme of the volunteer days of each month, from January",
        f"{FOUNDING}: one theme a month; which ones is assumed",
        old=split_words,
    )
    street_staff: Turn = rule(Turn(BOTH, 0.8, 0.95, OFFICE), "", "the same", old=_read_turn)
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
        check_shares(self, "error_shared", "error_near")
        check_shares(self, "satisfied_green", "satisfied_yellow", "satisfied_red")
        check_shares(self, "request_up", "request_street", "wish_up", "wish_street")
        check_words(self, "work_shape", "lognormal", "exponential", "fixed")
        check_words(self, "policy", *POLICIES)
        check_words(self, "wish_policy", "claim", "dispatch")
        for name, count in (
            ("request_by_hour", 24),
            ("wish_by_hour", 24),
            ("by_weekday", 7),
            ("by_month", 12),
        ):
            weights = getattr(self, name)
            usable = all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0
            if len(weights) != count or not usable:
                raise RuleError(
                    f"simulation.{name}: {count} numbers from 0 are wanted, not all 0, "
                    f"not {weights}"
                )
        if len(self.volunteer_themes) != 12:
            raise RuleError(
                f"simulation.volunteer_themes: 12 are wanted, not {len(self.volunteer_themes)}"
            )
        # what goes to the subdistrict went up to the community before
        orders = [("demand_low", "demand_high"), ("green_hours", "yellow_hours")]
        orders += [("request_street", "request_up"), ("wish_street", "wish_up")]
        wrong = [
            f"{low} is above {high}"
            for low, high in orders
            if getattr(self, low) > getattr(self, high)
        ]
        # the demand as given, 1, must be possible
        if not self.demand_low <= 1.0 <= self.demand_high:
            wrong.append("demand_low and demand_high do not have 1 between them")
        if wrong:
            raise RuleError(f"simulation: {'; '.join(wrong)}")

    @property
    def near_multiple(self) -> float:
        """The share of errors that neighbours share, as a multiple of that of all buildings."""
        near = min(self.error_near, 1.0 - self.error_shared)
        return near / self.error_shared if self.error_shared > 0 else 0.0


def scale_weights(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Scale weights to a mean of 1.

    Examples
    --------
    >>> scale_weights((1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 9.0))
    (0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 4.5)
    """
    return tuple(weight * len(weights) / sum(weights) for weight in weights)
