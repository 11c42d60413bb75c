"""The rules of organisation: sizes and prices of Party organisations, and central households."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, rule

BRANCH_RULES = "CPC regulations on the work of Party branches (trial), 2018"
PARTY_LEVELS = (
    "usual reading of the Party's constitution; advice, approved by the higher organisation"
)
GROUP_RULES = "practice of Party groups: 3 members, one of them full"
SEATS = (
    "practice of branch committees: below 7 full members a secretary, else 3 to 5, "
    "generally at most 7"
)
CENTRAL = (
    "assumption: the rural mean that Tangshan's counts imply, "
    "which gives its 1.015 for each sub-grid"
)


@dataclass(frozen=True)
class OrganisationRules:
    """Sizes and prices of Party organisations, and the load of central households."""

    version: str = rule("2023-09", "", "version of this set of rules", FOUNDING)
    branch_full: int = rule(
        3, "full members", "fewest full members of a branch", f"{BRANCH_RULES}, Art. 4", 1
    )
    branch_most: int = rule(
        50, "members", "members of a branch, generally at most", f"{BRANCH_RULES}, Art. 4", 1
    )
    branch_whole: int = rule(
        100,
        "members",
        "a compound or village of up to so many stays one branch, with advice; above, it is cut "
        "into branches of about branch_most",
        f"{BRANCH_RULES}, Art. 4 says generally; {PARTY_LEVELS}: a committee from 101",
        1,
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
    # prices in metres that members walk, so that walking and size can be weighed
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
        """Refuse values out of range and rules that contradict each other, all at once."""
        check_fields(self)
        # each first is no more than its second, or some organisation could never be made
        pairs = [
            ("branch_full", "branch_most"),
            ("branch_most", "branch_whole"),
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
