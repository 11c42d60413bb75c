"""Running: futures of every community, each met by every policy, added up to the city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridplan import __version__
from gridplan.arrays import Bools, Floats, Ints
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.errors import PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.simulation.years.drawn_starts import DRAWS, name_start, sample_doors, start_from
from gridplan.simulation.years.futures import Chance, sample_future
from gridplan.simulation.years.planned_changes import Given, check_given, read_given
from gridplan.simulation.years.policies import POLICIES, Policy, follow_policy, make_policy
from gridplan.simulation.years.starting_state import Start, list_starts
from gridplan.simulation.years.year_tables import (
    number_bands,
    tabulate_bands,
    tabulate_differences,
    tabulate_events,
    tabulate_subgrids,
    tabulate_years,
)
from gridplan.simulation.years.yearly_measures import SUMS, find_leaving, find_sides, measure_course
from gridplan.tables.conform import conform_table
from gridplan.tables.html import show_tables

ROUND = 64  # communities whose results are held before they are added up
SECTIONS = ("urban", "rural", "prices", "redraw", "years", "simulation")


@dataclass(frozen=True, eq=False)
class Years:
    """What becomes of a plan over the years under each policy.

    ``by_year`` holds every measure by policy and year (table ``years`` of the
    schema), ``differences`` how each policy differs from the first at the end,
    ``subgrids`` when each sub-grid leaves its band if nothing is redrawn,
    ``bands`` how likely each is in it by year, ``events`` what happens in the
    first replication, as an example. ``manifest`` holds how they were made.
    """

    by_year: pd.DataFrame
    differences: pd.DataFrame
    subgrids: pd.DataFrame
    bands: pd.DataFrame
    events: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Write on one line what was looked at."""
        manifest = self.manifest
        return (
            f"Years({', '.join(manifest['policies'])}; {manifest['years']} years, "
            f"{manifest['replications']} replications)"
        )

    def _repr_html_(self) -> str:
        """Write the sizes of the tables for a notebook."""
        tables = {k: v for k, v in vars(self).items() if k != "manifest"}
        return show_tables(repr(self), tables)


@dataclass(frozen=True, eq=False)
class _Result:
    """What one future of one community comes to.

    Sums by policy and year, when its sub-grids leave their bands, and
    events.
    """

    sums: Floats
    sides: Ints
    first: Ints
    side: Ints
    out: Bools
    events: tuple[tuple[int, str, str, int], ...]


@dataclass(frozen=True)
class _Task:
    """What is done with every community: policies, rules, years and the seed."""

    policies: tuple[Policy, ...]
    rules: Rules
    years: int
    seed: int

    def run(self, start: Start, replication: int) -> _Result:
        """Sample a future of a community and follow every policy through it."""
        rules = self.rules
        future = sample_future(
            start, rules.years, self.years, Chance(self.seed, replication, start.community)
        )
        years = [future.take_year(year) for year in range(self.years + 1)]
        # once for all policies: the arrays depend on who lives where,
        # not on the division
        data = [problem.to_data() if len(problem) else None for _, problem in years]
        load = rules.organisation.central_load
        least = rules.organisation.branch_full
        # every policy meets the same future, so differences are paired
        courses = {
            policy.name: follow_policy(start, future, years, policy) for policy in self.policies
        }
        # when bands are left is always judged without redrawing, whatever
        # policies are asked for
        never = courses.get("never") or follow_policy(
            start, future, years, make_policy("never", rules, self.seed)
        )
        sums = np.array(
            [
                measure_course(future, years, data, course, load, least)
                for course in courses.values()
            ]
        )
        sides = find_sides(start.problem, future.weights, never.labels, len(start.codes))
        # the events of one future are an example; those of all would be a heap
        events = future.events if replication == 0 else ()
        return _Result(sums, sides, *find_leaving(sides), events)


