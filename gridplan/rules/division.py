"""The rules of division: how long to search, and by which distance."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import check_fields, check_words, rule


@dataclass(frozen=True)
class DivisionRules:
    """How long the division searches."""

    effort: str = rule(
        "default", "quick|default|thorough", "how long to search for a better division"
    )
    metric: str = rule(
        "straight", "straight|network", "walk to the centre in straight lines, or along the streets"
    )
    subgrids: int = rule(
        0,
        "sub-grids",
        "exact number of residential sub-grids of the whole plan; 0: as many as come nearest to "
        "the targets",
        least=0,
    )
    robust: bool = rule(
        False,
        "",
        "whether households outside the band are those expected of estimates, not those estimated",
    )

    def __post_init__(self) -> None:
        """Refuse unknown words."""
        check_fields(self)
        if self.effort not in {"quick", "default", "thorough"}:
            raise RuleError(
                f"division.effort must be quick, default or thorough, not {self.effort!r}"
            )
        check_words(self, "metric", "straight", "network")
