"""What the user declares of files: their datum and their CRS, for all or by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd

from gridplan.errors import InputError, Problem
from gridplan.reading.checks import INPUT_TABLES, find_crs
from gridplan.reading.datum import DATUMS, convert_datum
from gridplan.site import Reading
from gridplan.tables.conform import is_spatial
from gridplan.tables.ledger import Entry


def check_datum(datum: str | Mapping[str, str] | None) -> None:
    """Refuse a datum that is not known, or of a table that there is not."""
    words = datum if isinstance(datum, Mapping) else {} if datum is None else {"buildings": datum}
    wrong = [
        f"{t}: {d}"
        for t, d in words.items()
        if d not in DATUMS or t not in (*INPUT_TABLES, "boundary", "subgrids")
    ]
    if wrong:
        remedy = (
            f"declare one of {', '.join(DATUMS)}, for all or for each of {', '.join(INPUT_TABLES)}"
        )
        raise InputError(
            [Problem("datum", "the datum is known", f"not known: {', '.join(wrong)}", remedy)]
        )


def choose_for(by_table: Any, table: str) -> Any:
    """Choose the word for a table: one for all, or that of a mapping by table.

    Examples
    --------
    >>> choose_for("gcj02", "streets"), choose_for({"buildings": "bd09"}, "streets")
    ('gcj02', None)
    """
    return by_table.get(table) if isinstance(by_table, Mapping) else by_table


def declare_crs(reading: Reading, crs: Any) -> Reading:
    """Put the CRS that the user declares for a table in the place of what its file says."""
    if not isinstance(crs, Mapping):
        return reading
    tables = dict(reading.tables)
    entries = list(reading.entries)
    for table, frame in reading.tables.items():
        declared = find_crs(crs.get(table))
        if declared is None or not isinstance(frame, gpd.GeoDataFrame) or frame.crs == declared:
            continue
        was = "none" if frame.crs is None else frame.crs.name
        tables[table] = frame.set_crs(declared, allow_override=True)
        reason = f"CRS declared to be {declared.name}; the file says {was}"
        entries.append(Entry("read", table, "noted", len(frame), reason))
    return replace(reading, tables=tables, entries=tuple(entries))


def convert_reading(reading: Reading, datum: str | Mapping[str, str]) -> Reading:
    """Convert the tables of a reading from their declared datum to WGS 84."""
    tables = dict(reading.tables)
    entries = list(reading.entries)
    for table, frame in reading.tables.items():
        word = datum if isinstance(datum, str) else datum.get(table, "wgs84")
        if isinstance(frame, gpd.GeoDataFrame) and is_spatial(table) and word != "wgs84":
            if isinstance(datum, str) and not _may_be_shifted(frame.crs):
                reason = (
                    f"datum {word} not applied: its CRS {frame.crs.name} is surveyed; "
                    f"if it is shifted too, say so: --datum {table}={word}"
                )
                entries.append(Entry("read", table, "noted", len(frame), reason))
                continue
            tables[table] = frame.set_geometry(convert_datum(frame.geometry, word))
            entries.append(
                Entry("read", table, "converted", len(frame), f"from datum {word} to WGS 84")
            )
    return replace(reading, tables=tables, entries=tuple(entries))


def _may_be_shifted(crs: Any) -> bool:
    """Whether coordinates in a CRS may come from a web map: degrees, or Web Mercator."""
    return crs is None or crs.is_geographic or crs.to_epsg() == 3857
