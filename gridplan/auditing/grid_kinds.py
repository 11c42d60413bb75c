"""Rules on exclusive grids, and on special grids, which lie over the tiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Objects, Shapes, Texts
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, sort_rows, write_findings

LIMIT_SLACK = 0.1  # m that a special grid may reach over the limit of its community
BESIDE = (
    16.0  # m within which a barrier counts as covered by a special grid: parallel tracks are one
)
UNCOVERED = 60.0  # m of barrier in a community without special grid that are not reported: stubs and corners
# m; special grids of one kind that run closer together for longer than that
# are counted twice
SAME = 1.0
LENGTH_SHARE = 0.001  # by which a length may be off, or by a metre
TOUCH_SLACK = 0.05  # m about the rule's distance within which a touch may be listed or not


def check_exclusives(evidence: Evidence) -> pd.DataFrame:
    """Check that an exclusive grid has one known owner, no band, no stairwell and few homes.

    Source: exclusive grids are those of relatively independent units
    (Tangshan, NetEase, 4 September 2023), carved out beside the sub-grids of
    homes (Xi'an DB6101/T 3185-2024, 5.1.2).
    """
    e = evidence
    rule = evidence.rules.exclusive
    lone = ~e.residential
    rows = e.subgrids[lone]
    owner = rows["institution"].to_numpy(object)
    site = e.plan.site
    known = np.isin(
        owner,
        np.concatenate([site.institutions.index, site.places.index, site.buildings.index]).astype(
            object
        ),
    )
    twice = pd.Series(owner).duplicated(keep=False).to_numpy() & (owner != "")
    banded = (rows[["low", "target", "high"]] != 0).any(axis=1).to_numpy()
    stairs = e.count_by_subgrid()[lone]
    shapes = rows.geometry.to_numpy()
    homes = e.buildings[(e.buildings["households"] > 0).to_numpy()]
    inner = shapely.point_on_surface(homes.geometry.to_numpy())
    grid, home = shapely.STRtree(inner).query(shapes, predicate="intersects")
    lived = np.bincount(grid, homes["households"].to_numpy()[home], minlength=len(rows))
    small = shapely.area(shapes) < rule.smallest
    owned = e.subgrids[e.residential & (e.subgrids["institution"] != "").to_numpy()]

    def report(
        severity: str, mask: Bools, what: Any, remedy: str, table: Any = rows
    ) -> pd.DataFrame:
        wrong = table[mask]
        return write_findings(
            "exclusive",
            severity,
            "subgrids",
            wrong.index,
            wrong["community"].to_numpy(),
            noun="exclusive grid",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(
                "error",
                ~known,
                "whose institution is not known",
                "name an institution, a place or a building",
            ),
            report("error", twice, "of an institution that has another", "join the two"),
            report(
                "error",
                banded,
                "with a band, as if it counted in the balance",
                "set low, target and high to 0",
            ),
            report(
                "error", stairs > 0, "with stairwells of its own", "put its homes into a sub-grid"
            ),
            report(
                "error",
                lived > rule.most_households,
                "with more homes on its land than the rule allows",
                "cut its land",
            ),
            report(
                "note",
                (lived > 0) & (lived <= rule.most_households),
                "with homes on its land",
                "see whether it is right",
            ),
            report(
                "warning",
                small,
                f"below {rule.smallest:g} m2",
                "leave its land to the sub-grids around",
            ),
            write_findings(
                "exclusive",
                "error",
                "subgrids",
                owned.index,
                owned["community"].to_numpy(),
                noun="sub-grid of homes",
                what="with an institution as if it were exclusive",
                remedy="make it exclusive, or clear its institution",
            ),
        ]
    )


def check_specials(evidence: Evidence) -> pd.DataFrame:
    """Check that special grids cover the barriers of their kind once, within their community.

    Lengths and touches must be what the shapes come to.

    Source: rivers, lakes and railways under their chiefs (Tangshan, NetEase, 4 September 2023); every grid belongs to
    exactly one community (Xi'an DB6101/T 3185-2024, 5.2(b)).
    """
    e = evidence
    rows = sort_rows(evidence.plan.special_grids)
    if rows.empty:
        return join_findings([])
    shapes = rows.geometry.to_numpy()
    over = find_rows(e.communities, rows["community"])
    limits = np.append(e.communities.geometry.to_numpy(), shapely.Polygon())
    beyond = shapely.difference(shapes, shapely.buffer(limits[over], LIMIT_SLACK))
    out = (over < 0) | (shapely.length(beyond) > SAME)
    barriers = sort_rows(e.plan.site.barriers)
    own = find_rows(barriers, rows["barrier"])
    kind = np.append(barriers["kind"].str.lower().to_numpy(object), "")[own]
    length = _measure_length(shapes)
    off = np.abs(length - rows["length"].to_numpy(float)) > np.maximum(1.0, LENGTH_SHARE * length)

    def report(
        mask: Bools, what: str, remedy: str = "draw the special grids again"
    ) -> pd.DataFrame:
        wrong = rows[mask]
        return write_findings(
            "special",
            "error",
            "special_grids",
            wrong.index,
            wrong["community"].to_numpy(),
            noun="special grid",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(out, "outside its community"),
            report(
                (own < 0) | ~_fit(rows["kind"].to_numpy(object), kind),
                "of no barrier of its kind",
                "name its barrier",
            ),
            report(off, "whose length is not what its shape comes to"),
            report(_find_stray(rows, barriers), "away from every barrier of its kind"),
            report(_find_doubles(rows), "over another of its kind"),
            _report_uncovered(e, rows, barriers),
            _check_touches(e, rows),
        ]
    )


def _fit(kind: Texts, of_barrier: Objects) -> Bools:
    """Whether a kind of special grid may lie on a barrier; river and lake also on water."""
    return np.asarray(
        (kind == of_barrier) | (np.isin(kind, ["river", "lake"]) & (of_barrier == "water")), bool
    )


def _measure_length(shapes: Shapes) -> Floats:
    """Measure a line, or the long side of the rectangle with an area's size and perimeter."""
    half = shapely.length(shapes) / 2
    area = shapely.area(shapes)
    return np.asarray(
        np.where(area > 0, half / 2 + np.sqrt(np.maximum(half**2 / 4 - area, 0)), 2 * half)
    )


def _find_stray(rows: Any, barriers: Any) -> Bools:
    """Find the special grids that leave the barriers of their kind for more than a metre."""
    stray = np.zeros(len(rows), bool)
    shapes = rows.geometry.to_numpy()
    kind = rows["kind"].to_numpy(object)
    for word in np.unique(kind.astype(str)):
        own = np.flatnonzero(kind == word)
        lines = barriers.geometry.to_numpy()[
            _fit(np.full(len(barriers), word), barriers["kind"].str.lower().to_numpy(object))
        ]
        n, line = shapely.STRtree(lines).query(shapes[own], predicate="dwithin", distance=SAME)
        near = (
            pd.Series(list(shapely.buffer(lines[line], SAME / 10)), dtype=object)
            .groupby(n)
            .agg(shapely.union_all)
        )
        cover = near.reindex(range(len(own)))
        cover = cover.where(cover.notna(), shapely.Polygon()).to_numpy(object)
        stray[own] = shapely.length(shapely.difference(shapes[own], cover)) > SAME
    return stray


def _find_doubles(rows: Any) -> Bools:
    """Find the special grids that lie on another of their kind for more than a metre (or m2)."""
    shapes = rows.geometry.to_numpy()
    kind = rows["kind"].to_numpy(object)
    of = rows["community"].to_numpy(object)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    same = (a < b) & (kind[a] == kind[b]) & (of[a] == of[b])
    a = a[same]
    b = b[same]
    met = shapely.intersection(shapes[a], shapes[b])
    flat = shapely.area(shapes[a]) * shapely.area(shapes[b]) > 0
    found = np.zeros(len(rows), bool)
    twice = np.where(flat, shapely.area(met), shapely.length(met)) > SAME
    found[a[twice]] = found[b[twice]] = True
    return found


def _report_uncovered(e: Evidence, rows: Any, barriers: Any) -> pd.DataFrame:
    """Report barriers that should have special grids but have none over some length."""
    kinds = list(e.rules.special.kinds)
    own = barriers[barriers["kind"].str.lower().isin(kinds).to_numpy()]
    shapes = own.geometry.to_numpy()
    kind = own["kind"].str.lower().to_numpy(object)
    limits = e.communities.geometry.to_numpy()
    limit, barrier = shapely.STRtree(shapes).query(limits, predicate="intersects")
    inside = shapely.intersection(shapes[barrier], limits[limit])
    grids = rows.geometry.to_numpy()
    of_kind = rows["kind"].to_numpy(object)
    part, grid = shapely.STRtree(grids).query(inside, predicate="dwithin", distance=BESIDE)
    same = kind[barrier[part]] == of_kind[grid]
    near = (
        pd.Series(list(shapely.buffer(grids[grid[same]], BESIDE)), dtype=object)
        .groupby(part[same])
        .agg(shapely.union_all)
    )
    cover = near.reindex(range(len(inside)))
    rest = shapely.difference(
        inside, cover.where(cover.notna(), shapely.Polygon()).to_numpy(object)
    )
    left = _measure_length(rest)
    bare = left > UNCOVERED
    what = [f"{metres:,.0f} m of it have no special grid here" for metres in left[bare]]
    over = e.communities.index.to_numpy(object)[limit[bare]]
    return write_findings(
        "special",
        "error",
        "barriers",
        own.index[barrier[bare]],
        over,
        what=what,
        remedy="draw the special grids again",
    )


def _check_touches(e: Evidence, rows: Any) -> pd.DataFrame:
    """Check which sub-grids each special grid touches."""
    table = sort_rows(e.plan.touches)
    touch = e.rules.special.touch
    shapes = rows.geometry.to_numpy()
    land = e.subgrids.geometry.to_numpy()
    grid, subgrid = shapely.STRtree(land).query(
        shapes, predicate="dwithin", distance=touch + TOUCH_SLACK
    )
    of = rows["community"].to_numpy(object)
    over = e.subgrids["community"].to_numpy(object)
    same = of[grid] == over[subgrid]
    grid = grid[same]
    subgrid = subgrid[same]
    certain = shapely.distance(shapes[grid], land[subgrid]) < touch - TOUCH_SLACK
    key = grid * len(land) + subgrid
    said = find_rows(rows, table["special_grid"]) * len(land) + find_rows(
        e.subgrids, table["subgrid"]
    )
    wrong = table[~np.isin(said, key)]
    missing = certain & ~np.isin(key, said)
    number = np.bincount(grid[certain], minlength=len(rows))
    most = np.bincount(grid, minlength=len(rows))
    count = rows["subgrid_count"].to_numpy()
    off = rows[(count < number) | (count > most)]
    names = rows.index.to_numpy(object)[grid[missing]]
    again = "find again what the special grids touch"
    return join_findings(
        [
            write_findings(
                "special",
                "error",
                "touches",
                wrong.index,
                wrong["community"].to_numpy(),
                noun="touch",
                what="of a special grid and a sub-grid that are apart",
                remedy=again,
            ),
            write_findings(
                "special",
                "error",
                "special_grids",
                names,
                of[grid[missing]],
                noun="touch",
                what="that is not listed",
                remedy=again,
            ),
            write_findings(
                "special",
                "error",
                "special_grids",
                off.index,
                off["community"].to_numpy(),
                noun="special grid",
                what="whose number of sub-grids is not what it touches",
                remedy=again,
            ),
        ]
    )
