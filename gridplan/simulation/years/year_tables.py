"""The tables of change over years, written from what each replication came to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from gridplan.arrays import Array, Bools, Floats, Ints
from gridplan.simulation.years.yearly_measures import FLOWS, PEOPLE, SUMS
from gridplan.tables.conform import conform_table

RATES = ("in_band", "mean_walk")  # in_band: share of the sub-grids
MEASURES = (
    "households",
    "subgrids",
    "in_band",
    "out",
    "mean_walk",
    "price",
    "moved",
    "moved_total",
    *FLOWS,
)
SIDES = {"inside": 0, "over": 1, "under": -1, "gone": -2}  # as measures.find_sides gives them
WHY = {1: "over", -1: "under", 0: ""}


def list_measures(people: bool) -> tuple[str, ...]:
    """List the measures that are reported; those of people only where the plan was organised."""
    return (*MEASURES, *PEOPLE) if people else MEASURES


def take_measure(sums: Floats, name: str) -> Floats:
    """Take a measure of every replication, policy and year: sums[..., years + 1, SUMS].

    Examples
    --------
    >>> sums = np.zeros((1, 1, 3, len(SUMS)))
    >>> sums[0, 0, :, SUMS.index("moved")] = [0, 4, 2]
    >>> take_measure(sums, "moved_total").tolist()
    [[[0.0, 4.0, 6.0]]]
    """
    column = {known: sums[..., n] for n, known in enumerate(SUMS)}
    # where nobody lives any more there is no share: NaN, not an error
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "in_band":
            return np.asarray(column["in_band"] / column["subgrids"])
        if name == "mean_walk":
            return np.asarray(column["metres"] / column["households"])
    return np.asarray(column["moved"].cumsum(axis=-1) if name == "moved_total" else column[name])


def tabulate_years(sums: Floats, policies: Sequence[str], people: bool) -> pd.DataFrame:
    """Tabulate each measure by policy and year: mean, interval, and 90 % of replications."""
    frames = []
    for name in list_measures(people):
        values = take_measure(sums, name)
        mean = values.mean(axis=0)
        half = measure_half(values)
        # nearest rank, as measures are counts
        ends = np.quantile(values, [0.05, 0.95], axis=0, method="nearest")
        frames.append(
            _spread(
                policies,
                name,
                mean=mean,
                low=mean - half,
                high=mean + half,
                p05=ends[0],
                p95=ends[1],
            )
        )
    both = pd.concat(frames, ignore_index=True)
    order = {name: n for n, name in enumerate(policies)}
    both = both.sort_values(
        ["policy", "year"], key=lambda c: c.map(order) if c.name == "policy" else c, kind="stable"
    )
    return _number("years", both)


def _spread(policies: Sequence[str], name: str, **values: Array) -> pd.DataFrame:
    years = next(iter(values.values())).shape[1]
    rows = {
        "policy": np.repeat(np.array(policies, object), years),
        "year": np.tile(np.arange(years), len(policies)),
    }
    return pd.DataFrame(
        rows | {"measure": name} | {key: value.ravel() for key, value in values.items()}
    )


def measure_half(values: Floats) -> Floats:
    """Measure half the 95 % interval of the mean over replications; NaN with one.

    Source: Student's t.

    Examples
    --------
    >>> measure_half(np.array([[1.0], [3.0]])).round(2).tolist()
    [12.71]
    """
    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], np.nan)
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(n) * student.ppf(0.975, n - 1))


def tabulate_differences(sums: Floats, policies: Sequence[str], people: bool) -> pd.DataFrame:
    """Tabulate by how much each policy differs from the first at the end, in pairs."""
    rows = []
    for name in list_measures(people):
        last = take_measure(sums, name)[..., -1]
        for p, policy in enumerate(policies[1:], 1):
            # paired by replication: the shared future cancels out
            apart = last[:, p] - last[:, 0]
            mean = apart.mean()
            half = float(measure_half(apart[:, None])[0])
            clear = bool(mean - half > 0 or mean + half < 0)
            rows.append((policy, name, mean, mean - half, mean + half, clear))
    columns = ["policy", "measure", "mean", "low", "high", "clear"]
    return _number("years_differences", pd.DataFrame(rows, columns=columns))


def tabulate_subgrids(
    community: str, codes: Sequence[str], households: Ints, first: Ints, side: Ints, out: Bools
) -> pd.DataFrame:
    """Tabulate when the sub-grids of a community leave their band if nothing is redrawn.

    ``first``, ``side`` and ``out`` are [replications, sub-grids]: the year, -1
    for none; over (1) or under (-1); out at the end.

    Examples
    --------
    In two of three futures 0301-001 grows out of its band, in years 4 and 8:

    >>> year = np.array([[4], [8], [-1]])
    >>> side = np.array([[1], [1], [0]])
    >>> out = np.array([[True], [True], [False]])
    >>> table = tabulate_subgrids("0301", ["0301-001"], np.array([60]), year, side, out)
    >>> table[["share", "median", "why"]].round(2).values.tolist()
    [[0.67, 8.0, 'over']]
    """
    leaves = first >= 0
    # never is later than any year, so quantiles stay right
    when = np.where(leaves, first.astype(float), np.inf)
    ends = np.quantile(when, [0.05, 0.5, 0.95], axis=0, method="nearest")
    # a sub-grid that leaves its band on either side is named after the
    # likelier one
    over = (side == 1).sum(axis=0)
    under = (side == -1).sum(axis=0)
    why = np.where(~leaves.any(axis=0), 0, np.where(over >= under, 1, -1))
    return pd.DataFrame(
        {
            "subgrid": np.array(codes, object),
            "community": community,
            "households": households,
            "share": leaves.mean(axis=0),
            **{
                name: np.where(np.isfinite(e), e, np.nan)
                for name, e in zip(("low", "median", "high"), ends, strict=True)
            },
            "why": [WHY[int(w)] for w in why],
            "over": over / len(first),
            "under": under / len(first),
            "out_at_end": out.mean(axis=0),
        }
    )


def tabulate_bands(codes: Sequence[str], sides: Ints) -> pd.DataFrame:
    """Tabulate how likely each sub-grid is in its band in each year, without redrawing.

    ``sides`` are int8[replications, years, n].

    Examples
    --------
    In one of two futures 0301-001 is over its band in year 1, in the other one
    in it:

    >>> table = tabulate_bands(["0301-001"], np.array([[[0], [1]], [[0], [0]]]))
    >>> table[["year", "inside", "over"]].values.tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.5, 0.5]]
    """
    years, n = sides.shape[1:]
    # the four sides leave nothing out, so the shares of a row add up to one
    shares = {name: (sides == side).mean(axis=0).ravel() for name, side in SIDES.items()}
    rows = {
        "subgrid": np.tile(np.array(codes, object), years),
        "year": np.repeat(np.arange(years), n),
    }
    return pd.DataFrame(rows | shares)


def number_bands(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of all communities in order, by sub-grid and year, and number them."""
    return _number(
        "years_bands",
        pd.concat(frames, ignore_index=True).sort_values(["subgrid", "year"], ignore_index=True),
    )


def tabulate_events(events: Sequence[tuple[str, int, str, str, int]]) -> pd.DataFrame:
    """Tabulate events: community, year, kind, code and households."""
    frame = pd.DataFrame(events, columns=["community", "year", "kind", "of", "households"])
    return _number(
        "years_events", frame.sort_values(["year", "community", "kind", "of"], ignore_index=True)
    )


def _number(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    # padded with zeros, so that codes sort as numbers do
    number = pd.Series(np.arange(1, len(rows) + 1)).astype("str").str.zfill(len(str(len(rows))))
    return conform_table(table, rows.assign(row=number.to_numpy(object)).reset_index(drop=True))
