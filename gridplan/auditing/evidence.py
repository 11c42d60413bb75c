"""The evidence of an audit: a plan's tables in whole numbers, and findings written from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules

FINDING_COLUMNS = (
    "rule",
    "severity",
    "table",
    "community",
    "subgrid",
    "ids",
    "count",
    "message",
    "remedy",
)
SEVERITIES = ("error", "warning", "note")
_NOTHING = pd.DataFrame(columns=list(FINDING_COLUMNS))
LISTED_IDS = 20  # codes written out in one finding; the rest are counted


@dataclass(frozen=True, eq=False)
class Evidence:
    """A plan and the rules that it is held against, with its codes turned into row numbers.

    Nothing of the derived columns is believed: what a sub-grid holds is found
    from the stairwells, its class from its community, its band from the rules.
    A row number of -1 stands for a code that does not exist. Rows with a code
    that another row has already are left out here, and reported by the rule on
    codes.
    """

    plan: Plan
    rules: Rules

    @cached_property
    def stairwells(self) -> Any:
        """The stairwells, each code once, sorted."""
        return _take_first(self.plan.stairwells)

    @cached_property
    def subgrids(self) -> Any:
        """The sub-grids, each code once, sorted."""
        return _take_first(self.plan.subgrids)

    @cached_property
    def buildings(self) -> Any:
        """The buildings, each code once, sorted."""
        return _take_first(self.plan.site.buildings)

    @cached_property
    def communities(self) -> Any:
        """The communities, each code once, sorted."""
        return _take_first(self.plan.site.communities)

    @cached_property
    def weight(self) -> Ints:
        """Households behind each stairwell: int64[n]."""
        return np.asarray(self.stairwells["households"], np.int64)

    @cached_property
    def part(self) -> Ints:
        """Row of each stairwell's sub-grid: int64[n]."""
        return find_rows(self.subgrids, self.stairwells["subgrid"])

    @cached_property
    def home(self) -> Ints:
        """Row of each stairwell's building: int64[n]."""
        return find_rows(self.buildings, self.stairwells["building"])

    @cached_property
    def place(self) -> Ints:
        """Number of each stairwell's door, which its floor bands share: int64[n]."""
        doors = self.stairwells["building"].astype(str) + "\n" + self.stairwells["door"].astype(str)
        return np.asarray(pd.factorize(doors)[0], np.int64)

    @cached_property
    def xy(self) -> Floats:
        """Position of each door: float64[n, 2], metres; NaN where there is none."""
        points = self.stairwells.geometry.to_numpy()
        return np.column_stack([shapely.get_x(points), shapely.get_y(points)])

    @cached_property
    def ways(self) -> dict[str, Floats]:
        """Walking metres among each community's stairwells along the streets; else none."""
        if self.rules.division.metric == "straight":
            return {}
        from gridplan.walking.door_distances import measure_among

        return measure_among(self.plan.site, self.stairwells, self.rules.walking)[0]

    @cached_property
    def held(self) -> Ints:
        """Households that each sub-grid's stairwells hold: int64[k]."""
        return self.count_by_subgrid(self.weight)

    @cached_property
    def residential(self) -> Bools:
        """Whether each sub-grid is one of homes, so that its size counts: bool[k]."""
        return np.asarray(self.subgrids["kind"] != "exclusive", bool)

    @cached_property
    def lies_in(self) -> Ints:
        """Row of each sub-grid's community: int64[k]."""
        return find_rows(self.communities, self.subgrids["community"])

    @cached_property
    def kinds(self) -> Objects:
        """Class of each sub-grid: object[k]; that of its community where it has one."""
        of_community = np.append(self.communities["kind"].to_numpy(object), "")[self.lies_in]
        own = self.subgrids["community_kind"].to_numpy(object)
        return np.where(np.isin(of_community, ["urban", "rural"]), of_community, own)

    @cached_property
    def bands(self) -> Ints:
        """Low, target and high households of each sub-grid: int64[k, 3]; 0 without a band."""
        urban, rural = (
            [band.low, band.target, band.high] for band in (self.rules.urban, self.rules.rural)
        )
        bands = np.where((self.kinds == "urban")[:, None], np.array([urban]), np.array([rural]))
        return np.where(self.residential[:, None], bands, 0)

    @cached_property
    def in_band(self) -> Bools:
        """Whether each sub-grid holds at least low and at most high households: bool[k]."""
        return np.asarray((self.held >= self.bands[:, 0]) & (self.held <= self.bands[:, 2]))

    def count_by_subgrid(self, amount: Ints | None = None) -> Ints:
        """Add up an amount of each stairwell, or their number, by sub-grid: int64[k]."""
        kept = self.part >= 0
        weights = None if amount is None else amount[kept]
        return (
            np.bincount(self.part[kept], weights, minlength=len(self.subgrids))
            .round()
            .astype(np.int64)
        )


