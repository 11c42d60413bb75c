"""Counting what comes of requests, each once, by sub-grid and kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.simulation.finding import find_reason
from gridplan.simulation.state import (
    ANSWERED,
    BEGAN,
    BY_TIER,
    CELL,
    GREEN,
    KIND,
    LAST,
    LATER,
    RESOLVED,
    ROW,
    UNDER_WAY,
    WENT_UP,
    YELLOW,
)


@njit(cache=True, nogil=True)
def is_counted(world: Any, state: Any, slot: int) -> bool:
    """Whether a request came while it counts."""
    return world.count_from <= state.times[slot, BEGAN] < world.count_to


@njit(cache=True, nogil=True)
def count_answer(world: Any, state: Any, tally: Any, slot: int, tier: int, at: float) -> None:
    """Count that somebody comes."""
    c, k, minutes = state.whole[slot, CELL], state.whole[slot, KIND], at - state.times[slot, BEGAN]
    tally.counts[c, k, ANSWERED] += 1
    tally.counts[c, k, BY_TIER + tier] += 1
    tally.sums[c, k, 0] += minutes
    tally.sums[c, k, 1] += minutes * minutes
    tally.answers[world.group[c], k, np.searchsorted(world.edges, minutes)] += 1


@njit(cache=True, nogil=True)
def count_resolved(world: Any, state: Any, tally: Any, slot: int, now: float) -> None:
    """Count that a request is resolved, and how soon."""
    if state.whole[slot, ROW] >= 0:
        state.log[state.whole[slot, ROW], 4] = now
    if not is_counted(world, state, slot):
        return
    c, k, minutes = state.whole[slot, CELL], state.whole[slot, KIND], now - state.times[slot, BEGAN]
    tally.counts[c, k, RESOLVED] += 1
    tally.counts[c, k, WENT_UP] += state.whole[slot, LAST] > 0
    tally.counts[c, k, GREEN] += minutes <= world.limits[0]
    tally.counts[c, k, YELLOW] += world.limits[0] < minutes <= world.limits[1]
    tally.sums[c, k, 2] += minutes
    tally.sums[c, k, 3] += minutes * minutes


@njit(cache=True, nogil=True)
def close_books(world: Any, state: Any, tally: Any) -> None:
    """Count what still waits or is under way at the end."""
    slot = state.ends[0]
    while slot >= 0:
        if is_counted(world, state, slot):
            tally.counts[state.whole[slot, CELL], state.whole[slot, KIND], find_reason(world, state, slot)] += 1
        slot = state.whole[slot, LATER]
    for r in range(len(state.job)):
        slot = state.job[r]
        if slot >= 0 and is_counted(world, state, slot):
            tally.counts[state.whole[slot, CELL], state.whole[slot, KIND], UNDER_WAY] += 1


@njit(cache=True, nogil=True)
def watch(world: Any, state: Any, tally: Any, seen: float, now: float) -> float:
    """Add up who is in the system until now, while it counts; returns until when it is added up."""
    until = min(now, world.count_to)
    if until > seen:
        tally.totals[0] += state.inside[0] * (until - seen)
        seen = until
    tally.totals[2] = max(tally.totals[2], state.inside[0])
    return seen
