"""The rules of rating: how organisations are scored into bands."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import FOUNDING, check_fields, check_shares, check_words, rule


@dataclass(frozen=True)
class RatingRules:
    """How organisations are scored into bands.

    ``criteria`` holds one criterion an indicator, parted by semicolons: its
    measure, its weight, up or down (which way is better), and the values that
    earn none and all of the weight.
    """

    criteria: str = rule(
        "coverage 20 up 0.8 1; party_share 20 up 0.4 0.7; leader_span 15 down 4 1; full_per_need 15 up 0.3 1; "
        "paired 10 up 0 3; six_in_one 10 up 2 6; centre_area_share 10 up 0.5 1",
        "",
        "criteria of a community: measure weight up|down floor cap; ...",
        "assumption of gridplan; the 1+N criteria are not published",
    )
    branch_criteria: str = rule(
        "full 40 up 3 50; mean_walk 40 down 500 0; places 20 down 5 1",
        "",
        "criteria of a branch, from the columns of party_orgs: measure weight up|down floor cap; ...",
    )
    bands: str = rule(
        "share", "share|cuts", "whether bands are cut by share of organisations or at fixed scores"
    )
    share_a: float = rule(
        0.2, "share", "share of organisations in band A at the least", FOUNDING, 0
    )
    share_c: float = rule(0.2, "share", "share of organisations in band C at the most", least=0)
    cut_a: float = rule(85.0, "points", "score from which the band is A, by cuts", least=0)
    cut_b: float = rule(60.0, "points", "score from which the band is B, by cuts", least=0)
    near: float = rule(3.0, "points", "an organisation missing no more is near the cut", least=0)
    small: int = rule(
        5,
        "organisations",
        "with fewer to compare, or fewer posts behind a share, a caveat is written",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_shares(self, "share_a", "share_c")
        check_words(self, "bands", "share", "cuts")
        if self.cut_b > self.cut_a:
            raise RuleError(f"rating.cut_b = {self.cut_b} is above rating.cut_a = {self.cut_a}")
        if self.share_a + self.share_c > 1:
            raise RuleError(
                f"rating.share_a + rating.share_c = {self.share_a + self.share_c} is above 1"
            )
