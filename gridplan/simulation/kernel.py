"""The kernel: one replication of one block of communities, event by event, without Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.simulation.heap import grow_heap, make_heap, pop_event, push_event
from gridplan.simulation.state import (
    ANSWERED, BEGAN, BUSY, BY_TIER, CAME, CELL, COUNTS, EARLIER, GREEN, KIND, LAST, LATER, MET, NEXT, NO_POST, NUMBER,
    OFF_DUTY, RESOLVED, ROW, SEEN, SINCE, STAGE, STAGES, STAMP, STEP, TIERS, UNDER_WAY, WAITS, WENT_UP, WITHDRAWN, YELLOW,
    Tally, free_slot, grow_state, join_queue, leave_queue, make_state,
)  # fmt: skip
from gridplan.simulation.streams import draw_gap, draw_key, draw_unit, draw_work, mix

# Events, in the order in which they come at one time.
BACK, WORKED, ARRIVES, OPENS, LEAVES = range(5)
BITS, LOW = 60, 30  # an event's code: its kind, the stamp of a request, and a slot, post or queue
UP, PATIENCE, WORK = 0, 1, 2  # numbers in the stream of a request
HAIR = 1e-9  # minutes; sums of times differ by less


@njit(cache=True, nogil=True)
def is_there(state: Any, crew: Any, r: int, now: float) -> bool:
    """Whether a post is on duty, and there on this day."""
    day = state.on[crew.turn[r]]
    if day < 0 or now < crew.begins[r] or now >= crew.ends[r]:
        return False
    return crew.share[r] >= 1.0 or draw_unit(crew.key[r], day) < crew.share[r]


@njit(cache=True, nogil=True)
def may_serve(state: Any, crew: Any, practice: Any, r: int, tier: int, slot: int) -> bool:
    """Whether a post may ever be asked for a request at its stage."""
    own = state.whole[slot]
    able = (crew.skill[r] >> own[KIND]) & 1 == 1 and crew.level[r] >= own[STAGE]
    return able and practice.opens[own[KIND], own[STAGE], tier] < np.inf


@njit(cache=True, nogil=True)
def find_post(state: Any, crew: Any, links: Any, practice: Any, slot: int, now: float) -> Any:
    """Find the link to the first post that is there, free and already asked; -1: none. Notes if some are there, but busy."""
    own = state.whole[slot]
    age = now - state.times[slot, SINCE] + HAIR
    for e in range(links.start[own[CELL]], links.start[own[CELL] + 1]):
        r = links.who[e]
        busy = state.job[r] != -1
        if busy and own[SEEN] == 1:
            continue
        if state.on[crew.turn[r]] < 0 or not may_serve(state, crew, practice, r, links.tier[e], slot):
            continue
        if practice.opens[own[KIND], own[STAGE], links.tier[e]] > age or not is_there(state, crew, r, now):
            continue
        if not busy:
            return e
        own[SEEN] = 1
    return -1


@njit(cache=True, nogil=True)
def find_request(state: Any, crew: Any, links: Any, practice: Any, r: int, now: float) -> Any:
    """Find what a free post does next: by tier, then whoever waits longest; returns slot, tier, way, or -1."""
    best, best_tier, best_way, since = -1, 0, 0.0, np.inf
    for e in range(links.first[r], links.first[r + 1]):
        c = links.cell[e]
        if state.waiting[c] == 0:
            continue
        tier = links.back_tier[e]
        for q in range(2 * STAGES):
            slot = state.head[c, q]
            if slot < 0 or not may_serve(state, crew, practice, r, tier, slot):
                continue
            began = state.times[slot, SINCE]
            if practice.opens[q // STAGES, q % STAGES, tier] > now - began + HAIR:
                continue
            if best < 0 or (practice.by_tier and tier < best_tier) or (
                (tier == best_tier or not practice.by_tier) and began < since
            ):
                best, best_tier, best_way, since = slot, tier, links.back_way[e], began
    return best, best_tier, best_way


@njit(cache=True, nogil=True)
def is_counted(state: Any, clock: Any, slot: int) -> bool:
    """Whether a request came while it counts."""
    return clock.count_from <= state.times[slot, BEGAN] < clock.count_to


@njit(cache=True, nogil=True)
def begin_work(
    state: Any, crew: Any, practice: Any, clock: Any, demand: Any, tally: Any, edges: Any, heap: Any,
    r: int, slot: int, tier: int, way: float, now: float,
) -> None:  # fmt: skip
    """Send a post to a request: it walks there and does all the work of the stages that are its own."""
    own, key = state.whole[slot], state.key[slot]
    if state.times[slot, MET] < 0:
        state.times[slot, MET] = now + way
        if is_counted(state, clock, slot) and now + way <= clock.end:
            count_answer(state, demand, tally, edges, slot, tier, now + way)
        if own[ROW] >= 0:
            state.log[own[ROW], 3], state.log[own[ROW], 5] = now + way, r
    stage = own[STAGE]
    work = draw_work(key, WORK + 2 * stage, practice.work[own[KIND], stage], practice.cv, practice.shape)
    while stage < own[LAST] and crew.level[r] > stage:
        stage += 1
        work += draw_work(key, WORK + 2 * stage, practice.work[own[KIND], stage], practice.cv, practice.shape)
    own[STAGE] = stage
    state.job[r], state.way[r] = slot, way
    if clock.count_from <= now < clock.count_to:
        tally.jobs[r] += 1
        tally.walked[r] += way * (2.0 if practice.walks_back else 1.0)
        tally.busy[r] += work + way * (2.0 if practice.walks_back else 1.0)
    push_event(heap, now + way + work, (WORKED << BITS) | r)


@njit(cache=True, nogil=True)
def count_answer(state: Any, demand: Any, tally: Any, edges: Any, slot: int, tier: int, at: float) -> None:
    """Count that somebody comes."""
    own = state.whole[slot]
    c, k, minutes = own[CELL], own[KIND], at - state.times[slot, BEGAN]
    tally.counts[c, k, ANSWERED] += 1
    tally.counts[c, k, BY_TIER + tier] += 1
    tally.sums[c, k, 0] += minutes
    tally.sums[c, k, 1] += minutes * minutes
    tally.answers[demand.group[c], k, np.searchsorted(edges, minutes)] += 1


@njit(cache=True, nogil=True)
def count_resolved(state: Any, clock: Any, tally: Any, limits: Any, slot: int, now: float) -> None:
    """Count that a request is resolved, and how soon."""
    own = state.whole[slot]
    if own[ROW] >= 0:
        state.log[own[ROW], 4] = now
    if not is_counted(state, clock, slot):
        return
    c, k, minutes = own[CELL], own[KIND], now - state.times[slot, BEGAN]
    tally.counts[c, k, RESOLVED] += 1
    tally.counts[c, k, WENT_UP] += own[LAST] > 0
    tally.counts[c, k, GREEN] += minutes <= limits[0]
    tally.counts[c, k, YELLOW] += limits[0] < minutes <= limits[1]
    tally.sums[c, k, 2] += minutes
    tally.sums[c, k, 3] += minutes * minutes


@njit(cache=True, nogil=True)
def find_reason(state: Any, crew: Any, links: Any, practice: Any, slot: int) -> int:
    """Find why a request still waits: nobody may ever serve it, nobody of these was there, or all who were had work."""
    own = state.whole[slot]
    for e in range(links.start[own[CELL]], links.start[own[CELL] + 1]):
        if may_serve(state, crew, practice, links.who[e], links.tier[e], slot):
            return BUSY if own[SEEN] == 1 else OFF_DUTY
    return NO_POST


@njit(cache=True, nogil=True)
def let_wait(state: Any, practice: Any, heap: Any, slot: int, now: float) -> None:
    """See to it that the next tier is asked in time."""
    own = state.whole[slot]
    age, soonest = now - state.times[slot, SINCE] + HAIR, np.inf
    for tier in range(TIERS):
        opens = practice.opens[own[KIND], own[STAGE], tier]
        if age < opens < soonest:
            soonest = opens
    if soonest < np.inf:
        push_event(heap, state.times[slot, SINCE] + soonest, (OPENS << BITS) | (own[STAMP] << LOW) | slot)


@njit(cache=True, nogil=True)
def find_moment(running: Any, target: float) -> float:
    """Find the minute at which a running sum reaches a target; infinite if it never does."""
    i = np.searchsorted(running, target, side="right")
    if i >= len(running):
        return np.inf
    return STEP * (i - 1 + (target - running[i - 1]) / (running[i] - running[i - 1]))


@njit(cache=True, nogil=True)
def expect_next(demand: Any, heap: Any, reached: Any, numbers: Any, c: int, k: int) -> None:
    """Find when the next request of a sub-grid and kind comes: its stream's gaps laid along the profile."""
    if demand.rate[c, k] <= 0:
        return
    reached[c, k] += draw_gap(demand.key[c, k], numbers[c, k]) / demand.rate[c, k]
    at = find_moment(demand.running[demand.profile[c], k], reached[c, k])
    if at < np.inf:
        push_event(heap, at, (ARRIVES << BITS) | (2 * c + k))


