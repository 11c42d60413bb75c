"""A binary heap of events, the earliest first; of events at one time the one with the lowest code."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit


class Heap(NamedTuple):
    """Times (minutes) and codes of the events that wait; ``size[0]`` of them."""

    at: Any
    code: Any
    size: Any


@njit(cache=True, nogil=True)
def make_heap(room: int) -> Any:
    """Make an empty heap with room for so many events."""
    return Heap(np.empty(room), np.empty(room, np.int64), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def grow_heap(heap: Any, more: int) -> Any:
    """Return the heap, in a larger room if so many more events have none."""
    room = len(heap.at)
    if heap.size[0] + more <= room:
        return heap
    at, code = np.empty(2 * (room + more)), np.empty(2 * (room + more), np.int64)
    at[:room], code[:room] = heap.at, heap.code
    return Heap(at, code, heap.size)


@njit(cache=True, nogil=True)
def push_event(heap: Any, at: float, code: int) -> None:
    """Put an event on the heap."""
    i = heap.size[0]
    heap.size[0] += 1
    while i > 0:
        up = (i - 1) >> 1
        if heap.at[up] < at or (heap.at[up] == at and heap.code[up] <= code):
            break
        heap.at[i], heap.code[i] = heap.at[up], heap.code[up]
        i = up
    heap.at[i], heap.code[i] = at, code


@njit(cache=True, nogil=True)
def pop_event(heap: Any) -> Any:
    """Take the first event off the heap; returns its time and code."""
    first, event = heap.at[0], heap.code[0]
    heap.size[0] -= 1
    n = heap.size[0]
    at, code = heap.at[n], heap.code[n]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        right = down + 1
        if right < n and (
            heap.at[right] < heap.at[down] or (heap.at[right] == heap.at[down] and heap.code[right] < heap.code[down])
        ):
            down = right
        if at < heap.at[down] or (at == heap.at[down] and code <= heap.code[down]):
            break
        heap.at[i], heap.code[i] = heap.at[down], heap.code[down]
        i = down
    if n > 0:
        heap.at[i], heap.code[i] = at, code
    return first, event
