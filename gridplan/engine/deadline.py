"""The deadline: how long a search may go on refining, by the clock or until it is asked to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

Clock = Callable[[], float]  # seconds from any beginning, never running back


class Deadline:
    """When a search stops refining and answers with the best it has.

    Long work asks :meth:`is_over` between its steps. The answer is always
    complete; only how good it is depends on the deadline, and so on the
    machine. Without seconds, and if nobody asks, it is never over.

    Parameters
    ----------
    seconds
        From now until it is over; None: no limit.
    clock
        Where the seconds are read.
    signal
        A file whose existence asks for the end, for searches in processes of
        their own.

    Examples
    --------
    >>> now = [0.0]
    >>> deadline = Deadline(10, clock=lambda: now[0])
    >>> deadline.is_over()
    False
    >>> now[0] = 10.0
    >>> deadline.is_over()
    True
    """

    def __init__(
        self,
        seconds: float | None = None,
        *,
        clock: Clock = time.monotonic,
        signal: Path | None = None,
    ) -> None:
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds
        self._signal = signal
        self._wish = threading.Event()  # shared with all shares of this deadline

    @property
    def is_limited(self) -> bool:
        """Whether it may be over before the work is: it has seconds, or the end was asked for."""
        return self._end is not None or self.is_asked

    @property
    def is_asked(self) -> bool:
        """Whether someone has asked for the end."""
        return self._wish.is_set() or (self._signal is not None and self._signal.exists())

    def ask(self) -> None:
        """Ask for the end: from now on it is over."""
        self._wish.set()
        if self._signal is not None:
            self._signal.touch()

    def is_over(self) -> bool:
        """Whether to stop refining."""
        return self.is_asked or (self._end is not None and self._clock() >= self._end)

    def count_left(self) -> float | None:
        """Count the seconds that are left, never fewer than 0; None without a limit."""
        return None if self._end is None else max(0.0, self._end - self._clock())

    def share(self, part: float) -> Deadline:
        """Return a deadline for one of several works, with its part of the time left now.

        It also ends when this one is asked to end.

        Examples
        --------
        >>> Deadline(10, clock=lambda: 0.0).share(0.25).count_left()
        2.5
        """
        seconds = self.count_left()
        shared = Deadline(
            None if seconds is None else seconds * min(1.0, part),
            clock=self._clock,
            signal=self._signal,
        )
        shared._wish = self._wish  # one request ends all shares
        return shared


ENDLESS = Deadline()  # nobody asks this one for its end


def split_time(sizes: list[int], workers: int) -> list[float]:
    """Split the time among works begun in this order: each gets its share of what then remains.

    Time that one does not need is left to those after it.

    Examples
    --------
    >>> split_time([30, 10, 20], workers=1)
    [0.5, 0.3333333333333333, 1.0]
    """
    remaining = sum(sizes)
    shares = []
    for size in sizes:
        # Several works run at once, so that each has more of the clock than its part.
        shares.append(min(1.0, workers * size / max(1, remaining)))
        remaining -= size
    return shares
