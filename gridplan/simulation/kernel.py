"""The kernel: one replication of one block of communities, event by event, without Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.simulation.counting import close_books, count_answer, count_resolved, is_counted, watch
from gridplan.simulation.finding import HAIR, find_post, find_reason, find_request, is_there
from gridplan.simulation.heap import grow_heap, make_heap, pop_event, push_event
from gridplan.simulation.state import (
    BEGAN,
    CAME,
    CELL,
    KIND,
    LAST,
    LATER,
    MET,
    NEXT,
    NO_POST,
    ROW,
    SEEN,
    SINCE,
    STAGE,
    STAMP,
    STEP,
    TIERS,
    WAITS,
    WITHDRAWN,
    free_slot,
    grow_state,
    join_queue,
    leave_queue,
    make_state,
    make_tally,
)
from gridplan.simulation.streams import draw_gap, draw_key, draw_unit, draw_work, mix

# Events, in the order in which they come at one time.
BACK, WORKED, ARRIVES, OPENS, LEAVES = range(5)
BITS, LOW = 60, 30  # an event's code: its kind, the stamp of a request, and a slot, post or queue
UP, PATIENCE, WORK = 0, 1, 2  # numbers in the stream of a request
MOST = 8  # events that one event may bring


@njit(cache=True, nogil=True)
def begin_work(world: Any, state: Any, tally: Any, heap: Any, r: int, slot: int, tier: int, way: float, now: float) -> None:
    """Send a post to a request: it walks there and does all the work of the stages that are its own."""
    key = state.key[slot]
    if state.times[slot, MET] < 0:
        state.times[slot, MET] = now + way
        if is_counted(world, state, slot) and now + way <= world.end:
            count_answer(world, state, tally, slot, tier, now + way)
        if state.whole[slot, ROW] >= 0:
            state.log[state.whole[slot, ROW], 3], state.log[state.whole[slot, ROW], 5] = now + way, r
    stage = state.whole[slot, STAGE]
    work = draw_work(key, WORK + 2 * stage, world.work[state.whole[slot, KIND], stage], world.cv, world.shape)
    while stage < state.whole[slot, LAST] and world.level[r] > stage:
        stage += 1
        work += draw_work(key, WORK + 2 * stage, world.work[state.whole[slot, KIND], stage], world.cv, world.shape)
    state.whole[slot, STAGE] = stage
    state.job[r], state.way[r] = slot, way
    if world.count_from <= now < world.count_to:
        walk = way * (2.0 if world.walks_back else 1.0)
        tally.jobs[r] += 1
        tally.walked[r] += walk
        tally.busy[r] += work + walk
    push_event(heap, now + way + work, (WORKED << BITS) | r)


@njit(cache=True, nogil=True)
def let_wait(world: Any, state: Any, heap: Any, slot: int, now: float) -> None:
    """See to it that the next tier is asked in time."""
    age, soonest = now - state.times[slot, SINCE] + HAIR, np.inf
    for tier in range(TIERS):
        opens = world.opens[state.whole[slot, KIND], state.whole[slot, STAGE], tier]
        if age < opens < soonest:
            soonest = opens
    if soonest < np.inf:
        push_event(heap, state.times[slot, SINCE] + soonest, (OPENS << BITS) | (state.whole[slot, STAMP] << LOW) | slot)


@njit(cache=True, nogil=True)
def find_moment(running: Any, target: float) -> float:
    """Find the minute at which a running sum reaches a target; infinite if it never does."""
    i = np.searchsorted(running, target, side="right")
    if i >= len(running):
        return np.inf
    return STEP * (i - 1 + (target - running[i - 1]) / (running[i] - running[i - 1]))


@njit(cache=True, nogil=True)
def expect_next(world: Any, state: Any, heap: Any, c: int, k: int) -> None:
    """Find when the next request of a sub-grid and kind comes: its stream's gaps laid along the profile."""
    if world.rate[c, k] <= 0:
        return
    state.reached[c, k] += draw_gap(world.cell_key[c, k], state.numbers[c, k]) / world.rate[c, k]
    at = find_moment(world.running[world.profile[c], k], state.reached[c, k])
    if at < np.inf:
        push_event(heap, at, (ARRIVES << BITS) | (2 * c + k))


