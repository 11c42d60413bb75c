"""Figures: a map as a picture, with a text for those who cannot see it, and its title below."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.word.elements import EMU_PER_MM, Element, clean_text, make
from gridplan.briefing.word.page_setup import Page
from gridplan.briefing.word.styles import Role
from gridplan.briefing.word.texts import make_lines, make_paragraph
from gridplan.errors import PlanError
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say

WIDTH = 156.0  # mm
LOWEST, HIGHEST = 90.0, 130.0  # mm; a higher one often leaves half a page empty before it
MOST_DOTS = 40_000_000  # of a picture in a document, which many office computers still open


@dataclass(frozen=True)
class Figure:
    """A map of a document: its picture, its size in millimetres, what it shows, its number."""

    picture: bytes
    width: float
    height: float
    view: str
    number: int


def choose_size(facts: Facts, page: Page) -> tuple[float, float]:
    """Choose the width and height of a map in millimetres: as its land is shaped, in limits."""
    west, south, east, north = shapely.total_bounds(facts.plan.subgrids.geometry.to_numpy())
    width = min(WIDTH, page.text_width)
    shape = (north - south) / (east - west) if east > west else 1.0
    highest = min(HIGHEST, page.text_height - 40)
    return width, round(min(max(width * shape, LOWEST), highest))


def make_figure(
    document: Any, figure: Figure, request: BriefingRequest, ids: Mapping[Role, str]
) -> list[Element]:
    """Make a figure: the picture in a paragraph of its own, and its title below.

    Raises
    ------
    PlanError
        If the picture has more dots than a document should hold.
    """
    check_dots(figure.picture, figure.view)
    lang = request.lang
    title = name_view(figure.view, lang)
    caption = say("word.figure", lang, number=figure.number, title=title)
    inline = document.part.new_pic_inline(
        io.BytesIO(figure.picture),
        round(figure.width * EMU_PER_MM),
        round(figure.height * EMU_PER_MM),
    )
    for side in ("distT", "distB", "distL", "distR"):
        inline.set(side, "0")  # a picture as wide as the text has no room beside it
    properties = inline.docPr
    properties.set("name", clean_text(caption))
    properties.set("descr", clean_text(say("word.alt", lang, title=title)))
    inline.graphic.graphicData.pic.nvPicPr.cNvPr.set("name", f"map_{figure.number}.png")
    paragraph = make_lines([], ids["figure"], lang)
    paragraph.append(make("r", make("drawing", inline)))
    parts = [paragraph, make_paragraph(caption, ids["figure_caption"], lang)]
    if request.map_number:
        approval = say("sheet.number", lang, number=request.map_number)
        parts.append(make_paragraph(approval, ids["table_note"], lang, align="center"))
    return parts


def name_view(view: str, lang: Language) -> str:
    """Name what a map shows."""
    return list_words("word", lang).get(f"view_{view}", view)


def check_dots(content: bytes, view: str) -> None:
    r"""Refuse a picture that is too large for a document.

    Raises
    ------
    PlanError
        If it has more than 40 million dots.

    Examples
    --------
    >>> check_dots(b"\x89PNG\r\n\x1a\n" + bytes(8) + bytes([0, 0, 1, 0] * 2), "band")
    """
    wide, high = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    if wide * high > MOST_DOTS:
        raise PlanError(
            f"the map {view} has {wide * high / 1e6:,.0f} million dots, too large for a document "
            "-> draw it as a PDF with gridplan map"
        )
