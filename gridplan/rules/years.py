"""The rules of change over years: homes, members, volunteers, and when plans are redrawn."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import ASSUMED, check_fields, check_shares, check_words, rule


@dataclass(frozen=True)
class YearsRules:
    """What may happen to a plan's land and people in a year, and when each policy acts.

    All rates are assumptions to be replaced by a city's own; what is drawn is
    drawn by building and by community.
    """

    growth_urban: float = rule(
        0.005, "share/year", "mean growth of a building's households in towns", ASSUMED, -1
    )
    growth_rural: float = rule(
        -0.01, "share/year", "mean growth of a building's households in the country", ASSUMED, -1
    )
    spread: float = rule(
        0.03, "share/year", "standard deviation of one building's growth in a year", ASSUMED, 0
    )
    spread_shared: float = rule(
        0.01,
        "share/year",
        "the same of what all buildings of a community have in common",
        ASSUMED,
        0,
    )
    demolition_urban: float = rule(
        0.003, "share/year", "buildings of homes demolished in towns", ASSUMED, 0
    )
    demolition_rural: float = rule(
        0.003, "share/year", "buildings of homes demolished in the country", ASSUMED, 0
    )
    demolition_order: str = rule(
        "low_first",
        "low_first|random",
        "whether buildings of few floors are demolished the more often",
        ASSUMED,
    )
    estates_urban: float = rule(
        0.03, "estates/community/year", "estates built in towns", ASSUMED, 0
    )
    estates_rural: float = rule(
        0.003, "estates/community/year", "estates built in the country", ASSUMED, 0
    )
    estate_households: float = rule(
        200.0, "households", "mean size of an estate that is built", ASSUMED, 1
    )
    estate_cv: float = rule(
        0.6, "share", "standard deviation of that size (lognormal), of its mean", ASSUMED, 0
    )
    estate_door: int = rule(
        10,
        "households",
        "households of an estate behind one door or on one band of floors",
        ASSUMED,
        1,
    )
    estate_spacing: float = rule(25.0, "m", "distance between the doors of an estate", ASSUMED, 5)
    estate_gap: float = rule(
        20.0, "m", "least distance of a new door from those that stand", ASSUMED, 0
    )
    member_leave: float = rule(0.03, "share/year", "Party members who move away or die", ASSUMED, 0)
    member_age: float = rule(
        0.03, "share/year", "available members who become too old for a post", ASSUMED, 0
    )
    member_join: float = rule(
        0.04, "share/year", "members who come, as a share of those at the start", ASSUMED, 0
    )
    volunteer_leave: float = rule(
        0.15, "share/year", "volunteers who give up or move away", ASSUMED, 0
    )
    volunteer_join: float = rule(
        0.15, "share/year", "volunteers who come, as a share of those at the start", ASSUMED, 0
    )
    repair_every: int = rule(
        1, "years", "after so many years the policy repair repairs what is out of rule", least=1
    )
    redraw_every: int = rule(
        5, "years", "after so many years the policy redraw improves every community", least=1
    )
    from_scratch_every: int = rule(
        5,
        "years",
        "after so many years the policy from_scratch draws everything from nothing",
        least=1,
    )
    effort: str = rule(
        "quick", "quick|default|thorough", "how long each repair and redraw searches"
    )

    def __post_init__(self) -> None:
        """Refuse values out of range and unknown words."""
        check_fields(self)
        check_shares(
            self,
            "demolition_urban",
            "demolition_rural",
            "member_leave",
            "member_age",
            "volunteer_leave",
        )
        check_words(self, "demolition_order", "low_first", "random")
        check_words(self, "effort", "quick", "default", "thorough")
