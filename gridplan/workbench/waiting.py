"""Waiting questions: how many the studio holds before it says that it is busy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 200  # questions of all seats that wait at once
MOST_OF_SEAT = 40  # of one seat, so that it does not keep others waiting


class WaitingRoom:
    """Counts the questions that wait for an answer.

    Examples
    --------
    >>> room = WaitingRoom(most=1)
    >>> with room.enter("west") as first, room.enter("east") as second:
    ...     first, second
    (True, False)
    """

    def __init__(self, most: int = MOST, most_of_seat: int = MOST_OF_SEAT) -> None:
        self._most = most
        self._most_of_seat = most_of_seat
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def enter(self, seat: str) -> Iterator[bool]:
        """Wait with a question; False where there is no room for it."""
        room = self._waiting.total() < self._most and self._waiting[seat] < self._most_of_seat
        self._waiting[seat] += room
        try:
            yield room
        finally:
            self._waiting[seat] -= room
