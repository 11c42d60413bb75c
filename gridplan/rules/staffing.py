"""The rules of staffing: who may hold which post, and how much work a post can do."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.rules.declare import FOUNDING, check_fields, check_shares, check_words, rule

TANGSHAN = "NetEase Hebei, 4 September 2023 (Tangshan)"
GANSU = "Gansu Daily, 2023 (community workers)"
COUNTY_GRIDS = "a county's grid rules (gcrd.gov.cn)"


@dataclass(frozen=True)
class StaffingRules:
    """Who may hold which post, and what a post can bear."""

    party_share: float = rule(
        0.6, "share", "least share of Party members among grid workers", FOUNDING, 0
    )
    share_team: int = rule(
        3,
        "workers",
        "a sub-grid with so many workers is held to the share by itself; "
        "smaller teams count in that of their community alone",
        least=1,
    )
    cadres_lead: bool = rule(
        True, "", "whether two-committee cadres lead where committee seats are fewer than wanted"
    )
    span_most: float = rule(
        3.0, "sub-grids", "sub-grids that one leader has, at most on average", least=1
    )
    part_workers: int = rule(
        1, "posts", "part-time posts of a residential sub-grid", f"{TANGSHAN}: about one a grid", 0
    )
    worker_rule: str = rule(
        "residents",
        "residents|households",
        "how the community workers of a town community are reckoned",
    )
    workers_per_10000: float = rule(
        18.0, "workers/10,000 residents", "community workers of a town community", GANSU, 0
    )
    small_community: int = rule(
        5_000, "residents", "communities with fewer have at least small_workers", GANSU, 0
    )
    small_workers: int = rule(
        9, "workers", "community workers of a small town community, at least", GANSU, 0
    )
    households_per_worker: float = rule(
        300.0,
        "households",
        "households of one worker in the country, and in towns by the rule households",
        COUNTY_GRIDS,
        1,
    )
    cadre_party: float = rule(
        0.8, "share", "Party members among cadres where they were not counted", least=0
    )
    worker_party: float = rule(
        0.5, "share", "Party members among community workers where they were not counted", least=0
    )
    visit: float = rule(15.0, "minutes", "length of a visit to a household", least=0)
    visits_full: float = rule(
        0.25,
        "visits/month",
        "visits of a full-time worker to each household",
        f"{GANSU}: at least yearly",
        0,
    )
    visits_part: float = rule(
        1.0, "visits/month", "visits of a part-time worker or a captain to each household", least=0
    )
    leading: float = rule(4.0, "hours/month", "a leader's hours for each sub-grid", least=0)
    walking: float = rule(
        70.0, "m/minute", "speed on foot", "assumption of gridplan; about 4.2 km/h", 1
    )
    climbing: float = rule(
        0.4,
        "minutes/floor",
        "time up and down one floor; the upper half of a walk-up is climbed",
        least=0,
    )
    # GB 50096-2011 asks for a lift from seven floors on
    lift_floors: int = rule(
        7,
        "floors",
        "buildings with as many floors or more have a lift and nothing is climbed",
        least=1,
    )
    building_households: int = rule(
        8, "households", "fewest households of a building with a captain", least=1
    )
    stairwell_households: int = rule(
        4, "households", "fewest households of a stairwell with a captain of its own", least=1
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)
        check_shares(self, "party_share", "cadre_party", "worker_party")
        check_words(self, "worker_rule", "residents", "households")
