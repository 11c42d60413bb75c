"""The rules of disclosure: which counts may be published."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule


@dataclass(frozen=True)
class DisclosureRules:
    """What may leave the house."""

    smallest: int = rule(
        6,
        "people",
        "counts from 1 to one less are suppressed",
        "Manitoba and ONS practice: fewer than 6",
        1,
    )
    zeros_safe: bool = rule(
        True,
        "",
        "whether a count of zero may be published; if not, it is suppressed like a small one",
    )
    interval: int = rule(
        5,
        "people",
        "a small count can be narrowed no further than to a range of this width, "
        "highest less lowest",
        least=1,
    )
    household_width: int = rule(
        10,
        "households",
        "the narrowest band in which a sub-grid's households are published",
        least=2,
    )
    nodes: int = rule(
        2_000,
        "nodes",
        "branch-and-bound nodes for the choice of further suppressions, each block",
        least=1,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
