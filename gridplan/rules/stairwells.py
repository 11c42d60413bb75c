"""The rules of stairwells: how a building is taken apart into stairwells and bands of floors."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import ASSUMED, check_fields, rule


@dataclass(frozen=True)
class StairwellRules:
    """How a building is taken apart into stairwells and floor bands."""

    from_floors: int = rule(
        4,
        "floors",
        "buildings with fewer floors are one stairwell unless the data says otherwise",
        least=1,
    )
    length: float = rule(18.0, "m", "usual frontage of one stairwell of a slab", ASSUMED, 5)
    floor_height: float = rule(
        3.0, "m", "height of a floor", "GB 50096-2011 asks for 2.8 m and more; 3.0 taken", 2
    )
    climb_factor: float = rule(
        1.0, "m/m", "walking metres that one metre of height is worth", least=0
    )
    band_share: float = rule(
        0.34, "share", "a floor band holds about this share of the target", least=0.05
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
