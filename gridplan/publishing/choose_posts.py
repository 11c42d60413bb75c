"""Which posts leave, by place: small ones stay behind, and what would give those away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.figure_differences import add_differences
from gridplan.publishing.place_sums import CellSystem
from gridplan.publishing.post_cells import count_posts, list_placed_posts, tie_posts
from gridplan.publishing.suppression import choose_suppressed, is_small
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies


def choose_posts(
    plan: Plan, values: Mapping[str, float], rules: DisclosureRules, earlier: Earlier = ()
) -> pd.DataFrame:
    """Choose the posts that leave: cells with ``shown``, and no value where they are hidden.

    Parameters
    ----------
    plan
        The working plan.
    values
        Figures of the city by name, NaN where one is unknown.
    rules
        What is small, and how open it must stay.
    earlier
        Working plans that were released before, and those releases.
    """
    cells = count_posts(plan, values)
    # Where zeros are always published, whatever is hidden is at least 1.
    system = tie_posts(cells, place_bodies(plan.site.communities), float(rules.zeros_safe))
    system, always, never = add_differences(system, earlier)
    # What went out by other rules may be small by those of today.
    never[: len(cells)] &= ~is_small(cells["value"].to_numpy(float), rules)
    choice = choose_suppressed(system, rules, always, never)
    if len(choice.exposed):
        # Numbers that went out may be hidden again: nobody knows that they are the same.
        choice = choose_suppressed(system, rules, always, _keep_old(system, never, len(cells)))
    hidden = choice.hidden[: len(cells)]
    value = cells["value"].astype(float)
    return cells.assign(value=value.mask(hidden), shown=~hidden)


def _keep_old(system: CellSystem, never: Bools, count: int) -> Bools:
    return never & (np.arange(len(system.cells)) >= count)


def publish_posts(posts: pd.DataFrame) -> pd.DataFrame:
    """Publish the posts that are counted by place; the others leave as figures alone."""
    placed = posts["measure"].isin(list_placed_posts())
    by_place = set(posts.loc[posts["level"] != "city", "measure"])
    return posts[placed & posts["measure"].isin(by_place)]
