"""A session: one plan on the desk, its journal, its outlines, and what the seats ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import GridplanError, PlanError
from gridplan.plan import Plan
from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.storage.kept_versions import list_versions, replace_plan
from gridplan.storage.plan_folder import read_plan
from gridplan.studio.desk import Desk, OvertakenError, Seat, list_reasons
from gridplan.studio.drawing import Draughtsman
from gridplan.studio.effects import Effect, count_moved
from gridplan.studio.events import DeskEvent, read_event
from gridplan.studio.jobs import HelpJob, Worker
from gridplan.studio.journal import Journal, JournalHead
from gridplan.studio.opening import (
    describe_community,
    describe_outlines,
    describe_plan,
    find_origin,
)
from gridplan.studio.proposals import Proposal, make_proposal
from gridplan.studio.saving import make_saved_plan, write_script
from gridplan.studio.segments import (
    name_segment,
    open_journal,
    require_same,
    tell_time,
    tell_time_of,
)
from gridplan.studio.suggestions import list_faults, suggest

Message = dict[str, Any]
Publish = Callable[[Mapping[str, Any]], None]


class Session:
    """One plan that seats look at and change.

    All that is asked comes through :meth:`ask`; what others should hear is
    given to ``publish``, from any thread.

    Parameters
    ----------
    folder
        The plan's folder.
    publish
        Called with each message for all seats.

    Raises
    ------
    PlanError
        If there is no plan, it is a release, or its journal is of another plan.
    """

    def __init__(self, folder: Path, publish: Publish = lambda message: None) -> None:
        plan = read_plan(folder)
        if plan.is_release:
            raise PlanError(
                f"{folder} is a release, which holds no households -> open the working plan "
                "that it was released from"
            )
        self.folder = folder
        self.publish = publish
        self._guard = threading.RLock()
        self._saving = threading.Lock()
        self._base = plan
        self._journal, entries, self.lost = open_journal(folder, plan)
        number = int(entries[0]["number"]) - 1 if entries else 0
        self.desk = Desk(plan, self._keep, tell_time, number)
        self.desk.replay(read_event(entry) for entry in entries)
        self._saved_state: BoardState = self.desk.board.open()
        self._saved_number = number
        self._origin = find_origin(plan)
        self._figures = self.desk.measure(self.desk.state.lies_in)
        self._draughtsman = Draughtsman(plan)
        self._drawing = False
        self._jobs = 0
        self._worker = Worker(self._hear_worker)
        self._proposals: dict[str, Proposal] = {}
        if entries:
            self._draw_soon()

    def close(self) -> None:
        """Stop what runs, and close the journal."""
        self._worker.cancel()
        self._journal.close()

    def ask(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        """Answer what a seat asks.

        Everything that is refused is answered too, with reasons and remedies.
        """
        answer = _ANSWERS.get(str(message.get("kind", "")))
        if answer is None:
            return _refuse("the question is known", "the page and the studio differ", "reload")
        try:
            if answer is Session._save:
                return self._save(seat, message)
            with self._guard:
                return answer(self, seat, message)
        except RefusedError as error:
            return {"kind": "refused", "reasons": list_reasons(error)}
        except OvertakenError as error:
            by = [event.to_data() for event in error.by]
            return {"kind": "overtaken", "homes": list(error.homes), "by": by}
        except GridplanError as error:
            return _refuse("the plan can be changed", str(error), "")
        except (KeyError, TypeError, ValueError) as error:
            return _refuse("the question is whole", f"not understood: {error}", "reload the page")

    def _keep(self, event: DeskEvent) -> None:
        self._journal.append([event.to_data()])

    def _welcome(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        return {
            "kind": "welcome",
            "name": self.folder.name,
            "seat": {"code": seat.code, "office": seat.office, "role": seat.role},
            "lost": self.lost,
            **describe_plan(self.desk, self._origin, self._figures),
            **self._describe_state(seat),
        }

    def _describe_state(self, seat: Seat) -> Message:
        back, forth = self.desk.can_step(seat)
        return {
            "number": self.desk.number,
            "saved": self._saved_number,
            "undo": back,
            "redo": forth,
            "faults": self._list_faults(),
            "locks": [str(name) for name in self.desk.state.locks.index],
        }

    def _list_faults(self) -> list[dict[str, Any]]:
        return [asdict(f) for f in list_faults(self.desk, self._figures.to_dict("index"))]

    def _open(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        community = str(message["community"])
        if community not in self._base.site.communities.index:
            return _refuse("communities are known", f"there is no community {community}", "reload")
        described = describe_community(self.desk, community, self._draughtsman.plan, self._origin)
        mine = self._figures[self._figures.index.isin(described["codes"])]
        return {"kind": "community", "figures": _list_figures(mine), **described}

    def _do(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        seen = {str(k): str(v) for k, v in dict(message["seen"]).items()}
        lines = [str(line) for line in message["lines"]]
        return self._answer(seat, self.desk.do(seat, str(message["id"]), lines, seen))

    def _undo(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        return self._answer(seat, self.desk.undo(seat, str(message["id"])))

    def _redo(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        return self._answer(seat, self.desk.redo(seat, str(message["id"])))

    def _revert(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        event = self.desk.revert(seat, str(message["id"]), int(message["number"]))
        return self._answer(seat, event)

    def _take(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        proposal = self._proposals[str(message["proposal"])]
        event = self.desk.take(seat, str(message["id"]), proposal.effect, proposal.lines)
        return self._answer(seat, event)

    def _answer(self, seat: Seat, event: DeskEvent) -> Message:
        """Count the figures again, let all others hear, and have the land drawn."""
        codes = event.effect.subgrids
        fresh = self.desk.measure(codes)
        kept = self._figures[~self._figures.index.isin(codes)]
        self._figures = pd.concat([kept, fresh]) if len(fresh) else kept
        heard = {"event": event.to_data(), "figures": _list_figures(fresh)}
        state = self._describe_state(seat)
        shared = {k: v for k, v in state.items() if k not in ("undo", "redo")}
        self.publish({"kind": "event", **heard, **shared})
        self._draw_soon()
        return {"kind": "accepted", "id": event.id, **heard, **state}

    def _try(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        trial = self.desk.try_lines([str(line) for line in message["lines"]])
        return {"kind": "tried", "lines": list(trial.lines), "warnings": list(trial.warnings)} | (
            self._compare(trial.effect, trial.state)
        )

    def _compare(self, effect: Effect, state: BoardState) -> Message:
        """Say what an effect would do, by homes and by the figures before and after."""
        before = self.desk.measure(effect.subgrids)
        after = self.desk.measure(effect.subgrids, state)
        return {
            "homes": {home: sides[1] for home, sides in effect.homes.items()},
            "before": _list_figures(before),
            "after": _list_figures(after),
        }

    def _suggest(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        lines = suggest(self.desk, str(message["subgrid"]))
        return {"kind": "suggested", "subgrid": message["subgrid"], "lines": list(lines)}

    def _list_log(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        return {"kind": "log", "events": [event.to_data() for event in self.desk.events]}

    def _help(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        self._jobs += 1
        job = HelpJob(
            self._jobs,
            "redraw" if message.get("community") else "repair",
            tuple(str(code) for code in message.get("subgrids", ())),
            str(message.get("community", "")),
            float(message.get("most_moved", 0.05)),
        )
        # The newest state with its locks, whether its outlines are drawn already or not.
        plan = self._draughtsman.draw(self.desk.state, self.desk.number).plan
        if not self._worker.start(job, plan.replace(locks=self.desk.state.locks)):
            return _refuse("one job runs at a time", "other help is being worked out", "wait")
        return {"kind": "job", "job": job.number, "stage": "starting", "done": 0, "of": 1}

    def _cancel(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        return {"kind": "cancelled", "was": self._worker.cancel()}

    def _hear_worker(self, job: HelpJob, message: Mapping[str, Any]) -> None:
        """Pass on what the worker says; proposals are kept until one is taken."""
        if "proposals" not in message:
            self.publish({"kind": "job", "job": job.number, **message})
            return
        with self._guard:
            rows = [
                self._propose(f"{job.number}.{n}", homes)
                for n, homes in enumerate(message["proposals"], 1)
            ]
        self.publish({"kind": "proposals", "job": job.number, "rows": rows})

    def _propose(self, name: str, homes: Mapping[str, str]) -> Message:
        """Keep a proposal until it is taken, and describe it."""
        proposal, state = make_proposal(self.desk, homes)
        self._proposals[name] = proposal
        moved = count_moved(self.desk.board, proposal.effect)
        return {"proposal": name, "moved": moved, **self._compare(proposal.effect, state)}

    def _list_versions(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        rows = [
            {"version": place.name, "time": tell_time_of(place)}
            for place in reversed(list_versions(self.folder))
        ]
        return {"kind": "versions", "rows": rows}

    def _look_back(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        """Say who would move if an earlier version were taken again."""
        known = {place.name: place for place in list_versions(self.folder)}
        name = str(message["version"])
        if name not in known:
            return _refuse("versions are known", f"there is no version {name}", "see the list")
        member = read_plan(known[name]).stairwells["subgrid"]
        if set(member.index) != set(self.desk.board.stairwells):
            return _refuse(
                "versions are of one land",
                f"version {name} has other homes",
                "compare it with gridplan compare",
            )
        now = self.desk.state.member
        then = member.reindex(self.desk.board.stairwells).to_numpy(object)
        homes = {
            str(self.desk.board.stairwells[row]): str(then[row])
            for row in np.flatnonzero(now != then)
        }
        return {"kind": "proposals", "job": 0, "rows": [self._propose(f"v{name}", homes)]}

    def _save(self, seat: Seat, message: Mapping[str, Any]) -> Message:
        if seat.role != "chief":
            return _refuse("seats have rights", "only the chief saves", "ask the chief")
        with self._saving:
            return self._write_down()

    def _write_down(self) -> Message:
        """Save the newest state; changes that are accepted meanwhile wait for the next save."""
        with self._guard:
            number, wanted = self.desk.number, self.desk.state
            events = [event for event in self.desk.events if event.number > self._saved_number]
            script = write_script(self.desk.board, self._saved_state, events, wanted)
        require_same(self.folder, self._base)
        plan = make_saved_plan(self._base, script, wanted)
        version = replace_plan(plan, self.folder, overwrite=True) if script else None
        with self._guard:
            self._begin_segment(plan, number, wanted)
        message = {
            "kind": "saved",
            "saved": number,
            "version": version.name if version else "",
            "time": tell_time(),
        }
        self.publish(message)
        return message

    def _begin_segment(self, plan: Plan, number: int, saved: BoardState) -> None:
        """Begin the journal of what comes after a save."""
        head = JournalHead(digest_plan(plan), tell_time())
        journal = Journal.begin(name_segment(self.folder), head)
        later = [event.to_data() for event in self.desk.events if event.number > number]
        journal.append(later)
        self._journal.close()
        self._journal = journal
        self._base = plan
        self._saved_state, self._saved_number = saved, number

    def _draw_soon(self) -> None:
        """Draw the newest state in a thread; changes that come meanwhile are drawn after it."""
        if self._drawing:
            return
        self._drawing = True
        threading.Thread(target=self._draw, daemon=True).start()

    def _draw(self) -> None:
        while True:
            with self._guard:
                state, number = self.desk.state, self.desk.number
            drawn = self._draughtsman.draw(state, number)
            outlines = describe_outlines(drawn.plan, drawn.changed, self._origin)
            gone = [code for code in drawn.changed if code not in outlines]
            self.publish({"kind": "land", "number": number, "outlines": outlines, "gone": gone})
            with self._guard:
                if self.desk.number == number:
                    self._drawing = False
                    return


def _list_figures(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
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


def _refuse(rule: str, message: str, remedy: str) -> Message:
    return {"kind": "refused", "reasons": [{"rule": rule, "message": message, "remedy": remedy}]}


_ANSWERS: Mapping[str, Callable[[Session, Seat, Mapping[str, Any]], Message]] = {
    "hello": Session._welcome,
    "open": Session._open,
    "do": Session._do,
    "undo": Session._undo,
    "redo": Session._redo,
    "revert": Session._revert,
    "take": Session._take,
    "try": Session._try,
    "suggest": Session._suggest,
    "log": Session._list_log,
    "versions": Session._list_versions,
    "look_back": Session._look_back,
    "help": Session._help,
    "cancel": Session._cancel,
    "save": Session._save,
}
