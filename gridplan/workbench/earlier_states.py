"""Earlier states of a plan: what it was before some event, and at the start of a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard
from gridplan.workbench.desk import Seat
from gridplan.workbench.effects import drop_empty, list_differing, put_on
from gridplan.workbench.events import DeskEvent, read_event
from gridplan.workbench.journal import read_journal
from gridplan.workbench.segments import list_segments
from gridplan.workbench.session import Session


@dataclass(frozen=True)
class Rewound:
    """A state as it was before some events, and those events, the earliest first."""

    state: BoardState
    events: tuple[DeskEvent, ...]


def list_all_events(session: Session) -> list[DeskEvent]:
    """List the events of a session and of the journals that were saved before, the earliest first.

    A change that was accepted while another was saved is in two journals, and
    listed once.
    """
    now = session.desk.events
    known = {(event.seat, event.id) for event in now}
    earlier: list[DeskEvent] = []
    for file in list_segments(session.folder):
        for entry in read_journal(file).entries:
            event = read_event(entry)
            if (event.seat, event.id) not in known:
                known.add((event.seat, event.id))
                earlier.append(event)
    return [*earlier, *now]


def rewind(board: EditBoard, state: BoardState, events: Sequence[DeskEvent], until: str) -> Rewound:
    """Go back over the events since a moment, as far as each is what came before the state.

    Where the plan was changed without the journal, or drawn on other land,
    going back ends there. ``until`` is a time as events have it; events of
    then or later are gone back over.
    """
    passed: list[DeskEvent] = []
    for event in reversed(events):
        homes = board.stairwell_codes.issuperset(event.effect.homes)
        if event.time < until or not homes or list_differing(board, state, event.effect):
            break
        state = drop_empty(put_on(board, state, event.effect.invert()))
        passed.append(event)
    return Rewound(state, tuple(reversed(passed)))


def take_back_day(
    session: Session, seat: Seat, events: Sequence[DeskEvent], day: str
) -> tuple[BoardState, list[DeskEvent]]:
    """Take back what a seat changed on a day; returns the state, and what others were over.

    The state of the session is not changed.
    """
    board = session.desk.board
    state = session.desk.state
    kept: list[DeskEvent] = []
    today = [event for event in events if event.time[:10] == day and event.seat == seat.code]
    for event in reversed(_list_uncancelled(today)):
        homes = board.stairwell_codes.issuperset(event.effect.homes)
        if not homes or list_differing(board, state, event.effect):
            kept.append(event)
            continue
        state = drop_empty(put_on(board, state, event.effect.invert()))
    return state, kept


def _list_uncancelled(events: Iterable[DeskEvent]) -> list[DeskEvent]:
    """Leave out what was taken back, and the taking back, where both are among the events.

    Examples
    --------
    >>> change = DeskEvent(1, "edit", "a", "s", "", "", ("lock all",))
    >>> undone = DeskEvent(2, "undo", "b", "s", "", "", ("lock all",), about=1)
    >>> _list_uncancelled([change, undone]), len(_list_uncancelled([undone]))
    ([], 1)
    """
    standing: dict[int, DeskEvent] = {}
    for event in events:
        if event.about in standing:
            del standing[event.about]
        else:
            standing[event.number] = event
    return list(standing.values())
