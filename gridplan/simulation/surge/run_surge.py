"""Running events in both postures, and again without each pairing and each bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from gridplan import __version__
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import RuleError, quote_ids
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests.request_tables import number_rows
from gridplan.simulation.requests.service_system import refuse_unstaffed
from gridplan.simulation.surge.call_up import STAGES
from gridplan.simulation.surge.criticality import measure_worth
from gridplan.simulation.surge.event_course import EventCourse, open_course, run_posture
from gridplan.simulation.surge.events import (
    Event,
    propose_event,
    read_events,
    refuse_unknown_codes,
)
from gridplan.simulation.surge.surge_inputs import POSTURES
from gridplan.simulation.surge.surge_tables import tabulate_curve, tabulate_outcome
from gridplan.tables.html import show_tables


@dataclass(frozen=True, eq=False)
class Surged:
    """What came of the events: long tables, and how they were made.

    ``helped`` holds every measure by event, posture, level and place (table
    ``surged`` of the schema), ``curve`` the share of affected sub-grids that
    help has reached, ``worth`` how much later it comes without each pairing
    and bridge. ``manifest`` holds seed, replications, version and, by event,
    what it affects, closes and cuts off, and who is called up.
    """

    helped: pd.DataFrame
    curve: pd.DataFrame
    worth: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Write on one line what was run."""
        names = ", ".join(self.manifest["events"])
        return f"Surged({names}; {self.manifest['replications']} replications)"

    def _repr_html_(self) -> str:
        """Write the sizes of the tables for a notebook."""
        tables = {k: v for k, v in vars(self).items() if k != "manifest"}
        return show_tables(repr(self), tables)


def surge(
    plan: Plan,
    events: str | Path | Event | Sequence[Event] | None = None,
    rules: Rules | None = None,
    *,
    replications: int = 20,
    seed: int = 0,
    worth: bool = True,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Surged:
    """Simulate how soon help comes to every sub-grid that an event affects.

    As things usually are, and in a surge (应急下沉).

    From the beginning of the event everybody affected is seen to once, besides
    the requests that come. As things usually are, posts come on their turns of
    duty. In a surge they are called up, stage by stage: the sub-grid's own and
    its neighbours', the community's, the subdistrict's, members of paired
    institutions, volunteers of adjoining communities. What waited before the
    event is put aside.

    Parameters
    ----------
    plan
        A plan that was organised and staffed, and paired if institutions are
        to send anybody.
    events
        One or several, or a TOML file of them; a flood along the longest water
        (else a power cut) if not given.
    rules
        The rules; those of the plan's manifest if not given. Sections
        ``surge``, ``simulation``, ``coverage`` and ``walking``.
    replications
        How often each event is run; at least 2 for intervals.
    seed
        Where chance begins.
    worth
        Whether it is run again without each pairing, and without each bridge.
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
        If an event names what is not known, or affects nobody.

    Examples
    --------
    >>> from gridplan.synthetic import make_people_plan
    >>> from gridplan.people.staffing.staff_plan import staff
    >>> cut = Event("cut", "power_cut", communities=("0301",), hours=6)
    >>> done = surge(staff(make_people_plan()), cut, replications=2)
    >>> helped = done.helped.query("level == 'city' and measure == 'all_helped'")
    >>> helped[["posture", "mean"]].values.tolist()
    [['usual', 0.0], ['surge', 1.0]]
    """
    if replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    refuse_unstaffed(plan.manifest, len(plan.posts), len(plan.duties))
    rules = rules or plan.rules
    chosen = _choose(plan, events)
    helped = []
    curves = []
    worths = []
    described = {}
    for event in chosen:
        # both postures share one course, so that they differ by nothing but the call-up
        course = open_course(plan, event, rules, replications, seed, workers)
        outcomes = {
            p: run_posture(course, p, progress=progress, stage=f"{event.name}, {p}")
            for p in POSTURES
        }
        helped += [tabulate_outcome(event, p, outcome) for p, outcome in outcomes.items()]
        curves += [tabulate_curve(event.name, p, outcome) for p, outcome in outcomes.items()]
        # the dearest part: a run for each pairing and bridge
        if worth:
            worths.append(measure_worth(course, outcomes["surge"], progress))
        described[event.name] = _describe(course)
    manifest = {
        "version": __version__,
        "seed": seed,
        "replications": replications,
        "events": described,
    }
    frames_by_table = (("surged", helped), ("surge_curve", curves), ("surge_worth", worths))
    reached, curve, missed = (number_rows(name, frames) for name, frames in frames_by_table)
    return Surged(reached, curve, missed, manifest)


def _choose(plan: Plan, events: Any) -> list[Event]:
    """Take events as they are given, or read them."""
    if events is None:
        return [propose_event(plan)]
    if isinstance(events, str | Path):
        chosen = read_events(events, plan.site.crs)
    else:
        chosen = [events] if isinstance(events, Event) else list(events)
    # tables hold events by name, so that two of one name would become one
    names = [event.name for event in chosen]
    if not names or len(set(names)) < len(names):
        raise RuleError(f"events need names of their own, not {', '.join(names) or 'none'}")
    # before any is run, as each takes its time
    for event in chosen:
        refuse_unknown_codes(event, plan)
    return chosen


def _describe(course: EventCourse) -> dict[str, Any]:
    """Describe an event: what it affects, closes and cuts off, and who is called up."""
    event_rules = course.rules
    event = course.event
    muster = course.muster
    cut = muster.list_cut_off()
    # streets that cross closed land count only with the part on it
    metres = 0.0
    streets = course.land.streets.geometry.to_numpy()
    if course.closed is not None:
        metres = float(shapely.length(shapely.intersection(course.closed, streets)).sum())
    called = {s: int((muster.called & (muster.stage == s)).sum()) for s in STAGES}
    notes = []
    if not len(streets):
        notes.append(
            f"no streets are known: ways are straight lines times {event_rules.walking.detour:g}"
        )
    # pairing is a step of its own that may have been left out: name the remedy
    if not called["institution"]:
        notes.append(
            "no institution is paired with what is affected, so none sends members "
            "-> gridplan pair PLAN"
        )
    if cut:
        notes.append(
            f"{len(cut):,} affected sub-grids can be reached by nobody from outside{quote_ids(cut)}"
        )
    return {
        "kind": event.kind,
        "start": event.start.isoformat(),
        "hours": event.hours,
        **{
            name: event.find_effect(name, event_rules.surge)
            for name in ("demand", "slow", "minutes", "reach", "closed")
        },
        "subgrids": len(muster.affected),
        "communities": int(muster.system.cells["community"].iloc[muster.affected].nunique()),
        "households": float(muster.households.sum()),
        "checks": int(muster.checks.sum()),
        "shut": [bridge.code for bridge in course.shut],
        "closed_street_metres": round(metres, 1),
        "cut_off": cut,
        "called": called,
        "notes": notes,
        # the rules of the event itself, which may differ from those of the plan
        "rules": {
            name: event_rules.to_dict()[name]
            for name in ("surge", "simulation", "coverage", "walking")
        },
    }
