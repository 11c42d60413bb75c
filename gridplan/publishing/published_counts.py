"""What a release publishes beside counts of people: households, figures, gaps and reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.hidden_figures import find_hidden_figures
from gridplan.publishing.household_release import HouseholdChoice
from gridplan.publishing.place_sums import CITY
from gridplan.publishing.published_figures import count_figures
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.requirements import read_document


def publish_households(plan: Plan, households: HouseholdChoice) -> pd.DataFrame:
    """Publish households, sub-grids and grids of each community; a total may be suppressed."""
    table = plan.subgrids
    community = table["community"]
    homes = table["kind"] == "residential"
    measures = {
        "households": table["households"].groupby(community).sum(),
        "subgrids": homes.groupby(community).sum(),
        "exclusive": (table["kind"] == "exclusive").groupby(community).sum(),
    }
    if len(plan.special_grids):
        measures["special"] = plan.special_grids.groupby("community").size()
    rows = [
        pd.DataFrame(
            {
                "level": "community",
                "of": values.index,
                "community": values.index,
                "measure": name,
                "value": values,
            }
        )
        for name, values in measures.items()
    ]
    table = pd.concat(rows, ignore_index=True)
    closed = {code for level, code in households.hidden if level == "community"}
    hidden = (table["measure"] == "households") & table["of"].isin(closed)
    return table.assign(value=table["value"].astype(float).mask(hidden), shown=~hidden)


def publish_figures(
    plan: Plan,
    cells: pd.DataFrame,
    rules: DisclosureRules,
    households: HouseholdChoice,
    earlier: Earlier = (),
) -> pd.DataFrame:
    """Publish the figures of the paragraph for the city; what is suppressed has no value."""
    values = count_figures(plan)
    shut = find_hidden_figures(plan, cells, values, rules, earlier)
    of_kind = {("city", CITY): "households", ("kind", "urban"): "households_urban"}
    of_kind[("kind", "rural")] = "households_rural"
    shut |= {figure for pair, figure in of_kind.items() if pair in households.hidden}
    # The households that nobody counted are those of a few buildings at times.
    counted = values["households_counted"]
    if any(0 < part < rules.household_width for part in (counted, values["households"] - counted)):
        shut.add("households_counted")
    # An unknown figure has no row; a suppressed one has a row without value.
    known = values.dropna()
    return pd.DataFrame(
        {
            "level": "city",
            "of": "site",
            "community": "",
            "measure": ["figure:" + name for name in known.index],
            "value": [np.nan if name in shut else float(known[name]) for name in known.index],
            "shown": [name not in shut for name in known.index],
        }
    )


def publish_gaps(plan: Plan, cells: pd.DataFrame, rules: DisclosureRules) -> pd.DataFrame:
    """Publish how many gaps each rule has, by community where none of its counts is suppressed.

    A single community whose gaps are withheld would be found from the sum of
    the others: it is then left out of that sum.
    """
    blank = pd.DataFrame(columns=["level", "of", "community", "measure", "value", "shown"])
    if plan.gaps.empty:
        return blank
    counts = cells[cells["level"] == "community"]
    closed = set(counts.loc[~counts["shown"], "community"])
    # Where no central household is in reach says where members live.
    listed = plan.gaps[(plan.gaps["room"] != "reach") | (plan.gaps["rule"] != CENTRAL)]
    # What counts posts or people, and what a town asks by a file of its own, stays behind.
    open_rules = [key for key, one in read_document().items() if one.release == "yes"]
    listed = listed[(listed["room"] != "inventory") | listed["rule"].isin(open_rules)]
    if listed.empty:
        return blank
    gaps = listed.assign(measure="gaps:" + listed["room"] + ":" + listed["rule"])
    table = (
        gaps.groupby(["measure", "community"]).size().rename("value").astype(float).reset_index()
    )
    shut = table["community"].isin(closed) | _count_few_centres(plan, table, rules)
    # The only withheld community of a measure is the city's sum less the others.
    lone = shut & (shut.groupby(table["measure"]).transform("sum") == 1)
    city = (
        table[~lone]
        .groupby("measure")["value"]
        .sum()
        .reset_index()
        .assign(level="city", of="site", community="")
    )
    # So would the sub-grids of the city less those that lack a centre.
    whole = table.groupby("measure", as_index=False)["value"].sum().assign(community="")
    few = whole.loc[_count_few_centres(plan, whole, rules), "measure"]
    city = city[~city["measure"].isin(few)]
    open_ = table[~shut & (table["community"] != "")].assign(level="community")
    open_["of"] = open_["community"]
    return pd.concat([city, open_], ignore_index=True).assign(shown=True)


def _count_few_centres(plan: Plan, gaps: pd.DataFrame, rules: DisclosureRules) -> pd.Series[bool]:
    """Whether gaps of central households leave a small count of sub-grids that have one.

    Each of those is the home of a member; a community of "" stands for the city.
    """
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    all_ = homes.groupby("community").size()
    all_[""] = len(homes)
    rest = gaps["community"].map(all_).fillna(0) - gaps["value"]
    is_centre = gaps["measure"].str.endswith(":" + CENTRAL)
    return is_centre & (rest > 0) & (rest < rules.smallest)


def publish_reach(plan: Plan, rules: DisclosureRules) -> pd.DataFrame:
    """Publish the shares of the demand in reach and served, in hundredths, by community and city.

    A share that leaves fewer of them on one side than the narrowest band is
    suppressed, and that of the city with it if only one community's is.
    Central households are left out: where they are, and whether there are any,
    says where members live.
    """
    blank = pd.DataFrame(columns=["level", "of", "community", "measure", "value", "shown"])
    shares = plan.coverage[
        plan.coverage["own"]
        & (plan.coverage["state"] == "now")
        & (plan.coverage["kind"] != CENTRAL)
    ]
    shares = shares[shares["level"].isin(["city", "community"]) & shares["reachable_share"].notna()]
    if shares.empty:
        return blank
    frames = []
    for name, column in (("reach", "reachable_share"), ("served", "served_share")):
        measure = name + ":" + shares["kind"] + ":" + shares["minutes"].map("{:g}".format)
        # a plan measured before there was a demand counts its households
        asked = shares["demand"].fillna(shares["households"])
        inside = shares[column] * asked
        few = pd.Series(False, index=shares.index)
        for part in (inside, asked - inside):
            few |= (part > 0.5) & (part < rules.household_width)
        # The city less the others would be the only community that is withheld.
        towns = few & (shares["level"] == "community")
        lone = towns.groupby(measure).transform("sum") == 1
        hidden = few | (lone & (shares["level"] == "city"))
        frames.append(
            shares[["level", "of", "community"]].assign(
                measure=measure, value=shares[column].round(2).mask(hidden), shown=~hidden
            )
        )
    return pd.concat(frames, ignore_index=True)
