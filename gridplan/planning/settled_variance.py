"""The variance of sub-grids' households, less what known totals settle of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.rules.simulation import SimulationRules

HAIR = 1e-9  # share of a total below which nothing else is a part of it
REST, OPEN = -2, -1  # buildings whose total is what others leave of the site's, or not known


def settle_totals(
    parts: pd.DataFrame, count: int, rules: SimulationRules, many: bool = False
) -> pd.DataFrame:
    """Add up the variance of each sub-grid, and take off what known totals settle.

    Of a sub-grid it depends on the totals and on nothing of how the rest is
    divided: what varies with the sum of a total is taken off by its part of
    that sum. A sub-grid over several totals has its parts of them added up, as
    what is left of one says nothing of another.

    Parameters
    ----------
    parts
        A row for each pair of sub-grid and building: ``column`` of the
        sub-grid, ``total`` (its number; :data:`OPEN` for none), households
        that are ``free`` to vary, ``loading`` (deviation that can be alike),
        ``own`` and ``alone`` (variance that cannot, of the part and with the
        sum), ``x`` and ``y``.
    count
        How many sub-grids there are.
    rules
        Those of the correlation of errors.
    many
        Whether parts hold too many buildings for a matrix of them, as whole
        communities do; then these are summed by squares of land.

    Returns
    -------
    ``variance`` and ``loading`` of each sub-grid.

    Examples
    --------
    Two sub-grids share a total: what one has more, the other has less. Then a
    third that has a total of its own:

    >>> parts = pd.DataFrame({"column": [0, 1, 2], "total": [0, 0, 1], "free": 5.0})
    >>> parts = parts.assign(loading=1.0, own=2.0, alone=2.0, x=[0.0, 9e3, 0.0], y=0.0)
    >>> settle_totals(parts, 3, SimulationRules())["variance"].round(2).tolist()
    [1.35, 1.35, 0.0]
    """
    cells = parts[["column", "total"]].drop_duplicates().sort_values(["column", "total"])
    cells = cells.reset_index(drop=True)
    number = pd.MultiIndex.from_frame(cells).get_indexer(
        pd.MultiIndex.from_frame(parts[["column", "total"]])
    )
    near = min(rules.error_near, 1.0 - rules.error_shared)
    size = len(cells)
    loading = np.bincount(number, parts["loading"], minlength=size)
    beside = (
        _sum_fields(parts, number, size, rules)
        if many
        else _sum_pairs(
            number, parts["loading"].to_numpy(), parts[["x", "y"]].to_numpy(), size, rules
        )
    )
    own = np.bincount(number, parts["own"], minlength=size)
    sums = pd.DataFrame(
        {
            "variance": own + rules.error_shared * loading**2 + near * beside,
            "loading": loading,
            "free": np.bincount(number, parts["free"], minlength=size),
        }
    )
    for name, rows in sorted(parts.groupby("total").indices.items()):
        if name != OPEN:
            _settle(sums, parts.iloc[rows], number[rows], rules)
    out = sums[["variance", "loading"]].groupby(cells["column"]).sum()
    return out.reindex(range(count), fill_value=0.0)


def _settle(sums: pd.DataFrame, here: pd.DataFrame, number: Ints, rules: SimulationRules) -> None:
    """Take off what one known total settles, in the rows of ``sums`` that are parts of it."""
    near = min(rules.error_near, 1.0 - rules.error_shared)
    field = _measure_field(here, rules.error_reach)
    mass = float(here["loading"].sum())
    with_sum = here["alone"] + here["loading"] * (rules.error_shared * mass + near * field)
    rows = np.unique(number)
    free = float(sums["free"].iloc[rows].sum())
    if free <= 0:
        return
    part = sums["free"].to_numpy()[rows] / free
    varies = np.bincount(number, with_sum, minlength=len(sums))[rows]
    whole = float(with_sum.sum())
    left = sums["variance"].to_numpy(float)[rows]
    left = np.maximum(left - 2.0 * part * varies + part**2 * whole, 0.0)
    # dividing by a sum that varies widens a little; the only one of a total has it all
    left = np.where(part > 1.0 - HAIR, 0.0, left * (1.0 + 3.0 * whole / free**2))
    sums.loc[rows, "variance"] = left
    sums.loc[rows, "loading"] -= part * mass


def _sum_pairs(
    number: Ints, loading: Floats, xy: Floats, count: int, rules: SimulationRules
) -> Floats:
    """Sum the loadings of every two buildings of a part, fading with their distance."""
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(count + 1))
    out = np.zeros(count)
    for n in range(count):
        rows = order[ends[n] : ends[n + 1]]
        a = loading[rows]
        if a.any():
            out[n] = a @ _fade(xy[rows], rules.error_reach) @ a
    return out


def _sum_fields(parts: pd.DataFrame, number: Ints, count: int, rules: SimulationRules) -> Floats:
    """Sum the loadings of every two buildings as :func:`_sum_pairs` does, for many of them."""
    out = np.zeros(count)
    for n, here in parts.groupby(number):
        out[int(n)] = here["loading"] @ _measure_field(here, rules.error_reach)
    return out


def _fade(xy: Floats, reach: float) -> Floats:
    step = (xy[:, None, :] - xy[None, :, :]) / reach
    return np.asarray(np.exp(-0.5 * (step**2).sum(axis=2)))


def _measure_field(parts: pd.DataFrame, reach: float) -> Floats:
    """Sum the loadings around each building, fading with distance, by squares of a third of it."""
    cell = (parts[["x", "y"]] / (reach / 3.0)).apply(np.floor)
    mass = parts["loading"].to_numpy()
    sums = pd.DataFrame({"mass": mass, "x": mass * parts["x"], "y": mass * parts["y"]})
    sums = sums.groupby([cell["x"], cell["y"]]).sum()
    sums = sums[sums["mass"] > 0]
    middle = sums[["x", "y"]].to_numpy() / sums[["mass"]].to_numpy()
    xy = parts[["x", "y"]].to_numpy()
    field = np.zeros(len(parts))
    for (x, y), weight in zip(middle, sums["mass"], strict=True):
        square = (xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2
        field += weight * np.exp(-square / (2.0 * reach**2))
    return field
