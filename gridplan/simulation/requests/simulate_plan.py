"""Running scenarios: replications of blocks on the engine, added up as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridplan import __version__
from gridplan.arrays import Floats, Ints, Numbers
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import quote_ids
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import KINDS, SimulationRules
from gridplan.simulation.requests.calendar import count_hours, number_roles
from gridplan.simulation.requests.confidence_intervals import WIDTH, Estimate
from gridplan.simulation.requests.kernel_inputs import EDGES, SimulationBlock, iterate_blocks
from gridplan.simulation.requests.kernel_state import CAME, COUNTS, GREEN, SATISFIED, YELLOW
from gridplan.simulation.requests.preparation import join_parts, prepare_part
from gridplan.simulation.requests.random_streams import make_key
from gridplan.simulation.requests.replications import Samples, count_duty, run_block
from gridplan.simulation.requests.request_tables import (
    rank_scenarios,
    tabulate_curve,
    tabulate_differences,
    tabulate_measures,
    tabulate_posts,
    tabulate_reasons,
    tabulate_waiting,
    write_table,
)
from gridplan.simulation.requests.scenarios import (
    Scenario,
    choose_scenarios,
    describe_scenario,
)
from gridplan.simulation.requests.service_system import ServiceSystem, refuse_unstaffed
from gridplan.simulation.requests.uncertainty import sample_demand, sample_presence, share_presence
from gridplan.tables.html import show_tables
from gridplan.tables.indicators import CITY
from gridplan.tables.roles import name_answering

AT_ONCE = 1_000  # sub-grids tabulated at once, to bound the memory
ORDERS = {
    "simulated": ("scenario", "level", "of", "kind", "measure"),
    "simulated_posts": ("scenario", "community", "role", "post"),
    "simulated_curve": ("scenario", "level", "of", "kind", "minutes"),
    "simulated_unserved": ("scenario", "level", "of", "kind", "reason"),
    "simulated_differences": ("scenario", "level", "of", "kind", "measure"),
    "simulated_waiting": ("scenario", "subgrid", "kind", "hour"),
}


@dataclass(frozen=True, eq=False)
class Simulated:
    """What came of the scenarios: long tables, and how they were made.

    ``requests`` holds every measure by scenario, level, place and kind (table
    ``simulated`` of the schema), ``posts`` what each post does, ``curve`` the
    share answered in time, ``unserved`` who was not served and why,
    ``differences`` what is more than in the first scenario, ``waiting`` who
    waits at each hour of the week, where that was asked for. ``manifest``
    holds seed, replications, scenarios with their rules, version and events.
    """

    requests: pd.DataFrame
    posts: pd.DataFrame
    curve: pd.DataFrame
    unserved: pd.DataFrame
    differences: pd.DataFrame
    waiting: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Write on one line what was simulated."""
        names = ", ".join(self.manifest["scenarios"])
        return f"Simulated({names}; {self.manifest['replications']} replications)"

    def _repr_html_(self) -> str:
        """Write the sizes of the tables for a notebook."""
        tables = {k: v for k, v in vars(self).items() if k != "manifest"}
        return show_tables(repr(self), tables)


@dataclass
class _Sums:
    """Sums by level of one scenario, over its blocks; estimates are kept for differences."""

    frames: dict[str, list[pd.DataFrame]]
    estimates: dict[str, list[tuple[list[str], Estimate]]]
    events: float = 0.0