@njit(cache=True, nogil=True)
def admit(world: Any, state: Any, tally: Any, c: int, k: int, now: float) -> int:
    """Let a request in: it gets a slot, its own stream, and the last stage that it will need."""
    slot, number = state.ends[2], state.numbers[c, k]
    state.ends[2] = state.whole[slot, NEXT]
    state.inside[0] += 1
    key = draw_key(mix(world.cell_key[c, k]), number)
    chance = draw_unit(key, UP)
    last = 2 if chance < world.up[k, 1] else 1 if chance < world.up[k, 0] else 0
    state.whole[slot, CELL], state.whole[slot, KIND], state.whole[slot, STAGE], state.whole[slot, LAST] = c, k, 0, last
    state.whole[slot, STAMP] = state.inside[1] & ((1 << LOW) - 1)
    state.whole[slot, WAITS], state.whole[slot, SEEN], state.whole[slot, ROW] = 0, 0, -1
    if state.inside[1] < len(state.log):
        row = state.inside[1]
        state.whole[slot, ROW] = row
        state.log[row, 0], state.log[row, 1], state.log[row, 2] = 2 * c + k, number, now
    state.inside[1] += 1
    state.key[slot], state.times[slot, BEGAN], state.times[slot, SINCE], state.times[slot, MET] = key, now, now, -1.0
    if is_counted(world, state, slot):
        tally.counts[c, k, CAME] += 1
    return slot


@njit(cache=True, nogil=True)
def send_first(world: Any, state: Any, tally: Any, heap: Any, slot: int, now: float) -> bool:
    """Send the first post that is there and free to a request, which may wait in a queue; whether there is one."""
    e = find_post(world, state, slot, now)
    if e < 0:
        return False
    if state.whole[slot, WAITS] == 1:
        leave_queue(state, slot)
    begin_work(world, state, tally, heap, world.who[e], slot, world.tier[e], world.way[e], now)
    return True


@njit(cache=True, nogil=True)
def turn_clock(world: Any, state: Any, tally: Any, heap: Any, tick: int) -> None:
    """Let a turn of duty begin or end; those who come on are sent to whoever waits, the longest first."""
    turn, day = world.tick_turn[tick], world.tick_day[tick]
    if turn >= 0:
        state.on[turn] = day
        if day < 0:
            return
    slot = state.ends[0]
    while slot >= 0:
        after = state.whole[slot, LATER]
        send_first(world, state, tally, heap, slot, world.tick_at[tick])
        slot = after


@njit(cache=True, nogil=True)
def ask(world: Any, state: Any, tally: Any, heap: Any, slot: int, now: float, is_new: bool) -> None:
    """Let a request be served at once, or wait."""
    if send_first(world, state, tally, heap, slot, now):
        return
    join_queue(state, slot)
    let_wait(world, state, heap, slot, now)
    patience = world.patience[state.whole[slot, KIND]]
    if is_new and patience > 0:
        gone = now + patience * draw_gap(state.key[slot], PATIENCE)
        push_event(heap, gone, (LEAVES << BITS) | (state.whole[slot, STAMP] << LOW) | slot)


@njit(cache=True, nogil=True)
def withdraw(world: Any, state: Any, tally: Any, slot: int) -> None:
    """Let a request that nobody came for be withdrawn."""
    if is_counted(world, state, slot):
        why = find_reason(world, state, slot)
        tally.counts[state.whole[slot, CELL], state.whole[slot, KIND], why if why == NO_POST else WITHDRAWN] += 1
    leave_queue(state, slot)
    free_slot(state, slot)


