"""Changes that may bring a sub-grid into rule, the simplest first; whether they do is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.division.problem import DivisionProblem
from gridplan.redrawing.editing.script_words import quote_codes
from gridplan.workbench.desk import Desk

_NEAR = 20  # buildings on a border that are tried, the nearest ones first


@dataclass(frozen=True)
class Cure:
    """A change that may cure a sub-grid.

    ``how`` is one of move, rejoin, shorten, centre, merge and split; ``homes`` are the
    stairwells that move, ``into`` the sub-grid they go to, ``parts`` the
    number of parts of a split. ``rank`` orders from simple to drastic;
    ``must_shorten`` says that it is only good if people walk less.
    """

    rank: int
    how: str
    lines: tuple[str, ...]
    homes: tuple[str, ...] = ()
    into: str = ""
    parts: int = 0
    must_shorten: bool = False


@dataclass(frozen=True)
class _Place:
    """One sub-grid in its community, and the sub-grids beside it."""

    desk: Desk
    code: str
    beside: list[str]
    problem: DivisionProblem
    rows: Any
    member: Any

    @property
    def households(self) -> int:
        return int(self.problem.weights[self.member == self.code].sum())


def list_cures(desk: Desk, code: str, beside: list[str]) -> list[Cure]:
    """List the changes that may cure a sub-grid, the simplest first.

    ``beside`` are the sub-grids beside it, the nearest first.
    """
    problem, rows = desk.board.get_problem(desk.state.lies_in[code])
    place = _Place(desk, code, beside, problem, rows, desk.state.member[rows].astype(str))
    pieces = _find_pieces(place)
    cures: list[Cure] = []
    if len(pieces) > 1:
        cures += _rejoin(place, pieces)
    if place.households < problem.band.low:
        cures += _take_in(place)
        cures += [
            Cure(4, "merge", (f"merge {_quote(code)} into {_quote(other)}",), into=other)
            for other in beside
        ]
    elif place.households > problem.band.high:
        cures += _give_away(place)
        cures += _split(place)
    elif len(pieces) == 1:
        cures += _shorten(place)
    return sorted(cures, key=lambda cure: cure.rank)


def _rejoin(place: _Place, pieces: list[Any]) -> Iterator[Cure]:
    """Give a piece that lies apart to a neighbour, or take in the building between two."""
    main = max(pieces, key=lambda atoms: int(place.problem.weights[atoms].sum()))
    rest = [atoms for atoms in pieces if atoms is not main]
    for atoms in rest:
        near = _find_near(place, atoms)
        for other in dict.fromkeys(str(c) for c in place.member[near]):
            if other != place.code:
                yield _move(place, 1, atoms, other, "rejoin")
    ways = [set(_find_near(place, atoms).tolist()) for atoms in pieces]
    between = [a for a in sorted(set.union(*ways)) if sum(a in way for way in ways) > 1]
    for homes in _group_buildings(place, between):
        yield _move(place, 1, homes, place.code, "rejoin")
    if len(rest) > 1:
        return
    yield from _split(place, len(pieces))


def _take_in(place: _Place) -> Iterator[Cure]:
    """Take one building, or two, from the sub-grids beside."""
    own = np.flatnonzero(place.member == place.code)
    near = _find_near(place, own)
    near = near[_order_by_distance(place, near, own)]
    yield from _move_some(place, near, place.code)


def _give_away(place: _Place) -> Iterator[Cure]:
    """Give one building, or two, to a sub-grid beside."""
    for other in place.beside:
        theirs = np.flatnonzero(place.member == other)
        near = _find_near(place, theirs)
        near = near[place.member[near] == place.code]
        yield from _move_some(place, near[_order_by_distance(place, near, theirs)], other)


def _move_some(place: _Place, atoms: Any, into: str) -> Iterator[Cure]:
    homes = list(_group_buildings(place, atoms))[:_NEAR]
    for one in homes:
        yield _move(place, 1, one, into)
    # Two buildings of one sub-grid, beside each other or not.
    for n, one in enumerate(homes[:8]):
        for two in homes[n + 1 : 8]:
            if place.member[one[0]] == place.member[two[0]]:
                yield _move(place, 2, np.concatenate([one, two]), into)


def _shorten(place: _Place) -> Iterator[Cure]:
    """Leave the centre to gridplan again, or give away the building with the longest walk."""
    if place.code in place.desk.state.centres:
        line = f"centre of {_quote(place.code)} automatically"
        yield Cure(0, "centre", (line,), must_shorten=True)
    for cure in _give_away(place):
        if cure.rank == 1:
            yield Cure(1, "shorten", cure.lines, cure.homes, cure.into, must_shorten=True)


def _split(place: _Place, parts: int = 0) -> list[Cure]:
    band = place.problem.band
    wanted = parts or max(2, round(place.households / max(1, band.target)))
    counts = dict.fromkeys([wanted, wanted + 1] if parts == 0 else [wanted])
    return [
        Cure(5, "split", (f"split {_quote(place.code)} into {k}",), parts=k)
        for k in counts
        if 2 <= k <= 99
    ]


def _move(place: _Place, rank: int, atoms: Any, into: str, how: str = "move") -> Cure:
    board = place.desk.board
    rows = place.rows[atoms]
    homes = tuple(str(s) for s in board.stairwells[rows])
    buildings = list(dict.fromkeys(str(b) for b in board.building[rows]))
    whole = {b for b in buildings if np.isin(board.rows[b], rows).all()}
    doors = [h for h, row in zip(homes, rows, strict=True) if board.building[row] not in whole]
    lines = []
    if whole:
        lines.append(f"move building {quote_codes(sorted(whole))} to {_quote(into)}")
    if doors:
        lines.append(f"move stairwell {quote_codes(doors)} to {_quote(into)}")
    return Cure(rank, how, tuple(lines), homes, into)


def _group_buildings(place: _Place, atoms: Iterable[int]) -> Iterator[Any]:
    """Group atoms by building: all atoms of the building that are of the same sub-grid."""
    seen: set[tuple[str, str]] = set()
    names = place.desk.board.building[place.rows]
    for atom in atoms:
        key = (str(names[atom]), str(place.member[atom]))
        if key not in seen:
            seen.add(key)
            yield np.flatnonzero((names == key[0]) & (place.member == key[1]))


def _find_near(place: _Place, atoms: Any) -> Any:
    """Find the atoms beside some, that are not of the same sub-grid."""
    pairs = place.problem.pairs
    if pairs is None or not len(pairs):
        return np.zeros(0, np.int64)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    near = np.unique(both[np.isin(both[:, 0], atoms), 1])
    codes = set(place.member[atoms])
    return near[~np.isin(place.member[near], list(codes))]


def _find_pieces(place: _Place) -> list[Any]:
    own = np.flatnonzero(place.member == place.code)
    return [own[island] for island in place.problem.take(own).find_islands()]


def _order_by_distance(place: _Place, atoms: Any, others: Any) -> Any:
    if not len(atoms):
        return np.zeros(0, np.int64)
    middle = place.problem.xy[others].mean(axis=0)
    metres = np.hypot(*(place.problem.xy[atoms] - middle).T)
    return np.argsort(metres, kind="stable")


def _quote(code: str) -> str:
    return quote_codes([code])
