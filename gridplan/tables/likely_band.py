"""What the estimates leave open of a plan: households from, to, and how much is likely in band."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import erf, ndtr, ndtri

from gridplan.arrays import Floats

WIDE = 3.29  # standard deviations from the 5 % to the 95 % quantile of a normal
ALL, NEAR = 15, 7  # equally likely errors looked at: of the whole site, and of a community
# Chances of being in band below which a sub-grid is in the next class on maps.
LIKELY = (0.9, 0.7, 0.5)
REACH = 100.0  # m over which the errors of neighbours become unlike, as in the rules


@dataclass(frozen=True)
class Likely:
    """What is likely of some sub-grids: 5 % and 95 % ends of households and of the share in band.

    ``share`` is the expected share of sub-grids truly in band.
    """

    households_low: int
    households_high: int
    share: float
    share_low: float
    share_high: float

    @property
    def is_open(self) -> bool:
        """Whether the estimates leave anything open."""
        return self.households_low < self.households_high or self.share < 1.0

    def __str__(self) -> str:
        """Write the share likely in band: 91 % likely, 84 to 95."""
        low, high = (f"{100 * end:.0f}" for end in (self.share_low, self.share_high))
        return f"{100 * self.share:.0f} % likely, {low} to {high}"


def find_likely(
    subgrids: pd.DataFrame, settled: Collection[str] = (), near: float = 1.0
) -> Likely | None:
    """Find what the estimates leave open of sub-grids of homes; None where nothing is said of it.

    Parameters
    ----------
    subgrids
        Rows of the table of sub-grids, of a plan or of a community.
    settled
        Communities whose total of households is known.
    near
        The share of errors that neighbours have in common, as a multiple of
        the share that all buildings have in common.

    Examples
    --------
    >>> rows = {"kind": "residential", "community": "c", "area": 1e4, "households": [30, 38]}
    >>> rows |= {"households_low": [25, 31], "households_high": [36, 46]}
    >>> rows |= {"chance_in_band": [0.99, 0.66], "chance_above": [0.0, 0.34], "error_shared": 0.3}
    >>> found = find_likely(pd.DataFrame(rows))
    >>> found.households_low, found.households_high, str(found)
    (56, 80, '82 % likely, 50 to 100')
    """
    rows = subgrids[(subgrids["kind"] == "residential").to_numpy()]
    chance = rows["chance_in_band"].to_numpy(float)
    if not len(rows) or np.isnan(chance).any():
        return None
    community = rows["community"].to_numpy(object)
    shared, beside, deviation = find_errors(rows, near)
    total = int(rows["households"].sum())
    # whose number is known varies with nothing
    still = np.where(np.isin(community, list(settled)), 0.0, deviation)
    variance = float((np.sqrt(shared) * still).sum() ** 2)
    by = pd.Series(np.sqrt(beside) * still).groupby(community).sum()
    variance += float((by**2).sum() + ((1.0 - shared - beside) * still**2).sum())
    half = WIDE / 2.0 * np.sqrt(variance)
    share_low, share_high = _find_share(
        chance, rows["chance_above"].to_numpy(float), shared, beside, community
    )
    expected = float(chance.mean())
    # of few sub-grids a whole number of them may lie on one side of what is expected
    share_low, share_high = min(share_low, expected), max(share_high, expected)
    return Likely(
        households_low=max(0, int(np.floor(total - half + 1e-9))),
        households_high=int(np.ceil(total + half - 1e-9)),
        share=round(expected, 4),
        share_low=float(share_low),
        share_high=float(share_high),
    )


def find_errors(rows: pd.DataFrame, near: float | Floats) -> tuple[Floats, Floats, Floats]:
    """Find the shares of variance alike everywhere and in a community, and the deviations."""
    shared = np.nan_to_num(rows["error_shared"].to_numpy(float))
    beside = np.clip(shared * near * _find_fading(rows), 0.0, 1.0 - shared)
    ends = rows[["households_low", "households_high"]].to_numpy(float)
    return shared, beside, (ends[:, 1] - ends[:, 0]) / WIDE


def _find_fading(rows: pd.DataFrame) -> Floats:
    """Find how far errors that fade with distance are still alike within each community.

    The mean over pairs of places in a square as large as the community.
    """
    area = rows.groupby("community")["area"].transform("sum").fillna(0.0).to_numpy(float)
    side = np.maximum(np.sqrt(area) / REACH, 1e-3)
    one = np.sqrt(np.pi / 2.0) / side * erf(side / np.sqrt(2.0))
    one -= (1.0 - np.exp(-(side**2) / 2.0)) / side**2
    return np.asarray(np.minimum((2.0 * one) ** 2, 1.0))


def _find_share(
    chance: Floats, above: Floats, shared: Floats, beside: Floats, community: Any
) -> tuple[float, float]:
    """Find the 5 % and 95 % ends of the share in band, over errors that sub-grids share."""
    codes, place = np.unique(community.astype(str), return_inverse=True)
    below = np.clip(1.0 - chance - above, 0.0, 1.0)
    first, last = ndtri(below), ndtri(np.clip(1.0 - above, 0.0, 1.0))
    alone = np.sqrt(np.maximum(1.0 - shared - beside, 1e-9))
    means, variances = [], []
    for whole in ndtri((np.arange(ALL) + 0.5) / ALL):
        sums = np.zeros((NEAR, len(codes)))
        own = np.zeros(len(codes))
        for n, local in enumerate(ndtri((np.arange(NEAR) + 0.5) / NEAR)):
            error = np.sqrt(shared) * whole + np.sqrt(beside) * local
            inside = ndtr((last - error) / alone) - ndtr((first - error) / alone)
            inside = np.where(chance >= 1.0, 1.0, inside)
            sums[n] = np.bincount(place, inside, minlength=len(codes))
            own += np.bincount(place, inside * (1.0 - inside), minlength=len(codes)) / NEAR
        means.append(sums.mean(axis=0).sum())
        variances.append((own + sums.var(axis=0)).sum())
    mean, deviation = np.array(means), np.sqrt(np.maximum(variances, 0.0))
    return tuple(_find_count(level, mean, deviation) / len(chance) for level in (0.05, 0.95))  # type: ignore[return-value]


def _find_count(level: float, mean: Floats, deviation: Floats) -> float:
    """Find a quantile of a whole number that is as likely each of several normal ones."""
    low, high = -1.0, float(np.ceil(mean.max() + 6.0 * deviation.max()))
    while high - low > 1.0:
        middle = np.floor((low + high) / 2.0)
        place = np.where(deviation > 0, (middle + 0.5 - mean) / np.maximum(deviation, 1e-9), np.inf)
        place = np.where((deviation == 0) & (mean > middle + 0.5), -np.inf, place)
        if ndtr(place).mean() >= level - 1e-9:
            high = middle
        else:
            low = middle
    return high
