"""The newest outlines: drawn behind the changes, by the one function that draws renewed plans.

What is drawn is always the difference to the plan as it was opened or saved
last, so that the outlines depend on the state alone and not on the way to it:
they are those that saving makes. Patches that were drawn once are remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.engine.parallel_map import keep_silent
from gridplan.plan import Plan
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.redrawing.revision.changed_land import draw_changed, find_staying
from gridplan.redrawing.revision.drawing_ground import DrawingGround
from gridplan.redrawing.revision.land_patches import fit_outlines
from gridplan.redrawing.revision.renewal import renew_plan

_COLUMNS = ["community", "kind", "institution"]


@dataclass(frozen=True)
class Drawn:
    """Outlines as of some event, and the sub-grids whose outlines are others than before it.

    ``outlines`` are those that differ from the plan that was opened or saved
    last, by code; None for a sub-grid of it that is no more.
    """

    base: Plan
    number: int
    changed: tuple[str, ...]
    outlines: Mapping[str, Any] = field(default_factory=dict)
    make_plan: Callable[[], Plan] | None = None

    @cached_property
    def plan(self) -> Plan:
        """The whole plan of the state, with all its tables; made when it is first asked for."""
        return self.make_plan() if self.make_plan is not None else self.base

    def find(self, code: str) -> Any:
        """Find the newest outline of a sub-grid; None if there is none."""
        if code in self.outlines:
            return self.outlines[code]
        table = self.base.subgrids
        return table.geometry.array[table.index.get_loc(code)] if code in table.index else None

    @cached_property
    def subgrids(self) -> gpd.GeoDataFrame:
        """Community, kind, institution and newest outline of all sub-grids and exclusive grids."""
        table = self.base.subgrids[[*_COLUMNS, "geometry"]]
        if not self.outlines:
            return table
        shapes = table.geometry.to_numpy().copy()
        rows = table.index.get_indexer(list(self.outlines))
        for row, shape in zip(rows, self.outlines.values(), strict=True):
            if row >= 0:
                shapes[row] = shape
        gone = [code for code, shape in self.outlines.items() if shape is None]
        fresh = [code for code, row in zip(self.outlines, rows, strict=True) if row < 0]
        new = gpd.GeoDataFrame(
            {"community": "", "kind": "residential", "institution": ""},
            index=pd.Index(fresh, dtype=table.index.dtype, name=table.index.name),
            geometry=[self.outlines[code] for code in fresh],
            crs=table.crs,
        )
        stays = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
        stays = stays[~stays.index.isin(gone)]
        return pd.concat([stays, new]).sort_index() if fresh else stays


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
        self._draw_apart: Callable[[Plan, BoardState], dict[str, Any] | None] | None = None
        self.latest = Drawn(plan, 0, ())
        self._ground = open_ground(plan)
        self._drawing = threading.Lock()

    @property
    def plan(self) -> Plan:
        """The newest drawn plan, with all its tables."""
        return self.latest.plan

    def draw_with(self, draw_apart: Callable[[Plan, BoardState], dict[str, Any] | None]) -> None:
        """Have outlines drawn elsewhere, from now on; what gives None is drawn here."""
        self._draw_apart = draw_apart

    def draw(self, state: BoardState, number: int) -> Drawn:
        """Draw the outlines of a state, which came of the event of that number."""
        with self._drawing:
            # A later state may have been drawn while this one waited.
            if number < self.latest.number:
                return Drawn(
                    self.latest.base,
                    self.latest.number,
                    (),
                    self.latest.outlines,
                    lambda latest=self.latest: latest.plan,  # type: ignore[misc]
                )
            return self._take(state, number)

    def begin_from(self, plan: Plan, state: BoardState, number: int) -> Drawn:
        """Take a plan that was saved as the one that outlines differ from, and draw on it."""
        with self._drawing:
            self._ground = open_ground(plan)
            before = self.latest
            drawn = self._take(state, number)
            differs = _list_differing(before.subgrids, drawn.subgrids)
            self.latest = Drawn(plan, number, differs, drawn.outlines, drawn.make_plan)
            return self.latest

    def _take(self, state: BoardState, number: int) -> Drawn:
        """Draw a state, and take it as the newest one."""
        ground = self._ground
        base = ground.plan
        outlines = self._draw_apart(base, state) if self._draw_apart is not None else None
        if outlines is None:
            outlines = draw_outlines(ground, state)
        old = self.latest.outlines if self.latest.base is base else {}
        changed = sorted(
            code
            for code in {*old, *outlines}
            if not are_same(_get_outline(ground, old, code), _get_outline(ground, outlines, code))
        )
        self.latest = Drawn(base, number, tuple(changed), outlines, lambda: renew(ground, state))
        return self.latest


def open_ground(plan: Plan) -> DrawingGround:
    """Open the ground of a plan, drawn on by one thread, as others answer meanwhile."""
    return DrawingGround(plan, plan.site, plan.stairwells, plan.rules.outlines, workers=1)


def draw_outlines(ground: DrawingGround, state: BoardState) -> dict[str, Any]:
    """Draw the outlines of a state that differ from the ground's; None for those that ended."""
    moved = np.flatnonzero(ground.member != state.member)
    codes = {str(c) for c in {*ground.member[moved], *state.member[moved]}}
    if not codes:
        return {}
    over = state.lies_in
    drawn, wholly_drawn = draw_changed(ground, state.member, codes, over, set(), keep_silent)
    if wholly_drawn:
        # Exclusive grids are drawn again too, as only a renewed plan has them.
        return _compare_plans(ground.plan, renew(ground, state))
    joined = drawn.join()
    stays = find_staying(ground, set(joined.index), over, set())
    shapes, around = fit_outlines(ground, joined, stays)
    ended = {str(code): None for code in codes if code in ground.row and code not in over}
    both = {**shapes.to_dict(), **around.to_dict(), **ended}
    return {
        code: shape for code, shape in both.items() if not are_same(shape, _find_old(ground, code))
    }


def renew(ground: DrawingGround, state: BoardState) -> Plan:
    """Make the whole plan of a state, with all its tables."""
    member = pd.Series(state.member, index=ground.plan.stairwells.index, dtype="str")
    return renew_plan(ground.plan, member, centres=state.centres, ground=ground)


def _find_old(ground: DrawingGround, code: str) -> Any:
    row = ground.row.get(code)
    return None if row is None else ground.shapes[row]


def _get_outline(ground: DrawingGround, outlines: Mapping[str, Any], code: str) -> Any:
    return outlines[code] if code in outlines else _find_old(ground, code)


def are_same(one: Any, other: Any) -> bool:
    """Whether two outlines have the same corners in the same order."""
    if one is None or other is None or one is other:
        return one is other
    return bool(one.equals_exact(other, 0.0))


def _compare_plans(old: Plan, new: Plan) -> dict[str, Any]:
    """List the outlines of a new plan that an old one has not; None for those that ended."""
    shapes = {str(code): shape for code, shape in new.subgrids.geometry.items()}
    before = {str(code): shape for code, shape in old.subgrids.geometry.items()}
    return {
        code: shapes.get(code)
        for code in sorted({*before, *shapes})
        if not are_same(before.get(code), shapes.get(code))
    }


def _list_differing(old: Any, new: Any) -> tuple[str, ...]:
    """List the codes whose outlines differ between two tables."""
    before, after = old.geometry.to_dict(), new.geometry.to_dict()
    codes = sorted({*before, *after})
    return tuple(str(code) for code in codes if not are_same(before.get(code), after.get(code)))
