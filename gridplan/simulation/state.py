"""What the kernel reads and keeps: arrays by name, the slots of requests under way, and the queues that they wait in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

STAGES, TIERS = 3, 5
OWN, NEIGHBOUR, VOLUNTEER, COMMUNITY, STREET = range(TIERS)
TIER_WORDS = ("own", "neighbour", "volunteer", "community", "street")
STEP = 60.0  # minutes of a step of the profiles

# Columns of the counts of a sub-grid and kind.
(
    CAME, ANSWERED, RESOLVED, GREEN, YELLOW, NO_POST, OFF_DUTY, BUSY, WITHDRAWN, UNDER_WAY, WENT_UP, BY_TIER,
) = range(12)  # fmt: skip
COUNTS = BY_TIER + TIERS
# Columns of the whole numbers of a slot.
CELL, KIND, STAGE, LAST, PREV, NEXT, EARLIER, LATER, STAMP, WAITS, SEEN, ROW = range(12)
# Columns of the times of a slot: when it came, since when it waits at its stage, when somebody came (-1: nobody yet).
BEGAN, SINCE, MET = range(3)


class World(NamedTuple):
    """All that a replication is given, in one flat tuple: the kernel would count references of one within another.

    Parameters
    ----------
    cell_key, rate, profile, group
        Of sub-grids: keys of the streams and rates (a minute) by kind, row of ``running``, community.
    running
        float64[profiles, 2, steps + 1], the minutes so far by kind, each weighted with its demand.
    turn, share, skill, level, begins, ends, post_key
        Of posts: turn of duty, share of days there, kinds (bits), level (0 grid, 1 community, 2 street), window, key.
    start, who, tier, way
        Links of each sub-grid to posts in the order of asking; way in minutes.
    first, cell, back_tier, back_way
        The same links by post.
    opens
        float64[2, STAGES, TIERS], minutes until each tier is asked; infinite: never.
    up, work, cv, shape, patience
        By kind: shares that go up to community and street, minutes of work by stage and how they spread, mean patience.
    by_tier, walks_back
        Whether tiers come before age and distance; whether the way back keeps a post busy.
    tick_at, tick_turn, tick_day, turns
        Begins and ends of duty in order: time, turn, day (-1: duty ends); how many turns there are.
    count_from, count_to, end
        Requests that come between the first two count; minutes.
    limits, edges, groups
        Minutes of green and yellow, those of the curve of answers; how many communities there are.
    """

    cell_key: Any
    rate: Any
    profile: Any
    group: Any
    running: Any
    turn: Any
    share: Any
    skill: Any
    level: Any
    begins: Any
    ends: Any
    post_key: Any
    start: Any
    who: Any
    tier: Any
    way: Any
    first: Any
    cell: Any
    back_tier: Any
    back_way: Any
    opens: Any
    up: Any
    work: Any
    cv: float
    shape: int
    patience: Any
    by_tier: bool
    walks_back: bool
    tick_at: Any
    tick_turn: Any
    tick_day: Any
    turns: int
    count_from: float
    count_to: float
    end: float
    limits: Any
    edges: Any
    groups: int


class Tally(NamedTuple):
    """What came of it: counts and sums by sub-grid and kind, answers by community and time, minutes by post, totals."""

    counts: Any  # int64[n, 2, COUNTS]
    sums: Any  # float64[n, 2, 4]: response, its square, resolution, its square
    answers: Any  # int64[groups, 2, edges + 1]
    busy: Any  # float64[m]
    walked: Any  # float64[m]
    jobs: Any  # int64[m]
    totals: Any  # float64[4]: request-minutes in the system, events, most requests at once, requests of all


class State(NamedTuple):
    """What is under way: slots of requests, queues by sub-grid (kind and stage), who is on duty and at work."""

    whole: Any  # int64[room, 13]
    times: Any  # float64[room, 3]
    key: Any  # uint64[room]
    head: Any  # int64[n, 2 * STAGES]
    tail: Any
    waiting: Any  # int64[n]
    ends: Any  # int64[4]: first and last of all that wait, first free slot, how many wait
    on: Any  # int64[turns]: day of duty, -1 off
    job: Any  # int64[m]: slot, -1 free, -2 on the way back
    way: Any  # float64[m]
    log: Any  # float64[rows, 6]
    inside: Any  # int64[2]: requests in the system, requests so far
    reached: Any  # float64[n, 2]: running sum at which the next request comes
    numbers: Any  # int64[n, 2]: requests so far by sub-grid and kind


@njit(cache=True, nogil=True)
def make_tally(cells: int, posts: int, groups: int, edges: int) -> Any:
    """Make a tally of nothing."""
    return Tally(
        np.zeros((cells, 2, COUNTS), np.int64), np.zeros((cells, 2, 4)), np.zeros((groups, 2, edges + 1), np.int64),
        np.zeros(posts), np.zeros(posts), np.zeros(posts, np.int64), np.zeros(4),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def make_state(cells: int, posts: int, turns: int, room: int, rows: int) -> Any:
    """Make the state in which nothing is under way."""
    whole = np.full((room, 12), -1, np.int64)
    whole[:, NEXT] = np.arange(1, room + 1)
    whole[-1, NEXT] = -1
    return State(
        whole, np.full((room, 3), -1.0), np.zeros(room, np.uint64), np.full((cells, 2 * STAGES), -1, np.int64),
        np.full((cells, 2 * STAGES), -1, np.int64), np.zeros(cells, np.int64), np.array([-1, -1, 0, 0]),
        np.full(turns, -1, np.int64), np.full(posts, -1, np.int64), np.zeros(posts), np.full((rows, 6), np.nan),
        np.zeros(2, np.int64), np.zeros((cells, 2)), np.zeros((cells, 2), np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def grow_state(state: Any) -> Any:
    """Return the state with twice the slots if none is free."""
    if state.ends[2] >= 0:
        return state
    room = len(state.whole)
    whole, times, key = np.full((2 * room, 12), -1, np.int64), np.full((2 * room, 3), -1.0), np.zeros(2 * room, np.uint64)
    whole[:room], times[:room], key[:room] = state.whole, state.times, state.key
    whole[room:, NEXT] = np.arange(room + 1, 2 * room + 1)
    whole[-1, NEXT] = -1
    state.ends[2] = room
    return State(
        whole, times, key, state.head, state.tail, state.waiting, state.ends, state.on, state.job, state.way, state.log,
        state.inside, state.reached, state.numbers,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def join_queue(state: Any, slot: int) -> None:
    """Let a request wait: last in the queue of its sub-grid, kind and stage, and last of all."""
    q = state.whole[slot, KIND] * STAGES + state.whole[slot, STAGE]
    last = state.tail[state.whole[slot, CELL], q]
    state.whole[slot, PREV], state.whole[slot, NEXT], state.whole[slot, WAITS] = last, -1, 1
    if last >= 0:
        state.whole[last, NEXT] = slot
    else:
        state.head[state.whole[slot, CELL], q] = slot
    state.tail[state.whole[slot, CELL], q] = slot
    state.whole[slot, EARLIER], state.whole[slot, LATER] = state.ends[1], -1
    if state.ends[1] >= 0:
        state.whole[state.ends[1], LATER] = slot
    else:
        state.ends[0] = slot
    state.ends[1] = slot
    state.waiting[state.whole[slot, CELL]] += 1
    state.ends[3] += 1


@njit(cache=True, nogil=True)
def leave_queue(state: Any, slot: int) -> None:
    """Take a request out of its queue."""
    q = state.whole[slot, KIND] * STAGES + state.whole[slot, STAGE]
    before, after = state.whole[slot, PREV], state.whole[slot, NEXT]
    if before >= 0:
        state.whole[before, NEXT] = after
    else:
        state.head[state.whole[slot, CELL], q] = after
    if after >= 0:
        state.whole[after, PREV] = before
    else:
        state.tail[state.whole[slot, CELL], q] = before
    before, after = state.whole[slot, EARLIER], state.whole[slot, LATER]
    if before >= 0:
        state.whole[before, LATER] = after
    else:
        state.ends[0] = after
    if after >= 0:
        state.whole[after, EARLIER] = before
    else:
        state.ends[1] = before
    state.whole[slot, WAITS] = 0
    state.waiting[state.whole[slot, CELL]] -= 1
    state.ends[3] -= 1


@njit(cache=True, nogil=True)
def free_slot(state: Any, slot: int) -> None:
    """Give a slot back."""
    state.whole[slot, STAMP] = -1
    state.whole[slot, NEXT] = state.ends[2]
    state.ends[2] = slot
    state.inside[0] -= 1
