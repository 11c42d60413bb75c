"""The words of gridplan: every table and column once, read from ``schema.csv``.

Column names, types, units, Chinese names and meanings are in that one file.
Checks, map labels, the manual and the reading of foreign column names all take
them from here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from gridplan.tables.emergencies import name_emergencies
from gridplan.tables.policies import name_policies
from gridplan.tables.roles import name_posts

if TYPE_CHECKING:
    import pandas as pd

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
    """One column of one table, as its row in ``schema.csv`` says."""

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
        )
        tables.setdefault(column.table, []).append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


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


def match_columns(
    table: str, given_names: Iterable[str], mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Match a file's column names to the columns of a table, by mapping, name or alias.

    The words of files, Chinese, Korean or any other, are in the column
    ``aliases`` of ``schema.csv``, divided by ``|``: a new word for a column
    is added there, and nowhere in code.

    Parameters
    ----------
    table
        Name of the table in ``schema.csv``.
    given_names
        Column names of the file.
    mapping
        The user's own words: column of the table -> column of the file.

    Returns
    -------
    Column of the file -> column of the table, for those that matched.

    Examples
    --------
    >>> match_columns("buildings", ["编号", "层数", "Households"], {"use": "yt"})
    {'编号': 'building', '层数': 'floors', 'Households': 'households_observed'}
    """
    wanted = dict(mapping or {})
    # names match whatever their case; each column of the file is taken once
    remaining = {g.lower(): g for g in given_names}
    matched: dict[str, str] = {}
    for column_name, file_name in wanted.items():
        if file_name.lower() in remaining:
            matched[remaining.pop(file_name.lower())] = column_name
    # Derived columns are gridplan's own; a file's column of that name is not taken for one.
    columns = [
        c
        for c in read_schema()[table]
        if not c.is_geometry and c.need != "derived" and c.name not in wanted
    ]
    # All names go before all aliases, so that no alias takes a file's column that another names.
    for names in ([(c, (c.name,)) for c in columns], [(c, c.aliases) for c in columns]):
        for column, words in names:
            if column.name in matched.values():
                continue
            hit = next((w.lower() for w in words if w.lower() in remaining), None)
            if hit is not None:
                matched[remaining.pop(hit)] = column.name
    return matched


# Words for data on named persons, as whole words of a column name. "name" alone
# counts as one in tables of buildings and counts, where nothing but a person's
# name is usual.
_PERSONAL_ZH = re.compile(
    "姓名|户主|身份证|证件号|电话|手机|联系人|联系方式|出生|生日|微信|民族|籍贯|门牌号"
)
_PERSONAL_WORDS = frozenset(
    {
        "phone",
        "telephone",
        "mobile",
        "tel",
        "cellphone",
        "email",
        "e_mail",
        "wechat",
        "id_card",
        "idcard",
        "idnumber",
        "id_number",
        "identity_card",
        "passport",
        "ssn",
        "birth",
        "birthday",
        "birthdate",
        "dob",
        "date_of_birth",
        "firstname",
        "first_name",
        "lastname",
        "last_name",
        "surname",
        "fullname",
        "full_name",
        "givenname",
        "given_name",
        "owner_name",
        "resident_name",
        "householder",
        "head_of_household",
    }
)
_BARE_NAME_TABLES = frozenset({"buildings", "counts"})
# 17 digits and a check digit: region, date of birth, number
_ID_CARD = r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
_MOBILE = r"(?:\+?86[- ]?)?1[3-9]\d{9}"
_PERSONAL_VALUE = rf"(?:{_ID_CARD}|{_MOBILE})"


def find_personal_columns(
    table: str, frame: pd.DataFrame, mapped: Iterable[str] = ()
) -> dict[str, str]:
    """Find the columns that look like data on named persons, by their names and by their values.

    Parameters
    ----------
    table
        Name of the table in ``schema.csv``.
    frame
        The table as it was read, any columns.
    mapped
        Columns that the user has mapped by hand, and so declared to be
        something else than a person's name.

    Returns
    -------
    Column -> reason, empty where nothing looks personal.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"floors": [3], "户主姓名": ["x"], "t": ["13812345678"]})
    >>> list(find_personal_columns("buildings", table))
    ['户主姓名', 't']
    """
    personal: dict[str, str] = {}
    mapped = set(mapped)
    for column in map(str, frame.columns):
        # ownerName, owner-name and OWNER_NAME are one word
        words = re.sub(
            r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()
        ).strip("_")
        bare = words == "name" and table in _BARE_NAME_TABLES and column not in mapped
        if bare or words in _PERSONAL_WORDS or _PERSONAL_ZH.search(column):
            personal[column] = "its name means personal data"
        # OSM numbers are as long as telephone numbers
        elif not words.startswith("osm") and _looks_personal(frame[column]):
            personal[column] = "its values look like identity or telephone numbers"
    return personal


def _looks_personal(values: Any) -> bool:
    """Whether most of the first values are identity-card or mobile numbers."""
    if str(values.dtype) == "geometry":
        return False
    # a thousand values are enough to judge, and a city has millions
    sample = values.dropna().head(1000).astype(str).str.strip()
    sample = sample[sample != ""]
    return len(sample) > 0 and bool(sample.str.fullmatch(_PERSONAL_VALUE).mean() > 0.5)
