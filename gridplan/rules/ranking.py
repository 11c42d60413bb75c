"""The rules of ranking: when a body is ranked, and how sure a difference must be."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, check_fields, rule

STATISTICS = "common practice in statistics"


@dataclass(frozen=True)
class RankingRules:
    """How bodies of one level are ranked against one another."""

    least: float = rule(
        20.0,
        "number",
        "a share or ratio of fewer (sub-grids, posts, households) is shown and not ranked",
        ASSUMED,
        0,
    )
    least_communities: int = rule(
        3,
        "communities",
        "a share of communities of fewer is shown and not ranked",
        ASSUMED,
        0,
    )
    confidence: float = rule(0.95, "share", "how sure the interval of a share is", STATISTICS, 0)
    digits: int = rule(4, "digits", "digits behind the point by which values tie", ASSUMED, 0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        if not 0 < self.confidence < 1:
            raise RuleError(f"ranking.confidence = {self.confidence} is not between 0 and 1")
