"""Rules on walking: which stairwells are joined, and over which barriers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes
from gridplan.auditing.centres import measure_walks
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings

SERVES = 25.0  # metres within which an opening belongs to a barrier
STREAMS = ("stream", "canal", "ditch", "drain")  # kinds that the rules may call hard
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
    table = sort_rows(e.plan.neighbours)
    a = find_rows(e.stairwells, table["focal"])
    b = find_rows(e.stairwells, table["neighbour"])
    known = (a >= 0) & (b >= 0)
    # Without stairwells row -1 could not even be read.
    if len(e.xy):
        known &= np.isfinite(e.xy[a]).all(axis=1) & np.isfinite(e.xy[b]).all(axis=1)
    table = table[known]
    a = a[known]
    b = b[known]
    link = table["link"].to_numpy(object)
    distance = table["distance"].to_numpy(float)
    # Within a building nobody goes outdoors, whatever the line on the map meets.
    inside = e.home[a] == e.home[b]
    shapes, is_hard = _list_barriers(e)
    barrier, step = _meet(e, a, b, shapes, ~inside)
    hard = np.zeros(len(a), bool)
    soft = np.zeros(len(a), bool)
    hard[step[is_hard[barrier]]] = True
    soft[step[~is_hard[barrier]]] = True
    over = is_hard[barrier] & (link[step] == "opening")
    closed = _find_closed(e, a, b, distance, step[over], barrier[over], shapes)
    # A hard barrier is passed over an opening only, and only if that is there.
    blocked = hard & (link != "opening")
    blocked[closed] = True
    return Steps(table.index.to_numpy(object), a, b, distance, link, inside, hard, soft, ~blocked)


def _list_barriers(e: Evidence) -> tuple[Shapes, Bools]:
    """List the shapes of all barriers, and which of them are hard."""
    barriers = e.plan.site.barriers
    # What a source does not say is taken for the worse.
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
    # Without openings all of them are closed; without steps there are none.
    if len(step) == 0 or len(openings) == 0:
        return np.unique(step)
    tree = shapely.STRtree(openings)
    served_barrier, serving = tree.query(shapes, predicate="dwithin", distance=SERVES)
    serving_pairs = pd.MultiIndex.from_arrays([served_barrier, serving])
    first = shapely.points(e.xy[a[step]])
    # A step of unknown length reaches no opening, and is closed.
    reach = np.nan_to_num(distance[step], nan=0.0, posinf=0.0) + SLACK
    row, opening = tree.query(first, predicate="dwithin", distance=reach)
    is_serving = pd.MultiIndex.from_arrays([barrier[row], opening]).isin(serving_pairs)
    row = row[is_serving]
    opening = opening[is_serving]
    last = shapely.points(e.xy[b[step[row]]])
    to_opening = shapely.distance(first[row], openings[opening])
    way = to_opening + shapely.distance(last, openings[opening])
    is_open = np.zeros(len(step), bool)
    is_open[row[way <= reach[row]]] = True
    # One barrier without an opening closes a step, however many others have one.
    return np.unique(step[~is_open])


def check_neighbours(evidence: Evidence) -> pd.DataFrame:
    """Check that neighbours can walk to each other: both exist, and no hard barrier parts them.

    Pairs are listed once, join two stairwells of one community, are no shorter
    than the straight line, and no longer than the reach of their class unless
    their link says so.

    Source: a grid is what one worker covers on foot; barriers such as rivers
    and railways belong to special grids (Tangshan, NetEase, 4 September 2023).
    """
    e = evidence
    steps = e.take(measure_steps)
    # Findings are for the community of a pair's first end.
    community = e.stairwells["community"].to_numpy(object)
    rows = pd.DataFrame({"community": community[steps.a]}, index=steps.ids)
    reporter = Reporter(
        "neighbours", "neighbours", rows, noun="pair", remedy="find the neighbours again"
    )
    return join_findings(
        [
            *_check_pairs(e),
            reporter.error(community[steps.a] != community[steps.b], "across a community limit"),
            *_check_crossings(steps, reporter),
            *_check_links(e, steps, reporter),
        ]
    )


def _check_pairs(e: Evidence) -> list[pd.DataFrame]:
    """Check that both ends of each pair exist, and that no pair is listed twice."""
    table = sort_rows(e.plan.neighbours)
    a = find_rows(e.stairwells, table["focal"])
    b = find_rows(e.stairwells, table["neighbour"])
    known = (a >= 0) & (b >= 0)
    # Sorted ends, so that a pair and its reverse are the same.
    ends = pd.DataFrame({"low": np.minimum(a, b), "high": np.maximum(a, b)})
    is_double = known & (ends.duplicated().to_numpy() | (a == b))
    community = np.append(e.stairwells["community"].to_numpy(object), "")[a]
    rows = pd.DataFrame({"community": community}, index=table.index)
    reporter = Reporter("neighbours", "neighbours", rows, noun="pair")
    return [
        reporter.error(~known, "with a stairwell that does not exist", "find the neighbours again"),
        reporter.warning(
            is_double, "standing twice, or of a stairwell with itself", "keep each pair once"
        ),
    ]


def _check_crossings(steps: Steps, reporter: Reporter) -> list[pd.DataFrame]:
    """Check that no pair crosses a hard barrier but over an opening that is there."""
    over_opening = steps.link == "opening"
    return [
        reporter.error(
            ~steps.sound & over_opening, "over a hard barrier with no opening on the way"
        ),
        reporter.error(~steps.sound & ~over_opening, "straight across a hard barrier"),
    ]


def _check_links(e: Evidence, steps: Steps, reporter: Reporter) -> list[pd.DataFrame]:
    """Check that the link and the distance of each pair fit its two doors."""
    kind = e.stairwells["community_kind"].to_numpy(object)[steps.a]
    rules = e.rules.neighbours
    reach = np.where(kind == "urban", rules.urban_reach, rules.rural_reach)
    straight = np.hypot(*(e.xy[steps.a] - e.xy[steps.b]).T)
    is_indoors = np.isin(steps.link, INDOORS)
    # Written as not long enough, so that a distance of NaN is found too.
    is_short = ~(steps.distance >= straight - SLACK)
    is_far = (steps.link == "near") & (straight > reach + SLACK)
    return [
        reporter.error(
            is_indoors & ~steps.inside, "said to be inside a building, yet of two buildings"
        ),
        reporter.warning(
            ~np.isin(steps.link, LINKS), "with an unknown link", f"say {', '.join(LINKS)}"
        ),
        reporter.warning(is_short, "shorter than the straight line"),
        reporter.warning(is_far, "said to be near, beyond the reach"),
    ]


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
    is_within = used & (e.part[steps.a] == e.part[steps.b])
    label, count = number_pieces(len(e.part), steps.a[is_within], steps.b[is_within])
    # Any stairwell names the sub-grid of its piece, since pieces end where it does.
    part_of_piece = np.full(count, -1)
    part_of_piece[label] = e.part
    return label, np.bincount(part_of_piece[part_of_piece >= 0], minlength=len(e.subgrids))


def check_contiguity(evidence: Evidence) -> pd.DataFrame:
    """Check that the stairwells of a sub-grid are joined by neighbours that can be walked.

    Where a plan has no table of neighbours, its outline must be one piece
    instead.

    Source: compactness without pockets, one of the ten criteria for
    enumeration areas (Humanities and Social Sciences Communications, 2020);
    one grid is walked by one worker.
    """
    e = evidence
    if len(e.plan.neighbours) == 0:
        return _check_outlines(e)
    steps = e.take(measure_steps)
    label, pieces = _number_within(e, steps, steps.sound)
    rows = np.flatnonzero((e.part >= 0) & (np.append(pieces, 0)[e.part] > 1))
    households = pd.Series(e.weight[rows]).groupby(label[rows]).sum()
    table = pd.DataFrame(
        {
            "part": e.part[rows],
            "label": label[rows],
            "households": households.reindex(label[rows]).to_numpy(),
        }
    )
    # The piece with most households is the sub-grid, the others are apart; of
    # equals it is the one with the first code.
    ordered = table.sort_values(["part", "households", "label"], ascending=[True, False, True])
    largest = ordered.drop_duplicates("part")
    off = rows[~np.isin(label[rows], largest["label"])]
    part = e.part[off]
    return write_findings(
        "contiguity",
        "error",
        "stairwells",
        e.stairwells.index[off],
        e.subgrids["community"].to_numpy(object)[part],
        e.subgrids.index[part],
        noun="stairwell",
        what=np.array([f"apart from the rest: {n} pieces" for n in pieces[part]], object),
        remedy="move them to a sub-grid next to them, or open the barrier between",
    )


def _check_outlines(e: Evidence) -> pd.DataFrame:
    """Check that outlines are in one piece, all that shows where no neighbours are given."""
    pieces = shapely.get_num_geometries(e.subgrids.geometry.to_numpy())
    is_apart = pieces > 1
    what = [f"no neighbours are given, and its outline is in {n} pieces" for n in pieces[is_apart]]
    reporter = Reporter("contiguity", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return reporter.error(is_apart, what, "divide again")


def check_barriers(evidence: Evidence) -> pd.DataFrame:
    """Flag sub-grids on both sides of a hard barrier, and note those of a soft one.

    A sub-grid is on both sides if its stairwells are joined only by pairs that
    cross the barrier. Where no neighbours are given, the straight lines from
    all doors to the door nearest to the households are looked at.

    Source: visible features as limits are the rule of statistical offices and
    of Chinese counties (road blocks as the base line); a grid across a river
    over its bridge may be wanted, so it is flagged and not forbidden.
    """
    e = evidence
    has_neighbours = len(e.plan.neighbours) > 0
    hard, soft = _find_parted(e) if has_neighbours else _look_across(e)
    reporter = Reporter("barriers", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return join_findings(
        [
            reporter.warning(
                hard,
                "on both sides of a hard barrier",
                "see whether the way over the opening will do",
            ),
            reporter.note(
                soft,
                "on both sides of a soft barrier",
                "raise prices.barrier if that should be rarer",
            ),
        ]
    )


def _find_parted(e: Evidence) -> tuple[Bools, Bools]:
    """Find the sub-grids that fall apart without the pairs over hard, or only soft barriers."""
    steps = e.take(measure_steps)
    outdoors = ~steps.inside
    # The more pairs are taken away, the more pieces: each is held against the one before.
    whole = _number_within(e, steps, steps.sound)[1]
    dry = _number_within(e, steps, steps.sound & ~(steps.hard & outdoors))[1]
    plain = _number_within(e, steps, steps.sound & ~((steps.hard | steps.soft) & outdoors))[1]
    hard = dry > whole
    return hard, (plain > dry) & ~hard


def _look_across(e: Evidence) -> tuple[Bools, Bools]:
    """Find the sub-grids with a hard, or only a soft barrier between some door and the middle."""
    shapes, is_hard = _list_barriers(e)
    # Row -1, of a stairwell in no sub-grid, reads the appended -1.
    middle = np.append(e.take(measure_walks).best, -1)[e.part]
    is_wanted = (middle >= 0) & np.isfinite(e.xy).all(axis=1) & (e.home != e.home[middle])
    barrier, row = _meet(e, np.arange(len(middle)), middle, shapes, is_wanted)
    hard = np.zeros(len(e.subgrids), bool)
    soft = np.zeros(len(e.subgrids), bool)
    hard[e.part[row[is_hard[barrier]]]] = True
    soft[e.part[row[~is_hard[barrier]]]] = True
    return hard, soft & ~hard
