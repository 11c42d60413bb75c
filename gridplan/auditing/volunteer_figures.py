"""Rules on volunteers: requests within reach of their posts, and how many the work takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.auditing.demand_again import list_demand
from gridplan.auditing.derived import (
    CITY,
    compare_rows,
    join_columns,
    list_figures,
    recall_rules,
    say_ends,
)
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import join_findings
from gridplan.auditing.tallies import count_again

AGAIN = "measure reach again: gridplan reach"


def check_volunteer_figures(evidence: Evidence) -> pd.DataFrame:
    """Check the indicators of reach: volunteers, and the people of groups that posts serve.

    Source: gridplan's schema; requests and hours are rules of coverage.
    """
    e = evidence
    stated = e.plan.indicators[e.plan.indicators["room"] == "reach"]
    reach = e.plan.reach
    rows = reach[(reach["state"] == "now") & (reach["kind"] == "volunteer_post")]
    if stated.empty and rows.empty:
        return join_findings([])
    rules = recall_rules(e, "reach")
    right = _count_volunteers(e, rows, rules) if len(rows) else None
    of_groups = list_demand(e, rules)
    parts = [part for part in (right, of_groups) if part is not None]
    right = pd.concat(parts, ignore_index=True) if parts else stated.iloc[:0]
    key = ("level", "of", "measure")
    return compare_rows("reach", "indicators", stated, right, key, AGAIN, "indicator")


def _count_volunteers(e: Evidence, rows: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """Count requests, those within reach, and volunteers, by community and for the city."""
    c = rules.coverage
    door = find_rows(e.stairwells, rows["stairwell"])
    rows = rows[door >= 0]
    kind = e.stairwells["community_kind"].to_numpy(object)[door[door >= 0]]
    community = e.stairwells["community"].to_numpy(object)[door[door >= 0]]
    homes = rows["households"].to_numpy(float)
    asked = homes * np.where(kind == "rural", c.requests_rural, c.requests_urban) / 100.0
    minutes = rows["minutes"].to_numpy(float)
    times = sorted(c.thresholds)
    amounts = {"homes": homes, "asked": asked}
    for limit in times:
        near = np.nan_to_num(minutes, nan=np.inf).round(6) <= limit
        amounts |= {f"within_{limit:g}": homes * near, f"requests_{limit:g}": asked * near}
    near = np.nan_to_num(minutes, nan=np.inf).round(6) <= times[-1]
    amounts["hours"] = asked * near * (c.request_hours + np.where(near, minutes, 0) / 30.0)
    table = pd.DataFrame(amounts).groupby(community).sum()
    table = table.reindex(e.communities.index).fillna(0)
    table["volunteers"] = count_again(e, "volunteers", table["homes"]).values.reindex(table.index)
    frames = []
    # as many more requests as there may be more households
    rate = table["asked"] / table["homes"].where(table["homes"] > 0)
    ends = [rate * e.communities[f"households_{end}"].astype(float) for end in ("low", "high")]
    for level, sums in (
        ("community", table),
        ("city", table.sum(min_count=1).to_frame(CITY).T),
    ):
        of = sums.index
        over: Any = of if level == "community" else ""
        need = (
            np.ceil(sums["hours"] / c.volunteer_hours - 1e-9) if c.volunteer_hours > 0 else np.nan
        )
        frames.append(
            list_figures(level, of, over, "volunteers", sums["volunteers"], need, False, "counted")
        )
        name = "volunteer_requests_month"
        frames.append(
            list_figures(level, of, over, name, sums["asked"], np.nan, False, "estimated")
        )
        given = sums["volunteers"] * c.volunteer_hours
        able = (given / sums["hours"].where(sums["hours"] > 0)).clip(upper=1.0)
        people = sums["volunteers"].where(sums["volunteers"] > 0)
        work = {
            "volunteers_per_100": 100 * sums["volunteers"] / sums["homes"].where(sums["homes"] > 0),
            "volunteer_visits_month": given / (c.volunteer_visit or np.nan),
            "services_per_volunteer": sums[f"requests_{times[-1]:g}"] * able / people,
        }
        for name, value in work.items():
            frames.append(list_figures(level, of, over, name, value, np.nan, False, "estimated"))
        for limit in c.thresholds:
            for word, whole in (("within", "homes"), ("requests", "asked")):
                share = sums[f"{word}_{limit:g}"] / sums[whole].where(sums[whole] > 0)
                name = f"volunteer_{word}_{limit:g}"
                frames.append(list_figures(level, of, over, name, share, np.nan, False, "computed"))
    frames.append(_spread_visits(e, door[door >= 0], homes, table, c))
    return say_ends(join_columns(frames), "volunteer_requests_month", *ends)


def _spread_visits(e: Evidence, door: Any, homes: Any, table: pd.DataFrame, rules: Any) -> Any:
    """Share the visits of each community out to its sub-grids, by their households."""
    grids = e.subgrids[(e.subgrids["kind"] == "residential").to_numpy()]
    held = pd.Series(homes).groupby(e.stairwells["subgrid"].to_numpy(object)[door]).sum()
    visits = table["volunteers"] * rules.volunteer_hours / (rules.volunteer_visit or np.nan)
    each = (visits / table["homes"].where(table["homes"] > 0)).reindex(grids["community"])
    value = held.reindex(grids.index).fillna(0.0).to_numpy() * each.to_numpy(float)
    over = grids["community"].to_numpy(object)
    name = "volunteer_visits_month"
    return list_figures("subgrid", grids.index, over, name, value, np.nan, False, "estimated")
