"""Where map, legend and table stand on a sheet of an atlas: the largest scale, then the table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gridplan.errors import PlanError
from gridplan.plots.sheet.paper import (
    AIR,
    ENLARGED,
    FOOT,
    LADDER,
    MARGIN,
    PAPERS,
    TITLE,
    Frame,
    Layout,
    PanelNeed,
    place_frames,
)
from gridplan.plots.sheet.text_table import TablePart, TextTable, break_table, measure_notes
from gridplan.plots.sheet.texts import Typeface

FINEST = 1000  # community maps are 1:1,000 to 1:3,000; a larger scale would only cost the table
# How a table is brought onto one page: mm of neighbouring land round the land of a sheet, and
# how far apart rows are, in sizes of the text. The first that needs fewest pages is taken.
TIGHTER = ((5.0, 1.62), (0.0, 1.62), (0.0, 1.42))


@dataclass(frozen=True)
class SheetLayout:
    """A map's sheet and the pages of its table; the first part is on the sheet itself."""

    layout: Layout
    table: TextTable
    parts: tuple[TablePart, ...]


def lay_out_sheet(
    paper: str, land: tuple[float, float], need: PanelNeed, table: TextTable, type_: Typeface
) -> SheetLayout:
    """Lay out a sheet at the largest scale, and of equals the one with fewest pages of table.

    Parameters
    ----------
    paper
        A key of ``PAPERS``.
    land
        Width and height of the land in metres.
    need
        Says how high the legend is at a width, both in mm.
    table
        The table that stands beside or below the map, with its notes.
    type_
        The font.

    Raises
    ------
    PlanError
        If the land does not fit on the paper at any scale.
    """
    best: list[tuple[tuple[float, ...], SheetLayout]] = []
    for tight, (around, leading) in enumerate(TIGHTER):
        closer = replace(table, leading=leading)
        for order, found in enumerate(_list_layouts(paper, land, need, closer, type_, around)):
            if found is not None:
                room = found.layout.map
                # How unlike the frame's shape is to the land's: what remains is empty paper.
                unlike = round(abs(math.log(room.width / room.height * land[1] / land[0])), 6)
                key = (found.layout.scale, len(found.parts), tight, unlike, order)
                best.append((key, found))
        if not best:
            raise PlanError(
                f"land of {land[0]:,.0f} by {land[1]:,.0f} m does not fit on {paper} at any scale "
                "-> give a larger paper"
            )
        first = min(best, key=lambda one: one[0])[1]
        if len(first.parts) == 1:
            break
    return min(best, key=lambda one: one[0])[1]


def _list_layouts(
    paper: str,
    land: tuple[float, float],
    need: PanelNeed,
    table: TextTable,
    type_: Typeface,
    around: float,
) -> Iterator[SheetLayout | None]:
    """List the layouts of a sheet that stands or lies, with its legend beside or below the map."""
    placed = []
    for lies, beside in ((True, True), (False, False), (False, True), (True, False)):
        frames = place_frames(
            paper, lies, beside, lambda width: need(width) + measure_notes(table, width, type_) + 2
        )
        scale = _choose_scale(land, frames[1]) if frames else None
        placed.append((lies, beside, frames, scale))
    largest = min((scale for *_, scale in placed if scale is not None), default=0)
    for lies, beside, frames, scale in placed:
        # Only where the scale is the largest is the table broken, which takes longest.
        if frames is None or scale is None or scale > largest:
            yield None
            continue
        title, room, panel, foot = frames
        short, long = PAPERS[paper]
        width, height = (long, short) if lies else (short, long)
        share = _share_beside if beside else _share_below
        room, panel, first = share(land, scale, room, panel, need, around)
        layout = Layout(width, height, title, room, panel, foot, scale, ENLARGED[paper])
        parts = break_table(table, first, get_whole_page(paper, lies), type_)
        yield SheetLayout(layout, table, parts)


def _choose_scale(land: tuple[float, float], room: Frame) -> int | None:
    most = max(
        1000 * side / (mm - 2 * AIR)
        for side, mm in zip(land, (room.width, room.height), strict=True)
    )
    return next((step for step in LADDER if step >= max(most - 1e-9, FINEST)), None)


def _share_beside(
    land: tuple[float, float], scale: int, room: Frame, panel: Frame, need: PanelNeed, around: float
) -> tuple[Frame, Frame, Frame]:
    """Give the table what the map does not need of the width: map, legend and table side by side.

    The legend is at the top of the column, the table below it.
    """
    wanted = min(room.width, land[0] * 1000 / scale + 2 * (AIR + around))
    side = panel.width + room.width - wanted
    tall = need(side)
    room = Frame(room.x, room.y, wanted, room.height)
    left = room.x + wanted
    legend = Frame(left, room.y + room.height - tall, side, tall)
    return room, legend, Frame(left, room.y, side, room.height - tall)


def _share_below(
    land: tuple[float, float], scale: int, room: Frame, panel: Frame, need: PanelNeed, around: float
) -> tuple[Frame, Frame, Frame]:
    """Give the table what the map does not need of the height: map, legend and table."""
    wanted = min(room.height, land[1] * 1000 / scale + 2 * (AIR + around))
    tall = need(panel.width)
    top = room.y + room.height
    legend = Frame(room.x, top - wanted - tall, room.width, tall)
    table = Frame(room.x, panel.y, room.width, legend.y - panel.y)
    return Frame(room.x, top - wanted, room.width, wanted), legend, table


def get_whole_page(paper: str, lies: bool) -> Frame:
    """Return the frame between title and foot of a page without a map."""
    short, long = PAPERS[paper]
    width, height = (long, short) if lies else (short, long)
    size = ENLARGED[paper]
    head, base = TITLE * size, FOOT * size
    return Frame(MARGIN, MARGIN + base, width - 2 * MARGIN, height - 2 * MARGIN - head - base)


def lay_out_page(paper: str, lies: bool) -> Layout:
    """Lay out a page without a map: the whole of it is the panel."""
    short, long = PAPERS[paper]
    width, height = (long, short) if lies else (short, long)
    size = ENLARGED[paper]
    body = get_whole_page(paper, lies)
    title = Frame(MARGIN, body.y + body.height, body.width, TITLE * size)
    foot = Frame(MARGIN, MARGIN, body.width, FOOT * size)
    return Layout(width, height, title, body, body, foot, 1, size)
