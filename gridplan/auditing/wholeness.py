"""Rules on wholes: buildings and compounds stay in one sub-grid where they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.auditing.evidence import Evidence, join_findings, write_findings


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
    own = pd.DataFrame(
        {
            "code": e.stairwells[level].to_numpy(object),
            "community": e.stairwells["community"].to_numpy(object),
            "households": e.weight,
            "part": e.part,
            "high": np.append(e.bands[:, 2], 0)[e.part],
        }
    )
    own = own[(own["code"] != "") & (own["part"] >= 0)]
    by = own.groupby("code", sort=True)
    table = pd.DataFrame(
        {
            "community": by["community"].first(),
            "households": by["households"].sum(),
            "parts": by["part"].nunique(),
        }
    )
    return Splits(table.assign(fits=table["households"] <= by["high"].max()))


def check_buildings(evidence: Evidence, splits: Splits) -> pd.DataFrame:
    """Check that a building stays in one sub-grid, unless it has more households than one may hold.

    Source: whole building, or split inside the same parent (practice of census
    districts in Poland); the chain of the founding article goes from compound
    to building to unit door.
    """
    return _report_split(
        "buildings", "building", splits, "raise prices.building if that should be rarer"
    )


def check_compounds(evidence: Evidence, splits: Splits) -> pd.DataFrame:
    """Check that compounds which fit into one sub-grid are in one, and find mixed sub-grids.

    Source: compound limits and lanes as grid limits (practice of Chinese
    counties); the second is a wish, so a note.
    """
    e = evidence
    split = _report_split(
        "compounds", "compound", splits, "raise prices.compound if that should be rarer"
    )
    reach = _count_compounds(e)
    wide = e.subgrids[reach > 1]
    mixed = write_findings(
        "compounds",
        "note",
        "subgrids",
        wide.index,
        wide["community"].to_numpy(),
        noun="sub-grid",
        what="reaching into several compounds",
        remedy="raise prices.compound if that should be rarer",
    )
    return join_findings([split, mixed])


def _report_split(rule: str, noun: str, splits: Splits, remedy: str) -> pd.DataFrame:
    wrong = splits.table[(splits.table["parts"] > 1) & splits.table["fits"]]
    what = "split, though one sub-grid could hold all of it"
    return write_findings(
        rule,
        "warning",
        rule,
        wrong.index,
        wrong["community"].to_numpy(),
        noun=noun,
        what=what,
        remedy=remedy,
    )


def _count_compounds(e: Evidence) -> Ints:
    pairs = pd.DataFrame({"part": e.part, "compound": e.stairwells["compound"].to_numpy(object)})
    pairs = pairs[(pairs["part"] >= 0) & (pairs["compound"] != "")].drop_duplicates()
    return np.bincount(pairs["part"], minlength=len(e.subgrids))
