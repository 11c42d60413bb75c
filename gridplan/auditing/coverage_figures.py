"""Rules on the figures of reach: minutes and coverage, derived again column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    differ,
    recall_rules,
    report_columns,
)
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.rules.all_rules import Rules

AGAIN = "measure reach again: gridplan reach"
MINUTES = 2e-6  # minutes by which sums of rounded ones may differ
GROUP = ["state", "kind", "level", "of"]


def check_coverage_figures(evidence: Evidence) -> pd.DataFrame:
    """Check the tables of reach column by column against stairwells, places, posts and rules.

    Source: gridplan's schema, which says of each column how it is derived.
    """
    e = evidence
    plan = e.plan
    if plan.reach.empty and plan.coverage.empty and plan.service_posts.empty:
        return join_findings([])
    rules = recall_rules(e, "reach")
    reach = plan.reach[find_rows(e.stairwells, plan.reach["stairwell"]) >= 0]
    return join_findings(
        [
            _check_reach(e, reach, rules),
            *_check_reasons(reach),
            *_check_coverage(e, reach, rules),
        ]
    )


def measure_stairs(e: Evidence, rules: Rules) -> tuple[Floats, Floats]:
    """Measure the minutes on the stairs to each stairwell, of usual and of slower walkers."""
    rows = e.stairwells
    low = rows["floor_from"].to_numpy(float)
    high = rows["floor_to"].to_numpy(float)
    floor = {"middle": (low + high) / 2, "upper": high}.get(
        rules.coverage.stairs, np.ones(len(low))
    )
    highest = pd.Series(high).groupby(rows["building"].to_numpy(object)).transform("max")
    # A lift is where the whole building is high; a basement is no climb.
    climbed = np.where(highest >= rules.staffing.lift_floors, 0.0, np.maximum(floor - 1, 0))
    return climbed * rules.walking.floor_minutes, climbed * rules.walking.slow_floor_minutes


def _check_reach(e: Evidence, reach: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Check where each row is, and that minutes are those of its metres and stairs."""
    door = find_rows(e.stairwells, reach["stairwell"])
    doors = e.stairwells.iloc[door]
    metres = reach["metres"].to_numpy(float)
    stairs, slow_stairs = measure_stairs(e, rules)
    limit = _read_minutes(rules, reach["kind"])
    minutes = rules.walking.to_minutes(metres) + stairs[door]
    right = {
        "community": doors["community"].to_numpy(object),
        "subgrid": doors["subgrid"].to_numpy(object),
        "minutes": minutes,
        "slow_minutes": rules.walking.to_minutes(metres, slow=True) + slow_stairs[door],
        # The nearest is in reach, or none is.
        "reachable": np.where(np.round(minutes, 6) <= limit, np.maximum(reach["reachable"], 1), 0),
    }
    return report_columns("reach", "reach", reach, right, AGAIN, slack=MINUTES)


def _read_minutes(rules: Rules, kind: pd.Series[Any]) -> Floats:
    """Read the minutes within which posts of each kind serve; NaN for a kind without a rule."""
    minutes = {service.kind: service.minutes for service in rules.coverage.services}
    return np.asarray(kind.map(minutes), float)


