"""Tables put into the shape that ``schema.csv`` gives them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.errors import Problem
from gridplan.tables.numbers import is_no_number, read_numbers
from gridplan.tables.schema import Column, find_columns, find_key, read_schema

# Columns that only help to estimate: a row is not refused for a value that cannot be true.
MEASURED = ("floors", "height", "year_built", "stairwell_count")

_DATE = re.compile(r"^\s*([12]\d{3})\s*(?:年|[-/.]\d{1,2}(?!\d)).*$")

# what a column that is missing is filled with; a boolean, unlike a bool, may be unknown
_DEFAULTS: Mapping[str, Any] = {
    "str": "",
    "int64": 0,
    "float64": np.nan,
    "bool": False,
    "boolean": pd.NA,
}


def is_spatial(table: str) -> bool:
    """Whether the table has a column of shapes.

    Examples
    --------
    >>> is_spatial("buildings"), is_spatial("ledger")
    (True, False)
    """
    return any(column.is_geometry for column in read_schema()[table])


def needs_shapes(table: str) -> bool:
    """Whether every row of the table must have a shape; zones may be known by their codes alone.

    Examples
    --------
    >>> needs_shapes("communities"), needs_shapes("zones"), needs_shapes("counts")
    (True, False, False)
    """
    return any(column.is_geometry and column.need == "required" for column in read_schema()[table])


def make_empty(table: str, crs: Any = None) -> gpd.GeoDataFrame:
    """Make a table without rows, with all columns that the schema gives it.

    Examples
    --------
    >>> list(make_empty("counts").columns)
    ['level', 'of', 'measure', 'value']
    """
    empty = _make_empty(table).copy()
    return cast(
        gpd.GeoDataFrame, empty.set_crs(crs) if crs is not None and is_spatial(table) else empty
    )


@cache
def _make_empty(table: str) -> Any:
    """Make a table without rows once.

    A plan has dozens of them, and casting their columns takes a while.
    """
    frame = pd.DataFrame({c.name: [] for c in read_schema()[table] if not c.is_geometry})
    spatial: Any = gpd.GeoDataFrame(frame, geometry=[]) if is_spatial(table) else frame
    return conform_table(table, spatial)


def conform_table(table: str, frame: Any) -> gpd.GeoDataFrame:
    """Return the table with the schema's columns, types and key.

    Columns that the schema does not know are left out; columns that are
    missing are filled with the default of their type (empty text, 0, NaN,
    False). The order of rows stays.

    Raises
    ------
    ValueError
        If a value cannot be cast; :func:`check_values` finds those beforehand.

    Examples
    --------
    >>> t = conform_table("counts", pd.DataFrame({"count": [7], "value": [3], "extra": ["x"]}))
    >>> t.index.name, t["value"].dtype, t["level"].tolist()
    ('count', dtype('float64'), [''])
    """
    columns = read_schema()[table]
    key = find_key(table)
    # the key may come as the index or as a column
    flat = frame.reset_index() if frame.index.name == key and key not in frame.columns else frame
    data: dict[str, Any] = {}
    for column in columns:
        if column.is_geometry:
            continue
        if column.name in flat.columns:
            data[column.name] = _cast(flat[column.name], column)
        else:
            data[column.name] = pd.Series(
                [_DEFAULTS[column.dtype]] * len(flat), index=flat.index, dtype=column.dtype
            )
    out = pd.DataFrame(data, index=flat.index)
    if is_spatial(table):
        out = gpd.GeoDataFrame(out, geometry=flat.geometry.array, crs=flat.crs)
    return cast(gpd.GeoDataFrame, out.set_index(key))


def _cast(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    dtype = column.dtype
    if dtype == "str":
        return read_texts(values)
    if dtype == "boolean":
        return _to_boolean(values)
    if dtype in {"int64", "float64"}:
        if pd.api.types.is_numeric_dtype(values.dtype):
            return values.astype(dtype)
        return _read_figures(values, column).astype(dtype)
    return _to_boolean(values).fillna(False).astype(dtype)  # bool: what is missing is not so


def read_texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cast to text; whole numbers lose their ``.0``, missing values become empty text.

    Examples
    --------
    >>> read_texts(pd.Series([301.0, None])).tolist()
    ['301', '']
    """
    # A column of codes with gaps is read as floats by most programs.
    if pd.api.types.is_float_dtype(values.dtype) and bool((values.dropna() % 1 == 0).all()):
        values = values.astype("Int64")
    return values.astype("str").where(values.notna(), "").astype("str")


_YES = frozenset({"true", "yes", "y", "t", "1", "1.0", "是", "有", "对", "√", "✓", "✔"})
_NO = frozenset({"false", "no", "n", "f", "0", "0.0", "否", "无", "错", "×", "✗", "✘"})


def is_yes_or_no(text: str) -> bool:
    """Whether a text says yes or no, or nothing at all.

    Examples
    --------
    >>> [is_yes_or_no(text) for text in ("√", "否", "ＹＥＳ", "", "也许")]
    [True, True, True, True, False]
    """
    word = unicodedata.normalize("NFKC", text).strip().lower()
    return not word or word in _YES | _NO


