"""Tables: number and title above, head repeated on each page, widths given three ways, note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridplan.briefing.sections import Table
from gridplan.briefing.word.column_widths import Layout, count_ems, measure_ems
from gridplan.briefing.word.elements import Element, clean_text, make, to_twips
from gridplan.briefing.word.styles import Role
from gridplan.briefing.word.texts import break_title, make_lines, make_paragraph
from gridplan.tables.schema import Language

SMALLER, SMALLEST = 1.5, 7.5  # points by which a table that is too wide is set smaller, at least
SIZES: Mapping[Language, tuple[float, float]] = {"zh": (10.5, 9.0), "en": (9.5, 8.0)}
KEPT_WHOLE = 8  # rows of a table that is not broken over pages
SHORT = 5.0  # ems; texts of a column that are no longer stand in its middle
CELL_MARGIN = 70  # twentieths of a point, at the left and the right of a cell's text


@dataclass(frozen=True)
class _Column:
    """How a column is set: its width, and where its texts stand (indent at the right)."""

    width: int
    align: str
    indent: int


def choose_sizes(lang: Language, size: float | None = None) -> tuple[float, float]:
    """Choose the size of letters of tables, that of an office's style if it has one, and a smaller.

    Examples
    --------
    >>> choose_sizes("zh"), choose_sizes("zh", 12)
    ((10.5, 9.0), (12, 10.5))
    """
    return (size, max(size - SMALLER, SMALLEST)) if size else SIZES[lang]


def make_table(
    table: Table, caption: str, layout: Layout, ids: Mapping[Role, str], lang: Language
) -> list[Element]:
    """Make the elements of a table: its caption, the table, and its note."""
    size = layout.size if layout.is_small else None
    columns = _set_columns(table, layout)
    rows = [_make_head(table, layout, ids, lang, size)]
    for number, row in enumerate(table.rows):
        texts = [row[i] if i < len(row) else "" for i in range(len(columns))]
        cells = [
            _make_text_cell(text, column, ids["table_text"], lang, size, _stays(table, number))
            for text, column in zip(texts, columns, strict=True)
        ]
        rows.append(make("tr", make("trPr", make("cantSplit")), *cells))
    body = make(
        "tbl",
        _make_properties(caption, sum(column.width for column in columns), ids),
        make("tblGrid", *(make("gridCol", w=column.width) for column in columns)),
        *rows,
    )
    note = make_paragraph(table.note, ids["table_note"], lang)
    return [make_paragraph(caption, ids["table_caption"], lang), body, note]


def _stays(table: Table, number: int) -> bool:
    """Say whether a row stays on the page of the next one, or of the note.

    Of a table that goes over pages the head stays with the first row, and the last two rows
    stay together. More rows at its beginning may not: LibreOffice then takes the table as
    one that cannot be broken, and draws no row below the end of the page.
    """
    if number == len(table.rows) - 1:
        return bool(table.note)
    return number == len(table.rows) - 2 or len(table.rows) <= KEPT_WHOLE


def _set_columns(table: Table, layout: Layout) -> list[_Column]:
    """Set where the texts of each column stand: numbers end below one another, near its middle."""
    columns = []
    for number, millimetres in enumerate(layout.widths):
        texts = [row[number] for row in table.rows if number < len(row)]
        widest = max(map(measure_ems, texts), default=0.0)
        align = "center" if widest <= SHORT else "left"
        width, indent = to_twips(millimetres), 0
        if table.numeric[number]:
            room = width - 2 * CELL_MARGIN - round(widest * layout.size * 20)
            align, indent = "right", max(0, room // 2)
        columns.append(_Column(width, align, indent))
    return columns


def _make_properties(caption: str, width: int, ids: Mapping[Role, str]) -> Element:
    return make(
        "tblPr",
        make("tblStyle", val=ids["table"]),
        make("tblW", w=width, type="dxa"),
        make("jc", val="center"),
        make("tblLayout", type="fixed"),
        make("tblLook", val="0020", firstRow=1, lastRow=0, firstColumn=0, lastColumn=0),
        make("tblCaption", val=clean_text(caption)),
    )


def _make_head(
    table: Table, layout: Layout, ids: Mapping[Role, str], lang: Language, size: float | None
) -> Element:
    """Make the row of heads, which stands on each page that the table goes over."""
    cells = []
    for text, millimetres in zip(table.columns, layout.widths, strict=True):
        lines = break_title(text, count_ems(millimetres, layout.size))
        paragraph = make_lines(lines, ids["table_head"], lang, size=size, keep_next=True)
        cells.append(_make_cell(paragraph, to_twips(millimetres)))
    return make("tr", make("trPr", make("cantSplit"), make("tblHeader")), *cells)


def _make_text_cell(
    text: str, column: _Column, style_id: str, lang: Language, size: float | None, stays: bool
) -> Element:
    paragraph = make_paragraph(text, style_id, lang, size=size, align=column.align, keep_next=stays)
    if column.indent:
        paragraph[0].find(make("jc").tag).addprevious(make("ind", right=column.indent))
    return _make_cell(paragraph, column.width)


def _make_cell(paragraph: Element, width: int) -> Element:
    properties = make("tcPr", make("tcW", w=width, type="dxa"), make("vAlign", val="center"))
    return make("tc", properties, paragraph)
