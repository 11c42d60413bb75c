"""What staffing is made from: sub-grids with their position, work and neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.plan import Plan
from gridplan.rules.staffing import StaffingRules
from gridplan.rules.walking import find_minutes


@dataclass(frozen=True, eq=False)
class StaffingInputs:
    """The sub-grids, sorted by code, and the communities, sorted by code.

    ``table`` has for each sub-grid its community, kind, households, position
    (x, y; metres), the hours of one round of visits (households x visit, the
    walks there and back, the floors climbed) and its available members.
    ``pairs`` are rows of sub-grids of one community that can be walked
    between.
    """

    table: pd.DataFrame
    communities: pd.DataFrame
    pairs: Ints

    def __len__(self) -> int:
        """Return the number of sub-grids."""
        return len(self.table)

    @cached_property
    def place(self) -> Ints:
        """Row of each sub-grid's community: int64[n]."""
        return np.asarray(
            self.communities.index.get_indexer(pd.Index(self.table["community"])), np.int64
        )

    @cached_property
    def xy(self) -> Floats:
        """Position of each sub-grid: float64[n, 2], metres."""
        return np.asarray(self.table[["x", "y"]], float)

    def sum_up(self, amount: Any) -> Floats:
        """Add up an amount of each sub-grid by community: float64[m]."""
        weights = np.asarray(amount, float)
        return np.bincount(self.place, weights, minlength=len(self.communities)).astype(float)


def prepare_staffing(plan: Plan, rules: StaffingRules) -> StaffingInputs:
    """Prepare a plan's sub-grids: from the centre's door if there is one, else mid-land."""
    subgrids = plan.subgrids.sort_index()
    stairwells = plan.stairwells
    # Exclusive sub-grids have no centre: ways there begin within their land.
    doors = stairwells.geometry.reindex(subgrids["centre"]).to_numpy()
    middle = shapely.point_on_surface(subgrids.geometry.to_numpy())
    points = np.where(shapely.is_missing(doors), middle, doors)
    hours = measure_rounds(plan, rules)
    available = (
        plan.members.groupby("subgrid")["available"].sum().reindex(subgrids.index, fill_value=0)
    )
    branch = _find_branches(plan)
    table = pd.DataFrame(
        {
            "community": subgrids["community"].to_numpy(object),
            "kind": subgrids["kind"].to_numpy(object),
            "households": subgrids["households"].to_numpy(np.int64),
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
            "walk": subgrids["household_metres"].fillna(0).to_numpy(float),
            "hours": hours.reindex(subgrids.index).fillna(0).to_numpy(float),
            "available": available.to_numpy(np.int64),
            "branch": branch.reindex(subgrids.index).fillna("").to_numpy(object),
        },
        index=subgrids.index,
    )
    return StaffingInputs(table, plan.site.communities.sort_index(), _find_pairs(plan, table))


def measure_rounds(plan: Plan, rules: StaffingRules) -> pd.Series[Any]:
    """Measure the hours of one round of visits to all households of each sub-grid.

    Hours are households x visit, twice the household-metres at walking speed,
    and the floors climbed: half of those above the first on average where no
    lift is expected.
    """
    stairwells = plan.stairwells
    # On average half of the floors above the first; nobody climbs where a lift is expected.
    floors = np.where(
        stairwells["floor_to"] >= rules.lift_floors,
        0.0,
        (stairwells["floor_to"].to_numpy(float) - 1.0) / 2.0,
    )
    minutes = stairwells["households"].to_numpy(float) * (
        # A basement is no climb that saves time.
        rules.visit + np.maximum(floors, 0.0) * rules.climbing
    )
    of_doors = (
        pd.Series(minutes, index=stairwells.index)
        .groupby(stairwells["subgrid"].to_numpy(object))
        .sum()
    )
    # There and back, hence twice the household-metres.
    walks = find_minutes(plan.subgrids["household_metres"].fillna(0) * 2.0, rules.walking)
    return (of_doors.reindex(plan.subgrids.index).fillna(0) + walks) / 60.0


def _find_branches(plan: Plan) -> pd.Series[Any]:
    """Find the branch of most members of each sub-grid; by code where two have as many."""
    members = plan.members[plan.members["branch"] != ""]
    # Before organise there is no branch: every sub-grid has the empty code.
    if members.empty:
        return pd.Series([], dtype=object)
    number = (
        (members["full"] + members["probationary"])
        .groupby([members["subgrid"], members["branch"]])
        .sum()
        .rename("n")
        .reset_index()
    )
    number = number.sort_values(["subgrid", "n", "branch"], ascending=[True, False, True])
    return number.drop_duplicates("subgrid").set_index("subgrid")["branch"]


def _find_pairs(plan: Plan, table: pd.DataFrame) -> Ints:
    """Find the rows of sub-grids of one community between which some doors can be walked."""
    part = table.index.get_indexer(pd.Index(plan.stairwells["subgrid"]))
    of = pd.Series(part, index=plan.stairwells.index)
    # Doors outside all sub-grids are -1.
    a = of.reindex(plan.neighbours["focal"]).fillna(-1).to_numpy(np.int64)
    b = of.reindex(plan.neighbours["neighbour"]).fillna(-1).to_numpy(np.int64)
    community = pd.factorize(table["community"])[0]
    sound = (a >= 0) & (b >= 0) & (a != b)
    sound[sound] = community[a[sound]] == community[b[sound]]
    # Many doors join the same two sub-grids, in both directions: each pair once.
    both = np.sort(np.column_stack([a[sound], b[sound]]), axis=1)
    return np.unique(both, axis=0) if len(both) else np.zeros((0, 2), np.int64)
