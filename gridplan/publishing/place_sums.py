"""Counts by place as cells, and the sums that everybody knows: over places, and of parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from gridplan.arrays import Floats, Objects

CITY = "site"
UPPER = ("subdistrict", "district", "city")  # the levels above the community, from below
CELL = ["level", "of", "community", "measure", "value"]


@dataclass(frozen=True)
class CellSystem:
    """Cells and the sums that tie them.

    ``cells`` has level, of, community, measure and value; ``matrix`` @ value =
    0 holds for the true values, a row for each sum; ``lower`` is what
    everybody knows a suppressed cell to be at the least.
    """

    cells: pd.DataFrame
    matrix: csr_matrix
    lower: Floats


def list_cells(table: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """List counts by community, and their sums by every body above, as cells.

    Parameters
    ----------
    table
        A row for each community and a column for each measure.
    bodies
        The bodies above each community, as ``place_bodies`` names them: a community
        without a subdistrict counts for its district, and one without both for the
        city alone.

    Examples
    --------
    >>> bodies = pd.DataFrame({"subdistrict": ["s", ""], "district": "", "city": CITY}, list("ab"))
    >>> cells = list_cells(pd.DataFrame({"elders": [7, 8]}, index=list("ab")), bodies)
    >>> cells[["of", "value"]].to_numpy().tolist()
    [['a', 7], ['b', 8], ['s', 7], ['site', 15]]
    """
    frames = [_melt(table, "community", table.index.to_numpy(object))]
    for level in UPPER:
        sums = table.groupby(bodies[level].reindex(table.index).to_numpy(object)).sum()
        sums = sums[sums.index != ""]
        frames.append(_melt(sums, level, np.full(len(sums), "", dtype=object)))
    return pd.concat(frames, ignore_index=True)


def _melt(table: pd.DataFrame, level: str, communities: Objects) -> pd.DataFrame:
    """Turn a table of measures into cells."""
    places = table.index.to_numpy(object)
    cells = [
        pd.DataFrame(
            {
                "level": level,
                "of": places,
                "community": communities,
                "measure": name,
                "value": table[name].to_numpy(),
            }
        )
        for name in table.columns
    ]
    # pandas refuses to join no tables at all.
    return pd.concat(cells, ignore_index=True) if cells else pd.DataFrame(columns=CELL)


def sum_places(
    cells: pd.DataFrame, bodies: pd.DataFrame, measures: pd.Series[str] | None = None
) -> csr_matrix:
    """Write the sums over places: what lies in a place adds up to it, measure by measure.

    ``measures`` names what each cell is counted as in the place above it; its own
    measure if not given.
    """
    place = pd.Series(
        np.arange(len(cells)), index=pd.MultiIndex.from_frame(cells[["level", "of", "measure"]])
    )
    measure = (cells["measure"] if measures is None else measures).to_numpy(object)
    parent = np.full(len(cells), np.nan)
    # The next body that was counted: where a district is not, its subdistricts
    # add up to the city.
    for level, names in name_above(cells, bodies).items():
        key = pd.MultiIndex.from_arrays([[level] * len(cells), names, measure])
        counted = place.reindex(key).to_numpy(float)
        parent = np.where(np.isnan(parent), counted, parent)
    has_parent = np.flatnonzero(~np.isnan(parent))
    sums, row = np.unique(parent[has_parent].astype(np.int64), return_inverse=True)
    # A row of the matrix is a sum: its parts count 1, the whole -1.
    signs = np.concatenate([np.ones(len(has_parent)), -np.ones(len(sums))])
    rows = np.concatenate([row, np.arange(len(sums))])
    columns = np.concatenate([has_parent, sums])
    return csr_matrix((signs, (rows, columns)), shape=(len(sums), len(cells)))


def name_above(cells: pd.DataFrame, bodies: pd.DataFrame) -> dict[str, Objects]:
    """Name the place above each cell on every level, from below; empty where there is none."""
    level = cells["level"].to_numpy(object)
    code = cells["community"].to_numpy(object)
    of = cells["of"].to_numpy(object)
    inside = level == "community"
    ward = np.where(inside, bodies["subdistrict"].reindex(code).fillna("").to_numpy(object), "")
    over = bodies[bodies["subdistrict"] != ""].drop_duplicates("subdistrict")
    of_ward = over.set_index("subdistrict")["district"]
    district = np.select(
        [inside, level == "subdistrict"],
        [bodies["district"].reindex(code).fillna("").to_numpy(object), of_ward.reindex(of)],
        "",
    )
    below = np.isin(level, ["community", "subdistrict", "district"])
    return {
        # A branch is a part of its community alone.
        "community": np.where(level == "branch", code, ""),
        "subdistrict": ward,
        "district": pd.Series(district, dtype=object).fillna("").to_numpy(object),
        "city": np.where(below, CITY, ""),
    }


def sum_parts(cells: pd.DataFrame, total: str, parts: tuple[str, ...]) -> csr_matrix:
    """Write the sums of parts: full and probationary members, for example, are all members."""
    place = pd.Series(
        np.arange(len(cells)), index=pd.MultiIndex.from_frame(cells[["level", "of", "measure"]])
    )
    wholes = np.flatnonzero((cells["measure"] == total) & (cells["level"] != "branch"))
    level = cells["level"].to_numpy(dtype=object)[wholes]
    of = cells["of"].to_numpy(dtype=object)[wholes]
    names = [pd.MultiIndex.from_arrays([level, of, [part] * len(wholes)]) for part in parts]
    part_rows = np.array([place.reindex(name).to_numpy(float) for name in names])
    # The sum is known only where every part is a cell.
    complete = np.flatnonzero(~np.isnan(part_rows).any(axis=0))
    n = len(complete)
    signs = np.concatenate([-np.ones(n), *np.ones((len(parts), n))])
    rows = np.tile(np.arange(n), 1 + len(parts))
    columns = np.concatenate([wholes[complete], *part_rows[:, complete].astype(np.int64)])
    return csr_matrix((signs, (rows, columns)), shape=(n, len(cells)))
