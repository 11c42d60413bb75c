"""How wide the columns of a table are, from its texts: numbers whole, names broken if they must."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil

from gridplan.briefing.sections import Table
from gridplan.tables.plain_text import is_wide

POINT = 25.4 / 72  # mm
PADDING = 2.9  # mm of a cell that hold no text: its margins, and a little room for other fonts
# Ems of letters of Times, bold ones where they are wider; digits and all others are half an em.
LATIN, CAPITAL = 0.5, 0.78
LETTERS = {
    **dict.fromkeys(" ,.:;'!|()[]-/fijlt", 0.34),
    **dict.fromkeys("bdhknpqu", 0.56),
    **dict.fromkeys("w", 0.73),
    **dict.fromkeys("m%", 0.84),
    **dict.fromkeys("MW@—", 1.0),
}
GAP = 0.25
LINE_OF_HEAD = 3.0  # ems that the head of a column has on one line; longer ones may take two
MOST_LINES = 4  # of a head, before the page is turned on its side
SHORT = 8.0  # ems of Chinese that a column of names should have on a line
ROUNDING = 0.1  # of an em, so that what a width was measured for has room in it
EMPTY = 6.0  # ems of a column without texts, which an office fills in by hand
_WORDS = re.compile(r"\S+")


@dataclass(frozen=True)
class Layout:
    """The widths of columns in millimetres, whether the page must lie on its side, the letters.

    ``size`` is that of the letters in points; ``is_small`` says that it is not the wanted one.
    """

    widths: tuple[float, ...]
    is_sideways: bool
    size: float
    is_small: bool


def measure_ems(text: str) -> float:
    """Measure a text in ems: a Chinese character is one, a digit of Times half of it.

    Word processors put a quarter of an em between Chinese and a Latin letter or digit.

    Examples
    --------
    >>> measure_ems("东湖社区"), measure_ems("12"), measure_ems("第12户")
    (4.0, 1.0, 3.5)
    """
    gaps = sum(
        letter.isalnum() and after.isalnum() and is_wide(letter) != is_wide(after)
        for letter, after in pairwise(text)
    )
    return sum(map(_measure_letter, text)) + GAP * gaps


@cache
def _measure_letter(letter: str) -> float:
    if is_wide(letter):
        return 1.0
    return LETTERS.get(letter, CAPITAL if letter.isupper() else LATIN)


def count_ems(millimetres: float, size: float) -> float:
    """Count the ems that a cell of a width has room for.

    Examples
    --------
    >>> round(count_ems(156, 22))
    20
    """
    return (millimetres - PADDING) / (size * POINT) + ROUNDING


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
    tries = [*((size, 2) for size in sizes), (sizes[-1], MOST_LINES)]
    for is_sideways, room in ((False, width), (True, sideways_width)):
        for size, lines in tries:
            least, most = _measure_columns(table, size, lines)
            if sum(least) <= room:
                widths = _share_width(least, most, room)
                return Layout(widths, is_sideways, size, size != sizes[0])
    squeezed = tuple(sideways_width * each / sum(least) for each in least)
    return Layout(squeezed, True, sizes[-1], sizes[-1] != sizes[0])


def _measure_columns(table: Table, size: float, lines: int) -> tuple[list[float], list[float]]:
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
        narrow = max(narrow, _measure_longest_word(head), _measure_head(head, lines), 2.0)
        least.append(narrow * em + PADDING)
        most.append(max(narrow, widest, measure_ems(head)) * em + PADDING)
    return least, most


def _measure_head(head: str, lines: int) -> float:
    """Measure how narrow the head of a column may be, on one line or on several."""
    ems = measure_ems(head)
    return ems if ems <= LINE_OF_HEAD else float(ceil(ems / lines))


def _measure_longest_word(text: str) -> float:
    """Measure the longest piece that no line may break: a word of Latin letters, or a number."""
    longest = 0.0
    for word in _WORDS.findall(text):
        run = 0.0
        for letter in word:
            run = 1.0 if is_wide(letter) else run + _measure_letter(letter)
            longest = max(longest, run)
            run = 0.0 if is_wide(letter) or letter in "-/" else run
    return longest


def _share_width(least: Sequence[float], most: Sequence[float], width: float) -> tuple[float, ...]:
    """Share a width among columns: those that lack least are filled first, others share the rest.

    A table whose texts need less than the width is stretched to it.
    """
    if sum(most) <= width:
        over = (width - sum(most)) / len(most)
        return tuple(each + over for each in most)
    widths = dict(enumerate(least))
    lacking = {i for i, (low, high) in enumerate(zip(least, most, strict=True)) if high > low}
    while lacking:
        share = (width - sum(widths.values())) / len(lacking)
        enough = {i for i in lacking if most[i] - widths[i] <= share}
        if not enough:
            widths |= {i: widths[i] + share for i in lacking}
            break
        widths |= {i: most[i] for i in enough}
        lacking -= enough
    return tuple(widths[i] for i in range(len(least)))
