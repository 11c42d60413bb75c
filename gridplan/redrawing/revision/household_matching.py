"""Following households: where those of one plan live in the next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.redrawing.revision.building_matching import match_stairwells
from gridplan.rules.redraw import RedrawRules
from gridplan.tables.whole_shares import share_groups

FLOW_COLUMNS = ("building", "new_building", "community", "old", "new", "households")


def follow_households(
    old: Plan, new: Plan, rules: RedrawRules | None = None, match: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Follow the households of a plan to the sub-grids where they live in another.

    Households that stay or are gone are counted as the old plan counts them,
    new ones as the new plan does; the households of a building that was
    rebuilt are shared out to its new stairwells in proportion. Buildings and
    stairwells are matched by
    :func:`gridplan.redrawing.revision.building_matching.match_stairwells`.

    Parameters
    ----------
    old, new
        The plans; their land may differ.
    rules
        What two buildings must have in common to be the same.
    match
        The stairwells as they match, where that is known already.

    Returns
    -------
    pandas.DataFrame
        Rows sorted by all columns: building (of the old plan, empty for new
        homes), new_building (empty for those gone), community (of the new
        sub-grid, of the old one where there is none), old and new (sub-grids;
        empty for homes that are in none), households.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> flows = follow_households(make_board_plan(), make_board_plan((1, 1, 1, 1, 2, 2) * 2))
    >>> flows.groupby(["old", "new"])["households"].sum().to_dict()
    {('0301-001', '0301-001'): 60, ('0301-002', '0301-001'): 20, ('0301-002', '0301-002'): 40}
    """
    if match is None:
        match = match_stairwells(
            old, new.stairwells, new.site.buildings, rules or RedrawRules()
        ).stairwells
    now = new.stairwells[["building", "community", "subgrid", "households"]].rename(
        columns={"building": "new_building"}
    )
    now = now.assign(building=match["old_building"], home=match["home"])
    known = now["building"] != ""
    before = (
        old.stairwells.groupby(["building", "community", "subgrid"])["households"]
        .sum()
        .reset_index()
    )
    stays = _share_out(before, now[known])
    fresh = now[~known].assign(building="", old="").rename(columns={"subgrid": "new"})
    flows = pd.concat([stays, fresh[list(FLOW_COLUMNS)]])
    flows = flows[flows["households"] > 0]
    keys = [c for c in FLOW_COLUMNS if c != "households"]
    return (
        flows.astype(dict.fromkeys(keys, "str"))
        .groupby(keys, sort=True)["households"]
        .sum()
        .reset_index()
    )


def _share_out(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Share the households of old buildings, by sub-grid, out to the stairwells that continue them.

    Those whose home has no successor, while their building has, go wherever
    that building's other households go; those of buildings that have none are
    gone.
    """
    successors = (
        now.groupby(["building", "home", "new_building", "community", "subgrid"])["households"]
        .sum()
        .reset_index()
    )
    before = before.rename(
        columns={"subgrid": "old", "households": "counted", "community": "old_community"}
    )
    direct = before.merge(
        successors, left_on=["building", "old"], right_on=["building", "home"], how="inner"
    )
    # Old homes without a successor: where their building lives on, they go with it.
    rest = before.merge(direct[["building", "old"]].drop_duplicates(), how="left", indicator="side")
    rest = rest[rest["side"] == "left_only"].drop(columns="side")
    loose = (
        successors.groupby(["building", "new_building", "community", "subgrid"])["households"]
        .sum()
        .reset_index()
    )
    other = rest.merge(loose, on="building", how="left")
    flows = pd.concat([direct.drop(columns="home"), other], ignore_index=True)
    gone = flows["new_building"].isna()
    # Those that are gone have no community now, so that of the plan before
    # stays.
    flows["community"] = flows["community"].fillna(flows["old_community"])
    flows[["new_building", "subgrid"]] = flows[["new_building", "subgrid"]].fillna("")
    # Households follow the size of the new homes; those that are gone keep one row.
    flows["weight"] = flows["households"].where(~gone, 1.0).astype(float)
    keys = ["building", "old_community", "old"]
    flows = flows.sort_values([*keys, "new_building", "subgrid"], ignore_index=True)
    group = flows.groupby(keys, sort=False).ngroup().to_numpy()
    counted = flows["counted"].groupby(group).first().to_numpy(np.int64)
    flows["households"] = share_groups(counted, flows["weight"].to_numpy(float), group)
    return flows.rename(columns={"subgrid": "new"})[list(FLOW_COLUMNS)]
