"""Rules on land: outlines tile their community, and homes lie in their sub-grid's outline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

AREA_ERROR = 1e-6  # share of a community's area that gaps, overlaps and land outside may come to
DOOR_SLACK = 0.05  # metres by which a door may lie outside, since outlines are drawn on a grid
HOME_SHARE = 0.01  # share of a home's footprint that may lie outside without a finding


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
    shapes = _mend(e.subgrids.geometry.to_numpy())
    limits = _mend(e.communities.geometry.to_numpy())
    k = len(shapes)
    leaving = np.zeros(k, bool)
    overlapping = np.zeros(k, bool)
    unmatched = np.zeros(k, bool)
    order = np.argsort(e.lies_in, kind="stable")
    order = order[e.lies_in[order] >= 0]
    rows = {}
    for own in np.split(order, np.flatnonzero(np.diff(e.lies_in[order])) + 1):
        if len(own) == 0:
            continue
        limit = limits[e.lies_in[own[0]]]
        parts = shapes[own]
        clean = bool(shapely.coverage_is_valid(parts))
        union = shapely.coverage_union_all(parts) if clean else shapely.union_all(parts)
        area = max(shapely.area(limit), 1e-9)
        gap, outside = shapely.area(shapely.difference([limit, union], [union, limit]))
        overlap = 0.0 if clean else max(0.0, shapely.area(parts).sum() - shapely.area(union))
        error = (gap + outside + overlap) / area
        rows[e.communities.index[e.lies_in[own[0]]]] = (area, gap, overlap, outside, error)
        if outside > AREA_ERROR * area:
            leaving[own] = shapely.area(shapely.difference(parts, limit)) > AREA_ERROR * area / len(
                own
            )
        if overlap > AREA_ERROR * area:
            overlapping[own] = _find_overlapping(parts, AREA_ERROR * area / len(own))
        elif not clean:
            unmatched[own] = ~shapely.is_empty(shapely.coverage_invalid_edges(parts))
    columns = ["area", "gap", "overlap", "outside", "error"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float).rename_axis(
        "community"
    )
    return Tiling(table, leaving, overlapping, unmatched)


def _mend(shapes: Shapes) -> Shapes:
    """Make broken shapes whole and missing ones empty, so that areas can be measured."""
    repaired = np.where(shapely.is_missing(shapes), shapely.from_wkt("POLYGON EMPTY"), shapes)
    broken = ~shapely.is_valid(repaired)
    repaired[broken] = shapely.buffer(shapely.make_valid(repaired[broken]), 0)
    return np.asarray(repaired)


def _find_overlapping(shapes: Shapes, least: float) -> Bools:
    """Find the shapes that overlap another by more than ``least`` m2."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    met = shapely.area(shapely.intersection(shapes[a], shapes[b])) > least
    found = np.zeros(len(shapes), bool)
    found[a[met]] = found[b[met]] = True
    return found


def check_tiling(evidence: Evidence, tiling: Tiling) -> pd.DataFrame:
    """Check that outlines are valid and tile their community without gap or overlap.

    Each of the three stays below a millionth of the community's area; and
    limits of communities do not overlap.

    Source: "grids joined without seams", "precisely drawn limits" (Tangshan,
    NetEase, 4 September 2023); closed polygons with topology (Beijing DB11 on
    unit grids; CJ/T 349-2010, 6.1).
    """
    e = evidence
    codes = evidence.subgrids.index
    over = evidence.subgrids["community"].to_numpy(object)
    land = e.subgrids.geometry.to_numpy()
    none = shapely.is_missing(land) | shapely.is_empty(land)
    broken = ~none & ~shapely.is_valid(land)
    why = shapely.is_valid_reason(land[broken])

    def report(
        severity: str, mask: Bools, what: Any, remedy: str, noun: str = "sub-grid"
    ) -> pd.DataFrame:
        return write_findings(
            "tiling",
            severity,
            "subgrids",
            codes[mask],
            over[mask],
            codes[mask] if noun == "" else "",
            noun=noun,
            what=what,
            remedy=remedy,
        )

    bare = e.communities.index[~e.communities.index.isin(over)]
    again = "draw the outlines again"
    return join_findings(
        [
            report("error", none, "without outline", again),
            report(
                "error",
                broken,
                ["its outline is invalid: " + w for w in why],
                "repair the outline",
                noun="",
            ),
            _report_gaps(tiling),
            report("error", tiling.overlapping, "overlapping another", again),
            report("error", tiling.leaving, "reaching over the limit of the community", again),
            report(
                "note",
                tiling.unmatched,
                "whose border points are not those of its neighbour",
                again,
            ),
            check_limits(e.communities),
            write_findings(
                "tiling",
                "note",
                "communities",
                bare,
                bare,
                what="no sub-grid lies in it",
                remedy="none if nobody lives there",
            ),
        ]
    )


