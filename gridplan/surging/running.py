"""Running events: each in both postures with the same chances, and again without each pairing and each bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan import __version__
from gridplan.engine import Progress, keep_silent, map_tasks
from gridplan.errors import RuleError, quote_ids
from gridplan.plan import Plan
from gridplan.rules import Rules
from gridplan.simulation.blocks import Block
from gridplan.simulation.kernel import run_days
from gridplan.simulation.state import ANSWERED, BY_TIER, CAME, COUNTS, RESOLVED
from gridplan.simulation.streams import make_key
from gridplan.simulation.system import refuse_unstaffed
from gridplan.simulation.tabling import number_rows
from gridplan.simulation.uncertainty import draw_demand, draw_households
from gridplan.site import Site
from gridplan.surging.events import Event, find_codes, propose_event, read_events
from gridplan.surging.ground import Bridge, close_ground, count_affected, crop_site, draw_closed, find_shut, find_struck
from gridplan.surging.muster import STAGES, Muster, make_muster, measure_muster
from gridplan.surging.tabling import Outcome, tabulate_curve, tabulate_outcome
from gridplan.surging.ways import Ways
from gridplan.surging.world import CHECK, POSTURES, draw_shares, draw_surge, lay_blocks

Array = np.ndarray[Any, Any]
AROUND = 3_000.0  # metres around affected homes from which ways and bridges count


@dataclass(frozen=True, eq=False)
class Surged:
    """What came of the events: long tables, and how they were made.

    ``helped`` holds every measure by event, posture, level and place (table ``surged`` of the schema), ``curve`` the share of
    affected sub-grids that help has reached, ``worth`` how much later it comes without each pairing and bridge.
    ``manifest`` holds seed, replications, version and, by event, what it affects, closes and cuts off, and who is called up.
    """

    helped: pd.DataFrame
    curve: pd.DataFrame
    worth: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Write on one line what was run."""
        return f"Surged({', '.join(self.manifest['events'])}; {self.manifest['replications']} replications)"


@dataclass(frozen=True, eq=False)
class Course:
    """An event with all that its runs share: the ground, the muster, the draws, and one key for each replication."""

    plan: Plan
    event: Event
    rules: Rules
    land: Site
    closed: Any
    shut: list[Bridge]
    ways: Ways
    near: Any
    muster: Muster
    unmeasured: Muster
    households: Array
    demand: Array
    shares: Mapping[str, Array]
    keys: list[Any]
    workers: int | None


