"""Text on a sheet: how large it is before it is drawn, broken into lines, and with a halo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

POINT = 25.4 / 72  # millimetres in a point
HALO = 1.6  # points of white around a letter
PITCH = 1.32  # from one line to the next, in sizes of the text


@dataclass(frozen=True)
class Typeface:
    """The one font of a sheet; sizes are points, lengths millimetres."""

    family: str

    def style(self, size: float, *, bold: bool = False) -> Any:
        """Describe the font for matplotlib."""
        return _describe(self.family, size, bold)

    def measure(self, text: str, size: float, *, bold: bool = False) -> tuple[float, float]:
        """Measure the width and height of a text that may have several lines."""
        lines = text.split("\n")
        width = max(_measure_line(self.family, line, bold) for line in lines) * size * POINT
        return width, ((len(lines) - 1) * PITCH + 1.0) * size * POINT

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Break a text into lines no wider than a width: between words, or Chinese characters."""
        lines: list[str] = []
        line = ""
        for piece in _split_pieces(text):
            if line and self.measure(line + piece.rstrip(), size)[0] > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        return [*lines, line.rstrip()]


@lru_cache(maxsize=4096)
def _split_pieces(text: str) -> tuple[str, ...]:
    """Split a text where a line may break; closing punctuation stays with what is before it."""
    pieces: list[str] = []
    for letter in text:
        breaks = not pieces or pieces[-1].endswith(" ") or ord(letter) > 0x2E7F
        starts_after_chinese = bool(pieces) and ord(pieces[-1][-1]) > 0x2E7F and letter != " "
        if letter in "，。；：、）”！？,.;:)%" and pieces:
            pieces[-1] += letter
        elif breaks or starts_after_chinese:
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return tuple(pieces)


@lru_cache(maxsize=64)
def _describe(family: str, size: float, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=[family], size=size, weight="bold" if bold else "normal")


@lru_cache(maxsize=20_000)
def _measure_line(family: str, line: str, bold: bool) -> float:
    """Measure the width of a line in sizes of its text, by the font's own figures."""
    from matplotlib.textpath import text_to_path

    if not line:
        return 0.0
    style = _describe(family, 100.0, bold)
    width, _, _ = text_to_path.get_text_width_height_descent(line, style, ismath=False)
    return float(width) / 100.0


def draw_text(
    axes: Any,
    x: float,
    y: float,
    text: str,
    style: Any,
    *,
    colour: str = "#1f2933",
    halo: str = "",
    order: float = 10.0,
    **how: Any,
) -> None:
    """Draw a text; its halo is a text of its own below it, so that a PDF can be searched."""
    from matplotlib.patheffects import Stroke

    where = {"ha": "center", "va": "center", "linespacing": 1.05} | how
    # Names come from data, where a dollar sign is no formula.
    where |= {"fontproperties": style, "parse_math": False}
    if halo:
        shade = axes.text(x, y, text, zorder=order, color=halo, **where)
        shade.set_path_effects([Stroke(linewidth=HALO * 2, foreground=halo)])
    axes.text(x, y, text, zorder=order + 0.1, color=colour, **where)
