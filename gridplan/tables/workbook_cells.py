"""Cells of workbooks (Excel, OpenDocument) as texts, and the names by which people find them."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gridplan.errors import InputError, MissingPackageError, Problem

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})  # those that are read
_LONG = 1e15  # a workbook keeps 15 digits of a number, and has 0 for the others
_OLE = b"\xd0\xcf\x11\xe0"  # begins old workbooks, and those that are locked
_PROTECTED = "EncryptedPackage".encode("utf-16-le")
_UNREAD = "cannot be read as a workbook"
_FULL_WIDTH = re.compile(r"[０-９．－，]+")


@dataclass(frozen=True)
class SheetCells:
    """The cells of a sheet as texts, and what a text does not show.

    The first cell of the first row is A1, whether it is empty or not. ``merged``
    are the first and last row and column of merged cells, ``dates`` and
    ``long`` the places of cells that are dates, and numbers of more digits than a
    workbook keeps; all count from 0.
    """

    texts: list[list[str]]
    merged: tuple[tuple[int, int, int, int], ...]
    dates: frozenset[tuple[int, int]]
    long: frozenset[tuple[int, int]]
    hidden: bool


def read_pages(file: Path) -> dict[str, list[list[str]]]:
    """Read the visible sheets of a workbook: by name, their rows of cells as texts.

    Raises
    ------
    InputError
        If the file cannot be read as a workbook.
    MissingPackageError
        If python-calamine is not installed.
    """
    return {name: cells.texts for name, cells in read_sheets(file).items() if not cells.hidden}


def read_sheets(file: Path) -> dict[str, SheetCells]:
    """Read all sheets of a workbook, whatever its kind and whatever its name ends in.

    Raises
    ------
    InputError
        If the file cannot be read as a workbook.
    MissingPackageError
        If python-calamine is not installed.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum
    except ImportError as error:
        raise MissingPackageError(
            "sheets of Excel need python-calamine "
            "-> pip install 'gridplan[report]', or save the sheet as CSV"
        ) from error
    try:
        # By its content: an old workbook is often renamed .xlsx, and a new one .xls.
        with CalamineWorkbook.from_filelike(io.BytesIO(file.read_bytes())) as book:
            shown = {m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible}
            return {
                name: _read_sheet(book.get_sheet_by_name(name), hidden=name not in shown)
                for name in book.sheet_names
            }
    except (OSError, CalamineError) as error:
        raise InputError([_refuse_file(file, error)]) from None


def _read_sheet(page: Any, *, hidden: bool) -> SheetCells:
    rows = page.to_python(skip_empty_area=False)
    dates, long = set(), set()
    for n, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, float) and abs(cell) >= _LONG:
                long.add((n, place))
            elif isinstance(cell, date):
                dates.add((n, place))
    merged = tuple(
        (first[0], first[1], last[0], last[1]) for first, last in page.merged_cell_ranges or ()
    )
    texts = [[say_cell(cell) for cell in row] for row in rows]
    return SheetCells(texts, merged, frozenset(dates), frozenset(long), hidden)


def _refuse_file(file: Path, error: Exception) -> Problem:
    """Refuse what is no workbook, with what to do about the kind of file that it is."""
    start = file.read_bytes()[:4096] if file.is_file() else b""
    what = f"{_UNREAD} ({error})"
    remedy = "see that Excel or WPS opens it and save it again as .xlsx, or give CSV in UTF-8"
    if not start:
        what, remedy = f"{_UNREAD}: it is empty", "copy or save it again, as nothing arrived"
    elif start.startswith(_OLE) and _PROTECTED in file.read_bytes():
        what = f"{_UNREAD}: it is locked by a password"
        remedy = "take the password off in Excel or WPS, and save it again as .xlsx"
    elif start.lstrip().startswith(b"<"):
        what = f"{_UNREAD}: it is a web page under another name"
        remedy = "open it in Excel or WPS and save it as .xlsx"
    elif b"\0" not in start and not start.startswith(b"PK"):
        what = f"{_UNREAD}: it is a text file under another name"
        remedy = "let its name end in .csv"
    return Problem("sheet", "readable", what, remedy, file=file.name)


def say_cell(cell: Any) -> str:
    """Write a cell as it would be written in CSV.

    Examples
    --------
    >>> [say_cell(cell) for cell in (12.0, 3.5, " b1 ", None, True, "３０")]
    ['12', '3.5', 'b1', '', 'True', '30']
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time().isoformat() != "00:00:00" else f"{cell:%Y-%m-%d}"
    text = str(cell).strip()
    return unicodedata.normalize("NFKC", text) if _FULL_WIDTH.fullmatch(text) else text


def name_column(number: int) -> str:
    """Name a column of a sheet by its number from 0.

    Examples
    --------
    >>> [name_column(number) for number in (0, 12, 25, 26, 701, 702)]
    ['A', 'M', 'Z', 'AA', 'ZZ', 'AAA']
    """
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def name_cell(row: int, column: int) -> str:
    """Name a cell of a sheet by its row and column, both from 0.

    Examples
    --------
    >>> name_cell(4, 3)
    'D5'
    """
    return f"{name_column(column)}{row + 1}"
