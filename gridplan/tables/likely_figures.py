"""Between which values figures of sub-grids lie: mean, variation and share in band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from gridplan.arrays import Floats, Ints, Objects
from gridplan.tables.likely_band import find_errors

DRAWS = 200
MOST = 2_000_000  # numbers drawn at once
SEED = 0  # the same figures have the same ends in every report
ENDS = tuple(f"{name}_{end}" for name in ("mean", "cv", "in_band") for end in ("low", "high"))


def find_figure_ends(rows: pd.DataFrame, group: Ints, count: int) -> pd.DataFrame:
    """Find the 5 % and 95 % ends of figures of groups of sub-grids, as their ranges say it.

    Households that are divided evenly by the estimate are less even in truth:
    the ends of the variation may both lie above that of the estimate.

    Parameters
    ----------
    rows
        Of sub-grids of homes, sorted: community, area, households, their
        ranges, chances and error_shared; ``near``, the share of errors that
        neighbours have in common, as a multiple of the share that all have;
        and ``pool``, the known total that they are a part of ("": none).
    group, count
        The group of each row, and how many there are.

    Returns
    -------
    By group ``mean_low`` and ``mean_high`` (households of a sub-grid),
    ``cv_low`` and ``cv_high`` (coefficient of variation), ``in_band_low`` and
    ``in_band_high`` (share truly in band); NaN where nothing is said.

    Examples
    --------
    >>> rows = {"community": "c", "area": 1e4, "households": [30, 30, 30, 30], "pool": ""}
    >>> rows |= {"households_low": [25, 24, 26, 25], "households_high": [35, 36, 34, 36]}
    >>> rows |= {"chance_in_band": 0.9, "chance_above": 0.05, "error_shared": 0.2, "near": 1.0}
    >>> ends = find_figure_ends(pd.DataFrame(rows), np.zeros(4, int), 1).round(2)
    >>> ends[["mean_low", "mean_high", "cv_low", "cv_high"]].values.tolist()
    [[26.71, 33.47, 0.03, 0.12]]
    """
    out = np.full((count, len(ENDS)), np.nan)
    if not len(rows):
        return pd.DataFrame(out, columns=list(ENDS))
    shared, beside, deviation = find_errors(rows, rows["near"].to_numpy(float))
    chance, above, size = (
        rows[name].to_numpy(float) for name in ("chance_in_band", "chance_above", "households")
    )
    below = np.clip(1.0 - chance - above, 0.0, 1.0)
    table = _Errors(
        size=size,
        deviation=deviation,
        weights=np.sqrt(np.array([shared, beside, np.maximum(1.0 - shared - beside, 0.0)])),
        inside=np.array([ndtri(below), ndtri(np.clip(1.0 - above, 0.0, 1.0))]),
        community=rows["community"].to_numpy(object).astype(str),
        pool=_find_pools(rows["pool"].to_numpy(object).astype(str), group),
    )
    order = np.argsort(group, kind="stable")
    begins = np.searchsorted(group[order], np.arange(count + 1))
    # each group by itself, so that its ends do not depend on what else is looked at
    for number in range(count):
        here = order[begins[number] : begins[number + 1]]
        if len(here) and not np.isnan(chance[here]).any():
            found = table.draw(here)
            out[number] = np.quantile(found, [0.05, 0.95], axis=1).T.ravel()
    return pd.DataFrame(out, columns=list(ENDS))


def _find_pools(pool: Objects, group: Ints) -> Objects:
    """Keep the known totals whose sub-grids are all of one group; of others it may be any part."""
    groups = pd.Series(group).groupby(pool).nunique().reindex(pool).to_numpy()
    return np.where(groups == 1, pool, "")


@dataclass(frozen=True)
class _Errors:
    """What is drawn of sub-grids: weights of three errors, those within band, known totals."""

    size: Floats
    deviation: Floats
    weights: Floats
    inside: Floats
    community: Objects
    pool: Objects

    def draw(self, here: Ints) -> Floats:
        """Draw mean, variation and share in band of some rows: float64[3, DRAWS]."""
        whole, local, own = (np.random.default_rng([SEED, kind]) for kind in range(3))
        codes, place = np.unique(self.community[here], return_inverse=True)
        first, last = self.inside[:, here]
        everywhere, beside, alone = self.weights[:, here]
        size, deviation = self.size[here], self.deviation[here]
        pool = self.pool[here]
        found = []
        # some draws at once, as those of a city would not fit into memory
        for begin in range(0, DRAWS, max(1, MOST // len(here))):
            some = min(max(1, MOST // len(here)), DRAWS - begin)
            error = everywhere * whole.standard_normal((some, 1))
            error = error + alone * own.standard_normal((some, len(here)))
            error = error + beside * local.standard_normal((some, len(codes)))[:, place]
            drawn = _keep_totals(np.maximum(size + deviation * error, 0.0), size, pool)
            mean = drawn.mean(axis=1)
            apart = np.divide(drawn.std(axis=1), mean, out=np.zeros(some), where=mean > 0)
            found.append((mean, apart, ((error > first) & (error <= last)).mean(axis=1)))
        return np.concatenate(found, axis=1)


def _keep_totals(drawn: Floats, size: Floats, pool: Objects) -> Floats:
    """Scale what is drawn, float64[draws, n], to known totals by name; "" for none."""
    order = np.argsort(pool, kind="stable")
    names, begins = np.unique(pool[order], return_index=True)
    if not names.any():
        return drawn
    wanted = np.add.reduceat(size[order], begins)
    sums = np.add.reduceat(drawn[:, order], begins, axis=1)
    factor = np.where(sums > 0, wanted / np.where(sums > 0, sums, 1.0), 1.0)
    factor[:, names == ""] = 1.0
    return np.asarray(drawn * factor[:, np.searchsorted(names, pool)])
