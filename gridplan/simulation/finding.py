"""Who is sent to whom: the post for a request, the request for a post, and why nobody comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.simulation.state import BUSY, CELL, KIND, NO_POST, OFF_DUTY, SEEN, SINCE, STAGE, STAGES
from gridplan.simulation.streams import draw_unit

HAIR = 1e-9  # minutes; sums of times differ by less


@njit(cache=True, nogil=True)
def is_there(world: Any, state: Any, r: int, now: float) -> bool:
    """Whether a post is on duty, and there on this day."""
    day = state.on[world.turn[r]]
    if day < 0 or now < world.begins[r] or now >= world.ends[r]:
        return False
    return world.share[r] >= 1.0 or draw_unit(world.post_key[r], day) < world.share[r]


@njit(cache=True, nogil=True)
def may_serve(world: Any, state: Any, r: int, tier: int, slot: int) -> bool:
    """Whether a post may ever be asked for a request at its stage."""
    able = (world.skill[r] >> state.whole[slot, KIND]) & 1 == 1 and world.level[r] >= state.whole[slot, STAGE]
    return able and world.opens[state.whole[slot, KIND], state.whole[slot, STAGE], tier] < np.inf


@njit(cache=True, nogil=True)
def find_post(world: Any, state: Any, slot: int, now: float) -> Any:
    """Find the link to the first post that is there, free and already asked; -1: none. Notes if some are there, but busy."""
    age = now - state.times[slot, SINCE] + HAIR
    cell, kind, stage = state.whole[slot, CELL], state.whole[slot, KIND], state.whole[slot, STAGE]
    for e in range(world.start[cell], world.start[cell + 1]):
        r = world.who[e]
        busy = state.job[r] != -1
        if busy and state.whole[slot, SEEN] == 1:
            continue
        if state.on[world.turn[r]] < 0 or not may_serve(world, state, r, world.tier[e], slot):
            continue
        if world.opens[kind, stage, world.tier[e]] > age or not is_there(world, state, r, now):
            continue
        if not busy:
            return e
        state.whole[slot, SEEN] = 1
    return -1


@njit(cache=True, nogil=True)
def find_request(world: Any, state: Any, r: int, now: float) -> Any:
    """Find what a free post does next: by tier, then whoever waits longest; returns slot, tier, way, or -1."""
    best, best_tier, best_way, since = -1, 0, 0.0, np.inf
    for e in range(world.first[r], world.first[r + 1]):
        c = world.cell[e]
        if state.waiting[c] == 0:
            continue
        tier = world.back_tier[e]
        for q in range(2 * STAGES):
            slot = state.head[c, q]
            if slot < 0 or not may_serve(world, state, r, tier, slot):
                continue
            began = state.times[slot, SINCE]
            if world.opens[q // STAGES, q % STAGES, tier] > now - began + HAIR:
                continue
            if (
                best < 0
                or (world.by_tier and tier < best_tier)
                or ((tier == best_tier or not world.by_tier) and began < since)
            ):
                best, best_tier, best_way, since = slot, tier, world.back_way[e], began
    return best, best_tier, best_way


@njit(cache=True, nogil=True)
def find_reason(world: Any, state: Any, slot: int) -> int:
    """Find why a request still waits: nobody may ever serve it, nobody of these was there, or all who were had work."""
    for e in range(world.start[state.whole[slot, CELL]], world.start[state.whole[slot, CELL] + 1]):
        if may_serve(world, state, world.who[e], world.tier[e], slot):
            return BUSY if state.whole[slot, SEEN] == 1 else OFF_DUTY
    return NO_POST
