"""The rules of households: how they are estimated where nobody counted them."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, check_shares, check_words, rule

PROFILES = ("china", "singapore", "spain", "czechia", "united_states")


@dataclass(frozen=True)
class HouseholdRules:
    """How households are estimated where nobody counted them.

    Numbers for each class of building are in ``coefficients.csv``.
    """

    profile: str = rule(
        "china",
        "china|singapore|spain|czechia|united_states",
        "country whose homes the estimates are made after",
    )
    persons: float = rule(
        2.55, "people/household", "people of one household", "Tangshan, census 2020", 1
    )
    total: int = rule(
        0,
        "households",
        "known total of the whole site that estimates add up to; 0: not known",
        least=0,
    )
    smallest: float = rule(
        40.0,
        "m2",
        "half of the buildings of this size are sheds, unless the data says more",
        least=0,
    )
    outbuilding: float = rule(
        60.0,
        "m2",
        "a smaller building of unknown use beside a home twice as large is hardly a home",
        least=0,
    )
    outbuilding_reach: float = rule(
        15.0, "m", "distance at which a small building belongs to the home beside it", least=0
    )
    floor_height: float = rule(
        3.0, "m", "height of a floor where only the height of the building is known", least=2
    )
    largest_house: float = rule(
        400.0,
        "m2",
        "a home of unknown use and two floors or more above this is a block of flats",
        least=0,
    )
    largest_plain: float = rule(
        450.0,
        "m2",
        "half of the low buildings of this size and of unknown use are halls",
        least=0,
    )
    thickest: float = rule(
        26.0,
        "m",
        "half of the buildings this thick (2 x area / outline) and of unknown use are halls; "
        "0: thickness does not count",
        least=0,
    )
    home_chance: float = rule(
        0.9,
        "share",
        "share of homes among buildings of unknown use, of the size of a home",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_words(self, "profile", *PROFILES)
        check_shares(self, "home_chance")
