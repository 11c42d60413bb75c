"""Figures and gaps of the verbs on people, each verb replacing only what it wrote before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.tables.conform import conform_table

CITY = "site"  # the code of the city in indicators and gaps
LEVELS = ("city", "subdistrict", "community", "subgrid", "institution", "org")


def write_rows(
    table: str, before: pd.DataFrame, own: Any, rows: pd.DataFrame, order: Sequence[str]
) -> pd.DataFrame:
    """Return a table of numbered rows in which those that are ``own`` (a mask) are replaced.

    Examples
    --------
    >>> from gridplan.tables.conform import make_empty
    >>> row = {"room": "pairing", "level": "city", "measure": "load", "value": 1.57}
    >>> one = pd.DataFrame([row])
    >>> write_rows("indicators", make_empty("indicators"), [], one, ["measure"]).index.tolist()
    ['1']
    """
    kept = before[~np.asarray(own, bool)] if len(before) else before
    # the key is filled last, when all rows are in order
    new = conform_table(
        table, rows.assign(**{before.index.name: ""}) if len(rows) else before.iloc[:0]
    )
    both = (
        pd.concat([part for part in (kept, new) if len(part)])
        if len(kept) + len(new)
        else before.iloc[:0]
    )
    # stable, so that rows that tie keep the order in which their verb wrote them
    both = both.sort_values(list(order), key=_order_levels, kind="stable").reset_index(drop=True)
    # numbers of one width, so that they sort as text
    width = len(str(len(both)))
    number = pd.Series(np.arange(1, len(both) + 1)).astype("str").str.zfill(width)
    return conform_table(table, both.assign(**{before.index.name: number.to_numpy(object)}))


def write_indicators(before: pd.DataFrame, room: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators with those of one room replaced.

    Sorted by room, level (the city first), measure and code.
    """
    order = ["room", "level", "measure", "of"]
    return write_rows("indicators", before, before["room"] == room, rows.assign(room=room), order)


def _order_levels(column: Any) -> Any:
    """Order the levels from the city down; other columns by their values."""
    return (
        # a level that is not listed comes last
        column.map({level: n for n, level in enumerate(LEVELS)}).fillna(len(LEVELS))
        if column.name == "level"
        else column
    )


def write_gaps(before: pd.DataFrame, room: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with those of one room replaced, ranked within each rule.

    Most households first, then by code.
    """
    if len(rows):
        rows = rows.assign(room=room, less=-rows["households"].fillna(0)).sort_values(
            ["rule", "less", "of"], kind="stable"
        )
        rows = rows.assign(rank=rows.groupby("rule").cumcount() + 1)
    return write_rows("gaps", before, before["room"] == room, rows, ["room", "rule", "rank"])


def make_figures(
    level: str,
    of: Any,
    community: Any,
    measure: str,
    value: Any,
    need: Any = np.nan,
    *,
    most: bool = False,
    origin: Any = "computed",
) -> pd.DataFrame:
    """Make rows of indicators.

    A value meets its need from above, or from below where the need is the
    ``most`` allowed.

    A value that is not known meets no need, and its origin is unknown; where
    nothing is needed, every known value meets it.

    Examples
    --------
    >>> codes = ["a", "b"]
    >>> figures = make_figures("community", codes, codes, "workers", [3.0, np.nan], 2.0)
    >>> figures[["met", "origin"]].values.tolist()
    [[True, 'computed'], [False, 'unknown']]
    """
    value = np.asarray(value, float)
    need = np.broadcast_to(np.asarray(need, float), value.shape)
    # a share that is reached but for a rounding is reached
    enough = value <= need + 1e-9 if most else value >= need - 1e-9
    known = ~np.isnan(value)
    frame = pd.DataFrame(
        {
            "of": np.asarray(of, object),
            "value": value,
            "need": need,
            "met": known & (np.isnan(need) | enough),
        }
    )
    return frame.assign(
        level=level, community=community, measure=measure, origin=np.where(known, origin, "unknown")
    )


def add_ends(figures: pd.DataFrame, measure: str, low: Any, high: Any) -> pd.DataFrame:
    """Add between which numbers a figure of communities lies, as far as it rests on estimates.

    ``low`` and ``high`` are by community, NaN where nothing is said.

    Examples
    --------
    >>> figures = make_figures("community", ["a"], ["a"], "full_per_need", [0.8], 1.0)
    >>> ends = [pd.Series([value], ["a"]) for value in (0.7, 0.9)]
    >>> add_ends(figures, "full_per_need", *ends)[["value", "low", "high"]].values.tolist()
    [[0.8, 0.7, 0.9]]
    """
    rows = (figures["measure"] == measure) & (figures["level"] == "community")
    ends = {
        name: figures["of"].map(values).astype(float).where(rows)
        if name not in figures
        else figures[name].where(~rows, figures["of"].map(values).astype(float))
        for name, values in (("low", low), ("high", high))
    }
    return figures.assign(**ends)


def roll_up(values: pd.DataFrame, communities: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Add up columns of communities to subdistricts and the city.

    The keys are the levels, the rows the codes.

    A sum is unknown (NaN) only where every part is. Communities without a
    subdistrict are in none.

    Examples
    --------
    >>> own = pd.DataFrame({"workers": [3.0, np.nan]}, index=["a", "b"])
    >>> up = roll_up(own, pd.DataFrame({"subdistrict": ["s", "t"]}, index=["a", "b"]))
    >>> up["subdistrict"]["workers"].tolist(), up["city"]["workers"].tolist()
    ([3.0, nan], [3.0])
    """
    values = values.astype(float)
    over = communities["subdistrict"].reindex(values.index).fillna("")
    # min_count: the sum of nothing known is unknown, not zero
    by = values[over.to_numpy(object) != ""].groupby(over[over != ""]).sum(min_count=1)
    whole = values.sum(min_count=1).to_frame(CITY).T
    return {"community": values, "subdistrict": by.rename_axis(None), "city": whole}


def round_figures(figures: dict[str, Any], digits: int = 6) -> dict[str, Any]:
    """Round the numbers of a manifest and turn numpy's into Python's.

    What is not known becomes an empty text.
    """
    out: dict[str, Any] = {}
    for key, value in figures.items():
        if isinstance(value, bool | np.bool_):
            out[key] = bool(value)
        elif isinstance(value, int | np.integer):
            out[key] = int(value)
        elif isinstance(value, float | np.floating):
            out[key] = "" if np.isnan(value) else round(float(value), digits)
        else:
            out[key] = value
    return out
