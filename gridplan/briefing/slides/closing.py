"""The slides that close a deck: changes, simulation, next steps with definitions and sources."""

from __future__ import annotations

from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.layouts import TEXT
from gridplan.briefing.slides.measure import SMALLEST
from gridplan.briefing.slides.parts import add_section, add_texts, name_source, put_table

FOLLOWING = 3  # slides of definitions at most; the rest is in the document


def add_changes(deck: Deck, contents: Contents) -> None:
    """Add what changed since the release before, where one was given."""
    section = contents.find("changes")
    if section:
        add_section(deck, section, name_source(deck, "changes"), contents.charts.get("changes"))


def add_simulation(deck: Deck, contents: Contents) -> None:
    """Add what a simulation found, where one was given."""
    section = contents.find("simulation")
    if section:
        chart = contents.charts.get("simulation")
        add_section(deck, section, name_source(deck, "simulation"), chart)


def add_last(deck: Deck, contents: Contents) -> None:
    """Add next steps beside definitions, sources and what is missing."""
    steps, sources = contents.find("next_steps"), contents.find("sources")
    texts = list(sources.sentences) if sources else []
    texts += [deck.say("missing", missing=line) for line in contents.list_missing()]
    texts = texts or [deck.facts.brief.stamp[deck.request.lang]]
    source = name_source(deck, "published")
    if steps is None:
        title = sources.title if sources else deck.say("subject")
        add_texts(deck, title, texts, source, texts)
        return
    title = steps.finding or steps.title
    if not steps.tables:
        add_texts(deck, title, [*steps.sentences, *texts], source, steps.sentences)
        return
    slide = deck.add_slide("columns", title, steps.sentences, source)
    deck.write_note(slide, put_table(deck, slide, steps.tables[0]))
    left = deck.write_spot(slide, TEXT, texts, (16, SMALLEST))
    if left:
        heading = sources.title if sources else title
        add_texts(deck, deck.say("continued", title=heading), left, source, left)
