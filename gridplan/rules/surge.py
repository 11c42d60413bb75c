"""The rules of a surge: what an event does to demand and ways, and who is called up and comes."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, check_shares, rule

SUNK = f"{FOUNDING}: paired in peace time, sent down in an emergency; the time is assumed"


@dataclass(frozen=True)
class SurgeRules:
    """What an event does, and how help sinks down to the sub-grids, stage by stage.

    Notices are minutes from the beginning of the event until those of a stage
    set out.
    """

    check_households: float = rule(
        5.0, "households", "households that one helper sees to before the next is sent", ASSUMED, 1
    )
    check_minutes: float = rule(
        6.0, "min/household", "time at each household that is seen to", ASSUMED, 0
    )
    work_cv: float = rule(
        0.5, "share", "standard deviation of the time of work in an event, of its mean", ASSUMED, 0
    )
    own_notice: float = rule(15.0, "min", "posts of the sub-grid itself set out", ASSUMED, 0)
    neighbour_wait: float = rule(
        15.0, "min", "wait after which posts of adjoining sub-grids are asked", ASSUMED, 0
    )
    community_notice: float = rule(
        45.0, "min", "volunteers and full-time workers of the community set out", ASSUMED, 0
    )
    street_notice: float = rule(60.0, "min", "staff of the subdistrict set out", ASSUMED, 0)
    institution_notice: float = rule(90.0, "min", "members of paired institutions set out", SUNK, 0)
    aid_notice: float = rule(
        120.0, "min", "volunteers of adjoining communities set out", ASSUMED, 0
    )
    post_low: float = rule(0.6, "share", "posts that come when called up, at the least", ASSUMED, 0)
    post_high: float = rule(
        0.95, "share", "posts that come when called up, at the most", ASSUMED, 0
    )
    volunteer_low: float = rule(0.2, "share", "the same, volunteers", ASSUMED, 0)
    volunteer_high: float = rule(0.5, "share", "the same, volunteers", ASSUMED, 0)
    member_low: float = rule(0.2, "share", "the same, members of institutions", ASSUMED, 0)
    member_high: float = rule(0.5, "share", "the same, members of institutions", ASSUMED, 0)
    pair_members: int = rule(
        10,
        "people",
        "members that an institution sends where none check in at its community",
        ASSUMED,
        0,
    )
    mutual_aid: bool = rule(True, "", "whether volunteers of adjoining communities come too")
    aid_reach: float = rule(50.0, "m", "communities no farther apart adjoin", ASSUMED, 0)
    speed: float = rule(
        200.0, "m/min", "speed of those who come from outside the community, by bicycle", ASSUMED, 1
    )
    shift_hours: int = rule(
        12, "hours", "hours that everybody stays; from then on half of them at a time", ASSUMED, 1
    )
    flood_demand: float = rule(
        6.0, "share", "requests in what a flood affects, times the usual", ASSUMED, 0
    )
    flood_slow: float = rule(1.5, "share", "time for a way there, times the usual", ASSUMED, 1)
    flood_reach: float = rule(
        150.0, "m", "homes no farther from the water are affected", ASSUMED, 0
    )
    flood_closed: float = rule(
        30.0, "m", "ways no farther from the water are closed, bridges among them", ASSUMED, 0
    )
    flood_minutes: float = rule(
        30.0,
        "min/household",
        "time at each household in a flood, which is brought to safety",
        ASSUMED,
        0,
    )
    flood_struck: float = rule(
        0.5,
        "share",
        "posts living in what a flood affects who can come, of those who would",
        ASSUMED,
        0,
    )
    power_cut_demand: float = rule(
        4.0, "share", "requests where the power is cut, times the usual", ASSUMED, 0
    )
    snow_demand: float = rule(2.0, "share", "requests in snow, times the usual", ASSUMED, 0)
    snow_slow: float = rule(2.0, "share", "time for a way in snow, times the usual", ASSUMED, 1)
    heat_demand: float = rule(2.0, "share", "requests in great heat, times the usual", ASSUMED, 0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        ends = [(f"{who}_low", f"{who}_high") for who in ("post", "volunteer", "member")]
        check_shares(self, "flood_struck", *(name for pair in ends for name in pair))
        wrong = [
            f"{low} is above {high}"
            for low, high in ends
            if getattr(self, low) > getattr(self, high)
        ]
        if wrong:
            raise RuleError(f"surge: {'; '.join(wrong)}")

    def get_default(self, kind: str, name: str, usual: float) -> float:
        """Get what an event of a kind does by default, else the usual value."""
        return float(getattr(self, f"{kind}_{name}", usual))
