"""Outlines drawn in a process of their own, so that drawing never delays an answer."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gridplan.plan import Plan
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.workbench.drawing import are_same, draw_outlines, open_ground

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class DrawingProcess:
    """Draws the outlines of states, in a process that ends with this one.

    Examples
    --------
    >>> from gridplan.workbench.desk import Desk, Seat
    >>> from gridplan.synthetic import make_board_plan
    >>> desk, apart = Desk(make_board_plan()), DrawingProcess()
    >>> _ = desk.do(Seat("s1"), "a1", ["move building h04 to 0301-001"])
    >>> sorted(apart.draw(desk.plan, desk.state))
    ['0301-001', '0301-002']
    >>> apart.close()
    """

    def __init__(self) -> None:
        # A fresh process: what was forked from a server with threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._holds: Plan | None = None
        self._outlines: dict[str, Any] = {}

    def draw(self, plan: Plan, state: BoardState) -> dict[str, Any] | None:
        """Draw the outlines that differ from a plan's; None if the process has ended."""
        try:
            if self._holds is not plan:
                self._pipe.send(plan)
                self._holds, self._outlines = plan, {}
            # Neither what was done nor who is warned shapes an outline.
            self._pipe.send(replace(state, made=(), warnings=(), used=frozenset()))
            changed, dropped = self._pipe.recv()
        except (EOFError, OSError):
            return None
        kept = {code: shape for code, shape in self._outlines.items() if code not in dropped}
        self._outlines = {**kept, **changed}
        return dict(self._outlines)

    def close(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    """Draw what is asked for; only what differs from the drawing before is sent back."""
    # Whoever looks at the page goes first.
    with suppress(AttributeError, OSError):
        os.nice(5)
    ground = None
    before: Mapping[str, Any] = {}
    with suppress(EOFError, OSError):
        while True:
            asked = pipe.recv()
            if not isinstance(asked, BoardState):
                ground, before = open_ground(asked), {}
            elif ground is not None:
                outlines = draw_outlines(ground, asked)
                changed = {
                    code: shape
                    for code, shape in outlines.items()
                    if code not in before or not are_same(shape, before[code])
                }
                pipe.send((changed, [code for code in before if code not in outlines]))
                before = outlines
