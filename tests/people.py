"""Members and Party organisations filled in by hand, for the rooms that build on them."""

import pandas as pd

from gridplan.plan import Plan
from gridplan.tables.conform import conform_table
from tests.villages import make_board_plan, make_table

CITY_COUNTS = {"cadres": 2, "cadres_party": 2, "community_workers": 7, "community_workers_party": 3}


def count_rows(rows, community="0301"):
    """Counts of one community from a mapping of measures, or rows of (level, of, measure, value)."""
    items = (
        [("community", community, m, v) for m, v in rows.items()]
        if isinstance(rows, dict)
        else rows
    )
    columns = ["level", "of", "measure", "value"]
    return make_table(
        "counts",
        [
            {"count": f"{n:03d}", **dict(zip(columns, r, strict=True))}
            for n, r in enumerate(items, 1)
        ],
    )


def fill_members(plan: Plan, full=1, available=None, branch="") -> pd.DataFrame:
    """Members of every stairwell: the same number everywhere, or a mapping from stairwells."""
    own = plan.stairwells
    number = (
        pd.Series(full, index=own.index)
        if not isinstance(full, dict)
        else pd.Series(full).reindex(own.index).fillna(0)
    )
    able = number if available is None else pd.Series(available).reindex(own.index).fillna(0)
    return conform_table(
        "members",
        own[["building", "compound", "community", "subgrid"]].assign(
            full=number, available=able, level="building", branch=branch
        ),
    )


def make_people_plan(full=1, seats=2, counts=None, available=None, **board):
    """The board of :func:`make_board_plan` with members, one branch with so many committee seats, and counts.

    Two sub-grids of sixty households, six houses each; every house has one
    full member unless told otherwise.
    """
    plan = make_board_plan(**board)
    site = plan.site.replace(counts=count_rows(CITY_COUNTS if counts is None else counts))
    members = fill_members(plan, full, available, branch="0301-B01")
    org = {
        "org": "0301-B01",
        "level": "branch",
        "form": "village",
        "community": "0301",
        "committee_seats": seats,
        "building": plan.stairwells["building"].iloc[0],
        "full": int(members["full"].sum()),
        "subgrid_count": len(plan.subgrids),
        "households": int(plan.subgrids["households"].sum()),
        "places": 1,
    }
    orgs = make_table("party_orgs", [org] if seats else [])
    if not seats:
        return plan.replace(site=site, members=members)
    return plan.replace(site=site, members=members, party_orgs=orgs)


def settle(plan: Plan, members, where=None) -> Plan:
    """Institutions with so many Party members (a mapping from codes), side by side from the corner, or at the places given."""
    from shapely.geometry import Point

    from tests.villages import X0, Y0

    spots = where or {code: (10.0 * n, 0.0) for n, code in enumerate(members)}
    rows = [
        {
            "institution": c,
            "kind": "organ",
            "party_members": m,
            "geometry": Point(X0 + spots[c][0], Y0 + spots[c][1]),
        }
        for c, m in members.items()
    ]
    return plan.replace(institutions=make_table("institutions", rows))
