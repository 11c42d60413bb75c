"""The map of a plan as a picture for a page of text: as large as its place on the page."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Shapes
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.plots.figure import need_matplotlib
from gridplan.plots.printed_map import MOST_PIXELS, WRITING, View, prepare_plan
from gridplan.plots.sheet.canvas import INCH, open_canvas, open_frame
from gridplan.plots.sheet.compose import (
    VIEWERS,
    choose_sheet_font,
    compose_view,
    find_land,
    keep_within,
    list_keys,
)
from gridplan.plots.sheet.ground import cut_ground
from gridplan.plots.sheet.label_wishes import has_room
from gridplan.plots.sheet.map_face import Face, draw_face
from gridplan.plots.sheet.panel import draw_rows
from gridplan.plots.sheet.picture_layout import (
    BAR,
    BAR_WIDTH,
    EDGE,
    PictureLayout,
    arrange_picture,
    measure_block,
)
from gridplan.plots.sheet.request import SheetRequest, find_home
from gridplan.plots.sheet.sheet_texts import list_ground_keys
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.true_scale import KEY_SIZE, draw_bar, draw_north
from gridplan.tables.palette import PRINT_INK
from gridplan.tables.schema import Language
from gridplan.tables.words import say

LEAST_SHARE = 0.6  # of a picture, that a legend of all there is must leave to the map
COLOURS = 256  # of a PNG: a third of the bytes, and no eye sees it on a map


@dataclass(frozen=True)
class Picture:
    """A picture that is drawn: matplotlib's figure, where its parts stand, what is labelled."""

    figure: Any
    layout: PictureLayout
    face: Face
    notes: list[str]


def list_views(plan: Plan, before: Plan | None = None) -> tuple[str, ...]:
    """List the views that a plan can show: a release and a plan without reach show fewer.

    ``before`` is the plan before, without which no change is shown.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> list_views(make_board_plan())
    ('subgrids', 'households', 'band', 'walking')
    >>> list_views(release(make_board_plan()))
    ('subgrids', 'band')
    """
    return tuple(view for view in VIEWERS if _can_show(plan, view, before))


def _can_show(plan: Plan, view: str, before: Plan | None) -> bool:
    if view == "change" and before is None:
        return False
    request = SheetRequest(view=view, before=before if view == "change" else None)
    try:
        compose_view(plan, request)
    except PlanError:
        return False
    return True


def draw_map_picture(
    plan: Plan,
    view: View,
    width: float,
    height: float,
    *,
    community: str = "",
    before: Plan | None = None,
    kind: str | None = None,
    lang: Language = "en",
    font: str = "",
    dpi: int = 200,
    enlarged: float = 1.0,
) -> bytes:
    """Draw the map of a view as a PNG of ``width`` by ``height`` millimetres.

    The map is as large as fits; its legend, with scale bar and arrow, stands in
    a corner without land, else beside or below, whichever leaves the larger
    map. There is no title and no scale as a number, which would be false on a
    slide. ``enlarged`` makes text larger than on a page: about 1.6 on a slide.

    Raises
    ------
    PlanError
        If the plan does not hold what the view shows, or the picture would have
        more than 200 million dots.
    MissingPackageError
        If matplotlib or a font with all characters is missing.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> draw_map_picture(make_board_plan(), "subgrids", 120, 80)[1:4]
    b'PNG'
    """
    need_matplotlib()
    request = SheetRequest(
        view=view,
        community=community,
        before=before,
        kind=kind,
        lang=lang,
        font=font,
        enlarged=enlarged,
    )
    return draw_picture_file(prepare_plan(plan), request, (width, height), dpi)


