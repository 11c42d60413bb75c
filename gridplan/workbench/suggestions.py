"""What is out of rule, why, and the smallest change that cures it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.rules.band import Band
from gridplan.workbench.cures import Cure, list_cures
from gridplan.workbench.desk import Desk

_TRIED = 60  # changes that are tried for one sub-grid, the nearest ones first
_FAR = 20.0  # metres above what is usual below which a walk is never called far
_SHOWN = 50  # sub-grids with long walks that are listed


@dataclass(frozen=True)
class Fault:
    """One sub-grid that is out of rule.

    ``rule`` is small, large or apart; ``amount`` the households that lack or
    are too many, or the pieces it lies in; ``locked`` the lock that keeps it.
    """

    subgrid: str
    community: str
    rule: str
    households: int
    amount: int
    locked: str = ""


@dataclass(frozen=True)
class Suggestion:
    """The change that cures a sub-grid with the least harm, and what else was tried.

    ``cure`` is None where nothing that was tried cures it. ``tried`` counts the
    changes by what stood in their way: locked, others (another sub-grid would
    be out of rule), short (not enough), works.
    """

    cure: Cure | None = None
    tried: Mapping[str, int] = field(default_factory=dict)
    beside: tuple[tuple[str, int], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The commands of the cure; none where there is none."""
        return self.cure.lines if self.cure else ()


