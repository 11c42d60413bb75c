"""Running scenarios: replications of blocks on the engine, added up as they come, so no replication is kept whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridplan import __version__
from gridplan.engine import Progress, keep_silent, map_tasks
from gridplan.errors import RuleError, quote_ids
from gridplan.outcomes import CITY
from gridplan.plan import Plan
from gridplan.rules import Rules
from gridplan.simulation.blocks import EDGES, Block, draw_world, iterate_blocks
from gridplan.simulation.estimating import WIDTH, Estimate
from gridplan.simulation.kernel import run_days
from gridplan.simulation.preparing import join_parts, prepare_part
from gridplan.simulation.scenarios import Scenario, read_scenarios
from gridplan.simulation.state import CAME, COUNTS, SERVED
from gridplan.simulation.streams import make_key
from gridplan.simulation.system import System, refuse_unstaffed
from gridplan.simulation.tabling import (
    rank_scenarios,
    tabulate_curve,
    tabulate_differences,
    tabulate_measures,
    tabulate_posts,
    tabulate_reasons,
    write_table,
)  # fmt: skip
from gridplan.simulation.uncertainty import draw_demand, draw_presence
from gridplan.simulation_rules import KINDS, ROLES, read_turn

Array = np.ndarray[Any, Any]
AT_ONCE = 1_000  # sub-grids tabulated at once, to bound the memory
ORDERS = {
    "simulated": ("scenario", "level", "of", "kind", "measure"), "simulated_posts": ("scenario", "community", "role", "post"),
    "simulated_curve": ("scenario", "level", "of", "kind", "minutes"),
    "simulated_unserved": ("scenario", "level", "of", "kind", "reason"),
    "simulated_differences": ("scenario", "level", "of", "kind", "measure"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Simulated:
    """What came of the scenarios: long tables, and how they were made.

    ``requests`` holds every measure by scenario, level, place and kind (table ``simulated`` of the schema), ``posts`` what each
    post does, ``curve`` the share answered in time, ``unserved`` who was not served and why, ``differences`` what is more
    than in the first scenario. ``manifest`` holds seed, replications, scenarios with their rules, version and events.
    """

    requests: pd.DataFrame
    posts: pd.DataFrame
    curve: pd.DataFrame
    unserved: pd.DataFrame
    differences: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Write on one line what was simulated."""
        return f"Simulated({', '.join(self.manifest['scenarios'])}; {self.manifest['replications']} replications)"


@dataclass(frozen=True, eq=False)
class _Draws:
    """What replications draw: households by sub-grid, times the demand, shares of days by role; and the role of each post."""

    households: Array
    demand: Array
    presence: Array
    role: Array


@dataclass
class _Sums:
    """Sums by level of one scenario, over its blocks; ``estimates`` by level are kept for differences."""

    frames: dict[str, list[pd.DataFrame]]
    estimates: dict[str, list[tuple[list[str], Estimate]]]
    events: float = 0.0


def simulate(
    plan: Plan, scenarios: str | Path | Scenario | Sequence[Scenario] | None = None, rules: Rules | None = None, *,
    replications: int = 20, seed: int = 0, workers: int | None = None, progress: Progress = keep_silent,
) -> Simulated:  # fmt: skip
    """Simulate requests and wishes on a staffed plan: who comes, how soon, who is not served, how busy posts are.

    Every scenario meets the same chances: the same request comes at the same moment and takes as long, whatever the posts.
    Replications draw households, demand and presence from their ranges, unless a scenario says it is certain.

    Parameters
    ----------
    plan
        A plan that was organised and staffed.
    scenarios
        One or several, or a TOML file of them; thirty days by the rules if not given. The first is what others are compared with.
    rules
        The rules; those of the plan's manifest if not given. Sections ``simulation``, ``coverage`` and ``walking``.
    replications
        How often each scenario is run; at least 2 for intervals.
    seed
        Where chance begins.
    workers
        Threads; one for each core if not given. They do not change the result, byte for byte.
    progress
        Whom to tell how far it has come.

    Raises
    ------
    PlanError
        If the plan was never staffed, or is a release.
    RuleError
        If a scenario names what is not known.

    Examples
    --------
    >>> from tests.people import make_people_plan
    >>> from gridplan.staffing import staff
    >>> done = simulate(staff(make_people_plan()), Scenario("month", uncertain=False), replications=4)
    >>> done
    Simulated(month; 4 replications)
    >>> done.requests.query("level == 'city' and measure == 'requests'")["kind"].tolist()
    ['request', 'wish']
    """
    chosen = choose_scenarios(scenarios, replications)
    rules = rules or Rules.from_dict(plan.manifest.get("rules") or {})
    refuse_unstaffed(plan.manifest, len(plan.posts), len(plan.duties))
    prepared = join_parts([prepare_part(plan, chosen, rules, replications, seed)], chosen, rules)
    return run_scenarios(prepared, chosen, rules, replications=replications, seed=seed, workers=workers, progress=progress)