def simulate(
    plan: Plan,
    scenarios: str | Path | Scenario | Sequence[Scenario] | None = None,
    rules: Rules | None = None,
    *,
    replications: int = 20,
    seed: int = 0,
    hourly: bool = False,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Simulated:
    """Simulate requests and wishes on a staffed plan.

    Who comes, how soon, who is not served, how busy posts are.

    Every scenario meets the same chances: the same request comes at the same
    moment and takes as long, whatever the posts. Replications sample households,
    demand and presence from their ranges, unless a scenario says it is
    certain.

    Parameters
    ----------
    plan
        A plan that was organised and staffed.
    scenarios
        One or several, or a TOML file of them; thirty days by the rules if not
        given. The first is what others are compared with.
    rules
        The rules; those of the plan's manifest if not given. Sections
        ``simulation``, ``coverage`` and ``walking``.
    replications
        How often each scenario is run; at least 2 for intervals.
    seed
        Where chance begins.
    hourly
        Whether it is noted, too, how many wait in each sub-grid at each hour
        of the week.
    workers
        Threads; one for each core if not given. They do not change the result,
        byte for byte.
    progress
        Called with how far the work has come.

    Raises
    ------
    PlanError
        If the plan was never staffed, or is a release.
    RuleError
        If a scenario names what is not known.

    Examples
    --------
    >>> from gridplan.synthetic import make_people_plan
    >>> from gridplan.people.staffing.staff_plan import staff
    >>> plan = staff(make_people_plan())
    >>> done = simulate(plan, Scenario("month", uncertain=False), replications=4)
    >>> done
    Simulated(month; 4 replications)
    >>> done.requests.query("level == 'city' and measure == 'requests'")["kind"].tolist()
    ['request', 'wish']
    """
    chosen = choose_scenarios(scenarios, replications)
    rules = rules or plan.rules
    refuse_unstaffed(plan.manifest, len(plan.posts), len(plan.duties))
    prepared = join_parts([prepare_part(plan, chosen, rules, replications, seed)], chosen, rules)
    return run_scenarios(
        prepared,
        chosen,
        rules,
        replications=replications,
        seed=seed,
        hourly=hourly,
        workers=workers,
        progress=progress,
    )


def run_scenarios(
    prepared: Sequence[tuple[ServiceSystem, Floats | None]],
    chosen: Sequence[Scenario],
    rules: Rules,
    *,
    replications: int,
    seed: int,
    hourly: bool,
    workers: int | None,
    progress: Progress,
) -> Simulated:
    """Run scenarios, each on the system and the samples that were prepared for it."""
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in ORDERS}
    events = {}
    first = None
    for number, (scenario, (system, households)) in enumerate(zip(chosen, prepared, strict=True)):
        stage = (
            scenario.name
            if len(chosen) == 1
            else f"{scenario.name} ({number + 1} of {len(chosen)})"
        )
        scenario_rules = scenario.replace_rules(rules)
        samples = _sample(system, households, scenario, scenario_rules, replications, seed)
        scenario_sums = _run_scenario(
            system, scenario, scenario_rules, samples, seed, hourly, workers, stage, progress
        )
        events[scenario.name] = scenario_sums.events
        if first is None:
            first = scenario_sums
        else:
            scenario_sums.frames["simulated_differences"] = _compare(first, scenario_sums)
        for name, tables in scenario_sums.frames.items():
            frames[name] += [table.assign(scenario=scenario.name) for table in tables]
    # ranks need all scenarios side by side, so they come last
    frames["simulated_differences"] = _rank(
        frames["simulated_differences"], [s.name for s in chosen]
    )
    names = [scenario.name for scenario in chosen]
    written = (write_table(t, frames[t], order, names) for t, order in ORDERS.items())
    requests, posts, curve, unserved, differences, waiting = written
    manifest = {
        "version": __version__,
        "seed": seed,
        "replications": replications,
        "hourly": hourly,
        "events": events,
        "notes": _list_notes([system for system, _ in prepared]),
        "scenarios": {s.name: describe_scenario(s, s.replace_rules(rules)) for s in chosen},
    }
    return Simulated(requests, posts, curve, unserved, differences, waiting, manifest)


def _list_notes(systems: Iterable[ServiceSystem]) -> list[str]:
    """List what the systems note, each once."""
    notes = [
        f"{e.count:,} {e.table}: {e.reason}{quote_ids(e.ids)}"
        for system in systems
        for e in system.entries
    ]
    # scenarios share systems, and so repeat their notes
    return list(dict.fromkeys(notes))


def _sample(
    system: ServiceSystem,
    households: Floats | None,
    scenario: Scenario,
    rules: Rules,
    replications: int,
    seed: int,
) -> Samples:
    """Sample what is uncertain, or take it as it is estimated."""
    simulation_rules = rules.simulation
    role = number_roles(system.posts["role"])
    if households is not None:
        demand = sample_demand(replications, seed, simulation_rules)
        level = sample_presence(replications, seed)
    else:
        households = np.tile(system.cells["households"].to_numpy(float), (replications, 1))
        demand = np.ones(replications)
        # in the middle of its range, as nobody knows better
        level = np.full((replications, len(name_answering())), 0.5)
    # times the presence of the scenario, and still a share
    share = np.clip(share_presence(simulation_rules, level) * scenario.presence, 0.0, 1.0)
    return Samples(households, demand * scenario.demand, share, role)


