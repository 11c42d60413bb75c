"""Calibration: rules of demand from what a hotline counted, month by month, hour by hour."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import InputError, Problem
from gridplan.reading.encoding import decode_text
from gridplan.rules.all_rules import Rules
from gridplan.rules.simulation import KINDS, scale_weights

COLUMNS = ("month", "hour", "kind", "count")
CHINESE = {"月份": "month", "时": "hour", "小时": "hour", "类别": "kind", "件数": "count"}
CHINESE_KINDS = {"诉求": "request", "民呼我应": "request", "微心愿": "wish", "心愿": "wish"}
CLASSES = ("urban", "rural")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
FEWEST = 200  # requests of a kind from which its hours are believed


@dataclass(frozen=True, eq=False)
class Calibration:
    """Rules of demand taken from counts: ``rules``, and the table of what changed and by what.

    ``changes`` has a row for each rule: before, now, and ``counted``, the
    requests that it rests on.
    """

    rules: Rules
    changes: pd.DataFrame

    def to_toml(self) -> str:
        """Write all rules as a file for ``--rules``, with a list of those that were taken."""
        lines = [
            f"# taken from {row.counted:,.0f} counted: {row.section}.{row.rule}"
            for row in self.changes.itertuples()
        ]
        return "\n".join([*lines, "", self.rules.to_toml()])


def read_request_counts(file: Path) -> pd.DataFrame:
    """Read a CSV of counts: month (YYYY-MM), hour (0 to 23), kind (request or wish), count.

    Raises
    ------
    InputError
        If columns are missing or values cannot be what they should; all that is
        wrong is reported.
    """
    text = decode_text(file.read_bytes(), str(file))
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True).rename(
            columns=lambda name: CHINESE.get(name.strip(), name.strip().lower())
        )
    except ValueError as error:  # pandas' own errors of parsing are such
        remedy = f"write a line of names, {','.join(COLUMNS)}, and a line for each count"
        raise InputError([_describe("it is a CSV", str(error), remedy, file)]) from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        remedy = f"name the columns {', '.join(COLUMNS)}, or 月份, 小时, 类别, 件数"
        message = f"columns {', '.join(missing)} missing"
        raise InputError([_describe("columns", message, remedy, file)])
    table = table[list(COLUMNS)].fillna("").apply(lambda column: column.str.strip())
    kind = table["kind"].replace(CHINESE_KINDS)
    number = pd.to_numeric(table["count"], errors="coerce")
    hour = pd.to_numeric(table["hour"], errors="coerce")
    checks = (
        ("month", ~table["month"].map(lambda m: MONTH.fullmatch(m) is not None), "write YYYY-MM"),
        ("hour", ~hour.isin(range(24)), "write a whole hour from 0 to 23"),
        ("kind", ~kind.isin(KINDS), "write request or wish, or 诉求 or 微心愿"),
        ("count", ~(number >= 0) | np.isinf(number), "write a number from 0"),
    )
    problems = [
        _describe(
            name,
            f"{int(wrong.sum())} rows with a {name} that cannot be read",
            remedy,
            file,
            tuple(f"line {n + 2}" for n in np.flatnonzero(wrong)),
        )
        for name, wrong, remedy in checks
        if wrong.any()
    ]
    if not problems and not number.sum() > 0:
        remedy = "give the counts of at least one month"
        problems.append(_describe("count", "nothing was counted", remedy, file))
    if problems:
        raise InputError(problems)
    return table.assign(kind=kind, count=number, hour=hour.astype(np.int64))


def _describe(
    rule: str, message: str, remedy: str, file: Path, ids: tuple[str, ...] = ()
) -> Problem:
    return Problem("requests", rule, message, remedy, ids, file=str(file))


def calibrate(counts: pd.DataFrame, subgrids: pd.DataFrame, rules: Rules) -> Calibration:
    """Take the rates, the hours and the months of demand from counts.

    The rate of each kind becomes that which brings as many in a month as were
    counted, with what towns ask for against the country as before. The weights
    of the hours are those counted, where a kind has at least 200; those of the
    months, where all twelve are there.

    Parameters
    ----------
    counts
        As :func:`read_request_counts` reads them.
    subgrids
        The sub-grids of the plan, whose households the counts are of.
    rules
        The rules so far.

    Examples
    --------
    A hundred households and thirty requests a month in spring, when the rules expect 6 %
    fewer than on average:

    >>> homes = pd.DataFrame({"community_kind": ["urban"], "households": [100]})
    >>> rows = [("2025-03", 9, "request", 30.0), ("2025-04", 9, "request", 30.0)]
    >>> done = calibrate(pd.DataFrame(rows, columns=COLUMNS), homes, Rules())
    >>> done.rules.coverage.requests_urban
    32.0
    """
    households = subgrids.groupby("community_kind")["households"].sum()
    homes = [float(households.get(place, 0)) for place in CLASSES]
    # what few months of a season brought is not what an average month brings
    season = scale_weights(rules.simulation.by_month)
    listed = counts["month"].drop_duplicates()
    whole_year = listed.str[5:].nunique() == 12
    months = len(listed) if whole_year else sum(season[int(m[5:]) - 1] for m in listed)
    rows = [row for kind in KINDS for row in _list_kind(counts, kind, homes, months, rules)]
    by_month = counts.assign(month=counts["month"].str[5:]).groupby("month")["count"].sum()
    if len(by_month) == 12:
        # a month that was counted in two years is a mean of both
        years = counts["month"].drop_duplicates().str[5:].value_counts()
        weights = _scale(by_month / years.reindex(by_month.index))
        total = float(counts["count"].sum())
        rows.append(("simulation", "by_month", rules.simulation.by_month, weights, total))
    changes = pd.DataFrame(rows, columns=["section", "rule", "before", "now", "counted"])
    changed: dict[str, dict[str, Any]] = {}
    for section, name, _, now, _ in rows:
        changed.setdefault(section, {})[name] = now
    return Calibration(rules.replace(**changed), changes)


def _list_kind(
    counts: pd.DataFrame, kind: str, homes: list[float], months: float, rules: Rules
) -> list[tuple[str, str, Any, Any, float]]:
    """List the rules of one kind that change: section, name, before, now, requests counted."""
    of_kind = counts[counts["kind"] == kind]
    total = float(of_kind["count"].sum())
    if not total:
        return []
    section, word = ("coverage", "requests") if kind == "request" else ("simulation", "wishes")
    names = [f"{word}_{place}" for place in CLASSES]
    before = [float(getattr(getattr(rules, section), name)) for name in names]
    expected = sum(rate * n for rate, n in zip(before, homes, strict=True)) / 100.0
    # where nothing was expected, towns and the country ask alike
    rates = (
        [rate * total / months / expected for rate in before]
        if expected > 0
        else [100.0 * total / months / max(1.0, sum(homes))] * 2
    )
    rows: list[tuple[str, str, Any, Any, float]] = [
        (section, name, old, round(new, 6), total)
        for name, old, new in zip(names, before, rates, strict=True)
    ]
    if total >= FEWEST:
        weights = of_kind.groupby("hour")["count"].sum().reindex(range(24), fill_value=0.0)
        name = f"{kind}_by_hour"
        rows.append(("simulation", name, getattr(rules.simulation, name), _scale(weights), total))
    return rows


def _scale(weights: pd.Series[float]) -> tuple[float, ...]:
    """Scale weights to a mean of 1, in three digits."""
    return tuple(round(float(w), 3) for w in weights / weights.mean())
