"""What a job works out, by its kind: ways to repair a spot, or to redraw a community."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gridplan.engine.parallel_map import Progress
from gridplan.redrawing.several_ways import STOPS, list_ways_to_redraw, list_ways_to_repair

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.workbench.jobs import HelpJob


def propose(job: HelpJob, plan: Plan, progress: Progress) -> list[dict[str, Any]]:
    """Propose what a job asks for: homes with their sub-grids, and what way of how many it is.

    A redraw is asked for with one cap, or as a budget for all stops of the curve.
    """
    seed = int(plan.manifest.get("seed", 0))
    if job.kind == "repair":
        ways = list_ways_to_repair(plan, job.subgrids or None, seed=seed, progress=progress)
    else:
        shares = STOPS if job.kind == "budget" else (job.most_moved,)
        ways = list_ways_to_redraw(plan, job.community, shares=shares, seed=seed, progress=progress)
    return [{"homes": dict(way.homes), "share": way.share, "way": way.way} for way in ways]
