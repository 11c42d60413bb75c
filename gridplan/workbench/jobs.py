"""Long work in a process of its own, so that the page stays alive and cancelling is sure."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridplan.errors import GridplanError
from gridplan.workbench.kinds_of_help import propose

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gridplan.plan import Plan


@dataclass(frozen=True)
class HelpJob:
    """Work that was asked for: repair round some sub-grids, or redraw one community.

    ``kind`` is repair, redraw (with one cap) or budget (with many).
    """

    number: int
    kind: str
    subgrids: tuple[str, ...] = ()
    community: str = ""
    most_moved: float = 0.05


class Worker:
    """Runs one job at a time, in a process that is killed when the job is cancelled.

    ``report`` is called from a thread with the job and a message: stage, done
    and of; proposals, each with the sub-grid of every stairwell; or an error.
    """

    def __init__(self, report: Callable[[HelpJob, Mapping[str, Any]], None]) -> None:
        self._report = report
        self._process: Any = None
        self._job: HelpJob | None = None
        self._guard = threading.Lock()

    @property
    def job(self) -> HelpJob | None:
        """The job that runs just now."""
        return self._job

    def start(self, job: HelpJob, plan: Plan) -> bool:
        """Start a job; False if another one runs."""
        with self._guard:
            if self._job is not None:
                return False
            # A fresh process: what was forked from a server with threads may hang.
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe(duplex=False)
            self._process = context.Process(target=_work, args=(job, plan, theirs), daemon=True)
            self._process.start()
            theirs.close()
            self._job = job
        threading.Thread(target=self._listen, args=(job, ours), daemon=True).start()
        return True

    def cancel(self) -> bool:
        """Stop the job that runs; False if there is none."""
        with self._guard:
            if self._job is None:
                return False
            self._process.terminate()
            return True

    def _listen(self, job: HelpJob, pipe: Connection) -> None:
        message: Mapping[str, Any] = {}
        try:
            while not ({"proposals", "error"} & set(message)):
                message = pipe.recv()
                if "stage" in message:
                    self._report(job, message)
        except EOFError:
            message = {"cancelled": True}
        self._process.join()
        with self._guard:
            self._job = None
        self._report(job, message)


def _work(job: HelpJob, plan: Plan, pipe: Connection) -> None:
    """Do a job, in the process of its own."""

    def progress(stage: str, done: int, total: int) -> None:
        pipe.send({"stage": stage, "done": done, "of": total})

    try:
        pipe.send({"proposals": propose(job, plan, progress)})
    except GridplanError as error:
        pipe.send({"error": str(error)})
    finally:
        pipe.close()
