"""What a sheet of the workbook holds, before any library writes it: columns, rows, marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from gridplan.tables.plain_text import is_wide

Kind = Literal["text", "code", "whole", "share", "decimal"]
SUPPRESSED = "*"
WIDEST = 44.0  # of a column of text, in widths of a digit; longer texts wrap
ABOUT = 3  # widths of a digit that the sign of an estimate takes, and
PARTLY = 9  # that of a number which is of what is known only
SAMPLED = 3_000  # rows by which a column of a long sheet is measured, and as many at its end
_NARROWEST = 7.0
_ROOM = 2.6  # beside the text, which is indented
_BUTTON = 2.4  # of a filter, beside the head
_HEAD_LINES = 3


@dataclass(frozen=True, slots=True)
class Marked:
    """A number with a mark: ``estimated``, or ``partial`` where it is of what is known only.

    ``kind`` is its kind where a column holds numbers of several.
    """

    value: float
    estimated: bool = False
    partial: bool = False
    kind: Kind | None = None


Cell = str | float | Marked | None


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its head and how its cells are shown.

    ``bar`` draws a bar in each cell of shares; numbers below ``target`` are
    marked, and so are texts that are ``wrong``. ``widest`` is how wide its
    texts may be before they wrap, ``least`` how wide it is at least, in widths of a digit.
    """

    head: str
    kind: Kind = "text"
    bar: bool = False
    target: float | None = None
    wrong: str = ""
    widest: float = WIDEST
    least: float = 0.0

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return self.kind not in ("text", "code")


@dataclass(frozen=True)
class Sheet:
    """A sheet: a row of heads and rows of cells, the first ``frozen`` columns always in view."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    frozen: int = 1
    about: str = ""


def measure_text(text: str) -> int:
    """Measure a text in widths of a digit; Chinese characters are two wide.

    Examples
    --------
    >>> measure_text("A4"), measure_text("翠湖社区")
    (2, 8)
    """
    if text.isascii():
        return len(text)
    return sum(2 if is_wide(letter) else 1 for letter in text)


def measure_column(column: Column, cells: Iterable[Cell]) -> float:
    """Measure how wide a column has to be for its cells, and for its head on a few lines.

    Examples
    --------
    >>> measure_column(Column("社区"), ["翠湖社区", "金桂社区"])
    10.6
    """
    longest_cell = max((_measure_cell(column, cell) for cell in cells), default=0)
    content = min(longest_cell, column.widest) + _ROOM
    # Chinese breaks anywhere, English between words.
    longest = max(map(measure_text, column.head.split()), default=0)
    head = measure_text(column.head) / _HEAD_LINES if not column.head.isascii() else longest
    return round(max(content, head + _BUTTON, column.least, _NARROWEST), 1)


def count_head_lines(column: Column, width: float) -> int:
    """Count the lines that a head takes in a column of a width."""
    room = max(width - 1, 1)
    if not column.head.isascii():
        return max(1, -(-measure_text(column.head) // max(2, int(room) // 2 * 2)))
    lines, used = 1, 0
    for word in column.head.split():
        used += len(word) + (used > 0)
        if used > room and used > len(word):
            lines, used = lines + 1, len(word)
    return lines


def take_sample(rows: Sequence[tuple[Cell, ...]], place: int) -> list[Cell]:
    """Take the cells of a column by which its width is measured."""
    if len(rows) <= 2 * SAMPLED:
        return [row[place] for row in rows]
    return [row[place] for row in (*rows[:SAMPLED], *rows[-SAMPLED:])]


def count_lines(column: Column, cell: Cell, width: float) -> int:
    """Count the lines that a text takes in a column of a width, where it may wrap.

    Examples
    --------
    >>> count_lines(Column("内容"), "一二三四五六", 10.0)
    2
    """
    if column.kind != "text" or not isinstance(cell, str):
        return 1
    room, length = width - _ROOM, measure_text(cell)
    if length <= room:
        return 1
    # A word, or a mark that may not begin a line, leaves the end of some lines empty.
    return -int(-length // (room * (0.93 if cell.isascii() else 0.97)))


def _measure_cell(column: Column, cell: Cell) -> int:
    """Measure a cell as it is shown, with the signs beside a number."""
    if cell is None:
        return 0
    if isinstance(cell, str):
        return measure_text(cell)
    number = cell.value if isinstance(cell, Marked) else float(cell)
    marks = ABOUT * cell.estimated + PARTLY * cell.partial if isinstance(cell, Marked) else 0
    kind = column.kind if not isinstance(cell, Marked) else cell.kind or column.kind
    if kind == "share":
        return len(f"{number:.1%}") + marks
    return len(f"{number:,.0f}" if kind == "whole" else f"{number:,.1f}") + marks
