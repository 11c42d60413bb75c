"""The check of a release: it looks for what should have stayed behind and solves for the rest.

It is blind to how the release was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import PlanError, Problem
from gridplan.plan import ALL_TABLES, Plan
from gridplan.publishing.attack import find_ranges
from gridplan.publishing.cells import FINEST, LEVELS, MEASURES, OTHERWISE, OUTSIDE, tie_cells
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.earlier_release import add_overlays
from gridplan.publishing.figure_check import check_figures
from gridplan.publishing.household_bands import find_tight, read_bands
from gridplan.publishing.household_release import find_narrowed
from gridplan.publishing.place_check import check_in_band, check_places
from gridplan.publishing.post_cells import list_placed_posts, list_posts
from gridplan.publishing.suppression import find_exposed
from gridplan.publishing.text_check import check_text
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies

# The tables that may hold rows in a release. Written out here, and not taken
# from the code that makes releases, so that the check stays blind to it.
MAY_LEAVE = frozenset(
    (
        *("communities", "compounds", "buildings", "barriers", "openings", "streets", "places"),
        *("institutions", "subgrids", "special_grids", "touches", "grids", "links", "published"),
    )
)
# Columns that would say something of a single door, building or person.
BLANK = {
    "communities": ("households_low", "households_high"),
    "buildings": (
        "zone",
        "households",
        "households_low",
        "households_high",
        "home_chance",
        "households_mean",
        "households_spread",
        "households_observed",
        "population",
        "stairwell_count",
    ),
    "institutions": ("party_members",),
    "subgrids": (
        "building_count",
        "stairwell_count",
        "centre",
        "household_metres",
        "mean_walk",
        "max_walk",
        "households_low",
        "households_high",
        "chance_in_band",
        "chance_above",
        "error_shared",
    ),
    "links": ("hours",),
}


@dataclass(frozen=True)
class ReleaseVerdict:
    """The outcome of a check: its problems, how many suppressed counts were ``solved`` for.

    ``narrowest`` is the smallest range that is left open to an attacker.
    """

    problems: tuple[Problem, ...]
    solved: int
    narrowest: float

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    def __str__(self) -> str:
        """Write the verdict on one line, and the problems below it."""
        word = "passed" if self.passed else "FAILED"
        range_left = (
            ""
            if np.isinf(self.narrowest)
            else f", each open to a range of at least {self.narrowest:.0f}"
        )
        first = (
            f"disclosure check {word}: {self.solved:,} suppressed counts attacked"
            f"{range_left if self.passed else ''}"
        )
        return "\n".join(
            [first, *(f"  {n}. {problem}" for n, problem in enumerate(self.problems, 1))]
        )


def check_release(
    leaving: Plan,
    *,
    rules: DisclosureRules | None = None,
    names: bool = False,
    working: Plan | None = None,
    before: Plan | Sequence[Plan] | None = None,
    published: Plan | Sequence[Plan] | None = None,
) -> ReleaseVerdict:
    """Check a release from its own tables: nothing too fine, and no small count to be worked out.

    Parameters
    ----------
    leaving
        The released plan.
    rules
        What is small, and how open it must stay; those of the manifest if not
        given.
    names
        Whether names that anybody may have written, of buildings for example,
        were asked for.
    working, before, published
        The working plan, the one before it and the release of that one, to try
        differences between both releases; lists of them where several went out.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> from gridplan.publishing.release_plan import release
    >>> print(check_release(release(make_board_plan())))
    disclosure check passed: 0 suppressed counts attacked
    >>> check_release(make_board_plan()).passed
    False
    """
    all_rules = leaving.rules
    rules = rules or all_rules.disclosure
    earlier = list(zip(list_plans(before), list_plans(published), strict=True))
    problems = [
        *_check_left_behind(leaving),
        *check_text(leaving, names=names),
        *_check_levels(leaving),
        *_check_values(leaving, rules),
        *_check_bands(leaving, rules),
        *check_figures(leaving, rules, earlier, working),
        *check_places(leaving),
    ]
    told, assumed = check_in_band(leaving, rules)
    problems += told
    narrowed = find_narrowed(assumed, rules, working, earlier)
    if narrowed:
        text = f"the households of {len(narrowed)} sub-grids or moved limits can be worked out"
        problems.append(
            Problem("subgrids", "households", text, "release the plan again", tuple(narrowed))
        )
    exposed, solved, narrowest = _solve_suppressed(
        leaving, rules, all_rules.organisation.branch_full, working, earlier
    )
    return ReleaseVerdict(tuple(problems + exposed), solved, narrowest)


def list_plans(plans: Plan | Sequence[Plan] | None) -> list[Plan]:
    """List plans given as one, as several or not at all."""
    if plans is None:
        return []
    return [plans] if isinstance(plans, Plan) else list(plans)


def _check_left_behind(plan: Plan) -> list[Problem]:
    """Find tables that should have stayed behind, and columns that should be blank."""
    problems = []
    for name in ALL_TABLES:
        if name in MAY_LEAVE:
            continue
        table = plan.get_table(name)
        if len(table):
            text = f"the table holds {len(table):,} rows, finer than may leave"
            problems.append(
                Problem(
                    name,
                    "stays behind",
                    text,
                    "make the release from the working plan with gridplan release",
                )
            )
    for name, columns in BLANK.items():
        table = plan.get_table(name)
        for column in columns:
            values = table[column]
            # Texts are blank as the empty string, numbers as 0 or missing.
            full = (
                (values != "")
                if isinstance(values.dtype, pd.StringDtype)
                else values.fillna(0) != 0
            )
            if full.any():
                ids = tuple(map(str, table.index[full.to_numpy(bool)]))
                problems.append(
                    Problem(
                        name, "blank", f"{column} is given", "take it off: gridplan release", ids
                    )
                )
    # A pairing leaves as a pair: how many people it sends stays behind.
    counted = plan.links[plan.links["amount"] != 1.0]
    if len(counted):
        text = "amount says how many people are sent"
        ids = tuple(counted.index)
        problems.append(Problem("links", "blank", text, "take it off: gridplan release", ids))
    other = plan.links[plan.links["kind"] != "pairing"]
    if len(other):
        text = "links other than pairings of institutions are given"
        problems.append(
            Problem(
                "links",
                "pairings only",
                text,
                "take them off: gridplan release",
                tuple(other.index),
            )
        )
    return problems


def _check_levels(plan: Plan) -> list[Problem]:
    """Find counts that leave at a finer level than they may, and levels that are not known."""
    table = plan.published
    finest = table["measure"].map(FINEST).fillna(OTHERWISE)
    alone = set(list_posts()) - {*FINEST, *list_placed_posts()}
    of_city = table["measure"].str.startswith("figure:") | table["measure"].isin(alone)
    finest = finest.mask(of_city, "city")
    rank = {level: n for n, level in enumerate(LEVELS)}
    # A level that nobody knows counts as finer than all.
    depth = table["level"].map(rank).fillna(len(LEVELS))
    finer = depth > finest.map(rank)
    if not finer.any():
        return []
    text = f"{int(finer.sum())} counts are given at a finer level than they may leave at"
    ids = tuple(table.index[finer.to_numpy(bool)])
    return [Problem("published", "levels", text, "release the plan again", ids)]


def _check_values(plan: Plan, rules: DisclosureRules) -> list[Problem]:
    """Find small counts that are published, and suppressed ones that still bear a value."""
    counts = plan.published
    people = counts["measure"].isin([*MEASURES, OUTSIDE])
    small = (
        people
        & counts["shown"]
        & (counts["value"] < rules.smallest)
        & ((counts["value"] > 0) | (not rules.zeros_safe))
    )
    # Hidden and still there: the value would travel in the file.
    betrayed = ~counts["shown"] & counts["value"].notna()
    faults = ((small, "small counts are published"), (betrayed, "suppressed counts bear a value"))
    return [
        Problem(
            "published",
            "suppressed",
            f"{int(rows.sum())} {text}",
            "release the plan again",
            tuple(counts.index[rows]),
        )
        for rows, text in faults
        if rows.any()
    ]


def _check_bands(plan: Plan, rules: DisclosureRules) -> list[Problem]:
    """Find bands of households that are too narrow, alone or with the total of their area."""
    table = plan.subgrids
    bands = read_bands(table["household_band"])
    # A release gives the first number of the band for the households, 0 if withheld.
    exact = (table["households"] != bands["first"]).to_numpy()
    narrow = (bands["last"] - bands["first"] + 1 < rules.household_width).to_numpy() & (
        bands["first"] > 1
    ).to_numpy()
    problems = [
        Problem(
            "subgrids",
            "banded",
            f"{int(rows.sum())} {text}",
            "release the plan again",
            tuple(table.index[rows]),
        )
        for rows, text in (
            (exact, "sub-grids give their exact households"),
            (narrow, "bands are too narrow"),
        )
        if rows.any()
    ]
    # The exact totals that leave beside the bands, as household_bands tries them.
    totals = {
        "community": plan.site.communities["households"],
        # A suppressed total is no number: missing, or 0 where the table has whole ones.
        "grid": plan.grids["households"].astype(float).where(plan.grids["households"] > 0),
    }
    for name, total in totals.items():
        of = table[name].to_numpy(dtype=object)
        tight = find_tight(bands, of, total, rules.household_width) if len(total) else []
        if tight:
            text = f"the total of {len(tight)} {name} rows narrows the band of a sub-grid"
            problems.append(
                Problem("subgrids", "banded", text, "release the plan again", tuple(tight))
            )
    return problems


def _solve_suppressed(
    plan: Plan,
    rules: DisclosureRules,
    floor: int,
    working: Plan | None,
    earlier: Earlier,
) -> tuple[list[Problem], int, float]:
    """Solve for every suppressed count, given all that is published."""
    counts = plan.published
    cells = counts[counts["measure"].isin([*MEASURES, OUTSIDE])].reset_index(drop=True)
    if cells.empty:
        return [], 0, float("inf")
    # Where zeros are always published, whatever is hidden is at least 1.
    system = tie_cells(cells, place_bodies(plan.site.communities), int(rules.zeros_safe), floor)
    values = cells["value"].where(cells["shown"]).to_numpy(float)
    if working is not None and earlier:
        system, hidden, _ = add_overlays(system, working, earlier)
        # Old counts that were shown are known to the attacker; pieces never are.
        values = np.append(values, system.cells["value"].to_numpy(float)[len(cells) :])
        values[hidden] = np.nan
    asked = np.flatnonzero(np.isnan(values))
    try:
        ranges = find_ranges(system.matrix, values, system.lower, asked, rules.interval)
    # Sums that cannot hold leave no range to find: that is a fault by itself.
    except PlanError as error:
        return (
            [Problem("published", "sums hold", str(error), "release the plan again")],
            len(asked),
            0.0,
        )
    wrong = find_exposed(ranges, rules)
    # Only what may be small for all that is known must stay open.
    width: Any = (ranges.high - ranges.low)[ranges.low < rules.smallest]
    problems = []
    if wrong.any():
        text = (
            f"{int(wrong.sum())} suppressed counts can be narrowed "
            f"to less than {rules.interval + 1} values"
        )
        ids = tuple(system.cells["of"].iloc[asked[wrong]].astype(str))
        problems.append(Problem("published", "open", text, "release the plan again", ids))
    # Ranges are only followed up to the interval, so no wider one is claimed.
    return (
        problems,
        len(asked),
        float(min(width.min(), rules.interval)) if len(width) else float("inf"),
    )
