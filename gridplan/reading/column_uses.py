"""What each column of the files was taken for, for whoever checks files before a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from gridplan.tables.column_names import explain_unused
from gridplan.tables.schema import find_columns

EXAMPLES = 3  # values that are shown of a column
LONGEST = 24  # characters of a value that are shown
# Columns of buildings by which households are found; worth asking for where a file has none.
WORTH = ("households_observed", "population", "floors", "height", "use")


@dataclass(frozen=True)
class ColumnUse:
    """One column of a file: what it was taken for, how much of it is filled, and some values."""

    file: str
    table: str
    column: str
    taken_for: str
    filled: float
    examples: str = ""
    is_code: bool = False  # no two rows share a value


_SEEN: ContextVar[list[ColumnUse] | None] = ContextVar("columns seen", default=None)


@contextmanager
def collect_columns() -> Iterator[list[ColumnUse]]:
    """Collect what the columns of all files are taken for that are read meanwhile.

    Examples
    --------
    >>> import pandas as pd
    >>> with collect_columns() as seen:
    ...     note_columns("a.csv", "counts", pd.DataFrame({"指标": ["elders"]}), {"指标": "measure"})
    >>> seen[0].taken_for, seen[0].examples
    ('measure', 'elders')
    """
    seen: list[ColumnUse] = []
    token = _SEEN.set(seen)
    try:
        yield seen
    finally:
        _SEEN.reset(token)


def note_columns(
    file: str,
    table: str,
    frame: Any,
    matched: Mapping[str, str],
    contacts: Collection[str] = (),
    personal: Collection[str] = (),
) -> None:
    """Note what the columns of a table are taken for, if anybody collects it.

    No value of a column that may be about persons is kept.
    """
    seen = _SEEN.get()
    if seen is None:
        return
    shapes = getattr(frame, "_geometry_column_name", None)
    names = [str(name) for name in frame.columns if name != shapes]
    unused = explain_unused(table, names, matched)
    for name in names:
        values = frame[name]
        filled = values.notna() & (values.astype("str").str.strip() != "")
        is_shown = name not in contacts and name not in personal
        taken = matched.get(name) or (f"- ({unused[name]} is read)" if unused.get(name) else "-")
        if name in personal:
            taken = "refused"
        elif name in contacts:
            taken = "- (contact)"
        share = float(filled.mean()) if len(frame) else 0.0
        words = _show_values(values[filled]) if is_shown else ""
        is_code = len(frame) > EXAMPLES and bool(values.astype("str").is_unique)
        seen.append(ColumnUse(file, table, name, taken, share, words, is_code))


def _show_values(values: Any) -> str:
    """Show the commonest values of a column, of equals the first in their order."""
    counts = values.astype("str").value_counts()
    order = sorted(counts.index, key=lambda text: (-int(counts[text]), text))[:EXAMPLES]
    return ", ".join(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…" for text in order)


def suggest_columns(seen: Collection[ColumnUse]) -> list[str]:
    """Write what to type where columns were taken for something else, or not at all.

    Examples
    --------
    >>> suggest_columns([ColumnUse("a.shp", "buildings", "CS", "-", 1.0, "6")])[0]
    '--column floors=CS'
    """
    buildings = [use for use in seen if use.table == "buildings"]
    taken = {use.taken_for for use in buildings}
    missing = [name for name in WORTH if name not in taken]
    idle = [use for use in buildings if use.taken_for == "-" and not use.is_code and use.filled]
    lines = []
    for use in idle:
        numbers = use.examples.replace(".", "").replace(", ", "").isdigit()
        fits = [name for name in missing if (name == "use") != numbers and name != "population"]
        wanted = "floors" if "floors" in fits else next(iter(fits), "")
        if wanted:
            lines.append(f"--column {wanted}={use.column}")
    return lines


def list_wanted(seen: Collection[ColumnUse]) -> list[str]:
    """List the columns of buildings that would make estimates better and that no file has.

    Examples
    --------
    >>> list_wanted([ColumnUse("a.shp", "buildings", "CS", "floors", 1.0)])
    ['households_observed', 'population', 'height', 'use']
    """
    taken = {use.taken_for for use in seen if use.table == "buildings"}
    known = {column.name for column in find_columns("buildings")}
    return [name for name in WORTH if name not in taken and name in known]
