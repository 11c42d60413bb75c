"""The indicators of all four levels, added up from the tables of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.errors import PlanError
from gridplan.people.counts import tally_counts
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.ranking import RankingRules
from gridplan.tables.conform import conform_table
from gridplan.tables.indicators import CITY, round_figures
from gridplan.tables.level_indicators import (
    FOUR_LEVELS,
    LevelIndicator,
    Quantity,
    list_level_indicators,
    name_above,
    place_bodies,
)

TABLE = "level_indicators"
# A community without a row in these tables is not known there; in others it has none.
ASKED = ("indicators", "coverage", "ratings", "inventory")


def roll_levels(plan: Plan, rules: Rules | None = None) -> Plan:
    """Add up the same indicators for every community, subdistrict, district and the city.

    What is counted and what it is counted over are added up level by level; a
    ratio is that of the two sums. A community of which either is unknown is
    left out of both, and ``known`` says how many are in. Fills the table
    ``level_indicators``.

    Parameters
    ----------
    plan
        A working plan; what no verb has filled yet is unknown.
    rules
        The rules; those of the plan if not given. Section ``ranking`` is used.

    Raises
    ------
    PlanError
        If the plan is a release, which has no households to add up.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> table = roll_levels(make_board_plan()).level_indicators
    >>> row = table[(table["level"] == "city") & (table["indicator"] == "mean_households")]
    >>> row[["value", "numerator", "denominator"]].values.tolist()
    [[60.0, 120.0, 2.0]]
    """
    rules = rules or plan.rules
    table = list_levels(plan, rules.ranking)
    note = {"rules": rules.to_dict()["ranking"], "figures": _sum_up(plan, table)}
    people = {**plan.manifest.get("people", {}), "levels": note}
    return plan.replace(level_indicators=table, manifest={**plan.manifest, "people": people})


def list_levels(plan: Plan, rules: RankingRules) -> pd.DataFrame:
    """List every indicator of every body of the four levels, without changing the plan."""
    if plan.is_release:
        raise PlanError("a release holds no households to add up -> give the working plan")
    bodies = place_bodies(plan.site.communities)
    indicators = list_level_indicators()
    sums: dict[Quantity, Floats] = {}
    tables: dict[str, pd.DataFrame] = {}
    for indicator in indicators.values():
        for quantity in (indicator.numerator, indicator.denominator):
            if quantity is not None and quantity not in sums:
                sums[quantity] = _count_quantity(plan, quantity, bodies.index, tables)
    frames = []
    for level in FOUR_LEVELS:
        over = bodies[level] if level != "community" else pd.Series(bodies.index, bodies.index)
        above = _find_above(bodies, over, level)
        frames += [
            _add_up(level, over.to_numpy(object), above, indicator, sums, rules)
            for indicator in indicators.values()
        ]
    joined = pd.concat(frames, ignore_index=True)
    width = len(str(len(joined)))
    joined[TABLE[:-1]] = [str(n).zfill(width) for n in range(1, len(joined) + 1)]
    return conform_table(TABLE, joined)


def _count_quantity(
    plan: Plan, quantity: Quantity, codes: pd.Index[Any], tables: dict[str, pd.DataFrame]
) -> Floats:
    """Count a quantity by community; NaN where it is unknown."""
    if quantity.table == "counts":
        # Shares of the city's count are no counts of a community: only those count that somebody
        # counted there.
        tally = tally_counts(plan.site, [quantity.filter], pd.Series(0.0, codes))
        counted = tally.origins[quantity.filter].to_numpy(object) == "counted"
        return np.where(counted, tally[quantity.filter], np.nan)
    if quantity.table not in tables:
        whole = plan.get_table(quantity.table)
        tables[quantity.table] = pd.DataFrame(whole.drop(columns="geometry", errors="ignore"))
    rows = tables[quantity.table]
    # The Python engine, so that the result does not depend on numexpr being there.
    rows = rows.query(quantity.filter, engine="python") if quantity.filter else rows
    # No such row anywhere says that nobody worked it out, not that there is none.
    if rows.empty:
        return np.full(len(codes), np.nan)
    how, _, what = quantity.how.partition(":")
    by = rows["community"].to_numpy(object)
    if how == "count":
        sums = rows.groupby(by).size()
    elif how == "nunique":
        sums = rows.loc[rows[what] != "", what].groupby(by[rows[what] != ""]).nunique()
    else:
        sums = rows.eval(what, engine="python").astype(float).groupby(by).sum()
    blank = np.nan if quantity.table in ASKED else 0.0
    return np.asarray(sums.reindex(codes).fillna(blank), float)


def _find_above(bodies: pd.DataFrame, over: pd.Series[Any], level: str) -> Mapping[str, str]:
    """Find the body that each body of a level is part of: the next that anybody names."""
    above = name_above(bodies, level)
    # A subdistrict whose communities name different districts lies in the first of them.
    pairs = pd.DataFrame({"body": over, "above": above}).sort_values(["body", "above"])
    return dict(pairs.drop_duplicates("body").itertuples(index=False, name=None))


def _add_up(
    level: str,
    over: Any,
    above: Mapping[str, str],
    indicator: LevelIndicator,
    sums: Mapping[Quantity, Floats],
    rules: RankingRules,
) -> pd.DataFrame:
    """Add up one indicator over the bodies of a level, and divide the sums."""
    part = sums[indicator.numerator]
    whole = np.ones(len(part)) if indicator.denominator is None else sums[indicator.denominator]
    known = ~(np.isnan(part) | np.isnan(whole))
    frame = pd.DataFrame(
        {
            "numerator": np.where(known, part, np.nan),
            "denominator": np.where(known, whole, np.nan),
            "communities": 1,
            "known": known.astype(np.int64),
        }
    )
    named = over != ""
    table = frame[named].groupby(over[named]).sum(min_count=1)
    up, down = (table[name].to_numpy(float) for name in ("numerator", "denominator"))
    if indicator.denominator is None:
        value, down = up, np.full(len(up), np.nan)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(down > 0, indicator.per * up / down, np.nan)
    low, high = (
        find_interval(up, down, rules.confidence)
        if indicator.kind == "share"
        else (np.full(len(up), np.nan),) * 2
    )
    return pd.DataFrame(
        {
            "level": level,
            "body": table.index,
            "above": [above[str(body)] for body in table.index],
            "indicator": indicator.indicator,
            "value": value,
            "low": low,
            "high": high,
            "numerator": up,
            "denominator": down,
            "communities": table["communities"].to_numpy(np.int64),
            "known": table["known"].to_numpy(np.int64),
        }
    )


def find_interval(part: Floats, whole: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Find the interval of shares by Wilson's score; NaN where there is nothing to share.

    Source: E. B. Wilson, Probable inference, the law of succession, and
    statistical inference, Journal of the American Statistical Association 22
    (1927).

    Examples
    --------
    >>> low, high = find_interval(np.array([2.0, 0.0]), np.array([10.0, 0.0]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.057, nan], [0.51, nan])
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    n = np.where(whole > 0, whole, np.nan)
    share = np.clip(part / n, 0.0, 1.0)
    middle = share + z * z / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    shrink = 1 + z * z / n
    # A share of none or all has its own value as one end, whatever the rounding.
    low = np.where(share == 0, 0.0, np.clip((middle - half) / shrink, 0.0, 1.0))
    high = np.where(share == 1, 1.0, np.clip((middle + half) / shrink, 0.0, 1.0))
    return np.where(np.isnan(share), np.nan, low), np.where(np.isnan(share), np.nan, high)


def _sum_up(plan: Plan, table: pd.DataFrame) -> dict[str, Any]:
    """Sum up how many bodies each level has, and what nobody says."""
    one = table[table["indicator"] == "households"]
    bodies = place_bodies(plan.site.communities)
    is_named = plan.site.communities["district"].fillna("") != ""
    city = table[(table["level"] == "city") & (table["body"] == CITY)]
    return round_figures(
        {
            **{f"bodies_{level}": int((one["level"] == level).sum()) for level in FOUR_LEVELS},
            "indicators": len(city),
            "indicators_known": int(city["value"].notna().sum()),
            "without_subdistrict": int((bodies["subdistrict"] == "").sum()),
            "without_district": int((bodies["district"] == "").sum()),
            "district_by_code": int(((bodies["district"] != "") & ~is_named).sum()),
        }
    )
