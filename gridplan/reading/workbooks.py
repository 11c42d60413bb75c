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
from gridplan.reading.sheet_faults import Body, fill_merged, find_sheet_faults, name_place
from gridplan.tables.column_names import match_columns
from gridplan.tables.personal import BY_VALUE, find_personal_values
from gridplan.tables.schema import Language, find_key
from gridplan.tables.words import list_words, say
from gridplan.tables.workbook_cells import WORKBOOKS, SheetCells, name_cell, read_sheets

LANGUAGES: tuple[Language, ...] = ("zh", "en")
HEAD_ROWS = 20  # rows in which the names of columns may stand, below what somebody wrote over them
EXAMPLE = ("示例", "example")  # begins a row that shows how to fill in the sheet
# Begins a row of sums below a table, which is none of its rows.
TOTALS = frozenset({"合计", "总计", "小计", "共计", "总和", "total", "totals", "sum", "subtotal"})


@dataclass(frozen=True)
class Page:
    """The table of a sheet: names of columns as written, rows, and the row of each, from 0.

    ``notes`` say what was done to its rows.
    """

    sheet: str
    table: str
    role: LayerRole
    names: list[str]
    rows: list[list[str]]
    numbers: list[int]
    head: int
    notes: tuple[str, ...]


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
    cells = read_sheets(path)
    full = {name: one for name, one in cells.items() if any(map(any, one.texts))}
    sheets = {name: one for name, one in full.items() if not one.hidden}
    roles = {name: role for name in sheets if (role := _find_role(name)) is not None}
    if table is not None:
        roles = {name: role for name, role in roles.items() if role.table == table}
    if not roles and len(sheets) == 1:
        stem = find_role(path.stem)
        role = LayerRole(table) if table else stem or LayerRole("buildings")
        roles = dict.fromkeys(sheets, role)
    _refuse_hidden(path, full, table)
    if not roles:
        wanted = table or "a table"
        message = f"none of its {len(sheets)} sheets is named {wanted}: {', '.join(sheets)}"
        remedy = "name the sheets after the tables they are, as gridplan template writes them"
        raise InputError([Problem(table or "file", "layers", message, remedy, file=path.name)])
    pages = []
    problems: list[Problem] = []
    for name, role in roles.items():
        page, body = _cut_page(name, sheets[name], role)
        problems += find_sheet_faults(path, sheets[name], body)
        pages.append(page)
    if problems:
        raise InputError(problems)
    # A sheet of the template that nobody filled in is no table.
    filled = [page for page in pages if page.rows] or pages[:1]
    guides = {say("template.notes", lang) for lang in LANGUAGES}
    return filled, [name for name in sheets if name not in roles and name not in guides]


def _refuse_hidden(path: Path, sheets: Mapping[str, SheetCells], table: str | None) -> None:
    """Refuse a hidden sheet that has the very name of a table: it may be the one that is meant."""
    for name, cells in sheets.items():
        role = LayerRole(name) if name in INPUT_TABLES else _find_label(name)
        if cells.hidden and role is not None and table in (None, role.table):
            message = f"the sheet {name} is hidden, and hidden sheets are not read"
            remedy = "unhide it (right-click a sheet's tab), or delete it if it is not wanted"
            raise InputError([Problem(role.table, "sheets", message, remedy, file=path.name)])


def make_frame(page: Page) -> tuple[pd.DataFrame, list[str]]:
    """Make a table of texts of a page, empty cells missing, and notes on what was left out."""
    kept = [n for n, name in enumerate(page.names) if name]
    frame = pd.DataFrame(
        [[row[n] or None for n in kept] for row in page.rows],
        columns=[page.names[n] for n in kept],
        dtype="str",
    )
    return frame, list(page.notes)


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
    # Where no cell is to blame, the row of heads is.
    cells = _find_cells(problem, page) or [f"{page.head + 1}:{page.head + 1}"]
    return replace(problem, file=name_place(path, page.sheet, cells))