def _to_boolean(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cast to true, false or missing; words that are neither become missing."""
    words = values.astype("str").str.normalize("NFKC").str.strip().str.lower()
    out = pd.Series(pd.NA, index=values.index, dtype="boolean")
    out[words.isin(_YES)] = True
    out[words.isin(_NO)] = False
    return out


def check_values(table: str, frame: Any, file: str = "") -> list[Problem]:
    """Check the columns and values of a table as read against the schema, and list all faults.

    Examples
    --------
    >>> same = {"level": "building", "of": "b1", "measure": "elders"}
    >>> bad = pd.DataFrame({"count": ["a", "b"], **same, "value": ["3", "x"]})
    >>> check_values("counts", bad)[0].message
    'value is no number in 1 row, such as x'
    """
    problems: list[Problem] = []
    key = find_key(table)
    codes = frame[key] if key in frame.columns else pd.Series(frame.index, index=frame.index)
    # rows are named by their codes in messages; those without one go unnamed
    ids = codes.astype("str").where(codes.notna(), "")
    for column in find_columns(table):
        if column.is_geometry:
            continue
        if column.name not in frame.columns:
            if column.need == "required":
                remedy = (
                    f"add it, or say which column it is: --column {table}.{column.name}=YOUR_COLUMN"
                )
                problems.append(
                    Problem(table, "columns", f"column {column.name} is missing", remedy, file=file)
                )
            continue
        problems += _check_column(table, column, frame[column.name], ids, file)
    if key in frame.columns:
        doubles = ids[ids.duplicated(keep=False) & (ids != "")]
        if len(doubles):
            message = f"{doubles.nunique()} codes stand more than once in {key}"
            remedy = "give every row its own code"
            problems.append(
                Problem(table, "codes are unique", message, remedy, tuple(doubles.unique()), file)
            )
    return problems


def _check_column(table: str, column: Column, values: Any, ids: Any, file: str) -> list[Problem]:
    rule = f"{column.name} is {column.dtype}"
    if column.dtype in {"int64", "float64"}:
        return _check_numbers(table, column, values, ids, file)
    # derived columns are gridplan's own, and of no concern in a file
    if column.values and column.need != "derived":
        words = values.dropna().astype(str).str.strip()
        unknown = words[~words.isin(column.values) & (words != "")]
        if len(unknown):
            text = f"{column.name} has unknown values, such as {unknown.iloc[0]!r}"
            remedy = f"use one of {' | '.join(column.values)}, or leave it empty"
            return [Problem(table, rule, text, remedy, tuple(ids[unknown.index]), file)]
    return []


def _check_numbers(table: str, column: Column, values: Any, ids: Any, file: str) -> list[Problem]:
    """Check that a column holds numbers, and within the range that the schema gives it."""
    if column.name in MEASURED and not is_no_number(values):
        return []  # what cannot be true is taken as not known, and counted, by the reading
    numbers = _read_figures(values, column)
    filled = values.notna() & (values.astype(str).str.strip() != "")
    low = numbers < column.least
    high = numbers > column.most
    name = column.name
    unit = f" {column.unit}" if column.unit and column.unit != column.name else ""
    wrong = filled & numbers.isna() & ~np.isinf(numbers)
    least, most = f"{column.least:,.0f}{unit}", f"{column.most:,.0f}{unit}"
    if is_no_number(values):
        kind = f"{name} is of type {values.dtype}, not numbers"
    else:
        kind = f"{name} is no number"
    checks = (
        (wrong, kind),
        (low & (numbers < 0), f"{name} is negative"),
        (low & (numbers >= 0), f"{name} is below {least}"),
        (high, f"{name} is above {most}, the most that is taken for true"),
    )
    problems = []
    for mask, text in checks:
        if mask.any():
            count, example = int(mask.sum()), values[mask].iloc[0]
            rows = f"{count} row{'s' if count > 1 else ''}, such as {example}"
            remedy, faulty = "correct it or leave it empty", tuple(sorted(ids[mask]))
            rule = f"{name} is {column.dtype}"
            problems.append(Problem(table, rule, f"{text} in {rows}", remedy, faulty, file))
    return problems


def _read_figures(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Read the numbers of a column; of a date, the year where a year is asked for."""
    if column.unit == "year" and pd.api.types.is_string_dtype(values.dtype):
        values = values.astype("str").str.replace(_DATE, r"\1", regex=True)
    return read_numbers(values, several=_may_be_several(column))


def _may_be_several(column: Column) -> bool:
    """Whether ``5;6`` may stand for a number in between: floors and heights of parts."""
    return column.name in {"floors", "height"}


def find_doubtful(column: Column, values: Any) -> pd.Series[bool]:
    """Find the values of a measured column that are filled in and cannot be true.

    Examples
    --------
    >>> from gridplan.tables.schema import find_columns
    >>> floors = next(c for c in find_columns("buildings") if c.name == "floors")
    >>> find_doubtful(floors, pd.Series(["6", "5;6", "9999", "ca. 3", ""])).tolist()
    [False, False, True, True, False]
    """
    numbers = _read_figures(values, column)
    filled = values.notna() & (values.astype(str).str.strip() != "")
    return filled & ~numbers.between(column.least, column.most)
