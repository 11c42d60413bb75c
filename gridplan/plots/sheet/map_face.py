"""The map itself on axes: colours, ground, outlines, veil, marks and labels, at a true scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.plan import Plan
from gridplan.plots.sheet.ground import Ground, cut_ground, draw_ground
from gridplan.plots.sheet.label_wishes import wish_labels
from gridplan.plots.sheet.labels import Board, Placed, place_labels
from gridplan.plots.sheet.request import (
    SheetRequest,
    find_home,
    join_subdistricts,
    list_chosen,
)
from gridplan.plots.sheet.shapes import draw_areas, draw_lines
from gridplan.plots.sheet.texts import Typeface, draw_text
from gridplan.plots.sheet.view import Mark, Overlay, View
from gridplan.plots.sheet.window import Window
from gridplan.tables.palette import PRINT_INK

FINE = 2.5  # mm on paper of a usual sub-grid from which its outline has its full width
COARSE = 1.6  # mm below which houses, lanes and walls would only blacken the map
MARKS = {"post": 1.5, "gap": 1.9, "host": 0.75}  # millimetres of half a sign's width


@dataclass(frozen=True)
class Face:
    """What was drawn: how many labels were wanted, which are placed and which left out."""

    wanted: int
    placed: list[Placed]
    left_out: list[str]
    ground: Ground


def draw_face(
    axes: Any,
    plan: Plan,
    view: View,
    request: SheetRequest,
    window: Window,
    type_: Typeface,
    kept: Sequence[Any] = (),
) -> Face:
    """Draw the map on axes whose frame is the window, and label it.

    ``kept`` are places of the frame, in millimetres, where no label may stand.
    """
    west, south, east, north = shapely.bounds(window.box)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal", adjustable="box")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(PRINT_INK["paper"])
    detail = measure_detail(plan, window)
    ground = cut_ground(plan, window.box)
    if detail < COARSE:
        ground = ground.keep_main()
    near = shapely.intersects(plan.subgrids.geometry.to_numpy(), window.box)
    _draw_fills(axes, plan, view, near)
    for overlay in view.overlays:
        if overlay.kind == "area" and "zorder" not in overlay.look:
            _draw_overlay(axes, overlay, 1.5)
    draw_ground(axes, ground, window.scale)
    outlines = plan.subgrids.geometry.to_numpy()[near]
    share = float(np.clip(detail / FINE, 0.1, 1.0))
    thin = {"edgecolor": PRINT_INK["outline"], "linewidth": 0.45 * share}
    draw_lines(axes, outlines, zorder=4, **thin)
    _draw_specials(axes, plan, window)
    for overlay in view.overlays:
        if overlay.kind == "line" or "zorder" in overlay.look:
            _draw_overlay(axes, overlay, 4.5)
    _draw_limits(axes, plan, request, window, detail < COARSE)
    for mark in view.marks:
        _draw_mark(axes, mark, window, type_, request)
    return _draw_labels(axes, plan, view, request, window, type_, ground, kept)


def measure_detail(plan: Plan, window: Window) -> float:
    """Measure how large a usual sub-grid of homes is on the paper: the side of a square, in mm."""
    homes = plan.subgrids[(plan.subgrids["kind"] == "residential").to_numpy(bool)]
    areas = shapely.area(homes.geometry.to_numpy())
    if not len(areas):
        return np.inf
    return float(np.sqrt(np.median(areas)) * 1000 / window.scale)


def _draw_fills(axes: Any, plan: Plan, view: View, near: Any) -> None:
    shapes = plan.subgrids.geometry.to_numpy()
    fills = np.array(view.fills, dtype=object)
    for colour in sorted(set(fills[near])):
        # A thin edge of the same colour closes the hair lines between neighbours.
        look = {"facecolor": colour, "edgecolor": colour, "linewidth": 0.15}
        draw_areas(axes, shapes[near & (fills == colour)], zorder=1, **look)


def _draw_overlay(axes: Any, overlay: Overlay, order: float) -> None:
    draw = draw_areas if overlay.kind == "area" else draw_lines
    draw(axes, overlay.shapes, **({"zorder": order} | overlay.look))


def _draw_specials(axes: Any, plan: Plan, window: Window) -> None:
    """Draw special grids: an edge round water, a broad pale line along a railway."""
    shapes = plan.special_grids.sort_index().geometry.to_numpy()
    shapes = shapes[shapely.intersects(shapes, window.box)] if len(shapes) else shapes
    is_area = np.isin(shapely.get_type_id(shapes), (3, 6))
    ink = PRINT_INK["special"]
    draw_areas(axes, shapes[is_area], facecolor=ink, edgecolor="none", alpha=0.12, zorder=4.1)
    draw_lines(axes, shapes[is_area], edgecolor=ink, linewidth=0.9, zorder=4.2)
    draw_lines(axes, shapes[~is_area], edgecolor=ink, linewidth=2.2, alpha=0.55, zorder=4.1)


def _draw_limits(
    axes: Any, plan: Plan, request: SheetRequest, window: Window, is_coarse: bool
) -> None:
    """Pale what lies outside the community, and draw the limits of communities."""
    table = plan.site.communities
    shapes = table.geometry.to_numpy()
    ink = PRINT_INK["limit"]
    home = find_home(plan, request)
    if home is not None:
        veil = np.array([shapely.difference(window.box, home)], dtype=object)
        draw_areas(axes, veil, facecolor="#ffffff", edgecolor="none", alpha=0.62, zorder=5)
        draw_lines(axes, shapes, edgecolor=ink, linewidth=0.6, alpha=0.6, zorder=5.1)
        shapes = table.geometry.loc[list_chosen(plan, request)].to_numpy()
    look = {"edgecolor": ink, "linewidth": 1.5, "linestyle": (0, (7, 1.6, 1.4, 1.6))}
    # A sheet of some communities is about their limits, however small its scale.
    if is_coarse and home is None:
        draw_lines(axes, shapes, edgecolor=ink, linewidth=0.35, zorder=5.2)
        shapes = np.array([land for _, land in join_subdistricts(plan)], dtype=object)
        look["linewidth"] = 1.0
    draw_lines(axes, shapes, zorder=5.3, **look)


def _draw_mark(
    axes: Any, mark: Mark, window: Window, type_: Typeface, request: SheetRequest
) -> None:
    """Draw a sign whose size is on the paper, not on the land."""
    from matplotlib.patches import Circle, Rectangle

    half = MARKS[mark.sign] * window.scale / 1000
    look = {"facecolor": mark.colour, "edgecolor": "#ffffff", "linewidth": 0.5, "zorder": 7}
    if mark.sign == "post":
        corner = (mark.x - half, mark.y - half)
        axes.add_patch(
            Rectangle(corner, 2 * half, 2 * half, angle=45, rotation_point="center", **look)
        )
    else:
        axes.add_patch(Circle((mark.x, mark.y), half, **look))
    if mark.text:
        size = 6.2 if len(mark.text) < 3 else 4.8
        style = type_.style(size, bold=True)
        draw_text(axes, mark.x, mark.y, mark.text, style, colour="#ffffff", order=7.5)


def _draw_labels(
    axes: Any,
    plan: Plan,
    view: View,
    request: SheetRequest,
    window: Window,
    type_: Typeface,
    ground: Ground,
    kept: Sequence[Any],
) -> Face:
    """Place all labels on the paper, draw them, and say what had no room."""
    edge = shapely.buffer(shapely.box(0, 0, window.width, window.height), -1.0, join_style="mitre")
    homes = window.to_paper(np.concatenate([ground.homes, ground.others]))
    board = Board(edge, homes)
    for place in kept:
        board.take(place)
    for mark in view.marks:
        spot = window.to_paper(np.array([shapely.Point(mark.x, mark.y)], dtype=object))[0]
        if shapely.intersects(edge, spot) and mark.sign != "host":
            board.take(shapely.buffer(spot, MARKS[mark.sign], quad_segs=2))
    wishes = wish_labels(plan, view, request, window, type_, board)
    placed, left_out = place_labels(wishes.codes, board)
    for label in (*wishes.placed, *placed):
        look = wishes.looks.get(label.key, wishes.look)
        _draw_label(axes, label, look, window)
    everything = [*wishes.placed, *placed]
    return Face(
        len(wishes.codes) + wishes.wanted, everything, [*wishes.left_out, *left_out], ground
    )


def _draw_label(axes: Any, label: Placed, look: dict[str, Any], window: Window) -> None:
    if label.leader:
        ends = np.array(label.leader).reshape(2, 2)
        (x0, y0), (x1, y1) = (window.to_land(x, y) for x, y in ends.tolist())
        axes.plot([x0, x1], [y0, y1], color="#ffffff", linewidth=1.4, zorder=8.9)
        axes.plot([x0, x1], [y0, y1], color=look["colour"], linewidth=0.5, zorder=9)
        axes.plot([x0], [y0], marker="o", markersize=1.2, color=look["colour"], zorder=9)
    x, y = window.to_land(label.x, label.y)
    draw_text(
        axes,
        x,
        y,
        label.text,
        look["style"],
        colour=look["colour"],
        halo=look["halo"],
        order=look.get("order", 10.0),
        rotation=label.turn,
        rotation_mode="anchor",
        clip_on=False,
    )
