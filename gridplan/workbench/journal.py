"""The journal: accepted changes on disk before anybody is told that they are accepted.

One line of JSON for each change. Every line carries a chain, a digest of its
content and of the chain before, so that a torn or altered line is seen. What
follows the first such line is not trusted, and is kept aside.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplan.engine.whole_files import draft_file, explain_unwritable
from gridplan.errors import PlanError, UnwritableError

FORMAT = 1


@dataclass(frozen=True)
class JournalHead:
    """The first line of a journal: the plan that its changes begin from."""

    plan: str
    begun: str

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {"studio": FORMAT, "plan": self.plan, "begun": self.begun}


@dataclass(frozen=True)
class Recovered:
    """What was read from a journal: its head, the changes, and the bytes that were not trusted."""

    head: JournalHead
    entries: tuple[Mapping[str, Any], ...]
    lost: int


class Journal:
    """An open journal, to which lines are only ever added.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "journal"
    ...     journal = Journal.begin(file, JournalHead("abc", "2026-11-29"))
    ...     journal.append([{"number": 1}])
    ...     journal.close()
    ...     read_journal(file).entries
    ({'number': 1},)
    """

    def __init__(self, file: Path, chain: str) -> None:
        self.file = file
        self._chain = chain
        self._end = file.stat().st_size
        self._handle = file.open("r+b")

    @classmethod
    def begin(cls, file: Path, head: JournalHead) -> Journal:
        """Begin a new journal; the file appears whole."""
        line, chain = _write_line(head.to_data(), "")
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft_file(file) as draft:
            draft.write_bytes(line)
        return cls(file, chain)

    @classmethod
    def resume(cls, file: Path) -> tuple[Journal, Recovered]:
        """Open a journal that is there, cutting off what a crash left half written.

        Raises
        ------
        PlanError
            If its first line is not that of a journal.
        """
        found, end, chain = _read(file)
        if found.lost:
            _keep_aside(file, end)
        journal = cls(file, chain)
        return journal, found

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add lines and wait until they are on disk.

        Raises
        ------
        UnwritableError
            If the disk takes no more; then the file is as it was before.
        """
        lines = []
        chain = self._chain
        for entry in entries:
            line, chain = _write_line(entry, chain)
            lines.append(line)
        content = b"".join(lines)
        try:
            self._handle.seek(self._end)
            self._handle.write(content)
            self._handle.flush()
            _sync(self._handle.fileno())
        except OSError as error:
            self._cut_back()
            raise UnwritableError(
                f"{explain_unwritable(self.file, error)}; the change was not accepted"
            ) from error
        self._end += len(content)
        self._chain = chain

    def _cut_back(self) -> None:
        """Cut off what a failed writing left, so that the next line follows the last good one."""
        with suppress(OSError):
            self._handle.close()
        os.truncate(self.file, self._end)
        self._handle = self.file.open("r+b")

    def close(self) -> None:
        """Close the file."""
        self._handle.close()


def _sync(handle: int) -> None:
    """Wait until what was written is on disk; where it can be, the file's times are not waited for.

    macOS and Windows know the whole file only.
    """
    wait: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
    wait(handle)


def read_journal(file: Path) -> Recovered:
    """Read a journal without changing it.

    Raises
    ------
    PlanError
        If its first line is not that of a journal.
    """
    return _read(file)[0]


def _read(file: Path) -> tuple[Recovered, int, str]:
    """Read the lines whose chain holds; returns them, where they end, and their chain."""
    content = file.read_bytes()
    entries: list[dict[str, Any]] = []
    chain = ""
    end = 0
    for line in content.splitlines(keepends=True):
        entry = _check_line(line, chain)
        if entry is None:
            break
        chain = entry.pop("chain")
        entries.append(entry)
        end += len(line)
    if not entries or entries[0].get("studio") != FORMAT:
        raise PlanError(
            f"{file} is not a journal of this version of the studio -> move it away to begin anew"
        )
    head = JournalHead(str(entries[0]["plan"]), str(entries[0]["begun"]))
    return Recovered(head, tuple(entries[1:]), len(content) - end), end, chain


def _check_line(line: bytes, chain: str) -> dict[str, Any] | None:
    """Read a line if it is whole and follows the chain."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or "chain" not in entry:
        return None
    written = entry["chain"]
    rest = {key: value for key, value in entry.items() if key != "chain"}
    return entry if written == _link(rest, chain) else None


def _write_line(entry: Mapping[str, Any], chain: str) -> tuple[bytes, str]:
    following = _link(entry, chain)
    line = json.dumps({**entry, "chain": following}, ensure_ascii=False, separators=(",", ":"))
    return line.encode() + b"\n", following


def _link(entry: Mapping[str, Any], chain: str) -> str:
    content = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(f"{chain}{content}".encode(), digest_size=12).hexdigest()


def _keep_aside(file: Path, end: int) -> None:
    """Move the bytes behind the last good line into a file beside it, and cut them off."""
    rest = file.read_bytes()[end:]
    with draft_file(file.with_name(f"{file.name}.torn")) as draft:
        draft.write_bytes(rest)
    os.truncate(file, end)
