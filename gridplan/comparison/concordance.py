"""The concordance of two plans: where the households of each old sub-grid live now, and how many moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.comparison.naming import match_best, number_codes
from gridplan.conform import conform_table, make_empty

MOVED_COLUMNS = ("level", "of", "stayed", "moved", "moved_share", "displaced", "displaced_share", "gone", "new")


def tell_kinds(flows: pd.DataFrame) -> pd.Series[Any]:
    """Tell for each flow of households whether they are kept, moved, gone or new.

    Kept are those whose sub-grid has the code of the old one; new also those whose homes were in no sub-grid before.
    """
    kinds = np.select(
        [flows["old"] == "", flows["new_building"] == "", flows["old"] == flows["new"]], ["new", "gone", "kept"], "moved"
    )
    return pd.Series(kinds, index=flows.index, dtype="str", name="kind")


def make_concordance(flows: pd.DataFrame) -> pd.DataFrame:
    """Make the table of old and new sub-grids, as the plan's table ``concordance`` has it; the shares of each old one sum to 1.

    Parameters
    ----------
    flows
        From :func:`gridplan.comparison.following.follow_households`.

    Examples
    --------
    >>> from gridplan.comparison.following import follow_households
    >>> from tests.villages import make_board_plan
    >>> table = make_concordance(follow_households(make_board_plan(), make_board_plan((1, 1, 1, 1, 2, 2) * 2)))
    >>> table[["old", "new", "households", "share", "kind"]].round(3).values.tolist()
    [['0301-001', '0301-001', 60, 1.0, 'kept'], ['0301-002', '0301-001', 20, 0.333, 'moved'], ['0301-002', '0301-002', 40, 0.667, 'kept']]
    """  # noqa: E501 - the answer of an example stands on one line
    flows = flows.assign(kind=tell_kinds(flows))
    flows = flows[(flows["old"] != "") | (flows["new"] != "")]
    table = flows.groupby(["community", "old", "new", "kind"], sort=True)["households"].sum().reset_index()
    if table.empty:
        return make_empty("concordance")
    whole = table.groupby("old")["households"].transform("sum")
    table["share"] = (table["households"] / whole).where(table["old"] != "")
    table["row"] = (table.index + 1).astype(str).str.zfill(len(str(len(table))))
    return conform_table("concordance", table.set_index("row"))


def count_moved(concordance: pd.DataFrame) -> pd.DataFrame:
    """Count by city and community the households that moved, are gone or new.

    Returns
    -------
    pandas.DataFrame
        ``MOVED_COLUMNS``: stayed (households living there before and now), moved (of these, whose sub-grid has another code than
        theirs had) and displaced (moved even if the new sub-grids had the best names they could be given); shares are of those
        that stayed.
    """
    table = concordance.reset_index(drop=True)
    stayed = table["kind"].isin(["kept", "moved"])
    table["named"] = 0
    pairs = table[stayed & (table["new"] != "")]
    table.loc[pairs.index, "named"] = pairs["households"].where(
        pd.Series(
            match_best(number_codes(pairs["old"])[0], number_codes(pairs["new"])[0], pairs["households"].to_numpy(np.int64)),
            index=pairs.index,
        ),
        0,
    )
    counts = pd.DataFrame(
        {
            "of": table["community"],
            "stayed": table["households"].where(stayed, 0),
            **{kind: table["households"].where(table["kind"] == kind, 0) for kind in ("moved", "gone", "new")},
            "displaced": (table["households"] - table["named"]).where(stayed, 0),
        }
    )
    each = counts.groupby("of", sort=True).sum().reset_index().assign(level="community")
    city = counts.drop(columns="of").sum().to_frame().T.assign(of="", level="city")
    found = pd.concat([city, each], ignore_index=True)
    for name in ("moved", "displaced"):
        found[f"{name}_share"] = found[name] / found["stayed"].where(found["stayed"] > 0)
    whole = dict.fromkeys(("stayed", "moved", "displaced", "gone", "new"), "int64")
    return found[list(MOVED_COLUMNS)].astype({"level": "str", "of": "str"} | whole)
