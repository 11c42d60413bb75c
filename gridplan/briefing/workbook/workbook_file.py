"""The workbook of a briefing: all its sheets in one file, the same bytes each time."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from gridplan.briefing.facts import Facts
from gridplan.briefing.needed import need_package
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.workbook.compare_sheets import make_changes, make_ranking
from gridplan.briefing.workbook.grid_sheets import make_grid_sheets
from gridplan.briefing.workbook.layout import Sheet
from gridplan.briefing.workbook.level_sheets import make_level_sheets
from gridplan.briefing.workbook.list_sheets import (
    make_gaps,
    make_missing,
    make_reach,
    make_suppressed,
)
from gridplan.briefing.workbook.note_sheets import find_title, make_notes, make_sources
from gridplan.briefing.workbook.writing import Styles, write_sheet
from gridplan.tables.words import say

_MADE = datetime(2000, 1, 1)  # one date for all, so that the same facts are the same file
_FONTS = {"zh": "宋体", "en": "Arial"}
_HEADER_LETTERS = 70  # of the title and the office in the header of a page, which holds 255


def write_workbook(facts: Facts, request: BriefingRequest) -> bytes:
    """Write the workbook of a briefing as the bytes of an .xlsx file.

    A sheet for each level with the same indicators, lists of grids, of reach
    and gaps, and what is suppressed, missing and where figures come from. No
    cell is a formula, whatever a name begins with.

    Raises
    ------
    MissingPackageError
        If xlsxwriter is not installed.
    PlanError
        If the plan has more sub-grids than a sheet has rows.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_workbook(facts, BriefingRequest())[:2]
    b'PK'
    """
    need_package("xlsxwriter", "xlsxwriter")
    import xlsxwriter

    held = io.BytesIO()
    font = request.font or _FONTS[request.lang]
    book = xlsxwriter.Workbook(
        held,
        {
            # Rows are written as they come: a city has tens of thousands.
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": font, "font_size": 11},
        },
    )
    title = find_title(request)
    book.set_properties({"title": title, "company": request.office, "created": _MADE})
    _write_all(book, make_sheets(facts, request), request, title)
    book.close()
    return held.getvalue()


def make_sheets(facts: Facts, request: BriefingRequest) -> list[Sheet]:
    """Make all sheets in the order of the file, the notes first."""
    lang = request.lang
    sheets = [*make_level_sheets(facts, lang), *make_grid_sheets(facts, lang)]
    sheets += [make_reach(facts, lang)] if len(facts.reach) else []
    sheets += [make_gaps(facts, lang)] if len(facts.gaps) else []
    ranking = make_ranking(facts, request.before, lang)
    sheets += [ranking] if ranking else []
    sheets += make_changes(facts, request.before, lang) if request.before else []
    sheets += [make_suppressed(facts, lang), make_missing(facts, lang), make_sources(facts, lang)]
    return [make_notes(facts, request, sheets), *sheets]


def _write_all(book: Any, sheets: list[Sheet], request: BriefingRequest, title: str) -> None:
    styles = Styles(book, request.lang)
    for sheet in sheets:
        header = _write_header(title, sheet.name, request)
        write_sheet(book, styles, sheet, header, request.lang)


def _write_header(title: str, sheet: str, request: BriefingRequest) -> str:
    """Write the header of printed pages: 内部资料, what it is, who issued it and when."""
    # An ampersand begins a code there, and is doubled to be one.
    title, office = (text[:_HEADER_LETTERS].replace("&", "&&") for text in (title, request.office))
    internal = say("workbook.internal", request.lang)
    # Who issued it stands below what it is, since beside each other long names would meet.
    return f"&L{internal}&R{title} · {sheet}\n{office} {request.date}".rstrip()
