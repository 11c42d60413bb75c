"""The products of a briefing: which writer makes which file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest

Writer = Callable[[Facts, BriefingRequest], bytes]
# A product -> the module and function that writes it; each is imported when it is asked for,
# since it needs packages of its own.
PRODUCTS: Mapping[str, str] = {
    "docx": "gridplan.briefing.word.word_file:write_word",
    "pptx": "gridplan.briefing.slides.slide_file:write_slides",
    "xlsx": "gridplan.briefing.workbook.workbook_file:write_workbook",
    "html": "gridplan.briefing.page.page_file:write_html",
    "pdf": "gridplan.briefing.atlas.atlas_file:write_atlas",
}


def find_writer(product: str) -> Writer:
    """Find the writer of a product.

    Raises
    ------
    KeyError
        If there is no such product.
    """
    module, _, name = PRODUCTS[product].partition(":")
    return cast("Writer", getattr(import_module(module), name))
