"""The slides on what was reached: in band by community, coverage, gaps."""

from __future__ import annotations

from dataclasses import replace

from gridplan.briefing.sections import Section, Table
from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.parts import (
    add_section,
    make_table,
    name_source,
    put_chart,
    put_table,
)
from gridplan.tables.words import say

WORST = 5


def add_band(deck: Deck, contents: Contents) -> None:
    """Add the sorted bars of what share is in band by community, beside the worst five."""
    chart = contents.charts.get("in_band")
    if chart is None or len(chart.categories) < 2:
        return  # nothing to compare
    source = name_source(deck, "outlines")
    slide = deck.add_slide("chart", chart.title, [chart.title], source)
    lines = put_chart(deck, slide, chart, heading=chart.title)
    table = _find_band_table(deck, contents) or make_table(deck, chart)
    worst = replace(table, rows=table.rows[:WORST])
    deck.write_note(slide, [*lines, *put_table(deck, slide, worst)])


def _find_band_table(deck: Deck, contents: Contents) -> Table | None:
    """Find the table of communities with sub-grids out of band, by its caption."""
    caption = say("section.caption_band", deck.request.lang)
    tables = [table for section in contents.sections.values() for table in section.tables]
    return next((table for table in tables if table.caption == caption), None)


def add_coverage(deck: Deck, contents: Contents) -> None:
    """Add the slide on coverage: map, bars by minutes on foot, and the table of kinds."""
    section = contents.find("coverage")
    if section:
        chart = contents.charts.get("coverage")
        add_section(deck, section, name_source(deck, "published"), chart)


def add_gaps(deck: Deck, contents: Contents) -> None:
    """Add the list of gaps: where, how many, and what would close them."""
    section = contents.find("gaps")
    if section:
        add_section(deck, _without_views(section), name_source(deck, "published"))


def _without_views(section: Section) -> Section:
    return replace(section, views=())
