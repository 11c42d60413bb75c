"""Drills: a season of visiting days, fair over subdistricts and over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints
from gridplan.coverage.drills.drill_sites import (
    Driving,
    count_earlier,
    find_drive_minutes,
    list_sites,
    prepare_driving,
)
from gridplan.coverage.drills.visiting_order import (
    DayOrder,
    VisitingDay,
    choose_day,
    fill_day,
)
from gridplan.errors import PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.drills import read_time, say_time
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

ROOM = "drills"
EXACT = 12  # sites up to which all sets and orders of a day are looked at


def plan_drills(
    plan: Plan,
    days: int = 1,
    *,
    kinds: Sequence[str] = (),
    hours: pd.DataFrame | None = None,
    earlier: pd.DataFrame | None = None,
    rules: Rules | None = None,
) -> Plan:
    """Plan which sites to visit on each day of a season, and in what order.

    Fills drill_sites, drills and drill_days. Each day takes the sites whose
    visits are worth most: a visit counts 1 where neither the site nor its
    subdistrict was ever visited, half where one of them was once, and so on;
    visits of earlier days and of the same day count. Of sets that are worth as
    much, the one whose day ends earliest is taken. A site is visited once a
    season at most. Ways go along the streets known, at the speed of
    ``drills.speed``.

    Up to twelve sites come into question for a day of as many: all sets and
    orders of them are looked at. Longer days are filled site by site, with a
    bound on how early the same sites could be done.

    Parameters
    ----------
    plan
        A working plan.
    days
        Days of the season.
    kinds
        Kinds of places that are visited; without any the demonstration points,
        else the service centres.
    hours
        Opening hours of sites: columns site, opens, closes, minutes.
    earlier
        Earlier visits, a row each: column site.
    rules
        The rules; those of the plan if not given. Sections ``drills`` and
        ``walking`` are used.

    Raises
    ------
    PlanError
        If the plan is a release, or there is nothing to visit.
    RuleError
        If there are no days.
    InputError
        If a sheet cannot be read as described.

    Examples
    --------
    >>> from shapely.geometry import Point
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
    >>> rows = [
    ...     {"place": f"s{n}", "kind": "service_centre", "geometry": Point(X0 + x, Y0 + 5)}
    ...     for n, x in enumerate((5, 95, 50))
    ... ]
    >>> plan = make_board_plan().replace(places=make_table("places", rows))
    >>> drilled = plan_drills(plan, rules=Rules().replace(drills={"speed": 6}))
    >>> drilled.drills[["site", "arrives", "leaves"]].values.tolist()
    [['s0', '08:30', '09:00'], ['s2', '09:01', '09:31'], ['s1', '09:32', '10:02']]
    """
    rules = rules or plan.rules
    if plan.is_release:
        raise PlanError("a release holds no places to visit -> give the working plan")
    if days < 1:
        raise RuleError(f"{days} days cannot be planned; give 1 or more")
    sites = count_earlier(list_sites(plan, kinds, hours, rules), earlier)
    driving = prepare_driving(plan, rules)
    group, names = pd.factorize(sites["subdistrict"], sort=True)
    visits = sites["earlier"].to_numpy(np.int64).copy()
    of_group = np.bincount(group, visits, minlength=len(names)).astype(np.int64)
    open_sites = np.ones(len(sites), bool)
    stops: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    lacking = 0
    for number in range(1, days + 1):
        pool = _choose_pool(sites, visits, group, of_group, open_sites, rules)
        if not len(pool):
            break
        metres, unknown = driving.measure(sites.iloc[pool])
        lacking += unknown
        order, is_exact = _plan_day(sites.iloc[pool], metres, visits, group, of_group, pool, rules)
        if order is None:
            break
        local = list(order.order)
        visited = pool[local]
        legs = [0.0, *(float(metres[a, b]) for a, b in pairwise(local))]
        timed = _list_stops(sites.iloc[visited], legs, number, rules)
        stops += timed
        rows.append(_sum_day(sites.iloc[visited], timed, order, is_exact, number, rules))
        open_sites[visited] = False
        of_group += np.bincount(group[visited], minlength=len(names)).astype(np.int64)
    if not stops:
        raise PlanError(
            "no site can be visited within a day -> lengthen it: --set drills.hours=9, "
            "or look at the opening hours"
        )
    return _write_drills(plan, sites, open_sites, stops, rows, lacking, driving, rules)


def _choose_pool(
    sites: gpd.GeoDataFrame,
    visits: Ints,
    group: Ints,
    of_group: Ints,
    open_sites: Any,
    rules: Rules,
) -> Ints:
    """Choose the sites that come into question for a day: worth most, then near one another."""
    most = rules.drills.sites
    size = EXACT if most <= EXACT else 2 * most
    xy = shapely.get_coordinates(sites.geometry.to_numpy())
    waiting = np.flatnonzero(open_sites)
    before = of_group.copy()
    pool: list[int] = []
    while len(waiting) and len(pool) < size:
        worth = 1.0 / (1 + before[group[waiting]]) / (1 + visits[waiting])
        middle = xy[pool].mean(axis=0) if pool else xy[waiting[0]]
        apart = np.round(np.hypot(*(xy[waiting] - middle).T), 3)
        # of equals the first by code, since sites are sorted
        best = int(np.lexsort((apart, -np.round(worth, 9)))[0])
        pool.append(int(waiting[best]))
        before[group[waiting[best]]] += 1
        waiting = np.delete(waiting, best)
    return np.sort(np.array(pool, np.int64))


def _plan_day(
    sites: gpd.GeoDataFrame,
    metres: Any,
    visits: Ints,
    group: Ints,
    of_group: Ints,
    pool: Ints,
    rules: Rules,
) -> tuple[DayOrder | None, bool]:
    """Plan one day among the sites that come into question; and whether all days were tried."""
    drive = np.array(
        [[find_drive_minutes(float(m), rules.drills.speed) for m in row] for row in metres],
        np.int64,
    )
    day = VisitingDay(
        drive,
        sites["minutes"].to_numpy(np.int64),
        np.array([read_time(t) for t in sites["opens"]], np.int64),
        np.array([read_time(t) for t in sites["closes"]], np.int64),
        read_time(rules.drills.start),
        rules.drills.end,
    )
    is_exact = len(pool) <= EXACT
    choose = choose_day if is_exact else fill_day
    return choose(day, visits[pool], group[pool], of_group, rules.drills.sites), is_exact


def _list_stops(
    visited: gpd.GeoDataFrame, legs: Sequence[float], number: int, rules: Rules
) -> list[dict[str, Any]]:
    """List the stops of a day with their times."""
    time = read_time(rules.drills.start)
    stops = []
    for order, (site, metres) in enumerate(zip(visited.itertuples(), legs, strict=True), 1):
        drive = find_drive_minutes(metres, rules.drills.speed)
        arrives = time + drive
        begins = max(arrives, read_time(str(site.opens)))
        time = begins + int(site.minutes)
        stops.append(
            {
                "day": number,
                "order": order,
                "site": site.Index,
                "name": site.name,
                "community": site.community,
                "subdistrict": site.subdistrict,
                "metres": metres,
                "drive": drive,
                "arrives": say_time(arrives),
                "waits": begins - arrives,
                "leaves": say_time(time),
            }
        )
    return stops


def _sum_day(
    visited: gpd.GeoDataFrame,
    stops: Sequence[dict[str, Any]],
    order: DayOrder,
    is_exact: bool,
    number: int,
    rules: Rules,
) -> dict[str, Any]:
    """Sum up a day: when it ends, and before when no order of its sites could end."""
    start = read_time(rules.drills.start)
    whole = order.ends - start
    xy = shapely.get_coordinates(visited.geometry.to_numpy())
    proven = is_exact or order.bound == order.ends
    return {
        "day": f"{number:03d}",
        "sites": len(stops),
        "subdistricts": len({stop["subdistrict"] for stop in stops}),
        "starts": say_time(start),
        "ends": say_time(order.ends),
        "metres": round(sum(stop["metres"] for stop in stops), 1),
        "drive": sum(stop["drive"] for stop in stops),
        "minutes": whole,
        "bound": order.bound - start,
        "gap": round((order.ends - order.bound) / whole, 6),
        "ended": "optimal" if proven else "bounded",
        "geometry": shapely.linestrings(xy) if len(xy) > 1 else shapely.points(xy[0]),
    }


def _write_drills(
    plan: Plan,
    sites: gpd.GeoDataFrame,
    open_sites: Any,
    stops: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    lacking: int,
    driving: Driving,
    rules: Rules,
) -> Plan:
    """Write the tables of drills, their rules, and what ways were measured along."""
    width = len(str(len(stops)))
    table = pd.DataFrame(stops)
    table["row"] = [f"{n:0{width}d}" for n in range(1, len(stops) + 1)]
    days = gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=plan.crs)
    visited = (~np.asarray(open_sites, bool)).astype("int64")
    text = "ways go along the streets"
    if driving.network is None:
        text = "no streets are known: ways are straight lines times the detour factor"
    elif lacking:
        text = f"{lacking} pairs of sites are not joined by streets: straight times the detour"
    kept = plan.site.ledger[plan.site.ledger["step"] != ROOM].reset_index(drop=True)
    kept = conform_table("ledger", kept.assign(entry=[str(n + 1) for n in range(len(kept))]))
    used = {name: rules.to_dict()[name] for name in ("drills", "walking")}
    figures = {
        "days": len(rows),
        "visits": len(stops),
        "subdistricts": int(table["subdistrict"].nunique()),
        "all_subdistricts": int(sites["subdistrict"].nunique()),
    }
    people = {**plan.manifest.get("people", {}), ROOM: {"rules": used, "figures": figures}}
    return plan.replace(
        drill_sites=conform_table("drill_sites", sites.assign(visits=visited)),
        drills=conform_table("drills", table),
        drill_days=conform_table("drill_days", days),
        ledger=kept,
        manifest={**plan.manifest, "people": people},
    ).note([Entry(ROOM, "streets", "noted", len(stops), text)])
