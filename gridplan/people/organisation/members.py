"""Members by stairwell: counts given at any level, apportioned to stairwells by households."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Objects
from gridplan.errors import InputError, Problem
from gridplan.plan import Plan
from gridplan.rules.organisation import OrganisationRules
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry
from gridplan.tables.whole_shares import share_groups

MEASURES: Mapping[str, str] = {
    "party_members_full": "full",
    "party_members_probationary": "probationary",
    "volunteers": "volunteers",
    "elders": "elders",
}
LEVELS = ("building", "compound", "community", "site")  # from the finest


def count_members(plan: Plan, rules: OrganisationRules) -> tuple[pd.DataFrame, list[Entry]]:
    """Count members, volunteers and elders by stairwell.

    A count that was given for a building, compound, community or the site is
    apportioned to its stairwells by households, with largest remainders. Where
    a finer count is given too, it wins, and what is left of the coarser one
    goes to where no finer one is given.

    Returns the table of members (people; branch and group still empty) and
    entries about counts that found no home.

    Raises
    ------
    InputError
        If a code is unknown, a value negative or missing, a row doubled, or
        finer counts exceed a coarser one.
    """
    counts = plan.site.counts[plan.site.counts["measure"].isin(list(MEASURES))]
    problems = _check_counts(plan, counts)
    if problems:
        raise InputError(problems)
    # In the order of codes: every later step knows a stairwell by its row.
    stairwells = plan.stairwells.sort_index()
    places = stairwells[["building", "compound", "community", "subgrid"]]
    tables: dict[str, Ints | Objects] = {}
    entries = []
    for measure, column in MEASURES.items():
        rows = counts[counts["measure"] == measure]
        spread = _spread_counts(places, stairwells["households"].to_numpy(np.int64), rows, measure)
        problems += spread.problems
        entries += spread.entries
        tables[column] = spread.value
        # Where full members were counted says how fine the whole table is.
        if column == "full":
            tables["level"] = spread.level
    # All measures first, so that one run reports everything that is wrong.
    if problems:
        raise InputError(problems)
    frame = pd.DataFrame(
        {
            "stairwell": stairwells.index,
            **{c: places[c].to_numpy() for c in places.columns},
            **tables,
        }
    )
    frame["available"] = _judge_available(
        frame["full"].to_numpy(), frame["community"].to_numpy(), rules.available_share
    )
    return conform_table("members", frame), entries


def _judge_available(full: Ints, community: Objects, share: float) -> Ints:
    """Judge how many full members of each stairwell can hold a post, by community's share."""
    codes, group = np.unique(community.astype(object), return_inverse=True)
    # Half a member rounds up; np.round would go to the even number.
    totals = np.floor(share * np.bincount(group, full, minlength=len(codes)) + 0.5).astype(np.int64)
    return np.minimum(share_groups(totals, full.astype(float), group, evenly=True), full)


@dataclass(frozen=True)
class _Spread:
    """One measure by stairwell, the level it came from, what contradicts and what found no home."""

    value: Ints
    level: Objects
    problems: list[Problem]
    entries: list[Entry]


def _spread_counts(
    places: pd.DataFrame, households: Ints, counts: pd.DataFrame, measure: str
) -> _Spread:
    """Spread one measure over the stairwells, level by level from the finest."""
    n = len(places)
    value = np.zeros(n, np.int64)
    level = np.full(n, "none", object)
    problems: list[Problem] = []
    entries: list[Entry] = []
    # From the finest level, so that a coarser count only has its rest to give away.
    for word in LEVELS:
        rows = counts[counts["level"] == word]
        if rows.empty:
            continue
        codes = pd.Index(rows["of"]) if word != "site" else pd.Index(["site"])
        group = codes.get_indexer(places[word]) if word != "site" else np.zeros(n, np.int64)
        total = np.floor(rows["value"].to_numpy(float) + 0.5).astype(np.int64)
        # Stairwells without a count at this level have no group: -1.
        inside = group >= 0
        finer = np.bincount(group[inside], value[inside], minlength=len(codes)).astype(np.int64)
        rest = total - finer
        over = rest < 0
        if over.any():
            text = (
                f"{measure}: {int(over.sum())} {word} counts are below "
                "what finer counts in them add up to"
            )
            problems.append(
                Problem("counts", "levels agree", text, "correct one of them", tuple(codes[over]))
            )
        # A finer count is final: only stairwells without one take of the rest.
        free = inside & (level == "none")
        homes = np.bincount(group[free], minlength=len(codes)) > 0
        lost = (rest > 0) & ~homes
        if lost.any():
            text = (
                f"{measure}: {int(rest[lost].sum())} counted by {word} "
                "where no home without a finer count is left"
            )
            entries.append(
                Entry("organise", "counts", "dropped", int(lost.sum()), text, list(codes[lost]))
            )
        rows_free = np.flatnonzero(free)
        # What is below its finer counts was reported above and takes nobody away.
        rest = np.where(homes, np.maximum(rest, 0), 0)
        if len(rows_free):
            value[rows_free] = share_groups(
                rest, households[rows_free].astype(float), group[rows_free], evenly=True
            )
        level[rows_free] = word
    return _Spread(value, level, problems, entries)


def _check_counts(plan: Plan, counts: pd.DataFrame) -> list[Problem]:
    """Check the counts of people: levels, codes, values, and that no count is given twice."""
    ids = counts.index.to_numpy(object)
    level = counts["level"].to_numpy(object)
    of = counts["of"].to_numpy(object)
    value = counts["value"].to_numpy(float)
    site = plan.site
    known = {
        "building": site.buildings.index,
        "compound": site.compounds.index,
        "community": site.communities.index,
    }
    checks = [
        (
            ~counts["level"].isin(LEVELS).to_numpy(),
            "levels are known",
            "unknown levels",
            f"use one of {', '.join(LEVELS)}",
        ),
        (
            # Written the other way round, so that a missing value fails as well.
            ~(value >= 0) | np.isinf(value),
            "values are counts",
            "negative or missing values",
            "give a number of people",
        ),
    ]
    for word, codes in known.items():
        wrong = (level == word) & ~pd.Index(of).isin(codes)
        checks.append(
            (wrong, "codes are known", f"no such {word}", f"use the codes of the table of {word}s")
        )
    # There is one site, whatever the column "of" says.
    doubled = pd.DataFrame(
        {
            "level": level,
            "of": np.where(level == "site", "", of),
            "measure": counts["measure"].to_numpy(),
        }
    )
    twice = doubled.duplicated(keep=False).to_numpy()
    checks.append(
        (twice, "counts stand once", "counts of the same thing and measure", "keep one of them")
    )
    return [
        Problem(
            "counts",
            rule,
            f"{int(wrong.sum())} row{'s' if wrong.sum() > 1 else ''}: {text}",
            remedy,
            tuple(ids[wrong]),
        )
        for wrong, rule, text, remedy in checks
        if wrong.any()
    ]
