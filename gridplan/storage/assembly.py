"""Tables as they were read from disk, checked all at once and put together as a plan."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.errors import GridplanError, PlanError, Problem
from gridplan.plan import ALL_TABLES, OPTIONAL_TABLES, PLAN_TABLES, Plan
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import conform_table, is_spatial, make_empty
from gridplan.tables.schema import Column, find_key, read_schema

# what the entries of a manifest are, where gridplan reads them itself
_SHAPES: Mapping[str, type] = {
    "rules": dict,
    "inputs": dict,
    "figures": dict,
    "people": dict,
    "release": dict,
    "cut_short": dict,
    "history": list,
    "seed": int,
}
_SAID: Mapping[type, str] = {dict: "a table", list: "a list of tables", int: "a whole number"}
# columns that plans of earlier versions lack, and that may be empty
_LATER = frozenset(
    {
        ("openings", "name"),
        ("communities", "district"),
        ("places", "floor_area"),
        *(("compounds", name) for name in ("property_stars", "red_list", "black_list")),
        # figures that the verb rate writes again
        *(("ratings", name) for name in ("field", "score_high", "asked", "known_share")),
    }
)
# columns under another name in plans of earlier versions
_FORMER = {("places", "area"): "floor_area", ("service_posts", "area"): "floor_area"}
_AGAIN = "write the plan again with this version of gridplan, or put it back"


@contextmanager
def refuse_damaged(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a library says of a damaged file into one line that names the file.

    Raises
    ------
    PlanError
        In place of any other error, but for those of the machine itself.
    """
    try:
        yield
    except (GridplanError, MemoryError):
        raise
    except Exception as error:
        # with a number it is from the operating system: a disk or a right is missing
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = " ".join(str(error).split()) or type(error).__name__
        raise PlanError(
            f"{path} cannot be read as {kind} ({why}) -> write the plan again, or put a copy back"
        ) from error


@dataclass(frozen=True)
class FoundFiles:
    """What a place on disk holds: tables by name, and the manifest's entries as JSON."""

    path: Path
    tables: Mapping[str, Any]
    manifest: Mapping[str, str] | None


def write_manifest(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Write each entry of a manifest as JSON, keys in order; what is not a number becomes null.

    Examples
    --------
    >>> write_manifest({"seed": 0, "figures": {"share": float("nan"), "parts": (1, 2)}})
    {'seed': '0', 'figures': '{"parts": [1, 2], "share": null}'}
    """
    return {
        # keys in order: the same manifest gives the same bytes
        str(key): json.dumps(_simplify(value), ensure_ascii=False, sort_keys=True)
        for key, value in manifest.items()
    }


def _simplify(value: Any) -> Any:
    """Return a value in JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): _simplify(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_simplify(inner) for inner in value]
    # json refuses numpy's numbers; whatever else is left, such as a path, becomes text
    if isinstance(value, np.generic):
        value = value.item()
    # JSON has no NaN and no infinity
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def join_texts(frame: Any) -> Any:
    """Return a table with each column of text in one piece of memory.

    A column that was put together from parts stays in parts, and files show
    it: the same table gave other bytes.
    """
    texts = [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)]
    return frame.assign(
        **{
            name: pd.Series(frame[name].to_numpy(dtype=object), frame.index, dtype="str")
            for name in texts
        }
    )


def list_kept(plan: Plan) -> list[str]:
    """List the tables of a plan that are kept on disk: all but optional ones without rows."""
    return [
        table for table in ALL_TABLES if table not in OPTIONAL_TABLES or len(plan.get_table(table))
    ]


def _refuse_land(found: FoundFiles) -> None:
    """Refuse a file that holds land and no part of a plan, in one line that leads on."""
    of_plan = {table for table in PLAN_TABLES if table in found.tables}
    if found.manifest is not None or of_plan:
        return
    held = [table for table in SITE_TABLES if table in found.tables]
    what = f"a site ({', '.join(held)})" if held else "some other file"
    raise PlanError(f"{found.path} is {what}, not a plan -> {advise_planning(found.path)}")


