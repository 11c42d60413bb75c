"""Rules on the upper layer of grids: they nest, add up, are in one piece and keep their band."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.exceptions import report_excuses
from gridplan.auditing.findings import Reporter, join_findings
from gridplan.auditing.layers import layer_grids
from gridplan.auditing.walking import measure_steps, number_pieces

GRID_RULE = "grids"  # the word by which exceptions name the upper layer
REDRAW_GRIDS = "draw the grids again"
LAND_SLACK = 1.0  # m2 by which a grid's land may differ from its sub-grids', or a millionth


def check_grids(evidence: Evidence) -> pd.DataFrame:
    """Check that upper grids nest, add up, are in one piece, and keep their band or say why.

    Source: two layers, grids of 300 to 500 households over small ones (an
    Anhui county, 2016).
    """
    e = evidence
    rows = sort_rows(e.plan.grids)
    is_named = (e.subgrids["grid"] != "").to_numpy()
    # Most plans have no upper layer, and need none.
    if rows.empty and not is_named.any():
        return join_findings([])
    grid = find_rows(rows, e.subgrids["grid"])
    # Exclusive grids may lie in an upper grid, but do not count in it.
    counted = (grid >= 0) & e.residential
    count = np.bincount(grid[counted], minlength=len(rows))
    households = np.bincount(grid[counted], e.held[counted], minlength=len(rows)).astype(np.int64)
    in_band = (households >= e.rules.grids.low) & (households <= e.rules.grids.high)
    grids = Reporter("grids", "grids", rows, noun="grid", remedy=REDRAW_GRIDS)
    return join_findings(
        [
            *_check_nesting(e, rows, grid, is_named),
            grids.error(
                _find_miscounted(e, rows, households, count, in_band),
                "whose figures are not what its sub-grids come to",
            ),
            grids.error(_find_apart(e, rows, grid), "whose outline is not that of its sub-grids"),
            grids.error(_find_broken(e, grid, len(rows)), "whose sub-grids are not joined"),
            *_report_band(e, rows),
        ]
    )


def _check_nesting(e: Evidence, rows: Any, grid: Ints, is_named: Bools) -> list[pd.DataFrame]:
    """Check that every sub-grid of homes is in a grid, and that of its own community."""
    above = np.append(rows["community"].to_numpy(object), "")[grid]
    is_across = is_named & (grid >= 0) & (above != e.subgrids["community"].to_numpy(object))
    reporter = Reporter("grids", "subgrids", e.subgrids, noun="sub-grid", remedy=REDRAW_GRIDS)
    return [
        reporter.error(e.residential & (grid < 0), "in no grid, though there are grids"),
        reporter.error(~e.residential & is_named & (grid < 0), "in a grid that does not exist"),
        reporter.error(is_across, "in a grid of another community"),
    ]


def _find_miscounted(
    e: Evidence, rows: Any, households: Ints, count: Ints, in_band: Bools
) -> Bools:
    """Find the grids whose households, sub-grids or band are not those found again."""
    rule = e.rules.grids
    off = households != rows["households"].to_numpy()
    off |= count != rows["subgrid_count"].to_numpy()
    off |= in_band != rows["in_band"].to_numpy()
    band = rows[["low", "target", "high"]] != [rule.low, rule.target, rule.high]
    return np.asarray(off | band.any(axis=1).to_numpy())


def _find_apart(e: Evidence, rows: Any, grid: Ints) -> Bools:
    """Find grids whose outline differs from their sub-grids' land by over a millionth or 1 m2."""
    known = grid >= 0
    grid_of = grid[known]
    parts = e.subgrids.geometry.to_numpy()[known]
    land = np.bincount(grid_of, shapely.area(parts), minlength=len(rows))
    shapes = rows.geometry.to_numpy()
    shared = shapely.area(shapely.intersection(parts, shapes[grid_of]))
    inside = np.bincount(grid_of, shared, minlength=len(rows))
    slack = np.maximum(LAND_SLACK, 1e-6 * land)
    area = shapely.area(shapes)
    # As large as the sub-grids and holding all of them: then it can only be their union.
    wrong = (np.abs(area - land) > slack) | (np.abs(inside - land) > slack)
    return np.asarray(wrong | (np.abs(rows["area"].to_numpy() - area) > slack))


def _find_broken(e: Evidence, grid: Ints, count: int) -> Bools:
    """Find grids whose sub-grids are not joined by pairs of stairwells that can be walked."""
    broken = np.zeros(count, bool)
    # Without neighbours nobody knows what is joined.
    if len(e.plan.neighbours) == 0:
        return broken
    steps = e.take(measure_steps)
    a = e.part[steps.a]
    b = e.part[steps.b]
    grid_of = np.append(grid, -1)
    is_within = (a >= 0) & (b >= 0) & (grid_of[a] == grid_of[b]) & (grid_of[a] >= 0)
    label, pieces = number_pieces(len(grid), a[is_within], b[is_within])
    # Each piece lies in one grid, as only steps within grids join it.
    grid_of_piece = np.full(pieces, -1)
    counted = e.residential & (grid >= 0)
    grid_of_piece[label[counted]] = grid[counted]
    return np.asarray(np.bincount(grid_of_piece[grid_of_piece >= 0], minlength=count) > 1)


def _report_band(e: Evidence, rows: Any) -> list[pd.DataFrame]:
    """Report grids out of their band, and what their exceptions are worth."""
    excuses = e.plan.exceptions[e.plan.exceptions["rule"] == GRID_RULE]
    layer = e.take(layer_grids)
    grids = Reporter("grids", "grids", rows, noun="grid", remedy=REDRAW_GRIDS)
    out = rows[layer.out]
    what = np.full(len(out), "out of its band", object)
    return [
        # A grid without sub-grids is out of band too, though its sum could be in it.
        grids.error(layer.held == 0, "without households"),
        report_excuses(e, layer, replace(grids, rows=out), excuses, what),
    ]
