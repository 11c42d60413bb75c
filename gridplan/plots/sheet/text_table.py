"""A table in blocks side by side, broken over pages: what fits is known before it is drawn.

All lengths are millimetres of paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from gridplan.plots.sheet.paper import Frame
from gridplan.plots.sheet.texts import PITCH, POINT, Typeface

SPACE = 0.38  # between columns, in points of the text: 2.2 mm at 5.8
HEAD = 1.5  # rows that the head of a block takes
LAST = 3.2  # mm kept free at the foot for a note
NOTES = 1.1  # how much larger notes are than rows
Rows = tuple[int, ...]


@dataclass(frozen=True)
class TextTable:
    """A table as printed: heads, rows of texts, and the column that takes what width remains.

    ``notes`` stand above its first block, ``right`` are columns of numbers; ``size``
    is that of the text in points, ``least`` the width of the wide column at least,
    ``leading`` what is from one row to the next, in sizes of the text.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: int
    right: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    size: float = 5.8
    least: float = 14.0
    leading: float = 1.62

    @property
    def space(self) -> float:
        """What is between columns."""
        return SPACE * self.size

    @property
    def pitch(self) -> float:
        """The height of a line."""
        return self.size * POINT * self.leading


@dataclass(frozen=True)
class TablePart:
    """The part of a table on one page: its frame, how many blocks stand there, their rows."""

    frame: Frame
    count: int
    blocks: tuple[Rows, ...]
    has_notes: bool
    goes_on: bool = False


def measure_columns(table: TextTable, type_: Typeface) -> list[float]:
    """Measure the widths of columns with the space after them, that of the wide one as 0."""
    widths = []
    for n, head in enumerate(table.heads):
        texts = {row[n] for row in table.rows} if n != table.wide else set()
        cells = [type_.measure(text, table.size)[0] for text in texts]
        wide = max([type_.measure(head, table.size, bold=True)[0], *cells]) + table.space
        widths.append(0.0 if n == table.wide else wide)
    return widths


def break_rows(table: TextTable, type_: Typeface, wide: float) -> Sequence[Sequence[str]]:
    """Break the wide cells of all rows into lines of a width."""
    texts = tuple(row[table.wide] for row in table.rows)
    return _break_texts(texts, type_, table.size, round(max(wide - table.space, 8.0), 6))


@lru_cache(maxsize=64)
def _break_texts(
    texts: tuple[str, ...], type_: Typeface, size: float, room: float
) -> tuple[tuple[str, ...], ...]:
    # A table is tried in several frames of one width before it is drawn.
    return tuple(tuple(type_.wrap(text, size, room)) for text in texts)


def break_notes(table: TextTable, width: float, type_: Typeface) -> list[str]:
    """Break the notes above a table into lines of a width."""
    size = table.size * NOTES
    return [
        line for note in table.notes for line in type_.wrap(note, size, width - 2 * table.space)
    ]


def get_note_pitch(table: TextTable) -> float:
    """Return the height of a line of the notes above a table."""
    return table.size * NOTES * POINT * PITCH * 1.12


def measure_notes(table: TextTable, width: float, type_: Typeface) -> float:
    """Measure how high the notes above a table are at a width."""
    lines = break_notes(table, width, type_)
    return (len(lines) + 0.8) * get_note_pitch(table) if lines else 0.0


def break_table(
    table: TextTable, first: Frame, rest: Frame, type_: Typeface
) -> tuple[TablePart, ...]:
    """Break a table over pages: what fits below its notes on the first, the rest on others.

    Of all numbers of blocks that may stand side by side the one is taken that
    needs fewest pages, of equals the fewest blocks.

    Examples
    --------
    >>> table = TextTable(("code", "beside"), tuple((f"{n}", "a") for n in range(30)), 1)
    >>> small, large = Frame(0, 0, 60, 30), Frame(0, 0, 60, 200)
    >>> parts = break_table(table, small, large, Typeface("DejaVu Sans"))
    >>> [sum(len(block) for block in part.blocks) for part in parts]
    [12, 18]
    """
    fixed = sum(measure_columns(table, type_)) + 1.5 * table.space
    tall = first.height - measure_notes(table, first.width, type_)
    most = max(1, int(first.width // (fixed + table.least)))
    found = []
    for count in range(1, most + 1):
        lines = break_rows(table, type_, first.width / count - fixed)
        blocks, waiting = _fill_blocks(table, list(map(len, lines)), 0, count, tall)
        part = TablePart(first, count, blocks, True, waiting < len(table.rows))
        more = _break_rest(table, waiting, rest, fixed, type_)
        parts = (part, *more)
        found.append((len(parts), -waiting, count, parts))
    return min(found, key=lambda one: one[:3])[3]


def _break_rest(
    table: TextTable, waiting: int, frame: Frame, fixed: float, type_: Typeface
) -> list[TablePart]:
    """Break what waits for further pages, in blocks whose wide cells take few lines."""
    count = max(1, int(frame.width // (fixed + 2 * table.least)))
    parts: list[TablePart] = []
    if waiting >= len(table.rows):
        return parts
    lines = [len(row) for row in break_rows(table, type_, frame.width / count - fixed)]
    while waiting < len(table.rows):
        blocks, reached = _fill_blocks(table, lines, waiting, count, frame.height)
        if reached == waiting:
            # A row that is higher than a page would wait for ever; it is drawn beyond the frame.
            blocks, reached = ((waiting,),), waiting + 1
        parts.append(TablePart(frame, count, blocks, False, reached < len(table.rows)))
        waiting = reached
    return parts


def _fill_blocks(
    table: TextTable, lines: list[int], waiting: int, count: int, tall: float
) -> tuple[tuple[Rows, ...], int]:
    """Fill the blocks of one page with rows, in order; returns them and the first that waits."""
    room = int((tall - LAST) / table.pitch - HEAD)
    total = sum(lines[waiting:])
    if total <= room * count:
        # The last page: its blocks are as high as one another.
        for least in range(max(1, -(-total // count)), room):
            ends = _fill_with(lines, waiting, count, least)
            if ends[-1] == len(lines):
                return _list_blocks(ends), ends[-1]
    ends = _fill_with(lines, waiting, count, room)
    return _list_blocks(ends), ends[-1]


def _fill_with(lines: list[int], first: int, count: int, room: int) -> list[int]:
    """Fill so many blocks with rows of so many lines; returns where each begins, and the end."""
    ends = [first]
    for _ in range(count):
        used, row = 0, ends[-1]
        while row < len(lines) and used + lines[row] <= room:
            used, row = used + lines[row], row + 1
        ends.append(row)
    return ends


def _list_blocks(ends: list[int]) -> tuple[Rows, ...]:
    return tuple(tuple(range(first, last)) for first, last in pairwise(ends) if last > first)
