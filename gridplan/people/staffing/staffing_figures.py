"""The figures of staffing: supply beside need at four levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints
from gridplan.people.counts import Tally
from gridplan.people.staffing.party_share import Repair
from gridplan.people.staffing.post_tables import FULL, PART, Roster
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.people.staffing.workload import MEASURES, measure_evenness
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.indicators import make_figures, roll_up
from gridplan.tables.roles import name_roles

COUNTED = (
    "full_workers",
    "building_captains",
    "stairwell_captains",
)  # unknown where nobody counted


def count_posts(
    roster: Roster,
    slots: pd.DataFrame,
    ground: StaffingInputs,
    supply: pd.DataFrame,
    repair: Repair,
) -> pd.DataFrame:
    """Count what adds up, by community: posts, what they serve, and members among workers."""
    codes = ground.communities.index
    posts = roster.posts
    post = roster.serves["post"].to_numpy(np.int64)
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    role = posts["role"].to_numpy(object)
    worker = np.isin(role, name_roles(worker=True)) & posts["filled"].to_numpy(bool)
    led = np.zeros(len(ground), bool)
    served = np.zeros(len(ground), bool)
    # A sub-grid is led or served by whoever has it among their duties.
    led[grid[role[post] == "grid_leader"]] = True
    served[grid[worker[post]]] = True

    def count(mask: Any, table: pd.DataFrame = posts) -> Floats:
        return np.asarray(
            table.loc[mask].groupby("community").size().reindex(codes, fill_value=0), float
        )

    full = role == FULL
    part = role == PART
    in_party = posts["party"].to_numpy(bool)
    values = {
        "subgrids": supply["subgrids"],
        "led": ground.sum_up(led),
        "served": ground.sum_up(served),
        "leaders": count(role == "grid_leader"),
        "seats": supply["seats"],
        # Where nobody counted, full-time workers are unknown and not none.
        "full_workers": supply["full"].where(supply["full_known"], np.nan),
        "workers_needed": supply["workers_needed"],
        "part_workers": count(part & worker),
        "part_slots": count(part),
        "workers": count(worker),
        "party_workers": count(worker & in_party),
        "hours_full": posts["workload"]
        .where(full)
        .groupby(posts["community"])
        .sum()
        .reindex(codes, fill_value=0),
        "households": supply["households"],
        "residents": supply["residents"],
        "party_changes": _count_changes(repair, posts, codes),
        "party_missing": ground.sum_up(repair.missing),
    }
    for name in ("building_captain", "stairwell_captain"):
        own = slots["role"] == name
        values[f"{name}s"] = np.where(
            supply[f"{name}s"].isna(), np.nan, count(own & slots["filled"], slots)
        )
        values[f"{name}_slots"] = count(own, slots)
    for name in COUNTED:
        values[f"{name}_blank"] = np.isnan(np.asarray(values[name], float))
    return pd.DataFrame({k: np.asarray(v, float) for k, v in values.items()}, index=codes)


def _count_changes(repair: Repair, posts: pd.DataFrame, codes: Any) -> Floats:
    return np.asarray(
        posts.loc[repair.changed].groupby("community").size().reindex(codes, fill_value=0), float
    )


def write_figures(
    counts: pd.DataFrame, roster: Roster, ground: StaffingInputs, tally: Tally, rules: StaffingRules
) -> pd.DataFrame:
    """Write the same measures at community, subdistrict and city, and those of single sub-grids."""
    frames = []
    # Sums first, shares afterwards: a share of sums is the share of the level.
    levels = roll_up(counts, ground.communities)
    span = (
        roster.posts[roster.posts["role"] == "grid_leader"]
        .groupby("community")["served"]
        .max()
        .reindex(counts.index)
    )
    # Evenness is that of posts that work, so empty ones are left out.
    worker = np.isin(roster.posts["role"], name_roles(worker=True)) & roster.posts[
        "filled"
    ].to_numpy(bool)
    hours = roster.posts[worker]
    for level, table in levels.items():
        group = _group_posts(level, hours["community"], ground.communities, table.index)
        # Posts of communities outside every subdistrict have group -1.
        even = measure_evenness(
            hours["workload"].to_numpy()[group >= 0], group[group >= 0], len(table)
        ).set_axis(table.index)
        over = {"community": counts.index, "city": None}.get(level)
        # The widest span cannot be added up, so it is rolled up by itself.
        most = (
            span
            if level == "community"
            else _roll_max(level, span, ground.communities, table.index)
        )
        frames += _write_level(level, table, over, most, even, tally, rules)
    frames += _write_subgrids(roster, ground, rules)
    return pd.concat(frames, ignore_index=True)


def _group_posts(
    level: str, community: pd.Series[Any], communities: pd.DataFrame, index: Any
) -> Ints:
    if level == "city":
        return np.zeros(len(community), np.int64)
    of = community if level == "community" else communities["subdistrict"].reindex(community)
    return np.asarray(index.get_indexer(pd.Index(of)), np.int64)


def _roll_max(
    level: str, values: pd.Series[Any], communities: pd.DataFrame, index: Any
) -> pd.Series[Any]:
    if level == "city":
        return pd.Series([values.max()], index=index)
    return values.groupby(communities["subdistrict"].reindex(values.index)).max().reindex(index)


def _write_level(
    level: str,
    own: pd.DataFrame,
    over: Any,
    span_max: Any,
    even: pd.DataFrame,
    tally: Tally,
    rules: StaffingRules,
) -> list[pd.DataFrame]:
    """Write the measures of one level: coverage, leaders, workers, Party share, captains and evenness."""
    community = "" if over is None else over
    residential = own["subgrids"].replace(0, np.nan)
    origins = {name: np.where(own[f"{name}_blank"] > 0, "partial", "counted") for name in COUNTED}
    if level == "community":
        found = tally.origins[["cadres", "community_workers"]]
        origins["full_workers"] = np.where(
            (found == "unknown").any(axis=1),
            "partial",
            np.where((found == "estimated").any(axis=1), "estimated", "counted"),
        )
    rows: tuple[tuple[Any, ...], ...] = (
        ("coverage", own["served"] / residential, 1.0, False, "computed"),
        ("led", own["led"] / residential, 1.0, False, "computed"),
        ("leaders", own["leaders"], np.ceil(own["subgrids"] / rules.span_most), False, "computed"),
        ("leader_seats", own["seats"], np.nan, False, "computed"),
        (
            "leader_span",
            own["led"] / own["leaders"].replace(0, np.nan),
            rules.span_most,
            True,
            "computed",
        ),
        ("leader_span_max", span_max, np.nan, False, "computed"),
        (
            "full_workers",
            own["full_workers"],
            own["workers_needed"],
            False,
            origins["full_workers"],
        ),
        (
            "full_per_need",
            own["full_workers"] / own["workers_needed"].replace(0, np.nan),
            1.0,
            False,
            origins["full_workers"],
        ),
        ("part_workers", own["part_workers"], own["part_slots"], False, "computed"),
        ("workers", own["workers"], np.nan, False, "computed"),
        ("workers_per_subgrid", own["workers"] / residential, np.nan, False, "computed"),
        (
            "party_share",
            own["party_workers"] / own["workers"].replace(0, np.nan),
            rules.party_share,
            False,
            "computed",
        ),
        ("party_changes", own["party_changes"], np.nan, False, "computed"),
        ("party_missing", own["party_missing"], np.nan, False, "computed"),
        (
            "building_captains",
            own["building_captains"],
            own["building_captain_slots"],
            False,
            origins["building_captains"],
        ),
        (
            "stairwell_captains",
            own["stairwell_captains"],
            own["stairwell_captain_slots"],
            False,
            origins["stairwell_captains"],
        ),
        *((name, even[name], np.nan, False, "computed") for name in MEASURES),
    )
    return [
        make_figures(level, own.index, community, name, value, need, most=most, origin=origin)
        for name, value, need, most, origin in rows
    ]


def _write_subgrids(
    roster: Roster, ground: StaffingInputs, rules: StaffingRules
) -> list[pd.DataFrame]:
    post = roster.serves["post"].to_numpy(np.int64)
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    worker = np.isin(roster.posts["role"].to_numpy(object), name_roles(worker=True))[post]
    n = len(ground)
    number = np.bincount(grid[worker], minlength=n).astype(float)
    party = np.bincount(
        grid[worker], roster.posts["party"].to_numpy(float)[post[worker]], minlength=n
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(number > 0, party / number, np.nan)
    code = ground.table.index
    community = ground.table["community"].to_numpy(object)
    return [
        make_figures("subgrid", code, community, "workers", number, 1.0),
        make_figures("subgrid", code, community, "party_share", share, rules.party_share),
    ]
