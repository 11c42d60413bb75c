"""Cells of a table as texts and numbers: no lists, no bytes, no controls in texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.tables.plain_text import is_plain, make_plain

LONGEST = 1_000  # letters of a text; a code or name with more is a fault, or an attack
_NESTED = (list, tuple, dict, set, np.ndarray)


def make_cells_plain(frame: Any) -> tuple[Any, dict[str, int]]:
    r"""Write cells that hold lists or bytes as text, and take controls out of texts.

    Returns the frame, and the number of rows by what was done to them.

    Examples
    --------
    >>> rows = pd.DataFrame({"name": ["a\x07", "b"], "tags": [[1, 2], None]})
    >>> plain, repaired = make_cells_plain(rows)
    >>> plain.to_dict("list"), repaired
    ({'name': ['a', 'b'], 'tags': ['[1, 2]', None]}, {'control characters taken out of texts': 1})
    """
    columns: dict[Any, Any] = {}
    controlled = np.zeros(len(frame), bool)
    cut = np.zeros(len(frame), bool)
    for name in frame.columns:
        cells = frame[name]
        is_text = cells.dtype == object or pd.api.types.is_string_dtype(cells.dtype)
        if not is_text or _are_plain(cells):
            continue
        texts = [_write_cell(value) for value in cells]
        plain = [make_plain(text) if isinstance(text, str) else text for text in texts]
        short = [text[:LONGEST] if isinstance(text, str) else text for text in plain]
        controlled |= [isinstance(text, str) and not is_plain(text) for text in texts]
        cut |= [isinstance(text, str) and len(text) > LONGEST for text in plain]
        columns[name] = pd.Series(short, index=frame.index, dtype=object)
    counts = {
        "control characters taken out of texts": int(controlled.sum()),
        f"texts cut to {LONGEST:,} letters": int(cut.sum()),
    }
    repaired = {what: count for what, count in counts.items() if count}
    return (frame.assign(**columns) if columns else frame), repaired


def _are_plain(cells: pd.Series[Any]) -> bool:
    """Whether all cells are short plain texts, seen at once: a city has millions of them."""
    texts = cells.dropna().tolist()
    try:
        return is_plain("".join(texts)) and max(map(len, texts), default=0) <= LONGEST
    except TypeError:  # not all of them are texts
        return not any(isinstance(cell, (*_NESTED, bytes, bytearray)) for cell in texts) and all(
            is_plain(cell) and len(cell) <= LONGEST for cell in texts if isinstance(cell, str)
        )


def _write_cell(value: Any) -> Any:
    """Write a list or bytes as text; texts, numbers and shapes stay."""
    if isinstance(value, _NESTED):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    return value
