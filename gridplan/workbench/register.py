"""The register of seats: the link of each, and who is here, while the studio runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridplan.engine.whole_files import draft_file, explain_unwritable
from gridplan.workbench.desk import Seat
from gridplan.workbench.segments import tell_time

_AWAY = 40.0  # seconds without a word after which a seat is away
_SHOWN = 20  # homes of a seat's choice that others see


@dataclass
class Presence:
    """Where a seat is looking, and when it was last heard of."""

    lines: int = 0  # sockets that are open
    heard: float = float("-inf")  # seconds of this machine's running clock
    time: str = ""  # the same as people read it
    where: Mapping[str, Any] = field(default_factory=dict)


class SeatRegister:
    """Who has which seat, by digests of their tokens; the tokens themselves are never kept.

    Parameters
    ----------
    seats
        All seats, by their codes.
    file
        Where the digests are kept, so that links go on after the studio was
        started again under the same address; None if they end with it.
    address
        The address that the links lead to.
    show
        Called with who is where, whenever that changes.

    Examples
    --------
    >>> register = SeatRegister([Seat("west"), Seat("east")])
    >>> token = register.issue("west")
    >>> register.find(token).code, register.find("t" * 43)
    ('west', None)
    >>> register.revoke("west")
    >>> register.find(token)
    """

    def __init__(
        self, seats: Iterable[Seat] = (), file: Path | None = None, address: str = ""
    ) -> None:
        self._seats = {seat.code: seat for seat in seats}
        self._file = file
        self._address = address
        self._digests: dict[str, str] = _read_digests(file, address, self._seats)
        self._presence = {code: Presence() for code in self._seats}
        self._told: set[str] = set()
        self._guard = threading.RLock()
        self.show: Callable[[Mapping[str, Any]], None] = lambda message: None
        self.wake: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, tokens: Mapping[str, Seat]) -> SeatRegister:
        """Make the register of seats whose tokens are known."""
        register = cls(tokens.values())
        register._digests = {seat.code: _digest(token) for token, seat in tokens.items()}
        return register

    def issue(self, code: str) -> str:
        """Give a seat a new token; the one before ends.

        Raises
        ------
        KeyError
            If there is no such seat.
        UnwritableError
            If its digest cannot be kept; the token before holds on.
        """
        token = secrets.token_urlsafe(32)
        self._set(self._seats[code].code, _digest(token))
        return token

    def revoke(self, code: str) -> None:
        """End the token of a seat.

        Raises
        ------
        KeyError, UnwritableError
            As :meth:`issue` raises them.
        """
        self._set(self._seats[code].code, "")

    def find(self, token: str) -> Seat | None:
        """Find the seat of a token."""
        digest = _digest(token)
        # All are compared, so that the time says nothing of which was nearest.
        with self._guard:
            codes = [c for c, known in self._digests.items() if hmac.compare_digest(digest, known)]
        return self._seats[codes[0]] if codes else None

    def knows(self, code: str) -> bool:
        """Whether a seat has, or had, a link to this address: a revoked one stays revoked."""
        return code in self._digests

    def has_link(self, code: str) -> bool:
        """Whether a seat has a link that holds."""
        return bool(self._digests.get(code))

    def hear(self, seat: Seat, where: Mapping[str, Any] | None = None, opened: int = 0) -> None:
        """Note that a seat spoke, where it looks, and lines that it opened or closed."""
        with self._guard:
            presence = self._presence[seat.code]
            was = _is_here(presence)
            presence.heard, presence.time = time.monotonic(), tell_time()
            presence.lines += opened
            changed = where is not None and where != presence.where
            if where is not None:
                presence.where = where
            if not presence.lines and opened < 0:
                presence.heard = float("-inf")
            if changed or _is_here(presence) != was:
                self._tell()

    def refresh(self) -> None:
        """Tell who is where, if a seat that asks now and then has not been heard for a while."""
        with self._guard:
            if self._told != self._list_here():
                self._tell()

    def describe(self) -> list[dict[str, Any]]:
        """Describe all seats: who is here, since when not, and where they look."""
        with self._guard:
            return [
                {
                    "code": code,
                    "office": seat.office,
                    "role": seat.role,
                    "communities": sorted(seat.communities),
                    "link": self.has_link(code),
                    "here": _is_here(self._presence[code]),
                    "seen": self._presence[code].time,
                    "where": dict(self._presence[code].where),
                }
                for code, seat in self._seats.items()
            ]

    def _set(self, code: str, digest: str) -> None:
        with self._guard:
            digests = {**self._digests, code: digest}
            self._write(digests)
            self._digests = digests
            self._tell()
        self.wake()

    def _list_here(self) -> set[str]:
        return {code for code, presence in self._presence.items() if _is_here(presence)}

    def _tell(self) -> None:
        self._told = self._list_here()
        self.show({"kind": "seats", "rows": self.describe()})

    def _write(self, digests: Mapping[str, str]) -> None:
        if self._file is None:
            return
        data = {"address": self._address, "digests": dict(digests)}
        try:
            with draft_file(self._file) as draft:
                draft.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
        except OSError as error:
            raise explain_unwritable(self._file, error) from error


def read_where(message: Mapping[str, Any]) -> dict[str, Any]:
    """Read where a page looks, and no more than others need of it.

    Examples
    --------
    >>> read_where({"community": "0301", "homes": ["h04-1"], "box": [0, 0, 9.5, 9], "more": 1})
    {'community': '0301', 'homes': ['h04-1'], 'box': [0, 0, 9, 9]}
    """
    return {
        "community": str(message.get("community", ""))[:100],
        "homes": [str(home)[:100] for home in list(message.get("homes", []))[:_SHOWN]],
        "box": [int(number) for number in list(message.get("box", []))[:4]],
    }


def _is_here(presence: Presence) -> bool:
    return presence.lines > 0 or time.monotonic() - presence.heard < _AWAY


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _read_digests(file: Path | None, address: str, seats: Mapping[str, Seat]) -> dict[str, str]:
    """Read the digests of links that lead to this address; none where the file is of another."""
    if file is None or not file.is_file():
        return {}
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["address"] != address:
            return {}
        return {code: str(digest) for code, digest in data["digests"].items() if code in seats}
    except (ValueError, KeyError, TypeError, AttributeError):
        # A file that is not whole gives new links, never somebody else's seat.
        return {}
