"""What a job works out, by its kind: ways to repair a spot, or to redraw a community."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gridplan.engine.parallel_map import Progress
from gridplan.redrawing.several_ways import STOPS, list_ways_to_redraw, list_ways_to_repair

if TYPE_CHECKING:
    from gridplan.plan import Plan


def work_out(
    kind: str,
    plan: Plan,
    progress: Progress,
    *,
    subgrids: Sequence[str] = (),
    community: str = "",
    most_moved: float = 0.0,
) -> dict[str, Any]:
    """Work out what a job asks for, as a message.

    Its ``proposals`` are homes with their sub-grids, each with its share and
    way; its ``shares`` the stops of the curve. A redraw is asked for with one
    cap, or as a budget for all stops.
    """
    shares: tuple[float, ...] = ()
    seed = int(plan.manifest.get("seed", 0))
    if kind == "repair":
        ways = list_ways_to_repair(plan, subgrids or None, seed=seed, progress=progress)
    else:
        shares = STOPS if kind == "budget" else (most_moved,)
        ways = list_ways_to_redraw(plan, community, shares=shares, seed=seed, progress=progress)
    rows = [{"homes": dict(way.homes), "share": way.share, "way": way.way} for way in ways]
    return {"proposals": rows, "shares": list(shares)}
