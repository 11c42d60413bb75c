"""The rule on centres: which stairwell of a sub-grid is nearest to its households."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

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
    k = len(evidence.subgrids)
    part = np.where(np.isfinite(e.xy).all(axis=1), e.part, -1)
    cost = sum_walks(e, part, k)
    rows = np.flatnonzero(part >= 0)
    order = rows[np.lexsort((rows, cost[rows], part[rows]))]
    best = np.full(k, -1)
    least = np.full(k, np.nan)
    best[part[order][::-1]] = order[::-1]
    least[best >= 0] = cost[best[best >= 0]]
    centre = find_rows(e.stairwells, e.subgrids["centre"])
    centre[np.append(part, -1)[centre] != np.arange(k)] = -1
    of_centre = np.full(k, np.nan)
    longest = np.full(k, np.nan)
    has = centre >= 0
    of_centre[has], longest[has] = cost[centre[has]], 0.0
    own = rows[has[part[rows]]]
    np.maximum.at(longest, part[own], _walk_ways(e, own, centre[part[own]]))
    return Walks(centre, of_centre, longest, best, least)


def _walk(e: Evidence, a: Ints, b: Ints) -> Floats:
    climb = np.nan_to_num(e.stairwells["climb"].to_numpy(float))
    apart = np.hypot(*(e.xy[a] - e.xy[b]).T) + climb[a] + climb[b]
    return np.asarray(np.where(e.place[a] == e.place[b], np.abs(climb[a] - climb[b]), apart))


def _walk_ways(e: Evidence, a: Ints, b: Ints) -> Floats:
    """Measure walks as the division is asked to; across communities in straight lines."""
    walk = _walk(e, a, b)
    if not e.ways:
        return walk
    of, names = pd.factorize(e.stairwells["community"])
    order = np.argsort(of, kind="stable")
    local = np.empty(len(of), np.int64)
    local[order] = np.arange(len(of)) - np.searchsorted(of[order], of[order])
    for c in np.unique(of[a]):
        rows = np.flatnonzero((of[a] == c) & (of[b] == c))
        walk[rows] = e.ways[str(names[c])][local[a[rows]], local[b[rows]]]
    return walk


def sum_walks(e: Evidence, part: Ints, k: int, *, straight: bool = False) -> Floats:
    """Add up, for each stairwell, households times walk over all stairwells of its sub-grid."""
    measure = _walk if straight else _walk_ways
    order = np.argsort(part, kind="stable")
    order = order[part[order] >= 0]
    sizes = np.bincount(part[order], minlength=k)
    start = np.cumsum(sizes) - sizes
    reach = sizes[part[order]]
    done = np.cumsum(reach)
    cost = np.full(len(part), np.nan)
    cuts = np.searchsorted(done, np.arange(AT_ONCE, done[-1] if len(done) else 0, AT_ONCE))
    for rows, size in zip(np.split(order, cuts), np.split(reach, cuts), strict=True):
        if len(rows) == 0:
            continue
        first = np.cumsum(size) - size
        other = order[np.arange(size.sum()) + np.repeat(start[part[rows]] - first, size)]
        walk = measure(e, np.repeat(rows, size), other) * e.weight[other]
        cost[rows] = np.add.reduceat(walk, first)
    return cost


def check_centres(evidence: Evidence, walks: Walks) -> pd.DataFrame:
    """Check that centres are stairwells of their sub-grid with the fewest household-metres.

    Source: the central household's purpose is reach: a nearby home instead of
    a meeting place 4 km away (Zhejiang News on Xinchang, 13 December 2009).
    """
    e = evidence
    rows = evidence.subgrids
    codes = rows.index
    over = rows["community"].to_numpy(object)
    named = (rows["centre"].fillna("") != "").to_numpy()
    foreign = named & (walks.centre < 0)
    unnamed = ~named & e.residential & (e.held > 0)
    with np.errstate(invalid="ignore"):
        off = (walks.of_centre - walks.least) > SLACK * np.maximum(e.held, 1)
    best = e.stairwells.index.to_numpy(object)[walks.best[off]]
    more = (walks.of_centre - walks.least)[off]
    what = [
        f"its centre has {m:,.0f} household-metres more than {b}"
        for m, b in zip(more, best, strict=True)
    ]

    def report(severity: str, mask: Bools, what: Any, remedy: Any) -> pd.DataFrame:
        return write_findings(
            "centres",
            severity,
            "subgrids",
            codes[mask],
            over[mask],
            codes[mask],
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(
                "error", foreign, "its centre is none of its stairwells", "choose one of its own"
            ),
            report(
                "warning",
                unnamed,
                "no centre is named",
                "choose the stairwell nearest to the households",
            ),
            report("warning", off, what, [f"make {b} the centre" for b in best]),
        ]
    )
