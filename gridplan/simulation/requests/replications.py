"""Repeating: all replications of one block, on threads that add up what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from gridplan.arrays import Floats, Ints, Records
from gridplan.engine.parallel_map import Progress, map_tasks
from gridplan.rules.simulation import KINDS
from gridplan.simulation.requests.calendar import WEEK_HOURS
from gridplan.simulation.requests.confidence_intervals import WIDTH
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_inputs import EDGES, SimulationBlock, sample_world
from gridplan.simulation.requests.kernel_state import COUNTS, SERVED


@dataclass(frozen=True, eq=False)
class Samples:
    """What replications sample: households, demand, presence; and the role of each post.

    Households by sub-grid, times the usual demand, shares of days by role.
    """

    households: Floats
    demand: Floats
    presence: Floats
    role: Ints


@dataclass(frozen=True, eq=False)
class Repeated:
    """What came of all replications of a block.

    ``sums`` are float64[replications, n, kinds, WIDTH], ``answers``
    int64[replications, communities, kinds, edges + 1], ``posts`` records
    [replications, m], ``waiting`` int64[hours, n, kinds] over all replications
    (no hours where they were not asked for).
    """

    sums: Floats
    answers: Ints
    posts: Records
    waiting: Ints
    events: float


def run_block(
    block: SimulationBlock,
    samples: Samples,
    keys: Sequence[Any],
    hourly: bool,
    workers: int | None,
    stage: str,
    progress: Progress,
) -> Repeated:
    """Run all replications of a block; ``hourly`` also notes who waits at each hour."""
    world = block.world
    kinds = len(KINDS)
    sums = np.empty((len(keys), len(world.cells), kinds, WIDTH))
    answers = np.empty((len(keys), world.groups, kinds, len(EDGES) + 1), np.int64)
    posts = np.empty((len(keys), len(world.posts)), SERVED)
    hours = WEEK_HOURS if hourly else 0
    lock = Lock()
    waiting = np.zeros((hours, len(world.cells), kinds), np.int64)
    role = samples.role[block.posts]

    def run(n: int) -> float:
        households = samples.households[n, block.cells]
        demand = float(samples.demand[n])
        present = samples.presence[n, role]
        world = sample_world(block, keys[n], households, demand, present)
        tally = run_days(world._replace(hours=hours), 0)[0]
        # each thread writes to its own row, so the order of threads does not matter
        sums[n, ..., :COUNTS] = tally.counts
        sums[n, ..., COUNTS:] = tally.sums
        answers[n] = tally.answers
        posts[n] = tally.posts
        with lock:  # whole numbers: the sum does not depend on the order
            np.add(waiting, tally.waiting, out=waiting)
        return float(tally.totals[1])

    events = sum(map_tasks(run, range(len(keys)), workers=workers, stage=stage, progress=progress))
    return Repeated(sums, answers, posts, waiting, events)


def count_duty(block: SimulationBlock) -> Floats:
    """Count the minutes on duty of each post's turn while requests count."""
    world = block.world
    ticks = world.ticks
    minutes = np.zeros(world.turns)
    for turn in range(world.turns):
        turn_ticks = ticks[ticks["turn"] == turn]
        on = turn_ticks["at"][turn_ticks["day"] >= 0]
        off = turn_ticks["at"][turn_ticks["day"] < 0]
        # a turn that is still on at the end ends with the simulation
        off = np.append(off, world.end)[: len(on)]
        # only the part of each turn within the days that count
        minutes[turn] = np.maximum(
            0.0, np.minimum(off, world.count_to) - np.maximum(on, world.count_from)
        ).sum()
    return np.asarray(minutes[world.posts["turn"]])
