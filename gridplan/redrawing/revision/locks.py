"""Locks: what may not be changed, what they hold, and where they contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.errors import InputError, Problem
from gridplan.plan import Plan
from gridplan.redrawing.revision.torn_subgrids import find_torn
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
    return plan.subgrids.index[plan.subgrids["kind"] != "exclusive"]


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
    of = {level: set(plan.locks.loc[plan.locks["level"] == level, "of"]) for level in LEVELS}
    homes = plan.subgrids[plan.subgrids["kind"] != "exclusive"]
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


@dataclass(frozen=True)
class Contradiction:
    """Locks that cannot all hold, or hold the plan out of rule: where, why, and what to unlock."""

    locks: tuple[str, ...]
    community: str
    of: str
    why: str
    remedy: str


def find_contradictions(
    plan: Plan,
    stairwells: Any = None,
    neighbours: pd.DataFrame | None = None,
    home: pd.Series[Any] | None = None,
) -> list[Contradiction]:
    """Find the locks that cannot all hold, or that hold a plan out of rule, on old or new land.

    ``home`` is the old sub-grid of each stairwell, as :func:`find_frozen`
    takes it.

    Examples
    --------
    Eight houses of ten households are closed in, and at most 70 households
    make a sub-grid:

    >>> from gridplan.synthetic import make_board_plan
    >>> plan = lock(make_board_plan((1, 1, 1, 1, 2, 2) * 2), "subgrid", "0301-001")
    >>> contradiction = find_contradictions(plan)[0]
    >>> contradiction.why
    '80 households, allowed are 50 to 70, and none may leave or enter'
    >>> contradiction.locks, contradiction.remedy
    (('subgrid:0301-001',), 'unlock subgrid:0301-001')
    """
    doors = plan.stairwells if stairwells is None else stairwells
    pairs = plan.neighbours if neighbours is None else neighbours
    if home is None:
        home = plan.stairwells["subgrid"].reindex(doors.index)
    home = home.reindex(doors.index).fillna("").astype("str")
    frozen = find_frozen(plan, doors, home)
    contradictions = _find_lost(plan, doors)
    contradictions += _find_outside(plan, doors, home, frozen)
    contradictions += _find_apart(plan, doors, pairs, home, frozen)
    contradictions += _find_walled_in(plan, doors, pairs, home, frozen)
    contradictions += _find_too_many(plan, doors, frozen)
    return sorted(contradictions, key=lambda c: (c.community, c.of, c.why))


def name_locks(plan: Plan, subgrid: str) -> tuple[str, ...]:
    """Name the locks that close a sub-grid: its own and that of its community."""
    community = plan.subgrids["community"].get(subgrid, "")
    return tuple(
        name
        for name in (f"subgrid:{subgrid}", f"community:{community}")
        if name in plan.locks.index
    )


def _unlock(names: tuple[str, ...]) -> str:
    return "unlock " + ", ".join(n for n in names)


def _find_lost(plan: Plan, doors: Any) -> list[Contradiction]:
    """Find locks of things that are not there any more."""
    there = {level: set(list_lockable(plan, level)) for level in ("subgrid", "code", "community")}
    there["building"] = set(doors["building"])
    return [
        Contradiction(
            (lock.Index,),
            "",
            lock.of,
            f"there is no {lock.level} {lock.of}" + _add_now(lock.level),
            _unlock((lock.Index,)),
        )
        for lock in plan.locks.itertuples()
        if lock.of not in there[lock.level]
    ]


def _add_now(level: str) -> str:
    return " with homes any more" if level == "building" else " any more"


def _find_outside(plan: Plan, doors: Any, home: Any, frozen: FrozenHomes) -> list[Contradiction]:
    """Find closed sub-grids out of their band, and locked buildings that alone are too many."""
    rules = plan.rules
    held = doors["households"].groupby(home).sum()
    locked = doors["households"][frozen.stairwells].groupby(home[frozen.stairwells]).sum()
    kinds = plan.subgrids["community_kind"]
    contradictions = []
    for code in sorted(set(frozen.closed) | set(locked.index)):
        band = rules.find_band(str(kinds[code]))
        community = str(plan.subgrids["community"][code])
        if code in frozen.closed:
            count = int(held.get(code, 0))
            if not band.low <= count <= band.high:
                names = name_locks(plan, code)
                why = (
                    f"{count} households, allowed are {band.low} to {band.high}, "
                    "and none may leave or enter"
                )
                contradictions.append(Contradiction(names, community, code, why, _unlock(names)))
        # Homes may leave an open sub-grid but for the locked ones, so only
        # these can be too many.
        elif int(locked[code]) > band.high:
            buildings = sorted(
                set(doors["building"][frozen.stairwells & (home == code).to_numpy()])
            )
            names = tuple(f"building:{b}" for b in buildings)
            why = (
                f"{int(locked[code])} households in locked buildings alone, "
                f"allowed are at most {band.high}"
            )
            contradictions.append(
                Contradiction(names, community, code, why, "unlock some of " + ", ".join(names))
            )
    return contradictions


def _find_apart(
    plan: Plan, doors: Any, pairs: Any, home: Any, frozen: FrozenHomes
) -> list[Contradiction]:
    """Find closed sub-grids whose homes are in several pieces."""
    in_closed = home.isin(frozen.closed).to_numpy()
    torn = (
        find_torn(doors[in_closed].assign(subgrid=home[in_closed]), pairs)
        if in_closed.any()
        else []
    )
    return [
        Contradiction(
            name_locks(plan, code),
            str(plan.subgrids["community"][code]),
            code,
            "its homes do not hang together on foot, and none may leave or enter",
            _unlock(name_locks(plan, code)),
        )
        for code in torn
    ]


def _find_walled_in(
    plan: Plan, doors: Any, pairs: Any, home: Any, frozen: FrozenHomes
) -> list[Contradiction]:
    """Find homes in no sub-grid that only closed ones adjoin, and too few for one of their own.

    Such homes that can be walked between are one pocket.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rules = plan.rules
    a, b = (doors.index.get_indexer(pairs[end]) for end in ("focal", "neighbour"))
    known = (a >= 0) & (b >= 0)
    a = a[known]
    b = b[known]
    shut = home.isin(frozen.closed).to_numpy()
    # Nobody is assigned through a closed sub-grid, so it walls off what lies behind.
    free = ~shut[a] & ~shut[b]
    graph = coo_array(
        (np.ones(int(free.sum()), np.int8), (a[free], b[free])), shape=(len(doors),) * 2
    )
    pocket = connected_components(graph, directed=False)[1]
    new = ((home == "") & ~shut).to_numpy()
    # A pocket with any open sub-grid in it can join that one.
    mixed = set(pocket[~new & ~shut])
    contradictions = []
    # Pockets are numbered by the matrix; their first home gives an order that
    # stays.
    for number in sorted(set(pocket[new]) - mixed, key=lambda n: str(doors.index[pocket == n][0])):
        homes = np.flatnonzero(pocket == number)
        count = int(doors["households"].to_numpy()[homes].sum())
        # Enough for a sub-grid of its own, so no contradiction.
        if rules.find_band(str(doors["community_kind"].iloc[homes[0]])).find_counts(count):
            continue
        # Each pair is written once, so what adjoins may be at either end.
        inside = np.zeros(len(doors), bool)
        inside[homes] = True
        around = sorted(
            set(home.iloc[np.concatenate([b[inside[a]], a[inside[b]]])]) & set(frozen.closed)
        )
        if around:
            names = tuple(dict.fromkeys(n for code in around for n in name_locks(plan, code)))
            of = str(doors.index[homes[0]])
            why = f"{count} households in no sub-grid, and all sub-grids beside them are closed"
            contradictions.append(
                Contradiction(
                    names,
                    str(doors["community"].iloc[homes[0]]),
                    of,
                    why,
                    "unlock one of " + ", ".join(names),
                )
            )
    return contradictions


def _find_too_many(plan: Plan, doors: Any, frozen: FrozenHomes) -> list[Contradiction]:
    """Find communities where more codes are to be kept than their households make sub-grids."""
    rules = plan.rules
    held = doors.groupby("community")["households"].sum()
    kind = doors.drop_duplicates("community").set_index("community")["community_kind"]
    over = plan.subgrids["community"].reindex(sorted(frozen.kept))
    contradictions = []
    for community, codes in over.groupby(over, sort=True):
        # Every sub-grid needs at least the low end of the band.
        households = int(held.get(community, 0))
        most = households // rules.find_band(str(kind.get(community, "urban"))).low
        if len(codes) > most:
            names = tuple(
                dict.fromkeys(
                    n
                    for c in codes.index
                    for n in (*name_locks(plan, c), f"code:{c}")
                    if n in plan.locks.index
                )
            )
            why = (
                f"{len(codes)} codes are to be kept, "
                f"but {households} households make at most {most} sub-grids"
            )
            contradictions.append(
                Contradiction(
                    names, str(community), str(community), why, "unlock some of " + ", ".join(names)
                )
            )
    return contradictions
