"""Tallies: the counts of a site brought to communities, with how each was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.errors import InputError, Problem
from gridplan.tables.whole_shares import share_total

if TYPE_CHECKING:
    from gridplan.site import Site

FINER = ("building", "compound")  # levels below the community, the finest first


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts by community.

    ``values`` has a row for each community and a column for each measure, NaN
    where nobody counted; ``origins`` the same shape with counted, estimated (a
    share of the site's count) or unknown.
    """

    values: pd.DataFrame
    origins: pd.DataFrame

    def __getitem__(self, measure: str) -> Floats:
        """Return one measure of every community, NaN where it is unknown."""
        return np.asarray(self.values[measure], float)


def tally_counts(site: Site, measures: Sequence[str], households: pd.Series[Any]) -> Tally:
    """Bring the counts of a site to its communities.

    A community's own count is taken where there is one, else the sum of its
    buildings and compounds. A count of the whole site is shared, after what is
    counted is taken off, among the communities without one by ``households``
    (whole numbers by largest remainders).

    Raises
    ------
    InputError
        If a count names a place that does not exist, or finer counts add up to
        more than a coarser one.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_checkerboard, make_table
    >>> rows = [{"count": "1", "level": "site", "of": "site", "measure": "cadres", "value": 7}]
    >>> site = make_checkerboard().replace(counts=make_table("counts", rows))
    >>> tally = tally_counts(site, ["cadres", "elders"], pd.Series({"0301": 120}))
    >>> tally.values.loc["0301"].tolist(), tally.origins.loc["0301"].tolist()
    ([7.0, nan], ['estimated', 'unknown'])
    """
    codes = site.communities.index
    counts = site.counts[site.counts["measure"].isin(list(measures))]
    problems = find_unknown_places(site, counts)
    values = {}
    origins = {}
    weight = households.reindex(codes).fillna(0).to_numpy(float)
    for measure in measures:
        rows = counts[counts["measure"] == measure]
        values[measure], origins[measure], wrong = _tally_measure(site, rows, measure, weight)
        problems += wrong
    # All measures are looked at first, so that every problem is reported at once.
    if problems:
        raise InputError(problems)
    return Tally(pd.DataFrame(values, index=codes), pd.DataFrame(origins, index=codes))


def find_unknown_places(site: Site, counts: pd.DataFrame) -> list[Problem]:
    """Find counts of buildings, compounds and communities that the site does not have."""
    problems = []
    for level, table in (
        ("building", "buildings"),
        ("compound", "compounds"),
        ("community", "communities"),
    ):
        codes = counts.loc[counts["level"] == level, "of"]
        strange = codes[~codes.isin(getattr(site, table).index)].unique()
        if len(strange):
            word = "code is" if len(strange) == 1 else "codes are"
            text = f"{len(strange)} {level} {word} not in the table {table}"
            problems.append(
                Problem(
                    "counts",
                    "codes are known",
                    text,
                    "correct the column of, or add the rows",
                    tuple(strange),
                )
            )
    return problems


def _tally_measure(
    site: Site, counts: pd.DataFrame, measure: str, weight: Any
) -> tuple[Any, Any, list[Problem]]:
    """Tally one measure: values and origins by community, and what contradicts itself."""
    codes = site.communities.index
    fine = np.zeros(len(codes))
    counted = np.zeros(len(codes), bool)
    for level in FINER:
        of_level = counts[counts["level"] == level]
        of = getattr(site, f"{level}s")["community"].reindex(of_level["of"])
        # Places that do not exist were reported above; here they are -1 and count nowhere.
        rows = codes.get_indexer(pd.Index(of))
        # Several buildings of one community add up, which rows[...] += would not do.
        np.add.at(fine, rows[rows >= 0], of_level["value"].to_numpy(float)[rows >= 0])
        counted[rows[rows >= 0]] = True
    coarse = (
        counts[counts["level"] == "community"]
        .groupby("of")["value"]
        .sum()
        .reindex(codes)
        .to_numpy(float)
    )
    problems = []
    # Counts are floats: sums may differ by a rounding.
    over = counted & (fine > coarse + 1e-9)
    if over.any():
        text = f"{measure} of buildings and compounds add up to more than their community's count"
        problems.append(
            Problem("counts", "sums agree", text, "correct one of the two", tuple(codes[over]))
        )
    # The community's own count wins over the sum of finer ones, which may be in part.
    values = np.where(np.isnan(coarse), np.where(counted, fine, np.nan), coarse)
    origins = np.where(np.isnan(values), "unknown", "counted").astype(object)
    whole = counts.loc[counts["level"] == "site", "value"]
    if len(whole):
        # The site's count less what communities have is left for those without a count.
        remaining = float(whole.sum()) - np.nansum(values)
        open_ = np.isnan(values)
        if remaining < -1e-9:
            text = (
                f"{measure} of communities add up to {np.nansum(values):g}, "
                f"the site's count is {whole.sum():g}"
            )
            problems.append(Problem("counts", "sums agree", text, "correct one of the two"))
        elif open_.any():
            values[open_] = share_total(round(remaining), weight[open_])
            origins[open_] = "estimated"
    return values, origins, problems
