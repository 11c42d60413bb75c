"""Faults that only a sheet can have: merged cells, dates for numbers, formulas without a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gridplan.errors import Problem
from gridplan.reading.spoilt_cells import NO_VALUE, find_spoilt_cells
from gridplan.tables.conform import is_yes_or_no
from gridplan.tables.schema import Column, find_columns, find_key
from gridplan.tables.workbook_cells import SheetCells, name_cell

SHOWN_CELLS = 5  # of a fault
_NUMBERS = ("int64", "float64")


class Body(NamedTuple):
    """The part of a sheet that is a table: heads, places of our columns, rows, all from 0."""

    table: str
    sheet: str
    names: list[str]
    matched: Mapping[int, str]
    rows: frozenset[int]


class Fault(NamedTuple):
    """What is wrong with some cells, and what to do about them."""

    message: str
    remedy: str


SPOILT = Fault(
    "it holds {why}", "put the value itself there (copy, paste as values), or empty the cell"
)
LONG = Fault(
    "a number of more than 15 digits, of which a workbook keeps 15",
    "set the column to text, and copy the codes in again from where they came from",
)
DATED = Fault("a date stands where a number belongs", "set the cell to General and type the number")
UNCLEAR = Fault("neither yes nor no: {why}", "choose yes or no (是 or 否), or empty the cell")
MERGED = Fault("merged cells hold one value for several rows", "unmerge them and fill in every row")


def fill_merged(cells: SheetCells, body: Body) -> int:
    """Give every row of merged cells their text where it is a text of ours; count those filled.

    A number is not repeated: it may be that of all rows together.
    """
    kinds = _list_kinds(body)
    filled = 0
    for top, left, bottom, right in cells.merged:
        column = kinds.get(left)
        if left != right or column is None or not _is_repeated(column, body):
            continue
        if top in body.rows and cells.texts[top][left]:
            for row in range(top + 1, bottom + 1):
                cells.texts[row][left] = cells.texts[top][left]
            filled += bottom - top
    return filled


def find_sheet_faults(path: Path, cells: SheetCells, body: Body) -> list[Problem]:
    """Find the cells of our columns that cannot be read as what they are meant to be."""
    kinds = _list_kinds(body)
    spoilt = find_spoilt_cells(path, body.sheet)
    problems = []

    def note(fault: Fault, places: Iterable[tuple[int, int]], say: Callable[..., str]) -> None:
        wrong = sorted((r, c) for r, c in places if r in body.rows and c in kinds)
        for column in sorted({c for _, c in wrong}):
            some = [one for one in wrong if one[1] == column]
            message = f"{body.names[column]}: {fault.message.format(why=say(some[0]))}"
            problems.append(
                Problem(
                    body.table,
                    "cells",
                    message,
                    fault.remedy,
                    file=name_place(path, body.sheet, [name_cell(*one) for one in some]),
                )
            )

    note(SPOILT, spoilt, lambda one: "a formula without a value" if spoilt[one] == NO_VALUE
         else spoilt[one])  # fmt: skip
    note(LONG, cells.long, str)
    dated = (one for one in cells.dates if _wants_number(kinds.get(one[1])))
    note(DATED, dated, str)
    unclear = (
        (row, place)
        for place, column in kinds.items()
        if column.dtype == "boolean"
        for row in body.rows
        if not is_yes_or_no(cells.texts[row][place])
    )
    note(UNCLEAR, unclear, lambda one: repr(cells.texts[one[0]][one[1]]))
    merged = (
        (top, left)
        for top, left, bottom, right in cells.merged
        if bottom > top and left == right and cells.texts[top][left]
        and left in kinds and not _is_repeated(kinds[left], body)
    )  # fmt: skip
    note(MERGED, merged, str)
    return problems


def name_place(path: Path, sheet: str, cells: list[str]) -> str:
    """Name cells of a sheet as Excel does, the first of them where there are many."""
    # Without commas, since lists of problems have those.
    more = " ..." if len(cells) > SHOWN_CELLS else ""
    return f"{path.name} {sheet}!{' '.join(cells[:SHOWN_CELLS])}{more}"


def _list_kinds(body: Body) -> dict[int, Column]:
    columns = {column.name: column for column in find_columns(body.table)}
    return {place: columns[name] for place, name in body.matched.items() if name in columns}


def _is_repeated(column: Column, body: Body) -> bool:
    """Whether one text for several rows is meant for each of them: not a code of the row."""
    return column.dtype not in _NUMBERS and column.name != find_key(body.table)


def _wants_number(column: Column | None) -> bool:
    # The year of a date is a year.
    return column is not None and column.dtype in _NUMBERS and column.unit != "year"
