"""The counts of people that may leave, as cells of one table, and the sums that tie them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import vstack

from gridplan.errors import PlanError, Problem
from gridplan.plan import Plan
from gridplan.publishing.place_sums import (
    UPPER,
    CellSystem,
    list_cells,
    sum_parts,
    sum_places,
)
from gridplan.site import Site
from gridplan.tables.level_indicators import place_bodies

OUTSIDE = "members_outside_branches"
PARTS: Mapping[str, tuple[str, ...]] = {  # a total -> the parts that add up to it
    "members": ("full", "probationary"),
    "volunteers": ("volunteers_party", "volunteers_other"),
    "elders": (),
}
MEASURES = tuple(dict.fromkeys(name for total, parts in PARTS.items() for name in (total, *parts)))
LEVELS = (*UPPER[::-1], "community", "branch")
# The finest level at which each count of people may leave; the check of a
# release refuses one that is finer. Any other measure stops at the community.
FINEST: Mapping[str, str] = {
    "members": "branch",
    OUTSIDE: "branch",
    **dict.fromkeys(("full", "probationary", "elders"), "community"),
    **dict.fromkeys(("volunteers", "volunteers_party", "volunteers_other"), "community"),
}
OTHERWISE = "community"
# A part of members or volunteers -> its measure in the site's table of counts.
COUNTED = {
    "full": "party_members_full",
    "probationary": "party_members_probationary",
    "volunteers": "volunteers",
    "volunteers_party": "volunteers_party",
    "elders": "elders",
}


def count_cells(plan: Plan) -> pd.DataFrame:
    """Count Party members, volunteers and elders by branch, community and every body above.

    From the table ``members`` where it is filled, else from the site's counts
    by community or finer.

    Raises
    ------
    PlanError
        If more members of a community stand in branches than it has.
    """
    measures = _count_communities(plan)
    wanted = [name for name in MEASURES if name in measures.columns]
    parts = [list_cells(measures[wanted], place_bodies(plan.site.communities))]
    if "members" in measures.columns:
        parts.append(_count_branches(plan, measures["members"]))
    cells = pd.concat(parts, ignore_index=True)
    cells["value"] = cells["value"].astype(np.int64)
    return order_cells(cells)


def order_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Order cells by level, code and measure."""
    # Their codes sort from the city down, which the alphabet would not.
    rank = pd.Categorical(cells["level"], LEVELS).codes
    return (
        cells.assign(rank=rank)
        .sort_values(["rank", "of", "measure"], ignore_index=True)
        .drop(columns="rank")
    )


def _count_communities(plan: Plan) -> pd.DataFrame:
    """Count by community: a column for each measure that is known of every community."""
    codes = plan.site.communities.index
    measures = pd.DataFrame(index=codes)
    people = plan.members
    site_counts = _sum_site_counts(plan)
    for name in ("full", "probationary", "volunteers", "volunteers_party", "elders"):
        # Members by stairwell come first: they are what the plan was organised by.
        if len(people) and name in people.columns:
            values = people.groupby("community")[name].sum().reindex(codes).fillna(0)
            # Zeros in the table of members say nothing unless somebody counted.
            known = bool(values.any()) or COUNTED[name] in site_counts.columns
        else:
            known = COUNTED[name] in site_counts.columns
            values = site_counts[COUNTED[name]].reindex(codes).fillna(0) if known else None
        if known:
            # The table of counts holds floats; people are whole numbers.
            measures[name] = values.round().astype(np.int64)
    if "full" in measures.columns:
        # Where full members are known, probationary ones that nobody counted are none.
        measures["probationary"] = measures.get("probationary", pd.Series(0, index=codes))
        measures["members"] = measures["full"] + measures["probationary"]
    if "volunteers_party" in measures.columns and "volunteers" in measures.columns:
        # More Party volunteers than volunteers would leave a negative rest.
        measures["volunteers_party"] = measures["volunteers_party"].clip(
            upper=measures["volunteers"]
        )
        measures["volunteers_other"] = measures["volunteers"] - measures["volunteers_party"]
    else:
        # A part without its whole is in no sum, so it is not published.
        measures = measures.drop(columns="volunteers_party", errors="ignore")
    return measures


def _sum_site_counts(plan: Plan) -> pd.DataFrame:
    """Sum up the site's counts by community; counts of the site as a whole are left out."""
    counts = plan.site.counts
    where = find_places(plan)
    inside = counts[where != ""]
    return inside["value"].groupby([where[inside.index], inside["measure"]]).sum().unstack()


def find_places(plan: Plan) -> pd.Series[Any]:
    """Find the community that each count belongs to; empty for counts of the site as a whole."""
    return place_counts(plan.site.counts, plan.site)


def place_counts(counts: pd.DataFrame, site: Site) -> pd.Series[Any]:
    """Find the community of a site that each of some counts belongs to; empty where none."""
    of = counts["of"]
    level = counts["level"]
    building = of.map(site.buildings["community"])
    compound = of.map(site.compounds["community"])
    community = np.select(
        [level == "building", level == "compound", level == "community"],
        [building, compound, of],
        "",
    )
    return pd.Series(community, index=counts.index, dtype=object).fillna("").astype("str")


def _count_branches(plan: Plan, members: pd.Series[Any]) -> pd.DataFrame:
    """Count the members of each branch, and those of each community that are in none."""
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"]
    size = branches["full"] + branches["probationary"]
    inside = (
        size.groupby(branches["community"]).sum().reindex(members.index).fillna(0).astype(np.int64)
    )
    # Fewer is no contradiction: the rest is outside branches.
    wrong = members.index[inside > members]
    if len(wrong):
        text = f"{len(wrong)} communities have more members in branches than members"
        raise PlanError(
            str(
                Problem(
                    "party_orgs", "branches add up", text, "organise the plan again", tuple(wrong)
                )
            )
        )
    # Without branches the rest would be the community's count once more.
    held = members.index[members.index.isin(branches["community"])]
    both = [
        pd.DataFrame(
            {
                "of": branches.index,
                "community": branches["community"],
                "measure": "members",
                "value": size,
            }
        ),
        pd.DataFrame(
            {
                "of": held,
                "community": held,
                "measure": OUTSIDE,
                "value": (members - inside).reindex(held),
            }
        ),
    ]
    return pd.concat(both, ignore_index=True).assign(level="branch")


def tie_cells(cells: pd.DataFrame, bodies: pd.DataFrame, least: int, floor: int) -> CellSystem:
    """Tie cells by the sums that everybody knows: over places, and of parts.

    Parameters
    ----------
    cells
        Cells as :func:`count_cells` gives them; values may be missing.
    bodies
        The bodies above each community, as ``place_bodies`` names them.
    least
        What a suppressed cell is at the least: 1 where zeros are always published.
    floor
        Fewest members of a branch.
    """
    # Members outside branches are a part of their community's members.
    sums = [sum_places(cells, bodies, cells["measure"].replace(OUTSIDE, "members"))]
    sums += [sum_parts(cells, total, parts) for total, parts in PARTS.items() if parts]
    matrix = vstack(sums, format="csr")
    is_branch = (cells["level"] == "branch") & (cells["measure"] == "members")
    # Everybody knows the rule, and smaller branches are not published: a hidden
    # one has at least ``floor`` members.
    lower = np.where(is_branch, max(least, floor), least)
    return CellSystem(cells, matrix, lower.astype(float))
