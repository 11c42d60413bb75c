"""Rules on the figures of staffing: every indicator of it counted again from posts and duties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.auditing.chiefs_again import list_chief_figures
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    list_figures,
    recall_rules,
    say_ends,
    sum_levels,
)
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings
from gridplan.auditing.tallies import Counted, count_again
from gridplan.rules.all_rules import Rules
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.roles import PLACED, find_roles, name_roles

AGAIN = "staff the plan again"
SEATED = ("committee", "general_branch", "branch")
KEY = ("level", "of", "measure")
# What a search chose: no table says which posts it changed, only that levels add up.
CHOSEN = ("party_changes", "party_missing")


@dataclass(frozen=True, eq=False)
class StaffingCounts:
    """What is counted again by community (``table``), with how full-time workers were counted."""

    table: pd.DataFrame
    full_origin: pd.Series[Any]
    span: pd.Series[Any]


def count_staffing(evidence: Evidence) -> StaffingCounts:
    """Count supply, need and posts of each community again."""
    e = evidence
    rules = recall_rules(e, "staff", "staffing")
    codes = e.communities.index
    posts = e.plan.posts
    duties = e.take(_list_duties)
    worker = posts["role"].isin(name_roles(worker=True)) & posts["filled"]
    leaders = posts[posts["role"] == "grid_leader"]
    homes = pd.Series(e.held).groupby(e.subgrids["community"].to_numpy(object)).sum()
    homes = homes.reindex(codes).fillna(0).astype(float)

    def count(mask: Any) -> pd.Series[Any]:
        return posts[mask].groupby("community").size().reindex(codes, fill_value=0).astype(float)

    def count_grids(mask: Bools) -> pd.Series[Any]:
        grids = e.subgrids[e.subgrids.index.isin(duties.loc[mask, "subgrid"])]
        return grids.groupby("community").size().reindex(codes, fill_value=0).astype(float)

    cadres, staff = (count_again(e, m, homes) for m in ("cadres", "community_workers"))
    leading = count((posts["role"] == "grid_leader") & (posts["source"] == "cadre"))
    full = cadres.values.fillna(0) - leading + staff.values.fillna(0)
    orgs = e.plan.party_orgs[e.plan.party_orgs["level"].isin(SEATED)]
    residents = _count_residents(e, recall_rules(e, "plan").households.persons)
    part = posts["role"] == "grid_worker_part"
    table = pd.DataFrame(
        {
            "subgrids": e.subgrids.groupby("community").size().reindex(codes, fill_value=0),
            "led": count_grids((duties["role"] == "grid_leader").to_numpy()),
            "served": count_grids(
                (duties["role"].isin(name_roles(worker=True)) & duties["filled"]).to_numpy()
            ),
            "leaders": count(posts["role"] == "grid_leader"),
            "seats": orgs.groupby("community")["committee_seats"].sum().reindex(codes).fillna(0),
            "full_workers": full.where(cadres.values.notna() | staff.values.notna()),
            "workers_needed": need_workers(e, residents, homes, rules.staffing),
            "part_workers": count(part & posts["filled"]),
            "part_slots": count(part),
            "workers": count(worker),
            "party_workers": count(worker & posts["party"]),
            "households": homes,
        },
        index=codes,
    ).astype(float)
    for role in find_roles(filled_by=PLACED):
        number = count((posts["role"] == role.role) & posts["filled"])
        if role.supply:
            number = number.where(count_again(e, role.supply, homes).values.notna())
        table[role.measure] = number
        table[f"{role.role}_slots"] = count(posts["role"] == role.role)
    span = leaders.groupby("community")["served"].max().reindex(codes)
    return StaffingCounts(table, _join_origins(cadres, staff), span)


def _list_duties(e: Evidence) -> pd.DataFrame:
    """List the duties of posts and sub-grids that exist, with the role and what their posts are."""
    duties = e.plan.duties
    of = e.plan.posts[["role", "filled", "party"]].reindex(duties["post"])
    known = of["role"].notna().to_numpy() & duties["subgrid"].isin(e.subgrids.index).to_numpy()
    of = of[known].reset_index(drop=True)
    return pd.concat(
        [duties[known][["post", "subgrid"]].reset_index(drop=True), of], axis=1
    ).astype({"filled": bool, "party": bool})


def _count_residents(e: Evidence, persons: float) -> pd.Series[Any]:
    """Count the residents of each community: as given for a building, else persons a household."""
    homes = e.buildings
    people = homes["population"].fillna(homes["households"] * persons)
    people = people.where(homes["households"] > 0, 0.0)
    return people.groupby(homes["community"]).sum().reindex(e.communities.index).fillna(0)


def need_workers(e: Evidence, residents: Any, homes: Any, rules: StaffingRules) -> Any:
    """Find how many full-time workers the rules ask for in each community."""
    by_homes = np.ceil(homes / rules.households_per_worker - 1e-9)
    by_people = np.ceil(residents * rules.workers_per_10000 / 10_000 - 1e-9)
    is_small = (residents < rules.small_community) & (residents > 0)
    by_people = by_people.mask(is_small, np.maximum(by_people, rules.small_workers))
    is_town = (e.communities["kind"] == "urban") & (rules.worker_rule == "residents")
    return by_people.where(is_town, by_homes)


def _join_origins(first: Counted, second: Counted) -> pd.Series[Any]:
    """Join the origins of two counts: a sum is only as good as the worse of them."""
    both = pd.DataFrame({"a": first.origins, "b": second.origins})
    words = np.where(
        (both == "unknown").any(axis=1),
        "partial",
        np.where((both == "estimated").any(axis=1), "estimated", "counted"),
    )
    return pd.Series(words, index=both.index)


def check_staffing_figures(evidence: Evidence) -> pd.DataFrame:
    """Check each indicator of staffing: value, need, whether it is met, and its origin.

    Source: gridplan's schema; the needs are those of the rules of staffing.
    """
    e = evidence
    stated = e.plan.indicators[e.plan.indicators["room"] == "staffing"]
    if not e.plan.posts["role"].isin(name_roles(worker=True)).any() and stated.empty:
        return join_findings([])
    rules = recall_rules(e, "staff", "staffing")
    right = join_columns(
        [
            *_list_levels(e, e.take(count_staffing), rules),
            *_list_subgrids(e, rules.staffing),
            *list_chief_figures(e),
        ]
    )
    right = say_ends(right, "full_per_need", *_find_ends(e, rules))
    return compare_rows("staffing", "indicators", stated, right, KEY, AGAIN, "indicator")


def _find_ends(e: Evidence, rules: Rules) -> list[pd.Series[Any]]:
    """Find the full-time workers per need if households are as many, and as few, as they may be."""
    table = e.take(count_staffing).table
    persons = recall_rules(e, "plan").households.persons
    residents = _count_residents(e, persons)
    bare = e.buildings[(e.buildings["households"] > 0) & e.buildings["population"].isna()]
    varies = table.index.isin(bare["community"])
    ends = []
    for name in ("households_high", "households_low"):
        homes = e.communities[name].astype(float)
        moved = (residents + persons * (homes - table["households"])).clip(lower=0.0)
        need = need_workers(e, residents.where(~varies, moved), homes, rules.staffing)
        need = need.where(homes.notna() & (need > 0))
        ends.append(table["full_workers"] / need)
    return ends


def _list_levels(e: Evidence, counts: StaffingCounts, rules: Rules) -> list[dict[str, Any]]:
    blank_names = [
        "full_workers",
        *(role.measure for role in find_roles(filled_by=PLACED) if role.supply),
    ]
    table = counts.table
    blanks = table[blank_names].isna().astype(float).add_suffix("_blank")
    chosen = _read_chosen(e, table.index)
    frames = []
    for level, sums in sum_levels(pd.concat([table, blanks, chosen], axis=1), e).items():
        span = _widest(e, counts.span, level, sums.index)
        origins: dict[str, Any] = {
            name: np.where(sums[f"{name}_blank"] > 0, "partial", "counted") for name in blank_names
        }
        if level == "community":
            origins["full_workers"] = counts.full_origin.reindex(sums.index).to_numpy(object)
        even = _measure_evenness(e, level, sums.index)
        for name, value, need, most, origin in _list_rows(
            sums, span, even, origins, rules.staffing
        ):
            over = sums.index if level == "community" else ""
            frames.append(list_figures(level, sums.index, over, name, value, need, most, origin))
    return frames


def _read_chosen(e: Evidence, codes: Any) -> pd.DataFrame:
    """Read what a search chose of each community, so that its sums at least are checked."""
    rows = e.plan.indicators
    rows = rows[(rows["room"] == "staffing") & (rows["level"] == "community")]
    rows = rows.drop_duplicates(["of", "measure"])
    return pd.DataFrame(
        {m: rows[rows["measure"] == m].set_index("of")["value"].reindex(codes) for m in CHOSEN}
    )


def _widest(e: Evidence, span: pd.Series[Any], level: str, index: Any) -> pd.Series[Any]:
    """Find the most sub-grids that one leader has, at each level."""
    if level == "community":
        return span.reindex(index)
    if level == "city":
        return pd.Series([span.max()], index=index)
    return span.groupby(e.communities["subdistrict"].reindex(span.index)).max().reindex(index)


def _measure_evenness(e: Evidence, level: str, index: Any) -> pd.DataFrame:
    """Measure how evenly hours are spread among the workers of each place, from all pairs."""
    posts = e.plan.posts
    hours = posts[posts["role"].isin(name_roles(worker=True)) & posts["filled"]]
    of = hours["community"]
    if level == "subdistrict":
        of = of.map(e.communities["subdistrict"])
    elif level == "city":
        of = pd.Series(CITY, index=hours.index)
    rows = {}
    for code, values in hours["workload"].groupby(of):
        x = np.sort(values.to_numpy(float))
        n = len(x)
        mean = x.mean()
        if not mean > 0:
            continue
        # Of sorted hours, the sum of all differences takes one pass.
        apart = 2 * ((2 * np.arange(1, n + 1) - n - 1) @ x)
        share = x[x > 0] / mean
        rows[code] = (
            apart / (2 * n * n * mean),
            x.std() / mean,
            float((share * np.log(share)).sum()) / n,
            x.max() / mean,
        )
    names = ["workload_gini", "workload_cv", "workload_theil", "workload_max_mean"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).reindex(index)


def _list_rows(
    sums: pd.DataFrame,
    span: Any,
    even: pd.DataFrame,
    origins: dict[str, Any],
    rules: StaffingRules,
) -> list[tuple[str, Any, Any, bool, Any]]:
    """List the measures of one level: value, need, whether that is the most, and origin."""
    grids = sums["subgrids"].where(sums["subgrids"] > 0)
    workers = sums["workers"].where(sums["workers"] > 0)
    needed = sums["workers_needed"]
    full = origins["full_workers"]
    nothing = np.nan
    rows: list[tuple[str, Any, Any, bool, Any]] = [
        ("coverage", sums["served"] / grids, 1.0, False, "computed"),
        ("led", sums["led"] / grids, 1.0, False, "computed"),
        (
            "leaders",
            sums["leaders"],
            np.ceil(sums["subgrids"] / rules.span_most),
            False,
            "computed",
        ),
        ("leader_seats", sums["seats"], nothing, False, "computed"),
        (
            "leader_span",
            sums["led"] / sums["leaders"].where(sums["leaders"] > 0),
            rules.span_most,
            True,
            "computed",
        ),
        ("leader_span_max", span, nothing, False, "computed"),
        ("full_workers", sums["full_workers"], needed, False, full),
        ("full_per_need", sums["full_workers"] / needed.where(needed > 0), 1.0, False, full),
        ("part_workers", sums["part_workers"], sums["part_slots"], False, "computed"),
        ("workers", sums["workers"], nothing, False, "computed"),
        ("workers_per_subgrid", sums["workers"] / grids, nothing, False, "computed"),
        ("party_share", sums["party_workers"] / workers, rules.party_share, False, "computed"),
        *((name, sums[name], nothing, False, "computed") for name in CHOSEN),
        *((name, even[name], nothing, False, "computed") for name in even),
    ]
    for role in find_roles(filled_by=PLACED):
        origin = origins.get(role.measure, "computed")
        rows.append((role.measure, sums[role.measure], sums[f"{role.role}_slots"], False, origin))
    return rows


def _list_subgrids(e: Evidence, rules: StaffingRules) -> list[dict[str, Any]]:
    """List the workers of each sub-grid, and the Party's share among them."""
    duties = e.take(_list_duties)
    of_workers = duties[duties["role"].isin(name_roles(worker=True))].groupby("subgrid")["party"]
    codes = e.subgrids.index
    community = e.subgrids["community"].to_numpy(object)
    number = of_workers.size().reindex(codes, fill_value=0).astype(float)
    share = of_workers.mean().reindex(codes)
    return [
        list_figures("subgrid", codes, community, "workers", number, 1.0, False, "computed"),
        list_figures(
            "subgrid",
            codes,
            community,
            "party_share",
            share,
            # nothing is asked of fewer workers than make a team
            np.where(number >= rules.share_team, rules.party_share, np.nan),
            False,
            "computed",
        ),
    ]