def _run_scenario(
    system: ServiceSystem,
    scenario: Scenario,
    rules: Rules,
    samples: Samples,
    seed: int,
    hourly: bool,
    workers: int | None,
    stage: str,
    progress: Progress,
) -> _Sums:
    """Run all replications of a scenario, tabulating each block before the next."""
    replications = len(samples.demand)
    count = system.cells["block"].nunique()
    # one key for each replication, the same in all scenarios: they
    # meet the same chances
    keys = [make_key(seed, n) for n in range(replications)]
    scenario_sums = _Sums({name: [] for name in ORDERS}, {})
    whole = np.zeros((replications, 1, len(KINDS), WIDTH))
    curve = np.zeros((replications, 1, len(KINDS), len(EDGES) + 1))
    for number, block in enumerate(iterate_blocks(system, rules, scenario.start, scenario.days)):

        def report_progress(stage: str, done: int, total: int, number: int = number) -> None:
            progress(stage, number * total + done, count * total)

        sums_found = run_block(block, samples, keys, hourly, workers, stage, report_progress)
        scenario_sums.events += sums_found.events
        weigh_satisfaction(sums_found.sums, rules.simulation)
        # what is tabulated is let go, so that memory holds one block
        _tabulate_block(scenario_sums, system, block, sums_found.sums, sums_found.answers)
        duty = count_duty(block) * samples.presence[:, samples.role[block.posts]]
        scenario_sums.frames["simulated_posts"].append(
            tabulate_posts(system.posts.iloc[block.posts], sums_found.posts, duty)
        )
        if hourly:
            scenario_sums.frames["simulated_waiting"].append(
                _tabulate_waiting(system, block, sums_found.waiting, scenario, replications)
            )
        # the city's sums grow block by block; its intervals need all replications
        whole[:, 0] += sums_found.sums.sum(axis=1)
        curve[:, 0] += sums_found.answers.sum(axis=1)
    _tabulate(scenario_sums, "city", [CITY], whole, curve)
    return scenario_sums


def weigh_satisfaction(sums: Floats, rules: SimulationRules) -> None:
    """Fill in how many are satisfied: a share of those resolved soon, later, and late or never.

    Nobody has measured it here: the three shares are assumptions.
    """
    came, green, yellow = (sums[..., n] for n in (CAME, GREEN, YELLOW))
    sums[..., COUNTS + SATISFIED] = (
        rules.satisfied_green * green
        + rules.satisfied_yellow * yellow
        + rules.satisfied_red * (came - green - yellow)
    )


def _tabulate_block(
    scenario_sums: _Sums, system: ServiceSystem, block: SimulationBlock, sums: Floats, answers: Ints
) -> None:
    """Tabulate the sub-grids, communities and subdistrict of a block."""
    cells = system.cells.iloc[block.cells]
    group = block.world.cells["group"]
    # communities lie together in a block, so each is a run of rows
    starts = (
        np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        if len(group)
        else np.zeros(0, np.int64)
    )
    # estimates hold every replication of every sub-grid, so only some at a time
    for first in range(0, len(cells), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        _tabulate(scenario_sums, "subgrid", cells.index[some], sums[:, some])
    _tabulate(
        scenario_sums,
        "community",
        cells["community"].iloc[starts],
        np.add.reduceat(sums, starts, axis=1),
        answers,
    )
    # a block without a code is a city that names no subdistricts
    if block.code:
        _tabulate(scenario_sums, "subdistrict", [block.code], sums.sum(axis=1, keepdims=True))


def _tabulate_waiting(
    system: ServiceSystem,
    block: SimulationBlock,
    waiting: Ints,
    scenario: Scenario,
    replications: int,
) -> pd.DataFrame:
    """Tabulate who waits in the sub-grids of a block, by hour of the week."""
    cells = system.cells.iloc[block.cells]
    noted = count_hours(scenario.start, scenario.days) * replications
    return tabulate_waiting(
        cells.index,
        cells["households"].to_numpy(float),
        # the first hour that is noted becomes its hour of the week
        np.roll(waiting, scenario.start.weekday() * 24, axis=0),
        noted,
    )


def _tabulate(
    scenario_sums: _Sums, level: str, codes: Any, sums: Floats, answers: Numbers | None = None
) -> None:
    """Tabulate some places, and keep their estimates where scenarios are compared."""
    table, sums_found = tabulate_measures(level, codes, sums)
    scenario_sums.frames["simulated"].append(table)
    scenario_sums.frames["simulated_unserved"].append(tabulate_reasons(level, codes, sums))
    if answers is not None:
        scenario_sums.frames["simulated_curve"].append(
            tabulate_curve(level, codes, answers, sums[..., CAME], EDGES)
        )
    # differences of every sub-grid would be too many to keep
    if level != "subgrid":
        scenario_sums.estimates.setdefault(level, []).append((list(codes), sums_found))


def _compare(first: _Sums, other: _Sums) -> list[pd.DataFrame]:
    """Compare a scenario with the first, level by level and block by block."""
    frames = []
    for level, sums_found in other.estimates.items():
        # blocks come in the same order in every scenario
        for (codes, mine), (_, theirs) in zip(sums_found, first.estimates[level], strict=True):
            frames.append(tabulate_differences(level, codes, theirs, mine))
    return frames


def _rank(frames: list[pd.DataFrame], names: Sequence[str]) -> list[pd.DataFrame]:
    return [rank_scenarios(pd.concat(frames, ignore_index=True), names)] if frames else []
