"""The concordance of two plans: where households of old sub-grids live now, and who moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.comparison.renumbering import match_best, number_codes

MOVED_COLUMNS = (
    "level",
    "of",
    "stayed",
    "moved",
    "moved_share",
    "displaced",
    "displaced_share",
    "gone",
    "new",
)


def count_moved(concordance: pd.DataFrame) -> pd.DataFrame:
    """Count by city and community the households that moved, are gone or new.

    Returns
    -------
    pandas.DataFrame
        ``MOVED_COLUMNS``: stayed (households living there before and now),
        moved (of these, whose sub-grid has another code than theirs had) and
        displaced (moved even if the new sub-grids had the best names they
        could be given); shares are of those that stayed.
    """
    table = concordance.reset_index(drop=True)
    has_stayed = table["kind"].isin(["kept", "moved"])
    table["named"] = _count_named(table, has_stayed)
    counts = pd.DataFrame(
        {
            "of": table["community"],
            "stayed": table["households"].where(has_stayed, 0),
            **{
                kind: table["households"].where(table["kind"] == kind, 0)
                for kind in ("moved", "gone", "new")
            },
            "displaced": (table["households"] - table["named"]).where(has_stayed, 0),
        }
    )
    each = counts.groupby("of", sort=True).sum().reset_index().assign(level="community")
    city = counts.drop(columns="of").sum().to_frame().T.assign(of="", level="city")
    rows = pd.concat([city, each], ignore_index=True)
    # Shares of those who stay; none where nobody does.
    stayed = rows["stayed"].where(rows["stayed"] > 0)
    for name in ("moved", "displaced"):
        rows[f"{name}_share"] = rows[name] / stayed
    whole = dict.fromkeys(("stayed", "moved", "displaced", "gone", "new"), "int64")
    return rows[list(MOVED_COLUMNS)].astype({"level": "str", "of": "str"} | whole)


def _count_named(table: pd.DataFrame, has_stayed: pd.Series[bool]) -> pd.Series[int]:
    """Count the households that would stay if the new sub-grids had the best names for that."""
    named = pd.Series(0, index=table.index)
    # Homes that are in no sub-grid now cannot keep a name.
    pairs = table[has_stayed & (table["new"] != "")]
    is_matched = match_best(
        number_codes(pairs["old"])[0],
        number_codes(pairs["new"])[0],
        pairs["households"].to_numpy(np.int64),
    )
    named[pairs.index] = pairs["households"].where(pd.Series(is_matched, index=pairs.index), 0)
    return named
