"""What stands in the template that an office begins from: each style, named and in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Table
from gridplan.briefing.word.column_widths import choose_layout
from gridplan.briefing.word.letterhead import make_letterhead, make_tail
from gridplan.briefing.word.page_setup import Page
from gridplan.briefing.word.styles import Role, list_text_styles
from gridplan.briefing.word.tables import choose_sizes, make_table
from gridplan.briefing.word.texts import make_paragraph
from gridplan.tables.schema import Language
from gridplan.tables.words import say

SHOWN: tuple[Role, ...] = ("title", "heading", "subheading", "body", "item", "missing")


def fill_sample(document: Any, ids: Mapping[Role, str], page: Page, lang: Language) -> None:
    """Fill a document with a line in each style, which says what the style is called."""
    names = {style.role: style.chinese for style in list_text_styles(lang)}
    elements = make_letterhead(BriefingRequest(lang=lang), ids, page.text_width)
    for role in SHOWN:
        text = say("word.sample", lang, style=names[role])
        elements.append(make_paragraph(text, ids[role], lang))
    elements.append(make_paragraph(say("word.template_note", lang), ids["body"], lang))
    head = (names["table_head"], say("word.sample_number", lang))
    row = (names["table_text"], "12")
    table = Table(names["table_caption"], head, (row,), (False, True), names["table_note"])
    layout = choose_layout(table, page.text_width, page.turn().text_width, choose_sizes(lang))
    caption = say("word.table", lang, number=1, title=names["table_caption"])
    elements += make_table(table, caption, layout, ids, lang)
    figure = say("word.figure", lang, number=1, title=names["figure_caption"])
    elements.append(make_paragraph(figure, ids["figure_caption"], lang))
    elements += make_tail(ids, lang, page.text_width)
    body = document.element.body
    for element in elements:
        body.insert(len(body) - 1, element)
