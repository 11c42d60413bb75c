"""Rules on exclusive grids, and on special grids, which lie over the tiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects, Shapes, Texts
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings

LIMIT_SLACK = 0.1  # metres that a special grid may reach over the limit of its community
# Metres within which a barrier counts as covered by a special grid: parallel
# tracks are one railway.
BESIDE = 16.0
# Metres of barrier in a community without special grid that are not reported:
# stubs and corners.
UNCOVERED = 60.0
# Square metres of a lake or a river's bed of which the same holds: a limit that runs
# along the bank has a strip of it a centimetre wide and as long as the bank.
UNCOVERED_AREA = 100.0
# Metres of two special grids of one kind on each other that are no double
# count yet, and metres that a special grid may leave its barrier for.
SAME = 1.0
LENGTH_SHARE = 0.001  # by which a length may be off, or by a metre
TOUCH_SLACK = 0.05  # metres about the rule's distance within which a touch may be listed or not
REDRAW_SPECIALS = "draw the special grids again"
REFIND_TOUCHES = "find again what the special grids touch"


def check_exclusives(evidence: Evidence) -> pd.DataFrame:
    """Check that an exclusive grid has one known owner, no band, no stairwell and few homes.

    Source: exclusive grids are those of relatively independent units
    (Tangshan, NetEase, 4 September 2023), carved out beside the sub-grids of
    homes (Xi'an DB6101/T 3185-2024, 5.1.2).
    """
    e = evidence
    reporter = Reporter(
        "exclusive", "subgrids", e.subgrids[_find_exclusive(e)], noun="exclusive grid"
    )
    owned = e.residential & (e.subgrids["institution"] != "").to_numpy()
    return join_findings(
        [
            *_check_owners(e, reporter),
            *_check_content(e, reporter),
            Reporter("exclusive", "subgrids", e.subgrids, noun="sub-grid of homes").error(
                owned,
                "with an institution as if it were exclusive",
                "make it exclusive, or clear its institution",
            ),
        ]
    )


def _find_exclusive(e: Evidence) -> Bools:
    return np.asarray(e.subgrids["kind"] == "exclusive", bool)


def _check_owners(e: Evidence, reporter: Reporter) -> list[pd.DataFrame]:
    """Check that each exclusive grid is of one institution that is known, and has no band."""
    rows = reporter.rows
    owner = rows["institution"].to_numpy(object)
    site = e.plan.site
    # An owner may be of any of the three tables: a site need not have one of institutions.
    codes = [site.institutions.index, site.places.index, site.buildings.index]
    known = np.isin(owner, np.concatenate(codes).astype(object))
    # Grids without an owner are unknown, not doubles of one another.
    doubled = pd.Series(owner).duplicated(keep=False).to_numpy() & (owner != "")
    banded = (rows[["low", "target", "high"]] != 0).any(axis=1)
    return [
        reporter.error(
            ~known, "whose institution is not known", "name an institution, a place or a building"
        ),
        reporter.error(doubled, "of an institution that has another", "join the two"),
        reporter.error(
            banded, "with a band, as if it counted in the balance", "set low, target and high to 0"
        ),
    ]


def _check_content(e: Evidence, reporter: Reporter) -> list[pd.DataFrame]:
    """Check what lies in exclusive grids: no stairwells, few homes, and land enough."""
    rule = e.rules.exclusive
    shapes = reporter.rows.geometry.to_numpy()
    stairs = e.count_by_subgrid()[_find_exclusive(e)]
    homes = e.buildings[(e.buildings["households"] > 0).to_numpy()]
    # A point inside each home: it lies in one grid, where outlines could touch two.
    inner = shapely.point_on_surface(homes.geometry.to_numpy())
    grid, home = shapely.STRtree(inner).query(shapes, predicate="intersects")
    lived = np.bincount(grid, homes["households"].to_numpy()[home], minlength=len(shapes))
    return [
        reporter.error(stairs > 0, "with stairwells of its own", "put its homes into a sub-grid"),
        reporter.error(
            lived > rule.most_households,
            "with more homes on its land than the rule allows",
            "cut its land",
        ),
        reporter.note(
            (lived > 0) & (lived <= rule.most_households),
            "with homes on its land",
            "see whether it is right",
        ),
        reporter.warning(
            shapely.area(shapes) < rule.smallest,
            f"below {rule.smallest:g} m2",
            "leave its land to the sub-grids around",
        ),
    ]


def check_specials(evidence: Evidence) -> pd.DataFrame:
    """Check that special grids cover the barriers of their kind once, within their community.

    Lengths and touches must be what the shapes come to.

    Source: rivers, lakes and railways under their chiefs (Tangshan, NetEase, 4
    September 2023); every grid belongs to exactly one community (Xi'an
    DB6101/T 3185-2024, 5.2(b)).
    """
    e = evidence
    rows = sort_rows(e.plan.special_grids)
    if rows.empty:
        return join_findings([])
    barriers = sort_rows(e.plan.site.barriers)
    barrier = find_rows(barriers, rows["barrier"])
    kind = np.append(_read_kinds(barriers), "")[barrier]
    is_misnamed = (barrier < 0) | ~_fit(rows["kind"].to_numpy(object), kind)
    length = _measure_length(rows.geometry.to_numpy())
    # Never less than a metre: a thousandth of a short one is below its rounding.
    slack = np.maximum(1.0, LENGTH_SHARE * length)
    off = np.abs(length - rows["length"].to_numpy(float)) > slack
    reporter = Reporter(
        "special", "special_grids", rows, noun="special grid", remedy=REDRAW_SPECIALS
    )
    return join_findings(
        [
            reporter.error(_find_outside(e, rows), "outside its community"),
            reporter.error(is_misnamed, "of no barrier of its kind", "name its barrier"),
            reporter.error(off, "whose length is not what its shape comes to"),
            reporter.error(_find_stray(rows, barriers), "away from every barrier of its kind"),
            reporter.error(_find_doubles(rows), "over another of its kind"),
            _report_uncovered(e, rows, barriers),
            *_check_touches(e, rows),
        ]
    )


def _read_kinds(barriers: Any) -> Objects:
    """Read the kinds of barriers in small letters: sources write Water and water."""
    return np.asarray(barriers["kind"].str.lower().to_numpy(object))


def _find_outside(e: Evidence, rows: Any) -> Bools:
    """Find the special grids of no community, or beyond its limit for more than a metre."""
    community = find_rows(e.communities, rows["community"])
    # Row -1 reads the appended empty polygon, of which all lies outside.
    limits = np.append(e.communities.geometry.to_numpy(), shapely.Polygon())
    allowed = shapely.buffer(limits, LIMIT_SLACK)
    shapes = rows.geometry.to_numpy()
    # Nearly all lie inside, which is quick to ask of prepared land.
    shapely.prepare(allowed)
    over = np.flatnonzero(~shapely.covers(allowed[community], shapes))
    beyond = np.zeros(len(rows))
    beyond[over] = shapely.length(shapely.difference(shapes[over], allowed[community[over]]))
    return np.asarray((community < 0) | (beyond > SAME))


def _fit(kind: Texts, of_barrier: Objects) -> Bools:
    """Whether a kind of special grid may lie on a barrier; river and lake also on water."""
    return np.asarray(
        (kind == of_barrier) | (np.isin(kind, ["river", "lake"]) & (of_barrier == "water")), bool
    )


def _measure_length(shapes: Shapes) -> Floats:
    """Measure a line, or the long side of the rectangle with an area's size and perimeter."""
    half = shapely.length(shapes) / 2
    area = shapely.area(shapes)
    # The long side a of a + b = half and a * b = area; round shapes have no real
    # solution, and count as squares of their perimeter.
    long_side = half / 2 + np.sqrt(np.maximum(half**2 / 4 - area, 0))
    return np.asarray(np.where(area > 0, long_side, 2 * half))


def _find_stray(rows: Any, barriers: Any) -> Bools:
    """Find the special grids that leave the barriers of their kind for more than a metre."""
    stray = np.zeros(len(rows), bool)
    shapes = rows.geometry.to_numpy()
    kind = rows["kind"].to_numpy(object)
    kind_of_barrier = _read_kinds(barriers)
    for word in np.unique(kind.astype(str)):
        grids = np.flatnonzero(kind == word)
        fits = _fit(np.full(len(barriers), word), kind_of_barrier)
        lines = barriers.geometry.to_numpy()[fits]
        n, line = shapely.STRtree(lines).query(shapes[grids], predicate="dwithin", distance=SAME)
        # Rounding moves a piece of a line off it, by less than this buffer.
        cover = _unite(shapely.buffer(lines, SAME / 10)[line], n, len(grids))
        stray[grids] = shapely.length(shapely.difference(shapes[grids], cover)) > SAME
    return stray


def _unite(shapes: Shapes, group: Ints, count: int) -> Shapes:
    """Unite shapes by group; a group without any is an empty polygon."""
    united = np.full(count, shapely.Polygon(), object)
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(rows):
            several = len(rows) > 1
            united[group[rows[0]]] = shapely.union_all(shapes[rows]) if several else shapes[rows[0]]
    return united


def _find_doubles(rows: Any) -> Bools:
    """Find the special grids that lie on another of their kind for more than a metre (or m2)."""
    shapes = rows.geometry.to_numpy()
    kind = rows["kind"].to_numpy(object)
    community = rows["community"].to_numpy(object)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    # Each pair once, and only within a community: across limits each has its own.
    is_pair = (a < b) & (kind[a] == kind[b]) & (community[a] == community[b])
    a = a[is_pair]
    b = b[is_pair]
    shared = shapely.intersection(shapes[a], shapes[b])
    # Two areas may share a long border and still not lie on each other.
    both_areas = shapely.area(shapes[a]) * shapely.area(shapes[b]) > 0
    overlap = np.where(both_areas, shapely.area(shared), shapely.length(shared)) > SAME
    doubled = np.zeros(len(rows), bool)
    doubled[a[overlap]] = True
    doubled[b[overlap]] = True
    return doubled


def _report_uncovered(e: Evidence, rows: Any, barriers: Any) -> pd.DataFrame:
    """Report barriers that should have special grids but have none over some length."""
    wanted_kinds = list(e.rules.special.kinds)
    wanted = barriers[barriers["kind"].str.lower().isin(wanted_kinds).to_numpy()]
    shapes = wanted.geometry.to_numpy()
    kind = _read_kinds(wanted)
    limits = e.communities.geometry.to_numpy()
    limit, barrier = shapely.STRtree(shapes).query(limits, predicate="intersects")
    inside = shapely.intersection(shapes[barrier], limits[limit])
    grids = rows.geometry.to_numpy()
    kind_of_grid = rows["kind"].to_numpy(object)
    part, grid = shapely.STRtree(grids).query(inside, predicate="dwithin", distance=BESIDE)
    fits = kind[barrier[part]] == kind_of_grid[grid]
    # A grid lies beside several parts of barriers, and its land is drawn once for all.
    beside = shapely.buffer(grids, BESIDE)
    cover = _unite(beside[grid[fits]], part[fits], len(inside))
    bare_land = shapely.difference(inside, cover)
    rest = _measure_length(bare_land)
    is_line = shapely.get_dimensions(inside) == 1
    bare = (rest > UNCOVERED) & (is_line | (shapely.area(bare_land) > UNCOVERED_AREA))
    return write_findings(
        "special",
        "error",
        "barriers",
        wanted.index[barrier[bare]],
        e.communities.index.to_numpy(object)[limit[bare]],
        what=[f"{metres:,.0f} m of it have no special grid here" for metres in rest[bare]],
        remedy=REDRAW_SPECIALS,
    )


def _check_touches(e: Evidence, rows: Any) -> list[pd.DataFrame]:
    """Check which sub-grids each special grid touches."""
    table = sort_rows(e.plan.touches)
    touch = e.rules.special.touch
    shapes = rows.geometry.to_numpy()
    land = e.subgrids.geometry.to_numpy()
    grid, subgrid = shapely.STRtree(land).query(
        shapes, predicate="dwithin", distance=touch + TOUCH_SLACK
    )
    community = rows["community"].to_numpy(object)
    same = community[grid] == e.subgrids["community"].to_numpy(object)[subgrid]
    grid = grid[same]
    subgrid = subgrid[same]
    # Between the two distances lies what rounding may have decided either way.
    certain = shapely.distance(shapes[grid], land[subgrid]) < touch - TOUCH_SLACK
    # A pair of rows as one number, so that pairs can be sought like codes.
    possible = grid * len(land) + subgrid
    stated_grid = find_rows(rows, table["special_grid"])
    stated = stated_grid * len(land) + find_rows(e.subgrids, table["subgrid"])
    missing = certain & ~np.isin(possible, stated)
    fewest = np.bincount(grid[certain], minlength=len(rows))
    most = np.bincount(grid, minlength=len(rows))
    count = rows["subgrid_count"].to_numpy()
    return [
        Reporter("special", "touches", table, noun="touch", remedy=REFIND_TOUCHES).error(
            ~np.isin(stated, possible), "of a special grid and a sub-grid that are apart"
        ),
        write_findings(
            "special",
            "error",
            "special_grids",
            rows.index.to_numpy(object)[grid[missing]],
            community[grid[missing]],
            noun="touch",
            what="that is not listed",
            remedy=REFIND_TOUCHES,
        ),
        Reporter("special", "special_grids", rows, "special grid", REFIND_TOUCHES).error(
            (count < fewest) | (count > most), "whose number of sub-grids is not what it touches"
        ),
    ]
