"""The newest outlines: drawn behind the changes, by the one function that draws renewed plans."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pandas as pd

from gridplan.plan import Plan
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.redrawing.revision.renewal import renew_plan


@dataclass(frozen=True)
class Drawn:
    """A plan with outlines as of some event, and the sub-grids whose outlines are others now."""

    plan: Plan
    number: int
    changed: tuple[str, ...]


class Draughtsman:
    """Keeps the outlines of a plan up with its changes, one drawing at a time.

    Changes that come while one is drawn are drawn together in the next.

    Examples
    --------
    >>> from gridplan.workbench.desk import Desk, Seat
    >>> from gridplan.synthetic import make_board_plan
    >>> desk = Desk(make_board_plan())
    >>> _ = desk.do(Seat("s1"), "a1", ["move building h04 to 0301-001"])
    >>> Draughtsman(desk.plan).draw(desk.state, desk.number).changed
    ('0301-001', '0301-002')
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._number = 0
        self._drawing = threading.Lock()

    def draw(self, state: BoardState, number: int) -> Drawn:
        """Draw the outlines of a state, which came of the event of that number."""
        with self._drawing:
            # A later state may have been drawn while this one waited.
            if number < self._number:
                return Drawn(self.plan, self._number, ())
            doors = self.plan.stairwells
            member = pd.Series(state.member, index=doors.index, dtype="str")
            new = renew_plan(self.plan, member, centres=state.centres)
            changed = _find_changed(self.plan, new)
            self.plan, self._number = new, number
            return Drawn(new, number, changed)


def _find_changed(old: Plan, new: Plan) -> tuple[str, ...]:
    """Find the sub-grids of homes and others whose outlines differ between two plans."""
    if old is new:
        return ()
    before = old.subgrids.geometry.reindex(new.subgrids.index)
    after = new.subgrids.geometry
    same = before.geom_equals_exact(after, 0.0).to_numpy()
    gone = old.subgrids.index.difference(new.subgrids.index)
    return tuple(sorted([*map(str, new.subgrids.index[~same]), *map(str, gone)]))
