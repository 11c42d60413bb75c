"""Paper: its sizes, the ladder of scales, and where map, panel and title stand on a sheet.

All lengths are millimetres from the lower left corner of the paper, unless
they are said to be metres of the land.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gridplan.errors import PlanError

# Short and long side, in millimetres (ISO 216).
PAPERS: Mapping[str, tuple[float, float]] = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "A0": (841.0, 1189.0),
}
# How much larger text is than on A4: a wall map is read from further away.
ENLARGED: Mapping[str, float] = {"A4": 1.0, "A3": 1.12, "A2": 1.4, "A1": 1.8, "A0": 2.4}
# Whole metres of land for a millimetre of paper, or halves: a ruler can be laid on the sheet.
LADDER = (
    *(500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10_000, 15_000, 20_000, 25_000),
    *(30_000, 40_000, 50_000, 75_000, 100_000, 150_000, 200_000, 250_000, 500_000, 1_000_000),
)
MARGIN = 8.0  # mm from the edge of the paper to the neatline
TITLE = 13.5  # mm of height, on A4
FOOT = 11.0
SIDE = 50.0  # mm of width of a panel beside the map
AIR = 3.0  # mm between the land shown and the frame of the map


@dataclass(frozen=True)
class Frame:
    """A rectangle on the paper."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Where everything stands on one sheet, and its scale (1 to ``scale``)."""

    width: float
    height: float
    title: Frame
    map: Frame
    panel: Frame
    foot: Frame
    scale: int
    enlarged: float


# Says how high a panel must be that is so wide, in mm.
PanelNeed = Callable[[float], float]


def choose_layout(
    paper: str, land: tuple[float, float], need: PanelNeed, scale: int | None = None
) -> Layout:
    """Choose the layout with the largest scale of the ladder at which the land fits.

    The sheet may stand or lie, with the panel beside the map or below it. Of
    layouts with equal scales the one is taken whose map is shaped most like the land.

    Parameters
    ----------
    paper
        A key of ``PAPERS``.
    land
        Width and height of the land, in metres.
    need
        Says how high the panel must be at a width; both in mm.
    scale
        The scale to use instead, such as 2000.

    Raises
    ------
    PlanError
        If the land does not fit on the paper at the scale.

    Examples
    --------
    >>> flat = choose_layout("A4", (1199.0, 620.0), lambda width: 60.0)
    >>> flat.width > flat.height, flat.scale
    (True, 6000)
    >>> choose_layout("A3", (602.0, 627.0), lambda width: 60.0).scale
    2500
    """
    fitting = []
    for order, (lies, beside) in enumerate(
        ((True, True), (False, False), (False, True), (True, False))
    ):
        frames = place_frames(paper, lies, beside, need)
        if frames is None:
            continue
        room = frames[1]
        most = max(
            1000 * side / (mm - 2 * AIR)
            for side, mm in zip(land, (room.width, room.height), strict=True)
        )
        step = scale or next((s for s in LADDER if s >= most - 1e-9), None)
        if step is not None and step >= most - 1e-9:
            # How unlike the frame's shape is to the land's: what remains is empty paper.
            unlike = round(abs(math.log(room.width / room.height * land[1] / land[0])), 6)
            fitting.append((step, unlike, order, lies, frames))
    if not fitting:
        wanted = f"at 1:{scale}" if scale else "at any scale of the ladder"
        raise PlanError(
            f"the land, {land[0]:,.0f} by {land[1]:,.0f} m, does not fit on {paper} {wanted} "
            "-> give a larger paper, a smaller scale, or one community"
        )
    step, _, _, lies, (title, room, panel, foot) = min(fitting, key=lambda one: one[:3])
    short, long = PAPERS[paper]
    width, height = (long, short) if lies else (short, long)
    return Layout(width, height, title, room, panel, foot, step, ENLARGED[paper])


def place_frames(
    paper: str, lies: bool, beside: bool, need: PanelNeed
) -> tuple[Frame, Frame, Frame, Frame] | None:
    """Place title, map, panel and foot; None where the panel leaves too little for a map.

    The panel is beside the map or below it; ``need`` says how high it must be.
    """
    short, long = PAPERS[paper]
    width, height = (long, short) if lies else (short, long)
    size = ENLARGED[paper]
    inner = width - 2 * MARGIN
    head, base = TITLE * size, FOOT * size
    body = height - 2 * MARGIN - head - base
    foot = Frame(MARGIN, MARGIN, inner, base)
    title = Frame(MARGIN, MARGIN + base + body, inner, head)
    low = MARGIN + base
    if beside:
        side = SIDE * size
        if need(side) > body:
            return None
        panel = Frame(MARGIN + inner - side, low, side, body)
        return title, Frame(MARGIN, low, inner - side, body), panel, foot
    tall = need(inner)
    if tall > body / 2:
        return None
    panel = Frame(MARGIN, low, inner, tall)
    return title, Frame(MARGIN, low + tall, inner, body - tall), panel, foot
