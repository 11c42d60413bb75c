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
    # Less a rounding, so that 3 of 5 meet a share of 0.6.
    return np.asarray(
        np.maximum(0, np.ceil(np.asarray(total) * share - 1e-9) - np.asarray(party)), np.int64
    )


def repair_share(
    posts: pd.DataFrame,
    serves: pd.DataFrame,
    spare: Ints,
    share: float,
    subgrids: int,
    team: int = 1,
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
    team
        Fewest workers of a sub-grid that is held to the share by itself.

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
    # How many members each sub-grid still lacks for the share; communities follow below.
    size = np.bincount(grid, minlength=subgrids)
    of_grid = count_lacking(size, np.bincount(grid, party[post], minlength=subgrids), share)
    need = np.where(size >= team, of_grid, 0)
    m = len(spare)
    wanted = count_lacking(
        np.bincount(place, minlength=m), np.bincount(place, party, minlength=m), share
    )
    changed = np.zeros(len(posts), bool)
    missing = np.zeros(subgrids, np.int64)
    # Posts and their sub-grids sorted by community once, so that each is a slice.
    order = np.argsort(place[post], kind="stable")
    starts = np.searchsorted(place[post][order], np.arange(m + 1))
    of_place = np.argsort(place, kind="stable")
    heads = np.searchsorted(place[of_place], np.arange(m + 1))
    lacks = np.zeros(m, bool)
    np.logical_or.at(lacks, place[post], need[grid] > 0)
    # Communities share no posts, so each least number adds up to the least of all.
    for c in np.flatnonzero(lacks | (wanted > 0)):
        rows = order[starts[c] : starts[c + 1]]
        posts_here = of_place[heads[c] : heads[c + 1]]
        changes, short = _repair_community(
            posts_here, party, drawn, post[rows], grid[rows], need, int(wanted[c]), int(spare[c])
        )
        changed[changes] = True
        missing[list(short)] = list(short.values())
    # Members in reserve who are still free after the changes of their community.
    held = np.bincount(place, changed & drawn, minlength=m)
    # The city's share is a sum over posts: any further change is worth the same.
    city = int(count_lacking(len(posts), party.sum() + changed.sum(), share))
    extra = np.flatnonzero(~party & ~changed)
    spare_left = (spare - held)[place[extra]]
    # Part-time posts of a community are taken as far as its members in reserve reach.
    rank = pd.Series(drawn[extra]).groupby([place[extra], drawn[extra]]).cumcount().to_numpy()
    extra = extra[~drawn[extra] | (rank < spare_left)][:city]
    changed[extra] = True
    return Repair(changed, missing, len(extra))


def _repair_community(
    posts_here: Ints,
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
    # Where a sub-grid lacks as many as it has open posts, all of them must change.
    forced = np.unique(post[free & ((need[grids] >= open_) & (need[grids] > 0))[local]])
    is_forced = np.isin(post, forced)
    still_lacking = need[grids] - np.bincount(local, is_forced, minlength=len(grids))
    # The forced changes are enough for every sub-grid and the community: no solver.
    if (still_lacking <= 0).all() and len(forced) >= wanted and drawn[forced].sum() <= spare:
        return forced, {}
    return _solve_changes(
        posts_here[~party[posts_here]],
        drawn,
        post[free],
        local[free],
        grids,
        need[grids],
        wanted,
        spare,
    )


def _solve_changes(
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

    # Variables: change of each post, members missing in each sub-grid, and in the community.
    n = len(choices)
    g = len(grids)
    column = np.searchsorted(choices, post)
    cover = coo_matrix((np.ones(len(post)), (local, column)), shape=(g, n))
    # Rows: every sub-grid's need, the community's, and the members there are to spare.
    rows = [
        hstack([cover, eye(g), csr_matrix((g, 1))]),
        csr_matrix(np.concatenate([np.ones(n), np.zeros(g), [1.0]])[None, :]),
        csr_matrix(np.concatenate([drawn[choices].astype(float), np.zeros(g + 1)])[None, :]),
    ]
    low = np.concatenate([need, [wanted], [-np.inf]])
    high = np.concatenate([np.full(g + 1, np.inf), [spare]])
    # One member missing outweighs changing every post: missing is the last resort.
    big = float(n + 1)
    cost = np.concatenate([np.ones(n), np.full(g, big), [big]])
    # What is missing is never more than the need, so the numbers stay small and
    # the search too.
    bounds = Bounds(0, np.concatenate([np.ones(n), np.maximum(need, 0), [max(wanted, 0)]]))
    solution = milp(
        cost,
        constraints=LinearConstraint(vstack(rows).tocsr(), low, high),
        bounds=bounds,
        integrality=1,
    )
    chosen = np.round(solution.x).astype(np.int64)
    short = {int(grids[k]): int(v) for k, v in enumerate(chosen[n : n + g]) if v}
    return choices[chosen[:n] > 0], short
