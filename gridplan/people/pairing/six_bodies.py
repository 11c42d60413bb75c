"""Six in one: the six bodies of governance each community has, and owners' committees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.people.counts import tally_counts
from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules
from gridplan.tables.indicators import CITY, make_figures, roll_up

COUNTED = (
    "residents_committee",
    "owners_committee",
    "property_firm",
    "building_captains",
    "service_station",
)
SIX = ("party_org", *COUNTED)


def measure_six(plan: Plan, towns: pd.DataFrame) -> pd.DataFrame:
    """Measure which of the six bodies each community has: 1, 0, or NaN where nobody says.

    Party organisation, residents' committee, owners' committee, property firm,
    building and door heads, service station. The first is read from
    ``party_orgs``, the others in the counts of communities or compounds.

    Source: six-in-one community governance (China City News, 25 September
    2023, p. 19).
    """
    tally = tally_counts(plan.site, COUNTED, towns["households"])
    table = tally.values.reindex(towns.index)
    # More than one of a kind is still that kind; NaN stays unknown.
    table = table.where(table.isna(), (table > 0).astype(float))
    # Without any organisation in the plan, nobody has organised it yet: unknown.
    led = towns.index.isin(plan.party_orgs.loc[plan.party_orgs["level"] != "group", "community"])
    table.insert(0, "party_org", np.where(led, 1.0, 0.0 if len(plan.party_orgs) else np.nan))
    return table


def write_six(six: pd.DataFrame) -> pd.DataFrame:
    """Write the matrix and how many of the six each community has; unknown counts as missing."""
    code = six.index
    frames = [
        make_figures("community", code, code, f"six_{name}", six[name], 1.0, origin="counted")
        for name in SIX
    ]
    frames.append(
        make_figures(
            "community", code, code, "six_in_one", six.fillna(0).sum(axis=1), 6.0, origin="counted"
        )
    )
    frames.append(
        make_figures("community", code, code, "six_unknown", six.isna().sum(axis=1), 0.0, most=True)
    )
    full = float((six.fillna(0).sum(axis=1) == 6).sum())
    frames.append(make_figures("city", [CITY], "", "six_complete", [full], float(len(six))))
    return pd.concat(frames, ignore_index=True)


def measure_owners(plan: Plan, towns: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure owners' committees by community: how many, with a Party organisation, and where not.

    Examples
    --------
    >>> from gridplan.synthetic import make_people_plan
    >>> towns = pd.DataFrame({"households": [120.0]}, index=["0301"])
    >>> measure_owners(make_people_plan(), towns)[0].values.tolist()
    [[nan, nan, nan, nan]]
    """
    measures = ("owners_committee", "owners_committee_party", "property_firm", "property_party")
    table = tally_counts(plan.site, measures, towns["households"]).values.reindex(towns.index)
    of_compounds = plan.site.counts[plan.site.counts["level"] == "compound"]
    wide = of_compounds[of_compounds["measure"].isin(measures[:2])].pivot_table(
        index="of", columns="measure", values="value", aggfunc="sum"
    )
    # Both columns must be there, also where nobody counted one of them.
    wide = wide.reindex(columns=list(measures[:2]))
    # Not above 0 holds for 0 and for unknown; the column known keeps them apart.
    bare = wide[(wide["owners_committee"] > 0) & ~(wide["owners_committee_party"] > 0)]
    community = plan.site.compounds["community"].reindex(bare.index)
    homes = (
        plan.stairwells.groupby("compound")["households"]
        .sum()
        .reindex(bare.index)
        .fillna(0)
        .astype(np.int64)
    )
    known = bare["owners_committee_party"].notna()
    bare = pd.DataFrame({"community": community, "households": homes, "known": known})
    return table, bare[bare["community"].isin(towns.index)].sort_index()


def write_owners(
    table: pd.DataFrame, communities: pd.DataFrame, rules: PairingRules
) -> pd.DataFrame:
    """Write the share of owners' committees and firms with a Party organisation at three levels."""
    frames = []
    blank = roll_up(table.isna().any(axis=1).to_frame("blank"), communities)
    for level, summed in roll_up(table, communities).items():
        community: Any = summed.index if level == "community" else ""
        # Without a committee or firm there is no share: 0 / 0 is not 0.
        owners = summed["owners_committee"].replace(0, np.nan)
        firms = summed["property_firm"].replace(0, np.nan)
        lacking = np.maximum(
            # Rounded up, less a rounding, so that 87 of 100 is not short of 0.87.
            0,
            np.ceil(rules.owners_share * owners - 1e-9) - summed["owners_committee_party"],
        )
        # One community that nobody counted makes the sum of its level a partial one.
        origin = np.where(blank[level]["blank"] > 0, "partial", "counted")
        for name, value, need in (
            ("owners_committees", summed["owners_committee"], np.nan),
            ("owners_party_share", summed["owners_committee_party"] / owners, rules.owners_share),
            ("owners_party_lacking", lacking, np.nan),
            ("property_party_share", summed["property_party"] / firms, 1.0),
        ):
            frames.append(
                make_figures(level, summed.index, community, name, value, need, origin=origin)
            )
    return pd.concat(frames, ignore_index=True)