def _check_reasons(reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that a reason stands where households are not served, and fits what is known."""
    unserved = (reach["served"] < reach["households"]).to_numpy()
    reason = reach["reason"].to_numpy(object)
    count = reach["reachable"].to_numpy()
    # Who reaches a post and is not served found it full; nothing else can be the reason.
    full = unserved & (count > 0)
    wrong = (unserved != (reason != "")) | (full != (reason == "capacity"))
    no_way = np.isnan(reach["metres"].to_numpy(float))
    wrong |= np.isin(reason, ["stairs"]) & no_way
    wrong |= np.isin(reason, ["none", "unsnapped"]) & ~no_way
    return [
        write_findings(
            "reach",
            "error",
            "reach",
            reach.index[wrong],
            reach["community"].to_numpy(object)[wrong],
            noun="row",
            what="whose reason does not fit its households served, its posts in reach or its way",
            remedy=AGAIN,
        )
    ]


def _check_coverage(e: Evidence, reach: pd.DataFrame, rules: Rules) -> list[pd.DataFrame]:
    """Check each row of coverage: amounts, shares, means, posts and whose threshold it is."""
    table = e.plan.coverage
    right = _cover_again(e, reach, rules)
    compared = compare_rows("reach", "coverage", table, right, [*GROUP, "minutes"], AGAIN)
    homes = table["households"].where(table["households"] > 0)
    shares = {
        f"{name}_share": (table[name] / homes).to_numpy()
        for name in ("reachable", "served", "backed_up")
    }
    return [
        compared,
        report_columns("reach", "coverage", table, shares, AGAIN, slack=MINUTES),
        _check_parts(table),
    ]


def _check_parts(table: pd.DataFrame) -> pd.DataFrame:
    """Check that communities add up to their class, so that no row can be off by itself."""
    by = ["state", "kind", "minutes"]
    amounts = ["served", "backed_up"]
    below = table[table["level"] == "community"].groupby(by)[amounts].sum(min_count=1)
    above = table[table["level"] == "class"].groupby(by)[amounts].sum(min_count=1)
    off = pd.Series(False, index=above.index)
    for column in amounts:
        off |= differ(above[column], below[column].reindex(above.index))
    names = [" ".join(map(str, labels)) for labels in off.index[off]]
    return write_findings(
        "reach",
        "error",
        "coverage",
        names,
        "",
        noun="kind",
        what="whose classes do not come to its communities",
        remedy=AGAIN,
    )


def _cover_again(e: Evidence, reach: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Find again the rows of coverage that the ways of the stairwells give."""
    frames = []
    for (state, kind), rows in reach.groupby(["state", "kind"], sort=True):
        service = next((s for s in rules.coverage.services if s.kind == kind), None)
        if service is None:
            continue
        times = sorted({*rules.coverage.thresholds, service.minutes, *rules.coverage.curve})
        spread = _spread_levels(e, rows, rules)
        for level in ("city", "class", "community", "subgrid"):
            limits = [service.minutes] if level == "subgrid" else times
            frame = _sum_level(spread, rows, level, limits, service.minutes)
            frames.append(frame.assign(state=state, kind=kind))
    if not frames:
        return pd.DataFrame(columns=[*GROUP, "minutes"])
    right = pd.concat(frames, ignore_index=True)
    right["posts"] = _count_posts(e, right)
    return _add_low_shares(e, right, rules)


def _spread_levels(e: Evidence, rows: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Write beside each row of reach the group that it counts for at each level."""
    door = find_rows(e.stairwells, rows["stairwell"])
    doors = e.stairwells.iloc[door]
    subgrid = doors["subgrid"].to_numpy(object)
    row = find_rows(e.subgrids, subgrid)
    is_home = np.append(e.residential, False)[row]
    community = doors["community"].to_numpy(object)
    stairs = measure_stairs(e, rules)[0][door]
    farthest = rules.walking.to_minutes(rules.coverage.farthest)
    minutes = rows["minutes"].to_numpy(float)
    kinds = doors["community_kind"].to_numpy(object)
    return pd.DataFrame(
        {
            "city": CITY,
            "class": np.where(np.isin(kinds, ["urban", "rural"]), kinds, ""),
            "community": np.where(np.isin(community, e.communities.index), community, ""),
            "subgrid": np.where(is_home, subgrid, ""),
            "over": community,
            # Who has no way counts as the farthest that was looked for.
            "worst": np.where(np.isnan(minutes), farthest + stairs, minutes),
            "share": rules.coverage.worst,
        },
        index=rows.index,
    )


def _sum_level(
    spread: pd.DataFrame, rows: pd.DataFrame, level: str, limits: list[float], own: float
) -> pd.DataFrame:
    """Add up one level at some thresholds, of which ``own`` is the one of the kind."""
    code = spread[level].to_numpy(object)
    kept = code != ""
    number, of = pd.factorize(code[kept], sort=True)
    homes = rows["households"].to_numpy(float)[kept]
    minutes = rows["minutes"].to_numpy(float)[kept]
    slow = rows["slow_minutes"].to_numpy(float)[kept]

    def add_up(amount: Any) -> Floats:
        return np.asarray(np.bincount(number, amount, minlength=len(of)), float)

    way = ~np.isnan(minutes)
    known = add_up(np.where(way, homes, 0.0))
    long = add_up(np.where(way, homes * np.nan_to_num(minutes), 0.0))
    by_community = level in ("community", "subgrid")
    first = np.unique(number, return_index=True)[1]
    over = spread["over"].to_numpy(object)[kept][first] if by_community else ""
    same = {
        "of": of,
        "households": add_up(homes),
        "mean_minutes": np.divide(long, known, out=np.full(len(of), np.nan), where=known > 0),
        "worst_minutes": _average_worst(spread[kept], number, homes, len(of)),
        "community": over,
        "level": level,
    }
    frames = []
    for limit in limits:
        # What is not known is not within any number of minutes.
        with np.errstate(invalid="ignore"):
            near = {
                "reachable": add_up(homes * (np.round(minutes, 6) <= limit)),
                "slow": add_up(homes * (np.round(slow, 6) <= limit)),
            }
        if limit == own:
            near["served"] = add_up(rows["served"].to_numpy(float)[kept])
            near["backed_up"] = add_up(homes * (rows["reachable"].to_numpy()[kept] > 1))
        frames.append(pd.DataFrame({**same, **near, "own": limit == own, "minutes": limit}))
    table = pd.concat(frames, ignore_index=True)
    return table[table["households"] > 0] if level == "class" else table


def _average_worst(frame: pd.DataFrame, number: Ints, homes: Floats, count: int) -> Floats:
    """Average the minutes of the share of each group's households that have the longest ways."""
    worst = frame["worst"].to_numpy(float)
    order = np.lexsort((-worst, number))
    number, homes, worst = number[order], homes[order], worst[order]
    whole = np.bincount(number, homes, minlength=count)
    # Households before each row within its group.
    before = np.cumsum(homes) - homes
    start = np.zeros(count)
    opens = np.flatnonzero(np.diff(number, prepend=-1))
    start[number[opens]] = before[opens]
    wanted = frame["share"].to_numpy(float)[order] * whole[number]
    taken = np.clip(wanted - (before - start[number]), 0.0, homes)
    shares = np.bincount(number, taken, minlength=count)
    minutes = np.bincount(number, taken * worst, minlength=count)
    mean = np.divide(minutes, shares, out=np.full(count, np.nan), where=shares > 0)
    return np.asarray(mean, float)


def _count_posts(e: Evidence, right: pd.DataFrame) -> Any:
    """Count the posts that stand in each city, class, community and sub-grid."""
    posts = e.plan.service_posts
    kind_of = dict(zip(e.stairwells["community"], e.stairwells["community_kind"], strict=True))
    places = pd.DataFrame(
        {
            "city": CITY,
            "class": posts["community"].map(kind_of).fillna("").to_numpy(object),
            "community": posts["community"].to_numpy(object),
            "subgrid": posts["subgrid"].to_numpy(object),
            "kind": posts["kind"].to_numpy(object),
            "status": posts["status"].to_numpy(object),
        }
    )
    count = np.zeros(len(right), np.int64)
    for (state, level), rows in right.groupby(["state", "level"]):
        # Posts that were proposed stand only where they are supposed to be there.
        there = places if state == "proposed" else places[places["status"] == "existing"]
        sizes = there.groupby(["kind", str(level)]).size()
        wanted = pd.MultiIndex.from_frame(rows[["kind", "of"]])
        count[rows.index] = sizes.reindex(wanted).fillna(0).to_numpy(np.int64)
    return count


def _add_low_shares(e: Evidence, right: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Add the share of communities that are reached too little, for the city and the classes."""
    towns = right[(right["level"] == "community") & (right["households"] > 0)]
    low = towns["reachable"] < rules.coverage.low * towns["households"] - 1e-9
    kind_of = dict(zip(e.stairwells["community"], e.stairwells["community_kind"], strict=True))
    by = ["state", "kind", "minutes"]
    frame = towns[by].assign(low=low, of=towns["of"].map(kind_of))
    whole = frame.groupby(by)["low"].mean()
    of_class = frame.groupby([*by, "of"])["low"].mean()
    values = np.full(len(right), np.nan)
    is_city = (right["level"] == "city").to_numpy()
    is_class = (right["level"] == "class").to_numpy()
    values[is_city] = whole.reindex(pd.MultiIndex.from_frame(right.loc[is_city, by]))
    values[is_class] = of_class.reindex(pd.MultiIndex.from_frame(right.loc[is_class, [*by, "of"]]))
    # Amounts of thresholds other than the kind's own follow from ways that no table keeps.
    own = right["own"].to_numpy(bool)
    right = right.assign(low_share=values)
    stated = e.plan.coverage.drop_duplicates([*GROUP, "minutes"]).set_index([*GROUP, "minutes"])
    for column in ("served", "backed_up"):
        kept = stated[column].reindex(pd.MultiIndex.from_frame(right[[*GROUP, "minutes"]]))
        right[column] = np.where(own, right[column], kept.to_numpy(float))
    listed = right["minutes"].isin([*rules.coverage.thresholds]) | right["own"]
    # A curve is not assigned: nobody knows there who would be served.
    right["served"] = np.where(listed, right["served"], np.nan)
    return right
