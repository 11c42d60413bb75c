"""Rules on open land, and on the blocks and settlements that doors lie in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Objects, Shapes
from gridplan.auditing.derived import report_columns
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import Reporter, join_findings
from gridplan.auditing.settlements_again import number_settlements

OPEN_KINDS = ("open", "water", "railway")
LAND_OF = {"residential": "homes", "exclusive": "institution"}
TOUCH = 0.05  # m within which two outlines adjoin
LONGER = 1.01  # share by which a border must be longer to count as the longest
AGAIN = "draw the plan again"
MAIN: tuple[str, ...] = (
    *("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"),
    *("secondary", "secondary_link", "main_road"),
)
LOCAL: tuple[str, ...] = (
    *("tertiary", "tertiary_link", "unclassified", "residential", "living_street", "road"),
)


def check_open_land(evidence: Evidence) -> pd.DataFrame:
    """Check that nobody lives on open land, and that a sub-grid beside it looks after it.

    Source: gridplan's schema; "grids joined without seams" (Tangshan) asks
    that every hectare be somebody's.
    """
    e = evidence
    is_open = (e.subgrids["kind"] == "open").to_numpy(bool)
    land = e.subgrids["land"].to_numpy(object)
    kind = e.subgrids["kind"].to_numpy(object)
    named = land != ""
    # Another rule reports a kind that is not known.
    strange = ~is_open & ~np.isin(kind, list(LAND_OF))
    fits = strange | np.where(is_open, np.isin(land, OPEN_KINDS), land == _look_up(kind, LAND_OF))
    every = Reporter("open land", "subgrids", e.subgrids, noun="sub-grid", remedy=AGAIN)
    rows = e.subgrids[is_open]
    reporter = Reporter("open land", "subgrids", rows, noun="piece of open land", remedy=AGAIN)
    banded = (rows[["low", "target", "high", "households"]] != 0).any(axis=1).to_numpy()
    claimed = ~is_open & (e.subgrids["responsible"] != "").to_numpy()
    return join_findings(
        [
            every.error(named & ~fits, "whose land is not of its kind"),
            every.error(claimed, "of homes or an institution, with another that looks after it"),
            reporter.error(e.count_by_subgrid()[is_open] > 0, "with stairwells of its own"),
            reporter.error(banded, "with a band or households, as if somebody lived there"),
            reporter.error(_find_wrong_carers(e, rows), "not looked after by the sub-grid beside"),
        ]
    )


def _look_up(words: Objects, table: dict[str, str]) -> Objects:
    return np.array([table.get(word, "") for word in words], dtype=object)


def _find_wrong_carers(e: Evidence, rows: Any) -> Bools:
    """Find open land whose sub-grid is not the one of its community with the longest border.

    Land that touches none may have any sub-grid of its community.
    """
    homes = e.subgrids[e.residential]
    shapes = homes.geometry.to_numpy()
    edges = shapely.boundary(rows.geometry.to_numpy())
    piece, home = shapely.STRtree(shapes).query(edges, predicate="dwithin", distance=TOUCH)
    over = homes["community"].to_numpy(object)
    same = over[home] == rows["community"].to_numpy(object)[piece]
    piece = piece[same]
    home = home[same]
    length = shapely.length(shapely.intersection(edges[piece], shapely.boundary(shapes[home])))
    named = homes.index.get_indexer(rows["responsible"])
    longest = np.zeros(len(rows))
    np.maximum.at(longest, piece, length)
    own = np.zeros(len(rows))
    is_own = home == named[piece]
    own[piece[is_own]] = length[is_own]
    lived = np.isin(rows["community"].to_numpy(object), over)
    stranger = over[named] != rows["community"].to_numpy(object)
    wrong = np.where(named >= 0, stranger | (own * LONGER + 1.0 < longest), lived)
    return np.asarray(wrong & ((rows["responsible"] != "").to_numpy() | lived), bool)


def check_blocks(evidence: Evidence) -> pd.DataFrame:
    """Check that doors of one block, quarter or settlement lie in one, and others do not.

    Plans from elsewhere need not say; then there is nothing to check.
    """
    e = evidence
    doors = e.stairwells
    findings = []
    for level, classes in (("quarter", MAIN), ("block", MAIN + LOCAL)):
        stated = doors[level].to_numpy(object)
        if not (stated != "").any():
            continue
        right = _derive_blocks(e, _take_streets(e, classes))
        findings.append(
            report_columns("blocks", "stairwells", doors, {level: right}, AGAIN, noun="stairwell")
        )
    if (doors["settlement"] != "").any():
        right = _derive_settlements(e)
        findings.append(
            report_columns(
                "blocks", "stairwells", doors, {"settlement": right}, AGAIN, noun="stairwell"
            )
        )
    return join_findings(findings)


def _take_streets(e: Evidence, classes: tuple[str, ...]) -> Shapes:
    """Take the streets of some classes; where no class is known, every street is a main one."""
    streets = e.plan.site.streets
    streets = streets[~streets["tunnel"].fillna(False).astype(bool)]
    kind = streets["kind"].str.lower()
    wanted = kind.isin(classes) if (kind != "").any() else np.ones(len(streets), bool)
    barriers = e.plan.site.barriers
    roads = barriers[barriers["kind"].str.lower().isin(MAIN)].geometry.to_numpy()
    banks = np.where(shapely.get_dimensions(roads) == 2, shapely.boundary(roads), roads)
    banks = banks[shapely.get_dimensions(banks) == 1]
    return np.concatenate([streets[np.asarray(wanted)].geometry.to_numpy(), banks])


def _derive_blocks(e: Evidence, lines: Shapes) -> Objects:
    """Derive the block of every door: the face of the streets of its community it lies in."""
    out = np.full(len(e.stairwells), "", dtype=object)
    codes = e.stairwells.index.to_numpy(object)
    limits, rounded = e.take(_round_limits)
    tree = shapely.STRtree(shapely.force_2d(lines))
    rows = find_rows(e.communities, e.stairwells["community"])
    for row in np.unique(rows[rows >= 0]):
        here = np.flatnonzero(rows == row)
        met = np.sort(tree.query(limits[row], predicate="intersects"))
        face = np.zeros(len(here), np.int64)
        if len(met):
            west, south, east, north = shapely.bounds(limits[row])
            inside = shapely.clip_by_rect(
                tree.geometries[met], west - 1.0, south - 1.0, east + 1.0, north + 1.0
            )
            noded = shapely.union_all(np.append(inside, rounded[row]), grid_size=0.01)
            faces = shapely.get_parts(shapely.polygonize([noded]))
            face = _locate(faces, e.xy[here])
        out[here] = _name(face, codes[here])
    return out


def _round_limits(e: Evidence) -> tuple[Shapes, Shapes]:
    """Take the limit of each community, and the line round it with centimetres as they are cut."""
    limits = e.communities.geometry.to_numpy()
    return limits, shapely.boundary(shapely.set_precision(limits, 0.01))


def _derive_settlements(e: Evidence) -> Objects:
    """Derive the settlement of every door: homes linked by steps of at most twice reach and gap."""
    rule = e.rules.settlements
    out = np.full(len(e.stairwells), "", dtype=object)
    codes = e.stairwells.index.to_numpy(object)
    for here in e.stairwells.groupby("community").indices.values():
        out[here] = _name(number_settlements(e.xy[here], rule), codes[here])
    return out


def _locate(faces: Shapes, xy: Floats) -> Any:
    """Locate points in faces: the smallest that holds each, -1 where none does."""
    # The faces are what is queried by, since these are what a query prepares.
    face, point = shapely.STRtree(shapely.points(xy)).query(faces, predicate="intersects")
    area = shapely.area(faces)
    order = np.lexsort((face, -area[face]))
    out = np.full(len(xy), -1)
    out[point[order]] = face[order]
    return out


def _name(group: Any, codes: Objects) -> Objects:
    """Name each group by its first code; codes are sorted."""
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(codes[first[number.ravel()]], object)
