"""Which buildings' households changed between two plans: moved, new or gone."""

from __future__ import annotations

import pandas as pd

from gridplan.redrawing.revision.concordance import classify_flows
from gridplan.tables.palette import HOMES


def gather_homes(flows: pd.DataFrame) -> dict[str, dict[str, list[tuple[str, str, int]]]]:
    """Gather the buildings whose households changed: moved, new or gone.

    Each has its flows: old sub-grid, new sub-grid, households.

    Buildings of the new plan are under moved where any of their households
    moved, else under new; those of the old plan of which all households are
    gone are under gone.

    Examples
    --------
    >>> from gridplan.redrawing.revision.household_matching import follow_households
    >>> from gridplan.synthetic import make_board_plan
    >>> later = make_board_plan((1, 1, 1, 1, 2, 2) * 2)
    >>> gather_homes(follow_households(make_board_plan(), later))["moved"]["h04"]
    [('0301-002', '0301-001', 10)]
    """
    kinds = classify_flows(flows)
    homes: dict[str, dict[str, list[tuple[str, str, int]]]] = {kind: {} for kind in HOMES}
    # A building is in one group only, so that it is drawn once: moved before new,
    # and gone only if it has no household left.
    here = flows["new_building"] != ""
    moved = set(flows.loc[kinds == "moved", "new_building"])
    fresh = set(flows.loc[(kinds == "new") & here, "new_building"]) - moved
    gone = set(flows.loc[~here, "building"]) - set(flows.loc[here, "building"])
    for row in flows.itertuples():
        flow = (str(row.old), str(row.new), int(row.households))
        for kind, code, group in (
            ("moved", row.new_building, moved),
            ("new", row.new_building, fresh),
            ("gone", row.building, gone),
        ):
            if code in group:
                homes[kind].setdefault(str(code), []).append(flow)
    return homes
