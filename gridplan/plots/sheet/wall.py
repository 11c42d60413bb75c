"""The wall map of a subdistrict: beside the map its figures, its chain, and boxes to fill in.

No name and no telephone is held anywhere: their boxes are empty, and an office
fills them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.sheet.furniture import INK
from gridplan.plots.sheet.paper import (
    AIR,
    ENLARGED,
    FOOT,
    LADDER,
    MARGIN,
    PAPERS,
    Frame,
    Layout,
    PanelNeed,
)
from gridplan.plots.sheet.request import SheetRequest, list_chosen
from gridplan.plots.sheet.table_drawing import draw_part
from gridplan.plots.sheet.text_table import TextTable, break_table
from gridplan.plots.sheet.texts import Typeface, draw_text
from gridplan.tables.words import say

WALLS = ("A1", "A0")  # papers on which the map of a subdistrict is a wall map
BAND = 25.0  # mm of height of the title, on A4
COLUMN = 75.0  # mm of width of what stands beside the map
TEXT = 6.6  # points
BOX = 8.0  # mm of height of a box of the chain, and of a row to fill in
FOLD = 6.0  # mm of a mark where the sheet is folded in half
CHAIN = ("committee", "communities", "branches", "groups", "hosts")
SHRINK = (1.0, 0.85, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Wall:
    """A wall map as laid out: the sheet, and the frames of figures, chain and boxes."""

    layout: Layout
    figures: Frame
    chain: Frame
    boxes: Frame
    table: TextTable
    shrink: float


def is_wall(request: SheetRequest) -> bool:
    """Whether a sheet is a wall map."""
    return bool(request.subdistrict) and request.paper in WALLS and request.box is None


def lay_out_wall(
    plan: Plan,
    request: SheetRequest,
    land: tuple[float, float],
    need: PanelNeed,
    type_: Typeface,
) -> Wall:
    """Lay out a wall map at the largest scale; land is metres, ``need`` the legend's height.

    Raises
    ------
    PlanError
        If the land does not fit at the scale, or what stands beside it does not.
    """
    short, long = PAPERS[request.paper]
    big = ENLARGED[request.paper]
    found = []
    for lies in (True, False):
        width, height = (long, short) if lies else (short, long)
        head, base, side = BAND * big, FOOT * big, COLUMN * big
        inner, body = width - 2 * MARGIN, height - 2 * MARGIN - head - base
        low = MARGIN + base
        room = Frame(MARGIN, low, inner - side, body)
        most = max(
            1000 * metres / (mm - 2 * AIR)
            for metres, mm in zip(land, (room.width, room.height), strict=True)
        )
        step = request.scale or next((s for s in LADDER if s >= most - 1e-9), None)
        if step is None or step < most - 1e-9:
            continue
        column = Frame(MARGIN + inner - side, low, side, body)
        wall = _share_column(plan, request, column, need(side), type_)
        if wall is None:
            continue
        title = Frame(MARGIN, low + body, inner, head)
        foot = Frame(MARGIN, MARGIN, inner, base)
        layout = Layout(width, height, title, room, wall.layout.panel, foot, step, big)
        unlike = round(abs(math.log(room.width / room.height * land[1] / land[0])), 6)
        found.append((step, unlike, not lies, replace(wall, layout=layout)))
    if not found:
        raise PlanError(
            f"the wall map of {request.subdistrict} does not fit on {request.paper} "
            "-> give A0, or one sheet a community: gridplan atlas"
        )
    return min(found, key=lambda one: one[:3])[3]


def _share_column(
    plan: Plan, request: SheetRequest, column: Frame, legend: float, type_: Typeface
) -> Wall | None:
    """Share the column between legend, figures, chain and boxes; None where it is too short."""
    big = ENLARGED[request.paper]
    count = len(list_chosen(plan, request))
    for shrink in SHRINK:
        table = _make_figures(plan, request, TEXT * big * shrink)
        row = BOX * big * shrink
        figures = table.pitch * (count + 4) + 6
        chain = row * (2 * len(CHAIN) + 0.5)
        boxes = row * (count + 2)
        if legend + figures + chain + boxes > column.height:
            continue
        top = column.y + column.height
        frames = []
        for tall in (legend, figures, chain):
            top -= tall
            frames.append(Frame(column.x, top, column.width, tall))
        rest = Frame(column.x, column.y, column.width, top - column.y)
        panel = frames[0]
        layout = Layout(0, 0, panel, panel, panel, panel, 1, big)
        whole = break_table(table, frames[1], frames[1], type_)
        if len(whole) == 1:
            return Wall(layout, frames[1], frames[2], rest, table, shrink)
    return None


def _make_figures(plan: Plan, request: SheetRequest, size: float) -> TextTable:
    """Make the table of figures by community; what is not known of any has no column."""
    lang = request.lang
    chosen = list_chosen(plan, request)
    columns = [("community", [name_community(plan, code) for code in chosen])]
    table = plan.subgrids
    for kind, word in (("residential", "subgrids"), ("exclusive", "exclusive")):
        counts = table[(table["kind"] == kind).to_numpy()].groupby("community").size()
        columns.append((word, [f"{int(counts.get(code, 0)):,}" for code in chosen]))
    for word in ("households", "branches", "groups"):
        texts = [count_measure(plan, word, "community", code) for code in chosen]
        if any(texts):
            columns.append((word, texts))
    if any("*" in texts for _, texts in columns):
        notes: tuple[str, ...] = (say("atlas.withheld_note", lang),)
    else:
        notes = ()
    return TextTable(
        tuple(say(f"wall.{word}", lang) for word, _ in columns),
        tuple(zip(*(texts for _, texts in columns), strict=True)),
        0,
        tuple(range(1, len(columns))),
        notes,
        size,
    )


def name_community(plan: Plan, code: str) -> str:
    """Name a community, by its code where it has no name."""
    return str(plan.site.communities["name"].loc[code]) or code


def count_measure(plan: Plan, measure: str, level: str, of: str, codes: Sequence[str] = ()) -> str:
    """Count what a place has as a text: ``*`` where a release withholds it, empty if not known.

    ``codes`` are the communities of a place that is more than one.
    """
    if plan.is_release:
        table = plan.published
        row = table[(table["level"] == level) & (table["of"] == of) & (table["measure"] == measure)]
        if row.empty:
            return ""
        return f"{row['value'].iloc[0]:,.0f}" if row["shown"].iloc[0] else "*"
    chosen = list(codes) or [of]
    if measure == "households":
        value = float(plan.site.communities["households"].loc[chosen].sum(skipna=False))
        return "" if np.isnan(value) else f"{value:,.0f}"
    if measure == "central_households":
        posts = plan.posts
        rows = posts[(posts["role"] == "central_household") & posts["filled"]]
    else:
        rows = plan.get_table(measure)
    if plan.branches.empty:
        return ""
    return f"{int(rows['community'].isin(chosen).sum()):,}"


def draw_wall(paper: Any, plan: Plan, wall: Wall, request: SheetRequest, type_: Typeface) -> None:
    """Draw what stands beside a wall map, and marks where the sheet is folded."""
    (part,) = break_table(wall.table, wall.figures, wall.figures, type_)
    draw_part(paper, wall.table, part, type_, request.lang)
    _draw_chain(paper, plan, wall, request, type_)
    _draw_boxes(paper, plan, wall, request, type_)
    width, height = wall.layout.width, wall.layout.height
    for x, y, dx, dy in (
        (width / 2, 0.0, 0.0, FOLD),
        (width / 2, height, 0.0, -FOLD),
        (0.0, height / 2, FOLD, 0.0),
        (width, height / 2, -FOLD, 0.0),
    ):
        paper.plot([x, x + dx], [y, y + dy], color=INK, linewidth=0.6)


def _draw_chain(paper: Any, plan: Plan, wall: Wall, request: SheetRequest, type_: Typeface) -> None:
    """Draw the chain of organisation from the subdistrict down, with counts or blanks."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    frame, lang = wall.chain, request.lang
    big = wall.layout.enlarged * wall.shrink
    row = BOX * big
    edge: dict[str, Any] = {"fill": False, "edgecolor": INK, "linewidth": 0.5}
    paper.add_patch(Rectangle((frame.x, frame.y), frame.width, frame.height, **edge))
    chosen = list_chosen(plan, request)
    place = request.subdistrict
    counts = {
        "committee": "1",
        "communities": f"{len(chosen):,}",
        "branches": count_measure(plan, "branches", "subdistrict", place, chosen),
        "groups": count_measure(plan, "groups", "subdistrict", place, chosen),
        "hosts": count_measure(plan, "central_households", "subdistrict", place, chosen),
    }
    head = type_.style(TEXT * 1.2 * big, bold=True)
    top = frame.y + frame.height - row * 0.55
    draw_text(paper, frame.x + wall.table.space, top, say("wall.chain", lang), head, ha="left")
    middle = frame.x + frame.width / 2
    wide = frame.width * 0.72
    y = frame.y + frame.height - 2.1 * row
    for n, word in enumerate(CHAIN):
        look: dict[str, Any] = {"facecolor": "#fdf3f3", "edgecolor": "#a3195b", "linewidth": 0.8}
        shape = f"round,pad=0,rounding_size={row * 0.18}"
        paper.add_patch(
            FancyBboxPatch((middle - wide / 2, y), wide, row * 1.05, boxstyle=shape, **look)
        )
        text = say(
            f"wall.{word}_box", lang, place=place, count=counts[word] or say("wall.blank", lang)
        )
        draw_text(paper, middle, y + row * 0.52, text, type_.style(TEXT * 1.1 * big))
        if n + 1 < len(CHAIN):
            paper.plot([middle, middle], [y - row * 0.8, y], color="#a3195b", linewidth=1.0)
        y -= 1.85 * row


