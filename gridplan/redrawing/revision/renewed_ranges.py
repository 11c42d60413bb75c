"""The ranges of households after a change, measured again where anything changed."""

from __future__ import annotations

from gridplan.plan import Plan
from gridplan.planning.community_ranges import fill_communities
from gridplan.planning.subgrid_ranges import fill_ranges, say_chances
from gridplan.redrawing.revision.changed_land import RedrawnLand
from gridplan.redrawing.revision.changes import PlanChanges
from gridplan.rules.all_rules import Rules


def renew_ranges(
    plan: Plan, new: Plan, changes: PlanChanges, redrawn: RedrawnLand, rules: Rules
) -> Plan:
    """Measure the ranges of sub-grids again, in the communities in which anything changed.

    Parameters
    ----------
    plan, new
        The plan before, and the new one without its ranges.
    changes, redrawn
        Whose figures and whose land changed.
    rules
        Those that the new plan is drawn by.
    """
    over: set[str] | None = None
    # with a total of the site, or zones over several communities, all sub-grids may be tied
    alone = not rules.households.total and new.site.zones.empty
    if new.site.buildings is plan.site.buildings and alone:
        codes = {*changes.figures, *redrawn.outlines.index, *redrawn.lone.index}
        over = {*new.subgrids["community"][new.subgrids.index.isin(codes)], *redrawn.wholly_drawn}
        over |= set(plan.subgrids["community"].reindex(list(codes)).dropna())
    subgrids = fill_ranges(new.subgrids, new, rules, over)
    exceptions = say_chances(new.exceptions, subgrids)
    return fill_communities(new.replace(subgrids=subgrids, exceptions=exceptions), rules, over)
