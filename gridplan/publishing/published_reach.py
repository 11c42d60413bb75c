"""Which shares in reach and served a release publishes, by community and every body above it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.left_over import list_left_over
from gridplan.publishing.place_sums import CITY, UPPER
from gridplan.publishing.published_counts import COLUMNS
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies


def publish_reach(plan: Plan, rules: DisclosureRules) -> pd.DataFrame:
    """Publish the shares of the demand in reach and served, in hundredths, by place.

    A share that leaves fewer of them on one side than the narrowest band is
    suppressed, and that of a body above if it would leave over so few, or one
    community alone. Central households are left out: where they are, and whether
    there are any, says where members live.
    """
    shares = plan.coverage[
        plan.coverage["own"]
        & (plan.coverage["state"] == "now")
        & (plan.coverage["kind"] != CENTRAL)
    ]
    shares = shares[shares["level"].isin(["city", "community"])]
    bodies = place_bodies(plan.site.communities)
    if shares.empty:
        return pd.DataFrame(columns=COLUMNS)
    frames = []
    for name, column in (("reach", "reachable_share"), ("served", "served_share")):
        known = shares[shares[column].notna()]
        if known.empty:
            continue
        measure = name + ":" + known["kind"] + ":" + known["minutes"].map("{:g}".format)
        # a plan measured before there was a demand counts its households
        asked = known["demand"].fillna(known["households"]).astype(float)
        table = known[["level", "of", "community"]].assign(
            measure=measure, asked=asked, inside=known[column] * asked, value=known[column]
        )
        for _, rows in table.groupby("measure"):
            frames.append(_publish_shares(rows, bodies, rules.household_width))
    blank = pd.DataFrame(columns=COLUMNS)
    return pd.concat(frames, ignore_index=True) if frames else blank


def _publish_shares(rows: pd.DataFrame, bodies: pd.DataFrame, width: int) -> pd.DataFrame:
    """Publish one share by place, from its rows of communities and of the city."""
    towns = rows[rows["level"] == "community"].set_index("of", drop=False)
    bodies = bodies.reindex(bodies.index.union(towns.index)).fillna("").assign(city=CITY)
    sums = towns[["inside", "asked"]]
    few = _are_few(towns["inside"], towns["asked"], width)

    def may_join(codes: tuple[str, ...]) -> bool:
        both = sums.loc[list(codes)].sum().to_frame().T
        return len(codes) > 1 and not bool(_are_few(both["inside"], both["asked"], width).any())

    left_over = list_left_over(towns.index[few], bodies, may_join)
    shut = {(one.level, one.of) for one in left_over if not one.may_join}
    frames = [towns.assign(hidden=few)]
    for level in UPPER[:-1]:
        over = sums.groupby(bodies[level].reindex(towns.index).to_numpy(object)).sum()
        over = over[(over.index != "") & (over["asked"] > 0)].rename_axis("of").reset_index()
        frames.append(over.assign(level=level, value=over["inside"] / over["asked"], community=""))
    frames.append(rows[rows["level"] == "city"])
    table = pd.concat(frames, ignore_index=True).assign(measure=rows["measure"].iloc[0])
    above = table["level"] != "community"
    hidden = _are_few(table["inside"], table["asked"], width) | (
        above & pd.MultiIndex.from_frame(table[["level", "of"]]).isin(list(shut))
    )
    return table.assign(value=table["value"].round(2).mask(hidden), shown=~hidden)[COLUMNS]


def _are_few(inside: pd.Series[float], asked: pd.Series[float], width: int) -> pd.Series[bool]:
    """Whether some, but fewer than a band has, are on one side."""
    few = np.zeros(len(inside), bool)
    for part in (inside, asked - inside):
        few |= ((part > 0.5) & (part < width)).to_numpy(bool)
    return pd.Series(few, index=inside.index)
