"""Vector files of any kind, read as the tables of a site.

GeoPackage, GeoParquet, shapefile, GeoJSON, FlatGeobuf and CSV.

Reading changes no row. Columns get the schema's names, those that gridplan has
no use for are left out by name, and columns on named persons are refused.
Whether shapes and values are right is judged later, for all tables at once, by
:func:`gridplan.reading.site_tables.make_site`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gridplan.errors import InputError, PersonalDataError, Problem, quote_ids
from gridplan.reading.building_words import (
    find_contacts,
    find_tagged_use,
    leave_out_rows,
    read_buildings,
)
from gridplan.reading.checks import INPUT_TABLES, find_crs
from gridplan.reading.column_uses import note_columns
from gridplan.reading.csv_points import place_degrees
from gridplan.reading.file_layers import Layer, open_layers
from gridplan.reading.layer_names import REMARK, LayerRole, note_unread
from gridplan.reading.osm_layers import drop_carried, name_kinds
from gridplan.reading.plain_cells import make_cells_plain
from gridplan.reading.refusals import (
    check_shapes,
    drop_own_words,
    find_personal,
    find_words,
    refuse_personal,
)
from gridplan.reading.site_tables import check_part
from gridplan.site import Reading
from gridplan.tables.column_names import explain_unused, match_columns, plain_name
from gridplan.tables.conform import check_values, is_spatial, needs_shapes
from gridplan.tables.ledger import LISTED, Entry

# Rules that one table cannot be judged by alone, or that were judged before.
_ONCE = frozenset({"CRS is known", "no personal data"})
# these may come as several files, so a mapped column need not be in each
REPEATED_TABLES = ("barriers",)
MOST_COLUMNS = 5_000


def read_tables(
    path: str | Path,
    table: str | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    crs: Any = None,
    encoding: str | None = None,
    not_personal: Collection[str] = (),
    role: LayerRole | None = None,
) -> Reading:
    """Read a vector file as one table of a site, or as all that its layers are named after.

    Parameters
    ----------
    path
        A file of one of the kinds in ``VECTOR_SUFFIXES``; a ``.zip`` holds
        shapefiles or others that GDAL reads.
    table
        Which table to read it as. Without it, layers named after site tables
        are those tables; a single layer is the table that the file is named
        after, else ``buildings``.
    mapping
        The user's words for columns: ``{"buildings.floors":
        "number_of_floors"}``, or bare ``floors`` for buildings.
    crs
        CRS of shapes that come without one.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8.
    not_personal
        Columns that look like personal data and are declared to be none; the
        ledger records it.
    role
        What the file is by its name, where that is not the name of a table.

    Raises
    ------
    InputError
        If the file is missing, of an unknown kind, unreadable, or does not say
        its encoding or CRS; all problems at once.
    PersonalDataError
        If columns look like data on named persons.
    """
    path = Path(path)
    layers = open_layers(path, role.table if role else table, encoding)
    how = {"mapping": mapping, "crs": crs, "file": path.name, "not_personal": not_personal}
    reading = gather_readings([partial(_take_layer, y, role, how) for y in layers])
    others = [name for y in layers for name in y.others]
    notes = [
        Entry("read", y.table, "noted", len(y.notes), f"{path.name}: {'; '.join(y.notes)}")
        for y in layers
        if y.notes
    ]
    notes += note_unread(others, path.name)
    return replace(
        reading, files=dict.fromkeys(reading.tables, str(path)), entries=(*reading.entries, *notes)
    )


def _take_layer(layer: Layer, role: LayerRole | None, how: Mapping[str, Any]) -> Reading:
    """Take a layer as its table; what its name says of its kinds holds."""
    role = role or layer.role or LayerRole(layer.table)
    frame = layer.frame
    placed: list[Entry] = []
    if how["crs"] is None:
        frame, placed = place_degrees(frame, layer.datum, role.table, str(how["file"]))
    frame, carried = drop_carried(frame, role)
    reading = take_table(frame, role.table, **how)
    reading = replace(reading, entries=(*reading.entries, *placed))
    if not role.tag:
        return reading
    file = str(how["file"])
    place = f"{layer.name} of {file}" if layer.name not in ("", Path(file).stem) else file
    entry = Entry(
        "read",
        role.table,
        "dropped",
        carried,
        f"no barrier: over a bridge, through a tunnel or culvert, in {place}",
    )
    return name_kinds(replace(reading, entries=(*reading.entries, entry)), role, place)


def take_table(
    frame: Any,
    table: str,
    *,
    mapping: Mapping[str, str] | None = None,
    crs: Any = None,
    file: str = "",
    not_personal: Collection[str] = (),
) -> Reading:
    """Take a (Geo)DataFrame with any columns as one table of a site.

    The parameters are those of :func:`read_tables`.

    Raises
    ------
    InputError
        If it has no shapes where the table needs them, no CRS, or lacks a
        mapped column.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> places = gpd.points_from_xy([118.18], [39.63])
    >>> rows = {"楼号": ["7"], "colour": ["red"]}
    >>> houses = gpd.GeoDataFrame(rows, geometry=places, crs=4326)
    >>> reading = take_table(houses, "buildings")
    >>> list(reading.tables["buildings"].columns), reading.entries[0].reason, reading.entries[0].ids
    (['building', 'geometry'], 'columns without use: colour', ('colour',))
    """
    crs = find_crs(crs)
    words, problems = find_words(mapping or {}, table)
    flat, repaired = make_cells_plain(_flatten(check_frame(frame, table, file)))
    geometry = (
        flat.geometry.name
        if isinstance(flat, gpd.GeoDataFrame) and flat._geometry_column_name in flat.columns
        else None
    )
    columns = [c for c in flat.columns if c != geometry]
    words = drop_own_words(words, columns, table)
    matched = match_columns(table, columns, words)
    tagged = find_tagged_use(flat, table, words, matched)
    flat, entries = leave_out_rows(flat, table, tagged, file)
    for column, theirs in words.items():
        if column not in matched.values() and table not in REPEATED_TABLES:
            message = f"it has no column {theirs}, which is mapped to {column}"
            remedy = f"name one of its columns: {', '.join(columns)}"
            problems.append(Problem(table, "mapped columns exist", message, remedy, file=file))
    appealed = [name for name in columns if plain_name(name) in map(plain_name, not_personal)]
    contacts = find_contacts(table, columns, (*matched, *appealed))
    looked_at = flat[columns].drop(columns=[*appealed, *contacts])
    suspects = find_personal(looked_at, table, words, matched)
    note_columns(file, table, flat, matched, contacts, suspects)
    personal = refuse_personal(suspects, table, file)
    if needs_shapes(table) or (geometry and is_spatial(table)):
        problems += check_shapes(flat if geometry else None, table, crs, file)
    out = pd.DataFrame(
        {column: flat[theirs] for theirs, column in matched.items()}, index=flat.index
    )
    if personal or problems:
        # what else is wrong is said in the same run, behind the refusal of personal data
        problems += [p for p in check_values(table, out, file) if p.rule != "columns"]
        raise (PersonalDataError if personal else InputError)([*personal, *problems])
    if table == "buildings":
        out = read_buildings(out, flat, words, matched)
    if geometry and is_spatial(table):
        out = gpd.GeoDataFrame(
            out, geometry=flat.geometry.array, crs=flat.crs if flat.crs is not None else crs
        )
    entries += [
        Entry("read", table, "repaired", count, _add_file(what, file))
        for what, count in repaired.items()
    ]
    plain = [name for name in columns if name not in contacts]
    entries += _note_unused(table, plain, matched, file)
    if contacts:
        reason = f"read without these columns, which may name persons: {', '.join(contacts)}"
        entries.append(
            Entry(REMARK, table, "noted", len(contacts), _add_file(reason, file), tuple(contacts))
        )
    if tagged:
        reason = f"column {tagged} holds words of OpenStreetMap for the use, and no codes"
        entries.append(Entry("read", table, "inferred", len(flat), _add_file(reason, file)))
    if appealed:
        reason = f"declared to hold no personal data: {', '.join(appealed)}"
        entries.append(
            Entry("read", table, "noted", len(appealed), _add_file(reason, file), tuple(appealed))
        )
    return Reading({table: out}, {table: file} if file else {}, tuple(entries))


def check_frame(frame: Any, table: str, file: str = "") -> Any:
    """Check that a frame is a table whose columns can be told apart, and make their names texts.

    Raises
    ------
    InputError
        If it is no table, or two of its columns have one name.

    Examples
    --------
    >>> check_frame(pd.DataFrame({5: [1], "code": ["A"]}), "grids").columns.tolist()
    ['5', 'code']
    """
    if not isinstance(frame, pd.DataFrame):
        message = f"a {type(frame).__name__} is no table"
        remedy = "give a GeoDataFrame, or the path of a file"
        raise InputError([Problem(table, "tables", message, remedy, file=file)])
    if frame.columns.nlevels > 1:
        message = f"the names of its columns have {frame.columns.nlevels} levels"
        remedy = 'give each column one name: table.columns = ["building", "geometry"]'
        raise InputError([Problem(table, "columns have names", message, remedy, file=file)])
    names = [str(name) for name in frame.columns]
    if len(names) > MOST_COLUMNS:
        message = f"it has {len(names):,} columns"
        remedy = f"keep those that are of use; at most {MOST_COLUMNS:,} are read"
        raise InputError([Problem(table, "columns have names", message, remedy, file=file)])
    doubled = sorted(name for name, count in Counter(names).items() if count > 1)
    if doubled:
        message = f"more than one column is named {', '.join(doubled)}"
        remedy = "leave one of them, or give each a name of its own"
        raise InputError([Problem(table, "columns have names", message, remedy, file=file)])
    if list(frame.columns) == names:
        return frame
    named = frame.copy()
    named.columns = pd.Index(names)
    return named


def _note_unused(
    table: str, columns: Sequence[str], matched: Mapping[str, str], file: str
) -> Iterator[Entry]:
    """Name the columns that were left out: those of no use, and those that another stood for."""
    unused = explain_unused(table, columns, matched)
    plain = [name for name, instead in unused.items() if not instead]
    if plain:
        reason = f"columns without use: {quote_ids(plain, LISTED).strip(' ()')}"
        yield Entry("read", table, "noted", len(plain), _add_file(reason, file), tuple(plain))
    doubles = {name: instead for name, instead in unused.items() if instead}
    if doubles:
        words = "; ".join(f"{name}, as {instead} was read" for name, instead in doubles.items())
        reason = f"columns left out for another of the same meaning: {words}"
        yield Entry("read", table, "noted", len(doubles), _add_file(reason, file), (*doubles,))


def gather_readings(readers: Iterable[Callable[[], Reading]]) -> Reading:
    """Call readers one by one and join what they read; all their problems are one error.

    A table that comes from several readers is put end to end, in the CRS of
    the first.
    """
    readings: list[Reading] = []
    # a dict keeps the order and drops the same problem of two readers
    problems: dict[Problem, None] = {}
    personal = False
    for read in readers:
        try:
            readings.append(read())
        except InputError as error:
            personal |= isinstance(error, PersonalDataError)
            problems |= dict.fromkeys(error.problems)
    if problems:
        # what is wrong with the tables that could be read is said in the same run
        for reading in readings:
            for table, frame in reading.tables.items():
                if table in INPUT_TABLES:
                    found = check_part(table, frame, reading.files.get(table, ""))
                    problems |= dict.fromkeys(p for p in found if p.rule not in _ONCE)
        raise (PersonalDataError if personal else InputError)(list(problems))
    tables: dict[str, Any] = {}
    files: dict[str, str] = {}
    for reading in readings:
        for table, frame in reading.tables.items():
            tables[table] = _append(tables[table], frame) if table in tables else frame
        files |= {
            t: f"{files[t]}, {name}" if t in files else name for t, name in reading.files.items()
        }
    return Reading(tables, files, tuple(entry for reading in readings for entry in reading.entries))


def _append(first: Any, second: Any) -> Any:
    if isinstance(first, gpd.GeoDataFrame) and first.crs is not None and second.crs != first.crs:
        # one table has one CRS
        second = second.to_crs(first.crs)
    # pandas would take the column types of an empty table into account
    parts = [_flatten(part) for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first


def _add_file(text: str, file: str) -> str:
    return f"{text} in {file}" if file else text


def _flatten(frame: Any) -> Any:
    """Turn named index levels into columns, and number the rows."""
    names = [n for n in frame.index.names if n is not None and n not in frame.columns]
    out = frame.reset_index(level=names) if names else frame
    return out.reset_index(drop=True)
