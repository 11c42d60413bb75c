"""The rules a plan is drawn by: small frozen dataclasses, each value with its unit and its source.

A rule is not a setting: nothing is global, and a plan carries all of its rules
in its manifest. ``plan.toml`` has one section per file; a key that is not
known is refused by name.

To change a default, open the file of its section, ``gridplan/rules/SECTION.py``
(``[urban]`` and ``[rural]`` are ``band.py``): it is written there and nowhere
else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gridplan.errors import RuleError
from gridplan.rules.band import RURAL, Band
from gridplan.rules.chinese_rules import translate_rule
from gridplan.rules.coverage import CoverageRules
from gridplan.rules.declare import describe, make_plain, name_rules, write_pair, write_value
from gridplan.rules.disclosure import DisclosureRules
from gridplan.rules.division import DivisionRules
from gridplan.rules.drills import DrillRules
from gridplan.rules.exclusive import ExclusiveRules
from gridplan.rules.grids import GridRules
from gridplan.rules.households import HouseholdRules
from gridplan.rules.neighbours import NeighbourRules
from gridplan.rules.organisation import OrganisationRules
from gridplan.rules.outlines import OutlineRules
from gridplan.rules.pairing import PairingRules
from gridplan.rules.prices import Prices
from gridplan.rules.ranking import RankingRules
from gridplan.rules.rating import RatingRules
from gridplan.rules.redraw import RedrawRules
from gridplan.rules.settlements import SettlementRules
from gridplan.rules.simulation import SimulationRules
from gridplan.rules.site import SiteRules
from gridplan.rules.special import SpecialRules
from gridplan.rules.staffing import StaffingRules
from gridplan.rules.stairwells import StairwellRules
from gridplan.rules.surge import SurgeRules
from gridplan.rules.walking import WalkingRules
from gridplan.rules.years import YearsRules
from gridplan.tables.schema import Language

LARGEST_FILE = 10**6  # bytes; a file with every rule has some 40,000


@dataclass(frozen=True)
class Rules:
    """All rules of a plan.

    Examples
    --------
    >>> rules = Rules().replace(urban={"target": 28})
    >>> rules.urban.target, rules.rural == RURAL
    (28, True)
    >>> Rules.from_dict({"urban": {"targt": 28}})
    Traceback (most recent call last):
    ...
    gridplan.errors.RuleError: unknown rule urban.targt; urban has low, target, high
    """

    # the order of the sections in plan.toml
    urban: Band = field(default_factory=Band)
    rural: Band = RURAL
    prices: Prices = field(default_factory=Prices)
    site: SiteRules = field(default_factory=SiteRules)
    settlements: SettlementRules = field(default_factory=SettlementRules)
    households: HouseholdRules = field(default_factory=HouseholdRules)
    stairwells: StairwellRules = field(default_factory=StairwellRules)
    neighbours: NeighbourRules = field(default_factory=NeighbourRules)
    walking: WalkingRules = field(default_factory=WalkingRules)
    division: DivisionRules = field(default_factory=DivisionRules)
    outlines: OutlineRules = field(default_factory=OutlineRules)
    exclusive: ExclusiveRules = field(default_factory=ExclusiveRules)
    special: SpecialRules = field(default_factory=SpecialRules)
    grids: GridRules = field(default_factory=GridRules)
    organisation: OrganisationRules = field(default_factory=OrganisationRules)
    staffing: StaffingRules = field(default_factory=StaffingRules)
    pairing: PairingRules = field(default_factory=PairingRules)
    rating: RatingRules = field(default_factory=RatingRules)
    ranking: RankingRules = field(default_factory=RankingRules)
    coverage: CoverageRules = field(default_factory=CoverageRules)
    drills: DrillRules = field(default_factory=DrillRules)
    simulation: SimulationRules = field(default_factory=SimulationRules)
    surge: SurgeRules = field(default_factory=SurgeRules)
    disclosure: DisclosureRules = field(default_factory=DisclosureRules)
    redraw: RedrawRules = field(default_factory=RedrawRules)
    years: YearsRules = field(default_factory=YearsRules)
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse column names that are not text."""
        wrong = [
            f"{column} = {theirs!r}"
            for column, theirs in self.columns.items()
            if not isinstance(theirs, str) or not theirs
        ]
        if wrong:
            raise RuleError(f"columns: {', '.join(wrong)}: give the name of your column as text")

    def find_band(self, kind: str) -> Band:
        """Find the band of a class of community."""
        return self.urban if kind == "urban" else self.rural

    def replace(self, **sections: Mapping[str, Any]) -> Rules:
        """Return the rules with some values changed, section by section.

        Raises
        ------
        RuleError
            With all that is wrong in any section, each rule by its section
            and name.
        """
        known = {f.name: f for f in fields(self)}
        changed: dict[str, Any] = {}
        wrong: list[str] = []
        for name, values in sections.items():
            if name not in known:
                wrong.append(f"unknown rule section {name}; there are {', '.join(known)}")
                continue
            section = getattr(self, name)
            # a town's own names for columns: any key is allowed, and new ones are added
            if name == "columns":
                changed[name] = {**section, **values}
                continue
            allowed = [f.name for f in fields(section)]
            unknown = [key for key in values if key not in allowed]
            if unknown:
                keys = ", ".join(f"{name}.{key}" for key in unknown)
                wrong.append(f"unknown rule {keys}; {name} has {', '.join(allowed)}")
                continue
            try:
                changed[name] = replace(section, **values)
            except RuleError as error:
                wrong.append(name_rules(name, section, str(error)))
        if wrong:
            raise RuleError("; ".join(wrong))
        return replace(self, **changed)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rules:
        """Build rules from nested mappings, as a TOML file gives them.

        What is not named keeps its default.
        """
        # a value outside of a section would be lost without a word
        loose = [name for name, values in data.items() if not isinstance(values, Mapping)]
        if loose:
            raise RuleError(f"{', '.join(loose)}: a rule must stand in a section, such as [urban]")
        return cls().replace(**data)

    @classmethod
    def from_file(cls, path: str | Path) -> Rules:
        """Read rules from a TOML file."""
        try:
            if Path(path).stat().st_size > LARGEST_FILE:
                raise RuleError(
                    f"{path}: is larger than {LARGEST_FILE:,} bytes, and no file of rules; "
                    "`gridplan rules` prints a file to start from"
                )
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except RecursionError as error:
            raise RuleError(
                f"{path}: its tables are nested too deep for rules; "
                "`gridplan rules` prints a file to start from"
            ) from error
        # ValueError: text that is no UTF-8, no TOML, or a number of thousands of digits.
        except (OSError, ValueError) as error:
            raise RuleError(
                f"{path}: cannot be read as TOML ({error}); "
                "`gridplan rules` prints a file to start from"
            ) from error
        try:
            return cls.from_dict(data)
        except RuleError as error:
            raise RuleError(f"{path}: {error}") from error

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return all values as nested dictionaries."""
        sections = {section.name: getattr(self, section.name) for section in fields(self)}
        column_names = dict(sections.pop("columns"))
        values = {name: make_plain(section) for name, section in sections.items()}
        return values | {"columns": column_names}

    def to_toml(self, lang: Language = "en") -> str:
        r"""Write all rules as TOML, each value with its unit, meaning and source in a language.

        Examples
        --------
        >>> Rules().to_toml().splitlines()[0]
        '[urban]'
        """
        parts = []
        for section in fields(self):
            rules = getattr(self, section.name)
            if section.name == "columns":
                names = [f"{write_value(a)} = {write_value(b)}" for a, b in rules.items()]
                note = '# which of your columns is which, e.g. "buildings.floors" = "CS"'
                note = translate_rule(note) if lang == "zh" else note
                parts.append("\n".join(["[columns]", note, *names]))
                continue
            lines = [f"[{section.name}]"]
            lines += [
                write_pair(f.name, getattr(rules, f.name), describe(f, lang)) for f in fields(rules)
            ]
            parts.append("\n".join(lines))
        return "\n\n".join(parts) + "\n"
