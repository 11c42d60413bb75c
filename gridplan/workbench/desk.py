"""The desk: a plan on which several seats make changes, one after the other.

The desk alone says in which order changes come. Each says what it saw of the
homes that it moves; if another seat has moved one since, it is refused and
shown, so that nobody's work is overwritten. Undo is a seat's own, and a new
event itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import Problem
from gridplan.plan import Plan
from gridplan.redrawing.editing.code_lookup import RefusedError, refuse
from gridplan.redrawing.editing.edit_commands import EditCommand, write_command
from gridplan.redrawing.editing.edit_refusals import refuse_locked
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.redrawing.editing.edit_verbs import carry_out
from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard
from gridplan.workbench.approvals import list_unapproved, note_approvals
from gridplan.workbench.effects import (
    Effect,
    count_moved,
    drop_empty,
    find_effect,
    join_effects,
    list_differing,
    put_on,
)
from gridplan.workbench.events import DeskEvent
from gridplan.workbench.rights import (
    note_chief_locks,
    refuse_ending,
    require_communities,
    require_keys,
    require_role,
)

# Verbs that the studio has other ways for: undo is an event, approvals are asked for one by one.
_OTHER_VERBS = {
    "undo": "use the studio's own undo",
    "approve": "use Approve beside the fault in the list",
}
_SHOWN = 5  # homes that a refusal names; the rest are counted


class OvertakenError(Exception):
    """Another seat was first; ``homes`` are what it changed, ``by`` its events."""

    def __init__(self, homes: Sequence[str], by: Sequence[DeskEvent]) -> None:
        super().__init__()
        self.homes = tuple(homes)
        self.by = tuple(by)


@dataclass(frozen=True)
class Seat:
    """Who asks: an office or post, never a person.

    ``role`` is viewer, editor or chief; ``communities`` those that an editor
    may change, all if empty.
    """

    code: str
    office: str = ""
    role: str = "chief"
    communities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Trial:
    """What some commands would do: the state and effect, their lines, and what to bear in mind."""

    state: BoardState
    effect: Effect
    lines: tuple[str, ...]
    warnings: tuple[str, ...]


class Desk:
    """A plan, the changes accepted so far, and the state that came of them.

    Parameters
    ----------
    plan
        The plan that the changes begin from.
    keep
        Called with each event before it counts, to put it on disk; what it
        raises refuses the event.
    tell_time
        Gives the time to write on events.
    number
        The number of the last event that the plan holds already.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> desk = Desk(make_board_plan())
    >>> seat = Seat("s1", "planning office")
    >>> event = desk.do(seat, "a1", ["move building h04 to 0301-001"], {"h04-1": "0301-002"})
    >>> event.effect.homes, desk.measure(["0301-001"])["households"].tolist()
    ({'h04-1': ('0301-002', '0301-001')}, [70])
    >>> desk.undo(seat, "a2").kind, desk.measure(["0301-001"])["households"].tolist()
    ('undo', [60])
    """

    def __init__(
        self,
        plan: Plan,
        keep: Callable[[DeskEvent], None] = lambda event: None,
        tell_time: Callable[[], str] = lambda: "",
        number: int = 0,
    ) -> None:
        self.plan = plan
        self.board = EditBoard(plan)
        self.state = self.board.open()
        self.events: list[DeskEvent] = []
        self._before = number
        self._keep = keep
        self._tell_time = tell_time
        self._by_id: dict[tuple[str, str], DeskEvent] = {}
        # The newest event that changed a home, sub-grid, lock or centre.
        self._last: dict[str, int] = {}
        self._undo: dict[str, list[int]] = {}
        self._redo: dict[str, list[int]] = {}
        # Locks that a chief alone may open, and approvals that stand, by sub-grid.
        self.chief_locks: set[str] = set()
        self.approvals: dict[str, str] = {}

    @property
    def number(self) -> int:
        """The number of the newest event; 0 if there is none."""
        return self._before + len(self.events)

    def get_event(self, number: int) -> DeskEvent | None:
        """Return the event of a number, or None where the plan holds it already."""
        place = number - self._before - 1
        return self.events[place] if 0 <= place < len(self.events) else None

    def do(
        self, seat: Seat, id: str, lines: Iterable[str], seen: Mapping[str, str] | None = None
    ) -> DeskEvent:
        """Make a change, or refuse it whole.

        ``seen`` says in which sub-grid the seat saw each home that it moves.

        Raises
        ------
        RefusedError
            If a line is not understood, or a lock, limit or right forbids it.
        OvertakenError
            If a home is not where it was seen.
        UnwritableError
            If the event cannot be kept.
        """
        before = self._by_id.get((seat.code, id))
        if before is not None:
            return before
        trial = self.try_lines(lines)
        self._require_right(seat, trial.effect)
        self._require_seen(trial.effect, seen)
        return self._accept("edit", seat, id, trial.lines, trial.effect, trial.state)

    def take(self, seat: Seat, id: str, effect: Effect, lines: Sequence[str]) -> DeskEvent:
        """Take a proposal as one change: all of it, if the land is still as it saw it.

        Raises
        ------
        RefusedError, OvertakenError, UnwritableError
            As :meth:`do` raises them.
        """
        before = self._by_id.get((seat.code, id))
        if before is not None:
            return before
        self._require_right(seat, effect)
        self._require_standing(effect.invert())
        self._refuse_locks(effect)
        state = put_on(self.board, self.state, effect)
        return self._accept("proposal", seat, id, tuple(lines), effect, state)

    def approve(self, seat: Seat, id: str, effect: Effect, line: str) -> DeskEvent:
        """Make an approval a change like any other."""
        before = self._by_id.get((seat.code, id))
        return before or self._accept("edit", seat, id, (line,), effect, self.state)

    def undo(self, seat: Seat, id: str) -> DeskEvent:
        """Take back the seat's own newest change that stands.

        Raises
        ------
        RefusedError
            If there is none, or a lock forbids it.
        OvertakenError
            If others have changed the same homes since.
        """
        return self._step_back(seat, id, self._undo, "undo", "there is nothing to undo")

    def redo(self, seat: Seat, id: str) -> DeskEvent:
        """Put on again what the seat's last undo took back.

        Raises
        ------
        RefusedError, OvertakenError
            As :meth:`undo` raises them.
        """
        return self._step_back(seat, id, self._redo, "redo", "there is nothing to redo")

    def revert(self, seat: Seat, id: str, number: int) -> DeskEvent:
        """Take back one event of anybody, as a change of one's own.

        Raises
        ------
        RefusedError, OvertakenError
            As :meth:`undo` raises them.
        """
        event = self.get_event(number)
        if event is None:
            raise refuse("events are known", f"there is no change {number}", "see the log")
        return self._turn_back(seat, id, "revert", event)

    def can_step(self, seat: Seat) -> tuple[int, int]:
        """Return the events that undo and redo of a seat would take back; 0 where none."""
        stacks = (self._undo.get(seat.code), self._redo.get(seat.code))
        back, forth = (stack[-1] if stack else 0 for stack in stacks)
        return back, forth

    def try_lines(self, lines: Iterable[str]) -> Trial:
        """Try commands on the state as it is; nothing is changed.

        Raises
        ------
        RefusedError
            As :meth:`do` raises it.
        """
        batches, problems = parse_script(list(lines))
        commands = [command for batch in batches for command in batch.commands]
        problems += [_refuse_verb(command) for command in commands if command.verb in _OTHER_VERBS]
        if not commands and not problems:
            problems = [Problem("script", "there are commands", "nothing is asked", "say what")]
        if problems:
            raise RefusedError(problems)
        state = replace(self.state, made=(), warnings=(), renamed={}, approvals=())
        for command in commands:
            state = carry_out(self.board, state, command)
        written = tuple(write_command(made.command) for made in state.made)
        effect = find_effect(self.board, self.state, state)
        return Trial(state, effect, written, state.warnings)

    def measure(self, codes: Iterable[str], state: BoardState | None = None) -> pd.DataFrame:
        """Measure some sub-grids; those that are not there are left out."""
        return self.board.measure(self.state if state is None else state, codes)

    def replay(self, events: Iterable[DeskEvent]) -> None:
        """Put on the events of a journal, as they were accepted."""
        # One effect of them all, since a state is put together from whole tables.
        all_events = list(events)
        state = put_on(self.board, self.state, join_effects(e.effect for e in all_events))
        for event in all_events:
            self._count(event, state)

    def _step_back(
        self, seat: Seat, id: str, stacks: Mapping[str, list[int]], kind: str, none: str
    ) -> DeskEvent:
        before = self._by_id.get((seat.code, id))
        if before is not None:
            return before
        stack = stacks.get(seat.code)
        if not stack:
            raise refuse("there is something to take back", none, "see the log")
        event = self.get_event(stack[-1])
        assert event is not None, "stacks hold events of this desk alone"
        return self._turn_back(seat, id, kind, event)

    def _turn_back(self, seat: Seat, id: str, kind: str, event: DeskEvent) -> DeskEvent:
        inverse = event.effect.invert()
        self._require_right(seat, inverse)
        self._require_standing(event.effect)
        self._refuse_locks(inverse)
        state = drop_empty(put_on(self.board, self.state, inverse))
        # Others may have left a sub-grid that ends with what is taken back.
        whole = replace(find_effect(self.board, self.state, state), approvals=inverse.approvals)
        refuse_ending(whole, self.state.locks.index)
        return self._accept(kind, seat, id, event.lines, whole, state, event.number)

    def _accept(
        self,
        kind: str,
        seat: Seat,
        id: str,
        lines: tuple[str, ...],
        effect: Effect,
        state: BoardState,
        about: int = 0,
    ) -> DeskEvent:
        """Keep an event, then count it."""
        event = DeskEvent(
            number=self.number + 1,
            kind=kind,
            id=id,
            seat=seat.code,
            office=seat.office,
            time=self._tell_time(),
            lines=lines,
            effect=effect,
            about=about,
            moved=count_moved(self.board, effect),
            role=seat.role,
        )
        # On disk before anybody hears of it.
        self._keep(event)
        self._count(event, state)
        return event

    def _count(self, event: DeskEvent, state: BoardState) -> None:
        """Make an event the newest one, and set the undo stacks of its seat."""
        self.state = replace(state, made=(), warnings=(), renamed={}, approvals=())
        self.events.append(event)
        self._by_id[event.seat, event.id] = event
        note_chief_locks(self.chief_locks, event)
        note_approvals(self.approvals, event)
        effect = event.effect
        parts = (effect.homes, effect.grids, effect.locks, effect.centres, effect.approvals)
        self._last |= {thing: event.number for part in parts for thing in part}
        back = self._undo.setdefault(event.seat, [])
        forth = self._redo.setdefault(event.seat, [])
        if event.kind in ("undo", "redo"):
            gives, takes = (back, forth) if event.kind == "undo" else (forth, back)
            # What was saved before this journal began is on no stack.
            if event.about in gives:
                gives.remove(event.about)
            takes.append(event.number)
        else:
            back.append(event.number)
            forth.clear()

    def _require_right(self, seat: Seat, effect: Effect) -> None:
        """Refuse what a seat may not do."""
        require_role(seat.role, "do")
        require_keys(effect, seat.role, self.chief_locks)
        if seat.role == "chief" or not seat.communities:
            return
        rows = self.board.stairwells.get_indexer(list(effect.homes))
        of_homes = {str(c) for c in self.board.community[rows]}
        require_communities(effect, seat.communities, of_homes, self._find_community)

    def _find_community(self, code: str) -> str:
        """Find the community of a sub-grid, building or community by its code."""
        if code in self.state.lies_in:
            return self.state.lies_in[code]
        rows = self.board.rows.get(code)
        if rows is not None:
            return str(self.board.community[rows[0]])
        return code if code in self.plan.site.communities.index else ""

    def _require_seen(self, effect: Effect, seen: Mapping[str, str] | None) -> None:
        """Refuse a change that saw its homes elsewhere than they are."""
        if seen is None:
            return
        off = [home for home, (now, _) in effect.homes.items() if seen.get(home) != now]
        if off:
            raise OvertakenError(off[:_SHOWN], self.find_events(off))

    def _require_standing(self, effect: Effect) -> None:
        """Refuse to take back what others have changed since."""
        off = list_differing(self.board, self.state, effect)
        off += list_unapproved(self.approvals, effect)
        if off:
            raise OvertakenError(off[:_SHOWN], self.find_events(off))

    def find_events(self, things: Iterable[str]) -> list[DeskEvent]:
        """Find the newest events that changed some homes, sub-grids, locks or centres."""
        numbers = sorted({self._last[thing] for thing in things if thing in self._last})
        return [event for event in map(self.get_event, numbers) if event is not None]

    def _refuse_locks(self, effect: Effect) -> None:
        """Refuse an effect that a lock forbids, unless it opens the lock itself."""
        rows = self.board.stairwells.get_indexer(list(effect.homes))
        to = np.array([after for _, after in effect.homes.values()], object)
        opened = {name: pair for name, pair in effect.locks.items() if pair[1] is None}
        state = put_on(self.board, self.state, Effect(locks=opened)) if opened else self.state
        refuse_locked(self.board, state, rows.astype(np.int64), to)


def _refuse_verb(command: EditCommand) -> Problem:
    message, remedy = f"no {command.verb} here", _OTHER_VERBS[command.verb]
    return Problem("script", "verbs are of the studio", message, remedy)


def list_reasons(error: RefusedError) -> list[dict[str, Any]]:
    """List the reasons of a refusal: rule, message and remedy of each."""
    return [{"rule": p.rule, "message": p.message, "remedy": p.remedy} for p in error.problems]