def _draw_boxes(paper: Any, plan: Plan, wall: Wall, request: SheetRequest, type_: Typeface) -> None:
    """Draw the empty ruled boxes of who is responsible, a row for each community."""
    frame, lang = wall.boxes, request.lang
    big = wall.layout.enlarged * wall.shrink
    row = BOX * big
    head = type_.style(TEXT * 1.2 * big, bold=True)
    small = type_.style(TEXT * big)
    top = frame.y + frame.height
    draw_text(
        paper, frame.x + wall.table.space, top - row * 0.55, say("wall.duty", lang), head, ha="left"
    )
    edges = [frame.x + frame.width * share for share in (0.02, 0.42, 0.68, 0.98)]
    heads = [say(f"wall.{word}", lang) for word in ("community", "leader", "telephone")]
    lines = [heads, *([name_community(plan, code), "", ""] for code in list_chosen(plan, request))]
    y = top - row
    for texts in lines:
        paper.plot([edges[0], edges[-1]], [y, y], color=INK, linewidth=0.6)
        for left, text in zip(edges, texts, strict=False):
            draw_text(paper, left + wall.table.space / 2, y - row / 2, text, small, ha="left")
        y -= row
    paper.plot([edges[0], edges[-1]], [y, y], color=INK, linewidth=0.6)
    for x in edges:
        paper.plot([x, x], [top - row, y], color=INK, linewidth=0.6)
