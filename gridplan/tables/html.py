"""Values in a notebook: one line that says what it is, and the first rows of a table.

Everything from data is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

SHOWN_ROWS = 10


def show_html(line: str, table: pd.DataFrame | None = None) -> str:
    """Write a line and the first rows of a table, without its shapes, as HTML.

    Examples
    --------
    >>> show_html("Plan <1>")
    '<p><b>Plan &lt;1&gt;</b></p>'
    """
    text = f"<p><b>{html.escape(line)}</b></p>"
    if table is None:
        return text
    # shapes would be pages of coordinates
    shapes = [column for column in table.columns if str(table[column].dtype) == "geometry"]
    shown = pd.DataFrame(table.drop(columns=shapes)).head(SHOWN_ROWS)
    more = len(table) - len(shown)
    rest = f"<p>{more:,} more rows</p>" if more > 0 else ""
    return f"{text}{shown.to_html(escape=True, float_format='{:,.4g}'.format, border=0)}{rest}"


def show_tables(line: str, tables: Mapping[str, Any]) -> str:
    """Write a line and the number of rows of each table that has any, as HTML."""
    rows = {name: len(table) for name, table in tables.items() if len(table)}
    counted = pd.DataFrame({"rows": rows}).to_html(escape=True, border=0)
    return f"{show_html(line)}{counted}"


def say_count(number: int, one: str, many: str = "") -> str:
    """Count things in words.

    Examples
    --------
    >>> say_count(1, "sub-grid"), say_count(2500, "community", "communities")
    ('1 sub-grid', '2,500 communities')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
