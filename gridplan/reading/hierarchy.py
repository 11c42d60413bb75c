"""Hierarchies: tables of a city's communities and villages, as statistics offices publish them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.errors import InputError, Problem
from gridplan.reading.encoding import decode_text

COLUMNS = ("code", "name", "kind", "subdistrict")
# Columns of a register without a header: code, parent, name, level, rank,
# adcode, post code, area code, class code ...
_CODE = 0
_NAME = 2
_RANK = 4
_CLASS = 8
_LEAST = 9
_VILLAGE_RANK = "5"
_TOWN_RANK = "4"
# endings of the names of villages where no class is given
_RURAL_WORDS = ("村民委员会", "村委会", "村")
# A statistical code has 12 digits: 6 of the county, 3 of the town or
# subdistrict, 3 of the community.
_TOWN_DIGITS = 9


def read_hierarchy(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Read the communities of a city from one or more tables.

    The first says which there are, the others add what it leaves out. A table
    is a CSV file, or a folder of them, of one of two kinds: with a header that
    has ``code`` and ``name`` and perhaps ``kind`` (urban or rural) and
    ``subdistrict``; or without, as the register of administrative divisions
    comes (code, parent, name, level, rank, ..., class code 1xx urban and 2xx
    rural). Codes of 9 digits are subdistricts and give their names to the
    communities below. A community without class is a village if its name ends
    so.

    Returns
    -------
    Columns ``code``, ``name``, ``kind`` and ``subdistrict``, in order of code.

    Raises
    ------
    InputError
        If a file is missing, of neither kind, or if none has a community.
    """
    tables = [_read_place(Path(path)) for path in paths]
    # a file of towns alone may come first: it gives names, not the list
    first = next((table for table in tables if len(table[table["town"] == ""])), None)
    if first is None:
        raise InputError(
            [
                Problem(
                    "hierarchy",
                    "not empty",
                    "there is no community",
                    "give a table with codes and names",
                )
            ]
        )
    out = first[first["town"] == ""].drop_duplicates("code").set_index("code").sort_index()
    every = pd.concat(tables, ignore_index=True)
    for column in ("kind", "subdistrict"):
        # the first table that knows a value gives it; what is known already stays
        known = (
            every[(every[column] != "") & (every["town"] == "")]
            .drop_duplicates("code")
            .set_index("code")[column]
        )
        out[column] = (
            out[column]
            .where(out[column] != "", pd.Series(out.index.map(known), out.index))
            .fillna("")
        )
    towns = every[every["town"] != ""].drop_duplicates("town").set_index("town")["name"]
    above = pd.Series(out.index.str[:_TOWN_DIGITS].map(towns), out.index).fillna("")
    out["subdistrict"] = out["subdistrict"].where(out["subdistrict"] != "", above)
    # only where no table gives a class
    guess = out["name"].str.endswith(_RURAL_WORDS).map({True: "rural", False: "urban"})
    out["kind"] = out["kind"].where(out["kind"] != "", guess)
    return out.reset_index()[list(COLUMNS)].astype("str")


def _read_place(path: Path) -> pd.DataFrame:
    """Read the rows of a file or of all CSV files of a folder."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    missing = not path.exists() or not files
    if missing:
        raise InputError(
            [
                Problem(
                    "hierarchy",
                    "the file exists",
                    "there is no such CSV file",
                    "check the path",
                    file=str(path),
                )
            ]
        )
    return pd.concat([_read_file(file) for file in files], ignore_index=True)


def _read_file(path: Path) -> pd.DataFrame:
    rows = list(csv.reader(io.StringIO(decode_text(path.read_bytes(), path.name, None))))
    head = [word.strip().lower() for word in rows[0]] if rows else []
    if {"code", "name"} <= set(head):
        divisions = [_take_row(dict(zip(head, row, strict=False))) for row in rows[1:] if row]
    # a register has no header: its first row begins with a code
    elif head and head[0].isdecimal() and len(head) >= _LEAST:
        divisions = [
            _take_register(row) for row in rows if row and row[_RANK] in (_VILLAGE_RANK, _TOWN_RANK)
        ]
    else:
        remedy = "give a CSV file with the columns code, name, kind, subdistrict"
        raise InputError(
            [
                Problem(
                    "hierarchy",
                    "columns",
                    "it has no columns code and name",
                    remedy,
                    file=path.name,
                )
            ]
        )
    return pd.DataFrame(divisions, columns=[*COLUMNS, "town"]).astype("str")


def _take_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    code = row["code"].strip()
    town = code if code.isdecimal() and len(code) == _TOWN_DIGITS else ""
    return (
        code,
        row["name"].strip(),
        (row.get("kind") or "").strip(),
        (row.get("subdistrict") or "").strip(),
        town,
    )


def _take_register(row: list[str]) -> tuple[str, ...]:
    kind = {"1": "urban", "2": "rural"}.get(row[_CLASS][:1], "")
    return (
        row[_CODE],
        row[_NAME],
        kind,
        "",
        row[_CODE][:_TOWN_DIGITS] if row[_RANK] == _TOWN_RANK else "",
    )
