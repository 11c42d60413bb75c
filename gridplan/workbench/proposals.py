"""Proposals: what a job, or an earlier version, would change, kept until a seat takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridplan.redrawing.editing.edit_commands import EditCommand, write_command
from gridplan.redrawing.editing.trial_assignment import BoardState
from gridplan.workbench.desk import Desk
from gridplan.workbench.effects import Effect, drop_empty, find_effect, put_on


@dataclass(frozen=True)
class Proposal:
    """A proposal of a job: what it would do, as of the state that it saw."""

    effect: Effect
    lines: tuple[str, ...]


def make_proposal(desk: Desk, homes: Mapping[str, str]) -> tuple[Proposal, BoardState]:
    """Make the proposal that puts homes into sub-grids, and the state that would come of it.

    Codes that are not there become new sub-grids; those that nobody is left in
    end.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> proposal, state = make_proposal(Desk(make_board_plan()), {"h04-1": "0301-009"})
    >>> proposal.lines, sorted(state.lies_in)
    (('move stairwell h04-1 to new as 0301-009',), ['0301-001', '0301-002', '0301-009'])
    """
    board, now = desk.board, desk.state
    rows = board.stairwells.get_indexer(list(homes))
    pairs = {
        home: (str(now.member[row]), after)
        for (home, after), row in zip(homes.items(), rows, strict=True)
    }
    fresh = {
        after: ("", str(board.community[row]))
        for (_, after), row in zip(homes.items(), rows, strict=True)
        if after not in now.lies_in
    }
    state = drop_empty(put_on(board, now, Effect(homes=pairs, grids=fresh)))
    effect = find_effect(board, now, state)
    return Proposal(effect, _write_moves(effect)), state


def _write_moves(effect: Effect) -> tuple[str, ...]:
    """Write an effect as moves, so that the log of edits can repeat it."""
    return tuple(
        write_command(EditCommand("move", "stairwell", homes, (code,), new=code in effect.grids))
        for code, homes in effect.group_homes()
    )
