"""The range of each community's households, from those of its sub-grids."""

from __future__ import annotations

from gridplan.land.total_groups import list_settled
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.likely_band import find_community_ranges


def fill_communities(plan: Plan, rules: Rules) -> Plan:
    """Fill in between which numbers the households of each community lie.

    The ranges of its sub-grids must be there.

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
    settled = set(list_settled(plan.site))
    open_codes = communities.index[~communities.index.isin(list(settled))]
    # what a total of the site leaves to the only community without one is known too
    if rules.households.total > 0 and len(open_codes) == 1:
        settled |= set(open_codes)
    ranges = find_community_ranges(
        plan.subgrids,
        communities.index,
        settled,
        rules.simulation.near_multiple,
        rules.simulation.near_alone if rules.households.total > 0 else None,
    )
    return plan.replace(site=plan.site.replace(communities=communities.assign(**ranges)))
