"""Coverage: how far every stairwell is from its service points, and where the gaps are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gridplan.coverage.coverage_gaps import list_gaps
from gridplan.coverage.coverage_inputs import CoverageInputs, prepare_coverage_inputs
from gridplan.coverage.coverage_tables import (
    ReachTimes,
    find_reach,
    order_rows,
    tabulate_coverage,
    tabulate_reach,
)
from gridplan.coverage.group_demand import (
    find_demand,
    note_demand,
    tabulate_demand,
    weigh_doors,
)
from gridplan.coverage.service_points import add_street_centres, list_service_points
from gridplan.coverage.volunteers import (
    KIND,
    list_short_teams,
    measure_volunteers,
    spread_visits,
    write_volunteers,
)
from gridplan.coverage.walk_times import (
    WalkingInputs,
    WalkTimes,
    measure_walk_times,
    prepare_walking_inputs,
)
from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import HOUSEHOLDS, Service
from gridplan.tables.conform import conform_table
from gridplan.tables.indicators import CITY, round_figures, write_gaps, write_indicators
from gridplan.tables.ledger import Entry

__all__ = ["reach"]

ROOM = "reach"
NOW = "now"
PROPOSED = "proposed"


def reach(plan: Plan, rules: Rules | None = None) -> Plan:
    """Find how far every stairwell is from its service points, and the households served.

    Fills service_posts, reach and coverage, and the indicators and gaps of the
    room reach; run again, it replaces its own rows only. Ways go along the
    streets where they are known, else by straight lines times a factor, and
    over openings where a barrier lies between; the ledger says which. Three
    numbers reconcile: households within the threshold of a service point
    (reachable), those that service points with their capacity can serve
    (served), and those with two service points (backed up). Proposed service
    points are measured beside those that are there (state ``proposed``); gaps
    are those of now.

    Parameters
    ----------
    plan
        A working plan. Central households are looked at where it is organised.
    rules
        The rules; those of the plan's manifest if not given. Sections
        ``coverage`` and ``walking`` are used.

    Raises
    ------
    PlanError
        If the plan is a release.

    Examples
    --------
    The board of twelve houses, with a canteen for fifty households in a
    corner:

    >>> from shapely.geometry import Point
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
    >>> place = {"place": "p", "kind": "canteen", "geometry": Point(X0 + 15, Y0 + 15)}
    >>> plan = make_board_plan().replace(places=make_table("places", [place]))
    >>> rules = Rules().replace(coverage={"services": [Service("canteen", 2, 50, 0, "city")]})
    >>> city = reach(plan, rules).coverage.query("level == 'city' and own")
    >>> city[["households", "reachable", "served", "backed_up"]].values.tolist()
    [[120.0, 80.0, 50.0, 0.0]]
    """
    rules = rules or plan.rules
    if plan.is_release:
        raise PlanError("a release holds no stairwells -> give the working plan")
    rules = add_street_centres(plan, rules)
    services = rules.coverage.services
    ground = prepare_coverage_inputs(plan, rules)
    footing = prepare_walking_inputs(plan.site, ground, rules)
    posts = list_service_points(plan, services, rules.coverage.fills)
    demands = {
        group: find_demand(plan.site, ground, group, rules)
        for group in sorted({service.group for service in services})
    }
    # measured once for all kinds, since each looks as far as the farthest
    ways, access, access_entries = measure_walk_times(
        footing, posts, services, rules.coverage.farthest
    )
    posts = posts.assign(leg=access["leg"], reason=access["reason"].astype("str"))
    results = []
    for service in services:
        weighed = replace(footing, ground=weigh_doors(ground, demands[service.group]))
        results.append(_measure_service(weighed, service, posts, ways, rules))
    # in the order in which the rules name the kinds
    reached, held = (
        pd.concat([result[n] for result in results], ignore_index=True) for n in (0, 2)
    )
    covered = pd.concat([result[1] for result in results], ignore_index=True)
    figures, gaps = _list_figures_and_gaps(
        plan, ground, [result[3] for result in results], reached, rules
    )
    groups = [demand for demand in demands.values() if demand.group != HOUSEHOLDS]
    figures = _join_tables([figures, *(tabulate_demand(ground, demand) for demand in groups)])
    tables = {
        "service_posts": _write_service_points(posts, held),
        "reach": _write_rows("reach", reached, ["kind", "state", "stairwell"]),
        "coverage": _write_rows("coverage", covered, ["kind", "state", "level", "of", "minutes"]),
        "indicators": write_indicators(plan.indicators, ROOM, figures),
        "gaps": write_gaps(plan.gaps, ROOM, gaps),
    }
    entries = [*footing.entries, *access_entries, *(note_demand(demand) for demand in groups)]
    noted = _note_entries(plan.replace(**tables), entries)
    return _write_manifest(noted, rules)


def _measure_service(
    footing: WalkingInputs, service: Service, posts: Any, ways: WalkTimes, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, ReachTimes]:
    """Measure one kind of service point: with those there and, if any are proposed, with these too.

    Returns the rows of reach and of coverage, what each service point reaches
    and serves, and the reach of those that are there.
    """
    of_kind = (posts["kind"] == service.kind).to_numpy()
    there = of_kind & (posts["status"] == "existing").to_numpy()
    # proposed ones are added to those there, never measured alone
    states = {NOW: np.flatnonzero(there)} | (
        {PROPOSED: np.flatnonzero(of_kind)} if (of_kind & ~there).any() else {}
    )
    rows = []
    covered = []
    first: ReachTimes | None = None
    for state, members in states.items():
        reach = find_reach(footing.ground, service, posts, members, ways, rules)
        # gaps are of today, and today is the first state
        first = first or reach
        table, held = tabulate_reach(footing, reach, state)
        rows.append(table)
        coverage = tabulate_coverage(footing.ground, reach, table, state, rules)
        covered.append(
            coverage.assign(posts=_count_service_points(coverage, reach.posts, footing.ground))
        )
        near = reach.minutes <= service.minutes
        # everybody who could come, whether or not there is room
        asked = np.bincount(
            reach.ways.post[near],
            footing.ground.weight[reach.ways.door[near]],
            minlength=len(members),
        )
        latest = pd.DataFrame(
            {"reachable": asked, "served": held, "code": reach.posts.index.to_numpy(object)}
        )
    assert first is not None
    return pd.concat(rows), pd.concat(covered), latest, first


def _count_service_points(coverage: pd.DataFrame, posts: Any, ground: CoverageInputs) -> Any:
    """Count the service points within each city, class, community and sub-grid."""
    # every stairwell of a community has its class: one of them is enough
    kind = pd.Series(
        ground.doors["community_kind"].to_numpy(object),
        index=ground.doors["community"].to_numpy(object),
    )
    of = {
        "city": pd.Series({CITY: len(posts)}),
        "community": posts["community"].value_counts(),
        "class": posts["community"].map(kind[~kind.index.duplicated()]).value_counts(),
        "subgrid": posts.loc[posts["subgrid"] != "", "subgrid"].value_counts(),
    }
    out = np.zeros(len(coverage), np.int64)
    for level, counts in of.items():
        rows = (coverage["level"] == level).to_numpy()
        # a place without any service point is missing from the counts
        out[rows] = counts.reindex(coverage["of"][rows]).fillna(0).to_numpy(np.int64)
    return out


def _list_figures_and_gaps(
    plan: Plan,
    ground: CoverageInputs,
    reaches: Sequence[ReachTimes],
    reached: pd.DataFrame,
    rules: Rules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the figures of volunteers, and the gaps of all kinds of service points."""
    now = reached[reached["state"] == NOW]
    gaps = [
        list_gaps(result, now[now["kind"] == result.service.kind], rules.walking.access_limit)
        for result in reaches
    ]
    figures = pd.DataFrame(
        columns=["level", "of", "community", "measure", "value", "need", "met", "origin"]
    )
    for result in reaches:
        if result.service.kind == KIND:
            volunteers = measure_volunteers(plan, ground, result, rules)
            figures = pd.concat(
                [
                    write_volunteers(volunteers, rules, plan.site.communities),
                    spread_visits(plan, ground, volunteers),
                ],
                ignore_index=True,
            )
            gaps.append(list_short_teams(volunteers))
    return figures, _join_tables(gaps)


