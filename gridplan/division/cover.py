"""The cover: the best choice of columns that holds every atom exactly once, and how much cheaper none can be.

This is the set-partitioning problem: each atom in exactly one chosen part, so many parts, least price. HiGHS solves
it; its work is limited by nodes and entries, never by the clock, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_matrix, vstack

from gridplan.division.columns import Columns, hash_columns, hash_parts, take_columns
from gridplan.division.covering import open_model
from gridplan.division.relaxing import Relaxed, relax

Array = np.ndarray[Any, Any]
NODES = 60  # branch-and-bound nodes
GAP = 5e-4  # share of the price at which the integer problem is good enough
SETTLED = 0.999  # a column that the relaxation takes by this much is taken at first
WORK = 25_000  # entries of an integer problem over everything


@dataclass(frozen=True)
class Cover:
    """The best cover found of all atoms by columns.

    Parameters
    ----------
    part
        int32[n], the part of each atom; None where no cover cheaper than what was known was found.
    price
        Its price in household-metres.
    bound
        No cover by these columns is cheaper than this; infinite where they cannot cover the atoms at all.
    """

    part: Array | None
    price: float
    bound: float


def choose_cover(
    columns: Columns,
    n: int,
    k: int | tuple[int, int],
    best: float = np.inf,
    *,
    known: Array | None = None,
    relaxed: Relaxed | None = None,
    work: int = WORK,
    nodes: int = NODES,
) -> Cover:
    """Choose the cheapest cover of all n atoms by k of the columns, if it is cheaper than ``best``.

    The relaxed cover comes first; only columns whose reduced cost fits between its value and ``best`` can be in a
    better cover. What the relaxation has decided is then left so, and the integer problem is about the rest; after that
    it is about everything, as far as the columns have no more than ``WORK`` entries: the cheapest ones, and the known.

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
        int[n], that division, whose parts are always among the columns looked at.
    relaxed
        The relaxed cover by these columns, where it is known already.
    work, nodes
        Entries of the integer problem, and branch-and-bound nodes.
    """
    prices, starts, atoms = columns
    counts = (k, k) if isinstance(k, int) else k
    relaxed = relaxed or relax(columns, n, counts)
    if relaxed is None:
        return Cover(None, np.inf, np.inf)
    if relaxed.value > best - 1e-6:
        return Cover(None, best, relaxed.value)
    if np.abs(relaxed.share - np.round(relaxed.share)).max() < 1e-6:
        return Cover(_read_parts(np.flatnonzero(relaxed.share > 0.5), starts, atoms, n), relaxed.value, relaxed.value)
    kept, whole = _keep(columns, relaxed, best, work, known)
    covers = _build_rows(take_columns(columns, kept), n)
    share = relaxed.share[kept]
    cover = Cover(None, best, relaxed.value)
    for everything in (False, True):
        if cover.price - cover.bound <= GAP * abs(relaxed.value):
            break
        fixed = np.flatnonzero(share > SETTLED) if not everything else np.zeros(0, int)
        chosen, bound = _solve_integer(prices[kept], covers, counts, fixed, nodes, cover.price)
        part, price = cover.part, cover.price
        if chosen is not None and prices[kept][chosen].sum() < price - 1e-6:
            part, price = _read_parts(kept[chosen], starts, atoms, n), float(prices[kept][chosen].sum())
        # What was left out costs more than the best known by its reduced cost alone.
        cover = Cover(part, price, max(cover.bound, min(bound, price)) if everything and whole else cover.bound)
    return cover


def _build_rows(columns: Columns, n: int) -> Any:
    """Build the rows of the cover: each atom, and the number of parts."""
    prices, starts, atoms = columns
    ones = np.ones(len(atoms))
    return vstack([csc_matrix((ones, atoms, starts), shape=(n, len(prices))), np.ones((1, len(prices)))], format="csc")


def _keep(columns: Columns, relaxed: Relaxed, best: float, work: int, known: Array | None) -> tuple[Array, bool]:
    """Keep the columns that the integer problem looks at; whether these are all that a better cover can be of."""
    kept = np.flatnonzero((relaxed.reduced <= best - relaxed.value) | (relaxed.share > 1e-9))
    order = kept[np.lexsort((kept, relaxed.reduced[kept].round(6)))]
    entries = np.cumsum(np.diff(columns[1])[order])
    taken = np.union1d(order[entries <= work], np.flatnonzero(relaxed.share > 1e-9))
    if known is not None:
        mine = np.isin(hash_columns(columns[1], columns[2]), hash_parts(known, int(known.max()) + 1))
        taken = np.union1d(taken, np.flatnonzero(mine))
    return taken, len(taken) >= len(kept)


def _solve_integer(
    prices: Array, covers: Any, counts: tuple[int, int], fixed: Array, nodes: int, best: float
) -> tuple[Array | None, float]:
    """Solve the integer problem with some columns fixed: the columns chosen, None for none, and the bound reached."""
    n = covers.shape[0] - 1
    free = np.asarray(covers[:n, fixed].sum(axis=1)).ravel() < 0.5
    kept = np.flatnonzero(np.asarray(covers[:n].T @ ~free).ravel() < 0.5)
    if len(kept) == 0:
        return None, -np.inf
    rows = vstack([covers[:n][free][:, kept], covers[n:][:, kept]], format="csc")
    once = np.ones(free.sum())
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(kept), rows.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = prices[kept], np.zeros(len(kept)), np.ones(len(kept))
    lp.row_lower_, lp.row_upper_ = np.append(once, counts[0] - len(fixed)), np.append(once, counts[1] - len(fixed))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(kept)
    model = open_model()
    model.passModel(lp)
    model.setOptionValue("mip_max_nodes", nodes)
    model.setOptionValue("mip_rel_gap", GAP)
    if np.isfinite(best):
        model.setOptionValue("objective_bound", float(best - prices[fixed].sum()))
    model.run()
    info = model.getInfo()
    bound = float(info.mip_dual_bound) + float(prices[fixed].sum())
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        # Nothing cheaper than the best known: the bound is that price, if the search came to its end.
        ended = model.getModelStatus() in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kObjectiveBound)
        return None, best if ended else bound
    return np.concatenate([fixed, kept[np.array(model.getSolution().col_value) > 0.5]]), bound


def _read_parts(chosen: Array, starts: Array, atoms: Array, n: int) -> Array:
    """Read the part of each atom off the chosen columns."""
    part = np.full(n, -1, np.int32)
    for number, j in enumerate(chosen):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return part