def simulate_years(
    plan: Plan,
    given: str | Path | Given | None = None,
    rules: Rules | None = None,
    *,
    years: int = 10,
    replications: int = 20,
    policies: Sequence[str] = POLICIES,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Years:
    """Simulate what becomes of a plan over the years: who leaves the band, and who moves.

    Households grow and shrink by building, buildings are demolished, estates
    are built, members and volunteers age and are followed by others: all
    counts. Each replication samples one future, and every policy meets the same.
    Where households are estimated and there are several replications, each
    begins from households of its own, drawn as for the chances of sub-grids:
    counted buildings stay as they are, and known totals are met. A single
    replication begins from the estimates.

    ``never`` draws nothing again; ``repair`` repairs what is out of rule each
    year, moving as few households as possible, as :func:`gridplan.redraw` does; ``redraw``
    improves whole communities every five years, moves priced; ``from_scratch`` draws
    them from nothing every five years, locks put aside.

    Parameters
    ----------
    plan
        Any working plan; its members are looked at where it was organised.
    given
        Estates and demolitions that are planned, and rules that differ, or a
        TOML file of them.
    rules
        The rules; those of the plan's manifest if not given. Sections
        ``years`` and ``redraw``, bands and prices.
    years
        How far ahead.
    replications
        How many futures are sampled; at least 2 for intervals and drawn starts.
    policies
        Some of those in the table of policies; the others are compared with the
        first.
    seed
        Where chance begins.
    workers
        Threads; one for each core if not given. They do not change the result,
        byte for byte.
    progress
        Called with how far the work has come.

    Raises
    ------
    InputError
        If what is given is in no place of the plan, or after the last year.
    PlanError
        If the plan is a release, or holds no homes.
    RuleError
        If a policy is not known, or the file cannot be read.

    Examples
    --------
    On the board nothing happens by itself; sixty households come in year 2, to
    the south-east:

    >>> from gridplan.simulation.years.planned_changes import Estate
    >>> from gridplan.synthetic import make_board_plan
    >>> rates = ("growth_urban", "spread", "spread_shared", "demolition_urban", "estates_urban")
    >>> estate = Estate(2, "0301", 60, (500_350.0, 4_390_010.0))
    >>> given = Given((estate,), changes=dict.fromkeys(rates, 0.0))
    >>> plan = make_board_plan(step=60.0)
    >>> done = simulate_years(plan, given, years=3, replications=2)
    >>> done
    Years(never, repair, redraw, from_scratch; 3 years, 2 replications)
    >>> done.subgrids[["share", "median", "why"]].values.tolist()
    [[0.0, nan, ''], [1.0, 2.0, 'over']]
    >>> done.by_year.query("policy == 'repair' and measure == 'subgrids'")["mean"].tolist()
    [2.0, 2.0, 3.0, 3.0]
    """
    _refuse(plan, years, replications, policies)
    known = read_given(given) if isinstance(given, str | Path) else given or Given()
    rules = known.replace_rules(rules or plan.rules)
    check_given(plan, known, years)
    starts = list_starts(plan, known, rules)
    task = _Task(tuple(make_policy(name, rules, seed) for name in policies), rules, years, seed)
    begins = name_start(plan, replications)
    drawn = _draw_starts(plan, starts, replications, seed, rules) if begins == DRAWS else None
    totals = _Totals(np.zeros((replications, len(policies), years + 1, len(SUMS))))
    # in rounds, so that not every community's results are held at once
    for begin in range(0, len(starts), ROUND):
        starts_now = starts[begin : begin + ROUND]

        def report_progress(stage: str, done: int, total: int, begin: int = begin) -> None:
            progress(stage, begin * replications + done, len(starts) * replications)

        # all replications of a community lie together, as they are added up below
        pairs = [
            (start if drawn is None else start_from(start, drawn[start.community][n]), n)
            for start in starts_now
            for n in range(replications)
        ]
        results = map_tasks(
            lambda pair: task.run(*pair),
            pairs,
            workers=workers,
            stage="years",
            progress=report_progress,
        )
        for row, start in enumerate(starts_now):
            totals.add(start, results[row * replications : (row + 1) * replications])
    people = any(start.people is not None for start in starts)
    manifest = {
        "version": __version__,
        "seed": seed,
        "replications": replications,
        "years": years,
        "policies": list(policies),
        "people": people,
        "start": begins,
        # only the sections that the years depend on
        "rules": {name: rules.to_dict()[name] for name in SECTIONS},
        "given": {"estates": len(known.estates), "demolitions": len(known.demolitions)},
    }
    return totals.tabulate(policies, people, manifest)


def _draw_starts(
    plan: Plan, starts: Sequence[Start], replications: int, seed: int, rules: Rules
) -> dict[str, Ints]:
    """Draw the households that each future begins from, by community: int64[replications, n]."""
    drawn = sample_doors(plan, replications, seed, rules.simulation)
    codes = plan.stairwells.index.sort_values()
    return {
        start.community: drawn[:, codes.get_indexer(pd.Index(start.problem.ids))]
        for start in starts
    }


@dataclass(eq=False)
class _Totals:
    """What all communities come to: sums of the city, and rows of its tables."""

    sums: Floats
    subgrids: list[pd.DataFrame] = field(default_factory=list)
    bands: list[pd.DataFrame] = field(default_factory=list)
    events: list[tuple[str, int, str, str, int]] = field(default_factory=list)

    def add(self, start: Start, results: Sequence[_Result]) -> None:
        """Add the results of a community, one for each replication."""
        # communities add up within each replication, so intervals are the city's
        self.sums += np.array([result.sums for result in results])
        mass = np.bincount(start.label, start.problem.weights, minlength=len(start.codes))
        first, side, out = (
            np.array([getattr(result, name) for result in results])
            for name in ("first", "side", "out")
        )
        self.subgrids.append(
            tabulate_subgrids(start.community, start.codes, mass.astype(np.int64), first, side, out)
        )
        sides = np.array([result.sides for result in results])
        self.bands.append(tabulate_bands(start.codes, sides))
        self.events += [(start.community, *event) for result in results for event in result.events]

    def tabulate(self, policies: Sequence[str], people: bool, manifest: Mapping[str, Any]) -> Years:
        """Tabulate what all communities come to together."""
        # in the order of the codes of sub-grids, as in the plan
        subgrids = conform_table("years_subgrids", pd.concat(self.subgrids, ignore_index=True))
        return Years(
            tabulate_years(self.sums, policies, people),
            tabulate_differences(self.sums, policies, people),
            subgrids.sort_index(),
            number_bands(self.bands),
            tabulate_events(self.events),
            manifest,
        )


def _refuse(plan: Plan, years: int, replications: int, policies: Sequence[str]) -> None:
    """Refuse what cannot be looked at."""
    if years < 1 or replications < 1:
        raise ValueError(
            f"years and replications must be at least 1, not {years} and {replications}"
        )
    unknown = [name for name in policies if name not in POLICIES]
    if unknown or not policies or len(set(policies)) < len(policies):
        raise RuleError(
            f"policies are some of {', '.join(POLICIES)}, each once, "
            f"not {', '.join(policies) or 'none'}"
        )
    if plan.is_release:
        raise PlanError("a release does not say where households live -> give the working plan")
    if plan.stairwells.empty:
        raise PlanError("the plan holds no homes -> draw one with gridplan plan")
