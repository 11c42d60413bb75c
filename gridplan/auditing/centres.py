"""The rule on centres: which stairwell of a sub-grid is nearest to its households."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import Reporter, join_findings

SLACK = 0.01  # metres for each household by which a centre may be farther than the best
AT_ONCE = 4_000_000  # pairs of stairwells whose walk is measured at once, to bound the memory


@dataclass(frozen=True)
class Walks:
    """Walks to the centre by sub-grid; NaN where the sub-grid has no centre of its own.

    ``centre`` is the row of the stairwell named as centre (-1 if none is, or
    it is not of the sub-grid), ``of_centre`` its household-metres, ``longest``
    the longest walk to it, ``best`` and ``least`` the stairwell with the
    fewest household-metres.
    """

    centre: Ints
    of_centre: Floats
    longest: Floats
    best: Ints
    least: Floats


def measure_walks(evidence: Evidence) -> Walks:
    """Measure the walks within every sub-grid to each of its stairwells.

    Between two doors it is the straight line and the climbs at both ends; over
    one door, the difference of the climbs. Where the rules say so, it is the
    way along the streets instead, found again from the plan's streets and
    barriers.
    """
    e = evidence
    k = len(e.subgrids)
    # A door without a position would make every walk of its sub-grid unknown.
    part = np.where(np.isfinite(e.xy).all(axis=1), e.part, -1)
    cost = sum_walks(e, part, k)
    rows = np.flatnonzero(part >= 0)
    # Of equals the first in order of code is the best, so that the result is one.
    order = rows[np.lexsort((rows, cost[rows], part[rows]))]
    best = np.full(k, -1)
    least = np.full(k, np.nan)
    # Written backwards, so that the first of each sub-grid is what stays.
    best[part[order][::-1]] = order[::-1]
    least[best >= 0] = cost[best[best >= 0]]
    centre = find_rows(e.stairwells, e.subgrids["centre"])
    centre[np.append(part, -1)[centre] != np.arange(k)] = -1
    of_centre = np.full(k, np.nan)
    longest = np.full(k, np.nan)
    has_centre = centre >= 0
    of_centre[has_centre] = cost[centre[has_centre]]
    longest[has_centre] = 0.0
    walkers = rows[has_centre[part[rows]]]
    walk = _walk_ways(e, walkers, centre[part[walkers]])
    np.maximum.at(longest, part[walkers], walk)
    return Walks(centre, of_centre, longest, best, least)


def _walk(e: Evidence, a: Ints, b: Ints) -> Floats:
    """Measure walks in straight lines between doors, with the climbs at both ends."""
    climb = np.nan_to_num(e.stairwells["climb"].to_numpy(float))
    apart = np.hypot(*(e.xy[a] - e.xy[b]).T) + climb[a] + climb[b]
    # Floors over one door are reached by its stairs, without going down to the street.
    return np.asarray(np.where(e.place[a] == e.place[b], np.abs(climb[a] - climb[b]), apart))


def _walk_ways(e: Evidence, a: Ints, b: Ints) -> Floats:
    """Measure walks as the division is asked to; across communities in straight lines."""
    walk = _walk(e, a, b)
    if not e.ways:
        return walk
    community, names = pd.factorize(e.stairwells["community"])
    # The matrix of a community counts its stairwells from 0, in the order of all of them.
    order = np.argsort(community, kind="stable")
    first = np.searchsorted(community[order], community[order])
    local = np.empty(len(community), np.int64)
    local[order] = np.arange(len(community)) - first
    for c in np.unique(community[a]):
        rows = np.flatnonzero((community[a] == c) & (community[b] == c))
        walk[rows] = e.ways[str(names[c])][local[a[rows]], local[b[rows]]]
    return walk


def sum_walks(e: Evidence, part: Ints, k: int, *, straight: bool = False) -> Floats:
    """Add up, for each stairwell, households times walk over all stairwells of its sub-grid.

    All pairs within a sub-grid are measured: time grows with the stairwells
    times the size of their sub-grid, memory is bounded by ``AT_ONCE``.
    """
    measure = _walk if straight else _walk_ways
    order = np.argsort(part, kind="stable")
    order = order[part[order] >= 0]
    sizes = np.bincount(part[order], minlength=k)
    start = np.cumsum(sizes) - sizes
    # Pairs that each stairwell has to be measured in, itself included.
    reach = sizes[part[order]]
    pairs_before = np.cumsum(reach)
    cost = np.full(len(part), np.nan)
    last = pairs_before[-1] if len(pairs_before) else 0
    cuts = np.searchsorted(pairs_before, np.arange(AT_ONCE, last, AT_ONCE))
    for rows, size in zip(np.split(order, cuts), np.split(reach, cuts), strict=True):
        # A stairwell with more pairs than a block leaves empty blocks behind it.
        if len(rows) == 0:
            continue
        first = np.cumsum(size) - size
        # Each row is set against the whole run of its sub-grid in the sorted order.
        other = order[np.arange(size.sum()) + np.repeat(start[part[rows]] - first, size)]
        walk = measure(e, np.repeat(rows, size), other) * e.weight[other]
        cost[rows] = np.add.reduceat(walk, first)
    return cost


def check_centres(evidence: Evidence) -> pd.DataFrame:
    """Check that centres are stairwells of their sub-grid with the fewest household-metres.

    Source: the central household's purpose is reach: a nearby home instead of
    a meeting place 4 km away (Zhejiang News on Xinchang, 13 December 2009).
    """
    e = evidence
    walks = e.take(measure_walks)
    rows = e.subgrids
    is_named = (rows["centre"].fillna("") != "").to_numpy()
    foreign = is_named & (walks.centre < 0)
    unnamed = ~is_named & e.residential & (e.held > 0)
    # NaN, where there is no centre, compares as false: that is reported above.
    with np.errstate(invalid="ignore"):
        more = walks.of_centre - walks.least
        off = more > SLACK * np.maximum(e.held, 1)
    best = e.stairwells.index.to_numpy(object)[walks.best[off]]
    what = [
        f"its centre has {metres:,.0f} household-metres more than {code}"
        for metres, code in zip(more[off], best, strict=True)
    ]
    reporter = Reporter("centres", "subgrids", rows, subgrid=rows.index)
    return join_findings(
        [
            reporter.error(
                foreign, "its centre is none of its stairwells", "choose one of its own"
            ),
            reporter.warning(
                unnamed, "no centre is named", "choose the stairwell nearest to the households"
            ),
            reporter.warning(off, what, [f"make {code} the centre" for code in best]),
        ]
    )
