"""The board with people on it: members and Party organisations filled in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from shapely.geometry import Point

from gridplan.plan import Plan
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.tables.conform import conform_table

CITY_COUNTS = {"cadres": 2, "cadres_party": 2, "community_workers": 7, "community_workers_party": 3}

Counts = Mapping[str, float] | Sequence[tuple[str, str, str, float]]
ByStairwell = float | Mapping[str, float]


def count_rows(rows: Counts, community: str = "0301") -> pd.DataFrame:
    """Make counts from measures of one community, or from (level, of, measure, value)."""
    items = (
        [("community", community, m, v) for m, v in rows.items()]
        if isinstance(rows, Mapping)
        else rows
    )
    columns = ["level", "of", "measure", "value"]
    return make_table(
        "counts",
        [
            {"count": f"{n:03d}", **dict(zip(columns, row, strict=True))}
            for n, row in enumerate(items, 1)
        ],
    )


def fill_members(
    plan: Plan, full: ByStairwell = 1, available: ByStairwell | None = None, branch: str = ""
) -> pd.DataFrame:
    """Fill the members of every stairwell: the same number everywhere, or one for each."""
    stairwells = plan.stairwells
    number = (
        pd.Series(full).reindex(stairwells.index).fillna(0)
        if isinstance(full, Mapping)
        else pd.Series(full, index=stairwells.index)
    )
    # every full member is available unless the caller says otherwise
    able = number if available is None else pd.Series(available).reindex(stairwells.index).fillna(0)
    return conform_table(
        "members",
        stairwells[["building", "compound", "community", "subgrid"]].assign(
            full=number, available=able, level="building", branch=branch
        ),
    )


def make_people_plan(
    full: ByStairwell = 1,
    seats: int = 2,
    counts: Counts | None = None,
    available: ByStairwell | None = None,
    **board: Any,
) -> Plan:
    """Make the board of :func:`make_board_plan` with members, counts, and one branch or none.

    Two sub-grids of sixty households, six houses each; by default every house
    has one full member.

    Examples
    --------
    >>> make_people_plan(full=2).party_orgs["full"].to_dict()
    {'0301-B01': 24}
    """
    plan = make_board_plan(**board)
    site = plan.site.replace(counts=count_rows(CITY_COUNTS if counts is None else counts))
    members = fill_members(plan, full, available, branch="0301-B01")
    # no seats: no branch either, as before the first organisation
    if not seats:
        return plan.replace(site=site, members=members)
    branch = {
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
    return plan.replace(site=site, members=members, party_orgs=make_table("party_orgs", [branch]))


def settle(
    plan: Plan,
    members: Mapping[str, int],
    where: Mapping[str, tuple[float, float]] | None = None,
) -> Plan:
    """Settle institutions with so many Party members, in a row or at the places given."""
    # ten metres apart, from the south-west corner of the board eastwards
    spots = where or {code: (10.0 * n, 0.0) for n, code in enumerate(members)}
    rows = [
        {
            "institution": code,
            "kind": "organ",
            "party_members": number,
            "geometry": Point(X0 + spots[code][0], Y0 + spots[code][1]),
        }
        for code, number in members.items()
    ]
    return plan.replace(institutions=make_table("institutions", rows))
