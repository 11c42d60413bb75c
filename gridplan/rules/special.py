"""The rules of special grids: how rivers, lakes and railways are cut."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule
from gridplan.rules.old_text import split_words

TANGSHAN = "NetEase Hebei, 4 September 2023 (Tangshan)"


@dataclass(frozen=True)
class SpecialRules:
    """How rivers, lakes and railways are cut into special grids."""

    drawn: bool = rule(True, "", "whether special grids are drawn", TANGSHAN)
    kinds: tuple[str, ...] = rule(
        ("river", "lake", "railway"),
        "",
        "kinds of barriers that get special grids",
        TANGSHAN,
        old=split_words,
    )
    length: float = rule(1_000.0, "m", "usual length of a stretch", least=50)
    touch: float = rule(5.0, "m", "distance at which a sub-grid touches a stretch", least=0)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
