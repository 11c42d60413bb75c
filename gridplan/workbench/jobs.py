"""Long work in a process of its own, so that the page stays alive and cancelling is sure."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridplan.arrays import Objects
from gridplan.errors import GridplanError
from gridplan.plan import Plan
from gridplan.redrawing.repair_plan import repair
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.workbench.kinds_of_help import work_out

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MOST_WAITING = 5  # jobs that may wait for the one that runs


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


@dataclass(frozen=True)
class Standing:
    """Where things stand when help is asked for: a plan that was opened or saved, and what changed.

    ``member`` is the sub-grid of each of its stairwells.
    """

    base: Plan
    member: Objects
    centres: Mapping[str, str]
    locks: pd.DataFrame

    def make_plan(self) -> Plan:
        """Make the plan of it, with outlines and figures."""
        member = pd.Series(self.member, index=self.base.stairwells.index, dtype="str")
        return renew_plan(self.base, member, centres=self.centres).replace(locks=self.locks)


class Worker:
    """Runs one job after the other, in a process that is killed when a job is cancelled.

    The process is started before help is first asked for, and another one when
    it was killed, so that nobody waits for it to load.

    ``report`` is called from a thread with the job and a message: stage, done
    and of; proposals, each with the sub-grid of every stairwell; or an error.
    A job that waits for others has the stage ``waiting``, and their number.
    """

    def __init__(self, report: Callable[[HelpJob, Mapping[str, Any]], None]) -> None:
        self._report = report
        self._changed = threading.Condition()
        self._waiting: list[tuple[HelpJob, Standing]] = []
        self._wanted: Plan | None = None
        self._job: HelpJob | None = None
        self._stopped = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._process: Any = None
        self._pipe: Connection | None = None
        # The plan that the process has.
        self._holds: Plan | None = None

    @property
    def job(self) -> HelpJob | None:
        """The job that runs just now."""
        return self._job

    @property
    def waiting(self) -> tuple[HelpJob, ...]:
        """The jobs that wait for it, in their order."""
        return tuple(job for job, _ in self._waiting)

    def warm(self, plan: Plan) -> None:
        """Have a process ready that holds a plan."""
        with self._changed:
            self._wanted = plan
            self._wake()

    def start(self, job: HelpJob, standing: Standing) -> bool:
        """Start a job, after those that were asked for before; False if too many wait."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                return False
            self._waiting.append((job, standing))
            self._wanted = standing.base
            self._wake()
        self._tell_waiting()
        return True

    def cancel(self, number: int = 0) -> bool:
        """Stop the job that runs, or the one of a number; False if there is none."""
        with self._changed:
            later = [(job, standing) for job, standing in self._waiting if job.number == number]
            self._waiting = [pair for pair in self._waiting if pair[0].number != number]
            runs = self._job is not None and number in (0, self._job.number)
            if runs:
                self._stopped = True
                self._kill()
        for job, _ in later:
            self._report(job, {"cancelled": True})
        return runs or bool(later)

    def close(self) -> None:
        """Stop everything."""
        with self._changed:
            self._closed = self._stopped = True
            self._waiting = []
            self._kill()
            self._changed.notify_all()

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process = self._pipe = self._holds = None

    def _tell_waiting(self) -> None:
        """Say to each job that waits how many are before it."""
        with self._changed:
            before = 1 if self._job is not None else 0
            places = [(job, n + before) for n, (job, _) in enumerate(self._waiting) if n + before]
        for job, place in places:
            self._report(job, {"stage": "waiting", "done": 0, "of": place})

    def _run(self) -> None:
        """Take one job after the other, in a thread of its own."""
        while True:
            with self._changed:
                while not (self._closed or self._waiting or self._wanted is not self._holds):
                    self._changed.wait()
                if self._closed:
                    return
                job, standing = self._waiting.pop(0) if self._waiting else (None, None)
                self._job, self._stopped = job, False
                pipe = self._prepare(standing.base if standing else self._wanted)
            self._tell_waiting()
            if job is None or standing is None or pipe is None:
                continue
            message = self._listen(pipe, job, standing)
            with self._changed:
                self._job = None
                if "cancelled" in message:
                    self._kill()
            self._report(job, message)

    def _prepare(self, plan: Plan | None) -> Connection | None:
        """Have a process that holds the plan; returns the pipe to it."""
        if self._pipe is None:
            # A fresh process: what was forked from a server with threads may hang.
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        if self._holds is not plan:
            self._holds = plan
            with suppress(OSError):
                self._pipe.send(plan)
        return self._pipe

    def _listen(self, pipe: Connection, job: HelpJob, standing: Standing) -> Mapping[str, Any]:
        """Ask for a job and pass on its stages; returns its last message."""
        message: Mapping[str, Any] = {}
        try:
            pipe.send((job, standing.member, dict(standing.centres), standing.locks))
            while not ({"proposals", "error"} & set(message)):
                message = pipe.recv()
                if "stage" in message:
                    self._report(job, message)
        except (EOFError, OSError):
            if not self._stopped:
                return {"cancelled": True, "error": "the worker ended -> ask again"}
            return {"cancelled": True}
        return message


def _serve(pipe: Connection) -> None:
    """Do jobs, in the process of their own."""
    # Whoever looks at the page goes first.
    with suppress(AttributeError, OSError):
        os.nice(5)
    _load_engine()
    plan: Plan | None = None
    while True:
        try:
            asked = pipe.recv()
        except (EOFError, OSError):
            return
        if not isinstance(asked, tuple):
            plan = asked
        elif plan is not None:
            job, *rest = asked
            pipe.send(_answer(job, Standing(plan, *rest), pipe))


def _load_engine() -> None:
    """Load what help needs, on a village of a dozen houses, before anybody waits for it."""
    from gridplan.redrawing.redraw_plan import redraw
    from gridplan.synthetic import make_board_plan

    with suppress(GridplanError):
        plan = make_board_plan((1, 1, 2, 2, 2, 2) * 2)
        repair(plan)
        redraw(plan, workers=1)


def _answer(job: HelpJob, standing: Standing, pipe: Connection) -> dict[str, Any]:
    def progress(stage: str, done: int, total: int) -> None:
        pipe.send({"stage": stage, "done": done, "of": total})

    try:
        return work_out(
            job.kind,
            standing.make_plan(),
            progress,
            subgrids=job.subgrids,
            community=job.community,
            most_moved=job.most_moved,
        )
    except GridplanError as error:
        return {"error": str(error)}
