"""Ledgers of chunks added up to that of the city, the same however it was cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import quote_ids
from gridplan.plan import ALL_TABLES
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import LISTED

# In the order in which a small plan takes them, and so writes its ledger.
STEPS = (
    "synthetic",
    "read",
    "files",
    "survey",
    "communities",
    "households",
    "compounds",
    "stairwells",
    "neighbours",
    "division",
    "exclusive",
    "outlines",
    "special",
    "grids",
)
# Numbers in the reasons of the ledger that add up over chunks; all others
# (metres, square metres) are the same in each.
_SUMMED = re.compile(r"\b\d+(?= (?:households|islands|clusters|urban|rural)\b)")
_MORE = re.compile(r" and \d+ more$")
# Here an entry about all rows lists no codes, and whether it is about all rows
# depends on the chunk.
_UNLISTED = {("survey", "buildings", action) for action in ("converted", "inferred", "noted")}


@dataclass
class _Sum:
    """An entry added up over chunks: rows, numbers in its reason, the reason, first codes."""

    count: int = 0
    numbers: list[list[int]] = field(default_factory=list)
    reason: str = ""
    ids: list[str] = field(default_factory=list)


def join_ledgers(
    parts: Sequence[pd.DataFrame], frame: pd.DataFrame, read: Sequence[Any]
) -> pd.DataFrame:
    """Join the ledgers of all chunks with that of the other tables and of reading.

    Entries that differ in nothing but numbers of households and the like are
    added up. They stand in order of the steps.

    Examples
    --------
    >>> from gridplan.tables.conform import make_empty
    >>> from gridplan.tables.ledger import Entry, write_ledger
    >>> def note(count, ids, reason):
    ...     entry = Entry("households", "buildings", "inferred", count, reason, ids)
    ...     return write_ledger(make_empty("ledger"), [entry])
    >>> both = [note(2, ["b", "c"], "9 households by size"), note(1, ["a"], "4 households by size")]
    >>> join_ledgers(both, make_empty("ledger"), [])[["ids", "reason"]].values.tolist()
    [['a, b, c', '13 households by size']]
    """
    rows = [[*row[:5], quote_ids(row[5], LISTED).strip(" ()")] for row in read]
    rows += [[e.step, e.table, e.action, e.count, e.reason, e.ids] for e in frame.itertuples()]
    sums: dict[tuple[str, ...], _Sum] = {}
    # Entries of one key differ in their numbers alone, which the mark in the key leaves out.
    for ledger in parts:
        for e in ledger.itertuples():
            entry = sums.setdefault(
                (e.step, e.table, e.action, _SUMMED.sub("#", e.reason)), _Sum(reason=e.reason)
            )
            entry.count += e.count
            entry.numbers.append([int(number) for number in _SUMMED.findall(e.reason)])
            entry.ids += [i for i in _MORE.sub("", e.ids).split(", ") if i]
    rows += [
        [*key[:3], entry.count, _write_reason(entry), _list_codes(key, entry)]
        for key, entry in sums.items()
    ]
    # A step that is not listed comes last, and not first by accident.
    steps = {step: n for n, step in enumerate(STEPS)}
    tables = {table: n for n, table in enumerate(ALL_TABLES)}
    rows.sort(
        key=lambda row: (
            steps.get(row[0], len(steps)),
            tables.get(row[1], -1),
            row[2],
            row[4],
            row[5],
        )
    )
    table = pd.DataFrame(rows, columns=["step", "table", "action", "count", "reason", "ids"])
    return conform_table("ledger", table.assign(entry=[str(n + 1) for n in range(len(table))]))


def _write_reason(entry: _Sum) -> str:
    """Write the reason with its numbers added up."""
    reason = entry.reason
    for number in np.sum(entry.numbers, axis=0).astype(int).tolist():
        # The marks keep a number that was put in from being the next one to be replaced.
        reason = _SUMMED.sub(f"<{number}>", reason, count=1)
    return re.sub(r"<(\d+)>", r"\1", reason)


def _list_codes(key: tuple[str, ...], entry: _Sum) -> str:
    """List the first codes of all chunks, and count the rest."""
    if key[:3] in _UNLISTED or not entry.ids:
        return ""
    # The first of all are among the first of each chunk, so that none is missed.
    shown = sorted(entry.ids)[:LISTED]
    more = entry.count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