def run_scenarios(
    prepared: Sequence[tuple[System, Array | None]], chosen: Sequence[Scenario], rules: Rules, *, replications: int, seed: int,
    workers: int | None, progress: Progress,
) -> Simulated:  # fmt: skip
    """Run scenarios, each on the system and the draws that were prepared for it."""
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in ORDERS}
    events, first = {}, None
    for number, (scenario, (system, households)) in enumerate(zip(chosen, prepared, strict=True)):
        stage = scenario.name if len(chosen) == 1 else f"{scenario.name} ({number + 1} of {len(chosen)})"
        own = scenario.replace_rules(rules)
        draws = _draw(system, households, scenario, own, replications, seed)
        done = _run_scenario(system, scenario, own, draws, seed, workers, stage, progress)
        events[scenario.name] = done.events
        if first is None:
            first = done
        else:
            done.frames["simulated_differences"] = _compare(first, done)
        for name, tables in done.frames.items():
            frames[name] += [table.assign(scenario=scenario.name) for table in tables]
    frames["simulated_differences"] = _rank(frames["simulated_differences"], [s.name for s in chosen])
    names = [scenario.name for scenario in chosen]
    requests, posts, curve, unserved, differences = (write_table(t, frames[t], order, names) for t, order in ORDERS.items())
    manifest = {
        "version": __version__, "seed": seed, "replications": replications, "events": events,
        "notes": _list_notes([system for system, _ in prepared]),
        "scenarios": {s.name: _describe(s, s.replace_rules(rules)) for s in chosen},
    }  # fmt: skip
    return Simulated(requests, posts, curve, unserved, differences, manifest)


def _list_notes(systems: Iterable[System]) -> list[str]:
    """List what the systems note, each once."""
    notes = [f"{e.count:,} {e.table}: {e.reason}{quote_ids(e.ids)}" for system in systems for e in system.entries]
    return list(dict.fromkeys(notes))


def choose_scenarios(scenarios: Any, replications: int) -> list[Scenario]:
    """Take scenarios as they are given, or read them; they and the replications have to make sense."""
    if replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    if scenarios is None:
        return [Scenario("base")]
    if isinstance(scenarios, str | Path):
        return read_scenarios(scenarios)
    chosen = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
    names = [s.name for s in chosen]
    if not names or len(set(names)) < len(names):
        raise RuleError(f"scenarios need names of their own, not {', '.join(names) or 'none'}")
    return chosen


def _describe(scenario: Scenario, rules: Rules) -> dict[str, Any]:
    told = {"days": scenario.days, "start": scenario.start.isoformat(), "uncertain": scenario.uncertain}
    told |= {name: getattr(scenario, name) for name in ("volunteers", "demand", "presence")}
    return told | {"rules": {name: rules.to_dict()[name] for name in ("simulation", "coverage", "walking")}}


def _draw(system: System, households: Array | None, scenario: Scenario, rules: Rules, replications: int, seed: int) -> _Draws:
    """Draw what is uncertain, or take it as it is estimated."""
    own = rules.simulation
    turns = [read_turn(role, getattr(own, role)) for role in ROLES]
    role = np.array([ROLES.index(r) for r in system.posts["role"]], np.int64)
    low, high = (np.array([getattr(turn, end) for turn in turns]) for end in ("low", "high"))
    if households is not None:
        demand, level = draw_demand(replications, seed, own), draw_presence(replications, seed)
    else:
        households = np.tile(system.cells["households"].to_numpy(float), (replications, 1))
        demand, level = np.ones(replications), np.full((replications, len(ROLES)), 0.5)
    share = np.clip((low + level * (high - low)) * scenario.presence, 0.0, 1.0)
    return _Draws(households, demand * scenario.demand, share, role)


