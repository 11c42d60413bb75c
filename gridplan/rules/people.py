"""The rules of exclusive, special and upper grids, of organisation, staffing, pairing, rating and disclosure."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, check_shares, check_words, rule

TANGSHAN = "NetEase Hebei, 4 September 2023 (Tangshan)"
BRANCH_RULES = "CPC regulations on the work of Party branches (trial), 2018"
PARTY_LEVELS = (
    "usual reading of the Party's constitution; advice, approved by the higher organisation"
)
GROUP_RULES = "practice of Party groups: 3 members, one of them full"
SEATS = "practice of branch committees: below 7 full members a secretary, else 3 to 5, generally at most 7"
CENTRAL = "assumption: the rural mean that Tangshan's counts imply, which gives its 1.015 for each sub-grid"
GANSU = "Gansu Daily, 2023 (community workers)"
COUNTY_GRIDS = "a county's grid rules (gcrd.gov.cn)"
MEMBERS_SEEN = "arithmetic: 143,000 members of 2,407 institutions, 59.4 each (China City News, 25 September 2023)"
SEATS_SEEN = "arithmetic: 1,608 seats of 757 bodies, 2.12 each (China City News, 25 September 2023)"
DEZHOU = "Dezhou Daily (service centres)"
CIRCLE = "15-minute living circle, about 1 km (upi-planning.org.cn, 2022)"


@dataclass(frozen=True)
class ExclusiveRules:
    """Which stand-alone institutions get an exclusive grid, and how much land."""

    drawn: bool = rule(True, "", "whether exclusive grids are carved out", TANGSHAN)
    kinds: str = rule(
        "school|hospital|enterprise|mall|market",
        "",
        "kinds of places and institutions that get one",
        TANGSHAN,
    )
    smallest: float = rule(1_000.0, "m2", "least land of an exclusive grid", least=0)
    margin: float = rule(
        10.0, "m", "land round an institution's buildings where no outline is given", least=0
    )
    most_households: int = rule(
        5,
        "households",
        "an institution with more households on its land is left to sub-grids",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class SpecialRules:
    """How rivers, lakes and railways are cut into special grids."""

    drawn: bool = rule(True, "", "whether special grids are drawn", TANGSHAN)
    kinds: str = rule(
        "river|lake|railway", "", "kinds of barriers that get special grids", TANGSHAN
    )
    length: float = rule(1_000.0, "m", "usual length of a stretch", least=50)
    touch: float = rule(5.0, "m", "distance at which a sub-grid touches a stretch", least=0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class GridRules:
    """The optional upper layer: grids of whole sub-grids."""

    drawn: bool = rule(False, "", "whether an upper layer of grids is drawn")
    low: int = rule(
        300,
        "households",
        "least number of households of a grid",
        "an Anhui county, 2016: 300 to 500",
        1,
    )
    target: int = rule(
        400, "households", "number of households aimed at", "middle of 300 to 500", 1
    )
    high: int = rule(
        500,
        "households",
        "greatest number of households of a grid",
        "an Anhui county, 2016: 300 to 500",
        1,
    )

    def __post_init__(self) -> None:
        """Refuse limits that are not in order."""
        check_fields(self)
        if not self.low <= self.target <= self.high:
            raise RuleError(
                f"grids needs low <= target <= high, not {self.low}, {self.target}, {self.high}"
            )


@dataclass(frozen=True)
class OrganisationRules:
    """Sizes of Party organisations, prices of joining and dividing them, and the load of central households."""

    version: str = rule("2023-09", "", "version of this set of rules", FOUNDING)
    branch_full: int = rule(
        3, "full members", "fewest full members of a branch", f"{BRANCH_RULES}, Art. 4", 1
    )
    branch_most: int = rule(
        50, "members", "members of a branch, generally at most", f"{BRANCH_RULES}, Art. 4", 1
    )
    joint_places: int = rule(
        5, "places", "places of a joint branch, generally at most", f"{BRANCH_RULES}, Art. 5", 2
    )
    general_over: int = rule(
        50, "members", "over this, a general branch is advised", PARTY_LEVELS, 1
    )
    committee_over: int = rule(100, "members", "over this, a committee is advised", PARTY_LEVELS, 1)
    group_least: int = rule(3, "members", "fewest members of a group", GROUP_RULES, 1)
    group_full: int = rule(1, "full members", "fewest full members of a group", GROUP_RULES, 1)
    group_target: int = rule(
        20, "members", "members of a group aimed at", "weak: central state organs divide from 20", 1
    )
    group_most: int = rule(
        30, "members", "members of a group at most, where buildings allow", ASSUMED, 1
    )
    committee_full: int = rule(
        7, "full members", "a branch has a committee from here, else a secretary only", SEATS, 1
    )
    seats_least: int = rule(3, "seats", "seats of the smallest branch committee", SEATS, 1)
    seats_most: int = rule(
        5, "seats", "seats of the largest branch committee; the regulations allow 7", SEATS, 1
    )
    seats_step: int = rule(
        20, "full members", "further full members for each further seat", ASSUMED, 1
    )
    community_seats: int = rule(
        5, "seats", "seats of a committee or general branch of a community", ASSUMED, 1
    )
    price_branch: float = rule(5_000.0, "member-metres", "price of one branch more", ASSUMED, 0)
    price_group: float = rule(500.0, "member-metres", "price of one group more", ASSUMED, 0)
    price_imbalance: float = rule(
        20.0, "m", "price of each member off the even size, as metres walked", ASSUMED, 0
    )
    price_unserved: float = rule(
        10_000.0, "m", "price of each member left without a branch, as metres walked", ASSUMED, 0
    )
    available_share: float = rule(
        0.89, "share", "full members able to hold a post", "Miyun: about 42,000 of 47,181", 0
    )
    central_load: int = rule(
        54, "households", "households of a central household; over it, a second", CENTRAL, 1
    )
    central_warn: int = rule(
        10,
        "households",
        "usual load elsewhere, for the warning and what-if",
        "Xingan, Jiangyin 1+10+N",
        1,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range and rules that contradict each other, naming all of them at once."""
        check_fields(self)
        pairs = [
            ("branch_full", "branch_most"),
            ("group_least", "group_target"),
            ("group_target", "group_most"),
            ("group_full", "group_least"),
            ("group_least", "branch_full"),
            ("group_full", "branch_full"),
            ("general_over", "committee_over"),
            ("seats_least", "seats_most"),
        ]
        wrong = [
            f"{a} = {getattr(self, a)} is above {b} = {getattr(self, b)}"
            for a, b in pairs
            if getattr(self, a) > getattr(self, b)
        ]
        if self.available_share > 1:
            wrong.append(f"available_share = {self.available_share} is above 1")
        if wrong:
            raise RuleError("organisation: " + "; ".join(wrong))


