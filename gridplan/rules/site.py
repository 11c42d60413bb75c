"""The rules of the site: how the land is read and put in order."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import check_fields, rule

DENSITY_SEEN = (
    "assumption of gridplan; Liechtenstein's municipalities have 6 to 12, "
    "Vologda's enclosures 41 to 320"
)
EUROSTAT = "Eurostat and others, Applying the Degree of Urbanisation (2021)"
UNITED_NATIONS = (
    "United Nations, Principles and Recommendations for Population Censuses: a built-up area has "
    "no gaps above 200 m"
)


@dataclass(frozen=True)
class SiteRules:
    """How the land is read and put in order."""

    floor_height: float = rule(
        3.0,
        "m",
        "height of one floor where a building's height is known and its floors are not",
        least=1,
    )
    point_size: float = rule(
        10.0, "m", "side of the square that stands for a building given as a point", least=0.5
    )
    overlap_area: float = rule(
        1.0, "m2", "communities that overlap by no more are taken to adjoin", least=0
    )
    overlap_share: float = rule(
        0.001, "share", "the same, as a share of the smaller community", least=0
    )
    outside: str = rule(
        "nearest", "nearest|drop", "what to do with buildings outside every community"
    )
    outside_limit: float = rule(
        500.0, "m", "farthest that an outside building is attached to a community", least=0
    )
    default_kind: str = rule(
        "", "urban|rural", "class of communities that have none; empty: judged by density"
    )
    urban_density: float = rule(
        35.0,
        "households/ha",
        "households on built-up land from which a community counts as urban",
        DENSITY_SEEN,
        0,
    )
    urban_floors: float = rule(
        4.0, "floors", "mean floors of households from which a community counts as urban", least=0
    )
    town_people: float = rule(
        5_000.0, "people", "fewest inhabitants of a dense settlement to be a town", EUROSTAT, 0
    )
    town_density: float = rule(
        1_500.0,
        "people/km2",
        "inhabitants on built-up land from which a settlement is dense",
        EUROSTAT,
        0,
    )
    town_blocks: float = rule(
        0.5,
        "share",
        "households of a town in blocks of flats from which its communities count as urban",
        least=0,
    )
    city_people: float = rule(
        50_000.0,
        "people",
        "inhabitants of a dense settlement from which all its communities count as urban",
        EUROSTAT,
        0,
    )
    town_gap: float = rule(
        200.0, "m", "widest gap in the built-up land of one settlement", UNITED_NATIONS, 0
    )
    compound_gap: float = rule(
        60.0, "m", "buildings nearer than this are of one inferred compound", least=1
    )
    compound_households: int = rule(
        60, "households", "fewest households of an inferred compound", least=1
    )
    compound_floors: float = rule(
        3.0, "floors", "fewest floors of the buildings of an inferred compound", least=1
    )

    def __post_init__(self) -> None:
        """Refuse unknown words."""
        check_fields(self)
        if self.outside not in {"nearest", "drop"}:
            raise RuleError(f"site.outside must be nearest or drop, not {self.outside!r}")
        if self.default_kind not in {"", "urban", "rural"}:
            raise RuleError(
                f"site.default_kind must be urban, rural or empty, not {self.default_kind!r}"
            )
