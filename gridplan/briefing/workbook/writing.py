"""Sheets written by xlsxwriter: formats, filters, frozen heads, bars, paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridplan.briefing.workbook.layout import (
    Marked,
    Sheet,
    count_head_lines,
    count_lines,
    measure_column,
    take_sample,
)
from gridplan.errors import PlanError
from gridplan.tables.palette import INK
from gridplan.tables.schema import Language
from gridplan.tables.words import say
from gridplan.tables.workbook_cells import name_column

MOST_ROWS = 1_048_575  # of a sheet, below its head
_A4, _A3 = 9, 8
_A4_WIDE = 120.0  # widths of a digit that A4 on its side takes at full size
_SMALLEST = 0.55  # how far a sheet may shrink to fit A4 before it takes A3
_LINE = 15.5  # points
_RULE = "#c9ced6"
_HEAD = "#dfe8ea"
_FAINT = "#6b7280"
_BAR: Mapping[str, Any] = {
    "type": "data_bar",
    "bar_color": "#c3dde4",
    "bar_solid": True,
    "bar_border_color": "#c3dde4",
    "data_bar_2010": True,
    "min_type": "num",
    "min_value": 0,
    "max_type": "num",
    "max_value": 1,
}
_NUMBERS: Mapping[Language, Mapping[str, str]] = {
    "zh": {"whole": "0", "share": "0.0%", "decimal": "0.0"},
    "en": {"whole": "#,##0", "share": "0.0%", "decimal": "#,##0.0"},
}


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any, lang: Language) -> None:
        """Start with none."""
        self._book = book
        self._lang: Language = lang
        self._made: dict[tuple[str, bool, bool], Any] = {}
        # A prefix of a number that is an estimate, and what follows one that is partial.
        self._about = say("workbook.about", lang)
        self._partly = say("workbook.partly", lang)

    def find_head(self) -> Any:
        """Find the format of heads."""
        look = {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center"}
        return self._make("head", {**look, "bg_color": _HEAD, "num_format": "@"})

    def find_star(self) -> Any:
        """Find the format of what is suppressed."""
        return self._make(
            "star", {"align": "right", "valign": "vcenter", "font_color": _FAINT, "num_format": "@"}
        )

    def find_cell(self, kind: str, *, estimated: bool = False, partial: bool = False) -> Any:
        """Find the format of cells of a kind."""
        if kind in ("text", "code"):
            wrap = {"text_wrap": True} if kind == "text" else {}
            return self._make(kind, {"num_format": "@", "valign": "vcenter", "indent": 1, **wrap})
        number = _NUMBERS[self._lang][kind]
        before = f'"{self._about}"' if estimated else ""
        after = f'"{self._partly}"' if partial else ""
        shown = before + number + after
        if estimated:
            # The sign of a loss stands behind that of an estimate.
            shown += f";{before}-{number}{after}"
        look = {"num_format": shown, "align": "right", "valign": "vcenter"}
        return self._make(kind, look, estimated, partial)

    def find_warning(self) -> Any:
        """Find the look of what is below its target."""
        look = {"font_color": INK["out"], "bold": True}
        return self._make("warning", look, border=False)

    def _make(
        self,
        kind: str,
        look: Mapping[str, Any],
        estimated: bool = False,
        partial: bool = False,
        *,
        border: bool = True,
    ) -> Any:
        key = (kind, estimated, partial)
        if key not in self._made:
            rule = {"border": 1, "border_color": _RULE} if border else {}
            self._made[key] = self._book.add_format({**look, **rule})
        return self._made[key]


def write_sheet(book: Any, styles: Styles, sheet: Sheet, header: str, lang: Language) -> Any:
    """Write a sheet, row by row from the top, since the book keeps none of them.

    Raises
    ------
    PlanError
        If it has more rows than a sheet can have.
    """
    if len(sheet.rows) > MOST_ROWS:
        raise PlanError(
            f"{len(sheet.rows)} rows of {sheet.name} are more than a sheet holds ({MOST_ROWS})"
            " -> release and brief one district at a time"
        )
    page = book.add_worksheet(sheet.name)
    widths = [
        measure_column(column, take_sample(sheet.rows, place))
        for place, column in enumerate(sheet.columns)
    ]
    for place, width in enumerate(widths):
        page.set_column(place, place, width)
    lines = max(map(count_head_lines, sheet.columns, widths))
    page.set_row(0, _LINE * max(lines, 1) + 6)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.head, styles.find_head())
    _write_rows(page, styles, sheet, widths)
    _mark_columns(page, styles, sheet)
    page.freeze_panes(1, sheet.frozen)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    _set_paper(page, sum(widths), header, lang)
    return page


def _write_rows(page: Any, styles: Styles, sheet: Sheet, widths: list[float]) -> None:
    plain = [styles.find_cell(column.kind) for column in sheet.columns]
    # A text among numbers is the sign of what is suppressed.
    texts = [
        styles.find_star() if column.is_number else style
        for column, style in zip(sheet.columns, plain, strict=True)
    ]
    wrapped = [n for n, column in enumerate(sheet.columns) if column.kind == "text"]
    for number, row in enumerate(sheet.rows, start=1):
        # Only Excel itself makes a row as high as its text.
        lines = max((count_lines(sheet.columns[n], row[n], widths[n]) for n in wrapped), default=1)
        if lines > 1:
            page.set_row(number, _LINE * lines + 2)
        for place, cell in enumerate(row):
            if isinstance(cell, str) and cell:
                page.write_string(number, place, cell, texts[place])
            elif isinstance(cell, Marked):
                kind = cell.kind or sheet.columns[place].kind
                style = styles.find_cell(kind, estimated=cell.estimated, partial=cell.partial)
                page.write_number(number, place, cell.value, style)
            elif isinstance(cell, (int, float)):
                page.write_number(number, place, cell, plain[place])
            else:
                page.write_blank(number, place, None, plain[place])


def _mark_columns(page: Any, styles: Styles, sheet: Sheet) -> None:
    """Draw bars in shares, and mark what is below its target."""
    last = len(sheet.rows)
    if not last:
        return
    for place, column in enumerate(sheet.columns):
        area = (1, place, last, place)
        letter = name_column(place)
        if column.kind == "code":
            # Codes are digits and meant to be text: no green corner on each.
            page.ignore_errors({"number_stored_as_text": f"{letter}2:{letter}{last + 1}"})
        if column.bar:
            page.conditional_format(*area, _BAR)
        look = {"type": "formula", "format": styles.find_warning()}
        if column.target is not None:
            # A blank or a star is not below anything; the last digit of a share is no miss.
            below = f"=AND(ISNUMBER({letter}2),{letter}2<{column.target - 1e-9!r})"
            page.conditional_format(*area, {**look, "criteria": below})
        if column.wrong:
            page.conditional_format(*area, {**look, "criteria": f'={letter}2="{column.wrong}"'})


def _set_paper(page: Any, width: float, header: str, lang: Language) -> None:
    """Set a sheet for paper: on its side, one page wide, heads repeated, pages numbered."""
    page.set_landscape()
    page.set_paper(_A4 if width <= _A4_WIDE / _SMALLEST else _A3)
    page.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.7)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_header(header)
    page.set_footer(f"&L{say('workbook.signs', lang)}&R{say('workbook.page', lang)}")
