"""Tables of coverage: how far each stairwell is from each kind of service point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints, Numbers, Objects
from gridplan.coverage.allocation import measure_ratios, serve_households
from gridplan.coverage.coverage_inputs import CLASSES, CoverageInputs
from gridplan.coverage.reach_reasons import find_reasons
from gridplan.coverage.walk_times import WalkingInputs, WalkTimes
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import Service
from gridplan.tables.indicators import CITY

# Rounded before they are compared with thresholds, so that 5 minutes by a sum stay within 5.
DIGITS = 6
LEVELS = ("city", "class", "community", "subgrid")


@dataclass(frozen=True, eq=False)
class ReachTimes:
    """How one kind of service point is reached.

    Parameters
    ----------
    service
        The kind of service point.
    posts
        Its service points, of the table ``service_posts``.
    ways, minutes, slow
        Ways from stairwells to them (rows of ``posts``), and the minutes that
        each takes usual and slower walkers.
    nearest, best, slow_best
        For each stairwell the row of the nearest service point (-1: none), and
        minutes to it (infinite where no way is known).
    """

    service: Service
    posts: Any
    ways: WalkTimes
    minutes: Floats
    slow: Floats
    nearest: Ints
    metres: Floats
    best: Floats
    slow_best: Floats

    def count(self, ground: CoverageInputs, minutes: float) -> Ints:
        """Count the service points within so many minutes of each stairwell."""
        return np.bincount(self.ways.door[self.minutes <= minutes], minlength=len(ground))

    def serve(self, ground: CoverageInputs, minutes: float) -> tuple[Ints, Ints]:
        """Assign households to service points within so many minutes."""
        in_time = self.minutes <= minutes
        ways = self.ways.take(in_time)
        return serve_households(
            ways.door,
            ways.post,
            self.minutes[in_time],
            ground.weight,
            self.posts["capacity"].to_numpy(float),
        )


def find_reach(
    ground: CoverageInputs, service: Service, posts: Any, rows: Ints, ways: WalkTimes, rules: Rules
) -> ReachTimes:
    """Find how the service points of one kind are reached, from the ways to those of all kinds.

    ``rows`` says which of all are of this kind.
    """
    # those of this kind are numbered again, from the rows of all service points
    number = np.full(len(posts), -1)
    number[rows] = np.arange(len(rows))
    kind_ways = ways.take(number[ways.post] >= 0)
    kind_ways = WalkTimes(kind_ways.door, number[kind_ways.post], kind_ways.metres)
    minutes = np.round(
        rules.walking.to_minutes(kind_ways.metres) + ground.stairs[kind_ways.door], DIGITS
    )
    slow = np.round(
        rules.walking.to_minutes(kind_ways.metres, slow=True) + ground.slow_stairs[kind_ways.door],
        DIGITS,
    )
    # nearest by metres, of equals the first service point
    order = np.lexsort((kind_ways.post, kind_ways.metres, kind_ways.door))
    first = (
        order[np.append(True, kind_ways.door[order][1:] != kind_ways.door[order][:-1])]
        if len(order)
        else order
    )
    # infinity means that no way is known; tables show it as missing
    nearest = np.full(len(ground), -1)
    metres, best, slow_best = np.full((3, len(ground)), np.inf)
    nearest[kind_ways.door[first]] = kind_ways.post[first]
    for values, of_ways in ((metres, kind_ways.metres), (best, minutes), (slow_best, slow)):
        values[kind_ways.door[first]] = of_ways[first]
    return ReachTimes(
        service, posts.iloc[rows], kind_ways, minutes, slow, nearest, metres, best, slow_best
    )


def tabulate_reach(
    footing: WalkingInputs, reach: ReachTimes, state: str
) -> tuple[pd.DataFrame, Ints]:
    """Tabulate the reach of one kind of service point by stairwell, and what each serves."""
    ground = footing.ground
    service = reach.service
    count = reach.count(ground, service.minutes)
    served, held = reach.serve(ground, service.minutes)
    in_time = reach.minutes <= service.minutes
    ratio = measure_ratios(
        reach.ways.door[in_time],
        reach.ways.post[in_time],
        ground.weight,
        reach.posts["capacity"].to_numpy(float),
    )
    # where no service point is near, row -1 takes the empty code at the end
    codes = np.append(reach.posts.index.to_numpy(object), "")
    known = np.isfinite(reach.metres)
    table = pd.DataFrame(
        {
            "state": state,
            "kind": service.kind,
            "stairwell": ground.doors.index.to_numpy(object),
            "community": ground.doors["community"].to_numpy(object),
            "subgrid": ground.doors["subgrid"].to_numpy(object),
            "households": ground.homes,
            "demand": ground.weight.astype(float),
            "post": codes[reach.nearest],
            "metres": np.where(known, reach.metres, np.nan),
            "minutes": np.where(known, reach.best, np.nan),
            "slow_minutes": np.where(known, reach.slow_best, np.nan),
            "reachable": count,
            "served": served,
            "ratio": np.round(ratio, DIGITS),
            "reason": find_reasons(footing, service, reach.posts, reach.metres, count, served),
        }
    )
    return table, held


def tabulate_coverage(
    ground: CoverageInputs, reach: ReachTimes, table: pd.DataFrame, state: str, rules: Rules
) -> pd.DataFrame:
    """Tabulate the demand that one kind of service point reaches, serves and backs up.

    By city, class and community for every threshold; by sub-grid for that of
    the kind.
    """
    service = reach.service
    coverage_rules = rules.coverage
    listed = {*coverage_rules.thresholds, service.minutes}
    frames = []
    for minutes in sorted(listed | set(coverage_rules.curve)):
        count = reach.count(ground, minutes)
        served: Any = None
        if minutes == service.minutes:
            served = table["served"].to_numpy(float)
        elif minutes in listed:
            # only listed thresholds: each needs another assignment
            served = reach.serve(ground, minutes)[0].astype(float)
        amounts = {
            "households": ground.homes,
            "demand": ground.weight,
            "reachable": ground.weight * (count > 0),
            "served": np.full(len(ground), np.nan) if served is None else served,
            "backed_up": ground.weight * (count > 1),
            "slow": ground.weight * (reach.slow_best <= minutes),
        }
        # a sub-grid is too small for a curve: it is reported at its own threshold only
        levels = LEVELS if minutes == service.minutes else LEVELS[:3]
        frames += [
            _sum_up(ground, level, amounts, rules).assign(minutes=minutes) for level in levels
        ]
    joined = pd.concat(frames, ignore_index=True).assign(
        state=state, kind=service.kind, group=service.group
    )
    joined["own"] = joined["minutes"] == service.minutes
    spread = pd.concat(
        [_measure_spread(ground, level, reach, rules) for level in LEVELS], ignore_index=True
    )
    joined = joined.merge(spread, on=["level", "of"], how="left")
    for name in ("reachable", "served", "backed_up"):
        joined[f"{name}_share"] = (
            joined[name] / joined["demand"].where(joined["demand"] > 0)
        ).round(DIGITS)
    return joined


def list_groups(ground: CoverageInputs, level: str) -> tuple[Ints, Objects, Any]:
    """List the groups of a level: each stairwell's number (-1: none), codes, communities."""
    if level == "city":
        return np.zeros(len(ground), np.int64), np.array([CITY], object), ""
    if level == "class":
        return ground.kind, np.array(CLASSES, object), ""
    if level == "community":
        return (
            ground.community,
            ground.communities.to_numpy(object),
            ground.communities.to_numpy(object),
        )
    # a sub-grid lies in the community of its stairwells
    over = pd.Series(
        ground.doors["community"].to_numpy(object), index=ground.doors["subgrid"].to_numpy(object)
    )
    return (
        ground.subgrid,
        ground.subgrids.to_numpy(object),
        over[~over.index.duplicated()].reindex(ground.subgrids).fillna(""),
    )


