"""Errands: long work in a process of its own that ends with one result, or is cancelled whole."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gridplan.errors import GridplanError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# What an errand does: it is given its arguments and a Progress, and returns what can be sent.
Work = Callable[..., Mapping[str, Any]]
Hear = Callable[[Mapping[str, Any]], None]


class Errand:
    """Runs one piece of work at a time, in a process that ends when it is cancelled.

    Who starts it hears stages with what is done and of how many, and at the end
    one message: the result, ``error`` with its text, or ``cancelled``.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: Any = None
        self._cancelled = False

    @property
    def is_running(self) -> bool:
        """Whether work goes on just now."""
        return self._process is not None

    def start(self, work: Work, arguments: tuple[Any, ...], hear: Hear) -> bool:
        """Start some work; False if other work goes on."""
        with self._guard:
            if self._process is not None:
                return False
            # A fresh process: what was forked from a server with threads may hang.
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_run, args=(work, arguments, theirs), daemon=True)
            process.start()
            theirs.close()
            self._process, self._cancelled = process, False
        threading.Thread(target=self._listen, args=(process, ours, hear), daemon=True).start()
        return True

    def cancel(self) -> bool:
        """Stop the work that goes on; False if there is none."""
        with self._guard:
            if self._process is None:
                return False
            self._cancelled = True
            self._process.terminate()
            return True

    def _listen(self, process: Any, pipe: Connection, hear: Hear) -> None:
        message: Mapping[str, Any] = {}
        try:
            while "result" not in message and "error" not in message:
                message = pipe.recv()
                if "stage" in message:
                    hear(message)
        except (EOFError, OSError):
            process.join()
            message = {"error": f"the work ended early, with status {process.exitcode}"}
        process.join()
        pipe.close()
        with self._guard:
            # What was finished in the moment of cancelling is dropped too.
            message = {"cancelled": True} if self._cancelled else message
            self._process = None
        hear(message)


def _run(work: Work, arguments: tuple[Any, ...], pipe: Connection) -> None:
    """Do the work, in the process of its own."""

    def progress(stage: str, done: int, of: int) -> None:
        pipe.send({"stage": stage, "done": done, "of": of})

    try:
        pipe.send({"result": work(*arguments, progress)})
    except GridplanError as error:
        pipe.send({"error": str(error)})
    finally:
        pipe.close()
