"""Parts of slides that several groups share: a map, a chart and a table with their notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridplan.briefing.charts import Chart
from gridplan.briefing.pictures import draw_map
from gridplan.briefing.sections import Section, Table
from gridplan.briefing.slides.chart import BLANK, PERCENT, place_chart
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.layouts import CHART, EMU, LAYOUTS, PICTURE, TABLE, TEXT
from gridplan.briefing.slides.tables import place_table, tabulate_chart
from gridplan.briefing.slides.text import describe_shape
from gridplan.errors import PlanError
from gridplan.tables.words import say

MILLIMETRES = 25.4 / 72  # of a point
ENLARGED = 1.6  # text of a map on a slide, over that on a page
MANY = 30  # communities, whose names would hide the map


def put_table(deck: Deck, slide: Any, table: Table) -> list[str]:
    """Put a table into its place; returns its note, and how much of it is left out."""
    fitted = place_table(slide.placeholders[TABLE], table, deck.request.lang)
    notes = []
    if fitted.left_rows:
        notes.append(deck.say("slides.left_rows", count=fitted.left_rows))
    if fitted.left_columns:
        notes.append(deck.say("slides.left_columns", count=fitted.left_columns))
    return [*notes, table.note]


def put_chart(
    deck: Deck, slide: Any, chart: Chart, idx: int = CHART, heading: str = ""
) -> list[str]:
    """Put a chart into its place; returns what its line means, and how much is left out."""
    shown = place_chart(slide.placeholders[idx], chart, deck.request.lang, heading)
    notes = []
    if shown.target:
        target = f"{shown.target:g}" + (PERCENT if chart.unit == PERCENT else "")
        notes.append(deck.say("slides.target_line", target=target))
    if shown.left_over:
        notes.append(deck.say("slides.left_categories", count=shown.left_over))
    return notes


def make_table(deck: Deck, chart: Chart) -> Table:
    """Make the table that stands beside a chart from the chart's own values."""
    head = deck.say("slides.category")
    table = tabulate_chart(chart, head)
    has_blank = any(BLANK in row[1:] for row in table.rows)
    return replace(table, note=deck.say("slides.blank_note")) if has_blank else table


def draw_view(deck: Deck, views: Sequence[str], layout: str) -> bytes | None:
    """Draw the first view of a section as large as its place; none where there is no such map."""
    if not views:
        return None
    view: Any = views[0]
    found = deck.presentation.slide_layouts.get_by_name(LAYOUTS[layout][0])
    spot = next(s for s in found.placeholders if s.placeholder_format.idx == PICTURE)
    width, height = (size / EMU * MILLIMETRES for size in (spot.width, spot.height))
    enlarged = ENLARGED if len(deck.facts.plan.site.communities) <= MANY else 1.2
    try:
        return draw_map(deck.facts, deck.request, view, width, height, enlarged=enlarged)
    except PlanError:  # what the view shows is not in a release
        return None


def put_picture(deck: Deck, slide: Any, picture: bytes, title: str) -> None:
    """Put a picture into its place, framed, with words for who cannot see it."""
    from pptx.enum.dml import MSO_THEME_COLOR

    frame = slide.placeholders[PICTURE].insert_picture(io.BytesIO(picture))
    frame.crop_left = frame.crop_right = frame.crop_top = frame.crop_bottom = 0
    frame.line.color.theme_color = MSO_THEME_COLOR.TEXT_2
    describe_shape(frame, deck.say("slides.picture", title=title))


def add_section(deck: Deck, section: Section, source: str, chart: Chart | None = None) -> None:
    """Add a slide for a section as what it has allows: chart, map and table, or its sentences."""
    title, notes = section.finding or section.title, section.sentences
    picture = draw_view(deck, section.views, "map_chart" if chart else "map_table")
    tables = list(section.tables)
    if not tables and chart:
        tables = [make_table(deck, chart)]
    if not tables:
        add_texts(deck, title, section.sentences, source, section.sentences)
        return
    layouts = {
        (True, True): "map_chart",
        (True, False): "map_table",
        (False, True): "chart",
        (False, False): "table",
    }
    slide = deck.add_slide(layouts[(picture is not None, chart is not None)], title, notes, source)
    lines = put_table(deck, slide, tables[0])
    if chart:
        lines = [*put_chart(deck, slide, chart), *lines]
    if picture:
        put_picture(deck, slide, picture, section.title)
    deck.write_note(slide, lines)


def add_texts(
    deck: Deck, title: str, texts: Sequence[str], source: str, notes: Sequence[str] = ()
) -> None:
    """Add slides of paragraphs alone, as many as they need."""
    left = list(texts)
    heading = title
    while left:
        slide = deck.add_slide("text", heading, notes, source)
        left = deck.write_spot(slide, TEXT, left)
        heading, notes = deck.say("slides.continued", title=title), ()


def name_source(deck: Deck, *keys: str) -> str:
    """Name the tables that a slide is made from, for its foot."""
    lang = deck.request.lang
    names = [deck.say(f"slides.source_{key}") for key in keys]
    return deck.say("slides.source", tables=("、" if lang == "zh" else ", ").join(names))


def say_title(deck: Deck) -> str:
    """Say the title of the briefing: that which was asked for, else the usual one."""
    return deck.request.title or say("brief.title", deck.request.lang)
