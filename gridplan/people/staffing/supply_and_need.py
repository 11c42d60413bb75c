"""Supply and need of each community: who can hold a post, and how many the rules ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.people.counts import Tally, tally_counts
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.plan import Plan
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.roles import find_roles

MEASURES = (
    "cadres",
    "cadres_party",
    "community_workers",
    "community_workers_party",
    "resident_representatives",
    "volunteers",
    "volunteers_party",
)
COMMITTEES = ("committee", "general_branch", "branch")


def measure_supply(
    plan: Plan, ground: StaffingInputs, rules: StaffingRules, persons: float
) -> tuple[pd.DataFrame, Tally]:
    """Measure what each community has and needs: a row each, NaN where nobody counted.

    Columns: seats (secretaries and committee members), cadres,
    community_workers and those of them in the Party, representatives,
    volunteers and those in the Party, available (full members able to hold a
    post), residents, workers_needed, subgrids, wanted_leaders (so that the
    mean span is within its limit).

    Source of workers_needed: 18 for 10,000 residents of a town community, at
    least 9 below 5,000 (Gansu Daily, 2023); one for 300 households elsewhere
    (a county's grid rules).
    """
    codes = ground.communities.index
    households = ground.sum_up(ground.table["households"])
    # What the table of roles names as a supply is counted too, each measure once.
    supplies = [role.supply for role in find_roles() if role.supply]
    measures = tuple(dict.fromkeys([*MEASURES, *supplies]))
    tally = tally_counts(plan.site, measures, pd.Series(households, index=codes))
    orgs = plan.party_orgs[plan.party_orgs["level"].isin(COMMITTEES)]
    table = tally.values.assign(
        seats=orgs.groupby("community")["committee_seats"]
        .sum()
        .reindex(codes, fill_value=0)
        .to_numpy(float),
        available=ground.sum_up(ground.table["available"]),
        households=households,
        residents=count_residents(plan, ground, persons),
        subgrids=np.bincount(ground.place, minlength=len(codes)),
    )
    urban = (ground.communities["kind"] == "urban").to_numpy()
    table["workers_needed"] = need_workers(table["residents"].to_numpy(), households, urban, rules)
    # As many leaders as keep their mean span within its limit.
    table["wanted_leaders"] = np.ceil(table["subgrids"] / rules.span_most)
    return table, tally


def find_need_ends(
    plan: Plan, supply: pd.DataFrame, rules: StaffingRules, persons: float
) -> dict[str, pd.Series[float]]:
    """Find how many workers each community needs at both ends of its households' range.

    The keys are the columns of the ends; NaN where the plan says no range.
    """
    towns = plan.site.communities.loc[supply.index]
    homes = plan.site.buildings[plan.site.buildings["households"] > 0]
    # residents that were counted do not vary with what is estimated of households
    guessed = towns.index.isin(homes.loc[homes["population"].isna(), "community"])
    urban = (towns["kind"] == "urban").to_numpy()
    ends = {}
    for name in ("households_low", "households_high"):
        end = towns[name].to_numpy(float)
        more = np.where(guessed, persons * (end - supply["households"].to_numpy(float)), 0.0)
        people = np.maximum(supply["residents"].to_numpy(float) + more, 0.0)
        need = np.where(np.isnan(end), np.nan, need_workers(people, end, urban, rules))
        ends[name] = pd.Series(need, index=supply.index)
    return ends


def count_residents(plan: Plan, ground: StaffingInputs, persons: float) -> Floats:
    """Count the residents of each community: as given for buildings, else ``persons`` each."""
    homes = plan.site.buildings
    # A building without households houses nobody, whatever its population says.
    residents = np.where(
        homes["households"] > 0, homes["population"].fillna(homes["households"] * persons), 0.0
    )
    by = pd.Series(residents, index=homes["community"]).groupby(level=0).sum()
    return np.asarray(by.reindex(ground.communities.index).fillna(0), float)


def need_workers(residents: Any, households: Any, urban: Any, rules: StaffingRules) -> Floats:
    """Find how many community workers each community needs.

    Examples
    --------
    A town community of 7,061 residents, one of 3,000, and a village of 420
    households:

    >>> homes, people, urban = [2700, 1200, 420], [7061, 3000, 1000], [True, True, False]
    >>> need_workers(people, homes, urban, StaffingRules()).tolist()
    [13.0, 9.0, 2.0]
    """
    people = np.asarray(residents, float)
    homes = np.asarray(households, float)
    # Less a rounding, so that 600 households by 300 are 2 and not 3.
    by_homes = np.ceil(homes / rules.households_per_worker - 1e-9)
    by_people = np.ceil(people * rules.workers_per_10000 / 10_000 - 1e-9)
    # Without residents a community is empty, not small.
    small = (people < rules.small_community) & (people > 0)
    by_people = np.where(small, np.maximum(by_people, rules.small_workers), by_people)
    return np.where(
        np.asarray(urban, bool) & (rules.worker_rule == "residents"), by_people, by_homes
    )
