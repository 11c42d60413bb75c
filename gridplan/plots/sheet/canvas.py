"""An empty sheet to draw on: a figure as large as the paper, and axes over it in millimetres."""

from __future__ import annotations

from typing import Any

from gridplan.plots.sheet.paper import Frame

INCH = 25.4
DPI = 200


def open_canvas(size: tuple[float, float], dpi: int = DPI, order: float = 0.0) -> tuple[Any, Any]:
    """Open a figure of a width and height in millimetres, which no window and no pyplot knows.

    Returns
    -------
    The figure, and axes over all of it in millimetres; those of a higher ``order`` cover others.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / INCH, size[1] / INCH), dpi=dpi)
    paper = figure.add_axes((0, 0, 1, 1), zorder=order)
    paper.set_xlim(0, size[0])
    paper.set_ylim(0, size[1])
    paper.set_axis_off()
    return figure, paper


def open_frame(figure: Any, frame: Frame, size: tuple[float, float]) -> Any:
    """Open the axes of a map in a frame of a sheet of that width and height, in millimetres."""
    across, up = size
    return figure.add_axes(
        (frame.x / across, frame.y / up, frame.width / across, frame.height / up)
    )
