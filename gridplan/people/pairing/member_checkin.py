"""Members' check-in: the hours of serving members spread over communities by need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.people.pairing.minimum_cost_flow import Flow, FlowProblem, solve_flow
from gridplan.people.pairing.paired_communities import LINK_COLUMNS
from gridplan.rules.pairing import PairingRules
from gridplan.tables.whole_shares import share_total


def spread_members(
    institutions: pd.DataFrame, towns: pd.DataFrame, rules: PairingRules
) -> tuple[pd.DataFrame, Flow | None]:
    """Spread institutions' members over communities, each its share by need, at least metres.

    Members are counts; nobody is named. Shares are whole numbers by largest
    remainders, so that the transport problem is balanced and its least
    solution whole. Institutions whose members nobody counted send none.

    Examples
    --------
    Six members in the west and two in the east; both communities need the
    same, so two walk over:

    >>> west_east = {"x": [0.0, 1000.0], "y": [0.0, 0.0]}
    >>> institutions = pd.DataFrame({**west_east, "members": [6.0, 2.0]}, index=["i1", "i2"])
    >>> towns = pd.DataFrame({**west_east, "need": [1.0, 1.0]}, index=["a", "b"])
    >>> links, flow = spread_members(institutions, towns, PairingRules())
    >>> links[["source", "community", "amount"]].values.tolist(), flow.gap
    ([['i1', 'a', 4.0], ['i1', 'b', 2.0], ['i2', 'b', 2.0]], 0.0)
    """
    give = np.rint(institutions["members"].fillna(0).to_numpy(float) * rules.checkin_share).astype(
        np.int64
    )
    # Those who send nobody would only be empty rows of the programme.
    senders = institutions[give > 0]
    give = give[give > 0]
    if not len(senders) or not len(towns):
        return pd.DataFrame(columns=list(LINK_COLUMNS)), None
    # Needs are scaled to the very number sent, so that supply and demand are equal.
    ask = share_total(int(give.sum()), towns["need"].to_numpy(float))
    # One step at no price for each community: it takes its share and no more.
    # As everybody must be sent, only the ways decide.
    steps = np.column_stack([np.arange(len(towns)), ask, np.zeros(len(towns), np.int64)])[ask > 0]
    places = towns[["x", "y"]].to_numpy(float)
    flow = solve_flow(
        FlowProblem(
            senders[["x", "y"]].to_numpy(float), places, give, give, give, steps, np.zeros((0, 3))
        )
    )
    i, j, amount = flow.links.T
    step = senders[["x", "y"]].to_numpy(float)[i] - places[j]
    distance = np.hypot(step[:, 0], step[:, 1])
    community = towns.index.to_numpy(object)[j]
    links = pd.DataFrame(
        {
            "kind": "member_checkin",
            "source": senders.index.to_numpy(object)[i],
            "community": community,
            "target": community,
            "amount": amount.astype(float),
            "hours": amount * rules.checkin_hours,
            "distance": distance,
            "kept": False,
            "price": np.rint(distance) * amount,
        }
    )
    return links, flow
