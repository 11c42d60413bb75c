"""Ranking: the bodies of one level by each indicator, with what moved since the plan before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Objects
from gridplan.errors import InputError, Problem
from gridplan.people.levels.level_table import list_levels
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.ranking import RankingRules
from gridplan.tables.level_indicators import (
    FOUR_LEVELS,
    LevelIndicator,
    list_level_indicators,
)

RANKED_LEVELS = FOUR_LEVELS[:0:-1]  # there is one city, which nothing is ranked against
COLUMNS = {
    "district": "district (区县) of the communities",
    "subdistrict": "subdistrict (街道) of the communities",
}


def rank_bodies(
    plan: Plan,
    before: Plan | None = None,
    *,
    level: str = "subdistrict",
    indicators: Sequence[str] = (),
    within: str = "",
    rules: Rules | None = None,
) -> pd.DataFrame:
    """Rank the bodies of one level by each indicator, best first; ties share the better rank.

    The indicators are added up from the plan's tables as they stand. A value
    that is unknown, or that rests on fewer than the rules ask for, is shown
    and not ranked.

    Parameters
    ----------
    plan, before
        The plan of this period, and that of the period before, if any.
    level
        community, subdistrict or district.
    indicators
        Codes of those to rank by; all that say which way is better if none.
    within
        Only bodies below this one, such as the communities of a subdistrict.
    rules
        The rules; those of the plan if not given. Section ``ranking`` is used.

    Returns
    -------
    pandas.DataFrame
        A row for each indicator and body: value with its interval, numerator
        and denominator, ``rank`` (NaN if not ranked), ``tied`` (how many share
        it), ``ranked`` (how many are ranked), ``caveat`` (few, unknown,
        partial or empty); with a plan before ``before``, ``change`` with its
        interval, ``rank_before`` and ``moved`` (better, worse, chance, same,
        unknown, new, gone).

    Raises
    ------
    InputError
        If there is no such level, indicator or body.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> table = rank_bodies(make_board_plan(), level="community", indicators=["in_band"])
    >>> table[["body", "value", "denominator", "caveat"]].values.tolist()
    [['0301', 1.0, 2.0, 'few']]
    """
    rules = rules or plan.rules
    chosen = _choose_indicators(level, indicators)
    now = _take_level(plan, level, within, rules.ranking)
    then = None if before is None else _take_level(before, level, within, rules.ranking, now)
    frames = [_rank_one(now, then, entry, level, rules.ranking) for entry in chosen]
    return pd.concat(frames, ignore_index=True)


def _choose_indicators(level: str, codes: Sequence[str]) -> list[LevelIndicator]:
    """Choose what to rank by; whatever is not known is reported with what there is."""
    known = list_level_indicators()
    ranked = [code for code, entry in known.items() if entry.better]
    problems = []
    if level not in RANKED_LEVELS:
        remedy = f"give {', '.join(RANKED_LEVELS)}"
        problems.append(Problem("levels", "the level is known", f"no level {level!r}", remedy))
    problems += [
        Problem(
            "level_indicators",
            "the indicator can be ranked",
            f"no indicator {code!r} that says which way is better",
            f"give one or more of {', '.join(ranked)}",
        )
        for code in codes
        if code not in ranked
    ]
    if problems:
        raise InputError(problems)
    return [known[code] for code in dict.fromkeys(codes or ranked)]


def _take_level(
    plan: Plan, level: str, within: str, rules: RankingRules, now: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Take the bodies of a level; a plan before may lack bodies that the present one has."""
    table = list_levels(plan, rules)
    rows = table[table["level"] == level]
    if rows.empty and now is None:
        what = f"no community names its {level}"
        remedy = f"give the column {COLUMNS.get(level, level)}, or rank another level"
        raise InputError([Problem("communities", "the level is named", what, remedy)])
    if not within:
        return rows
    inside = rows[rows["above"] == within]
    if inside.empty and now is None:
        what = f"nothing of the level {level} lies in {within!r}"
        bodies = ", ".join(sorted(set(rows["above"])))
        raise InputError(
            [Problem("level_indicators", "the body is known", what, f"give one of {bodies}")]
        )
    return inside


