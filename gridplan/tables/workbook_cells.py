"""Cells of workbooks (Excel, OpenDocument) as texts, and the names by which people find them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from gridplan.errors import InputError, MissingPackageError, Problem

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})  # those that are read
_FULL_WIDTH = re.compile(r"[０-９．－，]+")


def read_pages(file: Path) -> dict[str, list[list[str]]]:
    """Read the visible sheets of a workbook: by name, their rows of cells as texts.

    The first cell of the first row is A1, whether it is empty or not.

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
        with CalamineWorkbook.from_path(file) as book:
            shown = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
            pages = {name: book.get_sheet_by_name(name) for name in shown}
            cells = {name: page.to_python(skip_empty_area=False) for name, page in pages.items()}
    except (OSError, CalamineError) as error:
        what = f"cannot be read as a workbook ({error})"
        remedy = "see that Excel or WPS opens it and save it again as .xlsx, or give CSV in UTF-8"
        raise InputError([Problem("sheet", "readable", what, remedy, file=file.name)]) from None
    return {
        name: [[say_cell(cell) for cell in row] for row in rows] for name, rows in cells.items()
    }


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
