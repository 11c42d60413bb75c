"""Estimates over replications: ratios of sums with intervals, and paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from gridplan.arrays import Floats, Numbers
from gridplan.simulation.requests import kernel_state

SUMS = kernel_state.COUNTS  # sums follow the counts
WIDTH = SUMS + kernel_state.SUMS
ONE = -1  # a denominator of 1: the measure is a number a replication

# Each measure: what is added up, what is taken off, over what, and whether
# more is better (1), worse (-1) or neither (0).
MEASURES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int]] = {
    "requests": ((kernel_state.CAME,), (), ONE, 0),
    "answered_share": ((kernel_state.ANSWERED,), (), kernel_state.CAME, 1),
    "resolved_share": ((kernel_state.RESOLVED,), (), kernel_state.CAME, 1),
    "green_share": ((kernel_state.GREEN,), (), kernel_state.CAME, 1),
    "yellow_share": ((kernel_state.YELLOW,), (), kernel_state.CAME, 0),
    "red_share": (
        (kernel_state.CAME,),
        (kernel_state.GREEN, kernel_state.YELLOW),
        kernel_state.CAME,
        -1,
    ),
    "up_share": ((kernel_state.WENT_UP,), (), kernel_state.RESOLVED, 0),
    "own_share": ((kernel_state.BY_TIER + kernel_state.OWN,), (), kernel_state.ANSWERED, 0),
    "volunteer_share": (
        (kernel_state.BY_TIER + kernel_state.VOLUNTEER,),
        (),
        kernel_state.ANSWERED,
        0,
    ),
    "response_minutes": ((SUMS + kernel_state.RESPONSE,), (), kernel_state.ANSWERED, -1),
    "resolution_minutes": ((SUMS + kernel_state.RESOLUTION,), (), kernel_state.RESOLVED, -1),
    # Little's law: inside = requests a minute x stay_minutes, but for what the first and
    # the last moments cut off; the same holds of those that wait.
    "inside": ((SUMS + kernel_state.INSIDE,), (), ONE, 0),
    "stay_minutes": ((SUMS + kernel_state.STAY,), (), kernel_state.CAME, -1),
    "waiting": ((SUMS + kernel_state.QUEUE,), (), ONE, -1),
    "wait_minutes": ((SUMS + kernel_state.WAIT,), (), kernel_state.CAME, -1),
    "up_requests": ((SUMS + kernel_state.UPS,), (), ONE, 0),
    "up_waiting": ((SUMS + kernel_state.UP_QUEUE,), (), ONE, -1),
    "up_wait_minutes": ((SUMS + kernel_state.UP_WAIT,), (), SUMS + kernel_state.UPS, -1),
    "satisfied_share": ((SUMS + kernel_state.SATISFIED,), (), kernel_state.CAME, 1),
}
REASONS = {
    "no_post": kernel_state.NO_POST,
    "off_duty": kernel_state.OFF_DUTY,
    "busy": kernel_state.BUSY,
    "withdrawn": kernel_state.WITHDRAWN,
    "under_way": kernel_state.UNDER_WAY,
}


@dataclass(frozen=True, eq=False)
class Estimate:
    """Ratios of sums over replications.

    ``mean`` and ``half`` its interval of 95 %, and each replication's pull
    on the mean.
    """

    mean: Floats
    half: Floats
    pull: Floats  # float64[replications, ...]

    @property
    def low(self) -> Floats:
        """Lower end of the interval."""
        return np.asarray(self.mean - self.half)

    @property
    def high(self) -> Floats:
        """Upper end of the interval."""
        return np.asarray(self.mean + self.half)


def estimate_ratio(above: Numbers, below: Floats | float) -> Estimate:
    """Estimate a ratio of sums over replications, which stand in the first dimension.

    Source: the ratio estimator with its linearised variance (Cochran, Sampling
    Techniques, chapter 6), Student's t.

    Examples
    --------
    Two of four, then six of eight, were in time: eight of twelve.

    >>> found = estimate_ratio(np.array([2.0, 6.0]), np.array([4.0, 8.0]))
    >>> round(float(found.mean), 3), found.pull.round(3).tolist()
    (0.667, [-0.111, 0.111])
    """
    x = np.broadcast_to(np.asarray(below, float), above.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        # a ratio of sums: replications with few requests weigh little
        mean = above.sum(axis=0) / x.sum(axis=0)
        # the linearised residual; its variance is that of the ratio, to first order
        pull = (above - mean * x) / x.mean(axis=0)
    return Estimate(mean, measure_half(pull), pull)


def measure_half(pull: Floats) -> Floats:
    """Measure half the 95 % interval of a mean from what replications pull; NaN with one."""
    n = len(pull)
    if n < 2:
        return np.full(pull.shape[1:], np.nan)
    # pulls have a mean of zero, so their squares are already deviations
    spread = np.sqrt((pull**2).sum(axis=0) / (n - 1) / n)
    return np.asarray(spread * student.ppf(0.975, n - 1))


def compare(first: Estimate, other: Estimate) -> Estimate:
    """Estimate the difference to a first estimate whose replications met the same chances."""
    # paired by replication, so that the chances both share cancel out
    pull = other.pull - first.pull
    return Estimate(np.asarray(other.mean - first.mean), measure_half(pull), pull)


def take_measures(sums: Floats) -> tuple[Floats, Floats]:
    """Take numerator and denominator of every measure.

    The last dimension of the sums is counts and sums; measures take its
    place.
    """
    above = [
        sum(sums[..., c] for c in plus) - sum(sums[..., c] for c in minus)
        for plus, minus, _, _ in MEASURES.values()
    ]
    ones = np.ones(sums.shape[:-1])
    below = [ones if over == ONE else sums[..., over] for _, _, over, _ in MEASURES.values()]
    return np.stack(above, axis=-1).astype(float), np.stack(below, axis=-1).astype(float)


def find_ends(above: Floats, below: Floats) -> tuple[Floats, Floats]:
    """Find the values that one replication of twenty lies below, and above.

    Only replications in which there is a value count.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.sort(np.where(below > 0, above / below, np.nan), axis=0)  # NaN comes last
    known = np.maximum(1, np.isfinite(values).sum(axis=0))
    # nearest rank, among the known values only
    low, high = (np.rint(q * (known - 1)).astype(np.int64) for q in (0.05, 0.95))
    ends = [np.take_along_axis(values, rank[None], axis=0)[0] for rank in (low, high)]
    return ends[0], ends[1]
