"""Field sheets as files: written for Excel, and read back from Excel or CSV."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.errors import InputError, MissingPackageError, RuleError
from gridplan.errors import Problem as Wrong
from gridplan.tables.schema import read_schema
from gridplan.tables.workbook_cells import WORKBOOKS, name_cell, read_pages

COUNTED = "households_counted"
SHEET = (
    *("order", "building", "community", "subgrid", "compound", "use", "floors"),
    *("households", "households_low", "households_high", "longitude", "latitude", COUNTED),
)
WORKBOOK = ".xlsx"
TAB = "to-count"
TITLE_ROWS = 20  # rows in which the column names may stand, below what somebody wrote over them
# one date for all, so that the same sheet is the same file
MADE = datetime(2000, 1, 1)
# what the schema does not say, in English and Chinese
NOTES = {
    "order": ("order of worth: count the first ones first", "按价值排序：先清点靠前的"),
    "subgrid": ("sub-grid that the building is in", "所在子网格"),
    "longitude": ("longitude, degrees (WGS 84)", "经度（度，WGS 84）"),
    "latitude": ("latitude, degrees (WGS 84)", "纬度（度，WGS 84）"),
    "households": ("households by estimate", "估计户数"),
    COUNTED: (
        "fill in: households that live there; 0 where nobody does; empty if not counted",
        "请填写：实际居住户数；无人居住填 0；未清点则留空",
    ),
}
REFUSAL = "whole households, 0 or more; leave empty what was not counted\n请填写不小于 0 的整数，未清点则留空"  # noqa: E501


def check_sheet_name(path: Path) -> None:
    """Refuse the name of a sheet that no kind of file follows from, before any work.

    Raises
    ------
    RuleError
        If it ends neither in .csv nor in .xlsx.
    MissingPackageError
        If Excel is asked for and cannot be written here.

    Examples
    --------
    >>> check_sheet_name(Path("to-count.csv"))
    """
    ending = path.suffix.lower()
    if ending not in {".csv", WORKBOOK}:
        raise RuleError(f"{path} is no name of a sheet -> end it in .csv or .xlsx")
    if ending == WORKBOOK:
        _load_writer()


def _load_writer() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingPackageError(
            "sheets for Excel need xlsxwriter -> pip install 'gridplan[report]', or name a .csv"
        ) from error
    return xlsxwriter


def encode_workbook(sheet: pd.DataFrame) -> bytes:
    """Write a sheet as the bytes of an Excel workbook, the same for the same sheet.

    Codes are texts, so that none loses its zeros or runs as a formula; the
    column names stay in sight, each with a note in English and Chinese; the
    column to fill takes whole numbers from 0.

    Raises
    ------
    MissingPackageError
        If xlsxwriter is not installed.

    Examples
    --------
    >>> empty = pd.DataFrame(columns=["building", COUNTED])
    >>> encode_workbook(empty)[:2]
    b'PK'
    """
    xlsxwriter = _load_writer()
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    book.set_properties({"created": MADE})
    page = book.add_worksheet(TAB)
    bold = book.add_format({"bold": True, "num_format": "@"})
    text = book.add_format({"num_format": "@", "quote_prefix": True})
    fill = book.add_format({"num_format": "0", "bg_color": "#FFF2CC"})
    page.freeze_panes(1, 0)
    for place, name in enumerate(sheet.columns):
        page.write_string(0, place, str(name), bold)
        page.write_comment(0, place, _write_note(str(name)), {"author": "gridplan"})
        page.set_column(place, place, max(12, len(str(name)) + 2))
        for row, cell in enumerate(sheet[name].tolist(), 1):
            if name == COUNTED:
                page.write_blank(row, place, None, fill)
            elif isinstance(cell, str):
                page.write_string(row, place, cell, text)
            elif pd.notna(cell):
                page.write_number(row, place, cell)
    if COUNTED in sheet and len(sheet):
        place = list(sheet.columns).index(COUNTED)
        page.data_validation(
            1,
            place,
            len(sheet),
            place,
            {
                "validate": "integer",
                "criteria": ">=",
                "value": 0,
                "error_title": COUNTED,
                "error_message": REFUSAL,
            },
        )
    book.close()
    return held.getvalue()


def _write_note(name: str) -> str:
    """Write what a column holds, in English and Chinese."""
    if name in NOTES:
        return "\n".join(NOTES[name])
    columns = {column.name: column for column in read_schema()["buildings"]}
    column = columns.get(name)
    return f"{column.meaning or column.label}\n{column.zh}" if column else name


def read_sheet(file: Path) -> pd.DataFrame:
    """Read a filled sheet as texts: its columns, by the place of each row.

    The places are cells of ``households_counted`` in a workbook, such as
    ``M5``, and empty texts in CSV.

    Raises
    ------
    InputError
        If it cannot be read, or has no columns of a field sheet.
    MissingPackageError
        If it is a workbook and python-calamine is not installed.
    """
    if file.suffix.lower() in WORKBOOKS:
        return _read_workbook(file)
    try:
        sheet = pd.read_csv(file, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        what = f"cannot be read as CSV ({error})"
        remedy = "give the sheet that gridplan sample wrote, as .xlsx or as CSV in UTF-8"
        raise InputError([Wrong("sheet", "readable", what, remedy, file=file.name)]) from None
    _check_columns(list(sheet.columns), "sheet", file)
    return sheet.set_axis(pd.Index([""] * len(sheet)), axis=0)


def _read_workbook(file: Path) -> pd.DataFrame:
    cells = read_pages(file)
    for name, rows in cells.items():
        for line, row in enumerate(rows[:TITLE_ROWS]):
            if "building" in row and COUNTED in row:
                return _cut_table(rows, line, row).rename_axis(f"sheet {name}")
    first = next(iter(cells), "")
    titles = (cells[first] or [[]])[0] if cells else []
    _check_columns(titles, f"sheet {first}", file)
    what = "has building and households_counted in different rows"
    remedy = "keep the row of column names of the sheet that gridplan sample wrote"
    raise InputError([Wrong(f"sheet {first}", "columns", what, remedy, file=file.name)])


def _cut_table(rows: list[list[str]], line: int, names: list[str]) -> pd.DataFrame:
    """Cut the table below a row of column names out of a page, by cell of the column to fill."""
    column = names.index(COUNTED)
    body = rows[line + 1 :]
    places = [name_cell(line + 1 + n, column) for n in range(len(body))]
    kept = [n for n, name in enumerate(names) if name]
    return pd.DataFrame(
        [[row[n] for n in kept] for row in body],
        columns=[names[n] for n in kept],
        index=pd.Index(places, dtype=object),
        dtype=str,
    )


def _check_columns(names: list[str], sheet: str, file: Path) -> None:
    missing = tuple(name for name in ("building", COUNTED) if name not in names)
    if missing:
        remedy = "keep the columns of the sheet that gridplan sample wrote"
        raise InputError(
            [Wrong(sheet, "columns", "has no columns", remedy, missing, file=file.name)]
        )
