"""Rules on wholes: buildings and compounds stay in one sub-grid where they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter, join_findings


@dataclass(frozen=True)
class Splits:
    """Which buildings or compounds are split among sub-grids.

    ``table`` is indexed by code with the columns community, households, parts
    (sub-grids that hold some of it) and fits (whether one sub-grid could hold
    it all).
    """

    table: pd.DataFrame

    def count_by_community(self) -> pd.Series[int]:
        """Count the split ones by community."""
        return self.table[self.table["parts"] > 1].groupby("community").size()


def measure_splits(evidence: Evidence, level: str) -> Splits:
    """Count the sub-grids that each building or compound (``level``) is in, and its households."""
    e = evidence
    rows = pd.DataFrame(
        {
            "code": e.stairwells[level].to_numpy(object),
            "community": e.stairwells["community"].to_numpy(object),
            "households": e.weight,
            "part": e.part,
            "high": np.append(e.bands[:, 2], 0)[e.part],
        }
    )
    rows = rows[(rows["code"] != "") & (rows["part"] >= 0)]
    by = rows.groupby("code", sort=True)
    table = pd.DataFrame(
        {
            "community": by["community"].first(),
            "households": by["households"].sum(),
            "parts": by["part"].nunique(),
        }
    )
    # The widest band among its sub-grids: at the border of two classes either could hold it.
    return Splits(table.assign(fits=table["households"] <= by["high"].max()))


def check_buildings(evidence: Evidence) -> pd.DataFrame:
    """Check that a building stays in one sub-grid, unless it has more households than one may hold.

    Source: whole building, or split inside the same parent (practice of census
    districts in Poland); the chain of the founding article goes from compound
    to building to unit door.
    """
    return _report_split(evidence, "building")


def check_compounds(evidence: Evidence) -> pd.DataFrame:
    """Check that compounds which fit into one sub-grid are in one, and find mixed sub-grids.

    Source: compound limits and lanes as grid limits (practice of Chinese
    counties); the second is a wish, so a note.
    """
    e = evidence
    mixed = Reporter("compounds", "subgrids", e.subgrids, noun="sub-grid").note(
        _count_compounds(e) > 1,
        "reaching into several compounds",
        "raise prices.compound if that should be rarer",
    )
    return join_findings([_report_split(e, "compound"), mixed])


def _report_split(e: Evidence, level: str) -> pd.DataFrame:
    """Report the buildings or compounds that are split though one sub-grid could hold them."""
    table = e.take(measure_splits, level).table
    # A warning, since a split may be what the prices of the rules found cheapest.
    return Reporter(f"{level}s", f"{level}s", table, noun=level).warning(
        (table["parts"] > 1) & table["fits"],
        "split, though one sub-grid could hold all of it",
        f"raise prices.{level} if that should be rarer",
    )


def _count_compounds(e: Evidence) -> Ints:
    """Count the compounds that each sub-grid reaches into; homes outside of any do not count."""
    pairs = pd.DataFrame({"part": e.part, "compound": e.stairwells["compound"].to_numpy(object)})
    pairs = pairs[(pairs["part"] >= 0) & (pairs["compound"] != "")].drop_duplicates()
    return np.bincount(pairs["part"], minlength=len(e.subgrids))