def _run_scenario(
    system: System, scenario: Scenario, rules: Rules, draws: _Draws, seed: int, workers: int | None, stage: str,
    progress: Progress,
) -> _Sums:  # fmt: skip
    """Run all replications of a scenario, block by block, and tabulate each block before the next."""
    replications = len(draws.demand)
    count = system.cells["block"].nunique()
    keys = [make_key(seed, n) for n in range(replications)]
    done = _Sums({name: [] for name in ORDERS}, {})
    whole, curve = np.zeros((replications, 1, len(KINDS), WIDTH)), np.zeros((replications, 1, len(KINDS), len(EDGES) + 1))
    for number, block in enumerate(iterate_blocks(system, rules, scenario.start, scenario.days)):

        def tell(stage: str, done: int, total: int, number: int = number) -> None:
            progress(stage, number * total + done, count * total)

        sums, answers, posts, events = _run_block(block, draws, keys, workers, stage, tell)
        done.events += events
        _tabulate_block(done, system, block, sums, answers)
        duty = _count_duty(block) * draws.presence[:, draws.role[block.posts]]
        done.frames["simulated_posts"].append(tabulate_posts(system.posts.iloc[block.posts], posts, duty))
        whole[:, 0] += sums.sum(axis=1)
        curve[:, 0] += answers.sum(axis=1)
    _tabulate(done, "city", [CITY], whole, curve)
    return done


def _run_block(
    block: Block, draws: _Draws, keys: Sequence[Any], workers: int | None, stage: str, progress: Progress
) -> tuple[Array, Array, Array, float]:
    """Run all replications of a block; returns sums by sub-grid, answers by community, what posts did, and events."""
    world, kinds = block.world, len(KINDS)
    sums = np.empty((len(keys), len(world.cells), kinds, WIDTH))
    answers = np.empty((len(keys), world.groups, kinds, len(EDGES) + 1), np.int64)
    posts = np.empty((len(keys), len(world.posts)), SERVED)
    role = draws.role[block.posts]

    def run(n: int) -> float:
        own = draws.households[n, block.cells], float(draws.demand[n]), draws.presence[n, role]
        tally = run_days(draw_world(block, keys[n], *own), 0)[0]
        sums[n, ..., :COUNTS], sums[n, ..., COUNTS:] = tally.counts, tally.sums
        answers[n], posts[n] = tally.answers, tally.posts
        return float(tally.totals[1])

    return sums, answers, posts, sum(map_tasks(run, range(len(keys)), workers=workers, stage=stage, progress=progress))


def _tabulate_block(done: _Sums, system: System, block: Block, sums: Array, answers: Array) -> None:
    """Tabulate the sub-grids, communities and subdistrict of a block."""
    cells = system.cells.iloc[block.cells]
    group = block.world.cells["group"]
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(group) else np.zeros(0, np.int64)
    for first in range(0, len(cells), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        _tabulate(done, "subgrid", cells.index[some], sums[:, some])
    _tabulate(done, "community", cells["community"].iloc[starts], np.add.reduceat(sums, starts, axis=1), answers)
    if block.code:
        _tabulate(done, "subdistrict", [block.code], sums.sum(axis=1, keepdims=True))


def _tabulate(done: _Sums, level: str, codes: Any, sums: Array, answers: Array | None = None) -> None:
    """Tabulate some places, and keep their estimates where scenarios are compared."""
    table, found = tabulate_measures(level, codes, sums)
    done.frames["simulated"].append(table)
    done.frames["simulated_unserved"].append(tabulate_reasons(level, codes, sums))
    if answers is not None:
        done.frames["simulated_curve"].append(tabulate_curve(level, codes, answers, sums[..., CAME], EDGES))
    if level != "subgrid":
        done.estimates.setdefault(level, []).append((list(codes), found))


def _count_duty(block: Block) -> Array:
    """Count the minutes on duty of each post's turn while requests count."""
    world = block.world
    ticks, minutes = world.ticks, np.zeros(world.turns)
    for turn in range(world.turns):
        own = ticks[ticks["turn"] == turn]
        on, off = own["at"][own["day"] >= 0], own["at"][own["day"] < 0]
        off = np.append(off, world.end)[: len(on)]
        minutes[turn] = np.maximum(0.0, np.minimum(off, world.count_to) - np.maximum(on, world.count_from)).sum()
    return np.asarray(minutes[world.posts["turn"]])


def _compare(first: _Sums, other: _Sums) -> list[pd.DataFrame]:
    """Compare a scenario with the first, level by level and block by block."""
    frames = []
    for level, found in other.estimates.items():
        for (codes, mine), (_, theirs) in zip(found, first.estimates[level], strict=True):
            frames.append(tabulate_differences(level, codes, theirs, mine))
    return frames


def _rank(frames: list[pd.DataFrame], names: Sequence[str]) -> list[pd.DataFrame]:
    return [rank_scenarios(pd.concat(frames, ignore_index=True), names)] if frames else []
