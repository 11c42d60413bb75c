"""The section on changes."""

from __future__ import annotations

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section
from gridplan.tables.words import say


def write_changes(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on changes; without them it says what is to be given."""
    title = say("section.changes", request.lang)
    missing = say("section.missing_changes", request.lang)
    return Section("changes", title, title, (), missing=(missing,))
