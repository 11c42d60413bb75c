"""A whole sheet put together: view, paper, map and all that stands around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Shapes
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.fonts import choose_font
from gridplan.plots.sheet.canvas import open_canvas, open_frame
from gridplan.plots.sheet.furniture import draw_foot, draw_neatlines, draw_title
from gridplan.plots.sheet.ground import Ground, cut_ground, find_withheld
from gridplan.plots.sheet.label_wishes import has_room
from gridplan.plots.sheet.land_views import (
    view_band,
    view_chance,
    view_households,
    view_subgrids,
    view_walking,
)
from gridplan.plots.sheet.map_face import Face, draw_face
from gridplan.plots.sheet.panel import draw_panel, measure_panel
from gridplan.plots.sheet.paper import ENLARGED, Layout, choose_layout
from gridplan.plots.sheet.people_views import (
    view_change,
    view_coverage,
    view_demonstration,
    view_party,
    view_volunteers,
)
from gridplan.plots.sheet.request import (
    SheetRequest,
    check_community,
    find_home,
    list_chosen,
)
from gridplan.plots.sheet.sheet_texts import list_ground_keys, write_facts, write_foot, write_title
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.view import Key, View
from gridplan.plots.sheet.wall import Wall, draw_wall, is_wall, lay_out_wall
from gridplan.plots.sheet.window import Window
from gridplan.tables.palette import EXCLUSIVE, OPEN_LAND
from gridplan.tables.words import list_words, say

VIEWERS: Mapping[str, Callable[[Plan, SheetRequest], View]] = {
    "subgrids": view_subgrids,
    "households": view_households,
    "band": view_band,
    "chance": view_chance,
    "walking": view_walking,
    "coverage": view_coverage,
    "volunteers": view_volunteers,
    "party": view_party,
    "change": view_change,
    "demonstration": view_demonstration,
}
LEAST_LAND = 40.0  # metres; a plan of one house is shown with some land round it


@dataclass(frozen=True)
class Sheet:
    """A sheet that is drawn: matplotlib's figure, the axes of the map, and what is on it.

    ``paper`` are axes over the whole sheet, in millimetres.
    """

    figure: Any
    axes: Any
    paper: Any
    layout: Layout
    window: Window
    face: Face
    title: str
    family: str


def compose_view(plan: Plan, request: SheetRequest) -> View:
    """Compose the view of a plan that a sheet shows; what it cannot show is refused here."""
    check_community(plan, request)
    if plan.subgrids.empty:
        raise PlanError("the plan has no sub-grids to map")
    return VIEWERS[request.view](plan, request)


def compose_sheet(
    plan: Plan,
    request: SheetRequest,
    view: View | None = None,
    layout: Layout | None = None,
    foot: Sequence[str] = (),
) -> Sheet:
    """Draw a whole sheet on a figure of its own, which no window and no pyplot knows.

    The layout is the one with the largest scale, unless one is given; so is
    the ``foot``, whose seal takes time on a large plan.

    Raises
    ------
    PlanError
        If the plan does not hold what the view shows, or the land does not
        fit on the paper.
    MissingPackageError
        If no font on this machine has the characters.
    """
    view = keep_within(view or compose_view(plan, request), plan, request)
    type_ = Typeface(choose_sheet_font(plan, request, view))
    land = find_land(plan, request)
    has_inset = shows_inset(plan, request)
    west, south, east, north = land
    size = (east - west, north - south)
    wall: Wall | None = None
    if layout is None:
        need = find_panel_need(plan, request, view, type_)
        if is_wall(request):
            wall = lay_out_wall(plan, request, size, need, type_)
            layout = wall.layout
        else:
            layout = choose_layout(request.paper, size, need, request.scale)
    notes = list(view.notes)
    numbers = say("sheet.numbers", request.lang)
    sides = (layout.width, layout.height)
    figure, paper = open_canvas(sides)
    frame = layout.map
    axes = open_frame(figure, frame, sides)
    window = Window((west + east) / 2, (south + north) / 2, frame.width, frame.height, layout.scale)
    face = draw_face(axes, plan, view, request, window, type_)
    keys = list_keys(plan, view, face.ground, request, window)
    if view.has_codes and not request.community and has_room(plan, request, layout.scale):
        notes += [numbers] if plan.subgrids["community"].nunique() > 1 else []
    if face.left_out:
        count = {"count": len(face.left_out), "wanted": face.wanted}
        notes.append(say("sheet.left_out", request.lang, **count))
    title = write_title(plan, view, request)
    draw_neatlines(paper, layout)
    big = layout.enlarged * (1.5 if wall else 1.0)
    draw_title(paper, layout.title, title, write_facts(plan, request), request, type_, big)
    if wall:
        draw_wall(paper, plan, wall, request, type_)
    draw_panel(paper, layout, plan, keys, notes, request, type_, has_inset)
    draw_foot(paper, layout.foot, foot or write_foot(plan, request), type_, layout.enlarged)
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
        spine.set_zorder(20)
    return Sheet(figure, axes, paper, layout, window, face, title, type_.family)


def shows_inset(plan: Plan, request: SheetRequest) -> bool:
    """Whether a sheet shows where its community or subdistrict lies."""
    return 0 < len(list_chosen(plan, request)) < len(plan.site.communities)


def find_panel_need(
    plan: Plan, request: SheetRequest, view: View, type_: Typeface
) -> Callable[[float], float]:
    """Return what says how high the panel must be at a width, both in mm."""
    big = ENLARGED[request.paper]
    west, south, east, north = find_land(plan, request)
    # What the legend must hold is known before the scale: of more land than is shown.
    around = shapely.box(west, south, east, north).buffer(max(east - west, north - south) / 2)
    keys = [*view.keys, *list_ground_keys(plan, cut_ground(plan, around), request, around)]
    room_for = say("sheet.left_out", request.lang, count=100, wanted=1000)
    notes = [*view.notes, say("sheet.numbers", request.lang), room_for]
    has_inset = shows_inset(plan, request)
    return lambda width: measure_panel(keys, notes, width, type_, big, has_inset)


def list_keys(
    plan: Plan, view: View, ground: Ground, request: SheetRequest, window: Window
) -> list[Key]:
    """List the legend of what is on the sheet; classes of a view are listed whole."""
    near = shapely.intersects(plan.subgrids.geometry.to_numpy(), window.box)
    there = set(np.array(view.fills, dtype=object)[near])
    keys = [key for key in view.keys if key[1] not in (EXCLUSIVE, OPEN_LAND) or key[1] in there]
    return [*keys, *list_ground_keys(plan, ground, request, window.box)]


def keep_within(view: View, plan: Plan, request: SheetRequest) -> View:
    """Keep what may be shown, and of marks and captions those of the community shown.

    The land of institutions that no sheet shows is drawn as open land.
    """
    withheld = find_withheld(plan)
    fills = [OPEN_LAND if w else fill for fill, w in zip(view.fills, withheld, strict=True)]
    view = replace(view, fills=fills)
    home = find_home(plan, request)
    if home is None:
        return view
    land = shapely.buffer(home, 1.0)
    shapely.prepare(land)
    return replace(
        view,
        marks=[mark for mark in view.marks if shapely.intersects_xy(land, mark.x, mark.y)],
        captions=[
            caption
            for caption in view.captions
            if shapely.intersects(land, shapely.point_on_surface(caption.land))
        ],
    )


def find_land(plan: Plan, request: SheetRequest) -> tuple[float, float, float, float]:
    """Find west, south, east and north of the land that a sheet must hold, in metres."""
    if request.box is not None:
        ends = shapely.total_bounds(plan.subgrids.geometry.to_numpy())
        if not shapely.intersects(shapely.box(*request.box), shapely.box(*ends)):
            west, south, east, north = (f"{end:.0f}" for end in ends)
            raise PlanError(
                f"the box holds no land of the plan -> give metres of the plan, which lies from "
                f"{west} to {east} and from {south} to {north}"
            )
        return request.box
    table = plan.site.communities
    home = find_home(plan, request)
    if home is not None:
        shapes: Shapes = np.array([home], dtype=object)
    else:
        shapes = np.concatenate([table.geometry.to_numpy(), plan.subgrids.geometry.to_numpy()])
    west, south, east, north = shapely.total_bounds(shapes)
    x, y = (west + east) / 2, (south + north) / 2
    half, tall = max(east - west, LEAST_LAND) / 2, max(north - south, LEAST_LAND) / 2
    return float(x - half), float(y - tall), float(x + half), float(y + tall)


def choose_sheet_font(plan: Plan, request: SheetRequest, view: View) -> str:
    """Choose a font with every character that may come on the sheet."""
    return choose_font(list_sheet_letters(plan, request, view), request.font)


def list_sheet_letters(plan: Plan, request: SheetRequest, view: View) -> str:
    """List every character that may come on a sheet."""
    site = plan.site
    said: list[str] = [
        *list_words("map", request.lang).values(),
        *list_words("sheet", request.lang).values(),
        *(list_words("wall", request.lang).values() if request.subdistrict else ()),
        request.subdistrict,
        *(str(name) for name in site.communities["name"]),
        *(str(name) for name in site.streets["name"].unique()),
        *(str(name) for name in site.barriers["name"].unique()),
        *(caption.text for caption in view.captions),
        *(text for _, _, text in view.keys),
        *view.notes,
        *(request.title or "", request.office, request.date, request.map_number, view.title),
        *(str(name) for name in plan.manifest.get("inputs") or ()),
        *plan.subgrids.index.astype(str),
    ]
    return "".join(said)
