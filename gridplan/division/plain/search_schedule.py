"""Schedules of the clustering search: its runs, and how they deal with the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class LimitPolicy(NamedTuple):
    """How a run deals with the limits.

    Parameters
    ----------
    shares
        Shares of exchanges that are swaps, and chains over three parts.
    lenient
        What a unit of weight outside the limits costs at first, in what a unit
        costs by its way.
    borne
        Share of all weight that may be outside the limits at first before that
        costs more.
    """

    shares: tuple[float, float]
    lenient: float
    borne: float


ROOMY = LimitPolicy((0.2, 0.1), 0.3, 0.0)
FULL = LimitPolicy((0.4, 0.2), 2.0, 0.02)


@dataclass(frozen=True)
class SearchSchedule:
    """How long to search; counted in runs, exchanges and nodes, never by the clock.

    Parameters
    ----------
    fresh, again
        Runs from first centres of their own, and runs from each best cover.
    covers
        Times that set partitioning is solved over the parts met, and runs
        begin from its answer.
    every, slack
        Integer problems are solved every so many times, where the relaxation
        leaves more than this share of the price open.
    rounds, least
        Exchanges tried in a run for each point; fewer points than ``least``
        get up to four times as many, and fewer than half of it more runs.
    columns, nodes
        Parts handed to an integer problem, and its branch-and-bound nodes.
    overlap
        How many regions, covered one by one, hold each part on average.
    turns
        Times that parts are generated for an LP relaxation, where they can be.
    steps
        Times that prices are changed to begin with.
    """

    fresh: int
    again: int
    covers: int
    rounds: int
    least: int
    columns: int
    nodes: int
    every: int
    slack: float
    overlap: int
    turns: int
    steps: int
