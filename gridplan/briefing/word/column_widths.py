"""How wide the columns of a table are, from its texts: numbers whole, names broken if they must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from gridplan.briefing.sections import Table

POINT = 25.4 / 72  # mm
PADDING = 2.9  # mm of a cell that hold no text: its margins, and a little room for other fonts
LATIN = 0.56  # ems of a Latin letter or digit, of Times with some room
LINE_OF_HEAD = 3.0  # ems that the head of a column has on one line; longer ones may take two
SHORT = 8.0  # ems of Chinese that a column of names should have on a line
EMPTY = 6.0  # ems of a column without texts, which an office fills in by hand
_WORDS = re.compile(r"\S+")


@dataclass(frozen=True)
class Layout:
    """The widths of columns in millimetres, and whether the page must lie on its side."""

    widths: tuple[float, ...]
    is_sideways: bool
    size: float


def measure_ems(text: str) -> float:
    """Measure a text in ems: a Chinese character is one, a Latin letter about half.

    Examples
    --------
    >>> measure_ems("东湖社区"), measure_ems("12") < 1.2
    (4.0, True)
    """
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else LATIN for c in text)


def count_ems(millimetres: float, size: float) -> float:
    """Count the ems that a cell of a width has room for.

    Examples
    --------
    >>> round(count_ems(156, 22))
    20
    """
    return (millimetres - PADDING) / (size * POINT)


def choose_layout(
    table: Table, width: float, sideways_width: float, sizes: Sequence[float]
) -> Layout:
    """Choose widths and the size of letters: upright in the larger size, else on a sideways page.

    Parameters
    ----------
    table
        What is printed.
    width, sideways_width
        How wide the text of an upright and of a sideways page is, in millimetres.
    sizes
        Sizes of letters in points, the wanted one first.

    Examples
    --------
    >>> table = Table("x", ("社区", "户数"), (("东湖社区", "30"),), (False, True))
    >>> layout = choose_layout(table, 156, 225, (10.5, 9))
    >>> layout.is_sideways, round(sum(layout.widths))
    (False, 156)
    """
    for size in sizes:
        least, most = _measure_columns(table, size)
        if sum(least) <= width:
            return Layout(_share_width(least, most, width), False, size)
    for size in sizes:
        least, most = _measure_columns(table, size)
        if sum(least) <= sideways_width:
            return Layout(_share_width(least, most, sideways_width), True, size)
    least, most = _measure_columns(table, sizes[-1])
    squeezed = tuple(sideways_width * each / sum(least) for each in least)
    return Layout(squeezed, True, sizes[-1])


def _measure_columns(table: Table, size: float) -> tuple[list[float], list[float]]:
    """Measure how narrow each column may be, and how wide its longest text is."""
    least, most = [], []
    em = size * POINT
    for number, head in enumerate(table.columns):
        texts = [row[number] for row in table.rows if number < len(row)]
        widest = max(map(measure_ems, texts), default=0.0)
        pieces = max(map(_measure_longest_word, texts), default=0.0)
        narrow = widest if table.numeric[number] else max(pieces, min(widest, SHORT))
        if not widest:
            narrow = EMPTY
        narrow = max(narrow, _measure_longest_word(head), _measure_head(head), 2.0)
        least.append(narrow * em + PADDING)
        most.append(max(narrow, widest, measure_ems(head)) * em + PADDING)
    return least, most


def _measure_head(head: str) -> float:
    """Measure how narrow the head of a column may be, on one line or on two."""
    ems = measure_ems(head)
    return ems if ems <= LINE_OF_HEAD else float(ceil(ems / 2))


def _measure_longest_word(text: str) -> float:
    """Measure the longest piece that no line may break: a word of Latin letters, or a number."""
    longest = 0.0
    for word in _WORDS.findall(text):
        run = 0.0
        for letter in word:
            is_wide = unicodedata.east_asian_width(letter) in "WFA"
            run = 1.0 if is_wide else (run + LATIN)
            longest = max(longest, run)
            run = 0.0 if is_wide or letter in "-/" else run
    return longest


def _share_width(least: Sequence[float], most: Sequence[float], width: float) -> tuple[float, ...]:
    """Share a width among columns: each as wide as its texts, else what is over by what they lack.

    A table whose texts need less than the width is stretched to it.
    """
    if sum(most) <= width:
        over = (width - sum(most)) / len(most)
        return tuple(each + over for each in most)
    wanted = sum(most) - sum(least)
    part = (width - sum(least)) / wanted if wanted else 0.0
    return tuple(low + part * (high - low) for low, high in zip(least, most, strict=True))
