"""The slides that close a deck: changes, simulation, next steps with definitions and sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gridplan.briefing.sections import Table
from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.layouts import LAYOUTS, TABLE, TEXT
from gridplan.briefing.slides.measure import SMALLEST
from gridplan.briefing.slides.parts import add_section, add_texts, name_source, put_table
from gridplan.briefing.slides.tables import fit_table
from gridplan.briefing.slides.text import find_box, fit_paragraphs

TEXT_SIZES = (16, SMALLEST)


def add_changes(deck: Deck, contents: Contents) -> None:
    """Add what changed since the release before, where one was given."""
    section = contents.find("changes")
    if section:
        section = replace(section, views=section.views or ("change",))
        add_section(deck, section, name_source(deck, "changes"), contents.charts.get("changes"))


def add_simulation(deck: Deck, contents: Contents) -> None:
    """Add what a simulation found, where one was given."""
    section = contents.find("simulation")
    if section:
        chart = contents.charts.get("simulation")
        add_section(deck, section, deck.say("slides.from_simulation"), chart)


def add_last(deck: Deck, contents: Contents) -> None:
    """Add next steps, and definitions, sources and what is missing: on one slide if both go in."""
    steps, sources = contents.find("next_steps"), contents.find("sources")
    texts = [*(sources.sentences if sources else ()), *contents.list_missing()]
    if steps and not steps.tables:
        texts = [*steps.sentences, *texts]
    texts = texts or [deck.facts.brief.stamp[deck.request.lang]]
    source = name_source(deck, "published")
    heading = (sources.finding or sources.title) if sources else deck.say("slides.subject")
    if steps is None or not steps.tables:
        add_texts(deck, heading, texts, source, texts)
    elif _go_together(deck, steps.tables[0], texts):
        title = steps.finding or steps.title
        slide = deck.add_slide("columns", title, [*steps.sentences, *texts], source)
        deck.write_note(slide, put_table(deck, slide, steps.tables[0]))
        deck.write_spot(slide, TEXT, texts, TEXT_SIZES)
    else:
        add_section(deck, steps, source)
        add_texts(deck, heading, texts, source, texts)


def _go_together(deck: Deck, table: Table, texts: Sequence[str]) -> bool:
    """Whether a table and paragraphs go onto one slide, with nothing left out."""
    layout = deck.presentation.slide_layouts.get_by_name(LAYOUTS["columns"][0])
    spots = {spot.placeholder_format.idx: find_box(spot) for spot in layout.placeholders}
    fitted = fit_table(table, *spots[TABLE])
    left = fit_paragraphs(texts, *spots[TEXT], TEXT_SIZES)[1]
    return not (fitted.left_rows or fitted.left_columns or left)
