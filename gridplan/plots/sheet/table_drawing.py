"""A table drawn on paper: notes, heads, rows with stripes, where it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely

from gridplan.plots.sheet.furniture import INK
from gridplan.plots.sheet.shapes import draw_areas
from gridplan.plots.sheet.text_rows import draw_rows_of_text
from gridplan.plots.sheet.text_table import (
    NOTES,
    TablePart,
    TextTable,
    break_notes,
    break_rows,
    get_note_pitch,
    measure_columns,
    measure_notes,
)
from gridplan.plots.sheet.texts import Typeface, draw_text
from gridplan.tables.schema import Language
from gridplan.tables.words import say

STRIPE = "#f3f1ea"
DAGGER = "†"  # at a sub-grid that is not labelled on the map
Text = tuple[float, float, str]


def draw_part(
    paper: Any,
    table: TextTable,
    part: TablePart,
    type_: Typeface,
    lang: Language,
    marked: Iterable[int] = (),
) -> None:
    """Draw the part of a table that is on a page; the first cell of marked rows has a dagger."""
    from matplotlib.patches import Rectangle

    frame, size = part.frame, table.size
    daggers = set(marked)
    edge: dict[str, Any] = {"fill": False, "edgecolor": INK, "linewidth": 0.5}
    paper.add_patch(Rectangle((frame.x, frame.y), frame.width, frame.height, **edge))
    top = frame.y + frame.height
    if part.has_notes:
        pitch = get_note_pitch(table)
        lines = break_notes(table, frame.width, type_)
        texts = [
            (frame.x + table.space, top - (n + 0.9) * pitch, line) for n, line in enumerate(lines)
        ]
        draw_rows_of_text(paper, texts, type_, size * NOTES)
        top -= measure_notes(table, frame.width, type_)
    _draw_blocks(paper, table, part, type_, daggers, top)
    style = type_.style(size)
    if any(row in daggers for block in part.blocks for row in block):
        note = say("atlas.unlabelled", lang)
        draw_text(paper, frame.x + table.space, frame.y + 1.7, note, style, ha="left")
    if part.goes_on:
        more = say("atlas.goes_on", lang)
        draw_text(
            paper, frame.x + frame.width - table.space, frame.y + 1.7, more, style, ha="right"
        )


def _draw_blocks(
    paper: Any, table: TextTable, part: TablePart, type_: Typeface, daggers: set[int], top: float
) -> None:
    """Draw the blocks of a part: heads, stripes, and all cells as one thing."""
    frame = part.frame
    widths = measure_columns(table, type_)
    step = frame.width / part.count
    wide = step - sum(widths) - 1.5 * table.space
    lines = break_rows(table, type_, wide)
    # No wider than its texts: a row is followed by eye from one end to the other.
    texts = {table.heads[table.wide], *(line for row in lines for line in row)}
    widest = max(type_.measure(text, table.size, bold=True)[0] for text in texts) + table.space
    step -= max(wide - widest, 0.0)
    widths[table.wide] = min(wide, widest)
    heads: list[Text] = []
    cells: list[Text] = []
    stripes = []
    for n, block in enumerate(part.blocks):
        left = frame.x + n * step + table.space
        y = top - table.pitch * 0.75
        heads += list_cells(table, table.heads, left, y, widths, type_, bold=True)
        y -= table.pitch * 1.1
        for k, row in enumerate(block):
            said = list(table.rows[row])
            said[0] += DAGGER if row in daggers else ""
            said[table.wide] = lines[row][0]
            cells += list_cells(table, said, left, y, widths, type_)
            for m, line in enumerate(lines[row][1:], 1):
                cells.append((left + sum(widths[: table.wide]), y - m * table.pitch, line))
            low = y - (len(lines[row]) - 0.5) * table.pitch
            if k % 2 == 0:
                right = left + step - 1.5 * table.space
                stripes.append(shapely.box(left - table.space / 2, low, right, y + table.pitch / 2))
            y = low - table.pitch / 2
    draw_areas(paper, np.array(stripes, dtype=object), facecolor=STRIPE, edgecolor="none", zorder=5)
    draw_rows_of_text(paper, heads, type_, table.size, bold=True)
    draw_rows_of_text(paper, cells, type_, table.size)


def list_cells(
    table: TextTable,
    texts: Sequence[str],
    x: float,
    y: float,
    widths: Sequence[float],
    type_: Typeface,
    *,
    bold: bool = False,
) -> list[Text]:
    """List the texts of a row with their places; numbers end where their column ends."""
    cells = []
    for n, text in enumerate(texts):
        left = x + sum(widths[:n])
        if n in table.right:
            left += widths[n] - table.space - type_.measure(text, table.size, bold=bold)[0]
        cells.append((left, y, text))
    return cells
