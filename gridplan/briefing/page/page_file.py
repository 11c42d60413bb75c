"""The briefing as an HTML page with maps: opens without a network, prints on A4."""

from __future__ import annotations

from collections.abc import Sequence

from gridplan.briefing.facts import Facts
from gridplan.briefing.numbering import number_heading
from gridplan.briefing.page.elements import (
    escape,
    write_missing,
    write_picture,
    write_table,
    write_whole_page,
)
from gridplan.briefing.page.page_maps import draw_page_map
from gridplan.briefing.page.style import read_style
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, Table, write_sections
from gridplan.publishing.brief_pages import NOTES, list_brief_tables
from gridplan.publishing.place_and_date import find_date, write_date
from gridplan.tables.schema import Language
from gridplan.tables.words import say

Part = tuple[Facts, BriefingRequest]


def write_html(facts: Facts, request: BriefingRequest) -> bytes:
    """Write a briefing as one HTML page in one language.

    A map that cannot be drawn, since a package or a table is missing, is a line
    that says so.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> b"120 households" in write_html(facts, BriefingRequest(lang="en"))
    True
    """
    return write_html_parts([(facts, request)])


def write_html_parts(parts: Sequence[Part]) -> bytes:
    """Write one page with a part for each language."""
    body = [line for part in parts for line in _write_part(*part)]
    _, first = parts[0]
    return write_whole_page(first.lang, _choose_title(first), read_style("page"), body)


def _choose_title(request: BriefingRequest) -> str:
    return request.title or say("brief.title", request.lang)


def _write_part(facts: Facts, request: BriefingRequest) -> list[str]:
    """Write the briefing in one language: head, contents, sections, where figures come from."""
    lang = request.lang
    sections = write_sections(facts, request)
    beside = list_brief_tables(facts.brief, lang)
    names = [(section.key, section.title) for section in sections]
    names += [("beside", say("page.beside", lang))] if beside else []
    links = "".join(f'<li><a href="#{lang}-{key}">{escape(title)}</a></li>' for key, title in names)
    lines = [
        f'<article lang="{lang}">',
        *_write_head(facts, request),
        f"<nav><ul>{links}</ul></nav>",
    ]
    counts = {"table": 0, "figure": 0}
    for number, section in enumerate(sections, 1):
        lines += _write_section(facts, request, section, number, counts)
    if beside:
        title = number_heading(len(sections) + 1, say("page.beside", lang), lang)
        lines.append(f'<h2 id="{lang}-beside">{title}</h2>')
    for caption, columns, rows in beside:
        numeric = (False, *[True] * (len(columns) - 1))
        table = Table(caption, tuple(columns), tuple(map(tuple, rows)), numeric)
        lines.append(write_table(table, _count(counts, "table", caption, lang)))
    notes = NOTES if beside else NOTES[:1]  # the second says where Tangshan's figures are from
    lines += [f'<p class="note">{escape(say(f"brief.{note}", lang))}</p>' for note in notes]
    return [*lines, f'<p class="stamp">{escape(facts.brief.stamp[lang])}</p>', "</article>"]


def _write_head(facts: Facts, request: BriefingRequest) -> list[str]:
    """Write what stands above the text: the title, the issue, who issues it and when."""
    lang = request.lang
    blank = say("sheet.blank", lang)
    day = request.date or find_date(facts.plan)
    issue = f'<p class="issue">{escape(_say_issue(request))}</p>' if request.issue else ""
    return [
        f'<p class="mark">{escape(say("sheet.internal", lang))}</p>',
        f"<h1>{escape(_choose_title(request))}</h1>",
        issue,
        f'<p class="imprint"><span>{escape(request.office or blank)}</span>'
        f"<span>{escape(write_date(day, lang) if day else blank)}</span></p>",
    ]


def _say_issue(request: BriefingRequest) -> str:
    """Say the number of the issue; an office may give it in words of its own."""
    number = request.issue
    return say("page.issue", request.lang, number=number) if number.isdecimal() else number


def _write_section(
    facts: Facts,
    request: BriefingRequest,
    section: Section,
    number: int,
    counts: dict[str, int],
) -> list[str]:
    """Write a section: sentences, maps, tables, and what is missing."""
    lang = request.lang
    title = number_heading(number, section.title, lang)
    lines = [f'<h2 id="{lang}-{section.key}">{escape(title)}</h2>']
    lines += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    missing = list(section.missing)
    # Tables first: a map that has to begin a new page then leaves no gap in the text.
    for table in section.tables:
        lines.append(write_table(table, _count(counts, "table", table.caption, lang)))
    for view in section.views:
        drawn = draw_page_map(facts, request, view)
        if isinstance(drawn, str):
            missing.append(drawn)
        else:
            caption = say(f"page.view_{view}", lang)
            lines.append(write_picture(drawn, _count(counts, "figure", caption, lang)))
    return [*lines, write_missing(missing)]


def _count(counts: dict[str, int], kind: str, caption: str, lang: Language) -> str:
    """Count a table or figure through the whole document."""
    counts[kind] += 1
    return say(f"page.{kind}", lang, number=counts[kind], caption=caption)
