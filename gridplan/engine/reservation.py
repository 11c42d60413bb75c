"""One writer at a time: a plan folder is reserved from the reading of a plan to its writing.

The reservation is a lock of the operating system on a file in the folder, so a
run that is killed holds nothing. The file says who holds it.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gridplan.engine.file_lock import is_same, open_lock, take_lock
from gridplan.engine.whole_files import drop_empty, explain_unwritable, make_folders
from gridplan.errors import PlanBusyError

LOCK_FILE = ".in-use"
_TRIES = 20  # openings of a file that another run is about to remove


@dataclass
class _Holder:
    """Who holds a folder in this process, how many times over, and the plan's state then."""

    thread: int
    depth: int = 0
    state: str | None = None


_holders: dict[str, _Holder] = {}
_guard = threading.Lock()


@contextmanager
def reserve_folder(folder: str | Path) -> Iterator[None]:
    """Keep all other runs from writing into a folder while the block runs.

    The folder is made if it is not there, and removed again if it is empty at
    the end. The thread that holds it may reserve it once more.

    Raises
    ------
    PlanBusyError
        If another run holds it; the message says which and since when.
    UnwritableError
        If nothing can be written there.
    """
    target = Path(folder)
    name = os.path.realpath(target)
    with _guard:
        holder = _holders.setdefault(name, _Holder(threading.get_ident()))
        if holder.thread != threading.get_ident():
            raise _refuse(target, f"process {os.getpid()} on {socket.gethostname()}, this one")
        holder.depth += 1
    try:
        if holder.depth > 1:
            yield
            return
        try:
            made = make_folders(target)
        except OSError as error:
            raise explain_unwritable(target, error) from error
        try:
            with _lock(target):
                yield
        finally:
            drop_empty(made)
    finally:
        with _guard:
            holder.depth -= 1
            if not holder.depth:
                del _holders[name]


def note_state(folder: str | Path, state: str) -> None:
    """Note the state of the plan in a folder that this thread holds."""
    _holders[os.path.realpath(folder)].state = state


def recall_state(folder: str | Path) -> str | None:
    """Recall the state that was noted; none where it was not."""
    holder = _holders.get(os.path.realpath(folder))
    return None if holder is None else holder.state


@contextmanager
def _lock(target: Path) -> Iterator[None]:
    """Lock the file of a folder, and write into it who does."""
    path = target / LOCK_FILE
    handle = _open_locked(target, path)
    try:
        about = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        with suppress(OSError):  # it only informs
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(about).encode(), 0) if hasattr(os, "pwrite") else os.write(
                handle, json.dumps(about).encode()
            )
        yield
    finally:
        try:
            # while it is still locked: nobody else can hold a file that is no longer there
            with suppress(OSError):
                path.unlink()
        finally:
            os.close(handle)
            if os.name == "nt":  # where a file that is open cannot be removed
                with suppress(OSError):
                    path.unlink()


def _open_locked(target: Path, path: Path) -> int:
    """Open the file and lock it; the run before may remove it between the two."""
    for _ in range(_TRIES):
        try:
            handle = open_lock(path)
        except FileNotFoundError as error:
            # the run before found its new folder empty, and removed it
            target.mkdir(parents=True, exist_ok=True)
            cause: OSError = error
            continue
        except OSError as error:
            raise explain_unwritable(target, error) from error
        try:
            is_taken = not take_lock(handle)
            if not is_taken and is_same(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        cause = FileNotFoundError(2, "the folder comes and goes")
        about = _read_holder(path) if is_taken else ""
        os.close(handle)
        if is_taken:
            raise _refuse(target, about)
    raise explain_unwritable(target, cause) from cause


def _read_holder(path: Path) -> str:
    """Read who holds a folder."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return f"process {about['process']} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"  # it has not written it yet


def _refuse(target: Path, who: str) -> PlanBusyError:
    return PlanBusyError(
        f"{target} is being written by {who} -> wait until that run has ended, then run again"
    )
