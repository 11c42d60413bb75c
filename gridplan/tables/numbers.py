"""Numbers as people write them: full-width digits, thousands separators, units behind them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

METRES_PER_FOOT = 0.3048
_FEET = frozenset({"ft", "feet", "foot", "'"})
_UNIT = (
    r"(?:m|metres?|meters?|米|ft|feet|foot|'|m2|㎡|平方米"
    r"|户|层|人|个|栋|households?|floors?|people)"
)
_PLAIN = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?"
# 1,200 and 1 200 are twelve hundred; 2,5 is two and a half, as in much of Europe.
_GROUPED = r"[+-]?\d{1,3}(?:[,\u00a0 ]\d{3})+(?:\.\d+)?"
_COMMA = r"[+-]?\d+,\d{1,2}"
_NUMBER = re.compile(rf"({_GROUPED}|{_COMMA}|{_PLAIN})\s*({_UNIT})?")
_SEVERAL = re.compile(r"\s*[;/~–]\s*|(?<=\d)\s*-\s*(?=\d)")


def read_numbers(values: pd.Series[Any], *, several: bool = False) -> pd.Series[Any]:
    """Read a column of numbers; what is no number is missing.

    Every reader of files reads numbers here, so that a number means the same
    wherever it stands.

    Parameters
    ----------
    values
        A column of any type. Truth values and dates are no numbers.
    several
        Whether the mean of several (``2;3``, ``2-3``) counts as a number, as
        it does for floors and heights.

    Returns
    -------
    float64 with the index of ``values``; lengths in feet come out in metres.

    Examples
    --------
    >>> import pandas as pd
    >>> read_numbers(pd.Series(["３０", "1,200", "2,5", "30户", "10 ft", "two", None])).tolist()
    [30.0, 1200.0, 2.5, 30.0, 3.048, nan, nan]
    >>> read_numbers(pd.Series(["2;3", "4-6", "-1"]), several=True).tolist()
    [2.5, 5.0, -1.0]
    """
    import pandas as pd

    if is_no_number(values):
        return pd.Series(np.nan, index=values.index, dtype="float64")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    distinct = values.dropna().unique()
    read = {value: _read_value(value, several) for value in distinct}
    return values.map(read).astype("float64")


def is_no_number(values: pd.Series[Any]) -> bool:
    """Whether a whole column is of a type that is no number: truth values, dates, spans of time.

    Examples
    --------
    >>> import pandas as pd
    >>> is_no_number(pd.Series([True, False])), is_no_number(pd.Series(["1"]))
    (True, False)
    """
    import pandas as pd

    return bool(
        pd.api.types.is_bool_dtype(values.dtype)
        or pd.api.types.is_datetime64_any_dtype(values.dtype)
        or pd.api.types.is_timedelta64_dtype(values.dtype)
    )


def _read_value(value: Any, several: bool) -> float:
    """Read one value of a column of objects; a truth value or a date is no number."""
    if isinstance(value, (bool, np.bool_)):
        return float("nan")
    if isinstance(value, (int, float, np.number)):
        return float(value)
    return read_number(str(value), several=several)


def read_number(text: str, *, several: bool = False) -> float:
    """Read one number from its text; NaN where it is none.

    Examples
    --------
    >>> read_number(" 1 200 "), read_number("5;6"), read_number("5;6", several=True)
    (1200.0, nan, 5.5)
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    parts = _SEVERAL.split(plain) if several else [plain]
    if len(parts) > 2:
        return float("nan")
    # A unit behind the last holds for the first too: 10-12 ft.
    unit = _NUMBER.fullmatch(parts[-1])
    numbers = [_read_one(part, unit[2] if unit else None) for part in parts]
    return sum(numbers) / len(numbers)


def _read_one(text: str, unit: str | None) -> float:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return float("nan")
    digits = match[1]
    if re.fullmatch(_COMMA, digits):
        digits = digits.replace(",", ".")
    number = float(re.sub(r"[,\u00a0 ]", "", digits))
    return number * METRES_PER_FOOT if (match[2] or unit) in _FEET else number
