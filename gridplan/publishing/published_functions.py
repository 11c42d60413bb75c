"""Organisations and workers needed, by place: shown only where what they follow from is."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.household_release import HouseholdChoice
from gridplan.publishing.left_over import list_left_over
from gridplan.publishing.place_sums import UPPER, list_cells
from gridplan.publishing.published_counts import COLUMNS
from gridplan.tables.level_indicators import place_bodies

# A measure -> the level of the Party organisations that it counts.
ORGANISATIONS = {"branches": "branch", "groups": "group", "general_branches": "general_branch"}
NEEDED = "workers_needed"


def publish_organisations(plan: Plan, cells: pd.DataFrame, earlier: Earlier = ()) -> pd.DataFrame:
    """Publish the Party organisations of each place whose members are shown.

    How many branches a community has says about how many members. A sum is left out
    where it would leave over one community, or several without any.
    """
    members = cells[(cells["measure"] == "members") & (cells["level"] != "branch")]
    if plan.party_orgs.empty or members.empty:
        return pd.DataFrame(columns=COLUMNS)
    bodies = place_bodies(plan.site.communities)
    closed = members.loc[~members["shown"].astype(bool), ["level", "of"]]
    shut = set(closed.itertuples(index=False, name=None))
    frames = []
    for measure, level in ORGANISATIONS.items():
        orgs = plan.party_orgs[plan.party_orgs["level"] == level]
        count = orgs["community"].value_counts().reindex(bodies.index).fillna(0).astype(int)
        frames.append(_publish(count.rename(measure), bodies, shut, 0, earlier))
    return pd.concat(frames, ignore_index=True)


def publish_needed(plan: Plan, households: HouseholdChoice, earlier: Earlier = ()) -> pd.DataFrame:
    """Publish the full-time workers that the rules ask for, by place.

    They follow from the households, and are shown where those are.
    """
    rows = plan.indicators
    rows = rows[
        (rows["room"] == "staffing")
        & (rows["measure"] == "full_workers")
        & (rows["level"] == "community")
        & rows["need"].notna()
    ]
    bodies = place_bodies(plan.site.communities)
    need = rows.set_index("of")["need"]
    need = need[need.index.isin(bodies.index)]
    if need.empty:
        return pd.DataFrame(columns=COLUMNS)
    count = need.reindex(bodies.index).rename(NEEDED)
    # Every community that has sub-grids has one at least.
    table = _publish(count.fillna(0), bodies, set(households.hidden), 1, earlier)
    unknown = bodies[count.isna()]
    gone = {("community", code) for code in unknown.index}
    gone |= {(level, name) for level in UPPER for name in unknown[level]}
    return table[~pd.MultiIndex.from_frame(table[["level", "of"]]).isin(list(gone))]


def may_be_summed(count: int, total: float, least: int) -> bool:
    """Whether a sum of so many hidden counts, each ``least`` at the least, gives none away.

    Examples
    --------
    >>> may_be_summed(1, 9, 0), may_be_summed(2, 0, 0), may_be_summed(2, 2, 1)
    (False, False, False)
    >>> may_be_summed(2, 1, 0), may_be_summed(2, 3, 1)
    (True, True)
    """
    return count > 1 and total > count * least


def _publish(
    count: pd.Series[float],
    bodies: pd.DataFrame,
    shut: Iterable[tuple[str, str]],
    least: int,
    earlier: Earlier,
) -> pd.DataFrame:
    """Publish a count by place: hidden where ``shut`` says so, and where a sum would tell."""
    closed = set(shut)
    withheld = {code for level, code in closed if level == "community"} & set(count.index)
    # What went out earlier and is the same today hides nobody else.
    secret = withheld - _find_known(count, earlier)

    def may_join(codes: tuple[str, ...]) -> bool:
        unknown = [code for code in codes if code in secret]
        return all(
            may_be_summed(len(group), float(count[list(group)].sum()), least)
            for group in (codes, unknown)
            if group
        )

    above = {pair for pair in closed if pair[0] in UPPER}
    left_over = list_left_over(withheld, bodies, may_join, above)
    closed |= {(one.level, one.of) for one in left_over if not one.may_join}
    rows = list_cells(count.to_frame(), bodies)
    hidden = pd.MultiIndex.from_frame(rows[["level", "of"]]).isin(list(closed))
    return rows.assign(value=rows["value"].astype(float).mask(hidden), shown=~hidden)[COLUMNS]


def _find_known(count: pd.Series[float], earlier: Earlier) -> set[str]:
    """Find the communities whose count was shown earlier, the same as today."""
    known: set[str] = set()
    for _, out in earlier:
        table = out.published[out.published["shown"].astype(bool)]
        rows = table[(table["measure"] == count.name) & (table["level"] == "community")]
        then = rows.set_index("of")["value"].reindex(count.index)
        known |= set(count.index[(then == count).to_numpy(bool)])
    return known
