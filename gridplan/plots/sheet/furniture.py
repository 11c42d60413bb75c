"""Title, foot and neatlines of a sheet.

All is drawn on one pair of axes that covers the paper, in millimetres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridplan.plots.sheet.paper import Frame, Layout
from gridplan.plots.sheet.request import SheetRequest
from gridplan.plots.sheet.texts import PITCH, POINT, Typeface, draw_text
from gridplan.tables.palette import PRINT_INK
from gridplan.tables.words import say

INK = PRINT_INK["limit"]
NOTE_SIZE = 6.2  # points, on A4


def draw_title(
    axes: Any,
    frame: Frame,
    title: str,
    facts: str,
    request: SheetRequest,
    type_: Typeface,
    enlarged: float,
) -> None:
    """Draw the title, what the sheet holds in figures, the mark of internal papers, its number."""
    size = 15.0 * enlarged
    while size > 7 and type_.measure(title, size, bold=True)[0] > frame.width - 56 * enlarged:
        size *= 0.93
    middle = frame.x + frame.width / 2
    top = frame.y + frame.height * 0.62
    draw_text(axes, middle, top, title, type_.style(size, bold=True), colour=INK)
    small = NOTE_SIZE * 1.1 * enlarged
    while small > 4 and type_.measure(facts, small)[0] > frame.width - 8:
        small *= 0.95
    low = frame.y + frame.height * 0.2
    draw_text(axes, middle, low, facts, type_.style(small), colour=PRINT_INK["outline"])
    corner = type_.style(8.0 * enlarged, bold=True)
    if not request.map_number:
        mark = say("sheet.internal", request.lang)
        draw_text(axes, frame.x + 3, top, mark, corner, colour=INK, ha="left")
    if request.of > 1:
        number = say("sheet.sheet_of", request.lang, number=request.number, of=request.of)
        draw_text(
            axes, frame.x + frame.width - 3, top, number, type_.style(8.0 * enlarged), ha="right"
        )


def draw_foot(
    axes: Any, frame: Frame, lines: Sequence[str], type_: Typeface, enlarged: float
) -> None:
    """Draw who made the sheet, when and from what, and whether it may leave."""
    size = NOTE_SIZE * enlarged
    room = frame.width - 6
    broken = [part for line in lines for part in type_.wrap(line, size, room)]
    while size > 3.5 and len(broken) * size * POINT * PITCH > frame.height - 1.5:
        size *= 0.95
        broken = [part for line in lines for part in type_.wrap(line, size, room)]
    pitch = size * POINT * PITCH
    top = frame.y + frame.height / 2 + (len(broken) - 1) * pitch / 2
    for n, line in enumerate(broken):
        draw_text(axes, frame.x + 3, top - n * pitch, line, type_.style(size), ha="left")


def draw_neatlines(axes: Any, layout: Layout) -> None:
    """Draw the neatline round the sheet, and the lines between its parts."""
    from matplotlib.patches import Rectangle

    parts = (layout.title, layout.map, layout.panel, layout.foot)
    west, south = min(p.x for p in parts), min(p.y for p in parts)
    east = max(p.x + p.width for p in parts)
    north = max(p.y + p.height for p in parts)
    for part in parts:
        axes.add_patch(
            Rectangle(
                (part.x, part.y), part.width, part.height, fill=False, edgecolor=INK, linewidth=0.5
            )
        )
    axes.add_patch(
        Rectangle(
            (west - 1.2, south - 1.2),
            east - west + 2.4,
            north - south + 2.4,
            fill=False,
            edgecolor=INK,
            linewidth=1.3,
        )
    )
