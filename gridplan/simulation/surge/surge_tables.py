"""The long tables of a surge, written from what came of every replication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints, Objects
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
from gridplan.simulation.surge.events import Event
from gridplan.tables.indicators import CITY

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
# Minutes at which the curve is read, close together where help spreads fast.
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
    """What came of an event, by replication and affected sub-grid.

    Minutes until somebody came and until all were seen to.

    ``first`` and ``finished`` are float64[replications, k], infinite where it
    never came to it; ``sums`` are float64[replications, k, :]: checks done,
    requests, those answered, minutes until then, and checks answered by tier.
    """

    codes: Objects
    community: Objects
    checks: Ints
    end: float
    first: Floats
    finished: Floats
    sums: Floats

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

    def group(self, level: str) -> tuple[Objects, Ints]:
        """Group the sub-grids by level: codes of the groups, and where each begins."""
        n = len(self.codes)
        if level == "city":
            return np.array([CITY], object), np.zeros(1, np.int64)
        if level == "subgrid":
            return self.codes, np.arange(n)
        # sub-grids are sorted by community, so each is a run of rows
        starts = np.flatnonzero(np.append(True, self.community[1:] != self.community[:-1]))
        return self.community[starts], starts


def take_measures(outcome: Outcome, level: str) -> dict[str, tuple[Floats, Floats]]:
    """Take numerator and denominator of every measure: float64[replications, groups].

    Minutes are no longer than the event.
    """
    _, starts = outcome.group(level)
    # where nobody came, the event's length is a lower bound that keeps means finite
    first = np.minimum(outcome.first, outcome.end)
    finished = np.minimum(outcome.finished, outcome.end)
    number = np.diff(np.append(starts, len(outcome.codes))).astype(float)
    # a denominator of one, for measures that are no means over sub-grids
    one = np.ones((len(first), len(starts)))
    helped = np.isfinite(outcome.first)
    sums = np.add.reduceat(outcome.sums, starts, axis=1)
    checks = np.add.reduceat(outcome.checks, starts) * one
    came = np.add.reduceat(helped, starts, axis=1, dtype=float)
    measures = {
        "helped_share": (came, number * one),
        "all_helped": ((came == number).astype(float), one),
        "first_minutes": (np.add.reduceat(first, starts, axis=1), number * one),
        "last_minutes": (np.maximum.reduceat(first, starts, axis=1), one),
        "seen_minutes": (np.add.reduceat(finished, starts, axis=1), number * one),
        "spread_minutes": (_spread(first, starts), one),
        "done_share": (sums[..., RESOLVED], checks),
        "done_minutes": (np.maximum.reduceat(finished, starts, axis=1), one),
        "request_answered_share": (sums[..., ANSWERED], sums[..., CAME]),
        "request_minutes": (sums[..., MINUTES], sums[..., ANSWERED]),
    }
    # shares by tier are of the checks that somebody answered
    answered = sums[..., BY_TIER:].sum(axis=-1)
    by = {f"by_{name}": (sums[..., BY_TIER + tier], answered) for name, tier in TIER_NAMES.items()}
    if level == "subgrid":  # of one sub-grid, the last is the first
        measures = {
            name: pair
            for name, pair in measures.items()
            if name not in ("all_helped", "last_minutes", "spread_minutes")
        }
    return measures | by


def _spread(first: Floats, starts: Ints) -> Floats:
    """Measure the minutes between the 10th and the 90th percentile of each group."""
    ends = np.append(starts[1:], first.shape[1])
    parts = [
        np.quantile(first[:, a:b], [0.1, 0.9], axis=1) for a, b in zip(starts, ends, strict=True)
    ]
    return np.stack([high - low for low, high in parts], axis=1)


def tabulate_outcome(event: Event, posture: str, outcome: Outcome) -> pd.DataFrame:
    """Tabulate all measures of the city, its communities and sub-grids."""
    frames = []
    for level in LEVELS:
        codes, _ = outcome.group(level)
        for measure, (above, below) in take_measures(outcome, level).items():
            estimate = estimate_ratio(above, below)
            ends = find_ends(above, below)
            table = pd.DataFrame(
                {
                    "event": event.name,
                    "kind": event.kind,
                    "posture": posture,
                    "level": level,
                    "of": codes,
                    "measure": measure,
                    "mean": estimate.mean,
                    "low": estimate.low,
                    "high": estimate.high,
                    "p05": ends[0],
                    "p95": ends[1],
                }
            )
            frames.append(bound(table, not measure.endswith("_minutes")))
    return pd.concat(frames, ignore_index=True)


def tabulate_curve(event: str, posture: str, outcome: Outcome) -> pd.DataFrame:
    """Tabulate the share of affected sub-grids to which help has come, minute by minute.

    Of the city and its communities.
    """
    frames = []
    # the curve ends with the event, wherever that lies between edges
    edges = [edge for edge in EDGES if edge < outcome.end] + [int(outcome.end)]
    for level in ("city", "community"):
        codes, starts = outcome.group(level)
        number = np.diff(np.append(starts, len(outcome.codes))).astype(float)
        for edge in edges:
            # at the edge itself help has come
            came = np.add.reduceat(outcome.first <= edge, starts, axis=1, dtype=float)
            estimate = estimate_ratio(came, number * np.ones_like(came))
            table = pd.DataFrame(
                {
                    "event": event,
                    "posture": posture,
                    "level": level,
                    "of": codes,
                    "minutes": float(edge),
                    "mean": estimate.mean,
                    "low": estimate.low,
                    "high": estimate.high,
                }
            )
            frames.append(bound(table, True))
    return pd.concat(frames, ignore_index=True)


def compare_outcomes(
    whole: Outcome, other: Outcome, measures: Sequence[str]
) -> Iterator[tuple[str, Estimate]]:
    """Compare what comes without something to what comes with it, by replication.

    The measures are the city's.
    """
    with_ = take_measures(whole, "city")
    without = take_measures(other, "city")
    for measure in measures:
        yield measure, compare(estimate_ratio(*with_[measure]), estimate_ratio(*without[measure]))
