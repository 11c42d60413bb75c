"""How wide and high a text is on a slide, from the widths of real letters, and how to make it fit.

The widths stand in ``letter_widths.csv`` (thousandths of the size: of Noto Sans CJK SC and
Liberation Sans, which is as wide as Arial, the wider), so that a deck is the same on every
machine whatever fonts are installed. A Chinese character is as wide as its size.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from gridplan.tables.plain_text import is_wide, make_plain

LEADING = 1.25  # height of a line over the size of its letters
SPARE = 1.02  # programs set letters a little wider than the font says
SMALLEST = 14
DOTS = "…"
_NEVER_FIRST = frozenset("，。；：、！？）》」』】〕％”’…,.;:!?)]}%‰")
_NEVER_LAST = frozenset("（《「『【〔“‘([{")


@dataclass(frozen=True)
class Fitted:
    """A text that fits: its lines, the size in points, and whether some of it was cut."""

    lines: tuple[str, ...]
    size: int
    cut: bool = False

    @property
    def text(self) -> str:
        """The text without the ends of lines, for a program that breaks lines itself."""
        return _join(self.lines)


@lru_cache(maxsize=20_000)
def measure_width(text: str, size: float, bold: bool = False) -> float:
    """Measure a line of text in points.

    Examples
    --------
    >>> measure_width("网格", 20), round(measure_width("1,0", 20), 1)
    (40.8, 28.4)
    """
    table = _read_widths()[int(bold)]
    return sum(table.get(letter) or _guess_width(letter) for letter in text) * size * SPARE


def break_lines(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Break a text into lines of at most ``width`` points, at spaces or beside Chinese characters.

    A word that is wider than a line is broken within.

    Examples
    --------
    >>> break_lines("凤凰路街道，柳河镇", 84, 20)
    ['凤凰路街', '道，柳河', '镇']
    """
    lines = [""]
    for piece in _split_pieces(make_plain(text), width, size, bold):
        longer = lines[-1] + piece
        if lines[-1] and measure_width(longer.rstrip(), size, bold) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] = longer
    return [line.rstrip() for line in lines]


def measure_height(lines: int, size: float) -> float:
    """Measure so many lines in points."""
    return lines * size * LEADING


def fit_text(
    text: str, width: float, height: float, sizes: Sequence[int], bold: bool = False
) -> Fitted:
    """Fit a text into a box in points: the largest size that goes in, else cut at the smallest.

    Examples
    --------
    >>> fit_text("网格", 100, 60, (40, 20)).size, fit_text("网格" * 30, 100, 50, (20,)).text
    (40, '网格网格网格网…')
    """
    lines: list[str] = []
    for size in sizes:
        lines = break_lines(text, width, size, bold)
        if measure_height(len(lines), size) <= height:
            return Fitted(tuple(lines), size)
    size = sizes[-1]
    kept = lines[: max(1, int(height / (size * LEADING)))]
    last = kept[-1]
    while last and measure_width(last + DOTS, size, bold) > width:
        last = last[:-1]
    return Fitted((*kept[:-1], last.rstrip("，。；、 ,.;") + DOTS), size, True)


def measure_longest_word(text: str, size: float, bold: bool = False) -> float:
    """Measure the widest piece of a text that is not broken, in points."""
    pieces = _split_pieces(make_plain(text), 1e9, size, bold)
    return max((measure_width(piece.strip(), size, bold) for piece in pieces), default=0.0)


def _join(lines: Sequence[str]) -> str:
    """Join lines again: with a space, but none beside a Chinese character."""
    text = ""
    for line in lines:
        close = not text or not line or is_wide(text[-1]) or is_wide(line[0])
        text += line if close or text.endswith("-") else f" {line}"
    return text


def _split_pieces(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Split a text into pieces between which a line may end."""
    pieces: list[str] = []
    for letter in text:
        before = pieces[-1][-1] if pieces else ""
        if not before:
            pieces.append(letter)
        elif letter in _NEVER_FIRST or before in _NEVER_LAST or letter == " ":
            pieces[-1] += letter
        elif (
            before == " "
            or is_wide(letter)
            or is_wide(before)
            or measure_width(pieces[-1] + letter, size, bold) > width
        ):
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces


@cache
def _read_widths() -> tuple[dict[str, float], dict[str, float]]:
    """Read the widths of letters over their size: of regular ones, and of bold ones."""
    text = files("gridplan.briefing.slides").joinpath("letter_widths.csv").read_text("utf-8")
    rows = [
        (chr(int(row["code"])), float(row["regular"]), float(row["bold"]))
        for row in csv.DictReader(text.splitlines())
    ]
    return {c: w / 1000 for c, w, _ in rows}, {c: w / 1000 for c, _, w in rows}


def _guess_width(letter: str) -> float:
    """Guess the width of a letter that the table lacks: that of its base, or of a whole one."""
    if unicodedata.combining(letter):
        return 0.0
    base = unicodedata.normalize("NFD", letter)[:1]
    return _read_widths()[1].get(base, 1.0) if base != letter else 1.0
