"""The muster: who may be called up where, at which stage, and how long each is on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects, Texts
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.surge import SurgeRules
from gridplan.rules.walking import find_minutes
from gridplan.simulation.requests.answering_posts import ORDER, count_street, list_posts
from gridplan.simulation.requests.calendar import number_roles
from gridplan.simulation.requests.kernel_state import AID, INSTITUTION, OWN, STREET
from gridplan.simulation.requests.service_system import (
    ServiceSystem,
    link_over,
    link_posts,
    list_cells,
)
from gridplan.simulation.requests.travel_times import measure_links
from gridplan.simulation.surge.surge_travel import SurgeTravel
from gridplan.tables.roles import find_roles

STAGES = ("own", "community", "street", "institution", "aid")
# Stages by what a role serves, and of those who come from outside.
STAGE_OF = {"volunteer": "community", "community": "community", "street": "street"}
OUTSIDE = {"member": "institution", "aid": "aid"}


@dataclass(frozen=True, eq=False)
class Muster:
    """Who may be called up, of the subdistricts in which anything is affected.

    Parameters
    ----------
    system
        Sub-grids, posts (those of institutions and adjoining communities among
        them, as volunteers) and links with minutes.
    households
        float64[n], households affected.
    checks
        int64[n], how often somebody is asked for, so that all of them are seen
        to.
    hit
        bool[n], whether the sub-grid lies in a community of which anything is
        affected.
    stage
        object[m], one of ``STAGES``.
    called
        bool[m], whether the post is called up.
    role
        int64[m], the row of its role among those that answer.
    source
        object[m], the institution or community that it is sent by, else empty.
    home
        object[m], where its ways begin: a stairwell, or an institution.
    struck
        bool[m], whether it lives in what the event affects.
    """

    system: ServiceSystem
    households: Floats
    checks: Ints
    hit: Bools
    stage: Objects
    called: Bools
    role: Ints
    source: Objects
    home: Objects
    struck: Bools

    @property
    def affected(self) -> Ints:
        """Rows of the sub-grids that are affected: int64."""
        return np.flatnonzero(self.checks > 0)

    def list_cut_off(self) -> list[str]:
        """List the affected sub-grids that nobody from outside reaches."""
        from_own = self.system.tier == OWN
        reached = np.bincount(self.system.cell[~from_own], minlength=len(self.checks)) > 0
        return [
            str(code) for code in self.system.cells.index[self.affected[~reached[self.affected]]]
        ]


def make_muster(
    plan: Plan, affected: pd.Series[Any], struck: pd.Series[Any], rules: Rules
) -> Muster:
    """Make the muster of a staffed plan for what an event affects.

    In communities of which nothing is affected ways are the usual ones; the
    others are measured by :func:`measure_muster`.

    ``affected`` are households by sub-grid, ``struck`` says by stairwell
    whether its homes are affected.
    """
    every = list_cells(plan)
    posts = list_posts(plan, every)
    homes = affected.reindex(every.index).fillna(0.0)
    # whole blocks, as their posts may be at work anywhere in them
    blocks = every.loc[homes > 0, "block"].unique()
    cells = every[every["block"].isin(blocks)]
    homes = homes[every["block"].isin(blocks)]
    hit = cells["community"].isin(cells.loc[homes > 0, "community"]).to_numpy()
    towns = sorted(cells.loc[hit, "community"].unique())
    mine = posts[posts["block"].isin(blocks)].assign(source="")
    more = [count_street(cells, rules.simulation), list_members(plan, towns, cells, rules.surge)]
    if rules.surge.mutual_aid:
        more.append(list_aid(plan, posts, towns, cells, rules.surge))
    crew = pd.concat([mine, *more]).fillna("")
    # helpers from outside are sorted among the others, so that links stay in one order
    crew.index.name = "post"
    crew = crew.reset_index().sort_values(ORDER, kind="stable").set_index("post")
    role = crew["role"].to_numpy(object)
    stages = OUTSIDE | {r.role: STAGE_OF.get(r.serves, "own") for r in find_roles()}
    stage = np.array([stages[r] for r in role], object)
    # staff of the subdistrict belong to no community, and are always called
    called = crew["community"].isin(towns).to_numpy() | (role == "street_staff")
    cell, post, tier = _add_links(link_posts(plan, crew, cells), crew, cells, homes.to_numpy() > 0)
    shown = crew[["role", "community", "block"]].assign(
        role=np.where(np.isin(role, ["member", "aid"]), "volunteer", role)
    )
    # one check is of several households; the small amount keeps exact quotients
    checks = np.ceil(homes.to_numpy(float) / rules.surge.check_households - 1e-9).astype(np.int64)
    way = np.full(len(cell), np.nan)
    calm = ~hit[cell]
    # where nothing is affected ways are the usual ones and measured once
    way[calm] = (
        measure_links(plan, crew["home"], cells, post[calm], cell[calm], rules)
        if calm.any()
        else 0.0
    )
    way[calm & (tier == STREET)] = rules.simulation.street_minutes
    return Muster(
        ServiceSystem(cells, pd.DataFrame(shown), cell, post, tier, way),
        homes.to_numpy(float),
        checks,
        hit,
        stage,
        called,
        number_roles(shown["role"]),
        crew["source"].to_numpy(object),
        crew["home"].to_numpy(object),
        crew["home"].isin(struck.index[struck]).to_numpy(bool),
    )


def list_members(
    plan: Plan, towns: list[str], cells: pd.DataFrame, rules: SurgeRules
) -> pd.DataFrame:
    """List the members that institutions send to communities.

    Those who check in there, or a few for a pairing alone.
    """
    links = plan.links[
        plan.links["kind"].isin(["pairing", "member_checkin"]) & plan.links["community"].isin(towns)
    ]
    # the amount of a pairing is not a number of people
    amount = np.where(links["kind"] == "pairing", 0.0, links["amount"].to_numpy(float))
    number = (
        links.assign(amount=amount).groupby(["source", "community"])["amount"].sum().sort_index()
    )
    # a pairing says nothing of numbers: the rules do
    number = np.rint(number.where(number > 0, rules.pair_members)).astype(np.int64)
    rows = [
        (f"{i}-{c}-M{n + 1:03d}", "member", c, i, i)
        for (i, c), many in number.items()
        for n in range(many)
    ]
    return _make_posts(rows, cells)


def list_aid(
    plan: Plan, posts: pd.DataFrame, towns: list[str], cells: pd.DataFrame, rules: SurgeRules
) -> pd.DataFrame:
    """List the volunteers of adjoining communities that are not affected.

    Of one that adjoins several, in turn to each.
    """
    land = plan.site.communities.sort_index().geometry
    code = land.index.to_numpy(object)
    one, two = shapely.STRtree(land.to_numpy()).query(
        land.to_numpy(), predicate="dwithin", distance=rules.aid_reach
    )
    # neighbours that are hit themselves send nobody
    kept = np.isin(code[one], towns) & ~np.isin(code[two], towns)
    goes: dict[str, list[str]] = {}
    for a, b in sorted(zip(code[one[kept]], code[two[kept]], strict=True)):
        goes.setdefault(str(b), []).append(str(a))
    helpers = posts[(posts["role"] == "volunteer") & posts["community"].isin(list(goes))]
    turn = helpers.groupby("community").cumcount().to_numpy()
    rows = []
    for post, c, home, n in zip(
        helpers.index, helpers["community"], helpers["home"], turn, strict=True
    ):
        # dealt out in turn, so that each neighbour gets its share
        to = goes[c][n % len(goes[c])]
        rows.append((f"{post}-{to}-A", "aid", to, home, c))
    return _make_posts(rows, cells)


def _make_posts(rows: list[tuple[str, str, str, str, str]], cells: pd.DataFrame) -> pd.DataFrame:
    """Make a table of posts from code, role, community, home and source."""
    table = pd.DataFrame(
        rows, columns=["post", "role", "community", "home", "source"], dtype=object
    ).set_index("post")
    block = cells.groupby("community")["block"].first()
    return table.assign(block=table["community"].map(block), subgrid="", building="", stairwell="")


def _add_links(
    links: tuple[Ints, Ints, Ints], crew: pd.DataFrame, cells: pd.DataFrame, hit: Bools
) -> Any:
    """Add the links of those who come from outside, and of each subdistrict's staff.

    They lead to what is affected in their community.
    """
    parts = [links]
    for role, step, over, only in (
        ("member", INSTITUTION, "community", hit),
        ("aid", AID, "community", hit),
        ("street_staff", STREET, "block", True),
    ):
        linked_cells, linked_posts = link_over(cells, crew, over, role, only)
        parts.append((linked_cells, linked_posts, np.full(len(linked_posts), step)))
    cell, post, tier = (
        np.concatenate([part[n] for part in parts]).astype(np.int64) for n in range(3)
    )
    order = np.lexsort((tier, post, cell))
    return cell[order], post[order], tier[order]


def measure_muster(
    plan: Plan,
    muster: Muster,
    ways: SurgeTravel,
    rules: Rules,
    slow: float,
    known: Muster | None = None,
    only: Any = None,
) -> Muster:
    """Measure the minutes of links in communities that are hit; drop those without a way.

    A way within one's own sub-grid is its mean walk.
    The staff of the subdistrict comes wherever anybody else from outside can.

    Parameters
    ----------
    plan, rules
        The plan, and its rules.
    muster
        As :func:`make_muster` makes it.
    ways
        On the ground that is left.
    slow
        So many times the usual time for a way in communities that are hit.
    known, only
        Another measure of the same muster, and the codes of the communities in
        which ways differ from it.
    """
    system = muster.system
    community = system.cells["community"].to_numpy(object)[system.cell]
    hit = muster.hit[system.cell]
    minutes = system.way.copy()
    if known is not None:
        minutes[hit] = np.inf
        # links that another measure has dropped stay infinite until measured again
        minutes[find_links(system, known.system)] = known.system.way
    for code in sorted(set(community[hit]) if only is None else only):
        rows = np.flatnonzero(hit & (community == code))
        minutes[rows] = _measure_community(plan, muster, ways, rules, rows) * slow
    minutes = np.round(minutes, 4)  # where closed land cuts a street must not matter
    kept = np.isfinite(minutes)
    measured = ServiceSystem(
        system.cells,
        system.posts,
        system.cell[kept],
        system.post[kept],
        system.tier[kept],
        minutes[kept],
    )
    return replace(muster, system=measured)


def find_links(whole: ServiceSystem, some: ServiceSystem) -> Ints:
    """Find the rows of links among those of a larger system of the same sub-grids and posts."""
    # one number for each link; both systems are sorted by sub-grid, then post
    before, after = (s.cell * np.int64(len(whole)) + s.post for s in (whole, some))
    return np.asarray(np.searchsorted(before, after))


def _measure_community(
    plan: Plan, muster: Muster, ways: SurgeTravel, rules: Rules, rows: Ints
) -> Floats:
    """Measure the links of one community in minutes, infinite where there is no way."""
    system = muster.system
    cell = system.cell[rows]
    post = system.post[rows]
    tier = system.tier[rows]
    doors = plan.stairwells
    street = tier == STREET
    centre = system.cells["centre"].to_numpy(object)[cell]
    home = np.where(muster.home[post] == "", centre, muster.home[post])
    # each place is looked up on the streets once, however many links begin or end there
    names, column = np.unique(centre.astype(str), return_inverse=True)
    spots, row = np.unique(home.astype(str), return_inverse=True)
    metres = ways.measure(
        place_homes(plan, spots), doors.loc[names], str(system.cells["community"].iloc[cell[0]])
    )[row, column]
    inside = (
        doors["subgrid"].reindex(home).to_numpy(object) == system.cells.index.to_numpy(object)[cell]
    )
    # within the own sub-grid the mean walk counts, as on usual days
    metres[inside] = 0.0
    metres = np.maximum(metres, system.cells["mean_walk"].fillna(0.0).to_numpy(float)[cell])
    # helpers from outside may come by vehicle
    speed = np.where(tier >= AID, rules.surge.speed, rules.walking.speed)
    minutes = find_minutes(metres, speed)
    outside = ~street & (tier != OWN) & np.isfinite(metres)
    # the subdistrict's staff have no known home: they come where others get through
    reached = np.bincount(cell[outside], minlength=len(system.cells)) > 0
    return np.asarray(
        np.where(street, np.where(reached[cell], rules.simulation.street_minutes, np.inf), minutes)
    )


def place_homes(plan: Plan, codes: Texts) -> gpd.GeoDataFrame:
    """Place stairwells and institutions by their codes."""
    shapes = plan.stairwells.geometry.reindex(codes)
    # what is no stairwell is an institution
    shapes = shapes.where(shapes.notna(), plan.site.institutions.geometry.reindex(codes))
    return gpd.GeoDataFrame(
        geometry=gpd.GeoSeries(
            shapes.to_numpy(), index=pd.Index(codes, name="home"), crs=plan.site.crs
        )
    )
