"""Starts: each community as it is in the plan, with all that its future begins from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.division.problem import DivisionProblem
from gridplan.plan import Plan
from gridplan.planning.prepare import make_problems
from gridplan.redrawing.revision.locks import find_frozen
from gridplan.rules.all_rules import Rules
from gridplan.simulation.years.planned_changes import Estate, Given


@dataclass(frozen=True, eq=False)
class People:
    """Members and volunteers by atom, and the branch of each.

    int64[n, 3] (full, available, volunteers); -1 for no branch.
    """

    counts: Ints
    branch: Ints


@dataclass(frozen=True, eq=False)
class Start:
    """One community of a plan at the end of year 0.

    Parameters
    ----------
    community, urban
        Its code and class.
    problem
        Its stairwells as atoms; ways are straight lines and climbs.
    label, codes
        int64[n], the sub-grid of each atom, and their codes.
    fixed, closed, kept
        What locks hold: atoms, and sub-grids (as in
        :class:`gridplan.division.move_penalties.Homes`).
    settled
        bool[count], sub-grids whose being out of band the plan explains, so
        that nobody tries again until they change.
    building, names, floors
        int64[n], the building of each atom; their codes and floors.
    floor_band, storey
        Households of a floor band that a stairwell too large is cut into, and
        walking metres of one floor.
    reach
        Longest step between neighbours, in metres.
    land, barriers
        The outline without exclusive grids, and hard barriers on it.
    estates, gone
        What is given: estates, and by building the year in which it is
        demolished, 0 for none.
    people
        None where the plan was not organised.
    """

    community: str
    urban: bool
    problem: DivisionProblem
    label: Ints
    codes: tuple[str, ...]
    fixed: Bools
    closed: Bools
    kept: Bools
    settled: Bools
    building: Ints
    names: tuple[str, ...]
    floors: Floats
    floor_band: float
    storey: float
    reach: float
    land: Any
    barriers: Objects
    estates: tuple[Estate, ...]
    gone: Ints
    people: People | None


def list_starts(plan: Plan, given: Given, rules: Rules) -> list[Start]:
    """List the communities of a plan in which somebody lives, by code.

    Parameters
    ----------
    plan
        Any working plan.
    given
        What is known of the years to come.
    rules
        Bands, prices and steps between neighbours.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> start, = list_starts(make_board_plan(), Given(), Rules())
    >>> start.community, start.label.tolist(), start.codes
    ('0301', [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1], ('0301-001', '0301-002'))
    """
    # sorted by code, so that the order of rows in a file changes nothing
    doors = plan.stairwells.sort_index()
    frozen = find_frozen(plan, doors)
    fixed = pd.Series(frozen.stairwells, index=doors.index)
    # a sub-grid among the exceptions is out of band for a reason that stays
    listed = set(plan.exceptions["subgrid"])
    years = _date_demolitions(plan, given)
    lands = _find_lands(plan)
    floors = plan.site.buildings["floors"]
    starts = []
    # Made here and not taken from prepared land: there, ways may be measured along
    # streets, and doors that come in later years have no such ways.
    for community, problem in make_problems(doors, plan.neighbours, rules).items():
        community_doors = doors.loc[list(problem.ids)]
        codes, label = np.unique(
            community_doors["subgrid"].to_numpy(object).astype(str), return_inverse=True
        )
        names, building = np.unique(
            community_doors["building"].to_numpy(object).astype(str), return_inverse=True
        )
        urban = community_doors["community_kind"].iloc[0] == "urban"
        land, barriers = lands[community]
        locked, kept, settled = (
            np.isin(codes, list(these)) for these in (frozen.closed, frozen.kept, listed)
        )
        starts.append(
            Start(
                community=str(community),
                urban=bool(urban),
                problem=problem,
                label=label.astype(np.int64),
                codes=tuple(map(str, codes)),
                fixed=fixed.reindex(community_doors.index).to_numpy(bool),
                closed=locked,
                kept=kept,
                settled=settled,
                building=building.astype(np.int64),
                names=tuple(map(str, names)),
                # a building of unknown height has one floor
                floors=np.maximum(1.0, floors.reindex(names).fillna(1.0).to_numpy(float)),
                floor_band=rules.stairwells.band_share * problem.band.target,
                storey=rules.stairwells.floor_height * rules.stairwells.climb_factor,
                reach=rules.neighbours.urban_reach if urban else rules.neighbours.rural_reach,
                land=land,
                barriers=barriers,
                estates=tuple(e for e in given.estates if e.community == community),
                # year 0 stands for never, as nothing falls before year 1
                gone=years.reindex(names).fillna(0).to_numpy(np.int64),
                people=_find_people(plan, community_doors),
            )
        )
    return starts


def _date_demolitions(plan: Plan, given: Given) -> pd.Series[int]:
    """Find the first year in which each building is given as demolished."""
    compounds = plan.stairwells.groupby("compound")["building"].unique()
    dated: dict[str, int] = {}
    # latest first, so that the earliest year is what stays
    for event in sorted(given.demolitions, key=lambda e: -e.year):
        in_compound = list(compounds[event.compound]) if event.compound else []
        dated |= dict.fromkeys([*event.buildings, *in_compound], event.year)
    return pd.Series(dated, dtype="int64").rename_axis("building")


def _find_lands(plan: Plan) -> dict[str, tuple[Any, Objects]]:
    """Find for each community the land that may be built on, and the hard barriers on it."""
    outlines = plan.site.communities.geometry
    apart = plan.subgrids[plan.subgrids["kind"] == "exclusive"]
    barriers = plan.site.barriers
    hard = (
        barriers.geometry.to_numpy()[barriers["hard"].fillna(True).to_numpy(bool)]
        if len(barriers)
        else np.zeros(0, object)
    )
    tree = shapely.STRtree(hard)
    lands = {}
    for code, outline in outlines.items():
        exclusive = apart.geometry[apart["community"] == code].to_numpy()
        land = (
            shapely.difference(outline, shapely.union_all(exclusive))
            if len(exclusive)
            else shapely.buffer(outline, 0.0)
        )
        shapely.prepare(land)  # here, since threads share it
        lands[str(code)] = (land, hard[np.sort(tree.query(outline, predicate="intersects"))])
    return lands


def _find_people(plan: Plan, community_doors: Any) -> People | None:
    """Find the counts of a community's members; None where the plan was not organised."""
    # a plan that was not organised has no branches that could lack members
    if plan.members is None or plan.members.empty:
        return None
    members = plan.members.reindex(community_doors.index)
    counts = members[["full", "available", "volunteers"]].fillna(0).to_numpy(np.int64)
    branch = members["branch"].fillna("").to_numpy(object).astype(str)
    # numbered by code; homes without a branch get -1 below
    number = np.unique(branch, return_inverse=True)[1].astype(np.int64)
    return People(counts, np.where(branch == "", -1, number))
