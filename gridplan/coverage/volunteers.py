"""Volunteers: the households that they reach, and each community's team and need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Numbers
from gridplan.coverage.coverage_inputs import CLASSES, CoverageInputs
from gridplan.coverage.coverage_tables import ReachTimes
from gridplan.people.counts import tally_counts
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import CoverageRules
from gridplan.tables.indicators import CITY, add_ends, make_figures

KIND = "volunteer_post"
WORK = {
    "per_100": "volunteers_per_100",
    "visits": "volunteer_visits_month",
    "services": "services_per_volunteer",
}


def measure_volunteers(
    plan: Plan, ground: CoverageInputs, reach: ReachTimes, rules: Rules
) -> pd.DataFrame:
    """Measure the volunteers of every community: a row each, and one for the city.

    Requests come at a rate for each household of a class. A request takes its
    hours and the way there and back from the nearest service point; the need
    is as many volunteers as give those hours, for the requests within the
    longest threshold.

    Returns
    -------
    Columns: volunteers (NaN where nobody counted), need, requests (a month),
    per_100 (volunteers of 100 households), visits (a month, at the hours that
    they give), services (requests a month that each of them serves), and for
    each threshold t within_t and requests_t (shares of households and of
    requests).
    """
    coverage_rules = rules.coverage
    k = len(ground.communities)
    times = coverage_rules.thresholds
    rates = np.array([coverage_rules.requests_urban, coverage_rules.requests_rural]) / 100.0
    asked = (
        ground.weight
        # stairwells of no class ask as urban ones do
        * np.append(rates, coverage_rules.requests_urban / 100.0)[
            np.where(ground.kind < 0, len(CLASSES), ground.kind)
        ]
    )
    # stairwells of no community count nowhere, not even for the city
    kept = ground.community >= 0

    def add_up(amount: Numbers) -> Floats:
        return np.bincount(ground.community[kept], amount[kept], minlength=k).astype(float)

    sums: dict[str, Floats] = {
        "households": add_up(ground.weight.astype(float)),
        "requests": add_up(asked),
    }
    for minutes in times:
        near = reach.best <= minutes
        sums[f"within_{minutes:g}"] = add_up(ground.weight * near)
        sums[f"requests_{minutes:g}"] = add_up(asked * near)
    # the need leaves out requests from beyond the longest threshold
    near = reach.best <= times[-1]
    # there and back, in hours
    walk = np.where(near, reach.best, 0.0) * 2.0 / 60.0
    hours = add_up(asked * near * (coverage_rules.request_hours + walk))
    homes = pd.Series(sums["households"], index=ground.communities)
    tally = (
        tally_counts(plan.site, ["volunteers"], homes)
        .values["volunteers"]
        .reindex(ground.communities)
    )
    table = pd.DataFrame(
        {**sums, "hours": hours, "volunteers": tally.to_numpy(float)}, index=ground.communities
    )
    # the city's count is unknown only if no community was counted
    table.loc[CITY] = table.sum(min_count=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        for minutes in times:
            for name, whole in (("within", "households"), ("requests", "requests")):
                table[f"{name}_{minutes:g}"] = table[f"{name}_{minutes:g}"] / table[whole].where(
                    table[whole] > 0
                )
    table["need"] = (
        # the small amount keeps an exact quotient from being rounded up
        np.ceil(table["hours"] / coverage_rules.volunteer_hours - 1e-9)
        if coverage_rules.volunteer_hours > 0
        else np.nan
    )
    return _add_work(table, add_up(asked * near), coverage_rules).drop(columns="hours")


def _add_work(table: pd.DataFrame, within: Floats, rules: CoverageRules) -> pd.DataFrame:
    """Add what volunteers can do in the hours that they give: visits, and requests served."""
    volunteers = table["volunteers"]
    given = volunteers * rules.volunteer_hours
    asked = pd.Series([*within, within.sum()], index=table.index)
    with np.errstate(invalid="ignore", divide="ignore"):
        # of the requests within reach as many as the hours allow
        able = np.minimum(1.0, given / table["hours"].where(table["hours"] > 0))
        return table.assign(
            per_100=100.0 * volunteers / table["households"].where(table["households"] > 0),
            visits=given / rules.volunteer_visit if rules.volunteer_visit > 0 else np.nan,
            services=asked * able / volunteers.where(volunteers > 0),
        )


def write_volunteers(table: pd.DataFrame, rules: Rules, communities: pd.DataFrame) -> pd.DataFrame:
    """Write the figures of volunteers by community and for the city.

    Requests follow from households, so those of ``communities`` whose number
    is estimated have ends.
    """
    frames = []
    for level, rows in (("community", table.drop(index=CITY)), ("city", table.loc[[CITY]])):
        of = rows.index.to_numpy(object)
        over: Any = of if level == "community" else ""
        frames.append(
            make_figures(
                level, of, over, "volunteers", rows["volunteers"], rows["need"], origin="counted"
            )
        )
        frames.append(
            make_figures(
                level, of, over, "volunteer_requests_month", rows["requests"], origin="estimated"
            )
        )
        for name, measure in WORK.items():
            frames.append(make_figures(level, of, over, measure, rows[name], origin="estimated"))
        for minutes in rules.coverage.thresholds:
            names = [f"{name}_{minutes:g}" for name in ("within", "requests")]
            frames += [
                make_figures(level, of, over, f"volunteer_{name}", rows[name]) for name in names
            ]
    homes = table["households"].where(table["households"] > 0)
    each = (table["requests"] / homes).drop(index=CITY)
    low, high = (
        each * communities[name].reindex(each.index)
        for name in ("households_low", "households_high")
    )
    figures = pd.concat(frames, ignore_index=True)
    return add_ends(figures, "volunteer_requests_month", low, high)


def spread_visits(plan: Plan, ground: CoverageInputs, table: pd.DataFrame) -> pd.DataFrame:
    """Spread the visits of a month over the sub-grids of each community, by households."""
    homes = ground.subgrid >= 0
    held = np.bincount(
        ground.subgrid[homes], ground.weight[homes], minlength=len(ground.subgrids)
    ).astype(float)
    of = ground.subgrids.to_numpy(object)
    community = plan.subgrids["community"].reindex(of).to_numpy(object)
    each = table["visits"] / table["households"].where(table["households"] > 0)
    visits = held * each.reindex(community).to_numpy(float)
    name = WORK["visits"]
    return make_figures("subgrid", of, community, name, visits, origin="estimated")


def list_short_teams(table: pd.DataFrame) -> pd.DataFrame:
    """List the communities whose volunteers are fewer than the need, or were not counted."""
    communities = table.drop(index=CITY)
    short = communities[
        (communities["volunteers"] < communities["need"] - 1e-9)
        | (communities["volunteers"].isna() & (communities["need"] > 0))
    ]
    # a team that nobody counted is reported too, with another remedy
    known = short["volunteers"].notna()
    return pd.DataFrame(
        {
            "rule": "volunteers",
            "level": "community",
            "of": short.index.to_numpy(object),
            "community": short.index.to_numpy(object),
            "value": short["volunteers"].to_numpy(),
            "need": short["need"].to_numpy(),
            "households": short["households"].to_numpy().astype(np.int64),
            "reason": np.where(
                known,
                "fewer volunteers than the requests within reach take",
                "nobody counted its volunteers",
            ),
            "remedy": np.where(
                known,
                "recruit more, or share those of neighbours",
                "count them: measure volunteers",
            ),
        }
    )
