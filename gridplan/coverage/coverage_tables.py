"""The tables of coverage: how far each stairwell has to each kind of post, and the households reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints, Numbers, Objects
from gridplan.coverage.allocation import measure_ratios, serve_households
from gridplan.coverage.coverage_inputs import CLASSES, CoverageInputs
from gridplan.coverage.walk_times import WalkingInputs, WalkTimes, find_groups
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import Service
from gridplan.tables.indicators import CITY

DIGITS = 6
LEVELS = ("city", "class", "community", "subgrid")


@dataclass(frozen=True, eq=False)
class ReachTimes:
    """How one kind of post is reached.

    Parameters
    ----------
    service
        The kind of post.
    posts
        Its posts, of the table ``service_posts``.
    ways, minutes, slow
        Ways from stairwells to them (rows of ``posts``), and the minutes that
        each takes usual and slower walkers.
    nearest, best, slow_best
        For each stairwell the row of the nearest post (-1: none), and minutes
        to it (infinite where no way is known).
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
        """Count the posts within so many minutes of each stairwell."""
        return np.bincount(self.ways.door[self.minutes <= minutes], minlength=len(ground))

    def serve(self, ground: CoverageInputs, minutes: float) -> tuple[Ints, Ints]:
        """Assign households to posts within so many minutes."""
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
    """Find how posts of one kind, some ``rows`` of all posts, are reached, over ways to all of them."""
    # posts of this kind are numbered again, from the rows of all posts
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
    # nearest by metres, of equals the first post
    order = np.lexsort((kind_ways.post, kind_ways.metres, kind_ways.door))
    first = (
        order[np.append(True, kind_ways.door[order][1:] != kind_ways.door[order][:-1])]
        if len(order)
        else order
    )
    nearest, (metres, best, slow_best) = np.full(len(ground), -1), np.full((3, len(ground)), np.inf)
    nearest[kind_ways.door[first]] = kind_ways.post[first]
    for values, of_ways in ((metres, kind_ways.metres), (best, minutes), (slow_best, slow)):
        values[kind_ways.door[first]] = of_ways[first]
    return ReachTimes(
        service, posts.iloc[rows], kind_ways, minutes, slow, nearest, metres, best, slow_best
    )


def tabulate_reach(
    footing: WalkingInputs, reach: ReachTimes, state: str
) -> tuple[pd.DataFrame, Ints]:
    """Tabulate the reach of one kind of post by stairwell, and what each post serves."""
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
    codes = np.append(reach.posts.index.to_numpy(object), "")
    known = np.isfinite(reach.metres)
    table = pd.DataFrame(
        {
            "state": state,
            "kind": service.kind,
            "stairwell": ground.doors.index.to_numpy(object),
            "community": ground.doors["community"].to_numpy(object),
            "subgrid": ground.doors["subgrid"].to_numpy(object),
            "households": ground.weight,
            "post": codes[reach.nearest],
            "metres": np.where(known, reach.metres, np.nan),
            "minutes": np.where(known, reach.best, np.nan),
            "slow_minutes": np.where(known, reach.slow_best, np.nan),
            "reachable": count,
            "served": served,
            "ratio": np.round(ratio, DIGITS),
            "reason": find_reasons(footing, reach, count, served),
        }
    )
    return table, held


def find_reasons(footing: WalkingInputs, reach: ReachTimes, count: Ints, served: Ints) -> Objects:
    """Find why not all households of each stairwell are served; empty where they are.

    What could walk there in time by a straight line, times the detour factor,
    is cut off by a barrier if a hard one lies between; else streets lead
    round.
    """
    ground = footing.ground
    rules = footing.rules
    service = reach.service
    reason = np.where(served < ground.weight, "capacity", "").astype(object)
    off = np.flatnonzero((count == 0) & (ground.weight > 0))
    post, straight = find_straight(ground, reach.posts, service.scope, off)
    # from the weakest reason to the strongest: each later one overrides
    word = np.full(len(off), "far", object)
    near = (
        rules.walking.to_minutes(straight * rules.walking.detour) + ground.stairs[off]
        <= service.minutes
    )
    xy = shapely.get_coordinates(reach.posts.geometry.to_numpy())
    word[near] = "roundabout"
    blocked = np.flatnonzero(near)
    blocked = (
        blocked[footing.obstacles.find_blocked(ground.xy[off[blocked]], xy[post[blocked]])]
        if len(blocked)
        else blocked
    )
    word[blocked] = "barrier"
    word[rules.walking.to_minutes(reach.metres[off]) <= service.minutes] = "stairs"
    word[~footing.snapped[off] & np.isinf(reach.metres[off])] = "unsnapped"
    word[post < 0] = "none"
    reason[off] = word
    return reason


