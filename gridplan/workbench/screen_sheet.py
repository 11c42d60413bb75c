"""The printed sheet of the screen: a map at a true scale, then its sub-grids by code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import shapely

from gridplan.plan import Plan
from gridplan.plots.printed_map import PLACED_TABLES
from gridplan.plots.sheet.canvas import INCH
from gridplan.plots.sheet.compose import compose_sheet, compose_view
from gridplan.plots.sheet.paper import ENLARGED, MARGIN, PAPERS
from gridplan.plots.sheet.request import SheetRequest
from gridplan.plots.sheet.texts import PITCH, POINT, Typeface, draw_text
from gridplan.tables.words import say
from gridplan.workbench.orders import Order

# The views of a sheet that show what the colours of the screen show.
VIEWS = {
    "plain": "subgrids",
    "households": "households",
    "band": "band",
    "chance": "chance",
    "walk": "walking",
    "reach": "coverage",
    "volunteers": "volunteers",
    "branches": "party",
    "groups": "party",
    "hosts": "party",
}
_SIZE = 7.5  # points of the table, on A4
_HEAD = 10.0  # mm above the first row
_BLOCKS = 2  # of rows side by side
_SHARES = (0.0, 0.36, 0.62, 0.8)  # of a block's width at which its columns begin


def draw_screen_sheet(plan: Plan, order: Order) -> tuple[bytes, tuple[str, ...]]:
    """Draw what the screen shows as a PDF; returns its bytes, and notes for the page.

    The first page is the map, the others list the sub-grids on it by code.

    Raises
    ------
    PlanError
        If the plan does not hold what the colours show.
    MissingPackageError
        If no font on this machine has the characters.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    from gridplan.plots.fonts import choose_pdf_type

    plan = plan.replace(**{name: plan.get_table(name).sort_index() for name in PLACED_TABLES})
    request, notes = _read_request(plan, order)
    sheet = compose_sheet(plan, request)
    type_ = Typeface(sheet.family)
    plain: dict[str, Any] = {"Creator": "gridplan", "Producer": None, "CreationDate": None}
    settings: Any = {"pdf.fonttype": choose_pdf_type((sheet.family,)), "path.simplify": False}
    content = io.BytesIO()
    with (
        rc_context(settings),
        PdfPages(content, metadata={**plain, "Title": sheet.title}) as pages,
    ):
        pages.savefig(sheet.figure)
        for figure in _draw_tables(_list_rows(plan, request), sheet.title, request, type_):
            pages.savefig(figure)
    return content.getvalue(), notes


def _read_request(plan: Plan, order: Order) -> tuple[SheetRequest, tuple[str, ...]]:
    """Read from the order what a sheet is asked to show."""
    shown = order.view
    colours = str(shown.get("colours", "plain"))
    kind = str(shown.get("kind", "")) if colours == "reach" else ""
    request = SheetRequest(
        view=VIEWS.get(colours, "subgrids"),
        box=shown.get("box"),
        kind=kind or None,
        paper=str(shown.get("paper", "A4")),
        lang=order.lang,
        office=order.office,
        date=order.time[:10],
    )
    # As a sheet names itself, with the place on the screen, and the stamp of a draft.
    view = compose_view(plan, request).title
    place = str(shown.get("title") or order.name)
    title = say("sheet.title_of", order.lang, place=place, view=view)
    title = f"{title} · {order.stamp}" if order.draft else title
    notes = () if colours in VIEWS else (say("studio_file.sheet_other_view", order.lang),)
    return SheetRequest(**{**vars(request), "title": title}), notes


def _list_rows(plan: Plan, request: SheetRequest) -> list[tuple[str, ...]]:
    """List the sub-grids on the map: code, households, whether in band, mean walk."""
    table = plan.subgrids[plan.subgrids["kind"] == "residential"]
    if request.box is not None:
        table = table[shapely.intersects(table.geometry.to_numpy(), shapely.box(*request.box))]
    said = {
        True: say("studio.sheet_yes", request.lang),
        False: say("studio.sheet_no", request.lang),
    }
    return [
        (
            str(code),
            f"{households:,.0f}",
            said[bool(in_band)],
            f"{walk:.0f}" if walk == walk else "",
        )
        for code, households, in_band, walk in zip(
            table.index, table["households"], table["in_band"], table["mean_walk"], strict=True
        )
    ]


def _draw_tables(
    rows: list[tuple[str, ...]], title: str, request: SheetRequest, type_: Typeface
) -> Iterator[Any]:
    """Draw the pages of the table, on paper that stands."""
    from matplotlib.figure import Figure

    width, height = PAPERS[request.paper]
    big = ENLARGED[request.paper]
    pitch = _SIZE * big * POINT * PITCH * 1.15
    fitting = int((height - 2 * MARGIN - 2 * _HEAD * big) / pitch)
    block = (width - 2 * MARGIN) / _BLOCKS
    heads = say("studio.sheet_codes", request.lang).split("|")
    for first in range(0, len(rows), fitting * _BLOCKS):
        figure = Figure(figsize=(width / INCH, height / INCH))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(0, height)
        axes.set_axis_off()
        left: dict[str, Any] = {"ha": "left", "va": "center"}
        top = height - MARGIN - 3 * big
        draw_text(axes, MARGIN, top, title, type_.style(1.3 * _SIZE * big, bold=True), **left)
        page = rows[first : first + fitting * _BLOCKS]
        # The last page has blocks of equal length.
        most = -(-len(page) // _BLOCKS)
        for number in range(0, len(page), most):
            x = MARGIN + block * (number // most)
            lines = [tuple(heads), *page[number : number + most]]
            for n, line in enumerate(lines):
                y = height - MARGIN - _HEAD * big - n * pitch
                style = type_.style(_SIZE * big, bold=n == 0)
                for share, text in zip(_SHARES, line, strict=True):
                    draw_text(axes, x + share * block, y, text, style, **left)
        yield figure
