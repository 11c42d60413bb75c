"""The slides on people: the chain of organisation, and posts against what the rules ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridplan.briefing.slides.contents import Contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.layouts import BOXES, CHART_BESIDE
from gridplan.briefing.slides.measure import SMALLEST, fit_text, measure_height
from gridplan.briefing.slides.parts import (
    add_section,
    make_table,
    name_source,
    put_chart,
    put_table,
)
from gridplan.briefing.slides.text import Line, find_box, write_lines

INSET = 6.0
AROUND = 14.0  # points between the lines of a box
COUNT_SIZES = (32, 28, 24, 20)


def add_organisation(deck: Deck, contents: Contents) -> None:
    """Add the chain of organisation: a box for each link with its count and what it holds."""
    section = contents.find("organisation")
    if section is None:
        return
    source = name_source(deck, "published")
    if not section.tables:
        add_section(deck, section, source)
        return
    chain, *others = section.tables
    title = section.finding or section.title
    slide = deck.add_slide("chain", title, section.sentences, source)
    for n, row in enumerate(chain.rows[:BOXES]):
        _write_box(deck, slide.placeholders[20 + n], row)
    lines = [chain.note]
    if others:
        lines += [line for line in put_table(deck, slide, others[0]) if line not in lines]
    deck.write_note(slide, lines)


def _write_box(deck: Deck, spot: Any, row: Sequence[str]) -> None:
    """Write a link of the chain into its box: name, count, and what one of them holds."""
    width, height = find_box(spot, INSET)
    each = fit_text(row[2], width, measure_height(2, SMALLEST), (SMALLEST,)) if row[2:3] else None
    below = measure_height(len(each.lines), each.size) if each and each.text else 0.0
    least = measure_height(1, COUNT_SIZES[-1])
    room = height - below - least - AROUND
    name = fit_text(row[0], width, room, (16, SMALLEST), bold=True)
    room = height - below - AROUND - measure_height(len(name.lines), name.size)
    count = fit_text(row[1], width, room, COUNT_SIZES, bold=True)
    lines = [
        Line(name.text, name.size, bold=True),
        Line(count.text, count.size, bold=True, colour="accent1"),
    ]
    if each and each.text:
        lines.append(Line(each.text, each.size, colour="tx2"))
    write_lines(spot, lines, deck.request.lang)


def add_staffing(deck: Deck, contents: Contents) -> None:
    """Add posts needed and filled beside the Party's share against the rule's target."""
    section = contents.find("staffing")
    if section is None:
        return
    source = name_source(deck, "published")
    posts, party = contents.charts.get("staffing"), contents.charts.get("party_share")
    if posts is None or party is None:
        add_section(deck, section, source, posts or party)
        return
    title = section.finding or section.title
    slide = deck.add_slide("charts", title, section.sentences, source)
    lines = [*put_chart(deck, slide, posts), *put_chart(deck, slide, party, CHART_BESIDE)]
    table = section.tables[0] if section.tables else make_table(deck, posts)
    deck.write_note(slide, [*lines, *put_table(deck, slide, table)])