def check_limits(communities: Any) -> pd.DataFrame:
    """Check that the limits of communities do not overlap."""
    wrong = communities.index[_find_overlapping(_mend(communities.geometry.to_numpy()), 1.0)]
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
        remedy="draw the outlines again",
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
    shapes = _mend(e.buildings.geometry.to_numpy())
    land = _mend(e.subgrids.geometry.to_numpy())
    shapely.prepare(land)
    covered = shapely.covers(land[part], shapes[home])
    held = np.where(covered, shapely.area(shapes[home]), 0.0)
    over = np.flatnonzero(~covered)
    held[over] = shapely.area(shapely.intersection(land[part[over]], shapes[home[over]]))
    building, first = np.unique(home, return_index=True)
    area = shapely.area(shapes[building])
    inside = np.add.reduceat(held, first) if len(first) else held
    missing = np.maximum(area - inside, 0.0)
    cut = np.zeros(len(building))
    short = np.flatnonzero(missing > 0)
    lies = find_rows(e.communities, e.buildings["community"])[building[short]]
    limits = np.append(_mend(e.communities.geometry.to_numpy()), shapely.from_wkt("POLYGON EMPTY"))
    cut[short] = area[short] - shapely.area(
        shapely.intersection(limits[lies], shapes[building[short]])
    )
    cut = np.minimum(cut, missing)
    return Insides(building, area, missing - cut, cut)


def check_homes(evidence: Evidence, insides: Insides) -> pd.DataFrame:
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
    most = HOME_SHARE * insides.area
    through = insides.building[insides.outside > most]
    cut = insides.building[insides.cut > most]

    def report(severity: str, rows: Ints, what: str, remedy: str) -> pd.DataFrame:
        wrong = e.buildings.iloc[rows]
        return write_findings(
            "homes",
            severity,
            "buildings",
            wrong.index,
            wrong["community"].to_numpy(),
            noun="home",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            _check_doors(e),
            report(
                "warning",
                through,
                "partly in the outline of another sub-grid",
                "draw the outlines again",
            ),
            report(
                "note", cut, "cut by the limit of the community", "see whether the limit is right"
            ),
        ]
    )


def _check_doors(e: Evidence) -> pd.DataFrame:
    own = e.stairwells
    doors = e.stairwells.geometry.to_numpy()
    land = _mend(e.subgrids.geometry.to_numpy())
    limits = np.append(_mend(e.communities.geometry.to_numpy()), shapely.from_wkt("POLYGON EMPTY"))
    shapely.prepare(land)
    has = np.flatnonzero((e.part >= 0) & np.isfinite(e.xy).all(axis=1))
    off = has[~_touch(land[e.part[has]], doors[has])]
    # Floor bands share one door: where several sub-grids are stacked over it,
    # it lies in the outline of one of them.
    off = off[~np.isin(e.place[off], e.place[np.setdiff1d(has, off)])]
    beyond = (
        shapely.distance(limits[find_rows(e.communities, own["community"])[off]], doors[off])
        > DOOR_SLACK
    )
    beside = ~beyond & _lie_beside(e, land, off)

    def report(severity: str, rows: Ints, what: str, remedy: str) -> pd.DataFrame:
        wrong = own.iloc[rows]
        over = wrong["community"].to_numpy()
        subgrid = wrong["subgrid"].to_numpy() if severity == "error" else ""
        return write_findings(
            "homes",
            severity,
            "stairwells",
            wrong.index,
            over,
            subgrid,
            noun="door",
            what=what,
            remedy=remedy,
        )

    check = "see whether the limit is right, or leave outside buildings out"
    return join_findings(
        [
            report(
                "error", off[~beyond & ~beside], "outside the outline", "draw the outlines again"
            ),
            report(
                "warning",
                off[beside],
                "in another slice of its own building",
                "none if the building is angular",
            ),
            report("note", off[beyond], "beyond the limit of the community", check),
        ]
    )


def _touch(land: Shapes, doors: Shapes) -> Bools:
    """Whether each door lies in the land beside it, but for a little."""
    inside = np.asarray(shapely.covers(land, doors), bool)
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
    found = np.zeros(len(rows), bool)
    found[row[_touch(land[pairs["part"].to_numpy()], doors[row])]] = True
    return found
