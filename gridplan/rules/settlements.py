"""The rules of settlements: where homes' land ends and open land begins."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import check_fields, rule

NORWAY = (
    "assumption of gridplan; Statistics Norway joins buildings 50 m apart to a tettsted, "
    "and up to 200 m over parks, schools and works"
)


@dataclass(frozen=True)
class SettlementRules:
    """How far built-up land reaches, and where open land begins."""

    reach: float = rule(40.0, "m", "land around a home that belongs to its settlement", NORWAY, 1)
    gap: float = rule(
        80.0, "m", "gaps between the land of homes up to twice as wide are closed", NORWAY, 0
    )
    hole: float = rule(100_000.0, "m2", "open land enclosed by homes' land counts to it up to here")
    block_share: float = rule(
        0.5, "share", "a block of streets settled to such a share is taken whole", least=0
    )
    block_area: float = rule(80_000.0, "m2", "the same: largest such block", least=0)
    dense_share: float = rule(0.75, "share", "the same for larger blocks", least=0)
    dense_area: float = rule(150_000.0, "m2", "the same: largest such block", least=0)
    snap: float = rule(
        60.0, "m", "strips up to so wide between homes' land and a street go to the homes", least=0
    )
    smooth: float = rule(12.0, "m", "spurs of homes' land up to twice as wide are cut off", least=0)
    straighten: float = rule(
        20.0, "m", "how far the edge towards open land may be straightened", least=0
    )
    least: int = rule(20, "households", "a settlement with fewer is joined to one nearby", least=1)
    join: float = rule(600.0, "m", "farthest that a small settlement is joined", least=0)
    community_least: int = rule(
        600,
        "households",
        "where no communities are given, parts of a settlement are joined until they hold so many",
        least=1,
    )
    community_most: int = rule(
        3000, "households", "the same: joined to no more than this where it can be helped", least=1
    )
    open_land: bool = rule(
        True, "", "whether open land of given communities is drawn apart from the homes' land"
    )
    open_least: float = rule(
        20_000.0, "m2", "open land below it goes to the homes beside it", least=0
    )
    open_area: float = rule(
        200_000.0, "m2", "pieces of open land below it are joined to one another", least=0
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