def _sum_up(
    ground: CoverageInputs, level: str, amounts: Mapping[str, Numbers], rules: Rules
) -> pd.DataFrame:
    """Sum up amounts of stairwells by the groups of a level; empty classes are left out."""
    group, codes, over = list_groups(ground, level)
    kept = group >= 0
    # without any row numpy counts in whole numbers, even with weights
    sums = {
        name: np.bincount(group[kept], amount[kept], minlength=len(codes)).astype(float)
        for name, amount in amounts.items()
    }
    table = pd.DataFrame({"level": level, "of": codes, **sums}).assign(
        community=np.asarray(over, object) if level != "city" else ""
    )
    table["low_share"] = np.nan
    if level in ("city", "class"):
        table["low_share"] = _share_low(ground, amounts, level, rules)
    return table[table["households"] > 0] if level == "class" else table


def _share_low(
    ground: CoverageInputs, amounts: Mapping[str, Numbers], level: str, rules: Rules
) -> Any:
    """Find the share of communities that are reached too little, of all or by class."""
    kept = ground.community >= 0
    n = len(ground.communities)
    homes, near = (
        np.bincount(ground.community[kept], amounts[name][kept], minlength=n).astype(float)
        for name in ("demand", "reachable")
    )
    lived = homes > 0
    # a share just at the rule is not below it, whatever the rounding
    low = near < rules.coverage.low * homes - 1e-9
    if level == "city":
        return [float(low[lived].mean()) if lived.any() else np.nan]
    # all stairwells of a community have its class, so whichever comes last is right
    kinds = np.full(n, -1)
    kinds[ground.community[kept]] = ground.kind[kept]
    by_class = [low[lived & (kinds == k)] for k in range(len(CLASSES))]
    return [float(part.mean()) if len(part) else np.nan for part in by_class]


