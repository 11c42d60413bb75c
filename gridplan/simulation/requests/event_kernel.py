"""The kernel: one replication of one block of communities, event by event, without Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gridplan.simulation.requests.dispatch import (
    TIME_TOLERANCE,
    find_post,
    find_reason,
    find_request,
    is_there,
)
from gridplan.simulation.requests.event_heap import grow_heap, make_heap, pop_event, push_event
from gridplan.simulation.requests.kernel_state import (
    CAME,
    NO_POST,
    STEP,
    TIERS,
    UPS,
    WITHDRAWN,
    free_slot,
    grow_state,
    join_queue,
    leave_queue,
    make_state,
    make_tally,
)
from gridplan.simulation.requests.random_streams import (
    bare,
    mix,
    sample_gap,
    sample_key,
    sample_unit,
    sample_work,
)
from gridplan.simulation.requests.tallies import (
    close_tallies,
    count_answer,
    count_resolved,
    count_stay,
    count_wait,
    is_counted,
    note_waiting,
    watch,
)

# Events, in the order in which they come at one time.
BACK, WORKED, ARRIVES, OPENS, LEAVES = range(5)
# an event's code: its kind, the stamp of a request, and a slot, post or queue
BITS = 60
LOW = 30
# numbers in the stream of a request
UP = 0
PATIENCE = 1
WORK = 2
MOST = 8  # events that one event may bring


@bare
def begin_work(
    world: Any,
    state: Any,
    tally: Any,
    heap: Any,
    r: int,
    slot: int,
    tier: int,
    way: float,
    now: float,
) -> None:
    """Send a post to a request: it walks there and does the stages that are its own."""
    key = state.slots[slot].key
    # only the first post to come is the answer; later stages were answered already
    if state.slots[slot].met < 0:
        state.slots[slot].met = now + way
        if is_counted(world, state, slot) and now + way <= world.end:
            count_answer(world, state, tally, slot, tier, now + way)
        # only the first requests of a run are logged one by one
        if state.slots[slot].row >= 0:
            state.log[state.slots[slot].row, 3] = now + way
            state.log[state.slots[slot].row, 5] = r
    stage = state.slots[slot].stage
    work = sample_work(
        key, WORK + 2 * stage, world.work[state.slots[slot].kind, stage], world.cv, world.shape
    )
    # a post of a higher level does the further stages without going away
    while stage < state.slots[slot].last and world.posts[r].level > stage:
        stage += 1
        work += sample_work(
            key, WORK + 2 * stage, world.work[state.slots[slot].kind, stage], world.cv, world.shape
        )
    state.slots[slot].stage = stage
    state.staff[r].job = slot
    state.staff[r].way = way
    # work that is begun within the days that count is counted whole
    if world.count_from <= now < world.count_to:
        walk = way * (2.0 if world.walks_back else 1.0)
        tally.posts[r].jobs += 1
        tally.posts[r].walked += walk
        tally.posts[r].busy += work + walk
    push_event(heap, now + way + work, (WORKED << BITS) | r)


@bare
def let_wait(world: Any, state: Any, heap: Any, slot: int, now: float) -> None:
    """See to it that the next tier is asked in time."""
    age = now - state.slots[slot].since + TIME_TOLERANCE
    soonest = np.inf
    for tier in range(TIERS):
        opens = world.opens[state.slots[slot].kind, state.slots[slot].stage, tier]
        # only the next tier to be asked needs an event; it puts up the one after it
        if age < opens < soonest:
            soonest = opens
    if soonest < np.inf:
        push_event(
            heap,
            state.slots[slot].since + soonest,
            (OPENS << BITS) | (state.slots[slot].stamp << LOW) | slot,
        )


@bare
def find_moment(running: Any, target: float) -> Any:
    """Find the minute at which a running sum reaches a target; infinite if it never does."""
    # inverse of a piecewise linear sum: gaps of rate 1 become those of the profile
    i = np.searchsorted(running, target, side="right")
    if i >= len(running):
        return np.inf
    return STEP * (i - 1 + (target - running[i - 1]) / (running[i] - running[i - 1]))


@bare
def expect_next(world: Any, state: Any, heap: Any, c: int, k: int) -> None:
    """Find when the next request of a sub-grid and kind comes.

    The gaps of its stream are stretched along the profile of demand.
    """
    # a rate of zero: only calls known beforehand come
    if world.streams[c, k].rate <= 0:
        return
    state.coming[c, k].reached += (
        sample_gap(world.streams[c, k].key, state.coming[c, k].number) / world.streams[c, k].rate
    )
    moment = find_moment(world.running[world.cells[c].profile, k], state.coming[c, k].reached)
    if moment < np.inf:
        push_event(heap, moment, (ARRIVES << BITS) | (2 * c + k))


@bare
def admit(world: Any, state: Any, tally: Any, c: int, k: int, now: float) -> Any:
    """Let a request in: it gets a slot, its own stream, and the last stage that it will need."""
    # the first free slot; free slots are chained by `next`
    slot = state.ends[2]
    number = state.coming[c, k].number
    state.ends[2] = state.slots[slot].next
    state.inside[0] += 1
    # the key depends on the sub-grid, the kind and the number alone, so
    # scenarios share it
    key = sample_key(mix(world.streams[c, k].key), number)
    chance = sample_unit(key, UP)
    # one number decides all stages: `street` is a share of all and lies within `up`
    last = 2 if chance < world.kinds[k].street else 1 if chance < world.kinds[k].up else 0
    state.slots[slot].cell = c
    state.slots[slot].kind = k
    state.slots[slot].stage = 0
    state.slots[slot].last = last
    # events carry the stamp, so those of a slot's former request are recognised
    state.slots[slot].stamp = state.inside[1] & ((1 << LOW) - 1)
    state.slots[slot].waits = 0
    state.slots[slot].seen = 0
    state.slots[slot].row = -1
    if state.inside[1] < len(state.log):
        row = state.inside[1]
        state.slots[slot].row = row
        state.log[row, 0] = 2 * c + k
        state.log[row, 1] = number
        state.log[row, 2] = now
    state.inside[1] += 1
    state.slots[slot].key = key
    state.slots[slot].began = now
    state.slots[slot].since = now
    state.slots[slot].met = -1.0
    if is_counted(world, state, slot):
        tally.counts[c, k, CAME] += 1
    return slot


@bare
def send_first(world: Any, state: Any, tally: Any, heap: Any, slot: int, now: float) -> bool:
    """Send the first post that is there and free to a request; whether there is one."""
    e = find_post(world, state, slot, now)
    if e < 0:
        return False
    if state.slots[slot].waits == 1:
        count_wait(world, state, tally, slot, now)
        leave_queue(state, slot)
    begin_work(
        world,
        state,
        tally,
        heap,
        world.links[e].who,
        slot,
        world.links[e].tier,
        world.links[e].way,
        now,
    )
    return True


@bare
def turn_clock(world: Any, state: Any, tally: Any, heap: Any, tick: int) -> None:
    """Let a turn of duty begin or end; whoever comes on goes to who has waited longest."""
    turn = world.ticks[tick].turn
    day = world.ticks[tick].day
    # turn -1 is the beginning of a post's window: nothing switches, but who
    # waits is asked
    if turn >= 0:
        state.on[turn] = day
        if day < 0:
            return
    slot = state.ends[0]
    while slot >= 0:
        # read first: sending somebody takes the slot out of this queue
        after = state.slots[slot].later
        send_first(world, state, tally, heap, slot, world.ticks[tick].at)
        slot = after


@bare
def ask(world: Any, state: Any, tally: Any, heap: Any, slot: int, now: float, is_new: bool) -> None:
    """Let a request be served at once, or wait."""
    if send_first(world, state, tally, heap, slot, now):
        return
    join_queue(state, slot)
    let_wait(world, state, heap, slot, now)
    patience = world.kinds[state.slots[slot].kind].patience
    if is_new and patience > 0:
        # patience is sampled once, when the request comes
        gone = now + patience * sample_gap(state.slots[slot].key, PATIENCE)
        push_event(heap, gone, (LEAVES << BITS) | (state.slots[slot].stamp << LOW) | slot)


@bare
def withdraw(world: Any, state: Any, tally: Any, slot: int, now: float) -> None:
    """Let a request that nobody came for be withdrawn."""
    count_wait(world, state, tally, slot, now)
    count_stay(world, state, tally, slot, now)
    if is_counted(world, state, slot):
        why = find_reason(world, state, slot)
        # what nobody could ever have served is counted as such, not as impatience
        tally.counts[
            state.slots[slot].cell, state.slots[slot].kind, why if why == NO_POST else WITHDRAWN
        ] += 1
    leave_queue(state, slot)
    free_slot(state, slot)


@bare
def end_work(world: Any, state: Any, tally: Any, heap: Any, r: int, now: float) -> None:
    """Let a post end its work: the request is resolved or goes up, the post walks back."""
    slot = state.staff[r].job
    state.staff[r].job = -1
    if world.walks_back and state.staff[r].way > 0:
        # on its way back: not at work, and not free either
        state.staff[r].job = -2
        push_event(heap, now + state.staff[r].way, (BACK << BITS) | r)
    if state.slots[slot].stage == state.slots[slot].last:
        count_resolved(world, state, tally, slot, now)
        count_stay(world, state, tally, slot, now)
        free_slot(state, slot)
        return
    state.slots[slot].stage += 1
    if is_counted(world, state, slot):
        tally.sums[state.slots[slot].cell, state.slots[slot].kind, UPS] += 1
    # the next stage is asked of others, who may or may not be busy
    state.slots[slot].seen = 0
    state.slots[slot].since = now
    ask(world, state, tally, heap, slot, now, False)


@bare
def look_round(world: Any, state: Any, tally: Any, heap: Any, r: int, now: float) -> None:
    """Let a post that is free turn to whoever waits for it."""
    # the order is by cost: most posts find nobody waiting
    if state.staff[r].job != -1 or state.ends[3] == 0 or not is_there(world, state, r, now):
        return
    slot, tier, way = find_request(world, state, r, now)
    if slot >= 0:
        count_wait(world, state, tally, slot, now)
        leave_queue(state, slot)
        begin_work(world, state, tally, heap, r, slot, tier, way, now)


@bare
def take_event(world: Any, state: Any, tally: Any, heap: Any, now: float, code: int) -> None:
    """Let one event happen."""
    what = code >> BITS
    stamp = (code >> LOW) & ((1 << LOW) - 1)
    place = code & ((1 << LOW) - 1)
    if what == ARRIVES:
        c = place >> 1
        k = place & 1
        slot = admit(world, state, tally, c, k, now)
        state.coming[c, k].number += 1
        expect_next(world, state, heap, c, k)
        ask(world, state, tally, heap, slot, now, True)
    elif what == WORKED:
        end_work(world, state, tally, heap, place, now)
        look_round(world, state, tally, heap, place, now)
    elif what == BACK:
        state.staff[place].job = -1
        look_round(world, state, tally, heap, place, now)
    # an event of a request that is gone, or is served already, is void
    elif state.slots[place].stamp == stamp and state.slots[place].waits == 1:
        if what == LEAVES:
            # whoever was met once waits for a higher stage, and stays
            if state.slots[place].met < 0:
                withdraw(world, state, tally, place, now)
        elif not send_first(world, state, tally, heap, place, now):
            let_wait(world, state, heap, place, now)


@njit(cache=True, nogil=True)
def run_days(world: Any, rows: int) -> Any:
    """Run one replication from minute 0 to the end.

    Parameters
    ----------
    world
        What it is given.
    rows
        How many requests are logged one by one: 2 x sub-grid + kind, number,
        came, met, resolved, post.

    Returns
    -------
    The tally and the log.
    """
    n = len(world.cells)
    m = len(world.posts)
    tally = make_tally(n, m, world.groups, len(world.edges), world.hours)
    state = make_state(n, m, world.turns, 256, rows)
    # one arrival a stream, one event a post, the calls; it grows when it must
    heap = make_heap(2 * n + m + len(world.calls) + 64)
    for c in range(n):
        for k in range(2):
            expect_next(world, state, heap, c, k)
    # calls number on from zero in their own streams, which bring nothing else
    for i in range(len(world.calls)):
        push_event(
            heap,
            world.calls[i].at,
            (ARRIVES << BITS) | (2 * world.calls[i].cell + world.calls[i].kind),
        )
    tick = 0
    seen = world.count_from
    struck = 0
    while True:
        # ticks are sorted and kept apart; at one time they come before events
        on_clock = tick < len(world.ticks) and (
            heap.size[0] == 0 or world.ticks[tick].at <= heap.events[0].at
        )
        if not on_clock and heap.size[0] == 0:
            break
        now = world.ticks[tick].at if on_clock else heap.events[0].at
        if now > world.end:
            break
        # add up the time before this event, while the state is still the old one
        seen = watch(world, state, tally, seen, now)
        struck = note_waiting(world, state, tally, struck, now)
        tally.totals[1] += 1
        # slots and heap grow here, since nothing below may allocate
        if state.ends[2] < 0:
            state = grow_state(state)
        more = MOST + (state.ends[3] if on_clock else 0)
        if heap.size[0] + more > len(heap.events):
            heap = grow_heap(heap, more)
        if on_clock:
            turn_clock(world, state, tally, heap, tick)
            tick += 1
        else:
            now, code = pop_event(heap)
            take_event(world, state, tally, heap, now, code)
    watch(world, state, tally, seen, world.end)
    note_waiting(world, state, tally, struck, world.end)
    tally.totals[3] = state.inside[1]
    # only now, since what is still under way is counted by its state at the end
    close_tallies(world, state, tally)
    return tally, state.log
