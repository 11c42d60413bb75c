"""What refuses a table at the door: columns on persons, shapes without a place, unknown words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from shlex import quote as quote_word
from typing import Any

import numpy as np

from gridplan.errors import Problem
from gridplan.reading.checks import INPUT_TABLES
from gridplan.tables.personal import BY_PERSONS, find_personal_columns
from gridplan.tables.schema import find_columns, find_key

# Columns that hold codes of places, in which 11 digits are no telephone number.
CODES = frozenset({"of", "subdistrict", *map(find_key, INPUT_TABLES)})


def find_words(mapping: Mapping[str, str], table: str) -> tuple[dict[str, str], list[Problem]]:
    """Find the user's words for the columns of a table; unknown columns are problems."""
    words = {}
    problems = []
    for name, theirs in mapping.items():
        of, _, column = name.rpartition(".")
        of = of or "buildings"
        columns = (
            [c.name for c in find_columns(of) if not c.is_geometry and c.need != "derived"]
            if of in INPUT_TABLES
            else []
        )
        if column not in columns:
            remedy = (
                f"map one of {', '.join(columns)}"
                if columns
                else f"map a column of {', '.join(INPUT_TABLES)}"
            )
            problems.append(
                Problem("mapping", "columns are known", f"there is no column {name} to map", remedy)
            )
        elif of == table:
            words[column] = theirs
    return words, problems


def find_personal(
    frame: Any, table: str, words: Mapping[str, str], matched: Mapping[str, str]
) -> dict[str, str]:
    """Find the columns that look personal; not those that the user has declared otherwise."""
    mapped = [theirs for theirs, column in matched.items() if column in words]
    keys = [theirs for theirs, column in matched.items() if column in CODES]
    return find_personal_columns(table, frame, mapped, keys)


def refuse_personal(personal: Mapping[str, str], table: str, file: str) -> list[Problem]:
    """Refuse the columns that look personal, each for its reason."""
    problems = []
    for column, reason in personal.items():
        remedy = (
            "take the column out of the file, as gridplan works on counts, never on persons; "
            f"if it holds no personal data, say so: --not-personal {quote_word(column)}"
        )
        if reason == BY_PERSONS:
            remedy = (
                "if it names houses, not people, say so: "
                f"--column buildings.building_name={column}; else take it out of the file"
            )
        problems.append(
            Problem(
                table,
                "no personal data",
                f"column {column} is refused: {reason}",
                remedy,
                file=file,
            )
        )
    return problems


def check_shapes(frame: Any, table: str, crs: Any, file: str) -> list[Problem]:
    """Check that a table has shapes and that it is known where they lie."""
    if frame is None:
        remedy = (
            "give a file with shapes, or a CSV with columns lon and lat, x and y, or wkt"
            if file
            else "give a GeoDataFrame, such as gpd.GeoDataFrame(table, "
            "geometry=gpd.points_from_xy(table.lon, table.lat), crs=4326)"
        )
        return [Problem(table, "shapes", "it has no shapes", remedy, file=file)]
    if frame.crs is not None or crs is not None or not len(frame):
        return []
    bounds = frame.total_bounds
    # numbers this small are degrees, of a datum that only the user knows
    if np.all(np.abs(bounds) <= (180, 90, 180, 90)):
        remedy = (
            'declare the datum of its degrees: datum="wgs84" (--datum wgs84), "gcj02" or "bd09"; '
            'or crs="EPSG:4326"'
        )
    else:
        remedy = 'say which it is, such as crs="EPSG:4547" (--crs EPSG:4547)'
    return [
        Problem(
            table,
            "CRS is known",
            "it does not say its coordinate reference system",
            remedy,
            file=file,
        )
    ]


def drop_own_words(words: dict[str, str], columns: Collection[str], table: str) -> dict[str, str]:
    """Leave out the user's words for columns where the table is gridplan's own.

    The rules of a plan keep the words of the files that it was drawn from,
    while its own tables have the schema's.

    Examples
    --------
    >>> drop_own_words({"floors": "CS"}, ["building", "floors"], "buildings")
    {}
    >>> drop_own_words({"floors": "CS"}, ["building", "floors", "CS"], "buildings")
    {'floors': 'CS'}
    """
    if find_key(table) not in columns:
        return words
    return {
        name: theirs for name, theirs in words.items() if theirs in columns or name not in columns
    }
