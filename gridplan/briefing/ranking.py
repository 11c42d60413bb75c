"""The section on ranking."""

from __future__ import annotations

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section
from gridplan.tables.words import say


def write_ranking(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on ranking; without them it says what is to be given."""
    title = say("section.ranking", request.lang)
    missing = say("section.missing_ranking", request.lang)
    return Section("ranking", title, title, (), missing=(missing,))
