"""Rows of a file that are parts of one thing: an exclave of a community on a row of its own."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.tables.ledger import Entry
from gridplan.tables.schema import find_key

# Tables whose things may lie in several pieces of land.
JOINED = ("communities", "compounds")


def join_rows(table: str, frame: Any) -> tuple[Any, list[Entry]]:
    """Join the rows of one code to one row with all their land.

    Rows are joined if they agree in all that both say; others stay, and are
    refused as doubled codes. A known number of households is taken once where
    the rows repeat it, and added up where they differ.

    Examples
    --------
    >>> rows = {"community": ["A", "A", "B"], "name": ["East", "", "West"]}
    >>> land = [shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1), shapely.box(1, 0, 5, 1)]
    >>> joined, entries = join_rows("communities", gpd.GeoDataFrame(rows, geometry=land))
    >>> joined["community"].tolist(), joined.geometry.area.tolist(), entries[0].count
    (['A', 'B'], [2.0, 4.0], 2)
    """
    key = find_key(table)
    if table not in JOINED or key not in frame.columns or not isinstance(frame, gpd.GeoDataFrame):
        return frame, []
    codes = frame[key].astype("str").where(frame[key].notna(), "")
    doubled = codes.duplicated(keep=False) & (codes != "") & frame.geometry.notna()
    groups = [rows for _, rows in frame[doubled].groupby(codes[doubled], sort=True)]
    parts = [rows for rows in groups if _agree(rows)]
    if not parts:
        return frame, []
    gone = pd.Index(np.concatenate([rows.index[1:] for rows in parts]))
    out = frame.drop(index=gone)
    for rows in parts:
        first = rows.index[0]
        for column in rows.columns:
            if column not in (rows.geometry.name, key):
                out.loc[first, column] = _join_values(column, rows[column])
        land = shapely.union_all(shapely.make_valid(rows.geometry.to_numpy()))
        out.loc[[first], rows.geometry.name] = gpd.GeoSeries([land], index=[first], crs=frame.crs)
    count = sum(len(rows) for rows in parts)
    reason = f"rows of one code joined to {len(parts)} pieces of land in several parts"
    ids = [str(rows[key].iloc[0]) for rows in parts]
    return out.reset_index(drop=True), [Entry("survey", table, "joined", count, reason, ids)]


def _list_said(values: pd.Series[Any]) -> list[Any]:
    """List the different values that are filled in, in their order."""
    said = values[values.notna() & (values.astype("str") != "")]
    return list(dict.fromkeys(said))


def _agree(rows: Any) -> bool:
    """Whether rows say the same in all columns of words."""
    columns = [c for c in rows.columns if c not in (rows.geometry.name, "households")]
    return all(len(_list_said(rows[column])) <= 1 for column in columns)


def _join_values(column: str, values: pd.Series[Any]) -> Any:
    said = _list_said(values)
    if not said:
        return values.iloc[0]
    return sum(float(value) for value in said) if len(said) > 1 else said[0]
