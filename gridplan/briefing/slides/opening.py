"""The slides that open a deck: cover, the whole in six figures, the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridplan.briefing.charts import Headline
from gridplan.briefing.sections import Section
from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.layouts import FIGURES, TEXT
from gridplan.briefing.slides.measure import SMALLEST, fit_text, measure_height, measure_width
from gridplan.briefing.slides.parts import (
    draw_view,
    name_source,
    put_picture,
    put_table,
    say_title,
)
from gridplan.briefing.slides.text import TAIL_SIZE, Line, find_box, write_lines
from gridplan.publishing.place_and_date import name_land
from gridplan.tables.words import say

INSET = 6.0
VALUE_SIZES = (36, 32, 28, 24, 20)
OFFICE, MARK, STAMP = 13, 14, 15


def add_cover(deck: Deck) -> None:
    """Add the cover: title, place, office, date, the mark of internal papers, the check."""
    lang, request = deck.request.lang, deck.request
    slide = deck.add_slide("cover", say_title(deck), (deck.facts.brief.stamp[lang],))
    place = name_land(deck.facts.plan, lang)
    lines = [deck.say("slides.place", place=place)] if place else []
    if request.issue:
        lines.append(deck.say("slides.issue", issue=request.issue))
    deck.write_spot(slide, 1, lines, (24, 20, 18))
    office = deck.say("slides.office", office=request.office) if request.office else ""
    date = deck.say("slides.date", date=deck.day) if deck.day else ""
    texts = [office or deck.say("slides.office_blank"), date or deck.say("slides.date_blank")]
    deck.write_spot(slide, OFFICE, texts, (20, 18, 16))
    write_lines(slide.placeholders[MARK], [Line(say("sheet.internal", lang), 18)], lang)
    deck.write_spot(slide, STAMP, [deck.facts.brief.stamp[lang]], (SMALLEST,))


def add_overview(deck: Deck, contents: Contents) -> None:
    """Add the slide of the whole: six figures at the left, the levels at the right."""
    section = contents.find("overview")
    if section is None:
        return
    layout = "figures" if contents.headlines else "table"
    if not contents.headlines and not section.tables:
        layout = "text"
    title, source = section.finding or section.title, name_source(deck, "published")
    slide = deck.add_slide(layout, title, section.sentences, source)
    if layout == "text":
        deck.write_spot(slide, TEXT, section.sentences)
        return
    for n, headline in enumerate(contents.headlines[:FIGURES]):
        _write_headline(deck, slide.placeholders[20 + n], headline)
    if section.tables:
        deck.write_note(slide, put_table(deck, slide, section.tables[0]))


def _write_headline(deck: Deck, spot: Any, headline: Headline) -> None:
    """Write a figure into its box: the value large, its name, and a note below."""
    width, height = find_box(spot, INSET)
    value = f"{headline.value}%" if headline.unit == "%" else headline.value
    is_said = headline.unit.lower() in headline.name.lower() and deck.request.lang == "en"
    unit = "" if headline.unit == "%" or is_said else f" {headline.unit}"
    below = [text for text in (headline.name, headline.note) if text]
    names = [fit_text(text, width, measure_height(2, 14), (16, SMALLEST)) for text in below]
    used = sum(measure_height(len(one.lines), one.size) + one.size * 0.4 for one in names)
    room = width - measure_width(unit, TAIL_SIZE)
    large = fit_text(value, room, max(height - used, 26), VALUE_SIZES, bold=True)
    lines = [Line(large.text, large.size, bold=True, colour="accent1", tail=unit.rstrip())]
    lines += [Line(one.text, one.size, colour="tx2" if n else "tx1") for n, one in enumerate(names)]
    write_lines(spot, lines, deck.request.lang)


def add_map(deck: Deck, contents: Contents) -> None:
    """Add the map of sub-grids as large as a slide allows."""
    section = contents.sections.get("overview")
    picture = draw_view(deck, section.views if section else (), "map")
    if section is None or picture is None:
        return
    source = name_source(deck, "outlines")
    slide = deck.add_slide("map", deck.say("slides.map_title"), _say_map(deck, section), source)
    put_picture(deck, slide, picture, deck.say("slides.map_title"))
    lines = [deck.say("slides.schematic")]
    if deck.request.map_number:
        lines.append(deck.say("slides.approval", number=deck.request.map_number))
    deck.write_note(slide, lines)


def _say_map(deck: Deck, section: Section) -> Sequence[str]:
    """Say what the map shows, for who speaks to it."""
    return (section.finding or section.title,)
