"""What the kernel reads and keeps: arrays by name, slots of requests, and their queues."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gridplan.simulation.requests.random_streams import bare

STAGES = 3
TIERS = 7
# The tiers in the order of asking; the last two only in a surge.
OWN, NEIGHBOUR, VOLUNTEER, COMMUNITY, STREET, AID, INSTITUTION = range(TIERS)
STEP = 60.0  # minutes of a step of the profiles

# Columns of the counts of a sub-grid and kind.
(
    CAME,
    ANSWERED,
    RESOLVED,
    GREEN,
    YELLOW,
    NO_POST,
    OFF_DUTY,
    BUSY,
    WITHDRAWN,
    UNDER_WAY,
    WENT_UP,
    BY_TIER,
) = range(12)
COUNTS = BY_TIER + TIERS
# Columns of the sums of a sub-grid and kind: of requests that count, minutes until somebody
# came and until they were resolved, each with its square, minutes in the system, minutes that
# they waited, the same for a higher level alone, and how often they went up; and of all
# requests how many were in the system on average while it counts, how many of them waited,
# and how many for a higher level. The last is filled afterwards: how many are satisfied.
(
    RESPONSE,
    RESPONSE_SQUARED,
    RESOLUTION,
    RESOLUTION_SQUARED,
    STAY,
    WAIT,
    UP_WAIT,
    UPS,
    INSIDE,
    QUEUE,
    UP_QUEUE,
    SATISFIED,
) = range(12)
SUMS = SATISFIED + 1


def _make_record_type(whole: str, times: str, keys: str = "") -> np.dtype[Any]:
    """Make the type of a record of whole numbers, times and shares, and keys of streams."""
    fields = [(name, np.int64) for name in whole.split()] + [
        (name, np.float64) for name in times.split()
    ]
    return np.dtype([*fields, *((name, np.uint64) for name in keys.split())], align=True)


# What the kernel is given.

# A sub-grid: its row of the profiles, its community, where its links begin and end.
CELL = _make_record_type("profile group start stop", "")
# Of a sub-grid and kind; the rate is a minute's.
STREAM = _make_record_type("", "rate", "key")
# Skill has a bit for each kind; the level is from 0, grid, to 2, street.
POST = _make_record_type("turn skill level start stop", "share begins ends", "key")
# Of a sub-grid to a post, in the order of asking; the way in minutes.
LINK = _make_record_type("who tier", "way")
# The same by post.
BACK_LINK = _make_record_type("cell tier", "way")
# A turn of duty begins on a day, or ends (day -1); turn -1: a post's window begins.
TICK = _make_record_type("turn day", "at")
# A request that is known beforehand; streams of such a kind have a rate of 0.
CALL = _make_record_type("cell kind", "at")
# Shares that go up to the community and, of all, to the street; mean minutes of patience.
KIND = _make_record_type("", "up street patience")

# What it keeps.

SLOT = _make_record_type(
    "cell kind stage last prev next earlier later stamp waits seen row", "began since met", "key"
)
# Of a sub-grid and kind: requests so far, and the running sum at which the next comes.
COMING = _make_record_type("number", "reached")
# The slot that a post is at work on; -1: it is free, -2: it is on the way back.
STAFF = _make_record_type("job", "way")
SERVED = _make_record_type("jobs", "busy walked")


class World(NamedTuple):
    """All that a replication is given.

    ``running[profile, kind]`` are the minutes so far, each weighted with its
    demand. ``opens[kind, stage, tier]`` are the minutes until a tier is asked
    (infinite: never), ``work[kind, stage]`` those of work. ``shape`` is
    lognormal (0, with ``cv``), exponential (1) or fixed (2). With ``by_tier``
    tiers come before age; ``walks_back``: the way back keeps a post busy.
    Requests that come from ``count_from`` to ``count_to`` count; answers are
    counted by ``edges`` (minutes). Who waits is noted at each whole hour of
    that time, under its number modulo ``hours`` (168: by hour of a week; 0:
    not at all).
    """

    cells: Any
    streams: Any
    posts: Any
    links: Any
    back: Any
    ticks: Any
    calls: Any
    kinds: Any
    running: Any
    opens: Any
    work: Any
    edges: Any
    cv: float
    shape: int
    by_tier: bool
    walks_back: bool
    turns: int
    groups: int
    count_from: float
    count_to: float
    end: float
    green: float
    yellow: float
    hours: int = 0


class KernelTally(NamedTuple):
    """What came of it, by sub-grid and kind, by community and time, by post, and in total."""

    counts: Any  # int64[n, 2, COUNTS]
    sums: Any  # float64[n, 2, SUMS]
    answers: Any  # int64[groups, 2, edges + 1]
    first: Any  # float64[n, 2]: when somebody first came to one that counts; infinite: never
    last: Any  # float64[n, 2]: when the last of them was resolved; -infinite: none was
    posts: Any  # SERVED[m]
    # float64[4]: request-minutes in the system, events, most requests at once,
    # requests of all
    totals: Any
    waiting: Any  # int64[hours, n, 2]: who waits as an hour strikes, before what happens at it


class KernelState(NamedTuple):
    """What is under way: slots of requests, queues by sub-grid, who is on duty and at work."""

    slots: Any  # SLOT[room]
    head: Any  # int64[n, 2 * STAGES]
    tail: Any
    waiting: Any  # int64[n]
    coming: Any  # COMING[n, 2]
    staff: Any  # STAFF[m]
    on: Any  # int64[turns]: day of duty, -1 off
    ends: Any  # int64[4]: first and last of all that wait, first free slot, how many wait
    inside: Any  # int64[2]: requests in the system, requests so far
    log: Any  # float64[rows, 6]


@njit(cache=True, nogil=True)
def make_tally(cells: int, posts: int, groups: int, edges: int, hours: int) -> Any:
    """Make a tally of nothing."""
    return KernelTally(
        np.zeros((cells, 2, COUNTS), np.int64),
        np.zeros((cells, 2, SUMS)),
        np.zeros((groups, 2, edges + 1), np.int64),
        np.full((cells, 2), np.inf),
        np.full((cells, 2), -np.inf),
        np.zeros(posts, SERVED),
        np.zeros(4),
        np.zeros((hours, cells, 2), np.int64),
    )


@njit(cache=True, nogil=True)
def make_state(cells: int, posts: int, turns: int, room: int, rows: int) -> Any:
    """Make the state in which nothing is under way."""
    staff = np.zeros(posts, STAFF)
    for r in range(posts):
        staff[r].job = -1
    # heads and tails of empty queues
    nobody = np.full((cells, 2 * STAGES), -1, np.int64)
    return KernelState(
        make_slots(np.zeros(0, SLOT), room),
        nobody,
        nobody.copy(),
        np.zeros(cells, np.int64),
        np.zeros((cells, 2), COMING),
        staff,
        np.full(turns, -1, np.int64),
        np.array([-1, -1, 0, 0]),
        np.zeros(2, np.int64),
        np.full((rows, 6), np.nan),
    )


@njit(cache=True, nogil=True)
def make_slots(before: Any, room: int) -> Any:
    """Make more slots, each pointing at the next free one."""
    slots = np.zeros(room, SLOT)
    slots[: len(before)] = before
    for i in range(len(before), room):
        # a stamp that no event carries
        slots[i].stamp = -1
        slots[i].next = i + 1
    slots[room - 1].next = -1
    return slots


@njit(cache=True, nogil=True)
def grow_state(state: Any) -> Any:
    """Return the state with twice the slots; for when none is free."""
    room = len(state.slots)
    state.ends[2] = room
    return KernelState(
        make_slots(state.slots, 2 * room),
        state.head,
        state.tail,
        state.waiting,
        state.coming,
        state.staff,
        state.on,
        state.ends,
        state.inside,
        state.log,
    )


@bare
def join_queue(state: Any, slot: int) -> None:
    """Let a request wait: last of its sub-grid, kind and stage, and last of all."""
    q = state.slots[slot].kind * STAGES + state.slots[slot].stage
    last = state.tail[state.slots[slot].cell, q]
    state.slots[slot].prev = last
    state.slots[slot].next = -1
    state.slots[slot].waits = 1
    if last >= 0:
        state.slots[last].next = slot
    else:
        state.head[state.slots[slot].cell, q] = slot
    state.tail[state.slots[slot].cell, q] = slot
    # the second chain, of all that wait by age, for ticks and for the count by hour
    state.slots[slot].earlier = state.ends[1]
    state.slots[slot].later = -1
    if state.ends[1] >= 0:
        state.slots[state.ends[1]].later = slot
    else:
        state.ends[0] = slot
    state.ends[1] = slot
    state.waiting[state.slots[slot].cell] += 1
    state.ends[3] += 1


@bare
def leave_queue(state: Any, slot: int) -> None:
    """Take a request out of its queue."""
    q = state.slots[slot].kind * STAGES + state.slots[slot].stage
    before = state.slots[slot].prev
    after = state.slots[slot].next
    if before >= 0:
        state.slots[before].next = after
    else:
        state.head[state.slots[slot].cell, q] = after
    if after >= 0:
        state.slots[after].prev = before
    else:
        state.tail[state.slots[slot].cell, q] = before
    # and out of the chain of all that wait
    before = state.slots[slot].earlier
    after = state.slots[slot].later
    if before >= 0:
        state.slots[before].later = after
    else:
        state.ends[0] = after
    if after >= 0:
        state.slots[after].earlier = before
    else:
        state.ends[1] = before
    state.slots[slot].waits = 0
    state.waiting[state.slots[slot].cell] -= 1
    state.ends[3] -= 1


@bare
def free_slot(state: Any, slot: int) -> None:
    """Give a slot back."""
    # events that still wait for this slot are void from now on
    state.slots[slot].stamp = -1
    state.slots[slot].next = state.ends[2]
    state.ends[2] = slot
    state.inside[0] -= 1
