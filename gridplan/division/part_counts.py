"""Numbers of parts: an exact number over all communities, shared out in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gridplan.arrays import Floats, Ints
from gridplan.division.problem import DivisionProblem
from gridplan.errors import RuleError


def find_interval(problem: DivisionProblem) -> tuple[int, int]:
    """Find the fewest and the most parts that the households of connected atoms allow in the band.

    Where no number is within the band, there is one number only: the nearest.
    """
    counts = problem.band.find_counts(problem.households) or (
        problem.band.choose_count(problem.households),
    )
    return min(counts[0], len(problem)), min(counts[-1], len(problem))


def share_counts(wishes: Floats, intervals: Sequence[tuple[int, int]], total: int) -> Ints:
    """Share a number of parts over places in proportion to their wishes, within their intervals.

    Each further part goes to the place that it is most due to (the method of
    Webster), of equals to the first. Where the total is out of all intervals
    together, they are left as little as it takes.

    Examples
    --------
    >>> share_counts(np.array([4.0, 2.0]), [(3, 6), (1, 3)], 6).tolist()
    [4, 2]
    >>> share_counts(np.array([4.0, 2.0]), [(3, 4), (1, 3)], 7).tolist()
    [4, 3]
    """
    low, high = (np.array([ends[n] for ends in intervals], np.int64) for n in (0, 1))
    if total < low.sum():
        low = np.minimum(low, 1)
    if total > high.sum():
        high = np.full(len(high), total)
    counts = low.copy()
    due = np.maximum(np.asarray(wishes, float), 1e-9)
    while counts.sum() < total:
        claim = np.where(counts < high, due / (counts + 0.5), -1.0)
        counts[int(np.argmax(claim.round(9)))] += 1
    return counts


def request_parts(
    problems: Mapping[str, DivisionProblem], total: int
) -> dict[str, DivisionProblem]:
    """Ask each community for its share of an exact number of sub-grids; 0 asks for none.

    Raises
    ------
    RuleError
        If no so many sub-grids keep their bands, with the numbers that do.
    """
    if not total:
        return dict(problems)
    intervals = []
    for problem in problems.values():
        islands = problem.find_islands()
        ends = [find_interval(problem.take(i) if len(islands) > 1 else problem) for i in islands]
        intervals.append((sum(low for low, _ in ends), sum(high for _, high in ends)))
    fewest = sum(low for low, _ in intervals)
    most = sum(high for _, high in intervals)
    if not fewest <= total <= most:
        raise RuleError(
            f"division.subgrids = {total}: the households of {len(problems)} communities make "
            f"{fewest} to {most} sub-grids within their bands -> ask for a number between these, "
            "or change urban.low, urban.high, rural.low or rural.high"
        )
    wishes = np.array([p.households / p.band.target for p in problems.values()])
    counts = share_counts(wishes, intervals, total)
    return {
        community: replace(problem, wanted=int(count))
        for (community, problem), count in zip(problems.items(), counts, strict=True)
    }


def share_islands(problem: DivisionProblem, islands: Sequence[Ints]) -> list[int]:
    """Share the parts that are wanted of a problem over its islands; 0 each where none are."""
    if not problem.wanted:
        return [0] * len(islands)
    taken = [problem.take(island) for island in islands] if len(islands) > 1 else [problem]
    wishes = np.array([island.households / problem.band.target for island in taken])
    counts = share_counts(wishes, [find_interval(island) for island in taken], problem.wanted)
    return [int(count) for count in counts]
