"""Maps as pictures for documents and slides: the map alone, as large as its place on the page."""

from __future__ import annotations

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.plots.figure import need_matplotlib
from gridplan.plots.map_picture import draw_picture_file, list_views
from gridplan.plots.printed_map import View, order_rows
from gridplan.plots.sheet.request import SheetRequest

DPI = 200


def list_map_views(facts: Facts, request: BriefingRequest) -> tuple[str, ...]:
    """List the views that the maps of a briefing can show: those that a release holds."""
    return list_views(facts.plan, request.before.plan if request.before else None)


def draw_map(
    facts: Facts,
    request: BriefingRequest,
    view: View,
    width: float,
    height: float,
    *,
    community: str = "",
    subdistrict: str = "",
    dpi: int = DPI,
    enlarged: float = 1.0,
) -> bytes:
    """Draw the map of a view as a PNG that fills ``width`` by ``height`` millimetres.

    It has no title: the document writes that. ``enlarged`` makes text larger
    than on a page, about 1.6 for a slide.

    Raises
    ------
    PlanError
        If the view is none of :func:`list_map_views`.
    """
    need_matplotlib()
    before = request.before.plan if request.before and view == "change" else None
    asked = SheetRequest(
        view=view,
        community=community,
        subdistrict=subdistrict,
        before=before,
        lang=request.lang,
        font=request.font,
        enlarged=enlarged,
    )
    # The plan of facts was checked when they were collected.
    return draw_picture_file(order_rows(facts.plan), asked, (width, height), dpi)
