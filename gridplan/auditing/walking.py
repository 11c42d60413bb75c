"""Rules on walking: which stairwells are joined, and over which barriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes
from gridplan.auditing.centres import Walks
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

SERVES = 25.0  # metres within which an opening belongs to a barrier
STREAMS = ("stream", "canal", "ditch", "drain")
INDOORS = ("building", "floor")
LINKS = ("near", "far", "soft", "opening", *INDOORS)
SLACK = 0.01  # metres by which a distance may fall short of the straight line


@dataclass(frozen=True)
class Steps:
    """The pairs of neighbours whose two ends exist, with what their straight line meets.

    ``a`` and ``b`` are rows of stairwells; ``inside`` says that both are of
    one building, ``hard`` and ``soft`` that the line between the two doors
    meets such a barrier, ``sound`` that one can walk it: it meets no hard
    barrier, or is inside a building, or goes over an opening that is there.
    """

    ids: Objects
    a: Ints
    b: Ints
    distance: Floats
    link: Objects
    inside: Bools
    hard: Bools
    soft: Bools
    sound: Bools


def measure_steps(evidence: Evidence) -> Steps:
    """Find what the line between each pair of neighbours meets, and whether it can be walked."""
    e = evidence
    table = evidence.plan.neighbours
    table = table[~table.index.duplicated()].sort_index()
    a = find_rows(e.stairwells, table["focal"])
    b = find_rows(e.stairwells, table["neighbour"])
    known = (a >= 0) & (b >= 0)
    known &= (
        np.isfinite(e.xy[a]).all(axis=1) & np.isfinite(e.xy[b]).all(axis=1) if len(e.xy) else known
    )
    table = table[known]
    a = a[known]
    b = b[known]
    link = table["link"].to_numpy(object)
    distance = table["distance"].to_numpy(float)
    inside = e.home[a] == e.home[b]
    shapes, is_hard = _list_barriers(e)
    barrier, step = _meet(e, a, b, shapes, ~inside)
    hard = np.zeros(len(a), bool)
    soft = np.zeros(len(a), bool)
    hard[step[is_hard[barrier]]] = True
    soft[step[~is_hard[barrier]]] = True
    over = is_hard[barrier] & (link[step] == "opening")
    closed = _find_closed(e, a, b, distance, step[over], barrier[over], shapes)
    blocked = hard & (link != "opening")
    blocked[closed] = True
    return Steps(table.index.to_numpy(object), a, b, distance, link, inside, hard, soft, ~blocked)


def _list_barriers(e: Evidence) -> tuple[Shapes, Bools]:
    barriers = e.plan.site.barriers
    hard = barriers["hard"].fillna(True).to_numpy(bool)
    if e.rules.neighbours.streams_hard:
        hard = hard | barriers["kind"].isin(STREAMS).to_numpy()
    return barriers.geometry.to_numpy(), hard


def _meet(e: Evidence, a: Ints, b: Ints, shapes: Shapes, wanted: Bools) -> tuple[Ints, Ints]:
    """Find which straight lines meet which barriers: rows of barriers and of pairs."""
    rows = np.flatnonzero(wanted)
    if len(rows) == 0 or len(shapes) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    lines = shapely.linestrings(np.stack([e.xy[a[rows]], e.xy[b[rows]]], axis=1))
    # The tree holds the lines: GEOS prepares the shapes that ask, and a river
    # has many more points than a line.
    barrier, line = shapely.STRtree(lines).query(shapes, predicate="intersects")
    return barrier, rows[line]


def _find_closed(
    e: Evidence, a: Ints, b: Ints, distance: Floats, step: Ints, barrier: Ints, shapes: Shapes
) -> Ints:
    """Find steps said to use an opening that meet a hard barrier with none on the way.

    An opening is on the way if it lies at the barrier, and the step is at
    least as long as the straight lines from both doors to it.
    """
    openings = e.plan.site.openings.geometry.to_numpy()
    if len(step) == 0 or len(openings) == 0:
        return np.unique(step)
    at, serves = shapely.STRtree(openings).query(shapes, predicate="dwithin", distance=SERVES)
    serving = pd.MultiIndex.from_arrays([at, serves])
    first = shapely.points(e.xy[a[step]])
    reach = np.nan_to_num(distance[step], nan=0.0, posinf=0.0) + SLACK
    row, opening = shapely.STRtree(openings).query(first, predicate="dwithin", distance=reach)
    kept = pd.MultiIndex.from_arrays([barrier[row], opening]).isin(serving)
    row = row[kept]
    opening = opening[kept]
    last = shapely.points(e.xy[b[step[row]]])
    way = shapely.distance(first[row], openings[opening]) + shapely.distance(
        last, openings[opening]
    )
    opened = np.zeros(len(step), bool)
    opened[row[way <= reach[row]]] = True
    return np.unique(step[~opened])


def check_neighbours(evidence: Evidence, steps: Steps) -> pd.DataFrame:
    """Check that neighbours can walk to each other: both exist, and no hard barrier parts them.

    Pairs stand once, join two stairwells of one community, are no shorter than
    the straight line, and no longer than the reach of their class unless their
    link says so.

    Source: a grid is what one worker covers on foot; barriers such as rivers
    and railways belong to special grids (Tangshan, NetEase, 4 September 2023).
    """
    e = evidence
    s = steps
    table = evidence.plan.neighbours
    table = table[~table.index.duplicated()].sort_index()
    a = find_rows(e.stairwells, table["focal"])
    b = find_rows(e.stairwells, table["neighbour"])
    known = (a >= 0) & (b >= 0)
    ends = pd.DataFrame({"low": np.minimum(a, b), "high": np.maximum(a, b)}, index=table.index)
    over = e.stairwells["community"].to_numpy(object)
    kind = e.stairwells["community_kind"].to_numpy(object)
    reach = (
        np.where(
            kind[s.a] == "urban", e.rules.neighbours.urban_reach, e.rules.neighbours.rural_reach
        )
        if len(s.a)
        else 0.0
    )
    straight = np.hypot(*(e.xy[s.a] - e.xy[s.b]).T)
    indoors = np.isin(s.link, INDOORS)

    def report(severity: str, ids: Any, first: Ints, what: str, remedy: str) -> pd.DataFrame:
        where = np.append(over, "")[first]
        return write_findings(
            "neighbours", severity, "neighbours", ids, where, noun="pair", what=what, remedy=remedy
        )

    def report_steps(severity: str, mask: Bools, what: str, remedy: str) -> pd.DataFrame:
        return report(severity, s.ids[mask], s.a[mask], what, remedy)

    twice = (known & ends.duplicated().to_numpy()) | (known & (a == b))
    again = "find the neighbours again"
    return join_findings(
        [
            report(
                "error",
                table.index[~known],
                a[~known],
                "with a stairwell that does not exist",
                again,
            ),
            report(
                "warning",
                table.index[twice],
                a[twice],
                "standing twice, or of a stairwell with itself",
                "keep each pair once",
            ),
            report_steps("error", over[s.a] != over[s.b], "across a community limit", again),
            report_steps(
                "error",
                ~s.sound & (s.link == "opening"),
                "over a hard barrier with no opening on the way",
                again,
            ),
            report_steps(
                "error", ~s.sound & (s.link != "opening"), "straight across a hard barrier", again
            ),
            report_steps(
                "error",
                indoors & ~s.inside,
                "said to be inside a building, yet of two buildings",
                again,
            ),
            report_steps(
                "warning",
                ~np.isin(s.link, LINKS),
                "with an unknown link",
                f"say {', '.join(LINKS)}",
            ),
            report_steps(
                "warning",
                ~(s.distance >= straight - SLACK),
                "shorter than the straight line",
                again,
            ),
            report_steps(
                "warning",
                (s.link == "near") & (straight > reach + SLACK),
                "said to be near, beyond the reach",
                again,
            ),
        ]
    )


def number_pieces(n: int, a: Ints, b: Ints) -> tuple[Ints, int]:
    """Find the pieces that n stairwells fall into, numbered, when only the pairs a, b join them.

    Examples
    --------
    >>> number_pieces(4, np.array([0, 2]), np.array([1, 1]))
    (array([0, 0, 0, 1], dtype=int32), 2)
    """
    graph = csr_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    return label, int(count)


def _number_within(e: Evidence, steps: Steps, used: Bools) -> tuple[Ints, Ints]:
    """Find the numbered pieces of stairwells within sub-grids, and count those of each."""
    own = used & (e.part[steps.a] == e.part[steps.b])
    label, count = number_pieces(len(e.part), steps.a[own], steps.b[own])
    of_piece = np.full(count, -1)
    of_piece[label] = e.part
    return label, np.bincount(of_piece[of_piece >= 0], minlength=len(e.subgrids))


def check_contiguity(evidence: Evidence, steps: Steps) -> pd.DataFrame:
    """Check that the stairwells of a sub-grid are joined by neighbours that can be walked.

    Where a plan has no table of neighbours, its outline must be one piece
    instead.

    Source: compactness without pockets, one of the ten criteria for
    enumeration areas (Humanities and Social Sciences Communications, 2020);
    one grid is walked by one worker.
    """
    e = evidence
    codes = evidence.subgrids.index
    over = evidence.subgrids["community"].to_numpy(object)
    if len(e.plan.neighbours) == 0:
        pieces = shapely.get_num_geometries(e.subgrids.geometry.to_numpy())
        apart = pieces > 1
        parts = [
            f"no neighbours are given, and its outline is in {n} pieces" for n in pieces[apart]
        ]
        return write_findings(
            "contiguity",
            "error",
            "subgrids",
            codes[apart],
            over[apart],
            codes[apart],
            what=parts,
            remedy="divide again",
        )
    label, pieces = _number_within(e, steps, steps.sound)
    rows = np.flatnonzero((e.part >= 0) & (np.append(pieces, 0)[e.part] > 1))
    mass = pd.Series(e.weight[rows]).groupby(label[rows]).sum()
    held = pd.DataFrame(
        {"part": e.part[rows], "label": label[rows], "mass": mass.reindex(label[rows]).to_numpy()}
    )
    largest = held.sort_values(
        ["part", "mass", "label"], ascending=[True, False, True]
    ).drop_duplicates("part")
    off = rows[~np.isin(label[rows], largest["label"])]
    part = e.part[off]
    what = np.array([f"apart from the rest: {n} pieces" for n in pieces[part]], object)
    return write_findings(
        "contiguity",
        "error",
        "stairwells",
        e.stairwells.index[off],
        over[part],
        codes[part],
        noun="stairwell",
        what=what,
        remedy="move them to a sub-grid next to them, or open the barrier between",
    )


def check_barriers(evidence: Evidence, steps: Steps, walks: Walks) -> pd.DataFrame:
    """Flag sub-grids on both sides of a hard barrier, and note those of a soft one.

    A sub-grid is on both sides if its stairwells are joined only by pairs that
    cross the barrier. Where no neighbours are given, the straight lines from
    all doors to the door nearest to the households are looked at.

    Source: visible features as limits are the rule of statistical offices and
    of Chinese counties (road blocks as the base line); a grid across a river
    over its bridge may be wanted, so it is flagged and not forbidden.
    """
    e = evidence
    codes = evidence.subgrids.index
    over = evidence.subgrids["community"].to_numpy(object)
    if len(e.plan.neighbours) == 0:
        hard, soft = _look_across(e, walks)
    else:
        outdoors = ~steps.inside
        whole = _number_within(e, steps, steps.sound)[1]
        dry = _number_within(e, steps, steps.sound & ~(steps.hard & outdoors))[1]
        plain = _number_within(e, steps, steps.sound & ~((steps.hard | steps.soft) & outdoors))[1]
        hard = dry > whole
        soft = (plain > dry) & (dry <= whole)
    return join_findings(
        [
            write_findings(
                "barriers",
                "warning",
                "subgrids",
                codes[hard],
                over[hard],
                codes[hard],
                what="on both sides of a hard barrier",
                remedy="see whether the way over the opening will do",
            ),
            write_findings(
                "barriers",
                "note",
                "subgrids",
                codes[soft],
                over[soft],
                codes[soft],
                what="on both sides of a soft barrier",
                remedy="raise prices.barrier if that should be rarer",
            ),
        ]
    )


def _look_across(e: Evidence, walks: Walks) -> tuple[Bools, Bools]:
    """Find the sub-grids with a hard, or only a soft barrier between some door and the middle."""
    shapes, is_hard = _list_barriers(e)
    middle = np.append(walks.best, -1)[e.part]
    wanted = (middle >= 0) & np.isfinite(e.xy).all(axis=1) & (e.home != e.home[middle])
    barrier, row = _meet(e, np.arange(len(middle)), middle, shapes, wanted)
    hard = np.zeros(len(e.subgrids), bool)
    soft = np.zeros(len(e.subgrids), bool)
    hard[e.part[row[is_hard[barrier]]]] = True
    soft[e.part[row[~is_hard[barrier]]]] = True
    return hard, soft & ~hard
