"""The course of an event: ground, posts and chances that its runs share, and one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.errors import RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.simulation.requests.kernel_inputs import SimulationBlock
from gridplan.simulation.requests.kernel_state import ANSWERED, BY_TIER, CAME, COUNTS, RESOLVED
from gridplan.simulation.requests.random_streams import make_key
from gridplan.simulation.requests.uncertainty import sample_demand
from gridplan.simulation.surge.call_up import Muster, make_muster, measure_muster
from gridplan.simulation.surge.closed_land import (
    Bridge,
    close_ground,
    count_affected,
    crop_site,
    draw_closed,
    find_shut,
    find_struck,
)
from gridplan.simulation.surge.events import Event
from gridplan.simulation.surge.surge_inputs import (
    CHECK,
    POSTURES,
    make_blocks,
    sample_event_world,
    sample_shares,
)
from gridplan.simulation.surge.surge_tables import Outcome
from gridplan.simulation.surge.surge_travel import SurgeTravel
from gridplan.site import Site

AROUND = 3_000.0  # metres around affected homes from which ways and bridges count


@dataclass(frozen=True, eq=False)
class EventCourse:
    """An event with all that its runs share: ground, muster, samples, and keys."""

    plan: Plan
    event: Event
    rules: Rules
    land: Site
    closed: Any
    shut: list[Bridge]
    ways: SurgeTravel
    near: Any
    muster: Muster
    unmeasured: Muster
    households: Floats
    demand: Floats
    shares: Mapping[str, Floats]
    keys: list[Any]
    workers: int | None


def open_course(
    plan: Plan, event: Event, rules: Rules, replications: int, seed: int, workers: int | None
) -> EventCourse:
    """Open the course of an event: what it affects and closes, who may come how soon."""
    event_rules = event.replace_rules(rules)
    struck = find_struck(plan, event, event_rules.surge)
    affected = count_affected(plan, struck)
    if affected.empty:
        raise RuleError(
            f"event {event.name}: it affects no sub-grid with households "
            "-> give more reach, or other codes"
        )
    first = make_muster(plan, affected, struck, event_rules)
    doors = plan.stairwells.loc[plan.stairwells["subgrid"].isin(affected.index)]
    # bridges count near what is affected, ways around whole communities that are hit
    near = shapely.box(*shapely.total_bounds(doors.geometry.to_numpy()))
    whole = shapely.box(
        *shapely.total_bounds(
            plan.stairwells.geometry[
                plan.stairwells["community"].isin(first.system.cells.loc[first.hit, "community"])
            ].to_numpy()
        )
    )
    # measuring ways on the whole city would take most of the time
    land = crop_site(plan.site, whole, AROUND)
    closed = draw_closed(plan, event, event_rules.surge)
    ground = close_ground(land, closed, event.openings, event_rules.walking)
    ways = SurgeTravel(ground, event_rules.walking)
    muster = measure_muster(
        plan, first, ways, event_rules, event.find_effect("slow", event_rules.surge)
    )
    homes = sample_households(
        plan, muster.system.cells.index, replications, seed, event_rules.simulation
    )
    keys = [make_key(seed, n) for n in range(replications)]
    demand = sample_demand(replications, seed, event_rules.simulation)
    shares = {
        posture: sample_shares(muster, event, event_rules, posture, replications, seed)
        for posture in POSTURES
    }
    shut = find_shut(land, closed, event.openings, event_rules.walking)
    return EventCourse(
        plan,
        event,
        event_rules,
        land,
        closed,
        shut,
        ways,
        near,
        muster,
        first,
        homes,
        demand,
        shares,
        keys,
        workers,
    )


def run_posture(
    course: EventCourse,
    posture: str,
    *,
    muster: Muster | None = None,
    blocks: list[SimulationBlock] | None = None,
    without: Any = None,
    only: Any = None,
    progress: Progress = keep_silent,
    stage: str = "surge",
) -> Outcome:
    """Run all replications of an event in one posture.

    ``muster`` replaces the course's own (other ways), ``blocks`` are
    those made before; ``without`` is a mask of posts that do not come;
    ``only`` are codes of blocks, the others are left as if nobody were there.
    """
    called_up = muster or course.muster
    share = course.shares[posture]
    if without is not None:
        # a share of zero: the post stays in the system, so all streams stay the same
        share = np.where(without, 0.0, share)
    blocks = blocks or make_blocks(called_up, course.event, course.rules, posture)
    outcome = Outcome.make_empty(called_up, len(course.keys), course.event.hours * 60.0)
    chosen = [block for block in blocks if only is None or block.code in only]
    for number, block in enumerate(chosen):
        rows = np.flatnonzero(called_up.checks[block.cells] > 0)

        def report_progress(stage: str, done: int, total: int, number: int = number) -> None:
            progress(stage, number * total + done, len(chosen) * total)

        results = map_tasks(
            partial(_run_once, course, called_up, block, rows, share),
            list(range(len(course.keys))),
            workers=course.workers,
            stage=stage,
            progress=report_progress,
        )
        # rows of the block become rows of all affected sub-grids, which are sorted
        affected_rows = np.searchsorted(called_up.affected, rows + block.cells.start)
        for n, (first, finished, sums) in enumerate(results):
            outcome.first[n, affected_rows] = first
            outcome.finished[n, affected_rows] = finished
            outcome.sums[n, affected_rows] = sums
    return outcome


def _run_once(
    course: EventCourse, muster: Muster, block: SimulationBlock, rows: Ints, share: Floats, n: int
) -> tuple[Floats, Floats, Floats]:
    """Run one replication of a block; ``rows`` are its sub-grids that are affected.

    Returns
    -------
    Minutes until somebody came and until all checks were done, and the sums of
    an outcome, of each of these sub-grids.
    """
    # the same key in both postures, and with and without each helper
    world = sample_event_world(
        block,
        muster,
        course.event,
        course.rules,
        course.keys[n],
        course.households[n, block.cells],
        float(course.demand[n]),
        share[n, block.posts],
        course.shares["usual"][n, block.posts],
    )
    tally = run_days(world, 0)[0]
    counts = tally.counts[rows]
    # a sub-grid is finished when all of its checks are, not the last that was begun
    all_resolved = counts[:, CHECK, RESOLVED] == muster.checks[block.cells][rows]
    finished = np.where(all_resolved, tally.last[rows, CHECK], np.inf)
    requests = counts[:, 0, [CAME, ANSWERED]]
    by_tier = counts[:, CHECK, BY_TIER:COUNTS]
    sums = np.column_stack([counts[:, CHECK, RESOLVED], requests, tally.sums[rows, 0, 0], by_tier])
    return tally.first[rows, CHECK], finished, sums
