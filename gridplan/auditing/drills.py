"""Rules on drills: times follow from drives and visits, sites are open, and days are sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints
from gridplan.auditing.derived import compare_rows, recall_rules, report_columns
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings

AGAIN = "plan the drills again: gridplan drills"
METRE = 1.0  # metres by which a way may be shorter than the straight line


def check_drills(evidence: Evidence) -> pd.DataFrame:
    """Check drills: arrivals again from drives, hours of sites, days, and who was visited.

    Source: arithmetic; the speed and the length of a day are rules of drills.
    """
    e = evidence
    stops = e.plan.drills
    sites = e.plan.drill_sites
    if stops.empty and sites.empty and e.plan.drill_days.empty:
        return join_findings([])
    stops = stops[stops["site"].isin(sites.index)].sort_values(["day", "order"])
    lost = e.plan.drills.index.difference(stops.index)
    site = sites.reindex(stops["site"])
    first = (stops["order"] == 1).to_numpy()
    right = _time_again(e, stops, site, first)
    findings = [
        _report("drills", lost, "to a site that is not among those of drills"),
        report_columns("drills", "drills", stops, right, AGAIN),
        _check_limits(e, stops, site, right),
        _check_sites(e, sites, stops),
        _check_days(e, stops),
    ]
    return join_findings(findings)


def _report(table: str, rows: Any, what: str, noun: str = "row") -> pd.DataFrame:
    return write_findings("drills", "error", table, rows, "", noun=noun, what=what, remedy=AGAIN)


def _read_minutes(times: pd.Series[Any]) -> Ints:
    """Read times of day, HH:MM, as minutes; -1 for what is none."""
    parts = times.str.extract(r"^(\d\d):(\d\d)$")
    minutes = parts[0].astype(float) * 60 + parts[1].astype(float)
    return np.asarray(minutes.fillna(-1), np.int64)


def _write_times(minutes: Any) -> list[str]:
    return [f"{int(m) // 60:02d}:{int(m) % 60:02d}" for m in minutes]


def _time_again(e: Evidence, stops: pd.DataFrame, site: Any, first: Any) -> dict[str, Any]:
    """Time every stop again: drives from metres, arrivals from drives, leaving from visits."""
    rules = recall_rules(e, "drills").drills
    metres = np.where(first, 0.0, stops["metres"].to_numpy(float))
    exact = (metres / (rules.speed * 1000.0 / 60.0)).round(6)
    drive = np.ceil(exact).astype(np.int64)
    opens = _read_minutes(site["opens"])
    stay = site["minutes"].to_numpy(np.int64)
    begin = _read_minutes(pd.Series([rules.start.zfill(5)]))[0]
    arrives = np.zeros(len(stops), np.int64)
    leaves = np.zeros(len(stops), np.int64)
    for n in range(len(stops)):
        arrives[n] = begin if first[n] else leaves[n - 1] + drive[n]
        leaves[n] = max(arrives[n], opens[n]) + stay[n]
    day = stops["day"].to_numpy()
    order = pd.Series(1, index=stops.index).groupby(day).cumsum().to_numpy()
    return {
        "order": order,
        "metres": metres,
        "drive": drive,
        "arrives": _write_times(arrives),
        "waits": np.maximum(0, opens - arrives),
        "leaves": _write_times(leaves),
        **{name: site[name].to_numpy(object) for name in ("name", "community", "subdistrict")},
    }


def _check_limits(
    e: Evidence, stops: pd.DataFrame, site: Any, right: dict[str, Any]
) -> pd.DataFrame:
    """Check that sites are open, days not too long nor full, ways no shorter than straight."""
    rules = recall_rules(e, "drills").drills
    leaves = _read_minutes(pd.Series(right["leaves"]))
    late = leaves > _read_minutes(site["closes"])
    begin = _read_minutes(pd.Series([rules.start.zfill(5)]))[0]
    late |= leaves > begin + rules.hours * 60
    late |= stops["order"].to_numpy() > rules.sites
    xy = shapely.get_coordinates(site.geometry.to_numpy())
    straight = np.zeros(len(stops))
    if len(stops) > 1:
        straight[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    straight[stops["order"].to_numpy() == 1] = 0.0
    short = stops["metres"].to_numpy(float) < straight - METRE
    twice = stops["site"].duplicated().to_numpy()
    return join_findings(
        [
            _report("drills", stops.index[late], "beyond the hours of its site or of the day"),
            _report("drills", stops.index[short], "with a way shorter than a straight line"),
            _report("drills", stops.index[twice], "to a site that was visited this season"),
        ]
    )


def _check_sites(e: Evidence, sites: Any, stops: pd.DataFrame) -> pd.DataFrame:
    """Check what sites are, where they lie, and how often they are visited."""
    places = e.plan.site.places.reindex(sites.index)
    shapes = sites.geometry.to_numpy()
    off = ~(shapely.distance(shapes, places.geometry.to_numpy()) < 0.01)
    codes = e.communities.index.to_numpy(object)
    lies = np.full(len(sites), "", object)
    if len(codes) and len(sites):
        point, town = shapely.STRtree(e.communities.geometry.to_numpy()).query_nearest(shapes)
        first = pd.Series(town).groupby(point).min()
        lies[first.index] = codes[first.to_numpy()]
    over = e.communities["subdistrict"].reindex(lies).fillna("").to_numpy(object)
    right = {
        "kind": places["kind"].fillna("").to_numpy(object),
        "name": places["name"].fillna("").to_numpy(object),
        "community": lies,
        "subdistrict": np.where(over == "", lies, over),
        "visits": stops["site"].value_counts().reindex(sites.index).fillna(0).to_numpy(),
    }
    odd = _read_minutes(sites["opens"].str.zfill(5)) < 0
    odd |= _read_minutes(sites["closes"].str.zfill(5)) <= _read_minutes(sites["opens"].str.zfill(5))
    return join_findings(
        [
            report_columns("drills", "drill_sites", sites, right, AGAIN, noun="site"),
            _report("drill_sites", sites.index[off], "that lies apart from its place", "site"),
            _report("drill_sites", sites.index[odd], "whose hours are no times of day", "site"),
        ]
    )


def _check_days(e: Evidence, stops: pd.DataFrame) -> pd.DataFrame:
    """Check the sums of days, and that a bound is one: no less than all visits take."""
    days = e.plan.drill_days
    by = stops.groupby("day")
    start = by["arrives"].first()
    end = by["leaves"].last()
    right = pd.DataFrame(
        {
            "sites": by.size(),
            "subdistricts": by["subdistrict"].nunique(),
            "starts": start,
            "ends": end,
            "metres": by["metres"].sum(),
            "drive": by["drive"].sum(),
            "minutes": _read_minutes(end) - _read_minutes(start),
        }
    ).reset_index()
    right["day"] = right["day"].map("{:03d}".format)
    stay = e.plan.drill_sites["minutes"].reindex(stops["site"]).to_numpy(float)
    least = pd.Series(stay).groupby(stops["day"].to_numpy()).sum()
    known = days.index.astype(int)
    bound = days["bound"].to_numpy(float)
    minutes = days["minutes"].to_numpy(float)
    gap = (minutes - bound) / np.where(minutes > 0, minutes, 1.0)
    odd = (bound > minutes) | (bound < least.reindex(known).to_numpy(float) - 0.5)
    odd |= np.abs(gap - days["gap"].to_numpy(float)) > 1e-5
    odd |= (days["ended"] == "optimal").to_numpy() != (bound == minutes)
    return join_findings(
        [
            compare_rows("drills", "drill_days", days.reset_index(), right, ["day"], AGAIN, "day"),
            _report("drill_days", days.index[odd], "whose bound does not fit its minutes", "day"),
        ]
    )
