"""Preparing the land: what every verb needs before it divides, measures or proves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import pandas as pd

from gridplan.arrays import Floats
from gridplan.division.problem import DivisionProblem, make_division_problem
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.geometry.holders import find_holders
from gridplan.land.communities import assign_communities
from gridplan.land.community_kinds import judge_kinds
from gridplan.land.compounds import infer_compounds
from gridplan.land.given_limits import complete_limits, lead_limits
from gridplan.land.households import estimate_households
from gridplan.land.neighbours import drop_idle_openings, find_neighbours
from gridplan.land.no_homes import refuse_without_homes
from gridplan.land.settlements import make_settlements
from gridplan.land.stairwells import find_stairwells
from gridplan.land.street_blocks import add_blocks
from gridplan.plan import Plan
from gridplan.planning.outlines.special_grids import note_outside
from gridplan.planning.robust_prices import expect_outside
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
from gridplan.tables.ledger import Entry
from gridplan.walking.door_distances import measure_among


@dataclass(frozen=True)
class PreparedLand:
    """A site with all that comes before a division: who lives where, and who can be walked to.

    The division problems and the ways between doors are dear, so they are
    found when they are first asked for, and kept.

    Parameters
    ----------
    site
        The land; its households, classes and compounds are known.
    stairwells, neighbours
        Its homes, and which of them can be walked to from each other.
    rules
        The rules that it was prepared by.
    """

    site: Site
    stairwells: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    rules: Rules

    @cached_property
    def _walked(self) -> tuple[dict[str, Floats], list[Entry]]:
        return find_ways(self.site, self.stairwells, self.rules)

    @property
    def ways(self) -> dict[str, Floats]:
        """Walking metres among the stairwells of every community.

        None where the rules measure straight lines.
        """
        return self._walked[0]

    @property
    def way_entries(self) -> list[Entry]:
        """What the ledger is to say about the ways."""
        return self._walked[1]

    @cached_property
    def problems(self) -> dict[str, DivisionProblem]:
        """The division problem of every community, in the order of their codes."""
        expected = (
            expect_outside(self.site, self.stairwells, self.rules)
            if self.rules.division.robust
            else {}
        )
        return make_problems(self.stairwells, self.neighbours, self.rules, self.ways, expected)

    @cached_property
    def _problems_made(self) -> dict[str, DivisionProblem]:
        return {}

    def get_problems(self, communities: Collection[str]) -> dict[str, DivisionProblem]:
        """Return the division problems of some communities, each made once and kept.

        Examples
        --------
        >>> from gridplan.synthetic import make_board_plan
        >>> land = open_land(make_board_plan())
        >>> land.get_problems(["0301"])["0301"] is land.get_problems(["0301"])["0301"]
        True
        """
        # A problem is of one community alone, so that those made before are still true.
        missing = set(communities) - self._problems_made.keys()
        homes = self.stairwells[self.stairwells["community"].isin(missing)]
        if len(homes):
            self._problems_made.update(self.take(homes).problems)
        return {
            code: self._problems_made[code]
            for code in sorted(set(communities))
            if code in self._problems_made
        }

    def take(self, stairwells: gpd.GeoDataFrame) -> PreparedLand:
        """Take some of the stairwells, and the pairs of neighbours with both ends among them.

        Examples
        --------
        >>> from gridplan.synthetic import make_board_plan
        >>> land = open_land(make_board_plan())
        >>> len(land.take(land.stairwells.iloc[:4]).problems["0301"])
        4
        """
        return replace(
            self, stairwells=stairwells, neighbours=take_inner(self.neighbours, stairwells)
        )


def prepare_land(site: Site, rules: Rules, *, progress: Progress = keep_silent) -> PreparedLand:
    """Prepare a site as it was read.

    Fills what it does not say, takes its buildings apart, and finds which
    homes can be walked between.

    Raises
    ------
    InputError
        If nobody lives on the site.
    """
    return prepare_homes(prepare_site(site, rules, progress=progress), rules, progress=progress)


def prepare_homes(site: Site, rules: Rules, *, progress: Progress = keep_silent) -> PreparedLand:
    """Prepare a site whose households, classes and compounds are known.

    As :func:`prepare_land` does. What was inferred is noted in the site's
    ledger.
    """
    progress("stairwells", 0, 1)
    stairwells, inferred = find_stairwells(
        site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells
    )
    if stairwells.empty:
        raise refuse_without_homes(site.buildings, site.ledger)
    progress("neighbours", 0, 1)
    neighbours, joined = find_neighbours(stairwells, site.barriers, site.openings, rules.neighbours)
    stairwells = add_blocks(stairwells, site, rules.settlements)
    return PreparedLand(site.note([*inferred, *joined]), stairwells, neighbours, rules)


def open_land(plan: Plan, rules: Rules | None = None) -> PreparedLand:
    """Return the land of a plan, which was prepared when it was drawn.

    By its own rules if none are given.
    """
    return PreparedLand(plan.site, plan.stairwells, plan.neighbours, rules or plan.rules)


def prepare_site(site: Site, rules: Rules, *, progress: Progress = keep_silent) -> Site:
    """Fill what the site does not say.

    Communities, households, classes and compounds, each noted in the ledger.
    """
    progress("communities", 0, 1)
    site = drop_idle_openings(site)
    # Settlements first: all that follows is filled in by community.
    if site.communities.empty:
        site = make_settlements(site, rules.settlements, _estimate_alone(site, rules))
    elif rules.site.outside == "nearest" and _lie_outside(site):
        site = complete_limits(site, rules.settlements, _estimate_alone(site, rules))
    if rules.special.drawn:
        site = site.note([note_outside(site.barriers, site.communities, rules.special)])
    site = fill_site(assign_communities(site, rules.site), rules, progress=progress)
    return lead_limits(site)


def _lie_outside(site: Site) -> bool:
    """Whether any building lies outside every community."""
    limits = site.communities.geometry.to_numpy()
    return bool((find_holders(site.buildings.geometry.to_numpy(), limits) < 0).any())


def _estimate_alone(site: Site, rules: Rules) -> pd.Series[Any]:
    """Estimate households before there are communities, to know where homes are."""
    return estimate_households(site, rules.households).buildings["households"]


def fill_site(
    site: Site,
    rules: Rules,
    *,
    teachers: pd.DataFrame | None = None,
    progress: Progress = keep_silent,
) -> Site:
    """Fill in the households, classes and compounds of a site with known communities.

    ``teachers`` are the counted buildings of the whole city, for a part of it.
    """
    progress("households", 0, 1)
    site = estimate_households(site, rules.households, teachers)
    # Classes are judged by density, so that households have to be known;
    # compounds are inferred in urban communities only.
    site = judge_kinds(site, rules.site, rules.households)
    progress("compounds", 0, 1)
    return infer_compounds(site, rules.site)


def find_ways(
    site: Site, stairwells: gpd.GeoDataFrame, rules: Rules
) -> tuple[dict[str, Floats], list[Entry]]:
    """Find the walking metres among stairwells, where the rules ask for ways along streets."""
    return (
        measure_among(site, stairwells, rules.walking)
        if rules.division.metric == "network"
        else ({}, [])
    )


def make_problems(
    stairwells: gpd.GeoDataFrame,
    neighbours: pd.DataFrame,
    rules: Rules,
    ways: Mapping[str, Any] | None = None,
    expected: Mapping[str, Any] | None = None,
) -> dict[str, DivisionProblem]:
    """Make the division problem of every community, by code.

    ``ways`` are as :func:`find_ways` gives them, ``expected`` as
    :func:`expect_outside` does.
    """
    ways, expected = ways or {}, expected or {}
    # Neighbours never lie in two communities, so one end says which.
    belongs = stairwells["community"].reindex(neighbours["focal"]).to_numpy()
    pairs = dict(tuple(neighbours.groupby(belongs, sort=True)))
    none = neighbours.iloc[:0]
    return {
        str(community): make_division_problem(
            homes,
            pairs.get(community, none),
            rules.find_band(str(homes["community_kind"].iloc[0])),
            rules.prices,
            ways.get(str(community)),
            expected.get(str(community)),
        )
        for community, homes in stairwells.groupby("community", sort=True)
    }


def take_inner(pairs: pd.DataFrame, stairwells: gpd.GeoDataFrame) -> pd.DataFrame:
    """Take the pairs of neighbours with both ends among some stairwells."""
    ends = [stairwells.index.get_indexer(pairs[end]) >= 0 for end in ("focal", "neighbour")]
    return pairs[ends[0] & ends[1]]
