"""Locks that cannot all hold, or that hold a plan out of rule: where, why, and what to unlock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.redrawing.revision.locks import FrozenHomes, find_frozen, list_lockable
from gridplan.redrawing.revision.torn_subgrids import find_torn


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

    >>> from gridplan.redrawing.revision.locks import lock
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


def _suggest_unlocking(names: tuple[str, ...]) -> str:
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
            f"there is no {lock.level} {lock.of}" + _word_absence(lock.level),
            _suggest_unlocking((lock.Index,)),
        )
        for lock in plan.locks.itertuples()
        if lock.of not in there[lock.level]
    ]


def _word_absence(level: str) -> str:
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
                contradictions.append(
                    Contradiction(names, community, code, why, _suggest_unlocking(names))
                )
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
            _suggest_unlocking(name_locks(plan, code)),
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
