"""Which households go to which service point where room is limited, and supply at each door."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Floats, Ints
from gridplan.coverage.siting.capacitated_assignment import CapacitatedCosts, assign_within_capacity
from gridplan.coverage.siting.site_costs import list_costs


def serve_households(
    door: Ints, post: Ints, minutes: Floats, weight: Ints, capacity: Floats
) -> tuple[Ints, Ints]:
    """Assign as many households to service points as these can serve, in the fewest minutes.

    Where everybody can go to the nearest service point, that is the answer;
    connected parts in which a service point is too full are solved as a
    minimum-cost flow.

    Parameters
    ----------
    door, post, minutes
        The ways that count, sorted by stairwell.
    weight, capacity
        Households of each stairwell, and what each service point can serve
        (NaN: no limit).

    Returns
    -------
    Households served of each stairwell and by each post: int64.

    Examples
    --------
    Two houses of ten households; the post between them has room for twelve,
    the other one, by the second house, for five:

    >>> ways = np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([2.0, 2.0, 3.0])
    >>> room = np.array([12.0, 5.0])
    >>> [served.tolist() for served in serve_households(*ways, np.array([10, 10]), room)]
    [[10, 7], [12, 5]]
    """
    n = len(weight)
    m = len(capacity)
    room = np.where(np.isnan(capacity), np.inf, np.floor(np.nan_to_num(capacity)))
    order = np.lexsort((post, minutes, door))
    # everybody to the nearest service point first, which is optimal wherever it fits
    first = order[np.append(True, door[order][1:] != door[order][:-1])] if len(order) else order
    goes_to = np.full(n, -1)
    goes_to[door[first]] = post[first]
    is_served = goes_to >= 0
    held = np.bincount(goes_to[is_served], weight[is_served], minlength=m)
    by_door = np.where(is_served, weight, 0).astype(np.int64)
    by_post = held.astype(np.int64)
    if (held <= room).all():
        return by_door, by_post
    # service points compete only within one connected part of doors and service points
    graph = csr_array((np.ones(len(door)), (door, n + post)), shape=(n + m, n + m))
    label = connected_components(graph, directed=False)[1]
    # only the parts with a service point that is too full need the flow
    full = np.unique(label[n:][held > room])
    ways = np.flatnonzero(np.isin(label[door], full))
    doors, row = np.unique(door[ways], return_inverse=True)
    posts, column = np.unique(post[ways], return_inverse=True)
    flow = _share_households(row, column, minutes[ways], weight[doors], room[posts])
    by_door[doors], by_post[posts] = flow.sum(axis=1), flow.sum(axis=0)
    return by_door, by_post


def _share_households(
    row: Ints, column: Ints, minutes: Floats, weight: Ints, room: Floats
) -> csr_array:
    """Share households out as a flow, in which serving one more is worth any longer ways."""
    n = len(weight)
    m = len(room)
    # dearer than any chain of longer ways, so the number served comes before minutes
    dear = (m + 1) * float(minutes.max(initial=0.0)) + 1.0
    ways = csr_array((minutes, (row, column)), shape=(n, m))
    capacitated = CapacitatedCosts(
        list_costs(ways, weight.astype(float), np.full(n, dear)), room, np.ones(m, bool)
    )
    flow = assign_within_capacity(capacitated, np.zeros(0, np.int64)).flow
    return csr_array(
        (np.rint(flow.data).astype(np.int64), flow.indices, flow.indptr), shape=flow.shape
    )


def measure_ratios(door: Ints, post: Ints, weight: Ints, capacity: Floats) -> Floats:
    """Measure the capacity in reach of each stairwell, for each household sharing it: float64[n].

    Each service point's capacity is shared by all households that can reach
    it; a stairwell's ratio is the sum over the service points within its
    reach: 0 where there are none, NaN where one of them has no limit. Source:
    the two-step floating catchment area (Luo and Wang, 2003).

    Examples
    --------
    >>> ways = np.array([0, 1, 1]), np.array([0, 0, 1])
    >>> measure_ratios(*ways, np.array([10, 10]), np.array([12.0, 5.0])).tolist()
    [0.6, 1.1]
    """
    # first step: everybody who can reach a service point shares its capacity
    asked = np.bincount(post, weight[door], minlength=len(capacity))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(asked > 0, capacity / asked, np.where(np.isnan(capacity), np.nan, 0.0))
    # second step: a door adds up what its service points have for each; without any way
    # numpy counts in whole numbers, even with weights
    return np.bincount(door, ratio[post], minlength=len(weight)).astype(float)
