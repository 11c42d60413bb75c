"""Native tables on slides: as many rows and columns as go into their place at a readable size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridplan.briefing.charts import Chart
from gridplan.briefing.sections import Table
from gridplan.briefing.slides.chart import say_value
from gridplan.briefing.slides.layouts import EMU
from gridplan.briefing.slides.measure import (
    SMALLEST,
    break_lines,
    fit_text,
    measure_height,
    measure_longest_word,
    measure_width,
)
from gridplan.briefing.slides.text import SPACE, Line, describe_shape, find_box, write_body
from gridplan.tables.schema import Language

SIZES = (18, 16, SMALLEST)
SIDE, ABOVE = 6.0, 3.0  # margins of a cell in points
MOST_LINES = 3  # of a cell; the rest is cut
BY_HAND = 76.0  # points that somebody writes in
EMPTY = 1.46  # height of a line of Noto Sans CJK over its size
FEW = 4  # rows or columns
WHOLE = 6  # letters of a word that is not broken
STRETCH = 1.5  # how much higher than needed a row becomes where there is room
_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


@dataclass(frozen=True)
class FittedTable:
    """A table that fits: its cells (the head first), widths and heights in points, what is left."""

    cells: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    size: int
    left_rows: int
    left_columns: int


def fit_table(table: Table, width: float, height: float) -> FittedTable:
    """Fit a table into a box in points: in the largest size, else with fewer rows and columns.

    Examples
    --------
    >>> table = Table("", ("社区", "户数"), (("东湖", "12"),) * 9, (False, True))
    >>> fitted = fit_table(table, 200, 120)
    >>> fitted.size, len(fitted.cells) - 1, fitted.left_rows
    (14, 4, 5)
    """
    few = len(table.rows) == 1 and len(table.columns) > FEW
    for one in (transpose(table), table) if few else (table,):
        fitted = [_fit_at(one, width, height, size) for size in SIZES]
        whole = [each for each in fitted if not each.left_rows and not each.left_columns]
        if whole:
            return whole[0]
    if len(table.rows) <= FEW < len(table.columns):
        # few places with many figures: a row for each figure
        other = fit_table(transpose(table), width, height)
        if not other.left_rows and not other.left_columns:
            return other
    return fitted[-1]


def transpose(table: Table) -> Table:
    """Turn rows into columns.

    Examples
    --------
    >>> transpose(Table("", ("社区", "户数"), (("东湖", "12"),), (False, True))).rows
    (('户数', '12'),)
    """
    head, *rows = zip(table.columns, *table.rows, strict=True)
    numeric = (False, *(True for _ in table.rows))
    return Table(table.caption, head, tuple(rows), numeric, table.note)


def _fit_at(whole: Table, width: float, height: float, size: int) -> FittedTable:
    """Fit a table at one size; only the rows that may go in are measured."""
    most = int(height / (measure_height(1, size) + 2 * ABOVE)) + 1
    table = replace(whole, rows=whole.rows[:most])
    count = len(table.columns)
    widths = _choose_widths(table, count, width, size)
    while not widths:
        count -= 1
        widths = _choose_widths(table, count, width, size)
    rows = [row[:count] for row in (table.columns, *table.rows)]
    cells: list[tuple[str, ...]] = []
    heights: list[float] = []
    for n, row in enumerate(rows):
        cut = tuple(
            fit_text(
                cell,
                wide - 2 * SIDE,
                measure_height(MOST_LINES if n else MOST_LINES + 1, size),
                (size,),
                bold=n == 0,
            ).text
            for cell, wide in zip(row, widths, strict=True)
        )
        lines = max(
            len(break_lines(cell, wide - 2 * SIDE, size, n == 0))
            for cell, wide in zip(cut, widths, strict=True)
        )
        high = measure_height(lines, size) + 2 * ABOVE
        if not all(cut):  # a line without letters is as high as its font
            high = max(high, EMPTY * size + 2 * ABOVE)
        if n and sum(heights) + high > height:
            break
        cells.append(cut)
        heights.append(high)
    stretch = min(STRETCH, height / sum(heights))
    return FittedTable(
        tuple(cells),
        table.numeric[:count],
        tuple(widths),
        tuple(high * max(stretch, 1) for high in heights),
        size,
        1 + len(whole.rows) - len(cells),
        len(table.columns) - count,
    )


def _choose_widths(table: Table, count: int, width: float, size: int) -> list[float]:
    """Choose widths of the first columns; none where their longest words do not go in."""
    natural, least = [], []
    for n in range(count):
        head, cells = table.columns[n], [row[n] for row in table.rows]
        widest = max([measure_width(cell, size) for cell in cells] or [0.0])
        blank = bool(cells) and not any(cells)  # to be filled in by hand
        widest = max(widest, BY_HAND) if blank else widest
        natural.append(max(widest, measure_width(head, size, bold=True)) + 2 * SIDE + 1)
        # Numbers and short words stay whole, and four characters of a head in Chinese.
        whole = [cell for cell in cells if table.numeric[n] or len(cell) <= WHOLE]
        words = [measure_width(cell, size) for cell in whole]
        words += [measure_longest_word(cell, size) for cell in cells]
        words += [measure_longest_word(head, size, bold=True)]
        words += [min(measure_width(head, size, bold=True), 4.2 * size)]
        words += [BY_HAND] if blank else []
        least.append(min(max(words), width if count == 1 else 0.6 * width) + 2 * SIDE + 1)
    if count > 1 and sum(least) > width:
        return []
    if sum(natural) <= width:
        # A few narrow columns across a whole slide would be hard to follow with the eye.
        spare = (width - sum(natural)) / count
        return [one + min(spare, 0.8 * one + 80) for one in natural]
    low, high = 0.0, width
    for _ in range(40):  # the width at which the widest columns are cut
        middle = (low + high) / 2
        total = sum(min(n, max(middle, w)) for n, w in zip(natural, least, strict=True))
        low, high = (middle, high) if total <= width else (low, middle)
    return [min(n, max(low, w)) for n, w in zip(natural, least, strict=True)]


def place_table(spot: Any, table: Table, lang: Language) -> FittedTable:
    """Place a table in a placeholder; returns how it was fitted."""
    fitted = fit_table(table, *find_box(spot))
    frame = spot.insert_table(len(fitted.cells), len(fitted.widths))
    grid = frame.table
    properties = grid._tbl.tblPr
    properties.find("{*}tableStyleId").text = _NO_STYLE
    for column, wide in zip(grid.columns, fitted.widths, strict=True):
        column.width = round(wide * EMU)
    for n, (row, high) in enumerate(zip(fitted.cells, fitted.heights, strict=True)):
        grid.rows[n].height = round(high * EMU)
        for m, text in enumerate(row):
            _write_cell(grid.cell(n, m), text, fitted, n, m, lang)
    frame.height = round(sum(fitted.heights) * EMU)
    describe_shape(frame, table.caption)
    return fitted


def _write_cell(
    cell: Any, text: str, fitted: FittedTable, row: int, column: int, lang: Language
) -> None:
    from pptx.oxml import parse_xml

    head = row == 0
    align = "r" if fitted.numeric[column] else "l"
    look = Line(text, fitted.size, bold=head, colour="bg1" if head else "tx1", align=align)
    write_body(cell._tc.get_or_add_txBody(), [look], lang)
    properties = cell._tc.get_or_add_tcPr()
    for name, value in (("marL", SIDE), ("marR", SIDE), ("marT", ABOVE), ("marB", ABOVE)):
        properties.set(name, str(round(value * EMU)))
    properties.set("anchor", "ctr")
    fill = "accent1" if head else "bg2" if row % 2 == 0 else "bg1"
    for part in (
        f'<a:lnB {SPACE} w="6350"><a:solidFill><a:schemeClr val="tx2"/></a:solidFill></a:lnB>',
        f'<a:solidFill {SPACE}><a:schemeClr val="{fill}"/></a:solidFill>',
    ):
        properties.append(parse_xml(part))


def tabulate_chart(chart: Chart, head: str) -> Table:
    """Make the table that stands beside a chart where no section has one."""
    names: Sequence[str] = [name for name, _ in chart.series]
    rows = tuple(
        (category, *(say_value(values[n], chart) for _, values in chart.series))
        for n, category in enumerate(chart.categories)
    )
    numeric = (False, *(True for _ in names))
    return Table(chart.title, (head, *names), rows, numeric)
