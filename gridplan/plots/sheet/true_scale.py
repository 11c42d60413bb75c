"""The scale bar and the arrow to north, and where the community lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridplan.plan import Plan
from gridplan.plots.sheet.paper import Frame, Layout
from gridplan.plots.sheet.request import SheetRequest, list_chosen
from gridplan.plots.sheet.shapes import draw_areas, draw_lines
from gridplan.plots.sheet.texts import Typeface, draw_text
from gridplan.tables.palette import PRINT_INK
from gridplan.tables.words import say

INK = PRINT_INK["limit"]
KEY_SIZE = 7.0  # points, on A4
NOTE_SIZE = 6.2


def draw_scale(
    axes: Any,
    x: float,
    y: float,
    width: float,
    layout: Layout,
    request: SheetRequest,
    type_: Typeface,
) -> None:
    """Draw a scale bar that is true on the paper, the scale as a number, and an arrow to north."""
    big = layout.enlarged
    draw_bar(axes, x, y, width - 12 * big, layout.scale, request, type_)
    number = say("sheet.scale", request.lang, scale=f"{layout.scale:,}", paper=request.paper)
    low = y + 6.7 * big
    draw_text(axes, x, low, number, type_.style(KEY_SIZE * big), ha="left")
    draw_north(axes, x + width - 3 * big, y, request, type_)


def draw_bar(
    axes: Any,
    x: float,
    y: float,
    width: float,
    scale: float,
    request: SheetRequest,
    type_: Typeface,
) -> None:
    """Draw a scale bar no wider than a width in mm, with its metres over it."""
    from matplotlib.patches import Rectangle

    big = request.size
    metres = choose_bar(scale, width)
    part = metres / 4 * 1000 / scale  # mm
    tall = 1.3 * big
    for n in range(4):
        shade = INK if n % 2 == 0 else "#ffffff"
        axes.add_patch(
            Rectangle((x + n * part, y), part, tall, facecolor=shade, edgecolor=INK, linewidth=0.5)
        )
    small = type_.style(NOTE_SIZE * big)
    in_km = metres >= 2000
    unit = say(
        "sheet.kilometres" if in_km else "sheet.metres",
        request.lang,
        length=f"{metres / 1000 if in_km else metres:g}",
    )
    for n, text in ((0, "0"), (2, f"{metres / (2000 if in_km else 2):g}"), (4, unit)):
        draw_text(axes, x + n * part, y + tall + 1.7 * big, text, small)


def draw_north(axes: Any, x: float, y: float, request: SheetRequest, type_: Typeface) -> None:
    """Draw an arrow to north that stands on a point: every plan's grid north is up."""
    from matplotlib.patches import Polygon

    big = request.size
    tip_x, low, high = x, y, y + 8.5 * big
    left, right = tip_x - 2 * big, tip_x + 2 * big
    notch = low + 1.8 * big
    for corner, shade in ((left, INK), (right, "#ffffff")):
        axes.add_patch(
            Polygon(
                [(tip_x, high), (corner, low), (tip_x, notch)],
                facecolor=shade,
                edgecolor=INK,
                linewidth=0.5,
            )
        )
    north = type_.style(KEY_SIZE * big, bold=True)
    draw_text(axes, tip_x, high + 1.8 * big, say("sheet.north", request.lang), north)


def choose_bar(scale: float, width: float) -> int:
    """Choose the metres of a scale bar: the longest of 1, 2, 4 or 8 times a power of ten that fits.

    Examples
    --------
    >>> choose_bar(2000, 40.0), choose_bar(10_000, 40.0)
    (80, 400)
    """
    most = width * scale / 1000
    steps = [m * 10**n for n in range(1, 7) for m in (1, 2, 4, 8)]
    return max((step for step in steps if step <= most), default=10)


def draw_inset(
    axes: Any, frame: Frame, plan: Plan, request: SheetRequest, type_: Typeface, big: float
) -> None:
    """Draw where the community lies: all communities of the plan small, itself in red."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (frame.x, frame.y),
            frame.width,
            frame.height,
            facecolor="#ffffff",
            edgecolor=INK,
            linewidth=0.6,
        )
    )
    title = type_.style(NOTE_SIZE * big)
    tall = 4.0 * big
    draw_text(
        axes,
        frame.x + frame.width / 2,
        frame.y + frame.height - tall / 2,
        say("sheet.inset", request.lang),
        title,
    )
    table = plan.site.communities
    shapes = table.geometry.to_numpy()
    west, south, east, north = shapely.total_bounds(shapes)
    room = (frame.width - 3, frame.height - tall - 2)
    factor = min(room[0] / (east - west), room[1] / (north - south))
    shift = np.array([(west + east) / 2, (south + north) / 2])
    middle = np.array([frame.x + frame.width / 2, frame.y + 1 + room[1] / 2])
    small = shapely.transform(shapes, lambda xy: (xy - shift) * factor + middle)
    chosen = np.array(table.index.isin(list_chosen(plan, request)))
    draw_areas(axes, small[~chosen], facecolor="#eceae4", edgecolor="none")
    draw_areas(axes, small[chosen], facecolor="#d97b4a", edgecolor="none")
    draw_lines(axes, small, edgecolor=INK, linewidth=0.4)
