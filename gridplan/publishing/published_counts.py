"""What a release publishes beside counts of people: households, figures, gaps and reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.published_figures import count_figures, list_figures
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules


def publish_households(plan: Plan) -> pd.DataFrame:
    """Publish households, sub-grids and grids of each community: none is a count of people."""
    table = plan.subgrids
    community = table["community"]
    homes = table["kind"] == "residential"
    measures = {
        "households": table["households"].groupby(community).sum(),
        "subgrids": homes.groupby(community).sum(),
        "exclusive": (~homes).groupby(community).sum(),
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
    return pd.concat(rows, ignore_index=True).assign(
        value=lambda t: t["value"].astype(float), shown=True
    )


def publish_figures(plan: Plan, cells: pd.DataFrame, rules: DisclosureRules) -> pd.DataFrame:
    """Publish the figures of the paragraph for the city; what is suppressed has no value."""
    values = count_figures(plan)
    city = cells[cells["level"] == "city"].set_index("measure")
    hidden = {name for name in city.index if not city.loc[name, "shown"]}
    # A hidden count of the city -> the figures that equal it, are made from it,
    # or would show how large it is.
    closed = {
        "members": (
            "members",
            "branches",
            "groups",
            "general_branches",
            "central_households",
            "subgrids_with_centre",
        ),
        "volunteers": ("volunteers", "volunteers_party", "volunteer_party_share"),
        "volunteers_party": ("volunteers_party", "volunteer_party_share"),
    }
    shut = {figure for name in hidden for figure in closed.get(name, ())}
    if _betrays_urban(plan, cells):
        shut.add("volunteers_urban")
    # Figures of people from any other table are small counts too.
    shut |= {
        name
        for name in values.index
        if list_figures()[name].unit == "people" and 0 < values[name] < rules.smallest
    }
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


def _betrays_urban(plan: Plan, cells: pd.DataFrame) -> bool:
    """Whether the sum over urban communities adds knowledge: volunteers hidden in both kinds."""
    hidden = cells[
        (cells["level"] == "community")
        & (cells["measure"] == "volunteers")
        & ~cells["shown"].astype(bool)
    ]
    return bool(plan.site.communities["kind"].reindex(hidden["community"]).nunique() > 1)


def publish_gaps(plan: Plan, cells: pd.DataFrame) -> pd.DataFrame:
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
    gaps = listed.assign(measure="gaps:" + listed["room"] + ":" + listed["rule"])
    table = (
        gaps.groupby(["measure", "community"]).size().rename("value").astype(float).reset_index()
    )
    shut = table["community"].isin(closed)
    # The only withheld community of a measure is the city's sum less the others.
    lone = shut & (shut.groupby(table["measure"]).transform("sum") == 1)
    city = (
        table[~lone]
        .groupby("measure")["value"]
        .sum()
        .reset_index()
        .assign(level="city", of="site", community="")
    )
    open_ = table[~shut & (table["community"] != "")].assign(level="community")
    open_["of"] = open_["community"]
    return pd.concat([city, open_], ignore_index=True).assign(shown=True)


def publish_reach(plan: Plan) -> pd.DataFrame:
    """Publish the shares of households in reach and served, in hundredths, by community and city.

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
        frames.append(
            shares[["level", "of", "community"]].assign(
                measure=measure, value=shares[column].round(2), shown=True
            )
        )
    return pd.concat(frames, ignore_index=True)
