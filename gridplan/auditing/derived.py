"""Derived figures: what is written down, held against what the audit derives again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.rules.all_rules import Rules

SLACK = 1e-5  # share by which figures may differ: tables round some of them to six digits
CITY = "site"  # the code of the city in indicators, gaps and coverage


def recall_rules(e: Evidence, verb: str, section: str = "") -> Rules:
    """Recall the rules that a verb wrote its tables by, as the manifest keeps them.

    Figures are derived by the rules that they were made by; whether those
    keep to the rules of the audit is for other rules to say.
    """
    return e.take(_read_rules, verb, section)


def read_indicator(e: Evidence, measure: str) -> pd.Series[Any]:
    """Read what the indicators say of a measure, by community; nothing of one that they lack."""
    rows = e.take(_split_indicators).get(measure, np.zeros(0, np.int64))
    table = e.plan.indicators.iloc[rows]
    return pd.Series(table["value"].to_numpy(float), index=table["of"].to_numpy(object))


def _split_indicators(e: Evidence) -> dict[str, Ints]:
    """Split the rows of indicators of communities by measure, the first of each community."""
    table = e.plan.indicators
    rows = np.flatnonzero((table["level"] == "community").to_numpy(bool))
    rows = rows[~table.iloc[rows].duplicated(["measure", "of"]).to_numpy()]
    measures = table["measure"].to_numpy(object)[rows]
    parts = pd.Series(measures).groupby(measures).indices
    return {str(measure): rows[part] for measure, part in parts.items()}


def _read_rules(e: Evidence, verb: str, section: str) -> Rules:
    kept = e.plan.manifest.get("people", {}).get(verb, {}).get("rules") or {}
    return e.rules.replace(**({section: kept} if section and kept else kept))


def differ(stated: Any, right: Any, slack: Any = SLACK) -> Bools:
    """Find where a column is not what it should be; unknown (NaN) is right where both are.

    Examples
    --------
    >>> import numpy as np
    >>> differ([1.0, 2.0, np.nan, np.nan], [1.0, 2.1, np.nan, 3.0]).tolist()
    [False, True, False, True]
    """
    a = np.asarray(stated)
    b = np.asarray(right)
    if a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        return np.asarray(np.asarray(stated, object) != np.asarray(right, object))
    a = a.astype(float)
    b = b.astype(float)
    near = np.abs(a - b) <= slack * np.maximum(1.0, np.abs(b))
    return np.asarray(~(near | (np.isnan(a) & np.isnan(b))))


def report_columns(
    rule: str,
    table: str,
    rows: Any,
    right: Mapping[str, Any],
    remedy: str,
    *,
    noun: str = "row",
    slack: Any = SLACK,
) -> pd.DataFrame:
    """Report the columns of some rows that are not what the audit derives, column by column."""
    findings = []
    community = rows["community"].to_numpy(object) if "community" in rows else None
    for column, values in right.items():
        wrong = differ(rows[column].to_numpy(), values, slack)
        findings.append(
            write_findings(
                rule,
                "error",
                table,
                rows.index.to_numpy(object)[wrong],
                "" if community is None else community[wrong],
                what=f"whose {column} is not what the other tables come to",
                remedy=remedy,
                noun=noun,
            )
        )
    return join_findings(findings)


def compare_rows(
    rule: str,
    table: str,
    stated: pd.DataFrame,
    right: pd.DataFrame,
    key: Sequence[str],
    remedy: str,
    noun: str = "row",
) -> pd.DataFrame:
    """Compare rows by the columns that name them: missing ones, others, and wrong columns.

    ``right`` has the columns of ``key`` and those that were derived again; a
    column community says where a missing row belongs.
    """
    columns = [column for column in right.columns if column not in key]
    numbers = number_together([stated[k] for k in key], [right[k] for k in key])
    # Rows that say the same of the same thing are reported by the rule on values.
    first, once = (~pd.Series(number).duplicated().to_numpy() for number in numbers)
    stated = stated[first]
    right = right[once].reset_index(drop=True)
    place = pd.Index(numbers[1][once]).get_indexer(pd.Index(numbers[0][first]))
    missing = right[~np.isin(np.arange(len(right)), place)]
    names = [" ".join(map(str, labels)) for labels in missing[list(key)].itertuples(index=False)]
    community = missing["community"].to_numpy(object) if "community" in missing else ""
    known = stated[place >= 0]
    derived = right.iloc[place[place >= 0]]
    strange = stated[place < 0]
    over = strange["community"].to_numpy(object) if "community" in strange else ""
    return join_findings(
        [
            write_findings(
                rule, "error", table, names, community, noun=noun, what="missing", remedy=remedy
            ),
            write_findings(
                rule,
                "error",
                table,
                strange.index,
                over,
                noun=noun,
                what="that nothing in the plan gives",
                remedy=remedy,
            ),
            report_columns(
                rule, table, known, {c: derived[c].to_numpy() for c in columns}, remedy, noun=noun
            ),
        ]
    )


def number_together(first: Sequence[Any], second: Sequence[Any]) -> tuple[Ints, Ints]:
    """Give rows of two tables numbers, the same to rows that are named by the same values.

    Names of several columns are compared as one number each: an index of
    several levels would take most of the time of an audit.

    Examples
    --------
    >>> a, b = number_together([["x", "x"], [5.0, 9.0]], [["x", "y"], [9.0, 9.0]])
    >>> (a[1] == b[0], len({*a.tolist(), *b.tolist()}))
    (np.True_, 3)
    """
    count = len(first[0])
    number = np.zeros(count + len(second[0]), np.int64)
    for columns in zip(first, second, strict=True):
        arrays = [np.asarray(column) for column in columns]
        if all(array.dtype.kind in "fiu" for array in arrays):
            # Minutes and metres are written with six digits.
            values = np.concatenate(arrays).astype(float).round(6)
        else:
            values = np.concatenate([np.asarray(column, object) for column in columns])
        codes, labels = pd.factorize(values)
        number = pd.factorize(number * (len(labels) + 1) + codes + 1)[0]
    return number[:count], number[count:]


def sum_levels(values: pd.DataFrame, e: Evidence) -> dict[str, pd.DataFrame]:
    """Add up columns of communities to subdistricts and the city; a sum of unknowns is unknown."""
    of = e.communities["subdistrict"].reindex(values.index).fillna("").to_numpy(object)
    named = of != ""
    by = values[named].groupby(of[named]).sum(min_count=1)
    whole = values.sum(min_count=1).to_frame(CITY).T
    return {"community": values, "subdistrict": by, "city": whole}


def list_figures(
    level: str,
    of: Any,
    community: Any,
    measure: str,
    value: Any,
    need: Any,
    most: bool,
    origin: Any,
) -> dict[str, Any]:
    """List rows of indicators as they should be, as columns; what is not known meets no need."""
    value = np.asarray(value, float)
    need = np.broadcast_to(np.asarray(need, float), value.shape)
    known = ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        enough = value <= need + 1e-9 if most else value >= need - 1e-9
    return spread_columns(
        {
            "level": level,
            "of": of,
            "measure": measure,
            "community": community,
            "value": value,
            "need": need,
            "met": known & (np.isnan(need) | enough),
            "origin": np.where(known, np.asarray(origin, object), "unknown"),
        },
        len(value),
    )


def spread_columns(columns: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Make every column an array of ``count`` rows; texts become objects."""
    arrays = {}
    for name, values in columns.items():
        array = np.asarray(values)
        array = array if array.dtype.kind in "biuf" else np.asarray(values, object)
        arrays[name] = np.broadcast_to(array, (count,))
    return arrays


def say_ends(right: pd.DataFrame, measure: str, low: Any, high: Any) -> pd.DataFrame:
    """Say of a figure of each community between which numbers it lies; of others nothing."""
    asked = ((right["measure"] == measure) & (right["level"] == "community")).to_numpy()
    of = right["of"].to_numpy(object)
    for name, values in (("low", low), ("high", high)):
        ends = np.full(len(right), np.nan)
        ends[asked] = values.reindex(of[asked]).to_numpy(float)
        right = right.assign(**{name: ends})
    return right


def join_columns(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Join rows that are listed as columns into one table.

    Small tables would each take longer to make than all figures in them.
    """
    return pd.DataFrame({name: np.concatenate([r[name] for r in rows]) for name in rows[0]})
