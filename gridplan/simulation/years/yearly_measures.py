"""Measures: what a division of a community comes to at the end of each year of a course."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.arrays import Bools, Floats, Ints
from gridplan.division.centres import choose_centres
from gridplan.division.exchange_kernels import DivisionArrays, price_part
from gridplan.division.move_budgets import price_split
from gridplan.division.problem import DivisionProblem
from gridplan.division.search import open_state
from gridplan.simulation.years.futures import Future
from gridplan.simulation.years.policies import Course
from gridplan.simulation.years.population import AVAILABLE, FULL, VOLUNTEERS

DRAWN = (
    "households",
    "subgrids",
    "in_band",
    "out",
    "metres",
    "price",
)  # sums of a division; in_band counts sub-grids
PEOPLE = ("members", "available", "volunteers", "uncentred", "short_branches")
FLOWS = ("built", "grown", "demolished")
SUMS = (*DRAWN, *PEOPLE, "moved", *FLOWS)


def measure_course(
    future: Future,
    years: list[tuple[Ints, DivisionProblem]],
    data: list[DivisionArrays | None],
    course: Course,
    load: int,
    least: int,
) -> Floats:
    """Measure every year of a course: float64[years + 1, sums], in the order of ``SUMS``.

    Parameters
    ----------
    future, years, course
        What came, the problem of each year, and what was done.
    data
        The kernels' arrays of each year's problem, None where nobody lives
        there.
    load, least
        Households of a central household, and full members of a branch at the
        least.
    """
    out = np.zeros((len(years), len(SUMS)))
    last: tuple[Any, ...] | None = None
    for year, ((atoms, problem), arrays) in enumerate(zip(years, data, strict=True)):
        label = course.labels[year, atoms]
        if arrays is not None:
            now = (atoms, problem.weights, label)
            # most years change nothing: pricing again would take most of the time
            same = last is not None and all(
                np.array_equal(a, b) for a, b in zip(now, last, strict=True)
            )
            out[year, : len(DRAWN)] = (
                out[year - 1, : len(DRAWN)] if same else measure_drawn(problem, arrays, label)
            )
            last = now
        if future.people is not None and future.branch is not None:
            counts = future.people[year, atoms]
            people_sums = _measure_people(counts, problem.weights, label, load)
            people_sums.append(count_short(future.people[year], future.branch, least))
            out[year, len(DRAWN) : len(DRAWN) + len(PEOPLE)] = people_sums
        out[year, SUMS.index("moved")] = course.moved[year]
        out[year, -len(FLOWS) :] = future.flows[year]
    return out


def measure_drawn(problem: DivisionProblem, data: DivisionArrays, label: Ints) -> list[float]:
    """Measure a division: households, sub-grids, in band, out of it, metres, price.

    Examples
    --------
    >>> from gridplan.planning.measures import find_problems
    >>> from gridplan.synthetic import make_board_plan
    >>> board = find_problems(make_board_plan())["0301"]
    >>> [round(v) for v in measure_drawn(board, board.to_data(), np.array([3, 3, 3, 7, 7, 7] * 2))]
    [120, 2, 2, 0, 3497, 3497]
    """
    # kernels want parts numbered without gaps
    part = np.unique(label, return_inverse=True)[1].astype(np.int32)
    k = int(part.max()) + 1
    state = open_state(data, part, k)
    price = sum(float(price_part(data, state, p)) for p in range(k)) + k * price_split(problem)
    mass = np.bincount(part, problem.weights, minlength=k)
    # households above the band or missing below it; never both
    over = np.maximum(0, np.maximum(problem.band.low - mass, mass - problem.band.high))
    return [
        float(mass.sum()),
        float(k),
        float((over == 0).sum()),
        float(over.sum()),
        float(state.sums[choose_centres(data, state)].sum()),
        price,
    ]


def _measure_people(counts: Ints, weights: Ints, label: Ints, load: int) -> list[float]:
    """Measure members, those available, volunteers, and sub-grids without enough hosts.

    A host is a home with an available member.
    """
    if not len(label):
        return [0.0] * 4
    part = np.unique(label, return_inverse=True)[1]
    # as many as the organisation of a plan asks for: one for each load of households
    wanted = np.maximum(1, -(-np.bincount(part, weights).astype(np.int64) // load))
    hosts = np.bincount(part, counts[:, AVAILABLE] > 0)
    sums = counts.sum(axis=0)
    return [
        float(sums[FULL]),
        float(sums[AVAILABLE]),
        float(sums[VOLUNTEERS]),
        float((hosts < wanted).sum()),
    ]


def count_short(counts: Ints, branch: Ints, least: int) -> float:
    """Count the branches with fewer full members than they need.

    Examples
    --------
    >>> count_short(np.array([[3, 2, 0], [1, 1, 0], [1, 0, 9]]), np.array([0, 1, 1]), 3)
    1.0
    """
    in_branch = branch >= 0
    if not in_branch.any():
        return 0.0
    full = np.bincount(branch[in_branch], counts[in_branch, FULL])
    # only numbers that a home has: a gap in the numbering is no branch
    return float((full < least)[np.unique(branch[in_branch])].sum())


def find_sides(problem: DivisionProblem, weights: Ints, labels: Ints, count: int) -> Ints:
    """Find on which side of its band each sub-grid of the plan is in each year.

    Parameters
    ----------
    problem
        Any year's problem, for its band.
    weights, labels
        int64[years + 1, n], households and sub-grids of the course in which
        nothing is redrawn.
    count
        Sub-grids of the plan.

    Returns
    -------
    int8[years + 1, count]: 0 in the band, 1 over it, -1 under it, -2 nobody
    lives there any more.

    Examples
    --------
    >>> from gridplan.planning.measures import find_problems
    >>> from gridplan.synthetic import make_board_plan
    >>> board = find_problems(make_board_plan())["0301"]
    >>> find_sides(board, np.array([[60, 60], [75, 0]]), np.array([[0, 1], [0, 1]]), 2).tolist()
    [[0, 0], [1, -2]]
    """
    side = np.zeros((len(weights), count), np.int8)
    for year, (weight, label) in enumerate(zip(weights, labels, strict=True)):
        of_plan = (label >= 0) & (label < count)
        mass = np.bincount(label[of_plan], weight[of_plan], minlength=count)
        # a mass of zero is below the band as well: -1 and -1 make -2, nobody left
        side[year] = (
            (mass > problem.band.high).astype(np.int8) - (mass < problem.band.low) - (mass == 0)
        )
    return side


def find_leaving(sides: Ints) -> tuple[Ints, Ints, Bools]:
    """Find the first year in which each sub-grid is out of its band.

    Returns
    -------
    int64[count] of the year, -1 for none; int64[count], 1 over and -1 under
    the band in it; bool[count], out in the last year.

    Examples
    --------
    >>> [part.tolist() for part in find_leaving(np.array([[0, 0, 0], [1, 0, -2], [1, 0, 0]]))]
    [[1, -1, 1], [1, 0, -1], [True, False, False]]
    """
    out = sides != 0
    first = np.where(out.any(axis=0), out.argmax(axis=0), -1)
    side = np.sign(sides[first, np.arange(sides.shape[1])]).astype(np.int64)
    return first, np.where(first >= 0, side, 0), out[-1]