def _join_tables(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join tables; an empty one in a concat would have a say in the types of columns."""
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else parts[0]


def _write_service_points(posts: Any, held: pd.DataFrame) -> Any:
    """Write what each service point reaches and serves."""
    counts = held.set_index("code").reindex(posts.index)
    table = posts.assign(reachable=counts["reachable"], served=counts["served"])
    return conform_table(
        "service_posts",
        table.assign(load=table["served"] / table["capacity"].where(table["capacity"] > 0)),
    )


def _write_rows(name: str, rows: pd.DataFrame, order: Sequence[str]) -> Any:
    return conform_table(name, order_rows(rows, order))


def _note_entries(plan: Plan, entries: Sequence[Entry]) -> Plan:
    """Note the entries of this room in the ledger, in place of its earlier ones."""
    ledger = plan.site.ledger
    kept = ledger[ledger["step"] != ROOM].reset_index(drop=True)
    # numbered again, since the entries taken out leave gaps
    kept = conform_table("ledger", kept.assign(entry=[str(n + 1) for n in range(len(kept))]))
    # walking calls its step by another name; under this one it is found and replaced
    return plan.replace(ledger=kept).note([replace(entry, step=ROOM) for entry in entries])


def _write_manifest(plan: Plan, rules: Rules) -> Plan:
    """Write the headline figures of the city into the manifest."""
    city = plan.coverage[
        (plan.coverage["level"] == "city") & plan.coverage["own"] & (plan.coverage["state"] == NOW)
    ]
    figures: dict[str, Any] = {}
    # one row for each kind: the city, at the threshold of the kind
    for row in city.itertuples():
        for name in ("posts", "reachable_share", "served_share", "backed_up_share"):
            figures[f"{row.kind}_{name}"] = getattr(row, name)
    # kept, so that a later proposal is measured by the same rules
    rules_used = {name: rules.to_dict()[name] for name in ("coverage", "walking")}
    before = plan.manifest.get("people", {})
    people = {
        **before,
        ROOM: dict(before.get(ROOM, {})) | {"rules": rules_used, "figures": round_figures(figures)},
    }
    return plan.replace(manifest={**plan.manifest, "people": people})
