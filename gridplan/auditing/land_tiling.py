"""Rules on land: outlines tile their community, and homes lie in their sub-grid's outline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings

AREA_ERROR = 1e-6  # share of a community's area that gaps, overlaps and land outside may come to
DOOR_SLACK = 0.05  # metres by which a door may lie outside, since outlines are drawn on a grid
HOME_SHARE = 0.01  # share of a home's footprint that may lie outside without a finding
FAR_OUT = 50.0  # m; a home farther outside its community was attached to what it is no part of
LIMIT_OVERLAP = 1.0  # m2 that limits of two communities may share: files round their corners
AGAIN = "draw the outlines again"


@dataclass(frozen=True)
class Tiling:
    """How well outlines tile, in m2 by community, and which of them leave it or overlap.

    ``table`` is indexed by community with the columns area, gap, overlap,
    outside and error (a share of the area).
    """

    table: pd.DataFrame
    leaving: Bools
    overlapping: Bools
    unmatched: Bools


def measure_tiling(evidence: Evidence) -> Tiling:
    """Measure gaps, overlaps and land outside the limit for every community that has sub-grids."""
    e = evidence
    shapes = _repair_shapes(e.subgrids.geometry.to_numpy())
    limits = _repair_shapes(e.communities.geometry.to_numpy())
    leaving = np.zeros(len(shapes), bool)
    overlapping = np.zeros(len(shapes), bool)
    unmatched = np.zeros(len(shapes), bool)
    order = np.argsort(e.lies_in, kind="stable")
    order = order[e.lies_in[order] >= 0]
    rows = {}
    # Sorted by community, so that a change of community is where to split.
    for members in np.split(order, np.flatnonzero(np.diff(e.lies_in[order])) + 1):
        # Splitting an empty plan gives one empty piece.
        if len(members) == 0:
            continue
        community = e.lies_in[members[0]]
        figures, faults = _measure_community(shapes[members], limits[community])
        rows[e.communities.index[community]] = figures
        leaving[members], overlapping[members], unmatched[members] = faults
    columns = ["area", "gap", "overlap", "outside", "error"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    return Tiling(table.rename_axis("community"), leaving, overlapping, unmatched)


def _measure_community(
    parts: Shapes, limit: Any
) -> tuple[tuple[float, ...], tuple[Bools, Bools, Bools]]:
    """Measure the outlines of one community, and find those that leave, overlap or do not match."""
    # A valid coverage has no overlap, and is united many times faster; so are parts that match.
    odd = ~shapely.is_empty(shapely.coverage_invalid_edges(parts))
    is_clean = not odd.any()
    union = shapely.coverage_union_all(parts[~odd])
    if not is_clean:
        union = shapely.union_all(np.append(parts[odd], union))
    # The floor keeps a community without land from dividing by zero.
    area = max(shapely.area(limit), 1e-9)
    gap, outside = shapely.area(shapely.difference([limit, union], [union, limit]))
    # What is counted twice in the sum of the parts is overlap; rounding may make it negative.
    overlap = 0.0 if is_clean else max(0.0, shapely.area(parts).sum() - shapely.area(union))
    # Each part answers for its share of the tolerance, since faults add up over parts.
    share = AREA_ERROR * area / len(parts)
    none = np.zeros(len(parts), bool)
    leaving = none
    overlapping = none
    unmatched = none
    # Which parts are at fault is asked only where there is a fault, since it is slow.
    if outside > AREA_ERROR * area:
        leaving = shapely.area(shapely.difference(parts, limit)) > share
    if overlap > AREA_ERROR * area:
        overlapping = _find_overlapping(parts, share)
    elif not is_clean:
        unmatched = odd
    error = (gap + outside + overlap) / area
    return (area, gap, overlap, outside, error), (leaving, overlapping, unmatched)


def _repair_shapes(shapes: Shapes) -> Shapes:
    """Repair broken shapes and empty missing ones, so that areas can be measured."""
    # The audit has a repair of its own: that of reading may be what went wrong.
    repaired = np.where(shapely.is_missing(shapes), shapely.from_wkt("POLYGON EMPTY"), shapes)
    broken = ~shapely.is_valid(repaired)
    # The buffer drops the lines and points that a repair may leave beside areas.
    repaired[broken] = shapely.buffer(shapely.make_valid(repaired[broken]), 0)
    return np.asarray(repaired)


def _find_overlapping(shapes: Shapes, least: float) -> Bools:
    """Find the shapes that overlap another by more than ``least`` m2."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    is_pair = a < b
    a = a[is_pair]
    b = b[is_pair]
    shared = shapely.area(shapely.intersection(shapes[a], shapes[b])) > least
    overlapping = np.zeros(len(shapes), bool)
    overlapping[a[shared]] = True
    overlapping[b[shared]] = True
    return overlapping


