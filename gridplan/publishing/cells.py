"""The counts that may leave, as cells of one table, and the sums that tie them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from gridplan.arrays import Floats
from gridplan.errors import PlanError, Problem
from gridplan.plan import Plan
from gridplan.site import Site

CITY = "site"
OUTSIDE = "members_outside_branches"
PARTS: Mapping[str, tuple[str, ...]] = {  # a total -> the parts that add up to it
    "members": ("full", "probationary"),
    "volunteers": ("volunteers_party", "volunteers_other"),
    "elders": (),
}
MEASURES = tuple(dict.fromkeys(name for total, parts in PARTS.items() for name in (total, *parts)))
LEVELS = ("city", "subdistrict", "community", "branch")
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


@dataclass(frozen=True)
class CellSystem:
    """Cells and the sums that tie them.

    ``cells`` has level, of, community, measure and value; ``matrix`` @ value =
    0 holds for the true values, a row for each sum; ``lower`` is what
    everybody knows a suppressed cell to be at the least.
    """

    cells: pd.DataFrame
    matrix: csr_matrix
    lower: Floats


def count_cells(plan: Plan) -> pd.DataFrame:
    """Count Party members, volunteers and elders by branch, community, subdistrict and city.

    From the table ``members`` where it is filled, else from the site's counts
    by community or finer.

    Raises
    ------
    PlanError
        If more members of a community stand in branches than it has.
    """
    measures = _count_communities(plan)
    town = plan.site.communities["subdistrict"].reindex(measures.index).fillna("").astype("str")
    parts = [_list_cells(measures, "community", measures.index)]
    wards = measures.groupby(town.to_numpy()).sum(min_count=1)
    # A community without a subdistrict counts for the city alone.
    wards = wards[wards.index != ""]
    parts.append(_list_cells(wards, "subdistrict", np.array([""] * len(wards), dtype=object)))
    city = pd.DataFrame([measures.sum(min_count=1)], index=[CITY])
    parts.append(_list_cells(city, "city", np.array([""], dtype=object)))
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


def _list_cells(table: pd.DataFrame, level: str, communities: Any) -> pd.DataFrame:
    """Turn a table of measures into cells."""
    wanted = [name for name in MEASURES if name in table.columns]
    cells = [
        pd.DataFrame(
            {
                "level": level,
                "of": table.index,
                "community": communities,
                "measure": name,
                "value": table[name].to_numpy(),
            }
        )
        for name in wanted
    ]
    # pandas refuses to join no tables at all.
    blank = pd.DataFrame(columns=["level", "of", "community", "measure", "value"])
    return pd.concat(cells, ignore_index=True) if cells else blank


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


def tie_cells(
    cells: pd.DataFrame, subdistricts: pd.Series[Any], least: int, floor: int
) -> CellSystem:
    """Tie cells by the sums that everybody knows: over places, and of parts.

    Parameters
    ----------
    cells
        Cells as :func:`count_cells` gives them; values may be missing.
    subdistricts
        Subdistrict of each community.
    least
        What a suppressed cell is at the least: 1 where zeros are always published.
    floor
        Fewest members of a branch.
    """
    key = pd.MultiIndex.from_frame(cells[["level", "of", "measure"]])
    place = pd.Series(np.arange(len(cells)), index=key)
    sums = [_sum_places(cells, place, subdistricts)]
    sums += [_sum_parts(cells, place, total, parts) for total, parts in PARTS.items() if parts]
    matrix = vstack(sums, format="csr")
    is_branch = (cells["level"] == "branch") & (cells["measure"] == "members")
    # Everybody knows the rule, and smaller branches are not published: a hidden
    # one has at least ``floor`` members.
    lower = np.where(is_branch, max(least, floor), least)
    return CellSystem(cells, matrix, lower.astype(float))


def _sum_places(
    cells: pd.DataFrame, place: pd.Series[Any], subdistricts: pd.Series[Any]
) -> csr_matrix:
    """Write the sums over places: what lies in a place adds up to it, measure by measure."""
    town = cells["community"].map(subdistricts).fillna("").to_numpy(dtype=object)
    level = cells["level"].to_numpy(dtype=object)
    community = cells["community"].to_numpy(dtype=object)
    up_level = pd.Series(level).map(
        {"city": "", "subdistrict": "city", "community": "subdistrict", "branch": "community"}
    )
    # Without a subdistrict a community is added to the city directly.
    up_level = np.where((level == "community") & (town == ""), "city", up_level)
    up = np.select([up_level == "city", up_level == "subdistrict"], [CITY, town], community)
    # Members outside branches are a part of their community's members.
    measure = cells["measure"].replace(OUTSIDE, "members").to_numpy(dtype=object)
    # NaN where the whole was not published: then there is no sum to know.
    parent = place.reindex(pd.MultiIndex.from_arrays([up_level, up, measure])).to_numpy()
    has_parent = np.flatnonzero(~np.isnan(parent))
    sums, row = np.unique(parent[has_parent].astype(np.int64), return_inverse=True)
    # A row of the matrix is a sum: its parts count 1, the whole -1.
    signs = np.concatenate([np.ones(len(has_parent)), -np.ones(len(sums))])
    rows = np.concatenate([row, np.arange(len(sums))])
    columns = np.concatenate([has_parent, sums])
    return csr_matrix((signs, (rows, columns)), shape=(len(sums), len(cells)))


def _sum_parts(
    cells: pd.DataFrame, place: pd.Series[Any], total: str, parts: tuple[str, ...]
) -> csr_matrix:
    """Write the sums of parts: full and probationary members, for example, are all members."""
    wholes = np.flatnonzero((cells["measure"] == total) & (cells["level"] != "branch"))
    level = cells["level"].to_numpy(dtype=object)[wholes]
    of = cells["of"].to_numpy(dtype=object)[wholes]
    names = [pd.MultiIndex.from_arrays([level, of, [part] * len(wholes)]) for part in parts]
    part_rows = np.array([place.reindex(name).to_numpy(float) for name in names])
    # The sum is known only where every part is a cell.
    complete = np.flatnonzero(~np.isnan(part_rows).any(axis=0))
    n = len(complete)
    signs = np.concatenate([-np.ones(n), *np.ones((len(parts), n))])
    rows = np.tile(np.arange(n), 1 + len(parts))
    columns = np.concatenate([wholes[complete], *part_rows[:, complete].astype(np.int64)])
    return csr_matrix((signs, (rows, columns)), shape=(n, len(cells)))
