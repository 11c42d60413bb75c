"""Maps as pictures for documents and slides: the map alone, as large as its place on the page."""

from __future__ import annotations

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.plots.map_picture import draw_map_picture, list_views
from gridplan.plots.printed_map import View

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
    before = request.before.plan if request.before and view == "change" else None
    return draw_map_picture(
        facts.plan,
        view,
        width,
        height,
        community=community,
        before=before,
        lang=request.lang,
        font=request.font,
        dpi=dpi,
        enlarged=enlarged,
    )
