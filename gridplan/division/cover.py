"""The cover: the best choice of columns that holds every atom exactly once, and how much cheaper none can be.

This is the set-partitioning problem: each atom in exactly one chosen part, so many parts, least price. HiGHS solves
it; its work is limited by nodes and entries, never by the clock, so that the answer does not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, vstack

from gridplan.division.columns import Columns, hash_columns, hash_parts

Array = np.ndarray[Any, Any]
NODES = 60  # branch-and-bound nodes
GAP = 5e-4  # share of the price at which the integer problem is good enough
SETTLED = 0.999  # a column that the relaxation takes by this much is taken at first
WORK = 25_000  # entries of an integer problem over everything


@dataclass(frozen=True)
class Relaxed:
    """The relaxed cover: columns may be taken in part.

    Parameters
    ----------
    value
        Its price; no cover by the columns is cheaper.
    share
        float64[c], how much of each column is taken.
    reduced
        float64[c], what taking a whole column more would cost.
    worth, place
        float64[n], what each atom is worth, and what a part is worth.
    """

    value: float
    share: Array
    reduced: Array
    worth: Array
    place: float


def relax(columns: Columns, n: int, k: tuple[int, int]) -> Relaxed | None:
    """Solve the relaxed cover; None where the columns cannot cover all atoms."""
    prices = columns[0]
    if not len(prices):  # no part at all is within the band
        return None
    covers, low, high = _build_rows(columns, n, k)
    found = linprog(
        prices,
        A_eq=covers[:n],
        b_eq=np.ones(n),
        A_ub=vstack([covers[n:], -covers[n:]]),
        b_ub=[high[-1], -low[-1]],
        method="highs",
    )
    if found.x is None:
        return None
    worth, place = found.eqlin.marginals, float(found.ineqlin.marginals[0] - found.ineqlin.marginals[1])
    return Relaxed(float(found.fun), found.x, prices - covers[:n].T @ worth - place, worth, place)


def _build_rows(columns: Columns, n: int, k: tuple[int, int]) -> tuple[Any, Array, Array]:
    """Build the rows of the cover: each atom once, and the number of parts."""
    prices, starts, atoms = columns
    ones = np.ones(len(atoms))
    covers = vstack([csc_matrix((ones, atoms, starts), shape=(n, len(prices))), np.ones((1, len(prices)))], format="csc")
    return covers, np.append(np.ones(n), float(k[0])), np.append(np.ones(n), float(k[1]))


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
    covers = _build_rows(columns, n, counts)[0]
    cover = Cover(None, best, relaxed.value)
    for everything in (False, True):
        if cover.price - relaxed.value <= GAP * abs(relaxed.value):
            break
        fixed = np.flatnonzero(relaxed.share > SETTLED) if not everything else np.zeros(0, int)
        kept = _keep(columns, covers, relaxed, fixed, cover.price, known)
        chosen = _solve_integer(prices, covers, counts, fixed, kept)
        if chosen is not None and prices[chosen].sum() < cover.price - 1e-6:
            cover = Cover(_read_parts(chosen, starts, atoms, n), float(prices[chosen].sum()), relaxed.value)
    return cover


def _keep(columns: Columns, covers: Any, relaxed: Relaxed, fixed: Array, best: float, known: Array | None) -> Array:
    """Keep the columns that the integer problem looks at, beside those that are fixed."""
    n = covers.shape[0] - 1
    taken = np.asarray(covers[:n, fixed].sum(axis=1)).ravel() > 0.5
    clear = np.asarray(covers[:n].T @ taken).ravel() < 0.5
    kept = np.flatnonzero(clear & ((relaxed.reduced <= best - relaxed.value) | (relaxed.share > 1e-9)))
    order = kept[np.lexsort((kept, relaxed.reduced[kept].round(6)))]
    entries = np.cumsum(np.diff(columns[1])[order])
    kept = order[entries <= WORK]
    if known is not None:
        mine = np.isin(hash_columns(columns[1], columns[2]), hash_parts(known, int(known.max()) + 1))
        kept = np.union1d(kept, np.flatnonzero(mine & clear))
    return np.sort(kept)


def _solve_integer(prices: Array, covers: Any, counts: tuple[int, int], fixed: Array, kept: Array) -> Array | None:
    """Solve the integer problem over the columns kept, with others fixed; None where it finds no cover."""
    n = covers.shape[0] - 1
    open_rows = np.asarray(covers[:n, fixed].sum(axis=1)).ravel() < 0.5
    rows = vstack([covers[:n][open_rows][:, kept], covers[n:][:, kept]], format="csc")
    once = np.ones(open_rows.sum())
    if len(kept) == 0:
        return None
    found = milp(
        prices[kept],
        integrality=np.ones(len(kept)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, np.append(once, counts[0] - len(fixed)), np.append(once, counts[1] - len(fixed))),
        options={"node_limit": NODES, "mip_rel_gap": GAP},
    )
    return None if found.x is None else np.concatenate([fixed, kept[found.x > 0.5]])


def _read_parts(chosen: Array, starts: Array, atoms: Array, n: int) -> Array:
    """Read the part of each atom off the chosen columns."""
    part = np.full(n, -1, np.int32)
    for number, j in enumerate(chosen):
        part[atoms[starts[j] : starts[j + 1]]] = number
    return part
