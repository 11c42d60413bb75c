"""The red head of a bulletin, and its tail: whom it goes to, and how many copies were printed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.word.column_widths import POINT, measure_ems
from gridplan.briefing.word.elements import Element, make, to_twips
from gridplan.briefing.word.styles import Role
from gridplan.briefing.word.texts import make_lines, make_paragraph, make_run
from gridplan.errors import ArgumentError
from gridplan.tables.schema import Language
from gridplan.tables.words import say

LARGEST, SMALLEST = 62.0, 22.0  # points of the name in red, which stands on one line


def make_letterhead(
    request: BriefingRequest,
    ids: Mapping[Role, str],
    width: float,
    *,
    name_in_style: bool = False,
) -> list[Element]:
    """Make the head: internal paper, name, number, and office and date over a red rule.

    The name fills its line, unless ``name_in_style`` leaves its size to the style of an office.
    """
    lang = request.lang
    name = say("word.name", lang)
    largest = LARGEST if lang == "zh" else LARGEST / 2
    size = max(SMALLEST, min(largest, 0.97 * width / (measure_ems(name) * POINT)))
    size = round(size * 2) / 2
    number = say("word.issue", lang, number=request.issue or say("word.blank_number", lang))
    return [
        make_paragraph(say("word.internal", lang), ids["internal"], lang),
        make_paragraph(name, ids["name"], lang, size=None if name_in_style else size),
        make_paragraph(number, ids["issue"], lang),
        _make_two_sides(
            request.office or say("word.blank_office", lang),
            write_date(request.date, lang),
            ids["issuer"],
            lang,
            width,
        ),
    ]


def make_tail(ids: Mapping[Role, str], lang: Language, width: float) -> list[Element]:
    """Make the tail: a black rule, reported to, sent to, issued to, and the number of copies."""
    first, second = say("word.reported", lang), say("word.sent", lang)
    last = _make_two_sides(
        say("word.issued", lang), say("word.copies", lang), ids["tail"], lang, width
    )
    paragraphs = [
        make_paragraph("", ids["tail"], lang, keep_next=True),
        make_paragraph(first, ids["tail"], lang, keep_next=True),
        make_paragraph(second, ids["tail"], lang, keep_next=True),
        last,
    ]
    _set_rule(paragraphs[1], "top")
    _set_rule(last, "bottom")
    return paragraphs


def _make_two_sides(left: str, right: str, style_id: str, lang: Language, width: float) -> Element:
    """Make a paragraph with one text at its left and one at its right edge."""
    paragraph = make_lines([], style_id, lang)
    tab = make("tab", val="right", pos=to_twips(width))
    paragraph[0].append(make("tabs", tab))
    paragraph.extend([make_run(left, lang), make("r", make("tab")), make_run(right, lang)])
    return paragraph


def _set_rule(paragraph: Element, side: str) -> None:
    """Set a black rule of one point on a side of a paragraph."""
    borders = make("pBdr", make(side, val="single", sz=8, space=4, color="000000"))
    # Word asks for an order: style, keepNext, then borders, then tabs.
    after = [child for child in paragraph[0] if str(child.tag).endswith(("pStyle", "keepNext"))]
    paragraph[0].insert(len(after), borders)


def write_date(day: str, lang: Language) -> str:
    """Write a day as documents do, without leading zeros; a blank where it is not given.

    Raises
    ------
    ArgumentError
        If it is no day.

    Examples
    --------
    >>> write_date("2026-01-09", "zh"), write_date("2026-01-09", "en")
    ('2026年1月9日', '9 January 2026')
    """
    if not day:
        return say("word.blank_date", lang)
    try:
        parsed = date.fromisoformat(day)
    except ValueError as error:
        raise ArgumentError(f"{day!r} is no day -> write it as 2026-11-29") from error
    month = say("word.months", lang).split("|")[parsed.month - 1]
    return say("word.date", lang, year=parsed.year, month=month, day=parsed.day)
