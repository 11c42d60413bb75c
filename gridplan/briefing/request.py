"""What is asked of a briefing, beside the facts: language, office, date, the release before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gridplan.tables.schema import Language

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.briefing.facts import Facts


@dataclass(frozen=True)
class BriefingRequest:
    """How a briefing is to be written.

    ``office`` issues it and ``date`` is its day (``2026-11-29``); what is not
    given is a blank to fill in. ``before`` holds the facts of the release before,
    ``simulation`` the figures of a simulation, ``template`` the office's own
    document whose styles are used, ``map_number`` the number of the maps' approval.
    """

    lang: Language = "zh"
    office: str = ""
    date: str = ""
    title: str = ""
    issue: str = ""
    font: str = ""
    map_number: str = ""
    template: Path | None = None
    before: Facts | None = None
    simulation: pd.DataFrame | None = None
