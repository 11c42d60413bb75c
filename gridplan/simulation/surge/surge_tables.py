"""The long tables of a surge, written from what came of every replication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.simulation.requests.confidence_intervals import (
    Estimate,
    compare,
    estimate_ratio,
    find_ends,
)
from gridplan.simulation.requests.kernel_state import (
    AID,
    COMMUNITY,
    INSTITUTION,
    NEIGHBOUR,
    OWN,
    STREET,
    TIERS,
    VOLUNTEER,
)
from gridplan.simulation.requests.request_tables import bound
from gridplan.simulation.surge.call_up import Muster
from gridplan.tables.indicators import CITY

Array = np.ndarray[Any, Any]
RESOLVED, CAME, ANSWERED, MINUTES, BY_TIER = range(5)  # columns of the sums
TIER_NAMES = {
    "own": OWN,
    "neighbour": NEIGHBOUR,
    "community": COMMUNITY,
    "volunteer": VOLUNTEER,
    "street": STREET,
    "institution": INSTITUTION,
    "aid": AID,
}
EDGES = (
    5,
    10,
    15,
    20,
    30,
    40,
    50,
    60,
    75,
    90,
    105,
    120,
    150,
    180,
    240,
    300,
    360,
    480,
    600,
    720,
    960,
    1440,
    2160,
    2880,
    4320,
    7200,
)
LEVELS = ("city", "community", "subgrid")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of an event: by replication and affected sub-grid, minutes until somebody came and until all were seen to.

    ``first`` and ``done`` are float64[replications, k], infinite where it
    never came to it; ``sums`` are float64[replications, k, :]: checks done,
    requests, those answered, minutes until then, and checks answered by tier.
    """

    codes: Array
    community: Array
    checks: Array
    end: float
    first: Array
    done: Array
    sums: Array

    @classmethod
    def make_empty(cls, muster: Muster, replications: int, end: float) -> Outcome:
        """Make an outcome in which nobody came."""
        rows = muster.affected
        cells = muster.system.cells
        shape = (replications, len(rows))
        return cls(
            cells.index.to_numpy(object)[rows],
            cells["community"].to_numpy(object)[rows],
            muster.checks[rows],
            end,
            np.full(shape, np.inf),
            np.full(shape, np.inf),
            np.zeros((*shape, BY_TIER + TIERS)),
        )

    def group(self, level: str) -> tuple[Array, Array]:
        """Group the sub-grids by level: codes of the groups, and where each begins."""
        n = len(self.codes)
        if level == "city":
            return np.array([CITY], object), np.zeros(1, np.int64)
        if level == "subgrid":
            return self.codes, np.arange(n)
        starts = np.flatnonzero(np.append(True, self.community[1:] != self.community[:-1]))
        return self.community[starts], starts


def take_measures(outcome: Outcome, level: str) -> dict[str, tuple[Array, Array]]:
    """Take what every measure is a ratio of, float64[replications, groups] each; minutes are no longer than the event."""
    _, starts = outcome.group(level)
    first = np.minimum(outcome.first, outcome.end)
    done = np.minimum(outcome.done, outcome.end)
    number = np.diff(np.append(starts, len(outcome.codes))).astype(float)
    one = np.ones((len(first), len(starts)))
    helped = np.isfinite(outcome.first)
    sums = np.add.reduceat(outcome.sums, starts, axis=1)
    checks = np.add.reduceat(outcome.checks, starts) * one
    came = np.add.reduceat(helped, starts, axis=1, dtype=float)
    found = {
        "helped_share": (came, number * one),
        "all_helped": ((came == number).astype(float), one),
        "first_minutes": (np.add.reduceat(first, starts, axis=1), number * one),
        "last_minutes": (np.maximum.reduceat(first, starts, axis=1), one),
        "seen_minutes": (np.add.reduceat(done, starts, axis=1), number * one),
        "spread_minutes": (_spread(first, starts), one),
        "done_share": (sums[..., RESOLVED], checks),
        "done_minutes": (np.maximum.reduceat(done, starts, axis=1), one),
        "request_answered_share": (sums[..., ANSWERED], sums[..., CAME]),
        "request_minutes": (sums[..., MINUTES], sums[..., ANSWERED]),
    }
    answered = sums[..., BY_TIER:].sum(axis=-1)
    by = {f"by_{name}": (sums[..., BY_TIER + tier], answered) for name, tier in TIER_NAMES.items()}
    if level == "subgrid":  # of one sub-grid, the last is the first
        found = {
            name: pair
            for name, pair in found.items()
            if name not in ("all_helped", "last_minutes", "spread_minutes")
        }
    return found | by


def _spread(first: Array, starts: Array) -> Array:
    """Measure the minutes between the tenth and the ninetieth of a hundred sub-grids of each group."""
    ends = np.append(starts[1:], first.shape[1])
    parts = [
        np.quantile(first[:, a:b], [0.1, 0.9], axis=1) for a, b in zip(starts, ends, strict=True)
    ]
    return np.stack([high - low for low, high in parts], axis=1)


def tabulate_outcome(event: str, posture: str, outcome: Outcome) -> pd.DataFrame:
    """Tabulate all measures of the city, its communities and sub-grids."""
    frames = []
    for level in LEVELS:
        codes, _ = outcome.group(level)
        for measure, (above, below) in take_measures(outcome, level).items():
            found = estimate_ratio(above, below)
            ends = find_ends(above, below)
            table = pd.DataFrame(
                {
                    "event": event,
                    "posture": posture,
                    "level": level,
                    "of": codes,
                    "measure": measure,
                    "mean": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "p05": ends[0],
                    "p95": ends[1],
                }
            )
            frames.append(bound(table, not measure.endswith("_minutes")))
    return pd.concat(frames, ignore_index=True)


def tabulate_curve(event: str, posture: str, outcome: Outcome) -> pd.DataFrame:
    """Tabulate the share of affected sub-grids to which help has come, minute by minute, of the city and its communities."""
    frames = []
    edges = [edge for edge in EDGES if edge < outcome.end] + [int(outcome.end)]
    for level in ("city", "community"):
        codes, starts = outcome.group(level)
        number = np.diff(np.append(starts, len(outcome.codes))).astype(float)
        for edge in edges:
            came = np.add.reduceat(outcome.first <= edge, starts, axis=1, dtype=float)
            found = estimate_ratio(came, number * np.ones_like(came))
            table = pd.DataFrame(
                {
                    "event": event,
                    "posture": posture,
                    "level": level,
                    "of": codes,
                    "minutes": float(edge),
                    "mean": found.mean,
                    "low": found.low,
                    "high": found.high,
                }
            )
            frames.append(bound(table, True))
    return pd.concat(frames, ignore_index=True)


def compare_outcomes(
    whole: Outcome, other: Outcome, measures: Sequence[str]
) -> Iterator[tuple[str, Estimate]]:
    """Compare what comes without something to what comes with it: the city's measures, paired by replication."""
    with_ = take_measures(whole, "city")
    without = take_measures(other, "city")
    for measure in measures:
        yield measure, compare(estimate_ratio(*with_[measure]), estimate_ratio(*without[measure]))