@njit(cache=True, nogil=True)
def end_work(world: Any, state: Any, tally: Any, heap: Any, r: int, now: float) -> None:
    """Let a post end its work: the request is resolved or goes up, the post walks back."""
    slot = state.job[r]
    state.job[r] = -1
    if world.walks_back and state.way[r] > 0:
        state.job[r] = -2
        push_event(heap, now + state.way[r], (BACK << BITS) | r)
    if state.whole[slot, STAGE] == state.whole[slot, LAST]:
        count_resolved(world, state, tally, slot, now)
        free_slot(state, slot)
        return
    state.whole[slot, STAGE] += 1
    state.whole[slot, SEEN] = 0
    state.times[slot, SINCE] = now
    ask(world, state, tally, heap, slot, now, False)


@njit(cache=True, nogil=True)
def look_round(world: Any, state: Any, tally: Any, heap: Any, r: int, now: float) -> None:
    """Let a post that is free turn to whoever waits for it."""
    if state.job[r] != -1 or state.ends[3] == 0 or not is_there(world, state, r, now):
        return
    slot, tier, way = find_request(world, state, r, now)
    if slot >= 0:
        leave_queue(state, slot)
        begin_work(world, state, tally, heap, r, slot, tier, way, now)


@njit(cache=True, nogil=True)
def take_event(world: Any, state: Any, tally: Any, heap: Any, now: float, code: int) -> None:
    """Let one event happen."""
    what, stamp, at = code >> BITS, (code >> LOW) & ((1 << LOW) - 1), code & ((1 << LOW) - 1)
    if what == ARRIVES:
        c, k = at >> 1, at & 1
        slot = admit(world, state, tally, c, k, now)
        state.numbers[c, k] += 1
        expect_next(world, state, heap, c, k)
        ask(world, state, tally, heap, slot, now, True)
    elif what == WORKED:
        end_work(world, state, tally, heap, at, now)
        look_round(world, state, tally, heap, at, now)
    elif what == BACK:
        state.job[at] = -1
        look_round(world, state, tally, heap, at, now)
    elif state.whole[at, STAMP] == stamp and state.whole[at, WAITS] == 1:
        if what == LEAVES:
            if state.times[at, MET] < 0:
                withdraw(world, state, tally, at)
        elif not send_first(world, state, tally, heap, at, now):
            let_wait(world, state, heap, at, now)


@njit(cache=True, nogil=True)
def run_days(world: Any, rows: int) -> Any:
    """Run one replication from minute 0 to the end.

    Parameters
    ----------
    world
        Demand, posts and world.
    rows
        How many requests are logged one by one: 2 x sub-grid + kind, number, came, met, resolved, post.

    Returns
    -------
    The tally and the log.
    """
    n, m = len(world.profile), len(world.turn)
    tally = make_tally(n, m, world.groups, len(world.edges))
    state = make_state(n, m, world.turns, 256, rows)
    heap = make_heap(2 * n + m + 64)
    for c in range(n):
        for k in range(2):
            expect_next(world, state, heap, c, k)
    tick, seen = 0, world.count_from
    while True:
        on_clock = tick < len(world.tick_at) and (heap.size[0] == 0 or world.tick_at[tick] <= heap.at[0])
        if not on_clock and heap.size[0] == 0:
            break
        now = world.tick_at[tick] if on_clock else heap.at[0]
        if now > world.end:
            break
        seen = watch(world, state, tally, seen, now)
        tally.totals[1] += 1
        state = grow_state(state)
        heap = grow_heap(heap, MOST + (state.ends[3] if on_clock else 0))
        if on_clock:
            turn_clock(world, state, tally, heap, tick)
            tick += 1
        else:
            now, code = pop_event(heap)
            take_event(world, state, tally, heap, now, code)
    watch(world, state, tally, seen, world.end)
    tally.totals[3] = state.inside[1]
    close_books(world, state, tally)
    return tally, state.log
