"""The pages of an atlas's sheet: the map with its table, the settlement enlarged, more table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gridplan.briefing.atlas.contents import AtlasSheet
from gridplan.briefing.atlas.page_layout import lay_out_page
from gridplan.briefing.atlas.request import AtlasRequest
from gridplan.plan import Plan
from gridplan.plots.sheet.canvas import open_canvas
from gridplan.plots.sheet.compose import compose_sheet
from gridplan.plots.sheet.furniture import draw_foot, draw_neatlines, draw_title
from gridplan.plots.sheet.paper import ENLARGED, MARGIN, Layout
from gridplan.plots.sheet.table_drawing import draw_part
from gridplan.plots.sheet.texts import Typeface, draw_text
from gridplan.plots.sheet.view import View
from gridplan.tables.words import say


def draw_sheet_pages(
    plan: Plan,
    sheet: AtlasSheet,
    of: tuple[int, int],
    view: View,
    foot: Sequence[str],
    request: AtlasRequest,
) -> Iterator[Any]:
    """Draw the pages of a sheet one after another, as figures that are the caller's to clear.

    ``of`` is how many sheets and how many pages the atlas has, ``foot`` what
    stands at the foot of all.
    """
    type_ = Typeface(request.font)
    asked = request.ask_sheet(community=sheet.community, number=sheet.number, of=of[0])
    made = sheet.made
    drawn = compose_sheet(plan, asked, view, made.layout, foot)
    left_out = set(drawn.face.left_out)
    marked = [n for n, code in enumerate(sheet.codes) if code in left_out]
    if sheet.enlarged is not None:
        draw_box(drawn.axes, sheet.enlarged)
    draw_part(drawn.paper, made.table, made.parts[0], type_, request.lang, marked)
    draw_page_number(drawn.paper, sheet.page, of[1], made.layout, type_)
    yield drawn.figure
    page = sheet.page + 1
    if sheet.enlarged is not None:
        title = say("atlas.enlarged", request.lang, title=drawn.title)
        larger = compose_sheet(
            plan, replace(asked, box=sheet.enlarged, title=title), view, foot=foot
        )
        draw_page_number(larger.paper, page, of[1], larger.layout, type_)
        yield larger.figure
        page += 1
    for part in made.parts[1:]:
        title = f"{sheet.name} {say('atlas.table', request.lang)}"
        title = say("atlas.continued", request.lang, title=title)
        lies = made.layout.width > made.layout.height
        figure, paper, layout = open_page(request, lies)
        draw_title(paper, layout.title, title, sheet.community, asked, type_, layout.enlarged)
        draw_part(paper, made.table, part, type_, request.lang, marked)
        draw_foot(paper, layout.foot, foot, type_, layout.enlarged)
        draw_neatlines(paper, layout)
        draw_page_number(paper, page, of[1], layout, type_)
        yield figure
        page += 1


def open_page(request: AtlasRequest, lies: bool) -> tuple[Any, Any, Layout]:
    """Open an empty page: its figure, axes over it in millimetres, and its layout."""
    layout = lay_out_page(request.paper, lies)
    return *open_canvas((layout.width, layout.height)), layout


def draw_box(axes: Any, box: tuple[float, float, float, float]) -> None:
    """Draw on a map the land that the next page shows enlarged."""
    from matplotlib.patches import Rectangle

    west, south, east, north = box
    look: dict[str, Any] = {"fill": False, "edgecolor": "#a3195b", "linewidth": 1.1}
    axes.add_patch(Rectangle((west, south), east - west, north - south, zorder=12, **look))


def draw_page_number(paper: Any, page: int, of: int, layout: Layout, type_: Typeface) -> None:
    """Draw the number of a page and of how many, below the neatline."""
    style = type_.style(7.0 * ENLARGED["A4"])
    draw_text(paper, layout.width / 2, MARGIN / 2 - 0.4, f"{page}/{of}", style)
