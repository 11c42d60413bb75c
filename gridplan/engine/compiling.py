"""Reports of kernels that are being compiled, in this process and in those that work for it.

Numba reports every function that it compiles rather than loads. Whoever shows
progress listens here; processes of :mod:`gridplan.engine.parallel_map` send
their reports to the one that started them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

# The process, whether the compiling begins there, and the kernel; a process that is gone
# reports no kernel and ends all that it began.
Listener = Callable[[int, bool, str], None]

LOOK = 0.1  # seconds between two looks whether numba is loaded
_listeners: list[Listener] = []
_is_hooked = False


class _Hook:
    """What numba calls."""

    def notify(self, event: Any) -> None:
        """Take a report of numba's (its name for what a listener does)."""
        function = event.data["dispatcher"].py_func
        report(os.getpid(), bool(event.is_start), f"{function.__module__}.{function.__name__}")


def report(process: int, begins: bool, kernel: str) -> None:
    """Pass a report on to all that listen."""
    for listener in _listeners:
        listener(process, begins, kernel)


def listen(listener: Listener) -> None:
    """Let a function hear all reports, once; of this process's own from when numba is loaded."""
    if listener not in _listeners:
        _listeners.append(listener)
    hook()


def forget(listener: Listener) -> None:
    """Let a function hear no more reports."""
    with suppress(ValueError):
        _listeners.remove(listener)


def hook() -> bool:
    """Listen to numba if it is loaded, which is not done for the sake of this."""
    global _is_hooked
    events: Any = sys.modules.get("numba.core.event")
    # The last of its names is there once all of it is loaded.
    if not _is_hooked and hasattr(events, "install_recorder"):
        events.Listener.register(_Hook)  # a class that numba takes for its own
        events.register("numba:compile", _Hook())
        _is_hooked = True
    return _is_hooked


def send_reports(sender: Connection, lock: Any) -> None:
    """Send the reports of this process to the one that it works for."""

    def send(process: int, begins: bool, kernel: str) -> None:
        # One that was killed may hold the lock for ever: a report is worth no more than a second.
        if lock.acquire(timeout=1.0):
            try:
                with suppress(OSError):
                    sender.send((process, begins, kernel))
            finally:
                lock.release()

    def wait_for_numba() -> None:
        while not hook():
            time.sleep(LOOK)

    listen(send)
    threading.Thread(target=wait_for_numba, daemon=True).start()


@contextmanager
def relay_reports(context: Any) -> Iterator[tuple[Connection, Any]]:
    """Relay the reports of other processes; gives what :func:`send_reports` takes there."""
    receiver, sender = context.Pipe(duplex=False)
    ended = threading.Event()
    processes: set[int] = set()

    def relay() -> None:
        while not ended.is_set():
            with suppress(EOFError, OSError):
                if receiver.poll(LOOK):
                    process, begins, kernel = receiver.recv()
                    processes.add(process)
                    report(process, begins, kernel)

    relayer = threading.Thread(target=relay, daemon=True)
    relayer.start()
    try:
        yield sender, context.Lock()
    finally:
        ended.set()
        relayer.join()
        receiver.close()
        sender.close()
        for process in processes:
            report(process, False, "")
