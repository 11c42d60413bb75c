"""Fingerprints: whether what a step reads is still what it read the last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pandas.api.types import is_numeric_dtype

from gridplan.storage import hash_files

# Rows of several rooms are numbered together, so that a number says nothing of its row.
NUMBERED = ("gaps", "indicators")


def mark_value(value: Any) -> str:
    """Make the fingerprint of plain values: numbers, texts, lists and mappings of them.

    Examples
    --------
    >>> mark_value({"a": 1, "b": 2}) == mark_value({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark_files(paths: Iterable[str | Path]) -> str:
    """Make the fingerprint of files and folders by their content, wherever they are."""
    return mark_value(hash_files(path for path in paths if Path(path).exists()))


def mark_tables(tables: Mapping[str, Any]) -> str:
    """Make the fingerprint of tables: the same after writing and reading, in any order of rows.

    Examples
    --------
    >>> table = pd.DataFrame({"n": [1, 2]}, index=["a", "b"])
    >>> mark_tables({"t": table}) == mark_tables({"t": table.iloc[::-1]})
    True
    >>> mark_tables({"t": table}) == mark_tables({"t": table.assign(n=[1, 3])})
    False
    """
    digest = hashlib.sha256()
    for name, table in sorted(tables.items()):
        digest.update(f"{name} {len(table)}\n".encode())
        for part in _list_columns(name, table) if len(table) else ():
            digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _list_columns(name: str, table: Any) -> Iterable[bytes]:
    """List the columns of a table as bytes, the rows in the order of their key."""
    rows = table if name in NUMBERED else table.sort_index()
    if name not in NUMBERED:
        yield _write_texts(rows.index)
    for column in rows.columns:
        values = rows[column]
        yield str(column).encode()
        if column == "geometry":
            yield b"".join(shapely.to_wkb(values.to_numpy()))
        elif is_numeric_dtype(values):
            # adding zero leaves one zero of two; what is not known has one NaN of many
            numbers = values.astype("Float64").to_numpy(np.float64, na_value=np.nan) + 0.0
            yield np.where(np.isnan(numbers), np.nan, numbers).tobytes()
        else:
            yield _write_texts(values)


def _write_texts(values: Any) -> bytes:
    return "\x1f".join("" if pd.isna(value) else str(value) for value in values).encode()
