"""Long work in a process of its own, so that the page stays alive and cancelling is sure."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridplan.errors import GridplanError
from gridplan.redrawing.repair_plan import repair
from gridplan.redrawing.revision.locks import add_locks

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gridplan.plan import Plan

# Largest shares of households that the proposals of a redraw may move.
SHARES = (1.0, 0.5, 0.2)


@dataclass(frozen=True)
class HelpJob:
    """Work that was asked for: repair round some sub-grids, or redraw one community."""

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

    def progress(stage: str, done: int, of: int) -> None:
        pipe.send({"stage": stage, "done": done, "of": of})

    try:
        pipe.send({"proposals": _propose(job, plan, progress)})
    except GridplanError as error:
        pipe.send({"error": str(error)})
    finally:
        pipe.close()


def _propose(job: HelpJob, plan: Plan, progress: Any) -> list[dict[str, str]]:
    """Return the proposals: in each the sub-grid of every stairwell that changes it."""
    before = plan.stairwells["subgrid"]
    proposals: list[dict[str, str]] = []
    if job.kind == "repair":
        plans = [repair(plan, job.subgrids or None, progress=progress)]
    else:
        plans = list(_redraw_community(job, plan, progress))
    for new in plans:
        after = new.stairwells["subgrid"]
        changed = {str(k): str(v) for k, v in after[after != before.reindex(after.index)].items()}
        if changed and changed not in proposals:
            proposals.append(changed)
    return proposals


def _redraw_community(job: HelpJob, plan: Plan, progress: Any) -> Any:
    """Redraw one community with ever fewer households moved, all others locked."""
    from gridplan.redrawing.redraw_plan import redraw

    others = [str(c) for c in plan.site.communities.index if c != job.community]
    closed = plan.replace(locks=add_locks(plan.locks, [("community", c, "") for c in others]))
    whole = plan.stairwells["households"].sum()
    here = plan.stairwells.loc[plan.stairwells["community"] == job.community, "households"].sum()
    for share in SHARES:
        # The rule is a share of all households of the plan.
        most = job.most_moved * share * float(here) / max(float(whole), 1.0)
        rules = plan.rules.replace(redraw={"most_moved": most, "scope": "all"})
        yield redraw(closed, rules=rules, workers=1, progress=progress)
