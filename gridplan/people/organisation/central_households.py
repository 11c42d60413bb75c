"""Central households: the stairwells that host one, for the least walking in each sub-grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.people.organisation.chain_inputs import number_codes
from gridplan.plan import Plan
from gridplan.rules.organisation import OrganisationRules

TRIED = 20_000  # choices of several centres that are all tried; above, HiGHS chooses


@dataclass(frozen=True)
class Centres:
    """Central households chosen.

    ``posts`` has one row for each: stairwell (row number), subgrid, households
    served and their mean walk in metres. ``wanted`` and ``placed`` are the
    numbers by residential sub-grid.
    """

    posts: pd.DataFrame
    wanted: pd.Series[int]
    placed: pd.Series[int]


def choose_centres(plan: Plan, available: Ints, rules: OrganisationRules) -> Centres:
    """Choose the stairwells that host central households in each residential sub-grid.

    There is one for each ``central_load`` households or part of them, as far
    as stairwells have an available member; the choice is the one with the
    least household-metres of all, each household walking to the nearest. Walks
    are straight lines and the climbs at both ends, or the difference of climbs
    over one door, as the division measures them.

    Parameters
    ----------
    plan
        A plan.
    available
        int64[n], available members of each stairwell, in the order of their
        codes.
    rules
        The load of a central household, in households.
    """
    stairwells = plan.stairwells.sort_index()
    points = stairwells.geometry.to_numpy()
    spot = np.column_stack(
        [shapely.get_x(points), shapely.get_y(points), stairwells["climb"].to_numpy(float)]
    )
    # Doors of one number in one building are one stack: no street lies between them.
    stack = number_codes(stairwells["building"] + "-" + stairwells["door"].astype("str"))
    weight = stairwells["households"].to_numpy(np.int64)
    homes = plan.subgrids.index[plan.subgrids["kind"] == "residential"].sort_values()
    part = homes.get_indexer(stairwells["subgrid"])
    # Sorted by sub-grid once, each is a slice; -1 is outside all residential ones.
    order = np.argsort(part, kind="stable")
    order = order[part[order] >= 0]
    ends = np.cumsum(np.bincount(part[order], minlength=len(homes)))
    # Rounded up in whole numbers, and one where nobody lives yet.
    wanted = np.maximum(
        1,
        -(
            -np.bincount(part[order], weight[order], minlength=len(homes)).astype(np.int64)
            // rules.central_load
        ),
    )
    rows: list[tuple[int, int, int, float]] = []
    placed = np.zeros(len(homes), np.int64)
    for p, rows_here in enumerate(np.split(order, ends[:-1])):
        hosts = np.flatnonzero(available[rows_here] > 0)
        placed[p] = min(wanted[p], len(hosts))
        if placed[p]:
            walk = measure_walks(spot[rows_here], stack[rows_here], hosts)
            chosen, nearest = choose_medians(walk, weight[rows_here], int(placed[p]))
            for c, host in enumerate(chosen):
                served_here = nearest == c
                served = int(weight[rows_here][served_here].sum())
                metres = float(walk[served_here, host] @ weight[rows_here][served_here])
                # A centre of empty homes has no mean walk to divide.
                rows.append((int(rows_here[hosts[host]]), p, served, metres / max(1, served)))
    posts = pd.DataFrame(rows, columns=["row", "part", "households", "mean_walk"])
    posts["subgrid"] = homes.to_numpy(object)[posts["part"].to_numpy(int)]
    return Centres(posts.drop(columns="part"), pd.Series(wanted, homes), pd.Series(placed, homes))


def measure_walks(spot: Floats, stack: Ints, hosts: Ints) -> Floats:
    """Measure the walk of each stairwell to each host, in metres: float64[n, h].

    Examples
    --------
    >>> spot = np.array([[0.0, 0.0, 0.0], [30.0, 40.0, 5.0]])
    >>> measure_walks(spot, np.array([0, 1]), np.array([1])).tolist()
    [[55.0], [0.0]]
    """
    climb = spot[:, 2]
    apart = np.hypot(
        spot[:, None, 0] - spot[None, hosts, 0], spot[:, None, 1] - spot[None, hosts, 1]
    )
    same = stack[:, None] == stack[None, hosts]
    # Over one door only the floors between count; else down, across and up.
    return np.asarray(
        np.where(
            same,
            np.abs(climb[:, None] - climb[None, hosts]),
            apart + climb[:, None] + climb[None, hosts],
        )
    )


def choose_medians(walk: Floats, weight: Ints, count: int) -> tuple[Sequence[int], Ints]:
    """Choose hosts for the least weighted metres; returns them and the nearest of each row.

    All choices are tried where there are not too many, else HiGHS solves the
    median problem.

    Examples
    --------
    Five houses in a row, 10 m apart, all hosts:

    >>> walk = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) * 10.0
    >>> choose_medians(walk, np.ones(5), 1)[0]
    (2,)
    >>> choose_medians(walk, np.array([9, 1, 1, 1, 9]), 2)[0]
    (0, 4)
    """
    hosts = walk.shape[1]
    if comb(hosts, count) <= TRIED:
        tried = np.array(list(combinations(range(hosts), count)))
        sums = np.zeros(len(tried))
        # In blocks, since all choices at once would take rows x choices x count of memory.
        for start in range(0, len(tried), 1_000):
            some = tried[start : start + 1_000]
            sums[start : start + 1_000] = weight @ walk[:, some].min(axis=2)
        # What is equal to a micrometre is a tie, and the first choice wins it everywhere.
        best = tried[int(np.argmin(np.round(sums, 6)))]
    else:
        best = _solve_medians(walk, weight, count)
    return tuple(int(h) for h in best), np.asarray(np.argmin(walk[:, best], axis=1))


def _solve_medians(walk: Floats, weight: Ints, count: int) -> Ints:
    """Solve the median problem as an integer programme: who is open, and who goes where."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, eye_array, hstack, kron, vstack

    n, h = walk.shape
    # The first h variables say which hosts are open, the other n x h who goes where.
    go = kron(eye_array(n), np.ones((1, h)))
    once = hstack([coo_array((n, h)), go])
    # Nobody goes to a host that is closed.
    within = hstack([-kron(np.ones((n, 1)), eye_array(h)), eye_array(n * h)])
    number_open = hstack([coo_array(np.ones((1, h))), coo_array((1, n * h))])
    rows = vstack([once, within, number_open]).tocsc()
    low = np.concatenate([np.ones(n), np.full(n * h, -1.0), [count]])
    high = np.concatenate([np.ones(n), np.zeros(n * h), [count]])
    price = np.concatenate([np.zeros(h), (walk * weight[:, None]).ravel()])
    # Once the hosts are whole, the nearest one is whole without being asked for.
    whole = np.concatenate([np.ones(h), np.zeros(n * h)])
    solution = milp(
        price,
        integrality=whole,
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, low, high),
    )
    return np.flatnonzero(solution.x[:h] > 0.5)
