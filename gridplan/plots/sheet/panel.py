"""The panel beside or below a map: legend, scale bar, north arrow and inset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridplan.plan import Plan
from gridplan.plots.sheet.paper import Frame, Layout
from gridplan.plots.sheet.request import SheetRequest
from gridplan.plots.sheet.texts import PITCH, POINT, Typeface, draw_text
from gridplan.plots.sheet.true_scale import KEY_SIZE, draw_inset, draw_scale
from gridplan.plots.sheet.view import Key
from gridplan.tables.palette import PRINT_INK
from gridplan.tables.words import say

ROW = 4.3  # mm from one line of the legend to the next, at least
SWATCH = 6.0  # mm of width of a sign in the legend
BAR_HEIGHT = 15.0  # mm that scale bar and arrow take
INSET = 28.0  # mm of the inset's side
COLUMN = 46.0  # mm of a column of the legend below a map


@dataclass(frozen=True)
class Row:
    """One entry of the legend, its text broken into lines."""

    key: Key
    lines: list[str]

    def get_height(self, size: float) -> float:
        """Return its height in mm, at a size of text in points."""
        return max(ROW * size / KEY_SIZE, len(self.lines) * size * POINT * PITCH + 1.0)


def list_rows(
    keys: Sequence[Key], notes: Sequence[str], width: float, type_: Typeface, size: float
) -> list[Row]:
    """Break the texts of legend and notes to a width in mm; a note has no sign."""
    room = width - SWATCH * size / KEY_SIZE - 3.5
    rows = [Row(key, type_.wrap(key[2], size, room)) for key in keys]
    return rows + [Row(("", "", note), type_.wrap(note, size, width - 2)) for note in notes]


def measure_panel(
    keys: Sequence[Key],
    notes: Sequence[str],
    width: float,
    type_: Typeface,
    enlarged: float,
    has_inset: bool,
) -> float:
    """Measure how high the panel must be at a width, in mm: beside the map, or below it."""
    size = KEY_SIZE * enlarged
    inset = (INSET * enlarged + 6) if has_inset else 0.0
    head = 7.0 * enlarged
    shape = _choose_shape(width, enlarged, has_inset)
    if shape != "strip":
        rows = list_rows(keys, notes, _get_column(width, enlarged, shape), type_, size)
        tall = sum(row.get_height(size) for row in rows)
        below = (BAR_HEIGHT + 4) * enlarged + 4
        if shape == "corner":
            return max(head + tall, inset) + below
        return head + tall + below + inset
    columns, column = _count_columns(width, enlarged, has_inset)
    rows = list_rows(keys, notes, column - 3, type_, size)
    tall = max(
        sum(row.get_height(size) for row in part) for part in split_rows(rows, columns, size)
    )
    least = max(inset, 2.2 * BAR_HEIGHT * enlarged)
    return float(max(head + tall + 3, least))


def _choose_shape(width: float, enlarged: float, has_inset: bool) -> str:
    """Choose how a panel is filled.

    It is a strip below the map, a column with the inset in its corner, or a column alone.
    """
    rest = width - (48 + (INSET + 6 if has_inset else 0)) * enlarged
    if rest >= COLUMN * enlarged:
        return "strip"
    roomy = has_inset and width >= (COLUMN + INSET + 8) * enlarged
    return "corner" if roomy else "column"


def _get_column(width: float, enlarged: float, shape: str) -> float:
    """Return the width that the entries of a column have, in mm."""
    return width - 6 - ((INSET + 6) * enlarged if shape == "corner" else 0.0)


def _count_columns(width: float, enlarged: float, has_inset: bool) -> tuple[int, float]:
    """Count the columns of a legend below the map, and say how wide each is."""
    rest = width - (48 + (INSET + 6 if has_inset else 0)) * enlarged
    columns = max(1, int(rest // (COLUMN * enlarged)))
    return columns, rest / columns


def split_rows(rows: list[Row], columns: int, size: float) -> list[list[Row]]:
    """Split the legend into columns that are about as high as one another, in order."""
    whole = sum(row.get_height(size) for row in rows)
    limit = whole / columns
    while True:
        parts: list[list[Row]] = [[]]
        for row in rows:
            tall = sum(r.get_height(size) for r in parts[-1])
            if parts[-1] and tall + row.get_height(size) > limit + 1e-9:
                parts.append([])
            parts[-1].append(row)
        if len(parts) <= columns:
            return parts
        limit *= 1.04


def draw_panel(
    axes: Any,
    layout: Layout,
    plan: Plan,
    keys: Sequence[Key],
    notes: Sequence[str],
    request: SheetRequest,
    type_: Typeface,
    has_inset: bool,
) -> None:
    """Draw legend, scale bar, north arrow and inset into the panel."""
    frame, big = layout.panel, layout.enlarged
    size = KEY_SIZE * big
    top = frame.y + frame.height
    head = type_.style(8.5 * big, bold=True)
    draw_text(axes, frame.x + 3, top - 4.5 * big, say("legend", request.lang), head, ha="left")
    start = top - 7.0 * big
    bar = 44.0 * big
    shape = _choose_shape(frame.width, big, has_inset)
    if shape != "strip":
        rows = list_rows(keys, notes, _get_column(frame.width, big, shape), type_, size)
        draw_rows(axes, rows, frame.x + 3, start, type_, size)
        inset = Frame(frame.x + 3, frame.y + 3, INSET * big, INSET * big)
        low = frame.y + (INSET * big + 8 if has_inset else 4)
        if shape == "corner":
            corner = frame.x + frame.width - INSET * big - 3
            inset = Frame(corner, top - INSET * big - 3, INSET * big, INSET * big)
            low = frame.y + 4
        draw_scale(axes, frame.x + 3, low, bar, layout, request, type_)
    else:
        columns, column = _count_columns(frame.width, big, has_inset)
        rows = list_rows(keys, notes, column - 3, type_, size)
        for n, part in enumerate(split_rows(rows, columns, size)):
            draw_rows(axes, part, frame.x + 3 + n * column, start, type_, size)
        right = frame.x + frame.width
        inset = Frame(right - INSET * big - 3, frame.y + 3, INSET * big, INSET * big)
        left = right - (48 + (INSET + 4 if has_inset else 0)) * big
        draw_scale(axes, left + 2, frame.y + 5, bar, layout, request, type_)
    if has_inset:
        draw_inset(axes, inset, plan, request, type_, big)


def draw_rows(
    axes: Any, rows: Sequence[Row], x: float, top: float, type_: Typeface, size: float
) -> None:
    """Draw entries of the legend from the top down."""
    style = type_.style(size)
    y = top
    for row in rows:
        tall = row.get_height(size)
        first = y - min(tall, ROW * size / KEY_SIZE) / 2
        sign, colour, _ = row.key
        if sign:
            draw_sign(axes, sign, colour, x, first, size / KEY_SIZE)
        left = x + (SWATCH * size / KEY_SIZE + 2 if sign else 0)
        for n, line in enumerate(row.lines):
            draw_text(axes, left, first - n * size * POINT * PITCH, line, style, ha="left")
        y -= tall


def draw_sign(axes: Any, sign: str, colour: Any, x: float, y: float, big: float = 1.0) -> None:
    """Draw the sign of an entry of the legend, as the map draws the thing itself.

    ``big`` is how much larger it is than on A4.
    """
    from matplotlib.patches import Circle, Rectangle

    edge: dict[str, Any] = {"edgecolor": PRINT_INK["outline"], "linewidth": 0.45}
    width, tall = SWATCH * big, 2.8 * big
    if sign == "tones":
        part = width / len(colour)
        for n, tone in enumerate(colour):
            axes.add_patch(
                Rectangle((x + n * part, y - tall / 2), part, tall, facecolor=tone, **edge)
            )
    elif sign in ("fill", "hatch", "area"):
        face, line = (colour, None) if sign != "hatch" else colour
        look: dict[str, Any] = {"facecolor": face, **edge}
        if line:
            look |= {"edgecolor": line, "hatch": "//////", "hatch_linewidth": 0.4}
        axes.add_patch(Rectangle((x, y - tall / 2), width, tall, **look))
    elif sign == "block":
        axes.add_patch(
            Rectangle(
                (x + 1.2 * big, y - 1.1 * big), width - 2.4 * big, 2.2 * big, facecolor=colour
            )
        )
    elif sign in ("post", "gap", "host"):
        half = {"post": 1.1, "gap": 1.5, "host": 0.75}[sign] * big
        middle = (x + width / 2, y)
        look = {"facecolor": colour, "edgecolor": "#ffffff", "linewidth": 0.4}
        if sign == "post":
            corner = (middle[0] - half, middle[1] - half)
            axes.add_patch(
                Rectangle(corner, 2 * half, 2 * half, angle=45, rotation_point="center", **look)
            )
        else:
            axes.add_patch(Circle(middle, half, **look))
    else:
        looks: dict[str, list[dict[str, Any]]] = {
            "street": [
                {"color": PRINT_INK["casing"], "linewidth": 3.2},
                {"color": "#ffffff", "linewidth": 2.4},
            ],
            "line": [{"color": colour, "linewidth": 1.3}],
            "thin": [{"color": colour, "linewidth": 0.5}],
            "wide": [{"color": colour, "linewidth": 3.0, "alpha": 0.5}],
            "dash": [{"color": colour, "linewidth": 0.9, "linestyle": (0, (4, 2.4))}],
            "dots": [{"color": colour, "linewidth": 0.9, "linestyle": (0, (1, 1.7))}],
            "rail": [{"color": colour, "linewidth": 1.2, "linestyle": (0, (4, 2.2))}],
            "limit": [{"color": colour, "linewidth": 1.5, "linestyle": (0, (7, 1.6, 1.4, 1.6))}],
        }
        for look in looks[sign]:
            axes.plot([x, x + width], [y, y], solid_capstyle="butt", **look)
