"""A binary heap of events, earliest first; at one time the lowest code comes first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from gridplan.simulation.requests.random_streams import bare

EVENT = np.dtype([("at", np.float64), ("code", np.int64)], align=True)


class Heap(NamedTuple):
    """Times (minutes) and codes of the events that wait; ``size[0]`` of them."""

    events: Any
    size: Any


@njit(cache=True, nogil=True)
def make_heap(room: int) -> Any:
    """Make an empty heap with room for so many events."""
    return Heap(np.empty(room, EVENT), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def grow_heap(heap: Any, more: int) -> Any:
    """Return the heap in a larger room, for so many more events."""
    room = len(heap.events)
    # twice the room, so that growing costs a constant time an event
    events = np.empty(2 * (room + more), EVENT)
    events[:room] = heap.events
    return Heap(events, heap.size)


@bare
def push_event(heap: Any, at: float, code: int) -> None:
    """Put an event on the heap."""
    events = heap.events
    i = heap.size[0]
    heap.size[0] += 1
    # move later parents down until the place of the new event is reached
    while i > 0:
        up = (i - 1) >> 1
        if events[up].at < at or (events[up].at == at and events[up].code <= code):
            break
        events[i] = events[up]
        i = up
    events[i].at = at
    events[i].code = code


@bare
def pop_event(heap: Any) -> Any:
    """Take the first event off the heap; returns its time and code."""
    events = heap.events
    first = events[0].at
    event = events[0].code
    heap.size[0] -= 1
    n = heap.size[0]
    # the last event fills the gap at the top and sinks from there
    moved_time = events[n].at
    moved_code = events[n].code
    i = 0
    while 2 * i + 1 < n:
        down = 2 * i + 1
        right = 2 * i + 2
        # the earlier child moves up
        if right < n and comes_first(events, right, down):
            down = right
        if moved_time < events[down].at or (
            moved_time == events[down].at and moved_code <= events[down].code
        ):
            break
        events[i] = events[down]
        i = down
    events[i].at = moved_time
    events[i].code = moved_code
    return first, event


@bare
def comes_first(events: Any, a: int, b: int) -> Any:
    """Whether event a comes before event b."""
    return events[a].at < events[b].at or (
        events[a].at == events[b].at and events[a].code < events[b].code
    )
