"""Rules on demand: the elders and children behind each door, by counts and rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints
from gridplan.auditing.derived import (
    CITY,
    join_columns,
    list_figures,
    recall_rules,
    report_columns,
)
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.rules.all_rules import Rules

AGAIN = "measure reach again: gridplan reach"
ROUND = 1.0 + 1e-6  # people by which a whole number may differ from a door's exact share


@dataclass(frozen=True, eq=False)
class Expected:
    """What each door's share of a count or an estimate is, before whole numbers are made.

    ``part`` numbers the sets of doors that share one whole number, ``total``
    is that number, ``exact`` the share of each door; ``counted`` whether
    somebody counted it.
    """

    part: Ints
    total: Floats
    exact: Floats
    counted: Bools


def check_demand(e: Evidence, reach: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Check that doors have the households, or the people of the group, that a kind serves.

    Source: gridplan's schema; a count is shared out by households in whole
    numbers, so that a door's number is one of the two beside its exact share.
    """
    findings = []
    group = reach["kind"].map({s.kind: s.group for s in rules.coverage.services})
    homes = reach[(group == "households").to_numpy()]
    right = {"demand": homes["households"].to_numpy(float)}
    findings.append(report_columns("reach", "reach", homes, right, AGAIN))
    for name in sorted(set(group.dropna()) - {"households"}):
        expected = e.take(expect_demand, name)
        for _, rows in reach[(group == name).to_numpy()].groupby(["state", "kind"]):
            findings.append(_check_doors(e, rows, expected))
    return join_findings(findings)


def _check_doors(e: Evidence, rows: pd.DataFrame, expected: Expected) -> pd.DataFrame:
    """Check the doors of one kind and state: each beside its share, and all sums."""
    door = find_rows(e.stairwells, rows["stairwell"])
    stated = rows["demand"].to_numpy(float)
    part = expected.part[door]
    sums = np.bincount(part, np.nan_to_num(stated), minlength=len(expected.total))
    # A row that is missing or twice is reported by another rule.
    whole = np.bincount(part, minlength=len(sums)) == np.bincount(expected.part)
    off = (whole & (np.abs(sums - expected.total) > 0.5))[part]
    wrong = off | ~(np.abs(stated - expected.exact[door]) < ROUND)
    return write_findings(
        "reach",
        "error",
        "reach",
        rows.index[wrong],
        rows["community"].to_numpy(object)[wrong],
        noun="row",
        what="whose demand is not its share of what was counted or estimated",
        remedy=AGAIN,
    )


def expect_demand(e: Evidence, group: str) -> Expected:
    """Expect so many people of a group at each door, by the counts and the rules of reach."""
    rules = recall_rules(e, "reach")
    n = len(e.stairwells)
    homes = e.weight.astype(float)
    part = np.full(n, -1)
    exact = np.zeros(n)
    totals: list[float] = []

    def share(rows: Ints, total: float) -> None:
        weight = homes[rows] if homes[rows].sum() > 0 else np.ones(len(rows))
        part[rows] = len(totals)
        exact[rows] = total * weight / weight.sum()
        totals.append(total)

    counts = e.plan.site.counts
    counts = counts[(counts["measure"] == group) & counts["value"].notna()]
    for rows, value in _list_counts(e, counts):
        free = rows[part[rows] < 0]
        held = np.unique(part[rows[part[rows] >= 0]])
        if len(free):
            share(free, max(0.0, round(value) - sum(totals[k] for k in held)))
    counted = part >= 0
    blank = np.flatnonzero(~counted)
    whole = counts.loc[counts["level"] == "site", "value"]
    if len(whole) and len(blank):
        share(blank, max(0.0, round(float(whole.sum())) - sum(totals)))
    elif len(blank):
        community = find_rows(e.communities, e.stairwells["community"])[blank]
        for number in np.unique(community):
            rows = blank[community == number]
            rate = float(getattr(rules.coverage, group))
            share(rows, float(np.floor(rate * homes[rows].sum() + 0.5)))
    return Expected(part, np.asarray(totals), exact, counted)


def _list_counts(e: Evidence, counts: pd.DataFrame) -> Iterator[tuple[Ints, float]]:
    """List the doors of buildings, compounds and communities that were counted, in this order."""
    for level in ("building", "compound", "community"):
        of = e.stairwells[level].to_numpy(object)
        rows = counts[counts["level"] == level]
        for code, value in rows.groupby("of")["value"].sum().items():
            yield np.flatnonzero(of == code), float(value)


def list_demand(e: Evidence, rules: Rules) -> pd.DataFrame | None:
    """List the indicators of demand as they should be; nothing where no kind serves a group."""
    groups = sorted({s.group for s in rules.coverage.services} - {"households"})
    if not groups or e.plan.reach.empty:
        return None
    community = find_rows(e.communities, e.stairwells["community"])
    kept = community >= 0
    codes = e.communities.index.to_numpy(object)
    doors = np.bincount(community[kept], minlength=len(codes))
    frames = []
    kinds = {s.kind: s.group for s in rules.coverage.services}
    now = e.plan.reach[e.plan.reach["state"] == "now"]
    of_group = now["kind"].map(kinds)
    for group in groups:
        rows = now[(of_group == group).to_numpy()].drop_duplicates("stairwell")
        asked = np.zeros(len(e.stairwells))
        door = find_rows(e.stairwells, rows["stairwell"])
        asked[door[door >= 0]] = rows["demand"].to_numpy(float)[door >= 0]
        people = np.bincount(community[kept], asked[kept], minlength=len(codes))
        counted = e.take(expect_demand, group).counted
        known = np.bincount(community[kept], counted[kept], minlength=len(codes))
        measure = f"{group}_demand"
        origin = _choose_origin(known, doors)
        frames.append(
            list_figures("community", codes, codes, measure, people, np.nan, False, origin)
        )
        whole: Any = _choose_origin(np.array([known.sum()]), np.array([doors.sum()]))
        total = np.array([people.sum()])
        frames.append(list_figures("city", [CITY], "", measure, total, np.nan, False, whole))
    return join_columns(frames)


def _choose_origin(known: Any, doors: Ints) -> Any:
    return np.select(
        [(known == doors) & (doors > 0), known > 0], ["counted", "partial"], "estimated"
    ).astype(object)
