"""The stairwells of coverage in order of code, with their groups and minutes of stairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules

CLASSES = ("urban", "rural")


@dataclass(frozen=True, eq=False)
class CoverageInputs:
    """Stairwells sorted by code.

    Parameters
    ----------
    doors
        The stairwells table.
    xy
        float64[n, 2], metres.
    homes
        int64[n], households.
    weight
        int64[n], the demand: households, or people of the group that a kind of
        post serves.
    communities, community
        Codes of all communities, sorted, and the row of each stairwell's (-1:
        none).
    street
        int64, the number of each community's subdistrict (-1: none), by the
        rows of ``communities``.
    subgrids, subgrid
        The same for sub-grids of homes.
    kind
        int64[n], row in ``CLASSES`` of each stairwell's class (-1: none).
    stairs, slow_stairs
        float64[n], minutes on the stairs, of usual and of slower walkers.
    """

    doors: gpd.GeoDataFrame
    xy: Floats
    homes: Ints
    weight: Ints
    communities: pd.Index[Any]
    community: Ints
    street: Ints
    subgrids: pd.Index[Any]
    subgrid: Ints
    kind: Ints
    stairs: Floats
    slow_stairs: Floats

    def __len__(self) -> int:
        """Return the number of stairwells."""
        return len(self.doors)

    def group(self, scope: str) -> Ints:
        """Return the number of the group whose service points each stairwell may go to.

        One for all where that is the city.
        """
        if scope == "subdistrict":
            # a door of no community reads the -1 at the end
            return np.asarray(np.append(self.street, -1)[self.community], np.int64)
        return {"community": self.community, "subgrid": self.subgrid}.get(
            scope, np.zeros(len(self), np.int64)
        )


def prepare_coverage_inputs(plan: Plan, rules: Rules) -> CoverageInputs:
    """Prepare the stairwells of a plan, with the stairs that the rules ask for.

    Stairs count to the middle, or the highest, of a stairwell's floors; none
    where the building is so high that it has a lift
    (``staffing.lift_floors``).
    """
    # by code, so that results do not depend on the order of rows in the plan
    doors = plan.stairwells.sort_index()
    # nobody lives in an exclusive grid, so nobody there needs to be served
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"].index.sort_values()
    # get_indexer below gives -1 for a code that is not in the index, and callers skip it
    communities = plan.site.communities.index.sort_values()
    points = doors.geometry.to_numpy()
    floors = _count_floors(doors, rules)
    households = doors["households"].to_numpy(np.int64)
    return CoverageInputs(
        doors=doors,
        xy=np.column_stack([shapely.get_x(points), shapely.get_y(points)]),
        homes=households,
        weight=households,
        communities=communities,
        community=communities.get_indexer(pd.Index(doors["community"])),
        street=_number_streets(plan.site.communities["subdistrict"].reindex(communities)),
        subgrids=homes,
        subgrid=homes.get_indexer(pd.Index(doors["subgrid"])),
        kind=pd.Index(CLASSES).get_indexer(pd.Index(doors["community_kind"])),
        stairs=floors * rules.walking.floor_minutes,
        slow_stairs=floors * rules.walking.slow_floor_minutes,
    )


def _number_streets(named: pd.Series[Any]) -> Ints:
    """Find the number of each community's subdistrict, by name; -1 where none is named."""
    return np.asarray(pd.factorize(named.replace("", np.nan), sort=True)[0], np.int64)


def _count_floors(doors: gpd.GeoDataFrame, rules: Rules) -> Floats:
    """Count the floors that are climbed to the doors of homes."""
    low, high = (doors[c].to_numpy(float) for c in ("floor_from", "floor_to"))
    # a lift serves the whole building, whichever floors a stairwell band has
    top = doors.groupby("building")["floor_to"].transform("max").to_numpy(float)
    # the ground floor is floor 1, to which nobody climbs
    floor = {"middle": (low + high) / 2.0, "upper": high, "none": np.ones(len(doors))}[
        rules.coverage.stairs
    ]
    # basements are below floor 1, and count as no climb
    return np.where(top >= rules.staffing.lift_floors, 0.0, np.maximum(floor - 1.0, 0.0))
