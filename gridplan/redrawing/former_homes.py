"""The inputs of a redraw: the land now, and the former sub-grid of each home on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridplan.engine.parallel_map import Progress
from gridplan.errors import InputError, Problem
from gridplan.planning.prepare import PreparedLand, open_land, prepare_land
from gridplan.redrawing.revision.building_matching import match_stairwells
from gridplan.redrawing.revision.islands import find_islands
from gridplan.site import SITE_TABLES
from gridplan.tables.conform import is_spatial

if TYPE_CHECKING:
    import geopandas as gpd

    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules
    from gridplan.site import Site


@dataclass(frozen=True)
class RedrawInputs:
    """The land now, and what of the plan before is on it.

    Parameters
    ----------
    plan
        The plan before.
    land
        The land now; the column ``subgrid`` of its stairwells is that of the
        plan before, empty where they were in none.
    was
        By stairwell, the sub-grid of the plan before; empty for new homes.
    home
        By stairwell, the same where it can be carried on there: each sub-grid
        is carried on in one place, where most of its households are, so those
        that a new limit or barrier parted from it have none.
    building
        By stairwell, the building of the plan before that it continues; its
        own where it is new.
    gone
        Stairwells of the plan before that are no longer there: community,
        subgrid, households.
    match
        How the stairwells continue those of the plan before; None on the
        plan's own land.
    renewed
        Whether the land is other than that of the plan before.
    """

    plan: Plan
    land: PreparedLand
    was: pd.Series[str]
    home: pd.Series[str]
    building: pd.Series[str]
    gone: pd.DataFrame
    match: pd.DataFrame | None
    renewed: bool

    @property
    def site(self) -> Site:
        """The site now."""
        return self.land.site

    @property
    def stairwells(self) -> gpd.GeoDataFrame:
        """The homes now, in their former sub-grids."""
        return self.land.stairwells

    @property
    def neighbours(self) -> pd.DataFrame:
        """Which of these homes can be walked between."""
        return self.land.neighbours

    @property
    def households(self) -> int:
        """Households of today that were in some sub-grid before."""
        return int(self.stairwells.loc[self.was != "", "households"].sum())


def prepare_redraw(plan: Plan, site: Site | None, rules: Rules, progress: Progress) -> RedrawInputs:
    """Find the former sub-grids of the homes of a site; without a site, of the plan's own land.

    Raises
    ------
    InputError
        If nobody lives on the site, or it is nowhere near the plan's land.
    """
    # On its own land every home is its own match, and nothing needs to be prepared.
    if site is None:
        was = plan.stairwells["subgrid"].astype("str")
        # Nothing is gone from the same land: no rows, but the columns of those
        # gone.
        nobody = plan.stairwells.iloc[:0][["building", "community", "subgrid", "households"]]
        home = _choose_homes(plan.stairwells, plan.neighbours, was)
        buildings = plan.stairwells["building"].astype("str")
        return RedrawInputs(
            plan,
            open_land(plan, rules),
            was,
            home,
            buildings,
            nobody,
            None,
            renewed=False,
        )
    land = prepare_land(_reproject(site, plan), rules, progress=progress)
    stairwells = land.stairwells
    progress("matching", 0, 1)
    matching = match_stairwells(plan, stairwells, land.site.buildings, rules.redraw)
    was = matching.stairwells["home"].reindex(stairwells.index).fillna("").astype("str")
    # Without a single match the site is that of another place, or has other
    # coordinates.
    if not (was != "").any():
        remedy = (
            "give the site that the plan was drawn on as it is now; "
            "`gridplan plan` draws one from nothing"
        )
        raise InputError(
            [Problem("buildings", "the same land", "no home of the plan is on this site", remedy)]
        )
    old = matching.stairwells["old_building"].reindex(stairwells.index).fillna("")
    # Locks name buildings of the plan before, so new ones go by the old code
    # where there is one.
    building = old.where(old != "", stairwells["building"]).astype("str")
    land = replace(
        land,
        site=land.site.note(matching.entries),
        stairwells=stairwells.assign(subgrid=was),
    )
    home = _choose_homes(land.stairwells, land.neighbours, was)
    return RedrawInputs(
        plan,
        land,
        was,
        home,
        building,
        matching.gone,
        matching.stairwells,
        renewed=True,
    )


def _reproject(site: Site, plan: Plan) -> Site:
    """Bring a site into the plan's CRS, where it has another."""
    if site.crs == plan.crs:
        return site
    return site.replace(
        **{t: getattr(site, t).to_crs(plan.crs) for t in SITE_TABLES if is_spatial(t)}
    )


def _choose_homes(
    stairwells: pd.DataFrame, neighbours: pd.DataFrame, was: pd.Series[str]
) -> pd.Series[str]:
    """Choose the island where each sub-grid is carried on.

    The one with most of its households; of equals the one with its first home.
    """
    # A sub-grid has to be contiguous, so it can go on in one island only.
    island = find_islands(stairwells, neighbours)
    table = pd.DataFrame(
        {
            "was": was.to_numpy(object),
            "island": island,
            "households": stairwells["households"].to_numpy(),
        }
    )
    # Of two islands with as many households the one with the first home, so
    # that ties are stable. A rank, since codes are texts and the least of a
    # group is asked for.
    table["first"] = np.argsort(np.argsort(stairwells.index.to_numpy(object)))
    pieces = table.groupby(["was", "island"], as_index=False).agg(
        households=("households", "sum"), first=("first", "min")
    )
    pieces = pieces.sort_values(
        ["was", "households", "first"], ascending=[True, False, True]
    ).drop_duplicates("was")
    owner = dict(zip(pieces["was"], pieces["island"], strict=True))
    stays = table["was"].map(owner).to_numpy() == island
    # New homes share the empty code, which stays empty wherever it is carried
    # on.
    return was.where(stays, "").astype("str")
