"""Divide a community: numbers of parts, the search, and explanations of what is out of rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.centres import find_centres
from gridplan.division.column_pool import Columns
from gridplan.division.decomposition import cut_pieces, is_large, repair_seams
from gridplan.division.enumeration import list_near_parts, list_parts
from gridplan.division.lower_bound import find_bound
from gridplan.division.part_counts import share_islands
from gridplan.division.problem import DivisionProblem
from gridplan.division.relaxations import relax_band, widen_band
from gridplan.division.search import EFFORTS, SearchEffort, search, total_price
from gridplan.division.set_partitioning import Partitioning, solve_set_partitioning
from gridplan.engine.deadline import ENDLESS, Deadline, split_time
from gridplan.rules.band import Band

EVEN = 0.15  # share of the mean size that parts of a split may be larger or smaller
# knapsacks for the cheapest part round a centre, where parts are sought
# and nothing is to be proven
FEW = 100


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
        int64[k], the atom of each part that :func:`choose_centre` chooses.
    walk
        float64[k], household-metres to the centre.
    price
        Household-metres and all other wishes of the whole division, in
        household-metres.
    shortfalls
        What is out of rule, and why.
    cut_short
        Whether the deadline ended the search, so that the division depends on
        the machine.
    """

    part: Ints
    centres: Ints
    walk: Floats
    price: float
    shortfalls: tuple[Shortfall, ...]
    cut_short: bool = False


def divide_atoms(
    problem: DivisionProblem, effort: str = "default", seed: int = 0, deadline: Deadline = ENDLESS
) -> Division:
    """Divide the atoms of a community into contiguous parts within the band, cheap to walk.

    Every island (atoms that nothing joins to the others) is divided by itself,
    into the number of parts nearest to the target that its households allow;
    the neighbouring numbers are tried where a part stays outside the band. Where
    a number of parts is wanted, there are exactly so many.

    Parameters
    ----------
    problem
        The atoms, with at least one.
    effort
        quick, default or thorough.
    seed
        Any whole number; the same seed gives the same division.
    deadline
        When to stop refining; what is not begun by then gets one quick run,
        and the division is always complete.

    Examples
    --------
    Six houses of ten households in a row make two parts of thirty:

    >>> n = 6
    >>> row = DivisionProblem(ids=tuple("abcdef"), weights=np.full(n, 10), pull=np.full(n, 10.0),
    ...     xy=np.column_stack([20.0 * np.arange(n), np.zeros(n)]), climb=np.zeros(n),
    ...     stack=np.arange(n), pairs=np.column_stack([np.arange(5), np.arange(1, 6)]),
    ...     groups=np.zeros((n, 0), np.int32),
    ...     prices=np.zeros(0), band=Band(20, 30, 40))
    >>> division = divide_atoms(row)
    >>> division.part.tolist(), division.centres.tolist(), division.walk.tolist()
    ([0, 0, 0, 1, 1, 1], [1, 4], [400.0, 400.0])
    """
    part: Ints = np.zeros(len(problem), np.int64)
    shortfalls: list[Shortfall] = []
    price = 0.0
    used = 0
    cut_short = False
    islands = problem.find_islands()
    # Nothing joins two islands, so none of their parts can be better together.
    for island, wanted in zip(islands, share_islands(problem, islands), strict=True):
        island_problem = problem.take(island) if len(islands) > 1 else problem
        island_problem = replace(island_problem, wanted=wanted)
        island_part, cost, proven, is_cut = _divide_island(island_problem, effort, seed, deadline)
        shortfalls += explain_parts(
            island_problem, island_part, used, len(islands) > 1, proven, is_cut
        )
        part[island] = island_part + used
        used += int(island_part.max()) + 1
        price += cost
        cut_short |= is_cut
    # In the order of atoms, whatever the order in which the search met the parts.
    part, shortfalls = _number_by_atom(part, shortfalls)
    centres, sums = find_centres(problem, part, used)
    return Division(
        part,
        centres,
        sums[centres],
        price,
        tuple(sorted(shortfalls, key=lambda s: s.part)),
        cut_short,
    )


def split_atoms(problem: DivisionProblem, k: int, seed: int = 0) -> Ints:
    """Divide connected atoms into k contiguous parts, near to equal in households, cheap to walk.

    Returns int64[n], the part of each atom, numbered in the order of their
    first atoms.

    Examples
    --------
    >>> row = DivisionProblem(ids=tuple("abcd"), weights=np.full(4, 10), pull=np.full(4, 10.0),
    ...     xy=np.column_stack([20.0 * np.arange(4), np.zeros(4)]), climb=np.zeros(4),
    ...     stack=np.arange(4), pairs=np.column_stack([np.arange(3), np.arange(1, 4)]),
    ...     groups=np.zeros((4, 0), np.int32),
    ...     prices=np.zeros(0), band=Band(20, 30, 40))
    >>> split_atoms(row, 2).tolist()
    [0, 0, 1, 1]
    """
    even = problem.households / k
    band = Band(
        low=max(1, int((1 - EVEN) * even)),
        target=max(1, round(even)),
        high=max(2, int(np.ceil((1 + EVEN) * even))),
    )
    # The band steers the search to equal parts; nothing is reported as out of it.
    even_problem = replace(problem, band=band)
    listed = list_parts(even_problem.to_data(), EFFORTS["default"].listed)
    part, _ = search(even_problem, k, EFFORTS["default"], mix_seed(seed, problem.ids[0], k), listed)
    return _number_by_atom(part.astype(np.int64), [])[0]


