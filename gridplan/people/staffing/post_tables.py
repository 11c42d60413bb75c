"""The tables of posts and duties, written from leaders, workers, captains and committees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.roles import find_letters, find_roles

FULL = "grid_worker_full"
PART = "grid_worker_part"


@dataclass(frozen=True, eq=False)
class Roster:
    """Posts that serve sub-grids (``posts``), and which they serve (``serves``: rows of both)."""

    posts: pd.DataFrame
    serves: pd.DataFrame


def write_roster(
    ground: StaffingInputs,
    leaders: tuple[pd.DataFrame, Ints],
    full: tuple[pd.DataFrame, Ints],
    part: pd.DataFrame,
    others: pd.DataFrame,
    empty: Ints,
    rules: StaffingRules,
) -> Roster:
    """Write the posts that serve sub-grids: leaders, workers and ``others``, one a sub-grid.

    ``empty`` are the full-time posts of each community that nobody fills.
    """
    codes = ground.table.index.to_numpy(object)
    community = ground.table["community"].to_numpy(object)
    rows = part["row"].to_numpy()
    other_rows = others["row"].to_numpy(np.int64)
    parts = [
        leaders[0].assign(role="grid_leader", party=True, subgrid="", filled=True),
        full[0].assign(role=FULL, subgrid="", filled=True),
        _list_empty_posts(ground, full[0], empty),
        part.assign(
            role=PART,
            community=community[rows],
            subgrid=codes[rows],
            filled=part["source"] != "none",
        ),
        others.assign(
            community=community[other_rows],
            subgrid=codes[other_rows],
            filled=others["source"] != "none",
        ),
    ]
    # An empty table of others would change the types of the columns.
    posts = pd.concat([p for p in parts if p is not parts[-1] or len(p)], ignore_index=True)
    posts["org"] = posts["org"].fillna("")
    # A post of one sub-grid has its code, one of several that of the community.
    head = np.where(posts["subgrid"] != "", posts["subgrid"], posts["community"]).astype(object)
    number = posts["number"].astype(np.int64).astype("str").to_numpy(object)
    posts["post"] = head + "-" + posts["role"].map(find_letters()).to_numpy(object) + number
    # Rows are counted in the order in which the parts were joined above.
    serves = pd.concat(
        [
            _list_served(leaders[1], 0),
            _list_served(full[1], len(leaders[0])),
            _list_own(part, len(posts) - len(others) - len(part)),
            _list_own(others, len(posts) - len(others)),
        ],
        ignore_index=True,
    )
    return Roster(_measure_posts(posts, serves, ground, rules), serves)


def _list_empty_posts(ground: StaffingInputs, full: pd.DataFrame, empty: Ints) -> pd.DataFrame:
    """List the full-time posts of each community that nobody fills."""
    place = np.repeat(np.arange(len(empty)), empty)
    codes = ground.communities.index.to_numpy(object)[place]
    posts = pd.DataFrame({"community": codes, "source": "none", "party": False})
    # Numbers of empty posts go on after those of filled ones.
    begun = full.groupby("community").size().reindex(posts["community"]).fillna(0)
    posts["number"] = posts.groupby("community").cumcount() + 1 + begun.to_numpy(np.int64)
    return posts.assign(role=FULL, subgrid="", filled=False)


def _list_served(holder: Ints, offset: int) -> pd.DataFrame:
    served = np.flatnonzero(holder >= 0)
    return pd.DataFrame({"post": holder[served] + offset, "subgrid": served})


def _list_own(part: pd.DataFrame, offset: int) -> pd.DataFrame:
    filled = np.flatnonzero((part["source"] != "none").to_numpy())
    return pd.DataFrame({"post": filled + offset, "subgrid": part["row"].to_numpy()[filled]})


def _measure_posts(
    posts: pd.DataFrame, serves: pd.DataFrame, ground: StaffingInputs, rules: StaffingRules
) -> pd.DataFrame:
    """Measure what each post serves: sub-grids, households, mean walk and hours a month.

    The table of roles says whether hours go by sub-grids, or are rounds of
    visits to all households, and how many a month.
    """
    n = len(posts)
    post = serves["post"].to_numpy(np.int64)
    grid = serves["subgrid"].to_numpy(np.int64)
    homes = ground.table["households"].to_numpy(float)
    served = np.bincount(post, minlength=n)
    households = np.bincount(post, homes[grid], minlength=n)
    metres = np.bincount(post, ground.table["walk"].to_numpy(float)[grid], minlength=n)
    hours = np.bincount(post, ground.table["hours"].to_numpy(float)[grid], minlength=n)
    workload = np.zeros(n)
    for role in find_roles(role=tuple(posts["role"].unique())):
        # What a role's workload goes by; a role that has none works no hours here.
        amount = {
            "subgrid": served,
            "round": hours,
            "household": households * (rules.visit / 60.0),
        }.get(role.per, np.zeros(n))
        of_role = (posts["role"] == role.role).to_numpy()
        workload[of_role] = amount[of_role] * role.find_amount(rules)
    # A zone of one sub-grid is that sub-grid's post, with the code of the community.
    lone = np.where(served == 1, posts["subgrid"], "")
    first = np.full(n, "", object)
    first[post] = ground.table.index.to_numpy(object)[grid]
    return posts.assign(
        subgrid=np.where((served == 1) & (lone == ""), first, posts["subgrid"]),
        served=served,
        households=households.astype(np.int64),
        # Exclusive sub-grids have no household that could walk.
        mean_walk=np.where(households > 0, metres / np.maximum(households, 1), np.nan),
        workload=workload,
    )


def write_duties(roster: Roster, ground: StaffingInputs) -> pd.DataFrame:
    """Write which post serves which sub-grid."""
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    served = ground.table.iloc[grid]
    return pd.DataFrame(
        {
            "post": roster.posts["post"].to_numpy(object)[roster.serves["post"].to_numpy(np.int64)],
            "subgrid": served.index.to_numpy(object),
            "community": served["community"].to_numpy(object),
            "households": served["households"].to_numpy(),
        }
    )
