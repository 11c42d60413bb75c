"""The rules of redrawing: what it costs a household to change its sub-grid, and how many may."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import ASSUMED, check_fields, check_shares, check_words, rule

STABLE = "stability and extensibility are principles of coding (Xi'an); never renumber survivors"


@dataclass(frozen=True)
class RedrawRules:
    """How the next plan is drawn from the one before."""

    move: float = rule(
        100.0, "household-metres/household", "each household that changes its sub-grid", ASSUMED, 0
    )
    most_moved: float = rule(
        1.0,
        "share",
        "largest share of the households living there before that may change theirs",
        least=0,
    )
    scope: str = rule(
        "triggered",
        "triggered|all",
        "repair only round what is out of rule, or improve everything that pays",
        STABLE,
    )
    reach: int = rule(
        2,
        "sub-grids",
        "steps from what is out of rule within which sub-grids may change at first",
        least=0,
    )
    overlap: float = rule(
        0.1,
        "share",
        "least share of the smaller footprint that an old and a new building have in common "
        "to be the same",
        least=0,
    )
    growth: float = rule(
        0.0,
        "share/year",
        "growth of households that is expected, for sub-grids about to outgrow the band",
    )
    ahead: float = rule(3.0, "years", "how far ahead growth is looked at", least=0)

    def __post_init__(self) -> None:
        """Refuse values out of range and unknown words."""
        check_fields(self)
        check_shares(self, "most_moved", "overlap")
        check_words(self, "scope", "triggered", "all")
