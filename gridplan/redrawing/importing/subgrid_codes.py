"""Codes for sub-grids that come from old grids, each in one community."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Texts
from gridplan.redrawing.revision.new_codes import number_next
from gridplan.tables.ledger import Entry


def name_grids(codes: Texts, row: Ints, stairwells: Any) -> tuple[pd.Series[str], list[Entry]]:
    """Name the sub-grid of every stairwell by its old grid, so that a code is of one community.

    A code that several old grids of several communities bear gets the
    community's code before it. A single old grid over several communities is
    cut: most of its households keep its code, the others get their community's
    code before it. An old grid without code gets the next free number of its
    community.

    Parameters
    ----------
    codes
        Code of each old grid as text, empty where it has none.
    row
        int64[n], the old grid of each stairwell, -1 for none.
    stairwells
        The stairwells table, sorted by key.

    Returns
    -------
    The code of each stairwell, empty for those in no old grid, and what was
    changed.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> doors = make_board_plan().stairwells[:3].assign(community=["0301", "0302", "0302"])
    >>> name_grids(np.array(["7", ""]), np.array([0, 0, 1]), doors)[0].tolist()
    ['0301-7', '7', '0302-001']
    """
    inside = row >= 0
    homes = pd.DataFrame({"row": row, "community": stairwells["community"].to_numpy(object)})[
        inside
    ]
    homes["households"] = stairwells["households"].to_numpy()[inside]
    homes["code"] = codes[homes["row"]].astype(object)
    parts = homes.groupby(["row", "code", "community"], as_index=False)["households"].sum()
    parts["name"] = parts["code"]
    several = parts[
        (parts["code"] != "") & (parts.groupby("code")["community"].transform("nunique") > 1)
    ]
    cut: list[str] = []
    doubled: list[str] = []
    for code, bearers in several.groupby("code", sort=True):
        # One outline is cut at the limit; several outlines are grids that
        # share a name.
        split = bearers["row"].nunique() == 1
        (cut if split else doubled).append(str(code))
        # Backwards, so that of equal numbers of households the lower community
        # keeps the code.
        keeps = (
            bearers["community"].iloc[::-1][bearers["households"].iloc[::-1].idxmax()]
            if split
            else None
        )
        other = bearers[bearers["community"] != keeps]
        parts.loc[other.index, "name"] = other["community"] + "-" + str(code)
    parts["name"] = _number_doubles(parts)
    nameless = parts.index[parts["code"] == ""]
    for community, rows in parts.loc[nameless].groupby("community", sort=True):
        # The new names are among those taken for the next community.
        parts.loc[rows.index, "name"] = number_next(str(community), set(parts["name"]), len(rows))
    names = parts.set_index(["row", "community"])["name"]
    out = np.full(len(row), "", object)
    out[inside] = names.reindex(pd.MultiIndex.from_frame(homes[["row", "community"]])).to_numpy(
        object
    )
    entries = [
        Entry(
            "import",
            "subgrids",
            "repaired",
            len(cut),
            "grid over several communities: cut at their limits",
            cut,
        ),
        Entry(
            "import",
            "subgrids",
            "repaired",
            len(doubled),
            "code of several grids in several communities: the community's code is set before it",
            doubled,
        ),
    ]
    return pd.Series(out, stairwells.index, dtype="str", name="subgrid"), entries


def _number_doubles(parts: pd.DataFrame) -> pd.Series[Any]:
    """Add a number to names that several communities have.

    Putting the community's code before it might give the code of another grid.
    """
    names = parts["name"].copy()
    for name, bearers in parts[parts["name"] != ""].groupby("name", sort=True):
        # The first community keeps the plain name; the others are numbered
        # from 2.
        for community in sorted(set(bearers["community"]))[1:]:
            taken = set(names)
            free = next(
                code for n in range(2, len(parts) + 3) if (code := f"{name}-{n}") not in taken
            )
            names[bearers.index[bearers["community"] == community]] = free
    return names
