"""Rules on the figures of reach: minutes and coverage, derived again column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.auditing.demand_again import check_demand
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    differ,
    join_columns,
    number_together,
    recall_rules,
    report_columns,
    spread_columns,
)
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.rules.all_rules import Rules

AGAIN = "measure reach again: gridplan reach"
MINUTES = 2e-6  # minutes by which sums of rounded ones may differ
GROUP = ["state", "kind", "level", "of"]
LEVELS = ("city", "class", "community", "subgrid")
AMOUNTS = ("households", "demand", "served", "reachable", "minutes", "slow_minutes")


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
    return join_findings(
        [
            report_columns("reach", "reach", reach, right, AGAIN, slack=MINUTES),
            check_demand(e, reach, rules),
        ]
    )


def _read_minutes(rules: Rules, kind: pd.Series[Any]) -> Floats:
    """Read the minutes within which posts of each kind serve; NaN for a kind without a rule."""
    minutes = {service.kind: service.minutes for service in rules.coverage.services}
    return np.asarray(kind.map(minutes), float)


def _check_reasons(reach: pd.DataFrame) -> list[pd.DataFrame]:
    """Check that a reason stands where households are not served, and fits what is known."""
    unserved = (reach["served"] < reach["demand"]).to_numpy()
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
    asked = table["demand"].where(table["demand"] > 0)
    shares = {
        f"{name}_share": (table[name] / asked).to_numpy()
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
    listed = []
    spread = _spread_levels(e, reach, rules)
    numbers = {level: pd.factorize(spread[level], sort=True) for level in LEVELS}
    amounts = {name: reach[name].to_numpy(float) for name in AMOUNTS}
    amounts |= {"worst": spread["worst"], "share": np.full(len(reach), rules.coverage.worst)}
    for (state, kind), rows in sorted(reach.groupby(["state", "kind"]).indices.items()):
        service = next((s for s in rules.coverage.services if s.kind == kind), None)
        if service is None:
            continue
        times = sorted({*rules.coverage.thresholds, service.minutes, *rules.coverage.curve})
        for level, (number, codes) in numbers.items():
            by_community = level in ("community", "subgrid")
            kept = rows[codes[number[rows]] != ""]
            limits = [service.minutes] if level == "subgrid" else times
            columns = _sum_level(
                codes,
                number[kept],
                {name: values[kept] for name, values in amounts.items()},
                spread["over"][kept] if by_community else np.full(len(kept), "", object),
                limits,
                service.minutes,
                level == "class",
            )
            columns |= {"level": level, "state": state, "kind": kind, "group": service.group}
            listed.append(spread_columns(columns, len(columns["of"])))
    if not listed:
        return pd.DataFrame(columns=[*GROUP, "minutes"])
    right = join_columns(listed)
    right["posts"] = _count_posts(e, right)
    return _add_low_shares(e, right, rules)


def _spread_levels(e: Evidence, rows: pd.DataFrame, rules: Rules) -> dict[str, Any]:
    """Write for each row of reach the group that it counts for at each level."""
    door = find_rows(e.stairwells, rows["stairwell"])
    subgrid = e.stairwells["subgrid"].to_numpy(object)[door]
    row = e.part[door]
    is_home = np.append(e.residential, False)[row]
    community = e.stairwells["community"].to_numpy(object)[door]
    stairs = measure_stairs(e, rules)[0][door]
    farthest = rules.walking.to_minutes(rules.coverage.farthest)
    minutes = rows["minutes"].to_numpy(float)
    kinds = e.stairwells["community_kind"].to_numpy(object)[door]
    is_known = find_rows(e.communities, community) >= 0
    return {
        "city": np.full(len(rows), CITY, object),
        "class": np.where(np.isin(kinds, ["urban", "rural"]), kinds, ""),
        "community": np.where(is_known, community, ""),
        "subgrid": np.where(is_home, subgrid, ""),
        "over": community,
        # Who has no way counts as the farthest that was looked for.
        "worst": np.where(np.isnan(minutes), farthest + stairs, minutes),
    }


def _sum_level(
    codes: Any,
    number: Ints,
    amounts: dict[str, Floats],
    over: Any,
    limits: list[float],
    own: float,
    only_homes: bool,
) -> dict[str, Any]:
    """Add up one level at some thresholds, of which ``own`` is the one of the kind.

    ``number`` is the group of each row, whose codes are ``codes``; ``over`` is
    its community. The columns have a row for each threshold and group.
    """
    present, first, number = np.unique(number, return_index=True, return_inverse=True)
    asked = amounts["demand"]
    minutes = amounts["minutes"]

    def add_up(amount: Any) -> Floats:
        return np.asarray(np.bincount(number, amount, minlength=len(present)), float)

    way = ~np.isnan(minutes)
    known = add_up(np.where(way, asked, 0.0))
    long = add_up(np.where(way, asked * np.nan_to_num(minutes), 0.0))
    whole = add_up(amounts["households"])
    chosen = whole > 0 if only_homes else np.ones(len(present), bool)
    nothing = np.full(len(present), np.nan)
    mean = np.divide(long, known, out=nothing.copy(), where=known > 0)
    worst = _average_worst(amounts["worst"], amounts["share"], number, asked, len(present))
    columns: dict[str, Any] = {
        name: np.tile(values[chosen], len(limits))
        for name, values in (
            ("of", np.asarray(codes, object)[present]),
            ("households", whole),
            ("demand", add_up(asked)),
            ("mean_minutes", mean),
            ("worst_minutes", worst),
            ("community", over[first]),
        )
    }
    served = add_up(amounts["served"])
    backed_up = add_up(asked * (amounts["reachable"] > 1))
    # What is not known is not within any number of minutes.
    soon = np.nan_to_num(np.round(minutes, 6), nan=np.inf)
    slow = np.nan_to_num(np.round(amounts["slow_minutes"], 6), nan=np.inf)
    for name, sums in (
        ("reachable", [add_up(asked * (soon <= limit)) for limit in limits]),
        ("slow", [add_up(asked * (slow <= limit)) for limit in limits]),
        ("served", [served if limit == own else nothing for limit in limits]),
        ("backed_up", [backed_up if limit == own else nothing for limit in limits]),
    ):
        columns[name] = np.concatenate([values[chosen] for values in sums])
    columns["minutes"] = np.repeat(np.asarray(limits, float), int(chosen.sum()))
    columns["own"] = columns["minutes"] == own
    return columns


def _average_worst(worst: Floats, share: Floats, number: Ints, homes: Floats, count: int) -> Floats:
    """Average the minutes of the share of each group's households that have the longest ways."""
    order = np.lexsort((-worst, number))
    number, homes, worst = number[order], homes[order], worst[order]
    whole = np.bincount(number, homes, minlength=count)
    # Households before each row within its group.
    before = np.cumsum(homes) - homes
    start = np.zeros(count)
    opens = np.flatnonzero(np.diff(number, prepend=-1))
    start[number[opens]] = before[opens]
    wanted = share[order] * whole[number]
    taken = np.clip(wanted - (before - start[number]), 0.0, homes)
    shares = np.bincount(number, taken, minlength=count)
    minutes = np.bincount(number, taken * worst, minlength=count)
    mean = np.divide(minutes, shares, out=np.full(count, np.nan), where=shares > 0)
    return np.asarray(mean, float)


