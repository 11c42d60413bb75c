"""Workbooks read as tables of a site: a sheet for each table, faults named by sheet and cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.errors import InputError, Problem
from gridplan.reading.checks import INPUT_TABLES
from gridplan.reading.csv_points import find_point_columns
from gridplan.reading.layer_names import LayerRole, find_role
from gridplan.tables.column_names import match_columns
from gridplan.tables.schema import Language, find_key
from gridplan.tables.words import list_words
from gridplan.tables.workbook_cells import WORKBOOKS, name_cell, read_pages

HEAD_ROWS = 20  # rows in which the names of columns may stand, below what somebody wrote over them
EXAMPLE = ("示例", "example")  # begins a row that shows how to fill in the sheet
SHOWN_CELLS = 5  # of a fault


@dataclass(frozen=True)
class Page:
    """The table of a sheet: names of columns as written, rows, and the row of each, from 0."""

    sheet: str
    table: str
    role: LayerRole
    names: list[str]
    rows: list[list[str]]
    numbers: list[int]
    examples: int


def open_pages(path: Path, table: str | None) -> tuple[list[Page], list[str]]:
    """Open the sheets of a workbook that are tables, and list the others.

    A sheet is the table that its name says, in English or Chinese. Where no
    name says it the only sheet with cells is ``table``, or the table that the
    file is named after.

    Raises
    ------
    InputError
        If it cannot be read, or holds no table.
    """
    sheets = {name: rows for name, rows in read_pages(path).items() if any(map(any, rows))}
    roles = {name: role for name in sheets if (role := _find_role(name)) is not None}
    if table is not None:
        roles = {name: role for name, role in roles.items() if role.table == table}
    if not roles and len(sheets) == 1:
        stem = find_role(path.stem)
        role = LayerRole(table) if table else stem or LayerRole("buildings")
        roles = dict.fromkeys(sheets, role)
    if not roles:
        wanted = table or "a table"
        message = f"none of its {len(sheets)} sheets is named {wanted}: {', '.join(sheets)}"
        remedy = "name the sheets after the tables they are, as gridplan template writes them"
        raise InputError([Problem(table or "file", "layers", message, remedy, file=path.name)])
    pages = [_cut_page(name, sheets[name], role) for name, role in roles.items()]
    # A sheet of the template that nobody filled in is no table.
    filled = [page for page in pages if page.rows] or pages[:1]
    return filled, [name for name in sheets if name not in roles]


def make_frame(page: Page) -> tuple[pd.DataFrame, list[str]]:
    """Make a table of texts of a page, empty cells missing, and notes on what was left out."""
    kept = [n for n, name in enumerate(page.names) if name]
    frame = pd.DataFrame(
        [[row[n] or None for n in kept] for row in page.rows],
        columns=[page.names[n] for n in kept],
        dtype="str",
    )
    notes = [f"{page.examples} rows of examples left out"] if page.examples else []
    return frame, notes


def name_cells(error: InputError, sources: Iterable[Any]) -> InputError:
    """Add to the faults of workbooks in which cells they are; those of other files stay."""
    books = {Path(s).name: Path(s) for s in sources if isinstance(s, (str, Path))}
    books = {name: path for name, path in books.items() if path.suffix.lower() in WORKBOOKS}
    if not any(Path(problem.file).name in books for problem in error.problems):
        return error
    return type(error)([_name_problem(problem, books) for problem in error.problems])


def _name_problem(problem: Problem, books: Mapping[str, Path]) -> Problem:
    path = books.get(Path(problem.file).name)
    if path is None:
        return problem
    try:
        pages, _ = open_pages(path, problem.table)
    except InputError:
        return problem
    page = pages[0]
    cells = _find_cells(problem, page)
    # As Excel itself names a cell; without commas, since lists of problems have those.
    more = " ..." if len(cells) > SHOWN_CELLS else ""
    place = f"{page.sheet}!{' '.join(cells[:SHOWN_CELLS])}{more}" if cells else page.sheet
    return replace(problem, file=f"{path.name} {place}")


def _find_cells(problem: Problem, page: Page) -> list[str]:
    """Find the cells that a fault speaks of: those of its column in its rows."""
    matched = {ours: n for n, ours in _match(page.table, page.names).items()}
    key = find_key(page.table)
    words = (problem.rule.split() or [""]) + problem.message.split()
    column = next((word for word in words if word in matched), key)
    place = matched.get(column)
    if place is None:
        return []
    codes = matched.get(key)
    wrong = set(problem.ids) - {""}
    rows = [
        n
        for n, row in zip(page.numbers, page.rows, strict=True)
        if codes is not None and row[codes] in wrong
    ]
    if not rows:
        # A row without a code is found by what stands there.
        rows = [
            n
            for n, row in zip(page.numbers, page.rows, strict=True)
            if row[place] and row[place] in problem.message
        ]
    return [name_cell(n, place) for n in rows]


def _find_role(name: str) -> LayerRole | None:
    labels = {label_table(table, "zh"): table for table in INPUT_TABLES}
    return LayerRole(labels[name]) if name in labels else find_role(name)


def _cut_page(sheet: str, rows: list[list[str]], role: LayerRole) -> Page:
    """Cut the table out of a sheet: below the row that names most of its columns."""
    scores = [len(_match(role.table, row)) for row in rows[:HEAD_ROWS]]
    # Of two rows of names the upper one, in whatever language it is.
    head = next(n for n, score in enumerate(scores) if score >= max(scores) - 1)
    names = [name.rstrip("*＊ ") for name in rows[head]]
    body = list(enumerate(rows))[head + 1 :]
    # The template has the names of columns in both languages, one below the other.
    least = max(2, scores[head] - 1)
    while body and len(_match(role.table, body[0][1])) >= least:
        body = body[1:]
    filled = [(n, row) for n, row in body if any(row)]
    plain = [(n, row) for n, row in filled if not _is_example(row)]
    return Page(
        sheet,
        role.table,
        role,
        names,
        [row for _, row in plain],
        [n for n, _ in plain],
        len(filled) - len(plain),
    )


def _is_example(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell), "")
    return first.lower().startswith(EXAMPLE)


def _match(table: str, names: Sequence[str]) -> dict[int, str]:
    """Match names as written with columns of a table: the place of each, and ours."""
    plain = [name.rstrip("*＊ ") for name in names]
    known = [name for name in dict.fromkeys(plain) if name]
    ours = match_columns(table, known, {}) if known else {}
    points = find_point_columns(known) if known else None
    ours = {**ours, **dict.fromkeys((points or ())[:2], "geometry")}
    return {plain.index(theirs): column for theirs, column in ours.items()}


def label_table(table: str, lang: Language = "en") -> str:
    """Name a table as a sheet does: by its short name in Chinese, or by its code.

    Examples
    --------
    >>> label_table("counts", "zh"), label_table("buildings")
    ('统计数', 'buildings')
    """
    return table if lang == "en" else list_words("plan_table", lang)[table].partition("（")[0]
