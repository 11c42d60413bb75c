"""The order of a day's visits: exact by dynamic programming over sets, else by insertion.

Times are whole minutes. A day begins at its first site; who comes before a
site opens waits. Coming earlier is never worse, so that for every set of sites
and last one among them only the earliest end matters (Held and Karp, 1962).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridplan.arrays import Floats, Ints

NEVER = 10**9  # minutes, later than any day


@dataclass(frozen=True, eq=False)
class VisitingDay:
    """Sites that may be visited on a day.

    Parameters
    ----------
    drive
        int64[n, n], minutes from site to site.
    stay, opens, closes
        int64[n], minutes at each site, and between which minutes after
        midnight the stay has to lie.
    start, end
        Minutes after midnight at which the day begins and has to be over.
    """

    drive: Ints
    stay: Ints
    opens: Ints
    closes: Ints
    start: int
    end: int

    def leave(self, site: int, arrives: int) -> int:
        """Find when a site is left by who arrives at a time; NEVER if that is too late."""
        leaves = max(arrives, int(self.opens[site])) + int(self.stay[site])
        return leaves if leaves <= min(int(self.closes[site]), self.end) else NEVER

    def follow(self, order: Sequence[int]) -> int:
        """Follow an order of sites and find when the last one is left; NEVER if one is too late."""
        time = self.start
        for place, site in enumerate(order):
            arrives = time if place == 0 else time + int(self.drive[order[place - 1], site])
            time = self.leave(site, arrives)
            if time >= NEVER:
                return NEVER
        return time


@dataclass(frozen=True)
class DayOrder:
    """An order of sites, when it ends, and before when no order of the same sites can end."""

    order: tuple[int, ...]
    ends: int
    bound: int


def count_worth(earlier: Ints, group: Ints, of_group: Ints, sites: Sequence[int]) -> float:
    """Count what visits are worth: less where a site or its subdistrict was visited before.

    A visit counts 1 where neither was ever visited, half where one of them
    was once, a third after two visits; visits to a subdistrict on the same day
    count among those before.

    Parameters
    ----------
    earlier, of_group
        Visits of each site, and of each subdistrict, before this day.
    group
        The subdistrict of each site.
    sites
        Those visited.

    Examples
    --------
    >>> none = np.zeros(3, int)
    >>> count_worth(none, np.array([0, 0, 1]), np.zeros(2, int), [0, 1])
    1.5
    >>> count_worth(none, np.array([0, 0, 1]), np.zeros(2, int), [0, 2])
    2.0
    """
    worth = 0.0
    before: dict[int, int] = {}
    for site in sorted(sites, key=lambda s: (int(earlier[s]), s)):
        number = int(group[site])
        visits = int(of_group[number]) + before.get(number, 0)
        worth += 1.0 / (1 + visits) / (1 + int(earlier[site]))
        before[number] = before.get(number, 0) + 1
    return worth


def order_sets(day: VisitingDay, most: int) -> dict[int, DayOrder]:
    """Order every set of at most ``most`` sites that a day has time for, each ending earliest.

    Returns
    -------
    By set (bit i stands for site i) its best order; of equals the one of lower
    numbers.

    Examples
    --------
    Three sites in a row, ten minutes apart; the first closes early:

    >>> drive = np.abs(np.subtract.outer([0, 10, 20], [0, 10, 20]))
    >>> hours = np.zeros(3, int), np.array([40, 600, 600])
    >>> day = VisitingDay(drive, np.full(3, 30), *hours, 0, 600)
    >>> order_sets(day, 3)[0b111]
    DayOrder(order=(0, 1, 2), ends=110, bound=110)
    """
    n = len(day.stay)
    ends: list[dict[int, tuple[int, int]]] = [{} for _ in range(1 << n)]
    for site in range(n):
        time = day.leave(site, day.start)
        if time < NEVER:
            ends[1 << site][site] = (time, -1)
    drive = day.drive.tolist()
    # plain numbers, since this loop runs half a million times for twelve sites
    opens = (day.opens + day.stay).tolist()
    closes = np.minimum(day.closes, day.end).tolist()
    stay = day.stay.tolist()
    for members in range(1, 1 << n):
        if not ends[members] or members.bit_count() >= most:
            continue
        for last, (time, _) in ends[members].items():
            for site in range(n):
                if members >> site & 1:
                    continue
                leaves = max(time + drive[last][site] + stay[site], opens[site])
                if leaves > closes[site]:
                    continue
                grown = members | 1 << site
                if leaves < ends[grown].get(site, (NEVER, 0))[0]:
                    ends[grown][site] = (leaves, last)
    found = {}
    for members in range(1, 1 << n):
        if ends[members]:
            last = min(ends[members], key=lambda site: (ends[members][site][0], -site))
            time = ends[members][last][0]
            found[members] = DayOrder(_walk_back(ends, members, last), time, time)
    return found


def _walk_back(
    ends: Sequence[dict[int, tuple[int, int]]], members: int, last: int
) -> tuple[int, ...]:
    """Walk back from the last site of a set to its first."""
    order = []
    while last >= 0:
        order.append(last)
        members, last = members ^ 1 << last, ends[members][last][1]
    return tuple(reversed(order))


def choose_day(
    day: VisitingDay, earlier: Ints, group: Ints, of_group: Ints, most: int
) -> DayOrder | None:
    """Choose the sites of a day that are worth most, of equal sets the one that ends earliest.

    All sets are looked at, so that there is no better day of these sites; None
    where a day has time for no site.
    """
    best: tuple[float, int, tuple[int, ...]] | None = None
    chosen = None
    for found in order_sets(day, most).values():
        worth = round(count_worth(earlier, group, of_group, found.order), 9)
        key = (-worth, found.ends, found.order)
        if best is None or key < best:
            best, chosen = key, found
    return chosen


def fill_day(
    day: VisitingDay, earlier: Ints, group: Ints, of_group: Ints, most: int
) -> DayOrder | None:
    """Fill a day of many sites one by one, each the one worth most where it delays the end least.

    The order is improved by reversing parts and moving single sites. No order
    of the same sites can end before all stays and the shortest tree of drives
    that joins them.
    """
    order: list[int] = []
    waiting = set(range(len(day.stay)))
    while waiting and len(order) < most:
        options = []
        for site in waiting:
            worth = round(count_worth(earlier, group, of_group, [*order, site]), 9)
            tried = [[*order[:k], site, *order[k:]] for k in range(len(order) + 1)]
            ends, k = min((day.follow(row), k) for k, row in enumerate(tried))
            if ends < NEVER:
                options.append((-worth, ends, site, k))
        if not options:
            break
        _, _, site, k = min(options)
        order.insert(k, site)
        waiting.discard(site)
        order = _improve_order(day, order)
    if not order:
        return None
    stays = int(day.stay[order].sum())
    tree = _measure_tree(day.drive[np.ix_(order, order)].astype(float))
    ends = day.follow(order)
    return DayOrder(tuple(order), ends, min(ends, day.start + stays + tree))


def _improve_order(day: VisitingDay, order: list[int]) -> list[int]:
    """Reverse parts and move single sites while the day ends earlier for it."""
    best = day.follow(order)
    improved = True
    while improved:
        improved = False
        n = len(order)
        tried = [
            order[:i] + order[i : j + 1][::-1] + order[j + 1 :]
            for i in range(n)
            for j in range(i + 1, n)
        ]
        for i in range(n):
            rest = order[:i] + order[i + 1 :]
            tried += [[*rest[:j], order[i], *rest[j:]] for j in range(n) if j != i]
        for row in tried:
            ends = day.follow(row)
            if ends < best:
                order, best, improved = row, ends, True
                break
    return order


def _measure_tree(drive: Floats) -> int:
    """Measure the shortest tree that joins all sites, in whole minutes (Prim)."""
    n = len(drive)
    shortest = np.minimum(drive, drive.T)
    near = shortest[0].copy()
    inside = np.zeros(n, bool)
    inside[0] = True
    length = 0.0
    for _ in range(n - 1):
        site = int(np.argmin(np.where(inside, np.inf, near)))
        length += near[site]
        inside[site] = True
        near = np.minimum(near, shortest[site])
    return int(length)
