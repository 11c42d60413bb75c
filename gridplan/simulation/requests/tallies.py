"""Counting what comes of requests, each once, by sub-grid and kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.simulation.requests.dispatch import find_reason
from gridplan.simulation.requests.kernel_state import (
    ANSWERED,
    BY_TIER,
    GREEN,
    RESOLVED,
    STEP,
    UNDER_WAY,
    WENT_UP,
    YELLOW,
)
from gridplan.simulation.requests.random_streams import bare


@bare
def is_counted(world: Any, state: Any, slot: int) -> Any:
    """Whether a request came while it counts."""
    return world.count_from <= state.slots[slot].began < world.count_to


@bare
def count_answer(world: Any, state: Any, tally: Any, slot: int, tier: int, moment: float) -> None:
    """Count that somebody comes."""
    c = state.slots[slot].cell
    k = state.slots[slot].kind
    minutes = moment - state.slots[slot].began
    tally.counts[c, k, ANSWERED] += 1
    tally.counts[c, k, BY_TIER + tier] += 1
    tally.sums[c, k, 0] += minutes
    # squares too, for the spread of single requests
    tally.sums[c, k, 1] += minutes * minutes
    tally.first[c, k] = min(tally.first[c, k], moment)
    # answers are by community only: by sub-grid they would not fit into memory
    tally.answers[world.cells[c].group, k, np.searchsorted(world.edges, minutes)] += 1


@bare
def count_resolved(world: Any, state: Any, tally: Any, slot: int, now: float) -> None:
    """Count that a request is resolved, and how soon."""
    # the log has every request, counted or not
    if state.slots[slot].row >= 0:
        state.log[state.slots[slot].row, 4] = now
    if not is_counted(world, state, slot):
        return
    c = state.slots[slot].cell
    k = state.slots[slot].kind
    minutes = now - state.slots[slot].began
    tally.counts[c, k, RESOLVED] += 1
    tally.last[c, k] = max(tally.last[c, k], now)
    # a truth value is added as 0 or 1
    tally.counts[c, k, WENT_UP] += state.slots[slot].last > 0
    tally.counts[c, k, GREEN] += minutes <= world.green
    tally.counts[c, k, YELLOW] += world.green < minutes <= world.yellow
    tally.sums[c, k, 2] += minutes
    tally.sums[c, k, 3] += minutes * minutes


@bare
def close_tallies(world: Any, state: Any, tally: Any) -> None:
    """Count what still waits or is under way at the end."""
    slot = state.ends[0]
    while slot >= 0:
        if is_counted(world, state, slot):
            tally.counts[
                state.slots[slot].cell, state.slots[slot].kind, find_reason(world, state, slot)
            ] += 1
        slot = state.slots[slot].later
    for r in range(len(state.staff)):
        slot = state.staff[r].job
        if slot >= 0 and is_counted(world, state, slot):
            tally.counts[state.slots[slot].cell, state.slots[slot].kind, UNDER_WAY] += 1


@bare
def watch(world: Any, state: Any, tally: Any, seen: float, now: float) -> float:
    """Add up who is in the system until now, while it counts; returns until when it is added up."""
    # time before the days that count, and after them, adds nothing
    until = min(now, world.count_to)
    if until > seen:
        tally.totals[0] += state.inside[0] * (until - seen)
        seen = until
    tally.totals[2] = max(tally.totals[2], state.inside[0])
    return seen


@bare
def note_waiting(world: Any, state: Any, tally: Any, struck: int, now: float) -> int:
    """Note who waits at each whole hour until now; returns how many hours have struck."""
    hours = len(tally.waiting)
    if hours == 0:
        return struck
    hour_strikes = world.count_from + STEP * struck
    while hour_strikes <= now and hour_strikes < world.count_to:
        slot = state.ends[0]
        while slot >= 0:
            # hours of all weeks are added to the hour of the week
            tally.waiting[struck % hours, state.slots[slot].cell, state.slots[slot].kind] += 1
            slot = state.slots[slot].later
        struck += 1
        hour_strikes = world.count_from + STEP * struck
    return struck