@dataclass(frozen=True)
class StaffingRules:
    """Who may hold which post, and what a post can bear."""

    party_share: float = rule(
        0.6, "share", "least share of Party members among grid workers", FOUNDING, 0
    )
    cadres_lead: bool = rule(
        True, "", "whether two-committee cadres lead where committee seats are fewer than wanted"
    )
    span_most: float = rule(
        3.0, "sub-grids", "sub-grids that one leader has, at most on average", least=1
    )
    part_workers: int = rule(
        1, "posts", "part-time posts of a residential sub-grid", f"{TANGSHAN}: about one a grid", 0
    )
    worker_rule: str = rule(
        "residents",
        "residents|households",
        "how the community workers of a town community are reckoned",
    )
    workers_per_10000: float = rule(
        18.0, "workers/10,000 residents", "community workers of a town community", GANSU, 0
    )
    small_community: int = rule(
        5_000, "residents", "communities with fewer have at least small_workers", GANSU, 0
    )
    small_workers: int = rule(
        9, "workers", "community workers of a small town community, at least", GANSU, 0
    )
    households_per_worker: float = rule(
        300.0,
        "households",
        "households of one worker in the country, and in towns by the rule households",
        COUNTY_GRIDS,
        1,
    )
    cadre_party: float = rule(
        0.8, "share", "Party members among cadres where they were not counted", least=0
    )
    worker_party: float = rule(
        0.5, "share", "Party members among community workers where they were not counted", least=0
    )
    visit: float = rule(15.0, "minutes", "length of a visit to a household", least=0)
    visits_full: float = rule(
        0.25,
        "visits/month",
        "visits of a full-time worker to each household",
        f"{GANSU}: at least yearly",
        0,
    )
    visits_part: float = rule(
        1.0, "visits/month", "visits of a part-time worker or a captain to each household", least=0
    )
    leading: float = rule(4.0, "hours/month", "a leader's hours for each sub-grid", least=0)
    walking: float = rule(
        70.0, "m/minute", "speed on foot", "assumption of gridplan; about 4.2 km/h", 1
    )
    climbing: float = rule(
        0.4,
        "minutes/floor",
        "time up and down one floor; the upper half of a walk-up is climbed",
        least=0,
    )
    lift_floors: int = rule(
        7,
        "floors",
        "buildings with as many floors or more have a lift and nothing is climbed",
        least=1,
    )
    building_households: int = rule(
        8, "households", "fewest households of a building with a captain", least=1
    )
    stairwell_households: int = rule(
        4, "households", "fewest households of a stairwell with a captain of its own", least=1
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_shares(self, "party_share", "cadre_party", "worker_party")
        check_words(self, "worker_rule", "residents", "households")


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
        "each cadre has one community; or each community one lead cadre and others; or each cadre several communities",
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


@dataclass(frozen=True)
class RatingRules:
    """How organisations are scored into bands.

    ``criteria`` holds one criterion an indicator, parted by semicolons: its
    measure, its weight, up or down (which way is better), and the values that
    earn none and all of the weight.
    """

    criteria: str = rule(
        "coverage 20 up 0.8 1; party_share 20 up 0.4 0.7; leader_span 15 down 4 1; full_per_need 15 up 0.3 1; "
        "paired 10 up 0 3; six_in_one 10 up 2 6; centre_area_share 10 up 0.5 1",
        "",
        "criteria of a community: measure weight up|down floor cap; ...",
        "assumption of gridplan; the 1+N criteria are not published",
    )
    branch_criteria: str = rule(
        "full 40 up 3 50; mean_walk 40 down 500 0; places 20 down 5 1",
        "",
        "criteria of a branch, from the columns of party_orgs: measure weight up|down floor cap; ...",
    )
    bands: str = rule(
        "share", "share|cuts", "whether bands are cut by share of organisations or at fixed scores"
    )
    share_a: float = rule(
        0.2, "share", "share of organisations in band A at the least", FOUNDING, 0
    )
    share_c: float = rule(0.2, "share", "share of organisations in band C at the most", least=0)
    cut_a: float = rule(85.0, "points", "score from which the band is A, by cuts", least=0)
    cut_b: float = rule(60.0, "points", "score from which the band is B, by cuts", least=0)
    near: float = rule(3.0, "points", "an organisation missing no more is near the cut", least=0)
    small: int = rule(
        5,
        "organisations",
        "with fewer to compare, or fewer posts behind a share, a caveat is written",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_shares(self, "share_a", "share_c")
        check_words(self, "bands", "share", "cuts")
        if self.cut_b > self.cut_a:
            raise RuleError(f"rating.cut_b = {self.cut_b} is above rating.cut_a = {self.cut_a}")
        if self.share_a + self.share_c > 1:
            raise RuleError(
                f"rating.share_a + rating.share_c = {self.share_a + self.share_c} is above 1"
            )


@dataclass(frozen=True)
class DisclosureRules:
    """What may leave the house."""

    smallest: int = rule(
        6,
        "people",
        "counts from 1 to one less are suppressed",
        "Manitoba and ONS practice: fewer than 6",
        1,
    )
    zeros_safe: bool = rule(
        True, "", "whether a count of zero may be told; if not, it is suppressed like a small one"
    )
    interval: int = rule(
        5,
        "people",
        "a small count can be narrowed no further than to a range of this width, highest less lowest",
        least=1,
    )
    household_width: int = rule(
        10, "households", "the narrowest band in which a sub-grid's households are told", least=2
    )
    nodes: int = rule(
        2_000,
        "nodes",
        "branch-and-bound nodes for the choice of further suppressions, each block",
        least=1,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