def list_faults(desk: Desk, figures: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """List the sub-grids out of rule, by code; ``figures`` are those of the sub-grids by code."""
    faults = []
    for code, row in sorted(figures.items()):
        community = desk.state.lies_in.get(code)
        if community is None:
            continue
        band = desk.board.get_problem(community)[0].band
        households = int(row["households"])
        names = (f"subgrid:{code}", f"community:{community}")
        lock = next((name for name in names if name in desk.state.locks.index), "")
        if households < band.low:
            faults.append(Fault(code, community, "small", households, band.low - households, lock))
        elif households > band.high:
            faults.append(Fault(code, community, "large", households, households - band.high, lock))
        if row["pieces"] > 1:
            faults.append(Fault(code, community, "apart", households, int(row["pieces"]), lock))
    return faults


def suggest(desk: Desk, code: str) -> tuple[str, ...]:
    """Suggest the commands that bring a sub-grid into rule and put no other out of it.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> desk = Desk(make_board_plan())
    >>> suggest(desk, "0301-001")
    ()
    """
    return find_suggestion(desk, code).lines


def find_suggestion(desk: Desk, code: str) -> Suggestion:
    """Find the smallest change that cures a sub-grid, with what was tried and why it did not do.

    One building to or from a neighbour is tried first, then two of them, a
    piece that lies apart, another centre, merging, and splitting. Of changes
    of one kind that with the least walking is taken.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> desk = Desk(make_board_plan((1, 1, 1, 1, 2, 2) * 2))
    >>> find_suggestion(desk, "0301-002").cure.lines
    ('move building h04 to 0301-002',)
    """
    state, board = desk.state, desk.board
    if code not in state.lies_in:
        return Suggestion()
    problem, rows = board.get_problem(state.lies_in[code])
    member = state.member[rows].astype(str)
    beside = find_beside(desk, code)
    sizes = tuple((c, int(problem.weights[member == c].sum())) for c in beside)
    tried: Counter[str] = Counter()
    judged = 0
    best: tuple[float, Cure] | None = None
    before = desk.measure([code, *beside])
    for cure in list_cures(desk, code, beside):
        # A simpler change that works goes before all others.
        if best is not None and cure.rank > best[1].rank:
            break
        if judged >= _TRIED and cure.rank < 4:
            continue
        # Most changes fail by their numbers already, which is seen without trying them.
        what, walk = _screen(desk, cure, code, before), np.inf
        if not what:
            judged += 1
            what, walk = _judge(desk, cure, code, before)
        tried[what] += 1
        if what == "works" and (best is None or walk < best[0]):
            best = walk, cure
    return Suggestion(best[1] if best else None, dict(tried), sizes)


def _screen(desk: Desk, cure: Cure, code: str, before: Any) -> str:
    """Say what stands in the way of moving homes by their households alone; empty if nothing."""
    if not cure.homes:
        return ""
    rows = desk.board.stairwells.get_indexer(list(cure.homes))
    band = desk.board.get_problem(desk.state.lies_in[code])[0].band
    sizes = {str(name): int(count) for name, count in before["households"].items()}
    for row, households in zip(rows, desk.board.households[rows], strict=True):
        sizes[str(desk.state.member[row])] -= int(households)
        sizes[cure.into] += int(households)
    out = {name for name, count in sizes.items() if not band.low <= count <= band.high and count}
    if code in out:
        return "short"
    for name in out:
        was = int(before.loc[name, "households"])
        if _strays(band, was, sizes[name]):
            return "others"
    return ""


def _strays(band: Band, was: int, now: int) -> bool:
    """Whether a number of households comes out of its band, or no nearer to it than it was."""
    off = max(band.low - now, 0, now - band.high)
    return now != was and off > 0 and off >= max(band.low - was, 0, was - band.high)


def _judge(desk: Desk, cure: Cure, code: str, before: Any) -> tuple[str, float]:
    """Say whether a change works or what stands in its way, and how far people walk after it."""
    try:
        trial = desk.try_lines(cure.lines)
    except RefusedError:
        return "locked", np.inf
    table = desk.measure(trial.effect.subgrids | {code}, trial.state)
    walk = float(table["household_metres"].sum())
    band = desk.board.get_problem(desk.state.lies_in[code])[0].band
    for name, row in table.iterrows():
        good = bool(row["in_band"]) and bool(row["contiguous"])
        was = before.loc[name] if name in before.index else None
        if good:
            continue
        if name == code:
            return "short", walk
        # A neighbour that was out of rule already may stay as it was, or come nearer.
        if was is None or _grade(was) < _grade(row):
            return "others", walk
        if _strays(band, int(was["households"]), int(row["households"])):
            return "others", walk
    if cure.must_shorten:
        was = before.reindex(table.index)
        here = float(table["mean_walk"][code]) - float(was["mean_walk"][code])
        # Nobody is to pay for it: all together walk no farther either.
        if here > -1 or walk > float(was["household_metres"].sum()):
            return "short", walk
    return "works", walk


def _grade(row: Any) -> tuple[bool, int]:
    return not row["in_band"], int(row["pieces"])


def find_beside(desk: Desk, code: str) -> list[str]:
    """Find the sub-grids beside one, those with the most ways between them first."""
    problem, rows = desk.board.get_problem(desk.state.lies_in[code])
    member = desk.state.member[rows].astype(str)
    if problem.pairs is None or not len(problem.pairs):
        return []
    a, b = member[problem.pairs[:, 0]], member[problem.pairs[:, 1]]
    across = np.concatenate([b[(a == code) & (b != code)], a[(b == code) & (a != code)]])
    codes, counts = np.unique(across, return_counts=True)
    return [str(c) for c in codes[np.lexsort((codes, -counts))]]


def list_far(desk: Desk, figures: pd.DataFrame) -> list[Fault]:
    """List the sub-grids where people walk more than twice as far as in their community.

    No rule is broken by them: a hint of where to look. ``figures`` are those
    of all sub-grids, and ``amount`` is the mean walk in metres.
    """
    lies_in = desk.state.lies_in
    over = np.array([lies_in.get(str(code), "") for code in figures.index], object)
    walk = figures["mean_walk"].to_numpy(float)
    codes, place = np.unique(over.astype(str), return_inverse=True)
    usual = np.array([np.median(walk[place == n]) for n in range(len(codes))])[place]
    rows = np.flatnonzero((walk > 2 * usual) & (walk > usual + _FAR) & (over != ""))
    households = figures["households"].to_numpy(np.int64)
    far = [
        Fault(str(figures.index[r]), str(over[r]), "far", int(households[r]), round(walk[r]))
        for r in rows
    ]
    return sorted(far, key=lambda fault: (-fault.amount, fault.subgrid))[:_SHOWN]
