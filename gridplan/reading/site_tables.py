"""The survey: tables as they were read, checked all at once and put in order as a site.

Every problem is reported before anything is changed. What can be put right
without a decision (broken rings, doubles, shapes without extent, coordinates in
degrees, missing codes) is put right, and counted in the site's ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gridplan.errors import InputError, PersonalDataError, Problem
from gridplan.geometry.repair import find_metric_crs
from gridplan.reading.checks import (
    FATAL,
    INPUT_TABLES,
    check_overlaps,
    check_table,
    find_crs,
)
from gridplan.reading.kind_words import WORDED, match_kinds
from gridplan.reading.positions import check_apart
from gridplan.reading.repeated_rows import join_rows
from gridplan.reading.tidy_table import order_shapes, order_table
from gridplan.reading.zones import place_in_zones
from gridplan.rules.site import SiteRules
from gridplan.site import SITE_TABLES, Reading, Site
from gridplan.tables.codes import EXACT
from gridplan.tables.conform import is_spatial, make_empty
from gridplan.tables.ledger import Entry
from gridplan.tables.measures import match_measures, read_measures
from gridplan.tables.schema import find_columns, find_key

# The tables that counts of a level name the rows of.
COUNTED = {"building": "buildings", "compound": "compounds", "community": "communities"}


def make_site(
    reading: Reading, rules: SiteRules | None = None, crs: Any = None, *, target: CRS | None = None
) -> Site:
    """Make a site of tables that were read: everything checked, then put in order.

    Shapes are made valid and two-dimensional, and projected to one CRS in
    metres: the buildings' own where it is fit to measure in, else a CGCS2000
    or UTM zone. Doubles and shapes without extent are left out, community
    outlines are snapped together, missing codes are made from the place. The
    ledger counts all of it, and no result depends on the order of rows.

    Parameters
    ----------
    reading
        Tables as a source gives them.
    rules
        What counts as an overlap, how high a floor is, and how large a house
        that is given as a point.
    crs
        CRS of tables that come without one.
    target
        CRS in metres that the site is to have, where it is one part of a
        larger one; else it is found as said above.

    Raises
    ------
    InputError
        With everything that is wrong in all tables.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> import shapely
    >>> outline = shapely.box(118.18, 39.63, 118.1802, 39.6301)
    >>> house = gpd.GeoDataFrame({"height": [9.2]}, geometry=[outline], crs=4326)
    >>> site = make_site(Reading({"buildings": house}))
    >>> site
    Site(1 buildings; CGCS2000 / 3-degree Gauss-Kruger CM 117E)
    >>> site.buildings["floors"].to_dict()
    {'b000001': 3.0}
    """
    rules = rules or SiteRules()
    crs = find_crs(crs)
    tables, joined = _tidy_tables(reading.tables, crs)
    problems = [p for name in reading.tables for p in check_table(name, reading, tables.get(name))]
    problems += _check_buildings(tables.get("buildings"), reading.files.get("buildings", ""))
    # stop here only if no shape can be placed; else overlaps are reported as well
    if any(p.rule in FATAL for p in problems):
        raise _make_error(problems)
    site = _order_site(
        tables,
        target or find_metric_crs(tables["buildings"].geometry),
        rules,
        (*reading.entries, *joined),
        problems,
    )
    apart = check_apart(site)
    if apart:
        raise _make_error(apart)
    if site.buildings.empty:
        raise _make_error(
            _check_buildings(
                site.buildings, reading.files.get("buildings", ""), "no row has a usable shape"
            )
        )
    return site


def make_frame(
    reading: Reading, target: CRS, rules: SiteRules | None = None, crs: Any = None
) -> Site:
    """Make a site of all tables but the buildings, for land whose buildings are read part by part.

    Parameters and errors are those of :func:`make_site`; the table of
    buildings is empty.
    """
    rules = rules or SiteRules()
    crs = find_crs(crs)
    names = [name for name in reading.tables if name != "buildings"]
    tables, joined = _tidy_tables({name: reading.tables[name] for name in names}, crs)
    problems = [p for name in names for p in check_table(name, reading, tables.get(name))]
    if any(p.rule in FATAL for p in problems):
        raise _make_error(problems)
    return _order_site(tables, target, rules, (*reading.entries, *joined), problems)


def check_part(table: str, frame: Any, file: str = "", crs: Any = None) -> list[Problem]:
    """List what is wrong with some rows of a table that is read part by part.

    Doubled codes between parts are not seen.
    """
    rows = _tidy(table, frame, find_crs(crs))
    return list(dict.fromkeys(check_table(table, Reading({table: frame}, {table: file}), rows)))


def place_buildings(frame: gpd.GeoDataFrame, target: CRS, rules: SiteRules) -> tuple[Any, Any]:
    """Place the shapes of buildings in the CRS ``target`` as :func:`make_site` does, row by row.

    Returns the shapes that would be kept, and the rows (int64) that they are
    of.
    """
    work = gpd.GeoDataFrame(
        {"row": np.arange(len(frame))}, geometry=frame.geometry.array, crs=frame.crs
    )
    kept, _ = order_shapes("buildings", work, target, rules, doubles=True)
    return kept.geometry.to_numpy(), kept["row"].to_numpy(np.int64)


def _order_site(
    tables: dict[str, Any],
    target: CRS,
    rules: SiteRules,
    read: tuple[Entry, ...],
    problems: list[Problem],
) -> Site:
    """Put all tables in order, if nothing is wrong with them."""
    for name in ("communities", "zones"):
        if isinstance(tables.get(name), gpd.GeoDataFrame):
            problems = [*problems, *check_overlaps(name, tables[name], target, rules)]
    if problems:
        raise _make_error(problems)
    entries = list(read)
    site = {name: make_empty(name, target if is_spatial(name) else None) for name in SITE_TABLES}
    for name in INPUT_TABLES:
        if name in tables and len(tables[name]):
            site[name], table_entries = order_table(name, tables[name], target, rules)
            entries += table_entries
    site["buildings"], placed = place_in_zones(site["buildings"], site["zones"])
    return Site(**site).note([*entries, *placed])


def _make_error(problems: list[Problem]) -> InputError:
    personal = any(p.rule == "no personal data" for p in problems)
    return (PersonalDataError if personal else InputError)(list(dict.fromkeys(problems)))


def _check_buildings(buildings: Any, file: str, message: str = "it has no rows") -> list[Problem]:
    """Check that there is something to draw a plan of."""
    if buildings is not None and len(buildings):
        if (
            not isinstance(buildings, gpd.GeoDataFrame)
            or np.isfinite(shapely.bounds(buildings.geometry.to_numpy())).all(axis=1).any()
        ):
            return []
        message = "none of its rows has a shape with coordinates"
    return [
        Problem(
            "buildings",
            "not empty",
            message,
            "give a file with outlines or points of buildings",
            file=file,
        )
    ]


def _tidy_tables(frames: Mapping[str, Any], crs: Any) -> tuple[dict[str, Any], list[Entry]]:
    """Return the input tables with the schema's columns, and the rows of one thing as one row."""
    tables = {}
    entries: list[Entry] = []
    codes: dict[str, set[str]] = {}
    for name, frame in frames.items():
        if name in INPUT_TABLES:
            tidy, measured = _name_measures(name, _tidy(name, frame, crs))
            tidy, worded = _name_kinds(name, tidy)
            if find_key(name) in tidy.columns:
                codes[name] = set(tidy[find_key(name)])
            tables[name], joined = join_rows(name, tidy)
            entries += [*measured, *worded, *joined]
    return tables, [*entries, *_note_unknown_counts(tables.get("counts"), codes)]


