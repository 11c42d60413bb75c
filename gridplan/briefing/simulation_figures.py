"""The section on simulation."""

from __future__ import annotations

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section
from gridplan.tables.words import say


def write_simulation(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on simulation; without them it says what is to be given."""
    title = say("section.simulation", request.lang)
    missing = say("section.missing_simulation", request.lang)
    return Section("simulation", title, title, (), missing=(missing,))
