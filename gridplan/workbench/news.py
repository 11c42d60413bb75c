"""News of the studio: numbered messages for all seats, and who is where just now."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
_KEPT = 500  # messages kept for pages that were away; who missed more loads the plan again


@dataclass(frozen=True)
class Heard:
    """What a page has heard so far: the server's run, the last message, the last presence.

    A server that was started again has another run, so that its numbers are
    not taken for those of the one before.
    """

    run: str
    after: int
    shown: int = 0


class News:
    """Messages for all seats, numbered, for those that listen and those that ask later.

    What is shown, such as where a seat is looking, is not kept: only the
    newest of each kind is passed on.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._messages: list[Message] = []
        self._first = 1
        self._changed = asyncio.Event()
        self._shown: dict[str, Message] = {}
        self._times_shown = 0
        self.run = secrets.token_hex(8)

    def begin(self) -> None:
        """Take the loop that the server runs in."""
        self._loop = asyncio.get_running_loop()

    @property
    def last(self) -> int:
        """The number of the newest message."""
        return self._first + len(self._messages) - 1

    def publish(self, message: Mapping[str, Any]) -> None:
        """Add a message; from any thread."""
        self._call(self._add, dict(message))

    def show(self, message: Mapping[str, Any]) -> None:
        """Pass on a message that is not kept; from any thread."""
        self._call(self._put, dict(message))

    def wake(self) -> None:
        """Let everybody who waits look again, as when a seat has lost its link."""
        self._call(self._wake)

    def _call(self, act: Any, *arguments: Any) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(act, *arguments)

    def _add(self, message: Message) -> None:
        self._messages.append({**message, "news": self.last + 1})
        drop = len(self._messages) - _KEPT
        if drop > 0:
            del self._messages[:drop]
            self._first += drop
        self._wake()

    def _put(self, message: Message) -> None:
        self._times_shown += 1
        self._shown[str(message["kind"])] = {**message, "shown": self._times_shown}
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, heard: Heard, seconds: float) -> list[Message] | None:
        """Wait for what a page has not heard; None where some of it is not kept any more.

        Returns nothing after ``seconds``, or when somebody was woken for another reason.
        """
        after = heard.after
        if heard.run != self.run or after < self._first - 1 or after > self.last:
            return None
        if after == self.last and heard.shown >= self._times_shown:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)
        kept = self._messages[max(0, after - self._first + 1) :]
        return kept + [m for m in self._shown.values() if m["shown"] > heard.shown]
