"""Whom a kind of post serves: all households, or the elders or children behind each door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints, Objects
from gridplan.coverage.coverage_inputs import CoverageInputs
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import HOUSEHOLDS
from gridplan.site import Site
from gridplan.tables.indicators import CITY, make_figures
from gridplan.tables.ledger import Entry
from gridplan.tables.whole_shares import share_groups, share_total

LEVELS = ("building", "compound", "community")  # of counts, the finest first


@dataclass(frozen=True, eq=False)
class Demand:
    """The people of one group behind each door.

    ``people`` is int64[n]; ``counted`` says where somebody counted them, else
    they are estimated.
    """

    group: str
    people: Ints
    counted: Bools


def find_demand(site: Site, ground: CoverageInputs, group: str, rules: Rules) -> Demand:
    """Find how many people of a group live behind each door.

    A count of a building is shared out to its doors by their households, what
    a count of a compound or community leaves to the doors that no finer count
    is about. What a count of the whole site leaves goes to the doors without
    any count; without one these have so many for a household as the rules say,
    in whole numbers for each community. Both of these are estimates.

    Examples
    --------
    >>> from gridplan.coverage.coverage_inputs import prepare_coverage_inputs
    >>> from gridplan.synthetic.board_plan import make_board_plan, make_table
    >>> count = {"count": "1", "level": "community", "of": "0301", "measure": "elders", "value": 24}
    >>> plan = make_board_plan().replace(counts=make_table("counts", [count]))
    >>> ground = prepare_coverage_inputs(plan, Rules())
    >>> find_demand(plan.site, ground, "elders", Rules()).people.tolist()[:3]
    [2, 2, 2]
    >>> find_demand(plan.site, ground, "children", Rules()).people.sum()
    np.int64(24)
    """
    n = len(ground)
    if group == HOUSEHOLDS:
        return Demand(group, ground.homes, np.ones(n, bool))
    people = np.zeros(n, np.int64)
    counted = np.zeros(n, bool)
    homes = ground.homes.astype(float)
    counts = site.counts[site.counts["measure"] == group]
    for rows, value in _list_counted_doors(ground, counts):
        # finer counts come first, and what they leave is for the other doors
        free = rows[~counted[rows]]
        remaining = round(value) - int(people[rows[counted[rows]]].sum())
        if len(free):
            people[free] = share_total(max(0, remaining), homes[free])
            counted[free] = True
    blank = np.flatnonzero(~counted)
    whole = counts.loc[counts["level"] == "site", "value"].dropna()
    if len(whole):
        remaining = max(0, round(float(whole.sum())) - int(people.sum()))
        people[blank] = share_total(remaining, homes[blank])
    else:
        people[blank] = _estimate_people(ground, blank, getattr(rules.coverage, group))
    return Demand(group, people, counted)


def _list_counted_doors(
    ground: CoverageInputs, counts: pd.DataFrame
) -> Iterator[tuple[Ints, float]]:
    """List the doors that each count is about, and its number, the finest counts first."""
    for level in LEVELS:
        values = counts[(counts["level"] == level) & counts["value"].notna()]
        sums = values.groupby("of")["value"].sum().sort_index()
        doors = ground.doors.groupby(ground.doors[level].to_numpy(object)).indices
        for code, value in sums.items():
            rows = np.sort(doors.get(code, np.zeros(0, np.int64)))
            if len(rows):
                yield rows, float(value)


def _estimate_people(ground: CoverageInputs, rows: Ints, rate: float) -> Ints:
    """Estimate the people behind some doors, in whole numbers for each community."""
    homes = ground.homes[rows].astype(float)
    # doors of no community (-1) are a group of their own
    number, group = np.unique(ground.community[rows], return_inverse=True)
    sums = np.bincount(group, homes, minlength=len(number))
    totals = np.floor(rate * sums + 0.5).astype(np.int64)
    # without households there is nobody to share out to
    return share_groups(np.where(sums > 0, totals, 0), homes, group, evenly=True)


def weigh_doors(ground: CoverageInputs, demand: Demand) -> CoverageInputs:
    """Weigh the doors by the people of a group, in place of their households."""
    return replace(ground, weight=demand.people)


def tabulate_demand(ground: CoverageInputs, demand: Demand) -> pd.DataFrame:
    """Tabulate the people of a group by community and for the city, and how they were found.

    ``counted`` where somebody counted all of them, ``partial`` where some,
    ``estimated`` where nobody did.
    """
    kept = ground.community >= 0
    number = ground.community[kept]
    size = len(ground.communities)

    def add_up(amount: Ints | Bools) -> Ints:
        return np.bincount(number, amount[kept], minlength=size).astype(np.int64)

    people = add_up(demand.people)
    doors = np.bincount(number, minlength=size)
    known = add_up(demand.counted)
    codes = ground.communities.to_numpy(object)
    measure = f"{demand.group}_demand"
    rows = make_figures(
        "community", codes, codes, measure, people.astype(float), origin=_say_origin(known, doors)
    )
    of_city = _say_origin(known.sum(keepdims=True), doors.sum(keepdims=True))
    total = people.sum(keepdims=True).astype(float)
    city = make_figures("city", np.array([CITY], object), "", measure, total, origin=of_city)
    return pd.concat([rows, city], ignore_index=True)


def _say_origin(known: Ints, doors: Ints) -> Objects:
    """Say how people were found, by the doors that a count is about, of all doors."""
    some = np.where(known > 0, "partial", "estimated")
    return np.where((known == doors) & (doors > 0), "counted", some).astype(object)


def note_demand(demand: Demand) -> Entry:
    """Note in the ledger how many people of a group were counted, and how many estimated."""
    total = int(demand.people.sum())
    estimated = int(demand.people[~demand.counted].sum())
    return Entry(
        "reach",
        "counts",
        "inferred" if estimated else "noted",
        estimated if estimated else total,
        f"{total:,} {demand.group} are the demand of posts that serve them; "
        f"{estimated:,} of them are estimates from households",
    )
