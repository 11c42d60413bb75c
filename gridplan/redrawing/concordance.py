"""The concordance: which households of every old sub-grid are in which new one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.conform import conform_table, make_empty


def write_concordance(stairwells: pd.DataFrame, was: pd.Series[str], member: pd.Series[str], gone: pd.DataFrame) -> pd.DataFrame:
    """Write the table ``concordance`` of a plan and the one before.

    Parameters
    ----------
    stairwells
        The homes of today.
    was, member
        By stairwell, the old sub-grid (empty for new homes) and the new one.
    gone
        Homes of the old plan that are no longer there: community, subgrid, households.

    Returns
    -------
    Shares of each old sub-grid sum to 1: of the households that were in it and are there today, and those that are gone.

    Examples
    --------
    >>> doors = pd.DataFrame({"community": ["c"] * 3, "households": [30, 10, 5]}, index=["a", "b", "n"])
    >>> was, now = pd.Series(["1", "1", ""], doors.index), pd.Series(["1", "2", "2"], doors.index)
    >>> gone = pd.DataFrame({"community": ["c"], "subgrid": ["1"], "households": [10]})
    >>> write_concordance(doors, was, now, gone)[["old", "new", "households", "share", "kind"]].values.tolist()
    [['', '2', 5, nan, 'new'], ['1', '', 10, 0.2, 'gone'], ['1', '1', 30, 0.6, 'kept'], ['1', '2', 10, 0.2, 'moved']]
    """
    here = pd.DataFrame({"community": stairwells["community"], "old": was, "new": member, "households": stairwells["households"]})
    lost = pd.DataFrame({"community": gone["community"], "old": gone["subgrid"], "new": "", "households": gone["households"]})
    both = pd.concat([here, lost[lost["old"] != ""]], ignore_index=True)
    if both.empty:
        return make_empty("concordance")
    table = both.groupby(["old", "new"], as_index=False, sort=True).agg(
        community=("community", "first"), households=("households", "sum")
    )
    whole = table.groupby("old")["households"].transform("sum")
    table["share"] = np.where((table["old"] != "") & (whole > 0), table["households"] / whole.where(whole > 0, 1), np.nan)
    kinds = [table["old"] == "", table["new"] == "", table["old"] == table["new"]]
    table["kind"] = np.select(kinds, ["new", "gone", "kept"], "moved")
    table["row"] = (table.index + 1).astype(str).str.zfill(len(str(len(table))))
    return conform_table("concordance", table)