@njit(cache=True, nogil=True)
def admit(state: Any, demand: Any, practice: Any, clock: Any, tally: Any, numbers: Any, c: int, k: int, now: float) -> int:
    """Let a request in: it gets a slot, its own stream, and the last stage that it will need."""
    slot = state.ends[2]
    own = state.whole[slot]
    state.ends[2] = own[NEXT]
    state.inside[0] += 1
    key = draw_key(mix(demand.key[c, k]), numbers[c, k])
    chance = draw_unit(key, UP)
    last = 2 if chance < practice.up[k, 1] else 1 if chance < practice.up[k, 0] else 0
    own[CELL], own[KIND], own[STAGE], own[LAST], own[NUMBER] = c, k, 0, last, numbers[c, k]
    own[STAMP], own[WAITS], own[SEEN], own[ROW] = state.inside[1] & ((1 << LOW) - 1), 0, 0, -1
    if state.inside[1] < len(state.log):
        own[ROW] = state.inside[1]
        state.log[own[ROW], 0], state.log[own[ROW], 1], state.log[own[ROW], 2] = 2 * c + k, numbers[c, k], now
    state.inside[1] += 1
    state.key[slot], state.times[slot, BEGAN], state.times[slot, SINCE], state.times[slot, MET] = key, now, now, -1.0
    if is_counted(state, clock, slot):
        tally.counts[c, k, CAME] += 1
    return slot