def check_tiling(evidence: Evidence) -> pd.DataFrame:
    """Check that outlines are valid and tile their community without gap or overlap.

    Each of the three stays below a millionth of the community's area; and
    limits of communities do not overlap.

    Source: "grids joined without seams", "precisely drawn limits" (Tangshan,
    NetEase, 4 September 2023); closed polygons with topology (Beijing DB11 on
    unit grids; CJ/T 349-2010, 6.1).
    """
    e = evidence
    tiling = e.take(measure_tiling)
    land = sort_rows(e.stated.subgrids).geometry.to_numpy()
    is_bare = shapely.is_missing(land) | shapely.is_empty(land)
    # Asked of the outlines as they are: those of the evidence are repaired.
    broken = ~is_bare & ~shapely.is_valid(land)
    why = ["its outline is invalid: " + reason for reason in shapely.is_valid_reason(land[broken])]
    reporter = Reporter("tiling", "subgrids", e.subgrids, noun="sub-grid", remedy=AGAIN)
    # Reasons differ from outline to outline, so that each is a finding of its own.
    single = Reporter("tiling", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return join_findings(
        [
            reporter.error(is_bare, "without outline"),
            single.error(broken, why, "repair the outline"),
            _report_gaps(tiling),
            reporter.error(tiling.overlapping, "overlapping another"),
            reporter.error(tiling.leaving, "reaching over the limit of the community"),
            reporter.note(tiling.unmatched, "whose border points are not those of its neighbour"),
            check_limits(e.communities),
            _report_bare(e),
        ]
    )


def _report_bare(e: Evidence) -> pd.DataFrame:
    """Report the communities without any sub-grid."""
    bare = e.communities.index[~e.communities.index.isin(e.subgrids["community"])]
    return write_findings(
        "tiling",
        "note",
        "communities",
        bare,
        bare,
        what="no sub-grid lies in it",
        remedy="none if nobody lives there",
    )


def check_limits(communities: Any) -> pd.DataFrame:
    """Check that the limits of communities do not overlap."""
    wrong = communities.index[
        _find_overlapping(_repair_shapes(communities.geometry.to_numpy()), LIMIT_OVERLAP)
    ]
    what = "its limit overlaps that of another"
    remedy = "repair the limits"
    return write_findings("tiling", "error", "communities", wrong, wrong, what=what, remedy=remedy)


def _report_gaps(tiling: Tiling) -> pd.DataFrame:
    table = tiling.table
    wrong = table[table["gap"] > AREA_ERROR * table["area"]]
    sizes = zip(wrong["gap"], wrong["area"], strict=True)
    what = [f"{gap:,.1f} m2 of {area:,.0f} m2 belong to no sub-grid" for gap, area in sizes]
    return write_findings(
        "tiling",
        "error",
        "communities",
        wrong.index,
        wrong.index,
        what=what,
        remedy=AGAIN,
    )


@dataclass(frozen=True)
class Insides:
    """How much of each home lies inside the outlines of its sub-grids.

    ``building`` holds rows of buildings, ``area`` their footprint in m2,
    ``outside`` what lies outside the outlines of their own sub-grids though in
    the community, ``cut`` what lies outside the community.
    """

    building: Ints
    area: Floats
    outside: Floats
    cut: Floats


def measure_insides(evidence: Evidence) -> Insides:
    """Measure the footprint of every home inside the outlines of its sub-grids.

    Homes with a stairwell in no sub-grid are left out.
    """
    e = evidence
    pairs = pd.DataFrame({"home": e.home, "part": e.part})
    lost = pairs["home"][(pairs < 0).any(axis=1)].unique()
    pairs = pairs[~pairs["home"].isin(lost)].drop_duplicates().sort_values(["home", "part"])
    home = pairs["home"].to_numpy()
    part = pairs["part"].to_numpy()
    shapes = _repair_shapes(e.buildings.geometry.to_numpy())
    land = _repair_shapes(e.subgrids.geometry.to_numpy())
    # Nearly all homes lie wholly inside: that is quick to ask of prepared land,
    # and only the few others have to be cut.
    shapely.prepare(land)
    covered = shapely.covers(land[part], shapes[home])
    held = np.where(covered, shapely.area(shapes[home]), 0.0)
    over = np.flatnonzero(~covered)
    held[over] = shapely.area(shapely.intersection(land[part[over]], shapes[home[over]]))
    building, first = np.unique(home, return_index=True)
    area = shapely.area(shapes[building])
    # reduceat needs at least one start; sorted by home, each sum is one building's.
    inside = np.add.reduceat(held, first) if len(first) else held
    missing = np.maximum(area - inside, 0.0)
    cut = np.zeros(len(building))
    short = np.flatnonzero(missing > 0)
    limits = _list_limits(e)[find_rows(e.communities, e.buildings["community"])[building[short]]]
    within = shapely.area(shapely.intersection(limits, shapes[building[short]]))
    cut[short] = area[short] - within
    # What lies beyond the limit is no fault of the outlines, which end there.
    cut = np.minimum(cut, missing)
    return Insides(building, area, missing - cut, cut)


def _list_limits(e: Evidence) -> Shapes:
    """List the limits of communities, and a last empty one that row -1 reads."""
    limits = _repair_shapes(e.communities.geometry.to_numpy())
    return np.append(limits, shapely.from_wkt("POLYGON EMPTY"))


def check_homes(evidence: Evidence) -> pd.DataFrame:
    """Check that homes lie in their sub-grid: the door, and the footprint but for a hundredth.

    A footprint that the community's limit cuts, and a door beyond the limit
    (of a building outside that was attached to the community), is only noted:
    no outline within the community could hold it.

    A building split among sub-grids is drawn in slices: a door that stacked
    sub-grids share lies in the outline of one of them, and a door in the slice
    of another sub-grid of its own building, as in buildings with wings, is
    only a warning.

    Source: whole buildings, "horizontal to the edge, vertical to the bottom,
    limits clear" (Chongqing).
    """
    e = evidence
    insides = e.take(measure_insides)
    allowed = HOME_SHARE * insides.area
    reaching = np.zeros(len(e.buildings), bool)
    reaching[insides.building[insides.outside > allowed]] = True
    cut = np.zeros(len(e.buildings), bool)
    cut[insides.building[insides.cut > allowed]] = True
    reporter = Reporter("homes", "buildings", e.buildings, noun="home")
    return join_findings(
        [
            *_check_doors(e),
            reporter.warning(reaching, "partly in the outline of another sub-grid", AGAIN),
            reporter.note(
                cut, "cut by the limit of the community", "see whether the limit is right"
            ),
        ]
    )


def _check_doors(e: Evidence) -> list[pd.DataFrame]:
    """Check that each door lies in the outline of its sub-grid, or say why it may not."""
    doors = e.stairwells.geometry.to_numpy()
    land = _repair_shapes(e.subgrids.geometry.to_numpy())
    shapely.prepare(land)
    placed = np.flatnonzero((e.part >= 0) & np.isfinite(e.xy).all(axis=1))
    off = placed[~_touch(land[e.part[placed]], doors[placed])]
    # Floor bands share one door: where several sub-grids are stacked over it,
    # it lies in the outline of one of them.
    off = off[~np.isin(e.place[off], e.place[np.setdiff1d(placed, off)])]
    community = find_rows(e.communities, e.stairwells["community"])[off]
    beyond = shapely.distance(_list_limits(e)[community], doors[off])
    is_beyond = beyond > DOOR_SLACK
    is_far = beyond > FAR_OUT
    is_beside = ~is_beyond & _lie_beside(e, land, off)
    is_wrong = ~is_beyond & ~is_beside
    rows = e.stairwells.iloc[off]
    reporter = Reporter("homes", "stairwells", rows, noun="door")
    by_subgrid = Reporter("homes", "stairwells", rows, noun="door", subgrid=rows["subgrid"])
    return [
        by_subgrid.error(is_wrong, "outside the outline", AGAIN),
        by_subgrid.error(
            is_far,
            f"more than {FAR_OUT:g} m outside every community",
            "draw the plan again: settlements then stand in for communities there",
        ),
        reporter.warning(
            is_beside, "in another slice of its own building", "none if the building is angular"
        ),
        reporter.note(
            is_beyond & ~is_far,
            "beyond the limit of the community",
            "see whether the limit is right, or leave outside buildings out",
        ),
    ]


def _touch(land: Shapes, doors: Shapes) -> Bools:
    """Whether each door lies in the land beside it, but for a little."""
    inside = np.asarray(shapely.covers(land, doors), bool)
    # Distances are slow, so they are asked for the few doors that are not inside.
    rows = np.flatnonzero(~inside)
    inside[rows] = shapely.distance(land[rows], doors[rows]) <= DOOR_SLACK
    return inside


def _lie_beside(e: Evidence, land: Shapes, rows: Ints) -> Bools:
    """Whether doors lie in another sub-grid that holds part of the same building."""
    parts = pd.DataFrame({"home": e.home, "part": e.part})
    parts = parts[(parts >= 0).all(axis=1)].drop_duplicates()
    pairs = pd.DataFrame({"home": e.home[rows], "row": np.arange(len(rows))}).merge(
        parts, on="home"
    )
    row = pairs["row"].to_numpy()
    doors = e.stairwells.geometry.to_numpy()[rows]
    is_beside = np.zeros(len(rows), bool)
    is_beside[row[_touch(land[pairs["part"].to_numpy()], doors[row])]] = True
    return is_beside
