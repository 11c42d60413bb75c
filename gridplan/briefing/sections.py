"""The sections of a briefing in words and tables, from its facts: documents only lay them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridplan.briefing.briefing_ranking import write_ranking
from gridplan.briefing.changes import write_changes
from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section as Section
from gridplan.briefing.section import Table as Table
from gridplan.briefing.section_closing import write_next_steps, write_sources
from gridplan.briefing.section_coverage import write_coverage
from gridplan.briefing.section_gaps import write_gaps
from gridplan.briefing.section_overview import write_overview
from gridplan.briefing.section_people import write_organisation, write_staffing
from gridplan.briefing.simulation_figures import write_simulation

# Each section and what writes it, in the order in which a briefing has them.
WRITERS: Mapping[str, Callable[[Facts, BriefingRequest], Section]] = {
    "overview": write_overview,
    "coverage": write_coverage,
    "gaps": write_gaps,
    "organisation": write_organisation,
    "staffing": write_staffing,
    "changes": write_changes,
    "ranking": write_ranking,
    "simulation": write_simulation,
    "next_steps": write_next_steps,
    "sources": write_sources,
}
SECTIONS = tuple(WRITERS)


def write_sections(facts: Facts, request: BriefingRequest) -> list[Section]:
    """Write the sections of a briefing in one language, in their order.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_sections(facts, BriefingRequest(lang="en"))[0].finding
    '2 sub-grids, 100.0 % of them within the band'
    """
    return [write(facts, request) for write in WRITERS.values()]