def _divide_island(
    problem: DivisionProblem, wanted: str, seed: int, deadline: Deadline
) -> tuple[Ints, float, bool, bool]:
    """Divide a connected problem, trying other numbers of parts while one is outside the band.

    Returns the part of each atom, the price, whether it is proven that no
    division keeps the band, and whether the deadline ended the search.
    """
    if is_large(problem):
        return _divide_pieces(problem, wanted, seed, deadline)
    effort = EFFORTS["quick" if deadline.is_over() else wanted]
    # A thorough search is never worse than the default one, since it begins from it.
    known = _divide_island(problem, "default", seed, deadline)[0] if effort.steps else None
    listed = list_parts(problem.to_data(), effort.listed)
    best: Ints = np.zeros(0, np.int32)
    best_price = np.inf
    for number, k in enumerate([problem.wanted] if problem.wanted else _list_counts(problem)):
        part, price = search(
            problem, k, effort, mix_seed(seed, problem.ids[0], k), listed, deadline, known
        )
        # A tie keeps the earlier number of parts, which is nearer to the target.
        if price < best_price - 1e-6:
            best = part
            best_price = price
        # Another number of parts is only tried where this one leaves the band.
        if not len(_find_outside(problem, best)) or deadline.is_over():
            break
        if number == 0 and listed is not None and problem.band.find_counts(problem.households):
            # All parts are known: any number of them at once, or proof that none fits.
            cover = _cover_listed(problem, listed, effort)
            if cover.part is not None:
                return cover.part.astype(np.int64), cover.price, False, False
            if cover.bound == np.inf:
                if problem.wanted:
                    return best.astype(np.int64), best_price, True, False
                best, best_price = _leave_least(problem, best, best_price, effort)
                return best.astype(np.int64), best_price, True, False
    early = deadline.is_over()
    # The lower bound's parts are good ones, and often improve the division.
    if effort.steps and listed is None and not early and not len(_find_outside(problem, best)):
        best, best_price = _refine(problem, best, best_price, effort)
    return best.astype(np.int64), best_price, False, early


def _divide_pieces(
    problem: DivisionProblem, wanted: str, seed: int, deadline: Deadline
) -> tuple[Ints, float, bool, bool]:
    """Divide a very large island piece by piece; returns what :func:`_divide_island` does."""
    part = np.zeros(len(problem), np.int64)
    used = 0
    is_cut = False
    pieces = cut_pieces(problem, mix_seed(seed, problem.ids[0], 0))
    times = split_time([len(piece) for piece in pieces], 1)
    counts = share_islands(problem, pieces)
    for piece, count, share in zip(pieces, counts, times, strict=True):
        piece_part, _, _, early = _divide_island(
            replace(problem.take(piece), wanted=count), wanted, seed, deadline.share(share)
        )
        part[piece] = piece_part + used
        used += int(piece_part.max()) + 1
        is_cut |= early
    repaired, price = repair_seams(problem, part, mix_seed(seed, problem.ids[0], used))
    return repaired.astype(np.int64), price, False, is_cut


def _refine(
    problem: DivisionProblem, part: Ints, price: float, effort: SearchEffort
) -> tuple[Ints, float]:
    """Refine a division by the parts that its lower bound meets."""
    k = int(part.max()) + 1
    columns = find_bound(problem, part, price, effort.steps, listed=0, most=FEW).columns
    cover = solve_set_partitioning(
        columns, len(problem), k, price, work=effort.work, nodes=effort.nodes
    )
    return (
        (part, price)
        if cover.part is None
        else (cover.part, total_price(problem.to_data(), cover.part, k))
    )


def _cover_listed(problem: DivisionProblem, listed: Columns, effort: SearchEffort) -> Partitioning:
    """Divide into any number of parts within the band, which are all known."""
    counts = problem.band.find_counts(problem.households)
    ends = (problem.wanted, problem.wanted) if problem.wanted else (counts[0], counts[-1])
    return solve_set_partitioning(listed, len(problem), ends, work=effort.work, nodes=effort.nodes)


