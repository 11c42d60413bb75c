"""Derived figures: what is written down, held against what the audit derives again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
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
    # Rows that say the same of the same thing are reported by the rule on values.
    stated = stated[~stated.duplicated(list(key))]
    right = right.drop_duplicates(list(key)).reset_index(drop=True)
    place = _number_rows(right, key).get_indexer(_number_rows(stated, key))
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


def _number_rows(table: pd.DataFrame, key: Sequence[str]) -> pd.Index[Any]:
    """Name rows by their key, as one index."""
    columns = [table[k].astype(float).round(6) if k == "minutes" else table[k] for k in key]
    return pd.MultiIndex.from_arrays([column.astype(object) for column in columns])


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
) -> pd.DataFrame:
    """List rows of indicators as they should be; what is not known meets no need."""
    value = np.asarray(value, float)
    need = np.broadcast_to(np.asarray(need, float), value.shape)
    known = ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        enough = value <= need + 1e-9 if most else value >= need - 1e-9
    return pd.DataFrame(
        {
            "level": level,
            "of": np.asarray(of, object),
            "measure": measure,
            "community": community,
            "value": value,
            "need": need,
            "met": known & (np.isnan(need) | enough),
            "origin": np.where(known, origin, "unknown"),
        }
    )