def draw_picture_file(
    plan: Plan, request: SheetRequest, size: tuple[float, float], dpi: int
) -> bytes:
    """Draw a picture as PNG in few colours, of a plan that was checked and put in order."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    pixels = size[0] * size[1] / INCH**2 * dpi**2
    if pixels > MOST_PIXELS:
        raise PlanError(
            f"a picture of {pixels / 1e6:,.0f} million dots is too large -> give fewer dots "
            "to the inch, or write a PDF"
        )
    with WRITING, rc_context({"path.simplify": False}):
        picture = compose_picture(plan, request, size, dpi)
        canvas: Any = FigureCanvasAgg(picture.figure)
        canvas.draw()
        dots = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
    picture.figure.clear()
    image = Image.fromarray(dots).quantize(COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="png", dpi=(dpi, dpi))
    return buffer.getvalue()


def compose_picture(
    plan: Plan, request: SheetRequest, size: tuple[float, float], dpi: int
) -> Picture:
    """Draw a picture on a figure of its own: the map, and the legend clear of the land."""
    view = keep_within(compose_view(plan, request), plan, request)
    type_ = Typeface(choose_sheet_font(plan, request, view))
    land = find_land(plan, request)
    west, south, east, north = land
    # What the legend must hold is known before the scale: of more land than is shown.
    around = shapely.box(west, south, east, north).buffer(max(east - west, north - south) / 3)
    keys = [*view.keys, *list_ground_keys(plan, cut_ground(plan, around), request, around)]
    room_for = say("sheet.left_out", request.lang, count=100, wanted=1000)
    layout = _arrange(plan, request, size, land, (keys, [*view.notes, room_for]), type_)
    # A legend that leaves little to the map says only what the view is about.
    is_cramped = layout.share < LEAST_SHARE
    if is_cramped:
        layout = _arrange(plan, request, size, land, (view.keys, [*view.notes, room_for]), type_)
    figure, paper = open_canvas(size, dpi, order=2)
    axes = open_frame(figure, layout.map, size)
    kept = []
    if layout.inside:
        key = layout.key
        kept = [shapely.box(key.x, key.y, key.x + key.width, key.y + key.height)]
    face = draw_face(axes, plan, view, request, layout.window, type_, kept)
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)
        spine.set_zorder(20)
    every = list_keys(plan, view, face.ground, request, layout.window)
    shown = [key for key in every if not is_cramped or key in view.keys]
    notes = list(view.notes)
    if (
        view.has_codes
        and not request.community
        and plan.subgrids["community"].nunique() > 1
        and has_room(plan, request, layout.window.scale)
    ):
        notes.append(say("sheet.numbers", request.lang))
    if face.left_out:
        count = {"count": len(face.left_out), "wanted": face.wanted}
        notes.append(say("sheet.left_out", request.lang, **count))
    _draw_key(paper, layout, shown, notes, request, type_)
    return Picture(figure, layout, face, notes)


def _arrange(
    plan: Plan,
    request: SheetRequest,
    size: tuple[float, float],
    land: tuple[float, float, float, float],
    texts: tuple[Any, Any],
    type_: Typeface,
) -> PictureLayout:
    """Arrange map and legend of a picture."""
    table = plan.site.communities
    if request.box is not None:
        covered: Shapes = np.array([], dtype=object)
    elif (home := find_home(plan, request)) is not None:
        covered = np.array([home], dtype=object)
    else:
        covered = np.concatenate([table.geometry.to_numpy(), plan.subgrids.geometry.to_numpy()])
    column = measure_block(*texts, type_, request.size)
    strip = measure_block(*texts, type_, request.size, size[0])
    return arrange_picture(size, land, covered, column, strip)


def _draw_key(
    paper: Any,
    layout: PictureLayout,
    keys: Any,
    notes: list[str],
    request: SheetRequest,
    type_: Typeface,
) -> None:
    """Draw the legend with scale bar and arrow, of what the map shows indeed."""
    from matplotlib.patches import Rectangle

    big, points, key = request.size, KEY_SIZE * request.size, layout.key
    is_strip = key.width > key.height and not layout.inside and key.y == 0 and key.x == 0
    block = measure_block(keys, notes, type_, big, key.width if is_strip else 0.0)
    top = key.y + key.height
    if layout.inside:
        # What was kept free for notes that are not needed is given back to the map.
        base = key.y if key.y == 0 else top - block.height
        key = replace(key, y=base, height=block.height)
        top = base + block.height
        look: dict[str, Any] = {
            "facecolor": "#ffffff",
            "edgecolor": PRINT_INK["outline"],
            "linewidth": 0.5,
        }
        paper.add_patch(Rectangle((key.x, key.y), key.width, key.height, alpha=0.92, **look))
    for n, part in enumerate(block.columns):
        draw_rows(paper, part, key.x + EDGE + n * block.column, top - EDGE, type_, points)
    left = key.x + EDGE if not is_strip else key.x + key.width - BAR_WIDTH * big
    low = top - block.height + EDGE if not is_strip else top - EDGE - BAR * big + EDGE
    draw_bar(
        paper, left + EDGE, low + 1, (BAR_WIDTH - 16) * big, layout.window.scale, request, type_
    )
    draw_north(paper, left + (BAR_WIDTH - 6) * big, low + 0.5, request, type_)
