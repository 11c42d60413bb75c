"""Changes: which sub-grids and communities a new assignment, or new land, changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Shapes
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import Site

# Columns of stairwells that outlines are drawn from.
OF_LAND = ("building", "community", "door", "slice_from", "slice_to", "subgrid")
BESIDE = 1.0  # m from a community's limit within which a line may shape the outlines in it


@dataclass(frozen=True)
class PlanChanges:
    """What changed between a plan and a new assignment of stairwells.

    ``figures`` are the codes, old and new, whose members or their households
    changed; ``land`` those whose outlines must be drawn again, ``wholly_drawn`` the
    communities whose own land changed, ``limits`` those whose limit or
    barriers did.
    """

    figures: frozenset[str]
    land: frozenset[str]
    wholly_drawn: frozenset[str]
    limits: frozenset[str]

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.figures or self.land or self.wholly_drawn)


def find_changes(
    plan: Plan, site: Site, stairwells: Any, centres: Mapping[str, str], rules: Rules
) -> PlanChanges:
    """Find what changes where stairwells, sub-grids or site differ from the plan's.

    ``stairwells`` bear their new sub-grids, ``centres`` the stairwells wanted
    as centres of some sub-grids.
    """
    moved, counted = _compare_stairwells(plan.stairwells, stairwells)
    land = _find_codes(plan.stairwells, stairwells, moved)
    figures = _find_codes(plan.stairwells, stairwells, counted)
    # A new code has no outline yet.
    land |= set(stairwells["subgrid"].unique()) - set(plan.subgrids.index)
    of_plan = plan.subgrids["centre"].to_dict()
    # What moves on the map also changes its figures, and so does another centre.
    figures |= land | {code for code, centre in centres.items() if of_plan.get(code) != centre}
    figures |= _find_other_bands(plan.subgrids, stairwells, rules)
    # The same value, so the same land: comparing all its tables would find
    # nothing.
    if site is plan.site:
        return PlanChanges(frozenset(figures), frozenset(land), frozenset(), frozenset())
    limits = _find_limits(plan.site, site)
    wholly_drawn = set(limits) | _find_near(_find_differing(plan.site.streets, site.streets), site)
    if rules.exclusive.drawn:
        kinds = set(rules.exclusive.kinds)
        for table in ("places", "institutions"):
            old, new = (
                t[t["kind"].isin(kinds)] for t in (getattr(plan.site, table), getattr(site, table))
            )
            wholly_drawn |= _find_near(_find_differing(old, new), site)
    footprints = _find_differing(plan.site.buildings, site.buildings)
    touched = _find_touched(footprints, plan.subgrids)
    # Land without homes is drawn with its whole community; other sub-grids by
    # themselves.
    lone = touched[plan.subgrids["kind"].reindex(touched) != "residential"]
    wholly_drawn |= set(plan.subgrids["community"].reindex(lone)) & set(site.communities.index)
    land |= set(touched) - set(lone)
    return PlanChanges(
        frozenset(figures), frozenset(land), frozenset(wholly_drawn), frozenset(limits)
    )


def _compare_stairwells(old: Any, new: Any) -> tuple[pd.Index[Any], pd.Index[Any]]:
    """Find the stairwells whose place in the land changed, and those where anything else did."""
    both = old.index.intersection(new.index)
    lone = old.index.symmetric_difference(new.index)
    a = old
    b = new
    # A selection copies the table, and an edit leaves the index as it is.
    if len(lone) or not old.index.equals(new.index):
        a = old.loc[both]
        b = new.loc[both]
    moved = np.zeros(len(a), bool)
    other = np.zeros(len(a), bool)
    for column in a.columns:
        if column == "geometry":
            here = shapely.get_coordinates(a.geometry.array)
            there = shapely.get_coordinates(b.geometry.array)
            other |= (here != there).any(axis=1) if len(here) == len(there) == len(a) else True
        elif column in OF_LAND:
            moved |= a[column].to_numpy() != b[column].to_numpy()
        else:
            other |= a[column].to_numpy() != b[column].to_numpy()
    return lone.union(a.index[moved]), a.index[other]


def _find_codes(old: Any, new: Any, stairwells: pd.Index[Any]) -> set[str]:
    """Find the sub-grids that some stairwells were in or are in now."""
    codes: set[str] = set()
    for table in (old, new):
        codes |= set(table["subgrid"].reindex(stairwells).dropna())
    return codes - {""}


def _find_other_bands(subgrids: Any, stairwells: Any, rules: Rules) -> set[str]:
    """Find the sub-grids of homes whose band is not that of their class any more."""
    homes = subgrids[subgrids["kind"] == "residential"]
    kind = (
        stairwells.drop_duplicates("subgrid")
        .set_index("subgrid")["community_kind"]
        .reindex(homes.index)
    )
    other = np.zeros(len(homes), bool)
    # There are two classes and thousands of sub-grids, so bands are compared
    # by class.
    for word in kind.dropna().unique():
        band = rules.find_band(str(word))
        off = (
            homes[["low", "target", "high"]].to_numpy() != [band.low, band.target, band.high]
        ).any(axis=1)
        other |= off & (kind == word).to_numpy()
    return set(homes.index[other])


def _find_differing(old: Any, new: Any) -> Shapes:
    """Find the shapes that only one of two tables has."""
    if old is new:
        return np.zeros(0, object)
    a = old.geometry.to_numpy()
    b = new.geometry.to_numpy()
    # Bytes are compared: any other corner is a change, and hashing is quick.
    one = pd.Index(shapely.to_wkb(a))
    two = pd.Index(shapely.to_wkb(b))
    return np.concatenate([a[~one.isin(two)], b[~two.isin(one)]])


def _find_limits(old: Site, new: Site) -> set[str]:
    """Find the communities whose limit is new or another, or near which a barrier changed."""
    before = old.communities.geometry.reindex(new.communities.index).to_numpy()
    # A new community has no outline before, and nothing equals a missing one.
    other = ~shapely.equals_exact(before, new.communities.geometry.to_numpy(), 0.0)
    return set(new.communities.index[other]) | _find_near(
        _find_differing(old.barriers, new.barriers), new
    )


def _find_near(shapes: Shapes, site: Site) -> set[str]:
    """Find the communities that some shapes lie in or beside."""
    if not len(shapes):
        return set()
    limits = site.communities.geometry.to_numpy()
    met = shapely.STRtree(shapes).query(limits, predicate="dwithin", distance=BESIDE)[0]
    return set(site.communities.index[np.unique(met)])


def _find_touched(footprints: Shapes, subgrids: Any) -> pd.Index[Any]:
    """Find the sub-grids on whose land some footprints stand."""
    if not len(footprints):
        return subgrids.index[:0]
    met = shapely.STRtree(subgrids.geometry.to_numpy()).query(footprints, predicate="intersects")[1]
    return subgrids.index[np.unique(met)]