def _count_posts(e: Evidence, right: pd.DataFrame) -> Ints:
    """Count the posts that stand in each city, class, community and sub-grid."""
    posts = e.plan.service_posts
    kind_of = dict(zip(e.stairwells["community"], e.stairwells["community_kind"], strict=True))
    places = {
        "city": np.full(len(posts), CITY, object),
        "class": posts["community"].map(kind_of).fillna("").to_numpy(object),
        "community": posts["community"].to_numpy(object),
        "subgrid": posts["subgrid"].to_numpy(object),
    }
    kind = posts["kind"].to_numpy(object)
    existing = (posts["status"] == "existing").to_numpy()
    proposed = (right["state"] == "proposed").to_numpy()
    count = np.zeros(len(right), np.int64)
    for level, of in places.items():
        rows = np.flatnonzero((right["level"] == level).to_numpy())
        wanted, there = number_together(
            [right["kind"].to_numpy(object)[rows], right["of"].to_numpy(object)[rows]], [kind, of]
        )
        # Posts that were proposed stand only where they are supposed to be there.
        length = 1 + max(wanted.max(initial=0), there.max(initial=0))
        all_posts = np.bincount(there, minlength=length)[wanted]
        standing = np.bincount(there[existing], minlength=length)[wanted]
        count[rows] = np.where(proposed[rows], all_posts, standing)
    return count


def _add_low_shares(e: Evidence, right: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Add the share of communities that are reached too little, for the city and the classes."""
    level = right["level"].to_numpy(object)
    towns = right[(level == "community") & (right["demand"] > 0).to_numpy()]
    low = (towns["reachable"] < rules.coverage.low * towns["demand"] - 1e-9).to_numpy(float)
    kind_of = dict(zip(e.stairwells["community"], e.stairwells["community_kind"], strict=True))
    by = [towns[name].to_numpy() for name in ("state", "kind", "minutes")]
    of_towns = {
        "city": np.full(len(towns), CITY, object),
        "class": towns["of"].map(kind_of).to_numpy(object),
    }
    values = np.full(len(right), np.nan)
    for name, of in of_towns.items():
        rows = np.flatnonzero(level == name)
        wanted, there = number_together(
            [right[c].to_numpy()[rows] for c in ("state", "kind", "minutes", "of")], [*by, of]
        )
        length = 1 + max(wanted.max(initial=0), there.max(initial=0))
        sums, number = (np.bincount(there, w, length)[wanted] for w in (low, None))
        values[rows] = np.divide(sums, number, out=np.full(len(rows), np.nan), where=number > 0)
    # Amounts of thresholds other than the kind's own follow from ways that no table keeps.
    own = right["own"].to_numpy(bool)
    key = [*GROUP, "minutes"]
    table = e.plan.coverage
    wanted, there = number_together([right[c] for c in key], [table[c] for c in key])
    once = ~pd.Series(there).duplicated().to_numpy()
    row = pd.Index(there[once]).get_indexer(pd.Index(wanted))
    right = right.assign(low_share=values)
    for column in ("served", "backed_up"):
        kept = np.append(table[column].to_numpy(float)[once], np.nan)[row]
        right[column] = np.where(own, right[column], kept)
    listed = right["minutes"].isin([*rules.coverage.thresholds]) | right["own"]
    # A curve is not assigned: nobody knows there who would be served.
    right["served"] = np.where(listed, right["served"], np.nan)
    return right