def _leave_least(
    problem: DivisionProblem, part: Ints, price: float, effort: SearchEffort
) -> tuple[Ints, float]:
    """Divide so that as little as possible is outside the band, in any number of parts.

    Only where several parts are outside: which number of parts leaves one of
    them there cannot be seen from the households. A part outside counts as one
    household more, so that of two ways the one with fewer such parts is taken.
    """
    over = _measure_outside(problem, np.bincount(part, problem.weights))
    if (over > 0).sum() < 2:
        return part, price
    # A part that is farther outside than all of these together is in no better division.
    data = problem.to_data()
    listed = list_near_parts(data, int((over + (over > 0)).sum()), effort.listed)
    if listed is None:
        return part, price
    n = len(problem)
    prices, starts, atoms = listed
    over_listed = _measure_outside(problem, np.add.reduceat(problem.weights[atoms], starts[:-1]))
    cover = solve_set_partitioning(
        (prices + problem.outside * (over_listed > 0), starts, atoms),
        n,
        (1, n),
        price + problem.outside * float((over > 0).sum()),
        known=part,
        work=effort.work,
        nodes=effort.nodes,
    )
    if cover.part is None:
        return part, price
    return cover.part, total_price(data, cover.part, int(cover.part.max()) + 1)


def _measure_outside(problem: DivisionProblem, mass: Ints) -> Ints:
    """Measure how many households each part is outside the band."""
    low, high = problem.band.low, problem.band.high
    return np.asarray(np.maximum(mass - high, 0) + np.maximum(low - mass, 0), np.int64)


def _find_outside(problem: DivisionProblem, part: Ints) -> Ints:
    """Find the parts outside the band."""
    return np.flatnonzero(_measure_outside(problem, np.bincount(part, problem.weights)))


def _list_counts(problem: DivisionProblem, tries: int = 3) -> list[int]:
    """List the numbers of parts to try, the nearest to the target first."""
    band = problem.band
    households = problem.households
    first = min(band.choose_count(households), len(problem))
    # Where no number fits, those on either side leave the band least.
    counts = band.find_counts(households) or (households // band.low, -(-households // band.high))
    within = {min(max(1, k), len(problem)) for k in counts} | {first}
    return sorted(within, key=lambda k: (k != first, abs(households / k - band.target), k))[:tries]


def mix_seed(seed: int, name: str, k: int) -> int:
    """Derive a seed from the user's, the first atom's code and k, whatever the order of work."""
    return int.from_bytes(
        hashlib.blake2b(f"{seed}/{name}/{k}".encode(), digest_size=8).digest(), "little"
    )


def explain_parts(
    problem: DivisionProblem, part: Ints, offset: int, is_island: bool, proven: bool, is_cut: bool
) -> Iterator[Shortfall]:
    """Explain every part outside the band: proven by arithmetic where it can be, or not found."""
    band = problem.band
    households = problem.households
    mass = np.bincount(part, problem.weights).astype(int)
    where = "these stairwells, which hard barriers cut off," if is_island else "the community"
    largest = np.zeros(len(mass), int)
    np.maximum.at(largest, part, problem.weights)
    for p in _find_outside(problem, part):
        rule = "households"
        if not band.find_counts(households):
            reason = (
                f"{where} has {households} households in all, too few for a sub-grid "
                f"of {band.low} to {band.high}"
                if households < band.low
                else f"{where} has {households} households, which no number of sub-grids "
                f"cuts into {band.low} to {band.high}"
            )
            yield Shortfall(
                int(p) + offset, rule, True, reason, relax_band(band, households, is_island)
            )
        elif largest[p] > band.high:
            reason = f"one stairwell alone has {largest[p]} households, more than {band.high}"
            yield Shortfall(
                int(p) + offset,
                rule,
                True,
                reason,
                "check its number of households, floors and stairwells",
            )
        elif proven:
            reason = (
                f"{mass[p]} households: every contiguous part of {band.low} to {band.high} "
                f"was tried, none cover {where}"
            )
            yield Shortfall(int(p) + offset, rule, True, reason, widen_band(int(mass[p]), band))
        else:
            reason = (
                f"{mass[p]} households: no contiguous division of {where} "
                f"within {band.low} to {band.high} was found"
            )
            longer = (
                "more time (the search was cut short)"
                if is_cut
                else "--effort thorough, another seed"
            )
            remedy = f"try {longer}, or {widen_band(int(mass[p]), band)}"
            yield Shortfall(int(p) + offset, rule, False, reason, remedy)


def _number_by_atom(part: Ints, shortfalls: list[Shortfall]) -> tuple[Ints, list[Shortfall]]:
    """Renumber the parts in the order of their first atoms."""
    _, first, label = np.unique(part, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    renamed = [
        Shortfall(int(rank[s.part]), s.rule, s.proven, s.explanation, s.remedy) for s in shortfalls
    ]
    return rank[label], renamed
