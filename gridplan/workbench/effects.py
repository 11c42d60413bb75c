"""What a change did to the state of a plan, and how it is put on, taken back and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridplan.redrawing.editing.trial_assignment import BoardState, EditBoard
from gridplan.redrawing.revision.locks import add_locks

# Before and after; empty where there was nothing.
Sides = tuple[str, str]
# A lock's note before and after, None where there was no such lock.
Notes = tuple[str | None, str | None]


@dataclass(frozen=True)
class Effect:
    """What one change did.

    ``homes`` are the sub-grids of stairwells before and after, ``grids`` the
    communities of sub-grids that began or ended, ``locks`` the notes of locks
    by their names, ``centres`` the stairwells chosen by hand as centres, by
    sub-grid, ``approvals`` who approved sub-grids that are out of their band.
    """

    homes: Mapping[str, Sides] = field(default_factory=dict)
    grids: Mapping[str, Sides] = field(default_factory=dict)
    locks: Mapping[str, Notes] = field(default_factory=dict)
    centres: Mapping[str, Sides] = field(default_factory=dict)
    approvals: Mapping[str, Sides] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.homes or self.grids or self.locks or self.centres)

    @property
    def subgrids(self) -> frozenset[str]:
        """The codes of all sub-grids that it touched."""
        codes = {code for sides in self.homes.values() for code in sides}
        return frozenset(codes | set(self.grids) | set(self.centres))

    def invert(self) -> Effect:
        """Return the effect that takes this one back.

        Examples
        --------
        >>> Effect(homes={"h04-1": ("A", "B")}).invert().homes
        {'h04-1': ('B', 'A')}
        """
        return Effect(*(_turn(part) for part in self._list_parts()))

    def group_homes(self) -> list[tuple[str, tuple[str, ...]]]:
        """Group the homes by the sub-grid that they come to, in order of its code."""
        into: dict[str, list[str]] = {}
        for home, (_, after) in self.homes.items():
            into.setdefault(after, []).append(home)
        return [(code, tuple(homes)) for code, homes in sorted(into.items())]

    def to_data(self) -> dict[str, dict[str, list[Any]]]:
        """Return it as JSON can hold it; parts without content are left out."""
        names = ("homes", "grids", "locks", "centres", "approvals")
        parts = zip(names, self._list_parts(), strict=True)
        return {name: {k: list(v) for k, v in part.items()} for name, part in parts if part}

    def _list_parts(self) -> tuple[Mapping[str, Any], ...]:
        return self.homes, self.grids, self.locks, self.centres, self.approvals


def read_effect(data: Mapping[str, Mapping[str, Iterable[Any]]]) -> Effect:
    """Read an effect from what :meth:`Effect.to_data` returned.

    Examples
    --------
    >>> effect = Effect(homes={"h04-1": ("A", "B")}, locks={"subgrid:A": (None, "school")})
    >>> read_effect(effect.to_data()) == effect
    True
    """
    return Effect(**{name: {k: tuple(v) for k, v in part.items()} for name, part in data.items()})


def find_effect(board: EditBoard, before: BoardState, after: BoardState) -> Effect:
    """Find what differs between two states of one board."""
    rows = np.flatnonzero(before.member != after.member)
    homes = {
        str(board.stairwells[row]): (str(before.member[row]), str(after.member[row]))
        for row in rows
    }
    return Effect(
        homes,
        _compare(before.lies_in, after.lies_in),
        _compare_locks(before, after),
        _compare(before.centres, after.centres),
    )


def put_on(board: EditBoard, state: BoardState, effect: Effect) -> BoardState:
    """Put an effect on a state, whatever it was before."""
    member = state.member.copy()
    if effect.homes:
        rows = board.stairwells.get_indexer(list(effect.homes))
        member[rows] = [after for _, after in effect.homes.values()]
    lies_in = _put(state.lies_in, effect.grids)
    dropped = [name for name in effect.locks if name in state.locks.index]
    added = []
    for name, (_, note) in effect.locks.items():
        level, _, of = name.partition(":")
        added += [(level, of, note)] if note is not None else []
    locks = add_locks(state.locks.drop(index=dropped), added)
    return replace(
        state,
        member=member,
        lies_in=lies_in,
        locks=locks if effect.locks else state.locks,
        centres=_put(state.centres, effect.centres),
        used=state.used | set(effect.grids),
    )


def join_effects(effects: Iterable[Effect]) -> Effect:
    """Join effects that came one after the other to one; what ended as it began is kept too.

    Examples
    --------
    >>> first, then = Effect(homes={"h1": ("A", "B")}), Effect(homes={"h1": ("B", "C")})
    >>> join_effects([first, then]).homes
    {'h1': ('A', 'C')}
    """
    joined: tuple[dict[str, Any], ...] = tuple({} for _ in Effect()._list_parts())
    for effect in effects:
        for kept, part in zip(joined, effect._list_parts(), strict=True):
            for key, (before, after) in part.items():
                first = kept.pop(key)[0] if key in kept else before
                # At the end, as locks stay in the order in which they were set.
                kept[key] = first, after
    return Effect(*joined)


def count_moved(board: EditBoard, effect: Effect) -> int:
    """Count the households that an effect moves; who only gets a sub-grid's new code stays."""
    came: dict[str, set[str]] = {}
    went: dict[str, set[str]] = {}
    for before, after in effect.homes.values():
        went.setdefault(before, set()).add(after)
        came.setdefault(after, set()).add(before)
    ends = {code for code, (_, after) in effect.grids.items() if not after}
    begins = {code for code, (before, _) in effect.grids.items() if not before}
    renamed = {
        (before, after)
        for before in ends
        for after in went.get(before, set()) & begins
        if len(went[before]) == len(came[after]) == 1
    }
    homes = [home for home, sides in effect.homes.items() if sides not in renamed]
    return int(board.households[board.stairwells.get_indexer(homes)].sum())


