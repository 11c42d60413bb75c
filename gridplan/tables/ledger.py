"""The ledger: what each step did to how many rows of a table, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridplan.errors import quote_ids
from gridplan.tables.conform import conform_table

COUNTED = ("households_observed", "population")  # columns of buildings that count people
LISTED = 20  # codes that an entry of the ledger lists


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: what a step did to how many rows of a table, and why."""

    step: str
    table: str
    action: str
    count: int
    reason: str
    ids: Sequence[str] = ()


def write_ledger(ledger: pd.DataFrame, entries: Iterable[Entry]) -> pd.DataFrame:
    """Return the ledger with more entries at its end; entries about no row at all are left out.

    Steps return their entries; sites and plans write them by their method
    ``note``.

    Examples
    --------
    >>> from gridplan.tables.conform import make_empty
    >>> entry = Entry("read", "buildings", "dropped", 2, "no shape", ["b1", "b2"])
    >>> ledger = write_ledger(make_empty("ledger"), [entry])
    >>> ledger.loc["1", "ids"]
    'b1, b2'
    """
    rows = [
        {
            "step": e.step,
            "table": e.table,
            "action": e.action,
            "count": e.count,
            "ids": quote_ids(list(e.ids), LISTED).strip(" ()"),
            "reason": e.reason,
        }
        for e in entries
        if e.count
    ]
    if not rows:
        return ledger
    old = ledger.reset_index(drop=True)
    both = (
        pd.concat([old, pd.DataFrame(rows)], ignore_index=True) if len(old) else pd.DataFrame(rows)
    )
    # entries are numbered through, so that a line can be cited
    both["entry"] = [str(i + 1) for i in range(len(both))]
    return conform_table("ledger", both)


def name_households(rows: Any) -> str:
    """Name the households and people that rows count, for a line of the ledger; "" where none.

    Examples
    --------
    >>> rows = pd.DataFrame({"households_observed": [2.0, 3.0], "population": [None, 8.0]})
    >>> name_households(rows)
    ', 5 households, 8 people'
    """
    words = ""
    for column, unit in zip(COUNTED, ("households", "people"), strict=True):
        total = float(rows[column].sum()) if column in rows.columns else 0.0
        words += f", {total:,.0f} {unit}" if total > 0 else ""
    return words
