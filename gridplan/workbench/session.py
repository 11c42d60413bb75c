"""A session: one plan on the desk, its journal, its outlines, and what the seats ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.storage.kept_versions import name_version, replace_plan
from gridplan.storage.plan_folder import describe_files, read_plan
from gridplan.storage.version_names import VersionNote
from gridplan.tables.translations import translate
from gridplan.workbench.approvals import describe_approvals, write_into
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.drawing import Draughtsman, Drawn
from gridplan.workbench.drawing_apart import DrawingProcess
from gridplan.workbench.effects import Effect, count_moved
from gridplan.workbench.errands import Errand
from gridplan.workbench.events import DeskEvent, read_event
from gridplan.workbench.jobs import HelpJob, Worker
from gridplan.workbench.journal import Journal, JournalHead
from gridplan.workbench.kept_figures import KeptFigures
from gridplan.workbench.loose_ends import refuse_loose_ends
from gridplan.workbench.opening import (
    describe_outlines,
    find_origin,
)
from gridplan.workbench.proposals import Proposal, make_proposal
from gridplan.workbench.register import SeatRegister
from gridplan.workbench.rights import read_chief_locks
from gridplan.workbench.saving import make_saved_plan, write_script
from gridplan.workbench.segments import (
    FOLDER,
    find_last_number,
    name_segment,
    open_journal,
    require_same,
    tell_time,
)
from gridplan.workbench.suggestions import list_faults

_WARMED_AFTER = 3.0  # seconds after opening

Message = dict[str, Any]
Publish = Callable[[Mapping[str, Any]], None]
# What answers one kind of question of a seat.
Answer = Callable[["Session", Seat, Mapping[str, Any]], Message]


class Session:
    """One plan that seats look at and change.

    Questions are answered by :func:`gridplan.workbench.answers.answer`, which holds
    ``guard`` meanwhile; what others should hear is given to ``publish``, from any thread.

    Parameters
    ----------
    folder
        The plan's folder.
    publish
        Called with each message for all seats.
    plan
        The plan in the folder, where it was read already.

    Raises
    ------
    PlanError
        If there is no plan, it is a release, or its journal is of another plan.
    """

    def __init__(
        self,
        folder: Path,
        publish: Publish = lambda message: None,
        plan: Plan | None = None,
    ) -> None:
        # Before it is read: a plan that is changed meanwhile then counts as another.
        self.on_disk = describe_files(folder)
        plan = read_plan(folder) if plan is None else plan
        if plan.is_release:
            raise PlanError(
                f"{folder} is a release, which holds no households -> open the working plan "
                "that it was released from"
            )
        refuse_loose_ends(plan, folder)
        self.folder = folder
        self.publish = publish
        self.guard = threading.RLock()
        self.saving = threading.Lock()
        self.base = plan
        self._journal, entries, self.lost = open_journal(folder, plan)
        # What was saved before goes on being counted.
        number = int(entries[0]["number"]) - 1 if entries else find_last_number(folder)
        self.desk = Desk(plan, self._keep, tell_time, number)
        self.desk.replay(read_event(entry) for entry in entries)
        self.desk.chief_locks = read_chief_locks(folder / FOLDER)
        self.register = SeatRegister()
        self.saved_state: BoardState = self.desk.board.open()
        self.saved_number = number
        self.origin = find_origin(plan)
        self.kept = KeptFigures(self.desk, {"faults": list_faults})
        self.draughtsman = Draughtsman(plan)
        self._apart: DrawingProcess | None = None
        self._timer: threading.Timer | None = None
        self._drawing = self._closed = False
        self.jobs = 0
        self.worker = Worker(self._hear_worker)
        self.update = Errand()
        self.taking = Errand()
        self.proposals: dict[str, Proposal] = {}
        # Branches that are open, by code, and the branch where each seat is.
        self.host: Session = self
        self.branch = ""
        self.branches: dict[str, Session] = {}
        self.places: dict[str, str] = {}
        # Where seats are that have chosen no branch.
        self.first = ""
        # The redraw that is gone through, where this is a branch on newer land.
        self.new_land: Any = None
        # Let go of when it is closed, such as the reservation of a branch's folder.
        self.held = ExitStack()
        # What was last compared with, by the name of it.
        self.compared: dict[str, Any] = {}
        if entries:
            self.draw_soon()

    @property
    def figures(self) -> pd.DataFrame:
        """The figures of all sub-grids, by code."""
        return self.kept.table

    def warm_soon(self) -> None:
        """Begin the processes that draw and help, a little later, so that the page comes first."""
        self._timer = threading.Timer(_WARMED_AFTER, self._warm)
        self._timer.daemon = True
        self._timer.start()

    def _warm(self) -> None:
        if self._closed:
            return
        self._apart = DrawingProcess()
        self.draughtsman.draw_with(self._apart.draw)
        self.worker.warm(self.base)

    def close(self) -> None:
        """Stop what runs, and close the journal and the branches."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for other in self.branches.values():
            other.close()
        self.worker.close()
        self.update.cancel()
        self.taking.cancel()
        if self._apart is not None:
            self._apart.close()
        self._journal.close()
        self.held.close()

    def _keep(self, event: DeskEvent) -> None:
        self._journal.append([event.to_data()])

    def describe_state(self, seat: Seat) -> Message:
        """Say where the desk stands: its numbers, what a seat can undo, faults and locks."""
        back, forth = self.desk.can_step(seat)
        return {
            "number": self.desk.number,
            "saved": self.saved_number,
            "undo": back,
            "redo": forth,
            "faults": self.kept.list("faults"),
            "locks": [str(name) for name in self.desk.state.locks.index],
            "approvals": describe_approvals(self.desk.approvals),
        }

    def answer_event(self, seat: Seat, event: DeskEvent) -> Message:
        """Count the figures again, let all others hear, and have the land drawn."""
        fresh = self.kept.renew(event.effect)
        heard = {"event": event.to_data(), "figures": list_figures(fresh)}
        state = self.describe_state(seat)
        shared = {k: v for k, v in state.items() if k not in ("undo", "redo")}
        self.publish({"kind": "event", **heard, **shared})
        self.draw_soon()
        return {"kind": "accepted", "id": event.id, **heard, **state}

    def compare(self, effect: Effect, state: BoardState) -> Message:
        """Say what an effect would do, by homes and by the figures before and after."""
        before = self.desk.measure(effect.subgrids)
        after = self.desk.measure(effect.subgrids, state)
        return {
            "homes": {home: sides[1] for home, sides in effect.homes.items()},
            "before": list_figures(before),
            "after": list_figures(after),
        }

    def _hear_worker(self, job: HelpJob, message: Mapping[str, Any]) -> None:
        """Pass on what the worker says; proposals are kept until one is taken."""
        if "proposals" not in message:
            self.publish({"kind": "job", "job": job.number, **message})
            return
        with self.guard:
            rows = [
                {**self.propose(f"{job.number}.{n}", row["homes"]), **_leave_out(row, "homes")}
                for n, row in enumerate(message["proposals"], 1)
            ]
        about = {"job": job.number, **_leave_out(message, "proposals")}
        self.publish({"kind": "proposals", **about, "rows": rows})

    def propose(self, name: str, homes: Mapping[str, str]) -> Message:
        """Keep a proposal until it is taken, and describe it."""
        proposal, state = make_proposal(self.desk, homes)
        self.proposals[name] = proposal
        moved = count_moved(self.desk.board, proposal.effect)
        seen = {home: sides[0] for home, sides in proposal.effect.homes.items()}
        about = {"proposal": name, "moved": moved, "seen": seen}
        return {**about, **self.compare(proposal.effect, state)}

    def write_down(self, note: VersionNote | None = None) -> Message:
        """Save the newest state; changes that are accepted meanwhile wait for the next save.

        ``note`` is what the saved version is called.
        """
        with self.guard:
            number, wanted = self.desk.number, self.desk.state
            events = [event for event in self.desk.events if event.number > self.saved_number]
            moving = [event for event in events if not event.effect.approvals]
            script = write_script(self.desk.board, self.saved_state, moving, wanted)
            approvals = dict(self.desk.approvals)
        tell = self.tell_saving
        tell("checking", 0, 1)
        require_same(self.folder, self.base)
        plan = write_into(make_saved_plan(self.base, script, wanted, tell), approvals)
        tell("writing", 0, 1)
        is_new = bool(script or approvals)
        version = replace_plan(plan, self.folder, overwrite=True, note=note) if is_new else None
        if note is not None and version is None:
            name_version(self.folder, "", note)
        with self.guard:
            self.begin_segment(plan, number, wanted)
            state, newest = self.desk.state, self.desk.number
        self._publish_land(self.draughtsman.begin_from(plan, state, newest))
        message = {
            "kind": "saved",
            "saved": number,
            "version": version.name if version else "",
            "name": note.name if note else "",
            "time": tell_time(),
        }
        self.publish(message)
        return message

    def tell_saving(self, stage: str, done: int, total: int) -> None:
        """Let all seats see how far a save is."""
        self.publish({"kind": "saving", "stage": stage, "done": done, "of": total})

    def begin_segment(self, plan: Plan, number: int, saved: BoardState) -> None:
        """Begin the journal of what comes after a save."""
        head = JournalHead(digest_plan(plan), tell_time())
        journal = Journal.begin(name_segment(self.folder), head)
        later = [event.to_data() for event in self.desk.events if event.number > number]
        journal.append(later)
        self._journal.close()
        self._journal = journal
        self.base = plan
        self.on_disk = describe_files(self.folder)
        self.saved_state, self.saved_number = saved, number

    def draw_soon(self) -> None:
        """Draw the newest state in a thread; changes that come meanwhile are drawn after it."""
        if self._drawing:
            return
        self._drawing = True
        threading.Thread(target=self._draw, daemon=True).start()

    def _draw(self) -> None:
        try:
            while not self._closed:
                with self.guard:
                    state, number = self.desk.state, self.desk.number
                self._publish_land(self.draughtsman.draw(state, number))
                with self.guard:
                    if self.desk.number == number:
                        self._drawing = False
                        return
        except Exception:
            # The next change is drawn all the same.
            self._drawing = False
            raise

    def _publish_land(self, drawn: Drawn) -> None:
        """Let all seats see the outlines that changed."""
        outlines = describe_outlines(drawn, drawn.changed, self.origin)
        gone = [code for code in drawn.changed if code not in outlines]
        self.publish({"kind": "land", "number": drawn.number, "outlines": outlines, "gone": gone})


def _leave_out(row: Mapping[str, Any], name: str) -> Message:
    return {key: value for key, value in row.items() if key != name}


def list_figures(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """List figures by sub-grid as JSON can hold them."""
    return {
        str(code): {
            "households": int(row["households"]),
            "in_band": bool(row["in_band"]),
            "mean_walk": round(float(row["mean_walk"]), 2),
            "pieces": int(row["pieces"]),
        }
        for code, row in table.to_dict("index").items()
    }


def say_both(text: str) -> dict[str, str]:
    """Say a sentence of the rooms below in both languages, for pages of either."""
    return {"en": text, "zh": translate(text)}


def refuse_question(rule: str, message: str, remedy: str) -> Message:
    """Answer that a question is refused, with its reason and remedy."""
    return {"kind": "refused", "reasons": [{"rule": rule, "message": message, "remedy": remedy}]}
