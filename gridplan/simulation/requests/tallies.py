"""Counting what comes of requests, each once, by sub-grid and kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.simulation.requests.dispatch import find_reason
from gridplan.simulation.requests.kernel_state import (
    ANSWERED,
    BY_TIER,
    GREEN,
    INSIDE,
    QUEUE,
    RESOLUTION,
    RESOLUTION_SQUARED,
    RESOLVED,
    RESPONSE,
    RESPONSE_SQUARED,
    STAY,
    STEP,
    UNDER_WAY,
    UP_QUEUE,
    UP_WAIT,
    WAIT,
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
    tally.sums[c, k, RESPONSE] += minutes
    # squares too, for the spread of single requests
    tally.sums[c, k, RESPONSE_SQUARED] += minutes * minutes
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
    tally.sums[c, k, RESOLUTION] += minutes
    tally.sums[c, k, RESOLUTION_SQUARED] += minutes * minutes


@bare
def share_time(world: Any, since: float, until: float) -> Any:
    """Share of the time that counts which lies between two moments."""
    span = min(until, world.count_to) - max(since, world.count_from)
    return max(0.0, span) / (world.count_to - world.count_from)


@bare
def count_wait(world: Any, state: Any, tally: Any, slot: int, now: float) -> None:
    """Count that a request waits no longer: for its minutes, and in the mean length of queues."""
    c = state.slots[slot].cell
    k = state.slots[slot].kind
    since = state.slots[slot].since
    share = share_time(world, since, now)
    goes_up = state.slots[slot].stage > 0
    tally.sums[c, k, QUEUE] += share
    if goes_up:
        tally.sums[c, k, UP_QUEUE] += share
    if is_counted(world, state, slot):
        tally.sums[c, k, WAIT] += now - since
        if goes_up:
            tally.sums[c, k, UP_WAIT] += now - since


@bare
def count_stay(world: Any, state: Any, tally: Any, slot: int, now: float) -> None:
    """Count that a request leaves the system: for its minutes, and in the mean number inside."""
    c = state.slots[slot].cell
    k = state.slots[slot].kind
    began = state.slots[slot].began
    tally.sums[c, k, INSIDE] += share_time(world, began, now)
    if is_counted(world, state, slot):
        tally.sums[c, k, STAY] += now - began


@bare
def close_tallies(world: Any, state: Any, tally: Any) -> None:
    """Count what still waits or is under way at the end."""
    slot = state.ends[0]
    while slot >= 0:
        count_wait(world, state, tally, slot, world.end)
        count_stay(world, state, tally, slot, world.end)
        if is_counted(world, state, slot):
            tally.counts[
                state.slots[slot].cell, state.slots[slot].kind, find_reason(world, state, slot)
            ] += 1
        slot = state.slots[slot].later
    for r in range(len(state.staff)):
        slot = state.staff[r].job
        if slot >= 0:
            count_stay(world, state, tally, slot, world.end)
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
