"""Locks: what may not be changed, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.errors import InputError, Problem
from gridplan.plan import Plan
from gridplan.tables.conform import conform_table

LEVELS = ("community", "subgrid", "building", "code")


def lock(plan: Plan, level: str, of: str, note: str = "") -> Plan:
    """Lock a community, sub-grid, building or code.

    The households of a community or sub-grid stay as they are, a building
    stays in its sub-grid, and a code is kept.

    Raises
    ------
    InputError
        If the level is unknown, or the plan has no such thing.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = lock(make_board_plan(), "subgrid", "0301-001", "school buses")
    >>> plan.locks["note"].to_dict(), unlock(plan, "subgrid", "0301-001").locks.empty
    ({'subgrid:0301-001': 'school buses'}, True)
    """
    known = list_lockable(plan, level)
    if of not in known:
        remedy = "gridplan plans list their codes in the tables subgrids, buildings and communities"
        raise InputError(
            [Problem("locks", "locks are of something", f"there is no {level} {of}", remedy)]
        )
    return plan.replace(locks=add_locks(plan.locks, [(level, of, note)]))


def unlock(plan: Plan, level: str, of: str) -> Plan:
    """Take a lock away.

    Raises
    ------
    InputError
        If there is no such lock.
    """
    if f"{level}:{of}" not in plan.locks.index:
        there = (
            "the locks are " + ", ".join(plan.locks.index)
            if len(plan.locks)
            else "nothing is locked"
        )
        raise InputError(
            [Problem("locks", "the lock is there", f"{level}:{of} is not locked", there)]
        )
    return plan.replace(locks=plan.locks.drop(index=f"{level}:{of}"))


def lock_all(plan: Plan, note: str = "") -> Plan:
    """Lock every community: nothing may change."""
    return plan.replace(
        locks=add_locks(
            plan.locks, [("community", str(c), note) for c in plan.site.communities.index]
        )
    )


def unlock_all(plan: Plan) -> Plan:
    """Take all locks away."""
    return plan.replace(locks=plan.locks.iloc[:0])


def list_lockable(plan: Plan, level: str) -> pd.Index[Any]:
    """List the codes that can be locked at a level.

    Communities, sub-grids of homes, or buildings with homes.

    Raises
    ------
    InputError
        If the level is unknown.
    """
    if level not in LEVELS:
        remedy = f"use one of {', '.join(LEVELS)}"
        raise InputError(
            [Problem("locks", "levels are known", f"there is no level {level!r}", remedy)]
        )
    if level == "community":
        return plan.site.communities.index
    if level == "building":
        return pd.Index(plan.stairwells["building"].unique())
    return plan.subgrids.index[plan.subgrids["kind"] == "residential"]


def check_locks(plan: Plan) -> None:
    """Check that all locks of a plan are of a level that there is.

    Raises
    ------
    InputError
        If not; it names the rows. Such a lock would hold nothing.
    """
    unknown = plan.locks.index[~plan.locks["level"].isin(LEVELS)]
    if len(unknown):
        words = sorted({str(word) for word in plan.locks.loc[unknown, "level"]})
        message = f"there is no level {', '.join(map(repr, words))}"
        remedy = f"write one of {', '.join(LEVELS)} in the column level"
        rows = tuple(str(lock) for lock in unknown)
        raise InputError([Problem("locks", "levels are known", message, remedy, rows)])


def add_locks(locks: pd.DataFrame, rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Add locks of (level, of, note) to the table, sorted by code.

    One that is there gets the new note.
    """
    new = pd.DataFrame(
        [
            {"lock": f"{level}:{of}", "level": level, "of": of, "note": note}
            for level, of, note in rows
        ]
    )
    if new.empty:
        return locks
    both = pd.concat([locks.reset_index(), new]) if len(locks) else new
    return conform_table("locks", both.drop_duplicates("lock", keep="last")).sort_index()


@dataclass(frozen=True)
class FrozenHomes:
    """What locks hold.

    ``stairwells`` says for each stairwell whether it must stay in its
    sub-grid, ``closed`` are the sub-grids that nothing may leave or enter,
    ``kept`` the codes that may not be given up (those closed among them).
    """

    stairwells: Bools
    closed: frozenset[str]
    kept: frozenset[str]


def find_frozen(
    plan: Plan,
    stairwells: Any,
    home: pd.Series[Any] | None = None,
    building: pd.Series[Any] | None = None,
) -> FrozenHomes:
    """Find what the locks of a plan hold among some stairwells.

    Parameters
    ----------
    plan
        The plan with the locks.
    stairwells
        Its stairwells, or those of new land.
    home
        The sub-grid of the plan that each stairwell was in, empty where it was
        in none; by code of the stairwell if not given.
    building
        The building of the plan that each is in; the stairwells' own if not
        given.

    Raises
    ------
    InputError
        If a lock is of a level that there is not.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = lock(lock(make_board_plan(), "subgrid", "0301-001"), "building", "h04")
    >>> frozen = find_frozen(plan, plan.stairwells)
    >>> plan.stairwells.index[frozen.stairwells].tolist()
    ['h01-1', 'h02-1', 'h03-1', 'h04-1', 'h07-1', 'h08-1', 'h09-1']
    >>> sorted(frozen.closed), sorted(frozen.kept)
    (['0301-001'], ['0301-001', '0301-002'])
    """
    check_locks(plan)
    of = {level: set(plan.locks.loc[plan.locks["level"] == level, "of"]) for level in LEVELS}
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    shut = homes.index.isin(of["subgrid"]) | homes["community"].isin(of["community"]).to_numpy()
    closed = frozenset(homes.index[shut])
    if home is None:
        home = plan.stairwells["subgrid"].reindex(stairwells.index).fillna("")
    buildings = stairwells["building"] if building is None else building
    locked = buildings.reindex(stairwells.index).isin(of["building"]).to_numpy()
    was = home.reindex(stairwells.index).fillna("")
    # A new home has no place to stay in, so nothing holds it.
    frozen = (was != "").to_numpy() & (was.isin(closed).to_numpy() | locked)
    # A sub-grid with a locked building in it cannot end.
    held = set(was[frozen & locked])
    return FrozenHomes(
        np.asarray(frozen), closed, frozenset(closed | held | (of["code"] & set(homes.index)))
    )
