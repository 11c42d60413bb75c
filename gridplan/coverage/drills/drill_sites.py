"""The sites of drills: where they are, when they are open, and who was there before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats
from gridplan.coverage.service_points import find_communities
from gridplan.errors import InputError, PlanError, Problem, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import DEMONSTRATION
from gridplan.rules.drills import read_time, say_time
from gridplan.tables.conform import conform_table
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import measure_paths
from gridplan.walking.street_network import WalkingNetwork

SITE_WORDS = ("site", "demonstration", "point", "place", "code", "编码", "示范点", "点位")
WORDS: Mapping[str, tuple[str, ...]] = {
    "opens": ("opens", "open", "开放", "开门", "开放时间"),
    "closes": ("closes", "close", "关门", "结束", "关闭时间"),
    "minutes": ("minutes", "visit", "停留", "停留分钟"),
}


def list_sites(
    plan: Plan, kinds: Sequence[str], hours: pd.DataFrame | None, rules: Rules
) -> gpd.GeoDataFrame:
    """List the sites of some kinds of places, with their hours: table drill_sites.

    Without kinds they are the demonstration points, else the service centres.
    A place that is not a point is visited at a point within it.

    Raises
    ------
    PlanError
        If there is no place of these kinds.
    InputError
        If the hours are of sites that there are not, or no times of day.
    """
    there = set(plan.site.places["kind"])
    wanted = list(kinds) or [k for k in (DEMONSTRATION, "service_centre") if k in there][:1]
    places = plan.site.places[plan.site.places["kind"].isin(wanted)].sort_index()
    if places.empty:
        names = " or ".join(wanted) or "demonstration point or service centre"
        raise PlanError(
            f"there is no {names} to visit -> enter demonstration points: "
            "gridplan demonstrate PLAN POINTS, or name a kind of places: --kind service_centre"
        )
    shapes = places.geometry.to_numpy()
    points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    table = gpd.GeoDataFrame(
        {
            "site": places.index.to_numpy(object),
            "kind": places["kind"].to_numpy(object),
            "name": places["name"].to_numpy(object),
            "opens": say_time(read_time(rules.drills.opens)),
            "closes": say_time(read_time(rules.drills.closes)),
            "minutes": rules.drills.visit,
        },
        geometry=points,
        crs=plan.crs,
    ).set_index("site")
    community = find_communities(plan, table)
    subdistrict = plan.site.communities["subdistrict"].reindex(community).fillna("")
    table = table.assign(
        community=community,
        # where no subdistricts are known, communities take turns instead
        subdistrict=np.where(subdistrict == "", community, subdistrict),
    )
    if hours is not None:
        table = _set_hours(table, hours)
    return conform_table("drill_sites", table)


def _set_hours(table: gpd.GeoDataFrame, hours: pd.DataFrame) -> gpd.GeoDataFrame:
    """Set opening hours and minutes of the sites that a sheet names; blank cells change nothing."""
    codes = read_site_codes(hours, "hours")
    _refuse_strangers(table, codes, "hours")
    wrong = []
    table = table.copy()
    for column, words in WORDS.items():
        name = next((c for c in hours.columns if str(c).strip().lower() in words), None)
        if name is None:
            continue
        for code, text in zip(codes, hours[name].fillna("").astype(str).str.strip(), strict=True):
            if not text:
                continue
            try:
                value: Any = int(float(text)) if column == "minutes" else say_time(read_time(text))
                if column == "minutes" and value < 1:
                    raise ValueError(text)
            except (ValueError, RuleError):
                wrong.append(f"{code}: {text}")
                continue
            table.loc[code, column] = value
    late = [
        str(code)
        for code, opens, closes in zip(table.index, table["opens"], table["closes"], strict=True)
        if read_time(opens) >= read_time(closes)
    ]
    problems = [
        Problem("hours", "times of day", text, "write times such as 08:30, minutes such as 30", ids)
        for text, ids in (
            ("cells that are no time or number of minutes", tuple(wrong)),
            ("sites that close before they open", tuple(late)),
        )
        if ids
    ]
    if problems:
        raise InputError(problems)
    return table


def read_site_codes(sheet: pd.DataFrame, name: str) -> list[str]:
    """Read the column of a sheet that holds codes of sites.

    Raises
    ------
    InputError
        If there is none.
    """
    column = next((c for c in sheet.columns if str(c).strip().lower() in SITE_WORDS), None)
    if column is None:
        raise InputError(
            [
                Problem(
                    name, "columns", "no column holds the codes of sites", "name one of them site"
                )
            ]
        )
    return list(sheet[column].fillna("").astype(str).str.strip())


def _refuse_strangers(table: pd.DataFrame, codes: Sequence[str], name: str) -> None:
    """Refuse codes that no site has."""
    strange = tuple(dict.fromkeys(code for code in codes if code not in table.index))
    if strange:
        remedy = "correct the codes, or leave the rows out"
        raise InputError([Problem(name, "sites exist", "codes that no site has", remedy, strange)])


def count_earlier(table: gpd.GeoDataFrame, earlier: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Count the earlier visits of each site: a row of the sheet is a visit.

    Visits to places that are no site any more are left out.
    """
    if earlier is None:
        return table.assign(earlier=0)
    codes = pd.Series(read_site_codes(earlier, "earlier")).value_counts()
    return table.assign(earlier=codes.reindex(table.index).fillna(0).astype("int64"))


@dataclass(frozen=True, eq=False)
class Driving:
    """What ways between sites are measured on: the streets, or straight lines where none are."""

    plan: Plan
    rules: Rules
    network: WalkingNetwork | None

    def measure(self, sites: gpd.GeoDataFrame) -> tuple[Floats, int]:
        """Measure the ways between sites, metres, and count pairs without any by the streets.

        Those go straight, times the detour factor.
        """
        xy = shapely.get_coordinates(sites.geometry.to_numpy())
        straight = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
        metres = straight * self.rules.walking.detour
        lacking = 0
        if self.network is not None and len(sites) > 1:
            access = reach_doors(self.network, sites, self.plan.site, self.rules.walking)[0]
            ways = measure_paths(self.network, access, access).tocoo()
            along = np.full(metres.shape, np.inf)
            along[ways.row, ways.col] = ways.data
            along = np.minimum(along, along.T)
            known = np.isfinite(along)
            lacking = int((~known).sum() - (~np.diag(known)).sum()) // 2
            metres = np.where(known, np.maximum(along, straight), metres)
        np.fill_diagonal(metres, 0.0)
        return np.round(metres, 1), lacking


def prepare_driving(plan: Plan, rules: Rules) -> Driving:
    """Build the streets that visitors drive along, if any are known."""
    network = build_network(plan.site, rules.walking)[0]
    return Driving(plan, rules, network if len(network.kept_edges) else None)


def find_drive_minutes(metres: float, speed: float) -> int:
    """Find the whole minutes that a way takes by bus at a speed in km/h, rounded up.

    Examples
    --------
    >>> find_drive_minutes(2_500.0, 25.0), find_drive_minutes(2_501.0, 25.0)
    (6, 7)
    """
    return math.ceil(round(metres * 60.0 / (1_000.0 * speed), 6))
