"""The exact cover: the cheapest choice of listed sets that holds everything exactly once, and the bound that proves it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix

Array = np.ndarray[Any, Any]
NODES = 2_000  # branch-and-bound nodes, so that the work does not depend on the clock
GAP = 1e-7


def cover_exactly(prices: Array, starts: Array, atoms: Array, n: int) -> tuple[Array | None, float]:
    """Choose the cheapest sets that hold each of n atoms exactly once.

    Set j holds ``atoms[starts[j]:starts[j + 1]]``. Returns the set of each atom's part numbered from 0 (int64[n]; None where the sets
    cannot cover the atoms) and a proven lower bound on the price of every choice (infinite where there is none).

    Examples
    --------
    Alone the two cost 3 each, together 5:

    >>> label, bound = cover_exactly(np.array([3.0, 3.0, 5.0]), np.array([0, 1, 2, 4]), np.array([0, 1, 0, 1]), 2)
    >>> label.tolist(), round(bound, 6)
    ([0, 0], 5.0)
    """
    rows = csc_matrix((np.ones(len(atoms)), atoms, starts), shape=(n, len(prices)))
    if len(prices) == 0:
        return None, np.inf
    relaxed = linprog(prices, A_eq=rows, b_eq=np.ones(n), method="highs")
    if relaxed.x is None:
        return None, np.inf
    if np.abs(relaxed.x - np.round(relaxed.x)).max() < 1e-7:
        return _read_sets(np.flatnonzero(relaxed.x > 0.5), starts, atoms, n), float(relaxed.fun)
    found = milp(
        prices,
        integrality=np.ones(len(prices)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, np.ones(n), np.ones(n)),
        options={"node_limit": NODES, "mip_rel_gap": GAP},
    )
    if found.x is None:
        return None, np.inf if found.status == 2 else float(relaxed.fun)
    return _read_sets(np.flatnonzero(found.x > 0.5), starts, atoms, n), float(max(found.mip_dual_bound, relaxed.fun))


def _read_sets(chosen: Array, starts: Array, atoms: Array, n: int) -> Array:
    label = np.full(n, -1, np.int64)
    for j in chosen:
        label[atoms[starts[j] : starts[j + 1]]] = j
    return np.asarray(np.unique(label, return_inverse=True)[1], np.int64)
