"""The maps of a pack: the main views on A3, and the whole on one large sheet for a wall."""

from __future__ import annotations

from typing import Literal

from gridplan.briefing.facts import Facts
from gridplan.briefing.pictures import list_map_views
from gridplan.briefing.request import BriefingRequest
from gridplan.errors import PlanError
from gridplan.plots.printed_map import draw_sheets
from gridplan.plots.sheet.request import SheetRequest

# In the order in which they are laid out; those that a release does not hold are left out.
PACK_VIEWS = ("subgrids", "band", "coverage", "volunteers", "party", "change", "demonstration")
PAPER: Literal["A3"] = "A3"
WALL: Literal["A1"] = "A1"


def list_pack_views(facts: Facts, request: BriefingRequest) -> list[str]:
    """List the views that a release can show.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> list_pack_views(facts, BriefingRequest())[0]
    'subgrids'
    """
    there = list_map_views(facts, request)
    return [view for view in PACK_VIEWS if view in there]


def draw_maps(facts: Facts, request: BriefingRequest) -> tuple[bytes, tuple[str, ...]]:
    """Draw the main views as pages of one PDF, and note which they are.

    Raises
    ------
    PlanError, MissingPackageError
        If no view can be drawn, or no font has the characters.
    """
    views = list_pack_views(facts, request)
    if not views:
        raise PlanError("the release has no sub-grids to map -> release a plan that was drawn")
    requests = [_ask_sheet(view, PAPER, request, n, len(views)) for n, view in enumerate(views, 1)]
    content, _ = draw_sheets(facts.plan, requests, to="pdf")
    return content, tuple(views)


def draw_wall_map(facts: Facts, request: BriefingRequest) -> tuple[bytes, tuple[str, ...]]:
    """Draw the sub-grids of the whole on one large sheet, to be hung up."""
    content, _ = draw_sheets(facts.plan, [_ask_sheet("subgrids", WALL, request)], to="pdf")
    return content, ()


def _ask_sheet(
    view: str, paper: str, request: BriefingRequest, number: int = 1, of: int = 1
) -> SheetRequest:
    """Ask for the sheet of a view as the briefing was asked for."""
    before = request.before.plan if request.before is not None and view == "change" else None
    return SheetRequest(
        view=view,
        paper=paper,
        before=before,
        lang=request.lang,
        office=request.office,
        date=request.date,
        map_number=request.map_number,
        font=request.font,
        number=number,
        of=of,
    )
