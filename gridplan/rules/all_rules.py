"""The rules a plan is drawn by: small frozen dataclasses, each value with its unit and its source.

A rule is not a setting: nothing is global, and a plan carries all of its rules
in its manifest. ``plan.toml`` has one section per rule; a key that is not
known is refused by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gridplan.errors import RuleError
from gridplan.rules.coverage import CoverageRules
from gridplan.rules.declare import (
    ASSUMED,
    DENSITY_SEEN,
    FOUNDING,
    check_fields,
    check_words,
    describe,
    rule,
    write_value,
)
from gridplan.rules.people import (
    DisclosureRules,
    ExclusiveRules,
    GridRules,
    OrganisationRules,
    PairingRules,
    RatingRules,
    SpecialRules,
    StaffingRules,
)
from gridplan.rules.redraw import RedrawRules
from gridplan.rules.simulation import SimulationRules
from gridplan.rules.surge import SurgeRules
from gridplan.rules.walking import WalkingRules
from gridplan.rules.years import YearsRules


@dataclass(frozen=True)
class Band:
    """How many households a sub-grid may hold: ``low <= target <= high``.

    Examples
    --------
    >>> Band(low=20, target=30, high=40).find_counts(70)
    (2, 3)
    >>> Band(low=36, target=38, high=40).find_counts(70)
    ()
    """

    low: int = rule(20, "households", "least number of households of a sub-grid", ASSUMED, 1)
    target: int = rule(30, "households", "number of households aimed at", FOUNDING, 1)
    high: int = rule(40, "households", "greatest number of households of a sub-grid", ASSUMED, 1)

    def __post_init__(self) -> None:
        """Refuse a band that is not in order."""
        check_fields(self)
        if not self.low <= self.target <= self.high:
            raise RuleError(
                f"a band needs low <= target <= high, not {self.low}, {self.target}, {self.high}"
            )

    def find_counts(self, households: int) -> tuple[int, ...]:
        """Find every number of parts that so many households can be cut into within the band."""
        return tuple(range(max(1, -(-households // self.high)), households // self.low + 1))

    def choose_count(self, households: int) -> int:
        """Choose the number of parts nearest to the target; within the band where any is."""
        wish = households / self.target
        counts = self.find_counts(households) or (max(1, int(wish)), max(1, int(wish) + 1))
        return min(counts, key=lambda k: (abs(households / k - self.target), k))


@dataclass(frozen=True)
class Prices:
    """What each wish is worth, all in household-metres, so that every trade-off can be read."""

    outside_band: float = rule(
        10_000.0, "household-metres/household", "each household above high or below low", least=0
    )
    off_target: float = rule(
        10.0, "household-metres/household", "each household away from the target", least=0
    )
    building: float = rule(
        150.0, "household-metres", "each further sub-grid that a building is split into", least=0
    )
    compound: float = rule(
        300.0, "household-metres", "each further compound that a sub-grid reaches into", least=0
    )
    opening: float = rule(
        5000.0,
        "household-metres",
        "each further side of a hard barrier reached over an opening",
        least=0,
    )
    barrier: float = rule(
        1500.0,
        "household-metres",
        "each further side of a soft barrier a sub-grid reaches",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse negative prices."""
        check_fields(self)


@dataclass(frozen=True)
class SiteRules:
    """How the land is read and put in order."""

    floor_height: float = rule(
        3.0,
        "m",
        "height of one floor where a building's height is known and its floors are not",
        least=1,
    )
    point_size: float = rule(
        10.0, "m", "side of the square that stands for a building given as a point", least=0.5
    )
    overlap_area: float = rule(
        1.0, "m2", "communities that overlap by no more are taken to adjoin", least=0
    )
    overlap_share: float = rule(
        0.001, "share", "the same, as a share of the smaller community", least=0
    )
    outside: str = rule(
        "nearest", "nearest|drop", "what to do with buildings outside every community"
    )
    outside_limit: float = rule(
        500.0, "m", "farthest that an outside building is attached to a community", least=0
    )
    default_kind: str = rule(
        "", "urban|rural", "class of communities that have none; empty: judged by density"
    )
    urban_density: float = rule(
        35.0,
        "households/ha",
        "households on built-up land from which a community counts as urban",
        DENSITY_SEEN,
        0,
    )
    urban_floors: float = rule(
        4.0, "floors", "mean floors of households from which a community counts as urban", least=0
    )
    enclosure_households: int = rule(
        600,
        "households",
        "an enclosure with fewer is joined to its neighbour when it stands in for a community",
        least=1,
    )
    enclosure_most: int = rule(
        6000,
        "households",
        "an enclosure with more is cut further, along the other streets if there are any",
        least=1,
    )
    compound_gap: float = rule(
        60.0, "m", "buildings nearer than this are of one inferred compound", least=1
    )
    compound_households: int = rule(
        60, "households", "fewest households of an inferred compound", least=1
    )
    compound_floors: float = rule(
        3.0, "floors", "fewest floors of the buildings of an inferred compound", least=1
    )

    def __post_init__(self) -> None:
        """Refuse unknown words."""
        check_fields(self)
        if self.outside not in {"nearest", "drop"}:
            raise RuleError(f"site.outside must be nearest or drop, not {self.outside!r}")
        if self.default_kind not in {"", "urban", "rural"}:
            raise RuleError(
                f"site.default_kind must be urban, rural or empty, not {self.default_kind!r}"
            )


