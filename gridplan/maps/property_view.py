"""Property service on a plan's map: stars in tooltips, and compounds to be picked out by list."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridplan.arrays import Shapes
from gridplan.maps.map_shapes import simplify_coverage, to_degrees
from gridplan.plan import Plan
from gridplan.tables.schema import Language
from gridplan.tables.words import say

LISTS = ("red_list", "black_list", "bare_owners")


def pick_compounds(plan: Plan) -> dict[str, Shapes]:
    """Pick out the compounds of each list, as far as there are any, in degrees.

    They are those on the red list, those on the black list, and those whose
    owners' committee has no Party organisation.
    """
    compounds = plan.site.compounds
    picked = {
        "red_list": compounds["red_list"].fillna(False).to_numpy(bool),
        "black_list": compounds["black_list"].fillna(False).to_numpy(bool),
        "bare_owners": compounds.index.isin(_find_bare(plan)),
    }
    return {
        name: to_degrees(plan, simplify_coverage(compounds.geometry.to_numpy()[rows]))
        for name, rows in picked.items()
        if rows.any()
    }


def _find_bare(plan: Plan) -> Any:
    """Find the compounds whose owners' committee is not known to have a Party organisation."""
    counts = plan.site.counts[plan.site.counts["level"] == "compound"]
    owners, party = (
        counts[counts["measure"] == measure].groupby("of")["value"].sum()
        for measure in ("owners_committee", "owners_committee_party")
    )
    led = party.reindex(owners.index).fillna(0)
    return owners.index[(owners > 0) & ~(led > 0)]


def say_property(plan: Plan, lang: Language) -> dict[str, list[str]]:
    """Say stars and list of the compound that most households of a sub-grid live in."""
    compounds = plan.site.compounds
    known = compounds["property_stars"].notna() | compounds["red_list"].notna()
    known |= compounds["black_list"].notna()
    doors = plan.stairwells[plan.stairwells["compound"].isin(compounds.index[known])]
    sums = doors.groupby(["subgrid", "compound"])["households"].sum().reset_index()
    sums = sums.sort_values(["subgrid", "households", "compound"], ascending=[True, False, True])
    most = sums.drop_duplicates("subgrid")
    return {
        str(subgrid): [_describe(compounds.loc[compound], str(compound), lang)]
        for subgrid, compound in zip(most["subgrid"], most["compound"], strict=True)
    }


def _describe(compound: Any, code: str, lang: Language) -> str:
    """Describe the property service of a compound in one line."""
    stars = compound["property_stars"]
    listed = ""
    for column, word in (("red_list", "on_red"), ("black_list", "on_black")):
        if compound[column] is not pd.NA and compound[column]:
            listed += say(word, lang)
    return say(
        "property_of",
        lang,
        compound=str(compound["name"]) or code,
        stars=say("stars_unknown", lang)
        if pd.isna(stars)
        else say("stars", lang, count=f"{stars:g}"),
        list=listed,
    )