def advise_planning(path: Path) -> str:
    """Say how to make the plan of some land on disk, and to give that instead.

    Examples
    --------
    >>> advise_planning(Path("data/town.gpkg"))
    'draw its plan: gridplan plan data/town.gpkg -o outputs/town; then give outputs/town'
    """
    target = shlex.quote(f"outputs/{path.stem}")
    return f"draw its plan: gridplan plan {shlex.quote(str(path))} -o {target}; then give {target}"


def assemble_plan(found: FoundFiles) -> Plan:
    """Put a plan together, or report everything that is missing or wrong.

    Raises
    ------
    PlanError
        If tables, columns, shapes, the CRS or values are missing or broken, or
        the manifest is.
    """
    _refuse_land(found)
    found = _rename_former(found)
    problems: list[Problem] = []
    manifest = _read_manifest(found.manifest, problems)
    for table in ALL_TABLES:
        if table in OPTIONAL_TABLES and table not in found.tables:
            continue
        if table not in found.tables:
            problems.append(Problem(table, "tables are there", "the table is missing", _AGAIN))
        else:
            problems += _check_table(table, found.tables[table])
    problems += _check_crs(found.tables)
    if problems:
        noun = "problem" if len(problems) == 1 else "problems"
        lines = [f"{len(problems)} {noun} in the plan {found.path}:"]
        raise PlanError(
            "\n".join(lines + [f"  {i}. {problem}" for i, problem in enumerate(problems, 1)])
        )
    with refuse_damaged(found.path, "a plan"):
        tables: dict[str, Any] = {
            table: conform_table(table, frame)
            for table, frame in found.tables.items()
            if table in ALL_TABLES
        }
    for table in SITE_TABLES:
        tables.setdefault(table, make_empty(table, tables["buildings"].crs))
    site = Site(**{table: tables[table] for table in SITE_TABLES})
    return Plan(
        site=site,
        manifest=manifest,
        **{table: tables[table] for table in PLAN_TABLES if table in tables},
    )


def _rename_former(found: FoundFiles) -> FoundFiles:
    """Give the columns of earlier versions the names that they have now."""
    tables = {**found.tables}
    for (table, former), name in _FORMER.items():
        frame = tables.get(table)
        if frame is not None and former in frame.columns and name not in frame.columns:
            tables[table] = frame.rename(columns={former: name})
    return replace(found, tables=tables)


def _read_manifest(texts: Mapping[str, str] | None, problems: list[Problem]) -> dict[str, Any]:
    if texts is None:
        problems.append(
            Problem("manifest", "the manifest is there", "the manifest is missing", _AGAIN)
        )
        return {}
    values = {}
    for key, text in texts.items():
        try:
            values[key] = json.loads(text)
        except (TypeError, ValueError):
            problems.append(
                Problem(
                    "manifest",
                    "entries are JSON",
                    f"the entry {key} cannot be read as JSON",
                    _AGAIN,
                )
            )
    # the entries that gridplan itself reads; another tool may keep others beside them
    for key, shape in _SHAPES.items():
        if key in values and not _has_shape(values[key], shape):
            message = f"the entry {key} is not {_SAID[shape]}"
            problems.append(Problem("manifest", "entries have their shape", message, _AGAIN))
    return values


def _has_shape(value: Any, shape: type) -> bool:
    """Whether an entry is the number or table it should be; a list is one of tables."""
    if shape is list:
        return isinstance(value, list) and all(isinstance(inner, dict) for inner in value)
    return isinstance(value, shape) and not isinstance(value, bool)


