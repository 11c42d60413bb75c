"""Grid workers: full-time ones with zones, part-time ones in their sub-grid; members first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.people.staffing.zones import divide_zones
from gridplan.rules.staffing import StaffingRules


def fill_part_posts(
    inputs: StaffingInputs, supply: pd.DataFrame, rules: StaffingRules
) -> pd.DataFrame:
    """Fill part-time posts of homes: by members there, representatives, then volunteers.

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
    # Nobody is at home in an exclusive sub-grid, so it has full-time workers only.
    lived = np.flatnonzero((inputs.table["kind"] == "residential").to_numpy())
    table = inputs.table.iloc[np.tile(lived, rules.part_workers)]
    posts = pd.DataFrame(
        {
            "row": np.tile(lived, rules.part_workers),
            "number": np.repeat(np.arange(1, rules.part_workers + 1), len(lived)),
            "place": inputs.place[np.tile(lived, rules.part_workers)],
            "households": table["households"].to_numpy(),
            "available": table["available"].to_numpy(),
        }
    )
    # Members left in the sub-grid for this post, once lower numbers have taken theirs.
    posts["spare"] = posts["available"] - (posts["number"] - 1)
    members = np.maximum(0.0, supply["available"] - supply["seats"]).to_numpy()
    volunteers = supply["volunteers"].fillna(0).to_numpy()
    # Party volunteers are some of all volunteers, whatever was counted.
    party = np.minimum(volunteers, supply["volunteers_party"].fillna(0).to_numpy())
    # Members come first for the Party's share, then those who know the
    # neighbours best. Only a member must live in the sub-grid itself.
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


def take_first(posts: pd.DataFrame, open_: Bools, pool: Floats, by: list[str]) -> Ints:
    """Take as many open posts as each community's pool has: by number, the greatest first."""
    candidates = posts[open_]
    # First posts before second ones everywhere; the row decides between equals.
    order = candidates.assign(last=-candidates[by[1]]).sort_values(
        ["place", by[0], "last", "row"], kind="stable"
    )
    rank = order.groupby("place").cumcount().to_numpy()
    return np.asarray(order.index[rank < pool[order["place"].to_numpy()]])


def fill_full_posts(
    inputs: StaffingInputs,
    supply: pd.DataFrame,
    leading: Ints,
    part: pd.DataFrame,
    workers: int | None = None,
) -> tuple[pd.DataFrame, Ints]:
    """Give each community's full-time workers zones of about equal hours; none if uncounted.

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
    # A zone needs a sub-grid: further workers have none and no post here.
    wanted = np.minimum(count, supply["subgrids"].to_numpy()).astype(np.int64)
    zone = divide_zones(inputs, wanted, inputs.table["hours"].to_numpy(), workers)
    first = np.concatenate([[0], np.cumsum(wanted)])
    worker = np.where(zone >= 0, first[:-1][inputs.place] + zone, -1)
    member = np.zeros(len(inputs))
    # Whether a member holds a part-time post of the sub-grid.
    np.maximum.at(member, part["row"].to_numpy(), part["party"].to_numpy(float))
    has_worker = worker >= 0
    gain = np.bincount(worker[has_worker], member[has_worker], minlength=first[-1])
    place = np.repeat(np.arange(len(wanted)), wanted)
    # Zones where a Party worker completes most pairs come first; ties by number.
    order = np.lexsort((np.arange(len(place)), -gain, place))
    rank = np.empty(len(place), np.int64)
    rank[order] = np.arange(len(place)) - first[place]
    # No more members than workers, whatever was counted.
    in_party = np.minimum(supply["full_party"].to_numpy(), count)[place]
    table = pd.DataFrame(
        {
            "community": inputs.communities.index.to_numpy(object)[place],
            "number": np.arange(len(place)) - first[place] + 1,
            "source": np.where(rank < cadres[place], "cadre", "community_worker"),
            "party": rank < in_party,
        }
    )
    return table, worker


def count_full(supply: pd.DataFrame, leading: Ints) -> Floats:
    """Count the full-time workers of each community who do not lead: cadres and staff."""
    return np.asarray(
        supply["cadres"].fillna(0) - leading + supply["community_workers"].fillna(0), float
    )


def count_full_party(supply: pd.DataFrame, leading: Ints, rules: StaffingRules) -> Floats:
    """Count Party members among full-time workers: counted or assumed, less those who lead."""
    # Nobody counted the members among them: a share by the rules, rounded down.
    cadres = supply["cadres_party"].fillna(np.floor(supply["cadres"] * rules.cadre_party)).fillna(0)
    workers = (
        supply["community_workers_party"]
        .fillna(np.floor(supply["community_workers"] * rules.worker_party))
        .fillna(0)
    )
    return np.asarray(np.maximum(0.0, cadres - leading) + workers, float)