@dataclass(frozen=True)
class HouseholdRules:
    """How households are estimated where nobody counted them; per-class numbers stand in ``coefficients.csv``."""

    persons: float = rule(
        2.55, "people/household", "people of one household", "Tangshan, census 2020", 1
    )
    total: int = rule(
        0,
        "households",
        "known total of the whole site that estimates add up to; 0: not known",
        least=0,
    )
    smallest: float = rule(
        40.0, "m2", "footprints below this are not homes unless the data says so", least=0
    )
    outbuilding: float = rule(
        60.0,
        "m2",
        "a smaller building of unknown use beside a home twice as large is no home",
        least=0,
    )
    outbuilding_reach: float = rule(
        15.0, "m", "distance at which a small building belongs to the home beside it", least=0
    )
    floor_height: float = rule(
        3.0, "m", "height of a floor where only the height of the building is known", least=2
    )
    largest_house: float = rule(
        400.0,
        "m2",
        "a home of unknown use and two floors or more above this is a block of flats",
        least=0,
    )
    largest_plain: float = rule(
        800.0,
        "m2",
        "a building of unknown use and at most two floors above this is not a home",
        least=0,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class StairwellRules:
    """How a building is taken apart into stairwells and floor bands."""

    from_floors: int = rule(
        4,
        "floors",
        "buildings with fewer floors are one stairwell unless the data says otherwise",
        least=1,
    )
    length: float = rule(18.0, "m", "usual frontage of one stairwell of a slab", ASSUMED, 5)
    floor_height: float = rule(
        3.0, "m", "height of a floor", "GB 50096-2011 asks for 2.8 m and more; 3.0 taken", 2
    )
    climb_factor: float = rule(
        1.0, "m/m", "walking metres that one metre of height is worth", least=0
    )
    band_share: float = rule(
        0.34, "share", "a floor band holds about this share of the target", least=0.05
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


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


@dataclass(frozen=True)
class DivisionRules:
    """How long the division searches."""

    effort: str = rule(
        "default", "quick|default|thorough", "how long to search for a better division"
    )
    metric: str = rule(
        "straight", "straight|network", "walk to the centre in straight lines, or along the streets"
    )

    def __post_init__(self) -> None:
        """Refuse unknown words."""
        check_fields(self)
        if self.effort not in {"quick", "default", "thorough"}:
            raise RuleError(
                f"division.effort must be quick, default or thorough, not {self.effort!r}"
            )
        check_words(self, "metric", "straight", "network")


@dataclass(frozen=True)
class OutlineRules:
    """How land outlines are drawn."""

    spacing: float = rule(
        8.0, "m", "distance between the points that stand for a building's wall", least=0.5
    )
    grid: float = rule(
        0.00001,
        "m",
        "precision of all outlines; fine enough that rounding keeps areas",
        least=0.0000001,
    )
    along_streets: bool = rule(
        True, "", "whether outlines follow streets and barriers where they lie between"
    )
    straighten: float = rule(
        1.0, "m", "how far a line midway between buildings may be straightened", least=0
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_fields(self)


@dataclass(frozen=True)
class Rules:
    """All rules of a plan.

    Examples
    --------
    >>> rules = Rules().replace(urban={"target": 28})
    >>> rules.urban.target, rules.rural.target
    (28, 50)
    >>> Rules.from_dict({"urban": {"targt": 28}})
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: unknown rule urban.targt; urban has low, target, high
    """

    urban: Band = Band()
    rural: Band = Band(low=35, target=50, high=65)
    prices: Prices = Prices()
    site: SiteRules = SiteRules()
    households: HouseholdRules = HouseholdRules()
    stairwells: StairwellRules = StairwellRules()
    neighbours: NeighbourRules = NeighbourRules()
    walking: WalkingRules = field(default_factory=WalkingRules)
    division: DivisionRules = DivisionRules()
    outlines: OutlineRules = OutlineRules()
    exclusive: ExclusiveRules = field(default_factory=ExclusiveRules)
    special: SpecialRules = field(default_factory=SpecialRules)
    grids: GridRules = field(default_factory=GridRules)
    organisation: OrganisationRules = field(default_factory=OrganisationRules)
    staffing: StaffingRules = field(default_factory=StaffingRules)
    pairing: PairingRules = field(default_factory=PairingRules)
    rating: RatingRules = field(default_factory=RatingRules)
    coverage: CoverageRules = field(default_factory=CoverageRules)
    simulation: SimulationRules = field(default_factory=SimulationRules)
    surge: SurgeRules = field(default_factory=SurgeRules)
    disclosure: DisclosureRules = field(default_factory=DisclosureRules)
    redraw: RedrawRules = field(default_factory=RedrawRules)
    years: YearsRules = field(default_factory=YearsRules)
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse column names that are not text."""
        wrong = [
            f"{own} = {theirs!r}"
            for own, theirs in self.columns.items()
            if not isinstance(theirs, str) or not theirs
        ]
        if wrong:
            raise RuleError(f"columns: {', '.join(wrong)}: give the name of your column as text")

    def find_band(self, kind: str) -> Band:
        """Find the band of a class of community."""
        return self.urban if kind == "urban" else self.rural

    def replace(self, **sections: Mapping[str, Any]) -> Rules:
        """Return the rules with some values changed, section by section."""
        known = {f.name: f for f in fields(self)}
        changed: dict[str, Any] = {}
        for name, values in sections.items():
            if name not in known:
                raise RuleError(f"unknown rule section {name}; there are {', '.join(known)}")
            section = getattr(self, name)
            if name == "columns":
                changed[name] = {**section, **values}
                continue
            allowed = [f.name for f in fields(section)]
            for key in values:
                if key not in allowed:
                    raise RuleError(f"unknown rule {name}.{key}; {name} has {', '.join(allowed)}")
            changed[name] = replace(section, **values)
        return replace(self, **changed)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rules:
        """Build rules from nested mappings, as a TOML file gives them; what is not named keeps its default."""
        loose = [name for name, values in data.items() if not isinstance(values, Mapping)]
        if loose:
            raise RuleError(f"{', '.join(loose)}: a rule stands in a section, such as [urban]")
        return cls().replace(**data)

    @classmethod
    def from_file(cls, path: str | Path) -> Rules:
        """Read rules from a TOML file."""
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RuleError(
                f"{path}: cannot be read as TOML ({error}); `gridplan rules` prints a file to start from"
            ) from error
        try:
            return cls.from_dict(data)
        except RuleError as error:
            raise RuleError(f"{path}: {error}") from error

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return all values as nested dictionaries."""
        sections = {section.name: getattr(self, section.name) for section in fields(self)}
        own_names = dict(sections.pop("columns"))
        values = {
            name: {f.name: getattr(own, f.name) for f in fields(own)}
            for name, own in sections.items()
        }
        return values | {"columns": own_names}

    def to_toml(self) -> str:
        r"""Write all rules as TOML, each value with its unit, meaning and source.

        Examples
        --------
        >>> print(Rules().to_toml().split("\n\n")[0].splitlines()[2])
        target = 30  # households: number of households aimed at [China City News, 25 September 2023, p. 19 (Tangshan)]
        """
        parts = []
        for section in fields(self):
            own = getattr(self, section.name)
            if section.name == "columns":
                names = [f"{write_value(key)} = {write_value(value)}" for key, value in own.items()]
                note = '# which of your columns is which, e.g. "buildings.floors" = "CS"'
                parts.append("\n".join(["[columns]", note, *names]))
                continue
            lines = [f"[{section.name}]"]
            lines += [
                f"{f.name} = {write_value(getattr(own, f.name))}  # {describe(f)}"
                for f in fields(own)
            ]
            parts.append("\n".join(lines))
        return "\n\n".join(parts) + "\n"
