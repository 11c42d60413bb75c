"""The counts of a site, brought to communities again: counted, estimated or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows


@dataclass(frozen=True, eq=False)
class Counted:
    """One measure by community, in their order: NaN and ``unknown`` where nobody counted."""

    values: pd.Series[Any]
    origins: pd.Series[Any]


@dataclass(frozen=True, eq=False)
class Counts:
    """The rows of counts, with the row of the community that each lies in, as arrays.

    ``row`` is -1 where a count is of nothing that exists, or of the whole site;
    ``number`` is that of communities.
    """

    measure: Objects
    level: Objects
    value: Floats
    row: Ints
    number: int

    def add_up(self, measure: str) -> Floats:
        """Add a measure up by community: its own count before finer ones; NaN where is none."""
        mine = (self.measure == measure) & (self.row >= 0)
        is_direct = self.level == "community"
        direct, finer = (self._sum(mine & mask) for mask in (is_direct, ~is_direct))
        return np.where(np.isnan(direct), finer, direct)

    def of_site(self, measure: str) -> Floats:
        """Read the counts of a measure that are of the whole site."""
        return np.asarray(self.value[(self.measure == measure) & (self.level == "site")])

    def _sum(self, mask: Bools) -> Floats:
        row = self.row[mask]
        # A count that is given and not known adds nothing.
        sums = np.bincount(row, np.nan_to_num(self.value[mask]), minlength=self.number)
        return np.where(np.bincount(row, minlength=self.number) > 0, sums, np.nan)


def list_counts(e: Evidence) -> Counts:
    """List the counts of a site with their communities, which every measure is then added up by."""
    counts = e.plan.site.counts
    level = counts["level"].to_numpy(object)
    row = np.full(len(counts), -1)
    for word, table in (
        ("community", None),
        ("compound", sort_rows(e.plan.site.compounds)),
        ("building", e.buildings),
    ):
        rows = np.flatnonzero(level == word)
        of = counts["of"].to_numpy(object)[rows]
        if table is not None:
            of = np.append(table["community"].to_numpy(object), "")[find_rows(table, of)]
        row[rows] = find_rows(e.communities, of)
    measure = counts["measure"].to_numpy(object)
    return Counts(measure, level, counts["value"].to_numpy(float), row, len(e.communities))


def count_again(e: Evidence, measure: str, households: pd.Series[Any]) -> Counted:
    """Bring one measure to the communities: their own count, else the sum of finer ones.

    Where there is neither, what a count of the whole site leaves is shared out
    by ``households``, the largest remainders getting one more.
    """
    codes = e.plan.site.communities.index
    counts = e.take(list_counts)
    values = pd.Series(counts.add_up(measure), index=e.communities.index).reindex(codes)
    origins = pd.Series(np.where(values.isna(), "unknown", "counted"), index=codes, dtype=object)
    whole = counts.of_site(measure)
    blank = values.isna().to_numpy()
    if len(whole) and blank.any():
        rest = round(float(np.nansum(whole)) - float(values.sum()))
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