def _find_cells(problem: Problem, page: Page) -> list[str]:
    """Find the cells that a fault speaks of: those of its column in its rows."""
    if problem.rule == "no personal data":
        return _find_personal_cells(problem, page)
    matched = {ours: n for n, ours in _match(page.table, page.names).items()}
    key = find_key(page.table)
    words = (problem.rule.split() or [""]) + problem.message.split()
    column = next((word for word in words if word in matched), "")
    place, codes = matched.get(column or key), matched.get(key)
    if place is None:
        return []
    wrong = set(problem.ids) - {""}
    lines = list(zip(page.numbers, page.rows, strict=True))
    rows = [n for n, row in lines if codes is not None and row[codes] in wrong]
    if not rows and column:
        # A row without a code is found by what stands there.
        rows = [n for n, row in lines if row[place] and row[place] in problem.message]
    return [name_cell(n, place) for n in rows]


def _find_personal_cells(problem: Problem, page: Page) -> list[str]:
    """Find the cells that look like data on persons, or the head of a column that is named so."""
    place = next((n for n, name in enumerate(page.names) if name and name in problem.message), None)
    if place is None:
        return []
    cells = pd.Series([row[place] for row in page.rows], dtype="str")
    personal = find_personal_values(cells) if BY_VALUE in problem.message else cells == ""
    numbers = [page.numbers[n] for n in cells.index[personal & (cells != "")]]
    return [name_cell(n, place) for n in numbers] or [name_cell(page.head, place)]


def _find_role(name: str) -> LayerRole | None:
    return _find_label(name) or find_role(name)


def _find_label(name: str) -> LayerRole | None:
    """Find the table whose label in Chinese a sheet is named by."""
    labels = {label_table(table, "zh"): table for table in INPUT_TABLES}
    return LayerRole(labels[name]) if name in labels else None


def _cut_page(sheet: str, cells: SheetCells, role: LayerRole) -> tuple[Page, Body]:
    """Cut the table out of a sheet: below the row that names most of its columns."""
    rows = cells.texts
    scores = [len(_match(role.table, row)) for row in rows[:HEAD_ROWS]]
    # Of two rows of names the upper one, in whatever language it is.
    head = next(n for n, score in enumerate(scores) if score >= max(scores) - 1)
    names = [name.rstrip("*＊ ") for name in rows[head]]
    first = head + 1
    # The template has the names of columns in both languages, one below the other.
    least = max(2, scores[head] - 1)
    while first < len(rows) and len(_match(role.table, rows[first])) >= least:
        names = _take_lower_names(role.table, names, rows[first])
        first += 1
    matched = _match(role.table, names)
    body = Body(role.table, sheet, names, matched, frozenset(range(first, len(rows))))
    merged = fill_merged(cells, body)
    filled = [(n, rows[n]) for n in range(first, len(rows)) if any(rows[n])]
    examples = {n for n, row in filled if _begin(row).startswith(EXAMPLE)}
    sums = {n for n, row in filled if "".join(_begin(row).split()).rstrip(":：") in TOTALS}
    plain = [(n, row) for n, row in filled if n not in examples | sums]
    counted = (
        (len(examples), "rows of examples left out"),
        (len(sums), "rows of totals left out"),
        (merged, "merged cells, of which every row was given the text"),
    )
    notes = tuple(f"{count} {what}" for count, what in counted if count)
    numbers = [n for n, _ in plain]
    page = Page(sheet, role.table, role, names, [row for _, row in plain], numbers, head, notes)
    return page, body._replace(rows=frozenset(numbers))


def _take_lower_names(table: str, upper: list[str], lower: list[str]) -> list[str]:
    """Take the code below a name that somebody has changed, where it is known."""
    known = set(_match(table, upper).values())
    below = {n: ours for n, ours in _match(table, lower).items() if ours not in known}
    return [
        lower[n].rstrip("*＊ ") if n in below and n not in _match(table, upper) else name
        for n, name in enumerate(upper)
    ]


def _begin(row: Sequence[str]) -> str:
    """Take the first cell of a row that is not empty, in small letters."""
    return next((cell for cell in row if cell), "").lower()


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
