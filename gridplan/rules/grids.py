"""The rules of upper grids: the optional layer of whole sub-grids."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import check_fields, rule


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
