"""The rules of coverage: posts, how many each can serve and how soon, and volunteers' work."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import (
    ASSUMED,
    check_fields,
    check_once,
    check_shares,
    check_words,
    rule,
)
from gridplan.rules.old_text import split_numbers, split_rows, split_words
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words

SCOPES = ("city", "subdistrict", "community", "subgrid")
HOUSEHOLDS = "households"
GROUPS = (HOUSEHOLDS, "elders", "children")  # whom a kind of post may serve
SERVICES_SEEN = (
    "minutes: 15-minute living circle (upi-planning.org.cn, 2022), others assumed; "
    "54: as organisation.central_load; 30 m2 for "
    "100 households: Dezhou Daily, with which 500 m2 serve 1,667; "
    "canteens for elders, childcare for children and courtyards: their purpose; "
    "the rest: assumption of gridplan, set your own"
)
CANDIDATES = (
    "service_centre",
    "volunteer_post",
    "community_centre",
    "townhall",
    "market",
    "school",
)

DEMONSTRATION = "demonstration_point"
CENTRAL = "central_household"  # the kind of post whose places say where members live


@dataclass(frozen=True)
class Service:
    """One kind of post: minutes it serves within, what one can serve, and who may go to it.

    ``group`` says of what demand is counted: all households, elders, or
    children. ``capacity`` is in the same, 0 where there is no limit; ``area``
    is m2 of floor for 100 of them, 0 where floor area says nothing.
    """

    kind: str
    minutes: float
    capacity: float
    area: float
    scope: str
    group: str = HOUSEHOLDS

    def __post_init__(self) -> None:
        """Refuse a scope that there is not, and values out of range, all at once."""
        wrong = []
        if self.scope not in SCOPES:
            wrong.append(f"{self.kind} is for no scope there is, {self.scope!r}: {SCOPES}")
        if self.group not in GROUPS:
            wrong.append(f"{self.kind} serves no group there is, {self.group!r}: {GROUPS}")
        if not (self.minutes > 0 and self.capacity >= 0 and self.area >= 0):
            wrong.append(f"{self.kind} has minutes that are not above 0, or something below 0")
        if wrong:
            raise RuleError("; ".join(wrong))


@dataclass(frozen=True)
class Fill:
    """A kind of place that fills the place of a post of another kind: a hospital is a clinic too.

    Examples
    --------
    >>> Fill("hospital", "clinic").kind
    'clinic'
    """

    place: str
    kind: str

    def __post_init__(self) -> None:
        """Refuse a kind that fills itself."""
        if self.place == self.kind:
            raise RuleError(f"{self.place} fills itself, which says nothing: leave the row out")


def _read_services(text: str) -> tuple[Service, ...]:
    """Read what was: kind minutes capacity m2 scope; ..."""
    return tuple(
        Service(kind, float(minutes), float(capacity), float(area), scope)
        for kind, minutes, capacity, area, scope in split_rows(text)
    )


SERVICES = (
    Service(CENTRAL, 5.0, 54.0, 0.0, "subgrid"),
    Service("service_centre", 15.0, 1667.0, 30.0, "community"),
    Service("volunteer_post", 10.0, 0.0, 0.0, "community"),
    Service("canteen", 15.0, 800.0, 0.0, "city", "elders"),
    Service("childcare", 15.0, 0.0, 0.0, "city", "children"),
    Service("clinic", 15.0, 0.0, 0.0, "city"),
    Service("courtyard", 10.0, 0.0, 0.0, "community"),
)
# Measured where a plan has such places; elsewhere nothing is said of what lies beyond its land.
STREET_SERVICE = Service("street_centre", 30.0, 0.0, 0.0, "subdistrict")
FILLS = (
    Fill("hospital", "clinic"),
    Fill("doctors", "clinic"),
    Fill("kindergarten", "childcare"),
    Fill("nursery", "childcare"),
    Fill("elder_canteen", "canteen"),
    Fill("food_court", "canteen"),
    Fill("chuxin_courtyard", "courtyard"),
    Fill("医院", "clinic"),
    Fill("卫生服务站", "clinic"),
    Fill("幼儿园", "childcare"),
    Fill("老年食堂", "canteen"),
    Fill("社区食堂", "canteen"),
    Fill("初心小院", "courtyard"),
    Fill("street_service_centre", "street_centre"),
    Fill("街道党群服务中心", "street_centre"),
)


@dataclass(frozen=True)
class CoverageRules:
    """Who is reached by posts, how many these can serve, and what volunteers can do."""

    services: tuple[Service, ...] = rule(
        SERVICES,
        "",
        "kinds of posts: minutes they serve within, households (or people of the group) of one "
        "post (0: any number), m2 for 100 of them, scope, and group that they serve",
        SERVICES_SEEN,
        old=_read_services,
    )
    fills: tuple[Fill, ...] = rule(
        FILLS,
        "",
        "kinds of places that serve as posts of another kind, too",
    )
    elders: float = rule(
        0.53,
        "people/household",
        "elders (60 and older) where nobody counted them",
        "264 million in 494 million households, Seventh National Population Census, 2020",
        0,
    )
    children: float = rule(
        0.2,
        "people/household",
        "children (under 7) where nobody counted them",
        ASSUMED,
        0,
    )
    thresholds: tuple[float, ...] = rule(
        (5.0, 10.0, 15.0),
        "min",
        "thresholds by which everything is reported",
        "5/10/15-minute living circles, GB 50180-2018",
        old=split_numbers,
    )
    curve: tuple[float, ...] = rule(
        (2.5, 7.5, 12.5, 20.0, 30.0),
        "min",
        "further thresholds of the curve of those in reach",
        old=split_numbers,
    )
    farthest: float = rule(
        3_000.0,
        "m",
        "ways are looked for up to here; what is farther is reported as farther than this",
        least=100,
    )
    stairs: str = rule(
        "middle",
        "middle|upper|none",
        "floor that the stairs are reckoned to: of a stairwell's floors",
        ASSUMED,
    )
    worst: float = rule(
        0.1,
        "share",
        "share of households with the longest ways, whose mean is reported",
        ASSUMED,
        0,
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
    volunteer_visit: float = rule(
        0.5, "hours", "a visit on the volunteer day, with the way", ASSUMED, 0
    )
    candidates: tuple[str, ...] = rule(
        CANDIDATES,
        "",
        "kinds of places where a new post may stand, beside the centres of sub-grids",
        old=split_words,
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be read and values out of range."""
        check_fields(self)
        check_shares(self, "worst", "low")
        check_words(self, "stairs", "middle", "upper", "none")
        check_once(self, "services", "kind")
        for fill in self.fills:
            if self.fills.count(fill) > 1:
                raise RuleError(f"coverage: {fill.place} fills {fill.kind} twice")
        for name in ("thresholds", "curve"):
            minutes = getattr(self, name)
            if not all(value > 0 for value in minutes):
                raise RuleError(f"coverage: {name} holds minutes that are not above 0: {minutes}")
            # frozen, so set by the back door; in order, since figures are read as a curve
            object.__setattr__(self, name, tuple(sorted(set(minutes))))


def say_kind(kind: str, lang: Language = "en") -> str:
    """Say a kind of post; one that only a town's own rules name is said in its own word.

    Examples
    --------
    >>> say_kind("canteen", "zh"), say_kind("tool_library")
    ('社区食堂', 'tool library')
    """
    return list_words("post_kind", lang).get(kind, kind.replace("_", " "))
