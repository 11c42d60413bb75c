"""The prices of a division: what each wish is worth in household-metres."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule


@dataclass(frozen=True)
class Prices:
    """What each wish is worth, all in household-metres, so that every trade-off can be read."""

    outside_band: float = rule(
        10_000.0, "household-metres/household", "each household above high or below low", least=0
    )
    off_target: float = rule(
        10.0, "household-metres/household", "each household away from the target", least=0
    )
    building: float = rule(
        150.0, "household-metres", "each further sub-grid that a building is split into", least=0
    )
    compound: float = rule(
        300.0, "household-metres", "each further compound that a sub-grid reaches into", least=0
    )
    opening: float = rule(
        5000.0,
        "household-metres",
        "each further side of a hard barrier reached over an opening",
        least=0,
    )
    barrier: float = rule(
        1500.0,
        "household-metres",
        "each further side of a soft barrier a sub-grid reaches",
        least=0,
    )
    main_road: float = rule(
        12_000.0,
        "household-metres",
        "each further side of a main road that a sub-grid has homes on",
        least=0,
    )
    street: float = rule(
        4000.0,
        "household-metres",
        "each further block of main roads and local streets that a sub-grid has homes in",
        least=0,
    )
    settlement: float = rule(
        4000.0,
        "household-metres",
        "each further settlement, apart from the others, that a sub-grid has homes in",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse negative prices."""
        check_fields(self)
