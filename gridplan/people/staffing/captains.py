"""Posts of which a building, stairwell or sub-grid has one, and posts of Party committees."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.people.staffing.supply_and_need import COMMITTEES
from gridplan.plan import Plan
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.roles import find_roles


def list_captains(plan: Plan, rules: StaffingRules) -> pd.DataFrame:
    """List the slots of roles with a post for each building or stairwell, all still empty.

    A building has a captain from so many households on; where such a building
    has several doors, so has each of its stairwells that is large enough.
    Floor bands over one door have one captain together, in the lowest.
    """
    stairwells = plan.stairwells.sort_index()
    homes = stairwells.groupby("building").agg(
        households=("households", "sum"),
        community=("community", "first"),
        subgrids=("subgrid", "nunique"),
        subgrid=("subgrid", "first"),
        doors=("door", "nunique"),
    )
    homes = homes[homes["households"] >= rules.building_households]
    buildings = homes.reset_index().assign(stairwell="")
    # By door and not by stairwell, so that floor bands over one door count together.
    doors = (
        stairwells.reset_index()
        .groupby(["building", "door"], as_index=False)
        .agg(
            households=("households", "sum"),
            community=("community", "first"),
            subgrids=("subgrid", "nunique"),
            subgrid=("subgrid", "first"),
            stairwell=("stairwell", "first"),
        )
    )
    # A building of one door has its building captain and needs no second one.
    doors = doors[
        (doors["households"] >= rules.stairwell_households)
        & doors["building"].isin(homes.index[homes["doors"] > 1])
    ]
    slots = pd.concat(
        [
            places.assign(role=role.role, post=places[key].to_numpy(object) + f"-{role.letters}")
            for pattern, key, places in (
                ("buildings", "building", buildings),
                ("stairwells", "stairwell", doors),
            )
            for role in find_roles(filled_by=pattern)
        ],
        ignore_index=True,
    )
    # A building in several sub-grids belongs to none of them alone.
    slots["subgrid"] = slots["subgrid"].where(slots["subgrids"] == 1, "")
    return slots.assign(served=slots["subgrids"], party=False, filled=False, source="none", org="")


def fill_captains(slots: pd.DataFrame, supply: pd.DataFrame) -> pd.DataFrame:
    """Fill the slots as far as the people counted reach; uncounted, none is filled.

    Those with most households come first. A role without a measure of its supply
    in the table of roles is filled everywhere.
    """
    roles = find_roles(role=tuple(slots["role"].unique()))
    # Most households first; the code of the post decides between equals.
    order = slots.assign(less=-slots["households"]).sort_values(
        ["role", "community", "less", "post"], kind="stable"
    )
    rank = order.groupby(["role", "community"]).cumcount().to_numpy()
    # Without a measure of supply there is no limit.
    pool = np.full(len(order), np.inf)
    for role in roles:
        of_role = (order["role"] == role.role).to_numpy()
        if role.supply:
            counted = supply[role.supply].fillna(0)
            pool[of_role] = counted.reindex(order["community"][of_role]).to_numpy()
    filled = pd.Series(rank < pool, index=order.index).reindex(slots.index)
    source = slots["role"].map({role.role: role.source for role in roles})
    return slots.assign(
        filled=filled.to_numpy(bool), source=np.where(filled, source.to_numpy(object), "none")
    )


def fill_subgrids(ground: StaffingInputs, supply: pd.DataFrame) -> pd.DataFrame:
    """List the posts of roles of which every residential sub-grid has one.

    They are filled as :func:`fill_captains` says.

    Returns
    -------
    Row of the sub-grid, role, source (none where nobody fills the post), party,
    number and org.
    """
    homes = ground.table[ground.table["kind"] == "residential"]
    places = pd.DataFrame(
        {
            "row": np.flatnonzero(ground.table["kind"] == "residential"),
            "community": homes["community"].to_numpy(object),
            "households": homes["households"].to_numpy(),
            "post": homes.index.to_numpy(object),
        }
    )
    columns = ["row", "role", "source", "party", "number", "org"]
    slots = [places.assign(role=role.role) for role in find_roles(filled_by="subgrids")]
    # pandas refuses to join no tables at all.
    if not slots:
        return pd.DataFrame(columns=columns)
    filled = fill_captains(pd.concat(slots, ignore_index=True), supply)
    return filled.assign(party=False, number=1, org="")[columns]


def list_committees(plan: Plan) -> pd.DataFrame:
    """List the posts of committees, filled as far as the organisation has full members."""
    orgs = plan.party_orgs[
        plan.party_orgs["level"].isin(COMMITTEES) & (plan.party_orgs["committee_seats"] > 0)
    ].sort_index()
    seats = orgs.index.repeat(orgs["committee_seats"])
    # Seat 0 is the secretary's, the others have their number in the code.
    number = pd.Series(seats).groupby(seats).cumcount().to_numpy()
    orgs_of_seats = orgs.loc[seats]
    head = number == 0
    codes = pd.Series(np.asarray(seats, object)).astype("str")
    # A community organisation leads its branches; its own seats are held by their members.
    filled = (number < orgs_of_seats["full"].to_numpy()) | (
        orgs_of_seats["level"] != "branch"
    ).to_numpy()
    return pd.DataFrame(
        {
            "post": codes.to_numpy(object)
            + np.where(head, "-SE", "-CM" + pd.Series(number).astype("str").to_numpy(object)),
            "role": np.where(head, "branch_secretary", "branch_committee"),
            "community": orgs_of_seats["community"].to_numpy(object),
            "building": orgs_of_seats["building"].to_numpy(object),
            "org": np.asarray(seats, object),
            "party": True,
            "source": np.where(filled, np.where(head, "secretary", "committee"), "none"),
            "filled": filled,
            "households": orgs_of_seats["households"].to_numpy(),
            "served": orgs_of_seats["subgrid_count"].to_numpy(),
        }
    )
