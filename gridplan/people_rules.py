"""The rules of exclusive, special and upper grids, of organisation, staffing, pairing, rating and disclosure."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rulebook import FOUNDING, check_fields, rule

TANGSHAN = "NetEase Hebei, 4 September 2023 (Tangshan)"
BRANCH_RULES = "CPC regulations on the work of Party branches (trial), 2018"


@dataclass(frozen=True)
class ExclusiveRules:
    """Which stand-alone institutions get an exclusive grid, and how much land."""

    drawn: bool = rule(True, "", "whether exclusive grids are carved out", TANGSHAN)
    kinds: str = rule("school|hospital|enterprise|mall|market", "", "kinds of places and institutions that get one", TANGSHAN)
    smallest: float = rule(1_000.0, "m2", "least land of an exclusive grid", least=0)
    margin: float = rule(10.0, "m", "land round an institution's buildings where no outline is given", least=0)
    most_households: int = rule(5, "households", "an institution with more households on its land is left to sub-grids", least=0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class SpecialRules:
    """How rivers, lakes and railways are cut into special grids."""

    drawn: bool = rule(True, "", "whether special grids are drawn", TANGSHAN)
    kinds: str = rule("river|lake|railway", "", "kinds of barriers that get special grids", TANGSHAN)
    length: float = rule(1_000.0, "m", "usual length of a stretch", least=50)
    touch: float = rule(5.0, "m", "distance at which a sub-grid touches a stretch", least=0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class GridRules:
    """The optional upper layer: grids of whole sub-grids."""

    drawn: bool = rule(False, "", "whether an upper layer of grids is drawn")
    low: int = rule(300, "households", "least number of households of a grid", "an Anhui county, 2016: 300 to 500", 1)
    target: int = rule(400, "households", "number of households aimed at", "middle of 300 to 500", 1)
    high: int = rule(500, "households", "greatest number of households of a grid", "an Anhui county, 2016: 300 to 500", 1)

    def __post_init__(self) -> None:
        """Refuse limits that are not in order."""
        check_fields(self)
        if not self.low <= self.target <= self.high:
            raise RuleError(f"grids needs low <= target <= high, not {self.low}, {self.target}, {self.high}")


@dataclass(frozen=True)
class OrganisationRules:
    """Sizes of Party organisations, and the load of central households."""

    version: str = rule("2023-09", "", "version of this set of rules", FOUNDING)
    branch_full: int = rule(3, "full members", "fewest full members of a branch", f"{BRANCH_RULES}, Art. 4", 1)
    branch_most: int = rule(50, "members", "members of a branch, generally at most", f"{BRANCH_RULES}, Art. 4", 1)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class StaffingRules:
    """Who may hold which post, and what a post can bear."""

    party_share: float = rule(0.6, "share", "least share of Party members among grid workers", FOUNDING, 0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class PairingRules:
    """How institutions and cadres are paired with communities."""

    institutions_least: int = rule(1, "institutions", "fewest institutions that answer for a community", FOUNDING, 0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class RatingRules:
    """How organisations are scored into bands."""

    share_a: float = rule(0.2, "share", "share of organisations in band A at the least", FOUNDING, 0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class DisclosureRules:
    """What may leave the house."""

    smallest: int = rule(6, "people", "counts from 1 to one less are suppressed", "Manitoba and ONS practice: fewer than 6", 1)
    zeros_safe: bool = rule(True, "", "whether a count of zero may be told; if not, it is suppressed like a small one")
    interval: int = rule(
        5, "people", "a small count can be narrowed no further than to a range of this width, highest less lowest", least=1
    )
    household_width: int = rule(10, "households", "the narrowest band in which a sub-grid's households are told", least=2)
    nodes: int = rule(2_000, "nodes", "branch-and-bound nodes for the choice of further suppressions, each block", least=1)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
