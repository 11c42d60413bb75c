"""The ranges of a plan's households: of its sub-grids, and of whole communities."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gridplan.land.total_groups import list_settled
from gridplan.plan import Plan
from gridplan.planning.subgrid_ranges import fill_ranges, measure_community_sums, say_chances
from gridplan.rules.all_rules import Rules

ENDS = ("households_low", "households_high")


def add_ranges(plan: Plan, rules: Rules) -> Plan:
    """Fill in what the estimates say of each sub-grid, and say it in the exceptions.

    That is its range, its chances and the error that it shares with others;
    of communities it is the range.

    Examples
    --------
    The board's households were counted, so nothing is left to chance:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> table = add_ranges(plan, plan.rules).subgrids
    >>> table[["households_low", "households_high", "chance_in_band"]].values.tolist()
    [[60.0, 60.0, 1.0], [60.0, 60.0, 1.0]]
    """
    subgrids = fill_ranges(plan.subgrids, plan, rules)
    exceptions = say_chances(plan.exceptions, subgrids)
    return fill_communities(plan.replace(subgrids=subgrids, exceptions=exceptions), rules)


def fill_communities(plan: Plan, rules: Rules, over: Collection[str] | None = None) -> Plan:
    """Fill in between which numbers the households of each community lie, or of some of them.

    The chances of its sub-grids must be there; of a plan that has none, nothing
    is said.

    Examples
    --------
    The board's households were counted:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> communities = fill_communities(plan, plan.rules).site.communities
    >>> communities[["households_low", "households_high"]].values.tolist()
    [[120.0, 120.0]]
    """
    communities = plan.site.communities
    codes = communities.index
    here = np.ones(len(codes), bool) if over is None else codes.isin(list(over))
    rows = plan.subgrids[plan.subgrids["community"].isin(codes[here]).to_numpy()]
    homes = rows[(rows["kind"] == "residential").to_numpy()]
    total = homes.groupby("community")["households"].sum().reindex(codes).fillna(0.0)
    silent = homes["chance_in_band"].isna().groupby(homes["community"]).any()
    silent = silent.reindex(codes, fill_value=False).to_numpy(bool)
    settled = codes.isin(list(list_settled(plan.site)))
    # what a total of the site leaves to the only community without one is known too
    if rules.households.total > 0 and (~settled).sum() == 1:
        settled = np.ones(len(codes), bool)
    measured = measure_community_sums(plan, rows, rules).reindex(codes)
    for name in ENDS:
        ends = measured[name].fillna(total).mask(settled, total).mask(silent)
        measured[name] = ends.where(here, communities[name])
    return plan.replace(site=plan.site.replace(communities=communities.assign(**measured[[*ENDS]])))
