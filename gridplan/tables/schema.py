"""The words of gridplan: every table and column once, read from ``schema.csv``.

Column names, types, units, Chinese names and meanings are in that one file.
Checks, map labels, the manual and the reading of foreign column names all take
them from here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from gridplan.tables.emergencies import name_emergencies
from gridplan.tables.policies import name_policies
from gridplan.tables.roles import name_posts

Language = Literal["zh", "en"]

GEOMETRY_TYPES: Mapping[str, frozenset[str]] = {
    "point": frozenset({"Point"}),
    "line": frozenset({"LineString", "MultiLineString"}),
    "polygon": frozenset({"Polygon", "MultiPolygon"}),
    "any": frozenset(
        {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
    ),
}


@dataclass(frozen=True)
class Column:
    """One column of one table, as its row in ``schema.csv`` says.

    ``derived_by`` names for a derived column what it follows from, in a few
    words: the audit derives it again, or checks its bounds.
    """

    table: str
    name: str
    dtype: str
    unit: str
    need: str
    zh: str
    label: str
    meaning: str
    values: tuple[str, ...]
    aliases: tuple[str, ...]
    least: float
    most: float
    derived_by: str = ""

    @property
    def is_geometry(self) -> bool:
        """Whether the column holds shapes."""
        return self.dtype in GEOMETRY_TYPES


@cache
def read_schema() -> Mapping[str, tuple[Column, ...]]:
    """Read ``schema.csv``: the columns of each table in their order.

    Examples
    --------
    >>> [column.name for column in read_schema()["counts"]]
    ['count', 'level', 'of', 'measure', 'value']
    """
    text = files("gridplan.tables").joinpath("schema.csv").read_text(encoding="utf-8")
    tables: dict[str, list[Column]] = {}
    for row in csv.DictReader(text.splitlines()):
        least, most = _read_range(row["range"])
        column = Column(
            table=row["table"],
            name=row["column"],
            dtype=row["dtype"],
            unit=row["unit"],
            need=row["need"],
            zh=row["zh"],
            label=row["label"],
            meaning=row["meaning"],
            values=_list_values(row["values"]),
            aliases=tuple(a for a in row["aliases"].split("|") if a),
            least=least,
            most=most,
            derived_by=row["derived_by"],
        )
        tables.setdefault(column.table, []).append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


def _read_range(text: str) -> tuple[float, float]:
    """Read the least and the most that a number may be; a cell left empty sets no bounds."""
    least, _, most = text.partition("..")
    return float(least or "-inf"), float(most or "inf")


def _list_values(text: str) -> tuple[str, ...]:
    """List the words that a column may hold: those of the cell, or of the table that it names."""
    if text == "roles.csv":
        return name_posts()
    if text == "policies.csv":
        return name_policies()
    if text == "emergencies.csv":
        return name_emergencies()
    return tuple(word for word in text.split("|") if word)


def find_columns(table: str, need: str | None = None) -> tuple[Column, ...]:
    """Find the columns of a table, all or those of one need (key, required, optional, derived).

    Examples
    --------
    >>> [column.name for column in find_columns("subgrids", "key")]
    ['subgrid']
    """
    columns = read_schema()[table]
    return columns if need is None else tuple(c for c in columns if c.need == need)


def find_key(table: str) -> str:
    """Find the name of the column that names the rows of a table; it is the index of the table.

    Examples
    --------
    >>> find_key("buildings")
    'building'
    """
    return find_columns(table, "key")[0].name


def label(table: str, column: str, lang: Language = "en") -> str:
    """Find the label of a column in a language, with its unit.

    Examples
    --------
    >>> label("subgrids", "mean_walk"), label("subgrids", "households", "zh")
    ('mean walk (m)', '户数')
    """
    for entry in read_schema()[table]:
        if entry.name == column:
            if lang == "zh":
                return entry.zh
            return (
                f"{entry.label} ({entry.unit})"
                if entry.unit and entry.unit != entry.label
                else entry.label
            )
    raise KeyError(f"{table}.{column} is not in schema.csv")
