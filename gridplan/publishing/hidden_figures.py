"""Which figures of the city stay behind: those of few people, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.figure_cells import FEWEST_SENDERS, FUNCTIONS
from gridplan.publishing.figure_differences import read_figures
from gridplan.rules.disclosure import DisclosureRules


def find_hidden_figures(
    plan: Plan,
    cells: pd.DataFrame,
    others: pd.DataFrame,
    values: pd.Series[Any],
    rules: DisclosureRules,
    earlier: Sequence[tuple[Plan, Plan]] = (),
) -> set[str]:
    """Find the figures of the city that stay behind.

    Parameters
    ----------
    plan
        The working plan.
    cells
        The counts of people that leave, with what is shown.
    others
        Posts, organisations and what is in band, with what of them is shown.
    values
        Every figure, NaN where it is unknown.
    rules
        What is small, and how open it must stay.
    earlier
        Working plans that were released before, and those releases.
    """
    city = cells[cells["level"] == "city"].set_index("measure")
    both = pd.concat([cells, others])
    shut_cells = both[(both["level"] == "city") & ~both["shown"].astype(bool)]
    hidden = set(shut_cells["measure"].astype(str))
    hidden |= _find_other_totals(values, city, rules)
    if _is_of_few(plan, rules):
        hidden.add("members_checked_in")
    shut = {figure for name in hidden for figure in FUNCTIONS.get(name, (name,))}
    if _changed_by_few_homes(values, rules, earlier):
        shut.add("households_counted")
    if not _may_show_urban(plan, cells):
        shut.add("volunteers_urban")
    return shut & set(values.index)


def _find_other_totals(
    values: pd.Series[Any], city: pd.DataFrame, rules: DisclosureRules
) -> set[str]:
    """Find the people whose figure differs by a few from the cell: those of no community."""
    wrong = set()
    for name in ("members", "volunteers", "volunteers_party"):
        value = values.get(name, np.nan)
        if name in city.index and city.loc[name, "shown"]:
            apart = abs(value - float(city.loc[name, "value"]))
            if 0 < apart < rules.smallest:
                wrong.add(name)
    # Without cells the share is all that there is; both of its parts must be large.
    party = values.get("volunteers_party", np.nan)
    other = values.get("volunteers", np.nan) - party
    for name, value in (("volunteers_party", party), ("volunteers_other", other)):
        if 0 < value < rules.smallest:
            wrong.add(name)
    return wrong


def _is_of_few(plan: Plan, rules: DisclosureRules) -> bool:
    """Whether those checked in come from so few institutions that one gives another away."""
    links = plan.links[plan.links["kind"] == "member_checkin"]
    sent = links.groupby("source")["amount"].sum().sort_values(ascending=False)
    sent = sent[sent > 0]
    # The second largest takes itself off; what is left over the largest must blur it.
    return bool(len(sent)) and (
        len(sent) < FEWEST_SENDERS or float(sent.iloc[2:].sum()) < rules.interval
    )


def _may_show_urban(plan: Plan, cells: pd.DataFrame) -> bool:
    """Whether the volunteers of urban communities are a sum of counts that are shown."""
    counts = cells[cells["measure"] == "volunteers"]
    towns = counts[counts["level"] == "community"]
    if towns.empty:
        return True
    shown = towns["shown"].astype(bool)
    urban = (plan.site.communities["kind"].reindex(towns["of"]) == "urban").to_numpy(bool)
    city = counts.loc[counts["level"] == "city", "shown"].astype(bool)
    # The city less its other communities is the same sum.
    return bool(shown[urban].all() or (shown[~urban].all() and city.all()))


def _changed_by_few_homes(
    values: pd.Series[Any], rules: DisclosureRules, earlier: Sequence[tuple[Plan, Plan]]
) -> bool:
    """Whether the households that somebody counted are those of a building more, or less."""
    now = values.get("households_counted", np.nan)
    then = [read_figures(out).get("households_counted", np.nan) for _, out in earlier]
    return any(0 < abs(now - value) < rules.household_width for value in then)