def _check_table(table: str, frame: Any) -> list[Problem]:
    """List the columns that are missing and the values that cannot be what the schema wants."""
    problems = []
    key = find_key(table)
    columns = [column for column in read_schema()[table] if not column.is_geometry]
    # What planners fill in themselves need not be there: plans of earlier versions lack it.
    may_miss = {column.name for column in columns if column.need == "optional"}
    missing = [
        column.name
        for column in columns
        if column.name not in frame.columns
        and not (table in PLAN_TABLES and column.name in may_miss)
        and (table, column.name) not in _LATER
    ]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        problems.append(
            Problem(table, "columns are there", f"{noun} {', '.join(missing)} missing", _AGAIN)
        )
    if is_spatial(table) and not isinstance(frame, gpd.GeoDataFrame):
        problems.append(Problem(table, "shapes are there", "the table has no shapes", _AGAIN))
    # without a key column rows are named by their numbers
    ids = (
        frame[key].astype("str")
        if key in frame.columns
        else pd.Series(frame.index, index=frame.index, dtype="str")
    )
    for column in columns:
        if column.name in frame.columns:
            problems += _check_values(table, column, frame[column.name], ids)
            # what the land is called is the office's own affair, and read as it is
            if column.values and table in PLAN_TABLES:
                problems += _check_words(table, column, frame[column.name], ids)
    if key in frame.columns:
        empty = int((frame[key].isna() | (ids == "")).sum())
        if empty:
            problems.append(
                Problem(
                    table,
                    "rows have codes",
                    f"{key} is empty in {_count(empty)}",
                    "give each row a code",
                )
            )
        # empty codes are reported above, once
        doubles = ids[ids.duplicated() & (ids != "") & frame[key].notna()].unique()
        if len(doubles):
            noun = "code stands" if len(doubles) == 1 else "codes stand"
            message = f"{len(doubles)} {noun} more than once in {key}"
            problems.append(
                Problem(
                    table,
                    "codes are unique",
                    message,
                    "give every row its own code",
                    tuple(doubles),
                )
            )
    return problems


def _check_values(table: str, column: Column, values: Any, ids: Any) -> list[Problem]:
    """Find what cannot be cast: words for numbers, and gaps where the type has none."""
    # text takes anything, and a boolean may be missing
    if column.dtype not in {"int64", "float64", "bool"}:
        return []
    numbers = values if column.dtype == "bool" else pd.to_numeric(values, errors="coerce")
    # a float may be missing; whole numbers and yes or no may not
    gaps = values.isna() if column.dtype != "float64" else pd.Series(False, index=values.index)
    words = numbers.isna() & values.notna()
    problems = []
    for wrong, what in ((gaps, "is empty"), (words, "is not a number")):
        if wrong.any():
            message = f"{column.name} {what} in {_count(int(wrong.sum()))}"
            problems.append(
                Problem(
                    table,
                    f"{column.name} is {column.dtype}",
                    message,
                    "fill in the value",
                    tuple(ids[wrong]),
                )
            )
    return problems


def _check_words(table: str, column: Column, values: Any, ids: Any) -> list[Problem]:
    """Find words that are none of those the schema lists, such as a level of locks that is not."""
    words = values.fillna("").astype("str")
    wrong = ~words.isin([*column.values, ""])
    if not wrong.any():
        return []
    shown = ", ".join(repr(word) for word in sorted(set(words[wrong]))[:3])
    return [
        Problem(
            table,
            f"{column.name} is a word of the schema",
            f"{column.name} is {shown} in {_count(int(wrong.sum()))}",
            f"write one of {', '.join(column.values)}",
            tuple(ids[wrong]),
        )
    ]


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def _check_crs(tables: Mapping[str, Any]) -> list[Problem]:
    """Find tables without a CRS, and tables in another CRS than the buildings'."""
    spatial = {
        table: frame.crs for table, frame in tables.items() if isinstance(frame, gpd.GeoDataFrame)
    }
    problems = []
    # the site's CRS is that of its buildings
    wanted = spatial.get("buildings")
    for table, crs in spatial.items():
        if crs is None:
            message = "the CRS is missing"
            remedy = "declare it, as in QGIS under layer properties, source, or " + _AGAIN
            problems.append(Problem(table, "shapes have a CRS", message, remedy))
        elif wanted is not None and crs != wanted:
            message = f"the CRS is {crs.name}, but that of the buildings is {wanted.name}"
            problems.append(Problem(table, "one CRS", message, "bring all tables into one CRS"))
    return problems
