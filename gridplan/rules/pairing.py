"""The rules of pairing: institutions and cadres with communities, seats and service centres."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import FOUNDING, check_fields, check_shares, check_words, rule

MEMBERS_SEEN = (
    "arithmetic: 143,000 members of 2,407 institutions, 59.4 each "
    "(China City News, 25 September 2023)"
)
SEATS_SEEN = "arithmetic: 1,608 seats of 757 bodies, 2.12 each (China City News, 25 September 2023)"
DEZHOU = "Dezhou Daily (service centres)"
CIRCLE = "15-minute living circle, about 1 km (upi-planning.org.cn, 2022)"


@dataclass(frozen=True)
class PairingRules:
    """How institutions and cadres are paired with communities."""

    scope: str = rule(
        "urban",
        "urban|all",
        "communities that institutions answer for",
        f"{FOUNDING}: 703 urban communities",
    )
    institutions_least: int = rule(
        1, "institutions", "fewest institutions that answer for a community", FOUNDING, 0
    )
    members_per_community: float = rule(
        60.0,
        "members",
        "members of an institution for each community it can answer for",
        MEMBERS_SEEN,
        1,
    )
    capacity_most: int = rule(
        3, "communities", "communities that one institution answers for, at most", least=1
    )
    farthest: float = rule(
        0.0, "m", "farthest that an institution may be from its community; 0: any distance", least=0
    )
    kept_price: float = rule(2_000.0, "m", "what it costs to give up a pair that stands", least=0)
    need_price: float = rule(
        1_000.0,
        "m",
        "what each institution costs that a community has fewer than its need",
        least=0,
    )
    crowd_price: float = rule(
        500.0, "m", "what each institution costs that a community has more than its need", least=0
    )
    need_elders: float = rule(
        0.5, "weight", "weight of elders in a community's need, beside households with 1", least=0
    )
    need_short: float = rule(
        0.5, "weight", "weight of missing community workers in a community's need", least=0
    )
    cadre_rule: str = rule(
        "one",
        "one|lead_and_others|cadre_and_targets",
        "each cadre has one community; or each community one lead cadre and others; "
        "or each cadre several communities",
        f"{FOUNDING}: says 1+3 and not what is meant",
    )
    cadre_others: int = rule(
        3,
        "number",
        "the 3 of 1+3: other cadres of a community, or communities of a cadre",
        FOUNDING,
        1,
    )
    checkin_share: float = rule(
        1.0, "share", "serving members of an institution who take part", least=0
    )
    checkin_hours: float = rule(1.0, "hours/month", "hours of a member who takes part", least=0)
    seats: int = rule(2, "seats", "outside members of a big committee wanted", SEATS_SEEN, 0)
    seats_most: int = rule(3, "seats", "outside members of a big committee, at most", least=0)
    owners_share: float = rule(
        0.8776, "share", "owners' committees with a Party organisation, target", FOUNDING, 0
    )
    centre_least: float = rule(500.0, "m2", "floor area of a service centre, at least", FOUNDING, 0)
    centre_area: float = rule(
        30.0, "m2/100 households", "floor area of a service centre for its households", DEZHOU, 0
    )
    centre_small: int = rule(
        1_500, "households", "a smaller community needs only the area for its households", DEZHOU, 0
    )
    centre_reach: float = rule(
        1_000.0, "m", "straight distance within which a centre serves", CIRCLE, 1
    )
    centre_within: float = rule(
        0.9, "share", "households within reach of a centre, at least; fewer: a second site", least=0
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_shares(self, "checkin_share", "owners_share", "centre_within")
        check_words(self, "scope", "urban", "all")
        check_words(self, "cadre_rule", "one", "lead_and_others", "cadre_and_targets")
        if self.seats > self.seats_most:
            raise RuleError(
                f"pairing.seats = {self.seats} is above pairing.seats_most = {self.seats_most}"
            )
