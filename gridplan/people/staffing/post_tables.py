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
    """Posts that serve sub-grids and which they serve: ``posts`` (rows) and ``serves`` (post and subgrid, as rows)."""

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
    """Write the posts that serve sub-grids: leaders, workers, and ``others``, of which each sub-grid has one.

    ``empty`` are the full-time posts of each community that nobody fills.
    """
    codes = ground.table.index.to_numpy(object)
    community = ground.table["community"].to_numpy(object)
    place = np.repeat(np.arange(len(empty)), empty)
    open_ = pd.DataFrame(
        {
            "community": ground.communities.index.to_numpy(object)[place],
            "source": "none",
            "party": False,
        }
    )
    begun = (
        full[0].groupby("community").size().reindex(open_["community"]).fillna(0).to_numpy(np.int64)
    )
    open_["number"] = open_.groupby("community").cumcount() + 1 + begun
    rows = part["row"].to_numpy()
    parts = [
        leaders[0].assign(role="grid_leader", party=True, subgrid="", filled=True),
        full[0].assign(role=FULL, subgrid="", filled=True),
        open_.assign(role=FULL, subgrid="", filled=False),
        part.assign(
            role=PART,
            community=community[rows],
            subgrid=codes[rows],
            filled=part["source"] != "none",
        ),
        others.assign(
            community=community[others["row"].to_numpy(np.int64)],
            subgrid=codes[others["row"].to_numpy(np.int64)],
            filled=others["source"] != "none",
        ),
    ]
    posts = pd.concat([p for p in parts if p is not parts[-1] or len(p)], ignore_index=True)
    posts["org"] = posts["org"].fillna("")
    head = np.where(posts["subgrid"] != "", posts["subgrid"], posts["community"]).astype(object)
    number = posts["number"].astype(np.int64).astype("str").to_numpy(object)
    posts["post"] = head + "-" + posts["role"].map(find_letters()).to_numpy(object) + number
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


def _list_served(holder: Ints, offset: int) -> pd.DataFrame:
    own = np.flatnonzero(holder >= 0)
    return pd.DataFrame({"post": holder[own] + offset, "subgrid": own})


def _list_own(part: pd.DataFrame, offset: int) -> pd.DataFrame:
    own = np.flatnonzero((part["source"] != "none").to_numpy())
    return pd.DataFrame({"post": own + offset, "subgrid": part["row"].to_numpy()[own]})


def _measure_posts(
    posts: pd.DataFrame, serves: pd.DataFrame, ground: StaffingInputs, rules: StaffingRules
) -> pd.DataFrame:
    """Measure what each post serves: sub-grids, households, their mean walk to the centre, and hours a month.

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
        amount = {
            "subgrid": served,
            "round": hours,
            "household": households * (rules.visit / 60.0),
        }.get(role.per, np.zeros(n))
        own = (posts["role"] == role.role).to_numpy()
        workload[own] = amount[own] * role.find_amount(rules)
    lone = np.where(served == 1, posts["subgrid"], "")
    first = np.full(n, "", object)
    first[post] = ground.table.index.to_numpy(object)[grid]
    return posts.assign(
        subgrid=np.where((served == 1) & (lone == ""), first, posts["subgrid"]),
        served=served,
        households=households.astype(np.int64),
        mean_walk=np.where(households > 0, metres / np.maximum(households, 1), np.nan),
        workload=workload,
    )


def write_duties(roster: Roster, ground: StaffingInputs) -> pd.DataFrame:
    """Write which post serves which sub-grid."""
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    own = ground.table.iloc[grid]
    return pd.DataFrame(
        {
            "post": roster.posts["post"].to_numpy(object)[roster.serves["post"].to_numpy(np.int64)],
            "subgrid": own.index.to_numpy(object),
            "community": own["community"].to_numpy(object),
            "households": own["households"].to_numpy(),
        }
    )
