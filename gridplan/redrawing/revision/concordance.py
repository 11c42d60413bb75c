"""The concordance: which households of every old sub-grid are in which new one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.tables.conform import conform_table, make_empty


def classify_flows(flows: pd.DataFrame) -> pd.Series[Any]:
    """Classify each flow of households as kept, moved, gone or new.

    Kept are those whose sub-grid has the code of the old one; new also those
    whose homes were in no sub-grid before.
    """
    kinds = np.select(
        # The first that holds counts: homes in no sub-grid before are new,
        # whatever became of them.
        [flows["old"] == "", flows["new_building"] == "", flows["old"] == flows["new"]],
        ["new", "gone", "kept"],
        "moved",
    )
    return pd.Series(kinds, index=flows.index, dtype="str", name="kind")


def make_concordance(flows: pd.DataFrame) -> pd.DataFrame:
    """Make the plan's table ``concordance`` of old and new sub-grids.

    The shares of each old one sum to 1.

    Parameters
    ----------
    flows
        From :func:`gridplan.redrawing.revision.household_matching.follow_households`.

    Examples
    --------
    >>> from gridplan.redrawing.revision.household_matching import follow_households
    >>> from gridplan.synthetic import make_board_plan
    >>> after = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> table = make_concordance(follow_households(make_board_plan(), after))
    >>> for row in table[["old", "new", "households", "share", "kind"]].round(3).values.tolist():
    ...     print(row)
    ['0301-001', '0301-001', 60, 1.0, 'kept']
    ['0301-002', '0301-001', 20, 0.333, 'moved']
    ['0301-002', '0301-002', 40, 0.667, 'kept']
    """
    flows = flows.assign(kind=classify_flows(flows))
    flows = flows[(flows["old"] != "") | (flows["new"] != "")]
    flows = flows.assign(community=_place_gone(flows))
    table = (
        flows.groupby(["community", "old", "new", "kind"], sort=True)["households"]
        .sum()
        .reset_index()
    )
    if table.empty:
        return make_empty("concordance")
    whole = table.groupby("old")["households"].transform("sum")
    # New homes are part of no old sub-grid, so they have no share.
    table["share"] = (table["households"] / whole).where(table["old"] != "")
    table["row"] = (table.index + 1).astype(str).str.zfill(len(str(len(table))))
    return conform_table("concordance", table.set_index("row"))


def _place_gone(flows: pd.DataFrame) -> pd.Series[Any]:
    """Place households that are gone in the community of most others of their sub-grid.

    Its code may be new.
    """
    stays = flows[(flows["old"] != "") & (flows["new"] != "")]
    if stays.empty:
        return flows["community"]
    by = stays.groupby(["old", "community"], as_index=False)["households"].sum()
    # Of equals the lower code, so that the table does not depend on the order
    # of rows.
    by = by.sort_values(
        ["old", "households", "community"], ascending=[True, False, True]
    ).drop_duplicates("old")
    now = flows["old"].map(dict(zip(by["old"], by["community"], strict=True)))
    return flows["community"].where((flows["kind"] != "gone") | now.isna(), now)
