"""Files that wait to be fetched: each for the seat that asked for it, once, under its ticket."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gridplan.workbench.desk import Seat

KEPT = 600.0  # seconds that a file waits to be fetched
MOST = 4  # files that wait; the oldest goes first


@dataclass(frozen=True)
class TakenFile:
    """A file that waits to be fetched: whose it is, its name and kind, and what is in it."""

    seat: str
    name: str
    media: str
    content: bytes
    until: float


@dataclass
class Counter:
    """Where files wait: by tickets that nobody can guess, each for one seat and one fetching."""

    waiting: dict[str, TakenFile] = field(default_factory=dict)

    def lay(self, ticket: str, file: TakenFile) -> None:
        """Lay a file out, and clear away what nobody fetched."""
        now = time.monotonic()
        kept = {key: one for key, one in self.waiting.items() if one.until > now}
        newest = list(kept.items())[-(MOST - 1) :]
        self.waiting = {**dict(newest), ticket: file}

    def fetch(self, ticket: str, seat: Seat) -> TakenFile | None:
        """Fetch a file, once; None where there is none, or it is another seat's.

        Examples
        --------
        >>> counter = Counter()
        >>> counter.lay("t1", TakenFile("chief", "a.pdf", "application/pdf", b"", float("inf")))
        >>> counter.fetch("t1", Seat("street")), counter.fetch("t1", Seat("chief")).name
        (None, 'a.pdf')
        >>> counter.fetch("t1", Seat("chief"))
        """
        file = self.waiting.get(ticket)
        if file is None or file.seat != seat.code or file.until <= time.monotonic():
            return None
        return self.waiting.pop(ticket, None)


# One for all sessions of a process: a ticket says which file it is, whatever it was made of.
COUNTER = Counter()
