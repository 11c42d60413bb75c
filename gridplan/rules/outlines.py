"""The rules of outlines: how the land of sub-grids is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule


@dataclass(frozen=True)
class OutlineRules:
    """How land outlines are drawn."""

    spacing: float = rule(
        8.0, "m", "distance between the points that stand for a building's wall", least=0.5
    )
    grid: float = rule(
        0.00001,
        "m",
        "precision of all outlines; fine enough that rounding keeps areas",
        least=0.0000001,
    )
    along_streets: bool = rule(
        True, "", "whether outlines follow streets and barriers where they lie between"
    )
    straighten: float = rule(
        8.0, "m", "how far a line midway between buildings may be straightened", least=0
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
