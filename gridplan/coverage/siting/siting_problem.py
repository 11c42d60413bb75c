"""A siting problem as arrays, checked at once, and what an answer to it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from gridplan.arrays import Floats, Ints
from gridplan.errors import InputError, Problem

EXACT = 1e-9  # share of the total weight, or of an objective, that counts as nothing


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """Places that want a service point, sites where one can stand, and the ways between them.

    Parameters
    ----------
    ways
        csr_array[n, m], metres or minutes from each place to each site. An
        entry that is not there is out of reach; one of 0 is at the door.
    weights
        float64[n], households of each place.
    fixed
        int64[f], the sites that have a service point already; they stay and do
        not count in k.
    capacities
        float64[m], households that a service point at each site can serve;
        None where there is no limit.
    """

    ways: csr_array
    weights: Floats
    fixed: Ints
    capacities: Floats | None = None

    @property
    def total(self) -> float:
        """Households of all places."""
        return float(self.weights.sum())


def make_siting_problem(
    ways: Any, weights: Any, fixed: Any = (), capacities: Any = None
) -> SitingProblem:
    """Make a siting problem of a matrix of ways, dense or sparse.

    Out of reach is infinite in a dense one, absent in a sparse one.

    Parameters
    ----------
    ways
        Metres or minutes, a row for each place, a column for each site.
    weights
        Households of each place.
    fixed
        Numbers of the sites that have a service point already, or a mask of
        them.
    capacities
        Households that each site can serve, infinite where there is no limit;
        one number for all, or None for no limit at all.

    Raises
    ------
    InputError
        Where lengths do not agree or a value is negative or not a number; all
        that is wrong at once.

    Examples
    --------
    >>> problem = make_siting_problem([[0.0, 300.0], [np.inf, 200.0]], [10, 5])
    >>> problem.ways.nnz, problem.total
    (3, 15.0)
    """
    matrix = _read_ways(ways)
    m = matrix.shape[1]
    households = np.asarray(weights, float).ravel()
    fixed_sites = np.asarray(fixed)
    # A mask is only read as one where it has a value for each site.
    fixed_sites = (
        np.flatnonzero(fixed_sites)
        if fixed_sites.dtype == bool and len(fixed_sites) == m
        else np.unique(fixed_sites.astype(np.int64))
    )
    capacity = None
    if capacities is not None:
        capacity = np.asarray(capacities, float).ravel()
        capacity = np.full(m, capacity[0]) if len(capacity) == 1 else capacity
    wrong = _check_problem(matrix, households, fixed_sites, capacity)
    if wrong:
        raise InputError(wrong)
    # Room for everybody everywhere is no limit, and easier to solve.
    if capacity is not None and (capacity >= households.sum()).all():
        capacity = None
    return SitingProblem(matrix, households, fixed_sites.astype(np.int64), capacity)


def _check_problem(
    matrix: csr_array, households: Floats, fixed_sites: Ints, capacity: Floats | None
) -> list[Problem]:
    """List what is wrong with the parts of a siting problem."""
    n, m = matrix.shape
    return [
        Problem("ways", rule, message, remedy)
        for bad, rule, message, remedy in (
            (
                not matrix.has_canonical_format,
                "a way once",
                "a place has two ways to one site",
                "keep the shorter one",
            ),
            (
                np.isnan(matrix.data).any() or (matrix.data < 0).any(),
                "ways are lengths",
                "a way is negative or not a number",
                "give metres or minutes, and nothing where out of reach",
            ),
            (
                len(households) != n,
                "a weight each",
                f"{len(households)} weights for {n} places",
                "give one for each row",
            ),
            (
                not np.isfinite(households).all() or (households < 0).any(),
                "weights are households",
                "a weight is negative or not a number",
                "give households, 0 where there are none",
            ),
            (
                ((fixed_sites < 0) | (fixed_sites >= m)).any(),
                "fixed sites exist",
                f"a fixed site is not one of the {m}",
                "give the numbers of columns",
            ),
            (
                capacity is not None
                and (len(capacity) != m or np.isnan(capacity).any() or (capacity < 0).any()),
                "capacities are households",
                "the capacities are not a number of 0 or more for each site",
                "give one for each column, or one for all",
            ),
        )
        if bad
    ]


def _read_ways(ways: Any) -> csr_array:
    """Read a matrix; entries of 0 stay, infinite ones go."""
    if hasattr(ways, "tocsr"):
        # A copy, since sorting the indices would write to the argument.
        matrix = csr_array(ways.tocsr(), dtype=float, copy=True)
        matrix.sort_indices()
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        columns = matrix.indices
        values = matrix.data
        shape = matrix.shape
    else:
        dense = np.atleast_2d(np.asarray(ways, float))
        shape = dense.shape
        rows, columns = np.nonzero(dense != np.inf)
        values = dense[rows, columns]
    keep = values != np.inf
    # Built by hand: scipy would drop or add up entries, and a way of 0 is a way.
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows[keep], minlength=shape[0]))])
    readable = csr_array((values[keep], columns[keep].astype(np.int64), starts), shape=shape)
    # The flag is how the check later learns that a pair came twice.
    twice = (np.diff(readable.indices) == 0) & (np.diff(rows[keep]) == 0)
    readable.has_canonical_format = not twice.any()
    return readable


@dataclass(frozen=True, eq=False)
class Siting:
    """An answer: where service points go, who goes to which, and how far from the best it can be.

    Parameters
    ----------
    chosen
        int64, the sites chosen, in order of their numbers; the fixed ones are
        not among them.
    assignment
        csr_array[n, m], households of each place that go to each site: the
        nearest service point in reach, or, with capacities, shared out for the
        best. Places that get nothing have no entry.
    objective
        What was asked for: households served, service points added,
        household-metres, or the longest way; infinite where it cannot be.
    bound
        No answer is better than this.
    ended
        ``optimal``: proven the best; ``bounded``: no better than the bound;
        ``impossible``: proven that there is no answer.
    """

    chosen: Ints
    assignment: csr_array
    objective: float
    bound: float
    ended: str

    @property
    def served(self) -> float:
        """Households that go to some service point."""
        return float(self.assignment.sum())

    @property
    def gap(self) -> float:
        """How far the objective can be from the best, as a share of the larger of it and bound."""
        # Two infinities have no difference, and equal values no gap.
        if self.ended != "bounded" or self.objective == self.bound:
            return 0.0
        if not np.isfinite(self.objective):
            return 1.0
        return abs(self.objective - self.bound) / max(abs(self.objective), abs(self.bound))


def assign_nearest(problem: SitingProblem, chosen: Ints, beyond: float = np.inf) -> csr_array:
    """Assign each place to its nearest service point, fixed or chosen, nearer than ``beyond``.

    Of equally near service points the first counts.
    """
    n, m = problem.ways.shape
    is_open = np.zeros(m, bool)
    is_open[problem.fixed] = True
    is_open[chosen] = True
    rows = np.repeat(np.arange(n), np.diff(problem.ways.indptr))
    entries = np.flatnonzero(
        is_open[problem.ways.indices] & (problem.weights[rows] > 0) & (problem.ways.data < beyond)
    )
    # By place, then way, then number, so that the first of each place is its service point.
    entries = entries[
        np.lexsort((problem.ways.indices[entries], problem.ways.data[entries], rows[entries]))
    ]
    place, first = np.unique(rows[entries], return_index=True)
    starts = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=n))])
    return csr_array(
        (problem.weights[place], problem.ways.indices[entries[first]], starts), shape=(n, m)
    )
