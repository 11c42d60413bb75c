"""The exact cover: the cheapest sets that hold everything exactly once, with a proven bound.

HiGHS solves the relaxation and a small integer problem, which gives a good
cover; a sweep over partial covers, which drops those that can no longer become
cheaper, then finds the best and proves it. Where the sweep grows too wide, the
relaxation's bound says how near the best cover known is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix

from gridplan.arrays import Floats, Ints

FIRST = 200  # sets in the first integer problem, those that the relaxation likes best
WIDE = 800  # and in the second, where the sweep grows too wide
NODES = 60  # branch-and-bound nodes, so that the work does not depend on the clock
WIDEST = 2_000_000  # pairs of partial cover and set looked at in one step of the sweep
BITS = 62  # atoms that a partial cover can be written down for
TOLERANCE = 1e-7


def cover_exactly(prices: Floats, starts: Ints, atoms: Ints, n: int) -> tuple[Ints | None, float]:
    """Choose the cheapest sets that hold each of n atoms exactly once.

    Set j holds ``atoms[starts[j]:starts[j + 1]]``. Returns the chosen set of
    each atom, numbered from 0 (int64[n]; None where the sets cannot cover the
    atoms), and a proven lower bound on the price of every choice (infinite
    where there is none).

    Examples
    --------
    Alone the two cost 3 each, together 5:

    >>> sets = np.array([3.0, 3.0, 5.0]), np.array([0, 1, 2, 4]), np.array([0, 1, 0, 1])
    >>> label, bound = cover_exactly(*sets, 2)
    >>> label.tolist(), round(bound, 6)
    ([0, 0], 5.0)
    """
    if len(prices) == 0:
        return None, np.inf
    rows = csc_matrix((np.ones(len(atoms)), atoms, starts), shape=(n, len(prices)))
    # The relaxation is cheap and often whole already; without a solution there is no cover.
    relaxed = linprog(prices, A_eq=rows, b_eq=np.ones(n), method="highs")
    if relaxed.x is None:
        return None, np.inf
    least = float(relaxed.fun)
    if np.abs(relaxed.x - np.round(relaxed.x)).max() < TOLERANCE:
        return _read_sets(np.flatnonzero(relaxed.x > 0.5), rows), least
    # Rounding leaves tiny negative costs, which would widen the sweep for nothing.
    reduced = np.maximum(prices - rows.T @ relaxed.eqlin.marginals, 0.0)
    # Ties go to the set listed first, on every machine.
    order = np.lexsort((np.arange(len(prices)), reduced.round(6)))
    # Sets of reduced cost 0 are those a cover at the bound is made of: all are in.
    liked = np.sort(order[: max(FIRST, int((reduced <= 1e-6).sum()))])
    chosen, _ = _solve_integers(prices[liked], rows[:, liked])
    best = None if chosen is None else liked[chosen]
    # What the best cover known costs above the relaxation.
    slack = np.inf if best is None else float(prices[best].sum()) - least
    # A set whose reduced cost is above the slack is in no cheaper cover.
    kept = np.flatnonzero(reduced <= slack + TOLERANCE)
    swept = _sweep(reduced[kept], rows[:, kept], slack + TOLERANCE) if n <= BITS else None
    if swept is not None:
        # An empty sweep: nothing is cheaper than the cover known, which is thereby proven.
        best = kept[swept] if len(swept) else best
        return (
            (None, np.inf) if best is None else (_read_sets(best, rows), float(prices[best].sum()))
        )
    # The sweep grew too wide: a larger integer problem, and what it can prove.
    liked = np.sort(order[: min(WIDE, len(kept))])
    chosen, bound = _solve_integers(prices[liked], rows[:, liked])
    if chosen is not None and (
        best is None or prices[liked[chosen]].sum() < prices[best].sum() - TOLERANCE
    ):
        best = liked[chosen]
    # Its bound speaks for its own sets only; without all of them the relaxation's stays.
    bound = max(least, bound) if len(liked) == len(kept) else least
    return (
        (None, bound)
        if best is None
        # The solver's bound may be above the price by its tolerance.
        else (_read_sets(best, rows), min(bound, float(prices[best].sum())))
    )


def _solve_integers(prices: Floats, rows: Any) -> tuple[Ints | None, float]:
    """Solve the integer problem; returns the sets chosen (None: no cover) and the bound."""
    once = np.ones(rows.shape[0])
    result = milp(
        prices,
        integrality=np.ones(len(prices)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, once, once),
        options={"node_limit": NODES, "mip_rel_gap": TOLERANCE},
    )
    if result.x is None:
        # Status 2 is a proof that there is no cover; stopping early proves nothing.
        return None, np.inf if result.status == 2 else -np.inf
    return np.flatnonzero(result.x > 0.5), float(result.mip_dual_bound)


def _sweep(reduced: Floats, rows: Any, slack: float) -> Ints | None:
    """Sweep over the atoms in order, keeping partial covers whose costs are within the slack.

    Returns the sets of the best cover, none where there is none within the
    slack; None where the sweep grew too wide.
    """
    # Once all atoms before are covered, the next must be the first of its set:
    # so each cover is built in one order only.
    first = np.array(
        [rows.indices[a:b].min() for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)]
    )
    # A set as a mask of bits: two sets overlap where the masks do.
    bits = np.zeros(len(reduced), np.int64)
    np.bitwise_or.at(
        bits,
        np.repeat(np.arange(len(reduced)), np.diff(rows.indptr)),
        np.int64(1) << rows.indices.astype(np.int64),
    )
    covers = np.zeros(1, np.int64)
    cost = np.zeros(1)
    steps: list[tuple[Ints, Ints]] = []
    # After each turn every partial cover holds all atoms up to this one.
    for atom in range(rows.shape[0]):
        has_atom = (covers >> atom) & 1 == 1
        waiting = np.flatnonzero(~has_atom)
        first_here = np.flatnonzero(first == atom)
        if len(waiting) * len(first_here) > WIDEST:
            return None
        total = cost[waiting, None] + reduced[None, first_here]
        w, s = np.nonzero(
            ((covers[waiting, None] & bits[None, first_here]) == 0) & (total <= slack)
        )
        # Covers that hold the atom already pass on unchanged, with set -1.
        before = np.concatenate([np.flatnonzero(has_atom), waiting[w]])
        taken = np.concatenate([np.full(int(has_atom.sum()), -1), first_here[s]])
        after = covers[before] | np.where(taken >= 0, bits[taken], 0)
        price = np.concatenate([cost[has_atom], total[w, s]])
        # What can follow depends on the atoms covered alone, so of equal covers
        # only the cheapest goes on; ties go to the earlier.
        order = np.lexsort((np.arange(len(after)), price.round(9), after))
        order = order[np.append(True, np.diff(after[order]) != 0)] if len(order) else order
        covers = after[order]
        cost = price[order]
        steps.append((before[order], taken[order]))
        if not len(covers):
            return np.zeros(0, np.int64)
    return _trace(steps)


def _trace(steps: list[tuple[Ints, Ints]]) -> Ints:
    """Trace the one full cover back to its sets."""
    # After the last atom only the full cover is left: row 0.
    row = 0
    sets = []
    for before, taken in reversed(steps):
        if taken[row] >= 0:
            sets.append(int(taken[row]))
        row = int(before[row])
    return np.array(sorted(sets), np.int64)


def _read_sets(chosen: Ints, rows: Any) -> Ints:
    label = np.full(rows.shape[0], -1, np.int64)
    for j in chosen:
        label[rows.indices[rows.indptr[j] : rows.indptr[j + 1]]] = j
    return np.asarray(np.unique(label, return_inverse=True)[1], np.int64)
