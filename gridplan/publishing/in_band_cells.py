"""Sub-grids within the band, by place: no more is said than the bands of households say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.household_bands import read_bands
from gridplan.publishing.household_release import HouseholdChoice, find_narrow_if
from gridplan.publishing.left_over import list_left_over
from gridplan.publishing.place_sums import list_cells
from gridplan.publishing.published_counts import COLUMNS
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies


def read_states(subgrids: Any, bands: pd.DataFrame) -> pd.DataFrame:
    """Read from bands which residential sub-grids are within the limits of their rule.

    Returns
    -------
    A row for each: community, low, high, ``inside``, and ``open`` where its band is
    withheld or reaches over a limit.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> subgrids = make_board_plan().subgrids.assign(low=20, high=40)
    >>> bands = pd.DataFrame({"first": [30, 0], "last": [40, 10**6]}, index=subgrids.index)
    >>> read_states(subgrids, bands)[["inside", "open"]].to_numpy().tolist()
    [[True, False], [False, True]]
    """
    table = pd.DataFrame(subgrids[["community", "kind", "low", "high"]])
    table = table[table["kind"] == "residential"]
    first, last = bands["first"].reindex(table.index), bands["last"].reindex(table.index)
    given = first > 0
    inside = given & (first >= table["low"]) & (last <= table["high"])
    outside = given & ((last < table["low"]) | (first > table["high"]))
    return table.drop(columns="kind").assign(inside=inside, open=~inside & ~outside)


def publish_in_band(
    plan: Plan, rules: DisclosureRules, households: HouseholdChoice, earlier: Earlier = ()
) -> pd.DataFrame:
    """Publish how many sub-grids of each place are within the band.

    That of a community is shown only where the band of each of its sub-grids lies
    within the limits or beyond them. The sum of a body may leave over sub-grids whose
    bands say neither, if few are neither within nor beyond, or if all are within and
    no number of households could be worked out by it.
    """
    states = read_states(plan.subgrids, households.bands)
    held = plan.subgrids["households"].reindex(states.index)
    truly = (held >= states["low"]) & (held <= states["high"])
    bodies = place_bodies(plan.site.communities)
    states = states[states["community"].isin(bodies.index)]
    community = states["community"].astype(object)
    sums = truly.reindex(states.index).groupby(community).sum().to_frame("in_band")
    rows = list_cells(sums, bodies)
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    # Bands that went out earlier say of a sub-grid what those of today withhold.
    masks = [states["open"]]
    for _, out in earlier:
        before = read_states(out.subgrids, read_bands(out.subgrids["household_band"]))["open"]
        masks.append(states["open"] & before.reindex(states.index).fillna(True).astype(bool))
    counts = [
        pd.DataFrame({"all": mask, "in": mask & truly.reindex(states.index)})
        .groupby(community)
        .sum()
        for mask in masks
    ]
    all_in = states.index[states["open"] & truly.reindex(states.index)]
    safe: list[bool] = []

    def may_join(codes: tuple[str, ...]) -> bool:
        for count in counts:
            asked, held = (int(count.loc[list(codes), name].sum()) for name in ("all", "in"))
            if may_be_counted(asked, held, rules):
                continue
            if held < asked:
                return False
            # Asked once, and only where it matters: it solves for every sub-grid.
            if not safe:
                known = states.loc[all_in, ["low", "high"]].set_axis(["first", "last"], axis=1)
                safe.append(not find_narrow_if(plan, rules, households, known, earlier))
            if not safe[0]:
                return False
        return True

    withheld = set(counts[0].index[counts[0]["all"] > 0])
    left_over = list_left_over(withheld, bodies, may_join)
    shut = {(one.level, one.of) for one in left_over if not one.may_join}
    shut |= {("community", code) for code in withheld}
    hidden = pd.MultiIndex.from_frame(rows[["level", "of"]]).isin(list(shut))
    value = rows["value"].astype(float).mask(hidden)
    return rows.assign(value=value, shown=~hidden)[COLUMNS]


def may_be_counted(asked: int, held: int, rules: DisclosureRules) -> bool:
    """Whether so many sub-grids of unknown state may be said to hold so many within the band.

    Examples
    --------
    >>> rules = DisclosureRules()
    >>> may_be_counted(0, 0, rules), may_be_counted(20, 3, rules), may_be_counted(20, 8, rules)
    (True, False, True)
    """
    return not asked or bool(np.minimum(held, asked - held) >= rules.smallest)
