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

# What is known of the communities that institutions answer for: urban ones, as a rule.
PAIRED = ("paired", "six_in_one", "centre_area_share")
FIELDS = ("urban", "village", "institution", "other")  # who is rated against one another


@dataclass(frozen=True)
class FieldShare:
    """The share of the organisations of one field that are in band A at the least."""

    field: str
    share_a: float

    def __post_init__(self) -> None:
        """Refuse a field that there is not, and what is no share."""
        check_words(self, "field", *FIELDS)
        if not 0 <= self.share_a <= 1:
            raise RuleError(f"{self.field} has a share in band A of {self.share_a}")


@dataclass(frozen=True)
class Criterion:
    """One criterion: a measure, its weight, and the values that earn none and all of it.

    ``floor`` earns none, ``cap`` all. Where less is better, the cap is below
    the floor. ``field`` is the only one whose organisations are asked; empty:
    all are.
    """

    measure: str
    weight: float
    floor: float
    cap: float
    field: str = ""

    def __post_init__(self) -> None:
        """Refuse a weight that is not above zero, and a cap that is the floor."""
        numbers = (self.weight, self.floor, self.cap)
        if not all(math.isfinite(number) for number in numbers) or self.weight <= 0:
            raise RuleError(f"{self.measure} has a weight of zero or less")
        check_words(self, "field", "", *FIELDS)
        # a score is cut between the two, which needs them to differ
        if self.floor == self.cap:
            raise RuleError(f"{self.measure} has a cap that is its floor")


def _read_criteria(text: str) -> tuple[Criterion, ...]:
    """Read what was: measure weight up|down floor cap; ..."""
    return tuple(
        Criterion(
            measure, float(weight), float(floor), float(cap), "urban" if measure in PAIRED else ""
        )
        for measure, weight, _, floor, cap in split_rows(text)
    )


def _read_fields(text: str) -> tuple[FieldShare, ...]:
    """Read what a line of text says: field share; ..."""
    return tuple(FieldShare(field, float(share)) for field, share in split_rows(text))


@dataclass(frozen=True)
class RatingRules:
    """How organisations are scored into bands."""

    criteria: tuple[Criterion, ...] = rule(
        (
            Criterion("coverage", 20.0, 0.8, 1.0),
            Criterion("party_share", 20.0, 0.4, 0.7),
            Criterion("leader_span", 15.0, 4.0, 1.0),
            Criterion("full_per_need", 15.0, 0.3, 1.0),
            Criterion("paired", 10.0, 0.0, 3.0, "urban"),
            Criterion("six_in_one", 10.0, 2.0, 6.0, "urban"),
            Criterion("centre_area_share", 10.0, 0.5, 1.0, "urban"),
        ),
        "",
        "criteria of a community: measure, weight, value that earns none of it, "
        "value that earns all, and the only field that is asked; those of all fields are the 1, "
        "those of a field the N of 1+N",
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
    institution_criteria: tuple[Criterion, ...] = rule(
        (),
        "",
        "criteria of an institution (communities, answered_share, checkin_members, "
        "checkin_share, party_members): the same; none: institutions are not rated",
        old=_read_criteria,
    )
    bands: str = rule(
        "share", "share|cuts", "whether bands are cut by share of organisations or at fixed scores"
    )
    share_a: float = rule(
        0.2, "share", "share of the organisations of a field in band A at the least", FOUNDING, 0
    )
    fields: tuple[FieldShare, ...] = rule(
        (),
        "",
        "fields (urban, village, institution, other) whose share in band A is another",
        FOUNDING,
        old=_read_fields,
    )
    known_least: float = rule(
        0.8,
        "share",
        "weight of the known criteria among all that are asked, at the least, for band A",
        least=0,
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
        if not self.criteria or not self.branch_criteria:
            raise RuleError("RatingRules: criteria: there is none")
        for name in ("criteria", "branch_criteria", "institution_criteria"):
            _check_asked_once(name, getattr(self, name))
        if self.fields:
            check_once(self, "fields", "field")
        check_shares(self, "share_a", "share_c", "known_least")
        check_words(self, "bands", "share", "cuts")
        if self.cut_b > self.cut_a:
            raise RuleError(f"rating.cut_b = {self.cut_b} is above rating.cut_a = {self.cut_a}")
        # band B has what the others leave
        for share in (self.share_a, *(row.share_a for row in self.fields)):
            if share + self.share_c > 1:
                raise RuleError(
                    f"rating.share_a + rating.share_c = {share + self.share_c} is above 1"
                )

    def find_share(self, field: str) -> float:
        """Find the share of a field in band A."""
        return {row.field: row.share_a for row in self.fields}.get(field, self.share_a)

    def find_criteria(self, level: str) -> tuple[Criterion, ...]:
        """Find the criteria of a level: community, branch or institution."""
        return {
            "community": self.criteria,
            "branch": self.branch_criteria,
            "institution": self.institution_criteria,
        }[level]


def _check_asked_once(name: str, criteria: tuple[Criterion, ...]) -> None:
    """Refuse a measure that one field would be asked twice."""
    for field in FIELDS:
        asked = [row.measure for row in criteria if row.field in ("", field)]
        twice = [word for word in dict.fromkeys(asked) if asked.count(word) > 1]
        if twice:
            raise RuleError(f"RatingRules: {name}: {', '.join(twice)} stands twice")
