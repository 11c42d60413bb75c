"""The rules of rating: how organisations are scored into bands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridplan.errors import RuleError
from gridplan.rules.declare import (
    FOUNDING,
    check_fields,
    check_once,
    check_shares,
    check_words,
    rule,
)
from gridplan.rules.old_text import split_rows


@dataclass(frozen=True)
class Criterion:
    """One criterion: a measure, its weight, and the values that earn none and all of it.

    ``floor`` earns none, ``cap`` all.

    Where less is better, the cap is below the floor.
    """

    measure: str
    weight: float
    floor: float
    cap: float

    def __post_init__(self) -> None:
        """Refuse a weight that is not above zero, and a cap that is the floor."""
        numbers = (self.weight, self.floor, self.cap)
        if not all(math.isfinite(number) for number in numbers) or self.weight <= 0:
            raise RuleError(f"{self.measure} has a weight of zero or less")
        # a score is cut between the two, which needs them to differ
        if self.floor == self.cap:
            raise RuleError(f"{self.measure} has a cap that is its floor")


def _read_criteria(text: str) -> tuple[Criterion, ...]:
    """Read what was: measure weight up|down floor cap; ..."""
    return tuple(
        Criterion(measure, float(weight), float(floor), float(cap))
        for measure, weight, _, floor, cap in split_rows(text)
    )


@dataclass(frozen=True)
class RatingRules:
    """How organisations are scored into bands."""

    criteria: tuple[Criterion, ...] = rule(
        (
            Criterion("coverage", 20.0, 0.8, 1.0),
            Criterion("party_share", 20.0, 0.4, 0.7),
            Criterion("leader_span", 15.0, 4.0, 1.0),
            Criterion("full_per_need", 15.0, 0.3, 1.0),
            Criterion("paired", 10.0, 0.0, 3.0),
            Criterion("six_in_one", 10.0, 2.0, 6.0),
            Criterion("centre_area_share", 10.0, 0.5, 1.0),
        ),
        "",
        "criteria of a community: measure, weight, value that earns none of it, "
        "value that earns all",
        "assumption of gridplan; the 1+N criteria are not published",
        old=_read_criteria,
    )
    branch_criteria: tuple[Criterion, ...] = rule(
        (
            Criterion("full", 40.0, 3.0, 50.0),
            Criterion("mean_walk", 40.0, 500.0, 0.0),
            Criterion("places", 20.0, 5.0, 1.0),
        ),
        "",
        "criteria of a branch, from the columns of party_orgs: the same",
        old=_read_criteria,
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
        check_once(self, "criteria", "measure")
        check_once(self, "branch_criteria", "measure")
        check_shares(self, "share_a", "share_c")
        check_words(self, "bands", "share", "cuts")
        if self.cut_b > self.cut_a:
            raise RuleError(f"rating.cut_b = {self.cut_b} is above rating.cut_a = {self.cut_a}")
        # band B has what the others leave
        if self.share_a + self.share_c > 1:
            raise RuleError(
                f"rating.share_a + rating.share_c = {self.share_a + self.share_c} is above 1"
            )
