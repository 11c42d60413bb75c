"""Grid leaders: the seats that may lead, their zones of sub-grids, and who takes which."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.optimize import linear_sum_assignment

from gridplan.arrays import Ints
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.people.staffing.supply_and_need import COMMITTEES
from gridplan.people.staffing.zones import divide_zones
from gridplan.plan import Plan
from gridplan.rules.staffing import StaffingRules


def count_leaders(supply: pd.DataFrame, rules: StaffingRules) -> pd.DataFrame:
    """Count each community's leaders: from seats, and from cadres where these are too few.

    Source: the leader is a Party secretary or a member of a branch committee
    (China City News, 25 September 2023, p. 19).

    Examples
    --------
    Nine sub-grids, two seats and three cadres, at most three sub-grids a
    leader: one cadre must lead too.

    >>> people = {"seats": [2.0], "cadres": [3.0]}
    >>> supply = pd.DataFrame({"subgrids": [9], **people, "wanted_leaders": [3.0]})
    >>> count_leaders(supply, StaffingRules()).values.tolist()
    [[2, 1]]
    """
    # More seats than sub-grids cannot all lead.
    seats = np.minimum(supply["seats"], supply["subgrids"])
    short = np.maximum(0.0, supply["wanted_leaders"] - seats)
    cadres = np.minimum(short, supply["cadres"].fillna(0)) if rules.cadres_lead else short * 0.0
    return pd.DataFrame({"seats": seats, "cadres": cadres}).astype(np.int64)


def lead_subgrids(
    plan: Plan, inputs: StaffingInputs, leaders: pd.DataFrame, workers: int | None = None
) -> tuple[pd.DataFrame, Ints]:
    """Divide the sub-grids of each community among its leaders and say which seat leads which zone.

    Zones differ by one sub-grid at most wherever they can. Seats are matched
    to zones with the least sum of metres between the zone's middle and the
    organisation's meeting building, none where its own members live in the
    middle: exactly, by the assignment problem.

    Returns
    -------
    One row for each leader (community, number in it, org, source), and the row
    of each sub-grid's leader, -1 for none.
    """
    zone = divide_zones(inputs, leaders.sum(axis=1).to_numpy(), None, workers)
    # Leaders are numbered through the city; each community's begin where those before end.
    first = np.concatenate([[0], np.cumsum(leaders.sum(axis=1).to_numpy())])
    leader = np.where(zone >= 0, first[:-1][inputs.place] + zone, -1)
    middle = find_middles(inputs, leader, int(first[-1]))
    seats = list_seats(plan)
    by = {str(c): rows for c, rows in seats.groupby("community", sort=False)}
    orgs = np.full(first[-1], "", object)
    sources = np.full(first[-1], "cadre", object)
    for c, code in enumerate(inputs.communities.index):
        seats_here = by.get(code)
        zones = np.arange(first[c], first[c + 1])
        # Without seats, cadres lead every zone, and nothing is to be matched.
        if seats_here is None or not len(zones):
            continue
        centre = middle[zones]
        apart = np.hypot(
            *(
                inputs.xy[centre][:, None, :] - seats_here[["x", "y"]].to_numpy()[None, :, :]
            ).transpose(2, 0, 1)
        )
        # An organisation without a meeting building is nowhere: no way speaks against it.
        apart[np.isnan(apart)] = 0.0
        home = (
            inputs.table["branch"].to_numpy(object)[centre][:, None]
            == seats_here["org"].to_numpy(object)[None, :]
        )
        # Decimetres, so that ties do not depend on a machine's last digit.
        z, s = linear_sum_assignment(np.where(home, 0.0, apart.round(1)))
        orgs[zones[z]] = seats_here["org"].to_numpy(object)[s]
        sources[zones[z]] = seats_here["source"].to_numpy(object)[s]
    place = np.repeat(np.arange(len(leaders)), np.diff(first))
    table = pd.DataFrame(
        {
            "community": inputs.communities.index.to_numpy(object)[place],
            "org": orgs,
            "source": sources,
        }
    )
    return table.assign(number=np.arange(len(table)) - first[place] + 1, middle=middle), leader


def list_seats(plan: Plan) -> pd.DataFrame:
    """List the seats that may lead: secretary and committee members, where they meet."""
    orgs = plan.party_orgs[
        plan.party_orgs["level"].isin(COMMITTEES) & (plan.party_orgs["committee_seats"] > 0)
    ].sort_index()
    seats = orgs.index.repeat(orgs["committee_seats"])
    places = shapely.centroid(
        plan.site.buildings.geometry.reindex(orgs["building"].loc[seats]).to_numpy()
    )
    number = pd.Series(seats).groupby(seats).cumcount().to_numpy()
    return pd.DataFrame(
        {
            "org": np.asarray(seats, object),
            "community": orgs["community"].loc[seats].to_numpy(object),
            "number": number,
            # The first seat of an organisation is its secretary's.
            "source": np.where(number == 0, "secretary", "committee"),
            "x": shapely.get_x(places),
            "y": shapely.get_y(places),
        }
    )


def find_middles(inputs: StaffingInputs, group: Ints, count: int) -> Ints:
    """Find the sub-grid in the middle of each group: nearest to its households' mean."""
    rows = np.flatnonzero(group >= 0)
    group_of_row = group[rows]
    xy = inputs.xy[rows]
    # Exclusive sub-grids have no households, but a place in the mean.
    weight = np.maximum(inputs.table["households"].to_numpy(float)[rows], 1.0)
    mass = np.bincount(group_of_row, weight, minlength=count)
    mean = np.column_stack(
        [
            np.bincount(group_of_row, weight * xy[:, d], minlength=count) / np.maximum(mass, 1.0)
            for d in (0, 1)
        ]
    )
    apart = np.hypot(*(xy - mean[group_of_row]).T).round(3)
    # Nearest first within a group; equal to a millimetre, the first by code.
    order = np.lexsort((rows, apart, group_of_row))
    # The first row of each group; none where no sub-grid has a group.
    head = np.concatenate([np.ones(min(1, len(rows)), bool), np.diff(group_of_row[order]) > 0])
    middle = np.full(count, -1)
    middle[group_of_row[order[head]]] = rows[order[head]]
    return middle