@njit(cache=True, nogil=True)
def close_books(state: Any, crew: Any, links: Any, practice: Any, clock: Any, tally: Any) -> None:
    """Count what still waits or is under way at the end."""
    slot = state.ends[0]
    while slot >= 0:
        own = state.whole[slot]
        if is_counted(state, clock, slot):
            tally.counts[own[CELL], own[KIND], find_reason(state, crew, links, practice, slot)] += 1
        slot = own[LATER]
    for r in range(len(state.job)):
        slot = state.job[r]
        if slot >= 0 and is_counted(state, clock, slot):
            tally.counts[state.whole[slot, CELL], state.whole[slot, KIND], UNDER_WAY] += 1


@njit(cache=True, nogil=True)
def run_days(
    demand: Any, crew: Any, links: Any, practice: Any, clock: Any, limits: Any, edges: Any, groups: int, rows: int
) -> Any:  # fmt: skip
    """Run one replication from minute 0 to the end.

    ``limits`` are the minutes of green and yellow, ``edges`` those of the curve of answers, ``groups`` how many communities
    there are, ``rows`` how many requests are logged one by one: 2 x sub-grid + kind, number, came, met, resolved, post.

    Returns
    -------
    The tally and the log.
    """
    n, m = len(demand.profile), len(crew.turn)
    tally = Tally(
        np.zeros((n, 2, COUNTS), np.int64), np.zeros((n, 2, 4)), np.zeros((groups, 2, len(edges) + 1), np.int64),
        np.zeros(m), np.zeros(m), np.zeros(m, np.int64), np.zeros(4),
    )  # fmt: skip
    state = make_state(n, m, clock.turns, 256, rows)
    heap = make_heap(2 * n + m + 64)
    reached, numbers = np.zeros((n, 2)), np.zeros((n, 2), np.int64)
    for c in range(n):
        for k in range(2):
            expect_next(demand, heap, reached, numbers, c, k)
    tick, last = 0, clock.count_from
    while True:
        on_clock = tick < len(clock.at) and (heap.size[0] == 0 or clock.at[tick] <= heap.at[0])
        if not on_clock and heap.size[0] == 0:
            break
        now = clock.at[tick] if on_clock else heap.at[0]
        if now > clock.end:
            break
        if min(now, clock.count_to) > last:
            tally.totals[0] += state.inside[0] * (min(now, clock.count_to) - last)
            last = now
        tally.totals[1] += 1
        tally.totals[2] = max(tally.totals[2], state.inside[0])
        heap = grow_heap(heap, 8)
        if on_clock:
            turn, day = clock.turn[tick], clock.day[tick]
            tick += 1
            if turn >= 0:
                state.on[turn] = day
            if turn < 0 or day >= 0:
                heap = grow_heap(heap, state.ends[3] + 8)
                slot = state.ends[0]
                while slot >= 0:
                    after = state.whole[slot, LATER]
                    e = find_post(state, crew, links, practice, slot, now)
                    if e >= 0:
                        leave_queue(state, slot)
                        begin_work(state, crew, practice, clock, demand, tally, edges, heap,
                                   links.who[e], slot, links.tier[e], links.way[e], now)  # fmt: skip
                    slot = after
            continue
        now, code = pop_event(heap)
        what, stamp, at = code >> BITS, (code >> LOW) & ((1 << LOW) - 1), code & ((1 << LOW) - 1)
        free, asked = -1, -1
        if what == ARRIVES:
            c, k = at >> 1, at & 1
            state = grow_state(state)
            asked = admit(state, demand, practice, clock, tally, numbers, c, k, now)
            numbers[c, k] += 1
            expect_next(demand, heap, reached, numbers, c, k)
        elif what == WORKED:
            slot = state.job[at]
            state.job[at] = -2
            if practice.walks_back and state.way[at] > 0:
                push_event(heap, now + state.way[at], (BACK << BITS) | at)
            else:
                state.job[at], free = -1, at
            if state.whole[slot, STAGE] == state.whole[slot, LAST]:
                count_resolved(state, clock, tally, limits, slot, now)
                free_slot(state, slot)
            else:
                state.whole[slot, STAGE] += 1
                state.times[slot, SINCE], asked = now, slot
        elif what == BACK:
            state.job[at], free = -1, at
        elif state.whole[at, STAMP] == stamp and state.whole[at, WAITS] == 1:
            if what == OPENS:
                e = find_post(state, crew, links, practice, at, now)
                if e >= 0:
                    leave_queue(state, at)
                    begin_work(state, crew, practice, clock, demand, tally, edges, heap,
                               links.who[e], at, links.tier[e], links.way[e], now)  # fmt: skip
                else:
                    let_wait(state, practice, heap, at, now)
            elif state.times[at, MET] < 0:
                if is_counted(state, clock, at):
                    why = find_reason(state, crew, links, practice, at)
                    tally.counts[state.whole[at, CELL], state.whole[at, KIND], why if why == NO_POST else WITHDRAWN] += 1
                leave_queue(state, at)
                free_slot(state, at)
        if asked >= 0:
            e = find_post(state, crew, links, practice, asked, now)
            if e >= 0:
                begin_work(state, crew, practice, clock, demand, tally, edges, heap,
                           links.who[e], asked, links.tier[e], links.way[e], now)  # fmt: skip
            else:
                join_queue(state, asked)
                let_wait(state, practice, heap, asked, now)
                if what == ARRIVES and practice.patience[state.whole[asked, KIND]] > 0:
                    gone = now + practice.patience[state.whole[asked, KIND]] * draw_gap(state.key[asked], PATIENCE)
                    push_event(heap, gone, (LEAVES << BITS) | (state.whole[asked, STAMP] << LOW) | asked)
        if free >= 0 and state.job[free] == -1 and state.ends[3] > 0 and is_there(state, crew, free, now):
            slot, tier, way = find_request(state, crew, links, practice, free, now)
            if slot >= 0:
                leave_queue(state, slot)
                begin_work(state, crew, practice, clock, demand, tally, edges, heap, free, slot, tier, way, now)
    if clock.count_to > last:
        tally.totals[0] += state.inside[0] * (clock.count_to - last)
    tally.totals[3] = state.inside[1]
    close_books(state, crew, links, practice, clock, tally)
    return tally, state.log