def find_straight(
    ground: CoverageInputs, posts: Any, scope: str, doors: Ints
) -> tuple[Ints, Floats]:
    """Find the nearest post by a straight line that each stairwell may go to.

    -1 where there is none; and the metres.

    Groups are set far apart in a third dimension, so that one tree answers for
    all of them.
    """
    from scipy.spatial import cKDTree

    apart = 1e8
    groups = find_groups(ground, posts, scope)
    rows = np.flatnonzero(groups >= 0)
    if len(rows) == 0 or len(doors) == 0:
        return np.full(len(doors), -1), np.full(len(doors), np.inf)
    xy = shapely.get_coordinates(posts.geometry.to_numpy())[rows]
    # another group lies farther off than any place of the same one
    tree = cKDTree(np.column_stack([xy, groups[rows] * apart]))
    metres, nearest = tree.query(
        np.column_stack([ground.xy[doors], ground.group(scope)[doors] * apart])
    )
    in_group = metres < apart / 2
    return np.where(in_group, rows[np.minimum(nearest, len(rows) - 1)], -1), np.where(
        in_group, metres, np.inf
    )


def tabulate_coverage(
    ground: CoverageInputs, reach: ReachTimes, table: pd.DataFrame, state: str, rules: Rules
) -> pd.DataFrame:
    """Tabulate the households that one kind of post reaches, serves and backs up.

    By city, class and community for every threshold; by sub-grid for that of
    the kind.
    """
    service = reach.service
    own_rules = rules.coverage
    listed = {*own_rules.thresholds, service.minutes}
    frames = []
    for minutes in sorted(listed | set(own_rules.curve)):
        count = reach.count(ground, minutes)
        served: Any = None
        if minutes == service.minutes:
            served = table["served"].to_numpy(float)
        elif minutes in listed:
            # only listed thresholds: each needs an assignment of its own
            served = reach.serve(ground, minutes)[0].astype(float)
        amounts = {
            "households": ground.weight,
            "reachable": ground.weight * (count > 0),
            "served": np.full(len(ground), np.nan) if served is None else served,
            "backed_up": ground.weight * (count > 1),
            "slow": ground.weight * (reach.slow_best <= minutes),
        }
        levels = LEVELS if minutes == service.minutes else LEVELS[:3]
        frames += [
            _sum_up(ground, level, amounts, rules).assign(minutes=minutes) for level in levels
        ]
    joined = pd.concat(frames, ignore_index=True).assign(state=state, kind=service.kind)
    joined["own"] = joined["minutes"] == service.minutes
    spread = pd.concat(
        [_measure_spread(ground, level, reach, rules) for level in LEVELS], ignore_index=True
    )
    joined = joined.merge(spread, on=["level", "of"], how="left")
    for name in ("reachable", "served", "backed_up"):
        joined[f"{name}_share"] = (
            joined[name] / joined["households"].where(joined["households"] > 0)
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
    sums = {
        name: np.bincount(group[kept], amount[kept], minlength=len(codes))
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
    """Share of communities whose reachable share is below the rule, in all or by class."""
    kept = ground.community >= 0
    n = len(ground.communities)
    homes, near = (
        np.bincount(ground.community[kept], amounts[name][kept], minlength=n)
        for name in ("households", "reachable")
    )
    lived = homes > 0
    low = near < rules.coverage.low * homes - 1e-9
    if level == "city":
        return [float(low[lived].mean()) if lived.any() else np.nan]
    kinds = np.full(n, -1)
    kinds[ground.community[kept]] = ground.kind[kept]
    by_class = [low[lived & (kinds == k)] for k in range(len(CLASSES))]
    return [float(part.mean()) if len(part) else np.nan for part in by_class]


def _measure_spread(
    ground: CoverageInputs, level: str, reach: ReachTimes, rules: Rules
) -> pd.DataFrame:
    """Measure mean minutes to the nearest post, and of the households worst off."""
    group, codes, _ = list_groups(ground, level)
    n = len(codes)
    farthest = rules.walking.to_minutes(rules.coverage.farthest)
    # who has no way counts as at the farthest distance, a lower bound
    minutes = np.where(
        np.isfinite(reach.best), reach.best, np.maximum(farthest, farthest + ground.stairs)
    )
    known = (group >= 0) & np.isfinite(reach.best)
    weight = ground.weight.astype(float)
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

    >>> _average_worst(np.zeros(2, int), np.array([3.0, 9.0]), np.array([8.0, 2.0]), 1, 0.1).tolist()
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
    rank = (
        table["level"].map({level: n for n, level in enumerate(LEVELS)}) if "level" in table else 0
    )
    table = table.assign(rank_=rank).sort_values(
        [c.replace("level", "rank_") for c in columns], kind="stable"
    )
    table = table.drop(columns="rank_").reset_index(drop=True)
    number = pd.Series(np.arange(1, len(table) + 1)).astype("str").str.zfill(len(str(len(table))))
    return table.assign(row=number.to_numpy(object))
