"""Divide a community: how many parts each of its islands gets, the search, and the explanation of what is out of rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.division.columns import Columns
from gridplan.division.cover import choose_cover
from gridplan.division.listing import list_parts
from gridplan.division.problem import Problem
from gridplan.division.search import EFFORTS, Effort, open_state, search
from gridplan.rules import Band

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Shortfall:
    """A part that is out of its band, or an island that cannot be cut within it, and why."""

    part: int
    rule: str
    proven: bool
    explanation: str
    remedy: str


@dataclass(frozen=True)
class Division:
    """Atoms divided into parts.

    Parameters
    ----------
    part
        int64[n], the part of each atom, numbered from 0.
    centres
        int64[k], the atom of each part from which its households are nearest.
    walk
        float64[k], household-metres to the centre.
    price
        Household-metres and all other wishes of the whole division, in household-metres.
    shortfalls
        What is out of rule, and why.
    """

    part: Array
    centres: Array
    walk: Array
    price: float
    shortfalls: tuple[Shortfall, ...]


def divide_atoms(problem: Problem, effort: str = "default", seed: int = 0) -> Division:
    """Divide the atoms of a community into contiguous parts within the band, each about as cheap to walk as can be.

    Every island (atoms that nothing joins to the others) is divided by itself, into the number of parts nearest
    to the target that its households allow; the neighbouring numbers are tried where a part stays outside the band.

    Parameters
    ----------
    problem
        The atoms, with at least one.
    effort
        quick, default or thorough.
    seed
        Any whole number; the same seed gives the same division.

    Examples
    --------
    Six houses of ten households in a row make two parts of thirty:

    >>> n = 6
    >>> row = Problem(ids=tuple("abcdef"), weights=np.full(n, 10), pull=np.full(n, 10.0),
    ...     xy=np.column_stack([20.0 * np.arange(n), np.zeros(n)]), climb=np.zeros(n), stack=np.arange(n),
    ...     pairs=np.column_stack([np.arange(5), np.arange(1, 6)]), groups=np.zeros((n, 0), np.int32),
    ...     prices=np.zeros(0), band=Band(20, 30, 40))
    >>> division = divide_atoms(row)
    >>> division.part.tolist(), division.centres.tolist(), division.walk.tolist()
    ([0, 0, 0, 1, 1, 1], [1, 4], [400.0, 400.0])
    """
    part = np.zeros(len(problem), np.int64)
    shortfalls: list[Shortfall] = []
    price, used = 0.0, 0
    islands = problem.find_islands()
    for island in islands:
        own = problem.take(island) if len(islands) > 1 else problem
        found, cost, proven = _divide_island(own, EFFORTS[effort], seed)
        shortfalls += _explain(own, found, used, len(islands) > 1, proven)
        part[island] = found + used
        used += int(found.max()) + 1
        price += cost
    part, shortfalls = _number_by_atom(part, shortfalls)
    state = open_state(problem.to_data(), part, used)
    members = _split(part, used)
    centres = np.array([own[np.argmin(np.round(state.sums[own], 6))] for own in members])
    return Division(part, centres, state.sums[centres], price, tuple(sorted(shortfalls, key=lambda s: s.part)))


def _divide_island(problem: Problem, effort: Effort, seed: int) -> tuple[Array, float, bool]:
    """Divide a connected problem, trying further numbers of parts while some part is outside the band.

    Returns the part of each atom, the price, and whether it is proven that no division keeps the band.
    """
    counts = _list_counts(problem)
    listed = list_parts(problem.to_data(), effort.listed)
    proven = False
    if listed is not None and problem.band.find_counts(problem.households):
        part, price, proven = _choose_listed(problem, listed, counts[0])
        if part is not None:
            return part, price, False
    best, best_price = np.zeros(0, np.int32), np.inf
    for k in counts:
        part, price = search(problem, k, effort, _mix(seed, problem.ids[0], k), listed)
        if price < best_price - 1e-6:
            best, best_price = part, price
        if proven or not len(_find_outside(problem, best)):
            break
    return best.astype(np.int64), best_price, proven


def _choose_listed(problem: Problem, listed: Columns, k: int) -> tuple[Array | None, float, bool]:
    """Choose the division where all contiguous parts within the band are known: of k parts, else of any number.

    Returns None for the division where none was found, and whether it is proven that there is none.
    """
    counts = problem.band.find_counts(problem.households)
    for wanted in (k, (counts[0], counts[-1])):
        cover = choose_cover(listed, len(problem), wanted)
        if cover.part is not None:
            return cover.part.astype(np.int64), cover.price, False
    return None, np.inf, cover.bound == np.inf


def _find_outside(problem: Problem, part: Array) -> Array:
    """Find the parts outside the band."""
    mass = np.bincount(part, problem.weights)
    return np.flatnonzero((mass < problem.band.low) | (mass > problem.band.high))


def _list_counts(problem: Problem, tries: int = 3) -> list[int]:
    """List the numbers of parts to try, the nearest to the target first."""
    band, households = problem.band, problem.households
    first = min(band.choose_count(households), len(problem))
    counts = band.find_counts(households) or (households // band.low, -(-households // band.high))
    within = {min(max(1, k), len(problem)) for k in counts} | {first}
    return sorted(within, key=lambda k: (k != first, abs(households / k - band.target), k))[:tries]


def _mix(seed: int, name: str, k: int) -> int:
    """Derive a seed from the user's seed, the first atom's code and k, so that no order of work matters."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{name}/{k}".encode(), digest_size=8).digest(), "little")


