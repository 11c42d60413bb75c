"""Dividing atoms with members into contiguous parts of a fair size, with a proven bound.

Branches of a large compound and groups of a branch are the same problem: few
parts, each within its limits and with enough full members, balanced, and near
to a meeting place in one of their atoms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.divide import divide_atoms
from gridplan.division.enumeration import list_parts
from gridplan.division.lower_bound import find_bound
from gridplan.division.problem import DivisionProblem
from gridplan.people.organisation.chain_inputs import annex, connect, lift
from gridplan.people.organisation.exact_cover import cover_exactly
from gridplan.rules.band import Band

LISTED = 12_000  # parts that are all listed; above, the division searches
STEPS = 60  # subgradient steps of the bound where parts were searched


@dataclass(frozen=True)
class Limits:
    """What a part must keep and what it costs.

    Parameters
    ----------
    least, most, target
        Members of a part; at the target the number of parts is chosen.
    full
        Fewest full members of a part.
    price, imbalance
        Member-metres for a part more, and metres for each member off the even
        size.
    """

    least: int
    most: int
    target: int
    full: int
    price: float
    imbalance: float


@dataclass(frozen=True)
class Parts:
    """Atoms in parts: the part of each (int64[n]), the price in member-metres, and its bound."""

    label: Ints
    price: float
    bound: float


def choose_atoms(grains: tuple[Ints, ...], size: Ints, most: int) -> Ints:
    """Choose the atoms: the coarsest grain whose members fit into one part.

    Examples
    --------
    Of two buildings with 4 and 60 members, the second is taken apart:

    >>> grains = (np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]))
    >>> choose_atoms(grains, np.array([2, 2, 30, 30]), 50).tolist()
    [0, 0, 1, 2]
    """
    # Grain and level in one number, so that grains of different levels never meet.
    atom = grains[-1] * len(grains) + len(grains) - 1
    open_rows = np.ones(len(size), bool)
    for level, grain in enumerate(grains[:-1]):
        # What fits stays whole; the rest is tried again at the next finer grain.
        fits = open_rows & (np.bincount(grain, size)[grain] <= most)
        atom = np.where(fits, grain * len(grains) + level, atom)
        open_rows &= ~fits
    return np.asarray(np.unique(atom, return_inverse=True)[1], np.int64)


def divide_stairwells(
    xy: Floats, full: Ints, size: Ints, grains: tuple[Ints, ...], pairs: Ints, limits: Limits
) -> Parts:
    """Divide the stairwells of one field or branch; empty ones go with the nearest others.

    Every piece that nothing joins to the others is divided by itself, unless it
    is too small to stand alone: then it goes with the nearest piece.
    """
    atom = choose_atoms(grains, size, limits.most)
    n = int(atom.max()) + 1
    weight = np.bincount(atom, size, minlength=n).astype(np.int64)
    atom_full = np.bincount(atom, full, minlength=n)
    # Members pull the middle of an atom; without any, its stairwells pull alike.
    pull = np.where(weight[atom] > 0, size, 1.0)
    where = np.column_stack(
        [
            np.bincount(atom, pull * xy[:, i], minlength=n) / np.bincount(atom, pull, minlength=n)
            for i in (0, 1)
        ]
    )
    links = lift(pairs, atom)
    # Atoms without members follow the nearest on foot, which changes no part's size.
    owner = annex(weight, links, where)
    # Pieces without any member are not walked to from anywhere: as the crow flies.
    adrift = np.flatnonzero(owner < 0)
    heavy = np.flatnonzero(weight > 0)
    owner[adrift] = (
        heavy[np.argmin(_measure_apart(where[adrift], where[heavy]), axis=1)]
        if len(adrift)
        else owner[adrift]
    )
    place = np.full(n, -1, np.int64)
    place[heavy] = np.arange(len(heavy))
    parts = _divide_heavy(
        where[heavy],
        atom_full[heavy].astype(np.int64),
        weight[heavy],
        lift(links, place[owner]),
        limits,
    )
    return replace(parts, label=parts.label[place[owner[atom]]])


def _divide_heavy(xy: Floats, full: Ints, size: Ints, links: Ints, limits: Limits) -> Parts:
    """Divide atoms that all have members, piece by piece."""
    links = _bridge_small_pieces(xy, full, size, links, limits)
    piece = connect(len(size), links, None)
    label = np.zeros(len(size), np.int64)
    price = 0.0
    bound = 0.0
    used = 0
    # Pieces share no part, so prices and bounds add up.
    for p in range(int(piece.max()) + 1):
        rows = np.flatnonzero(piece == p)
        place = np.full(len(size), -1, np.int64)
        place[rows] = np.arange(len(rows))
        piece_links = links[(place[links] >= 0).all(axis=1)]
        piece_parts = _divide_piece(xy[rows], full[rows], size[rows], place[piece_links], limits)
        label[rows] = piece_parts.label + used
        price = price + piece_parts.price
        bound = bound + piece_parts.bound
        used = used + int(piece_parts.label.max()) + 1
    return Parts(label, price, bound)


def _bridge_small_pieces(xy: Floats, full: Ints, size: Ints, links: Ints, limits: Limits) -> Ints:
    """Join each piece too small to stand alone to the nearest other, the smallest first."""
    while True:
        piece = connect(len(size), links, None)
        count = int(piece.max()) + 1
        mass = np.bincount(piece, size)
        piece_full = np.bincount(piece, full)
        short = np.flatnonzero((mass < limits.least) | (piece_full < limits.full))
        if count == 1 or not len(short):
            return links
        # The smallest first, as joining it may help another short one. Each
        # turn joins two pieces, so this ends.
        p = short[np.argmin(mass[short])]
        piece_rows = np.flatnonzero(piece == p)
        others = np.flatnonzero(piece != p)
        apart = _measure_apart(xy[piece_rows], xy[others])
        # Rounded, so that ties go to the first pair on every machine.
        a, b = np.unravel_index(np.argmin(np.round(apart, 6)), apart.shape)
        links = np.concatenate([links, np.sort([[piece_rows[a], others[b]]], axis=1)])


def _divide_piece(xy: Floats, full: Ints, size: Ints, links: Ints, limits: Limits) -> Parts:
    """Divide a connected piece: all parts are listed where few, else the division searches."""
    total = int(size.sum())
    # As many parts as the target asks for, and never fewer than the limit forces.
    count = max(1, -(-total // limits.most), int(total / limits.target + 0.5))
    even = min(max(-(-total // count), limits.least), limits.most)
    apart = _measure_apart(xy, xy)
    # One atom is one part: nothing to choose, so the price is its own proof.
    if len(size) == 1:
        price = _price_part(apart, size, even, limits)
        return Parts(np.zeros(1, np.int64), price, price)
    problem = _make_problem(xy, size, links, Band(limits.least, even, limits.most), limits)
    covered = _cover_piece(problem, full, limits)
    if covered is not None:
        label, bound = covered
        return Parts(label, _price_all(apart, size, label, even, limits), bound)
    division = divide_atoms(problem, "quick")
    # The division does not know full members either.
    label = _join_small_parts(division.part, full, size, links, limits)
    price = _price_all(apart, size, label, even, limits)
    joined = len(np.unique(label)) < len(np.unique(division.part))
    # Nothing is proven of a division that was changed afterwards, or fell short: the
    # bound is that of the division's own problem.
    if joined or division.shortfalls:
        return Parts(label, price, 0.0)
    bound = find_bound(problem, label, division.price, STEPS, 0).value
    return Parts(label, price, bound + (int(label.max()) + 1) * limits.price)


def _make_problem(
    xy: Floats, size: Ints, links: Ints, band: Band, limits: Limits
) -> DivisionProblem:
    """Make the problem that the division solves of the atoms of a piece."""
    n = len(size)
    # Members walk to a meeting: climbs, stacks and lines of the land play no role in it.
    return DivisionProblem(
        ids=tuple(f"{i:06d}" for i in range(n)),
        weights=size,
        pull=size.astype(float),
        xy=xy,
        climb=np.zeros(n),
        stack=np.arange(n),
        pairs=links,
        groups=np.zeros((n, 0), np.int32),
        prices=np.zeros(0),
        band=band,
        off=limits.imbalance,
    )


def _cover_piece(problem: DivisionProblem, full: Ints, limits: Limits) -> tuple[Ints, float] | None:
    """Cover a piece by listed parts: the part of each atom and the bound.

    None where the parts are too many to list, or cannot cover the piece.
    """
    even = problem.band.target
    # Parts of half the even size and more first: far fewer to list, mostly enough.
    for least in dict.fromkeys((max(limits.least, even // 2), limits.least)):
        listed = list_parts(replace(problem, band=Band(least, even, limits.most)).to_data(), LISTED)
        if listed is None:
            return None
        prices, starts, atoms = listed
        # The list knows sizes only; parts with too few full members go here.
        kept = (
            np.add.reduceat(full[atoms], starts[:-1]) >= limits.full
            if len(prices)
            else np.zeros(0, bool)
        )
        sizes = np.diff(starts)[kept]
        taken = atoms[np.repeat(kept, np.diff(starts))]
        label, bound = cover_exactly(
            prices[kept] + limits.price, np.append(0, np.cumsum(sizes)), taken, len(full)
        )
        # Without a cover by these parts, the next turn lists smaller ones too.
        if label is not None:
            return label, bound
    return None


def _join_small_parts(label: Ints, full: Ints, size: Ints, links: Ints, limits: Limits) -> Ints:
    """Join each part too small to stand alone to its smallest neighbour, at any size."""
    while True:
        label = np.asarray(np.unique(label, return_inverse=True)[1], np.int64)
        mass = np.bincount(label, size)
        part_full = np.bincount(label, full)
        short = np.flatnonzero((mass < limits.least) | (part_full < limits.full))
        if len(mass) == 1 or not len(short):
            return label
        # The piece is connected, so there is a neighbour; the smallest keeps parts even.
        near = lift(links, label)
        near = np.unique(near[(near == short[0]).any(axis=1)])
        near = near[near != short[0]]
        label = np.where(label == short[0], near[np.argmin(mass[near])], label)


def _measure_apart(one: Floats, other: Floats) -> Floats:
    return np.asarray(
        np.hypot(one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1])
    )


def _price_part(apart: Floats, size: Ints, even: int, limits: Limits) -> float:
    mass = int(size.sum())
    # The atom where all can meet with the least walking.
    walk = float((apart * size[None, :]).sum(axis=1).min())
    return walk + limits.price + limits.imbalance * abs(mass - even)


def _price_all(apart: Floats, size: Ints, label: Ints, even: int, limits: Limits) -> float:
    """Price a division: walks to the best meeting atoms, the parts, and the imbalance."""
    rows = [np.flatnonzero(label == p) for p in range(int(label.max()) + 1)]
    return sum(
        _price_part(apart[np.ix_(part_rows, part_rows)], size[part_rows], even, limits)
        for part_rows in rows
    )
