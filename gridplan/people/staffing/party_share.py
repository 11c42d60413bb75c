"""The Party's share among grid workers, and the fewest posts to change to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints


@dataclass(frozen=True, eq=False)
class Repair:
    """The least set of changes.

    ``changed`` says of each post whether it must go to a Party member,
    ``missing`` how many members each sub-grid still lacks because its
    community has nobody to spare. ``city`` of the changes are there only for
    the share of the whole city.
    """

    changed: Bools
    missing: Ints
    city: int


def count_lacking(total: Any, party: Any, share: float) -> Ints:
    """Count the members that are lacking for a share: the least z with party + z >= share x total.

    Examples
    --------
    >>> count_lacking([5, 5, 2, 0], [3, 1, 1, 0], 0.6).tolist()
    [0, 2, 1, 0]
    """
    return np.asarray(
        np.maximum(0, np.ceil(np.asarray(total) * share - 1e-9) - np.asarray(party)), np.int64
    )


def repair_share(
    posts: pd.DataFrame, serves: pd.DataFrame, spare: Ints, share: float, subgrids: int
) -> Repair:
    """Find the fewest posts to change to members so that the share holds at all levels.

    Parameters
    ----------
    posts
        Filled worker posts: place (row of the community), party, fixed
        (part-time: the member must be one of ``spare``).
    serves
        Pairs of post (row) and subgrid (row).
    spare
        Members of each community who hold no post.
    share
        Least share.
    subgrids
        How many there are.

    Returns
    -------
    Exact for every community: what is forced (a sub-grid that needs all of its
    posts) is taken at once, the rest is a small integer programme solved to
    the end. A community takes no more members than it has to spare; what then
    lacks is counted. Communities do not share posts, so the sum is the least
    for all; what the city lacks beyond that is taken where members are spare,
    each change being worth the same.
    """
    party = posts["party"].to_numpy(bool)
    place = posts["place"].to_numpy(np.int64)
    drawn = posts["fixed"].to_numpy(bool)
    post = serves["post"].to_numpy(np.int64)
    grid = serves["subgrid"].to_numpy(np.int64)
    need = count_lacking(
        np.bincount(grid, minlength=subgrids),
        np.bincount(grid, party[post], minlength=subgrids),
        share,
    )
    m = len(spare)
    wanted = count_lacking(
        np.bincount(place, minlength=m), np.bincount(place, party, minlength=m), share
    )
    changed = np.zeros(len(posts), bool)
    missing = np.zeros(subgrids, np.int64)
    order = np.argsort(place[post], kind="stable")
    starts = np.searchsorted(place[post][order], np.arange(m + 1))
    of_place = np.argsort(place, kind="stable")
    heads = np.searchsorted(place[of_place], np.arange(m + 1))
    lacks = np.zeros(m, bool)
    np.logical_or.at(lacks, place[post], need[grid] > 0)
    for c in np.flatnonzero(lacks | (wanted > 0)):
        rows = order[starts[c] : starts[c + 1]]
        own = of_place[heads[c] : heads[c + 1]]
        found, short = _repair_community(
            own, party, drawn, post[rows], grid[rows], need, int(wanted[c]), int(spare[c])
        )
        changed[found] = True
        missing[list(short)] = list(short.values())
    held = np.bincount(place, changed & drawn, minlength=m)
    city = int(count_lacking(len(posts), party.sum() + changed.sum(), share))
    extra = np.flatnonzero(~party & ~changed)
    left = (spare - held)[place[extra]]
    rank = pd.Series(drawn[extra]).groupby([place[extra], drawn[extra]]).cumcount().to_numpy()
    extra = extra[~drawn[extra] | (rank < left)][:city]
    changed[extra] = True
    return Repair(changed, missing, len(extra))


def _repair_community(
    own: Ints,
    party: Bools,
    drawn: Bools,
    post: Ints,
    grid: Ints,
    need: Ints,
    wanted: int,
    spare: int,
) -> tuple[Ints, dict[int, int]]:
    """Repair one community, what is forced first; returns posts and members missing."""
    free = ~party[post]
    grids, local = np.unique(grid, return_inverse=True)
    open_ = np.bincount(local, free, minlength=len(grids))
    forced = np.unique(post[free & ((need[grids] >= open_) & (need[grids] > 0))[local]])
    done = np.isin(post, forced)
    left = need[grids] - np.bincount(local, done, minlength=len(grids))
    if (left <= 0).all() and len(forced) >= wanted and drawn[forced].sum() <= spare:
        return forced, {}
    return _solve(
        own[~party[own]], drawn, post[free], local[free], grids, need[grids], wanted, spare
    )


def _solve(
    choices: Ints,
    drawn: Bools,
    post: Ints,
    local: Ints,
    grids: Ints,
    need: Ints,
    wanted: int,
    spare: int,
) -> tuple[Ints, dict[int, int]]:
    """Solve the integer programme: fewest changes, after fewest members missing."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix, csr_matrix, eye, hstack, vstack

    n = len(choices)
    g = len(grids)
    column = np.searchsorted(choices, post)
    cover = coo_matrix((np.ones(len(post)), (local, column)), shape=(g, n))
    rows = [
        hstack([cover, eye(g), csr_matrix((g, 1))]),
        csr_matrix(np.concatenate([np.ones(n), np.zeros(g), [1.0]])[None, :]),
        csr_matrix(np.concatenate([drawn[choices].astype(float), np.zeros(g + 1)])[None, :]),
    ]
    low = np.concatenate([need, [wanted], [-np.inf]])
    high = np.concatenate([np.full(g + 1, np.inf), [spare]])
    big = float(n + 1)
    cost = np.concatenate([np.ones(n), np.full(g, big), [big]])
    bounds = Bounds(0, np.concatenate([np.ones(n), np.maximum(need, 0), [max(wanted, 0)]]))
    found = milp(
        cost,
        constraints=LinearConstraint(vstack(rows).tocsr(), low, high),
        bounds=bounds,
        integrality=1,
    )
    chosen = np.round(found.x).astype(np.int64)
    short = {int(grids[k]): int(v) for k, v in enumerate(chosen[n : n + g]) if v}
    return choices[chosen[:n] > 0], short