def _explain(problem: Problem, part: Array, offset: int, is_island: bool, proven: bool) -> Iterator[Shortfall]:
    """Explain every part outside the band: proven by arithmetic where it can be, else as the search's failure."""
    band, households = problem.band, problem.households
    mass = np.bincount(part, problem.weights).astype(int)
    where = "these stairwells, which hard barriers cut off," if is_island else "the community"
    largest = np.zeros(len(mass), int)
    np.maximum.at(largest, part, problem.weights)
    for p in _find_outside(problem, part):
        rule = "households"
        if not band.find_counts(households):
            reason = f"{where} has {households} households, which no number of sub-grids cuts into {band.low} to {band.high}"
            yield Shortfall(int(p) + offset, rule, True, reason, _relax(band, households, is_island))
        elif largest[p] > band.high:
            reason = f"one stairwell alone has {largest[p]} households, more than {band.high}"
            yield Shortfall(int(p) + offset, rule, True, reason, "check its number of households, floors and stairwells")
        elif proven:
            reason = f"{mass[p]} households: every contiguous part of {band.low} to {band.high} was tried, none cover {where}"
            yield Shortfall(int(p) + offset, rule, True, reason, _widen(int(mass[p]), band))
        else:
            reason = f"{mass[p]} households: no contiguous division of {where} within {band.low} to {band.high} was found"
            remedy = f"try --effort thorough, another seed, or {_widen(int(mass[p]), band)}"
            yield Shortfall(int(p) + offset, rule, False, reason, remedy)


def _widen(mass: int, band: Band) -> str:
    """Say which limit of the band would let a part pass."""
    return f"high = {mass}" if mass > band.high else f"low = {mass}"


def _relax(band: Band, households: int, is_island: bool) -> str:
    """Say the smallest relaxation of the band that makes a number of parts possible."""
    fewer, more = households // band.low, -(-households // band.high)
    ways = [(band.low - households // more, f"low = {households // more} (then {more} sub-grid{'s' if more > 1 else ''})")]
    if fewer >= 1:
        top = -(-households // fewer)
        ways.append((top - band.high, f"high = {top} (then {fewer} sub-grid{'s' if fewer > 1 else ''})"))
    cure = f"smallest relaxation: {min(ways)[1]}"
    return f"{cure}, or an opening in the barrier" if is_island else cure


def _number_by_atom(part: Array, shortfalls: list[Shortfall]) -> tuple[Array, list[Shortfall]]:
    """Renumber the parts in the order of their first atoms."""
    _, first, label = np.unique(part, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    renamed = [Shortfall(int(rank[s.part]), s.rule, s.proven, s.explanation, s.remedy) for s in shortfalls]
    return rank[label], renamed


def _split(part: Array, k: int) -> list[Array]:
    order = np.argsort(part, kind="stable")
    return np.split(order, np.cumsum(np.bincount(part, minlength=k))[:-1])
