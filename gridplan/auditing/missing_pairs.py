"""The rule on pairs of neighbours that are not listed though nothing lies between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import Delaunay, QhullError

from gridplan.arrays import Bools, Floats, Ints
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter, join_findings
from gridplan.auditing.land_figures import is_drawn
from gridplan.auditing.walking import measure_steps

CLEAR = 0.02  # radians by which four doors must be off one circle, else either pair may be listed


def check_missing_pairs(evidence: Evidence) -> pd.DataFrame:
    """Check that doors near each other with nothing between them are listed as neighbours.

    Doors are near if no third one lies within a circle through both (Delaunay,
    1934), and within the reach of their class.

    Source: gridplan's rules of neighbours.
    """
    e = evidence
    if not is_drawn(e) or e.plan.neighbours.empty:
        return join_findings([])
    number, first = np.unique(e.place, return_index=True)
    first = first[np.isfinite(e.xy[first]).all(axis=1)]
    community = e.stairwells["community"].to_numpy(object)[first]
    pairs = [_find_near(e.xy[first[rows]], first[rows]) for rows in _split(community)]
    a, b = np.concatenate([np.zeros((0, 2), np.int64), *pairs]).T
    kind = e.stairwells["community_kind"].to_numpy(object)[a]
    rules = e.rules.neighbours
    reach = np.where(kind == "urban", rules.urban_reach, rules.rural_reach)
    near = np.hypot(*(e.xy[a] - e.xy[b]).T) <= reach
    steps = e.take(measure_steps)
    listed = _join_places(e.place[steps.a], e.place[steps.b], len(number))
    missing = near & ~np.isin(_join_places(e.place[a], e.place[b], len(number)), listed)
    a = a[missing]
    b = b[missing]
    free = ~_meet_barriers(e, a, b)
    rows = e.stairwells.iloc[a[free]]
    return Reporter("neighbours", "stairwells", rows, noun="stairwell").warning(
        np.ones(len(rows), bool),
        "not joined to a door nearby, with nothing between",
        "find the neighbours again",
    )


def _split(community: object) -> list[Ints]:
    """List the rows of each community."""
    groups = pd.Series(community).groupby(community).indices
    return [np.asarray(rows, np.int64) for rows in groups.values()]


def _find_near(xy: Floats, rows: Ints) -> Ints:
    """Find the pairs of doors that have no third within a circle through both: int64[m, 2]."""
    nothing = np.zeros((0, 2), np.int64)
    if len(xy) < 3:
        return nothing
    # Near the origin, where the triangulation loses no digits.
    xy = xy - xy.mean(axis=0)
    try:
        corners = Delaunay(xy).simplices
    except QhullError:
        return nothing
    opposite = corners.ravel()
    ends = np.sort(
        np.concatenate([corners[:, [(k + 1) % 3, (k + 2) % 3]][:, None] for k in range(3)], 1), 2
    ).reshape(-1, 2)
    to_a, to_b = (xy[ends[:, k]] - xy[opposite] for k in (0, 1))
    cross = np.abs(to_a[:, 0] * to_b[:, 1] - to_a[:, 1] * to_b[:, 0])
    angle = np.arctan2(cross, (to_a * to_b).sum(axis=1))
    pair, number = np.unique(ends, axis=0, return_inverse=True)
    # The two angles opposite a side come to half a circle where all four lie on one.
    clear = np.bincount(number.ravel(), angle, minlength=len(pair)) < np.pi - CLEAR
    return np.asarray(rows[pair[clear]], np.int64)


def _join_places(a: Ints, b: Ints, count: int) -> Ints:
    """Write each pair of doors as one number, whichever is named first."""
    return np.asarray(np.minimum(a, b) * (count + 1) + np.maximum(a, b), np.int64)


def _meet_barriers(e: Evidence, a: Ints, b: Ints) -> Bools:
    """Whether the straight line of each pair meets a barrier of any kind."""
    met = np.zeros(len(a), bool)
    shapes = e.plan.site.barriers.geometry.to_numpy()
    if len(a) and len(shapes):
        lines = shapely.linestrings(np.stack([e.xy[a], e.xy[b]], axis=1))
        met[shapely.STRtree(lines).query(shapes, predicate="intersects")[1]] = True
    return met
