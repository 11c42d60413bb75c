"""What a deck is laid out from: the sections, headline figures and charts of a briefing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridplan.briefing.charts import Chart, Headline, list_charts, list_headlines
from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, write_sections
from gridplan.briefing.slides.chart import is_drawable


@dataclass(frozen=True)
class Contents:
    """The sections by their key, the headline figures, and the charts by their key."""

    sections: Mapping[str, Section]
    headlines: Sequence[Headline]
    charts: Mapping[str, Chart]

    def find(self, key: str) -> Section | None:
        """Find a section that has anything to show; none where its data is missing."""
        section = self.sections.get(key)
        return section if section and (section.sentences or section.tables) else None

    def list_missing(self) -> list[str]:
        """List what is to be given for what this deck lacks, each once, in order."""
        lines = [line for section in self.sections.values() for line in section.missing]
        return list(dict.fromkeys(lines))


def gather_contents(facts: Facts, request: BriefingRequest) -> Contents:
    """Gather what a deck is laid out from; a chart without any value is not drawn."""
    return Contents(
        {section.key: section for section in write_sections(facts, request)},
        list_headlines(facts, request),
        {chart.key: chart for chart in list_charts(facts, request) if is_drawable(chart)},
    )