def list_differing(board: EditBoard, state: BoardState, effect: Effect) -> list[str]:
    """List what is not as an effect left it: homes, sub-grids, locks and centres, by their codes.

    An effect can be taken back only where the list is empty.
    """
    rows = board.stairwells.get_indexer(list(effect.homes))
    off = [
        home
        for home, row, (_, after) in zip(effect.homes, rows, effect.homes.values(), strict=True)
        if state.member[row] != after
    ]
    off += [c for c, (_, after) in effect.grids.items() if state.lies_in.get(c, "") != after]
    notes = _read_notes(state)
    off += [name for name, (_, after) in effect.locks.items() if notes.get(name) != after]
    off += [c for c, (_, after) in effect.centres.items() if state.centres.get(c, "") != after]
    # A sub-grid that homes would return to may have ended, or have another code now.
    revived = {code for code, (before, _) in effect.grids.items() if before}
    back = {before for before, _ in effect.homes.values()} - revived
    back |= {code for code, (before, _) in effect.centres.items() if before} - revived
    # So may one whose lock would return.
    back |= {
        name.removeprefix("subgrid:")
        for name, (before, _) in effect.locks.items()
        if before is not None and name.startswith("subgrid:")
    } - revived
    off += sorted(back - set(state.lies_in))
    # A centre is one of its sub-grid's homes, then as now.
    for code, (centre, _) in effect.centres.items():
        if centre:
            home = effect.homes.get(centre)
            now = state.member[board.stairwells.get_loc(centre)] if home is None else home[0]
            off += [centre] if now != code else []
    # A sub-grid that is to vanish may have been given homes of others since.
    born = {code for code, (before, _) in effect.grids.items() if not before}
    if born:
        others = np.isin(state.member, list(born))
        others[rows] = False
        off += [str(board.stairwells[row]) for row in np.flatnonzero(others)]
    return off


def drop_empty(state: BoardState) -> BoardState:
    """End the sub-grids that no home is left in."""
    empty = set(state.lies_in) - set(state.member)
    if not empty:
        return state
    lies_in = {code: over for code, over in state.lies_in.items() if code not in empty}
    centres = {code: home for code, home in state.centres.items() if code not in empty}
    return replace(state, lies_in=lies_in, centres=centres)


def _turn(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: (after, before) for key, (before, after) in part.items()}


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Sides]:
    # Thousands of sub-grids, of which a change touches few.
    codes = sorted({code for code, _ in before.items() ^ after.items()})
    return {code: (before.get(code, ""), after.get(code, "")) for code in codes}


def _compare_locks(before: BoardState, after: BoardState) -> dict[str, Notes]:
    # The very table where no verb touched it.
    if before.locks is after.locks:
        return {}
    old, new = _read_notes(before), _read_notes(after)
    names = sorted({*old, *new})
    return {n: (old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n)}


def _read_notes(state: BoardState) -> dict[str, str]:
    return {str(name): str(note) for name, note in state.locks["note"].items()}


def _put(mapping: Mapping[str, str], sides: Mapping[str, Sides]) -> dict[str, str]:
    new = {**mapping}
    for key, (_, after) in sides.items():
        new.pop(key, None)
        if after:
            new[key] = after
    return new
