"""Grid workers: full-time ones with a zone of sub-grids each, part-time ones in their own sub-grid; Party members first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.people.staffing.staffing_inputs import Ground
from gridplan.people.staffing.zones import divide_zones
from gridplan.rules.staffing import StaffingRules

Array = np.ndarray[Any, Any]


def fill_part_posts(ground: Ground, supply: pd.DataFrame, rules: StaffingRules) -> pd.DataFrame:
    """Fill the part-time posts of residential sub-grids: by members who live there, then representatives, then volunteers.

    Committee seats are taken off the members first, since nobody is to hold
    two posts. Where members are too few for all sub-grids of a community,
    those with the most to spare come first; representatives and volunteers go
    to the sub-grids with the most households. Counts that nobody made fill
    nothing.

    Returns
    -------
    One row for each post: row (of its sub-grid), number, source (none where it
    stays empty), party.
    """
    lived = np.flatnonzero((ground.table["kind"] != "exclusive").to_numpy())
    table = ground.table.iloc[np.tile(lived, rules.part_workers)]
    posts = pd.DataFrame(
        {
            "row": np.tile(lived, rules.part_workers),
            "number": np.repeat(np.arange(1, rules.part_workers + 1), len(lived)),
            "place": ground.place[np.tile(lived, rules.part_workers)],
            "households": table["households"].to_numpy(),
            "available": table["available"].to_numpy(),
        }
    )
    posts["spare"] = posts["available"] - (
        posts["number"] - 1
    )  # members left in the sub-grid for this post
    members = np.maximum(0.0, supply["available"] - supply["seats"]).to_numpy()
    volunteers = supply["volunteers"].fillna(0).to_numpy()
    party = np.minimum(volunteers, supply["volunteers_party"].fillna(0).to_numpy())
    pools = (
        ("member", True, members, posts["spare"] > 0),
        (
            "resident",
            False,
            supply["resident_representatives"].fillna(0).to_numpy(),
            posts["spare"] > -np.inf,
        ),
        ("volunteer", True, party, posts["spare"] > -np.inf),
        ("volunteer", False, volunteers - party, posts["spare"] > -np.inf),
    )
    source = np.full(len(posts), "none", object)
    held = np.zeros(len(posts), bool)
    for name, is_party, pool, fits in pools:
        open_ = (source == "none") & fits.to_numpy()
        taken = take_first(
            posts, open_, pool, ["number", "spare" if name == "member" else "households"]
        )
        source[taken] = name
        held[taken] = is_party
    return posts.assign(source=source, party=held)[["row", "number", "source", "party"]]


def take_first(posts: pd.DataFrame, open_: Array, pool: Array, by: list[str]) -> Array:
    """Take, in each community, as many open posts as its pool has: by number, then the greatest first."""
    own = posts[open_]
    order = own.assign(last=-own[by[1]]).sort_values(["place", by[0], "last", "row"], kind="stable")
    rank = order.groupby("place").cumcount().to_numpy()
    return np.asarray(order.index[rank < pool[order["place"].to_numpy()]])


def fill_full_posts(
    ground: Ground,
    supply: pd.DataFrame,
    leading: Array,
    part: pd.DataFrame,
    workers: int | None = None,
) -> tuple[pd.DataFrame, Array]:
    """Give the full-time workers of each community zones of about the same hours; where nobody counted them there are none.

    Cadres who lead are taken off. Party members are put where they bring most
    sub-grids to two members of two: in the zones with most part-time posts
    held by members.

    Returns
    -------
    One row for each worker with a zone (community, number, source, party), and
    the row of each sub-grid's worker, -1: none.
    """
    count = count_full(supply, leading)
    cadres = supply["cadres"].fillna(0).to_numpy() - leading
    wanted = np.minimum(count, supply["subgrids"].to_numpy()).astype(np.int64)
    zone = divide_zones(ground, wanted, ground.table["hours"].to_numpy(), workers)
    first = np.concatenate([[0], np.cumsum(wanted)])
    worker = np.where(zone >= 0, first[:-1][ground.place] + zone, -1)
    member = np.zeros(len(ground))
    np.maximum.at(member, part["row"].to_numpy(), part["party"].to_numpy(float))
    own = worker >= 0
    gain = np.bincount(worker[own], member[own], minlength=first[-1])
    place = np.repeat(np.arange(len(wanted)), wanted)
    order = np.lexsort((np.arange(len(place)), -gain, place))
    rank = np.empty(len(place), np.int64)
    rank[order] = np.arange(len(place)) - first[place]
    in_party = np.minimum(supply["full_party"].to_numpy(), count)[place]
    table = pd.DataFrame(
        {
            "community": ground.communities.index.to_numpy(object)[place],
            "number": np.arange(len(place)) - first[place] + 1,
            "source": np.where(rank < cadres[place], "cadre", "community_worker"),
            "party": rank < in_party,
        }
    )
    return table, worker


def count_full(supply: pd.DataFrame, leading: Array) -> Array:
    """Count the full-time workers of each community who do not lead: cadres and community workers."""
    return np.asarray(
        supply["cadres"].fillna(0) - leading + supply["community_workers"].fillna(0), float
    )


def count_full_party(supply: pd.DataFrame, leading: Array, rules: StaffingRules) -> Array:
    """Count the Party members among full-time workers: as counted, else by the shares assumed; leading cadres are taken off."""
    cadres = supply["cadres_party"].fillna(np.floor(supply["cadres"] * rules.cadre_party)).fillna(0)
    workers = (
        supply["community_workers_party"]
        .fillna(np.floor(supply["community_workers"] * rules.worker_party))
        .fillna(0)
    )
    return np.asarray(np.maximum(0.0, cadres - leading) + workers, float)
