"""The evidence of an audit: a plan's tables, their codes turned into row numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules

Measure = TypeVar("Measure")


@dataclass(frozen=True, eq=False)
class Evidence:
    """A plan and the rules that it is held against, with its codes turned into row numbers.

    Nothing of the derived columns is believed: what a sub-grid holds is found
    from the stairwells, its class from its community, its band from the rules.
    A row number of -1 stands for a code that does not exist. Rows with a code
    that another row has already are left out here, and reported by the rule on
    codes.

    ``plan`` has values of the right types alone: what is wrong was taken for
    unknown, and is in ``faults``. ``stated_plan`` is the plan as it was handed
    in, if not the same.
    """

    plan: Plan
    rules: Rules
    stated_plan: Plan | None = None
    faults: pd.DataFrame = field(default_factory=pd.DataFrame)
    _measured: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def take(self, measure: Callable[..., Measure], *of: str) -> Measure:
        """Return what a measure finds in this evidence, computed when first asked for.

        Several rules and the figures look at the same steps, walks and
        outlines, which are most of the time of an audit.
        """
        key = (measure, *of)
        if key not in self._measured:
            self._measured[key] = measure(self, *of)
        return cast(Measure, self._measured[key])

    @property
    def stated(self) -> Plan:
        """The plan as it was handed in, whatever its values."""
        return self.stated_plan or self.plan

    @cached_property
    def stairwells(self) -> Any:
        """The stairwells, each code once, sorted."""
        return sort_rows(self.plan.stairwells)

    @cached_property
    def subgrids(self) -> Any:
        """The sub-grids, each code once, sorted."""
        return sort_rows(self.plan.subgrids)

    @cached_property
    def buildings(self) -> Any:
        """The buildings, each code once, sorted."""
        return sort_rows(self.plan.site.buildings)

    @cached_property
    def communities(self) -> Any:
        """The communities, each code once, sorted."""
        return sort_rows(self.plan.site.communities)

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
        # The line break keeps door 11 of building 1 from being door 1 of building 11.
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
        # Ways are found again from the streets, and not read from what the planning measured.
        from gridplan.walking.door_distances import measure_among

        return measure_among(self.plan.site, self.stairwells, self.rules.walking)[0]

    @cached_property
    def held(self) -> Ints:
        """Households that each sub-grid's stairwells hold: int64[k]."""
        return self.count_by_subgrid(self.weight)

    @cached_property
    def residential(self) -> Bools:
        """Whether each sub-grid is one of homes, so that its size counts: bool[k]."""
        return np.asarray(~self.subgrids["kind"].isin(["exclusive", "open"]), bool)

    @cached_property
    def lies_in(self) -> Ints:
        """Row of each sub-grid's community: int64[k]."""
        return find_rows(self.communities, self.subgrids["community"])

    @cached_property
    def kinds(self) -> Objects:
        """Class of each sub-grid: object[k]; that of its community where it has one."""
        # The appended last element is what row -1, an unknown community, reads.
        of_community = np.append(self.communities["kind"].to_numpy(object), "")[self.lies_in]
        own_kind = self.subgrids["community_kind"].to_numpy(object)
        return np.where(np.isin(of_community, ["urban", "rural"]), of_community, own_kind)

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
        # bincount adds in floats: exact for whole numbers below 2 to the 53rd.
        weights = None if amount is None else amount[kept]
        return (
            np.bincount(self.part[kept], weights, minlength=len(self.subgrids))
            .round()
            .astype(np.int64)
        )


def find_rows(table: Any, codes: Any) -> Ints:
    """Find the row of each code in a table, -1 where it has none.

    Examples
    --------
    >>> find_rows(pd.DataFrame(index=["a", "b"]), ["b", "c"]).tolist()
    [1, -1]
    """
    return np.asarray(table.index.get_indexer(pd.Index(codes)), np.int64)


def sort_rows(table: Any) -> Any:
    """Sort rows by their codes, each code once: doubled codes have a rule of their own."""
    return table[~table.index.duplicated()].sort_index()
