"""Set partitioning: the cheapest choice of columns that holds every atom exactly once.

Each atom is in exactly one chosen part, so many parts, least price; the bound
says how much cheaper none can be. HiGHS solves it; its work is limited by nodes and
entries, never by the clock, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_matrix, vstack

from gridplan.arrays import Ints
from gridplan.division.column_pool import Columns, hash_columns, hash_parts, take_columns
from gridplan.division.lp_relaxation import LpRelaxation, solve_relaxation
from gridplan.engine.highs import open_cover

NODES = 60  # branch-and-bound nodes
GAP = 5e-4  # share of the price at which the integer problem is good enough
NARROW = 0.01  # share of the price that a column's reduced cost may be at first
WORK = 25_000  # entries of an integer problem over everything


@dataclass(frozen=True)
class Partitioning:
    """The best cover found of all atoms by columns.

    Parameters
    ----------
    part
        int32[n], the part of each atom; None where no cover cheaper than what
        was known was found.
    price
        Its price in household-metres.
    bound
        No cover by these columns is cheaper than this; infinite where they
        cannot cover the atoms at all.
    """

    part: Ints | None
    price: float
    bound: float


def solve_set_partitioning(
    columns: Columns,
    n: int,
    k: int | tuple[int, int],
    best: float = np.inf,
    *,
    known: Ints | None = None,
    relaxed: LpRelaxation | None = None,
    work: int = WORK,
    nodes: int = NODES,
) -> Partitioning:
    """Choose the cheapest cover of all n atoms by k columns, if it is cheaper than ``best``.

    The LP relaxation comes first; only columns whose reduced cost fits between
    its value and ``best`` can be in a better cover. The integer problem is at
    first about the few whose reduced cost is small, then about all of them, as
    far as they have no more than ``work`` entries: the cheapest ones, and the
    known.

    Parameters
    ----------
    columns
        Prices, starts and atoms of the parts.
    n
        Atoms.
    k
        Parts to choose, or the least and the greatest number of them.
    best
        Price of a division that is known already, in household-metres.
    known
        int[n], that division, whose parts are always among the columns looked
        at.
    relaxed
        The LP relaxation over these columns, where it is known already.
    work, nodes
        Entries of the integer problem, and branch-and-bound nodes.
    """
    prices, starts, atoms = columns
    counts = (k, k) if isinstance(k, int) else k
    relaxed = relaxed or solve_relaxation(columns, n, counts)
    if relaxed is None:
        return Partitioning(None, np.inf, np.inf)
    # No column set is cheaper than the relaxation, so the best is proven.
    if relaxed.value > best - 1e-6:
        return Partitioning(None, best, relaxed.value)
    # Relaxations of set partitioning are often whole, and then solved.
    if np.abs(relaxed.share - np.round(relaxed.share)).max() < 1e-6:
        return Partitioning(
            _read_parts(np.flatnonzero(relaxed.share > 0.5), starts, atoms, n),
            relaxed.value,
            relaxed.value,
        )
    cover = Partitioning(None, best, relaxed.value)
    # The narrow window mostly decides, at a fraction of the work.
    for share in (NARROW, np.inf):
        if cover.price - cover.bound <= GAP * abs(relaxed.value):
            break
        # A column whose reduced cost exceeds the gap is in no better choice.
        window = min(cover.price - relaxed.value, share * abs(relaxed.value))
        kept, is_whole = _keep(columns, relaxed, window, work, known)
        chosen, bound = _solve_integer(take_columns(columns, kept), n, counts, nodes, cover.price)
        part = cover.part
        price = cover.price
        if chosen is not None and prices[kept[chosen]].sum() < price - 1e-6:
            part = _read_parts(kept[chosen], starts, atoms, n)
            price = float(prices[kept[chosen]].sum())
        # What was left out costs more than this by its reduced cost alone.
        outside_bound = min(price, relaxed.value + window) if is_whole else relaxed.value
        cover = Partitioning(part, price, max(cover.bound, min(bound, outside_bound)))
    return cover


def _build_rows(columns: Columns, n: int) -> Any:
    """Build the rows of the cover: each atom, and the number of parts."""
    prices, starts, atoms = columns
    ones = np.ones(len(atoms))
    return vstack(
        [csc_matrix((ones, atoms, starts), shape=(n, len(prices))), np.ones((1, len(prices)))],
        format="csc",
    )


def _keep(
    columns: Columns, relaxed: LpRelaxation, window: float, work: int, known: Ints | None
) -> tuple[Ints, bool]:
    """Keep the cheapest columns with a reduced cost within a window; and whether these are all."""
    used = np.flatnonzero(relaxed.share > 1e-9)
    kept = np.union1d(np.flatnonzero(relaxed.reduced <= window), used)
    # Rounded, since the last digits of reduced costs depend on the solver's path.
    order = kept[np.lexsort((kept, relaxed.reduced[kept].round(6)))]
    entries = np.cumsum(np.diff(columns[1])[order])
    taken = np.union1d(order[entries <= work], used)
    is_whole = len(taken) == len(kept)
    if known is not None:
        # The known division must stay possible, or the answer could be worse.
        is_known = np.isin(
            hash_columns(columns[1], columns[2]), hash_parts(known, int(known.max()) + 1)
        )
        taken = np.union1d(taken, np.flatnonzero(is_known))
    return taken, is_whole


def _solve_integer(
    columns: Columns, n: int, counts: tuple[int, int], nodes: int, best: float
) -> tuple[Ints | None, float]:
    """Solve the integer problem; returns the columns chosen, None for none, and the bound reached.

    None where no columns cost less than ``best``.
    """
    low, high = (np.append(np.ones(n), float(count)) for count in counts)
    model = open_cover(columns[0], _build_rows(columns, n), low, high, nodes, GAP)
    # Branches that cannot be cheaper than the best are cut at once.
    if np.isfinite(best):
        model.setOptionValue("objective_bound", float(best))
    model.run()
    info = model.getInfo()
    bound = float(info.mip_dual_bound)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        # Nothing cheaper than the best known: the bound is that price, if the
        # search came to its end.
        ended = model.getModelStatus() in (
            highspy.HighsModelStatus.kInfeasible,
            highspy.HighsModelStatus.kObjectiveBound,
        )
        return None, best if ended else bound
    return np.flatnonzero(np.array(model.getSolution().col_value) > 0.5), bound


def _read_parts(chosen: Ints, starts: Ints, atoms: Ints, n: int) -> Ints:
    """Read the part of each atom off the chosen columns."""
    part = np.full(n, -1, np.int32)
    for number, j in enumerate(chosen):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return part
