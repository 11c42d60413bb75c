"""A briefing as a document of Word, from its sections: headings, text, tables, maps and tail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from gridplan.briefing.facts import Facts
from gridplan.briefing.needed import need_package
from gridplan.briefing.numbering import number_heading, number_item, number_subheading
from gridplan.briefing.pictures import draw_map
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, Table, write_sections
from gridplan.briefing.word.column_widths import POINT, Layout, choose_layout
from gridplan.briefing.word.elements import Element
from gridplan.briefing.word.figures import Figure, choose_size, make_figure, name_view
from gridplan.briefing.word.letterhead import make_letterhead, make_tail
from gridplan.briefing.word.office_template import OfficeTemplate, read_office_template
from gridplan.briefing.word.package import open_document, save_document
from gridplan.briefing.word.page_setup import Page, close_section, set_page, write_footers
from gridplan.briefing.word.sample_text import fill_sample
from gridplan.briefing.word.styles import Role
from gridplan.briefing.word.tables import choose_sizes, make_table
from gridplan.briefing.word.texts import break_title, make_lines, make_paragraph
from gridplan.errors import PlanError
from gridplan.plots.printed_map import View
from gridplan.tables.schema import Language
from gridplan.tables.words import say

ITEMISED = ("sources",)  # sections whose sentences are numbered items
MOST_ROWS = 25  # of a table within the text; a longer one is attached
LONG = 200  # letters of a sentence, or several in one, that is a paragraph of its own
TITLE_SIZE: Mapping[Language, float] = {"zh": 22.0, "en": 18.0}


@dataclass(frozen=True)
class _Attachment:
    """A table that stands behind the text, with its number and title."""

    caption: str
    table: Table
    layout: Layout


@dataclass
class _Writing:
    """A document that is being written, and how far its numbers have come."""

    document: Any
    ids: Mapping[Role, str]
    facts: Facts
    request: BriefingRequest
    template: OfficeTemplate
    tables: int = 0
    figures: int = 0
    attached: list[_Attachment] = field(default_factory=list)

    @property
    def lang(self) -> Language:
        return self.request.lang

    @property
    def page(self) -> Page:
        return self.template.page

    def add(self, *elements: Element) -> None:
        """Add elements at the end, before the properties of the last section."""
        body = self.document.element.body
        for element in elements:
            body.insert(len(body) - 1, element)

    def add_text(self, text: str, role: Role, **how: Any) -> None:
        """Add a paragraph in the style of a role."""
        self.add(make_paragraph(text, self.ids[role], self.lang, **how))


def write_word(facts: Facts, request: BriefingRequest) -> bytes:
    """Write a briefing as a document of Word (.docx), the same bytes every time.

    It is laid out as GB/T 9704 has it: A4, 22 lines of 28 characters, a red
    head, headings 一、（一）1., tables with their title above and maps with it
    below. Tables that are too wide or long are attached, wide ones on sideways pages.

    Raises
    ------
    MissingPackageError
        If python-docx is not installed, or no font here has the characters of a map.
    ArgumentError
        If the template cannot be used, or the date is no day.
    PlanError
        If a map has too many dots.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_word(facts, BriefingRequest(lang="en"))[:2]
    b'PK'
    """
    return lay_out(facts, request, write_sections(facts, request))


def lay_out(facts: Facts, request: BriefingRequest, sections: list[Section]) -> bytes:
    """Lay sections out as a document."""
    need_package("docx", "python-docx")
    template = OfficeTemplate()
    if request.template is not None:
        template = read_office_template(request.template)
    document, ids = open_document(template, request.lang)
    page = template.page
    set_page(document.element.body.sectPr, page, request.lang)
    write_footers(document, ids["page_number"], request.lang)
    writing = _Writing(document, ids, facts, request, template)
    is_theirs = "name" in template.ids
    writing.add(*make_letterhead(request, ids, page.text_width, name_in_style=is_theirs))
    title = request.title or (sections[0].finding if sections else say("word.name", request.lang))
    size = template.sizes.get("title", TITLE_SIZE[request.lang])
    ems = page.text_width / (size * POINT)
    writing.add(make_lines(break_title(title, ems), ids["title"], request.lang))
    for number, section in enumerate(sections, 1):
        _add_section(writing, section, number)
    _list_attachments(writing)
    _add_attachments(writing)
    writing.add(*make_tail(ids, request.lang, page.text_width))
    return save_document(document, title)


def _add_section(writing: _Writing, section: Section, number: int) -> None:
    """Add a section: its heading, text, tables and maps, and what is missing."""
    lang = writing.lang
    writing.add_text(number_heading(number, section.title, lang), "heading")
    has_content = bool(section.sentences or section.tables or section.views)
    is_split = has_content and len(section.missing) > 1
    if is_split:
        writing.add_text(number_subheading(number, 1, say("word.known", lang), lang), "subheading")
    _add_sentences(writing, section)
    for table in section.tables:
        _add_table(writing, table)
    for view in section.views:
        _add_figure(writing, view)
    if is_split:
        writing.add_text(
            number_subheading(number, 2, say("word.unknown", lang), lang), "subheading"
        )
        for item, text in enumerate(section.missing, 1):
            writing.add_text(number_item(item, text, lang), "item")
    elif section.missing or not has_content:
        for text in section.missing or (say("word.no_data", lang),):
            writing.add_text(text, "missing")


def _add_sentences(writing: _Writing, section: Section) -> None:
    """Add the sentences of a section: as numbered items, or run on into paragraphs."""
    lang = writing.lang
    if section.key in ITEMISED and len(section.sentences) > 1:
        for number, sentence in enumerate(section.sentences, 1):
            writing.add_text(number_item(number, sentence, lang), "item")
        return
    for is_long, group in groupby(section.sentences, lambda text: len(text) > LONG):
        texts = list(group)
        for text in texts if is_long else [_run_on(texts, lang)]:
            writing.add_text(text, "body")


def _run_on(sentences: Iterable[str], lang: Language) -> str:
    """Run sentences on, with a space between those of English."""
    return ("" if lang == "zh" else " ").join(sentences)


def _add_table(writing: _Writing, table: Table) -> None:
    """Add a table; one that is too wide or long is attached, and a line says where it is."""
    lang = writing.lang
    writing.tables += 1
    caption = say("word.table", lang, number=writing.tables, title=table.caption)
    page = writing.page
    sizes = choose_sizes(lang, writing.template.sizes.get("table_text"))
    layout = choose_layout(table, page.text_width, page.turn().text_width, sizes)
    if layout.is_sideways or len(table.rows) > MOST_ROWS:
        writing.attached.append(_Attachment(caption, table, layout))
        writing.add_text(say("word.see_attachment", lang, table=writing.tables), "body")
    else:
        writing.add(*make_table(table, caption, layout, writing.ids, lang))


def _add_figure(writing: _Writing, view: str) -> None:
    """Add the map of a view; a line where the release does not hold what it shows."""
    facts, request = writing.facts, writing.request
    width, height = choose_size(facts, writing.page)
    try:
        picture = draw_map(facts, request, cast("View", view), width, height)
    except PlanError:
        title = name_view(view, writing.lang)
        writing.add_text(say("word.no_map", writing.lang, title=title), "missing")
        return
    writing.figures += 1
    figure = Figure(picture, width, height, view, writing.figures)
    writing.add(*make_figure(writing.document, figure, request, writing.ids))


def _list_attachments(writing: _Writing) -> None:
    """Add the note of attachments under the text: a number before each if there are several."""
    lang = writing.lang
    titles = [attachment.table.caption for attachment in writing.attached]
    if titles:
        writing.add_text("", "body")
    for number, title in enumerate(titles, 1):
        numbered = title if len(titles) == 1 else number_item(number, title, lang)
        key = "word.attached" if number == 1 else "word.attached_next"
        writing.add_text(say(key, lang, title=numbered), "body", align="left")


def _add_attachments(writing: _Writing) -> None:
    """Add wide and long tables, each on a page of its own, and the pages back to upright."""
    lang, count = writing.lang, len(writing.attached)
    is_sideways = False
    for number, attachment in enumerate(writing.attached, 1):
        layout = attachment.layout
        turns = layout.is_sideways != is_sideways
        if turns:
            _turn_page(writing, layout.is_sideways)
            is_sideways = layout.is_sideways
        mark = say("word.attachment", lang, number=number if count > 1 else "").strip()
        writing.add_text(mark, "attachment", new_page=not turns)
        table = make_table(attachment.table, attachment.caption, layout, writing.ids, lang)
        writing.add(*table)
    if is_sideways:
        _turn_page(writing, False)


def _turn_page(writing: _Writing, to_sideways: bool) -> None:
    """End the section of pages that lie as they do so far, and turn those that follow."""
    body = writing.document.element.body
    close_section(body[-2], body.sectPr)
    page = writing.page.turn() if to_sideways else writing.page
    set_page(body.sectPr, page, writing.lang)


def write_word_template(lang: Language = "zh") -> bytes:
    """Write the template that an office begins its own from: every named style, shown in use.

    Examples
    --------
    >>> write_word_template()[:2]
    b'PK'
    """
    need_package("docx", "python-docx")
    document, ids = open_document(OfficeTemplate(), lang)
    page = Page()
    set_page(document.element.body.sectPr, page, lang)
    write_footers(document, ids["page_number"], lang)
    fill_sample(document, ids, page, lang)
    return save_document(document, say("word.template_title", lang))
