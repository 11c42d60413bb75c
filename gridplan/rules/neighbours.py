"""The rules of neighbours: who can be walked to."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule

SERVES = 25.0  # metres within which an opening that touches no barrier belongs to one


@dataclass(frozen=True)
class NeighbourRules:
    """Who can be walked to."""

    urban_reach: float = rule(
        150.0, "m", "longest step between neighbours in an urban community", least=1
    )
    rural_reach: float = rule(
        400.0, "m", "longest step between neighbours in a rural community", least=1
    )
    opening_reach: float = rule(
        300.0, "m", "longest way over an opening between two neighbours", least=0
    )
    streams_hard: bool = rule(False, "", "whether streams, canals and ditches are hard barriers")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
