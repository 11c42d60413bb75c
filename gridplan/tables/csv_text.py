"""Tables as CSV: the one way in which gridplan writes them, safe to open in a spreadsheet."""

from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd

MARK = "\ufeff"  # by which a spreadsheet knows that a text is UTF-8
# How a cell begins that a spreadsheet runs as a formula, also after blanks and in full width.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")


def write_csv_text(
    table: pd.DataFrame,
    *,
    index: bool = True,
    float_format: str | None = None,
    line_end: str = "\n",
) -> str:
    r"""Write a table as CSV text in which no cell is a formula; numbers stay numbers.

    A text that a spreadsheet would take for a formula is given an apostrophe in
    front, whether it is a cell, a code of the index or the name of a column.

    Parameters
    ----------
    table
        The table; it is not changed.
    index
        Whether the index is written, as the first columns.
    float_format
        How fractions are written, such as ``%.1f``; by default in full.
    line_end
        What ends a line: ``\r\n`` for files that are meant for Excel.

    Examples
    --------
    >>> rows = pd.DataFrame({"name": ["=1+1", "东湖"], "low": [-3, 4]}, index=["-a", "b"])
    >>> print(write_csv_text(rows), end="")
    ,name,low
    '-a,'=1+1,-3
    b,东湖,4
    """
    flat = pd.DataFrame(table.reset_index() if index else table)
    names = [*table.index.names, *table.columns] if index else list(table.columns)
    # by place, since two columns may have one name
    columns = {place: _guard_column(column) for place, (_, column) in enumerate(flat.items())}
    safe = pd.DataFrame(columns, index=flat.index)
    text = io.StringIO()
    safe.to_csv(
        text,
        index=False,
        header=["" if name is None else str(guard_cell(name)) for name in names],
        float_format=float_format,
        # so that a cell with a bare carriage return is quoted, which would else end the line
        lineterminator="\r\n",
    )
    return text.getvalue().replace("\r\n", line_end)


def _guard_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Guard a column that may hold texts; numbers, dates and shapes are written as they are."""
    is_text = isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(
        column.dtype
    )
    if not (is_text or column.dtype == object):
        return column
    # as objects, or a column of whole numbers with a gap would be written as fractions
    return pd.Series([guard_cell(cell) for cell in column], column.index, dtype=object)


def guard_cell(cell: Any) -> Any:
    """Put an apostrophe before a text that would run as a formula; a number is none.

    Examples
    --------
    >>> [guard_cell(cell) for cell in ("@SUM(A1)", "-2.5", "- none", -2.5)]
    ["'@SUM(A1)", '-2.5', "'- none", -2.5]
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
