"""The check of a release's figures: posts, hours, shares and gaps, from its own table alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import Problem
from gridplan.plan import Plan
from gridplan.publishing.attack import find_ranges
from gridplan.publishing.figure_cells import FEWEST_SENDERS, FUNCTIONS, list_posts, tie_posts
from gridplan.publishing.figure_differences import add_differences
from gridplan.publishing.suppression import find_exposed
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules

AGAIN = "release the plan again"


def check_figures(
    plan: Plan, rules: DisclosureRules, earlier: Sequence[tuple[Plan, Plan]] = ()
) -> list[Problem]:
    """Find figures that are small, that give a hidden count away, or whose parts can be solved for.

    ``earlier`` holds working plans that were released before, and those releases.

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
        *_check_small(figures, rules),
        *_check_functions(city, figures),
        *_check_parts(figures, rules, earlier),
        *_check_senders(figures),
        *_check_centres(plan.published, rules),
    ]


def _check_small(figures: pd.DataFrame, rules: DisclosureRules) -> list[Problem]:
    rows = figures[
        figures["figure"].isin(list_posts())
        & figures["shown"]
        & (figures["value"] > 0)
        & (figures["value"] < rules.smallest)
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


def _check_parts(
    figures: pd.DataFrame, rules: DisclosureRules, earlier: Sequence[tuple[Plan, Plan]]
) -> list[Problem]:
    """Solve for the posts that are hidden, the parts of those shown, and what changed of both."""
    values = figures.set_index("figure")["value"].where(figures.set_index("figure")["shown"])
    system = tie_posts(values.to_dict())
    system = add_differences(system, earlier)[0]
    known = system.cells["value"].to_numpy(float)
    # A change between two figures that are both shown is known at once.
    ranges = find_ranges(
        system.matrix,
        known,
        np.zeros(len(known)),
        np.flatnonzero(np.isnan(known)),
        rules.interval,
    )
    # Parts that follow from figures at once need no solver.
    small = np.flatnonzero((known > 0) & (known < rules.smallest))
    rows = np.append(ranges.cells[find_exposed(ranges, rules)], small)
    wrong = set(system.cells["measure"].iloc[rows])
    text = f"{', '.join(sorted(wrong))} can be worked out from the figures of posts"
    return _report(text, figures.index) if wrong else []


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
