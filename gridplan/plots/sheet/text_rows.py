"""Rows of a printed table: many short texts drawn as one thing, each where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridplan.plots.sheet.texts import POINT, Typeface

# How far the foot of a letter is below its middle, in sizes of the text.
FOOT = 0.36


def draw_rows_of_text(
    axes: Any,
    texts: Sequence[tuple[float, float, str]],
    type_: Typeface,
    size: float,
    *,
    colour: str = "#1f2933",
    bold: bool = False,
) -> None:
    """Draw texts by their left end and middle height, in mm of axes that cover the paper.

    A page of a table has hundreds of them: as one artist they take a fraction
    of the time that as many texts of matplotlib take to be laid out.
    """
    from matplotlib.artist import Artist
    from matplotlib.colors import to_rgba

    style = type_.style(size, bold=bold)
    drop = FOOT * size * POINT

    class Rows(Artist):
        """Texts at their places, without the layout that each would make for itself."""

        def draw(self, renderer: Any) -> None:
            to_dots = axes.transData.transform
            height = renderer.get_canvas_width_height()[1]
            gc = renderer.new_gc()
            gc.set_foreground(to_rgba(colour), isRGBA=True)
            for x, y, text in texts:
                across, up = to_dots((x, y - drop))
                if renderer.flipy():
                    up = height - up
                if text:
                    renderer.draw_text(gc, across, up, text, style, 0.0, ismath=False, mtext=None)
            gc.restore()

    artist = Rows()
    artist.set_zorder(10)
    axes.add_artist(artist)
