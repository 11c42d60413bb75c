"""Rules on the upper layer of grids: they nest, add up, are in one piece and keep their band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, sort_rows, write_findings
from gridplan.auditing.walking import Steps, number_pieces

GRID_RULE = "grids"  # the word by which exceptions name the upper layer


def check_grids(evidence: Evidence, steps: Steps) -> pd.DataFrame:
    """Check that upper grids nest, add up, are in one piece, and keep their band or say why.

    Source: two layers, grids of 300 to 500 households over small ones (an
    Anhui county, 2016).
    """
    e = evidence
    rows = sort_rows(evidence.plan.grids)
    named = (e.subgrids["grid"] != "").to_numpy()
    if rows.empty and not named.any():
        return join_findings([])
    own = find_rows(rows, e.subgrids["grid"])
    above = np.append(rows["community"].to_numpy(object), "")[own]
    across = named & (own >= 0) & (above != e.subgrids["community"].to_numpy(object))
    counted = (own >= 0) & e.residential
    households = np.bincount(own[counted], e.held[counted], minlength=len(rows)).astype(np.int64)
    count = np.bincount(own[counted], minlength=len(rows))
    rule = e.rules.grids
    within = (households >= rule.low) & (households <= rule.high)
    sums = (households != rows["households"].to_numpy()) | (
        count != rows["subgrid_count"].to_numpy()
    )
    sums |= (within != rows["in_band"].to_numpy()) | (
        rows[["low", "target", "high"]] != [rule.low, rule.target, rule.high]
    ).any(axis=1).to_numpy()

    def report(
        table: str, frame: Any, mask: Bools, what: Any, remedy: str, severity: str = "error"
    ) -> pd.DataFrame:
        wrong = frame[mask]
        noun = "sub-grid" if table == "subgrids" else "grid"
        return write_findings(
            "grids",
            severity,
            table,
            wrong.index,
            wrong["community"].to_numpy(),
            noun=noun,
            what=what,
            remedy=remedy,
        )

    again = "draw the grids again"
    return join_findings(
        [
            report(
                "subgrids",
                e.subgrids,
                e.residential & (own < 0),
                "in no grid, though there are grids",
                again,
            ),
            report(
                "subgrids",
                e.subgrids,
                ~e.residential & named & (own < 0),
                "in a grid that does not exist",
                again,
            ),
            report("subgrids", e.subgrids, across, "in a grid of another community", again),
            report("grids", rows, sums, "whose figures are not what its sub-grids come to", again),
            report(
                "grids",
                rows,
                _find_apart(e, rows, own),
                "whose outline is not that of its sub-grids",
                again,
            ),
            report(
                "grids",
                rows,
                _find_broken(e, steps, own, len(rows)),
                "whose sub-grids are not joined",
                again,
            ),
            *_report_band(e, rows, within & (count > 0)),
        ]
    )


def _find_apart(e: Evidence, rows: Any, own: Ints) -> Bools:
    """Find grids whose outline differs from their sub-grids' land by over a millionth or 1 m2."""
    known = own >= 0
    land = np.bincount(
        own[known], shapely.area(e.subgrids.geometry.to_numpy())[known], minlength=len(rows)
    )
    shapes = rows.geometry.to_numpy()
    met = shapely.area(
        shapely.intersection(e.subgrids.geometry.to_numpy()[known], shapes[own[known]])
    )
    inside = np.bincount(own[known], met, minlength=len(rows))
    slack = np.maximum(1.0, 1e-6 * land)
    area = shapely.area(shapes)
    wrong = (np.abs(area - land) > slack) | (np.abs(inside - land) > slack)
    return np.asarray(wrong | (np.abs(rows["area"].to_numpy() - area) > slack))


def _find_broken(e: Evidence, steps: Steps, own: Ints, count: int) -> Bools:
    """Find grids whose sub-grids are not joined by pairs of stairwells that can be walked."""
    broken = np.zeros(count, bool)
    if len(e.plan.neighbours) == 0:
        return broken
    a = e.part[steps.a]
    b = e.part[steps.b]
    grid = np.append(own, -1)
    same = (a >= 0) & (b >= 0) & (grid[a] == grid[b]) & (grid[a] >= 0)
    label, pieces = number_pieces(len(own), a[same], b[same])
    of_piece = np.full(pieces, -1)
    counted = e.residential & (own >= 0)
    of_piece[label[counted]] = own[counted]
    return np.asarray(np.bincount(of_piece[of_piece >= 0], minlength=count) > 1)


def _report_band(e: Evidence, rows: Any, within: Bools) -> list[pd.DataFrame]:
    excuses = e.plan.exceptions[e.plan.exceptions["rule"] == GRID_RULE]
    listed = rows.index.isin(excuses["subgrid"])
    proven = rows.index.isin(excuses["subgrid"][excuses["proven"]])
    found = []
    for severity, mask, end in (
        ("error", ~within & ~listed, "out of its band, no exception says why"),
        ("warning", ~within & listed & ~proven, "out of its band, explained in exceptions"),
        ("note", ~within & proven, "out of its band, which exceptions say cannot be otherwise"),
    ):
        wrong = rows[mask]
        found.append(
            write_findings(
                "grids",
                severity,
                "grids",
                wrong.index,
                wrong["community"].to_numpy(),
                noun="grid",
                what=end,
                remedy="see the remedy in exceptions"
                if severity != "error"
                else "draw the grids again",
            )
        )
    return found
