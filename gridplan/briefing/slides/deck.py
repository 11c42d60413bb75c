"""A deck that slides are added to: their layout, title, notes and foot."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.slides.layouts import (
    BODY_SIZES,
    COVER_SIZES,
    FOOT_SIZE,
    LAYOUTS,
    NOTE_SIZE,
    TITLE_SIZES,
)
from gridplan.briefing.slides.measure import fit_text
from gridplan.briefing.slides.text import (
    Line,
    find_box,
    fit_paragraphs,
    fit_shape,
    write_lines,
    write_notes,
)
from gridplan.publishing.place_and_date import find_date, write_date
from gridplan.tables.words import say

SOURCE, DATE, PAGE, NOTE = 11, 10, 12, 40


@dataclass
class Deck:
    """A deck in the making: the presentation, and what all its slides are written from."""

    presentation: Any
    facts: Facts
    request: BriefingRequest
    pages: list[Any] = field(default_factory=list)

    @property
    def day(self) -> str:
        """The day of the briefing in words: that which was asked for, else the plan's."""
        date = self.request.date or find_date(self.facts.plan)
        return write_date(date, self.request.lang) if date else ""

    def say(self, key: str, **values: object) -> str:
        """Say a word in the language of the deck."""
        return say(key, self.request.lang, **values)

    def add_slide(self, layout: str, title: str, notes: Sequence[str], source: str = "") -> Any:
        """Add a slide with its title, notes and foot; its other places are filled afterwards."""
        name = LAYOUTS[layout][0]
        found = self.presentation.slide_layouts.get_by_name(name)
        slide = self.presentation.slides.add_slide(found)
        shape = slide.shapes.title
        sizes = COVER_SIZES if layout == "cover" else TITLE_SIZES
        fitted = fit_shape(shape, title, sizes, bold=True)
        look = [Line(fitted.text, fitted.size)]
        write_lines(shape, look, self.request.lang, major=True)
        # A title that was cut is spoken whole.
        spoken = [title, *notes] if fitted.cut else list(notes)
        write_notes(slide, spoken, self.request.lang)
        self._write_foot(slide, found, source)
        return slide

    def write_spot(
        self, slide: Any, idx: int, texts: Sequence[str], sizes: Sequence[int] = BODY_SIZES
    ) -> list[str]:
        """Write paragraphs into a place; returns those that had no room."""
        if not texts:
            return []
        spot = slide.placeholders[idx]
        lines, left = fit_paragraphs(texts, *find_box(spot), sizes)
        write_lines(spot, lines, self.request.lang)
        return left

    def write_note(self, slide: Any, notes: Sequence[str]) -> None:
        """Write what is to be known of a slide under its contents, in one paragraph."""
        text = self._join([note for note in notes if note])
        if text:
            spot = slide.placeholders[NOTE]
            fitted = fit_text(text, *find_box(spot), (NOTE_SIZE,))
            write_lines(spot, [Line(fitted.text, fitted.size)], self.request.lang)

    def finish(self) -> None:
        """Write the numbers of pages and take out places that nothing was put into."""
        for n, page in enumerate(self.pages, 1):
            if page is not None:
                line = Line(f"{n}/{len(self.pages)}", FOOT_SIZE, field=True)
                write_lines(page, [line], self.request.lang)
        for slide in self.presentation.slides:
            for shape in list(slide.placeholders):
                if shape.has_text_frame and not shape.text_frame.text:
                    shape._element.getparent().remove(shape._element)

    def _join(self, notes: Sequence[str]) -> str:
        return ("" if self.request.lang == "zh" else " ").join(notes)

    def _write_foot(self, slide: Any, layout: Any, source: str) -> None:
        """Write source and date, and keep the place of the page's number for the end."""
        self.pages.append(None)
        texts = {SOURCE: source, DATE: self.day}
        for spot in layout.placeholders:
            idx = spot.placeholder_format.idx
            if idx not in (SOURCE, DATE, PAGE):
                continue
            element = deepcopy(spot._element)
            properties = element.spPr
            for child in list(properties):
                properties.remove(child)  # where it stands is said by the layout
            slide.shapes._spTree.append(element)
            element.nvSpPr.cNvPr.set("id", str(1 + len(slide.shapes._spTree)))
            shape = slide.placeholders[idx]
            for style in element.txBody.findall("{*}lstStyle"):
                for level in list(style):
                    style.remove(level)
            write_lines(shape, [Line(texts.get(idx, ""), FOOT_SIZE)], self.request.lang)
            if idx == PAGE:
                self.pages[-1] = shape
