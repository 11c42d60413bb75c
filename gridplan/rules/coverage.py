"""The rules of coverage: which posts are looked at, whom one post can serve, within how many minutes, and volunteers' work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, check_fields, check_shares, check_words, rule
from gridplan.tables.schema import Language

SCOPES = ("city", "community", "subgrid")
SERVICES = (
    "central_household 5 54 0 subgrid; service_centre 15 1667 30 community; volunteer_post 10 0 0 community; "
    "canteen 15 1500 0 city; clinic 15 0 0 city"
)
SERVICES_SEEN = (
    "minutes: 15-minute living circle (upi-planning.org.cn, 2022), others assumed; 54: as organisation.central_load; 30 m2 for "
    "100 households: Dezhou Daily, with which 500 m2 serve 1,667; the rest: assumption of gridplan, set your own"
)
CANDIDATES = "service_centre|volunteer_post|community_centre|townhall|market|school"

CENTRAL = "central_household"  # the kind of post whose places say where members live
KINDS: Mapping[str, tuple[str, str]] = {
    CENTRAL: ("central household", "中心户"),
    "service_centre": ("service centre", "党群服务中心"),
    "volunteer_post": ("volunteer post", "志愿服务点"),
    "canteen": ("canteen", "社区食堂"),
    "clinic": ("clinic", "卫生服务站"),
}  # words of a map and of plots


@dataclass(frozen=True)
class Service:
    """One kind of post: within how many minutes it serves, how many households one post can, and who may go to it.

    ``capacity`` is 0 where there is no limit; ``area`` is m2 of floor for 100
    households, 0 where floor area says nothing.
    """

    kind: str
    minutes: float
    capacity: float
    area: float
    scope: str


@dataclass(frozen=True)
class CoverageRules:
    """Whom posts reach, whom they can serve, and what volunteers can do."""

    services: str = rule(
        SERVICES,
        "",
        "kinds of posts: kind minutes capacity m2/100 households city|community|subgrid; ...",
        SERVICES_SEEN,
    )
    thresholds: str = rule(
        "5 10 15",
        "min",
        "thresholds by which everything is told",
        "5/10/15-minute living circles, GB 50180-2018",
    )
    curve: str = rule(
        "2.5 7.5 12.5 20 30", "min", "further thresholds of the curve of those in reach"
    )
    farthest: float = rule(
        3_000.0,
        "m",
        "ways are looked for up to here; what is farther is told as farther than this",
        least=100,
    )
    stairs: str = rule(
        "middle",
        "middle|upper|none",
        "floor that the stairs are reckoned to: of a stairwell's floors",
        ASSUMED,
    )
    worst: float = rule(
        0.1, "share", "share of households with the longest ways, whose mean is told", ASSUMED, 0
    )
    low: float = rule(0.8, "share", "communities with less in reach are counted", ASSUMED, 0)
    requests_urban: float = rule(
        2.0, "requests/100 households/month", "requests for help in towns", ASSUMED, 0
    )
    requests_rural: float = rule(
        2.0, "requests/100 households/month", "requests for help in the country", ASSUMED, 0
    )
    request_hours: float = rule(
        1.0, "hours", "a volunteer's time for one request, without the way", ASSUMED, 0
    )
    volunteer_hours: float = rule(
        2.0, "hours/month", "hours that a registered volunteer gives", ASSUMED, 0
    )
    candidates: str = rule(
        CANDIDATES,
        "",
        "kinds of places where a new post may stand, beside the centres of sub-grids",
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be read and values out of range."""
        check_fields(self)
        check_shares(self, "worst", "low")
        check_words(self, "stairs", "middle", "upper", "none")
        read_services(self.services)
        read_minutes(self.thresholds)
        read_minutes(self.curve)


def read_services(text: str) -> list[Service]:
    """Read kinds of posts from their short form; everything that is wrong is told at once.

    Examples
    --------
    >>> read_services("canteen 15 1500 0 city")
    [Service(kind='canteen', minutes=15.0, capacity=1500.0, area=0.0, scope='city')]
    >>> read_services("canteen 15 city")
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: coverage.services: 'canteen 15 city' is not: kind minutes capacity m2 city|community|subgrid
    """
    found: list[Service] = []
    wrong = []
    for part in (own.strip() for own in text.split(";")):
        if not part:
            continue
        try:
            kind, minutes, capacity, area, scope = part.split()
            one = Service(kind, float(minutes), float(capacity), float(area), scope)
        except ValueError:
            wrong.append(f"{part!r} is not: kind minutes capacity m2 city|community|subgrid")
            continue
        if scope not in SCOPES:
            wrong.append(f"{part!r} is for neither city, community nor subgrid")
        if not (one.minutes > 0 and one.capacity >= 0 and one.area >= 0):
            wrong.append(f"{part!r} has minutes, a capacity or an area below 0")
        if kind in {s.kind for s in found}:
            wrong.append(f"{kind} stands twice")
        found.append(one)
    if wrong or not found:
        raise RuleError("coverage.services: " + "; ".join(wrong or ["there is none"]))
    return found


def read_minutes(text: str) -> Sequence[float]:
    """Read thresholds in minutes, in order.

    Examples
    --------
    >>> read_minutes("15 5 10")
    [5.0, 10.0, 15.0]
    """
    try:
        values = sorted({float(word) for word in text.split()})
    except ValueError as error:
        raise RuleError(f"coverage: {text!r} is not a list of minutes") from error
    if any(not value > 0 for value in values):
        raise RuleError(f"coverage: {text!r} holds minutes that are not above 0")
    return values


def say_kind(kind: str, lang: Language = "en") -> str:
    """Say a kind of post; one that a town's own rules name is said in its own word.

    Examples
    --------
    >>> say_kind("canteen", "zh"), say_kind("tool_library")
    ('社区食堂', 'tool library')
    """
    return KINDS[kind][1 if lang == "zh" else 0] if kind in KINDS else kind.replace("_", " ")
