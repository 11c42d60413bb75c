"""Rules on single values: numbers are numbers, words are known, shapes are shapes.

They come first, so that no other rule meets a value that it cannot reckon
with: what is wrong is reported here, and taken for unknown by the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Shapes
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, pick_rows, write_findings
from gridplan.tables.conform import conform_table, is_spatial
from gridplan.tables.schema import GEOMETRY_TYPES, Column, find_columns, find_key

if TYPE_CHECKING:
    from gridplan.plan import Plan

LARGEST = 1e12  # no count, metre or hour of a city is larger, and sums of such stay exact
# Numbers that may lie below 0: a pair that is kept is worth more than its way, floors go down.
SIGNED = frozenset({("links", "price"), ("stairwells", "floor_from"), ("stairwells", "floor_to")})
# Words and outlines of which another rule says more.
JUDGED = frozenset({("subgrids", "kind"), ("neighbours", "link"), ("ratings", "band")})
# Words that may be empty, though the schema lists them.
OPTIONAL_WORDS = frozenset({("reach", "reason"), ("indicators", "room")})
# Tables whose outlines have a rule of their own, which asks them as they are.
OUTLINED = frozenset({"subgrids"})
# Columns that no two rows of a table may have alike: the key only numbers them.
UNIQUE_BY: Mapping[str, tuple[str, ...]] = {
    "touches": ("special_grid", "subgrid"),
    "exceptions": ("community", "subgrid", "rule", "explanation"),
    "links": ("kind", "source", "community", "target"),
    "duties": ("post", "subgrid"),
    "layer_duties": ("layer", "of"),
    "handovers": ("special_grid", "next"),
    "indicators": ("room", "level", "of", "measure"),
    "gaps": ("room", "rule", "level", "of", "reason"),
    "ratings": ("level", "of"),
    "level_indicators": ("level", "body", "indicator"),
    "inventory": ("requirement", "level", "body"),
    "holdings": ("requirement", "level", "body"),
    "reach": ("state", "kind", "stairwell"),
    "coverage": ("state", "kind", "level", "of", "minutes"),
    "siting": ("kind", "question", "added"),
}
CORRECT = "correct it, or run the verb that writes this table again"


def clean_plan(plan: Plan) -> tuple[Plan, pd.DataFrame]:
    """Bring all tables to the types of the schema, and report every value that cannot be one.

    Returns
    -------
    The plan with what is wrong taken for unknown (0 in a whole number, NaN in
    another, an empty text or shape; crossed outlines repaired), and findings.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> wrong = plan.replace(subgrids=plan.subgrids.assign(max_walk=float("inf")))
    >>> cleaned, findings = clean_plan(wrong)
    >>> findings["message"].tolist()
    ['2 values of max_walk that are no numbers']
    """
    from gridplan.plan import ALL_TABLES

    changed = {}
    findings = []
    for name in ALL_TABLES:
        stated = plan.get_table(name)
        if len(stated):
            table, wrong = _clean_table(name, stated)
            findings += wrong
            if table is not stated:
                changed[name] = table
    return (plan.replace(**changed) if changed else plan), join_findings(findings)


def check_values(evidence: Evidence) -> pd.DataFrame:
    """Check that every value is of its column's type, within its range and among its words.

    Source: gridplan's schema, which says of every column what it holds.
    """
    return join_findings([evidence.faults, *_find_alike(evidence)])


def _find_alike(e: Evidence) -> list[pd.DataFrame]:
    """Find rows that say the same of the same thing, under numbers of their own."""
    findings = []
    for name, columns in UNIQUE_BY.items():
        table = e.plan.get_table(name)
        alike = table.duplicated(list(columns)).to_numpy()
        findings.append(
            _report(
                name,
                pick_rows(table, alike),
                "row",
                f"about the same {', '.join(columns)} as another",
            )
        )
    return findings


def _report(table: str, rows: Any, noun: str, what: str) -> pd.DataFrame:
    community = rows["community"].to_numpy(object) if "community" in rows else ""
    return write_findings(
        "values", "error", table, rows.index, community, what=what, remedy=CORRECT, noun=noun
    )


def _clean_table(name: str, stated: Any) -> tuple[Any, list[pd.DataFrame]]:
    """Clean the columns of one table; the table itself where nothing is wrong."""
    findings = []
    cleaned: dict[str, Any] = {}
    for column in find_columns(name):
        if column.need == "key":
            continue
        if column.name not in stated.columns:
            findings.append(
                write_findings(
                    "values", "error", name, [column.name], "", what="column is missing",
                    remedy=CORRECT,
                )
            )  # fmt: skip
            continue
        values = stated[column.name]
        if column.is_geometry:
            new, wrong = _clean_shapes(column, values)
        elif column.dtype in ("int64", "float64"):
            new, wrong = _clean_numbers(column, values)
        elif column.dtype == "str":
            new, wrong = _clean_texts(column, values)
        else:
            new, wrong = _clean_truths(column, values)
        findings += [
            _report(name, _choose_rows(stated, mask), "value", f"of {column.name} that {what}")
            for mask, what in wrong
            if mask.any()
        ]
        if new is not values:
            cleaned[column.name] = new
    return _put_together(name, stated, cleaned), findings


def _choose_rows(stated: Any, mask: Bools) -> pd.DataFrame:
    """Choose the rows that are wrong, with their communities where these are texts."""
    rows = pd.DataFrame(index=stated.index[mask].astype(str))
    if "community" in stated:
        community = stated["community"].astype(object)
        rows["community"] = community.where(community.notna(), "").astype(str).to_numpy()[mask]
    return rows


def _put_together(name: str, stated: Any, cleaned: Mapping[str, Any]) -> Any:
    """Put cleaned columns into their table, each code once; unchanged if there is nothing to do."""
    doubled = stated.index.duplicated()
    is_text = isinstance(stated.index.dtype, pd.StringDtype) or all(
        isinstance(code, str) for code in stated.index
    )
    whole = all(c.name in stated.columns for c in find_columns(name) if c.need != "key")
    if not cleaned and is_text and whole and not (doubled.any() and not is_coded(name)):
        return stated
    table = stated.assign(**{c: v for c, v in cleaned.items() if c != "geometry"})
    if "geometry" in cleaned:
        table = gpd.GeoDataFrame(
            pd.DataFrame(table.drop(columns="geometry")),
            geometry=gpd.array.from_shapely(cleaned["geometry"].to_numpy(), crs=stated.crs),
            index=stated.index,
        )
    if is_spatial(name) and "geometry" not in table.columns:
        nothing = np.full(len(table), None, object)
        table = gpd.GeoDataFrame(table, geometry=gpd.array.from_shapely(nothing))
    table.index = pd.Index([str(code) for code in table.index], name=find_key(name), dtype="str")
    return conform_table(name, table if is_coded(name) else table[~doubled])


def is_coded(name: str) -> bool:
    """Whether the other rules look at doubled codes of a table themselves."""
    from gridplan.auditing.band_and_codes import CODED

    return name in CODED


def _clean_numbers(column: Column, values: Any) -> tuple[Any, list[tuple[Bools, str]]]:
    least = 0.0 if (column.table, column.name) not in SIGNED else -LARGEST
    least, most = max(column.least, least), min(column.most, LARGEST)
    if str(values.dtype) == column.dtype:
        plain = values.to_numpy()
        # Nearly all columns are of their type and within their range. What is unknown is neither.
        if not ((plain < least) | (plain > most)).any():
            return values, []
    is_number = pd.api.types.is_numeric_dtype(values.dtype)
    is_number = is_number and not pd.api.types.is_bool_dtype(values.dtype)
    raw = values if is_number else pd.to_numeric(values.astype(object), errors="coerce")
    numbers = raw.to_numpy(float, na_value=np.nan)
    blank = values.isna().to_numpy()
    no_number = np.isinf(numbers) | (np.isnan(numbers) & ~blank)
    if not is_number:
        # Texts and truths that could be read as numbers are of the wrong type all the same.
        no_number |= np.array([isinstance(v, str | bool | np.bool_) for v in values], bool)
    if column.dtype == "int64":
        no_number |= blank | (np.isfinite(numbers) & (np.floor(numbers) != numbers))
    beyond = (numbers < least) | (numbers > most)
    wrong = [(no_number, "are no numbers"), (beyond & ~no_number, "cannot be so small or large")]
    # Huge numbers would overflow in the sums of other rules; small ones are judged there too.
    lost = no_number | (np.abs(np.nan_to_num(numbers)) > LARGEST)
    if not lost.any() and str(values.dtype) == column.dtype:
        return values, wrong
    numbers = np.where(lost, 0.0 if column.dtype == "int64" else np.nan, numbers)
    return pd.Series(numbers, index=values.index).astype(column.dtype), wrong


def _clean_texts(column: Column, values: Any) -> tuple[Any, list[tuple[Bools, str]]]:
    blank = values.isna().to_numpy()
    # A column of texts holds nothing else; any other is looked at value by value.
    is_text = (
        ~blank
        if isinstance(values.dtype, pd.StringDtype)
        else np.array([isinstance(value, str) for value in values], bool)
    )
    texts = values
    if not is_text.all():
        texts = values.astype(object).where(~blank, "").astype(str).astype("str")
    wrong = [(~is_text & ~blank, "are no texts")]
    name = (column.table, column.name)
    if column.values and name not in JUDGED:
        known = texts.isin(column.values).to_numpy() | (texts == "").to_numpy()
        wrong.append((~known & is_text, "are unknown words"))
    if column.values and column.need == "derived" and name not in OPTIONAL_WORDS | JUDGED:
        # A column that nobody filled is one that this plan does not have.
        empty = (texts == "").to_numpy()
        wrong.append((empty & ~empty.all(), "are missing"))
    return texts, wrong


def _clean_truths(column: Column, values: Any) -> tuple[Any, list[tuple[Bools, str]]]:
    # A boolean, unlike a bool, may be unknown.
    may_miss = column.dtype == "boolean"
    right = (
        values.notna().to_numpy()
        if pd.api.types.is_bool_dtype(values.dtype) and values.dtype != object
        else np.array([isinstance(v, bool | np.bool_) for v in values], bool)
    )
    blank = values.isna().to_numpy()
    wrong = [(~right & ~(blank & may_miss), "are neither true nor false")]
    if str(values.dtype) == column.dtype:
        return values, wrong
    truths = values.astype(object).where(right, pd.NA if may_miss else False)
    return truths.astype(column.dtype), wrong


def _clean_shapes(column: Column, values: Any) -> tuple[Any, list[tuple[Bools, str]]]:
    shapes = values.to_numpy()
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    bounds = np.where(absent[:, None], 0.0, shapely.bounds(shapes))
    nowhere = ~np.isfinite(bounds).all(axis=1)
    strange = ~absent & ~np.isin(shapely.get_type_id(shapes), _number_types(column.dtype))
    crossed = ~absent & ~nowhere & ~shapely.is_valid(shapes)
    wrong = [
        (nowhere, "have no position"),
        (strange, f"are no {column.dtype}s" if column.dtype != "any" else "are of a strange kind"),
    ]
    if column.table not in OUTLINED:
        wrong.append((crossed, "cross themselves"))
    if column.need == "derived" and column.table not in (*OUTLINED, "stairwells"):
        wrong.append((absent, "are missing"))
    lost = nowhere | strange
    empty_points = absent & (column.dtype == "point") & ~shapely.is_missing(shapes)
    if not (
        lost | crossed | empty_points | (shapely.is_missing(shapes) & (column.dtype != "point"))
    ).any():
        return values, wrong
    return pd.Series(_repair(shapes, lost, crossed, column.dtype), index=values.index), wrong


@cache
def _number_types(kind: str) -> list[int]:
    """List the types of shapes that a kind of column may hold, by their numbers in GEOS."""
    return [int(shapely.GeometryType[word.upper()]) for word in GEOMETRY_TYPES[kind]]


def _repair(shapes: Shapes, lost: Bools, crossed: Bools, kind: str) -> Shapes:
    """Repair crossed shapes, and empty those that are none."""
    # An empty point has no position that could be read; a missing one is unknown.
    empty = {"point": None, "line": shapely.from_wkt("LINESTRING EMPTY")}.get(
        kind, shapely.from_wkt("POLYGON EMPTY")
    )
    repaired = np.where(lost | shapely.is_missing(shapes), empty, shapes)
    repaired[shapely.is_empty(repaired)] = empty
    crosses = crossed & ~lost
    repaired[crosses] = shapely.make_valid(repaired[crosses])
    if kind == "polygon":
        # The buffer drops the lines and points that a repair may leave beside areas.
        repaired[crosses] = shapely.buffer(repaired[crosses], 0)
    return np.asarray(repaired)
