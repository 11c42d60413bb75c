"""What a section of a briefing and a table in it are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table of a briefing as it is printed.

    ``rows`` are texts already rounded, ``numeric`` says which columns are numbers
    and stand at the right, ``note`` stands below.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A section: its title, the sentences, tables, the views of its maps, what is missing.

    ``finding`` is the title that states what was found, for a slide. A section
    without data has no sentence and no table, and ``missing`` says what is to be given.
    """

    key: str
    title: str
    finding: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    views: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
