"""The course of an event: the ground, the posts and the chances that all its runs share, and one run of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.engine.engine import Progress, keep_silent, map_tasks
from gridplan.errors import RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_state import ANSWERED, BY_TIER, CAME, COUNTS, RESOLVED
from gridplan.simulation.requests.random_streams import make_key
from gridplan.simulation.requests.simulation_blocks import SimulationBlock
from gridplan.simulation.requests.uncertainty import draw_demand, draw_households
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
from gridplan.simulation.surge.emergencies import Event
from gridplan.simulation.surge.surge_blocks import (
    CHECK,
    POSTURES,
    draw_shares,
    draw_surge,
    lay_blocks,
)
from gridplan.simulation.surge.surge_tables import Outcome
from gridplan.simulation.surge.surge_travel import SurgeTravel
from gridplan.site import Site

Array = np.ndarray[Any, Any]
AROUND = 3_000.0  # metres around affected homes from which ways and bridges count


@dataclass(frozen=True, eq=False)
class EventCourse:
    """An event with all that its runs share: the ground, the muster, the draws, and one key for each replication."""

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
    households: Array
    demand: Array
    shares: Mapping[str, Array]
    keys: list[Any]
    workers: int | None


def open_course(
    plan: Plan, event: Event, rules: Rules, replications: int, seed: int, workers: int | None
) -> EventCourse:
    """Open the course of an event: find what it affects, close what it closes, and measure who may come how soon."""
    own = event.replace_rules(rules)
    struck = find_struck(plan, event, own.surge)
    affected = count_affected(plan, struck)
    if affected.empty:
        raise RuleError(
            f"event {event.name}: it affects no sub-grid with households -> give more reach, or other codes"
        )
    first = make_muster(plan, affected, struck, own)
    doors = plan.stairwells.loc[plan.stairwells["subgrid"].isin(affected.index)]
    near = shapely.box(*shapely.total_bounds(doors.geometry.to_numpy()))
    whole = shapely.box(
        *shapely.total_bounds(
            plan.stairwells.geometry[
                plan.stairwells["community"].isin(first.system.cells.loc[first.hit, "community"])
            ].to_numpy()
        )
    )
    land = crop_site(plan.site, whole, AROUND)
    closed = draw_closed(plan, event, own.surge)
    ground = close_ground(land, closed, event.openings, own.walking)
    ways = SurgeTravel(ground, own.walking)
    muster = measure_muster(plan, first, ways, own, event.find("slow", own.surge))
    homes = draw_households(plan, muster.system.cells.index, replications, seed, own.simulation)
    keys = [make_key(seed, n) for n in range(replications)]
    demand = draw_demand(replications, seed, own.simulation)
    shares = {
        posture: draw_shares(muster, event, own, posture, replications, seed)
        for posture in POSTURES
    }
    shut = find_shut(land, closed, event.openings, own.walking)
    return EventCourse(
        plan,
        event,
        own,
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
    those laid out before; ``without`` is a mask of posts that do not come;
    ``only`` are codes of blocks, the others are left as if nobody were there.
    """
    own = muster or course.muster
    share = course.shares[posture]
    usual = course.shares["usual"]
    if without is not None:
        share = np.where(without, 0.0, share)
    blocks = blocks or lay_blocks(own, course.event, course.rules, posture)
    outcome = Outcome.make_empty(own, len(course.keys), course.event.hours * 60.0)
    chosen = [block for block in blocks if only is None or block.code in only]
    for number, block in enumerate(chosen):
        rows = np.flatnonzero(own.checks[block.cells] > 0)

        def run(
            n: int, block: SimulationBlock = block, rows: Array = rows
        ) -> tuple[Array, Array, Array]:
            world = draw_surge(
                block,
                own,
                course.event,
                course.rules,
                course.keys[n],
                course.households[n, block.cells],
                float(course.demand[n]),
                share[n, block.posts],
                usual[n, block.posts],
            )
            tally = run_days(world, 0)[0]
            counts = tally.counts[rows]
            done = np.where(
                counts[:, CHECK, RESOLVED] == own.checks[block.cells][rows],
                tally.last[rows, CHECK],
                np.inf,
            )
            requests = counts[:, 0, [CAME, ANSWERED]]
            by_tier = counts[:, CHECK, BY_TIER:COUNTS]
            sums = np.column_stack(
                [counts[:, CHECK, RESOLVED], requests, tally.sums[rows, 0, 0], by_tier]
            )
            return tally.first[rows, CHECK], done, sums

        def report_progress(stage: str, done: int, total: int, number: int = number) -> None:
            progress(stage, number * total + done, len(chosen) * total)

        results = map_tasks(
            run,
            list(range(len(course.keys))),
            workers=course.workers,
            stage=stage,
            progress=report_progress,
        )
        at = np.searchsorted(own.affected, rows + block.cells.start)
        for n, (first, done, sums) in enumerate(results):
            outcome.first[n, at] = first
            outcome.done[n, at] = done
            outcome.sums[n, at] = sums
    return outcome