def surge(
    plan: Plan, events: str | Path | Event | Sequence[Event] | None = None, rules: Rules | None = None, *,
    replications: int = 20, seed: int = 0, worth: bool = True, workers: int | None = None, progress: Progress = keep_silent,
) -> Surged:  # fmt: skip
    """Simulate how soon help comes to every sub-grid that an event affects, as things usually are and in a surge (应急下沉).

    From the beginning of the event everybody affected is seen to once, besides the requests that come. As things usually are,
    posts come on their turns of duty. In a surge they are called up, stage by stage: the sub-grid's own and its neighbours',
    the community's, the subdistrict's, members of paired institutions, volunteers of adjoining communities. What waited before
    the event is put aside.

    Parameters
    ----------
    plan
        A plan that was organised and staffed, and paired if institutions are to send anybody.
    events
        One or several, or a TOML file of them; a flood along the longest water (else a power cut) if not given.
    rules
        The rules; those of the plan's manifest if not given. Sections ``surge``, ``simulation``, ``coverage`` and ``walking``.
    replications
        How often each event is run; at least 2 for intervals.
    seed
        Where chance begins.
    worth
        Whether it is run again without each pairing, and without each bridge.
    workers
        Threads; one for each core if not given. They do not change the result, byte for byte.
    progress
        Whom to tell how far it has come.

    Raises
    ------
    PlanError
        If the plan was never staffed, or is a release.
    RuleError
        If an event names what is not known, or affects nobody.

    Examples
    --------
    >>> from tests.people import make_people_plan
    >>> from gridplan.staffing import staff
    >>> done = surge(staff(make_people_plan()), Event("cut", "power_cut", communities=("0301",), hours=6), replications=2)
    >>> done.helped.query("level == 'city' and measure == 'all_helped'")[["posture", "mean"]].values.tolist()
    [['usual', 0.0], ['surge', 1.0]]
    """
    from gridplan.surging.worth import measure_worth

    if replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    refuse_unstaffed(plan.manifest, len(plan.posts), len(plan.duties))
    rules = rules or Rules.from_dict(plan.manifest.get("rules") or {})
    chosen = _choose(plan, events)
    helped, curves, worths, told = [], [], [], {}
    for event in chosen:
        course = open_course(plan, event, rules, replications, seed, workers)
        done = {p: run_posture(course, p, progress=progress, stage=f"{event.name}, {p}") for p in POSTURES}
        helped += [tabulate_outcome(event.name, p, outcome) for p, outcome in done.items()]
        curves += [tabulate_curve(event.name, p, outcome) for p, outcome in done.items()]
        if worth:
            worths.append(measure_worth(course, done["surge"], progress))
        told[event.name] = _describe(course)
    manifest = {"version": __version__, "seed": seed, "replications": replications, "events": told}
    found = (("surged", helped), ("surge_curve", curves), ("surge_worth", worths))
    reached, curve, missed = (number_rows(name, frames) for name, frames in found)
    return Surged(reached, curve, missed, manifest)


def _choose(plan: Plan, events: Any) -> list[Event]:
    """Take events as they are given, or read them."""
    if events is None:
        return [propose_event(plan)]
    if isinstance(events, str | Path):
        chosen = read_events(events, plan.site.crs)
    else:
        chosen = [events] if isinstance(events, Event) else list(events)
    names = [event.name for event in chosen]
    if not names or len(set(names)) < len(names):
        raise RuleError(f"events need names of their own, not {', '.join(names) or 'none'}")
    for event in chosen:
        find_codes(event, plan)
    return chosen


def open_course(plan: Plan, event: Event, rules: Rules, replications: int, seed: int, workers: int | None) -> Course:
    """Open the course of an event: find what it affects, close what it closes, and measure who may come how soon."""
    own = event.replace_rules(rules)
    struck = find_struck(plan, event, own.surge)
    affected = count_affected(plan, struck)
    if affected.empty:
        raise RuleError(f"event {event.name}: it affects no sub-grid with households -> give more reach, or other codes")
    first = make_muster(plan, affected, struck, own)
    doors = plan.stairwells.loc[plan.stairwells["subgrid"].isin(affected.index)]
    near = shapely.box(*shapely.total_bounds(doors.geometry.to_numpy()))
    whole = shapely.box(*shapely.total_bounds(plan.stairwells.geometry[plan.stairwells["community"].isin(
        first.system.cells.loc[first.hit, "community"])].to_numpy()))  # fmt: skip
    land, closed = crop_site(plan.site, whole, AROUND), draw_closed(plan, event, own.surge)
    ground = close_ground(land, closed, event.openings, own.walking)
    ways = Ways(ground, own.walking)
    muster = measure_muster(plan, first, ways, own, event.find("slow", own.surge))
    homes = draw_households(plan, muster.system.cells.index, replications, seed, own.simulation)
    keys = [make_key(seed, n) for n in range(replications)]
    demand = draw_demand(replications, seed, own.simulation)
    shares = {posture: draw_shares(muster, event, own, posture, replications, seed) for posture in POSTURES}
    shut = find_shut(land, closed, event.openings, own.walking)
    return Course(plan, event, own, land, closed, shut, ways, near, muster, first, homes, demand, shares, keys, workers)


