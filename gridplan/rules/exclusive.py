"""The rules of exclusive grids: which institutions get one, and how much land."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule
from gridplan.rules.old_text import split_words

TANGSHAN = "NetEase Hebei, 4 September 2023 (Tangshan)"


@dataclass(frozen=True)
class ExclusiveRules:
    """Which stand-alone institutions get an exclusive grid, and how much land."""

    drawn: bool = rule(True, "", "whether exclusive grids are carved out", TANGSHAN)
    kinds: tuple[str, ...] = rule(
        ("school", "hospital", "enterprise", "mall", "market"),
        "",
        "kinds of places and institutions that get one",
        TANGSHAN,
        old=split_words,
    )
    smallest: float = rule(1_000.0, "m2", "least land of an exclusive grid", least=0)
    margin: float = rule(
        10.0, "m", "land round an institution's buildings where no outline is given", least=0
    )
    # a campus with a block of flats is homes first
    most_households: int = rule(
        5,
        "households",
        "an institution with more households on its land is left to sub-grids",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
