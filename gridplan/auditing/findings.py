"""Findings: rows of one table that say what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

FINDING_COLUMNS = (
    "rule",
    "severity",
    "table",
    "community",
    "subgrid",
    "ids",
    "count",
    "message",
    "remedy",
)
SEVERITIES = ("error", "warning", "note")
# Most rules find nothing, hundreds of times in an audit: these two are handed out, not copied.
_NOTHING = pd.DataFrame(columns=list(FINDING_COLUMNS))
_NO_ROWS = pd.DataFrame(columns=["community", "subgrid", "of"], dtype=object)
LISTED_IDS = 20  # codes written out in one finding; the rest are counted


@dataclass(frozen=True, eq=False)
class Reporter:
    """Write the findings of one rule about the rows of one table, from masks of those rows.

    ``rows`` is indexed by code and has the column community. ``subgrid`` is
    the sub-grid of each row, or an empty text where findings name communities
    only. ``noun`` is the word for one row: a message then begins with the
    number of wrong rows. ``remedy`` is for findings without one of their own.
    """

    rule: str
    table: str
    rows: Any
    noun: str = ""
    remedy: str = ""
    subgrid: Any = ""

    def error(self, wrong: Any, what: Any, remedy: Any = None) -> pd.DataFrame:
        """Report rows that break the rule."""
        return self.report("error", wrong, what, remedy)

    def warning(self, wrong: Any, what: Any, remedy: Any = None) -> pd.DataFrame:
        """Report rows that should be looked at."""
        return self.report("warning", wrong, what, remedy)

    def note(self, wrong: Any, what: Any, remedy: Any = None) -> pd.DataFrame:
        """Report what is worth knowing."""
        return self.report("note", wrong, what, remedy)

    def report(self, severity: str, wrong: Any, what: Any, remedy: Any = None) -> pd.DataFrame:
        """Report the wrong rows; ``what`` and ``remedy`` are for all of them, or one for each.

        Examples
        --------
        >>> rows = pd.DataFrame({"community": ["0301", "0301"]}, index=["h01", "h02"])
        >>> reporter = Reporter("nesting", "buildings", rows, noun="building", remedy="look")
        >>> reporter.report("error", [False, True], "astray")["message"].tolist()
        ['1 building astray']
        """
        mask = np.asarray(wrong, bool)
        if not mask.any():
            return _NOTHING
        subgrid = self.subgrid
        if not isinstance(subgrid, str):
            subgrid = np.asarray(subgrid, object)[mask]
        return write_findings(
            self.rule,
            severity,
            self.table,
            self.rows.index[mask],
            self.rows["community"].to_numpy(object)[mask],
            subgrid,
            what=what,
            remedy=self.remedy if remedy is None else remedy,
            noun=self.noun,
        )


def pick_rows(rows: Any, wrong: Any) -> Any:
    """Pick the wrong rows of a table, which costs next to nothing where there are none.

    Examples
    --------
    >>> len(pick_rows(pd.DataFrame({"of": ["a", "b"]}), np.array([False, True])))
    1
    """
    mask = np.asarray(wrong, bool)
    return rows[mask] if mask.any() else _NO_ROWS


def write_findings(
    rule: str,
    severity: str,
    table: str,
    ids: Any,
    community: Any,
    subgrid: Any = "",
    *,
    what: Any,
    remedy: Any,
    noun: str = "",
) -> pd.DataFrame:
    """Write one finding for each community and sub-grid that the wrong rows belong to.

    Parameters
    ----------
    rule, severity, table
        The rule that is not kept, error, warning or note, and the table whose
        rows are wrong.
    ids, community, subgrid
        For each wrong row its code and where it belongs; a plain word is for
        all rows.
    what, remedy
        What is wrong and what to do about it, for all rows or each.
    noun
        Word for one row; the message then begins with their number. Without
        it, ``what`` is the message.

    Returns
    -------
    A table with the columns ``FINDING_COLUMNS``, sorted by community and
    sub-grid.

    Examples
    --------
    >>> findings = write_findings(
    ...     "membership", "error", "stairwells", ["b", "a"], "0301",
    ...     noun="stairwell", what="in no sub-grid", remedy="divide again",
    ... )
    >>> findings[["ids", "count", "message"]].values.tolist()
    [['a, b', 2, '2 stairwells in no sub-grid']]
    """
    # Scalars cannot be spread over no rows, so an empty list ends here.
    if len(ids) == 0:
        return _NOTHING
    codes = np.asarray(ids, object).astype(str).tolist()
    spread = (_spread(values, len(codes)) for values in (community, subgrid, what, remedy))
    # Sorted by code too, so that the order of rows in a file changes no finding.
    wrong = sorted(zip(*spread, codes, range(len(codes)), strict=True), key=itemgetter(0, 1, 4, 5))
    findings = []
    for (of, part), group in groupby(wrong, key=itemgetter(0, 1)):
        rows = list(group)
        number = f"{len(rows)} {noun if len(rows) == 1 else noun + 's'} " if noun else ""
        listed = ", ".join(row[4] for row in rows[:LISTED_IDS])
        says, remedy_of_first = rows[0][2:4]
        findings.append(
            (rule, severity, table, of, part, listed, len(rows), number + says, remedy_of_first)
        )
    return pd.DataFrame(findings, columns=list(FINDING_COLUMNS))


def _spread(values: Any, count: int) -> list[Any]:
    """Spread a value over rows, or list those that there are; what is missing is an empty text."""
    if isinstance(values, str):
        return [values] * count
    listed = np.asarray(values, object).tolist()
    return [v if isinstance(v, str) or not pd.isna(v) else "" for v in listed]


def join_findings(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Join findings into one table, in the order given."""
    # Empty tables have columns without a type, which would change that of the others.
    kept = [table for table in tables if len(table)]
    return pd.concat(kept, ignore_index=True) if kept else _NOTHING


def order_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """Sort findings by severity, errors first, and cast them to text and whole numbers."""
    rank = findings["severity"].map({word: n for n, word in enumerate(SEVERITIES)})
    # Stable, so that rules keep their order within a severity.
    order = np.argsort(rank.to_numpy(), kind="stable")
    ordered = findings.iloc[order].reset_index(drop=True)
    return ordered.astype({c: "int64" if c == "count" else "str" for c in FINDING_COLUMNS})
