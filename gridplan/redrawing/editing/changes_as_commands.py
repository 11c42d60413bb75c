"""Changes of sub-grids written as edit commands, to be checked and logged like others."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridplan.redrawing.editing.edit_commands import EditCommand, write_command


def write_commands(changes: pd.DataFrame, stairwells: Any) -> list[str]:
    """Write changes as commands.

    A whole sub-grid under a new code is recoded, an exchange is a swap, all
    else is moved.

    Commands are carried out one by one, and a sub-grid ends with its last
    home. So one home of a sub-grid that all leave while others come waits
    until the end.

    Parameters
    ----------
    changes
        By stairwell: ``building``, ``old`` and ``new`` code.
    stairwells
        The stairwells table before.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> doors = make_board_plan().stairwells
    >>> changes = doors.loc[["h04-1", "h05-1"], ["building"]]
    >>> changes = changes.assign(old="0301-002", new=["0301-001", "0301-003"])
    >>> write_commands(changes, doors)
    ['move building h05 to new as 0301-003', 'move building h04 to 0301-001']
    """
    lines: list[str] = []
    rest = changes.sort_index()
    size = stairwells.groupby("subgrid").size()
    known = set(size.index)
    ways = rest.groupby(["old", "new"], sort=True).size()
    sources = rest.groupby("new")["old"].nunique()
    wanted = set(rest["new"])
    for (old, new), count in ways.items():
        movers = rest[(rest["old"] == old) & (rest["new"] == new)]
        back = rest[(rest["old"] == new) & (rest["new"] == old)]
        # Renamed only if it goes whole to a code that is new and fed by it
        # alone, and no other home is to come under the old code.
        if new not in known and count == size[old] and sources[new] == 1 and old not in wanted:
            lines.append(write_command(EditCommand("recode", "subgrid", (old,), (new,))))
            rest = rest.drop(index=movers.index)
        elif len(back) and len(movers):
            lines.append(
                write_command(
                    EditCommand("swap", "stairwell", tuple(movers.index), tuple(back.index))
                )
            )
            rest = rest.drop(index=[*movers.index, *back.index])
    # Sub-grids that all their homes leave while others come.
    gone = [
        old
        for old, movers in rest.groupby("old")
        if len(movers) == size[old] and (rest["new"] == old).any()
    ]
    # A sub-grid that loses all and gains others would end in between: one home
    # of it waits.
    waiting = rest[rest["old"].isin(gone)].drop_duplicates("old", keep="last")
    first = rest.drop(index=waiting.index)
    fresh = {new for new in rest["new"].unique() if new not in known}
    for new in [*sorted(fresh & set(first["new"])), *sorted(set(first["new"]) - fresh)]:
        lines += _write_moves(first[first["new"] == new], new, new in fresh, stairwells)
    return lines + _write_waiting(waiting, set(first["new"]), fresh - set(first["new"]), stairwells)


def _write_waiting(
    waiting: pd.DataFrame, filled: set[str], fresh: set[str], stairwells: Any
) -> list[str]:
    """Write the moves of homes that wait, each after those into its own sub-grid.

    Single homes in a ring are swapped along it.
    """
    lines: list[str] = []
    waiting_homes = {
        str(old): (str(home), str(new))
        for home, old, new in zip(waiting.index, waiting["old"], waiting["new"], strict=True)
    }
    open_ = set(fresh)
    made = set(filled)
    # Nobody can leave first in a ring of sub-grids, so homes there change places.
    while waiting_homes:
        # Safe once somebody has come in, or if nobody who waits is to come.
        targets = {new for _, new in waiting_homes.values()}
        ready = [old for old in sorted(waiting_homes) if old in made or old not in targets]
        if ready:
            home, new = waiting_homes.pop(ready[0])
            lines += _write_moves(waiting.loc[[home]], new, new in open_, stairwells)
            open_.discard(new)
            made.add(new)
            continue
        old = min(waiting_homes)
        home, new = waiting_homes.pop(old)
        while new != old:
            # After the swap the other home is where this one was, with its own
            # way still to go.
            other, onward = waiting_homes.pop(new)
            lines.append(write_command(EditCommand("swap", "stairwell", (home,), (other,))))
            home = other
            new = onward
    return lines


def _write_moves(movers: pd.DataFrame, new: str, is_new: bool, stairwells: Any) -> list[str]:
    """Write the moves to one sub-grid.

    Whole buildings by their codes, other stairwells by their own.
    """
    doors = stairwells.groupby("building").size().reindex(movers["building"]).to_numpy()
    whole = movers.groupby("building")["building"].transform("size").to_numpy() == doors
    named = {
        "building": tuple(sorted(set(movers["building"][whole]))),
        "stairwell": tuple(movers.index[~whole]),
    }
    commands = [
        EditCommand("move", level, things, (new,)) for level, things in named.items() if things
    ]
    # Only the first line begins the sub-grid: by the second one it is there.
    commands[0] = EditCommand("move", commands[0].level, commands[0].things, (new,), new=is_new)
    return [write_command(command) for command in commands]
