"""The check of a release's figures: posts, hours, shares and gaps, from its own table alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import PlanError, Problem
from gridplan.plan import Plan
from gridplan.publishing.attack import find_ranges
from gridplan.publishing.figure_cells import FEWEST_SENDERS, FUNCTIONS
from gridplan.publishing.figure_differences import KEY, add_differences
from gridplan.publishing.place_sums import CellSystem
from gridplan.publishing.post_cells import (
    count_posts,
    list_placed_posts,
    list_posts,
    read_posts,
    tie_posts,
)
from gridplan.publishing.published_figures import count_figures
from gridplan.publishing.suppression import find_exposed
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies

AGAIN = "release the plan again"


def check_figures(
    plan: Plan,
    rules: DisclosureRules,
    earlier: Sequence[tuple[Plan, Plan]] = (),
    working: Plan | None = None,
) -> list[Problem]:
    """Find figures that are small, that give a hidden count away, or whose parts can be solved for.

    ``earlier`` holds working plans that were released before, and those releases;
    ``working`` the plan of today, by which changes of what is hidden are known.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> check_figures(release(make_board_plan()), DisclosureRules())
    []
    """
    city = plan.published[plan.published["level"] == "city"]
    figures = city[city["measure"].str.startswith("figure:")]
    figures = figures.assign(figure=figures["measure"].str.removeprefix("figure:"))
    return [
        *_check_small(plan.published, rules),
        *_check_functions(city, figures),
        *_check_posts(plan, rules, earlier, working),
        *_check_senders(figures),
        *_check_centres(plan.published, rules),
    ]


def _check_small(table: pd.DataFrame, rules: DisclosureRules) -> list[Problem]:
    # Counts of members and volunteers by place are looked at with their own sums.
    names = [*list_placed_posts(), *(f"figure:{name}" for name in list_posts())]
    zeros_too = not rules.zeros_safe
    rows = table[
        table["measure"].isin(names)
        & table["shown"].astype(bool)
        & ((table["value"] > 0) | (zeros_too & (table["value"] == 0)))
        & (table["value"] < rules.smallest)
    ]
    text = f"{len(rows)} small figures of people or posts are published"
    return _report(text, rows.index)


def _check_functions(city: pd.DataFrame, figures: pd.DataFrame) -> list[Problem]:
    """Find figures that equal or follow from a count of the city that is hidden."""
    hidden = city[~city["shown"].astype(bool)]
    names = set(hidden["measure"].str.removeprefix("figure:"))
    # The city's count and the figure of one name are one number.
    betrayed = {figure for name in names for figure in FUNCTIONS.get(name, (name,))}
    rows = figures[figures["figure"].isin(betrayed) & figures["shown"]]
    text = f"{len(rows)} figures follow from counts that are suppressed"
    return _report(text, rows.index)


def _check_posts(
    plan: Plan,
    rules: DisclosureRules,
    earlier: Sequence[tuple[Plan, Plan]],
    working: Plan | None,
) -> list[Problem]:
    """Solve for the posts that are hidden, the parts of those shown, and what changed of both."""
    cells = read_posts(plan)
    if cells.empty:
        return []
    bodies = place_bodies(plan.site.communities)
    system = tie_posts(cells, bodies, float(rules.zeros_safe))
    listed = pd.MultiIndex.from_frame(plan.published[KEY])
    # What the table does not list may be none.
    system.lower[~pd.MultiIndex.from_frame(cells[KEY]).isin(listed)] = 0
    known = cells["value"].to_numpy(float)
    full = cells
    if working is not None and earlier:
        true = count_posts(working, count_figures(working).to_dict()).set_index(KEY)["value"]
        value = true.reindex(pd.MultiIndex.from_frame(cells[KEY])).to_numpy(float)
        full = cells.assign(value=np.where(np.isnan(known), value, known))
    system = CellSystem(full.reset_index(drop=True), system.matrix, system.lower)
    system, changes, _ = add_differences(system, earlier)
    values = np.append(known, system.cells["value"].to_numpy(float)[len(known) :])
    # A change is known as far as both of its counts are.
    values[changes] = np.nan
    asked = np.flatnonzero(np.isnan(values))
    try:
        ranges = find_ranges(system.matrix, values, system.lower, asked, rules.interval)
    # Sums that cannot hold leave no range to find: that is a fault by itself.
    except PlanError as error:
        return [Problem("published", "sums hold", str(error), AGAIN)]
    rows = system.cells.iloc[ranges.cells[find_exposed(ranges, rules)]]
    if rows.empty:
        return []
    names = ", ".join(sorted(set(rows["measure"].astype(str))))
    of = sorted(set(rows["of"].astype(str)))
    text = f"{names} can be worked out from the posts of {len(of)} places"
    return [Problem("published", "posts", text, AGAIN, tuple(of))]


def _check_senders(figures: pd.DataFrame) -> list[Problem]:
    """Find members checked in that come from one or two institutions."""
    values = figures.set_index("figure")
    if not {"members_checked_in", "institutions_paired"} <= set(values.index):
        return []
    senders = values.loc["institutions_paired"]
    few = senders["shown"] and senders["value"] < FEWEST_SENDERS
    rows = figures[(figures["figure"] == "members_checked_in") & figures["shown"] & few]
    return _report("members of one or two institutions are published", rows.index)


def _check_centres(table: pd.DataFrame, rules: DisclosureRules) -> list[Problem]:
    """Find gaps that leave a small count of sub-grids with a member's home."""
    gaps = table[table["measure"].str.match(rf"gaps:.*:{CENTRAL}$")]
    towns = table[(table["measure"] == "subgrids") & (table["level"] == "community")]
    subgrids = dict(zip(towns["of"], towns["value"], strict=True))
    subgrids["site"] = float(towns["value"].sum())
    rest = gaps["of"].astype(object).map(subgrids).astype(float) - gaps["value"]
    rows = gaps[(rest > 0) & (rest < rules.smallest)]
    text = f"{len(rows)} gaps leave a small count of central households"
    return _report(text, rows.index)


def _report(text: str, rows: Any) -> list[Problem]:
    ids = tuple(map(str, rows))
    return [Problem("published", "figures", text, AGAIN, ids)] if ids else []
