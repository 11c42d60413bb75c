"""The counts of a site, brought to communities again: counted, estimated or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Objects
from gridplan.auditing.evidence import Evidence


@dataclass(frozen=True, eq=False)
class Counted:
    """One measure by community, in their order: NaN and ``unknown`` where nobody counted."""

    values: pd.Series[Any]
    origins: pd.Series[Any]


def count_again(e: Evidence, measure: str, households: pd.Series[Any]) -> Counted:
    """Bring one measure to the communities: their own count, else the sum of finer ones.

    Where there is neither, what a count of the whole site leaves is shared out
    by ``households``, the largest remainders getting one more.
    """
    site = e.plan.site
    counts = site.counts[site.counts["measure"] == measure]
    codes = site.communities.index
    values = pd.Series(np.nan, index=codes)
    for level, table in (("compound", site.compounds), ("building", site.buildings)):
        rows = counts[counts["level"] == level]
        of = table["community"][~table.index.duplicated()].reindex(rows["of"]).to_numpy(object)
        sums = rows["value"].groupby(of).sum().reindex(codes)
        values = values.add(sums, fill_value=0)
    coarse = counts[counts["level"] == "community"].groupby("of")["value"].sum().reindex(codes)
    values = coarse.where(coarse.notna(), values)
    origins = pd.Series(np.where(values.isna(), "unknown", "counted"), index=codes, dtype=object)
    whole = counts.loc[counts["level"] == "site", "value"]
    blank = values.isna().to_numpy()
    if len(whole) and blank.any():
        rest = round(float(whole.sum()) - float(values.sum()))
        if rest >= 0:
            weight = households.reindex(codes).fillna(0).to_numpy(float)[blank]
            values[blank] = share_out(rest, weight)
            origins[blank] = "estimated"
    return Counted(values, origins)


def share_out(total: int, weight: Floats) -> Floats:
    """Share whole numbers out by weight: rounded down, then one more for the largest remainders.

    Examples
    --------
    >>> share_out(10, np.array([1.0, 1.0, 2.0])).tolist()
    [3.0, 2.0, 5.0]
    """
    weight = weight if weight.sum() > 0 else np.ones(len(weight))
    exact = total * weight / weight.sum()
    shares = np.floor(exact + 1e-9)
    order = np.argsort(-np.round(exact - shares, 9), kind="stable")
    shares[order[: int(total - shares.sum())]] += 1
    return np.asarray(shares)


def choose_words(known: Any, word: Any) -> Objects:
    """Choose the origin of values: a word where they are known, else unknown."""
    return np.where(known, word, "unknown").astype(object)
