"""The long tables of a simulation, written from sums over replications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Array, Floats, Ints, Numbers, Records
from gridplan.rules.simulation import KINDS
from gridplan.simulation.requests.confidence_intervals import (
    MEASURES,
    REASONS,
    Estimate,
    compare,
    estimate_ratio,
    find_ends,
    measure_half,
    take_measures,
)
from gridplan.tables.conform import conform_table

LEVELS = ("city", "subdistrict", "community", "subgrid")


def tabulate_measures(level: str, codes: Any, sums: Floats) -> tuple[pd.DataFrame, Estimate]:
    """Tabulate all measures of some places.

    ``sums`` is float64[replications, places, kinds, counts and sums].
    """
    above, below = take_measures(sums)
    estimate = estimate_ratio(above, below)
    ends = find_ends(above, below)
    table = _spread(level, codes, "measure", list(MEASURES), estimate, p05=ends[0], p95=ends[1])
    return bound(table, table["measure"].str.endswith("_share")), estimate


def tabulate_reasons(level: str, codes: Any, sums: Floats) -> pd.DataFrame:
    """Tabulate how many were not served, and why."""
    return bound(
        _spread(
            level,
            codes,
            "reason",
            list(REASONS),
            estimate_ratio(sums[..., list(REASONS.values())], 1.0),
        ),
        False,
    )


def tabulate_curve(
    level: str, codes: Any, answers: Numbers, came: Floats, edges: Sequence[float]
) -> pd.DataFrame:
    """Tabulate the share of requests that were answered in time.

    Answers are int64[replications, places, kinds, edges].
    """
    # the last edge is open: answers later than all edges
    within = np.cumsum(answers[..., :-1], axis=-1)
    table = _spread(
        level, codes, "minutes", [float(e) for e in edges], estimate_ratio(within, came[..., None])
    )
    return bound(table, True)


def bound(table: pd.DataFrame, is_share: Any) -> pd.DataFrame:
    """Bound intervals by what can be: nothing is below zero, and no share above one."""
    high = table["high"].where(
        ~np.broadcast_to(is_share, len(table)), table["high"].clip(upper=1.0)
    )
    return table.assign(low=table["low"].clip(lower=0.0), high=high)


def tabulate_differences(level: str, codes: Any, first: Estimate, other: Estimate) -> pd.DataFrame:
    """Tabulate what is more than in the first scenario, with paired intervals."""
    table = _spread(level, codes, "measure", list(MEASURES), compare(first, other))
    return table.assign(clear=(table["low"] > 0) | (table["high"] < 0))


def rank_scenarios(differences: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Rank all scenarios by each measure, the best first.

    The first scenario differs from itself by zero.
    """
    if differences.empty:
        return differences
    # measures that are neither good nor bad get rank 0
    sign = differences["measure"].map({name: measure[3] for name, measure in MEASURES.items()})
    # ranks go from the lowest score, so the sign of what is good is turned
    score = -(differences["mean"] * sign)
    keys = [differences[c] for c in ("level", "of", "kind", "measure")]
    # scenarios that are equal share the better rank
    better = score.groupby(keys).rank(method="min")
    behind = (score >= 0).astype(int)  # the first scenario stands before those that are no better
    return differences.assign(
        rank=np.where(sign == 0, 0, better.fillna(len(names)) + behind).astype(np.int64)
    )


def tabulate_posts(posts: pd.DataFrame, served: Records, duty: Floats) -> pd.DataFrame:
    """Tabulate what each post does: records and minutes of duty by replication and post."""
    busy = served["busy"]
    with np.errstate(invalid="ignore", divide="ignore"):
        each = busy / duty
    # a post without duty has no load, rather than an infinite one
    load = estimate_ratio(busy, np.where(duty > 0, duty, np.nan))
    # the interval is that of loads by replication, about the load of all together
    half = measure_half(each - each.mean(axis=0))
    return pd.DataFrame(
        {
            "post": posts.index.to_numpy(object),
            "role": posts["role"].to_numpy(object),
            "community": posts["community"].to_numpy(object),
            "jobs": served["jobs"].mean(axis=0),
            "busy": busy.mean(axis=0) / 60.0,
            "walked": served["walked"].mean(axis=0) / 60.0,
            "duty": duty.mean(axis=0) / 60.0,
            "load": load.mean,
            "low": np.maximum(load.mean - half, 0.0),
            "high": load.mean + half,
        }
    )


def tabulate_waiting(codes: Any, households: Floats, waiting: Ints, noted: Ints) -> pd.DataFrame:
    """Tabulate how many wait at each hour of the week, per 100 households.

    Hours at which nobody ever waited are left out.

    Parameters
    ----------
    codes, households
        The sub-grids and their households.
    waiting
        int64[168, sub-grids, kinds], all who waited as the hour struck.
    noted
        int64[168], how often it struck.

    Examples
    --------
    Twelve waited on four Mondays at 8:00 among fifty households:

    >>> waiting = np.zeros((168, 1, 2), np.int64)
    >>> waiting[8] = [[12, 0]]
    >>> table = tabulate_waiting(["0301-001"], np.array([50.0]), waiting, np.full(168, 4))
    >>> table[["kind", "hour", "mean"]].values.tolist()
    [['request', 8, 6.0]]
    """
    hour, place, kind = np.nonzero(waiting)
    # an hour at which anybody waited was noted at least once: no division by zero
    mean = 100.0 * waiting[hour, place, kind] / (noted[hour] * np.asarray(households)[place])
    return pd.DataFrame(
        {
            "subgrid": np.asarray(codes, object)[place],
            "kind": np.array(KINDS, object)[kind],
            "hour": hour,
            "mean": mean,
        }
    )


def _spread(
    level: str, codes: Any, name: str, labels: Sequence[Any], estimate: Estimate, **more: Array
) -> pd.DataFrame:
    """Spread an estimate by place, kind and label over rows."""
    places, kinds, n = estimate.mean.shape
    columns = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, **more}
    return pd.DataFrame(
        {
            "level": level,
            "of": np.repeat(np.asarray(codes, object), kinds * n),
            "kind": np.tile(np.repeat(np.array(KINDS, object), n), places),
            name: np.tile(np.array(labels), places * kinds),
            **{column: np.asarray(values).ravel() for column, values in columns.items()},
        }
    )


def number_rows(name: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Write rows as a table of the schema in the order in which they come."""
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return conform_table(name, pd.DataFrame({"row": np.zeros(0, object)}))
    both = pd.concat(kept, ignore_index=True)
    # padded with zeros, so that codes sort as numbers do
    number = pd.Series(np.arange(1, len(both) + 1)).astype("str").str.zfill(len(str(len(both))))
    return conform_table(name, both.assign(row=number.to_numpy(object)))


def write_table(
    name: str, frames: Sequence[pd.DataFrame], order: Sequence[str], scenarios: Sequence[str]
) -> pd.DataFrame:
    """Write rows as a table of the schema, in order.

    By scenario in their order, by level from the city down, then as asked.
    """
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return number_rows(name, [])
    ranks = {
        "scenario": {s: n for n, s in enumerate(scenarios)},
        "level": {s: n for n, s in enumerate(LEVELS)},
    }
    both = pd.concat(kept, ignore_index=True)
    # stable, so that equal keys keep the order in which blocks came
    both = both.sort_values(
        list(order), key=lambda c: c.map(ranks[c.name]) if c.name in ranks else c, kind="stable"
    )
    return number_rows(name, [both])
