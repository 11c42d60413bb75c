"""The posts that answer, where each begins its ways, and which sub-grids it serves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints
from gridplan.people.counts import tally_counts
from gridplan.plan import Plan
from gridplan.rules.simulation import SimulationRules
from gridplan.tables.roles import name_answering, name_roles

ORDER = ["block", "community", "role", "post"]
# each further volunteer lives far from those before, and those before stay
# where they are
GOLDEN = 0.6180339887498949


def list_posts(plan: Plan, cells: pd.DataFrame, volunteers: float = 1.0) -> pd.DataFrame:
    """List the posts of communities that answer: those filled, and volunteers as counted.

    Parameters
    ----------
    plan
        A staffed plan.
    cells
        The sub-grids, with community, block, centre and households.
    volunteers
        So many times the volunteers counted.

    Returns
    -------
    A table by code: role, community, block, home (stairwell that ways begin
    at); sorted by block, community, role, code.
    """
    block = cells.groupby("community")["block"].first()
    answers = (
        plan.posts["filled"]
        & plan.posts["role"].isin(name_answering())
        & plan.posts["community"].isin(block.index)
    )
    answering = plan.posts[answers]
    answering = answering[["role", "community", "subgrid", "building", "stairwell"]].assign(
        home=_find_homes(plan, answering, cells)
    )
    helpers = _place_volunteers(plan, cells, volunteers)
    posts = pd.concat([answering, helpers])
    posts = posts.assign(
        **{name: _fill(posts[name]) for name in posts}, block=_fill(posts["community"].map(block))
    )
    # blocks lie together in this order, so the kernel can take each as a slice
    posts.index.name = "post"
    return posts.reset_index().sort_values(ORDER, kind="stable").set_index("post")


def _find_homes(plan: Plan, posts: pd.DataFrame, cells: pd.DataFrame) -> pd.Series[Any]:
    """Find where the ways of posts begin.

    In order of preference: their own stairwell, the first one of their
    building, the community's office, the centre of the first sub-grid that
    they serve.
    """
    doors = plan.stairwells.sort_index()
    first = pd.Series(doors.index.to_numpy(object), index=doors["building"].to_numpy(object))
    first = first[~first.index.duplicated()]
    # who has no sub-grid of its own begins at the first one on its list of duties
    served = (
        plan.duties.sort_values(["post", "subgrid"])
        .drop_duplicates("post")
        .set_index("post")["subgrid"]
    )
    subgrid = posts["subgrid"].where(posts["subgrid"] != "", _fill(served.reindex(posts.index)))
    office = _fill(posts["community"].map(find_offices(plan, cells)))
    home = posts["stairwell"].where(
        posts["stairwell"].isin(doors.index), _fill(posts["building"].map(first))
    )
    home = home.where(~posts["role"].isin(name_roles(starts="office")), office)
    home = home.where(home != "", _fill(subgrid.map(cells["centre"])))
    return home.where(home != "", office)


def _fill(codes: pd.Series[Any]) -> pd.Series[Any]:
    """Fill what is not known with empty text; a column without any row may have come as numbers."""
    return codes.astype("str").fillna("")


def find_offices(plan: Plan, cells: pd.DataFrame) -> pd.Series[Any]:
    """Find the stairwell nearest to each community's service centre.

    Where no service centre is known, the middle of the community's centres
    takes its place.
    """
    doors = plan.stairwells.geometry.reindex(cells["centre"]).to_numpy()
    centres = pd.DataFrame(
        shapely.get_coordinates(doors), columns=["x", "y"], index=cells.index
    ).assign(community=cells["community"])
    # without a service centre, the office is taken to be in the middle of the community
    middle = centres.groupby("community")[["x", "y"]].mean()
    places = plan.site.places[plan.site.places["kind"] == "service_centre"].sort_index()
    if len(places):
        points = shapely.point_on_surface(places.geometry.to_numpy())
        land, row = shapely.STRtree(plan.site.communities.geometry.to_numpy()).query(
            points, predicate="within"
        )[::-1]
        office = pd.DataFrame(shapely.get_coordinates(points[row]), columns=["x", "y"])
        office.index = plan.site.communities.index[land]
        office = office[~office.index.duplicated()]
        # a known service centre overrides the middle
        middle.update(office)
    centres["far"] = np.hypot(
        *(centres[["x", "y"]].to_numpy() - middle.reindex(centres["community"]).to_numpy()).T
    )
    nearest = centres.sort_values(["community", "far"], kind="stable").drop_duplicates("community")
    return pd.Series(
        cells["centre"].reindex(nearest.index).to_numpy(object),
        index=nearest["community"].to_numpy(object),
    )


def _place_volunteers(plan: Plan, cells: pd.DataFrame, times: float) -> pd.DataFrame:
    """Place volunteers in their community, as its households live; none where none were counted."""
    homes = cells.groupby("community", sort=False)[
        "households"
    ].sum()  # in the order of the cells, which lie together
    counted = (
        tally_counts(plan.site, ["volunteers"], homes)
        .values["volunteers"]
        .reindex(homes.index)
        .fillna(0)
    )
    number = np.floor(counted.to_numpy(float) * times + 0.5).astype(np.int64)
    of = np.repeat(np.arange(len(homes)), number)
    # the number of each volunteer within its community
    nth = np.arange(len(of)) - np.repeat(np.cumsum(number) - number, number)
    total = homes.to_numpy(np.int64)
    upto = np.cumsum(cells["households"].to_numpy(np.int64))
    # Whole numbers, so that where somebody lives does not depend on how many
    # households stand before the community.
    household = (np.cumsum(total) - total)[of] + np.floor(
        total[of] * ((nth + 1) * GOLDEN % 1.0)
    ).astype(np.int64)
    # the household that is sampled becomes the sub-grid in which it lives
    row = np.minimum(np.searchsorted(upto, household, side="right"), len(cells) - 1)
    codes = homes.index.to_numpy(object)[of]
    names = [f"{code}-V{i + 1:04d}" for code, i in zip(codes, nth, strict=True)]
    table = {"role": "volunteer", "community": codes, "home": cells["centre"].to_numpy(object)[row]}
    return pd.DataFrame(table, index=pd.Index(names, dtype=object))


def count_street(cells: pd.DataFrame, rules: SimulationRules) -> pd.DataFrame:
    """Count the staff of each subdistrict by its households.

    A table by code with role, community (empty) and block.
    """
    homes = cells.groupby("block")["households"].sum()
    # the small amount keeps an exact quotient from being rounded up
    number = np.maximum(
        1, np.ceil(homes.to_numpy(float) * rules.street_per_10000 / 10_000 - 1e-9)
    ).astype(np.int64)
    names = [
        f"{block or 'street'}-ST{i + 1}"
        for block, many in zip(homes.index, number, strict=True)
        for i in range(many)
    ]
    blocks = np.repeat(homes.index.to_numpy(object), number)
    return pd.DataFrame(
        {"role": "street_staff", "community": "", "block": blocks},
        index=pd.Index(names, object, name="post"),
    )


def find_served(plan: Plan, posts: pd.DataFrame, cells: pd.DataFrame) -> tuple[Ints, Ints]:
    """Find the sub-grids that posts serve as their own: rows of posts and of cells.

    Leaders, workers and posts of sub-grids by their duties, central households
    by their sub-grid, captains by the stairwells of their own.
    """
    duties = plan.duties[["post", "subgrid"]]
    members = posts[posts["role"].isin(name_roles(filled_by="members")) & (posts["subgrid"] != "")]
    parts = [
        duties,
        pd.DataFrame(
            {
                "post": members.index.to_numpy(object),
                "subgrid": members["subgrid"].to_numpy(object),
            }
        ),
    ]
    doors = plan.stairwells.reset_index()[["stairwell", "building", "subgrid"]]
    # a building or stairwell may lie in several sub-grids: its captain serves them all
    for pattern, column in (("buildings", "building"), ("stairwells", "stairwell")):
        captains = posts["role"].isin(name_roles(filled_by=pattern))
        parts.append(
            posts.loc[captains, [column]]
            .reset_index()
            .merge(doors[list({column, "subgrid"})].drop_duplicates(), on=column)[
                ["post", "subgrid"]
            ]
        )
    both = pd.concat(parts).drop_duplicates()
    row = posts.index.get_indexer(pd.Index(both["post"]))
    column = cells.index.get_indexer(pd.Index(both["subgrid"]))
    # posts that do not answer, and sub-grids without households, drop out here
    kept = (row >= 0) & (column >= 0)
    return row[kept].astype(np.int64), column[kept].astype(np.int64)