def run_posture(
    course: Course, posture: str, *, muster: Muster | None = None, blocks: list[Block] | None = None, without: Any = None,
    only: Any = None,
    progress: Progress = keep_silent, stage: str = "surge",
) -> Outcome:  # fmt: skip
    """Run all replications of an event in one posture.

    ``muster`` stands in for the course's own (other ways), ``blocks`` are those laid out before;
    ``without`` is a mask of posts that do not come; ``only`` are codes of blocks, the others are left as if nobody were there.
    """
    own = muster or course.muster
    share, usual = course.shares[posture], course.shares["usual"]
    if without is not None:
        share = np.where(without, 0.0, share)
    blocks = blocks or lay_blocks(own, course.event, course.rules, posture)
    outcome = Outcome.make_empty(own, len(course.keys), course.event.hours * 60.0)
    chosen = [block for block in blocks if only is None or block.code in only]
    for number, block in enumerate(chosen):
        rows = np.flatnonzero(own.checks[block.cells] > 0)

        def run(n: int, block: Block = block, rows: Array = rows) -> tuple[Array, Array, Array]:
            world = draw_surge(block, own, course.event, course.rules, course.keys[n], course.households[n, block.cells],
                               float(course.demand[n]), share[n, block.posts], usual[n, block.posts])  # fmt: skip
            tally = run_days(world, 0)[0]
            counts = tally.counts[rows]
            done = np.where(counts[:, CHECK, RESOLVED] == own.checks[block.cells][rows], tally.last[rows, CHECK], np.inf)
            requests = counts[:, 0, [CAME, ANSWERED]]
            by_tier = counts[:, CHECK, BY_TIER:COUNTS]
            sums = np.column_stack([counts[:, CHECK, RESOLVED], requests, tally.sums[rows, 0, 0], by_tier])
            return tally.first[rows, CHECK], done, sums

        def tell(stage: str, done: int, total: int, number: int = number) -> None:
            progress(stage, number * total + done, len(chosen) * total)

        results = map_tasks(run, list(range(len(course.keys))), workers=course.workers, stage=stage, progress=tell)
        at = np.searchsorted(own.affected, rows + block.cells.start)
        for n, (first, done, sums) in enumerate(results):
            outcome.first[n, at], outcome.done[n, at], outcome.sums[n, at] = first, done, sums
    return outcome


def _describe(course: Course) -> dict[str, Any]:
    """Describe an event: what it affects, closes and cuts off, and whom it calls up."""
    own, event, muster = course.rules, course.event, course.muster
    cut = muster.list_cut_off()
    metres, streets = 0.0, course.land.streets.geometry.to_numpy()
    if course.closed is not None:
        metres = float(shapely.length(shapely.intersection(course.closed, streets)).sum())
    called = {s: int((muster.called & (muster.stage == s)).sum()) for s in STAGES}
    notes = []
    if not len(streets):
        notes.append(f"no streets are known: ways are straight lines times {own.walking.detour:g}")
    if not called["institution"]:
        notes.append("no institution is paired with what is affected, so none sends members -> gridplan pair PLAN")
    if cut:
        notes.append(f"{len(cut):,} affected sub-grids can be reached by nobody from outside{quote_ids(cut)}")
    return {
        "kind": event.kind, "start": event.start.isoformat(), "hours": event.hours,
        **{name: event.find(name, own.surge) for name in ("demand", "slow", "minutes", "reach", "closed")},
        "subgrids": len(muster.affected), "communities": int(muster.system.cells["community"].iloc[muster.affected].nunique()),
        "households": float(muster.households.sum()), "checks": int(muster.checks.sum()),
        "shut": [bridge.code for bridge in course.shut],
        "closed_street_metres": round(metres, 1), "cut_off": cut, "called": called, "notes": notes,
        "rules": {name: own.to_dict()[name] for name in ("surge", "simulation", "coverage", "walking")},
    }  # fmt: skip
