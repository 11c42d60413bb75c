"""Who is sent where: the post for a request, the request for a post, and why nobody comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.simulation.requests.kernel_state import BUSY, NO_POST, OFF_DUTY, STAGES
from gridplan.simulation.requests.random_streams import bare, sample_unit

TIME_TOLERANCE = 1e-9  # minutes; sums of times differ by less


@bare
def is_there(world: Any, state: Any, r: int, now: float) -> Any:
    """Whether a post is on duty, and there on this day."""
    day = state.on[world.posts[r].turn]
    if day < 0 or now < world.posts[r].begins or now >= world.posts[r].ends:
        return False
    # number `day` of the post's stream: the same answer however often it is asked
    return (
        world.posts[r].share >= 1.0 or sample_unit(world.posts[r].key, day) < world.posts[r].share
    )


@bare
def may_serve(world: Any, state: Any, r: int, tier: int, slot: int) -> Any:
    """Whether a post may ever be asked for a request at its stage."""
    # a bit for each kind, and a level no lower than the stage
    able = (world.posts[r].skill >> state.slots[slot].kind) & 1 == 1 and world.posts[
        r
    ].level >= state.slots[slot].stage
    return able and world.opens[state.slots[slot].kind, state.slots[slot].stage, tier] < np.inf


@bare
def find_post(world: Any, state: Any, slot: int, now: float) -> Any:
    """Find the link to the first post that is there, free and already asked; -1: none.

    Notes on the request if some are there, but busy.
    """
    age = now - state.slots[slot].since + TIME_TOLERANCE
    cell = state.slots[slot].cell
    kind = state.slots[slot].kind
    stage = state.slots[slot].stage
    # links are sorted in the order of asking, so the first that fits is the answer
    for e in range(world.cells[cell].start, world.cells[cell].stop):
        r = world.links[e].who
        busy = state.staff[r].job != -1
        # it is already known that somebody is there but busy: nothing to learn
        if busy and state.slots[slot].seen == 1:
            continue
        # the cheap tests come first; presence takes a number of a stream
        if state.on[world.posts[r].turn] < 0 or not may_serve(
            world, state, r, world.links[e].tier, slot
        ):
            continue
        if world.opens[kind, stage, world.links[e].tier] > age or not is_there(
            world, state, r, now
        ):
            continue
        if not busy:
            return e
        state.slots[slot].seen = 1
    return -1


@bare
def find_request(world: Any, state: Any, r: int, now: float) -> Any:
    """Find what a free post does next: by tier, then whoever waits longest.

    Returns slot, tier and way; slot -1: nothing.
    """
    best = -1
    best_tier = 0
    best_way = 0.0
    since = np.inf
    # back links are sorted by tier and way, so the first of equals is the nearest
    for e in range(world.posts[r].start, world.posts[r].stop):
        c = world.back[e].cell
        # most sub-grids have nobody waiting: their six queues are not looked at
        if state.waiting[c] == 0:
            continue
        tier = world.back[e].tier
        for q in range(2 * STAGES):
            # queues are by age, so only their heads can be the longest to wait
            slot = state.head[c, q]
            if slot < 0 or not may_serve(world, state, r, tier, slot):
                continue
            # `since` starts again with each stage, so age is the wait at this stage
            began = state.slots[slot].since
            if world.opens[q // STAGES, q % STAGES, tier] > now - began + TIME_TOLERANCE:
                continue
            if (
                best < 0
                or (world.by_tier and tier < best_tier)
                or ((tier == best_tier or not world.by_tier) and began < since)
            ):
                best = slot
                best_tier = tier
                best_way = world.back[e].way
                since = began
    return best, best_tier, best_way


@bare
def find_reason(world: Any, state: Any, slot: int) -> int:
    """Find why a request still waits.

    Nobody may ever serve it, nobody of these was there, or all who were
    had work.
    """
    cell = state.slots[slot].cell
    for e in range(world.cells[cell].start, world.cells[cell].stop):
        if may_serve(world, state, world.links[e].who, world.links[e].tier, slot):
            return BUSY if state.slots[slot].seen == 1 else OFF_DUTY
    return NO_POST
