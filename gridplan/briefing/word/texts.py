"""Paragraphs and runs of text, in a named style."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from gridplan.briefing.word.column_widths import measure_ems
from gridplan.briefing.word.elements import Element, make, make_text
from gridplan.tables.schema import Language

_BREAKS = "，；：、,;:"
_CLOSING = "，；：、。”’）》？！,;:.)"
_OPENING = "“‘（《("


def make_paragraph(
    text: str,
    style_id: str,
    lang: Language,
    *,
    size: float | None = None,
    align: str = "",
    keep_next: bool = False,
    new_page: bool = False,
) -> Element:
    """Make a paragraph of one text; what is not in its style is only what must differ from it."""
    how: dict[str, Any] = {"size": size, "align": align, "keep_next": keep_next}
    return make_lines([text], style_id, lang, new_page=new_page, **how)


def make_lines(
    lines: Sequence[str],
    style_id: str,
    lang: Language,
    *,
    size: float | None = None,
    align: str = "",
    keep_next: bool = False,
    new_page: bool = False,
) -> Element:
    """Make a paragraph of lines that are broken where they end."""
    properties = make(
        "pPr",
        make("pStyle", val=style_id),
        make("keepNext") if keep_next else None,
        make("pageBreakBefore") if new_page else None,
        make("jc", val=align) if align else None,
    )
    runs = []
    for number, line in enumerate(lines):
        if number:
            runs.append(make("r", make("br")))
        if line:
            runs.append(make_run(line, lang, size))
    return make("p", properties, *runs)


def make_run(text: str, lang: Language, size: float | None = None) -> Element:
    """Make a run of text.

    Quotation marks, dashes and dots are alike in both writings: in a Chinese
    text the hint has them set as Chinese ones, a full square wide.
    """
    hint = make("rFonts", hint="eastAsia") if lang == "zh" else None
    sizes = [make(tag, val=round(size * 2)) for tag in ("sz", "szCs")] if size else []
    properties = make("rPr", hint, *sizes) if hint is not None or sizes else None
    return make("r", properties, make_text(text))


def break_title(text: str, ems: float) -> list[str]:
    """Break a title that is longer than a line into lines of like length, after a pause if it can.

    Examples
    --------
    >>> break_title("户数全部达标，十分钟可达覆盖八成居民，仍有三个社区缺食堂", 20)
    ['户数全部达标，十分钟可达覆盖八成居民，', '仍有三个社区缺食堂']
    >>> break_title("Short", 20)
    ['Short']
    """
    count = ceil(measure_ems(text) / ems)
    lines = []
    while count > 1:
        place = _find_break(text, measure_ems(text) / count, ems)
        if not place:
            break  # one long word: left to the word processor
        lines.append(text[:place].rstrip())
        text = text[place:].lstrip()
        count = max(count - 1, ceil(measure_ems(text) / ems))
    return [*lines, text]


def _find_break(text: str, wanted: float, most: float) -> int:
    """Find where the first line should end: near its share, and rather after a pause; 0 if nowhere.

    A break inside a number or a word is none.
    """
    chosen, least = 0, float("inf")
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        if before in _BREAKS and not (after.isdigit() and before in ",:"):
            cost = 0.0
        elif before == " " or after in "（(":
            cost = 0.15
        elif measure_ems(before) == measure_ems(after) == 1:
            cost = 0.5
        else:
            continue
        if after in _CLOSING or before in _OPENING:
            continue
        length = measure_ems(text[:place].rstrip())
        badness = cost + abs(length - wanted) / wanted
        if length <= most and badness < least:
            chosen, least = place, badness
    return chosen