def _take_first(table: Any) -> Any:
    return table[~table.index.duplicated()].sort_index()


def find_rows(table: Any, codes: Any) -> Ints:
    """Find the row of each code in a table, -1 where it has none.

    Examples
    --------
    >>> find_rows(pd.DataFrame(index=["a", "b"]), ["b", "c"]).tolist()
    [1, -1]
    """
    return np.asarray(table.index.get_indexer(pd.Index(codes)), np.int64)


def write_findings(
    rule: str,
    severity: str,
    table: str,
    ids: Any,
    community: Any,
    subgrid: Any = "",
    *,
    what: Any,
    remedy: Any,
    noun: str = "",
) -> pd.DataFrame:
    """Write one finding for each community and sub-grid that the wrong rows belong to.

    Parameters
    ----------
    rule, severity, table
        The rule that is not kept, error, warning or note, and the table whose
        rows are wrong.
    ids, community, subgrid
        For each wrong row its code and where it belongs; a plain word stands
        for all rows.
    what, remedy
        What is wrong and what to do about it, for all rows or each.
    noun
        Word for one row; the message then begins with their number. Without
        it, ``what`` is the message.

    Returns
    -------
    A table with the columns ``FINDING_COLUMNS``, sorted by community and
    sub-grid.

    Examples
    --------
    >>> found = write_findings("membership", "error", "stairwells", ["b", "a"], "0301", noun="stairwell",
    ...                        what="in no sub-grid", remedy="divide again")
    >>> found[["ids", "count", "message"]].values.tolist()
    [['a, b', 2, '2 stairwells in no sub-grid']]
    """
    codes = np.asarray(ids, object)
    if len(codes) == 0:
        return _NOTHING.copy()
    wrong = pd.DataFrame(
        {
            "id": codes.astype(str),
            "community": community,
            "subgrid": subgrid,
            "what": what,
            "remedy": remedy,
        }
    )
    wrong[["community", "subgrid"]] = wrong[["community", "subgrid"]].fillna("")
    wrong = wrong.sort_values(["community", "subgrid", "id"], kind="stable")
    groups = wrong.groupby(["community", "subgrid"], sort=True)
    found = groups[["what", "remedy"]].first()
    found["count"] = groups.size()
    found["ids"] = groups.head(LISTED_IDS).groupby(["community", "subgrid"])["id"].agg(", ".join)
    found = found.reset_index()
    number = (
        found["count"].astype(str) + " " + np.where(found["count"] == 1, noun, noun + "s") + " "
    )
    found["message"] = (number if noun else "") + found["what"]
    return found.assign(rule=rule, severity=severity, table=table)[list(FINDING_COLUMNS)]


def join_findings(found: list[pd.DataFrame]) -> pd.DataFrame:
    """Join findings into one table, in the order given."""
    kept = [frame for frame in found if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else _NOTHING.copy()


def order_findings(found: pd.DataFrame) -> pd.DataFrame:
    """Sort findings by severity, errors first, and cast them to text and whole numbers."""
    rank = found["severity"].map({word: n for n, word in enumerate(SEVERITIES)})
    found = found.iloc[np.argsort(rank.to_numpy(), kind="stable")].reset_index(drop=True)
    return found.astype({name: "int64" if name == "count" else "str" for name in FINDING_COLUMNS})


def sort_rows(table: Any) -> Any:
    """Sort rows by their codes, each code once: doubled codes have a rule of their own."""
    return table[~table.index.duplicated()].sort_index()
