"""The rules of the band: how many households a sub-grid has, at least, at most and aimed at.

``[urban]`` has the defaults of :class:`Band`, ``[rural]`` those of :data:`RURAL`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import ASSUMED, FOUNDING, check_fields, rule


@dataclass(frozen=True)
class Band:
    """How many households a sub-grid may hold: ``low <= target <= high``.

    Examples
    --------
    >>> Band(low=20, target=30, high=40).find_counts(70)
    (2, 3)
    >>> Band(low=36, target=38, high=40).find_counts(70)
    ()
    """

    low: int = rule(20, "households", "least number of households of a sub-grid", ASSUMED, 1)
    target: int = rule(30, "households", "number of households aimed at", FOUNDING, 1)
    high: int = rule(40, "households", "greatest number of households of a sub-grid", ASSUMED, 1)

    def __post_init__(self) -> None:
        """Refuse a band that is not in order."""
        check_fields(self)
        if not self.low <= self.target <= self.high:
            raise RuleError(
                f"a band needs low <= target <= high, not {self.low}, {self.target}, {self.high}"
            )

    def find_counts(self, households: int) -> tuple[int, ...]:
        """Find every number of parts that so many households can be cut into within the band."""
        # from the households over high, rounded up, to those over low, rounded down
        return tuple(range(max(1, -(-households // self.high)), households // self.low + 1))

    def choose_count(self, households: int) -> int:
        """Choose the number of parts nearest to the target; within the band where any is."""
        wish = households / self.target
        # out of the band the two counts next to the target; of equals the fewer parts
        counts = self.find_counts(households) or (max(1, int(wish)), max(1, int(wish) + 1))
        return min(counts, key=lambda k: (abs(households / k - self.target), k))


# Nobody gives a source for the limits; the target is the founding document's.
RURAL = Band(low=35, target=50, high=65)
