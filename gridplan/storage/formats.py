"""The formats that a plan's data is kept in: what writes each of them, and what reads it back.

A new one, such as an Excel workbook, is a module with a function that writes a
plan to a path, and a row of :data:`WRITERS`. Its note for README.txt is a word
of the page ``plan_file`` in ``words.csv``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gridplan.plan import Plan
from gridplan.storage.assembly import FoundFiles
from gridplan.storage.geopackage import read_geopackage, write_geopackage
from gridplan.storage.geoparquet import read_geoparquet, write_geoparquet

GEOPACKAGE = "plan.gpkg"
TABLES = "tables"


@dataclass(frozen=True)
class Writer:
    """What writes one format: the file or folder inside the plan folder, and the function."""

    file: str
    write: Callable[[Plan, Path], None]


# By the word of --format. Files are put in place in this order.
WRITERS: Mapping[str, Writer] = {
    "gpkg": Writer(GEOPACKAGE, write_geopackage),
    "parquet": Writer(TABLES, write_geoparquet),
}

# By file. A format that is not here cannot be read back as a plan, so it is
# written beside one that can.
READERS: Mapping[str, Callable[[Path], FoundFiles]] = {
    GEOPACKAGE: read_geopackage,
    TABLES: read_geoparquet,
}
