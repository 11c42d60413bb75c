"""The front of an atlas: its cover, and the index that shows which sheet each community is on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gridplan.briefing.atlas.contents import AtlasSheet
from gridplan.briefing.atlas.page_layout import SheetLayout, lay_out_sheet
from gridplan.briefing.atlas.pages import draw_page_number, open_page
from gridplan.briefing.atlas.request import AtlasRequest
from gridplan.geometry.tones import choose_tones
from gridplan.plan import Plan
from gridplan.plots.sheet.canvas import open_canvas, open_frame
from gridplan.plots.sheet.compose import find_land
from gridplan.plots.sheet.furniture import draw_foot, draw_neatlines, draw_title
from gridplan.plots.sheet.ground import cut_ground, draw_ground
from gridplan.plots.sheet.labels import Board, Wish, place_labels
from gridplan.plots.sheet.panel import draw_panel, measure_panel
from gridplan.plots.sheet.paper import ENLARGED, Layout
from gridplan.plots.sheet.shapes import draw_areas, draw_lines
from gridplan.plots.sheet.table_drawing import draw_part
from gridplan.plots.sheet.text_table import TextTable
from gridplan.plots.sheet.texts import POINT, Typeface, draw_text
from gridplan.plots.sheet.view import Key
from gridplan.plots.sheet.window import Window
from gridplan.publishing.place_and_date import find_date, name_land, write_date
from gridplan.tables.palette import PRINT_INK, PRINT_TONES
from gridplan.tables.words import say

INK = PRINT_INK["limit"]
LABEL_SIZE = 7.5  # points, on A4
NAMED = 40  # sheets up to which the index map names communities beside their numbers


@dataclass(frozen=True)
class Index:
    """The index as laid out: its map, its table, and the pages that it takes."""

    made: SheetLayout

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self.made.parts)


def write_title(plan: Plan, request: AtlasRequest) -> str:
    """Write the title of an atlas: that asked for, else the place that it is of."""
    place = name_land(plan, request.lang)
    if request.title:
        return request.title
    return (
        say("atlas.title", request.lang, place=place)
        if place
        else say("atlas.title_plain", request.lang)
    )


def draw_cover(
    plan: Plan,
    sheets: Sequence[AtlasSheet],
    pages: int,
    foot: Sequence[str],
    request: AtlasRequest,
) -> Any:
    """Draw the cover: title, office, date, what the atlas holds, whether it may leave."""
    lang = request.lang
    type_ = Typeface(request.font)
    figure, paper, layout = open_page(request, lies=False)
    size = ENLARGED[request.paper]
    middle, tall = layout.width / 2, layout.height
    if not request.map_number:
        style = type_.style(12 * size, bold=True)
        draw_text(paper, 16 * size, tall - 18 * size, say("sheet.internal", lang), style, ha="left")
    title, points = write_title(plan, request), 30.0 * size
    lines = type_.wrap(title, points, layout.width * 0.8)
    while points > 14 and (len(lines) > 2 or _is_wide(lines, points, type_, layout.width * 0.86)):
        points *= 0.94
        lines = type_.wrap(title, points, layout.width * 0.8)
    y = tall * 0.68
    for line in lines:
        draw_text(paper, middle, y, line, type_.style(points, bold=True), colour=INK)
        y -= points * POINT * 1.5
    table = plan.subgrids[plan.subgrids["community"].isin([s.community for s in sheets])]
    counts = {
        "communities": f"{len(sheets):,}",
        "subgrids": f"{int((table['kind'] == 'residential').sum()):,}",
        "exclusive": f"{int((table['kind'] == 'exclusive').sum()):,}",
    }
    y -= 8 * size
    for text in (
        say("atlas.contents", lang, **counts),
        say("atlas.size", lang, sheets=f"{len(sheets):,}", pages=f"{pages:,}"),
    ):
        draw_text(paper, middle, y, text, type_.style(12 * size))
        y -= 8 * size
    day = request.date or find_date(plan)
    blank = say("sheet.blank", lang)
    y = tall * 0.26
    for text in (
        say("sheet.office", lang, office=request.office or blank),
        say("sheet.date", lang, date=write_date(day, lang) if day else blank),
        *([say("sheet.number", lang, number=request.map_number)] if request.map_number else []),
    ):
        draw_text(paper, middle, y, text, type_.style(13 * size))
        y -= 9 * size
    base = layout.foot
    draw_foot(paper, base, foot[1:], type_, layout.enlarged)
    whole = replace(base, height=tall - 2 * base.y)
    draw_neatlines(paper, replace(layout, title=whole, map=whole, panel=whole))
    draw_page_number(paper, 1, pages, layout, type_)
    return figure


def _is_wide(lines: list[str], points: float, type_: Typeface, room: float) -> bool:
    return any(type_.measure(line, points, bold=True)[0] > room for line in lines)


def lay_out_index(plan: Plan, sheets: Sequence[AtlasSheet], request: AtlasRequest) -> Index:
    """Lay out the index: a map, and a table of sheets with the pages they begin on."""
    lang = request.lang
    type_ = Typeface(request.font)
    table = plan.subgrids
    counts = table.groupby(["community", "kind"]).size()
    rows = []
    for sheet in sheets:
        homes, others = (
            int(counts.get((sheet.community, kind), 0)) for kind in ("residential", "exclusive")
        )
        cells = (str(sheet.number), sheet.name, sheet.subdistrict, f"{homes:,}", f"{others:,}")
        rows.append((*cells, f"{sheet.page:,}"))
    words = ("number", "community", "subdistrict", "subgrids", "exclusive_grids", "page")
    heads = tuple(say(f"atlas.{word}", lang) for word in words)
    made_table = TextTable(
        heads, tuple(rows), 1, (3, 4, 5), size=6.2 * ENLARGED[request.paper], least=26.0
    )
    west, south, east, north = find_land(plan, request.ask_sheet())
    keys = _list_keys(request)
    size = ENLARGED[request.paper]
    made = lay_out_sheet(
        request.paper,
        (east - west, north - south),
        lambda width: measure_panel(keys, [], width, type_, size, False),
        made_table,
        type_,
    )
    return Index(made)


def _list_keys(request: AtlasRequest) -> list[Key]:
    lang = request.lang
    return [
        ("limit", INK, say("limit", lang)),
        ("block", PRINT_INK["water"], say("water", lang)),
    ]


def draw_index_pages(
    plan: Plan,
    index: Index,
    sheets: Sequence[AtlasSheet],
    pages: int,
    foot: Sequence[str],
    request: AtlasRequest,
) -> Iterator[Any]:
    """Draw the index: the map with the numbers of sheets, and its table on as many pages."""
    type_ = Typeface(request.font)
    asked = request.ask_sheet()
    layout = index.made.layout
    title = say("atlas.index", request.lang)
    for n, part in enumerate(index.made.parts):
        if n == 0:
            figure, paper = open_canvas((layout.width, layout.height))
            _draw_index_map(figure, plan, layout, sheets, request)
            draw_panel(paper, layout, plan, _list_keys(request), [], asked, type_, False)
            page = layout
        else:
            figure, paper, page = open_page(request, layout.width > layout.height)
            title = say("atlas.continued", request.lang, title=say("atlas.index", request.lang))
        draw_title(paper, page.title, title, "", asked, type_, page.enlarged)
        draw_part(paper, index.made.table, part, type_, request.lang)
        draw_foot(paper, page.foot, foot, type_, page.enlarged)
        draw_neatlines(paper, page)
        draw_page_number(paper, 2 + n, pages, page, type_)
        yield figure


def _draw_index_map(
    figure: Any, plan: Plan, layout: Layout, sheets: Sequence[AtlasSheet], request: AtlasRequest
) -> None:
    """Draw all communities, a tone for each subdistrict, with the numbers of their sheets."""
    frame = layout.map
    axes = open_frame(figure, frame, (layout.width, layout.height))
    west, south, east, north = find_land(plan, request.ask_sheet())
    window = Window((west + east) / 2, (south + north) / 2, frame.width, frame.height, layout.scale)
    bounds = shapely.bounds(window.box)
    axes.set_xlim(bounds[0], bounds[2])
    axes.set_ylim(bounds[1], bounds[3])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    table = plan.site.communities.sort_index()
    shapes = table.geometry.to_numpy()
    number_of = {sheet.community: sheet for sheet in sheets}
    shown = np.array([code in number_of for code in table.index])
    tones = _choose_tones(plan, sheets)
    for n, tone in enumerate(PRINT_TONES):
        mine = np.array([tones.get(str(code)) == n for code in table.index])
        draw_areas(axes, shapes[mine & shown], facecolor=tone, edgecolor="none", zorder=1)
    draw_areas(axes, shapes[~shown], facecolor="#eeeeee", edgecolor="none", zorder=1)
    ground = cut_ground(plan, window.box)
    none = np.array([], dtype=object)
    water = {key: lines for key, lines in ground.barriers.items() if key == "water"}
    roads = {key: lines for key, lines in ground.streets.items() if key == "major"}
    draw_ground(
        axes, replace(ground, homes=none, others=none, barriers=water, streets=roads), layout.scale
    )
    draw_lines(axes, shapes, edgecolor=INK, linewidth=0.8, zorder=4)
    _label_index(axes, window, table[shown], number_of, request)


def _choose_tones(plan: Plan, sheets: Sequence[AtlasSheet]) -> dict[str, int]:
    """Choose a tone for each subdistrict, and give it to its communities."""
    names = sorted({sheet.subdistrict for sheet in sheets})
    geometry = plan.site.communities.geometry
    lands = [
        shapely.union_all(
            geometry.loc[[s.community for s in sheets if s.subdistrict == name]].to_numpy()
        )
        for name in names
    ]
    tone_of = dict(
        zip(names, choose_tones(np.array(lands, dtype=object), len(PRINT_TONES)), strict=True)
    )
    return {sheet.community: int(tone_of[sheet.subdistrict]) for sheet in sheets}


def _label_index(
    axes: Any,
    window: Window,
    table: Any,
    number_of: dict[str, AtlasSheet],
    request: AtlasRequest,
) -> None:
    """Label communities with the numbers of their sheets, and names where there are few."""
    type_ = Typeface(request.font)
    size = LABEL_SIZE * ENLARGED[request.paper]
    edge = shapely.buffer(shapely.box(0, 0, window.width, window.height), -1.0, join_style="mitre")
    board = Board(edge, np.array([], dtype=object))
    wishes = []
    papers = window.to_paper(table.geometry.to_numpy())
    for code, land in zip(table.index, papers, strict=True):
        sheet = number_of[str(code)]
        text = str(sheet.number)
        if len(number_of) <= NAMED:
            text += f"\n{sheet.name}"
        width, height = type_.measure(text, size, bold=True)
        wishes.append(Wish(str(code), text, width, height, land))
    style = type_.style(size, bold=True)
    for label in place_labels(wishes, board)[0]:
        if label.leader:
            (x0, y0), (x1, y1) = (
                window.to_land(*label.leader[:2]),
                window.to_land(*label.leader[2:]),
            )
            axes.plot([x0, x1], [y0, y1], color=INK, linewidth=0.5, zorder=9)
        x, y = window.to_land(label.x, label.y)
        draw_text(axes, x, y, label.text, style, halo="#ffffff", colour=INK)