def _measure_spread(
    ground: CoverageInputs, level: str, reach: ReachTimes, rules: Rules
) -> pd.DataFrame:
    """Measure mean minutes to the nearest service point, and of the households worst off."""
    group, codes, _ = list_groups(ground, level)
    n = len(codes)
    farthest = rules.walking.to_minutes(rules.coverage.farthest)
    # who has no way counts as at the farthest distance, a lower bound
    minutes = np.where(
        np.isfinite(reach.best), reach.best, np.maximum(farthest, farthest + ground.stairs)
    )
    known = (group >= 0) & np.isfinite(reach.best)
    weight = ground.weight.astype(float)
    # a group without households has no mean: NaN
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(group[known], (weight * minutes)[known], minlength=n) / np.bincount(
            group[known], weight[known], minlength=n
        )
        worst = _average_worst(group, minutes, weight, n, rules.coverage.worst)
    return pd.DataFrame(
        {
            "level": level,
            "of": codes,
            "mean_minutes": mean.round(DIGITS),
            "worst_minutes": worst.round(DIGITS),
        }
    )


def _average_worst(group: Ints, minutes: Floats, weight: Floats, n: int, share: float) -> Floats:
    """Average the longest minutes of a share of each group's households.

    Examples
    --------
    Ten households, of which the worst tenth is one of the two with the longest
    way:

    >>> minutes = np.array([3.0, 9.0])
    >>> _average_worst(np.zeros(2, int), minutes, np.array([8.0, 2.0]), 1, 0.1).tolist()
    [9.0]
    """
    rows = np.flatnonzero((group >= 0) & (weight > 0))
    rows = rows[np.lexsort((-minutes[rows], group[rows]))]
    ranked = group[rows]
    held = weight[rows]
    total = np.bincount(ranked, held, minlength=n)
    # households that lie before each within its group, the worst first
    before = np.cumsum(held) - held - (np.cumsum(total) - total)[ranked]
    # the last row counted may count in part
    taken = np.clip(share * total[ranked] - before, 0.0, held)
    return np.asarray(
        np.bincount(ranked, taken * minutes[rows], minlength=n)
        / np.bincount(ranked, taken, minlength=n)
    )


def order_rows(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Order rows by columns and number them."""
    # from the city down to sub-grids, not by the letters of their names
    rank = (
        table["level"].map({level: n for n, level in enumerate(LEVELS)}) if "level" in table else 0
    )
    table = table.assign(rank_=rank).sort_values(
        [c.replace("level", "rank_") for c in columns], kind="stable"
    )
    table = table.drop(columns="rank_").reset_index(drop=True)
    # of equal length, so that sorting the codes as text keeps the order
    number = pd.Series(np.arange(1, len(table) + 1)).astype("str").str.zfill(len(str(len(table))))
    return table.assign(row=number.to_numpy(object))