def _note_unknown_counts(counts: Any, codes: Mapping[str, set[str]]) -> list[Entry]:
    """Name the codes that counts are of and that no row of the table of their level has.

    Compounds and communities that are not given get codes later, so that
    nothing can be said of them here.
    """
    if counts is None or not {"level", "of"} <= set(counts.columns):
        return []
    entries = []
    for level, table in COUNTED.items():
        named = counts["of"][counts["level"] == level].dropna().astype("str")
        unknown = named[~named.isin(codes[table])] if table in codes else named[:0]
        reason = f"counts of a {level} that is not among the {table}; no verb can use them"
        ids = sorted(set(unknown))
        entries.append(Entry("survey", "counts", "noted", len(unknown), reason, ids))
    return entries


def _name_measures(table: str, frame: Any) -> tuple[Any, list[Entry]]:
    """Write the measures of counts in the words that verbs read, and name those that none reads."""
    if table != "counts" or "measure" not in frame.columns:
        return frame, []
    measures = frame["measure"].dropna().astype("str")
    words = match_measures(measures.unique())
    renamed = sorted(word for word, measure in words.items() if word != measure)
    unread = sorted(set(words.values()) - set(read_measures().values()))
    known = "; ".join(f"{word} is {words[word]}" for word in renamed)
    entries = [
        Entry("survey", table, "noted", int(measures.isin(renamed).sum()), f"measures: {known}"),
        Entry(
            "survey",
            table,
            "noted",
            int(measures.map(words).isin(unread).sum()),
            f"measures that no verb reads by itself: {', '.join(unread)}",
            unread,
        ),
    ]
    return frame.assign(measure=measures.map(words).reindex(frame.index)), entries


def _name_kinds(table: str, frame: Any) -> tuple[Any, list[Entry]]:
    """Write levels and kinds in the words that verbs read, and note which they were."""
    column = WORDED.get(table, "")
    if column not in frame.columns:
        return frame, []
    words = frame[column].dropna().astype("str")
    ours = match_kinds(table, words.unique())
    renamed = sorted(word for word, code in ours.items() if word != code)
    if not renamed:
        return frame, []
    known = "; ".join(f"{word} is {ours[word]}" for word in renamed)
    rows = int(words.isin(renamed).sum())
    entry = Entry("survey", table, "noted", rows, f"{column}: {known}")
    return frame.assign(**{column: words.map(ours).reindex(frame.index)}), [entry]


def _tidy(table: str, frame: Any, crs: Any) -> Any:
    """Return the schema's input columns of a table: rows numbered, text trimmed, a CRS set."""
    key = find_key(table)
    flat = frame.reset_index(drop=frame.index.name != key or key in frame.columns)
    names = [
        c.name
        for c in find_columns(table)
        if c.need != "derived" and not c.is_geometry and c.name in flat.columns
    ]
    out = pd.DataFrame(flat[names])
    for name in names:
        if pd.api.types.is_string_dtype(out[name].dtype) or out[name].dtype == object:
            text = out[name].map(lambda v: v.strip() if isinstance(v, str) else v)
            out[name] = text.where(text != "", None)
    if key in names:
        codes = out[key]
        if pd.api.types.is_float_dtype(codes.dtype) and bool(
            ((codes.dropna() % 1 == 0) & (codes.dropna().abs() < EXACT)).all()
        ):
            codes = codes.astype("Int64")  # a column of whole numbers with gaps comes as 1.0, 2.0
        out[key] = codes.astype("str").where(codes.notna(), "").astype("str")
    if (
        is_spatial(table)
        and isinstance(flat, gpd.GeoDataFrame)
        and flat._geometry_column_name in flat.columns
    ):
        out = gpd.GeoDataFrame(out, geometry=flat.geometry.array, crs=flat.crs)
        out = out.set_crs(crs) if out.crs is None and crs is not None else out
    return out
