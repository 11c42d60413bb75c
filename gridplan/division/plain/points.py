"""Capacitated clustering: points divided into k parts within limits, each near its centre.

This is the problem on which methods are compared in print; buildings,
compounds and barriers play no part. Several annealing runs begin from first
centres of their own; every sound part they meet is kept, and set partitioning
chooses the best of them; runs that are heated again from there bring parts for
the next time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints
from gridplan.division.exchange_kernels import DivisionArrays
from gridplan.division.plain.division_measures import measure_clustering
from gridplan.division.plain.local_search import LocalSearch
from gridplan.division.plain.search_schedule import SearchSchedule
from gridplan.division.problem import find_near
from gridplan.errors import InputError, Problem

SEARCHES = {
    "quick": SearchSchedule(
        fresh=6,
        again=2,
        covers=5,
        rounds=250,
        least=1_500,
        columns=3_000,
        nodes=10,
        every=5,
        slack=5e-4,
        overlap=2,
        turns=15,
        steps=40,
    ),
    "default": SearchSchedule(
        fresh=12,
        again=3,
        covers=12,
        rounds=500,
        least=3_000,
        columns=4_000,
        nodes=30,
        every=6,
        slack=1e-4,
        overlap=4,
        turns=60,
        steps=60,
    ),
    "thorough": SearchSchedule(
        fresh=16,
        again=4,
        covers=30,
        rounds=500,
        least=4_000,
        columns=6_000,
        nodes=60,
        every=5,
        slack=1e-6,
        overlap=6,
        turns=200,
        steps=100,
    ),
}


@dataclass(frozen=True)
class PointsDivision:
    """Points divided into parts.

    Parameters
    ----------
    part
        int64[n], the part of each point, numbered from 0 in the order of their
        first points.
    centres
        int64[k], the point of each part from which the others are nearest; -1
        where the centre is the mean.
    objective
        Sum of the ways to the centres, weighted by the points' weights and
        squared as was asked.
    outside
        Weight outside the limits in all parts together; 0 unless no division
        within them was found.
    bound
        No division within the limits has a lower objective; 0.0 where nothing
        was proven.
    """

    part: Ints
    centres: Ints
    objective: float
    outside: int
    bound: float = 0.0


def divide_points(
    xy: Any = None,
    weights: Any = None,
    k: int = 1,
    low: int = 0,
    high: int | None = None,
    *,
    matrix: Any = None,
    pairs: Any = None,
    weighted: bool = False,
    squared: bool = False,
    centre: str = "point",
    effort: str = "default",
    seed: int = 0,
    watch: Callable[[float, int], None] | None = None,
) -> PointsDivision:
    """Divide points into k parts of low to high weight, with the least sum of ways to centres.

    Parameters
    ----------
    xy
        float[n, 2], positions; not needed where a matrix gives the ways.
    weights
        Whole numbers [n]; ones if not given.
    k, low, high
        Number of parts and the limits of their weight; no upper limit if not
        given.
    matrix
        float[n, n], the ways between the points, the same both ways.
    pairs
        int[m, 2], points that touch: every part is then connected through
        them, and all points must be.
    weighted, squared
        Whether a way counts for each unit of weight, and whether it counts
        squared.
    centre
        "point": the best of the part's points; "mean": the mean of their
        positions, which needs xy.
    effort
        quick, default or thorough; counted in exchanges tried and nodes, never
        by the clock.
    seed
        Any whole number; the same seed gives the same division.
    watch
        Called with the objective and the weight outside the limits whenever a
        better division is found.

    Raises
    ------
    InputError
        Where the input cannot be divided at all; every reason is given.

    Notes
    -----
    Mulvey, J. M., Beck, M. P. (1984). Solving capacitated clustering problems.
    European Journal of Operational Research 18, 339-348.

    Examples
    --------
    >>> row = [(0, 0), (1, 0), (2, 0), (10, 0), (11, 0), (12, 0)]
    >>> division = divide_points(row, k=2, high=3, effort="quick")
    >>> division.part.tolist(), division.centres.tolist(), division.objective
    ([0, 0, 0, 1, 1, 1], [1, 4], 4.0)
    """
    n = len(matrix if xy is None else xy) if xy is not None or matrix is not None else 0
    mass = np.ones(n, np.int64) if weights is None else np.asarray(weights)
    # No limit is a limit that all points together keep.
    top = int(mass.sum()) if high is None else high
    links = None if pairs is None else np.asarray(pairs, np.int64).reshape(-1, 2)
    problems = [
        *_check_shapes(xy, matrix, mass, n, centre, squared, effort),
        *_check_limits(mass, k, low, top, n, links),
    ]
    if problems:
        raise InputError(problems)
    data = _open_data(xy, matrix, mass.astype(np.int64), low, top, links, weighted, squared)
    mean = centre == "mean"
    search = LocalSearch(data, k, mean, SEARCHES[effort], seed, watch)
    part = search.find_best()
    _, first, label = np.unique(part, return_index=True, return_inverse=True)
    # Numbered by first points, so that equal divisions have equal answers.
    rank = np.empty(k, np.int64)
    rank[np.argsort(first)] = np.arange(k)
    part = rank[label]
    objective, centres, sums = measure_clustering(data, part, k, mean)
    outside = int((np.maximum(low - sums, 0) + np.maximum(sums - top, 0)).sum())
    return PointsDivision(part, centres, objective, outside, min(search.bound, objective))


def _open_data(
    xy: Any,
    matrix: Any,
    mass: Ints,
    low: int,
    high: int,
    pairs: Ints | None,
    weighted: bool,
    squared: bool,
) -> DivisionArrays:
    """Put a problem into the arrays that the kernels take."""
    n = len(mass)
    place = np.zeros((n, 2)) if xy is None else np.asarray(xy, np.float64)
    ways = None if matrix is None else np.asarray(matrix, np.float64)
    # Where nothing has to touch, points are exchanged with near parts alone.
    near = find_near(place, ways)
    if squared and ways is None:
        ways = np.hypot(place[:, :1] - place[:, 0], place[:, 1:] - place[:, 1])
    if squared and ways is not None:
        ways = ways**2
    if pairs is not None:
        graph = csr_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        near = (graph + graph.T).tocsr()
    near.sort_indices()
    return DivisionArrays(
        weights=mass,
        pull=mass.astype(np.float64) if weighted else np.ones(n),
        x=np.ascontiguousarray(place[:, 0] - place[:, 0].mean()),
        y=np.ascontiguousarray(place[:, 1] - place[:, 1].mean()),
        climb=np.zeros(n),
        stack=np.arange(n, dtype=np.int64),
        matrix=np.zeros((0, 0)) if ways is None else np.ascontiguousarray(ways),
        indptr=near.indptr.astype(np.int32),
        indices=near.indices.astype(np.int32),
        groups=np.zeros((n, 0), np.int32),
        prices=np.zeros(0),
        # No size within the limits is better than another: the target has no price.
        band=np.array([low, low, high], np.int64),
        wishes=np.zeros(2),
        expected=np.zeros(0),
        contiguous=pairs is not None,
    )


def _check_shapes(
    xy: Any, matrix: Any, mass: Ints, n: int, centre: str, squared: bool, effort: str
) -> list[Problem]:
    """Check that the arguments fit one another."""
    problems = []
    if n == 0:
        problems.append(
            Problem("points", "not empty", "there are no points", "give xy or a matrix")
        )
    if xy is not None and (
        np.ndim(xy) != 2 or np.shape(xy)[1] != 2 or not np.isfinite(np.asarray(xy, float)).all()
    ):
        problems.append(
            Problem(
                "xy",
                "positions",
                "xy is not n pairs of finite numbers",
                "give x and y of every point",
            )
        )
    problems += _check_matrix(matrix, n)
    if len(mass) != n or (len(mass) and ((mass < 0).any() or (mass != np.round(mass)).any())):
        problems.append(
            Problem(
                "weights",
                "whole numbers",
                "weights are not n whole numbers of at least 0",
                "round or scale them",
            )
        )
    if centre not in {"point", "mean"} or (
        centre == "mean" and (xy is None or matrix is not None or squared)
    ):
        message = f"centre={centre!r} does not go with the other arguments"
        problems.append(
            Problem(
                "centre", "point or mean", message, 'use "point", or "mean" with plain ways by xy'
            )
        )
    if effort not in SEARCHES:
        problems.append(
            Problem("effort", "known", f"effort is {effort!r}", "use quick, default or thorough")
        )
    return problems


def _check_matrix(matrix: Any, n: int) -> list[Problem]:
    """Check that a matrix of ways, if one is given, is square and symmetric."""
    if matrix is None:
        return []
    if np.shape(matrix) != (n, n):
        return [
            Problem(
                "matrix",
                "n by n",
                f"the matrix is {np.shape(matrix)}, not {(n, n)}",
                "give a square matrix",
            )
        ]
    # The kernels add up rows or columns as suits them.
    if not np.allclose(matrix, np.transpose(matrix)):
        return [
            Problem(
                "matrix",
                "symmetric",
                "ways differ by direction",
                "give the mean of both directions",
            )
        ]
    return []


def _check_limits(
    mass: Ints, k: int, low: int, high: int, n: int, pairs: Ints | None
) -> list[Problem]:
    """Check that the limits leave room for k parts."""
    problems = []
    total = mass.sum() if len(mass) else 0
    if not 1 <= k <= max(n, 1):
        problems.append(
            Problem("k", "1 to n", f"k is {k} for {n} points", "give a number of parts from 1 to n")
        )
    elif not k * low <= total <= k * high:
        message = (
            f"{k} parts of {low} to {high} hold {k * low} to {k * high}, the points weigh {total}"
        )
        problems.append(
            Problem("limits", "room", message, f"limits that hold {total / k:.1f} on average")
        )
    if len(mass) and mass.max() > high:
        heavy = tuple(str(i) for i in np.flatnonzero(mass > high))
        problems.append(
            Problem(
                "weights",
                "at most high",
                f"points weigh more than {high}",
                f"high = {mass.max()}",
                heavy,
            )
        )
    if pairs is not None and len(pairs) and (pairs.min() < 0 or pairs.max() >= n):
        problems.append(
            Problem(
                "pairs",
                "numbers of points",
                "pairs name points that are not there",
                f"numbers from 0 to {n - 1}",
            )
        )
    elif pairs is not None and n:
        graph = csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        islands = connected_components(graph, directed=False)[0]
        if islands > 1:
            message = f"the points fall into {islands} islands that no pair joins"
            problems.append(
                Problem("pairs", "connected", message, "divide each island by itself, or add pairs")
            )
    return problems
