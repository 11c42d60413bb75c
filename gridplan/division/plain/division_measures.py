"""Measures of a clustering: sums of ways to the best centres, and weights of parts."""

from __future__ import annotations

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.exchange_kernels import DivisionArrays, make_state
from gridplan.division.plain.walk_kernels import place_centres


def sum_ways(data: DivisionArrays, part: Ints, candidates: Ints, options: Ints) -> float:
    """Sum the ways within some parts to their best centres."""
    total = 0.0
    for q in options:
        members = candidates[part[candidates] == q]
        if len(members):
            # Few atoms, so all pairs at once: no loop has to be compiled for this.
            ways = (
                data.matrix[np.ix_(members, members)]
                if data.matrix.shape[0]
                else np.hypot(
                    data.x[members][:, None] - data.x[members],
                    data.y[members][:, None] - data.y[members],
                )
            )
            total += float((ways @ data.pull[members]).min())
    return total


def measure_clustering(
    data: DivisionArrays, part: Ints, k: int, mean: bool
) -> tuple[float, Ints, Ints]:
    """Measure a division: the sum of ways, and centre (-1 for a mean) and weight of each part."""
    state = make_state(
        data, part.astype(np.int32), k, int(np.bincount(part, minlength=k).max()) + 1
    )
    centres = np.zeros((k, 2))
    total = float(place_centres(data, state, mean, centres))
    return total, np.full(k, -1) if mean else centres[:, 0].astype(np.int64), state.mass


def measure_ways(data: DivisionArrays, centres: Floats, mean: bool) -> Floats:
    """Measure float[n, k], what each point pays for its way to each centre, a point or a mean."""
    if mean:
        x, y = centres[:, 0], centres[:, 1]
    else:
        atoms = centres[:, 0].astype(np.int64)
        if data.matrix.shape[0]:
            return np.asarray(data.matrix[:, atoms] * data.pull[:, None])
        x, y = data.x[atoms], data.y[atoms]
    ways = np.hypot(data.x[:, None] - x, data.y[:, None] - y)
    return np.asarray(ways * data.pull[:, None])
