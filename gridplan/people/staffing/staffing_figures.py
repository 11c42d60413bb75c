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
from gridplan.tables.roles import PLACED, find_roles, name_roles

# A measure, its value and need, whether the need is the most allowed, its origin.
Row = tuple[str, Any, Any, bool, Any]


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

    def count(mask: Any) -> Floats:
        return _count_rows(posts.loc[mask], codes)

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
        "party_changes": count(repair.changed),
        "party_missing": ground.sum_up(repair.missing),
        **_count_roles(slots, posts, supply, codes),
    }
    for name in _list_counted():
        values[f"{name}_blank"] = np.isnan(np.asarray(values[name], float))
    return pd.DataFrame({k: np.asarray(v, float) for k, v in values.items()}, index=codes)


def _count_rows(table: pd.DataFrame, codes: Any) -> Floats:
    """Count the rows of each community, 0 where it has none."""
    return np.asarray(table.groupby("community").size().reindex(codes, fill_value=0), float)


def _count_roles(
    slots: pd.DataFrame, posts: pd.DataFrame, supply: pd.DataFrame, codes: Any
) -> dict[str, Floats]:
    """Count the filled posts and all posts of each role that has one for each place."""
    values = {}
    for role in find_roles(filled_by=PLACED):
        table = posts if role.filled_by == "subgrids" else slots
        of_role = table[table["role"] == role.role]
        filled = _count_rows(of_role[of_role["filled"].to_numpy(bool)], codes)
        # A supply that nobody counted is unknown and not none; some roles need no count.
        unknown = supply[role.supply].isna().to_numpy() if role.supply else False
        values[role.measure] = np.where(unknown, np.nan, filled)
        values[f"{role.role}_slots"] = _count_rows(of_role, codes)
    return values


def _list_counted() -> list[str]:
    """List the measures that are unknown where nobody counted."""
    return ["full_workers", *(role.measure for role in find_roles(filled_by=PLACED) if role.supply)]


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
    """Write the measures of one level."""
    origins = _find_origins(level, own, tally)
    rows = [
        *_list_leader_rows(own, span_max, rules),
        *_list_worker_rows(own, origins["full_workers"], rules),
        *_list_role_rows(own, origins),
        *((name, even[name], np.nan, False, "computed") for name in MEASURES),
    ]
    community = "" if over is None else over
    return [
        make_figures(level, own.index, community, name, value, need, most=most, origin=origin)
        for name, value, need, most, origin in rows
    ]


def _find_origins(level: str, own: pd.DataFrame, tally: Tally) -> dict[str, Any]:
    """Find how each counted measure is known: counted, estimated, or in part."""
    origins: dict[str, Any] = {
        name: np.where(own[f"{name}_blank"] > 0, "partial", "counted") for name in _list_counted()
    }
    # The sum of two counts is only as good as the worse of them.
    if level == "community":
        by_count = tally.origins[["cadres", "community_workers"]]
        origins["full_workers"] = np.where(
            (by_count == "unknown").any(axis=1),
            "partial",
            np.where((by_count == "estimated").any(axis=1), "estimated", "counted"),
        )
    return origins


def _list_leader_rows(own: pd.DataFrame, span_max: Any, rules: StaffingRules) -> list[Row]:
    """List what is served and led, and how many sub-grids a leader has."""
    # A place without sub-grids has no share of them.
    subgrids = own["subgrids"].replace(0, np.nan)
    span = own["led"] / own["leaders"].replace(0, np.nan)
    wanted = np.ceil(own["subgrids"] / rules.span_most)
    return [
        ("coverage", own["served"] / subgrids, 1.0, False, "computed"),
        ("led", own["led"] / subgrids, 1.0, False, "computed"),
        ("leaders", own["leaders"], wanted, False, "computed"),
        ("leader_seats", own["seats"], np.nan, False, "computed"),
        ("leader_span", span, rules.span_most, True, "computed"),
        ("leader_span_max", span_max, np.nan, False, "computed"),
    ]


def _list_worker_rows(own: pd.DataFrame, origin: Any, rules: StaffingRules) -> list[Row]:
    """List the grid workers beside their need, and the Party's share among them."""
    full = own["full_workers"]
    needed = own["workers_needed"]
    per_subgrid = own["workers"] / own["subgrids"].replace(0, np.nan)
    party_share = own["party_workers"] / own["workers"].replace(0, np.nan)
    return [
        ("full_workers", full, needed, False, origin),
        ("full_per_need", full / needed.replace(0, np.nan), 1.0, False, origin),
        ("part_workers", own["part_workers"], own["part_slots"], False, "computed"),
        ("workers", own["workers"], np.nan, False, "computed"),
        ("workers_per_subgrid", per_subgrid, np.nan, False, "computed"),
        ("party_share", party_share, rules.party_share, False, "computed"),
        ("party_changes", own["party_changes"], np.nan, False, "computed"),
        ("party_missing", own["party_missing"], np.nan, False, "computed"),
    ]


def _list_role_rows(own: pd.DataFrame, origins: dict[str, Any]) -> list[Row]:
    """List the filled posts of each role with one post for each place beside all of them."""
    return [
        (
            role.measure,
            own[role.measure],
            own[f"{role.role}_slots"],
            False,
            origins.get(role.measure, "computed"),
        )
        for role in find_roles(filled_by=PLACED)
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
    # Fewer are no team: their share is known, and nothing is asked of it.
    asked = np.where(number >= rules.share_team, rules.party_share, np.nan)
    return [
        make_figures("subgrid", code, community, "workers", number, 1.0),
        make_figures("subgrid", code, community, "party_share", share, asked),
    ]
