"""Codes for rows that came without one, made from where they lie, not from their order."""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

# Letter and least number of digits of the codes of each table.
CODES = {
    "buildings": ("b", 6),
    "communities": ("c", 2),
    "zones": ("z", 3),
    "compounds": ("k", 3),
    "barriers": ("r", 4),
    "openings": ("o", 4),
    "streets": ("s", 5),
    "places": ("p", 4),
    "institutions": ("i", 4),
    "counts": ("n", 5),
}


EXACT = 2.0**53  # from here on a float is not every whole number
_SHORTENED = re.compile(r"[0-9][.,][0-9]+[eE]\+[0-9]+")  # as spreadsheets write long numbers


def fill_codes(table: str, frame: Any, codes: pd.Series[Any]) -> pd.Series[Any]:
    """Fill empty codes with numbers, in an order that depends on the rows alone.

    By the x and y of the middle, then by area, shape and all that is known of
    them.

    Parameters
    ----------
    table
        Name of the site table, which decides the letter.
    frame
        The rows; shapes in metres, if the table has any.
    codes
        Their codes as far as given, with the same index; empty text where
        there is none.

    Returns
    -------
    The codes, all different if the given ones are.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 9, 9), shapely.box(20, 0, 29, 9)
    >>> houses = gpd.GeoDataFrame(geometry=[east, west, east])
    >>> fill_codes("buildings", houses, pd.Series(["", "", "b000001"])).tolist()
    ['b000003', 'b000002', 'b000001']
    """
    missing = codes == ""
    count = int(missing.sum())
    if not count:
        return codes
    letter, width = CODES[table]
    taken = set(codes[~missing])
    # one width for all, so that codes sort as text in the order of their numbers
    width = max(width, len(str(count + len(taken))))
    # as many candidates as rows: at most len(taken) of them are not free
    free = (
        name
        for n in range(1, count + len(taken) + 1)
        if (name := f"{letter}{n:0{width}d}") not in taken
    )
    order = _find_order(frame[missing.to_numpy()])
    out = codes.copy()
    out[order] = [next(free) for _ in range(count)]
    return out


def find_inexact(values: pd.Series[Any]) -> pd.Series[bool]:
    """Find the codes that have lost digits: floats from 2**53 on, and texts as 1.30203E+11.

    Examples
    --------
    >>> find_inexact(pd.Series([130203001001.0, 1.3e17, None])).tolist()
    [False, True, False]
    >>> find_inexact(pd.Series(["1.30203E+11", "12E4", 2**63], dtype=object)).tolist()
    [True, False, False]
    """
    if pd.api.types.is_float_dtype(values.dtype):
        return pd.Series(values.abs().to_numpy(float, na_value=0.0) >= EXACT, values.index)
    if not (values.dtype == object or pd.api.types.is_string_dtype(values.dtype)):
        return pd.Series(False, values.index)
    return values.map(
        lambda value: (
            bool(abs(value) >= EXACT)
            if isinstance(value, float)
            else isinstance(value, str) and _SHORTENED.fullmatch(value.strip()) is not None
        )
    ).astype(bool)


def _find_order(frame: Any) -> pd.Index[Any]:
    """Find the order of rows that depends on nothing but the rows.

    What it leaves tied is the same in every way.
    """
    by = pd.DataFrame(index=frame.index)
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_numpy()
        middle = shapely.centroid(shapes)
        by["x"] = shapely.get_x(middle)
        by["y"] = shapely.get_y(middle)
        by["area"] = shapely.area(shapes)
        tied = by.duplicated(keep=False).to_numpy()
        # Writing shapes as text is slow, so only rows that still tie are written.
        by["shape"] = ""
        by.loc[tied, "shape"] = shapely.to_wkb(shapely.normalize(shapes[tied]), hex=True)
    tied = by.duplicated(keep=False).to_numpy() if len(by.columns) else np.ones(len(by), dtype=bool)
    flat = pd.DataFrame(
        frame.drop(columns=frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else [])
    )
    by["text"] = ""
    by.loc[tied, "text"] = describe_rows(flat[tied])
    return by.sort_values(list(by.columns), kind="stable").index


def describe_rows(frame: pd.DataFrame) -> pd.Series[Any]:
    """Write each row as one text, to distinguish rows that lie at the same place.

    Examples
    --------
    >>> describe_rows(pd.DataFrame({"floors": [3.0, None], "use": ["house", "school"]})).tolist()
    ['3.0|house', 'nan|school']
    """
    text = pd.Series("", index=frame.index, dtype="str")
    for n, column in enumerate(frame.columns):
        # str of each value, since a column may hold numbers and texts
        text = text + ("|" if n else "") + frame[column].astype(object).map(str)
    return text


def number_places(stem: str, x: Any, y: Any, box: Any, width: int = 3) -> list[str]:
    """Give places numbers row by row from north to south, west to east in each row.

    Rows are as high as a place is wide on average, so that neighbours on the
    map have neighbouring numbers.

    Parameters
    ----------
    stem
        What each code begins with.
    x, y
        Positions, in metres.
    box
        West, south, east and north of the land that they lie in.
    width
        Least number of digits.

    Examples
    --------
    >>> x, y = np.array([90.0, 10.0, 10.0]), np.array([80.0, 70.0, 10.0])
    >>> number_places("0301-", x, y, np.array([0.0, 0.0, 100.0, 100.0]))
    ['0301-002', '0301-001', '0301-003']
    """
    k = len(x)
    span = np.array([box[2] - box[0], box[3] - box[1]])
    # Square cells on average; never lower than a metre.
    height = max(np.sqrt(span[0] * span[1] / k), span[1] / k, 1.0)
    row = np.floor((box[3] - y) / height).astype(int)
    # millimetres, then the order given: a last digit must not swap two numbers
    order = np.lexsort((np.arange(k), x.round(3), row))
    width = max(width, len(str(k)))
    codes = [""] * k
    for number, place in enumerate(order, 1):
        codes[place] = f"{stem}{number:0{width}d}"
    return codes