def _rank_one(
    now: pd.DataFrame,
    then: pd.DataFrame | None,
    entry: LevelIndicator,
    level: str,
    rules: RankingRules,
) -> pd.DataFrame:
    """Rank all bodies by one indicator."""
    table = _add_ranks(now, entry, level, rules)
    if then is not None:
        table = _add_changes(table, _add_ranks(then, entry, level, rules), entry, rules)
    table = table.reset_index()
    # Those that are not ranked come last, whatever their value.
    order = np.lexsort([table["body"], table["rank"].fillna(np.inf)])
    return table.iloc[order].reset_index(drop=True)


def _add_ranks(
    rows: pd.DataFrame, entry: LevelIndicator, level: str, rules: RankingRules
) -> pd.DataFrame:
    """Add rank, ties and caveat to the rows of one indicator, by body."""
    columns = ["level", "body", "above", "indicator", "value", "low", "high", "numerator",
               "denominator", "communities", "known"]  # fmt: skip
    table = rows.loc[rows["indicator"] == entry.indicator, columns].set_index("body").sort_index()
    least = _find_least(entry, level, rules)
    unknown = table["value"].isna()
    few = ~unknown & (table["denominator"] < least)
    partial = ~unknown & ~few & (table["known"] < table["communities"])
    caveat = np.select([unknown, few, partial], ["unknown", "few", "partial"], "")
    # Values that print alike tie; less is better where the indicator says so.
    seen = table["value"].round(rules.digits).mask(unknown | few)
    rank = seen.rank(method="min", ascending=entry.better == "less")
    tied = rank.map(rank.value_counts()).fillna(0).astype(np.int64)
    return table.assign(
        rank=rank, tied=tied, ranked=int(rank.notna().sum()), caveat=np.asarray(caveat, object)
    )


def _find_least(entry: LevelIndicator, level: str, rules: RankingRules) -> float:
    """Find how many an indicator must rest on to be ranked at a level."""
    if entry.small == "things":
        return rules.least
    # What is one number of each community is whole for the community itself.
    is_own = level == "community"
    return 0.0 if is_own or entry.small != "communities" else float(rules.least_communities)


def _add_changes(
    table: pd.DataFrame, earlier: pd.DataFrame, entry: LevelIndicator, rules: RankingRules
) -> pd.DataFrame:
    """Add what changed since the plan before; bodies that are gone are added at the end."""
    gone = earlier.index.difference(table.index)
    both = table.reindex(table.index.append(gone))
    for column in ("level", "above", "indicator"):
        both[column] = both[column].fillna(earlier[column].reindex(both.index))
    both = both.fillna({"caveat": "unknown", "tied": 0, "ranked": int(table["rank"].notna().sum())})
    old = earlier.reindex(both.index)
    change = both["value"] - old["value"]
    low, high = _find_change_interval(both, old)
    is_share = entry.kind == "share"
    by_chance = (low <= 0) & (high >= 0) if is_share else pd.Series(False, both.index)
    is_new = ~both.index.isin(earlier.index)
    better = (change < 0) == (entry.better == "less")
    moved: Objects = np.select(
        [
            is_new,
            both.index.isin(gone),
            change.isna(),
            change.round(rules.digits) == 0,
            by_chance,
            better,
        ],
        ["new", "gone", "unknown", "same", "chance", "better"],
        "worse",
    ).astype(object)
    return (
        both.astype({"tied": np.int64, "ranked": np.int64})
        .assign(
            before=old["value"],
            change=change,
            change_low=low if is_share else np.nan,
            change_high=high if is_share else np.nan,
            rank_before=old["rank"],
            moved=moved,
        )
        .rename_axis("body")
    )


def _find_change_interval(now: pd.DataFrame, old: pd.DataFrame) -> tuple[Any, Any]:
    """Find the interval of the difference of two shares, from the interval of each.

    Source: R. G. Newcombe, Interval estimation for the difference between
    independent proportions, Statistics in Medicine 17 (1998), method 10.
    """
    change = now["value"] - old["value"]

    def reach(a: pd.Series[Any], b: pd.Series[Any]) -> Floats:
        return np.asarray(np.hypot(a, b), float)

    down = reach(now["value"] - now["low"], old["high"] - old["value"])
    up = reach(now["high"] - now["value"], old["value"] - old["low"])
    return change - down, change + up
